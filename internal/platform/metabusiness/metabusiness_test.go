package metabusiness

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
	sister   = "222000111000333" // a business the person behind a user token is on too
	stranger = "222000111000999" // somebody else's
)

// subject is a connector with a system user's token, or with the token of the
// person self names.
func subject(self string) platformtest.Subject {
	credential := hubsim.Credential{
		"platform": Name, "name": "roster", "access_token": testToken,
		"app_id": "555000555000555", "app_secret": testSecret, "require_app_secret": true,
	}
	others := []hubsim.HubSeed{{Platform: Name, BusinessID: stranger, Name: "Somebody Else's", Generate: &hubsim.Generate{Members: 2, Admins: 1}}}
	without := []platformtest.Cause{
		platformtest.HubFull,         // Meta documents no limit of seats or invitations
		platformtest.HalfAdded,       // an invitation is one call
		platformtest.HeldForApproval, // no second administrator is asked
	}
	if self == "" {
		credential["kind"], credential["businesses"] = "system_user", []string{testHub.BusinessID}
		without = append(without, platformtest.SecondFactor) // nobody asks a system user for one
	} else {
		credential["kind"], credential["email"] = "user", self
		others = append(others, hubsim.HubSeed{
			Platform: Name, BusinessID: sister, Name: "Northwind Retail",
			People: []hubsim.PersonSeed{{Email: self, Role: "ADMIN"}},
		})
	}
	driver := Driver()
	driver.Open = func(o hub.Options) (hub.Connector, error) { return open(o, brief) }
	settings := map[string]string{settingAccessToken: testToken, settingAppSecret: testSecret}
	return platformtest.Subject{
		Driver:   driver,
		Settings: settings,
		Without:  without,
		Open: platformtest.Simulated{
			Driver:      driver,
			BusinessID:  testHub.BusinessID,
			NoBusiness:  stranger,
			Self:        self,
			SelfRole:    "ADMIN",
			Others:      others,
			Credentials: []hubsim.Credential{credential},
			Settings:    settings,
			Causes: map[platformtest.Cause]hubsim.Settings{
				platformtest.Throttled: {"throttle": map[string]any{"code": 80004, "minutes": 60}},
			},
		}.Open,
	}
}

func TestConformance(t *testing.T) {
	t.Run("system user", func(t *testing.T) { platformtest.Run(t, subject("")) })
	t.Run("person", func(t *testing.T) { platformtest.Run(t, subject("it.lead@northwind.example")) })
}

// simulated opens a connector to a seeded simulator of its own.
func simulated(t *testing.T, people *hubsim.Generate, behaviour hubsim.Settings) (*Connector, *hubsim.Sim) {
	t.Helper()
	sim := hubsim.New()
	if err := sim.Apply(hubsim.Seed{
		Hubs: []hubsim.HubSeed{{Platform: Name, BusinessID: testHub.BusinessID, Name: "Northwind Traders", Settings: behaviour, Generate: people}},
		Credentials: []hubsim.Credential{{
			"platform": Name, "name": "roster", "access_token": testToken,
			"app_id": "555000555000555", "app_secret": testSecret, "kind": "system_user", "businesses": []string{testHub.BusinessID},
		}},
	}); err != nil {
		t.Fatal(err)
	}
	c, err := open(hub.Options{UserAgent: "test", Settings: map[string]string{
		settingAccessToken: testToken, settingAppSecret: testSecret, settingEndpoint: hubsim.Endpoint(sim.Start(t), Name),
	}}, brief)
	if err != nil {
		t.Fatal(err)
	}
	return c, sim
}

