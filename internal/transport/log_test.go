package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// lines runs one request against the steps and returns what was logged.
func lines(t *testing.T, level slog.Level, steps ...step) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		c := open(t, play(steps...), func(c *Config) {
			c.Platform = "meta_business"
			c.Attempts = 2
			c.Logger = slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: level}))
			c.Authorize = func(_ context.Context, req *http.Request) error {
				req.Header.Set("Authorization", "Bearer bearer-secret")
				req.URL.RawQuery += "&appsecret_proof=proof-secret"
				return nil
			}
			c.Redactor = NewRedactor("body-secret")
		})
		_, _ = c.Do(t.Context(), Request{
			Method: "PUT", Path: "/members", Query: url.Values{"email": {"ada@northwind.example"}},
			Body: []byte("body-secret"), Header: http.Header{"X-Own": {"header-secret"}}, Repeatable: true, Operation: "change role",
		})
	})
	for _, forbidden := range []string{"-secret", "northwind", "cookie", "answer-body"} {
		if strings.Contains(out.String(), forbidden) {
			t.Errorf("log shows %q:\n%s", forbidden, out.String())
		}
	}
	var all []map[string]any
	for line := range strings.Lines(out.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		delete(m, "time")
		all = append(all, m)
	}
	return all
}

func TestLogLines(t *testing.T) {
	const shown = "https://api.example/v1/members?email=***"
	got := lines(t, slog.LevelDebug,
		answer(429, "answer-body", "Retry-After", "5", "X-Fb-Trace-Id", "AbC", "Set-Cookie", "cookie"),
		answer(200, "answer-body"),
	)
	want := []map[string]any{
		{
			"level": "DEBUG", "msg": "http attempt", "platform": "meta_business", "operation": "change role", "method": "PUT",
			"url": shown, "attempt": 1.0, "status": 429.0, "duration": 0.0, "request_id": "AbC",
		},
		{
			"level": "WARN", "msg": "http throttle", "platform": "meta_business", "operation": "change role", "method": "PUT",
			"url": shown, "attempt": 1.0, "status": 429.0, "reason": "throttled", "wait": float64(5 * time.Second),
		},
		{
			"level": "DEBUG", "msg": "http attempt", "platform": "meta_business", "operation": "change role", "method": "PUT",
			"url": shown, "attempt": 2.0, "status": 200.0, "duration": 0.0,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestLogOfFailures(t *testing.T) {
	bearer := func(*http.Request) (*http.Response, error) {
		return nil, errors.New("proxy does not like bearer-secret at https://x.example/?t=url-secret")
	}
	got := lines(t, slog.LevelWarn, bearer, answer(429, "", "Retry-After", "9"))
	if len(got) != 2 || got[0]["msg"] != "http retry" || got[0]["reason"] != "no answer" || !strings.Contains(fmt.Sprint(got[0]["error"]), "***") {
		t.Errorf("log = %v", got)
	}
	if got[1]["reason"] != "giving up" || got[1]["wait"] != float64(9*time.Second) {
		t.Errorf("log = %v", got)
	}
	got = lines(t, slog.LevelWarn, answer(429, "", "Retry-After", "7200"))
	if len(got) != 1 || got[0]["reason"] != "giving up" {
		t.Errorf("log of a throttle beyond MaxWait = %v", got)
	}
	if got := lines(t, slog.LevelWarn, answer(200, "")); len(got) != 0 {
		t.Errorf("log = %v, want nothing to warn of", got)
	}
}

func TestLogOfAThrottleBeyondTheDeadline(t *testing.T) {
	var out bytes.Buffer
	c := open(t, play(answer(429, "", "Retry-After", "60")), func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&out, nil)) })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	mustAnswer(t, c, ctx, list, 429, 1)
	if !strings.Contains(out.String(), `reason="giving up" wait=1m0s`) {
		t.Errorf("log = %s", out.String())
	}
}

type contextKey struct{}

// The provider's logger finds its sinks in the context.
func TestLogGetsTheContextOfTheCall(t *testing.T) {
	h := &contextHandler{}
	c := open(t, play(answer(200, "")), func(c *Config) { c.Logger = slog.New(h) })
	mustAnswer(t, c, context.WithValue(t.Context(), contextKey{}, "here"), list, 200, 1)
	if h.seen != "here" {
		t.Errorf("context value = %v", h.seen)
	}
}

type contextHandler struct{ seen any }

func (*contextHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h *contextHandler) Handle(ctx context.Context, _ slog.Record) error {
	h.seen = ctx.Value(contextKey{})
	return nil
}
func (h *contextHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h *contextHandler) WithGroup(string) slog.Handler      { return h }

func TestErrorText(t *testing.T) {
	for _, tt := range []struct {
		err  Error
		want string
	}{
		{
			Error{Operation: "list members", Method: "GET", URL: "https://api.example/m", Attempts: 4, Status: 200, Err: ErrTruncated},
			"list members: GET https://api.example/m: 4 attempts, status 200: answer cut short",
		},
		{
			Error{Method: "GET", URL: "https://api.example/m", Err: ErrThrottled, Throttle: 90 * time.Second},
			"GET https://api.example/m: not sent, throttled for 1m30s: throttled",
		},
		{
			Error{Operation: "invite", Method: "POST", URL: "https://api.example/m", Attempts: 1, Err: context.Canceled},
			"invite: POST https://api.example/m: 1 attempt: context canceled",
		},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
		if !errors.Is(&tt.err, tt.err.Err) {
			t.Errorf("%v does not unwrap", &tt.err)
		}
	}
}

func TestErrorHoldsNoSecret(t *testing.T) {
	leak := errors.New("refused bearer-secret for https://x.example/?a=1&t=url-secret")
	c := open(t, play(func(*http.Request) (*http.Response, error) { return nil, leak }), func(c *Config) {
		c.Redactor = NewRedactor("bearer-secret", "path-secret", "operation-secret")
	})
	r := Request{Method: "POST", Path: "/path-secret", Query: url.Values{"t": {"url-secret"}}, Operation: "look at operation-secret"}
	e := mustFail(t, c, t.Context(), r, leak, 1, true)
	for _, text := range []string{e.Error(), fmt.Sprintf("%v %+v %#v %q %s", e, e, e, e, e), fmt.Sprintf("%#v", *e), fmt.Sprintf("%v %#v", e.Err, e.Err), e.URL, e.Operation} {
		if strings.Contains(text, "-secret") {
			t.Errorf("%s shows a secret", text)
		}
	}
	if !strings.Contains(e.Error(), "https://api.example/v1/***?t=***") {
		t.Errorf("error = %v", e)
	}
}
