package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/runbook"
)

// hubResource connects to a business hub. It owns the connection and nobody's
// seat: its deletion disconnects, and touches no one.
type hubResource struct{ base }

var (
	_ resource.ResourceWithConfigure      = (*hubResource)(nil)
	_ resource.ResourceWithImportState    = (*hubResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*hubResource)(nil)
	_ resource.ResourceWithValidateConfig = (*hubResource)(nil)
)

type hubModel struct {
	ID               types.String `tfsdk:"id"`
	Platform         types.String `tfsdk:"platform"`
	BusinessID       types.String `tfsdk:"business_id"`
	Label            types.String `tfsdk:"label"`
	Runbook          types.String `tfsdk:"runbook"`
	UnsupportedTasks types.Set    `tfsdk:"unsupported_tasks"`
	Name             types.String `tfsdk:"name"`
	AdminURL         types.String `tfsdk:"admin_url"`
	Capabilities     types.Map    `tfsdk:"capabilities"`
	Roles            types.List   `tfsdk:"roles"`
}

func (r *hubResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_business_hub"
}

func (r *hubResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.configure(req.ProviderData, resp.Diagnostics.AddError)
}

func (r *hubResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	keep := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A business hub: one business on one platform. Creating it checks the credentials, the business and the permission " +
			"to manage its people, and changes nothing. Deleting it disconnects: nobody loses a seat.",
		Attributes: map[string]schema.Attribute{
			"platform": schema.StringAttribute{
				Required:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				MarkdownDescription: "The platform, for example `meta_business`.",
			},
			"business_id": schema.StringAttribute{
				Required:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				MarkdownDescription: "The platform's id of the business.",
			},
			"label": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthBetween(1, 200)},
				MarkdownDescription: "How messages name the hub. Without it they use the name the platform knows.",
			},
			"runbook": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Whose manual steps to print when a task fails, for hubs reached through something other than the platform itself. " +
					"A platform name such as `pinterest_business`, or one of its usual names.",
			},
			"unsupported_tasks": schema.SetAttribute{
				Optional:    true,
				ElementType: types.StringType,
				Validators: []validator.Set{setvalidator.ValueStringsAre(stringvalidator.OneOf(
					string(hub.TaskAdd), string(hub.TaskChangeRole), string(hub.TaskRemove)))},
				MarkdownDescription: "Tasks to leave to a person on this hub, beyond what the platform itself cannot do: `add`, `change_role`, `remove`. " +
					"The plan says so and prints the manual steps.",
			},
			"id": schema.StringAttribute{
				Computed:            true,
				PlanModifiers:       keep,
				MarkdownDescription: "`<platform>/<business_id>`. Known at plan time.",
			},
			"name": schema.StringAttribute{
				Computed:            true,
				PlanModifiers:       keep,
				MarkdownDescription: "The business's name on the platform.",
			},
			"admin_url": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The screen where a person manages the people of this hub.",
			},
			"capabilities": schema.MapAttribute{
				Computed:    true,
				ElementType: types.StringType,
				MarkdownDescription: "What the platform's API can do, by operation: `supported`, `reinvite` (the invitation is withdrawn and sent again), " +
					"`after_acceptance` or `unsupported`.",
			},
			"roles": schema.ListAttribute{
				Computed:            true,
				ElementType:         types.StringType,
				MarkdownDescription: "The ids of the roles that people can have here; `roster_hub_roles` tells more of each.",
			},
		},
	}
}

func (r *hubResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config hubModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if name := config.Runbook; known(name) {
		if _, ok := runbook.Resolve(name.ValueString()); !ok {
			resp.Diagnostics.AddAttributeError(path.Root("runbook"), "Unknown runbook",
				fmt.Sprintf("There are no manual steps for %q. Legal are %s, and their usual names.", name.ValueString(), strings.Join(runbook.Platforms(), ", ")))
		}
	}
	if !known(config.Platform) {
		return
	}
	if _, err := r.engine.Platform(config.Platform.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("platform"), "Unknown platform", sentence(err.Error()))
		return
	}
	if known(config.BusinessID) {
		if _, err := r.engine.Hub(config.ref()); err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("business_id"), "Malformed business id", sentence(err.Error()))
		}
	}
}

func (r *hubResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan hubModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !known(plan.Platform) || !known(plan.BusinessID) {
		return
	}
	h, err := r.engine.Hub(plan.ref())
	if err != nil {
		resp.Diagnostics.AddError("Unusable hub", sentence(err.Error()))
		return
	}
	plan.describe(ctx, h)
	if waiting, _ := h.Ready(); waiting {
		plan.fillStatic(h)
		if len(h.Platform().Roles) == 0 {
			plan.Roles = types.ListUnknown(types.StringType) // the hub itself may have some
		}
		resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
		return
	}
	if req.State.Raw.IsNull() {
		// A hub that cannot be reached is said before anybody approves the plan.
		_, err = h.Connect(ctx)
		resp.Diagnostics.Append(connectDiags(ctx, h, err)...)
		plan.describe(ctx, h) // with what the connection told
	}
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(learn(ctx, h)...)
	}
	plan.fillStatic(h)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

