package metabusiness

import (
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/platformtest"
)

const (
	sister   = "222000111000333" // a business the person behind a user token is on too
	stranger = "222000111000999" // somebody else's
)

// subject is a connector with a system user's token, or with the token of the
// person self names.
func subject(self string) platformtest.Subject {
	credential := hubsim.Credential{
		"platform": Name, "name": "roster", "access_token": testToken,
		"app_id": "555000555000555", "app_secret": testSecret, "require_app_secret": true,
	}
	others := []hubsim.HubSeed{{Platform: Name, BusinessID: stranger, Name: "Somebody Else's", Generate: &hubsim.Generate{Members: 2, Admins: 1}}}
	without := []platformtest.Cause{
		platformtest.HubFull, // Meta documents no limit of seats or invitations
	}
	if self == "" {
		credential["kind"], credential["businesses"] = "system_user", []string{testHub.BusinessID}
		without = append(without, platformtest.SecondFactor) // nobody asks a system user for one
	} else {
		credential["kind"], credential["email"] = "user", self
		others = append(others, hubsim.HubSeed{Platform: Name, BusinessID: sister, Name: "Northwind Retail",
			People: []hubsim.PersonSeed{{Email: self, Role: "ADMIN"}}})
	}
	driver := Driver()
	driver.Open = func(o hub.Options) (hub.Connector, error) { return open(o, brief) }
	settings := map[string]string{settingAccessToken: testToken, settingAppSecret: testSecret}
	return platformtest.Subject{
		Driver:   driver,
		Settings: settings,
		Without:  without,
		Open: platformtest.Simulated{
			Driver:      driver,
			BusinessID:  testHub.BusinessID,
			NoBusiness:  stranger,
			Self:        self,
			SelfRole:    "ADMIN",
			Others:      others,
			Credentials: []hubsim.Credential{credential},
			Settings:    settings,
			Causes: map[platformtest.Cause]hubsim.Settings{
				platformtest.Throttled: {"throttle": map[string]any{"code": 80004, "minutes": 60}},
			},
		}.Open,
	}
}

func TestConformance(t *testing.T) {
	t.Run("system user", func(t *testing.T) { platformtest.Run(t, subject("")) })
	t.Run("person", func(t *testing.T) { platformtest.Run(t, subject("it.lead@northwind.example")) })
}
