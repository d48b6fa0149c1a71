// Package answer is what every connector says of a call that its platform did
// not answer in its own words: no answer, an answer from something else, a call
// the connector refused to make. What a platform does say, its connector sorts.
package answer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// Effect is what a request does to the hub, and so what its failure can leave
// behind.
type Effect int

const (
	// Read changes nothing.
	Read Effect = iota
	// Write may be sent twice.
	Write
	// Once is a write that may not; each connector says why.
	Once
)

// Repeatable says whether a request may go out again without knowing what became
// of it.
func (e Effect) Repeatable() bool { return e != Once }

// Own is a refusal of the connector's own, already in roster's words.
type Own struct{ hub.Fault }

func (e *Own) Error() string { return e.Detail }

// Refuse is an Own.
func Refuse(reason hub.Reason, format string, args ...any) error {
	return &Own{hub.Fault{Reason: reason, Detail: fmt.Sprintf(format, args...)}}
}

// Unsupported refuses what the platform's API cannot do.
func Unsupported(detail string) error {
	return &Own{hub.Fault{Reason: hub.ReasonUnsupported, Detail: detail}}
}

// Lost is a request without an answer.
type Lost struct {
	Effect Effect
	Ended  error // how the caller's own time ended, nil when it had not
	Cause  error // transport's
}

func (e *Lost) Error() string { return e.Cause.Error() }
func (e *Lost) Unwrap() error { return e.Cause }

// Bad is an answer that is not what the platform promises: a proxy's page, JSON
// cut short, a 200 that does not say what was done.
type Bad struct {
	Operation string
	Effect    Effect
	Status    int
	Attempts  int
	Throttle  time.Duration // more than 0 when the platform wants no calls for longer than the task has
	RequestID string
	Problem   string
	Excerpt   string // the beginning of the body, secrets masked
}

// NewBad keeps of an answer what helps to find out whose it is.
func NewBad(r *transport.Redactor, resp *transport.Response, operation string, effect Effect, problem string) *Bad {
	return &Bad{
		Operation: operation, Effect: effect, Status: resp.Status, Attempts: resp.Attempts, Throttle: resp.Throttle,
		RequestID: resp.RequestID(), Problem: problem, Excerpt: Excerpt(r, resp.Body),
	}
}

func (e *Bad) Error() string {
	text := fmt.Sprintf("%s: HTTP %d: %s", e.Operation, e.Status, e.Problem)
	if e.Excerpt != "" {
		text += fmt.Sprintf(" (it begins %q)", e.Excerpt)
	}
	return text
}

const (
	excerptBytes = 64 << 10 // of a body, masked before it is cut so that no half of a secret is left
	excerptRunes = 300
)

// Excerpt is the beginning of a body in one line, secrets masked.
func Excerpt(r *transport.Redactor, body []byte) string {
	text := r.String(string(body[:min(len(body), excerptBytes)]))
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > excerptRunes {
		return string(runes[:excerptRunes]) + "…"
	}
	return string(runes)
}

// Vendor is who should have answered, and what the sentences need to know of it.
type Vendor struct {
	ID   string // the connector's
	Name string // as people say it
	// Suspects is what can be behind an answer that is not the vendor's, when
	// there is more than a proxy and a wrong endpoint.
	Suspects string
	// RateLimited is the detail of a 429 in no form of the vendor's. Empty: the
	// reason's general words do.
	RateLimited string
}

// Explain sorts what is left of an error when its connector has looked for its
// own types.
func (v Vendor) Explain(err error) hub.Fault {
	var (
		bad  *Bad
		lost *Lost
	)
	switch {
	case errors.As(err, &bad):
		return v.Bad(bad)
	case errors.As(err, &lost):
		return v.Lost(lost)
	case errors.Is(err, context.Canceled):
		return hub.Fault{Reason: hub.ReasonCancelled}
	case errors.Is(err, context.DeadlineExceeded):
		return hub.Fault{Reason: hub.ReasonTimeout}
	default:
		return hub.Fault{Reason: hub.ReasonUnknown}
	}
}

// Bad sorts an answer that is not the vendor's by its HTTP status: there is
// nothing else in it to believe.
func (v Vendor) Bad(e *Bad) hub.Fault {
	suspects := v.Suspects
	if suspects == "" {
		suspects = fmt.Sprintf("A proxy between roster and %s, or a wrong endpoint, can be the cause.", v.Name)
	}
	f := hub.Fault{
		Reason:    hub.ReasonUnknown,
		Detail:    fmt.Sprintf("The answer was not one of %s's: %s. %s", v.Name, e.Problem, suspects),
		Code:      fmt.Sprintf("HTTP %d", e.Status),
		Message:   e.Excerpt,
		RequestID: e.RequestID,
		Attempts:  e.Attempts,
		Wait:      e.Throttle,
	}
	switch {
	case e.Status >= http.StatusInternalServerError:
		f.Reason, f.Uncertain = hub.ReasonUnavailable, e.Effect != Read
		f.Detail = v.Name + ", or a proxy before it, is out of order."
	case e.Status == http.StatusTooManyRequests:
		f.Reason, f.Detail = hub.ReasonRateLimited, v.RateLimited
	case e.Status < 300 && e.Effect != Read:
		f.Reason, f.Uncertain = hub.ReasonOutcomeUnknown, true
	}
	return f
}

// Lost sorts a request without an answer. A connector whose credential can fail
// on the way, a token that was not to be had, looks at that itself.
func (v Vendor) Lost(e *Lost) hub.Fault {
	f := hub.Fault{Reason: hub.ReasonUnavailable}
	var t *transport.Error
	if errors.As(e.Cause, &t) {
		f.Attempts, f.Wait = t.Attempts, t.Throttle
		f.Uncertain = t.Sent && e.Effect != Read
	}
	switch {
	case errors.Is(e.Cause, transport.ErrThrottled):
		f.Reason, f.Detail = hub.ReasonRateLimited, v.Name+" asked for a pause that outlasts this task. Nothing was sent."
	case errors.Is(e.Ended, context.Canceled):
		f.Reason = hub.ReasonCancelled
	case errors.Is(e.Ended, context.DeadlineExceeded),
		f.Attempts == 0 && errors.Is(e.Cause, context.DeadlineExceeded):
		f.Reason = hub.ReasonTimeout
	case f.Uncertain:
		f.Reason = hub.ReasonOutcomeUnknown
	case errors.Is(e.Cause, transport.ErrRedirect), errors.Is(e.Cause, transport.ErrTooLarge), errors.Is(e.Cause, transport.ErrAuthorize):
		f.Reason = hub.ReasonUnknown
	}
	return f
}

// URLError puts words to what transport found wrong with a setting that is a
// URL. A value with a user name or a query in it may hold a password or a token,
// and is not repeated.
func (v Vendor) URLError(setting, text, example string, err error) error {
	value := fmt.Sprintf("%q", text)
	if strings.ContainsAny(text, "@?#") {
		value = "the value"
	}
	return &hub.SettingError{Setting: setting, Problem: fmt.Sprintf(
		"%s cannot be used: %v. Write an https URL such as %s; http is for a loopback address alone, such as http://127.0.0.1:8080/%s.",
		value, err, example, v.ID)}
}
