package hubsim_test

import (
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestMetaMembers(t *testing.T) {
	w := newWire(t)
	list := w.get(users + "?fields=id,name,first_name,last_name,email,role,tasks,finance_permission,ip_permission,pending_email")
	equal(t, "emails", list.column("email"), []string{"ada@agency.example", "Bo@Agency.example", "cleo@agency.example"})
	equal(t, "roles", list.column("role"), []string{"ADMIN", "EMPLOYEE", "ADMIN"})
	equal(t, "finance", list.column("finance_permission"), []string{"EDITOR", "-", "-"})
	ada := list.rows()[0]
	if ada["first_name"] != "Ada" || ada["last_name"] != "Diaz" {
		t.Errorf("ada = %v", ada)
	}
	for _, absent := range []string{"ip_permission", "pending_email", "status", "business"} {
		if _, given := ada[absent]; given {
			t.Errorf("%s given: %v", absent, ada)
		}
	}
	one := w.get(v + ada["id"].(string) + "?fields=email,business{name}").ok()
	if one["email"] != "ada@agency.example" || one["id"] != ada["id"] || one["business"].(object)["name"] != "Northwind" {
		t.Errorf("member = %v", one)
	}
}

func TestMetaDefaultFields(t *testing.T) {
	w := newWire(t)
	member := w.get(users).rows()[0]
	if len(member) != 3 || member["id"] == nil || member["name"] == nil || member["business"] == nil {
		t.Errorf("member without fields = %v", member)
	}
	invitation := w.get(pending).rows()[0]
	if len(invitation) != 4 || invitation["status"] != "PENDING" {
		t.Errorf("invitation without fields = %v", invitation)
	}
}

func TestMetaInvitations(t *testing.T) {
	w := newWire(t)
	list := w.get(pending + "?fields=id,email,role,status,created_time,expiration_time,invited_user_type,finance_role,owner")
	got := list.rows()[0]
	if got["created_time"] != "2026-11-20T10:15:00+0000" || got["expiration_time"] != "2026-12-20T10:15:00+0000" {
		t.Errorf("times = %v", got)
	}
	if got["invited_user_type"].([]any)[0] != "FB" || got["owner"].(object)["id"] != business {
		t.Errorf("invitation = %v", got)
	}
	if _, given := got["finance_role"]; given {
		t.Errorf("an unset field is there: %v", got)
	}
	if strings.Contains(list.raw, "invite_link") || strings.Contains(list.raw, "secret") {
		t.Errorf("the invite link was given unasked: %s", list.raw)
	}
	if link := w.get(pending + "?fields=invite_link").column("invite_link")[0]; !strings.HasPrefix(link, "https://") {
		t.Errorf("invite_link = %q", link)
	}
	if n := len(w.get(pending + "?fields=id&email=NEW.hire%40agency.example").rows()); n != 1 {
		t.Errorf("look-up by e-mail found %d", n)
	}
	if n := len(w.get(pending + "?email=ada%40agency.example").rows()); n != 0 {
		t.Errorf("a member was found among invitations")
	}
	byID := w.get(v + got["id"].(string) + "?fields=email,status").ok()
	if byID["email"] != "new.hire@agency.example" || byID["status"] != "PENDING" {
		t.Errorf("by id = %v", byID)
	}
}

func TestMetaIdentity(t *testing.T) {
	w := newWire(t)
	if me := w.get(v + "me?fields=id,name").ok(); me["name"] != "automation" {
		t.Errorf("me = %v", me)
	}
	me := w.as(userTok, v+"me?fields=id,name,business_users{id,business{id}}").ok()
	seat := me["business_users"].(object)["data"].([]any)[0].(object)
	if seat["id"] != w.person("ada@agency.example").ID || seat["business"].(object)["id"] != business {
		t.Errorf("own seat = %v", seat)
	}
	if me["id"] == seat["id"] {
		t.Error("the Facebook user id equals the business-scoped one")
	}
	// Only people have seats: the field does not exist on a system user.
	w.get(v+"me?fields=id,business_users{id}").refused(100, 0)
	equal(t, "permissions", w.get(v+"me/permissions").column("status"), []string{"granted"})
	equal(t, "businesses", w.get(v+"me/businesses?fields=id,name").column("id"), []string{business})
	equal(t, "stray's businesses", w.as(strayTok, v+"me/businesses").column("id"), []string{})
}

func TestMetaBusiness(t *testing.T) {
	w := newWire(t)
	got := w.get(v + business + "?fields=id,name,verification_status,two_factor_type,link,created_time,timezone_id").ok()
	if got["name"] != "Northwind" || got["verification_status"] != "verified" || got["two_factor_type"] != "admin_required" {
		t.Errorf("business = %v", got)
	}
	w.configure(hubsim.Settings{"verification_status": "revoked"})
	if got := w.get(v + business + "?fields=verification_status").ok(); got["verification_status"] != "revoked" {
		t.Errorf("business = %v", got)
	}
}

func TestMetaSystemUsersAreNotMembers(t *testing.T) {
	w := newWire(t)
	equal(t, "system users", w.get(v+business+"/system_users?fields=id,name,created_time").column("name"), []string{"automation"})
	for _, name := range w.get(users + "?fields=name").column("name") {
		if name == "automation" {
			t.Error("the system user is among the business users")
		}
	}
}

func TestMetaMembersWithoutAddressOrWithTwo(t *testing.T) {
	w := newWire(t)
	nameless := w.act(hubsim.Act{Action: "join", Name: "Contractor"})
	w.post(v+w.person("Bo Chen").ID, "pending_email", "bo.chen@agency.example").ok()
	list := w.get(users + "?fields=name,email,pending_email")
	equal(t, "emails", list.column("email"), []string{"ada@agency.example", "Bo@Agency.example", "cleo@agency.example", "-"})
	equal(t, "pending", list.column("pending_email"), []string{"-", "bo.chen@agency.example", "-", "-"})
	w.act(hubsim.Act{Action: "remove", ID: nameless.ID})
	if n := len(w.get(users).rows()); n != 3 {
		t.Errorf("%d members after the nameless one left", n)
	}
}

func TestMetaSpellings(t *testing.T) {
	w := newWire(t)
	w.configure(hubsim.Settings{"role_spelling": "title", "email_case": "lower"})
	equal(t, "roles", w.get(users+"?fields=role").column("role"), []string{"Admin", "Employee", "Admin"})
	w.post(users, "email", "Mixed@Case.example").ok()
	if n := w.person("mixed@case.example").Email; n != "mixed@case.example" {
		t.Errorf("stored as %q", n)
	}
}

func TestMetaDebugToken(t *testing.T) {
	w := newWire(t)
	got := w.as("77|"+secret, v+"debug_token?input_token="+token).ok()["data"].(object)
	if got["is_valid"] != true || got["app_id"] != "77" || got["expires_at"] != 0.0 {
		t.Errorf("token = %v", got)
	}
	w.configure(hubsim.Settings{"token_expired": true})
	if got := w.as("77|"+secret, v+"debug_token?input_token="+token).ok()["data"].(object); got["is_valid"] != false {
		t.Errorf("an expired token is valid: %v", got)
	}
	w.as(token, v+"debug_token?input_token="+token).refused(190, 467)
}
