package hubsim_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestScimUser(t *testing.T) {
	w := newScimWire(t, nil)
	got := w.get(w.of(scimMara))
	body := got.ok(200)
	id := w.person(scimMara).ID
	got.is("schemas", `["`+scimUserURN+`"]`)
	got.is("userName", `"mara@northwind.example"`)
	got.is("displayName", `"Mara Lind"`)
	got.is("active", "true")
	got.is("emails", `[{"primary":true,"type":"work","value":"mara@northwind.example"}]`)
	got.is("roles", `[{"primary":true,"value":"editor"},{"value":"billing"}]`)
	meta := body["meta"].(object)
	if meta["resourceType"] != "User" || meta["created"] != "2026-11-20T10:15:00Z" || meta["location"] != w.root()+"/Users/"+id {
		t.Errorf("meta = %v", meta)
	}
	if tag := got.header.Get("ETag"); !strings.HasPrefix(tag, `W/"`) || meta["version"] != tag {
		t.Errorf("ETag %q, version %v", tag, meta["version"])
	}
	if got := got.header.Get("Content-Type"); got != "application/scim+json" {
		t.Errorf("content type %q", got)
	}
	w.get(w.of(scimIvo)).is("active", "false")
	w.get("/Users/"+strings.ToUpper(id)).refused(404, "") // ids are case-exact
	w.get("/Users/1").refused(404, "")

	if p := w.person(scimMara); p.Role != "editor" || !slices.Equal(p.ExtraRoles, []string{"billing"}) || p.Status != "active" || p.Name != "Mara Lind" {
		t.Errorf("person = %+v", p)
	}
	if p := w.person(scimIvo); p.Status != "suspended" {
		t.Errorf("person = %+v", p)
	}
}

func TestScimProjection(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"role_source": "groups"})
	only := w.get(w.of(scimMara) + "?attributes=userName,name.formatted," + scimUserURN + ":active").ok(200)
	if len(only) != 5 || only["userName"] == nil || only["active"] == nil || only["name"] == nil || only["id"] == nil {
		t.Errorf("attributes: %v", only)
	}
	if without := w.get(w.of(scimMara) + "?excludedAttributes=Emails,id").ok(200); without["emails"] != nil || without["id"] == nil {
		t.Errorf("excludedAttributes: %v", without)
	}
	list := w.get("/Groups?excludedAttributes=members")
	equal(t, "members", list.column("members"), []string{"null", "null", "null"})
	equal(t, "names", list.column("displayName"), []string{"admin", "editor", "billing"})
}

