package hubsim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// StatusUnmatched is somebody with a seat in the app whose address no user of
// the Cerby workspace has. Only Cerby knows the like.
const StatusUnmatched = "unmatched"

// cerbyHub is an integration: one business of one app.
type cerbyHub struct {
	hubBasics[cerbySettings]
	sim       *cerbySim // the workspace it is in
	createdBy string
	createdAt time.Time
	updatedAt time.Time

	seats   []*cerbySeat          // in the order of the list
	byEmail map[string]*cerbySeat // by folded address
	churned int                   // how often churn took place
}

// cerbyUser is somebody in the workspace, on a hub or not.
type cerbyUser struct {
	id        string
	email     string
	name      string
	status    string
	guest     bool
	createdAt time.Time
	updatedAt time.Time
	text      string // what a search looks through, folded
}

// cerbySeat is what there is about one address on a hub: what the person holds
// in the app, and what Cerby's copy says of it.
type cerbySeat struct {
	email       string
	name        string
	user        *cerbyUser // nil: nobody in the workspace
	unmatchedID string
	app         cerbyHold
	copy        timeline[cerbyCopy]
}

// cerbyHold is what somebody holds by themselves; what a team gives them comes
// on top. entitlements is replaced, never written to.
type cerbyHold struct {
	present      bool
	entitlements []string // in the order of the app's
	accepted     bool     // the app's invitation
	owner        bool     // Cerby's role on the hub, not the app's
}

type cerbyCopy struct {
	cerbyHold
	matched bool // to a user of the workspace
}

func (c cerbyCopy) equal(other cerbyCopy) bool {
	return c.present == other.present && c.accepted == other.accepted && c.owner == other.owner && c.matched == other.matched &&
		slices.Equal(c.entitlements, other.entitlements)
}

// user finds somebody of the workspace by address. An address under one of the
// workspace's domains makes the user on the spot.
func (m *cerbySim) user(email string, now time.Time) *cerbyUser {
	if u := m.users[foldEmail(email)]; u != nil || !validEmail(email) {
		return u
	}
	_, domain, _ := strings.Cut(foldEmail(email), "@")
	for _, h := range m.order {
		for _, d := range h.settings.WorkspaceDomains {
			if d = strings.ToLower(d); domain == d || strings.HasSuffix(domain, "."+d) {
				return m.hire(email, "", now)
			}
		}
	}
	return nil
}

// hire makes a live user of the workspace, or finds the one there is.
func (m *cerbySim) hire(email, name string, now time.Time) *cerbyUser {
	key := foldEmail(email)
	u := m.users[key]
	if u == nil {
		u = &cerbyUser{id: fixedUUID("cerby user " + key), email: email, status: cerbyLive, createdAt: now, updatedAt: now}
		m.users[key], m.userIDs[u.id] = u, u
		m.roll = append(m.roll, u)
	}
	if u.name == "" || name != "" {
		u.rename(name)
	}
	return u
}

func (u *cerbyUser) rename(name string) {
	if name == "" {
		name, _, _ = strings.Cut(u.email, "@")
	}
	u.name = name
	u.text = strings.ToLower(name + "\n" + u.email)
}

// names are first and last name.
func cerbyNames(name string) (first, last string) {
	at := strings.LastIndex(name, " ")
	if at < 0 {
		return name, ""
	}
	return name[:at], name[at+1:]
}

// seat finds the seat of an address, or makes an empty one.
func (m *cerbySim) seat(h *cerbyHub, email string, now time.Time) *cerbySeat {
	s := h.byEmail[foldEmail(email)]
	if s == nil {
		s = &cerbySeat{email: email, unmatchedID: m.newID()}
		s.copy.set(cerbyCopy{}, now, now)
		h.seats = append(h.seats, s)
		h.byEmail[foldEmail(email)] = s
	}
	if s.user == nil {
		s.user = m.user(email, now)
	}
	return s
}

// remember carries what the app has into Cerby's copy, where it shows from a
// time on.
func (h *cerbyHub) remember(s *cerbySeat, shown, now time.Time) {
	next := cerbyCopy{cerbyHold: s.app, matched: s.user != nil}
	if !s.copy.truth().equal(next) {
		s.copy.set(next, shown, now)
		h.updatedAt = shown
	}
}

// appears is when a change made at a time begins to show.
func (h *cerbyHub) appears(at time.Time) time.Time {
	return at.Add(time.Duration(h.settings.VisibilityLag))
}

// team is the entitlement that a team gives an address, "" for none.
func (h *cerbyHub) team(s *cerbySeat) string { return h.settings.TeamGrants[foldEmail(s.email)] }

