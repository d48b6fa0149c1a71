package snapchatbusiness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// tasks are the writes and a read.
var tasks = map[string]func(context.Context, *Connector) error{
	"list": func(ctx context.Context, c *Connector) error {
		_, err := c.Members(ctx, testHub)
		return err
	},
	"invite": func(ctx context.Context, c *Connector) error {
		_, err := c.Add(ctx, testHub, hub.Add{Email: "new.hire@acme.example", Role: roleMember})
		return err
	},
	"role": func(ctx context.Context, c *Connector) error {
		return c.ChangeRole(ctx, testHub, adaSeat, hub.RoleChange{Role: roleDataAdmin})
	},
	"remove": func(ctx context.Context, c *Connector) error { return c.Remove(ctx, testHub, adaSeat) },
}

// requestError is an error of the whole request, in the shape that public
// clients keep samples of.
func requestError(code string) string {
	field := ""
	if code != "" {
		field = `,"error_code":"` + code + `"`
	}
	return `{"request_status":"ERROR","request_id":"5ea0-42","debug_message":"the debug words","display_message":"the display words"` + field + `}`
}

// itemError is an error of the one item in a request.
func itemError(plural, text string) string {
	return fmt.Sprintf(`{"request_status":"ERROR","request_id":"5ea0-42",%q:[{"sub_request_status":"ERROR","sub_request_error_reason":%q}]}`, plural, text)
}

const html = `<html><body>Bad gateway</body></html>`

// TestErrorTable goes through the error table of the contract. The organization's
// lists are those of somebody who is there, so that what a look at them adds is
// seen too.
func TestErrorTable(t *testing.T) {
	for _, tt := range []struct {
		task      string
		status    int
		body      string
		want      hub.Reason
		uncertain bool
		code      string
		detail    string // a part of it
	}{
		{"list", 400, requestError("E1001"), hub.ReasonInvalidInput, false, "E1001", "value"},
		{"invite", 400, requestError(""), hub.ReasonInvalidInput, false, "HTTP 400", "value"},
		{"invite", 400, requestError("E1001"), hub.ReasonInvalidInput, false, "E1001", "value"},
		{"list", 400, requestError("E9001"), hub.ReasonUnknown, false, "E9001", "too large"},
		{"list", 401, requestError("E3001"), hub.ReasonUnauthenticated, false, "E3001", "authorise the app anew"},
		{"remove", 401, requestError("E3002"), hub.ReasonUnauthenticated, false, "E3002", "authorise the app anew"},
		{"invite", 401, ``, hub.ReasonUnauthenticated, false, "HTTP 401", "authorise the app anew"},
		{"list", 403, requestError("E3003"), hub.ReasonForbidden, false, "E3003", "Organization Admin"},
		{"invite", 403, requestError(""), hub.ReasonForbidden, false, "HTTP 403", "Organization Admin"},
		{"role", 403, requestError("E3003"), hub.ReasonForbidden, false, "E3003", "Organization Admin"},
		{"remove", 403, requestError("E3003"), hub.ReasonForbidden, false, "E3003", "Organization Admin"},
		{"list", 404, requestError("E3003"), hub.ReasonNotFound, false, "E3003", "organization's id"},
		{"invite", 404, requestError("E3003"), hub.ReasonNotFound, false, "E3003", "organization's id"},
		{"remove", 404, requestError("E3003"), hub.ReasonForbidden, false, "E3003", "is on the hub"}, // looked: still there
		{"remove", 404, requestError(""), hub.ReasonForbidden, false, "HTTP 404", "is on the hub"},
		{"remove", 200, fmt.Sprintf(noEntity, "members"), hub.ReasonForbidden, false, "E3004", "is on the hub"},
		{"invite", 200, fmt.Sprintf(noEntity, "members"), hub.ReasonForbidden, false, "E3004", "one breath"},
		{"list", 200, requestError("E3004"), hub.ReasonForbidden, false, "E3004", "one breath"},
		{"invite", 200, itemError("members", "Error code: E2025, message: display_name is required"), hub.ReasonInvalidInput, false, "E2025", "value"},
		{"invite", 200, `{"request_status":"SUCCESS","members":[{"sub_request_status":"error","error_type":"e4001","message":"not now"}]}`, hub.ReasonInvalidInput, false, "E4001", "value"},
		{"remove", 200, itemError("members", "Error code: E4001, message: not now"), hub.ReasonInvalidInput, false, "E4001", "value"},
		{"remove", 200, itemError("members", "words alone, of GRADE4711"), hub.ReasonUnknown, false, "HTTP 200", ""},
		{"remove", 200, requestError(""), hub.ReasonUnknown, false, "HTTP 200", ""},
		{"list", 405, requestError(""), hub.ReasonUnknown, false, "HTTP 405", "upgrade"},
		{"list", 406, requestError(""), hub.ReasonUnknown, false, "HTTP 406", "upgrade"},
		{"remove", 410, requestError(""), hub.ReasonUnknown, false, "HTTP 410", "upgrade"},
		{"invite", 418, requestError(""), hub.ReasonUnknown, false, "HTTP 418", "upgrade"},
		{"list", 429, requestError(""), hub.ReasonRateLimited, false, "HTTP 429", "10 a second"},
		{"invite", 429, html, hub.ReasonRateLimited, false, "HTTP 429", "10 a second"},
		{"list", 500, requestError(""), hub.ReasonUnavailable, false, "HTTP 500", "of its own"},
		{"invite", 500, requestError(""), hub.ReasonUnavailable, true, "HTTP 500", "of its own"},
		{"role", 502, html, hub.ReasonUnavailable, true, "HTTP 502", "out of order"},
		{"remove", 503, requestError(""), hub.ReasonUnavailable, true, "HTTP 503", "of its own"},
		{"remove", 504, html, hub.ReasonUnavailable, true, "HTTP 504", "out of order"},
		{"list", 504, html, hub.ReasonUnavailable, false, "HTTP 504", "out of order"},
		{"role", 501, requestError(""), hub.ReasonUnknown, false, "HTTP 501", "upgrade"},
		// Outside the table.
		{"list", 404, html, hub.ReasonUnknown, false, "HTTP 404", "proxy"},
		{"list", 200, html, hub.ReasonUnknown, false, "HTTP 200", "proxy"},
		{"invite", 200, html, hub.ReasonOutcomeUnknown, true, "HTTP 200", "proxy"},
		{"invite", 200, `{"request_status":"SUCCESS","members":[]}`, hub.ReasonOutcomeUnknown, true, "HTTP 200", "0 entities"},
		{"invite", 200, `{"request_status":"SUCCESS","members":[{"sub_request_status":"SUCCESS","member":{"email":"sam@acme.example"}}]}`, hub.ReasonOutcomeUnknown, true, "HTTP 200", "with an id"},
		{"invite", 200, `{"request_status":"SUCCESS"}`, hub.ReasonOutcomeUnknown, true, "HTTP 200", "0 entities"},
		{"invite", 200, `{"request_status":"PARTIAL"}`, hub.ReasonOutcomeUnknown, true, "HTTP 200", "part"},
		{"invite", 200, `{"request_status":"ERROR","members":[` + samRow + `]}`, hub.ReasonOutcomeUnknown, true, "HTTP 200", "no item of it failed"},
		{"remove", 200, `{"members":[]}`, hub.ReasonOutcomeUnknown, true, "HTTP 200", "does not say"},
		{"remove", 200, `{"request_status":"PENDING","members":[]}`, hub.ReasonOutcomeUnknown, true, "HTTP 200", "PENDING"},
		{"invite", 409, requestError(""), hub.ReasonUnknown, false, "HTTP 409", ""},
	} {
		t.Run(fmt.Sprintf("%s %d %.40s", tt.task, tt.status, tt.body), func(t *testing.T) {
			failing := reply{status: tt.status, body: tt.body}
			sends := 0
			c, _ := dial(t, func(_ int, r sent) reply {
				switch {
				case r.method != http.MethodGet, tt.task == "list" && strings.HasSuffix(r.path, "/members"):
					sends++
					return failing
				case strings.HasSuffix(r.path, "/members"):
					return reply{body: ok("members", adaRow)}
				default:
					return reply{body: ok("roles", strings.Replace(adaRoleRow, "admin", "member", 1))}
				}
			})
			err := tasks[tt.task](t.Context(), c)
			if err == nil {
				t.Fatal("no error")
			}
			got := c.Explain(err)
			if got.Reason != tt.want || got.Uncertain != tt.uncertain || got.Code != tt.code {
				t.Errorf("fault = %q, uncertain %t, code %s, want %q, %t, %s (error: %v)", got.Reason, got.Uncertain, got.Code, tt.want, tt.uncertain, tt.code, err)
			}
			if tt.detail != "" && !strings.Contains(got.Detail, tt.detail) {
				t.Errorf("detail = %q, want something with %q", got.Detail, tt.detail)
			}
			if strings.Contains(tt.body, "display words") && (got.Message != "the display words" || got.RequestID != "5ea0-42") {
				t.Errorf("message = %q, request id %q", got.Message, got.RequestID)
			}
			// Reads meet an outage twice; a write goes out again only when it was
			// certainly not looked at.
			most := map[bool]int{true: 2, false: 1}[tt.status == 429 || tt.task == "list" && tt.status >= 500 && tt.status != 501]
			if tt.task == "role" {
				most = 2 // in place, then the other way
			}
			if sends > most || got.Attempts > most {
				t.Errorf("sent %d times, attempts %d", sends, got.Attempts)
			}
		})
	}
}

