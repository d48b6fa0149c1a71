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

// keptTask is a job that is under way, and the task that it does.
type keptTask struct {
	Job    string       `json:"job"`
	Task   hub.TaskKind `json:"task"`
	Role   string       `json:"role,omitempty"`
	Revoke bool         `json:"revoke,omitempty"`
}

// keepJob remembers the job that a failed task left under way. Of any other
// error, and of none, it forgets the job before.
func keepJob(ctx context.Context, err error, private privateState) diag.Diagnostics {
	kept, diags := keptJob(ctx, private)
	next := keptTask{}
	if te := (*hub.TaskError)(nil); errors.As(err, &te) && te.Job != "" {
		next = keptTask{Job: te.Job, Task: te.Task.Kind, Role: te.Task.Role, Revoke: te.Task.Revoke}
	}
	if next.Job == kept.Job {
		return diags // the same one, or none as before: it stays what it was begun as
	}
	data, err := json.Marshal(next)
	if err != nil {
		diags.AddError("Unusable job id", err.Error())
		return diags
	}
	diags.Append(private.SetKey(ctx, jobKey, data)...)
	return diags
}

// keptJob is the job that an earlier apply left under way, without an id when
// there is none.
func keptJob(ctx context.Context, private privateState) (kept keptTask, diags diag.Diagnostics) {
	data, diags := private.GetKey(ctx, jobKey)
	if len(data) == 0 {
		return kept, diags
	}
	if err := json.Unmarshal(data, &kept); err != nil {
		diags.AddError("Unreadable private state", "The job id that roster kept there: "+err.Error())
	}
	return kept, diags
}

// waiting warns of a plan whose task has a job to wait for first.
func (k keptTask) waiting(h *engine.Hub, email string) diag.Diagnostic {
	return diag.NewWarningDiagnostic(
		fmt.Sprintf("The %s task for %s on %s is still under way", taskName(k.Task), hub.FoldEmail(email), hubTitle(h)),
		fmt.Sprintf("It is job %s of %s, from an apply that did not wait for its end. This apply goes on waiting, and asks for nothing a second time.", k.Job, h.Platform().Vendor))
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

// task is what the job does for somebody.
func (k keptTask) task(email string) hub.Task {
	return hub.Task{Kind: k.Task, Email: hub.FoldEmail(email), Role: k.Role, Revoke: k.Revoke}
}

// follow looks once at the job, without waiting: whether it is under way still,
// or may be, and whether it failed, which a warning tells.
func (k keptTask) follow(ctx context.Context, h *engine.Hub, email string) (running, failed bool, diags diag.Diagnostics) {
	state, err := h.Job(ctx, k.task(email), k.Job)
	switch {
	case err != nil:
		diags.Append(taskDiag(ctx, h, err))
		return true, false, diags
	case state.Err != nil:
		told := taskDiag(ctx, h, state.Err)
		diags.AddWarning(told.Summary(), told.Detail())
	}
	return state.Running, state.Err != nil, diags
}

// followJob looks at a kept job during a refresh. running says that it is under
// way still; a job that ended is forgotten, and one that failed is told about.
func followJob(ctx context.Context, h *engine.Hub, email string, private, next privateState) (running, failed bool, diags diag.Diagnostics) {
	kept, diags := keptJob(ctx, private)
	if kept.Job == "" || diags.HasError() {
		return false, false, diags
	}
	running, failed, more := kept.follow(ctx, h, email)
	diags.Append(more...)
	if !running {
		diags.Append(keepJob(ctx, nil, next)...)
	}
	return running, failed, diags
}

// taskTime is how long a task may take on h when the configuration does not say.
func taskTime(h *engine.Hub) time.Duration {
	if t := h.Platform().TaskTime; t > 0 {
		return t
	}
	return defaultTimeout
}
