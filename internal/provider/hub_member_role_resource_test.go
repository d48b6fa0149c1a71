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

const roleAddress = "roster_hub_member_role.r"

func memberRole(role string) string {
	return member("bo@northwind.example", "") + `
resource "roster_hub_member_role" "r" {
  member_id = roster_hub_member.m.id
  role      = "` + role + `"
}
`
}

func TestAccHubMemberRole_primary(t *testing.T) {
	s := northwind(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{
				Config: memberRole("ADMIN"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectKnownValue(roleAddress, tfjsonpath.New("id"), knownvalue.StringExact(metaHub+"/bo@northwind.example/ADMIN")),
				}},
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(roleAddress, tfjsonpath.New("kind"), knownvalue.StringExact("primary")),
				},
				Check: s.wrote(map[string]int{hubsim.OpChangeRole: 1}),
			},
			{ // hub_member without a role leaves the role alone
				PreConfig:         s.forgetRequests,
				Config:            memberRole("ADMIN"),
				ConfigPlanChecks:  noChange(),
				ConfigStateChecks: []statecheck.StateCheck{attribute("role", "ADMIN")},
				Check:             s.wrote(nothing),
			},
			{ResourceName: roleAddress, ImportState: true, ImportStateId: metaHub + "/bo@northwind.example/ADMIN", ImportStateVerify: true},
			{
				ResourceName: roleAddress, ImportState: true, ImportStateId: metaHub + "/bo@northwind.example/EMPLOYEE",
				ExpectError: regexp.MustCompile(`(?s)does not have the role EMPLOYEE.*holds ADMIN`),
			},
			{
				ResourceName: roleAddress, ImportState: true, ImportStateId: metaHub + "/bo@northwind.example",
				ExpectError: regexp.MustCompile(`(?s)Malformed import id.*<email>/<role>`),
			},
			{ // demoted outside Terraform: given again
				PreConfig: then(s.act(hubsim.ActSetRole, "bo@northwind.example", "EMPLOYEE"), s.forgetRequests),
				Config:    memberRole("ADMIN"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(roleAddress, plancheck.ResourceActionCreate),
				}},
				Check: s.wrote(map[string]int{hubsim.OpChangeRole: 1}),
			},
			{ // the primary role goes: back to the least-privileged one, the seat stays
				PreConfig: s.forgetRequests,
				Config:    member("bo@northwind.example", ""),
				Check:     s.wrote(map[string]int{hubsim.OpChangeRole: 1}),
			},
		},
	})
}

// Meta's API cannot give a secondary role: the plan says so with the steps, the
// apply fails with them, and once a person has done it the apply adopts it.
func TestAccHubMemberRole_secondaryByHand(t *testing.T) {
	s := northwind(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{
				Config:      memberRole("FINANCE_EDITOR"),
				ExpectError: regexp.MustCompile(`(?s)bo@northwind\.example did not get the role FINANCE_EDITOR.*Reason: unsupported.*Finish it by hand:.*People.*terraform apply`),
			},
			{
				PreConfig: then(func() {
					if _, err := s.sim.Act(meta, business, hubsim.Act{Action: hubsim.ActSetRole, Email: "bo@northwind.example", ExtraRoles: []string{"FINANCE_EDITOR"}}); err != nil {
						t.Fatal(err)
					}
				}, s.forgetRequests),
				Config: memberRole("FINANCE_EDITOR"),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(roleAddress, tfjsonpath.New("kind"), knownvalue.StringExact("secondary")),
				},
				Check: s.wrote(nothing),
			},
			{
				Config:      member("bo@northwind.example", ""),
				ExpectError: regexp.MustCompile(`(?s)bo@northwind\.example keeps the role FINANCE_EDITOR.*Reason: unsupported`),
			},
			{
				PreConfig: func() {
					if _, err := s.sim.Act(meta, business, hubsim.Act{Action: hubsim.ActSetRole, Email: "bo@northwind.example", ExtraRoles: []string{}}); err != nil {
						t.Fatal(err)
					}
				},
				Config: member("bo@northwind.example", ""),
				Check:  s.wrote(nothing),
			},
		},
	})
}

func TestAccHubMemberRole_badInput(t *testing.T) {
	s := northwind(t)
	for name, tt := range map[string]struct{ config, want string }{
		"unknown role":  {memberRole("FINANCE"), `(?s)Unknown role.*Legal on.*EMPLOYEE, ADMIN, DEVELOPER`},
		"not a member":  {"resource \"roster_hub_member_role\" \"r\" {\n member_id = \"meta_business/222000111000222/nobody@northwind.example\"\n role = \"ADMIN\"\n}", `(?s)did not get the role ADMIN.*Reason: not_found.*roster_hub_member`},
		"malformed id":  {"resource \"roster_hub_member_role\" \"r\" {\n member_id = \"bo@northwind.example\"\n role = \"ADMIN\"\n}", `(?s)Malformed member id.*<platform>/<business_id>/<email>`},
		"another hub's": {"resource \"roster_hub_member_role\" \"r\" {\n member_id = \"myspace/1/bo@northwind.example\"\n role = \"ADMIN\"\n}", `(?s)"myspace" is not a platform`},
	} {
		t.Run(name, func(t *testing.T) {
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: s.providers(),
				Steps:                    []resource.TestStep{{Config: tt.config, ExpectError: regexp.MustCompile(tt.want)}},
			})
		})
	}
	if err := s.writes(nothing); err != nil {
		t.Error(err)
	}
}