func (r *hubResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan hubModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.connect(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *hubResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state hubModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if h, err := r.engine.Hub(state.ref()); err == nil {
		if waiting, _ := h.Ready(); waiting {
			state.describe(ctx, h)
			return // the credentials come later in this run; until then the state stands
		}
	}
	resp.Diagnostics.Append(r.connect(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// Update changes only what roster itself keeps of a hub: no request goes out.
func (r *hubResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan hubModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	h, err := r.engine.Hub(plan.ref())
	if err != nil {
		resp.Diagnostics.AddError("Unusable hub", sentence(err.Error()))
		return
	}
	plan.describe(ctx, h)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// Delete disconnects. The people of the hub keep their seats, deliberately: a
// hub that leaves a configuration has not closed.
func (r *hubResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

func (r *hubResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ref, err := hub.ParseRef(req.ID)
	if err == nil {
		_, err = r.engine.Hub(ref)
	}
	if err != nil {
		resp.Diagnostics.AddError("Malformed import id",
			sentence(err.Error())+"\n\nImport a hub as in:\n\n  terraform import roster_business_hub.example meta_business/222000111000222")
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), ref.String())...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("platform"), ref.Platform)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("business_id"), ref.BusinessID)...)
}

// connect checks the connection and fills in what it told.
func (r *hubResource) connect(ctx context.Context, m *hubModel) diag.Diagnostics {
	h, err := r.engine.Hub(m.ref())
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unusable hub", sentence(err.Error()))}
	}
	business, err := h.Connect(ctx)
	m.describe(ctx, h)
	diags := connectDiags(ctx, h, err)
	if diags.HasError() {
		return diags
	}
	for _, note := range business.Notes {
		diags.AddWarning("About "+h.Name(), note)
	}
	diags.Append(learn(ctx, h)...)
	m.fillStatic(h)
	m.Name = types.StringValue(business.Name)
	return diags
}

func (m *hubModel) ref() hub.Ref {
	return hub.Ref{Platform: m.Platform.ValueString(), BusinessID: m.BusinessID.ValueString()}
}

// describe hands the hub's settings to its members in this walk.
func (m *hubModel) describe(ctx context.Context, h *engine.Hub) {
	s := engine.Settings{Label: m.Label.ValueString(), Runbook: m.Runbook.ValueString(), Screens: h.Business().Runbook}
	if known(m.UnsupportedTasks) {
		m.UnsupportedTasks.ElementsAs(ctx, &s.UnsupportedTasks, false)
		slices.Sort(s.UnsupportedTasks)
	}
	h.Describe(s)
}

// fillStatic sets what follows from the platform and the hub id alone, and so
// is known at plan time.
func (m *hubModel) fillStatic(h *engine.Hub) {
	m.ID = types.StringValue(h.Ref().String())
	p := h.Platform()
	m.AdminURL = orNull(p.HubAdminURL(h.Ref()))
	settings, _ := h.Settings()
	m.Capabilities = capabilityMap(p.Capabilities.Without(settings.UnsupportedTasks))
	m.Roles = textList(append(p.RoleIDs(hub.Primary), p.RoleIDs(hub.Secondary)...))
}

// hubSettingsKey is where a member keeps what its hub's resource said. In an
// apply Terraform does not visit a hub that does not change, and the words of a
// failed task need its label then.
const hubSettingsKey = "hub_settings"

// privateState is the part of a request's or response's private state used here.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// shareSettings keeps the hub's settings in private state, or takes them from
// there when this walk has not met the hub's resource.
func shareSettings(ctx context.Context, h *engine.Hub, private privateState) diag.Diagnostics {
	data, diags := private.GetKey(ctx, hubSettingsKey)
	var kept engine.Settings
	if len(data) > 0 {
		if err := json.Unmarshal(data, &kept); err != nil {
			diags.AddError("Unreadable private state", err.Error())
			return diags
		}
	}
	settings, ok := h.Settings()
	if !ok {
		if len(data) > 0 {
			h.Describe(kept)
		}
		return diags
	}
	// This walk may have met the resource and not asked the platform.
	settings.Screens = cmp.Or(settings.Screens, h.Business().Runbook, kept.Screens)
	h.Describe(settings)
	next, err := json.Marshal(settings)
	if err != nil {
		diags.AddError("Unusable hub settings", err.Error())
		return diags
	}
	diags.Append(private.SetKey(ctx, hubSettingsKey, next)...)
	return diags
}
