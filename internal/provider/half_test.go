package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// Snapchat takes two calls to add somebody. When the second one is refused the
// apply fails and says what is there; the next one finishes it, and nobody is
// invited twice.
func TestAccHalfAdded(t *testing.T) {
	w := worlds["snapchat_business"]
	s := w.scene(t, hubsim.HubSeed{People: []hubsim.PersonSeed{{Email: "ada@northwind.example", Name: "Ada Diaz", Role: w.admin}}})
	config := w.hubConfig() + w.memberConfig("nia", "nia@northwind.example", `role = "`+w.admin+`"`)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{
				PreConfig:   s.set("roles_refused", true),
				Config:      config,
				ExpectError: regexp.MustCompile(`(?s)nia@northwind\.example was not added.*with no\s+role.*invites\s+nobody\s+again.*The invitation of\s+nia@northwind\.example\s+stands`),
			},
			{
				PreConfig: then(s.set("roles_refused", false), s.forgetRequests),
				Config:    config,
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("roster_hub_member.nia", tfjsonpath.New("role"), knownvalue.StringExact(w.admin)),
				},
				Check: s.wrote(map[string]int{hubsim.OpGrantRole: 1}),
			},
		},
	})
}