func TestScimListShape(t *testing.T) {
	w := newScimWire(t, nil)
	got := w.get("/Users")
	got.is("schemas", `["`+scimListURN+`"]`)
	for name, want := range map[string]float64{"totalResults": 3, "startIndex": 1, "itemsPerPage": 3} {
		if got.body[name] != want {
			t.Errorf("%s = %v", name, got.body[name])
		}
	}
	equal(t, "people", got.column("userName"), []string{scimAda, scimMara, scimIvo})

	// startIndex counts items from 1, and what is below 1 means 1.
	page := w.get("/Users?startIndex=2&count=1")
	equal(t, "page", page.column("userName"), []string{scimMara})
	if page.body["totalResults"] != 3.0 || page.body["startIndex"] != 2.0 || page.body["itemsPerPage"] != 1.0 {
		t.Errorf("page: %s", page.raw)
	}
	equal(t, "from 0", w.get("/Users?startIndex=0&count=1").column("userName"), []string{scimAda})
	equal(t, "beyond", w.get("/Users?startIndex=4").column("userName"), []string{})
	for _, none := range []string{"0", "-3"} {
		got := w.get("/Users?count=" + none)
		if len(got.rows()) != 0 || got.body["totalResults"] != 3.0 {
			t.Errorf("count=%s: %s", none, got.raw)
		}
	}
	w.get("/Users?count=x").refused(400, "invalidValue")
	w.get("/Users?startIndex=1.5").refused(400, "invalidValue")
	w.get("/Users?sortBy=userName&cursor=x&startindex=3").ok(200) // SHOULD be ignored

	w.configure(hubsim.Settings{"server_cap": 2})
	equal(t, "capped", w.get("/Users?count=50").column("userName"), []string{scimAda, scimMara})

	for setting, want := range map[string]string{
		"lower_case_resources": `"resources":[`, "numbers_as_text": `"totalResults":"3"`, "total_is_page": `"totalResults":2`,
		"dates_without_zone": `"created":"2026-11-20T10:15:00"`,
	} {
		w.configure(hubsim.Settings{setting: true})
		if got := w.get("/Users"); !strings.Contains(got.raw, want) {
			t.Errorf("%s: %s", setting, got.raw)
		}
		w.configure(hubsim.Settings{setting: false})
	}
	w.configure(hubsim.Settings{"absent_resources": true, "items_per_page": "absent"})
	none := w.find("Users", `userName eq "nobody"`).ok(200)
	if _, given := none["Resources"]; given || none["itemsPerPage"] != nil || none["totalResults"] != 0.0 {
		t.Errorf("none: %v", none)
	}
	w.configure(hubsim.Settings{"items_per_page": "count", "ignores_start_index": true})
	again := w.get("/Users?startIndex=3&count=2")
	equal(t, "the first page again", again.column("userName"), []string{scimAda, scimMara})
	again.is("itemsPerPage", "2")
	w.configure(hubsim.Settings{"no_meta": true, "no_schemas": true, "no_etag": true})
	bare := w.get(w.of(scimMara))
	if bare.body["meta"] != nil || bare.body["schemas"] != nil || bare.header.Get("ETag") != "" {
		t.Errorf("bare: %s", bare.raw)
	}
}

func TestScimFilters(t *testing.T) {
	w := newScimWire(t, nil)
	w.user("PATCH", w.of(scimMara), `"x":1`).refused(400, "invalidSyntax")
	w.patch(w.of(scimMara), `{"op":"add","value":{"externalId":"roster:Mara","title":"Say \"hi\"","`+scimWorkURN+`":{"department":"Growth"}}}`).ok(200)
	for filter, want := range map[string][]string{
		`userName eq "MARA@northwind.EXAMPLE"`:                        {scimMara},
		`USERNAME EQ "mara@northwind.example"`:                        {scimMara},
		`externalId eq "roster:Mara"`:                                 {scimMara},
		`externalId eq "roster:mara"`:                                 {}, // case-exact
		`externalId sw "roster:mara"`:                                 {},
		`externalId sw "roster:M"`:                                    {scimMara},
		`id eq "` + w.person(scimIvo).ID + `"`:                        {scimIvo},
		`id eq "` + strings.ToUpper(w.person(scimIvo).ID) + `"`:       {},
		`emails.value eq "ada@northwind.example"`:                     {scimAda},
		`emails eq "ada@northwind.example"`:                           {scimAda},
		`emails co "northwind"`:                                       {scimAda, scimMara, scimIvo},
		`emails[type eq "work" and value eq "` + scimMara + `"]`:      {scimMara},
		`emails[type eq "work"].value eq "` + scimMara + `"`:          {scimMara},
		`emails[type eq "home"].value eq "` + scimMara + `"`:          {},
		`emails[type eq "home" or value eq "` + scimMara + `"]`:       {scimMara},
		`emails[not (value eq "` + scimMara + `")]`:                   {scimAda, scimIvo},
		`active eq false`:                                             {scimIvo},
		`active ne false and not (userName sw "ada")`:                 {scimMara},
		`roles.value eq "EDITOR"`:                                     {scimMara, scimIvo},
		`roles[value eq "editor"] and active eq true`:                 {scimMara},
		`userName sw "ada" or userName sw "ivo"`:                      {scimAda, scimIvo},
		`(userName sw "ada" or userName sw "ivo") and active eq true`: {scimAda},
		`title eq "say \"hi\""`:                                       {scimMara},
		`title pr`:                                                    {scimMara},
		`not (title pr)`:                                              {scimAda, scimIvo},
		scimWorkURN + `:department eq "growth"`:                       {scimMara},
		scimUserURN + `:userName eq "` + scimMara + `"`:               {scimMara},
		`meta.created ge "2026-11-20T10:15:00Z"`:                      {scimAda, scimMara, scimIvo},
		`displayName ew "kern"`:                                       {scimIvo},
		`userName eq "nobody@northwind.example"`:                      {},
	} {
		equal(t, filter, w.find("Users", filter).column("userName"), want)
	}
	for _, bad := range []string{
		`userName`, `userName eq`, `userName eq mara`, `userName = "x"`, `userName eq 'x'`, `email eq "x"`, `emails.address eq "x"`,
		`userName eq "x" and`, `(userName eq "x"`, `userName eq "x")`, `not userName eq "x"`, `emails[value eq "x"`, `active eq "true"`,
		`userName eq true`, `userName eq ["x"]`, `name eq "x"`, `userName[value eq "x"]`, `urn:x:y:z eq "x"`, `eq "x"`, `active gt true`,
		`userName eq "x"or title pr`, `userName eq "a" userName eq "b"`, `emails[emails[value pr]]`,
	} {
		w.find("Users", bad).refused(400, "invalidFilter")
	}
	// A + that is not escaped is a space.
	w.act(hubsim.Act{Action: "join", Email: "eve+ads@northwind.example", Role: "editor"})
	if got := w.get(`/Users?filter=userName%20eq%20"eve+ads@northwind.example"`).rows(); len(got) != 0 {
		t.Errorf("found by a space: %v", got)
	}
	equal(t, "escaped", w.find("Users", `userName eq "eve+ads@northwind.example"`).column("userName"), []string{"eve+ads@northwind.example"})
}

