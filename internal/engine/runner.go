package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Result is what a task that did not fail left behind.
type Result struct {
	// Member is the seat as last read from the platform; zero after a removal.
	Member hub.Member
	// Adopted says that the person was there before the task, so nothing was
	// added.
	Adopted bool
	// Unverified says that the platform accepted the write and the read that
	// was to confirm it did not show it in time.
	Unverified bool
	// Notes are whole sentences for a person, to be shown as warnings.
	Notes []string
}

// Limits are what a task may not do, from the configuration.
type Limits struct {
	// UnsupportedTasks are refused whatever the platform's API can do.
	UnsupportedTasks []hub.TaskKind
	// AllowLockout permits removing or demoting the last administrator or the
	// connection itself.
	AllowLockout bool
}

// write runs one task with the hub's write token held: writes of a hub happen
// one after another, in the order they got the token.
func (h *Hub) write(ctx context.Context, task hub.Task, do func() (Result, error)) (Result, error) {
	if _, err := h.Ready(); err != nil {
		return Result{}, err
	}
	select {
	case h.writing <- struct{}{}:
		defer func() { <-h.writing }()
	case <-ctx.Done():
		return Result{}, h.taskError(ctx, task, ctx.Err(), hub.Presence{})
	}
	started := time.Now()
	result, err := do()
	log := h.log.With("task", string(task.Kind), "email", task.Email, "role", task.Role, "took", time.Since(started))
	if te := (*hub.TaskError)(nil); errors.As(err, &te) {
		log.WarnContext(ctx, "task failed", "reason", string(te.Fault.Reason), "code", te.Fault.Code,
			"request_id", te.Fault.RequestID, "attempts", te.Fault.Attempts)
	} else if err == nil {
		log.InfoContext(ctx, "task done", "status", string(result.Member.Status), "adopted", result.Adopted, "unverified", result.Unverified)
	}
	return result, err
}

// taskError wraps err, once. A context that is over explains the failure better
// than whatever the connector made of it.
func (h *Hub) taskError(ctx context.Context, task hub.Task, err error, now hub.Presence, done ...string) error {
	if te := (*hub.TaskError)(nil); errors.As(err, &te) {
		if te.Task.Kind == "" {
			// A read on the way to the task failed: it is the task that failed.
			return &hub.TaskError{Task: task, Fault: te.Fault, Now: now, Done: done, Err: te.Err}
		}
		return err
	}
	fault := h.explain(ctx, err)
	return &hub.TaskError{Task: task, Fault: fault, Now: now, Done: done, Err: err}
}

func (h *Hub) explain(ctx context.Context, err error) hub.Fault {
	fault := h.conn().Explain(err)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		// A throttle or an outage that ate the time is still the better reason.
		if fault.Reason != hub.ReasonRateLimited && fault.Reason != hub.ReasonUnavailable {
			fault.Reason = hub.ReasonTimeout
		}
	case errors.Is(ctx.Err(), context.Canceled):
		fault.Reason = hub.ReasonCancelled
	}
	return fault
}

// refuse is a guard's no: nothing was sent.
func (h *Hub) refuse(task hub.Task, reason hub.Reason, now hub.Presence, detail string) error {
	return &hub.TaskError{Task: task, Fault: hub.Fault{Reason: reason, Detail: detail}, Now: now}
}

// permit refuses an operation that the platform's API, the hub's declaration or
// the provider's configuration rules out.
func (h *Hub) permit(task hub.Task, op hub.Operation, limits Limits, now hub.Presence) (hub.Support, error) {
	if h.engine.opts.ReadOnly {
		return hub.Unsupported, h.refuse(task, hub.ReasonSafeguard, now,
			"The provider is configured with read_only = true, so roster changes nobody. Set it to false to let apply work.")
	}
	for _, t := range limits.UnsupportedTasks {
		if t == op.Task() {
			return hub.Unsupported, h.refuse(task, hub.ReasonUnsupported, now,
				fmt.Sprintf("roster_business_hub lists %q in unsupported_tasks, so roster leaves it to a person.", t))
		}
	}
	support := h.platform.Capabilities.Of(op)
	switch support {
	case hub.Supported, hub.ByReinvite:
		return support, nil
	case hub.AfterAcceptance:
		return support, h.refuse(task, hub.ReasonAwaitingAcceptance, now,
			fmt.Sprintf("%s changes roles only once the invitation has been accepted.", h.platform.Title))
	case hub.Unsupported:
		return support, h.refuse(task, hub.ReasonUnsupported, now, "")
	default:
		return support, h.refuse(task, hub.ReasonUnknown, now, fmt.Sprintf("The connector declares %s as %q, which is a bug in roster.", op, support))
	}
}

// Backoff of the look-ups that verify a write.
const (
	firstPoll = 250 * time.Millisecond
	lastPoll  = 5 * time.Second
)

// settle looks a person up until good says that the platform shows the write,
// for as long as the platform may take to show it. absent is passed as a member
// without a status. The last look is returned with ok == false when the time
// runs out; an error means that the platform could not be read at the end.
func (h *Hub) settle(ctx context.Context, key hub.Key, good func(hub.Member) bool) (last hub.Member, ok bool, err error) {
	deadline := time.Now().Add(h.platform.Settle)
	for pause := firstPoll; ; pause = min(pause*8/5, lastPoll) {
		last, err = h.lookup(ctx, key)
		if err == nil && good(last) {
			return last, true, nil
		}
		if ctx.Err() != nil {
			return last, false, ctx.Err()
		}
		if time.Now().Add(pause).After(deadline) {
			return last, false, err
		}
		if !sleep(ctx, pause) {
			return last, false, ctx.Err()
		}
	}
}

// lookup reads one person afresh; absence is a member without a status.
func (h *Hub) lookup(ctx context.Context, key hub.Key) (hub.Member, error) {
	m, err := h.conn().Lookup(ctx, h.ref, key)
	if errors.Is(err, hub.ErrAbsent) {
		return hub.Member{}, nil
	}
	if err != nil {
		return hub.Member{}, err
	}
	m.Email = hub.FoldEmail(m.Email)
	return m, nil
}

// sleep waits and says whether it was left in peace.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// remember takes a person as just read or written into the snapshot. was is the
// id of the row it replaces, which an acceptance or a reinvitation changes.
func (h *Hub) remember(m hub.Member, was string) {
	id := was
	if id == "" {
		id = m.ID
	}
	h.snapshot.apply(edit{email: hub.FoldEmail(m.Email), id: id, member: &m})
}

func (h *Hub) forget(m hub.Member) {
	h.snapshot.apply(edit{email: hub.FoldEmail(m.Email), id: m.ID})
}

// known is the presence of somebody just seen; a zero member is a known
// absence.
func known(m hub.Member) hub.Presence { return hub.Presence{Known: true, Member: m} }
