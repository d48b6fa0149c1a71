package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// rosterResource is everybody on one hub, in one resource: who is not listed
// loses the seat. It removes nobody whom a plan has not shown.
type rosterResource struct{ base }

var (
	_ resource.ResourceWithConfigure      = (*rosterResource)(nil)
	_ resource.ResourceWithImportState    = (*rosterResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*rosterResource)(nil)
	_ resource.ResourceWithValidateConfig = (*rosterResource)(nil)
)

type rosterModel struct {
	ID           types.String   `tfsdk:"id"`
	HubID        types.String   `tfsdk:"hub_id"`
	Members      types.Map      `tfsdk:"members"`
	Ignore       types.Set      `tfsdk:"ignore"`
	AllowLockout types.Bool     `tfsdk:"allow_lockout"`
	Statuses     types.Map      `tfsdk:"statuses"`
	Timeouts     timeouts.Value `tfsdk:"timeouts"`
}

// rosterSeat is one entry of members.
type rosterSeat struct {
	Role        types.String `tfsdk:"role"`
	ExtraRoles  types.Set    `tfsdk:"extra_roles"`
	DisplayName types.String `tfsdk:"display_name"`
}

var rosterSeatObject = map[string]attr.Type{
	"role": types.StringType, "extra_roles": types.SetType{ElemType: types.StringType}, "display_name": types.StringType,
}

func (r *rosterResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_hub_roster"
}

func (r *rosterResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.configure(req.ProviderData, resp.Diagnostics.AddError)
}

func (r *rosterResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Everybody on one hub, in one resource: whoever is listed gets a seat, and whoever is not loses theirs. " +
			"For hubs that one configuration owns; elsewhere use `roster_hub_member`, which leaves strangers alone. " +
			"Import it where people are on the hub already: a plan that creates it refuses to remove anybody. Deleting it removes nobody.",
		Attributes: map[string]schema.Attribute{
			"hub_id": schema.StringAttribute{
				Required: true, PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
				MarkdownDescription: "The `id` of the hub.",
			},
			"members": schema.MapNestedAttribute{
				Required:            true,
				Validators:          []validator.Map{mapvalidator.SizeAtLeast(1), mapvalidator.KeysAre(emailValidator{}), onceEach{}},
				MarkdownDescription: "Who has a seat, by e-mail address. Addresses are compared without case.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"role": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "The primary role. Without it somebody new gets the platform's least-privileged role, and the role of somebody who is there is left alone.",
					},
					"extra_roles": schema.SetAttribute{
						Optional: true, ElementType: types.StringType,
						MarkdownDescription: "The secondary roles, all of them: others are taken away. Without it they are left alone.",
					},
					"display_name": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "The name to invite the person under, on platforms that want one.",
					},
				}},
			},
			"ignore": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "People this resource never touches: addresses, or patterns with `*` and `?` such as `agency-*@partner.example`.",
			},
			"allow_lockout": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Permit removing or demoting the last administrator, or the identity roster itself uses. Defaults to `false`.",
			},
			"id": schema.StringAttribute{Computed: true, MarkdownDescription: "The `id` of the hub. Known at plan time."},
			"statuses": schema.MapAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Where each of them stands, as `status` of `roster_hub_member`.",
			},
		},
		Blocks: map[string]schema.Block{"timeouts": taskTimeouts(ctx, timeouts.Opts{Create: true, Update: true})},
	}
}

// onceEach refuses an address that is listed in two spellings.
type onceEach struct{}

func (onceEach) Description(context.Context) string { return "each address once, whatever its case" }

func (v onceEach) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (onceEach) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	seen := map[string]string{}
	for _, email := range slices.Sorted(maps.Keys(req.ConfigValue.Elements())) {
		if other, twice := seen[hub.FoldEmail(email)]; twice {
			resp.Diagnostics.AddAttributeError(req.Path.AtMapKey(email), "One person twice",
				fmt.Sprintf("%q and %q are one address: the case of letters does not tell people apart. Keep one of them.", other, email))
		}
		seen[hub.FoldEmail(email)] = email
	}
}

