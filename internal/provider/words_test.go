package provider_test

import (
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// The words a person meets, compared with golden files: each scene ends in one
// command whose errors and warnings are read as Terraform carries them.
func TestAccWords(t *testing.T) {
	for name, tell := range map[string]func(s *scene) []diagnostic{
		"invite refused by app policy": func(s *scene) []diagnostic {
			s.set("invite_refused", true)()
			return s.commands(member("nia@northwind.example", "")).diagnostics("apply", "-auto-approve")
		},
		"invite blocked as abuse": func(s *scene) []diagnostic {
			s.set(hubsim.Blocked, true)()
			return s.commands(member("nia@northwind.example", "")).diagnostics("apply", "-auto-approve")
		},
		"invite over the daily cap": func(s *scene) []diagnostic {
			s.fault(hubsim.Fault{
				Kind: hubsim.FaultRespond, Operation: hubsim.OpInvite, Status: 400, Headers: map[string]string{"Retry-After": "7200"},
				Body: `{"error":{"message":"(#17) User request limit reached","type":"OAuthException","code":17,"fbtrace_id":"A1"}}`,
			})()
			return s.commands(member("nia@northwind.example", "")).diagnostics("apply", "-auto-approve")
		},
		"role change the platform refuses": func(s *scene) []diagnostic {
			w := s.commands(member("bo@northwind.example", `role = "EMPLOYEE"`))
			w.must("apply", "-auto-approve")
			s.fault(hubsim.Fault{
				Kind: hubsim.FaultRespond, Operation: hubsim.OpChangeRole, Status: 500,
				Body: `{"error":{"message":"An unexpected error has occurred.","type":"OAuthException","code":2,"is_transient":true,"fbtrace_id":"A2"}}`,
			})()
			w.configure(member("bo@northwind.example", "role = \"ADMIN\"\n timeouts {\n update = \"2s\"\n }"))
			return w.diagnostics("apply", "-auto-approve")
		},
		"last administrator at plan": func(s *scene) []diagnostic {
			w := s.commands(member("olive@northwind.example", ""))
			w.must("apply", "-auto-approve")
			s.act(hubsim.ActRemove, "ada@northwind.example", "")()
			w.configure(hubConfig)
			return w.diagnostics("plan")
		},
		"adoption at plan": func(s *scene) []diagnostic {
			return s.commands(member("ivo@northwind.example", `role = "ADMIN"`)).diagnostics("plan")
		},
		"a task left to a person at plan": func(s *scene) []diagnostic {
			return s.commands(memberRole("FINANCE_EDITOR")).diagnostics("plan")
		},
		"an invitation that vanished": func(s *scene) []diagnostic {
			w := s.commands(member("nia@northwind.example", ""))
			w.must("apply", "-auto-approve")
			s.act(hubsim.ActRemove, "nia@northwind.example", "")()
			return w.diagnostics("plan", "-refresh-only")
		},
		"an invitation that was declined": func(s *scene) []diagnostic {
			w := s.commands(member("nia@northwind.example", ""))
			w.must("apply", "-auto-approve")
			s.act(hubsim.ActDecline, "nia@northwind.example", "")()
			return w.diagnostics("plan")
		},
		"a token that expired": func(s *scene) []diagnostic {
			w := s.commands(member("bo@northwind.example", ""))
			w.must("apply", "-auto-approve")
			s.set(hubsim.TokenExpired, true)()
			return w.diagnostics("plan")
		},
		"a business that is not there": func(s *scene) []diagnostic {
			w := s.commands("resource \"roster_business_hub\" \"meta\" {\n platform = \"meta_business\"\n business_id = \"999000111000999\"\n}\n")
			return w.diagnostics("plan")
		},
		"a platform out of order": func(s *scene) []diagnostic {
			w := s.commands(member("bo@northwind.example", "timeouts {\n delete = \"2s\"\n }"))
			w.must("apply", "-auto-approve")
			s.fault(hubsim.Fault{Kind: hubsim.FaultDelay, Operation: hubsim.OpRemove, Delay: hubsim.Duration(time.Minute)})()
			w.configure(hubConfig)
			return w.diagnostics("apply", "-auto-approve")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := northwind(t)
			golden(t, tell(s))
		})
	}
}