// A duplicate is a conflict, whatever Snap says to it; looking is sure.
func TestRefusedInvitation(t *testing.T) {
	for _, tt := range []struct {
		name    string
		refused reply
		there   []string
		want    hub.Reason
		looks   int
	}{
		{"there", reply{body: itemError("members", "Error code: E2002, message: exists")}, []string{samRow}, hub.ReasonConflict, 2},
		{"there, by HTTP", reply{status: 400, body: requestError("E1001")}, []string{samRow}, hub.ReasonConflict, 2},
		{"not there", reply{body: itemError("members", "Error code: E2002, message: exists")}, []string{adaRow}, hub.ReasonInvalidInput, 1},
		{"nobody to be seen", reply{body: itemError("members", "Error code: E2002")}, []string{`{"sub_request_status":"ERROR"}`}, hub.ReasonInvalidInput, 1},
		{"not allowed", reply{status: 403, body: requestError("")}, []string{samRow}, hub.ReasonForbidden, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, w := dial(t, orgWith(tt.there, nil, func(_ int, r sent) reply {
				if strings.HasSuffix(r.path, "/roles") {
					return reply{body: ok("roles", samRoleRow)}
				}
				return tt.refused
			}))
			lists := 0
			answer := w.answer
			w.answer = func(n int, r sent) reply {
				if r.method == "GET" {
					lists++
				} else if strings.HasSuffix(r.path, org+"/members") {
					return tt.refused
				}
				return answer(n, r)
			}
			_, err := c.Add(t.Context(), testHub, hub.Add{Email: "SAM@acme.example", Role: roleAdmin})
			if f := c.Explain(err); f.Reason != tt.want || f.Uncertain || lists != tt.looks {
				t.Errorf("fault = %+v after %d looks (error: %v)", f, lists, err)
			}
		})
	}
}

