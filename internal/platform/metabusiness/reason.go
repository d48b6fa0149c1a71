package metabusiness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// refusal is Graph's error object, whatever the HTTP status it came with.
type refusal struct {
	operation string
	effect    effect
	status    int
	attempts  int
	throttle  time.Duration // more than 0 when Meta wants no calls for longer than the task has
	graph     graphError
}

func (e *refusal) Error() string {
	return fmt.Sprintf("%s: HTTP %d, code %s: %s", e.operation, e.status, e.code(), e.graph.text())
}

// code is how Meta's support and its documents write an error.
func (e *refusal) code() string {
	if e.graph.Subcode != 0 {
		return fmt.Sprintf("%d/%d", e.graph.Code, e.graph.Subcode)
	}
	return fmt.Sprint(e.graph.Code)
}

// badAnswer is an answer that is not what Graph promises: a proxy's page, JSON
// cut short, a 200 that does not say what was done.
type badAnswer struct {
	operation string
	effect    effect
	status    int
	attempts  int
	throttle  time.Duration
	requestID string
	problem   string
	excerpt   string // the beginning of the body, secrets masked
	refused   bool   // it does say that nothing was done
}

func (e *badAnswer) Error() string {
	text := fmt.Sprintf("%s: HTTP %d: %s", e.operation, e.status, e.problem)
	if e.excerpt != "" {
		text += fmt.Sprintf(" (it begins %q)", e.excerpt)
	}
	return text
}

// lostCall is a request without an answer. ended is how the caller's own time
// ended, nil when it had not.
type lostCall struct {
	effect effect
	ended  error
	cause  error // transport's
}

func (e *lostCall) Error() string { return e.cause.Error() }
func (e *lostCall) Unwrap() error { return e.cause }

// fault is a refusal of the connector's own, already in roster's words.
type fault struct{ hub.Fault }

func (e *fault) Error() string { return e.Detail }

func unsupported(detail string) error {
	return &fault{hub.Fault{Reason: hub.ReasonUnsupported, Detail: detail}}
}

// presentError is an invitation refused for somebody who is on the hub.
type presentError struct {
	member hub.Member
	cause  error
}

func (e *presentError) Error() string {
	return fmt.Sprintf("%s is on the hub already (%s): %v", e.member.Label(), e.member.Status, e.cause)
}
func (e *presentError) Unwrap() error { return e.cause }

// Explain implements hub.Connector.
func (c *Connector) Explain(err error) hub.Fault {
	var (
		own     *fault
		present *presentError
		refused *refusal
		bad     *badAnswer
		lost    *lostCall
	)
	switch {
	case err == nil:
		return hub.Fault{Reason: hub.ReasonUnknown}
	case errors.As(err, &own):
		return own.Fault
	case errors.As(err, &present):
		f := hub.Fault{Reason: hub.ReasonUnknown}
		if errors.As(present.cause, &refused) {
			f = refused.fault()
		}
		f.Reason = hub.ReasonConflict
		f.Detail = fmt.Sprintf("%s is on the hub already (%s, role %s), so Meta took no new invitation.", present.member.Label(), present.member.Status, present.member.Role)
		return f
	case errors.Is(err, hub.ErrAbsent):
		return hub.Fault{Reason: hub.ReasonNotFound}
	case errors.As(err, &refused):
		return refused.fault()
	case errors.As(err, &bad):
		return bad.fault()
	case errors.As(err, &lost):
		return lost.fault()
	case errors.Is(err, context.Canceled):
		return hub.Fault{Reason: hub.ReasonCancelled}
	case errors.Is(err, context.DeadlineExceeded):
		return hub.Fault{Reason: hub.ReasonTimeout}
	default:
		return hub.Fault{Reason: hub.ReasonUnknown}
	}
}

