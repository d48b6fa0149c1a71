package hubsim_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// The scene most TikTok tests begin with.
const (
	tiktok        = "tiktok_business"
	tiktokCenter  = "6900000000000000001"
	tiktokOther   = "6900000000000000002"
	tiktokToken   = "ttk-secret-olive"
	tiktokBoToken = "ttk-secret-bo"

	tiktokUser    = "/open_api/v1.3/user/info/"
	tiktokCenters = "/open_api/v1.3/bc/get/"
	tiktokList    = "/open_api/v1.3/bc/member/get/"
	tiktokInvite  = "/open_api/v1.3/bc/member/invite/"
	tiktokUpdate  = "/open_api/v1.3/bc/member/update/"
	tiktokDelete  = "/open_api/v1.3/bc/member/delete/"
)

// tiktokWire speaks raw HTTP to TikTok with a frozen clock.
type tiktokWire struct{ *wire }

func newTiktokWire(t *testing.T, more ...hubsim.PersonSeed) *tiktokWire {
	t.Helper()
	people := []hubsim.PersonSeed{
		{Email: "ada@northwind.example", Name: "Ada Diaz", Role: "ADMIN", ExtraRoles: []string{"finance:MANAGER"}},
		{Email: "Olive@Northwind.example", Name: "Olive Berg", Role: "ADMIN"},
		{Email: "bo@northwind.example", Name: "Bo Chen"},
		{Email: "sam@northwind.example", Status: "invited", ExtraRoles: []string{"finance:ANALYST"}},
	}
	return startTiktok(t, hubsim.Seed{
		Hubs: []hubsim.HubSeed{
			{Platform: tiktok, BusinessID: tiktokCenter, Name: "Northwind BC", People: append(people, more...)},
			{Platform: tiktok, BusinessID: tiktokOther, People: []hubsim.PersonSeed{
				{Email: "zoe@agency.example", Role: "ADMIN"}, {Email: "olive@northwind.example"},
			}},
		},
		Credentials: []hubsim.Credential{
			{"platform": tiktok, "name": "olive", "access_token": tiktokToken, "email": "olive@northwind.example"},
			{"platform": tiktok, "name": "bo", "access_token": tiktokBoToken, "email": "bo@northwind.example"},
		},
	})
}

func newTiktokCrowd(t *testing.T, g hubsim.Generate) *tiktokWire {
	t.Helper()
	return startTiktok(t, hubsim.Seed{
		Hubs: []hubsim.HubSeed{{Platform: tiktok, BusinessID: tiktokCenter, Generate: &g}},
		Credentials: []hubsim.Credential{
			{"platform": tiktok, "name": "automation", "access_token": tiktokToken, "businesses": []string{tiktokCenter}},
		},
	})
}

func startTiktok(t *testing.T, seed hubsim.Seed) *tiktokWire {
	t.Helper()
	sim := hubsim.New(hubsim.StartAt(start), hubsim.Frozen())
	if err := sim.ApplyInitial(seed); err != nil {
		t.Fatal(err)
	}
	return &tiktokWire{&wire{t: t, sim: sim, base: sim.Start(t)}}
}

func (w *tiktokWire) request(method, path, body string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, hubsim.Endpoint(w.base, tiktok)+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Access-Token", tiktokToken)
	return r
}

// get calls an endpoint; pairs are the query.
func (w *tiktokWire) get(path string, pairs ...string) tiktokReply {
	w.t.Helper()
	query := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		query.Add(pairs[i], pairs[i+1])
	}
	return tiktokReply{w.do(w.request("GET", path+"?"+query.Encode(), ""))}
}

// list reads members; filtering may be "".
func (w *tiktokWire) list(filtering string, pairs ...string) tiktokReply {
	w.t.Helper()
	pairs = append(pairs, "bc_id", tiktokCenter)
	if filtering != "" {
		pairs = append(pairs, "filtering", filtering)
	}
	return w.get(tiktokList, pairs...)
}

// post sends members of the body; bc_id is added.
func (w *tiktokWire) post(path, members string) tiktokReply {
	w.t.Helper()
	return w.raw(path, `{"bc_id":"`+tiktokCenter+`",`+members+`}`)
}

func (w *tiktokWire) raw(path, body string) tiktokReply {
	w.t.Helper()
	return tiktokReply{w.do(w.request("POST", path, body))}
}

func (w *tiktokWire) configure(settings hubsim.Settings) {
	w.t.Helper()
	if err := w.sim.Configure(tiktok, tiktokCenter, settings); err != nil {
		w.t.Fatal(err)
	}
}

func (w *tiktokWire) act(act hubsim.Act) hubsim.Person {
	w.t.Helper()
	p, err := w.sim.Act(tiktok, tiktokCenter, act)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *tiktokWire) person(email string) hubsim.Person {
	w.t.Helper()
	people, err := w.sim.People(tiktok, tiktokCenter)
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

type tiktokReply struct{ reply }

// code checks the envelope, which is HTTP 200 whatever happened, and the code.
func (r tiktokReply) code(want int) tiktokReply {
	r.t.Helper()
	if r.status != 200 || r.body == nil {
		r.t.Fatalf("status %d, want an envelope: %s", r.status, r.raw)
	}
	id, _ := r.body["request_id"].(string)
	if len(id) < 16 || strings.Trim(id, "0123456789") != "" {
		r.t.Errorf("request_id %q is not a string of digits", id)
	}
	if message, _ := r.body["message"].(string); (message == "OK") != (want == 0) || message == "" {
		r.t.Errorf("message %q with code %d", message, want)
	}
	if got := r.body["code"]; got != float64(want) {
		r.t.Errorf("code = %v, want %d: %s", got, want, r.raw)
	}
	return r
}

func (r tiktokReply) data() object {
	r.t.Helper()
	data, isObject := r.code(0).body["data"].(object)
	if !isObject {
		r.t.Fatalf("no data: %s", r.raw)
	}
	return data
}

func (r tiktokReply) rows() []object {
	r.t.Helper()
	list, isList := r.data()["list"].([]any)
	if !isList {
		r.t.Fatalf("no list: %s", r.raw)
	}
	rows := []object{}
	for _, row := range list {
		rows = append(rows, row.(object))
	}
	return rows
}

// column is one field of the rows: text as it is, other JSON encoded, "-" absent.
func (r tiktokReply) column(name string) []string {
	r.t.Helper()
	values := []string{}
	for _, row := range r.rows() {
		value, given := row[name]
		switch text, isText := value.(string); {
		case !given:
			values = append(values, "-")
		case isText:
			values = append(values, text)
		default:
			encoded, err := json.Marshal(value)
			if err != nil {
				r.t.Fatal(err)
			}
			values = append(values, string(encoded))
		}
	}
	return values
}

func (r tiktokReply) pageInfo() object {
	r.t.Helper()
	info, _ := r.data()["page_info"].(object)
	return info
}
