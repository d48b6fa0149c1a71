package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/runbook"
)

// defaultTimeout is how long one task may take. Verification of a write waits
// up to a minute on some platforms, and a throttle may cost a few more.
const defaultTimeout = 5 * time.Minute

// The values of on_existing, on_expired and on_destroy.
const (
	adoptExisting    = "adopt"
	failExisting     = "fail"
	reinviteExpired  = "reinvite"
	keepExpired      = "keep"
	removeDestroy    = "remove"
	downgradeDestroy = "downgrade"
	keepDestroy      = "keep"
	revokeDestroy    = "revoke"
)

// memberResource is one person's seat on one hub.
type memberResource struct{ base }

var (
	_ resource.ResourceWithConfigure      = (*memberResource)(nil)
	_ resource.ResourceWithImportState    = (*memberResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*memberResource)(nil)
	_ resource.ResourceWithValidateConfig = (*memberResource)(nil)
)

type memberModel struct {
	ID           types.String   `tfsdk:"id"`
	HubID        types.String   `tfsdk:"hub_id"`
	Email        emailValue     `tfsdk:"email"`
	Role         types.String   `tfsdk:"role"`
	DisplayName  types.String   `tfsdk:"display_name"`
	OnExisting   types.String   `tfsdk:"on_existing"`
	OnExpired    types.String   `tfsdk:"on_expired"`
	OnDestroy    types.String   `tfsdk:"on_destroy"`
	AllowLockout types.Bool     `tfsdk:"allow_lockout"`
	MemberID     types.String   `tfsdk:"member_id"`
	Status       types.String   `tfsdk:"status"`
	Roles        types.Set      `tfsdk:"roles"`
	InvitedAt    types.String   `tfsdk:"invited_at"`
	ExpiresAt    types.String   `tfsdk:"expires_at"`
	Timeouts     timeouts.Value `tfsdk:"timeouts"`
}

func (r *memberResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_hub_member"
}

func (r *memberResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.configure(req.ProviderData, resp.Diagnostics.AddError)
}

func (r *memberResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "One person's seat on a business hub: creating it adds them (on most platforms by an invitation), changing `role` changes their primary role, " +
			"deleting it removes them or withdraws the invitation.",
		Attributes: map[string]schema.Attribute{
			"hub_id": schema.StringAttribute{
				Required:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				MarkdownDescription: "The `id` of the hub.",
			},
			"email": schema.StringAttribute{
				Required:            true,
				CustomType:          emailType{},
				PlanModifiers:       emailPlan(),
				Validators:          []validator.String{emailValidator{}},
				MarkdownDescription: "The person's address on the platform. Compared without case; what you write is kept.",
			},
			"role": schema.StringAttribute{
				Optional:      true,
				Computed:      true,
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
				MarkdownDescription: "The primary role. Without it somebody new gets the platform's least-privileged role, somebody adopted keeps theirs, and later changes are left alone. " +
					"Do not set it when a `roster_hub_member_role` manages the primary role.",
			},
			"display_name": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The name to invite the person under, on platforms that want one. Changing it later changes nothing on the platform.",
			},
			"on_existing": choice("What to do when the person is on the hub already: `adopt` the seat, with the wanted role; or `fail`, with the import command.", adoptExisting, failExisting),
			"on_expired":  choice("What to do when the invitation has run out or was declined: `reinvite` or `keep`.", reinviteExpired, keepExpired),
			"on_destroy":  choice("What to do when this resource goes: `remove` the person, `downgrade` them to the least-privileged role (an invitation is withdrawn instead), or `keep` them as they are. The value of the last apply counts.", removeDestroy, downgradeDestroy, keepDestroy),
			"allow_lockout": schema.BoolAttribute{
				Optional: true, Computed: true,
				Default:             booldefault.StaticBool(false),
				MarkdownDescription: "Permit removing or demoting the last administrator, or the identity roster itself uses. On a destroy the value of the last apply counts. Defaults to `false`.",
			},
			"id": schema.StringAttribute{
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
				MarkdownDescription: "`<platform>/<business_id>/<email>`, the e-mail in lower case. Known at plan time.",
			},
			"member_id":  schema.StringAttribute{Computed: true, MarkdownDescription: "The platform's own id of the seat or the invitation. Changes without any planned change when an invitation is accepted."},
			"status":     schema.StringAttribute{Computed: true, MarkdownDescription: "`active`, `invited`, `pending_approval`, `expired`, `declined`, `suspended` or `unknown`."},
			"roles":      schema.SetAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Every role the person holds, primary and secondary."},
			"invited_at": schema.StringAttribute{Computed: true, MarkdownDescription: "When the invitation was sent, where the platform tells (RFC 3339)."},
			"expires_at": schema.StringAttribute{Computed: true, MarkdownDescription: "When the invitation runs out, where the platform tells (RFC 3339)."},
		},
		Blocks: map[string]schema.Block{
			"timeouts": taskTimeouts(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
		},
	}
}

