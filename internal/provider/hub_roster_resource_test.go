package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// everybody is the hub and its roster: lines are the entries of members.
func (w world) everybody(more string, lines ...string) string {
	return w.hubConfig() + "resource \"roster_hub_roster\" \"all\" {\n  hub_id = roster_business_hub.h.id\n  members = {\n    " +
		strings.Join(lines, "\n    ") + "\n  }\n  " + more + "\n}\n"
}

// The whole of a hub in one resource: imported, changed, held against drift, and
// nobody touched who was not shown.
func TestAccHubRoster(t *testing.T) {
	everyWorld(t, func(t *testing.T, w world) {
		s := w.scene(t, hubsim.HubSeed{People: []hubsim.PersonSeed{
			{Email: "ada@northwind.example", Name: "Ada Diaz", Role: w.admin},
			{Email: "olive@northwind.example", Name: "Olive Berg", Role: w.admin},
			{Email: "bo@northwind.example", Name: "Bo Chen", Role: w.member},
			{Email: "agency-1@partner.example", Name: "Pat Agent", Role: w.member},
		}})
		const address = "roster_hub_roster.all"
		entry := func(email, role string) string { return fmt.Sprintf("%q = { role = %q }", email, role) }
		ada, olive, bo := entry("Ada@northwind.example", w.admin), entry("olive@northwind.example", w.admin), entry("bo@northwind.example", w.member)
		nia := entry("Nia@northwind.example", w.member)
		const ignore = `ignore = ["agency-*@partner.example"]`
		members := func(n int) statecheck.StateCheck {
			return statecheck.ExpectKnownValue(address, tfjsonpath.New("members"), knownvalue.MapSizeExact(n))
		}
		planned := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate)}}
		both := map[string]int{hubsim.OpRemove: 1}
		for op, n := range w.added {
			both[op] += n
		}
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: s.providers(),
			Steps: []resource.TestStep{
				{Config: w.hubConfig()},
				{ // the people who would go are named, and the way out
					Config:      w.everybody(ignore, ada, olive),
					ExpectError: regexp.MustCompile(`(?s)1\s+people\s+of.*are\s+not\s+listed.*would\s+remove\s+bo@northwind\.example.*terraform\s+import`),
				},
				{Config: w.everybody(ignore, ada, olive, bo), ResourceName: address, ImportState: true, ImportStateId: w.hubID(), ImportStatePersist: true},
				{ // an import does not know whom to ignore
					Config: w.everybody(ignore, ada, olive, bo), ConfigStateChecks: []statecheck.StateCheck{members(3)}, Check: s.wrote(nothing),
				},
				{Config: w.everybody(ignore, ada, olive, bo), ConfigPlanChecks: noChange()},
				{ // one comes, one goes
					Config: w.everybody(ignore, ada, olive, nia), ConfigPlanChecks: planned, ConfigStateChecks: []statecheck.StateCheck{members(3)}, Check: s.wrote(both),
				},
				{Config: w.everybody(ignore, ada, olive, nia), ConfigPlanChecks: noChange()},
				{ // somebody nobody declared shows as drift, and goes
					PreConfig: then(s.act(hubsim.ActJoin, "stray@northwind.example", w.member), s.forgetRequests),
					Config:    w.everybody(ignore, ada, olive, nia), ConfigPlanChecks: planned, Check: s.wrote(map[string]int{hubsim.OpRemove: 1}),
				},
				{ // the guards hold here too
					Config:      w.everybody(ignore, nia),
					ExpectError: regexp.MustCompile(`(?s)Reason:\s+last_admin.*allow_lockout`),
				},
				{PreConfig: s.forgetRequests, Config: w.hubConfig(), Check: s.wrote(nothing)}, // deleting it removes nobody
			},
		})
		for _, email := range []string{"ada@northwind.example", "olive@northwind.example", "nia@northwind.example", "agency-1@partner.example"} {
			if s.person(email) == nil {
				t.Errorf("%s was removed and nobody asked for it", email)
			}
		}
		for _, email := range []string{"bo@northwind.example", "stray@northwind.example"} {
			if p := s.person(email); p != nil && p.Status != hubsim.StatusSuspended {
				t.Errorf("%s is still there: %+v", email, p)
			}
		}
	})
}

