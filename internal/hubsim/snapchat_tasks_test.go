package hubsim_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestSnapchatAddIsTwoCalls(t *testing.T) {
	w := newSnapWire(t)
	rows := w.create("eve@northwind.example").rows("members")
	id := rows[0]["id"].(string)
	if rows[0]["member_status"] != "INVITED" || rows[0]["display_name"] != "New" || rows[0]["organization_id"] != snapOrg {
		t.Errorf("created = %v", rows[0])
	}
	if eve := w.person("eve@northwind.example"); eve.ID != id || eve.Status != "invited" || eve.Role != "" {
		t.Errorf("eve = %+v", eve) // half added: no role yet
	}
	role := w.grant(id, "business_admin").rows("roles")[0]
	if role["member_id"] != id || role["type"] != "business_admin" || role["container_kind"] != "Organizations" || role["container_id"] != snapOrg {
		t.Errorf("role = %v", role)
	}
	if eve := w.person("eve@northwind.example"); eve.Role != "business_admin" {
		t.Errorf("eve = %+v", eve)
	}
	accepted := w.act(hubsim.Act{Action: "accept", Email: "EVE@northwind.example"})
	if accepted.ID != id || accepted.Status != "active" || accepted.Role != "business_admin" {
		t.Errorf("accepted = %+v", accepted)
	}
}

func TestSnapchatCreateRefusals(t *testing.T) {
	w := newSnapWire(t)
	for name, body := range map[string]string{
		"no email":     `{"organization_id":"` + snapOrg + `","display_name":"X"}`,
		"no name":      `{"email":"x@northwind.example","organization_id":"` + snapOrg + `"}`,
		"blank name":   `{"email":"x@northwind.example","organization_id":"` + snapOrg + `","display_name":""}`,
		"no org":       `{"email":"x@northwind.example","display_name":"X"}`,
		"another org":  `{"email":"x@northwind.example","organization_id":"` + snapOther + `","display_name":"X"}`,
		"no address":   `{"email":"x","organization_id":"` + snapOrg + `","display_name":"X"}`,
		"null":         `null`,
		"null address": `{"email":null,"organization_id":"` + snapOrg + `","display_name":"X"}`,
	} {
		t.Log(name)
		w.call("POST", snapMembers, `{"members":[`+body+`]}`).subError("members", "E2001")
	}
	w.create("BO@northwind.example").subError("members", "E2002")
	w.create("sam@northwind.example").subError("members", "E2002")
	w.configure(hubsim.Settings{"duplicate_email": "return", "create_status": false})
	if got := w.create("bo@northwind.example").rows("members")[0]; got["id"] != w.person("bo@northwind.example").ID || got["member_status"] != "MEMBER" {
		t.Errorf("existing = %v", got)
	}
	if _, given := w.create("eve@northwind.example").rows("members")[0]["member_status"]; given {
		t.Error("member_status answered")
	}
	for name, body := range map[string]string{
		"no body":  ``,
		"no array": `{"members":{}}`,
		"empty":    `{"members":[]}`,
		"two":      `{"members":[{}],"roles":[{}]}`,
		"plural":   `{"member":[{}]}`,
		"field":    `{"members":[{"role":"admin"}]}`,
		"number":   `{"members":[{"email":1}]}`,
		"more":     `{"members":[{}]}{}`,
	} {
		t.Log(name)
		w.call("POST", snapMembers, body).refused(400, "E1001")
	}
	r := w.request("POST", snapMembers, `{"members":[{"email":"x"}]}`)
	r.Header.Set("Content-Type", "text/plain")
	snapReply{w.do(r)}.refused(400, "E1001")
}

func TestSnapchatOrganizationsAreApart(t *testing.T) {
	w := newSnapWire(t)
	theirs := w.as(snapZoeToken, "GET", "/v1/organizations/"+snapOther+"/roles", "").rows("roles")
	zoe, role := theirs[0]["member_id"].(string), theirs[1]["id"].(string)
	w.grant(zoe, "member").subError("roles", "E3004")
	w.put(role, "member").subError("roles", "E3004")
	w.call("PUT", snapMembers, `{"members":[{"id":"`+zoe+`","display_name":"X"}]}`).subError("members", "E3004")
	w.del("/v1/members/"+zoe).subError("members", "E3004")
	w.del("/v1/roles/"+role).subError("roles", "E3004")
	w.get("/v1/members/"+zoe).refused(403, "E3003")
}

