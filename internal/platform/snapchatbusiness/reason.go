package snapchatbusiness

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// vendor speaks of answers that are not Snap's.
var vendor = answer.Vendor{ID: Name, Name: "Snapchat"}

// refusal is Snap's no, of the whole request or of the one item in it, whatever
// the HTTP status it came with.
type refusal struct {
	operation string
	effect    answer.Effect
	status    int
	attempts  int
	throttle  time.Duration // more than 0 when Snap wants no calls for longer than the task has
	code      string        // "E3004", "" when there is none
	message   string
	requestID string
}

func (e *refusal) Error() string {
	text := fmt.Sprintf("%s: HTTP %d", e.operation, e.status)
	if e.code != "" {
		text += ", code " + e.code
	}
	if e.message != "" {
		text += ": " + e.message
	}
	return text
}

// sorted is a refusal of Snap's that a look at the organization has told more
// about: its codes say "no such entity or no permission" in one breath.
type sorted struct {
	reason hub.Reason
	detail string
	cause  error
}

func (e *sorted) Error() string { return fmt.Sprintf("%v (found to be %s)", e.cause, e.reason) }
func (e *sorted) Unwrap() error { return e.cause }

// partial is a task that takes several calls and failed in the middle. done says
// in whole sentences what the calls before did.
type partial struct {
	done string
	// changed: what is left is not what was there before. The engine then reads
	// before it tells anybody what is true.
	changed bool
	cause   error
}

func (e *partial) Error() string { return e.done + " " + e.cause.Error() }
func (e *partial) Unwrap() error { return e.cause }

// Explain implements hub.Connector.
func (c *Connector) Explain(err error) hub.Fault { return explain(err) }

func explain(err error) hub.Fault {
	var (
		part    *partial
		looked  *sorted
		own     *answer.Own
		refused *refusal
		bad     *answer.Bad
		lost    *answer.Lost
		token   *tokenError
	)
	switch {
	case errors.As(err, &part):
		f := explain(part.cause)
		f.Detail = strings.TrimSpace(part.done + " " + f.Detail)
		f.Uncertain = f.Uncertain || part.changed
		return f
	case errors.As(err, &looked):
		f := explain(looked.cause)
		f.Reason, f.Detail = looked.reason, looked.detail
		return f
	case errors.As(err, &own):
		return own.Fault
	case errors.Is(err, hub.ErrAbsent):
		return hub.Fault{Reason: hub.ReasonNotFound}
	case errors.As(err, &refused):
		return refused.fault()
	case errors.As(err, &bad) && (bad.Status == http.StatusUnauthorized || bad.Status == http.StatusTooManyRequests):
		f := vendor.Bad(bad)
		f.Reason, f.Detail = (&refusal{status: bad.Status}).reason()
		return f
	case errors.As(err, &lost) && lost.Ended == nil && errors.As(lost.Cause, &token):
		return lostFault(lost, token)
	default:
		return vendor.Explain(err)
	}
}

// The codes that decide something.
const (
	codeNotAvailable = "E3003" // "resource not found", and perhaps "no permission"
	codeNoEntity     = "E3004" // "no such entity or no permission"
	codeTooLarge     = "E9001"
)

var eCode = regexp.MustCompile(`\bE\d{4}\b`)

// errorCode finds Snap's error code. At the level of the request it has a field
// of its own; at the level of an item it is only in the text
// ("Error code: E3004, message: no such entity or no permission"), so the text
// it is, here and nowhere else.
//
// API: Snap, "API Patterns, Errors", https://developers.snap.com/api/marketing-api/Ads-API/api-patterns
func errorCode(texts ...string) string {
	for _, text := range texts {
		if code := eCode.FindString(strings.ToUpper(text)); code != "" {
			return code
		}
	}
	return ""
}

// ambiguous says that Snap may mean "not there" or "not yours": only the lists
// can tell which.
func ambiguous(err error) bool {
	var e *refusal
	return errors.As(err, &e) && e.ambiguous()
}

func (e *refusal) ambiguous() bool {
	switch {
	case e.status == http.StatusNotFound:
		return true
	case e.status == http.StatusUnauthorized, e.status == http.StatusForbidden, e.status == http.StatusTooManyRequests, e.status >= http.StatusInternalServerError:
		return false
	default:
		return e.code == codeNotAvailable || e.code == codeNoEntity
	}
}

// declined says that Snap answered and said no: to what was asked, and not for
// the credential, the pace or an outage. Nothing was done.
func declined(err error) bool {
	var e *refusal
	if errors.As(err, &e) {
		return declines(e.status)
	}
	var bad *answer.Bad // a gateway that does not know the method
	return errors.As(err, &bad) && bad.Status > 299 && declines(bad.Status)
}

func declines(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusTooManyRequests:
		return false
	case http.StatusNotImplemented:
		return true
	default:
		return status < http.StatusInternalServerError
	}
}

// overRule says that a write was declined and neither permission nor a missing
// entity is given as why: a rule of the platform's, about this value.
func overRule(err error) bool {
	var e *refusal
	return errors.As(err, &e) && declines(e.status) && !e.ambiguous() &&
		(e.status < 300 || e.status == http.StatusBadRequest || e.status == http.StatusConflict || e.status == http.StatusUnprocessableEntity)
}

