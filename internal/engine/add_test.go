package engine

import (
	"cmp"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

func TestAdd(t *testing.T) {
	run(t, "somebody new", func(t *testing.T) {
		f := &fake{}
		h := open(t, f)
		members, _, err := h.Roster(t.Context())
		if len(members) != 0 || err != nil {
			t.Errorf("Roster = %v, %v", members, err)
		}
		got, err := h.Add(t.Context(), AddTask{Email: "Ada@Northwind.example", Name: "Ada L"})
		succeeded(t, err)
		if got.Member.ID != "inv1" || got.Member.Status != hub.StatusInvited || got.Member.Role != "EMPLOYEE" || got.Member.Name != "Ada L" || got.Adopted || got.Unverified {
			t.Errorf("result = %+v", got)
		}
		onRoster(t, h, ada, "inv1 invited EMPLOYEE")
		if members, _, _ = h.Roster(t.Context()); len(members) != 1 || members[0].ID != "inv1" {
			t.Errorf("Roster = %v", members)
		}
		f.requests(t, "list", "add Ada@Northwind.example EMPLOYEE", "lookup "+ada+"#inv1 invited")
	})

	run(t, "somebody who is there is adopted without a write", func(t *testing.T) {
		for _, role := range []string{"", "ADMIN"} {
			f := &fake{}
			f.put(seat("1", ada, "ADMIN"))
			got, err := open(t, f).Add(t.Context(), AddTask{Email: ada, Role: role})
			succeeded(t, err)
			if got.Member.ID != "1" || !got.Adopted {
				t.Errorf("result = %+v", got)
			}
			f.requests(t, "list")
		}
	})

	run(t, "somebody who is there with another role gets the wanted one", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", ada, "EMPLOYEE"))
		h := open(t, f)
		got, err := h.Add(t.Context(), AddTask{Email: ada, Role: "ADMIN"})
		succeeded(t, err)
		if got.Member.Role != "ADMIN" || !got.Adopted {
			t.Errorf("result = %+v", got)
		}
		onRoster(t, h, ada, "1 active ADMIN")
		f.requests(t, "list", "change 1 ADMIN", "lookup "+ada+"#1 active")
	})

	run(t, "an adoption minds the guards and the declared limits", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", ada, "ADMIN"))
		_, err := open(t, f).Add(t.Context(), AddTask{Email: ada, Role: "EMPLOYEE"})
		te := failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonLastAdmin, known: true, status: hub.StatusActive})
		if te.Task.OldRole != "ADMIN" || te.Task.Role != "EMPLOYEE" {
			t.Errorf("task = %+v", te.Task)
		}
		_, err = open(t, f).Add(t.Context(), AddTask{Email: ada, Role: "EMPLOYEE", Limits: Limits{UnsupportedTasks: []hub.TaskKind{hub.TaskChangeRole}}})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonUnsupported, known: true, status: hub.StatusActive, detail: "unsupported_tasks"})
		f.wrote(t)
	})

	run(t, "on_existing = fail", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", ada, "ADMIN"))
		_, err := open(t, f).Add(t.Context(), AddTask{Email: ada, Role: "ADMIN", RefuseExisting: true})
		failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonConflict, known: true, status: hub.StatusActive, detail: "\n  terraform import roster_hub_member.NAME fake/1/" + ada + "\n"})
		f.requests(t, "list")
	})

	for _, status := range []hub.Status{hub.StatusExpired, hub.StatusDeclined} {
		run(t, "an invitation that came to nothing ("+string(status)+") is sent anew", func(t *testing.T) {
			f := &fake{}
			f.put(hub.Member{ID: "old", Email: ada, Role: "ADMIN", Status: status})
			h := open(t, f)
			got, err := h.Add(t.Context(), AddTask{Email: ada, RefuseExisting: true})
			succeeded(t, err)
			if got.Member.ID != "inv1" || got.Adopted {
				t.Errorf("result = %+v", got)
			}
			onRoster(t, h, ada, "inv1 invited EMPLOYEE")
			f.wrote(t, "add "+ada+" EMPLOYEE")
		})
	}

	run(t, "refused by the platform", func(t *testing.T) {
		f := &fake{add: func(hub.Add, func() (hub.Member, error)) (hub.Member, error) {
			return hub.Member{}, no(hub.ReasonSeatLimit)
		}}
		h := open(t, f)
		_, err := h.Add(t.Context(), AddTask{Email: ada})
		te := failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonSeatLimit, known: true})
		if te.Fault.Code != "17" || te.Task.Role != "EMPLOYEE" {
			t.Errorf("error = %+v", te)
		}
		f.requests(t, "list", "add "+ada+" EMPLOYEE")
	})

	run(t, "no role to be had", func(t *testing.T) {
		f := &fake{}
		h := open(t, f, func(_ *Options, p *Platform) { p.Roles = nil })
		_, err := h.Add(t.Context(), AddTask{Email: ada})
		failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonInvalidRole, known: true})
		f.wrote(t)
	})

	for name, test := range map[string]struct {
		setup  func(*Options, *Platform)
		limits Limits
		want   want
	}{
		"unsupported by the platform": {can(hub.OpAdd, hub.Unsupported), Limits{}, want{reason: hub.ReasonUnsupported}},
		"unsupported_tasks":           {can(hub.OpAdd, hub.Supported), Limits{UnsupportedTasks: []hub.TaskKind{hub.TaskAdd}}, want{reason: hub.ReasonUnsupported, detail: "unsupported_tasks"}},
		"read_only":                   {func(o *Options, _ *Platform) { o.ReadOnly = true }, Limits{}, want{reason: hub.ReasonSafeguard, detail: "read_only"}},
		"nonsense of a connector":     {can(hub.OpAdd, "perhaps"), Limits{}, want{reason: hub.ReasonUnknown, detail: "bug"}},
	} {
		run(t, name, func(t *testing.T) {
			f := &fake{}
			test.want.kind, test.want.known = hub.TaskAdd, true
			_, err := open(t, f, test.setup).Add(t.Context(), AddTask{Email: ada, Limits: test.limits})
			failed(t, err, test.want)
			f.requests(t, "list")
		})
	}
}

