package hubsim_test

import (
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestScimSlack(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"profile": "slack"})
	mara := w.get(w.of(scimMara))
	mara.is("userName", `"mara"`) // an address becomes a handle
	if n := len(w.find("Users", `userName eq "`+scimMara+`"`).rows()); n != 0 {
		t.Error("found by a userName that was rewritten")
	}
	equal(t, "by address", w.find("Users", `emails.value eq "`+scimMara+`"`).column("userName"), []string{"mara"})
	w.user("POST", "/Users", `"userName":"Mara@other.example","emails":[{"value":"Mara@other.example"}]`).is("userName", `"mara2"`)
	w.user("PUT", w.of(scimMara), `"userName":"`+scimMara+`"`).is("emails", `[{"primary":true,"value":"mara@northwind.example"}]`)
	w.get(w.of(scimMara)).is("userName", `"mara"`)
	w.user("POST", "/Users", `"userName":"`+scimMara+`"`).refused(409, "uniqueness")
	w.user("POST", "/Users", `"userName":"ml","emails":[{"value":"`+scimMara+`"}]`).refused(409, "uniqueness")

	w.send("DELETE", w.of(scimMara), "").ok(204) // deactivates
	w.get(w.of(scimMara)).is("active", "false")
	equal(t, "listed", w.find("Users", `emails.value eq "`+scimMara+`"`).column("active"), []string{"false"})
	w.patch(w.of(scimMara), `{"op":"replace","path":"active","value":true}`).is("active", "true")

	group := w.group("POST", "/Groups", `"displayName":"Editors"`).ok(201)
	w.send("DELETE", "/Groups/"+group["id"].(string), "").ok(204) // permanent
	w.get("/Groups/"+group["id"].(string)).refused(404, "")
}

func TestScimGitHub(t *testing.T) {
	w := startScim(t, hubsim.HubSeed{Platform: scim, BusinessID: scimApp, Settings: hubsim.Settings{"profile": "github"}, People: []hubsim.PersonSeed{
		{Email: scimAda, Role: "enterprise_owner"}, {Email: scimMara},
	}})
	if got := w.get("/Users", "User-Agent", ""); got.status != 403 || !strings.Contains(got.raw, "User-Agent") {
		t.Errorf("without a User-Agent: %d %s", got.status, got.raw)
	}
	if p := w.person(scimMara); p.Role != "user" {
		t.Errorf("the least role is %q", p.Role)
	}
	if got := w.send("POST", "/Users", `{"userName":"x"}`); got.status != 400 || strings.HasPrefix(got.raw, "{") {
		t.Errorf("a malformed body: %d %s", got.status, got.raw)
	}
	path := w.of(scimMara)
	w.patch(path, `{"op":"add","value":{"externalId":"roster:mara"}}`).ok(200)
	off := w.patch(path, `{"op":"replace","path":"active","value":false}`)
	if text := off.raw; strings.Contains(text, "mara@") || off.body["externalId"] != "roster:mara" {
		t.Errorf("login and e-mail of a suspended user show: %s", text)
	}
	for _, filter := range []string{`userName eq "` + scimMara + `"`, `emails.value eq "` + scimMara + `"`, `emails[value eq "` + scimMara + `"]`} {
		if n := len(w.find("Users", filter).rows()); n != 0 {
			t.Errorf("%s finds a suspended user", filter)
		}
	}
	equal(t, "by externalId", w.find("Users", `externalId eq "roster:mara"`).column("active"), []string{"false"})
	equal(t, "by what shows", w.find("Users", `userName eq "`+off.body["userName"].(string)+`"`).column("id"), []string{off.body["id"].(string)})
	if p := w.person(scimMara); p.Status != "suspended" {
		t.Errorf("the truth is scrambled: %+v", p)
	}
	w.user("POST", "/Users", `"userName":"`+scimMara+`"`).refused(409, "uniqueness")

	// The whole of the user as it was read, switched on.
	read := w.get(path).body
	read["active"] = true
	delete(read, "schemas")
	body := strings.TrimSuffix(strings.TrimPrefix(jsonText(read), "{"), "}")
	w.user("PUT", path, body).is("userName", `"mara@northwind.example"`)
	w.get(path).is("emails", `[{"primary":true,"type":"work","value":"mara@northwind.example"}]`)

	w.send("DELETE", path, "").ok(204) // for good
	if again := w.user("POST", "/Users", `"userName":"`+scimMara+`"`).ok(201); "/Users/"+again["id"].(string) == path {
		t.Error("the same user came back")
	}
	w.user("POST", "/Users", `"userName":"x","roles":[{"value":"editor"}]`).refused(400, "invalidValue")
}

