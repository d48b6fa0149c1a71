package cerby

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
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// The bodies below are typed from the contract, sections 3 and 7.

const (
	testKey = "ck_live_0123456789abcdefghij"
	maraID  = "2d8f3b9e-6d0b-4f43-8a53-5d0a2b8c1e77"
	jobID   = "0b8e6a53-7f8c-4a0e-9c0f-3f9d3a1c5e42"
	hubID   = "6f0f6a5e-3b0e-4c43-9c59-5f3d2c1e7a10"
)

var testHub = hub.Ref{Platform: Name, BusinessID: hubID}

var mara = hub.Member{
	ID: maraID, Email: "Mara.Lind@northwind.example", Name: "Mara Lind",
	Status: hub.StatusActive, Role: "EMPLOYEE", Secondary: []string{"FINANCE"},
}

// wire is a server that answers in the contract's form and remembers what it
// was asked.
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

// call names a request by its method and the end of its path.
func (r sent) call() string {
	steps := strings.Split(strings.TrimPrefix(r.path, "/api/v1/"), "/")
	for i, step := range steps {
		switch step {
		case hubID:
			steps[i] = "HUB"
		case maraID:
			steps[i] = "MARA"
		case jobID:
			steps[i] = "JOB"
		}
	}
	return r.method + " " + strings.Join(steps, "/")
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
	rw.Header().Set("X-Request-Id", "req-4711")
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
		calls = append(calls, r.call())
	}
	return calls
}

func testSettings() map[string]string {
	return map[string]string{settingAPIKey: testKey, settingWorkspace: "northwind"}
}

// dial connects a connector to a wire, with waits short enough for a test.
func dial(t *testing.T, answer func(n int, r sent) say) (*Connector, *wire) {
	t.Helper()
	return dialWith(t, hub.Options{Settings: testSettings()}, answer)
}