func TestAddMeetsSomebodyElsesInvitation(t *testing.T) {
	// The list was read before a colleague invited the person by hand.
	late := func(f *fake, role string) func(hub.Add, func() (hub.Member, error)) (hub.Member, error) {
		return func(_ hub.Add, do func() (hub.Member, error)) (hub.Member, error) {
			if f.asked("add") == 1 {
				f.put(invitation("theirs", ada, role))
			}
			return do()
		}
	}

	run(t, "a conflict adopts what a look-up finds", func(t *testing.T) {
		f := &fake{}
		f.add = late(f, "EMPLOYEE")
		h := open(t, f)
		got, err := h.Add(t.Context(), AddTask{Email: ada, Role: "EMPLOYEE"})
		succeeded(t, err)
		if got.Member.ID != "theirs" || !got.Adopted {
			t.Errorf("result = %+v", got)
		}
		onRoster(t, h, ada, "theirs invited EMPLOYEE")
		f.requests(t, "list", "add "+ada+" EMPLOYEE", "lookup "+ada)
	})

	run(t, "a conflict with on_existing = fail", func(t *testing.T) {
		f := &fake{}
		f.add = late(f, "EMPLOYEE")
		_, err := open(t, f).Add(t.Context(), AddTask{Email: ada, RefuseExisting: true})
		failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonConflict, known: true, status: hub.StatusInvited})
		f.wrote(t, "add "+ada+" EMPLOYEE")
	})

	run(t, "a conflict over nobody to be seen is nothing known", func(t *testing.T) {
		f := &fake{add: func(hub.Add, func() (hub.Member, error)) (hub.Member, error) {
			return hub.Member{}, no(hub.ReasonConflict)
		}}
		started := time.Now()
		_, err := open(t, f).Add(t.Context(), AddTask{Email: ada})
		failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonConflict})
		if time.Since(started) != settleTime {
			t.Errorf("gave up after %s, want %s: the other invitation may take its time", time.Since(started), settleTime)
		}
		f.wrote(t, "add "+ada+" EMPLOYEE")
	})

	run(t, "a conflict stays one when the run is stopped meanwhile", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := &fake{add: func(hub.Add, func() (hub.Member, error)) (hub.Member, error) {
			cancel()
			return hub.Member{}, no(hub.ReasonConflict)
		}}
		_, err := open(t, f).Add(ctx, AddTask{Email: ada})
		failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonConflict})
	})

	// A platform that refuses an invitation beside one that ran out.
	jealous := func(f *fake) func(hub.Add, func() (hub.Member, error)) (hub.Member, error) {
		return func(_ hub.Add, do func() (hub.Member, error)) (hub.Member, error) {
			f.mu.Lock()
			stale := f.current(hub.Member{ID: "old"})
			f.mu.Unlock()
			if stale != nil {
				return hub.Member{}, no(hub.ReasonConflict)
			}
			return do()
		}
	}
	ranOut := func() *fake {
		f := &fake{}
		f.add = jealous(f)
		f.put(hub.Member{ID: "old", Email: ada, Status: hub.StatusExpired})
		return f
	}

	run(t, "a conflict over an invitation that ran out: the stale one goes, ours comes", func(t *testing.T) {
		f := ranOut()
		f.lag = time.Second
		h := open(t, f)
		got, err := h.Add(t.Context(), AddTask{Email: ada})
		succeeded(t, err)
		if got.Member.ID != "inv1" || got.Adopted {
			t.Errorf("result = %+v", got)
		}
		onRoster(t, h, ada, "inv1 invited EMPLOYEE")
		f.wrote(t, "add "+ada+" EMPLOYEE", "remove old", "add "+ada+" EMPLOYEE")
	})

	run(t, "a stale invitation that cannot be withdrawn leaves the conflict", func(t *testing.T) {
		f := ranOut()
		f.remove = func(hub.Member, func() error) error { return no(hub.ReasonForbidden) }
		_, err := open(t, f).Add(t.Context(), AddTask{Email: ada})
		failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonConflict, known: true, status: hub.StatusExpired})
		f.requests(t, "list", "add "+ada+" EMPLOYEE", "lookup "+ada, "remove old")
	})

	run(t, "a stale invitation that no API withdraws leaves the conflict", func(t *testing.T) {
		f := ranOut()
		_, err := open(t, f, can(hub.OpCancel, hub.Unsupported)).Add(t.Context(), AddTask{Email: ada})
		failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonConflict, known: true, status: hub.StatusExpired})
		f.requests(t, "list", "add "+ada+" EMPLOYEE", "lookup "+ada)
	})

	run(t, "a platform that goes on refusing is asked twice and no more", func(t *testing.T) {
		f := &fake{add: func(hub.Add, func() (hub.Member, error)) (hub.Member, error) {
			return hub.Member{}, no(hub.ReasonConflict)
		}}
		f.put(hub.Member{ID: "old", Email: ada, Status: hub.StatusExpired})
		_, err := open(t, f).Add(t.Context(), AddTask{Email: ada})
		failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonConflict})
		f.wrote(t, "add "+ada+" EMPLOYEE", "remove old", "add "+ada+" EMPLOYEE")
	})

	run(t, "a silent platform that ignores ours: the role is changed", func(t *testing.T) {
		f := &fake{silent: true}
		f.add = late(f, "EMPLOYEE")
		h := open(t, f)
		got, err := h.Add(t.Context(), AddTask{Email: ada, Role: "ADMIN"})
		succeeded(t, err)
		if got.Member.ID != "theirs" || got.Member.Role != "ADMIN" || !got.Adopted {
			t.Errorf("result = %+v", got)
		}
		onRoster(t, h, ada, "theirs invited ADMIN")
		f.wrote(t, "add "+ada+" ADMIN", "change theirs ADMIN")
	})

	run(t, "a silent platform that ignores ours and cannot change it: theirs goes, ours comes", func(t *testing.T) {
		f := &fake{silent: true}
		f.add = late(f, "EMPLOYEE")
		got, err := open(t, f, can(hub.OpChangeInvitedRole, hub.ByReinvite)).Add(t.Context(), AddTask{Email: ada, Role: "ADMIN"})
		succeeded(t, err)
		if got.Member.ID != "inv1" || got.Member.Role != "ADMIN" {
			t.Errorf("result = %+v", got)
		}
		f.wrote(t, "add "+ada+" ADMIN", "remove theirs", "add "+ada+" ADMIN")
	})

	run(t, "a platform that never gives the wanted role is not asked for ever", func(t *testing.T) {
		f := &fake{}
		f.add = func(in hub.Add, do func() (hub.Member, error)) (hub.Member, error) {
			m, err := do()
			f.alter(m.ID, func(m *hub.Member) { m.Role = "EMPLOYEE" })
			return m, err
		}
		_, err := open(t, f, can(hub.OpChangeInvitedRole, hub.ByReinvite)).Add(t.Context(), AddTask{Email: ada, Role: "ADMIN"})
		te := failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonConflict, known: true, status: hub.StatusInvited, done: "withdrawn", detail: "next apply"})
		if te.Fault.Attempts == 0 {
			t.Error("attempts = 0, which says that nothing was sent")
		}
		f.wrote(t, "add "+ada+" ADMIN", "remove inv1", "add "+ada+" ADMIN")
	})
}

