package metabusiness

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

var adaSeat = hub.Member{ID: "122100000000001", Email: "ada@agency.example", Status: hub.StatusActive, Role: "EMPLOYEE"}

// tasks are the writes and a read, each over one request.
var tasks = map[string]func(context.Context, *Connector) error{
	"list": func(ctx context.Context, c *Connector) error {
		_, err := c.Members(ctx, testHub)
		return err
	},
	"invite": func(ctx context.Context, c *Connector) error {
		_, err := c.Add(ctx, testHub, hub.Add{Email: "new.hire@agency.example", Role: "EMPLOYEE"})
		return err
	},
	"role": func(ctx context.Context, c *Connector) error {
		return c.ChangeRole(ctx, testHub, adaSeat, hub.RoleChange{Role: "ADMIN"})
	},
	"remove": func(ctx context.Context, c *Connector) error { return c.Remove(ctx, testHub, adaSeat) },
}

// TestErrorTable goes through the error table of the contract, each row in the
// shape Meta's documents give it.
func TestErrorTable(t *testing.T) {
	graph := func(code, subcode int, more string) string {
		sub := ""
		if subcode != 0 {
			sub = fmt.Sprintf(`"error_subcode":%d,`, subcode)
		}
		return fmt.Sprintf(`{"error":{"message":"(#%d) localised text","type":"OAuthException","code":%d,%s%s"fbtrace_id":"AbCdEfGhIjK"}}`, code, code, sub, more)
	}
	const blame = `"error_data":{"blame_field_specs":[["%s"]]},`
	const blameText = `"error_data":"{\"blame_field_specs\":[[\"role\"]]}",`
	tests := []struct {
		task          string
		status        int
		code, subcode int
		more          string
		want          hub.Reason
		uncertain     bool
		detail        string // a part of it
	}{
		{"list", 500, 1, 0, ``, hub.ReasonUnavailable, false, "passing"},
		{"invite", 500, 1, 0, ``, hub.ReasonUnavailable, true, "passing"},
		{"invite", 400, 2, 0, ``, hub.ReasonUnavailable, true, "passing"},
		{"remove", 503, 2, 0, `"is_transient":true,`, hub.ReasonUnavailable, true, "passing"},
		{"invite", 400, 3, 0, ``, hub.ReasonForbidden, false, "capability"},
		{"list", 400, 4, 0, ``, hub.ReasonRateLimited, false, "limits"},
		{"invite", 400, 4, 0, `"is_transient":true,`, hub.ReasonRateLimited, false, "limits"},
		{"invite", 403, 10, 2859030, ``, hub.ReasonForbidden, false, "own screen"},
		{"role", 403, 10, 0, ``, hub.ReasonForbidden, false, "claimed the app"},
		{"list", 400, 17, 2446079, ``, hub.ReasonRateLimited, false, "limits"},
		{"invite", 400, 17, 0, ``, hub.ReasonRateLimited, false, "24 hours"},
		{"list", 400, 32, 0, ``, hub.ReasonRateLimited, false, "limits"},
		{"role", 400, 100, 0, ``, hub.ReasonInvalidInput, false, "value"},
		{"role", 400, 100, 1234567, fmt.Sprintf(blame, "role"), hub.ReasonInvalidRole, false, "role"},
		{"role", 400, 100, 0, blameText, hub.ReasonInvalidRole, false, "role"},
		{"role", 400, 100, 0, `"error_data":[7],`, hub.ReasonInvalidInput, false, "value"},
		{"remove", 400, 100, 33, ``, hub.ReasonNotFound, false, "not there"},
		{"list", 400, 102, 0, ``, hub.ReasonUnauthenticated, false, "new token"},
		{"list", 400, 104, 0, ``, hub.ReasonUnauthenticated, false, "app_secret"},
		{"list", 400, 190, 0, ``, hub.ReasonUnauthenticated, false, "not valid"},
		{"list", 401, 190, 458, ``, hub.ReasonUnauthenticated, false, "app was removed"},
		{"list", 400, 190, 459, ``, hub.ReasonUnauthenticated, false, "security check"},
		{"list", 400, 190, 460, ``, hub.ReasonUnauthenticated, false, "password"},
		{"list", 400, 190, 463, ``, hub.ReasonUnauthenticated, false, "expired"},
		{"list", 400, 190, 464, ``, hub.ReasonUnauthenticated, false, "not confirmed"},
		{"list", 400, 190, 467, ``, hub.ReasonUnauthenticated, false, "not valid"},
		{"list", 400, 190, 492, ``, hub.ReasonUnauthenticated, false, "not valid"},
		{"invite", 403, 200, 0, ``, hub.ReasonForbidden, false, "business_management"},
		{"remove", 403, 299, 0, ``, hub.ReasonForbidden, false, "admin"},
		{"list", 400, 341, 0, ``, hub.ReasonRateLimited, false, "limits"},
		{"invite", 400, 368, 0, ``, hub.ReasonBlocked, false, "some hours"},
		{"role", 400, 368, 1390008, ``, hub.ReasonBlocked, false, "some hours"},
		{"invite", 400, 370, 0, ``, hub.ReasonUnknown, false, ""},
		{"remove", 400, 415, 0, ``, hub.ReasonSecondFactor, false, "second factor"},
		{"invite", 400, 457, 0, ``, hub.ReasonUnauthenticated, false, "session"},
		{"invite", 400, 506, 0, ``, hub.ReasonUnknown, false, ""},
		{"invite", 400, 613, 1996, ``, hub.ReasonRateLimited, false, "this very call"},
		{"list", 400, 2500, 0, ``, hub.ReasonUnknown, false, "api_version"},
		{"role", 400, 3914, 0, ``, hub.ReasonLastAdmin, false, "last admin"},
		{"remove", 400, 3914, 1234567, ``, hub.ReasonLastAdmin, false, "last admin"},
		{"list", 400, 80000, 2446079, ``, hub.ReasonRateLimited, false, "limits"},
		{"invite", 400, 80004, 2446079, ``, hub.ReasonRateLimited, false, "limits"},
		{"invite", 400, 80014, 0, ``, hub.ReasonRateLimited, false, "limits"},
		// Outside the table.
		{"list", 400, 80015, 0, ``, hub.ReasonUnknown, false, ""},
		{"list", 400, 300, 0, ``, hub.ReasonUnknown, false, ""},
		{"role", 400, 1349125, 0, ``, hub.ReasonUnknown, false, ""},
		{"role", 400, 1349125, 0, `"is_transient":true,`, hub.ReasonUnavailable, true, "passing"},
		{"role", 500, 1349125, 0, ``, hub.ReasonUnavailable, true, ""},
		{"remove", 500, 190, 0, ``, hub.ReasonUnauthenticated, true, "not valid"},
		{"remove", 200, 3914, 0, ``, hub.ReasonLastAdmin, false, "last admin"}, // an error object in a 200
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %d-%d-%d %s", tt.task, tt.status, tt.code, tt.subcode, tt.more), func(t *testing.T) {
			c, w := dial(t, always(reply{status: tt.status, body: graph(tt.code, tt.subcode, tt.more)}))
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
			code := fmt.Sprint(tt.code)
			if tt.subcode != 0 {
				code += fmt.Sprintf("/%d", tt.subcode)
			}
			if got.Code != code || got.RequestID != "AbCdEfGhIjK" || !strings.Contains(got.Message, "localised text") || got.Attempts == 0 {
				t.Errorf("fault = %+v", got)
			}
			if tt.task == "invite" && tt.want != hub.ReasonRateLimited && len(w.requests) > 1 {
				t.Errorf("the invitation was sent %d times", len(w.requests))
			}
		})
	}
}