// TestRequestBudget: refreshing a hub costs its pages, not its people.
func TestRequestBudget(t *testing.T) {
	for _, tt := range []struct{ members, invitations, lists, pending int }{
		{1000, 30, 10, 1},
		{1001, 100, 11, 1},
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

// TestLookupBudget: what the engine asks after each write costs a request or
// two, however many people there are.
func TestLookupBudget(t *testing.T) {
	c, sim := simulated(t, &hubsim.Generate{Members: 500, Invitations: 150, Admins: 2}, nil)
	members, err := c.Members(t.Context(), testHub)
	if err != nil {
		t.Fatal(err)
	}
	byEmail := map[string]hub.Member{}
	for _, m := range members {
		byEmail[m.Email] = m
	}
	seat, invitation := byEmail["member-00400@generated.example"], byEmail["invitee-00120@generated.example"]
	key := func(m hub.Member) hub.Key { return hub.Key{Email: m.Email, ID: m.ID, Status: m.Status} }
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
	ask("a member", 1, key(seat), true)
	ask("an invitation", 1, key(invitation), true)
	ask("an invitation by address", 1, hub.Key{Email: invitation.Email, Status: hub.StatusInvited}, true)
	for _, m := range []hub.Member{seat, invitation} {
		if err := c.Remove(t.Context(), testHub, m); err != nil {
			t.Fatal(err)
		}
	}
	ask("a member removed", 2, key(seat), false)
	ask("an invitation withdrawn", 2, key(invitation), false)
	ask("an invitation withdrawn, by address", 1, hub.Key{Email: invitation.Email, Status: hub.StatusInvited}, false)
}

// TestShapes reads the same hub in each of the ways Meta's documents leave open.
func TestShapes(t *testing.T) {
	for name, behaviour := range map[string]hubsim.Settings{
		"short pages":              {"page_shape": "short"},
		"empty pages in between":   {"page_shape": "gaps"},
		"Admin for ADMIN":          {"role_spelling": "title"},
		"addresses in lower case":  {"email_case": "lower"},
		"no tasks field":           {"tasks_field": false},
		"closed ones stay":         {"keep_closed_invitations": true},
		"a page too large":         {"max_rows": 40},
		"an invitation id of sort": {"invite_response_id": "role_request"},
	} {
		t.Run(name, func(t *testing.T) {
			c, sim := simulated(t, &hubsim.Generate{Members: 130, Invitations: 110, Admins: 3}, behaviour)
			if _, err := c.Add(t.Context(), testHub, hub.Add{Email: "Grace.Hopper@Northwind.Example", Role: "ADMIN"}); err != nil {
				t.Fatal(err)
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
			count := map[hub.Status]int{}
			admins := 0
			for _, m := range members {
				count[m.Status]++
				if m.Role == "ADMIN" {
					admins++
				}
			}
			if count[hub.StatusActive] != 131 || count[hub.StatusInvited] != 107 || admins != 4 {
				t.Errorf("statuses = %v, admins = %d; want 131 active, 107 invited, 4 admins", count, admins)
			}
			m, err := c.Lookup(t.Context(), testHub, hub.Key{Email: "grace.hopper@northwind.example", Status: hub.StatusInvited})
			if err != nil || m.Role != "ADMIN" || m.ExpiresAt.IsZero() || m.InvitedAt.IsZero() {
				t.Errorf("invitation = %+v (error: %v)", m, err)
			}
		})
	}
}

// TestAcceptedUnderAnotherAddress: the person is listed as the account they
// came with, and a look-up by the invited address does not invent a seat.
func TestAcceptedUnderAnotherAddress(t *testing.T) {
	c, sim := simulated(t, &hubsim.Generate{Members: 2, Admins: 1, Invitations: 1}, nil)
	if _, err := sim.Act(Name, testHub.BusinessID, hubsim.Act{Action: hubsim.ActAccept, Email: "invitee-00001@generated.example", AcceptAs: "private@elsewhere.example"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Lookup(t.Context(), testHub, hub.Key{Email: "invitee-00001@generated.example"}); !errors.Is(err, hub.ErrAbsent) {
		t.Errorf("the invited address: error = %v", err)
	}
	m, err := c.Lookup(t.Context(), testHub, hub.Key{Email: "private@elsewhere.example"})
	if err != nil || m.Status != hub.StatusActive {
		t.Errorf("the account's address: %+v (error: %v)", m, err)
	}
}

// The clock decides about an invitation that still calls itself pending.
func TestInvitationStatus(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		status, expires string
		want            hub.Status
		listed          bool
	}{
		{"PENDING", "2026-12-20T10:15:00+0000", hub.StatusInvited, true},
		{"pending", "", hub.StatusInvited, true},
		{"PENDING", "not a date", hub.StatusInvited, true},
		{"PENDING", "2026-11-21T12:00:00+0000", hub.StatusExpired, true},
		{"PENDING", "2026-11-21T13:00:00+0200", hub.StatusExpired, true},
		{"EXPIRED", "2026-12-20T10:15:00+0000", hub.StatusExpired, true},
		{"Declined", "", hub.StatusDeclined, true},
		{"CANCELED", "", "", false},
		{"Cancelled", "", "", false},
		{"ACCEPTED", "", "", false},
		{"IN_REVIEW", "", hub.StatusUnknown, true},
		{"", "", hub.StatusUnknown, true},
	} {
		t.Run(tt.status+" "+tt.expires, func(t *testing.T) {
			c, _ := dial(t, func(_ int, r sent) reply {
				if strings.HasSuffix(r.path, "/pending_users") {
					return reply{body: fmt.Sprintf(`{"data":[{"id":"333000000000009","email":"New.Hire@agency.example","role":"Employee","status":%q,"created_time":"2026-11-20T10:15:00+0000","expiration_time":%q,"finance_role":"EDITOR","ip_role":"Reviewer"}]}`, tt.status, tt.expires)}
				}
				return reply{body: `{"data":[]}`}
			})
			c.now = func() time.Time { return now }
			members, err := c.Members(t.Context(), testHub)
			if err != nil || (len(members) == 1) != tt.listed {
				t.Fatalf("members = %+v (error: %v)", members, err)
			}
			if !tt.listed {
				return
			}
			m := members[0]
			if m.Status != tt.want || m.Role != "EMPLOYEE" || !slices.Equal(m.Secondary, []string{"ADS_RIGHTS_REVIEWER", "FINANCE_EDITOR"}) || m.InvitedAt.IsZero() {
				t.Errorf("member = %+v, want status %s", m, tt.want)
			}
		})
	}
}

func TestMemberFields(t *testing.T) {
	c, w := dial(t, onPeople(func(int, sent) reply {
		return reply{body: `{"data":[
			{"id":"12210000000000001","name":"Ada Diaz","email":"Ada@agency.example","pending_email":"ada.new@agency.example","role":"Admin","finance_permission":"ANALYST"},
			{"id":"12210000000000002","name":"Nameless","role":"EMPLOYEE","finance_permission":"NEW_THING"}
		]}`}
	}))
	members, err := c.Members(t.Context(), testHub)
	if err != nil || len(members) != 2 {
		t.Fatalf("members = %+v (error: %v)", members, err)
	}
	if m := members[0]; m.ID != "12210000000000001" || m.Email != "Ada@agency.example" || m.Name != "Ada Diaz" || m.Role != "ADMIN" ||
		m.Status != hub.StatusActive || !slices.Equal(m.Secondary, []string{"FINANCE_ANALYST"}) {
		t.Errorf("first = %+v", m)
	}
	if m := members[1]; m.Email != "" || m.Label() != "Nameless (id 12210000000000002)" || !slices.Equal(m.Secondary, []string{"NEW_THING"}) {
		t.Errorf("second = %+v", m)
	}
	for _, r := range w.requests {
		// tasks fails where it does not exist; whoever holds invite_link can accept.
		if fields := r.query.Get("fields"); strings.Contains(fields, "tasks") || strings.Contains(fields, "invite_link") {
			t.Errorf("%s asks for %s", r.path, fields)
		}
	}
}

const (
	notThere  = `{"error":{"message":"Unsupported get request. Object with ID '1' does not exist, cannot be loaded due to missing permissions, or does not support this operation","type":"GraphMethodException","code":100,"error_subcode":33,"fbtrace_id":"T"}}`
	noField   = `{"error":{"message":"(#100) Tried accessing nonexisting field (name) on node type (BusinessRoleRequest)","type":"OAuthException","code":100,"fbtrace_id":"T"}}`
	notYours  = `{"error":{"message":"(#200) Permissions error","type":"OAuthException","code":200,"fbtrace_id":"T"}}`
	memberRow = `{"id":"122100000000001","name":"Ada","email":"ada@agency.example","role":"ADMIN","business":{"id":"222000111000222","name":"N"}}`
	inviteRow = `{"id":"122100000000001","email":"ada@agency.example","role":"ADMIN","status":"PENDING","owner":{"id":"222000111000222","name":"N"}}`
)

func TestLookupByID(t *testing.T) {
	elsewhere := strings.NewReplacer("222000111000222", "222000111000333")
	for _, tt := range []struct {
		name           string
		status         hub.Status
		node, nodeNext string // answers to the first and the second read of the node
		list           string // answer of the list of people
		want           hub.Status
		absent         bool
		reason         hub.Reason // of an error that is not absence
	}{
		{name: "a member", status: hub.StatusActive, node: memberRow, want: hub.StatusActive},
		{name: "an invitation", status: hub.StatusInvited, node: inviteRow, want: hub.StatusInvited},
		{name: "an invitation not known for one", node: noField, nodeNext: inviteRow, want: hub.StatusInvited},
		{name: "gone", status: hub.StatusActive, node: notThere, list: `{"data":[]}`, absent: true},
		{name: "gone, kind unknown", node: notThere, nodeNext: notThere, list: `{"data":[{"id":"1"}]}`, absent: true},
		{name: "hidden with all the rest", status: hub.StatusActive, node: notThere, list: notYours, reason: hub.ReasonForbidden},
		{name: "hidden with the business", status: hub.StatusActive, node: notThere, list: notThere, reason: hub.ReasonNotFound},
		{name: "hidden, and the list is none", status: hub.StatusActive, node: notThere, list: `{}`, reason: hub.ReasonUnknown},
		{name: "refused", status: hub.StatusActive, node: notYours, reason: hub.ReasonForbidden},
		{name: "another kind of object", node: noField, nodeNext: noField, reason: hub.ReasonInvalidInput},
		{name: "a member of another business", status: hub.StatusActive, node: elsewhere.Replace(memberRow), absent: true},
		{name: "an invitation to another business", status: hub.StatusInvited, node: elsewhere.Replace(inviteRow), absent: true},
		{name: "an invitation accepted", status: hub.StatusInvited, node: strings.Replace(inviteRow, "PENDING", "ACCEPTED", 1), absent: true},
		{name: "an invitation withdrawn", status: hub.StatusInvited, node: strings.Replace(inviteRow, "PENDING", "CANCELED", 1), absent: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nodes := []string{tt.node, tt.nodeNext}
			c, _ := dial(t, func(_ int, r sent) reply {
				if strings.HasSuffix(r.path, "/business_users") {
					return reply{body: tt.list}
				}
				node := nodes[0]
				nodes = nodes[1:]
				return reply{body: node}
			})
			m, err := c.Lookup(t.Context(), testHub, hub.Key{ID: "122100000000001", Status: tt.status})
			switch {
			case tt.want != "" && (err != nil || m.Status != tt.want || m.Role != "ADMIN"):
				t.Errorf("member = %+v (error: %v)", m, err)
			case tt.absent != errors.Is(err, hub.ErrAbsent):
				t.Errorf("absent = %t, want %t (error: %v)", errors.Is(err, hub.ErrAbsent), tt.absent, err)
			case tt.reason != "" && c.Explain(err).Reason != tt.reason:
				t.Errorf("reason = %q, want %q (error: %v)", c.Explain(err).Reason, tt.reason, err)
			}
		})
	}
	t.Run("an id that is none", func(t *testing.T) {
		c, w := dial(t, always(reply{body: memberRow}))
		for _, key := range []hub.Key{{ID: "me"}, {ID: "1/2"}, {}} {
			if _, err := c.Lookup(t.Context(), testHub, key); err == nil || errors.Is(err, hub.ErrAbsent) {
				t.Errorf("Lookup %+v: error = %v", key, err)
			}
		}
		if len(w.requests) != 0 {
			t.Errorf("%d requests", len(w.requests))
		}
	})
}

// A write must never go to an object named by accident.
func TestWritesWantAnID(t *testing.T) {
	c, w := dial(t, always(reply{body: `{"success":true}`}))
	for _, id := range []string{"", "me", "222/business_users", "-1"} {
		m := hub.Member{ID: id, Email: "ada@agency.example", Status: hub.StatusActive}
		if err := c.Remove(t.Context(), testHub, m); err == nil {
			t.Errorf("Remove of id %q succeeded", id)
		}
		if err := c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: "ADMIN"}); err == nil {
			t.Errorf("ChangeRole of id %q succeeded", id)
		}
	}
	if len(w.requests) != 0 {
		t.Errorf("%d requests", len(w.requests))
	}
}

// The additional roles and the newer spellings are not sent as the role.
func TestRolesNotSent(t *testing.T) {
	c, w := dial(t, always(reply{body: `{"success":true}`}))
	for _, role := range []string{"FINANCE_EDITOR", "DEVELOPER", "MANAGE", "DEFAULT", "FINANCE_VIEW", "employee", ""} {
		_, err := c.Add(t.Context(), testHub, hub.Add{Email: "ada@agency.example", Role: role})
		if got := c.Explain(err).Reason; got != hub.ReasonInvalidRole {
			t.Errorf("Add as %q: reason = %q (error: %v)", role, got, err)
		}
		if role == "" {
			continue // no change
		}
		err = c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: role})
		if got := c.Explain(err).Reason; got != hub.ReasonInvalidRole {
			t.Errorf("ChangeRole to %q: reason = %q (error: %v)", role, got, err)
		}
	}
	if len(w.requests) != 0 {
		t.Errorf("%d requests", len(w.requests))
	}
}

