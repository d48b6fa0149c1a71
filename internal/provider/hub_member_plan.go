package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// ModifyPlan says at plan time what can be known at plan time: an adoption, a
// task the platform cannot do, a guard that would refuse. It reads the roster
// that the refresh has read already.
func (r *memberResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var plan, state *memberModel
	if !req.Plan.Raw.IsNull() {
		resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	}
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	hubID := types.StringNull()
	if plan != nil {
		hubID = plan.HubID
	} else if state != nil {
		hubID = state.HubID
	}
	if !known(hubID) {
		return
	}
	h, diags := r.hub(hubID.ValueString())
	resp.Diagnostics.Append(diags...)
	if diags.HasError() {
		return
	}
	resp.Diagnostics.Append(shareSettings(ctx, h, resp.Private)...)
	resp.Diagnostics.Append(learn(ctx, h)...)
	if resp.Diagnostics.HasError() {
		return
	}

	switch {
	case plan == nil:
		if state.OnDestroy.ValueString() != keepDestroy {
			resp.Diagnostics.Append(r.readOnly(ctx, h)...)
			resp.Diagnostics.Append(r.claims.leave(state.ref(h))...)
			kept, diags := keptJob(ctx, req.Private)
			resp.Diagnostics.Append(diags...)
			if kept.Job != "" {
				resp.Diagnostics.Append(kept.waiting(h, state.Email.ValueString()))
			}
		}
		resp.Diagnostics.Append(planDestroy(ctx, h, state)...)
		return
	case !known(plan.Email):
		return
	case state == nil:
		resp.Diagnostics.Append(r.claim(ctx, h, req.Config, plan, true)...)
		resp.Diagnostics.Append(checkOwnRole(h, plan.Role)...)
		plan.ID = types.StringValue(hub.MemberRef{Hub: h.Ref(), Email: hub.FoldEmail(plan.Email.ValueString())}.String())
		resp.Diagnostics.Append(checkDowngrade(h, plan.OnDestroy)...)
		resp.Diagnostics.Append(planCreate(ctx, h, plan)...)
		resp.Diagnostics.Append(r.readOnly(ctx, h)...)
	case !plan.HubID.Equal(state.HubID) || hub.FoldEmail(plan.Email.ValueString()) != hub.FoldEmail(state.Email.ValueString()):
		// Terraform plans the new one by itself, as a create. That this person
		// goes is said here or nowhere.
		resp.Diagnostics.Append(r.claim(ctx, h, req.Config, plan, false)...)
		old, diags := r.hub(state.HubID.ValueString())
		resp.Diagnostics.Append(diags...)
		if !diags.HasError() && state.OnDestroy.ValueString() != keepDestroy {
			resp.Diagnostics.Append(r.claims.leave(state.ref(old))...)
		}
		if !diags.HasError() {
			resp.Diagnostics.Append(planDestroy(ctx, old, state)...)
		}
		return
	default:
		resp.Diagnostics.Append(r.claim(ctx, h, req.Config, plan, false)...)
		if !plan.Role.Equal(state.Role) {
			resp.Diagnostics.Append(checkOwnRole(h, plan.Role)...)
		}
		if !plan.OnDestroy.Equal(state.OnDestroy) {
			resp.Diagnostics.Append(checkDowngrade(h, plan.OnDestroy)...)
		}
		kept, diags := keptJob(ctx, req.Private)
		resp.Diagnostics.Append(diags...)
		resp.Diagnostics.Append(planUpdate(ctx, h, plan, state, kept)...)
		if kept.Job != "" || state.reinvites(plan.OnExpired) || !plan.Role.Equal(state.Role) {
			resp.Diagnostics.Append(r.readOnly(ctx, h)...)
		}
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// claim lays hold of the member, and of the primary role where the configuration
// sets one.
func (r *memberResource) claim(ctx context.Context, h *engine.Hub, config tfsdk.Config, plan *memberModel, fresh bool) diag.Diagnostics {
	ref := hub.MemberRef{Hub: h.Ref(), Email: hub.FoldEmail(plan.Email.ValueString())}
	diags := r.claims.lay(ref, claimSeat, "", fresh)
	var role types.String
	diags.Append(config.GetAttribute(ctx, path.Root("role"), &role)...)
	if !role.IsNull() && !diags.HasError() {
		diags.Append(r.claims.lay(ref, claimRole, claimRoleRes, fresh)...)
	}
	return diags
}

// readOnly says, once for each hub, that what the plan holds will be refused. It
// is no error: to plan and look is what read_only is for.
func (b *base) readOnly(ctx context.Context, h *engine.Hub) diag.Diagnostics {
	if !h.ReadOnly() || b.claims.count(laid{member: hub.MemberRef{Hub: h.Ref()}, claim: "read_only"}) {
		return nil
	}
	hubName(ctx, h)
	return diag.Diagnostics{diag.NewWarningDiagnostic(
		fmt.Sprintf("Apply changes nobody on %s", hubTitle(h)),
		"The provider is configured with read_only = true: apply refuses every task of this plan that would change somebody. Set it to false to let apply work.")}
}

// checkOwnRole is checkRole for the roles that only the hub itself knows: the
// platform's have been checked when the configuration was validated.
func checkOwnRole(h *engine.Hub, role types.String) diag.Diagnostics {
	if !known(role) {
		return nil
	}
	return checkRole(h, role.ValueString(), path.Root("role"), hub.Primary)
}

// checkDowngrade refuses on_destroy = "downgrade" where no role is known to be the
// least-privileged one: the leaver would meet the error, and keep the seat.
func checkDowngrade(h *engine.Hub, onDestroy types.String) diag.Diagnostics {
	if onDestroy.ValueString() != downgradeDestroy || h.Platform().DefaultRole() != "" {
		return nil
	}
	if waiting, err := h.Ready(); waiting || err != nil {
		return nil // the hub's own roles decide, and they are not known yet
	}
	return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("on_destroy"), "No role to downgrade to",
		fmt.Sprintf("Which of its roles is the least-privileged one %s does not say, so roster could not downgrade anybody. Set on_destroy to %q or %q.", hubTitle(h), removeDestroy, keepDestroy))}
}

