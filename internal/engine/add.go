package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// AddTask asks for a seat.
type AddTask struct {
	Email string // as the user wrote it
	// Role is the wanted primary role; "" takes the least-privileged one for
	// somebody new and leaves somebody who is there as they are.
	Role string
	Name string // display name, where the platform wants one
	// RefuseExisting fails the task when the person is there already, instead
	// of adopting them.
	RefuseExisting bool
	// Job is the job of an earlier apply that this task waits for first, "" when
	// there is none.
	Job string
	// Leaving says that Job removes the person, who is to stay after all: they are
	// added once it has ended, and adopted when it failed.
	Leaving bool
	Limits  Limits

	inPlace bool // as in RoleTask
	cleared bool // a stale invitation that stood in the way was withdrawn
}

// Add gives somebody a seat, or adopts the one they have. It looks first, sends
// at most one invitation, and resolves an answer that got lost by reading. The
// error is a *hub.TaskError.
func (h *Hub) Add(ctx context.Context, in AddTask) (Result, error) {
	task := hub.Task{Kind: hub.TaskAdd, Hub: h.ref, Email: hub.FoldEmail(in.Email), Role: in.Role}
	return h.write(ctx, task, in.Limits, func(ctx context.Context) (Result, error) {
		if task.Role == "" {
			task.Role = h.Platform().DefaultRole()
		}
		m, err := h.look(ctx, in.Job, in.Email, "")
		if err != nil && in.Job != "" && in.Leaving && !errors.As(err, new(*unfinished)) {
			m, err = h.afresh(ctx, in.Email, "")
		}
		switch {
		case err != nil:
			return Result{}, h.taskError(ctx, task, err, hub.Presence{})
		case h.Seated(m):
			return h.adopt(ctx, task, in, m)
		case in.Job != "" && !in.Leaving:
			return h.confirmAdd(ctx, task, in, m, hub.Member{})
		}
		return h.add(ctx, task, in, m)
	})
}

// Seated says that m has a seat, or can still take one without being added anew:
// somebody suspended, where removals leave it at that, has none.
func (h *Hub) Seated(m hub.Member) bool { return live(m) && !h.removed(m) }

// removed says that m is what a removal leaves behind.
func (h *Hub) removed(m hub.Member) bool {
	return m.Status == hub.StatusSuspended && h.Platform().Suspends
}

// add sends the invitation to somebody who is not there. was is the row of an
// invitation that came to nothing, a seat that was switched off, or nobody.
func (h *Hub) add(ctx context.Context, task hub.Task, in AddTask, was hub.Member) (Result, error) {
	if _, err := h.permit(task, hub.OpAdd, in.Limits, known(was)); err != nil {
		return Result{}, err
	}
	if task.Role == "" && !h.Platform().Roleless {
		return Result{}, h.refuse(task, hub.ReasonInvalidRole, known(was),
			fmt.Sprintf("No role is given, and %s has no least-privileged one that roster could take instead. Set role.", h.Platform().Title))
	}
	if ctx.Err() != nil {
		return Result{}, h.taskError(ctx, task, ctx.Err(), known(was))
	}

	order := hub.Add{Email: in.Email, Role: task.Role, Name: in.Name}
	if h.removed(was) {
		order.Suspended = was
	}
	var added hub.Member
	err := h.act(ctx, func() (err error) {
		added, err = h.conn().Add(ctx, h.ref, order)
		return err
	})
	if err != nil {
		return h.addFailed(ctx, task, in, was, added, err)
	}
	return h.confirmAdd(ctx, task, in, was, added)
}

// confirmAdd looks until the platform shows what it said it added: added is what
// its answer told.
func (h *Hub) confirmAdd(ctx context.Context, task hub.Task, in AddTask, was, added hub.Member) (Result, error) {
	email := hub.FoldEmail(in.Email)
	added.Email = hub.FoldEmail(cmp.Or(added.Email, email))
	key := hub.Key{Email: email, ID: added.ID, Status: added.Status}
	seen, ok, err := h.settle(ctx, key, func(m hub.Member) bool { return h.Seated(m) && (task.Role == "" || !h.roleless(m)) })
	if anywhere := (hub.Key{Email: email}); !ok && err == nil && key != anywhere {
		// The seat is not where the platform's answer said: an invitation can be
		// accepted, and have another id, before it is seen. So one look
		// everywhere, which costs more than the others.
		seen, err = h.lookup(ctx, anywhere)
		ok = err == nil && h.Seated(seen)
	}
	if h.Seated(seen) && err == nil {
		ok = true // seen, if without its role
	}
	if !ok {
		// The platform said yes and does not show it yet: that is a seat, and
		// losing it from state would be worse than an id that comes later.
		added.Role = cmp.Or(added.Role, task.Role)
		added.Status = cmp.Or(added.Status, hub.StatusUnknown)
		added = h.remember(added, was)
		note := fmt.Sprintf("%s accepted the task for %s, and its list does not show it yet. The next refresh will.", h.Platform().Vendor, task.Email)
		if err != nil {
			note = fmt.Sprintf("%s accepted the task for %s, and it could not be read back (%s). The next refresh will.", h.Platform().Vendor, task.Email, h.explain(ctx, err).Reason)
		}
		return Result{Member: added, Unverified: true, Notes: []string{note}}, nil
	}
	seen = h.remember(seen, was)
	if h.otherwise(task, seen) {
		// Somebody else's invitation for the same address was there first, and
		// the platform kept quiet about it.
		return h.adopt(ctx, task, in, seen)
	}
	return Result{Member: seen, Held: seen.Status == hub.StatusPendingApproval}, nil
}

