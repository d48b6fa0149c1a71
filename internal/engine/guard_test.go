package engine

import (
	"context"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

func TestLastAdmin(t *testing.T) {
	two := func() *fake {
		f := &fake{}
		f.put(seat("1", ada, "ADMIN"))
		f.put(seat("2", bob, "ADMIN"))
		f.put(seat("3", carol, "EMPLOYEE"))
		return f
	}
	lastAdmin := func(kind hub.TaskKind) want {
		return want{kind: kind, reason: hub.ReasonLastAdmin, known: true, status: hub.StatusActive, detail: "last administrator"}
	}

	run(t, "there is another one: one look-up", func(t *testing.T) {
		f := two()
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		succeeded(t, err)
		f.requests(t, "list", "self", "lookup "+bob+"#2 active", "remove 1", "lookup "+ada+"#1 active")
	})

	run(t, "the last one stays, whatever the task", func(t *testing.T) {
		f := two()
		h := open(t, f)
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		succeeded(t, err)
		_, err = h.Remove(t.Context(), RemoveTask{Email: bob})
		failed(t, err, lastAdmin(hub.TaskRemove))
		_, err = h.ChangeRole(t.Context(), RoleTask{Email: bob, Role: "EMPLOYEE"})
		failed(t, err, lastAdmin(hub.TaskChangeRole))
		_, err = h.Downgrade(t.Context(), RoleTask{Email: bob, Role: "EMPLOYEE"})
		failed(t, err, lastAdmin(hub.TaskChangeRole))
		f.wrote(t, "remove 1")
	})

	for name, change := range map[string]func(*hub.Member){
		"demoted":          func(m *hub.Member) { m.Role = "EMPLOYEE" },
		"suspended":        func(m *hub.Member) { m.Status = hub.StatusSuspended },
		"removed":          nil,
		"known by new id":  func(m *hub.Member) { m.ID = "22"; m.Role = "EMPLOYEE" },
		"turned into ada!": func(m *hub.Member) { m.Email = ada },
	} {
		run(t, "the other one was "+name+" since the roster was read", func(t *testing.T) {
			f := two()
			h := open(t, f)
			onRoster(t, h, bob, "2 active ADMIN")
			f.alter("2", change)
			_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
			failed(t, err, lastAdmin(hub.TaskRemove))
			f.wrote(t)
		})
	}

	run(t, "a look-up may show more than it was asked for", func(t *testing.T) {
		f := two()
		f.lookup = func(hub.Key, func() (hub.Member, error)) (hub.Member, error) {
			return hub.Member{ID: "2", Email: bob, Role: "ADMIN", Status: hub.StatusSuspended}, nil
		}
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, lastAdmin(hub.TaskRemove))
		f.wrote(t)
	})

	run(t, "the other one cannot be read", func(t *testing.T) {
		f := two()
		f.lookup = func(hub.Key, func() (hub.Member, error)) (hub.Member, error) {
			return hub.Member{}, no(hub.ReasonUnavailable)
		}
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonUnavailable, known: true, status: hub.StatusActive})
		f.wrote(t)
	})

	run(t, "invited, expired and suspended administrators do not count", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", ada, "ADMIN"))
		f.put(invitation("2", bob, "ADMIN"))
		f.put(hub.Member{ID: "3", Email: carol, Role: "ADMIN", Status: hub.StatusSuspended})
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, lastAdmin(hub.TaskRemove))
		f.requests(t, "list", "self")
	})

	run(t, "administrators without ids are told apart", func(t *testing.T) {
		f := &fake{}
		f.put(seat("", ada, "ADMIN"))
		f.put(seat("", bob, "ADMIN"))
		h := open(t, f)
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		succeeded(t, err)
		_, err = h.Remove(t.Context(), RemoveTask{Email: bob})
		failed(t, err, lastAdmin(hub.TaskRemove))
		f.wrote(t, "remove "+ada)
	})

	run(t, "an administrator by a secondary role", func(t *testing.T) {
		f := &fake{}
		m := seat("1", ada, "EMPLOYEE")
		m.Secondary = []string{"OWNER"}
		f.put(m)
		h := open(t, f)
		_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, lastAdmin(hub.TaskRemove))
		_, err = h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "OWNER", Kind: hub.Secondary, Revoke: true})
		failed(t, err, lastAdmin(hub.TaskChangeRole))
		f.wrote(t)
	})

	run(t, "who stays an administrator is not demoted", func(t *testing.T) {
		f := &fake{}
		m := seat("1", ada, "ADMIN")
		m.Secondary = []string{"OWNER"}
		f.put(m)
		h := open(t, f)
		_, err := h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "EMPLOYEE"})
		succeeded(t, err)
		f.requests(t, "list", "change 1 EMPLOYEE", "lookup "+ada+"#1 active")
	})

	run(t, "allow_lockout", func(t *testing.T) {
		f := &fake{self: hub.Identity{MemberIDs: []string{"1"}}}
		f.put(seat("1", ada, "ADMIN"))
		h := open(t, f)
		_, err := h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "EMPLOYEE", Limits: Limits{AllowLockout: true}})
		succeeded(t, err)
		_, err = h.Remove(t.Context(), RemoveTask{Email: ada, Limits: Limits{AllowLockout: true}})
		succeeded(t, err)
		f.requests(t, "list", "change 1 EMPLOYEE", "lookup "+ada+"#1 active", "remove 1", "lookup "+ada+"#1 active")
	})

	run(t, "nobody is exempt but invited people", func(t *testing.T) {
		for _, status := range hub.Statuses() {
			f := &fake{}
			f.put(hub.Member{ID: "1", Email: ada, Role: "ADMIN", Status: status})
			_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
			exempt := status == hub.StatusInvited || !status.Live()
			if (err == nil) != exempt {
				t.Errorf("%s: error = %v", status, err)
			}
		}
	})

	run(t, "a person who is not an administrator costs no look-up", func(t *testing.T) {
		f := two()
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: carol})
		succeeded(t, err)
		f.requests(t, "list", "self", "remove 3", "lookup "+carol+"#3 active")
	})
}