// learn reads the hub's own roles, where it has any and can be asked: a platform
// that is not configured is said by whatever needs it.
func learn(ctx context.Context, h *engine.Hub) diag.Diagnostics {
	if waiting, err := h.Ready(); waiting || err != nil {
		return nil
	}
	if err := h.Learn(ctx); err != nil {
		return diag.Diagnostics{taskDiag(ctx, h, err)}
	}
	return nil
}

func planCreate(ctx context.Context, h *engine.Hub, plan *memberModel) diag.Diagnostics {
	m, found, diags := findAtPlan(ctx, h, plan.Email.ValueString(), "")
	if diags.HasError() || m == nil {
		return diags
	}
	task := hub.Task{Kind: hub.TaskAdd, Hub: h.Ref(), Email: hub.FoldEmail(plan.Email.ValueString()), Role: plan.Role.ValueString()}
	if !found || !m.Status.Live() {
		if task.Role == "" {
			task.Role = h.Platform().DefaultRole()
		}
		settings, _ := h.Settings()
		if hub.Unsupported == h.Platform().Capabilities.Without(settings.UnsupportedTasks).Of(hub.OpAdd) {
			diags.Append(unsupportedAtPlan(h, task, hub.Member{}))
		}
		return diags
	}
	if m.Status == hub.StatusSuspended && h.Platform().Suspends {
		diags.AddWarning(fmt.Sprintf("%s is suspended on %s", task.Email, hubTitle(h)),
			fmt.Sprintf("They had a seat there before (id %s). Apply switches it on again, rather than making another one.", m.ID))
		return diags
	}

	id := task.Member().String()
	if plan.OnExisting.ValueString() == failExisting {
		hubName(ctx, h)
		diags.AddAttributeError(path.Root("on_existing"),
			fmt.Sprintf("%s is on %s already", task.Email, hubTitle(h)),
			fmt.Sprintf("They are %s there, %s, and on_existing = \"fail\" refuses to take the seat over. Import it:\n\n"+
				"  terraform import roster_hub_member.NAME %s\n\nor with a block:\n\n  import {\n    to = roster_hub_member.NAME\n    id = %q\n  }\n\n"+
				"With on_existing = \"adopt\" apply would take it over.", m.Status, holding(h, *m), id, id))
		return diags
	}
	change := ""
	if known(plan.Role) && plan.Role.ValueString() != m.Wanted() {
		change = fmt.Sprintf(" and changes the role from %s to %s", roleLabel(h, m.Role), roleLabel(h, plan.Role.ValueString()))
		if m.Role == "" {
			change = " and gives the role " + roleLabel(h, plan.Role.ValueString())
		}
		diags.Append(checkRoleChange(ctx, h, *m, plan.roleTask(h, plan.Role.ValueString(), 0))...)
	}
	diags.AddWarning(
		fmt.Sprintf("%s is on %s already", task.Email, hubTitle(h)),
		fmt.Sprintf("They are %s there, %s. Apply adopts the seat%s; nobody is invited a second time. To make it a choice of its own, import it first:\n\n"+
			"  terraform import roster_hub_member.NAME %s", m.Status, holding(h, *m), change, id))
	return diags
}