func dialWith(t *testing.T, o hub.Options, answer func(n int, r sent) say) (*Connector, *wire) {
	t.Helper()
	w := &wire{answer: answer}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	o.UserAgent, o.Settings[settingEndpoint] = "test", server.URL+"/api/v1/"
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

// on answers each call by its name, the first of several in turn and the last
// one for ever; whoever asks for anything else fails the test.
func on(t *testing.T, answers map[string][]say) func(int, sent) say {
	t.Helper()
	var mu sync.Mutex
	return func(_ int, r sent) say {
		mu.Lock()
		defer mu.Unlock()
		list := answers[r.call()]
		if len(list) == 0 {
			t.Errorf("unexpected %s", r.call())
			return say{status: http.StatusTeapot}
		}
		if len(list) > 1 {
			answers[r.call()] = list[1:]
		}
		return list[0]
	}
}

const (
	hubRow  = `{"id":"` + hubID + `","type":"account","attributes":{"application":"pinterest_business","label":"Northwind Pinterest","workspace":"northwind","createdAt":"2026-02-11T09:14:02+00:00","createdBy":"b7d1b2a4-8f5d-4d0a-8a1b-0f6b8a7c9d21","updatedAt":"2026-09-30T04:00:11+00:00"}}`
	maraRow = `{"id":"` + maraID + `","type":"user","attributes":{"email":"Mara.Lind@northwind.example","firstName":"Mara","lastName":"Lind","isGuest":false,"role":"collaborator","status":"live","entitlements":[` +
		`{"id":"FINANCE","type":"entitlement","attributes":{"group":"secondary","key":"FINANCE","label":"","value":"FINANCE"}},` +
		`{"id":"EMPLOYEE","type":"entitlement","attributes":{"group":"primary","key":"EMPLOYEE","label":"PINTEREST_BUSINESS_EMPLOYEE_DESC","value":"EMPLOYEE"}}]},"meta":{"dynamicFields":{"adSeats":3,"region":"EU","twoFactor":true}}}`
	maraUser    = `{"id":"` + maraID + `","type":"user","attributes":{"email":"Mara.Lind@northwind.example","firstName":"Mara","lastName":"Lind","isGuest":false,"role":"workspace_login_only","status":"live","mfaStatus":null,"createdAt":"2025-11-02T08:00:00+00:00","updatedAt":"2026-08-19T10:21:40+00:00"}}`
	strangerRow = `{"id":"a1f0c9d2-44b1-4b83-9a77-0d2f1f6f1b90","type":"unmatched_user","attributes":{"email":"contractor@agency.example","username":"contractor","firstName":null,"lastName":null,"entitlements":[{"id":"EMPLOYEE","type":"entitlement","attributes":{"group":"primary","key":"EMPLOYEE","label":"","value":"EMPLOYEE"}}]}}`
	roleRows    = `{"data":[{"id":"EMPLOYEE","type":"entitlement","attributes":{"group":"primary","key":"EMPLOYEE","label":"PINTEREST_BUSINESS_EMPLOYEE_DESC","value":"EMPLOYEE"}},` +
		`{"id":"BIZ_ADMIN","type":"entitlement","attributes":{"group":"primary","key":"BIZ_ADMIN","label":"PINTEREST_BUSINESS_BIZ_ADMIN_DESC","value":"BIZ_ADMIN"}},` +
		`{"id":"FINANCE","type":"entitlement","attributes":{"group":"secondary","key":"FINANCE","label":"","value":"FINANCE"}}]}`
	jobTaken = `{"data":{"id":"` + jobID + `","type":"job","attributes":{"status":"created"}}}`
	notThere = `{"errors":[{"code":"not_found","title":"Not found","status":404,"detail":"no such resource","meta":null}]}`
	noKey    = `{"errors":[{"code":"Unauthorized","title":"Unauthorized","status":401,"detail":"some text","meta":null}]}`
)

// rowsOf is a list on one page.
func rowsOf(rows ...string) string { return pageOf(rows, len(rows), `null`) }

// pageOf is a page of a list of total rows; next is JSON.
func pageOf(rows []string, total int, next string) string {
	return fmt.Sprintf(`{"data":[%s],"links":{"self":"/api/v1/x","next":%s,"previous":null},"meta":{"page":{"maxSize":100,"total":%d}}}`, strings.Join(rows, ","), next, total)
}

func failure(status any, code, meta string) string {
	s, _ := json.Marshal(status)
	return fmt.Sprintf(`{"errors":[{"code":%q,"title":"t","status":%s,"detail":"some text","meta":%s}]}`, code, s, meta)
}

// calm answers every call as when all is well.
func calm(t *testing.T) func(int, sent) say { return on(t, calmly(nil)) }

// calmly is calm with some answers changed.
func calmly(changes map[string][]say) map[string][]say {
	answers := map[string][]say{
		"GET integrations":                               {{body: rowsOf(hubRow)}},
		"GET integrations/HUB":                           {{body: `{"data":` + hubRow + `}`}},
		"GET integrations/HUB/users":                     {{body: rowsOf(maraRow)}},
		"GET integrations/HUB/users/MARA":                {{body: `{"data":` + maraRow + `}`}},
		"GET integrations/HUB/unmatched-users":           {{body: rowsOf(strangerRow)}},
		"GET integrations/HUB/entitlements":              {{body: roleRows}},
		"GET users":                                      {{body: rowsOf(maraUser)}},
		"POST integrations/HUB/users":                    {{body: jobTaken}},
		"PATCH integrations/HUB/users/MARA":              {{body: jobTaken}},
		"DELETE integrations/HUB/users/MARA":             {{body: jobTaken}},
		"PATCH integrations/HUB/users/MARA/entitlements": {{body: jobTaken}},
		"GET jobs/JOB":                                   {{body: jobIn("running", "")}},
	}
	for call, list := range changes {
		answers[call] = list
	}
	return answers
}

// jobIn is a job in a status, with errorDetails.
func jobIn(status, details string) string {
	return `{"data":{"id":"` + jobID + `","type":"job","attributes":{"account":{"entity":"account","id":"` + hubID + `","name":"Northwind Pinterest","provider":"pinterest_business"},` +
		`"canRetry":false,"createdAt":"2026-10-01T12:00:00.120000","createdBy":{"id":"b7d1b2a4-8f5d-4d0a-8a1b-0f6b8a7c9d21","name":"Ivo Brandt"},"errorDetails":` + cmp.Or(details, "{}") +
		`,"hasMoreDetails":false,"payload":null,"response":{},"status":"` + status + `","trigger":"manual","updatedAt":"2026-10-01T12:03:41.008000+00:00","workflowType":"proxy_account_roles_update","workspacePolicyEnforcementId":null}},"links":{"self":"/api/v1/jobs/` + jobID + `"},"meta":{}}`
}

// tasks are the calls of the connector that a refusal can meet.
var tasks = map[string]func(context.Context, *Connector) error{
	"verify": func(ctx context.Context, c *Connector) error {
		_, err := c.Verify(ctx, testHub)
		return err
	},
	"list": func(ctx context.Context, c *Connector) error {
		_, err := c.Members(ctx, testHub)
		return err
	},
	"roles": func(ctx context.Context, c *Connector) error {
		_, err := c.Roles(ctx, testHub)
		return err
	},
	"look": func(ctx context.Context, c *Connector) error {
		_, err := c.Lookup(ctx, testHub, hub.Key{ID: maraID})
		return err
	},
	"add": func(ctx context.Context, c *Connector) error {
		_, err := c.Add(ctx, testHub, hub.Add{Email: mara.Email, Role: "EMPLOYEE"})
		return err
	},
	"role": func(ctx context.Context, c *Connector) error {
		return c.ChangeRole(ctx, testHub, mara, hub.RoleChange{Role: "BIZ_ADMIN"})
	},
	"grant": func(ctx context.Context, c *Connector) error {
		return c.ChangeRole(ctx, testHub, mara, hub.RoleChange{Grant: "ANALYST"})
	},
	"revoke": func(ctx context.Context, c *Connector) error {
		return c.ChangeRole(ctx, testHub, mara, hub.RoleChange{Revoke: "FINANCE"})
	},
	"remove": func(ctx context.Context, c *Connector) error { return c.Remove(ctx, testHub, mara) },
	"job": func(ctx context.Context, c *Connector) error {
		_, err := c.Job(ctx, testHub, jobID)
		return err
	},
}

// begun holds a write to having become the job.
func begun(t *testing.T, err error) {
	t.Helper()
	var started *hub.Started
	if !errors.As(err, &started) || started.Job != jobID {
		t.Fatalf("error = %v, want job %s", err, jobID)
	}
}

// TestRequests holds every request to the contract's words.
func TestRequests(t *testing.T) {
	const (
		base  = "/api/v1"
		onHub = base + "/integrations/" + hubID
		rows  = "page%5Bnumber%5D=1&page%5Bsize%5D=100"
		row   = "page%5Bnumber%5D=1&page%5Bsize%5D=1"
	)
	type request struct{ method, path, query, body string }
	for _, tt := range []struct {
		task string
		want []request
	}{
		{"verify", []request{{"GET", onHub, "", ""}, {"GET", onHub + "/users", row, ""}, {"GET", onHub + "/unmatched-users", row, ""}}},
		{"list", []request{{"GET", onHub + "/unmatched-users", rows, ""}, {"GET", onHub + "/users", rows, ""}}},
		{"roles", []request{{"GET", onHub + "/entitlements", "", ""}}},
		{"look", []request{{"GET", onHub + "/users/" + maraID, "", ""}}},
		{"add", []request{
			{"GET", base + "/users", "filter=mara.lind%40northwind.example&" + rows, ""},
			{"POST", onHub + "/users", "", `{"data":{"type":"invite_tenant_users","attributes":{"role":"account_collaborator","entitlements":[{"id":"EMPLOYEE"}],"userIds":["` + maraID + `"]}}}`},
		}},
		{"role", []request{
			{"GET", onHub + "/users/" + maraID, "", ""},
			{"PATCH", onHub + "/users/" + maraID, "", `{"data":{"type":"update_user_entitlement","attributes":{"entitlements":[{"id":"BIZ_ADMIN"},{"id":"FINANCE"}]}}}`},
		}},
		{"grant", []request{{"PATCH", onHub + "/users/" + maraID + "/entitlements", "", `{"data":{"add":{"entitlements":[{"id":"ANALYST"}]}}}`}}},
		{"revoke", []request{{"PATCH", onHub + "/users/" + maraID + "/entitlements", "", `{"data":{"remove":{"entitlements":[{"id":"FINANCE"}]}}}`}}},
		{"remove", []request{{"DELETE", onHub + "/users/" + maraID, "", ""}}},
		{"job", []request{{"GET", base + "/jobs/" + jobID, "", ""}}},
	} {
		t.Run(tt.task, func(t *testing.T) {
			c, w := dial(t, calm(t))
			err := tasks[tt.task](t.Context(), c)
			if last := tt.want[len(tt.want)-1].method; last != "GET" {
				begun(t, err)
			} else if err != nil {
				t.Fatal(err)
			}
			var got []request
			for i, r := range w.requests {
				got = append(got, request{r.method, r.path, r.query.Encode(), r.body})
				if r.header.Get("X-Api-Key") != testKey || r.header.Get("Authorization") != "" || r.header.Get("Accept") != "application/json" || r.header.Get("User-Agent") != "test" {
					t.Errorf("request %d has headers %v", i, r.header)
				}
				if kind := r.header.Get("Content-Type"); (r.body == "") != (kind == "") || r.body != "" && kind != "application/json" {
					t.Errorf("request %d has a body of %d bytes and content type %q", i, len(r.body), kind)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("sent %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// TestAnswers holds what is made of the contract's own bodies.
func TestAnswers(t *testing.T) {
	c, _ := dial(t, calm(t))
	b, err := c.Verify(t.Context(), testHub)
	if err != nil || b.ID != hubID || b.Name != "Northwind Pinterest" || b.Runbook != "pinterest_business" || len(b.Notes) != 0 {
		t.Errorf("business = %+v (error: %v)", b, err)
	}
	contractor := hub.Member{
		ID: "unmatched:a1f0c9d2-44b1-4b83-9a77-0d2f1f6f1b90", Email: "contractor@agency.example", Username: "contractor",
		Status: hub.StatusUnknown, Role: "EMPLOYEE",
	}
	members, err := c.Members(t.Context(), testHub)
	if want := []hub.Member{mara, contractor}; !reflect.DeepEqual(members, want) {
		t.Errorf("members = %+v, want %+v (error: %v)", members, want, err)
	}
	roles, err := c.Roles(t.Context(), testHub)
	want := []hub.Role{
		{ID: "EMPLOYEE", Label: "EMPLOYEE", Kind: hub.Primary},
		{ID: "BIZ_ADMIN", Label: "BIZ_ADMIN", Kind: hub.Primary, Admin: true},
		{ID: "FINANCE", Label: "FINANCE", Kind: hub.Secondary},
	}
	if !slices.Equal(roles, want) {
		t.Errorf("roles = %+v, want %+v (error: %v)", roles, want, err)
	}
	self, err := c.Self(t.Context(), testHub)
	if err != nil || self.Email != "" || len(self.MemberIDs) > 0 {
		t.Errorf("self = %+v (error: %v)", self, err)
	}
	if p := c.For(testHub); p.AdminURL != "https://northwind.cerby.com/" || p.Title != "Cerby" {
		t.Errorf("platform = %+v", p)
	}
}

// people makes rows of n members, numbered from first.
func people(first, n int) []string {
	var rows []string
	for i := first; i < first+n; i++ {
		rows = append(rows, fmt.Sprintf(`{"id":"00000000-0000-4000-8000-%012d","type":"user","attributes":{"email":"p%d@acme.example","firstName":"P","lastName":null,"isGuest":false,"role":"owner","status":"pending","entitlements":[]}}`, i, i))
	}
	return rows
}

func nextLink(page int) string {
	return fmt.Sprintf(`"/api/v1/integrations/%s/users?page%%5Bnumber%%5D=%d&page%%5Bsize%%5D=100"`, hubID, page)
}

// onMembers answers the list of members with answer, the other one with nobody.
func onMembers(answer func(n int, r sent) say) func(int, sent) say {
	count := 0
	return func(_ int, r sent) say {
		if r.call() == "GET integrations/HUB/unmatched-users" {
			return say{body: rowsOf()}
		}
		count++
		return answer(count-1, r)
	}
}

func TestPaging(t *testing.T) {
	const endless = -1 // an error
	for _, tt := range []struct {
		name     string
		pages    []string // the last one for ever
		want     int
		requests int
	}{
		{"nobody", []string{rowsOf()}, 0, 1},
		{"one page", []string{pageOf(people(0, 2), 2, `null`)}, 2, 1},
		{"no next at all", []string{`{"data":[` + people(0, 1)[0] + `],"links":{"self":"/x"},"meta":{"page":{"total":1}}}`}, 1, 1},
		{"no total", []string{`{"data":[` + people(0, 1)[0] + `],"links":{"self":"/x","next":null},"meta":{}}`}, 1, 1},
		{"two pages", []string{pageOf(people(0, 100), 103, nextLink(2)), pageOf(people(100, 3), 103, `null`)}, 103, 2},
		{"smaller pages than asked for", []string{
			pageOf(people(0, 2), 5, nextLink(2)), pageOf(people(2, 2), 5, nextLink(3)), pageOf(people(4, 1), 5, `null`),
		}, 5, 3},
		{"all of them, and a link that goes on", []string{pageOf(people(0, 2), 2, nextLink(2)), pageOf(nil, 2, nextLink(3))}, 2, 2},
		{"all of them, and a link back", []string{pageOf(people(0, 2), 2, nextLink(1))}, 2, 1},
		{"a row moved to the next page: read once more", []string{
			pageOf(people(0, 100), 101, nextLink(2)), pageOf(people(99, 1), 101, `null`),
			pageOf(people(0, 100), 101, nextLink(2)), pageOf(people(100, 1), 101, `null`),
		}, 101, 4},
		{"somebody joined meanwhile", []string{
			pageOf(people(0, 100), 101, nextLink(2)), pageOf(people(100, 2), 102, `null`),
		}, 102, 2},

		{"fewer than Cerby counts, twice", []string{pageOf(people(0, 2), 3, `null`)}, endless, 2},
		{"more than Cerby counts, twice", []string{pageOf(people(0, 3), 2, `null`)}, endless, 2},
		{"the same page again", []string{pageOf(people(0, 2), 9, nextLink(1))}, endless, 2},
		{"an empty page that is not the last", []string{pageOf(people(0, 2), 9, nextLink(2)), pageOf(nil, 9, nextLink(3)), pageOf(people(0, 2), 9, nextLink(2)), pageOf(nil, 9, nextLink(3))}, endless, 4},
		{"neither links nor a total", []string{`{"data":[]}`}, endless, 1},
		{"no list", []string{`{"links":{"next":null},"meta":{"page":{"total":0}}}`}, endless, 1},
		{"null for a list", []string{`{"data":null,"links":{"next":null},"meta":{"page":{"total":0}}}`}, endless, 1},
		{"a link to another list", []string{pageOf(people(0, 2), 9, `"/api/v1/users?page%5Bnumber%5D=2"`)}, endless, 1},
		{"a link that is no text", []string{pageOf(people(0, 2), 9, `7`)}, endless, 1},
		{"an error under 200", []string{noKey}, endless, 1},
		{"JSON cut short", []string{`{"data":[{"id":"0000`}, endless, 1},
		{"a page in HTML", []string{`<html>maintenance</html>`}, endless, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, w := dial(t, onMembers(func(n int, _ sent) say { return say{body: tt.pages[min(n, len(tt.pages)-1)]} }))
			members, err := c.Members(t.Context(), testHub)
			switch {
			case tt.want == endless && (err == nil || members != nil):
				t.Fatalf("%d members (error: %v)", len(members), err)
			case tt.want >= 0 && (err != nil || len(members) != tt.want):
				t.Fatalf("%d members, want %d (error: %v)", len(members), tt.want, err)
			}
			if got := len(w.requests) - 1; got != tt.requests {
				t.Errorf("%d requests, want %d", got, tt.requests)
			}
		})
	}
}

// A list whose links never end: with a total, one page more than it takes; and
// without one, until a page brings nobody new.
func TestPagingWithoutEnd(t *testing.T) {
	for name, total := range map[string]string{"counted": `{"page":{"total":10}}`, "not counted": `{}`} {
		t.Run(name, func(t *testing.T) {
			c, w := dial(t, onMembers(func(n int, _ sent) say {
				return say{body: `{"data":[` + strings.Join(people(0, 5), ",") + `],"links":{"next":` + nextLink(n+2) + `},"meta":` + total + `}`}
			}))
			if members, err := c.Members(t.Context(), testHub); err == nil || members != nil {
				t.Errorf("%d members", len(members))
			}
			want := 2 * 3 // ceil(10 / 5) + 1 pages, and once more
			if name == "not counted" {
				want = 2 * 2
			}
			if got := len(w.requests) - 1; got != want {
				t.Errorf("%d requests, want %d", got, want)
			}
		})
	}
}

// A link begins at the host, with /api/v1 in it. Put behind a base URL that has
// it too, or behind a proxy, it would lead nowhere.
func TestPagingBehindAProxy(t *testing.T) {
	var paths []string
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path+"?"+r.URL.Query().Encode())
		body := rowsOf()
		switch {
		case strings.HasSuffix(r.URL.Path, "/unmatched-users"):
		case r.URL.Query().Get("page[number]") == "1":
			body = pageOf(people(0, 1), 2, strings.Replace(nextLink(2), "100", "100&sort=x%2Fy", 1))
		default:
			body = pageOf(people(1, 1), 2, `null`)
		}
		_, _ = io.WriteString(rw, body)
	}))
	t.Cleanup(server.Close)
	settings := testSettings()
	settings[settingEndpoint] = server.URL + "/proxy/cerby/api/v1"
	c, err := open(hub.Options{Settings: settings}, brief)
	if err != nil {
		t.Fatal(err)
	}
	if members, err := c.Members(t.Context(), testHub); err != nil || len(members) != 2 {
		t.Fatalf("%d members (error: %v)", len(members), err)
	}
	if want := "/proxy/cerby/api/v1/integrations/" + hubID + "/users?page%5Bnumber%5D=2&page%5Bsize%5D=100&sort=x%2Fy"; paths[len(paths)-1] != want {
		t.Errorf("asked for %s, want %s", paths[len(paths)-1], want)
	}
}

func TestInspect(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		header map[string]string
		want   transport.Verdict
	}{
		{"success", 200, map[string]string{"Retry-After": "9"}, transport.Verdict{}},
		{"limited, nothing told", 429, nil, transport.Verdict{Kind: transport.Throttled, Wait: throttleWait}},
		{"limited, told", 429, map[string]string{"Retry-After": "7"}, transport.Verdict{Kind: transport.Throttled, Wait: 7 * time.Second}},
		{"limited, nonsense told", 429, map[string]string{"Retry-After": "soon"}, transport.Verdict{Kind: transport.Throttled, Wait: throttleWait}},
		{"no key", 401, nil, transport.Verdict{Kind: transport.Unauthorized}},
		{"not allowed", 403, nil, transport.Verdict{}},
		{"not there", 404, nil, transport.Verdict{}},
		{"conflict", 409, nil, transport.Verdict{}},
		{"stumble", 500, nil, transport.Verdict{Kind: transport.Transient}},
		{"gateway", 502, nil, transport.Verdict{Kind: transport.Transient}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			for k, v := range tt.header {
				h.Set(k, v)
			}
			if got := inspect(throttleWait)(&transport.Response{Status: tt.status, Header: h}); got != tt.want {
				t.Errorf("verdict = %+v, want %+v", got, tt.want)
			}
		})
	}
	if throttleWait != 300*time.Second {
		t.Errorf("Cerby advises five minutes, not %s", throttleWait)
	}
}

// TestThrottledWrite: a write that was refused for too many calls goes out again
// after a look at the person, and not without one.
func TestThrottledWrite(t *testing.T) {
	limited := say{status: 429, body: failure(429, "too_many_requests", "null")}
	taken := say{body: jobTaken}
	const (
		look = "GET integrations/HUB/users/MARA"
		add  = "POST integrations/HUB/users"
		set  = "PATCH integrations/HUB/users/MARA"
		edit = "PATCH integrations/HUB/users/MARA/entitlements"
		del  = "DELETE integrations/HUB/users/MARA"
	)
	absent := []say{{status: 404, body: notThere}}
	for _, tt := range []struct {
		name, task string
		answers    map[string][]say
		want       []string
		reason     hub.Reason // "": the job began
	}{
		{"an add", "add", map[string][]say{add: {limited, taken}, look: absent}, []string{"GET users", add, look, add}, ""},
		{"an add that had been done", "add", map[string][]say{add: {limited, taken}}, []string{"GET users", add, look}, hub.ReasonConflict},
		{"an add, three times", "add", map[string][]say{add: {limited}, look: absent}, []string{"GET users", add, look, add, look, add}, hub.ReasonRateLimited},
		{"a role", "role", map[string][]say{set: {limited, taken}}, []string{look, set, look, set}, ""},
		{"a grant", "grant", map[string][]say{edit: {limited, taken}}, []string{edit, look, edit}, ""},
		{"a removal", "remove", map[string][]say{del: {limited, taken}}, []string{del, look, del}, ""},
		{"a removal of somebody who is gone by then", "remove", map[string][]say{del: {limited}, look: absent}, []string{del, look}, hub.ReasonNotFound},
		{"a removal, and the look fails", "remove", map[string][]say{del: {limited}, look: {{status: 403, body: failure(403, "forbidden", "null")}}}, []string{del, look}, hub.ReasonRateLimited},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, w := dial(t, on(t, calmly(tt.answers)))
			err := tasks[tt.task](t.Context(), c)
			if tt.reason == "" {
				begun(t, err)
			} else if f := c.Explain(err); f.Reason != tt.reason || f.Uncertain {
				t.Errorf("fault = %+v (error: %v)", f, err)
			}
			if got := w.calls(); !slices.Equal(got, tt.want) {
				t.Errorf("sent %q, want %q", got, tt.want)
			}
		})
	}
}

