package hubsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	snapchatTokenPath = "/login/oauth2/access_token"
	snapchatScope     = "snapchat-marketing-api"
)

// snapchatCredential is an OAuth app authorised by a Snapchat user: a refresh
// token, a fixed access token, or both.
type snapchatCredential struct {
	snapchatCredentialSeed
	id        string   // of the person, where no organization has a member for them
	used      []string // refresh tokens that were rotated away
	issued    int
	rotations int
}

type snapchatCredentialSeed struct {
	Platform string `json:"platform"`
	Name     string `json:"name"` // what logs call it; seeding the same name again replaces it

	ClientID      string   `json:"client_id"`
	ClientSecret  string   `json:"client_secret"`
	RefreshToken  string   `json:"refresh_token"`
	TokenLifetime Duration `json:"token_lifetime"` // of the access tokens issued; default one hour

	AccessToken string   `json:"access_token"` // one that was not issued by this endpoint
	ExpiresIn   Duration `json:"expires_in"`   // of access_token; 0 = never

	// Email is the person the app acts as. What they may do in an organization
	// is their role there.
	Email string `json:"email"`
	// Organizations are administered without a member of the address among the
	// people, so that a fixture's people are exactly those it seeded. Once there
	// is a member, that member's role counts.
	Organizations []string `json:"organizations"`
}

// snapchatToken is an access token that works.
type snapchatToken struct {
	cred      *snapchatCredential
	expiresAt time.Time // zero: never
	issued    bool
	calls     int
}

func (m *snapchatSim) addCredential(document json.RawMessage) error {
	var seed snapchatCredentialSeed
	if err := decodeStrictly(document, &seed); err != nil {
		return err
	}
	if seed.TokenLifetime == 0 {
		seed.TokenLifetime = Duration(time.Hour)
	}
	if seed.Email == "" {
		seed.Email = "automation-" + seed.Name + "@snap.example"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.checkCredential(seed); err != nil {
		return err
	}
	seed.Organizations = slices.DeleteFunc(seed.Organizations, func(id string) bool {
		return m.hubByID[id].byEmail[foldEmail(seed.Email)] != nil
	})
	cred := &snapchatCredential{snapchatCredentialSeed: seed, id: m.newID()}
	at := slices.IndexFunc(m.credentials, func(c *snapchatCredential) bool { return c.Name == seed.Name })
	if at < 0 {
		m.credentials = append(m.credentials, cred)
	} else {
		for token, t := range m.access {
			if t.cred == m.credentials[at] {
				delete(m.access, token)
			}
		}
		m.credentials[at] = cred
	}
	if seed.AccessToken != "" {
		m.access[seed.AccessToken] = &snapchatToken{cred: cred, expiresAt: ending(m.clock.Now(), seed.ExpiresIn)}
	}
	return nil
}

func (m *snapchatSim) checkCredential(seed snapchatCredentialSeed) error {
	switch {
	case seed.Name == "":
		return errors.New("a name is required")
	case seed.RefreshToken == "" && seed.AccessToken == "":
		return errors.New("a refresh_token, an access_token or both are required")
	case seed.RefreshToken != "" && (seed.ClientID == "" || seed.ClientSecret == ""):
		return errors.New("a refresh_token needs client_id and client_secret")
	case seed.TokenLifetime < 0 || seed.ExpiresIn < 0:
		return errors.New("lifetimes cannot be negative")
	case !validEmail(seed.Email):
		return fmt.Errorf("%q is not an e-mail address", seed.Email)
	}
	for _, c := range m.credentials {
		if c.Name != seed.Name && (seed.RefreshToken != "" && c.RefreshToken == seed.RefreshToken ||
			seed.AccessToken != "" && c.AccessToken == seed.AccessToken) {
			return fmt.Errorf("a token is already that of %q", c.Name)
		}
	}
	return m.knowsHubs(seed.Organizations)
}

func (m *snapchatSim) secrets() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	for _, c := range m.credentials {
		all = append(all, c.ClientSecret, c.RefreshToken)
		all = append(all, c.used...)
	}
	for token := range m.access {
		all = append(all, token)
	}
	return all
}

// identify finds the token of a call: in the Authorization header and nowhere else.
func (m *snapchatSim) identify(sc *snapchatCall) {
	token, bearer := strings.CutPrefix(sc.request.Header.Get("Authorization"), "Bearer ")
	if !bearer || token == "" {
		return
	}
	sc.token, sc.tokenIn = token, "header"
	if t := m.access[token]; t != nil {
		sc.cred, sc.credential = t.cred, t.cred.Name
	}
}

// authenticate refuses a token that is unknown, has expired or was taken away.
// No error code is documented for it.
func (m *snapchatSim) authenticate(sc *snapchatCall) *snapchatError {
	refused := snapchatErr(http.StatusUnauthorized, "", "unauthorized: the access token is missing, invalid or expired")
	t := m.access[sc.token]
	if sc.token == "" || t == nil || ended(t.expiresAt, sc.now) {
		return refused
	}
	t.calls++
	for _, h := range m.related(t.cred) {
		s := h.settings
		if s.TokenExpired || s.TokenInvalid || t.issued && s.CallsPerToken > 0 && t.calls > s.CallsPerToken {
			return refused
		}
	}
	return nil
}

