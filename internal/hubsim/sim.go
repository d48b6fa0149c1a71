// Package hubsim holds stateful simulators of the platforms' HTTP APIs. Tests
// run them in process, the demo and other tools run them as a process
// (tools/hubsim).
//
// A simulator is the second witness: it types its wire format from the
// platform's own documents and shares nothing with the connectors, so that one
// misreading cannot agree with itself. For the same reason it refuses what the
// platform would refuse, and simulates causes (the token expires, the daily
// invitation quota fills, an administrator is demoted) rather than replies.
//
// One server carries every platform under a path prefix:
//
//	http://127.0.0.1:PORT/meta_business/v26.0/222000111000222/business_users
//
// and the control API, which plays the people and the misfortunes around the
// platform, under /_sim/ (GET /_sim/ describes it).
package hubsim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Errors a caller may want to tell apart. Act, Configure and Apply wrap them.
var (
	ErrUnknownPlatform = errors.New("unknown platform")
	ErrUnknownHub      = errors.New("unknown hub")
	// ErrUnknownSetting lets a suite that runs over all platforms skip a cause
	// one of them does not have.
	ErrUnknownSetting = errors.New("unknown setting")
	// ErrImpossible is an act the platform's own screens would refuse too.
	ErrImpossible = errors.New("impossible")
)

// Causes every platform spells the same way in its hub settings where it has
// them, so that a suite running over all platforms can bring one about without
// knowing the platform. Each is a boolean but for the lag, a duration.
const (
	TokenExpired      = "token_expired"      // the credential ran out
	TokenInvalid      = "token_invalid"      // the credential is not one the platform knows
	PermissionMissing = "permission_missing" // the scope or permission was taken away
	NotAdmin          = "not_admin"          // the credential's identity was demoted
	SecondFactor      = "second_factor"      // writes want a second factor
	Blocked           = "blocked"            // the platform judged the activity abusive
	RateLimited       = "rate_limited"       // calls are throttled until this is taken back
	Unavailable       = "unavailable"        // the platform is in trouble
	VisibilityLag     = "visibility_lag"     // until a change shows in lists and look-ups
)

// platform is what one simulated platform gives the core. Each implementation
// guards its own state; the core never holds a lock while calling it.
type platform interface {
	name() string
	// reset forgets every hub, person and credential.
	reset()
	addHub(seed HubSeed) error
	// addCredential takes the platform's own credential document, strictly.
	addCredential(document json.RawMessage) error
	// secrets are values that must never be seen in the request log.
	secrets() []string

	hubs() []HubState
	people(business string) ([]Person, error)
	act(business string, act Act) (Person, error)
	settings(business string) (any, error)
	configure(business string, patch json.RawMessage) error

	// describe labels a call before it is served, so that a fault can be
	// matched by operation before anything takes effect.
	describe(c *call)
	serve(w http.ResponseWriter, c *call)
}

// simulated is the list of platforms. A new platform is its files and a line here.
func simulated(clock *Clock) []platform {
	return []platform{
		newGoogle(clock),
		newMeta(clock),
		newPinterest(clock),
		newTiktok(clock),
		newSnapchat(clock),
		newScim(clock),
		newCerby(clock),
	}
}

// Sim is a set of simulated platforms with one clock, one request log and one
// list of faults. It is safe for concurrent use.
type Sim struct {
	clock     *Clock
	log       requestLog
	faults    faultList
	platforms []platform

	mu   sync.Mutex
	seed *Seed // applied again by Reset
}

// Option changes how a Sim starts.
type Option func(*options)

type options struct {
	at     time.Time // zero: the real time
	frozen bool
}

// StartAt makes the simulation begin at t. Time still passes from there.
func StartAt(t time.Time) Option { return func(o *options) { o.at = t } }

// Frozen stops the clock: it moves only when Advance is called.
func Frozen() Option { return func(o *options) { o.frozen = true } }

