package provider

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// open makes one platform ready from its configuration block. A platform
// without its required settings is left closed, with an error for whoever asks
// for one of its hubs: most configurations use one platform of many.
func (p *rosterProvider) open(d hub.Driver, block types.Object, logger *slog.Logger) (engine.Platform, diag.Diagnostics) {
	var diags diag.Diagnostics
	platform := engine.Platform{Platform: d.Platform}
	if block.IsUnknown() {
		platform.Unknown = true
		return platform, diags
	}
	values := map[string]string{}
	var missing []hub.Setting
	for _, s := range d.Settings {
		value, known := settingValue(s, block.Attributes()[s.Name])
		switch {
		case !known:
			platform.Unknown = true
		case value != "":
			values[s.Name] = value
		case s.Required:
			missing = append(missing, s)
		}
	}
	if platform.Unknown {
		return platform, diags
	}
	if len(missing) > 0 {
		platform.Missing = missingSettings(d.Platform, missing)
		return platform, diags
	}
	connector, err := d.Open(hub.Options{Settings: values, UserAgent: p.userAgent(), Logger: logger, Now: p.now})
	if se := (*hub.SettingError)(nil); errors.As(err, &se) {
		diags.AddAttributeError(path.Root(d.Platform.Name).AtName(se.Setting),
			fmt.Sprintf("%s: the setting %s cannot work", d.Platform.Title, se.Setting), sentence(se.Problem))
		return platform, diags
	}
	if none := (*hub.NotConfiguredError)(nil); errors.As(err, &none) {
		platform.Missing = fmt.Errorf("roster has no credentials for %s. Set %s", d.Platform.Title, none.Need)
		return platform, diags
	}
	if err != nil {
		diags.AddAttributeError(path.Root(d.Platform.Name), d.Platform.Title+" cannot be configured", sentence(err.Error()))
		return platform, diags
	}
	platform.Connector = connector
	return platform, diags
}

// settingValue is a setting from the configuration, else from its environment
// variable, else its default. known is false for a value Terraform has still to
// learn.
func settingValue(s hub.Setting, configured attr.Value) (value string, known bool) {
	if text, ok := configured.(types.String); ok {
		if text.IsUnknown() {
			return "", false
		}
		if v := text.ValueString(); v != "" {
			return v, true
		}
	}
	if s.Env != "" {
		if v := os.Getenv(s.Env); v != "" {
			return v, true
		}
	}
	return s.Default, true
}

// missingSettings is why a platform is closed.
func missingSettings(p hub.Platform, settings []hub.Setting) error {
	var names []string
	for _, s := range settings {
		names = append(names, fmt.Sprintf("%s.%s in the provider block (or the environment variable %s)", p.Name, s.Name, s.Env))
	}
	return fmt.Errorf("roster has no credentials for %s. Set %s", p.Title, strings.Join(names, ", and "))
}
