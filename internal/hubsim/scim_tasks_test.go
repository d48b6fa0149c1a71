package hubsim_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

const scimEve = `"userName":"eve@northwind.example","externalId":"roster:eve","displayName":"Eve Moss",` +
	`"emails":[{"value":"eve@northwind.example","type":"work","primary":true}]`

func TestScimCreate(t *testing.T) {
	w := newScimWire(t, nil)
	got := w.user("POST", "/Users", scimEve+`,"Active":true,"roles":[{"value":"editor","primary":true}],"shoeSize":42.10,`+
		`"id":"mine","groups":[{"value":"x"}],"meta":{"version":"1"},"password":"hunter2","nickName":null,"phoneNumbers":[]`)
	body := got.ok(201)
	id, _ := body["id"].(string)
	if id == "mine" || id == "" || got.header.Get("Location") != w.root()+"/Users/"+id {
		t.Errorf("id %q, Location %q", id, got.header.Get("Location"))
	}
	got.is("externalId", `"roster:eve"`)
	got.is("roles", `[{"primary":true,"value":"editor"}]`)
	if !strings.Contains(got.raw, `"shoeSize":42.10`) {
		t.Errorf("what no schema has is not kept: %s", got.raw)
	}
	for _, hidden := range []string{"password", "groups", "nickName", "phoneNumbers"} {
		got.is(hidden, "null")
	}
	if p := w.person("eve@northwind.example"); p.ID != id || p.Role != "editor" || p.Status != "active" || p.Name != "Eve Moss" {
		t.Errorf("person = %+v", p)
	}
	equal(t, "list", w.get("/Users").column("userName"), []string{scimAda, scimMara, scimIvo, "eve@northwind.example"})

	// Names are unique without case, also those of inactive people.
	for _, name := range []string{"EVE@northwind.example", scimIvo} {
		w.user("POST", "/Users", `"userName":"`+name+`"`).refused(409, "uniqueness")
	}
	// The RFC asks for no more: two users may have one address.
	w.user("POST", "/Users", `"userName":"eve2","emails":[{"value":"eve@northwind.example"}]`).ok(201)
	if n := len(w.find("Users", `emails.value eq "EVE@northwind.example"`).rows()); n != 2 {
		t.Errorf("%d users have the address", n)
	}
	w.configure(hubsim.Settings{"unique_emails": true, "conflict_status": 412})
	w.user("POST", "/Users", `"userName":"eve3","emails":[{"value":"Eve@northwind.example"}]`).refused(412, "uniqueness")
	w.configure(hubsim.Settings{"empty_create": true, "drops_external_id": true, "default_role": "guest"})
	empty := w.user("POST", "/Users", `"userName":"finn","externalId":"roster:finn"`)
	if empty.ok(201); empty.raw != "" || empty.header.Get("Location") == "" {
		t.Errorf("empty create: %s", empty.raw)
	}
	finn := w.find("Users", `userName eq "finn"`).rows()[0]
	if finn["externalId"] != nil || jsonText(finn["roles"]) != `[{"primary":true,"value":"guest"}]` || finn["active"] != true {
		t.Errorf("finn = %v", finn)
	}
	w.configure(hubsim.Settings{"empty_create": false, "always_200": true})
	w.user("POST", "/Users", `"userName":"gus","active":false`).ok(200)
	w.send("DELETE", w.of(scimMara), "").ok(200)
}

func TestScimCreateRefusals(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"roles": []string{"editor", "billing", "admin"}})
	for body, scimType := range map[string]string{
		``:     "invalidSyntax",
		`{`:    "invalidSyntax",
		`[]`:   "invalidSyntax",
		`null`: "invalidSyntax",
		`{"schemas":["` + scimUserURN + `"],"userName":"x"} {}`: "invalidSyntax",
		`{"userName":"x"}`:                                                                            "invalidSyntax",
		`{"schemas":[],"userName":"x"}`:                                                               "invalidSyntax",
		`{"schemas":"` + scimUserURN + `","userName":"x"}`:                                            "invalidSyntax",
		`{"schemas":["User"],"userName":"x"}`:                                                         "invalidSyntax",
		`{"schemas":["` + scimUserURN + `","not a urn"],"userName":"x"}`:                              "invalidSyntax",
		`{"schemas":["` + scimGroupURN + `"],"userName":"x"}`:                                         "invalidSyntax",
		`{"schemas":["urn:scim:schemas:core:1.0"],"userName":"x"}`:                                    "invalidSyntax",
		`{"schemas":["` + scimUserURN + `"],"userName":"x","username":"y"}`:                           "invalidSyntax",
		`{"schemas":["` + scimUserURN + `"],"userName":"x","` + scimWorkURN + `":{"department":"d"}}`: "invalidSyntax",
	} {
		r := w.request("POST", "/Users", body)
		r.Header.Set("Content-Type", "application/scim+json")
		scimReply{w.do(r)}.refused(400, scimType)
	}
	for _, members := range []string{
		`"displayName":"x"`,
		`"userName":""`,
		`"userName":7`,
		`"userName":"x","active":"True"`,
		`"userName":"x","active":1`,
		`"userName":"x","emails":{"value":"x@y.example"}`,
		`"userName":"x","emails":["x@y.example"]`,
		`"userName":"x","emails":[{"type":"work"}]`,
		`"userName":"x","emails":[{"value":"x@y"}]`,
		`"userName":"x","emails":[{"value":"x@y.example","primary":true},{"value":"z@y.example","primary":true}]`,
		`"userName":"x","name":"X"`,
		`"userName":"x","roles":"editor"`,
		`"userName":"x","roles":["editor"]`,
		`"userName":"x","roles":[{"value":"GRAND_VIZIER"}]`,
		`"userName":"x","roles":[{"value":"Editor"}]`,
		`"userName":"x","roles":[{"value":"editor","primary":"True"}]`,
	} {
		w.user("POST", "/Users", members).refused(400, "invalidValue")
	}
	if n := len(w.get("/Users").rows()); n != 3 {
		t.Errorf("%d users: a refused one was created", n)
	}
}

