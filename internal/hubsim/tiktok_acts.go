package hubsim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

func (m *tiktokSim) addHub(seed HubSeed) error {
	if !tiktokID(seed.BusinessID) {
		return fmt.Errorf("business_id %q is not an id of up to 19 digits", seed.BusinessID)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	h := &tiktokHub{
		hubBasics: basics(seed, "Business Center "+seed.BusinessID, defaultTiktokSettings()),
		byEmail:   map[string]*tiktokPerson{}, byID: map[string]*tiktokPerson{},
	}
	return m.found(h, seed, m.seat)
}

// seat puts somebody on a hub from the start, visible at once and regardless of
// the caps.
func (m *tiktokSim) seat(h *tiktokHub, seed PersonSeed, now time.Time) error {
	if seed.Role == generatedAdmin {
		seed.Role = tiktokAdmin
	}
	role, finance, err := tiktokGrant(seed.Role, seed.ExtraRoles)
	if err != nil {
		return err
	}
	switch {
	case !validEmail(seed.Email):
		return fmt.Errorf("%q is not an e-mail address", seed.Email)
	case seed.PendingEmail != "":
		return errors.New("there is no pending_email on TikTok")
	case h.byEmail[foldEmail(seed.Email)] != nil:
		return errors.New("is there twice")
	}
	if seed.Status == "" || seed.Status == StatusActive {
		m.bind(h, nil, tiktokRow{name: seed.Name, email: seed.Email, role: role, finance: finance}, now, now)
		return nil
	}
	p := h.open(seed.Email, seed.Name, role, finance, now, now)
	row := p.row.truth()
	switch seed.Status {
	case StatusInvited:
	case StatusExpired:
		row.expiresAt = now
	case StatusDeclined:
		row.status = tiktokRejected
	default:
		return fmt.Errorf("status %q is not one of active, invited, expired, declined", seed.Status)
	}
	h.put(p, row, now, now)
	return nil
}

// tiktokGrant reads role names as a seed or an act has them.
func tiktokGrant(role string, extra []string) (base, finance string, err error) {
	if base = role; base == "" {
		base = tiktokStandard
	}
	if !slices.Contains(tiktokUserRoles, base) {
		return "", "", fmt.Errorf("role %q is not one of %q", base, tiktokUserRoles)
	}
	for _, e := range extra {
		name, prefixed := strings.CutPrefix(e, tiktokFinancePrefix)
		if !prefixed || !slices.Contains(tiktokFinanceRoles, name) {
			return "", "", fmt.Errorf("extra role %q is neither finance:MANAGER nor finance:ANALYST", e)
		}
		if finance != "" {
			return "", "", errors.New("only one finance role at a time")
		}
		finance = name
	}
	return base, finance, nil
}

// playable acts are of a person in Business Center's own screens, or in their
// mailbox.
func (m *tiktokSim) playable() actTable[*tiktokHub] {
	return actTable[*tiktokHub]{
		ActInvite: m.actAdd, ActJoin: m.actAdd,
		ActAccept: m.actAnswer, ActDecline: m.actAnswer, ActExpire: m.actAnswer,
		ActRemove: m.actChange, ActSetRole: m.actChange,
	}
}

func (m *tiktokSim) actAdd(h *tiktokHub, a Act, now time.Time) (Person, error) {
	role, finance, err := tiktokGrant(a.Role, a.ExtraRoles)
	if err != nil {
		return Person{}, impossible("%v", err)
	}
	if !validEmail(a.Email) {
		return Person{}, impossible("%q is not an e-mail address", a.Email)
	}
	p, row := h.find(a.Email)
	if row.taken(now) {
		return Person{}, impossible("%s is a member or invited already", a.Email)
	}
	if a.Action == ActJoin {
		row = tiktokRow{name: a.Name, email: a.Email, role: role, finance: finance}
		return m.bind(h, p, row, h.appears(now), now).person(now), nil
	}
	people, admins := h.room(now)
	if people < 1 || role == tiktokAdmin && admins < 1 {
		return Person{}, impossible("the Business Center is full")
	}
	return h.open(a.Email, a.Name, role, finance, h.appears(now), now).person(now), nil
}

// who finds the person an act is about, by address or user_id.
func (h *tiktokHub) who(a Act) (*tiktokPerson, tiktokRow) {
	if a.ID == "" {
		return h.find(a.Email)
	}
	if p := h.byID[a.ID]; p != nil {
		return p, p.row.truth()
	}
	return nil, tiktokRow{}
}

// actAnswer is what becomes of an open invitation.
func (m *tiktokSim) actAnswer(h *tiktokHub, a Act, now time.Time) (Person, error) {
	p, row := h.who(a)
	if p == nil || row.status != tiktokPending || row.lapsed(now) {
		return Person{}, impossible("no open invitation")
	}
	switch a.Action {
	case ActDecline:
		row.status = tiktokRejected
		return h.put(p, row, h.appears(now), now).person(now), nil
	case ActExpire:
		row.expiresAt = now
		return h.put(p, row, now, now).person(now), nil
	}
	// The TikTok account somebody accepts with may have another address.
	if email := a.AcceptAs; email != "" && foldEmail(email) != foldEmail(row.email) {
		if !validEmail(email) {
			return Person{}, impossible("%q is not an e-mail address", email)
		}
		if h.byEmail[foldEmail(email)] != nil {
			return Person{}, impossible("%s is there already", email)
		}
		row.email = email
	}
	if a.Name != "" {
		row.name = a.Name
	}
	return m.bind(h, p, row, h.appears(now), now).person(now), nil
}

// actChange changes or removes somebody who is there, seat or invitation.
func (m *tiktokSim) actChange(h *tiktokHub, a Act, now time.Time) (Person, error) {
	p, row := h.who(a)
	if p == nil || row.status == tiktokUnbound || row.status == tiktokRejected {
		return Person{}, impossible("nobody there")
	}
	if a.Action == ActRemove {
		if h.lastAdmin(row) {
			return Person{}, impossible("the last admin")
		}
		h.leave(p, h.appears(now), now)
		return row.person(now), nil
	}
	if row.status != tiktokBound {
		return Person{}, impossible("an invitation cannot be changed")
	}
	if a.Role == "" {
		a.Role = row.role
	}
	role, finance, err := tiktokGrant(a.Role, a.ExtraRoles)
	if err != nil {
		return Person{}, impossible("%v", err)
	}
	if a.ExtraRoles == nil {
		finance = row.finance
	}
	if role != tiktokAdmin && h.lastAdmin(row) {
		return Person{}, impossible("the last admin")
	}
	if _, admins := h.room(now); role == tiktokAdmin && row.role != tiktokAdmin && admins < 1 {
		return Person{}, impossible("the Business Center has all the admins it may have")
	}
	row.role, row.finance = role, finance
	h.put(p, row, h.appears(now), now)
	return row.person(now), nil
}
