package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"
)

// mint is a token endpoint in memory: tokens "token-1", "token-2" and so on,
// each good for life (0: for ever). It fails the test when it is asked twice at
// once.
type mint struct {
	t     *testing.T
	life  time.Duration
	takes time.Duration
	fail  error

	mu    sync.Mutex
	busy  bool
	calls int
}

func (m *mint) fetch(ctx context.Context) (*oauth2.Token, error) {
	m.mu.Lock()
	if m.busy {
		m.t.Error("two fetches at once")
	}
	m.busy = true
	m.calls++
	n, fail := m.calls, m.fail
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		m.busy = false
		m.mu.Unlock()
	}()
	select {
	case <-time.After(m.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if fail != nil {
		return nil, fail
	}
	token := &oauth2.Token{AccessToken: fmt.Sprintf("token-%d", n)}
	if m.life > 0 {
		token.Expiry = time.Now().Add(m.life)
	}
	return token, nil
}

func (m *mint) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}

// want authorizes a request and looks at its header.
func (m *mint) want(tokens *Tokens, token string) {
	m.t.Helper()
	req, _ := http.NewRequestWithContext(m.t.Context(), http.MethodGet, "https://platform.example/", nil)
	if err := tokens.Authorize(m.t.Context(), req); err != nil {
		m.t.Fatalf("authorize: %v", err)
	}
	if got := req.Header.Get("Authorization"); got != "Bearer "+token {
		m.t.Errorf("Authorization = %q, want token %q", got, token)
	}
}

func TestTokensAreKeptUntilTheirMargin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{t: t, life: time.Hour}
		tokens := NewTokens(TokensConfig{Fetch: m.fetch})
		m.want(tokens, "token-1")
		time.Sleep(time.Hour - DefaultTokenMargin - time.Second)
		m.want(tokens, "token-1")
		time.Sleep(time.Second)
		m.want(tokens, "token-2")
		if m.count() != 2 {
			t.Errorf("%d fetches, want 2", m.count())
		}
	})
}

func TestTokensWithoutExpiryAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{t: t}
		tokens := NewTokens(TokensConfig{Fetch: m.fetch})
		m.want(tokens, "token-1")
		time.Sleep(1000 * time.Hour)
		m.want(tokens, "token-1")
	})
}

// A life below the margin must not mean a fetch for every request.
func TestTokensOfAShortLifeKeepHalfOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{t: t, life: 30 * time.Second}
		tokens := NewTokens(TokensConfig{Fetch: m.fetch})
		m.want(tokens, "token-1")
		time.Sleep(14 * time.Second)
		m.want(tokens, "token-1")
		time.Sleep(time.Second)
		m.want(tokens, "token-2")
	})
}

// The library dates an expiry by the wall clock; a test's simulator lives by
// another.
func TestTokensCountLifeOnTheirOwnClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{t: t, life: time.Hour}
		ahead := 24 * time.Hour
		tokens := NewTokens(TokensConfig{Fetch: m.fetch, Now: func() time.Time { return time.Now().Add(ahead) }})
		m.want(tokens, "token-1")
		m.want(tokens, "token-1")
		ahead += time.Hour
		m.want(tokens, "token-2")
		m.want(tokens, "token-2")
	})
}

func TestReauthorizeDropsTheToken(t *testing.T) {
	m := &mint{t: t, life: time.Hour}
	tokens := NewTokens(TokensConfig{Fetch: m.fetch, Initial: &oauth2.Token{AccessToken: "given"}})
	m.want(tokens, "given")
	if m.count() != 0 {
		t.Fatal("an initial token was not used")
	}
	if err := tokens.Reauthorize(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.want(tokens, "token-1")
}

func TestTokensAreFetchedOnceForAllWhoWait(t *testing.T) {
	for _, fail := range []error{nil, errors.New("invalid_grant")} {
		synctest.Test(t, func(t *testing.T) {
			m := &mint{t: t, takes: time.Second, fail: fail}
			tokens := NewTokens(TokensConfig{Fetch: m.fetch})
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					if _, err := tokens.Token(t.Context()); !errors.Is(err, fail) {
						t.Errorf("error %v, want %v", err, fail)
					}
				})
			}
			wg.Wait()
			if m.count() != 1 {
				t.Errorf("%d fetches for 20 callers", m.count())
			}
		})
	}
}