// TestThrottleHolds: a pause longer than the task has is not begun, holds every
// call of the workspace, and ends with Ctrl-C.
func TestThrottleHolds(t *testing.T) {
	limited := say{status: 429, header: map[string]string{"Retry-After": "240"}, body: `slow down`}
	for task := range tasks {
		t.Run(task, func(t *testing.T) {
			c, w := dial(t, always(limited))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			began := time.Now()
			f := c.Explain(tasks[task](ctx, c))
			if f.Reason != hub.ReasonRateLimited || f.Wait < 3*time.Minute || f.Uncertain || len(w.requests) != 1 || time.Since(began) > 5*time.Second {
				t.Errorf("fault = %+v after %d requests and %s", f, len(w.requests), time.Since(began))
			}
			ctx, cancel = context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			f = c.Explain(tasks[task](ctx, c))
			if f.Reason != hub.ReasonCancelled || f.Uncertain || len(w.requests) != 1 || time.Since(began) > 5*time.Second {
				t.Errorf("Ctrl-C: fault = %+v after %d requests and %s", f, len(w.requests), time.Since(began))
			}
		})
	}
}

// Cerby quotes a key back, and a log line quotes anything.
func TestSecretsStayInside(t *testing.T) {
	for name, answer := range map[string]say{
		"refused":      {status: 401, body: strings.Replace(noKey, "some text", "bad key "+testKey, 1)},
		"invalid":      {status: 400, body: failure(400, "validation_error", `{"loc":["`+testKey+`"],"msg":"m","type":"too_short"}`)},
		"the code":     {status: 400, body: failure(400, testKey, `null`)},
		"the firewall": {status: 403, body: "<html>" + testKey},
		"gateway":      {status: 502, body: "<html>" + testKey},
		"no list":      {body: `{"data":"` + testKey + `"}`},
		"a job":        {body: strings.Replace(jobIn("error", `{"errorType":"`+testKey+`"}`), `"links"`, `"x"`, 1)},
		"an id":        {body: `{"data":{"id":"` + testKey + `","attributes":{"status":"error","account":{"id":"` + testKey + `"}}},"links":{"next":"` + testKey + `"}}`},
		"a job's hub":  {body: strings.Replace(jobIn("error", ""), hubID, testKey, 1)},
		"a status":     {body: jobIn(testKey, "")},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			c, _ := dialWith(t, hub.Options{Settings: testSettings(), Logger: logger}, always(answer))
			said := ""
			for _, task := range tasks {
				err := task(t.Context(), c)
				var started *hub.Started
				if err == nil || errors.As(err, &started) { // an id that was taken for that of a job is one
					continue
				}
				fault, _ := json.Marshal(c.Explain(err))
				said += string(fault) + fmt.Sprintf("%#v", err)
				for inner := err; inner != nil; inner = errors.Unwrap(inner) {
					said += fmt.Sprintf("%v %+v", inner, inner)
				}
			}
			if strings.Contains(said+log.String(), testKey) {
				t.Error("the key shows")
			}
			if said == "" || log.Len() == 0 {
				t.Error("nothing was said or logged")
			}
		})
	}
}

