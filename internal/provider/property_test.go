package provider_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
	"github.com/roster-iac/terraform-provider-roster/internal/provider"
)

// rounds is how many stories a platform has in the ordinary suite.
const rounds = 40

// TestProperty tells random stories of a hub: the configuration changes, people
// act on the platform's own screens, the platform and the network fail, and
// Terraform or the provider are killed or stopped in the middle of an apply.
// After each apply, and once nothing goes wrong any more, the promises of
// section 6 of the design must hold (see promise).
//
// The seeds of the ordinary suite are always the same. A failure prints the
// story, shortened to the steps that matter, and its seed.
//
//	ROSTER_PROPERTY_SEED=7 go test ./internal/provider -run 'TestProperty/meta'   tells one story again
//	ROSTER_PROPERTY_ROUNDS=5000 go test ./internal/provider -run TestProperty     tells many, from that seed on, or from 1
//
// A story runs in process: provider, engine and connectors are the real ones
// and speak HTTP to the simulators; Terraform is a miniature. Its clock is a
// synctest bubble's, which the simulators follow, so that waiting costs nothing
// and a story does not depend on how busy the machine is.
func TestProperty(t *testing.T) {
	first, count := seeds(t, rounds)
	t.Logf("seeds %d to %d", first, first+uint64(count)-1)
	everyWorld(t, func(t *testing.T, w world) {
		at := slices.IndexFunc(all.Drivers(), func(d hub.Driver) bool { return d.Platform.Name == w.platform })
		d := all.Drivers()[at]
		failures, happened := 0, map[string]int{}
		for seed := first; seed < first+uint64(count); seed++ {
			s := storyOf(seed, w, d)
			found, transcript, tally := s.play(t)
			for what, n := range tally {
				happened[what] += n
			}
			found = slices.DeleteFunc(found, func(v violation) bool { return s.expected(t, v) })
			if len(found) == 0 {
				if os.Getenv("ROSTER_PROPERTY_SEED") != "" {
					t.Logf("seed %d keeps every promise:\n%s", seed, strings.Join(transcript, "\n"))
				}
				continue
			}
			short := s.shorten(t, found[0].promise)
			again, shortTranscript, _ := short.play(t)
			t.Errorf("%s, seed %d: %s\n\nThe story, shortened (%d steps of %d):\n%s\n%s\n\nThe whole story:\n%s",
				w.platform, seed, found[0], len(short.steps), len(s.steps),
				strings.Join(shortTranscript, "\n"), violations(again), strings.Join(transcript, "\n")+"\n"+violations(found))
			if failures++; failures == 3 {
				t.Fatal("three stories failed; the rest is not told")
			}
		}
		t.Logf("what happened: %v", happened)
		// Stories in which nothing happens keep every promise.
		for _, what := range []string{
			"invited", "removed", "role changed", "fault struck", "apply failed",
			eventKillTerraform, eventKillProvider, eventInterrupt, eventSilence, eventAct,
		} {
			if happened[what] == 0 && count >= rounds {
				t.Errorf("in %d stories it never happened: %s", count, what)
			}
		}
	})
}

// seeds are those of the ordinary suite, or the ones asked for.
func seeds(t *testing.T, usual int) (first uint64, count int) {
	t.Helper()
	first, count = 1, usual
	if testing.Short() {
		count = min(5, usual)
	}
	if text := os.Getenv("ROSTER_PROPERTY_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("ROSTER_PROPERTY_SEED: %v", err)
		}
		first, count = seed, 1
	}
	if text := os.Getenv("ROSTER_PROPERTY_ROUNDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("ROSTER_PROPERTY_ROUNDS: %v", err)
		}
		count = n
	}
	return first, count
}

func violations(found []violation) string {
	var lines []string
	for _, v := range found {
		lines = append(lines, "BROKEN: "+v.String())
	}
	return strings.Join(lines, "\n")
}

