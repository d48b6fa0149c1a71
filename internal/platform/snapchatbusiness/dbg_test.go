package snapchatbusiness

import (
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestDbg(t *testing.T) {
	sim := hubsim.New()
	if err := sim.Apply(hubsim.Seed{
		Hubs: []hubsim.HubSeed{{Platform: Name, BusinessID: testHub.BusinessID, Name: "N", Settings: hubsim.Settings{"duplicate_email": "return", "create_status": false},
			People: []hubsim.PersonSeed{{Email: "a@b.example", Role: "admin"}}}},
		Credentials: []hubsim.Credential{credentialFor("a@b.example", refreshSettings())},
	}); err != nil {
		t.Fatal(err)
	}
	s := refreshSettings()
	for k, v := range endpoints(sim.Start(t)) {
		s[k] = v
	}
	c, err := open(hub.Options{Settings: s}, brief)
	if err != nil {
		t.Fatal(err)
	}
	sim.Act(Name, testHub.BusinessID, hubsim.Act{Action: "invite", Email: "g@b.example", Role: "member"})
	m, err := c.Add(t.Context(), testHub, hub.Add{Email: "g@b.example", Role: "data_admin"})
	t.Log(m, err)
	for _, l := range []string{"", "?limit=1000"} {
		_, e := c.api.roleList(t.Context(), request{path: "/members/" + m.ID + "/roles", query: map[string][]string{"limit": {"1000"}}})
		_, e2 := c.api.roleList(t.Context(), request{path: "/members/" + m.ID + "/roles"})
		t.Log(l, e, e2)
	}
	for _, r := range sim.Requests() {
		t.Log(r.Method, r.Path, r.Operation, r.Status, r.Body)
	}
	p, _ := sim.People(Name, testHub.BusinessID)
	t.Logf("%+v", p)
}
