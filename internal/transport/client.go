// Package transport is the one HTTP client of all platform connectors. It owns
// what every platform needs and no platform defines alone: when to try again
// and when that would repeat a write, how long to wait and whom that wait
// holds up, how much of an answer to read, and keeping credentials out of
// every log line and error text.
//
// It knows no platform. A connector tells it how the platform reads through
// [Config].Inspect (a throttle inside a 200 or 400 body, a transient code) and
// how it authenticates through [Config].Authorize, and gets back status,
// headers and body to decode itself.
package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"golang.org/x/time/rate"
)

// What a zero field of [Config] means.
const (
	DefaultAttempts         = 5
	DefaultMinBackoff       = 500 * time.Millisecond
	DefaultMaxBackoff       = 30 * time.Second
	DefaultMinThrottle      = time.Second
	DefaultMaxThrottle      = time.Minute
	DefaultMaxWait          = 10 * time.Minute
	DefaultRequestTimeout   = 60 * time.Second
	DefaultMaxResponseBytes = 16 << 20
)

// Config describes one credential of one platform. Only BaseURL and UserAgent
// have no default.
type Config struct {
	// Platform names the platform in log lines.
	Platform string

	// BaseURL is https, or http on a loopback host (a simulator). It has no
	// user info, query or fragment; a trailing slash is ignored.
	BaseURL string

	// UserAgent goes out with every request. Some firewalls in front of the
	// platforms drop clients that have none.
	UserAgent string

	// Header goes out with every request, a header of the [Request] replaces
	// it. For what is constant and not a secret (a login-customer-id).
	Header http.Header

	// Authorize adds the credential to one attempt, as header or query. It
	// runs again for each attempt, so a token source that refreshes is always
	// asked for its present token. Its error ends the call without a retry: a
	// refused refresh token stays refused, and a token endpoint that stumbles
	// is for the token source to try again (see [NewTokenClient]). It must
	// return when ctx ends, or Ctrl-C waits for it.
	Authorize func(ctx context.Context, req *http.Request) error

	// Reauthorize drops the present token after a verdict of [Unauthorized];
	// the request is then tried once more, beyond Attempts. Calls that fail
	// at the same time share one Reauthorize: a platform that rotates its
	// refresh tokens would take the second one for theft. Nil means that an
	// unauthorized answer is final.
	Reauthorize func(ctx context.Context) error

	// Inspect is the platform's own reading of an answer; nil is [ByStatus].
	// It must not keep or change the Response.
	Inspect func(*Response) Verdict

	// Redactor masks this credential's secrets in logs and errors. Nil makes
	// an empty one. Bearer tokens that Authorize sets are added to it.
	Redactor *Redactor

	// Limit and Burst pace the requests of this client; Limit 0 is no pace,
	// Burst 0 is 1.
	Limit rate.Limit
	Burst int

	// Attempts is how often a request goes out at most, the first included.
	Attempts int

	// MinBackoff and MaxBackoff bound the wait after a network error or a
	// [Transient] answer: a random time below MinBackoff doubled each attempt.
	MinBackoff, MaxBackoff time.Duration

	// MinThrottle and MaxThrottle bound the wait after a [Throttled] answer
	// that does not say how long.
	MinThrottle, MaxThrottle time.Duration

	// MaxWait is the longest throttle that Do waits out. A longer one (a used
	// up daily quota) comes back at once, so that a refresh without deadline
	// does not sit silent for hours.
	MaxWait time.Duration

	// RequestTimeout bounds one attempt, body included.
	RequestTimeout time.Duration

	// MaxResponseBytes is the largest body read, after decompression.
	MaxResponseBytes int64

	// Logger gets a debug line for each attempt and a warning for each retry,
	// already redacted. Nil logs nothing.
	Logger *slog.Logger

	// RoundTripper replaces [NewRoundTripper], in tests.
	RoundTripper http.RoundTripper
}

