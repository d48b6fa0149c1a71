package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// RemoveTask asks for a seat to go.
type RemoveTask struct {
	Email    string
	MemberID string // the id last known, to find somebody whose address changed
	// Job is the job of an earlier apply that this task waits for first.
	Job    string
	Limits Limits
}

// maxRows ends a removal that finds row after row of one person: a seat, an
// invitation beside it, one accepted in between. More than that is a platform
// that gives out seats as fast as roster takes them.
const maxRows = 5

// Remove takes somebody's seat, or withdraws their invitation. Somebody who is
// not there is success. It is done when a look-up finds them gone, not when the
// platform says yes. The error is a *hub.TaskError.
func (h *Hub) Remove(ctx context.Context, in RemoveTask) (Result, error) {
	task := hub.Task{Kind: hub.TaskRemove, Hub: h.ref, Email: hub.FoldEmail(in.Email)}
	return h.write(ctx, task, in.Limits, func(ctx context.Context) (Result, error) {
		m, err := h.look(ctx, in.Job, in.Email, in.MemberID)
		if err != nil {
			return Result{}, h.taskError(ctx, task, err, hub.Presence{})
		}
		task.OldRole = m.Role
		var done []string
		for range maxRows {
			if !live(m) {
				return Result{Task: task}, nil
			}
			m = h.sharpen(ctx, m)
			next, err := h.remove(ctx, task, in, m, len(done) > 0)
			if err != nil {
				return Result{}, h.taskError(ctx, task, err, hub.Presence{}, done...)
			}
			if !live(next) {
				// The list may have shown another row of the same address: an
				// invitation beside the seat would let the leaver in again.
				done = append(done, fmt.Sprintf("%s (id %q, %s) was removed.", m.Label(), m.ID, m.Status))
				next, err = h.rest(ctx, task, m, done)
				if err != nil {
					return Result{}, err
				}
			}
			m = next
		}
		if !live(m) {
			return Result{Task: task}, nil
		}
		return Result{}, h.taskError(ctx, task, h.unmoved(task, hub.ReasonUnknown, known(m), "A new seat or invitation was there after each one that was removed."), hub.Presence{}, done...)
	})
}

// rest is another row of the person behind gone, as the platform shows it now.
// A person found by id under an address the task does not name has none: who
// else has that address nobody asked to remove.
func (h *Hub) rest(ctx context.Context, task hub.Task, gone hub.Member, done []string) (hub.Member, error) {
	if gone.Email != task.Email {
		return hub.Member{}, nil
	}
	for _, m := range h.snapshot.find(gone.Email, "") {
		if !h.Seated(m) {
			continue
		}
		now, err := h.lookup(ctx, hub.Key{Email: m.Email, ID: m.ID, Status: m.Status})
		if err != nil {
			return hub.Member{}, h.taskError(ctx, task, err, hub.Presence{}, done...)
		}
		if live(now) && now.ID != gone.ID {
			return now, nil
		}
		h.forget(m)
	}
	return hub.Member{}, nil
}

// remove takes one row of somebody. What comes back is nobody, or the row they
// turned out to have instead. more says that another row of theirs is gone
// already.
func (h *Hub) remove(ctx context.Context, task hub.Task, in RemoveTask, m hub.Member, more bool) (hub.Member, error) {
	op := hub.OpRemove
	if m.Status.Pending() {
		op = hub.OpCancel
	}
	task.OldRole = m.Role
	if leaving(m) {
		return h.awaitApproval(ctx, task, m) // asked for by an earlier apply: never twice
	}
	if support, err := h.permit(task, op, in.Limits, known(m)); err != nil {
		if support == hub.Unsupported && h.removed(m) && !h.engine.opts.ReadOnly {
			return hub.Member{}, nil // switched off by hand, which is all that can be done
		}
		return hub.Member{}, err
	}
	if err := h.guardRemoval(ctx, task, m, in.Limits, nil); err != nil {
		return hub.Member{}, err
	}
	if err := h.guardShare(ctx, task, m); err != nil {
		return hub.Member{}, err
	}
	if ctx.Err() != nil {
		return hub.Member{}, h.taskError(ctx, task, ctx.Err(), known(m))
	}

	removeErr := h.act(ctx, func() error { return h.conn().Remove(ctx, h.ref, m) })
	if removeErr == nil {
		return h.confirmGone(ctx, task, m, nil)
	}
	fault := h.explain(ctx, removeErr)
	switch {
	case fault.Reason == hub.ReasonNotFound && more && m.Status.Pending():
		// The seat is gone, and the invitation it came from was only a shadow in
		// the list.
		h.forget(m)
		return hub.Member{}, nil
	case fault.Reason == hub.ReasonNotFound:
		return h.relist(ctx, task, in, m, removeErr)
	case !fault.Uncertain:
		return hub.Member{}, h.taskError(ctx, task, removeErr, known(m))
	case ctx.Err() != nil:
		return hub.Member{}, h.lost(ctx, task, removeErr, hub.Presence{})
	default:
		return h.confirmGone(ctx, task, m, removeErr)
	}
}

