package platformtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

var troubleChecks = []check{
	{name: "Context/over before the call sends nothing", run: contextOver},
	{name: "Context/cancelled in the middle returns at once", cause: []Cause{Stalled}, run: contextEnds(hub.ReasonCancelled)},
	{name: "Context/out of time in the middle returns at once", cause: []Cause{Stalled}, run: contextEnds(hub.ReasonTimeout)},

	{name: "Explain/a long throttle is not waited out", cause: []Cause{Throttled}, run: throttled},
	{name: "Explain/a platform that is down", cause: []Cause{Down}, run: down},
	{name: "Explain/an unknown error is unknown", run: explainForeign},

	{name: "Lost/an add whose answer is lost is one seat", needs: ops(hub.OpAdd), cause: []Cause{LostAfter}, run: lostAdd(LostAfter)},
	{name: "Lost/an add that is lost is at most one seat", needs: ops(hub.OpAdd), cause: []Cause{LostBefore}, run: lostAdd(LostBefore)},
	{name: "Lost/a role change whose answer is lost", needs: ops(hub.OpChangeRole), cause: []Cause{LostAfter}, run: lostChange},
	{name: "Lost/a removal whose answer is lost", needs: ops(hub.OpRemove), cause: []Cause{LostAfter}, run: lostRemove(Join, hub.OpRemove)},
	{name: "Lost/a withdrawal whose answer is lost", needs: ops(hub.OpCancel), cause: []Cause{LostAfter}, run: lostRemove(Invite, hub.OpCancel)},
	{name: "Lost/a role change never answered", needs: ops(hub.OpChangeRole), cause: []Cause{LostAfterAlways}, run: neverAnswered},

	{name: "Concurrent/everything at once", needs: ops(hub.OpAdd, hub.OpRemove), run: concurrent},
}

// prompt is how soon a method must be back once its context is over.
const prompt = time.Second

// methods are all calls that honour a context, on people who are there.
func (f *Fixture) methods(t TB) map[string]func(context.Context) error {
	t.Helper()
	f.act(t, Join, ada, f.Platform.DefaultRole())
	seat := f.listed(t, ada)
	supported := func(op hub.Operation) bool { return f.Platform.Capabilities.Of(op) == hub.Supported }
	methods := map[string]func(context.Context) error{
		"Verify": func(ctx context.Context) error {
			_, err := f.Connector.Verify(ctx, f.Hub)
			return err
		},
		"Members": func(ctx context.Context) error {
			_, err := f.Connector.Members(ctx, f.Hub)
			return err
		},
		"Lookup": func(ctx context.Context) error {
			_, err := f.Connector.Lookup(ctx, f.Hub, hub.Key{Email: ada})
			return err
		},
	}
	if lister, ok := f.bare.(hub.BusinessLister); ok {
		methods["Businesses"] = func(ctx context.Context) error {
			_, err := lister.Businesses(ctx)
			f.heard.hear("Businesses", err)
			return err
		}
	}
	if supported(hub.OpAdd) {
		methods["Add"] = func(ctx context.Context) error {
			_, err := f.add(ctx, linus, f.Platform.DefaultRole())
			return err
		}
	}
	if supported(hub.OpChangeRole) {
		methods["ChangeRole"] = func(ctx context.Context) error {
			return f.Connector.ChangeRole(ctx, f.Hub, seat, hub.RoleChange{Role: f.admin()})
		}
	}
	if supported(hub.OpRemove) {
		methods["Remove"] = func(ctx context.Context) error { return f.Connector.Remove(ctx, f.Hub, seat) }
	}
	return methods
}

func writes(method string) bool {
	return slices.Contains([]string{"Add", "ChangeRole", "Remove"}, method)
}

func contextOver(t TB, f *Fixture) {
	for name, call := range f.methods(t) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		f.quiet(t, name, func() {
			if fault := f.fails(t, name, call(ctx), hub.ReasonCancelled); fault.Uncertain {
				t.Errorf("%s: nothing was sent, and the fault is uncertain", name)
			}
		})
	}
	f.holds(t, ada, f.Platform.DefaultRole())
}

