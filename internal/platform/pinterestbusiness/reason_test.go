package pinterestbusiness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// TestErrorTable goes through the error table of Pinterest's document. The texts
// are made up: nothing may hang on them.
func TestErrorTable(t *testing.T) {
	for _, tt := range []struct {
		task      string
		status    int
		code      int
		want      hub.Reason
		uncertain bool
		detail    string // a part of it
	}{
		{"list", 400, 1, hub.ReasonInvalidInput, false, "value"},
		{"list", 400, 400, hub.ReasonInvalidInput, false, "value"},
		{"list", 401, 2, hub.ReasonUnauthenticated, false, "access token"},
		{"invite", 401, 2, hub.ReasonUnauthenticated, false, "access token"},
		{"list", 401, 401, hub.ReasonUnauthenticated, false, "access token"},
		{"list", 401, 3, hub.ReasonForbidden, false, "biz_access:write"},
		{"remove", 401, 3, hub.ReasonForbidden, false, "biz_access:write"},
		{"list", 401, 29, hub.ReasonForbidden, false, "BIZ_ADMIN"},
		{"invite", 403, 29, hub.ReasonForbidden, false, "business_id"},
		{"role", 401, 7, hub.ReasonForbidden, false, "BIZ_ADMIN"},
		{"list", 400, 1104, hub.ReasonUnauthenticated, false, "access token"},
		{"list", 403, 403, hub.ReasonForbidden, false, "BIZ_ADMIN"},
		{"invite", 403, 2625, hub.ReasonForbidden, false, "disapproved"},
		{"list", 403, 2625, hub.ReasonForbidden, false, adminURL},
		{"role", 403, 2626, hub.ReasonForbidden, false, "reviewing"},
		{"list", 403, 654, hub.ReasonForbidden, false, "Convert"},
		{"list", 404, 404, hub.ReasonNotFound, false, "business_id"},
		{"invite", 404, 30, hub.ReasonNotFound, false, "business_id"}, // not a rate limit here
		{"list", 404, 50, hub.ReasonNotFound, false, "business_id"},
		{"list", 409, 409, hub.ReasonUnknown, false, "conflict"},
		{"remove", 409, 409, hub.ReasonUnknown, false, "Sync"},
		{"list", 429, 8, hub.ReasonRateLimited, false, "trial"},
		{"invite", 429, 30, hub.ReasonRateLimited, false, "Nothing was changed"}, // not "no such user" here
		{"list", 500, 500, hub.ReasonUnavailable, false, "Apply again later"},
		{"invite", 500, 500, hub.ReasonUnavailable, true, "Apply again later"},
		{"role", 502, 500, hub.ReasonUnavailable, true, "Apply again later"},
		{"remove", 503, 500, hub.ReasonUnavailable, true, "Apply again later"},
		{"cancel", 504, 500, hub.ReasonUnavailable, true, "Apply again later"},
		// Outside the table.
		{"list", 418, 7, hub.ReasonUnknown, false, ""},
		{"list", 403, 12345, hub.ReasonForbidden, false, "BIZ_ADMIN"},
		{"invite", 500, 29, hub.ReasonUnavailable, true, "Apply again later"},
	} {
		t.Run(fmt.Sprintf("%s %d-%d", tt.task, tt.status, tt.code), func(t *testing.T) {
			c, w := dial(t, always(say{status: tt.status, body: fmt.Sprintf(`{"code":%d,"message":"some text"}`, tt.code)}))
			err := tasks[tt.task](t.Context(), c)
			if err == nil {
				t.Fatal("no error")
			}
			got := c.Explain(err)
			if got.Reason != tt.want || got.Uncertain != tt.uncertain {
				t.Errorf("reason = %q, uncertain = %t, want %q, %t (error: %v)", got.Reason, got.Uncertain, tt.want, tt.uncertain, err)
			}
			if (tt.detail == "") != (got.Detail == "") || !strings.Contains(got.Detail, tt.detail) {
				t.Errorf("detail = %q, want something with %q", got.Detail, tt.detail)
			}
			if got.Code != fmt.Sprint(tt.code) || got.RequestID != "4711" || got.Message != "some text" || got.Attempts == 0 {
				t.Errorf("fault = %+v", got)
			}
			sent := 0
			for _, call := range w.calls() {
				if call == "POST invites" {
					sent++
				}
			}
			if tt.task == "invite" && tt.status != 429 && sent > 1 {
				t.Errorf("the invitation was sent %d times", sent)
			}
		})
	}
}

