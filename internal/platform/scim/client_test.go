package scim

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// wire is a server that answers in the forms of contract scim.md, and remembers
// what it was asked.
type wire struct {
	mu       sync.Mutex
	requests []sent
	answer   func(n int, r sent) say // n counts from 0
}

type sent struct {
	method, path string // below the base URL
	query        url.Values
	header       http.Header
	body         string
}

// call is "PATCH /Users/7" for example.
func (r sent) call() string { return r.method + " " + r.path }

type say struct {
	status int
	header map[string]string
	body   string
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	s := sent{method: r.Method, path: strings.TrimPrefix(r.URL.EscapedPath(), "/scim/v2"), query: r.URL.Query(), header: r.Header, body: string(body)}
	n := len(w.requests)
	w.requests = append(w.requests, s)
	w.mu.Unlock()

	a := w.answer(n, s)
	rw.Header().Set("Content-Type", "application/scim+json")
	for k, v := range a.header {
		rw.Header().Set(k, v)
	}
	rw.WriteHeader(cmp.Or(a.status, http.StatusOK))
	_, _ = io.WriteString(rw, a.body)
}

// calls are those beside the one that asks what the app supports.
func (w *wire) calls() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var calls []string
	for _, r := range w.requests {
		if r.path != "/ServiceProviderConfig" {
			calls = append(calls, r.call())
		}
	}
	return calls
}

// writes are the bodies of what was not a GET, the names of schemas left out.
func (w *wire) writes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var writes []string
	for _, r := range w.requests {
		if r.method != http.MethodGet {
			writes = append(writes, r.method+" "+strings.Replace(r.body, `"schemas":["`+schemaPatch+`"],`, "", 1))
		}
	}
	return writes
}

// dial connects a connector to a wire, with waits short enough for a test.
func dial(t *testing.T, settings map[string]string, roles []string, answer func(n int, r sent) say) (*Connector, *wire) {
	t.Helper()
	w := &wire{answer: answer}
	served := httptest.NewServer(w)
	t.Cleanup(served.Close)
	o := hub.Options{
		Name: testApp, UserAgent: "test",
		Settings: map[string]string{settingBaseURL: served.URL + "/scim/v2/", settingToken: testToken},
		Lists:    map[string][]string{settingRoles: roles},
	}
	for k, v := range settings {
		o.Settings[k] = v
	}
	c, err := open(o, func(c *transport.Config) {
		brief(c)
		c.Attempts = 2
	})
	if err != nil {
		t.Fatal(err)
	}
	c.lag = time.Millisecond
	return c, w
}

// on answers each call by its name, the last of several again and again; whoever
// asks for anything else, but for what the app supports, fails the test.
func on(t *testing.T, answers map[string][]say) func(int, sent) say {
	t.Helper()
	var mu sync.Mutex
	return func(_ int, r sent) say {
		mu.Lock()
		defer mu.Unlock()
		list, ok := answers[r.call()]
		switch {
		case ok && len(list) > 1:
			answers[r.call()] = list[1:]
			return list[0]
		case ok && len(list) == 1:
			return list[0]
		case r.path == "/ServiceProviderConfig":
			return say{status: http.StatusNotFound, body: scimError(404, "", "none")}
		}
		t.Errorf("unexpected %s", r.call())
		return say{status: http.StatusTeapot}
	}
}

func scimError(status int, kind, detail string) string {
	body := map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, "status": strconv.Itoa(status), "detail": detail}
	if kind != "" {
		body["scimType"] = kind
	}
	document, _ := json.Marshal(body)
	return string(document)
}

func refuse(status int, kind string) say {
	return say{status: status, body: scimError(status, kind, "some text")}
}

// row is a user with the given roles, the first of them primary.
func row(id, email string, active bool, roles ...string) string {
	values := make([]map[string]any, len(roles))
	for i, role := range roles {
		values[i] = map[string]any{"value": role, "primary": i == 0}
	}
	u := map[string]any{
		"schemas": []string{schemaUser}, "id": id, "userName": email, "active": active, "roles": values,
		"emails": []map[string]any{{"value": email, "type": "work", "primary": true}},
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": map[string]any{"department": "Growth"},
		"meta": map[string]any{"resourceType": "User", "version": `W/"` + id + `"`},
	}
	document, _ := json.Marshal(u)
	return string(document)
}

