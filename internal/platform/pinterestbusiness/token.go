package pinterestbusiness

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// The scopes roster needs. Removing somebody takes both of biz_access.
var scopes = []string{"biz_access:read", "biz_access:write", "user_accounts:read"}

const requiredScopes = "biz_access:read, biz_access:write and user_accounts:read"

// grant asks for access tokens with a refresh token. Pinterest's are good for
// 60 days and replaced with each use: the new one serves the next time in this
// process, and is lost with it. transport.Tokens never asks twice at once.
type grant struct {
	config   oauth2.Config
	http     *http.Client
	redactor *transport.Redactor
	logger   *slog.Logger

	mu      sync.Mutex
	refresh hub.Secret
	spent   bool   // the configured refresh token was replaced
	scope   string // as the last answer wrote it, "" when it did not
}

func newGrant(cred credential, base, userAgent string, redactor *transport.Redactor, logger *slog.Logger) *grant {
	return &grant{
		config: oauth2.Config{
			ClientID:     cred.clientID,
			ClientSecret: cred.clientSecret.Reveal(),
			Endpoint:     oauth2.Endpoint{TokenURL: strings.TrimRight(base, "/") + "/v5/oauth/token", AuthStyle: oauth2.AuthStyleInHeader},
		},
		http:     transport.NewTokenClient(userAgent, nil),
		redactor: redactor,
		logger:   logger,
		refresh:  cred.refreshToken,
	}
}

// fetch gets an access token. No scope goes along: Pinterest then grants those
// of the refresh token, and which ones these are its answer says.
//
// API: Pinterest, "Generate OAuth access token", https://developers.pinterest.com/docs/api/v5/oauth-token
func (g *grant) fetch(ctx context.Context) (*oauth2.Token, error) {
	g.mu.Lock()
	refresh := g.refresh
	g.mu.Unlock()
	token, err := g.config.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, g.http),
		&oauth2.Token{RefreshToken: refresh.Reveal()}).Token()
	if err != nil {
		return nil, g.refused(err)
	}

	g.mu.Lock()
	g.scope, _ = token.Extra("scope").(string)
	replaced := hub.Secret(token.RefreshToken) != refresh
	first := replaced && !g.spent
	if replaced {
		g.redactor.Add(token.RefreshToken)
		g.refresh, g.spent = hub.Secret(token.RefreshToken), true
	}
	g.mu.Unlock()
	if first {
		g.logger.WarnContext(ctx, refreshTokenSpent, "platform", Name, "setting", settingRefreshToken)
	}
	return token, nil
}

// refused keeps of the token endpoint's refusal what helps and no credential.
func (g *grant) refused(err error) error {
	g.mu.Lock()
	spent := g.spent
	g.mu.Unlock()
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return &tokenError{cause: err, spent: spent}
	}
	e := &tokenError{status: refused.Response.StatusCode, spent: spent}
	resp := transport.Response{Header: refused.Response.Header}
	e.requestID = resp.RequestID()
	e.wait = toldWait(refused.Response.Header)
	if body := errorIn(refused.Body); body != nil {
		e.code, e.message = *body.Code, g.redactor.String(body.Message)
	} else {
		e.message = answer.Excerpt(g.redactor, refused.Body)
	}
	return e
}

// refreshTokenSpent is for the log, and for the connection check, because few
// people read a provider's log.
const refreshTokenSpent = "Pinterest replaced the refresh token: the configured one is spent, and the new one is known to this run alone. " +
	"Before the next run authorise the app anew, or let a job of your own keep the refresh token and give roster access_token."

// replaced says that the configured refresh token is spent.
func (g *grant) replaced() bool {
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.spent
}

// missingScopes are those that the present access token lacks, as far as
// Pinterest has told. Spaces and commas both separate them (unconfirmed).
func (g *grant) missingScopes() []string {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	granted := strings.FieldsFunc(g.scope, func(r rune) bool { return r == ' ' || r == ',' })
	if len(granted) == 0 {
		return nil
	}
	have := map[string]bool{}
	for _, s := range granted {
		have[s] = true
	}
	var missing []string
	for _, s := range scopes {
		if !have[s] {
			missing = append(missing, s)
		}
	}
	return missing
}

// tokens are the access tokens of a credential: one for good, or fresh ones.
func (g *grant) tokens(cred credential, redactor *transport.Redactor, now func() time.Time) *transport.Tokens {
	config := transport.TokensConfig{Fetch: g.fetch, Redactor: redactor, Now: now}
	if cred.accessToken != "" {
		config.Initial = &oauth2.Token{AccessToken: cred.accessToken.Reveal()}
	}
	return transport.NewTokens(config)
}