// choice is an optional attribute with a few legal words, the first of which is
// the default.
func choice(text string, words ...string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true,
		Default:             stringdefault.StaticString(words[0]),
		Validators:          []validator.String{stringvalidator.OneOf(words...)},
		MarkdownDescription: text + " Defaults to `" + words[0] + "`.",
	}
}

func (r *memberResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config memberModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !known(config.HubID) {
		return
	}
	h, diags := r.hub(config.HubID.ValueString())
	resp.Diagnostics.Append(diags...)
	if diags.HasError() {
		return
	}
	if known(config.Role) {
		resp.Diagnostics.Append(checkRole(h, config.Role.ValueString(), path.Root("role"), hub.Primary)...)
	}
}

func (r *memberResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan memberModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	h, diags := r.hub(plan.HubID.ValueString())
	resp.Diagnostics.Append(diags...)
	if diags.HasError() {
		return
	}
	timeout, diags := plan.Timeouts.Create(ctx, taskTime(h))
	resp.Diagnostics.Append(diags...)
	if diags.HasError() {
		return
	}
	result, err := h.Add(ctx, plan.addTask(h, timeout))
	if jobOf(err) != "" {
		resp.Diagnostics.Append(underWay(ctx, h, err)...)
		resp.Diagnostics.Append(shareSettings(ctx, h, resp.Private)...)
		resp.Diagnostics.Append(keepJob(ctx, err, resp.Private)...)
		resp.Diagnostics.Append(plan.fill(ctx, hub.Member{Role: plan.Role.ValueString(), Status: hub.StatusUnknown})...)
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		return
	}
	if err != nil {
		// The person may have been there before: a state entry would be tainted,
		// and the next apply would take their seat and invite them again.
		resp.Diagnostics.Append(failed(ctx, h, err)...)
		return
	}
	resp.Diagnostics.Append(notes(h, result)...)
	resp.Diagnostics.Append(shareSettings(ctx, h, resp.Private)...)
	resp.Diagnostics.Append(keepUsername(ctx, result.Member, resp.Private)...)
	if result.Unverified {
		resp.Diagnostics.Append(keepAccepted(ctx, r.now(), resp.Private)...)
	}
	resp.Diagnostics.Append(plan.fill(ctx, result.Member)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *memberResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state memberModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	h, diags := r.hub(state.HubID.ValueString())
	resp.Diagnostics.Append(diags...)
	if diags.HasError() {
		return
	}
	resp.Diagnostics.Append(shareSettings(ctx, h, resp.Private)...)
	if waiting, _ := h.Ready(); waiting {
		return // the credentials come later in this run; until then the state stands
	}
	running, failed, diags := followJob(ctx, h, state.Email.ValueString(), req.Private, resp.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	m, found, err := h.Find(ctx, state.Email.ValueString(), state.MemberID.ValueString())
	pending := hub.Status(state.Status.ValueString()).Pending()
	if err == nil && !found && pending {
		m, found, err = findByUsername(ctx, h, req.Private)
	}
	if err == nil && !found && pending {
		m, found, err = h.Trace(ctx, state.Email.ValueString(), state.MemberID.ValueString())
	}
	switch {
	case err != nil:
		// The state is kept: cannot see never means not there.
		resp.Diagnostics.Append(taskDiag(ctx, h, err))
	case !found && running:
		// The add goes on: nobody is there yet, and nobody is gone.
	case (!found || !m.Status.Live()) && accepted(ctx, req.Private, r.now()): // an older row is no news either
		resp.Diagnostics.Append(unseenWarning(h, &state))
	case !found && state.over(r.now()) != "":
		over := state.over(r.now())
		if pending {
			resp.Diagnostics.Append(overWarning(h, &state, over)...)
		}
		state.Status = types.StringValue(string(over))
		resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	case !found && failed:
		resp.State.RemoveResource(ctx) // as it has just been told
	case !found:
		resp.Diagnostics.Append(goneWarning(h, &state, pending))
		resp.State.RemoveResource(ctx)
	default:
		// Some apps scramble the address of whoever they switch off.
		if m.Email != "" && m.Email != hub.FoldEmail(state.Email.ValueString()) && m.Status != hub.StatusSuspended {
			resp.Diagnostics.AddWarning(
				fmt.Sprintf("%s has another address on %s now", state.Email.ValueString(), hubTitle(h)),
				fmt.Sprintf("The seat %s is listed as %s. roster goes on managing it by its id. To follow the change, write the new address and move the state: "+
					"terraform state rm the old address, then terraform import <address> %s.",
					m.ID, m.Email, hub.MemberRef{Hub: h.Ref(), Email: m.Email}))
		}
		if m.Status == hub.StatusSuspended && state.Status.ValueString() == string(hub.StatusActive) {
			resp.Diagnostics.Append(suspendedWarning(h, &state))
		}
		if pending && !m.Status.Live() {
			resp.Diagnostics.Append(overWarning(h, &state, m.Status)...)
		}
		resp.Diagnostics.Append(keepUsername(ctx, m, resp.Private)...)
		resp.Diagnostics.Append(forgetAccepted(ctx, resp.Private)...)
		resp.Diagnostics.Append(state.fill(ctx, m)...)
		resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	}
}

// overWarning says that an invitation has come to nothing where no plan will:
// nothing is planned for one that is kept.
func overWarning(h *engine.Hub, state *memberModel, now hub.Status) diag.Diagnostics {
	if state.OnExpired.ValueString() != keepExpired {
		return nil
	}
	what := "has run out"
	if now == hub.StatusDeclined {
		what = "was declined"
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic(
		fmt.Sprintf("The invitation of %s to %s %s", state.Email.ValueString(), hubTitle(h), what),
		fmt.Sprintf("They have no seat, and on_expired = %q leaves it at that. To invite them again, set on_expired = %q and apply; "+
			"if they are to stay away, delete the resource block (id %s).", keepExpired, reinviteExpired, state.ID.ValueString()))}
}

// suspendedWarning says that somebody's seat was switched off. The state keeps
// it: to switch it on again unasked could undo a leaver's removal.
func suspendedWarning(h *engine.Hub, state *memberModel) diag.Diagnostic {
	return diag.NewWarningDiagnostic(
		fmt.Sprintf("%s is suspended on %s", state.Email.ValueString(), hubTitle(h)),
		fmt.Sprintf("The seat was switched off outside Terraform; roster leaves it so. If they are to stay away, delete the resource block (id %s). "+
			"To switch the seat on again, do it where it was switched off, or run terraform apply -replace=ADDRESS on a platform whose seats can be switched on by an add.", state.ID.ValueString()))
}

// usernameKey is where a member keeps the user name that their invitation
// showed, on platforms that have one. Some hide the address of a person once
// they have accepted; the name is what is left to know them by.
const usernameKey = "username"

func keepUsername(ctx context.Context, m hub.Member, private privateState) diag.Diagnostics {
	if m.Username == "" {
		return nil
	}
	data, err := json.Marshal(m.Username)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unusable user name", err.Error())}
	}
	return private.SetKey(ctx, usernameKey, data)
}

func findByUsername(ctx context.Context, h *engine.Hub, private privateState) (hub.Member, bool, error) {
	var username string
	data, _ := private.GetKey(ctx, usernameKey)
	if len(data) == 0 {
		return hub.Member{}, false, nil
	}
	if err := json.Unmarshal(data, &username); err != nil {
		return hub.Member{}, false, fmt.Errorf("read the user name kept in private state: %w", err)
	}
	return h.FindByUsername(ctx, username)
}

// acceptedKey is where a member keeps when the platform accepted an add that it
// did not show yet. Until unseenFor has passed, not to be listed is no news: to
// take the seat out of the state would invite the person a second time.
const (
	acceptedKey = "accepted_at"
	unseenFor   = time.Hour
)

func keepAccepted(ctx context.Context, now time.Time, private privateState) diag.Diagnostics {
	data, err := json.Marshal(now)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unusable time", err.Error())}
	}
	return private.SetKey(ctx, acceptedKey, data)
}

