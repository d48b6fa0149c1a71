package engine

import (
	"context"
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
	Limits         Limits
}

// Add gives somebody a seat, or adopts the one they have. It looks first, sends
// at most one invitation, and resolves an answer that got lost by reading. The
// error is a *hub.TaskError.
func (h *Hub) Add(ctx context.Context, in AddTask) (Result, error) {
	task := hub.Task{Kind: hub.TaskAdd, Hub: h.ref, Email: hub.FoldEmail(in.Email), Role: in.Role}
	if task.Role == "" {
		task.Role = h.platform.DefaultRole()
	}
	return h.write(ctx, task, func() (Result, error) { return h.add(ctx, task, in) })
}

func (h *Hub) add(ctx context.Context, task hub.Task, in AddTask) (Result, error) {
	m, found, err := h.Find(ctx, in.Email, "")
	if err != nil {
		return Result{}, h.taskError(ctx, task, err, hub.Presence{})
	}
	if found && m.Status.Live() {
		return h.adopt(ctx, task, in, m)
	}
	absent := known(hub.Member{})
	if _, err := h.permit(task, hub.OpAdd, in.Limits, absent); err != nil {
		return Result{}, err
	}

	added, err := h.conn().Add(ctx, h.ref, hub.Add{Email: in.Email, Role: task.Role, Name: in.Name})
	if err != nil {
		return h.addFailed(ctx, task, in, err)
	}
	if added.Email == "" {
		added.Email = task.Email
	}
	key := hub.Key{Email: task.Email, ID: added.ID, Status: added.Status}
	seen, ok, err := h.settle(ctx, key, func(m hub.Member) bool { return m.Status != "" && m.Status.Live() })
	if !ok {
		// The platform said yes and does not show it yet: that is a seat, and
		// losing it from state would be worse than an id that comes later.
		h.remember(added, "")
		note := fmt.Sprintf("%s accepted the task for %s, and its list does not show it yet. The next refresh will.", h.platform.Vendor, task.Email)
		if err != nil {
			note = fmt.Sprintf("%s accepted the task for %s, and it could not be read back (%s). The next refresh will.", h.platform.Vendor, task.Email, h.explain(ctx, err).Reason)
		}
		return Result{Member: added, Unverified: true, Notes: []string{note}}, nil
	}
	h.remember(seen, added.ID)
	if seen.Role != task.Role && seen.Role != "" {
		// Somebody else's invitation for the same address was there first, and
		// the platform kept quiet about it.
		return h.adopt(ctx, task, in, seen)
	}
	return Result{Member: seen}, nil
}

// addFailed finds out what became of an add that did not answer yes.
func (h *Hub) addFailed(ctx context.Context, task hub.Task, in AddTask, err error) (Result, error) {
	fault := h.explain(ctx, err)
	switch {
	case fault.Reason == hub.ReasonConflict:
		// Somebody was quicker, or the platform keeps a row its list hides.
		m, ok, lookErr := h.settle(ctx, hub.Key{Email: task.Email}, func(m hub.Member) bool { return m.Status != "" })
		if ok && m.Status.Live() {
			h.remember(m, "")
			return h.adopt(ctx, task, in, m)
		}
		return Result{}, h.taskError(ctx, task, err, hub.Presence{Known: lookErr == nil, Member: m})

	case fault.Uncertain && ctx.Err() == nil:
		m, ok, _ := h.settle(ctx, hub.Key{Email: task.Email}, func(m hub.Member) bool { return m.Status != "" && m.Status.Live() })
		if ok {
			h.remember(m, "")
			if m.Role != task.Role {
				return h.adopt(ctx, task, in, m)
			}
			return Result{Member: m}, nil
		}
		// Not to be seen is not proof: an invitation may take its time. So no
		// second one from here; the next apply looks before it invites.
		if fault.Reason != hub.ReasonCancelled && fault.Reason != hub.ReasonTimeout {
			fault.Reason = hub.ReasonOutcomeUnknown
		}
		return Result{}, &hub.TaskError{Task: task, Fault: fault, Err: err}

	case fault.Uncertain:
		return Result{}, &hub.TaskError{Task: task, Fault: fault, Err: err}
	}
	return Result{}, h.taskError(ctx, task, err, known(hub.Member{}))
}

// adopt takes over somebody who is there, with the wanted role.
func (h *Hub) adopt(ctx context.Context, task hub.Task, in AddTask, m hub.Member) (Result, error) {
	if in.RefuseExisting {
		return Result{}, h.refuse(task, hub.ReasonConflict, known(m),
			fmt.Sprintf("%s is on the hub already (%s, role %s), and on_existing = \"fail\" refuses to adopt. Import the seat instead: terraform import <address> %s",
				task.Email, m.Status, m.Role, task.Member()))
	}
	if in.Role == "" || m.Role == in.Role {
		return Result{Member: m, Adopted: true}, nil
	}
	change := task
	change.Kind, change.OldRole = hub.TaskChangeRole, m.Role
	result, err := h.changeRole(ctx, change, RoleTask{Email: in.Email, Role: in.Role, Limits: in.Limits}, m)
	result.Adopted = true
	return result, err
}
