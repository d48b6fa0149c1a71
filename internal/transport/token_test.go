package transport

import (
	"io"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"
)

func TestTokenClient(t *testing.T) {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"hunter22"}}
	for _, tt := range []struct {
		name   string
		steps  []step
		status int
		sent   int
		most   time.Duration
	}{
		{"at once", []step{answer(200, "{}")}, 200, 1, 0},
		{"after a stumble", []step{answer(503, ""), dropped, answer(200, "{}")}, 200, 3, 10 * time.Second},
		{"refused is refused", []step{answer(400, `{"error":"invalid_grant"}`)}, 400, 1, 0},
		{"down", []step{answer(503, "")}, 503, 3, 10 * time.Second},
		{"no redirect", []step{answer(307, "", "Location", "https://elsewhere.example/")}, 307, 1, 0},
		{"a long Retry-After does not hang", []step{answer(429, "", "Retry-After", "3600"), answer(200, "{}")}, 200, 2, tokenTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				platform := play(tt.steps...)
				start := time.Now()
				resp, err := NewTokenClient(testAgent, platform).PostForm("https://login.example/token", form)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode != tt.status || platform.count() != tt.sent || time.Since(start) > tt.most {
					t.Errorf("status %d after %d requests and %v", resp.StatusCode, platform.count(), time.Since(start))
				}
				for _, s := range platform.seen {
					if s.body != form.Encode() || s.Header.Get("User-Agent") != testAgent || s.Method != http.MethodPost {
						t.Errorf("sent %s %q as %q", s.Method, s.body, s.Header.Get("User-Agent"))
					}
				}
			})
		})
	}
}
