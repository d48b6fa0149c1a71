package tiktokbusiness

import (
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/platformtest"
)

const (
	stranger = "6900000000000000999" // somebody else's center
	itLead   = "It.Lead@northwind.example"
)

// subject is a connector whose token's user is a member of the center.
func subject() platformtest.Subject {
	driver := Driver()
	driver.Open = func(o hub.Options) (hub.Connector, error) { return open(o, brief) }
	settings := map[string]string{settingAccessToken: testToken}
	return platformtest.Subject{
		Driver:    driver,
		Settings:  settings,
		SilentAdd: true,
		Without: []platformtest.Cause{
			platformtest.HubFull,         // told by counting to 4,000: see TestFullCenter
			platformtest.HalfAdded,       // an invitation is one call
			platformtest.HeldForApproval, // no second administrator is asked
			platformtest.SecondFactor,    // TikTok's screens ask for one, its API does not mention any
			platformtest.Blocked,         // TikTok documents no code for it
		},
		Open: platformtest.Simulated{
			Driver:      driver,
			BusinessID:  testHub.BusinessID,
			NoBusiness:  stranger,
			Self:        itLead,
			SelfRole:    roleAdmin,
			Others:      []hubsim.HubSeed{{Platform: Name, BusinessID: stranger, Name: "Somebody Else's", Generate: &hubsim.Generate{Members: 2, Admins: 1}}},
			Credentials: []hubsim.Credential{{"platform": Name, "name": "roster", "access_token": testToken, "email": itLead}},
			Settings:    settings,
			// Whether an invitation ever runs out is unconfirmed. One that did and
			// were still listed as pending could not be told from an open one.
			Behaviour: hubsim.Settings{"expired_invitations": "gone"},
		}.Open,
	}
}

func TestConformance(t *testing.T) { platformtest.Run(t, subject()) }
