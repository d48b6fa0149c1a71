package hubsim_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestTiktokTokenOnlyInItsHeader(t *testing.T) {
	w := newTiktokWire(t)
	r := w.request("GET", tiktokUser, "")
	r.Header.Del("Access-Token")
	r.Header.Set("Authorization", "Bearer "+tiktokToken)
	tiktokReply{w.do(r)}.code(40104)
	r = w.request("GET", tiktokUser+"?Access-Token="+tiktokToken, "")
	r.Header.Del("Access-Token")
	tiktokReply{w.do(r)}.code(40104)
	r = w.request("GET", tiktokUser, "")
	r.Header.Set("Access-Token", "mistyped")
	tiktokReply{w.do(r)}.code(40105)

	log := w.sim.Requests()
	if log[0].TokenIn != "" || log[1].TokenIn != "query" || log[2].TokenIn != "header" || log[2].Credential != "" {
		t.Errorf("log = %+v", log)
	}
}

func TestTiktokPathsEndWithASlash(t *testing.T) {
	w := newTiktokWire(t)
	for _, path := range []string{
		strings.TrimSuffix(tiktokUser, "/"), "/bc/get/", "/open_api/v1.2/user/info/", "/open_api/v1.3/bc/member/", "/",
	} {
		if got := w.do(w.request("GET", path, "")); got.status != 404 || got.body != nil {
			t.Errorf("%s: %d %s", path, got.status, got.raw)
		}
	}
	if got := w.do(w.request("GET", tiktokInvite, "")); got.status != 405 {
		t.Errorf("GET invite: %d", got.status)
	}
}

func TestTiktokCauses(t *testing.T) {
	for setting, want := range map[string]struct{ user, list, invite int }{
		hubsim.TokenExpired:      {40102, 40102, 40102},
		hubsim.TokenInvalid:      {40105, 40105, 40105},
		hubsim.PermissionMissing: {0, 40001, 40001},
		hubsim.NotAdmin:          {0, 40001, 40001},
		hubsim.RateLimited:       {40100, 40100, 40100},
		hubsim.Unavailable:       {50000, 50000, 50000},
	} {
		t.Run(setting, func(t *testing.T) {
			w := newTiktokWire(t)
			w.configure(hubsim.Settings{setting: true})
			w.get(tiktokUser).code(want.user)
			w.list("").code(want.list)
			w.post(tiktokInvite, `"emails":["eve@northwind.example"]`).code(want.invite)
			if w.person("eve@northwind.example").Status != "" {
				t.Error("a refused invite took effect")
			}
			w.configure(hubsim.Settings{setting: false})
			w.post(tiktokInvite, `"emails":["eve@northwind.example"]`).code(0)
		})
	}
}

func TestTiktokOnlyAnAdminReads(t *testing.T) {
	w := newTiktokWire(t)
	r := w.request("GET", tiktokList+"?bc_id="+tiktokCenter, "")
	r.Header.Set("Access-Token", tiktokBoToken)
	tiktokReply{w.do(r)}.code(40001)
	w.list("").code(0)
	w.act(hubsim.Act{Action: "set_role", Email: "olive@northwind.example", Role: "STANDARD"})
	w.list("").code(40001)
	w.act(hubsim.Act{Action: "remove", Email: "olive@northwind.example"})
	w.list("").code(40001)
	if n := len(w.get(tiktokCenters, "bc_id", tiktokCenter).rows()); n != 0 {
		t.Error("somebody removed still sees the center")
	}
}

func TestTiktokCenterNotInGoodStanding(t *testing.T) {
	w := newTiktokWire(t)
	bo := w.person("bo@northwind.example").ID
	for _, status := range []string{"REVIEWING", "DENY", "PUNISH"} {
		w.configure(hubsim.Settings{"bc_status": status})
		w.list("").code(0)
		w.post(tiktokInvite, `"emails":["eve@northwind.example"]`).code(40001)
		w.post(tiktokUpdate, `"user_id":"`+bo+`","user_role":"ADMIN"`).code(40001)
		w.post(tiktokDelete, `"user_id":"`+bo+`"`).code(40001)
	}
}

