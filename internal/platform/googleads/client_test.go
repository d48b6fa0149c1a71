package googleads

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// wire is a server that answers with bodies copied from Google's documents, and
// remembers what it was asked. It also mints the access tokens: "minted-1",
// "minted-2" and so on.
type wire struct {
	mu       sync.Mutex
	requests []sent
	forms    []url.Values // of the token endpoint
	answer   func(n int, r sent) reply
	mint     func(n int, form url.Values) reply // nil mints
}

type sent struct {
	method, path string
	header       http.Header
	body         string
	at           time.Time
}

// query is the GAQL of a search, "" of another call.
func (s sent) query() string {
	var body struct{ Query string }
	_ = json.Unmarshal([]byte(s.body), &body)
	return body.Query
}

type reply struct {
	status int
	header map[string]string
	body   string
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var a reply
	if r.URL.Path == "/token" {
		form, _ := url.ParseQuery(string(body))
		w.mu.Lock()
		w.forms = append(w.forms, form)
		n := len(w.forms)
		w.mu.Unlock()
		a = reply{body: fmt.Sprintf(`{"access_token":"minted-%d","expires_in":3599,"scope":%q,"token_type":"Bearer"}`, n, scope)}
		if w.mint != nil {
			a = w.mint(n, form)
		}
		rw.Header().Set("Content-Type", "application/json")
	} else {
		w.mu.Lock()
		s := sent{method: r.Method, path: r.URL.RequestURI(), header: r.Header, body: string(body), at: time.Now()}
		n := len(w.requests)
		w.requests = append(w.requests, s)
		w.mu.Unlock()
		a = w.answer(n, s)
	}
	for k, v := range a.header {
		rw.Header().Set(k, v)
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	rw.WriteHeader(a.status)
	_, _ = io.WriteString(rw, a.body)
}

func (w *wire) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.requests)
}