func found(total int, rows ...string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":%d,"startIndex":1,"itemsPerPage":%d,"Resources":[%s]}`,
		total, len(rows), strings.Join(rows, ","))
}

func crowd(from, to int) []string {
	var rows []string
	for i := from; i <= to; i++ {
		rows = append(rows, row(fmt.Sprint("u", i), fmt.Sprintf("m%d@northwind.example", i), true, "viewer"))
	}
	return rows
}

const ada = "ada@northwind.example"

var adaSeat = hub.Member{ID: "7", Email: ada, Status: hub.StatusActive, Role: "viewer"}

// paged is an app with so many people that gives up to limit at once.
func paged(people, limit int, total func(people, rows int) string) func(int, sent) say {
	all := crowd(1, people)
	return func(_ int, r sent) say {
		if r.path != "/Users" {
			return refuse(404, "")
		}
		start, _ := strconv.Atoi(r.query.Get("startIndex"))
		count, _ := strconv.Atoi(r.query.Get("count"))
		rows := all[min(max(start-1, 0), people):]
		rows = rows[:min(len(rows), count, limit)]
		body := `{"Resources":[` + strings.Join(rows, ",") + `]`
		if text := total(people, len(rows)); text != "" {
			body += `,"totalResults":` + text
		}
		return say{body: body + "}"}
	}
}

func honest(people, _ int) string { return fmt.Sprint(people) }

// TestPaging: startIndex counts people from 1 and advances by those received. A
// refresh costs the pages, and one page more only where nothing else can tell.
func TestPaging(t *testing.T) {
	asText := func(people, _ int) string { return fmt.Sprintf("%q", fmt.Sprint(people)) }
	ofPage := func(_, rows int) string { return fmt.Sprint(rows) }
	silent := func(int, int) string { return "" }
	for name, tt := range map[string]struct {
		people, limit int
		total         func(int, int) string
		starts        []string
	}{
		"nobody":                        {0, 100, honest, []string{"1"}},
		"one page":                      {99, 100, honest, []string{"1"}},
		"a full page may hide another":  {100, 100, honest, []string{"1", "101"}},
		"two and a half":                {250, 100, honest, []string{"1", "101", "201"}},
		"two full ones":                 {200, 100, honest, []string{"1", "101"}},
		"a cap of the app's own":        {70, 30, honest, []string{"1", "31", "61"}},
		"numbers as text":               {250, 100, asText, []string{"1", "101", "201"}},
		"the total is that of the page": {250, 100, ofPage, []string{"1", "101", "201"}},
		"no total":                      {150, 100, silent, []string{"1", "101", "151"}},
		"no count at all":               {250, 1000, honest, []string{"1", "101", "201"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, w := dial(t, nil, testRoles, paged(tt.people, tt.limit, tt.total))
			members, err := c.Members(t.Context(), testHub)
			if err != nil || len(members) != tt.people {
				t.Fatalf("%d members, error %v", len(members), err)
			}
			var starts []string
			for _, r := range w.requests {
				if r.path == "/Users" {
					starts = append(starts, r.query.Get("startIndex"))
				}
			}
			if !slices.Equal(starts, tt.starts) {
				t.Errorf("pages at %q, want %q", starts, tt.starts)
			}
		})
	}
}

