package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// rosterJobsKey is where a roster keeps what jobKey is for one person.
const rosterJobsKey = "jobs"

// rosterJobs are the jobs under way, by folded address. One for each person is
// enough: whoever has one gets no other task until it has ended.
type rosterJobs map[string]rosterJob

type rosterJob struct {
	Job    string       `json:"job"`
	Task   hub.TaskKind `json:"task"`
	Role   string       `json:"role,omitempty"`
	Revoke bool         `json:"revoke,omitempty"`
}

func (j rosterJob) task(email string) hub.Task {
	return hub.Task{Kind: j.Task, Email: email, Role: j.Role, Revoke: j.Revoke}
}

// keptJobs are the jobs that an earlier apply left under way.
func keptJobs(ctx context.Context, private privateState) (rosterJobs, diag.Diagnostics) {
	jobs := rosterJobs{}
	data, diags := private.GetKey(ctx, rosterJobsKey)
	if len(data) == 0 {
		return jobs, diags
	}
	if err := json.Unmarshal(data, &jobs); err != nil {
		diags.AddError("Unreadable private state", "The job ids that roster kept there: "+err.Error())
	}
	return jobs, diags
}

// keepJobs remembers jobs, and forgets those that are not among them.
func keepJobs(ctx context.Context, jobs rosterJobs, private privateState) diag.Diagnostics {
	if len(jobs) == 0 {
		if kept, diags := keptJobs(ctx, private); len(kept) == 0 {
			return diags // nothing to forget: private state stays as it is
		}
	}
	data, err := json.Marshal(jobs)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unusable job id", err.Error())}
	}
	return private.SetKey(ctx, rosterJobsKey, data)
}

// followJobs looks once at each kept job, during a refresh: one that has ended
// is forgotten, and one that failed is told about. What is left is under way.
func followJobs(ctx context.Context, h *engine.Hub, private, next privateState) (jobs rosterJobs, diags diag.Diagnostics) {
	jobs, diags = keptJobs(ctx, private)
	if diags.HasError() {
		return jobs, diags
	}
	for _, email := range slices.Sorted(maps.Keys(jobs)) {
		state, err := h.Job(ctx, jobs[email].task(email), jobs[email].Job)
		switch {
		case err != nil:
			diags.Append(taskDiag(ctx, h, err))
			continue
		case state.Running:
			continue
		case state.Err != nil:
			failed := taskDiag(ctx, h, state.Err)
			diags.AddWarning(failed.Summary(), failed.Detail())
		}
		delete(jobs, email)
	}
	diags.Append(keepJobs(ctx, jobs, next)...)
	return jobs, diags
}

// waiting warns of a plan's task that a job of an earlier apply stands before.
func (j rosterJob) waiting(h *engine.Hub, email string) diag.Diagnostic {
	return diag.NewWarningDiagnostic(
		fmt.Sprintf("The %s task for %s on %s is still under way", taskName(j.Task), email, hubTitle(h)),
		fmt.Sprintf("It is job %s of %s, from an apply that did not wait for its end. This apply goes on waiting, and asks for nothing a second time.", j.Job, h.Platform().Vendor))
}