func TestTiktokBodiesAreStrict(t *testing.T) {
	w := newTiktokWire(t)
	bo := w.person("bo@northwind.example").ID
	many := `"emails":["` + strings.Repeat(`x@y.example","`, 50) + `z@y.example"]`
	for _, bad := range []struct{ path, members string }{
		{tiktokInvite, `"emails":[]`},
		{tiktokInvite, `"emails":"eve@northwind.example"`},
		{tiktokInvite, `"emails":["not an address"]`},
		{tiktokInvite, `"emails":["eve@localhost"]`},
		{tiktokInvite, `"emails":[null]`},
		{tiktokInvite, many},
		{tiktokInvite, `"user_role":"ADMIN"`},
		{tiktokInvite, `"emails":["eve@northwind.example"],"user_role":"OWNER"`},
		{tiktokInvite, `"emails":["eve@northwind.example"],"user_role":null`},
		{tiktokInvite, `"emails":["eve@northwind.example"],"role":"ADMIN"`},
		{tiktokInvite, `"emails":["eve@northwind.example"],"User_Role":"ADMIN"`},
		{tiktokInvite, `"emails":["eve@northwind.example"],"ext_user_role":{"finance_role":"NONE"}`},
		{tiktokInvite, `"emails":["eve@northwind.example"],"ext_user_role":{"finance":"MANAGER"}`},
		{tiktokInvite, `"emails":["eve@northwind.example"],"ext_user_role":{"finance_role":null}`},
		{tiktokInvite, `"emails":["eve@northwind.example"],"asset_type":"ACCOUNT"`},
		{tiktokInvite, `"emails":["eve@northwind.example"],"asset_ids":["x"]`},
		{tiktokInvite, `"emails":["eve@northwind.example"],"advertiser_role":"OWNER"`},
		{tiktokUpdate, `"user_role":"ADMIN"`},
		{tiktokUpdate, `"user_id":"","user_role":"ADMIN"`},
		{tiktokUpdate, `"user_id":` + bo + `,"user_role":"ADMIN"`},
		{tiktokUpdate, `"user_id":"` + bo + `","user_role":"admin"`},
		{tiktokUpdate, `"user_id":"` + bo + `","user_email":"bo@northwind.example"`},
		{tiktokUpdate, `"user_id":"` + bo + `","user_name":"` + strings.Repeat("ö", 251) + `"`},
		{tiktokUpdate, `"user_id":"` + bo + `","ext_user_role":{"finance_role":"NONE"}`},
		{tiktokUpdate, `"user_id":"` + bo + `","child_bc_id":"1"`},
		{tiktokDelete, `"user_id":"` + bo + `","user_email":"sam@northwind.example"`},
		{tiktokDelete, `"user_email":"sam"`},
		{tiktokDelete, `"user_id":"bo"`},
		{tiktokDelete, `"user_id":"` + bo + `","force":true`},
	} {
		w.post(bad.path, bad.members).code(40002)
	}
	for _, bad := range []string{
		`{}`, `[]`, `null`, `{`, `{"bc_id":6900000000000000001,"user_id":"` + bo + `"}`, `{"bc_id":"` + tiktokCenter + `"}`,
		`{"bc_id":"` + tiktokCenter + `","user_id":"` + bo + `"}{}`,
	} {
		w.raw(tiktokDelete, bad).code(40002)
	}
	r := w.request("POST", tiktokDelete, "bc_id="+tiktokCenter+"&user_id="+bo)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	tiktokReply{w.do(r)}.code(40002)
	r = w.request("POST", tiktokDelete, `{"bc_id":"`+tiktokCenter+`","user_id":"`+bo+`"}`)
	r.Header.Set("Content-Type", "text/plain")
	tiktokReply{w.do(r)}.code(40002)
	w.post(tiktokDelete+"?force=1", `"user_id":"`+bo+`"`).code(40002)
	if w.person("bo@northwind.example").Status != "active" {
		t.Error("a refused call took effect")
	}
}

