package pinterestbusiness

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
)

const (
	testToken   = "pina_testtoken0123456789"
	testRefresh = "pinr.testrefresh0123456789"
	testClient  = "1234567"
	testSecret  = "0123456789abcdef0123456789abcdef"

	sister   = "729090764583391111" // a business the token's user works for too
	stranger = "729090764583399999" // somebody else's
)

var testHub = hub.Ref{Platform: Name, BusinessID: "729090764583390001"}

// accessSettings and refreshSettings are the two ways to connect.
func accessSettings() map[string]string { return map[string]string{settingAccessToken: testToken} }

func refreshSettings() map[string]string {
	return map[string]string{settingClientID: testClient, settingClientSecret: testSecret, settingRefreshToken: testRefresh}
}

// subject is a connector whose token is the business's own, or that of the
// person self names.
func subject(self string, settings map[string]string) platformtest.Subject {
	credential := hubsim.Credential{"platform": Name, "name": "roster"}
	if settings[settingRefreshToken] != "" {
		credential["client_id"], credential["client_secret"], credential["refresh_token"] = testClient, testSecret, testRefresh
	} else {
		credential["access_token"] = testToken
	}
	others := []hubsim.HubSeed{{Platform: Name, BusinessID: stranger, Name: "Somebody Else's", Generate: &hubsim.Generate{Members: 2, Admins: 1}}}
	if self == "" {
		credential["businesses"] = []string{testHub.BusinessID}
	} else {
		credential["email"] = self
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
			platformtest.HalfAdded,       // an invitation is one call
			platformtest.HeldForApproval, // no second administrator is asked
			platformtest.SecondFactor,    // a token is not asked for one
			platformtest.Blocked,         // a disapproved account is forbidden, see TestAccountInTrouble
		},
		Open: func(t platformtest.TB) *platformtest.Fixture {
			f := platformtest.Simulated{
				Driver:      driver,
				BusinessID:  testHub.BusinessID,
				NoBusiness:  stranger,
				Self:        self,
				SelfRole:    roleAdmin,
				Others:      others,
				Credentials: []hubsim.Credential{credential},
				Settings:    settings,
				Causes: map[platformtest.Cause]hubsim.Settings{
					platformtest.HubFull: {"pending_invitations_max": 1},
				},
			}.Open(t)
			f.World = world{f.World}
			return f
		},
	}
}

// world fills the hub first, where a cap of its own makes it full.
type world struct{ platformtest.World }

func (w world) Bring(trouble platformtest.Trouble) error {
	if trouble.Cause == platformtest.HubFull {
		if err := w.Act(platformtest.Act{Kind: platformtest.Invite, Email: "only.one@northwind.example", Role: roleEmployee}); err != nil {
			return err
		}
	}
	return w.World.Bring(trouble)
}

func TestConformance(t *testing.T) {
	const person = "it.lead@northwind.example"
	t.Run("access token of the business", func(t *testing.T) { platformtest.Run(t, subject("", accessSettings())) })
	t.Run("refresh token of a person", func(t *testing.T) { platformtest.Run(t, subject(person, refreshSettings())) })
}

// seed fills a simulator with testHub, whose own token it is.
func seed(t *testing.T, sim *hubsim.Sim, people *hubsim.Generate, behaviour hubsim.Settings, settings map[string]string) {
	t.Helper()
	credential := hubsim.Credential{"platform": Name, "name": "roster", "businesses": []string{testHub.BusinessID}}
	for name, value := range settings {
		credential[name] = value
	}
	if err := sim.Apply(hubsim.Seed{
		Hubs:        []hubsim.HubSeed{{Platform: Name, BusinessID: testHub.BusinessID, Name: "Northwind Traders", Settings: behaviour, Generate: people}},
		Credentials: []hubsim.Credential{credential},
	}); err != nil {
		t.Fatal(err)
	}
}

// simulated opens a connector to a seeded simulator of its own.
func simulated(t *testing.T, people *hubsim.Generate, behaviour hubsim.Settings) (*Connector, *hubsim.Sim) {
	t.Helper()
	sim := hubsim.New()
	seed(t, sim, people, behaviour, accessSettings())
	settings := accessSettings()
	settings[settingEndpoint] = hubsim.Endpoint(sim.Start(t), Name)
	c, err := open(hub.Options{UserAgent: "test", Settings: settings, Now: sim.Clock().Now}, brief)
	if err != nil {
		t.Fatal(err)
	}
	return c, sim
}