// An answer with the member there is: nobody was invited, and their role is not
// roster's to change.
func TestExistingMemberAnswered(t *testing.T) {
	for name, tt := range map[string]struct {
		row, roles string
		want       hub.Reason // "" is success
		role       string
		posts      int
	}{
		"another role":                  {samRow, ok("roles", samRoleRow), hub.ReasonConflict, roleAdmin, 1},
		"the same role":                 {samRow, ok("roles", samRoleRow), "", roleMember, 1},
		"an active member without one":  {adaRow, ok("roles"), hub.ReasonConflict, roleAdmin, 1},
		"no role yet":                   {samRow, ok("roles"), "", roleAdmin, 2},
		"roles on an ad account only":   {samRow, ok("roles", strings.Replace(samRoleRow, `"container_id":"`+org, `"container_id":"`+stranger, 1)), "", roleAdmin, 2},
		"a kind and no container's id":  {samRow, ok("roles", strings.Replace(samRoleRow, `"container_id":"`+org+`",`, ``, 1)), hub.ReasonConflict, roleAdmin, 1},
		"neither a kind nor its id":     {samRow, ok("roles", strings.NewReplacer(`"container_id":"`+org+`",`, ``, `"container_kind":"Organizations",`, ``).Replace(samRoleRow)), "", roleAdmin, 2},
		"somebody else's roles as well": {samRow, ok("roles", adaRoleRow), "", roleMember, 2},
	} {
		t.Run(name, func(t *testing.T) {
			posts := 0
			c, _ := dial(t, func(_ int, r sent) reply {
				switch {
				case r.method == "GET":
					return reply{body: tt.roles}
				case strings.HasSuffix(r.path, "/members"):
					posts++
					return reply{body: ok("members", tt.row)}
				default:
					posts++
					return reply{body: ok("roles", samRoleRow)}
				}
			})
			m, err := c.Add(t.Context(), testHub, hub.Add{Email: "sam@acme.example", Role: tt.role})
			switch {
			case tt.want == "" && (err != nil || m.Role != tt.role || m.ID != samID):
				t.Errorf("%+v (error: %v)", m, err)
			case tt.want != "" && (err == nil || c.Explain(err).Reason != tt.want || m.ID != ""):
				t.Errorf("%+v, fault = %+v (error: %v)", m, c.Explain(err), err)
			}
			if posts != tt.posts {
				t.Errorf("%d posts, want %d", posts, tt.posts)
			}
		})
	}
}

// TestHalfAddedReasons: whatever keeps the role away, the member comes back with
// an id and the error says what is true.
func TestHalfAddedReasons(t *testing.T) {
	for _, tt := range []struct {
		name      string
		look      reply // the roles of the new member
		role      reply
		want      hub.Reason
		uncertain bool
		says      string
	}{
		{"refused", reply{body: ok("roles")}, reply{body: itemError("roles", "Error code: E4001, message: no")}, hub.ReasonAwaitingAcceptance, false, "not accepted"},
		{"not allowed", reply{body: ok("roles")}, reply{status: 403, body: requestError("E3003")}, hub.ReasonForbidden, false, "Organization Admin"},
		{"no entity", reply{body: ok("roles")}, reply{body: fmt.Sprintf(noEntity, "roles")}, hub.ReasonForbidden, false, "is on the hub"},
		{"an outage", reply{body: ok("roles")}, reply{status: 503, body: html}, hub.ReasonUnavailable, true, "out of order"},
		{"an outage before", reply{status: 503, body: html}, reply{status: 500}, hub.ReasonUnavailable, false, "out of order"},
		{"a bad answer", reply{body: ok("roles")}, reply{body: ok("roles")}, hub.ReasonOutcomeUnknown, true, "0 entities"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dial(t, orgWith([]string{samRow}, nil, func(_ int, r sent) reply {
				switch {
				case r.method == "GET":
					return tt.look
				case strings.HasSuffix(r.path, "/members"):
					return reply{body: ok("members", samRow)}
				default:
					return tt.role
				}
			}))
			m, err := c.Add(t.Context(), testHub, hub.Add{Email: "sam@acme.example", Role: roleMember})
			f := c.Explain(err)
			if err == nil || m.ID != samID || m.Role != "" || m.Email == "" || m.Status != hub.StatusInvited {
				t.Errorf("%+v (error: %v)", m, err)
			}
			if f.Reason != tt.want || f.Uncertain != tt.uncertain || !strings.Contains(f.Detail, tt.says) || !strings.Contains(f.Detail, "has no role yet") {
				t.Errorf("fault = %+v", f)
			}
		})
	}
}

