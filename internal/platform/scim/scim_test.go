package scim

import (
	"slices"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/platformtest"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

const (
	testApp   = "figma_emea"
	testToken = "scim-testtoken-0123456789"
)

var (
	testHub = hub.Ref{Platform: Name, BusinessID: testApp}

	testRoles = []string{"viewer", "editor", "admin"}
)

// brief leaves the policy as it is and takes the waiting out of it.
func brief(c *transport.Config) {
	c.MinBackoff, c.MaxBackoff = time.Millisecond, time.Millisecond
	c.MinThrottle, c.MaxThrottle = time.Millisecond, time.Millisecond
	c.Limit = 0
}

// app is one way for an app to be, and the settings that go with it.
type app struct {
	name      string
	settings  map[string]string   // beside base_url and token
	lists     map[string][]string // nil: testRoles, with admin the administrators' role
	behaviour hubsim.Settings     // of the simulator, beside its roles
	without   []platformtest.Cause
	page      int
}

func (a app) subject() platformtest.Subject {
	driver := Driver()
	driver.Open = func(o hub.Options) (hub.Connector, error) {
		c, err := open(o, brief)
		if err != nil {
			return nil, err
		}
		c.lag = time.Millisecond
		return c, nil
	}
	settings := map[string]string{settingBaseURL: "https://app.example.com/scim/v2", settingToken: testToken}
	for k, v := range a.settings {
		settings[k] = v
	}
	lists := a.lists
	if lists == nil {
		lists = map[string][]string{settingRoles: testRoles, settingAdminRoles: {"admin"}}
	}
	if a.page == 0 {
		a.page = 10 // a crowd of 250 is the same as one of 25, and slower
	}
	behaviour := hubsim.Settings{"roles": append(slices.Clone(testRoles), "billing"), "default_role": "viewer", "admin_roles": []string{"admin"}, "server_cap": a.page}
	for k, v := range a.behaviour {
		behaviour[k] = v
	}
	return platformtest.Subject{
		Driver:    driver,
		Settings:  settings,
		Lists:     lists,
		Name:      testApp,
		Secondary: "billing",
		// SCIM has no word for a last administrator. An app that protects one is
		// forbidden, see TestProtected.
		LosesLastAdmin: true,
		Without: append([]platformtest.Cause{
			platformtest.NotAdmin,        // the token is the app's, not a person's
			platformtest.HeldForApproval, // no second administrator is asked
			platformtest.SecondFactor,    // a token is not asked for one
			platformtest.Blocked,         // there is no code for it
		}, a.without...),
		Open: func(t platformtest.TB) *platformtest.Fixture {
			return platformtest.Simulated{
				Driver:      driver,
				BusinessID:  testApp,
				NoBusiness:  "somebody_elses",
				Credentials: []hubsim.Credential{{"platform": Name, "name": "roster", "token": testToken, "apps": []string{testApp}}},
				Settings:    settings,
				Lists:       lists,
				Endpoints: func(baseURL string) map[string]string {
					return map[string]string{settingBaseURL: hubsim.Endpoint(baseURL, Name) + "/" + testApp + "/v2"}
				},
				Behaviour: behaviour,
				Causes: map[platformtest.Cause]hubsim.Settings{
					platformtest.HubFull: {"no_seats": true},
				},
				Faults: map[platformtest.Cause]hubsim.Fault{
					// The account is made, and then the app refuses to take it into its group.
					platformtest.HalfAdded: {Platform: Name, Kind: hubsim.FaultRespond, Operation: hubsim.OpGrantRole, Status: 403},
				},
				Page: a.page,
			}.Open(t)
		},
	}
}

// oneCall: an add is one call, unless groups are roles.
var oneCall = []platformtest.Cause{platformtest.HalfAdded}

// firstForm: what is lost there is the answer to a form that the app refuses, and
// nothing has been done.
var firstForm = append(slices.Clone(oneCall), platformtest.LostAfter)

var apps = []app{
	{name: "strict", page: pageSize, without: oneCall},
	{name: "delete", without: oneCall, settings: map[string]string{settingRemoveMode: "delete"}},
	{name: "entitlements", without: oneCall, settings: map[string]string{settingRoleSource: "entitlements"}, behaviour: hubsim.Settings{"role_source": "entitlements"}},
	{name: "groups", settings: map[string]string{settingRoleSource: "groups"}, behaviour: hubsim.Settings{"role_source": "groups"}},
	{name: "slack", without: oneCall, settings: map[string]string{settingProfile: "slack"}, behaviour: hubsim.Settings{"profile": "slack"}},
	{name: "slack, delete", without: oneCall, settings: map[string]string{settingProfile: "slack", settingRemoveMode: "delete"}, behaviour: hubsim.Settings{"profile": "slack"}},
	{name: "github", without: oneCall, settings: map[string]string{settingProfile: "github_enterprise"}, behaviour: hubsim.Settings{"profile": "github"}},
	{name: "atlassian", page: pageSize, settings: map[string]string{settingProfile: "atlassian"}, behaviour: hubsim.Settings{"profile": "atlassian"}},
	{name: "entra", without: oneCall, settings: map[string]string{settingProfile: "entra"}, behaviour: hubsim.Settings{"profile": "entra", "role_shape": "json_text"}},
	{name: "odd lists", page: pageSize, without: oneCall, behaviour: hubsim.Settings{
		"total_is_page": true, "numbers_as_text": true, "lower_case_resources": true, "absent_resources": true, "items_per_page": "absent",
		"filters_ignored": true, "no_discovery": true, "id_form": "number",
	}},
	{name: "small pages", page: 7, without: oneCall, behaviour: hubsim.Settings{"no_filter": true, "number_status": true}},
	{name: "no patch", without: oneCall, behaviour: hubsim.Settings{"no_patch": true, "put_suspends": true, "role_shape": "strings"}},
	{name: "no patch, undeclared", without: firstForm, behaviour: hubsim.Settings{"no_patch": true, "no_discovery": true, "no_etag": true, "role_shape": "single"}},
	{name: "capitalised", without: firstForm, behaviour: hubsim.Settings{"capitalised_only": true, "role_shape": "text_primary", "no_schemas": true, "no_meta": true}},
	{name: "laconic", without: oneCall, behaviour: hubsim.Settings{
		"answers_204": true, "empty_create": true, "empty_filter_404": true, "content_type": "", "no_scim_type": true, "error_body": "message", "drops_external_id": true,
	}},
	{name: "laconic groups", settings: map[string]string{settingRoleSource: "groups"}, behaviour: hubsim.Settings{
		"role_source": "groups", "answers_204": true, "empty_create": true, "reject_member_filter": true, "member_conflict": true,
	}},
	{name: "no delete", without: oneCall, settings: map[string]string{settingRemoveMode: "delete"}, behaviour: hubsim.Settings{
		"delete_unsupported": true, "delete_status": 405, "conflict_status": 412, "seat_status": 402, "inactive_frozen": true,
	}},
	{name: "hides", without: oneCall, behaviour: hubsim.Settings{"hide_inactive": true, "seat_status": 507}},
	{name: "okta", without: oneCall, settings: map[string]string{settingProfile: "okta"}, behaviour: hubsim.Settings{"profile": "okta"}},
}

func TestConformance(t *testing.T) {
	for _, a := range apps {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			platformtest.Run(t, a.subject())
		})
	}
}

