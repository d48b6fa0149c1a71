package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// worker is a platform that takes each write on as a job and does it when the
// job ends.
type worker struct {
	*fake
	takes time.Duration // how long a job takes
	fails error         // how it ends instead of being done
	blind error         // why a job cannot be read
	jobs  map[string]job
	roles []hub.Role // the hub's own
}

type job struct {
	ends time.Time
	do   func() error
}

func (w *worker) start(do func() error) error {
	if w.jobs == nil {
		w.jobs = map[string]job{}
	}
	id := "job" + string(rune('1'+len(w.jobs)))
	w.jobs[id] = job{time.Now().Add(w.takes), do}
	return &hub.Started{Job: id}
}

func (w *worker) Add(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
	w.note("post add")
	return hub.Member{}, w.start(func() error {
		m, err := w.fake.Add(ctx, ref, in)
		w.alter(m.ID, func(m *hub.Member) { m.Status = hub.StatusActive })
		return err
	})
}

func (w *worker) ChangeRole(ctx context.Context, ref hub.Ref, m hub.Member, change hub.RoleChange) error {
	w.note("post change")
	return w.start(func() error { return w.fake.ChangeRole(ctx, ref, m, change) })
}

func (w *worker) Remove(ctx context.Context, ref hub.Ref, m hub.Member) error {
	w.note("post remove")
	return w.start(func() error { return w.fake.Remove(ctx, ref, m) })
}

func (w *worker) Job(_ context.Context, _ hub.Ref, id string) (bool, error) {
	w.note("poll %s", id)
	one := w.jobs[id]
	switch {
	case w.blind != nil:
		return false, w.blind
	case time.Now().Before(one.ends):
		return false, nil
	case w.fails != nil:
		return true, w.fails
	case one.do != nil:
		w.jobs[id] = job{ends: one.ends}
		return true, one.do()
	}
	return true, nil
}

func openWorker(t *testing.T, w *worker, setup ...func(*Options, *Platform)) *Hub {
	t.Helper()
	return open(t, w.fake, append(setup, func(_ *Options, p *Platform) { p.Connector = w })...)
}

