package engine

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Outcome is how a task ended, from a closed list.
type Outcome string

// The closed list of outcomes.
const (
	OutcomeDone       Outcome = "done"       // the platform shows the change
	OutcomeUnchanged  Outcome = "unchanged"  // it was so already, and nothing was written
	OutcomeAdopted    Outcome = "adopted"    // the person was there before; perhaps with a new role now
	OutcomeUnverified Outcome = "unverified" // the platform accepted the change and does not show it yet
	OutcomeHeld       Outcome = "held"       // a second administrator has to approve it
	OutcomeUnderWay   Outcome = "under_way"  // the platform's job had not ended when roster stopped waiting
	OutcomeFailed     Outcome = "failed"     // it did not happen, or nobody knows
)

// Outcomes lists every outcome, in a fixed order.
func Outcomes() []Outcome {
	return []Outcome{OutcomeDone, OutcomeUnchanged, OutcomeAdopted, OutcomeUnverified, OutcomeHeld, OutcomeUnderWay, OutcomeFailed}
}

// Report is one task that has ended, for whoever keeps books or tells people.
type Report struct {
	Task    hub.Task
	Outcome Outcome
	// Writes is how many writes the task sent, each perhaps in several attempts.
	Writes  int
	Started time.Time
	Took    time.Duration
	Member  hub.Member     // as last read; zero when the person is not there or nobody knows
	Err     *hub.TaskError // nil unless the task failed or is under way
}

// Attempts is how often the last write was sent; 0 when none was.
func (r Report) Attempts() int {
	if r.Err != nil {
		return r.Err.Fault.Attempts
	}
	return r.Writes
}

// Observer is told of every task once it has ended, the hub's turn given up. What
// it returns are whole sentences for a person, shown as warnings; nothing that
// an observer does changes a task's outcome. ctx is the run's, without the
// task's deadline.
type Observer func(ctx context.Context, h *Hub, r Report) []string

// writes counts what one task sends.
type writesKey struct{}

func countWrite(ctx context.Context) {
	if n, ok := ctx.Value(writesKey{}).(*int); ok {
		*n++
	}
}

// report tells the observer how a task ended, and adds what it has to say to the
// result or to the error.
func (h *Hub) report(ctx context.Context, r Report, result Result, err error) (Result, error) {
	var te *hub.TaskError
	switch {
	case errors.As(err, &te):
		r.Task, r.Err, r.Member, r.Outcome = te.Task, te, te.Now.Member, OutcomeFailed
		if te.Job != "" {
			r.Outcome = OutcomeUnderWay
		}
	case err != nil:
		return result, err // the hub could not be asked at all: no task began
	default:
		r.Member, r.Outcome = result.Member, result.outcome(r.Writes)
		if result.Task.Kind != "" {
			r.Task = result.Task
		}
		if r.Task.Kind == hub.TaskAdd {
			r.Task.Role = cmp.Or(r.Task.Role, result.Member.Role) // the least-privileged one, where none was asked for
		}
	}
	if h.engine.opts.Observer == nil {
		return result, err
	}
	notes := h.engine.opts.Observer(ctx, h, r)
	if te != nil && len(notes) > 0 {
		told := *te
		told.Notes = append(told.Notes, notes...)
		return result, &told
	}
	result.Notes = append(result.Notes, notes...)
	return result, err
}

func (r Result) outcome(writes int) Outcome {
	switch {
	case r.Held:
		return OutcomeHeld
	case r.Unverified:
		return OutcomeUnverified
	case r.Adopted:
		return OutcomeAdopted
	case writes == 0:
		return OutcomeUnchanged
	default:
		return OutcomeDone
	}
}
