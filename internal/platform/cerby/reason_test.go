package cerby

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// TestErrorTable goes through section 7.1 of the contract. The texts are made
// up: nothing may hang on them.
func TestErrorTable(t *testing.T) {
	const (
		tooShort = `{"loc":["data","attributes","entitlements"],"msg":"m","type":"too_short","ctx":{"min_length":1}}`
		badUser  = `{"loc":["data","attributes","userIds",0],"msg":"m","type":"value_error"}`
		badQuery = `{"loc":["filter[status]",0],"msg":"m","type":"type_error.enum"}`
	)
	for _, tt := range []struct {
		task      string
		status    int
		body      string
		want      hub.Reason
		uncertain bool
		detail    string // a part of it
	}{
		{"list", 400, failure("400", "validation_error", badQuery), hub.ReasonInvalidInput, false, "filter[status].0"},
		{"add", 400, failure("400", "validation_error", tooShort), hub.ReasonInvalidRole, false, "data.attributes.entitlements"},
		{"role", 400, failure(400, "validation_error", tooShort), hub.ReasonInvalidRole, false, "roster_hub_roles"},
		{"add", 400, failure("400", "validation_error", badUser), hub.ReasonInvalidInput, false, "data.attributes.userIds.0"},
		{"add", 400, failure("400", "bad_request", "null"), hub.ReasonInvalidInput, false, "business_id"},
		{"add", 400, failure("400", "bad_request", `"a text"`), hub.ReasonInvalidInput, false, "business_id"},
		{"add", 400, ``, hub.ReasonInvalidInput, false, "business_id"},
		{"list", 403, failure("403", "forbidden", "null"), hub.ReasonForbidden, false, "Write automated jobs"},
		{"remove", 403, failure(403, "Forbidden", "null"), hub.ReasonForbidden, false, "Owner of the hub"},
		{"list", 403, `<html>Request blocked`, hub.ReasonBlocked, false, "blocked before the API"},
		{"add", 403, `<html>Request blocked`, hub.ReasonBlocked, false, "blocked before the API"},
		{"add", 403, ``, hub.ReasonBlocked, false, "blocked before the API"},
		{"list", 404, notThere, hub.ReasonNotFound, false, "business_id"},
		{"remove", 404, notThere, hub.ReasonNotFound, false, "hides"},
		{"remove", 404, ``, hub.ReasonNotFound, false, "hides"},
		{"remove", 404, `<html>not here`, hub.ReasonUnknown, false, "not one of Cerby's"},
		{"add", 409, failure(409, "conflict", "null"), hub.ReasonConflict, false, "Automation Log"},
		{"remove", 409, failure("409", "conflict", "null"), hub.ReasonConflict, false, "another task"},
		{"list", 500, failure(500, "server_error", "null"), hub.ReasonUnavailable, false, "Apply again later"},
		{"add", 500, failure("500", "server_error", "null"), hub.ReasonUnavailable, true, "Apply again later"},
		{"role", 502, `<html>`, hub.ReasonUnavailable, true, "out of order"},
		{"remove", 503, ``, hub.ReasonUnavailable, true, "out of order"},
		{"add", 200, `{"data":{"type":"job"}}`, hub.ReasonOutcomeUnknown, true, "no job"},
		{"remove", 200, `<html>`, hub.ReasonOutcomeUnknown, true, "cannot be read"},
		{"remove", 204, ``, hub.ReasonOutcomeUnknown, true, "cannot be read"},
		{"list", 418, failure(418, "teapot", "null"), hub.ReasonUnknown, false, ""},
	} {
		t.Run(fmt.Sprintf("%s %d %.30s", tt.task, tt.status, tt.body), func(t *testing.T) {
			c, w := dial(t, func(n int, r sent) say {
				// Reads before the write are as when all is well.
				if read := r.method == http.MethodGet; tt.task != "list" && read {
					return calmly(nil)[r.call()][0]
				}
				if strings.HasSuffix(r.path, "/unmatched-users") {
					return say{body: rowsOf()}
				}
				return say{status: tt.status, body: tt.body}
			})
			err := tasks[tt.task](t.Context(), c)
			if err == nil {
				t.Fatal("no error")
			}
			got := c.Explain(err)
			if got.Reason != tt.want || got.Uncertain != tt.uncertain {
				t.Errorf("reason = %q, uncertain = %t, want %q, %t (error: %v)", got.Reason, got.Uncertain, tt.want, tt.uncertain, err)
			}
			if (tt.detail == "") != (got.Detail == "") || !strings.Contains(got.Detail, tt.detail) {
				t.Errorf("detail = %q, want something with %q", got.Detail, tt.detail)
			}
			if !strings.HasPrefix(got.Code, fmt.Sprintf("HTTP %d", tt.status)) || got.RequestID != "req-4711" || got.Attempts == 0 {
				t.Errorf("fault = %+v", got)
			}
			writes := slices.DeleteFunc(w.calls(), func(call string) bool { return strings.HasPrefix(call, "GET ") })
			if tt.task != "list" && len(writes) != 1 {
				t.Errorf("writes = %v, want one", writes)
			}
		})
	}
}

