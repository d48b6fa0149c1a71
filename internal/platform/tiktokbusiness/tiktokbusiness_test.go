package tiktokbusiness

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/platformtest"
)

const (
	stranger = "6900000000000000999" // somebody else's center
	itLead   = "It.Lead@northwind.example"
)

// subject is a connector whose token's user is a member of the center.
func subject(behaviour hubsim.Settings) platformtest.Subject {
	driver := Driver()
	driver.Open = func(o hub.Options) (hub.Connector, error) { return open(o, brief) }
	settings := map[string]string{settingAccessToken: testToken}
	return platformtest.Subject{
		Driver:    driver,
		Settings:  settings,
		SilentAdd: true,
		Without: []platformtest.Cause{
			platformtest.HubFull,         // told by counting to 4,000: see TestFullCenter
			platformtest.HalfAdded,       // an invitation is one call
			platformtest.HeldForApproval, // no second administrator is asked
			platformtest.SecondFactor,    // TikTok's screens ask for one, its API does not mention any
			platformtest.Blocked,         // TikTok documents no code for it
		},
		Open: platformtest.Simulated{
			Driver:      driver,
			BusinessID:  testHub.BusinessID,
			NoBusiness:  stranger,
			Self:        itLead,
			SelfRole:    roleAdmin,
			Others:      []hubsim.HubSeed{{Platform: Name, BusinessID: stranger, Name: "Somebody Else's", Generate: &hubsim.Generate{Members: 2, Admins: 1}}},
			Credentials: []hubsim.Credential{{"platform": Name, "name": "roster", "access_token": testToken, "email": itLead}},
			Settings:    settings,
			Behaviour:   behaviour,
		}.Open,
	}
}

// TestConformance runs the suite once for each reading of what TikTok's
// documents leave open. In all of them an invitation that ran out is gone: one
// that were still listed as pending could not be told from an open one.
func TestConformance(t *testing.T) {
	for name, behaviour := range map[string]hubsim.Settings{
		"as in the documents": {},
		"the other way": {
			"pending_user_id": "zero", "ext_user_role": "null", "empty_data": "null", "ids_as_numbers": true,
			"unfiltered": "bound", "invite_bound": "refuse", "user_info_id": "other", "cap_code": codeDenied,
		},
		"masked where it can be": {"pending_user_id": "absent", "ext_user_role": "absent", "user_info_email": "masked"},
	} {
		behaviour["expired_invitations"] = "gone"
		t.Run(name, func(t *testing.T) { platformtest.Run(t, subject(behaviour)) })
	}
}

// simulated opens a connector to a seeded simulator of its own.
func simulated(t *testing.T, people *hubsim.Generate, behaviour hubsim.Settings, more ...hubsim.PersonSeed) (*Connector, *hubsim.Sim) {
	t.Helper()
	sim := hubsim.New()
	if err := sim.Apply(hubsim.Seed{
		Hubs: []hubsim.HubSeed{{Platform: Name, BusinessID: testHub.BusinessID, Name: "Northwind Traders", Settings: behaviour, People: more, Generate: people}},
		Credentials: []hubsim.Credential{{
			"platform": Name, "name": "roster", "access_token": testToken, "email": itLead, "businesses": []string{testHub.BusinessID},
		}},
	}); err != nil {
		t.Fatal(err)
	}
	c, err := open(hub.Options{UserAgent: "test", Settings: map[string]string{
		settingAccessToken: testToken, settingEndpoint: hubsim.Endpoint(sim.Start(t), Name),
	}}, brief)
	if err != nil {
		t.Fatal(err)
	}
	return c, sim
}

