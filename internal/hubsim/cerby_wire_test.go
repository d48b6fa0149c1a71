package hubsim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// The scene most Cerby tests begin with.
const (
	cerby      = "cerby"
	cerbyHub   = "6f0f6a5e-3b0e-4c43-9c59-5f3d2c1e7a10"
	cerbyOther = "0b8e6a53-7f8c-4a0e-9c0f-3f9d3a1c5e42"
	cerbyKey   = "crb-secret-automation"
	cerbyBoKey = "crb-secret-bo"

	cerbyHubPath   = "/integrations/" + cerbyHub
	cerbyUsers     = cerbyHubPath + "/users"
	cerbyUnmatched = cerbyHubPath + "/unmatched-users"
)

var cerbyAllScopes = []string{"read:users", "read:integrations", "write:integrations", "read:automations", "write:automations"}

// cerbyWire speaks raw HTTP to Cerby with a frozen clock.
type cerbyWire struct {
	*wire
	key string
}

func newCerbyWire(t *testing.T, settings hubsim.Settings) *cerbyWire {
	t.Helper()
	return startCerby(t, hubsim.Seed{
		Hubs: []hubsim.HubSeed{
			{Platform: cerby, BusinessID: cerbyHub, Name: "Northwind Pinterest", Settings: settings, People: []hubsim.PersonSeed{
				{Email: "ada@northwind.example", Name: "Ada Diaz", Role: "BIZ_ADMIN", ExtraRoles: []string{"FINANCE"}},
				{Email: "Olive@Northwind.example", Name: "Olive van Berg", Role: "BIZ_ADMIN"},
				{Email: "bo@northwind.example", Name: "Bo"},
			}},
			{Platform: cerby, BusinessID: cerbyOther, People: []hubsim.PersonSeed{{Email: "zoe@agency.example", Role: "BIZ_ADMIN"}}},
		},
		Credentials: []hubsim.Credential{
			{"platform": cerby, "name": "automation", "api_key": cerbyKey, "scopes": cerbyAllScopes, "owner_of": []string{cerbyHub}, "workspace_admin": true},
			{"platform": cerby, "name": "bo", "api_key": cerbyBoKey, "scopes": cerbyAllScopes},
		},
	})
}

func newCerbyCrowd(t *testing.T, g hubsim.Generate, settings hubsim.Settings) *cerbyWire {
	t.Helper()
	return startCerby(t, hubsim.Seed{
		Hubs: []hubsim.HubSeed{{Platform: cerby, BusinessID: cerbyHub, Generate: &g, Settings: settings}},
		Credentials: []hubsim.Credential{
			{"platform": cerby, "name": "automation", "api_key": cerbyKey, "scopes": cerbyAllScopes, "owner_of": []string{cerbyHub}, "workspace_admin": true},
		},
	})
}

func startCerby(t *testing.T, seed hubsim.Seed) *cerbyWire {
	t.Helper()
	sim := hubsim.New(hubsim.StartAt(start), hubsim.Frozen())
	if err := sim.ApplyInitial(seed); err != nil {
		t.Fatal(err)
	}
	return &cerbyWire{&wire{t: t, sim: sim, base: sim.Start(t)}, cerbyKey}
}

