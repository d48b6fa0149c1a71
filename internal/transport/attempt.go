package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// call is one Do: what was asked, and what the attempts so far have taught.
type call struct {
	client  *Client
	ctx     context.Context
	request Request
	url     *url.URL

	attempts int
	status   int       // last status line seen
	response *Response // last answer read to its end
	verdict  Verdict   // on response
	acted    bool      // the platform may have acted on an attempt before the present one

	// Of the present attempt:
	failure    error         // why it has no answer; nil after an answer
	final      bool          // failure is not worth another attempt
	sent       bool          // the platform may have acted on it
	late       bool          // gate or pace left no time to send it
	held       time.Duration // by the gate, when late
	generation uint64        // of the credential it took

	// Of the next one:
	pending      bool // it was decided on and has not begun
	delay        time.Duration
	reauthorized bool // it or one before follows a Reauthorize
}

// RoundTrip is one attempt, as the retry loop sees it. The true answer stays in
// the call; the loop gets a stand-in without Location header or body, so that
// nothing outside this package follows or reads anything.
func (k *call) RoundTrip(carrier *http.Request) (*http.Response, error) {
	k.acted = k.acted || k.sent
	k.failure, k.final, k.sent, k.late, k.held, k.pending = nil, false, false, false, 0, false
	if err := k.ready(); err != nil {
		k.failure, k.final = err, true
		return nil, err
	}
	if err := k.attempt(); err != nil {
		k.failure = err
		return nil, err
	}
	return &http.Response{StatusCode: k.response.Status, Header: http.Header{}, Body: http.NoBody, Request: carrier}, nil
}

// ready waits for the gate and the pace.
func (k *call) ready() error {
	c := k.client
	for {
		held, err := c.gate.wait(k.ctx, c.config.MaxWait)
		if err != nil {
			return err
		}
		if held > 0 {
			k.late, k.held = true, held
			return ErrThrottled
		}
		if c.pace == nil {
			return nil
		}
		if err := c.pace.Wait(k.ctx); err != nil {
			if k.ctx.Err() != nil {
				return contextError(k.ctx)
			}
			// The limiter refuses at once when the deadline is too near.
			k.late = true
			return errPace
		}
		// The gate may have closed while this call stood in the pace's queue.
		if left, _ := c.gate.remaining(); left <= 0 {
			return nil
		}
	}
}

// attempt sends the request once and reads the answer to its end.
func (k *call) attempt() error {
	c := k.client
	ctx, cancel := context.WithTimeout(k.ctx, c.config.RequestTimeout)
	defer cancel()

	var connected atomic.Bool
	req, err := k.build(ctx)
	if err != nil {
		k.final = true
		return err
	}
	// Not before build: Authorize may fetch a token, over connections of its own.
	req = req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}))

	k.attempts++
	start := time.Now()
	answer, err := c.http.Do(req) //nolint:bodyclose // read and closed in read; the linter does not follow it there
	if answer != nil {
		k.status = answer.StatusCode // beside an error too, for a refused redirect
	}
	if err != nil {
		k.sent = k.mayHaveArrived(err, connected.Load())
		k.final = errors.Is(err, ErrRedirect)
		err = k.unanswered(ctx, err)
		k.logAttempt(start, answer, err)
		return err
	}
	k.sent = true
	body, err := readBody(answer, req.Method, c.config.MaxResponseBytes)
	if err != nil {
		k.final = errors.Is(err, ErrTooLarge)
		err = k.unanswered(ctx, err)
		k.logAttempt(start, answer, err)
		return err
	}
	k.response = &Response{Status: answer.StatusCode, Header: answer.Header, Body: body, Attempts: k.attempts}
	k.verdict = c.config.Inspect(k.response)
	k.logAttempt(start, answer, nil)
	return nil
}

// mayHaveArrived says whether the request of a failed attempt may have reached the
// platform. Without a connection it certainly has not: DNS, dial, proxy and TLS
// come before, and so does the check of the headers. Later, nothing is certain.
func (k *call) mayHaveArrived(err error, connected bool) bool {
	if _, traced := k.client.config.RoundTripper.(*http.Transport); traced {
		return connected
	}
	// Another round tripper need not report its connections.
	var op *net.OpError
	var dns *net.DNSError
	return !(errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns))
}

// build makes the request of one attempt, credential included.
func (k *call) build(ctx context.Context) (*http.Request, error) {
	c := k.client
	var body io.Reader
	if len(k.request.Body) > 0 {
		body = bytes.NewReader(k.request.Body)
	}
	req, err := http.NewRequestWithContext(ctx, k.request.Method, k.url.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, headers := range []http.Header{c.config.Header, k.request.Header} {
		for name, values := range headers {
			req.Header[http.CanonicalHeaderKey(name)] = append([]string(nil), values...)
		}
	}
	if k.request.ContentType != "" {
		req.Header.Set("Content-Type", k.request.ContentType)
	}
	req.Header.Set("User-Agent", c.config.UserAgent)

	// Read before Authorize: a token that is replaced in between must count
	// as the old one, or a late 401 would skip its Reauthorize.
	k.generation = c.credential.generation.Load()
	if c.config.Authorize != nil {
		if err := c.config.Authorize(ctx, req); err != nil {
			return nil, k.unauthorized(err)
		}
	}
	c.redactor.addAuthorization(req.Header.Get("Authorization"))
	return req, nil
}

// unanswered sorts the error of an attempt that brought no usable answer. The
// caller's own cancellation comes first, whatever it broke on its way.
func (k *call) unanswered(ctx context.Context, err error) error {
	if k.ctx.Err() != nil {
		return contextError(k.ctx)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("no answer within %s: %w", k.client.config.RequestTimeout, ctx.Err())
	}
	return err
}

// unauthorized wraps an error of Authorize or Reauthorize. A token source need
// not keep the context's error in its own.
func (k *call) unauthorized(err error) error {
	if k.ctx.Err() != nil {
		err = contextError(k.ctx)
	}
	return fmt.Errorf("%w: %w", ErrAuthorize, err)
}

// contextError keeps the cause when somebody gave one.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// readBody reads an answer to its end and closes it, so that the connection can
// serve the next call. A body past the limit is left and costs its connection:
// reading on is what the limit is against.
func readBody(answer *http.Response, method string, limit int64) ([]byte, error) {
	defer func() { _ = answer.Body.Close() }()
	if method == http.MethodHead {
		return nil, nil // its Content-Length is that of the GET
	}
	if answer.ContentLength > limit {
		return nil, fmt.Errorf("%w: %d bytes announced, limit %d", ErrTooLarge, answer.ContentLength, limit)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTruncated, err)
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	return body, nil
}
