package provider

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// syncDataSource reads who is on a hub now, and holds it against who is
// expected there and who is still in the company.
type syncDataSource struct{ base }

var (
	_ datasource.DataSourceWithConfigure      = (*syncDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*syncDataSource)(nil)
)

type syncModel struct {
	HubID            types.String  `tfsdk:"hub_id"`
	ExpectedEmails   types.Set     `tfsdk:"expected_emails"`
	DirectoryEmails  types.Set     `tfsdk:"directory_emails"`
	Ignore           types.Set     `tfsdk:"ignore"`
	IncludeSuspended types.Bool    `tfsdk:"include_suspended"`
	Members          types.List    `tfsdk:"members"`
	Unexpected       []string      `tfsdk:"unexpected"`
	Missing          []string      `tfsdk:"missing"`
	Departed         []string      `tfsdk:"departed"`
	Flagged          []flaggedSeat `tfsdk:"flagged"`
	RequiresAction   types.Bool    `tfsdk:"requires_action"`
	ReadAt           types.String  `tfsdk:"read_at"`
}

// syncMember is the shape of one entry of members. Its values are built by hand
// and not from a struct: with 10,000 people the framework's reflection would
// cost more than reading the hub.
var syncMember = map[string]attr.Type{
	"email":           types.StringType,
	"member_id":       types.StringType,
	"name":            types.StringType,
	"username":        types.StringType,
	"status":          types.StringType,
	"role":            types.StringType,
	"secondary_roles": types.ListType{ElemType: types.StringType},
	"admin":           types.BoolType,
	"expected":        types.BoolType,
	"ignored":         types.BoolType,
	"invited_at":      types.StringType,
	"expires_at":      types.StringType,
}

type flaggedSeat struct {
	Email       string `tfsdk:"email"`
	Status      string `tfsdk:"status"`
	Reason      string `tfsdk:"reason"`
	Task        string `tfsdk:"task"`
	ManualSteps string `tfsdk:"manual_steps"`
}

// Why a person is flagged.
const (
	flagDeparted   = "departed"   // on the hub, not in the company directory
	flagUnexpected = "unexpected" // on the hub, not declared
	flagMissing    = "missing"    // declared, not on the hub
	flagExpired    = "expired"    // declared, and the invitation ran out
	flagDeclined   = "declined"   // declared, and the invitation was refused
)

func (d *syncDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_hub_sync"
}

func (d *syncDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.configure(req.ProviderData, resp.Diagnostics.AddError)
}

func (d *syncDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	emails := []validator.Set{setvalidator.ValueStringsAre(emailValidator{})}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The sync step: who is on a hub now, invitations included, held against who is expected there and who is still in the company. " +
			"It shares one read of the hub with every resource of the same run.",
		Attributes: map[string]schema.Attribute{
			"hub_id": schema.StringAttribute{Required: true, MarkdownDescription: "The `id` of the hub."},
			"expected_emails": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, Validators: emails,
				MarkdownDescription: "Who should be on the hub. Compared without case. Without it nobody is unexpected or missing.",
			},
			"directory_emails": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, Validators: emails,
				MarkdownDescription: "Everybody in the company directory, from any identity provider's data source. Without it nobody is departed.",
			},
			"ignore": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "People to leave out of `unexpected`, `departed` and `flagged`: addresses, or patterns with `*` and `?` such as `agency-*@partner.example`.",
			},
			"include_suspended": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "List people in `members` whose seat was switched off, on platforms where a removal leaves such a seat behind (SCIM). " +
					"They have no access, and are never unexpected or departed. Defaults to `false`.",
			},
			"members": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "Everybody on the hub, sorted by e-mail.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"email":           schema.StringAttribute{Computed: true, MarkdownDescription: "In lower case; null when the platform hides it."},
					"member_id":       schema.StringAttribute{Computed: true, MarkdownDescription: "The platform's own id."},
					"name":            schema.StringAttribute{Computed: true, MarkdownDescription: "The person's name, where the platform tells."},
					"username":        schema.StringAttribute{Computed: true, MarkdownDescription: "The person's user name, where the platform has one."},
					"status":          schema.StringAttribute{Computed: true, MarkdownDescription: "As in `roster_hub_member`."},
					"role":            schema.StringAttribute{Computed: true, MarkdownDescription: "The primary role."},
					"secondary_roles": schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "The secondary roles."},
					"admin":           schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the person can manage people."},
					"expected":        schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the person is among `expected_emails`; null when that is not given."},
					"ignored":         schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether a pattern of `ignore` matches."},
					"invited_at":      schema.StringAttribute{Computed: true, MarkdownDescription: "When the invitation was sent (RFC 3339)."},
					"expires_at":      schema.StringAttribute{Computed: true, MarkdownDescription: "When the invitation runs out (RFC 3339)."},
				}},
			},
			"unexpected": schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "On the hub and not expected. Somebody whose e-mail the platform hides goes by name or id."},
			"missing":    schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Expected and not on the hub."},
			"departed":   schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "On the hub and not in the company directory."},
			"flagged": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "One entry for each person who needs action.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"email":        schema.StringAttribute{Computed: true, MarkdownDescription: "Who, as in the lists above."},
					"status":       schema.StringAttribute{Computed: true, MarkdownDescription: "Where the person stands on the hub; `absent` when not on it."},
					"reason":       schema.StringAttribute{Computed: true, MarkdownDescription: "`departed`, `unexpected`, `missing`, `expired` or `declined`."},
					"task":         schema.StringAttribute{Computed: true, MarkdownDescription: "The task that clears the flag: `add` or `remove`."},
					"manual_steps": schema.StringAttribute{Computed: true, MarkdownDescription: "How a person does that task in the platform's own screens."},
				}},
			},
			"requires_action": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether anybody is flagged."},
			"read_at":         schema.StringAttribute{Computed: true, MarkdownDescription: "When the hub was read (RFC 3339)."},
		},
	}
}

