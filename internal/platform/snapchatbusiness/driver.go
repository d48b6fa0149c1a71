package snapchatbusiness

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
const Name = "snapchat_business"

const (
	defaultEndpoint = "https://adsapi.snapchat.com"
	defaultTokenURL = "https://accounts.snapchat.com/login/oauth2/access_token"
)

// The names of the settings and the environment variables behind them.
const (
	settingAccessToken  = "access_token"
	settingClientID     = "client_id"
	settingClientSecret = "client_secret"
	settingRefreshToken = "refresh_token"
	settingEndpoint     = "endpoint"
	settingTokenURL     = "token_url"

	envAccessToken  = "SNAPCHAT_ACCESS_TOKEN"
	envClientID     = "SNAPCHAT_CLIENT_ID"
	envClientSecret = "SNAPCHAT_CLIENT_SECRET"
	envRefreshToken = "SNAPCHAT_REFRESH_TOKEN"
	envEndpoint     = "SNAPCHAT_BASE_URL"
	envTokenURL     = "SNAPCHAT_AUTH_URL"
)

// The roles of an organization, as the API writes them.
const (
	roleMember        = "member"
	roleDataAdmin     = "data_admin"
	roleBusinessAdmin = "business_admin"
	roleAdmin         = "admin"
)

// What Snap states.
const (
	pageSize     = 1000 // the largest page
	smallestPage = 50
	// callsASecond is what one access token may make on average, and
	// appCallsASecond all those of one app.
	callsASecond    = 10
	appCallsASecond = 20
)

// What Snap does not state and roster had to assume. The numbers are no control
// flow: a wrong one costs a request or a wait, not a wrong result.
//
// What is unconfirmed and shapes the code stands beside the code, and is:
//   - that PUT changes a role, and that a second organization role is taken or
//     refused (replace and swap in role.go: each order is tried);
//   - that a role can be given before the invitation is accepted, and that an
//     invitation is withdrawn like a member is removed (sortGrant, Remove);
//   - what an address gets that is there already (Add: either answer is known);
//   - GET /members/{id} and GET /members/{id}/roles (Lookup and rolesOf: a
//     refusal of them is followed by the lists, which are documented);
//   - which rows the list of roles holds beside the organization's own
//     (role.of), and statuses beside MEMBER and INVITED (member.status);
//   - the E-codes but E3003, E3004 and E9001, and how a limit's reset is told
//     (reason.go).
const (
	// settle: how long a write may take to show; eventual consistency is not
	// mentioned anywhere (unconfirmed).
	settle = 10 * time.Second
	// A throttle does not say how long it lasts; neither header that inspect
	// reads is documented.
	throttleWait = time.Second
	throttleCap  = 30 * time.Second
	attempts     = 6
	// burst is how many calls go out before the pace begins: the limit is an
	// average, over what time is not said.
	burst = callsASecond
	// adminURL is the page that Snap's own texts name. The deeper link
	// /{organization_id}/members is unconfirmed.
	adminURL = "https://business.snapchat.com/"
)

