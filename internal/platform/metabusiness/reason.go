package metabusiness

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// vendor speaks of answers that are not Graph's.
var vendor = answer.Vendor{ID: Name, Name: "Meta"}

// refusal is Graph's error object, whatever the HTTP status it came with.
type refusal struct {
	operation string
	effect    answer.Effect
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

// undone is a 200 that says that nothing was done, and not why.
type undone struct{ *answer.Bad }

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
		own     *answer.Own
		present *presentError
		refused *refusal
		nothing *undone
	)
	switch {
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
	case errors.As(err, &nothing):
		f := vendor.Bad(nothing.Bad)
		f.Detail = "Meta reports that it did not do this and gives no reason."
		return f
	default:
		return vendor.Explain(err)
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
		Uncertain: e.effect != answer.Read && !e.graph.throttled() && (e.graph.transient() || e.status >= http.StatusInternalServerError),
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