func TestSnapchatSeveralEntities(t *testing.T) {
	w := newSnapWire(t)
	body := `{"members":[{"email":"eve@northwind.example","organization_id":"` + snapOrg + `","display_name":"Eve"},` +
		`{"email":"bo@northwind.example","organization_id":"` + snapOrg + `","display_name":"Bo"}]}`
	got := w.call("POST", snapMembers, body).is(200, "PARTIAL")
	wrappers := got.body["members"].([]any)
	if wrappers[0].(object)["member"] == nil || wrappers[1].(object)["member"] != nil || wrappers[1].(object)["sub_request_status"] != "ERROR" {
		t.Errorf("partial = %s", got.raw)
	}
	w.configure(hubsim.Settings{"sub_error_shape": "message"})
	wrapper := w.create("bo@northwind.example").is(200, "ERROR").body["members"].([]any)[0].(object)
	if wrapper["sub_request_error_reason"] != nil || wrapper["error_type"] == nil || !strings.Contains(wrapper["message"].(string), "E2002") {
		t.Errorf("wrapper = %v", wrapper)
	}
}

func TestSnapchatGrantRefusals(t *testing.T) {
	w := newSnapWire(t)
	bo, sam := w.person("bo@northwind.example").ID, w.person("sam@northwind.example").ID
	w.grant(snapOrg, "member").subError("roles", "E3004")
	w.grant("", "member").subError("roles", "E2001")
	w.grant(bo, "").subError("roles", "E2001")
	w.grant(bo, "owner").subError("roles", "E2001")
	w.grant(bo, "ADMIN").subError("roles", "E2001")
	w.grant(bo, "member").subError("roles", "E2002")
	for _, extra := range []string{
		`"container_kind":"AdAccounts"`, `"container_id":"` + snapOther + `"`, `"organization_id":"` + snapOther + `"`,
	} {
		w.call("POST", snapRoles, `{"roles":[{"member_id":"`+bo+`","organization_id":"`+snapOrg+`","type":"data_admin",`+extra+`}]}`).subError("roles", "E2001")
	}
	w.call("POST", snapRoles, `{"roles":[{"id":"`+bo+`"}]}`).refused(400, "E1001")
	w.configure(hubsim.Settings{"role_while_invited": "refuse"})
	w.grant(sam, "admin").subError("roles", "E4001")
	w.configure(hubsim.Settings{"second_role": "refuse"})
	w.grant(bo, "data_admin").subError("roles", "E4001")
	w.configure(hubsim.Settings{"second_role": "accept", "roles_refused": true})
	w.grant(bo, "data_admin").subError("roles", "E4001")
	w.put(w.roleOf("bo@northwind.example"), "data_admin").subError("roles", "E4001")
	if p := w.person("bo@northwind.example"); p.Role != "member" || p.ExtraRoles != nil {
		t.Errorf("bo = %+v", p)
	}
}

func TestSnapchatChangeRoleInPlace(t *testing.T) {
	w := newSnapWire(t)
	role := w.roleOf("bo@northwind.example")
	if got := w.put(role, "data_admin").rows("roles")[0]; got["id"] != role || got["type"] != "data_admin" {
		t.Errorf("role = %v", got)
	}
	if p := w.person("bo@northwind.example"); p.Role != "data_admin" {
		t.Errorf("bo = %+v", p)
	}
	w.put(w.roleOf("sam@northwind.example"), "member").is(200, "SUCCESS") // invited
	w.put(snapOrg, "member").subError("roles", "E3004")
	w.put(role, "owner").subError("roles", "E2001")
	w.call("PUT", snapRoles, `{"roles":[{"id":"`+role+`","member_id":"`+snapOrg+`","type":"admin"}]}`).subError("roles", "E2001")
	w.configure(hubsim.Settings{"put_roles": "error"})
	w.put(role, "member").subError("roles", "E4001")
	w.configure(hubsim.Settings{"put_roles": "off"})
	w.put(role, "member").refused(405, "")
	if p := w.person("bo@northwind.example"); p.Role != "data_admin" {
		t.Errorf("bo = %+v", p)
	}
}

