package snapchatbusiness

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/platformtest"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

const (
	testToken   = "snap-access-0123456789"
	testRefresh = "snap-refresh-0123456789"
	testClient  = "11111111-2222-3333-4444-555555555555"
	testSecret  = "snap-secret-0123456789abcdef"

	sister   = "e4d5276e-0000-4576-b975-88f6e35f7715" // an organization the token's person belongs to too
	stranger = "0f0f0f0f-0000-4000-8000-00000000beef" // somebody else's
)

var testHub = hub.Ref{Platform: Name, BusinessID: "5cf59a25-0000-40e1-826b-5ceaf369b207"}

// accessSettings and refreshSettings are the two ways to connect.
func accessSettings() map[string]string { return map[string]string{settingAccessToken: testToken} }

func refreshSettings() map[string]string {
	return map[string]string{settingClientID: testClient, settingClientSecret: testSecret, settingRefreshToken: testRefresh}
}

// credentialFor is the simulator's side of the settings. The person it stands
// for has a seat when self names one.
func credentialFor(self string, settings map[string]string) hubsim.Credential {
	credential := hubsim.Credential{"platform": Name, "name": "roster"}
	if settings[settingRefreshToken] != "" {
		credential["client_id"], credential["client_secret"], credential["refresh_token"] = testClient, testSecret, testRefresh
	}
	if settings[settingAccessToken] != "" {
		credential["access_token"] = testToken
	}
	if self == "" {
		credential["organizations"] = []string{testHub.BusinessID}
	} else {
		credential["email"] = self
	}
	return credential
}

func endpoints(baseURL string) map[string]string {
	base := hubsim.Endpoint(baseURL, Name)
	return map[string]string{settingEndpoint: base, settingTokenURL: base + "/login/oauth2/access_token"}
}

// brief leaves the policy as it is and takes the waiting out of it.
func brief(c *transport.Config) {
	c.MinBackoff, c.MaxBackoff = time.Millisecond, time.Millisecond
	c.Limit = 0
}

func subject(self string, settings map[string]string, behaviour hubsim.Settings) platformtest.Subject {
	var others []hubsim.HubSeed
	others = append(others, hubsim.HubSeed{Platform: Name, BusinessID: stranger, Name: "Somebody Else's", Generate: &hubsim.Generate{Members: 2, Admins: 1}})
	if self != "" {
		others = append(others, hubsim.HubSeed{
			Platform: Name, BusinessID: sister, Name: "Northwind Retail",
			People: []hubsim.PersonSeed{{Email: self, Role: roleAdmin}},
		})
	}
	driver := Driver()
	driver.Open = func(o hub.Options) (hub.Connector, error) { return open(o, brief) }
	return platformtest.Subject{
		Driver:   driver,
		Settings: settings,
		Without: []platformtest.Cause{
			platformtest.HubFull,         // Snap documents no limit of members
			platformtest.SecondFactor,    // nor a second factor at the API,
			platformtest.Blocked,         // nor a block,
			platformtest.HeldForApproval, // nor a second administrator
			platformtest.InvitationsCut,  // members and invitations are one list
		},
		Open: platformtest.Simulated{
			Driver:      driver,
			BusinessID:  testHub.BusinessID,
			NoBusiness:  stranger,
			Self:        self,
			SelfRole:    roleAdmin,
			Others:      others,
			Credentials: []hubsim.Credential{credentialFor(self, settings)},
			Settings:    settings,
			Endpoints:   endpoints,
			Behaviour:   behaviour,
			Causes: map[platformtest.Cause]hubsim.Settings{
				platformtest.HalfAdded: {"roles_refused": true},
			},
		}.Open,
	}
}

func TestConformance(t *testing.T) {
	const person = "it.lead@northwind.example"
	t.Run("refresh token of a member", func(t *testing.T) {
		platformtest.Run(t, subject(person, refreshSettings(), nil))
	})
	t.Run("access token", func(t *testing.T) { platformtest.Run(t, subject(person, accessSettings(), nil)) })
	// An access token is good for so few calls that most checks see one end.
	t.Run("tokens that end in the middle", func(t *testing.T) {
		platformtest.Run(t, subject(person, refreshSettings(), hubsim.Settings{"calls_per_token": 25, "refresh_answer": "rotate"}))
	})
	// The other answer wherever Snap's documents leave two open.
	t.Run("another reading of the documents", func(t *testing.T) {
		s := subject(person, refreshSettings(), hubsim.Settings{
			"put_roles": "off", "status_case": "mixed", "role_case": "upper", "sub_error_shape": "message", "sparse_members": true,
			"create_status": false, "organization_roles": false, "roles_list": "organization", "last_page": "null", "duplicate_email": "return",
			"refresh_answer": "omit", "next_link_base": "https://adsapi.sc-gw.example",
		})
		// The call these lose is the PUT, and here it does nothing.
		s.Without = append(s.Without, platformtest.LostAfter, platformtest.LostAfterAlways)
		platformtest.Run(t, s)
	})
}

