package hubsim_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// sameJSON compares a document with what the contract shows.
func sameJSON(t *testing.T, what string, got any, want string) {
	t.Helper()
	var wanted any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, wanted) {
		text, _ := json.Marshal(got)
		t.Errorf("%s =\n%s\nwant\n%s", what, text, want)
	}
}

func TestCerbyShapes(t *testing.T) {
	w := newCerbyWire(t, nil)
	founder := w.get(cerbyHubPath).attributes()["createdBy"].(string)
	hub := `{"id":"` + cerbyHub + `","type":"account","attributes":{"application":"pinterest_business","label":"Northwind Pinterest",
		"workspace":"northwind","createdAt":"2026-11-20T10:15:00+00:00","createdBy":"` + founder + `","updatedAt":"2026-11-20T10:15:00+00:00"}}`
	sameJSON(t, "hub", w.get(cerbyHubPath).ok(), `{"data":`+hub+`}`)
	sameJSON(t, "hubs", w.get("/integrations").ok(), `{"data":[`+hub+`],
		"links":{"self":"/cerby/api/v1/integrations?page%5Bnumber%5D=1&page%5Bsize%5D=25","next":null,"previous":null},
		"meta":{"page":{"maxSize":100,"total":1}}}`)

	for application, want := range map[string]int{"pinterest_business": 1, "youtube_tenant": 0} {
		if n := len(w.get("/integrations", "filter[application]", application).rows()); n != want {
			t.Errorf("%s: %d hubs", application, n)
		}
	}

	employee := `{"id":"EMPLOYEE","type":"entitlement","attributes":{"group":"primary","key":"EMPLOYEE","label":"PINTEREST_BUSINESS_EMPLOYEE_DESC","value":"EMPLOYEE"}}`
	admin := strings.ReplaceAll(employee, "EMPLOYEE", "BIZ_ADMIN")
	finance := `{"id":"FINANCE","type":"entitlement","attributes":{"group":"secondary","key":"FINANCE","label":"","value":"FINANCE"}}`
	sameJSON(t, "entitlements", w.get(cerbyHubPath+"/entitlements").ok(), `{"data":[`+employee+`,`+admin+`,`+finance+`]}`)

	olive := w.id("olive@northwind.example")
	sameJSON(t, "member", w.get(cerbyUsers+"/"+olive).ok(), `{"data":{"id":"`+olive+`","type":"user","attributes":{
		"email":"Olive@Northwind.example","firstName":"Olive van","lastName":"Berg","isGuest":false,"role":"collaborator","status":"live",
		"entitlements":[`+admin+`]},"meta":{"dynamicFields":{"adSeats":3,"region":"EU","twoFactor":true}}}}`)
	equal(t, "members", w.listed(), []string{"ada@northwind.example BIZ_ADMIN FINANCE", "Olive@Northwind.example BIZ_ADMIN", "bo@northwind.example EMPLOYEE"})

	sameJSON(t, "user", w.get("/users", "filter", "OLIVE@northwind.example", "page[size]", "100").ok(), `{"data":[{"id":"`+olive+`","type":"user","attributes":{
		"email":"Olive@Northwind.example","firstName":"Olive van","lastName":"Berg","isGuest":false,"role":"workspace_login_only","status":"live","mfaStatus":null,
		"createdAt":"2026-11-20T10:15:00+00:00","updatedAt":"2026-11-20T10:15:00+00:00"}}],
		"links":{"self":"/cerby/api/v1/users?filter=OLIVE%40northwind.example&page%5Bnumber%5D=1&page%5Bsize%5D=100","next":null,"previous":null},
		"meta":{"page":{"maxSize":100,"total":1}}}`)
}

func TestCerbyJobShape(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{
		"job_time": "4m", "workspace_users": []string{"eve@northwind.example"},
		"job_outcome": []hubsim.Settings{{"code": "NotEnoughSeats"}},
	})
	job := w.add("eve@northwind.example", "EMPLOYEE").job()
	w.sim.Clock().Advance(4 * time.Minute)
	got := w.get("/jobs/" + job).ok()
	by := got["data"].(object)["attributes"].(object)["createdBy"].(object)["id"].(string)
	sameJSON(t, "job", got, `{"data":{"id":"`+job+`","type":"job","attributes":{
		"account":{"entity":"account","id":"`+cerbyHub+`","name":"Northwind Pinterest","provider":"pinterest_business"},
		"canRetry":false,"createdAt":"2026-11-20T10:15:00.000000+00:00","createdBy":{"id":"`+by+`","name":"automation"},
		"errorDetails":{"errorType":"NotEnoughSeats","screenshotUrl":"https://northwind.cerby.example/shots/`+job[:8]+`.png","userRequired":true},
		"hasMoreDetails":false,"payload":null,"response":{},"status":"error","trigger":"manual","updatedAt":"2026-11-20T10:19:00.000000+00:00",
		"workflowType":"provide_access","workspacePolicyEnforcementId":null}},
		"links":{"self":"/cerby/api/v1/jobs/`+job+`"},"meta":{}}`)
	w.configure(hubsim.Settings{"timestamps": "none"})
	if at := w.poll(job, "error")["updatedAt"]; at != "2026-11-20T10:19:00" {
		t.Errorf("updatedAt = %v", at)
	}
}

