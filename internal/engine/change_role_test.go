package engine

import (
	"context"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

func TestChangeRole(t *testing.T) {
	run(t, "of a seat", func(t *testing.T) {
		f := &fake{lag: 2 * time.Second}
		f.put(seat("1", ada, "EMPLOYEE"))
		h := open(t, f)
		got, err := h.ChangeRole(t.Context(), RoleTask{Email: "ADA@northwind.example", Role: "ADMIN"})
		succeeded(t, err)
		if got.Member.Role != "ADMIN" {
			t.Errorf("result = %+v", got)
		}
		onRoster(t, h, ada, "1 active ADMIN")
		f.wrote(t, "change 1 ADMIN")
	})

	run(t, "that is there already", func(t *testing.T) {
		f := &fake{}
		m := seat("1", ada, "ADMIN")
		m.Secondary = []string{"FINANCE"}
		f.put(m)
		h := open(t, f, func(o *Options, _ *Platform) { o.ReadOnly = true })
		for _, in := range []RoleTask{
			{Email: ada, Role: "ADMIN"},
			{Email: ada, Role: "FINANCE", Kind: hub.Secondary},
			{Email: ada, Role: "OWNER", Kind: hub.Secondary, Revoke: true},
			{Email: bob, Role: "FINANCE", Kind: hub.Secondary, Revoke: true}, // no seat, no role to take
		} {
			_, err := h.ChangeRole(t.Context(), in)
			succeeded(t, err)
		}
		f.requests(t, "list")
	})

	run(t, "secondary roles come and go", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", ada, "EMPLOYEE"))
		h := open(t, f)
		got, err := h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "FINANCE", Kind: hub.Secondary})
		succeeded(t, err)
		if got.Member.Role != "EMPLOYEE" || !got.Member.HasRole("FINANCE") {
			t.Errorf("result = %+v", got)
		}
		got, err = h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "FINANCE", Kind: hub.Secondary, Revoke: true})
		succeeded(t, err)
		if got.Member.Role != "EMPLOYEE" || got.Member.HasRole("FINANCE") {
			t.Errorf("result = %+v", got)
		}
		f.wrote(t, "change 1 +FINANCE", "change 1 -FINANCE")
	})

	run(t, "of somebody who is not there", func(t *testing.T) {
		f := &fake{}
		f.put(hub.Member{ID: "x", Email: bob, Status: hub.StatusExpired})
		h := open(t, f)
		_, err := h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonNotFound, known: true, detail: "Add them first"})
		_, err = h.ChangeRole(t.Context(), RoleTask{Email: bob, Role: "ADMIN"})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonNotFound, known: true, status: hub.StatusExpired})
		_, err = h.Downgrade(t.Context(), RoleTask{Email: ada, Role: "EMPLOYEE"})
		succeeded(t, err)
		f.requests(t, "list")
	})

	run(t, "of somebody whose address changed", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", bob, "EMPLOYEE"))
		h := open(t, f)
		got, err := h.ChangeRole(t.Context(), RoleTask{Email: ada, MemberID: "1", Role: "ADMIN"})
		succeeded(t, err)
		if got.Member.Email != bob {
			t.Errorf("result = %+v", got)
		}
		onRoster(t, h, bob, "1 active ADMIN")
		f.requests(t, "list", "change 1 ADMIN", "lookup "+bob+"#1 active")
	})

	run(t, "keeps an address that the look-up hides", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", ada, "EMPLOYEE"))
		f.lookup = func(_ hub.Key, do func() (hub.Member, error)) (hub.Member, error) {
			m, err := do()
			m.Email = ""
			return m, err
		}
		h := open(t, f)
		got, err := h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		succeeded(t, err)
		if got.Member.Email != ada {
			t.Errorf("result = %+v", got)
		}
		onRoster(t, h, ada, "1 active ADMIN")
	})

	run(t, "to no role", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", ada, "EMPLOYEE"))
		_, err := open(t, f).Downgrade(t.Context(), RoleTask{Email: ada})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonInvalidRole, known: true, status: hub.StatusActive})
		f.wrote(t)
	})

	run(t, "refused by the platform", func(t *testing.T) {
		f := &fake{change: func(hub.Member, func() error) error { return no(hub.ReasonForbidden) }}
		f.put(seat("1", ada, "EMPLOYEE"))
		h := open(t, f)
		_, err := h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		te := failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonForbidden, known: true, status: hub.StatusActive})
		if te.Task.OldRole != "EMPLOYEE" {
			t.Errorf("old role = %q", te.Task.OldRole)
		}
		onRoster(t, h, ada, "1 active EMPLOYEE")
		f.requests(t, "list", "change 1 ADMIN")
	})
}