func TestAddOfUnknownOutcome(t *testing.T) {
	lost := func(arrives bool) func(hub.Add, func() (hub.Member, error)) (hub.Member, error) {
		return func(_ hub.Add, do func() (hub.Member, error)) (hub.Member, error) {
			if arrives {
				_, _ = do()
			}
			return hub.Member{}, noAnswer
		}
	}

	run(t, "is resolved by reading", func(t *testing.T) {
		f := &fake{lag: 3 * time.Second, add: lost(true)}
		h := open(t, f)
		got, err := h.Add(t.Context(), AddTask{Email: ada})
		succeeded(t, err)
		if got.Member.ID != "inv1" || got.Adopted || got.Unverified {
			t.Errorf("result = %+v", got)
		}
		onRoster(t, h, ada, "inv1 invited EMPLOYEE")
		f.wrote(t, "add "+ada+" EMPLOYEE")
	})

	run(t, "stays unknown when nothing shows in time", func(t *testing.T) {
		f := &fake{add: lost(false)}
		started := time.Now()
		_, err := open(t, f).Add(t.Context(), AddTask{Email: ada})
		te := failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonOutcomeUnknown, uncertain: true})
		if te.Fault.Attempts != 1 || time.Since(started) != settleTime {
			t.Errorf("after %s: %+v", time.Since(started), te.Fault)
		}
		f.wrote(t, "add "+ada+" EMPLOYEE")
	})

	run(t, "stays unknown when nothing can be read", func(t *testing.T) {
		f := &fake{add: lost(true), lookup: func(hub.Key, func() (hub.Member, error)) (hub.Member, error) {
			return hub.Member{}, no(hub.ReasonForbidden)
		}}
		_, err := open(t, f).Add(t.Context(), AddTask{Email: ada})
		failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonOutcomeUnknown, uncertain: true})
		f.wrote(t, "add "+ada+" EMPLOYEE")
	})

	run(t, "over somebody else's invitation takes no second one", func(t *testing.T) {
		f := &fake{silent: true}
		f.add = func(in hub.Add, do func() (hub.Member, error)) (hub.Member, error) {
			f.put(invitation("theirs", ada, "EMPLOYEE"))
			return lost(true)(in, do)
		}
		_, err := open(t, f, can(hub.OpChangeInvitedRole, hub.ByReinvite)).Add(t.Context(), AddTask{Email: ada, Role: "ADMIN"})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonConflict, known: true, status: hub.StatusInvited})
		f.wrote(t, "add "+ada+" ADMIN")
	})
}

