package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// settingsAttribute is the configuration block of one platform, made from its
// driver's data.
func settingsAttribute(d hub.Driver) schema.Attribute {
	nested := map[string]schema.Attribute{}
	for _, s := range d.Settings {
		text := s.Description
		if s.Env != "" {
			text += " Environment variable: `" + strings.ReplaceAll(s.Env, namePlaceholder, "<NAME>") + "`"
			if d.Named {
				text += ", with the entry's name in capitals"
			}
			text += "."
		}
		if s.Default != "" {
			text += " Defaults to `" + s.Default + "`."
		}
		if s.List {
			nested[s.Name] = schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: text}
			continue
		}
		nested[s.Name] = schema.StringAttribute{Optional: true, Sensitive: s.Secret, MarkdownDescription: text}
	}
	if d.Named {
		return schema.MapNestedAttribute{
			Optional:            true,
			MarkdownDescription: "How to reach each " + d.Platform.Title + ", by a name of your choice: the `business_id` of its hub, " + d.Platform.BusinessIDForm + ".",
			Validators:          []validator.Map{namesValidator{d.Platform}},
			NestedObject:        schema.NestedAttributeObject{Attributes: nested},
		}
	}
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "How to reach " + d.Platform.Title + ".",
		Attributes:          nested,
	}
}

// namesValidator refuses a name that cannot be a business id.
type namesValidator struct{ platform hub.Platform }

func (v namesValidator) Description(context.Context) string {
	return "names must be " + v.platform.BusinessIDForm
}

func (v namesValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v namesValidator) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	for name := range req.ConfigValue.Elements() {
		if !v.platform.BusinessID.MatchString(name) {
			resp.Diagnostics.AddAttributeError(req.Path.AtMapKey(name), "Malformed name",
				fmt.Sprintf("%q cannot be the business id of a hub of %s: %s.", name, v.platform.Name, v.platform.BusinessIDForm))
		}
	}
}

// platform makes one platform ready from its configuration.
func (p *rosterProvider) platform(d hub.Driver, configured attr.Value, logger *slog.Logger) (engine.Platform, diag.Diagnostics) {
	platform := engine.Platform{Platform: d.Platform}
	var diags diag.Diagnostics
	at := path.Root(d.Platform.Name)
	switch block := configured.(type) {
	case types.Object:
		platform.Connection, diags = p.open(d, at, "", block, logger)
	case types.Map:
		if block.IsUnknown() {
			platform.Unknown = true
			return platform, nil
		}
		platform.Missing = fmt.Errorf("the provider block has no %s. Add %s = { NAME = { ... } }, where NAME is the business_id of the hub", d.Platform.Name, d.Platform.Name)
		platform.Named = map[string]engine.Connection{}
		for name, entry := range block.Elements() {
			object, ok := entry.(types.Object)
			if !ok {
				diags.AddAttributeError(at.AtMapKey(name), "Unexpected entry", fmt.Sprintf("got %T. This is a bug in roster: please report it.", entry))
				continue
			}
			connection, more := p.open(d, at.AtMapKey(name), name, object, logger)
			platform.Named[name] = connection
			diags.Append(more...)
		}
	}
	return platform, diags
}

// open connects with one block of settings. Without its required settings it is
// left closed, with an error for whoever asks for one of its hubs: most
// configurations use one platform of many.
func (p *rosterProvider) open(d hub.Driver, at path.Path, name string, block types.Object, logger *slog.Logger) (engine.Connection, diag.Diagnostics) {
	var diags diag.Diagnostics
	if block.IsUnknown() {
		return engine.Connection{Unknown: true}, diags
	}
	options := hub.Options{Name: name, Settings: map[string]string{}, Lists: map[string][]string{}, UserAgent: p.userAgent(), Logger: logger, Now: p.now}
	var missing []hub.Setting
	for _, s := range d.Settings {
		given := block.Attributes()[s.Name]
		if s.List {
			list, known := listValue(given)
			if !known {
				return engine.Connection{Unknown: true}, diags
			}
			if list != nil {
				options.Lists[s.Name] = list
			}
			continue
		}
		value, known := settingValue(s, name, given)
		switch {
		case !known:
			return engine.Connection{Unknown: true}, diags
		case value != "":
			options.Settings[s.Name] = value
		case s.Required:
			missing = append(missing, s)
		}
	}
	if len(missing) > 0 {
		return engine.Connection{Missing: missingSettings(d, name, missing)}, diags
	}
	connector, err := d.Open(options)
	title := d.Platform.Title
	if name != "" {
		title += " " + name
	}
	if se := (*hub.SettingError)(nil); errors.As(err, &se) {
		setting := se.Setting
		if name != "" {
			setting = d.Platform.Name + "." + name + "." + setting // Terraform marks the provider block alone
		}
		diags.AddAttributeError(at.AtName(se.Setting), fmt.Sprintf("%s: the setting %s cannot work", title, setting), sentence(se.Problem))
		return engine.Connection{}, diags
	}
	if none := (*hub.NotConfiguredError)(nil); errors.As(err, &none) {
		return engine.Connection{Missing: fmt.Errorf("roster has no credentials for %s. Set %s", title, none.Need)}, diags
	}
	if err != nil {
		diags.AddAttributeError(at, title+" cannot be configured", sentence(err.Error()))
		return engine.Connection{}, diags
	}
	return engine.Connection{Connector: connector}, diags
}

// namePlaceholder stands in a setting's environment variable for the name of the
// entry.
const namePlaceholder = "{NAME}"

func envOf(s hub.Setting, name string) string {
	return strings.ReplaceAll(s.Env, namePlaceholder, strings.ToUpper(name))
}

// settingValue is a setting from the configuration, else from its environment
// variable, else its default. known is false for a value Terraform has still to
// learn.
func settingValue(s hub.Setting, name string, configured attr.Value) (value string, known bool) {
	if text, ok := configured.(types.String); ok {
		if text.IsUnknown() {
			return "", false
		}
		if v := text.ValueString(); v != "" {
			return v, true
		}
	}
	if s.Env != "" {
		if v := os.Getenv(envOf(s, name)); v != "" {
			return v, true
		}
	}
	return s.Default, true
}

// listValue is a setting that is a list; nil when it is not set.
func listValue(configured attr.Value) (list []string, known bool) {
	given, ok := configured.(types.List)
	switch {
	case !ok || given.IsNull():
		return nil, true
	case given.IsUnknown():
		return nil, false
	}
	list = []string{}
	for _, element := range given.Elements() {
		text, ok := element.(types.String)
		if !ok || text.IsUnknown() {
			return nil, false
		}
		list = append(list, text.ValueString())
	}
	return list, true
}

// missingSettings is why a platform is closed.
func missingSettings(d hub.Driver, name string, settings []hub.Setting) error {
	var names []string
	for _, s := range settings {
		attribute := d.Platform.Name + "."
		if name != "" {
			attribute += name + "."
		}
		text := attribute + s.Name + " in the provider block"
		if s.Env != "" {
			text += " (or the environment variable " + envOf(s, name) + ")"
		}
		names = append(names, text)
	}
	title := d.Platform.Title
	if name != "" {
		title += " " + name
	}
	return fmt.Errorf("roster cannot reach %s. Set %s", title, strings.Join(names, ", and "))
}