// TestRequestBudget: refreshing a hub costs its pages, not its people.
func TestRequestBudget(t *testing.T) {
	for _, tt := range []struct{ members, invitations, lists, pending int }{
		{1000, 30, 50, 2},
		{1001, 100, 51, 5},
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

// TestShapes reads the same hub in each of the ways TikTok's documents leave
// open.
func TestShapes(t *testing.T) {
	for name, behaviour := range map[string]hubsim.Settings{
		"as in the documents":  nil,
		"an id of 0":           {"pending_user_id": "zero"},
		"no id":                {"pending_user_id": "absent"},
		"null for extra roles": {"ext_user_role": "null"},
		"no extra roles":       {"ext_user_role": "absent"},
		"ids as numbers":       {"ids_as_numbers": true},
		"somebody joins":       {"churn": "join", "churn_times": 1},
		"somebody leaves":      {"churn": "leave", "churn_times": 1},
	} {
		t.Run(name, func(t *testing.T) {
			c, sim := simulated(t, &hubsim.Generate{Members: 60, Invitations: 25, Admins: 3}, nil)
			for i, act := range []string{hubsim.ActAccept, hubsim.ActDecline, hubsim.ActRemove} {
				if _, err := sim.Act(Name, testHub.BusinessID, hubsim.Act{Action: act, Email: fmt.Sprintf("invitee-%05d@generated.example", i+1)}); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := c.Add(t.Context(), testHub, hub.Add{Email: "Grace.Hopper@Northwind.Example", Role: "ADMIN", Secondary: []string{financeManager}}); err != nil {
				t.Fatal(err)
			}
			if err := sim.Configure(Name, testHub.BusinessID, behaviour); err != nil {
				t.Fatal(err)
			}
			members, err := c.Members(t.Context(), testHub)
			if err != nil {
				t.Fatal(err)
			}
			people, err := sim.People(Name, testHub.BusinessID)
			if err != nil {
				t.Fatal(err)
			}
			want := map[hub.Status]int{}
			for _, p := range people {
				want[hub.Status(p.Status)]++
			}
			got := map[hub.Status]int{}
			admins := 0
			for _, m := range members {
				got[m.Status]++
				if m.Role == "ADMIN" {
					admins++
				}
				if m.Status == hub.StatusInvited && m.ID != "" || m.Status == hub.StatusActive && !numericID.MatchString(m.ID) {
					t.Errorf("%s has id %q", m.Label(), m.ID)
				}
			}
			if got[hub.StatusActive] != want[hub.StatusActive] || got[hub.StatusInvited] != want[hub.StatusInvited] || admins != 4 {
				t.Errorf("statuses = %v, want %v; %d admins, want 4", got, want, admins)
			}
			grace := slices.IndexFunc(members, func(m hub.Member) bool { return hub.FoldEmail(m.Email) == "grace.hopper@northwind.example" })
			if grace < 0 || !slices.Equal(members[grace].Secondary, []string{financeManager}) || members[grace].Role != "ADMIN" {
				t.Errorf("grace is at %d of %d", grace, len(members))
			}
		})
	}
}

// A center in which somebody joins after every page never holds still.
func TestRestlessCenter(t *testing.T) {
	c, _ := simulated(t, &hubsim.Generate{Members: 60}, hubsim.Settings{"churn": "join"})
	members, err := c.Members(t.Context(), testHub)
	if f := c.Explain(err); err == nil || members != nil || !strings.Contains(f.Detail, "never held still") {
		t.Errorf("%d members, fault = %+v (error: %v)", len(members), f, err)
	}
}

// What the list may hold beside the plain cases.
func TestRows(t *testing.T) {
	rows := []string{
		`{"user_id":7000000000000000001,"user_name":null,"user_email":"Dana@acme.example","user_role":"admin","relation_status":"bound","ext_user_role":{"finance_role":"manager"}}`,
		`{"user_id":"7000000000000000002","user_name":"Lee","user_email":"l**@acme.example","user_role":"STANDARD","relation_status":"BOUND","ext_user_role":null}`,
		`{"user_id":"7000000000000000003","user_name":"Kim","user_email":"","user_role":"OWNER","relation_status":"FROZEN","advertiser_role":"ADMIN"}`,
		`{"user_id":"0","user_email":"x**@acme.example","user_role":"STANDARD","relation_status":"PENDING"}`,
		`{"user_id":0,"user_email":"x**@acme.example","user_role":"STANDARD","relation_status":"PENDING"}`,
		`{"user_email":"sam@acme.example","user_role":"STANDARD","relation_status":"PENDING","ext_user_role":{"finance_role":"ANALYST"}}`,
		`{"user_id":"","user_email":"no@acme.example","user_role":"STANDARD","relation_status":"REJECTED","ext_user_role":{}}`,
		`{"user_id":"7000000000000000009","user_email":"gone@acme.example","user_role":"STANDARD","relation_status":"UNBOUND"}`,
		`{"user_id":"7000000000000000010","user_email":"plain@acme.example","user_role":"STANDARD"}`,
	}
	want := []hub.Member{
		{ID: "7000000000000000001", Email: "Dana@acme.example", Status: hub.StatusActive, Role: "ADMIN", Secondary: []string{financeManager}},
		{ID: "7000000000000000002", Username: "l**@acme.example", Name: "Lee", Status: hub.StatusActive, Role: "STANDARD"},
		{ID: "7000000000000000003", Name: "Kim", Status: hub.StatusUnknown, Role: "OWNER"},
		{Username: "x**@acme.example", Status: hub.StatusInvited, Role: "STANDARD"},
		{Username: "x**@acme.example", Status: hub.StatusInvited, Role: "STANDARD"},
		{Email: "sam@acme.example", Status: hub.StatusInvited, Role: "STANDARD", Secondary: []string{financeAnalyst}},
		{Email: "no@acme.example", Status: hub.StatusDeclined, Role: "STANDARD"},
		// Without a status it is that of the list it came with, here both.
		{ID: "7000000000000000010", Email: "plain@acme.example", Status: hub.StatusInvited, Role: "STANDARD"},
		{ID: "7000000000000000010", Email: "plain@acme.example", Status: hub.StatusActive, Role: "STANDARD"},
	}
	c, _ := dial(t, always(listed(1, len(rows), 1, rows...)))
	members, err := c.Members(t.Context(), testHub)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		at := slices.IndexFunc(want, func(w hub.Member) bool { return fmt.Sprintf("%+v", w) == fmt.Sprintf("%+v", m) })
		if at < 0 {
			t.Errorf("not wanted: %+v", m)
			continue
		}
		want = slices.Delete(want, at, at+1)
	}
	for _, m := range want {
		t.Errorf("missing: %+v", m)
	}
}

// TestFinanceRole: a member holds one, so a grant replaces the other; taking it
// away is refused before a request.
func TestFinanceRole(t *testing.T) {
	c, sim := simulated(t, nil, nil,
		hubsim.PersonSeed{Email: itLead, Role: roleAdmin},
		hubsim.PersonSeed{Email: "lee@acme.example", Role: roleStandard, ExtraRoles: []string{financeAnalyst}},
		hubsim.PersonSeed{Email: "sam@acme.example", Role: roleStandard, Status: "invited"})
	find := func(email string) hub.Member {
		t.Helper()
		m, err := c.Lookup(t.Context(), testHub, hub.Key{Email: email})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if err := c.ChangeRole(t.Context(), testHub, find("lee@acme.example"), hub.RoleChange{Grant: financeManager}); err != nil {
		t.Fatal(err)
	}
	if lee := find("lee@acme.example"); !slices.Equal(lee.Secondary, []string{financeManager}) || lee.Role != roleStandard {
		t.Errorf("lee holds %q", lee.Roles())
	}

	lee, sam := find("lee@acme.example"), find("sam@acme.example")
	sim.ResetRequests()
	for what, tt := range map[string]struct {
		m      hub.Member
		change hub.RoleChange
		want   hub.Reason
	}{
		"revoke":                          {lee, hub.RoleChange{Revoke: financeManager}, hub.ReasonUnsupported},
		"revoke beside a change":          {lee, hub.RoleChange{Role: roleAdmin, Revoke: financeManager}, hub.ReasonUnsupported},
		"role of an invitation":           {sam, hub.RoleChange{Role: roleAdmin}, hub.ReasonUnsupported},
		"finance role of an invitation":   {sam, hub.RoleChange{Grant: financeManager}, hub.ReasonAwaitingAcceptance},
		"a finance role as the role":      {lee, hub.RoleChange{Role: financeManager}, hub.ReasonInvalidRole},
		"the role as a finance role":      {lee, hub.RoleChange{Grant: roleAdmin}, hub.ReasonInvalidRole},
		"TikTok's word for a finance":     {lee, hub.RoleChange{Grant: "MANAGER"}, hub.ReasonInvalidRole},
		"a role in small letters":         {lee, hub.RoleChange{Role: "admin"}, hub.ReasonInvalidRole},
		"a member without an id":          {hub.Member{Email: "x@acme.example", Status: hub.StatusActive}, hub.RoleChange{Role: roleAdmin}, hub.ReasonUnknown},
		"a member with TikTok's no id":    {hub.Member{ID: "0", Status: hub.StatusActive}, hub.RoleChange{Role: roleAdmin}, hub.ReasonUnknown},
		"a member with somebody's e-mail": {hub.Member{ID: "x@acme.example", Status: hub.StatusActive}, hub.RoleChange{Role: roleAdmin}, hub.ReasonUnknown},
	} {
		err := c.ChangeRole(t.Context(), testHub, tt.m, tt.change)
		if f := c.Explain(err); err == nil || f.Reason != tt.want || f.Detail == "" || f.Attempts != 0 {
			t.Errorf("%s: fault = %+v, want %s (error: %v)", what, f, tt.want, err)
		}
	}
	for _, in := range []hub.Add{
		{Email: "new@acme.example", Role: roleStandard, Secondary: []string{financeManager, financeAnalyst}},
		{Email: "new@acme.example", Role: roleStandard, Secondary: []string{roleAdmin}},
		{Email: "new@acme.example", Role: financeManager},
		{Email: "new@acme.example"},
	} {
		_, err := c.Add(t.Context(), testHub, in)
		if f := c.Explain(err); err == nil || f.Reason != hub.ReasonInvalidRole {
			t.Errorf("Add %+v: fault = %+v (error: %v)", in, f, err)
		}
	}
	for what, m := range map[string]hub.Member{
		"a member without an id":                {Email: "x@acme.example", Status: hub.StatusActive},
		"an invitation to an address not shown": {Username: "x**@acme.example", Status: hub.StatusInvited},
	} {
		if err := c.Remove(t.Context(), testHub, m); err == nil {
			t.Errorf("Remove of %s succeeded", what)
		}
	}
	if n := len(sim.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// TestSilentAdd: TikTok says yes and changes nothing. Where it does not keep
// quiet, a look tells that somebody is there.
func TestSilentAdd(t *testing.T) {
	c, sim := simulated(t, &hubsim.Generate{Members: 2, Admins: 1, Invitations: 1}, nil)
	for _, email := range []string{"member-00002@generated.example", "invitee-00001@generated.example"} {
		m, err := c.Add(t.Context(), testHub, hub.Add{Email: email, Role: roleAdmin})
		if err != nil || m.ID != "" {
			t.Errorf("%s: %+v (error: %v)", email, m, err)
		}
		seen, err := c.Lookup(t.Context(), testHub, hub.Key{Email: email})
		if err != nil || seen.Role != roleStandard {
			t.Errorf("%s: %+v (error: %v)", email, seen, err)
		}
	}
	if err := sim.Configure(Name, testHub.BusinessID, hubsim.Settings{"invite_bound": "refuse"}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Add(t.Context(), testHub, hub.Add{Email: "Member-00002@generated.example", Role: roleAdmin})
	if f := c.Explain(err); f.Reason != hub.ReasonConflict || f.Code == "" || f.RequestID == "" || f.Uncertain || !strings.Contains(f.Detail, "active, role STANDARD") {
		t.Errorf("fault = %+v (error: %v)", f, err)
	}
}

// TestFullCenter: whichever general code TikTok refuses with, the numbers tell.
func TestFullCenter(t *testing.T) {
	for _, code := range []int{codeInvalid, codeDenied} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			behaviour := hubsim.Settings{"cap_code": code}
			c, sim := simulated(t, &hubsim.Generate{Members: maxMembers - 1, Invitations: 1, Admins: 1}, behaviour)
			_, err := c.Add(t.Context(), testHub, hub.Add{Email: "one.more@acme.example", Role: roleStandard})
			f := c.Explain(err)
			if f.Reason != hub.ReasonSeatLimit || !strings.Contains(f.Detail, "4000 members") || f.Code != fmt.Sprint(code) || f.Uncertain {
				t.Errorf("fault = %+v (error: %v)", f, err)
			}
			if n := len(sim.Requests()); n > 4 {
				t.Errorf("%d requests: %v", n, sim.CountOps())
			}

			c, _ = simulated(t, &hubsim.Generate{Members: 25, Admins: maxAdmins}, behaviour)
			_, err = c.Add(t.Context(), testHub, hub.Add{Email: "one.more@acme.example", Role: roleAdmin})
			if f := c.Explain(err); f.Reason != hub.ReasonSeatLimit || !strings.Contains(f.Detail, "20 Admins") {
				t.Errorf("invite: fault = %+v (error: %v)", f, err)
			}
			m, err := c.Lookup(t.Context(), testHub, hub.Key{Email: "member-00025@generated.example"})
			if err != nil {
				t.Fatal(err)
			}
			err = c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: roleAdmin})
			if f := c.Explain(err); f.Reason != hub.ReasonSeatLimit || !strings.Contains(f.Detail, "20 Admins") {
				t.Errorf("promotion: fault = %+v (error: %v)", f, err)
			}
			// With room left, or filters that TikTok does not apply, the refusal
			// stays what it was.
			for name, list := range map[string]string{"room": listed(1, 1, 1, bound(0, 1)...), "no filter": listed(1, maxMembers, 200, bound(0, 20)...), "no filter by role": listed(1, 300, 15, bound(0, 20)...)} {
				c, _ = dial(t, func(_ int, r sent) reply {
					switch {
					case r.method == http.MethodPost:
						return reply{body: refused(code, "No.")}
					case r.filter.RelationStatus == statusPending && name != "no filter":
						return reply{body: listed(1, 0, 0)}
					default:
						return reply{body: list}
					}
				})
				_, err = c.Add(t.Context(), testHub, hub.Add{Email: "one.more@acme.example", Role: roleAdmin})
				if f := c.Explain(err); f.Reason != map[int]hub.Reason{codeInvalid: hub.ReasonInvalidInput, codeDenied: hub.ReasonForbidden}[code] {
					t.Errorf("%s: fault = %+v (error: %v)", name, f, err)
				}
			}
		})
	}
}

// TestRefusedChange: what the two general codes mean is found out by looking.
func TestRefusedChange(t *testing.T) {
	admin := func(id, email string) string { return row(id, email, "ADMIN", "BOUND") }
	dana := hub.Member{ID: "7000000000000000001", Email: "dana@acme.example", Status: hub.StatusActive, Role: roleAdmin}
	me := `{"code":0,"message":"OK","request_id":"1","data":{"core_user_id":"999","email":"%s"}}`
	for _, tt := range []struct {
		name     string
		code     int
		member   hub.Member
		demote   bool
		admins   []string
		self     string
		noLook   bool // reads are refused as well
		noMember bool
		want     hub.Reason
	}{
		{name: "the last admin goes", code: codeDenied, member: dana, admins: []string{admin(dana.ID, dana.Email)}, want: hub.ReasonLastAdmin},
		{name: "the last admin is demoted", code: codeInvalid, member: dana, demote: true, admins: []string{admin(dana.ID, dana.Email)}, want: hub.ReasonLastAdmin},
		{name: "the last admin, and it is the caller", code: codeDenied, member: dana, admins: []string{admin(dana.ID, dana.Email)}, self: "dana@acme.example", want: hub.ReasonLastAdmin},
		{name: "the caller goes", code: codeDenied, member: dana, admins: []string{admin(dana.ID, dana.Email), admin("7000000000000000005", "kim@acme.example")}, self: "DANA@acme.example", want: hub.ReasonSelfLockout},
		{name: "another admin goes", code: codeDenied, member: dana, admins: []string{admin(dana.ID, dana.Email), admin("7000000000000000005", "kim@acme.example")}, self: "kim@acme.example", want: hub.ReasonForbidden},
		{name: "nobody may look either", code: codeDenied, member: dana, noLook: true, want: hub.ReasonForbidden},
		{name: "no admin at all", code: codeDenied, member: leeSeat, want: hub.ReasonForbidden},
		{name: "unknown to TikTok", code: codeInvalid, member: leeSeat, noMember: true, want: hub.ReasonNotFound},
		{name: "known, and refused", code: codeInvalid, member: leeSeat, want: hub.ReasonInvalidInput},
		{name: "nobody may look whether known", code: codeInvalid, member: leeSeat, noLook: true, want: hub.ReasonInvalidInput},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, w := dial(t, func(_ int, r sent) reply {
				switch {
				case r.method == http.MethodPost:
					return reply{body: refused(tt.code, "No.")}
				case tt.noLook:
					return reply{body: refused(codeDenied, "No.")}
				case r.path == "/open_api/v1.3/user/info/":
					return reply{body: fmt.Sprintf(me, tt.self)}
				case r.filter.UserRole == roleAdmin:
					return reply{body: listed(1, len(tt.admins), 1, tt.admins...)}
				case tt.noMember:
					return reply{body: listed(1, 1, 1, row("7000000000000000007", "other@acme.example", "ADMIN", "BOUND"))}
				default:
					return reply{body: listed(1, 1, 1, row(tt.member.ID, tt.member.Email, tt.member.Role, "BOUND"))}
				}
			})
			var err error
			if tt.demote {
				err = c.ChangeRole(t.Context(), testHub, tt.member, hub.RoleChange{Role: roleStandard})
			} else {
				err = c.Remove(t.Context(), testHub, tt.member)
			}
			f := c.Explain(err)
			if f.Reason != tt.want || f.Code != fmt.Sprint(tt.code) || f.Uncertain || f.Detail == "" {
				t.Errorf("fault = %+v, want %s (error: %v)", f, tt.want, err)
			}
			writes := 0
			for _, r := range w.asked() {
				if r.method == http.MethodPost {
					writes++
				}
			}
			if writes != 1 {
				t.Errorf("%d writes", writes)
			}
		})
	}
}

