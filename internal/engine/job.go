package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Pauses between two looks at a job. Jobs take minutes, so looking more often
// than this only spends the platform's rate limit (contract cerby.md, section 6).
const (
	firstJobPoll = 2 * time.Second
	lastJobPoll  = 30 * time.Second
	// jobReads is how many looks in a row may fail before the wait ends: the
	// connector has tried each of them several times already.
	jobReads = 3
)

// unfinished is a job that was still under way when the task's time was over,
// or that could not be read any more.
type unfinished struct {
	job string
	err error
}

func (e *unfinished) Error() string { return fmt.Sprintf("job %s is not finished: %v", e.job, e.err) }
func (e *unfinished) Unwrap() error { return e.err }

// act does one write of the connector. Where the platform takes it on as a job,
// act returns when the job has ended, with the job's own error; or with an
// *unfinished, after which the next task has to resume and not to write again.
func (h *Hub) act(ctx context.Context, write func() error) error {
	countWrite(ctx)
	err := write()
	if started := (*hub.Started)(nil); errors.As(err, &started) {
		return h.await(ctx, started.Job, firstJobPoll)
	}
	return err
}

// await waits for a job to end. The first look is after pause.
func (h *Hub) await(ctx context.Context, job string, pause time.Duration) error {
	reader, ok := h.conn().(hub.JobReader)
	if !ok {
		return fmt.Errorf("the platform says that job %s is under way, and its connector cannot look at jobs, which is a bug in roster", job)
	}
	began := time.Now()
	for failed := 0; ; pause = max(firstJobPoll, min(pause*3/2, lastJobPoll)) {
		if pause > 0 && !sleep(ctx, jitter(pause)) {
			return &unfinished{job, ctx.Err()}
		}
		done, err := reader.Job(ctx, h.ref, job)
		switch {
		case done:
			h.log.DebugContext(ctx, "job ended", "job", job, "took", time.Since(began), "failed", err != nil)
			return err
		case err != nil && (ctx.Err() != nil || failed == jobReads-1):
			return &unfinished{job, cmp.Or(ctx.Err(), err)}
		case err != nil:
			failed++
		default:
			failed = 0
		}
		h.log.InfoContext(ctx, "job is under way", "job", job, "for", time.Since(began).Round(time.Second))
	}
}

// jitter spreads the looks of many hubs of one platform by a fifth.
func jitter(d time.Duration) time.Duration {
	return d*9/10 + rand.N(d/5) //nolint:gosec // spreads load, hides nothing
}

// look is what every task begins with: who is there now, by the roster, or once
// the job has ended that an earlier apply left under way.
func (h *Hub) look(ctx context.Context, job, email, id string) (hub.Member, error) {
	if job != "" {
		return h.resume(ctx, job, email, id)
	}
	m, _, err := h.Find(ctx, email, id)
	return m, err
}

// resume waits for the job that an earlier apply left under way, beginning with a
// look: it had all the time since. Then it reads the person. The error says how
// the job failed, or is an *unfinished.
func (h *Hub) resume(ctx context.Context, job, email, id string) (hub.Member, error) {
	if err := h.await(ctx, job, 0); err != nil {
		return hub.Member{}, err
	}
	return h.afresh(ctx, email, id)
}

// afresh reads somebody after a job: the roster may be older than its end.
func (h *Hub) afresh(ctx context.Context, email, id string) (hub.Member, error) {
	was, _, err := h.Find(ctx, email, id)
	if err != nil {
		return hub.Member{}, err
	}
	now, err := h.lookup(ctx, hub.Key{Email: hub.FoldEmail(email), ID: id})
	if err != nil {
		return hub.Member{}, err
	}
	if was.Status == "" && now.Status == "" {
		return now, nil
	}
	return h.replace(now, was), nil
}

// JobState is what a look at a job told.
type JobState struct {
	Running bool
	// Err is how the job failed, a *hub.TaskError; nil while it runs and when it
	// succeeded.
	Err error
}

// Job looks once at a job that an earlier apply left under way, without waiting:
// for a refresh. The error is that of the look.
func (h *Hub) Job(ctx context.Context, task hub.Task, job string) (JobState, error) {
	if err := h.usable(); err != nil {
		return JobState{}, err
	}
	reader, ok := h.conn().(hub.JobReader)
	if !ok {
		return JobState{}, nil // the platform works in jobs no more
	}
	task.Hub = h.ref
	done, err := reader.Job(ctx, h.ref, job)
	switch {
	case done && err != nil:
		return JobState{Err: h.taskError(ctx, task, err, hub.Presence{})}, nil
	case done:
		return JobState{}, nil
	case err != nil:
		return JobState{}, h.readError(ctx, err)
	default:
		return JobState{Running: true}, nil
	}
}