// simulated opens a connector to a seeded simulator of its own, as an
// administrator of the organization.
func simulated(t *testing.T, people *hubsim.Generate, behaviour hubsim.Settings) (*Connector, *hubsim.Sim) {
	t.Helper()
	const person = "it.lead@northwind.example"
	sim := hubsim.New()
	if err := sim.Apply(hubsim.Seed{
		Hubs: []hubsim.HubSeed{{
			Platform: Name, BusinessID: testHub.BusinessID, Name: "Northwind Snap", Settings: behaviour, Generate: people,
			People: []hubsim.PersonSeed{{Email: person, Role: roleAdmin}},
		}},
		Credentials: []hubsim.Credential{credentialFor(person, refreshSettings())},
	}); err != nil {
		t.Fatal(err)
	}
	settings := refreshSettings()
	for k, v := range endpoints(sim.Start(t)) {
		settings[k] = v
	}
	c, err := open(hub.Options{UserAgent: "test", Settings: settings}, brief)
	if err != nil {
		t.Fatal(err)
	}
	return c, sim
}

func act(t *testing.T, sim *hubsim.Sim, action, email, role string) {
	t.Helper()
	if _, err := sim.Act(Name, testHub.BusinessID, hubsim.Act{Action: action, Email: email, Role: role}); err != nil {
		t.Fatal(err)
	}
}

func configure(t *testing.T, sim *hubsim.Sim, settings hubsim.Settings) {
	t.Helper()
	if err := sim.Configure(Name, testHub.BusinessID, settings); err != nil {
		t.Fatal(err)
	}
}

func truth(t *testing.T, sim *hubsim.Sim, email string) hubsim.Person {
	t.Helper()
	people, err := sim.People(Name, testHub.BusinessID)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(people, func(p hubsim.Person) bool { return p.Email == email })
	if i < 0 {
		return hubsim.Person{}
	}
	return people[i]
}

func look(t *testing.T, c *Connector, email string) hub.Member {
	t.Helper()
	m, err := c.Lookup(t.Context(), testHub, hub.Key{Email: email})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// calls are the simulator's requests in short, "POST roles", the token's left
// out.
func calls(sim *hubsim.Sim, filters ...hubsim.Filter) []string {
	var list []string
	for _, r := range sim.Requests(filters...) {
		if r.Operation == hubsim.OpRefreshToken {
			continue
		}
		parts := strings.Split(r.Path, "/")
		last := parts[len(parts)-1]
		if entityID.MatchString(last) {
			last = parts[len(parts)-2] + "/{id}"
		}
		list = append(list, r.Method+" "+last)
	}
	return list
}

func TestRequestBudget(t *testing.T) {
	for _, tt := range []struct{ members, invitations, pages int }{
		{999, 0, 1}, // and the connection's own seat
		{700, 299, 1},
		{700, 300, 2},
		{0, 0, 1},
	} {
		t.Run(fmt.Sprintf("%d and %d", tt.members, tt.invitations), func(t *testing.T) {
			c, sim := simulated(t, &hubsim.Generate{Members: tt.members, Invitations: tt.invitations}, nil)
			members, err := c.Members(t.Context(), testHub)
			if want := tt.members + tt.invitations + 1; err != nil || len(members) != want {
				t.Fatalf("%d members, want %d (error: %v)", len(members), want, err)
			}
			for _, m := range members {
				if m.Role == "" {
					t.Fatalf("%s has no role", m.Label())
				}
			}
			counts := sim.CountOps()
			if counts[hubsim.OpListMembers] != tt.pages || counts[hubsim.OpListRoles] != tt.pages || counts[hubsim.OpRefreshToken] != 1 || len(sim.Requests()) != 2*tt.pages+1 {
				t.Errorf("requests = %v, want %d pages of each list, one token and nothing else", counts, tt.pages)
			}
		})
	}
}

// TestLookupBudget: what the engine asks after a write costs the member and
// their roles; only to be certain of an absence costs the list.
func TestLookupBudget(t *testing.T) {
	c, sim := simulated(t, &hubsim.Generate{Members: 600, Invitations: 300, Admins: 2}, nil)
	members, err := c.Members(t.Context(), testHub)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(members, func(m hub.Member) bool { return m.Email == "member-00400@generated.example" })
	seat := members[i]
	ask := func(what string, key hub.Key, found bool, want ...string) {
		t.Helper()
		sim.ResetRequests()
		m, err := c.Lookup(t.Context(), testHub, key)
		if found != (err == nil) || err != nil && !errors.Is(err, hub.ErrAbsent) || found && m.Role != roleMember {
			t.Errorf("%s: %+v, error = %v", what, m, err)
		}
		if got := calls(sim); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	ask("by id", hub.Key{Email: seat.Email, ID: seat.ID, Status: seat.Status}, true, "GET members/{id}", "GET roles")
	ask("by address", hub.Key{Email: seat.Email}, true, "GET members", "GET roles")
	if err := c.Remove(t.Context(), testHub, seat); err != nil {
		t.Fatal(err)
	}
	ask("removed", hub.Key{Email: seat.Email, ID: seat.ID}, false, "GET members/{id}", "GET members")
}

// TestRoleChange goes through the ways a role is changed, by what the platform
// takes.
func TestRoleChange(t *testing.T) {
	const grace = "grace@northwind.example"
	for _, tt := range []struct {
		name      string
		behaviour hubsim.Settings
		writes    []string
		again     []string // of a second change
	}{
		{"in place", nil, []string{"PUT roles"}, []string{"PUT roles"}},
		{"no such method", hubsim.Settings{"put_roles": "off"}, []string{"PUT roles", "POST roles", "DELETE roles/{id}"}, []string{"POST roles", "DELETE roles/{id}"}},
		{"the change is refused", hubsim.Settings{"put_roles": "error"}, []string{"PUT roles", "POST roles", "DELETE roles/{id}"}, []string{"POST roles", "DELETE roles/{id}"}},
		{
			"no second role",
			hubsim.Settings{"put_roles": "off", "second_role": "refuse"},
			[]string{"PUT roles", "POST roles", "DELETE roles/{id}", "POST roles"},
			[]string{"POST roles", "DELETE roles/{id}", "POST roles"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, sim := simulated(t, nil, tt.behaviour)
			act(t, sim, hubsim.ActJoin, grace, roleMember)
			for _, step := range []struct {
				role   string
				writes []string
			}{{roleAdmin, tt.writes}, {roleDataAdmin, tt.again}} {
				m := look(t, c, grace)
				sim.ResetRequests()
				if err := c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: step.role}); err != nil {
					t.Fatalf("to %s: %v", step.role, err)
				}
				if got := calls(sim, hubsim.OnlyWrites()); !slices.Equal(got, step.writes) {
					t.Errorf("to %s: writes %q, want %q", step.role, got, step.writes)
				}
				if p := truth(t, sim, grace); p.Role != step.role || len(p.ExtraRoles) > 0 {
					t.Errorf("to %s: %+v", step.role, p)
				}
			}
		})
	}
}

