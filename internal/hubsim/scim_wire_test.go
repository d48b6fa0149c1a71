package hubsim_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// The scene most SCIM tests begin with: Ada administers an app, Mara edits and
// bills, Ivo was suspended.
const (
	scim       = "scim"
	scimApp    = "figment"
	scimOther  = "miro"
	scimToken  = "scim-secret-all"
	scimReader = "scim-secret-reader"
	scimStray  = "scim-secret-stray"

	scimUserURN  = "urn:ietf:params:scim:schemas:core:2.0:User"
	scimGroupURN = "urn:ietf:params:scim:schemas:core:2.0:Group"
	scimWorkURN  = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	scimPatchURN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	scimListURN  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	scimErrorURN = "urn:ietf:params:scim:api:messages:2.0:Error"

	scimMara = "mara@northwind.example"
	scimIvo  = "ivo@northwind.example"
	scimAda  = "Ada@Northwind.example"
)

// scimWire speaks raw HTTP to an app with a frozen clock.
type scimWire struct{ *wire }

func newScimWire(t *testing.T, settings hubsim.Settings, more ...hubsim.PersonSeed) *scimWire {
	t.Helper()
	people := []hubsim.PersonSeed{
		{Email: scimAda, Name: "Ada Diaz", Role: "admin"},
		{Email: scimMara, Name: "Mara Lind", Role: "editor", ExtraRoles: []string{"billing"}},
		{Email: scimIvo, Name: "Ivo Kern", Role: "editor", Status: "suspended"},
	}
	return startScim(t, hubsim.HubSeed{
		Platform: scim, BusinessID: scimApp, Name: "Figment", Settings: settings, People: append(people, more...),
	})
}

func startScim(t *testing.T, app hubsim.HubSeed) *scimWire {
	t.Helper()
	sim := hubsim.New(hubsim.StartAt(start), hubsim.Frozen())
	err := sim.ApplyInitial(hubsim.Seed{
		Hubs: []hubsim.HubSeed{app, {Platform: scim, BusinessID: scimOther}},
		Credentials: []hubsim.Credential{
			{"platform": scim, "name": "all", "token": scimToken, "apps": []string{scimApp}, "writes": true},
			{"platform": scim, "name": "reader", "token": scimReader, "apps": []string{scimApp}, "writes": false},
			{"platform": scim, "name": "stray", "token": scimStray, "apps": []string{scimOther}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &scimWire{&wire{t: t, sim: sim, base: sim.Start(t)}}
}

// root is the base URL a connector would be given.
func (w *scimWire) root() string { return hubsim.Endpoint(w.base, scim) + "/" + scimApp + "/v2" }

func (w *scimWire) request(method, path, body string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.root()+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	r.Header.Set("Authorization", "Bearer "+scimToken)
	return r
}

// send makes a call; pairs are headers.
func (w *scimWire) send(method, path, body string, pairs ...string) scimReply {
	w.t.Helper()
	r := w.request(method, path, body)
	for i := 0; i < len(pairs); i += 2 {
		r.Header.Set(pairs[i], pairs[i+1])
	}
	return scimReply{w.do(r)}
}

func (w *scimWire) get(path string, pairs ...string) scimReply {
	w.t.Helper()
	return w.send("GET", path, "", pairs...)
}

// find lists with a filter.
func (w *scimWire) find(resource, filter string) scimReply {
	w.t.Helper()
	return w.get("/" + resource + "?filter=" + url.QueryEscape(filter))
}

// user sends a User; members are those beside schemas.
func (w *scimWire) user(method, path, members string, pairs ...string) scimReply {
	w.t.Helper()
	return w.send(method, path, `{"schemas":["`+scimUserURN+`"],`+members+`}`, pairs...)
}

func (w *scimWire) group(method, path, members string, pairs ...string) scimReply {
	w.t.Helper()
	return w.send(method, path, `{"schemas":["`+scimGroupURN+`"],`+members+`}`, pairs...)
}

// patch sends operations.
func (w *scimWire) patch(path, operations string, pairs ...string) scimReply {
	w.t.Helper()
	return w.send("PATCH", path, `{"schemas":["`+scimPatchURN+`"],"Operations":[`+operations+`]}`, pairs...)
}

func (w *scimWire) configure(settings hubsim.Settings) {
	w.t.Helper()
	if err := w.sim.Configure(scim, scimApp, settings); err != nil {
		w.t.Fatal(err)
	}
}

func (w *scimWire) act(act hubsim.Act) hubsim.Person {
	w.t.Helper()
	p, err := w.sim.Act(scim, scimApp, act)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *scimWire) person(email string) hubsim.Person {
	w.t.Helper()
	people, err := w.sim.People(scim, scimApp)
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

// of is the path of somebody's resource.
func (w *scimWire) of(email string) string {
	w.t.Helper()
	id := w.person(email).ID
	if id == "" {
		w.t.Fatalf("nobody is %s", email)
	}
	return "/Users/" + id
}

// groupOf is the path of a group.
func (w *scimWire) groupOf(name string) string {
	w.t.Helper()
	rows := w.find("Groups", `displayName eq "`+name+`"`).rows()
	if len(rows) != 1 {
		w.t.Fatalf("%d groups are called %s", len(rows), name)
	}
	return "/Groups/" + rows[0]["id"].(string)
}

// ops are the operations of the log.
func (w *scimWire) ops() []string {
	w.t.Helper()
	ops := []string{}
	for _, r := range w.sim.Requests() {
		ops = append(ops, r.Operation)
	}
	return ops
}

type scimReply struct{ reply }

// ok returns the body of a success with that status.
func (r scimReply) ok(status int) object {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.raw)
	}
	if status == 204 && r.raw != "" {
		r.t.Errorf("204 with a body: %s", r.raw)
	}
	return r.body
}

// refused checks a SCIM error, with the status as the RFC has it: a string.
func (r scimReply) refused(status int, scimType string) {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.raw)
	}
	if got := r.header.Get("Content-Type"); got != "application/scim+json" {
		r.t.Errorf("content type %q", got)
	}
	schemas, _ := r.body["schemas"].([]any)
	if len(schemas) != 1 || schemas[0] != scimErrorURN {
		r.t.Errorf("schemas = %v", schemas)
	}
	if text, _ := r.body["status"].(string); text != strconv.Itoa(status) {
		r.t.Errorf("status = %#v, want the text of %d", r.body["status"], status)
	}
	if detail, _ := r.body["detail"].(string); detail == "" {
		r.t.Errorf("no detail: %s", r.raw)
	}
	if got, _ := r.body["scimType"].(string); got != scimType {
		r.t.Errorf("scimType = %q, want %q: %s", got, scimType, r.raw)
	}
}

func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// rows are the resources of a list.
func (r scimReply) rows() []object {
	r.t.Helper()
	list, isList := r.ok(200)["Resources"].([]any)
	if !isList {
		r.t.Fatalf("no Resources: %s", r.raw)
	}
	rows := []object{}
	for _, row := range list {
		rows = append(rows, row.(object))
	}
	return rows
}

// column is one attribute of a list's rows, as text or as JSON.
func (r scimReply) column(name string) []string {
	r.t.Helper()
	values := []string{}
	for _, row := range r.rows() {
		if text, isText := row[name].(string); isText {
			values = append(values, text)
		} else {
			values = append(values, jsonText(row[name]))
		}
	}
	return values
}

// is compares one attribute of a resource with JSON.
func (r scimReply) is(name, want string) {
	r.t.Helper()
	if got := jsonText(r.body[name]); got != want {
		r.t.Errorf("%s = %s, want %s", name, got, want)
	}
}
