package engine

import (
	"context"
	"fmt"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// RemoveTask asks for a seat to go.
type RemoveTask struct {
	Email    string
	MemberID string // the id last known, to find somebody whose address changed
	Limits   Limits
}

// Remove takes somebody's seat, or withdraws their invitation. Somebody who is
// not there is success. It is done when a look-up finds them gone, not when the
// platform says yes. The error is a *hub.TaskError.
func (h *Hub) Remove(ctx context.Context, in RemoveTask) (Result, error) {
	task := hub.Task{Kind: hub.TaskRemove, Hub: h.ref, Email: hub.FoldEmail(in.Email)}
	return h.write(ctx, task, func() (Result, error) {
		m, found, err := h.Find(ctx, in.Email, in.MemberID)
		if err != nil {
			return Result{}, h.taskError(ctx, task, err, hub.Presence{})
		}
		if !found || !m.Status.Live() {
			return Result{}, nil
		}
		return h.remove(ctx, task, in, m)
	})
}

func (h *Hub) remove(ctx context.Context, task hub.Task, in RemoveTask, m hub.Member) (Result, error) {
	for again := false; ; again = true {
		op := hub.OpRemove
		if m.Status.Pending() {
			op = hub.OpCancel
		}
		task.OldRole = m.Role
		if _, err := h.permit(task, op, in.Limits, known(m)); err != nil {
			return Result{}, err
		}
		if err := h.guardRemoval(ctx, task, m, in.Limits); err != nil {
			return Result{}, err
		}
		removeErr := h.conn().Remove(ctx, h.ref, m)
		if removeErr == nil {
			return h.confirmGone(ctx, task, m, nil)
		}
		fault := h.explain(ctx, removeErr)
		switch {
		case fault.Reason == hub.ReasonNotFound:
			// "Does not exist" may mean "is not shown to you". Only a complete
			// list tells, and it also finds an invitation that was accepted
			// between the look and the write: a seat under a new id.
			if err := h.snapshot.reread(ctx); err != nil {
				return Result{}, h.taskError(ctx, task, removeErr, hub.Presence{})
			}
			now, found, err := h.Find(ctx, in.Email, in.MemberID)
			switch {
			case err != nil:
				return Result{}, h.taskError(ctx, task, err, hub.Presence{})
			case !found || !now.Status.Live():
				return Result{}, nil
			case now.ID != m.ID && !again:
				m = now
				continue
			}
			return Result{}, h.taskError(ctx, task, removeErr, known(now))
		case fault.Uncertain && ctx.Err() == nil:
			return h.confirmGone(ctx, task, m, removeErr)
		}
		now := known(m)
		now.Known = !fault.Uncertain
		return Result{}, h.taskError(ctx, task, removeErr, now)
	}
}

// confirmGone looks until the seat is gone. removeErr is nil when the platform
// said yes, else the error that left the outcome open.
func (h *Hub) confirmGone(ctx context.Context, task hub.Task, m hub.Member, removeErr error) (Result, error) {
	seen, ok, err := h.settle(ctx, hub.Key{Email: task.Email, ID: m.ID, Status: m.Status},
		func(m hub.Member) bool { return m.Status == "" || !m.Status.Live() })
	switch {
	case ok:
		h.forget(m)
		return Result{}, nil
	case err == nil && removeErr == nil:
		return Result{}, h.refuse(task, hub.ReasonUnknown, known(seen),
			fmt.Sprintf("%s answered that the person is removed, and after %s still shows them.", h.platform.Vendor, h.platform.Settle))
	case err == nil:
		return Result{}, h.taskError(ctx, task, removeErr, known(seen))
	}
	if removeErr == nil {
		removeErr = err
	}
	fault := h.explain(ctx, removeErr)
	fault.Uncertain = true
	if fault.Reason != hub.ReasonCancelled && fault.Reason != hub.ReasonTimeout {
		fault.Reason = hub.ReasonOutcomeUnknown
	}
	return Result{}, &hub.TaskError{Task: task, Fault: fault, Err: removeErr}
}