// simulated opens a connector to an app of hubsim's.
func simulated(t *testing.T, settings map[string]string, behaviour hubsim.Settings, people *hubsim.Generate) (*Connector, *hubsim.Sim) {
	t.Helper()
	sim := hubsim.New()
	all := hubsim.Settings{"roles": testRoles, "default_role": "viewer", "admin_roles": []string{"admin"}}
	for k, v := range behaviour {
		all[k] = v
	}
	if err := sim.Apply(hubsim.Seed{
		Hubs:        []hubsim.HubSeed{{Platform: Name, BusinessID: testApp, Settings: all, Generate: people}},
		Credentials: []hubsim.Credential{{"platform": Name, "name": "roster", "token": testToken, "apps": []string{testApp}}},
	}); err != nil {
		t.Fatal(err)
	}
	o := hub.Options{
		Name: testApp, UserAgent: "test",
		Settings: map[string]string{settingBaseURL: hubsim.Endpoint(sim.Start(t), Name) + "/" + testApp + "/v2", settingToken: testToken},
		Lists:    map[string][]string{settingRoles: testRoles, settingAdminRoles: {"admin"}},
	}
	for k, v := range settings {
		o.Settings[k] = v
	}
	c, err := open(o, brief)
	if err != nil {
		t.Fatal(err)
	}
	c.lag = time.Millisecond
	return c, sim
}

// TestRequestBudget: refreshing a hub costs the pages of its users, and where
// groups are roles those of its groups; what the app supports is asked for once.
func TestRequestBudget(t *testing.T) {
	for name, tt := range map[string]struct {
		settings  map[string]string
		behaviour hubsim.Settings
		members   int
		want      int // of the first refresh; the next one asks for nothing twice
	}{
		"roles":  {nil, nil, 950, 1 + 10},
		"groups": {groupSettings, hubsim.Settings{"role_source": "groups"}, 950, 1 + 10 + 1},
		"nobody": {nil, nil, 0, 1 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			c, sim := simulated(t, tt.settings, tt.behaviour, &hubsim.Generate{Members: tt.members, Admins: min(tt.members, 2)})
			for _, want := range []int{tt.want, tt.want - 1} {
				before := len(sim.Requests())
				members, err := c.Members(t.Context(), testHub)
				if err != nil || len(members) != tt.members {
					t.Fatalf("%d members, error %v", len(members), err)
				}
				if got := len(sim.Requests()) - before; got != want {
					t.Errorf("%d requests for %d people, want %d", got, tt.members, want)
				}
			}
			if writes := len(sim.Writes()); writes > 0 {
				t.Errorf("%d writes", writes)
			}
		})
	}
}

