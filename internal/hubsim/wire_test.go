package hubsim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// The scene most tests begin with: one business, two administrators, one
// employee and one invitation.
const (
	meta     = "meta_business"
	business = "222000111000222"
	other    = "222000111000333"
	token    = "EAAB-system-token"
	userTok  = "EAAB-user-token"
	strayTok = "EAAB-stray-token"
	secret   = "app-secret-1"
)

var start = time.Date(2026, 11, 20, 10, 15, 0, 0, time.UTC)

func scene() hubsim.Seed {
	return hubsim.Seed{
		Hubs: []hubsim.HubSeed{{
			Platform: meta, BusinessID: business, Name: "Northwind",
			People: []hubsim.PersonSeed{
				{Email: "ada@agency.example", Name: "Ada Diaz", Role: "ADMIN", ExtraRoles: []string{"FINANCE_EDITOR"}},
				{Email: "Bo@Agency.example", Name: "Bo Chen"},
				{Email: "cleo@agency.example", Name: "Cleo Roy", Role: "ADMIN"},
				{Email: "new.hire@agency.example", Status: "invited"},
			},
		}, {
			Platform: meta, BusinessID: other,
			People: []hubsim.PersonSeed{{Email: "zoe@agency.example", Role: "ADMIN"}},
		}},
		Credentials: []hubsim.Credential{
			{"platform": meta, "name": "automation", "access_token": token, "app_id": "77", "app_secret": secret, "businesses": []string{business}},
			{"platform": meta, "name": "ada", "kind": "user", "access_token": userTok, "app_id": "77", "email": "ada@agency.example"},
			{"platform": meta, "name": "stray", "access_token": strayTok},
		},
	}
}

// wire speaks raw HTTP to a simulation with a frozen clock.
type wire struct {
	t    *testing.T
	sim  *hubsim.Sim
	base string
}

func newWire(t *testing.T) *wire {
	t.Helper()
	sim := hubsim.New(hubsim.StartAt(start), hubsim.Frozen())
	if err := sim.ApplyInitial(scene()); err != nil {
		t.Fatal(err)
	}
	return &wire{t: t, sim: sim, base: sim.Start(t)}
}

type object = map[string]any

// reply is an answer with its body decoded.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	body   object
	raw    string
}

func (w *wire) do(r *http.Request) reply {
	w.t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	out := reply{t: w.t, status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if strings.HasPrefix(out.raw, "{") {
		if err := decoder.Decode(&out.body); err != nil {
			w.t.Fatalf("%s: %v", raw, err)
		}
	}
	return out
}

func (w *wire) request(method, path string, form url.Values) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.base+"/"+meta+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func (w *wire) get(path string) reply { w.t.Helper(); return w.do(w.request("GET", path, nil)) }
func (w *wire) del(path string) reply { w.t.Helper(); return w.do(w.request("DELETE", path, nil)) }
func (w *wire) as(bearer, path string) reply {
	w.t.Helper()
	r := w.request("GET", path, nil)
	r.Header.Set("Authorization", "Bearer "+bearer)
	return w.do(r)
}

func (w *wire) post(path string, pairs ...string) reply {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return w.do(w.request("POST", path, form))
}

func (w *wire) configure(settings hubsim.Settings) {
	w.t.Helper()
	if err := w.sim.Configure(meta, business, settings); err != nil {
		w.t.Fatal(err)
	}
}

func (w *wire) act(act hubsim.Act) hubsim.Person {
	w.t.Helper()
	p, err := w.sim.Act(meta, business, act)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// person finds somebody in the ground truth by address or name.
func (w *wire) person(who string) hubsim.Person {
	w.t.Helper()
	people, err := w.sim.People(meta, business)
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

// ok returns the body of a success.
func (r reply) ok() object {
	r.t.Helper()
	if r.status != 200 || r.body["error"] != nil {
		r.t.Fatalf("status %d, want success: %s", r.status, r.raw)
	}
	return r.body
}

// refused checks Graph's error shape, the code and the subcode (0 = any).
func (r reply) refused(code, subcode int) object {
	r.t.Helper()
	failure, _ := r.body["error"].(object)
	if r.status < 400 || failure == nil {
		r.t.Fatalf("status %d, want a refusal with code %d: %s", r.status, code, r.raw)
	}
	for _, name := range []string{"message", "type", "fbtrace_id"} {
		if text, _ := failure[name].(string); text == "" {
			r.t.Errorf("error has no %s: %s", name, r.raw)
		}
	}
	if failure["fbtrace_id"] != r.header.Get("X-Fb-Trace-Id") {
		r.t.Errorf("fbtrace_id %v, header %q", failure["fbtrace_id"], r.header.Get("X-Fb-Trace-Id"))
	}
	if got := int(failure["code"].(float64)); got != code {
		r.t.Errorf("code = %d, want %d: %s", got, code, r.raw)
	}
	if got, _ := failure["error_subcode"].(float64); subcode != 0 && int(got) != subcode {
		r.t.Errorf("error_subcode = %v, want %d: %s", got, subcode, r.raw)
	}
	return failure
}

// rows are the objects of a list's data.
func (r reply) rows() []object {
	r.t.Helper()
	list, isList := r.ok()["data"].([]any)
	if !isList {
		r.t.Fatalf("no data list: %s", r.raw)
	}
	var rows []object
	for _, row := range list {
		rows = append(rows, row.(object))
	}
	return rows
}

// column is one field of a list's rows, "-" where it is absent.
func (r reply) column(name string) []string {
	r.t.Helper()
	values := []string{}
	for _, row := range r.rows() {
		if v, given := row[name].(string); given {
			values = append(values, v)
		} else {
			values = append(values, "-")
		}
	}
	return values
}

func (r reply) paging() object { p, _ := r.body["paging"].(object); return p }

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s = %q, want %q", what, got, want)
	}
}

const (
	v       = "/v26.0/"
	users   = v + business + "/business_users"
	pending = v + business + "/pending_users"
)
