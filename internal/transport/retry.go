package transport

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// VerdictKind is what an answer means for trying again.
type VerdictKind int

const (
	// Done is an answer to give to the caller: success, or a failure that
	// another attempt would meet again.
	Done VerdictKind = iota
	// Transient is a failure that may pass. The platform may have acted all
	// the same, so only reads and Repeatable requests are tried again.
	Transient
	// Throttled is a refusal before processing, for too many calls. Every
	// request is tried again, and all calls of the client wait.
	Throttled
	// Unauthorized is a refusal of the credential before processing.
	Unauthorized
)

func (k VerdictKind) String() string {
	switch k {
	case Done:
		return "done"
	case Transient:
		return "transient"
	case Throttled:
		return "throttled"
	case Unauthorized:
		return "unauthorized"
	default:
		return "verdict " + strconv.Itoa(int(k))
	}
}

// Verdict is the reading of one answer.
type Verdict struct {
	Kind VerdictKind

	// Wait is the platform's hint. With Throttled it holds all calls of the
	// client; with Transient it replaces the backoff of this call; with Done
	// the answer is returned at once and later calls are held (a usage header
	// close to its limit). Zero leaves it to the Retry-After header, then to
	// the backoff; a Retry-After beside Done is ignored.
	Wait time.Duration
}

// ByStatus reads an answer by HTTP alone: 401 unauthorized, 429 throttled, 503
// throttled if it says for how long, other 5xx transient. 501 is Done: what is
// not implemented now will not be in a second either. Connectors call it for
// what their own reading leaves open.
func ByStatus(r *Response) Verdict {
	wait, told := RetryAfter(r.Header)
	switch {
	case r.Status == http.StatusUnauthorized:
		return Verdict{Kind: Unauthorized}
	case r.Status == http.StatusTooManyRequests, r.Status == http.StatusServiceUnavailable && told:
		return Verdict{Kind: Throttled, Wait: wait}
	case r.Status >= 500 && r.Status != http.StatusNotImplemented:
		return Verdict{Kind: Transient, Wait: wait}
	default:
		return Verdict{Kind: Done}
	}
}

// maxRetryAfter bounds what one header can ask for, and keeps nonsense in it
// from overflowing a duration.
const maxRetryAfter = 24 * time.Hour

// RetryAfter reads a Retry-After header, seconds or HTTP date. A date in the
// past is a wait of 0. The bool is false without a readable header.
func RetryAfter(h http.Header) (time.Duration, bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if !(seconds >= 0) {
			return 0, false
		}
		if seconds >= maxRetryAfter.Seconds() {
			return maxRetryAfter, true
		}
		return time.Duration(seconds * float64(time.Second)), true
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return min(max(time.Until(date), 0), maxRetryAfter), true
}

// errPace: the client's own pace leaves no time before the deadline.
var errPace = fmt.Errorf("pace leaves no time: %w", context.DeadlineExceeded)

// credential keeps calls that meet a refused token at the same time from each
// replacing it.
type credential struct {
	turn       chan struct{} // holds one; a mutex that a context can leave
	generation atomic.Uint64 // how often the credential was replaced
}

func newCredential() *credential {
	return &credential{turn: make(chan struct{}, 1)}
}

// again decides after each attempt whether there is another, and how long
// before it. It is the CheckRetry of the loop.
func (k *call) again(ctx context.Context, _ *http.Response, _ error) (bool, error) {
	if k.failure != nil {
		k.pending = k.againAfterFailure(ctx)
	} else {
		k.pending = k.againAfterAnswer(ctx)
	}
	return k.pending, nil
}

func (k *call) againAfterFailure(ctx context.Context) bool {
	if k.final || ctx.Err() != nil {
		return false
	}
	if k.sent && (k.request.Once || !k.repeatable()) {
		return false
	}
	// The library knows the failures that no retry mends: an untrusted
	// certificate, a malformed header.
	if mendable, _ := retryablehttp.DefaultRetryPolicy(ctx, nil, k.failure); !mendable {
		return false
	}
	return k.retryIn(ctx, k.jitter(), "no answer")
}

func (k *call) againAfterAnswer(ctx context.Context) bool {
	c := k.client
	switch k.verdict.Kind {
	case Done:
		c.gate.pause(k.verdict.Wait)
		return false
	case Transient:
		return !k.request.Once && k.repeatable() && k.retryIn(ctx, k.hint(k.jitter), "transient")
	case Throttled:
		k.sent = false // refused unprocessed
		wait := k.hint(k.throttle)
		// Also when this call gives up: the others must hold.
		c.gate.pause(wait)
		k.response.Throttle = wait
		if k.request.Once || wait > c.config.MaxWait || k.spent() || !timeFor(ctx, wait) {
			k.warn("http throttle", "giving up", wait)
			return false
		}
		k.warn("http throttle", "throttled", wait)
		k.delay = 0 // the gate does the waiting
		return true
	case Unauthorized:
		k.sent = false
		return k.reauthorize(ctx)
	default:
		k.failure = fmt.Errorf("inspect returned unknown %v", k.verdict.Kind)
		return false
	}
}