// combined adds what a team gives to what somebody holds by themselves: in an
// app with one primary each the more powerful one counts.
func (h *cerbyHub) combined(own []string, team string) []string {
	if team == "" {
		return own
	}
	all := own
	if !slices.Contains(own, team) {
		all = h.ordered(append(slices.Clone(own), team))
	}
	if h.settings.SeveralPrimaries {
		return all
	}
	highest := ""
	for _, id := range all {
		if h.settings.primary(id) {
			highest = id
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(id string) bool { return h.settings.primary(id) && id != highest })
}

// ordered sorts entitlements as the app does.
func (h *cerbyHub) ordered(ids []string) []string {
	slices.SortFunc(ids, func(a, b string) int { return cmp.Compare(h.settings.rank(a), h.settings.rank(b)) })
	return ids
}

// primaries counts the primary entitlements among ids.
func (h *cerbyHub) primaries(ids []string) int {
	n := 0
	for _, id := range ids {
		if h.settings.primary(id) {
			n++
		}
	}
	return n
}

// holds says whether somebody is in the app at all.
func (h *cerbyHub) holds(s *cerbySeat) bool {
	return s.app.present || s.user != nil && h.team(s) != ""
}

// known is what Cerby's copy has of a member now, shown yet or not: what a task
// is checked against.
func (h *cerbyHub) known(s *cerbySeat) (cerbyCopy, bool) {
	c := s.copy.truth()
	return c, h.isMember(s, c)
}

// shows is what the lists have of a member at a time.
func (h *cerbyHub) shows(s *cerbySeat, now time.Time) (cerbyCopy, bool) {
	c, shown := s.copy.at(now)
	return c, shown && h.isMember(s, c)
}

func (h *cerbyHub) isMember(s *cerbySeat, c cerbyCopy) bool {
	return c.present && c.matched || s.user != nil && h.team(s) != ""
}

// member finds a member by the user's id.
func (m *cerbySim) member(h *cerbyHub, id string) *cerbySeat {
	u := m.userIDs[id]
	if u == nil {
		return nil
	}
	return h.byEmail[foldEmail(u.email)]
}

// taken counts the seats of the app in use. Somebody who only shares the hub in
// Cerby has none.
func (h *cerbyHub) taken() int {
	n := 0
	for _, s := range h.seats {
		if h.holds(s) && len(h.combined(s.app.entitlements, h.team(s))) > 0 {
			n++
		}
	}
	return n
}

// lastAdmin says whether somebody is the app's only administrator. Invited ones
// do not count: they can do nothing yet.
func (h *cerbyHub) lastAdmin(s *cerbySeat) bool {
	admin := func(s *cerbySeat) bool {
		return s.app.present && s.app.accepted && slices.Contains(s.app.entitlements, h.settings.Admin)
	}
	return admin(s) && !slices.ContainsFunc(h.seats, func(other *cerbySeat) bool { return other != s && admin(other) })
}

// sync has Cerby read the app. A sync that would take out too large a share of
// the people is stopped and nothing of it applied.
// API: Cerby help center, the sync safeguard; the share is 20 % unless changed.
func (m *cerbySim) sync(h *cerbyHub, now time.Time) error {
	people, lost := 0, 0
	for _, s := range h.seats {
		if s.copy.truth().present {
			people++
			if !s.app.present {
				lost++
			}
		}
	}
	if lost*100 > h.settings.SafeguardPercent*people {
		return impossible("the sync safeguard: %d of %d people would go, more than %d %%", lost, people, h.settings.SafeguardPercent)
	}
	for _, s := range h.seats {
		s.user = m.user(s.email, now) // who came into the workspace since is matched
		h.remember(s, h.appears(now), now)
	}
	return nil
}

// staff does what the settings say of the workspace and its teams.
func (m *cerbySim) staff(h *cerbyHub, users bool, now time.Time) {
	if users {
		for _, seed := range h.settings.WorkspaceUsers {
			u := m.hire(seed.Email, seed.Name, now)
			u.status, u.guest, u.updatedAt = cmp.Or(seed.Status, cerbyLive), seed.Guest, now
		}
	}
	for email := range h.settings.TeamGrants {
		m.seat(h, email, now).user = m.hire(email, "", now)
	}
}

// people is the ground truth: everybody who holds something in the app.
func (h *cerbyHub) people(time.Time) []Person {
	people := make([]Person, 0, len(h.seats))
	for _, s := range h.seats {
		if h.holds(s) {
			people = append(people, h.person(s))
		}
	}
	return people
}

// person is the truth about one. Of several primary entitlements the most
// powerful is the role.
func (h *cerbyHub) person(s *cerbySeat) Person {
	p := Person{Email: s.email, Name: s.name, ID: s.unmatchedID, Status: StatusActive}
	for _, id := range h.combined(s.app.entitlements, h.team(s)) {
		if h.settings.primary(id) {
			if p.Role != "" {
				p.ExtraRoles = append(p.ExtraRoles, p.Role)
			}
			p.Role = id
		} else {
			p.ExtraRoles = append(p.ExtraRoles, id)
		}
	}
	slices.Sort(p.ExtraRoles)
	if s.user != nil {
		p.ID, p.Name = s.user.id, s.user.name
	}
	switch {
	case s.user == nil:
		p.Status = StatusUnmatched
	case s.user.status == cerbyDisabled:
		p.Status = StatusSuspended
	case s.app.present && !s.app.accepted:
		p.Status = StatusInvited
	}
	return p
}
