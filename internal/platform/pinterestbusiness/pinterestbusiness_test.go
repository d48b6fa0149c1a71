package pinterestbusiness

import (
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/platformtest"
)

const (
	testToken   = "pina_testtoken0123456789"
	testRefresh = "pinr.testrefresh0123456789"
	testClient  = "1234567"
	testSecret  = "0123456789abcdef0123456789abcdef"

	sister   = "729090764583391111" // a business the token's user works for too
	stranger = "729090764583399999" // somebody else's
)

var testHub = hub.Ref{Platform: Name, BusinessID: "729090764583390001"}

// accessSettings and refreshSettings are the two ways to connect.
func accessSettings() map[string]string { return map[string]string{settingAccessToken: testToken} }

func refreshSettings() map[string]string {
	return map[string]string{settingClientID: testClient, settingClientSecret: testSecret, settingRefreshToken: testRefresh}
}

// subject is a connector whose token is the business's own, or that of the
// person self names.
func subject(self string, settings map[string]string) platformtest.Subject {
	credential := hubsim.Credential{"platform": Name, "name": "roster"}
	if settings[settingRefreshToken] != "" {
		credential["client_id"], credential["client_secret"], credential["refresh_token"] = testClient, testSecret, testRefresh
	} else {
		credential["access_token"] = testToken
	}
	others := []hubsim.HubSeed{{Platform: Name, BusinessID: stranger, Name: "Somebody Else's", Generate: &hubsim.Generate{Members: 2, Admins: 1}}}
	if self == "" {
		credential["businesses"] = []string{testHub.BusinessID}
	} else {
		credential["email"] = self
		others = append(others, hubsim.HubSeed{
			Platform: Name, BusinessID: sister, Name: "Northwind Retail",
			People: []hubsim.PersonSeed{{Email: self, Role: roleAdmin}},
		})
	}
	driver := Driver()
	driver.Open = func(o hub.Options) (hub.Connector, error) { return open(o, brief) }
	return platformtest.Subject{
		Driver:   driver,
		Settings: settings,
		Without: []platformtest.Cause{
			platformtest.HalfAdded,       // an invitation is one call
			platformtest.HeldForApproval, // no second administrator is asked
			platformtest.SecondFactor,    // a token is not asked for one
			platformtest.Blocked,         // a disapproved account is forbidden, see TestAccountInTrouble
		},
		Open: platformtest.Simulated{
			Driver:      driver,
			BusinessID:  testHub.BusinessID,
			NoBusiness:  stranger,
			Self:        self,
			SelfRole:    roleAdmin,
			Others:      others,
			Credentials: []hubsim.Credential{credential},
			Settings:    settings,
			Causes: map[platformtest.Cause]hubsim.Settings{
				platformtest.HubFull: {"pending_invitations_max": -1},
			},
		}.Open,
	}
}

func TestConformance(t *testing.T) {
	const person = "it.lead@northwind.example"
	t.Run("access token of the business", func(t *testing.T) { platformtest.Run(t, subject("", accessSettings())) })
	t.Run("refresh token of a person", func(t *testing.T) { platformtest.Run(t, subject(person, refreshSettings())) })
}