// TestLists: what may be strange about a list, and what may not.
func TestLists(t *testing.T) {
	pages := func(bodies ...string) func(int, sent) say {
		n := -1
		return func(_ int, r sent) say {
			if r.path != "/Users" {
				return refuse(404, "")
			}
			n++
			return say{body: bodies[min(n, len(bodies)-1)]}
		}
	}
	two := crowd(1, 2)
	for name, tt := range map[string]struct {
		answer func(int, sent) say
		want   int // -1: an error
		says   string
	}{
		"no Resources when there are none":      {pages(`{"totalResults":0}`), 0, ""},
		"names in lower case":                   {pages(`{"totalresults":2,"resources":[` + strings.Join(two, ",") + `]}`), 2, ""},
		"a row twice":                           {pages(found(2, two[0], two[1], two[0])), 2, ""},
		"somebody counted twice, steadily":      {twice(), 3, ""},
		"fewer than it says":                    {short(), -1, "says that there are 3, and lists 2"},
		"fewer than it says, the first time":    {pages(found(3, two...), found(2), found(2, two...)), 2, ""},
		"somebody left in between":              {pages(found(4, two...), found(3, crowd(4, 4)...), found(3, crowd(2, 4)...)), 3, ""},
		"it keeps moving":                       {movingTotal(), -1, "however often it is read"},
		"the first page again and again":        {pages(found(9, two...)), -1, "same page again"},
		"no list":                               {pages(`{"hello":"world"}`), -1, "no list"},
		"a row without an id":                   {pages(found(1, `{"userName":"x@northwind.example"}`)), -1, "no id"},
		"a role that cannot be read":            {pages(found(1, `{"id":"1","userName":"x@northwind.example","roles":42}`)), -1, "roles of user 1"},
		"a web page":                            {pages(`<html>Sign in</html>`), -1, "web page"},
		"cut short":                             {pages(found(2, two...)[:200]), -1, "cannot be read"},
		"an id that is a number":                {pages(found(1, `{"id":17,"userName":"x@northwind.example"}`)), 1, ""},
		"beyond the end is refused":             {beyond(), 100, ""},
		"SCIM 1.1":                              {pages(`{"schemas":["urn:scim:schemas:core:1.0"],"totalResults":1,"Resources":[]}`), -1, "ends in /v2"},
		"a page fails that is not the last one": {failing(), -1, "HTTP 400"},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := dial(t, nil, testRoles, tt.answer)
			members, err := c.Members(t.Context(), testHub)
			if tt.want < 0 {
				if err == nil || len(members) > 0 {
					t.Fatalf("%d members, error %v; want none and an error", len(members), err)
				}
				if text := err.Error() + c.Explain(err).Detail; !strings.Contains(text, tt.says) {
					t.Errorf("error = %v, want something with %q", err, tt.says)
				}
				return
			}
			if err != nil || len(members) != tt.want {
				t.Errorf("%d members, error %v; want %d", len(members), err, tt.want)
			}
		})
	}
}

// movingTotal is a list that is another one each time.
func movingTotal() func(int, sent) say {
	return func(n int, r sent) say {
		if r.path != "/Users" {
			return refuse(404, "")
		}
		return say{body: found(1000+n, crowd(2*n, 2*n+1)...)}
	}
}

// short is an app that counts somebody whom it does not show.
func short() func(int, sent) say {
	return func(n int, r sent) say {
		if r.query.Get("startIndex") == "1" {
			return say{body: found(3, crowd(1, 2)...)}
		}
		return say{body: found(3)}
	}
}

// twice is an app that shows somebody on two pages, and counts them twice.
func twice() func(int, sent) say {
	return func(_ int, r sent) say {
		if r.query.Get("startIndex") == "1" {
			return say{body: found(4, crowd(1, 2)...)}
		}
		return say{body: found(4, crowd(2, 3)...)}
	}
}

// beyond is an app with 100 people that refuses to page beyond them.
func beyond() func(int, sent) say {
	return func(n int, r sent) say {
		if r.query.Get("startIndex") != "1" {
			return refuse(400, "invalidValue")
		}
		return paged(100, 100, honest)(n, r)
	}
}

func failing() func(int, sent) say {
	return func(n int, r sent) say {
		if r.query.Get("startIndex") == "101" {
			return refuse(400, "invalidValue")
		}
		return paged(250, 100, honest)(n, r)
	}
}

// TestCursors: AWS pages with cursors alone, the first of them empty.
func TestCursors(t *testing.T) {
	rows := crowd(1, 5)
	c, w := dial(t, map[string]string{settingProfile: "aws"}, nil, func(_ int, r sent) say {
		if r.path != "/Users" {
			return refuse(404, "")
		}
		if !r.query.Has("cursor") || r.query.Has("startIndex") {
			t.Errorf("asked with %v", r.query)
		}
		switch r.query.Get("cursor") {
		case "":
			return say{body: `{"itemsPerPage":2,"nextCursor":"a","Resources":[` + rows[0] + "," + rows[1] + `]}`}
		case "a":
			return say{body: `{"itemsPerPage":1,"nextCursor":"b","Resources":[` + rows[2] + `]}`}
		default:
			return say{body: `{"itemsPerPage":2,"Resources":[` + rows[3] + "," + rows[4] + `]}`}
		}
	})
	members, err := c.Members(t.Context(), testHub)
	if err != nil || len(members) != 5 || len(w.calls()) != 3 {
		t.Errorf("%d members in %q, error %v", len(members), w.calls(), err)
	}
}