// TestRefusedInvitation: what an exception inside a 200 means.
func TestRefusedInvitation(t *testing.T) {
	exception := func(code, inputs string) string {
		return `{"items":[{"exception":{"code":` + code + `,"message":"some text","users_or_partner_ids":` + inputs + `,"invite_or_request_id":null},"invite":null}]}`
	}
	const ours = `["sam@acme.example"]`
	for _, tt := range []struct {
		name, body string
		status     int
		there      string // "", "invited" or "member"
		want       hub.Reason
		uncertain  bool
		says       string
	}{
		{name: "too many invitations", body: exception("403", ours), want: hub.ReasonSeatLimit, says: "open invitations"},
		{name: "among several inputs", body: exception("403", `["lee_ads","SAM@acme.example"]`), want: hub.ReasonSeatLimit, says: "open invitations"},
		{name: "no inputs named", body: exception("403", `null`), want: hub.ReasonSeatLimit, says: "open invitations"},
		{name: "invited already", body: exception("403", ours), there: "invited", want: hub.ReasonConflict, says: "invited"},
		{name: "a member already", body: exception("400", ours), there: "member", want: hub.ReasonConflict, says: "active"},
		{name: "a member already, 409", body: exception("409", ours), there: "member", want: hub.ReasonConflict, says: "EMPLOYEE"},
		{name: "malformed", body: exception("400", ours), want: hub.ReasonInvalidInput, says: "e-mail"},
		{name: "not to be invited", body: exception("404", ours), want: hub.ReasonInvalidInput, says: "invite"},
		{name: "may not act", body: exception("29", ours), want: hub.ReasonForbidden, says: "BIZ_ADMIN"},
		{name: "under review", body: exception("2626", ours), want: hub.ReasonForbidden, says: "review"},
		{name: "limited", body: exception("429", ours), want: hub.ReasonRateLimited, says: "calls"},
		{name: "limited, own code", body: exception("8", ours), want: hub.ReasonRateLimited, says: "calls"},
		{name: "30 without a status says nothing", body: exception("30", ours), want: hub.ReasonUnknown},
		{name: "stumbled", body: exception("500", ours), want: hub.ReasonUnavailable, uncertain: true, says: "later"},
		{name: "a code of no meaning", body: exception("4711", ours), want: hub.ReasonUnknown},
		{name: "whole call, present", body: `{"code":400,"message":"some text"}`, status: 400, there: "member", want: hub.ReasonConflict, says: "active"},
		{name: "whole call, 409, present", body: `{"code":409,"message":"some text"}`, status: 409, there: "invited", want: hub.ReasonConflict, says: "invited"},

		{name: "about a stranger", body: exception("403", `["lee_ads"]`), want: hub.ReasonOutcomeUnknown, uncertain: true, says: "nobody asked for"},
		{name: "a stranger invited", body: strings.Replace(samTaken, "sam@", "bob@", 1), want: hub.ReasonOutcomeUnknown, uncertain: true, says: "nobody asked for"},
		{name: "ours and a stranger", body: `{"items":[` + strings.TrimSuffix(strings.TrimPrefix(samTaken, `{"items":[`), `]}`) + `,{"invite":{"id":"1","user":{"email":"bob@acme.example"}}}]}`, want: hub.ReasonOutcomeUnknown, uncertain: true, says: "2 items"},
		{name: "no item", body: `{"items":[]}`, want: hub.ReasonOutcomeUnknown, uncertain: true, says: "0 items"},
		{name: "an empty item", body: `{"items":[{"invite":null,"exception":null}]}`, want: hub.ReasonOutcomeUnknown, uncertain: true, says: "neither"},
		{name: "yes and no", body: `{"items":[{"invite":{"id":"1","user":null},"exception":{"code":403,"message":"m"}}]}`, want: hub.ReasonOutcomeUnknown, uncertain: true, says: "neither"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, w := dial(t, func(_ int, r sent) say {
				switch {
				case r.is("POST invites"):
					return say{status: tt.status, body: tt.body}
				case r.is("GET invites") && tt.there == "invited":
					return say{body: items(samRow)}
				case r.is("GET members") && tt.there == "member":
					return say{body: items(leeRow, strings.NewReplacer("Lee@", "Sam@", "lee_ads", "sam_ads").Replace(leeRow))}
				default:
					return say{body: nobody}
				}
			})
			c.now = func() time.Time { return samTime }
			m, err := c.Add(t.Context(), testHub, hub.Add{Email: "Sam@acme.example", Role: roleEmployee})
			f := c.Explain(err)
			if err == nil || f.Reason != tt.want || f.Uncertain != tt.uncertain || !strings.Contains(f.Detail, tt.says) || (tt.says == "") != (f.Detail == "") {
				t.Errorf("fault = %+v, want %s saying %q (error: %v)", f, tt.want, tt.says, err)
			}
			if f.Reason != hub.ReasonOutcomeUnknown && (f.Message != "some text" || f.Code == "") {
				t.Errorf("what Pinterest said is lost: %+v", f)
			}
			if m.ID != "" || w.calls()[0] != "POST invites" || strings.Count(strings.Join(w.calls(), " "), "POST") != 1 {
				t.Errorf("member = %+v after %v", m, w.calls())
			}
		})
	}
}

