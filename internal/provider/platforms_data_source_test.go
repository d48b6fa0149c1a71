package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
)

// What roster knows of a platform needs no credentials; every driver declares
// all of it.
func TestAccPlatforms(t *testing.T) {
	const address = "data.roster_platforms.all"
	at := func(platform, key string) tfjsonpath.Path {
		return tfjsonpath.New("platforms").AtMapKey(platform).AtMapKey(key)
	}
	checks := []statecheck.StateCheck{
		statecheck.ExpectKnownValue(address, tfjsonpath.New("platforms"), knownvalue.MapSizeExact(len(all.Drivers()))),
		statecheck.ExpectKnownValue(address, at(meta, "page_size"), knownvalue.Int64Exact(100)),
		statecheck.ExpectKnownValue(address, at(meta, "invitation_days"), knownvalue.Int64Exact(30)),
		statecheck.ExpectKnownValue(address, at(meta, "roles").AtSliceIndex(1), knownvalue.ObjectExact(map[string]knownvalue.Check{
			"id": knownvalue.StringExact("ADMIN"), "label": knownvalue.StringExact("Full control"), "kind": knownvalue.StringExact("primary"),
			"admin": knownvalue.Bool(true), "default": knownvalue.Bool(false),
		})),
	}
	for _, d := range all.Drivers() {
		name := d.Platform.Name
		if len(d.Platform.Statuses) == 0 || len(d.Platform.Roles) > 0 && d.Platform.DefaultRole() == "" || d.Platform.BusinessID == nil {
			t.Errorf("%s does not declare its statuses, its least-privileged role or its business ids", name)
		}
		adminURL := knownvalue.Check(knownvalue.StringRegexp(regexp.MustCompile(`^https://`)))
		if d.Platform.AdminURL == "" {
			adminURL = knownvalue.Null() // each hub has its own, or none that roster knows
		}
		checks = append(checks,
			statecheck.ExpectKnownValue(address, at(name, "title"), knownvalue.StringExact(d.Platform.Title)),
			statecheck.ExpectKnownValue(address, at(name, "configured"), knownvalue.Bool(false)),
			statecheck.ExpectKnownValue(address, at(name, "capabilities").AtMapKey("add"), knownvalue.StringExact(string(d.Platform.Capabilities.Of(hub.OpAdd)))),
			statecheck.ExpectKnownValue(address, at(name, "admin_url"), adminURL),
			statecheck.ExpectKnownValue(address, at(name, "statuses"), knownvalue.ListSizeExact(len(d.Platform.Statuses))),
			statecheck.ExpectKnownValue(address, at(name, "limits"), knownvalue.ListSizeExact(len(d.Platform.Limits))),
		)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: bare(),
		Steps:                    []resource.TestStep{{Config: `data "roster_platforms" "all" {}`, ConfigStateChecks: checks}},
	})
}

func TestAccHubRoles(t *testing.T) {
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: bare(),
		Steps: []resource.TestStep{
			{
				Config: "data \"roster_hub_roles\" \"r\" {\n  hub_id = \"" + metaHub + "\"\n}\n",
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("data.roster_hub_roles.r", tfjsonpath.New("default_role"), knownvalue.StringExact("EMPLOYEE")),
					statecheck.ExpectKnownValue("data.roster_hub_roles.r", tfjsonpath.New("roles").AtSliceIndex(0).AtMapKey("id"), knownvalue.StringExact("EMPLOYEE")),
				},
			},
		},
	})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: bare(),
		Steps: []resource.TestStep{{
			Config:      "data \"roster_hub_roles\" \"r\" {\n  hub_id = \"myspace/1\"\n}\n",
			ExpectError: regexp.MustCompile(`(?s)Malformed hub id.*"myspace" is not a platform`),
		}},
	})
}
