package hubsim_test

import (
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestScimVisibilityLag(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"role_source": "groups", "visibility_lag": "3s"})
	editors, mara := w.groupOf("editor"), w.of(scimMara)
	made := w.user("POST", "/Users", `"userName":"eve"`).ok(201)
	eve := "/Users/" + made["id"].(string)
	w.patch(editors, `{"op":"add","path":"members","value":[{"value":"`+made["id"].(string)+`"}]}`).ok(200) // the app itself knows her
	w.user("POST", "/Users", `"userName":"EVE"`).refused(409, "uniqueness")
	w.patch(mara, `{"op":"replace","path":"userName","value":"ml"}`).is("userName", `"ml"`)
	w.send("DELETE", w.of(scimIvo), "").ok(204)

	before := func(what string) {
		t.Helper()
		w.get(eve).refused(404, "")
		w.get(mara).is("userName", `"mara@northwind.example"`)
		equal(t, what, w.get("/Users").column("userName"), []string{scimAda, scimMara, scimIvo})
		equal(t, what+": by the old name", w.find("Users", `userName eq "`+scimMara+`"`).column("userName"), []string{scimMara})
		equal(t, what+": by the new name", w.find("Users", `userName eq "ml"`).column("userName"), []string{})
		if n := len(w.get(editors).body["members"].([]any)); n != 2 {
			t.Errorf("%s: %d members", what, n)
		}
	}
	before("at once")
	w.sim.Clock().Advance(3*time.Second - 1)
	before("just before")
	w.sim.Clock().Advance(1)
	w.get(eve).ok(200)
	equal(t, "after", w.get("/Users").column("userName"), []string{scimAda, "ml", "eve"})
	equal(t, "after: by the old name", w.find("Users", `userName eq "`+scimMara+`"`).column("userName"), []string{})
	if n := len(w.get(editors).body["members"].([]any)); n != 2 { // eve came, ivo went
		t.Errorf("after: %d members", n)
	}
}

func TestScimRateLimits(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"rate_limited": true})
	limited := func(path, retryAfter string) {
		t.Helper()
		got := w.get(path)
		got.refused(429, "")
		if got := got.header.Get("Retry-After"); got != retryAfter {
			t.Errorf("Retry-After = %q, want %q", got, retryAfter)
		}
	}
	limited("/Users", "1")
	w.configure(hubsim.Settings{"retry_after": "date"})
	limited("/Users", "Fri, 20 Nov 2026 10:15:01 GMT")
	w.configure(hubsim.Settings{"retry_after": "none"})
	limited("/Users", "")
	w.configure(hubsim.Settings{"rate_limited": false, "retry_after": "seconds", "throttle": object{"minutes": 2}})
	limited("/Users", "120")
	w.sim.Clock().Advance(30 * time.Second)
	limited("/ServiceProviderConfig", "90")
	w.sim.Clock().Advance(90 * time.Second)
	w.get("/Users").ok(200)

	w.configure(hubsim.Settings{"throttle": nil, "reads_per_minute": 3, "writes_per_minute": 1})
	w.sim.Clock().Advance(time.Minute)
	for range 3 {
		w.get("/Users").ok(200)
		w.sim.Clock().Advance(5 * time.Second)
	}
	limited("/Users", "45")
	w.user("POST", "/Users", `"userName":"eve"`).ok(201)
	w.user("POST", "/Users", `"userName":"finn"`).refused(429, "")
	w.sim.Clock().Advance(45 * time.Second)
	w.get("/Users").ok(200)
	limited("/Users", "5")
	if w.person(scimMara).ID == "" || len(w.sim.Requests(hubsim.ByOperation(hubsim.OpInvite))) != 2 {
		t.Errorf("requests: %v", w.ops())
	}
}

func TestScimTransientTrouble(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"unavailable": true})
	w.get("/Users").refused(503, "")
	w.configure(hubsim.Settings{"unavailable": false, "transient": object{"code": 500, "calls": 1, "writes_only": true}})
	w.get("/Users").ok(200)
	w.user("POST", "/Users", `"userName":"eve"`).refused(500, "")
	w.user("POST", "/Users", `"userName":"eve"`).ok(201)
	w.configure(hubsim.Settings{"transient": object{"code": 504, "calls": 1, "after_effect": true}})
	w.user("POST", "/Users", `"userName":"finn"`).refused(504, "")
	w.user("POST", "/Users", `"userName":"finn"`).refused(409, "uniqueness") // it had been created
}

func TestScimTokensExpireByTheClock(t *testing.T) {
	w := newScimWire(t, nil)
	err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{
		{"platform": scim, "name": "short", "token": "scim-short", "expires_in": "1h", "apps": []string{scimApp}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.get("/Users", "Authorization", "Bearer scim-short").ok(200)
	w.send("DELETE", w.of(scimMara), "", "Authorization", "Bearer scim-short").ok(204) // writes unless told otherwise
	w.sim.Clock().Advance(time.Hour)
	w.get("/Users", "Authorization", "Bearer scim-short").refused(401, "")
}

// Faults match by the operations of the log.
func TestScimFaults(t *testing.T) {
	w := newScimWire(t, nil)
	if _, err := w.sim.AddFault(hubsim.Fault{Kind: hubsim.FaultHTML, Platform: scim, Operation: hubsim.OpRemove, AfterEffect: true, Times: 1}); err != nil {
		t.Fatal(err)
	}
	path := w.of(scimMara)
	w.get(path).ok(200)
	if got := w.patch(path, `{"op":"replace","path":"active","value":false}`); got.status != 502 {
		t.Errorf("status %d", got.status)
	}
	w.get(path).is("active", "false")
}
