package provider_test

import (
	"context"
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

// A roster and a member resource on one hub pull at the same people, whichever
// Terraform plans first; unless the roster leaves that person to others.
func TestAccHubRoster_besideMember(t *testing.T) {
	w := worlds[meta]
	s := w.scene(t, hubsim.HubSeed{People: []hubsim.PersonSeed{
		{Email: "ada@northwind.example", Role: w.admin},
		{Email: "pat@partner.example", Role: w.member},
	}})
	const first, second = "depends_on = [roster_hub_member.pat]", "depends_on = [roster_hub_roster.all]"
	ada := fmt.Sprintf("%q = { role = %q }", "ada@northwind.example", w.admin)
	pat := fmt.Sprintf("%q = { role = %q }", "pat@partner.example", w.member)
	const ignore = `ignore = ["*@partner.example"]`
	refused := regexp.MustCompile(`(?s)Two resources claim\s+meta_business/222000111000222/pat@partner\.example.*roster_hub_roster holds everybody.*ignore\s+=\s+\["pat@partner\.example"\]`)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{Config: w.everybody(first, ada, pat) + w.memberConfig("pat", "Pat@partner.example", ""), ExpectError: refused},
			{Config: w.everybody("", ada, pat) + w.memberConfig("pat", "Pat@partner.example", second), ExpectError: refused},
			{Config: w.everybody(ignore, ada) + w.memberConfig("pat", "Pat@partner.example", second), Check: s.wrote(nothing)},
			{Config: w.everybody(ignore, ada) + w.memberConfig("pat", "Pat@partner.example", ""), ConfigPlanChecks: noChange()},
			{ // both in state already: a roster that ignores nobody any more
				Config: w.everybody("", ada, pat) + w.memberConfig("pat", "Pat@partner.example", ""), ExpectError: refused,
			},
			{Config: w.everybody(ignore, ada, pat), ExpectError: regexp.MustCompile(`(?s)Listed and ignored.*pat@partner\.example`)},
			{Config: w.everybody(ignore, ada) + w.memberConfig("pat", "Pat@partner.example", `on_destroy = "keep"`), Check: s.wrote(nothing)},
		},
	})
}

// The only administrator hands over to somebody else, in one apply.
func TestAccHubRoster_handover(t *testing.T) {
	w := worlds[meta]
	s := w.scene(t, hubsim.HubSeed{People: []hubsim.PersonSeed{
		{Email: "ada@northwind.example", Role: w.admin},
		{Email: "bo@northwind.example", Role: w.member},
		{Email: "cleo@northwind.example", Role: w.member},
	}})
	line := func(name, role string) string {
		return fmt.Sprintf("%q = { role = %q }", name+"@northwind.example", role)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{Config: w.everybody("", line("ada", w.admin), line("bo", w.member), line("cleo", w.member)), Check: s.wrote(nothing)},
			{ // who is invited only now administers nothing yet
				Config:      w.everybody("", line("ada", w.member), line("bo", w.member), line("cleo", w.member), line("nia", w.admin)),
				ExpectError: regexp.MustCompile(`(?s)Reason:\s+last_admin`),
			},
			{Config: w.everybody("", line("ada", w.member), line("bo", w.admin), line("cleo", w.member)), Check: s.wrote(map[string]int{hubsim.OpChangeRole: 2})},
			{ // and goes altogether
				PreConfig: s.forgetRequests,
				Config:    w.everybody("", line("ada", w.member), line("cleo", w.admin)), Check: s.wrote(map[string]int{hubsim.OpChangeRole: 1, hubsim.OpRemove: 1}),
			},
		},
	})
}

// An invitation that is accepted between plan and apply changes nothing that the
// plan promised.
func TestAccHubRoster_acceptedBeforeTheApply(t *testing.T) {
	w := worlds[meta]
	s := w.scene(t, hubsim.HubSeed{People: []hubsim.PersonSeed{
		{Email: "ada@northwind.example", Role: w.admin},
		{Email: "ivo@northwind.example", Role: w.member, Status: hubsim.StatusInvited},
	}})
	lines := []string{
		fmt.Sprintf("%q = { role = %q }", "ada@northwind.example", w.admin), fmt.Sprintf("%q = { role = %q }", "ivo@northwind.example", w.member),
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{Config: w.everybody("", lines...), Check: s.wrote(nothing)},
			{ // the apply that takes over a setting of roster's own reads again
				Config:            w.everybody("allow_lockout = true", lines...),
				ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{afterPlan(s.act(hubsim.ActAccept, "ivo@northwind.example", ""))}},
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue("roster_hub_roster.all", tfjsonpath.New("statuses").AtMapKey("ivo@northwind.example"), knownvalue.StringExact("active"))},
			},
		},
	})
}

// afterPlan has something happen between plan and apply.
type afterPlan func()

func (f afterPlan) CheckPlan(context.Context, plancheck.CheckPlanRequest, *plancheck.CheckPlanResponse) {
	f()
}
