package engine

import (
	"context"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

func TestRemove(t *testing.T) {
	run(t, "a seat", func(t *testing.T) {
		f := &fake{lag: 2 * time.Second}
		f.put(seat("1", ada, "EMPLOYEE"))
		f.put(seat("2", bob, "EMPLOYEE"))
		h := open(t, f)
		got, err := h.Remove(t.Context(), RemoveTask{Email: "ADA@northwind.example", MemberID: "1"})
		succeeded(t, err)
		if got.Member.ID != "" {
			t.Errorf("result = %+v", got)
		}
		onRoster(t, h, ada, "")
		onRoster(t, h, bob, "2 active EMPLOYEE")
		f.wrote(t, "remove 1")
	})

	run(t, "an invitation, and looks everywhere", func(t *testing.T) {
		f := &fake{}
		f.put(invitation("i", ada, "ADMIN"))
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		succeeded(t, err)
		f.requests(t, "list", "remove i", "lookup "+ada+"#i")
	})

	run(t, "nobody", func(t *testing.T) {
		f := &fake{}
		f.put(hub.Member{ID: "x", Email: bob, Status: hub.StatusExpired})
		f.put(hub.Member{ID: "y", Email: carol, Status: hub.StatusDeclined})
		h := open(t, f, func(o *Options, _ *Platform) { o.ReadOnly = true })
		for _, email := range []string{ada, bob, carol} {
			_, err := h.Remove(t.Context(), RemoveTask{Email: email, MemberID: "9"})
			succeeded(t, err)
		}
		f.requests(t, "list")
	})

	run(t, "somebody whose address changed", func(t *testing.T) {
		f := &fake{lag: time.Second}
		f.put(seat("1", bob, "EMPLOYEE"))
		h := open(t, f)
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada, MemberID: "1"})
		succeeded(t, err)
		onRoster(t, h, bob, "")
		f.wrote(t, "remove 1")
		if f.asked("lookup "+ada) != 0 || f.asked("lookup "+bob+"#1 active") != 4 {
			t.Errorf("calls = %q: ada's address cannot tell whether bob's is gone", f.calls)
		}
	})

	run(t, "somebody whose address is hidden", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", "", "EMPLOYEE"))
		f.put(seat("2", "", "EMPLOYEE"))
		h := open(t, f)
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada, MemberID: "2"})
		succeeded(t, err)
		members, _, _ := h.Roster(t.Context())
		if len(members) != 1 || members[0].ID != "1" {
			t.Errorf("roster = %v", members)
		}
		f.requests(t, "list", "self", "remove 2", "lookup 2 active")
	})

	run(t, "one of two seats under a new address leaves the other", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", bob, "EMPLOYEE"))
		f.put(seat("2", bob, "EMPLOYEE"))
		h := open(t, f)
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada, MemberID: "1"})
		succeeded(t, err)
		onRoster(t, h, bob, "2 active EMPLOYEE")
		f.wrote(t, "remove 1")
	})

	for name, answer := range map[string]error{"yes": nil, "not found": no(hub.ReasonNotFound)} {
		run(t, "whoever has the address of somebody gone stays ("+name+")", func(t *testing.T) {
			f := &fake{}
			f.put(seat("1", bob, "EMPLOYEE")) // ada, whose address changed
			f.remove = func(hub.Member, func() error) error {
				f.alter("1", nil)
				f.put(seat("2", bob, "EMPLOYEE")) // bob
				return answer
			}
			// A platform that cannot look up by id answers by address.
			f.lookup = func(key hub.Key, do func() (hub.Member, error)) (hub.Member, error) {
				if _, err := do(); err != nil {
					return seat("2", bob, "EMPLOYEE"), nil
				}
				return do()
			}
			_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada, MemberID: "1"})
			succeeded(t, err)
			f.wrote(t, "remove 1")
		})
	}

	run(t, "refused by the platform", func(t *testing.T) {
		f := &fake{remove: func(hub.Member, func() error) error { return no(hub.ReasonForbidden) }}
		f.put(seat("1", ada, "EMPLOYEE"))
		h := open(t, f)
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		te := failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonForbidden, known: true, status: hub.StatusActive})
		if te.Task.OldRole != "EMPLOYEE" {
			t.Errorf("task = %+v", te.Task)
		}
		onRoster(t, h, ada, "1 active EMPLOYEE")
		f.requests(t, "list", "self", "remove 1")
	})

	for name, test := range map[string]struct {
		m      hub.Member
		setup  func(*Options, *Platform)
		limits Limits
		reason hub.Reason
	}{
		"unsupported":               {seat("1", ada, ""), can(hub.OpRemove, hub.Unsupported), Limits{}, hub.ReasonUnsupported},
		"cancel unsupported":        {invitation("1", ada, ""), can(hub.OpCancel, hub.Unsupported), Limits{}, hub.ReasonUnsupported},
		"unsupported_tasks":         {seat("1", ada, ""), can(hub.OpAdd, hub.Supported), Limits{UnsupportedTasks: []hub.TaskKind{hub.TaskRemove}}, hub.ReasonUnsupported},
		"unsupported_tasks, invite": {invitation("1", ada, ""), can(hub.OpAdd, hub.Supported), Limits{UnsupportedTasks: []hub.TaskKind{hub.TaskRemove}}, hub.ReasonUnsupported},
		"read_only":                 {seat("1", ada, ""), func(o *Options, _ *Platform) { o.ReadOnly = true }, Limits{}, hub.ReasonSafeguard},
	} {
		run(t, name, func(t *testing.T) {
			f := &fake{}
			f.put(test.m)
			_, err := open(t, f, test.setup).Remove(t.Context(), RemoveTask{Email: ada, Limits: test.limits})
			failed(t, err, want{kind: hub.TaskRemove, reason: test.reason, known: true, status: test.m.Status})
			f.requests(t, "list")
		})
	}
}

