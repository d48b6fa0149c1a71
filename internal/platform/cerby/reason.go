package cerby

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
)

// vendor speaks of answers that are not Cerby's.
var vendor = answer.Vendor{ID: Name, Name: "Cerby", RateLimited: detailRateLimited}

// refusal is Cerby's no to a call.
type refusal struct {
	operation string
	effect    answer.Effect
	status    int
	code      string
	message   string   // detail, else title, of the first error
	loc       []string // the place of a value that was refused
	attempts  int
	throttle  time.Duration // more than 0 when Cerby wants no calls for longer than was waited
	requestID string
	blocked   bool // a 403 without a word of Cerby's
}

func (e *refusal) Error() string {
	text := fmt.Sprintf("%s: %s", e.operation, e.code)
	if e.message != "" {
		text += ": " + e.message
	}
	if len(e.loc) > 0 {
		text += " (" + place(e.loc) + ")"
	}
	return text
}

// scopeError is a 401 to a key that works elsewhere.
type scopeError struct{ cause *refusal }

func (e *scopeError) Error() string { return "the API key works, and not for this: " + e.cause.Error() }
func (e *scopeError) Unwrap() error { return e.cause }

// presentError is an add that was throttled, and whose person turned out to be
// there when it was to be sent again.
type presentError struct {
	member hub.Member
	cause  error
}

func (e *presentError) Error() string {
	return fmt.Sprintf("%s is on the hub already (%s): %v", e.member.Label(), e.member.Status, e.cause)
}
func (e *presentError) Unwrap() error { return e.cause }

// notFound says that Cerby itself answered 404.
func notFound(err error) bool {
	var e *refusal
	return errors.As(err, &e) && e.status == http.StatusNotFound
}

// Explain implements hub.Connector.
func (c *Connector) Explain(err error) hub.Fault {
	var (
		own     *answer.Own
		failed  *jobError
		lost    *lostJobError
		present *presentError
		scope   *scopeError
		refused *refusal
	)
	switch {
	case errors.As(err, &own):
		return own.Fault
	case errors.As(err, &failed):
		return failed.fault()
	case errors.As(err, &lost):
		return lost.fault()
	case errors.As(err, &present):
		f := c.Explain(present.cause)
		f.Reason, f.Uncertain, f.Wait = hub.ReasonConflict, false, 0
		f.Detail = fmt.Sprintf("%s is on the hub already, with the role %s.", present.member.Label(), present.member.Role)
		return f
	case errors.As(err, &scope):
		f := scope.cause.fault()
		f.Reason, f.Detail = hub.ReasonForbidden, detailScope
		return f
	case errors.Is(err, hub.ErrAbsent):
		return hub.Fault{Reason: hub.ReasonNotFound}
	case errors.As(err, &refused):
		return refused.fault()
	default:
		return vendor.Explain(err)
	}
}

func (e *refusal) fault() hub.Fault {
	f := hub.Fault{Code: e.code, Message: e.message, RequestID: e.requestID, Attempts: e.attempts, Wait: e.throttle}
	f.Reason, f.Detail = e.reason()
	// Cerby may have acted before it stumbled. What it refuses, it did not do.
	f.Uncertain = e.effect != answer.Read && f.Reason == hub.ReasonUnavailable
	return f
}

const (
	detailKey = "Cerby does not accept the API key for this: it is wrong, expired or deleted, lacks a scope, or its user has no part in this hub. " + remedyKey

	detailScope = "The API key is good, and Cerby does not let it do this: it lacks a scope, or its user is not Owner of this hub. " + remedyKey

	remedyKey = "Make a key with the scopes " + requiredScopes + " (Settings > API keys in Cerby), as a user who is Owner of the hub and an admin of the workspace."

	detailBlocked = "The call was blocked before the API: the answer is not one of Cerby's, so it comes from the firewall in front of it or from a proxy on the way. " +
		"Let the calls of this machine through, or ask Cerby Support which of its rules stopped them."

	detailRateLimited = "Cerby takes no more calls for now and asks for five minutes of patience. roster holds all calls of this workspace meanwhile. " +
		"Apply again later, with a lower requests_per_minute when it happens often."
)

// reason sorts a refusal by its HTTP status alone: the codes beside it vary in
// case and form, and the texts are for people.
//
// API: Cerby developer portal, "Errors"
func (e *refusal) reason() (hub.Reason, string) {
	switch {
	case e.blocked:
		return hub.ReasonBlocked, detailBlocked
	case e.status == http.StatusUnauthorized:
		return hub.ReasonUnauthenticated, detailKey
	case e.status == http.StatusForbidden:
		return hub.ReasonForbidden, detailScope
	case e.status == http.StatusBadRequest && slices.Contains(e.loc, "entitlements"):
		return hub.ReasonInvalidRole, fmt.Sprintf("Cerby does not accept the roles that were sent (%s). roster_hub_roles lists those of this hub.", place(e.loc))
	case e.status == http.StatusBadRequest && len(e.loc) > 0:
		return hub.ReasonInvalidInput, fmt.Sprintf("Cerby does not accept a value that was sent: %s.", place(e.loc))
	case e.status == http.StatusBadRequest:
		return hub.ReasonInvalidInput, "Cerby does not accept a value of this call. Check business_id and the role."
	case e.status == http.StatusNotFound:
		return hub.ReasonNotFound, "Cerby knows no such hub or person, or hides them from this key. Check business_id, the id of the integration, and that the user of the API key is Owner of the hub."
	case e.status == http.StatusConflict:
		return hub.ReasonConflict, "Cerby reports a conflict with how things stand: the person may be on the hub already, or another task for them be under way. Look into the Automation Log, then apply again."
	case e.status == http.StatusTooManyRequests:
		return hub.ReasonRateLimited, detailRateLimited
	case e.status >= http.StatusInternalServerError:
		return hub.ReasonUnavailable, "Cerby reports a failure of its own. Apply again later."
	default:
		return hub.ReasonUnknown, ""
	}
}