// expectations are defects that are known and not mended yet. Each lets a
// violation pass, in the words of the violation, and says what is wrong. An
// entry goes when its defect does.
var expectations = []struct {
	platform string // "" for every platform
	promise  promise
	text     *regexp.Regexp
	defect   string
}{
	{
		platform: "google_ads", promise: promiseConverges, text: regexp.MustCompile(`two applies did not do it.*forbidden\. Google does not allow this change on this customer.*is invited`),
		defect: "with approve_cancellations the second apply asks for a withdrawal again that waits for approval, and calls Google's refusal forbidden instead of awaiting_approval",
	},
	{
		platform: "google_ads", promise: promiseConverges, text: regexp.MustCompile(`was not removed .*not_found\. The invitation is not open any more.* is not there$`),
		defect: "an accepted invitation that is still listed after the seat has gone fails the removal, apply after apply, until Google stops listing it",
	},
	{
		platform: "scim", promise: promiseNobodyElse, text: regexp.MustCompile(`, reactivate: .* a role that the plan did not give$`),
		defect: "a suspended seat is switched on with the role it had, which may be the administrators', and gets the planned one only after that",
	},
	{
		platform: "scim", promise: promiseDone, text: regexp.MustCompile(`the plan is empty, and .* is suspended as`),
		defect: "somebody whose seat is suspended and in the state stays suspended: the plan is empty and says nothing",
	},
}

func (s story) expected(t *testing.T, v violation) bool {
	for _, e := range expectations {
		if (e.platform == "" || e.platform == s.world.platform) && e.promise == v.promise && e.text.MatchString(v.text) {
			t.Logf("seed %d, known defect (%s): %s", s.number, e.defect, v)
			return true
		}
	}
	return false
}

// shorten leaves out what the violation does not need: steps, then what goes
// wrong in the applies, as long as the same promise breaks.
func (s story) shorten(t *testing.T, broken promise) story {
	still := func(candidate story) bool {
		found, _, _ := candidate.play(t)
		return slices.ContainsFunc(found, func(v violation) bool { return v.promise == broken && !candidate.expected(t, v) })
	}
	for again, budget := true, 150; again; {
		again = false
		try := func(candidate story) bool {
			if budget--; budget < 0 || !still(candidate) {
				return false
			}
			s, again = candidate, true
			return true
		}
		for i := len(s.steps) - 1; i >= 0; i-- {
			candidate := s
			candidate.steps = slices.Delete(slices.Clone(s.steps), i, i+1)
			try(candidate)
		}
		for _, p := range cast {
			if _, ok := s.seats[p]; ok {
				candidate := s
				candidate.seats = map[person]seat{}
				for other, seat := range s.seats {
					if other != p {
						candidate.seats[other] = seat
					}
				}
				try(candidate)
			}
		}
		if s.habits != nil {
			candidate := s
			candidate.habits = nil
			try(candidate)
		}
		for i := range s.steps {
			if s.steps[i].kind != stepApply {
				continue
			}
			simpler := func(change func(*applying)) {
				candidate, a := s, *s.steps[i].apply
				change(&a)
				candidate.steps = slices.Clone(s.steps)
				candidate.steps[i].apply = &a
				try(candidate)
			}
			a := s.steps[i].apply
			if a.parallel {
				simpler(func(a *applying) { a.parallel = false })
			}
			if a.happens != "" {
				simpler(func(a *applying) { a.happens, a.act = "", nil })
			}
			for j := len(a.faults) - 1; j >= 0; j-- {
				simpler(func(a *applying) { a.faults = slices.Delete(slices.Clone(a.faults), j, j+1) })
			}
		}
	}
	return s
}

