package transport

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// DefaultTokenMargin is what a zero [TokensConfig].Margin means.
const DefaultTokenMargin = time.Minute

// TokensConfig describes where a credential's access tokens come from. Only
// Fetch has no default.
type TokensConfig struct {
	// Fetch asks the token endpoint for a new access token, best through
	// [NewTokenClient]. There is never more than one Fetch under way, so it
	// may rotate the refresh token it holds without a lock of its own.
	//
	// Its context ends after Timeout and not with the caller who happened to
	// need the token first: others wait for the same answer, and a rotated
	// refresh token whose answer nobody read is lost.
	Fetch func(ctx context.Context) (*oauth2.Token, error)

	// Initial is a token to begin with, nil for none: the access token a
	// person configured beside the refresh token.
	Initial *oauth2.Token

	// Margin is how long before its expiry a token is replaced, so that none
	// runs out on its way. A token of a short life keeps half of it.
	Margin time.Duration

	// Timeout bounds one Fetch; zero is [DefaultRequestTimeout].
	Timeout time.Duration

	// Redactor learns every token as it comes. Nil masks nothing.
	Redactor *Redactor

	// Now is the time, nil is time.Now. It may be another clock than the one
	// Expiry was reckoned by: what counts is the life a token has left when it
	// arrives.
	Now func() time.Time
}

// Tokens keeps one credential's access token, fresh. Its methods are what
// [Config].Authorize and [Config].Reauthorize want. Safe for concurrent use.
//
// It is not oauth2.ReuseTokenSource, because that one has no way to drop a
// token the platform refused early, holds every caller for as long as the
// slowest token request and takes no context.
type Tokens struct {
	config TokensConfig // defaults filled in

	mu        sync.Mutex
	current   *oauth2.Token // nil: there is none, or it was refused
	refreshAt time.Time     // zero: never
	expiresAt time.Time     // zero: never
	flight    *fetching     // nil: no Fetch is under way
}

// fetching is one Fetch and who waits for it.
type fetching struct {
	done  chan struct{} // closed when token and err are set
	token *oauth2.Token
	err   error
}

// NewTokens makes no request.
func NewTokens(config TokensConfig) *Tokens {
	config.Margin = orDefault(config.Margin, DefaultTokenMargin)
	config.Timeout = orDefault(config.Timeout, DefaultRequestTimeout)
	if config.Now == nil {
		config.Now = time.Now
	}
	t := &Tokens{config: config}
	if config.Initial != nil && config.Initial.AccessToken != "" {
		t.keep(config.Initial)
	}
	return t
}

// Authorize puts the present token into the Authorization header, fetching one
// where there is none or it is about to expire.
func (t *Tokens) Authorize(ctx context.Context, req *http.Request) error {
	token, err := t.Token(ctx)
	if err != nil {
		return err
	}
	token.SetAuthHeader(req)
	return nil
}

// Reauthorize drops the present token: the next call fetches another. It makes
// no request.
func (t *Tokens) Reauthorize(context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current = nil
	return nil
}

// Token is the present access token, for a platform that wants it elsewhere
// than in Authorization. Callers that need a new one at the same time share one
// Fetch and its error; each leaves when its own ctx ends.
func (t *Tokens) Token(ctx context.Context) (*oauth2.Token, error) {
	if ctx.Err() != nil {
		return nil, contextError(ctx)
	}
	t.mu.Lock()
	if t.current != nil && (t.refreshAt.IsZero() || t.config.Now().Before(t.refreshAt)) {
		defer t.mu.Unlock()
		return t.current, nil
	}
	f := t.flight
	if f == nil {
		f = &fetching{done: make(chan struct{})}
		t.flight = f
		go t.fetch(context.WithoutCancel(ctx), f)
	}
	t.mu.Unlock()

	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		return nil, contextError(ctx)
	}
}

func (t *Tokens) fetch(ctx context.Context, f *fetching) {
	ctx, cancel := context.WithTimeout(ctx, t.config.Timeout)
	defer cancel()
	token, err := t.config.Fetch(ctx)
	if err == nil && (token == nil || token.AccessToken == "") {
		err = errors.New("the token endpoint answered without an access token")
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	defer close(f.done)
	t.flight = nil
	switch {
	case err == nil:
		t.keep(token)
		f.token = token
	case t.current != nil && t.config.Now().Before(t.expiresAt):
		// Only its margin has begun. The token still works, so a token
		// endpoint that stumbles now is no reason to fail anybody.
		f.token = t.current
	default:
		f.err = err
	}
}

// keep makes token the present one.
func (t *Tokens) keep(token *oauth2.Token) {
	t.config.Redactor.Add(token.AccessToken)
	t.config.Redactor.Add(token.RefreshToken)
	t.current, t.refreshAt, t.expiresAt = token, time.Time{}, time.Time{}
	if token.Expiry.IsZero() {
		return
	}
	life := max(time.Until(token.Expiry), 0)
	t.expiresAt = t.config.Now().Add(life)
	t.refreshAt = t.expiresAt.Add(-min(t.config.Margin, life/2))
}
