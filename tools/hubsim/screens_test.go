package main

import (
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
	"github.com/roster-iac/terraform-provider-roster/internal/runbook"
)

// walk is one task somebody does by hand on the demo's hubs.
type walk struct {
	platform string
	name     string
	task     hub.TaskKind
	fill     runbook.Fill
	// setUp is what people did before; left is what is true of the person
	// afterwards, with no status for nobody.
	setUp []hubsim.Act
	left  hubsim.Person
}

const (
	bo  = "bo@northwind.example"  // on every hub of the demo
	gia = "gia@northwind.example" // on none
)

// demoHub is a platform of the demo: its hub, and the roles of its members and
// administrators, as the platform names them.
type demoHub struct{ business, member, admin string }

var demoHubs = map[string]demoHub{
	"meta_business":      {"222000111000222", "EMPLOYEE", "ADMIN"},
	"google_ads":         {"1234567890", "STANDARD", "ADMIN"},
	"pinterest_business": {"2783136121146310001", "EMPLOYEE", "BIZ_ADMIN"},
	"snapchat_business":  {"5cf59a25-0000-40e1-826b-5ceaf369b207", "member", "admin"},
	"tiktok_business":    {"6900000000000000001", "STANDARD", "ADMIN"},
}

func walks() []walk {
	var list []walk
	for platform, h := range demoHubs {
		invite := hubsim.Act{Action: hubsim.ActInvite, Email: gia, Name: "Gia Moss", Role: h.member}
		list = append(
			list,
			walk{platform, "add", hub.TaskAdd, runbook.Fill{Person: gia, Role: h.member}, nil, hubsim.Person{Status: hubsim.StatusInvited, Role: h.member}},
			walk{platform, "add an admin", hub.TaskAdd, runbook.Fill{Person: gia, Role: h.admin}, nil, hubsim.Person{Status: hubsim.StatusInvited, Role: h.admin}},
			walk{platform, "change role", hub.TaskChangeRole, runbook.Fill{Person: bo, Role: h.admin, OldRole: h.member}, nil, hubsim.Person{Status: hubsim.StatusActive, Role: h.admin}},
			walk{platform, "change role of an invitee", hub.TaskChangeRole, runbook.Fill{Person: gia, Role: h.admin, OldRole: h.member, Invited: true}, []hubsim.Act{invite}, hubsim.Person{Status: hubsim.StatusInvited, Role: h.admin}},
			walk{platform, "remove", hub.TaskRemove, runbook.Fill{Person: bo}, nil, hubsim.Person{}},
			walk{platform, "remove an invitee", hub.TaskRemove, runbook.Fill{Person: gia, Invited: true}, []hubsim.Act{invite}, hubsim.Person{}},
		)
	}
	extra := func(role string) []hubsim.Act {
		return []hubsim.Act{{Action: hubsim.ActSetRole, Email: bo, ExtraRoles: []string{role}}}
	}
	return append(
		list,
		walk{"meta_business", "give a finance role", hub.TaskChangeRole, runbook.Fill{Person: bo, Role: "FINANCE_EDITOR"}, nil, hubsim.Person{Status: hubsim.StatusActive, Role: "EMPLOYEE", ExtraRoles: []string{"FINANCE_EDITOR"}}},
		walk{"meta_business", "take a finance role", hub.TaskChangeRole, runbook.Fill{Person: bo, Role: "FINANCE_EDITOR", Revoke: true}, extra("FINANCE_EDITOR"), hubsim.Person{Status: hubsim.StatusActive, Role: "EMPLOYEE"}},
		walk{"tiktok_business", "give a finance role", hub.TaskChangeRole, runbook.Fill{Person: bo, Role: "finance:MANAGER"}, nil, hubsim.Person{Status: hubsim.StatusActive, Role: "STANDARD", ExtraRoles: []string{"finance:MANAGER"}}},
		walk{"tiktok_business", "take a finance role", hub.TaskChangeRole, runbook.Fill{Person: bo, Role: "finance:MANAGER", Revoke: true}, extra("finance:MANAGER"), hubsim.Person{Status: hubsim.StatusActive, Role: "STANDARD"}},
	)
}

// demo is the demo's simulation.
func demo(t *testing.T) (sim *hubsim.Sim, baseURL string) {
	t.Helper()
	seed, err := hubsim.ReadSeed(demoSeed)
	if err != nil {
		t.Fatal(err)
	}
	sim = hubsim.New()
	if err := sim.ApplyInitial(seed); err != nil {
		t.Fatal(err)
	}
	return sim, sim.Start(t)
}

// The rendered guides can be followed literally on the screens, to the end and
// with the effect they promise, by somebody who knows the printed words only.
func TestGuidesLeadThroughTheScreens(t *testing.T) {
	for _, w := range walks() {
		t.Run(w.platform+"/"+w.name, func(t *testing.T) {
			sim, baseURL := demo(t)
			business := demoHubs[w.platform].business
			for _, act := range w.setUp {
				if _, err := sim.Act(w.platform, business, act); err != nil {
					t.Fatal(err)
				}
			}
			w.fill.Platform, w.fill.BusinessID, w.fill.Hub = w.platform, business, "Northwind"
			f := &follower{
				browser: &plainBrowser{t: t}, index: baseURL + hubsim.ScreensPath, hub: w.platform + "/" + business,
				data: guideData(t, w.platform), person: w.fill.Person, name: "Gia Moss", role: w.fill.Role,
			}
			for i, s := range runbook.For(w.platform, w.task).Steps(w.fill) {
				if err := f.follow(step{s.Text, s.Links}); err != nil {
					t.Fatalf("step %d, %s\n%v", i+1, s.Text, err)
				}
			}
			w.check(t, sim)
			if calls := sim.Requests(); len(calls) != 0 {
				t.Errorf("a look at the screens is in the log of API calls: %v", calls)
			}
		})
	}
}

// check compares what is true with what the walk should have left behind.
func (w walk) check(t *testing.T, sim *hubsim.Sim) {
	t.Helper()
	got, err := truth(sim, w.platform, demoHubs[w.platform].business, w.fill.Person)
	if err != nil {
		t.Fatal(err)
	}
	if got == nil {
		got = &hubsim.Person{}
	}
	extras := w.left.ExtraRoles
	if w.platform == "snapchat_business" && w.task == hub.TaskAdd {
		extras = []string{"adaccount:admin"} // the guide's step for somebody who needs an ad account
	}
	if got.Status != w.left.Status || w.left.Status != "" && got.Role != w.left.Role || !equal(got.ExtraRoles, extras) {
		t.Errorf("%s is %q with %q %q, want %q with %q %q", w.fill.Person, got.Status, got.Role, got.ExtraRoles, w.left.Status, w.left.Role, extras)
	}
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// A platform that comes with a guide of its own comes with a walk through it.
func TestEveryGuideIsWalked(t *testing.T) {
	for _, d := range all.Drivers() {
		if guide := runbook.For(d.Platform.Name, hub.TaskAdd); guide.Platform == runbook.Generic {
			continue
		}
		if _, walked := demoHubs[d.Platform.Name]; !walked {
			t.Errorf("%s has a guide of its own and no hub in the demo to follow it on", d.Platform.Name)
		}
	}
}
