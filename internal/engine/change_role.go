package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

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
	// Leaving says that the person is to leave and keeps the seat only for its
	// lesser role: an invitation is withdrawn instead.
	Leaving bool
	// Job is the job of an earlier apply that this task waits for first.
	Job    string
	Limits Limits

	taking  bool // to take, not to give: somebody who is gone is done
	inPlace bool // an invitation was just sent: no other one for this task
}

// ChangeRole changes one role of somebody on the hub. It is done when the
// platform shows the role, not when it says yes. The error is a *hub.TaskError.
func (h *Hub) ChangeRole(ctx context.Context, in RoleTask) (Result, error) {
	in.taking = in.taking || in.Revoke
	task := hub.Task{Kind: hub.TaskChangeRole, Hub: h.ref, Email: hub.FoldEmail(in.Email), Role: in.Role, Revoke: in.Revoke}
	return h.write(ctx, task, in.Limits, func(ctx context.Context) (Result, error) {
		m, err := h.look(ctx, in.Job, in.Email, in.MemberID)
		switch {
		case err != nil:
			return Result{}, h.taskError(ctx, task, err, hub.Presence{})
		case !live(m) && in.taking:
			return Result{}, nil // no seat, no role to take
		case !live(m):
			return Result{}, h.refuse(task, hub.ReasonNotFound, known(m),
				fmt.Sprintf("%s is not on the hub, so there is no role to change. Add them first: with roster_hub_member, or by hand.", task.Email))
		case in.Leaving && m.Status.Pending():
			seat, err := h.withdraw(ctx, in, m)
			if err != nil || !live(seat) {
				return Result{Task: hub.Task{Kind: hub.TaskRemove, Hub: h.ref, Email: task.Email, OldRole: m.Role}}, err
			}
			m = seat
		}
		return h.changeRole(ctx, task, in, m)
	})
}

// Downgrade returns somebody to a lesser primary role, and is content when they
// are not there: what is to be taken is gone already.
func (h *Hub) Downgrade(ctx context.Context, in RoleTask) (Result, error) {
	in.taking = true
	return h.ChangeRole(ctx, in)
}

func (h *Hub) changeRole(ctx context.Context, task hub.Task, in RoleTask, m hub.Member) (result Result, err error) {
	defer func() {
		if err == nil {
			result.Task = task // with the role held before
		}
	}()
	if in.Role == "" {
		return Result{}, h.refuse(task, hub.ReasonInvalidRole, known(m),
			fmt.Sprintf("No role is given, and %s has no least-privileged one that roster could take instead.", h.Platform().Title))
	}
	// Once more after an acceptance: the invitation that was to be changed can
	// turn into a seat with another id between the look and the write.
	for again := false; ; again = true {
		if !in.holds(m) {
			m = h.sharpen(ctx, m)
		}
		if in.holds(m) && (!in.primary() || m.Wanted() == m.Role) {
			return Result{Member: m}, nil
		}
		if in.held(m) {
			return Result{Member: m, Held: true}, nil
		}
		if in.primary() {
			task.OldRole = m.Role
		}
		if m.Awaiting != nil {
			return Result{}, h.refuse(task, hub.ReasonAwaitingApproval, known(m),
				fmt.Sprintf("Another change of %s, %s, waits for a second administrator. Have it approved or rejected first.", m.Label(), m.Awaiting))
		}
		support, err := h.permit(task, in.Operation(m), in.Limits, known(m))
		if err != nil {
			return Result{}, err
		}
		if support == hub.ByReinvite {
			seat, result, err := h.reinvite(ctx, task, in, m)
			if !live(seat) {
				return result, err
			}
			if again {
				return Result{}, h.unmoved(task, hub.ReasonConflict, known(seat), "The invitation was accepted and sent again while roster worked on it. The next apply looks again.")
			}
			m = seat
			continue
		}
		if err := h.guardDemotion(ctx, task, m, in.after(m), in.Limits, nil); err != nil {
			return Result{}, err
		}
		if ctx.Err() != nil {
			return Result{}, h.taskError(ctx, task, ctx.Err(), known(m))
		}

		changeErr := h.act(ctx, func() error { return h.conn().ChangeRole(ctx, h.ref, m, in.change()) })
		if changeErr != nil {
			fault := h.explain(ctx, changeErr)
			switch {
			case fault.Reason == hub.ReasonNotFound:
				now, err := h.lookup(ctx, elsewhere(m))
				if err != nil {
					return Result{}, h.taskError(ctx, task, err, hub.Presence{})
				}
				now = h.replace(now, m)
				if successor(task, m, now) && !again {
					m = now
					continue
				}
				stranger := live(now) && now.ID != m.ID && !successor(task, m, now)
				switch {
				case in.taking && (stranger || !live(now)):
					return Result{}, nil
				case stranger:
					return Result{}, h.taskError(ctx, task, changeErr, hub.Presence{})
				}
				return Result{}, h.taskError(ctx, task, changeErr, known(now))
			case !fault.Uncertain:
				return Result{}, h.taskError(ctx, task, changeErr, known(m))
			case ctx.Err() != nil:
				return Result{}, h.lost(ctx, task, changeErr, hub.Presence{})
			}
		}

		accepted := func(now hub.Member) bool { return m.Status.Pending() && successor(task, m, now) }
		seen, ok, err := h.settle(ctx, keyOf(m), func(now hub.Member) bool { return in.holds(now) || in.held(now) || accepted(now) })
		if err != nil {
			if changeErr == nil {
				return Result{}, h.lost(ctx, task, err, hub.Presence{}, h.accepted())
			}
			return Result{}, h.lost(ctx, task, changeErr, hub.Presence{})
		}
		seen = h.replace(seen, m)
		switch {
		case in.holds(seen):
			return Result{Member: seen}, nil
		case in.held(seen):
			return Result{Member: seen, Held: true}, nil
		case !live(seen) && in.taking:
			return Result{}, nil
		case ok && !again:
			m = seen
		case changeErr != nil:
			return Result{}, h.lost(ctx, task, changeErr, known(seen))
		default:
			return Result{}, h.unmoved(task, hub.ReasonUnknown, known(seen), fmt.Sprintf("%s answered that the role is changed, and after %s it still shows %s.",
				h.Platform().Vendor, h.Platform().Settle, rolesOf(seen)))
		}
	}
}

