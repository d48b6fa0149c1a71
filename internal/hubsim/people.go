package hubsim

import (
	"fmt"
	"net/mail"
	"strings"
	"time"
)

// Status of a person as the platform knows it.
const (
	StatusActive   = "active"
	StatusInvited  = "invited"
	StatusExpired  = "expired"
	StatusDeclined = "declined"
	// StatusPendingApproval is an invitation a second administrator has not
	// approved yet: nobody was invited so far.
	StatusPendingApproval = "pending_approval"
	// StatusSuspended is somebody who keeps the seat and is switched off.
	StatusSuspended = "suspended"
)

// Person is the ground truth about somebody on a hub.
type Person struct {
	Email        string     `json:"email,omitempty"` // a platform may know no address
	PendingEmail string     `json:"pending_email,omitempty"`
	Name         string     `json:"name,omitempty"`
	Status       string     `json:"status"`
	Role         string     `json:"role"`
	ExtraRoles   []string   `json:"extra_roles,omitempty"`
	ID           string     `json:"id"`                      // of the seat, or of the invitation while there is no seat
	InvitationID string     `json:"invitation_id,omitempty"` // the invitation a seat came from
	ExpiresAt    *time.Time `json:"expires_at,omitempty"`    // of an invitation
}

// What people do in a platform's own screens.
const (
	ActInvite  = "invite"
	ActAccept  = "accept"
	ActDecline = "decline"
	ActExpire  = "expire"
	ActRemove  = "remove" // a seat or an invitation
	ActSetRole = "set_role"
	ActJoin    = "join" // becomes an active member at once, for setting a scene

	ActSuspend = "suspend" // switched off, and on again
	ActResume  = "resume"
	// ActSync has the platform read its app again, where it works from a copy.
	ActSync = "sync"

	// What administrators do about a change that waits for approval.
	ActApprove = "approve"
	ActReject  = "reject"
	ActRevoke  = "revoke" // the one who asked takes it back
)

// Act is one thing a person does outside Terraform.
type Act struct {
	Action     string   `json:"action"`
	Email      string   `json:"email,omitempty"` // whom it is about
	ID         string   `json:"id,omitempty"`    // instead of the e-mail, for people without one
	Role       string   `json:"role,omitempty"`
	Name       string   `json:"name,omitempty"`
	AcceptAs   string   `json:"accept_as,omitempty"`   // accept with an account under another address
	ExtraRoles []string `json:"extra_roles,omitempty"` // nil leaves them alone on set_role
}

func (a Act) who() string {
	if a.Email != "" {
		return a.Email
	}
	if a.ID != "" {
		return a.ID
	}
	return a.Name
}

// HubState is a simulated business without its people.
type HubState struct {
	Platform   string         `json:"platform"`
	BusinessID string         `json:"business_id"`
	Name       string         `json:"name"`
	Count      map[string]int `json:"count"` // people by status
}

func impossible(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrImpossible, fmt.Sprintf(format, args...))
}

// foldEmail is how platforms tell whether two addresses are the same person's.
func foldEmail(address string) string { return strings.ToLower(address) }

// validEmail accepts a bare address with a dotted domain. mail.ParseAddress
// alone would take "Ada <ada@x>" too.
func validEmail(address string) bool {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address {
		return false
	}
	_, domain, _ := strings.Cut(address, "@")
	return strings.Contains(domain, ".") && !strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".")
}
