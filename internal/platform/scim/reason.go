package scim

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
)

// The values of scimType that roster looks at (RFC 7644, section 3.12).
const (
	kindUniqueness   = "uniqueness"
	kindMutability   = "mutability"
	kindInvalidValue = "invalidValue"
	kindInvalidVers  = "invalidVers"
	kindTooMany      = "tooMany"
	kindSensitive    = "sensitive"
)

// refusal is an answer that is not 2xx.
type refusal struct {
	operation string
	effect    answer.Effect
	task      hub.TaskKind // what the write was for, "" for reads
	status    int
	attempts  int
	throttle  time.Duration // more than 0 when the app wants no calls for longer than the task has
	requestID string
	kind      string // scimType
	message   string // the app's words, or the beginning of the body; secrets masked
}

func (e *refusal) Error() string {
	return strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", e.operation, e.code(), e.message), ": ")
}

func (e *refusal) code() string {
	return strings.TrimSpace(fmt.Sprintf("HTTP %d %s", e.status, e.kind))
}

func (e *refusal) is(kind string) bool { return strings.EqualFold(e.kind, kind) }

// goneError is a user who is not there any more.
type goneError struct {
	member hub.Member
	cause  error
}

func (e *goneError) Error() string {
	return fmt.Sprintf("%s is not in the app any more: %v", e.member.Label(), e.cause)
}
func (e *goneError) Unwrap() error { return e.cause }

// unreadError is a write that the app accepted and whose effect could not be
// read.
type unreadError struct{ cause error }

func (e *unreadError) Error() string {
	return "the app accepted the change, and its effect could not be read: " + e.cause.Error()
}
func (e *unreadError) Unwrap() error { return e.cause }

// foundError is a failure that says more in roster's words than in the app's.
type foundError struct {
	reason hub.Reason
	detail string
	cause  error
}

func (e *foundError) Error() string { return e.detail + " " + e.cause.Error() }
func (e *foundError) Unwrap() error { return e.cause }

// Explain implements hub.Connector.
func (c *Connector) Explain(err error) hub.Fault {
	var (
		own    *answer.Own
		gone   *goneError
		found  *foundError
		unread *unreadError
	)
	switch {
	case errors.As(err, &own):
		return own.Fault
	case errors.As(err, &gone):
		f := c.answered(gone.cause)
		f.Reason, f.Uncertain = hub.ReasonNotFound, false
		f.Detail = gone.member.Label() + " is not in the app any more, or not under this id."
		return f
	case errors.As(err, &found):
		f := c.answered(found.cause)
		f.Reason, f.Detail, f.Uncertain = found.reason, found.detail, false
		return f
	case errors.As(err, &unread):
		f := c.answered(unread.cause)
		f.Uncertain = true
		return f
	case errors.Is(err, hub.ErrAbsent):
		return hub.Fault{Reason: hub.ReasonNotFound}
	default:
		return c.answered(err)
	}
}

// answered sorts an error of the client.
func (c *Connector) answered(err error) hub.Fault {
	var refused *refusal
	if !errors.As(err, &refused) {
		return c.vendor.Explain(err)
	}
	f := hub.Fault{
		Code: refused.code(), Message: refused.message, RequestID: refused.requestID,
		Attempts: refused.attempts, Wait: refused.throttle,
	}
	f.Reason, f.Detail = refused.reason()
	// The app may have acted before it stumbled. What it refuses, it did not do.
	f.Uncertain = refused.effect != answer.Read && f.Reason == hub.ReasonUnavailable
	return f
}

// Words that stand in several places.
const (
	detailRateLimited = "The app asks for fewer calls. Its limit may be shared by everything that uses its SCIM API. Apply again later."
	detailToken       = "The app does not accept the token: it may be wrong, expired or revoked. Make a new SCIM token in the app's administration screens and set it as token."
	detailSeats       = "The app says that no seat or licence is left. Free one or buy one in the app, then apply again."
)