var (
	organizationID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	// entityID is a member's or a role's: whatever the platform gave, as long as
	// it is one segment of a path and not a word of the API.
	entityID = regexp.MustCompile(`^(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

var platform = hub.Platform{
	Name:           Name,
	Title:          "Snapchat Business Manager",
	Vendor:         "Snapchat",
	BusinessID:     organizationID,
	BusinessIDForm: "the organization's id in lower case, for example 5cf59a25-0000-40e1-826b-5ceaf369b207; not the id of an ad account",
	// business_admin is no Admin deliberately: Snap's words for it ("payments,
	// roles, organization details") stop short of adding members, and for the
	// last-administrator guard to count somebody who cannot would be the worse
	// mistake. Roles on ad accounts and catalogs are no roles of the hub.
	Roles: []hub.Role{
		{ID: roleMember, Label: "Member", Kind: hub.Primary, Default: true},
		{ID: roleDataAdmin, Label: "Data Admin", Kind: hub.Primary},
		{ID: roleBusinessAdmin, Label: "Business Admin", Kind: hub.Primary},
		{ID: roleAdmin, Label: "Organization Admin", Kind: hub.Primary, Admin: true},
	},
	Roleless: true, // a member is created first and given a role second
	Capabilities: hub.Capabilities{
		hub.OpAdd:               hub.Supported,
		hub.OpAddWithSecondary:  hub.Unsupported,
		hub.OpChangeRole:        hub.Supported,
		hub.OpChangeInvitedRole: hub.Supported, // unconfirmed; a refusal says so
		hub.OpGrantRole:         hub.Unsupported,
		hub.OpRevokeRole:        hub.Unsupported,
		hub.OpRemove:            hub.Supported,
		hub.OpCancel:            hub.Supported,
	},
	// No status for a declined or expired invitation is known.
	Statuses: []hub.Status{hub.StatusActive, hub.StatusInvited},
	Limits: []hub.Limit{
		{Name: "requests_per_second", Value: callsASecond, Note: "Of one access token, on average."},
		{Name: "requests_per_second_of_app", Value: appCallsASecond, Note: "Of one app with all its access tokens, on average."},
	},
	AdminURL: adminURL,
	PageSize: pageSize,
	Settle:   settle,
}

// Driver is Snapchat Business Manager as the provider sees it before
// credentials. No setting is required by itself: what makes a credential
// complete is decided in Open.
func Driver() hub.Driver {
	return hub.Driver{
		Platform: platform,
		Settings: []hub.Setting{
			{
				Name: settingAccessToken, Env: envAccessToken, Secret: true,
				Description: "Access token of a Snapchat user who is Organization Admin, with the scope `snapchat-marketing-api`. It lasts about an hour: use it alone for a single run, or beside the refresh settings to begin with it.",
			},
			{
				Name: settingClientID, Env: envClientID,
				Description: "Client id of the OAuth app that refresh_token belongs to (Business Manager, Business Details).",
			},
			{
				Name: settingClientSecret, Env: envClientSecret, Secret: true,
				Description: "Client secret of that OAuth app. Snapchat shows it once.",
			},
			{
				Name: settingRefreshToken, Env: envRefreshToken, Secret: true,
				Description: "Refresh token from which roster gets its access tokens, with client_id and client_secret. It stands for the Snapchat user who authorised the app, who needs the role Organization Admin.",
			},
			{
				Name: settingEndpoint, Env: envEndpoint, Default: defaultEndpoint,
				Description: "Base URL of Snapchat's Ads API without /v1, for a proxy or a simulator. https, or http on a loopback address.",
			},
			{
				Name: settingTokenURL, Env: envTokenURL, Default: defaultTokenURL,
				Description: "URL of the token endpoint, for a proxy or a simulator. https, or http on a loopback address.",
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
	set := func(name, otherwise string) string { return cmp.Or(strings.TrimSpace(o.Settings[name]), otherwise) }
	tokenURL := set(settingTokenURL, defaultTokenURL)
	if err := checkURL(tokenURL); err != nil {
		return nil, vendor.URLError(settingTokenURL, tokenURL, defaultTokenURL, err)
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	endpoint := set(settingEndpoint, defaultEndpoint)
	api, err := newClient(clientConfig{
		credential: cred,
		tokenURL:   tokenURL,
		// Snap's own pages write the base with the version.
		endpoint:  strings.TrimSuffix(strings.TrimRight(endpoint, "/"), "/v1"),
		userAgent: cmp.Or(o.UserAgent, "roster"),
		now:       now,
		logger:    logger,
		tune:      tune,
	})
	if err != nil {
		return nil, vendor.URLError(settingEndpoint, endpoint, defaultEndpoint, err)
	}
	return &Connector{api: api}, nil
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
	var missing, missed []string
	for _, s := range refresh {
		if value(s.name) == "" {
			missing, missed = append(missing, s.name), append(missed, s.env)
		}
	}
	access := value(settingAccessToken)
	switch {
	case access == "" && len(missing) == len(refresh):
		return credential{}, &hub.NotConfiguredError{Need: fmt.Sprintf(
			"%[1]s.%[2]s, %[3]s and %[4]s in the provider block (or the environment variables %[5]s, %[6]s and %[7]s), or %[1]s.%[8]s (%[9]s) for a single run",
			Name, settingClientID, settingClientSecret, settingRefreshToken,
			envClientID, envClientSecret, envRefreshToken, settingAccessToken, envAccessToken)}
	case len(missing) == 0:
		return credential{
			accessToken: hub.Secret(access), clientID: value(settingClientID),
			clientSecret: hub.Secret(value(settingClientSecret)), refreshToken: hub.Secret(value(settingRefreshToken)),
		}, nil
	case access == "" || value(settingRefreshToken) != "":
		return credential{}, &hub.SettingError{Setting: missing[0], Problem: fmt.Sprintf(
			"getting access tokens takes client_id, client_secret and refresh_token, and there is no %s. Set it here or in the environment (%s), or set access_token alone.",
			strings.Join(missing, " and no "), strings.Join(missed, ", "))}
	default:
		return credential{accessToken: hub.Secret(access)}, nil
	}
}

// checkURL holds a URL that will be sent credentials to the rule of endpoints.
func checkURL(text string) error {
	_, err := transport.New(transport.Config{BaseURL: text, UserAgent: "roster"})
	return err
}
