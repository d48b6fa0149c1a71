package hubsim_test

import (
	"errors"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

var cerbyWorkspaceEve = hubsim.Settings{"workspace_users": []string{"eve@corp.example", "ivo@corp.example"}}

func TestCerbyAdd(t *testing.T) {
	w := newCerbyWire(t, cerbyWorkspaceEve)
	attributes := w.poll(w.add("eve@corp.example", "FINANCE", "BIZ_ADMIN").job(), "finished")
	sameJSON(t, "errorDetails", attributes["errorDetails"], `{}`)
	equal(t, "members", w.listed()[3:], []string{"eve@corp.example BIZ_ADMIN FINANCE"})
	eve := w.person("eve@corp.example")
	if eve.Status != "active" || eve.Role != "BIZ_ADMIN" || eve.ID != w.id("eve@corp.example") {
		t.Errorf("eve = %+v", eve)
	}
	equal(t, "secondary", eve.ExtraRoles, []string{"FINANCE"})

	// Again is a match: what they hold stays.
	w.poll(w.add("eve@corp.example ivo@corp.example", "EMPLOYEE").job(), "finished")
	equal(t, "members", w.listed()[3:], []string{"eve@corp.example BIZ_ADMIN FINANCE", "ivo@corp.example EMPLOYEE"})

	w.call("POST", cerbyUsers, `{"data":{"type":"invite_tenant_users","attributes":{"role":"account_owner","entitlements":[{"id":"EMPLOYEE"}],"userIds":["`+w.id("zoe@agency.example")+`"]}}}`).job()
	if role := w.get(cerbyUsers + "/" + w.id("zoe@agency.example")).attributes()["role"]; role != "owner" {
		t.Errorf("role = %v", role)
	}
}

func TestCerbyChangeRole(t *testing.T) {
	w := newCerbyWire(t, nil)
	const bo = "bo@northwind.example"
	if got := w.poll(w.replace(bo, "BIZ_ADMIN", "FINANCE").job(), "finished")["workflowType"]; got != "update_access" {
		t.Errorf("workflow %v", got)
	}
	equal(t, "replaced", w.listed()[2:], []string{bo + " BIZ_ADMIN FINANCE"})
	w.partial(bo, `"add":{"entitlements":[{"id":"EMPLOYEE"}]},"remove":{"entitlements":[{"id":"BIZ_ADMIN"}]}`).job()
	equal(t, "swapped", w.listed()[2:], []string{bo + " EMPLOYEE FINANCE"})
	w.partial(bo, `"remove":{"entitlements":[{"id":"FINANCE"}]}`).job()
	w.partial(bo, `"remove":{"entitlements":[{"id":"FINANCE"}]}`).job() // not there: no mistake
	equal(t, "revoked", w.listed()[2:], []string{bo + " EMPLOYEE"})
	w.partial(bo, `"add":{"entitlements":[{"id":"FINANCE"},{"id":"EMPLOYEE"}]}`).job()
	equal(t, "granted", w.listed()[2:], []string{bo + " EMPLOYEE FINANCE"})

	w.configure(hubsim.Settings{"several_primaries": true})
	w.partial(bo, `"add":{"entitlements":[{"id":"BIZ_ADMIN"}]}`).job()
	equal(t, "several", w.listed()[2:], []string{bo + " EMPLOYEE BIZ_ADMIN FINANCE"})
	if p := w.person(bo); p.Role != "BIZ_ADMIN" || len(p.ExtraRoles) != 2 {
		t.Errorf("bo = %+v", p)
	}
}

func TestCerbyRemove(t *testing.T) {
	w := newCerbyWire(t, nil)
	const bo = "bo@northwind.example"
	if got := w.poll(w.del(bo).job(), "finished")["workflowType"]; got != "revoke_access" {
		t.Errorf("workflow %v", got)
	}
	if p := w.person(bo); p.Status != "" {
		t.Errorf("bo = %+v", p)
	}
	w.del(bo).refused(404)
	w.get(cerbyUsers + "/" + w.id(bo)).refused(404)
	w.poll(w.add(bo, "EMPLOYEE").job(), "finished") // still of the workspace
	equal(t, "members", w.listed()[2:], []string{bo + " EMPLOYEE"})
}

// The app's invitation: nothing of it shows in the API but the failed job.
func TestCerbyAcceptance(t *testing.T) {
	w := newCerbyWire(t, cerbyWorkspaceEve)
	w.configure(hubsim.Settings{"invitations": true})
	const eve = "eve@corp.example"
	w.poll(w.add(eve, "EMPLOYEE").job(), "finished")
	if p := w.person(eve); p.Status != "invited" {
		t.Errorf("eve = %+v", p)
	}
	if status := w.get(cerbyUsers + "/" + w.id(eve)).attributes()["status"]; status != "live" {
		t.Errorf("status = %v", status)
	}
	failed := w.poll(w.replace(eve, "BIZ_ADMIN").job(), "error")
	if details := failed["errorDetails"].(object); details["errorType"] != nil || details["userRequired"] != true || failed["hasMoreDetails"] != true {
		t.Errorf("job = %v", failed)
	}
	equal(t, "unchanged", w.listed()[3:], []string{eve + " EMPLOYEE"})
	if p := w.act(hubsim.Act{Action: "set_role", Email: eve, ExtraRoles: []string{"FINANCE"}}); p.Status != "invited" { // the app can
		t.Errorf("eve = %+v", p)
	}
	w.act(hubsim.Act{Action: "accept", Email: eve})
	w.poll(w.replace(eve, "BIZ_ADMIN").job(), "finished")
	if p := w.person(eve); p.Status != "active" || p.Role != "BIZ_ADMIN" {
		t.Errorf("eve = %+v", p)
	}
	for _, how := range []string{"decline", "expire"} {
		w.act(hubsim.Act{Action: "invite", Email: "ivo@corp.example"})
		w.act(hubsim.Act{Action: how, Email: "ivo@corp.example"})
		if p := w.person("ivo@corp.example"); p.Status != "" || len(w.listed()) != 4 {
			t.Errorf("%s: ivo = %+v, list %q", how, p, w.listed())
		}
	}
}

func TestCerbySeats(t *testing.T) {
	w := newCerbyWire(t, cerbyWorkspaceEve)
	w.configure(hubsim.Settings{"seats": 4})
	w.poll(w.add("eve@corp.example", "EMPLOYEE").job(), "finished")
	failed := w.poll(w.add("ivo@corp.example", "EMPLOYEE").job(), "error")
	if details := failed["errorDetails"].(object); details["errorType"] != "NotEnoughSeats" || details["userRequired"] != true || failed["canRetry"] != false {
		t.Errorf("job = %v", failed)
	}
	w.poll(w.add("eve@corp.example", "EMPLOYEE").job(), "finished") // has hers
	w.del("bo@northwind.example").job()
	w.poll(w.add("ivo@corp.example", "EMPLOYEE").job(), "finished")

	// Who only shares the hub in Cerby takes none, and a scene may be overfull.
	w.act(hubsim.Act{Action: "join", Email: "zoe@agency.example", Role: "none"})
	w.configure(hubsim.Settings{"seats": 5})
	w.poll(w.add("bo@northwind.example", "EMPLOYEE").job(), "finished")
	w.act(hubsim.Act{Action: "join", Email: "contractor@agency.example"})
}

func TestCerbyLastAdmin(t *testing.T) {
	w := newCerbyWire(t, nil)
	w.del("ada@northwind.example").job()
	w.configure(hubsim.Settings{"protect_last_admin": true, "workspace_users": []string{"eve@corp.example"}})
	w.act(hubsim.Act{Action: "invite", Email: "eve@corp.example", Role: "BIZ_ADMIN"}) // can do nothing yet
	const olive = "olive@northwind.example"
	w.poll(w.del(olive).job(), "error")
	w.poll(w.replace(olive, "EMPLOYEE").job(), "error")
	for _, a := range []hubsim.Act{{Action: "remove", Email: olive}, {Action: "set_role", Email: olive, Role: "EMPLOYEE"}} {
		if _, err := w.sim.Act(cerby, cerbyHub, a); !errors.Is(err, hubsim.ErrImpossible) {
			t.Errorf("%s: %v", a.Action, err)
		}
	}
	if p := w.person(olive); p.Role != "BIZ_ADMIN" {
		t.Errorf("olive = %+v", p)
	}
	w.configure(hubsim.Settings{"protect_last_admin": false})
	w.poll(w.del(olive).job(), "finished")
}

// A team's grant outlives a removal that finished.
func TestCerbyTeams(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{"team_grants": hubsim.Settings{"Ada@northwind.example": "EMPLOYEE", "tim@corp.example": "EMPLOYEE"}})
	equal(t, "members", w.listed(), []string{
		"ada@northwind.example BIZ_ADMIN FINANCE", "Olive@Northwind.example BIZ_ADMIN", "bo@northwind.example EMPLOYEE", "tim@corp.example EMPLOYEE",
	})
	w.poll(w.del("ada@northwind.example").job(), "finished")
	equal(t, "after", w.listed()[:1], []string{"ada@northwind.example EMPLOYEE"})
	if p := w.person("ada@northwind.example"); p.Role != "EMPLOYEE" || p.Status != "active" {
		t.Errorf("ada = %+v", p)
	}
	w.poll(w.del("tim@corp.example").job(), "finished")
	w.poll(w.replace("tim@corp.example", "BIZ_ADMIN").job(), "finished") // the more powerful one counts
	equal(t, "highest", w.listed()[3:], []string{"tim@corp.example BIZ_ADMIN"})
	if _, err := w.sim.Act(cerby, cerbyHub, hubsim.Act{Action: "remove", Email: "tim@corp.example"}); !errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("error = %v", err)
	}
	w.configure(hubsim.Settings{"team_grants": hubsim.Settings{"bo@northwind.example": "EMPLOYEE"}}) // what he has anyway
	equal(t, "without", w.listed(), []string{"Olive@Northwind.example BIZ_ADMIN", "bo@northwind.example EMPLOYEE", "tim@corp.example BIZ_ADMIN"})
}

