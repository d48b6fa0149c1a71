package snapchatbusiness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/platformtest"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// wire is a server that answers with bodies in the shapes of Snap's documents,
// and remembers what it was asked.
type wire struct {
	mu       sync.Mutex
	requests []sent
	answer   func(n int, r sent) reply // n counts from 0
	log      platformtest.Log
}

type sent struct {
	method, path string
	query, form  url.Values
	header       http.Header
	body         string
}

func (s sent) String() string { return s.method + " " + s.path }

type reply struct {
	status int
	header map[string]string
	body   string
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	w.mu.Lock()
	s := sent{method: r.Method, path: r.URL.Path, query: r.URL.Query(), form: form, header: r.Header, body: string(body)}
	n := len(w.requests)
	w.requests = append(w.requests, s)
	w.mu.Unlock()

	a := w.answer(n, s)
	for k, v := range a.header {
		rw.Header().Set(k, v)
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(a.status)
	_, _ = io.WriteString(rw, a.body)
}

func (w *wire) calls() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []string
	for _, r := range w.requests {
		list = append(list, r.String())
	}
	return list
}

// dial connects a connector with an access token to a wire, with waits short
// enough for a test.
func dial(t *testing.T, answer func(n int, r sent) reply) (*Connector, *wire) {
	t.Helper()
	return dialWith(t, accessSettings(), nil, answer)
}