// core is Terraform: the miniature, or the command.
type core interface {
	// plan validates, refreshes and plans. An error is a plan that failed.
	plan(ctx context.Context, seats map[person]seat, a *applying) (*planned, error)
	// apply carries the plan out and returns the state that it leaves.
	apply(ctx context.Context, p *planned, a *applying) (state map[string]attributes, said []diagnostic, err error)
	// keep writes that state. When Terraform is killed nobody does.
	keep()
	state() map[string]attributes
	forget(address string)
	// written is everything that the state files and plans hold.
	written() string
}

// player plays one story.
type player struct {
	story     story
	terraform core
	side      *platformSide
	seats     map[person]seat // the configuration as it stands
	secrets   []string

	// With the miniature: when the bubble began, and how much time has passed on
	// the platform beside the bubble's.
	epoch time.Time
	ahead time.Duration
	// With the command: what an event does to the processes.
	strike func(kind string)

	found      []violation
	transcript []string
	tally      map[string]int // how often what happened
}

func newPlayer(s story, side *platformSide, terraform core) *player {
	r := &player{story: s, side: side, terraform: terraform, seats: map[person]seat{}, tally: map[string]int{}}
	for p, seat := range s.seats {
		r.seats[p] = seat
	}
	for _, setting := range s.driver.Settings {
		if value := s.world.settings[setting.Name]; setting.Secret && value != "" {
			r.secrets = append(r.secrets, value)
		}
	}
	return r
}

func (r *player) breach(p promise, format string, args ...any) {
	r.found = append(r.found, violation{p, fmt.Sprintf(format, args...)})
	r.note("  BROKEN: %s: %s", p, fmt.Sprintf(format, args...))
}

func (r *player) note(format string, args ...any) {
	r.transcript = append(r.transcript, fmt.Sprintf(format, args...))
}

// simulationBegins is the time in a new synctest bubble.
var simulationBegins = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// stuckAfter is far more than a story takes on the busiest machine.
const stuckAfter = 2 * time.Minute

// play tells the story and returns the promises it broke.
func (s story) play(t *testing.T) ([]violation, []string, map[string]int) {
	t.Helper()
	sim := hubsim.New(hubsim.Frozen(), hubsim.StartAt(simulationBegins))
	if err := sim.Apply(s.seed()); err != nil {
		t.Fatal(err)
	}
	side, url := newPlatformSide(t, sim, s, false)
	scene := &scene{t: t, sim: sim, url: url, platform: s.world.platform, business: s.world.business}
	drivers := scene.drivers()

	r := newPlayer(s, side, nil)
	// A bubble in which no time passes would wait until the whole test binary is
	// stopped, and nobody would learn of which story.
	stuck := time.AfterFunc(stuckAfter, func() {
		panic(fmt.Sprintf("%s, seed %d is stuck: perhaps a mutex is held during a request or a wait\n%s", s.world.platform, s.number, strings.Join(r.transcript, "\n")))
	})
	defer stuck.Stop()
	synctest.Test(t, func(*testing.T) {
		r.epoch = time.Now()
		open := providerserver.NewProtocol6WithError(provider.NewAt("test", drivers, sim.Clock().Now)())
		server, err := open()
		if err != nil {
			t.Fatal(err)
		}
		schema, err := server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
		if err != nil {
			t.Fatal(err)
		}
		r.terraform = &miniature{
			world: s.world, schema: schema, open: open, objects: map[string]object{}, turn: make(chan struct{}, 1), lost: side.isDead,
			breach: func(format string, args ...any) { r.breach(promiseTerraform, format, args...) },
		}
		r.run()
		// What a cancelled walk left running comes to its end: a bubble must not
		// leave anything behind.
		time.Sleep(time.Hour)
	})
	return r.found, r.transcript, r.tally
}

func (r *player) run() {
	r.note("%s, seed %d, %v", r.story.world.platform, r.story.number, r.story.habits)
	for _, p := range r.story.people {
		r.note("on the hub: %s %s %s", p.Email, p.Role, p.Status)
	}
	for _, p := range cast {
		if s, ok := r.seats[p]; ok {
			r.note("configuration: %s", s)
		}
	}
	for i, s := range r.story.steps {
		r.note("%d. %s", i+1, s)
		r.take(s)
		if len(r.found) > 0 {
			return // what follows from a broken promise is not news
		}
	}
	r.finish()
}

