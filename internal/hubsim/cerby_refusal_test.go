package hubsim_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestCerbyKeys(t *testing.T) {
	w := newCerbyWire(t, nil)
	e := w.as("", "GET", cerbyUsers, "").refused(401)[0]
	if e["status"] != 401.0 || e["meta"] != nil {
		t.Errorf("401 = %v", e)
	}
	w.as("wrong", "GET", cerbyUsers, "").refused(401)
	r := w.request("GET", cerbyUsers, "")
	r.Header.Del("X-API-Key")
	r.Header.Set("Authorization", "Bearer "+cerbyKey)
	cerbyReply{w.do(r)}.refused(401)
	r.Header.Set("x-api-KEY", cerbyKey)
	cerbyReply{w.do(r)}.ok()

	for _, cause := range []string{"token_expired", "token_invalid"} {
		w.configure(hubsim.Settings{cause: true})
		w.get("/integrations").refused(401)
		w.as(cerbyBoKey, "GET", "/integrations", "").ok() // another key
		w.configure(hubsim.Settings{cause: false})
	}
	if err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{
		{"platform": cerby, "name": "short", "api_key": "crb-short", "scopes": cerbyAllScopes, "expires_in": "1h"},
	}}); err != nil {
		t.Fatal(err)
	}
	w.as("crb-short", "GET", "/integrations", "").ok()
	w.sim.Clock().Advance(time.Hour)
	w.as("crb-short", "GET", "/integrations", "").refused(401)
}

func TestCerbyCredentialDocuments(t *testing.T) {
	w := newCerbyWire(t, nil)
	for _, document := range []hubsim.Credential{
		{"platform": cerby, "name": "x"},
		{"platform": cerby, "api_key": "x"},
		{"platform": cerby, "name": "x", "api_key": "x", "scopes": []string{"read:everything"}},
		{"platform": cerby, "name": "x", "api_key": "x", "owner_of": []string{"e4d5276e-0000-4576-b975-88f6e35f7715"}},
		{"platform": cerby, "name": "x", "api_key": cerbyKey},
		{"platform": cerby, "name": "x", "api_key": "x", "token": "y"},
	} {
		if err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{document}}); err == nil {
			t.Errorf("%v is taken", document)
		} else if strings.Contains(err.Error(), cerbyKey) {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
}

// Each call asks for scopes of its own; without one of them it is refused.
func TestCerbyScopes(t *testing.T) {
	w := newCerbyWire(t, nil)
	bo := cerbyUsers + "/" + w.id("bo@northwind.example")
	for call, needs := range map[string][]string{
		"GET /integrations":                     {"read:integrations"},
		"GET " + cerbyHubPath:                   {"read:integrations"},
		"GET " + cerbyUsers:                     {"read:users", "read:integrations"},
		"GET " + bo:                             {"read:users", "read:integrations"},
		"GET " + cerbyHubPath + "/entitlements": {"read:integrations", "write:integrations"},
		"GET " + cerbyUnmatched:                 {"read:users", "read:integrations"},
		"GET /users":                            {"read:users"},
		"POST " + cerbyUsers:                    {"read:users", "write:integrations", "read:automations"},
		"PATCH " + bo:                           {"read:users", "write:integrations", "write:automations"},
		"PATCH " + bo + "/entitlements":         {"read:users", "write:integrations", "write:automations"},
		"DELETE " + cerbyUsers + "/x":           {"write:integrations", "write:automations"},
		"DELETE " + cerbyUnmatched + "/x":       {"write:integrations", "write:automations"},
		"GET /jobs/" + cerbyHub:                 {"read:automations"},
	} {
		method, path, _ := strings.Cut(call, " ")
		for _, scope := range cerbyAllScopes {
			w.configure(hubsim.Settings{"missing_scopes": []string{scope}})
			needed := false
			for _, n := range needs {
				needed = needed || n == scope
			}
			if got := w.call(method, path, ""); (got.status == 401) != needed {
				t.Errorf("%s without %s: %d", call, scope, got.status)
			}
		}
	}
	w.configure(hubsim.Settings{"missing_scopes": nil, "permission_missing": true, "scope_missing_as": 403})
	if e := w.get("/users").refused(403)[0]; e["status"] != "403" {
		t.Errorf("403 = %v", e)
	}
}