func TestSelfLockout(t *testing.T) {
	for name, self := range map[string]hub.Identity{
		"by id":      {MemberIDs: []string{"9", "1"}},
		"by address": {Email: "Ada@Northwind.example"},
	} {
		run(t, name, func(t *testing.T) {
			f := &fake{self: self}
			f.put(seat("1", ada, "ADMIN"))
			f.put(seat("2", bob, "ADMIN"))
			h := open(t, f)
			w := want{reason: hub.ReasonSelfLockout, known: true, status: hub.StatusActive, detail: "lock roster out"}
			w.kind = hub.TaskRemove
			_, err := h.Remove(t.Context(), RemoveTask{Email: ada})
			failed(t, err, w)
			w.kind = hub.TaskChangeRole
			_, err = h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "EMPLOYEE"})
			failed(t, err, w)
			f.requests(t, "list", "self") // the answer is kept
		})
	}

	run(t, "who the connection is cannot be read", func(t *testing.T) {
		f := &fake{selfErr: no(hub.ReasonForbidden)}
		f.put(seat("1", ada, "EMPLOYEE"))
		_, err := open(t, f).Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonForbidden, known: true, status: hub.StatusActive})
		f.wrote(t)
	})

	run(t, "the run is stopped between the guard and the write", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := &fake{}
		f.put(seat("1", ada, "ADMIN"))
		f.put(seat("2", bob, "ADMIN"))
		f.lookup = func(_ hub.Key, do func() (hub.Member, error)) (hub.Member, error) { cancel(); return do() }
		h := open(t, f)
		_, err := h.Remove(ctx, RemoveTask{Email: ada})
		te := failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonCancelled, known: true, status: hub.StatusActive})
		if te.Fault.Attempts != 0 {
			t.Errorf("attempts = %d", te.Fault.Attempts)
		}
		ctx, cancel = context.WithCancel(t.Context())
		defer cancel()
		_, err = h.ChangeRole(ctx, RoleTask{Email: ada, Role: "EMPLOYEE"})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonCancelled, known: true, status: hub.StatusActive})
		f.wrote(t)
	})
}