func dialWith(t *testing.T, settings map[string]string, now func() time.Time, answer func(n int, r sent) reply) (*Connector, *wire) {
	t.Helper()
	w := &wire{answer: answer}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	settings[settingEndpoint], settings[settingTokenURL] = server.URL+"/proxy/v1/", server.URL+"/token"
	c, err := open(hub.Options{UserAgent: "test", Settings: settings, Now: now, Logger: w.log.Logger()}, func(c *transport.Config) {
		brief(c)
		c.Attempts = 2
		c.MinThrottle, c.MaxThrottle = time.Millisecond, time.Millisecond
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, w
}

func always(r reply) func(int, sent) reply { return func(int, sent) reply { return r } }

const (
	adaID   = "a71cfcae-0000-4314-9460-e2ffd2515dd0"
	samID   = "d051973d-0000-496b-b44a-345986bce17d"
	adaRole = "548a683e-0000-4021-ad61-4e1964ab3111"
	org     = "5cf59a25-0000-40e1-826b-5ceaf369b207"
)

var adaSeat = hub.Member{ID: adaID, Email: "dana@acme.example", Status: hub.StatusActive, Role: roleMember}

// The bodies are the contract's own samples.
const (
	adaRow = `{"sub_request_status":"SUCCESS","member":{"id":"` + adaID + `","created_at":"2017-10-17T12:25:50.815Z","updated_at":"2017-10-17T12:25:50.815Z",` +
		`"email":"dana@acme.example","organization_id":"` + org + `","display_name":"Dana","snapchat_username":"dana.acme","member_status":"MEMBER","new_field":[1]}}`
	samRow = `{"sub_request_status":"success","member":{"id":"` + samID + `","created_at":"2026-01-01T10:00:00.000Z","updated_at":"2026-01-01T10:00:00.000Z",` +
		`"email":"Sam@acme.example","organization_id":"` + org + `","display_name":"Sam","member_status":"INVITED"}}`
	adaRoleRow = `{"sub_request_status":"SUCCESS","role":{"id":"` + adaRole + `","container_kind":"Organizations","container_id":"` + org + `",` +
		`"member_id":"` + adaID + `","organization_id":"` + org + `","type":"admin"}}`
	samRoleRow = `{"sub_request_status":"SUCCESS","role":{"id":"9a121178-0000-4089-8f80-a60e5445e8ea","container_kind":"Organizations","container_id":"` + org + `",` +
		`"member_id":"` + samID + `","organization_id":"` + org + `","type":"MEMBER"}}`
	noEntity = `{"request_status":"ERROR","request_id":"232f5ee3-0000-4cdd-a429-c0bf1fbbae95","%s":[` +
		`{"sub_request_status":"ERROR","sub_request_error_reason":"Error code: E3004, message: no such entity or no permission"}]}`
)

func ok(plural string, rows ...string) string {
	return fmt.Sprintf(`{"request_status":"SUCCESS","request_id":"5ea05c4800","paging":{},%q:[%s]}`, plural, strings.Join(rows, ","))
}

func pages(plural, next string, rows ...string) string {
	return fmt.Sprintf(`{"request_status":"success","request_id":"5ea05c4800","paging":{"next_link":%s},%q:[%s]}`, next, plural, strings.Join(rows, ","))
}

// orgWith answers the two lists of an organization, and everything else with
// other.
func orgWith(people, roles []string, other func(n int, r sent) reply) func(int, sent) reply {
	return func(n int, r sent) reply {
		switch r.String() {
		case "GET /proxy/v1/organizations/" + org + "/members":
			return reply{body: ok("members", people...)}
		case "GET /proxy/v1/organizations/" + org + "/roles":
			return reply{body: ok("roles", roles...)}
		default:
			return other(n, r)
		}
	}
}

// TestWireForm holds each call to the contract's samples.
func TestWireForm(t *testing.T) {
	c, w := dial(t, func(_ int, r sent) reply {
		switch {
		case r.method == "GET" && strings.HasSuffix(r.path, "/members"):
			return reply{body: ok("members", adaRow, samRow)}
		case r.method == "GET" && strings.HasSuffix(r.path, org+"/roles"):
			return reply{body: ok("roles", adaRoleRow, samRoleRow)}
		case r.method == "GET" && strings.HasSuffix(r.path, samID+"/roles"):
			return reply{body: ok("roles")}
		case r.method == "GET" && strings.HasSuffix(r.path, "/roles"):
			return reply{body: ok("roles", adaRoleRow)}
		case r.method == "POST" && strings.HasSuffix(r.path, "/members"):
			return reply{body: ok("members", samRow)}
		case r.method == "POST":
			return reply{body: ok("roles", samRoleRow)}
		case r.method == "PUT":
			return reply{body: ok("roles", adaRoleRow)}
		case r.method == "DELETE":
			return reply{body: `{"request_status":"SUCCESS","request_id":"x","members":[]}`}
		}
		return reply{status: 404}
	})
	members, err := c.Members(t.Context(), testHub)
	if err != nil || len(members) != 2 {
		t.Fatalf("%+v (error: %v)", members, err)
	}
	if m := members[0]; m.ID != adaID || m.Email != "dana@acme.example" || m.Name != "Dana" || m.Username != "dana.acme" ||
		m.Status != hub.StatusActive || m.Role != roleAdmin || !m.InvitedAt.IsZero() {
		t.Errorf("first = %+v", m)
	}
	if m := members[1]; m.Status != hub.StatusInvited || m.Role != roleMember || !m.InvitedAt.Equal(time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("second = %+v", m)
	}
	m, err := c.Add(t.Context(), testHub, hub.Add{Email: "Sam@acme.example", Role: roleMember})
	if err != nil || m.ID != samID || m.Role != roleMember || m.Status != hub.StatusInvited {
		t.Errorf("%+v (error: %v)", m, err)
	}
	if err := c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: roleDataAdmin}); err != nil {
		t.Error(err)
	}
	if err := c.Remove(t.Context(), testHub, adaSeat); err != nil {
		t.Error(err)
	}
	want := []struct{ call, body string }{
		{"GET /proxy/v1/organizations/" + org + "/members", ""},
		{"GET /proxy/v1/organizations/" + org + "/roles", ""},
		{"POST /proxy/v1/organizations/" + org + "/members", `{"members":[{"email":"Sam@acme.example","organization_id":"` + org + `","display_name":"Sam"}]}`},
		{"GET /proxy/v1/members/" + samID + "/roles", ""},
		{"POST /proxy/v1/organizations/" + org + "/roles", `{"roles":[{"member_id":"` + samID + `","organization_id":"` + org + `","container_kind":"Organizations","container_id":"` + org + `","type":"member"}]}`},
		{"GET /proxy/v1/members/" + adaID + "/roles", ""},
		{"PUT /proxy/v1/organizations/" + org + "/roles", `{"roles":[{"id":"` + adaRole + `","member_id":"` + adaID + `","organization_id":"` + org + `","container_kind":"Organizations","container_id":"` + org + `","type":"data_admin"}]}`},
		{"DELETE /proxy/v1/members/" + adaID, ""},
	}
	if len(w.requests) != len(want) {
		t.Fatalf("requests = %q", w.calls())
	}
	for i, r := range w.requests {
		if r.String() != want[i].call || r.body != want[i].body {
			t.Errorf("request %d is %s %s, want %s %s", i, r, r.body, want[i].call, want[i].body)
		}
		if got := r.header.Get("Authorization"); got != "Bearer "+testToken {
			t.Errorf("%s: Authorization = %q", r, got)
		}
		if limit := r.query.Get("limit"); (limit == "1000") != (i < 2) || limit != "" && i >= 2 {
			t.Errorf("%s: limit = %q", r, limit)
		}
	}
}

