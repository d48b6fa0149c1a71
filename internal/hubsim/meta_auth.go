package hubsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The kinds of identity behind a token.
const (
	metaSystemUser = "system_user"
	metaPerson     = "user"
)

const metaManagement = "business_management"

// metaCredential is one access token, the app it came from and whom it speaks
// for.
type metaCredential struct {
	metaCredentialSeed
	id        string // of the identity
	createdAt time.Time
	expiresAt time.Time // zero: never
}

type metaCredentialSeed struct {
	Platform    string `json:"platform"`
	Name        string `json:"name"` // what logs call it; seeding the same name again replaces it
	Kind        string `json:"kind"` // system_user (default) or user
	AccessToken string `json:"access_token"`

	AppID            string   `json:"app_id"`
	AppSecret        string   `json:"app_secret"`
	RequireAppSecret bool     `json:"require_app_secret"` // the app's "Require App Secret" setting
	Scopes           []string `json:"scopes"`             // default business_management
	ExpiresIn        Duration `json:"expires_in"`         // 0 = never

	// Businesses a system user administers, and those it belongs to without
	// administering them.
	Businesses []string `json:"businesses"`
	EmployeeOf []string `json:"employee_of"`
	// Email is the person a user token speaks for. What they may do in a
	// business is their role there, so demoting the person weakens the token.
	Email string `json:"email"`
}

func (m *metaSim) addCredential(document json.RawMessage) error {
	var seed metaCredentialSeed
	if err := decodeStrictly(document, &seed); err != nil {
		return err
	}
	if seed.Kind == "" {
		seed.Kind = metaSystemUser
	}
	if seed.Scopes == nil {
		seed.Scopes = []string{metaManagement}
	}
	if err := seed.check(); err != nil {
		return err
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.knowsHubs(slices.Concat(seed.Businesses, seed.EmployeeOf)); err != nil {
		return err
	}
	now := m.clock.Now()
	cred := &metaCredential{metaCredentialSeed: seed, createdAt: now, expiresAt: ending(now, seed.ExpiresIn)}
	was, err := m.credentials.put(seed.Name, seed.AccessToken, cred)
	switch {
	case err != nil:
		return err
	case was != nil:
		cred.id = was.id
	default:
		cred.id = m.newID(map[string]string{metaSystemUser: metaSystemUserIDs, metaPerson: metaFacebookUserID}[seed.Kind])
	}
	return nil
}

func (s metaCredentialSeed) check() error {
	switch {
	case s.Name == "" || s.AccessToken == "":
		return errors.New("name and access_token are required")
	case s.Kind != metaSystemUser && s.Kind != metaPerson:
		return fmt.Errorf("kind %q is neither %s nor %s", s.Kind, metaSystemUser, metaPerson)
	case s.Kind == metaPerson && s.Email == "":
		return errors.New("a user token needs the email of the person it speaks for")
	case s.Kind == metaPerson && len(s.Businesses)+len(s.EmployeeOf) > 0:
		return errors.New("a user token's businesses follow from the person's roles; leave businesses and employee_of out")
	case s.RequireAppSecret && s.AppSecret == "":
		return errors.New("require_app_secret without an app_secret")
	}
	return nil
}

func (m *metaSim) secrets() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	for _, c := range m.credentials.all() {
		all = append(all, c.AccessToken, c.AppSecret, c.proof())
		if c.AppSecret != "" {
			all = append(all, c.appToken())
		}
	}
	return all
}

// proof is what appsecret_proof must be.
// API: Meta, "Secure Graph API Calls", https://developers.facebook.com/docs/graph-api/guides/secure-requests
func (c *metaCredential) proof() string {
	mac := hmac.New(sha256.New, []byte(c.AppSecret))
	mac.Write([]byte(c.AccessToken))
	return hex.EncodeToString(mac.Sum(nil))
}

func (c *metaCredential) appToken() string { return c.AppID + "|" + c.AppSecret }

// identify finds the token of a call. The header wins over a parameter.
func (m *metaSim) identify(mc *metaCall) {
	if token, ok := strings.CutPrefix(mc.request.Header.Get("Authorization"), "Bearer "); ok && token != "" {
		mc.token, mc.tokenIn = token, "header"
	} else if mc.request.URL.Query().Get("access_token") != "" {
		mc.token, mc.tokenIn = mc.request.URL.Query().Get("access_token"), "query"
	} else if mc.form.Get("access_token") != "" {
		mc.token, mc.tokenIn = mc.form.Get("access_token"), "form"
	}
	if mc.cred = m.credentials.find(mc.token); mc.cred != nil {
		mc.credential = mc.cred.Name
	}
}

