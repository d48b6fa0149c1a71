package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// Two blocks that pull at one person are refused at plan, and nothing is sent.
func TestAccClaims(t *testing.T) {
	again := func(name, email, arguments string) string {
		return "resource \"roster_hub_member\" \"" + name + "\" {\n hub_id = roster_business_hub.meta.id\n email = \"" + email + "\"\n" + arguments + "\n}\n"
	}
	role := func(name, role string) string {
		return "resource \"roster_hub_member_role\" \"" + name + "\" {\n member_id = roster_hub_member.m.id\n role = \"" + role + "\"\n}\n"
	}
	const email = "bo@northwind.example"
	for name, tt := range map[string]struct {
		first, config, want string
	}{
		"two new seats": {
			config: member(email, "") + again("n", "BO@northwind.example", ""),
			want:   `(?s)Two resources claim\s+meta_business/222000111000222/bo@northwind\.example.*two\s+roster_hub_member\s+blocks`,
		},
		"role and role resource": {
			config: member(email, `role = "EMPLOYEE"`) + role("r", "ADMIN"),
			want:   `(?s)claim the primary role.*roster_hub_member\.role.*roster_hub_member_role`,
		},
		"role and role resource, both there": {
			first:  member(email, "") + role("r", "ADMIN"),
			config: member(email, `role = "ADMIN"`) + role("r", "ADMIN"),
			want:   `(?s)claim the primary role.*leave role out`,
		},
		"two role resources": {
			config: member(email, "") + role("r", "ADMIN") + role("s", "EMPLOYEE"),
			want:   `(?s)claim the primary role.*roster_hub_member_role\s+twice`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := northwind(t)
			var steps []resource.TestStep
			if tt.first != "" {
				steps = append(steps, resource.TestStep{Config: tt.first})
			}
			steps = append(steps, resource.TestStep{PreConfig: s.forgetRequests, Config: tt.config, ExpectError: regexp.MustCompile(tt.want)})
			if tt.first != "" {
				steps = append(steps, resource.TestStep{Config: tt.first, Check: s.wrote(nothing)})
			}
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: s.providers(), Steps: steps})
			if n := s.sim.CountOps(hubsim.OnlyWrites())[hubsim.OpInvite]; n != 0 {
				t.Errorf("%d invitations", n)
			}
		})
	}
	t.Run("replacing is no claim of two", func(t *testing.T) {
		t.Parallel()
		s := northwind(t)
		resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: s.providers(), Steps: []resource.TestStep{
			{Config: member(email, "") + role("r", "ADMIN")},
			{Config: member(email, "") + role("r", "EMPLOYEE")},
			{Config: member("ivo@northwind.example", `role = "EMPLOYEE"`)},
			{Config: member("ivo@northwind.example", `role = "EMPLOYEE"`), Taint: []string{address}},
		}})
	})
}
