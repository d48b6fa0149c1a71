package hubsim

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	googleRefreshGrant = "refresh_token"
	googleJWTGrant     = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	// googleAudience is the real token endpoint. An assertion may name it or the
	// simulator's own.
	googleAudience = "https://oauth2.googleapis.com/token"
	// googleLeeway is how far the signer's clock may be off.
	googleLeeway = 5 * time.Minute
)

// googleTokenParams are the form's names. Others are refused: a secret under a
// wrong name would travel for nothing.
var googleTokenParams = []string{"grant_type", "client_id", "client_secret", "refresh_token", "assertion", "scope"}

// oauthError is a refusal by the token endpoint.
// API: RFC 6749, section 5.2
type oauthError struct {
	status            int
	code, description string
}

func oauthErr(code, description string) *oauthError {
	e := &oauthError{http.StatusBadRequest, code, description}
	if code == "invalid_client" || code == "unauthorized_client" {
		e.status = http.StatusUnauthorized
	}
	return e
}

// describeToken labels a call of the token endpoint by whose secret it names.
func (g *googleSim) describeToken(c *call) {
	c.operation, c.reads, c.tokenIn = OpRefreshToken, true, "form"
	claims, _ := googleClaims(c.form.Get("assertion"))
	for _, cred := range g.credentials {
		byRefresh := cred.RefreshToken != "" && cred.RefreshToken == c.form.Get("refresh_token")
		byKey := cred.ClientEmail != "" && cred.ClientEmail == claims.Issuer
		if byRefresh || byKey {
			c.credential = cred.Name
		}
	}
}

// serveToken exchanges a refresh token or an assertion for an access token.
// API: Google Identity, "Using OAuth 2.0 to access Google APIs",
// https://developers.google.com/identity/protocols/oauth2
func (g *googleSim) serveToken(w http.ResponseWriter, c *call) {
	w.Header().Set("Cache-Control", "no-store")
	token, refused := g.grant(c)
	if refused != nil {
		sendGoogle(w, refused.status, googleFields{"error": refused.code, "error_description": refused.description})
		return
	}
	lifetime := g.tokenLifetime(token)
	token.expiresAt = g.clock.Now().Add(lifetime)
	g.lastToken++
	text := fmt.Sprintf("ya29.sim-%s-%06d", token.cred.Name, g.lastToken)
	g.tokens[text] = token
	sendGoogle(w, http.StatusOK, googleFields{
		"access_token": text, "token_type": "Bearer", "scope": token.cred.Scope,
		// A second less than it lives, as Google answers; never 0, which
		// clients read as "for ever".
		"expires_in": max(1, int(lifetime/time.Second)-1),
	})
}

// tokenLifetime is the shortest any of the identity's customers is set to.
func (g *googleSim) tokenLifetime(token *googleToken) time.Duration {
	lifetime := time.Duration(defaultGoogleSettings().TokenLifetime)
	for _, h := range g.related(token.cred, token.email) {
		lifetime = min(lifetime, time.Duration(h.settings.TokenLifetime))
	}
	return lifetime
}

func (g *googleSim) grant(c *call) (*googleToken, *oauthError) {
	switch {
	case c.request.Method != http.MethodPost:
		return nil, &oauthError{http.StatusMethodNotAllowed, "invalid_request", "Only POST is allowed."}
	case c.form == nil || c.badBody != nil || c.mediaType != "application/x-www-form-urlencoded":
		return nil, oauthErr("invalid_request", "The body must be application/x-www-form-urlencoded.")
	case len(c.request.URL.Query()) > 0:
		return nil, oauthErr("invalid_request", "Parameters belong in the body.")
	}
	for name, values := range c.form {
		if !slices.Contains(googleTokenParams, name) || len(values) != 1 {
			return nil, oauthErr("invalid_request", "Parameter not allowed for this message type: "+name)
		}
	}
	switch grant := c.form.Get("grant_type"); grant {
	case googleRefreshGrant:
		return g.refreshGrant(c)
	case googleJWTGrant:
		return g.jwtGrant(c)
	case "":
		return nil, oauthErr("invalid_request", "Required parameter is missing: grant_type")
	default:
		return nil, oauthErr("unsupported_grant_type", "Invalid grant_type: "+grant)
	}
}

