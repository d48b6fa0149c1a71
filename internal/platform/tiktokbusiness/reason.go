package tiktokbusiness

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// The codes that more than the error table asks for.
const (
	codeOK       = 0
	codePartial  = 20001 // done in part: success, to be read
	codeDenied   = 40001
	codeInvalid  = 40002
	codeNotFound = 40007
)

// vendor speaks of answers that are not TikTok's.
var vendor = answer.Vendor{ID: Name, Name: "TikTok"}

// refusal is TikTok's envelope with a code that is no success, whatever the HTTP
// status it came with.
type refusal struct {
	operation string
	effect    answer.Effect
	status    int
	attempts  int
	throttle  time.Duration // more than 0 when TikTok wants no calls for longer than the task has
	code      int64
	message   string
	requestID string
}

func (e *refusal) Error() string {
	return fmt.Sprintf("%s: HTTP %d, code %d: %s", e.operation, e.status, e.code, e.message)
}

// sorted is a refusal whose code says little, with what a look afterwards told.
type sorted struct {
	reason hub.Reason
	detail string
	cause  *refusal
}

func (e *sorted) Error() string { return e.detail + " TikTok answered: " + e.cause.Error() }
func (e *sorted) Unwrap() error { return e.cause }

// Explain implements hub.Connector.
func (c *Connector) Explain(err error) hub.Fault {
	var (
		own     *answer.Own
		looked  *sorted
		refused *refusal
	)
	switch {
	case errors.As(err, &own):
		return own.Fault
	case errors.As(err, &looked):
		f := looked.cause.fault()
		f.Reason, f.Detail = looked.reason, looked.detail
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
	f := hub.Fault{
		Code:      fmt.Sprint(e.code),
		Message:   e.message,
		RequestID: e.requestID,
		Attempts:  e.attempts,
		Wait:      e.throttle,
		// TikTok may have acted before it stumbled. What it refuses outright, a
		// throttle included, it did not do.
		Uncertain: e.effect != answer.Read && !throttles(e.code) && (transient(e.code) || e.status >= http.StatusInternalServerError),
	}
	f.Reason, f.Detail = e.reason()
	return f
}

// throttles says that a code counts too many calls: per app, per second, minute
// or day, per value of a field, per advertiser.
func throttles(code int64) bool {
	switch code {
	case 40016, 40100, 40132, 40133:
		return true
	default:
		return false
	}
}

// transient says that a code may pass: tasks and writes that got in each other's
// way, and everything that is TikTok's own fault. Which codes of the 5xxxx range
// the Business Center has is unconfirmed, so the range decides.
func transient(code int64) bool {
	switch code {
	case 40200, 40201, 40202, 40700:
		return true
	default:
		return code >= 50000 && code <= 59999
	}
}

// reason sorts TikTok's codes. The page of return codes cannot be read without
// an account; the meanings are those that public clients agree on.
//
// API: TikTok, "Appendix - Return Codes", document 1737172488964097.
func (e *refusal) reason() (hub.Reason, string) {
	switch {
	case throttles(e.code):
		return hub.ReasonRateLimited, "TikTok limits the calls of this developer app. Nothing was done; wait some minutes, or till tomorrow where the app's daily number is used up, and do not share the app with other tools."
	case transient(e.code):
		return hub.ReasonUnavailable, "TikTok reports a passing failure of its own. Apply again later; if it lasts, give TikTok's support the request id."
	}
	switch e.code {
	case codeDenied:
		return hub.ReasonForbidden, "The user behind the access token must have the role Admin in this Business Center, and the developer app must be approved for the Business Center permissions. Check both; if the app got the permission after the token was made, authorise the app again."
	case codeInvalid:
		return hub.ReasonInvalidInput, "TikTok does not accept a value of this call; its own words mostly say which. Check the e-mail address and the Business Center's id first."
	case codeNotFound:
		return hub.ReasonNotFound, "TikTok does not know this person or this Business Center, or not any more. Check the id of the Business Center, then sync."
	case 40101:
		return hub.ReasonUnauthenticated, "The id and the secret of the developer app do not fit together (any more). Check the app in TikTok's developer portal, authorise it again and set the new access token."
	case 40102:
		return hub.ReasonUnauthenticated, "The access token has expired. Authorise the developer app again and set the new access token."
	case 40104:
		return hub.ReasonUnauthenticated, "TikTok found no access token in the call. Set access_token; if it is set, a proxy on the way may drop the Access-Token header."
	case 40105:
		return hub.ReasonUnauthenticated, "The access token is wrong or was revoked. Have an Admin of the Business Center authorise the developer app again and set the new access token."
	case 40110, 40131:
		return hub.ReasonUnauthenticated, "The authorisation code behind the token is invalid or has expired; it can be used once, within minutes. Authorise the developer app again, exchange the new code and set the access token."
	}
	switch {
	case e.status >= http.StatusInternalServerError:
		return hub.ReasonUnavailable, ""
	case e.status == http.StatusTooManyRequests:
		return hub.ReasonRateLimited, ""
	default:
		// Another 4xxxx is the caller's error. Which one only TikTok's words say.
		return hub.ReasonUnknown, ""
	}
}

// inspect is how transport reads an answer for trying again. TikTok sends no
// retry header; a Retry-After that comes all the same is honoured by transport.
func inspect(r *transport.Response) transport.Verdict {
	e := envelopeIn(r.Body)
	switch {
	case e == nil:
	case throttles(*e.Code):
		return transport.Verdict{Kind: transport.Throttled}
	case transient(*e.Code):
		return transport.Verdict{Kind: transport.Transient}
	case *e.Code != codeOK && r.Status < http.StatusInternalServerError && r.Status != http.StatusTooManyRequests:
		return transport.Verdict{Kind: transport.Done}
	}
	return transport.ByStatus(r)
}
