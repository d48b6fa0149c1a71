package provider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/notify"
	"github.com/roster-iac/terraform-provider-roster/internal/runbook"
)

// Environment variables that stand in for what should not be written into a
// configuration.
const (
	envTaskLog       = "ROSTER_TASK_LOG"
	envSMTPURL       = "ROSTER_SMTP_URL"
	envSMTPUsername  = "ROSTER_SMTP_USERNAME"
	envSMTPPassword  = "ROSTER_SMTP_PASSWORD" //nolint:gosec // a name, not a password
	envWebhookURL    = "ROSTER_WEBHOOK_URL"
	envWebhookSecret = "ROSTER_WEBHOOK_SECRET" //nolint:gosec // a name, not a secret
)

func taskLogAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional:   true,
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		MarkdownDescription: "A file that gets one line of JSON for each task that an apply carries out, done or failed; see the guide on telling people. " +
			"A relative path starts where Terraform runs. A plan writes nothing. Environment variable: `" + envTaskLog + "`.",
	}
}

func notifyAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Whom to tell of a task that failed during an apply, with the manual steps: one message for each. A plan and a refresh send nothing, " +
			"and a message that cannot be delivered is a warning.",
		Attributes: map[string]schema.Attribute{
			"smtp": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "By e-mail.",
				Attributes: map[string]schema.Attribute{
					"url": schema.StringAttribute{
						Optional: true, Sensitive: true,
						MarkdownDescription: "The mail server: `smtps://host` (TLS from the start, port 465) or `smtp://host` (STARTTLS, port 587); with `:port` where it is another. Environment variable: `" + envSMTPURL + "`.",
					},
					"username": schema.StringAttribute{Optional: true, MarkdownDescription: "The user to log in as, unless the URL holds one. Environment variable: `" + envSMTPUsername + "`."},
					"password": schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "The password, unless the URL holds one. Environment variable: `" + envSMTPPassword + "`."},
					"from":     schema.StringAttribute{Required: true, MarkdownDescription: "The sender, `roster@northwind.example` or `Roster <roster@northwind.example>`."},
					"to":       schema.ListAttribute{Required: true, ElementType: types.StringType, MarkdownDescription: "The owners and administrators to tell, in the same form."},
				},
			},
			"webhook": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "By a POST of JSON, signed.",
				Attributes: map[string]schema.Attribute{
					"url":    schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "Where to post: https, or http on a loopback address. Environment variable: `" + envWebhookURL + "`."},
					"secret": schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "The key of the HMAC-SHA256 signature. Environment variable: `" + envWebhookSecret + "`."},
				},
			},
		},
	}
}

// notifyModel is the notify block.
type notifyModel struct {
	SMTP *struct {
		URL      types.String `tfsdk:"url"`
		Username types.String `tfsdk:"username"`
		Password types.String `tfsdk:"password"`
		From     types.String `tfsdk:"from"`
		To       types.List   `tfsdk:"to"`
	} `tfsdk:"smtp"`
	Webhook *struct {
		URL    types.String `tfsdk:"url"`
		Secret types.String `tfsdk:"secret"`
	} `tfsdk:"webhook"`
}

// orEnv is a configured value, else its environment variable's.
func orEnv(configured types.String, env string) string {
	if v := configured.ValueString(); v != "" || configured.IsUnknown() {
		return v
	}
	return os.Getenv(env)
}

// reporter keeps the task log and tells people of failed tasks. A nil log and a
// notifier without channels do nothing.
type reporter struct {
	log      *engine.TaskLog
	notifier *notify.Notifier
	now      func() time.Time
}

