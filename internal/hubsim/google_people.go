package hubsim

import (
	"slices"
	"strings"
	"time"
)

// The roles. Billing is a role of the screens the API has no name for: such a
// user reads as UNKNOWN.
// API: Google Ads, AccessRoleEnum
const (
	googleEmailOnly = "EMAIL_ONLY"
	googleReadOnly  = "READ_ONLY"
	googleStandard  = "STANDARD"
	googleAdmin     = "ADMIN"
	googleBilling   = "BILLING"
	googleUnknown   = "UNKNOWN"
)

var googleRoles = []string{googleEmailOnly, googleReadOnly, googleStandard, googleAdmin}

func googleRoleShown(role string) string {
	if role == googleBilling {
		return googleUnknown
	}
	return role
}

// googleHub is a customer account.
type googleHub struct {
	hubBasics[googleSettings]

	users       ledger[*googleUser]
	invitations ledger[*googleInvitation]
	reviews     ledger[*googleReview]
	// The truth, whatever searches show yet. The maps by id hold what is gone too.
	userByEmail       map[string]*googleUser
	invitationByEmail map[string]*googleInvitation // the latest of an address, closed ones included
	userByID          map[string]*googleUser
	invitationByID    map[string]*googleInvitation
	reviewByID        map[string]*googleReview
	admins            int

	quotaUntil     time.Time
	quotaCalls     int
	transientCalls int
}

// googleUser is a CustomerUserAccess: somebody's direct access.
type googleUser struct {
	id          string
	hub         *googleHub
	entry       *entry[*googleUser]
	email, name string // the API has no names
	role        string
	shown       timeline[string] // the role searches show
	createdAt   time.Time
	inviter     string
	passkey     bool
	from        *googleInvitation
	review      *googleReview // the latest change asked for
}

// googleInvitation is a CustomerUserAccessInvitation.
type googleInvitation struct {
	id          string
	hub         *googleHub
	entry       *entry[*googleInvitation]
	email, name string
	role        string
	inviter     string
	createdAt   time.Time
	expiresAt   time.Time
	declined    bool
	accepted    bool
	review      *googleReview // the cancellation asked for
}

// API: Google Ads, AccessInvitationStatusEnum. There is no status for accepted.
const (
	googlePending  = "PENDING"
	googleDeclined = "DECLINED"
	googleExpired  = "EXPIRED"
)

// status is what the API says. An accepted invitation reads PENDING for as long
// as it is still listed.
func (i *googleInvitation) status(now time.Time) string {
	switch {
	case i.accepted:
		return googlePending
	case i.declined:
		return googleDeclined
	case !now.Before(i.expiresAt):
		return googleExpired
	default:
		return googlePending
	}
}

func (i *googleInvitation) open(now time.Time) bool {
	return !i.accepted && !i.gone() && i.status(now) == googlePending
}

func (u *googleUser) gone() bool       { return !u.entry.until.IsZero() }
func (i *googleInvitation) gone() bool { return !i.entry.until.IsZero() }

func (u *googleUser) resource() string {
	return "customers/" + u.hub.id + "/customerUserAccesses/" + u.id
}

func (i *googleInvitation) resource() string {
	return "customers/" + i.hub.id + "/customerUserAccessInvitations/" + i.id
}

// appears is when a change made now begins to show.
func (h *googleHub) appears(now time.Time) time.Time {
	return now.Add(time.Duration(h.settings.VisibilityLag))
}

func (g *googleSim) join(h *googleHub, u *googleUser, now, shown time.Time) *googleUser {
	u.id, u.hub, u.createdAt = g.newID(googleUserIDs), h, now
	u.passkey = u.role == googleAdmin
	u.entry = h.users.add(u, shown)
	u.shown.set(u.role, shown, now)
	h.userByID[u.id] = u
	if key := foldEmail(u.email); key != "" {
		h.userByEmail[key] = u
		if i := h.invitationByEmail[key]; i != nil && !i.open(now) {
			delete(h.invitationByEmail, key)
		}
	}
	if u.role == googleAdmin {
		h.admins++
	}
	return u
}

// leave ends an access. The caller has made sure it is not the last admin's.
func (h *googleHub) leave(u *googleUser, now time.Time) {
	if u.role == googleAdmin {
		h.admins--
	}
	if h.userByEmail[foldEmail(u.email)] == u {
		delete(h.userByEmail, foldEmail(u.email))
	}
	if u.review.pending(now) {
		u.review.closed = googleRevoked // there is nothing left to decide
	}
	h.users.remove(u.entry, h.appears(now), now)
}

func (h *googleHub) setRole(u *googleUser, role string, now time.Time) {
	if u.role == googleAdmin {
		h.admins--
	}
	if role == googleAdmin {
		h.admins++
	}
	u.role = role
	u.shown.set(role, h.appears(now), now)
}

// keepsLastAdmin refuses to take the last administrator's role away, by demotion
// too. An account that a manager owns has administrators elsewhere.
func (h *googleHub) keepsLastAdmin(u *googleUser) *googleError {
	switch {
	case u.role != googleAdmin || h.admins > 1:
		return nil
	case h.settings.Manager:
		return googleErr("customerUserAccessError", "LAST_ADMIN_USER_OF_MANAGER", "Cannot remove the last admin user of a manager account.")
	case len(h.settings.Managers) > 0 && h.settings.Owned:
		return nil
	default:
		return googleErr("customerUserAccessError", "LAST_ADMIN_USER_OF_SERVING_CUSTOMER", "Cannot remove the last admin user of the account: it has no owner manager.")
	}
}