// forgetAccepted ends the hour of grace: the platform has shown the person, and
// from then on whoever is not listed is gone.
func forgetAccepted(ctx context.Context, private privateState) diag.Diagnostics {
	if data, diags := private.GetKey(ctx, acceptedKey); len(data) == 0 || string(data) == "null" {
		return diags
	}
	return private.SetKey(ctx, acceptedKey, []byte("null"))
}

// accepted says that an add was accepted a moment ago and never seen since.
func accepted(ctx context.Context, private privateState, now time.Time) bool {
	var at time.Time
	data, _ := private.GetKey(ctx, acceptedKey)
	if len(data) == 0 || json.Unmarshal(data, &at) != nil {
		return false
	}
	return now.Sub(at) < unseenFor
}

func unseenWarning(h *engine.Hub, state *memberModel) diag.Diagnostic {
	return diag.NewWarningDiagnostic(
		fmt.Sprintf("%s is not listed on %s yet", state.Email.ValueString(), hubTitle(h)),
		fmt.Sprintf("%s accepted the add less than an hour ago, so roster keeps the seat in the state and invites nobody again. "+
			"If the platform does not list them after that hour, the next plan adds them anew.", h.Platform().Vendor))
}

// goneWarning says that somebody is not there any more, and the next command.
func goneWarning(h *engine.Hub, state *memberModel, pending bool) diag.Diagnostic {
	email := state.Email.ValueString()
	if state.Status.ValueString() == string(hub.StatusPendingApproval) {
		return diag.NewWarningDiagnostic(
			fmt.Sprintf("The invitation of %s to %s was not approved", email, hubTitle(h)),
			fmt.Sprintf("A second administrator rejected it, or nobody approved it in time. If their resource block is still there, the next terraform apply asks again; "+
				"if they are to stay away, delete the block (id %s).", state.ID.ValueString()))
	}
	if pending {
		return diag.NewWarningDiagnostic(
			fmt.Sprintf("The invitation of %s to %s is gone", email, hubTitle(h)),
			fmt.Sprintf("It was withdrawn or declined, or accepted by an account under another address or a hidden one: look through the list of people before you apply.%s\n\n"+
				"If their resource block is still there, the next terraform apply invites %s again. If they joined under another address, write that address instead and import it; "+
				"if they are to stay away, delete the block (id %s).", screen(h), email, state.ID.ValueString()))
	}
	if state.MemberID.IsNull() && state.Status.ValueString() == string(hub.StatusUnknown) {
		return diag.NewWarningDiagnostic(
			fmt.Sprintf("%s is not on %s", email, hubTitle(h)),
			fmt.Sprintf("An earlier apply asked for a seat, and there is none. If their resource block is still there, the next terraform apply asks again; "+
				"delete the block (id %s) if they are to stay away.", state.ID.ValueString()))
	}
	return diag.NewWarningDiagnostic(
		fmt.Sprintf("%s is no longer on %s", email, hubTitle(h)),
		fmt.Sprintf("They were removed outside Terraform. If that was asked for, nothing is left to do. "+
			"If their resource block is still there, the next terraform apply adds them again: delete the block (id %s) if they are to stay away.", state.ID.ValueString()))
}

