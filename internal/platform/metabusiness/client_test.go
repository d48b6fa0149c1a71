package metabusiness

import (
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

const (
	testToken  = "EAABtesttoken0123456789"
	testSecret = "0123456789abcdef0123456789abcdef"
)

var testHub = hub.Ref{Platform: Name, BusinessID: "222000111000222"}

// wire is a server that answers with bodies copied from Meta's documents, and
// remembers what it was asked.
type wire struct {
	mu       sync.Mutex
	requests []sent
	answer   func(n int, r sent) reply // n counts from 0
}

type sent struct {
	method, path string
	query, form  url.Values
	header       http.Header
	raw          string // request line and body, where no secret may be
}

type reply struct {
	status int
	header map[string]string
	body   string
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	w.mu.Lock()
	s := sent{method: r.Method, path: r.URL.Path, query: r.URL.Query(), form: form, header: r.Header, raw: r.URL.String() + "\n" + string(body)}
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
	rw.WriteHeader(a.status)
	_, _ = io.WriteString(rw, a.body)
}

// dial connects a connector to a wire, with waits short enough for a test.
func dial(t *testing.T, answer func(n int, r sent) reply) (*Connector, *wire) {
	t.Helper()
	w := &wire{answer: answer}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	c, err := open(hub.Options{UserAgent: "test", Settings: map[string]string{
		settingAccessToken: testToken, settingAppSecret: testSecret, settingEndpoint: server.URL,
	}}, func(c *transport.Config) {
		brief(c)
		c.Attempts = 2
		c.MinThrottle, c.MaxThrottle = time.Millisecond, time.Millisecond
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, w
}

// brief leaves the policy as it is and takes the waiting out of it.
func brief(c *transport.Config) { c.MinBackoff, c.MaxBackoff = time.Millisecond, time.Millisecond }

func always(r reply) func(int, sent) reply { return func(int, sent) reply { return r } }

func TestSigning(t *testing.T) {
	c, w := dial(t, func(_ int, r sent) reply {
		if r.method == http.MethodGet {
			return reply{body: `{"data":[]}`}
		}
		return reply{body: `{"id":"333000000000009","success":true}`}
	})
	ada := hub.Member{ID: "122100000000001", Email: "ada@agency.example", Status: hub.StatusActive}
	if _, err := c.Members(t.Context(), testHub); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Add(t.Context(), testHub, hub.Add{Email: "new.hire@agency.example", Role: "EMPLOYEE"}); err != nil {
		t.Fatal(err)
	}
	if err := c.ChangeRole(t.Context(), testHub, ada, hub.RoleChange{Role: "ADMIN"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Remove(t.Context(), testHub, ada); err != nil {
		t.Fatal(err)
	}
	// printf %s EAABtesttoken0123456789 | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
	const proof = "e470dbeb0247f0b6f50ffa3c10015fd230908f79ba95ba5adb8e88bf4a409fe3"
	if len(w.requests) != 5 {
		t.Fatalf("%d requests, want 5", len(w.requests))
	}
	for _, r := range w.requests {
		where, not := r.query, r.form
		if r.method == http.MethodPost {
			where, not = r.form, r.query
		}
		if got := where.Get("appsecret_proof"); got != proof {
			t.Errorf("%s %s: appsecret_proof = %q, want %q", r.method, r.path, got, proof)
		}
		if not.Has("appsecret_proof") {
			t.Errorf("%s %s: the proof is in the wrong place too", r.method, r.path)
		}
		if got := r.header.Get("Authorization"); got != "Bearer "+testToken {
			t.Errorf("%s %s: Authorization = %q", r.method, r.path, got)
		}
		if strings.Contains(r.raw, testToken) || strings.Contains(r.raw, testSecret) {
			t.Errorf("%s %s: a secret outside the header: %s", r.method, r.path, r.raw)
		}
		if !strings.HasPrefix(r.path, "/v26.0/") {
			t.Errorf("%s %s: no version", r.method, r.path)
		}
	}
	if got := w.requests[2]; got.form.Get("email") != "new.hire@agency.example" || got.form.Get("role") != "EMPLOYEE" ||
		got.header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("invite sent %v as %s", got.form, got.header.Get("Content-Type"))
	}
}

// A wrong secret must not be sent to be noticed: without one, no proof goes out.
func TestUnsigned(t *testing.T) {
	c, w := dial(t, always(reply{body: `{"data":[]}`}))
	c.graph.proof = ""
	if _, err := c.Members(t.Context(), testHub); err != nil {
		t.Fatal(err)
	}
	for _, r := range w.requests {
		if r.query.Has("appsecret_proof") {
			t.Errorf("%s carries a proof", r.path)
		}
	}
}

// people makes a page of n members, numbered from first.
func people(first, n int) string {
	var rows []string
	for i := first; i < first+n; i++ {
		rows = append(rows, fmt.Sprintf(`{"id":"1221%011d","name":"P %d","email":"p%d@agency.example","role":"EMPLOYEE"}`, i, i, i))
	}
	return "[" + strings.Join(rows, ",") + "]"
}

// onPeople answers the list of people with answer, the other one with nobody.
func onPeople(answer func(n int, r sent) reply) func(int, sent) reply {
	count := 0
	return func(_ int, r sent) reply {
		if strings.HasSuffix(r.path, "/pending_users") {
			return reply{body: `{"data":[]}`}
		}
		count++
		return answer(count-1, r)
	}
}

const nextURL = `"next":"https://graph.facebook.example/v26.0/222000111000222/business_users?access_token=EAABother&after=X"`

func TestPaging(t *testing.T) {
	pages := func(bodies ...string) func(int, sent) reply {
		return onPeople(func(n int, _ sent) reply {
			if n >= len(bodies) {
				return reply{status: 500, body: "one page too many"}
			}
			return reply{body: bodies[n]}
		})
	}
	tests := []struct {
		name   string
		answer func(int, sent) reply
		want   int // members; -1 is an error
	}{
		{"no paging object", pages(`{"data":[]}`), 0},
		{"cursor on the last page", pages(`{"data":` + people(0, 2) + `,"paging":{"cursors":{"before":"A","after":"B"}}}`), 2},
		{"short page that is not the last", pages(
			`{"data":`+people(0, 1)+`,"paging":{"cursors":{"after":"A"},`+nextURL+`}}`,
			`{"data":`+people(1, 100)+`,"paging":{"cursors":{"after":"B"}}}`), 101},
		{"empty page that is not the last", pages(
			`{"data":[],"paging":{"cursors":{"after":"A"},`+nextURL+`}}`,
			`{"data":`+people(1, 3)+`,"paging":{"cursors":{"after":"B"}}}`), 3},
		{"somebody on two pages is one person", pages(
			`{"data":`+people(0, 3)+`,"paging":{"cursors":{"after":"A"},`+nextURL+`}}`,
			`{"data":`+people(2, 3)+`,"paging":{"cursors":{"after":"B"}}}`), 5},
		{"next without a cursor", pages(`{"data":` + people(0, 1) + `,"paging":{` + nextURL + `}}`), -1},
		{"no list at all", pages(`{}`), -1},
		{"null for a list", pages(`{"data":null}`), -1},
		{"JSON cut short", pages(`{"data":[{"id":"1221`, `{"data":[{"id":"1221`), -1},
		{"a page in HTML", pages(`<html>maintenance</html>`), -1},
		{"an error object under 200", pages(`{"data":[],"error":{"message":"(#200) no","type":"OAuthException","code":200,"fbtrace_id":"T"}}`), -1},
		{"second page refused", pages(
			`{"data":`+people(0, 1)+`,"paging":{"cursors":{"after":"A"},`+nextURL+`}}`,
			`{"error":{"message":"(#190) expired","type":"OAuthException","code":190,"error_subcode":463,"fbtrace_id":"T"}}`), -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dial(t, tt.answer)
			members, err := c.Members(t.Context(), testHub)
			switch {
			case tt.want < 0 && err == nil:
				t.Fatalf("%d members and no error", len(members))
			case tt.want < 0 && members != nil:
				t.Errorf("%d members beside the error", len(members))
			case tt.want >= 0 && (err != nil || len(members) != tt.want):
				t.Fatalf("%d members, want %d (error: %v)", len(members), tt.want, err)
			}
			if err != nil && strings.Contains(err.Error(), "EAABother") {
				t.Errorf("the error quotes the next link: %v", err)
			}
		})
	}
}

// Cursors that lead back would be followed for ever.
func TestPagingInCircles(t *testing.T) {
	for name, cursors := range map[string][]string{"one cursor over and over": {"A"}, "round and round": {"A", "B", "C"}} {
		t.Run(name, func(t *testing.T) {
			c, w := dial(t, onPeople(func(n int, _ sent) reply {
				return reply{body: `{"data":` + people(n, 1) + `,"paging":{"cursors":{"after":"` + cursors[n%len(cursors)] + `"},` + nextURL + `}}`}
			}))
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if members, err := c.Members(ctx, testHub); err == nil || members != nil || ctx.Err() != nil {
				t.Errorf("%d members (error: %v)", len(members), err)
			}
			if got := len(w.requests) - 1; got != len(cursors)+1 { // one went to the invitations
				t.Errorf("%d requests, want %d", got, len(cursors)+1)
			}
		})
	}
}

// The next link names another host and holds a token: only the cursor is used.
func TestPagingStaysHome(t *testing.T) {
	c, w := dial(t, onPeople(func(n int, _ sent) reply {
		if n == 0 {
			return reply{body: `{"data":` + people(0, 1) + `,"paging":{"cursors":{"after":"QVFIUmFmd=="},` + nextURL + `}}`}
		}
		return reply{body: `{"data":` + people(1, 1) + `,"paging":{"cursors":{"after":"Z"}}}`}
	}))
	if _, err := c.Members(t.Context(), testHub); err != nil {
		t.Fatal(err)
	}
	if got := w.requests[2].query; got.Get("after") != "QVFIUmFmd==" || got.Has("access_token") || got.Get("limit") != "100" || got.Get("fields") == "" {
		t.Errorf("second page asked with %v", got)
	}
}

func TestPageTooLarge(t *testing.T) {
	const tooMuch = `{"error":{"message":"Please reduce the amount of data you're asking for, then retry your request","type":"OAuthException","code":1,"fbtrace_id":"T"}}`
	c, w := dial(t, onPeople(func(_ int, r sent) reply {
		switch limit := r.query.Get("limit"); {
		case limit == "100":
			return reply{status: 500, body: tooMuch}
		case r.query.Get("after") == "":
			return reply{body: `{"data":` + people(0, 50) + `,"paging":{"cursors":{"after":"A"},` + nextURL + `}}`}
		default:
			return reply{body: `{"data":` + people(50, 10) + `}`}
		}
	}))
	members, err := c.Members(t.Context(), testHub)
	if err != nil || len(members) != 60 {
		t.Fatalf("%d members, want 60 (error: %v)", len(members), err)
	}
	if got := w.requests[len(w.requests)-1].query.Get("limit"); got != "50" {
		t.Errorf("last page asked with limit %s, want the halved one", got)
	}

	// Where no page is small enough it is not the size: an error, in the end.
	c, _ = dial(t, always(reply{status: 500, body: tooMuch}))
	if _, err := c.Members(t.Context(), testHub); err == nil || c.Explain(err).Reason != hub.ReasonUnavailable {
		t.Errorf("reason = %q (error: %v)", c.Explain(err).Reason, err)
	}
}

func TestThrottle(t *testing.T) {
	const userLimit = `{"error":{"message":"(#17) User request limit reached","type":"OAuthException","code":17,"fbtrace_id":"T17"}}`
	t.Run("waits and goes on", func(t *testing.T) {
		c, w := dial(t, onPeople(func(n int, _ sent) reply {
			if n == 0 {
				return reply{status: 400, body: userLimit}
			}
			return reply{body: `{"data":` + people(0, 1) + `}`}
		}))
		if members, err := c.Members(t.Context(), testHub); err != nil || len(members) != 1 {
			t.Fatalf("%d members (error: %v)", len(members), err)
		}
		if len(w.requests) != 3 {
			t.Errorf("%d requests, want 3", len(w.requests))
		}
	})
	t.Run("longer than the task", func(t *testing.T) {
		c, w := dial(t, always(reply{status: 400, body: userLimit, header: map[string]string{
			"X-App-Usage":               `{"call_count":100,"total_time":25,"total_cputime":25}`,
			"X-Business-Use-Case-Usage": `{"222000111000222":[{"type":"ads_management","call_count":95,"total_cputime":20,"total_time":20,"estimated_time_to_regain_access":19,"ads_api_access_tier":"development_access"}]}`,
		}}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		_, err := c.Add(ctx, testHub, hub.Add{Email: "ada@agency.example", Role: "EMPLOYEE"})
		f := c.Explain(err)
		if f.Reason != hub.ReasonRateLimited || f.Wait != 19*time.Minute || f.Uncertain || f.Code != "17" || !strings.Contains(f.Detail, "24 hours") {
			t.Errorf("fault = %+v (error: %v)", f, err)
		}
		if waited := time.Since(began); waited > 5*time.Second {
			t.Errorf("waited %s", waited)
		}
		// The throttle holds the whole connection, not only the call.
		_, err = c.Members(ctx, testHub)
		if f := c.Explain(err); f.Reason != hub.ReasonRateLimited || f.Wait < 18*time.Minute {
			t.Errorf("next call: fault = %+v (error: %v)", f, err)
		}
		if len(w.requests) != 1 {
			t.Errorf("%d requests, want 1", len(w.requests))
		}
	})
}

func TestInspect(t *testing.T) {
	const (
		app = "X-App-Usage"
		buc = "X-Business-Use-Case-Usage"
	)
	code := func(code int, more string) string {
		return fmt.Sprintf(`{"error":{"message":"m","type":"OAuthException","code":%d%s,"fbtrace_id":"T"}}`, code, more)
	}
	tests := []struct {
		name   string
		status int
		header map[string]string
		body   string
		want   transport.Verdict
	}{
		{"success", 200, nil, `{"data":[]}`, transport.Verdict{}},
		{"quiet usage", 200, map[string]string{app: `{"call_count":80,"total_time":25,"total_cputime":25}`}, `{}`, transport.Verdict{}},
		{"app nearly used up", 200, map[string]string{app: `{"call_count":28,"total_time":81,"total_cputime":25}`}, `{}`, transport.Verdict{Wait: slowDownBy}},
		{"business nearly used up", 200, map[string]string{buc: `{"1":[{"type":"x","call_count":1}],"2":[{"type":"y","total_cputime":99}]}`}, `{}`, transport.Verdict{Wait: slowDownBy}},
		{"unreadable usage", 200, map[string]string{app: `call_count=99`, buc: `[]`}, `{}`, transport.Verdict{}},
		{"throttled, minutes given", 400, map[string]string{buc: `{"1":[{"estimated_time_to_regain_access":2},{"estimated_time_to_regain_access":19}]}`}, code(80004, ""), transport.Verdict{Kind: transport.Throttled, Wait: 19 * time.Minute}},
		{"throttled, nonsense given", 400, map[string]string{buc: `{"1":[{"estimated_time_to_regain_access":1e300}]}`}, code(4, ""), transport.Verdict{Kind: transport.Throttled, Wait: 24 * time.Hour}},
		{"throttled, nothing given", 403, nil, code(613, ""), transport.Verdict{Kind: transport.Throttled}},
		{"throttled and called transient", 400, nil, code(4, `,"is_transient":true`), transport.Verdict{Kind: transport.Throttled}},
		{"throttled under 200", 200, nil, code(32, ""), transport.Verdict{Kind: transport.Throttled}},
		{"429 in HTML", 429, nil, `<html>`, transport.Verdict{Kind: transport.Throttled}},
		{"unknown error", 500, nil, code(1, ""), transport.Verdict{Kind: transport.Transient}},
		{"service down under 400", 400, nil, code(2, ""), transport.Verdict{Kind: transport.Transient}},
		{"transient whatever the code", 400, nil, code(190, `,"is_transient":true`), transport.Verdict{Kind: transport.Transient}},
		{"502 in HTML", 502, nil, `<html>`, transport.Verdict{Kind: transport.Transient}},
		{"refusal", 400, nil, code(100, ""), transport.Verdict{}},
	}
	for _, tt := range tests {
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

// Meta quotes a malformed token back, and a log line quotes anything.
func TestSecretsStayInside(t *testing.T) {
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	proof := appSecretProof(testSecret, testToken).Reveal()
	bodies := []reply{
		{status: 400, body: `{"error":{"message":"Malformed access token ` + testToken + `","error_user_msg":"token ` + testToken + ` and proof ` + proof + `","type":"OAuthException","code":190,"fbtrace_id":"T"}}`},
		{status: 502, body: "<html>GET /?appsecret_proof=" + proof + "&access_token=" + testToken + " " + testSecret},
		{status: 200, body: `{"data":"` + testToken + `"}`},
	}
	for i, body := range bodies {
		server := httptest.NewServer(&wire{answer: always(body)})
		t.Cleanup(server.Close)
		c, err := open(hub.Options{UserAgent: "test", Logger: logger, Settings: map[string]string{
			settingAccessToken: testToken, settingAppSecret: testSecret, settingEndpoint: server.URL,
		}}, brief)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Members(t.Context(), testHub)
		if err == nil {
			t.Fatalf("answer %d is no error", i)
		}
		for inner := err; inner != nil; inner = errors.Unwrap(inner) {
			checkNoSecret(t, fmt.Sprintf("%v %+v", inner, inner), proof)
		}
		fault, err := json.Marshal(c.Explain(err))
		if err != nil {
			t.Fatal(err)
		}
		checkNoSecret(t, string(fault), proof)
		checkNoSecret(t, fmt.Sprintf("%v %+v %#v", c.graph.proof, c.graph.proof, c.graph.proof), proof)
	}
	if log.Len() == 0 {
		t.Error("nothing was logged")
	}
	checkNoSecret(t, log.String(), proof)
}

func checkNoSecret(t *testing.T, text, proof string) {
	t.Helper()
	for _, secret := range []string{testToken, testSecret, proof} {
		if strings.Contains(text, secret) {
			t.Errorf("a secret shows in: %s", text)
		}
	}
}