// The same things in the other shapes the documents leave open.
func TestCerbyOtherShapes(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{
		"cerby_roles": hubsim.Settings{"BO@northwind.example": "manager"}, "member_meta": "absent", "last_next": "missing",
		"workspace_users": []hubsim.Settings{{"email": "gus@agency.example", "name": "Gus Roy", "guest": true}},
	})
	bo := w.get(cerbyUsers + "/" + w.id("bo@northwind.example")).ok()["data"].(object)
	if bo["attributes"].(object)["role"] != "manager" || bo["meta"] != nil {
		t.Errorf("bo = %v", bo)
	}
	last := w.get(cerbyUsers)
	if _, given := last.links()["next"]; given {
		t.Errorf("links %v", last.links())
	}
	w.act(hubsim.Act{Action: "join", Email: "gus@agency.example", Role: "none"})
	w.configure(hubsim.Settings{"member_meta": "empty", "no_entitlements": "missing"})
	sameJSON(t, "gus", w.get(cerbyUsers + "/" + w.id("gus@agency.example")).ok()["data"].(object)["attributes"],
		`{"email":"gus@agency.example","firstName":"Gus","lastName":"Roy","isGuest":true,"role":"owner","status":"live"}`)
	found := w.get("/users", "filter[isGuest]", "true", "mfaStatus", "true").rows()
	if len(found) != 1 || found[0]["attributes"].(object)["role"] != "workspace_guest_user" || found[0]["attributes"].(object)["mfaStatus"].(object)["mfaEnabled"] != true {
		t.Errorf("guests %v", found)
	}
}

func TestCerbyFindUser(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{
		"workspace_domains": []string{"northwind.example"},
		"workspace_users": []any{
			"ann.bo@corp.example",
			hubsim.Settings{"email": "pia@corp.example", "status": "pending", "name": "Pia Bo"},
			hubsim.Settings{"email": "dan@corp.example", "status": "disabled"},
		},
	})
	find := func(pairs ...string) []string { return w.get("/users", pairs...).people() }
	equal(t, "free text", find("filter", "bo"), []string{"ann.bo@corp.example", "pia@corp.example", "bo@northwind.example"})
	equal(t, "full name", find("filter", "olive VAN berg"), []string{"Olive@Northwind.example"})
	equal(t, "status", find("filter[status]", "disabled"), []string{"dan@corp.example"})
	equal(t, "both", find("filter", "corp", "filter[status]", "pending"), []string{"pia@corp.example"})
	equal(t, "another hub's", find("filter", "zoe"), []string{"zoe@agency.example"})
	equal(t, "nobody", find("filter", "eve"), []string{}) // no address, so nobody is made
	equal(t, "under the domain", find("filter", "Eve@eu.Northwind.example"), []string{"eve@eu.northwind.example"})
	equal(t, "beside it", find("filter", "eve@notnorthwind.example"), []string{})
	if first, again := w.id("eve@eu.northwind.example"), w.id("EVE@eu.northwind.example"); first != again {
		t.Errorf("ids %s, %s", first, again)
	}
	w.get("/users", "filter[status]", "gone").invalid("type_error.enum filter[status].0")
	w.get("/users", "filter[isGuest]", "yes").invalid("type_error.enum filter[isGuest].0")
	w.get("/users", "email", "x").invalid("extra_forbidden email.0")
	equal(t, "operations", slices.Sorted(func(yield func(string) bool) {
		for op := range w.sim.CountOps() {
			if !yield(op) {
				return
			}
		}
	}), []string{"find_user"})
}

// walk follows next to the end, resolved against the host.
func (w *cerbyWire) walk(path string) (emails []string, sizes []int) {
	w.t.Helper()
	for path != "" {
		page := w.call("GET", path, "")
		for _, who := range page.people() {
			email, _, _ := strings.Cut(who, " ")
			emails = append(emails, email)
		}
		sizes = append(sizes, len(page.rows()))
		path, _ = page.links()["next"].(string)
		if len(sizes) > 200 {
			w.t.Fatal("the pages do not end")
		}
	}
	return emails, sizes
}

