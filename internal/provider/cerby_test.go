package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// cerbyHub is the Cerby world with a hub that behaves so.
func cerbyHub(behaviour hubsim.Settings) world {
	w := worlds["cerby"]
	w.hub = maps.Clone(w.hub)
	maps.Copy(w.hub, behaviour)
	return w
}

// outcomes are how the jobs of people end, whatever the app would make of them.
type outcomes []map[string]any

// Tasks that do not wait for their job: it is looked at after two seconds first,
// and at once in the apply after.
const (
	impatient     = "timeouts {\n    create = \"1800ms\"\n    update = \"1800ms\"\n    delete = \"1800ms\"\n  }"
	impatientRole = "timeouts {\n    create = \"1800ms\"\n    delete = \"1800ms\"\n  }"
)

// kept is the job that a resource keeps in its private state, "" for none.
func (l *life) kept(address string) string {
	l.t.Helper()
	data, err := os.ReadFile(filepath.Join(l.dir, "terraform.tfstate"))
	if err != nil {
		l.t.Fatal(err)
	}
	var state struct {
		Resources []struct {
			Type, Name string
			Instances  []struct{ Private string }
		}
	}
	if err := json.Unmarshal(data, &state); err != nil {
		l.t.Fatal(err)
	}
	for _, r := range state.Resources {
		if r.Type+"."+r.Name != address || len(r.Instances) == 0 {
			continue
		}
		var private map[string][]byte
		text, err := base64.StdEncoding.DecodeString(r.Instances[0].Private)
		if err == nil && len(text) > 0 {
			err = json.Unmarshal(text, &private)
		}
		if err != nil {
			l.t.Fatal(err)
		}
		var job struct{ Job string }
		if len(private["job"]) > 0 {
			if err := json.Unmarshal(private["job"], &job); err != nil {
				l.t.Fatal(err)
			}
		}
		return job.Job
	}
	l.t.Fatalf("%s is not in the state", address)
	return ""
}

// keeps wants a resource to keep a job, or none.
func (r *run) keeps(address string, job bool) *run {
	r.l.t.Helper()
	if kept := r.l.kept(address); (kept != "") != job {
		r.l.t.Errorf("after %s %s keeps the job %q", r.command, address, kept)
	}
	return r
}

// The roles are those of the app behind the hub: a plan knows them, and asks for
// them once.
func TestAccCerby_roles(t *testing.T) {
	w := cerbyHub(hubsim.Settings{"entitlements": []map[string]any{
		{"id": "EMPLOYEE", "group": "primary"}, {"id": "BIZ_ADMIN", "group": "primary"}, {"id": "FINANCE", "group": "secondary"}, {"id": "ANALYST", "group": "secondary"},
	}})
	l := w.live(t, hubsim.PersonSeed{Email: bo, Role: "EMPLOYEE"})
	config := w.hubConfig() + "data \"roster_hub_roles\" \"r\" {\n  hub_id = roster_business_hub.h.id\n}\n" + w.look("s") +
		w.seat(nia, `role = "EMPLOYEE"`) + w.seat(bo, `role = "EMPLOYEE"`) + w.roleOf("r", bo, "FINANCE") + w.roleOf("more", bo, "ANALYST")
	l.plan(config).succeeds().plans(at(nia), "create", at(bo), "create", roleR, "create", "roster_hub_member_role.more", "create")
	if n := l.sim.CountOps()[hubsim.OpListRoles]; n != 1 {
		t.Errorf("a plan of four asked for the roles %d times", n)
	}
	l.apply(w.hubConfig() + "data \"roster_hub_roles\" \"r\" {\n  hub_id = roster_business_hub.h.id\n}\n").succeeds()
	var listed []string
	for _, row := range l.state("data.roster_hub_roles.r")["roles"].([]any) {
		role, _ := row.(map[string]any)
		listed = append(listed, fmt.Sprint(role["id"], " ", role["kind"]))
	}
	if got, want := strings.Join(listed, ", "), "EMPLOYEE primary, BIZ_ADMIN primary, FINANCE secondary, ANALYST secondary"; got != want {
		t.Errorf("roster_hub_roles lists %s, want %s", got, want)
	}
	l.plan(w.hubConfig() + w.seat(nia, `role = "EMPLOYE"`)).fails(`Unknown role.*Cerby has no role "EMPLOYE"\. Did you mean "EMPLOYEE"\?.*Legal on ` + w.hubID() + `: EMPLOYEE, BIZ_ADMIN\.`).wrote(nothing)
	l.plan(w.hubConfig() + w.seat(nia, `role = "FINANCE"`)).fails(`Not a primary role.*"FINANCE" is a secondary role.*EMPLOYEE, BIZ_ADMIN`).wrote(nothing)
	l.plan(w.hubConfig() + w.seat(bo) + w.roleOf("r", bo, "FINANCES")).fails(`no role "FINANCES"\. Did you mean "FINANCE"\?.*EMPLOYEE, BIZ_ADMIN, FINANCE, ANALYST`).wrote(nothing)
}