// TestRequestBudget: refreshing a hub costs its pages, not its people.
func TestRequestBudget(t *testing.T) {
	for _, tt := range []struct{ members, invitations, lists, pending int }{
		{1000, 30, 4, 1},
		{1001, 250, 5, 1},
		{1000, 251, 4, 2},
		{0, 0, 1, 1},
	} {
		t.Run(fmt.Sprintf("%d and %d", tt.members, tt.invitations), func(t *testing.T) {
			c, sim := simulated(t, &hubsim.Generate{Members: tt.members, Invitations: tt.invitations}, nil)
			members, err := c.Members(t.Context(), testHub)
			if err != nil || len(members) != tt.members+tt.invitations {
				t.Fatalf("%d members, want %d (error: %v)", len(members), tt.members+tt.invitations, err)
			}
			counts := sim.CountOps()
			if counts[hubsim.OpListMembers] != tt.lists || counts[hubsim.OpListInvitations] != tt.pending || len(sim.Requests()) != tt.lists+tt.pending {
				t.Errorf("requests = %v, want %d and %d pages and nothing else", counts, tt.lists, tt.pending)
			}
		})
	}
}

// TestLookupBudget: what the engine asks after a write. Only somebody known by
// the address alone costs the list.
func TestLookupBudget(t *testing.T) {
	c, sim := simulated(t, &hubsim.Generate{Members: 600, Invitations: 40, Admins: 2}, nil)
	members, err := c.Members(t.Context(), testHub)
	if err != nil {
		t.Fatal(err)
	}
	byEmail := map[string]hub.Member{}
	for _, m := range members {
		byEmail[m.Email] = m
	}
	seat, invitation := byEmail["member-00500@generated.example"], byEmail["invitee-00020@generated.example"]
	ask := func(what string, budget int, key hub.Key, found bool) {
		t.Helper()
		sim.ResetRequests()
		_, err := c.Lookup(t.Context(), testHub, key)
		if found != (err == nil) || err != nil && !errors.Is(err, hub.ErrAbsent) {
			t.Errorf("%s: error = %v", what, err)
		}
		if got := len(sim.Requests()); got > budget {
			t.Errorf("%s: %d requests, want %d at most: %v", what, got, budget, sim.CountOps())
		}
	}
	ask("a member", 1, hub.Key{Email: seat.Email, ID: seat.ID, Status: seat.Status}, true)
	ask("a member, who knows where", 4, hub.Key{Email: seat.Email, ID: seat.ID}, true)
	ask("an invitation", 1, hub.Key{Email: invitation.Email, ID: invitation.ID, Status: invitation.Status}, true)
	ask("an invitation, who knows where", 1, hub.Key{Email: invitation.Email, ID: invitation.ID}, true)
	ask("a member by id alone", 2, hub.Key{ID: seat.ID}, true)
	ask("an invitation by address", 1, hub.Key{Email: invitation.Email, Status: hub.StatusInvited}, true)
	ask("an invitation by address, or the seat beside it", 4, hub.Key{Email: invitation.Email}, true)
	ask("a member by address", 3, hub.Key{Email: seat.Email, Status: hub.StatusActive}, true)
	for _, m := range []hub.Member{seat, invitation} {
		if err := c.Remove(t.Context(), testHub, m); err != nil {
			t.Fatal(err)
		}
	}
	ask("a member removed", 1, hub.Key{Email: seat.Email, ID: seat.ID, Status: seat.Status}, false)
	ask("an invitation withdrawn", 1, hub.Key{Email: invitation.Email, ID: invitation.ID, Status: invitation.Status}, false)
	ask("an invitation withdrawn, or accepted", 4, hub.Key{Email: invitation.Email, ID: invitation.ID}, false)
}