// New returns a simulation without hubs. See Apply for seeding.
func New(opts ...Option) *Sim {
	var o options
	for _, set := range opts {
		set(&o)
	}
	s := &Sim{clock: newClock(o.at, o.frozen)}
	s.platforms = simulated(s.clock)
	return s
}

// Clock is the simulation's time; every expiry and every lag follows it.
func (s *Sim) Clock() *Clock { return s.clock }

// Platforms names the simulated platforms.
func (s *Sim) Platforms() []string {
	var names []string
	for _, p := range s.platforms {
		names = append(names, p.name())
	}
	return names
}

// Reset forgets people, credentials, faults and requests, then applies the seed
// the simulation was given with ApplyInitial, if any. The clock is left alone:
// time does not run backwards.
func (s *Sim) Reset() error {
	s.mu.Lock()
	seed := s.seed
	s.mu.Unlock()

	for _, p := range s.platforms {
		p.reset()
	}
	s.faults.clear()
	s.log.reset()
	if seed == nil {
		return nil
	}
	return s.Apply(*seed)
}

// ApplyInitial applies seed and remembers it for Reset.
func (s *Sim) ApplyInitial(seed Seed) error {
	if err := s.Apply(seed); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seed = &seed
	return nil
}

// Hubs lists the simulated businesses.
func (s *Sim) Hubs() []HubState {
	var all []HubState
	for _, p := range s.platforms {
		all = append(all, p.hubs()...)
	}
	return all
}

// People is the ground truth about a hub: what the platform knows, whether or
// not its API shows it yet. People who declined or let an invitation expire stay
// listed until they are invited again or removed.
func (s *Sim) People(platform, business string) ([]Person, error) {
	p, err := s.platform(platform)
	if err != nil {
		return nil, err
	}
	return p.people(business)
}

// Act does what a person does in the platform's own screens, outside Terraform.
// An act the platform would refuse returns an error wrapping ErrImpossible.
func (s *Sim) Act(platform, business string, act Act) (Person, error) {
	p, err := s.platform(platform)
	if err != nil {
		return Person{}, err
	}
	done, err := p.act(business, act)
	if err != nil {
		return Person{}, fmt.Errorf("%s %s on %s/%s: %w", act.Action, act.who(), platform, business, err)
	}
	return done, nil
}

// Settings are a hub's settings by their JSON names. A patch names only what
// changes.
type Settings map[string]any

// Configure changes settings of a hub: how the platform behaves there, and the
// causes of trouble. An unknown name is an error wrapping ErrUnknownSetting.
func (s *Sim) Configure(platform, business string, patch Settings) error {
	p, err := s.platform(platform)
	if err != nil {
		return err
	}
	document, err := json.Marshal(patch)
	if err != nil {
		return fmt.Errorf("settings of %s/%s: %w", platform, business, err)
	}
	return p.configure(business, document)
}

func (s *Sim) platform(name string) (platform, error) {
	for _, p := range s.platforms {
		if p.name() == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%w %q (simulated: %v)", ErrUnknownPlatform, name, s.Platforms())
}

// Serve listens on a loopback port of its own and returns the base URL (no
// trailing slash) and what stops it.
func (s *Sim) Serve() (baseURL string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	// Not httptest.Server: importing it would add its flags to the command.
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // always ErrServerClosed once stopped
	}()
	stop = func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close() // a delayed answer may be outstanding: cut it
		}
		<-done
	}
	return "http://" + listener.Addr().String(), stop, nil
}

// TB is the part of testing.TB that Start needs; taking it keeps the testing
// package out of the command.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Start serves the simulation for the length of a test and returns its base URL.
func (s *Sim) Start(tb TB) string {
	tb.Helper()
	url, stop, err := s.Serve()
	if err != nil {
		tb.Fatalf("start the simulator: %v", err)
	}
	tb.Cleanup(stop)
	return url
}

// Endpoint is the base URL to configure a connector of the platform with.
func Endpoint(baseURL, platform string) string { return baseURL + "/" + platform }