func TestScimFilterLimits(t *testing.T) {
	w := newScimWire(t, nil)
	byName, byMail := `userName eq "`+scimMara+`"`, `emails.value eq "`+scimMara+`"`
	w.configure(hubsim.Settings{"no_filter": true})
	w.find("Users", byName).refused(400, "invalidFilter")
	w.configure(hubsim.Settings{"no_filter": false, "filters_ignored": true})
	equal(t, "ignored", w.find("Users", byName).column("userName"), []string{scimAda, scimMara, scimIvo})
	w.configure(hubsim.Settings{"filters_ignored": false, "filter_attributes": []string{"userName"}, "filter_operators": []string{"eq"}})
	equal(t, "by name", w.find("Users", byName).column("userName"), []string{scimMara})
	w.find("Users", byMail).refused(400, "invalidFilter")
	w.find("Users", `userName sw "mara"`).refused(400, "invalidFilter")
	w.find("Users", byName+" and "+byName).refused(400, "invalidFilter")
	w.configure(hubsim.Settings{"filter_operators": []string{"eq", "and"}, "filter_attributes": nil, "empty_filter_404": true})
	equal(t, "and", w.find("Users", byName+" and "+byMail).column("userName"), []string{scimMara})
	w.find("Users", `userName eq "nobody"`).refused(404, "")
	w.configure(hubsim.Settings{"hide_inactive": true})
	equal(t, "hidden", w.get("/Users").column("userName"), []string{scimAda, scimMara})
	w.find("Users", `userName eq "`+scimIvo+`"`).refused(404, "")
	w.get(w.of(scimIvo)).ok(200)
}