// TestUnauthorized: Cerby says 401 of a key that is no good and of one that may
// not do this. What the key can do tells them apart.
func TestUnauthorized(t *testing.T) {
	refused := say{status: 401, body: noKey}
	for task, call := range map[string]string{
		"verify": "GET integrations/HUB", "list": "GET integrations/HUB/users", "roles": "GET integrations/HUB/entitlements",
		"look": "GET integrations/HUB/users/MARA", "add": "POST integrations/HUB/users", "role": "PATCH integrations/HUB/users/MARA",
		"remove": "DELETE integrations/HUB/users/MARA", "job": "GET jobs/JOB",
	} {
		t.Run(task, func(t *testing.T) {
			c, _ := dial(t, on(t, calmly(map[string][]say{call: {refused}})))
			f := c.Explain(tasks[task](t.Context(), c))
			if f.Reason != hub.ReasonForbidden || f.Uncertain || !strings.Contains(f.Detail, requiredScopes) || !strings.Contains(f.Detail, "The API key is good") || f.Code != "HTTP 401 Unauthorized" {
				t.Errorf("a good key: fault = %+v", f)
			}
			c, w := dial(t, always(refused))
			f = c.Explain(tasks[task](t.Context(), c))
			if f.Reason != hub.ReasonUnauthenticated || f.Uncertain || !strings.Contains(f.Detail, requiredScopes) || !strings.Contains(f.Detail, "expired") {
				t.Errorf("no good key: fault = %+v", f)
			}
			if n := len(w.requests); n > 3 { // unmatched users, the call, the try of the key
				t.Errorf("%d requests", n)
			}
		})
	}
}

// TestJob: what a look at a job tells.
func TestJob(t *testing.T) {
	for _, status := range []string{"created", "started", "running", "retrying", "paused", "FINISHED"} {
		c, w := dial(t, always(say{body: jobIn(status, "null")}))
		if done, err := c.Job(t.Context(), testHub, jobID); done || err != nil || len(w.requests) != 1 {
			t.Errorf("%s: done = %t, error = %v after %d requests", status, done, err, len(w.requests))
		}
	}
	for _, details := range []string{"{}", "null", `{"errorType":null,"screenshotUrl":null,"userRequired":null}`} {
		c, _ := dial(t, always(say{body: jobIn("finished", details)}))
		if done, err := c.Job(t.Context(), testHub, jobID); !done || err != nil {
			t.Errorf("finished, %s: done = %t, error = %v", details, done, err)
		}
	}

	for _, tt := range []struct {
		name      string
		answer    say
		done      bool
		want      hub.Reason
		uncertain bool
	}{
		{"not known", say{status: 404, body: notThere}, true, hub.ReasonOutcomeUnknown, true},
		{"of another hub", say{body: strings.Replace(jobIn("finished", ""), hubID, maraID, 1)}, true, hub.ReasonOutcomeUnknown, true},
		{"not for this key", say{status: 403, body: failure(403, "forbidden", "null")}, false, hub.ReasonForbidden, false},
		{"down", say{status: 502, body: "<html>"}, false, hub.ReasonUnavailable, false},
		{"a web server's 404", say{status: 404, body: "<html>"}, false, hub.ReasonUnknown, false},
		{"another job", say{body: strings.Replace(jobIn("finished", ""), jobID, maraID, 1)}, false, hub.ReasonUnknown, false},
		{"no status", say{body: jobIn("", "")}, false, hub.ReasonUnknown, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dial(t, always(tt.answer))
			done, err := c.Job(t.Context(), testHub, jobID)
			if f := c.Explain(err); done != tt.done || err == nil || f.Reason != tt.want || f.Uncertain != tt.uncertain {
				t.Errorf("done = %t, fault = %+v (error: %v)", done, f, err)
			}
		})
	}
}