// TestPace: what requests_per_minute says is kept to.
func TestPace(t *testing.T) {
	var config transport.Config
	settings := testSettings()
	settings[settingPace] = "30"
	if _, err := open(hub.Options{Settings: settings}, func(c *transport.Config) { config = *c }); err != nil {
		t.Fatal(err)
	}
	if config.Limit != 0.5 || config.Burst > 1 || config.BaseURL != "https://northwind.cerby.com/api/v1" || config.MinThrottle != throttleWait {
		t.Errorf("config = %+v", config)
	}
}

func TestOpen(t *testing.T) {
	for _, tt := range []struct {
		name     string
		settings map[string]string
		setting  string // a *hub.SettingError about it
		adminURL string
	}{
		{name: "key and workspace", settings: testSettings(), adminURL: "https://northwind.cerby.com/"},
		{name: "key and endpoint", settings: map[string]string{settingAPIKey: testKey, settingEndpoint: "https://acme.cerby.com/api/v1"}, adminURL: "https://acme.cerby.com/"},
		{name: "key and proxy", settings: map[string]string{settingAPIKey: testKey, settingEndpoint: "https://proxy.example.com/cerby/api/v1"}, adminURL: signIn},
		{name: "all of them", settings: map[string]string{settingAPIKey: testKey, settingWorkspace: "acme", settingEndpoint: "http://127.0.0.1:8080/api/v1"}, adminURL: "https://acme.cerby.com/"},
		{name: "no workspace", settings: map[string]string{settingAPIKey: testKey}, setting: settingWorkspace},
		{name: "a host for a workspace", settings: map[string]string{settingAPIKey: testKey, settingWorkspace: "acme.cerby.com"}, setting: settingWorkspace},
		{name: "a path for a workspace", settings: map[string]string{settingAPIKey: testKey, settingWorkspace: "evil.example/x?"}, setting: settingWorkspace},
		{name: "a workspace in capitals", settings: map[string]string{settingAPIKey: testKey, settingWorkspace: "Acme"}, setting: settingWorkspace},
		{name: "an endpoint without TLS", settings: map[string]string{settingAPIKey: testKey, settingEndpoint: "http://acme.cerby.com/api/v1"}, setting: settingEndpoint},
		{name: "no pace", settings: map[string]string{settingAPIKey: testKey, settingWorkspace: "acme", settingPace: "0"}, setting: settingPace},
		{name: "a pace in words", settings: map[string]string{settingAPIKey: testKey, settingWorkspace: "acme", settingPace: "fast"}, setting: settingPace},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := New(hub.Options{Settings: tt.settings})
			var setting *hub.SettingError
			switch {
			case tt.setting == "" && (err != nil || c.For(testHub).AdminURL != tt.adminURL):
				t.Errorf("connector = %+v (error: %v)", c, err)
			case tt.setting != "" && (!errors.As(err, &setting) || setting.Setting != tt.setting):
				t.Errorf("error = %v, want one about %s", err, tt.setting)
			}
			if err != nil && strings.Contains(err.Error(), testKey) {
				t.Error("the key shows")
			}
		})
	}
	for name, settings := range map[string]map[string]string{"nothing": {}, "no key": {settingWorkspace: "acme"}} {
		var none *hub.NotConfiguredError
		if _, err := New(hub.Options{Settings: settings}); !errors.As(err, &none) || !strings.Contains(none.Need, envAPIKey) || !strings.Contains(none.Need, envWorkspace) {
			t.Errorf("%s: error = %v", name, err)
		}
	}
}

