package hubsim_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// The scene most Snapchat tests begin with.
const (
	snapchat      = "snapchat_business"
	snapOrg       = "5cf59a25-0000-40e1-826b-5ceaf369b207"
	snapOther     = "e4d5276e-0000-4576-b975-88f6e35f7715"
	snapClient    = "11111111-2222-3333-4444-555555555555"
	snapSecret    = "snap-client-secret"
	snapRefresh   = "snap-refresh-olive"
	snapToken     = "snap-access-olive"
	snapBoToken   = "snap-access-bo"
	snapZoeToken  = "snap-access-zoe"
	snapTokenPath = "/login/oauth2/access_token"

	snapMembers = "/v1/organizations/" + snapOrg + "/members"
	snapRoles   = "/v1/organizations/" + snapOrg + "/roles"
)

// snapWire speaks raw HTTP to Snapchat with a frozen clock.
type snapWire struct {
	*wire
	token string
}

func newSnapWire(t *testing.T, more ...hubsim.PersonSeed) *snapWire {
	t.Helper()
	people := []hubsim.PersonSeed{
		{Email: "ada@northwind.example", Name: "Ada Diaz", Role: "admin", ExtraRoles: []string{"adaccount:reports", "catalog:catalog_admin"}},
		{Email: "Olive@Northwind.example", Name: "Olive Berg", Role: "admin"},
		{Email: "bo@northwind.example", Name: "Bo Chen"},
		{Email: "sam@northwind.example", Name: "Sam", Role: "data_admin", Status: "invited"},
	}
	return startSnap(t, hubsim.Seed{
		Hubs: []hubsim.HubSeed{
			{Platform: snapchat, BusinessID: snapOrg, Name: "Northwind Snap", People: append(people, more...)},
			{Platform: snapchat, BusinessID: snapOther, People: []hubsim.PersonSeed{
				{Email: "zoe@agency.example", Role: "admin"}, {Email: "olive@northwind.example"},
			}},
		},
		Credentials: []hubsim.Credential{
			{
				"platform": snapchat, "name": "olive", "client_id": snapClient, "client_secret": snapSecret,
				"refresh_token": snapRefresh, "access_token": snapToken, "email": "olive@northwind.example",
			},
			{"platform": snapchat, "name": "bo", "access_token": snapBoToken, "email": "bo@northwind.example"},
			{
				"platform": snapchat, "name": "zoe", "client_id": "another", "client_secret": "another-secret",
				"refresh_token": "snap-refresh-zoe", "access_token": snapZoeToken, "email": "zoe@agency.example",
			},
		},
	})
}

func newSnapCrowd(t *testing.T, g hubsim.Generate) *snapWire {
	t.Helper()
	return startSnap(t, hubsim.Seed{
		Hubs: []hubsim.HubSeed{{Platform: snapchat, BusinessID: snapOrg, Generate: &g}},
		Credentials: []hubsim.Credential{
			{"platform": snapchat, "name": "automation", "access_token": snapToken, "organizations": []string{snapOrg}},
		},
	})
}

func startSnap(t *testing.T, seed hubsim.Seed) *snapWire {
	t.Helper()
	sim := hubsim.New(hubsim.StartAt(start), hubsim.Frozen())
	if err := sim.ApplyInitial(seed); err != nil {
		t.Fatal(err)
	}
	return &snapWire{&wire{t: t, sim: sim, base: sim.Start(t)}, snapToken}
}

func (w *snapWire) request(method, path, body string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, hubsim.Endpoint(w.base, snapchat)+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+w.token)
	return r
}

func (w *snapWire) call(method, path, body string) snapReply {
	w.t.Helper()
	return snapReply{w.do(w.request(method, path, body))}
}

func (w *snapWire) get(path string) snapReply { w.t.Helper(); return w.call("GET", path, "") }
func (w *snapWire) del(path string) snapReply { w.t.Helper(); return w.call("DELETE", path, "") }

// as calls with another access token.
func (w *snapWire) as(token, method, path, body string) snapReply {
	w.t.Helper()
	return (&snapWire{w.wire, token}).call(method, path, body)
}