// reauthorize replaces the credential, unless another call has done so since
// this attempt took it, and says whether to try again.
func (k *call) reauthorize(ctx context.Context) bool {
	c := k.client
	if c.config.Reauthorize == nil || k.reauthorized || k.request.Once {
		return false
	}
	k.reauthorized = true
	select {
	case c.credential.turn <- struct{}{}:
		defer func() { <-c.credential.turn }()
	case <-ctx.Done():
		k.failure = contextError(ctx)
		return false
	}
	if c.credential.generation.Load() == k.generation {
		if err := c.config.Reauthorize(ctx); err != nil {
			k.failure = k.unauthorized(err)
			return false
		}
		c.credential.generation.Add(1)
	}
	k.warn("http retry", "unauthorized", 0)
	k.delay = 0
	return true
}

// retryIn accepts another attempt after d, if there is one left and the caller
// has the time. Without the time, what the attempts brought is worth more than
// a deadline error after a sleep.
func (k *call) retryIn(ctx context.Context, d time.Duration, why string) bool {
	if k.spent() || !timeFor(ctx, d) || d > k.client.config.MaxWait {
		return false
	}
	k.warn("http retry", why, d)
	k.delay = d
	return true
}

// backoff tells the loop what again has already settled.
func (k *call) backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration {
	return k.delay
}

// spent says that no attempt is left. The one after Reauthorize is extra.
func (k *call) spent() bool {
	most := k.client.config.Attempts
	if k.reauthorized {
		most++
	}
	return k.attempts >= most
}

func (k *call) repeatable() bool {
	switch k.request.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	default:
		return k.request.Repeatable
	}
}

// hint is how long the platform wants us to wait, or fallback.
func (k *call) hint(fallback func() time.Duration) time.Duration {
	if k.verdict.Wait > 0 {
		return k.verdict.Wait
	}
	if wait, ok := RetryAfter(k.response.Header); ok && wait > 0 {
		return wait
	}
	return fallback()
}

// jitter is exponential backoff with full jitter: clients that failed together
// must not come back together.
func (k *call) jitter() time.Duration {
	return rand.N(doubled(k.client.config.MinBackoff, k.client.config.MaxBackoff, k.attempts) + 1)
}

// throttle doubles too, but keeps half: a full jitter can draw 0, and a call
// during a throttle may lengthen it.
func (k *call) throttle() time.Duration {
	d := doubled(k.client.config.MinThrottle, k.client.config.MaxThrottle, k.attempts)
	return d/2 + rand.N(d/2+1)
}

// doubled is least, doubled with each attempt after the first, up to most.
func doubled(least, most time.Duration, attempt int) time.Duration {
	d := least
	for i := 1; i < attempt && d < most; i++ {
		d *= 2
	}
	return min(d, most)
}

// result is what Do returns once the loop has ended, with the loop's own error.
func (k *call) result(loopErr error) (*Response, error) {
	switch {
	case k.pending:
		// Only the context ends the loop while it waits for the next attempt.
		return nil, k.error(contextError(k.ctx))
	case k.failure != nil && k.late && k.response != nil:
		// The next attempt could not begin; the last answer says more.
		k.response.Attempts = k.attempts
		k.response.Throttle = max(k.response.Throttle, k.held)
		return k.response, nil
	case k.failure != nil:
		return nil, k.error(k.failure)
	case k.response != nil:
		return k.response, nil
	default:
		return nil, k.error(loopErr) // no attempt was made
	}
}

// error makes the public error of this call.
func (k *call) error(err error) *Error {
	c := k.client
	if wrapped, ok := err.(*url.Error); ok { //nolint:errorlint // the outermost only: what wraps one deeper down has words of its own
		err = wrapped.Err // its text repeats method and URL, query included
	}
	return &Error{
		Operation: c.redactor.String(k.request.Operation),
		Method:    k.request.Method,
		URL:       c.redactor.URL(k.url),
		Attempts:  k.attempts,
		Sent:      k.acted || k.sent,
		Status:    k.status,
		Throttle:  k.held,
		Err:       mask(c.redactor, err),
	}
}
