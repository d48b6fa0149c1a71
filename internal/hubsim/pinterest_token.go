package hubsim

import (
	"crypto/subtle"
	"slices"
	"strings"
	"time"
)

// pinterestGrant is what the token endpoint answers.
// API: Pinterest, OpenAPI document, schema OauthAccessTokenResponseRefresh.
type pinterestGrant struct {
	ResponseType     string `json:"response_type"`
	AccessToken      string `json:"access_token"`
	TokenType        string `json:"token_type"`
	ExpiresIn        int    `json:"expires_in"`
	RefreshToken     string `json:"refresh_token"`
	RefreshExpiresIn int    `json:"refresh_token_expires_in"`
	RefreshExpiresAt int64  `json:"refresh_token_expires_at"`
	Scope            string `json:"scope"`
}

// refreshToken exchanges a refresh token for an access token and the refresh
// token to use next. Earlier access tokens live on. The other two grants are not
// simulated: one takes a browser, the other makes tokens that read no business.
// API: Pinterest, POST /v5/oauth/token
func (s *pinterestSim) refreshToken(pc *pinterestCall) (any, *pinterestError) {
	if len(pc.request.URL.Query()) > 0 {
		return nil, pinterestInvalid("the token endpoint takes no query parameters")
	}
	if pc.mediaType != "application/x-www-form-urlencoded" || pc.badBody != nil {
		return nil, pinterestInvalid("unsupported content type %q: send application/x-www-form-urlencoded", pc.mediaType)
	}
	id, secret, basic := pc.request.BasicAuth()
	known := slices.ContainsFunc(s.credentials, func(c *pinterestCredential) bool { return c.isApp(id, secret) })
	if !basic || !known {
		return nil, pinterestUnauthenticated()
	}
	for name, values := range pc.form {
		if !slices.Contains([]string{"grant_type", "refresh_token", "scope"}, name) || len(values) != 1 {
			return nil, pinterestInvalid("unexpected or repeated field %q", name)
		}
	}
	if grant := pc.form.Get("grant_type"); grant != "refresh_token" {
		return nil, pinterestInvalid("grant_type %q is not simulated: use refresh_token", grant)
	}
	if pc.form.Get("refresh_token") == "" {
		return nil, pinterestInvalid("refresh_token is required")
	}
	used := s.byRefresh[pc.form.Get("refresh_token")]
	if used == nil || !used.cred.isApp(id, secret) || !pc.now.Before(used.expiresAt) || s.revoked(used.cred) ||
		(used.used && !used.cred.ReusableRefresh) {
		return nil, pinterestUnauthenticated()
	}
	cred := used.cred
	scopes := cred.Scopes
	if text := pc.form.Get("scope"); text != "" {
		scopes = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
		for _, scope := range scopes {
			if !slices.Contains(cred.Scopes, scope) {
				return nil, pinterestInvalid("scope %q was not granted to this app", scope)
			}
		}
	}

	used.used = true
	number := s.newID(pinterestTokenIDs)
	lifetime := time.Duration(cred.AccessTokenLifetime)
	token := &pinterestToken{
		value: "pina_sim_" + number, cred: cred, scopes: scopes, expiresAt: pc.now.Add(lifetime),
	}
	s.byToken[token.value] = token
	next := s.addRefresh(cred, "pinr.sim_"+number, pc.now)
	return pinterestGrant{
		ResponseType: "refresh_token", TokenType: "bearer",
		AccessToken: token.value, ExpiresIn: int(lifetime / time.Second),
		RefreshToken: next.value, RefreshExpiresIn: int(time.Duration(cred.RefreshTokenLifetime) / time.Second),
		RefreshExpiresAt: next.expiresAt.Unix(),
		Scope:            strings.Join(scopes, cred.ScopeSeparator),
	}, nil
}

func (cred *pinterestCredential) isApp(id, secret string) bool {
	return cred.ClientID != "" && cred.ClientID == id && subtle.ConstantTimeCompare([]byte(cred.ClientSecret), []byte(secret)) == 1
}
