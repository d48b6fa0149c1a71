package scim

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

func legalSettings() map[string]string {
	return map[string]string{settingBaseURL: "https://app.example.com/scim/v2", settingToken: testToken}
}

// TestSettings: what cannot work is said before anything is sent, naming the
// setting and what is legal, and no secret.
func TestSettings(t *testing.T) {
	for name, tt := range map[string]struct {
		entry    string
		settings map[string]string
		roles    []string
		admins   []string
		setting  string // "" is legal
		says     string
	}{
		"the least":                     {settings: map[string]string{}},
		"everything":                    {settings: map[string]string{settingProfile: "slack", settingRoleSource: "groups", settingRemoveMode: "delete", settingAdminURL: "https://slack.example.com/admin"}, roles: testRoles, admins: []string{"admin"}},
		"a slash at the end":            {settings: map[string]string{settingBaseURL: "https://app.example.com/scim/v2/"}},
		"loopback":                      {settings: map[string]string{settingBaseURL: "http://127.0.0.1:8080/x/v2"}},
		"no entry":                      {entry: "-", setting: Name, says: "lower-case"},
		"capitals":                      {entry: "Slack", setting: Name, says: `"Slack"`},
		"a dash":                        {entry: "my-app", setting: Name, says: "underscores"},
		"no base url":                   {settings: map[string]string{settingBaseURL: " "}, setting: settingBaseURL, says: "SCIM_FIGMA_EMEA_BASE_URL"},
		"no token":                      {settings: map[string]string{settingToken: ""}, setting: settingToken, says: "SCIM_FIGMA_EMEA_TOKEN"},
		"a query":                       {settings: map[string]string{settingBaseURL: "https://app.example.com/scim?x=1"}, setting: settingBaseURL, says: "query"},
		"http":                          {settings: map[string]string{settingBaseURL: "http://app.example.com/scim"}, setting: settingBaseURL, says: "loopback"},
		"an unknown profile":            {settings: map[string]string{settingProfile: "figma"}, setting: settingProfile, says: "atlassian, aws, entra, github_enterprise, okta, slack"},
		"an unknown source":             {settings: map[string]string{settingRoleSource: "userType"}, setting: settingRoleSource, says: "roles, entitlements, groups, none"},
		"an unknown mode":               {settings: map[string]string{settingRemoveMode: "erase"}, setting: settingRemoveMode, says: "delete, deactivate"},
		"groups without roles":          {settings: map[string]string{settingRoleSource: "groups"}, setting: settingRoles, says: "which group is a role"},
		"a profile of groups":           {settings: map[string]string{settingProfile: "atlassian"}, setting: settingRoles, says: "which group is a role"},
		"groups that nobody sees":       {settings: map[string]string{settingProfile: "aws", settingRoleSource: "groups"}, roles: testRoles, setting: settingRoleSource, says: `"none"`},
		"roles that are not in SCIM":    {settings: map[string]string{settingRoleSource: "none"}, roles: testRoles, setting: settingRoles, says: "role_source"},
		"a role twice":                  {roles: []string{"viewer", "Viewer"}, setting: settingRoles, says: "twice"},
		"a role of nothing":             {roles: []string{"viewer", ""}, setting: settingRoles, says: "empty"},
		"an administrator not listed":   {roles: testRoles, admins: []string{"owner"}, setting: settingAdminRoles, says: "viewer, editor, admin"},
		"administrators without a list": {admins: []string{"admin"}, setting: settingAdminRoles, says: "roles is not set"},
		"an admin url without tls":      {settings: map[string]string{settingAdminURL: "http://app.example.com"}, setting: settingAdminURL, says: "https"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := legalSettings()
			maps.Copy(settings, tt.settings)
			entry := testApp
			if tt.entry != "" {
				entry = tt.entry
			}
			_, err := New(hub.Options{Name: entry, Settings: settings, Lists: map[string][]string{settingRoles: tt.roles, settingAdminRoles: tt.admins}})
			if tt.setting == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var setting *hub.SettingError
			if !errors.As(err, &setting) || setting.Setting != tt.setting || !strings.Contains(setting.Problem, tt.says) || strings.Contains(err.Error(), testToken) {
				t.Errorf("error %v, want one about %s with %q", err, tt.setting, tt.says)
			}
		})
	}
}

