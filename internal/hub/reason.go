package hub

// Reason is why a task failed, from a closed list. Each one earns its place by
// needing other words for a person than the rest; a failure that needs no words
// of its own is ReasonUnknown, which is honest.
type Reason string

// The closed list of reasons.
const (
	ReasonUnsupported        Reason = "unsupported"         // the platform's API has no such task
	ReasonUnauthenticated    Reason = "unauthenticated"     // the credential is missing, wrong, expired or revoked
	ReasonForbidden          Reason = "forbidden"           // the credential is good but may not do this here
	ReasonNotFound           Reason = "not_found"           // the person or the business is not there
	ReasonConflict           Reason = "conflict"            // the person is there already, in a way roster cannot adopt
	ReasonInvalidInput       Reason = "invalid_input"       // the platform refused a value
	ReasonInvalidRole        Reason = "invalid_role"        // the platform does not know the role, or not for this person
	ReasonSeatLimit          Reason = "seat_limit"          // no seat or invitation is left
	ReasonLastAdmin          Reason = "last_admin"          // the last administrator would go
	ReasonSelfLockout        Reason = "self_lockout"        // the connection would remove or demote itself
	ReasonAwaitingApproval   Reason = "awaiting_approval"   // a second administrator must approve
	ReasonAwaitingAcceptance Reason = "awaiting_acceptance" // the person must accept the invitation first
	ReasonRateLimited        Reason = "rate_limited"        // the platform asks to wait longer than the task may
	ReasonBlocked            Reason = "blocked"             // the platform stopped this kind of action as abuse
	ReasonSecondFactor       Reason = "second_factor"       // the platform wants a second factor for this action
	ReasonUnavailable        Reason = "unavailable"         // the platform is down or cannot be reached
	ReasonOutcomeUnknown     Reason = "outcome_unknown"     // the write went out and no answer told what became of it
	ReasonTimeout            Reason = "timeout"             // the task's own time was over
	ReasonCancelled          Reason = "cancelled"           // somebody stopped the run
	ReasonSafeguard          Reason = "safeguard"           // a guard of roster's own said no
	ReasonUnknown            Reason = "unknown"             // none of the above
)

// Reasons lists every reason, in a fixed order.
func Reasons() []Reason {
	return []Reason{
		ReasonUnsupported, ReasonUnauthenticated, ReasonForbidden, ReasonNotFound, ReasonConflict,
		ReasonInvalidInput, ReasonInvalidRole, ReasonSeatLimit, ReasonLastAdmin, ReasonSelfLockout,
		ReasonAwaitingApproval, ReasonAwaitingAcceptance, ReasonRateLimited, ReasonBlocked,
		ReasonSecondFactor, ReasonUnavailable, ReasonOutcomeUnknown, ReasonTimeout, ReasonCancelled,
		ReasonSafeguard, ReasonUnknown,
	}
}
