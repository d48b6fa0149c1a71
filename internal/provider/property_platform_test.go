package provider_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// platformSide stands between roster and a simulated platform. It serves one
// request at a time and writes down what each of them changed, by comparing the
// ground truth before and after: what roster did is then known beyond roster's
// own words and the simulator's log. And it lets something happen at a given
// request of a walk: somebody acts on the platform's screens, roster's process
// dies, the network falls silent.
type platformSide struct {
	sim                *hubsim.Sim
	handler            http.Handler
	platform, business string
	isAdmin            func(role string) bool
	// blind says that the platform does not show who has accepted: somebody
	// invited is a member like any other to roster.
	blind bool

	mu       sync.Mutex
	requests int // of the present walk
	writes   int // those of them that may change something
	event    event
	happened bool
	dead     bool // roster's process is gone: nothing it sends arrives
	stop     bool // somebody pressed Ctrl-C
	silent   time.Time
	effects  []effect
	sent     invitations
	began    time.Time            // the walk
	moved    map[string]time.Time // when somebody changed last, whoever did it
	lag      time.Duration        // the longest visibility lag so far
}

// event is what happens in the middle of a walk.
type event struct {
	kind    string // one of the events below, "" for none
	at      int    // the request of the walk at which it happens; of those that write when atWrite
	atWrite bool
	// afterEffect lets the request take effect first.
	afterEffect bool
	act         func() // for eventAct
	forHowLong  time.Duration
	// strike does to the processes what kind says. Nil leaves it to whoever asks
	// isDead and stopping.
	strike func()
}

const (
	eventKillTerraform = "kill -9 terraform"
	eventKillProvider  = "kill -9 the provider"
	eventInterrupt     = "Ctrl-C"
	eventSilence       = "the platform falls silent"
	eventAct           = "somebody acts"
)

// invitations are the requests of a walk for one, by address.
type invitations struct {
	// asked are those that invited somebody, or may have.
	asked []string
	// blindly are those for somebody who had a seat or an invitation since before
	// the walk, which the platform showed: roster did not look.
	blindly []string
}

// effect is one thing that a request of roster's changed.
type effect struct {
	request   int // of the walk
	operation string
	email     string // folded
	was, is   *hubsim.Person
	// administrators of the hub before and after the request.
	adminsBefore, adminsAfter int
	// beside says that they had another seat or invitation before the request,
	// fresh that roster need not have seen that one: it is younger than the
	// platform's lag, or than the walk. A platform that takes a second invitation
	// for one person then leaves roster no way to know of the first, unless its
	// state does.
	beside, fresh bool
}

func (e effect) String() string {
	return fmt.Sprintf("request %d, %s: %s was %s and is %s", e.request, e.operation, e.email, personText(e.was), personText(e.is))
}

func personText(p *hubsim.Person) string {
	if p == nil {
		return "not there"
	}
	roles := strings.Join(append([]string{p.Role}, p.ExtraRoles...), "+")
	return fmt.Sprintf("%s as %s (id %s)", p.Status, roles, p.ID)
}

// lives says that somebody has access, or can take it. Where a platform suspends
// a seat it is what a removal leaves.
func lives(p *hubsim.Person) bool {
	return p != nil && p.Status != hubsim.StatusExpired && p.Status != hubsim.StatusDeclined && p.Status != hubsim.StatusSuspended
}

// newPlatformSide serves until the test ends. Each answer closes its connection:
// inside a synctest bubble a client that keeps one open would wait on the
// network for ever, and time would not pass.
func newPlatformSide(t testing.TB, sim *hubsim.Sim, s story, keepAlive bool) (*platformSide, string) {
	t.Helper()
	p := &platformSide{
		sim: sim, handler: sim.Handler(), platform: s.world.platform, business: s.world.business, isAdmin: s.isAdmin,
		blind: !slices.Contains(s.driver.Platform.Statuses, hub.StatusInvited),
		moved: map[string]time.Time{},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	// A client may open a connection that it then does not need. To wait for a
	// request on it would stop the clock as well.
	server := &http.Server{Handler: p, ReadHeaderTimeout: time.Second}
	server.SetKeepAlivesEnabled(keepAlive)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return p, "http://" + listener.Addr().String()
}

// begin starts a walk in which something may happen at a request.
func (p *platformSide) begin(e event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sim.ResetRequests()
	p.requests, p.writes, p.event, p.happened = 0, 0, e, false
	p.dead, p.stop, p.silent = false, false, time.Time{}
	p.effects, p.sent, p.began = nil, invitations{}, p.sim.Clock().Now()
}

// end closes a walk and returns what it did.
func (p *platformSide) end() (effects []effect, sent invitations, happened bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.event, p.dead, p.stop, p.silent = event{}, false, false, time.Time{}
	return p.effects, p.sent, p.happened
}

func (p *platformSide) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

func (p *platformSide) stopping() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stop || p.dead
}

