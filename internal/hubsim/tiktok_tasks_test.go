package hubsim_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

const tiktokPendingOnly = `{"relation_status":"PENDING"}`

func TestTiktokInvite(t *testing.T) {
	w := newTiktokWire(t)
	got := w.post(tiktokInvite, `"emails":["eve@northwind.example","Eve@northwind.example","finn@northwind.example"],`+
		`"user_role":"ADMIN","ext_user_role":{"finance_role":"ANALYST"},"asset_ids":["1"],"asset_type":"ADVERTISER","advertiser_role":"OPERATOR"`)
	if len(got.data()) != 0 {
		t.Errorf("data = %v", got.data())
	}
	if eve := w.person("eve@northwind.example"); eve.Status != "invited" || eve.Role != "ADMIN" || eve.ExtraRoles[0] != "finance:ANALYST" || eve.ID != "" {
		t.Errorf("eve = %+v", eve)
	}
	equal(t, "pending", w.list(tiktokPendingOnly).column("user_email"),
		[]string{"sam@northwind.example", "eve@northwind.example", "finn@northwind.example"})

	// Somebody invited or bound is passed over, role and all.
	w.post(tiktokInvite, `"emails":["SAM@northwind.example","bo@northwind.example"],"user_role":"ADMIN"`).code(0)
	if sam, bo := w.person("sam@northwind.example"), w.person("bo@northwind.example"); sam.Role != "STANDARD" || bo.Role != "STANDARD" {
		t.Errorf("sam %+v, bo %+v", sam, bo)
	}
	w.configure(hubsim.Settings{"invite_bound": "refuse", "empty_data": "null"})
	w.post(tiktokInvite, `"emails":["bo@northwind.example"]`).code(40002)
	if got := w.post(tiktokInvite, `"emails":["gus@northwind.example"]`).code(0); got.body["data"] != nil {
		t.Errorf("data = %v", got.body["data"])
	}
	if gus := w.person("gus@northwind.example"); gus.Role != "STANDARD" || gus.ExtraRoles != nil {
		t.Errorf("gus = %+v", gus)
	}
}

func TestTiktokPartialSuccess(t *testing.T) {
	w := newTiktokWire(t)
	w.configure(hubsim.Settings{"refused_addresses": []string{"Eve@northwind.example"}})
	w.post(tiktokInvite, `"emails":["eve@northwind.example","finn@northwind.example"]`).code(20001)
	w.post(tiktokInvite, `"emails":["eve@northwind.example"]`).code(40002)
	if w.person("eve@northwind.example").Status != "" || w.person("finn@northwind.example").Status != "invited" {
		t.Error("the wrong address was invited")
	}
	w.configure(hubsim.Settings{"partial_success": "done"})
	w.post(tiktokInvite, `"emails":["gus@northwind.example"]`).code(20001)
	w.configure(hubsim.Settings{"partial_success": "nothing"})
	w.post(tiktokInvite, `"emails":["hal@northwind.example"]`).code(20001)
	if w.person("gus@northwind.example").Status != "invited" || w.person("hal@northwind.example").Status != "" {
		t.Error("partial_success did something else")
	}
}