// TestRefusedTaking: "no such entity or no permission" is looked into.
func TestRefusedTaking(t *testing.T) {
	admin := strings.Replace(samRoleRow, "MEMBER", "admin", 1)
	active := strings.NewReplacer("INVITED", "MEMBER").Replace(samRow)
	for _, tt := range []struct {
		name    string
		refused reply
		people  []string
		roles   []string
		want    hub.Reason
	}{
		{"gone", reply{body: fmt.Sprintf(noEntity, "members")}, []string{active}, []string{admin}, hub.ReasonNotFound},
		{"gone, by HTTP", reply{status: 404, body: requestError("E3003")}, []string{active}, []string{admin}, hub.ReasonNotFound},
		{"there", reply{body: fmt.Sprintf(noEntity, "members")}, []string{adaRow, active}, []string{admin}, hub.ReasonForbidden},
		{"one of two admins", reply{body: fmt.Sprintf(noEntity, "members")}, []string{adaRow, active}, []string{adaRoleRow, admin}, hub.ReasonForbidden},
		{"the last admin", reply{body: fmt.Sprintf(noEntity, "members")}, []string{adaRow, active}, []string{adaRoleRow}, hub.ReasonLastAdmin},
		{"the other is only invited", reply{body: fmt.Sprintf(noEntity, "members")}, []string{adaRow, samRow}, []string{adaRoleRow, admin}, hub.ReasonLastAdmin},
		{"the last admin, by a rule", reply{body: itemError("members", "Error code: E4002, message: no")}, []string{adaRow}, []string{adaRoleRow}, hub.ReasonLastAdmin},
		{"a rule", reply{body: itemError("members", "Error code: E4002, message: no")}, []string{adaRow}, nil, hub.ReasonInvalidInput},
		{"a rule, and gone", reply{body: itemError("members", "Error code: E4002, message: no")}, []string{active}, nil, hub.ReasonInvalidInput},
		{"nobody to be seen", reply{body: fmt.Sprintf(noEntity, "members")}, []string{`{"sub_request_status":"ERROR"}`}, nil, hub.ReasonForbidden},
		{"the last admin, not allowed", reply{status: 403, body: requestError("")}, []string{adaRow}, []string{adaRoleRow}, hub.ReasonForbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, w := dial(t, orgWith(tt.people, tt.roles, always(tt.refused)))
			err := c.Remove(t.Context(), testHub, adaSeat)
			f := c.Explain(err)
			if f.Reason != tt.want || f.Uncertain || f.Attempts != 1 || errors.Is(err, hub.ErrAbsent) {
				t.Errorf("fault = %+v (error: %v)", f, err)
			}
			if deletes := slices.DeleteFunc(w.calls(), func(call string) bool { return !strings.HasPrefix(call, "DELETE") }); len(deletes) != 1 {
				t.Errorf("%q", w.calls())
			}
		})
	}
}

// What is no question of permission, of an invitation, is one of the API.
func TestWithdrawalAgainstARule(t *testing.T) {
	c, _ := dial(t, orgWith([]string{adaRow, samRow}, []string{adaRoleRow, samRoleRow}, always(reply{body: itemError("members", "Error code: E4003, message: not a member")})))
	for status, want := range map[hub.Status]hub.Reason{hub.StatusInvited: hub.ReasonUnsupported, hub.StatusActive: hub.ReasonInvalidInput} {
		err := c.Remove(t.Context(), testHub, hub.Member{ID: samID, Email: "sam@acme.example", Status: status})
		if f := c.Explain(err); f.Reason != want || f.Uncertain || f.Code != "E4003" {
			t.Errorf("%s: fault = %+v (error: %v)", status, f, err)
		}
	}
}

// The words are Snap's for people where there are any, else those for programmers.
func TestWords(t *testing.T) {
	for body, want := range map[string]string{
		`{"request_status":"ERROR","debug_message":"debug","display_message":"display","error_code":"E1001"}`: "display",
		`{"request_status":"ERROR","debug_message":"debug","error_code":"E1001"}`:                             "debug",
		`{"request_status":"ERROR","debug_message":"debug","display_message":"E1001","error_code":"E1001"}`:   "debug",
		`{"request_status":"ERROR","debug_message":"no ` + testToken + `"}`:                                   "no ***",
		`{"request_status":"ERROR","display_message":"display","error_code":3004}`:                            "display",
	} {
		c, _ := dial(t, always(reply{status: 400, body: body}))
		_, err := c.Self(t.Context(), testHub)
		if f := c.Explain(err); f.Message != want || strings.Contains(err.Error(), testToken) {
			t.Errorf("%s: fault = %+v (error: %v)", body, f, err)
		}
	}
}

// script answers the writes of a role change in turn, and the reads from what
// the writes have left.
type script struct {
	roles   []string // rows of the member's roles
	people  []string
	self    string // my_member_id
	replies []reply
	writes  []string
}

func (s *script) answer(_ int, r sent) reply {
	switch {
	case r.method != "GET":
		s.writes = append(s.writes, r.method)
		if len(s.replies) == 0 {
			return reply{status: 418, body: requestError("")}
		}
		next := s.replies[0]
		s.replies = s.replies[1:]
		return next
	case strings.HasSuffix(r.path, "/me/organizations"):
		return reply{body: ok("organizations", `{"sub_request_status":"SUCCESS","organization":{"id":"`+org+`","name":"Acme","my_member_id":"`+s.self+`"}}`)}
	case strings.HasSuffix(r.path, "/members"):
		return reply{body: ok("members", s.people...)}
	default:
		return reply{body: ok("roles", s.roles...)}
	}
}

