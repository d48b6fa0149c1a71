package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// platformsDataSource says what roster knows of each platform. It makes no
// request and needs no credential.
type platformsDataSource struct{ base }

var _ datasource.DataSourceWithConfigure = (*platformsDataSource)(nil)

func (d *platformsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_platforms"
}

func (d *platformsDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.configure(req.ProviderData, resp.Diagnostics.AddError)
}

var (
	limitObject    = map[string]attr.Type{"name": types.StringType, "value": types.Int64Type, "note": types.StringType}
	platformObject = map[string]attr.Type{
		"title":            types.StringType,
		"configured":       types.BoolType,
		"business_id_form": types.StringType,
		"capabilities":     types.MapType{ElemType: types.StringType},
		"roles":            types.ListType{ElemType: types.ObjectType{AttrTypes: roleObject}},
		"statuses":         types.ListType{ElemType: types.StringType},
		"page_size":        types.Int64Type,
		"limits":           types.ListType{ElemType: types.ObjectType{AttrTypes: limitObject}},
		"admin_url":        types.StringType,
		"invitation_days":  types.Int64Type,
	}
)

func (d *platformsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "What roster knows of every platform: tasks, roles, statuses, page size, limits and the screen where a person manages people. It makes no request and needs no credentials.",
		Attributes: map[string]schema.Attribute{
			"platforms": schema.MapAttribute{
				Computed:    true,
				ElementType: types.ObjectType{AttrTypes: platformObject},
				MarkdownDescription: "The platforms by name. Each has a `title`; `configured` (whether this provider has credentials for it); `business_id_form` (what its business ids look like); " +
					"`capabilities` (what its API can do, by operation: `supported`, `reinvite`, `after_acceptance` or `unsupported`); `roles`, as in `roster_hub_roles`; " +
					"`statuses` (those a member can have); `page_size` (people a list call brings); `limits` (`name`, `value` and a `note`); " +
					"`admin_url` (with `{business_id}` where the id goes; null where each hub has its own); and `invitation_days` (how long an invitation stands, null when the platform does not say).",
			},
		},
	}
}

func (d *platformsDataSource) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	platforms := map[string]attr.Value{}
	for _, p := range d.engine.Platforms() {
		limits := []attr.Value{}
		for _, l := range p.Limits {
			limits = append(limits, types.ObjectValueMust(limitObject, map[string]attr.Value{
				"name": types.StringValue(l.Name), "value": types.Int64Value(int64(l.Value)), "note": orNull(l.Note),
			}))
		}
		var statuses []string
		for _, s := range p.Statuses {
			statuses = append(statuses, string(s))
		}
		days := types.Int64Null()
		if p.InvitationLife > 0 {
			days = types.Int64Value(int64(p.InvitationLife.Hours() / 24))
		}
		platforms[p.Name] = types.ObjectValueMust(platformObject, map[string]attr.Value{
			"title":            types.StringValue(p.Title),
			"configured":       types.BoolValue(p.Configured()),
			"business_id_form": types.StringValue(p.BusinessIDForm),
			"capabilities":     capabilityMap(p.Capabilities),
			"roles":            roleList(p.Roles),
			"statuses":         textList(statuses),
			"page_size":        types.Int64Value(int64(p.PageSize)),
			"limits":           types.ListValueMust(types.ObjectType{AttrTypes: limitObject}, limits),
			"admin_url":        orNull(p.AdminURL),
			"invitation_days":  days,
		})
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("platforms"),
		types.MapValueMust(types.ObjectType{AttrTypes: platformObject}, platforms))...)
}

// hubRolesDataSource lists the roles of one hub.
type hubRolesDataSource struct{ base }

var (
	_ datasource.DataSourceWithConfigure      = (*hubRolesDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*hubRolesDataSource)(nil)
)

type hubRolesModel struct {
	HubID       types.String `tfsdk:"hub_id"`
	Roles       types.List   `tfsdk:"roles"`
	DefaultRole types.String `tfsdk:"default_role"`
}

func (d *hubRolesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_hub_roles"
}

func (d *hubRolesDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.configure(req.ProviderData, resp.Diagnostics.AddError)
}

func (d *hubRolesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The roles that people can have on one hub. Where they are the hub's own, this takes its credentials and a request.",
		Attributes: map[string]schema.Attribute{
			"hub_id": schema.StringAttribute{Required: true, MarkdownDescription: "The `id` of the hub."},
			"roles": schema.ListAttribute{
				Computed: true, ElementType: types.ObjectType{AttrTypes: roleObject},
				MarkdownDescription: "The roles. " + roleObjectText,
			},
			"default_role": schema.StringAttribute{Computed: true, MarkdownDescription: "The `id` of the least-privileged primary role."},
		},
	}
}

func (d *hubRolesDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var config hubRolesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !known(config.HubID) {
		return
	}
	_, diags := d.hub(config.HubID.ValueString())
	resp.Diagnostics.Append(diags...)
}

func (d *hubRolesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var data hubRolesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &data)...)
	if resp.Diagnostics.HasError() {
		return
	}
	h, diags := d.hub(data.HubID.ValueString())
	resp.Diagnostics.Append(diags...)
	if diags.HasError() {
		return
	}
	if waiting, err := h.Ready(); !waiting && err == nil {
		if err := h.Learn(ctx); err != nil {
			resp.Diagnostics.Append(taskDiag(ctx, h, err))
			return
		}
	}
	data.Roles = roleList(h.Platform().Roles)
	data.DefaultRole = orNull(h.Platform().DefaultRole())
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
}
