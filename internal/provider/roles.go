package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// roleObject is the shape of a role wherever one is shown.
var roleObject = map[string]attr.Type{
	"id": types.StringType, "label": types.StringType, "kind": types.StringType, "admin": types.BoolType, "default": types.BoolType,
}

const roleObjectText = "Each has an `id` (as a configuration writes it), a `label` (as the platform's screens write it), a `kind` " +
	"(`primary`, of which everybody has exactly one, or `secondary`), `admin` (whether a holder can manage people) and `default` " +
	"(whether it is the least-privileged role, which a member gets when the configuration names none)."

func roleList(roles []hub.Role) types.List {
	list := make([]attr.Value, 0, len(roles))
	for _, role := range roles {
		list = append(list, types.ObjectValueMust(roleObject, map[string]attr.Value{
			"id":      types.StringValue(role.ID),
			"label":   types.StringValue(role.Label),
			"kind":    types.StringValue(string(role.Kind)),
			"admin":   types.BoolValue(role.Admin),
			"default": types.BoolValue(role.Default),
		}))
	}
	return types.ListValueMust(types.ObjectType{AttrTypes: roleObject}, list)
}

// capabilityMap shows what a platform can do, by operation.
func capabilityMap(c hub.Capabilities) types.Map {
	all := map[string]attr.Value{}
	for _, op := range hub.Operations() {
		all[string(op)] = types.StringValue(string(c.Of(op)))
	}
	return types.MapValueMust(types.StringType, all)
}