// openInvitation opens an invitation; the address's closed one gives way.
func (g *googleSim) openInvitation(h *googleHub, i *googleInvitation, now, shown time.Time) *googleInvitation {
	i.id, i.hub = g.newID(googleInvitationIDs), h
	i.createdAt, i.expiresAt = now, now.Add(time.Duration(h.settings.InvitationLifetime))
	i.entry = h.invitations.add(i, shown)
	h.invitationByID[i.id] = i
	h.invitationByEmail[foldEmail(i.email)] = i
	return i
}

// withdraw ends an invitation: cancelled, or turned into an access.
func (h *googleHub) withdraw(i *googleInvitation, until, now time.Time) {
	if h.invitationByEmail[foldEmail(i.email)] == i {
		delete(h.invitationByEmail, foldEmail(i.email))
	}
	if i.review.pending(now) {
		i.review.closed = googleRevoked
	}
	h.invitations.remove(i.entry, until, now)
}

// accept turns an invitation into an access of its own, perhaps under another
// address. The invitation may stay listed as PENDING for a day.
func (g *googleSim) accept(h *googleHub, i *googleInvitation, email, name string, now time.Time) *googleUser {
	i.accepted = true
	until := now.Add(time.Duration(h.settings.DualPresence))
	if shown := h.appears(now); shown.After(until) {
		until = shown
	}
	h.withdraw(i, until, now)
	return g.join(h, &googleUser{email: email, name: name, role: i.role, inviter: i.inviter, from: i}, now, h.appears(now))
}

// notInvitable refuses an invitation Google would refuse whoever asks.
func (h *googleHub) notInvitable(email string, now time.Time) *googleError {
	local, domain, _ := strings.Cut(foldEmail(email), "@")
	refuse := func(value, message string) *googleError {
		return googleErr("accessInvitationError", value, "%s", message).about(email, "operation.create.email_address")
	}
	switch {
	case !validEmail(email):
		return refuse("INVALID_EMAIL_ADDRESS", "The email address is invalid.")
	case strings.Contains(local, "+"):
		return refuse("GOOGLE_CONSUMER_ACCOUNT_NOT_ALLOWED", "Google consumer account is not allowed.")
	case len(h.settings.AllowedDomains) > 0 && !slices.ContainsFunc(h.settings.AllowedDomains, func(d string) bool { return strings.EqualFold(d, domain) }):
		return refuse("EMAIL_DOMAIN_POLICY_VIOLATED", "The email domain is not allowed by the account's policy.")
	case h.userByEmail[foldEmail(email)] != nil:
		return refuse("EMAIL_ADDRESS_ALREADY_HAS_ACCESS", "Email address already has access to this customer.")
	}
	if i := h.invitationByEmail[foldEmail(email)]; i != nil && i.open(now) {
		return refuse("EMAIL_ADDRESS_ALREADY_HAS_PENDING_INVITATION", "Email address already has a pending invitation for this customer.")
	}
	if h.heldInvite(email, now) != nil {
		// Nobody can be invited while a review is open; what it is refused with
		// is not documented. Invitations have no better error.
		return refuse("EMAIL_ADDRESS_ALREADY_HAS_PENDING_INVITATION", "An invitation of this email address awaits approval.")
	}
	if open := h.invitations.count(func(e *entry[*googleInvitation]) bool { return e.value.open(now) }); open >= h.settings.PendingInvitations {
		e := refuse("PENDING_INVITATIONS_LIMIT_EXCEEDED", "Pending invitations reached the limit.")
		e.trigger = ""
		return e
	}
	return nil
}

// people is the ground truth: accesses, then the current invitation of each
// address, then invitations that await approval.
func (h *googleHub) people(now time.Time) []Person {
	people := make([]Person, 0, len(h.users.entries)+len(h.invitationByEmail))
	for _, e := range h.users.entries {
		if u := e.value; !u.gone() {
			people = append(people, u.person())
		}
	}
	for _, e := range h.invitations.entries {
		if i := e.value; h.invitationByEmail[foldEmail(i.email)] == i && (i.open(now) || h.heldInvite(i.email, now) == nil) {
			people = append(people, i.person(now))
		}
	}
	for _, e := range h.reviews.entries {
		if r := e.value; r.invites() && r.pending(now) {
			people = append(people, r.person())
		}
	}
	return people
}

func (u *googleUser) person() Person {
	p := Person{Email: u.email, Name: u.name, Status: StatusActive, Role: u.role, ID: u.id}
	if u.from != nil {
		p.InvitationID = u.from.id
	}
	return p
}

func (i *googleInvitation) person(now time.Time) Person {
	expires := i.expiresAt
	status := map[string]string{googlePending: StatusInvited, googleDeclined: StatusDeclined, googleExpired: StatusExpired}[i.status(now)]
	return Person{Email: i.email, Name: i.name, Status: status, Role: i.role, ID: i.id, InvitationID: i.id, ExpiresAt: &expires}
}

// anAdmin is an administrator to sign what is done by hand.
func (h *googleHub) anAdmin() string {
	for _, e := range h.users.entries {
		if u := e.value; u.role == googleAdmin && !u.gone() {
			return u.email
		}
	}
	return ""
}
