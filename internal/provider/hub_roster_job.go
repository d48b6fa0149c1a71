package provider

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
)

// rosterJobsKey is where a roster keeps what jobKey is for one person.
const rosterJobsKey = "jobs"

// rosterJobs are the jobs under way, by folded address. One for each person is
// enough: whoever has one gets no other task until it has ended.
type rosterJobs map[string]keptTask

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
		running, _, more := jobs[email].follow(ctx, h, email)
		diags.Append(more...)
		if !running {
			delete(jobs, email)
		}
	}
	diags.Append(keepJobs(ctx, jobs, next)...)
	return jobs, diags
}
