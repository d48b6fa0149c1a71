package scim

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// tasks are calls of the connector whose first request, or first write, meets
// what a test wants it to meet.
var tasks = map[string]func(context.Context, *Connector) error{
	"list": func(ctx context.Context, c *Connector) error {
		_, err := c.Members(ctx, testHub)
		return err
	},
	"add": func(ctx context.Context, c *Connector) error {
		_, err := c.Add(ctx, testHub, hub.Add{Email: ada, Role: "viewer"})
		return err
	},
	"role": func(ctx context.Context, c *Connector) error {
		return c.ChangeRole(ctx, testHub, adaSeat, hub.RoleChange{Role: "admin"})
	},
	"remove": func(ctx context.Context, c *Connector) error { return c.Remove(ctx, testHub, adaSeat) },
}

// meets is an app that has ada, and answers like this whatever the task asks.
func meets(task string, answer say) func(int, sent) say {
	return func(_ int, r sent) say {
		switch {
		case r.path == "/ServiceProviderConfig":
			return refuse(404, "")
		case r.method != http.MethodGet || task == "list":
			return answer
		case r.path == "/Users":
			return say{body: found(1, row("7", ada, true, "viewer"))}
		default:
			return say{body: row("7", ada, true, "viewer")}
		}
	}
}

// TestErrorTable goes through contract section 9. The texts are made up: nothing
// may hang on them.
func TestErrorTable(t *testing.T) {
	for _, tt := range []struct {
		task      string
		status    int
		kind      string
		want      hub.Reason
		uncertain bool
		detail    string // a part of it
	}{
		{"list", 400, "tooMany", hub.ReasonUnknown, false, "too much"},
		{"list", 400, "", hub.ReasonUnknown, false, "profile"},
		{"add", 400, "uniqueness", hub.ReasonConflict, false, "hides"},
		{"add", 409, "uniqueness", hub.ReasonConflict, false, "hides"},
		{"add", 409, "", hub.ReasonConflict, false, "taken"},
		{"add", 412, "", hub.ReasonConflict, false, "taken"}, // GitLab
		{"add", 400, "invalidValue", hub.ReasonInvalidInput, false, "role"},
		{"add", 400, "", hub.ReasonInvalidInput, false, "display_name"},
		{"add", 422, "", hub.ReasonInvalidInput, false, "value"},
		{"add", 400, "mutability", hub.ReasonUnsupported, false, "SCIM"},
		{"role", 400, "mutability", hub.ReasonUnsupported, false, "SCIM"},
		{"role", 400, "invalidValue", hub.ReasonInvalidRole, false, "viewer"}, // others hold it
		{"role", 400, "invalidPath", hub.ReasonInvalidInput, false, "ways"},
		{"role", 400, "sensitive", hub.ReasonInvalidInput, false, "protect"},
		{"role", 400, "invalidVers", hub.ReasonUnknown, false, "Somebody else"},
		{"remove", 400, "", hub.ReasonForbidden, false, "owners"},
		{"list", 401, "", hub.ReasonUnauthenticated, false, "token"},
		{"add", 401, "", hub.ReasonUnauthenticated, false, "token"},
		{"list", 403, "", hub.ReasonForbidden, false, "read"},
		{"add", 403, "", hub.ReasonForbidden, false, "rights"},
		{"remove", 403, "", hub.ReasonForbidden, false, "protects"},
		{"list", 404, "", hub.ReasonNotFound, false, "base_url"},
		{"add", 404, "", hub.ReasonNotFound, false, "base_url"},
		{"role", 404, "", hub.ReasonNotFound, false, ada},
		{"remove", 404, "", hub.ReasonNotFound, false, ada},
		{"role", 409, "", hub.ReasonUnknown, false, "conflict"},
		{"role", 412, "", hub.ReasonUnknown, false, "Somebody else"},
		{"role", 413, "tooLarge", hub.ReasonUnknown, false, "large"},
		{"add", 402, "", hub.ReasonSeatLimit, false, "seat"},
		{"add", 507, "", hub.ReasonSeatLimit, false, "seat"},
		{"list", 402, "", hub.ReasonUnknown, false, ""},
		{"list", 429, "", hub.ReasonRateLimited, false, "shared"},
		{"add", 429, "", hub.ReasonRateLimited, false, "shared"},
		{"list", 500, "", hub.ReasonUnavailable, false, "later"},
		{"add", 500, "", hub.ReasonUnavailable, true, "later"},
		{"role", 503, "", hub.ReasonUnavailable, true, "later"},
		{"remove", 504, "", hub.ReasonUnavailable, true, "later"},
		{"add", 501, "", hub.ReasonUnsupported, false, "no such call"},
		{"remove", 501, "", hub.ReasonUnsupported, false, "no such call"},
		{"add", 302, "", hub.ReasonUnknown, false, "another address"},
		{"list", 418, "", hub.ReasonUnknown, false, ""},
	} {
		t.Run(fmt.Sprintf("%s %d %s", tt.task, tt.status, tt.kind), func(t *testing.T) {
			answer := say{status: tt.status, body: scimError(tt.status, tt.kind, "some text"), header: map[string]string{"X-Request-Id": "4711"}}
			c, w := dial(t, nil, testRoles, meets(tt.task, answer))
			if tt.task != "list" {
				if _, err := c.Members(t.Context(), testHub); err != nil {
					t.Fatal(err)
				}
			}
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
			if want := strings.TrimSpace(fmt.Sprintf("HTTP %d %s", tt.status, tt.kind)); got.Code != want || got.Message != "some text" || got.RequestID != "4711" || got.Attempts == 0 {
				t.Errorf("fault = %+v", got)
			}
			posts := 0
			for _, call := range w.calls() {
				if call == "POST /Users" {
					posts++
				}
			}
			if tt.task == "add" && tt.status != 429 && posts != 1 {
				t.Errorf("the add was sent %d times", posts)
			}
		})
	}
}