func contextEnds(reason hub.Reason) func(TB, *Fixture) {
	return func(t TB, f *Fixture) {
		methods := f.methods(t)
		f.bring(t, Stalled)
		for name, call := range methods {
			ctx, cancel := context.WithCancel(t.Context())
			if reason == hub.ReasonTimeout {
				ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
			} else {
				time.AfterFunc(100*time.Millisecond, cancel)
			}
			before, began := f.World.Requests(), time.Now()
			err := call(ctx)
			cancel()
			if took := time.Since(began); took > 100*time.Millisecond+prompt {
				t.Errorf("%s came back after %s", name, took)
			}
			wrote := f.World.Requests().Writes > before.Writes
			switch fault := f.fails(t, name, err, reason); {
			case fault.Uncertain && (!writes(name) || !wrote):
				t.Errorf("%s: no write was out, and the fault is uncertain", name)
			case !fault.Uncertain && name == "Add" && !f.LooksFirst:
				t.Errorf("%s: the request was out and unanswered, and the fault is certain", name)
			}
		}
		f.met(t)
	}
}

func throttled(t TB, f *Fixture) {
	methods := f.methods(t)
	f.bring(t, Throttled)
	for name, call := range methods {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		began := time.Now()
		err := call(ctx)
		cancel()
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s waited %s for a throttle that outlasts its context", name, took)
		}
		fault := f.fails(t, name, err, hub.ReasonRateLimited)
		if fault.Wait < time.Minute {
			t.Errorf("%s: wait = %s, and the platform asked for much more", name, fault.Wait)
		}
		if fault.Uncertain {
			t.Errorf("%s: what was throttled was not done, and the fault is uncertain", name)
		}
	}
	f.holds(t, ada, f.Platform.DefaultRole())
}

func down(t TB, f *Fixture) {
	methods := f.methods(t)
	f.bring(t, Down)
	var all sync.WaitGroup
	for name, call := range methods { // at once: each tries again for a while
		all.Go(func() {
			err := call(t.Context())
			if err == nil {
				t.Errorf("%s succeeded", name)
				return
			}
			fault := f.Connector.Explain(err)
			if fault.Reason != hub.ReasonUnavailable {
				t.Errorf("%s: reason = %q, want %q (error: %v)", name, fault.Reason, hub.ReasonUnavailable, err)
			}
			if fault.Uncertain && !writes(name) || !fault.Uncertain && name == "Add" && !f.LooksFirst {
				t.Errorf("%s: uncertain = %t (error: %v)", name, fault.Uncertain, err)
			}
		})
	}
	all.Wait()
	f.met(t)
}

func explainForeign(t TB, f *Fixture) {
	if got := f.Connector.Explain(fmt.Errorf("status 401, unauthorized, last admin")); got.Reason != hub.ReasonUnknown {
		t.Errorf("reason = %q for an error of nobody's: errors are told apart by their type, not by text", got.Reason)
	}
	if got := f.Connector.Explain(fmt.Errorf("wrapped: %w", context.Canceled)); got.Reason != hub.ReasonCancelled {
		t.Errorf("reason = %q for a cancelled context", got.Reason)
	}
}

// lostAdd: an add goes out once. Whether it arrived nobody can know, and the
// fault says so.
func lostAdd(cause Cause) func(TB, *Fixture) {
	return func(t TB, f *Fixture) {
		f.bring(t, cause, hub.OpAdd)
		_, err := f.add(t.Context(), ada, f.Platform.DefaultRole())
		f.met(t)
		fault := f.fails(t, "Add", err, hub.ReasonOutcomeUnknown, hub.ReasonUnavailable)
		if !fault.Uncertain {
			t.Errorf("the add may have been done, and the fault is certain: %+v", fault)
		}
		want := 0
		if cause == LostAfter {
			want = 1
		}
		if found := f.truth(t, ada); len(found) != want {
			t.Errorf("%s is there %d times, want %d", ada, len(found), want)
		}
	}
}