func TestGuardsAtPlan(t *testing.T) {
	run(t, "say what apply would", func(t *testing.T) {
		f := &fake{self: hub.Identity{MemberIDs: []string{"3"}}}
		f.put(seat("1", ada, "ADMIN"))
		f.put(invitation("2", bob, "ADMIN"))
		f.put(seat("3", carol, "EMPLOYEE"))
		h := open(t, f)
		for _, test := range []struct {
			email, id string
			limits    Limits
			reason    hub.Reason
		}{
			{ada, "1", Limits{}, hub.ReasonLastAdmin},
			{ada, "1", Limits{AllowLockout: true}, ""},
			{bob, "2", Limits{}, ""},
			{carol, "3", Limits{}, hub.ReasonSelfLockout},
		} {
			m, _, err := h.Find(t.Context(), test.email, test.id)
			succeeded(t, err)
			h.going = nil // each by itself
			if err := h.CheckRemoval(t.Context(), m, test.limits); test.reason == "" {
				succeeded(t, err)
			} else {
				te := failed(t, err, want{kind: hub.TaskRemove, reason: test.reason, known: true, status: hub.StatusActive})
				if te.Task.Email != test.email || te.Task.OldRole != m.Role {
					t.Errorf("task = %+v", te.Task)
				}
			}
		}
		h.going = nil
		m, _, _ := h.Find(t.Context(), ada, "")
		failed(t, h.CheckDemotion(t.Context(), m, "EMPLOYEE", Limits{}),
			want{kind: hub.TaskChangeRole, reason: hub.ReasonLastAdmin, known: true, status: hub.StatusActive})
		succeeded(t, h.CheckDemotion(t.Context(), m, "ADMIN", Limits{}))
		succeeded(t, h.CheckDemotion(t.Context(), m, "EMPLOYEE", Limits{AllowLockout: true}))
		f.wrote(t)
	})
}

// Each of two administrators would be reason enough to let the other go.
func TestGuardsAtPlan_together(t *testing.T) {
	two := func() *fake {
		f := &fake{}
		f.put(seat("1", ada, "ADMIN"))
		f.put(seat("2", bob, "ADMIN"))
		return f
	}
	find := func(t *testing.T, h *Hub, email string) hub.Member {
		t.Helper()
		m, _, err := h.Find(t.Context(), email, "")
		succeeded(t, err)
		return m
	}

	run(t, "two removals", func(t *testing.T) {
		h := open(t, two())
		succeeded(t, h.CheckRemoval(t.Context(), find(t, h, ada), Limits{}))
		succeeded(t, h.CheckRemoval(t.Context(), find(t, h, ada), Limits{})) // asked again
		failed(t, h.CheckRemoval(t.Context(), find(t, h, bob), Limits{}),
			want{kind: hub.TaskRemove, reason: hub.ReasonLastAdmin, known: true, status: hub.StatusActive, detail: "takes the others away as well: " + ada})
	})

	run(t, "a removal and a demotion", func(t *testing.T) {
		h := open(t, two())
		succeeded(t, h.CheckDemotion(t.Context(), find(t, h, ada), "EMPLOYEE", Limits{}))
		failed(t, h.CheckRemoval(t.Context(), find(t, h, bob), Limits{}),
			want{kind: hub.TaskRemove, reason: hub.ReasonLastAdmin, known: true, status: hub.StatusActive})
		succeeded(t, h.CheckRemoval(t.Context(), find(t, h, bob), Limits{AllowLockout: true}))
	})

	run(t, "one who may lock out still counts as going", func(t *testing.T) {
		h := open(t, two())
		succeeded(t, h.CheckRemoval(t.Context(), find(t, h, ada), Limits{AllowLockout: true}))
		failed(t, h.CheckRemoval(t.Context(), find(t, h, bob), Limits{}),
			want{kind: hub.TaskRemove, reason: hub.ReasonLastAdmin, known: true, status: hub.StatusActive})
	})

	run(t, "one who stays does not", func(t *testing.T) {
		h := open(t, two())
		succeeded(t, h.CheckDemotion(t.Context(), find(t, h, ada), "ADMIN", Limits{}))
		succeeded(t, h.CheckRemoval(t.Context(), find(t, h, bob), Limits{}))
	})

	run(t, "the apply goes by what is there", func(t *testing.T) {
		f := two()
		h := open(t, f)
		succeeded(t, h.CheckRemoval(t.Context(), find(t, h, ada), Limits{}))
		_, err := h.Remove(t.Context(), RemoveTask{Email: bob})
		succeeded(t, err)
		_, err = h.Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonLastAdmin, known: true, status: hub.StatusActive})
		f.wrote(t, "remove 2")
	})
}
