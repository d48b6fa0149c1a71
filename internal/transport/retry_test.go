package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Who is tried again, after what. The table is the promise of Do.
func TestWhatIsTriedAgain(t *testing.T) {
	const again, final = true, false
	once := update
	once.Once = true
	for _, tt := range []struct {
		name    string
		first   step
		request Request
		want    bool
	}{
		{"read after a 500", answer(500, ""), list, again},
		{"read after a 502", answer(502, ""), list, again},
		{"read after a lost connection", dropped, list, again},
		{"read after an unreachable host", unreachable, list, again},
		{"read after a cut answer", cut(200), list, again},
		{"read after a 429", answer(429, ""), list, again},
		{"read after a 501", answer(501, ""), list, final},
		{"read after a 404", answer(404, ""), list, final},
		{"read after a 401 with nothing to reauthorize", answer(401, ""), list, final},
		{"idempotent write after a 500", answer(500, ""), update, again},
		{"idempotent write after a lost connection", dropped, update, again},
		{"idempotent write after a cut answer", cut(200), update, again},
		{"write after a 500", answer(500, ""), invite, final},
		{"write after a 503 that says nothing", answer(503, ""), invite, final},
		{"write after a 503 that says when", answer(503, "", "Retry-After", "1"), invite, again},
		{"write after a lost connection", dropped, invite, final},
		{"write after a cut answer", cut(200), invite, final},
		{"write after an unreachable host", unreachable, invite, again},
		{"write after a 429", answer(429, ""), invite, again},
		{"once, after a 429", answer(429, ""), once, final},
		{"once, after a 500", answer(500, ""), once, final},
		{"once, after a 401", answer(401, ""), once, final},
		{"once, after a lost connection", dropped, once, final},
		{"once, after an unreachable host", unreachable, once, again},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				platform := play(tt.first, answer(200, "ok"))
				c := open(t, platform, func(c *Config) {
					if tt.request.Once {
						c.Reauthorize = func(context.Context) error { t.Error("reauthorized"); return nil }
					}
				})
				resp, err := c.Do(t.Context(), tt.request)
				if got := platform.count() == 2; got != tt.want {
					t.Fatalf("%d attempts, want again = %v (%v, %v)", platform.count(), tt.want, resp, err)
				}
				if tt.want && (err != nil || resp.Status != 200 || resp.Attempts != 2) {
					t.Fatalf("after the second attempt: %+v, %v", resp, err)
				}
				for _, s := range platform.seen {
					if s.body != string(tt.request.Body) {
						t.Errorf("an attempt had body %q, want %q", s.body, tt.request.Body)
					}
				}
			})
		})
	}
}

func TestLastAnswerOutlivesTheAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		platform := play(answer(500, "down"))
		resp := mustAnswer(t, open(t, platform), t.Context(), list, 500, DefaultAttempts)
		if string(resp.Body) != "down" || resp.Throttle != 0 {
			t.Errorf("answer = %q, throttle %v", resp.Body, resp.Throttle)
		}
		platform = play(answer(429, "slow down", "Retry-After", "7"))
		resp = mustAnswer(t, open(t, platform, func(c *Config) { c.Attempts = 3 }), t.Context(), invite, 429, 3)
		if resp.Throttle != 7*time.Second || string(resp.Body) != "slow down" {
			t.Errorf("throttle %v, body %q", resp.Throttle, resp.Body)
		}
	})
}

func TestNetworkErrorOutlivesTheAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := mustFail(t, open(t, play(dropped)), t.Context(), list, io.EOF, DefaultAttempts, true)
		for _, part := range []string{"list members", "api.example", "5 attempts", "EOF"} {
			if !strings.Contains(e.Error(), part) {
				t.Errorf("error %q does not say %q", e, part)
			}
		}
		mustFail(t, open(t, play(unreachable)), t.Context(), list, nil, DefaultAttempts, false)
		mustFail(t, open(t, play(dropped)), t.Context(), invite, io.EOF, 1, true)
		e = mustFail(t, open(t, play(cut(200))), t.Context(), invite, ErrTruncated, 1, true)
		if e.Status != 200 {
			t.Errorf("status %d of the cut answer, want 200", e.Status)
		}
		// Earlier attempts count: the first may have changed the role.
		e = mustFail(t, open(t, play(answer(500, ""), unreachable)), t.Context(), update, nil, DefaultAttempts, true)
		if e.Status != 500 {
			t.Errorf("status %d, want the last seen, 500", e.Status)
		}
		mustFail(t, open(t, play(dropped, unreachable)), t.Context(), update, nil, DefaultAttempts, true)
		// A throttle is a refusal before processing, so nothing was done here.
		mustFail(t, open(t, play(answer(429, ""), unreachable)), t.Context(), invite, nil, DefaultAttempts, false)
	})
}

func TestBackoffGrowsWithJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := map[time.Duration]bool{}
		for range 20 {
			platform := play(answer(500, ""))
			c := open(t, platform, func(c *Config) {
				c.Attempts, c.MinBackoff, c.MaxBackoff = 6, time.Second, 5*time.Second
			})
			mustAnswer(t, c, t.Context(), list, 500, 6)
			for i, most := range []time.Duration{1, 2, 4, 5, 5} {
				gap := platform.gaps()[i]
				if gap > most*time.Second {
					t.Errorf("wait %d = %v, want at most %vs", i+1, gap, int(most))
				}
				seen[gap] = true
			}
		}
		if len(seen) < 50 {
			t.Errorf("%d different waits of 100: no jitter", len(seen))
		}
	})
}

func TestThrottleWithoutHintNeverRushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		platform := play(answer(429, ""))
		c := open(t, platform, func(c *Config) {
			c.MinThrottle, c.MaxThrottle = 10*time.Second, 30*time.Second
		})
		resp := mustAnswer(t, c, t.Context(), invite, 429, 5)
		for i, most := range []time.Duration{10, 20, 30, 30} {
			if gap := platform.gaps()[i]; gap > most*time.Second || gap < most*time.Second/2 {
				t.Errorf("wait %d = %v, want half of %vs to all of it", i+1, gap, int(most))
			}
		}
		if resp.Throttle < 15*time.Second {
			t.Errorf("throttle %v, want what a sixth attempt would have waited", resp.Throttle)
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		date := func(req *http.Request) (*http.Response, error) {
			return answer(429, "", "Retry-After", time.Now().Add(90*time.Second).UTC().Format(http.TimeFormat))(req)
		}
		for _, tt := range []struct {
			name    string
			first   step
			inspect func(*Response) Verdict
			want    time.Duration
		}{
			{"seconds", answer(429, "", "Retry-After", "42"), nil, 42 * time.Second},
			{"http date", date, nil, 90 * time.Second},
			{"503", answer(503, "", "Retry-After", "42"), nil, 42 * time.Second},
			{"500 for this call", answer(500, "", "Retry-After", "42"), nil, 42 * time.Second},
			{"beside a verdict without wait", answer(400, "throttled", "Retry-After", "42"), bodyVerdict(0), 42 * time.Second},
			{"the verdict's wait goes first", answer(400, "throttled", "Retry-After", "42"), bodyVerdict(300 * time.Second), 300 * time.Second},
			{"a throttle in a 200", answer(200, "throttled"), bodyVerdict(60 * time.Second), 60 * time.Second},
		} {
			platform := play(tt.first, answer(200, "ok"))
			c := open(t, platform, func(c *Config) { c.Inspect = tt.inspect })
			mustAnswer(t, c, t.Context(), list, 200, 2)
			if got := platform.gaps()[0]; got != tt.want {
				t.Errorf("%s: waited %v, want %v", tt.name, got, tt.want)
			}
		}
	})
}

// bodyVerdict is a platform that throttles inside the body.
func bodyVerdict(wait time.Duration) func(*Response) Verdict {
	return func(r *Response) Verdict {
		if bytes.Contains(r.Body, []byte("throttled")) {
			return Verdict{Kind: Throttled, Wait: wait}
		}
		return ByStatus(r)
	}
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().UTC()
		for _, tt := range []struct {
			value string
			want  time.Duration
			ok    bool
		}{
			{"", 0, false},
			{"soon", 0, false},
			{"-1", 0, false},
			{"NaN", 0, false},
			{"0", 0, true},
			{" 120 ", 2 * time.Minute, true},
			{"1.5", 1500 * time.Millisecond, true},
			{"99999999999999999999", maxRetryAfter, true},
			{"Inf", maxRetryAfter, true},
			{now.Add(time.Minute).Format(http.TimeFormat), time.Minute, true},
			{now.Add(time.Minute).Format(time.RFC850), time.Minute, true},
			{now.Add(-time.Minute).Format(http.TimeFormat), 0, true},
			{now.AddDate(3, 0, 0).Format(http.TimeFormat), maxRetryAfter, true},
		} {
			got, ok := RetryAfter(http.Header{"Retry-After": {tt.value}})
			if got != tt.want || ok != tt.ok {
				t.Errorf("RetryAfter(%q) = %v, %v, want %v, %v", tt.value, got, ok, tt.want, tt.ok)
			}
		}
	})
}