func TestScimDiscovery(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"roles": []string{"editor", "billing", "admin"}})
	config := w.get("/ServiceProviderConfig").ok(200)
	for path, want := range map[string]string{
		"patch": `{"supported":true}`, "etag": `{"supported":true}`, "sort": `{"supported":false}`,
		"filter": `{"maxResults":200,"supported":true}`, "bulk": `{"maxOperations":0,"maxPayloadSize":0,"supported":false}`,
	} {
		if got := jsonText(config[path]); got != want {
			t.Errorf("%s = %s, want %s", path, got, want)
		}
	}
	equal(t, "types", w.get("/ResourceTypes").column("endpoint"), []string{"/Users", "/Groups"})
	w.get("/ResourceTypes/Group").is("schema", `"`+scimGroupURN+`"`)
	w.get("/ResourceTypes/Robot").refused(404, "")
	equal(t, "schemas", w.get("/Schemas").column("id"), []string{scimUserURN, scimWorkURN, scimGroupURN})
	if user := w.get("/Schemas/" + scimUserURN); !strings.Contains(user.raw, `"canonicalValues":["editor","billing","admin"]`) {
		t.Errorf("the roles are not in the schema: %s", user.raw)
	}

	w.get("/ServiceProviderConfig", "Authorization", "").refused(401, "")
	w.configure(hubsim.Settings{
		"open_discovery": true, "no_patch": true, "no_etag": true, "no_filter": true, "bare_discovery": true, "server_cap": 50, "no_groups": true,
	})
	open := w.get("/ServiceProviderConfig", "Authorization", "")
	open.is("patch", `{"supported":false}`)
	open.is("filter", `{"maxResults":50,"supported":false}`)
	open.is("etag", `{"supported":false}`)
	if bare := w.get("/ResourceTypes"); !strings.HasPrefix(bare.raw, "[{") || strings.Contains(bare.raw, "Groups") {
		t.Errorf("bare: %s", bare.raw)
	}
	w.get("/Groups").refused(404, "")
	w.configure(hubsim.Settings{"no_discovery": true})
	w.get("/ServiceProviderConfig").refused(404, "")
	w.configure(hubsim.Settings{"discovery_status": 501})
	for _, path := range []string{"/ServiceProviderConfig", "/ResourceTypes", "/Schemas"} {
		w.get(path).refused(501, "")
	}
	w.configure(hubsim.Settings{"no_discovery": false, "scim_1": true})
	w.get("/Users").is("schemas", `["urn:scim:schemas:core:1.0"]`)
	w.get(w.of(scimMara)).is("schemas", `["urn:scim:schemas:core:1.0"]`)
}

func TestScimRoleShapes(t *testing.T) {
	w := newScimWire(t, nil)
	for shape, want := range map[string]string{
		"objects":      `[{"primary":true,"value":"admin"}]`,
		"strings":      `["admin"]`,
		"single":       `{"primary":true,"value":"admin"}`,
		"json_text":    `[{"primary":true,"value":"{\"displayName\":\"admin\",\"id\":\"admin\",\"value\":\"admin\"}"}]`,
		"text_primary": `[{"primary":"True","value":"admin"}]`,
	} {
		w.configure(hubsim.Settings{"role_shape": shape})
		w.get(w.of(scimAda)).is("roles", want)
		equal(t, shape, w.find("Users", `roles.value eq "admin"`).column("userName"), []string{scimAda})
	}
	w.configure(hubsim.Settings{"role_shape": "strings"})
	w.patch(w.of(scimMara), `{"op":"replace","path":"roles","value":["writer"]}`).is("roles", `["writer"]`)
	w.configure(hubsim.Settings{"role_shape": "json_text"})
	w.patch(w.of(scimMara), `{"op":"replace","path":"roles","value":[{"value":"{\"id\":\"1\",\"value\":\"reader\",\"displayName\":\"Reader\"}"}]}`).ok(200)
	if p := w.person(scimMara); p.Role != "reader" {
		t.Errorf("person = %+v", p)
	}
	w.configure(hubsim.Settings{"role_shape": "objects"})
	w.patch(w.of(scimMara), `{"op":"replace","path":"roles","value":["writer"]}`).refused(400, "invalidValue")
}

func TestScimEntitlementsAsRoles(t *testing.T) {
	w := newScimWire(t, hubsim.Settings{"role_source": "entitlements"})
	got := w.get(w.of(scimMara))
	got.is("entitlements", `[{"primary":true,"value":"editor"},{"value":"billing"}]`)
	got.is("roles", "null")
	w.patch(w.of(scimMara), `{"op":"remove","path":"entitlements[value eq \"editor\"]"}`).ok(200)
	if p := w.person(scimMara); p.Role != "billing" {
		t.Errorf("person = %+v", p)
	}
	w.configure(hubsim.Settings{"role_source": "groups"})
	got = w.get(w.of(scimMara))
	got.is("entitlements", "null")
	if groups := got.body["groups"].([]any); groups[0].(object)["display"] != "billing" {
		t.Errorf("groups = %v", groups)
	}
	w.configure(hubsim.Settings{"role_source": "roles"})
	w.get(w.of(scimMara)).is("groups", "null")
	w.get(w.of(scimMara)).is("roles", `[{"primary":true,"value":"billing"}]`)
}

