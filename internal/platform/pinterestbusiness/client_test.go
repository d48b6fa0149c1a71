package pinterestbusiness

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// wire is a server that answers with bodies in the form of Pinterest's document,
// and remembers what it was asked.
type wire struct {
	mu       sync.Mutex
	requests []sent
	answer   func(n int, r sent) say // n counts from 0
}

type sent struct {
	method, path string
	query        url.Values
	header       http.Header
	body         string
}

// is says whether r is that call, "GET members" for example.
func (r sent) is(call string) bool {
	return r.method+" "+r.path[strings.LastIndex(r.path, "/")+1:] == call
}

type say struct {
	status int
	header map[string]string
	body   string
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	s := sent{method: r.Method, path: r.URL.Path, query: r.URL.Query(), header: r.Header, body: string(body)}
	n := len(w.requests)
	w.requests = append(w.requests, s)
	w.mu.Unlock()

	a := w.answer(n, s)
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("X-Pinterest-Rid", "4711")
	for k, v := range a.header {
		rw.Header().Set(k, v)
	}
	rw.WriteHeader(cmp.Or(a.status, http.StatusOK))
	_, _ = io.WriteString(rw, a.body)
}

func (w *wire) calls() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var calls []string
	for _, r := range w.requests {
		calls = append(calls, r.method+" "+r.path[strings.LastIndex(r.path, "/")+1:])
	}
	return calls
}

// dial connects a connector to a wire, with waits short enough for a test.
func dial(t *testing.T, answer func(n int, r sent) say) (*Connector, *wire) {
	t.Helper()
	return dialWith(t, hub.Options{Settings: accessSettings()}, answer)
}

