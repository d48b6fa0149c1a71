package hubsim

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// pinterestCredential is an app's access to one user: an access token, or what
// it takes to ask for one.
type pinterestCredential struct {
	pinterestCredentialSeed
	account *pinterestAccount // whom it speaks for
}

type pinterestCredentialSeed struct {
	Platform    string `json:"platform"`
	Name        string `json:"name"` // what logs call it; seeding the same name again replaces it
	AccessToken string `json:"access_token"`

	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	RefreshToken string `json:"refresh_token"`

	Scopes []string `json:"scopes"` // default all three

	// Email or Username is the person the tokens speak for. What they may do in a
	// business is their role there, so demoting the person weakens the token.
	// Businesses are administered whether or not the person is a member. With
	// neither e-mail nor username the first of them is itself the user.
	Email      string   `json:"email"`
	Username   string   `json:"username"`
	Businesses []string `json:"businesses"`

	ExpiresIn            Duration `json:"expires_in"`             // of access_token; 0 = never
	AccessTokenLifetime  Duration `json:"access_token_lifetime"`  // of tokens asked for; default 720h
	RefreshTokenLifetime Duration `json:"refresh_token_lifetime"` // default 1440h
	ReusableRefresh      bool     `json:"reusable_refresh_token"` // a used refresh token goes on working
	ScopeSeparator       string   `json:"scope_separator"`        // in token answers: default a space
}

// pinterestToken is an access token.
type pinterestToken struct {
	value     string
	cred      *pinterestCredential
	scopes    []string
	expiresAt time.Time // zero: never
}

// pinterestRefresh is a refresh token. A used one is kept, to be told from one
// that never was.
type pinterestRefresh struct {
	value     string
	cred      *pinterestCredential
	expiresAt time.Time
	used      bool
}

func (s *pinterestSim) addCredential(document json.RawMessage) error {
	seed := pinterestCredentialSeed{
		AccessTokenLifetime: Duration(30 * 24 * time.Hour), RefreshTokenLifetime: Duration(60 * 24 * time.Hour), ScopeSeparator: " ",
	}
	if err := decodeStrictly(document, &seed); err != nil {
		return err
	}
	if seed.Scopes == nil {
		seed.Scopes = []string{pinterestReadPeople, pinterestWritePeople, pinterestReadAccount}
	}
	if err := seed.check(); err != nil {
		return err
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if t, r := s.byToken[seed.AccessToken], s.byRefresh[seed.RefreshToken]; (t != nil && t.cred.Name != seed.Name) || (r != nil && r.cred.Name != seed.Name) {
		return errors.New("one of its tokens is already another's")
	}
	if err := s.knowsHubs(seed.Businesses); err != nil {
		return err
	}
	s.forgetCredential(seed.Name)
	cred := &pinterestCredential{pinterestCredentialSeed: seed}
	switch {
	case seed.Email != "" || seed.Username != "":
		cred.account = s.account(seed.Email, seed.Username)
	case len(seed.Businesses) > 0:
		cred.account = s.hubByID[seed.Businesses[0]].account
	default:
		cred.account = s.account("", seed.Name)
	}
	s.credentials = append(s.credentials, cred)
	if seed.AccessToken != "" {
		expiresAt := ending(s.clock.Now(), seed.ExpiresIn)
		s.byToken[seed.AccessToken] = &pinterestToken{seed.AccessToken, cred, seed.Scopes, expiresAt}
	}
	if seed.RefreshToken != "" {
		s.addRefresh(cred, seed.RefreshToken, s.clock.Now())
	}
	return nil
}

func (s *pinterestSim) addRefresh(cred *pinterestCredential, value string, now time.Time) *pinterestRefresh {
	r := &pinterestRefresh{value: value, cred: cred, expiresAt: now.Add(time.Duration(cred.RefreshTokenLifetime))}
	s.byRefresh[value] = r
	return r
}

func (s *pinterestSim) forgetCredential(name string) {
	s.credentials = slices.DeleteFunc(s.credentials, func(c *pinterestCredential) bool { return c.Name == name })
	for value, token := range s.byToken {
		if token.cred.Name == name {
			delete(s.byToken, value)
		}
	}
	for value, refresh := range s.byRefresh {
		if refresh.cred.Name == name {
			delete(s.byRefresh, value)
		}
	}
}

func (s pinterestCredentialSeed) check() error {
	app := 0
	for _, part := range []string{s.ClientID, s.ClientSecret, s.RefreshToken} {
		if part != "" {
			app++
		}
	}
	switch {
	case s.Name == "":
		return errors.New("name is required")
	case app != 0 && app != 3:
		return errors.New("client_id, client_secret and refresh_token go together")
	case app == 0 && s.AccessToken == "":
		return errors.New("access_token, or client_id, client_secret and refresh_token, are required")
	case s.Email != "" && !validEmail(s.Email):
		return fmt.Errorf("%q is not an e-mail address", s.Email)
	case s.AccessTokenLifetime < Duration(time.Second) || s.RefreshTokenLifetime < Duration(time.Second):
		return errors.New("access_token_lifetime and refresh_token_lifetime are at least a second")
	}
	return nil
}

func (s *pinterestSim) secrets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, c := range s.credentials {
		if c.ClientSecret != "" {
			basic := base64.StdEncoding.EncodeToString([]byte(c.ClientID + ":" + c.ClientSecret))
			all = append(all, c.ClientSecret, basic)
		}
	}
	for value := range s.byToken {
		all = append(all, value)
	}
	for value := range s.byRefresh {
		all = append(all, value)
	}
	return all
}

