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

// Scopes of a key that the calls here ask for.
const (
	cerbyReadUsers = "read:users"
	cerbyReadHubs  = "read:integrations"
	cerbyWriteHubs = "write:integrations"
	cerbyReadJobs  = "read:automations"
	cerbyWriteJobs = "write:automations"
)

var cerbyScopes = []string{
	cerbyReadUsers, cerbyReadHubs, cerbyWriteHubs, cerbyReadJobs, cerbyWriteJobs,
	"read:activities", "read:items", "read:items:accounts", "read:items:secrets",
}

// cerbyCredential is one API key. It has the powers of the user who made it,
// within its scopes.
type cerbyCredential struct {
	cerbyCredentialSeed
	userID    string    // of that user, who is on no hub's list
	expiresAt time.Time // zero: never
}

type cerbyCredentialSeed struct {
	Platform  string   `json:"platform"`
	Name      string   `json:"name"` // what logs call it; seeding the same name again replaces it
	APIKey    string   `json:"api_key"`
	ExpiresIn Duration `json:"expires_in"` // 0 = no end
	Scopes    []string `json:"scopes"`
	// OwnerOf are the integrations whose Owner the key's user is. All others are
	// hidden from it: an administrator's "All-Access Mode" does not hold for keys.
	OwnerOf []string `json:"owner_of"`
	// WorkspaceAdmin lets it look at the workspace's users and at jobs.
	WorkspaceAdmin bool `json:"workspace_admin"`
}

func (m *cerbySim) addCredential(document json.RawMessage) error {
	var seed cerbyCredentialSeed
	if err := decodeStrictly(document, &seed); err != nil {
		return err
	}
	if seed.Name == "" || seed.APIKey == "" {
		return errors.New("name and api_key are required")
	}
	for _, scope := range seed.Scopes {
		if !slices.Contains(cerbyScopes, scope) {
			return fmt.Errorf("scope %q is not one of %q", scope, cerbyScopes)
		}
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.knowsHubs(seed.OwnerOf); err != nil {
		return err
	}
	cred := &cerbyCredential{seed, fixedUUID("cerby key " + seed.Name), ending(m.clock.Now(), seed.ExpiresIn)}
	_, err := m.credentials.put(seed.Name, seed.APIKey, cred)
	return err
}

func (m *cerbySim) secrets() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.credentials.tokens()
}

// identify finds the key: in the X-API-Key header and nowhere else. A bearer
// token is the command line tool's and no key; one in the query is noted, so
// that a test sees it there, and not accepted.
func (m *cerbySim) identify(cc *cerbyCall) {
	if cc.key = cc.request.Header.Get("X-API-Key"); cc.key == "" {
		for name := range cc.request.URL.Query() {
			if cerbyKeyParam(name) {
				cc.tokenIn = "query"
			}
		}
		return
	}
	cc.tokenIn = "header"
	if cc.cred = m.credentials.find(cc.key); cc.cred != nil {
		cc.credential = cc.cred.Name
	}
}

func cerbyKeyParam(name string) bool {
	return strings.EqualFold(name, "X-API-Key") || strings.EqualFold(name, "api_key")
}

func (m *cerbySim) authenticate(cc *cerbyCall) *cerbyError {
	switch {
	case cc.key == "":
		return cerbyErr(http.StatusUnauthorized, "the X-API-Key header is missing")
	case cc.cred == nil, ended(cc.cred.expiresAt, cc.now):
		return cerbyErr(http.StatusUnauthorized, "the API key is not valid")
	}
	for _, h := range m.related(cc.cred) {
		if h.settings.TokenExpired || h.settings.TokenInvalid {
			return cerbyErr(http.StatusUnauthorized, "the API key is not valid")
		}
	}
	return nil
}

// related lists the integrations a key was made for, whether or not its user is
// still their Owner: what is wrong with one of them is wrong with the key.
func (m *cerbySim) related(cred *cerbyCredential) []*cerbyHub {
	return m.hubsWhere(func(h *cerbyHub) bool { return slices.Contains(cred.OwnerOf, h.id) })
}

func (h *cerbyHub) ownedBy(cred *cerbyCredential) bool {
	return !h.settings.NotAdmin && slices.Contains(cred.OwnerOf, h.id)
}

func (m *cerbySim) blocked(cc *cerbyCall) bool {
	return cc.cred != nil && slices.ContainsFunc(m.related(cc.cred), func(h *cerbyHub) bool { return h.settings.Blocked })
}

// authorize checks the scopes, then the powers of the key's user.
func (m *cerbySim) authorize(cc *cerbyCall) *cerbyError {
	if refused := m.checkScopes(cc); refused != nil {
		return refused
	}
	if cc.endpoint.admin && !cc.cred.WorkspaceAdmin {
		return cerbyErr(http.StatusForbidden, "only an administrator of the workspace may do this")
	}
	switch {
	case cc.hubID == "":
		return nil
	case cc.hub == nil:
		return cerbyErr(http.StatusNotFound, "no such resource")
	case cc.hub.ownedBy(cc.cred):
		return nil
	case cc.write():
		return cerbyErr(cc.hub.settings.TaskRefusedAs, "only an owner of the integration may do this")
	}
	// A resource somebody may not see answers like one that is not there.
	switch status := cc.hub.settings.HiddenAs; status {
	case http.StatusNotFound:
		return cerbyErr(status, "no such resource")
	default:
		return cerbyErr(status, "not allowed to see this resource")
	}
}

func (m *cerbySim) checkScopes(cc *cerbyCall) *cerbyError {
	status, hubs := http.StatusUnauthorized, m.related(cc.cred)
	for _, h := range hubs {
		status = max(status, h.settings.ScopeMissingAs) // 401, or 403 where one says so
	}
	for _, scope := range cc.endpoint.scopes {
		taken := slices.ContainsFunc(hubs, func(h *cerbyHub) bool {
			return h.settings.PermissionMissing || slices.Contains(h.settings.MissingScopes, scope)
		})
		if taken || !slices.Contains(cc.cred.Scopes, scope) {
			return cerbyErr(status, "the API key lacks a scope")
		}
	}
	return nil
}