// Somebody whom Pinterest knows may be shown by user name alone.
func TestInvitedByAccount(t *testing.T) {
	c, _ := dial(t, always(say{body: `{"items":[{"invite":{"id":"500100200300400501","user":{"id":"383791336903420009","username":"sam_ads","email":null}}}]}`}))
	m, err := c.Add(t.Context(), testHub, hub.Add{Email: "sam@acme.example", Role: roleAdmin})
	if err != nil || m.ID != samInvite || m.Email != "sam@acme.example" || m.Username != "sam_ads" || m.Role != roleAdmin || m.Status != hub.StatusInvited {
		t.Errorf("member = %+v (error: %v)", m, err)
	}
	// An id that is none would make the next removal miss.
	c, _ = dial(t, always(say{body: `{"items":[{"invite":{"id":"abc","user":null}}]}`}))
	if m, err := c.Add(t.Context(), testHub, hub.Add{Email: "sam@acme.example", Role: roleAdmin}); err != nil || m.ID != "" {
		t.Errorf("member = %+v (error: %v)", m, err)
	}
}

// TestAnswersOfWrites: a 200 is not success until it says so, and where it
// says "nobody" a look tells why.
func TestAnswersOfWrites(t *testing.T) {
	const (
		cancelNo = `{"items":[{"exception":{"invite_id":"500100200300400501","message":"current status does not allow this"}}]}`
		denied   = `{"code":29,"message":"no"}`
	)
	admin := strings.Replace(leeRow, roleEmployee, roleAdmin, 1)
	for _, tt := range []struct {
		name, task, answer string
		status             int
		then               string // answer to the look, "" when there is none to be
		thenStatus         int
		want               hub.Reason // "" is success
		uncertain          bool
	}{
		{name: "done", task: "role", answer: leeAdmin},
		{name: "left out, and gone", task: "role", answer: `{"items":[]}`, then: nobody, want: hub.ReasonNotFound},
		{name: "left out, and not changed", task: "role", answer: `{"items":[]}`, then: items(leeRow), want: hub.ReasonUnknown},
		{name: "left out, and changed", task: "role", answer: `{"items":[]}`, then: items(admin)},
		{name: "left out, and not to be seen", task: "role", answer: `{}`, then: denied, thenStatus: 403, want: hub.ReasonUnknown, uncertain: true},
		{name: "the old role in the answer", task: "role", answer: strings.Replace(leeAdmin, roleAdmin, roleEmployee, 1), then: items(leeRow), want: hub.ReasonUnknown},
		{name: "somebody else in the answer", task: "role", answer: strings.Replace(leeAdmin, "0002", "0003", 1), want: hub.ReasonOutcomeUnknown, uncertain: true},
		{name: "404, and gone", task: "role", answer: `{"code":404,"message":"m"}`, status: 404, then: nobody, want: hub.ReasonNotFound},
		{name: "404, and the business too", task: "role", answer: `{"code":404,"message":"m"}`, status: 404, then: `{"code":404,"message":"m"}`, thenStatus: 404, want: hub.ReasonNotFound},
		{name: "the look shows somebody else", task: "role", answer: `{"items":[]}`, then: items(strings.ReplaceAll(leeRow, "0002", "0003")), want: hub.ReasonUnknown, uncertain: true},

		{name: "done", task: "remove", answer: leeGone},
		{name: "left out, and gone", task: "remove", answer: `{"deleted_members":[]}`, then: nobody, want: hub.ReasonNotFound},
		{name: "left out, and there", task: "remove", answer: `{"deleted_members":[]}`, then: items(leeRow), want: hub.ReasonUnknown},
		{name: "left out, with another role", task: "remove", answer: `{"deleted_members":[]}`, then: items(admin), want: hub.ReasonUnknown},
		{name: "refused, with another role", task: "remove", answer: `{"code":1,"message":"m"}`, status: 400, then: items(admin), want: hub.ReasonUnknown},
		{name: "refused, with that role", task: "remove", answer: `{"code":1,"message":"m"}`, status: 400, then: items(leeRow), want: hub.ReasonInvalidInput},
		{name: "no list, and not to be seen", task: "remove", answer: `{}`, then: denied, thenStatus: 403, want: hub.ReasonUnknown, uncertain: true},
		{name: "somebody else in the answer", task: "remove", answer: strings.Replace(leeGone, "0002", "0003", 1), want: hub.ReasonOutcomeUnknown, uncertain: true},
		{name: "both in the answer", task: "remove", answer: `{"deleted_members":["383791336903420002","1"]}`, want: hub.ReasonOutcomeUnknown, uncertain: true},

		{name: "done", task: "cancel", answer: samGone},
		{name: "no status told", task: "cancel", answer: `{"items":[{"invite":{"id":"500100200300400501"}}]}`},
		{name: "refused, and gone", task: "cancel", answer: cancelNo, then: nobody, want: hub.ReasonNotFound},
		{name: "refused, and open", task: "cancel", answer: cancelNo, then: items(samRow), want: hub.ReasonUnknown, uncertain: true},
		{name: "the whole call refused, and open", task: "cancel", answer: `{"code":1,"message":"m"}`, status: 400, then: items(samRow), want: hub.ReasonInvalidInput},
		{name: "refused, and not to be seen", task: "cancel", answer: cancelNo, then: denied, thenStatus: 403, want: hub.ReasonUnknown, uncertain: true},
		{name: "refused, and ran out", task: "cancel", answer: cancelNo, then: items(strings.Replace(samRow, "PENDING", "EXPIRED", 1)), want: hub.ReasonNotFound},
		{name: "accepted meanwhile", task: "cancel", answer: strings.Replace(samGone, "CANCELLED", "ACCEPTED", 1), then: nobody, want: hub.ReasonNotFound},
		{name: "still pending", task: "cancel", answer: strings.Replace(samGone, "CANCELLED", "PENDING", 1), then: items(samRow), want: hub.ReasonUnknown, uncertain: true},
		{name: "pending, and not to be seen", task: "cancel", answer: strings.Replace(samGone, "CANCELLED", "PENDING", 1), then: denied, thenStatus: 403, want: hub.ReasonUnknown, uncertain: true},
		{name: "another invitation", task: "cancel", answer: strings.Replace(samGone, "0501", "0502", 1), want: hub.ReasonOutcomeUnknown, uncertain: true},
		{name: "an exception of another", task: "cancel", answer: strings.Replace(cancelNo, "0501", "0502", 1), want: hub.ReasonOutcomeUnknown, uncertain: true},
		{name: "no item", task: "cancel", answer: `{"items":[]}`, want: hub.ReasonOutcomeUnknown, uncertain: true},
	} {
		t.Run(tt.task+"/"+tt.name, func(t *testing.T) {
			c, w := dial(t, func(n int, _ sent) say {
				if n == 0 {
					return say{status: tt.status, body: tt.answer}
				}
				return say{status: tt.thenStatus, body: tt.then}
			})
			c.now = func() time.Time { return samTime }
			err := tasks[tt.task](t.Context(), c)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
			} else if f := c.Explain(err); err == nil || f.Reason != tt.want || f.Uncertain != tt.uncertain || f.Detail == "" && f.Message == "" {
				t.Errorf("fault = %+v, want %s, uncertain %t (error: %v)", f, tt.want, tt.uncertain, err)
			}
			if f := c.Explain(err); tt.answer == cancelNo && f.Code != "" { // it has none, which is not 0
				t.Errorf("code = %q", f.Code)
			}
			if looked := len(w.requests) > 1; looked != (tt.then != "") {
				t.Errorf("sent %v", w.calls())
			}
			for _, call := range w.calls()[1:] {
				if !strings.HasPrefix(call, "GET ") {
					t.Errorf("wrote again: %v", w.calls())
				}
			}
		})
	}
}