func (e *refusal) fault() hub.Fault {
	f := hub.Fault{
		Code:      e.code(),
		Message:   e.graph.text(),
		RequestID: e.graph.Trace,
		Attempts:  e.attempts,
		Wait:      e.throttle,
		// Meta may have acted before it stumbled. What it refuses outright, a
		// throttle included, it did not do.
		Uncertain: e.effect != reads && !e.graph.throttled() && (e.graph.transient() || e.status >= http.StatusInternalServerError),
	}
	f.Reason, f.Detail = e.reason()
	return f
}

// throttled says that Meta counts too many calls. 80000 and up are the
// business-use-case limits.
func (g *graphError) throttled() bool {
	switch g.Code {
	case 4, 17, 32, 341, 613:
		return true
	default:
		return g.Code >= 80000 && g.Code <= 80014
	}
}

func (g *graphError) transient() bool { return g.Transient || g.Code == 1 || g.Code == 2 }

// reason sorts Meta's error codes.
//
// API: Meta, "Handle Errors", https://developers.facebook.com/docs/graph-api/guides/error-handling
// and "Rate Limits", https://developers.facebook.com/docs/graph-api/overview/rate-limiting;
// codes of single calls stand on the reference page of each.
func (e *refusal) reason() (hub.Reason, string) {
	g := &e.graph
	switch {
	case g.throttled():
		return hub.ReasonRateLimited, e.throttleDetail()
	case g.transient():
		return hub.ReasonUnavailable, "Meta reports a passing failure of its own. Apply again later; https://metastatus.com shows whether it is general."
	case g.Code == 3:
		return hub.ReasonForbidden, "The app behind the token may not make this call. Add the capability to the app in Meta's App Dashboard."
	case g.Code == 10:
		return hub.ReasonForbidden, e.permissionDetail()
	case g.Code == 100:
		return e.parameterReason()
	case g.Code == 102:
		return hub.ReasonUnauthenticated, "The token's session is no longer valid. Generate a new token."
	case g.Code == 104:
		return hub.ReasonUnauthenticated, "The signature of the call (appsecret_proof) is missing or wrong. Set app_secret to the secret of the very app that minted the token; it stands in the App Dashboard under App settings, Basic."
	case g.Code == 190:
		return hub.ReasonUnauthenticated, tokenDetail(g.Subcode)
	case g.Code >= 200 && g.Code <= 299:
		return hub.ReasonForbidden, "A permission is missing or was taken away. The token needs business_management, and its identity must be an admin of this business."
	case g.Code == 368:
		return hub.ReasonBlocked, "Meta judged the activity abusive and blocks it for now. Send no more invitations for this business for some hours; do what is urgent on Meta's own screen."
	case g.Code == 415:
		return hub.ReasonSecondFactor, "Meta wants a second factor from the person behind the token. A system user's token is not asked for one; otherwise do this task on Meta's own screen."
	case g.Code == 457:
		return hub.ReasonUnauthenticated, "The token comes from a session Meta does not accept here. Generate a token for an Admin system user of the business instead of copying one from another tool."
	case g.Code == 3914:
		return hub.ReasonLastAdmin, "This is the last admin of the business. Give somebody else the role ADMIN first, and let them accept."
	case e.status >= http.StatusInternalServerError:
		return hub.ReasonUnavailable, ""
	case e.status == http.StatusTooManyRequests:
		return hub.ReasonRateLimited, ""
	case g.Code == 2500:
		return hub.ReasonUnknown, "Meta could not make sense of the call. Check api_version and endpoint; if they are right, this is a fault of roster's."
	default:
		// Among them 370 and 506, which Meta documents for these calls without
		// saying what would clear them.
		return hub.ReasonUnknown, ""
	}
}

func (e *refusal) throttleDetail() string {
	switch {
	case e.graph.Code == 17 && e.effect == invites:
		return "Meta limits this identity's calls. On invitations the limit can be one per day: if it lasts, wait 24 hours or invite on Meta's own screen."
	case e.graph.Code == 613:
		return "Meta limits this very call. Make fewer changes at once and apply again later."
	default:
		return "Meta limits the calls of this app or business. Nothing was changed; calling on would lengthen the wait."
	}
}

