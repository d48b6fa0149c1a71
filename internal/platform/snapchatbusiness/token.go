package snapchatbusiness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// grant asks for access tokens with a refresh token, which Snap says neither
// expires nor is replaced. Should an answer hold another one all the same, that
// one serves from then on. transport.Tokens never asks twice at once, so no lock
// is needed.
type grant struct {
	config   oauth2.Config
	http     *http.Client
	redactor *transport.Redactor
	logger   *slog.Logger
	now      func() time.Time

	refresh hub.Secret
	told    bool // that it was replaced
}

func newGrant(cfg clientConfig, redactor *transport.Redactor) *grant {
	return &grant{
		config: oauth2.Config{
			ClientID:     cfg.credential.clientID,
			ClientSecret: cfg.credential.clientSecret.Reveal(),
			Endpoint:     oauth2.Endpoint{TokenURL: cfg.tokenURL, AuthStyle: oauth2.AuthStyleInParams},
		},
		http:     transport.NewTokenClient(cfg.userAgent, nil),
		redactor: redactor,
		logger:   cfg.logger,
		now:      cfg.now,
		refresh:  cfg.credential.refreshToken,
	}
}

// fetch gets an access token. Its errors are a *tokenError.
//
// API: Snap, "Authentication", https://developers.snap.com/api/marketing-api/Ads-API/authentication
func (g *grant) fetch(ctx context.Context) (*oauth2.Token, error) {
	token, err := g.config.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, g.http),
		&oauth2.Token{RefreshToken: g.refresh.Reveal()}).Token()
	if err != nil {
		return nil, g.refused(err)
	}
	// The library hands the old one back where the answer holds none.
	if next := hub.Secret(token.RefreshToken); next != g.refresh {
		g.refresh = next // and transport.Tokens masks it
		if !g.told {
			g.told = true
			g.logger.WarnContext(ctx, "Snapchat replaced the refresh token, which it is not known to do. This run uses the new one and cannot store it: should the next run be refused, authorise the app anew.",
				"platform", Name, "setting", settingRefreshToken)
		}
	}
	return token, nil
}

// tokens are the access tokens of the credential. A configured one does not say
// when it ends, so it serves until it is refused.
func (g *grant) tokens(initial hub.Secret) *transport.Tokens {
	config := transport.TokensConfig{Fetch: g.fetch, Redactor: g.redactor, Now: g.now}
	if initial != "" {
		config.Initial = &oauth2.Token{AccessToken: initial.Reveal()}
	}
	return transport.NewTokens(config)
}

// tokenError is a token that could not be had. Of a refusal it keeps what helps
// and no credential.
type tokenError struct {
	status    int    // 0: no answer
	code      string // "invalid_grant"; "" when the answer is not OAuth's
	message   string
	requestID string
	wait      time.Duration
}

func (g *grant) refused(err error) *tokenError {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.Response == nil {
		return &tokenError{message: g.redactor.String(err.Error())}
	}
	resp := transport.Response{Status: refused.Response.StatusCode, Header: refused.Response.Header}
	e := &tokenError{status: resp.Status, code: refused.ErrorCode, message: refused.ErrorDescription, requestID: resp.RequestID()}
	if e.status == http.StatusTooManyRequests {
		e.wait = toldWait(resp.Header, g.now())
	}
	if e.code == "" {
		// The library reads an OAuth error where the content type is right.
		var body struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		if json.Unmarshal(refused.Body, &body) == nil && body.Error != "" {
			e.code, e.message = body.Error, body.Description
		} else {
			e.message = answer.Excerpt(g.redactor, refused.Body)
		}
	}
	e.code, e.message = g.redactor.String(e.code), g.redactor.String(e.message)
	return e
}

func (e *tokenError) Error() string {
	switch {
	case e.status == 0:
		return "the token endpoint gave no answer: " + e.message
	case e.code == "":
		return fmt.Sprintf("the token endpoint answered HTTP %d: %s", e.status, e.message)
	default:
		return fmt.Sprintf("the token endpoint answered HTTP %d, %s: %s", e.status, e.code, e.message)
	}
}

// fault sorts what the token endpoint said.
//
// API: RFC 6749, section 5.2, which Snap's answers follow.
func (e *tokenError) fault() hub.Fault {
	f := hub.Fault{Reason: hub.ReasonUnauthenticated, Code: e.code, Message: e.message, RequestID: e.requestID, Wait: e.wait}
	if e.code == "" && e.status != 0 {
		f.Code = fmt.Sprintf("HTTP %d", e.status)
	}
	switch {
	case e.status == 0:
		f.Reason, f.Detail = hub.ReasonUnavailable, "Snapchat's token endpoint could not be reached or did not answer as one. Check token_url and the network."
	case e.status >= http.StatusInternalServerError:
		f.Reason, f.Detail = hub.ReasonUnavailable, "Snapchat's token endpoint is out of order. Apply again later."
	case e.status == http.StatusTooManyRequests:
		f.Reason, f.Detail = hub.ReasonRateLimited, "Snapchat's token endpoint limits the calls of this app. Apply again later."
	case e.code == "invalid_grant":
		f.Detail = "Snapchat does not accept the refresh token: it was revoked, or belongs to another app than client_id. Have an Organization Admin authorise the app anew and set refresh_token to what comes back."
	case e.code == "invalid_client", e.code == "unauthorized_client":
		f.Detail = "Snapchat does not know the OAuth app, or its secret is wrong. Set client_id and client_secret to those of the app that made the refresh token (Business Manager, Business Details); a lost secret has to be made anew."
	case e.code == "invalid_scope":
		f.Detail = "The refresh token does not carry the scope snapchat-marketing-api. Authorise the app anew with it."
	case e.code == "":
		f.Reason, f.Detail = hub.ReasonUnknown, "The token endpoint's answer is not OAuth's. Check token_url; a proxy can be the cause."
	default:
		f.Detail = "Snapchat's token endpoint refuses the credential. Authorise the app anew."
	}
	return f
}