func TestCerbySuspend(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{"auto_sync": false, "workspace_users": []string{"ada@northwind.example"}})
	const bo = "bo@northwind.example"
	if p := w.act(hubsim.Act{Action: "suspend", Email: bo}); p.Status != hubsim.StatusSuspended {
		t.Errorf("bo = %+v", p)
	}
	// The workspace's own: no sync, and the seat stays.
	if status := w.get(cerbyUsers + "/" + w.id(bo)).attributes()["status"]; status != "disabled" {
		t.Errorf("status = %v", status)
	}
	w.del(bo).job()
	w.add(bo, "EMPLOYEE").invalid("value_error data.attributes.userIds.0")
	if _, err := w.sim.Act(cerby, cerbyHub, hubsim.Act{Action: "resume", Email: bo}); !errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("nobody there: %v", err)
	}
	w.act(hubsim.Act{Action: "suspend", Email: "ada@northwind.example"})
	if p := w.act(hubsim.Act{Action: "resume", Email: "ada@northwind.example"}); p.Status != "active" {
		t.Errorf("ada = %+v", p)
	}
	if _, err := w.sim.Act(cerby, cerbyHub, hubsim.Act{Action: "resume", Email: "ada@northwind.example"}); !errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("twice: %v", err)
	}
	// A later setting does not undo it.
	w.act(hubsim.Act{Action: "suspend", Email: "ada@northwind.example"})
	w.configure(hubsim.Settings{"job_time": "1s"})
	if p := w.person("ada@northwind.example"); p.Status != "suspended" {
		t.Errorf("ada = %+v", p)
	}
}

