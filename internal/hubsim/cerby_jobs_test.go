package hubsim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// A job goes through its statuses by the clock, and the members change when it
// ends, not before.
func TestCerbyJobByTheClock(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{"job_time": "4m", "workspace_users": []string{"eve@corp.example"}})
	before := w.listed()
	job := w.add("eve@corp.example", "EMPLOYEE").job()
	for _, step := range []struct {
		wait   time.Duration
		status string
	}{
		{0, "created"},
		{0, "created"}, // polling does not hurry it
		{time.Minute - 1, "created"},
		{1, "started"},
		{time.Minute, "running"},
		{2*time.Minute - 1, "running"},
	} {
		w.sim.Clock().Advance(step.wait)
		w.poll(job, step.status)
		equal(t, "members", w.listed(), before)
		if p := w.person("eve@corp.example"); p.Status != "" {
			t.Fatalf("eve = %+v", p)
		}
	}
	w.sim.Clock().Advance(1)
	equal(t, "members", w.listed(), append(before, "eve@corp.example EMPLOYEE")) // polled or not
	w.poll(job, "finished")
}

func TestCerbyJobsOfOneMember(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{"job_time": "1m"})
	const bo = "bo@northwind.example"
	first := w.replace(bo, "BIZ_ADMIN").job()
	w.sim.Clock().Advance(time.Second)
	second := w.del(bo).job() // queued
	w.sim.Clock().Advance(59 * time.Second)
	w.poll(first, "finished")
	w.poll(second, "running")
	equal(t, "between", w.listed()[2:], []string{bo + " BIZ_ADMIN"})
	w.sim.Clock().Advance(time.Second)
	w.poll(second, "finished")

	w.configure(hubsim.Settings{"job_time": "2m"})
	w.replace("olive@northwind.example", "EMPLOYEE").job()
	w.configure(hubsim.Settings{"job_time": "1m"})
	w.replace("olive@northwind.example", "BIZ_ADMIN", "FINANCE").job() // overtakes
	w.sim.Clock().Advance(time.Hour)
	if p := w.person("olive@northwind.example"); p.Role != "EMPLOYEE" || p.ExtraRoles != nil {
		t.Errorf("olive = %+v", p)
	}

	w.configure(hubsim.Settings{"busy_member": "conflict"})
	w.replace("ada@northwind.example", "EMPLOYEE").job()
	if e := w.del("ada@northwind.example").refused(409)[0]; e["status"] != 409.0 {
		t.Errorf("409 = %v", e)
	}
	w.del("olive@northwind.example").job() // somebody else's
	w.sim.Clock().Advance(time.Minute)
	w.del("ada@northwind.example").job()
}

func TestCerbyJobCodes(t *testing.T) {
	for _, code := range []string{
		"NotEnoughSeats", "SubscriptionDeactivated", "UnderpermissionedAccount", "InvalidBusinessId", "BadCredentials", "EmptyPasswordError",
		"AccountVaultError", "EmailNotProvidedError", "InvalidEmail", "PhoneNotProvidedError", "PhoneNotManagedError", "GeneralMFANotManagedError",
		"MFANotManagedError", "MFAAlreadyEnable", "OtherMFAMethodEnabledError", "VerificationMethodsNotManagedError", "SecureDeviceNotFoundInStorage",
		"SomethingNew",
	} {
		t.Run(code, func(t *testing.T) {
			w := newCerbyWire(t, hubsim.Settings{"job_outcome": []hubsim.Settings{{"code": code}}})
			job := w.poll(w.del("bo@northwind.example").job(), "error")
			details := job["errorDetails"].(object)
			person := code != "AccountVaultError" && code != "SomethingNew"
			if details["errorType"] != code || details["userRequired"] != person || job["canRetry"] != (code == "AccountVaultError") || details["screenshotUrl"] == "" {
				t.Errorf("job = %v", job)
			}
			equal(t, "members", w.listed()[2:], []string{"bo@northwind.example EMPLOYEE"})
		})
	}
}

func TestCerbyJobDetails(t *testing.T) {
	const nulls = `{"errorType":null,"screenshotUrl":null,"userRequired":null}`
	for details, want := range map[string]string{"nulls": nulls, "empty": `{}`, "null": `null`} {
		w := newCerbyWire(t, hubsim.Settings{
			"job_outcome":     []hubsim.Settings{{"end": "error", "details": details, "more_details": true, "times": 1}},
			"success_details": details,
		})
		failed := w.poll(w.del("bo@northwind.example").job(), "error")
		sameJSON(t, details, failed["errorDetails"], want)
		if failed["hasMoreDetails"] != true {
			t.Errorf("job = %v", failed)
		}
		sameJSON(t, details, w.poll(w.del("bo@northwind.example").job(), "finished")["errorDetails"], want)
	}
	w := newCerbyWire(t, hubsim.Settings{"job_outcome": []hubsim.Settings{{"code": "BadCredentials", "user_required": false, "can_retry": true}}})
	job := w.poll(w.del("bo@northwind.example").job(), "error")
	if job["canRetry"] != true || job["errorDetails"].(object)["userRequired"] != false {
		t.Errorf("job = %v", job)
	}
}

