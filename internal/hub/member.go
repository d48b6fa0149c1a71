package hub

import (
	"slices"
	"time"
)

// Status is where a person stands on a hub.
type Status string

// The statuses a member can have.
const (
	StatusActive          Status = "active"
	StatusInvited         Status = "invited"          // an invitation is out, not accepted yet
	StatusPendingApproval Status = "pending_approval" // a second administrator must approve first
	StatusExpired         Status = "expired"          // the invitation ran out
	StatusDeclined        Status = "declined"         // the person refused the invitation
	StatusSuspended       Status = "suspended"        // the seat is there but switched off
	StatusUnknown         Status = "unknown"          // the platform reports something the contract does not name
)

// Statuses lists every status, in a fixed order.
func Statuses() []Status {
	return []Status{StatusActive, StatusInvited, StatusPendingApproval, StatusExpired, StatusDeclined, StatusSuspended, StatusUnknown}
}

// Live says whether a member of this status has, or can still take, the seat
// without being invited anew.
func (s Status) Live() bool {
	return s != StatusExpired && s != StatusDeclined
}

// Pending says whether the seat is waiting for somebody: the invited person or
// an approver.
func (s Status) Pending() bool {
	return s == StatusInvited || s == StatusPendingApproval
}

// Member is a person's seat on a hub, or the invitation to one.
type Member struct {
	// ID is the platform's own id of the seat or of the invitation. It changes
	// when an invitation is accepted on platforms with two id spaces, and is
	// empty where an invitation has none. No two people of a hub may ever share
	// one, seats and invitations taken together: where the platform's two spaces
	// overlap, a connector makes the id tell them apart.
	ID string
	// Email as the platform reports it. The engine folds it. Empty when the
	// platform hides it: such a member can be shown but not matched.
	Email string
	// Username and Name are for showing people and, where a contract says so,
	// for matching somebody whose e-mail is hidden.
	Username string
	Name     string

	Status Status
	// Role is the primary role's id, "" while none is known. A role the
	// platform does not name in its contract is reported verbatim.
	Role string
	// Secondary holds the ids of the secondary roles, sorted.
	Secondary []string

	InvitedAt time.Time // zero when the platform does not say
	ExpiresAt time.Time // zero when it does not expire or the platform does not say

	// Awaiting is a change to this seat that a second administrator has still
	// to approve, nil when there is none. Role and Status stay what they are
	// until then. Somebody whose very invitation is held has the status
	// StatusPendingApproval instead.
	Awaiting *Awaiting
}

// Awaiting is a change that a second administrator has still to approve.
type Awaiting struct {
	Task      TaskKind // change_role or remove
	Role      string   // the primary role to be, for a role change
	ID        string   // the platform's id of the review
	ExpiresAt time.Time
}

func (a *Awaiting) String() string {
	if a.Task == TaskRemove {
		return "the removal (review " + a.ID + ")"
	}
	return "the role " + a.Role + " (review " + a.ID + ")"
}

// Wanted is the primary role m has, or will have once a second administrator
// has approved the change that waits.
func (m Member) Wanted() string {
	if m.Awaiting != nil && m.Awaiting.Task == TaskChangeRole {
		return m.Awaiting.Role
	}
	return m.Role
}

// HasRole says whether m holds the role, primary or secondary.
func (m Member) HasRole(id string) bool {
	return m.Role == id || slices.Contains(m.Secondary, id)
}

// Roles lists everything m holds, the primary role first.
func (m Member) Roles() []string {
	var roles []string
	if m.Role != "" {
		roles = append(roles, m.Role)
	}
	return append(roles, m.Secondary...)
}

// Label is how a message names m: by e-mail, else by name and id.
func (m Member) Label() string {
	switch {
	case m.Email != "":
		return m.Email
	case m.Username != "":
		return m.Username
	case m.Name != "":
		return m.Name + " (id " + m.ID + ")"
	default:
		return "id " + m.ID
	}
}

// Business is what a connection check found.
type Business struct {
	ID   string
	Name string
	// Notes are things a person should know that do not stop anything, as whole
	// sentences.
	Notes []string
	// Runbook is the platform whose screens a person uses for this business,
	// where that is another than the hub's own: "" otherwise.
	Runbook string
}

// Identity is who the connection acts as on a hub. Removing or demoting it
// locks roster out.
type Identity struct {
	MemberIDs []string // the platform's ids of its own seats, empty when it has none
	Email     string   // folded, "" when unknown
	Name      string
}

// Is says whether m is the connection itself.
func (i Identity) Is(m Member) bool {
	return m.ID != "" && slices.Contains(i.MemberIDs, m.ID) ||
		i.Email != "" && i.Email == FoldEmail(m.Email)
}
