package provider_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

const syncAddress = "data.roster_hub_sync.s"

func TestAccHubSync(t *testing.T) {
	s := northwind(t,
		hubsim.PersonSeed{Email: "agency-1@partner.example", Role: "EMPLOYEE"},
		hubsim.PersonSeed{Name: "Hidden Person", Role: "EMPLOYEE"},
		hubsim.PersonSeed{Email: "lea.left@northwind.example", Role: "EMPLOYEE", ExtraRoles: []string{"FINANCE_EDITOR"}},
	)
	hidden := ""
	people, err := s.sim.People(meta, business)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range people {
		if p.Name == "Hidden Person" {
			hidden = "Hidden Person (id " + p.ID + ")"
		}
	}
	list := func(name string, want ...string) statecheck.StateCheck {
		var values []knownvalue.Check
		for _, w := range want {
			values = append(values, knownvalue.StringExact(w))
		}
		return statecheck.ExpectKnownValue(syncAddress, tfjsonpath.New(name), knownvalue.ListExact(values))
	}
	flagged := func(email, status, reason, task, step string) knownvalue.Check {
		return knownvalue.ObjectExact(map[string]knownvalue.Check{
			"email": knownvalue.StringExact(email), "status": knownvalue.StringExact(status), "reason": knownvalue.StringExact(reason),
			"task": knownvalue.StringExact(task), "manual_steps": knownvalue.StringRegexp(regexp.MustCompile(step)),
		})
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{
				Config: `
data "roster_hub_sync" "s" {
  hub_id           = "meta_business/222000111000222"
  expected_emails  = ["ADA@northwind.example", "olive@northwind.example", "bo@northwind.example", "nia@northwind.example", "lea.left@northwind.example"]
  directory_emails = ["ada@northwind.example", "olive@northwind.example", "bo@northwind.example", "ivo@northwind.example", "nia@northwind.example"]
  ignore           = ["agency-*@Partner.example"]
}`,
				ConfigStateChecks: []statecheck.StateCheck{
					list("unexpected", hidden, "ivo@northwind.example"),
					list("missing", "nia@northwind.example"),
					list("departed", "lea.left@northwind.example"),
					statecheck.ExpectKnownValue(syncAddress, tfjsonpath.New("requires_action"), knownvalue.Bool(true)),
					statecheck.ExpectKnownValue(syncAddress, tfjsonpath.New("members"), knownvalue.ListSizeExact(7)),
					statecheck.ExpectKnownValue(syncAddress, tfjsonpath.New("flagged"), knownvalue.ListExact([]knownvalue.Check{
						flagged(hidden, "active", "unexpected", "remove", `Remove from Business Account`),
						flagged("ivo@northwind.example", "invited", "unexpected", "remove", `ivo@northwind\.example`),
						flagged("lea.left@northwind.example", "active", "departed", "remove", `(?s)lea\.left@northwind\.example.*Remove`),
						flagged("nia@northwind.example", "absent", "missing", "add", `(?s)Invite people.*nia@northwind\.example`),
					})),
				},
			},
			{ // a flag clears when a later sync shows the person gone
				PreConfig: then(s.act(hubsim.ActRemove, "lea.left@northwind.example", "")),
				Config: `
data "roster_hub_sync" "s" {
  hub_id           = "meta_business/222000111000222"
  directory_emails = ["ada@northwind.example", "olive@northwind.example", "bo@northwind.example", "ivo@northwind.example", "agency-1@partner.example"]
}`,
				ConfigStateChecks: []statecheck.StateCheck{
					list("departed"), list("unexpected"), list("missing"),
					statecheck.ExpectKnownValue(syncAddress, tfjsonpath.New("requires_action"), knownvalue.Bool(false)),
				},
			},
			{
				PreConfig: then(func() { s.set("keep_closed_invitations", true)(); s.sim.Clock().Advance(40 * 24 * time.Hour) }),
				Config: `
data "roster_hub_sync" "s" {
  hub_id          = "meta_business/222000111000222"
  expected_emails = ["ivo@northwind.example", "ada@northwind.example", "olive@northwind.example", "bo@northwind.example", "agency-1@partner.example"]
  ignore          = ["*partner.example"]
}`,
				ConfigStateChecks: []statecheck.StateCheck{
					list("missing", "ivo@northwind.example"),
					statecheck.ExpectKnownValue(syncAddress, tfjsonpath.New("flagged").AtSliceIndex(1).AtMapKey("reason"), knownvalue.StringExact("expired")),
				},
			},
		},
	})
	if err := s.writes(nothing); err != nil {
		t.Error(err)
	}
}

func TestAccHubSync_badInput(t *testing.T) {
	s := northwind(t)
	for name, tt := range map[string]struct{ arguments, want string }{
		"pattern":  {`hub_id = "meta_business/222000111000222"` + "\n ignore = [\"[a-\"]", `(?s)Malformed pattern.*"\[a-"`},
		"hub id":   {`hub_id = "meta_business"`, `Malformed hub id`},
		"address":  {`hub_id = "meta_business/222000111000222"` + "\n expected_emails = [\"nobody\"]", `(?s)Malformed e-mail address.*"nobody"`},
		"business": {`hub_id = "meta_business/999000111000999"`, `(?s)could not be read.*never an empty\s+hub`},
	} {
		t.Run(name, func(t *testing.T) {
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: s.providers(),
				Steps: []resource.TestStep{{
					Config:      "data \"roster_hub_sync\" \"s\" {\n" + tt.arguments + "\n}",
					ExpectError: regexp.MustCompile(tt.want),
				}},
			})
		})
	}
}