// TestDisplayName: Snap wants one, and an address has one to offer.
func TestDisplayName(t *testing.T) {
	for _, tt := range []struct{ email, name, want string }{
		{"ada.diaz@acme.example", "", "ada.diaz"},
		{" ada@acme.example", "  ", "ada"},
		{"ada@acme.example", "Ada Diaz", "Ada Diaz"},
	} {
		c, w := dial(t, always(reply{status: 403, body: `{"request_status":"ERROR"}`}))
		_, _ = c.Add(t.Context(), testHub, hub.Add{Email: tt.email, Role: roleMember, Name: tt.name})
		if len(w.requests) != 1 || !strings.Contains(w.requests[0].body, `"display_name":"`+tt.want+`"`) {
			t.Errorf("%+v: sent %+v", tt, w.requests)
		}
	}
}

func TestPaging(t *testing.T) {
	const known = "/proxy/v1/organizations/" + org + "/members"
	for _, tt := range []struct {
		name   string
		answer func(n int, r sent, base string) string
		want   int // members; -1 is an error
		calls  []string
	}{
		{"no paging", func(int, sent, string) string {
			return `{"request_status":"SUCCESS","members":[` + adaRow + `]}`
		}, 1, []string{known + "?limit=1000"}},
		{"a null link", func(int, sent, string) string { return pages("members", "null", adaRow) }, 1, []string{known + "?limit=1000"}},
		{"an empty link", func(int, sent, string) string { return pages("members", `""`, adaRow) }, 1, []string{known + "?limit=1000"}},
		{"nobody", func(int, sent, string) string { return ok("members") }, 0, []string{known + "?limit=1000"}},
		{"two pages", func(n int, _ sent, base string) string {
			if n == 0 {
				return pages("members", `"`+base+known+`?cursor=A%2BB&limit=1000"`, adaRow)
			}
			return ok("members", samRow)
		}, 2, []string{known + "?limit=1000", known + "?cursor=A%2BB&limit=1000"}},
		{"a path of its own on the same host", func(n int, _ sent, base string) string {
			if n == 0 {
				return pages("members", `"`+base+`/proxy/v1/pages/2?cursor=A"`, adaRow)
			}
			return ok("members", samRow)
		}, 2, []string{known + "?limit=1000", "/proxy/v1/pages/2?cursor=A"}},
		{"outside the API on the same host", func(n int, _ sent, base string) string {
			if n == 0 {
				return pages("members", `"`+base+`/elsewhere?cursor=A"`, adaRow)
			}
			return ok("members", samRow)
		}, 2, []string{known + "?limit=1000", known + "?cursor=A"}},
		{"an empty page in between, a row twice", func(n int, _ sent, base string) string {
			switch n {
			case 0:
				return pages("members", `"`+base+known+`?cursor=A"`, adaRow)
			case 1:
				return pages("members", `"`+base+known+`?cursor=B"`)
			default:
				return ok("members", adaRow, samRow)
			}
		}, 2, []string{known + "?limit=1000", known + "?cursor=A", known + "?cursor=B"}},
		{"in circles", func(_ int, _ sent, base string) string {
			return pages("members", `"`+base+known+`?cursor=A"`, adaRow)
		}, -1, []string{known + "?limit=1000", known + "?cursor=A"}},
		{"to nothing", func(_ int, _ sent, base string) string { return pages("members", `"`+base+known+`"`, adaRow) }, -1, []string{known + "?limit=1000"}},
		{"no link at all", func(int, sent, string) string { return pages("members", `"http://[::1"`, adaRow) }, -1, []string{known + "?limit=1000"}},
		{"no list", func(int, sent, string) string { return `{"request_status":"SUCCESS","request_id":"x"}` }, -1, nil},
		{"a null list", func(int, sent, string) string { return `{"request_status":"SUCCESS","members":null}` }, -1, nil},
		{"no status", func(int, sent, string) string { return `{"members":[` + adaRow + `]}` }, -1, nil},
		{"a part", func(int, sent, string) string {
			return `{"request_status":"PARTIAL","members":[` + adaRow + `]}`
		}, -1, nil},
		{"an item failed", func(int, sent, string) string {
			return `{"request_status":"SUCCESS","members":[` + adaRow + `,{"sub_request_status":"Error","sub_request_error_reason":"no"}]}`
		}, -1, nil},
		{"an item without an id", func(int, sent, string) string {
			return `{"request_status":"SUCCESS","members":[` + adaRow + `,{"sub_request_status":"SUCCESS","member":{}}]}`
		}, -1, nil},
		{"an item of another kind", func(int, sent, string) string {
			return `{"request_status":"SUCCESS","members":[` + adaRoleRow + `]}`
		}, -1, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c *Connector
			var got []string
			c, _ = dial(t, func(_ int, r sent) reply {
				if strings.HasSuffix(r.path, org+"/roles") {
					return reply{body: ok("roles")}
				}
				n := len(got)
				got = append(got, r.path+"?"+r.query.Encode())
				return reply{body: tt.answer(n, r, "http://"+c.api.base.Host)}
			})
			members, err := c.Members(t.Context(), testHub)
			switch {
			case tt.want < 0 && (err == nil || members != nil || errors.Is(err, hub.ErrAbsent)):
				t.Errorf("%d members, error = %v, want an error alone", len(members), err)
			case tt.want >= 0 && (err != nil || len(members) != tt.want):
				t.Errorf("%d members, want %d (error: %v)", len(members), tt.want, err)
			}
			if tt.calls != nil && !slices.Equal(got, tt.calls) {
				t.Errorf("requests %q, want %q", got, tt.calls)
			}
		})
	}
}