// holding is the role that somebody is found with.
func holding(h *engine.Hub, m hub.Member) string {
	if m.Role == "" {
		return "with no role"
	}
	return "with the role " + roleLabel(h, m.Role)
}

func planUpdate(ctx context.Context, h *engine.Hub, plan, state *memberModel, kept keptTask) diag.Diagnostics {
	var diags diag.Diagnostics
	switch {
	case kept.Job != "":
		diags.Append(kept.waiting(h, state.Email.ValueString()))
	case state.reinvites(plan.OnExpired):
		diags.AddWarning(
			fmt.Sprintf("The invitation of %s to %s has come to nothing", state.Email.ValueString(), hubTitle(h)),
			fmt.Sprintf("Its status is %s. Apply invites them again. To leave it, set on_expired = \"keep\" or delete the resource block.", state.Status.ValueString()))
	case plan.Role.IsUnknown():
		return diags
	case !plan.Role.Equal(state.Role):
		m, found, findDiags := findAtPlan(ctx, h, state.Email.ValueString(), state.MemberID.ValueString())
		diags.Append(findDiags...)
		if found && m.Status.Live() {
			diags.Append(checkRoleChange(ctx, h, *m, plan.roleTask(h, plan.Role.ValueString(), 0))...)
		}
	default:
		// Nothing on the platform changes, so nothing the platform reports does.
		plan.MemberID, plan.Status, plan.Roles = state.MemberID, state.Status, state.Roles
		plan.InvitedAt, plan.ExpiresAt = state.InvitedAt, state.ExpiresAt
		return diags
	}
	plan.Status, plan.Roles = types.StringUnknown(), types.SetUnknown(types.StringType)
	if state.Status.ValueString() == string(hub.StatusActive) && (kept.Job == "" || kept.Task == hub.TaskChangeRole) {
		// A seat keeps its id through a role change; an invitation may not, nor
		// does one that is being removed.
		plan.MemberID, plan.InvitedAt, plan.ExpiresAt = state.MemberID, state.InvitedAt, state.ExpiresAt
		return diags
	}
	plan.MemberID, plan.InvitedAt, plan.ExpiresAt = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	return diags
}

// ref is whose seat m is.
func (m *memberModel) ref(h *engine.Hub) hub.MemberRef {
	return hub.MemberRef{Hub: h.Ref(), Email: hub.FoldEmail(m.Email.ValueString())}
}

func planDestroy(ctx context.Context, h *engine.Hub, state *memberModel) diag.Diagnostics {
	if state.OnDestroy.ValueString() == keepDestroy {
		return nil
	}
	m, found, diags := findAtPlan(ctx, h, state.Email.ValueString(), state.MemberID.ValueString())
	if diags.HasError() || !found || !m.Status.Live() {
		return diags
	}
	if state.OnDestroy.ValueString() == downgradeDestroy && !m.Status.Pending() {
		if diags.Append(checkDowngrade(h, state.OnDestroy)...); diags.HasError() {
			return diags
		}
		diags.Append(checkRoleChange(ctx, h, *m, state.roleTask(h, h.Platform().DefaultRole(), 0))...)
		return diags
	}
	if err := h.CheckRemoval(ctx, *m, state.limits(h, 0)); err != nil {
		diags.Append(taskDiag(ctx, h, err))
		return diags
	}
	if err := h.PlanRemoval(ctx, *m); err != nil {
		diags.Append(taskDiag(ctx, h, err))
		return diags
	}
	op := hub.OpRemove
	if m.Status.Pending() {
		op = hub.OpCancel
	}
	settings, _ := h.Settings()
	if h.Platform().Capabilities.Without(settings.UnsupportedTasks).Of(op) == hub.Unsupported && h.Seated(*m) {
		task := hub.Task{Kind: hub.TaskRemove, Hub: h.Ref(), Email: hub.FoldEmail(state.Email.ValueString()), OldRole: m.Role}
		diags.Append(unsupportedAtPlan(h, task, *m))
	}
	return diags
}

// findAtPlan looks somebody up for a plan. A nil member means that the question
// has to wait: the credentials are not known yet.
func findAtPlan(ctx context.Context, h *engine.Hub, email, id string) (*hub.Member, bool, diag.Diagnostics) {
	waiting, err := h.Ready()
	if waiting {
		return nil, false, nil
	}
	var m hub.Member
	found := false
	if err == nil {
		m, found, err = h.Find(ctx, email, id)
	}
	if err != nil {
		return nil, false, diag.Diagnostics{taskDiag(ctx, h, err)}
	}
	return &m, found, nil
}