// Outcomes are told apart by person, by task and by how often.
func TestCerbyJobOutcomeOfWhom(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{"job_outcome": []hubsim.Settings{
		{"email": "BO@northwind.example", "task": "remove", "times": 1, "code": "BadCredentials"},
		{"task": "change_role", "code": "InvalidBusinessId"},
	}})
	const bo = "bo@northwind.example"
	w.poll(w.del("olive@northwind.example").job(), "finished")
	w.poll(w.replace(bo, "BIZ_ADMIN").job(), "error")
	w.poll(w.replace("ada@northwind.example", "EMPLOYEE").job(), "error")
	w.poll(w.del(bo).job(), "error")
	w.configure(hubsim.Settings{"job_time": "0s"}) // another setting does not begin anew
	w.poll(w.del(bo).job(), "finished")
}

func TestCerbyJobRetrying(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{"job_outcome": []hubsim.Settings{{"retrying": 2, "times": 1}, {"retrying": 1, "code": "BadCredentials"}}})
	const bo = "bo@northwind.example"
	job := w.replace(bo, "BIZ_ADMIN").job()
	w.poll(job, "retrying")
	equal(t, "members", w.listed()[2:], []string{bo + " EMPLOYEE"})
	w.poll(job, "retrying")
	w.poll(job, "finished")
	equal(t, "members", w.listed()[2:], []string{bo + " BIZ_ADMIN"})
	job = w.del(bo).job()
	w.poll(job, "retrying")
	w.poll(job, "error")

	w.configure(hubsim.Settings{"job_time": "4s", "job_outcome": []hubsim.Settings{{"retrying": 1}}})
	job = w.del(bo).job()
	w.poll(job, "created")
	w.sim.Clock().Advance(4 * time.Second)
	w.poll(job, "retrying")
	w.poll(job, "finished")
}

func TestCerbyJobThatNeverEnds(t *testing.T) {
	for end, status := range map[string]string{"stuck": "running", "awaiting_human": "awaiting_human", "retrying": "retrying"} {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprint(end, done), func(t *testing.T) {
				w := newCerbyWire(t, hubsim.Settings{"job_time": "4s", "job_outcome": []hubsim.Settings{{"end": end, "after_effect": done}}})
				job := w.del("bo@northwind.example").job()
				w.poll(job, "created")
				for range 3 {
					w.sim.Clock().Advance(24 * time.Hour)
					w.poll(job, status)
				}
				if gone := len(w.listed()) == 2; gone != done {
					t.Errorf("gone = %t", gone)
				}
			})
		}
	}
}

func TestCerbyJobFailsAfterItsEffect(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{"job_outcome": []hubsim.Settings{{"end": "error", "after_effect": true}}})
	w.poll(w.del("bo@northwind.example").job(), "error")
	if p := w.person("bo@northwind.example"); p.Status != "" || len(w.listed()) != 2 {
		t.Errorf("bo = %+v", p)
	}
}

// One of several nested tasks that fails makes the whole fail.
func TestCerbyJobOfSeveral(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{
		"workspace_users": []string{"eve@corp.example", "ivo@corp.example"},
		"job_outcome":     []hubsim.Settings{{"email": "eve@corp.example", "code": "InvalidEmail"}},
	})
	job := w.poll(w.add("eve@corp.example ivo@corp.example", "EMPLOYEE").job(), "error")
	if job["errorDetails"].(object)["errorType"] != "InvalidEmail" {
		t.Errorf("job = %v", job)
	}
	equal(t, "members", w.listed()[3:], []string{"ivo@corp.example EMPLOYEE"})
}

func TestCerbyUnsupportedTasks(t *testing.T) {
	w := newCerbyWire(t, hubsim.Settings{"unsupported_tasks": []string{"change_role"}})
	w.poll(w.replace("bo@northwind.example", "BIZ_ADMIN").job(), "error")
	w.configure(hubsim.Settings{"unsupported_as": "refuse"})
	w.replace("bo@northwind.example", "BIZ_ADMIN").refused(400)
	equal(t, "members", w.listed()[2:], []string{"bo@northwind.example EMPLOYEE"})
	w.poll(w.del("bo@northwind.example").job(), "finished")
}

// A reader with no scope for jobs cannot tell what became of a task.
func TestCerbyJobNeedsItsScope(t *testing.T) {
	w := newCerbyWire(t, nil)
	job := w.del("bo@northwind.example").job()
	w.configure(hubsim.Settings{"missing_scopes": []string{"read:automations"}})
	w.get("/jobs/" + job).refused(401)
	w.get("/jobs/" + cerbyHub).refused(401)
	w.configure(hubsim.Settings{"missing_scopes": nil})
	w.get("/jobs/" + job).ok()
	w.get("/jobs/" + cerbyHub).refused(404)
	if got := w.sim.Requests(hubsim.ByOperation(hubsim.OpPollJob))[0]; got.Business != cerbyHub || got.Write {
		t.Errorf("logged %+v", got)
	}
}