// dial connects a connector to a wire, with waits short enough for a test.
func dial(t *testing.T, settings map[string]string, answer func(n int, r sent) reply) (*Connector, *wire) {
	t.Helper()
	w := &wire{answer: answer}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	all := map[string]string{settingEndpoint: server.URL, settingTokenURL: server.URL + "/token"}
	maps.Copy(all, settings)
	c, err := open(hub.Options{UserAgent: "test", Settings: all}, func(c *transport.Config) {
		brief(c)
		c.Attempts = 2
		c.MinThrottle, c.MaxThrottle = time.Millisecond, time.Millisecond
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, w
}

// user is a refresh token and no more.
func user(more ...string) map[string]string {
	settings := map[string]string{settingClientID: testClientID, settingClientSecret: testSecret, settingRefreshToken: testRefresh}
	for i := 0; i < len(more); i += 2 {
		settings[more[i]] = more[i+1]
	}
	return settings
}

// brief leaves the policy as it is and takes the waiting out of it.
func brief(c *transport.Config) { c.MinBackoff, c.MaxBackoff = time.Millisecond, time.Millisecond }

func always(r reply) func(int, sent) reply { return func(int, sent) reply { return r } }

// nobody is the answer to a search that found nothing.
const nobody = `{"fieldMask":"customerUserAccess.resourceName","queryResourceConsumption":"60"}`

// searches answers each of the searches by what it is from.
func searches(from map[string]string) func(int, sent) reply {
	return func(_ int, r sent) reply {
		_, table, _ := strings.Cut(r.query(), " FROM ")
		table, _, _ = strings.Cut(table, " ")
		if body, ok := from[table]; ok {
			return reply{body: body}
		}
		return reply{body: nobody}
	}
}

// gone, held and done are the answers to a mutate.
func done(kind, id string) string {
	return fmt.Sprintf(`{"result":{"resourceName":"customers/1234567890/%s/%s"}}`, kind, id)
}

const held = `{"result":{"multiPartyAuthReview":"customers/1234567890/multiPartyAuthReviews/5502"}}`

var (
	adaSeat       = hub.Member{ID: "customerUserAccesses/8002", Email: "ada@agency.example", Status: hub.StatusActive, Role: "STANDARD"}
	adaInvitation = hub.Member{ID: "customerUserAccessInvitations/9001", Email: "ada@agency.example", Status: hub.StatusInvited, Role: "STANDARD"}
	adaHeld       = hub.Member{ID: "multiPartyAuthReviews/5502", Email: "ada@agency.example", Status: hub.StatusPendingApproval, Role: "STANDARD"}
)

// One operation a mutate, camelCase in bodies, digits in headers, the secrets
// nowhere but where they belong.
func TestRequests(t *testing.T) {
	c, w := dial(t, user(settingLoginCustomerID, agency, settingDeveloperToken, testDeveloper), func(_ int, r sent) reply {
		if strings.HasSuffix(r.path, ":resolve") {
			return reply{body: `{"resultOrError":[{"result":{"multiPartyAuthReview":"customers/1234567890/multiPartyAuthReviews/5502"}}]}`}
		}
		return reply{body: done(invitations, "9001")}
	})
	m, err := c.Add(t.Context(), testHub, hub.Add{Email: "New.Hire@agency.example", Role: "READ_ONLY"})
	if err != nil || m.ID != "customerUserAccessInvitations/9001" || m.Status != hub.StatusInvited {
		t.Errorf("Add = %+v (error: %v)", m, err)
	}
	for _, err := range []error{
		c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: "ADMIN"}),
		c.Remove(t.Context(), testHub, adaSeat),
		c.Remove(t.Context(), testHub, adaInvitation),
		c.Remove(t.Context(), testHub, adaHeld),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	want := []struct{ path, body string }{
		{"/v25/customers/1234567890/customerUserAccessInvitations:mutate", `{"operation":{"create":{"emailAddress":"New.Hire@agency.example","accessRole":"READ_ONLY"}}}`},
		{"/v25/customers/1234567890/customerUserAccesses:mutate", `{"operation":{"update":{"resourceName":"customers/1234567890/customerUserAccesses/8002","accessRole":"ADMIN"},"updateMask":"accessRole"}}`},
		{"/v25/customers/1234567890/customerUserAccesses:mutate", `{"operation":{"remove":"customers/1234567890/customerUserAccesses/8002"}}`},
		{"/v25/customers/1234567890/customerUserAccessInvitations:mutate", `{"operation":{"remove":"customers/1234567890/customerUserAccessInvitations/9001"}}`},
		{"/v25/customers/1234567890/multiPartyAuthReview:resolve", `{"operations":[{"multiPartyAuthReview":"customers/1234567890/multiPartyAuthReviews/5502","newStatus":"REVOKED"}]}`},
	}
	if len(w.requests) != len(want) {
		t.Fatalf("%d requests, want %d", len(w.requests), len(want))
	}
	for i, r := range w.requests {
		if r.method != http.MethodPost || r.path != want[i].path || r.body != want[i].body {
			t.Errorf("sent %s %s %s, want %s %s", r.method, r.path, r.body, want[i].path, want[i].body)
		}
		h := r.header
		if h.Get("Authorization") != "Bearer minted-1" || h.Get("Login-Customer-Id") != agency || h.Get("Developer-Token") != testDeveloper || h.Get("Content-Type") != "application/json" {
			t.Errorf("%s: headers %v", r.path, h)
		}
		for _, secret := range []string{testSecret, testRefresh, testDeveloper} {
			if strings.Contains(r.path+r.body, secret) {
				t.Errorf("%s: a secret outside its header", r.path)
			}
		}
	}
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {testClientID}, "client_secret": {testSecret}, "refresh_token": {testRefresh}}
	if len(w.forms) != 1 || w.forms[0].Encode() != form.Encode() {
		t.Errorf("tokens asked with %v", w.forms)
	}
}

func TestHeadersLeftOut(t *testing.T) {
	c, w := dial(t, user(), always(reply{body: nobody}))
	if _, err := c.Members(t.Context(), testHub); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Developer-Token", "Login-Customer-Id"} {
		if _, there := w.requests[0].header[name]; there {
			t.Errorf("%s is sent and not set", name)
		}
	}
}