func dialWith(t *testing.T, o hub.Options, answer func(n int, r sent) say) (*Connector, *wire) {
	t.Helper()
	w := &wire{answer: answer}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	o.UserAgent, o.Settings[settingEndpoint] = "test", server.URL+"/"
	c, err := open(o, func(c *transport.Config) {
		brief(c)
		c.Attempts = 2
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, w
}

// brief leaves the policy as it is and takes the waiting out of it.
func brief(c *transport.Config) {
	c.MinBackoff, c.MaxBackoff = time.Millisecond, time.Millisecond
	c.MinThrottle, c.MaxThrottle = time.Millisecond, time.Millisecond
	c.Limit = 0
}

func always(a say) func(int, sent) say { return func(int, sent) say { return a } }

// on answers each call by its name, the first of several in turn; whoever asks
// for more fails the test.
func on(t *testing.T, answers map[string][]say) func(int, sent) say {
	t.Helper()
	var mu sync.Mutex
	return func(_ int, r sent) say {
		mu.Lock()
		defer mu.Unlock()
		for call, list := range answers {
			if r.is(call) && len(list) > 0 {
				answers[call] = list[1:]
				return list[0]
			}
		}
		t.Errorf("unexpected %s %s", r.method, r.path)
		return say{status: http.StatusTeapot}
	}
}

const (
	nobody    = `{"items":[],"bookmark":null}`
	leeID     = "383791336903420002"
	samInvite = "500100200300400501"
	leeRow    = `{"id":"383791336903420002","user":{"id":"383791336903420002","username":"lee_ads","email":"Lee@acme.example"},"business_roles":["EMPLOYEE"],"is_shared_partner":false,"created_time":1650000000000,"created_by_user":null,"created_by_business":null,"assets_summary":null}`
	samRow    = `{"id":"500100200300400501","is_received_invite":false,"user":{"id":null,"username":null,"email":"sam@acme.example"},"business_roles":["EMPLOYEE"],"created_time":1709140000000,"invite_data":{"invite_type":"MEMBER_INVITE","invite_status":"PENDING","sent_at":1709140000001,"last_updated_time":1709140000000,"invite_expiration":1709748104775},"created_by_user":null,"created_by_business":null,"assets_summary":{"ad_accounts":[],"profiles":[]}}`
	samTaken  = `{"items":[{"invite":{"id":"500100200300400501","user":{"id":null,"username":null,"email":"sam@acme.example"}},"exception":null}]}`
	samGone   = `{"items":[{"invite":{"id":"500100200300400501","is_received_invite":false,"user":{"id":null,"username":null,"email":"sam@acme.example"},"invite_data":{"invite_type":"MEMBER_INVITE","invite_status":"CANCELLED","sent_at":1709140000000,"last_updated_time":1709150000000,"invite_expiration":1709748104775}}}]}`
	leeAdmin  = `{"items":[{"member_id":"383791336903420002","business_role":"BIZ_ADMIN"}]}`
	leeGone   = `{"deleted_members":["383791336903420002"]}`
	acme      = `{"account_type":"BUSINESS","id":"729090764583390001","username":"acmehq","business_name":"Acme HQ","profile_image":"https://i.example.net/a.jpg","website_url":"","about":null,"follower_count":10,"following_count":2,"board_count":1,"pin_count":3,"monthly_views":20}`
)

// When the invitation of samRow is open.
var samTime = time.UnixMilli(1709200000000)

var (
	lee = hub.Member{ID: leeID, Email: "lee@acme.example", Status: hub.StatusActive, Role: roleEmployee}
	sam = hub.Member{ID: samInvite, Email: "sam@acme.example", Status: hub.StatusInvited, Role: roleEmployee}
)

func items(rows ...string) string {
	return `{"items":[` + strings.Join(rows, ",") + `],"bookmark":null}`
}

// tasks are the calls of the connector, each over one request when all is well.
var tasks = map[string]func(context.Context, *Connector) error{
	"list": func(ctx context.Context, c *Connector) error {
		_, err := c.Members(ctx, testHub)
		return err
	},
	"invite": func(ctx context.Context, c *Connector) error {
		_, err := c.Add(ctx, testHub, hub.Add{Email: "sam@acme.example", Role: roleEmployee})
		return err
	},
	"role": func(ctx context.Context, c *Connector) error {
		return c.ChangeRole(ctx, testHub, lee, hub.RoleChange{Role: roleAdmin})
	},
	"remove": func(ctx context.Context, c *Connector) error { return c.Remove(ctx, testHub, lee) },
	"cancel": func(ctx context.Context, c *Connector) error { return c.Remove(ctx, testHub, sam) },
}

// TestRequests holds every request to the contract's words.
func TestRequests(t *testing.T) {
	c, w := dial(t, on(t, map[string][]say{
		"GET user_account": {{body: strings.Replace(acme, "729090764583390001", "2783136121146310001", 1)}},
		"GET employers":    {{body: items()}},
		"GET members":      {{body: items(leeRow)}, {body: items(leeRow)}, {body: items(leeRow)}},
		"GET invites":      {{body: items(samRow)}},
		"POST invites":     {{body: samTaken}},
		"DELETE invites":   {{body: samGone}},
		"PATCH members":    {{body: leeAdmin}},
		"DELETE members":   {{body: leeGone}},
	}))
	if _, err := c.Verify(t.Context(), testHub); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Lookup(t.Context(), testHub, hub.Key{ID: leeID, Status: hub.StatusActive}); err != nil {
		t.Fatal(err)
	}
	for _, task := range []string{"list", "invite", "cancel", "role", "remove"} {
		if err := tasks[task](t.Context(), c); err != nil {
			t.Fatalf("%s: %v", task, err)
		}
	}
	const business = "/v5/businesses/729090764583390001"
	want := []struct{ method, path, query, body string }{
		{"GET", "/v5/user_account", "", ""},
		{"GET", business + "/members", "page_size=1", ""},
		{"GET", "/v5/businesses/employers", "page_size=250", ""},
		{"GET", business + "/members", "member_ids=383791336903420002&page_size=250", ""},
		{"GET", business + "/invites", "invite_status=PENDING&invite_status=EXPIRED&invite_type=MEMBER_INVITE&is_member=true&page_size=250", ""},
		{"GET", business + "/members", "page_size=250", ""},
		{"POST", business + "/invites", "", `{"invite_type":"MEMBER_INVITE","business_role":"EMPLOYEE","members":["sam@acme.example"]}`},
		{"DELETE", business + "/invites", "", `{"invite_ids":["500100200300400501"]}`},
		{"PATCH", business + "/members", "", `[{"member_id":"383791336903420002","business_role":"BIZ_ADMIN"}]`},
		{"DELETE", business + "/members", "", `{"members":[{"member_id":"383791336903420002","business_role":"EMPLOYEE"}]}`},
	}
	if len(w.requests) != len(want) {
		t.Fatalf("sent %v", w.calls())
	}
	for i, r := range w.requests {
		if got := want[i]; r.method != got.method || r.path != got.path || r.query.Encode() != got.query || r.body != got.body {
			t.Errorf("request %d = %s %s?%s %s, want %+v", i, r.method, r.path, r.query.Encode(), r.body, got)
		}
		if r.header.Get("Authorization") != "Bearer "+testToken || r.header.Get("Accept") != "application/json" || r.header.Get("User-Agent") != "test" {
			t.Errorf("request %d has headers %v", i, r.header)
		}
		if kind := r.header.Get("Content-Type"); (r.body == "") != (kind == "") || r.body != "" && kind != "application/json" {
			t.Errorf("request %d has a body of %d bytes and content type %q", i, len(r.body), kind)
		}
	}
}

// people makes rows of n members, numbered from first.
func people(first, n int) []string {
	var rows []string
	for i := first; i < first+n; i++ {
		rows = append(rows, fmt.Sprintf(`{"id":"38379133690%07d","user":{"id":"38379133690%07d","username":"p%d","email":"p%d@acme.example"},"business_roles":["EMPLOYEE"]}`, i, i, i, i))
	}
	return rows
}

func pageOf(rows []string, bookmark string) string {
	return `{"items":[` + strings.Join(rows, ",") + `]` + bookmark + `}`
}

// onMembers answers the list of members with answer, the other one with nobody.
func onMembers(answer func(n int, r sent) say) func(int, sent) say {
	count := 0
	return func(_ int, r sent) say {
		if r.is("GET invites") {
			return say{body: nobody}
		}
		count++
		return answer(count-1, r)
	}
}

func TestPaging(t *testing.T) {
	pages := func(bodies ...string) func(int, sent) say {
		return onMembers(func(n int, _ sent) say {
			if n >= len(bodies) {
				return say{status: 400, body: `{"code":1,"message":"one page too many"}`}
			}
			return say{body: bodies[n]}
		})
	}
	for _, tt := range []struct {
		name   string
		answer func(int, sent) say
		want   int // members; -1 is an error
	}{
		{"nobody", pages(nobody), 0},
		{"no bookmark at all", pages(pageOf(people(0, 2), "")), 2},
		{"an empty bookmark", pages(pageOf(people(0, 2), `,"bookmark":""`)), 2},
		{"two pages", pages(pageOf(people(0, 250), `,"bookmark":"A"`), pageOf(people(250, 3), `,"bookmark":null`)), 253},
		{"a short page that is not the last", pages(pageOf(people(0, 1), `,"bookmark":"A"`), pageOf(people(1, 3), "")), 4},
		{"an empty page that is not the last", pages(pageOf(nil, `,"bookmark":"A"`), pageOf(people(1, 3), "")), 3},
		{"somebody on two pages is one person", pages(pageOf(people(0, 3), `,"bookmark":"A"`), pageOf(people(2, 3), "")), 5},
		{"the same bookmark again", pages(pageOf(people(0, 3), `,"bookmark":"A"`), pageOf(people(3, 3), `,"bookmark":"A"`)), -1},
		{"a bookmark that is no text", pages(pageOf(people(0, 3), `,"bookmark":7`)), -1},
		{"no list at all", pages(`{}`), -1},
		{"null for a list", pages(`{"items":null,"bookmark":null}`), -1},
		{"an error under 200", pages(`{"code":29,"message":"no"}`), -1},
		{"JSON cut short", pages(`{"items":[{"id":"3837`), -1},
		{"a page in HTML", pages(`<html>maintenance</html>`), -1},
		{"the second page refused", pages(pageOf(people(0, 250), `,"bookmark":"A"`)), -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dial(t, tt.answer)
			members, err := c.Members(t.Context(), testHub)
			switch {
			case tt.want < 0 && (err == nil || members != nil):
				t.Fatalf("%d members (error: %v)", len(members), err)
			case tt.want >= 0 && (err != nil || len(members) != tt.want):
				t.Fatalf("%d members, want %d (error: %v)", len(members), tt.want, err)
			}
		})
	}
}

// Bookmarks that lead back would be followed for ever.
func TestPagingInCircles(t *testing.T) {
	c, w := dial(t, onMembers(func(n int, _ sent) say {
		return say{body: pageOf(people(n, 1), `,"bookmark":"`+[]string{"A", "B", "C"}[n%3]+`"`)}
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if members, err := c.Members(ctx, testHub); err == nil || members != nil || ctx.Err() != nil {
		t.Errorf("%d members (error: %v)", len(members), err)
	}
	if got := len(w.requests) - 1; got != 4 { // one went to the invitations
		t.Errorf("%d requests, want 4", got)
	}
}

// Every page is asked for with the same query, the bookmark aside.
func TestPagingKeepsTheQuery(t *testing.T) {
	const bookmark = `LT4zNjM=|a b+c&d=%2F`
	quoted, _ := json.Marshal(bookmark)
	turn := map[string]int{}
	c, w := dial(t, func(_ int, r sent) say {
		turn[r.path]++
		if turn[r.path] == 1 {
			return say{body: `{"items":[],"bookmark":` + string(quoted) + `}`}
		}
		return say{body: nobody}
	})
	if _, err := c.Members(t.Context(), testHub); err != nil {
		t.Fatal(err)
	}
	if len(w.requests) != 4 {
		t.Fatalf("sent %v", w.calls())
	}
	for _, i := range []int{0, 2} {
		first, second := w.requests[i].query, w.requests[i+1].query
		if second.Get("bookmark") != bookmark || first.Has("bookmark") {
			t.Errorf("bookmarks %q and %q", first.Get("bookmark"), second.Get("bookmark"))
		}
		second.Del("bookmark")
		if first.Encode() != second.Encode() {
			t.Errorf("asked with %s, then with %s", first.Encode(), second.Encode())
		}
	}
}

func TestInspect(t *testing.T) {
	const limited = `{"code":8,"message":"You have exceeded your rate limit. Try again later."}`
	for _, tt := range []struct {
		name   string
		status int
		header map[string]string
		body   string
		want   transport.Verdict
	}{
		{"success", 200, map[string]string{"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "40"}, nobody, transport.Verdict{}},
		{"limited, nothing told", 429, nil, limited, transport.Verdict{Kind: transport.Throttled}},
		{"limited, code 30", 429, nil, `{"code":30,"message":"m"}`, transport.Verdict{Kind: transport.Throttled}},
		{"limited, in HTML", 429, nil, `<html>`, transport.Verdict{Kind: transport.Throttled}},
		{"limited, Retry-After first", 429, map[string]string{"Retry-After": "7", "X-Ratelimit-Reset": "40"}, limited, transport.Verdict{Kind: transport.Throttled, Wait: 7 * time.Second}},
		{"limited, reset", 429, map[string]string{"Retry-After": "soon", "X-Ratelimit-Reset": "40"}, limited, transport.Verdict{Kind: transport.Throttled, Wait: 40 * time.Second}},
		{"token ended", 401, nil, `{"code":2,"message":"Authentication failed."}`, transport.Verdict{Kind: transport.Unauthorized}},
		{"token ended, other family", 400, nil, `{"code":1104,"message":"m"}`, transport.Verdict{Kind: transport.Unauthorized}},
		{"no scope", 401, nil, `{"code":3,"message":"m"}`, transport.Verdict{}},
		{"not yours", 401, nil, `{"code":7,"message":"m"}`, transport.Verdict{}},
		{"may not act", 401, nil, `{"code":29,"message":"m"}`, transport.Verdict{}},
		{"may not act either", 403, nil, `{"code":29,"message":"m"}`, transport.Verdict{}},
		{"no such user", 404, nil, `{"code":30,"message":"m"}`, transport.Verdict{}},
		{"invalid", 400, nil, `{"code":1,"message":"m"}`, transport.Verdict{}},
		{"conflict", 409, nil, `{"code":409,"message":"m"}`, transport.Verdict{}},
		{"stumble", 500, nil, `{"code":500,"message":"m"}`, transport.Verdict{Kind: transport.Transient}},
		{"gateway", 502, nil, `<html>`, transport.Verdict{Kind: transport.Transient}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			for k, v := range tt.header {
				h.Set(k, v)
			}
			if got := inspect(&transport.Response{Status: tt.status, Header: h, Body: []byte(tt.body)}); got != tt.want {
				t.Errorf("verdict = %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestLimitReset(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "41": 41 * time.Second, " 41 ": 41 * time.Second, "41, 100;w=1": 41 * time.Second, "0": 0, "3600": time.Hour,
		"86400": 24 * time.Hour, "1772000000": 0, "soon": 0, "-5": 0, "99999999999999999999999": 0, "1.5": time.Second,
	} {
		if got := limitReset(http.Header{"X-Ratelimit-Reset": {text}}); got != want {
			t.Errorf("reset %q = %s, want %s", text, got, want)
		}
	}
}

// A throttled write goes out again: Pinterest refused it before it acted.
func TestThrottle(t *testing.T) {
	limited := say{status: 429, body: `{"code":8,"message":"You have exceeded your rate limit."}`}
	t.Run("waits and goes on", func(t *testing.T) {
		c, w := dial(t, func(n int, _ sent) say {
			if n == 0 {
				return limited
			}
			return say{body: samTaken}
		})
		if err := tasks["invite"](t.Context(), c); err != nil || len(w.requests) != 2 {
			t.Errorf("%d requests (error: %v)", len(w.requests), err)
		}
	})
	t.Run("the day's calls are used up", func(t *testing.T) {
		c, w := dial(t, always(say{status: 429, body: limited.body, header: map[string]string{
			"X-Ratelimit-Limit": "1000, 1000;w=86400", "X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "7200",
		}}))
		began := time.Now()
		err := tasks["invite"](t.Context(), c)
		f := c.Explain(err)
		if f.Reason != hub.ReasonRateLimited || f.Wait != 2*time.Hour || f.Uncertain || f.Code != "8" || !strings.Contains(f.Detail, "1,000") {
			t.Errorf("fault = %+v (error: %v)", f, err)
		}
		// It holds the whole connection, not only the call.
		f = c.Explain(tasks["list"](t.Context(), c))
		if f.Reason != hub.ReasonRateLimited || f.Wait < time.Hour || len(w.requests) != 1 || time.Since(began) > 5*time.Second {
			t.Errorf("next call: fault = %+v after %d requests", f, len(w.requests))
		}
	})
}

// Pinterest quotes a token back, and a log line quotes anything.
func TestSecretsStayInside(t *testing.T) {
	const newToken, newRefresh = "pina_new_token_1", "pinr_new_refresh_1"
	granted := say{body: `{"response_type":"refresh_token","access_token":"` + newToken + `","token_type":"bearer","expires_in":2592000,"refresh_token":"` + newRefresh + `","scope":"biz_access:read"}`}
	for _, tt := range []struct {
		name     string
		settings map[string]string
		token    say
		answer   say
		secrets  []string
	}{
		{name: "refused", settings: accessSettings(), answer: say{status: 401, body: `{"code":2,"message":"bad token %s"}`}, secrets: []string{testToken}},
		{name: "gateway", settings: accessSettings(), answer: say{status: 502, body: "<html>%s"}, secrets: []string{testToken}},
		{name: "no list", settings: accessSettings(), answer: say{body: `{"items":"%s"}`}, secrets: []string{testToken}},
		{name: "granted, then refused", settings: refreshSettings(), token: granted, answer: say{status: 403, body: `{"code":29,"message":"%s"}`}, secrets: []string{testRefresh, testSecret, newToken, newRefresh}},
		{name: "not granted", settings: refreshSettings(), token: say{status: 401, body: `{"code":2,"message":"%s"}`}, secrets: []string{testRefresh, testSecret}},
		{name: "not granted, by a proxy", settings: refreshSettings(), token: say{status: 403, body: `<html>%s`}, secrets: []string{testRefresh, testSecret}},
		{name: "granted by a proxy", settings: refreshSettings(), token: say{body: `<html>%s`}, secrets: []string{testRefresh, testSecret}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log strings.Builder
			quoting := func(s say) say {
				s.body = strings.Replace(s.body, "%s", strings.Join(tt.secrets, " "), 1)
				return s
			}
			logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			c, _ := dialWith(t, hub.Options{Settings: tt.settings, Logger: logger}, func(_ int, r sent) say {
				if r.is("POST token") {
					return quoting(tt.token)
				}
				return quoting(tt.answer)
			})
			said := ""
			for name, task := range tasks {
				err := task(t.Context(), c)
				if err == nil {
					t.Fatalf("%s is no error", name)
				}
				fault, _ := json.Marshal(c.Explain(err))
				said += string(fault) + fmt.Sprintf("%#v", err)
				for inner := err; inner != nil; inner = errors.Unwrap(inner) {
					said += fmt.Sprintf("%v %+v", inner, inner)
				}
			}
			for _, secret := range tt.secrets {
				if strings.Contains(said+log.String(), secret) {
					t.Errorf("%s shows", secret)
				}
			}
			if tt.token.body == "" && log.Len() == 0 {
				t.Error("nothing was logged")
			}
		})
	}
}

// An exception is quoted, too.
func TestSecretInAnException(t *testing.T) {
	c, _ := dial(t, func(_ int, r sent) say {
		if r.method == http.MethodGet {
			return say{body: nobody}
		}
		return say{body: `{"items":[{"exception":{"code":403,"message":"no ` + testToken + `","users_or_partner_ids":null}}]}`}
	})
	err := tasks["invite"](t.Context(), c)
	if f := c.Explain(err); f.Reason != hub.ReasonSeatLimit || strings.Contains(fmt.Sprint(err, f), testToken) {
		t.Errorf("a secret shows, or there is no exception: %+v", f.Reason)
	}
}
