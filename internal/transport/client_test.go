package transport

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNewChecksBaseURL(t *testing.T) {
	for _, tt := range []struct{ base, want string }{
		{"https://graph.facebook.com", ""},
		{"https://app.example/scim/v2/", ""},
		{"http://127.0.0.1:8080", ""},
		{"http://127.1.2.3", ""},
		{"http://[::1]:8080/v1", ""},
		{"http://localhost:8080", ""},
		{"", "empty"},
		{"://", "not a url"},
		{"graph.facebook.com", "begins with https://"},
		{"https://", "no host"},
		{"https:graph.facebook.com", "no host"},
		{"ftp://graph.facebook.com", `scheme "ftp"`},
		{"http://graph.facebook.com", "loopback"},
		{"http://localhost.example", "loopback"},
		{"http://127.0.0.1.example", "loopback"},
		{"http://10.0.0.1", "loopback"},
		{"https://ada:hunter22@graph.facebook.com", "user info"},
		{"https://graph.facebook.com/?access_token=hunter22", "query"},
		{"https://graph.facebook.com/?", "query"},
		{"https://graph.facebook.com/#hunter22", "fragment"},
		{"https://graph.facebook.com/#", "fragment"},
		{"https://graph facebook.com/hunter22", "not a url"},
	} {
		_, err := New(Config{BaseURL: tt.base, UserAgent: testAgent})
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("New(%q): %v", tt.base, err)
		case tt.want != "" && err == nil:
			t.Errorf("New(%q) accepted, want an error about %s", tt.base, tt.want)
		case tt.want != "" && !strings.Contains(err.Error(), tt.want):
			t.Errorf("New(%q): %v, want an error about %s", tt.base, err, tt.want)
		case err != nil && strings.Contains(err.Error(), "hunter22"):
			t.Errorf("New(%q) repeats the secret: %v", tt.base, err)
		}
	}
	if _, err := New(Config{BaseURL: "https://api.example"}); err == nil {
		t.Error("New accepted an empty user agent")
	}
}

func TestRequestURL(t *testing.T) {
	for _, tt := range []struct {
		base, path string
		query      url.Values
		want       string // empty: refused
	}{
		{"https://api.example", "/members", nil, "https://api.example/members"},
		{"https://api.example", "", nil, "https://api.example"},
		{"https://api.example/scim/v2/", "/Users/a%2Fb", nil, "https://api.example/scim/v2/Users/a%2Fb"},
		{"https://api.example/v1.3", "/bc/member/get/", nil, "https://api.example/v1.3/bc/member/get/"}, // TikTok needs the last slash
		{"https://api.example", "/customers/1/googleAds:search", nil, "https://api.example/customers/1/googleAds:search"},
		{"https://api.example", "//elsewhere.example/x", nil, "https://api.example//elsewhere.example/x"},
		{"https://api.example", "/m", url.Values{"email": {"a+b@x.example"}}, "https://api.example/m?email=a%2Bb%40x.example"},
		{"https://api.example", "@elsewhere.example/", nil, ""},
		{"https://api.example", ".elsewhere.example/", nil, ""},
		{"https://api.example", "/m?x=1", nil, ""},
		{"https://api.example", "/m#x", nil, ""},
		{"https://api.example/v1", "/../admin", nil, ""},
		{"https://api.example/v1", "/members/%2e%2E/admin", nil, ""},
		{"https://api.example/v1", "/members/%zz", nil, ""},
		{"https://api.example/v1", "/a\\b", nil, ""},
		{"https://api.example/v1", "/a\nb", nil, ""},
	} {
		platform := play(answer(200, ""))
		c := open(t, platform, func(c *Config) { c.BaseURL = tt.base })
		r := Request{Path: tt.path, Query: tt.query, Operation: "look"}
		if tt.want == "" {
			e := mustFail(t, c, t.Context(), r, nil, 0, false)
			if platform.count() != 0 {
				t.Errorf("path %q was sent", tt.path)
			}
			if !strings.Contains(e.Error(), "not sent") {
				t.Errorf("error %q does not say that nothing was sent", e)
			}
			continue
		}
		mustAnswer(t, c, t.Context(), r, 200, 1)
		if got := platform.seen[0].URL.String(); got != tt.want {
			t.Errorf("%q + %q = %q, want %q", tt.base, tt.path, got, tt.want)
		}
	}
}

func TestRequestHeadersAndBodies(t *testing.T) {
	for _, tt := range []struct {
		name    string
		request Request
		config  http.Header
		want    map[string]string
		body    string
	}{
		{
			name:    "read",
			request: Request{Path: "/m"},
			want:    map[string]string{"Accept": "application/json", "Content-Type": "", "User-Agent": testAgent},
		},
		{
			name:    "json is the default of a body",
			request: invite,
			want:    map[string]string{"Content-Type": "application/json"},
			body:    string(invite.Body),
		},
		{
			name:    "form",
			request: Request{Method: "POST", Path: "/m", Body: []byte("role=ADMIN"), ContentType: "application/x-www-form-urlencoded"},
			want:    map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
			body:    "role=ADMIN",
		},
		{
			name:    "delete with a body", // Pinterest
			request: Request{Method: "DELETE", Path: "/m", Body: []byte(`{"members":[]}`)},
			want:    map[string]string{"Content-Type": "application/json"},
			body:    `{"members":[]}`,
		},
		{
			name: "headers of the request go before those of the client",
			request: Request{Path: "/m", Header: http.Header{
				"accept": {"application/scim+json"}, "If-Match": {`W/"1"`}, "User-Agent": {"other"},
			}},
			config: http.Header{"Accept": {"text/plain"}, "Login-Customer-Id": {"1234567890"}},
			want: map[string]string{
				"Accept": "application/scim+json", "If-Match": `W/"1"`, "Login-Customer-Id": "1234567890", "User-Agent": testAgent,
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			platform := play(answer(200, ""))
			c := open(t, platform, func(c *Config) { c.Header = tt.config })
			mustAnswer(t, c, t.Context(), tt.request, 200, 1)
			got := platform.seen[0]
			for name, want := range tt.want {
				if got.Header.Get(name) != want {
					t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
				}
			}
			if got.body != tt.body {
				t.Errorf("body %q, want %q", got.body, tt.body)
			}
		})
	}
}

// The caller gets what the platform said, JSON or not, whatever the status.
func TestAnswersComeBackAsTheyAre(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
	}{
		{200, `{"data":[]}`}, {204, ""}, {304, ""}, {400, `{"error":{"code":100}}`}, {403, "<html>blocked</html>"}, {404, ""}, {409, "{}"}, {412, "{}"}, {501, ""},
	} {
		platform := play(answer(tt.status, tt.body, "X-Fb-Trace-Id", "AbC"))
		resp := mustAnswer(t, open(t, platform), t.Context(), list, tt.status, 1)
		if diff := cmp.Diff(tt.body, string(resp.Body)); diff != "" {
			t.Errorf("status %d: body (-want +got):\n%s", tt.status, diff)
		}
		if resp.RequestID() != "AbC" || resp.Throttle != 0 {
			t.Errorf("status %d: request id %q, throttle %v", tt.status, resp.RequestID(), resp.Throttle)
		}
	}
}