func TestCerbyOwnership(t *testing.T) {
	w := newCerbyWire(t, nil)
	bo := cerbyUsers + "/" + w.id("bo@northwind.example")
	hidden := w.as(cerbyBoKey, "GET", cerbyHubPath, "").refused(404)[0]
	if hidden["status"] != 404.0 || hidden["detail"] != w.get("/integrations/" + strings.Repeat("0", 8) + cerbyHub[8:]).refused(404)[0]["detail"] {
		t.Errorf("404 = %v", hidden)
	}
	if rows := w.as(cerbyBoKey, "GET", "/integrations", "").rows(); len(rows) != 0 {
		t.Errorf("hubs %v", rows)
	}
	w.as(cerbyBoKey, "GET", "/users", "").refused(403) // no administrator of the workspace
	w.as(cerbyBoKey, "GET", "/jobs/x", "").refused(403)
	w.get("/integrations/" + cerbyOther).refused(404)

	w.configure(hubsim.Settings{"not_admin": true})
	for _, path := range []string{cerbyHubPath, cerbyUsers, bo, cerbyUnmatched, cerbyHubPath + "/entitlements"} {
		w.get(path).refused(404)
	}
	w.get("/users").ok()
	if rows := w.get("/integrations").rows(); len(rows) != 0 {
		t.Errorf("hubs %v", rows)
	}
	w.call("DELETE", bo, "").refused(403)
	w.add("bo@northwind.example", "EMPLOYEE").refused(403)
	w.configure(hubsim.Settings{"hidden_as": 401, "task_refused_as": 401})
	w.get(cerbyUsers).refused(401)
	w.call("DELETE", bo, "").refused(401)
	if p := w.person("bo@northwind.example"); p.Status != "active" {
		t.Errorf("bo = %+v", p)
	}
}

func TestCerbyFirewall(t *testing.T) {
	w := newCerbyWire(t, nil)
	blocked := func(agent string) bool {
		r := w.request("GET", cerbyUsers, "")
		r.Header.Set("User-Agent", agent)
		got := w.do(r)
		return got.status == 403 && got.body == nil && strings.Contains(got.raw, "<html>")
	}
	if blocked("wire-test") || !blocked("") || !blocked("Go-http-client/1.1") {
		t.Error("the firewall takes the wrong ones")
	}
	w.configure(hubsim.Settings{"blocked": true})
	if !blocked("wire-test") {
		t.Error("not blocked")
	}
	w.as(cerbyBoKey, "GET", "/integrations", "").ok()
}

func TestCerbyPaths(t *testing.T) {
	w := newCerbyWire(t, nil)
	bo := w.id("bo@northwind.example")
	for _, path := range []string{
		cerbyHubPath + "/user", cerbyHubPath + "/user/" + bo, "/accounts/" + cerbyHub, "/jobs", "/users/" + bo, "/jobs/" + cerbyHub,
		cerbyUsers + "/", cerbyUsers + "/x", cerbyUsers + "/" + cerbyHub, "/integrations/x/users", "/cerby/integrations", "/cerby/api/v2/users",
	} {
		w.get(path).refused(404)
	}
	w.call("PUT", cerbyUsers+"/"+bo, "{}").refused(405)
	w.call("POST", "/users", "{}").refused(405)
	w.call("GET", cerbyUsers+"/"+bo+"/entitlements", "").refused(405)
	w.configure(hubsim.Settings{"partial_change": false})
	w.partial("bo@northwind.example", `"add":{"entitlements":[{"id":"FINANCE"}]}`).refused(404)
}