// identify finds the token of a call, or the app that asks for one.
func (s *pinterestSim) identify(pc *pinterestCall) {
	header := pc.request.Header.Get("Authorization")
	if header != "" {
		pc.tokenIn = "header"
	}
	if value, ok := strings.CutPrefix(header, "Bearer "); ok {
		if pc.token = s.byToken[value]; pc.token != nil {
			pc.cred = pc.token.cred
		}
	}
	if refresh := s.byRefresh[pc.form.Get("refresh_token")]; pc.operation == OpRefreshToken && refresh != nil {
		pc.cred = refresh.cred
	}
	if pc.cred != nil {
		pc.credential = pc.cred.Name
	}
}

// authenticate checks the token and its scopes. The people of a business are no
// app's: only a user's token reads them.
func (s *pinterestSim) authenticate(pc *pinterestCall) *pinterestError {
	if pc.token == nil || ended(pc.token.expiresAt, pc.now) || s.revoked(pc.cred) {
		return pinterestUnauthenticated()
	}
	for _, scope := range pc.route.scopes {
		if !slices.Contains(pc.token.scopes, scope) {
			return pinterestScopeMissing()
		}
		if scope != pinterestReadAccount && s.suffers(pc.cred, func(x pinterestSettings) bool { return x.PermissionMissing }) {
			return pinterestScopeMissing()
		}
	}
	return nil
}

// revoked tokens look to Pinterest's callers like expired ones.
func (s *pinterestSim) revoked(cred *pinterestCredential) bool {
	return s.suffers(cred, func(x pinterestSettings) bool { return x.TokenExpired || x.TokenInvalid })
}

// suffers says whether one of the businesses a user belongs to has a setting.
func (s *pinterestSim) suffers(cred *pinterestCredential, has func(pinterestSettings) bool) bool {
	return slices.ContainsFunc(s.related(cred), func(h *pinterestHub) bool { return has(h.settings) })
}

// roleIn is the role a credential's user has in a business, "" for none.
func (cred *pinterestCredential) roleIn(h *pinterestHub) string {
	role := ""
	if m := h.seats[cred.account.id]; m != nil {
		role = m.role
	}
	if slices.Contains(cred.Businesses, h.account.id) {
		role = pinterestAdmin
	}
	if role != "" && h.settings.NotAdmin {
		role = pinterestEmployee
	}
	return role
}

// related lists the businesses a credential's user belongs to.
func (s *pinterestSim) related(cred *pinterestCredential) []*pinterestHub {
	return s.hubsWhere(func(h *pinterestHub) bool { return cred.roleIn(h) != "" })
}

// authorize checks what the user may do in the business a call is about.
func (s *pinterestSim) authorize(pc *pinterestCall) *pinterestError {
	if !pc.named {
		return nil
	}
	h := pc.hub
	if h == nil {
		return pinterestGone() // a business is a Pinterest user
	}
	role := pc.cred.roleIn(h)
	if role != "" && h.settings.NotBusinessAccount {
		return pinterestErr(http.StatusForbidden, 654, "You must have a business account to operate as merchant.")
	}
	if role != pinterestAdmin {
		return h.forbidden()
	}
	switch {
	case pc.write() && h.settings.Blocked:
		return pinterestErr(http.StatusForbidden, 2625, "Sorry, you cannot perform this action as your account has been disapproved. "+pinterestSeeHub)
	case pc.write() && h.settings.UnderReview:
		return pinterestErr(http.StatusForbidden, 2626, "We are reviewing your account. "+pinterestSeeHub)
	}
	return nil
}
