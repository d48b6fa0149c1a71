package engine

import (
	"context"
	"fmt"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// RoleTask asks for a role to be set, granted or revoked.
type RoleTask struct {
	Email    string
	MemberID string // the id last known, to find somebody whose address changed
	// Role is a primary role to set, or a secondary one to give (or, with
	// Revoke, to take).
	Role   string
	Kind   hub.RoleKind // "" means primary
	Revoke bool
	Limits Limits
}

// ChangeRole changes one role of somebody on the hub. It is done when the
// platform shows the role, not when it says yes. The error is a *hub.TaskError.
func (h *Hub) ChangeRole(ctx context.Context, in RoleTask) (Result, error) {
	task := hub.Task{Kind: hub.TaskChangeRole, Hub: h.ref, Email: hub.FoldEmail(in.Email), Role: in.Role, Revoke: in.Revoke}
	return h.write(ctx, task, func() (Result, error) {
		m, found, err := h.Find(ctx, in.Email, in.MemberID)
		if err != nil {
			return Result{}, h.taskError(ctx, task, err, hub.Presence{})
		}
		if !found || !m.Status.Live() {
			if in.Revoke {
				return Result{}, nil // no seat, no role to take
			}
			return Result{}, h.refuse(task, hub.ReasonNotFound, known(hub.Member{}),
				fmt.Sprintf("%s is not on the hub, so there is no role to change. Add them first: with roster_hub_member, or by hand.", task.Email))
		}
		return h.changeRole(ctx, task, in, m)
	})
}

// Downgrade returns somebody to a lesser primary role, and is content when they
// are not there: what is to be taken is gone already.
func (h *Hub) Downgrade(ctx context.Context, in RoleTask) (Result, error) {
	task := hub.Task{Kind: hub.TaskChangeRole, Hub: h.ref, Email: hub.FoldEmail(in.Email), Role: in.Role}
	return h.write(ctx, task, func() (Result, error) {
		m, found, err := h.Find(ctx, in.Email, in.MemberID)
		if err != nil {
			return Result{}, h.taskError(ctx, task, err, hub.Presence{})
		}
		if !found || !m.Status.Live() {
			return Result{}, nil
		}
		return h.changeRole(ctx, task, in, m)
	})
}

func (h *Hub) changeRole(ctx context.Context, task hub.Task, in RoleTask, m hub.Member) (Result, error) {
	// Once more after an acceptance: the invitation that was to be changed can
	// turn into a seat with another id between the look and the write.
	for again := false; ; again = true {
		if in.holds(m) {
			return Result{Member: m}, nil
		}
		if in.primary() {
			task.OldRole = m.Role
		}
		support, err := h.permit(task, in.Operation(m), in.Limits, known(m))
		if err != nil {
			return Result{}, err
		}
		if support == hub.ByReinvite {
			return h.reinvite(ctx, task, m)
		}
		if in.primary() {
			if err := h.guardDemotion(ctx, task, m, in.Role, in.Limits); err != nil {
				return Result{}, err
			}
		}
		changeErr := h.conn().ChangeRole(ctx, h.ref, m, in.change())
		fault := hub.Fault{}
		if changeErr != nil {
			fault = h.explain(ctx, changeErr)
		}
		switch {
		case changeErr != nil && fault.Reason == hub.ReasonNotFound && !again:
			now, err := h.lookup(ctx, hub.Key{Email: task.Email})
			if err == nil && now.Status.Live() && now.Status != "" && now.ID != m.ID {
				h.remember(now, m.ID)
				m = now
				continue
			}
			return Result{}, h.taskError(ctx, task, changeErr, hub.Presence{Known: err == nil, Member: now})
		case changeErr != nil && (!fault.Uncertain || ctx.Err() != nil):
			now := known(m)
			now.Known = !fault.Uncertain
			return Result{}, h.taskError(ctx, task, changeErr, now)
		}

		seen, ok, err := h.settle(ctx, hub.Key{Email: task.Email, ID: m.ID, Status: m.Status}, in.holds)
		if ok {
			h.remember(seen, m.ID)
			return Result{Member: seen}, nil
		}
		if err != nil || changeErr != nil {
			if changeErr == nil {
				changeErr, fault = err, h.explain(ctx, err)
			}
			fault.Uncertain = true
			if fault.Reason != hub.ReasonCancelled && fault.Reason != hub.ReasonTimeout {
				fault.Reason = hub.ReasonOutcomeUnknown
			}
			return Result{}, &hub.TaskError{Task: task, Fault: fault, Now: hub.Presence{Known: err == nil, Member: seen}, Err: changeErr}
		}
		return Result{}, h.refuse(task, hub.ReasonUnknown, known(seen),
			fmt.Sprintf("%s answered that the role is changed, and after %s it still shows %s.", h.platform.Vendor, h.platform.Settle, roleOrNone(seen.Role)))
	}
}

// reinvite changes the role of an invitation on a platform that cannot: it
// withdraws the invitation and sends another one.
func (h *Hub) reinvite(ctx context.Context, task hub.Task, m hub.Member) (Result, error) {
	if err := h.conn().Remove(ctx, h.ref, m); err != nil {
		return Result{}, h.taskError(ctx, task, err, known(m))
	}
	if _, ok, err := h.settle(ctx, hub.Key{Email: task.Email, ID: m.ID, Status: m.Status}, func(m hub.Member) bool { return m.Status == "" || !m.Status.Live() }); !ok {
		if err == nil {
			return Result{}, h.refuse(task, hub.ReasonUnknown, known(m), "The old invitation is still there after it was withdrawn, so no new one was sent.")
		}
		return Result{}, h.taskError(ctx, task, err, hub.Presence{})
	}
	h.forget(m)
	result, err := h.add(ctx, task, AddTask{Email: task.Email, Role: task.Role, Name: m.Name})
	if err != nil {
		return result, h.taskError(ctx, task, err, hub.Presence{}, "The invitation with the old role was withdrawn.")
	}
	return result, nil
}

func (t RoleTask) primary() bool { return t.Kind != hub.Secondary }

// holds says whether m already is as the task wants.
func (t RoleTask) holds(m hub.Member) bool {
	switch {
	case m.Status == "":
		return false
	case t.primary():
		return m.Role == t.Role
	default:
		return m.HasRole(t.Role) != t.Revoke
	}
}

// Operation is what the platform has to be able to do for this task on m.
func (t RoleTask) Operation(m hub.Member) hub.Operation {
	switch {
	case t.primary() && m.Status == hub.StatusInvited:
		return hub.OpChangeInvitedRole
	case t.primary():
		return hub.OpChangeRole
	case t.Revoke:
		return hub.OpRevokeRole
	default:
		return hub.OpGrantRole
	}
}

func (t RoleTask) change() hub.RoleChange {
	switch {
	case t.primary():
		return hub.RoleChange{Role: t.Role}
	case t.Revoke:
		return hub.RoleChange{Revoke: t.Role}
	default:
		return hub.RoleChange{Grant: t.Role}
	}
}

func roleOrNone(role string) string {
	if role == "" {
		return "no role"
	}
	return "the role " + role
}