func TestTiktokUpdate(t *testing.T) {
	w := newTiktokWire(t)
	bo := w.person("bo@northwind.example").ID
	w.post(tiktokUpdate, `"user_id":"`+bo+`","user_role":"ADMIN","user_name":"`+strings.Repeat("ö", 250)+`","ext_user_role":{"finance_role":"MANAGER"}`).code(0)
	if p := w.person("bo@northwind.example"); p.Role != "ADMIN" || p.ExtraRoles[0] != "finance:MANAGER" || !strings.HasPrefix(p.Name, "öö") {
		t.Errorf("bo = %+v", p)
	}
	w.post(tiktokUpdate, `"user_id":"`+bo+`","ext_user_role":{"finance_role":"ANALYST"}`).code(0)
	if p := w.person("bo@northwind.example"); p.Role != "ADMIN" || p.ExtraRoles[0] != "finance:ANALYST" {
		t.Errorf("bo = %+v", p)
	}
	// What an empty ext_user_role does is not documented.
	w.post(tiktokUpdate, `"user_id":"`+bo+`","ext_user_role":{}`).code(0)
	if p := w.person("bo@northwind.example"); len(p.ExtraRoles) != 1 {
		t.Errorf("bo = %+v", p)
	}
	w.configure(hubsim.Settings{"empty_finance": "refuse"})
	w.post(tiktokUpdate, `"user_id":"`+bo+`","ext_user_role":{}`).code(40002)
	w.configure(hubsim.Settings{"empty_finance": "clear"})
	w.post(tiktokUpdate, `"user_id":"`+bo+`","ext_user_role":{}`).code(0)
	if p := w.person("bo@northwind.example"); len(p.ExtraRoles) != 0 {
		t.Errorf("bo = %+v", p)
	}
	w.post(tiktokUpdate, `"user_id":"7999999999999999999","user_role":"ADMIN"`).code(40007)
}

func TestTiktokDelete(t *testing.T) {
	w := newTiktokWire(t)
	bo := w.person("bo@northwind.example").ID
	w.post(tiktokDelete, `"user_email":"bo@northwind.example"`).code(40007) // bound: by user_id
	w.post(tiktokDelete, `"user_id":"`+bo+`"`).code(0)
	w.post(tiktokDelete, `"user_id":"`+bo+`"`).code(40007)
	w.post(tiktokDelete, `"user_email":"SAM@northwind.example"`).code(0)
	w.post(tiktokDelete, `"user_email":"sam@northwind.example"`).code(40007)
	equal(t, "left", w.list("").column("relation_status"), []string{"BOUND", "BOUND", "UNBOUND"})

	w.post(tiktokInvite, `"emails":["bo@northwind.example"]`).code(0) // again, in the same row
	equal(t, "back", w.list("").column("relation_status"), []string{"BOUND", "BOUND", "PENDING"})
	if back := w.act(hubsim.Act{Action: "accept", Email: "bo@northwind.example"}); back.ID != bo {
		t.Errorf("a person's id changed: %s, %s", bo, back.ID)
	}
}

func TestTiktokAnswersToAnInvitation(t *testing.T) {
	w := newTiktokWire(t)
	sam := w.act(hubsim.Act{Action: "accept", Email: "sam@northwind.example", AcceptAs: "sam@mail.example", Name: "Sam Sund"})
	if sam.Status != "active" || sam.Email != "sam@mail.example" || sam.ID == "" || sam.ExtraRoles[0] != "finance:ANALYST" {
		t.Errorf("sam = %+v", sam)
	}
	if n := len(w.list(tiktokPendingOnly).rows()); n != 0 {
		t.Error("the accepted invitation is still pending")
	}
	w.act(hubsim.Act{Action: "invite", Email: "eve@northwind.example", Role: "ADMIN"})
	if eve := w.act(hubsim.Act{Action: "decline", Email: "eve@northwind.example"}); eve.Status != "declined" {
		t.Errorf("eve = %+v", eve)
	}
	w.post(tiktokDelete, `"user_email":"eve@northwind.example"`).code(40007)
	w.post(tiktokInvite, `"emails":["eve@northwind.example"]`).code(0)
	if eve := w.person("eve@northwind.example"); eve.Status != "invited" || eve.Role != "STANDARD" {
		t.Errorf("eve = %+v", eve)
	}
	w.act(hubsim.Act{Action: "set_role", ID: sam.ID, ExtraRoles: []string{}})
	if p := w.person("sam@mail.example"); p.ExtraRoles != nil || p.Role != "STANDARD" {
		t.Errorf("sam = %+v", p)
	}
	for _, act := range []hubsim.Act{
		{Action: "accept", Email: "sam@northwind.example"},
		{Action: "accept", Email: "eve@northwind.example", AcceptAs: "bo@northwind.example"},
		{Action: "accept", Email: "eve@northwind.example", AcceptAs: "bo"},
		{Action: "decline", Email: "nobody@northwind.example"},
		{Action: "invite", Email: "bo@northwind.example"},
		{Action: "join", Email: "bo@northwind.example"},
		{Action: "join", Email: "bo"},
		{Action: "join", Email: "x@northwind.example", Role: "OWNER"},
		{Action: "set_role", Email: "eve@northwind.example", Role: "ADMIN"},
		{Action: "remove", ID: "1"},
	} {
		if _, err := w.sim.Act(tiktok, tiktokCenter, act); !errors.Is(err, hubsim.ErrImpossible) {
			t.Errorf("%+v: %v", act, err)
		}
	}
	if _, err := w.sim.Act(tiktok, tiktokCenter, hubsim.Act{Action: "dance"}); err == nil || errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("an unknown act: %v", err)
	}
}

