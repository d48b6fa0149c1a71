package provider

import (
	"context"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
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
	HubID           types.String  `tfsdk:"hub_id"`
	ExpectedEmails  types.Set     `tfsdk:"expected_emails"`
	DirectoryEmails types.Set     `tfsdk:"directory_emails"`
	Ignore          types.Set     `tfsdk:"ignore"`
	Members         []syncMember  `tfsdk:"members"`
	Unexpected      []string      `tfsdk:"unexpected"`
	Missing         []string      `tfsdk:"missing"`
	Departed        []string      `tfsdk:"departed"`
	Flagged         []flaggedSeat `tfsdk:"flagged"`
	RequiresAction  types.Bool    `tfsdk:"requires_action"`
	ReadAt          types.String  `tfsdk:"read_at"`
}

type syncMember struct {
	Email          types.String `tfsdk:"email"`
	MemberID       types.String `tfsdk:"member_id"`
	Name           types.String `tfsdk:"name"`
	Username       types.String `tfsdk:"username"`
	Status         string       `tfsdk:"status"`
	Role           types.String `tfsdk:"role"`
	SecondaryRoles []string     `tfsdk:"secondary_roles"`
	Admin          bool         `tfsdk:"admin"`
	Expected       types.Bool   `tfsdk:"expected"`
	Ignored        bool         `tfsdk:"ignored"`
	InvitedAt      types.String `tfsdk:"invited_at"`
	ExpiresAt      types.String `tfsdk:"expires_at"`
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
		if _, err := d.hub(config.HubID.ValueString()); err != nil {
			resp.Diagnostics.AddAttributeError(tfpath.Root("hub_id"), "Malformed hub id", sentence(err.Error()))
		}
	}
	for _, pattern := range texts(config.Ignore) {
		if _, err := path.Match(hub.FoldEmail(pattern), ""); err != nil {
			resp.Diagnostics.AddAttributeError(tfpath.Root("ignore"), "Malformed pattern",
				fmt.Sprintf("%q is not a pattern: write an address, or one with * for any letters and ? for one letter.", pattern))
		}
	}
}

func (d *syncDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var data syncModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &data)...)
	if resp.Diagnostics.HasError() {
		return
	}
	h, err := d.hub(data.HubID.ValueString())
	if err != nil {
		resp.Diagnostics.AddAttributeError(tfpath.Root("hub_id"), "Malformed hub id", sentence(err.Error()))
		return
	}
	members, readAt, err := h.Roster(ctx)
	if err != nil {
		resp.Diagnostics.Append(taskDiag(ctx, h, err))
		return
	}
	resp.Diagnostics.Append(data.compare(h, members)...)
	data.ReadAt = types.StringValue(readAt.UTC().Format(time.RFC3339))
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
}

// compare fills the lists: who is there, who should not be, who should be.
func (s *syncModel) compare(h *engine.Hub, members []hub.Member) diag.Diagnostics {
	expected, directory, ignore := folded(s.ExpectedEmails), folded(s.DirectoryEmails), folded(s.Ignore)
	s.Members, s.Unexpected, s.Missing, s.Departed, s.Flagged = []syncMember{}, []string{}, []string{}, []string{}, []flaggedSeat{}
	there := map[string]hub.Member{}
	for _, m := range members {
		ignored := slices.ContainsFunc(ignore, func(pattern string) bool {
			ok, err := path.Match(pattern, m.Email)
			return ok && err == nil
		})
		there[m.Email] = m
		s.Members = append(s.Members, syncMember{
			Email: orNull(m.Email), MemberID: orNull(m.ID), Name: orNull(m.Name), Username: orNull(m.Username),
			Status: string(m.Status), Role: orNull(m.Role), SecondaryRoles: append([]string{}, m.Secondary...),
			Admin: h.Platform().IsAdmin(m.Role), Expected: contains(s.ExpectedEmails, expected, m.Email), Ignored: ignored,
			InvitedAt: timeOrNull(m.InvitedAt), ExpiresAt: timeOrNull(m.ExpiresAt),
		})
		if ignored || !m.Status.Live() {
			continue
		}
		// A hidden address proves nothing about the directory, and is not
		// expected either: a person has to look.
		gone := known(s.DirectoryEmails) && m.Email != "" && !slices.Contains(directory, m.Email)
		stray := known(s.ExpectedEmails) && !slices.Contains(expected, m.Email)
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
	for _, email := range expected {
		m, found := there[email]
		if found && m.Status.Live() {
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
	return nil
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
	s.Flagged = append(s.Flagged, flaggedSeat{Email: m.Label(), Status: status, Reason: reason, Task: string(kind), ManualSteps: manualSteps(h, task, m)})
}

func contains(given types.Set, emails []string, email string) types.Bool {
	if !known(given) {
		return types.BoolNull()
	}
	return types.BoolValue(slices.Contains(emails, email))
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
