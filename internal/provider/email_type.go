package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// emailType is a string that compares as an e-mail address: without case. What
// the user wrote is what the state keeps.
type emailType struct{ basetypes.StringType }

var _ basetypes.StringTypable = emailType{}

func (t emailType) Equal(o attr.Type) bool {
	other, ok := o.(emailType)
	return ok && t.StringType.Equal(other.StringType)
}

func (t emailType) String() string { return "provider.emailType" }

func (t emailType) ValueType(context.Context) attr.Value { return emailValue{} }

func (t emailType) ValueFromString(_ context.Context, v basetypes.StringValue) (basetypes.StringValuable, diag.Diagnostics) {
	return emailValue{v}, nil
}

func (t emailType) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	v, err := t.StringType.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	s, ok := v.(basetypes.StringValue)
	if !ok {
		return nil, fmt.Errorf("unexpected value type %T", v)
	}
	return emailValue{s}, nil
}

type emailValue struct{ basetypes.StringValue }

var _ basetypes.StringValuableWithSemanticEquals = emailValue{}

func newEmail(s string) emailValue { return emailValue{basetypes.NewStringValue(s)} }

func (v emailValue) Type(context.Context) attr.Type { return emailType{} }

func (v emailValue) Equal(o attr.Value) bool {
	other, ok := o.(emailValue)
	return ok && v.StringValue.Equal(other.StringValue)
}

func (v emailValue) StringSemanticEquals(_ context.Context, o basetypes.StringValuable) (bool, diag.Diagnostics) {
	other, ok := o.(emailValue)
	return ok && hub.FoldEmail(v.ValueString()) == hub.FoldEmail(other.ValueString()), nil
}

// emailPlan keeps the spelling in state when only the case of an address
// changed, and replaces the seat when the address did.
func emailPlan() []planmodifier.String {
	return []planmodifier.String{
		keepSpelling{},
		stringplanmodifier.RequiresReplaceIf(
			func(_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
				resp.RequiresReplace = hub.FoldEmail(req.PlanValue.ValueString()) != hub.FoldEmail(req.StateValue.ValueString())
			},
			"Another address is another person's seat.", "Another address is another person's seat.",
		),
	}
}

type keepSpelling struct{}

func (keepSpelling) Description(context.Context) string { return "Compared without case." }

func (k keepSpelling) MarkdownDescription(ctx context.Context) string { return k.Description(ctx) }

func (keepSpelling) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.StateValue.IsNull() || req.PlanValue.IsUnknown() {
		return
	}
	if hub.FoldEmail(req.PlanValue.ValueString()) == hub.FoldEmail(req.StateValue.ValueString()) {
		resp.PlanValue = req.StateValue
	}
}

// emailValidator refuses what cannot be a bare address.
type emailValidator struct{}

func (emailValidator) Description(context.Context) string { return "a bare e-mail address" }

func (v emailValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (emailValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !known(req.ConfigValue) {
		return
	}
	if err := hub.ValidEmail(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Malformed e-mail address", sentence(err.Error()))
	}
}