func (g *googleSim) refreshGrant(c *call) (*googleToken, *oauthError) {
	for _, name := range []string{"client_id", "client_secret", "refresh_token"} {
		if c.form.Get(name) == "" {
			return nil, oauthErr("invalid_request", "Missing required parameter: "+name)
		}
	}
	var client, holder *googleCredential
	for _, cred := range g.credentials {
		if cred.ClientID == c.form.Get("client_id") {
			client = cred
			if cred.RefreshToken == c.form.Get("refresh_token") {
				holder = cred
			}
		}
	}
	switch {
	case client == nil:
		return nil, oauthErr("invalid_client", "The OAuth client was not found.")
	case subtle.ConstantTimeCompare([]byte(client.ClientSecret), []byte(c.form.Get("client_secret"))) == 0:
		return nil, oauthErr("invalid_client", "The provided client secret is invalid.")
	case holder == nil:
		return nil, oauthErr("invalid_grant", "Bad Request")
	}
	return g.granted(holder, holder.Email)
}

// granted refuses what Google no longer stands by.
func (g *googleSim) granted(cred *googleCredential, email string) (*googleToken, *oauthError) {
	for _, h := range g.related(cred, email) {
		switch s := h.settings; {
		case s.TokenExpired, s.AccessRevoked:
			return nil, oauthErr("invalid_grant", "Token has been expired or revoked.")
		case s.TokenInvalid:
			return nil, oauthErr("invalid_client", "The OAuth client was deleted.")
		}
	}
	return &googleToken{cred: cred, email: email}, nil
}

type googleAssertion struct {
	Issuer   string `json:"iss"`
	Scope    string `json:"scope"`
	Audience string `json:"aud"`
	Subject  string `json:"sub"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`

	header struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
	}
	signed    string
	signature []byte
}

// googleClaims takes an assertion apart without judging it.
// API: RFC 7519, with the compact form of RFC 7515
func googleClaims(assertion string) (googleAssertion, bool) {
	var a googleAssertion
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return a, false
	}
	a.signed = parts[0] + "." + parts[1]
	var raw [3][]byte
	for i, part := range parts {
		var err error
		if raw[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return a, false
		}
	}
	a.signature = raw[2]
	return a, json.Unmarshal(raw[0], &a.header) == nil && json.Unmarshal(raw[1], &a) == nil
}

// jwtGrant checks a service account's assertion.
// API: Google Identity, "Using OAuth 2.0 for server to server applications",
// https://developers.google.com/identity/protocols/oauth2/service-account
func (g *googleSim) jwtGrant(c *call) (*googleToken, *oauthError) {
	a, readable := googleClaims(c.form.Get("assertion"))
	if !readable {
		return nil, oauthErr("invalid_request", "Bad JWT: three parts of base64url expected.")
	}
	var cred *googleCredential
	for _, known := range g.credentials {
		if known.ClientEmail != "" && known.ClientEmail == a.Issuer {
			cred = known
		}
	}
	if cred == nil {
		return nil, oauthErr("invalid_grant", "Invalid grant: account not found")
	}
	digest := sha256.Sum256([]byte(a.signed))
	switch wrongKey := cred.PrivateKeyID != "" && a.header.KeyID != cred.PrivateKeyID; {
	case a.header.Algorithm != "RS256" || wrongKey,
		rsa.VerifyPKCS1v15(cred.key, crypto.SHA256, digest[:], a.signature) != nil:
		return nil, oauthErr("invalid_grant", "Invalid JWT Signature.")
	case a.Audience != googleAudience && a.Audience != c.baseURL+googleTokenPath:
		return nil, oauthErr("invalid_grant", "Invalid JWT: Failed audience check.")
	}
	// The signer lives in real time whatever this simulation's clock says, so
	// freshness is judged by the real one.
	now, issued, expires := time.Now(), time.Unix(a.IssuedAt, 0), time.Unix(a.Expires, 0)
	switch {
	case a.IssuedAt == 0 || a.Expires == 0 || expires.Sub(issued) > time.Hour || !expires.After(issued),
		issued.After(now.Add(googleLeeway)), expires.Before(now.Add(-googleLeeway)):
		return nil, oauthErr("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.")
	case a.Scope == "":
		return nil, oauthErr("invalid_scope", "Empty or missing scope not allowed.")
	case !slices.Contains(strings.Fields(a.Scope), googleScope):
		return nil, oauthErr("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
	}
	email := cred.Email
	if a.Subject != "" && a.Subject != email {
		if !slices.ContainsFunc(cred.MayImpersonate, func(e string) bool { return foldEmail(e) == foldEmail(a.Subject) }) {
			return nil, oauthErr("unauthorized_client", "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.")
		}
		email = a.Subject
	}
	return g.granted(cred, email)
}