// relist finds out what "does not exist" meant: it may be "is not shown to
// you". Only a complete list tells, and it also finds an invitation that was
// accepted between the look and the write: a seat under a new id.
func (h *Hub) relist(ctx context.Context, task hub.Task, in RemoveTask, m hub.Member, notFound error) (hub.Member, error) {
	if err := h.snapshot.reread(ctx); err != nil {
		return hub.Member{}, h.taskError(ctx, task, err, hub.Presence{})
	}
	now, _, err := h.Find(ctx, cmp.Or(m.Email, in.Email), m.ID)
	switch {
	case err != nil:
		return hub.Member{}, h.taskError(ctx, task, err, hub.Presence{})
	case successor(task, m, now), now.ID == m.ID && now.Status.Pending() != m.Status.Pending():
		return now, nil
	case live(now) && now.ID == m.ID:
		return hub.Member{}, h.taskError(ctx, task, notFound, known(now))
	default:
		return hub.Member{}, nil
	}
}

// confirmGone looks until the seat is gone. removeErr is nil when the platform
// said yes, else the error that left the outcome open. What comes back is
// nobody, or the seat that an invitation had become.
func (h *Hub) confirmGone(ctx context.Context, task hub.Task, m hub.Member, removeErr error) (hub.Member, error) {
	key := keyOf(m)
	if slices.Contains(h.Platform().Statuses, hub.StatusSuspended) {
		key.Status = "" // a seat that was only switched off is no longer where it was
	}
	seen, ok, err := h.settle(ctx, key, func(now hub.Member) bool { return !h.Seated(now) || now.ID != m.ID || leaving(now) })
	switch {
	case ok && leaving(seen):
		return h.awaitApproval(ctx, task, h.remember(seen, m))
	case ok && seen.ID == m.ID && h.removed(seen):
		h.remember(seen, m)
		return hub.Member{}, nil
	case ok && !successor(task, m, seen):
		h.forget(m)
		return hub.Member{}, nil
	case ok, err == nil && m.Status.Pending() && seen.Status == hub.StatusActive:
		return h.remember(seen, m), nil
	case err != nil && removeErr == nil:
		return hub.Member{}, h.lost(ctx, task, err, hub.Presence{}, h.accepted())
	case err != nil:
		return hub.Member{}, h.lost(ctx, task, removeErr, hub.Presence{})
	case removeErr == nil:
		return hub.Member{}, h.unmoved(task, hub.ReasonUnknown, known(seen),
			strings.TrimSpace(fmt.Sprintf("%s answered that the person is removed, and after %s still shows them. %s", h.Platform().Vendor, h.Platform().Settle, h.Platform().Lingering)))
	default:
		return hub.Member{}, h.lost(ctx, task, removeErr, known(seen))
	}
}

// approvalPoll is how often a removal that waits for a second administrator is
// looked at. Platforms that hold changes also count calls by the day.
const approvalPoll = 15 * time.Second

// leaving says that the removal of m waits for a second administrator.
func leaving(m hub.Member) bool {
	return live(m) && m.Awaiting != nil && m.Awaiting.Task == hub.TaskRemove
}

// awaitApproval waits for a second administrator to let somebody go. The seat
// is there until then, so this is the one approval that is waited for, to the
// end of the task's time, and that fails the task when it does not come.
func (h *Hub) awaitApproval(ctx context.Context, task hub.Task, m hub.Member) (hub.Member, error) {
	review := m.Awaiting.ID
	if mine, ok := ctx.Value(turnKey{}).(*turn); ok {
		mine.give()
		// Back in the queue for whatever this task has still to write. Where its
		// time is over it writes nothing more.
		defer func() { _ = mine.take(ctx) }()
	}
	h.log.InfoContext(ctx, "removal waits for a second administrator", "email", task.Email, "review", review)
	for sleep(ctx, approvalPoll) {
		seen, err := h.lookup(ctx, keyOf(m))
		switch {
		case err != nil && ctx.Err() == nil:
			return hub.Member{}, h.lost(ctx, task, err, hub.Presence{}, h.accepted())
		case err != nil:
			continue // the time is over
		case !live(seen) || seen.ID != m.ID:
			h.forget(m)
			return hub.Member{}, nil
		case !leaving(seen):
			h.remember(seen, m)
			return hub.Member{}, h.unmoved(task, hub.ReasonAwaitingApproval, known(seen),
				fmt.Sprintf("The removal (review %s) was rejected, withdrawn or ran out, so nothing changed. The next apply asks for it again.", review))
		}
		m = h.remember(seen, m)
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return hub.Member{}, h.taskError(ctx, task, ctx.Err(), known(m))
	}
	return hub.Member{}, h.unmoved(task, hub.ReasonAwaitingApproval, known(m),
		fmt.Sprintf("%s holds the removal (review %s) until a second administrator approves it. Have it approved, then apply again: roster does not ask a second time, and finds it done.", h.Platform().Vendor, review))
}
