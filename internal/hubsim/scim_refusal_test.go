package hubsim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestScimAuthentication(t *testing.T) {
	w := newScimWire(t, nil)
	for authorization, challenge := range map[string]string{
		"":                          `Bearer realm="SCIM"`,
		"Basic eDp5":                `Bearer realm="SCIM"`,
		"Bearer ":                   `Bearer realm="SCIM"`,
		scimToken:                   `Bearer realm="SCIM"`,
		"Bearer wrong":              `Bearer realm="SCIM", error="invalid_token"`,
		"Bearer " + scimToken + "x": `Bearer realm="SCIM", error="invalid_token"`,
	} {
		got := w.get("/Users", "Authorization", authorization)
		got.refused(401, "")
		if got.header.Get("WWW-Authenticate") != challenge {
			t.Errorf("%q: challenge %q", authorization, got.header.Get("WWW-Authenticate"))
		}
	}
	w.get("/Users?access_token="+scimToken, "Authorization", "").refused(401, "")
	w.get("/Users", "Authorization", "bearer "+scimToken).ok(200)

	w.get("/Users", "Authorization", "Bearer "+scimStray).refused(403, "")
	w.get("/Users", "Authorization", "Bearer "+scimReader).ok(200)
	w.send("DELETE", w.of(scimMara), "", "Authorization", "Bearer "+scimReader).refused(403, "")
	w.user("POST", "/Users", `"userName":"x"`, "Authorization", "Bearer "+scimReader).refused(403, "")

	for _, r := range w.sim.Requests() {
		if strings.Contains(jsonText(r), scimToken) {
			t.Errorf("the log shows a token: %+v", r)
		}
	}
	if first := w.sim.Requests()[0]; first.TokenIn == "query" {
		t.Errorf("request = %+v", first)
	}
	for setting, status := range map[string]int{"token_expired": 401, "token_invalid": 401, "permission_missing": 403} {
		w.configure(hubsim.Settings{setting: true})
		w.get("/Users").refused(status, "")
		w.get("/ServiceProviderConfig").refused(status, "")
		w.configure(hubsim.Settings{setting: false})
	}
	w.get("/Users").ok(200)
}

func TestScimPaths(t *testing.T) {
	w := newScimWire(t, nil)
	for _, path := range []string{"/users", "/Users/", "/Users/1/2", "/Robots", "", "/"} {
		w.get(path).refused(404, "")
	}
	for path, status := range map[string]int{
		"/scim/" + scimApp + "/Users": 404, "/scim/" + scimApp + "/v1/Users": 404, "/scim/": 404, "/scim/nowhere/v2/Users": 404,
		"/scim/" + scimOther + "/v2/Users": 403, "/scim/" + scimApp + "/v2/Users": 200,
	} {
		r := w.request("GET", "", "")
		r.URL.Path = path
		if got := w.do(r); got.status != status {
			t.Errorf("%s: %d, want %d", path, got.status, status)
		}
	}
	for call, status := range map[string]int{
		"PUT /Users": 405, "DELETE /Groups": 405, "POST /Users/1": 405, "POST /Schemas": 405, "HEAD /Users": 405,
		"POST /Bulk": 501, "POST /.search": 501, "POST /Users/.search": 501, "GET /Me": 501,
	} {
		method, path, _ := strings.Cut(call, " ")
		if got := w.send(method, path, `{}`); got.status != status {
			t.Errorf("%s: %d, want %d", call, got.status, status)
		}
	}
}

func TestScimVersions(t *testing.T) {
	w := newScimWire(t, nil)
	path := w.of(scimMara)
	tag := w.get(path).header.Get("ETag")
	w.get(path, "If-None-Match", tag).ok(304)
	w.get(path, "If-None-Match", `W/"other"`).ok(200)
	title := `{"op":"replace","path":"title","value":"x"}`
	changed := w.patch(path, title, "If-Match", tag)
	if next := changed.header.Get("ETag"); changed.ok(200) == nil || next == tag || changed.body["meta"].(object)["version"] != next {
		t.Errorf("version %s, was %s", next, tag)
	}
	for _, stale := range []string{tag, strings.TrimPrefix(changed.header.Get("ETag"), "W/"), `W/"0"`} {
		w.patch(path, title, "If-Match", stale).refused(412, "")
		w.user("PUT", path, `"userName":"mara@northwind.example"`, "If-Match", stale).refused(412, "")
		w.send("DELETE", path, "", "If-Match", stale).refused(412, "")
	}
	same := w.patch(path, title, "If-Match", `W/"0", `+changed.header.Get("ETag"))
	if same.ok(200); same.header.Get("ETag") != changed.header.Get("ETag") {
		t.Error("a PATCH that changes nothing made a version")
	}
	w.patch(path, title, "If-Match", "*").ok(200)
	w.configure(hubsim.Settings{"no_etag": true})
	got := w.patch(path, title, "If-Match", tag)
	if got.ok(200); got.header.Get("ETag") != "" || got.body["meta"].(object)["version"] != nil {
		t.Errorf("a version: %s", got.raw)
	}
	w.get(path, "If-None-Match", "*").ok(200)
}