// A job that outlives its task: an add leaves a seat to come, anything else is an
// error, and each next apply waits for the same job and asks for nothing again.
func TestAccCerby_longJobs(t *testing.T) {
	w := cerbyHub(hubsim.Settings{"job_time": "1h"})
	l := w.live(t)
	as := func(role string) string { return w.hubConfig() + w.seat(nia, `role = "`+role+`"`, impatient) }
	goesOn := "task for " + nia + " on .* is still under way.*from an apply that did not wait.*asks for nothing a second time"

	l.apply(as("EMPLOYEE")).succeeds().wrote(one(hubsim.OpInvite)).warns("The add task for "+nia+" on .* is still under way", "raise the resource's timeouts").
		is(at(nia), "status", "unknown", "role", "EMPLOYEE", "member_id", "").keeps(at(nia), true)
	job := l.kept(at(nia))
	for range 2 { // nobody is there, and nobody is gone
		l.run("refresh").succeeds().wrote(nothing).is(at(nia), "status", "unknown").keeps(at(nia), true)
	}
	l.plan(as("EMPLOYEE")).succeeds().plans(at(nia), "update").warns("The add "+goesOn, job).wrote(nothing)
	l.passes(time.Hour)
	l.applyPlan().succeeds().wrote(nothing).is(at(nia), "status", "active").keeps(at(nia), false)
	l.apply(as("EMPLOYEE")).succeeds().silent().plans().wrote(nothing)

	l.apply(as("BIZ_ADMIN")).fails("The role-change task for "+nia+".*is not finished yet", "Reason: timeout.*had not ended when roster stopped waiting.*goes on waiting").
		wrote(one(hubsim.OpChangeRole)).is(at(nia), "role", "EMPLOYEE").keeps(at(nia), true)
	l.plan(as("BIZ_ADMIN")).succeeds().plans(at(nia), "update").warns("The role-change " + goesOn).wrote(nothing)
	l.passes(time.Hour)
	l.applyPlan().succeeds().wrote(nothing).is(at(nia), "role", "BIZ_ADMIN", "status", "active").keeps(at(nia), false)

	l.apply(w.hubConfig()).fails("The remove task for "+nia+".*is not finished yet", "Reason: timeout", "goes on waiting").wrote(one(hubsim.OpRemove)).keeps(at(nia), true)
	l.plan(w.hubConfig()).succeeds().plans(at(nia), "delete").warns("The remove " + goesOn).wrote(nothing)
	l.passes(time.Hour)
	l.applyPlan().succeeds().wrote(nothing).gone(at(nia))
	l.truth(nia, "", "")
	l.apply(w.hubConfig()).succeeds().silent().plans().wrote(nothing)
}

// The same of a role that is a resource of its own. A job that has ended by the
// next refresh is waited for no more.
func TestAccCerby_longJobsOfRoles(t *testing.T) {
	w := cerbyHub(hubsim.Settings{"job_time": "1h"})
	l := w.live(t, hubsim.PersonSeed{Email: bo, Role: "EMPLOYEE"})
	without := w.hubConfig() + w.seat(bo)
	with := without + w.roleOf("r", bo, "FINANCE", impatientRole)
	l.apply(without).succeeds()
	l.apply(with).succeeds().wrote(one(hubsim.OpGrantRole)).warns("The role-change task for "+bo+" on .* is still under way").keeps(roleR, true)
	l.run("refresh").succeeds().wrote(nothing).keeps(roleR, true)
	l.plan(with).succeeds().plans(roleR, "update").warns("The role-change task for " + bo + " on .* is still under way").wrote(nothing)
	l.passes(time.Hour)
	l.applyPlan().succeeds().wrote(nothing).keeps(roleR, false)
	l.apply(with).succeeds().silent().plans().wrote(nothing)

	l.apply(without).fails("The role-change task for "+bo+".*is not finished yet", "Reason: timeout").wrote(one(hubsim.OpRevokeRole)).keeps(roleR, true)
	l.passes(time.Hour)
	l.apply(without).succeeds().wrote(nothing).gone(roleR)
	if p := l.person(bo); len(p.ExtraRoles) != 0 {
		t.Errorf("bo is %+v", p)
	}
}