// Whoever needs the token first may leave; the others still get it, and the
// answer is not lost.
func TestTokensOutliveTheCallerWhoAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{t: t, takes: 10 * time.Second}
		tokens := NewTokens(TokensConfig{Fetch: m.fetch})
		reason := errors.New("ctrl-c")
		ctx, cancel := context.WithCancelCause(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := tokens.Token(ctx)
			left <- err
		}()
		time.Sleep(time.Second)
		start := time.Now()
		cancel(reason)
		if err := <-left; !errors.Is(err, context.Canceled) || !errors.Is(err, reason) {
			t.Errorf("the caller who left got %v", err)
		}
		if time.Since(start) > 0 {
			t.Errorf("leaving took %v", time.Since(start))
		}
		m.want(tokens, "token-1")
		if m.count() != 1 {
			t.Errorf("%d fetches, want 1", m.count())
		}
	})
}

func TestTokensBoundTheFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{t: t, takes: time.Hour}
		tokens := NewTokens(TokensConfig{Fetch: m.fetch, Timeout: 5 * time.Second})
		start := time.Now()
		_, err := tokens.Token(t.Context())
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestTokenEndpointDownInTheMargin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{t: t, life: time.Hour}
		tokens := NewTokens(TokensConfig{Fetch: m.fetch})
		m.want(tokens, "token-1")
		m.fail = errors.New("down")
		time.Sleep(time.Hour - 30*time.Second)
		m.want(tokens, "token-1")
		time.Sleep(30 * time.Second)
		if _, err := tokens.Token(t.Context()); !errors.Is(err, m.fail) {
			t.Errorf("an expired token was used on: %v", err)
		}
	})
}

func TestTokensRefuseAnEmptyOne(t *testing.T) {
	for name, token := range map[string]*oauth2.Token{"nil": nil, "empty": {}} {
		tokens := NewTokens(TokensConfig{Fetch: func(context.Context) (*oauth2.Token, error) { return token, nil }})
		if _, err := tokens.Token(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestTokensTeachTheRedactor(t *testing.T) {
	redactor := NewRedactor()
	n := 0
	tokens := NewTokens(TokensConfig{Redactor: redactor, Fetch: func(context.Context) (*oauth2.Token, error) {
		n++
		return &oauth2.Token{AccessToken: fmt.Sprint("access-", n), RefreshToken: fmt.Sprint("rotated-", n)}, nil
	}})
	for range 2 {
		if _, err := tokens.Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		_ = tokens.Reauthorize(t.Context())
	}
	if got := redactor.String("access-1 rotated-1 access-2 rotated-2"); strings.ContainsAny(got, "12") {
		t.Errorf("left to see: %s", got)
	}
}

// The whole of it: a client meets a token that ran out early, and ten calls at
// once cost one new token.
func TestTokensWithAClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{t: t, life: time.Hour}
		tokens := NewTokens(TokensConfig{Fetch: m.fetch})
		platform := play(func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			if req.Header.Get("Authorization") == "Bearer token-1" {
				return answer(401, "")(req)
			}
			return answer(200, "{}")(req)
		})
		client, err := New(Config{
			BaseURL: "https://platform.example", UserAgent: testAgent, RoundTripper: platform,
			Authorize: tokens.Authorize, Reauthorize: tokens.Reauthorize,
		})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				resp, err := client.Do(t.Context(), Request{Path: "/people"})
				if err != nil || resp.Status != 200 {
					t.Errorf("%v, %v", resp, err)
				}
			})
		}
		wg.Wait()
		if m.count() != 2 || platform.count() != 20 {
			t.Errorf("%d tokens and %d requests, want 2 and 20", m.count(), platform.count())
		}
	})
}
