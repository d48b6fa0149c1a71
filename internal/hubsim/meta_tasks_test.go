package hubsim_test

import (
	"fmt"
	"net/url"
	"sync"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestMetaInvite(t *testing.T) {
	w := newWire(t)
	answer := w.post(users, "email", "Eve@Agency.example", "role", "ADMIN", "invited_user_type", `["MWA"]`).ok()
	eve := w.person("eve@agency.example")
	if eve.Status != "invited" || eve.Role != "ADMIN" || eve.Email != "Eve@Agency.example" {
		t.Errorf("eve = %+v", eve)
	}
	// The id answered is deliberately of no use.
	id := answer["id"].(string)
	if id == eve.ID {
		t.Error("an opaque id was asked for by default")
	}
	w.get(v+id).refused(100, 33)
	got := w.get(pending + "?fields=id,email,role,invited_user_type&email=eve%40agency.example").rows()[0]
	if got["id"] != eve.ID || got["role"] != "ADMIN" || got["invited_user_type"].([]any)[0] != "MWA" {
		t.Errorf("invitation = %v", got)
	}
	if n := len(w.get(users).rows()); n != 3 {
		t.Errorf("%d members: an invited person is not one", n)
	}

	w.configure(hubsim.Settings{"invite_response_id": "role_request"})
	answer = w.post(users, "email", "finn@agency.example").ok()
	if finn := w.person("finn@agency.example"); answer["id"] != finn.ID || finn.Role != "EMPLOYEE" {
		t.Errorf("answer %v, finn %+v", answer, finn)
	}
	if answer = w.post(users, "email", "gil@agency.example", "fields", "id,email,role").ok(); answer["email"] != "gil@agency.example" {
		t.Errorf("read after write = %v", answer)
	}
}

func TestMetaInviteTwice(t *testing.T) {
	w := newWire(t)
	for _, email := range []string{"new.hire@agency.example", "NEW.HIRE@agency.example", "bo@agency.example"} {
		failure := w.post(users, "email", email, "role", "EMPLOYEE").refused(100, 1990055)
		if failure["error_user_title"] == nil || failure["error_data"] == nil {
			t.Errorf("error = %v", failure)
		}
	}
	if len(w.get(pending).rows()) != 1 {
		t.Error("a second invitation was opened")
	}
}

func TestMetaInviteCaps(t *testing.T) {
	w := newWire(t)
	w.configure(hubsim.Settings{"invites_per_hour": 2, "invites_per_day": 3})
	invite := func(n int) reply { return w.post(users, "email", fmt.Sprintf("p%d@agency.example", n)) }
	invite(1).ok()
	invite(2).ok()
	invite(3).refused(613, 0)
	w.sim.Clock().Advance(hour)
	invite(3).ok()
	invite(4).refused(17, 0)
	w.sim.Clock().Advance(24 * hour)
	invite(4).ok()
}

func TestMetaChangeRole(t *testing.T) {
	w := newWire(t)
	bo := v + w.person("Bo Chen").ID
	if got := w.post(bo, "role", "ADMIN").ok(); got["success"] != true {
		t.Errorf("answer = %v", got)
	}
	if got := w.post(bo, "role", "EMPLOYEE", "fields", "id,role").ok(); got["role"] != "EMPLOYEE" || got["success"] != nil {
		t.Errorf("read after write = %v", got)
	}
	w.post(bo, "role", "FINANCE_ANALYST").ok()
	if p := w.person("Bo Chen"); p.Role != "EMPLOYEE" || fmt.Sprint(p.ExtraRoles) != "[FINANCE_ANALYST]" {
		t.Errorf("an additional role gave %+v", p)
	}
	w.post(bo, "role", "FINANCE_EDITOR").ok()
	w.post(bo, "role", "ADS_RIGHTS_REVIEWER").ok()
	got := w.get(bo + "?fields=role,finance_permission,ip_permission,tasks").ok()
	if got["role"] != "EMPLOYEE" || got["finance_permission"] != "EDITOR" || got["ip_permission"] != "Reviewer" {
		t.Errorf("bo = %v", got)
	}
	w.post(bo, "tasks", `["MANAGE","DEVELOPER"]`).ok()
	if p := w.person("Bo Chen"); p.Role != "ADMIN" || fmt.Sprint(p.ExtraRoles) != "[DEVELOPER]" {
		t.Errorf("tasks gave %+v", p)
	}
	w.configure(hubsim.Settings{"partner_center": true})
	w.post(bo, "role", "PARTNER_CENTER_ANALYST").ok()
}

func TestMetaChangeDetails(t *testing.T) {
	w := newWire(t)
	bo := v + w.person("Bo Chen").ID
	w.post(bo, "title", "Buyer", "email", "bo.chen@agency.example").ok()
	got := w.get(bo + "?fields=title,email,pending_email").ok()
	if got["title"] != "Buyer" || got["email"] != "Bo@Agency.example" || got["pending_email"] != "bo.chen@agency.example" {
		t.Errorf("bo = %v", got)
	}
	w.post(bo, "clear_pending_email", "true").ok()
	w.post(bo, "email", "ada@agency.example").refused(100, 0) // somebody else's
	w.post(bo, "email", "bo2@agency.example", "skip_verification_email", "true").ok()
	if p := w.person("bo2@agency.example"); p.PendingEmail != "" || p.Status != "active" {
		t.Errorf("bo = %+v", p)
	}
	w.post(users, "email", "bo@agency.example").ok() // the old address is free
}

func TestMetaChangeInvitedRole(t *testing.T) {
	w := newWire(t)
	id := w.person("new.hire@agency.example").ID
	if got := w.post(v+id, "role", "ADMIN").ok(); got["id"] != id {
		t.Errorf("answer = %v", got)
	}
	w.post(v+id, "role", "FINANCE_EDITOR").ok()
	got := w.get(v + id + "?fields=role,finance_role,updated_by").ok()
	if got["role"] != "ADMIN" || got["finance_role"] != "EDITOR" || got["updated_by"].(object)["name"] != "automation" {
		t.Errorf("invitation = %v", got)
	}
	w.post(v+id, "title", "Buyer").refused(100, 0)
}

func TestMetaRemove(t *testing.T) {
	w := newWire(t)
	bo := v + w.person("Bo Chen").ID
	if got := w.del(bo).ok(); got["success"] != true {
		t.Errorf("answer = %v", got)
	}
	w.del(bo).refused(100, 33)
	w.get(bo).refused(100, 33)
	w.post(bo, "role", "ADMIN").refused(100, 33)
	equal(t, "members", w.get(users+"?fields=name").column("name"), []string{"Ada Diaz", "Cleo Roy"})

	invitation := v + w.person("new.hire@agency.example").ID
	w.del(invitation).ok()
	w.del(invitation).refused(100, 33)
	w.get(invitation).refused(100, 33)
	if got := w.get(pending); len(got.rows()) != 0 || got.paging() != nil {
		t.Errorf("an empty list = %s", got.raw)
	}
	w.post(users, "email", "bo@agency.example").ok()
	w.post(users, "email", "new.hire@agency.example").ok()
	if got := w.person("bo@agency.example").ID; v+got == bo {
		t.Error("the id came back to life")
	}
}

func TestMetaLastAdmin(t *testing.T) {
	w := newWire(t)
	ada, cleo := v+w.person("Ada Diaz").ID, v+w.person("Cleo Roy").ID
	w.del(cleo).ok()
	w.del(ada).refused(3914, 0)
	w.post(ada, "role", "EMPLOYEE").refused(3914, 0)
	w.post(ada, "role", "ADMIN").ok()
	w.post(ada, "role", "FINANCE_ANALYST").ok() // stays an administrator
	for _, act := range []hubsim.Act{{Action: "remove", Email: "ada@agency.example"}, {Action: "set_role", Email: "ada@agency.example", Role: "EMPLOYEE"}} {
		if _, err := w.sim.Act(meta, business, act); err == nil {
			t.Errorf("%s of the last admin by hand worked", act.Action)
		}
	}
	w.post(v+w.person("Bo Chen").ID, "role", "ADMIN").ok()
	w.post(ada, "role", "EMPLOYEE").ok()
}

func TestMetaConcurrentInvitesOpenOne(t *testing.T) {
	w := newWire(t)
	var wg sync.WaitGroup
	statuses := make([]int, 12)
	for i := range statuses {
		wg.Go(func() {
			statuses[i] = w.do(w.request("POST", users, url.Values{"email": {"eve@agency.example"}})).status
			w.do(w.request("GET", users, nil))
			_, _ = w.sim.People(meta, business)
			w.sim.Requests()
		})
	}
	wg.Wait()
	opened := 0
	for _, s := range statuses {
		if s == 200 {
			opened++
		}
	}
	if opened != 1 {
		t.Errorf("%d invitations succeeded: %v", opened, statuses)
	}
	if n := w.sim.CountOps()[hubsim.OpInvite]; n != len(statuses) {
		t.Errorf("%d invites logged", n)
	}
}