// TestForeignLink: the token goes nowhere because an answer says so.
func TestForeignLink(t *testing.T) {
	foreign := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the foreign host was asked %s with Authorization %q", r.URL, r.Header.Get("Authorization"))
	}))
	defer foreign.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(foreign.URL, "http://"), ":")
	for _, base := range []string{foreign.URL, "http://localhost:" + port, "//127.0.0.1:" + port, "https://adsapi.sc-gw.example", "http://localhost:OWN", "https://127.0.0.1:OWN"} {
		var asked []string
		var c *Connector
		c, _ = dial(t, func(_ int, r sent) reply {
			switch {
			case strings.HasSuffix(r.path, org+"/roles"):
				return reply{body: ok("roles")}
			case r.query.Get("cursor") == "":
				return reply{body: pages("members", `"`+strings.Replace(base, "OWN", c.api.base.Port(), 1)+`/proxy/v1/organizations/`+org+`/roles?cursor=A&limit=50"`, adaRow)}
			default:
				asked = append(asked, r.path+"?"+r.query.Encode())
				return reply{body: ok("members", samRow)}
			}
		})
		members, err := c.Members(t.Context(), testHub)
		if err != nil || len(members) != 2 || !slices.Equal(asked, []string{"/proxy/v1/organizations/" + org + "/members?cursor=A&limit=50"}) {
			t.Errorf("%s: %d members by %q (error: %v)", base, len(members), asked, err)
		}
	}
}

