package transport

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Limits of the default connection. Ten idle connections a host, because
// Terraform walks ten resources at a time and the standard two would make the
// other eight shake hands for every request.
const (
	connectTimeout = 10 * time.Second
	idleTimeout    = 90 * time.Second
	idlePerHost    = 10
	maxRedirects   = 5
)

// NewRoundTripper returns the connection settings all clients use: proxies
// from the environment, TLS 1.2 or newer, HTTP/2, ten seconds to connect.
func NewRoundTripper() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   connectTimeout,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          100,
		MaxIdleConnsPerHost:   idlePerHost,
		IdleConnTimeout:       idleTimeout,
		ExpectContinueTimeout: time.Second,
	}
}

// checkRedirect follows within the platform's host, where the method stays.
// Elsewhere the credential would leak: net/http drops Authorization for a new
// host but not a platform's own header (X-API-Key, Access-Token), and neither
// keeps the scheme.
func (c *Client) checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case origin(next.URL) != origin(first.URL):
		return fmt.Errorf("%w: from %s to %s", ErrRedirect, origin(first.URL), origin(next.URL))
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d in a row", ErrRedirect, maxRedirects)
	case next.Method != first.Method:
		// 301, 302 and 303 turn a write into a GET, whose 200 would pass for
		// the write's. The redirect itself is the answer then.
		return http.ErrUseLastResponse
	}
	next.Header.Del("Referer") // it quotes the previous URL, query included
	return nil
}

// origin is scheme, host and port, the port always written.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
