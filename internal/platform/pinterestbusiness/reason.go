package pinterestbusiness

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// vendor speaks of answers that are not Pinterest's.
var vendor = answer.Vendor{ID: Name, Name: "Pinterest", RateLimited: detailRateLimited}

// reply is what errors keep of an answer.
type reply struct {
	status    int
	attempts  int
	throttle  time.Duration // more than 0 when Pinterest wants no calls for longer than the task has
	requestID string
	excerpt   string // the beginning of the body, secrets masked
}

// refusal is Pinterest's no: to a whole call, or to one item of an answer whose
// status is 200.
type refusal struct {
	reply
	operation string
	effect    answer.Effect
	item      bool
	code      int // 0: an item without one
	message   string
}

func (e *refusal) Error() string {
	if e.item && e.code == 0 {
		return fmt.Sprintf("%s: refused: %s", e.operation, e.message)
	}
	if e.item {
		return fmt.Sprintf("%s: refused with code %d: %s", e.operation, e.code, e.message)
	}
	return fmt.Sprintf("%s: HTTP %d, code %d: %s", e.operation, e.status, e.code, e.message)
}

// undoneError is a 200 that says, or leaves no doubt, that nothing was done.
type undoneError struct {
	reply
	operation string
	detail    string // a sentence
}

func (e *undoneError) Error() string {
	return fmt.Sprintf("%s: HTTP %d: %s (it begins %q)", e.operation, e.status, e.detail, e.excerpt)
}

// goneError is a write that met nobody.
type goneError struct {
	member hub.Member
	cause  error
}

func (e *goneError) Error() string {
	return fmt.Sprintf("%s is not on the hub any more: %v", e.member.Label(), e.cause)
}
func (e *goneError) Unwrap() error { return e.cause }

// presentError is an invitation refused for somebody who is on the hub.
type presentError struct {
	member hub.Member
	cause  error
}

func (e *presentError) Error() string {
	return fmt.Sprintf("%s is on the hub already (%s): %v", e.member.Label(), e.member.Status, e.cause)
}
func (e *presentError) Unwrap() error { return e.cause }

// foundError is a failure whose cause was found by looking: what Pinterest
// answered says no more than "you may not" or "nobody".
type foundError struct {
	reason hub.Reason
	detail string
	open   bool // what was found may be behind the times
	cause  error
}

func (e *foundError) Error() string { return e.detail + " " + e.cause.Error() }
func (e *foundError) Unwrap() error { return e.cause }

// tokenError is an access token that was not to be had.
type tokenError struct {
	status    int // 0: no answer
	code      int // 0: none
	message   string
	requestID string
	wait      time.Duration
	spent     bool // it was not the configured refresh token that was refused
	cause     error
}

func (e *tokenError) Error() string {
	if e.status == 0 {
		return "refresh the access token: " + e.cause.Error()
	}
	return fmt.Sprintf("refresh the access token: HTTP %d, code %d: %s", e.status, e.code, e.message)
}
func (e *tokenError) Unwrap() error { return e.cause }

// Explain implements hub.Connector.
func (c *Connector) Explain(err error) hub.Fault {
	var (
		own     *answer.Own
		present *presentError
		gone    *goneError
		found   *foundError
	)
	switch {
	case errors.As(err, &own):
		return own.Fault
	case errors.As(err, &present):
		f := answered(present.cause)
		f.Reason, f.Uncertain = hub.ReasonConflict, false
		f.Detail = fmt.Sprintf("%s is on the hub already (%s, role %s), so Pinterest took no new invitation.", present.member.Label(), present.member.Status, present.member.Role)
		return f
	case errors.As(err, &gone):
		f := answered(gone.cause)
		f.Reason, f.Uncertain = hub.ReasonNotFound, false
		f.Detail = fmt.Sprintf("%s is not on the hub any more, or not under this id.", gone.member.Label())
		return f
	case errors.As(err, &found):
		f := answered(found.cause)
		f.Reason, f.Detail, f.Uncertain = found.reason, found.detail, found.open
		return f
	case errors.Is(err, hub.ErrAbsent):
		return hub.Fault{Reason: hub.ReasonNotFound}
	default:
		return answered(err)
	}
}

// answered sorts an error of the client.
func answered(err error) hub.Fault {
	var (
		refused *refusal
		undone  *undoneError
		lost    *answer.Lost
		token   *tokenError
	)
	switch {
	case errors.As(err, &refused):
		return refused.fault()
	case errors.As(err, &undone):
		return undone.fault()
	case errors.As(err, &lost) && errors.As(lost.Cause, &token):
		return lostFault(lost, token)
	default:
		return vendor.Explain(err)
	}
}

// mayNotAct says that the token was good and what it was to do is not allowed
// to it, for no reason that a code names.
func (e *refusal) mayNotAct() bool {
	switch e.code {
	case codeNotYours, codeMayNotAct, http.StatusForbidden:
		return e.status == http.StatusUnauthorized || e.status == http.StatusForbidden
	default:
		return false
	}
}