func TestRemoveOfSomebodyWithTwoRows(t *testing.T) {
	both := func() *fake {
		f := &fake{}
		f.put(invitation("i", ada, "EMPLOYEE"))
		f.put(seat("s", ada, "EMPLOYEE"))
		return f
	}
	run(t, "an invitation beside the seat is withdrawn too", func(t *testing.T) {
		f := both()
		h := open(t, f)
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		succeeded(t, err)
		onRoster(t, h, ada, "")
		f.wrote(t, "remove s", "remove i")
	})

	run(t, "several invitations are all withdrawn", func(t *testing.T) {
		f := &fake{}
		f.put(invitation("a", ada, "EMPLOYEE"))
		f.put(invitation("b", ada, "EMPLOYEE"))
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		succeeded(t, err)
		if f.asked("remove") != 2 {
			t.Errorf("calls = %q", f.calls)
		}
	})

	run(t, "the shadow of an accepted invitation is no failure", func(t *testing.T) {
		f := both()
		f.remove = func(m hub.Member, do func() error) error {
			if m.ID == "i" {
				return no(hub.ReasonNotFound)
			}
			return do()
		}
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		succeeded(t, err)
		f.wrote(t, "remove s", "remove i")
		if f.asked("list") != 1 {
			t.Errorf("calls = %q", f.calls)
		}
	})

	run(t, "one that went with the seat is left alone", func(t *testing.T) {
		f := both()
		f.remove = func(_ hub.Member, do func() error) error { f.alter("i", nil); return do() }
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		succeeded(t, err)
		f.wrote(t, "remove s")
	})

	run(t, "an invitation that stays is an error that says what went", func(t *testing.T) {
		f := both()
		f.remove = func(m hub.Member, do func() error) error {
			if m.ID == "i" {
				return no(hub.ReasonForbidden)
			}
			return do()
		}
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonForbidden, known: true, status: hub.StatusInvited, done: `id "s", active) was removed`})
	})

	run(t, "an invitation that cannot be read is an error that says what went", func(t *testing.T) {
		f := both()
		f.lookup = func(key hub.Key, do func() (hub.Member, error)) (hub.Member, error) {
			if key.ID == "i" {
				return hub.Member{}, no(hub.ReasonForbidden)
			}
			return do()
		}
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonForbidden, done: "was removed"})
		f.wrote(t, "remove s")
	})

	run(t, "the last of many rows goes too", func(t *testing.T) {
		f := &fake{}
		f.put(invitation("i", ada, "EMPLOYEE"))
		f.remove = func(m hub.Member, do func() error) error {
			if f.asked("remove") == maxRows {
				return do()
			}
			f.alter(m.ID, func(m *hub.Member) { m.ID += "+" })
			return nil
		}
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		succeeded(t, err)
	})

	run(t, "a platform that seats faster than roster removes", func(t *testing.T) {
		f := &fake{}
		f.put(invitation("i", ada, "EMPLOYEE"))
		f.remove = func(m hub.Member, _ func() error) error {
			f.alter(m.ID, func(m *hub.Member) { m.ID += "+" })
			return nil
		}
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonUnknown, known: true, status: hub.StatusInvited})
		if f.asked("remove") != maxRows {
			t.Errorf("%d removals", f.asked("remove"))
		}
	})
}