func (e *refusal) fault() hub.Fault {
	f := hub.Fault{
		Code:      e.code,
		Message:   e.message,
		RequestID: e.requestID,
		Attempts:  e.attempts,
		Wait:      e.throttle,
		// Snap may have acted before it stumbled.
		Uncertain: e.effect != answer.Read && e.status >= http.StatusInternalServerError && e.status != http.StatusNotImplemented,
	}
	if f.Code == "" {
		f.Code = fmt.Sprintf("HTTP %d", e.status)
	}
	f.Reason, f.Detail = e.reason()
	return f
}

// reason sorts Snap's errors: by HTTP status from 400 on, below by the code of
// the item.
//
// API: Snap, "API Patterns, Errors", https://developers.snap.com/api/marketing-api/Ads-API/api-patterns
// and "Rate Limits", https://developers.snap.com/api/marketing-api/Ads-API/rate-limits; both list
// only some of the codes, the rest is from public clients.
func (e *refusal) reason() (hub.Reason, string) {
	switch {
	case e.status == http.StatusUnauthorized:
		return hub.ReasonUnauthenticated, "The access token is not valid, or not any more. Set client_id, client_secret and refresh_token so that roster can get a new one; if they are set, have an Organization Admin authorise the app anew."
	case e.status == http.StatusForbidden:
		return hub.ReasonForbidden, "The Snapchat user behind the token may not do this: it takes the role Organization Admin in this organization. Have an Organization Admin raise the role, or authorise the app as somebody who has it."
	case e.status == http.StatusNotFound:
		return hub.ReasonNotFound, "Snapchat shows no such thing to this token. Check the organization's id (Business Manager, Business Details), and that the token's user belongs to it."
	case e.status == http.StatusTooManyRequests:
		return hub.ReasonRateLimited, fmt.Sprintf("Snapchat limits the calls: %d a second for one token, %d for one app with all its users. Nothing was changed; apply again later.", callsASecond, appCallsASecond)
	case e.status == http.StatusMethodNotAllowed, e.status == http.StatusNotAcceptable, e.status == http.StatusGone, e.status == http.StatusTeapot, e.status == http.StatusNotImplemented:
		return hub.ReasonUnknown, "Snapchat does not take this call in this form. Check endpoint; if it is right, upgrade roster, or report it: the API has changed."
	case e.status >= http.StatusInternalServerError:
		return hub.ReasonUnavailable, "Snapchat reports a failure of its own. Apply again later."
	case e.code == codeNoEntity, e.code == codeNotAvailable:
		return hub.ReasonForbidden, "Snapchat says in one breath that there is no such thing and that the token's user may not touch it. Check that the user is Organization Admin in this organization."
	case e.code == codeTooLarge:
		return hub.ReasonUnknown, "Snapchat finds its answer too large, which it documents for statistics only. Report it: this is a fault of roster's."
	case e.status == http.StatusBadRequest, refusesValue(e.code):
		return hub.ReasonInvalidInput, "Snapchat does not accept a value of this call; what it says stands below."
	default:
		return hub.ReasonUnknown, ""
	}
}

// refusesValue says that the code is of the ranges that public clients saw on
// validation and on refusals of the server's own: E1xxx (unconfirmed), E2xxx and
// E4xxx.
func refusesValue(code string) bool {
	return strings.HasPrefix(code, "E1") || strings.HasPrefix(code, "E2") || strings.HasPrefix(code, "E4")
}

// lostFault sorts a call that got no access token, for another reason than that
// the caller's time was over: what the token endpoint said counts.
func lostFault(e *answer.Lost, token *tokenError) hub.Fault {
	f, call := token.fault(), vendor.Lost(e)
	f.Attempts, f.Wait, f.Uncertain = call.Attempts, max(call.Wait, f.Wait), call.Uncertain
	return f
}

// inspect is how transport reads an answer for trying again: by HTTP alone, but
// for how long a throttle lasts. A failure inside a 200 is final.
func (c *client) inspect(r *transport.Response) transport.Verdict {
	v := transport.ByStatus(r)
	if v.Kind == transport.Throttled {
		v.Wait = toldWait(r.Header, c.now())
	}
	return v
}

// longestReset bounds what one header can ask for.
const longestReset = 24 * time.Hour

// toldWait is how long a throttle lasts by its headers, 0 when they do not say.
// Snap documents neither: X-Rate-Limit-Reset, in seconds of Unix time, is what
// one public client reads (unconfirmed). The longer of the two counts.
func toldWait(h http.Header, now time.Time) time.Duration {
	wait, _ := transport.RetryAfter(h)
	if seconds, err := strconv.ParseInt(strings.TrimSpace(h.Get("X-Rate-Limit-Reset")), 10, 64); err == nil {
		// Compared before it is subtracted: nonsense must not overflow.
		switch latest := now.Add(longestReset); {
		case seconds > latest.Unix():
			wait = longestReset
		default:
			wait = max(wait, time.Unix(seconds, 0).Sub(now))
		}
	}
	return max(wait, 0)
}
