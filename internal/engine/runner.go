package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Result is what a task that did not fail left behind.
type Result struct {
	// Task is what was done in the end: adopting somebody can be a role change.
	Task hub.Task
	// Member is the seat as last read from the platform; zero after a removal.
	Member hub.Member
	// Adopted says that the person was there before the task, so nothing was
	// added.
	Adopted bool
	// Unverified says that the platform accepted the write and the read that
	// was to confirm it did not show it in time.
	Unverified bool
	// Held says that the platform keeps the change until a second administrator
	// approves it. It was asked for once and will not be asked for again.
	Held bool
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
	// Timeout is how long the task may take, its verification included, from
	// when its turn comes; 0 is as long as the context. Waiting for other tasks
	// of the hub does not count: ten removals at once would run out of time on
	// one another.
	Timeout time.Duration
}

// write runs one task with the hub's write token held: writes of a hub happen
// one after another, in the order they got the token. The error is a
// *hub.TaskError, except that of a hub which is not Ready.
func (h *Hub) write(ctx context.Context, task hub.Task, limits Limits, do func(context.Context) (Result, error)) (Result, error) {
	if err := h.usable(); err != nil {
		return Result{}, err
	}
	report, run := Report{Task: task, Started: time.Now()}, ctx
	mine := &turn{hub: h}
	if err := mine.take(ctx); err != nil {
		return h.report(run, report, Result{}, h.taskError(ctx, task, err, hub.Presence{}))
	}
	result, err := h.withTurn(ctx, mine, &report, limits, do)
	mine.give()
	report.Took = time.Since(report.Started)
	return h.report(run, report, result, err)
}

// withTurn runs a task whose turn has come.
func (h *Hub) withTurn(ctx context.Context, mine *turn, report *Report, limits Limits, do func(context.Context) (Result, error)) (Result, error) {
	task := report.Task
	ctx = context.WithValue(ctx, turnKey{}, mine)
	ctx = context.WithValue(ctx, writesKey{}, &report.Writes)
	if limits.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limits.Timeout)
		defer cancel()
	}
	started := time.Now()
	if err := h.Learn(ctx); err != nil {
		return Result{}, h.taskError(ctx, task, err, hub.Presence{})
	}
	result, err := do(ctx)
	log := h.log.With("task", string(task.Kind), "email", task.Email, "role", task.Role, "took", time.Since(started))
	if te := (*hub.TaskError)(nil); errors.As(err, &te) {
		log.WarnContext(ctx, "task failed", "reason", string(te.Fault.Reason), "code", te.Fault.Code,
			"request_id", te.Fault.RequestID, "attempts", te.Fault.Attempts)
	} else if err == nil {
		log.InfoContext(ctx, "task done", "status", string(result.Member.Status), "adopted", result.Adopted, "unverified", result.Unverified, "held", result.Held)
	}
	return result, err
}

// turn is a task's hold of its hub's write token. A task that waits for people
// gives it up meanwhile: the hub's other tasks need not wait with it.
type turn struct {
	hub  *Hub
	held bool
}

type turnKey struct{}