func TestSnapchatChangeRoleByGrantAndRevoke(t *testing.T) {
	w := newSnapWire(t)
	w.configure(hubsim.Settings{"put_roles": "off"})
	bo, old := w.person("bo@northwind.example").ID, w.roleOf("bo@northwind.example")
	w.grant(bo, "admin").is(200, "SUCCESS")
	if p := w.person("bo@northwind.example"); p.Role != "admin" || len(p.ExtraRoles) != 1 || p.ExtraRoles[0] != "member" {
		t.Errorf("between = %+v", p)
	}
	got := w.del("/v1/roles/"+old).is(200, "SUCCESS")
	if list, isList := got.body["roles"].([]any); !isList || len(list) != 0 {
		t.Errorf("success = %s", got.raw)
	}
	if p := w.person("bo@northwind.example"); p.Role != "admin" || p.ExtraRoles != nil {
		t.Errorf("after = %+v", p)
	}
	w.del("/v1/roles/"+old).subError("roles", "E3004")
	w.put(old, "member").refused(405, "")
}

func TestSnapchatAdAccountRoles(t *testing.T) {
	w := newSnapWire(t, hubsim.PersonSeed{Email: "nora@northwind.example", Role: "none"})
	account := w.get(snapRoles).rows("roles")[1]["container_id"].(string)
	grant := func(email, kind string) snapReply {
		return w.call("POST", "/v1/adaccounts/"+account+"/roles",
			`{"roles":[{"member_id":"`+w.person(email).ID+`","organization_id":"`+snapOrg+`","container_kind":"AdAccounts","container_id":"`+account+`","type":"`+kind+`"}]}`)
	}
	id := grant("bo@northwind.example", "creative").rows("roles")[0]["id"].(string)
	grant("bo@northwind.example", "business_admin").subError("roles", "E2001")
	grant("nora@northwind.example", "creative").subError("roles", "E4001")
	if p := w.person("bo@northwind.example"); len(p.ExtraRoles) != 1 || p.ExtraRoles[0] != "adaccount:creative" {
		t.Errorf("bo = %+v", p)
	}
	w.call("PUT", "/v1/adaccounts/"+account+"/roles", `{"roles":[{}]}`).refused(405, "")
	w.del("/v1/roles/"+id).is(200, "SUCCESS")
	if p := w.person("bo@northwind.example"); p.ExtraRoles != nil {
		t.Errorf("bo = %+v", p)
	}
}

func TestSnapchatRename(t *testing.T) {
	w := newSnapWire(t)
	bo := w.person("bo@northwind.example").ID
	rename := func(fields string) snapReply {
		return w.call("PUT", snapMembers, `{"members":[{"id":"`+bo+`",`+fields+`}]}`)
	}
	w.configure(hubsim.Settings{"put_roles": "off"}) // about roles, not names
	if got := rename(`"display_name":"Bo C.","organization_id":"` + snapOrg + `","email":"bo@northwind.example"`).rows("members")[0]; got["display_name"] != "Bo C." {
		t.Errorf("renamed = %v", got)
	}
	rename(`"display_name":""`).subError("members", "E2001")
	rename(`"display_name":"Bo","organization_id":"`+snapOther+`"`).subError("members", "E2001")
	rename(`"display_name":"Bo","email":"bo2@northwind.example"`).subError("members", "E4001")
	w.call("PUT", snapMembers, `{"members":[{"id":"`+snapOrg+`","display_name":"X"}]}`).subError("members", "E3004")
	if p := w.person("bo@northwind.example"); p.Name != "Bo C." {
		t.Errorf("bo = %+v", p)
	}
}

