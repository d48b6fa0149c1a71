package provider_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
)

// Every change of people waits for a second administrator. Each is asked for
// once, survives refreshes as a state of the member, and ends as the second
// administrator decides.
func TestAccApproval(t *testing.T) {
	const platform = "google_ads"
	if !slices.ContainsFunc(all.Drivers(), func(d hub.Driver) bool { return d.Platform.Name == platform }) {
		t.Fatal("no platform here holds changes for a second administrator")
	}
	w := worlds[platform]
	s := w.scene(t, hubsim.HubSeed{
		Settings: hubsim.Settings{"multi_party_approval": "always"},
		People: []hubsim.PersonSeed{
			{Email: "ada@northwind.example", Name: "Ada Diaz", Role: w.admin},
			{Email: "olive@northwind.example", Name: "Olive Berg", Role: w.admin},
		},
	})
	const nia, niaAddress = "nia@northwind.example", "roster_hub_member.nia"
	config := func(role string) string {
		return w.hubConfig() + w.memberConfig("nia", nia, "role = \""+role+"\"\n  timeouts {\n    delete = \"2s\"\n  }")
	}
	is := func(role, status string) []statecheck.StateCheck {
		return []statecheck.StateCheck{
			statecheck.ExpectKnownValue(niaAddress, tfjsonpath.New("role"), knownvalue.StringExact(role)),
			statecheck.ExpectKnownValue(niaAddress, tfjsonpath.New("status"), knownvalue.StringExact(status)),
		}
	}
	unchanged := func(role, status string) resource.TestStep {
		return resource.TestStep{
			PreConfig: s.forgetRequests, Config: config(role), ConfigPlanChecks: noChange(),
			ConfigStateChecks: is(role, status), Check: s.wrote(nothing),
		}
	}
	asksOnce := func(role, status, write string) resource.TestStep {
		return resource.TestStep{
			PreConfig: s.forgetRequests, Config: config(role),
			ConfigStateChecks: is(role, status), Check: s.wrote(map[string]int{write: 1}),
		}
	}
	after := func(act func(), step resource.TestStep) resource.TestStep {
		before := step.PreConfig
		step.PreConfig = then(act, before)
		return step
	}
	approve, reject := s.act(hubsim.ActApprove, nia, ""), s.act(hubsim.ActReject, nia, "")

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			asksOnce("READ_ONLY", "pending_approval", hubsim.OpInvite),
			unchanged("READ_ONLY", "pending_approval"),
			after(approve, unchanged("READ_ONLY", "invited")),
			after(s.act(hubsim.ActAccept, nia, ""), unchanged("READ_ONLY", "active")),

			asksOnce("STANDARD", "pending_approval", hubsim.OpChangeRole),
			unchanged("STANDARD", "pending_approval"),
			after(approve, unchanged("STANDARD", "active")),

			asksOnce("ADMIN", "pending_approval", hubsim.OpChangeRole),
			after(reject, resource.TestStep{ // rejected: the old role is drift, and is asked for once more
				PreConfig: s.forgetRequests, Config: config("ADMIN"),
				ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(niaAddress, plancheck.ResourceActionUpdate)}},
				ConfigStateChecks: is("ADMIN", "pending_approval"),
				Check:             s.wrote(map[string]int{hubsim.OpChangeRole: 1}),
			}),
			after(approve, unchanged("ADMIN", "active")),

			{ // a removal is waited for, then fails with the steps, and is not asked for again
				PreConfig: s.forgetRequests, Config: w.hubConfig(),
				ExpectError: regexp.MustCompile(`(?s)was not removed from.*still\s+has\s+access.*Reason: awaiting_approval.*second\s+administrator.*Have it approved`),
			},
			{
				Config:      w.hubConfig(),
				ExpectError: regexp.MustCompile(`Reason: awaiting_approval`),
			},
			after(approve, resource.TestStep{Config: w.hubConfig(), Check: s.wrote(map[string]int{hubsim.OpRemove: 1}), PreConfig: func() {}}),
		},
	})
	if s.person(nia) != nil {
		t.Error("nia is still there")
	}
}