// TestRoleChangeBreaksOff: wherever it stops, the error says what was done and
// whether what is left is what was there.
func TestRoleChangeBreaksOff(t *testing.T) {
	old := strings.Replace(adaRoleRow, `"admin"`, `"business_admin"`, 1)
	given := reply{body: ok("roles", strings.NewReplacer(adaRole, "11111111-0000-4021-ad61-4e1964ab3111", `"admin"`, `"data_admin"`).Replace(adaRoleRow))}
	upserted := reply{body: ok("roles", strings.Replace(adaRoleRow, `"admin"`, `"data_admin"`, 1))}
	gone := reply{body: `{"request_status":"SUCCESS","roles":[]}`}
	off := reply{status: 405, body: requestError("")}
	rule := reply{body: itemError("roles", "Error code: E4001, message: one role a member")}
	entity := reply{body: fmt.Sprintf(noEntity, "roles")}
	down := reply{status: 503, body: html}
	for _, tt := range []struct {
		name      string
		roles     []string
		replies   []reply
		self      string
		writes    string
		want      hub.Reason // "" is success
		uncertain bool
		says      string
	}{
		{"the PUT's outcome is open", []string{old}, []reply{down}, "", "PUT", hub.ReasonUnavailable, true, "out of order"},
		{"not by this token", []string{old}, []reply{{status: 401, body: requestError("")}}, "", "PUT", hub.ReasonUnauthenticated, false, ""},
		{"neither way", []string{old}, []reply{off, {status: 403, body: requestError("")}}, "", "PUT POST", hub.ReasonForbidden, false, "Nothing was changed"},
		{"the POST's outcome is open", []string{old}, []reply{off, down}, "", "PUT POST", hub.ReasonUnavailable, true, "out of order"},
		{"changed in place by the POST", []string{old}, []reply{off, upserted}, "", "PUT POST", "", false, ""},
		{"the old one stays, the new one goes back", []string{old}, []reply{off, given, rule, gone}, "", "PUT POST DELETE DELETE", hub.ReasonInvalidInput, false, "taken back"},
		{"both stay", []string{old}, []reply{off, given, entity, rule}, "", "PUT POST DELETE DELETE", hub.ReasonForbidden, true, "now holds data_admin and business_admin"},
		{"the DELETE's outcome is open", []string{old}, []reply{off, given, down}, "", "PUT POST DELETE", hub.ReasonUnavailable, true, "not known"},
		{"one at a time", []string{old}, []reply{off, rule, gone, given}, "", "PUT POST DELETE POST", "", false, ""},
		{"one at a time, and not the old one away", []string{old}, []reply{off, rule, rule}, "", "PUT POST DELETE", hub.ReasonInvalidInput, false, "nor take business_admin away"},
		{"one at a time, and the old one back", []string{old}, []reply{off, rule, gone, rule, given}, "", "PUT POST DELETE POST POST", hub.ReasonInvalidInput, false, "given back"},
		{"one at a time, and none left", []string{old}, []reply{off, rule, gone, rule, rule}, "", "PUT POST DELETE POST POST", hub.ReasonInvalidInput, true, "no role now"},
		{"one at a time, open", []string{old}, []reply{off, rule, gone, down}, "", "PUT POST DELETE POST", hub.ReasonUnavailable, true, "not known"},
		{"one at a time, of the connection itself", []string{old}, []reply{off, rule}, adaID, "PUT POST", hub.ReasonSelfLockout, false, "Nothing was changed"},
		{"two held, none of them wanted", []string{old, strings.Replace(samRoleRow, samID, adaID, 1)}, []reply{upserted, gone}, "", "PUT DELETE", "", false, ""},
		{"two held, one of them wanted", []string{old, strings.NewReplacer(samID, adaID, "MEMBER", "Data_Admin").Replace(samRoleRow)}, []reply{gone}, "", "DELETE", "", false, ""},
		{"two held, and the other stays", []string{old, strings.NewReplacer(samID, adaID, "MEMBER", "data_admin").Replace(samRoleRow)}, []reply{rule}, "", "DELETE", hub.ReasonInvalidInput, false, "could not be rid of business_admin"},
		{"held already", []string{strings.Replace(old, "business_admin", "DATA_ADMIN", 1)}, nil, "", "", "", false, ""},
		{"none held", nil, []reply{given}, "", "POST", "", false, ""},
		{"none held, refused", nil, []reply{rule}, "", "POST", hub.ReasonInvalidInput, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{roles: tt.roles, people: []string{adaRow, samRow}, self: cmp.Or(tt.self, samID), replies: tt.replies}
			c, _ := dial(t, s.answer)
			err := c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: roleDataAdmin})
			if got := strings.Join(s.writes, " "); got != tt.writes {
				t.Errorf("writes %s, want %s", got, tt.writes)
			}
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if f := c.Explain(err); err == nil || f.Reason != tt.want || f.Uncertain != tt.uncertain || !strings.Contains(f.Detail, tt.says) {
				t.Errorf("fault = %+v, want %s, uncertain %t, saying %q (error: %v)", f, tt.want, tt.uncertain, tt.says, err)
			}
		})
	}
}

// A refused PUT of the last administrator goes no other way.
func TestLastAdminIsNotGoneAround(t *testing.T) {
	s := &script{roles: []string{adaRoleRow}, people: []string{adaRow, samRow}, replies: []reply{{body: fmt.Sprintf(noEntity, "roles")}}}
	c, _ := dial(t, s.answer)
	err := c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: roleMember})
	if f := c.Explain(err); f.Reason != hub.ReasonLastAdmin || f.Uncertain || len(s.writes) != 1 {
		t.Errorf("fault = %+v after %q (error: %v)", f, s.writes, err)
	}
}

// Nobody is given a role who is not there.
func TestNoRoleForNobody(t *testing.T) {
	c, w := dial(t, orgWith([]string{samRow}, nil, always(reply{status: 404, body: requestError("E3003")})))
	err := c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: roleMember})
	if f := c.Explain(err); f.Reason != hub.ReasonNotFound || slices.ContainsFunc(w.calls(), func(s string) bool { return !strings.HasPrefix(s, "GET") }) {
		t.Errorf("fault = %+v after %q (error: %v)", f, w.calls(), err)
	}
}