func TestTiktokLastAdminAndSelf(t *testing.T) {
	w := newTiktokWire(t)
	ada, olive := w.person("ada@northwind.example").ID, w.person("olive@northwind.example").ID
	w.post(tiktokDelete, `"user_id":"`+olive+`"`).code(40001) // herself
	w.post(tiktokDelete, `"user_id":"`+ada+`"`).code(0)
	w.post(tiktokDelete, `"user_id":"`+olive+`"`).code(40001)
	w.post(tiktokUpdate, `"user_id":"`+olive+`","user_role":"STANDARD"`).code(40001)
	// An invited administrator is none yet.
	w.post(tiktokInvite, `"emails":["eve@northwind.example"],"user_role":"ADMIN"`).code(0)
	w.post(tiktokUpdate, `"user_id":"`+olive+`","user_role":"STANDARD"`).code(40001)
	w.post(tiktokDelete, `"user_email":"eve@northwind.example"`).code(0)
	w.post(tiktokInvite, `"emails":["eve@northwind.example"],"user_role":"ADMIN"`).code(0)
	w.act(hubsim.Act{Action: "accept", Email: "eve@northwind.example"})
	w.post(tiktokUpdate, `"user_id":"`+olive+`","user_role":"STANDARD"`).code(0)
	if _, err := w.sim.Act(tiktok, tiktokCenter, hubsim.Act{Action: "remove", Email: "eve@northwind.example"}); !errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("the last admin removed by hand: %v", err)
	}
}

func TestTiktokLastAdminForAnIdentityWithoutARow(t *testing.T) {
	w := newTiktokCrowd(t, hubsim.Generate{Members: 2, Admins: 1})
	w.post(tiktokDelete, `"user_id":"`+w.person("member-00001@generated.example").ID+`"`).code(40001)
	w.post(tiktokDelete, `"user_id":"`+w.person("member-00002@generated.example").ID+`"`).code(0)
}

func TestTiktokCaps(t *testing.T) {
	w := newTiktokWire(t)
	bo := w.person("bo@northwind.example").ID
	w.configure(hubsim.Settings{"max_members": 5, "max_admins": 2})
	w.post(tiktokUpdate, `"user_id":"`+bo+`","user_role":"ADMIN"`).code(40002)
	w.post(tiktokInvite, `"emails":["eve@northwind.example"],"user_role":"ADMIN"`).code(40002)
	w.post(tiktokInvite, `"emails":["eve@northwind.example","finn@northwind.example"]`).code(40002)
	w.post(tiktokInvite, `"emails":["eve@northwind.example"]`).code(0)
	w.post(tiktokInvite, `"emails":["EVE@northwind.example","bo@northwind.example"]`).code(0) // there already
	w.configure(hubsim.Settings{"cap_code": 40001})
	w.post(tiktokInvite, `"emails":["finn@northwind.example"]`).code(40001)
	if _, err := w.sim.Act(tiktok, tiktokCenter, hubsim.Act{Action: "invite", Email: "finn@northwind.example"}); !errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("invited by hand into a full center: %v", err)
	}
}

func TestTiktokRequestLog(t *testing.T) {
	w := newTiktokWire(t)
	bo := w.person("bo@northwind.example").ID
	w.get(tiktokUser + "x")
	w.get(tiktokUser)
	w.get(tiktokCenters)
	w.get(tiktokCenters, "bc_id", tiktokCenter)
	w.list("")
	w.list(`{"relation_status":"BOUND"}`)
	w.list(`{"relation_status":"PENDING"}`)
	w.list(`{"relation_status":"PENDING","keyword":"eve"}`)
	w.list(`{"keyword":"eve"}`)
	w.post(tiktokInvite, `"emails":["eve@northwind.example"]`)
	w.post(tiktokUpdate, `"user_id":"`+bo+`","user_role":"ADMIN"`)
	w.post(tiktokDelete, `"user_id":"`+bo+`"`)
	w.post(tiktokDelete, `"user_email":"eve@northwind.example"`)
	r := w.request("GET", tiktokUser+"?Access-Token=mistyped-token", `{"access_token":"mistyped-token","note":"`+tiktokToken+`"}`)
	r.Header.Set("User-Agent", "agent/"+tiktokToken)
	w.do(r)

	var ops []string
	for i, r := range w.sim.Requests() {
		ops = append(ops, r.Operation)
		if about := r.Business == tiktokCenter; about != (i > 2 && i < 13) || r.Write != (i > 8 && i < 13) {
			t.Errorf("%d %s: business %q, write %t", i, r.Operation, r.Business, r.Write)
		}
	}
	equal(t, "operations", ops, []string{
		"unknown", "verify_identity", "list_businesses", "verify_business", "list_members", "list_members", "list_invitations",
		"find_invitation", "find_member", "invite", "change_role", "remove", "cancel_invitation", "verify_identity",
	})
	raw, err := json.Marshal(w.sim.Requests())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{tiktokToken, "mistyped-token"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("the log holds %q: %s", secret, raw)
		}
	}
	if !strings.Contains(string(raw), "eve@northwind.example") {
		t.Error("the log lost an address")
	}
}

