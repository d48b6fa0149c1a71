package hubsim

import (
	"fmt"
	"slices"
	"strings"
)

// pinterestAccount is a Pinterest user: a person, or a business itself. It is
// the same in every business it belongs to.
type pinterestAccount struct {
	id       string
	username string
	email    string // may be empty: Pinterest shows none
}

// pinterestAccounts is every account, by what it can be called.
type pinterestAccounts struct {
	byID       map[string]*pinterestAccount
	byEmail    map[string]*pinterestAccount
	byUsername map[string]*pinterestAccount
}

func newPinterestAccounts() pinterestAccounts {
	return pinterestAccounts{
		byID: map[string]*pinterestAccount{}, byEmail: map[string]*pinterestAccount{}, byUsername: map[string]*pinterestAccount{},
	}
}

func (a pinterestAccounts) add(account *pinterestAccount) {
	a.byID[account.id] = account
	a.byUsername[account.username] = account
	if account.email != "" {
		a.byEmail[foldEmail(account.email)] = account
	}
}

// find looks an account up by what an invitation may name: an e-mail address or
// a username.
func (a pinterestAccounts) find(handle string) *pinterestAccount {
	if account := a.byEmail[foldEmail(handle)]; account != nil {
		return account
	}
	return a.byUsername[foldEmail(handle)]
}

// account returns the account of a person, made where there is none yet. The
// username is spelled from the name, or from the address: Pinterest shows no
// other name.
func (s *pinterestSim) account(email, name string) *pinterestAccount {
	if email != "" {
		if known := s.accounts.byEmail[foldEmail(email)]; known != nil {
			return known
		}
	}
	username := pinterestUsername(email, name)
	if known := s.accounts.byUsername[username]; known != nil && email == "" && username != "" {
		return known
	}
	account := &pinterestAccount{id: s.newID(pinterestAccountIDs), username: s.freeUsername(username), email: email}
	s.accounts.add(account)
	return account
}

// pinterestUsername makes "Ada Diaz" ada_diaz, and without a name
// ada@northwind.example ada_northwind.
func pinterestUsername(email, name string) string {
	if name == "" {
		local, domain, _ := strings.Cut(email, "@")
		label, _, _ := strings.Cut(domain, ".")
		name = strings.Trim(local+"_"+label, "_")
	}
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, strings.ToLower(name))
}

func (s *pinterestSim) freeUsername(wanted string) string {
	if wanted == "" {
		wanted = "pinner"
	}
	free := wanted
	for n := 2; s.accounts.byUsername[free] != nil; n++ {
		free = fmt.Sprintf("%s_%d", wanted, n)
	}
	return free
}

// pinterestUser is the wire's summary of an account. All of it can be null.
// API: Pinterest, OpenAPI document, schema BusinessAccessUserSummary.
type pinterestUser struct {
	ID       *string `json:"id"`
	Username *string `json:"username"`
	Email    *string `json:"email"`
}

func pinterestText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// user is an account as a business's answers show it; nil when the business's
// hidden setting takes the user as a whole away.
func (h *pinterestHub) user(a *pinterestAccount) *pinterestUser {
	if a == nil {
		return nil
	}
	u := &pinterestUser{pinterestText(a.id), pinterestText(a.username), pinterestText(a.email)}
	if h.hide(u, a.id, a.username, foldEmail(a.email)) {
		return nil
	}
	return u
}

// hide takes from a user what the setting says of one of its handles. It returns
// true when that is everything.
func (h *pinterestHub) hide(u *pinterestUser, handles ...string) (all bool) {
	for handle, fields := range h.settings.Hidden {
		if !slices.Contains(handles, foldEmail(handle)) {
			continue
		}
		for _, field := range fields {
			switch field {
			case "id":
				u.ID = nil
			case "username":
				u.Username = nil
			case "email":
				u.Email = nil
			case "user":
				*u, all = pinterestUser{}, true
			}
		}
	}
	return all
}