// request takes a path below /api/v1, or a link of an answer as it is.
func (w *cerbyWire) request(method, path, body string) *http.Request {
	w.t.Helper()
	if !strings.HasPrefix(path, "/cerby/") {
		path = "/cerby/api/v1" + path
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.base+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("User-Agent", "wire-test")
	if w.key != "" {
		r.Header.Set("X-API-Key", w.key)
	}
	return r
}

func (w *cerbyWire) call(method, path, body string) cerbyReply {
	w.t.Helper()
	return cerbyReply{w.do(w.request(method, path, body))}
}

// as calls with another key.
func (w *cerbyWire) as(key, method, path, body string) cerbyReply {
	w.t.Helper()
	return (&cerbyWire{w.wire, key}).call(method, path, body)
}

// get reads a path; pairs are the query.
func (w *cerbyWire) get(path string, pairs ...string) cerbyReply {
	w.t.Helper()
	query := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		query.Add(pairs[i], pairs[i+1])
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return w.call("GET", path, "")
}

// id finds somebody of the workspace.
func (w *cerbyWire) id(email string) string {
	w.t.Helper()
	for _, row := range w.get("/users", "filter", email, "page[size]", "100").rows() {
		if strings.EqualFold(row["attributes"].(object)["email"].(string), email) {
			return row["id"].(string)
		}
	}
	w.t.Fatalf("%s is not in the workspace", email)
	return ""
}

// add posts users by address, with the entitlements given.
func (w *cerbyWire) add(emails string, entitlements ...string) cerbyReply {
	w.t.Helper()
	var ids []string
	for _, email := range strings.Fields(emails) {
		ids = append(ids, `"`+w.id(email)+`"`)
	}
	return w.call("POST", cerbyUsers, `{"data":{"type":"invite_tenant_users","attributes":{"role":"account_collaborator","entitlements":`+
		cerbyIDs(entitlements...)+`,"userIds":[`+strings.Join(ids, ",")+`]}}}`)
}

func (w *cerbyWire) replace(email string, entitlements ...string) cerbyReply {
	w.t.Helper()
	return w.call("PATCH", cerbyUsers+"/"+w.id(email), `{"data":{"type":"update_user_entitlement","attributes":{"entitlements":`+cerbyIDs(entitlements...)+`}}}`)
}

// partial changes a part of the entitlements; data is the inside of the body.
func (w *cerbyWire) partial(email, data string) cerbyReply {
	w.t.Helper()
	return w.call("PATCH", cerbyUsers+"/"+w.id(email)+"/entitlements", `{"data":{`+data+`}}`)
}

func (w *cerbyWire) del(email string) cerbyReply {
	w.t.Helper()
	return w.call("DELETE", cerbyUsers+"/"+w.id(email), "")
}

func cerbyIDs(entitlements ...string) string {
	var list []string
	for _, id := range entitlements {
		list = append(list, `{"id":"`+id+`"}`)
	}
	return "[" + strings.Join(list, ",") + "]"
}

func (w *cerbyWire) configure(settings hubsim.Settings) {
	w.t.Helper()
	if err := w.sim.Configure(cerby, cerbyHub, settings); err != nil {
		w.t.Fatal(err)
	}
}

func (w *cerbyWire) act(act hubsim.Act) hubsim.Person {
	w.t.Helper()
	p, err := w.sim.Act(cerby, cerbyHub, act)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *cerbyWire) person(email string) hubsim.Person {
	w.t.Helper()
	people, err := w.sim.People(cerby, cerbyHub)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range people {
		if strings.EqualFold(p.Email, email) {
			return p
		}
	}
	return hubsim.Person{}
}

// listed are the members as "address role role", in the order of the list.
func (w *cerbyWire) listed() []string {
	w.t.Helper()
	return w.get(cerbyUsers, "page[size]", "100").people()
}

type cerbyReply struct{ reply }

func (r cerbyReply) ok() object {
	r.t.Helper()
	if r.status != 200 || r.body == nil {
		r.t.Fatalf("status %d, want 200: %s", r.status, r.raw)
	}
	if got := r.header.Get("Content-Type"); got != "application/json" {
		r.t.Errorf("content type %q", got)
	}
	return r.body
}

func (r cerbyReply) rows() []object {
	r.t.Helper()
	list, is := r.ok()["data"].([]any)
	if !is {
		r.t.Fatalf("no list: %s", r.raw)
	}
	rows := []object{}
	for _, row := range list {
		rows = append(rows, row.(object))
	}
	return rows
}

func (r cerbyReply) people() []string {
	r.t.Helper()
	people := []string{}
	for _, row := range r.rows() {
		attributes := row["attributes"].(object)
		text := attributes["email"].(string)
		list, _ := attributes["entitlements"].([]any)
		for _, e := range list {
			text += " " + e.(object)["id"].(string)
		}
		people = append(people, text)
	}
	return people
}

func (r cerbyReply) attributes() object {
	r.t.Helper()
	data, _ := r.ok()["data"].(object)
	attributes, is := data["attributes"].(object)
	if !is {
		r.t.Fatalf("no attributes: %s", r.raw)
	}
	return attributes
}

func (r cerbyReply) links() object { links, _ := r.body["links"].(object); return links }

// job is the id of a task begun.
func (r cerbyReply) job() string {
	r.t.Helper()
	data := r.ok()["data"].(object)
	if data["type"] != "job" || r.attributes()["status"] != "created" {
		r.t.Errorf("not a job begun: %s", r.raw)
	}
	return data["id"].(string)
}

// refused checks the error envelope and returns its entries.
func (r cerbyReply) refused(status int) []object {
	r.t.Helper()
	list, _ := r.body["errors"].([]any)
	if r.status != status || len(list) == 0 {
		r.t.Fatalf("status %d, want a refusal with %d: %s", r.status, status, r.raw)
	}
	var all []object
	for _, one := range list {
		e := one.(object)
		for _, name := range []string{"code", "title", "detail"} {
			if text, _ := e[name].(string); text == "" {
				r.t.Errorf("no %s: %s", name, r.raw)
			}
		}
		all = append(all, e)
	}
	return all
}

// invalid checks a 400 by its first type and place, such as "too_short data.attributes.entitlements".
func (r cerbyReply) invalid(want string) {
	r.t.Helper()
	e := r.refused(400)[0]
	meta := e["meta"].(object)
	var place []string
	for _, step := range meta["loc"].([]any) {
		if n, is := step.(float64); is {
			step = string(rune('0' + int(n)))
		}
		place = append(place, step.(string))
	}
	if got := meta["type"].(string) + " " + strings.Join(place, "."); got != want {
		r.t.Errorf("flaw %q, want %q: %s", got, want, r.raw)
	}
	if e["status"] != "400" || e["detail"] != meta["msg"] {
		r.t.Errorf("envelope: %s", r.raw)
	}
}

// poll reads a job, which has to be in a status.
func (w *cerbyWire) poll(job, status string) object {
	w.t.Helper()
	attributes := w.get("/jobs/" + job).attributes()
	if attributes["status"] != status {
		w.t.Fatalf("job is %v, want %s: %v", attributes["status"], status, attributes)
	}
	return attributes
}
