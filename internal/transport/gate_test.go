package transport

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// One throttled call holds all: those waiting to be sent and those that come.
func TestThrottleHoldsAllCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		platform := play(answer(429, "", "Retry-After", "30"), answer(200, ""))
		c := open(t, platform)
		start := time.Now()
		var calls sync.WaitGroup
		for i := range 10 {
			calls.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				if resp, err := c.Do(t.Context(), list); err != nil || resp.Status != 200 {
					t.Errorf("%+v, %v", resp, err)
				}
			})
		}
		calls.Wait()
		if platform.count() != 11 {
			t.Errorf("%d requests, want 11", platform.count())
		}
		for _, s := range platform.seen[1:] {
			if got := s.at.Sub(start); got != 30*time.Second {
				t.Errorf("a request went out after %v, want 30s", got)
			}
		}
	})
}

// The call that gives up on a throttle holds the others all the same.
func TestGivingUpStillHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		platform := play(answer(429, "", "Retry-After", "30"), answer(200, ""))
		c := open(t, platform, func(c *Config) { c.Attempts = 1 })
		mustAnswer(t, c, t.Context(), list, 429, 1)
		mustAnswer(t, c, t.Context(), list, 200, 1)
		if gap := platform.gaps()[0]; gap != 30*time.Second {
			t.Errorf("second call after %v, want 30s", gap)
		}
	})
}

func TestTransientHoldsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		platform := play(answer(500, "", "Retry-After", "30"), answer(200, ""))
		c := open(t, platform)
		start := time.Now()
		time.AfterFunc(time.Second, func() { _, _ = c.Do(context.Background(), list) })
		mustAnswer(t, c, t.Context(), list, 200, 2)
		if got := platform.seen[1].at.Sub(start); got != time.Second {
			t.Errorf("the other call went out after %v, want 1s", got)
		}
	})
}

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		platform := play(answer(200, ""))
		c := open(t, platform)
		start := time.Now()
		c.Pause(10 * time.Second)
		c.Pause(4 * time.Second) // never shortens
		c.Pause(0)
		c.Pause(-time.Second)
		time.AfterFunc(5*time.Second, func() { c.Pause(20 * time.Second) })
		mustAnswer(t, c, t.Context(), list, 200, 1)
		if got := time.Since(start); got != 25*time.Second {
			t.Errorf("sent after %v, want 25s", got)
		}
	})
}

// A usage header near its limit slows what follows, not the answer itself.
func TestDoneWithWaitSlowsTheNextCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		platform := play(answer(200, "", "X-App-Usage", `{"call_count":85}`), answer(200, ""))
		c := open(t, platform, func(c *Config) {
			c.Inspect = func(r *Response) Verdict {
				if r.Header.Get("X-App-Usage") != "" {
					return Verdict{Wait: 15 * time.Second}
				}
				return Verdict{}
			}
		})
		start := time.Now()
		resp := mustAnswer(t, c, t.Context(), list, 200, 1)
		if time.Since(start) != 0 || resp.Throttle != 0 {
			t.Errorf("answer after %v, throttle %v", time.Since(start), resp.Throttle)
		}
		mustAnswer(t, c, t.Context(), list, 200, 1)
		if time.Since(start) != 15*time.Second {
			t.Errorf("next call after %v, want 15s", time.Since(start))
		}
	})
}

func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		platform := play(answer(200, ""))
		c := open(t, platform, func(c *Config) { c.Limit, c.Burst = 2, 3 })
		start := time.Now()
		for range 7 {
			mustAnswer(t, c, t.Context(), list, 200, 1)
		}
		if got := time.Since(start); got != 2*time.Second {
			t.Errorf("7 calls at 2 a second after a burst of 3 took %v, want 2s", got)
		}

		// No time in the queue before the deadline: refused at once.
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start = time.Now()
		mustFail(t, c, ctx, list, context.DeadlineExceeded, 0, false)
		if time.Since(start) != 0 {
			t.Errorf("refused after %v, want at once", time.Since(start))
		}
	})
}

// A call that stands in the pace's queue when the gate closes waits for both,
// and a retry with no time left for the pace brings the answer it has.
func TestPaceAndGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		platform := play(answer(200, ""))
		c := open(t, platform, func(c *Config) { c.Limit = 0.1 })
		mustAnswer(t, c, t.Context(), list, 200, 1)
		time.AfterFunc(5*time.Second, func() { c.Pause(time.Minute) })
		start := time.Now()
		mustAnswer(t, c, t.Context(), list, 200, 1)
		if got := time.Since(start); got < 65*time.Second {
			t.Errorf("sent after %v, while the gate was closed until 1m5s", got)
		}

		c = open(t, play(answer(500, "down")), func(c *Config) { c.Limit = 0.1 })
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		mustAnswer(t, c, ctx, list, http.StatusInternalServerError, 1)
	})
}