func TestTiktokSeedsAndSettingsAreStrict(t *testing.T) {
	sim := hubsim.New()
	for name, bad := range map[string]hubsim.HubSeed{
		"id":       {BusinessID: "northwind"},
		"long id":  {BusinessID: "10000000000000000000"},
		"role":     {BusinessID: "1", People: []hubsim.PersonSeed{{Email: "a@x.example", Role: "OWNER"}}},
		"extra":    {BusinessID: "1", People: []hubsim.PersonSeed{{Email: "a@x.example", ExtraRoles: []string{"MANAGER"}}}},
		"extras":   {BusinessID: "1", People: []hubsim.PersonSeed{{Email: "a@x.example", ExtraRoles: []string{"finance:MANAGER", "finance:ANALYST"}}}},
		"status":   {BusinessID: "1", People: []hubsim.PersonSeed{{Email: "a@x.example", Status: "asleep"}}},
		"twice":    {BusinessID: "1", People: []hubsim.PersonSeed{{Email: "a@x.example"}, {Email: "A@x.example"}}},
		"address":  {BusinessID: "1", People: []hubsim.PersonSeed{{Name: "Nobody"}}},
		"settings": {BusinessID: "1", Settings: hubsim.Settings{"no_such": 1}},
	} {
		bad.Platform = tiktok
		if err := sim.Apply(hubsim.Seed{Hubs: []hubsim.HubSeed{bad}}); err == nil {
			t.Errorf("%s was applied", name)
		}
	}
	w := newTiktokWire(t)
	for name, bad := range map[string]hubsim.Credential{
		"nobody":   {"name": "x", "access_token": "t"},
		"no token": {"name": "x", "email": "a@x.example"},
		"no hub":   {"name": "x", "access_token": "t", "businesses": []string{"1"}},
		"twice":    {"name": "x", "access_token": tiktokToken, "email": "a@x.example"},
		"field":    {"name": "x", "access_token": "t", "email": "a@x.example", "scopes": []string{}},
	} {
		bad["platform"] = tiktok
		if err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{bad}}); err == nil {
			t.Errorf("credential with %s was applied", name)
		}
	}
	for _, bad := range []hubsim.Settings{
		{"churn": "dance"},
		{"cap_code": 1},
		{"max_page_size": 0},
		{"throttle": hubsim.Settings{"code": 50000}},
		{"throttle": hubsim.Settings{"code": 40100, "after_effect": true}},
		{"transient": hubsim.Settings{"code": 40100}},
		{"transient": hubsim.Settings{"calls": -1}},
	} {
		if err := w.sim.Configure(tiktok, tiktokCenter, bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	for _, absent := range []string{hubsim.SecondFactor, hubsim.Blocked} {
		if err := w.sim.Configure(tiktok, tiktokCenter, hubsim.Settings{absent: true}); !errors.Is(err, hubsim.ErrUnknownSetting) {
			t.Errorf("%s: %v", absent, err)
		}
	}
	if err := w.sim.Configure(tiktok, "1", nil); !errors.Is(err, hubsim.ErrUnknownHub) {
		t.Errorf("err = %v", err)
	}
	status, body := w.control("GET", "hubs/"+tiktok+"/"+tiktokCenter, "")
	if status != 200 || !strings.Contains(body, `"count":{"active":3,"invited":1}`) || !strings.Contains(body, `"max_admins":20`) {
		t.Errorf("%d %s", status, body)
	}
}
