package transport

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// serve is a platform behind a real socket, and a client of it.
func serve(t *testing.T, platform http.HandlerFunc, change ...func(*Config)) (*Client, *httptest.Server) {
	t.Helper()
	server := httptest.NewServer(platform)
	t.Cleanup(server.Close)
	return connect(t, server.URL, change...), server
}

func connect(t *testing.T, base string, change ...func(*Config)) *Client {
	t.Helper()
	c := open(t, nil, append([]func(*Config){func(c *Config) {
		c.BaseURL, c.RoundTripper = base, nil
		c.MinBackoff, c.MaxBackoff = time.Millisecond, 2*time.Millisecond
	}}, change...)...)
	t.Cleanup(c.Close)
	return c
}

// hangUp drops the connection without an answer.
func hangUp(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// The platform read the request and the connection broke: a write may have been
// done, a read can go again.
func TestDroppedAfterRequest(t *testing.T) {
	var n atomic.Int32
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if n.Add(1)%2 == 1 {
			hangUp(w)
		}
	})
	mustAnswer(t, c, t.Context(), list, 200, 2)
	mustAnswer(t, c, t.Context(), update, 200, 2)
	mustFail(t, c, t.Context(), invite, nil, 1, true)
	if n.Load() != 5 {
		t.Errorf("%d requests, want 5", n.Load())
	}
}

// The platform hung up before it read anything. From here that looks like the
// case above, so a write is not repeated.
func TestDroppedBeforeRequest(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var n atomic.Int32
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			n.Add(1)
			_ = conn.Close()
		}
	}()
	c := connect(t, "http://"+listener.Addr().String())
	mustFail(t, c, t.Context(), invite, nil, 1, true)
	if n.Load() != 1 {
		t.Errorf("%d connections for a write, want 1", n.Load())
	}
	mustFail(t, c, t.Context(), list, nil, DefaultAttempts, true)
}

// Nobody listens: certainly not sent, so a write goes again too.
func TestConnectionRefused(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	e := mustFail(t, connect(t, server.URL), t.Context(), invite, nil, DefaultAttempts, false)
	if !strings.Contains(e.Error(), "connection refused") || strings.Count(e.Error(), "http://") != 1 {
		t.Errorf("error = %q, want the cause, and the url once", e)
	}
}

// An untrusted certificate stays untrusted: one attempt, and nothing was sent.
func TestTLSFailure(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = quiet
	server.StartTLS()
	defer server.Close()
	e := mustFail(t, connect(t, server.URL), t.Context(), update, nil, 1, false)
	var untrusted *tls.CertificateVerificationError
	if !errors.As(e, &untrusted) {
		t.Errorf("error = %v, want a certificate error", e)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = quiet
	server.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	server.StartTLS()
	defer server.Close()
	mustFail(t, connect(t, server.URL), t.Context(), list, nil, DefaultAttempts, false)
}

func TestHTTP2(t *testing.T) {
	var n atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.ProtoMajor != 2 {
			t.Errorf("protocol %s, want HTTP/2", r.Proto)
		}
		if n.Add(1) == 2 {
			panic(http.ErrAbortHandler) // resets the stream
		}
	}))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = quiet
	server.StartTLS()
	defer server.Close()
	trusting := NewRoundTripper()
	trusting.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	c := connect(t, server.URL, func(c *Config) { c.RoundTripper = trusting })
	mustAnswer(t, c, t.Context(), invite, 200, 1)
	mustFail(t, c, t.Context(), invite, nil, 1, true) // it was sent: the trace must say so here too
	if n.Load() != 2 {
		t.Errorf("%d requests, want 2", n.Load())
	}
}

func TestAuthorizeConnectionsAreNotOurs(t *testing.T) {
	tokens := httptest.NewServer(http.NotFoundHandler())
	defer tokens.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c := connect(t, gone.URL, func(c *Config) {
		c.Authorize = func(ctx context.Context, _ *http.Request) error {
			req, _ := http.NewRequestWithContext(ctx, "POST", tokens.URL, nil)
			resp, err := tokens.Client().Do(req)
			if err == nil {
				_ = resp.Body.Close()
			}
			return err
		}
	})
	mustFail(t, c, t.Context(), invite, nil, DefaultAttempts, false)
}

