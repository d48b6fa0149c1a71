package hubsim

import (
	"slices"
	"time"
)

// pinterestHub is a business. Its id is the id of its own Pinterest account.
type pinterestHub struct {
	hubBasics[pinterestSettings]
	account *pinterestAccount

	members ledger[*pinterestMember]
	sent    []*pinterestInvite
	// The truth, whatever the lists show yet.
	seats  map[string]*pinterestMember // by account id
	latest map[string]*pinterestInvite // by e-mail and username; closed ones included
	admins int

	limits pinterestLimits
}

// pinterestMember is an account's seat in one business.
type pinterestMember struct {
	account   *pinterestAccount
	entry     *entry[*pinterestMember]
	role      string
	assets    pinterestAssets
	createdAt time.Time
	createdBy *pinterestAccount
	from      *pinterestInvite

	// Until a role change shows, lists hold the role before it.
	roleBefore string
	roleShown  time.Time
}

// pinterestInvite is an invitation of a member.
type pinterestInvite struct {
	id        string
	hub       *pinterestHub
	entry     *entry[*pinterestInvite]
	email     string            // as it was given, unless a username was
	account   *pinterestAccount // whom Pinterest knew under what was given
	name      string            // known only to the simulation: the invitee's, once they accept
	role      string
	assets    pinterestAssets
	closed    string    // ACCEPTED, DECLINED or CANCELLED
	shut      time.Time // when lists begin to show that
	sentAt    time.Time
	updatedAt time.Time
	expiresAt time.Time
	createdBy *pinterestAccount
}

// API: Pinterest, OpenAPI document, schema BaseInviteDataResponse.
const (
	pinterestPending   = "PENDING"
	pinterestAccepted  = "ACCEPTED"
	pinterestDeclined  = "DECLINED"
	pinterestCancelled = "CANCELLED"
	pinterestExpired   = "EXPIRED"
)

func (i *pinterestInvite) status(now time.Time) string {
	switch {
	case i.closed != "":
		return i.closed
	case !now.Before(i.expiresAt):
		return pinterestExpired
	default:
		return pinterestPending
	}
}

// shown is the status as lists know it.
func (i *pinterestInvite) shown(now time.Time) string {
	switch {
	case i.closed != "" && !now.Before(i.shut):
		return i.closed
	case now.Before(i.expiresAt) || i.hub.settings.LateExpiry:
		return pinterestPending
	default:
		return pinterestExpired
	}
}

// handles are what the invited person can be called.
func (i *pinterestInvite) handles() []string {
	var all []string
	if i.email != "" {
		all = append(all, foldEmail(i.email))
	}
	if i.account != nil {
		all = append(all, i.account.username)
		if i.account.email != "" {
			all = append(all, foldEmail(i.account.email))
		}
	}
	return all
}

// appears is when a change made now begins to show.
func (h *pinterestHub) appears(now time.Time) time.Time {
	return now.Add(time.Duration(h.settings.VisibilityLag))
}

// seat looks a member up by e-mail, username or id.
func (s *pinterestSim) seat(h *pinterestHub, handle string) *pinterestMember {
	if m := h.seats[handle]; m != nil {
		return m
	}
	if a := s.accounts.find(handle); a != nil {
		return h.seats[a.id]
	}
	return nil
}

// invited looks the latest invitation of somebody up, by e-mail or username.
func (s *pinterestSim) invited(h *pinterestHub, handle string) *pinterestInvite {
	if i := h.latest[foldEmail(handle)]; i != nil {
		return i
	}
	// Invited by the one name, asked for by the other.
	if a := s.accounts.find(handle); a != nil {
		if i := h.latest[a.username]; i != nil {
			return i
		}
		return h.latest[foldEmail(a.email)] // "" is nobody's
	}
	return nil
}

// join adds a member. Invitations nobody can accept any more are forgotten.
func (h *pinterestHub) join(m *pinterestMember, now, shown time.Time) *pinterestMember {
	m.createdAt = now
	m.entry = h.members.add(m, shown)
	h.seats[m.account.id] = m
	for _, handle := range []string{m.account.username, foldEmail(m.account.email)} {
		if i := h.latest[handle]; i != nil && i.status(now) != pinterestPending {
			delete(h.latest, handle)
		}
	}
	if m.role == pinterestAdmin {
		h.admins++
	}
	return m
}

