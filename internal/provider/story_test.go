package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// The same story on every platform: connect, import, add, accept, change a
// role, meet drift, fail to remove with the platform's own manual steps, finish
// by hand, converge. Each step says what was written.
func TestAccStory(t *testing.T) {
	everyWorld(t, func(t *testing.T, w world) {
		s := w.scene(t, hubsim.HubSeed{People: []hubsim.PersonSeed{
			{Email: "ada@northwind.example", Name: "Ada Diaz", Role: w.admin},
			{Email: "olive@northwind.example", Name: "Olive Berg", Role: w.admin},
			{Email: "Bo@northwind.example", Name: "Bo Chen", Role: w.member},
		}})
		const nia, niaAddress = "Nia.Holm@northwind.example", "roster_hub_member.nia"
		bo := w.memberConfig("bo", "bo@northwind.example", `role = "`+w.member+`"`)
		team := func(arguments string) string {
			return w.hubConfig() + bo + w.memberConfig("nia", nia, arguments)
		}
		is := func(attribute, want string) statecheck.StateCheck {
			return statecheck.ExpectKnownValue(niaAddress, tfjsonpath.New(attribute), knownvalue.StringExact(want))
		}
		planned := func(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
			return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(niaAddress, action)}}
		}
		joined, accept := "active", func() {}
		if w.invites() {
			joined, accept = "invited", s.act(hubsim.ActAccept, nia, "")
		}
		least := "" // the platform's least-privileged role, where it has one
		if w.data().DefaultRole() == "" {
			least = `role = "` + w.member + `"`
		}
		refusal := w.refusal
		refusal.Kind, refusal.Operation = hubsim.FaultRespond, hubsim.OpRemove

		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: s.providers(),
			Steps: []resource.TestStep{
				{Config: w.hubConfig(), Check: s.wrote(nothing)},
				{
					Config: w.hubConfig() + bo, ResourceName: "roster_hub_member.bo",
					ImportState: true, ImportStateId: w.hubID() + "/bo@northwind.example", ImportStatePersist: true,
				},
				{Config: w.hubConfig() + bo, Check: s.wrote(nothing)},
				{
					Config:            team(least),
					ConfigPlanChecks:  planned(plancheck.ResourceActionCreate),
					ConfigStateChecks: []statecheck.StateCheck{is("status", joined), is("role", w.member), is("email", nia)},
					Check:             s.wrote(w.added),
				},
				{Config: team(least), ConfigPlanChecks: noChange()},
				{
					PreConfig:         then(accept, s.forgetRequests),
					Config:            team(least),
					ConfigPlanChecks:  noChange(),
					ConfigStateChecks: []statecheck.StateCheck{is("status", "active")},
					Check:             s.wrote(nothing),
				},
				{
					Config:            team(`role = "` + w.admin + `"`),
					ConfigPlanChecks:  planned(plancheck.ResourceActionUpdate),
					ConfigStateChecks: []statecheck.StateCheck{is("role", w.admin), is("status", "active")},
					Check:             s.wrote(w.changed),
				},
				{ // demoted on the platform's own screens
					PreConfig:         then(s.act(hubsim.ActSetRole, nia, w.member), s.forgetRequests),
					Config:            team(`role = "` + w.admin + `"`),
					ConfigPlanChecks:  planned(plancheck.ResourceActionUpdate),
					ConfigStateChecks: []statecheck.StateCheck{is("role", w.admin)},
					Check:             s.wrote(w.changed),
				},
				{
					PreConfig:   s.fault(refusal),
					Config:      w.hubConfig() + bo,
					ExpectError: regexp.MustCompile(`(?si)nia\.holm@northwind\.example was not removed from.*still\s+has\s+access.*Reason: forbidden.*Finish it by hand:.*` + w.steps.String() + `.*terraform apply`),
				},
				{ // finished by hand: the apply finds it done
					PreConfig: then(s.sim.ClearFaults, s.act(hubsim.ActRemove, nia, ""), s.forgetRequests),
					Config:    w.hubConfig() + bo,
					Check:     s.wrote(nothing),
				},
				{Config: w.hubConfig() + bo, ConfigPlanChecks: noChange()},
				{ // and a removal that works takes the one it was asked to
					Config: w.hubConfig(),
					Check:  s.wrote(map[string]int{hubsim.OpRemove: 1}),
				},
			},
		})
		for _, email := range []string{"ada@northwind.example", "olive@northwind.example"} {
			if s.person(email) == nil {
				t.Errorf("%s was removed and nobody asked for it", email)
			}
		}
	})
}

// Reading a hub costs its pages, on every platform at its own page size.
func TestAccStory_pages(t *testing.T) {
	everyWorld(t, func(t *testing.T, w world) {
		crowd := &hubsim.Generate{Members: 1000, Invitations: 30, Admins: 2, Domain: "crowd.example"}
		if !w.invites() {
			crowd.Members, crowd.Invitations = 1030, 0
		}
		s := w.scene(t, hubsim.HubSeed{Generate: crowd})
		config := w.providerConfig() + "data \"roster_hub_sync\" \"s\" {\n  hub_id = \"" + w.hubID() + "\"\n}\n"
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: s.providers(),
			Steps: []resource.TestStep{
				{
					Config: config,
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue("data.roster_hub_sync.s", tfjsonpath.New("members"), knownvalue.ListSizeExact(1030)),
					},
				},
				{PreConfig: s.forgetRequests, RefreshState: true, Check: s.requested(w.pages)},
			},
		})
	})
}