func TestCerbyAddBodies(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{"workspace_users": []any{"eve@corp.example", hubsim.Settings{"email": "dan@corp.example", "status": "disabled"}}})
	eve, dan := w.id("eve@corp.example"), w.id("dan@corp.example")
	const at = "data.attributes."
	for edit, want := range map[string]string{
		`"type":"invite_tenant_users"|"type":"user"`:          "type_error.enum data.type",
		`"type":"invite_tenant_users",|`:                      "value_error.missing data.type",
		`"role":"account_collaborator"|"role":"collaborator"`: "type_error.enum " + at + "role",
		`"role":"account_collaborator",|`:                     "value_error.missing " + at + "role",
		`"role"|"Role"`:                                       "value_error.missing " + at + "role",
		`[{"id":"EMPLOYEE"}]|[]`:                              "too_short " + at + "entitlements",
		`[{"id":"EMPLOYEE"}]|null`:                            "type_error " + at + "entitlements",
		`"entitlements":[{"id":"EMPLOYEE"}],|`:                "value_error.missing " + at + "entitlements",
		`"EMPLOYEE"|"employee"`:                               "value_error " + at + "entitlements.0.id",
		`"EMPLOYEE"}|"EMPLOYEE"},{"id":"EMPLOYEE"}`:           "value_error " + at + "entitlements.1.id",
		`"EMPLOYEE"}|"EMPLOYEE","type":"entitlement"}`:        "extra_forbidden " + at + "entitlements.0.type",
		`{"id":"EMPLOYEE"}|"EMPLOYEE"`:                        "type_error " + at + "entitlements.0",
		`"EMPLOYEE"|"FINANCE"`:                                "value_error " + at + "entitlements",
		`"EMPLOYEE"}|"EMPLOYEE"},{"id":"BIZ_ADMIN"}`:          "value_error " + at + "entitlements",
		`["EVE"]|[]`:                          "too_short " + at + "userIds",
		`["EVE"]|["eve@corp.example"]`:        "type_error " + at + "userIds.0",
		`["EVE"]|["` + cerbyHub + `"]`:        "value_error " + at + "userIds.0",
		`["EVE"]|["` + dan + `"]`:             "value_error " + at + "userIds.0",
		`["EVE"]|["EVE","EVE"]`:               "value_error " + at + "userIds.1",
		`"userIds"|"sendMail":true,"userIds"`: "extra_forbidden " + at + "sendMail",
		`{"data"|{"meta":{},"data"`:           "extra_forbidden meta",
		`{"data"|{"Data"`:                     "value_error.missing data",
		`{"data"|["data"`:                     "value_error body",
		`"attributes"|"id":"1","attributes"`:  "extra_forbidden data.id",
	} {
		from, to, _ := strings.Cut(edit, "|")
		body := `{"data":{"type":"invite_tenant_users","attributes":{"role":"account_collaborator","entitlements":[{"id":"EMPLOYEE"}],"userIds":["EVE"]}}}`
		edited := strings.Replace(body, from, to, 1)
		if edited == body {
			t.Fatalf("%s: no edit", edit)
		}
		w.call("POST", cerbyUsers, strings.ReplaceAll(edited, "EVE", eve)).invalid(want)
	}
	meta := w.add("eve@corp.example").refused(400)[0]["meta"].(object)
	if meta["ctx"].(object)["min_length"] != 1.0 {
		t.Errorf("ctx = %v", meta)
	}
	r := w.request("POST", cerbyUsers, "{}")
	r.Header.Set("Content-Type", "application/vnd.api+json")
	cerbyReply{w.do(r)}.invalid("value_error body")
	if all := w.call("POST", cerbyUsers, `{"data":{}}`).refused(400); len(all) != 2 {
		t.Errorf("flaws %v", all)
	}
	if people, _ := w.sim.People(cerby, cerbyHub); len(people) != 3 {
		t.Errorf("%d people", len(people))
	}
}

