package metabusiness

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// Name is the platform's name, the first half of every hub id.
const Name = "meta_business"

const (
	defaultEndpoint   = "https://graph.facebook.com"
	defaultAPIVersion = "v26.0"
)

// The names of the settings.
const (
	settingAccessToken = "access_token"
	settingAppSecret   = "app_secret"
	settingAPIVersion  = "api_version"
	settingEndpoint    = "endpoint"
)

// What Meta does not document and roster had to assume. Nothing here is control
// flow: a wrong value costs a request or a wait, not a wrong result.
const (
	// pageSize: the largest page of these edges is not documented; public code
	// uses 100 to 500 (unconfirmed).
	pageSize = 100
	// smallestPage ends the halving after Meta found a page too large (code 1,
	// unconfirmed that it is about the size).
	smallestPage = 10
	// settle: how long a write may take to show in the lists (unconfirmed).
	settle = 60 * time.Second
	// invitationLife: commonly said to be 30 days (unconfirmed). A date on the
	// invitation itself always wins.
	invitationLife = 30 * 24 * time.Hour
	// throttleWait is where backing off begins when Meta limits the rate and
	// does not say for how long; it doubles up to throttleCap. The documents
	// warn that calling while throttled lengthens the throttle.
	throttleWait = 60 * time.Second
	throttleCap  = time.Hour
	// slowDownAt is the percentage of a usage header from which roster spreads
	// its calls, by slowDownBy each; 100 is throttled.
	slowDownAt = 80
	slowDownBy = 2 * time.Second
)

var (
	numericID  = regexp.MustCompile(`^[0-9]+$`)
	versionTag = regexp.MustCompile(`^v[0-9]+\.0$`)
)

var platform = hub.Platform{
	Name:           Name,
	Title:          "Meta Business Manager",
	Vendor:         "Meta",
	BusinessID:     numericID,
	BusinessIDForm: "the digits of the business portfolio's id, for example 222000111000222",
	// The labels are those of the current screens. MANAGE, DEFAULT, FINANCE_EDIT
	// and FINANCE_VIEW are left out deliberately: the API takes these newer
	// spellings too, but what they equal is unconfirmed.
	Roles: []hub.Role{
		{ID: "EMPLOYEE", Label: "Basic access", Kind: hub.Primary, Default: true},
		{ID: "ADMIN", Label: "Full control", Kind: hub.Primary, Admin: true},
		{ID: "DEVELOPER", Label: "Apps and integrations", Kind: hub.Secondary},
		{ID: "FINANCE_ANALYST", Label: "Finance: view", Kind: hub.Secondary},
		{ID: "FINANCE_EDITOR", Label: "Finance: edit", Kind: hub.Secondary},
		{ID: "ADS_RIGHTS_REVIEWER", Label: "Ads rights reviewer", Kind: hub.Secondary},
		{ID: "PARTNER_CENTER_ADMIN", Label: "Partner Center: admin", Kind: hub.Secondary},
		{ID: "PARTNER_CENTER_ANALYST", Label: "Partner Center: analyst", Kind: hub.Secondary},
		{ID: "PARTNER_CENTER_OPERATIONS", Label: "Partner Center: operations", Kind: hub.Secondary},
		{ID: "PARTNER_CENTER_MARKETING", Label: "Partner Center: marketing", Kind: hub.Secondary},
		{ID: "PARTNER_CENTER_EDUCATION", Label: "Partner Center: education", Kind: hub.Secondary},
	},
	// Secondary roles are read, not written: whether granting one replaces the
	// primary role, and how to take only it away, is unconfirmed.
	Capabilities: hub.Capabilities{
		hub.OpAdd:               hub.Supported,
		hub.OpAddWithSecondary:  hub.Unsupported,
		hub.OpChangeRole:        hub.Supported,
		hub.OpChangeInvitedRole: hub.Supported,
		hub.OpGrantRole:         hub.Unsupported,
		hub.OpRevokeRole:        hub.Unsupported,
		hub.OpRemove:            hub.Supported,
		hub.OpCancel:            hub.Supported,
	},
	Statuses:       []hub.Status{hub.StatusActive, hub.StatusInvited, hub.StatusExpired, hub.StatusDeclined, hub.StatusUnknown},
	AdminURL:       "https://business.facebook.com/latest/settings/business_users?business_id={business_id}",
	PageSize:       pageSize,
	Settle:         settle,
	InvitationLife: invitationLife,
}

// Driver is Meta Business Manager as the provider sees it before credentials.
func Driver() hub.Driver {
	return hub.Driver{
		Platform: platform,
		Settings: []hub.Setting{
			{
				Name: settingAccessToken, Env: "META_ACCESS_TOKEN", Secret: true, Required: true,
				Description: "Access token with the `business_management` permission, best that of an Admin system user of the business; the token of a person who is an admin works until it expires.",
			},
			{
				Name: settingAppSecret, Env: "META_APP_SECRET", Secret: true,
				Description: "Secret of the Meta app that minted the token. With it every call is signed (appsecret_proof), which apps with \"Require App Secret\" switched on demand.",
			},
			{
				Name: settingAPIVersion, Env: "META_API_VERSION", Default: defaultAPIVersion,
				Description: "Version of the Graph API, for example " + defaultAPIVersion + ".",
			},
			{
				Name: settingEndpoint, Env: "META_ENDPOINT", Default: defaultEndpoint,
				Description: "Base URL of the Graph API, for a proxy or a simulator. https, or http on a loopback address.",
			},
		},
		Open: func(o hub.Options) (hub.Connector, error) { return New(o) },
	}
}

// New opens a connector. It makes no request.
func New(o hub.Options) (*Connector, error) { return open(o, nil) }

// open is New with the transport's waits for tests to shorten.
func open(o hub.Options, tune func(*transport.Config)) (*Connector, error) {
	token := strings.TrimSpace(o.Settings[settingAccessToken])
	if token == "" {
		return nil, &hub.SettingError{
			Setting: settingAccessToken,
			Problem: "no access token is set. Make one for an Admin system user of the business (Business settings, Users, System users, Generate token) with the business_management permission, and set it here or in META_ACCESS_TOKEN.",
		}
	}
	version := cmp.Or(o.Settings[settingAPIVersion], defaultAPIVersion)
	if !versionTag.MatchString(version) {
		return nil, &hub.SettingError{
			Setting: settingAPIVersion,
			Problem: fmt.Sprintf("%q is not a Graph API version: write it as v, the major number and .0, for example %s.", version, defaultAPIVersion),
		}
	}
	graph, err := newClient(clientConfig{
		token:     hub.Secret(token),
		appSecret: hub.Secret(strings.TrimSpace(o.Settings[settingAppSecret])),
		version:   version,
		endpoint:  cmp.Or(o.Settings[settingEndpoint], defaultEndpoint),
		userAgent: cmp.Or(o.UserAgent, "roster"),
		logger:    o.Logger,
		tune:      tune,
	})
	if err != nil {
		return nil, vendor.URLError(settingEndpoint, o.Settings[settingEndpoint], defaultEndpoint, err)
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	return &Connector{graph: graph, now: now}, nil
}