func (e *refusal) permissionDetail() string {
	const remedy = "Check that the token carries business_management, that its identity is an admin of this business, and that the business has claimed the app (Business settings, Accounts, Apps)."
	if e.effect == invites {
		return "Meta refuses this app the invitation. " + remedy + " Some apps are refused invitations all the same; the same person can then be invited on Meta's own screen."
	}
	return "The app or the token's identity may not do this. " + remedy
}

// parameterReason sorts code 100, which covers a bad value, an unknown field and
// an object that is not there or not to be seen.
func (e *refusal) parameterReason() (hub.Reason, string) {
	switch {
	case e.graph.Subcode == 33:
		return hub.ReasonNotFound, "Meta shows no such object to this token: it is not there, or the token's identity does not belong to its business. Check the id, and that the identity is an admin of the business."
	case slices.Contains(e.graph.Data.Blamed, "role"):
		return hub.ReasonInvalidRole, "Meta does not accept this role here."
	case slices.Contains(e.graph.Data.Blamed, "email"):
		return hub.ReasonInvalidInput, "Meta does not accept this e-mail address."
	default:
		return hub.ReasonInvalidInput, "Meta does not accept a value of this call."
	}
}

func tokenDetail(subcode int) string {
	switch subcode {
	case 458:
		return "The app was removed from the account behind the token. Log in to the app again, or generate a token for a system user."
	case 459:
		return "The account behind the token must pass a security check: log in on facebook.com with it, then generate a new token."
	case 460:
		return "The password behind the token was changed, which ended the token. Generate a new one."
	case 463:
		return "The token has expired. Generate a new one; that of a system user can be made never to expire."
	case 464:
		return "The account behind the token is not confirmed. Confirm it on facebook.com, then generate a new token."
	default: // 467 and 492: token or session invalid
		return "The token is not valid, or not any more. Generate a new one in Business settings, Users, System users."
	}
}

func (e *badAnswer) fault() hub.Fault {
	f := hub.Fault{
		Reason:    hub.ReasonUnknown,
		Detail:    "The answer was not one of Meta's: " + e.problem + ". A proxy between roster and Meta, or a wrong endpoint, can be the cause.",
		Code:      fmt.Sprintf("HTTP %d", e.status),
		Message:   e.excerpt,
		RequestID: e.requestID,
		Attempts:  e.attempts,
		Wait:      e.throttle,
	}
	switch {
	case e.refused:
		f.Detail = "Meta reports that it did not do this and gives no reason."
	case e.status >= http.StatusInternalServerError:
		f.Reason, f.Uncertain = hub.ReasonUnavailable, e.effect != reads
		f.Detail = "Meta, or a proxy before it, is out of order."
	case e.status == http.StatusTooManyRequests:
		f.Reason, f.Detail = hub.ReasonRateLimited, ""
	case e.status < 300 && e.effect != reads:
		f.Reason, f.Uncertain = hub.ReasonOutcomeUnknown, true
	}
	return f
}

func (e *lostCall) fault() hub.Fault {
	f := hub.Fault{Reason: hub.ReasonUnavailable}
	var t *transport.Error
	if errors.As(e.cause, &t) {
		f.Attempts, f.Wait = t.Attempts, t.Throttle
		f.Uncertain = t.Sent && e.effect != reads
	}
	switch {
	case errors.Is(e.cause, transport.ErrThrottled):
		f.Reason, f.Detail = hub.ReasonRateLimited, "Meta asked for a pause that outlasts this task. Nothing was sent."
	case errors.Is(e.ended, context.Canceled):
		f.Reason = hub.ReasonCancelled
	case errors.Is(e.ended, context.DeadlineExceeded),
		f.Attempts == 0 && errors.Is(e.cause, context.DeadlineExceeded):
		f.Reason = hub.ReasonTimeout
	case f.Uncertain:
		f.Reason = hub.ReasonOutcomeUnknown
	case errors.Is(e.cause, transport.ErrRedirect), errors.Is(e.cause, transport.ErrTooLarge), errors.Is(e.cause, transport.ErrAuthorize):
		f.Reason = hub.ReasonUnknown
	}
	return f
}

