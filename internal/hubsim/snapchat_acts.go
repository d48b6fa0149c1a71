package hubsim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

func (m *snapchatSim) addHub(seed HubSeed) error {
	if !snapchatID.MatchString(seed.BusinessID) {
		return fmt.Errorf("business_id %q is not a lower-case UUID", seed.BusinessID)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	h := &snapchatHub{
		hubBasics: basics(seed, "Organization "+seed.BusinessID[:8], defaultSnapchatSettings()), createdAt: m.clock.Now(),
		adAccount: m.newID(), catalog: m.newID(), byEmail: map[string]*snapchatMember{},
	}
	if err := m.found(h, seed, m.seat); err != nil {
		return err
	}
	m.adAccounts[h.adAccount] = h
	return nil
}

// seat puts somebody on a hub from the start, visible at once.
func (m *snapchatSim) seat(h *snapchatHub, seed PersonSeed, now time.Time) error {
	if seed.Role == generatedAdmin {
		seed.Role = snapchatAdmin
	}
	grants, err := snapchatGrants(seed.Role, seed.ExtraRoles)
	if err != nil {
		return err
	}
	row := snapchatRow{name: seed.Name, status: snapchatInvited}
	switch seed.Status {
	case "", StatusActive:
		row.status, row.username = snapchatActive, snapchatUsername(seed.Email)
	case StatusInvited:
	case StatusDeclined:
		row.status = snapchatDeclined
	case StatusExpired:
		row.status = snapchatExpired
	default:
		return fmt.Errorf("status %q is not one of active, invited, expired, declined", seed.Status)
	}
	switch {
	case !validEmail(seed.Email):
		return fmt.Errorf("%q is not an e-mail address", seed.Email)
	case seed.PendingEmail != "":
		return errors.New("there is no pending_email on Snapchat")
	case h.byEmail[foldEmail(seed.Email)] != nil:
		return errors.New("is there twice")
	}
	m.grantAll(m.enrol(h, seed.Email, row, now, now), grants, now, now)
	return nil
}

// snapchatGrant is a role by its container.
type snapchatGrant struct {
	container *snapchatContainer
	kind      string
}

// snapchatGrants reads role names as a seed or an act has them: "none" for no
// organization role, "adaccount:reports" and "catalog:catalog_admin" beside it.
func snapchatGrants(role string, extra []string) ([]snapchatGrant, error) {
	var grants []snapchatGrant
	if role == "" {
		role = snapchatPlainMember
	}
	if role != snapchatNoRole {
		if !slices.Contains(snapchatOrganizationRoles, role) {
			return nil, fmt.Errorf("role %q is not one of %q or %q", role, snapchatOrganizationRoles, snapchatNoRole)
		}
		grants = append(grants, snapchatGrant{snapchatOrganization, role})
	}
	for _, e := range extra {
		found := false
		for _, c := range []*snapchatContainer{snapchatAdAccount, snapchatCatalog} {
			if kind, prefixed := strings.CutPrefix(e, c.prefix); prefixed && slices.Contains(c.roles, kind) {
				grants, found = append(grants, snapchatGrant{c, kind}), true
			}
		}
		if !found {
			return nil, fmt.Errorf("extra role %q is neither adaccount:<role> nor catalog:<role>", e)
		}
	}
	return grants, nil
}

func (m *snapchatSim) grantAll(p *snapchatMember, grants []snapchatGrant, shown, now time.Time) {
	for _, g := range grants {
		m.grant(p, g.container, g.kind, shown, now)
	}
}

// playable acts are of a person in Business Manager's own screens, or in their
// mailbox.
func (m *snapchatSim) playable() actTable[*snapchatHub] {
	return actTable[*snapchatHub]{
		ActInvite: m.actAdd, ActJoin: m.actAdd,
		ActAccept: m.actOn, ActDecline: m.actOn, ActExpire: m.actOn,
		ActRemove: m.actOn, ActSetRole: m.actOn,
	}
}

// actOn is about somebody who is there, seat or invitation.
func (m *snapchatSim) actOn(h *snapchatHub, a Act, now time.Time) (Person, error) {
	p := h.byEmail[foldEmail(a.Email)]
	if a.ID != "" {
		p = m.members[a.ID]
	}
	if p == nil || p.hub != h || p.row.truth().status == snapchatGone {
		return Person{}, impossible("nobody there")
	}
	switch a.Action {
	case ActRemove:
		if p.lastAdmin() {
			return Person{}, impossible("the last admin")
		}
		was := p.person(now)
		m.expel(p, h.appears(now), now)
		return was, nil
	case ActSetRole:
		return m.actSetRole(p, a, now)
	default:
		return m.actAnswer(p, a, now)
	}
}

func (m *snapchatSim) actAdd(h *snapchatHub, a Act, now time.Time) (Person, error) {
	grants, err := snapchatGrants(a.Role, a.ExtraRoles)
	if err != nil {
		return Person{}, impossible("%v", err)
	}
	if !validEmail(a.Email) {
		return Person{}, impossible("%q is not an e-mail address", a.Email)
	}
	if p := h.byEmail[foldEmail(a.Email)]; p != nil && h.wireStatus(p.row.truth(), now) != snapchatGone {
		return Person{}, impossible("%s is a member or invited already", a.Email)
	}
	row := snapchatRow{name: a.Name, status: snapchatInvited}
	if a.Action == ActJoin {
		row.status, row.username = snapchatActive, snapchatUsername(a.Email)
	}
	p := m.enrol(h, a.Email, row, h.appears(now), now)
	m.grantAll(p, grants, h.appears(now), now)
	return p.person(now), nil
}

// actAnswer is what becomes of an open invitation. It is accepted with the
// Snapchat account of the invited address, and the seat keeps the id.
func (m *snapchatSim) actAnswer(p *snapchatMember, a Act, now time.Time) (Person, error) {
	row := p.row.truth()
	if row.current(now) != snapchatInvited {
		return Person{}, impossible("no open invitation")
	}
	switch a.Action {
	case ActDecline:
		row.status = snapchatDeclined
	case ActExpire:
		row.status = snapchatExpired
	default:
		if a.AcceptAs != "" && foldEmail(a.AcceptAs) != foldEmail(p.email) {
			return Person{}, impossible("the invitation to %s needs the account of that address", p.email)
		}
		row.status, row.username, row.expiresAt = snapchatActive, snapchatUsername(p.email), time.Time{}
		if a.Name != "" {
			row.name = a.Name
		}
	}
	row.updatedAt = now
	p.row.set(row, p.hub.appears(now), now)
	return p.person(now), nil
}

// actSetRole replaces the organization role, and the others where they are given.
func (m *snapchatSim) actSetRole(p *snapchatMember, a Act, now time.Time) (Person, error) {
	if current := p.row.truth().current(now); current == snapchatDeclined || current == snapchatExpired {
		return Person{}, impossible("the invitation is %s", strings.ToLower(current))
	}
	keep := a.Role == "" // the organization role stays
	if keep {
		a.Role = snapchatNoRole
	}
	grants, err := snapchatGrants(a.Role, a.ExtraRoles)
	if err != nil {
		return Person{}, impossible("%v", err)
	}
	if !keep && a.Role != snapchatAdmin && p.lastAdmin() {
		return Person{}, impossible("the last admin")
	}
	shown := p.hub.appears(now)
	for _, r := range slices.Clone(p.roles) {
		if primary := r.container == snapchatOrganization; primary && !keep || !primary && a.ExtraRoles != nil {
			m.revoke(r, shown, now)
		}
	}
	m.grantAll(p, grants, shown, now)
	return p.person(now), nil
}