// A write must never go to an object named by accident.
func TestWritesWantAnID(t *testing.T) {
	c, w := dial(t, always(reply{body: `{"request_status":"SUCCESS","members":[]}`}))
	for _, id := range []string{"", "me", adaID + "/roles", "5cf59a25", "../" + adaID} {
		m := hub.Member{ID: id, Email: "ada@acme.example", Status: hub.StatusActive}
		if err := c.Remove(t.Context(), testHub, m); err == nil {
			t.Errorf("Remove of id %q succeeded", id)
		}
		if err := c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: roleAdmin}); err == nil {
			t.Errorf("ChangeRole of id %q succeeded", id)
		}
		if _, err := c.Lookup(t.Context(), testHub, hub.Key{ID: id}); err == nil || errors.Is(err, hub.ErrAbsent) {
			t.Errorf("Lookup of id %q: %v", id, err)
		}
	}
	for _, role := range []string{"general", "creative", "Admin", "catalog_admin", ""} {
		_, err := c.Add(t.Context(), testHub, hub.Add{Email: "ada@acme.example", Role: role})
		if got := c.Explain(err).Reason; got != hub.ReasonInvalidRole {
			t.Errorf("Add as %q: reason = %q (error: %v)", role, got, err)
		}
	}
	if len(w.requests) != 0 {
		t.Errorf("%q", w.calls())
	}
}

// TestLookup goes through what the two unconfirmed calls can answer.
func TestLookup(t *testing.T) {
	for _, tt := range []struct {
		name         string
		key          hub.Key
		member, role reply
		people       []string
		want         string // id; "" is absent
		reason       hub.Reason
	}{
		{"found", hub.Key{ID: adaID}, reply{body: ok("members", adaRow)}, reply{body: ok("roles", adaRoleRow)}, nil, adaID, ""},
		{"no call for the roles of one", hub.Key{ID: adaID}, reply{body: ok("members", adaRow)}, reply{status: 404, body: html}, nil, adaID, ""},
		{"no call for one", hub.Key{ID: adaID}, reply{status: 404, body: requestError("E3003")}, reply{status: 405, body: html}, []string{samRow, adaRow}, adaID, ""},
		{"no call for one, an address first", hub.Key{ID: adaID, Email: "sam@acme.example"}, reply{status: 403, body: requestError("")}, reply{body: ok("roles", adaRoleRow)}, []string{samRow, adaRow}, adaID, ""},
		{"another organization's", hub.Key{ID: adaID}, reply{body: ok("members", strings.Replace(adaRow, org, stranger, 1))}, reply{}, []string{samRow}, "", ""},
		{"gone", hub.Key{ID: adaID}, reply{body: fmt.Sprintf(noEntity, "members")}, reply{}, []string{samRow}, "", ""},
		{"gone, and back under another id", hub.Key{ID: adaID, Email: "SAM@acme.example"}, reply{status: 404, body: requestError("E3003")}, reply{body: ok("roles")}, []string{samRow}, samID, ""},
		{"refused", hub.Key{ID: adaID}, reply{status: 401, body: requestError("")}, reply{}, []string{adaRow}, "", hub.ReasonUnauthenticated},
		{"down", hub.Key{ID: adaID}, reply{status: 503, body: html}, reply{}, nil, "", hub.ReasonUnavailable},
		{"the roles down", hub.Key{ID: adaID}, reply{body: ok("members", adaRow)}, reply{status: 503, body: html}, nil, "", hub.ReasonUnavailable},
		{"the list not to be seen", hub.Key{ID: adaID}, reply{status: 404, body: requestError("E3003")}, reply{}, []string{`{"sub_request_status":"ERROR","sub_request_error_reason":"E3004"}`}, "", hub.ReasonForbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dial(t, orgWith(tt.people, []string{adaRoleRow, samRoleRow}, func(_ int, r sent) reply {
				if strings.HasSuffix(r.path, "/roles") {
					return tt.role
				}
				return tt.member
			}))
			m, err := c.Lookup(t.Context(), testHub, tt.key)
			switch {
			case tt.want != "" && (err != nil || m.ID != tt.want || m.ID == adaID && m.Role != roleAdmin):
				t.Errorf("%+v (error: %v)", m, err)
			case tt.want == "" && (err == nil || errors.Is(err, hub.ErrAbsent) != (tt.reason == "")):
				t.Errorf("%+v (error: %v)", m, err)
			case tt.reason != "" && c.Explain(err).Reason != tt.reason:
				t.Errorf("fault = %+v (error: %v)", c.Explain(err), err)
			}
		})
	}
}

// TestStatus is the rule for statuses, those nobody documents included.
func TestStatus(t *testing.T) {
	for _, tt := range []struct {
		status, username string
		want             hub.Status
		warned           bool
	}{
		{"MEMBER", "", hub.StatusActive, false},
		{"member", "", hub.StatusActive, false},
		{"Invited", "dana.acme", hub.StatusInvited, false},
		{"", "dana.acme", hub.StatusActive, true},
		{"", "", hub.StatusInvited, true},
		{"DEACTIVATED", "dana.acme", hub.StatusActive, true},
		{"EXPIRED", "", hub.StatusInvited, true},
	} {
		t.Run(tt.status+" "+tt.username, func(t *testing.T) {
			row := strings.NewReplacer(`"MEMBER"`, `"`+tt.status+`"`, "dana.acme", tt.username).Replace(adaRow)
			c, w := dial(t, orgWith([]string{row}, nil, always(reply{})))
			for range 2 {
				members, err := c.Members(t.Context(), testHub)
				if err != nil || members[0].Status != tt.want {
					t.Errorf("%+v (error: %v)", members, err)
				}
			}
			if got := strings.Count(w.log.String(), "does not document"); got != map[bool]int{true: 1}[tt.warned] {
				t.Errorf("warned %d times", got)
			}
		})
	}
}

// Two roles after a change that broke off: the more powerful one shows.
func TestForemost(t *testing.T) {
	for _, tt := range []struct {
		types []string
		want  string
	}{
		{nil, ""},
		{[]string{"MEMBER"}, roleMember},
		{[]string{"member", "Admin"}, roleAdmin},
		{[]string{"data_admin", "business_admin", "member"}, roleBusinessAdmin},
		{[]string{"business_admin", "New_Role"}, "New_Role"},
		{[]string{"New_Role", "admin"}, roleAdmin},
	} {
		var held []role
		for _, name := range tt.types {
			held = append(held, role{Type: name})
		}
		if got := foremost(held); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.types, got, tt.want)
		}
	}
}