func (r *player) take(s step) {
	switch s.kind {
	case stepWrite:
		r.seats[s.who] = s.seat
	case stepDelete:
		delete(r.seats, s.who)
	case stepForget:
		for address := range r.terraform.state() {
			if typeOf(address) != resourceTypes[0] && ownerOf(address) == string(s.who) {
				r.terraform.forget(address)
			}
		}
	case stepAct:
		done := r.act(s.act)
		for _, other := range s.orElse {
			if !done {
				r.note("   %s instead", actText(other))
				done = r.act(other)
			}
		}
	case stepSet:
		r.set(s.set)
	case stepWait:
		r.pass(s.pass)
	case stepApply:
		r.apply(s.apply)
	}
}

// act has somebody act on the platform's screens; what these would refuse does
// not happen.
func (r *player) act(act hubsim.Act) bool {
	done, err := r.side.sim.Act(r.side.platform, r.side.business, act)
	switch {
	case errors.Is(err, hubsim.ErrImpossible):
		r.note("   which the platform does not let them")
		return false
	case err != nil:
		r.note("   which this platform does not know") // approve, for one
		return false
	}
	r.side.touched(act.Email)
	r.side.touched(done.Email)
	return true
}

func (r *player) set(settings hubsim.Settings) {
	if err := r.side.sim.Configure(r.side.platform, r.side.business, settings); err != nil {
		if !errors.Is(err, hubsim.ErrUnknownSetting) {
			panic(err)
		}
		r.note("   which this platform does not know")
		return
	}
	if text, ok := settings[hubsim.VisibilityLag].(string); ok {
		lag, err := time.ParseDuration(text)
		if err != nil {
			panic(err)
		}
		r.side.lag = max(r.side.lag, lag) // what was done under a longer lag may still be on its way
	}
}

// pass lets time pass on the platform.
func (r *player) pass(d time.Duration) {
	if r.strike != nil {
		r.side.sim.Clock().Advance(d)
		return
	}
	r.ahead += d
	r.follow()
}

// follow moves the simulation's clock to where the bubble's is. Outside a
// bubble it goes by itself.
func (r *player) follow() {
	if r.strike != nil {
		return
	}
	want := simulationBegins.Add(r.ahead).Add(time.Since(r.epoch))
	r.side.sim.Clock().Advance(want.Sub(r.side.sim.Clock().Now()))
}

// tick is how closely the simulation's clock follows the bubble's.
const tick = 200 * time.Millisecond

// walk runs one walk of Terraform's while the simulation follows in time, and
// stops it when roster's process is to end.
func (r *player) walk(do func(ctx context.Context)) {
	if r.strike != nil {
		do(context.Background())
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do(ctx)
	}()
	clock := time.NewTicker(tick)
	defer clock.Stop()
	for {
		select {
		case <-done:
			r.follow()
			return
		case <-clock.C:
			r.follow()
			if r.side.stopping() {
				cancel()
			}
		}
	}
}

// trouble puts the troubles of an apply in force and returns what lifts them.
func (r *player) trouble(a *applying) func() {
	for _, f := range a.faults {
		if _, err := r.side.sim.AddFault(f); err != nil {
			panic(err)
		}
	}
	if len(a.causes) > 0 {
		r.set(a.causes)
	}
	return func() {
		for _, f := range r.side.sim.Faults() {
			r.tally["fault struck"] += f.Applied
		}
		r.side.sim.ClearFaults()
		for name := range a.causes {
			r.set(hubsim.Settings{name: false})
		}
	}
}

