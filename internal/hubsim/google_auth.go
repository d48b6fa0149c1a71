package hubsim

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// googleScope is what every call needs.
const googleScope = "https://www.googleapis.com/auth/adwords"

// googleCredential is an identity and the ways it proves itself: a refresh token
// with its OAuth client, a service account's key, or an access token as it is.
type googleCredential struct {
	googleCredentialSeed
	key *rsa.PublicKey
}

type googleCredentialSeed struct {
	Platform string `json:"platform"`
	Name     string `json:"name"` // what logs call it; seeding the same name again replaces it
	// Email is who it acts as. What it may do on a customer is that person's
	// role there, so demoting the person weakens the credential. Default: the
	// service account's own address.
	Email string `json:"email"`

	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	RefreshToken string `json:"refresh_token"`

	ClientEmail    string   `json:"client_email"`
	PublicKey      string   `json:"public_key"`      // PEM; a real key file holds the private one
	PrivateKeyID   string   `json:"private_key_id"`  // checked when given
	MayImpersonate []string `json:"may_impersonate"` // domain-wide delegation

	AccessToken string   `json:"access_token"` // for calls without the token endpoint
	ExpiresIn   Duration `json:"expires_in"`   // of that access token; 0 = never

	Scope string `json:"scope"` // default: the Google Ads one

	// Customers it administers without being on their lists, as an administrator
	// of a manager account is; with a login_customer_id only through that one.
	Customers       []string `json:"customers"`
	LoginCustomerID string   `json:"login_customer_id"`
}

// googleToken is an access token in somebody's hands.
type googleToken struct {
	cred      *googleCredential
	email     string // who it acts as
	expiresAt time.Time
}

func (g *googleSim) addCredential(document json.RawMessage) error {
	var seed googleCredentialSeed
	if err := decodeStrictly(document, &seed); err != nil {
		return err
	}
	if seed.Email == "" {
		seed.Email = seed.ClientEmail
	}
	if seed.Scope == "" {
		seed.Scope = googleScope
	}
	cred := &googleCredential{googleCredentialSeed: seed}
	if err := cred.check(); err != nil {
		return err
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.knowsHubs(seed.Customers); err != nil {
		return err
	}
	if other := g.tokens[seed.AccessToken]; other != nil && other.cred.Name != seed.Name {
		return fmt.Errorf("the access token is already that of %q", other.cred.Name)
	}
	for text, token := range g.tokens {
		if token.cred.Name == seed.Name {
			delete(g.tokens, text)
		}
	}
	g.credentials = slices.DeleteFunc(g.credentials, func(c *googleCredential) bool { return c.Name == seed.Name })
	g.credentials = append(g.credentials, cred)
	if seed.AccessToken != "" {
		g.tokens[seed.AccessToken] = &googleToken{cred, seed.Email, ending(g.clock.Now(), seed.ExpiresIn)}
	}
	return nil
}

func (c *googleCredential) check() error {
	user := c.RefreshToken != ""
	switch {
	case c.Name == "":
		return errors.New("name is required")
	case c.Email == "":
		return errors.New("email is required: who the credential acts as")
	case user != (c.ClientID != "") || user != (c.ClientSecret != ""):
		return errors.New("client_id, client_secret and refresh_token belong together")
	case (c.ClientEmail == "") != (c.PublicKey == ""):
		return errors.New("client_email and public_key belong together")
	case !user && c.ClientEmail == "" && c.AccessToken == "":
		return errors.New("a refresh_token, a client_email or an access_token is required")
	case c.LoginCustomerID != "" && !googleCustomer.MatchString(c.LoginCustomerID):
		return fmt.Errorf("login_customer_id %q is not ten digits", c.LoginCustomerID)
	}
	if c.PublicKey == "" {
		return nil
	}
	block, _ := pem.Decode([]byte(c.PublicKey))
	if block == nil {
		return errors.New("public_key is not PEM")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return fmt.Errorf("public_key: %w", err)
	}
	var isRSA bool
	if c.key, isRSA = key.(*rsa.PublicKey); !isRSA {
		return errors.New("public_key is not an RSA key")
	}
	return nil
}

func (g *googleSim) secrets() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []string
	for _, c := range g.credentials {
		all = append(all, c.ClientSecret, c.RefreshToken)
	}
	for text := range g.tokens {
		all = append(all, text)
	}
	return all
}

func (g *googleSim) identify(gc *googleCall) {
	text, ok := strings.CutPrefix(gc.request.Header.Get("Authorization"), "Bearer ")
	if !ok || text == "" {
		return
	}
	gc.tokenIn = "header"
	if gc.bearer = g.tokens[text]; gc.bearer != nil {
		gc.credential = gc.bearer.cred.Name
	}
}