func TestJobs(t *testing.T) {
	run(t, "a task waits for its job to end", func(t *testing.T) {
		w := &worker{fake: &fake{}, takes: time.Minute}
		h := openWorker(t, w)
		began := time.Now()
		got, err := h.Add(t.Context(), AddTask{Email: ada, Role: "EMPLOYEE"})
		succeeded(t, err)
		if got.Member.Status != hub.StatusActive || time.Since(began) < time.Minute {
			t.Errorf("result = %+v after %s", got, time.Since(began))
		}
		if n := w.asked("poll"); n < 4 || n > 9 {
			t.Errorf("%d looks at a job of a minute, want a handful", n)
		}
		_, err = h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		succeeded(t, err)
		_, err = h.Remove(t.Context(), RemoveTask{Email: ada, Limits: Limits{AllowLockout: true}})
		succeeded(t, err)
		onRoster(t, h, ada, "")
		w.wrote(t, "add "+ada+" EMPLOYEE", "change inv1 ADMIN", "remove inv1")
	})

	run(t, "a job that fails is the task's failure", func(t *testing.T) {
		w := &worker{fake: &fake{}, fails: no(hub.ReasonSeatLimit)}
		_, err := openWorker(t, w).Add(t.Context(), AddTask{Email: ada, Role: "EMPLOYEE"})
		te := failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonSeatLimit, known: true})
		if te.Job != "" {
			t.Errorf("job %q is over and still to be waited for", te.Job)
		}
		w.wrote(t)
	})

	run(t, "time that is over leaves the job to the next apply", func(t *testing.T) {
		w := &worker{fake: &fake{}, takes: time.Hour}
		_, err := openWorker(t, w).Add(t.Context(), AddTask{Email: ada, Role: "EMPLOYEE", Limits: Limits{Timeout: 10 * time.Minute}})
		te := failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonTimeout, detail: "job job1, which had not ended"})
		if te.Job != "job1" {
			t.Fatalf("job = %q", te.Job)
		}

		h := openWorker(t, w) // the next apply
		time.Sleep(time.Hour)
		got, err := h.Add(t.Context(), AddTask{Email: ada, Role: "EMPLOYEE", Job: te.Job})
		succeeded(t, err)
		if got.Member.Status != hub.StatusActive {
			t.Errorf("result = %+v", got)
		}
		onRoster(t, h, ada, "inv1 active EMPLOYEE")
		if n := w.asked("post"); n != 1 {
			t.Errorf("the task was asked for %d times", n)
		}
	})

	run(t, "Ctrl-C ends the wait at once", func(t *testing.T) {
		w := &worker{fake: &fake{}, takes: time.Hour}
		w.put(seat("1", ada, "EMPLOYEE"))
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Minute, stop)
		began := time.Now()
		_, err := openWorker(t, w).Remove(ctx, RemoveTask{Email: ada})
		te := failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonCancelled, detail: "goes on waiting"})
		if te.Job != "job1" || time.Since(began) != 3*time.Minute {
			t.Errorf("job %q after %s", te.Job, time.Since(began))
		}

		_, err = openWorker(t, w).Remove(t.Context(), RemoveTask{Email: ada, Job: te.Job})
		succeeded(t, err)
		if n := w.asked("post"); n != 1 {
			t.Errorf("the task was asked for %d times", n)
		}
	})

	run(t, "a kept job that failed is told, and asked for no more", func(t *testing.T) {
		w := &worker{fake: &fake{}, fails: no(hub.ReasonForbidden)}
		w.put(seat("1", ada, "EMPLOYEE"))
		w.jobs = map[string]job{"old": {}}
		_, err := openWorker(t, w).ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN", Job: "old"})
		te := failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonForbidden})
		if te.Job != "" || w.asked("post") != 0 {
			t.Errorf("job %q, %d posts", te.Job, w.asked("post"))
		}
	})

	run(t, "a kept job is looked at before anything is waited for", func(t *testing.T) {
		w := &worker{fake: &fake{}, jobs: map[string]job{"old": {}}}
		w.put(seat("1", ada, "ADMIN"))
		began := time.Now()
		_, err := openWorker(t, w).ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN", Job: "old", Limits: Limits{Timeout: time.Second}})
		succeeded(t, err)
		if took := time.Since(began); took != 0 || w.asked("poll") != 1 {
			t.Errorf("%d looks, the first after %s", w.asked("poll"), took)
		}
	})

	run(t, "somebody who is to stay after all is added when their removal has ended", func(t *testing.T) {
		w := &worker{fake: &fake{}, takes: time.Hour}
		w.put(seat("1", ada, "EMPLOYEE"))
		_, err := openWorker(t, w).Remove(t.Context(), RemoveTask{Email: ada, Limits: Limits{Timeout: time.Minute}})
		te := failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonTimeout})
		h := openWorker(t, w)
		got, err := h.Add(t.Context(), AddTask{Email: ada, Role: "EMPLOYEE", Job: te.Job, Leaving: true})
		succeeded(t, err)
		if got.Unverified || got.Adopted || got.Member.Status != hub.StatusActive {
			t.Errorf("result = %+v", got)
		}
		w.wrote(t, "remove 1", "add "+ada+" EMPLOYEE")
	})

	run(t, "and adopted when it failed", func(t *testing.T) {
		w := &worker{fake: &fake{}, fails: no(hub.ReasonForbidden), jobs: map[string]job{"old": {}}}
		w.put(seat("1", ada, "EMPLOYEE"))
		got, err := openWorker(t, w).Add(t.Context(), AddTask{Email: ada, Role: "EMPLOYEE", Job: "old", Leaving: true})
		succeeded(t, err)
		if !got.Adopted || w.asked("post") != 0 {
			t.Errorf("result = %+v after %d posts", got, w.asked("post"))
		}
	})

	run(t, "a job that cannot be read is kept", func(t *testing.T) {
		w := &worker{fake: &fake{}, blind: no(hub.ReasonUnavailable)}
		_, err := openWorker(t, w).Add(t.Context(), AddTask{Email: ada, Role: "EMPLOYEE"})
		te := failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonUnavailable, detail: "job job1"})
		if te.Job != "job1" || w.asked("poll") != jobReads {
			t.Errorf("job %q after %d looks", te.Job, w.asked("poll"))
		}
	})

	run(t, "a refresh looks once and does not wait", func(t *testing.T) {
		w := &worker{fake: &fake{}, takes: time.Minute, jobs: map[string]job{"old": {ends: time.Now().Add(time.Minute)}}}
		h := openWorker(t, w)
		state, err := h.Job(t.Context(), hub.Task{Kind: hub.TaskAdd, Email: ada}, "old")
		if err != nil || !state.Running || w.asked("poll") != 1 {
			t.Errorf("state = %+v (%v) after %d looks", state, err, w.asked("poll"))
		}
		time.Sleep(time.Minute)
		w.fails = no(hub.ReasonSeatLimit)
		state, err = h.Job(t.Context(), hub.Task{Kind: hub.TaskAdd, Email: ada}, "old")
		if err != nil || state.Running {
			t.Errorf("state = %+v (%v)", state, err)
		}
		failed(t, state.Err, want{kind: hub.TaskAdd, reason: hub.ReasonSeatLimit})
	})
}