func TestCerbyChangeBodies(t *testing.T) {
	w := newCerbyWire(t, nil)
	const bo = "bo@northwind.example"
	w.replace(bo).invalid("too_short data.attributes.entitlements")
	w.replace(bo, "ANALYST").invalid("value_error data.attributes.entitlements.0.id")
	w.replace(bo, "FINANCE").invalid("value_error data.attributes.entitlements")
	w.replace(bo, "EMPLOYEE", "BIZ_ADMIN").invalid("value_error data.attributes.entitlements")
	path := cerbyUsers + "/" + w.id(bo)
	w.call("PATCH", path, `{"data":{"type":"user","attributes":{"entitlements":[{"id":"BIZ_ADMIN"}]}}}`).invalid("type_error.enum data.type")
	w.call("PATCH", path, `{"data":{"type":"update_user_entitlement","attributes":{"entitlements":[{"id":"BIZ_ADMIN"}],"role":"account_owner"}}}`).
		invalid("extra_forbidden data.attributes.role")
	w.call("PATCH", path, "").invalid("value_error body")

	w.partial(bo, ``).invalid("value_error.missing data")
	w.partial(bo, `"type":"x"`).invalid("extra_forbidden data.type")
	w.partial(bo, `"add":{"entitlements":[]}`).invalid("too_short data.add.entitlements")
	w.partial(bo, `"add":{}`).invalid("value_error.missing data.add.entitlements")
	w.partial(bo, `"add":{"entitlements":[{"id":"X"}]}`).invalid("value_error data.add.entitlements.0.id")
	w.partial(bo, `"add":{"entitlements":[{"id":"BIZ_ADMIN"}]}`).invalid("value_error data.entitlements")
	w.partial(bo, `"remove":{"entitlements":[{"id":"EMPLOYEE"}]}`).invalid("value_error data.entitlements")
	w.partial(bo, `"add":{"entitlements":[{"id":"FINANCE"}]},"remove":{"entitlements":[{"id":"FINANCE"}]}`).invalid("value_error data")
	w.call("DELETE", path, `{"seat":true}`).invalid("extra_forbidden body")

	w.replace("zoe@agency.example", "EMPLOYEE").refused(404) // of the workspace, not of the hub
	w.partial("zoe@agency.example", `"add":{"entitlements":[{"id":"FINANCE"}]}`).refused(404)
	w.del("zoe@agency.example").refused(404)
	if p := w.person(bo); p.Role != "EMPLOYEE" || p.ExtraRoles != nil {
		t.Errorf("bo = %+v", p)
	}
}

func TestCerbyErrorForms(t *testing.T) {
	w := newCerbyWire(t, nil)
	codes := map[any]bool{}
	for range 2 {
		codes[w.get(cerbyUsers + "/x").refused(404)[0]["code"]] = true
	}
	if !codes["not_found"] || !codes["Not found"] {
		t.Errorf("codes %v", codes)
	}
	for shape, want := range map[string]any{"string": "404", "number": 404.0} {
		w.configure(hubsim.Settings{"error_status": shape})
		if got := w.get(cerbyUsers + "/x").refused(404)[0]["status"]; got != want {
			t.Errorf("%s: %v", shape, got)
		}
	}
}

func TestCerbyThrottle(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{"throttle": hubsim.Settings{"calls": 2}})
	for range 2 {
		got := w.get(cerbyUsers)
		got.refused(429)
		if got.header.Get("Retry-After") != "" {
			t.Error("a header nobody documents")
		}
	}
	w.get(cerbyUsers).ok()
	w.configure(hubsim.Settings{"rate_limited": true, "retry_after": "90s"})
	for _, path := range []string{"/users", "/integrations", "/jobs/x", cerbyUsers} {
		if got := w.get(path); got.status != 429 || got.header.Get("Retry-After") != "90" {
			t.Errorf("%s: %d %v", path, got.status, got.header)
		}
	}
	w.configure(hubsim.Settings{"rate_limited": false, "throttle": hubsim.Settings{"minutes": 5, "writes_only": true}})
	w.get(cerbyUsers).ok()
	w.del("bo@northwind.example").refused(429)
	if w.person("bo@northwind.example").Status != "active" {
		t.Error("a throttled call had an effect")
	}
	w.sim.Clock().Advance(5 * time.Minute)
	w.del("bo@northwind.example").job()
}

