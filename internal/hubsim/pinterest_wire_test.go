package hubsim_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// The scene of the Pinterest tests: a business with two administrators and two
// employees, one of them without an address, and another business that has
// invited Olive.
const (
	pinterest    = "pinterest_business"
	home         = "2783136121146310001"
	agency       = "2783136121146310002"
	pinOwner     = "pina_owner" // the business's own account
	pinOlive     = "pina_olive"
	pinBo        = "pina_bo"
	pinStray     = "pina_stray"
	pinReader    = "pina_reader"
	pinClient    = "1480001"
	pinSecret    = "pin-client-secret"
	pinRefresh   = "pinr.first"
	homeMembers  = "/v5/businesses/" + home + "/members"
	homeInvites  = "/v5/businesses/" + home + "/invites"
	everyStatus  = homeInvites + "?is_member=true&invite_type=MEMBER_INVITE&invite_status=PENDING&invite_status=EXPIRED&page_size=250"
	memberInvite = "MEMBER_INVITE"
)

func pinterestScene() hubsim.Seed {
	return hubsim.Seed{
		Hubs: []hubsim.HubSeed{{
			Platform: pinterest, BusinessID: home, Name: "Northwind Home",
			People: []hubsim.PersonSeed{
				{Email: "ada@northwind.example", Name: "Ada Diaz", Role: "BIZ_ADMIN"},
				{Email: "olive@northwind.example", Role: "BIZ_ADMIN"},
				{Email: "Bo@Northwind.example", ExtraRoles: []string{"549755885175:ANALYST", "383791336903426391:PROFILE_PUBLISHER"}},
				{Name: "lee_ads"},
				{Email: "sam@northwind.example", Status: "invited"},
			},
		}, {
			Platform: pinterest, BusinessID: agency, Name: "Agency",
			People: []hubsim.PersonSeed{
				{Email: "zoe@agency.example", Role: "BIZ_ADMIN"},
				{Email: "olive@northwind.example", Status: "invited"},
			},
		}},
		Credentials: []hubsim.Credential{
			{"platform": pinterest, "name": "automation", "access_token": pinOwner, "businesses": []string{home}},
			{
				"platform": pinterest, "name": "olive", "access_token": pinOlive, "email": "olive@northwind.example",
				"client_id": pinClient, "client_secret": pinSecret, "refresh_token": pinRefresh,
			},
			{"platform": pinterest, "name": "bo", "access_token": pinBo, "email": "bo@northwind.example"},
			{"platform": pinterest, "name": "stray", "access_token": pinStray},
			{"platform": pinterest, "name": "reader", "access_token": pinReader, "businesses": []string{home}, "scopes": []string{"biz_access:read"}},
		},
	}
}

// pinWire speaks raw HTTP to the Pinterest simulator.
type pinWire struct {
	*wire
	bearer string
}

func newPinWire(t *testing.T) *pinWire {
	t.Helper()
	sim := hubsim.New(hubsim.StartAt(start), hubsim.Frozen())
	if err := sim.ApplyInitial(pinterestScene()); err != nil {
		t.Fatal(err)
	}
	return &pinWire{wire: &wire{t: t, sim: sim, base: sim.Start(t)}, bearer: pinOwner}
}

// as is the same simulation with another token.
func (w *pinWire) as(bearer string) *pinWire { return &pinWire{w.wire, bearer} }

func (w *pinWire) request(method, path, body string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.base+"/"+pinterest+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if w.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+w.bearer)
	}
	return r
}

// call sends a call; body is JSON text, or a value to encode, or nil.
func (w *pinWire) call(method, path string, body any) reply {
	w.t.Helper()
	text, isText := body.(string)
	if body != nil && !isText {
		raw, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		text = string(raw)
	}
	return w.do(w.request(method, path, text))
}

func (w *pinWire) get(path string) reply { w.t.Helper(); return w.call("GET", path, nil) }

func (w *pinWire) invite(role string, members ...string) reply {
	w.t.Helper()
	return w.call("POST", homeInvites, object{"invite_type": memberInvite, "business_role": role, "members": members})
}

func (w *pinWire) cancel(ids ...string) reply {
	w.t.Helper()
	return w.call("DELETE", homeInvites, object{"invite_ids": ids})
}

func (w *pinWire) setRole(id, role string) reply {
	w.t.Helper()
	return w.call("PATCH", homeMembers, []object{{"member_id": id, "business_role": role}})
}

func (w *pinWire) remove(id, role string) reply {
	w.t.Helper()
	return w.call("DELETE", homeMembers, object{"members": []object{{"member_id": id, "business_role": role}}})
}

// token asks the token endpoint for an access token.
func (w *pinWire) token(client, secret, refresh, scope string) reply {
	w.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}
	if scope != "" {
		form.Set("scope", scope)
	}
	r := w.request("POST", "/v5/oauth/token", form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(client, secret)
	return w.do(r)
}

func (w *pinWire) configure(settings hubsim.Settings) {
	w.t.Helper()
	if err := w.sim.Configure(pinterest, home, settings); err != nil {
		w.t.Fatal(err)
	}
}

func (w *pinWire) act(act hubsim.Act) hubsim.Person {
	w.t.Helper()
	p, err := w.sim.Act(pinterest, home, act)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// person finds somebody in the ground truth by address or username.
func (w *pinWire) person(who string) hubsim.Person {
	w.t.Helper()
	people, err := w.sim.People(pinterest, home)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range people {
		if strings.EqualFold(p.Email, who) || p.Name == who {
			return p
		}
	}
	return hubsim.Person{}
}

// items are the rows of a list, or the outcomes of a batch.
func (r reply) items() []object {
	r.t.Helper()
	list, isList := r.body["items"].([]any)
	if r.status != 200 || !isList {
		r.t.Fatalf("status %d, no items: %s", r.status, r.raw)
	}
	rows := []object{}
	for _, row := range list {
		rows = append(rows, row.(object))
	}
	return rows
}

// users are a field of the rows' users, "-" where it is null.
func (r reply) users(field string) []string {
	r.t.Helper()
	values := []string{}
	for _, row := range r.items() {
		user, _ := row["user"].(object)
		value, given := user[field].(string)
		if !given {
			value = "-"
		}
		values = append(values, value)
	}
	return values
}

// pinRefused checks Pinterest's error shape, the status and the code.
func (r reply) pinRefused(status, code int) {
	r.t.Helper()
	got, isNumber := r.body["code"].(float64)
	message, _ := r.body["message"].(string)
	if r.status != status || !isNumber || int(got) != code || message == "" || len(r.body) != 2 {
		r.t.Errorf("status %d, want %d with code %d: %s", r.status, status, code, r.raw)
	}
	if got := r.header.Get("Content-Type"); got != "application/json" {
		r.t.Errorf("content type %q", got)
	}
}

// exception is the exception of one outcome.
func exception(outcome object) object { e, _ := outcome["exception"].(object); return e }
