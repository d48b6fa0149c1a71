package main

import (
	"io"
	"net/http"
	"strings"
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
	baseURL = sim.Start(t)
	return sim, baseURL
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
			w.check(t, sim, business)
			if calls := sim.Requests(); len(calls) != 0 {
				t.Errorf("a look at the screens is in the log of API calls: %v", calls)
			}
		})
	}
}

// A hub whose app has no screens of its own has the generic ones, and a hub of
// Cerby's has the workspace around them, with the sync that ends its guide.
func TestGenericGuideLeadsThroughTheScreens(t *testing.T) {
	const key = "fixture-api-key-0123456789"
	people := func(member, admin string) []hubsim.PersonSeed {
		return []hubsim.PersonSeed{
			{Email: "ada@northwind.example", Name: "Ada Diaz", Role: admin},
			{Email: "olive@northwind.example", Name: "Olive Roy", Role: admin},
			{Email: bo, Name: "Bo Chen", Role: member},
			{Email: "cy@northwind.example", Name: "Cy Dunn", Role: member},
			{Email: "di@northwind.example", Name: "Di Falk", Role: member},
		}
	}
	apps := map[string]struct {
		demoHub
		added      string // the status of somebody who was added
		settings   hubsim.Settings
		credential hubsim.Credential
	}{
		"scim": {demoHub{"figment", "editor", "admin"}, hubsim.StatusActive, nil, hubsim.Credential{"name": "all", "token": key, "apps": []string{"figment"}, "writes": true}},
		"cerby": {
			demoHub{"6f0f6a5e-3b0e-4c43-9c59-5f3d2c1e7a10", "EMPLOYEE", "BIZ_ADMIN"},
			hubsim.StatusInvited,
			hubsim.Settings{
				"auto_sync":       false, // what is done in the app shows after the sync
				"workspace_users": []map[string]any{{"email": gia, "name": "Gia Moss"}},
			},
			hubsim.Credential{
				"name": "automation", "api_key": key, "workspace_admin": true, "owner_of": []string{"6f0f6a5e-3b0e-4c43-9c59-5f3d2c1e7a10"},
				"scopes": []string{"read:users", "read:integrations", "write:integrations", "read:automations", "write:automations"},
			},
		},
	}
	for _, platform := range hubsim.New().Platforms() {
		app, ok := apps[platform]
		if !ok {
			continue
		}
		for _, kind := range hub.TaskKinds() {
			t.Run(platform+"/"+string(kind), func(t *testing.T) {
				w := walk{platform: platform, task: kind, fill: runbook.Fill{
					Platform: platform, Person: bo, Role: app.admin, OldRole: app.member, BusinessID: app.business, Hub: "Figment", Workspace: "northwind",
				}}
				switch kind {
				case hub.TaskAdd:
					w.fill.Person, w.fill.Role = gia, app.member
					w.left = hubsim.Person{Status: app.added, Role: app.member}
				case hub.TaskChangeRole:
					w.left = hubsim.Person{Status: hubsim.StatusActive, Role: app.admin}
				case hub.TaskRemove:
				}
				app.credential["platform"] = platform
				sim := hubsim.New()
				err := sim.Apply(hubsim.Seed{
					Hubs: []hubsim.HubSeed{{
						Platform: platform, BusinessID: app.business, Name: "Figment", Settings: app.settings, People: people(app.member, app.admin),
					}},
					Credentials: []hubsim.Credential{app.credential},
				})
				if err != nil {
					t.Fatal(err)
				}
				baseURL := sim.Start(t)
				f := &follower{
					browser: &plainBrowser{t: t}, index: baseURL + hubsim.ScreensPath, hub: platform + "/" + app.business, hubName: "Figment",
					data: guideData(t, runbook.Generic), person: w.fill.Person, name: "Gia Moss", role: w.fill.Role,
				}
				for i, s := range runbook.For(platform, kind).Steps(w.fill) {
					if err := f.follow(step{s.Text, s.Links}); err != nil {
						t.Fatalf("step %d, %s\n%v", i+1, s.Text, err)
					}
				}
				w.check(t, sim, app.business)
				if platform == "cerby" && kind == hub.TaskRemove {
					// Cerby's own copy: it shows the removal because of the sync.
					r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, hubsim.Endpoint(baseURL, "cerby")+"/api/v1/integrations/"+app.business+"/users", nil)
					if err != nil {
						t.Fatal(err)
					}
					r.Header.Set("X-API-Key", key)
					r.Header.Set("User-Agent", "screens_test") // Cerby's firewall lets no library's through
					resp, err := http.DefaultClient.Do(r)
					if err != nil {
						t.Fatal(err)
					}
					defer resp.Body.Close()
					body, err := io.ReadAll(resp.Body)
					if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "olive@") || strings.Contains(string(body), bo) {
						t.Errorf("Cerby's list after the sync: %s, %v: %s", resp.Status, err, body)
					}
				}
			})
		}
	}
}

// check compares what is true with what the walk should have left behind.
func (w walk) check(t *testing.T, sim *hubsim.Sim, business string) {
	t.Helper()
	got, err := truth(sim, w.platform, business, w.fill.Person)
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
