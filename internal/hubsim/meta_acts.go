package hubsim

import (
	"errors"
	"fmt"
	"time"
)

func (m *metaSim) addHub(seed HubSeed) error {
	if !isDigits(seed.BusinessID) {
		return fmt.Errorf("business_id %q is not a string of digits", seed.BusinessID)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	h := &metaHub{
		hubBasics: basics(seed, "Business "+seed.BusinessID, defaultMetaSettings()), createdAt: m.clock.Now(),
		userByEmail: map[string]*metaUser{}, requestByEmail: map[string]*metaRequest{},
	}
	return m.found(h, seed, m.seat)
}

// seat puts somebody on a hub from the start, visible at once.
func (m *metaSim) seat(h *metaHub, p PersonSeed, now time.Time) error {
	role := p.Role
	switch role {
	case generatedAdmin:
		role = metaRoleAdmin
	case "":
		role = metaRoleEmployee
	}
	grant, err := h.grantNamed(role, p.ExtraRoles)
	if err != nil {
		return err
	}
	for _, email := range []string{p.Email, p.PendingEmail} {
		if email != "" && !validEmail(email) {
			return fmt.Errorf("%q is not an e-mail address", email)
		}
	}
	if p.Email != "" {
		if why := h.taken(p.Email, now); why != "" {
			return errors.New(why)
		}
	}
	holder := metaGrantHolder{grant.base, grant.extra}
	if p.Status == "" || p.Status == StatusActive {
		m.join(h, &metaUser{metaGrantHolder: holder, name: p.Name, email: p.Email, pendingEmail: p.PendingEmail}, now)
		return nil
	}
	if p.Email == "" || p.PendingEmail != "" {
		return errors.New("an invitation has an email and no pending_email")
	}
	r := m.openRequest(h, &metaRequest{metaGrantHolder: holder, email: p.Email, name: p.Name}, now, now)
	switch p.Status {
	case StatusInvited:
	case StatusDeclined:
		r.closed = metaDeclined
	case StatusExpired:
		r.expiresAt = now
	default:
		return fmt.Errorf("status %q is not one of active, invited, expired, declined", p.Status)
	}
	return nil
}

// playable acts are of a person in Business Manager's own screens, or in their
// mailbox.
func (m *metaSim) playable() actTable[*metaHub] {
	return actTable[*metaHub]{
		ActInvite: m.actAdd, ActJoin: m.actAdd,
		ActAccept: m.actAnswer, ActDecline: m.actAnswer, ActExpire: m.actAnswer,
		ActRemove: m.actChange, ActSetRole: m.actChange,
	}
}

func (m *metaSim) actAdd(h *metaHub, a Act, now time.Time) (Person, error) {
	role := a.Role
	if role == "" {
		role = metaRoleEmployee
	}
	grant, err := h.grantNamed(role, a.ExtraRoles)
	if err != nil {
		return Person{}, impossible("%v", err)
	}
	if a.Email == "" && a.Action == ActInvite {
		return Person{}, impossible("an invitation needs an email")
	}
	if a.Email != "" {
		if !validEmail(a.Email) {
			return Person{}, impossible("%q is not an e-mail address", a.Email)
		}
		if why := h.taken(a.Email, now); why != "" {
			return Person{}, impossible("%s", why)
		}
	}
	holder := metaGrantHolder{grant.base, grant.extra}
	if a.Action == ActJoin {
		return m.join(h, &metaUser{metaGrantHolder: holder, name: a.Name, email: a.Email}, h.appears(now)).person(), nil
	}
	r := m.openRequest(h, &metaRequest{metaGrantHolder: holder, email: a.Email, name: a.Name}, now, h.appears(now))
	return r.person(now), nil
}

// actAnswer is what becomes of an open invitation.
func (m *metaSim) actAnswer(h *metaHub, a Act, now time.Time) (Person, error) {
	r := h.requestByEmail[foldEmail(a.Email)]
	if a.ID != "" {
		r = m.nodes[a.ID].request
	}
	if r == nil || r.hub != h || r.removed() {
		return Person{}, impossible("no invitation")
	}
	if status := r.status(now); status != metaPending {
		return Person{}, impossible("the invitation is %s", status)
	}
	switch a.Action {
	case ActDecline:
		r.closed = metaDeclined
		return r.person(now), nil
	case ActExpire:
		r.expiresAt = now
		return r.person(now), nil
	}
	// Accepting: the account a person accepts with may have another address, and
	// the seat gets an id of its own.
	email := a.AcceptAs
	if email == "" {
		email = r.email
	}
	if !validEmail(email) {
		return Person{}, impossible("%q is not an e-mail address", email)
	}
	if h.userByEmail[foldEmail(email)] != nil {
		return Person{}, impossible("%s is a member already", email)
	}
	name := a.Name
	if name == "" {
		name = r.name
	}
	r.closed = metaAccepted
	h.withdraw(r, now)
	u := m.join(h, &metaUser{metaGrantHolder: r.metaGrantHolder, name: name, email: email, from: r}, h.appears(now))
	return u.person(), nil
}

// actChange changes or removes somebody who is there, seat or invitation.
func (m *metaSim) actChange(h *metaHub, a Act, now time.Time) (Person, error) {
	u, r := h.userByEmail[foldEmail(a.Email)], h.requestByEmail[foldEmail(a.Email)]
	if a.ID != "" {
		u, r = m.nodes[a.ID].user, m.nodes[a.ID].request
	}
	if u != nil && (u.hub != h || u.removed()) {
		u = nil
	}
	if r != nil && (r.hub != h || r.removed()) {
		r = nil
	}
	if u == nil && r == nil {
		return Person{}, impossible("nobody there")
	}
	if a.Action == ActRemove {
		if u == nil {
			was := r.person(now)
			h.withdraw(r, now)
			return was, nil
		}
		if h.lastAdmin(u) {
			return Person{}, impossible("the last admin")
		}
		was := u.person()
		h.leave(u, now)
		return was, nil
	}

	role, extra := a.Role, a.ExtraRoles
	current := &metaGrantHolder{}
	if u != nil {
		current = &u.metaGrantHolder
	} else {
		current = &r.metaGrantHolder
	}
	if role == "" {
		role = current.role
	}
	if extra == nil {
		extra = current.extra
	}
	grant, err := h.grantNamed(role, extra)
	if err != nil {
		return Person{}, impossible("%v", err)
	}
	if u == nil {
		if status := r.status(now); status != metaPending {
			return Person{}, impossible("the invitation is %s", status)
		}
		r.role, r.extra, r.updatedAt = grant.base, grant.extra, now
		return r.person(now), nil
	}
	if !h.setGrant(u, grant) {
		return Person{}, impossible("the last admin")
	}
	return u.person(), nil
}