// TestProtected: an app that keeps its owner or its last administrator says so in
// one way or another, and nothing changes.
func TestProtected(t *testing.T) {
	for name, tt := range map[string]struct {
		behaviour hubsim.Settings
		change    hub.Reason
		remove    hub.Reason
	}{
		"refused with 403": {hubsim.Settings{"protects_last_admin": true}, hub.ReasonForbidden, hub.ReasonForbidden},
		"refused with 400": {hubsim.Settings{"protects_last_admin": true, "protected_status": 400}, hub.ReasonInvalidInput, hub.ReasonForbidden},
		"ignored":          {hubsim.Settings{"owner_protected": true, "owner_role": "admin", "owner_changes": "ignore", "protected_status": 400}, hub.ReasonUnsupported, hub.ReasonForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := simulated(t, nil, tt.behaviour, &hubsim.Generate{Members: 1, Admins: 1})
			members, err := c.Members(t.Context(), testHub)
			if err != nil {
				t.Fatal(err)
			}
			admin := members[0]
			for what, call := range map[string]struct {
				err  error
				want hub.Reason
			}{
				"ChangeRole": {c.ChangeRole(t.Context(), testHub, admin, hub.RoleChange{Role: "viewer"}), tt.change},
				"Remove":     {c.Remove(t.Context(), testHub, admin), tt.remove},
			} {
				if fault := c.Explain(call.err); call.err == nil || fault.Reason != call.want || fault.Uncertain {
					t.Errorf("%s: fault %+v, want %q", what, fault, call.want)
				}
			}
			if now, err := c.Lookup(t.Context(), testHub, hub.Key{ID: admin.ID}); err != nil || now.Role != "admin" || now.Status != hub.StatusActive {
				t.Errorf("%+v, error %v", now, err)
			}
		})
	}
}

// TestObscured: whom GitHub hides once they are suspended is found again by the
// address, when it was roster that added them.
func TestObscured(t *testing.T) {
	c, _ := simulated(t, map[string]string{settingProfile: "github_enterprise"}, hubsim.Settings{"profile": "github", "roles": testRoles, "admin_roles": []string{"admin"}}, nil)
	made, err := c.Add(t.Context(), testHub, hub.Add{Email: ada, Role: "viewer", Name: "Ada Lovelace"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Remove(t.Context(), testHub, made); err != nil {
		t.Fatal(err)
	}
	off, err := c.Lookup(t.Context(), testHub, hub.Key{Email: ada})
	if err != nil || off.ID != made.ID || off.Email != ada || off.Status != hub.StatusSuspended || off.Username == "" {
		t.Fatalf("%+v, error %v", off, err)
	}
	if _, err := c.Add(t.Context(), testHub, hub.Add{Email: ada, Role: "editor", Suspended: off}); err != nil {
		t.Fatal(err)
	}
	if on, err := c.Lookup(t.Context(), testHub, hub.Key{Email: ada}); err != nil || on.ID != made.ID || on.Role != "editor" || on.Status != hub.StatusActive {
		t.Errorf("%+v, error %v", on, err)
	}
}

// TestOldVersion: an app of SCIM 1.1 is refused by its own word.
func TestOldVersion(t *testing.T) {
	c, sim := simulated(t, nil, hubsim.Settings{"scim_1": true}, nil)
	for name, call := range map[string]func() error{
		"Verify":  func() error { _, err := c.Verify(t.Context(), testHub); return err },
		"Members": func() error { _, err := c.Members(t.Context(), testHub); return err },
		"Lookup":  func() error { _, err := c.Lookup(t.Context(), testHub, hub.Key{Email: ada}); return err },
	} {
		if fault := c.Explain(call()); fault.Reason != hub.ReasonUnsupported {
			t.Errorf("%s: fault %+v", name, fault)
		}
	}
	if writes := len(sim.Writes()); writes > 0 {
		t.Errorf("%d writes", writes)
	}
}

// Somebody added without a role gets what the app gives of itself: no role goes
// out, not an empty one either.
func TestAdd_withoutRole(t *testing.T) {
	a := app{name: "no list of roles", lists: map[string][]string{}, behaviour: hubsim.Settings{"default_role": "viewer"}}
	f := a.subject().Open(t)
	m, err := f.Connector.Add(t.Context(), testHub, hub.Add{Email: "ada@northwind.example"})
	if err != nil {
		t.Fatal(err)
	}
	if seen, err := f.Connector.Lookup(t.Context(), testHub, hub.Key{Email: "ada@northwind.example", ID: m.ID}); err != nil || seen.Role != "viewer" {
		t.Errorf("%+v (%v), want the app's own role", seen, err)
	}
}
