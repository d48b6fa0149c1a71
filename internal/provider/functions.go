package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/runbook"
)

// memberIDFunction builds the id of a member, for imports and for references
// between configurations. It is pure.
type memberIDFunction struct{}

func (memberIDFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "member_id"
}

func (memberIDFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             "The id of a member",
		MarkdownDescription: "Builds `<platform>/<business_id>/<email>` from a hub's `id` and an address, which is folded to lower case. It makes no request: whether the person is there is not its business.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "hub", MarkdownDescription: "The `id` of the hub."},
			function.StringParameter{Name: "email", MarkdownDescription: "The person's address."},
		},
		Return: function.StringReturn{},
	}
}

func (memberIDFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var hubID, email string
	if resp.Error = req.Arguments.Get(ctx, &hubID, &email); resp.Error != nil {
		return
	}
	ref, err := hub.ParseRef(hubID)
	if err != nil {
		resp.Error = argumentError(0, err.Error())
		return
	}
	if err := hub.ValidEmail(email); err != nil {
		resp.Error = argumentError(1, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, hub.MemberRef{Hub: ref, Email: hub.FoldEmail(email)}.String())
}

// parseMemberIDFunction takes the id of a member apart. It is pure.
type parseMemberIDFunction struct{}

var memberIDParts = map[string]attr.Type{
	"platform": types.StringType, "business_id": types.StringType, "hub_id": types.StringType, "email": types.StringType,
}

func (parseMemberIDFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "parse_member_id"
}

func (parseMemberIDFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             "The parts of a member's id",
		MarkdownDescription: "Takes `<platform>/<business_id>/<email>` apart into `platform`, `business_id`, `hub_id` and `email`. It makes no request.",
		Parameters:          []function.Parameter{function.StringParameter{Name: "id", MarkdownDescription: "The `id` of a member."}},
		Return:              function.ObjectReturn{AttributeTypes: memberIDParts},
	}
}

func (parseMemberIDFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var id string
	if resp.Error = req.Arguments.Get(ctx, &id); resp.Error != nil {
		return
	}
	ref, err := hub.ParseMemberRef(id)
	if err != nil {
		resp.Error = argumentError(0, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, types.ObjectValueMust(memberIDParts, map[string]attr.Value{
		"platform":    types.StringValue(ref.Hub.Platform),
		"business_id": types.StringValue(ref.Hub.BusinessID),
		"hub_id":      types.StringValue(ref.Hub.String()),
		"email":       types.StringValue(ref.Email),
	}))
}

// manualStepsFunction prints how a person does a task. It is pure.
type manualStepsFunction struct{ engine *engine.Engine }

func (manualStepsFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "manual_steps"
}

func (manualStepsFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             "How a person does a task by hand",
		MarkdownDescription: "The steps that a failed task prints, for a ticket or a page of one's own: in the platform's own screens, person and role filled in. It makes no request.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "platform", MarkdownDescription: "A platform, for example `meta_business`, or one of its usual names. Others get the generic steps with `generic`."},
			function.StringParameter{Name: "task", MarkdownDescription: "`add`, `change_role` or `remove`."},
			function.StringParameter{Name: "email", MarkdownDescription: "The person."},
			function.StringParameter{Name: "role", MarkdownDescription: "The wanted role; `\"\"` where there is none."},
		},
		Return: function.StringReturn{},
	}
}

func (f manualStepsFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var platform, task, email, role string
	if resp.Error = req.Arguments.Get(ctx, &platform, &task, &email, &role); resp.Error != nil {
		return
	}
	name, ok := runbook.Resolve(platform)
	if _, err := f.engine.Platform(platform); !ok && err == nil {
		name, ok = platform, true // without steps of its own: the generic ones, with its own ending
	}
	if !ok {
		resp.Error = argumentError(0, "There are no manual steps for \""+platform+"\". Legal are "+strings.Join(runbook.Platforms(), ", ")+", and their usual names.")
		return
	}
	kind := hub.TaskKind(task)
	switch kind {
	case hub.TaskAdd, hub.TaskChangeRole, hub.TaskRemove:
	default:
		resp.Error = argumentError(1, "There is no task \""+task+"\". Legal are add, change_role and remove.")
		return
	}
	fill := runbook.Fill{Platform: name, Person: email}
	if p, err := f.engine.Platform(name); err == nil {
		fill.Role = labelled(&p.Platform, role)
	} else {
		fill.Role = role
	}
	resp.Error = resp.Result.Set(ctx, strings.TrimSpace(runbook.For(name, kind).Render(fill)))
}

// argumentError leaves off the full stop: Terraform sets one of its own.
func argumentError(argument int64, problem string) *function.FuncError {
	return function.NewArgumentFuncError(argument, strings.TrimSuffix(sentence(problem), "."))
}
