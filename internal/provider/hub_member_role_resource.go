package provider

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// memberRoleResource is one role of one member: a secondary role beside the
// primary one, or the primary role itself.
type memberRoleResource struct{ base }

var (
	_ resource.ResourceWithConfigure      = (*memberRoleResource)(nil)
	_ resource.ResourceWithImportState    = (*memberRoleResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*memberRoleResource)(nil)
	_ resource.ResourceWithValidateConfig = (*memberRoleResource)(nil)
)

type memberRoleModel struct {
	ID           types.String   `tfsdk:"id"`
	MemberID     types.String   `tfsdk:"member_id"`
	Role         types.String   `tfsdk:"role"`
	Kind         types.String   `tfsdk:"kind"`
	OnDestroy    types.String   `tfsdk:"on_destroy"`
	AllowLockout types.Bool     `tfsdk:"allow_lockout"`
	Timeouts     timeouts.Value `tfsdk:"timeouts"`
}

func (r *memberRoleResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_hub_member_role"
}

func (r *memberRoleResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.configure(req.ProviderData, resp.Diagnostics.AddError)
}

func (r *memberRoleResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	replace := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	resp.Schema = schema.Schema{
		MarkdownDescription: "One role of one member. It is additive: other roles of the person are left alone. " +
			"Deleting a secondary role takes it away; deleting a primary role returns the person to the platform's least-privileged one.",
		Attributes: map[string]schema.Attribute{
			"member_id": schema.StringAttribute{
				Required: true, PlanModifiers: replace,
				MarkdownDescription: "The `id` of a `roster_hub_member`: `<platform>/<business_id>/<email>`.",
			},
			"role": schema.StringAttribute{
				Required: true, PlanModifiers: replace,
				MarkdownDescription: "The role, primary or secondary, as the platform names it.",
			},
			"allow_lockout": schema.BoolAttribute{
				Optional: true, Computed: true,
				Default:             booldefault.StaticBool(false),
				MarkdownDescription: "Permit demoting the last administrator, or the identity roster itself uses, when this resource goes. Defaults to `false`.",
			},
			"on_destroy": choice("What to do when this resource goes: `revoke` the role, or `keep` it, until the person's seat goes. "+
				"Where a platform's API cannot take a role, `keep` lets a leaver's seat be removed without a person taking the role first. The value of the last apply counts.", revokeDestroy, keepDestroy),
			"id":   schema.StringAttribute{Computed: true, MarkdownDescription: "`<platform>/<business_id>/<email>/<role>`. Known at plan time."},
			"kind": schema.StringAttribute{Computed: true, MarkdownDescription: "`primary` or `secondary`."},
		},
		Blocks: map[string]schema.Block{
			"timeouts": taskTimeouts(ctx, timeouts.Opts{Create: true, Delete: true}),
		},
	}
}

func (r *memberRoleResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config memberRoleModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !known(config.MemberID) {
		return
	}
	h, _, diags := r.member(config.MemberID.ValueString())
	resp.Diagnostics.Append(diags...)
	if !diags.HasError() && known(config.Role) {
		resp.Diagnostics.Append(checkRole(h, config.Role.ValueString(), path.Root("role"), hub.Secondary)...)
	}
}

// member resolves a member id.
func (r *memberRoleResource) member(id string) (*engine.Hub, hub.MemberRef, diag.Diagnostics) {
	ref, err := hub.ParseMemberRef(id)
	var h *engine.Hub
	if err == nil {
		h, err = r.engine.Hub(ref.Hub)
	}
	if err != nil {
		return nil, ref, diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("member_id"), "Malformed member id", sentence(err.Error()))}
	}
	return h, ref, nil
}