// reinvite changes the role of an invitation on a platform that cannot: it
// withdraws the invitation and sends another one. A seat comes back when the
// invitation turns out to have been accepted; nothing has been sent then.
func (h *Hub) reinvite(ctx context.Context, task hub.Task, in RoleTask, m hub.Member) (seat hub.Member, result Result, err error) {
	if in.inPlace {
		return hub.Member{}, Result{}, h.unmoved(task, hub.ReasonConflict, known(m), fmt.Sprintf(
			"An invitation was sent, and %s shows one with the role %s. It cannot change the role of an invitation, and roster does not send a second one for one task. The next apply looks again.", h.Platform().Vendor, m.Role))
	}
	// What comes second has to be possible before what comes first is done.
	for _, op := range []hub.Operation{hub.OpCancel, hub.OpAdd} {
		if _, err := h.permit(task, op, in.Limits, known(m)); err != nil {
			return hub.Member{}, Result{}, err
		}
	}
	if ctx.Err() != nil {
		return hub.Member{}, Result{}, h.taskError(ctx, task, ctx.Err(), known(m))
	}
	next, err := h.cancel(ctx, task, m)
	if err != nil || live(next) {
		return next, Result{}, err
	}
	result, err = h.add(ctx, task, AddTask{Email: cmp.Or(m.Email, task.Email), Role: task.Role, Name: m.Name, Limits: in.Limits, inPlace: true}, hub.Member{})
	if err != nil {
		err = h.taskError(ctx, task, err, hub.Presence{}, "The invitation with the old role was withdrawn.")
	}
	return hub.Member{}, result, err
}

// withdraw takes back the invitation of a leaver. A seat comes back when it
// turns out to have been accepted.
func (h *Hub) withdraw(ctx context.Context, in RoleTask, m hub.Member) (seat hub.Member, err error) {
	task := hub.Task{Kind: hub.TaskRemove, Hub: h.ref, Email: hub.FoldEmail(in.Email), OldRole: m.Role}
	m = h.sharpen(ctx, m)
	if !m.Status.Pending() {
		return m, nil
	}
	if _, err := h.permit(task, hub.OpCancel, in.Limits, known(m)); err != nil {
		return hub.Member{}, err
	}
	if err := h.guardShare(ctx, task, m); err != nil {
		return hub.Member{}, err
	}
	if ctx.Err() != nil {
		return hub.Member{}, h.taskError(ctx, task, ctx.Err(), known(m))
	}
	return h.cancel(ctx, task, m)
}

// cancel withdraws an invitation and looks until it is gone. Somebody comes back
// who has accepted it.
func (h *Hub) cancel(ctx context.Context, task hub.Task, m hub.Member) (hub.Member, error) {
	cancelErr := h.act(ctx, func() error { return h.conn().Remove(ctx, h.ref, m) })
	key := keyOf(m)
	if cancelErr != nil {
		fault := h.explain(ctx, cancelErr)
		switch {
		case fault.Reason == hub.ReasonNotFound:
			key = elsewhere(m) // accepted, withdrawn by somebody else, or run out
		case !fault.Uncertain:
			return hub.Member{}, h.taskError(ctx, task, cancelErr, known(m))
		case ctx.Err() != nil:
			return hub.Member{}, h.lost(ctx, task, cancelErr, hub.Presence{})
		}
	}
	seen, ok, err := h.settle(ctx, key, func(now hub.Member) bool { return !live(now) || successor(task, m, now) })
	switch {
	case ok && !live(seen):
		h.forget(m)
		return hub.Member{}, nil
	case ok:
		return h.remember(seen, m), nil
	case cancelErr == nil && err == nil:
		return hub.Member{}, h.unmoved(task, hub.ReasonUnknown, known(seen), "The old invitation is still there after it was withdrawn, so no new one was sent.")
	case cancelErr == nil:
		return hub.Member{}, h.lost(ctx, task, err, hub.Presence{}, h.accepted())
	default:
		return hub.Member{}, h.lost(ctx, task, cancelErr, hub.Presence{Known: err == nil, Member: seen})
	}
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

// held says that what the task wants waits for a second administrator.
func (t RoleTask) held(m hub.Member) bool {
	return t.primary() && m.Awaiting != nil && m.Awaiting.Task == hub.TaskChangeRole && m.Awaiting.Role == t.Role
}

// after is m as the task would leave it.
func (t RoleTask) after(m hub.Member) hub.Member {
	switch {
	case t.primary():
		m.Role = t.Role
	case t.Revoke:
		m.Secondary = slices.DeleteFunc(slices.Clone(m.Secondary), func(role string) bool { return role == t.Role })
	default:
		m.Secondary = append(slices.Clone(m.Secondary), t.Role)
	}
	return m
}

// Operation is what the platform has to be able to do for this task on m.
func (t RoleTask) Operation(m hub.Member) hub.Operation {
	switch {
	case t.primary() && m.Status.Pending():
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

func rolesOf(m hub.Member) string {
	switch {
	case !live(m):
		return "nobody of that address"
	case len(m.Roles()) == 0:
		return "no role"
	default:
		return "the role " + strings.Join(m.Roles(), ", ")
	}
}