// Request is one call to the platform.
type Request struct {
	Method string // empty is GET

	// Path begins with a slash and is appended to the BaseURL as it stands:
	// callers escape ids with url.PathEscape. Dot segments, a query or a
	// fragment in it are refused, so that an id read from a file cannot
	// reach another endpoint.
	Path  string
	Query url.Values

	// Header adds to or replaces the defaults. Accept defaults to JSON.
	Header http.Header

	// Body may go with any method; some platforms want one on DELETE.
	// ContentType defaults to JSON when there is a body.
	Body        []byte
	ContentType string

	// Repeatable says that sending the request twice does no harm: a read
	// that is a POST, a write that sets a value. GET, HEAD and OPTIONS always
	// are. A request that is not Repeatable goes out again only when the
	// platform certainly did not act on it.
	Repeatable bool

	// Once keeps even a throttled or unauthorized answer final, for a write
	// on a platform that does not promise to refuse before it acts: read
	// first, then decide. Only a request that never left is tried again.
	Once bool

	// Operation names the call for logs and errors: "list members".
	Operation string
}

// Response is the platform's last answer, read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   []byte

	// Attempts is how many times the request was sent or tried to be sent,
	// this one included. Redirects within an attempt do not count.
	Attempts int

	// Throttle is more than 0 exactly when Do gave up on a throttle: how long
	// the platform wants no more calls.
	Throttle time.Duration
}

// requestIDHeaders are where platforms put the id that their support asks for.
// Nothing else of the headers is ever logged.
var requestIDHeaders = []string{
	"X-Fb-Trace-Id",   // Meta
	"Request-Id",      // Google Ads
	"X-Pinterest-Rid", // Pinterest
	"X-Tt-Logid",      // TikTok
	"X-Slack-Req-Id",  // Slack (SCIM)
	"Atl-Traceid",     // Atlassian (SCIM)
	"X-Request-Id",    // most others
	"X-Correlation-Id",
}

// RequestID is the platform's own id of the exchange, if a header carries one.
func (r *Response) RequestID() string {
	for _, name := range requestIDHeaders {
		if id := r.Header.Get(name); id != "" {
			return id
		}
	}
	return ""
}

// Client speaks HTTP for one credential of one platform. It is safe for
// concurrent use, and meant for it: a throttle met by one call holds all.
type Client struct {
	config     Config // defaults filled in
	base       *url.URL
	http       *http.Client
	redactor   *Redactor
	log        *slog.Logger
	gate       gate
	pace       *rate.Limiter // nil is no pace
	credential *credential
}

// New checks the configuration and returns a client for it. It makes no
// request.
func New(config Config) (*Client, error) {
	base, err := parseBase(config.BaseURL)
	if err != nil {
		return nil, err
	}
	if config.UserAgent == "" {
		return nil, errors.New("user agent is empty")
	}
	config.Attempts = orDefault(config.Attempts, DefaultAttempts)
	config.MinBackoff = orDefault(config.MinBackoff, DefaultMinBackoff)
	config.MaxBackoff = max(orDefault(config.MaxBackoff, DefaultMaxBackoff), config.MinBackoff)
	config.MinThrottle = orDefault(config.MinThrottle, DefaultMinThrottle)
	config.MaxThrottle = max(orDefault(config.MaxThrottle, DefaultMaxThrottle), config.MinThrottle)
	config.MaxWait = orDefault(config.MaxWait, DefaultMaxWait)
	config.RequestTimeout = orDefault(config.RequestTimeout, DefaultRequestTimeout)
	config.MaxResponseBytes = orDefault(config.MaxResponseBytes, DefaultMaxResponseBytes)
	config.Header = config.Header.Clone()
	if config.Inspect == nil {
		config.Inspect = ByStatus
	}
	if config.Redactor == nil {
		config.Redactor = NewRedactor()
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.RoundTripper == nil {
		config.RoundTripper = NewRoundTripper()
	}
	c := &Client{
		config:     config,
		base:       base,
		redactor:   config.Redactor,
		credential: newCredential(),
	}
	c.http = &http.Client{Transport: config.RoundTripper, CheckRedirect: c.checkRedirect}
	c.log = slog.New(c.redactor.Handler(config.Logger.Handler()))
	if config.Platform != "" {
		c.log = c.log.With("platform", config.Platform)
	}
	if config.Limit > 0 {
		c.pace = rate.NewLimiter(config.Limit, max(config.Burst, 1))
	}
	return c, nil
}

// Do sends the request, again where that is safe and useful, and returns the
// platform's last answer whatever its status: a 500 that outlived all
// attempts, a throttle too long to wait out (see [Response].Throttle). The
// caller decides what an answer means.
//
// The error is always an [*Error]: there is no usable answer (network, body
// cut short or too large, redirect to another host), the context ended, the
// credential could not be obtained, or the client is already held by a
// throttle that outlasts the context's deadline or MaxWait ([ErrThrottled]).
// Do never begins a wait that the deadline would cut off: it returns what it
// has at once, and the platform's answer is preferred to an error about time.
//
// Reads and Repeatable requests are tried again after network errors, cut
// answers and [Transient] verdicts. Any request is tried again when the
// platform certainly did not act: it never got there, or the verdict was
// [Throttled] or, once and after a Reauthorize, [Unauthorized]. Once takes
// answers out of that.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	k := &call{client: c, ctx: ctx, request: r}
	target, err := c.target(r)
	if err != nil {
		k.url = c.base
		return nil, k.error(err)
	}
	k.url = target

	// The library runs the loop; every decision in it is the call's (retry.go),
	// and so is every attempt (attempt.go). Its logger stays off: it would
	// write URLs with their queries.
	loop := &retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: k},
		RetryMax:     c.config.Attempts + 1, // the call counts; +1 for the try after Reauthorize
		CheckRetry:   k.again,
		Backoff:      k.backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	carrier, err := retryablehttp.NewRequestWithContext(ctx, r.Method, target.String(), nil)
	if err != nil {
		return nil, k.error(err)
	}
	stub, err := loop.Do(carrier)
	if stub != nil {
		_ = stub.Body.Close()
	}
	return k.result(err)
}