func TestRemoveIsAnsweredNotFound(t *testing.T) {
	run(t, "a complete fresh list confirms it", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", ada, "EMPLOYEE"))
		f.remove = func(_ hub.Member, do func() error) error { f.alter("1", nil); return do() }
		h := open(t, f)
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		succeeded(t, err)
		onRoster(t, h, ada, "")
		f.requests(t, "list", "self", "remove 1", "list")
	})

	run(t, "a list that cannot be read confirms nothing", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", ada, "EMPLOYEE"))
		f.remove = func(_ hub.Member, do func() error) error {
			f.alter("1", nil)
			f.members = func(func() ([]hub.Member, error)) ([]hub.Member, error) { return nil, no(hub.ReasonUnavailable) }
			return do()
		}
		h := open(t, f)
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonUnavailable})
		onRoster(t, h, ada, "1 active EMPLOYEE")
		f.wrote(t, "remove 1")
	})

	run(t, "the run is stopped while it lists", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := &fake{}
		f.put(seat("1", ada, "EMPLOYEE"))
		f.remove = func(hub.Member, func() error) error {
			f.listTime = time.Minute
			time.AfterFunc(time.Second, cancel)
			return no(hub.ReasonNotFound)
		}
		_, err := open(t, f).Remove(ctx, RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonCancelled})
	})

	run(t, "still listed: they still have access", func(t *testing.T) {
		f := &fake{remove: func(hub.Member, func() error) error { return no(hub.ReasonNotFound) }}
		f.put(seat("1", ada, "EMPLOYEE"))
		h := open(t, f)
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		te := failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonNotFound, known: true, status: hub.StatusActive})
		if !te.Now.Present() {
			t.Error("the error does not say that they are there")
		}
		onRoster(t, h, ada, "1 active EMPLOYEE")
		f.requests(t, "list", "self", "remove 1", "list")
	})

	run(t, "accepted meanwhile: the seat is removed", func(t *testing.T) {
		f := &fake{}
		f.put(invitation("i", ada, "EMPLOYEE"))
		f.remove = func(m hub.Member, do func() error) error {
			if m.ID == "i" {
				f.accept(ada, "s")
			}
			return do()
		}
		h := open(t, f)
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		succeeded(t, err)
		onRoster(t, h, ada, "")
		f.requests(t, "list", "remove i", "list", "self", "remove s", "lookup "+ada+"#s active")
	})

	for name, answer := range map[string]error{"not found": no(hub.ReasonNotFound), "yes": nil} {
		run(t, "accepted meanwhile under the same id, answer "+name, func(t *testing.T) {
			f := &fake{}
			f.put(invitation("1", ada, "EMPLOYEE"))
			f.remove = func(m hub.Member, do func() error) error {
				if m.Status == hub.StatusInvited {
					f.accept(ada, "1")
					return answer
				}
				return do()
			}
			_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
			succeeded(t, err)
			f.wrote(t, "remove 1", "remove 1")
		})
	}

	run(t, "accepted meanwhile under another address than the one known", func(t *testing.T) {
		f := &fake{}
		f.put(invitation("i", bob, "EMPLOYEE"))
		f.remove = func(m hub.Member, do func() error) error {
			if m.ID == "i" {
				f.accept(bob, "s")
			}
			return do()
		}
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada, MemberID: "i"})
		succeeded(t, err)
		f.wrote(t, "remove i", "remove s")
	})

	run(t, "accepted meanwhile by the last administrator", func(t *testing.T) {
		f := &fake{}
		f.put(invitation("i", ada, "ADMIN"))
		f.remove = func(_ hub.Member, do func() error) error { f.accept(ada, "s"); return do() }
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonLastAdmin, known: true, status: hub.StatusActive})
		f.wrote(t, "remove i")
	})

	run(t, "listed twice now: roster does not guess", func(t *testing.T) {
		f := &fake{}
		f.put(invitation("i", ada, "EMPLOYEE"))
		f.remove = func(hub.Member, func() error) error {
			f.accept(ada, "s")
			f.put(seat("t", ada, "EMPLOYEE"))
			return no(hub.ReasonNotFound)
		}
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonConflict, detail: "ids s, t"})
		f.wrote(t, "remove i")
	})
}

