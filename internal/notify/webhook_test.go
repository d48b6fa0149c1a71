package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

const (
	testSecret = "0123456789abcdef-of-the-webhook"
	testPath   = "/services/T0000TEAM/B0000HOOK/XXXXtokenXXXX"
)

// receiver is a webhook's other end, and what came in.
type receiver struct {
	*httptest.Server
	// answer speaks for the n-th post, n from 1; nil is 204.
	answer func(w http.ResponseWriter, r *http.Request, n int)

	mu    sync.Mutex
	posts []posted
}

type posted struct {
	method, target string
	header         http.Header
	body           []byte
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	r.posts = append(r.posts, posted{req.Method, req.URL.String(), req.Header.Clone(), body})
	n := len(r.posts)
	r.mu.Unlock()
	if r.answer != nil {
		r.answer(w, req, n)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *receiver) all() []posted {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.posts
}

func (r *receiver) url(path string) hub.Secret { return hub.Secret(r.URL + path) }

// hook opens a webhook that retries at once.
func hook(t *testing.T, w Webhook) *webhook {
	t.Helper()
	if w.Secret == "" {
		w.Secret = testSecret
	}
	channel, err := w.Channel()
	if err != nil {
		t.Fatal(err)
	}
	h := channel.(*webhook)
	h.minBackoff = time.Millisecond
	return h
}

func TestWebhookMessage(t *testing.T) {
	r := newReceiver(t)
	before := time.Now().Unix()
	m := removal()
	if err := hook(t, Webhook{URL: r.url(testPath + "?k=v"), UserAgent: "terraform-provider-roster/1.2.3"}).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if len(r.all()) != 1 {
		t.Fatalf("%d posts, want 1", len(r.all()))
	}
	got := r.all()[0]
	if got.method != "POST" || got.target != testPath+"?k=v" {
		t.Errorf("%s %s", got.method, got.target)
	}
	if kind, agent := got.header.Get("Content-Type"), got.header.Get("User-Agent"); kind != "application/json" || agent != "terraform-provider-roster/1.2.3" {
		t.Errorf("Content-Type %q, User-Agent %q", kind, agent)
	}
	stamp, err := strconv.ParseInt(got.header.Get("X-Roster-Timestamp"), 10, 64)
	if err != nil || stamp < before || stamp > time.Now().Unix() {
		t.Errorf("X-Roster-Timestamp = %q, want now in seconds", got.header.Get("X-Roster-Timestamp"))
	}
	if want := "v1=" + openssl(t, got.header.Get("X-Roster-Timestamp")+"."+string(got.body)); got.header.Get("X-Roster-Signature") != want {
		t.Errorf("X-Roster-Signature = %q, openssl says %q", got.header.Get("X-Roster-Signature"), want)
	}
	delivery := got.header.Get("X-Roster-Delivery")
	if len(delivery) < 20 {
		t.Errorf("X-Roster-Delivery = %q", delivery)
	}

	var body map[string]any
	if err := json.Unmarshal(got.body, &body); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"event": "task_failed", "delivery": delivery, "time": "2026-11-02T10:30:00Z",
		"summary": m.Summary, "text": m.Summary + "\n\n" + strings.ReplaceAll(m.Detail, "\u00a0", " "),
		"hub_id": "meta_business/222000111000222", "hub_name": "Northwind Paid Social", "platform": "meta_business",
		"task": "remove", "email": "ada@northwind.example", "role": "", "old_role": "EMPLOYEE", "revoke": false,
		"reason": "forbidden", "attempts": 3.0,
		"platform_code": "200", "platform_message": m.Fault.Message, "request_id": "AbC",
		"manual_steps": []any{m.ManualSteps[0], m.ManualSteps[1]},
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}

	if err := hook(t, Webhook{URL: r.url("/")}).Send(t.Context(), Message{}); err != nil {
		t.Fatal(err)
	}
	second := r.all()[1]
	if id := second.header.Get("X-Roster-Delivery"); id == "" || id == delivery {
		t.Errorf("the second message has the delivery id %q, the first %q", id, delivery)
	}
	if !strings.Contains(string(second.body), `"manual_steps":[]`) {
		t.Errorf("no steps are not an empty list: %s", second.body)
	}
}