func TestChangeRoleIsNotToBeHad(t *testing.T) {
	for name, test := range map[string]struct {
		m      hub.Member
		kind   hub.RoleKind
		revoke bool
		setup  func(*Options, *Platform)
		limits Limits
		reason hub.Reason
		detail string
	}{
		"unsupported":               {m: seat("1", ada, "EMPLOYEE"), setup: can(hub.OpChangeRole, hub.Unsupported), reason: hub.ReasonUnsupported},
		"unsupported for invited":   {m: invitation("1", ada, "EMPLOYEE"), setup: can(hub.OpChangeInvitedRole, hub.Unsupported), reason: hub.ReasonUnsupported},
		"unsupported for pending":   {m: hub.Member{ID: "1", Email: ada, Status: hub.StatusPendingApproval}, setup: can(hub.OpChangeInvitedRole, hub.Unsupported), reason: hub.ReasonUnsupported},
		"after acceptance":          {m: invitation("1", ada, "EMPLOYEE"), setup: can(hub.OpChangeInvitedRole, hub.AfterAcceptance), reason: hub.ReasonAwaitingAcceptance, detail: "accepted"},
		"grant unsupported":         {m: seat("1", ada, "EMPLOYEE"), kind: hub.Secondary, setup: can(hub.OpGrantRole, hub.Unsupported), reason: hub.ReasonUnsupported},
		"revoke unsupported":        {m: seat("1", ada, "ADMIN"), kind: hub.Secondary, revoke: true, setup: can(hub.OpRevokeRole, hub.Unsupported), reason: hub.ReasonUnsupported},
		"unsupported_tasks":         {m: seat("1", ada, "EMPLOYEE"), setup: can(hub.OpAdd, hub.Supported), limits: Limits{UnsupportedTasks: []hub.TaskKind{hub.TaskChangeRole}}, reason: hub.ReasonUnsupported, detail: "unsupported_tasks"},
		"read_only":                 {m: seat("1", ada, "EMPLOYEE"), setup: func(o *Options, _ *Platform) { o.ReadOnly = true }, reason: hub.ReasonSafeguard, detail: "read_only"},
		"reinviting a member":       {m: seat("1", ada, "EMPLOYEE"), setup: can(hub.OpChangeRole, hub.ByReinvite), reason: hub.ReasonUnknown, detail: "bug"},
		"reinvite without a cancel": {m: invitation("1", ada, "EMPLOYEE"), setup: both(can(hub.OpChangeInvitedRole, hub.ByReinvite), can(hub.OpCancel, hub.Unsupported)), reason: hub.ReasonUnsupported},
		"reinvite without an add":   {m: invitation("1", ada, "EMPLOYEE"), setup: both(can(hub.OpChangeInvitedRole, hub.ByReinvite), can(hub.OpAdd, hub.Unsupported)), reason: hub.ReasonUnsupported},
		"reinvite, add declared unsupported": {
			m: invitation("1", ada, "EMPLOYEE"), setup: can(hub.OpChangeInvitedRole, hub.ByReinvite),
			limits: Limits{UnsupportedTasks: []hub.TaskKind{hub.TaskAdd}}, reason: hub.ReasonUnsupported, detail: `"add"`,
		},
	} {
		run(t, name, func(t *testing.T) {
			f := &fake{}
			if test.revoke {
				test.m.Secondary = []string{"FINANCE"}
			}
			role := "ADMIN"
			if test.kind == hub.Secondary {
				role = "FINANCE"
			}
			f.put(test.m)
			_, err := open(t, f, test.setup).ChangeRole(t.Context(), RoleTask{Email: ada, Role: role, Kind: test.kind, Revoke: test.revoke, Limits: test.limits})
			failed(t, err, want{kind: hub.TaskChangeRole, reason: test.reason, known: true, status: test.m.Status, detail: test.detail})
			f.requests(t, "list")
		})
	}
}

func both(a, b func(*Options, *Platform)) func(*Options, *Platform) {
	return func(o *Options, p *Platform) { a(o, p); b(o, p) }
}

