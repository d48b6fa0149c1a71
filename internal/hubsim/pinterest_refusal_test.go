package hubsim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestPinterestRefusesWhatItDoesNotKnow(t *testing.T) {
	w := newPinWire(t)
	bo := w.person("bo_northwind").ID
	many := func(item string, n int) string { return "[" + strings.Repeat(item+",", n-1) + item + "]" }
	people := "/v5/businesses/"
	for name, c := range map[string]struct {
		method, path, body string
		status, code       int
	}{
		"no version":            {"GET", "/user_account", "", 404, 404},
		"other version":         {"GET", "/v6/user_account", "", 404, 404},
		"unknown path":          {"GET", homeMembers + "/roles", "", 404, 404},
		"trailing slash":        {"GET", homeMembers + "/", "", 404, 404},
		"method":                {"PUT", homeMembers, "", 405, 405},
		"patch on invites":      {"PATCH", homeInvites, `{"invites":[]}`, 405, 405},
		"business not a number": {"GET", people + "northwind/members", "", 400, 1},
		"business too long":     {"GET", people + strings.Repeat("1", 21) + "/members", "", 400, 1},
		"business empty":        {"GET", people + "/members", "", 404, 404},
		"business unknown":      {"GET", people + "404/members", "", 404, 30},
		"business of others":    {"GET", people + agency + "/members", "", 403, 29},
		"query unknown":         {"GET", homeMembers + "?limit=5", "", 400, 1},
		"query on a write":      {"DELETE", homeMembers + "?force=true", `{"members":[{"member_id":"1","business_role":"EMPLOYEE"}]}`, 400, 1},
		"page size zero":        {"GET", homeMembers + "?page_size=0", "", 400, 1},
		"page size large":       {"GET", homeInvites + "?page_size=251", "", 400, 1},
		"page size no number":   {"GET", homeMembers + "?page_size=all", "", 400, 1},
		"start index negative":  {"GET", homeMembers + "?start_index=-1", "", 400, 1},
		"no boolean":            {"GET", homeMembers + "?fetch_system_users=1", "", 400, 1},
		"roles with commas":     {"GET", homeMembers + "?business_roles=EMPLOYEE,BIZ_ADMIN", "", 400, 1},
		"role partner":          {"GET", homeMembers + "?business_roles=PARTNER", "", 400, 1},
		"ids not numbers":       {"GET", homeMembers + "?member_ids=ada", "", 400, 1},
		"ids too long":          {"GET", homeMembers + "?member_ids=" + strings.Repeat("12345678,", 60) + "1", "", 400, 1},
		"status accepted":       {"GET", homeInvites + "?invite_status=ACCEPTED", "", 400, 1},
		"invite type":           {"GET", homeInvites + "?invite_type=member", "", 400, 1},
		"body on a read":        {"GET", homeMembers, `{}`, 400, 1},
		"ad account":            {"GET", "/v5/user_account?ad_account_id=1234567890123456789", "", 400, 1},

		"no body":               {"POST", homeInvites, "", 400, 1},
		"no JSON":               {"POST", homeInvites, `{"invite_type":`, 400, 1},
		"two documents":         {"DELETE", homeInvites, `{"invite_ids":["1"]}{}`, 400, 1},
		"array for an object":   {"POST", homeInvites, `[]`, 400, 1},
		"no role":               {"POST", homeInvites, `{"invite_type":"MEMBER_INVITE","members":["a@b.example"]}`, 400, 1},
		"no type":               {"POST", homeInvites, `{"business_role":"EMPLOYEE","members":["a@b.example"]}`, 400, 1},
		"no members":            {"POST", homeInvites, `{"business_role":"EMPLOYEE","invite_type":"MEMBER_INVITE"}`, 400, 1},
		"members empty":         {"POST", homeInvites, `{"business_role":"EMPLOYEE","invite_type":"MEMBER_INVITE","members":[]}`, 400, 1},
		"51 members":            {"POST", homeInvites, `{"business_role":"EMPLOYEE","invite_type":"MEMBER_INVITE","members":` + many(`"a@b.example"`, 51) + `}`, 400, 1},
		"member no text":        {"POST", homeInvites, `{"business_role":"EMPLOYEE","invite_type":"MEMBER_INVITE","members":[1]}`, 400, 1},
		"members of partners":   {"POST", homeInvites, `{"business_role":"EMPLOYEE","invite_type":"MEMBER_INVITE","members":["a@b.example"],"partners":["1"]}`, 400, 1},
		"partner role":          {"POST", homeInvites, `{"business_role":"PARTNER","invite_type":"MEMBER_INVITE","members":["a@b.example"]}`, 400, 1},
		"partner invite":        {"POST", homeInvites, `{"business_role":"PARTNER","invite_type":"PARTNER_INVITE","partners":["1"]}`, 400, 1},
		"role in lower case":    {"POST", homeInvites, `{"business_role":"employee","invite_type":"MEMBER_INVITE","members":["a@b.example"]}`, 400, 1},
		"unknown field":         {"POST", homeInvites, `{"business_role":"EMPLOYEE","invite_type":"MEMBER_INVITE","members":["a@b.example"],"message":"hi"}`, 400, 1},
		"field in other case":   {"POST", homeInvites, `{"business_role":"EMPLOYEE","invite_type":"MEMBER_INVITE","Members":["a@b.example"]}`, 400, 1},
		"cancel nothing":        {"DELETE", homeInvites, `{"invite_ids":[]}`, 400, 1},
		"cancel 51":             {"DELETE", homeInvites, `{"invite_ids":` + many(`"1"`, 51) + `}`, 400, 1},
		"cancel a number":       {"DELETE", homeInvites, `{"invite_ids":[1]}`, 400, 1},
		"cancel a long id":      {"DELETE", homeInvites, `{"invite_ids":["` + strings.Repeat("1", 26) + `"]}`, 400, 1},
		"cancel without body":   {"DELETE", homeInvites, "", 400, 1},
		"object for an array":   {"PATCH", homeMembers, `{"members":[{"member_id":"` + bo + `","business_role":"BIZ_ADMIN"}]}`, 400, 1},
		"change nothing":        {"PATCH", homeMembers, `[]`, 400, 1},
		"change without role":   {"PATCH", homeMembers, `[{"member_id":"` + bo + `"}]`, 400, 1},
		"change to partner":     {"PATCH", homeMembers, `[{"member_id":"` + bo + `","business_role":"PARTNER"}]`, 400, 1},
		"change by username":    {"PATCH", homeMembers, `[{"member_id":"bo_northwind","business_role":"BIZ_ADMIN"}]`, 400, 1},
		"remove without role":   {"DELETE", homeMembers, `{"members":[{"member_id":"` + bo + `"}]}`, 400, 1},
		"remove by bare array":  {"DELETE", homeMembers, `[{"member_id":"` + bo + `","business_role":"EMPLOYEE"}]`, 400, 1},
		"remove 51":             {"DELETE", homeMembers, `{"members":` + many(`{"member_id":"1","business_role":"EMPLOYEE"}`, 51) + `}`, 400, 1},
		"remove without body":   {"DELETE", homeMembers, "", 400, 1},
		"answer nothing":        {"PATCH", "/v5/businesses/invites", `{"invites":[]}`, 400, 1},
		"answer without action": {"PATCH", "/v5/businesses/invites", `{"invites":[{"invite_id":"1"}]}`, 400, 1},
		"answer maybe":          {"PATCH", "/v5/businesses/invites", `{"invites":[{"invite_id":"1","action":{"accept_invite":"yes"}}]}`, 400, 1},
		"answer with no assets": {"PATCH", "/v5/businesses/invites", `{"invites":[{"invite_id":"1","action":{"accept_invite":true,"asset_id_to_permissions":{}}}]}`, 400, 1},
		"answer as owner":       {"PATCH", "/v5/businesses/invites", `{"invites":[{"invite_id":"1","action":{"accept_invite":true,"asset_id_to_permissions":{"1":["OWNER"]}}}]}`, 400, 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.call(c.method, c.path, c.body)
			got.t = t
			got.pinRefused(c.status, c.code)
		})
	}
	for _, contentType := range []string{"application/x-www-form-urlencoded", "text/json", "", "application/json; charset"} {
		r := w.request("DELETE", homeMembers, `{"members":[{"member_id":"`+bo+`","business_role":"EMPLOYEE"}]}`)
		r.Header.Set("Content-Type", contentType)
		w.do(r).pinRefused(400, 1)
	}
	if now, err := w.sim.People(pinterest, home); err != nil || len(now) != 5 {
		t.Errorf("a refused call had an effect: %v %v", now, err)
	}
}