// A refusal of the change itself says nothing about the way.
func TestPutIsTriedAgainAfterAnotherRefusal(t *testing.T) {
	c, sim := simulated(t, nil, hubsim.Settings{"role_while_invited": "refuse"})
	const grace = "grace@northwind.example"
	act(t, sim, hubsim.ActInvite, grace, roleMember)
	m := look(t, c, grace)
	err := c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: roleAdmin})
	f := c.Explain(err)
	if f.Reason != hub.ReasonAwaitingAcceptance || f.Uncertain || !strings.Contains(f.Detail, "not accepted") || f.Code == "" {
		t.Errorf("fault = %+v (error: %v)", f, err)
	}
	// The role they have is not given up for one they cannot have yet.
	if p := truth(t, sim, grace); p.Role != roleMember {
		t.Errorf("%+v", p)
	}
	act(t, sim, hubsim.ActAccept, grace, "")
	sim.ResetRequests()
	if err := c.ChangeRole(t.Context(), testHub, look(t, c, grace), hub.RoleChange{Role: roleAdmin}); err != nil {
		t.Fatal(err)
	}
	if got := calls(sim, hubsim.OnlyWrites()); !slices.Equal(got, []string{"PUT roles"}) {
		t.Errorf("writes %q", got)
	}
}

// TestHalfAdded: the seat is not lost, nothing is called a success, and the next
// apply finishes with one call.
func TestHalfAdded(t *testing.T) {
	c, sim := simulated(t, nil, hubsim.Settings{"roles_refused": true})
	const ada = "ada@northwind.example"
	m, err := c.Add(t.Context(), testHub, hub.Add{Email: ada, Role: roleDataAdmin})
	f := c.Explain(err)
	if err == nil || f.Uncertain || !strings.Contains(f.Detail, m.ID) || !strings.Contains(f.Detail, "has no role yet") {
		t.Fatalf("member %+v, fault %+v (error: %v)", m, f, err)
	}
	if p := truth(t, sim, ada); m.ID == "" || m.ID != p.ID || m.Role != "" || m.Status != hub.StatusInvited || p.Role != "" {
		t.Fatalf("member %+v, truth %+v", m, p)
	}
	members, err := c.Members(t.Context(), testHub)
	if err != nil || !slices.ContainsFunc(members, func(p hub.Member) bool { return p.ID == m.ID && p.Role == "" }) {
		t.Errorf("members %+v (error: %v)", members, err)
	}

	configure(t, sim, hubsim.Settings{"roles_refused": false})
	sim.ResetRequests()
	if err := c.ChangeRole(t.Context(), testHub, look(t, c, ada), hub.RoleChange{Role: roleDataAdmin}); err != nil {
		t.Fatal(err)
	}
	if got := calls(sim, hubsim.OnlyWrites()); !slices.Equal(got, []string{"POST roles"}) {
		t.Errorf("writes %q", got)
	}
	if p := truth(t, sim, ada); p.Role != roleDataAdmin || len(p.ExtraRoles) > 0 {
		t.Errorf("%+v", p)
	}
}

