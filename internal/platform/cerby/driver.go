package cerby

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// Name is the platform's name, the first half of every hub id.
const Name = "cerby"

// The names of the settings and the environment variables behind them.
const (
	settingWorkspace = "workspace"
	settingAPIKey    = "api_key"
	settingEndpoint  = "endpoint"
	settingPace      = "requests_per_minute"

	envWorkspace = "CERBY_WORKSPACE"
	envAPIKey    = "CERBY_API_KEY"
	envEndpoint  = "CERBY_BASE_URL"
	envPace      = "CERBY_REQUESTS_PER_MINUTE"
)

// What Cerby states.
const (
	pageSize = 100 // the largest page
	// throttleWait is how long Cerby asks to wait after a 429.
	throttleWait = 5 * time.Minute
	// domain is behind every workspace's name.
	domain = ".cerby.com"
	// signIn is the one page that needs no workspace.
	signIn = "https://app.cerby.com/"
)

// requiredScopes are what an API key needs, as Cerby's screens write them.
// Cerby's two descriptions name different ones for some calls; these are both.
//
// API: Cerby developer portal, "Scopes" of each operation; and the scopes of
// the older description, https://github.com/silviaCerby/gitbook
const requiredScopes = "Read users, Read integrations, Write integrations, Read automated jobs and Write automated jobs"

// What Cerby does not state and roster had to assume. What is unconfirmed and
// shapes the code stands beside the code: the people whom Cerby could not match
// (types.go), what a failed job's errorType says (jobs.go).
const (
	// pace is what one third-party script keeps to (unconfirmed). Cerby
	// publishes no quota.
	pace    = 60
	maxPace = 6000
	// settle: how long Cerby's list may take to show what a job did (unconfirmed).
	settle = 5 * time.Second
	// taskTime: jobs drive a browser and take minutes; how many is not published.
	taskTime = 15 * time.Minute
)

// isAdmin guesses whether the holders of an app's role can manage its people:
// an entitlement's key has to say so itself, Cerby does not (unconfirmed). A
// role wrongly taken for an administrator's makes the guard of the last one
// refuse once too often; it also counts as one that is left, and no key can
// rule that out.
func isAdmin(key string) bool {
	words := strings.FieldsFunc(strings.ToUpper(key), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, word := range words {
		switch word {
		case "ADMIN", "ADMINISTRATOR", "OWNER":
			return true
		}
	}
	return false
}

// screens says whose screens a person uses for a hub, by the first words of
// Cerby's key for its app. Cerby publishes no keys: these are the names the apps
// go by, and pinterest_business is the one that a label in Cerby's own examples
// speaks for (all unconfirmed). roster_business_hub.runbook overrides them.
var screens = []struct{ words, platform string }{
	{"facebook", "meta_business"},
	{"meta", "meta_business"},
	{"google_ads", "google_ads"},
	{"google_adwords", "google_ads"},
	{"googleads", "google_ads"},
	{"adwords", "google_ads"},
	{"pinterest", "pinterest_business"},
	{"snapchat", "snapchat_business"},
	{"tiktok", "tiktok_business"},
}

// runbookFor is the platform whose manual steps fit an app, "" when none is known to.
func runbookFor(application string) string {
	key := strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, application))
	for _, s := range screens {
		// Whole words: a metabase is no Meta.
		if key == s.words || strings.HasPrefix(key, s.words+"_") {
			return s.platform
		}
	}
	return ""
}