func TestPinterestScopes(t *testing.T) {
	w := newPinWire(t)
	for n, scopes := range [][]string{{"biz_access:read"}, {"biz_access:write"}, {"user_accounts:read"}} {
		err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{{
			"platform": pinterest, "name": scopes[0], "access_token": fmt.Sprint("pina_scope", n), "businesses": []string{home}, "scopes": scopes,
		}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	seat := `{"member_id":"99","business_role":"EMPLOYEE"}`
	for _, c := range []struct {
		method, path, body string
		enough             string // of read, write and account alone; none when two are needed
	}{
		{"GET", "/v5/user_account", "", "2"},
		{"GET", "/v5/businesses/employers", "", "0"},
		{"GET", homeMembers, "", "0"},
		{"GET", homeInvites, "", "0"},
		{"POST", homeInvites, `{"invite_type":"MEMBER_INVITE","business_role":"EMPLOYEE","members":["a@b.example"]}`, "1"},
		{"DELETE", homeInvites, `{"invite_ids":["1"]}`, "1"},
		{"PATCH", homeMembers, "[" + seat + "]", "1"},
		{"DELETE", homeMembers, `{"members":[` + seat + `]}`, ""},
		{"PATCH", "/v5/businesses/invites", `{"invites":[{"invite_id":"1","action":{"accept_invite":true}}]}`, ""},
	} {
		for n := range 3 {
			got := w.as(fmt.Sprint("pina_scope", n)).call(c.method, c.path, c.body)
			if fmt.Sprint(n) == c.enough {
				got.ok()
			} else {
				got.pinRefused(401, 3)
			}
		}
		w.call(c.method, c.path, c.body).ok()
	}
}

func TestPinterestTokens(t *testing.T) {
	w := newPinWire(t)
	for _, bearer := range []string{"", "pina_unknown"} {
		w.as(bearer).get(homeMembers).pinRefused(401, 2)
	}
	w.as("").get(homeMembers+"?access_token="+pinOwner).pinRefused(401, 2)
	basic := w.request("GET", homeMembers, "")
	basic.SetBasicAuth(pinClient, pinSecret)
	w.do(basic).pinRefused(401, 2)
	for _, setting := range []string{hubsim.TokenExpired, hubsim.TokenInvalid} {
		w.configure(hubsim.Settings{setting: true})
		w.get(homeMembers).pinRefused(401, 2)
		w.get("/v5/user_account").pinRefused(401, 2)
		w.token(pinClient, pinSecret, pinRefresh, "").pinRefused(401, 2)
		w.as(pinStray).get("/v5/user_account").ok() // has nothing to do with the business
		w.configure(hubsim.Settings{setting: false})
		w.get(homeMembers).ok()
	}
	w.configure(hubsim.Settings{hubsim.PermissionMissing: true})
	w.get(homeMembers).pinRefused(401, 3)
	w.get("/v5/user_account").ok()
}

func TestPinterestStanding(t *testing.T) {
	w := newPinWire(t)
	w.as(pinStray).get(homeMembers).pinRefused(403, 29)
	w.as(pinBo).get(homeMembers).pinRefused(403, 29) // an employee
	w.as(pinOlive).get(homeMembers).ok()
	w.act(hubsim.Act{Action: "set_role", Email: "olive@northwind.example", Role: "EMPLOYEE"})
	w.as(pinOlive).get(homeMembers).pinRefused(403, 29)

	w.configure(hubsim.Settings{hubsim.NotAdmin: true})
	for answer, want := range map[string][2]int{"403/29": {403, 29}, "403/403": {403, 403}, "401/29": {401, 29}, "401/7": {401, 7}} {
		w.configure(hubsim.Settings{"forbidden_answer": answer})
		w.get(homeMembers).pinRefused(want[0], want[1])
		w.invite("EMPLOYEE", "a@b.example").pinRefused(want[0], want[1])
	}
	w.get("/v5/user_account").ok()
}

func TestPinterestBusinessInTrouble(t *testing.T) {
	w := newPinWire(t)
	for setting, code := range map[string]int{hubsim.Blocked: 2625, "under_review": 2626} {
		w.configure(hubsim.Settings{setting: true})
		w.invite("EMPLOYEE", "a@b.example").pinRefused(403, code)
		w.remove("99", "EMPLOYEE").pinRefused(403, code)
		w.get(homeMembers).ok()
		w.configure(hubsim.Settings{setting: false})
	}
	w.configure(hubsim.Settings{"not_business_account": true})
	w.get(homeMembers).pinRefused(403, 654)
	if got := w.get("/v5/user_account").ok()["account_type"]; got != "PINNER" {
		t.Errorf("account_type = %v", got)
	}
}

func TestPinterestSettingsAreChecked(t *testing.T) {
	w := newPinWire(t)
	for _, patch := range []hubsim.Settings{
		{"known_invitee": "none"},
		{"missing_ids": "drop"},
		{"role_mismatch": "maybe"},
		{"role_changes": "never"},
		{"page_shape": "round"},
		{"last_bookmark": "none"},
		{"forbidden_answer": "418/1"},
		{"rate_headers": "odd"},
		{"hidden": map[string][]string{"x": {"name"}}},
		{"throttle": hubsim.Settings{"code": 4}},
		{"transient": hubsim.Settings{"code": 200}},
		{"visibility_lag": "-1s"},
		{"invitation_lifetime": "0s"},
	} {
		if err := w.sim.Configure(pinterest, home, patch); err == nil || errors.Is(err, hubsim.ErrUnknownSetting) {
			t.Errorf("%v: %v", patch, err)
		}
	}
	if err := w.sim.Configure(pinterest, home, hubsim.Settings{hubsim.SecondFactor: true}); !errors.Is(err, hubsim.ErrUnknownSetting) {
		t.Errorf("a cause this platform does not have: %v", err)
	}
	w.get(homeMembers).ok()
}

func TestPinterestRequestLog(t *testing.T) {
	w := newPinWire(t)
	bo := w.person("bo_northwind").ID
	w.get("/v5/user_account")
	w.get("/v5/businesses/employers")
	w.get(homeMembers + "?page_size=1")
	w.get(homeMembers + "?page_size=250")
	w.get(homeMembers + "?member_ids=" + bo)
	w.get(homeMembers + "?fetch_system_users=true")
	w.get(homeInvites)
	w.token(pinClient, pinSecret, pinRefresh, "")
	w.invite("EMPLOYEE", "a@b.example")
	w.cancel("99")
	w.setRole(bo, "EMPLOYEE")
	w.remove(bo, "EMPLOYEE")
	w.call("PATCH", "/v5/businesses/invites", `{"invites":[{"invite_id":"1","action":{"accept_invite":true}}]}`)
	w.get("/nowhere")
	want := []string{
		"verify_identity", "list_businesses", "verify_business", "list_members", "get_member", "list_system_users", "list_invitations",
		"refresh_token", "invite", "cancel_invitation", "change_role", "remove", "answer_invitation", "unknown",
	}
	var got []string
	for n, r := range w.sim.Requests(hubsim.ByPlatform(pinterest)) {
		got = append(got, r.Operation)
		if about := r.Business == home; about != ((n >= 2 && n <= 6) || (n >= 8 && n <= 11)) {
			t.Errorf("%s: business %q", r.Operation, r.Business)
		}
		if write := n >= 8 && n <= 12; r.Write != write {
			t.Errorf("%s: write %t", r.Operation, r.Write)
		}
		if name := map[bool]string{true: "olive", false: "automation"}[n == 7]; r.Credential != name || r.TokenIn != "header" {
			t.Errorf("%s: credential %q in %q", r.Operation, r.Credential, r.TokenIn)
		}
	}
	equal(t, "operations", got, want)
}

func TestPinterestLogHoldsNoSecret(t *testing.T) {
	w := newPinWire(t)
	granted := w.token(pinClient, pinSecret, pinRefresh, "").ok()
	access, refresh := granted["access_token"].(string), granted["refresh_token"].(string)
	w.token(pinClient, "mistyped-secret", "mistyped-refresh", "")
	w.as(access).get(homeMembers + "?access_token=" + access)
	w.as(access).invite("EMPLOYEE", "kept@b.example", refresh, pinSecret)
	r := w.as(access).request("GET", "/v5/"+access+"/members", "")
	r.Header.Set("User-Agent", "agent "+refresh)
	w.do(r)
	raw, err := json.Marshal(w.sim.Requests())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{access, refresh, pinSecret, pinRefresh, "mistyped-secret", "mistyped-refresh", "Basic "} {
		if strings.Contains(string(raw), s) {
			t.Errorf("the log holds %q: %s", s, raw)
		}
	}
	if !strings.Contains(string(raw), "kept@b.example") {
		t.Error("the log lost the body")
	}
}
