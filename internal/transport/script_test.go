package transport

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// script is a platform in memory: one step for each attempt, the last one
// repeated. It remembers what it was sent and when.
type script struct {
	steps []step

	mu   sync.Mutex
	seen []sent
}

type step func(*http.Request) (*http.Response, error)

type sent struct {
	*http.Request
	body string
	at   time.Time
}

func play(steps ...step) *script { return &script{steps: steps} }

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		_ = req.Body.Close()
	}
	s.mu.Lock()
	s.seen = append(s.seen, sent{Request: req, body: string(body), at: time.Now()})
	step := s.steps[min(len(s.seen), len(s.steps))-1]
	s.mu.Unlock()
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	return step(req)
}

func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// gaps are the times between attempts.
func (s *script) gaps() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var gaps []time.Duration
	for i := 1; i < len(s.seen); i++ {
		gaps = append(gaps, s.seen[i].at.Sub(s.seen[i-1].at))
	}
	return gaps
}

// answer is a step; headers come in pairs.
func answer(status int, body string, headers ...string) step {
	return func(req *http.Request) (*http.Response, error) {
		resp := &http.Response{
			StatusCode: status, Header: http.Header{}, Request: req,
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		}
		for i := 0; i < len(headers); i += 2 {
			resp.Header.Add(headers[i], headers[i+1])
		}
		return resp, nil
	}
}

// cut answers with a body that breaks off.
func cut(status int) step {
	return func(req *http.Request) (*http.Response, error) {
		resp, _ := answer(status, "")(req)
		resp.ContentLength = 100
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"da`), broken{}))
		return resp, nil
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// dropped is a connection lost after the request went out.
func dropped(*http.Request) (*http.Response, error) { return nil, io.EOF }

// unreachable is a host that refuses connections.
func unreachable(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
}

// silent never answers.
func silent(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

const testAgent = "terraform-provider-roster/test"

func open(t *testing.T, platform http.RoundTripper, change ...func(*Config)) *Client {
	t.Helper()
	config := Config{BaseURL: "https://api.example/v1", UserAgent: testAgent, RoundTripper: platform}
	for _, change := range change {
		change(&config)
	}
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var (
	list   = Request{Path: "/members", Operation: "list members"}
	invite = Request{Method: http.MethodPost, Path: "/members", Body: []byte(`{"email":"ada@northwind.example"}`), Operation: "invite"}
	update = Request{Method: http.MethodPut, Path: "/members/1", Body: []byte(`{}`), Repeatable: true, Operation: "change role"}
)

// mustAnswer fails unless Do brings an answer with this status after this many
// attempts.
func mustAnswer(t *testing.T, c *Client, ctx context.Context, r Request, status, attempts int) *Response {
	t.Helper()
	resp, err := c.Do(ctx, r)
	if err != nil {
		t.Fatalf("Do: %v", err)
	}
	if resp.Status != status || resp.Attempts != attempts {
		t.Fatalf("status %d after %d attempts, want %d after %d", resp.Status, resp.Attempts, status, attempts)
	}
	return resp
}

// mustFail fails unless Do brings an *Error that is want (nil is any).
func mustFail(t *testing.T, c *Client, ctx context.Context, r Request, want error, attempts int, sent bool) *Error {
	t.Helper()
	resp, err := c.Do(ctx, r)
	if err == nil {
		t.Fatalf("Do: no error, status %d", resp.Status)
	}
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("Do: %T %v, want *Error", err, err)
	}
	if want != nil && !errors.Is(err, want) {
		t.Errorf("error = %v, want one that is %v", err, want)
	}
	if e.Attempts != attempts || e.Sent != sent {
		t.Errorf("attempts %d, sent %v, want %d, %v (%v)", e.Attempts, e.Sent, attempts, sent, err)
	}
	if resp != nil {
		t.Errorf("an answer beside the error: %d", resp.Status)
	}
	return e
}

// quiet is the log of servers that are meant to fail.
var quiet = log.New(io.Discard, "", 0)
