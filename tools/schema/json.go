package main

import (
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// object is a JSON object. Maps and not structs: the reader is
// terraform-plugin-docs, the keys are Terraform's, and a key that holds a zero
// value is left out the way Terraform leaves it out.
type object = map[string]any

// FORMAT: Terraform, "JSON Output Format: providers schema",
// https://developer.hashicorp.com/terraform/cli/commands/providers/schema
func schemaJSON(p *tfprotov6.GetProviderSchemaResponse, ids *tfprotov6.GetResourceIdentitySchemasResponse, address string) object {
	out := object{"provider": schema(p.Provider)}
	each(out, "resource_schemas", p.ResourceSchemas, schema)
	each(out, "data_source_schemas", p.DataSourceSchemas, schema)
	each(out, "ephemeral_resource_schemas", p.EphemeralResourceSchemas, schema)
	each(out, "list_resource_schemas", p.ListResourceSchemas, schema)
	each(out, "action_schemas", p.ActionSchemas, func(a *tfprotov6.ActionSchema) object {
		return object{"block": block(a.Schema.Block)}
	})
	each(out, "functions", p.Functions, function)
	each(out, "resource_identity_schemas", ids.IdentitySchemas, identity)
	return object{"format_version": "1.0", "provider_schemas": object{address: out}}
}

func each[T any](out object, key string, in map[string]T, convert func(T) object) {
	if len(in) == 0 {
		return
	}
	all := object{}
	for name, v := range in {
		all[name] = convert(v)
	}
	out[key] = all
}

func schema(s *tfprotov6.Schema) object {
	return object{"version": s.Version, "block": block(s.Block)}
}

func block(b *tfprotov6.SchemaBlock) object {
	out := object{}
	if len(b.Attributes) > 0 {
		out["attributes"] = attributes(b.Attributes)
	}
	if len(b.BlockTypes) > 0 {
		nested := object{}
		for _, n := range b.BlockTypes {
			o := object{"nesting_mode": blockNesting(n.Nesting), "block": block(n.Block)}
			set(o, "min_items", n.MinItems)
			set(o, "max_items", n.MaxItems)
			nested[n.TypeName] = o
		}
		out["block_types"] = nested
	}
	describe(out, b.Description, b.DescriptionKind)
	set(out, "deprecated", b.Deprecated)
	return out
}

func attributes(in []*tfprotov6.SchemaAttribute) object {
	out := object{}
	for _, a := range in {
		o := object{}
		if a.NestedType != nil {
			o["nested_type"] = object{
				"attributes":   attributes(a.NestedType.Attributes),
				"nesting_mode": objectNesting(a.NestedType.Nesting),
			}
		} else {
			o["type"] = typ(a.Type)
		}
		describe(o, a.Description, a.DescriptionKind)
		set(o, "deprecated", a.Deprecated)
		set(o, "required", a.Required)
		set(o, "optional", a.Optional)
		set(o, "computed", a.Computed)
		set(o, "sensitive", a.Sensitive)
		set(o, "write_only", a.WriteOnly)
		out[a.Name] = o
	}
	return out
}

func identity(s *tfprotov6.ResourceIdentitySchema) object {
	attrs := object{}
	for _, a := range s.IdentityAttributes {
		o := object{"type": typ(a.Type)}
		set(o, "description", a.Description)
		set(o, "required_for_import", a.RequiredForImport)
		set(o, "optional_for_import", a.OptionalForImport)
		attrs[a.Name] = o
	}
	return object{"version": s.Version, "attributes": attrs}
}

func function(f *tfprotov6.Function) object {
	out := object{"return_type": typ(f.Return.Type)}
	set(out, "summary", f.Summary)
	set(out, "description", f.Description)
	set(out, "deprecation_message", f.DeprecationMessage)
	if len(f.Parameters) > 0 {
		params := make([]object, 0, len(f.Parameters))
		for _, p := range f.Parameters {
			params = append(params, parameter(p))
		}
		out["parameters"] = params
	}
	if f.VariadicParameter != nil {
		out["variadic_parameter"] = parameter(f.VariadicParameter)
	}
	return out
}

func parameter(p *tfprotov6.FunctionParameter) object {
	out := object{"name": p.Name, "type": typ(p.Type)}
	set(out, "description", p.Description)
	set(out, "is_nullable", p.AllowNullValue)
	return out
}

// typ writes a type the way cty does: "string", ["list","string"],
// ["object",{"name":"string"}].
func typ(t tftypes.Type) any {
	switch t := t.(type) {
	case tftypes.List:
		return []any{"list", typ(t.ElementType)}
	case tftypes.Set:
		return []any{"set", typ(t.ElementType)}
	case tftypes.Map:
		return []any{"map", typ(t.ElementType)}
	case tftypes.Object:
		attrs := object{}
		for name, at := range t.AttributeTypes {
			attrs[name] = typ(at)
		}
		return []any{"object", attrs}
	case tftypes.Tuple:
		elems := make([]any, 0, len(t.ElementTypes))
		for _, et := range t.ElementTypes {
			elems = append(elems, typ(et))
		}
		return []any{"tuple", elems}
	}
	switch {
	case t.Is(tftypes.String):
		return "string"
	case t.Is(tftypes.Bool):
		return "bool"
	case t.Is(tftypes.Number):
		return "number"
	case t.Is(tftypes.DynamicPseudoType):
		return "dynamic"
	}
	panic("schema: no JSON for type " + t.String())
}

func blockNesting(n tfprotov6.SchemaNestedBlockNestingMode) string {
	switch n {
	case tfprotov6.SchemaNestedBlockNestingModeSingle:
		return "single"
	case tfprotov6.SchemaNestedBlockNestingModeGroup:
		return "group"
	case tfprotov6.SchemaNestedBlockNestingModeList:
		return "list"
	case tfprotov6.SchemaNestedBlockNestingModeSet:
		return "set"
	case tfprotov6.SchemaNestedBlockNestingModeMap:
		return "map"
	default:
		panic("schema: no JSON for block nesting " + n.String())
	}
}

func objectNesting(n tfprotov6.SchemaObjectNestingMode) string {
	switch n {
	case tfprotov6.SchemaObjectNestingModeSingle:
		return "single"
	case tfprotov6.SchemaObjectNestingModeList:
		return "list"
	case tfprotov6.SchemaObjectNestingModeSet:
		return "set"
	case tfprotov6.SchemaObjectNestingModeMap:
		return "map"
	default:
		panic("schema: no JSON for object nesting " + n.String())
	}
}

// describe always says the kind, as Terraform does, so that Markdown is not
// escaped as plain text.
func describe(out object, text string, kind tfprotov6.StringKind) {
	set(out, "description", text)
	out["description_kind"] = "plain"
	if kind == tfprotov6.StringKindMarkdown {
		out["description_kind"] = "markdown"
	}
}

func set[T comparable](out object, key string, v T) {
	var zero T
	if v != zero {
		out[key] = v
	}
}