func (r *player) event(a *applying) event {
	if a.happens == "" {
		return event{}
	}
	e := event{kind: a.happens, at: a.at, atWrite: a.atWrite, afterEffect: a.after, forHowLong: a.silence}
	if r.strike != nil {
		e.strike = func() { r.strike(a.happens) }
	}
	if a.act != nil {
		act := *a.act
		e.act = func() { r.take(act) }
	}
	return e
}

// outcome is what a person sees of an apply.
type outcome struct {
	plan   *planned
	failed bool
	said   []diagnostic // errors and warnings
}

func (r *player) plan(a *applying, inPlan bool) *planned {
	e := event{}
	if inPlan {
		e = r.event(a)
		defer r.trouble(a)()
	}
	r.side.begin(e)
	var p *planned
	r.walk(func(ctx context.Context) {
		var err error
		p, err = r.terraform.plan(ctx, r.seats, a)
		if err != nil {
			p.said = append(p.said, diagnostic{Severity: "error", Summary: err.Error()})
		}
		p.failed = p.failed || r.side.stopping()
	})
	effects, _, happened := r.side.end()
	if happened {
		r.note("   it happened in the plan")
	}
	for _, e := range effects {
		r.breach(promisePlanReads, "%s", e)
	}
	r.checkSecrets(p.said)
	if !happened || e.kind != eventAct {
		r.checkDropped(p)
	}
	for _, c := range p.changes {
		if c.action != planNoOp {
			r.note("   plan: %s %s%s", c.action, c.address, differences(c))
		}
	}
	for _, address := range p.dropped {
		r.note("   plan: %s is not there any more", address)
	}
	return p
}

func differences(c change) string {
	if c.action != planUpdate {
		return ""
	}
	text := ""
	for _, name := range []string{"email", "role", "status", "on_existing", "on_expired", "on_destroy", "allow_lockout"} {
		if c.before[name] != c.after[name] {
			text += fmt.Sprintf(" %s %s -> %s", name, c.before[name], c.after[name])
		}
	}
	return text
}

// apply is terraform apply: a plan, and if it succeeds the apply.
func (r *player) apply(a *applying) outcome {
	knew := map[string]bool{}
	for address, was := range r.terraform.state() {
		if typeOf(address) == resourceTypes[1] && hub.Status(was["status"]).Live() {
			knew[person(ownerOf(address)).email()] = true
		}
	}
	p := r.plan(a, a.inPlan)
	if p.failed {
		r.say("plan", p.said)
		return outcome{plan: p, failed: true, said: p.said}
	}
	e := event{}
	lift := func() {}
	if !a.inPlan {
		e = r.event(a)
		lift = r.trouble(a)
	}
	r.side.begin(e)
	var state map[string]attributes
	var said []diagnostic
	r.walk(func(ctx context.Context) {
		var err error
		state, said, err = r.terraform.apply(ctx, p, a)
		if err != nil {
			said = append(said, diagnostic{Severity: "error", Summary: err.Error()})
		}
	})
	lift()
	effects, sent, happened := r.side.end()
	for _, e := range effects {
		r.note("   %s", e)
		switch {
		case lives(e.is) && !lives(e.was):
			r.tally["invited"]++
		case lives(e.was) && !lives(e.is):
			r.tally["removed"]++
		case lives(e.is):
			r.tally["role changed"]++
		}
	}
	if happened {
		r.note("   it happened")
		r.tally[e.kind]++
	}
	if slices.ContainsFunc(said, isError) {
		r.tally["apply failed"]++
	}
	r.say("apply", said)
	r.checkSecrets(said)
	r.checkEffects(p.changes, effects, sent, knew)
	if !happened || e.kind != eventAct {
		r.checkDone(p.changes, state)
	}
	if happened && e.kind == eventKillTerraform {
		r.note("   the state file is what it was before the apply")
		return outcome{plan: p, failed: true, said: said}
	}
	r.terraform.keep()
	return outcome{plan: p, failed: happened && e.kind != eventAct || slices.ContainsFunc(said, isError), said: said}
}

