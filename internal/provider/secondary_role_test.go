package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// A secondary role that the platform's API can give and not take: the grant is
// a task, the revocation an error with the manual steps until a person has done
// it.
func TestAccSecondaryRole(t *testing.T) {
	w := worlds["tiktok_business"]
	if got := capabilities(w.platform); got.Of(hub.OpGrantRole) != hub.Supported || got.Of(hub.OpRevokeRole) != hub.Unsupported {
		t.Fatalf("the capabilities of %s are not what this test is about: %v", w.platform, got)
	}
	s := w.scene(t, hubsim.HubSeed{People: []hubsim.PersonSeed{
		{Email: "ada@northwind.example", Name: "Ada Diaz", Role: w.admin},
		{Email: "bo@northwind.example", Name: "Bo Chen", Role: w.member},
	}})
	const roleAddress = "roster_hub_member_role.finance"
	bo := w.hubConfig() + w.memberConfig("bo", "bo@northwind.example", "")
	config := bo + "resource \"roster_hub_member_role\" \"finance\" {\n  member_id = roster_hub_member.bo.id\n  role      = \"finance:MANAGER\"\n}\n"
	withoutFinance := func() {
		t.Helper()
		if _, err := s.sim.Act(w.platform, w.business, hubsim.Act{Action: hubsim.ActSetRole, Email: "bo@northwind.example", ExtraRoles: []string{}}); err != nil {
			t.Fatal(err)
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{
				Config: config,
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(roleAddress, tfjsonpath.New("kind"), knownvalue.StringExact("secondary")),
				},
				Check: s.wrote(map[string]int{hubsim.OpChangeRole: 1}),
			},
			{
				PreConfig: s.forgetRequests, Config: config, ConfigPlanChecks: noChange(),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("roster_hub_member.bo", tfjsonpath.New("roles"), knownvalue.SetExact([]knownvalue.Check{
						knownvalue.StringExact(w.member), knownvalue.StringExact("finance:MANAGER"),
					})),
				},
				Check: s.wrote(nothing),
			},
			{ // taken away outside Terraform: given again
				PreConfig: then(withoutFinance, s.forgetRequests), Config: config,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(roleAddress, plancheck.ResourceActionCreate)}},
				Check:            s.wrote(map[string]int{hubsim.OpChangeRole: 1}),
			},
			{
				PreConfig: s.forgetRequests, Config: bo,
				ExpectError: regexp.MustCompile(`(?s)bo@northwind\.example keeps the role finance:MANAGER.*Reason: unsupported.*Finish it by hand`),
			},
			{PreConfig: withoutFinance, Config: bo, Check: s.wrote(nothing)},
		},
	})
}

// Roles that exclude one another are refused together: each would take the
// other away again, apply after apply.
func TestAccSecondaryRole_exclusive(t *testing.T) {
	w := worlds["tiktok_business"]
	s := w.scene(t, hubsim.HubSeed{People: []hubsim.PersonSeed{
		{Email: "ada@northwind.example", Name: "Ada Diaz", Role: w.admin},
		{Email: "bo@northwind.example", Name: "Bo Chen", Role: w.member},
	}})
	role := func(name, role string) string {
		return "resource \"roster_hub_member_role\" \"" + name + "\" {\n  member_id = \"" + w.hubID() + "/bo@northwind.example\"\n  role      = \"" + role + "\"\n}\n"
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{{
			Config:      role("a", "finance:MANAGER") + role("b", "finance:ANALYST"),
			ExpectError: regexp.MustCompile(`(?s)Two resources claim the finance role of.*one\s+finance\s+role\s+at\s+most`),
		}},
	})
	if err := s.writes(nothing); err != nil {
		t.Error(err)
	}
}

// A role that the platform cannot take keeps nobody in when it is said
// beforehand: it goes with the seat.
func TestAccSecondaryRole_leaver(t *testing.T) {
	w := worlds["tiktok_business"]
	s := w.scene(t, hubsim.HubSeed{People: []hubsim.PersonSeed{
		{Email: "ada@northwind.example", Name: "Ada Diaz", Role: w.admin},
		{Email: "bo@northwind.example", Name: "Bo Chen", Role: w.member},
	}})
	config := w.hubConfig() + w.memberConfig("bo", "bo@northwind.example", "") +
		"resource \"roster_hub_member_role\" \"finance\" {\n  member_id  = roster_hub_member.bo.id\n  role       = \"finance:MANAGER\"\n  on_destroy = \"keep\"\n}\n"
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{Config: config},
			{PreConfig: s.forgetRequests, Config: w.hubConfig(), Check: s.wrote(map[string]int{hubsim.OpRemove: 1})},
		},
	})
	if s.person("bo@northwind.example") != nil {
		t.Error("bo is still in")
	}
}