func TestByStatus(t *testing.T) {
	ra := http.Header{"Retry-After": {"3"}}
	for _, tt := range []struct {
		status int
		header http.Header
		want   Verdict
	}{
		{200, nil, Verdict{}},
		{200, ra, Verdict{}},
		{400, nil, Verdict{}},
		{401, nil, Verdict{Kind: Unauthorized}},
		{403, nil, Verdict{}},
		{429, nil, Verdict{Kind: Throttled}},
		{429, ra, Verdict{Kind: Throttled, Wait: 3 * time.Second}},
		{500, nil, Verdict{Kind: Transient}},
		{501, nil, Verdict{}},
		{503, nil, Verdict{Kind: Transient}},
		{503, ra, Verdict{Kind: Throttled, Wait: 3 * time.Second}},
		{504, nil, Verdict{Kind: Transient}},
	} {
		got := ByStatus(&Response{Status: tt.status, Header: tt.header})
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("ByStatus(%d, %v) (-want +got):\n%s", tt.status, tt.header, diff)
		}
	}
}

func TestVerdictKindsHaveNames(t *testing.T) {
	if got, want := fmt.Sprint(Done, Transient, Throttled, Unauthorized, VerdictKind(7)), "done transient throttled unauthorized verdict 7"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestMalformedRequestIsNotSent(t *testing.T) {
	platform := play(answer(200, ""))
	mustFail(t, open(t, platform), t.Context(), Request{Method: "BAD METHOD", Path: "/m"}, nil, 0, false)
	if platform.count() != 0 {
		t.Errorf("%d requests", platform.count())
	}
}

func TestUnknownVerdictIsAnError(t *testing.T) {
	c := open(t, play(answer(200, "")), func(c *Config) {
		c.Inspect = func(*Response) Verdict { return Verdict{Kind: 99} }
	})
	if e := mustFail(t, c, t.Context(), invite, nil, 1, true); !strings.Contains(e.Error(), "verdict 99") {
		t.Errorf("error = %v", e)
	}
}

// A throttle that outlasts the caller's deadline comes back at once, as the
// platform's answer.
func TestThrottleLongerThanTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		platform := play(answer(429, "", "Retry-After", "300"))
		c := open(t, platform)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		resp := mustAnswer(t, c, ctx, invite, 429, 1)
		if resp.Throttle != 300*time.Second || time.Since(start) != 0 {
			t.Errorf("throttle %v after %v, want 5m0s at once", resp.Throttle, time.Since(start))
		}

		// The next call has no answer to give, and sends nothing.
		time.Sleep(10 * time.Second)
		e := mustFail(t, c, ctx, list, ErrThrottled, 0, false)
		if e.Throttle != 290*time.Second || time.Since(start) != 10*time.Second || platform.count() != 1 {
			t.Errorf("held for %v after %v and %d requests, want 4m50s after 10s and 1", e.Throttle, time.Since(start), platform.count())
		}
		if errors.Is(e, context.DeadlineExceeded) {
			t.Error("the deadline has not passed, yet the error says so")
		}
		if !strings.Contains(e.Error(), "throttled for 4m50s") {
			t.Errorf("error %q does not say for how long", e)
		}

		// Without a deadline there is time.
		platform.steps = []step{answer(200, "")}
		mustAnswer(t, c, t.Context(), list, 200, 1)
		if got := time.Since(start); got != 300*time.Second {
			t.Errorf("sent after %v, want 5m0s", got)
		}
	})
}

func TestThrottleLongerThanMaxWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		platform := play(answer(429, "", "Retry-After", "7200"))
		c := open(t, platform)
		start := time.Now()
		if resp := mustAnswer(t, c, t.Context(), list, 429, 1); resp.Throttle != 2*time.Hour {
			t.Errorf("throttle %v, want 2h", resp.Throttle)
		}
		mustFail(t, c, t.Context(), list, ErrThrottled, 0, false)
		if time.Since(start) != 0 || platform.count() != 1 {
			t.Errorf("%v and %d requests, want none of the first and one of the second", time.Since(start), platform.count())
		}
	})
}

// A backoff that the deadline would cut off is not begun either.
func TestBackoffLongerThanTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(c *Config) {
			c.Inspect = func(*Response) Verdict { return Verdict{Kind: Transient, Wait: time.Minute} }
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		mustAnswer(t, open(t, play(answer(500, "")), slow), ctx, list, 500, 1)
		if time.Since(start) != 0 {
			t.Errorf("took %v", time.Since(start))
		}
	})
}