// A refused invitation is a conflict when the person is there, whatever code
// Meta has for it; when nobody can tell, it stays what Meta said.
func TestRefusedInvitation(t *testing.T) {
	const refused = `{"error":{"message":"(#100) Invalid parameter","type":"OAuthException","code":100,"error_subcode":%d,"fbtrace_id":"T"%s}}`
	for _, tt := range []struct {
		name, refused, pending, people string
		want                           hub.Reason
		requests                       int
	}{
		{"invited", fmt.Sprintf(refused, 1690061, ""), `{"data":[` + inviteRow + `]}`, ``, hub.ReasonConflict, 2},
		{"a member", fmt.Sprintf(refused, 1752098, ""), `{"data":[]}`, `{"data":[` + memberRow + `]}`, hub.ReasonConflict, 3},
		{"an invitation that ran out", fmt.Sprintf(refused, 1, ""), `{"data":[` + strings.Replace(inviteRow, "PENDING", "EXPIRED", 1) + `]}`, `{"data":[]}`, hub.ReasonInvalidInput, 3},
		{"nobody", fmt.Sprintf(refused, 1, ""), `{"data":[]}`, `{"data":[]}`, hub.ReasonInvalidInput, 3},
		{"unreadable", fmt.Sprintf(refused, 1, ""), notYours, ``, hub.ReasonInvalidInput, 2},
		{"the role is blamed", fmt.Sprintf(refused, 1, `,"error_data":{"blame_field_specs":[["role"]]}`), ``, ``, hub.ReasonInvalidRole, 1},
		{"no such business", notThere, ``, ``, hub.ReasonNotFound, 1},
		{"another code", notYours, ``, ``, hub.ReasonForbidden, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, w := dial(t, func(_ int, r sent) reply {
				switch {
				case r.method == "POST":
					return reply{status: 400, body: tt.refused}
				case strings.HasSuffix(r.path, "/pending_users"):
					return reply{body: tt.pending}
				default:
					return reply{body: tt.people}
				}
			})
			_, err := c.Add(t.Context(), testHub, hub.Add{Email: "ADA@agency.example", Role: "EMPLOYEE"})
			f := c.Explain(err)
			if f.Reason != tt.want || f.Code == "" || f.RequestID != "T" {
				t.Errorf("fault = %+v, want %s (error: %v)", f, tt.want, err)
			}
			if len(w.requests) != tt.requests {
				t.Errorf("%d requests, want %d", len(w.requests), tt.requests)
			}
		})
	}
}