// An answer about another hub is no check of this one.
func TestVerifyAnotherHub(t *testing.T) {
	c, _ := dial(t, on(t, calmly(map[string][]say{"GET integrations/HUB": {{body: `{"data":` + strings.Replace(hubRow, hubID, maraID, 1) + `}`}}})))
	if b, err := c.Verify(t.Context(), testHub); err == nil || c.Explain(err).Reason != hub.ReasonUnknown {
		t.Errorf("business = %+v (error: %v)", b, err)
	}
}

// Every request goes to the hub's own workspace, whatever an id looks like.
func TestIDsStayInTheirPlace(t *testing.T) {
	c, w := dial(t, always(say{status: 404, body: notThere}))
	for _, id := range []string{"..", "a/b", "x?y", "%2e%2e"} {
		if _, err := c.Lookup(t.Context(), testHub, hub.Key{ID: id}); err == nil || errors.Is(err, hub.ErrAbsent) {
			t.Errorf("look up %q: %v", id, err)
		}
		if err := c.Remove(t.Context(), testHub, hub.Member{ID: id, Status: hub.StatusActive}); c.Explain(err).Reason != hub.ReasonUnknown {
			t.Errorf("remove %q: %v", id, err)
		}
	}
	if len(w.requests) != 0 {
		t.Errorf("sent %v", w.calls())
	}
	_, _ = c.Job(t.Context(), testHub, "../users")
	for _, r := range w.requests {
		if !strings.HasPrefix(r.path, "/api/v1/jobs/") || r.path != "/api/v1/jobs/../users" {
			t.Errorf("sent %s", r.path)
		}
	}
}