func (r *memberResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state memberModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	h, diags := r.hub(plan.HubID.ValueString())
	resp.Diagnostics.Append(diags...)
	if diags.HasError() {
		return
	}
	timeout, diags := plan.Timeouts.Update(ctx, taskTime(h))
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(shareSettings(ctx, h, resp.Private)...)
	kept, diags := keptJob(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}

	var result engine.Result
	var err error
	switch {
	case kept.Job != "" && kept.Task != hub.TaskChangeRole, state.reinvites(plan.OnExpired):
		add := plan.addTask(h, timeout)
		add.Job, add.Leaving = kept.Job, kept.Task == hub.TaskRemove
		add.RefuseExisting = add.RefuseExisting && kept.Job == "" // what the job is about is no stranger
		result, err = h.Add(ctx, add)
	case kept.Job != "", known(plan.Role) && !plan.Role.Equal(state.Role):
		task := plan.roleTask(h, plan.Role.ValueString(), timeout)
		task.MemberID, task.Job = state.MemberID.ValueString(), kept.Job
		result, err = h.ChangeRole(ctx, task)
	default:
		// Only roster's own settings changed: the plan has everything, and no
		// request goes out.
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		return
	}
	resp.Diagnostics.Append(keepJob(ctx, err, resp.Private)...)
	if err != nil {
		resp.Diagnostics.Append(failed(ctx, h, err)...)
		return
	}
	resp.Diagnostics.Append(notes(h, result)...)
	resp.Diagnostics.Append(plan.fill(ctx, result.Member)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *memberResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state memberModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || state.OnDestroy.ValueString() == keepDestroy {
		return
	}
	h, diags := r.hub(state.HubID.ValueString())
	resp.Diagnostics.Append(diags...)
	if diags.HasError() {
		return
	}
	timeout, diags := state.Timeouts.Delete(ctx, taskTime(h))
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(shareSettings(ctx, h, resp.Private)...)
	resp.Diagnostics.Append(learn(ctx, h)...)
	kept, diags := keptJob(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	var result engine.Result
	var err error
	if state.OnDestroy.ValueString() == downgradeDestroy {
		task := state.roleTask(h, h.Platform().DefaultRole(), timeout)
		task.Job, task.Leaving = kept.Job, true
		result, err = h.Downgrade(ctx, task)
	} else {
		result, err = h.Remove(ctx, engine.RemoveTask{
			Email:    state.Email.ValueString(),
			MemberID: state.MemberID.ValueString(),
			Job:      kept.Job,
			Limits:   state.limits(h, timeout),
		})
	}
	if err != nil {
		resp.Diagnostics.Append(keepJob(ctx, err, resp.Private)...)
		resp.Diagnostics.Append(failed(ctx, h, err)...)
		return
	}
	resp.Diagnostics.Append(notes(h, result)...)
}

// ImportState takes in somebody who is on the hub. It only reads, and refuses
// an id nobody has: Terraform's own words for that would not say who is there.
func (r *memberResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ref, err := hub.ParseMemberRef(req.ID)
	var h *engine.Hub
	if err == nil {
		h, err = r.engine.Hub(ref.Hub)
	}
	if err != nil {
		resp.Diagnostics.AddError("Malformed import id",
			sentence(err.Error())+"\n\nImport a member as in:\n\n  terraform import roster_hub_member.ada meta_business/222000111000222/ada@northwind.example")
		return
	}
	m, found, err := h.Find(ctx, ref.Email, "")
	if err != nil {
		resp.Diagnostics.Append(taskDiag(ctx, h, err))
		return
	}
	if !found || !m.Status.Live() {
		resp.Diagnostics.AddError(fmt.Sprintf("%s is not on %s", ref.Email, hubTitle(h)),
			"There is no seat and no open invitation under that address, so there is nothing to import. "+
				"Check the address against the platform's own list:"+screen(h)+
				"\n\nTo add the person, write the resource without importing it and apply.")
		return
	}
	state := memberModel{
		ID:           types.StringValue(ref.String()),
		HubID:        types.StringValue(ref.Hub.String()),
		Email:        newEmail(ref.Email),
		OnExisting:   types.StringValue(adoptExisting),
		OnExpired:    types.StringValue(reinviteExpired),
		OnDestroy:    types.StringValue(removeDestroy),
		AllowLockout: types.BoolValue(false),
		Timeouts:     nullTimeouts("create", "update", "delete"),
	}
	resp.Diagnostics.Append(state.fill(ctx, m)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// fill takes over what the platform reports.
func (m *memberModel) fill(ctx context.Context, seen hub.Member) diag.Diagnostics {
	m.MemberID = orNull(seen.ID)
	m.Status = types.StringValue(string(seen.Status))
	if wanted := seen.Wanted(); wanted != seen.Role {
		// Asked for and held: what the configuration wants is on its way, and a
		// plan that asked again would be one request too many. roles tells what
		// the person holds until then.
		m.Status = types.StringValue(string(hub.StatusPendingApproval))
	}
	m.Role = orNull(seen.Wanted())
	m.InvitedAt = timeOrNull(seen.InvitedAt)
	m.ExpiresAt = timeOrNull(seen.ExpiresAt)
	roles, diags := types.SetValueFrom(ctx, types.StringType, append([]string{}, seen.Roles()...))
	m.Roles = roles
	return diags
}

// over is how an invitation that is not listed any more ended, "" when nobody
// knows: expired when it had reached its end, rather than withdrawn by somebody;
// and what an earlier refresh saw, as long as nothing else is there.
func (m *memberModel) over(now time.Time) hub.Status {
	status := hub.Status(m.Status.ValueString())
	if status == hub.StatusExpired || status == hub.StatusDeclined {
		return status
	}
	end, err := time.Parse(time.RFC3339, m.ExpiresAt.ValueString())
	if err == nil && status.Pending() && now.After(end) {
		return hub.StatusExpired
	}
	return ""
}

// reinvites says whether the next apply sends a new invitation, because the old
// one came to nothing.
func (m *memberModel) reinvites(onExpired types.String) bool {
	status := m.Status.ValueString()
	return status != "" && !hub.Status(status).Live() && onExpired.ValueString() == reinviteExpired
}

func (m *memberModel) limits(h *engine.Hub, timeout time.Duration) engine.Limits {
	settings, _ := h.Settings()
	return engine.Limits{UnsupportedTasks: settings.UnsupportedTasks, AllowLockout: m.AllowLockout.ValueBool(), Timeout: timeout}
}

func (m *memberModel) addTask(h *engine.Hub, timeout time.Duration) engine.AddTask {
	return engine.AddTask{
		Email:          m.Email.ValueString(),
		Role:           m.Role.ValueString(),
		Name:           m.DisplayName.ValueString(),
		RefuseExisting: m.OnExisting.ValueString() == failExisting,
		Limits:         m.limits(h, timeout),
	}
}

func (m *memberModel) roleTask(h *engine.Hub, role string, timeout time.Duration) engine.RoleTask {
	return engine.RoleTask{Email: m.Email.ValueString(), MemberID: m.MemberID.ValueString(), Role: role, Limits: m.limits(h, timeout)}
}

// taskTimeouts is the timeouts block, with words of roster's own.
func taskTimeouts(ctx context.Context, opts timeouts.Opts) schema.Block {
	const text = "How long one such task may take, verification included, such as `90s` or `10m`. Defaults to `5m`; to `15m` on platforms that work in jobs."
	opts.CreateDescription, opts.UpdateDescription, opts.DeleteDescription = text, text, text
	return timeouts.Block(ctx, opts)
}

// nullTimeouts is an unset timeouts block, for an import.
func nullTimeouts(names ...string) timeouts.Value {
	parts := map[string]attr.Type{}
	for _, name := range names {
		parts[name] = types.StringType
	}
	return timeouts.Value{Object: types.ObjectNull(parts)}
}

func notes(h *engine.Hub, result engine.Result) diag.Diagnostics {
	var diags diag.Diagnostics
	if result.Held {
		diags.AddWarning(
			fmt.Sprintf("%s waits for a second administrator of %s", result.Member.Label(), hubTitle(h)),
			fmt.Sprintf("%s holds the change until a second administrator approves it; nothing more is asked for until then. %s%s",
				h.Platform().Vendor, sentence(runbook.Advice(h.Platform().Name, hub.ReasonAwaitingApproval)), screen(h)))
	}
	for _, note := range result.Notes {
		diags.AddWarning("About "+hubTitle(h), note)
	}
	return diags
}

func orNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

func timeOrNull(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}
