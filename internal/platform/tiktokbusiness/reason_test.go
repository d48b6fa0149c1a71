package tiktokbusiness

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

var leeSeat = hub.Member{ID: "7000000000000000002", Email: "lee@acme.example", Status: hub.StatusActive, Role: "STANDARD"}

// tasks are the writes and a read. A removal begins with a search.
var tasks = map[string]func(context.Context, *Connector) error{
	"list": func(ctx context.Context, c *Connector) error {
		_, err := c.Members(ctx, testHub)
		return err
	},
	"invite": func(ctx context.Context, c *Connector) error {
		_, err := c.Add(ctx, testHub, hub.Add{Email: "sam@acme.example", Role: "STANDARD"})
		return err
	},
	"role": func(ctx context.Context, c *Connector) error {
		return c.ChangeRole(ctx, testHub, leeSeat, hub.RoleChange{Role: "ADMIN"})
	},
	"remove": func(ctx context.Context, c *Connector) error { return c.Remove(ctx, testHub, leeSeat) },
}

// answerAll is a center with Lee in it, where everything works.
func answerAll(r sent) reply {
	if r.method == http.MethodPost {
		return reply{body: done}
	}
	return reply{body: listed(1, 1, 1, row(leeSeat.ID, leeSeat.Email, "STANDARD", "BOUND"))}
}

// TestErrorTable goes through the error table of the contract: TikTok's envelope
// inside HTTP 200, and outside the table what else may come.
func TestErrorTable(t *testing.T) {
	tests := []struct {
		task      string
		status    int
		code      int
		message   string
		want      hub.Reason
		uncertain bool
		detail    string // a part of it
	}{
		{"list", 200, 40001, "You don't have permission to perform this operation.", hub.ReasonForbidden, false, "role Admin"},
		{"invite", 200, 40001, "You don't have permission to perform this operation.", hub.ReasonForbidden, false, "Business Center permissions"},
		{"remove", 200, 40001, "You don't have permission to perform this operation.", hub.ReasonForbidden, false, "role Admin"},
		{"list", 200, 40002, "bc_id: Not a valid integer.", hub.ReasonInvalidInput, false, "does not accept a value"},
		{"invite", 200, 40002, "emails.0: Not a valid email address.", hub.ReasonInvalidInput, false, "e-mail address"},
		{"role", 200, 40002, "user_role: Not a valid choice.", hub.ReasonInvalidInput, false, "does not accept a value"},
		{"role", 200, 40007, "The object does not exist.", hub.ReasonNotFound, false, "not know this person"},
		{"remove", 200, 40007, "The object does not exist.", hub.ReasonNotFound, false, "not know this person"},
		{"list", 200, 40016, "Requests made too frequently.", hub.ReasonRateLimited, false, "limits the calls"},
		{"invite", 200, 40100, "Too many requests. Please retry in some time.", hub.ReasonRateLimited, false, "Nothing was done"},
		{"list", 200, 40101, "app_id or secret is incorrect.", hub.ReasonUnauthenticated, false, "secret of the developer app"},
		{"list", 200, 40102, "Access token has expired.", hub.ReasonUnauthenticated, false, "has expired"},
		{"list", 200, 40104, "Access-Token is empty.", hub.ReasonUnauthenticated, false, "Set access_token"},
		{"role", 200, 40105, "Access token is incorrect or has been revoked.", hub.ReasonUnauthenticated, false, "was revoked"},
		{"list", 200, 40110, "auth_code is invalid.", hub.ReasonUnauthenticated, false, "exchange the new code"},
		{"list", 200, 40131, "auth_code has expired.", hub.ReasonUnauthenticated, false, "exchange the new code"},
		{"remove", 200, 40132, "Too many requests for this value.", hub.ReasonRateLimited, false, "limits the calls"},
		{"role", 200, 40133, "Too many requests for this advertiser.", hub.ReasonRateLimited, false, "limits the calls"},
		{"invite", 200, 40200, "Task error.", hub.ReasonUnavailable, true, "passing failure"},
		{"role", 200, 40201, "Conflicting write.", hub.ReasonUnavailable, true, "passing failure"},
		{"list", 200, 40202, "Conflicting write.", hub.ReasonUnavailable, false, "passing failure"},
		{"remove", 200, 40700, "Internal service validation error.", hub.ReasonUnavailable, true, "passing failure"},
		{"list", 200, 50000, "System error", hub.ReasonUnavailable, false, "request id"},
		{"invite", 200, 50000, "System error", hub.ReasonUnavailable, true, "request id"},
		{"remove", 200, 50002, "Service error", hub.ReasonUnavailable, true, "request id"},
		{"role", 200, 51065, "Internal error", hub.ReasonUnavailable, true, "request id"},
		// By range.
		{"role", 200, 40003, "Something about the call.", hub.ReasonUnknown, false, ""},
		{"invite", 200, 40901, "Something else.", hub.ReasonUnknown, false, ""},
		{"remove", 200, 51999, "Internal error", hub.ReasonUnavailable, true, "passing failure"},
		{"list", 200, 61000, "Who knows", hub.ReasonUnknown, false, ""},
		// Under another HTTP status.
		{"list", 401, 40105, "Access token is incorrect or has been revoked.", hub.ReasonUnauthenticated, false, "was revoked"},
		{"remove", 403, 40001, "No permission.", hub.ReasonForbidden, false, "role Admin"},
		{"role", 429, 40003, "Slow down.", hub.ReasonRateLimited, false, ""},
		{"role", 500, 40003, "Something about the call.", hub.ReasonUnavailable, true, ""},
		{"remove", 500, 40007, "The object does not exist.", hub.ReasonNotFound, true, "not know this person"},
		{"invite", 500, 40100, "Too many requests.", hub.ReasonRateLimited, false, "limits the calls"},
	}
	covered := map[int]bool{}
	for _, tt := range tests {
		covered[tt.code] = true
		t.Run(fmt.Sprintf("%s %d %d", tt.task, tt.status, tt.code), func(t *testing.T) {
			invitations := 0
			c, _ := dial(t, func(_ int, r sent) reply {
				if tt.task != "list" && r.method == http.MethodGet {
					return answerAll(r) // the look before and after
				}
				invitations++
				return reply{status: tt.status, body: refused(tt.code, tt.message)}
			})
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
			if got.Code != fmt.Sprint(tt.code) || got.RequestID != "20260101120000ABC" || got.Message != tt.message || got.Attempts == 0 {
				t.Errorf("fault = %+v", got)
			}
			if tt.task == "invite" && tt.want != hub.ReasonRateLimited && invitations > 1 {
				t.Errorf("the invitation was sent %d times", invitations)
			}
		})
	}
	for _, code := range []int{40001, 40002, 40007, 40016, 40100, 40101, 40102, 40104, 40105, 40110, 40131, 40132, 40133, 40200, 40201, 40202, 40700, 50000, 50002, 51065} {
		if !covered[code] {
			t.Errorf("code %d of the contract is not tried", code)
		}
	}
}

