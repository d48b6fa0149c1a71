package provider_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// A refresh of a hub costs its pages, not its people or its resources; a second
// apply and an import write nothing.
func TestAccBudget(t *testing.T) {
	const page, invitations, resources = 100, 30, 40
	for _, members := range []int{100, 1000} {
		t.Run(fmt.Sprint(members), func(t *testing.T) {
			s := newScene(t, hubsim.Seed{Hubs: []hubsim.HubSeed{{
				Platform: meta, BusinessID: business, Name: "Northwind Traders",
				Generate: &hubsim.Generate{Members: members, Invitations: invitations, Admins: 2, Domain: "crowd.example"},
			}}})
			config := hubConfig + fmt.Sprintf(`
resource "roster_hub_member" "m" {
  count      = %d
  hub_id     = roster_business_hub.meta.id
  email      = format("member-%%05d@crowd.example", count.index + 1)
  on_destroy = "keep"
}

data "roster_hub_sync" "s" {
  hub_id = roster_business_hub.meta.id
}
`, resources)
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: s.providers(),
				Steps: []resource.TestStep{
					{Config: config, Check: s.wrote(nothing)},
					{ // one walk reads each list once, to its last page
						PreConfig:    s.forgetRequests,
						RefreshState: true,
						Check: s.requested(map[string]int{
							hubsim.OpListMembers:     (members+page-1)/page + 1, // the connection check asks for a page of one
							hubsim.OpListInvitations: (invitations + page - 1) / page,
							hubsim.OpVerifyIdentity:  2, // who the token is, and whose seat that is
							hubsim.OpVerifyBusiness:  1,
							hubsim.OpPermissions:     1,
						}),
					},
					{ // a second apply plans nothing and writes nothing
						Config:           config,
						ConfigPlanChecks: noChange(),
						Check:            s.wrote(nothing),
					},
				},
			})
		})
	}
}

// requested is a check that exactly these requests reached the platform since
// the log was emptied.
func (s *scene) requested(want map[string]int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		got := s.sim.CountOps()
		delete(got, hubsim.OpRefreshToken) // one for each walk, whatever is read
		if !maps.Equal(got, want) {
			return fmt.Errorf("requests = %v, want %v", got, want)
		}
		return nil
	}
}