func TestUserMessageWins(t *testing.T) {
	c, _ := dial(t, always(reply{
		status: 400, header: map[string]string{"x-fb-trace-id": "HeaderTrace"},
		body: `{"error":{"message":"(#3914) internal","type":"OAuthException","code":3914,"error_user_title":"Can't remove admin","error_user_msg":"At least one admin is required."}}`,
	}))
	got := c.Explain(c.Remove(t.Context(), testHub, adaSeat))
	if got.Message != "At least one admin is required." || got.RequestID != "HeaderTrace" {
		t.Errorf("fault = %+v", got)
	}
}

// What comes back when a proxy answers, or nobody does.
func TestAnswersThatAreNotMetas(t *testing.T) {
	tests := []struct {
		name      string
		answer    reply
		want      map[string]hub.Reason
		uncertain bool // of the writes
	}{
		{
			"gateway page",
			reply{status: 502, body: "<html><h1>502 Bad Gateway</h1></html>"},
			map[string]hub.Reason{"list": hub.ReasonUnavailable, "invite": hub.ReasonUnavailable, "role": hub.ReasonUnavailable, "remove": hub.ReasonUnavailable},
			true,
		},
		{
			"firewall page",
			reply{status: 403, body: "<html>blocked by policy</html>"},
			map[string]hub.Reason{"list": hub.ReasonUnknown, "invite": hub.ReasonUnknown, "role": hub.ReasonUnknown, "remove": hub.ReasonUnknown},
			false,
		},
		{
			"429 page",
			reply{status: 429, body: "slow down"},
			map[string]hub.Reason{"list": hub.ReasonRateLimited, "invite": hub.ReasonRateLimited, "role": hub.ReasonRateLimited, "remove": hub.ReasonRateLimited},
			false,
		},
		{
			"login page under 200",
			reply{body: "<html>log in</html>"},
			map[string]hub.Reason{"list": hub.ReasonUnknown, "invite": hub.ReasonOutcomeUnknown, "role": hub.ReasonOutcomeUnknown, "remove": hub.ReasonOutcomeUnknown},
			true,
		},
		{
			"JSON cut short",
			reply{body: `{"success":tr`},
			map[string]hub.Reason{"list": hub.ReasonUnknown, "invite": hub.ReasonOutcomeUnknown, "role": hub.ReasonOutcomeUnknown, "remove": hub.ReasonOutcomeUnknown},
			true,
		},
		{
			"empty object",
			reply{body: `{}`},
			map[string]hub.Reason{"list": hub.ReasonUnknown, "invite": hub.ReasonOutcomeUnknown, "role": hub.ReasonOutcomeUnknown, "remove": hub.ReasonOutcomeUnknown},
			true,
		},
		{
			"success: false",
			reply{body: `{"success":false}`},
			map[string]hub.Reason{"invite": hub.ReasonUnknown, "role": hub.ReasonUnknown, "remove": hub.ReasonUnknown},
			false,
		},
	}
	for _, tt := range tests {
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
	drop := func(int, sent) reply { panic(http.ErrAbortHandler) }
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
			c, _ := dial(t, drop)
			err := tasks[name](t.Context(), c)
			if got := c.Explain(err); got.Reason != want.reason || got.Uncertain != want.uncertain || got.Attempts != want.attempts {
				t.Errorf("fault = %+v, want %+v (error: %v)", got, want, err)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		c, _ := dial(t, drop)
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		var err error
		if c.graph, err = newClient(clientConfig{
			token: testToken, version: "v26.0", endpoint: server.URL, userAgent: "test",
			tune: func(c *transport.Config) { c.Attempts, c.MinBackoff, c.MaxBackoff = 2, 1, 1 },
		}); err != nil {
			t.Fatal(err)
		}
		err = tasks["invite"](t.Context(), c)
		if got := c.Explain(err); got.Reason != hub.ReasonUnavailable || got.Uncertain || got.Attempts != 2 {
			t.Errorf("fault = %+v (error: %v)", got, err)
		}
	})
	t.Run("no answer in time", func(t *testing.T) {
		c, _ := dial(t, func(int, sent) reply { time.Sleep(200 * time.Millisecond); return reply{body: `{"id":"1"}`} })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		err := tasks["invite"](ctx, c)
		if got := c.Explain(err); got.Reason != hub.ReasonTimeout || !got.Uncertain {
			t.Errorf("fault = %+v (error: %v)", got, err)
		}
	})
	t.Run("one attempt too slow", func(t *testing.T) {
		// transport's own limit of an attempt is no deadline of the task's.
		w := &wire{answer: func(int, sent) reply { time.Sleep(100 * time.Millisecond); return reply{body: `{"id":"1"}`} }}
		server := httptest.NewServer(w)
		defer server.Close()
		graph, err := newClient(clientConfig{
			token: testToken, version: "v26.0", endpoint: server.URL, userAgent: "test",
			tune: func(c *transport.Config) { c.Attempts, c.RequestTimeout = 1, 20*time.Millisecond },
		})
		if err != nil {
			t.Fatal(err)
		}
		c := &Connector{graph: graph, now: time.Now}
		for name, want := range map[string]hub.Reason{"list": hub.ReasonUnavailable, "invite": hub.ReasonOutcomeUnknown} {
			err := tasks[name](t.Context(), c)
			if got := c.Explain(err); got.Reason != want {
				t.Errorf("%s: fault = %+v (error: %v)", name, got, err)
			}
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
	c, _ := dial(t, always(reply{}))
	for _, tt := range []struct {
		err  error
		want hub.Reason
	}{
		{nil, hub.ReasonUnknown},
		{errors.New("code 190 in a text is no code"), hub.ReasonUnknown},
		{fmt.Errorf("x: %w", hub.ErrAbsent), hub.ReasonNotFound},
		{fmt.Errorf("x: %w", context.Canceled), hub.ReasonCancelled},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), hub.ReasonTimeout},
	} {
		if got := c.Explain(tt.err).Reason; got != tt.want {
			t.Errorf("Explain(%v) = %q, want %q", tt.err, got, tt.want)
		}
	}
}