// TestShapes reads and changes the same hub in each of the ways Pinterest's
// document leaves open.
func TestShapes(t *testing.T) {
	for name, behaviour := range map[string]hubsim.Settings{
		"as the contract has it":    {},
		"short pages":               {"page_shape": "short"},
		"empty pages in between":    {"page_shape": "gaps"},
		"no bookmark at the end":    {"last_bookmark": "absent"},
		"an empty bookmark":         {"last_bookmark": "empty"},
		"addresses in lower case":   {"email_case": "lower"},
		"invited by account":        {"known_invitee": "account"},
		"invited by address":        {"known_invitee": "email"},
		"closed ones stay":          {"keep_closed_invitations": true},
		"pending after they lapsed": {"late_expiry": true},
		"not found is 404":          {"missing_ids": "not_found"},
		"any role removes":          {"role_mismatch": "ignore"},
		"no headers about limits":   {"rate_headers": "none"},
		"headers that are broken":   {"rate_headers": "broken"},
		"system users":              {"system_users": []string{"robot_one", "robot_two"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, sim := simulated(t, &hubsim.Generate{Members: 260, Invitations: 255, Admins: 3}, behaviour)
			const grace = "Grace.Hopper@Northwind.Example"
			added, err := c.Add(t.Context(), testHub, hub.Add{Email: grace, Role: roleAdmin})
			if err != nil || !numericID.MatchString(added.ID) || added.Status != hub.StatusInvited {
				t.Fatalf("added %+v (error: %v)", added, err)
			}
			for i, act := range []string{hubsim.ActAccept, hubsim.ActDecline, hubsim.ActExpire, hubsim.ActRemove} {
				if _, err := sim.Act(Name, testHub.BusinessID, hubsim.Act{Action: act, Email: fmt.Sprintf("invitee-%05d@generated.example", i+1)}); err != nil {
					t.Fatal(err)
				}
			}
			members, err := c.Members(t.Context(), testHub)
			if err != nil {
				t.Fatal(err)
			}
			count, admins := map[hub.Status]int{}, 0
			for _, m := range members {
				count[m.Status]++
				if m.Role == roleAdmin {
					admins++
				}
			}
			if count[hub.StatusActive] != 261 || count[hub.StatusInvited] != 252 || count[hub.StatusExpired] != 1 || admins != 4 {
				t.Errorf("statuses = %v, admins = %d; want 261 active, 252 invited, 1 expired, 4 admins", count, admins)
			}
			invited, err := c.Lookup(t.Context(), testHub, hub.Key{ID: added.ID, Status: hub.StatusInvited})
			if err != nil || invited.Role != roleAdmin || invited.ExpiresAt.IsZero() || invited.InvitedAt.IsZero() {
				t.Fatalf("invitation = %+v (error: %v)", invited, err)
			}
			if err := c.Remove(t.Context(), testHub, invited); err != nil {
				t.Errorf("withdraw: %v", err)
			}
			if err := c.Remove(t.Context(), testHub, invited); c.Explain(err).Reason != hub.ReasonNotFound {
				t.Errorf("withdraw again: %v", err)
			}
			seat, err := c.Lookup(t.Context(), testHub, hub.Key{Email: "invitee-00001@generated.example"})
			if err != nil || seat.Status != hub.StatusActive {
				t.Fatalf("seat = %+v (error: %v)", seat, err)
			}
			if err := c.ChangeRole(t.Context(), testHub, seat, hub.RoleChange{Role: roleAdmin}); err != nil {
				t.Errorf("change the role: %v", err)
			}
			seat.Role = roleAdmin
			if err := c.Remove(t.Context(), testHub, seat); err != nil {
				t.Errorf("remove: %v", err)
			}
			if err := c.Remove(t.Context(), testHub, seat); c.Explain(err).Reason != hub.ReasonNotFound {
				t.Errorf("remove again: %v", err)
			}
		})
	}
}

// A list that ends in the bookmark it began with is not known to be whole.
func TestRepeatedBookmark(t *testing.T) {
	c, _ := simulated(t, &hubsim.Generate{Members: 300}, hubsim.Settings{"last_bookmark": "repeat"})
	if members, err := c.Members(t.Context(), testHub); err == nil || members != nil {
		t.Errorf("%d members (error: %v)", len(members), err)
	}
}

// TestStaleRole: somebody else changed the role since it was read.
func TestStaleRole(t *testing.T) {
	for name, behaviour := range map[string]hubsim.Settings{"left out": {"role_mismatch": "omit"}, "refused": {"role_mismatch": "refuse"}} {
		t.Run(name, func(t *testing.T) {
			c, sim := simulated(t, &hubsim.Generate{Members: 3, Admins: 1}, behaviour)
			const email = "member-00003@generated.example"
			m, err := c.Lookup(t.Context(), testHub, hub.Key{Email: email})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := sim.Act(Name, testHub.BusinessID, hubsim.Act{Action: hubsim.ActSetRole, Email: email, Role: roleAdmin}); err != nil {
				t.Fatal(err)
			}
			f := c.Explain(c.Remove(t.Context(), testHub, m))
			if f.Reason != hub.ReasonUnknown || f.Uncertain || !strings.Contains(f.Detail, "BIZ_ADMIN by now") {
				t.Errorf("fault = %+v", f)
			}
			if n := len(sim.Writes()); n != 1 {
				t.Errorf("%d writes: no guard has seen the new role", n)
			}
		})
	}
}

// TestRoleThatDidNotChange: Pinterest answers 200 and did nothing.
func TestRoleThatDidNotChange(t *testing.T) {
	for _, how := range []string{"omit", "keep"} {
		c, sim := simulated(t, &hubsim.Generate{Members: 3, Admins: 1}, hubsim.Settings{"role_changes": how})
		m, err := c.Lookup(t.Context(), testHub, hub.Key{Email: "member-00003@generated.example"})
		if err != nil {
			t.Fatal(err)
		}
		err = c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: roleAdmin})
		if f := c.Explain(err); err == nil || f.Reason != hub.ReasonUnknown || f.Uncertain || len(sim.Writes()) != 1 {
			t.Errorf("%s: fault = %+v (error: %v)", how, f, err)
		}
	}
}