func TestSnapchatRemove(t *testing.T) {
	w := newSnapWire(t)
	bo, sam, role := w.person("bo@northwind.example").ID, w.person("sam@northwind.example").ID, w.roleOf("bo@northwind.example")
	got := w.del("/v1/members/"+bo).is(200, "SUCCESS")
	if list, isList := got.body["members"].([]any); !isList || len(list) != 0 {
		t.Errorf("success = %s", got.raw)
	}
	w.del("/v1/members/"+bo).subError("members", "E3004")
	w.del("/v1/roles/"+role).subError("roles", "E3004") // it went along
	w.del("/v1/members/"+snapOrg).subError("members", "E3004")
	w.get("/v1/members/"+bo).refused(404, "E3003")
	for _, r := range w.get(snapRoles).rows("roles") {
		if r["member_id"] == bo {
			t.Errorf("a role stayed: %v", r)
		}
	}
	w.configure(hubsim.Settings{"delete_invited": "refuse"})
	w.del("/v1/members/"+sam).subError("members", "E3004")
	w.configure(hubsim.Settings{"delete_invited": "accept"})
	w.del("/v1/members/"+sam).is(200, "SUCCESS")
	if back := w.create("bo@northwind.example").rows("members")[0]; back["id"] == bo {
		t.Error("somebody invited again has the old id")
	}
}

func TestSnapchatLastAdminAndSelf(t *testing.T) {
	w := newSnapWire(t)
	ada, olive := w.person("ada@northwind.example").ID, w.person("olive@northwind.example").ID
	w.del("/v1/members/"+olive).subError("members", "E3004") // herself
	w.grant(w.person("sam@northwind.example").ID, "admin").is(200, "SUCCESS")
	w.del("/v1/members/"+ada).is(200, "SUCCESS")
	// An invited administrator is none yet.
	role := w.roleOf("olive@northwind.example")
	w.del("/v1/members/"+olive).subError("members", "E3004")
	w.put(role, "member").subError("roles", "E3004")
	w.del("/v1/roles/"+role).subError("roles", "E3004")
	for _, act := range []hubsim.Act{{Action: "remove", ID: olive}, {Action: "set_role", ID: olive, Role: "member"}} {
		if _, err := w.sim.Act(snapchat, snapOrg, act); !errors.Is(err, hubsim.ErrImpossible) {
			t.Errorf("%+v: %v", act, err)
		}
	}
	w.act(hubsim.Act{Action: "accept", Email: "sam@northwind.example"})
	w.put(role, "member").is(200, "SUCCESS")
	w.get(snapMembers).refused(403, "E3003")
}

func TestSnapchatLastAdminForAnIdentityWithoutASeat(t *testing.T) {
	w := newSnapCrowd(t, hubsim.Generate{Members: 2, Admins: 1})
	w.del("/v1/members/"+w.person("member-00001@generated.example").ID).subError("members", "E3004")
	w.del("/v1/members/"+w.person("member-00002@generated.example").ID).is(200, "SUCCESS")
}