// A field that a version does not know fails the whole query.
func TestQueries(t *testing.T) {
	for version, reviewed := range map[string]bool{"v23": false, "v24": true, "v25": true, "v26": true} {
		c, w := dial(t, user(settingAPIVersion, version), always(reply{body: nobody}))
		if _, err := c.Members(t.Context(), testHub); err != nil {
			t.Fatal(err)
		}
		var from []string
		for _, r := range w.requests {
			if !strings.HasPrefix(r.path, "/"+version+"/customers/1234567890/googleAds:search") || strings.Contains(r.path, "Stream") {
				t.Errorf("%s: %s", version, r.path)
			}
			if strings.Contains(r.body, "pageSize") {
				t.Errorf("%s: a page size is asked for: %s", version, r.body)
			}
			query := r.query()
			_, table, _ := strings.Cut(query, " FROM ")
			from = append(from, strings.Fields(table)[0])
			if from[len(from)-1] != "customer_user_access" {
				continue
			}
			for _, field := range []string{"customer_user_access.passkey_enabled", "customer_user_access.pending_multi_party_auth_review"} {
				if strings.Contains(query, field) != reviewed {
					t.Errorf("%s: %s selected = %t", version, field, !reviewed)
				}
			}
		}
		// Who moves on between two lists must be in the second.
		if want := []string{"multi_party_auth_review", "customer_user_access_invitation", "customer_user_access"}; !slices.Equal(from, want) {
			t.Errorf("%s: read %q, want %q", version, from, want)
		}
	}
}

