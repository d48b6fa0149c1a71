package hubsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// tiktokCredential is one access token: a developer app's permission to act as
// a TikTok for Business user.
type tiktokCredential struct {
	tiktokCredentialSeed
	expiresAt time.Time // zero: until revoked
}

type tiktokCredentialSeed struct {
	Platform    string   `json:"platform"`
	Name        string   `json:"name"` // what logs call it; seeding the same name again replaces it
	AccessToken string   `json:"access_token"`
	ExpiresIn   Duration `json:"expires_in"` // 0 = until revoked, as TikTok has it

	// Email is the user the token acts as. What they may do in a center is
	// their role there, so demoting the person weakens the token.
	Email string `json:"email"`
	// Businesses are centers the identity administers without a row among the
	// members, so that a fixture's people are exactly those it seeded. Once it
	// has a row, the row counts.
	Businesses []string `json:"businesses"`
}

func (m *tiktokSim) addCredential(document json.RawMessage) error {
	var seed tiktokCredentialSeed
	if err := decodeStrictly(document, &seed); err != nil {
		return err
	}
	switch {
	case seed.Name == "" || seed.AccessToken == "":
		return errors.New("name and access_token are required")
	case seed.Email == "" && len(seed.Businesses) == 0:
		return errors.New("an email, businesses or both say whom the token acts as")
	case seed.Email != "" && !validEmail(seed.Email):
		return fmt.Errorf("%q is not an e-mail address", seed.Email)
	}
	if seed.Email == "" {
		seed.Email = "automation-" + seed.Name + "@tiktok.example"
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.knowsHubs(seed.Businesses); err != nil {
		return err
	}
	// With a row, a listed center follows from the row from now on.
	seed.Businesses = slices.DeleteFunc(seed.Businesses, func(business string) bool {
		return m.hubByID[business].byEmail[foldEmail(seed.Email)] != nil
	})
	cred := &tiktokCredential{seed, ending(m.clock.Now(), seed.ExpiresIn)}
	_, err := m.credentials.put(seed.Name, seed.AccessToken, cred)
	return err
}

func (m *tiktokSim) secrets() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.credentials.tokens()
}

// identify finds the token: in the Access-Token header and nowhere else. One in
// the query is noted, so that a test sees it there, and not accepted; the SDK's
// endpoint files list it there, the SDK itself sends the header.
func (m *tiktokSim) identify(tc *tiktokCall) {
	if tc.token = tc.request.Header.Get("Access-Token"); tc.token == "" {
		for name := range tc.request.URL.Query() {
			if tiktokTokenParam(name) {
				tc.tokenIn = "query"
			}
		}
		return
	}
	tc.tokenIn = "header"
	if tc.cred = m.credentials.find(tc.token); tc.cred != nil {
		tc.credential = tc.cred.Name
	}
}

func tiktokTokenParam(name string) bool { return strings.EqualFold(name, "Access-Token") }

func (m *tiktokSim) authenticate(tc *tiktokCall) *tiktokError {
	switch {
	case tc.token == "":
		return tiktokErr(tiktokTokenAbsent, "Access token is empty: the Access-Token header is required.")
	case tc.cred == nil:
		return tiktokErr(tiktokTokenWrong, "Access token is incorrect or has been revoked.")
	case ended(tc.cred.expiresAt, tc.now):
		return tiktokErr(tiktokTokenExpired, "Access token has expired.")
	}
	for _, h := range m.related(tc.cred) {
		if h.settings.TokenExpired {
			return tiktokErr(tiktokTokenExpired, "Access token has expired.")
		}
		if h.settings.TokenInvalid {
			return tiktokErr(tiktokTokenWrong, "Access token is incorrect or has been revoked.")
		}
	}
	return nil
}

// standing is the role the token's identity has in a center, "" when it is not
// a member.
func (m *tiktokSim) standing(cred *tiktokCredential, h *tiktokHub) (role, finance string) {
	if p := h.byEmail[foldEmail(cred.Email)]; p != nil {
		if row := p.row.truth(); row.status == tiktokBound {
			role, finance = row.role, row.finance
		}
	} else if slices.Contains(cred.Businesses, h.id) {
		role = tiktokAdmin
	}
	if h.settings.NotAdmin && role == tiktokAdmin {
		role = tiktokStandard
	}
	return role, finance
}

// related lists the centers an identity belongs to.
func (m *tiktokSim) related(cred *tiktokCredential) []*tiktokHub {
	return m.hubsWhere(func(h *tiktokHub) bool {
		role, _ := m.standing(cred, h)
		return role != ""
	})
}

func (m *tiktokSim) permissionMissing(tc *tiktokCall) bool {
	return slices.ContainsFunc(m.related(tc.cred), func(h *tiktokHub) bool { return h.settings.PermissionMissing })
}

// administer finds the center a member operation is about. TikTok answers the
// same for a center that is not there and for one the caller does not run.
func (m *tiktokSim) administer(tc *tiktokCall, business string) *tiktokError {
	denied := tiktokErr(tiktokDenied, "No permission to operate: the user is not an admin of Business Center %s.", business)
	if m.hubByID[business] == nil {
		return denied
	}
	if role, _ := m.standing(tc.cred, tc.hub); role != tiktokAdmin {
		return denied
	}
	return nil
}