func TestChangeRoleOfAnInvitationAcceptedMeanwhile(t *testing.T) {
	run(t, "not found: once more on the seat", func(t *testing.T) {
		f := &fake{}
		f.put(invitation("i", ada, "EMPLOYEE"))
		f.change = func(_ hub.Member, do func() error) error {
			if f.asked("change") == 1 {
				f.accept(ada, "s")
			}
			return do()
		}
		h := open(t, f)
		got, err := h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		succeeded(t, err)
		if got.Member.ID != "s" || got.Member.Status != hub.StatusActive || got.Member.Role != "ADMIN" {
			t.Errorf("result = %+v", got)
		}
		onRoster(t, h, ada, "s active ADMIN")
		f.requests(t, "list", "change i ADMIN", "lookup "+ada, "change s ADMIN", "lookup "+ada+"#s active")
	})

	run(t, "not found, and never a third time", func(t *testing.T) {
		f := &fake{}
		f.put(invitation("i", ada, "EMPLOYEE"))
		f.change = func(m hub.Member, _ func() error) error {
			f.alter(m.ID, func(m *hub.Member) { m.ID += "+" })
			return no(hub.ReasonNotFound)
		}
		_, err := open(t, f).ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonNotFound, known: true, status: hub.StatusInvited})
		f.wrote(t, "change i ADMIN", "change i+ ADMIN")
	})

	run(t, "the guards see the seat", func(t *testing.T) {
		f := &fake{}
		f.put(invitation("i", ada, "ADMIN"))
		f.change = func(_ hub.Member, do func() error) error {
			f.accept(ada, "s")
			return do()
		}
		_, err := open(t, f).ChangeRole(t.Context(), RoleTask{Email: ada, Role: "EMPLOYEE"})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonLastAdmin, known: true, status: hub.StatusActive})
		f.wrote(t, "change i EMPLOYEE")
	})

	run(t, "the platform said yes and kept the old role", func(t *testing.T) {
		f := &fake{}
		f.put(invitation("i", ada, "EMPLOYEE"))
		f.change = func(m hub.Member, do func() error) error {
			if m.ID == "i" {
				f.accept(ada, "s")
				return nil
			}
			return do()
		}
		started := time.Now()
		got, err := open(t, f).ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		succeeded(t, err)
		if got.Member.ID != "s" || got.Member.Role != "ADMIN" || time.Since(started) > time.Second {
			t.Errorf("after %s: result = %+v", time.Since(started), got)
		}
		f.wrote(t, "change i ADMIN", "change s ADMIN")
	})

	run(t, "not found: gone", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", ada, "EMPLOYEE"))
		f.put(seat("2", bob, "EMPLOYEE"))
		f.change = func(m hub.Member, do func() error) error { f.alter(m.ID, nil); return do() }
		h := open(t, f)
		_, err := h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonNotFound, known: true})
		onRoster(t, h, ada, "")
		_, err = h.Downgrade(t.Context(), RoleTask{Email: bob, Role: "ADMIN"})
		succeeded(t, err)
		f.wrote(t, "change 1 ADMIN", "change 2 ADMIN")
	})

	run(t, "not found: whoever has the address now is not promoted", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", bob, "EMPLOYEE")) // ada, whose address changed
		f.change = func(hub.Member, func() error) error {
			f.alter("1", func(m *hub.Member) { m.ID = "2" }) // bob
			return no(hub.ReasonNotFound)
		}
		_, err := open(t, f).ChangeRole(t.Context(), RoleTask{Email: ada, MemberID: "1", Role: "ADMIN"})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonNotFound})
		f.wrote(t, "change 1 ADMIN")
	})

	run(t, "a yes, and gone", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", ada, "EMPLOYEE"))
		f.put(seat("2", bob, "EMPLOYEE"))
		f.change = func(m hub.Member, _ func() error) error { f.alter(m.ID, nil); return nil }
		h := open(t, f)
		_, err := h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonUnknown, known: true, detail: "nobody of that address"})
		_, err = h.Downgrade(t.Context(), RoleTask{Email: bob, Role: "ADMIN"})
		succeeded(t, err)
		onRoster(t, h, ada, "")
		onRoster(t, h, bob, "")
	})

	run(t, "not found, and still there", func(t *testing.T) {
		f := &fake{change: func(hub.Member, func() error) error { return no(hub.ReasonNotFound) }}
		f.put(seat("1", ada, "EMPLOYEE"))
		_, err := open(t, f).ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonNotFound, known: true, status: hub.StatusActive})
		f.requests(t, "list", "change 1 ADMIN", "lookup "+ada)
	})

	run(t, "not found, and nothing can be read", func(t *testing.T) {
		f := &fake{change: func(hub.Member, func() error) error { return no(hub.ReasonNotFound) }}
		f.lookup = func(hub.Key, func() (hub.Member, error)) (hub.Member, error) {
			return hub.Member{}, no(hub.ReasonForbidden)
		}
		f.put(seat("1", ada, "EMPLOYEE"))
		_, err := open(t, f).ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonForbidden})
		f.wrote(t, "change 1 ADMIN")
	})
}