// roleless says that m has a seat and no role to it, on a platform where that
// can be.
func (h *Hub) roleless(m hub.Member) bool { return h.Platform().Roleless && live(m) && m.Role == "" }

// otherwise says that m is known to have another role than the task wants.
func (h *Hub) otherwise(task hub.Task, m hub.Member) bool {
	return task.Role != "" && m.Role != task.Role && (m.Role != "" || h.roleless(m))
}

// addFailed finds out what became of an add that did not answer yes. added is
// as far as it got, nobody as a rule.
func (h *Hub) addFailed(ctx context.Context, task hub.Task, in AddTask, was, added hub.Member, err error) (Result, error) {
	fault, email := h.explain(ctx, err), hub.FoldEmail(in.Email)
	if added.ID != "" {
		// The seat is there and the rest of the task is not. The next apply
		// finds the seat, and has only the rest to do.
		added.Email = cmp.Or(hub.FoldEmail(added.Email), email)
		added.Status = cmp.Or(added.Status, hub.StatusUnknown)
		added = h.remember(added, was)
		return Result{}, h.taskError(ctx, task, err, known(added),
			fmt.Sprintf("The first half is done: %s is on the hub (id %s) with no role. The next apply goes on from there, and invites nobody again.", task.Email, added.ID))
	}
	switch {
	case fault.Reason == hub.ReasonConflict:
		// Somebody was quicker, or the platform keeps a row its list hides.
		m, ok, lookErr := h.settle(ctx, hub.Key{Email: email}, func(m hub.Member) bool { return m.Status != "" })
		if ok && h.Seated(m) {
			return h.adopt(ctx, task, in, h.remember(m, was))
		}
		if ok && !live(m) && !in.cleared {
			return h.addAfterStale(ctx, task, in, m, err)
		}
		if ok && h.removed(m) && !h.removed(was) {
			// A seat that the list does not show because it is switched off.
			return h.add(ctx, task, in, h.remember(m, was))
		}
		// "Already there" and "not there" in one breath is nothing known.
		return Result{}, h.taskError(ctx, task, err, hub.Presence{Known: lookErr == nil && ok, Member: m})

	case fault.Uncertain && ctx.Err() == nil:
		m, ok, _ := h.settle(ctx, hub.Key{Email: email}, h.Seated)
		if !ok {
			// Not to be seen is not proof: an invitation may take its time. So no
			// second one from here; the next apply looks before it invites.
			return Result{}, h.lost(ctx, task, err, hub.Presence{})
		}
		m = h.remember(m, was)
		if h.otherwise(task, m) {
			in.inPlace = true
			return h.adopt(ctx, task, in, m)
		}
		return Result{Member: m, Held: m.Status == hub.StatusPendingApproval}, nil

	case fault.Uncertain:
		return Result{}, h.lost(ctx, task, err, hub.Presence{})
	}
	return Result{}, h.taskError(ctx, task, err, known(was))
}

// addAfterStale sends the invitation once more that the platform refused because
// of one that came to nothing, and withdraws that one first. Nobody has been
// invited twice by it: the first try was refused.
func (h *Hub) addAfterStale(ctx context.Context, task hub.Task, in AddTask, stale hub.Member, refused error) (Result, error) {
	if _, err := h.permit(task, hub.OpCancel, in.Limits, known(stale)); err != nil {
		return Result{}, h.taskError(ctx, task, refused, known(stale))
	}
	if ctx.Err() != nil {
		return Result{}, h.taskError(ctx, task, ctx.Err(), known(stale))
	}
	if err := h.act(ctx, func() error { return h.conn().Remove(ctx, h.ref, stale) }); err != nil {
		if fault := h.explain(ctx, err); fault.Reason != hub.ReasonNotFound {
			// What stood in the way stands there still: that is what a person has
			// to know, and not that it could not be cleared.
			return Result{}, h.taskError(ctx, task, refused, known(stale))
		}
	}
	// However slowly the platform shows it: the next try is refused at worst.
	if _, _, err := h.settle(ctx, hub.Key{Email: hub.FoldEmail(in.Email)}, func(m hub.Member) bool { return m.Status == "" || m.ID != stale.ID }); err != nil {
		return Result{}, h.taskError(ctx, task, err, known(stale))
	}
	h.forget(stale)
	in.cleared = true
	return h.add(ctx, task, in, hub.Member{})
}

// adopt takes over somebody who is there, with the wanted role.
func (h *Hub) adopt(ctx context.Context, task hub.Task, in AddTask, m hub.Member) (Result, error) {
	if in.RefuseExisting {
		return Result{}, h.refuse(task, hub.ReasonConflict, known(m),
			fmt.Sprintf("%s is on the hub already (%s, role %s), and on_existing = \"fail\" refuses to take the seat over. Import it:\n\n"+
				"  terraform import roster_hub_member.NAME %s\n\nor with a block:\n\n  import {\n    to = roster_hub_member.NAME\n    id = %q\n  }\n\n"+
				"With on_existing = \"adopt\" apply would take it over.",
				task.Email, m.Status, m.Role, task.Member(), task.Member().String()))
	}
	if in.Role == "" && h.roleless(m) {
		in.Role = task.Role
	}
	if in.Role == "" || m.Role == in.Role && m.Wanted() == m.Role {
		return Result{Member: m, Adopted: true}, nil
	}
	change := task
	change.Kind, change.OldRole = hub.TaskChangeRole, m.Role
	result, err := h.changeRole(ctx, change, RoleTask{Email: in.Email, Role: in.Role, Limits: in.Limits, inPlace: in.inPlace}, m)
	result.Adopted, result.Task = true, change
	return result, err
}
