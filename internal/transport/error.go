package transport

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// What an [Error] can be about, for errors.Is. An error that is none of these
// and no context error is a network failure: no answer came.
var (
	// ErrTruncated: the platform began to answer and the body broke off.
	ErrTruncated = errors.New("answer cut short")
	// ErrTooLarge: the body exceeds MaxResponseBytes.
	ErrTooLarge = errors.New("answer too large")
	// ErrRedirect: the platform pointed at another host or in circles. The
	// credential was not sent there.
	ErrRedirect = errors.New("redirect refused")
	// ErrAuthorize: Authorize or Reauthorize returned an error.
	ErrAuthorize = errors.New("authorize")
	// ErrThrottled: an earlier throttle holds this client for longer than the
	// caller's deadline or MaxWait allows; see Throttle. Nothing was sent.
	ErrThrottled = errors.New("throttled")
)

// Error is a call without a usable answer. Its text holds no secret; the
// unwrapped causes are the originals.
type Error struct {
	Operation string
	Method    string
	URL       string // values of the query masked

	// Attempts is how many times the request was sent or tried to be sent.
	// It is 0 when the call ended before that.
	Attempts int

	// Sent is false when the platform certainly did not act on the request:
	// no attempt got a connection, or those that did were refused unprocessed
	// (throttled, unauthorized). True means look before sending it again.
	Sent bool

	// Status is the last HTTP status seen in any attempt, 0 for none.
	Status int

	// Throttle is how long the client is held, with [ErrThrottled].
	Throttle time.Duration

	Err error
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.Operation != "" {
		b.WriteString(e.Operation + ": ")
	}
	fmt.Fprintf(&b, "%s %s: ", e.Method, e.URL)
	switch e.Attempts {
	case 0:
		b.WriteString("not sent")
	case 1:
		b.WriteString("1 attempt")
	default:
		fmt.Fprintf(&b, "%d attempts", e.Attempts)
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, ", status %d", e.Status)
	}
	if e.Throttle > 0 {
		fmt.Fprintf(&b, ", throttled for %s", e.Throttle.Round(time.Second))
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// GoString keeps %#v from printing the causes field by field.
func (e *Error) GoString() string { return "&transport.Error{" + e.Error() + "}" }

// masked says what its cause says, redacted, and is its cause for errors.Is.
type masked struct {
	text  string
	cause error
}

func (m *masked) Error() string    { return m.text }
func (m *masked) Unwrap() error    { return m.cause }
func (m *masked) GoString() string { return m.text }

// queryValue finds the values of a query in text that quotes a URL.
var queryValue = regexp.MustCompile(`([?&][^=\s"&?]*=)[^&\s"]+`)

// mask redacts an error's text. Beside the known secrets it masks query values
// in any quoted URL: a Location header can hold a secret nobody configured.
func mask(r *Redactor, err error) error {
	text := queryValue.ReplaceAllString(r.String(err.Error()), "${1}"+maskText)
	return &masked{text: text, cause: err}
}
