package tiktokbusiness

import (
	"cmp"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// Name is the platform's name, the first half of every hub id.
const Name = "tiktok_business"

const (
	// defaultEndpoint serves the Business Center calls. TikTok's sandbox host
	// most likely does not (unconfirmed).
	defaultEndpoint = "https://business-api.tiktok.com"
	apiVersion      = "/open_api/v1.3"
)

// The names of the settings and the environment variables behind them.
const (
	settingAccessToken = "access_token"
	settingEndpoint    = "endpoint"

	envAccessToken = "TIKTOK_ACCESS_TOKEN"
	envEndpoint    = "TIKTOK_BASE_URL"
)

// The roles. A finance role is a second role beside the primary one, of which a
// member holds one at most; the prefix tells its MANAGER from other ones.
const (
	roleStandard = "STANDARD"
	roleAdmin    = "ADMIN"

	financePrefix  = "finance:"
	financeManager = financePrefix + "MANAGER"
	financeAnalyst = financePrefix + "ANALYST"
)

// What TikTok or those who have its documents state.
const (
	// pageSize: the largest page of members. TikTok's SDK states no maximum, a
	// client written against the documents says 20.
	pageSize = 20
	// maxMembers and maxAdmins are the help centre's caps of one center.
	maxMembers = 4000
	maxAdmins  = 20
)

// What TikTok does not state and roster had to assume. Nothing here is control
// flow: a wrong value costs a request or a wait, not a wrong result.
//
// What is unconfirmed and shapes the code stands beside the code:
//   - what filtering.keyword matches, and so what an empty answer means (Lookup);
//   - whether a pending row has an id, and whether addresses are ever masked (types.go);
//   - whether core_user_id of /user/info/ is the user_id of the member list (Self);
//   - what an update with an empty ext_user_role does, so a finance role is never
//     cleared (ChangeRole);
//   - which code refuses a full center, a bound address, an unknown member, the
//     last administrator (sortInvite and sortChange);
//   - that total_number counts the rows of the very filter asked for, as its name
//     says: a list that does not add up to it is an error (client.members);
//   - whether an invitation ever runs out: TikTok names no such status.
const (
	// settle: how long a write may take to show.
	settle = 15 * time.Second
	// pace and burst keep below the 10 calls a second that the basic tier is
	// said to allow.
	pace  = 5 // calls a second
	burst = 5
	// concurrentPages is how many pages of a list are on their way at once. It
	// hides the latency of a page; the pace bounds the rate.
	concurrentPages = 4
	// listReadings is how often a list that moves while it is read is read.
	listReadings = 3
	// minWait and maxWait bound the doubling wait after a throttle or a passing
	// failure. TikTok sends no retry header; a widely used client waits five
	// minutes, which is more than a task has.
	minWait = 2 * time.Second
	maxWait = 60 * time.Second
	// sightingLife is how long a search that has found somebody vouches for the
	// same search finding nobody, see sightings.
	sightingLife = time.Minute
)

var numericID = regexp.MustCompile(`^[0-9]{1,19}$`)

var platform = hub.Platform{
	Name:           Name,
	Title:          "TikTok Business Center",
	Vendor:         "TikTok",
	BusinessID:     numericID,
	BusinessIDForm: "the up to 19 digits of the Business Center's id, for example 6900000000000000001",
	// Roles on assets (ad accounts, catalogs, TikTok accounts) are no roles of
	// the hub: each is held on one asset.
	Roles: []hub.Role{
		{ID: roleStandard, Label: "Standard", Kind: hub.Primary, Default: true},
		{ID: roleAdmin, Label: "Admin", Kind: hub.Primary, Admin: true},
		{ID: financeManager, Label: "Finance Manager", Kind: hub.Secondary, Group: "finance"},
		{ID: financeAnalyst, Label: "Financial Analyst", Kind: hub.Secondary, Group: "finance"},
	},
	Capabilities: hub.Capabilities{
		hub.OpAdd:              hub.Supported,
		hub.OpAddWithSecondary: hub.Supported,
		hub.OpChangeRole:       hub.Supported,
		// An update wants a user_id, which an invitation does not have.
		hub.OpChangeInvitedRole: hub.ByReinvite,
		// A member holds one finance role: granting one replaces the other.
		hub.OpGrantRole: hub.Supported,
		// TikTok has no value for "no finance role".
		hub.OpRevokeRole: hub.Unsupported,
		hub.OpRemove:     hub.Supported,
		hub.OpCancel:     hub.Supported,
	},
	Statuses: []hub.Status{hub.StatusActive, hub.StatusInvited, hub.StatusDeclined, hub.StatusUnknown},
	Limits: []hub.Limit{
		{Name: "members", Value: maxMembers, Note: "Of one Business Center, as TikTok's help centre has it; an older page of it says 1,000. Whether open invitations count is unconfirmed."},
		{Name: "admins", Value: maxAdmins, Note: "Of one Business Center, as part of its members."},
	},
	// The one address with the center's id that several public sources agree on;
	// Users and Members are in its navigation. Links straight to the list of
	// members are unconfirmed.
	AdminURL: "https://business.tiktok.com/manage/overview?org_id={business_id}",
	PageSize: pageSize,
	Settle:   settle,
}

// Driver is TikTok Business Center as the provider sees it before credentials.
func Driver() hub.Driver {
	return hub.Driver{
		Platform: platform,
		Settings: []hub.Setting{
			{
				Name: settingAccessToken, Env: envAccessToken, Secret: true, Required: true,
				Description: "Access token of the TikTok API for Business, granted to an app with the Business Center permissions by a user who is an Admin of the Business Center. It is valid until it is revoked.",
			},
			{
				Name: settingEndpoint, Env: envEndpoint, Default: defaultEndpoint,
				Description: "Base URL of TikTok's API without " + apiVersion + ", for a proxy or a simulator. https, or http on a loopback address.",
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
			Problem: "no access token is set. Have an Admin of the Business Center authorise your TikTok developer app, exchange the code it brings for an access token, and set that here or in " + envAccessToken + ".",
		}
	}
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	api, err := newClient(clientConfig{
		token:     hub.Secret(token),
		endpoint:  cmp.Or(o.Settings[settingEndpoint], defaultEndpoint),
		userAgent: cmp.Or(o.UserAgent, "roster"),
		logger:    logger,
		tune:      tune,
	})
	if err != nil {
		return nil, vendor.URLError(settingEndpoint, o.Settings[settingEndpoint], defaultEndpoint+", without "+apiVersion, err)
	}
	return &Connector{api: api, seen: newSightings(time.Now)}, nil
}