// reason sorts a refusal by its HTTP status, then by its scimType, which is
// missing more often than not.
//
// API: RFC 7644, "HTTP Status and Error Response Handling", section 3.12; contract
// section 9
func (e *refusal) reason() (hub.Reason, string) {
	if e.outOfSeats() {
		return hub.ReasonSeatLimit, detailSeats
	}
	switch {
	case e.status == http.StatusTooManyRequests:
		return hub.ReasonRateLimited, detailRateLimited
	case e.status == http.StatusUnauthorized:
		return hub.ReasonUnauthenticated, detailToken
	case e.status == http.StatusForbidden && e.task == "":
		return hub.ReasonForbidden, "The token may not read people through the app's SCIM API. Give it the rights, or use one that has them."
	case e.status == http.StatusForbidden:
		return hub.ReasonForbidden, "The token may not do this, or the app protects this person: the owner of an app, for one, can seldom be changed through SCIM. Do it in the app, or give the token the rights."
	case e.conflict() && e.task == hub.TaskAdd:
		// The engine has looked by then: these words are for the name that nobody
		// who is shown has.
		return hub.ReasonConflict, "The app says that this user name or address is taken, and shows nobody who has it: a deactivated or deleted account that its list hides holds it. " +
			"Restore that account in the app, or have it erased for good, then apply again."
	case e.conflict():
		return hub.ReasonUnknown, "The app reports a conflict with another change, and did not do this one. Apply again: the refresh reads what is true now."
	case e.status == http.StatusPreconditionFailed, e.is(kindInvalidVers):
		return hub.ReasonUnknown, "Somebody else changed this person meanwhile, so the app did not do this. Apply again: the refresh reads what is true now."
	case e.status == http.StatusNotFound:
		return hub.ReasonNotFound, "The app knows no such address. Check base_url: it ends where /Users begins, and some apps have one for each directory or organisation."
	case e.is(kindMutability):
		return hub.ReasonUnsupported, "The app does not let SCIM set this."
	case e.status == http.StatusMethodNotAllowed, e.status == http.StatusNotImplemented:
		return hub.ReasonUnsupported, "The app's SCIM API has no such call."
	case e.status == http.StatusRequestEntityTooLarge:
		return hub.ReasonUnknown, "The app finds the request too large."
	case e.status == http.StatusBadRequest, e.status == http.StatusUnprocessableEntity:
		return e.invalid()
	case e.status >= http.StatusInternalServerError:
		return hub.ReasonUnavailable, "The app reports a failure of its own. Apply again later."
	case e.status >= 300 && e.status <= 399:
		return hub.ReasonUnknown, "The app points at another address for this call, and roster does not follow with a write. Check base_url."
	default:
		return hub.ReasonUnknown, ""
	}
}

// invalid sorts a value that the app does not take.
func (e *refusal) invalid() (hub.Reason, string) {
	switch {
	case e.is(kindTooMany):
		return hub.ReasonUnknown, "The app finds that there is too much to list."
	case e.task == "":
		return hub.ReasonUnknown, "The app does not understand the request. Check base_url and profile."
	case e.task == hub.TaskRemove:
		return hub.ReasonForbidden, "The app refuses to take this person's access: owners and last administrators are often protected, and some apps cannot switch an account off through SCIM (see remove_mode)."
	case e.task == hub.TaskChangeRole && e.is(kindInvalidValue):
		return hub.ReasonInvalidRole, "The app does not accept the role."
	case e.task == hub.TaskAdd:
		return hub.ReasonInvalidInput, "The app does not accept a value: the address, the name (some want display_name), or a role that it does not know."
	default:
		return hub.ReasonInvalidInput, "The app does not accept this in any of the ways roster knows to write it. It may also protect this person, as apps do with owners."
	}
}

// conflict says that a name is taken. Some use 400 for it, and GitLab 412.
func (e *refusal) conflict() bool {
	return e.status == http.StatusConflict ||
		e.status == http.StatusBadRequest && e.is(kindUniqueness) ||
		e.status == http.StatusPreconditionFailed && e.task == hub.TaskAdd
}

// outOfSeats says that an add was refused for want of a seat. SCIM has no code
// for it: two statuses mean it by themselves (402, 507), and beside them there
// is the app's text and nothing else. Plain talk of a licence is not enough: it
// is also how apps say that SCIM costs extra.
//
// API: contract sections 5 and 9. The bodies in the test are those of real apps.
func (e *refusal) outOfSeats() bool {
	if e.task != hub.TaskAdd || e.is(kindUniqueness) {
		return false
	}
	switch e.status {
	case http.StatusPaymentRequired, http.StatusInsufficientStorage:
		return true
	case http.StatusBadRequest, http.StatusForbidden, http.StatusUnprocessableEntity:
		return seatWords.MatchString(e.message)
	default:
		return false
	}
}

// seatWords: seats, or a licence or users beside a word for an end reached.
var seatWords = regexp.MustCompile(`(?i)([^a-z]|^)seats?([^a-z]|$)` +
	`|licen[cs]e[a-z_]*[ _-].{0,40}(limit|exceed|reached|exhausted|remaining|left)` +
	`|(limit|exceed[a-z]*|no|enough|insufficient|more)[ _-]([a-z]+[ _-]){0,3}licen[cs]es?` +
	`|(user|member)s?[ _-]?(limit|count|cap)[ _-].{0,40}(reached|exceed)`)

// nextForm says that the app did not understand how the change was written, so
// that another form may do. What it refuses for what it is stays refused.
func (e *refusal) nextForm() bool {
	switch e.status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		for _, kind := range []string{kindUniqueness, kindMutability, kindTooMany, kindSensitive, kindInvalidVers} {
			if e.is(kind) {
				return false
			}
		}
		return !e.outOfSeats()
	case http.StatusMethodNotAllowed, http.StatusNotImplemented, http.StatusUnsupportedMediaType:
		return true
	default:
		return false
	}
}

// noPatch says that the app has no PATCH at all.
func (e *refusal) noPatch() bool {
	return e.status == http.StatusMethodNotAllowed || e.status == http.StatusNotImplemented
}