func (r *rosterResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config rosterModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(checkPatterns(config.Ignore)...)
	if !known(config.HubID) || !known(config.Members) {
		return
	}
	h, diags := r.hub(config.HubID.ValueString())
	resp.Diagnostics.Append(diags...)
	if diags.HasError() {
		return
	}
	seats, diags := config.seats(ctx)
	resp.Diagnostics.Append(diags...)
	for email, seat := range seats {
		resp.Diagnostics.Append(seat.check(h, email)...)
	}
	resp.Diagnostics.Append(config.checkIgnored(seats)...)
}

// checkIgnored refuses somebody who is listed and ignored: each plan would add
// them anew.
func (m *rosterModel) checkIgnored(seats map[string]rosterSeat) diag.Diagnostics {
	var diags diag.Diagnostics
	patterns := folded(m.Ignore)
	for _, email := range slices.Sorted(maps.Keys(seats)) {
		if matchesAny(patterns, hub.FoldEmail(email)) {
			diags.AddAttributeError(tfpath.Root("members").AtMapKey(email), "Listed and ignored",
				fmt.Sprintf("%s is in members, and a pattern in ignore fits the address too. Take the person out of members, or narrow the pattern.", email))
		}
	}
	return diags
}

// check holds the roles of one entry to those the hub knows.
func (s rosterSeat) check(h *engine.Hub, email string) diag.Diagnostics {
	var diags diag.Diagnostics
	at := tfpath.Root("members").AtMapKey(email)
	if known(s.Role) {
		diags.Append(checkRole(h, s.Role.ValueString(), at.AtName("role"), hub.Primary)...)
	}
	for _, role := range texts(s.ExtraRoles) {
		diags.Append(checkRole(h, role, at.AtName("extra_roles"), hub.Secondary)...)
		if known, ok := h.Platform().Role(role); ok && known.Kind == hub.Primary {
			diags.AddAttributeError(at.AtName("extra_roles"), "Not a secondary role", fmt.Sprintf("%q is a primary role of %s: set it as role.", role, h.Platform().Title))
		}
	}
	return diags
}

// seats are the known entries of members, by address as written.
func (m *rosterModel) seats(ctx context.Context) (map[string]rosterSeat, diag.Diagnostics) {
	seats := map[string]rosterSeat{}
	if m == nil || !known(m.Members) {
		return seats, nil
	}
	var diags diag.Diagnostics
	for email, value := range m.Members.Elements() {
		object, ok := value.(types.Object)
		if !ok || !known(object) {
			continue // said later, when it is known
		}
		var seat rosterSeat
		diags.Append(object.As(ctx, &seat, basetypes.ObjectAsOptions{})...)
		seats[email] = seat
	}
	return seats, diags
}

// there are the people on the hub whom the resource looks after, by folded
// address. hidden is how many have no address it could go by.
func (m *rosterModel) there(ctx context.Context, h *engine.Hub) (people map[string]hub.Member, hidden int, err error) {
	members, _, err := h.Roster(ctx)
	if err != nil {
		return nil, 0, err
	}
	ignored := folded(m.Ignore)
	people = map[string]hub.Member{}
	for _, one := range members {
		switch {
		case !h.Seated(one):
		case one.Email == "":
			hidden++
		case !matchesAny(ignored, one.Email):
			people[one.Email] = one
		}
	}
	return people, hidden, nil
}

// show fills members and statuses with who is there. Spellings, and what the
// configuration leaves alone, stay as before has them.
func (m *rosterModel) show(people map[string]hub.Member, before map[string]rosterSeat) {
	spelling := map[string]string{}
	for email := range before {
		spelling[hub.FoldEmail(email)] = email
	}
	seats, statuses := map[string]attr.Value{}, map[string]attr.Value{}
	for email, person := range people {
		seat := rosterSeat{Role: orNull(person.Wanted()), ExtraRoles: types.SetNull(types.StringType), DisplayName: types.StringNull()}
		if len(person.Secondary) > 0 {
			seat.ExtraRoles = textSet(person.Secondary)
		}
		if written, ok := spelling[email]; ok {
			email = written
			was := before[written]
			seat.DisplayName = was.DisplayName
			if was.Role.IsNull() {
				seat.Role = was.Role
			}
			switch {
			case was.ExtraRoles.IsNull():
				seat.ExtraRoles = was.ExtraRoles
			case seat.ExtraRoles.IsNull():
				seat.ExtraRoles = textSet(nil)
			}
		}
		seats[email] = types.ObjectValueMust(rosterSeatObject, map[string]attr.Value{
			"role": seat.Role, "extra_roles": seat.ExtraRoles, "display_name": seat.DisplayName,
		})
		statuses[email] = types.StringValue(string(person.Status))
	}
	m.Members = types.MapValueMust(types.ObjectType{AttrTypes: rosterSeatObject}, seats)
	m.Statuses = types.MapValueMust(types.StringType, statuses)
}