func (t *turn) take(ctx context.Context) error {
	select {
	case t.hub.writing <- struct{}{}:
		t.held = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *turn) give() {
	if t.held {
		t.held = false
		<-t.hub.writing
	}
}

// taskError wraps err, once. To a failure that is wrapped already it adds the
// parts of the task that took effect before.
func (h *Hub) taskError(ctx context.Context, task hub.Task, err error, now hub.Presence, done ...string) error {
	te := (*hub.TaskError)(nil)
	switch {
	case !errors.As(err, &te):
		te = &hub.TaskError{Task: task, Fault: h.explain(ctx, err), Now: now, Done: done, Err: err}
		if left := (*unfinished)(nil); errors.As(err, &left) {
			te.Job, te.Now = left.job, hub.Presence{}
		}
		return te
	case te.Task.Kind == "":
		// A read on the way to the task failed: it is the task that failed.
		return &hub.TaskError{Task: task, Fault: te.Fault, Now: now, Done: done, Err: te.Err}
	case len(done) > 0:
		more := *te
		more.Done = slices.Concat(done, te.Done)
		return &more
	}
	return err
}

// explain sorts err. A context that is over explains a failure better than
// whatever the connector made of it, unless the platform itself had answered.
func (h *Hub) explain(ctx context.Context, err error) hub.Fault {
	fault := h.conn().Explain(err)
	if left := (*unfinished)(nil); errors.As(err, &left) {
		fault.Detail = fmt.Sprintf("%s took the task on as job %s, which had not ended when roster stopped waiting. The next apply goes on waiting for it, and asks for nothing a second time.",
			h.Platform().Vendor, left.job)
		fault.Attempts, fault.Uncertain = max(fault.Attempts, 1), false
		fault.RequestID = cmp.Or(fault.RequestID, left.job)
	}
	switch fault.Reason {
	case hub.ReasonUnknown, hub.ReasonUnavailable, hub.ReasonRateLimited, hub.ReasonOutcomeUnknown,
		hub.ReasonTimeout, hub.ReasonCancelled, "":
	default:
		return fault
	}
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

// unmoved is the error of a write that the platform accepted and that did not
// come to pass.
func (h *Hub) unmoved(task hub.Task, reason hub.Reason, now hub.Presence, detail string) error {
	return &hub.TaskError{Task: task, Fault: hub.Fault{Reason: reason, Detail: detail, Attempts: 1}, Now: now}
}

// lost is the error of a write that went out and of which no reading could tell
// what became of it. err is what kept the answer away.
func (h *Hub) lost(ctx context.Context, task hub.Task, err error, now hub.Presence, done ...string) error {
	fault := h.explain(ctx, err)
	fault.Uncertain = true
	fault.Attempts = max(fault.Attempts, 1)
	if fault.Reason != hub.ReasonCancelled && fault.Reason != hub.ReasonTimeout {
		fault.Reason = hub.ReasonOutcomeUnknown
	}
	return &hub.TaskError{Task: task, Fault: fault, Now: now, Done: done, Err: err}
}

// accepted is what a task has to say of a write that got a yes and whose effect
// could not be read.
func (h *Hub) accepted() string {
	return h.Platform().Vendor + " accepted the task, and its effect could not be read."
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
	support := h.Platform().Capabilities.Of(op)
	switch {
	case support == hub.Supported, support == hub.ByReinvite && op == hub.OpChangeInvitedRole:
		return support, nil
	case support == hub.AfterAcceptance:
		return support, h.refuse(task, hub.ReasonAwaitingAcceptance, now,
			fmt.Sprintf("%s changes roles only once the invitation has been accepted.", h.Platform().Title))
	case support == hub.Unsupported:
		return support, h.refuse(task, hub.ReasonUnsupported, now, "")
	default:
		// Withdrawing and inviting again is for invitations: done to a member it
		// would be a removal that no guard has seen.
		return support, h.refuse(task, hub.ReasonUnknown, now, fmt.Sprintf("The connector declares %s as %q, which is a bug in roster.", op, support))
	}
}

// Backoff of the look-ups that verify a write.
const (
	firstPoll = 250 * time.Millisecond
	lastPoll  = 5 * time.Second
)

// settle looks a person up until good says that the platform shows the write,
// for as long as the platform may take to show it; the last look is at the very
// end of that time. absent is passed as a member without a status. The last
// look is returned with ok == false when the time runs out; an error means that
// the platform could not be read at the end.
func (h *Hub) settle(ctx context.Context, key hub.Key, good func(hub.Member) bool) (last hub.Member, ok bool, err error) {
	deadline := time.Now().Add(h.Platform().Settle)
	for pause := firstPoll; ; pause = min(pause*8/5, lastPoll) {
		last, err = h.lookup(ctx, key)
		if err == nil && good(last) {
			return last, true, nil
		}
		left := time.Until(deadline)
		if left <= 0 {
			return last, false, err
		}
		if !sleep(ctx, min(pause, left)) {
			return hub.Member{}, false, ctx.Err()
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
	byID := key.ID != "" && m.ID == key.ID
	byEmail := key.Email != "" && (m.Email == key.Email || m.Email == "") // hidden: the connector matched by what it has
	if !byID && !byEmail {
		// The next write would go to a stranger.
		return hub.Member{}, fmt.Errorf("looked up %q (id %q) on %s and was shown %s (id %q), which is a bug in roster", key.Email, key.ID, h.ref, m.Label(), m.ID)
	}
	return m, nil
}

// keyOf finds m again. An invitation is looked for everywhere: it may have
// become a seat since, and to find no invitation is then no news.
func keyOf(m hub.Member) hub.Key {
	key := hub.Key{Email: m.Email, ID: m.ID, Status: m.Status}
	if m.Status.Pending() {
		key.Status = ""
	}
	return key
}

// elsewhere finds the person behind m when the platform knows m itself no more.
func elsewhere(m hub.Member) hub.Key {
	if m.Email == "" {
		return hub.Key{ID: m.ID}
	}
	return hub.Key{Email: m.Email}
}

// successor says that now is where the person behind m is to be found after m:
// the seat that an invitation became, under an id of its own, or another row of
// the very address the task names. Whoever else has the address that m had last
// is a stranger to the task.
func successor(task hub.Task, m, now hub.Member) bool {
	email := cmp.Or(now.Email, m.Email)
	return live(now) && now.ID != m.ID && (email == task.Email || m.Status.Pending() && email == m.Email)
}

// live says whether m, which may be nobody, is on the hub.
func live(m hub.Member) bool { return m.Status != "" && m.Status.Live() }

// sharpen reads somebody afresh whom the roster knows without an id, before a
// write that may need it: the row can be that of an invitation which was not
// listed yet when it was sent, or has been accepted since. Where nothing better
// is to be had, m it is.
func (h *Hub) sharpen(ctx context.Context, m hub.Member) hub.Member {
	if m.ID != "" {
		return m
	}
	now, err := h.lookup(ctx, keyOf(m))
	if err != nil || !live(now) {
		return m
	}
	return h.remember(now, m)
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

// remember takes a person as just read or written into the snapshot, in place
// of the row was, whose id an acceptance or a reinvitation changes. A look-up
// by id may hide the address that was known all along; the person returned has
// it again.
func (h *Hub) remember(m, was hub.Member) hub.Member {
	m.Email = hub.FoldEmail(m.Email)
	if m.Email == "" {
		m.Email = was.Email
	}
	h.snapshot.apply(edit{email: was.Email, id: was.ID, member: &m})
	return m
}

// replace is remember for a look-up that may have found nobody.
func (h *Hub) replace(now, was hub.Member) hub.Member {
	if now.Status == "" {
		h.forget(was)
		return now
	}
	return h.remember(now, was)
}

func (h *Hub) forget(m hub.Member) {
	h.snapshot.apply(edit{email: m.Email, id: m.ID})
}

// known is the presence of somebody just seen; a zero member is a known
// absence.
func known(m hub.Member) hub.Presence { return hub.Presence{Known: true, Member: m} }
