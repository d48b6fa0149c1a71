package googleads

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// Name is the platform's name, the first half of every hub id.
const Name = "google_ads"

const (
	defaultEndpoint = "https://googleads.googleapis.com"
	defaultTokenURL = "https://oauth2.googleapis.com/token"
	// defaultAPIVersion is the newest whose protobuf definitions could be read.
	// The pages of v26 show the same fields; whether it still takes the
	// developer-token header is unconfirmed, and v25 lives into 2027.
	defaultAPIVersion = "v25"
	// reviewedSeats is the first version that says on a seat whether a change to
	// it waits for an approval; asking an older one fails the whole query.
	reviewedSeats = 24
)

// The names of the settings.
const (
	settingClientID        = "client_id"
	settingClientSecret    = "client_secret"
	settingRefreshToken    = "refresh_token"
	settingCredentials     = "credentials"
	settingImpersonated    = "impersonated_email"
	settingLoginCustomerID = "login_customer_id"
	settingDeveloperToken  = "developer_token"
	settingAPIVersion      = "api_version"
	settingEndpoint        = "endpoint"
	settingTokenURL        = "token_url"
)

// What Google does not document and roster had to assume. Nothing here is
// control flow: a wrong value costs a request or a wait, not a wrong result.
const (
	// pageSize is Google's own, and not to be asked for.
	pageSize = 10_000
	// settle: how long a write may take to show in a search (unconfirmed; only
	// the 24 hours after an acceptance are documented, and no write waits for
	// those).
	settle = 60 * time.Second
	// reviewLife: a change that nobody approves expires after 20 days. That the
	// review carries no such date itself makes it a calculation.
	reviewLife = 20 * 24 * time.Hour
	// invitationLife is documented with the status EXPIRED, and also calculated.
	invitationLife = 20 * 24 * time.Hour
	// throttleWait and throttleCap bound the wait where Google limits the rate
	// and gives no retryDelay. Google's advice is 5 seconds doubled up to 5
	// minutes; half of each wait is chance, hence the 10.
	throttleWait = 10 * time.Second
	throttleCap  = 5 * time.Minute
	// excessWait and longExcessWait are for searches found too expensive, over
	// the short and the long term: longer than for too many calls, numbers
	// unpublished. The second is beyond what transport waits out.
	excessWait     = time.Minute
	longExcessWait = 15 * time.Minute
)

// timestamps come as "2026-11-20 10:15:00" with no zone. They are believed to be
// in the account's (unconfirmed), which costs another call to learn; read as UTC
// they are up to 14 hours off and the same in every run.
const timestampLayout = "2006-01-02 15:04:05"

var (
	customerID = regexp.MustCompile(`^[0-9]{10}$`)
	hyphenated = regexp.MustCompile(`^[0-9]{3}-[0-9]{3}-[0-9]{4}$`)
	versionTag = regexp.MustCompile(`^v([1-9][0-9]{0,3})$`)
)

var platform = hub.Platform{
	Name:           Name,
	Title:          "Google Ads",
	Vendor:         "Google",
	BusinessID:     customerID,
	BusinessIDForm: "the ten digits of the customer id, written without the hyphens of Google's screens: 1234567890 for 123-456-7890",
	// Billing access is left out deliberately: the API's roles have no name for
	// it. Such a person is reported with whatever the API says (UNKNOWN,
	// unconfirmed), and ChangeRole leaves them alone.
	Roles: []hub.Role{
		{ID: "EMAIL_ONLY", Label: "Email only", Kind: hub.Primary},
		{ID: "READ_ONLY", Label: "Read only", Kind: hub.Primary, Default: true},
		{ID: "STANDARD", Label: "Standard", Kind: hub.Primary},
		{ID: "ADMIN", Label: "Admin", Kind: hub.Primary, Admin: true},
	},
	Capabilities: hub.Capabilities{
		hub.OpAdd:               hub.Supported,
		hub.OpAddWithSecondary:  hub.Unsupported, // there are no secondary roles
		hub.OpChangeRole:        hub.Supported,
		hub.OpChangeInvitedRole: hub.ByReinvite, // address and role of an invitation are immutable
		hub.OpGrantRole:         hub.Unsupported,
		hub.OpRevokeRole:        hub.Unsupported,
		hub.OpRemove:            hub.Supported,
		hub.OpCancel:            hub.Supported,
	},
	// An invitation that was declined or ran out is not asked for: it is absent,
	// as one that was withdrawn is.
	Statuses: []hub.Status{hub.StatusActive, hub.StatusInvited, hub.StatusPendingApproval, hub.StatusUnknown},
	Limits: []hub.Limit{{
		Name: "pending_invitations", Value: 70,
		Note: "Google refuses an invitation while 70 of the customer's are open.",
	}},
	// Without the account: the parameter that selects one (ocid) takes an
	// internal id that is not the customer id.
	AdminURL:       "https://ads.google.com/aw/accountaccess/users",
	PageSize:       pageSize,
	Settle:         settle,
	InvitationLife: invitationLife,
}