// TestGuards: "you may not" is sorted further when it is about an administrator.
func TestGuards(t *testing.T) {
	const denied = `{"code":29,"message":"no"}`
	root := strings.Replace(leeRow, roleEmployee, roleAdmin, 1)
	other := strings.ReplaceAll(root, "0002", "0009")
	boss := lee
	boss.Role = roleAdmin
	for _, tt := range []struct {
		name    string
		who     hub.Member
		admins  say
		account string
		want    hub.Reason
	}{
		{"the only one", boss, say{body: items(root)}, "", hub.ReasonLastAdmin},
		{"the filter is ignored", boss, say{body: items(root, strings.ReplaceAll(leeRow, "0002", "0009"))}, "", hub.ReasonLastAdmin},
		{"oneself", boss, say{body: items(root, other)}, strings.Replace(acme, "729090764583390001", leeID, 1), hub.ReasonSelfLockout},
		{"one of two", boss, say{body: items(root, other)}, acme, hub.ReasonForbidden},
		{"nobody among them", boss, say{body: nobody}, "", hub.ReasonForbidden},
		{"not among them", boss, say{body: items(other)}, "", hub.ReasonForbidden},
		{"not to be seen", boss, say{status: 403, body: denied}, "", hub.ReasonForbidden},
		{"no administrator", lee, say{status: 500}, "", hub.ReasonForbidden},
	} {
		for _, status := range []int{401, 403} {
			t.Run(fmt.Sprintf("%s/%d", tt.name, status), func(t *testing.T) {
				c, _ := dial(t, func(_ int, r sent) say {
					switch {
					case r.method != http.MethodGet:
						return say{status: status, body: denied}
					case r.is("GET user_account"):
						return say{body: tt.account}
					case r.query.Get("business_roles") != roleAdmin:
						t.Errorf("read all members: %v", r.query)
					}
					return tt.admins
				})
				for what, err := range map[string]error{
					"remove": c.Remove(t.Context(), testHub, tt.who),
					"demote": c.ChangeRole(t.Context(), testHub, tt.who, hub.RoleChange{Role: roleEmployee}),
				} {
					if f := c.Explain(err); f.Reason != tt.want || f.Uncertain || f.Code != "29" || f.Detail == "" {
						t.Errorf("%s: fault = %+v, want %s (error: %v)", what, f, tt.want, err)
					}
				}
			})
		}
	}
}

