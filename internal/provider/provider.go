// Package provider is the Terraform side of roster: schemas, plan checks,
// create, read, update, delete, import and the words of a failed task. It knows
// no platform by name: what it knows of one is the data of its hub.Driver.
package provider

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

type rosterProvider struct {
	version string
	drivers []hub.Driver
	now     func() time.Time
}

var _ provider.ProviderWithFunctions = (*rosterProvider)(nil)

// New makes the provider over the given platforms.
func New(version string, drivers []hub.Driver) func() provider.Provider {
	return NewAt(version, drivers, time.Now)
}

// NewAt is New with a clock of its own: a test whose simulators let a month
// pass needs a provider that lives in the same month.
func NewAt(version string, drivers []hub.Driver, now func() time.Time) func() provider.Provider {
	return func() provider.Provider { return &rosterProvider{version: version, drivers: drivers, now: now} }
}

func (p *rosterProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "roster"
	resp.Version = p.version
}

func (p *rosterProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"read_only": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Refuse every task that would change somebody: plan, refresh and import work, apply of a change does not. " +
				"For scheduled access reviews. Defaults to `false`.",
		},
	}
	attributes["removal_safeguard"] = schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Refuse a run that removes too many people of one hub: a filter gone wrong looks like a hundred leavers. " +
			"In force with its defaults when left out.",
		Attributes: map[string]schema.Attribute{
			"percent": schema.Int64Attribute{
				Optional: true, Validators: []validator.Int64{int64validator.Between(0, 100)},
				MarkdownDescription: fmt.Sprintf("How much of a hub's people may go in one run. 100 lets everybody go. Defaults to `%d`.", defaultSafeguard.Percent),
			},
			"at_least": schema.Int64Attribute{
				Optional: true, Validators: []validator.Int64{int64validator.AtLeast(1)},
				MarkdownDescription: fmt.Sprintf("How many removals it takes for the share to count, so that small hubs are left in peace. Defaults to `%d`.", defaultSafeguard.AtLeast),
			},
		},
	}
	attributes["task_log"] = taskLogAttribute()
	attributes["notify"] = notifyAttribute()
	for _, d := range p.drivers {
		attributes[d.Platform.Name] = settingsAttribute(d)
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The roster provider manages who has a seat, and with which role, in the places no identity provider governs. " +
			"Configure the platforms you use and leave out the rest; every setting can come from the environment.",
		Attributes: attributes,
	}
}

// configured is what the provider hands to its resources and data sources.
type configured struct {
	engine *engine.Engine
	now    func() time.Time
	claims *claims
}

func (p *rosterProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	safeguard, diags := p.safeguard(ctx, req)
	resp.Diagnostics.Append(diags...)
	var readOnly types.Bool
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("read_only"), &readOnly)...)

	reporter, diags := p.reporter(ctx, req)
	resp.Diagnostics.Append(diags...)

	logger := slog.New(tflogHandler{})
	var platforms []engine.Platform
	for _, d := range p.drivers {
		block, diags := blockOf(ctx, req, d)
		resp.Diagnostics.Append(diags...)
		platform, diags := p.platform(d, block, logger)
		resp.Diagnostics.Append(diags...)
		platforms = append(platforms, platform)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	c := &configured{engine: engine.New(engine.Options{Logger: logger, ReadOnly: readOnly.ValueBool(), Safeguard: safeguard, Observer: reporter.observe}, platforms...), now: p.now, claims: &claims{}}
	resp.ResourceData = c
	resp.DataSourceData = c
}

// blockOf is a platform's configuration: an object, or a map of them where each
// hub is configured by itself.
func blockOf(ctx context.Context, req provider.ConfigureRequest, d hub.Driver) (attr.Value, diag.Diagnostics) {
	if d.Named {
		var entries types.Map
		diags := req.Config.GetAttribute(ctx, path.Root(d.Platform.Name), &entries)
		return entries, diags
	}
	var block types.Object
	diags := req.Config.GetAttribute(ctx, path.Root(d.Platform.Name), &block)
	return block, diags
}