// standing is what the app's person is in an organization: their member, if
// there is one, and their organization roles.
func (m *snapchatSim) standing(cred *snapchatCredential, h *snapchatHub) (own *snapchatMember, roles []string) {
	if p := h.byEmail[foldEmail(cred.Email)]; p != nil {
		if p.row.truth().status != snapchatActive {
			return nil, nil
		}
		own, roles = p, p.organizationRoles()
	} else if slices.Contains(cred.Organizations, h.id) {
		roles = []string{snapchatAdmin}
	}
	if h.settings.NotAdmin && len(roles) > 0 {
		roles = []string{snapchatPlainMember}
	}
	return own, roles
}

// related lists the organizations the app's person belongs to.
func (m *snapchatSim) related(cred *snapchatCredential) []*snapchatHub {
	return m.hubsWhere(func(h *snapchatHub) bool {
		own, roles := m.standing(cred, h)
		return own != nil || len(roles) > 0
	})
}

// administers says whether the caller may manage members. That business_admin
// may follows from its description.
func (m *snapchatSim) administers(cred *snapchatCredential, h *snapchatHub) bool {
	_, roles := m.standing(cred, h)
	return slices.Contains(roles, snapchatAdmin) || slices.Contains(roles, "business_admin")
}

// authorize checks the app's scope and, where only an administrator gets an
// answer, the caller's role.
func (m *snapchatSim) authorize(sc *snapchatCall) *snapchatError {
	if slices.ContainsFunc(m.related(sc.cred), func(h *snapchatHub) bool { return h.settings.PermissionMissing }) {
		return snapchatErr(http.StatusForbidden, snapchatNotFound, "The access token lacks the scope %s.", snapchatScope)
	}
	if sc.hub == nil && (sc.admin || sc.operation == OpVerifyBusiness) {
		return snapchatErr(http.StatusNotFound, snapchatNotFound, "Resource can not be found")
	}
	if sc.admin && !m.administers(sc.cred, sc.hub) {
		return snapchatErr(http.StatusForbidden, snapchatNotFound, "The user has no permission to manage organization %s.", sc.hub.id)
	}
	return nil
}

func (m *snapchatSim) describeToken(sc *snapchatCall) {
	sc.operation, sc.reads = OpRefreshToken, true
	if sc.cred = m.byRefreshToken(sc.form.Get("refresh_token")); sc.cred != nil {
		sc.credential, sc.tokenIn = sc.cred.Name, "form"
	}
}

func (m *snapchatSim) byRefreshToken(token string) *snapchatCredential {
	for _, c := range m.credentials {
		if token != "" && c.RefreshToken == token {
			return c
		}
	}
	return nil
}

// serveToken issues an access token. Its errors are OAuth's, not the API's.
// API: Snap, "Authentication", https://developers.snap.com/api/marketing-api/Ads-API/authentication
func (m *snapchatSim) serveToken(w http.ResponseWriter, sc *snapchatCall) {
	refuse := func(status int, code, description string) {
		snapchatSend(w, status, snapchatObject{"error": code, "error_description": description})
	}
	form, cred := sc.form, sc.cred
	grant := form.Get("grant_type")
	switch {
	case sc.request.Method != http.MethodPost:
		refuse(http.StatusMethodNotAllowed, "invalid_request", "only POST is allowed")
		return
	case sc.mediaType != "application/x-www-form-urlencoded" || sc.badBody != nil || len(sc.request.URL.Query()) > 0:
		refuse(http.StatusBadRequest, "invalid_request", "the parameters belong in a form body")
		return
	case grant != "" && grant != "refresh_token":
		refuse(http.StatusBadRequest, "unsupported_grant_type", "grant_type "+grant+" is not supported")
		return
	case grant == "" || form.Get("refresh_token") == "" || form.Get("client_id") == "" || form.Get("client_secret") == "":
		refuse(http.StatusBadRequest, "invalid_request", "grant_type, refresh_token, client_id and client_secret are required")
		return
	case !slices.ContainsFunc(m.credentials, func(c *snapchatCredential) bool {
		return c.ClientID == form.Get("client_id") && c.ClientSecret == form.Get("client_secret")
	}):
		refuse(http.StatusUnauthorized, "invalid_client", "the client id or secret is not valid")
		return
	case cred == nil || cred.ClientID != form.Get("client_id") || cred.ClientSecret != form.Get("client_secret"):
		refuse(http.StatusBadRequest, "invalid_grant", "the refresh token is not valid for this client")
		return
	}
	rotation := "same"
	for _, h := range m.related(cred) {
		if h.settings.TokenExpired || h.settings.TokenInvalid {
			refuse(http.StatusBadRequest, "invalid_grant", "the refresh token is expired or revoked")
			return
		}
		if h.settings.RefreshAnswer != "same" {
			rotation = h.settings.RefreshAnswer
		}
	}
	cred.issued++
	token := fmt.Sprintf("sim-snap-access-%s-%d", cred.Name, cred.issued)
	m.access[token] = &snapchatToken{cred: cred, issued: true, expiresAt: sc.now.Add(time.Duration(cred.TokenLifetime))}
	answer := snapchatObject{
		"access_token": token, "token_type": "Bearer", "scope": snapchatScope,
		"expires_in": int(time.Duration(cred.TokenLifetime).Seconds()),
	}
	if rotation == "rotate" { // the one just used is spent
		cred.rotations++
		cred.used = append(cred.used, cred.RefreshToken)
		cred.RefreshToken = fmt.Sprintf("sim-snap-refresh-%s-%d", cred.Name, cred.rotations)
	}
	if rotation != "omit" {
		answer["refresh_token"] = cred.RefreshToken
	}
	w.Header().Set("Cache-Control", "no-store")
	snapchatSend(w, http.StatusOK, answer)
}