func isError(d diagnostic) bool { return d.Severity == "error" }

func (r *player) say(what string, said []diagnostic) {
	for _, d := range said {
		if isError(d) {
			r.note("   %s: Error: %s%s", what, d.Summary, reasonIn(d))
		}
	}
}

var reasonPattern = regexp.MustCompile(`Reason: (\w+)\. [^\n]*`)

// reasonIn is the line of a diagnostic that gives the reason.
func reasonIn(d diagnostic) string {
	if line := reasonPattern.FindString(d.Detail); line != "" {
		return " (" + line + ")"
	}
	return ""
}

// finish is the end of every story: nothing goes wrong any more, and two
// applies later the plan is empty. Where a person has to do something first,
// the error must have said so, and they do it.
func (r *player) finish() {
	r.note("nothing goes wrong any more")
	r.set(hubsim.Settings{hubsim.VisibilityLag: "0s"})
	r.side.lag = 0
	r.pass(10 * time.Minute)
	for range 5 {
		obstacles, converged := r.converge()
		if len(r.found) > 0 {
			return
		}
		if converged {
			r.checkTruth()
			return
		}
		helped := map[string]bool{}
		for _, d := range obstacles {
			if key := addressPattern.FindString(d.Summary) + reasonIn(d); helped[key] {
				continue // two blocks, one obstacle
			} else if helped[key] = true; !r.help(d) {
				return
			}
		}
	}
	r.breach(promiseConverges, "somebody did their part again and again, and the plan is not empty")
}

// converge applies twice at most, and says what stands in the way of an empty
// plan.
func (r *player) converge() (obstacles []diagnostic, converged bool) {
	a := &applying{chance: r.story.number}
	for range 2 {
		r.note("apply")
		o := r.apply(a)
		if len(r.found) > 0 {
			return nil, false
		}
		obstacles = slices.DeleteFunc(slices.Clone(o.said), func(d diagnostic) bool { return !isError(d) })
		if !o.failed && o.plan.empty() {
			return nil, true
		}
	}
	r.note("plan")
	p := r.plan(a, false)
	if len(r.found) > 0 || p.empty() {
		return nil, len(r.found) == 0
	}
	if len(obstacles) == 0 {
		for _, d := range p.said {
			if isError(d) {
				obstacles = append(obstacles, d)
			}
		}
	}
	if len(obstacles) == 0 {
		r.breach(promiseConverges, "the plan after two applies is not empty and no error says why: %s", actions(p))
	}
	return obstacles, false
}

func actions(p *planned) string {
	var all []string
	for _, c := range p.changes {
		if c.action != planNoOp {
			all = append(all, fmt.Sprintf("%s %s%s", c.action, c.address, differences(c)))
		}
	}
	return strings.Join(all, ", ")
}

var addressPattern = regexp.MustCompile(`[\w.-]+@[\w.-]+\.example`)