func TestCerbyPaging(t *testing.T) {
	w := newCerbyCrowd(t, hubsim.Generate{Members: 250, Admins: 2}, nil)
	emails, sizes := w.walk(cerbyUsers + "?page%5Bsize%5D=100")
	if !slices.Equal(sizes, []int{100, 100, 50}) || emails[249] != "member-00250@generated.example" {
		t.Errorf("pages %v of %d", sizes, len(emails))
	}
	if _, sizes := w.walk(cerbyUsers); len(sizes) != 10 { // 25 each
		t.Errorf("default pages %v", sizes)
	}
	if _, sizes := w.walk(cerbyUsers + "?page[size]=50"); len(sizes) != 5 { // no empty page behind a full one
		t.Errorf("full pages %v", sizes)
	}
	middle := w.get(cerbyUsers, "page[number]", "2", "page[size]", "100")
	sameJSON(t, "links", middle.body["links"], `{"self":"/cerby/api/v1`+cerbyUsers+`?page%5Bnumber%5D=2&page%5Bsize%5D=100",
		"next":"/cerby/api/v1`+cerbyUsers+`?page%5Bnumber%5D=3&page%5Bsize%5D=100","previous":"/cerby/api/v1`+cerbyUsers+`?page%5Bnumber%5D=1&page%5Bsize%5D=100"}`)
	sameJSON(t, "meta", middle.body["meta"], `{"page":{"maxSize":100,"total":250}}`)
	for _, number := range []string{"4", "9223372036854775807"} {
		if beyond := w.get(cerbyUsers, "page[number]", number, "page[size]", "100"); len(beyond.rows()) != 0 || beyond.links()["next"] != nil {
			t.Errorf("page %s: %s", number, beyond.raw)
		}
	}
	w.get(cerbyUsers, "page[size]", "101").invalid("value_error page[size].0")
	w.get(cerbyUsers, "page[size]", "0").invalid("value_error page[size].0")
	w.get(cerbyUsers, "page[number]", "0").invalid("value_error page[number].0")
	w.get(cerbyUsers, "page[number]", "x").invalid("type_error page[number].0")
	w.get(cerbyUsers, "limit", "5").invalid("extra_forbidden limit.0")
	w.get(cerbyHubPath+"/entitlements", "page[size]", "5").invalid("extra_forbidden page[size].0")
	if users, _ := w.walk("/users?page[size]=100&filter=member-0024"); len(users) != 10 {
		t.Errorf("users %v", users)
	}
}

// No cursor: who joins or leaves between two pages moves the rest.
func TestCerbyChurn(t *testing.T) {
	for churn, want := range map[string]int{"join": 31, "leave": 29} {
		w := newCerbyCrowd(t, hubsim.Generate{Members: 30}, hubsim.Settings{"churn": churn, "churn_times": 1})
		emails, _ := w.walk(cerbyUsers + "?page[size]=20")
		first, _ := w.walk(cerbyUsers + "?page[size]=100")
		if len(emails) != want || len(first) != want {
			t.Errorf("%s: %d read in pages, %d there", churn, len(emails), len(first))
		}
		slices.Sort(emails)
		if twice := len(emails) - len(slices.Compact(emails)); (churn == "join") != (twice == 1) {
			t.Errorf("%s: %d twice", churn, twice)
		}
	}
}

func TestCerbyTenThousand(t *testing.T) {
	began := time.Now()
	w := newCerbyCrowd(t, hubsim.Generate{Members: 10000, Admins: 3}, nil)
	seeded := time.Since(began)
	emails, sizes := w.walk(cerbyUsers + "?page[size]=100")
	if len(emails) != 10000 || len(sizes) != 100 {
		t.Errorf("%d people on %d pages", len(emails), len(sizes))
	}
	if id := w.id("member-09999@generated.example"); id == "" {
		t.Error("nobody")
	}
	t.Logf("seeded in %s, read in %s", seeded, time.Since(began)-seeded)
}

