package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Safeguard bounds how many people of one hub one engine removes: a filter gone
// wrong in a configuration looks like a hundred leavers. The zero value bounds
// nothing.
type Safeguard struct {
	// Percent of the hub's people that may go.
	Percent int
	// AtLeast is how many removals it takes for the share to count: a small
	// team may lose half of its people on an ordinary day.
	AtLeast int
}

// removals are the people whom this engine was asked to remove from one hub.
type removals struct {
	mu     sync.Mutex
	people int // on the hub before the first of them went
	emails []string
	told   bool
}

// PlanRemoval counts a removal that a plan holds. The error, a *hub.TaskError,
// comes once for a plan that goes too far; the other removals of that plan are
// not worth one each.
func (h *Hub) PlanRemoval(ctx context.Context, m hub.Member) error {
	task := hub.Task{Kind: hub.TaskRemove, Hub: h.ref, Email: hub.FoldEmail(m.Email), OldRole: m.Role}
	err := h.guardShare(ctx, task, m)
	if err == nil {
		return nil
	}
	h.removals.mu.Lock()
	defer h.removals.mu.Unlock()
	if h.removals.told {
		return nil
	}
	h.removals.told = true
	return err
}

// guardShare refuses the removal that would take one too many.
func (h *Hub) guardShare(ctx context.Context, task hub.Task, m hub.Member) error {
	limit := h.engine.opts.Safeguard
	if limit == (Safeguard{}) {
		return nil
	}
	members, _, err := h.Roster(ctx)
	if err != nil {
		return h.taskError(ctx, task, err, hub.Presence{})
	}
	r := &h.removals
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.people == 0 {
		for _, one := range members {
			if h.Seated(one) {
				r.people++
			}
		}
	}
	if !slices.Contains(r.emails, m.Label()) {
		r.emails = append(r.emails, m.Label())
	}
	n := len(r.emails)
	if n < limit.AtLeast || n*100 <= limit.Percent*r.people {
		return nil
	}
	slices.Sort(r.emails)
	return h.refuse(task, hub.ReasonSafeguard, known(m), fmt.Sprintf(
		"This run removes %d or more of the %d people of %s, and removal_safeguard lets %d %% go: %s. "+
			"Look at who leaves and why. If it is meant, raise removal_safeguard.percent in the provider block for this run.",
		n, r.people, h.Name(), limit.Percent, strings.Join(r.emails, ", ")))
}
