package hubsim

import (
	"errors"
	"fmt"
	"time"
)

func (s *pinterestSim) addHub(seed HubSeed) error {
	if !pinterestBusinessID.MatchString(seed.BusinessID) {
		return fmt.Errorf("business_id %q is not a string of 1 to 20 digits", seed.BusinessID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts.byID[seed.BusinessID] != nil { // of a business or of a person
		return errors.New("is there already")
	}
	now := s.clock.Now()
	h := &pinterestHub{
		hubBasics: basics(seed, "Business "+seed.BusinessID, defaultPinterestSettings()),
		seats:     map[string]*pinterestMember{},
		latest:    map[string]*pinterestInvite{},
	}
	if err := seed.configure(h.configure, now); err != nil {
		return err
	}
	h.account = &pinterestAccount{id: h.id, username: s.freeUsername(pinterestUsername("", h.name))}
	s.accounts.add(h.account)
	for _, p := range seed.People {
		if err := s.settle(h, p, now); err != nil {
			return fmt.Errorf("%s%s: %w", p.Email, p.Name, err)
		}
	}
	s.enlist(h.id, h)
	return nil
}

// settle puts somebody on a hub from the start, visible at once. A member
// without an e-mail is one whose address Pinterest does not show.
func (s *pinterestSim) settle(h *pinterestHub, p PersonSeed, now time.Time) error {
	role, err := pinterestRoleNamed(p.Role)
	if err != nil {
		return err
	}
	assets, err := parsePinterestAssets(p.ExtraRoles)
	if err != nil {
		return err
	}
	switch {
	case p.PendingEmail != "":
		return errors.New("pending_email is not a thing of this platform")
	case p.Email == "" && p.Name == "":
		return errors.New("an email or a name, which is the username, is required")
	case p.Email != "" && !validEmail(p.Email):
		return fmt.Errorf("%q is not an e-mail address", p.Email)
	}
	if p.Status == "" || p.Status == StatusActive {
		account := s.account(p.Email, p.Name)
		if h.seats[account.id] != nil {
			return errors.New("is already a member of this business")
		}
		h.join(&pinterestMember{account: account, role: role, assets: assets}, now, now)
		return nil
	}
	if p.Email == "" {
		return errors.New("an invitation has an email")
	}
	if why := s.taken(h, p.Email, now); why != "" {
		return errors.New(why)
	}
	i := s.open(h, &pinterestInvite{
		email: p.Email, account: s.accounts.find(p.Email), name: p.Name, role: role, assets: assets,
	}, now, now)
	switch p.Status {
	case StatusInvited:
	case StatusDeclined:
		i.end(pinterestDeclined, now)
		i.shut = now
	case StatusExpired:
		i.expiresAt = now
	default:
		return fmt.Errorf("status %q is not one of active, invited, expired, declined", p.Status)
	}
	return nil
}

// taken says why somebody cannot be invited, "" when they can.
func (s *pinterestSim) taken(h *pinterestHub, handle string, now time.Time) string {
	if s.seat(h, handle) != nil {
		return "is already a member of this business"
	}
	if i := s.invited(h, handle); i != nil && i.status(now) == pinterestPending {
		return "has already been invited to this business"
	}
	return ""
}

// playable acts are of a person in Business Manager's own screens, or in their
// mailbox.
func (s *pinterestSim) playable() actTable[*pinterestHub] {
	return actTable[*pinterestHub]{
		ActInvite: s.actAdd, ActJoin: s.actAdd,
		ActAccept: s.actAnswer, ActDecline: s.actAnswer, ActExpire: s.actAnswer,
		ActRemove: s.actChange, ActSetRole: s.actChange,
	}
}

func (s *pinterestSim) actAdd(h *pinterestHub, a Act, now time.Time) (Person, error) {
	role, err := pinterestRoleNamed(a.Role)
	if err != nil {
		return Person{}, impossible("%v", err)
	}
	assets, err := parsePinterestAssets(a.ExtraRoles)
	if err != nil {
		return Person{}, impossible("%v", err)
	}
	handle := a.Email
	if handle == "" {
		handle = pinterestUsername("", a.Name)
	}
	if handle == "" || (a.Email != "" && !validEmail(a.Email)) {
		return Person{}, impossible("%q is not an e-mail address, and no name was given", a.Email)
	}
	if why := s.taken(h, handle, now); why != "" {
		return Person{}, impossible("%s", why)
	}
	if a.Action == ActJoin {
		m := h.join(&pinterestMember{account: s.account(a.Email, a.Name), role: role, assets: assets}, now, h.appears(now))
		return m.person(), nil
	}
	account := s.accounts.find(handle)
	if a.Email == "" && account == nil {
		return Person{}, impossible("nobody has the username %s", handle)
	}
	i := s.open(h, &pinterestInvite{email: a.Email, account: account, name: a.Name, role: role, assets: assets}, now, h.appears(now))
	return i.person(now), nil
}

// whose finds the seat and the invitation an act is about.
func (s *pinterestSim) whose(h *pinterestHub, a Act) (*pinterestMember, *pinterestInvite) {
	if a.ID != "" {
		i := s.invites[a.ID]
		if i != nil && i.hub != h {
			i = nil
		}
		return h.seats[a.ID], i
	}
	handle := a.Email
	if handle == "" {
		handle = pinterestUsername("", a.Name)
	}
	return s.seat(h, handle), s.invited(h, handle)
}

// actAnswer is what becomes of an open invitation.
func (s *pinterestSim) actAnswer(h *pinterestHub, a Act, now time.Time) (Person, error) {
	_, i := s.whose(h, a)
	if i == nil {
		return Person{}, impossible("no invitation")
	}
	if status := i.status(now); status != pinterestPending {
		return Person{}, impossible("the invitation is %s", status)
	}
	switch a.Action {
	case ActDecline:
		i.end(pinterestDeclined, now)
		return i.person(now), nil
	case ActExpire:
		i.expiresAt = now
		return i.person(now), nil
	}
	account, name := i.account, a.Name
	if name == "" {
		name = i.name
	}
	switch {
	case a.AcceptAs != "" && !validEmail(a.AcceptAs):
		return Person{}, impossible("%q is not an e-mail address", a.AcceptAs)
	case a.AcceptAs != "": // whoever follows the link, with an account of their own
		account = s.account(a.AcceptAs, name)
	case account == nil:
		account = s.account(i.email, name)
	}
	if h.seats[account.id] != nil {
		return Person{}, impossible("%s is a member already", account.username)
	}
	return i.accept(account, nil, now).person(), nil
}

// actChange changes or removes somebody who is there, seat or invitation.
func (s *pinterestSim) actChange(h *pinterestHub, a Act, now time.Time) (Person, error) {
	m, i := s.whose(h, a)
	switch {
	case m == nil && (i == nil || !i.current(now)):
		return Person{}, impossible("nobody there")
	case m == nil && a.Action == ActSetRole:
		return Person{}, impossible("an invitation's role cannot be changed")
	case m == nil:
		was := i.person(now)
		i.end(pinterestCancelled, now)
		return was, nil
	case a.Action == ActRemove:
		if h.lastAdmin(m) {
			return Person{}, impossible("the last %s", pinterestAdmin)
		}
		was := m.person()
		h.leave(m, now)
		return was, nil
	}
	role, assets := m.role, m.assets
	var err error
	if a.Role != "" {
		if role, err = pinterestRoleNamed(a.Role); err != nil {
			return Person{}, impossible("%v", err)
		}
	}
	if a.ExtraRoles != nil {
		if assets, err = parsePinterestAssets(a.ExtraRoles); err != nil {
			return Person{}, impossible("%v", err)
		}
	}
	if role != pinterestAdmin && h.lastAdmin(m) {
		return Person{}, impossible("the last %s", pinterestAdmin)
	}
	h.setRole(m, role, now)
	m.assets = assets
	return m.person(), nil
}