// A kept job that fails after all is told about as the task it was, and asked for
// anew.
func TestAccCerby_longJobsThatFail(t *testing.T) {
	w := cerbyHub(hubsim.Settings{"job_time": "1h", "job_outcome": outcomes{
		{"email": nia, "task": "add", "code": "NotEnoughSeats", "times": 2},
		{"email": bo, "task": "change_role", "code": "BadCredentials", "times": 2},
	}})
	l := w.live(t, hubsim.PersonSeed{Email: bo, Role: "EMPLOYEE"})
	as := func(role string, patience ...string) string {
		return w.hubConfig() + w.seat(nia, append(patience, `role = "EMPLOYEE"`)...) + w.seat(bo, append(patience, `role = "`+role+`"`)...)
	}
	const outside, none = "outside Terraform", "An earlier apply asked for a seat, and there is none"
	waits := as("EMPLOYEE", impatient)
	l.apply(waits).succeeds().wrote(one(hubsim.OpInvite)).keeps(at(nia), true)
	l.plan(waits).succeeds().plans(at(nia), "update")
	l.passes(time.Hour)
	l.applyPlan().fails(nia+" was not added", "Reason: seat_limit").wrote(nothing).keeps(at(nia), false)
	told := l.apply(waits).succeeds().plans(at(nia), "create").wrote(one(hubsim.OpInvite)).warns(nia+" is not on", none).keeps(at(nia), true)
	if text := told.text("warning"); strings.Contains(text, outside) {
		t.Errorf("nobody did anything outside Terraform:\n%s", text)
	}
	l.passes(time.Hour)
	l.set("job_time", "0s")()
	told = l.apply(as("EMPLOYEE")).succeeds().plans(at(nia), "create", at(bo), "update").wrote(one(hubsim.OpInvite)).
		warns(nia+" was not added", "Reason: seat_limit", "Press Add employee").is(at(nia), "status", "active").keeps(at(nia), false)
	if text := told.text("warning"); strings.Contains(text, outside) || strings.Contains(text, none) {
		t.Errorf("the failed job is told about, and then once more:\n%s", text)
	}

	// Told by the refresh; and by the apply that went on waiting.
	notAsAdd := func(r *run) {
		t.Helper()
		text := r.text("error") + r.text("warning")
		if !strings.Contains(text, bo+" did not get the role BIZ_ADMIN") || !strings.Contains(text, "Reason: unauthenticated") || strings.Contains(text, "was not added") {
			t.Errorf("%s does not tell what became of the role change:\n%s", r.command, text)
		}
	}
	l.set("job_time", "1h")()
	promoted := as("BIZ_ADMIN", impatient)
	l.apply(promoted).fails("Reason: timeout").wrote(one(hubsim.OpChangeRole)).keeps(at(bo), true)
	l.passes(time.Hour)
	notAsAdd(l.plan(promoted).succeeds().plans(at(bo), "update").wrote(nothing))
	l.applyPlan().fails("Reason: timeout").wrote(one(hubsim.OpChangeRole)).keeps(at(bo), true)
	l.plan(promoted).succeeds().plans(at(bo), "update")
	l.passes(time.Hour)
	r := l.applyPlan().fails(bo+" did not get the role BIZ_ADMIN").wrote(nothing).keeps(at(bo), false)
	notAsAdd(r)
	l.set("job_time", "0s")()
	l.apply(as("BIZ_ADMIN")).succeeds().wrote(one(hubsim.OpChangeRole)).is(at(bo), "role", "BIZ_ADMIN")
}

// Somebody who is to stay after all, while the job that removes them is under
// way: the apply waits for its end, and adds them again.
func TestAccCerby_longRemovalTakenBack(t *testing.T) {
	w := cerbyHub(hubsim.Settings{"job_time": "1h"})
	l := w.live(t, hubsim.PersonSeed{Email: bo, Role: "EMPLOYEE"})
	config := w.hubConfig() + w.seat(bo, `role = "EMPLOYEE"`, impatient)
	l.apply(config).succeeds().wrote(nothing)
	l.apply(w.hubConfig()).fails("The remove task for "+bo+".*is not finished yet", "Reason: timeout").wrote(one(hubsim.OpRemove)).keeps(at(bo), true)
	config = w.hubConfig() + w.seat(bo, `role = "EMPLOYEE"`)
	l.plan(config).succeeds().plans(at(bo), "update")
	l.passes(time.Hour)
	l.set("job_time", "0s")()
	l.applyPlan().succeeds().wrote(one(hubsim.OpInvite)).is(at(bo), "status", "active").keeps(at(bo), false)
	l.truth(bo, hubsim.StatusActive, "EMPLOYEE")
	l.apply(config).succeeds().silent().plans().wrote(nothing)
}