func TestScimReplace(t *testing.T) {
	w := newScimWire(t, nil)
	id := w.person(scimMara).ID
	w.user("PUT", "/Users/1", `"userName":"x"`).refused(404, "")
	got := w.user("PUT", w.of(scimMara), `"userName":"mara@northwind.example","id":"other","active":true,`+
		`"emails":[{"value":"mara@northwind.example"}],"roles":[{"value":"writer"}]`)
	got.ok(200)
	got.is("id", `"`+id+`"`)
	got.is("roles", `[{"value":"writer"}]`)
	got.is("displayName", "null") // what is left out is gone
	w.user("PUT", w.of(scimMara), `"userName":"MARA@northwind.example"`).ok(200)
	if p := w.person(""); p.ID != "" {
		t.Errorf("person = %+v", p)
	}
	w.user("PUT", "/Users/"+id, `"userName":"ivo@northwind.example"`).refused(409, "uniqueness")
	w.user("PUT", "/Users/"+id, `"displayName":"x"`).refused(400, "invalidValue")

	w.get("/Users/"+id).is("active", "true")
	w.configure(hubsim.Settings{"put_suspends": true})
	w.user("PUT", "/Users/"+id, `"userName":"mara@northwind.example"`).is("active", "false")
	w.user("PUT", "/Users/"+id, `"userName":"mara@northwind.example","active":true`).is("active", "true")
	w.configure(hubsim.Settings{"answers_204": true, "immutable_user_name": true})
	w.user("PUT", "/Users/"+id, `"userName":"mara@northwind.example","active":true,"title":"x"`).ok(204)
	w.user("PUT", "/Users/"+id, `"userName":"m@northwind.example","active":true`).refused(400, "mutability")
	w.get("/Users/"+id).is("title", `"x"`)
	w.configure(hubsim.Settings{"answers_204": false, "immutable_user_name": false})
	w.user("PUT", "/Users/"+id, `"userName":"m@northwind.example","active":true`).ok(200)
	w.user("POST", "/Users", `"userName":"mara@northwind.example"`).ok(201) // the old name is free
}