func TestScimErrorBodies(t *testing.T) {
	w := newScimWire(t, nil)
	w.configure(hubsim.Settings{"number_status": true})
	w.get("/Users/1").is("status", "404")
	w.configure(hubsim.Settings{"no_scim_type": true})
	w.user("POST", "/Users", `"userName":"`+scimMara+`"`).is("scimType", "null")
	w.configure(hubsim.Settings{"error_body": "message"})
	if got := w.get("/Users/1"); got.status != 404 || got.body["message"] == nil || got.body["schemas"] != nil {
		t.Errorf("message: %s", got.raw)
	}
	w.configure(hubsim.Settings{"error_body": "errors"})
	w.get("/Users/1").is("Errors", `{"code":404,"description":"Resource 1 not found."}`)
	w.configure(hubsim.Settings{"error_body": "html"})
	if got := w.get("/Users/1"); got.status != 404 || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") || !strings.HasPrefix(got.raw, "<!DOCTYPE") {
		t.Errorf("html: %s", got.raw)
	}
	w.configure(hubsim.Settings{"error_body": "scim", "plain_bad_request": true})
	if got := w.send("POST", "/Users", `{`); got.status != 400 || strings.HasPrefix(got.raw, "{") {
		t.Errorf("plain: %s", got.raw)
	}
}

func TestScimSeats(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"seats": 3}) // two are taken
	suspended := `{"op":"replace","path":"active","value":true}`
	w.user("POST", "/Users", `"userName":"eve"`).ok(201)
	w.user("POST", "/Users", `"userName":"finn"`).refused(403, "")
	w.user("POST", "/Users", `"userName":"finn","active":false`).ok(201) // takes no seat
	w.patch(w.of(scimIvo), suspended).refused(403, "")
	w.patch(w.of(scimMara), `{"op":"replace","path":"active","value":false}`).ok(200)
	w.patch(w.of(scimIvo), suspended).ok(200)
	w.patch(w.of(scimIvo), `{"op":"replace","path":"title","value":"x"}`).ok(200)
	w.configure(hubsim.Settings{"no_seats": true, "seats": 0})
	for _, status := range []int{400, 402, 403, 422, 507} {
		w.configure(hubsim.Settings{"seat_status": status})
		w.user("POST", "/Users", `"userName":"gus"`).refused(status, "")
	}
}

func TestScimLastAdministrator(t *testing.T) {
	w := newScimWire(t, nil)
	path := w.of(scimAda)
	demote := `{"op":"replace","path":"roles","value":[{"value":"editor"}]}`
	refusals := func(status int) {
		t.Helper()
		w.patch(path, demote).refused(status, "")
		w.patch(path, `{"op":"remove","path":"roles"}`).refused(status, "")
		w.patch(path, `{"op":"replace","path":"active","value":false}`).refused(status, "")
		w.user("PUT", path, `"userName":"ada@northwind.example","roles":[]`).refused(status, "")
		w.send("DELETE", path, "").refused(status, "")
	}
	refusals(403)
	w.configure(hubsim.Settings{"protected_status": 400})
	refusals(400)
	w.act(hubsim.Act{Action: "set_role", Email: scimIvo, Role: "admin"}) // suspended: does not count
	refusals(400)
	w.act(hubsim.Act{Action: "resume", Email: scimIvo})
	w.patch(path, demote).ok(200)
	w.configure(hubsim.Settings{"protects_last_admin": false})
	w.send("DELETE", w.of(scimIvo), "").ok(204)
}

func TestScimOwner(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"owner_protected": true}, hubsim.PersonSeed{Email: "olive@northwind.example", Role: "owner"})
	path := w.of("olive@northwind.example")
	demote := `{"op":"replace","path":"roles","value":[{"value":"editor"}]}`
	w.user("POST", "/Users", `"userName":"x","roles":[{"value":"owner"}]`).refused(403, "")
	w.patch(path, `{"op":"replace","path":"active","value":false}`).refused(403, "")
	w.send("DELETE", path, "").refused(403, "")
	w.patch(path, demote).refused(403, "")
	w.configure(hubsim.Settings{"owner_changes": "ignore"})
	w.patch(path, demote).is("roles", `[{"primary":true,"value":"owner"}]`) // 200, and nothing done
	w.patch(path, `{"op":"replace","path":"title","value":"x"}`).is("title", `"x"`)

	w.configure(hubsim.Settings{"owner_changes": "refuse", "role_source": "groups"})
	owners := w.groupOf("owner")
	w.patch(owners, `{"op":"remove","path":"members"}`).refused(403, "")
	w.send("DELETE", path, "").refused(403, "")
}

