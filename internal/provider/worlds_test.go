package provider_test

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
)

// world is one platform as the tests that run over all of them see it. A new
// platform is one more entry; a test fails while a driver has none.
type world struct {
	platform, business string

	// provider is the provider block, "" where the drivers' defaults do.
	provider string

	// credential is seeded into the simulator, settings are what a user would
	// configure to use it. ENDPOINT in a setting stands for the simulator's.
	credential hubsim.Credential
	settings   map[string]string

	member, admin string // the least-privileged role and the administrators'

	// added and changed are the writes of an invitation and of a role change.
	added, changed map[string]int

	// refusal is how the platform says that this credential may not remove
	// somebody; steps are control names of its own screens for that task.
	refusal hubsim.Fault
	steps   *regexp.Regexp

	// hub are settings of the simulated hub.
	hub hubsim.Settings

	// pages is what reading 1,000 members and 30 invitations costs.
	pages map[string]int
}

const (
	fixtureToken  = "fixture-access-token-0123456789"
	fixtureSecret = "fixture-client-secret-0123456789"
	fixtureFresh  = "fixture-refresh-token-0123456789"
)

var worlds = map[string]world{
	meta: {
		platform: meta, business: business,
		credential: hubsim.Credential{
			"platform": meta, "name": "automation", "kind": "system_user",
			"access_token": metaToken, "app_id": "1000001", "app_secret": metaSecret, "businesses": []string{business},
		},
		settings: map[string]string{"access_token": metaToken, "app_secret": metaSecret},
		member:   "EMPLOYEE", admin: "ADMIN",
		added: map[string]int{hubsim.OpInvite: 1}, changed: map[string]int{hubsim.OpChangeRole: 1},
		refusal: hubsim.Fault{
			Status: 403,
			Body:   `{"error":{"message":"(#10) Application does not have permission for this action","type":"OAuthException","code":10,"fbtrace_id":"AbCdEfGhIjK"}}`,
		},
		steps: regexp.MustCompile(`Remove from Business Account`),
		pages: map[string]int{hubsim.OpListMembers: 10, hubsim.OpListInvitations: 1},
	},
	"google_ads": {
		platform: "google_ads", business: "1234567890",
		credential: hubsim.Credential{
			"platform": "google_ads", "name": "automation", "email": "automation@agency.example",
			"client_id": "fixture-client", "client_secret": fixtureSecret, "refresh_token": fixtureFresh, "customers": []string{"1234567890"},
		},
		settings: map[string]string{
			"client_id": "fixture-client", "client_secret": fixtureSecret, "refresh_token": fixtureFresh, "token_url": "ENDPOINT/token",
		},
		member: "READ_ONLY", admin: "ADMIN",
		added: map[string]int{hubsim.OpInvite: 1}, changed: map[string]int{hubsim.OpChangeRole: 1},
		refusal: hubsim.Fault{
			Status: 403,
			Body: `{"error":{"code":403,"message":"The caller does not have permission","status":"PERMISSION_DENIED","details":[
				{"@type":"type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure","requestId":"AbCdEf012345",
				 "errors":[{"errorCode":{"authorizationError":"ACTION_NOT_PERMITTED"},"message":"The customer can't perform this action."}]}]}}`,
		},
		steps: regexp.MustCompile(`Remove access`),
		pages: map[string]int{hubsim.OpListMembers: 1, hubsim.OpListInvitations: 1, hubsim.OpListReviews: 1},
	},
	"pinterest_business": {
		platform: "pinterest_business", business: "2783136121146310001",
		credential: hubsim.Credential{
			"platform": "pinterest_business", "name": "automation", "access_token": fixtureToken, "businesses": []string{"2783136121146310001"},
		},
		settings: map[string]string{"access_token": fixtureToken},
		member:   "EMPLOYEE", admin: "BIZ_ADMIN",
		added: map[string]int{hubsim.OpInvite: 1}, changed: map[string]int{hubsim.OpChangeRole: 1},
		refusal: hubsim.Fault{Status: 403, Body: `{"code":29,"message":"You are not permitted to access that resource."}`},
		steps:   regexp.MustCompile(`Employees`),
		pages:   map[string]int{hubsim.OpListMembers: 4, hubsim.OpListInvitations: 1},
	},
	"snapchat_business": {
		platform: "snapchat_business", business: "5cf59a25-0000-40e1-826b-5ceaf369b207",
		credential: hubsim.Credential{
			"platform": "snapchat_business", "name": "automation", "email": "automation@agency.example",
			"client_id": "fixture-client", "client_secret": fixtureSecret, "refresh_token": fixtureFresh,
			"organizations": []string{"5cf59a25-0000-40e1-826b-5ceaf369b207"},
		},
		settings: map[string]string{
			"client_id": "fixture-client", "client_secret": fixtureSecret, "refresh_token": fixtureFresh, "token_url": "ENDPOINT/login/oauth2/access_token",
		},
		member: "member", admin: "admin",
		added: map[string]int{hubsim.OpInvite: 1, hubsim.OpGrantRole: 1}, changed: map[string]int{hubsim.OpChangeRole: 1},
		refusal: hubsim.Fault{
			Status: 200,
			Body: `{"request_status":"ERROR","request_id":"232f5ee3-0000-4cdd-a429-c0bf1fbbae95","members":[
				{"sub_request_status":"ERROR","sub_request_error_reason":"Error code: E3004, message: no such entity or no permission"}]}`,
		},
		steps: regexp.MustCompile(`Remove Member`),
		pages: map[string]int{hubsim.OpListMembers: 2, hubsim.OpListRoles: 2}, // 1,030 rows in each, by 1,000
	},
	"tiktok_business": {
		platform: "tiktok_business", business: "6900000000000000001",
		credential: hubsim.Credential{
			"platform": "tiktok_business", "name": "automation", "access_token": fixtureToken, "email": "automation@agency.example",
			"businesses": []string{"6900000000000000001"},
		},
		settings: map[string]string{"access_token": fixtureToken},
		member:   "STANDARD", admin: "ADMIN",
		added: map[string]int{hubsim.OpInvite: 1}, changed: map[string]int{hubsim.OpChangeRole: 1},
		refusal: hubsim.Fault{Status: 200, Body: `{"code":40001,"message":"No permission to operate","request_id":"2026112212000001","data":{}}`},
		steps:   regexp.MustCompile(`trash can`),
		pages:   map[string]int{hubsim.OpListMembers: 50, hubsim.OpListInvitations: 2},
	},
	"scim": {
		platform: "scim", business: "acme",
		// Each app is an entry of its own; base_url and token are defaults here.
		provider:   "provider \"roster\" {\n  scim = { acme = { roles = [\"viewer\", \"editor\", \"admin\"], admin_roles = [\"admin\"] } }\n}\n",
		credential: hubsim.Credential{"platform": "scim", "name": "automation", "token": fixtureToken, "apps": []string{"acme"}},
		settings:   map[string]string{"base_url": "ENDPOINT/acme/v2", "token": fixtureToken},
		member:     "viewer", admin: "admin",
		added: map[string]int{hubsim.OpInvite: 1}, changed: map[string]int{hubsim.OpChangeRole: 1},
		refusal: hubsim.Fault{Status: 403, Body: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"403","detail":"the token may not do this"}`},
		steps:   regexp.MustCompile(`user management`),
		hub:     hubsim.Settings{"roles": []string{"viewer", "editor", "admin"}, "admin_roles": []string{"admin"}},
		pages:   map[string]int{hubsim.OpListMembers: 11, hubsim.OpDiscover: 1},
	},
	"cerby": {
		platform: "cerby", business: "6f0f6a5e-3b0e-4c43-9c59-5f3d2c1e7a10",
		credential: hubsim.Credential{
			"platform": "cerby", "name": "automation", "api_key": fixtureToken, "workspace_admin": true,
			"scopes":   []string{"read:users", "read:integrations", "write:integrations", "read:automations", "write:automations"},
			"owner_of": []string{"6f0f6a5e-3b0e-4c43-9c59-5f3d2c1e7a10"},
		},
		settings: map[string]string{"api_key": fixtureToken, "endpoint": "ENDPOINT/api/v1", "requests_per_minute": "6000"},
		member:   "EMPLOYEE", admin: "BIZ_ADMIN",
		added: map[string]int{hubsim.OpInvite: 1}, changed: map[string]int{hubsim.OpChangeRole: 1},
		refusal: hubsim.Fault{Status: 403, Body: `{"errors":[{"code":"forbidden","title":"Forbidden","status":403,"detail":"not allowed","meta":null}]}`},
		// The hub is a Pinterest business behind Cerby: its screens, and Cerby's.
		steps: regexp.MustCompile(`from Cerby.*Employees.*Business Hubs.*Sync`),
		hub:   hubsim.Settings{"application": "pinterest_business", "workspace_domains": []string{"northwind.example", "crowd.example", "partner.example"}},
		pages: map[string]int{hubsim.OpListMembers: 11, hubsim.OpListUnmatched: 1, hubsim.OpListRoles: 1},
	},
}

// everyWorld runs a test over all platforms the provider has.
func everyWorld(t *testing.T, run func(t *testing.T, w world)) {
	t.Helper()
	for _, d := range all.Drivers() {
		if d.Platform.Capabilities.Of(hub.OpAdd) == hub.Unsupported {
			continue // no API, nothing to simulate: TestAccManual tells its story
		}
		t.Run(d.Platform.Name, func(t *testing.T) {
			w, ok := worlds[d.Platform.Name]
			if !ok {
				t.Fatalf("%s is in platform/all and has no world to be tested in", d.Platform.Name)
			}
			t.Parallel()
			run(t, w)
		})
	}
}

// scene is a simulated hub of the world with these people on it.
func (w world) scene(t testing.TB, h hubsim.HubSeed) *scene {
	t.Helper()
	h.Platform, h.BusinessID, h.Name = w.platform, w.business, "Northwind Traders"
	settings := maps.Clone(w.hub)
	if settings == nil {
		settings = hubsim.Settings{}
	}
	maps.Copy(settings, h.Settings)
	h.Settings = settings
	s := newScene(t, hubsim.Seed{Hubs: []hubsim.HubSeed{h}, Credentials: []hubsim.Credential{w.credential}})
	s.platform, s.business = w.platform, w.business
	return s
}

// data is the platform's own data.
func (w world) data() *hub.Platform {
	for _, d := range all.Drivers() {
		if d.Platform.Name == w.platform {
			return &d.Platform
		}
	}
	return &hub.Platform{}
}

// invites says that an add is an invitation first.
func (w world) invites() bool { return slices.Contains(w.data().Statuses, hub.StatusInvited) }

func (w world) hubID() string { return w.platform + "/" + w.business }

// providerConfig is the provider block, where the platform cannot do without:
// each of its hubs is configured by itself, and settings have to be somewhere.
func (w world) providerConfig() string { return w.provider }

func (w world) hubConfig() string {
	return w.providerConfig() + "resource \"roster_business_hub\" \"h\" {\n  platform    = \"" + w.platform + "\"\n  business_id = \"" + w.business + "\"\n  label       = \"Northwind Paid Social\"\n}\n"
}

// memberConfig is the hub and one member under the name given.
func (w world) memberConfig(name, email, arguments string) string {
	return "resource \"roster_hub_member\" \"" + name + "\" {\n  hub_id = roster_business_hub.h.id\n  email  = \"" + email + "\"\n  " + arguments + "\n}\n"
}
