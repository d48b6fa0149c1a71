package hubsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"
)

// FaultKind is what goes wrong between the platform and its caller. Faults are
// about the wire; trouble the platform itself knows of is a hub setting.
type FaultKind string

// The kinds of fault.
const (
	// FaultRespond answers with Status, Headers and Body instead.
	FaultRespond FaultKind = "respond"
	// FaultHTML answers with a gateway's HTML page (status 502 unless told).
	FaultHTML FaultKind = "html"
	// FaultDelay waits, in real time, before the call is served.
	FaultDelay FaultKind = "delay"
	// FaultDropBefore closes the connection before anything takes effect.
	FaultDropBefore FaultKind = "drop_before"
	// FaultDropAfter closes the connection once the effect took place.
	FaultDropAfter FaultKind = "drop_after"
	// FaultTruncate announces the whole answer and sends half of it.
	FaultTruncate FaultKind = "truncate"
)

var faultKinds = []FaultKind{FaultRespond, FaultHTML, FaultDelay, FaultDropBefore, FaultDropAfter, FaultTruncate}

// Fault is one thing to go wrong, on the calls it matches. Empty matchers match
// everything.
//
// Go's own HTTP transport sends an idempotent request again when a connection it
// had used before is dropped, so a dropped GET may show up twice in the log.
type Fault struct {
	Kind FaultKind `json:"kind"`

	Platform  string `json:"platform,omitempty"`
	Business  string `json:"business,omitempty"`
	Method    string `json:"method,omitempty"`
	Operation string `json:"operation,omitempty"`
	Path      string `json:"path,omitempty"` // a regular expression over the path below the platform's prefix

	Times int `json:"times,omitempty"` // how many matching calls; 0 = all of them
	Skip  int `json:"skip,omitempty"`  // let this many matching calls pass first

	Delay Duration `json:"delay,omitempty"` // before the fault, or the whole of it for kind delay
	// AfterEffect lets the call take effect first: the caller of a write then
	// sees a failure or a time-out although the write was done.
	AfterEffect bool `json:"after_effect,omitempty"`

	Status  int               `json:"status,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"` // content type JSON unless Headers say otherwise
}

// ActiveFault is a fault in force.
type ActiveFault struct {
	ID int `json:"id"`
	Fault
	Seen    int `json:"seen"`    // calls matched so far
	Applied int `json:"applied"` // calls spoilt so far
}

// AddFault puts a fault in force and returns its id. Faults are tried in the
// order they were added; the first that is due is applied, one per call.
func (s *Sim) AddFault(f Fault) (int, error) { return s.faults.add(f) }

// Faults lists the faults in force, spent ones included.
func (s *Sim) Faults() []ActiveFault { return s.faults.list() }

// RemoveFault lifts one fault.
func (s *Sim) RemoveFault(id int) error { return s.faults.remove(id) }

// ClearFaults lifts all faults.
func (s *Sim) ClearFaults() { s.faults.clear() }

type faultList struct {
	mu     sync.Mutex
	lastID int
	faults []*armedFault
}

type armedFault struct {
	ActiveFault
	path *regexp.Regexp
}

func (l *faultList) add(f Fault) (int, error) {
	if !slices.Contains(faultKinds, f.Kind) {
		return 0, fmt.Errorf("fault kind %q is not one of %q", f.Kind, faultKinds)
	}
	if f.Times < 0 || f.Skip < 0 || f.Delay < 0 {
		return 0, fmt.Errorf("fault %s: times, skip and delay cannot be negative", f.Kind)
	}
	if f.Kind == FaultRespond && (f.Status < 200 || f.Status > 599) {
		return 0, fmt.Errorf("fault respond: status %d is not a final HTTP status", f.Status)
	}
	if f.Kind == FaultDelay && f.Delay == 0 {
		return 0, fmt.Errorf("fault delay: no delay given")
	}
	path, err := regexp.Compile(f.Path)
	if err != nil {
		return 0, fmt.Errorf("fault path: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastID++
	l.faults = append(l.faults, &armedFault{ActiveFault: ActiveFault{ID: l.lastID, Fault: f}, path: path})
	return l.lastID, nil
}

// take returns the fault due for a call, and counts it.
func (l *faultList) take(c *call) *Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.faults {
		if !f.matches(c) {
			continue
		}
		f.Seen++
		if f.Seen <= f.Skip || (f.Times > 0 && f.Applied >= f.Times) {
			continue
		}
		f.Applied++
		due := f.Fault
		return &due
	}
	return nil
}

func (f *armedFault) matches(c *call) bool {
	same := func(want, got string) bool { return want == "" || want == got }
	return same(f.Platform, c.platform) && same(f.Business, c.business) &&
		same(f.Method, c.request.Method) && same(f.Operation, c.operation) &&
		f.path.MatchString(c.path)
}

func (l *faultList) list() []ActiveFault {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := []ActiveFault{}
	for _, f := range l.faults {
		all = append(all, f.ActiveFault)
	}
	return all
}

func (l *faultList) remove(id int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := slices.IndexFunc(l.faults, func(f *armedFault) bool { return f.ID == id })
	if at < 0 {
		return fmt.Errorf("no fault with id %d", id)
	}
	l.faults = slices.Delete(l.faults, at, at+1)
	return nil
}

func (l *faultList) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = nil
}

const gatewayPage = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>" +
	"<body><h1>502 Bad Gateway</h1><hr>proxy</body></html>\n"

// answer is what a respond or html fault sends.
func (f *Fault) answer() *answer {
	a := newAnswer()
	a.status = f.Status
	contentType := "application/json; charset=UTF-8"
	if f.Kind == FaultHTML {
		contentType = "text/html; charset=utf-8"
		if a.status == 0 {
			a.status = http.StatusBadGateway
		}
	}
	a.Header().Set("Content-Type", contentType)
	for name, value := range f.Headers {
		a.Header().Set(name, value)
	}
	body := f.Body
	if body == "" && f.Kind == FaultHTML {
		body = gatewayPage
	}
	a.body.WriteString(body)
	return a
}

// Duration is a time.Duration that reads and writes as text ("90s", "720h"), so
// that a seed says its unit.
type Duration time.Duration

func (d Duration) String() string { return time.Duration(d).String() }

// MarshalJSON writes the duration as text.
func (d Duration) MarshalJSON() ([]byte, error) { return []byte(strconv.Quote(d.String())), nil }

// UnmarshalJSON reads the duration from text.
func (d *Duration) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf(`a duration is text with a unit, such as "90s", not %s`, raw)
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	*d = Duration(parsed)
	return nil
}