func TestScimRolesThatCannotBeSet(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"ignore_roles": true})
	path := w.of(scimMara)
	roles := `[{"primary":true,"value":"editor"},{"value":"billing"}]`
	w.patch(path, `{"op":"replace","path":"roles","value":[{"value":"admin"}]}`).is("roles", roles)
	w.patch(path, `{"op":"remove","path":"roles"}`).is("roles", roles)
	w.user("PUT", path, `"userName":"mara@northwind.example","roles":[{"value":"admin"}],"entitlements":[{"value":"x"}]`).is("roles", roles)
	w.get(path).is("entitlements", "null")
	w.user("POST", "/Users", `"userName":"x","roles":[{"value":"admin"}]`).is("roles", "null")
	w.configure(hubsim.Settings{"ignore_roles": false, "roles_read_only": true})
	w.patch(path, `{"op":"replace","path":"roles","value":[{"value":"admin"}]}`).refused(400, "mutability")
	w.patch(path, `{"op":"replace","path":"title","value":"x"}`).is("roles", roles)
	w.user("POST", "/Users", `"userName":"y","roles":[{"value":"admin"}]`).refused(400, "mutability")
	w.configure(hubsim.Settings{"roles_read_only": false, "refused_attributes": []string{"entitlements"}, "single_valued": true})
	w.patch(path, `{"op":"add","path":"entitlements","value":[{"value":"x"}]}`).refused(400, "invalidValue")
	w.patch(path, `{"op":"add","path":"roles","value":[{"value":"x"}]}`).refused(400, "invalidValue")
	w.patch(path, `{"op":"replace","path":"roles","value":[{"value":"x"}]}`).ok(200)
}

func TestScimInactivePeople(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"inactive_frozen": true})
	path := w.of(scimIvo)
	w.patch(path, `{"op":"replace","path":"title","value":"x"}`).refused(400, "invalidValue")
	w.patch(path, `{"op":"replace","path":"active","value":false}`).ok(200) // no change
	w.patch(path, `{"op":"replace","path":"title","value":"x"},{"op":"replace","path":"active","value":true}`).ok(200)
	w.patch(path, `{"op":"replace","path":"title","value":"y"},{"op":"replace","path":"active","value":false}`).ok(200)
	w.get(path).is("title", `"y"`)
}

// Settings can be changed while an app runs; what they do not name stays.
func TestScimSettings(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"roles": []string{"editor", "billing", "admin"}})
	w.configure(hubsim.Settings{"server_cap": 2})
	status, text := w.control("GET", "hubs/scim/"+scimApp+"/settings", "")
	if status != http.StatusOK || !strings.Contains(text, `"server_cap":2`) || !strings.Contains(text, `"roles":["editor","billing","admin"]`) {
		t.Errorf("settings: %d %s", status, text)
	}
	status, text = w.control("POST", "hubs/scim/"+scimApp+"/acts", `{"action":"suspend","email":"`+scimMara+`"}`)
	if status != http.StatusOK || !strings.Contains(text, `"status":"suspended"`) {
		t.Errorf("act: %d %s", status, text)
	}
	if status, text = w.control("GET", "hubs", ""); !strings.Contains(text, `"count":{"active":1,"suspended":2}`) {
		t.Errorf("hubs: %d %s", status, text)
	}
	for _, bad := range []hubsim.Settings{
		{"rate_limits": true},
		{"roles": "editor"},
		{"seats": -1},
		{"role_shape": "round"},
		{"profile": "myspace"},
		{"retry_after": "soon"},
		{"roles": []string{"x", "y", "z"}, "seats": -1}, // and none of it takes effect
	} {
		if err := w.sim.Configure(scim, scimApp, bad); err == nil {
			t.Errorf("%v is accepted", bad)
		}
	}
	if _, text = w.control("GET", "hubs/scim/"+scimApp+"/settings", ""); !strings.Contains(text, `"roles":["editor","billing","admin"]`) {
		t.Errorf("settings after refusals: %s", text)
	}
	if err := w.sim.Configure(scim, "nowhere", nil); err == nil {
		t.Error("an unknown app is configured")
	}
	if err := w.sim.Configure(scim, scimApp, hubsim.Settings{"role_source": "groups", "roles": []string{"viewer"}}); err == nil {
		t.Error("roles moved where they are not known")
	}
	w.get(w.of(scimMara)).is("roles", `[{"primary":true,"value":"editor"},{"value":"billing"}]`)
	if err := w.sim.Reset(); err != nil {
		t.Fatal(err)
	}
	equal(t, "after a reset", w.get("/Users").column("active"), []string{"true", "true", "false"})
}
