package provider_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// metaMember is one member of the Meta hub.
func metaMember(name, email, arguments string) string {
	return fmt.Sprintf("resource \"roster_hub_member\" %q {\n  hub_id = roster_business_hub.meta.id\n  email  = %q\n  %s\n}\n", name, email, arguments)
}

// forbidden is Meta's refusal to remove somebody.
func forbidden() hubsim.Fault {
	refusal := worlds[meta].refusal
	refusal.Kind, refusal.Operation = hubsim.FaultRespond, hubsim.OpRemove
	return refusal
}

// The task log has one line for each task of an apply, and none for anything
// else; a log that cannot be written is a warning.
func TestAccTaskLog(t *testing.T) {
	s := northwind(t)
	file := filepath.Join(t.TempDir(), "tasks.jsonl")
	config := func(members string) string {
		return fmt.Sprintf("provider \"roster\" {\n  task_log = %q\n}\n", file) + hubConfig + members
	}
	nia := func(role string) string { return metaMember("nia", "Nia@northwind.example", `role = "`+role+`"`) }
	type line struct {
		Hub, HubName, Task, Email, Role, OldRole, Outcome, Status, Reason, Code string
		Attempts, Steps                                                         int
	}
	logged := func(want ...line) func(*terraform.State) error {
		return func(*terraform.State) error {
			raw, err := os.ReadFile(file)
			if os.IsNotExist(err) && len(want) == 0 {
				return nil
			}
			if err != nil {
				return err
			}
			var got []line
			for text := range strings.Lines(string(raw)) {
				var r struct {
					Time, Hub, Platform, Task, Email, Role, Outcome, Status, Reason, Code, Message string
					HubName                                                                        string `json:"hub_name"`
					OldRole                                                                        string `json:"old_role"`
					RequestID                                                                      string `json:"request_id"`
					Attempts                                                                       int
					ManualSteps                                                                    []string `json:"manual_steps"`
				}
				if err := json.Unmarshal([]byte(text), &r); err != nil {
					return fmt.Errorf("line %q: %w", text, err)
				}
				if r.Time == "" || r.Platform != meta || (r.Reason != "") != (r.Message != "" && r.RequestID != "") {
					return fmt.Errorf("line %q lacks a time, the platform or the platform's words", text)
				}
				got = append(got, line{r.Hub, r.HubName, r.Task, r.Email, r.Role, r.OldRole, r.Outcome, r.Status, r.Reason, r.Code, r.Attempts, len(r.ManualSteps)})
			}
			if strings.Contains(string(raw), metaToken) || strings.Contains(string(raw), metaSecret) {
				return fmt.Errorf("the task log holds a secret:\n%s", raw)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				return fmt.Errorf("task log (-want +got):\n%s", diff)
			}
			return nil
		}
	}
	const label = "Northwind Paid Social"
	added := line{Hub: metaHub, Task: "add", Email: "nia@northwind.example", Role: "EMPLOYEE", Outcome: "done", Status: "invited", Attempts: 1}
	promoted := line{Hub: metaHub, HubName: label, Task: "change_role", Email: "nia@northwind.example", Role: "ADMIN", OldRole: "EMPLOYEE", Outcome: "done", Status: "active", Attempts: 1}
	refused := line{Hub: metaHub, HubName: label, Task: "remove", Email: "nia@northwind.example", OldRole: "ADMIN", Outcome: "failed", Status: "active", Reason: "forbidden", Code: "10", Attempts: 1, Steps: 7}
	removed := line{Hub: metaHub, HubName: label, Task: "remove", Email: "nia@northwind.example", OldRole: "ADMIN", Outcome: "done", Attempts: 1}
	check := func(want ...line) resource.TestCheckFunc { return logged(want...) }
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{Config: config(""), Check: check()},
			{Config: config(nia("EMPLOYEE")), PlanOnly: true, ExpectNonEmptyPlan: true},
			{PreConfig: func() { must(t, logged()(nil)) }, Config: config(nia("EMPLOYEE")), Check: check(added)},
			{PreConfig: s.act(hubsim.ActAccept, "nia@northwind.example", ""), Config: config(nia("EMPLOYEE")), Check: check(added)},
			{Config: config(nia("ADMIN")), Check: check(added, promoted)},
			{PreConfig: s.fault(forbidden()), Config: config(""), ExpectError: regexp.MustCompile(`was not removed`)},
			{PreConfig: then(s.sim.ClearFaults, func() { must(t, logged(added, promoted, refused)(nil)) }), Config: config(""), Check: check(added, promoted, refused, removed)},
		},
	})
}

// inbox receives what roster posts.
type inbox struct {
	url    string
	status int

	mu    sync.Mutex
	posts []map[string]any
}

func newInbox(t *testing.T) *inbox {
	t.Helper()
	in := &inbox{status: http.StatusNoContent}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var post map[string]any
		if err == nil {
			err = json.Unmarshal(body, &post)
		}
		if err != nil || r.Header.Get("X-Roster-Signature") == "" {
			t.Errorf("a post that is not signed JSON: %v %v", err, r.Header)
		}
		in.mu.Lock()
		defer in.mu.Unlock()
		in.posts = append(in.posts, post)
		w.WriteHeader(in.status)
	}))
	t.Cleanup(server.Close)
	in.url = server.URL + "/hook-token-0123456789"
	return in
}