func lostChange(t TB, f *Fixture) {
	f.act(t, Join, ada, f.Platform.DefaultRole())
	m := f.listed(t, ada)
	f.bring(t, LostAfter, hub.OpChangeRole)
	err := f.Connector.ChangeRole(t.Context(), f.Hub, m, hub.RoleChange{Role: f.admin()})
	f.met(t)
	if err != nil && !f.Connector.Explain(err).Uncertain {
		t.Errorf("the change was done, and the fault is certain: %v", err)
	}
	f.holds(t, ada, f.admin())
}

// lostRemove: sent again, the removal meets its own effect. Not found is right
// then, and so is success; a certain failure is neither.
func lostRemove(kind ActKind, op hub.Operation) func(TB, *Fixture) {
	return func(t TB, f *Fixture) {
		f.act(t, kind, ada, f.Platform.DefaultRole())
		m := f.listed(t, ada)
		f.bring(t, LostAfter, op)
		err := f.Connector.Remove(t.Context(), f.Hub, m)
		f.met(t)
		if err != nil {
			if fault := f.Connector.Explain(err); !fault.Uncertain && fault.Reason != hub.ReasonNotFound {
				t.Errorf("the removal was done, and the fault is a certain %q: %v", fault.Reason, err)
			}
		}
		if found := f.still(t, ada); len(found) > 0 {
			t.Errorf("%s is still there", ada)
		}
	}
}

func neverAnswered(t TB, f *Fixture) {
	f.act(t, Join, ada, f.Platform.DefaultRole())
	m := f.listed(t, ada)
	f.bring(t, LostAfterAlways, hub.OpChangeRole)
	err := f.Connector.ChangeRole(t.Context(), f.Hub, m, hub.RoleChange{Role: f.admin()})
	f.met(t)
	if err == nil {
		f.holds(t, ada, f.admin()) // it looked by itself
		return
	}
	if fault := f.fails(t, "ChangeRole", err, hub.ReasonOutcomeUnknown, hub.ReasonUnavailable); !fault.Uncertain {
		t.Errorf("the change may have been done, and the fault is certain: %+v", fault)
	}
}

// concurrent is for the race detector first; but everybody also ends up where
// they should.
func concurrent(t TB, f *Fixture) {
	role := f.Platform.DefaultRole()
	for i := range 4 {
		f.act(t, Join, fmt.Sprintf("leaver%d@northwind.example", i), role)
	}
	var leavers []hub.Member
	for i := range 4 {
		leavers = append(leavers, f.listed(t, fmt.Sprintf("leaver%d@northwind.example", i)))
	}
	var all sync.WaitGroup
	report := func(what string, err error) {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := range 4 {
		all.Go(func() {
			_, err := f.add(t.Context(), fmt.Sprintf("joiner%d@northwind.example", i), role)
			report("Add", err)
		})
		all.Go(func() { report("Remove", f.Connector.Remove(t.Context(), f.Hub, leavers[i])) })
		all.Go(func() {
			_, err := f.Connector.Members(t.Context(), f.Hub)
			report("Members", err)
		})
		all.Go(func() {
			_, err := f.Connector.Lookup(t.Context(), f.Hub, hub.Key{Email: "root@northwind.example"})
			report("Lookup", err)
		})
		all.Go(func() {
			_, err := f.Connector.Verify(t.Context(), f.Hub)
			report("Verify", err)
		})
	}
	all.Wait()
	for i := range 4 {
		f.one(t, fmt.Sprintf("joiner%d@northwind.example", i))
		if found := f.still(t, leavers[i].Email); len(found) > 0 {
			t.Errorf("%s is still there", leavers[i].Email)
		}
	}
}