func TestCerbyUnmatched(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{"workspace_domains": []string{"northwind.example"}})
	w.act(hubsim.Act{Action: "join", Email: "contractor@agency.example"})
	w.act(hubsim.Act{Action: "join", Email: "Abel@agency.example", Name: "Abel Roy", Role: "BIZ_ADMIN"})
	w.act(hubsim.Act{Action: "join", Email: "new@northwind.example"})
	equal(t, "members", w.listed()[3:], []string{"new@northwind.example EMPLOYEE"})
	row := w.get(cerbyUnmatched).rows()[0]
	id, abel := row["id"].(string), w.get(cerbyUnmatched).rows()[1]["id"].(string)
	sameJSON(t, "row", row, `{"id":"`+id+`","type":"unmatched_user","attributes":{"email":"contractor@agency.example","username":"contractor",
		"firstName":null,"lastName":null,"entitlements":[{"id":"EMPLOYEE","type":"entitlement","attributes":{"group":"primary","key":"EMPLOYEE",
		"label":"PINTEREST_BUSINESS_EMPLOYEE_DESC","value":"EMPLOYEE"}}]}}`)
	equal(t, "sorted", w.get(cerbyUnmatched, "sort", "email").people(), []string{"Abel@agency.example BIZ_ADMIN", "contractor@agency.example EMPLOYEE"})
	equal(t, "searched", w.get(cerbyUnmatched, "search", "abel ROY").people(), []string{"Abel@agency.example BIZ_ADMIN"})
	if p := w.person("contractor@agency.example"); p.Status != hubsim.StatusUnmatched || p.ID != id || p.Role != "EMPLOYEE" {
		t.Errorf("truth %+v", p)
	}
	w.get(cerbyUsers + "/" + id).refused(404)
	w.call("DELETE", cerbyUsers+"/"+id, "").refused(404)
	w.call("DELETE", cerbyUnmatched+"/"+w.id("bo@northwind.example"), "").refused(404)

	w.poll(w.call("DELETE", cerbyUnmatched+"/"+id, "").job(), "finished")
	equal(t, "left", w.get(cerbyUnmatched).people(), []string{"Abel@agency.example BIZ_ADMIN"})
	w.call("DELETE", cerbyUnmatched+"/"+id, "").refused(404)

	// Once somebody is a user of the workspace, the next sync matches them.
	w.configure(hubsim.Settings{"workspace_users": []string{"abel@agency.example"}})
	w.act(hubsim.Act{Action: "sync"})
	equal(t, "matched", w.listed()[3:], []string{"abel@agency.example BIZ_ADMIN", "new@northwind.example EMPLOYEE"})
	equal(t, "unmatched", w.get(cerbyUnmatched).people(), []string{})

	w.call("DELETE", cerbyUnmatched+"/"+abel, "").refused(404)

	w.configure(hubsim.Settings{"unmatched_endpoint": false})
	w.get(cerbyUnmatched).refused(404)
	if got := w.sim.CountOps()[hubsim.OpRemoveUnmatched]; got != 4 {
		t.Errorf("%d removals logged", got)
	}
}

func TestCerbyRequestLog(t *testing.T) {
	w := newCerbyWire(t, nil)
	bo := w.id("bo@northwind.example")
	w.sim.ResetRequests()
	for path, want := range map[string]string{
		"GET /integrations": "list_businesses", "GET " + cerbyHubPath: "verify_business", "GET " + cerbyUsers: "list_members",
		"GET " + cerbyUsers + "/" + bo: "get_member", "POST " + cerbyUsers: "invite", "PATCH " + cerbyUsers + "/" + bo: "change_role",
		"DELETE " + cerbyUsers + "/" + bo: "remove", "GET " + cerbyHubPath + "/entitlements": "list_roles", "GET /users": "find_user",
		"GET " + cerbyUnmatched: "list_unmatched", "DELETE " + cerbyUnmatched + "/x": "remove_unmatched", "GET /jobs/x": "poll_job",
		"GET " + cerbyHubPath + "/user": "unknown",
	} {
		method, path, _ := strings.Cut(path, " ")
		w.sim.ResetRequests()
		w.call(method, path, "")
		if got := w.sim.Requests()[0]; got.Operation != want || got.Write != (method != "GET") || got.Credential != "automation" || got.TokenIn != "header" {
			t.Errorf("%s %s: %+v", method, path, got)
		}
	}
	for data, want := range map[string]string{
		`"add":{"entitlements":[]}`: "grant_role", `"remove":{"entitlements":[]}`: "revoke_role",
		`"add":{"entitlements":[]},"remove":{"entitlements":[]}`: "change_role",
	} {
		w.sim.ResetRequests()
		w.call("PATCH", cerbyUsers+"/"+bo+"/entitlements", `{"data":{`+data+`}}`)
		if got := w.sim.Requests()[0]; got.Operation != want || got.Business != cerbyHub {
			t.Errorf("%s: %+v", data, got)
		}
	}
	w.sim.ResetRequests()
	(&cerbyWire{w.wire, ""}).get("/users", "X-API-Key", cerbyKey).refused(401)
	if log := fmt.Sprintf("%+v", w.sim.Requests()); strings.Contains(log, cerbyKey) || !strings.Contains(log, "TokenIn:query") {
		t.Errorf("log: %s", log)
	}
}
