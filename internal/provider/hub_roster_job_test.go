package provider_test

import (
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// slowJobs is a hub whose jobs take longer than any apply of these tests.
func slowJobs(t *testing.T, people ...hubsim.PersonSeed) (world, *scene) {
	t.Helper()
	w := worlds["cerby"]
	w.hub = maps.Clone(w.hub)
	w.hub["job_time"] = "1h"
	return w, w.scene(t, hubsim.HubSeed{People: people})
}

const (
	briefRoster = "timeouts {\n    create = \"3s\"\n    update = \"3s\"\n  }"
	rosterAddr  = "roster_hub_roster.all"
)

// What outlives the apply is waited for by the next one, and not asked for again:
// an add, a role change and a removal, each of somebody else.
func TestAccHubRoster_jobsOutliveTheApply(t *testing.T) {
	w, s := slowJobs(t,
		hubsim.PersonSeed{Email: "ada@northwind.example", Name: "Ada Diaz", Role: "BIZ_ADMIN"},
		hubsim.PersonSeed{Email: "bo@northwind.example", Name: "Bo Chen", Role: "EMPLOYEE"},
		hubsim.PersonSeed{Email: "cleo@northwind.example", Name: "Cleo Dahl", Role: "EMPLOYEE"},
	)
	const (
		ada  = `"ada@northwind.example" = { role = "BIZ_ADMIN" }`
		bo   = `"bo@northwind.example" = { role = "EMPLOYEE" }`
		up   = `"bo@northwind.example" = { role = "BIZ_ADMIN" }`
		cleo = `"cleo@northwind.example" = { role = "EMPLOYEE" }`
		nia  = `"Nia@northwind.example" = { role = "EMPLOYEE" }`
	)
	after := w.everybody(briefRoster, ada, up, nia)
	once := map[string]int{hubsim.OpInvite: 1, hubsim.OpChangeRole: 1, hubsim.OpRemove: 1}
	asked := func() {
		if err := s.writes(once); err != nil {
			t.Error(err)
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{Config: w.everybody(briefRoster, ada, bo, cleo), Check: s.wrote(nothing)},
			{Config: after, ExpectError: regexp.MustCompile(`(?s)The add task for nia@northwind\.example.*had\s+not\s+ended`)},
			{ // still not: and still asked for once
				PreConfig: asked, Config: after, ExpectError: regexp.MustCompile(`(?s)The remove task for cleo@northwind\.example.*had\s+not\s+ended`),
			},
			{PreConfig: then(asked, func() { s.sim.Clock().Advance(2 * time.Hour) }, s.forgetRequests), Config: after, Check: s.wrote(nothing)},
			{Config: after, ConfigPlanChecks: noChange(), Check: s.wrote(nothing)},
		},
	})
	if p := s.person("bo@northwind.example"); p == nil || p.Role != "BIZ_ADMIN" {
		t.Errorf("bo: %+v", p)
	}
	if s.person("nia@northwind.example") == nil || s.person("cleo@northwind.example") != nil {
		t.Error("who was to come is not there, or who was to go is")
	}
}

// A roster that is created while a job is under way is a roster: nothing failed.
func TestAccHubRoster_createdWhileAJobRuns(t *testing.T) {
	w, s := slowJobs(t, hubsim.PersonSeed{Email: "ada@northwind.example", Name: "Ada Diaz", Role: "BIZ_ADMIN"})
	config := w.everybody(briefRoster, `"ada@northwind.example" = { role = "BIZ_ADMIN" }`, `"nia@northwind.example" = { role = "EMPLOYEE" }`)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{ // nia is not there yet, so there is something left to do
				Config: config, ExpectNonEmptyPlan: true, Check: s.wrote(map[string]int{hubsim.OpInvite: 1}),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(rosterAddr, tfjsonpath.New("statuses"), knownvalue.MapSizeExact(1))},
			},
			{ // a refresh finds the job ended
				PreConfig: then(func() { s.sim.Clock().Advance(2 * time.Hour) }, s.forgetRequests),
				Config:    config, Check: s.wrote(nothing),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(rosterAddr, tfjsonpath.New("statuses"), knownvalue.MapSizeExact(2))},
			},
			{Config: config, ConfigPlanChecks: noChange(), Check: s.wrote(nothing)},
		},
	})
}

// One person's add is refused and another's is under way: the apply failed, so
// Terraform replaces the roster, and the job is not asked for again all the same.
// Not with resource.Test, which plans without a refresh.
func TestAccHubRoster_createdByHalves(t *testing.T) {
	w, s := slowJobs(t, hubsim.PersonSeed{Email: "ada@northwind.example", Name: "Ada Diaz", Role: "BIZ_ADMIN"})
	refusal := w.refusal
	refusal.Kind, refusal.Operation, refusal.Times = hubsim.FaultRespond, hubsim.OpInvite, 1
	s.fault(refusal)()
	run := s.commands(w.everybody(briefRoster, `"ada@northwind.example" = { role = "BIZ_ADMIN" }`,
		`"mia@northwind.example" = { role = "EMPLOYEE" }`, `"nia@northwind.example" = { role = "EMPLOYEE" }`))
	for _, d := range s.drivers() {
		for _, setting := range d.Settings {
			if d.Platform.Name == w.platform && setting.Default != "" {
				run.env = append(run.env, setting.Env+"="+setting.Default)
			}
		}
	}
	invited := func(n int) {
		t.Helper()
		if err := s.writes(map[string]int{hubsim.OpInvite: n}); err != nil {
			t.Error(err)
		}
		s.forgetRequests()
	}
	out, ok := run.run("apply", "-auto-approve", "-no-color")
	if ok || !strings.Contains(out, "mia@northwind.example was not added") || !strings.Contains(out, "add task for nia@northwind.example") {
		t.Fatalf("the apply: %t\n%s", ok, out)
	}
	invited(2) // one refused
	out, ok = run.run("apply", "-auto-approve", "-no-color")
	if !ok || !strings.Contains(out, "must be replaced") {
		t.Fatalf("the apply after: %t\n%s", ok, out)
	}
	invited(1) // mia; nia is waited for
	s.sim.Clock().Advance(2 * time.Hour)
	if out, ok = run.run("plan", "-detailed-exitcode", "-no-color"); !ok {
		t.Fatalf("something is left to do:\n%s", out)
	}
	if err := s.writes(nothing); err != nil {
		t.Error(err)
	}
}

// A job that came to nothing is told about, and then asked for anew.
func TestAccHubRoster_jobFails(t *testing.T) {
	w, s := slowJobs(t, hubsim.PersonSeed{Email: "ada@northwind.example", Name: "Ada Diaz", Role: "BIZ_ADMIN"})
	config := w.everybody(briefRoster, `"ada@northwind.example" = { role = "BIZ_ADMIN" }`, `"nia@northwind.example" = { role = "EMPLOYEE" }`)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{
				PreConfig: s.set("job_outcome", []any{map[string]any{"code": "BadCredentials", "times": 1}}),
				Config:    config, ExpectNonEmptyPlan: true, Check: s.wrote(map[string]int{hubsim.OpInvite: 1}),
			},
			{
				PreConfig: then(func() { s.sim.Clock().Advance(2 * time.Hour) }, s.set("job_time", "0s"), s.forgetRequests),
				Config:    config, Check: s.wrote(map[string]int{hubsim.OpInvite: 1}),
			},
			{Config: config, ConfigPlanChecks: noChange()},
		},
	})
}
