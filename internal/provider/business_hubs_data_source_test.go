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

// Each platform tells the hub that its credential was made for, by the id that a
// roster_business_hub has, and nothing is written.
func TestAccBusinessHubs(t *testing.T) {
	everyWorld(t, func(t *testing.T, w world) {
		s := w.scene(t, hubsim.HubSeed{People: []hubsim.PersonSeed{{Email: "ada@northwind.example", Role: w.admin}}})
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: s.providers(),
			Steps: []resource.TestStep{{
				Config: w.providerConfig() + "data \"roster_business_hubs\" \"all\" {\n  platform = \"" + w.platform + "\"\n}\n",
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("data.roster_business_hubs.all", tfjsonpath.New("hubs"), knownvalue.SetPartial([]knownvalue.Check{
						knownvalue.ObjectPartial(map[string]knownvalue.Check{
							"id":          knownvalue.StringExact(w.hubID()),
							"platform":    knownvalue.StringExact(w.platform),
							"business_id": knownvalue.StringExact(w.business),
						}),
					})),
				},
				Check: s.wrote(nothing),
			}},
		})
	})
}

func TestAccBusinessHubs_problems(t *testing.T) {
	s := northwind(t)
	all := "data \"roster_business_hubs\" \"all\" {}\n"
	one := func(platform string) string {
		return "data \"roster_business_hubs\" \"all\" {\n  platform = \"" + platform + "\"\n}\n"
	}
	expired := then(s.set(hubsim.TokenExpired, true))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: bare(),
		Steps: []resource.TestStep{
			{Config: one("mata_business"), ExpectError: regexp.MustCompile(`(?s)"mata_business"\s+is\s+not\s+a\s+platform\s+roster\s+knows`)},
			{Config: one(meta), ExpectError: regexp.MustCompile(`(?s)cannot\s+reach\s+Meta\s+Business\s+Manager.*META_ACCESS_TOKEN`)},
			{Config: all, ConfigStateChecks: []statecheck.StateCheck{ // nothing is configured, so nobody is asked
				statecheck.ExpectKnownValue("data.roster_business_hubs.all", tfjsonpath.New("hubs"), knownvalue.ListSizeExact(0)),
			}},
		},
	})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{PreConfig: expired, Config: one(meta), ExpectError: regexp.MustCompile(`(?s)businesses\s+of\s+Meta\s+Business\s+Manager\s+could\s+not\s+be\s+listed.*Reason:\s+unauthenticated`)},
		},
	})
}