func TestRemoveIsConfirmed(t *testing.T) {
	run(t, "a yes to an invitation that was accepted: the seat is removed", func(t *testing.T) {
		f := &fake{}
		f.put(invitation("i", ada, "EMPLOYEE"))
		f.remove = func(m hub.Member, do func() error) error {
			if m.ID == "i" {
				f.accept(ada, "s")
				return nil
			}
			return do()
		}
		h := open(t, f)
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		succeeded(t, err)
		onRoster(t, h, ada, "")
		f.wrote(t, "remove i", "remove s")
	})

	run(t, "the seat of an accepted invitation may hide its address", func(t *testing.T) {
		f := &fake{}
		f.put(invitation("i", ada, "EMPLOYEE"))
		f.remove = func(m hub.Member, do func() error) error {
			if m.ID == "i" {
				f.accept(ada, "s")
				return nil
			}
			return do()
		}
		f.lookup = func(_ hub.Key, do func() (hub.Member, error)) (hub.Member, error) {
			m, err := do()
			m.Email = ""
			return m, err
		}
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		succeeded(t, err)
		f.wrote(t, "remove i", "remove s")
	})

	run(t, "a yes, and they show on", func(t *testing.T) {
		f := &fake{remove: func(hub.Member, func() error) error { return nil }}
		f.put(seat("1", ada, "EMPLOYEE"))
		h := open(t, f)
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		te := failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonUnknown, known: true, status: hub.StatusActive, detail: "still shows them"})
		if te.Fault.Attempts != 1 {
			t.Errorf("attempts = %d: a write went out", te.Fault.Attempts)
		}
		onRoster(t, h, ada, "1 active EMPLOYEE")
		f.wrote(t, "remove 1")
	})

	run(t, "a yes, and nothing can be read", func(t *testing.T) {
		f := &fake{lookup: func(hub.Key, func() (hub.Member, error)) (hub.Member, error) {
			return hub.Member{}, no(hub.ReasonForbidden)
		}}
		f.put(seat("1", ada, "EMPLOYEE"))
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonOutcomeUnknown, uncertain: true, done: "Fake accepted the task"})
	})

	run(t, "a yes, and the time is over", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		f := &fake{lag: time.Minute}
		f.put(seat("1", ada, "EMPLOYEE"))
		h := open(t, f)
		_, err := h.Remove(ctx, RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonTimeout, uncertain: true, done: "accepted"})
		onRoster(t, h, ada, "1 active EMPLOYEE") // not to be seen gone is not gone
	})

	run(t, "no answer, and they are gone", func(t *testing.T) {
		f := &fake{lag: time.Second, remove: func(_ hub.Member, do func() error) error { _ = do(); return noAnswer }}
		f.put(seat("1", ada, "EMPLOYEE"))
		h := open(t, f)
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		succeeded(t, err)
		onRoster(t, h, ada, "")
		f.wrote(t, "remove 1")
	})

	run(t, "no answer, and they show on", func(t *testing.T) {
		f := &fake{remove: func(hub.Member, func() error) error { return noAnswer }}
		f.put(seat("1", ada, "EMPLOYEE"))
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonOutcomeUnknown, known: true, status: hub.StatusActive, uncertain: true})
		f.wrote(t, "remove 1")
	})

	run(t, "no answer, and nothing can be read", func(t *testing.T) {
		f := &fake{remove: func(hub.Member, func() error) error { return noAnswer }}
		f.lookup = func(hub.Key, func() (hub.Member, error)) (hub.Member, error) {
			return hub.Member{}, no(hub.ReasonForbidden)
		}
		f.put(seat("1", ada, "EMPLOYEE"))
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonOutcomeUnknown, uncertain: true})
	})

	run(t, "no answer, and the run is stopped", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := &fake{remove: func(hub.Member, func() error) error { cancel(); return noAnswer }}
		f.put(seat("1", ada, "EMPLOYEE"))
		_, err := open(t, f).Remove(ctx, RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonCancelled, uncertain: true})
		if f.asked("lookup") != 0 {
			t.Errorf("calls = %q", f.calls)
		}
	})
}