// oneCenter is an answer of /bc/get/.
func oneCenter(status, role string) string {
	return fmt.Sprintf(`{"code":0,"message":"OK","request_id":"2026010112000002","data":{
		"list":[{"bc_info":{"bc_id":"6900000000000000001","name":"Acme BC","company":"Acme Ltd","currency":"USD","registered_area":"US","status":%q,"timezone":"America/New_York","type":"NORMAL","organization_type":""},
			"user_role":%q,"ext_user_role":{"finance_role":"MANAGER"},"binding_status":"BOUND"}],
		"page_info":{"page":1,"page_size":10,"total_number":1,"total_page":1}}}`, status, role)
}

func TestVerify(t *testing.T) {
	const user = `{"code":0,"message":"OK","request_id":"1","data":{"core_user_id":"7000000000000000001","display_name":"Ops Bot","email":"ops@acme.example"}}`
	for _, tt := range []struct {
		name, user, center string
		want               hub.Reason // "" is success
		says               string
	}{
		{"good", user, oneCenter("ENABLE", "ADMIN"), "", ""},
		{"good, id as a number", user, strings.Replace(oneCenter("ENABLE", "ADMIN"), `"6900000000000000001"`, `6900000000000000001`, 1), "", ""},
		{"wrong token", refused(40105, "Access token is incorrect or has been revoked."), "", hub.ReasonUnauthenticated, "check the access token"},
		{"wrong app", user, refused(40001, "No permission."), hub.ReasonForbidden, "approved for the Business Center permissions"},
		{"wrong id", user, strings.ReplaceAll(oneCenter("ENABLE", "ADMIN"), "6900000000000000001", "6900000000000000002"), hub.ReasonNotFound, "org_id="},
		{"no center at all", user, `{"code":0,"message":"OK","request_id":"1","data":{"list":[]}}`, hub.ReasonNotFound, "belongs to no Business Center with id 6900000000000000001"},
		{"malformed id", user, refused(40002, "bc_id: not an integer"), hub.ReasonInvalidInput, "id first"},
		{"under review", user, oneCenter("REVIEWING", "ADMIN"), hub.ReasonForbidden, "Wait for the review"},
		{"turned down", user, oneCenter("DENY", "ADMIN"), hub.ReasonForbidden, "submit them again"},
		{"suspended", user, oneCenter("PUNISH", "ADMIN"), hub.ReasonForbidden, "appeal"},
		{"a status of no document", user, oneCenter("ASLEEP", "ADMIN"), hub.ReasonForbidden, `"ASLEEP"`},
		{"a standard member", user, oneCenter("ENABLE", "STANDARD"), hub.ReasonForbidden, "the role STANDARD in Business Center 6900000000000000001"},
		{"no role", user, oneCenter("ENABLE", ""), hub.ReasonForbidden, "no role"},
		{"no answer of TikTok's", user, `<html>`, hub.ReasonUnknown, "check Business Center"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, w := dial(t, func(_ int, r sent) reply {
				if r.path == "/open_api/v1.3/user/info/" {
					return reply{body: tt.user}
				}
				return reply{body: tt.center}
			})
			b, err := c.Verify(t.Context(), testHub)
			if len(w.asked()) > 2 {
				t.Errorf("%d requests", len(w.asked()))
			}
			if tt.want == "" {
				if err != nil || b.ID != testHub.BusinessID || b.Name != "Acme BC" {
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

// TestSelf: by id or by address, whichever of the two fits, and never an id that
// nobody on the hub has.
func TestSelf(t *testing.T) {
	admins := listed(1, 2, 1, row("7000000000000000001", "ops@acme.example", "ADMIN", "BOUND"), row("7000000000000000005", "kim@acme.example", "ADMIN", "BOUND"))
	for _, tt := range []struct {
		name, id, email string
		ids             []string
		wantEmail       string
	}{
		{"both", `"7000000000000000001"`, "Ops@acme.example", []string{"7000000000000000001"}, "ops@acme.example"},
		{"the id, as a number", `7000000000000000001`, "", []string{"7000000000000000001"}, ""},
		{"another id space", `"123"`, "ops@acme.example", []string{"7000000000000000001"}, "ops@acme.example"},
		{"a masked address", `"7000000000000000001"`, "o**@acme.example", []string{"7000000000000000001"}, ""},
		{"nobody here", `"123"`, "somebody@else.example", nil, "somebody@else.example"},
		{"nothing to go by", `""`, "", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dial(t, func(_ int, r sent) reply {
				if r.path == "/open_api/v1.3/user/info/" {
					return reply{body: fmt.Sprintf(`{"code":0,"message":"OK","request_id":"1","data":{"core_user_id":%s,"display_name":"Ops","email":%q}}`, tt.id, tt.email)}
				}
				return reply{body: admins}
			})
			self, err := c.Self(t.Context(), testHub)
			if err != nil || !slices.Equal(self.MemberIDs, tt.ids) || self.Email != tt.wantEmail {
				t.Errorf("self = %+v (error: %v)", self, err)
			}
		})
	}
	c, _ := dial(t, always(refused(codeDenied, "No.")))
	if _, err := c.Self(t.Context(), testHub); c.Explain(err).Reason != hub.ReasonForbidden {
		t.Errorf("an error is not nobody: %v", err)
	}
}

func TestSettings(t *testing.T) {
	for _, tt := range []struct {
		name, value, says string
		ok                bool
	}{
		{settingAccessToken, " ", "TIKTOK_ACCESS_TOKEN", false},
		{settingAccessToken, " " + testToken + "\n", "", true},
		{settingEndpoint, "", "", true},
		{settingEndpoint, "https://proxy.example/tiktok/", "", true},
		{settingEndpoint, "http://business-api.tiktok.com", `"http://business-api.tiktok.com"`, false},
		{settingEndpoint, "https://a:hunter2@proxy.example", "the value", false},
		{settingEndpoint, "https://proxy.example/?x=1", "https://business-api.tiktok.com", false},
	} {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			settings := map[string]string{settingAccessToken: testToken}
			settings[tt.name] = tt.value
			_, err := New(hub.Options{Settings: settings})
			var setting *hub.SettingError
			switch {
			case tt.ok && err != nil:
				t.Error(err)
			case !tt.ok && (!errors.As(err, &setting) || setting.Setting != tt.name || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "hunter2")):
				t.Errorf("error = %v", err)
			}
		})
	}
	for _, s := range Driver().Settings {
		if env := map[string]string{settingAccessToken: "TIKTOK_ACCESS_TOKEN", settingEndpoint: "TIKTOK_BASE_URL"}[s.Name]; s.Env != env {
			t.Errorf("%s is read from %s", s.Name, s.Env)
		}
	}
}

// manyBusinesses is a credential with a part in so many businesses that their
// list takes three pages.
func manyBusinesses(t *testing.T) (c *Connector, sim *hubsim.Sim, ids []string) {
	t.Helper()
	sim = hubsim.New()
	var seed hubsim.Seed
	for i := range 120 {
		id := fmt.Sprintf("69000000000000%05d", i)
		ids = append(ids, id)
		seed.Hubs = append(seed.Hubs, hubsim.HubSeed{Platform: Name, BusinessID: id, Name: fmt.Sprintf("Northwind %03d", i), People: []hubsim.PersonSeed{{Email: itLead, Role: roleAdmin}}})
	}
	seed.Credentials = []hubsim.Credential{{"platform": Name, "name": "roster", "access_token": testToken, "email": itLead}}
	if err := sim.Apply(seed); err != nil {
		t.Fatal(err)
	}
	c, err := open(hub.Options{UserAgent: "test", Settings: map[string]string{
		settingAccessToken: testToken, settingEndpoint: hubsim.Endpoint(sim.Start(t), Name),
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