// The signature of a message that was signed by hand:
//
//	printf '1700000000.{"event":"task_failed"}' | openssl dgst -sha256 -hmac 0123456789abcdef-of-the-webhook
func TestWebhookSignature(t *testing.T) {
	const want = "v1=097ea458ecf923296b41329647bcd40fcaea8248fa52ab1e433276c2ca44808b"
	if got := sign(testSecret, "1700000000", []byte(`{"event":"task_failed"}`)); got != want {
		t.Errorf("sign = %q, want %q", got, want)
	}
}

// openssl signs a text, where there is one; TestWebhookSignature holds without.
func openssl(t *testing.T, text string) string {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Log("no openssl here: the signature of this message is compared with sign's own")
		stamp, body, _ := strings.Cut(text, ".")
		return strings.TrimPrefix(sign(testSecret, stamp, []byte(body)), "v1=")
	}
	command := exec.CommandContext(t.Context(), path, "dgst", "-sha256", "-hmac", testSecret)
	command.Stdin = strings.NewReader(text)
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(out))
	return fields[len(fields)-1]
}

func TestWebhookTLS(t *testing.T) {
	certificate, roots := testCA(t, "127.0.0.1")
	_, strangers := testCA(t, "127.0.0.1")
	r := &receiver{}
	r.Server = httptest.NewUnstartedServer(r)
	r.TLS = certificate
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.StartTLS()
	t.Cleanup(r.Close)
	if err := hook(t, Webhook{URL: r.url(testPath), RootCAs: roots}).Send(t.Context(), removal()); err != nil {
		t.Error(err)
	}
	err := hook(t, Webhook{URL: r.url(testPath), RootCAs: strangers}).Send(t.Context(), removal())
	if err == nil || !strings.Contains(err.Error(), "unknown authority") || strings.Contains(err.Error(), "attempts") {
		t.Errorf("error = %v, want a certificate's, at the first attempt", err)
	}
	if n := len(r.all()); n != 1 {
		t.Errorf("%d posts, want that of who trusts the server alone", n)
	}
	noWebhookSecret(t, err)
}

func TestWebhookAnswers(t *testing.T) {
	always := func(code int) func(http.ResponseWriter, *http.Request, int) {
		return func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(code) }
	}
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request, int)
		posts  int
		err    string // behind the name
	}{
		"200": {always(200), 1, ""},
		"202": {always(202), 1, ""},
		"500 twice, then 200": {func(w http.ResponseWriter, _ *http.Request, n int) {
			if n < 3 {
				w.WriteHeader(500)
			}
		}, 3, ""},
		"429 with a time, then 200": {func(w http.ResponseWriter, _ *http.Request, n int) {
			if n == 1 {
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(429)
			}
		}, 2, ""},
		"cut off twice, then 200": {func(_ http.ResponseWriter, _ *http.Request, n int) {
			if n < 3 {
				panic(http.ErrAbortHandler)
			}
		}, 3, ""},
		"503 for ever":           {always(503), 4, "answered 503 Service Unavailable (4 attempts, last answer 503 Service Unavailable)"},
		"501":                    {always(501), 1, "answered 501 Not Implemented"},
		"404":                    {always(404), 1, "answered 404 Not Found"},
		"599, which has no name": {always(599), 4, "answered 599 (4 attempts, last answer 599)"},
		"429 for an hour": {func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(429)
		}, 1, "answered 429 Too Many Requests"},
		"words of its own": {func(w http.ResponseWriter, r *http.Request, _ int) {
			w.WriteHeader(403)
			_, _ = io.WriteString(w, "no such hook "+r.URL.String()+" "+testSecret)
		}, 1, "answered 403 Forbidden"},
		"cut off for ever": {func(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }, 4, "posting: EOF (4 attempts)"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t)
			r.answer = c.answer
			h := hook(t, Webhook{URL: r.url(testPath + "?token=tokenInQuery")})
			err := h.Send(t.Context(), removal())
			posts := r.all()
			if len(posts) != c.posts {
				t.Errorf("%d posts, want %d", len(posts), c.posts)
			}
			for _, p := range posts[1:] {
				for _, name := range []string{"X-Roster-Delivery", "X-Roster-Signature", "X-Roster-Timestamp"} {
					if p.header.Get(name) != posts[0].header.Get(name) {
						t.Errorf("%s changed from one attempt to the next", name)
					}
				}
				if string(p.body) != string(posts[0].body) {
					t.Error("the body changed from one attempt to the next")
				}
			}
			switch {
			case c.err == "" && err != nil:
				t.Error(err)
			case c.err != "" && (err == nil || err.Error() != h.Name()+": "+c.err):
				t.Errorf("error = %v\nwant %s: %s", err, h.Name(), c.err)
			}
			noWebhookSecret(t, err)
		})
	}
}