// TestDiscovery: each of its fields is a hint, and so is the whole.
func TestDiscovery(t *testing.T) {
	for name, tt := range map[string]struct {
		config say
		count  string // of the list
		writes []string
	}{
		"missing":   {refuse(404, ""), "100", []string{"PATCH"}},
		"501":       {refuse(501, ""), "100", []string{"PATCH"}},
		"forbidden": {refuse(403, ""), "100", []string{"PATCH"}},
		"a page":    {say{body: "<html>hello</html>"}, "100", []string{"PATCH"}},
		"nonsense":  {say{body: `[1]`}, "100", []string{"PATCH"}},
		"a cap":     {say{body: `{"filter":{"supported":true,"maxResults":"40"}}`}, "40", []string{"PATCH"}},
		"no patch":  {say{body: `{"PATCH":{"supported":"False"}}`}, "100", []string{"PUT"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, w := dial(t, nil, testRoles, on(t, map[string][]say{
				"GET /ServiceProviderConfig": {tt.config},
				"GET /Users":                 {{body: found(1, row("7", ada, true, "viewer"))}},
				"GET /Users/7":               {{body: row("7", ada, true, "viewer")}, {body: row("7", ada, false, "viewer")}},
				"PATCH /Users/7":             {{status: 204}},
				"PUT /Users/7":               {{status: 204}},
			}))
			if _, err := c.Members(t.Context(), testHub); err != nil {
				t.Fatal(err)
			}
			if err := c.Remove(t.Context(), testHub, adaSeat); err != nil {
				t.Fatal(err)
			}
			asked := 0
			var writes []string
			for _, r := range w.requests {
				switch {
				case r.path == "/ServiceProviderConfig":
					asked++
				case r.path == "/Users" && r.query.Get("count") != tt.count:
					t.Errorf("count = %s, want %s", r.query.Get("count"), tt.count)
				case r.method != http.MethodGet:
					writes = append(writes, r.method)
				}
			}
			if asked != 1 || !slices.Equal(writes, tt.writes) {
				t.Errorf("asked %d times, wrote with %q, want once and %q", asked, writes, tt.writes)
			}
		})
	}
	t.Run("SCIM 1.1", func(t *testing.T) {
		c, w := dial(t, nil, testRoles, on(t, map[string][]say{
			"GET /ServiceProviderConfig": {{body: `{"schemas":["urn:scim:schemas:core:1.0"],"patch":{"supported":true}}`}},
		}))
		_, err := c.Verify(t.Context(), testHub)
		if fault := c.Explain(err); fault.Reason != hub.ReasonUnsupported || !strings.Contains(fault.Detail, "/v2") || len(w.calls()) > 0 {
			t.Errorf("fault %+v after %q", fault, w.calls())
		}
	})
}

// TestHeaders: what every request carries, and what no other host gets.
func TestHeaders(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s went elsewhere, with Authorization %t", r.Method, r.URL, r.Header.Get("Authorization") != "")
	}))
	defer elsewhere.Close()
	c, w := dial(t, nil, testRoles, func(_ int, r sent) say {
		switch {
		case r.method == http.MethodPost:
			return say{status: 308, header: map[string]string{"Location": elsewhere.URL}}
		case r.path == "/Users":
			return say{status: 307, header: map[string]string{"Location": "/scim/v2/People?" + r.query.Encode()}}
		default:
			return say{body: found(0)}
		}
	})
	if _, err := c.Members(t.Context(), testHub); err != nil {
		t.Errorf("a redirect on the same host: %v", err)
	}
	_, err := c.Add(t.Context(), testHub, hub.Add{Email: ada, Role: "viewer"})
	if fault := c.Explain(err); err == nil || fault.Reason == hub.ReasonUnavailable {
		t.Errorf("a redirect to another host: %+v, error %v", fault, err)
	}
	for _, r := range w.requests {
		if got := r.header.Get("Accept"); got != accept {
			t.Errorf("%s: Accept %q", r.call(), got)
		}
		if r.header.Get("Authorization") != "Bearer "+testToken || r.header.Get("User-Agent") != "test" {
			t.Errorf("%s: %v", r.call(), r.header)
		}
		if r.body != "" && r.header.Get("Content-Type") != contentType {
			t.Errorf("%s: Content-Type %q", r.call(), r.header.Get("Content-Type"))
		}
	}
}