// roleLister is a worker whose hub has roles of its own.
type roleLister struct {
	*worker
	err error
}

func (l *roleLister) Roles(context.Context, hub.Ref) ([]hub.Role, error) {
	l.note("roles")
	return l.roles, l.err
}

func TestLearn(t *testing.T) {
	own := []hub.Role{{ID: "VIEWER", Kind: hub.Primary, Default: true}, {ID: "BOSS", Kind: hub.Primary, Admin: true}}
	begin := func(t *testing.T, err error) (*roleLister, *Hub) {
		l := &roleLister{worker: &worker{fake: &fake{}, roles: own}, err: err}
		return l, open(t, l.fake, func(_ *Options, p *Platform) { p.Roles, p.Connector = nil, l })
	}
	run(t, "the hub's own roles decide, and are read once", func(t *testing.T) {
		l, h := begin(t, nil)
		l.put(seat("1", ada, "BOSS"))
		if len(h.Platform().Roles) != 0 {
			t.Errorf("roles = %v before anybody asked", h.Platform().Roles)
		}
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonLastAdmin, known: true, status: hub.StatusActive, detail: "last administrator"})
		got, err := h.Add(t.Context(), AddTask{Email: bob})
		succeeded(t, err)
		if got.Member.Role != "VIEWER" || l.asked("roles") != 1 {
			t.Errorf("role %q after %d reads of the roles", got.Member.Role, l.asked("roles"))
		}
	})
	run(t, "a roster without roles is a roster, a task without them is none", func(t *testing.T) {
		l, h := begin(t, no(hub.ReasonForbidden))
		l.put(seat("1", ada, "BOSS"))
		if members, _, err := h.Roster(t.Context()); err != nil || len(members) != 1 {
			t.Errorf("Roster = %v, %v", members, err)
		}
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonForbidden})
		l.wrote(t)
	})
}

// suspends is a platform whose removals switch a seat off.
func suspends(o *Options, p *Platform) {
	suspendable(o, p)
	p.Suspends = true
}

// suspendable is one where a seat can be off and is still a seat.
func suspendable(_ *Options, p *Platform) { p.Statuses = hub.Statuses() }