func TestWebhookFollowsNoRedirect(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		for name, location := range map[string]string{"": "", "unreadable": "http://%zz" + testPath} {
			t.Run(strconv.Itoa(code)+name, func(t *testing.T) {
				elsewhere, r := newReceiver(t), newReceiver(t)
				if location == "" {
					location = elsewhere.URL + testPath
				}
				r.answer = func(w http.ResponseWriter, _ *http.Request, _ int) {
					w.Header().Set("Location", location)
					w.WriteHeader(code)
				}
				err := hook(t, Webhook{URL: r.url(testPath)}).Send(t.Context(), removal())
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("answered %d", code)) || !strings.Contains(err.Error(), "redirect is not followed") {
					t.Errorf("error = %v", err)
				}
				if here, there := len(r.all()), len(elsewhere.all()); here != 1 || there != 0 {
					t.Errorf("%d posts here and %d there, want 1 and 0", here, there)
				}
				noWebhookSecret(t, err)
			})
		}
	}
}

func TestWebhookHangs(t *testing.T) {
	hang := func(_ http.ResponseWriter, req *http.Request, _ int) { <-req.Context().Done() }
	t.Run("the first attempt", func(t *testing.T) {
		r := newReceiver(t)
		r.answer = func(w http.ResponseWriter, req *http.Request, n int) {
			if n == 1 {
				hang(w, req, n)
			}
		}
		if err := hook(t, Webhook{URL: r.url(testPath), Timeout: 3 * time.Second}).Send(t.Context(), removal()); err != nil {
			t.Error(err)
		}
		if n := len(r.all()); n != 2 {
			t.Errorf("%d posts, want 2", n)
		}
	})
	t.Run("every attempt", func(t *testing.T) {
		r := newReceiver(t)
		r.answer = hang
		start := time.Now()
		err := hook(t, Webhook{URL: r.url(testPath), Timeout: 600 * time.Millisecond}).Send(t.Context(), removal())
		if err == nil || !strings.Contains(err.Error(), "deadline exceeded") {
			t.Errorf("error = %v", err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %s", took)
		}
		noWebhookSecret(t, err)
	})
	t.Run("the body of the answer", func(t *testing.T) {
		r := newReceiver(t)
		r.answer = func(w http.ResponseWriter, req *http.Request, _ int) {
			w.WriteHeader(200)
			_ = http.NewResponseController(w).Flush()
			<-req.Context().Done()
		}
		if err := hook(t, Webhook{URL: r.url(testPath)}).Send(t.Context(), removal()); err != nil {
			t.Error(err)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		r := newReceiver(t)
		r.answer = func(w http.ResponseWriter, req *http.Request, n int) {
			stop()
			hang(w, req, n)
		}
		start := time.Now()
		err := hook(t, Webhook{URL: r.url(testPath)}).Send(ctx, removal())
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "stopped while posting") {
			t.Errorf("error = %v", err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %s to stop", took)
		}
		if n := len(r.all()); n != 1 {
			t.Errorf("%d posts, want 1", n)
		}
	})
	t.Run("the run is over", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		r := newReceiver(t)
		if err := hook(t, Webhook{URL: r.url(testPath)}).Send(ctx, removal()); !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v", err)
		}
		if n := len(r.all()); n != 0 {
			t.Errorf("%d posts, want none", n)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		err := hook(t, Webhook{URL: hub.Secret("http://user:tokenInUser@" + freeAddr(t) + testPath)}).Send(t.Context(), removal())
		if err == nil || !strings.Contains(err.Error(), "refused") || !strings.Contains(err.Error(), "(4 attempts)") {
			t.Errorf("error = %v", err)
		}
		noWebhookSecret(t, err)
	})
}

func TestWebhookUserinfo(t *testing.T) {
	r := newReceiver(t)
	target := strings.Replace(string(r.url(testPath)), "http://", "http://user:tokenInUser@", 1)
	h := hook(t, Webhook{URL: hub.Secret(target)})
	if err := h.Send(t.Context(), removal()); err != nil {
		t.Fatal(err)
	}
	if got := r.all()[0].header.Get("Authorization"); got != "Basic dXNlcjp0b2tlbkluVXNlcg==" {
		t.Errorf("Authorization = %q", got)
	}
	if h.Name() != "webhook "+r.URL {
		t.Errorf("name = %q, want scheme and host", h.Name())
	}
}

func TestWebhookSettings(t *testing.T) {
	const good = "https://hooks.example" + testPath
	for name, c := range map[string]struct {
		url, secret string
		setting     string
		err         string
	}{
		"https":            {url: good, secret: testSecret},
		"http on loopback": {url: "http://localhost:8080" + testPath, secret: testSecret},
		"http on ::1":      {url: "http://[::1]:8080" + testPath, secret: testSecret},

		"no url":               {"", testSecret, "webhook.url", "empty"},
		"http":                 {"http://hooks.example" + testPath, testSecret, "webhook.url", `"http://hooks.example" is http`},
		"http, like loopback":  {"http://localhost.evil.example" + testPath, testSecret, "webhook.url", "only a loopback host"},
		"another scheme":       {"ftp://hooks.example" + testPath, testSecret, "webhook.url", `begins with "ftp:"`},
		"no host":              {"https:///tokenInPath", testSecret, "webhook.url", "no host"},
		"no scheme":            {"hooks.example" + testPath, testSecret, "webhook.url", "no host"},
		"not a url":            {"https://user:tokenInUser/x@hooks.example", testSecret, "webhook.url", "not a URL"},
		"fragment":             {good + "#tokenInFragment", testSecret, "webhook.url", "has a #"},
		"no secret":            {good, "", "webhook.secret", "not set"},
		"short secret":         {good, "tokenInSecret", "webhook.secret", "shorter than 16"},
		"secret with new line": {good, testSecret + "\n", "webhook.secret", "white space"},
	} {
		t.Run(name, func(t *testing.T) {
			channel, err := Webhook{URL: hub.Secret(c.url), Secret: hub.Secret(c.secret)}.Channel()
			if c.err == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var setting *hub.SettingError
			if !errors.As(err, &setting) || channel != nil {
				t.Fatalf("channel %v, error %v, want a setting error", channel, err)
			}
			if setting.Setting != c.setting || !strings.Contains(setting.Problem, c.err) {
				t.Errorf("%v\nwant %s: … %s", err, c.setting, c.err)
			}
			noWebhookSecret(t, err)
		})
	}
}

// noWebhookSecret fails when an error shows the secret or more of a URL than
// its origin.
func noWebhookSecret(t *testing.T, err error) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %#v", err, err, errors.Unwrap(err))
	for _, secret := range []string{testSecret, "token", "T0000TEAM", "services"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the error %q", secret, text)
		}
	}
}
