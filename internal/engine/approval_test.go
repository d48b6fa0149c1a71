package engine

import (
	"context"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// holding is a platform on which a second administrator has to approve every
// change of a seat, as review r1.
func holding(f *fake) {
	hold := func(m hub.Member, a hub.Awaiting) error {
		a.ID = "r1"
		f.alter(m.ID, func(m *hub.Member) { m.Awaiting = &a })
		return nil
	}
	f.change = func(m hub.Member, _ func() error) error {
		return hold(m, hub.Awaiting{Task: hub.TaskChangeRole, Role: "ADMIN"})
	}
	f.remove = func(m hub.Member, _ func() error) error { return hold(m, hub.Awaiting{Task: hub.TaskRemove}) }
}

func TestHeldChanges(t *testing.T) {
	run(t, "an invitation that is held is asked for once", func(t *testing.T) {
		f := &fake{}
		f.add = func(in hub.Add, _ func() (hub.Member, error)) (hub.Member, error) {
			m := hub.Member{ID: "r9", Email: in.Email, Role: in.Role, Status: hub.StatusPendingApproval}
			f.put(m)
			return m, nil
		}
		h := open(t, f)
		for i := range 2 {
			got, err := h.Add(t.Context(), AddTask{Email: ada, Role: "ADMIN"})
			succeeded(t, err)
			if !got.Held && i == 0 || got.Member.Status != hub.StatusPendingApproval {
				t.Errorf("result = %+v", got)
			}
		}
		f.wrote(t, "add "+ada+" ADMIN")
	})

	run(t, "a role change that is held is asked for once", func(t *testing.T) {
		f := &fake{}
		holding(f)
		f.put(seat("1", ada, "EMPLOYEE"))
		h := open(t, f)
		for range 2 {
			got, err := h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
			succeeded(t, err)
			if !got.Held || got.Member.Role != "EMPLOYEE" || got.Member.Wanted() != "ADMIN" {
				t.Errorf("result = %+v", got)
			}
		}
		f.wrote(t, "change 1 ADMIN")
	})

	run(t, "another change has to wait for the one that is held", func(t *testing.T) {
		f := &fake{}
		m := seat("1", ada, "EMPLOYEE")
		m.Awaiting = &hub.Awaiting{Task: hub.TaskRemove, ID: "r1"}
		f.put(m)
		_, err := open(t, f).ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonAwaitingApproval, known: true, status: hub.StatusActive, detail: "review r1"})
		f.wrote(t)
	})

	run(t, "the role of now is not kept while another one waits", func(t *testing.T) {
		f := &fake{}
		m := seat("1", ada, "EMPLOYEE")
		m.Awaiting = &hub.Awaiting{Task: hub.TaskChangeRole, Role: "ADMIN", ID: "r1"}
		f.put(m)
		_, err := open(t, f).ChangeRole(t.Context(), RoleTask{Email: ada, Role: "EMPLOYEE"})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonAwaitingApproval, known: true, status: hub.StatusActive, detail: "the role ADMIN (review r1)"})
		f.wrote(t)
	})

	run(t, "an administrator about to go is no other administrator", func(t *testing.T) {
		f := &fake{}
		m := seat("2", bob, "ADMIN")
		m.Awaiting = &hub.Awaiting{Task: hub.TaskRemove, ID: "r1"}
		f.put(m)
		f.put(seat("1", ada, "ADMIN"))
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonLastAdmin, known: true, status: hub.StatusActive, detail: "last administrator"})
		f.wrote(t)
	})
}

func TestHeldRemoval(t *testing.T) {
	remove := RemoveTask{Email: ada, Limits: Limits{Timeout: 5 * time.Minute}}
	held := func() *fake {
		f := &fake{}
		holding(f)
		f.put(seat("1", ada, "EMPLOYEE"))
		return f
	}

	run(t, "is waited for until it is approved", func(t *testing.T) {
		f := held()
		time.AfterFunc(2*time.Minute, func() { f.alter("1", nil) })
		h := open(t, f)
		_, err := h.Remove(t.Context(), remove)
		succeeded(t, err)
		onRoster(t, h, ada, "")
		f.wrote(t, "remove 1")
	})

	run(t, "fails at the end of its time, and is not asked for again", func(t *testing.T) {
		f := held()
		began := time.Now()
		_, err := open(t, f).Remove(t.Context(), remove)
		te := failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonAwaitingApproval, known: true, status: hub.StatusActive, detail: "does not ask a second time"})
		if took := time.Since(began); took != 5*time.Minute {
			t.Errorf("gave up after %s, want the whole timeout", took)
		}
		if te.Fault.Attempts == 0 {
			t.Error("attempts = 0 reads as refused before anything was sent")
		}
		// The next apply is another engine.
		_, err = open(t, f).Remove(t.Context(), remove)
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonAwaitingApproval, known: true, status: hub.StatusActive})
		f.wrote(t, "remove 1")
	})

	run(t, "lets the hub's other tasks pass while it is waited for", func(t *testing.T) {
		f := held()
		f.put(seat("2", bob, "EMPLOYEE"))
		h := open(t, f)
		began := time.Now()
		errs := make(chan error)
		for _, email := range []string{ada, bob} {
			go func() {
				_, err := h.Remove(t.Context(), RemoveTask{Email: email, Limits: remove.Limits})
				errs <- err
			}()
		}
		for range 2 {
			failed(t, <-errs, want{kind: hub.TaskRemove, reason: hub.ReasonAwaitingApproval, known: true, status: hub.StatusActive})
		}
		if took := time.Since(began); took > 6*time.Minute {
			t.Errorf("two removals that wait for the same administrator took %s, one after the other", took)
		}
		if _, err := h.ChangeRole(t.Context(), RoleTask{Email: carol, Role: "ADMIN"}); err == nil {
			t.Error("a role for nobody")
		} // and the token is there for the next task
	})

	run(t, "fails when it is rejected", func(t *testing.T) {
		f := held()
		time.AfterFunc(time.Minute, func() { f.alter("1", func(m *hub.Member) { m.Awaiting = nil }) })
		_, err := open(t, f).Remove(t.Context(), remove)
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonAwaitingApproval, known: true, status: hub.StatusActive, detail: "rejected"})
		f.wrote(t, "remove 1")
	})

	run(t, "stops at once when the run is stopped", func(t *testing.T) {
		f := held()
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		time.AfterFunc(20*time.Second, cancel)
		_, err := open(t, f).Remove(ctx, remove)
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonCancelled, known: true, status: hub.StatusActive})
		if took := time.Since(began); took != 20*time.Second {
			t.Errorf("stopped after %s", took)
		}
	})
}

// Ten removals at once must not run out of time on one another: the clock of a
// task starts when its turn comes.
func TestTimeoutStartsWithTheTurn(t *testing.T) {
	run(t, "two slow tasks", func(t *testing.T) {
		f := &fake{lag: 15 * time.Second}
		f.put(seat("1", ada, "EMPLOYEE"))
		f.put(seat("2", bob, "EMPLOYEE"))
		h := open(t, f)
		errs := make(chan error)
		for _, email := range []string{ada, bob} {
			go func() {
				_, err := h.Remove(t.Context(), RemoveTask{Email: email, Limits: Limits{Timeout: 20 * time.Second}})
				errs <- err
			}()
		}
		succeeded(t, <-errs)
		succeeded(t, <-errs)
	})
}