// ServeHTTP passes a request on, unless nothing arrives any more.
func (p *platformSide) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead || p.stop || p.sim.Clock().Now().Before(p.silent) {
		panic(http.ErrAbortHandler)
	}
	p.requests++
	if writes(r) {
		p.writes++
	}
	count := p.requests
	if p.event.atWrite {
		count = p.writes
	}
	due := p.event.kind != "" && !p.happened && count == p.event.at
	switch {
	case due && p.event.kind == eventAct:
		p.happened = true
		p.event.act()
	case due:
		p.happened = true
		if p.event.afterEffect {
			p.serve(httptest.NewRecorder(), r)
		}
		switch p.event.kind {
		case eventKillTerraform, eventKillProvider:
			p.dead = true
		case eventInterrupt:
			p.stop = true
		case eventSilence:
			p.silent = p.sim.Clock().Now().Add(p.event.forHowLong)
		}
		if p.event.strike != nil {
			p.event.strike()
			if p.event.kind == eventInterrupt {
				<-r.Context().Done() // roster hangs up; a platform would have gone on
			}
		}
		panic(http.ErrAbortHandler)
	}
	p.serve(w, r)
}

// writes says whether a request may change people: a search and a token
// exchange are reads by another method.
func writes(r *http.Request) bool {
	return r.Method != http.MethodGet && !strings.Contains(r.URL.Path, ":search") && !strings.Contains(r.URL.Path, "token")
}

// serve has the platform answer, and notes what the request changed.
func (p *platformSide) serve(w http.ResponseWriter, r *http.Request) {
	if !writes(r) {
		p.handler.ServeHTTP(w, r)
		return
	}
	before := p.people()
	defer func() {
		// Also when the platform dropped the connection: the effect may have
		// taken place.
		dropped := recover()
		p.compare(before, p.people())
		if dropped != nil {
			panic(dropped)
		}
	}()
	p.handler.ServeHTTP(w, r)
}

func (p *platformSide) compare(before, after []hubsim.Person) {
	operation := "?"
	if log := p.sim.Requests(); len(log) > 0 {
		last := log[len(log)-1]
		operation = last.Operation
		// A refusal, a throttle and a token that is refused are no invitations. An
		// answer that a fault took the place of may be one, as far as roster knows.
		for _, one := range cast {
			email := one.email()
			text := strings.ToLower(last.Body + " " + last.Form.Encode())
			meant := strings.Contains(text, email) || strings.Contains(text, url.QueryEscape(email))
			unknown := last.Fault != "" && last.Status != http.StatusTooManyRequests
			if operation != hubsim.OpInvite || !meant {
				continue
			}
			if lives(find(before, email)) && !p.fresh(email) {
				p.sent.blindly = append(p.sent.blindly, email)
			}
			if unknown || !lives(find(before, email)) && lives(find(after, email)) {
				p.sent.asked = append(p.sent.asked, email)
			}
		}
	}
	note := func(was, is *hubsim.Person) {
		e := effect{
			request: p.requests, operation: operation, was: was, is: is,
			adminsBefore: p.admins(before), adminsAfter: p.admins(after),
		}
		if is != nil {
			e.email = hub.FoldEmail(is.Email)
		} else {
			e.email = hub.FoldEmail(was.Email)
		}
		e.beside = slices.ContainsFunc(before, func(other hubsim.Person) bool {
			return lives(&other) && hub.FoldEmail(other.Email) == e.email
		})
		e.fresh = p.fresh(e.email)
		p.effects = append(p.effects, e)
		p.moved[e.email] = p.sim.Clock().Now()
	}
	row := func(list []hubsim.Person, one hubsim.Person) *hubsim.Person {
		at := slices.IndexFunc(list, func(other hubsim.Person) bool {
			return other.ID == one.ID && hub.FoldEmail(other.Email) == hub.FoldEmail(one.Email)
		})
		if at < 0 {
			return nil
		}
		return &list[at]
	}
	for _, was := range before {
		if is := row(after, was); is == nil {
			note(&was, nil)
		} else if is.Status != was.Status || is.Role != was.Role || !slices.Equal(is.ExtraRoles, was.ExtraRoles) {
			note(&was, is)
		}
	}
	for _, is := range after {
		if row(before, is) == nil {
			note(nil, &is)
		}
	}
}

// fresh says that somebody changed in this walk, or so shortly before that its
// first reading of the hub need not show it: roster reads a hub once in a walk.
func (p *platformSide) fresh(email string) bool {
	moved, ok := p.moved[email]
	return ok && !moved.Before(p.began.Add(-p.lag))
}

func (p *platformSide) people() []hubsim.Person {
	people, err := p.sim.People(p.platform, p.business)
	if err != nil {
		panic(err)
	}
	return people
}

// person is the ground truth about somebody: the strongest row of their
// address, nil when there is none.
func (p *platformSide) person(email string) *hubsim.Person {
	return find(p.people(), email)
}

func find(people []hubsim.Person, email string) *hubsim.Person {
	var best *hubsim.Person
	for _, one := range people {
		if hub.FoldEmail(one.Email) != hub.FoldEmail(email) {
			continue
		}
		if best == nil || one.Status == hubsim.StatusActive || !lives(best) {
			best = &one
		}
	}
	return best
}

func (p *platformSide) admins(people []hubsim.Person) int {
	n := 0
	for _, one := range people {
		counts := one.Status == hubsim.StatusActive || p.blind && one.Status == hubsim.StatusInvited
		if counts && (p.isAdmin(one.Role) || slices.ContainsFunc(one.ExtraRoles, p.isAdmin)) {
			n++
		}
	}
	return n
}

// touched remembers that somebody changed by an act outside roster: until the
// platform's lag is over its answers may say otherwise.
func (p *platformSide) touched(email string) { p.moved[hub.FoldEmail(email)] = p.sim.Clock().Now() }
