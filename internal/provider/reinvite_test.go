package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
)

// The role of an invitation changes the way the platform can: in place, or by
// withdrawing it and sending another one, in that order and once.
func TestAccInvitedRole(t *testing.T) {
	everyWorld(t, func(t *testing.T, w world) {
		if !w.invites() {
			return
		}
		s := w.scene(t, hubsim.HubSeed{People: []hubsim.PersonSeed{
			{Email: "ada@northwind.example", Name: "Ada Diaz", Role: w.admin},
			{Email: "olive@northwind.example", Name: "Olive Berg", Role: w.admin},
		}})
		config := func(role string) string {
			return w.hubConfig() + w.memberConfig("nia", "nia@northwind.example", `role = "`+role+`"`)
		}
		var check resource.TestCheckFunc
		switch support := capabilities(w.platform).Of(hub.OpChangeInvitedRole); support {
		case hub.ByReinvite:
			check = s.wroteInOrder(hubsim.OpCancelInvitation, hubsim.OpInvite)
		case hub.Supported:
			check = s.wroteInOrder(hubsim.OpChangeInvitedRole)
		case hub.AfterAcceptance, hub.Unsupported:
			t.Fatalf("%s has change_invited_role = %s and this test no expectation for it", w.platform, support)
		}
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: s.providers(),
			Steps: []resource.TestStep{
				{Config: config(w.member)},
				{
					PreConfig: s.forgetRequests,
					Config:    config(w.admin),
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue("roster_hub_member.nia", tfjsonpath.New("role"), knownvalue.StringExact(w.admin)),
						statecheck.ExpectKnownValue("roster_hub_member.nia", tfjsonpath.New("status"), knownvalue.StringExact("invited")),
					},
					Check: check,
				},
				{Config: config(w.admin), ConfigPlanChecks: noChange()},
				{ // an invitation is cancelled, not removed
					PreConfig: s.forgetRequests,
					Config:    w.hubConfig(),
					Check: func(*terraform.State) error {
						if n := len(s.sim.Writes()); n != 1 {
							return fmt.Errorf("%d writes to withdraw one invitation: %v", n, s.sim.CountOps(hubsim.OnlyWrites()))
						}
						return nil
					},
				},
			},
		})
		if s.person("nia@northwind.example") != nil {
			t.Error("the invitation is still open")
		}
	})
}

func capabilities(platform string) hub.Capabilities {
	for _, d := range all.Drivers() {
		if d.Platform.Name == platform {
			return d.Platform.Capabilities
		}
	}
	return nil
}

// wroteInOrder is a check that just these writes reached the platform, in this
// order, since the log was emptied.
func (s *scene) wroteInOrder(want ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		var got []string
		for _, r := range s.sim.Writes() {
			got = append(got, r.Operation)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("writes = %v, want %v", got, want)
		}
		return nil
	}
}
