package tiktokbusiness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

const testToken = "act.5f2e9c1b7d3a4e6f8091"

var testHub = hub.Ref{Platform: Name, BusinessID: "6900000000000000001"}

// wire is a server that answers with bodies in the form of TikTok's documents,
// and remembers what it was asked.
type wire struct {
	mu       sync.Mutex
	requests []sent
	answer   func(n int, r sent) reply // n counts from 0
}

type sent struct {
	method, path string
	query        url.Values
	filter       filtering
	page         int
	header       http.Header
	body         string
}

type reply struct {
	status int
	header map[string]string
	body   string
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s := sent{method: r.Method, path: r.URL.Path, query: r.URL.Query(), header: r.Header, body: string(body)}
	_ = json.Unmarshal([]byte(s.query.Get("filtering")), &s.filter)
	s.page, _ = strconv.Atoi(s.query.Get("page"))
	w.mu.Lock()
	n := len(w.requests)
	w.requests = append(w.requests, s)
	a := w.answer(n, s)
	w.mu.Unlock()

	for k, v := range a.header {
		rw.Header().Set(k, v)
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	rw.WriteHeader(a.status)
	_, _ = io.WriteString(rw, a.body)
}

// asked is what came so far. Calls that were given up on may still be coming in.
func (w *wire) asked() []sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.requests)
}

func (w *wire) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = nil
}

// dial connects a connector to a wire, with waits short enough for a test.
func dial(t *testing.T, answer func(n int, r sent) reply) (*Connector, *wire) {
	t.Helper()
	w := &wire{answer: answer}
	return connect(t, w, nil), w
}