func TestChangeRoleOfUnknownOutcome(t *testing.T) {
	run(t, "is resolved by reading", func(t *testing.T) {
		f := &fake{lag: 5 * time.Second}
		f.put(seat("1", ada, "EMPLOYEE"))
		f.change = func(_ hub.Member, do func() error) error { _ = do(); return noAnswer }
		h := open(t, f)
		got, err := h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		succeeded(t, err)
		if got.Member.Role != "ADMIN" {
			t.Errorf("result = %+v", got)
		}
		onRoster(t, h, ada, "1 active ADMIN")
		f.wrote(t, "change 1 ADMIN")
	})

	run(t, "the old role shows on", func(t *testing.T) {
		f := &fake{change: func(hub.Member, func() error) error { return noAnswer }}
		f.put(seat("1", ada, "EMPLOYEE"))
		_, err := open(t, f).ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonOutcomeUnknown, known: true, status: hub.StatusActive, uncertain: true})
		f.wrote(t, "change 1 ADMIN")
	})

	run(t, "nothing can be read", func(t *testing.T) {
		f := &fake{change: func(hub.Member, func() error) error { return noAnswer }}
		f.lookup = func(hub.Key, func() (hub.Member, error)) (hub.Member, error) {
			return hub.Member{}, no(hub.ReasonForbidden)
		}
		f.put(seat("1", ada, "EMPLOYEE"))
		_, err := open(t, f).ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonOutcomeUnknown, uncertain: true})
	})

	run(t, "the time is over", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		f := &fake{change: func(hub.Member, func() error) error {
			time.Sleep(2 * time.Second)
			return refusal{hub.Fault{Reason: hub.ReasonUnknown, Uncertain: true}}
		}}
		f.put(seat("1", ada, "EMPLOYEE"))
		_, err := open(t, f).ChangeRole(ctx, RoleTask{Email: ada, Role: "ADMIN"})
		te := failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonTimeout, uncertain: true})
		f.requests(t, "list", "change 1 ADMIN")
		if te.Fault.Attempts != 1 {
			t.Errorf("attempts = %d: a write went out", te.Fault.Attempts)
		}
	})

	run(t, "a yes, and the old role shows on", func(t *testing.T) {
		f := &fake{change: func(hub.Member, func() error) error { return nil }}
		f.put(seat("1", ada, "EMPLOYEE"))
		started := time.Now()
		_, err := open(t, f).ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		te := failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonUnknown, known: true, status: hub.StatusActive, detail: "still shows the role EMPLOYEE"})
		if te.Fault.Attempts != 1 || time.Since(started) != settleTime {
			t.Errorf("after %s, attempts = %d", time.Since(started), te.Fault.Attempts)
		}
		f.wrote(t, "change 1 ADMIN")
	})

	run(t, "a yes, and the run is stopped before it shows", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		f := &fake{change: func(hub.Member, func() error) error { return nil }}
		f.put(seat("1", ada, "EMPLOYEE"))
		_, err := open(t, f).ChangeRole(ctx, RoleTask{Email: ada, Role: "ADMIN"})
		te := failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonCancelled, uncertain: true, done: "Fake accepted the task"})
		if te.Fault.Attempts != 1 {
			t.Errorf("attempts = %d: a write went out", te.Fault.Attempts)
		}
	})
}

