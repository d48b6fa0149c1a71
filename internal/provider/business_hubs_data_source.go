package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// businessHubsDataSource lists the hubs that the credentials can see: what there
// is to connect to.
type businessHubsDataSource struct{ base }

var (
	_ datasource.DataSourceWithConfigure      = (*businessHubsDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*businessHubsDataSource)(nil)
)

type businessHubsModel struct {
	Platform types.String `tfsdk:"platform"`
	Hubs     types.List   `tfsdk:"hubs"`
}

var businessHubObject = map[string]attr.Type{
	"id": types.StringType, "platform": types.StringType, "business_id": types.StringType, "name": types.StringType,
}

func (d *businessHubsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_business_hubs"
}

func (d *businessHubsDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.configure(req.ProviderData, resp.Diagnostics.AddError)
}

func (d *businessHubsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The business hubs that the provider's credentials can see, per platform: what there is to connect to, and what nobody has declared yet. " +
			"Whether the credentials may manage a hub's people is checked when a `roster_business_hub` connects to it.",
		Attributes: map[string]schema.Attribute{
			"platform": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Ask this platform alone. Without it every platform that is configured is asked.",
			},
			"hubs": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The hubs, by platform and id.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":          schema.StringAttribute{Computed: true, MarkdownDescription: "`<platform>/<business_id>`, as a `roster_business_hub` has it."},
					"platform":    schema.StringAttribute{Computed: true, MarkdownDescription: "The platform."},
					"business_id": schema.StringAttribute{Computed: true, MarkdownDescription: "The platform's id of the business."},
					"name":        schema.StringAttribute{Computed: true, MarkdownDescription: "The business's name; null when the platform does not tell it."},
				}},
			},
		},
	}
}

func (d *businessHubsDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var config businessHubsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !known(config.Platform) {
		return
	}
	if _, err := d.engine.Platform(config.Platform.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("platform"), "Unknown platform", sentence(err.Error()))
	}
}

func (d *businessHubsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var data businessHubsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &data)...)
	if resp.Diagnostics.HasError() {
		return
	}
	hubs := []attr.Value{}
	for _, p := range d.engine.Platforms() {
		asked := data.Platform.ValueString() == p.Name
		if known(data.Platform) && !asked {
			continue
		}
		list, ok, missing, err := d.engine.Businesses(ctx, p.Name)
		switch {
		case err != nil:
			resp.Diagnostics.Append(listDiag(p, err))
			return
		case !ok && asked && missing != nil:
			resp.Diagnostics.AddAttributeError(path.Root("platform"), p.Title+" cannot be asked", sentence(missing.Error()))
			return
		}
		for _, b := range list {
			hubs = append(hubs, types.ObjectValueMust(businessHubObject, map[string]attr.Value{
				"id":          types.StringValue(hub.Ref{Platform: p.Name, BusinessID: b.ID}.String()),
				"platform":    types.StringValue(p.Name),
				"business_id": types.StringValue(b.ID),
				"name":        orNull(b.Name),
			}))
		}
	}
	data.Hubs = types.ListValueMust(types.ObjectType{AttrTypes: businessHubObject}, hubs)
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
}

// listDiag says why a platform did not tell its businesses.
func listDiag(p *engine.Platform, err error) diag.Diagnostic {
	detail := sentence(err.Error())
	if te := (*hub.TaskError)(nil); errors.As(err, &te) {
		detail = reasonText(&p.Platform, te.Fault)
		if said := answerText(p.Vendor, te.Fault); said != "" {
			detail += "\n\n" + said
		}
	}
	return diag.NewErrorDiagnostic(fmt.Sprintf("The businesses of %s could not be listed", p.Title), detail)
}