// A resource name gives an id only if it is of that customer and collection.
func TestIDs(t *testing.T) {
	for name, want := range map[string]string{
		"customers/1234567890/customerUserAccesses/8002":          "customerUserAccesses/8002",
		"customers/1234567890/customerUserAccessInvitations/8002": "",
		"customers/5550001110/customerUserAccesses/8002":          "",
		"customers/1234567890/customerUserAccesses/":              "",
		"customers/1234567890/customerUserAccesses/8002/x":        "",
		"customers/1234567890/customerUserAccesses/me":            "",
		"customerUserAccesses/8002":                               "",
		"":                                                        "",
	} {
		if got := idOf("1234567890", name, accesses); got != want {
			t.Errorf("idOf(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestLikeLiteral(t *testing.T) {
	for email, want := range map[string]string{
		"ada@agency.example":        `ada@agency.example`,
		"o'hara@agency.example":     `o\'hara@agency.example`,
		"a_b%c@agency.example":      `a[_]b[%]c@agency.example`,
		`a[b]\c@agency.example`:     `a[[]b[]]\\c@agency.example`,
		"x' OR '1'='1@evil.example": `x\' OR \'1\'=\'1@evil.example`,
	} {
		if got := likeLiteral(email); got != want {
			t.Errorf("likeLiteral(%q) = %q, want %q", email, got, want)
		}
	}
}

func accessRow(id int, email, role, more string) string {
	return fmt.Sprintf(`{"customerUserAccess":{"resourceName":"customers/1234567890/customerUserAccesses/%d","userId":"%[1]d","emailAddress":%q,"accessRole":%q,"accessCreationDateTime":"2023-03-05 09:15:00"%s}}`, id, email, role, more)
}

// paged answers the seats page by page: a token is the number of the next page.
func paged(pages ...string) func(int, sent) reply {
	return func(_ int, r sent) reply {
		if !strings.Contains(r.query(), "FROM customer_user_access") || strings.Contains(r.query(), "invitation") {
			return reply{body: nobody}
		}
		var body struct{ PageToken string }
		_ = json.Unmarshal([]byte(r.body), &body)
		n := 0
		if body.PageToken != "" {
			_, _ = fmt.Sscanf(body.PageToken, "page-%d", &n)
		}
		if strings.HasPrefix(pages[n], `{"error"`) {
			return reply{status: 400, body: pages[n]}
		}
		return reply{body: pages[n]}
	}
}

const badToken = `{"error":{"code":400,"message":"Request contains an invalid argument.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure","errors":[{"errorCode":{"requestError":"EXPIRED_PAGE_TOKEN"},"message":"Page token expired."}],"requestId":"R"}]}}`

func TestPaging(t *testing.T) {
	ada, bo := accessRow(8001, "ada@agency.example", "ADMIN", ""), accessRow(8002, "bo@agency.example", "STANDARD", "")
	for _, tt := range []struct {
		name  string
		pages []string
		want  int // members; -1 is an error
		reads int // of the seats
	}{
		{"no rows at all", []string{nobody}, 0, 1},
		{"one page", []string{`{"results":[` + ada + `],"fieldMask":"x"}`}, 1, 1},
		{"two", []string{`{"results":[` + ada + `],"nextPageToken":"page-1","fieldMask":"x"}`, `{"results":[` + bo + `],"fieldMask":"x"}`}, 2, 2},
		{"an empty page in between", []string{`{"nextPageToken":"page-1","fieldMask":"x"}`, `{"results":[` + bo + `],"fieldMask":"x"}`}, 1, 2},
		{"a token that leads in a circle", []string{`{"results":[` + ada + `],"nextPageToken":"page-1","fieldMask":"x"}`, `{"results":[` + bo + `],"nextPageToken":"page-1","fieldMask":"x"}`}, -1, 2},
		{"a token that is never taken", []string{`{"results":[` + ada + `],"nextPageToken":"page-1","fieldMask":"x"}`, badToken}, -1, 4},
		{"an answer that is no list", []string{`{}`}, -1, 1},
		{"a later answer that is none", []string{`{"results":[` + ada + `],"nextPageToken":"page-1","fieldMask":"x"}`, `{}`}, -1, 2},
		{"a row of something else", []string{`{"results":[{"customer":{"id":"1234567890"}}],"fieldMask":"x"}`}, -1, 1},
		{"somebody of another customer", []string{`{"results":[` + strings.ReplaceAll(ada, "1234567890", "5550001110") + `],"fieldMask":"x"}`}, -1, 1},
		{"a nameless row", []string{`{"results":[{"customerUserAccess":{"emailAddress":"ada@agency.example"}}],"fieldMask":"x"}`}, -1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, w := dial(t, user(), paged(tt.pages...))
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			members, err := c.Members(ctx, testHub)
			if tt.want < 0 != (err != nil) || err == nil && len(members) != tt.want || err != nil && members != nil || ctx.Err() != nil {
				t.Errorf("%d members, want %d (error: %v)", len(members), tt.want, err)
			}
			if got := w.count() - 2; got != tt.reads {
				t.Errorf("%d pages read, want %d", got, tt.reads)
			}
		})
	}
	t.Run("a token that expired once", func(t *testing.T) {
		pages := paged(`{"results":[`+ada+`],"nextPageToken":"page-1","fieldMask":"x"}`, `{"results":[`+bo+`],"fieldMask":"x"}`)
		failed := false
		c, _ := dial(t, user(), func(n int, r sent) reply {
			if strings.Contains(r.body, "page-1") && !failed {
				failed = true
				return reply{status: 400, body: badToken}
			}
			return pages(n, r)
		})
		members, err := c.Members(t.Context(), testHub)
		if err != nil || len(members) != 2 {
			t.Errorf("%+v (error: %v)", members, err)
		}
	})
}

func quota(code, scope, delay string) string {
	details := ""
	if scope != "" {
		details = fmt.Sprintf(`,"details":{"quotaErrorDetails":{"rateScope":%q,"rateName":"Requests per account","retryDelay":%q}}`, scope, delay)
	}
	return fmt.Sprintf(`{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure","errors":[{"errorCode":{"quotaError":%q},"message":"Too many requests."%s}],"requestId":"Q"}]}}`, code, details)
}

// Google counts by customer and by project. What one customer used up must not
// hold the others; what the project used up holds them all, those included that
// nobody has asked about yet.
func TestQuotaScopes(t *testing.T) {
	other := hub.Ref{Platform: Name, BusinessID: "2222222222"}
	third := hub.Ref{Platform: Name, BusinessID: "3333333333"}
	for scope, all := range map[string]bool{"ACCOUNT": false, "DEVELOPER": true} {
		t.Run(scope, func(t *testing.T) {
			c, w := dial(t, user(), func(_ int, r sent) reply {
				if strings.Contains(r.path, testHub.BusinessID) {
					return reply{status: 429, body: quota("RESOURCE_EXHAUSTED", scope, "3600s")}
				}
				return reply{body: nobody}
			})
			if _, err := c.Members(t.Context(), other); err != nil {
				t.Fatal(err)
			}
			_, err := c.Members(t.Context(), testHub)
			if f := c.Explain(err); f.Reason != hub.ReasonRateLimited || f.Wait != time.Hour || f.RequestID != "Q" || f.Code != "quotaError.RESOURCE_EXHAUSTED" {
				t.Fatalf("fault = %+v (error: %v)", f, err)
			}
			before := w.count()
			for _, ref := range []hub.Ref{testHub, other, third} {
				want := all || ref == testHub
				_, err := c.Members(t.Context(), ref)
				if f := c.Explain(err); want != (err != nil) || want && (f.Reason != hub.ReasonRateLimited || f.Wait < 59*time.Minute) {
					t.Errorf("%s: held = %t, want %t (fault %+v)", ref, err != nil, want, f)
				}
			}
			if sent := w.count() - before; all && sent != 0 || !all && sent != 6 {
				t.Errorf("%d requests were sent into the throttle", sent)
			}
			// A write that is held back was not sent.
			_, err = c.Add(t.Context(), testHub, hub.Add{Email: "x@agency.example", Role: "READ_ONLY"})
			if f := c.Explain(err); f.Reason != hub.ReasonRateLimited || f.Uncertain {
				t.Errorf("Add: %+v", f)
			}
		})
	}
}

// A short delay is waited out, also by a write: what is throttled was not done.
func TestRetryDelay(t *testing.T) {
	c, w := dial(t, user(), func(n int, _ sent) reply {
		if n == 0 {
			return reply{status: 429, body: quota("RESOURCE_TEMPORARILY_EXHAUSTED", "ACCOUNT", "0.3s")}
		}
		return reply{body: done(invitations, "9001")}
	})
	if _, err := c.Add(t.Context(), testHub, hub.Add{Email: "x@agency.example", Role: "READ_ONLY"}); err != nil {
		t.Fatal(err)
	}
	if gap := w.requests[1].at.Sub(w.requests[0].at); len(w.requests) != 2 || gap < 300*time.Millisecond {
		t.Errorf("%d requests, the second after %s", len(w.requests), gap)
	}
}

func TestInspect(t *testing.T) {
	failure := func(family, value string) string { return body(400, "INVALID_ARGUMENT", family, value) }
	for _, tt := range []struct {
		name    string
		status  int
		header  string // Retry-After
		body    string
		want    transport.Verdict
		project bool
	}{
		{name: "done", status: 200, body: nobody},
		{name: "refused", status: 400, body: failure("accessInvitationError", "INVALID_EMAIL_ADDRESS")},
		{name: "by the gateway", status: 429, body: `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Quota exceeded"}}`, want: transport.Verdict{Kind: transport.Throttled}},
		{name: "by a proxy", status: 502, body: "<html>", want: transport.Verdict{Kind: transport.Transient}},
		{name: "quota with a delay", status: 429, body: quota("RESOURCE_EXHAUSTED", "ACCOUNT", "30s"), want: transport.Verdict{Kind: transport.Throttled, Wait: 30 * time.Second}},
		{name: "quota of the project", status: 429, body: quota("RESOURCE_EXHAUSTED", "DEVELOPER", "3.5s"), want: transport.Verdict{Kind: transport.Throttled, Wait: 3500 * time.Millisecond}, project: true},
		{name: "quota beyond reason", status: 429, body: quota("RESOURCE_EXHAUSTED", "ACCOUNT", "999999999999999999s"), want: transport.Verdict{Kind: transport.Throttled, Wait: 24 * time.Hour}},
		{name: "quota for days", status: 429, body: quota("RESOURCE_EXHAUSTED", "ACCOUNT", "172800s"), want: transport.Verdict{Kind: transport.Throttled, Wait: 24 * time.Hour}},
		{name: "quota with nonsense", status: 429, body: quota("RESOURCE_EXHAUSTED", "ACCOUNT", "-3s"), want: transport.Verdict{Kind: transport.Throttled}},
		{name: "quota without a delay", status: 429, body: quota("RESOURCE_EXHAUSTED", "", ""), want: transport.Verdict{Kind: transport.Throttled}},
		{name: "too expensive", status: 429, body: quota("EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION", "", ""), want: transport.Verdict{Kind: transport.Throttled, Wait: excessWait}},
		{name: "too expensive for long", status: 429, body: quota("EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION", "", ""), want: transport.Verdict{Kind: transport.Throttled, Wait: longExcessWait}},
		{name: "too expensive, and told", status: 429, header: "7", body: quota("EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION", "", ""), want: transport.Verdict{Kind: transport.Throttled}},
		{name: "prohibited", status: 403, body: failure("quotaError", "ACCESS_PROHIBITED")},
		{name: "passing", status: 500, body: failure("internalError", "TRANSIENT_ERROR"), want: transport.Verdict{Kind: transport.Transient}},
		{name: "an old token", status: 401, body: failure("authenticationError", "OAUTH_TOKEN_EXPIRED"), want: transport.Verdict{Kind: transport.Unauthorized}},
		{name: "an invalid token", status: 401, body: failure("authenticationError", "OAUTH_TOKEN_INVALID"), want: transport.Verdict{Kind: transport.Unauthorized}},
		{name: "no token will do", status: 401, body: failure("authenticationError", "TWO_STEP_VERIFICATION_NOT_ENROLLED")},
		{name: "unauthenticated by the gateway", status: 401, body: `{"error":{"code":401,"status":"UNAUTHENTICATED","message":"Request had invalid authentication credentials."}}`, want: transport.Verdict{Kind: transport.Unauthorized}},
		{name: "inside a 200", status: 200, body: `{"resultOrError":[{"partialFailureError":{"code":8,"message":"m","details":[{"@type":"type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure","errors":[{"errorCode":{"quotaError":"RESOURCE_EXHAUSTED"},"message":"m","details":{"quotaErrorDetails":{"rateScope":"DEVELOPER","retryDelay":"5s"}}}]}]}}]}`, want: transport.Verdict{Kind: transport.Throttled, Wait: 5 * time.Second}, project: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			header := http.Header{}
			if tt.header != "" {
				header.Set("Retry-After", tt.header)
			}
			got, project := inspect(&transport.Response{Status: tt.status, Header: header, Body: []byte(tt.body)})
			if got != tt.want || project != tt.project {
				t.Errorf("verdict %+v, project %t; want %+v, %t", got, project, tt.want, tt.project)
			}
		})
	}
}

// An access token that Google refuses early is replaced once; a second refusal
// is final.
func TestReauthorize(t *testing.T) {
	for name, accepts := range map[string]string{"the second is good": "Bearer minted-2", "none is": "never"} {
		t.Run(name, func(t *testing.T) {
			c, w := dial(t, user(), func(_ int, r sent) reply {
				if r.header.Get("Authorization") == accepts {
					return reply{body: done(invitations, "9001")}
				}
				return reply{status: 401, body: body(401, "UNAUTHENTICATED", "authenticationError", "OAUTH_TOKEN_EXPIRED")}
			})
			_, err := c.Add(t.Context(), testHub, hub.Add{Email: "x@agency.example", Role: "READ_ONLY"})
			if accepts == "never" {
				if f := c.Explain(err); f.Reason != hub.ReasonUnauthenticated || f.Uncertain {
					t.Errorf("fault = %+v (error: %v)", f, err)
				}
			} else if err != nil {
				t.Error(err)
			}
			if len(w.forms) != 2 || len(w.requests) != 2 {
				t.Errorf("%d tokens and %d requests, want 2 and 2", len(w.forms), len(w.requests))
			}
		})
	}
}

func TestTokenErrors(t *testing.T) {
	robotSettings, _ := serviceAccount()
	acting := maps.Clone(robotSettings)
	acting[settingImpersonated] = "It.Lead@Agency.example"
	oauth := func(status int, code string) reply {
		return reply{status: status, body: fmt.Sprintf(`{"error":%q,"error_description":"Because %s."}`, code, testRefresh)}
	}
	for _, tt := range []struct {
		name     string
		settings map[string]string
		mint     reply
		want     hub.Reason
		says     string
	}{
		{"revoked", user(), oauth(400, "invalid_grant"), hub.ReasonUnauthenticated, "new refresh token"},
		{"a wrong client", user(), oauth(401, "invalid_client"), hub.ReasonUnauthenticated, "client_secret"},
		{"a wrong scope", user(), oauth(400, "invalid_scope"), hub.ReasonUnauthenticated, scope},
		{"an administrator's veto", user(), oauth(400, "admin_policy_enforced"), hub.ReasonForbidden, "Workspace administrator"},
		{"something new", user(), oauth(400, "blue_moon"), hub.ReasonUnauthenticated, ""},
		{"too often", user(), oauth(429, "rate_limit_exceeded"), hub.ReasonRateLimited, ""},
		{"down", user(), reply{status: 503, body: "<html>"}, hub.ReasonUnavailable, ""},
		{"no token endpoint", user(), reply{status: 404, body: "<html>"}, hub.ReasonUnknown, "token_url"},
		{"a deleted key", robotSettings, oauth(400, "invalid_grant"), hub.ReasonUnauthenticated, "new key"},
		{"no such user to act as", acting, oauth(400, "invalid_grant"), hub.ReasonUnauthenticated, "impersonated_email"},
		{"no delegation", acting, oauth(401, "unauthorized_client"), hub.ReasonUnauthenticated, "domain-wide delegation"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // what is tried again is tried after a while
			c, w := dial(t, tt.settings, always(reply{body: nobody}))
			w.mint = func(int, url.Values) reply { return tt.mint }
			_, err := c.Add(t.Context(), testHub, hub.Add{Email: "x@agency.example", Role: "READ_ONLY"})
			f := c.Explain(err)
			if f.Reason != tt.want || f.Uncertain || f.Detail == "" || !strings.Contains(f.Detail, tt.says) {
				t.Errorf("fault = %+v, want %s saying %q (error: %v)", f, tt.want, tt.says, err)
			}
			if text := fmt.Sprintf("%v %#v %+v", err, err, f); tt.settings[settingRefreshToken] != "" && strings.Contains(text, testRefresh) {
				t.Errorf("the refresh token shows: %v", err)
			}
			if len(w.requests) != 0 {
				t.Errorf("%d requests without a token", len(w.requests))
			}
			if tt.want == hub.ReasonUnauthenticated && len(w.forms) != 1 {
				t.Errorf("asked %d times, and a refused credential stays refused", len(w.forms))
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		c, _ := dial(t, user(settingTokenURL, "http://127.0.0.1:1/token"), always(reply{body: nobody}))
		_, err := c.Members(t.Context(), testHub)
		if f := c.Explain(err); f.Reason != hub.ReasonUnavailable || !strings.Contains(f.Detail, "token_url") {
			t.Errorf("fault = %+v (error: %v)", f, err)
		}
	})
	t.Run("a caller who does not wait", func(t *testing.T) {
		t.Parallel()
		c, w := dial(t, user(), always(reply{body: nobody}))
		release := make(chan struct{})
		w.mint = func(int, url.Values) reply {
			<-release
			return reply{body: `{"access_token":"late-token","expires_in":3599}`}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := c.Members(ctx, testHub)
		if f := c.Explain(err); f.Reason != hub.ReasonTimeout || time.Since(start) > time.Second {
			t.Errorf("fault = %+v after %s (error: %v)", f, time.Since(start), err)
		}
		close(release)
		if _, err := c.Members(t.Context(), testHub); err != nil || len(w.forms) != 1 {
			t.Errorf("%d tokens asked for (error: %v)", len(w.forms), err)
		}
	})
}

// The assertion of a service account says who, for what and for whom; the token
// it brings is not asked for again.
func TestServiceAccount(t *testing.T) {
	settings, _ := serviceAccount()
	settings[settingImpersonated] = "It.Lead@Agency.example"
	c, w := dial(t, settings, always(reply{body: nobody}))
	for range 2 {
		if _, err := c.Members(t.Context(), testHub); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.forms) != 1 || w.forms[0].Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		t.Fatalf("tokens asked with %v", w.forms)
	}
	self, err := c.Self(t.Context(), testHub)
	if err != nil || self.Email != "it.lead@agency.example" {
		t.Errorf("self = %+v (error: %v)", self, err)
	}
	claims := claimsOf(t, w.forms[0].Get("assertion"))
	for name, want := range map[string]any{"iss": robot, "scope": scope, "aud": defaultTokenURL, "sub": "It.Lead@Agency.example"} {
		if claims[name] != want {
			t.Errorf("%s = %v, want %v", name, claims[name], want)
		}
	}
}

// A 200 that does not say what became of a write is no success, nor a failure.
func TestUnsaidAnswers(t *testing.T) {
	for _, answer := range []string{`{}`, `{"result":{}}`, `{"resultOrError":[]}`, `{"resultOrError":[{}]}`, `<html>`, `{"result":`} {
		c, w := dial(t, user(), always(reply{body: answer}))
		_, addErr := c.Add(t.Context(), testHub, hub.Add{Email: "x@agency.example", Role: "READ_ONLY"})
		for what, err := range map[string]error{
			"Add":                  addErr,
			"ChangeRole":           c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: "ADMIN"}),
			"Remove":               c.Remove(t.Context(), testHub, adaSeat),
			"Remove of a held one": c.Remove(t.Context(), testHub, adaHeld),
		} {
			if f := c.Explain(err); err == nil || f.Reason != hub.ReasonOutcomeUnknown || !f.Uncertain {
				t.Errorf("%s, answer %s: fault %+v (error: %v)", what, answer, f, err)
			}
		}
		if len(w.requests) != 4 {
			t.Errorf("%d requests, want 4: no write goes out twice", len(w.requests))
		}
	}
}