func (g *googleSim) authenticate(gc *googleCall) *googleError {
	token := gc.bearer
	switch {
	case gc.request.Header.Get("Authorization") == "":
		return googlePlain(http.StatusUnauthorized, "Request is missing required authentication credential.").info("CREDENTIALS_MISSING")
	case gc.tokenIn == "":
		return googleErr("authenticationError", "OAUTH_TOKEN_HEADER_INVALID", "Login cookie or OAuth token header is not valid.")
	case token == nil:
		return googleErr("authenticationError", "OAUTH_TOKEN_INVALID", "OAuth token in the header is not valid.")
	case ended(token.expiresAt, gc.now):
		return googleErr("authenticationError", "OAUTH_TOKEN_EXPIRED", "OAuth token in the header has expired.")
	}
	related := g.related(token.cred, token.email)
	for _, h := range related {
		switch s := h.settings; {
		case s.TokenExpired:
			return googleErr("authenticationError", "OAUTH_TOKEN_EXPIRED", "OAuth token in the header has expired.")
		case s.TokenInvalid:
			return googleErr("authenticationError", "OAUTH_TOKEN_INVALID", "OAuth token in the header is not valid.")
		case s.AccessRevoked:
			return googleErr("authenticationError", "OAUTH_TOKEN_REVOKED", "User revoked the OAuth token.")
		case s.DeveloperToken == "rejected" && gc.request.Header.Get("developer-token") != "":
			return googleErr("authenticationError", "DEVELOPER_TOKEN_INVALID", "The developer token is not valid.")
		}
	}
	if !slices.Contains(strings.Fields(token.cred.Scope), googleScope) {
		return googlePlain(http.StatusForbidden, "Request had insufficient authentication scopes.").info("ACCESS_TOKEN_SCOPE_INSUFFICIENT")
	}
	if len(related) == 0 {
		return googleErr("authenticationError", "NOT_ADS_USER", "User in the cookie is not a valid Ads user.")
	}
	return nil
}

// authorize finds the identity's role on the customer, by the way the call says
// it comes, and what the account's state leaves of it.
// API: Google Ads, "Login customer ID", https://developers.google.com/google-ads/api/docs/concepts/call-structure
func (g *googleSim) authorize(gc *googleCall) *googleError {
	login := gc.request.Header.Get("login-customer-id")
	if login != "" && !googleCustomer.MatchString(login) {
		return googleErr("headerError", "INVALID_LOGIN_CUSTOMER_ID", "The login customer ID '%s' is not valid: digits only.", login)
	}
	if gc.customer == "" {
		return nil
	}
	if !googleCustomer.MatchString(gc.customer) {
		return googleErr("requestError", "INVALID_CUSTOMER_ID", "Invalid customer ID '%s': digits only.", gc.customer)
	}
	h := gc.hub
	if h == nil {
		return googleErr("authenticationError", "CUSTOMER_NOT_FOUND", "No customer found for the provided customer ID.")
	}
	var refused *googleError
	if gc.role, refused = g.roleBy(gc.bearer, h, login); refused != nil {
		return refused
	}
	if refused := h.barred(gc.changes); refused != nil {
		return refused
	}
	if gc.changes && gc.role != googleAdmin {
		return googleErr("authorizationError", "ACTION_NOT_PERMITTED", "The authenticated user does not have permission for this operation: administrative access is needed.")
	}
	return nil
}

// roleBy is the identity's role when it comes by way of login.
func (g *googleSim) roleBy(token *googleToken, h *googleHub, login string) (string, *googleError) {
	denied := googleErr("authorizationError", "USER_PERMISSION_DENIED", "User doesn't have permission to access customer. Note: If you're accessing a client customer, the manager's customer id must be set in the 'login-customer-id' header.")
	if h.settings.PermissionMissing {
		return "", denied
	}
	if login == "" || login == h.id {
		if role := g.directRole(token, h); role != "" {
			return role, nil
		}
		return "", denied
	}
	if token.cred.LoginCustomerID == login && slices.Contains(token.cred.Customers, h.id) {
		return h.left(googleAdmin), nil
	}
	manager := g.hubByID[login]
	if manager == nil || g.directRole(token, manager) == "" {
		return "", denied
	}
	if !slices.Contains(h.settings.Managers, login) {
		return "", googleErr("authorizationError", "INVALID_LOGIN_CUSTOMER_ID_SERVING_CUSTOMER_ID_COMBINATION",
			"The login customer %s does not manage the customer %s.", login, h.id)
	}
	role := g.directRole(token, manager)
	if role == googleAdmin && !h.settings.Owned {
		role = googleStandard // only an owner manages a client's users
	}
	return h.left(role), nil
}

// directRole is the role somebody has without going through a manager, "" for
// none. An e-mail-only user gets reports and cannot log in.
func (g *googleSim) directRole(token *googleToken, h *googleHub) string {
	if h.settings.PermissionMissing {
		return ""
	}
	return h.left(g.seatRole(token.cred, token.email, h))
}

func (g *googleSim) seatRole(cred *googleCredential, email string, h *googleHub) string {
	if u := h.userByEmail[foldEmail(email)]; u != nil && u.role != googleEmailOnly {
		return u.role
	}
	if cred.LoginCustomerID == "" && slices.Contains(cred.Customers, h.id) {
		return googleAdmin
	}
	return ""
}

// left is what a demotion leaves of a role.
func (h *googleHub) left(role string) string {
	if h.settings.NotAdmin && role == googleAdmin {
		return googleStandard
	}
	return role
}

// related lists the customers an identity reaches by any way.
func (g *googleSim) related(cred *googleCredential, email string) []*googleHub {
	return g.hubsWhere(func(h *googleHub) bool {
		reached := g.seatRole(cred, email, h) != "" || slices.Contains(cred.Customers, h.id)
		for _, id := range h.settings.Managers {
			manager := g.hubByID[id]
			reached = reached || manager != nil && g.seatRole(cred, email, manager) != ""
		}
		return reached
	})
}