// reporter reads task_log and notify. What is unknown yet waits: nothing is sent
// before an apply, and Terraform knows everything then.
func (p *rosterProvider) reporter(ctx context.Context, req provider.ConfigureRequest) (*reporter, diag.Diagnostics) {
	r := &reporter{now: p.now}
	var file types.String
	diags := req.Config.GetAttribute(ctx, path.Root("task_log"), &file)
	if name := orEnv(file, envTaskLog); name != "" {
		r.log = engine.NewTaskLog(name)
	}

	var block types.Object
	diags.Append(req.Config.GetAttribute(ctx, path.Root("notify"), &block)...)
	if diags.HasError() || !known(block) {
		return r, diags
	}
	var model notifyModel
	if tf, err := block.ToTerraformValue(ctx); err == nil && !tf.IsFullyKnown() {
		return r, diags
	}
	diags.Append(req.Config.GetAttribute(ctx, path.Root("notify"), &model)...)
	if diags.HasError() {
		return r, diags
	}
	var channels []notify.Channel
	add := func(channel notify.Channel, err error) {
		if err != nil {
			diags.Append(notifyDiag(err))
			return
		}
		channels = append(channels, channel)
	}
	if s := model.SMTP; s != nil {
		var to []string
		diags.Append(s.To.ElementsAs(ctx, &to, false)...)
		add(notify.SMTP{
			URL: hub.Secret(orEnv(s.URL, envSMTPURL)), Username: orEnv(s.Username, envSMTPUsername), Password: hub.Secret(orEnv(s.Password, envSMTPPassword)),
			From: s.From.ValueString(), To: to, UserAgent: p.userAgent(),
		}.Channel())
	}
	if w := model.Webhook; w != nil {
		add(notify.Webhook{URL: hub.Secret(orEnv(w.URL, envWebhookURL)), Secret: hub.Secret(orEnv(w.Secret, envWebhookSecret)), UserAgent: p.userAgent()}.Channel())
	}
	if len(channels) > 0 {
		r.notifier = notify.New(channels...)
	}
	return r, diags
}

// notifyDiag points at the attribute that cannot work.
func notifyDiag(err error) diag.Diagnostic {
	at := path.Root("notify")
	var setting *hub.SettingError
	if !errors.As(err, &setting) {
		return diag.NewAttributeErrorDiagnostic(at, "Notifications cannot be configured", sentence(err.Error()))
	}
	for _, name := range strings.Split(setting.Setting, ".") {
		at = at.AtName(name)
	}
	return diag.NewAttributeErrorDiagnostic(at, fmt.Sprintf("The setting notify.%s cannot work", setting.Setting), sentence(setting.Problem))
}

// observe is the engine's observer.
func (r *reporter) observe(ctx context.Context, h *engine.Hub, report engine.Report) (notes []string) {
	if r.log == nil && r.notifier == nil {
		return nil // nobody to tell, so no words are made
	}
	var failed diag.Diagnostic
	var steps []string
	if report.Err != nil {
		failed = taskDiag(ctx, h, report.Err)
		steps = stepLines(h, report.Err)
	}
	if r.log != nil {
		if err := r.log.Append(report.Record(h.KnownName(), steps)); err != nil {
			notes = append(notes, fmt.Sprintf("The task log %s has no line for the %s task of %s: %v. The task itself is not affected.",
				r.log.Path(), taskName(report.Task.Kind), report.Task.Email, err))
		}
	}
	// Whoever pressed Ctrl-C knows.
	if report.Outcome != engine.OutcomeFailed || ctx.Err() != nil {
		return notes
	}
	for _, err := range r.notifier.Send(ctx, notify.Message{
		Time: r.now(), Summary: failed.Summary(), Detail: failed.Detail(), HubName: h.Name(), Task: report.Task, Fault: report.Err.Fault, ManualSteps: steps,
	}) {
		notes = append(notes, fmt.Sprintf("The message about %s could not be delivered: %v. The task itself is not affected.", report.Task.Email, err))
	}
	return notes
}

// stepLines is the manual steps of a failed task, one line each.
func stepLines(h *engine.Hub, te *hub.TaskError) []string {
	var lines []string
	for _, step := range runbook.For(guidePlatform(h), te.Task.Kind).Steps(fill(h, te)) {
		lines = append(lines, strings.Join(append([]string{step.Text}, step.Links...), " "))
	}
	return lines
}

// failed is taskDiag for a task of an apply, with what else went wrong about it.
func failed(ctx context.Context, h *engine.Hub, err error) diag.Diagnostics {
	diags := diag.Diagnostics{taskDiag(ctx, h, err)}
	diags.Append(besides(h, err)...)
	return diags
}

// besides is what else went wrong about a task.
func besides(h *engine.Hub, err error) (diags diag.Diagnostics) {
	if te := (*hub.TaskError)(nil); errors.As(err, &te) {
		for _, note := range te.Notes {
			diags.AddWarning("About "+hubTitle(h), note)
		}
	}
	return diags
}