// What a person does in the app is not seen before a sync.
func TestCerbySync(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{"auto_sync": false, "workspace_domains": []string{"northwind.example"}, "safeguard_percent": 34})
	before := w.listed()
	w.act(hubsim.Act{Action: "join", Email: "new@northwind.example", Role: "BIZ_ADMIN"})
	w.act(hubsim.Act{Action: "set_role", Email: "ada@northwind.example", Role: "EMPLOYEE"})
	w.act(hubsim.Act{Action: "remove", Email: "bo@northwind.example"})
	equal(t, "unsynced", w.listed(), before)
	if p := w.person("bo@northwind.example"); p.Status != "" {
		t.Errorf("bo = %+v", p)
	}
	w.get(cerbyUsers + "/" + w.id("new@northwind.example")).refused(404)
	// Tasks work from the copy, and the app is what it is.
	w.del("new@northwind.example").refused(404)
	w.poll(w.replace("bo@northwind.example", "BIZ_ADMIN").job(), "error")
	w.poll(w.add("new@northwind.example", "EMPLOYEE").job(), "finished")
	equal(t, "matched", w.listed()[3:], []string{"new@northwind.example BIZ_ADMIN"})

	w.act(hubsim.Act{Action: "sync"})
	equal(t, "synced", w.listed(), []string{"ada@northwind.example EMPLOYEE FINANCE", "Olive@Northwind.example BIZ_ADMIN", "new@northwind.example BIZ_ADMIN"})
}

// The removal of somebody who is gone from the app finishes, and puts the copy right.
func TestCerbyRemoveDrifted(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{"auto_sync": false})
	w.act(hubsim.Act{Action: "remove", Email: "bo@northwind.example"})
	w.poll(w.del("bo@northwind.example").job(), "finished")
	if got := w.listed(); len(got) != 2 {
		t.Errorf("members %q", got)
	}
}

