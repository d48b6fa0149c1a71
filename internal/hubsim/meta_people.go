package hubsim

import (
	"fmt"
	"strings"
	"time"
)

// metaHub is a business portfolio.
type metaHub struct {
	hubBasics[metaSettings]
	createdAt time.Time

	users    ledger[*metaUser]
	requests ledger[*metaRequest]
	// The truth, whatever the lists show yet.
	userByEmail    map[string]*metaUser
	requestByEmail map[string]*metaRequest // the latest invitation of an address, closed ones included
	admins         int

	inviteTimes    []time.Time // of the last day
	calls          int
	throttleUntil  time.Time
	throttleCalls  int
	transientCalls int
}

// metaUser is a BusinessUser: a person's seat in one business.
type metaUser struct {
	id    string
	hub   *metaHub
	entry *entry[*metaUser]
	metaGrantHolder

	name, firstName, lastName string
	title                     string
	email, pendingEmail       string // either may be empty
	from                      *metaRequest
}

// metaGrantHolder is what members and invitations share.
type metaGrantHolder struct {
	role  string
	extra []string
}

func (h metaGrantHolder) grant() metaGrant { return metaGrant{h.role, h.extra} }

// metaRequest is a BusinessRoleRequest: an invitation.
type metaRequest struct {
	id    string
	hub   *metaHub
	entry *entry[*metaRequest]
	metaGrantHolder

	email     string
	name      string // known only to the simulation: the invitee's, once they accept
	userTypes []string
	closed    string // ACCEPTED or DECLINED
	link      string
	createdAt time.Time
	updatedAt time.Time
	expiresAt time.Time
	createdBy metaActor
	updatedBy metaActor
}

// metaActor is who did something: {id, name}.
type metaActor struct{ id, name string }

// API: Meta, "Business Role Request" reference. It names the statuses in prose
// only ("accepted, declined, expired and so on").
const (
	metaPending  = "PENDING"
	metaAccepted = "ACCEPTED"
	metaDeclined = "DECLINED"
	metaLapsed   = "EXPIRED"
)

func (r *metaRequest) status(now time.Time) string {
	switch {
	case r.closed != "":
		return r.closed
	case !now.Before(r.expiresAt):
		return metaLapsed
	default:
		return metaPending
	}
}

func (u *metaUser) removed() bool    { return !u.entry.until.IsZero() }
func (r *metaRequest) removed() bool { return !r.entry.until.IsZero() }

// appears is when a change made now begins to show.
func (h *metaHub) appears(now time.Time) time.Time {
	return now.Add(time.Duration(h.settings.VisibilityLag))
}

// join adds a member.
func (m *metaSim) join(h *metaHub, u *metaUser, shown time.Time) *metaUser {
	u.id, u.hub = m.newID(metaUserIDs), h
	if u.name == "" && u.email != "" {
		u.name, _, _ = strings.Cut(u.email, "@")
	}
	if first, last, ok := strings.Cut(u.name, " "); ok {
		u.firstName, u.lastName = first, last
	}
	u.entry = h.users.add(u, shown)
	if key := foldEmail(u.email); key != "" {
		h.userByEmail[key] = u
		if r := h.requestByEmail[key]; r != nil && r.status(m.clock.Now()) != metaPending {
			delete(h.requestByEmail, key)
		}
	}
	if u.role == metaRoleAdmin {
		h.admins++
	}
	m.nodes[u.id] = metaNode{user: u}
	return u
}

// leave ends a seat. The caller has made sure it is not the last admin's.
func (h *metaHub) leave(u *metaUser, now time.Time) {
	if u.role == metaRoleAdmin {
		h.admins--
	}
	if h.userByEmail[foldEmail(u.email)] == u {
		delete(h.userByEmail, foldEmail(u.email))
	}
	h.users.remove(u.entry, h.appears(now), now)
}

// setGrant changes a member's roles. It returns false when that would leave the
// business without an administrator; system users deliberately do not count.
func (h *metaHub) setGrant(u *metaUser, g metaGrant) bool {
	switch was, is := u.role == metaRoleAdmin, g.base == metaRoleAdmin; {
	case was && !is:
		if h.admins == 1 {
			return false
		}
		h.admins--
	case !was && is:
		h.admins++
	}
	u.role, u.extra = g.base, g.extra
	return true
}

func (h *metaHub) lastAdmin(u *metaUser) bool { return u.role == metaRoleAdmin && h.admins == 1 }

// openRequest opens an invitation. A closed one to the same address gives way: it stays
// readable by id, but is no longer the address's invitation.
func (m *metaSim) openRequest(h *metaHub, r *metaRequest, now, shown time.Time) *metaRequest {
	r.id, r.hub = m.newID(metaRequestIDs), h
	r.createdAt, r.updatedAt = now, now
	r.expiresAt = now.Add(time.Duration(h.settings.InvitationLifetime))
	r.link = "https://business.facebook.com/invitation/?token=sim-secret-" + r.id
	if len(r.userTypes) == 0 {
		r.userTypes = []string{"FB"}
	}
	r.entry = h.requests.add(r, shown)
	h.requestByEmail[foldEmail(r.email)] = r
	m.nodes[r.id] = metaNode{request: r}
	return r
}

// withdraw ends an invitation: cancelled, or turned into a seat.
func (h *metaHub) withdraw(r *metaRequest, now time.Time) {
	if h.requestByEmail[foldEmail(r.email)] == r {
		delete(h.requestByEmail, foldEmail(r.email))
	}
	h.requests.remove(r.entry, h.appears(now), now)
}

// taken says why an address cannot be invited, "" when it can.
func (h *metaHub) taken(email string, now time.Time) string {
	key := foldEmail(email)
	if h.userByEmail[key] != nil {
		return "is already a member of this business"
	}
	if r := h.requestByEmail[key]; r != nil && r.status(now) == metaPending {
		return "has already been invited to this business"
	}
	return ""
}

// people is the ground truth: seats, then the current invitation of each address.
func (h *metaHub) people(now time.Time) []Person {
	people := make([]Person, 0, len(h.users.entries)+len(h.requestByEmail))
	for _, e := range h.users.entries {
		if u := e.value; !u.removed() {
			people = append(people, u.person())
		}
	}
	for _, e := range h.requests.entries {
		if r := e.value; h.requestByEmail[foldEmail(r.email)] == r {
			people = append(people, r.person(now))
		}
	}
	return people
}

func (u *metaUser) person() Person {
	p := Person{
		Email: u.email, PendingEmail: u.pendingEmail, Name: u.name,
		Status: StatusActive, Role: u.role, ExtraRoles: u.extra, ID: u.id,
	}
	if u.from != nil {
		p.InvitationID = u.from.id
	}
	return p
}

func (r *metaRequest) person(now time.Time) Person {
	expires := r.expiresAt
	p := Person{
		Email: r.email, Name: r.name, Role: r.role, ExtraRoles: r.extra,
		ID: r.id, InvitationID: r.id, ExpiresAt: &expires,
	}
	switch status := r.status(now); status {
	case metaPending:
		p.Status = StatusInvited
	case metaLapsed:
		p.Status = StatusExpired
	case metaDeclined:
		p.Status = StatusDeclined
	default: // an accepted request is withdrawn before anybody can list it
		panic(fmt.Sprintf("hubsim: invitation %s listed with status %s", r.id, status))
	}
	return p
}