func (in *inbox) count() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.posts)
}

// One message for each task that failed during an apply; none from a plan, a
// refresh, a data source or a task that was done.
func TestAccNotify(t *testing.T) {
	s := northwind(t)
	in := newInbox(t)
	config := func(members string) string {
		return fmt.Sprintf("provider \"roster\" {\n  notify = { webhook = { url = %q, secret = \"hook-secret-0123456789\" } }\n}\n", in.url) +
			hubConfig + members + "data \"roster_hub_sync\" \"s\" {\n  hub_id          = \"" + metaHub + "\"\n  expected_emails = []\n}\n"
	}
	bo := metaMember("bo", "bo@northwind.example", "")
	expect := func(n int) func() {
		return func() {
			t.Helper()
			if got := in.count(); got != n {
				t.Errorf("%d messages so far, want %d", got, n)
			}
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{Config: config(bo)}, // adopted
			{RefreshState: true},
			{ // a plan that a guard refuses tells nobody
				PreConfig: expect(0), Config: config(metaMember("nobody", "nobody@northwind.example", `role = "EMPLOYEEE"`)), PlanOnly: true,
				ExpectError: regexp.MustCompile(`Unknown role`),
			},
			{PreConfig: then(expect(0), s.fault(forbidden())), Config: config(""), ExpectError: regexp.MustCompile(`was not removed`)},
			{PreConfig: then(expect(1), s.sim.ClearFaults), Config: config("")},
		},
	})
	expect(1)()
	post := fmt.Sprint(in.posts[0])
	for _, want := range []string{"bo@northwind.example", metaHub, "remove", "forbidden", "Remove from Business Account", "Northwind Paid Social"} {
		if !strings.Contains(post, want) {
			t.Errorf("the message does not hold %q: %s", want, post)
		}
	}
	if strings.Contains(post, metaToken) {
		t.Errorf("the message holds a secret: %s", post)
	}
}

// A message that cannot be delivered is a warning, and the task's outcome is
// what it was.
func TestAccNotify_undeliverable(t *testing.T) {
	s := northwind(t)
	in := newInbox(t)
	in.status = http.StatusGone
	config := fmt.Sprintf("provider \"roster\" {\n  notify = { webhook = { url = %q, secret = \"hook-secret-0123456789\" } }\n}\n", in.url) + hubConfig
	w := s.commands(config + metaMember("bo", "bo@northwind.example", ""))
	w.must("apply", "-auto-approve", "-no-color")
	s.fault(forbidden())()
	w.configure(config)
	out, ok := w.run("apply", "-auto-approve", "-no-color")
	if ok || !strings.Contains(out, "Error: bo@northwind.example was not removed") {
		t.Errorf("the refused removal is not what it was:\n%s", out)
	}
	if !strings.Contains(out, "could not be delivered") || !strings.Contains(out, "410") {
		t.Errorf("the undelivered message is not told:\n%s", out)
	}
	for _, secret := range []string{"hook-token-0123456789", "hook-secret-0123456789", metaToken} {
		if strings.Contains(out, secret) {
			t.Errorf("the output holds %s", secret)
		}
	}
	if state := w.must("state", "list"); !strings.Contains(state, "roster_hub_member.bo") {
		t.Errorf("the person who was not removed left the state:\n%s", state)
	}
}

// What cannot work is said before anything is planned, at the attribute, and
// without the password in it.
func TestAccNotify_configuration(t *testing.T) {
	s := northwind(t)
	const secret = "hunter2-0123456789"
	for name, test := range map[string]struct{ notify, want string }{
		"no server":             {`smtp = { from = "roster@northwind.example", to = ["olive@northwind.example"] }`, `notify\.smtp\.url\s+cannot\s+work`},
		"not a mail server":     {`smtp = { url = "https://olive:` + secret + `@mail.example", from = "roster@northwind.example", to = ["olive@northwind.example"] }`, `notify\.smtp\.url\s+cannot\s+work`},
		"password in the clear": {`smtp = { url = "smtp://olive:` + secret + `@mail.example?starttls=off", from = "roster@northwind.example", to = ["olive@northwind.example"] }`, `password`},
		"nobody to tell":        {`smtp = { url = "smtps://mail.example", from = "roster@northwind.example", to = [] }`, `notify\.smtp\.to\s+cannot\s+work`},
		"not an address":        {`smtp = { url = "smtps://mail.example", from = "roster", to = ["olive@northwind.example"] }`, `notify\.smtp\.from\s+cannot\s+work`},
		"no key to sign with":   {`webhook = { url = "https://hooks.example/x" }`, `notify\.webhook\.secret\s+cannot\s+work`},
		"in the clear":          {`webhook = { url = "http://hooks.example/` + secret + `", secret = "` + secret + `" }`, `notify\.webhook\.url\s+cannot\s+work`},
	} {
		t.Run(name, func(t *testing.T) {
			w := s.commands("provider \"roster\" {\n  notify = { " + test.notify + " }\n}\n" + hubConfig)
			out, ok := w.run("plan", "-no-color")
			if ok || !regexp.MustCompile(test.want).MatchString(out) {
				t.Errorf("the plan says (succeeded: %t):\n%s", ok, out)
			}
			if strings.Contains(out, secret) {
				t.Errorf("the output holds the secret:\n%s", out)
			}
		})
	}
}