func (r *memberRoleResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var plan, state *memberRoleModel
	if !req.Plan.Raw.IsNull() {
		resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	}
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() || plan == nil && state == nil {
		return
	}
	current := plan
	if current == nil {
		current = state
	}
	if !known(current.MemberID) || !known(current.Role) {
		return
	}
	h, ref, diags := r.member(current.MemberID.ValueString())
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(shareSettings(ctx, h, resp.Private)...)
	resp.Diagnostics.Append(learn(ctx, h)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan != nil {
		resp.Diagnostics.Append(checkRole(h, plan.Role.ValueString(), path.Root("role"), hub.Secondary)...)
		if resp.Diagnostics.HasError() {
			return
		}
		plan.ID = types.StringValue(hub.RoleRef{Member: ref, Role: plan.Role.ValueString()}.String())
		plan.Kind = types.StringValue(string(kindOf(h, plan.Role.ValueString())))
		kept, diags := keptJob(ctx, req.Private)
		resp.Diagnostics.Append(diags...)
		if kept.Job != "" {
			resp.Diagnostics.Append(kept.waiting(h, ref.Email))
			// So that there is something to update: the wait goes on there.
			plan.Kind = types.StringUnknown()
		}
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
		if kindOf(h, plan.Role.ValueString()) == hub.Primary {
			resp.Diagnostics.Append(r.claims.lay(ref, claimRoleRes, claimRole, state == nil)...)
		} else if role, ok := h.Platform().Role(plan.Role.ValueString()); ok {
			resp.Diagnostics.Append(r.claims.layGroup(ref, role.Group, state == nil)...)
		}
		if state != nil && state.ID.Equal(plan.ID) {
			return
		}
	}
	if plan == nil && state.OnDestroy.ValueString() == keepDestroy {
		return
	}
	m, found, diags := findAtPlan(ctx, h, ref.Email, "")
	resp.Diagnostics.Append(diags...)
	if diags.HasError() || m == nil {
		return
	}
	if !found || !m.Status.Live() {
		// The member is still to be added, or is gone.
		if plan != nil {
			resp.Diagnostics.Append(plan.ahead(h, ref)...)
		}
		return
	}
	task, needed := current.change(h, ref, *m, plan == nil)
	if needed && task.Role == "" {
		resp.Diagnostics.AddError(fmt.Sprintf("%s cannot lose the role %s on %s", ref.Email, current.Role.ValueString(), hubTitle(h)),
			fmt.Sprintf("It is the primary role, and which one is the least-privileged, to be left instead, %s does not say. "+
				"Give them another role with role in their roster_hub_member; or apply on_destroy = %q first.", h.Platform().Vendor, keepDestroy))
		return
	}
	if needed {
		resp.Diagnostics.Append(r.readOnly(ctx, h)...)
		resp.Diagnostics.Append(checkRoleChange(ctx, h, *m, task)...)
	}
}

// ahead says what comes of a primary role for somebody whom the same apply is
// still to invite, with the least-privileged one.
func (m *memberRoleModel) ahead(h *engine.Hub, ref hub.MemberRef) diag.Diagnostics {
	role, p := m.Role.ValueString(), h.Platform()
	if kindOf(h, role) != hub.Primary || role == p.DefaultRole() || !slices.Contains(p.Statuses, hub.StatusInvited) {
		return nil
	}
	what := ""
	switch p.Capabilities.Of(hub.OpChangeInvitedRole) {
	case hub.Supported:
		return nil
	case hub.ByReinvite:
		what = "apply withdraws the invitation it has just sent and sends another one: they get two e-mails"
	case hub.AfterAcceptance, hub.Unsupported:
		what = "apply will fail on this role until they have accepted"
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic(
		fmt.Sprintf("%s is invited to %s before this role is given", ref.Email, hubTitle(h)),
		fmt.Sprintf("%s cannot change the role of an invitation, so %s. Write role = %q in their roster_hub_member instead, and leave this resource out.", p.Vendor, what, role))}
}

// change is the task that gives the role, or takes it again; needed is false
// when the platform shows that already.
func (m *memberRoleModel) change(h *engine.Hub, ref hub.MemberRef, now hub.Member, take bool) (task engine.RoleTask, needed bool) {
	role := m.Role.ValueString()
	settings, _ := h.Settings()
	task = engine.RoleTask{
		Email: ref.Email, MemberID: now.ID, Role: role, Kind: kindOf(h, role), Revoke: take,
		Limits: engine.Limits{UnsupportedTasks: settings.UnsupportedTasks, AllowLockout: m.AllowLockout.ValueBool()},
	}
	if task.Kind == hub.Primary && take {
		// Taking a primary role leaves the least-privileged one, unless somebody
		// has given another since.
		task.Role, task.Revoke = h.Platform().DefaultRole(), false
		return task, now.Role == role && task.Role != role
	}
	return task, now.HasRole(role) == take
}

func kindOf(h *engine.Hub, role string) hub.RoleKind {
	if r, ok := h.Platform().Role(role); ok {
		return r.Kind
	}
	return cmp.Or(h.Platform().Unlisted, hub.Primary)
}

func (r *memberRoleResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan memberRoleModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	h, ref, diags := r.member(plan.MemberID.ValueString())
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	timeout, diags := plan.Timeouts.Create(ctx, taskTime(h))
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(learn(ctx, h)...)
	if resp.Diagnostics.HasError() {
		return
	}
	task, _ := plan.change(h, ref, hub.Member{}, false)
	task.Limits.Timeout = timeout
	result, err := h.ChangeRole(ctx, task)
	if jobOf(err) != "" {
		resp.Diagnostics.Append(underWay(ctx, h, err)...)
		resp.Diagnostics.Append(shareSettings(ctx, h, resp.Private)...)
		resp.Diagnostics.Append(keepJob(ctx, err, resp.Private)...)
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		return
	}
	if err != nil {
		resp.Diagnostics.Append(failed(ctx, h, err)...)
		return
	}
	resp.Diagnostics.Append(notes(h, result)...)
	resp.Diagnostics.Append(shareSettings(ctx, h, resp.Private)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *memberRoleResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state memberRoleModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	h, ref, diags := r.member(state.MemberID.ValueString())
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(shareSettings(ctx, h, resp.Private)...)
	if waiting, _ := h.Ready(); waiting {
		return // the credentials come later in this run; until then the state stands
	}
	running, _, diags := followJob(ctx, h, ref.Email, req.Private, resp.Private)
	resp.Diagnostics.Append(diags...)
	if running || resp.Diagnostics.HasError() {
		return
	}
	m, found, err := h.Find(ctx, ref.Email, "")
	switch {
	case err != nil:
		resp.Diagnostics.Append(taskDiag(ctx, h, err))
	case !found || !m.Status.Live() || !m.HasRole(state.Role.ValueString()) && m.Wanted() != state.Role.ValueString():
		what := "has no seat there"
		if found && m.Status.Live() {
			what = "holds " + rolesHeld(m)
		}
		resp.Diagnostics.AddWarning(
			fmt.Sprintf("%s does not have the role %s on %s any more", ref.Email, state.Role.ValueString(), hubTitle(h)),
			fmt.Sprintf("The person %s: somebody changed that outside Terraform. If that was asked for, nothing is left to do. "+
				"If the resource block is still there, the next terraform apply gives the role again: delete the block (id %s) if it is to stay away.",
				what, state.ID.ValueString()))
		resp.State.RemoveResource(ctx)
	}
}

func rolesHeld(m hub.Member) string {
	roles := m.Roles()
	if len(roles) == 0 {
		return "no role"
	}
	text := roles[0]
	for _, r := range roles[1:] {
		text += ", " + r
	}
	return text
}

// Update takes over roster's own settings, and goes on waiting for a job that
// the create left under way.
func (r *memberRoleResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan memberRoleModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	kept, diags := keptJob(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	h, ref, diags := r.member(plan.MemberID.ValueString())
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if kept.Job != "" {
		timeout, diags := plan.Timeouts.Create(ctx, taskTime(h))
		resp.Diagnostics.Append(diags...)
		resp.Diagnostics.Append(learn(ctx, h)...)
		if resp.Diagnostics.HasError() {
			return
		}
		task, _ := plan.change(h, ref, hub.Member{}, false)
		task.Limits.Timeout, task.Job = timeout, kept.Job
		result, err := h.ChangeRole(ctx, task)
		resp.Diagnostics.Append(keepJob(ctx, err, resp.Private)...)
		if err != nil {
			resp.Diagnostics.Append(failed(ctx, h, err)...)
			return
		}
		resp.Diagnostics.Append(notes(h, result)...)
	}
	plan.Kind = types.StringValue(string(kindOf(h, plan.Role.ValueString())))
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *memberRoleResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state memberRoleModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || state.OnDestroy.ValueString() == keepDestroy {
		return
	}
	h, ref, diags := r.member(state.MemberID.ValueString())
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
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
	m, found, err := h.Find(ctx, ref.Email, "")
	if err == nil && found && m.Status.Live() {
		task, needed := state.change(h, ref, m, true)
		if !needed && kept.Job == "" {
			return
		}
		task.Limits.Timeout, task.Job = timeout, kept.Job
		var result engine.Result
		if task.Kind == hub.Primary {
			result, err = h.Downgrade(ctx, task)
		} else {
			result, err = h.ChangeRole(ctx, task)
		}
		resp.Diagnostics.Append(notes(h, result)...)
	}
	if err != nil {
		resp.Diagnostics.Append(keepJob(ctx, err, resp.Private)...)
		resp.Diagnostics.Append(failed(ctx, h, err)...)
	}
}

func (r *memberRoleResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ref, err := hub.ParseRoleRef(req.ID)
	var h *engine.Hub
	if err == nil {
		h, err = r.engine.Hub(ref.Member.Hub)
	}
	if err != nil {
		resp.Diagnostics.AddError("Malformed import id",
			sentence(err.Error())+"\n\nImport a member's role as in:\n\n  terraform import roster_hub_member_role.ada_admin meta_business/222000111000222/ada@northwind.example/ADMIN")
		return
	}
	resp.Diagnostics.Append(learn(ctx, h)...)
	resp.Diagnostics.Append(checkRole(h, ref.Role, path.Root("role"), hub.Secondary)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m, found, err := h.Find(ctx, ref.Member.Email, "")
	switch {
	case err != nil:
		resp.Diagnostics.Append(taskDiag(ctx, h, err))
		return
	case !found || !m.Status.Live():
		resp.Diagnostics.AddError(fmt.Sprintf("%s is not on %s", ref.Member.Email, hubTitle(h)),
			"There is no seat and no open invitation under that address, so there is no role to import.")
		return
	case !m.HasRole(ref.Role):
		resp.Diagnostics.AddError(fmt.Sprintf("%s does not have the role %s on %s", ref.Member.Email, ref.Role, hubTitle(h)),
			fmt.Sprintf("The person holds %s. Import one of those, or write the resource without importing it and apply.", rolesHeld(m)))
		return
	}
	state := memberRoleModel{
		ID:           types.StringValue(ref.String()),
		MemberID:     types.StringValue(ref.Member.String()),
		Role:         types.StringValue(ref.Role),
		Kind:         types.StringValue(string(kindOf(h, ref.Role))),
		OnDestroy:    types.StringValue(revokeDestroy),
		AllowLockout: types.BoolValue(false),
		Timeouts:     nullTimeouts("create", "delete"),
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}