// One refused task keeps no other from being done, and the state is what is
// true.
func TestAccHubRoster_partialFailure(t *testing.T) {
	w := worlds[meta]
	s := w.scene(t, hubsim.HubSeed{People: []hubsim.PersonSeed{
		{Email: "ada@northwind.example", Role: w.admin},
		{Email: "olive@northwind.example", Role: w.admin},
		{Email: "bo@northwind.example", Role: w.member},
		{Email: "cleo@northwind.example", Role: w.member},
	}})
	line := func(name, role string) string {
		return fmt.Sprintf("%q = { role = %q }", name+"@northwind.example", role)
	}
	before := []string{line("ada", w.admin), line("olive", w.admin), line("bo", w.member), line("cleo", w.member)}
	after := []string{line("ada", w.admin), line("olive", w.admin), line("bo", w.admin), line("nia", w.member)}
	refusal := hubsim.Fault{
		Kind: hubsim.FaultRespond, Operation: hubsim.OpInvite, Status: 400,
		Body: `{"error":{"message":"(#100) Invalid parameter","type":"OAuthException","code":100,"fbtrace_id":"AbCdEfGhIjK"}}`,
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{Config: w.everybody("", before...), Check: s.wrote(nothing)},
			{PreConfig: s.fault(refusal), Config: w.everybody("", after...), ExpectError: regexp.MustCompile(`nia@northwind\.example was not added`)},
			{
				PreConfig: then(s.sim.ClearFaults, func() {
					if s.person("cleo@northwind.example") != nil || s.person("bo@northwind.example").Role != w.admin {
						t.Error("a refused invitation kept the other tasks from being done")
					}
				}, s.forgetRequests),
				Config: w.everybody("", after...), Check: s.wrote(w.added),
			},
			{Config: w.everybody("", after...), ConfigPlanChecks: noChange()},
		},
	})
}

func TestAccHubRoster_configuration(t *testing.T) {
	w := worlds["tiktok_business"]
	s := w.scene(t, hubsim.HubSeed{People: []hubsim.PersonSeed{{Email: "ada@northwind.example", Role: w.admin}}})
	const (
		admin   = `"ada@northwind.example" = { role = "ADMIN" }`
		finance = `"ada@northwind.example" = { role = "ADMIN", extra_roles = ["finance:ANALYST"] }`
	)
	twice := w.everybody("", admin) + strings.ReplaceAll(strings.TrimPrefix(w.everybody("", admin), w.hubConfig()), `"all"`, `"again"`)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{Config: w.everybody("", admin, `"ADA@northwind.example" = {}`), ExpectError: regexp.MustCompile(`(?s)One person twice.*are\s+one\s+address`)},
			{Config: w.everybody("", `"ada" = {}`), ExpectError: regexp.MustCompile(`(?s)"ada"`)},
			{Config: w.everybody("", `"ada@northwind.example" = { role = "ADMINN" }`), ExpectError: regexp.MustCompile(`(?s)has no role "ADMINN".*Did you mean "ADMIN"`)},
			{Config: w.everybody("", `"ada@northwind.example" = { extra_roles = ["STANDARD"] }`), ExpectError: regexp.MustCompile(`(?s)"STANDARD"\s+is\s+a\s+primary\s+role`)},
			{Config: w.everybody(`ignore = ["[x"]`, admin), ExpectError: regexp.MustCompile(`Malformed pattern`)},
			{Config: twice, ExpectError: regexp.MustCompile(`Two resources claim everybody`)},
			{Config: w.everybody("", finance), Check: s.wrote(map[string]int{hubsim.OpChangeRole: 1})},
			{Config: w.everybody("", finance), ConfigPlanChecks: noChange()},
		},
	})
}