// TestTokenRequest holds the refresh to the contract's sample, and what becomes
// of a refresh token that was not to be replaced and is.
func TestTokenRequest(t *testing.T) {
	clock := time.Now()
	var mu sync.Mutex
	now := func() time.Time { mu.Lock(); defer mu.Unlock(); return clock }
	var tokens []sent
	c, w := dialWith(t, refreshSettings(), now, func(_ int, r sent) reply {
		if r.path == "/token" {
			tokens = append(tokens, r)
			return reply{body: fmt.Sprintf(`{"access_token":"issued-%d-0123456789","token_type":"Bearer","expires_in":3600,"refresh_token":"rotated-%d-0123456789","scope":"snapchat-marketing-api"}`, len(tokens), len(tokens))}
		}
		if want := fmt.Sprintf("Bearer issued-%d-0123456789", len(tokens)); r.header.Get("Authorization") != want {
			t.Errorf("Authorization = %q, want %q", r.header.Get("Authorization"), want)
		}
		return reply{body: ok("organizations")}
	})
	self := func() {
		t.Helper()
		if _, err := c.Self(t.Context(), testHub); err != nil {
			t.Fatal(err)
		}
	}
	advance := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); clock = clock.Add(d) }
	self()
	advance(58 * time.Minute)
	self()
	if len(tokens) != 1 {
		t.Fatalf("%d tokens before the margin", len(tokens))
	}
	advance(time.Minute + time.Second) // 59 s are left
	self()
	if len(tokens) != 2 {
		t.Fatalf("%d tokens within the margin, want 2", len(tokens))
	}
	first := tokens[0]
	if want := (url.Values{"grant_type": {"refresh_token"}, "client_id": {testClient}, "client_secret": {testSecret}, "refresh_token": {testRefresh}}); first.method != "POST" ||
		first.form.Encode() != want.Encode() || first.header.Get("Content-Type") != "application/x-www-form-urlencoded" || first.header.Get("Authorization") != "" {
		t.Errorf("token request = %s %v %v", first, first.form, first.header)
	}
	if got := tokens[1].form.Get("refresh_token"); got != "rotated-1-0123456789" {
		t.Errorf("the second refresh used %q", got)
	}
	text := w.log.String()
	if strings.Count(text, "replaced the refresh token") != 1 {
		t.Errorf("log = %s", text)
	}
	for _, secret := range []string{testSecret, testRefresh, "issued-1-0123456789", "issued-2-0123456789", "rotated-1-0123456789", "rotated-2-0123456789"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in the log", secret)
		}
	}
}