func TestCerbySyncSafeguard(t *testing.T) {
	w := newCerbyCrowd(t, hubsim.Generate{Members: 10}, hubsim.Settings{"auto_sync": false, "workspace_domains": []string{"northwind.example"}})
	for _, email := range []string{"member-00001@generated.example", "member-00002@generated.example"} {
		w.act(hubsim.Act{Action: "remove", Email: email})
	}
	w.act(hubsim.Act{Action: "sync"}) // 20 % is not more than 20 %
	if n := len(w.listed()); n != 8 {
		t.Errorf("%d members", n)
	}
	for _, email := range []string{"member-00003@generated.example", "member-00004@generated.example"} {
		w.act(hubsim.Act{Action: "remove", Email: email})
	}
	w.act(hubsim.Act{Action: "join", Email: "new@northwind.example"})
	if _, err := w.sim.Act(cerby, cerbyHub, hubsim.Act{Action: "sync"}); !errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("error = %v", err)
	}
	if n := len(w.listed()); n != 8 { // nothing of it, the newcomer neither
		t.Errorf("%d members", n)
	}
	status, body := w.control("POST", "hubs/cerby/"+cerbyHub+"/acts", `{"action":"sync"}`)
	if status != 409 {
		t.Errorf("%d %s", status, body)
	}
	w.configure(hubsim.Settings{"safeguard_percent": 100})
	w.act(hubsim.Act{Action: "sync"})
	if n := len(w.listed()); n != 7 {
		t.Errorf("%d members", n)
	}
}

func TestCerbyImpossibleActs(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{"seats": 3})
	for _, a := range []hubsim.Act{
		{Action: "join", Email: "BO@northwind.example"},
		{Action: "join", Email: "eve"},
		{Action: "join", Email: "eve@corp.example", Role: "OWNER"},
		{Action: "join", Email: "eve@corp.example", ExtraRoles: []string{"BIZ_ADMIN"}},
		{Action: "invite", Email: "eve@corp.example"},
		{Action: "remove", Email: "eve@corp.example"},
		{Action: "accept", Email: "bo@northwind.example"},
		{Action: "set_role", Email: "bo@northwind.example", Role: "FINANCE"},
		{Action: "set_role", ID: "x"},
	} {
		if _, err := w.sim.Act(cerby, cerbyHub, a); !errors.Is(err, hubsim.ErrImpossible) {
			t.Errorf("%+v: %v", a, err)
		}
	}
	if _, err := w.sim.Act(cerby, cerbyHub, hubsim.Act{Action: "approve", Email: "bo@northwind.example"}); err == nil || errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("no such act: %v", err)
	}
	bo := w.person("bo@northwind.example")
	if p := w.act(hubsim.Act{Action: "set_role", ID: bo.ID, ExtraRoles: []string{"FINANCE"}}); p.Role != "EMPLOYEE" || len(p.ExtraRoles) != 1 {
		t.Errorf("bo = %+v", p)
	}
	if p := w.act(hubsim.Act{Action: "set_role", ID: bo.ID, Role: "BIZ_ADMIN"}); p.Role != "BIZ_ADMIN" || len(p.ExtraRoles) != 1 || p.Status != "active" {
		t.Errorf("bo = %+v", p)
	}
}

func TestCerbyVisibilityLag(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{"visibility_lag": "10s", "workspace_users": []string{"eve@corp.example"}})
	w.poll(w.add("eve@corp.example", "EMPLOYEE").job(), "finished")
	w.poll(w.del("bo@northwind.example").job(), "finished")
	before := []string{"ada@northwind.example BIZ_ADMIN FINANCE", "Olive@Northwind.example BIZ_ADMIN", "bo@northwind.example EMPLOYEE"}
	w.sim.Clock().Advance(10*time.Second - 1)
	equal(t, "just before", w.listed(), before)
	w.del("bo@northwind.example").refused(404) // Cerby itself knows
	w.sim.Clock().Advance(1)
	equal(t, "after", w.listed(), append(before[:2:2], "eve@corp.example EMPLOYEE"))
}

func TestCerbyReset(t *testing.T) {
	w := newCerbyWire(t, nil)
	job := w.del("bo@northwind.example").job()
	if err := w.sim.Reset(); err != nil {
		t.Fatal(err)
	}
	if n := len(w.listed()); n != 3 {
		t.Errorf("%d members", n)
	}
	w.get("/jobs/" + job).refused(404)
}