// checkRoleChange says what stands against a role change that a plan holds.
func checkRoleChange(ctx context.Context, h *engine.Hub, m hub.Member, in engine.RoleTask) diag.Diagnostics {
	var diags diag.Diagnostics
	if in.Kind != hub.Secondary {
		if err := h.CheckDemotion(ctx, m, in.Role, in.Limits); err != nil {
			diags.Append(taskDiag(ctx, h, err))
			return diags
		}
	}
	task := hub.Task{Kind: hub.TaskChangeRole, Hub: h.Ref(), Email: hub.FoldEmail(in.Email), Role: in.Role, OldRole: m.Role, Revoke: in.Revoke}
	if in.Kind == hub.Secondary {
		task.OldRole = ""
	}
	if m.Awaiting != nil && m.Wanted() != in.Role {
		diags.AddWarning(fmt.Sprintf("Another change of %s on %s waits for a second administrator", task.Email, hubTitle(h)),
			fmt.Sprintf("It is %s. Until somebody has approved or rejected it, apply will fail on this person.", m.Awaiting))
	}
	support := h.Platform().Capabilities.Without(in.Limits.UnsupportedTasks).Of(in.Operation(m))
	switch support {
	case hub.Supported:
	case hub.ByReinvite:
		diags.AddWarning(fmt.Sprintf("%s has not accepted the invitation to %s yet", task.Email, hubTitle(h)),
			fmt.Sprintf("%s cannot change the role of an invitation. Apply withdraws it and sends another one with the role %s: they get a second e-mail.", h.Platform().Vendor, roleLabel(h, in.Role)))
	case hub.AfterAcceptance:
		diags.AddWarning(fmt.Sprintf("%s has not accepted the invitation to %s yet", task.Email, hubTitle(h)),
			fmt.Sprintf("%s changes roles only after that, so apply will fail on this person until they have.", h.Platform().Vendor))
	case hub.Unsupported:
		diags.Append(unsupportedAtPlan(h, task, m))
	}
	return diags
}

// unsupportedAtPlan warns of a task that a person will have to do, because the
// platform has no such call or the hub's resource declares it unsupported. A
// declared add is refused outright: Terraform does not tell a create in the
// apply what the plan knew of the hub, and a warning would let it be tried.
func unsupportedAtPlan(h *engine.Hub, task hub.Task, m hub.Member) diag.Diagnostic {
	summary := fmt.Sprintf("The %s task for %s is left to a person on %s", taskName(task.Kind), task.Email, hubTitle(h))
	steps := manualSteps(h, task, m)
	settings, _ := h.Settings()
	if !slices.Contains(settings.UnsupportedTasks, task.Kind) {
		return diag.NewWarningDiagnostic(summary, fmt.Sprintf(
			"The API of %s has no such call, so apply will fail on it until a person has done it. Do it first, and the plan finds it done.\n\n%s", h.Platform().Vendor, steps))
	}
	declared := fmt.Sprintf("roster_business_hub lists %q in unsupported_tasks.", task.Kind)
	if task.Kind == hub.TaskAdd {
		return diag.NewErrorDiagnostic(summary, declared+" Do it first, and the plan adopts what you did.\n\n"+steps)
	}
	return diag.NewWarningDiagnostic(summary, declared+" Apply will fail on it until a person has done it. Do it first, and the plan finds it done.\n\n"+steps)
}

// checkRole refuses a role that the hub's platform does not know, or that is of
// the other kind.
func checkRole(h *engine.Hub, id string, at path.Path, want hub.RoleKind) diag.Diagnostics {
	p := h.Platform()
	if len(p.Roles) == 0 {
		return nil // the hub's own roles decide, and they are not known yet
	}
	role, ok := p.Role(id)
	switch {
	case !ok && want != hub.Primary && p.Unlisted == want:
		return nil // the app's own
	case !ok:
		detail := fmt.Sprintf("%s has no role %q.", p.Title, id)
		if near := p.NearestRole(id); near != "" {
			detail += fmt.Sprintf(" Did you mean %q?", near)
		}
		legal := p.RoleIDs(hub.Primary)
		if want != hub.Primary {
			legal = append(legal, p.RoleIDs(hub.Secondary)...)
		}
		detail += fmt.Sprintf("\n\nLegal on %s: %s.", h.Ref(), strings.Join(legal, ", "))
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(at, "Unknown role", detail)}
	case want == hub.Primary && role.Kind != hub.Primary:
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(at, "Not a primary role",
			fmt.Sprintf("%q is a secondary role of %s: give it with roster_hub_member_role, beside one of the primary roles %s.",
				id, p.Title, strings.Join(p.RoleIDs(hub.Primary), ", ")))}
	}
	return nil
}