func TestScimPatch(t *testing.T) {
	work := `"` + scimWorkURN + `"`
	for _, c := range []struct {
		name, operations, attribute, want string
	}{
		{"replace the list", `{"op":"replace","path":"roles","value":[{"value":"admin","primary":true}]}`, "roles", `[{"primary":true,"value":"admin"}]`},
		{"replace by one object", `{"op":"replace","path":"roles","value":{"value":"admin"}}`, "roles", `[{"value":"admin"}]`},
		{"replace by null", `{"op":"replace","path":"displayName","value":null}`, "displayName", `null`},
		{"replace by nothing", `{"op":"replace","path":"roles","value":[]}`, "roles", `null`},
		{"add", `{"op":"add","path":"roles","value":[{"value":"owner"}]}`, "roles", `[{"primary":true,"value":"editor"},{"value":"billing"},{"value":"owner"}]`},
		{"add again", `{"op":"add","path":"Roles","value":[{"value":"billing"}]}`, "roles", `[{"primary":true,"value":"editor"},{"value":"billing"}]`},
		{"primary moves", `{"op":"add","path":"roles","value":[{"value":"owner","primary":true}]}`, "roles", `[{"primary":false,"value":"editor"},{"value":"billing"},{"primary":true,"value":"owner"}]`},
		{"primary moves by filter", `{"op":"replace","path":"roles[value eq \"billing\"].primary","value":true}`, "roles", `[{"primary":false,"value":"editor"},{"primary":true,"value":"billing"}]`},
		{"remove by filter", `{"op":"remove","path":"roles[value eq \"editor\"]"}`, "roles", `[{"value":"billing"}]`},
		{"remove all by filter", `{"op":"remove","path":"roles[value pr]"}`, "roles", `null`},
		{"remove the attribute", `{"op":"remove","path":"roles"}`, "roles", `null`},
		{"remove what is not there", `{"op":"remove","path":"nickName"}`, "nickName", `null`},
		{"replace an entry", `{"op":"replace","path":"roles[value eq \"editor\"]","value":{"value":"writer"}}`, "roles", `[{"value":"writer"},{"value":"billing"}]`},
		{"a sub-attribute of an entry", `{"op":"replace","path":"emails[type eq \"work\"].value","value":"m.l@northwind.example"}`, "emails", `[{"primary":true,"type":"work","value":"m.l@northwind.example"}]`},
		{"deactivate", `{"op":"replace","path":"active","value":false}`, "active", "false"},
		{"deactivate without a path", `{"op":"replace","value":{"active":false}}`, "active", "false"},
		{"remove active", `{"op":"replace","path":"active","value":false},{"op":"remove","path":"active"}`, "active", "true"},
		{"a full path", `{"op":"replace","path":"` + scimUserURN + `:active","value":false}`, "active", "false"},
		{"a sub-attribute", `{"op":"add","path":"name.givenName","value":"Mara"}`, "name", `{"formatted":"Mara Lind","givenName":"Mara"}`},
		{"a complex attribute is merged", `{"op":"replace","path":"name","value":{"familyName":"Lind"}}`, "name", `{"familyName":"Lind","formatted":"Mara Lind"}`},
		{"a sub-attribute goes", `{"op":"remove","path":"name.formatted"}`, "name", `null`},
		{"several without a path", `{"op":"add","value":{"TITLE":"x","roles":[{"value":"owner"}]}}`, "title", `"x"`},
		{"an extension", `{"op":"add","path":"` + scimWorkURN + `:department","value":"Growth"}`, scimWorkURN, `{"department":"Growth"}`},
		{"an extension as a whole", `{"op":"add","value":{` + work + `:{"Department":"Growth","manager":{"value":"9"}}}}`, scimWorkURN, `{"department":"Growth","manager":{"value":"9"}}`},
		{"an extension's schema", `{"op":"add","path":` + work + `,"value":{"division":"x"}}`, "schemas", `["` + scimUserURN + `",` + work + `]`},
		{"an extension and out again", `{"op":"add","path":` + work + `,"value":{"division":"x"}},{"op":"remove","path":"` + scimWorkURN + `:division"}`, "schemas", `["` + scimUserURN + `"]`},
		{"an extension goes", `{"op":"add","path":` + work + `,"value":{"division":"x"}},{"op":"remove","path":` + work + `}`, scimWorkURN, `null`},
		{"an extension of its own", `{"op":"add","value":{"urn:x:app:2.0:User":{"desk":{"row":"a"}}}},{"op":"replace","path":"urn:x:app:2.0:User:floor","value":4}`, "urn:x:app:2.0:User", `{"desk":{"row":"a"},"floor":4}`},
		{"an extension of its own goes", `{"op":"add","path":"urn:x:app:2.0:User:desk","value":"4a"},{"op":"remove","path":"urn:x:app:2.0:User"}`, "schemas", `["` + scimUserURN + `"]`},
		{"of its own", `{"op":"add","path":"shoeSize","value":42}`, "shoeSize", `42`},
		{"in order", `{"op":"remove","path":"roles[value eq \"editor\"]"},{"op":"add","path":"roles","value":[{"value":"admin","primary":true}]}`, "roles", `[{"value":"billing"},{"primary":true,"value":"admin"}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newScimWire(t, nil)
			path := w.of(scimMara)
			got := w.patch(path, c.operations)
			got.ok(200)
			got.is(c.attribute, c.want)
			w.get(path).is(c.attribute, c.want)
		})
	}
}

func TestScimPatchRefusals(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"roles": []string{"editor", "billing", "admin"}})
	path := w.of(scimMara)
	before := w.get(path).raw
	for scimType, operations := range map[string][]string{
		"invalidSyntax": {
			`{"op":"Replace","path":"active","value":false}`,
			`{"op":"REMOVE","path":"title"}`,
			`{"op":"move","path":"title"}`,
			`{"path":"title","value":"x"}`,
			`7`,
		},
		"noTarget": {
			`{"op":"remove"}`,
			`{"op":"remove","path":"roles[value eq \"owner\"]"}`,
			`{"op":"replace","path":"roles[value eq \"owner\"].display","value":"x"}`,
			`{"op":"add","path":"phoneNumbers[type eq \"work\"].value","value":"1"}`,
		},
		"invalidFilter": {
			`{"op":"replace","path":"emails[type eq work].value","value":"x@y.example"}`,
			`{"op":"replace","path":"emails[kind eq \"work\"].value","value":"x@y.example"}`,
		},
		"invalidPath": {
			`{"op":"replace","path":"","value":"x"}`,
			`{"op":"replace","path":7,"value":"x"}`,
			`{"op":"replace","path":"emails[type eq \"work\"","value":"x"}`,
			`{"op":"replace","path":"emails.value","value":"x@y.example"}`,
			`{"op":"replace","path":"emails[type eq \"work\"]value","value":"x@y.example"}`,
			`{"op":"replace","path":"emails[type eq \"work\"].address","value":"x"}`,
			`{"op":"replace","path":"name.nick","value":"x"}`,
			`{"op":"replace","path":"userName[value eq \"x\"]","value":"x"}`,
			`{"op":"replace","value":{"name.givenName":"x"}}`,
			`{"op":"replace","path":"` + scimUserURN + `","value":{"title":"x"}}`,
		},
		"invalidValue": {
			`{"op":"replace","value":"x"}`,
			`{"op":"replace","path":"title"}`,
			`{"op":"add","path":"title"}`,
			`{"op":"replace","path":"active","value":"False"}`,
			`{"op":"replace","path":"roles","value":[{"value":"owner"}]}`,
			`{"op":"replace","path":"roles","value":[{"value":"{\"value\":\"editor\"}"}]}`,
			`{"op":"replace","path":"emails[type eq \"work\"].value","value":"x"}`,
			`{"op":"add","path":"` + scimWorkURN + `","value":"x"}`,
		},
		"mutability": {
			`{"op":"replace","path":"id","value":"x"}`,
			`{"op":"add","path":"groups","value":[{"value":"x"}]}`,
			`{"op":"replace","path":"meta.version","value":"x"}`,
			`{"op":"remove","path":"userName"}`,
			`{"op":"replace","path":"userName","value":null}`,
			`{"op":"remove","path":"roles[value eq \"editor\"].value"}`,
		},
	} {
		for _, operation := range operations {
			// Beside a good operation before it: the request is atomic.
			w.patch(path, `{"op":"replace","path":"title","value":"half"},`+operation).refused(400, scimType)
		}
	}
	for _, body := range []string{
		`{"Operations":[{"op":"replace","path":"active","value":false}]}`,
		`{"schemas":["` + scimUserURN + `"],"Operations":[{"op":"replace","path":"active","value":false}]}`,
		`{"schemas":["` + scimPatchURN + `"]}`,
		`{"schemas":["` + scimPatchURN + `"],"Operations":[]}`,
		`{"schemas":["` + scimPatchURN + `"],"Operations":{"op":"replace","path":"active","value":false}}`,
	} {
		w.send("PATCH", path, body).refused(400, "invalidSyntax")
	}
	w.patch("/Users/1", `{"op":"remove","path":"title"}`).refused(404, "")
	if after := w.get(path).raw; after != before {
		t.Errorf("a refused PATCH left something:\n%s\n%s", before, after)
	}
}

func TestScimPatchDialects(t *testing.T) {
	w := newScimWire(t, nil)
	path := w.of(scimMara)
	suspend, resume := `{"op":"replace","path":"active","value":false}`, `{"op":"Replace","path":"active","value":"True"}`
	w.configure(hubsim.Settings{"any_case_ops": true, "string_booleans": true})
	w.patch(path, suspend).is("active", "false")
	w.patch(path, resume).is("active", "true")
	w.configure(hubsim.Settings{"capitalised_only": true})
	w.patch(path, suspend).refused(400, "invalidSyntax")
	w.patch(path, `{"op":"Replace","path":"active","value":false}`).is("active", "false")
	w.configure(hubsim.Settings{"capitalised_only": false, "pathless_only": true})
	w.patch(path, suspend).refused(400, "invalidPath")
	w.patch(path, `{"op":"replace","value":{"active":true,"roles":[{"value":"writer"}]}}`).is("roles", `[{"value":"writer"}]`)
	w.configure(hubsim.Settings{"pathless_only": false, "no_target": "ignore"})
	w.patch(path, `{"op":"remove","path":"roles[value eq \"owner\"]"}`).is("roles", `[{"value":"writer"}]`)
	w.configure(hubsim.Settings{"echoes_patch": true})
	w.patch(path, `{"op":"replace","path":"title","value":"x"}`).is("schemas", `["`+scimPatchURN+`"]`)
	w.configure(hubsim.Settings{"answers_204": true})
	w.patch(path, `{"op":"replace","path":"title","value":"y"}`).ok(204)
	w.configure(hubsim.Settings{"answers_204": false, "unremovable": []string{"active"}})
	w.patch(path, `{"op":"remove","path":"active"}`).refused(400, "mutability")
	w.configure(hubsim.Settings{"no_patch": true})
	w.patch(path, `{"op":"replace","path":"title","value":"z"}`).refused(501, "")
	w.get(path).is("title", `"y"`)
}

func TestScimDelete(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"role_source": "groups"})
	path := w.of(scimMara)
	w.send("DELETE", path, "").ok(204)
	w.get(path).refused(404, "")
	w.send("DELETE", path, "").refused(404, "")
	w.patch(path, `{"op":"remove","path":"title"}`).refused(404, "")
	if n := len(w.find("Users", `userName eq "`+scimMara+`"`).rows()); n != 0 {
		t.Error("a filter finds somebody deleted")
	}
	if w.person(scimMara).ID != "" {
		t.Error("somebody deleted is there")
	}
	w.get(w.groupOf("billing")).is("members", "null")
	again := w.user("POST", "/Users", `"userName":"`+scimMara+`"`).ok(201) // the name is free, the person another
	if again["id"] == strings.TrimPrefix(path, "/Users/") {
		t.Error("an id was used again")
	}
	w.configure(hubsim.Settings{"delete_unsupported": true})
	w.send("DELETE", w.of(scimMara), "").refused(501, "")
	w.configure(hubsim.Settings{"delete_status": 405})
	w.send("DELETE", w.of(scimMara), "").refused(405, "")
	w.configure(hubsim.Settings{"delete_unsupported": false, "soft_delete": true})
	w.send("DELETE", w.of(scimMara), "").ok(204)
	w.send("DELETE", w.of(scimMara), "").ok(204)
	if p := w.person(scimMara); p.Status != "suspended" {
		t.Errorf("person = %+v", p)
	}
	w.user("POST", "/Users", `"userName":"`+scimMara+`"`).refused(409, "uniqueness")
	w.configure(hubsim.Settings{"hide_inactive": true})
	if n := len(w.find("Users", `userName eq "`+scimMara+`"`).rows()); n != 0 {
		t.Error("a hidden user is found")
	}
}

func TestScimGroups(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"role_source": "groups", "roles": []string{"editor", "billing", "admin", "viewer"}})
	equal(t, "groups", w.get("/Groups").column("displayName"), []string{"editor", "billing", "admin", "viewer"})
	maraID, ivoID := w.person(scimMara).ID, w.person(scimIvo).ID
	editors := w.groupOf("EDITOR") // without case
	got := w.get(editors)
	got.is("members", `[{"$ref":"`+w.root()+`/Users/`+maraID+`","display":"Mara Lind","type":"User","value":"`+maraID+`"},`+
		`{"$ref":"`+w.root()+`/Users/`+ivoID+`","display":"Ivo Kern","type":"User","value":"`+ivoID+`"}]`)
	equal(t, "by member", w.find("Groups", `members[value eq "`+maraID+`"]`).column("displayName"), []string{"editor", "billing"})

	// A change of role: into the new group first, then out of the old one.
	viewers := w.groupOf("viewer")
	add := `{"op":"add","path":"members","value":[{"value":"` + maraID + `"}]}`
	w.patch(viewers, add).ok(200)
	version := w.get(viewers).header.Get("ETag")
	w.patch(viewers, add).ok(200) // again changes nothing
	if got := w.get(viewers).header.Get("ETag"); got != version {
		t.Errorf("version %s after adding again, was %s", got, version)
	}
	w.patch(editors, `{"op":"remove","path":"members[value eq \"`+maraID+`\"]"}`).ok(200)
	w.patch(editors, `{"op":"remove","path":"members[value eq \"`+maraID+`\"]"}`).refused(400, "noTarget")
	if p := w.person(scimMara); p.Role != "billing" || !slices.Equal(p.ExtraRoles, []string{"viewer"}) {
		t.Errorf("person = %+v", p)
	}
	groups := w.get(w.of(scimMara)).body["groups"].([]any)
	if len(groups) != 2 || groups[0].(object)["$ref"] != w.root()+w.groupOf("billing") {
		t.Errorf("groups = %v", groups)
	}
	w.patch(editors, `{"op":"add","path":"members","value":[{"value":"nobody"}]}`).refused(400, "invalidValue")
	w.patch(editors, `{"op":"replace","path":"members[value eq \"`+ivoID+`\"].value","value":"x"}`).refused(400, "mutability")
	w.patch(editors, `{"op":"replace","path":"members[value eq \"`+ivoID+`\"]","value":{"value":"x"}}`).refused(400, "mutability")

	w.patch(editors, `{"op":"replace","path":"members","value":[{"value":"`+maraID+`"},{"value":"`+maraID+`"}]}`).ok(200)
	if members := w.get(editors).body["members"].([]any); len(members) != 1 {
		t.Errorf("members = %v", members)
	}
	if p := w.person(scimIvo); p.Role != "" {
		t.Errorf("person = %+v", p)
	}
	w.patch(editors, `{"op":"replace","value":{"displayName":"Editors","members":[]}}`).is("members", "null")
	w.patch(editors, `{"op":"remove","path":"displayName"}`).refused(400, "mutability")
	w.group("PUT", editors, `"displayName":"Editors","members":[{"value":"`+ivoID+`"}],"externalId":"e"`).is("externalId", `"e"`)
	w.group("PUT", editors, `"displayName":"billing"`).refused(409, "uniqueness")

	made := w.group("POST", "/Groups", `"displayName":"Guests","members":[{"value":"`+ivoID+`"}]`)
	if id := made.ok(201)["id"].(string); made.header.Get("Location") != w.root()+"/Groups/"+id {
		t.Errorf("Location %q", made.header.Get("Location"))
	}
	w.group("POST", "/Groups", `"displayName":"guests"`).refused(409, "uniqueness")
	w.group("POST", "/Groups", `"members":[]`).refused(400, "invalidValue")
	w.group("POST", "/Groups", `"displayName":"x","members":[{"value":"nobody"}]`).refused(400, "invalidValue")
	guests := w.groupOf("guests")
	w.send("DELETE", guests, "").ok(204)
	w.get(guests).refused(404, "")
	w.send("DELETE", guests, "").refused(404, "")
	w.get("/Users/"+ivoID).is("groups", `[{"$ref":"`+w.root()+editors+`","display":"Editors","type":"direct","value":"`+strings.TrimPrefix(editors, "/Groups/")+`"}]`)
}

// To a strict service provider a remove of members without a filter is about
// everybody, whatever its value says. No connector may ever send it.
func TestScimBareRemoveEmptiesTheGroup(t *testing.T) {
	for _, value := range []string{``, `,"value":[{"value":"MARA"}]`} {
		w := newScimWire(t, hubsim.Settings{"role_source": "groups"})
		editors := w.groupOf("editor")
		w.patch(editors, `{"op":"remove","path":"members"`+strings.Replace(value, "MARA", w.person(scimMara).ID, 1)+`}`).is("members", "null")
		if p := w.person(scimIvo); p.Role != "" {
			t.Errorf("ivo is still an editor: %+v", p)
		}
	}
	w := newScimWire(t, hubsim.Settings{"role_source": "groups", "members_value_removes": true})
	editors := w.groupOf("editor")
	w.patch(editors, `{"op":"remove","path":"members","value":[{"value":"`+w.person(scimMara).ID+`"}]}`).ok(200)
	if p := w.person(scimIvo); p.Role != "editor" {
		t.Errorf("ivo is no editor: %+v", p)
	}
}

func TestScimGroupDialects(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"role_source": "groups"})
	editors, maraID := w.groupOf("editor"), w.person(scimMara).ID
	filter := `{"op":"remove","path":"members[value eq \"` + maraID + `\"]"}`
	w.configure(hubsim.Settings{"reject_member_filter": true})
	w.patch(editors, filter).refused(400, "invalidFilter")
	w.configure(hubsim.Settings{"member_conflict": true})
	w.patch(editors, `{"op":"add","path":"members","value":[{"value":"`+maraID+`"}]}`).refused(409, "uniqueness")
	w.configure(hubsim.Settings{"no_member_replace": true, "no_empty_members": true})
	w.patch(editors, `{"op":"replace","path":"members","value":[{"value":"`+maraID+`"}]}`).refused(400, "invalidValue")
	w.group("PUT", editors, `"displayName":"editor","members":[]`).refused(400, "invalidValue")
	w.configure(hubsim.Settings{"no_member_replace": false})
	w.patch(editors, `{"op":"replace","path":"members","value":[]}`).refused(400, "invalidValue")
	w.configure(hubsim.Settings{"member_changes_max": 1})
	two := `[{"value":"` + maraID + `"},{"value":"` + w.person(scimAda).ID + `"}]`
	w.patch(editors, `{"op":"replace","path":"members","value":`+two+`}`).refused(400, "invalidValue")
	w.patch(editors, `{"op":"add","path":"members","value":[{"value":"`+w.person(scimAda).ID+`"}]}`).ok(200)
}

func TestScimGroupsKeepTheLastAdministrator(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"role_source": "groups"})
	admins, adaID := w.groupOf("admin"), w.person(scimAda).ID
	out := `{"op":"remove","path":"members[value eq \"` + adaID + `\"]"}`
	w.patch(admins, out).refused(403, "")
	w.patch(admins, `{"op":"remove","path":"members"}`).refused(403, "")
	w.send("DELETE", admins, "").refused(403, "")
	w.send("DELETE", w.of(scimAda), "").refused(403, "")
	w.patch(w.of(scimAda), `{"op":"replace","path":"active","value":false}`).refused(403, "")
	w.act(hubsim.Act{Action: "set_role", Email: scimMara, Role: "admin"})
	w.patch(admins, out).ok(200)
}

func TestScimActs(t *testing.T) {
	for _, source := range []string{"roles", "entitlements", "groups"} {
		t.Run(source, func(t *testing.T) {
			w := newScimWire(t, hubsim.Settings{"role_source": source, "roles": []string{"editor", "writer", "admin", "billing"}})
			eve := w.act(hubsim.Act{Action: "join", Email: "Eve@northwind.example", Name: "Eve Moss", Role: "writer", ExtraRoles: []string{"billing"}})
			if eve.Status != "active" || eve.Role != "writer" || !slices.Equal(eve.ExtraRoles, []string{"billing"}) || eve.ID == "" {
				t.Errorf("eve = %+v", eve)
			}
			w.get("/Users/"+eve.ID).is("userName", `"Eve@northwind.example"`)
			if p := w.act(hubsim.Act{Action: "join", Email: "finn@northwind.example"}); p.Role != "editor" {
				t.Errorf("the least role is %q", p.Role)
			}
			if p := w.act(hubsim.Act{Action: "set_role", Email: "eve@northwind.example", Role: "admin"}); p.Role != "admin" && source != "groups" || !slices.Contains(append(p.ExtraRoles, p.Role), "billing") {
				t.Errorf("eve = %+v", p)
			}
			if p := w.act(hubsim.Act{Action: "set_role", ID: eve.ID, ExtraRoles: []string{}}); p.ExtraRoles != nil || p.Role != "admin" {
				t.Errorf("eve = %+v", p)
			}
			if p := w.act(hubsim.Act{Action: "suspend", ID: eve.ID}); p.Status != "suspended" || p.Role != "admin" {
				t.Errorf("eve = %+v", p)
			}
			w.get("/Users/"+eve.ID).is("active", "false")
			if p := w.act(hubsim.Act{Action: "resume", Email: "eve@northwind.example"}); p.Status != "active" {
				t.Errorf("eve = %+v", p)
			}
			w.act(hubsim.Act{Action: "remove", Email: "eve@northwind.example"})
			w.get("/Users/"+eve.ID).refused(404, "")
			for _, act := range []hubsim.Act{
				{Action: "join", Email: "MARA@northwind.example"},
				{Action: "join", Email: "mara"},
				{Action: "join"},
				{Action: "join", Email: "x@northwind.example", Role: "GRAND_VIZIER"},
				{Action: "set_role", Email: scimMara, Role: "GRAND_VIZIER"},
				{Action: "set_role", Email: scimAda, Role: "editor"},
				{Action: "remove", Email: scimAda},
				{Action: "suspend", Email: scimAda},
				{Action: "suspend", Email: scimIvo},
				{Action: "resume", Email: scimMara},
				{Action: "remove", ID: eve.ID},
				{Action: "invite", Email: "x@northwind.example"},
				{Action: "accept", Email: scimMara},
			} {
				if _, err := w.sim.Act(scim, scimApp, act); !errors.Is(err, hubsim.ErrImpossible) {
					t.Errorf("%+v: %v", act, err)
				}
			}
			if _, err := w.sim.Act(scim, scimApp, hubsim.Act{Action: "dance"}); err == nil || errors.Is(err, hubsim.ErrImpossible) {
				t.Errorf("an unknown act: %v", err)
			}
			w.configure(hubsim.Settings{"soft_delete": true})
			if p := w.act(hubsim.Act{Action: "remove", Email: scimMara}); p.Status != "suspended" {
				t.Errorf("mara = %+v", p)
			}
			w.configure(hubsim.Settings{"no_seats": true})
			if _, err := w.sim.Act(scim, scimApp, hubsim.Act{Action: "resume", Email: scimMara}); !errors.Is(err, hubsim.ErrImpossible) {
				t.Errorf("resumed without a seat: %v", err)
			}
			if n := len(w.sim.Writes()); n != 0 {
				t.Errorf("%d writes: acts are no calls", n)
			}
		})
	}
}

func TestScimOperations(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"role_source": "groups"})
	mara, maraID, editors, admins := w.of(scimMara), w.person(scimMara).ID, w.groupOf("editor"), w.groupOf("admin")
	w.sim.ResetRequests()
	member := `[{"value":"` + maraID + `"}]`
	for _, call := range []struct {
		method, path, body, want string
	}{
		{"GET", "/ServiceProviderConfig", "", hubsim.OpDiscover},
		{"GET", "/ResourceTypes", "", hubsim.OpDiscover},
		{"GET", "/Schemas/" + scimUserURN, "", hubsim.OpDiscover},
		{"GET", "/Users", "", hubsim.OpListMembers},
		{"GET", "/Users?startIndex=101&count=100", "", hubsim.OpListMembers},
		{"GET", "/Users?count=1", "", hubsim.OpVerifyBusiness},
		{"GET", "/Users?count=0&startIndex=1", "", hubsim.OpVerifyBusiness},
		{"GET", "/Users?filter=userName+pr", "", hubsim.OpFindMember},
		{"GET", mara, "", hubsim.OpGetMember},
		{"GET", "/Groups", "", hubsim.OpListGroups},
		{"GET", "/Groups?filter=displayName+pr", "", hubsim.OpFindGroup},
		{"GET", editors, "", hubsim.OpGetGroup},
		{"POST", "/Users", "{}", hubsim.OpInvite},
		{"POST", "/Groups", "{}", hubsim.OpCreateGroup},
		{"DELETE", "/Users/1", "", hubsim.OpRemove},
		{"DELETE", "/Groups/1", "", hubsim.OpDeleteGroup},
		{"PATCH", mara, `{"Operations":[{"op":"replace","path":"active","value":false}]}`, hubsim.OpRemove},
		{"PATCH", mara, `{"operations":[{"op":"replace","path":"title","value":"x"},{"op":"Replace","value":{"Active":"False"}}]}`, hubsim.OpRemove},
		{"PATCH", mara, `{"Operations":[{"op":"replace","path":"active","value":true},{"op":"replace","path":"roles","value":[]}]}`, hubsim.OpReactivate},
		{"PATCH", mara, `{"Operations":[{"op":"remove","path":"roles[value eq \"x\"]"}]}`, hubsim.OpChangeRole},
		{"PATCH", mara, `{"Operations":[{"op":"add","value":{"entitlements":[]}}]}`, hubsim.OpChangeRole},
		{"PATCH", mara, `{"Operations":[{"op":"add","path":"` + scimUserURN + `:roles","value":[]}]}`, hubsim.OpChangeRole},
		{"PATCH", mara, `{"Operations":[{"op":"replace","path":"title","value":"x"}]}`, hubsim.OpUpdateMember},
		{"PATCH", mara, `{`, hubsim.OpUpdateMember},
		{"PUT", mara, `{"active":false}`, hubsim.OpRemove},
		{"PUT", mara, `{"active":true,"roles":[{"value":"x"}]}`, hubsim.OpChangeRole},
		{"PUT", mara, `{"active":true,"title":"x"}`, hubsim.OpUpdateMember},
		{"PUT", w.of(scimIvo), `{"active":true}`, hubsim.OpReactivate},
		{"PATCH", admins, `{"Operations":[{"op":"add","path":"members","value":` + member + `}]}`, hubsim.OpChangeRole}, // beside another
		{"PATCH", editors, `{"Operations":[{"op":"remove","path":"members[value eq \"` + maraID + `\"]"}]}`, hubsim.OpRevokeRole},
		{"PATCH", editors, `{"Operations":[{"op":"replace","path":"members","value":[]}]}`, hubsim.OpChangeRole},
		{"PATCH", editors, `{"Operations":[{"op":"add","path":"members","value":[{"value":"new"}]}]}`, hubsim.OpGrantRole}, // the first
		{"PATCH", editors, `{"Operations":[{"op":"replace","path":"displayName","value":"x"}]}`, hubsim.OpUpdateGroup},
		{"PUT", editors, `{}`, hubsim.OpChangeRole},
		{"GET", "/users", "", hubsim.OpUnknown},
		{"GET", "/Users/", "", hubsim.OpUnknown},
		{"PUT", "/Users", "{}", hubsim.OpUnknown},
	} {
		w.sim.ResetRequests()
		w.send(call.method, call.path, call.body)
		logged := w.sim.Requests()
		if len(logged) != 1 || logged[0].Operation != call.want || logged[0].Business != scimApp || logged[0].Credential != "all" {
			t.Errorf("%s %s %s: %+v, want %s", call.method, call.path, call.body, logged, call.want)
		}
		if logged[0].Write != (call.method != "GET") {
			t.Errorf("%s %s: write = %t", call.method, call.path, logged[0].Write)
		}
	}
}

func TestScimPeopleWithoutAnAddress(t *testing.T) {
	w := newScimWire(t, nil, hubsim.PersonSeed{Name: "Print Bot", Role: "editor"})
	rows := w.find("Users", `userName eq "print.bot"`).rows()
	if len(rows) != 1 || rows[0]["emails"] != nil {
		t.Errorf("rows = %v", rows)
	}
	if p := w.person(""); p.Name != "Print Bot" || p.Role != "editor" {
		t.Errorf("person = %+v", p)
	}
}

func TestScimSeedRefusals(t *testing.T) {
	people := func(p ...hubsim.PersonSeed) hubsim.HubSeed {
		return hubsim.HubSeed{BusinessID: "slack", People: p, Settings: hubsim.Settings{"roles": []string{"editor", "admin"}}}
	}
	for i, hub := range []hubsim.HubSeed{
		{BusinessID: ""},
		{BusinessID: "Slack"},
		{BusinessID: "a/b"},
		{BusinessID: "slack", Settings: hubsim.Settings{"rolls": true}},
		{BusinessID: "slack", Settings: hubsim.Settings{"profile": "myspace"}},
		{BusinessID: "slack", Settings: hubsim.Settings{"role_source": "title"}},
		{BusinessID: "slack", Settings: hubsim.Settings{"server_cap": 0}},
		{BusinessID: "slack", Settings: hubsim.Settings{"conflict_status": 200}},
		{BusinessID: "slack", Settings: hubsim.Settings{"filter_operators": []string{"like"}}},
		{BusinessID: "slack", Settings: hubsim.Settings{"roles": []string{"a"}, "default_role": "b"}},
		{BusinessID: "slack", Settings: hubsim.Settings{"throttle": object{"code": 8}}},
		{BusinessID: "slack", Settings: hubsim.Settings{"transient": object{"code": 404}}},
		{BusinessID: "slack", Generate: &hubsim.Generate{Invitations: 1}},
		{BusinessID: "slack", Generate: &hubsim.Generate{Members: 1, Admins: 1}, Settings: hubsim.Settings{"admin_roles": []string{}}},
		people(hubsim.PersonSeed{Email: "x"}),
		people(hubsim.PersonSeed{}),
		people(hubsim.PersonSeed{Email: "x@y.example", Role: "owner"}),
		people(hubsim.PersonSeed{Email: "x@y.example", ExtraRoles: []string{"owner"}}),
		people(hubsim.PersonSeed{Email: "x@y.example", Status: "invited"}),
		people(hubsim.PersonSeed{Email: "x@y.example", PendingEmail: "z@y.example"}),
		people(hubsim.PersonSeed{Email: "x@y.example"}, hubsim.PersonSeed{Email: "X@y.example"}),
	} {
		hub.Platform = scim
		if err := hubsim.New().Apply(hubsim.Seed{Hubs: []hubsim.HubSeed{hub}}); err == nil {
			t.Errorf("seed %d is accepted: %+v", i, hub)
		}
	}
	for _, credential := range []hubsim.Credential{
		{"name": "x"},
		{"token": "x"},
		{"name": "x", "token": "a b"},
		{"name": "x", "token": "x", "apps": []string{"nowhere"}},
		{"name": "x", "token": "x", "scope": "admin"},
	} {
		credential["platform"] = scim
		if err := hubsim.New().Apply(hubsim.Seed{Credentials: []hubsim.Credential{credential}}); err == nil {
			t.Errorf("credential %v is accepted", credential)
		} else if strings.Contains(fmt.Sprint(err), "a b") {
			t.Errorf("the error shows the token: %v", err)
		}
	}
}