func TestTiktokExpiry(t *testing.T) {
	w := newTiktokWire(t, hubsim.PersonSeed{Email: "old@northwind.example", Status: "expired"})
	w.configure(hubsim.Settings{"invitation_lifetime": "72h"})
	w.post(tiktokInvite, `"emails":["eve@northwind.example"]`).code(0)
	w.sim.Clock().Advance(72 * time.Hour)
	if p := w.person("eve@northwind.example"); p.Status != "expired" || p.ExpiresAt == nil {
		t.Errorf("eve = %+v", p)
	}
	if _, err := w.sim.Act(tiktok, tiktokCenter, hubsim.Act{Action: "accept", Email: "eve@northwind.example"}); !errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("accepted late: %v", err)
	}
	if p := w.person("sam@northwind.example"); p.Status != "invited" { // invited before there was an end
		t.Errorf("sam = %+v", p)
	}
	if n := len(w.list(tiktokPendingOnly).rows()); n != 3 {
		t.Errorf("%d pending", n)
	}
	w.post(tiktokInvite, `"emails":["eve@northwind.example"]`).code(0) // passed over: it is listed
	if p := w.person("eve@northwind.example"); p.Status != "expired" {
		t.Errorf("eve = %+v", p)
	}
	w.configure(hubsim.Settings{"expired_invitations": "gone"})
	if n := len(w.list(tiktokPendingOnly).rows()); n != 1 {
		t.Errorf("%d pending", n)
	}
	w.post(tiktokInvite, `"emails":["eve@northwind.example"]`).code(0)
	if p := w.person("eve@northwind.example"); p.Status != "invited" {
		t.Errorf("eve = %+v", p)
	}
	if p := w.act(hubsim.Act{Action: "expire", Email: "eve@northwind.example"}); p.Status != "expired" {
		t.Errorf("eve = %+v", p)
	}
}

func TestTiktokVisibilityLag(t *testing.T) {
	w := newTiktokWire(t)
	w.configure(hubsim.Settings{"visibility_lag": "10s"})
	bo, ada := w.person("bo@northwind.example").ID, w.person("ada@northwind.example").ID
	w.post(tiktokInvite, `"emails":["eve@northwind.example"]`).code(0)
	w.post(tiktokDelete, `"user_id":"`+bo+`"`).code(0)
	w.post(tiktokUpdate, `"user_id":"`+ada+`","user_role":"STANDARD"`).code(0)
	w.act(hubsim.Act{Action: "accept", Email: "sam@northwind.example"})
	seen := func() string {
		rows := w.list("")
		return fmt.Sprint(rows.column("user_role"), rows.column("relation_status"))
	}
	before := "[ADMIN ADMIN STANDARD STANDARD] [BOUND BOUND BOUND PENDING]"
	if got := seen(); got != before {
		t.Errorf("at once: %s", got)
	}
	w.post(tiktokDelete, `"user_id":"`+bo+`"`).code(40007) // the platform itself knows
	w.sim.Clock().Advance(10*time.Second - 1)
	if got := seen(); got != before {
		t.Errorf("just before: %s", got)
	}
	w.sim.Clock().Advance(1)
	if got := seen(); got != "[STANDARD ADMIN STANDARD STANDARD STANDARD] [BOUND BOUND UNBOUND BOUND PENDING]" {
		t.Errorf("after: %s", got)
	}
}

