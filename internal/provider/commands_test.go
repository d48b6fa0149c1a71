package provider_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// A removal that the platform refuses, as a person meets it: the plan, the
// failed apply with the manual steps, the fix by hand, and the apply that finds
// it done. The words are compared with a golden file.
func TestAccCommands_failedRemoval(t *testing.T) {
	s := northwind(t)
	w := s.commands(member("bo@northwind.example", ""))
	w.must("apply", "-auto-approve")

	w.configure(hubConfig)
	s.fault(hubsim.Fault{
		Kind: hubsim.FaultRespond, Operation: hubsim.OpRemove, Status: 403,
		Body: `{"error":{"message":"(#10) Application does not have permission for this action","type":"OAuthException","code":10,"fbtrace_id":"AbCdEfGhIjK"}}`,
	})()
	golden(t, w.diagnostics("apply", "-auto-approve"))
	if s.person("bo@northwind.example") == nil {
		t.Fatal("bo was removed although the platform refused")
	}
	if state := w.must("state", "list"); !strings.Contains(state, address) {
		t.Fatalf("the failed removal took the person from the state:\n%s", state)
	}

	s.sim.ClearFaults()
	s.act(hubsim.ActRemove, "bo@northwind.example", "")()
	s.forgetRequests()
	w.must("apply", "-auto-approve")
	if err := s.writes(nothing); err != nil {
		t.Error(err)
	}
	if state := w.must("state", "list"); strings.Contains(state, address) {
		t.Errorf("bo is gone and still in the state:\n%s", state)
	}
}

// terraform import and terraform refresh, run as commands.
func TestAccCommands_importAndRefresh(t *testing.T) {
	s := northwind(t)
	w := s.commands(member("Bo@northwind.example", `role = "EMPLOYEE"`))
	w.must("import", "roster_business_hub.meta", metaHub)
	w.must("import", address, metaHub+"/bo@northwind.example")
	s.act(hubsim.ActSetRole, "bo@northwind.example", "ADMIN")()
	w.must("refresh")
	if role := w.attribute(address, "role"); role != "ADMIN" {
		t.Errorf("after refresh role = %q, want ADMIN", role)
	}
	if err := s.writes(nothing); err != nil {
		t.Error(err)
	}
}

// The person disappears outside Terraform: a warning with the next command.
func TestAccCommands_disappearance(t *testing.T) {
	s := northwind(t)
	w := s.commands(member("bo@northwind.example", ""))
	w.must("apply", "-auto-approve")
	s.act(hubsim.ActRemove, "bo@northwind.example", "")()
	golden(t, w.diagnostics("plan", "-refresh-only"))
}

// No secret in state, plan, log, output or diagnostics, at the loudest log
// level and with failures on the way.
func TestAccCommands_secrets(t *testing.T) {
	s := northwind(t)
	w := s.commands(member("nia@northwind.example", ""))
	logFile := filepath.Join(w.dir, "trace.log")
	w.env = append(w.env, "TF_LOG=TRACE", "TF_LOG_PATH="+logFile)
	s.fault(hubsim.Fault{Kind: hubsim.FaultTruncate, Operation: hubsim.OpListMembers, Times: 1})()
	s.fault(hubsim.Fault{Kind: hubsim.FaultHTML, Operation: hubsim.OpListInvitations, Times: 1})()
	out := w.must("plan", "-out=plan.bin")
	out += w.must("show", "-json", "plan.bin")
	out += w.must("apply", "plan.bin")
	s.set(hubsim.TokenInvalid, true)()
	failed, ok := w.run("plan")
	if ok {
		t.Fatal("a plan with a revoked token succeeded")
	}
	out += failed
	seen := 0
	for name, text := range map[string]string{"output": out, "trace.log": w.read("trace.log"), "terraform.tfstate": w.read("terraform.tfstate"), "plan.bin": w.read("plan.bin")} {
		seen += len(text)
		for _, secret := range []string{metaToken, metaSecret} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds a secret", name)
			}
		}
	}
	if !strings.Contains(w.read("trace.log"), "roster read") {
		t.Errorf("the log of %d bytes holds no line of roster's: the check sees nothing", seen)
	}
}

// Ctrl-C while the platform keeps silent: Terraform stops at once, and what is
// not known is said.
func TestAccCommands_interrupt(t *testing.T) {
	s := northwind(t)
	w := s.commands(member("nia@northwind.example", ""))
	s.fault(hubsim.Fault{Kind: hubsim.FaultDelay, Operation: hubsim.OpInvite, Delay: hubsim.Duration(time.Minute), Times: 1})()
	cmd := w.command("apply", "-auto-approve", "-no-color")
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	arrived := make(chan struct{})
	go func() {
		for len(s.sim.Requests(hubsim.ByOperation(hubsim.OpInvite))) == 0 && t.Context().Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		close(arrived)
	}()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-arrived
	interrupted := time.Now()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	took := time.Since(interrupted)
	if err == nil {
		t.Errorf("the interrupted apply succeeded:\n%s", out.String())
	}
	// A second for roster, and room for Terraform's own farewell on a busy
	// machine; the platform would have kept it for a minute.
	if took > 10*time.Second {
		t.Errorf("stopped %s after the interrupt", took)
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	if !strings.Contains(text, "Reason: cancelled") || !strings.Contains(text, "Whether nia@northwind.example has been invited is not known") {
		t.Errorf("the interrupted task is not explained:\n%s", out.String())
	}
}

// configure replaces the configuration.
func (w *workspace) configure(config string) {
	w.write("main.tf", "terraform {\n  required_providers {\n    roster = { source = \"roster-iac/roster\" }\n  }\n}\n\n"+config)
}

func (w *workspace) read(name string) string {
	w.t.Helper()
	data, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(data)
}

// attribute is one attribute of a resource in the state.
func (w *workspace) attribute(address, name string) string {
	w.t.Helper()
	var state struct {
		Values struct {
			RootModule struct {
				Resources []struct {
					Address string
					Values  map[string]any
				}
			} `json:"root_module"`
		}
	}
	if err := json.Unmarshal([]byte(w.must("show", "-json")), &state); err != nil {
		w.t.Fatal(err)
	}
	for _, r := range state.Values.RootModule.Resources {
		if r.Address == address {
			text, _ := r.Values[name].(string)
			return text
		}
	}
	w.t.Fatalf("%s is not in the state", address)
	return ""
}