// While this call waits for its next attempt, another lengthens the throttle
// past this one's deadline: the answer it has comes back.
func TestThrottleLengthenedWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		platform := play(answer(429, "", "Retry-After", "20"))
		c := open(t, platform)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		time.AfterFunc(5*time.Second, func() { c.Pause(5 * time.Minute) })
		resp := mustAnswer(t, c, ctx, list, 429, 1)
		if time.Since(start) != 5*time.Second || resp.Throttle != 5*time.Minute {
			t.Errorf("throttle %v after %v, want 5m0s after 5s", resp.Throttle, time.Since(start))
		}
	})
}

func TestCancelEndsEveryWait(t *testing.T) {
	stop := errors.New("interrupted by a person")
	for _, tt := range []struct {
		name     string
		platform *script
		change   func(*Config)
		attempts int
		sent     bool
	}{
		{"in flight", play(silent), nil, 1, true},
		{"in a backoff", play(answer(500, "")), func(c *Config) {
			c.Inspect = func(*Response) Verdict { return Verdict{Kind: Transient, Wait: time.Hour} }
			c.MaxWait = 2 * time.Hour
		}, 1, true},
		{"in a throttle", play(answer(429, "", "Retry-After", "300")), nil, 1, false},
		{"in authorize", play(answer(200, "")), func(c *Config) {
			c.Authorize = func(ctx context.Context, _ *http.Request) error { <-ctx.Done(); return errors.New("no token") }
		}, 0, false},
		{"in reauthorize", play(answer(401, "")), func(c *Config) {
			c.Reauthorize = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		}, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := open(t, tt.platform, func(c *Config) {
					c.RequestTimeout = time.Hour
					if tt.change != nil {
						tt.change(c)
					}
				})
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(3*time.Second, func() { cancel(stop) })
				start := time.Now()
				e := mustFail(t, c, ctx, list, context.Canceled, tt.attempts, tt.sent)
				if !errors.Is(e, stop) {
					t.Errorf("error %v hides the cause", e)
				}
				if time.Since(start) != 3*time.Second {
					t.Errorf("returned after %v, want 3s", time.Since(start))
				}
			})
		})
	}
	t.Run("behind another's reauthorize", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := open(t, play(answer(401, ""), answer(401, ""), answer(200, "")), func(c *Config) {
				c.Reauthorize = func(context.Context) error { time.Sleep(time.Minute); return nil }
			})
			var other sync.WaitGroup
			other.Go(func() { _, _ = c.Do(t.Context(), list) })
			defer other.Wait()
			synctest.Wait()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(3*time.Second, cancel)
			start := time.Now()
			mustFail(t, c, ctx, list, context.Canceled, 1, false)
			if time.Since(start) != 3*time.Second {
				t.Errorf("returned after %v, want 3s", time.Since(start))
			}
		})
	})
	t.Run("in the pace's queue", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := open(t, play(answer(200, "")), func(c *Config) { c.Limit = 0.01 })
			mustAnswer(t, c, t.Context(), list, 200, 1)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(3*time.Second, cancel)
			mustFail(t, c, ctx, list, context.Canceled, 0, false)
		})
	})
	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		platform := play(answer(200, ""))
		mustFail(t, open(t, platform), ctx, list, context.Canceled, 0, false)
		if platform.count() != 0 {
			t.Error("sent after the context ended")
		}
	})
	t.Run("held by a pause", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			platform := play(answer(200, ""))
			c := open(t, platform)
			c.Pause(time.Minute)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(3*time.Second, cancel)
			mustFail(t, c, ctx, list, context.Canceled, 0, false)
		})
	})
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The caller's.
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		mustFail(t, open(t, play(silent)), ctx, list, context.DeadlineExceeded, 1, true)

		// One attempt's: a read goes on, a write may have arrived.
		platform := play(silent, answer(200, ""))
		mustAnswer(t, open(t, platform), t.Context(), list, 200, 2)
		if gap := platform.gaps()[0]; gap < DefaultRequestTimeout || gap > DefaultRequestTimeout+DefaultMinBackoff {
			t.Errorf("second attempt after %v, want %v and a backoff", gap, DefaultRequestTimeout)
		}
		e := mustFail(t, open(t, play(silent)), t.Context(), invite, context.DeadlineExceeded, 1, true)
		if !strings.Contains(e.Error(), "no answer within 1m0s") {
			t.Errorf("error = %v", e)
		}
	})
}

func TestAuthorizeRunsForEachAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		platform := play(answer(500, ""), answer(500, ""), answer(200, ""))
		n := 0
		c := open(t, platform, func(c *Config) {
			c.Authorize = func(_ context.Context, req *http.Request) error {
				n++
				req.Header.Set("Authorization", fmt.Sprintf("Bearer token-%d", n))
				query := req.URL.Query()
				query.Set("appsecret_proof", fmt.Sprint(n))
				req.URL.RawQuery = query.Encode()
				return nil
			}
		})
		mustAnswer(t, c, t.Context(), Request{Path: "/m", Query: map[string][]string{"limit": {"5"}}}, 200, 3)
		for i, s := range platform.seen {
			if got, want := s.Header.Get("Authorization"), fmt.Sprintf("Bearer token-%d", i+1); got != want {
				t.Errorf("attempt %d: %q, want %q", i+1, got, want)
			}
			if got, want := s.URL.RawQuery, fmt.Sprintf("appsecret_proof=%d&limit=5", i+1); got != want {
				t.Errorf("attempt %d: query %q, want %q", i+1, got, want)
			}
		}
		if got := c.redactor.String("expired: token-2."); got != "expired: ***." {
			t.Errorf("a token set by Authorize is not masked: %q", got)
		}
	})
}

func TestAuthorizeFailureIsFinal(t *testing.T) {
	refused := errors.New(`oauth2: "invalid_grant" at https://login.example/token?client_secret=hunter22`)
	platform := play(answer(200, ""))
	c := open(t, platform, func(c *Config) {
		c.Authorize = func(context.Context, *http.Request) error { return refused }
	})
	e := mustFail(t, c, t.Context(), list, ErrAuthorize, 0, false)
	if !errors.Is(e, refused) || platform.count() != 0 {
		t.Errorf("error = %v after %d requests", e, platform.count())
	}
	if strings.Contains(e.Error(), "hunter22") {
		t.Errorf("error shows a query value: %v", e)
	}
}

func TestUnauthorizedIsTriedOnceMore(t *testing.T) {
	for _, tt := range []struct {
		name     string
		platform *script
		status   int
		attempts int
	}{
		{"and then works", play(answer(401, ""), answer(200, "")), 200, 2},
		{"and stays refused", play(answer(401, "")), 401, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			c := open(t, tt.platform, func(c *Config) {
				c.Attempts = 1 // the try after Reauthorize is extra
				c.Reauthorize = func(context.Context) error { calls++; return nil }
			})
			mustAnswer(t, c, t.Context(), invite, tt.status, tt.attempts)
			if calls != 1 {
				t.Errorf("Reauthorize called %d times, want 1", calls)
			}
		})
	}
	t.Run("not when Reauthorize fails", func(t *testing.T) {
		refused := errors.New("invalid_grant")
		platform := play(answer(401, ""))
		c := open(t, platform, func(c *Config) {
			c.Reauthorize = func(context.Context) error { return refused }
		})
		e := mustFail(t, c, t.Context(), invite, ErrAuthorize, 1, false)
		if !errors.Is(e, refused) || e.Status != 401 {
			t.Errorf("error = %v, status %d", e, e.Status)
		}
	})
	t.Run("and takes no attempt from the others", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			platform := play(answer(401, ""), answer(500, ""), answer(500, ""), answer(200, ""))
			c := open(t, platform, func(c *Config) {
				c.Attempts = 3
				c.Reauthorize = func(context.Context) error { return nil }
			})
			mustAnswer(t, c, t.Context(), list, 200, 4)
		})
	})
}

// Ten calls with the same stale token refresh it once.
func TestReauthorizeIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var token, refreshes atomic.Int64
		platform := play(func(req *http.Request) (*http.Response, error) {
			stale := req.Header.Get("Authorization") == "Bearer token-0"
			time.Sleep(time.Second)
			if stale {
				return answer(401, "")(req)
			}
			return answer(200, "")(req)
		})
		c := open(t, platform, func(c *Config) {
			c.Authorize = func(_ context.Context, req *http.Request) error {
				req.Header.Set("Authorization", fmt.Sprintf("Bearer token-%d", token.Load()))
				return nil
			}
			c.Reauthorize = func(context.Context) error {
				time.Sleep(time.Second)
				refreshes.Add(1)
				token.Add(1)
				return nil
			}
		})
		var calls sync.WaitGroup
		for range 10 {
			calls.Go(func() {
				if resp, err := c.Do(t.Context(), list); err != nil || resp.Status != 200 {
					t.Errorf("%+v, %v", resp, err)
				}
			})
		}
		calls.Wait()
		if refreshes.Load() != 1 {
			t.Errorf("%d refreshes, want 1", refreshes.Load())
		}
	})
}