// What a failed job says, in the words a person meets.
func TestAccCerby_failedJobs(t *testing.T) {
	w := cerbyHub(hubsim.Settings{"job_outcome": outcomes{
		{"email": nia, "code": "NotEnoughSeats"},
		{"email": bo, "code": "MFANotManagedError"},
		{"email": cy, "code": "SomethingNew", "user_required": true, "more_details": true},
	}})
	l := w.live(t, hubsim.PersonSeed{Email: bo, Role: "EMPLOYEE"}, hubsim.PersonSeed{Email: cy, Role: "EMPLOYEE"})
	l.apply(w.hubConfig() + w.seat(bo) + w.seat(cy)).succeeds()
	r := l.apply(w.hubConfig()+w.seat(bo, `role = "BIZ_ADMIN"`)+w.seat(cy, `role = "BIZ_ADMIN"`)+w.seat(nia, `role = "EMPLOYEE"`)).
		fails(
			bo+` did not get the role BIZ_ADMIN[^\n]*\n[^\n]*\nReason: second_factor. Cerby does not manage MFA`, `code MFANotManagedError, trace [0-9a-f-]{36}`,
		).wrote(map[string]int{hubsim.OpInvite: 1, hubsim.OpChangeRole: 2}).gone(at(nia)).is(at(cy), "role", "EMPLOYEE")
	var shown []diagnostic
	for _, d := range r.diagnostics {
		if strings.HasPrefix(d.Summary, nia) || strings.HasPrefix(d.Summary, cy) {
			shown = append(shown, d)
		}
	}
	golden(t, shown)
}

// Cerby adds people of its workspace alone, and shows who has a seat in the app
// without being one.
func TestAccCerby_strangers(t *testing.T) {
	const guest, zed = "guest@elsewhere.example", "zed@elsewhere.example"
	w := cerbyHub(nil)
	l := w.live(t, hubsim.PersonSeed{Email: zed, Role: "EMPLOYEE", Status: hubsim.StatusUnmatched})
	config := w.hubConfig() + w.look("s", `expected_emails = ["`+ada+`", "`+olive+`"]`)
	l.apply(config).succeeds().shows("data.roster_hub_sync.s", "members", ada, olive, zed).shows("data.roster_hub_sync.s", "unexpected", zed).shows("data.roster_hub_sync.s", "flagged", zed)
	l.apply(w.hubConfig()+w.seat(guest, `role = "EMPLOYEE"`)).fails(guest+" was not added", "refused before anything was sent. "+guest+" has no seat there",
		"is not in the Cerby workspace.*Provision them through the identity provider, or invite them to the workspace as a guest, then apply again").wrote(nothing)
	l.set("workspace_users", []string{guest})()
	l.apply(w.hubConfig() + w.seat(guest, `role = "EMPLOYEE"`)).succeeds().wrote(one(hubsim.OpInvite))
}

// A seat that comes from a team outlives a job that says it was removed.
func TestAccCerby_team(t *testing.T) {
	w := cerbyHub(hubsim.Settings{"team_grants": map[string]string{bo: "EMPLOYEE"}})
	l := w.live(t, hubsim.PersonSeed{Email: bo, Role: "EMPLOYEE"})
	l.apply(w.hubConfig() + w.seat(bo)).succeeds()
	l.apply(w.hubConfig()).fails(bo+" was not removed", bo+" still has access, with the role EMPLOYEE", "answered that the person is removed, and after 5s still shows them",
		"access through a team as well: take the person out of the team in Cerby").wrote(one(hubsim.OpRemove)).is(at(bo), "status", "active").keeps(at(bo), false)
}

