package hubsim

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// scimCredential is a bearer token. A SCIM token has no identity the API would
// show: it belongs to apps, and may be for reading only.
type scimCredential struct {
	scimCredentialSeed
	expiresAt time.Time // zero: until revoked
}

type scimCredentialSeed struct {
	Platform  string   `json:"platform"`
	Name      string   `json:"name"` // what logs call it; seeding the same name again replaces it
	Token     string   `json:"token"`
	ExpiresIn Duration `json:"expires_in"` // 0 = until revoked
	Apps      []string `json:"apps"`
	Writes    bool     `json:"writes"` // true unless set to false
}

func (s *scimSim) addCredential(document json.RawMessage) error {
	seed := scimCredentialSeed{Writes: true}
	if err := decodeStrictly(document, &seed); err != nil {
		return err
	}
	switch {
	case seed.Name == "" || seed.Token == "":
		return errors.New("name and token are required")
	case strings.ContainsFunc(seed.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("the token cannot travel in a header")
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.knowsHubs(seed.Apps); err != nil {
		return err
	}
	cred := &scimCredential{seed, ending(s.clock.Now(), seed.ExpiresIn)}
	_, err := s.credentials.put(seed.Name, seed.Token, cred)
	return err
}

func (s *scimSim) secrets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.credentials.tokens()
}

// identify finds the token. One in the query is noted, so that a test sees it
// there, and not accepted.
func (s *scimSim) identify(sc *scimCall) {
	scheme, token, _ := strings.Cut(sc.request.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		for _, name := range []string{"access_token", "token"} {
			if sc.query.Has(name) {
				sc.tokenIn = "query"
			}
		}
		return
	}
	sc.token, sc.tokenIn = token, "header"
	if sc.cred = s.credentials.find(token); sc.cred != nil {
		sc.credential = sc.cred.Name
	}
}

// open says that the call needs no token.
func (sc *scimCall) open() bool {
	return sc.operation == OpDiscover && sc.hub != nil && sc.hub.settings.OpenDiscovery
}

func (s *scimSim) authenticate(sc *scimCall) *scimError {
	const realm = `Bearer realm="SCIM"`
	invalid := func(why string) *scimError {
		e := scimErr(http.StatusUnauthorized, "", "The bearer token %s.", why)
		e.header["WWW-Authenticate"] = realm + `, error="invalid_token"`
		return e
	}
	switch {
	case sc.token == "":
		e := scimErr(http.StatusUnauthorized, "", "Authorization with a bearer token is required.")
		e.header["WWW-Authenticate"] = realm
		return e
	case sc.cred == nil, sc.hub != nil && sc.hub.settings.TokenInvalid:
		return invalid("is not valid")
	case ended(sc.cred.expiresAt, sc.now), sc.hub != nil && sc.hub.settings.TokenExpired:
		return invalid("has expired")
	}
	return nil
}

// authorize checks what the token may do. An app that is not there is 404 for
// every token; one that is there is 403 for those of others.
func (sc *scimCall) authorize() *scimError {
	switch {
	case sc.hub == nil:
		return scimErr(http.StatusNotFound, "", "There is no app %q.", sc.business)
	case !slices.Contains(sc.cred.Apps, sc.hub.id):
		return scimErr(http.StatusForbidden, "", "The token is not for this app.")
	case sc.hub.settings.PermissionMissing, sc.write() && !sc.cred.Writes:
		return scimErr(http.StatusForbidden, "", "The token has insufficient rights.")
	}
	return nil
}