// authenticate checks the token and the proof.
func (m *metaSim) authenticate(mc *metaCall) *metaError {
	if mc.token == "" {
		return metaErr(2500, "An active access token must be used to query information about the current user.")
	}
	if mc.operation == OpInspectToken {
		return nil // takes an app token, which debugToken checks
	}
	cred := mc.cred
	if cred == nil {
		return metaErr(190, "Invalid OAuth access token - Cannot parse access token").sub(467)
	}
	if refused := m.tokenTrouble(cred, mc.now); refused != nil {
		return refused
	}
	required := cred.RequireAppSecret || slices.ContainsFunc(m.related(cred), func(h *metaHub) bool {
		return h.settings.AppSecretRequired
	})
	proof := mc.params.Get("appsecret_proof")
	if proof == "" && required {
		return metaErr(104, "API calls from the server require an appsecret_proof argument").as("GraphMethodException")
	}
	if proof != "" && (cred.AppSecret == "" || !hmac.Equal([]byte(proof), []byte(cred.proof()))) {
		return metaErr(104, "Invalid appsecret_proof provided in the API argument").as("GraphMethodException")
	}
	return nil
}

// tokenTrouble is what made a token the platform once issued worthless.
func (m *metaSim) tokenTrouble(cred *metaCredential, now time.Time) *metaError {
	if ended(cred.expiresAt, now) {
		return metaExpired(cred.expiresAt)
	}
	for _, hub := range m.related(cred) {
		s := hub.settings
		switch {
		case s.TokenExpired:
			return metaExpired(now)
		case s.TokenInvalid:
			return metaErr(190, "Invalid OAuth access token.").sub(467)
		case s.PasswordChanged:
			return metaErr(190, "Error validating access token: The session has been invalidated because the user "+
				"changed their password or Facebook has changed the session for security reasons.").sub(460)
		case s.AppRemoved:
			return metaErr(190, "Error validating access token: The user has not authorized application %s.", cred.AppID).sub(458)
		}
	}
	return nil
}

func metaExpired(at time.Time) *metaError {
	return metaErr(190, "Error validating access token: Session has expired on %s.", at.Format(time.RFC1123)).sub(463)
}

// A credential's standing in a business.
type metaStanding int

const (
	metaStranger metaStanding = iota
	metaEmployee
	metaAdmin
)

func (m *metaSim) standing(cred *metaCredential, hub *metaHub) metaStanding {
	standing := metaStranger
	switch cred.Kind {
	case metaSystemUser:
		if slices.Contains(cred.EmployeeOf, hub.id) {
			standing = metaEmployee
		}
		if slices.Contains(cred.Businesses, hub.id) {
			standing = metaAdmin
		}
	case metaPerson:
		if u := hub.userByEmail[foldEmail(cred.Email)]; u != nil {
			standing = metaEmployee
			if u.role == metaRoleAdmin {
				standing = metaAdmin
			}
		}
	default:
		panic("hubsim: unknown kind of Meta credential " + cred.Kind)
	}
	if hub.settings.NotAdmin && standing == metaAdmin {
		standing = metaEmployee
	}
	return standing
}

// related lists the businesses an identity belongs to.
func (m *metaSim) related(cred *metaCredential) []*metaHub {
	return m.hubsWhere(func(hub *metaHub) bool { return m.standing(cred, hub) != metaStranger })
}

// authorize checks what the app and the identity may do.
func (m *metaSim) authorize(mc *metaCall) *metaError {
	if mc.open {
		return nil
	}
	if !m.granted(mc.cred, metaManagement) {
		return metaErr(200, "Requires %s permission to manage the object", metaManagement)
	}
	hub := mc.hub
	if hub == nil {
		return nil
	}
	method := mc.request.Method
	standing := m.standing(mc.cred, hub)
	if standing == metaStranger && len(mc.target) == 1 {
		return metaGone(method, mc.target[0])
	}
	denied := metaErr(10, "Application does not have permission for this action")
	if mc.operation == OpInvite {
		denied = denied.sub(metaSubcodeRefusedInvite).user("Permission denied", "You do not have permission to add people to this business.")
	}
	if hub.settings.AppNotClaimed {
		return denied // since Graph v10.0 the business must have claimed the app
	}
	if standing == metaAdmin || mc.operation == OpVerifyBusiness || mc.ownNode() {
		return nil
	}
	return denied
}

// ownNode is a read of the caller's own membership.
func (mc *metaCall) ownNode() bool {
	return mc.request.Method == http.MethodGet && mc.user != nil && mc.cred.Kind == metaPerson &&
		foldEmail(mc.user.email) == foldEmail(mc.cred.Email)
}

func (m *metaSim) granted(cred *metaCredential, scope string) bool {
	if slices.ContainsFunc(m.related(cred), func(h *metaHub) bool { return h.settings.PermissionMissing }) {
		return false
	}
	return slices.Contains(cred.Scopes, scope)
}