func TestCerbyTransient(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{"unavailable": true})
	if got := w.get(cerbyUsers); got.status != 503 || got.raw != "" {
		t.Errorf("%d %q", got.status, got.raw)
	}
	w.configure(hubsim.Settings{"unavailable": false, "transient": hubsim.Settings{"code": 500, "calls": 1, "writes_only": true, "after_effect": true}})
	if got := w.del("bo@northwind.example"); got.status != 500 {
		t.Errorf("%d", got.status)
	}
	if w.person("bo@northwind.example").Status != "" {
		t.Error("the removal took no effect")
	}
}

func TestCerbySettings(t *testing.T) {
	w := newCerbyWire(t, nil)
	for _, patch := range []hubsim.Settings{
		{"last_next": "none"},
		{"hidden_as": 200},
		{"entitlements": nil},
		{"entitlements": []hubsim.Settings{{"id": "A", "group": "main"}}},
		{"entitlements": []hubsim.Settings{{"id": "A", "group": "primary"}, {"id": "A", "group": "primary"}}},
		{"workspace_users": []any{"eve"}},
		{"workspace_users": []any{hubsim.Settings{"email": "eve@corp.example", "status": "gone"}}},
		{"workspace_users": []any{hubsim.Settings{"mail": "eve@corp.example"}}},
		{"workspace_domains": []string{"x"}},
		{"team_grants": hubsim.Settings{"eve@corp.example": "ANALYST"}},
		{"team_grants": hubsim.Settings{"eve": "EMPLOYEE"}},
		{"job_outcome": []hubsim.Settings{{"task": "sync"}}},
		{"job_outcome": []hubsim.Settings{{"code": "X", "end": "finished"}}},
		{"job_outcome": []hubsim.Settings{{"details": "none"}}},
		{"job_outcome": []hubsim.Settings{{"retrying": -1}}},
		{"throttle": hubsim.Settings{"code": 500}},
		{"transient": hubsim.Settings{"code": 404}},
		{"seats": -2},
		{"safeguard_percent": 101},
		{"unsupported_tasks": []string{"sync"}},
		{"missing_scopes": []string{"read"}},
		{"job_time": "-1s"},
	} {
		if err := w.sim.Configure(cerby, cerbyHub, patch); err == nil {
			t.Errorf("%v is taken", patch)
		}
	}
	if err := w.sim.Configure(cerby, cerbyHub, hubsim.Settings{"second_factor": true}); !errors.Is(err, hubsim.ErrUnknownSetting) {
		t.Errorf("error = %v", err)
	}
	status, body := w.control("GET", "hubs/cerby/"+cerbyHub+"/settings", "")
	var settings object
	if err := json.Unmarshal([]byte(body), &settings); status != 200 || err != nil || settings["auto_sync"] != true || settings["job_time"] != "0s" {
		t.Errorf("%d %s", status, body)
	}
	for _, hub := range []hubsim.HubSeed{
		{BusinessID: "123"},
		{BusinessID: cerbyHub},
		{BusinessID: strings.ToUpper(cerbyOther)},
		{People: []hubsim.PersonSeed{{Email: "x"}}},
		{People: []hubsim.PersonSeed{{Email: "x@y.example", Role: "OWNER"}}},
		{People: []hubsim.PersonSeed{{Email: "x@y.example", Role: "FINANCE"}}},
		{People: []hubsim.PersonSeed{{Email: "x@y.example", ExtraRoles: []string{"BIZ_ADMIN"}}}},
		{People: []hubsim.PersonSeed{{Email: "x@y.example", Status: "expired"}}},
		{People: []hubsim.PersonSeed{{Email: "x@y.example"}, {Email: "X@y.example"}}},
		{People: []hubsim.PersonSeed{{Email: "x@y.example", PendingEmail: "z@y.example"}}},
		{People: []hubsim.PersonSeed{{Email: "bo@northwind.example", Status: "unmatched"}}},
		{Settings: hubsim.Settings{"seat": 1}},
	} {
		if hub.Platform = cerby; hub.BusinessID == "" {
			hub.BusinessID = "e4d5276e-0000-4576-b975-88f6e35f7715"
		}
		if err := w.sim.Apply(hubsim.Seed{Hubs: []hubsim.HubSeed{hub}}); err == nil {
			t.Errorf("%+v is taken", hub)
		}
	}
}