// A configured access token serves first, and a 401 brings another one, once.
func TestAccessTokenFirst(t *testing.T) {
	settings := refreshSettings()
	settings[settingAccessToken] = testToken
	var seen []string
	dead := false
	c, _ := dialWith(t, settings, nil, func(_ int, r sent) reply {
		if r.path == "/token" {
			return reply{body: `{"access_token":"issued-0123456789","token_type":"Bearer","expires_in":3600}`}
		}
		seen = append(seen, strings.TrimPrefix(r.header.Get("Authorization"), "Bearer "))
		if dead || seen[len(seen)-1] == testToken {
			return reply{status: 401, body: `{"request_status":"ERROR","request_id":"x","error_code":"E3002","display_message":"expired"}`}
		}
		return reply{body: ok("organizations")}
	})
	if _, err := c.Self(t.Context(), testHub); err != nil || !slices.Equal(seen, []string{testToken, "issued-0123456789"}) {
		t.Errorf("tokens %q (error: %v)", seen, err)
	}
	dead, seen = true, nil
	_, err := c.Self(t.Context(), testHub)
	if f := c.Explain(err); f.Reason != hub.ReasonUnauthenticated || f.Code != "E3002" || len(seen) != 2 {
		t.Errorf("fault = %+v after %d requests (error: %v)", f, len(seen), err)
	}
}

func TestTokenRefused(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		want   hub.Reason
		code   string
		detail string
	}{
		{400, `{"error":"invalid_grant","error_description":"The refresh token ` + testRefresh + ` is gone"}`, hub.ReasonUnauthenticated, "invalid_grant", "authorise the app anew"},
		{401, `{"error":"invalid_client","error_description":"Bad credentials"}`, hub.ReasonUnauthenticated, "invalid_client", "client_secret"},
		{400, `{"error":"invalid_scope"}`, hub.ReasonUnauthenticated, "invalid_scope", "snapchat-marketing-api"},
		{400, `{"error":"something_new"}`, hub.ReasonUnauthenticated, "something_new", "refuses"},
		{404, `<html>not here</html>`, hub.ReasonUnknown, "HTTP 404", "token_url"},
		{200, `{"token_type":"Bearer"}`, hub.ReasonUnavailable, "", "token_url"},
	} {
		t.Run(fmt.Sprint(tt.status, tt.code), func(t *testing.T) {
			c, w := dialWith(t, refreshSettings(), nil, always(reply{status: tt.status, body: tt.body}))
			_, err := c.Add(t.Context(), testHub, hub.Add{Email: "ada@acme.example", Role: roleMember})
			f := c.Explain(err)
			if err == nil || f.Reason != tt.want || f.Code != tt.code || !strings.Contains(f.Detail, tt.detail) || f.Uncertain {
				t.Errorf("fault = %+v (error: %v)", f, err)
			}
			if strings.Contains(err.Error()+f.Message+f.Detail+w.log.String(), testRefresh) {
				t.Errorf("the refresh token shows: %v, %+v", err, f)
			}
			for _, r := range w.requests {
				if r.path != "/token" {
					t.Errorf("sent %s", r)
				}
			}
		})
	}
}