// A token that is quoted back stays out of every text; TikTok's log id stands in
// where the envelope has no request id.
func TestQuotedToken(t *testing.T) {
	c, _ := dial(t, func(int, sent) reply {
		return reply{header: map[string]string{"X-Tt-Logid": "20260101LOGID"}, body: `{"code":40105,"message":"Access token ` + testToken + ` is incorrect"}`}
	})
	_, err := c.Members(t.Context(), testHub)
	f := c.Explain(err)
	if strings.Contains(fmt.Sprintf("%v %+v %#v %+v", err, err, err, f), testToken) || !strings.Contains(f.Message, "is incorrect") || f.RequestID != "20260101LOGID" {
		t.Errorf("fault = %+v (error: %v)", f, err)
	}
}

// What comes back when a proxy answers, or TikTok contradicts itself.
func TestAnswersThatAreNotTikToks(t *testing.T) {
	for _, tt := range []struct {
		name      string
		answer    reply
		read      hub.Reason
		write     hub.Reason
		uncertain bool // of the writes
	}{
		{"gateway page", reply{status: 502, body: "<html><h1>502 Bad Gateway</h1></html>"}, hub.ReasonUnavailable, hub.ReasonUnavailable, true},
		{"firewall page", reply{status: 403, body: "<html>blocked by policy</html>"}, hub.ReasonUnknown, hub.ReasonUnknown, false},
		{"429 page", reply{status: 429, body: "slow down"}, hub.ReasonRateLimited, hub.ReasonRateLimited, false},
		{"login page under 200", reply{body: "<html>log in</html>"}, hub.ReasonUnknown, hub.ReasonOutcomeUnknown, true},
		{"JSON cut short", reply{body: `{"code":0,"mess`}, hub.ReasonUnknown, hub.ReasonOutcomeUnknown, true},
		{"empty object", reply{body: `{}`}, hub.ReasonUnknown, hub.ReasonOutcomeUnknown, true},
		{"null for a code", reply{body: `{"code":null,"message":"OK","data":{}}`}, hub.ReasonUnknown, hub.ReasonOutcomeUnknown, true},
		{"nothing", reply{}, hub.ReasonUnknown, hub.ReasonOutcomeUnknown, true},
		{"code 0 under 500", reply{status: 500, body: done}, hub.ReasonUnavailable, hub.ReasonUnavailable, true},
		{"code 0 under 404", reply{status: 404, body: done}, hub.ReasonUnknown, hub.ReasonUnknown, false},
	} {
		for name, task := range tasks {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				c, _ := dial(t, func(int, sent) reply { return tt.answer })
				err := task(t.Context(), c)
				if err == nil {
					t.Fatal("no error")
				}
				want, uncertain := tt.write, tt.uncertain
				if name == "list" {
					want, uncertain = tt.read, false
				}
				if got := c.Explain(err); got.Reason != want || got.Uncertain != uncertain {
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
	for name, want := range map[string]struct {
		reason    hub.Reason
		uncertain bool
		attempts  int
	}{
		"list":   {hub.ReasonUnavailable, false, 2},
		"invite": {hub.ReasonOutcomeUnknown, true, 1},
		"role":   {hub.ReasonOutcomeUnknown, true, 2},
		"remove": {hub.ReasonOutcomeUnknown, true, 2},
	} {
		t.Run("dropped/"+name, func(t *testing.T) {
			c := connect(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), nil)
			err := tasks[name](t.Context(), c)
			if got := c.Explain(err); got.Reason != want.reason || got.Uncertain != want.uncertain || got.Attempts != want.attempts {
				t.Errorf("fault = %+v, want %+v (error: %v)", got, want, err)
			}
		})
	}
	at := func(url string, tune func(*transport.Config)) *Connector {
		c, err := open(hub.Options{Settings: map[string]string{settingAccessToken: testToken, settingEndpoint: url}}, func(c *transport.Config) {
			brief(c)
			tune(c)
		})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	t.Run("nobody listens", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		c := at(server.URL, func(c *transport.Config) { c.Attempts = 2 })
		err := tasks["invite"](t.Context(), c)
		if got := c.Explain(err); got.Reason != hub.ReasonUnavailable || got.Uncertain || got.Attempts != 2 {
			t.Errorf("fault = %+v (error: %v)", got, err)
		}
	})
	slow := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		time.Sleep(100 * time.Millisecond)
		_, _ = rw.Write([]byte(done))
	}))
	defer slow.Close()
	t.Run("no answer in time", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		c := at(slow.URL, func(*transport.Config) {})
		err := tasks["invite"](ctx, c)
		if got := c.Explain(err); got.Reason != hub.ReasonTimeout || !got.Uncertain {
			t.Errorf("fault = %+v (error: %v)", got, err)
		}
		// The search before a removal is no write: nothing is uncertain yet.
		ctx, cancel = context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		err = tasks["remove"](ctx, c)
		if got := c.Explain(err); got.Reason != hub.ReasonTimeout || got.Uncertain {
			t.Errorf("fault = %+v (error: %v)", got, err)
		}
	})
	t.Run("one attempt too slow", func(t *testing.T) {
		// transport's own limit of an attempt is no deadline of the task's.
		c := at(slow.URL, func(c *transport.Config) { c.Attempts, c.RequestTimeout = 1, 20*time.Millisecond })
		for name, want := range map[string]hub.Reason{"list": hub.ReasonUnavailable, "invite": hub.ReasonOutcomeUnknown} {
			err := tasks[name](t.Context(), c)
			if got := c.Explain(err); got.Reason != want {
				t.Errorf("%s: fault = %+v (error: %v)", name, got, err)
			}
		}
	})
}

func TestExplainForeignErrors(t *testing.T) {
	c, _ := dial(t, always(done))
	for _, tt := range []struct {
		err  error
		want hub.Reason
	}{
		{nil, hub.ReasonUnknown},
		{errors.New("code 40105 in a text is no code"), hub.ReasonUnknown},
		{fmt.Errorf("x: %w", hub.ErrAbsent), hub.ReasonNotFound},
		{fmt.Errorf("x: %w", context.Canceled), hub.ReasonCancelled},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), hub.ReasonTimeout},
	} {
		if got := c.Explain(tt.err).Reason; got != tt.want {
			t.Errorf("Explain(%v) = %q, want %q", tt.err, got, tt.want)
		}
	}
}