func TestVerify(t *testing.T) {
	type answers struct{ me, permissions, business, list, seats, seat string }
	good := answers{
		me:          `{"id":"100089990001111","name":"roster-automation"}`,
		permissions: `{"data":[{"permission":"public_profile","status":"granted"},{"permission":"business_management","status":"granted"}]}`,
		business:    `{"id":"222000111000222","name":"Northwind Traders","verification_status":"verified","two_factor_type":"admin_required"}`,
		list:        `{"data":[{"id":"1"}]}`,
		seats:       noField,
		seat:        memberRow,
	}
	const expired = `{"error":{"message":"Error validating access token","type":"OAuthException","code":190,"error_subcode":463,"fbtrace_id":"T"}}`
	seats := `{"id":"1","business_users":{"data":[{"id":"99","business":{"id":"222000111000333"}},{"id":"122100000000001","business":{"id":"222000111000222"}}]}}`
	for _, tt := range []struct {
		name   string
		change func(*answers)
		want   hub.Reason // "" is success
		says   string     // in the error, or in a note
	}{
		{"system user", func(*answers) {}, "", ""},
		{"admin's token", func(a *answers) { a.seats = seats }, "", ""},
		{"employee's token", func(a *answers) { a.seats = seats; a.seat = strings.Replace(memberRow, "ADMIN", "Employee", 1) }, hub.ReasonForbidden, "EMPLOYEE"},
		{"expired token", func(a *answers) { a.me = expired }, hub.ReasonUnauthenticated, "access token"},
		{"permission not granted", func(a *answers) { a.permissions = strings.ReplaceAll(a.permissions, "granted", "declined") }, hub.ReasonForbidden, "business_management"},
		{"no permission at all", func(a *answers) { a.permissions = `{"data":[]}` }, hub.ReasonForbidden, "business_management"},
		{"permissions not to be read", func(a *answers) { a.permissions = notYours }, "", "could not be checked"},
		{"token expires in between", func(a *answers) { a.permissions = expired }, hub.ReasonUnauthenticated, "permissions"},
		{"wrong id, or hidden", func(a *answers) { a.business = notThere }, hub.ReasonNotFound, "check business 222000111000222"},
		{"business refused", func(a *answers) { a.business = notYours }, hub.ReasonForbidden, "check business"},
		{"a page", func(a *answers) { a.business = `{"id":"222000111000222","name":"A Page"}` }, hub.ReasonNotFound, "not a business portfolio"},
		{"a person", func(a *answers) {
			a.business = `{"error":{"message":"(#100) Tried accessing nonexisting field (verification_status) on node type (User)","type":"OAuthException","code":100,"fbtrace_id":"T"}}`
		}, hub.ReasonNotFound, "not a business portfolio"},
		{"another object's answer", func(a *answers) { a.business = strings.Replace(a.business, "222", "333", 1) }, hub.ReasonNotFound, "not a business portfolio"},
		{"people not to be listed", func(a *answers) { a.list = notYours }, hub.ReasonForbidden, "manage people"},
		{"second factor for all", func(a *answers) { a.business = strings.Replace(a.business, "admin_required", "all_required", 1) }, "", "two-factor"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := good
			tt.change(&a)
			c, _ := dial(t, func(_ int, r sent) reply {
				switch fields := r.query.Get("fields"); {
				case r.path == "/v26.0/me" && strings.Contains(fields, "business_users"):
					return reply{body: a.seats}
				case r.path == "/v26.0/me":
					return reply{body: a.me}
				case r.path == "/v26.0/me/permissions":
					return reply{body: a.permissions}
				case r.path == "/v26.0/222000111000222":
					return reply{body: a.business}
				case r.path == "/v26.0/222000111000222/business_users":
					return reply{body: a.list}
				case r.path == "/v26.0/122100000000001":
					return reply{body: a.seat}
				default:
					t.Errorf("unexpected %s", r.path)
					return reply{status: 500}
				}
			})
			b, err := c.Verify(t.Context(), testHub)
			if tt.want == "" {
				if err != nil || b.ID != testHub.BusinessID || b.Name != "Northwind Traders" || !strings.Contains(strings.Join(b.Notes, " "), tt.says) || (tt.says == "") != (len(b.Notes) == 0) {
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

// An agency's people have more businesses than one embedded page holds.
func TestSelfReadsEverySeat(t *testing.T) {
	c, _ := dial(t, func(_ int, r sent) reply {
		switch {
		case r.path == "/v26.0/me":
			return reply{body: `{"id":"1","business_users":{"data":[{"id":"11","business":{"id":"1"}}],"paging":{"cursors":{"after":"A"},` + nextURL + `}}}`}
		case r.query.Get("after") == "":
			return reply{body: `{"data":[{"id":"11","business":{"id":"1"}}],"paging":{"cursors":{"after":"A"},` + nextURL + `}}`}
		default:
			return reply{body: `{"data":[{"id":"122100000000001","business":{"id":"222000111000222"}}]}`}
		}
	})
	self, err := c.Self(t.Context(), testHub)
	if err != nil || !slices.Equal(self.MemberIDs, []string{"122100000000001"}) {
		t.Errorf("self = %+v (error: %v)", self, err)
	}
	c, _ = dial(t, always(reply{body: notYours}))
	if _, err := c.Self(t.Context(), testHub); c.Explain(err).Reason != hub.ReasonForbidden {
		t.Errorf("an error is not nobody: %v", err)
	}
}

func TestSettings(t *testing.T) {
	for _, tt := range []struct {
		name, value, says string
		ok                bool
	}{
		{settingAccessToken, " ", "META_ACCESS_TOKEN", false},
		{settingAPIVersion, "v25.0", "", true},
		{settingAPIVersion, "", "", true},
		{settingAPIVersion, "26.0", `"26.0"`, false},
		{settingAPIVersion, "v26", "v26.0", false},
		{settingAPIVersion, "v26.0/../v1.0", "", false},
		{settingEndpoint, "", "", true},
		{settingEndpoint, "http://graph.facebook.com", `"http://graph.facebook.com"`, false},
		{settingEndpoint, "https://a:hunter2@proxy.example", "the value", false},
		{settingEndpoint, "https://proxy.example/?x=1", "https://graph.facebook.com", false},
	} {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			_, err := New(hub.Options{Settings: map[string]string{settingAccessToken: testToken, tt.name: tt.value}})
			var setting *hub.SettingError
			switch {
			case tt.ok && err != nil:
				t.Error(err)
			case !tt.ok && (!errors.As(err, &setting) || setting.Setting != tt.name || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "hunter2")):
				t.Errorf("error = %v", err)
			}
		})
	}
}

// manyBusinesses is a credential with a part in so many businesses that their
// list takes three pages.
func manyBusinesses(t *testing.T) (c *Connector, sim *hubsim.Sim, ids []string) {
	t.Helper()
	sim = hubsim.New()
	var seed hubsim.Seed
	for i := range 250 {
		id := fmt.Sprintf("2220001110%05d", i)
		ids = append(ids, id)
		seed.Hubs = append(seed.Hubs, hubsim.HubSeed{Platform: Name, BusinessID: id, Name: fmt.Sprintf("Northwind %03d", i)})
	}
	seed.Credentials = []hubsim.Credential{{"platform": Name, "name": "roster", "access_token": testToken, "app_id": "555000555000555", "app_secret": testSecret, "kind": "system_user", "businesses": ids}}
	if err := sim.Apply(seed); err != nil {
		t.Fatal(err)
	}
	c, err := open(hub.Options{UserAgent: "test", Settings: map[string]string{
		settingAccessToken: testToken, settingAppSecret: testSecret, settingEndpoint: hubsim.Endpoint(sim.Start(t), Name),
	}}, brief)
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
		got = append(got, b.ID)
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