func TestVerify(t *testing.T) {
	const me = `{"request_status":"SUCCESS","request_id":"b5","me":{"id":"` + adaID + `","email":"Ops@acme.example","organization_id":"` + org + `","display_name":"Ops Bot","member_status":"MEMBER"},` +
		`"members":[{"id":"` + samID + `","email":"ops@acme.example","organization_id":"` + sister + `","member_status":"MEMBER"}]}`
	acme := func(more string) string {
		return `{"sub_request_status":"SUCCESS","organization":{"id":"` + org + `","name":"Acme","type":"ENTERPRISE"` + more + `}}`
	}
	other := `{"sub_request_status":"SUCCESS","organization":{"id":"` + sister + `","name":"Other","state":"ACTIVE","roles":["admin"]}}`
	for _, tt := range []struct {
		name          string
		me            reply
		organizations reply
		members       reply
		roles         reply
		want          hub.Reason // "" is success
		says          string     // in the error, or in a note
	}{
		{name: "an admin", organizations: reply{body: ok("organizations", other, acme(`,"state":"ACTIVE","roles":["admin"],"my_member_id":"`+adaID+`"`))}},
		{name: "an admin in capitals", organizations: reply{body: ok("organizations", acme(`,"state":"active","roles":["member","ADMIN"]`))}},
		{name: "a business admin", organizations: reply{body: ok("organizations", acme(`,"roles":["business_admin"]`))}, says: "does not say"},
		{name: "a data admin", organizations: reply{body: ok("organizations", acme(`,"roles":["data_admin","member"]`))}, want: hub.ReasonForbidden, says: "data_admin and member"},
		{name: "roles on the second page", organizations: reply{body: ok("organizations", acme(`,"my_member_id":"`+adaID+`"`))}, roles: reply{body: ok("roles", adaRoleRow)}},
		{name: "the seat from the identity", organizations: reply{body: ok("organizations", acme(``))}, roles: reply{body: ok("roles", adaRoleRow)}},
		{name: "no role at all", organizations: reply{body: ok("organizations", acme(``))}, roles: reply{body: ok("roles")}, want: hub.ReasonForbidden, says: "no role"},
		{name: "roles not to be read", organizations: reply{body: ok("organizations", acme(``))}, roles: reply{status: 403, body: requestError("")}, want: hub.ReasonForbidden, says: "permission"},
		{name: "no seat to be found", me: reply{body: strings.ReplaceAll(me, org, stranger)}, organizations: reply{body: ok("organizations", acme(``))}, want: hub.ReasonForbidden, says: "no role"},
		{name: "another organization", organizations: reply{body: ok("organizations", other)}, want: hub.ReasonNotFound, says: sister + " (Other)"},
		{name: "no organization", organizations: reply{body: ok("organizations")}, want: hub.ReasonNotFound, says: "to no organization"},
		{name: "many others", organizations: reply{body: ok("organizations", func() (rows []string) {
			for i := range 7 {
				rows = append(rows, strings.Replace(other, sister, fmt.Sprintf("o%d", i), 1))
			}
			return rows
		}()...)}, want: hub.ReasonNotFound, says: "and 2 more"},
		{name: "suspended", organizations: reply{body: ok("organizations", acme(`,"state":"suspended","roles":["admin"]`))}, want: hub.ReasonForbidden, says: "SUSPENDED"},
		{name: "a dead token", me: reply{status: 401, body: requestError("E3001")}, want: hub.ReasonUnauthenticated, says: "access token"},
		{name: "nobody", me: reply{body: `{"request_status":"SUCCESS"}`}, want: hub.ReasonUnknown, says: "names nobody"},
		{name: "a failure in a 200", me: reply{body: requestError("E3004")}, want: hub.ReasonForbidden, says: "access token"},
		{name: "organizations refused", organizations: reply{status: 403, body: requestError("")}, want: hub.ReasonForbidden, says: "check organization"},
		{name: "members refused", organizations: reply{body: ok("organizations", acme(`,"roles":["admin"]`))}, members: reply{status: 403, body: requestError("")}, want: hub.ReasonForbidden, says: "manage the members"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			or := func(r reply, body string) reply {
				if r.body == "" {
					r.body = body
				}
				return r
			}
			c, _ := dial(t, func(_ int, r sent) reply {
				switch path := strings.TrimPrefix(r.path, "/proxy/v1"); {
				case path == "/me":
					return or(tt.me, me)
				case path == "/me/organizations":
					return tt.organizations
				case path == "/organizations/"+org+"/members" && r.query.Get("limit") == "50":
					return or(tt.members, ok("members", adaRow))
				case path == "/members/"+adaID+"/roles", path == "/organizations/"+org+"/roles":
					return tt.roles
				default:
					t.Errorf("unexpected %s", r)
					return reply{status: 500}
				}
			})
			b, err := c.Verify(t.Context(), testHub)
			if tt.want == "" {
				if err != nil || b.ID != org || b.Name != "Acme" || !strings.Contains(strings.Join(b.Notes, " "), tt.says) || (tt.says == "") != (len(b.Notes) == 0) {
					t.Errorf("%+v (error: %v)", b, err)
				}
				return
			}
			if f := c.Explain(err); err == nil || f.Reason != tt.want || f.Detail == "" || !strings.Contains(err.Error()+f.Detail, tt.says) {
				t.Errorf("fault = %+v, want %s saying %q (error: %v)", f, tt.want, tt.says, err)
			}
		})
	}
	t.Run("self", func(t *testing.T) {
		for name, want := range map[string]struct {
			organization string
			me           string
			self         hub.Identity
		}{
			"told":             {acme(`,"my_member_id":"` + samID + `"`), me, hub.Identity{MemberIDs: []string{samID}}},
			"from the seat":    {acme(``), me, hub.Identity{MemberIDs: []string{adaID}, Name: "Ops Bot"}},
			"from another one": {strings.Replace(acme(``), org, sister, 1), me, hub.Identity{}},
			"by address":       {acme(``), strings.ReplaceAll(me, org, stranger), hub.Identity{Email: "ops@acme.example", Name: "Ops Bot"}},
		} {
			c, _ := dial(t, func(_ int, r sent) reply {
				if strings.HasSuffix(r.path, "/me") {
					return reply{body: want.me}
				}
				return reply{body: ok("organizations", want.organization)}
			})
			self, err := c.Self(t.Context(), testHub)
			if err != nil || !slices.Equal(self.MemberIDs, want.self.MemberIDs) || self.Email != want.self.Email || self.Name != want.self.Name {
				t.Errorf("%s: %+v (error: %v)", name, self, err)
			}
		}
	})
}

