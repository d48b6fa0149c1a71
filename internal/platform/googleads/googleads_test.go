package googleads

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"maps"
	"sync"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/platformtest"
)

const (
	testClientID  = "1234-roster.apps.example"
	testSecret    = "GOCSPX-testsecret0123456789"
	testRefresh   = "1//0testrefreshtoken0123456789"
	testDeveloper = "ABcdeFGH93KL-NOPQ_STUv"
	robot         = "roster@northwind-ads.iam.gserviceaccount.example"

	agency   = "9990001110" // the manager through which a person reaches the customer
	stranger = "5550001110" // somebody else's
)

var testHub = hub.Ref{Platform: Name, BusinessID: "1234567890"}

// robotKey is a key file, and the public half that Google keeps.
var robotKey = sync.OnceValue(func() (pair struct{ file, public string }) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	private, _ := x509.MarshalPKCS8PrivateKey(key)
	public, _ := x509.MarshalPKIXPublicKey(&key.PublicKey)
	file, _ := json.Marshal(map[string]string{
		"type":           "service_account",
		"project_id":     "northwind-ads",
		"private_key_id": "0a1b2c3d4e5f",
		"private_key":    string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
		"client_email":   robot,
		"client_id":      "100200300400500600700",
		"token_uri":      defaultTokenURL,
	})
	pair.file = string(file)
	pair.public = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	return pair
})

// The two ways to sign in. A person's refresh token does not say whose it is;
// this one reaches the customer through the agency.
func person() (map[string]string, hubsim.Credential) {
	return map[string]string{
			settingClientID: testClientID, settingClientSecret: testSecret, settingRefreshToken: testRefresh,
			settingLoginCustomerID: agency, settingDeveloperToken: testDeveloper,
		}, hubsim.Credential{
			"platform": Name, "name": "roster", "email": "it.lead@agency.example",
			"client_id": testClientID, "client_secret": testSecret, "refresh_token": testRefresh,
			"customers": []string{testHub.BusinessID}, "login_customer_id": agency,
		}
}

func serviceAccount() (map[string]string, hubsim.Credential) {
	return map[string]string{settingCredentials: robotKey().file}, hubsim.Credential{
		"platform": Name, "name": "roster", "client_email": robot,
		"public_key": robotKey().public, "private_key_id": "0a1b2c3d4e5f",
	}
}

func endpoints(baseURL string) map[string]string {
	base := hubsim.Endpoint(baseURL, Name)
	return map[string]string{settingEndpoint: base, settingTokenURL: base + "/token"}
}

// qualified gives the truth roster's ids: Google's numbers mean nothing without
// their collection.
type qualified struct {
	platformtest.World
	self string
}

func (q qualified) People() ([]hub.Member, error) {
	people, err := q.World.People()
	for i, p := range people {
		switch p.Status {
		case hub.StatusActive:
			people[i].ID = accesses + "/" + p.ID
		case hub.StatusPendingApproval:
			people[i].ID = reviews + "/" + p.ID
		default:
			people[i].ID = invitations + "/" + p.ID
		}
	}
	return people, err
}

// Bring demotes a connection with a seat for good, so that the list says so too.
func (q qualified) Bring(trouble platformtest.Trouble) error {
	if trouble.Cause == platformtest.NotAdmin && q.self != "" {
		return q.Act(platformtest.Act{Kind: platformtest.SetRole, Email: q.self, Role: "STANDARD"})
	}
	return q.World.Bring(trouble)
}

func subject(settings map[string]string, credential hubsim.Credential, self string, page int, causes map[platformtest.Cause]hubsim.Settings, without ...platformtest.Cause) platformtest.Subject {
	driver := Driver()
	driver.Open = func(o hub.Options) (hub.Connector, error) { return open(o, brief) }
	simulated := platformtest.Simulated{
		Driver:      driver,
		BusinessID:  testHub.BusinessID,
		NoBusiness:  stranger,
		Self:        self,
		SelfRole:    "ADMIN",
		Others:      []hubsim.HubSeed{{Platform: Name, BusinessID: stranger, Name: "Somebody Else's", Generate: &hubsim.Generate{Members: 2, Admins: 1}}},
		Credentials: []hubsim.Credential{credential},
		Settings:    settings,
		Endpoints:   endpoints,
		Behaviour:   hubsim.Settings{"page_size": page},
		Causes:      causes,
		Page:        page,
	}
	return platformtest.Subject{
		Driver:   driver,
		Settings: settings,
		Without:  append(without, platformtest.HalfAdded), // an invitation is one call
		Open: func(t platformtest.TB) *platformtest.Fixture {
			f := simulated.Open(t)
			f.World = qualified{f.World, self}
			return f
		},
	}
}

func TestConformance(t *testing.T) {
	const page = 20 // two and a half of them, and still below 70 invitations
	causes := map[platformtest.Cause]hubsim.Settings{
		platformtest.HubFull:         {"pending_invitations": 0},
		platformtest.HeldForApproval: {"multi_party_approval": "always"},
		platformtest.Throttled:       {"quota": map[string]any{"scope": "ACCOUNT", "retry_delay": "1h"}},
	}
	t.Run("service account", func(t *testing.T) {
		settings, credential := serviceAccount()
		platformtest.Run(t, subject(settings, credential, robot, page, causes))
	})
	t.Run("refresh token", func(t *testing.T) {
		settings, credential := person()
		causes := maps.Clone(causes)
		causes[platformtest.Throttled] = hubsim.Settings{"quota": map[string]any{"scope": "DEVELOPER", "retry_delay": "1h", "error": "RESOURCE_TEMPORARILY_EXHAUSTED"}}
		// A refresh token does not say whose it is, so Verify cannot see whether
		// that person is Admin; TestNotAdmin has the writes.
		platformtest.Run(t, subject(settings, credential, "", page, causes, platformtest.NotAdmin))
	})
}
