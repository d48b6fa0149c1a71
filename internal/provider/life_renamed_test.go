package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// A block that was renamed without saying so would have its person added by the
// new name and removed by the old one.
func TestAccLifeGuards_renamed(t *testing.T) {
	everyWorld(t, func(t *testing.T, w world) {
		s := w.scene(t, hubsim.HubSeed{People: []hubsim.PersonSeed{
			{Email: "ada@northwind.example", Role: w.admin}, {Email: "olive@northwind.example", Role: w.admin}, {Email: "bo@northwind.example", Role: w.member},
		}})
		bo := func(name, more string) string {
			return w.hubConfig() + w.memberConfig(name, "Bo@northwind.example", `role = "`+w.member+`"`) + more
		}
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: s.providers(),
			Steps: []resource.TestStep{
				{Config: bo("bo", "")},
				{Config: bo("bo_chen", ""), ExpectError: regexp.MustCompile(`(?s)gives\s+` + w.hubID() + `/bo@northwind\.example\s+up.*moved\s+block.*terraform state rm`)},
				{Config: bo("bo_chen", "moved {\n  from = roster_hub_member.bo\n  to   = roster_hub_member.bo_chen\n}\n"), ConfigPlanChecks: noChange(), Check: s.wrote(nothing)},
			},
		})
	})
}