// help does what an error asks of a person, where the promise of two applies
// excepts the obstacle and it is really there. These are all the exceptions:
//
//   - last_admin: a guard keeps the last administrator, or where allow_lockout
//     lets them go the platform does, which may call it forbidden. Somebody else
//     becomes one.
//   - awaiting_approval: a second administrator has to approve. They do.
//   - awaiting_acceptance: the person has to accept the invitation. They do; or
//     it has run out, which this platform does not show, and somebody takes it
//     back. Behind Cerby, which shows nothing of it, the job says that a person
//     has to act.
//   - unsupported: the platform's API cannot do it. Somebody does it by hand.
//   - on_existing = "fail" and the person is there: the configuration asked for
//     the error. It is changed.
//   - not_found for a role of somebody whose invitation came to nothing, while
//     on_expired = "keep" says not to invite them again: the configuration asks
//     for two things that cannot both be. They may be invited again.
func (r *player) help(d diagnostic) bool {
	email := hub.FoldEmail(addressPattern.FindString(d.Summary))
	p := person(strings.TrimSuffix(email, "@northwind.example"))
	one := r.side.person(email)
	seat, configured := r.seats[p]
	reason := ""
	if match := reasonPattern.FindStringSubmatch(d.Detail); match != nil {
		reason = match[1]
	}
	r.note("help with: %s%s", d.Summary, reasonIn(d))
	act := func(a hubsim.Act) bool {
		r.note("   %s", actText(a))
		return r.act(a)
	}
	switch {
	case reason == "" && strings.Contains(d.Summary, "already") && configured && seat.onExisting == failExistingWord && (lives(one) || r.story.showsExpired()):
		seat.onExisting = "adopt"
		r.seats[p] = seat
		return true
	case reason == string(hub.ReasonLastAdmin):
		all := strings.Contains(d.Detail, "This plan takes the others away as well")
		if others := r.otherAdmins(email); len(others) > 0 && !all && r.story.habits["multi_party_approval"] == nil {
			r.breach(promiseConverges, "%s is called the last administrator, and %v are there", email, others)
			return false
		}
		if !strings.Contains(d.Detail, "refused before anything was sent") && !seat.lockout && !r.keptLockout(p) {
			r.breach(promiseAdmin, "it was the platform that kept %s, and not roster: %s", email, d.Detail)
			return false
		}
		return act(hubsim.Act{Action: hubsim.ActJoin, Email: "root@northwind.example", Name: "Root", Role: r.story.world.admin})
	case reason == string(hub.ReasonForbidden) && (seat.lockout || r.keptLockout(p)) && len(r.otherAdmins(email)) == 0:
		return act(hubsim.Act{Action: hubsim.ActJoin, Email: "root@northwind.example", Name: "Root", Role: r.story.world.admin})
	case reason == string(hub.ReasonAwaitingApproval) && r.story.habits["multi_party_approval"] != nil:
		if act(hubsim.Act{Action: hubsim.ActApprove, Email: email}) {
			return true
		}
		// Two administrators at least have to be left to approve.
		return act(hubsim.Act{Action: hubsim.ActJoin, Email: "root@northwind.example", Name: "Root", Role: r.story.world.admin})
	case (reason == string(hub.ReasonAwaitingAcceptance) || r.side.blind && strings.Contains(d.Detail, "A person has to act there first")) && one != nil && one.Status == hubsim.StatusInvited:
		return act(hubsim.Act{Action: hubsim.ActAccept, Email: email})
	case reason == string(hub.ReasonAwaitingAcceptance) && r.story.showsExpired() && one != nil && one.Status == hubsim.StatusExpired:
		return act(hubsim.Act{Action: hubsim.ActRemove, Email: email})
	case reason == string(hub.ReasonUnsupported) && strings.Contains(d.Summary, "keeps the role") && r.story.driver.Platform.Capabilities.Of(hub.OpRevokeRole) == hub.Unsupported:
		return act(hubsim.Act{Action: hubsim.ActSetRole, Email: email, ExtraRoles: []string{}})
	case reason == string(hub.ReasonNotFound) && configured && seat.onExpired == "keep" && !lives(one):
		seat.onExpired = ""
		r.seats[p] = seat
		return true
	}
	r.breach(promiseConverges, "two applies did not do it, for no reason that is excepted: %s%s; %s is %s", d.Summary, reasonIn(d), email, personText(one))
	return false
}

// keptLockout says whether the state permits what the guards would refuse: the
// value of the last apply counts for a destroy.
func (r *player) keptLockout(p person) bool {
	return r.terraform.state()[memberAddress(p)]["allow_lockout"] == "true"
}

func (r *player) otherAdmins(email string) []string {
	var others []string
	for _, one := range r.side.people() {
		if hub.FoldEmail(one.Email) != email && r.side.admins([]hubsim.Person{one}) == 1 {
			others = append(others, one.Email)
		}
	}
	return others
}