// TestExtraRoles: what people hold on ad accounts is neither their role nor in
// the way of a change of it.
func TestExtraRoles(t *testing.T) {
	c, sim := simulated(t, nil, hubsim.Settings{"put_roles": "off"})
	const ada = "ada@northwind.example"
	if _, err := sim.Act(Name, testHub.BusinessID, hubsim.Act{Action: hubsim.ActJoin, Email: ada, Role: roleMember, ExtraRoles: []string{"adaccount:admin", "adaccount:general"}}); err != nil {
		t.Fatal(err)
	}
	if m := look(t, c, ada); m.Role != roleMember || len(m.Secondary) > 0 {
		t.Errorf("%+v", m)
	}
	members, err := c.Members(t.Context(), testHub)
	if err != nil || !slices.ContainsFunc(members, func(m hub.Member) bool { return m.Email == ada && m.Role == roleMember }) {
		t.Errorf("%+v (error: %v)", members, err)
	}
	if err := c.ChangeRole(t.Context(), testHub, look(t, c, ada), hub.RoleChange{Role: roleDataAdmin}); err != nil {
		t.Fatal(err)
	}
	if p := truth(t, sim, ada); p.Role != roleDataAdmin || len(p.ExtraRoles) != 2 {
		t.Errorf("%+v", p)
	}
}

// TestTokenEnds: every access token is good for one call, so each request but the
// first meets a 401 and is sent once more with a new token.
func TestTokenEnds(t *testing.T) {
	c, sim := simulated(t, &hubsim.Generate{Members: 3, Admins: 1}, hubsim.Settings{"calls_per_token": 1, "refresh_answer": "rotate"})
	const ada = "ada@northwind.example"
	if _, err := c.Verify(t.Context(), testHub); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Add(t.Context(), testHub, hub.Add{Email: ada, Role: roleMember, Name: "Ada"}); err != nil {
		t.Fatal(err)
	}
	m := look(t, c, ada)
	if err := c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: roleBusinessAdmin}); err != nil {
		t.Fatal(err)
	}
	if p := truth(t, sim, ada); p.Role != roleBusinessAdmin {
		t.Errorf("%+v", p)
	}
	if err := c.Remove(t.Context(), testHub, m); err != nil {
		t.Fatal(err)
	}
	served := 0
	for _, r := range sim.Requests() {
		if r.Operation != hubsim.OpRefreshToken && r.Status == 200 {
			served++
		}
	}
	if got := sim.CountOps()[hubsim.OpRefreshToken]; got != served || got < 10 {
		t.Errorf("%d tokens for %d answers, want one each", got, served)
	}
}

// An invitation that cannot be withdrawn is a person's to withdraw.
func TestWithdrawalRefused(t *testing.T) {
	c, sim := simulated(t, nil, hubsim.Settings{"delete_invited": "refuse"})
	act(t, sim, hubsim.ActInvite, "grace@northwind.example", roleMember)
	err := c.Remove(t.Context(), testHub, look(t, c, "grace@northwind.example"))
	f := c.Explain(err)
	if err == nil || f.Uncertain || !strings.Contains(f.Detail, "in Business Manager") || f.Reason != hub.ReasonUnsupported && f.Reason != hub.ReasonForbidden {
		t.Errorf("fault = %+v (error: %v)", f, err)
	}
}

// TestUndocumentedStatus: a status nobody documents is taken for invited where no
// Snapchat account came with it, and told once.
func TestUndocumentedStatus(t *testing.T) {
	c, sim := simulated(t, &hubsim.Generate{Members: 1, Invitations: 2}, hubsim.Settings{"closed_invitations": "other"})
	act(t, sim, hubsim.ActDecline, "invitee-00001@generated.example", "")
	act(t, sim, hubsim.ActExpire, "invitee-00002@generated.example", "")
	for _, email := range []string{"invitee-00001@generated.example", "invitee-00002@generated.example"} {
		if m := look(t, c, email); m.Status != hub.StatusInvited {
			t.Errorf("%+v", m)
		}
	}
}