func TestScimAtlassian(t *testing.T) {
	w := startScim(t, hubsim.HubSeed{
		Platform: scim, BusinessID: scimApp, Generate: &hubsim.Generate{Members: 150, Admins: 2},
		Settings: hubsim.Settings{"profile": "atlassian", "roles": []string{"users", "admin"}},
	})
	first := w.get("/Users?count=500")
	if n := len(first.rows()); n != 100 || first.body["totalResults"] != 150.0 {
		t.Errorf("a page of %d", n)
	}
	if n := len(w.get("/Users?startIndex=101&count=500").rows()); n != 50 {
		t.Errorf("the last page has %d", n)
	}
	const email = "member-00007@generated.example"
	equal(t, "by name", w.find("Users", `userName eq "`+email+`"`).column("userName"), []string{email})
	w.find("Users", `emails.value eq "`+email+`"`).refused(400, "invalidFilter")
	w.find("Users", `emails[type eq "work"].value eq "`+email+`"`).refused(400, "invalidFilter")
	w.find("Users", `userName sw "member"`).refused(400, "invalidFilter")
	w.patch(w.of(email), `{"op":"replace","path":"roles","value":[{"value":"admin"}]}`).is("roles", "null")
	w.patch(w.groupOf("admin"), `{"op":"add","path":"members","value":[{"value":"`+w.person(email).ID+`"}]}`).ok(200)
	if p := w.person(email); p.Role != "users" || len(p.ExtraRoles) != 1 {
		t.Errorf("person = %+v", p)
	}
}

func TestScimEntra(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"profile": "entra"})
	path := w.of(scimMara)
	w.patch(path, `{"op":"Replace","path":"active","value":"False"}`).is("active", "false")
	w.patch(path, `{"op":"replace","path":"active","value":true}`).is("active", "true") // the RFC's form as well
	w.patch(path, `{"op":"Add","path":"roles","value":[{"value":"{\"id\":\"18d14569\",\"value\":\"survey.creator\",\"displayName\":\"Survey Creator\"}"}]}`).
		is("roles", `[{"primary":true,"value":"editor"},{"value":"billing"},{"display":"Survey Creator","value":"survey.creator"}]`)
	w.user("POST", "/Users", `"userName":"x","active":"True","roles":[{"primary":"True","type":"WindowsAzureActiveDirectoryRole","value":"admin","display":"Admin"}]`).
		is("roles", `[{"display":"Admin","primary":true,"type":"WindowsAzureActiveDirectoryRole","value":"admin"}]`)
	group := w.group("POST", "/Groups", `"displayName":"g","members":[{"value":"`+w.person(scimMara).ID+`"},{"value":"`+w.person(scimIvo).ID+`"}]`).ok(201)
	after := w.patch("/Groups/"+group["id"].(string), `{"op":"Remove","path":"members","value":[{"value":"`+w.person(scimMara).ID+`"}]}`)
	if members := after.body["members"].([]any); len(members) != 1 {
		t.Errorf("members = %v", members)
	}
}

func TestScimOkta(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"profile": "okta"})
	w.patch(w.of(scimMara), `{"op":"replace","path":"active","value":false}`).refused(400, "invalidPath")
	w.patch(w.of(scimMara), `{"op":"replace","value":{"active":false}}`).is("active", "false")
	group := w.group("POST", "/Groups", `"displayName":"g"`).ok(201)
	w.patch("/Groups/"+group["id"].(string), `{"op":"replace","value":{"members":[]}}`).refused(400, "invalidValue")
}