func TestSnapchatActs(t *testing.T) {
	w := newSnapWire(t)
	w.act(hubsim.Act{Action: "decline", Email: "sam@northwind.example"})
	if sam := w.person("sam@northwind.example"); sam.Status != "declined" || len(w.get(snapMembers).rows("members")) != 3 {
		t.Errorf("sam = %+v", sam)
	}
	again := w.act(hubsim.Act{Action: "invite", Email: "sam@northwind.example", Role: "admin", Name: "Sam Sund"})
	if again.Status != "invited" || again.Role != "admin" || again.Name != "Sam Sund" {
		t.Errorf("again = %+v", again)
	}
	w.act(hubsim.Act{Action: "expire", ID: again.ID})
	if sam := w.person("sam@northwind.example"); sam.Status != "expired" {
		t.Errorf("sam = %+v", sam)
	}
	w.create("sam@northwind.example").is(200, "SUCCESS")
	eve := w.act(hubsim.Act{Action: "join", Email: "eve@northwind.example", Role: "none"})
	if eve.Status != "active" || eve.Role != "" {
		t.Errorf("eve = %+v", eve)
	}
	eve = w.act(hubsim.Act{Action: "set_role", Email: "eve@northwind.example", Role: "data_admin", ExtraRoles: []string{"adaccount:general"}})
	eve = w.act(hubsim.Act{Action: "set_role", ID: eve.ID, Role: "member"})
	if eve.Role != "member" || len(eve.ExtraRoles) != 1 {
		t.Errorf("eve = %+v", eve)
	}
	if eve = w.act(hubsim.Act{Action: "set_role", ID: eve.ID, ExtraRoles: []string{}}); eve.Role != "member" || eve.ExtraRoles != nil {
		t.Errorf("eve = %+v", eve)
	}
	w.act(hubsim.Act{Action: "remove", Email: "eve@northwind.example"})
	for _, act := range []hubsim.Act{
		{Action: "accept", Email: "bo@northwind.example"},
		{Action: "accept", Email: "sam@northwind.example", AcceptAs: "sam@mail.example"},
		{Action: "accept", Email: "nobody@northwind.example"},
		{Action: "remove", Email: "eve@northwind.example"},
		{Action: "invite", Email: "bo@northwind.example"},
		{Action: "invite", Email: "bo"},
		{Action: "join", Email: "x@northwind.example", Role: "owner"},
		{Action: "join", Email: "x@northwind.example", ExtraRoles: []string{"reports"}},
	} {
		if _, err := w.sim.Act(snapchat, snapOrg, act); !errors.Is(err, hubsim.ErrImpossible) {
			t.Errorf("%+v: %v", act, err)
		}
	}
	if _, err := w.sim.Act(snapchat, snapOrg, hubsim.Act{Action: "dance"}); err == nil || errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("an unknown act: %v", err)
	}
}

func TestSnapchatExpiry(t *testing.T) {
	w := newSnapWire(t)
	w.configure(hubsim.Settings{"invitation_lifetime": "48h"})
	w.create("eve@northwind.example").is(200, "SUCCESS")
	w.sim.Clock().Advance(48*time.Hour - 1)
	if n := len(w.get(snapMembers).rows("members")); n != 5 {
		t.Errorf("%d members just before", n)
	}
	w.sim.Clock().Advance(1)
	if n := len(w.get(snapMembers).rows("members")); n != 4 || w.person("eve@northwind.example").Status != "expired" {
		t.Errorf("%d members, eve %+v", n, w.person("eve@northwind.example"))
	}
	if _, err := w.sim.Act(snapchat, snapOrg, hubsim.Act{Action: "accept", Email: "eve@northwind.example"}); !errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("accepted late: %v", err)
	}
}

func TestSnapchatVisibilityLag(t *testing.T) {
	w := newSnapWire(t)
	w.configure(hubsim.Settings{"visibility_lag": "10s"})
	bo, ada := w.person("bo@northwind.example").ID, w.roleOf("ada@northwind.example")
	eve := w.create("eve@northwind.example").rows("members")[0]["id"].(string)
	w.grant(eve, "member").is(200, "SUCCESS")
	w.put(ada, "member").is(200, "SUCCESS")
	w.del("/v1/members/"+bo).is(200, "SUCCESS")
	seen := func() string {
		return strings.Join(w.get(snapMembers).column("members", "display_name"), " ") + ": " +
			strings.Join(w.get(snapRoles).column("roles", "type"), " ")
	}
	before := "Ada Diaz Olive Berg Bo Chen Sam: admin reports catalog_admin admin member data_admin"
	if got := seen(); got != before {
		t.Errorf("at once: %s", got)
	}
	w.get("/v1/members/"+eve).refused(404, "E3003")
	w.get("/v1/members/"+bo).is(200, "SUCCESS")
	w.create("eve@northwind.example").subError("members", "E2002") // the platform itself knows
	w.del("/v1/members/"+bo).subError("members", "E3004")
	w.sim.Clock().Advance(10*time.Second - 1)
	if got := seen(); got != before {
		t.Errorf("just before: %s", got)
	}
	w.sim.Clock().Advance(1)
	if got := seen(); got != "Ada Diaz Olive Berg Sam New: member reports catalog_admin admin data_admin member" {
		t.Errorf("after: %s", got)
	}
}