// What comes back when a proxy answers, or nobody does.
func TestAnswersThatAreNotPinterests(t *testing.T) {
	same := func(reason, ofList hub.Reason) map[string]hub.Reason {
		return map[string]hub.Reason{"list": ofList, "invite": reason, "role": reason, "remove": reason, "cancel": reason}
	}
	for _, tt := range []struct {
		name      string
		answer    say
		want      map[string]hub.Reason
		uncertain bool // of the writes
	}{
		{"gateway page", say{status: 502, body: "<html><h1>502 Bad Gateway</h1></html>"}, same(hub.ReasonUnavailable, hub.ReasonUnavailable), true},
		{"firewall page", say{status: 403, body: "<html>blocked by policy</html>"}, same(hub.ReasonUnknown, hub.ReasonUnknown), false},
		{"429 page", say{status: 429, body: "slow down"}, same(hub.ReasonRateLimited, hub.ReasonRateLimited), false},
		{"an error without a code", say{status: 400, body: `{"message":"no"}`}, same(hub.ReasonUnknown, hub.ReasonUnknown), false},
		{"login page under 200", say{body: "<html>log in</html>"}, same(hub.ReasonOutcomeUnknown, hub.ReasonUnknown), true},
		{"JSON cut short", say{body: `{"items":[{"inv`}, same(hub.ReasonOutcomeUnknown, hub.ReasonUnknown), true},
		{"nothing", say{}, same(hub.ReasonOutcomeUnknown, hub.ReasonUnknown), true},
	} {
		for name, want := range tt.want {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				c, _ := dial(t, always(tt.answer))
				err := tasks[name](t.Context(), c)
				if err == nil {
					t.Fatal("no error")
				}
				got := c.Explain(err)
				if uncertain := tt.uncertain && name != "list"; got.Reason != want || got.Uncertain != uncertain {
					t.Errorf("reason = %q, uncertain = %t, want %q, %t (error: %v)", got.Reason, got.Uncertain, want, uncertain, err)
				}
				if !strings.Contains(err.Error(), fmt.Sprint(max(tt.answer.status, 200))) {
					t.Errorf("the error keeps no status: %v", err)
				}
			})
		}
	}
}