// Pause holds every call of this client that has not been sent yet for at
// least d; a pause that already lasts longer stays. Connectors use it to slow
// down before a platform throttles; returning a Wait with [Done] from Inspect
// does the same. A pause beyond MaxWait makes calls fail with [ErrThrottled].
func (c *Client) Pause(d time.Duration) { c.gate.pause(d) }

// Close gives back idle connections. The client can still be used.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// target is the URL of a request, on the base's host and below its path.
func (c *Client) target(r Request) (*url.URL, error) {
	if r.Path != "" && !strings.HasPrefix(r.Path, "/") {
		return nil, errors.New("path does not begin with a slash")
	}
	if strings.ContainsAny(r.Path, "?#\\") {
		return nil, errors.New("path has a query, a fragment or a backslash; escape the id in it")
	}
	for segment := range strings.SplitSeq(r.Path, "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return nil, fmt.Errorf("path is not escaped: %w", err)
		}
		if plain == "." || plain == ".." {
			return nil, errors.New("path has a dot segment")
		}
	}
	target, err := url.Parse(c.base.String() + r.Path)
	if err != nil {
		return nil, errors.New("path is not escaped")
	}
	target.RawQuery = r.Query.Encode()
	return target, nil
}

// parseBase reads a BaseURL. Its errors never repeat the text: it may hold a
// password.
func parseBase(text string) (*url.URL, error) {
	if text == "" {
		return nil, errors.New("base url is empty")
	}
	base, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("base url is not a url")
	case base.User != nil:
		return nil, errors.New("base url has user info; configure the credential instead")
	case base.RawQuery != "" || base.ForceQuery:
		return nil, errors.New("base url has a query")
	case strings.Contains(text, "#"):
		return nil, errors.New("base url has a fragment")
	case base.Hostname() == "" || base.Opaque != "":
		return nil, errors.New("base url has no host; it begins with https://")
	case base.Scheme == "https":
	case base.Scheme == "http" && isLoopback(base.Hostname()):
	case base.Scheme == "http":
		return nil, fmt.Errorf("base url uses http with %s; only a loopback host may go without tls", base.Hostname())
	default:
		return nil, fmt.Errorf("base url has scheme %q, want https", base.Scheme)
	}
	base.Path = strings.TrimRight(base.Path, "/")
	base.RawPath = strings.TrimRight(base.RawPath, "/")
	return base, nil
}

// isLoopback does not ask DNS: what a name resolves to can change between the
// check and the request. "localhost" is reserved (RFC 6761).
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

func orDefault[T int | int64 | time.Duration](value, fallback T) T {
	if value <= 0 {
		return fallback
	}
	return value
}
