package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// jobKey is where a resource keeps the job that a task still was when its time
// was over. The next apply waits for that job and asks for nothing twice.
const jobKey = "job"

// keepJob remembers a job, or forgets the one before it when job is "".
func keepJob(ctx context.Context, job string, private privateState) diag.Diagnostics {
	if job == "" {
		if kept, diags := keptJob(ctx, private); kept == "" {
			return diags // nothing to forget: private state stays as it is
		}
	}
	data, err := json.Marshal(job)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unusable job id", err.Error())}
	}
	return private.SetKey(ctx, jobKey, data)
}

// keptJob is the job that an earlier apply left under way, "" when there is
// none.
func keptJob(ctx context.Context, private privateState) (job string, diags diag.Diagnostics) {
	data, diags := private.GetKey(ctx, jobKey)
	if len(data) == 0 {
		return "", diags
	}
	if err := json.Unmarshal(data, &job); err != nil {
		diags.AddError("Unreadable private state", "The job id that roster kept there: "+err.Error())
	}
	return job, diags
}

// jobOf is the job that a failed task left under way.
func jobOf(err error) string {
	if te := (*hub.TaskError)(nil); errors.As(err, &te) {
		return te.Job
	}
	return ""
}

// underWay says that a task goes on without roster. It is no error: there is a
// seat or a role to come, and one in the state of a resource that failed to be
// created would be taken away by the next apply.
func underWay(ctx context.Context, h *engine.Hub, err error) diag.Diagnostics {
	te := (*hub.TaskError)(nil)
	if !errors.As(err, &te) {
		return failed(ctx, h, err)
	}
	hubName(ctx, h)
	diags := besides(h, err)
	diags.AddWarning(
		fmt.Sprintf("The %s task for %s on %s is still under way", taskName(te.Task.Kind), te.Task.Email, hubTitle(h)),
		sentence(te.Fault.Detail)+" To wait longer in one go, raise the resource's timeouts.")
	return diags
}

// followJob looks at a kept job during a refresh. running says that it is under
// way still; a job that ended is forgotten, and one that failed is told about.
func followJob(ctx context.Context, h *engine.Hub, task hub.Task, private, next privateState) (running bool, diags diag.Diagnostics) {
	job, diags := keptJob(ctx, private)
	if job == "" || diags.HasError() {
		return false, diags
	}
	state, err := h.Job(ctx, task, job)
	switch {
	case err != nil:
		diags.Append(taskDiag(ctx, h, err))
		return true, diags
	case state.Running:
		return true, diags
	case state.Err != nil:
		failed := taskDiag(ctx, h, state.Err)
		diags.AddWarning(failed.Summary(), failed.Detail())
	}
	diags.Append(keepJob(ctx, "", next)...)
	return false, diags
}

// taskTime is how long a task may take on h when the configuration does not say.
func taskTime(h *engine.Hub) time.Duration {
	if t := h.Platform().TaskTime; t > 0 {
		return t
	}
	return defaultTimeout
}