func TestTruncatedBody(t *testing.T) {
	for _, tt := range []struct {
		name  string
		write func(w http.ResponseWriter)
	}{
		{"content length", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"data":[`)
		}},
		{"chunked", func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, `{"data":[`)
			_ = http.NewResponseController(w).Flush()
			hangUp(w)
		}},
		{"gzip", func(w http.ResponseWriter) {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = z.Write([]byte(strings.Repeat(`{"data":[]}`, 100)))
			_ = z.Close()
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(b.Bytes()[:b.Len()/2])
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var n atomic.Int32
			c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if n.Add(1)%2 == 1 {
					tt.write(w)
				}
			})
			mustAnswer(t, c, t.Context(), list, 200, 2)
			e := mustFail(t, c, t.Context(), invite, ErrTruncated, 1, true)
			if e.Status != 200 {
				t.Errorf("status %d, want 200", e.Status)
			}
		})
	}
}

func TestLargestBody(t *testing.T) {
	const limit = 1 << 10
	var n atomic.Int32
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		size, _ := strconv.Atoi(r.URL.Query().Get("size"))
		switch r.URL.Query().Get("as") {
		case "length":
			w.Header().Set("Content-Length", strconv.Itoa(size))
		case "gzip": // small on the wire
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			_, _ = z.Write(make([]byte, size))
			return
		default:
			_ = http.NewResponseController(w).Flush()
		}
		_, _ = w.Write(make([]byte, size))
	}, func(c *Config) { c.MaxResponseBytes = limit })

	for _, as := range []string{"length", "stream", "gzip"} {
		r := Request{Path: "/m", Query: url.Values{"as": {as}, "size": {strconv.Itoa(limit)}}, Operation: "read"}
		if resp := mustAnswer(t, c, t.Context(), r, 200, 1); len(resp.Body) != limit {
			t.Errorf("%s: %d bytes, want %d", as, len(resp.Body), limit)
		}
		n.Store(0)
		r.Query.Set("size", strconv.Itoa(limit+1))
		e := mustFail(t, c, t.Context(), r, ErrTooLarge, 1, true)
		if n.Load() != 1 || e.Status != 200 {
			t.Errorf("%s: %d requests, status %d; a large answer stays large", as, n.Load(), e.Status)
		}
	}
	head := Request{Method: "HEAD", Path: "/m", Query: url.Values{"as": {"length"}, "size": {"1000000"}}}
	mustAnswer(t, c, t.Context(), head, 200, 1)
}

// An announced size is believed: none of it is read.
func TestLargeBodyIsNotRead(t *testing.T) {
	body := &watchedBody{Reader: broken{}}
	platform := play(func(req *http.Request) (*http.Response, error) {
		resp, _ := answer(200, "")(req)
		resp.ContentLength, resp.Body = DefaultMaxResponseBytes+1, body
		return resp, nil
	})
	mustFail(t, open(t, platform), t.Context(), list, ErrTooLarge, 1, true)
	if !body.closed {
		t.Error("body left open")
	}
}

func TestEveryBodyIsClosed(t *testing.T) {
	var bodies []*watchedBody
	watch := func(next step) step {
		return func(req *http.Request) (*http.Response, error) {
			resp, err := next(req)
			body := &watchedBody{Reader: resp.Body}
			resp.Body = body
			bodies = append(bodies, body)
			return resp, err
		}
	}
	for _, steps := range [][]step{
		{answer(200, "ok")},
		{answer(500, "down"), cut(200), answer(200, "ok")},
		{answer(302, "", "Location", "/v1/other"), answer(303, "", "Location", "https://elsewhere.example/")},
		{answer(200, strings.Repeat("x", 100))},
	} {
		for i := range steps {
			steps[i] = watch(steps[i])
		}
		c := open(t, play(steps...), func(c *Config) { c.MinBackoff, c.MaxBackoff, c.MaxResponseBytes = 1, 1, 50 })
		_, _ = c.Do(t.Context(), list)
		_, _ = c.Do(t.Context(), Request{Method: "HEAD", Path: "/m"})
	}
	for i, body := range bodies {
		if !body.closed {
			t.Errorf("body %d of %d left open", i+1, len(bodies))
		}
	}
}

type watchedBody struct {
	io.Reader
	closed bool
}

func (b *watchedBody) Close() error {
	b.closed = true
	return nil
}

func TestRedirectsWithinTheHost(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Method+" "+r.URL.Path+" "+string(body)+" "+r.Header.Get("Access-Token")+r.Header.Get("Referer"))
		if code, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/")); code != 0 {
			http.Redirect(w, r, "/to?x=1", code)
		}
	}, func(c *Config) {
		c.Authorize = func(_ context.Context, req *http.Request) error {
			req.Header.Set("Access-Token", "hunter22")
			return nil
		}
	})
	for _, tt := range []struct {
		method string
		code   int
		status int
		want   []string
	}{
		{"GET", 301, 200, []string{"GET /301  hunter22", "GET /to  hunter22"}},
		{"GET", 302, 200, []string{"GET /302  hunter22", "GET /to  hunter22"}},
		{"HEAD", 308, 200, []string{"HEAD /308  hunter22", "HEAD /to  hunter22"}},
		{"POST", 307, 200, []string{"POST /307 body hunter22", "POST /to body hunter22"}},
		{"DELETE", 308, 200, []string{"DELETE /308 body hunter22", "DELETE /to body hunter22"}},
		// Followed, these would become a GET and its answer the write's.
		{"POST", 301, 301, []string{"POST /301 body hunter22"}},
		{"PUT", 302, 302, []string{"PUT /302 body hunter22"}},
		{"POST", 303, 303, []string{"POST /303 body hunter22"}},
	} {
		seen = nil
		r := Request{Method: tt.method, Path: "/" + strconv.Itoa(tt.code), Query: url.Values{"access_token": {"s"}}}
		if tt.method != "GET" && tt.method != "HEAD" {
			r.Body = []byte("body")
		}
		mustAnswer(t, c, t.Context(), r, tt.status, 1)
		if got, want := strings.Join(seen, "\n"), strings.Join(tt.want, "\n"); got != want {
			t.Errorf("%s %d:\n%s\nwant\n%s", tt.method, tt.code, got, want)
		}
	}
}

func TestRedirectElsewhereIsRefused(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("request reached the other host, Authorization %q, X-Api-Key %q", r.Header.Get("Authorization"), r.Header.Get("X-Api-Key"))
	}))
	defer elsewhere.Close()
	for _, target := range []string{
		elsewhere.URL + "/x?token=redirect-secret#redirect-secret", // another port is another host
		"https://api.elsewhere.example/?token=redirect-secret",
	} {
		for _, code := range []int{301, 302, 303, 307, 308} {
			for _, method := range []string{"GET", "POST", "DELETE"} {
				var n atomic.Int32
				c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
					n.Add(1)
					w.Header().Set("Location", target)
					w.WriteHeader(code)
				}, func(c *Config) {
					c.Authorize = func(_ context.Context, req *http.Request) error {
						req.Header.Set("Authorization", "Bearer hunter22")
						req.Header.Set("X-Api-Key", "hunter22")
						return nil
					}
				})
				e := mustFail(t, c, t.Context(), Request{Method: method, Path: "/m", Body: []byte("b"), Repeatable: true}, ErrRedirect, 1, true)
				if n.Load() != 1 || e.Status != code || strings.Contains(e.Error(), "redirect-secret") {
					t.Errorf("%s %d to %s: %d requests, status %d, %v", method, code, target, n.Load(), e.Status, e)
				}
			}
		}
	}
}

func TestSchemeChangeIsRefused(t *testing.T) {
	platform := play(answer(302, "", "Location", "http://api.example/v1/members"))
	mustFail(t, open(t, platform), t.Context(), list, ErrRedirect, 1, true)
	// The same place, written otherwise.
	platform = play(answer(302, "", "Location", "https://API.example:443/v1/other"), answer(200, ""))
	mustAnswer(t, open(t, platform), t.Context(), list, 200, 1)
}

func TestRedirectCircle(t *testing.T) {
	platform := play(answer(302, "", "Location", "/v1/members"))
	mustFail(t, open(t, platform), t.Context(), list, ErrRedirect, 1, true)
	if platform.count() != maxRedirects+1 {
		t.Errorf("%d requests, want %d", platform.count(), maxRedirects+1)
	}
}

// Bodies are read to their end, of answers that are retried too, so one
// connection serves all.
func TestConnectionIsReused(t *testing.T) {
	var n, connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%2 == 1 {
			w.WriteHeader(500)
		}
		_, _ = w.Write(make([]byte, 100_000))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c := connect(t, server.URL)
	for range 10 {
		mustAnswer(t, c, t.Context(), list, 200, 2)
	}
	if connections.Load() != 1 {
		t.Errorf("%d connections for 20 requests, want 1", connections.Load())
	}
}

func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	func() {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/drop":
				hangUp(w)
			case "/large":
				_, _ = w.Write(make([]byte, 4096))
			case "/slow":
				<-r.Context().Done()
			}
		}))
		defer server.Close()
		c := connect(t, server.URL, func(c *Config) { c.MaxResponseBytes, c.RequestTimeout = 1024, 50*time.Millisecond })
		defer c.Close()
		for _, path := range []string{"/ok", "/drop", "/large", "/slow"} {
			_, _ = c.Do(t.Context(), Request{Path: path})
		}
	}()
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(5 * time.Millisecond) // connections close in their own time
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
}

func TestTunedRoundTripper(t *testing.T) {
	rt := NewRoundTripper()
	if rt.TLSClientConfig.MinVersion != tls.VersionTLS12 || !rt.ForceAttemptHTTP2 || rt.Proxy == nil {
		t.Errorf("round tripper = %+v", rt)
	}
}
