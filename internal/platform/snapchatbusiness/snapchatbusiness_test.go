package snapchatbusiness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/platformtest"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

const (
	testToken   = "snap-access-0123456789"
	testRefresh = "snap-refresh-0123456789"
	testClient  = "11111111-2222-3333-4444-555555555555"
	testSecret  = "snap-secret-0123456789abcdef"

	sister   = "e4d5276e-0000-4576-b975-88f6e35f7715" // an organization the token's person belongs to too
	stranger = "0f0f0f0f-0000-4000-8000-00000000beef" // somebody else's
)

var testHub = hub.Ref{Platform: Name, BusinessID: "5cf59a25-0000-40e1-826b-5ceaf369b207"}

// accessSettings and refreshSettings are the two ways to connect.
func accessSettings() map[string]string { return map[string]string{settingAccessToken: testToken} }

func refreshSettings() map[string]string {
	return map[string]string{settingClientID: testClient, settingClientSecret: testSecret, settingRefreshToken: testRefresh}
}

// credentialFor is the simulator's side of the settings. The person it stands
// for has a seat when self names one.
func credentialFor(self string, settings map[string]string) hubsim.Credential {
	credential := hubsim.Credential{"platform": Name, "name": "roster"}
	if settings[settingRefreshToken] != "" {
		credential["client_id"], credential["client_secret"], credential["refresh_token"] = testClient, testSecret, testRefresh
	}
	if settings[settingAccessToken] != "" {
		credential["access_token"] = testToken
	}
	if self == "" {
		credential["organizations"] = []string{testHub.BusinessID}
	} else {
		credential["email"] = self
	}
	return credential
}

func endpoints(baseURL string) map[string]string {
	base := hubsim.Endpoint(baseURL, Name)
	return map[string]string{settingEndpoint: base, settingTokenURL: base + "/login/oauth2/access_token"}
}

// brief leaves the policy as it is and takes the waiting out of it.
func brief(c *transport.Config) {
	c.MinBackoff, c.MaxBackoff = time.Millisecond, time.Millisecond
	c.Limit = 0
}

func subject(self string, settings map[string]string, behaviour hubsim.Settings) platformtest.Subject {
	var others []hubsim.HubSeed
	others = append(others, hubsim.HubSeed{Platform: Name, BusinessID: stranger, Name: "Somebody Else's", Generate: &hubsim.Generate{Members: 2, Admins: 1}})
	if self != "" {
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
			platformtest.HubFull,         // Snap documents no limit of members
			platformtest.SecondFactor,    // nor a second factor at the API,
			platformtest.Blocked,         // nor a block,
			platformtest.HeldForApproval, // nor a second administrator
			platformtest.InvitationsCut,  // members and invitations are one list
		},
		Open: platformtest.Simulated{
			Driver:      driver,
			BusinessID:  testHub.BusinessID,
			NoBusiness:  stranger,
			Self:        self,
			SelfRole:    roleAdmin,
			Others:      others,
			Credentials: []hubsim.Credential{credentialFor(self, settings)},
			Settings:    settings,
			Endpoints:   endpoints,
			Behaviour:   behaviour,
			Causes: map[platformtest.Cause]hubsim.Settings{
				platformtest.HalfAdded: {"roles_refused": true},
			},
		}.Open,
	}
}

func TestConformance(t *testing.T) {
	const person = "it.lead@northwind.example"
	t.Run("refresh token of a member", func(t *testing.T) {
		platformtest.Run(t, subject(person, refreshSettings(), nil))
	})
	t.Run("access token", func(t *testing.T) { platformtest.Run(t, subject(person, accessSettings(), nil)) })
	// An access token is good for so few calls that most checks see one end.
	t.Run("tokens that end in the middle", func(t *testing.T) {
		platformtest.Run(t, subject(person, refreshSettings(), hubsim.Settings{"calls_per_token": 25, "refresh_answer": "rotate"}))
	})
	// The other answer wherever Snap's documents leave two open.
	t.Run("another reading of the documents", func(t *testing.T) {
		platformtest.Run(t, subject(person, refreshSettings(), hubsim.Settings{
			"put_roles": "off", "status_case": "mixed", "role_case": "upper", "sub_error_shape": "message", "sparse_members": true,
			"create_status": false, "organization_roles": false, "roles_list": "organization", "last_page": "null", "duplicate_email": "return",
			"refresh_answer": "omit", "next_link_base": "https://adsapi.sc-gw.example",
		}))
	})
}

var _ = []any{context.Background, errors.New, fmt.Sprint, slices.Sort[[]int], strings.Cut}