// What a person did in the app, Cerby shows after a sync and not before.
func TestAccCerby_staleCopy(t *testing.T) {
	w := cerbyHub(hubsim.Settings{"auto_sync": false, "job_outcome": outcomes{{"task": "remove", "code": "UnderpermissionedAccount", "times": 1}}, "safeguard_percent": 100})
	l := w.live(t, hubsim.PersonSeed{Email: bo, Role: "EMPLOYEE"})
	l.apply(w.hubConfig() + w.seat(bo)).succeeds()
	l.apply(w.hubConfig()).fails(bo+" was not removed", "Reason: forbidden. The hub's service account lacks administrator rights",
		`1\. Open the Pinterest Business account .* from Cerby`, `Press Sync .*Then sync: when Cerby's sync is completed, run terraform apply`)
	l.does(hubsim.ActRemove, bo)
	l.plan(w.hubConfig()).succeeds().plans(at(bo), "delete")
	l.does(hubsim.ActSync, "")
	l.apply(w.hubConfig()).succeeds().plans().wrote(nothing).gone(at(bo))
	l.apply(w.hubConfig()).succeeds().silent().plans().wrote(nothing)
}

// What is wrong with the key or the way to Cerby, and what to do about it.
func TestAccCerby_refused(t *testing.T) {
	w := cerbyHub(nil)
	l := w.live(t, hubsim.PersonSeed{Email: bo, Role: "EMPLOYEE"})
	config := w.hubConfig() + w.seat(bo, `role = "BIZ_ADMIN"`)
	const scopes = "Read users, Read integrations, Write integrations, Read automated jobs and Write automated jobs"
	l.apply(w.hubConfig() + w.seat(bo)).succeeds()
	l.set("missing_scopes", []string{"write:automations"})()
	l.apply(config).fails(bo+" has a seat, with the role EMPLOYEE", "Reason: forbidden. The API key is good.*lacks a scope.*"+scopes, "HTTP 401").is(at(bo), "role", "EMPLOYEE")
	l.set("missing_scopes", []string{"read:users"})()
	l.apply(config).fails("could not be read", "Reason: forbidden.*"+scopes, "nobody was taken for removed").wrote(nothing).is(at(bo), "role", "EMPLOYEE")
	l.set("missing_scopes", []string{})()
	l.set("blocked", true)()
	l.apply(config).fails("could not be read", "Reason: blocked. The call was blocked before the API.*firewall").wrote(nothing).is(at(bo), "role", "EMPLOYEE")
	l.set("blocked", false)()
	l.set("token_invalid", true)()
	l.apply(config).fails("Reason: unauthenticated. Cerby does not accept the API key.*" + scopes).wrote(nothing)
	l.set("token_invalid", false)()
	l.apply(w.hubConfig() + w.seat(bo)).succeeds().silent().plans().wrote(nothing)
}

// The screens are those of the app behind the hub, unless runbook says whose.
func TestAccCerby_guide(t *testing.T) {
	w := cerbyHub(nil)
	l := w.live(t)
	l.apply("").succeeds() // the hub is to be connected anew, so that its app is asked for
	for _, tt := range []struct{ application, runbook, begins string }{
		{"pinterest_business", "", `1\. Open the Pinterest Business account .* from Cerby`},
		{"tiktok_ads", "", `1\. Open the TikTok Business Center account .* from Cerby`},
		{"mailchimp", "", `1\. Log in to the external app .* from Cerby`},
		{"mailchimp", "google_ads", `1\. Open the Google Ads account .* from Cerby`},
		{"tiktok_ads", "snapchat_business", `1\. Open the Snapchat Business Manager account .* from Cerby`},
	} {
		t.Run(tt.application+" "+tt.runbook, func(t *testing.T) {
			l.set("application", tt.application)()
			more := `label`
			if tt.runbook != "" {
				more = `runbook = "` + tt.runbook + "\"\n  label"
			}
			config := strings.Replace(w.hubConfig(), "label", "unsupported_tasks = [\"add\"]\n  "+more, 1)
			l.plan(config+w.seat(nia, `role = "EMPLOYEE"`)).fails("left to a person.*Finish it by hand:.*"+tt.begins, `Go back to Cerby to sync the hub.*Press Sync.*Then sync: when Cerby's sync is completed`).wrote(nothing)
		})
	}
}

// cerbyFolder is a folder for commands whose environment holds the API key.
func (w world) cerbyFolder(t *testing.T, s *scene, config string) *workspace {
	t.Helper()
	folder := s.commands(w.hubConfig() + config)
	folder.env = append(folder.env, "CERBY_API_KEY="+fixtureToken, "CERBY_BASE_URL="+hubsim.Endpoint(s.url, "cerby")+"/api/v1", "CERBY_REQUESTS_PER_MINUTE=6000")
	return folder
}