// Driver is Google Ads as the provider sees it before credentials. No setting is
// required by itself: what makes a credential complete is decided in Open.
func Driver() hub.Driver {
	return hub.Driver{
		Platform: platform,
		Settings: []hub.Setting{
			{
				Name: settingClientID, Env: "GOOGLE_ADS_CLIENT_ID",
				Description: "OAuth client id, with client_secret and refresh_token: one of the two ways to sign in, credentials is the other.",
			},
			{
				Name: settingClientSecret, Env: "GOOGLE_ADS_CLIENT_SECRET", Secret: true,
				Description: "Secret of the OAuth client.",
			},
			{
				Name: settingRefreshToken, Env: "GOOGLE_ADS_REFRESH_TOKEN", Secret: true,
				Description: "Refresh token, with the scope https://www.googleapis.com/auth/adwords, of a Google account that is Admin on the customer or on a manager that owns it.",
			},
			{
				Name: settingCredentials, Env: "GOOGLE_ADS_JSON_KEY_FILE_PATH", Secret: true,
				Description: "Key of a service account that is Admin on the customer: the JSON text of the key file, or the path to it.",
			},
			{
				Name: settingImpersonated, Env: "GOOGLE_ADS_IMPERSONATED_EMAIL",
				Description: "Whom the service account acts as, through domain-wide delegation. Leave it out where the service account itself is on the customer.",
			},
			{
				Name: settingLoginCustomerID, Env: "GOOGLE_ADS_LOGIN_CUSTOMER_ID",
				Description: "Customer id of the manager account through which the customers are reached, ten digits without hyphens. Leave it out where access is direct.",
			},
			{
				Name: settingDeveloperToken, Env: "GOOGLE_ADS_DEVELOPER_TOKEN", Secret: true,
				Description: "Legacy developer token. Google stopped asking for one in September 2026; it is sent only when set.",
			},
			{
				Name: settingAPIVersion, Env: "GOOGLE_ADS_API_VERSION", Default: defaultAPIVersion,
				Description: "Major version of the Google Ads API, for example " + defaultAPIVersion + ".",
			},
			{
				Name: settingEndpoint, Env: "GOOGLE_ADS_ENDPOINT", Default: defaultEndpoint,
				Description: "Base URL of the Google Ads API, for a proxy or a simulator. https, or http on a loopback address.",
			},
			{
				// No default here: the key file names a token URL of its own, which
				// comes before Google's general one.
				Name: settingTokenURL, Env: "GOOGLE_ADS_TOKEN_URL",
				Description: "URL of the token endpoint, for a proxy or a simulator; otherwise the service account key's token_uri, or " + defaultTokenURL + ". https, or http on a loopback address.",
			},
		},
		Open: func(o hub.Options) (hub.Connector, error) { return New(o) },
	}
}

// New opens a connector. It makes no request.
func New(o hub.Options) (*Connector, error) { return open(o, nil) }

// open is New with the transport's waits for tests to shorten.
func open(o hub.Options, tune func(*transport.Config)) (*Connector, error) {
	set := func(name string) string { return strings.TrimSpace(o.Settings[name]) }
	identity, err := readIdentity(set)
	if err != nil {
		return nil, err
	}
	version := cmp.Or(set(settingAPIVersion), defaultAPIVersion)
	tag := versionTag.FindStringSubmatch(version)
	if tag == nil {
		return nil, &hub.SettingError{
			Setting: settingAPIVersion,
			Problem: fmt.Sprintf("%q is not a version of the Google Ads API: write it as v and the major number, for example %s.", version, defaultAPIVersion),
		}
	}
	major, _ := strconv.Atoi(tag[1]) // digits, and few
	login := set(settingLoginCustomerID)
	if login != "" && !customerID.MatchString(login) {
		problem := fmt.Sprintf("%q is not a customer id: write the ten digits of the manager account, without hyphens.", login)
		if hyphenated.MatchString(login) {
			problem = fmt.Sprintf("write the customer id without hyphens: %s.", strings.ReplaceAll(login, "-", ""))
		}
		return nil, &hub.SettingError{Setting: settingLoginCustomerID, Problem: problem}
	}
	tokenURL := cmp.Or(set(settingTokenURL), identity.key.TokenURI, defaultTokenURL)
	if err := checkURL(tokenURL); err != nil {
		if set(settingTokenURL) == "" {
			return nil, &hub.SettingError{Setting: settingCredentials, Problem: fmt.Sprintf("the key's token_uri cannot be used: %v. Use the key file as Google made it.", err)}
		}
		return nil, vendor.URLError(settingTokenURL, tokenURL, defaultTokenURL, err)
	}
	endpoint := cmp.Or(set(settingEndpoint), defaultEndpoint)
	ads, err := newClient(clientConfig{
		identity:       identity,
		tokenURL:       tokenURL,
		developerToken: hub.Secret(set(settingDeveloperToken)),
		login:          login,
		version:        major,
		endpoint:       endpoint,
		userAgent:      cmp.Or(o.UserAgent, "roster"),
		logger:         o.Logger,
		now:            o.Now,
		tune:           tune,
	})
	if err != nil {
		return nil, vendor.URLError(settingEndpoint, endpoint, defaultEndpoint, err)
	}
	return &Connector{ads: ads, self: identity.email(), login: login}, nil
}

// checkURL holds a URL that will be sent credentials to the rule of endpoints.
func checkURL(text string) error {
	_, err := transport.New(transport.Config{BaseURL: text, UserAgent: "roster"})
	return err
}