func TestReinvite(t *testing.T) {
	reinvite := can(hub.OpChangeInvitedRole, hub.ByReinvite)
	invited := func() *fake {
		f := &fake{}
		m := invitation("i", ada, "EMPLOYEE")
		m.Name = "Ada L"
		f.put(m)
		return f
	}
	change := func(t *testing.T, f *fake) (*Hub, Result, error) {
		t.Helper()
		h := open(t, f, reinvite)
		got, err := h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		return h, got, err
	}

	run(t, "withdraws, looks, invites", func(t *testing.T) {
		f := invited()
		f.lag = time.Second
		h, got, err := change(t, f)
		succeeded(t, err)
		if got.Member.ID != "inv1" || got.Member.Role != "ADMIN" || got.Member.Name != "Ada L" || got.Adopted {
			t.Errorf("result = %+v", got)
		}
		onRoster(t, h, ada, "inv1 invited ADMIN")
		f.wrote(t, "remove i", "add "+ada+" ADMIN")
		f.mu.Lock()
		defer f.mu.Unlock()
		if i := f.calls; len(i) < 4 || i[1] != "remove i" || i[2] != "lookup "+ada+"#i" {
			t.Errorf("calls = %q, want a look between the two writes", i)
		}
	})

	run(t, "a cancel that fails sends nothing", func(t *testing.T) {
		f := invited()
		f.remove = func(hub.Member, func() error) error { return no(hub.ReasonForbidden) }
		_, _, err := change(t, f)
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonForbidden, known: true, status: hub.StatusInvited})
		f.requests(t, "list", "remove i")
	})

	run(t, "a cancel that is not to be seen sends nothing", func(t *testing.T) {
		f := invited()
		f.remove = func(hub.Member, func() error) error { return nil }
		_, _, err := change(t, f)
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonUnknown, known: true, status: hub.StatusInvited, detail: "no new one was sent"})
		f.wrote(t, "remove i")
	})

	run(t, "a cancel of unknown outcome that is not to be seen sends nothing", func(t *testing.T) {
		f := invited()
		f.remove = func(hub.Member, func() error) error { return noAnswer }
		_, _, err := change(t, f)
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonOutcomeUnknown, known: true, status: hub.StatusInvited, uncertain: true})
		f.wrote(t, "remove i")
	})

	run(t, "a cancel of unknown outcome that took effect goes on", func(t *testing.T) {
		f := invited()
		f.remove = func(_ hub.Member, do func() error) error { _ = do(); return noAnswer }
		_, got, err := change(t, f)
		succeeded(t, err)
		if got.Member.Role != "ADMIN" {
			t.Errorf("result = %+v", got)
		}
		f.wrote(t, "remove i", "add "+ada+" ADMIN")
	})

	run(t, "a cancel after which nothing can be read sends nothing", func(t *testing.T) {
		f := invited()
		f.lookup = func(hub.Key, func() (hub.Member, error)) (hub.Member, error) {
			return hub.Member{}, no(hub.ReasonForbidden)
		}
		_, _, err := change(t, f)
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonOutcomeUnknown, uncertain: true, done: "accepted"})
		f.wrote(t, "remove i")
	})

	run(t, "an add that fails says what was done", func(t *testing.T) {
		f := invited()
		f.add = func(hub.Add, func() (hub.Member, error)) (hub.Member, error) {
			return hub.Member{}, no(hub.ReasonSeatLimit)
		}
		h, _, err := change(t, f)
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonSeatLimit, known: true, done: "The invitation with the old role was withdrawn."})
		onRoster(t, h, ada, "")
		f.wrote(t, "remove i", "add "+ada+" ADMIN")
	})

	run(t, "an add of unknown outcome is not repeated", func(t *testing.T) {
		f := invited()
		f.add = func(hub.Add, func() (hub.Member, error)) (hub.Member, error) { return hub.Member{}, noAnswer }
		_, _, err := change(t, f)
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonOutcomeUnknown, uncertain: true, done: "withdrawn"})
		f.wrote(t, "remove i", "add "+ada+" ADMIN")
	})

	for name, answer := range map[string]error{"not found": no(hub.ReasonNotFound), "yes": nil} {
		run(t, "accepted meanwhile, the cancel answers "+name+": the seat is changed", func(t *testing.T) {
			f := invited()
			f.remove = func(hub.Member, func() error) error { f.accept(ada, "s"); return answer }
			h, got, err := change(t, f)
			succeeded(t, err)
			if got.Member.ID != "s" || got.Member.Role != "ADMIN" {
				t.Errorf("result = %+v", got)
			}
			onRoster(t, h, ada, "s active ADMIN")
			f.wrote(t, "remove i", "change s ADMIN")
		})
	}

	run(t, "somebody else invites as fast as roster withdraws", func(t *testing.T) {
		f := invited()
		f.remove = func(m hub.Member, _ func() error) error {
			f.alter(m.ID, func(m *hub.Member) { m.ID += "+" })
			return nil
		}
		_, _, err := change(t, f)
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonConflict, known: true, status: hub.StatusInvited})
		f.wrote(t, "remove i", "remove i+")
	})

	run(t, "withdrawn by somebody else meanwhile", func(t *testing.T) {
		f := invited()
		f.remove = func(_ hub.Member, do func() error) error { f.alter("i", nil); return do() }
		_, got, err := change(t, f)
		succeeded(t, err)
		if got.Member.ID != "inv1" {
			t.Errorf("result = %+v", got)
		}
		f.wrote(t, "remove i", "add "+ada+" ADMIN")
	})

	run(t, "invitations without ids", func(t *testing.T) {
		f := &fake{silent: true, noIDs: true}
		f.put(invitation("", ada, "EMPLOYEE"))
		_, got, err := change(t, f)
		succeeded(t, err)
		if got.Member.Role != "ADMIN" {
			t.Errorf("result = %+v", got)
		}
		f.wrote(t, "remove "+ada, "add "+ada+" ADMIN")
	})
}