func TestAddIsSeenLate(t *testing.T) {
	run(t, "within the time the platform may take", func(t *testing.T) {
		// Also one that shows at the last moment.
		for _, lag := range []time.Duration{time.Second, settleTime - time.Millisecond, settleTime} {
			f := &fake{lag: lag, noIDs: true}
			started := time.Now()
			got, err := open(t, f).Add(t.Context(), AddTask{Email: ada})
			succeeded(t, err)
			if got.Unverified || got.Member.ID != "inv1" || got.Notes != nil {
				t.Errorf("lag %s: result = %+v", lag, got)
			}
			if took := time.Since(started); took < lag || took > lag+lastPoll {
				t.Errorf("lag %s: took %s", lag, took)
			}
			if n := f.asked("lookup"); n > 12 {
				t.Errorf("lag %s: %d look-ups", lag, n)
			}
			f.wrote(t, "add "+ada+" EMPLOYEE")
		}
	})

	run(t, "never: the seat is kept, unverified", func(t *testing.T) {
		f := &fake{lag: time.Hour, noIDs: true}
		h := open(t, f)
		got, err := h.Add(t.Context(), AddTask{Email: "Ada@northwind.example"})
		succeeded(t, err)
		if !got.Unverified || got.Member.Email != ada || got.Member.Role != "EMPLOYEE" || got.Member.Status != hub.StatusUnknown ||
			len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "does not show it yet") {
			t.Errorf("result = %+v", got)
		}
		onRoster(t, h, ada, " unknown EMPLOYEE")
		f.wrote(t, "add Ada@northwind.example EMPLOYEE")
	})

	run(t, "and is read afresh before the next write", func(t *testing.T) {
		f := &fake{lag: settleTime + time.Second, noIDs: true}
		h := open(t, f)
		_, err := h.Add(t.Context(), AddTask{Email: ada})
		succeeded(t, err)
		time.Sleep(time.Second)
		f.lag = 0
		_, err = h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		succeeded(t, err)
		onRoster(t, h, ada, "inv1 invited ADMIN")
		f.wrote(t, "add "+ada+" EMPLOYEE", "change inv1 ADMIN")
	})

	run(t, "because it was accepted at once, under another id", func(t *testing.T) {
		f := &fake{}
		f.add = func(_ hub.Add, do func() (hub.Member, error)) (hub.Member, error) {
			m, err := do()
			f.accept(ada, "s1")
			return m, err
		}
		got, err := open(t, f).Add(t.Context(), AddTask{Email: ada})
		succeeded(t, err)
		if got.Unverified || got.Member.ID != "s1" || got.Member.Status != hub.StatusActive {
			t.Errorf("result = %+v", got)
		}
	})

	run(t, "because it cannot be read back", func(t *testing.T) {
		f := &fake{lookup: func(hub.Key, func() (hub.Member, error)) (hub.Member, error) {
			return hub.Member{}, no(hub.ReasonForbidden)
		}}
		got, err := open(t, f).Add(t.Context(), AddTask{Email: ada})
		succeeded(t, err)
		if !got.Unverified || got.Member.ID != "inv1" || !strings.Contains(got.Notes[0], "could not be read back (forbidden)") {
			t.Errorf("result = %+v", got)
		}
	})

	run(t, "because the platform shows somebody else", func(t *testing.T) {
		f := &fake{lookup: func(hub.Key, func() (hub.Member, error)) (hub.Member, error) {
			return seat("9", bob, "ADMIN"), nil
		}}
		got, err := open(t, f).Add(t.Context(), AddTask{Email: ada})
		succeeded(t, err)
		if !got.Unverified || got.Member.Email != ada {
			t.Errorf("result = %+v: that is not ada", got)
		}
	})
}