// TestThrottle: the headers say for how long, or the doubling does.
func TestThrottle(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	reset := func(d time.Duration) string { return fmt.Sprint(now.Add(d).Unix()) }
	for _, tt := range []struct {
		name   string
		header map[string]string
		want   time.Duration
	}{
		{"nothing", nil, 0},
		{"a reset", map[string]string{"X-Rate-Limit-Reset": reset(90 * time.Second)}, 90 * time.Second},
		{"a reset gone by", map[string]string{"X-Rate-Limit-Reset": reset(-time.Hour)}, 0},
		{"a retry", map[string]string{"Retry-After": "30"}, 30 * time.Second},
		{"both", map[string]string{"Retry-After": "30", "X-Rate-Limit-Reset": reset(20 * time.Second)}, 30 * time.Second},
		{"both the other way", map[string]string{"Retry-After": "30", "X-Rate-Limit-Reset": reset(40 * time.Second)}, 40 * time.Second},
		{"milliseconds", map[string]string{"X-Rate-Limit-Reset": fmt.Sprint(now.UnixMilli())}, 24 * time.Hour},
		{"nonsense", map[string]string{"X-Rate-Limit-Reset": "soon", "Retry-After": "later"}, 0},
		{"beyond all bounds", map[string]string{"X-Rate-Limit-Reset": "-9223372036854775808"}, 0},
	} {
		h := http.Header{}
		for k, v := range tt.header {
			h.Set(k, v)
		}
		if got := toldWait(h, now); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}

	// The wait is the platform's by the clock of the options, and a POST is sent
	// again after it: it was refused before it was looked at.
	c, w := dialWith(t, accessSettings(), func() time.Time { return now }, func(n int, _ sent) reply {
		if n == 0 {
			return reply{status: 429, header: map[string]string{"X-Rate-Limit-Reset": reset(time.Hour)}, body: `{"request_status":"ERROR","request_id":"r","debug_message":"Too many requests"}`}
		}
		return reply{body: ok("members", samRow)}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := c.Add(ctx, testHub, hub.Add{Email: "ada@acme.example", Role: roleMember})
	if f := c.Explain(err); f.Reason != hub.ReasonRateLimited || f.Wait < 59*time.Minute || f.Uncertain || len(w.requests) != 1 {
		t.Errorf("fault = %+v after %d requests (error: %v)", f, len(w.requests), err)
	}
	c, w = dial(t, func(n int, r sent) reply {
		switch {
		case n == 0:
			return reply{status: 429, body: `{"request_status":"ERROR"}`}
		case r.method == "GET":
			return reply{body: ok("roles")}
		case strings.HasSuffix(r.path, "/members"):
			return reply{body: ok("members", samRow)}
		default:
			return reply{body: ok("roles", samRoleRow)}
		}
	})
	if _, err := c.Add(t.Context(), testHub, hub.Add{Email: "ada@acme.example", Role: roleMember}); err != nil || len(w.requests) != 4 {
		t.Errorf("%q (error: %v)", w.calls(), err)
	}
}

func TestPolicy(t *testing.T) {
	var config transport.Config
	if _, err := open(hub.Options{Settings: accessSettings(), Logger: slog.New(slog.DiscardHandler)}, func(c *transport.Config) { config = *c }); err != nil {
		t.Fatal(err)
	}
	if config.Limit != 10 || config.Attempts != 6 || config.MinThrottle != time.Second || config.MaxThrottle != 30*time.Second || config.Reauthorize != nil {
		t.Errorf("config = %+v", config)
	}
	if config.BaseURL != "https://adsapi.snapchat.com" {
		t.Errorf("base = %q", config.BaseURL)
	}
}

// Snap's page shows the list without paging and documents paging for all lists:
// whatever it does, every page is read.
func TestBusinesses_everyPage(t *testing.T) {
	page := func(n int, ids ...string) reply {
		var rows []string
		for _, id := range ids {
			rows = append(rows, fmt.Sprintf(`{"sub_request_status":"success","organization":{"id":%q,"name":"Org %s","state":"ACTIVE"}}`, id, id))
		}
		next := "null"
		if n < 3 {
			next = fmt.Sprintf(`"https://adsapi.example/v1/me/organizations?cursor=c%d"`, n)
		}
		return reply{body: pages("organizations", next, rows...)}
	}
	c, w := dial(t, func(_ int, r sent) reply {
		switch r.query.Get("cursor") {
		case "":
			return page(1, "o1", "o2")
		case "c1":
			return page(2, "o2", "o3") // o2 again: the list moved
		default:
			return page(3, "o4")
		}
	})
	found, err := c.Businesses(t.Context())
	var ids []string
	for _, b := range found {
		ids = append(ids, b.ID+" "+b.Name)
	}
	if want := []string{"o1 Org o1", "o2 Org o2", "o3 Org o3", "o4 Org o4"}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("businesses = %q (error: %v), want %q", ids, err, want)
	}
	if calls := w.calls(); len(calls) != 3 {
		t.Errorf("%d requests for three pages: %q", len(calls), calls)
	}
}