func TestScimTenThousand(t *testing.T) {
	for _, source := range []string{"roles", "groups"} {
		t.Run(source, func(t *testing.T) {
			w := startScim(t, hubsim.HubSeed{
				Platform: scim, BusinessID: scimApp, Generate: &hubsim.Generate{Members: 10_000, Admins: 2},
				Settings: hubsim.Settings{"role_source": source, "roles": []string{"member", "admin"}},
			})
			began := time.Now()
			seen := map[string]bool{}
			for start := 1; len(seen) < 10_000; start += 100 {
				rows := w.get(fmt.Sprintf("/Users?startIndex=%d&count=100", start)).rows()
				if len(rows) != 100 {
					t.Fatalf("%d rows from %d on", len(rows), start)
				}
				for _, row := range rows {
					seen[row["userName"].(string)] = true
				}
			}
			listed := time.Since(began)
			for i := 1; i <= 200; i++ {
				email := fmt.Sprintf("member-%05d@generated.example", i)
				for _, filter := range []string{`userName eq "` + email + `"`, `emails[type eq "work"].value eq "` + email + `"`} {
					if n := len(w.find("Users", filter).rows()); n != 1 {
						t.Fatalf("%d rows for %s", n, filter)
					}
				}
			}
			if took := time.Since(began); took > 10*time.Second { // it takes less than one
				t.Errorf("listed in %s, with look-ups %s", listed, took)
			}
			t.Logf("10,000 users listed in %s, with 400 look-ups %s", listed, time.Since(began))
			if p := w.person("member-00001@generated.example"); p.Role != "admin" {
				t.Errorf("person = %+v", p)
			}
			if p := w.person("member-10000@generated.example"); p.Role != "member" {
				t.Errorf("person = %+v", p)
			}
		})
	}
}

func TestScimIDForms(t *testing.T) {
	for form, like := range map[string]string{"uuid": "7c0c3b1e-", "number": "1000", "handle": "U12AB"} {
		w := newScimWire(t, hubsim.Settings{"id_form": form})
		if id := w.person(scimMara).ID; !strings.HasPrefix(id, like) {
			t.Errorf("%s: %s", form, id)
		}
		w.get(w.of(scimMara)).ok(200)
	}
}

func TestScimAcceptsAndContentTypes(t *testing.T) {
	w := newScimWire(t, nil)
	for accept, status := range map[string]int{
		"application/scim+json, application/json;q=0.9": 200, "application/json": 200, "*/*": 200, "text/html": 406, "application/xml": 406,
	} {
		if got := w.get("/Users", "Accept", accept); got.status != status {
			t.Errorf("Accept %s: %d", accept, got.status)
		}
	}
	for i, c := range []struct {
		contentType string
		status      int
	}{
		{"application/scim+json", 201},
		{"application/json; charset=utf-8", 201},
		{"text/plain", 415},
		{"application/x-www-form-urlencoded", 415},
		{"application/", 415},
		{"", 415},
	} {
		members := fmt.Sprintf(`"userName":"person%d"`, i)
		if got := w.user("POST", "/Users", members, "Content-Type", c.contentType); got.status != c.status {
			t.Errorf("%q: %d", c.contentType, got.status)
		}
	}
	w.configure(hubsim.Settings{"content_type": "application/json"})
	if got := w.get("/Users").header.Get("Content-Type"); got != "application/json" {
		t.Errorf("content type %q", got)
	}
	w.configure(hubsim.Settings{"content_type": ""})
	if got := w.get("/Users"); got.header["Content-Type"] != nil || len(got.rows()) == 0 {
		t.Errorf("content type %q", got.header["Content-Type"])
	}
	if got := w.get("/Users/1"); got.header["Content-Type"] != nil || got.status != http.StatusNotFound {
		t.Errorf("content type %q", got.header["Content-Type"])
	}
}
