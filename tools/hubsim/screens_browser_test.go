package main

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// A task fails, and somebody does what the error tells them: click by click in
// Chromium, on the screens of the simulated platform. Then the next run finds it
// done and asks the platform for nothing.
func TestFailedTaskIsFinishedByHand(t *testing.T) {
	browser := startChromium(t)
	for platform, h := range demoHubs {
		for _, kind := range hub.TaskKinds() {
			t.Run(platform+"/"+string(kind), func(t *testing.T) {
				sim, baseURL := demo(t)
				o := &operator{t: t, baseURL: baseURL, platform: platform, hub: platform + "/" + h.business}
				person, configured := bo, map[string]string(nil)
				switch kind {
				case hub.TaskAdd:
					person, configured = gia, map[string]string{"hub_id": o.hub, "email": gia, "role": h.member, "display_name": "Gia Moss"}
				case hub.TaskChangeRole:
					configured = map[string]string{"hub_id": o.hub, "email": bo, "role": h.admin}
				case hub.TaskRemove:
				}

				first := o.run()
				state := tftypes.NewValue(first.member, nil)
				if person == bo {
					state = first.imported(o.hub + "/" + bo)
				}
				// The platform begins to refuse what changes somebody; what reads goes on.
				for _, operation := range []string{hubsim.OpInvite, hubsim.OpChangeRole, hubsim.OpGrantRole, hubsim.OpRevokeRole, hubsim.OpRemove} {
					if _, err := sim.AddFault(hubsim.Fault{Platform: platform, Operation: operation, Kind: hubsim.FaultRespond, Status: 403, Body: "{}"}); err != nil {
						t.Fatal(err)
					}
				}
				_, message := first.apply(state, configured)
				if message == "" {
					t.Fatal("the platform refused, and the apply succeeded")
				}
				steps := stepsOf(message)
				if len(steps) == 0 {
					t.Fatalf("the error has no manual steps:\n%s", message)
				}
				sim.ClearFaults()
				sim.ResetRequests()

				f := &follower{
					browser: tab(t, browser), index: baseURL + hubsim.ScreensPath, hub: o.hub,
					data: guideData(t, platform), person: person, name: "Gia Moss", role: configured["role"],
				}
				for i, s := range steps {
					if err := f.follow(s); err != nil {
						t.Fatalf("step %d, %s\n%v\nof\n%s", i+1, s.text, err, message)
					}
				}

				w := walk{platform: platform, task: kind}
				w.fill.Person = person
				switch kind {
				case hub.TaskAdd:
					w.left = hubsim.Person{Status: hubsim.StatusInvited, Role: h.member}
				case hub.TaskChangeRole:
					w.left = hubsim.Person{Status: hubsim.StatusActive, Role: h.admin}
				case hub.TaskRemove:
				}
				w.check(t, sim, h.business)

				// "Then sync: run terraform apply."
				second := o.run()
				if !state.IsNull() {
					if state = second.refreshed(state); kind == hub.TaskRemove {
						if !state.IsNull() {
							t.Errorf("the refresh still finds %s: %v", person, state)
						}
						return
					}
				}
				if _, message := second.apply(state, configured); message != "" {
					t.Errorf("the run after the manual steps failed:\n%s", message)
				}
				if writes := sim.CountOps(hubsim.OnlyWrites()); len(writes) != 0 {
					t.Errorf("the run after the manual steps asked for changes: %v", writes)
				}
			})
		}
	}
}