// stop runs an apply, presses Ctrl-C as soon as the operation has been asked for,
// and returns what was printed.
func (w *workspace) stop(s *scene, operation string) string {
	w.t.Helper()
	cmd := w.command("apply", "-auto-approve", "-no-color")
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	arrived := make(chan struct{})
	go func() {
		defer close(arrived)
		for len(s.sim.Requests(hubsim.ByOperation(operation), func(r hubsim.Request) bool { return r.Status != 0 })) == 0 && w.t.Context().Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
	}()
	select {
	case <-arrived:
	case <-time.After(time.Minute):
		w.t.Errorf("%s was not asked for in a minute", operation)
	}
	interrupted := time.Now()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		w.t.Fatalf("%v; the apply printed:\n%s", err, out.String())
	}
	_ = cmd.Wait() // an interrupted apply fails, or does not when it had nothing left to do
	if took := time.Since(interrupted); took > 10*time.Second {
		w.t.Errorf("stopped %s after the interrupt", took)
	}
	return out.String()
}

// Ctrl-C while a job is under way leaves the job in the state: the next apply
// goes on waiting, and asks for nothing.
func TestAccCerby_interrupt(t *testing.T) {
	w := cerbyHub(hubsim.Settings{"job_time": "1h"})
	s := w.scene(t, hubsim.HubSeed{People: w.team(hubsim.PersonSeed{Email: bo, Role: "EMPLOYEE"})})
	folder := w.cerbyFolder(t, s, "")
	t.Parallel()
	folder.must("apply", "-auto-approve")
	config := w.hubConfig() + w.seat(nia, `role = "EMPLOYEE"`)
	folder.configure(config)
	s.forgetRequests()
	if out := folder.stop(s, hubsim.OpPollJob); !strings.Contains(out, "is still under way") {
		t.Errorf("what the interrupt left is not told:\n%s", out)
	}
	if status := folder.attribute(at(nia), "status"); status != "unknown" {
		t.Errorf("status = %q", status)
	}
	if out := folder.must("plan", "-out=kept.plan", "-no-color"); !strings.Contains(out, "0 to add, 1 to change, 0 to destroy") {
		t.Errorf("the plan does not go on with the job:\n%s", out)
	}
	s.sim.Clock().Advance(time.Hour)
	folder.must("apply", "kept.plan")
	if status := folder.attribute(at(nia), "status"); status != "active" {
		t.Errorf("status = %q", status)
	}
	if err := s.writes(one(hubsim.OpInvite)); err != nil {
		t.Error(err)
	}
}

// Cerby asks for five minutes after too many calls. Nobody has to sit them out.
func TestAccCerby_interruptedThrottle(t *testing.T) {
	w := cerbyHub(nil)
	s := w.scene(t, hubsim.HubSeed{People: w.team()})
	folder := w.cerbyFolder(t, s, w.seat(nia, `role = "EMPLOYEE"`))
	s.fault(hubsim.Fault{
		Kind: hubsim.FaultRespond, Operation: hubsim.OpInvite, Status: 429,
		Body: `{"errors":[{"code":"too_many_requests","title":"Too many requests","status":429,"detail":"too many requests","meta":null}]}`,
	})()
	t.Parallel()
	out := strings.Join(strings.Fields(folder.stop(s, hubsim.OpInvite)), " ")
	if !strings.Contains(out, nia+" was not added") || !strings.Contains(out, "Reason: cancelled") && !strings.Contains(out, "Reason: rate_limited") {
		t.Errorf("the interrupted task is not explained:\n%s", out)
	}
	if err := s.writes(one(hubsim.OpInvite)); err != nil {
		t.Error(err)
	}
	if state := folder.must("state", "list"); strings.Contains(state, at(nia)) {
		t.Errorf("nobody was added, and the state has\n%s", state)
	}
}

// The API key comes from the environment, and is nowhere else afterwards.
func TestAccCerby_secrets(t *testing.T) {
	w := cerbyHub(nil)
	s := w.scene(t, hubsim.HubSeed{People: w.team()})
	folder := w.cerbyFolder(t, s, w.seat(nia, `role = "EMPLOYEE"`))
	t.Parallel()
	folder.keepsSecret(fixtureToken, s.set(hubsim.TokenInvalid, true))
	if p := s.person(nia); p == nil || p.Status != hubsim.StatusActive {
		t.Errorf("nia is %+v: the run that was to be looked through did nothing", p)
	}
}
