package scim

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// Name is the platform's name, the first half of every hub id.
const Name = "scim"

// The names of an entry's settings and the environment variables behind them.
const (
	settingBaseURL    = "base_url"
	settingToken      = "token"
	settingProfile    = "profile"
	settingRoleSource = "role_source"
	settingRemoveMode = "remove_mode"
	settingAdminURL   = "admin_url"
	settingRoles      = "roles"
	settingAdminRoles = "admin_roles"

	envBaseURL = "SCIM_{NAME}_BASE_URL"
	envToken   = "SCIM_{NAME}_TOKEN"
)

// settle is how long a write may take to show: the contract's three look-ups
// over five seconds.
const settle = 5 * time.Second

// roleMember is the one role of an app whose roles are not in SCIM. It is
// roster's own word: every member needs a role, and there is no other.
const roleMember = "member"

// entryName is the form of an entry's name: lower-case words, so that an
// environment variable can be made of each.
var entryName = regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`)

// platform is what holds of every app; Connector.For adds what one entry says.
var platform = hub.Platform{
	Name:           Name,
	Title:          "SCIM app",
	Vendor:         "SCIM app",
	BusinessID:     entryName,
	BusinessIDForm: "the name of an entry in the provider's scim block: lower-case words joined by underscores, for example slack",
	Capabilities:   capabilities(true),
	// A role can be refused after the account was made, and accounts that other
	// tools made need have none.
	Roleless:  true,
	Suspends:  true,
	Lingering: "Some apps take a while until their list shows a removal.",
	Statuses:  []hub.Status{hub.StatusActive, hub.StatusSuspended, hub.StatusUnknown},
	PageSize:  pageSize,
	Settle:    settle,
}

// capabilities are an app's, with roles that SCIM can set or without.
func capabilities(roles bool) hub.Capabilities {
	support := hub.Unsupported
	if roles {
		support = hub.Supported
	}
	return hub.Capabilities{
		hub.OpAdd:               hub.Supported,
		hub.OpAddWithSecondary:  support,
		hub.OpChangeRole:        support,
		hub.OpChangeInvitedRole: hub.Unsupported, // SCIM knows no invitations
		hub.OpGrantRole:         support,
		hub.OpRevokeRole:        support,
		hub.OpRemove:            hub.Supported,
		hub.OpCancel:            hub.Unsupported,
	}
}

// Driver is any SCIM 2.0 app as the provider sees it before credentials.
func Driver() hub.Driver {
	return hub.Driver{
		Platform: platform,
		Named:    true,
		Settings: []hub.Setting{
			{
				Name: settingBaseURL, Env: envBaseURL, Required: true,
				Description: "Base URL of the app's SCIM 2.0 API, without /Users, for example https://api.slack.com/scim/v2. https, or http on a loopback address.",
			},
			{
				Name: settingToken, Env: envToken, Required: true, Secret: true,
				Description: "Bearer token of the app's SCIM API, from the app's own administration screens.",
			},
			{
				Name: settingProfile,
				Description: "Which app this is, where roster knows its ways: " + strings.Join(profileNames(), ", ") +
					". It sets the defaults of role_source and remove_mode, the pace, and which requests are tried first. Leave it out for any other app.",
			},
			{
				Name: settingRoleSource,
				Description: "Where the app keeps the roles of its people: roles or entitlements (attributes of the user), groups (membership), or none (not in SCIM: roster adds and removes people, and their role is left alone). " +
					"The default is roles, unless the profile says otherwise.",
			},
			{
				Name: settingRemoveMode,
				Description: "What removing somebody does: deactivate switches the account off and keeps it, delete deletes it. The default is deactivate, which can be undone in every app; " +
					"what delete takes with it, and whether the person can ever be added again, depends on the app.",
			},
			{
				Name:        settingAdminURL,
				Description: "The app's own screen where a person manages people, for the manual steps. https.",
			},
			{
				Name: settingRoles, List: true,
				Description: "The app's primary roles, the least privileged first, of which a member holds exactly one; with role_source = \"groups\", the display names (or ids) of the groups that stand for them. " +
					"Whatever else somebody holds is a secondary role. Without it the role that the app marks primary is the primary one. Required with role_source = \"groups\".",
			},
			{
				Name: settingAdminRoles, List: true,
				Description: "Those of roles whose holders can manage people in the app: the last holder is guarded.",
			},
		},
		Open: func(o hub.Options) (hub.Connector, error) { return New(o) },
	}
}

// New opens a connector. It makes no request.
func New(o hub.Options) (*Connector, error) { return open(o, nil) }

// open is New with the transport's waits for tests to shorten.
func open(o hub.Options, tune func(*transport.Config)) (*Connector, error) {
	if !entryName.MatchString(o.Name) {
		return nil, &hub.SettingError{Setting: Name, Problem: fmt.Sprintf(
			"%q cannot name an app. The name is %s.", o.Name, platform.BusinessIDForm)}
	}
	value := func(name string) string { return strings.TrimSpace(o.Settings[name]) }
	for _, required := range []struct{ name, env string }{{settingBaseURL, envBaseURL}, {settingToken, envToken}} {
		if value(required.name) == "" {
			env := strings.ReplaceAll(required.env, "{NAME}", strings.ToUpper(o.Name))
			return nil, &hub.SettingError{Setting: required.name, Problem: fmt.Sprintf("it is not set. Set it in the entry %q of the provider's scim block, or in the environment variable %s.", o.Name, env)}
		}
	}
	chosen, ok := profiles[value(settingProfile)]
	if !ok {
		return nil, illegal(settingProfile, value(settingProfile), profileNames(), " Leave it out for an app of another kind.")
	}
	c := &Connector{
		name:     o.Name,
		vendor:   answer.Vendor{ID: Name, Name: cmp.Or(chosen.vendor, spoken(o.Name)), RateLimited: detailRateLimited},
		profile:  chosen,
		mode:     mode(cmp.Or(value(settingRemoveMode), string(chosen.mode))),
		adminURL: value(settingAdminURL),
		lag:      time.Second,
	}
	if !slices.Contains(modes, string(c.mode)) {
		return nil, illegal(settingRemoveMode, string(c.mode), modes, "")
	}
	var err error
	if c.roles, err = rolesOf(o, chosen); err != nil {
		return nil, err
	}
	if c.adminURL != "" {
		if u, err := url.Parse(c.adminURL); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
			shown := fmt.Sprintf("%q", c.adminURL)
			if strings.Contains(c.adminURL, "@") {
				shown = "The value" // it may hold a password
			}
			return nil, &hub.SettingError{Setting: settingAdminURL, Problem: shown + " cannot be used. Write the https URL of the screen where a person manages people in the app, such as https://app.example.com/admin/people."}
		}
	}
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	c.api, err = newClient(clientConfig{
		token:     hub.Secret(value(settingToken)),
		baseURL:   value(settingBaseURL),
		userAgent: cmp.Or(o.UserAgent, "roster"),
		profile:   chosen,
		logger:    logger,
		tune:      tune,
	})
	if err != nil {
		return nil, c.vendor.URLError(settingBaseURL, value(settingBaseURL), "https://app.example.com/scim/v2", err)
	}
	return c, nil
}

// rolesOf reads the settings about roles.
func rolesOf(o hub.Options, chosen profile) (roles, error) {
	r := roles{source: source(cmp.Or(strings.TrimSpace(o.Settings[settingRoleSource]), string(chosen.source)))}
	if !slices.Contains(sources, string(r.source)) {
		return r, illegal(settingRoleSource, string(r.source), sources, "")
	}
	var err error
	if r.primary, err = roleList(settingRoles, o.Lists[settingRoles]); err != nil {
		return r, err
	}
	if r.admin, err = roleList(settingAdminRoles, o.Lists[settingAdminRoles]); err != nil {
		return r, err
	}
	const setSource = "Set role_source to where the app keeps its roles"
	switch {
	case r.source == fromGroups && chosen.blindGroups:
		return r, &hub.SettingError{Setting: settingRoleSource, Problem: fmt.Sprintf(
			"%s does not tell through SCIM who is in a group, so groups cannot be roles. Use %q.", chosen.vendor, fromNowhere)}
	case r.source == fromGroups && len(r.primary) == 0:
		return r, &hub.SettingError{Setting: settingRoles, Problem: fmt.Sprintf(
			"roles come from groups, and nobody can tell which group is a role. List the display names of the groups that are, the least privileged first, or set role_source to %q.", fromNowhere)}
	case r.source == fromNowhere && len(r.primary) > 0:
		return r, &hub.SettingError{Setting: settingRoles, Problem: fmt.Sprintf("the roles are not in SCIM (role_source is %q), so roster can set none of them. %s, or leave roles out.", fromNowhere, setSource)}
	case len(r.primary) == 0 && len(r.admin) > 0:
		// Without roles, any role is legal, and a list of the administrators' alone
		// would look like the list of all.
		return r, &hub.SettingError{Setting: settingAdminRoles, Problem: "it names some of roles, and roles is not set. List all primary roles there, the least privileged first."}
	}
	for _, admin := range r.admin {
		if !slices.Contains(r.primary, admin) {
			return r, &hub.SettingError{Setting: settingAdminRoles, Problem: fmt.Sprintf("%q is not among roles (%s).", admin, strings.Join(r.primary, ", "))}
		}
	}
	return r, nil
}

// roleList holds a list of role names to being one.
func roleList(setting string, list []string) ([]string, error) {
	for i, name := range list {
		if name == "" || strings.TrimSpace(name) != name {
			return nil, &hub.SettingError{Setting: setting, Problem: fmt.Sprintf("%q is no name of a role: it is empty, or begins or ends with white space.", name)}
		}
		for _, before := range list[:i] {
			if strings.EqualFold(before, name) {
				return nil, &hub.SettingError{Setting: setting, Problem: fmt.Sprintf("%q is there twice; the names of roles are compared without case.", name)}
			}
		}
	}
	return slices.Clone(list), nil
}

func illegal(setting, value string, legal []string, more string) error {
	return &hub.SettingError{Setting: setting, Problem: fmt.Sprintf("%q is not one of %s.%s", value, strings.Join(legal, ", "), more)}
}

// spoken is an entry's name as the beginning of a sentence: "Figma answered".
func spoken(name string) string {
	words := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}