// TestFailedJob goes through section 7.2 of the contract.
func TestFailedJob(t *testing.T) {
	for _, tt := range []struct {
		code string
		want hub.Reason
		says string
	}{
		{"NotEnoughSeats", hub.ReasonSeatLimit, "Buy seats or free one"},
		{"SubscriptionDeactivated", hub.ReasonUnknown, "Reactivate it"},
		{"UnderpermissionedAccount", hub.ReasonForbidden, "service account"},
		{"InvalidBusinessId", hub.ReasonInvalidInput, "hub's settings"},
		{"BadCredentials", hub.ReasonUnauthenticated, "The API key is not the cause"},
		{"EmptyPasswordError", hub.ReasonUnauthenticated, "Store one"},
		{"AccountVaultError", hub.ReasonUnavailable, "once; if it fails again, write to Cerby Support"},
		{"EmailNotProvidedError", hub.ReasonInvalidInput, "Add it"},
		{"InvalidEmail", hub.ReasonInvalidInput, "Correct it"},
		{"PhoneNotProvidedError", hub.ReasonInvalidInput, "phone number"},
		{"PhoneNotManagedError", hub.ReasonSecondFactor, "Hand phone MFA"},
		{"GeneralMFANotManagedError", hub.ReasonSecondFactor, "Set up MFA"},
		{"MFANotManagedError", hub.ReasonSecondFactor, "Set up MFA"},
		{"MFAAlreadyEnable", hub.ReasonSecondFactor, "Move it to Cerby"},
		{"OtherMFAMethodEnabledError", hub.ReasonSecondFactor, "Switch the method"},
		{"VerificationMethodsNotManagedError", hub.ReasonSecondFactor, "channel"},
		{"SecureDeviceNotFoundInStorage", hub.ReasonUnauthenticated, "browser extension"},
		{"SomethingNew", hub.ReasonUnknown, "Automation Log"},
		{"", hub.ReasonUnknown, "Automation Log"},
	} {
		t.Run(tt.code, func(t *testing.T) {
			details := fmt.Sprintf(`{"errorType":%q,"screenshotUrl":"https://northwind.cerby.example/shots/1.png?signature=abc","userRequired":true}`, tt.code)
			c, w := dial(t, always(say{body: jobIn("error", details)}))
			done, err := c.Job(t.Context(), testHub, jobID)
			f := c.Explain(err)
			if !done || f.Reason != tt.want || f.Uncertain || !strings.Contains(f.Detail, tt.says) || f.Code != tt.code || f.RequestID != jobID || f.Attempts != 1 {
				t.Errorf("done = %t, fault = %+v (error: %v)", done, f, err)
			}
			if strings.Contains(fmt.Sprint(err, f), "shots") {
				t.Errorf("the screenshot shows: %v", err)
			}
			if len(w.requests) != 1 {
				t.Errorf("sent %v", w.calls())
			}
		})
	}
	if got := len(remedies); got != 17 {
		t.Errorf("%d remedies, and the table has 17 codes", got)
	}
	for code, r := range remedies {
		if r.text == "" || !slices.Contains(hub.Reasons(), r.reason) || r.reason == hub.ReasonNotFound {
			t.Errorf("%s: %+v", code, r)
		}
	}
}

// What another try is worth, for a code that nobody knows.
func TestFailedJobTryAgain(t *testing.T) {
	for _, tt := range []struct {
		canRetry, userRequired, more bool
		says, saysNot                string
	}{
		{true, false, false, "apply again", "A person has to act"},
		{true, true, false, "A person has to act", "another try"},
		{false, false, true, "tells more", "another try"},
	} {
		body := jobIn("error", fmt.Sprintf(`{"errorType":"Unheard","userRequired":%t}`, tt.userRequired))
		body = strings.Replace(body, `"canRetry":false`, fmt.Sprintf(`"canRetry":%t`, tt.canRetry), 1)
		body = strings.Replace(body, `"hasMoreDetails":false`, fmt.Sprintf(`"hasMoreDetails":%t`, tt.more), 1)
		c, _ := dial(t, always(say{body: body}))
		_, err := c.Job(t.Context(), testHub, jobID)
		if f := c.Explain(err); !strings.Contains(f.Detail, tt.says) || strings.Contains(f.Detail, tt.saysNot) {
			t.Errorf("%+v: detail = %q", tt, f.Detail)
		}
	}
}
