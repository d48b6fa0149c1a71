package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// Pinterest may hide the address of somebody who has accepted. The user name of
// the invitation finds them: they are not invited again, and can be removed.
func TestAccHiddenAddress(t *testing.T) {
	w := worlds["pinterest_business"]
	const nia = "nia@northwind.example"
	// Nia works for another business already, so Pinterest knows her account.
	elsewhere := hubsim.HubSeed{Platform: w.platform, BusinessID: "2783136121146310002", People: []hubsim.PersonSeed{{Email: nia, Name: "Nia Holm", Role: w.admin}}}
	s := newScene(t, hubsim.Seed{Credentials: []hubsim.Credential{w.credential}, Hubs: []hubsim.HubSeed{elsewhere, {
		Platform: w.platform, BusinessID: w.business, People: []hubsim.PersonSeed{
			{Email: "ada@northwind.example", Name: "Ada Diaz", Role: w.admin},
			{Email: "olive@northwind.example", Name: "Olive Berg", Role: w.admin},
		},
	}}})
	s.platform, s.business = w.platform, w.business
	config := w.hubConfig() + w.memberConfig("nia", nia, "")
	is := func(attribute string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("roster_hub_member.nia", tfjsonpath.New(attribute), want)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{Config: config, ConfigStateChecks: []statecheck.StateCheck{is("status", knownvalue.StringExact("invited"))}},
			{
				PreConfig:         then(s.act(hubsim.ActAccept, nia, ""), s.set("hidden", map[string]any{nia: []string{"email"}}), s.forgetRequests),
				Config:            config,
				ConfigPlanChecks:  noChange(),
				ConfigStateChecks: []statecheck.StateCheck{is("status", knownvalue.StringExact("active")), is("email", knownvalue.StringExact(nia)), is("member_id", knownvalue.NotNull())},
				Check:             s.wrote(nothing),
			},
			{Config: config, ConfigPlanChecks: noChange()},
			{Config: w.hubConfig(), Check: s.wrote(map[string]int{hubsim.OpRemove: 1})},
		},
	})
}