func TestAddIsStopped(t *testing.T) {
	run(t, "before it began", func(t *testing.T) {
		f := &fake{}
		ctx, cancel := context.WithCancel(t.Context())
		h := open(t, f)
		onRoster(t, h, ada, "")
		cancel()
		_, err := h.Add(ctx, AddTask{Email: ada})
		te := failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonCancelled})
		if te.Fault.Attempts != 0 {
			t.Errorf("attempts = %d", te.Fault.Attempts)
		}
		f.requests(t, "list")
	})

	run(t, "during the write, which may have arrived", func(t *testing.T) {
		f := &fake{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		f.add = func(_ hub.Add, do func() (hub.Member, error)) (hub.Member, error) {
			_, _ = do()
			time.Sleep(2 * time.Second)
			return hub.Member{}, refusal{hub.Fault{Reason: hub.ReasonUnknown, Uncertain: true}}
		}
		_, err := open(t, f).Add(ctx, AddTask{Email: ada})
		failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonTimeout, uncertain: true})
		f.requests(t, "list", "add "+ada+" EMPLOYEE")
	})

	run(t, "during the write, which did not go out", func(t *testing.T) {
		f := &fake{}
		ctx, cancel := context.WithCancel(t.Context())
		f.add = func(hub.Add, func() (hub.Member, error)) (hub.Member, error) {
			cancel()
			return hub.Member{}, ctx.Err()
		}
		_, err := open(t, f).Add(ctx, AddTask{Email: ada})
		failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonCancelled, known: true})
	})

	run(t, "while an unknown outcome is being resolved", func(t *testing.T) {
		f := &fake{add: func(hub.Add, func() (hub.Member, error)) (hub.Member, error) { return hub.Member{}, noAnswer }}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		started := time.Now()
		_, err := open(t, f).Add(ctx, AddTask{Email: ada})
		failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonCancelled, uncertain: true})
		if time.Since(started) != 3*time.Second {
			t.Errorf("took %s to stop", time.Since(started)-3*time.Second)
		}
		f.wrote(t, "add "+ada+" EMPLOYEE")
	})

	run(t, "after the write: the seat is kept", func(t *testing.T) {
		f := &fake{lag: time.Hour}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		got, err := open(t, f).Add(ctx, AddTask{Email: ada})
		succeeded(t, err)
		if !got.Unverified || got.Member.ID != "inv1" || !strings.Contains(got.Notes[0], "(timeout)") {
			t.Errorf("result = %+v", got)
		}
		f.wrote(t, "add "+ada+" EMPLOYEE")
	})

	run(t, "a throttle that ate the time is the better reason", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		f := &fake{add: func(hub.Add, func() (hub.Member, error)) (hub.Member, error) {
			time.Sleep(time.Second)
			return hub.Member{}, no(hub.ReasonRateLimited)
		}}
		_, err := open(t, f).Add(ctx, AddTask{Email: ada})
		failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonRateLimited, known: true})
	})
}