// defaultSafeguard is in force when the configuration says nothing.
var defaultSafeguard = engine.Safeguard{Percent: 20, AtLeast: 10}

func (p *rosterProvider) safeguard(ctx context.Context, req provider.ConfigureRequest) (engine.Safeguard, diag.Diagnostics) {
	var block *struct {
		Percent types.Int64 `tfsdk:"percent"`
		AtLeast types.Int64 `tfsdk:"at_least"`
	}
	s := defaultSafeguard
	diags := req.Config.GetAttribute(ctx, path.Root("removal_safeguard"), &block)
	if diags.HasError() || block == nil {
		return s, diags
	}
	if known(block.Percent) {
		s.Percent = int(block.Percent.ValueInt64())
	}
	if known(block.AtLeast) {
		s.AtLeast = int(block.AtLeast.ValueInt64())
	}
	return s, diags
}

func (p *rosterProvider) userAgent() string {
	return "terraform-provider-roster/" + p.version + " (+https://github.com/roster-iac/terraform-provider-roster)"
}

func (p *rosterProvider) Resources(context.Context) []func() resource.Resource {
	static := staticEngine(p.drivers)
	return []func() resource.Resource{
		func() resource.Resource { return &hubResource{base: base{engine: static}} },
		func() resource.Resource { return &memberResource{base: base{engine: static}} },
		func() resource.Resource { return &rosterResource{base: base{engine: static}} },
		func() resource.Resource { return &memberRoleResource{base: base{engine: static}} },
	}
}

func (p *rosterProvider) DataSources(context.Context) []func() datasource.DataSource {
	static := staticEngine(p.drivers)
	return []func() datasource.DataSource{
		func() datasource.DataSource { return &syncDataSource{base: base{engine: static}} },
		func() datasource.DataSource { return &businessHubsDataSource{base: base{engine: static}} },
		func() datasource.DataSource { return &platformsDataSource{base: base{engine: static}} },
		func() datasource.DataSource { return &hubRolesDataSource{base: base{engine: static}} },
	}
}

// Functions are pure: they know the platforms and reach none.
func (p *rosterProvider) Functions(context.Context) []func() function.Function {
	static := staticEngine(p.drivers)
	return []func() function.Function{
		func() function.Function { return memberIDFunction{} },
		func() function.Function { return parseMemberIDFunction{} },
		func() function.Function { return manualStepsFunction{engine: static} },
	}
}

// staticEngine knows the platforms and reaches none: validation runs before the
// provider is configured, and needs only the data.
func staticEngine(drivers []hub.Driver) *engine.Engine {
	var platforms []engine.Platform
	for _, d := range drivers {
		platforms = append(platforms, engine.Platform{Platform: d.Platform, Connection: engine.Connection{Unknown: true}})
	}
	return engine.New(engine.Options{}, platforms...)
}

// base is what every resource and data source has: an engine, static until the
// provider is configured.
type base struct {
	engine *engine.Engine
	now    func() time.Time
	claims *claims
}

func (b *base) configure(data any, problem func(summary, detail string)) {
	switch data := data.(type) {
	case nil: // validation: the provider is not configured yet
	case *configured:
		b.engine, b.now, b.claims = data.engine, data.now, data.claims
	default:
		problem("Unexpected provider data", fmt.Sprintf("got %T. This is a bug in roster: please report it.", data))
	}
}

// hub finds the hub of the attribute hub_id.
func (b *base) hub(id string) (*engine.Hub, diag.Diagnostics) {
	ref, err := hub.ParseRef(id)
	if err == nil {
		var h *engine.Hub
		if h, err = b.engine.Hub(ref); err == nil {
			return h, nil
		}
	}
	return nil, diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("hub_id"), "Malformed hub id", sentence(err.Error()))}
}