// TestHidden: somebody without an address is listed, found by id or user name,
// changed and removed.
func TestHidden(t *testing.T) {
	const email = "member-00003@generated.example"
	for _, fields := range [][]string{{"email"}, {"email", "username", "id"}, {"user"}} {
		t.Run(strings.Join(fields, " "), func(t *testing.T) {
			c, _ := simulated(t, &hubsim.Generate{Members: 3, Admins: 1}, hubsim.Settings{"hidden": map[string]any{email: fields}})
			members, err := c.Members(t.Context(), testHub)
			if err != nil || len(members) != 3 {
				t.Fatalf("%d members (error: %v)", len(members), err)
			}
			m := members[2]
			if m.Email != "" || m.ID == "" || (m.Username == "") == (len(fields) == 1 && fields[0] == "email") {
				t.Fatalf("member = %+v", m)
			}
			if _, err := c.Lookup(t.Context(), testHub, hub.Key{Email: email}); !errors.Is(err, hub.ErrAbsent) {
				t.Errorf("by address: %v", err)
			}
			for _, key := range []hub.Key{{ID: m.ID}, {ID: m.ID, Email: email}, {ID: m.ID, Email: email, Status: hub.StatusActive}, {Email: hub.FoldEmail(m.Username)}} {
				if got, err := c.Lookup(t.Context(), testHub, key); (key.ID != "" || key.Email != "") && (err != nil || got.ID != m.ID) {
					t.Errorf("Lookup %+v = %+v (error: %v)", key, got, err)
				}
			}
			if err := c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: roleAdmin}); err != nil {
				t.Error(err)
			}
			m.Role = roleAdmin
			if err := c.Remove(t.Context(), testHub, m); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAccountInTrouble: the token is good, and Pinterest lets nobody manage the
// business.
func TestAccountInTrouble(t *testing.T) {
	for setting, says := range map[string]string{"blocked": "disapproved", "under_review": "reviewing", "not_business_account": "Convert"} {
		c, _ := simulated(t, &hubsim.Generate{Members: 3, Admins: 1}, hubsim.Settings{setting: true})
		_, err := c.Add(t.Context(), testHub, hub.Add{Email: "ada@northwind.example", Role: roleEmployee})
		if f := c.Explain(err); f.Reason != hub.ReasonForbidden || f.Uncertain || !strings.Contains(f.Detail, says) {
			t.Errorf("%s: fault = %+v (error: %v)", setting, f, err)
		}
	}
}

// TestBusyPlatform: what passes on its own is waited out, writes included where
// Pinterest refused them unprocessed.
func TestBusyPlatform(t *testing.T) {
	c, sim := simulated(t, &hubsim.Generate{Members: 3, Admins: 1}, hubsim.Settings{"throttle": map[string]any{"code": 30, "calls": 2}, "rate_headers": "none"})
	if _, err := c.Add(t.Context(), testHub, hub.Add{Email: "ada@northwind.example", Role: roleEmployee}); err != nil {
		t.Error(err)
	}
	if err := sim.Configure(Name, testHub.BusinessID, hubsim.Settings{"transient": map[string]any{"code": 503, "calls": 2}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Members(t.Context(), testHub); err != nil {
		t.Error(err)
	}
	if err := sim.Configure(Name, testHub.BusinessID, hubsim.Settings{"conflicts": 1}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Add(t.Context(), testHub, hub.Add{Email: "bob@northwind.example", Role: roleEmployee})
	if f := c.Explain(err); f.Reason != hub.ReasonUnknown || f.Code != "409" || f.Uncertain {
		t.Errorf("a conflict: %+v (error: %v)", f, err)
	}
}

// The clock decides about an invitation that still calls itself pending.
func TestInvitationStatus(t *testing.T) {
	for _, tt := range []struct {
		status, expires string
		want            hub.Status // "": not listed
	}{
		{"PENDING", "1709200000001", hub.StatusInvited},
		{"PENDING", "1709200000000", hub.StatusExpired},
		{"PENDING", "1709100000000", hub.StatusExpired},
		{"PENDING", "null", hub.StatusInvited},
		{"PENDING", `"soon"`, hub.StatusInvited},
		{"PENDING", "-1", hub.StatusInvited},
		{"EXPIRED", "1709300000000", hub.StatusExpired},
		{"DECLINED", "1709300000000", hub.StatusDeclined},
		{"CANCELLED", "1709300000000", ""},
		{"ACCEPTED", "1709300000000", ""},
		{"IN_REVIEW", "1709300000000", hub.StatusUnknown},
		{"", "1709300000000", hub.StatusUnknown},
	} {
		t.Run(tt.status+" "+tt.expires, func(t *testing.T) {
			row := strings.NewReplacer("PENDING", tt.status, "1709748104775", tt.expires).Replace(samRow)
			c, _ := dial(t, func(_ int, r sent) say {
				if r.is("GET invites") {
					return say{body: items(row)}
				}
				return say{body: nobody}
			})
			c.now = func() time.Time { return samTime }
			members, err := c.Members(t.Context(), testHub)
			if err != nil || (len(members) == 1) != (tt.want != "") {
				t.Fatalf("members = %+v (error: %v)", members, err)
			}
			if tt.want == "" {
				return
			}
			if m := members[0]; m.Status != tt.want || m.Role != roleEmployee || !m.InvitedAt.Equal(time.UnixMilli(1709140000001)) || m.InvitedAt.Location() != time.UTC {
				t.Errorf("member = %+v, want status %s", m, tt.want)
			}
		})
	}
}

// Rows that are no seat and no invitation of this business to a person.
func TestRowsLeftOut(t *testing.T) {
	c, _ := dial(t, func(_ int, r sent) say {
		if r.is("GET invites") {
			return say{body: items(
				strings.Replace(samRow, `"is_received_invite":false`, `"is_received_invite":true`, 1),
				strings.Replace(samRow, memberInvite, "PARTNER_INVITE", 1),
				strings.Replace(samRow, memberInvite, "PARTNER_REQUEST", 1),
			)}
		}
		return say{body: items(strings.Replace(leeRow, roleEmployee, rolePartner, 1))}
	})
	members, err := c.Members(t.Context(), testHub)
	if err != nil || len(members) != 0 {
		t.Errorf("members = %+v (error: %v)", members, err)
	}
	for _, key := range []hub.Key{{ID: leeID}, {ID: samInvite}, {Email: "sam@acme.example"}, {Email: "lee@acme.example"}} {
		if m, err := c.Lookup(t.Context(), testHub, key); !errors.Is(err, hub.ErrAbsent) {
			t.Errorf("Lookup %+v = %+v (error: %v)", key, m, err)
		}
	}
}

func TestRolesOf(t *testing.T) {
	for _, tt := range []struct {
		in   []string
		role string
		more []string
	}{
		{nil, "", nil},
		{[]string{"EMPLOYEE"}, "EMPLOYEE", nil},
		{[]string{"EMPLOYEE", "BIZ_ADMIN"}, "BIZ_ADMIN", nil},
		{[]string{"PARTNER", "EMPLOYEE"}, "EMPLOYEE", nil},
		{[]string{"PARTNER"}, "", nil},
		{[]string{"Owner"}, "Owner", nil},
		{[]string{"biz_admin"}, "biz_admin", nil},
		{[]string{"ZETA", "EMPLOYEE", "Owner", "ZETA"}, "EMPLOYEE", []string{"Owner", "ZETA"}},
		{[]string{"ZETA", "Owner", "ZETA"}, "ZETA", []string{"Owner"}},
		{[]string{""}, "", nil},
	} {
		if role, more := rolesOf(tt.in); role != tt.role || !slices.Equal(more, tt.more) {
			t.Errorf("rolesOf(%q) = %q, %q; want %q, %q", tt.in, role, more, tt.role, tt.more)
		}
	}
}

// Pinterest hides what it likes: a row without a user is a member all the same.
func TestNullFields(t *testing.T) {
	c, _ := dial(t, onMembers(func(int, sent) say {
		return say{body: items(
			`{"id":"383791336903420003","user":null,"business_roles":["OWNER"],"created_time":null}`,
			`{"id":"383791336903420004","user":{"id":null,"username":"Lee_Ads","email":null}}`,
			`{"user":{"username":"first"}}`, `{"id":null,"user":{"username":"second"}}`, // without ids they are not one
		)}
	}))
	members, err := c.Members(t.Context(), testHub)
	if err != nil || len(members) != 4 || members[0].Role != "OWNER" || members[0].Label() != "id 383791336903420003" || members[1].Label() != "Lee_Ads" || members[1].Role != "" {
		t.Errorf("members = %+v (error: %v)", members, err)
	}
	if m, err := c.Lookup(t.Context(), testHub, hub.Key{Email: "lee_ads"}); err != nil || m.ID != "383791336903420004" {
		t.Errorf("by user name: %+v (error: %v)", m, err)
	}
}

// Pinterest ignoring the filter must not look like nobody there.
func TestLookupNotFiltered(t *testing.T) {
	c, _ := dial(t, always(say{body: items(leeRow)}))
	if _, err := c.Lookup(t.Context(), testHub, hub.Key{ID: "1", Status: hub.StatusActive}); err == nil || errors.Is(err, hub.ErrAbsent) {
		t.Errorf("error = %v", err)
	}
}

func TestLookupChoices(t *testing.T) {
	again := strings.NewReplacer("0501", "0777").Replace(samRow)
	lapsed := strings.NewReplacer("PENDING", "EXPIRED", "0501", "0444").Replace(samRow)
	seat := strings.NewReplacer("Lee@", "Sam@").Replace(leeRow)
	for _, tt := range []struct {
		name             string
		key              hub.Key
		invites, members []string
		want             string // id, "" for nobody
	}{
		{"the seat of the id before another invitation", hub.Key{ID: leeID, Email: "sam@acme.example"}, []string{samRow}, []string{leeRow}, leeID},
		{"another invitation after the id is gone", hub.Key{ID: "1", Email: "sam@acme.example"}, []string{again}, nil, "500100200300400777"},
		{"the invitation of the id before another one", hub.Key{ID: "500100200300400777", Email: "sam@acme.example"}, []string{samRow, again}, nil, "500100200300400777"},
		{"an open one before a lapsed one", hub.Key{Email: "sam@acme.example"}, []string{lapsed, samRow}, nil, samInvite},
		{"an open one before a lapsed one, id gone", hub.Key{ID: "1", Email: "sam@acme.example"}, []string{samRow, lapsed}, nil, samInvite},
		{"the seat before a lapsed invitation", hub.Key{Email: "sam@acme.example"}, []string{lapsed}, []string{seat}, leeID},
		{"a lapsed invitation for want of better", hub.Key{Email: "sam@acme.example"}, []string{lapsed}, nil, "500100200300400444"},
		{"the seat before an open invitation to the address", hub.Key{Email: "sam@acme.example"}, []string{samRow}, []string{leeRow, seat}, leeID},
		{"the invitation of the id before the seat", hub.Key{ID: samInvite, Email: "sam@acme.example"}, []string{samRow}, []string{seat}, samInvite},
		{"the seat before the lapsed invitation of the id", hub.Key{ID: "500100200300400444", Email: "sam@acme.example"}, []string{lapsed}, []string{seat}, leeID},
		{"the seat of the id before that of the address", hub.Key{ID: "383791336903420009", Email: "sam@acme.example"}, nil, []string{seat, strings.ReplaceAll(leeRow, "0002", "0009")}, "383791336903420009"},
		{"the id alone", hub.Key{ID: leeID}, []string{samRow}, []string{leeRow}, leeID},
		{"nobody", hub.Key{ID: "1"}, []string{samRow}, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dial(t, func(_ int, r sent) say {
				if r.is("GET invites") {
					return say{body: items(tt.invites...)}
				}
				var rows []string
				for _, row := range tt.members {
					if id := r.query.Get("member_ids"); id == "" || strings.Contains(row, `"`+id+`"`) {
						rows = append(rows, row)
					}
				}
				return say{body: items(rows...)}
			})
			c.now = func() time.Time { return samTime }
			m, err := c.Lookup(t.Context(), testHub, tt.key)
			if m.ID != tt.want || errors.Is(err, hub.ErrAbsent) != (tt.want == "") {
				t.Errorf("Lookup = %+v (error: %v), want %q", m, err, tt.want)
			}
		})
	}
	t.Run("no key, or none of Pinterest's", func(t *testing.T) {
		c, w := dial(t, always(say{body: nobody}))
		for _, key := range []hub.Key{{}, {ID: "lee_ads"}, {ID: "1,2"}, {Status: hub.StatusActive}} {
			if _, err := c.Lookup(t.Context(), testHub, key); err == nil || errors.Is(err, hub.ErrAbsent) || len(w.requests) > 0 {
				t.Errorf("Lookup %+v: error = %v after %v", key, err, w.calls())
			}
		}
	})
}

// What must never go out.
func TestRefusedUnsent(t *testing.T) {
	c, w := dial(t, always(say{status: 500}))
	admin := func(role string) hub.RoleChange { return hub.RoleChange{Role: role} }
	with := func(change func(*hub.Member)) hub.Member {
		m := lee
		change(&m)
		return m
	}
	add := func(in hub.Add) error {
		_, err := c.Add(t.Context(), testHub, in)
		return err
	}
	for name, tt := range map[string]struct {
		err  error
		want hub.Reason
	}{
		"a user name is no address":      {add(hub.Add{Email: "lee_ads", Role: roleEmployee}), hub.ReasonInvalidInput},
		"a partner is no member":         {add(hub.Add{Email: "a@b.example", Role: rolePartner}), hub.ReasonInvalidRole},
		"no role":                        {add(hub.Add{Email: "a@b.example"}), hub.ReasonInvalidRole},
		"an asset permission is no role": {add(hub.Add{Email: "a@b.example", Role: "ANALYST"}), hub.ReasonInvalidRole},
		"roles are case-sensitive":       {c.ChangeRole(t.Context(), testHub, lee, admin("employee")), hub.ReasonInvalidRole},
		"nobody becomes a partner":       {c.ChangeRole(t.Context(), testHub, lee, admin(rolePartner)), hub.ReasonInvalidRole},
		"an invitation stays as it is":   {c.ChangeRole(t.Context(), testHub, sam, admin(roleAdmin)), hub.ReasonUnsupported},
		"no additional roles":            {c.ChangeRole(t.Context(), testHub, lee, hub.RoleChange{Grant: "ANALYST"}), hub.ReasonUnsupported},
		"an unknown role to remove":      {c.Remove(t.Context(), testHub, with(func(m *hub.Member) { m.Role = "OWNER" })), hub.ReasonUnsupported},
		"no role to remove":              {c.Remove(t.Context(), testHub, with(func(m *hub.Member) { m.Role = "" })), hub.ReasonUnsupported},
		"no id to remove":                {c.Remove(t.Context(), testHub, with(func(m *hub.Member) { m.ID = "" })), hub.ReasonUnknown},
		"a user name is no id":           {c.Remove(t.Context(), testHub, with(func(m *hub.Member) { m.ID = "lee_ads" })), hub.ReasonUnknown},
		"no status, no kind of id":       {c.Remove(t.Context(), testHub, with(func(m *hub.Member) { m.Status = "" })), hub.ReasonUnknown},
		"no id to change":                {c.ChangeRole(t.Context(), testHub, with(func(m *hub.Member) { m.ID = "" }), admin(roleAdmin)), hub.ReasonUnknown},
	} {
		if f := c.Explain(tt.err); tt.err == nil || f.Reason != tt.want || f.Detail == "" || f.Uncertain {
			t.Errorf("%s: fault = %+v, want %s (error: %v)", name, f, tt.want, tt.err)
		}
	}
	if err := c.ChangeRole(t.Context(), testHub, lee, hub.RoleChange{}); err != nil {
		t.Error(err)
	}
	if len(w.requests) != 0 {
		t.Errorf("sent %v", w.calls())
	}
}

func TestVerify(t *testing.T) {
	const (
		denied  = `{"code":29,"message":"no"}`
		dana    = `{"account_type":"BUSINESS","id":"383791336903420001","username":"dana_acme","business_name":null}`
		worksAs = `{"id":"729090764583390001","user":{"id":"729090764583390001","username":"acmehq","email":null},"business_roles":[%q]}`
	)
	type answers struct{ account, list, employers say }
	for _, tt := range []struct {
		name   string
		change func(*answers)
		want   hub.Reason // "" is success
		says   string     // the name, or a part of the error
	}{
		{"a manager's token", func(*answers) {}, "", "acmehq"},
		{"the business's own token", func(a *answers) { a.account.body = acme; a.employers = say{status: 500} }, "", "Acme HQ"},
		{"the business's own token, without a name", func(a *answers) {
			a.account.body = strings.Replace(acme, `"Acme HQ"`, "null", 1)
		}, "", "acmehq"},
		{"a business the user works for in no way", func(a *answers) { a.employers.body = nobody }, "", ""},
		{"employers hidden", func(a *answers) { a.employers = say{status: 403, body: denied} }, "", ""},
		{"employers out of order", func(a *answers) { a.employers = say{status: 503, body: `{"code":500,"message":"m"}`} }, hub.ReasonUnavailable, "role of the token's user"},
		{"an employee's token", func(a *answers) { a.employers.body = items(fmt.Sprintf(worksAs, roleEmployee)) }, hub.ReasonForbidden, "dana_acme, who is EMPLOYEE"},
		{"a role of no meaning", func(a *answers) { a.employers.body = items(fmt.Sprintf(worksAs, "OWNER")) }, "", "acmehq"},
		{"wrong token", func(a *answers) { a.account = say{status: 401, body: `{"code":2,"message":"m"}`} }, hub.ReasonUnauthenticated, "check the access token"},
		{"no scope for the account", func(a *answers) { a.account = say{status: 401, body: `{"code":3,"message":"m"}`} }, hub.ReasonForbidden, "user_accounts:read"},
		{"an answer without an account", func(a *answers) { a.account = say{body: `{}`} }, hub.ReasonUnknown, "names no account"},
		{"no scope for people", func(a *answers) { a.list = say{status: 401, body: `{"code":3,"message":"m"}`} }, hub.ReasonForbidden, "biz_access:read"},
		{"somebody else's business", func(a *answers) { a.list = say{status: 403, body: denied} }, hub.ReasonForbidden, "check business 729090764583390001"},
		{"wrong id", func(a *answers) { a.list = say{status: 404, body: `{"code":404,"message":"m"}`} }, hub.ReasonNotFound, "business_id"},
		{"under review", func(a *answers) { a.list = say{status: 403, body: `{"code":2626,"message":"m"}`} }, hub.ReasonForbidden, "reviewing"},
		{"disapproved", func(a *answers) { a.list = say{status: 403, body: `{"code":2625,"message":"m"}`} }, hub.ReasonForbidden, "disapproved"},
		{"no business account", func(a *answers) { a.list = say{status: 403, body: `{"code":654,"message":"m"}`} }, hub.ReasonForbidden, "Convert"},
		{"no list", func(a *answers) { a.list = say{body: `{}`} }, hub.ReasonUnknown, "no list"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := answers{say{body: dana}, say{body: items(leeRow)}, say{body: items(
				strings.ReplaceAll(fmt.Sprintf(worksAs, roleEmployee), "0001", "0002"), fmt.Sprintf(worksAs, roleAdmin))}}
			tt.change(&a)
			c, _ := dial(t, func(_ int, r sent) say {
				switch {
				case r.is("GET user_account"):
					return a.account
				case r.is("GET employers"):
					return a.employers
				case r.is("GET members") && r.query.Get("page_size") == "1":
					return a.list
				}
				t.Errorf("unexpected %s %s", r.method, r.path)
				return say{status: 500}
			})
			b, err := c.Verify(t.Context(), testHub)
			if tt.want == "" {
				if err != nil || b.ID != testHub.BusinessID || b.Name != tt.says || (len(b.Notes) > 0) != (tt.name == "employers hidden") {
					t.Errorf("business = %+v (error: %v)", b, err)
				}
				return
			}
			f := c.Explain(err)
			if err == nil || f.Reason != tt.want || f.Detail == "" || !strings.Contains(err.Error()+f.Detail, tt.says) {
				t.Errorf("fault = %+v, want %s saying %q (error: %v)", f, tt.want, tt.says, err)
			}
		})
	}
}

func TestSelf(t *testing.T) {
	const dana = `{"account_type":"BUSINESS","id":"383791336903420001","username":"dana_acme","business_name":"Dana"}`
	row := strings.NewReplacer("0002", "0001", "lee_ads", "dana_acme", "Lee@", "Dana@").Replace(leeRow)
	elsewhere := strings.Replace(row, `"id":"383791336903420001"`, `"id":"77"`, 1) // an id of its own for the seat
	for _, tt := range []struct {
		name, account string
		byID, all     say
		want          hub.Identity
		fails         bool
	}{
		{"a seat", dana, say{body: items(row)}, say{status: 500}, hub.Identity{MemberIDs: []string{"383791336903420001"}, Email: "dana@acme.example", Name: "Dana"}, false},
		{"a seat of another id", dana, say{body: nobody}, say{body: items(leeRow, elsewhere)}, hub.Identity{MemberIDs: []string{"77"}, Email: "dana@acme.example", Name: "Dana"}, false},
		{"no seat", dana, say{body: nobody}, say{body: items(leeRow)}, hub.Identity{Name: "Dana"}, false},
		{"the business itself", acme, say{body: nobody}, say{status: 500}, hub.Identity{Name: "Acme HQ"}, false},
		{"not to be seen", dana, say{status: 403, body: `{"code":29,"message":"m"}`}, say{}, hub.Identity{}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dial(t, func(_ int, r sent) say {
				switch {
				case r.is("GET user_account"):
					return say{body: tt.account}
				case r.query.Has("member_ids"):
					return tt.byID
				}
				return tt.all
			})
			self, err := c.Self(t.Context(), testHub)
			if (err != nil) != tt.fails || !slices.Equal(self.MemberIDs, tt.want.MemberIDs) || self.Email != tt.want.Email || self.Name != tt.want.Name {
				t.Errorf("self = %+v (error: %v)", self, err)
			}
		})
	}
}

// manyEmployers is whose token it is. Their own account comes with the others: it
// is a business account.
const manyEmployers = "it.lead@northwind.example"

// manyBusinesses is a credential with a part in so many businesses that their
// list takes three pages.
func manyBusinesses(t *testing.T) (c *Connector, sim *hubsim.Sim, ids []string) {
	t.Helper()
	sim = hubsim.New()
	var seed hubsim.Seed
	for i := range 520 {
		id := fmt.Sprintf("7290907645834%05d", i)
		ids = append(ids, id)
		seed.Hubs = append(seed.Hubs, hubsim.HubSeed{Platform: Name, BusinessID: id, Name: fmt.Sprintf("Northwind %03d", i), People: []hubsim.PersonSeed{{Email: manyEmployers, Role: roleAdmin}}})
	}
	seed.Credentials = []hubsim.Credential{{"platform": Name, "name": "roster", "access_token": testToken, "email": manyEmployers}}
	if err := sim.Apply(seed); err != nil {
		t.Fatal(err)
	}
	settings := accessSettings()
	settings[settingEndpoint] = hubsim.Endpoint(sim.Start(t), Name)
	c, err := open(hub.Options{UserAgent: "test", Settings: settings, Now: sim.Clock().Now}, brief)
	if err != nil {
		t.Fatal(err)
	}
	return c, sim, ids
}

func TestBusinesses_everyPage(t *testing.T) {
	c, sim, ids := manyBusinesses(t)
	found, err := c.Businesses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range found {
		if slices.Contains(ids, b.ID) {
			got = append(got, b.ID)
		}
	}
	if len(found) != len(ids)+1 {
		t.Errorf("%d businesses, want %d and their own", len(found), len(ids))
	}
	slices.Sort(got)
	slices.Sort(ids)
	if !slices.Equal(got, ids) {
		t.Errorf("%d businesses, want all %d", len(got), len(ids))
	}
	if n := len(sim.Requests(hubsim.ByOperation(hubsim.OpListBusinesses))); n != 3 {
		t.Errorf("%d requests for three pages", n)
	}
}

func TestBusinesses_cutOnTheLastPage(t *testing.T) {
	c, sim, _ := manyBusinesses(t)
	fault, err := sim.AddFault(hubsim.Fault{Platform: Name, Kind: hubsim.FaultTruncate, Operation: hubsim.OpListBusinesses, Skip: 2})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := c.Businesses(t.Context()); err == nil || found != nil {
		t.Errorf("%d businesses (error: %v) of a list that broke off", len(found), err)
	}
	if n := sim.Faults(); len(n) != 1 || n[0].Applied == 0 {
		t.Errorf("fault %v was not met: %+v", fault, n)
	}
}