// leave ends a seat. The caller has made sure that it may.
func (h *pinterestHub) leave(m *pinterestMember, now time.Time) {
	if m.role == pinterestAdmin {
		h.admins--
	}
	delete(h.seats, m.account.id)
	h.members.remove(m.entry, h.appears(now), now)
}

func (h *pinterestHub) setRole(m *pinterestMember, role string, now time.Time) {
	if m.role == role {
		return
	}
	m.roleBefore, m.roleShown = m.shownRole(now), h.appears(now)
	m.role = role
	if role == pinterestAdmin {
		h.admins++
	} else {
		h.admins--
	}
}

func (m *pinterestMember) shownRole(now time.Time) string {
	if now.Before(m.roleShown) {
		return m.roleBefore
	}
	return m.role
}

func (h *pinterestHub) lastAdmin(m *pinterestMember) bool {
	return m.role == pinterestAdmin && h.admins == 1
}

// open sends an invitation. An earlier one to the same person stays in the list
// as long as its status does: an expired row beside a pending one.
func (s *pinterestSim) open(h *pinterestHub, i *pinterestInvite, now, shown time.Time) *pinterestInvite {
	i.id, i.hub = s.newID(pinterestInviteIDs), h
	i.sentAt, i.updatedAt = now, now
	i.expiresAt = now.Add(time.Duration(h.settings.InvitationLifetime))
	i.entry = s.sent.add(i, shown)
	h.sent = append(h.sent, i)
	for _, handle := range i.handles() {
		h.latest[handle] = i
	}
	s.invites[i.id] = i
	return i
}

// end closes an invitation. Lists leave it out by its status, once that shows;
// only a declined one is remembered among the people.
func (i *pinterestInvite) end(status string, now time.Time) {
	i.closed, i.updatedAt, i.shut = status, now, i.hub.appears(now)
	if status == pinterestDeclined {
		return
	}
	for _, handle := range i.handles() {
		if i.hub.latest[handle] == i {
			delete(i.hub.latest, handle)
		}
	}
}

// accept turns an invitation into a seat of the account.
func (i *pinterestInvite) accept(account *pinterestAccount, extra pinterestAssets, now time.Time) *pinterestMember {
	assets := pinterestAssets{}
	for _, given := range []pinterestAssets{i.assets, extra} {
		for id, permissions := range given {
			assets[id] = permissions
		}
	}
	i.end(pinterestAccepted, now)
	return i.hub.join(&pinterestMember{
		account: account, role: i.role, assets: assets, createdBy: i.createdBy, from: i,
	}, now, i.hub.appears(now))
}

// people is the ground truth: seats, then the current invitation of each person.
func (h *pinterestHub) people(now time.Time) []Person {
	people := make([]Person, 0, len(h.members.entries)+len(h.latest))
	for _, e := range h.members.entries {
		if m := e.value; h.seats[m.account.id] == m {
			people = append(people, m.person())
		}
	}
	for _, i := range h.sent {
		if i.current(now) {
			people = append(people, i.person(now))
		}
	}
	return people
}

// current says whether an invitation is part of the ground truth: a pending one
// always is, another while no later one took its place.
func (i *pinterestInvite) current(now time.Time) bool {
	if i.status(now) == pinterestPending {
		return true
	}
	return slices.ContainsFunc(i.handles(), func(handle string) bool { return i.hub.latest[handle] == i })
}

func (m *pinterestMember) person() Person {
	p := Person{
		Email: m.account.email, Name: m.account.username, Status: StatusActive,
		Role: m.role, ExtraRoles: m.assets.extraRoles(), ID: m.account.id,
	}
	if m.from != nil {
		p.InvitationID = m.from.id
	}
	return p
}

func (i *pinterestInvite) person(now time.Time) Person {
	expires := i.expiresAt
	p := Person{
		Email: i.email, Name: i.name, Role: i.role, ExtraRoles: i.assets.extraRoles(),
		ID: i.id, InvitationID: i.id, ExpiresAt: &expires,
	}
	if i.account != nil {
		p.Email, p.Name = i.account.email, i.account.username
	}
	switch status := i.status(now); status {
	case pinterestPending:
		p.Status = StatusInvited
	case pinterestExpired:
		p.Status = StatusExpired
	case pinterestDeclined:
		p.Status = StatusDeclined
	default: // an accepted or cancelled one is nobody's latest
		panic("hubsim: invitation " + i.id + " listed with status " + status)
	}
	return p
}
