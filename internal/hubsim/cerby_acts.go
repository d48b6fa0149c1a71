package hubsim

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

func (m *cerbySim) addHub(seed HubSeed) error {
	if !cerbyID.MatchString(seed.BusinessID) {
		return fmt.Errorf("business_id %q is not a lower-case UUID", seed.BusinessID)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.vacant(seed.BusinessID); err != nil {
		return err
	}
	now := m.clock.Now()
	h := &cerbyHub{
		hubBasics: basics(seed, "Integration "+seed.BusinessID[:8], defaultCerbySettings()),
		sim:       m,
		createdBy: fixedUUID("cerby founder"), createdAt: now, updatedAt: now, byEmail: map[string]*cerbySeat{},
	}
	// Not the hub's own configure: that staffs at once, grants included.
	if err := seed.configure(h.hubBasics.configure, now); err != nil {
		return err
	}
	// Only those of the workspace are settled first: a team's grant makes a seat,
	// and the people seeded come before those in the list.
	grants := h.settings.TeamGrants
	h.settings.TeamGrants = nil
	_, users := seed.Settings["workspace_users"]
	m.staff(h, users, now)
	for _, p := range seed.People {
		if err := m.seed(h, p, now); err != nil {
			return fmt.Errorf("%s: %w", p.Email, err)
		}
	}
	h.settings.TeamGrants = grants
	m.staff(h, false, now)
	m.enlist(h.id, h)
	return nil
}

// seed puts somebody on a hub from the start, in the app and in Cerby's copy.
// Everybody but the unmatched is in the workspace by that.
func (m *cerbySim) seed(h *cerbyHub, seed PersonSeed, now time.Time) error {
	if seed.Role == generatedAdmin {
		seed.Role = h.settings.Admin
	}
	hold, err := h.grant(seed.Role, seed.ExtraRoles)
	if err != nil {
		return err
	}
	switch {
	case !validEmail(seed.Email):
		return fmt.Errorf("%q is not an e-mail address", seed.Email)
	case seed.PendingEmail != "":
		return errors.New("there is no pending_email in Cerby")
	case h.byEmail[foldEmail(seed.Email)] != nil:
		return errors.New("is there twice")
	}
	if seed.Status == StatusUnmatched {
		if m.user(seed.Email, now) != nil {
			return errors.New("is a user of the workspace, and so not unmatched")
		}
	} else {
		u := m.hire(seed.Email, seed.Name, now)
		if seed.Status == StatusSuspended {
			u.status = cerbyDisabled
		}
	}
	switch seed.Status {
	case "", StatusActive, StatusSuspended, StatusUnmatched:
		hold.accepted = true
	case StatusInvited:
	default:
		return fmt.Errorf("status %q is not one of active, suspended, invited, unmatched", seed.Status)
	}
	s := m.seat(h, seed.Email, now)
	s.name, s.app = seed.Name, hold
	h.remember(s, now, now)
	return nil
}

// cerbyNoRole is the role of somebody who shares a hub in Cerby as its Owner
// and has no seat in the app.
const cerbyNoRole = "none"

// grant reads role names as a seed or an act has them.
func (h *cerbyHub) grant(role string, extra []string) (cerbyHold, error) {
	hold := cerbyHold{present: true}
	if role == cerbyNoRole && len(extra) == 0 {
		hold.owner = true
		return hold, nil
	}
	if role == "" {
		i := slices.IndexFunc(h.settings.Entitlements, func(e cerbyEntitlement) bool { return e.Group == cerbyPrimary })
		role = h.settings.Entitlements[i].ID
	}
	if !h.settings.primary(role) {
		return hold, fmt.Errorf("role %q is no primary entitlement of the app, and not %q alone", role, cerbyNoRole)
	}
	ids := []string{role}
	for _, id := range extra {
		switch {
		case h.settings.entitlement(id) == nil:
			return hold, fmt.Errorf("extra role %q is no entitlement of the app", id)
		case slices.Contains(ids, id):
			return hold, fmt.Errorf("role %q is there twice", id)
		}
		ids = append(ids, id)
	}
	if h.primaries(ids) > 1 && !h.settings.SeveralPrimaries {
		return hold, fmt.Errorf("of %q only one primary at a time", ids)
	}
	hold.entitlements = h.ordered(ids)
	return hold, nil
}

// playable acts are of a person in the app's own screens, in their mailbox or,
// for suspend, resume and sync, in Cerby's web app.
func (m *cerbySim) playable() actTable[*cerbyHub] {
	return actTable[*cerbyHub]{
		ActJoin: m.actAdd, ActInvite: m.actAdd,
		ActAccept: m.actOn, ActDecline: m.actOn, ActExpire: m.actOn,
		ActRemove: m.actOn, ActSetRole: m.actOn, ActSuspend: m.actOn, ActResume: m.actOn,
		ActSync: m.actSync,
	}
}

func (m *cerbySim) actSync(h *cerbyHub, _ Act, now time.Time) (Person, error) {
	return Person{}, m.sync(h, now)
}

// actOn is about somebody who is there.
func (m *cerbySim) actOn(h *cerbyHub, a Act, now time.Time) (Person, error) {
	s := h.find(a)
	if s == nil || !h.holds(s) {
		return Person{}, impossible("nobody there")
	}
	was := h.person(s)
	switch a.Action {
	case ActSuspend, ActResume:
		// The workspace's own doing: no sync is needed.
		if err := s.suspend(a.Action == ActSuspend, now); err != nil {
			return Person{}, err
		}
		return h.person(s), nil
	case ActAccept, ActDecline, ActExpire:
		if !s.app.present || s.app.accepted {
			return Person{}, impossible("no open invitation")
		}
		if s.app.accepted = a.Action == ActAccept; !s.app.accepted {
			s.app = cerbyHold{}
		}
	case ActRemove:
		switch {
		case h.team(s) != "":
			return Person{}, impossible("the seat comes from a team")
		case h.settings.ProtectLastAdmin && h.lastAdmin(s):
			return Person{}, impossible("the last administrator")
		}
		s.app = cerbyHold{}
	case ActSetRole:
		if err := h.actSetRole(s, a); err != nil {
			return Person{}, err
		}
	}
	h.showAct(s, now)
	if h.holds(s) {
		return h.person(s), nil
	}
	return was, nil
}

// showAct takes what somebody did in the app into the copy, unless that waits
// for a sync.
func (h *cerbyHub) showAct(s *cerbySeat, now time.Time) {
	if h.settings.AutoSync {
		h.remember(s, h.appears(now), now)
	}
}

// find finds the seat an act is about, by address or id.
func (h *cerbyHub) find(a Act) *cerbySeat {
	if a.ID == "" {
		return h.byEmail[foldEmail(a.Email)]
	}
	i := slices.IndexFunc(h.seats, func(s *cerbySeat) bool {
		return s.user != nil && s.user.id == a.ID || s.user == nil && s.unmatchedID == a.ID
	})
	if i < 0 {
		return nil
	}
	return h.seats[i]
}

func (m *cerbySim) actAdd(h *cerbyHub, a Act, now time.Time) (Person, error) {
	hold, err := h.grant(a.Role, a.ExtraRoles)
	if err != nil {
		return Person{}, impossible("%v", err)
	}
	if !validEmail(a.Email) {
		return Person{}, impossible("%q is not an e-mail address", a.Email)
	}
	if s := h.byEmail[foldEmail(a.Email)]; s != nil && s.app.present {
		return Person{}, impossible("%s is there already", a.Email)
	}
	if a.Action == ActInvite && h.settings.Seats >= 0 && h.taken() >= h.settings.Seats {
		return Person{}, impossible("the app has no free seat")
	}
	hold.accepted = a.Action == ActJoin
	s := m.seat(h, a.Email, now)
	s.name, s.app = a.Name, hold
	if s.user != nil && a.Name != "" {
		s.user.rename(a.Name)
	}
	h.showAct(s, now)
	return h.person(s), nil
}

func (h *cerbyHub) actSetRole(s *cerbySeat, a Act) error {
	own := h.person(s)
	if a.Role == "" {
		a.Role = own.Role
	}
	if a.ExtraRoles == nil {
		a.ExtraRoles = slices.DeleteFunc(own.ExtraRoles, func(id string) bool { return id == a.Role })
	}
	hold, err := h.grant(a.Role, a.ExtraRoles)
	if err != nil {
		return impossible("%v", err)
	}
	if h.settings.ProtectLastAdmin && h.lastAdmin(s) && !slices.Contains(hold.entitlements, h.settings.Admin) {
		return impossible("the last administrator")
	}
	hold.accepted, hold.owner = s.app.accepted || !s.app.present, s.app.owner
	s.app = hold
	return nil
}

// suspend disables the person in the workspace, on every hub, or takes it back.
func (s *cerbySeat) suspend(off bool, now time.Time) error {
	switch {
	case s.user == nil:
		return impossible("nobody of the workspace")
	case (s.user.status == cerbyDisabled) == off:
		return impossible("the user is %s already", s.user.status)
	}
	s.user.status, s.user.updatedAt = cerbyLive, now
	if off {
		s.user.status = cerbyDisabled
	}
	return nil
}