// Somebody who leaves and keeps the seat for a lesser role: of an invitation
// nothing is left, and above all no new one is sent.
func TestDowngradeOfALeaver(t *testing.T) {
	reinvite := can(hub.OpChangeInvitedRole, hub.ByReinvite)
	leave := RoleTask{Email: ada, Role: "EMPLOYEE", Leaving: true}

	run(t, "an invitation is withdrawn", func(t *testing.T) {
		for _, role := range []string{"ADMIN", "EMPLOYEE"} {
			f := &fake{}
			f.put(invitation("i", ada, role))
			h := open(t, f, reinvite)
			got, err := h.Downgrade(t.Context(), leave)
			succeeded(t, err)
			if got.Task.Kind != hub.TaskRemove || got.Member.Status != "" {
				t.Errorf("result = %+v", got)
			}
			onRoster(t, h, ada, "")
			f.wrote(t, "remove i")
		}
	})

	run(t, "without leaving the invitation gets the role", func(t *testing.T) {
		f := &fake{}
		f.put(invitation("i", ada, "ADMIN"))
		_, err := open(t, f).Downgrade(t.Context(), RoleTask{Email: ada, Role: "EMPLOYEE"})
		succeeded(t, err)
		f.wrote(t, "change i EMPLOYEE")
	})

	run(t, "one accepted meanwhile is downgraded", func(t *testing.T) {
		f := &fake{}
		f.put(seat("boss", bob, "ADMIN"))
		f.put(invitation("i", ada, "ADMIN"))
		f.remove = func(_ hub.Member, do func() error) error { f.accept(ada, "s"); return do() }
		h := open(t, f, reinvite)
		got, err := h.Downgrade(t.Context(), leave)
		succeeded(t, err)
		if got.Member.ID != "s" || got.Member.Role != "EMPLOYEE" {
			t.Errorf("result = %+v", got)
		}
		f.wrote(t, "remove i", "change s EMPLOYEE")
	})

	run(t, "one that no API withdraws is left to a person", func(t *testing.T) {
		f := &fake{}
		f.put(invitation("i", ada, "ADMIN"))
		_, err := open(t, f, can(hub.OpCancel, hub.Unsupported)).Downgrade(t.Context(), leave)
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonUnsupported, known: true, status: hub.StatusInvited})
		f.wrote(t)
	})

	run(t, "a seat is downgraded, and nobody is nothing to do", func(t *testing.T) {
		f := &fake{}
		f.put(seat("boss", bob, "ADMIN"))
		f.put(seat("1", ada, "ADMIN"))
		h := open(t, f)
		_, err := h.Downgrade(t.Context(), leave)
		succeeded(t, err)
		_, err = h.Downgrade(t.Context(), RoleTask{Email: carol, Role: "EMPLOYEE", Leaving: true})
		succeeded(t, err)
		f.wrote(t, "change 1 EMPLOYEE")
	})
}