func TestSettings(t *testing.T) {
	with := func(base map[string]string, more ...string) map[string]string {
		for i := 0; i < len(more); i += 2 {
			base[more[i]] = more[i+1]
		}
		return base
	}
	for _, tt := range []struct {
		name     string
		settings map[string]string
		setting  string // of the *hub.SettingError; "none" is a *hub.NotConfiguredError, "" legal
		says     string
	}{
		{"refresh", refreshSettings(), "", ""},
		{"access", accessSettings(), "", ""},
		{"both", with(refreshSettings(), settingAccessToken, testToken), "", ""},
		{"another tool's client", with(accessSettings(), settingClientID, testClient), "", ""},
		{"nothing", map[string]string{settingAccessToken: " "}, "none", envRefreshToken},
		{"no secret", with(refreshSettings(), settingClientSecret, " "), settingClientSecret, envClientSecret},
		{"a client alone", map[string]string{settingClientID: testClient}, settingClientSecret, "no client_secret and no refresh_token"},
		{"a refresh token alone", with(accessSettings(), settingRefreshToken, testRefresh), settingClientID, envClientID},
		{"endpoint with version", with(accessSettings(), settingEndpoint, "https://adsapi.snapchat.com/v1/"), "", ""},
		{"endpoint", with(accessSettings(), settingEndpoint, "http://adsapi.snapchat.com"), settingEndpoint, `"http://adsapi.snapchat.com"`},
		{"endpoint with a password", with(accessSettings(), settingEndpoint, "https://a:hunter2@proxy.example"), settingEndpoint, "the value"},
		{"token url", with(refreshSettings(), settingTokenURL, "http://accounts.snapchat.com/x"), settingTokenURL, defaultTokenURL},
		{"token url of nothing", with(refreshSettings(), settingTokenURL, "accounts.snapchat.com"), settingTokenURL, "https"},
		{"token url with a password", with(refreshSettings(), settingTokenURL, "https://a:hunter2@proxy.example"), settingTokenURL, "the value"},
		{"token url on loopback", with(refreshSettings(), settingTokenURL, "http://127.0.0.1:8080/login/oauth2/access_token"), "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(hub.Options{Settings: tt.settings})
			var setting *hub.SettingError
			var none *hub.NotConfiguredError
			switch {
			case tt.setting == "" && err != nil:
				t.Error(err)
			case tt.setting == "":
			case tt.setting == "none" && !errors.As(err, &none),
				tt.setting != "none" && (!errors.As(err, &setting) || setting.Setting != tt.setting),
				!strings.Contains(err.Error(), tt.says), strings.Contains(err.Error(), "hunter2"), strings.Contains(err.Error(), testSecret):
				t.Errorf("error = %v", err)
			}
		})
	}
}

// TestUnanswered: what no answer came to.
func TestUnanswered(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	c, err := open(hub.Options{Settings: map[string]string{settingAccessToken: testToken, settingEndpoint: closed.URL}}, func(c *transport.Config) {
		brief(c)
		c.Attempts = 2
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, task := range tasks {
		if f := c.Explain(task(t.Context(), c)); f.Reason != hub.ReasonUnavailable || f.Uncertain {
			t.Errorf("%s without a connection: %+v", name, f)
		}
	}

	hangs := make(chan struct{})
	c, w := dial(t, func(_ int, r sent) reply {
		if r.method == "GET" {
			return reply{body: ok("roles", strings.Replace(adaRoleRow, "admin", "member", 1))}
		}
		<-hangs
		return reply{}
	})
	t.Cleanup(func() { close(hangs) })
	for _, name := range []string{"invite", "role", "remove"} {
		before := len(w.calls())
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		f := c.Explain(tasks[name](ctx, c))
		cancel()
		writes := 0
		for _, call := range w.calls()[before:] {
			if !strings.HasPrefix(call, "GET") {
				writes++
			}
		}
		if f.Reason != hub.ReasonTimeout || !f.Uncertain || writes != 1 {
			t.Errorf("%s that hangs: %+v after %d writes", name, f, writes)
		}
	}
	if f := c.Explain(&answer.Lost{Effect: writes, Cause: &transport.Error{Sent: true, Attempts: 1, Err: transport.ErrRedirect}}); f.Reason != hub.ReasonOutcomeUnknown || !f.Uncertain {
		t.Errorf("%+v", f)
	}
	if f := c.Explain(&answer.Lost{Cause: &transport.Error{Sent: true, Attempts: 1, Err: transport.ErrRedirect}}); f.Reason != hub.ReasonUnknown || f.Uncertain {
		t.Errorf("%+v", f)
	}
}