// refresh exchanges a refresh token; pairs override the parameters.
func (w *snapWire) refresh(pairs ...string) reply {
	w.t.Helper()
	form := url.Values{
		"grant_type": {"refresh_token"}, "client_id": {snapClient}, "client_secret": {snapSecret}, "refresh_token": {snapRefresh},
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r := w.request("POST", snapTokenPath, form.Encode())
	r.Header.Del("Authorization")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(r)
}

// create invites somebody and returns the reply.
func (w *snapWire) create(email string) snapReply {
	w.t.Helper()
	return w.call("POST", snapMembers, `{"members":[{"email":"`+email+`","organization_id":"`+snapOrg+`","display_name":"New"}]}`)
}

// grant gives a member a role.
func (w *snapWire) grant(member, kind string) snapReply {
	w.t.Helper()
	return w.call("POST", snapRoles, `{"roles":[{"member_id":"`+member+`","organization_id":"`+snapOrg+`","type":"`+kind+`"}]}`)
}

// put changes a role in place.
func (w *snapWire) put(role, kind string) snapReply {
	w.t.Helper()
	return w.call("PUT", snapRoles, `{"roles":[{"id":"`+role+`","type":"`+kind+`"}]}`)
}

func (w *snapWire) configure(settings hubsim.Settings) {
	w.t.Helper()
	if err := w.sim.Configure(snapchat, snapOrg, settings); err != nil {
		w.t.Fatal(err)
	}
}

func (w *snapWire) act(act hubsim.Act) hubsim.Person {
	w.t.Helper()
	p, err := w.sim.Act(snapchat, snapOrg, act)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *snapWire) person(email string) hubsim.Person {
	w.t.Helper()
	people, err := w.sim.People(snapchat, snapOrg)
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

// roleOf is the id of a member's organization role.
func (w *snapWire) roleOf(email string) string {
	w.t.Helper()
	for _, row := range w.get(snapRoles).rows("roles") {
		if row["member_id"] == w.person(email).ID && row["container_id"] == snapOrg {
			return row["id"].(string)
		}
	}
	w.t.Fatalf("%s has no organization role", email)
	return ""
}

type snapReply struct{ reply }

// status checks the HTTP status and request_status, whatever its case.
func (r snapReply) is(status int, word string) snapReply {
	r.t.Helper()
	got, _ := r.body["request_status"].(string)
	if r.status != status || !strings.EqualFold(got, word) {
		r.t.Fatalf("%d %s, want %d %s: %s", r.status, got, status, word, r.raw)
	}
	if id, _ := r.body["request_id"].(string); id == "" {
		r.t.Errorf("no request_id: %s", r.raw)
	}
	return r
}

// refused checks a refusal of the whole request.
func (r snapReply) refused(status int, code string) {
	r.t.Helper()
	r.is(status, "ERROR")
	if got, _ := r.body["error_code"].(string); got != code {
		r.t.Errorf("error_code = %q, want %q: %s", got, code, r.raw)
	}
	if r.body["debug_message"] == nil || r.body["display_message"] == nil {
		r.t.Errorf("no messages: %s", r.raw)
	}
}

// subError checks that every sub-request was refused, inside HTTP 200, and why.
func (r snapReply) subError(plural, code string) {
	r.t.Helper()
	list, _ := r.is(200, "ERROR").body[plural].([]any)
	if len(list) == 0 {
		r.t.Fatalf("no sub-requests: %s", r.raw)
	}
	for _, wrapper := range list {
		wrapper := wrapper.(object)
		reason, _ := wrapper["sub_request_error_reason"].(string)
		if wrapper["sub_request_status"] != "ERROR" || !strings.Contains(reason, "Error code: "+code) || len(wrapper) != 2 {
			r.t.Errorf("sub-request %v, want %s", wrapper, code)
		}
	}
}

var snapSingular = map[string]string{"members": "member", "roles": "role", "organizations": "organization"}

// rows unwraps the entities of a success.
func (r snapReply) rows(plural string) []object {
	r.t.Helper()
	list, isList := r.is(200, "SUCCESS").body[plural].([]any)
	if !isList {
		r.t.Fatalf("no %s: %s", plural, r.raw)
	}
	rows := []object{}
	for _, wrapper := range list {
		wrapper := wrapper.(object)
		if word, _ := wrapper["sub_request_status"].(string); !strings.EqualFold(word, "SUCCESS") {
			r.t.Errorf("sub_request_status %q", word)
		}
		rows = append(rows, wrapper[snapSingular[plural]].(object))
	}
	return rows
}

// column is one field of the rows, "-" where it is absent.
func (r snapReply) column(plural, name string) []string {
	r.t.Helper()
	values := []string{}
	for _, row := range r.rows(plural) {
		if text, given := row[name].(string); given {
			values = append(values, text)
		} else {
			values = append(values, "-")
		}
	}
	return values
}

func (r snapReply) paging() string {
	r.t.Helper()
	paging, given := r.is(200, "SUCCESS").body["paging"]
	if !given {
		return "absent"
	}
	encoded, err := json.Marshal(paging)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(encoded)
}

func (r snapReply) nextLink() string {
	r.t.Helper()
	paging, _ := r.body["paging"].(object)
	link, _ := paging["next_link"].(string)
	return link
}