func TestLostCalls(t *testing.T) {
	drop := func(int, sent) say { panic(http.ErrAbortHandler) }
	for name, want := range map[string]struct {
		reason    hub.Reason
		uncertain bool
		attempts  int
	}{
		"list":   {hub.ReasonUnavailable, false, 2},
		"invite": {hub.ReasonOutcomeUnknown, true, 1},
		"role":   {hub.ReasonOutcomeUnknown, true, 2},
		"remove": {hub.ReasonOutcomeUnknown, true, 2},
		"cancel": {hub.ReasonOutcomeUnknown, true, 2},
	} {
		t.Run("dropped/"+name, func(t *testing.T) {
			c, _ := dial(t, drop)
			err := tasks[name](t.Context(), c)
			if got := c.Explain(err); got.Reason != want.reason || got.Uncertain != want.uncertain || got.Attempts != want.attempts {
				t.Errorf("fault = %+v, want %+v (error: %v)", got, want, err)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		c, err := open(hub.Options{Settings: map[string]string{settingAccessToken: testToken, settingEndpoint: server.URL}}, func(c *transport.Config) {
			c.Attempts, c.MinBackoff, c.MaxBackoff = 2, 1, 1
		})
		if err != nil {
			t.Fatal(err)
		}
		err = tasks["invite"](t.Context(), c)
		if got := c.Explain(err); got.Reason != hub.ReasonUnavailable || got.Uncertain || got.Attempts != 2 {
			t.Errorf("fault = %+v (error: %v)", got, err)
		}
	})
	t.Run("no answer in time", func(t *testing.T) {
		c, _ := dial(t, func(int, sent) say { time.Sleep(200 * time.Millisecond); return say{body: samTaken} })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		err := tasks["invite"](ctx, c)
		if got := c.Explain(err); got.Reason != hub.ReasonTimeout || !got.Uncertain {
			t.Errorf("fault = %+v (error: %v)", got, err)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		c, w := dial(t, drop)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := tasks["invite"](ctx, c)
		if got := c.Explain(err); got.Reason != hub.ReasonCancelled || got.Uncertain || len(w.requests) != 0 {
			t.Errorf("fault = %+v after %d requests (error: %v)", got, len(w.requests), err)
		}
	})
}

func TestExplainForeignErrors(t *testing.T) {
	c, _ := dial(t, always(say{}))
	for _, tt := range []struct {
		err  error
		want hub.Reason
	}{
		{nil, hub.ReasonUnknown},
		{errors.New("code 29 in a text is no code"), hub.ReasonUnknown},
		{fmt.Errorf("x: %w", hub.ErrAbsent), hub.ReasonNotFound},
		{fmt.Errorf("x: %w", context.Canceled), hub.ReasonCancelled},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), hub.ReasonTimeout},
	} {
		if got := c.Explain(tt.err).Reason; got != tt.want {
			t.Errorf("Explain(%v) = %q, want %q", tt.err, got, tt.want)
		}
	}
}