// TestErrorBodies: an error need not be SCIM's.
func TestErrorBodies(t *testing.T) {
	for name, tt := range map[string]struct {
		answer  say
		reason  hub.Reason
		code    string
		message string
	}{
		"a number for a status": {say{status: 409, body: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":409,"scimType":"uniqueness","detail":"taken"}`}, hub.ReasonConflict, "HTTP 409 uniqueness", "taken"},
		"names in capitals":     {say{status: 409, body: `{"STATUS":"409","SCIMTYPE":"uniqueness","DETAIL":"taken"}`}, hub.ReasonConflict, "HTTP 409 uniqueness", "taken"},
		"a message":             {say{status: 403, body: `{"message":"Resource not accessible by integration"}`}, hub.ReasonForbidden, "HTTP 403", "Resource not accessible by integration"},
		"a list of errors":      {say{status: 401, body: `{"Errors":[{"description":"invalid_authentication","code":401}]}`}, hub.ReasonUnauthenticated, "HTTP 401", "invalid_authentication"},
		"plain text":            {say{status: 400, body: "Bad Request"}, hub.ReasonInvalidInput, "HTTP 400", "Bad Request"},
		"nothing":               {say{status: 401}, hub.ReasonUnauthenticated, "HTTP 401", ""},
		"a sign-in page":        {say{status: 401, body: "<html>Sign in</html>"}, hub.ReasonUnauthenticated, "HTTP 401", "<html>Sign in</html>"},
		"somebody's page":       {say{status: 404, body: "<html>No such page</html>"}, hub.ReasonUnknown, "HTTP 404", "<html>No such page</html>"},
		"a gateway's page":      {say{status: 502, body: "<html>Bad gateway</html>"}, hub.ReasonUnavailable, "HTTP 502", "<html>Bad gateway</html>"},
		"the token repeated":    {say{status: 401, body: `{"detail":"no such token: ` + testToken + `"}`}, hub.ReasonUnauthenticated, "HTTP 401", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := dial(t, nil, testRoles, meets("add", tt.answer))
			err := tasks["add"](t.Context(), c)
			got := c.Explain(err)
			if got.Reason != tt.reason || got.Code != tt.code {
				t.Errorf("fault %+v, want %q, %q", got, tt.reason, tt.code)
			}
			if strings.Contains(got.Message+err.Error(), testToken) {
				t.Errorf("the token shows: %v", err)
			}
			if name != "the token repeated" && got.Message != tt.message {
				t.Errorf("message %q, want %q", got.Message, tt.message)
			}
		})
	}
}

// TestSeatWords: bodies of real apps, word for word, and what only sounds alike.
func TestSeatWords(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		want   hub.Reason
	}{
		// Insomnia, https://github.com/Kong/insomnia/issues/8890
		{403, `{"error": "NEEDS_TO_INCREASE_SEATS", "message": "The owner needs to increase the seats"}`, hub.ReasonSeatLimit},
		// SnapOtter, https://github.com/snapotter-hq/SnapOtter/pull/987
		{403, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"403","detail":"User limit reached (5 max)"}`, hub.ReasonSeatLimit},
		// Mattermost, https://github.com/mattermost/docs/pull/8028
		{400, `{"message":"ERROR_LICENSED_USERS_LIMIT_EXCEEDED"}`, hub.ReasonSeatLimit},
		// Octopus Deploy, https://github.com/OctopusDeploy/Issues/issues/1819
		{422, `{"detail":"adding a user account for you would put the server beyond this limit. Please contact your Octopus administrator to either disable some users, or increase the license limit."}`, hub.ReasonSeatLimit},

		{403, `{"detail":"SCIM is not available with your license."}`, hub.ReasonForbidden},
		{403, `{"detail":"A valid licence is required."}`, hub.ReasonForbidden},
		{400, `{"detail":"userName is limited to 64 characters"}`, hub.ReasonInvalidInput},
		{409, `{"detail":"seat@northwind.example is taken"}`, hub.ReasonConflict},
		{400, `{"scimType":"uniqueness","detail":"seat@northwind.example is taken"}`, hub.ReasonConflict},
	} {
		c, _ := dial(t, nil, testRoles, meets("add", say{status: tt.status, body: tt.body}))
		if got := c.Explain(tasks["add"](t.Context(), c)); got.Reason != tt.want {
			t.Errorf("%d %s: reason %q, want %q", tt.status, tt.body, got.Reason, tt.want)
		}
	}
	// Of anything but an add, talk of seats says nothing.
	c, _ := dial(t, nil, testRoles, meets("role", say{status: 403, body: `{"detail":"No seat left"}`}))
	if got := c.Explain(tasks["role"](t.Context(), c)); got.Reason != hub.ReasonForbidden {
		t.Errorf("reason %q", got.Reason)
	}
}