// TestDefaults: what each profile does when nothing else is said. Nothing that
// cannot be undone is a default.
func TestDefaults(t *testing.T) {
	sources := map[string]source{
		"": fromRoles, "slack": fromRoles, "github_enterprise": fromRoles, "atlassian": fromGroups, "entra": fromRoles, "okta": fromRoles, "aws": fromNowhere,
	}
	if len(sources) != len(profiles) {
		t.Errorf("%d profiles, want %d", len(profiles), len(sources))
	}
	for name, want := range sources {
		p := profiles[name]
		if p.source != want || p.mode != byDeactivate {
			t.Errorf("%q: source %s, mode %s, want %s and %s", name, p.source, p.mode, want, byDeactivate)
		}
		if sorted := slices.Sorted(slices.Values(p.forms)); !slices.Equal(sorted, slices.Sorted(slices.Values(rfcForms))) {
			t.Errorf("%q: forms %q leave some out", name, p.forms)
		}
		if p.page < 1 || p.page > 100 || p.limit <= 0 || p.burst < 1 || len(p.filters) == 0 {
			t.Errorf("%q: page %d, limit %v, burst %d, filters %v", name, p.page, p.limit, p.burst, p.filters)
		}
	}
	if slack := profiles["slack"]; slack.limit != 3 || slack.burst != 20 {
		t.Errorf("Slack is asked %v times a second with bursts of %d, and allows 180 a minute with bursts of 20", slack.limit, slack.burst)
	}
}

// TestFor: one entry as the provider sees it.
func TestFor(t *testing.T) {
	settings := legalSettings()
	settings[settingAdminURL] = "https://figma.example.com/people"
	c, err := New(hub.Options{Name: testApp, Settings: settings, Lists: map[string][]string{settingRoles: testRoles, settingAdminRoles: {"admin"}}})
	if err != nil {
		t.Fatal(err)
	}
	p := c.For(testHub)
	if p.Title != `SCIM app "figma_emea"` || p.Vendor != "Figma emea" || p.HubAdminURL(testHub) != settings[settingAdminURL] || !p.Suspends || !p.Roleless {
		t.Errorf("%+v", p)
	}
	if p.DefaultRole() != "viewer" || !p.IsAdmin("admin") || p.IsAdmin("editor") || !slices.Equal(p.RoleIDs(hub.Primary), testRoles) {
		t.Errorf("roles %+v", p.Roles)
	}
	if slices.Contains(p.Statuses, hub.StatusInvited) || p.Capabilities.Of(hub.OpCancel) != hub.Unsupported || p.Capabilities.Of(hub.OpGrantRole) != hub.Supported {
		t.Errorf("statuses %q, capabilities %v", p.Statuses, p.Capabilities)
	}
	if len(platform.Roles) > 0 || platform.AdminURL != "" {
		t.Errorf("one entry's data is everybody's: %+v", platform)
	}

	settings[settingRoleSource] = "none"
	if c, err = New(hub.Options{Name: "slack", Settings: settings}); err != nil {
		t.Fatal(err)
	}
	p = c.For(hub.Ref{Platform: Name, BusinessID: "slack"})
	for _, op := range []hub.Operation{hub.OpChangeRole, hub.OpGrantRole, hub.OpRevokeRole, hub.OpAddWithSecondary} {
		if p.Capabilities.Of(op) != hub.Unsupported {
			t.Errorf("%s is %s without roles", op, p.Capabilities.Of(op))
		}
	}
	if p.DefaultRole() != roleMember || p.Capabilities.Of(hub.OpAdd) != hub.Supported {
		t.Errorf("%+v", p)
	}
}
