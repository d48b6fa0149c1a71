package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

// The functions need no credentials and make no request.
func TestAccFunctions(t *testing.T) {
	for name, tt := range map[string]struct {
		call string
		want knownvalue.Check
		fail string
	}{
		"member_id": {
			call: `provider::roster::member_id("meta_business/222", "Ada@Northwind.example")`,
			want: knownvalue.StringExact("meta_business/222/ada@northwind.example"),
		},
		"member_id, hub": {
			call: `provider::roster::member_id("222", "ada@northwind.example")`,
			fail: `(?s)"222" has no slash`,
		},
		"member_id, address": {
			call: `provider::roster::member_id("meta_business/222", "ada")`,
			fail: `(?s)"ada" is not an e-mail`,
		},
		"parse_member_id": {
			call: `provider::roster::parse_member_id("meta_business/222/Ada@northwind.example")`,
			want: knownvalue.ObjectExact(map[string]knownvalue.Check{
				"platform": knownvalue.StringExact("meta_business"), "business_id": knownvalue.StringExact("222"),
				"hub_id": knownvalue.StringExact("meta_business/222"), "email": knownvalue.StringExact("ada@northwind.example"),
			}),
		},
		"parse_member_id, malformed": {
			call: `provider::roster::parse_member_id("meta_business/222")`,
			fail: `(?s)2 of 3 parts`,
		},
		"manual_steps": {
			call: `provider::roster::manual_steps("meta_business", "change_role", "ada@northwind.example", "ADMIN")`,
			want: knownvalue.StringRegexp(regexp.MustCompile(`(?s)^Finish it by hand:.*People.*ada@northwind\.example.*ADMIN \(Full control\).*terraform apply`)),
		},
		"manual_steps, no role": {
			call: `provider::roster::manual_steps("tiktok_business", "remove", "ada@northwind.example", "")`,
			want: knownvalue.StringRegexp(regexp.MustCompile(`(?s)trash can`)),
		},
		"manual_steps, platform": {
			call: `provider::roster::manual_steps("myspace", "remove", "ada@northwind.example", "")`,
			fail: `(?s)no manual steps for\s+"myspace".*meta_business`,
		},
		"manual_steps, task": {
			call: `provider::roster::manual_steps("meta_business", "fire", "ada@northwind.example", "")`,
			fail: `(?s)no task\s+"fire".*change_role`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			step := resource.TestStep{Config: "output \"o\" {\n  value = " + tt.call + "\n}\n"}
			if tt.fail != "" {
				step.ExpectError = regexp.MustCompile(tt.fail)
			} else {
				step.ConfigStateChecks = []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("o", tt.want)}
			}
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: bare(), Steps: []resource.TestStep{step}})
		})
	}
}