func (e *refusal) fault() hub.Fault {
	f := hub.Fault{
		Code:      strconv.Itoa(e.code),
		Message:   e.message,
		RequestID: e.requestID,
		Attempts:  e.attempts,
		Wait:      e.throttle,
	}
	if e.item && e.code == 0 {
		f.Code = ""
	}
	if e.item {
		f.Reason, f.Detail = e.itemReason()
	} else {
		f.Reason, f.Detail = e.reason()
	}
	// Pinterest may have acted before it stumbled. What it refuses, it did not do.
	f.Uncertain = e.effect != answer.Read && f.Reason == hub.ReasonUnavailable
	return f
}

// reason sorts a refusal by its HTTP status first: the same code can stand for
// different things, 30 for "no such user" under 404 and for "too many calls"
// under 429.
//
// API: Pinterest, "API v5" OpenAPI document, the error answers of all operations
// (those of members and invitations name none of their own),
// https://github.com/pinterest/api-description
func (e *refusal) reason() (hub.Reason, string) {
	switch {
	case e.status == http.StatusTooManyRequests:
		return hub.ReasonRateLimited, detailRateLimited
	case e.status == http.StatusUnauthorized, e.status == http.StatusForbidden:
		if reason, detail, ok := byCode(e.code); ok {
			return reason, detail
		}
		if e.status == http.StatusForbidden {
			return hub.ReasonForbidden, detailNotAdmin
		}
		return hub.ReasonUnauthenticated, detailToken
	case e.status == http.StatusBadRequest && e.code == codeTokenEnded:
		return hub.ReasonUnauthenticated, detailToken
	case e.status == http.StatusBadRequest:
		return hub.ReasonInvalidInput, "Pinterest does not accept a value of this call. Check the business id and the e-mail address."
	case e.status == http.StatusNotFound:
		return hub.ReasonNotFound, "Pinterest knows no such business or person. Check business_id: it is the id of the business account, not of an ad account."
	case e.status == http.StatusConflict:
		// Whether the person is there already, Add has looked.
		return hub.ReasonUnknown, "Pinterest reports a conflict with another change and did not do this. Sync, then apply again."
	case e.status >= http.StatusInternalServerError:
		return hub.ReasonUnavailable, "Pinterest reports a failure of its own. Apply again later."
	default:
		return hub.ReasonUnknown, ""
	}
}

// itemReason sorts a refusal of one address. Its codes read like HTTP statuses.
func (e *refusal) itemReason() (hub.Reason, string) {
	if reason, detail, ok := byCode(e.code); ok {
		return reason, detail
	}
	switch {
	case e.code == http.StatusForbidden && e.effect == invites:
		// The one case of this code in Pinterest's document. That it has no
		// other meaning is unconfirmed, hence the words.
		return hub.ReasonSeatLimit, "Pinterest refused this address. The case it documents for that code is too many open invitations: withdraw stale ones under Employees, then apply again. It may also be that the person is there under a user name, with a hidden address."
	case e.code == http.StatusBadRequest:
		return hub.ReasonInvalidInput, "Pinterest does not accept this e-mail address."
	case e.code == http.StatusNotFound && e.effect == invites:
		return hub.ReasonInvalidInput, "Pinterest cannot invite this e-mail address."
	case e.code == http.StatusTooManyRequests, e.code == codeTooManyCalls:
		return hub.ReasonRateLimited, detailRateLimited
	case e.code >= 500 && e.code <= 599:
		return hub.ReasonUnavailable, "Pinterest reports a failure of its own. Apply again later."
	default:
		return hub.ReasonUnknown, ""
	}
}

// Pinterest's own codes.
const (
	codeNoScope      = 3
	codeNotYours     = 7
	codeTooManyCalls = 8
	codeMayNotAct    = 29
	codeNoBusiness   = 654
	codeTokenEnded   = 1104
	codeDisapproved  = 2625
	codeUnderReview  = 2626
)

const (
	detailToken       = "Pinterest does not accept the access token: it is wrong, expired or revoked. Set a new access_token, or client_id, client_secret and the newest refresh_token."
	detailScope       = "The access token lacks a scope. Authorise the app again with " + requiredScopes + ", and use the token that comes of it."
	detailNotAdmin    = "The token is good, and its user may not manage this business. Use the token of a BIZ_ADMIN (Manager) of it, and check business_id: it is the id of the business account, not of an ad account."
	detailRateLimited = "Pinterest limits the calls of this app. Nothing was changed. An app with trial access has 1,000 calls a day; standard access has that many a minute."
)