func textSet(values []string) types.Set {
	list := make([]attr.Value, 0, len(values))
	for _, v := range values {
		list = append(list, types.StringValue(v))
	}
	return types.SetValueMust(types.StringType, list)
}

func (r *rosterResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state rosterModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	h, diags := r.hub(state.HubID.ValueString())
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(shareSettings(ctx, h, resp.Private)...)
	before, diags := state.seats(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if waiting, _ := h.Ready(); waiting {
		return // the credentials come later in this run; until then the state stands
	}
	jobs, diags := followJobs(ctx, h, req.Private, resp.Private)
	resp.Diagnostics.Append(diags...)
	r.claims.leaveJobs(h.Ref(), jobs)
	if resp.Diagnostics.HasError() {
		return
	}
	people, hidden, err := state.there(ctx, h)
	if err != nil {
		resp.Diagnostics.Append(taskDiag(ctx, h, err))
		return
	}
	if hidden > 0 {
		resp.Diagnostics.AddWarning(fmt.Sprintf("%d people of %s are out of this resource's sight", hidden, hubTitle(h)),
			"The platform hides their addresses, so they cannot be listed in members, and are not removed. Data source roster_hub_sync shows them.")
	}
	state.show(people, before)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

func (r *rosterResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return // deleting it removes nobody
	}
	var plan rosterModel
	var state *rosterModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() || !known(plan.HubID) {
		return
	}
	h, diags := r.hub(plan.HubID.ValueString())
	resp.Diagnostics.Append(diags...)
	if diags.HasError() {
		return
	}
	// The statuses are unknown by now wherever an update will be: an invitation
	// can be accepted between plan and apply.
	plan.ID = types.StringValue(h.Ref().String())
	resp.Diagnostics.Append(shareSettings(ctx, h, resp.Private)...)
	resp.Diagnostics.Append(learn(ctx, h)...)
	if allKnown(plan.Ignore) {
		resp.Diagnostics.Append(r.claims.layHub(h.Ref(), folded(plan.Ignore), state == nil)...)
	}
	jobs, diags := keptJobs(ctx, resp.Private)
	resp.Diagnostics.Append(diags...)
	if state == nil {
		jobs = r.claims.leftJobs(h.Ref())
		resp.Diagnostics.Append(keepJobs(ctx, jobs, resp.Private)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if waiting, _ := h.Ready(); !waiting && known(plan.Members) && allKnown(plan.Ignore) {
		work, diags := plan.foresee(ctx, h, state, jobs)
		resp.Diagnostics.Append(diags...)
		if work && !diags.HasError() {
			resp.Diagnostics.Append(r.readOnly(ctx, h)...)
		}
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

// allKnown says that a set is known to its last value.
func allKnown(set types.Set) bool {
	return !set.IsUnknown() && !slices.ContainsFunc(set.Elements(), attr.Value.IsUnknown)
}

// foresee says at plan what stands against the tasks that apply would do, and
// whether there are any.
func (m *rosterModel) foresee(ctx context.Context, h *engine.Hub, state *rosterModel, jobs rosterJobs) (work bool, diags diag.Diagnostics) {
	wanted, diags := m.seats(ctx)
	for email, seat := range wanted {
		diags.Append(seat.check(h, email)...)
	}
	diags.Append(m.checkIgnored(wanted)...)
	people, _, err := m.there(ctx, h)
	if err != nil {
		diags.Append(taskDiag(ctx, h, err))
	}
	if diags.HasError() {
		return false, diags
	}
	var leaving []string
	todo := m.compare(h, wanted, people, m.AllowLockout.ValueBool(), 0)
	// Somebody who is there becomes an administrator in this apply, and before
	// anybody stops being one: the last administrator is not the last by then.
	succeeded := slices.ContainsFunc(todo, func(one rosterTask) bool {
		return one.promotes(h) && one.member.Status == hub.StatusActive
	})
	told := map[string]bool{}
	for _, one := range todo {
		if job, ok := jobs[one.email]; ok && !told[one.email] {
			told[one.email] = true
			diags.Append(job.waiting(h, one.email))
		}
		switch one.kind {
		case hub.TaskAdd:
			if m.support(h, one, hub.OpAdd) == hub.Unsupported {
				diags.Append(unsupportedAtPlan(h, hub.Task{Kind: hub.TaskAdd, Hub: h.Ref(), Email: one.email, Role: one.role.Role}, hub.Member{}))
			}
		case hub.TaskChangeRole:
			if one.role.Kind == hub.Primary && succeeded && lastAdmin(h.CheckDemotion(ctx, one.member, one.role.Role, one.role.Limits)) {
				continue
			}
			diags.Append(checkRoleChange(ctx, h, one.member, one.role)...)
		case hub.TaskRemove:
			leaving = append(leaving, one.email)
			if state == nil {
				continue
			}
			err := h.CheckRemoval(ctx, one.member, one.role.Limits)
			if succeeded && lastAdmin(err) {
				err = nil
			}
			if err == nil {
				err = h.PlanRemoval(ctx, one.member)
			}
			op := hub.OpRemove
			if one.member.Status.Pending() {
				op = hub.OpCancel
			}
			switch {
			case err != nil:
				diags.Append(taskDiag(ctx, h, err))
			case m.support(h, one, op) == hub.Unsupported:
				diags.Append(unsupportedAtPlan(h, hub.Task{Kind: hub.TaskRemove, Hub: h.Ref(), Email: one.email, OldRole: one.member.Role}, one.member))
			}
		}
	}
	if state == nil && len(leaving) > 0 {
		diags.AddAttributeError(tfpath.Root("members"),
			fmt.Sprintf("%d people of %s are not listed", len(leaving), hubTitle(h)),
			fmt.Sprintf("To create this resource would remove %s, and the plan of a new resource does not show whom it removes. Import it first, and the plan shows each of them:\n\n"+
				"  terraform import roster_hub_roster.NAME %s\n\nor list them in members, or leave them to others with ignore.", strings.Join(leaving, ", "), h.Ref()))
	}
	return len(todo) > 0, diags
}

func (m *rosterModel) support(h *engine.Hub, one rosterTask, op hub.Operation) hub.Support {
	return h.Platform().Capabilities.Without(one.role.Limits.UnsupportedTasks).Of(op)
}

// lastAdmin says that a guard refused because nobody would be left to administer
// the hub.
func lastAdmin(err error) bool {
	te := (*hub.TaskError)(nil)
	return errors.As(err, &te) && te.Fault.Reason == hub.ReasonLastAdmin
}

// rosterTask is one task of an apply.
type rosterTask struct {
	kind   hub.TaskKind
	email  string // folded
	spelt  string // as written
	name   string // display name
	member hub.Member
	role   engine.RoleTask // of a role change; of the others its Role and Limits
}

// promotes says that the task makes somebody an administrator.
func (t rosterTask) promotes(h *engine.Hub) bool {
	return t.kind == hub.TaskChangeRole && !t.role.Revoke && h.Platform().IsAdmin(t.role.Role)
}

// compare lists the tasks that make the people there the people wanted: whoever
// is added first, then roles, new administrators before others, then whoever
// goes, so that the hub is never short of an administrator for want of order.
func (m *rosterModel) compare(h *engine.Hub, wanted map[string]rosterSeat, people map[string]hub.Member, allowLockout bool, timeout time.Duration) []rosterTask {
	settings, _ := h.Settings()
	limits := engine.Limits{UnsupportedTasks: settings.UnsupportedTasks, AllowLockout: allowLockout, Timeout: timeout}
	var adds, roles, removals []rosterTask
	listed := map[string]bool{}
	for _, written := range slices.Sorted(maps.Keys(wanted)) {
		email, seat := hub.FoldEmail(written), wanted[written]
		listed[email] = true
		person, found := people[email]
		change := func(role string, kind hub.RoleKind, revoke bool) {
			roles = append(roles, rosterTask{kind: hub.TaskChangeRole, email: email, member: person, role: engine.RoleTask{
				Email: email, MemberID: person.ID, Role: role, Kind: kind, Revoke: revoke, Limits: limits,
			}})
		}
		switch {
		case !found:
			adds = append(adds, rosterTask{kind: hub.TaskAdd, email: email, spelt: written, name: seat.DisplayName.ValueString(), role: engine.RoleTask{Role: seat.Role.ValueString(), Limits: limits}})
		case known(seat.Role) && seat.Role.ValueString() != person.Wanted():
			change(seat.Role.ValueString(), hub.Primary, false)
		}
		if !known(seat.ExtraRoles) {
			continue
		}
		extra := texts(seat.ExtraRoles)
		for _, role := range extra {
			if !slices.Contains(person.Secondary, role) {
				change(role, hub.Secondary, false)
			}
		}
		for _, role := range person.Secondary {
			if !slices.Contains(extra, role) {
				change(role, hub.Secondary, true)
			}
		}
	}
	for _, email := range slices.Sorted(maps.Keys(people)) {
		if !listed[email] {
			removals = append(removals, rosterTask{kind: hub.TaskRemove, email: email, member: people[email], role: engine.RoleTask{Limits: limits}})
		}
	}
	slices.SortStableFunc(roles, func(a, b rosterTask) int {
		switch first, second := a.promotes(h), b.promotes(h); {
		case first == second:
			return 0
		case first:
			return -1
		default:
			return 1
		}
	})
	return slices.Concat(adds, roles, removals)
}

// carryOut does the tasks in their order. One that fails keeps nobody else's
// from being done: a leaver does not stay because somebody else's role was
// refused. What is under way when its time is over is left in jobs; fresh says
// that it is no failure, see underWay.
func (r *rosterResource) carryOut(ctx context.Context, h *engine.Hub, todo []rosterTask, jobs rosterJobs, fresh bool) diag.Diagnostics {
	var diags diag.Diagnostics
	stopped := map[string]bool{} // whose next task would only fail for want of the last
	for _, one := range todo {
		if stopped[one.email] {
			continue
		}
		kept := jobs[one.email]
		if kept.Job != "" && one.kind == hub.TaskAdd && kept.Task != hub.TaskAdd {
			// An add cannot wait for the end of something else.
			switch state, err := h.Job(ctx, kept.task(one.email), kept.Job); {
			case err != nil:
				diags.Append(taskDiag(ctx, h, err))
				continue
			case state.Running:
				diags.AddError(fmt.Sprintf("%s was not added to %s", one.email, hubTitle(h)),
					fmt.Sprintf("The %s task for them is still under way: job %s of %s. Apply again when it has ended.", taskName(kept.Task), kept.Job, h.Platform().Vendor))
				continue
			}
			kept = keptTask{}
		}
		delete(jobs, one.email)
		var result engine.Result
		var err error
		switch one.kind {
		case hub.TaskAdd:
			result, err = h.Add(ctx, engine.AddTask{Email: one.spelt, Role: one.role.Role, Name: one.name, Job: kept.Job, Limits: one.role.Limits})
		case hub.TaskChangeRole:
			one.role.Job = kept.Job
			result, err = h.ChangeRole(ctx, one.role)
		case hub.TaskRemove:
			result, err = h.Remove(ctx, engine.RemoveTask{Email: one.email, MemberID: one.member.ID, Job: kept.Job, Limits: one.role.Limits})
		}
		stopped[one.email] = err != nil
		job := jobOf(err)
		switch {
		case job == kept.Job && job != "":
			jobs[one.email] = kept // still the one that was
		case job != "":
			jobs[one.email] = keptTask{Job: job, Task: one.kind, Role: one.role.Role, Revoke: one.role.Revoke}
		}
		switch {
		case job != "" && fresh:
			diags.Append(underWay(ctx, h, err)...)
		case err != nil:
			diags.Append(failed(ctx, h, err)...)
		default:
			diags.Append(notes(h, result)...)
		}
	}
	return diags
}

func (r *rosterResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan rosterModel
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
	if resp.Diagnostics.HasError() {
		return
	}
	// Nobody was shown to go, so nobody goes: not even who came since the plan.
	jobs := r.claims.leftJobs(h.Ref())
	_, diags = r.apply(ctx, h, &plan, nil, timeout, jobs, true)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() && len(jobs) == 0 {
		// No state, deliberately: a tainted roster would be replaced. The next
		// apply finds what was done and does the rest. With jobs under way there
		// has to be one, or the next apply would ask for them again: replacing it
		// removes nobody, and the jobs are handed on, see rosters.
		return
	}
	resp.Diagnostics.Append(shareSettings(ctx, h, resp.Private)...)
	resp.Diagnostics.Append(keepJobs(ctx, jobs, resp.Private)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *rosterResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state rosterModel
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
	shown, diags := state.seats(ctx)
	resp.Diagnostics.Append(diags...)
	jobs, diags := keptJobs(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	seen, diags := r.apply(ctx, h, &plan, shown, timeout, jobs, false)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(keepJobs(ctx, jobs, resp.Private)...)
	if seen { // else the state stands until somebody can see
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	}
}

// apply carries out what plan wants, and leaves in it what is true afterwards,
// where that could be seen. Only people among shown are removed: whoever the
// plan did not show may have joined a minute ago.
func (r *rosterResource) apply(ctx context.Context, h *engine.Hub, plan *rosterModel, shown map[string]rosterSeat, timeout time.Duration, jobs rosterJobs, fresh bool) (seen bool, diags diag.Diagnostics) {
	wanted, diags := plan.seats(ctx)
	plan.Statuses = types.MapNull(types.StringType) // until they are read
	diags.Append(learn(ctx, h)...)
	people, _, err := plan.there(ctx, h)
	if err != nil {
		diags.Append(taskDiag(ctx, h, err))
	}
	if diags.HasError() {
		return false, diags
	}
	mayGo := map[string]bool{}
	for email := range shown {
		mayGo[hub.FoldEmail(email)] = true
	}
	todo := slices.DeleteFunc(plan.compare(h, wanted, people, plan.AllowLockout.ValueBool(), timeout), func(one rosterTask) bool {
		return one.kind == hub.TaskRemove && !mayGo[one.email]
	})
	outcome := r.carryOut(ctx, h, todo, jobs, fresh)
	diags.Append(outcome...)
	if people, _, err = plan.there(ctx, h); err != nil {
		diags.Append(taskDiag(ctx, h, err))
		return false, diags
	}
	if outcome.HasError() {
		plan.show(people, wanted)
		return true, diags
	}
	// Who joined since the plan is for the next one.
	listed := map[string]bool{}
	for email := range wanted {
		listed[hub.FoldEmail(email)] = true
	}
	maps.DeleteFunc(people, func(email string, _ hub.Member) bool { return !listed[email] })
	planned := plan.Members
	plan.show(people, wanted)
	plan.Members = planned
	return true, diags
}

// Delete forgets the roster. Everybody keeps their seat, deliberately: a roster
// that leaves a configuration has not been dismissed.
func (r *rosterResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state rosterModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	jobs, diags := keptJobs(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if ref, err := hub.ParseRef(state.HubID.ValueString()); err == nil {
		r.claims.leaveJobs(ref, jobs)
	}
}

// ImportState takes in everybody on the hub.
func (r *rosterResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ref, err := hub.ParseRef(req.ID)
	var h *engine.Hub
	if err == nil {
		h, err = r.engine.Hub(ref)
	}
	if err != nil {
		resp.Diagnostics.AddError("Malformed import id",
			sentence(err.Error())+"\n\nImport everybody on a hub by the hub's id, as in:\n\n  terraform import roster_hub_roster.example meta_business/222000111000222")
		return
	}
	state := rosterModel{
		ID: types.StringValue(ref.String()), HubID: types.StringValue(ref.String()),
		Ignore: types.SetNull(types.StringType), AllowLockout: types.BoolValue(false), Timeouts: nullTimeouts("create", "update"),
	}
	people, _, err := state.there(ctx, h)
	if err != nil {
		resp.Diagnostics.Append(taskDiag(ctx, h, err))
		return
	}
	state.show(people, nil)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// checkPatterns refuses what path.Match cannot read.
func checkPatterns(ignore types.Set) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, pattern := range texts(ignore) {
		if _, err := path.Match(hub.FoldEmail(pattern), ""); err != nil {
			diags.AddAttributeError(tfpath.Root("ignore"), "Malformed pattern",
				fmt.Sprintf("%q is not a pattern: write an address, or one with * for any letters and ? for one letter.", pattern))
		}
	}
	return diags
}

// matchesAny says whether one of the folded patterns fits the address.
func matchesAny(patterns []string, email string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, email)
		return ok && err == nil
	})
}
