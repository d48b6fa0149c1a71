package transport

import (
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	tokenTimeout  = 20 * time.Second // one attempt
	tokenAttempts = 3
)

// NewTokenClient returns the HTTP client for a token source (an OAuth library
// takes one) that a connector calls in Authorize. It tries network errors and
// 5xx answers again: a rotated refresh token whose answer got lost is lost
// either way. It follows no redirect, since its bodies are credentials, and
// logs nothing. A nil next is [NewRoundTripper].
func NewTokenClient(userAgent string, next http.RoundTripper) *http.Client {
	if next == nil {
		next = NewRoundTripper()
	}
	noRedirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	loop := &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport:     identified{userAgent: userAgent, next: next},
			Timeout:       tokenTimeout,
			CheckRedirect: noRedirect,
		},
		RetryMax:     tokenAttempts - 1,
		RetryWaitMin: DefaultMinBackoff,
		RetryWaitMax: tokenTimeout,
		CheckRetry:   retryablehttp.DefaultRetryPolicy,
		Backoff: func(least, most time.Duration, attempt int, resp *http.Response) time.Duration {
			// The library waits as long as a Retry-After says.
			return min(retryablehttp.DefaultBackoff(least, most, attempt, resp), most)
		},
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	client := loop.StandardClient()
	client.Timeout = DefaultRequestTimeout // a token source may have no context of its own
	client.CheckRedirect = noRedirect
	return client
}

// identified sets the user agent.
type identified struct {
	userAgent string
	next      http.RoundTripper
}

func (t identified) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", t.userAgent)
	return t.next.RoundTrip(req)
}
