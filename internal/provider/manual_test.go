package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// handmade is an app without an API: an export that a person writes.
type handmade struct {
	t    *testing.T
	file string
}

func newHandmade(t *testing.T) *handmade {
	t.Helper()
	return &handmade{t: t, file: filepath.Join(t.TempDir(), "figma.csv")}
}

// export is what a person does after each change in the app.
func (a *handmade) export(rows string) func() {
	return func() {
		a.t.Helper()
		if err := os.WriteFile(a.file, []byte("Name,Email,Role,Status\n"+rows), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
}

func (a *handmade) config(members string) string {
	return fmt.Sprintf(`
provider "roster" {
  manual = { figma = { roster_file = %q, admin_url = "https://figma.example/admin/people" } }
}
resource "roster_business_hub" "h" {
  platform    = "manual"
  business_id = "figma"
  label       = "Figma"
}
data "roster_hub_sync" "s" {
  hub_id          = roster_business_hub.h.id
  expected_emails = ["ada@northwind.example"]
}
%s`, a.file, members)
}

func (a *handmade) member(name, arguments string) string {
	return fmt.Sprintf("resource \"roster_hub_member\" %q {\n  hub_id = roster_business_hub.h.id\n  email  = \"%s@northwind.example\"\n  %s\n}\n", name, name, arguments)
}

// The whole story of an app without an API: every task is a person's, the next
// export is the sync, and apply adopts what it shows.
func TestAccManual(t *testing.T) {
	app := newHandmade(t)
	const (
		ada = "Ada Diaz,Ada@Northwind.example,Owner,active\n"
		bo  = "Bo Chen,bo@northwind.example,Viewer,active\n"
	)
	app.export(ada)()
	steps := func(what string) *regexp.Regexp {
		return regexp.MustCompile(`(?s)` + what + `.*Reason: unsupported.*Finish it by hand:.*https://figma\.example/admin/people.*` + regexp.QuoteMeta(filepath.Base(app.file)) + `.*terraform apply`)
	}
	flagged := func(n int) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("data.roster_hub_sync.s", tfjsonpath.New("flagged"), knownvalue.ListSizeExact(n))
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: bare(),
		Steps: []resource.TestStep{
			{Config: app.config(""), ConfigStateChecks: []statecheck.StateCheck{flagged(0)}},
			{Config: app.config(app.member("bo", `role = "Viewer"`)), ExpectError: steps(`bo@northwind\.example was not added to [Ff]igma`)},
			{ // done by hand, and exported again
				PreConfig:        app.export(ada + bo),
				Config:           app.config(app.member("bo", `role = "Viewer"`)),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction("roster_hub_member.bo", plancheck.ResourceActionCreate)}},
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("roster_hub_member.bo", tfjsonpath.New("status"), knownvalue.StringExact("active")),
					flagged(1), // not among expected_emails
				},
			},
			{Config: app.config(app.member("bo", `role = "Viewer"`)), ConfigPlanChecks: noChange()},
			{Config: app.config(app.member("bo", `role = "Editor"`)), ExpectError: steps(`bo@northwind\.example did not get the role Editor on Figma`)},
			{
				PreConfig: app.export(ada + "Bo Chen,bo@northwind.example,Editor,active\n"),
				Config:    app.config(app.member("bo", `role = "Editor"`)), ConfigPlanChecks: noChange(),
			},
			{Config: app.config(""), ExpectError: steps(`bo@northwind\.example was not removed from Figma`)},
			{ // switched off is as good as gone
				PreConfig: app.export(ada + "Bo Chen,bo@northwind.example,Editor,Deactivated\n"),
				Config:    app.config(""), ConfigStateChecks: []statecheck.StateCheck{flagged(0)},
			},
			{Config: app.config(""), ConfigPlanChecks: noChange()},
		},
	})
}

// An export that leaves a doubt is an error, and never an empty hub: the state
// stays what it was.
func TestAccManual_doubtfulExport(t *testing.T) {
	app := newHandmade(t)
	good := app.export("Ada Diaz,ada@northwind.example,Owner,active\nBo Chen,bo@northwind.example,Viewer,active\n")
	good()
	config := app.config(app.member("bo", `on_destroy = "keep"`))
	inState := []statecheck.StateCheck{statecheck.ExpectKnownValue("roster_hub_member.bo", tfjsonpath.New("role"), knownvalue.StringExact("Viewer"))}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: bare(),
		Steps: []resource.TestStep{
			{Config: config, ConfigStateChecks: inState},
			{PreConfig: func() { must(t, os.Remove(app.file)) }, Config: config, ExpectError: regexp.MustCompile(`(?s)There\s+is\s+no\s+file.*figma\.csv`)},
			{PreConfig: app.export(""), Config: config, ExpectError: regexp.MustCompile(`(?s)nobody\s+below\s+it`)},
			{PreConfig: app.export("Bo Chen,bo@northwind.example,Vie"), Config: config, ExpectError: regexp.MustCompile(`(?s)line\s+2:\s+it\s+has\s+3\s+fields,\s+and\s+the\s+header\s+has\s+4`)},
			{
				PreConfig: app.export("Bo Chen,bo@northwind.example,Viewer,active\nBo Chen,BO@northwind.example,Owner,active\n"), Config: config,
				ExpectError: regexp.MustCompile(`(?s)line\s+3:\s+bo@northwind\.example\s+is\s+there\s+twice,\s+first\s+on\s+line\s+2`),
			},
			{PreConfig: good, Config: config, ConfigPlanChecks: noChange(), ConfigStateChecks: inState},
		},
	})
}

func TestAccManual_configuration(t *testing.T) {
	app := newHandmade(t)
	app.export("Ada Diaz,ada@northwind.example,Owner,active\n")()
	hubOf := func(name string) string {
		return "resource \"roster_business_hub\" \"h\" {\n  platform    = \"manual\"\n  business_id = \"" + name + "\"\n}\n"
	}
	block := fmt.Sprintf("provider \"roster\" {\n  manual = { figma = { roster_file = %q } }\n}\n", app.file)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: bare(),
		Steps: []resource.TestStep{
			{Config: hubOf("figma"), ExpectError: regexp.MustCompile(`(?s)provider\s+block\s+has\s+no\s+manual.*manual\s+=\s+\{\s+NAME`)},
			{Config: block + hubOf("miro"), ExpectError: regexp.MustCompile(`(?s)has\s+no\s+entry\s+"miro";\s+it\s+has\s+figma`)},
			{Config: block + hubOf("My-App"), ExpectError: regexp.MustCompile(`(?si)business\s+id\s+"My-App"\s+cannot\s+be\s+one\s+of`)},
			{
				Config:      "provider \"roster\" {\n  manual = { \"My-App\" = { roster_file = \"m.csv\" } }\n}\n" + hubOf("figma"),
				ExpectError: regexp.MustCompile(`(?s)"My-App"\s+cannot\s+be\s+the\s+business\s+id`),
			},
			{
				Config:      "provider \"roster\" {\n  manual = { figma = {} }\n}\n" + hubOf("figma"),
				ExpectError: regexp.MustCompile(`(?s)Set\s+manual\.figma\.roster_file\s+in\s+the\s+provider\s+block.*MANUAL_FIGMA_ROSTER_FILE`),
			},
			{Config: block + hubOf("figma")},
		},
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