// A write whose fate is open goes out once, whatever the trouble.
func TestWritesGoOutOnce(t *testing.T) {
	for name, answer := range map[string]reply{
		"internal":    {status: 500, body: body(500, "INTERNAL", "internalError", "INTERNAL_ERROR")},
		"transient":   {status: 500, body: body(500, "INTERNAL", "internalError", "TRANSIENT_ERROR")},
		"deadline":    {status: 504, body: body(504, "DEADLINE_EXCEEDED", "internalError", "DEADLINE_EXCEEDED")},
		"unavailable": {status: 503, body: `{"error":{"code":503,"status":"UNAVAILABLE","message":"The service is currently unavailable."}}`},
		"cancelled":   {status: 499, body: `{"error":{"code":499,"status":"CANCELLED","message":"The operation was cancelled."}}`},
		"gateway":     {status: 502, body: "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			c, w := dial(t, user(), always(answer))
			_, err := c.Add(t.Context(), testHub, hub.Add{Email: "x@agency.example", Role: "READ_ONLY"})
			for what, err := range map[string]error{
				"Add":        err,
				"ChangeRole": c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: "ADMIN"}),
				"Remove":     c.Remove(t.Context(), testHub, adaSeat),
			} {
				if f := c.Explain(err); err == nil || !f.Uncertain {
					t.Errorf("%s: fault %+v (error: %v)", what, f, err)
				}
			}
			if len(w.requests) != 3 {
				t.Errorf("%d requests, want 3", len(w.requests))
			}
			_, err = c.Members(t.Context(), testHub)
			if f := c.Explain(err); err == nil || f.Uncertain {
				t.Errorf("a read is never uncertain: %+v", f)
			}
		})
	}
}

// A write must never go to an object named by accident.
func TestWritesWantAnID(t *testing.T) {
	c, w := dial(t, user(), always(reply{body: held}))
	for _, id := range []string{"", "8002", "customerUserAccesses/", "customerUserAccesses/x", "customerUserAccesses/1/2", "campaigns/1", "../x/1"} {
		m := adaSeat
		m.ID = id
		if err := c.Remove(t.Context(), testHub, m); err == nil {
			t.Errorf("Remove of id %q succeeded", id)
		}
		if err := c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: "ADMIN"}); err == nil {
			t.Errorf("ChangeRole of id %q succeeded", id)
		}
		if _, err := c.Lookup(t.Context(), testHub, hub.Key{ID: id}); err == nil || errors.Is(err, hub.ErrAbsent) {
			t.Errorf("Lookup of id %q: error = %v", id, err)
		}
	}
	if len(w.requests) != 0 {
		t.Errorf("%d requests", len(w.requests))
	}
}
