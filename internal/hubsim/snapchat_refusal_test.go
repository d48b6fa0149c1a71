package hubsim_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestSnapchatRefreshToken(t *testing.T) {
	w := newSnapWire(t)
	got := w.refresh()
	issued, _ := got.body["access_token"].(string)
	if got.status != 200 || got.body["token_type"] != "Bearer" || got.body["expires_in"] != 3600.0 ||
		got.body["refresh_token"] != snapRefresh || got.body["scope"] != "snapchat-marketing-api" {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	w.token = issued
	w.sim.Clock().Advance(time.Hour - 1)
	w.get(snapMembers).is(200, "SUCCESS")
	w.sim.Clock().Advance(1)
	w.get(snapMembers).refused(401, "") // expired in the middle of a run
	w.token, _ = w.refresh().body["access_token"].(string)
	w.get(snapMembers).is(200, "SUCCESS")

	w.configure(hubsim.Settings{"calls_per_token": 2})
	w.token, _ = w.refresh().body["access_token"].(string)
	w.get(snapMembers).is(200, "SUCCESS")
	w.get(snapMembers).is(200, "SUCCESS")
	w.get(snapMembers).refused(401, "")
}

func TestSnapchatRefreshAnswers(t *testing.T) {
	w := newSnapWire(t)
	w.configure(hubsim.Settings{"refresh_answer": "omit"})
	if _, given := w.refresh().body["refresh_token"]; given {
		t.Error("a refresh token answered")
	}
	w.configure(hubsim.Settings{"refresh_answer": "rotate"})
	next, _ := w.refresh().body["refresh_token"].(string)
	if next == "" || next == snapRefresh {
		t.Fatalf("rotated to %q", next)
	}
	if got := w.refresh(); got.status != 400 || got.body["error"] != "invalid_grant" {
		t.Errorf("the spent token: %d %s", got.status, got.raw)
	}
	if got := w.refresh("refresh_token", next); got.status != 200 {
		t.Errorf("the new token: %d %s", got.status, got.raw)
	}
}

func TestSnapchatOAuthErrors(t *testing.T) {
	w := newSnapWire(t)
	for _, c := range []struct {
		name, value string
		status      int
		code        string
	}{
		{"refresh_token", "mistyped", 400, "invalid_grant"},
		{"refresh_token", "", 400, "invalid_request"},
		{"client_id", "", 400, "invalid_request"},
		{"client_id", "another", 401, "invalid_client"},
		{"client_secret", "mistyped", 401, "invalid_client"},
		{"grant_type", "", 400, "invalid_request"},
		{"grant_type", "authorization_code", 400, "unsupported_grant_type"},
	} {
		got := w.refresh(c.name, c.value)
		if description, _ := got.body["error_description"].(string); got.status != c.status || got.body["error"] != c.code || description == "" {
			t.Errorf("%s=%s: %d %s", c.name, c.value, got.status, got.raw)
		}
	}
	if got := w.call("POST", snapTokenPath, `{"grant_type":"refresh_token"}`); got.status != 400 || got.body["error"] != "invalid_request" {
		t.Errorf("JSON: %d %s", got.status, got.raw)
	}
	if got := w.refresh("client_id", "another", "client_secret", "another-secret"); got.status != 400 || got.body["error"] != "invalid_grant" {
		t.Errorf("another app's: %d %s", got.status, got.raw)
	}
	inQuery := w.request("POST", snapTokenPath+"?client_secret="+snapSecret, url.Values{
		"grant_type": {"refresh_token"}, "client_id": {snapClient}, "client_secret": {snapSecret}, "refresh_token": {snapRefresh},
	}.Encode())
	inQuery.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := w.do(inQuery); got.status != 400 || got.body["error"] != "invalid_request" {
		t.Errorf("a secret in the query: %d %s", got.status, got.raw)
	}
	if got := w.get(snapTokenPath); got.status != 405 {
		t.Errorf("GET: %d", got.status)
	}
}

func TestSnapchatTokens(t *testing.T) {
	w := newSnapWire(t)
	w.as("mistyped", "GET", "/v1/me", "").refused(401, "")
	r := w.request("GET", "/v1/me?access_token="+snapToken, "")
	r.Header.Del("Authorization")
	snapReply{w.do(r)}.refused(401, "")
	err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{
		{"platform": snapchat, "name": "olive", "access_token": "snap-short", "expires_in": "1h", "email": "olive@northwind.example"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.get("/v1/me").refused(401, "") // the one it replaced
	w.token = "snap-short"
	w.get("/v1/me").is(200, "SUCCESS")
	w.sim.Clock().Advance(time.Hour)
	w.get("/v1/me").refused(401, "")
	w.token = snapToken
	if err := w.sim.Reset(); err != nil {
		t.Fatal(err)
	}
	w.get("/v1/me").is(200, "SUCCESS")
}

func TestSnapchatCauses(t *testing.T) {
	for setting, want := range map[string]struct{ me, list, refresh int }{
		hubsim.TokenExpired:      {401, 401, 400},
		hubsim.TokenInvalid:      {401, 401, 400},
		hubsim.PermissionMissing: {403, 403, 200},
		hubsim.NotAdmin:          {200, 403, 200},
		hubsim.RateLimited:       {429, 429, 200},
		hubsim.Unavailable:       {503, 503, 200},
	} {
		t.Run(setting, func(t *testing.T) {
			w := newSnapWire(t)
			w.configure(hubsim.Settings{setting: true})
			me, list, create, refresh := w.get("/v1/me"), w.get(snapMembers), w.create("eve@northwind.example"), w.refresh()
			if me.status != want.me || list.status != want.list || create.status != want.list || refresh.status != want.refresh {
				t.Errorf("me %d, list %d, create %d, refresh %d", me.status, list.status, create.status, refresh.status)
			}
			if w.person("eve@northwind.example").Status != "" {
				t.Error("a refused create took effect")
			}
			w.configure(hubsim.Settings{setting: false})
			w.create("eve@northwind.example").is(200, "SUCCESS")
		})
	}
}

func TestSnapchatOnlyAnAdminManages(t *testing.T) {
	w := newSnapWire(t)
	bo, sam := w.person("bo@northwind.example").ID, w.person("sam@northwind.example").ID
	w.as(snapBoToken, "GET", snapMembers, "").refused(403, "E3003")
	w.as(snapBoToken, "GET", snapRoles, "").refused(403, "E3003")
	w.as(snapBoToken, "POST", snapMembers, `{}`).refused(403, "E3003")
	w.as(snapBoToken, "GET", "/v1/members/"+sam, "").refused(403, "E3003")
	w.as(snapBoToken, "GET", "/v1/members/"+bo, "").is(200, "SUCCESS") // himself
	w.as(snapBoToken, "DELETE", "/v1/members/"+sam, "").subError("members", "E3004")
	w.as(snapBoToken, "DELETE", "/v1/roles/"+w.roleOf("sam@northwind.example"), "").subError("roles", "E3004")
	w.get("/v1/organizations/"+snapOther+"/members").refused(403, "E3003") // a member there, no admin
	w.get("/v1/organizations/"+strings.Replace(snapOrg, "5cf", "5cc", 1)+"/members").refused(404, "E3003")
	w.act(hubsim.Act{Action: "set_role", Email: "bo@northwind.example", Role: "business_admin"})
	w.as(snapBoToken, "GET", snapMembers, "").is(200, "SUCCESS")
	w.act(hubsim.Act{Action: "remove", Email: "bo@northwind.example"})
	w.act(hubsim.Act{Action: "invite", Email: "bo@northwind.example", Role: "admin"})
	w.as(snapBoToken, "GET", snapMembers, "").refused(403, "E3003") // not before they accept
	w.act(hubsim.Act{Action: "accept", Email: "bo@northwind.example"})
	w.as(snapBoToken, "GET", snapMembers, "").is(200, "SUCCESS")
	w.act(hubsim.Act{Action: "set_role", Email: "bo@northwind.example", Role: "data_admin"})
	w.as(snapBoToken, "GET", snapMembers, "").refused(403, "E3003")
}

func TestSnapchatPathsAndMethods(t *testing.T) {
	w := newSnapWire(t)
	for _, path := range []string{"/me", "/v1", "/v1/", "/v1/me/", "/v2/me", "/v1/me/members", snapMembers + "/", "/v1/catalogs/x/roles"} {
		w.get(path).refused(404, "E3003")
	}
	for _, c := range []struct{ method, path string }{
		{"POST", "/v1/me"}, {"DELETE", snapMembers}, {"PATCH", snapRoles}, {"PUT", "/v1/members/x"}, {"GET", "/v1/roles/x"}, {"DELETE", "/v1/organizations/" + snapOrg},
	} {
		w.call(c.method, c.path, "").refused(405, "")
	}
}

func TestSnapchatThrottle(t *testing.T) {
	w := newSnapWire(t)
	w.configure(hubsim.Settings{"throttle": hubsim.Settings{"calls": 1}})
	limited := w.get(snapMembers)
	limited.refused(429, "")
	if limited.header.Get("X-Rate-Limit-Reset") != "" || limited.header.Get("Retry-After") != "" {
		t.Errorf("headers nobody documents: %v", limited.header)
	}
	w.get(snapMembers).is(200, "SUCCESS")

	w.configure(hubsim.Settings{"rate_headers": true, "throttle": hubsim.Settings{"code": 429, "minutes": 2, "writes_only": true}})
	if got := w.get(snapMembers).is(200, "SUCCESS").header.Get("X-Rate-Limit-Remaining"); got != "9" {
		t.Errorf("remaining %q", got)
	}
	limited = w.create("eve@northwind.example")
	limited.refused(429, "")
	reset := strconv.FormatInt(start.Add(2*time.Minute).Unix(), 10)
	if h := limited.header; h.Get("X-Rate-Limit-Limit") != "10" || h.Get("X-Rate-Limit-Remaining") != "0" || h.Get("X-Rate-Limit-Reset") != reset {
		t.Errorf("headers: %v", h)
	}
	w.sim.Clock().Advance(2 * time.Minute)
	w.create("eve@northwind.example").is(200, "SUCCESS")
}

func TestSnapchatTransient(t *testing.T) {
	w := newSnapWire(t)
	for _, status := range []int{500, 502, 503, 504} {
		w.configure(hubsim.Settings{"transient": hubsim.Settings{"code": status, "calls": 1}})
		w.get(snapMembers).refused(status, "")
		w.get(snapMembers).is(200, "SUCCESS")
	}
	w.configure(hubsim.Settings{"transient": hubsim.Settings{"calls": 1, "after_effect": true, "writes_only": true}})
	w.create("eve@northwind.example").refused(503, "")
	if w.person("eve@northwind.example").Status != "invited" {
		t.Error("the write did not take effect")
	}
	w.fault(hubsim.Fault{Kind: hubsim.FaultHTML, Operation: hubsim.OpGrantRole, Times: 1})
	if got := w.grant(w.person("eve@northwind.example").ID, "member"); got.status != 502 || w.person("eve@northwind.example").Role != "" {
		t.Errorf("half added: %d %+v", got.status, w.person("eve@northwind.example"))
	}
}

func TestSnapchatRequestLog(t *testing.T) {
	w := newSnapWire(t)
	bo, sam, role := w.person("bo@northwind.example").ID, w.person("sam@northwind.example").ID, w.roleOf("bo@northwind.example")
	invitedRole := w.roleOf("sam@northwind.example")
	account := w.get(snapRoles).rows("roles")[1]["container_id"].(string)
	w.sim.ResetRequests()
	w.refresh()
	w.refresh("refresh_token", "mistyped-token", "client_secret", "mistyped-secret")
	w.get("/v1/me")
	w.get("/v1/me/organizations")
	w.get("/v1/nothing")
	w.get("/v1/organizations/" + snapOrg)
	w.get(snapMembers)
	w.get(snapRoles)
	w.get("/v1/adaccounts/" + account + "/roles")
	w.get("/v1/members/" + bo)
	w.get("/v1/members/" + sam)
	w.get("/v1/members/" + bo + "/roles")
	w.create("eve@northwind.example")
	w.call("PUT", snapMembers, `{"members":[{"id":"`+bo+`","display_name":"`+snapToken+`"}]}`)
	w.grant(w.person("eve@northwind.example").ID, "member")
	w.put(role, "data_admin")
	w.put(invitedRole, "member")
	w.del("/v1/roles/" + role)
	w.del("/v1/members/" + bo)
	w.del("/v1/members/" + bo)
	w.del("/v1/members/" + sam)

	var ops []string
	for i, r := range w.sim.Requests() {
		ops = append(ops, r.Operation)
		if about := r.Business == snapOrg; about != (i > 4) || r.Write != (i > 11) {
			t.Errorf("%d %s: business %q, write %t", i, r.Operation, r.Business, r.Write)
		}
		if wrong := i == 1; (r.Credential == "olive") == wrong {
			t.Errorf("%d %s: credential %q", i, r.Operation, r.Credential)
		}
	}
	equal(t, "operations", ops, []string{
		"refresh_token", "refresh_token", "verify_identity", "list_businesses", "unknown", "verify_business", "list_members",
		"list_roles", "list_roles", "get_member", "get_invitation", "member_roles", "invite", "update_member", "grant_role",
		"change_role", "change_invited_role", "revoke_role", "remove", "remove", "cancel_invitation",
	})
	raw, err := json.Marshal(w.sim.Requests())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{snapToken, snapRefresh, snapSecret, "mistyped-token", "mistyped-secret"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("the log holds %q: %s", secret, raw)
		}
	}
	if !strings.Contains(string(raw), snapClient) {
		t.Error("the log lost the client id, which is no secret")
	}
}

func TestSnapchatSeedsAndSettingsAreStrict(t *testing.T) {
	sim := hubsim.New()
	for name, bad := range map[string]hubsim.HubSeed{
		"id":       {BusinessID: "northwind"},
		"case":     {BusinessID: strings.ToUpper(snapOrg)},
		"role":     {People: []hubsim.PersonSeed{{Email: "a@x.example", Role: "ADMIN"}}},
		"extra":    {People: []hubsim.PersonSeed{{Email: "a@x.example", ExtraRoles: []string{"adaccount:owner"}}}},
		"status":   {People: []hubsim.PersonSeed{{Email: "a@x.example", Status: "asleep"}}},
		"twice":    {People: []hubsim.PersonSeed{{Email: "a@x.example"}, {Email: "A@x.example"}}},
		"address":  {People: []hubsim.PersonSeed{{Name: "Nobody"}}},
		"settings": {Settings: hubsim.Settings{"no_such": 1}},
	} {
		bad.Platform = snapchat
		if bad.BusinessID == "" {
			bad.BusinessID = snapOrg
		}
		if err := sim.Apply(hubsim.Seed{Hubs: []hubsim.HubSeed{bad}}); err == nil {
			t.Errorf("%s was applied", name)
		}
	}
	w := newSnapWire(t)
	for name, bad := range map[string]hubsim.Credential{
		"no name":   {"access_token": "t", "email": "a@x.example"},
		"no token":  {"name": "x", "email": "a@x.example"},
		"no client": {"name": "x", "refresh_token": "r", "email": "a@x.example"},
		"no hub":    {"name": "x", "access_token": "t", "organizations": []string{"1"}},
		"twice":     {"name": "x", "access_token": snapToken, "email": "a@x.example"},
		"field":     {"name": "x", "access_token": "t", "businesses": []string{}},
		"address":   {"name": "x", "access_token": "t", "email": "a"},
		"lifetime":  {"name": "x", "access_token": "t", "expires_in": "-1s"},
	} {
		bad["platform"] = snapchat
		if err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{bad}}); err == nil {
			t.Errorf("credential with %s was applied", name)
		}
	}
	for _, bad := range []hubsim.Settings{
		{"put_roles": "maybe"},
		{"default_page_size": 0},
		{"next_link_base": "foreign.example"},
		{"throttle": hubsim.Settings{"code": 503}},
		{"throttle": hubsim.Settings{"after_effect": true}},
		{"transient": hubsim.Settings{"code": 429}},
	} {
		if err := w.sim.Configure(snapchat, snapOrg, bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	for _, absent := range []string{hubsim.SecondFactor, hubsim.Blocked} {
		if err := w.sim.Configure(snapchat, snapOrg, hubsim.Settings{absent: true}); !errors.Is(err, hubsim.ErrUnknownSetting) {
			t.Errorf("%s: %v", absent, err)
		}
	}
	if err := w.sim.Configure(snapchat, "1", nil); !errors.Is(err, hubsim.ErrUnknownHub) {
		t.Errorf("err = %v", err)
	}
	status, body := w.control("GET", "hubs/"+snapchat+"/"+snapOrg, "")
	if status != 200 || !strings.Contains(body, `"count":{"active":3,"invited":1}`) || !strings.Contains(body, `"put_roles":"on"`) {
		t.Errorf("%d %s", status, body)
	}
}