func TestTiktokThrottle(t *testing.T) {
	w := newTiktokWire(t)
	for _, code := range []int{40016, 40100, 40132, 40133} {
		w.configure(hubsim.Settings{"throttle": hubsim.Settings{"code": code, "calls": 2}})
		w.list("").code(code)
		w.get(tiktokUser).code(code)
		w.list("").code(0)
	}
	w.configure(hubsim.Settings{"throttle": hubsim.Settings{"minutes": 5, "writes_only": true}})
	w.list("").code(0)
	w.post(tiktokInvite, `"emails":["eve@northwind.example"]`).code(40100)
	w.sim.Clock().Advance(5 * time.Minute)
	w.post(tiktokInvite, `"emails":["eve@northwind.example"]`).code(0)
	w.configure(hubsim.Settings{"throttle": hubsim.Settings{}})
	w.list("").code(40100)
	w.configure(hubsim.Settings{"visibility_lag": "1s"}) // another setting leaves it in force
	w.list("").code(40100)
	w.configure(hubsim.Settings{"throttle": nil})
	w.list("").code(0)
}

func TestTiktokTransient(t *testing.T) {
	w := newTiktokWire(t)
	for _, code := range []int{40200, 40201, 40202, 40700, 50000, 50002, 51065} {
		w.configure(hubsim.Settings{"transient": hubsim.Settings{"code": code, "calls": 1}})
		w.list("").code(code)
		w.list("").code(0)
	}
	w.configure(hubsim.Settings{"transient": hubsim.Settings{"code": 51065, "calls": 1, "writes_only": true, "after_effect": true}})
	w.list("").code(0)
	w.post(tiktokInvite, `"emails":["eve@northwind.example"]`).code(51065)
	if w.person("eve@northwind.example").Status != "invited" {
		t.Error("the write did not take effect")
	}
	w.configure(hubsim.Settings{"transient": hubsim.Settings{"calls": 1, "after_effect": true}})
	w.list("").code(50000)
}

func TestTiktokFaultsInFront(t *testing.T) {
	w := newTiktokWire(t)
	w.fault(hubsim.Fault{Kind: hubsim.FaultHTML, Operation: hubsim.OpListMembers, Platform: tiktok, Times: 1})
	if got := w.list(""); got.status != 502 || !strings.Contains(got.raw, "<html>") {
		t.Errorf("%d %s", got.status, got.raw)
	}
	w.fault(hubsim.Fault{Kind: hubsim.FaultRespond, Operation: hubsim.OpInvite, Status: 503, AfterEffect: true, Times: 1})
	if got := w.post(tiktokInvite, `"emails":["eve@northwind.example"]`); got.status != 503 {
		t.Errorf("%d", got.status)
	}
	if w.person("eve@northwind.example").Status != "invited" {
		t.Error("the invite did not take effect")
	}
}

func TestTiktokTokenExpiresByTheClock(t *testing.T) {
	w := newTiktokWire(t)
	err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{
		{"platform": tiktok, "name": "olive", "access_token": "ttk-short", "email": "olive@northwind.example", "expires_in": "1h"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.list("").code(40105) // the one it replaced
	r := w.request("GET", tiktokUser, "")
	r.Header.Set("Access-Token", "ttk-short")
	tiktokReply{w.do(r)}.code(0)
	w.sim.Clock().Advance(time.Hour)
	r = w.request("GET", tiktokUser, "")
	r.Header.Set("Access-Token", "ttk-short")
	tiktokReply{w.do(r)}.code(40102)
	if err := w.sim.Reset(); err != nil {
		t.Fatal(err)
	}
	w.list("").code(0)
}