// TestLookupOrder: a filter at a time, the quoting of each, and the whole list
// only where the filters prove nothing.
func TestLookupOrder(t *testing.T) {
	const odd = `o"dd\+plus@northwind.example`
	one := func(email string) string { return row("7", email, true, "viewer") }
	refused := refuse(400, "invalidFilter")
	for name, tt := range map[string]struct {
		profile string
		email   string
		answers map[string]say // by filter
		all     string         // of the whole list
		absent  bool
		asks    []string
	}{
		"by user name": {
			email: ada, answers: map[string]say{`userName eq "` + ada + `"`: {body: found(1, one("Ada@Northwind.example"))}},
			asks: []string{`userName eq "` + ada + `"`},
		},
		"by address": {
			email: ada, answers: map[string]say{
				`userName eq "` + ada + `"`: {body: found(0)}, `emails.value eq "` + ada + `"`: {body: found(1, one(ada))},
			},
			asks: []string{`userName eq "` + ada + `"`, `emails.value eq "` + ada + `"`},
		},
		"nobody, both answered": {
			email: ada, absent: true, answers: map[string]say{`userName eq "` + ada + `"`: {body: found(0)}, `emails.value eq "` + ada + `"`: {body: found(0)}},
			asks: []string{`userName eq "` + ada + `"`, `emails.value eq "` + ada + `"`},
		},
		"quoted": {
			email: odd, absent: true, answers: map[string]say{
				`userName eq "o\"dd\\+plus@northwind.example"`: {body: found(0)}, `emails.value eq "o\"dd\\+plus@northwind.example"`: {body: found(0)},
			},
			asks: []string{`userName eq "o\"dd\\+plus@northwind.example"`, `emails.value eq "o\"dd\\+plus@northwind.example"`},
		},
		"a filter refused": {
			email: ada, answers: map[string]say{
				`userName eq "` + ada + `"`: {body: found(0)}, `emails.value eq "` + ada + `"`: refused, `emails[type eq "work"].value eq "` + ada + `"`: refused,
			},
			all:  found(1, one(ada)),
			asks: []string{`userName eq "` + ada + `"`, `emails.value eq "` + ada + `"`, `emails[type eq "work"].value eq "` + ada + `"`, ""},
		},
		"a filter ignored": {
			email: ada, answers: map[string]say{`userName eq "` + ada + `"`: {body: found(3, append(crowd(1, 2), one(ada))...)}},
			asks: []string{`userName eq "` + ada + `"`},
		},
		"slack goes by address": {
			profile: "slack", email: ada, answers: map[string]say{`emails.value eq "` + ada + `"`: {body: found(1, `{"id":"7","userName":"ada","emails":[{"value":"`+ada+`"}]}`)}},
			asks: []string{`emails.value eq "` + ada + `"`},
		},
		"atlassian goes by user name": {
			profile: "atlassian", email: ada, absent: true, answers: map[string]say{`userName eq "` + ada + `"`: {body: found(0)}},
			asks: []string{`userName eq "` + ada + `"`},
		},
		"github knows its own by externalId": {
			profile: "github_enterprise", email: ada, answers: map[string]say{
				`userName eq "` + ada + `"`:          {body: found(0)},
				`externalId eq "roster:` + ada + `"`: {body: found(1, `{"id":"7","externalId":"roster:`+ada+`","userName":"x1","active":false,"emails":[{"value":"x1@hidden.invalid"}]}`)},
			},
			asks: []string{`userName eq "` + ada + `"`, `externalId eq "roster:` + ada + `"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			settings := map[string]string{settingProfile: tt.profile, settingRoleSource: "roles"}
			c, w := dial(t, settings, testRoles, func(_ int, r sent) say {
				if r.path != "/Users" {
					return refuse(404, "")
				}
				if filter := r.query.Get("filter"); filter != "" {
					answer, ok := tt.answers[filter]
					if !ok {
						t.Errorf("asked for %s", filter)
					}
					return answer
				}
				return say{body: tt.all}
			})
			m, err := c.Lookup(t.Context(), testHub, hub.Key{Email: tt.email})
			if tt.absent {
				if !errors.Is(err, hub.ErrAbsent) {
					t.Errorf("%+v, error %v; want ErrAbsent", m, err)
				}
			} else if err != nil || m.ID != "7" || hub.FoldEmail(m.Email) != tt.email {
				t.Errorf("%+v, error %v", m, err)
			}
			var asks []string
			for _, r := range w.requests {
				if r.path == "/Users" {
					asks = append(asks, r.query.Get("filter"))
				}
			}
			if !slices.Equal(asks, tt.asks) {
				t.Errorf("asked %q, want %q", asks, tt.asks)
			}
		})
	}
}

// TestLookupCertainty: "not there" has to be certain.
func TestLookupCertainty(t *testing.T) {
	t.Run("404 of a wrong base url is no absence", func(t *testing.T) {
		c, _ := dial(t, nil, testRoles, func(int, sent) say { return refuse(404, "") })
		for _, key := range []hub.Key{{Email: ada}, {ID: "7"}, {ID: "7", Email: ada}} {
			_, err := c.Lookup(t.Context(), testHub, key)
			if fault := c.Explain(err); errors.Is(err, hub.ErrAbsent) || fault.Reason != hub.ReasonNotFound || !strings.Contains(fault.Detail, "base_url") {
				t.Errorf("%+v: %+v, error %v", key, fault, err)
			}
		}
		err := c.Remove(t.Context(), testHub, adaSeat)
		if errors.As(err, new(*goneError)) {
			t.Errorf("Remove: %v", err)
		}
	})
	t.Run("404 of a filter that finds nobody is", func(t *testing.T) {
		c, w := dial(t, nil, testRoles, func(_ int, r sent) say {
			if r.query.Has("filter") || r.path != "/Users" {
				return refuse(404, "")
			}
			return say{body: found(5, crowd(1, 1)...)}
		})
		if _, err := c.Lookup(t.Context(), testHub, hub.Key{Email: ada}); !errors.Is(err, hub.ErrAbsent) {
			t.Errorf("error %v", err)
		}
		if got := w.calls(); len(got) != 3 {
			t.Errorf("%q: one look whether there are users, and two filters", got)
		}
	})
	t.Run("a web page with 404 is nothing", func(t *testing.T) {
		c, _ := dial(t, nil, testRoles, func(_ int, r sent) say {
			if r.path == "/Users" {
				return say{body: found(1, crowd(1, 1)...)}
			}
			return say{status: 404, body: "<html>no such page</html>"}
		})
		if _, err := c.Members(t.Context(), testHub); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Lookup(t.Context(), testHub, hub.Key{ID: "7"}); err == nil || errors.Is(err, hub.ErrAbsent) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a filter refused once is not asked again", func(t *testing.T) {
		c, w := dial(t, nil, testRoles, func(_ int, r sent) say {
			if r.query.Has("filter") {
				return refuse(400, "invalidFilter")
			}
			return say{body: found(1, crowd(1, 1)...)}
		})
		for range 2 {
			if _, err := c.Lookup(t.Context(), testHub, hub.Key{Email: ada}); !errors.Is(err, hub.ErrAbsent) {
				t.Errorf("error %v", err)
			}
		}
		if got := w.calls(); len(got) != 3+1+1 {
			t.Errorf("%d calls: three filters, and the whole list twice", len(got))
		}
	})
	t.Run("two of one address are not guessed between", func(t *testing.T) {
		c, _ := dial(t, nil, testRoles, func(_ int, r sent) say {
			if r.path != "/Users" {
				return refuse(404, "")
			}
			return say{body: found(2, row("7", ada, true), row("8", ada, false))}
		})
		_, err := c.Lookup(t.Context(), testHub, hub.Key{Email: ada})
		if fault := c.Explain(err); err == nil || !strings.Contains(fault.Detail, "7, 8") {
			t.Errorf("%+v, error %v", fault, err)
		}
	})
	t.Run("another address of theirs", func(t *testing.T) {
		c, _ := dial(t, nil, testRoles, func(_ int, r sent) say {
			if r.query.Get("filter") == `emails.value eq "`+ada+`"` {
				return say{body: found(1, `{"id":"7","userName":"lovelace@northwind.example","emails":[{"value":"lovelace@northwind.example","primary":true},{"value":"`+ada+`"}]}`)}
			}
			return say{body: found(0)}
		})
		m, err := c.Lookup(t.Context(), testHub, hub.Key{Email: ada})
		if err != nil || m.ID != "7" || m.Email != ada || m.Username != "lovelace@northwind.example" {
			t.Errorf("%+v, error %v", m, err)
		}
	})
}