func connect(t *testing.T, h http.Handler, log io.Writer) *Connector {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	o := hub.Options{UserAgent: "test", Settings: map[string]string{settingAccessToken: testToken, settingEndpoint: server.URL}}
	if log != nil {
		o.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	c, err := open(o, func(c *transport.Config) {
		brief(c)
		c.Attempts = 2
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// brief leaves the policy as it is and takes the waiting out of it.
func brief(c *transport.Config) {
	c.Limit = 0
	c.MinBackoff, c.MaxBackoff = time.Millisecond, time.Millisecond
	c.MinThrottle, c.MaxThrottle = time.Millisecond, time.Millisecond
}

func always(body string) func(int, sent) reply {
	return func(int, sent) reply { return reply{body: body} }
}

const done = `{"code":0,"message":"OK","request_id":"2026010112000004","data":{}}`

// refused is the envelope of a failure.
func refused(code int, message string) string {
	return fmt.Sprintf(`{"code":%d,"message":%q,"request_id":"20260101120000ABC","data":{}}`, code, message)
}

// listed is one page of a list in TikTok's envelope.
func listed(page, totalNumber, totalPage int, rows ...string) string {
	return fmt.Sprintf(`{"code":0,"message":"OK","request_id":"2026010112000003","data":{"list":[%s],"page_info":{"page":%d,"page_size":20,"total_number":%d,"total_page":%d}}}`,
		strings.Join(rows, ","), page, totalNumber, totalPage)
}

// row is a member, or an invitation when it has no id.
func row(id, email, role, status string) string {
	return fmt.Sprintf(`{"user_id":%q,"user_name":"P","user_email":%q,"user_role":%q,"relation_status":%q,"ext_user_role":{}}`, id, email, role, status)
}

// bound are n members, numbered from first.
func bound(first, n int) []string {
	var rows []string
	for i := first; i < first+n; i++ {
		rows = append(rows, row(fmt.Sprintf("7%018d", i+1), fmt.Sprintf("p%d@acme.example", i), "STANDARD", "BOUND"))
	}
	return rows
}

// onBound answers the list of members with answer, the one of invitations with
// nobody. n counts the calls about members.
func onBound(answer func(n int, r sent) reply) func(int, sent) reply {
	count := 0
	return func(_ int, r sent) reply {
		if r.filter.RelationStatus == statusPending {
			return reply{body: listed(1, 0, 0)}
		}
		count++
		return answer(count-1, r)
	}
}

// TestRequests holds each call to what TikTok expects on the wire, byte by byte.
func TestRequests(t *testing.T) {
	c, w := dial(t, func(_ int, r sent) reply {
		switch r.path {
		case "/open_api/v1.3/bc/member/get/":
			return reply{body: listed(1, 1, 1, row("7000000000000000002", "lee@acme.example", "STANDARD", "BOUND"))}
		case "/open_api/v1.3/user/info/":
			return reply{body: `{"code":0,"message":"OK","request_id":"1","data":{"core_user_id":"7000000000000000001","display_name":"Ops Bot","email":"ops@acme.example","create_time":1700000000}}`}
		case "/open_api/v1.3/bc/get/":
			return reply{body: oneCenter("ENABLE", "ADMIN")}
		default:
			return reply{body: done}
		}
	})
	lee := hub.Member{ID: "7000000000000000002", Email: "lee@acme.example", Status: hub.StatusActive, Role: "STANDARD", Secondary: []string{financeAnalyst}}
	sam := hub.Member{Email: "sam@acme.example", Status: hub.StatusInvited, Role: "STANDARD"}
	const (
		list   = "GET /open_api/v1.3/bc/member/get/?bc_id=6900000000000000001&filtering=%s&page=1&page_size=20"
		prefix = "POST /open_api/v1.3/bc/member/"
		bc     = `{"bc_id":"6900000000000000001",`
	)
	search := func(filter string) string { return fmt.Sprintf(list, url.QueryEscape(filter)) }
	for _, tt := range []struct {
		name string
		call func(context.Context) error
		want []string
	}{
		{"verify", func(ctx context.Context) error { _, err := c.Verify(ctx, testHub); return err }, []string{
			"GET /open_api/v1.3/user/info/", "GET /open_api/v1.3/bc/get/?bc_id=6900000000000000001",
		}},
		{"members", func(ctx context.Context) error { _, err := c.Members(ctx, testHub); return err }, []string{
			search(`{"relation_status":"PENDING"}`), search(`{"relation_status":"BOUND"}`),
		}},
		{"self", func(ctx context.Context) error { _, err := c.Self(ctx, testHub); return err }, []string{
			"GET /open_api/v1.3/user/info/", search(`{"relation_status":"BOUND","user_role":"ADMIN"}`),
		}},
		{"look up", func(ctx context.Context) error {
			_, err := c.Lookup(ctx, testHub, hub.Key{Email: "lee@acme.example"})
			return err
		}, []string{search(`{"keyword":"lee@acme.example"}`)}},
		{"invite", func(ctx context.Context) error {
			_, err := c.Add(ctx, testHub, hub.Add{Email: "Sam@Acme.example", Role: "STANDARD"})
			return err
		}, []string{prefix + `invite/ ` + bc + `"emails":["Sam@Acme.example"],"user_role":"STANDARD"}`}},
		{"invite with a finance role", func(ctx context.Context) error {
			_, err := c.Add(ctx, testHub, hub.Add{Email: "sam@acme.example", Role: "ADMIN", Secondary: []string{financeAnalyst}})
			return err
		}, []string{prefix + `invite/ ` + bc + `"emails":["sam@acme.example"],"user_role":"ADMIN","ext_user_role":{"finance_role":"ANALYST"}}`}},
		{"change the role, not the finance role", func(ctx context.Context) error {
			return c.ChangeRole(ctx, testHub, lee, hub.RoleChange{Role: "ADMIN"})
		}, []string{prefix + `update/ ` + bc + `"user_id":"7000000000000000002","user_role":"ADMIN"}`}},
		{"change the finance role, not the role", func(ctx context.Context) error {
			return c.ChangeRole(ctx, testHub, lee, hub.RoleChange{Grant: financeManager})
		}, []string{prefix + `update/ ` + bc + `"user_id":"7000000000000000002","ext_user_role":{"finance_role":"MANAGER"}}`}},
		{"change both", func(ctx context.Context) error {
			return c.ChangeRole(ctx, testHub, lee, hub.RoleChange{Role: "ADMIN", Grant: financeManager})
		}, []string{prefix + `update/ ` + bc + `"user_id":"7000000000000000002","user_role":"ADMIN","ext_user_role":{"finance_role":"MANAGER"}}`}},
		{"change nothing", func(ctx context.Context) error { return c.ChangeRole(ctx, testHub, lee, hub.RoleChange{}) }, nil},
		{"remove a member", func(ctx context.Context) error { return c.Remove(ctx, testHub, lee) }, []string{
			search(`{"keyword":"lee@acme.example","relation_status":"BOUND"}`),
			prefix + `delete/ ` + bc + `"user_id":"7000000000000000002"}`,
		}},
		{"withdraw an invitation", func(ctx context.Context) error { return c.Remove(ctx, testHub, sam) }, []string{
			search(`{"keyword":"sam@acme.example"}`),
			prefix + `delete/ ` + bc + `"user_email":"sam@acme.example"}`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.forget()
			if err := tt.call(t.Context()); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range w.asked() {
				line := r.method + " " + r.path
				if len(r.query) > 0 {
					line += "?" + r.query.Encode()
				}
				if r.body != "" {
					line += " " + r.body
				}
				got = append(got, line)
				if h := r.header.Get("Access-Token"); h != testToken || r.header.Get("Authorization") != "" {
					t.Errorf("%s: Access-Token = %q, Authorization = %q", r.path, h, r.header.Get("Authorization"))
				}
				if kind := r.header.Get("Content-Type"); r.method == http.MethodPost && kind != "application/json" {
					t.Errorf("%s: Content-Type = %q", r.path, kind)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("sent\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestPaging(t *testing.T) {
	pages := func(bodies ...string) func(int, sent) reply {
		return onBound(func(_ int, r sent) reply {
			if r.page < 1 || r.page > len(bodies) {
				return reply{status: 500, body: "one page too many"}
			}
			return reply{body: bodies[r.page-1]}
		})
	}
	b := func(first, n int) []string { return bound(first, n) }
	noList := func(total int) string {
		return fmt.Sprintf(`{"code":0,"message":"OK","request_id":"1","data":{"list":null,"page_info":{"page":1,"page_size":20,"total_number":%d,"total_page":1}}}`, total)
	}
	tests := []struct {
		name   string
		answer func(int, sent) reply
		want   int // members; -1 is an error
	}{
		{"nobody", pages(listed(1, 0, 0)), 0},
		{"nobody, on one page", pages(listed(1, 0, 1)), 0},
		{"nobody, and null for a list", pages(noList(0)), 0},
		{"null for a list of three", pages(noList(3)), -1},
		{"one page", pages(listed(1, 3, 1, b(0, 3)...)), 3},
		{"three pages", pages(listed(1, 45, 3, b(0, 20)...), listed(2, 45, 3, b(20, 20)...), listed(3, 45, 3, b(40, 5)...)), 45},
		{"smaller pages than asked for", pages(listed(1, 5, 3, b(0, 2)...), listed(2, 5, 3, b(2, 2)...), listed(3, 5, 3, b(4, 1)...)), 5},
		{"other statuses among them", pages(listed(1, 4, 1,
			row("7000000000000000001", "a@acme.example", "ADMIN", "BOUND"), row("", "b@acme.example", "STANDARD", "PENDING"),
			row("7000000000000000003", "c@acme.example", "STANDARD", "UNBOUND"), row("", "d@acme.example", "STANDARD", "REJECTED"))), 2},
		{"a page missing from the end", pages(listed(1, 40, 1, b(0, 20)...)), -1},
		{"an empty page in the middle", pages(listed(1, 45, 3, b(0, 20)...), listed(2, 45, 3), listed(3, 45, 3, b(40, 5)...)), -1},
		{"somebody on two pages, so somebody on none", pages(listed(1, 25, 2, b(0, 20)...), listed(2, 25, 2, b(19, 5)...)), -1},
		{"the first page again", pages(listed(1, 40, 2, b(0, 20)...), listed(1, 40, 2, b(0, 20)...)), -1},
		{"more pages than people", pages(listed(1, 2, 1000000000, b(0, 2)...)), -1},
		{"no page_info", pages(`{"code":0,"message":"OK","request_id":"1","data":{"list":[]}}`), -1},
		{"no data", pages(`{"code":0,"message":"OK","request_id":"1"}`), -1},
		{"null for data", pages(`{"code":0,"message":"OK","request_id":"1","data":null}`), -1},
		{"no code", pages(strings.Replace(listed(1, 1, 1, b(0, 1)...), `"code":0,`, "", 1)), -1},
		{"JSON cut short", pages(listed(1, 2, 1, b(0, 2)...)[:120]), -1},
		{"a page in HTML", pages(`<html>maintenance</html>`), -1},
		{"a part of the list", pages(strings.Replace(listed(1, 2, 1, b(0, 2)...), `"code":0`, `"code":20001`, 1)), -1},
		{"second page refused", pages(listed(1, 25, 2, b(0, 20)...), refused(40001, "No permission")), -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, w := dial(t, tt.answer)
			members, err := c.Members(t.Context(), testHub)
			switch {
			case tt.want < 0 && err == nil:
				t.Fatalf("%d members and no error", len(members))
			case tt.want < 0 && members != nil:
				t.Errorf("%d members beside the error", len(members))
			case tt.want >= 0 && (err != nil || len(members) != tt.want):
				t.Fatalf("%d members, want %d (error: %v)", len(members), tt.want, err)
			}
			if n := len(w.asked()); n > 12 || n > 2 && strings.HasPrefix(tt.name, "more pages than") {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// What moves while it is read is read again, and given up on in the end.
func TestMovingList(t *testing.T) {
	moving := func(times int) func(int, sent) reply {
		total, left := 45, times
		return onBound(func(_ int, r sent) reply {
			if r.page == 2 && left > 0 {
				left--
				total++ // somebody joined
			}
			first := (r.page - 1) * 20
			return reply{body: listed(r.page, total, 3, bound(first, min(20, total-first))...)}
		})
	}
	c, _ := dial(t, moving(2))
	if members, err := c.Members(t.Context(), testHub); err != nil || len(members) != 47 {
		t.Errorf("%d members, want 47 (error: %v)", len(members), err)
	}
	c, w := dial(t, moving(1000))
	members, err := c.Members(t.Context(), testHub)
	f := c.Explain(err)
	if err == nil || members != nil || f.Reason != hub.ReasonUnknown || !strings.Contains(f.Detail, "45 people on page 1, 46 on page 2") && !strings.Contains(f.Detail, "people on page 1") {
		t.Errorf("%d members, fault = %+v (error: %v)", len(members), f, err)
	}
	if got := len(w.asked()); got > 1+3*listReadings {
		t.Errorf("%d requests for three pages read %d times", got, listReadings)
	}
}

// The first page is read alone, the others at most four at a time.
func TestPagesAtOnce(t *testing.T) {
	var mu sync.Mutex
	var now, most, first int
	served := 0
	c := connect(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		mu.Lock()
		now++
		most = max(most, now)
		served++
		if page == 1 && now > 1 {
			first++
		}
		mu.Unlock()
		time.Sleep(10 * time.Millisecond)
		mu.Lock()
		now--
		mu.Unlock()
		_, _ = io.WriteString(rw, listed(page, 300, 15, bound((page-1)*20, 20)...))
	}), nil)
	members, err := c.Members(t.Context(), testHub)
	if err != nil || len(members) != 300 {
		t.Fatalf("%d members (error: %v)", len(members), err)
	}
	if most != concurrentPages || first != 0 || served != 30 {
		t.Errorf("at most %d pages at once, want %d; %d first pages beside others; %d pages served, want 30", most, concurrentPages, first, served)
	}
}

// A page that cannot be had stops the others and is the error.
func TestFailedPageStopsTheRest(t *testing.T) {
	c, w := dial(t, onBound(func(_ int, r sent) reply {
		if r.page == 3 {
			return reply{body: refused(40105, "Access token is incorrect or has been revoked.")}
		}
		return reply{body: listed(r.page, 4000, 200, bound((r.page-1)*20, 20)...)}
	}))
	_, err := c.Members(t.Context(), testHub)
	if got := c.Explain(err).Reason; got != hub.ReasonUnauthenticated {
		t.Errorf("reason = %q (error: %v)", got, err)
	}
	if len(w.asked()) > 100 { // of 201; some are on their way by then
		t.Errorf("%d requests, though a page was refused", len(w.asked()))
	}
}

// Some pages in, the caller leaves: an error, not the pages so far.
func TestStoppedBetweenPages(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c, _ := dial(t, onBound(func(n int, r sent) reply {
		if n == 6 {
			cancel()
		}
		return reply{body: listed(r.page, 400, 20, bound((r.page-1)*20, 20)...)}
	}))
	members, err := c.Members(ctx, testHub)
	if got := c.Explain(err).Reason; members != nil || got != hub.ReasonCancelled {
		t.Errorf("%d members, reason = %q (error: %v)", len(members), got, err)
	}
}

func TestThrottle(t *testing.T) {
	for _, code := range []int{40100, 40016, 40132, 40133} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			// Every call is sent again, the invitation too: it was not processed.
			for name, task := range tasks {
				first := true
				c, w := dial(t, func(_ int, r sent) reply {
					if first {
						first = false
						return reply{body: refused(code, "Too many requests. Please retry in some time.")}
					}
					return answerAll(r)
				})
				if err := task(t.Context(), c); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if len(w.asked()) < 2 {
					t.Errorf("%s: %d requests", name, len(w.asked()))
				}
			}
		})
	}
	t.Run("longer than the task", func(t *testing.T) {
		c, w := dial(t, func(int, sent) reply {
			return reply{body: refused(40100, "Too many requests"), header: map[string]string{"Retry-After": "1140"}}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := c.Add(ctx, testHub, hub.Add{Email: "ada@acme.example", Role: "STANDARD"})
		if f := c.Explain(err); f.Reason != hub.ReasonRateLimited || f.Wait != 19*time.Minute || f.Uncertain || f.Code != "40100" {
			t.Errorf("fault = %+v (error: %v)", f, err)
		}
		// The throttle holds the whole connection, not only the call.
		_, err = c.Members(ctx, testHub)
		if f := c.Explain(err); f.Reason != hub.ReasonRateLimited || f.Wait < 18*time.Minute || f.Detail == "" {
			t.Errorf("next call: fault = %+v (error: %v)", f, err)
		}
		if len(w.asked()) != 1 {
			t.Errorf("%d requests, want 1", len(w.asked()))
		}
	})
}

// Passing failures: what may be sent twice is, an invitation is not.
func TestTransient(t *testing.T) {
	for _, code := range []int{40200, 40201, 40202, 40700, 50000, 50002, 51065, 51001, 59999} {
		for name, task := range tasks {
			t.Run(fmt.Sprintf("%d/%s", code, name), func(t *testing.T) {
				writes := 0
				c, _ := dial(t, func(_ int, r sent) reply {
					if r.method == http.MethodPost || name == "list" {
						if writes++; writes == 1 {
							return reply{body: refused(code, "System error")}
						}
					}
					return answerAll(r)
				})
				err := task(t.Context(), c)
				f := c.Explain(err)
				switch {
				case name != "invite" && (err != nil || writes < 2):
					t.Errorf("%d calls (error: %v)", writes, err)
				case name == "invite" && (writes != 1 || f.Reason != hub.ReasonUnavailable || !f.Uncertain):
					t.Errorf("%d invitations, fault = %+v", writes, f)
				}
			})
		}
	}
}

func TestInspect(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   transport.VerdictKind
	}{
		{"success", 200, done, transport.Done},
		{"partial success", 200, refused(20001, "Partially successful"), transport.Done},
		{"throttled", 200, refused(40100, "m"), transport.Throttled},
		{"throttled under 429", 429, refused(40133, "m"), transport.Throttled},
		{"throttled under 500", 500, refused(40016, "m"), transport.Throttled},
		{"passing", 200, refused(40201, "m"), transport.Transient},
		{"TikTok's fault", 200, refused(51234, "m"), transport.Transient},
		{"beyond the range", 200, refused(60000, "m"), transport.Done},
		{"refused", 200, refused(40001, "m"), transport.Done},
		{"refused under 401", 401, refused(40105, "m"), transport.Done},
		{"refused under 502", 502, refused(40001, "m"), transport.Transient},
		{"success under 503", 503, done, transport.Transient},
		{"429 in HTML", 429, `<html>`, transport.Throttled},
		{"502 in HTML", 502, `<html>`, transport.Transient},
		{"a code in words", 200, `{"code":"40100"}`, transport.Done},
		{"empty", 200, ``, transport.Done},
	}
	for _, tt := range tests {
		got := inspect(&transport.Response{Status: tt.status, Header: http.Header{}, Body: []byte(tt.body)})
		if got.Kind != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got.Kind, tt.want)
		}
	}
}

// The pace is part of the connector, not of the tests that switch it off.
func TestPolicy(t *testing.T) {
	var got transport.Config
	_, err := open(hub.Options{Settings: map[string]string{settingAccessToken: testToken}}, func(c *transport.Config) { got = *c })
	if err != nil {
		t.Fatal(err)
	}
	if got.Limit != 5 || got.Burst > 5 || got.MinThrottle != 2*time.Second || got.MaxThrottle != time.Minute || got.BaseURL != "https://business-api.tiktok.com" {
		t.Errorf("limit %v, burst %d, throttle %s to %s, base %s", got.Limit, got.Burst, got.MinThrottle, got.MaxThrottle, got.BaseURL)
	}
	if attempts := max(got.Attempts, transport.DefaultAttempts); attempts != 5 {
		t.Errorf("%d attempts", attempts)
	}
}

// 20001 is a success that has to be read back, and is logged for a person.
func TestPartialSuccess(t *testing.T) {
	var log bytes.Buffer
	c := connect(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, strings.Replace(refused(20001, "Partially successful, token "+testToken), `"data":{}`, `"data":null`, 1))
	}), &log)
	m, err := c.Add(t.Context(), testHub, hub.Add{Email: "ada@acme.example", Role: "STANDARD"})
	if err != nil || m.Status != hub.StatusInvited {
		t.Errorf("member = %+v (error: %v)", m, err)
	}
	text := log.String()
	if !strings.Contains(text, "level=WARN") || !strings.Contains(text, "code=20001") || !strings.Contains(text, "20260101120000ABC") || strings.Contains(text, testToken) {
		t.Errorf("log: %s", text)
	}
}

// The one finance role that a grant takes away is said, as is which takes its
// place.
func TestGrantReplaces(t *testing.T) {
	var log bytes.Buffer
	c := connect(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(rw, done) }), &log)
	lee := hub.Member{ID: "7000000000000000002", Email: "lee@acme.example", Status: hub.StatusActive, Role: "STANDARD", Secondary: []string{financeAnalyst}}
	for grant, warned := range map[string]bool{financeManager: true, financeAnalyst: false} {
		log.Reset()
		if err := c.ChangeRole(t.Context(), testHub, lee, hub.RoleChange{Grant: grant}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(log.String(), "level=WARN"); got != warned || warned && !strings.Contains(log.String(), financeAnalyst) {
			t.Errorf("grant of %s: log: %s", grant, log.String())
		}
	}
}

// centersOf is a page of Business Centers.
func centersOf(total int, ids ...string) reply {
	var rows []string
	for _, id := range ids {
		rows = append(rows, fmt.Sprintf(`{"bc_info":{"bc_id":%q,"name":"Center %s","status":"ENABLE"},"user_role":"ADMIN"}`, id, id))
	}
	return reply{body: fmt.Sprintf(`{"code":0,"message":"OK","request_id":"1","data":{"list":[%s],"page_info":{"page":1,"page_size":50,"total_number":%d,"total_page":2}}}`, strings.Join(rows, ","), total)}
}

// Counted pages: who leaves a center between two of them moves one row over the
// edge, and one that came twice stands for one that did not come at all.
func TestBusinesses_moving(t *testing.T) {
	for name, first := range map[string][]reply{
		"a row comes twice":     {centersOf(3, "1", "2"), centersOf(3, "2")},
		"the total is another":  {centersOf(3, "1", "2"), centersOf(4, "3")},
		"both, one after other": {centersOf(3, "1", "2"), centersOf(3, "2"), centersOf(3, "1", "2"), centersOf(4, "3")},
	} {
		t.Run(name, func(t *testing.T) {
			c, w := dial(t, func(n int, _ sent) reply {
				return append(first[:len(first):len(first)], centersOf(4, "1", "2"), centersOf(4, "3", "4"))[n]
			})
			found, err := c.Businesses(t.Context())
			if err != nil || len(found) != 4 {
				t.Errorf("businesses = %+v (error: %v), want the four", found, err)
			}
			if n := len(w.asked()); n != len(first)+2 {
				t.Errorf("%d requests, want %d", n, len(first)+2)
			}
		})
	}
	c, w := dial(t, func(_ int, r sent) reply {
		if r.page == 1 {
			return centersOf(3, "1", "2")
		}
		return centersOf(3, "2")
	})
	found, err := c.Businesses(t.Context())
	if fault := c.Explain(err); err == nil || found != nil || fault.Reason != hub.ReasonUnknown || !strings.Contains(fault.Detail, "never held still") {
		t.Errorf("businesses = %+v (error: %v) of a list that never holds still", found, err)
	}
	if n := len(w.asked()); n != 2*listReadings {
		t.Errorf("%d requests for two pages read %d times", n, listReadings)
	}
}