func TestSuspended(t *testing.T) {
	off := hub.Member{ID: "1", Email: ada, Role: "EMPLOYEE", Status: hub.StatusSuspended}
	deactivate := func(f *fake) {
		f.remove = func(m hub.Member, _ func() error) error {
			f.alter(m.ID, func(m *hub.Member) { m.Status = hub.StatusSuspended })
			return nil
		}
	}
	run(t, "a removal that switches the seat off is done", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", ada, "EMPLOYEE"))
		deactivate(f)
		h := open(t, f, suspends)
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		succeeded(t, err)
		onRoster(t, h, ada, "1 suspended EMPLOYEE")
		f.wrote(t, "remove 1")
	})
	run(t, "elsewhere a seat that is only suspended is still a seat", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", ada, "EMPLOYEE"))
		deactivate(f)
		_, err := open(t, f, suspendable).Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonUnknown, known: true, status: hub.StatusSuspended, detail: "still shows them"})
	})
	run(t, "an add switches the seat on again", func(t *testing.T) {
		f := &fake{}
		f.put(off)
		var order hub.Add
		f.add = func(in hub.Add, _ func() (hub.Member, error)) (hub.Member, error) {
			order = in
			f.alter("1", func(m *hub.Member) { m.Status, m.Role = hub.StatusActive, in.Role })
			return hub.Member{ID: "1", Status: hub.StatusActive}, nil
		}
		h := open(t, f, suspends)
		got, err := h.Add(t.Context(), AddTask{Email: ada, Role: "ADMIN", RefuseExisting: true})
		succeeded(t, err)
		if order.Suspended.ID != "1" || got.Adopted || got.Member.Role != "ADMIN" {
			t.Errorf("order = %+v, result = %+v", order, got)
		}
		onRoster(t, h, ada, "1 active ADMIN")
	})
	run(t, "a seat whose list hides it is found by the conflict", func(t *testing.T) {
		f := &fake{}
		f.put(off)
		f.members = func(func() ([]hub.Member, error)) ([]hub.Member, error) { return nil, nil }
		f.add = func(in hub.Add, do func() (hub.Member, error)) (hub.Member, error) {
			if in.Suspended.ID == "" {
				return do() // a conflict
			}
			f.alter("1", func(m *hub.Member) { m.Status = hub.StatusActive })
			return hub.Member{ID: "1"}, nil
		}
		got, err := open(t, f, suspends).Add(t.Context(), AddTask{Email: ada, Role: "EMPLOYEE"})
		succeeded(t, err)
		if got.Member.ID != "1" || f.asked("add") != 2 {
			t.Errorf("result = %+v after %d adds", got, f.asked("add"))
		}
	})
	run(t, "where nobody can remove, switched off is removed", func(t *testing.T) {
		f := &fake{}
		f.put(off)
		h := open(t, f, suspends, can(hub.OpRemove, hub.Unsupported))
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		succeeded(t, err)
		f.wrote(t)
	})
	run(t, "people who are switched off do not count for the safeguard", func(t *testing.T) {
		f := &fake{}
		f.put(seat("9", bob, "ADMIN"))
		for _, id := range strings.Split("a b c d e f", " ") {
			f.put(hub.Member{ID: id, Email: id + "@northwind.example", Status: hub.StatusSuspended})
		}
		f.put(seat("1", ada, "EMPLOYEE"))
		h := open(t, f, suspends, func(o *Options, _ *Platform) { o.Safeguard = Safeguard{Percent: 20, AtLeast: 1} })
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonSafeguard, known: true, status: hub.StatusActive, detail: "of the 2 people"})
	})
}

func TestNamedHubs(t *testing.T) {
	f := &fake{}
	p := Platform{Platform: fakePlatform(), Connection: Connection{Missing: errors.New("no entry at all")}, Named: map[string]Connection{
		"1": {Connector: f}, "2": {Missing: errors.New("set its token")},
	}}
	e := New(Options{}, p)
	for id, problem := range map[string]string{"1": "", "2": "set its token", "3": `no entry "3"; it has 1, 2`} {
		h, err := e.Hub(hub.Ref{Platform: "fake", BusinessID: id})
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Ready()
		if (err == nil) != (problem == "") || err != nil && !strings.Contains(err.Error(), problem) {
			t.Errorf("hub %s: %v, want %q", id, err, problem)
		}
	}
	list, ok, _, err := e.Businesses(t.Context(), "fake")
	if err != nil || !ok || len(list) != 2 || list[0].ID != "1" {
		t.Errorf("Businesses = %v %t (%v)", list, ok, err)
	}
}