// A seat that was made and not given its role is not lost from sight, and the
// next apply finishes it without a second invitation.
func TestAddByHalves(t *testing.T) {
	roleless := func(_ *Options, p *Platform) { p.Roleless = true }
	half := func() *fake {
		f := &fake{}
		f.add = func(in hub.Add, _ func() (hub.Member, error)) (hub.Member, error) {
			m := hub.Member{ID: "1", Email: in.Email, Status: hub.StatusInvited}
			f.put(m)
			return m, no(hub.ReasonForbidden)
		}
		return f
	}
	for _, role := range []string{"ADMIN", ""} {
		run(t, "wanted role "+role, func(t *testing.T) {
			f := half()
			h := open(t, f, roleless)
			_, err := h.Add(t.Context(), AddTask{Email: ada, Role: role})
			failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonForbidden, known: true, status: hub.StatusInvited, done: "(id 1) with no role"})
			onRoster(t, h, ada, "1 invited ")

			got, err := open(t, f, roleless).Add(t.Context(), AddTask{Email: ada, Role: role})
			succeeded(t, err)
			if got.Member.Role != cmp.Or(role, "EMPLOYEE") || !got.Adopted {
				t.Errorf("result = %+v", got)
			}
			f.wrote(t, "add "+ada+" "+cmp.Or(role, "EMPLOYEE"), "change 1 "+cmp.Or(role, "EMPLOYEE"))
		})
	}

	run(t, "the answer is lost after the first half", func(t *testing.T) {
		f := half()
		f.add = func(in hub.Add, _ func() (hub.Member, error)) (hub.Member, error) {
			f.put(hub.Member{ID: "1", Email: in.Email, Status: hub.StatusInvited})
			return hub.Member{}, noAnswer
		}
		got, err := open(t, f, roleless).Add(t.Context(), AddTask{Email: ada, Role: "ADMIN"})
		succeeded(t, err)
		if got.Member.Role != "ADMIN" {
			t.Errorf("result = %+v", got)
		}
		f.wrote(t, "add "+ada+" ADMIN", "change 1 ADMIN")
	})

	run(t, "elsewhere a role that is not reported is not written over", func(t *testing.T) {
		f := &fake{}
		f.put(hub.Member{ID: "1", Email: ada, Status: hub.StatusActive})
		_, err := open(t, f).Add(t.Context(), AddTask{Email: ada})
		succeeded(t, err)
		f.wrote(t)
	})
}