func TestScimAWS(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"profile": "aws"})
	path := w.of(scimMara)
	w.find("Users", `userName sw "mara"`).refused(400, "invalidFilter")
	equal(t, "and", w.find("Users", `userName eq "`+scimMara+`" and active eq true`).column("userName"), []string{scimMara})
	w.patch(path, `{"op":"add","path":"emails","value":[{"value":"m@northwind.example","type":"home"}]}`).refused(400, "invalidValue")
	w.patch(path, `{"op":"add","path":"entitlements","value":[{"value":"x"}]}`).refused(400, "invalidValue")
	w.patch(path, `{"op":"remove","path":"active"}`).refused(400, "mutability")
	w.patch(w.groupOf("editor"), `{"op":"replace","path":"members","value":[]}`).refused(400, "invalidValue")
	var many []string
	for range 101 {
		many = append(many, `{"value":"`+w.person(scimMara).ID+`"}`)
	}
	w.patch(w.groupOf("editor"), `{"op":"add","path":"members","value":[`+strings.Join(many, ",")+`]}`).refused(400, "invalidValue")
	w.patch(w.groupOf("editor"), `{"op":"add","path":"members","value":[`+strings.Join(many[1:], ",")+`]}`).ok(200)
}

func TestScimLaunchDarkly(t *testing.T) {
	w := startScim(t, hubsim.HubSeed{Platform: scim, BusinessID: scimApp, Settings: hubsim.Settings{"profile": "launchdarkly"}, People: []hubsim.PersonSeed{
		{Email: "olive@northwind.example", Role: "owner"}, {Email: scimMara}, {Email: scimIvo, Status: "suspended"},
	}})
	if p := w.person(scimMara); p.Role != "reader" {
		t.Errorf("the least role is %q", p.Role)
	}
	bad := func(got scimReply) {
		t.Helper()
		if got.status != 400 || got.body["status"] != 400.0 {
			t.Errorf("want 400, with the status as a number: %d %s", got.status, got.raw)
		}
	}
	owner := w.of("olive@northwind.example")
	bad(w.user("POST", "/Users", `"userName":"x","roles":[{"value":"owner"}]`))
	bad(w.patch(owner, `{"op":"replace","path":"active","value":false}`))
	w.patch(owner, `{"op":"replace","path":"roles","value":[{"value":"reader"}]}`).is("roles", `[{"primary":true,"value":"owner"}]`)
	bad(w.patch(w.of(scimMara), `{"op":"replace","path":"roles","value":[{"value":"wizard"}]}`))
	bad(w.patch(w.of(scimIvo), `{"op":"replace","path":"roles","value":[{"value":"writer"}]}`))
	w.patch(w.of(scimIvo), `{"op":"replace","path":"active","value":true},{"op":"replace","path":"roles","value":[{"value":"writer"}]}`).ok(200)
	if got := w.user("POST", "/Users", `"userName":"m2","emails":[{"value":"`+scimMara+`"}]`); got.status != 409 || got.body["status"] != 409.0 {
		t.Errorf("a second user with the address: %d %s", got.status, got.raw)
	}
}

// A profile is a bundle: what stands beside it goes on top, and naming another
// takes the first one back.
func TestScimProfilesAreBundles(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"profile": "slack", "soft_delete": false, "visibility_lag": "1s"})
	w.send("DELETE", w.of(scimMara), "").ok(204)
	w.sim.Clock().Advance(1e9)
	equal(t, "list", w.get("/Users").column("userName"), []string{"ada", "ivo"})
	w.configure(hubsim.Settings{"profile": ""})
	w.user("POST", "/Users", `"userName":"mara@northwind.example"`).is("userName", `"mara@northwind.example"`)
	status, text := w.control("GET", "hubs/scim/"+scimApp+"/settings", "")
	if status != 200 || !strings.Contains(text, `"visibility_lag":"1s"`) || !strings.Contains(text, `"profile":""`) {
		t.Errorf("a cause of trouble is no part of a profile: %s", text)
	}
	for _, profile := range []string{"slack", "github", "atlassian", "entra", "okta", "aws", "launchdarkly", ""} {
		app := hubsim.HubSeed{Platform: scim, BusinessID: "x", Settings: hubsim.Settings{"profile": profile}}
		if err := hubsim.New().Apply(hubsim.Seed{Hubs: []hubsim.HubSeed{app}}); err != nil {
			t.Errorf("%s: %v", profile, err)
		}
	}
}
