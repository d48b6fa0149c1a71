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
	behaviour := hubsim.Settings{"roles": append(slices.Clone(testRoles), "billing"), "default_role": "viewer", "admin_roles": []string{"admin"}}
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
	{name: "strict", without: oneCall},
	{name: "delete", without: oneCall, settings: map[string]string{settingRemoveMode: "delete"}},
	{name: "entitlements", without: oneCall, settings: map[string]string{settingRoleSource: "entitlements"}, behaviour: hubsim.Settings{"role_source": "entitlements"}},
	{name: "groups", settings: map[string]string{settingRoleSource: "groups"}, behaviour: hubsim.Settings{"role_source": "groups"}},
	{name: "slack", without: oneCall, settings: map[string]string{settingProfile: "slack"}, behaviour: hubsim.Settings{"profile": "slack"}},
	{name: "slack, delete", without: oneCall, settings: map[string]string{settingProfile: "slack", settingRemoveMode: "delete"}, behaviour: hubsim.Settings{"profile": "slack"}},
	{name: "github", without: oneCall, settings: map[string]string{settingProfile: "github_enterprise"}, behaviour: hubsim.Settings{"profile": "github"}},
	{name: "atlassian", settings: map[string]string{settingProfile: "atlassian"}, behaviour: hubsim.Settings{"profile": "atlassian"}},
	{name: "entra", without: oneCall, settings: map[string]string{settingProfile: "entra"}, behaviour: hubsim.Settings{"profile": "entra", "role_shape": "json_text"}},
	{name: "odd lists", without: oneCall, behaviour: hubsim.Settings{
		"total_is_page": true, "numbers_as_text": true, "lower_case_resources": true, "absent_resources": true, "items_per_page": "absent",
		"filters_ignored": true, "no_discovery": true, "id_form": "number", "server_cap": 100,
	}},
	{name: "small pages", without: oneCall, page: 7, behaviour: hubsim.Settings{"server_cap": 7, "no_filter": true, "number_status": true}},
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