// byCode sorts the codes that say the same wherever they stand, where the
// status allows them.
func byCode(code int) (hub.Reason, string, bool) {
	switch code {
	case codeNoScope:
		return hub.ReasonForbidden, detailScope, true
	case codeNotYours, codeMayNotAct:
		return hub.ReasonForbidden, detailNotAdmin, true
	case codeNoBusiness:
		return hub.ReasonForbidden, "Pinterest wants a business account for this. Convert the account to one in its settings on pinterest.com, or use the id and the token of a business account.", true
	case codeDisapproved:
		return hub.ReasonForbidden, "Pinterest has disapproved the business account, and nobody can manage its people until that is resolved. Open the Business hub (" + adminURL + ") and follow what it says there.", true
	case codeUnderReview:
		return hub.ReasonForbidden, "Pinterest is reviewing the business account, and nobody can manage its people until that is over. Follow the review in the Business hub (" + adminURL + "), then apply again.", true
	default:
		return "", "", false
	}
}

func (e *undoneError) fault() hub.Fault {
	return hub.Fault{
		Reason: hub.ReasonUnknown, Detail: e.detail, Code: fmt.Sprintf("HTTP %d", e.status), Message: e.excerpt,
		RequestID: e.requestID, Attempts: e.attempts,
	}
}

// lostFault sorts a call that got no access token. What the token endpoint said
// counts, unless it was the caller's time or a pause that ended the call.
func lostFault(e *answer.Lost, token *tokenError) hub.Fault {
	f := vendor.Lost(e)
	if e.Ended == nil && !errors.Is(e.Cause, transport.ErrThrottled) {
		token.explain(&f)
	}
	return f
}

// explain sorts what the token endpoint said. It was asked before the call
// itself, or after a refusal of it: the task has done nothing.
func (e *tokenError) explain(f *hub.Fault) {
	if e.status != 0 {
		f.Code, f.Message, f.RequestID, f.Wait = strconv.Itoa(e.code), e.message, e.requestID, e.wait
	}
	var network *url.Error
	switch {
	case e.status == 0 && errors.As(e.cause, &network), e.status >= http.StatusInternalServerError:
		f.Reason, f.Detail = hub.ReasonUnavailable, "Pinterest gave no new access token because it is out of order or cannot be reached."
	case e.status == http.StatusTooManyRequests:
		f.Reason, f.Detail = hub.ReasonRateLimited, detailRateLimited
	case e.status == 0:
		f.Reason, f.Detail = hub.ReasonUnknown, "The answer to the request for an access token was not one of Pinterest's. A proxy between roster and Pinterest, or a wrong endpoint, can be the cause."
	case e.status == http.StatusBadRequest, e.status == http.StatusUnauthorized, e.status == http.StatusForbidden:
		f.Reason = hub.ReasonUnauthenticated
		f.Detail = "Pinterest refused to renew the access token. Check that client_id, client_secret and refresh_token belong together. A refresh token is replaced with each use and lives 60 days: " +
			"if an earlier run or another tool has used this one, authorise the app again and set the new one, or set access_token instead."
		if e.spent {
			f.Detail = "Pinterest refused to renew the access token with the refresh token that it gave out itself in this run. Another tool may have used it, or the app's access was revoked: authorise the app again."
		}
	default:
		f.Reason = hub.ReasonUnknown
	}
}

// inspect is how transport reads an answer for trying again.
func inspect(r *transport.Response) transport.Verdict {
	code := 0
	if e := errorIn(r.Body); e != nil {
		code = *e.Code
	}
	switch r.Status {
	case http.StatusTooManyRequests:
		return transport.Verdict{Kind: transport.Throttled, Wait: toldWait(r.Header)} // 0: the doubling wait
	case http.StatusUnauthorized:
		switch code {
		case codeNoScope, codeNotYours, codeMayNotAct:
			return transport.Verdict{Kind: transport.Done} // another token would be refused too
		}
	case http.StatusBadRequest:
		if code == codeTokenEnded {
			return transport.Verdict{Kind: transport.Unauthorized}
		}
	}
	return transport.ByStatus(r)
}

// toldWait is how long Pinterest asks to wait, 0 when it does not.
func toldWait(h http.Header) time.Duration {
	if wait, told := transport.RetryAfter(h); told && wait > 0 {
		return wait
	}
	return limitReset(h)
}

// limitReset reads how long until Pinterest takes calls again: whole seconds,
// perhaps with more behind them, in a header that its OpenAPI document does not
// have (unconfirmed). What cannot be read, or is longer than the longest of its
// limits lasts, says nothing.
//
// API: Pinterest, "Rate limits", https://developers.pinterest.com/docs/reference/rate-limits/
func limitReset(h http.Header) time.Duration {
	text := strings.TrimSpace(h.Get("X-Ratelimit-Reset"))
	end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(text)
	}
	seconds, err := strconv.Atoi(text[:end])
	if err != nil || seconds > int(24*time.Hour/time.Second) {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