var (
	uuid          = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	workspaceName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

var platform = hub.Platform{
	Name:           Name,
	Title:          "Cerby",
	Vendor:         "Cerby",
	BusinessID:     uuid,
	BusinessIDForm: "the id of the integration (a business hub on Cerby's screens), a UUID in lower case, for example 6f0f6a5e-3b0e-4c43-9c59-5f3d2c1e7a10",
	// Roles come from the hub: each app has its own, see Connector.Roles.
	//
	// Roleless is false. Cerby's list of somebody's entitlements may be empty or
	// missing, and it is a copy: somebody just added can be listed before their
	// role is. Every collaborator has a seat with a role; an owner who only shares
	// the hub has neither. So "" is a role that was not told, and it is not for
	// roster to write a second job over it. It also keeps an add without a role
	// from being planned, which Cerby refuses.
	Roleless: false,
	Capabilities: hub.Capabilities{
		hub.OpAdd:               hub.Supported,
		hub.OpAddWithSecondary:  hub.Supported,
		hub.OpChangeRole:        hub.Supported,
		hub.OpChangeInvitedRole: hub.Unsupported, // Cerby does not tell who has still to accept
		hub.OpGrantRole:         hub.Supported,
		hub.OpRevokeRole:        hub.Supported,
		hub.OpRemove:            hub.Supported,
		hub.OpCancel:            hub.Unsupported,
	},
	Lingering: "Cerby goes on listing somebody who has access through a team as well: take the person out of the team in Cerby. Its list may also be older than the removal: press Sync in the hub's settings.",
	Statuses:  []hub.Status{hub.StatusActive, hub.StatusSuspended, hub.StatusUnknown},
	Limits: []hub.Limit{
		{Name: "requests_per_minute", Value: pace, Note: "roster's own pace (requests_per_minute changes it); Cerby publishes no quota, so the number is unconfirmed."},
	},
	AdminURL: signIn,
	PageSize: pageSize,
	Settle:   settle,
	TaskTime: taskTime,
}

// Driver is Cerby as the provider sees it before credentials.
func Driver() hub.Driver {
	return hub.Driver{
		Platform: platform,
		Settings: []hub.Setting{
			{
				Name: settingWorkspace, Env: envWorkspace,
				Description: "Name of the Cerby workspace: northwind for https://northwind.cerby.com. Needed unless endpoint is set.",
			},
			{
				Name: settingAPIKey, Env: envAPIKey, Secret: true,
				Description: "API key, from Settings > API keys in Cerby, with the scopes " + requiredScopes + ". The user who made it must be Owner of the hubs and an admin of the workspace.",
			},
			{
				Name: settingEndpoint, Env: envEndpoint,
				Description: "Base URL of the workspace's API with /api/v1, for a proxy or a simulator. https, or http on a loopback address. Made from workspace when it is not set.",
			},
			{
				Name: settingPace, Env: envPace, Default: strconv.Itoa(pace),
				Description: "How many requests roster makes in a minute at most. Cerby publishes no quota; lower it where Cerby answers that there were too many.",
			},
		},
		Open: func(o hub.Options) (hub.Connector, error) { return New(o) },
	}
}

// New opens a connector. It makes no request.
func New(o hub.Options) (*Connector, error) { return open(o, nil) }

// open is New with the transport's waits for tests to shorten.
func open(o hub.Options, tune func(*transport.Config)) (*Connector, error) {
	value := func(name string) string { return strings.TrimSpace(o.Settings[name]) }
	key, workspace, endpoint := value(settingAPIKey), value(settingWorkspace), value(settingEndpoint)
	if key == "" {
		return nil, &hub.NotConfiguredError{Need: fmt.Sprintf(
			"%s.%s in the provider block (or the environment variable %s), and %s.%s (%s)",
			Name, settingAPIKey, envAPIKey, Name, settingWorkspace, envWorkspace)}
	}
	switch {
	case workspace == "" && endpoint == "":
		return nil, &hub.SettingError{Setting: settingWorkspace, Problem: fmt.Sprintf(
			"there is an api_key and no workspace. Set it here or in the environment (%s): northwind for https://northwind%s.", envWorkspace, domain)}
	case workspace != "" && !workspaceName.MatchString(workspace):
		return nil, &hub.SettingError{Setting: settingWorkspace, Problem: fmt.Sprintf(
			"%q is not the name of a workspace. Write what stands before %s in its address, in lower case: northwind for https://northwind%s.", workspace, domain, domain)}
	}
	perMinute, err := strconv.Atoi(cmp.Or(value(settingPace), strconv.Itoa(pace)))
	if err != nil || perMinute < 1 || perMinute > maxPace {
		return nil, &hub.SettingError{Setting: settingPace, Problem: fmt.Sprintf(
			"%q is not a number of requests. Write a whole number from 1 to %d, such as %d.", value(settingPace), maxPace, pace)}
	}
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	example := "https://northwind" + domain + "/api/v1"
	api, err := newClient(clientConfig{
		key:       hub.Secret(key),
		endpoint:  cmp.Or(endpoint, "https://"+workspace+domain+"/api/v1"),
		perMinute: perMinute,
		userAgent: cmp.Or(o.UserAgent, "roster"),
		logger:    logger,
		tune:      tune,
	})
	if err != nil {
		return nil, vendor.URLError(settingEndpoint, endpoint, example, err)
	}
	return &Connector{api: api, adminURL: adminURL(workspace, endpoint), log: logger}, nil
}

// adminURL is where a person manages the hubs of a workspace. What the pages
// below it are called is unconfirmed.
func adminURL(workspace, endpoint string) string {
	if workspace == "" {
		u, err := url.Parse(endpoint)
		if err != nil {
			return signIn
		}
		name, ours := strings.CutSuffix(strings.ToLower(u.Hostname()), domain)
		if !ours || !workspaceName.MatchString(name) {
			return signIn // a proxy or a simulator
		}
		workspace = name
	}
	return "https://" + workspace + domain + "/"
}
