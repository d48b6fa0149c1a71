package pinterestbusiness

import (
	"cmp"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// Name is the platform's name, the first half of every hub id.
const Name = "pinterest_business"

// defaultEndpoint is the only server in Pinterest's document. Its sandbox does
// not serve the member and invitation calls.
const defaultEndpoint = "https://api.pinterest.com"

// The names of the settings and the environment variables behind them.
const (
	settingAccessToken  = "access_token"
	settingClientID     = "client_id"
	settingClientSecret = "client_secret"
	settingRefreshToken = "refresh_token"
	settingEndpoint     = "endpoint"

	envAccessToken  = "PINTEREST_ACCESS_TOKEN"
	envClientID     = "PINTEREST_CLIENT_ID"
	envClientSecret = "PINTEREST_CLIENT_SECRET"
	envRefreshToken = "PINTEREST_REFRESH_TOKEN"
	envEndpoint     = "PINTEREST_BASE_URL"
)

// The two roles of members. PARTNER is in Pinterest's arrays too and is no role
// of a member: it marks another business.
const (
	roleEmployee = "EMPLOYEE"
	roleAdmin    = "BIZ_ADMIN"
	rolePartner  = "PARTNER"
)

// What Pinterest states.
const (
	pageSize = 250 // the largest page
	// readsAMinute is what standard access allows a user of an app. Writes come
	// one at a time from the engine and stay below their 400.
	readsAMinute = 1000
	// dailyOnTrial is all that an app with trial access may call in a day.
	dailyOnTrial = 1000
	// throttleWait and throttleCap bound the wait after a 429 that does not say
	// how long.
	throttleWait = time.Second
	throttleCap  = time.Minute
)

// What Pinterest does not state and roster had to assume. Nothing here is
// control flow: a wrong value costs a request or a wait, not a wrong result.
// What is unconfirmed and shapes the code stands beside the code: that a code
// 403 for one address means too many invitations (reason.go), that the id of a
// member is that of the account (Self), how a limit's reset is told (reason.go).
const (
	// settle: how long a write may take to show (unconfirmed).
	settle = 10 * time.Second
	// invitationLife (unconfirmed). The date on an invitation always wins.
	invitationLife = 7 * 24 * time.Hour
	// writesAMinute is the older figure for this category (unconfirmed).
	writesAMinute = 400
	// burst is how many calls go out before the pace of readsAMinute begins.
	burst = 60
	// adminURL is the one page that Pinterest's own errors name. A link to the
	// employees of one business is unconfirmed.
	adminURL = "https://www.pinterest.com/business/hub/"
)

var (
	businessID = regexp.MustCompile(`^[0-9]{1,20}$`)
	numericID  = regexp.MustCompile(`^[0-9]{1,25}$`) // of members and invitations
)

var platform = hub.Platform{
	Name:           Name,
	Title:          "Pinterest Business",
	Vendor:         "Pinterest",
	BusinessID:     businessID,
	BusinessIDForm: "the 1 to 20 digits of the business account's id, for example 729090764583390001; not the id of an ad account",
	Roles: []hub.Role{
		{ID: roleEmployee, Label: "Employee", Kind: hub.Primary, Default: true},
		{ID: roleAdmin, Label: "Manager", Kind: hub.Primary, Admin: true},
	},
	// Permissions on ad accounts and profiles are no roles of the hub, so there
	// are no secondary ones.
	Capabilities: hub.Capabilities{
		hub.OpAdd:               hub.Supported,
		hub.OpAddWithSecondary:  hub.Unsupported,
		hub.OpChangeRole:        hub.Supported,
		hub.OpChangeInvitedRole: hub.ByReinvite,
		hub.OpGrantRole:         hub.Unsupported,
		hub.OpRevokeRole:        hub.Unsupported,
		hub.OpRemove:            hub.Supported,
		hub.OpCancel:            hub.Supported,
	},
	Statuses: []hub.Status{hub.StatusActive, hub.StatusInvited, hub.StatusExpired, hub.StatusDeclined, hub.StatusUnknown},
	// There is a cap on open invitations too; its number is not known.
	Limits: []hub.Limit{
		{Name: "reads_per_minute", Value: readsAMinute, Note: "Of one user of one app with standard access."},
		{Name: "writes_per_minute", Value: writesAMinute, Note: "Of one user of one app with standard access; the number is unconfirmed."},
		{Name: "requests_per_day_on_trial", Value: dailyOnTrial, Note: "Of an app with trial access, all its users and calls together."},
	},
	AdminURL:       adminURL,
	PageSize:       pageSize,
	Settle:         settle,
	InvitationLife: invitationLife,
}

// Driver is Pinterest Business as the provider sees it before credentials.
func Driver() hub.Driver {
	return hub.Driver{
		Platform: platform,
		Settings: []hub.Setting{
			{
				Name: settingAccessToken, Env: envAccessToken, Secret: true,
				Description: "Access token of a BIZ_ADMIN of the business, with the scopes " + requiredScopes + ". Use it alone, or beside the refresh settings to begin with it.",
			},
			{
				Name: settingClientID, Env: envClientID,
				Description: "Id of the Pinterest app that refresh_token belongs to.",
			},
			{
				Name: settingClientSecret, Env: envClientSecret, Secret: true,
				Description: "Secret of the Pinterest app that refresh_token belongs to.",
			},
			{
				Name: settingRefreshToken, Env: envRefreshToken, Secret: true,
				Description: "Refresh token from which roster gets its access tokens, with client_id and client_secret. Pinterest replaces it with each use and roster cannot store the new one, " +
					"so where plans and applies follow each other let a job of your own keep it and give roster access_token.",
			},
			{
				Name: settingEndpoint, Env: envEndpoint, Default: defaultEndpoint,
				Description: "Base URL of Pinterest's API without /v5, for a proxy or a simulator. https, or http on a loopback address.",
			},
		},
		Open: func(o hub.Options) (hub.Connector, error) { return New(o) },
	}
}

// New opens a connector. It makes no request.
func New(o hub.Options) (*Connector, error) { return open(o, nil) }

// open is New with the transport's waits for tests to shorten.
func open(o hub.Options, tune func(*transport.Config)) (*Connector, error) {
	cred, err := credentialOf(o.Settings)
	if err != nil {
		return nil, err
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	api, err := newClient(clientConfig{
		credential: cred,
		endpoint:   cmp.Or(o.Settings[settingEndpoint], defaultEndpoint),
		userAgent:  cmp.Or(o.UserAgent, "roster"),
		now:        now,
		logger:     logger,
		tune:       tune,
	})
	if err != nil {
		return nil, vendor.URLError(settingEndpoint, o.Settings[settingEndpoint], defaultEndpoint+", without /v5", err)
	}
	return &Connector{api: api, now: now}, nil
}

// credential is an access token, or what it takes to ask for one, or both.
type credential struct {
	accessToken  hub.Secret
	clientID     string
	clientSecret hub.Secret
	refreshToken hub.Secret // "" when roster cannot refresh
}

// credentialOf reads the credential. client_id and client_secret beside an
// access token and no refresh token are ignored: their environment variables
// may be there for another tool.
func credentialOf(settings map[string]string) (credential, error) {
	refresh := []struct{ name, env string }{
		{settingClientID, envClientID}, {settingClientSecret, envClientSecret}, {settingRefreshToken, envRefreshToken},
	}
	value := func(name string) string { return strings.TrimSpace(settings[name]) }
	var missing []string
	for _, s := range refresh {
		if value(s.name) == "" {
			missing = append(missing, s.name)
		}
	}
	access := value(settingAccessToken)
	switch {
	case access == "" && len(missing) == len(refresh):
		return credential{}, &hub.NotConfiguredError{Need: fmt.Sprintf(
			"%s.%s in the provider block (or the environment variable %s), or all of %s, %s and %s (%s, %s, %s)",
			Name, settingAccessToken, envAccessToken,
			settingClientID, settingClientSecret, settingRefreshToken, envClientID, envClientSecret, envRefreshToken)}
	case len(missing) == 0:
		return credential{
			accessToken: hub.Secret(access), clientID: value(settingClientID),
			clientSecret: hub.Secret(value(settingClientSecret)), refreshToken: hub.Secret(value(settingRefreshToken)),
		}, nil
	case access == "" || value(settingRefreshToken) != "":
		return credential{}, &hub.SettingError{Setting: missing[0], Problem: fmt.Sprintf(
			"refreshing an access token takes client_id, client_secret and refresh_token, and there is no %s. Set it here or in the environment (%s, %s, %s), or set access_token alone.",
			strings.Join(missing, " and no "), envClientID, envClientSecret, envRefreshToken)}
	default:
		return credential{accessToken: hub.Secret(access)}, nil
	}
}