// inspect is how transport reads an answer for trying again.
func inspect(r *transport.Response) transport.Verdict {
	use := usageOf(r.Header)
	g := graphErrorIn(r.Body)
	switch {
	case g != nil && g.throttled():
		// Without a time of Meta's own, Retry-After is next and then the
		// doubling wait; both are transport's.
		return transport.Verdict{Kind: transport.Throttled, Wait: use.regain}
	case g != nil && g.transient():
		return transport.Verdict{Kind: transport.Transient}
	case g != nil && r.Status < http.StatusInternalServerError && r.Status != http.StatusTooManyRequests:
		return transport.Verdict{Kind: transport.Done}
	}
	v := transport.ByStatus(r)
	if v.Kind == transport.Throttled && use.regain > 0 {
		v.Wait = use.regain
	}
	if v.Kind == transport.Done && use.percent > slowDownAt {
		v.Wait = slowDownBy
	}
	return v
}

// usage is what Meta's headers say of the limits.
type usage struct {
	percent float64       // of the limit nearest to its end
	regain  time.Duration // until calls are welcome again, 0 when they are
}

// usageOf reads both usage headers: which of the two limits these calls fall
// under is unconfirmed. A header that cannot be read says nothing.
//
// API: Meta, "Rate Limits, Headers", https://developers.facebook.com/docs/graph-api/overview/rate-limiting
func usageOf(h http.Header) usage {
	type counts struct {
		CallCount    float64 `json:"call_count"`
		TotalTime    float64 `json:"total_time"`
		TotalCPUTime float64 `json:"total_cputime"`
		Regain       float64 `json:"estimated_time_to_regain_access"` // minutes
	}
	var all []counts
	var app counts
	if json.Unmarshal([]byte(h.Get("X-App-Usage")), &app) == nil {
		all = append(all, app)
	}
	var businesses map[string][]counts
	if json.Unmarshal([]byte(h.Get("X-Business-Use-Case-Usage")), &businesses) == nil {
		for _, list := range businesses {
			all = append(all, list...)
		}
	}
	var u usage
	for _, c := range all {
		u.percent = max(u.percent, c.CallCount, c.TotalTime, c.TotalCPUTime)
		// A day is beyond any wait; the bound keeps nonsense from overflowing.
		u.regain = max(u.regain, time.Duration(min(c.Regain, 24*60)*float64(time.Minute)))
	}
	return u
}

// noSuchField says that the object has no such field: it is of another kind.
func noSuchField(err error) bool {
	var e *refusal
	return errors.As(err, &e) && e.graph.Code == 100 && e.graph.Subcode != 33
}

// hiddenOrGone says that Meta shows no object of that id, which is not yet
// certainty that there is none.
func hiddenOrGone(err error) bool {
	var e *refusal
	return errors.As(err, &e) && e.graph.Code == 100 && e.graph.Subcode == 33
}

// ambiguousInvite says that the refusal of an invitation can mean that the
// person is there already.
func ambiguousInvite(err error) bool {
	var e *refusal
	return errors.As(err, &e) && e.effect == invites && e.graph.Code == 100 && e.graph.Subcode != 33 &&
		!slices.Contains(e.graph.Data.Blamed, "role")
}

// tooMuchData says that a smaller page may succeed. Code 1 stands for other
// trouble too; transport has tried again by then.
func tooMuchData(err error) bool {
	var e *refusal
	return errors.As(err, &e) && e.graph.Code == 1
}

const (
	excerptBytes = 64 << 10 // of a body, masked before it is cut so that no half of a secret is left
	excerptRunes = 300
)

func excerpt(redactor *transport.Redactor, body []byte) string {
	text := redactor.String(string(body[:min(len(body), excerptBytes)]))
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > excerptRunes {
		return string(runes[:excerptRunes]) + "…"
	}
	return string(runes)
}