func (d *syncDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var config syncModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if known(config.HubID) {
		_, diags := d.hub(config.HubID.ValueString())
		resp.Diagnostics.Append(diags...)
	}
	resp.Diagnostics.Append(checkPatterns(config.Ignore)...)
}

func (d *syncDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var data syncModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &data)...)
	if resp.Diagnostics.HasError() {
		return
	}
	h, diags := d.hub(data.HubID.ValueString())
	resp.Diagnostics.Append(diags...)
	if diags.HasError() {
		return
	}
	members, readAt, err := h.Roster(ctx)
	if err != nil {
		resp.Diagnostics.Append(taskDiag(ctx, h, err))
		return
	}
	data.compare(h, members)
	data.ReadAt = types.StringValue(readAt.UTC().Format(time.RFC3339))
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
}

// compare fills the lists: who is there, who should not be, who should be.
func (s *syncModel) compare(h *engine.Hub, members []hub.Member) {
	expected, directory, ignore := folded(s.ExpectedEmails), folded(s.DirectoryEmails), folded(s.Ignore)
	s.Unexpected, s.Missing, s.Departed, s.Flagged = []string{}, []string{}, []string{}, []flaggedSeat{}
	listed := make([]attr.Value, 0, len(members))
	there := map[string]hub.Member{}
	for _, m := range members {
		ignored := matchesAny(ignore, m.Email)
		if !h.Seated(m) && m.Status.Live() && !s.IncludeSuspended.ValueBool() {
			continue
		}
		there[m.Email] = m
		listed = append(listed, types.ObjectValueMust(syncMember, map[string]attr.Value{
			"email":           orNull(m.Email),
			"member_id":       orNull(m.ID),
			"name":            orNull(m.Name),
			"username":        orNull(m.Username),
			"status":          types.StringValue(string(m.Status)),
			"role":            orNull(m.Role),
			"secondary_roles": textList(m.Secondary),
			"admin":           types.BoolValue(h.Platform().IsAdmin(m.Role)),
			"expected":        contains(s.ExpectedEmails, expected, m.Email),
			"ignored":         types.BoolValue(ignored),
			"invited_at":      timeOrNull(m.InvitedAt),
			"expires_at":      timeOrNull(m.ExpiresAt),
		}))
		if ignored || !h.Seated(m) {
			continue
		}
		// A hidden address proves nothing about the directory, and is not
		// expected either: a person has to look.
		gone := known(s.DirectoryEmails) && m.Email != "" && !isIn(directory, m.Email)
		stray := known(s.ExpectedEmails) && !isIn(expected, m.Email)
		if gone {
			s.Departed = append(s.Departed, m.Label())
		}
		if stray {
			s.Unexpected = append(s.Unexpected, m.Label())
		}
		switch {
		case gone:
			s.flag(h, m, flagDeparted, hub.TaskRemove)
		case stray:
			s.flag(h, m, flagUnexpected, hub.TaskRemove)
		}
	}
	s.Members = types.ListValueMust(types.ObjectType{AttrTypes: syncMember}, listed)
	for _, email := range expected {
		m, found := there[email]
		if found && h.Seated(m) {
			continue
		}
		s.Missing = append(s.Missing, email)
		m.Email = email
		switch m.Status {
		case hub.StatusExpired:
			s.flag(h, m, flagExpired, hub.TaskAdd)
		case hub.StatusDeclined:
			s.flag(h, m, flagDeclined, hub.TaskAdd)
		default:
			s.flag(h, m, flagMissing, hub.TaskAdd)
		}
	}
	s.RequiresAction = types.BoolValue(len(s.Flagged) > 0)
}

func (s *syncModel) flag(h *engine.Hub, m hub.Member, reason string, kind hub.TaskKind) {
	task := hub.Task{Kind: kind, Hub: h.Ref(), Email: m.Label(), OldRole: m.Role}
	if kind == hub.TaskAdd {
		task.Role, task.OldRole = h.Platform().DefaultRole(), ""
	}
	status := string(m.Status)
	if status == "" {
		status = "absent"
	}
	s.Flagged = append(s.Flagged, flaggedSeat{Email: m.Label(), Status: status, Reason: reason, Task: string(kind), ManualSteps: strings.TrimSpace(manualSteps(h, task, m))})
}

func textList(values []string) types.List {
	list := make([]attr.Value, 0, len(values))
	for _, v := range values {
		list = append(list, types.StringValue(v))
	}
	return types.ListValueMust(types.StringType, list)
}

func contains(given types.Set, emails []string, email string) types.Bool {
	if !known(given) {
		return types.BoolNull()
	}
	return types.BoolValue(isIn(emails, email))
}

// isIn looks an address up in a sorted list.
func isIn(sorted []string, email string) bool {
	_, found := slices.BinarySearch(sorted, email)
	return found
}

// texts are the known strings of a set.
func texts(set types.Set) []string {
	var out []string
	for _, v := range set.Elements() {
		if s, ok := v.(types.String); ok && known(s) {
			out = append(out, s.ValueString())
		}
	}
	return out
}

func folded(set types.Set) []string {
	out := texts(set)
	for i := range out {
		out[i] = hub.FoldEmail(out[i])
	}
	slices.Sort(out)
	return slices.Compact(out)
}
