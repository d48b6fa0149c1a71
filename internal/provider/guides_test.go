package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
)

// Every platform has a guide, and what its driver says of settings, roles and
// operations stands in it. The words are a person's work; that none is missing
// or of another name is a machine's.
func TestGuides(t *testing.T) {
	const templates = "../../templates"
	read := func(file string) string {
		t.Helper()
		content, err := os.ReadFile(filepath.Join(templates, filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	index := read("index.md.tmpl")
	platforms := read("data-sources/platforms.md.tmpl")
	for _, d := range all.Drivers() {
		t.Run(d.Platform.Name, func(t *testing.T) {
			guide := read("guides/" + d.Platform.Name + ".md.tmpl")
			says := func(where, text, word string) {
				t.Helper()
				if word != "" && !strings.Contains(text, "`"+word+"`") {
					t.Errorf("%s does not say `%s`", where, word)
				}
			}
			for _, s := range d.Settings {
				for _, word := range []string{s.Name, strings.ReplaceAll(s.Env, "{NAME}", "<NAME>")} {
					says("the guide", guide, word)
					says("the index", index, word)
				}
				says("the index", index, s.Default)
			}
			for _, r := range d.Platform.Roles {
				says("the guide", guide, r.ID)
				if !strings.Contains(guide, r.Label) {
					t.Errorf("the guide does not say that %s is called %q on the screens", r.ID, r.Label)
				}
			}
			for _, s := range d.Platform.Statuses {
				says("the guide", guide, string(s))
			}
			for op := range d.Platform.Capabilities {
				says("the page of roster_platforms", platforms, string(op))
			}
			says("the index", index, d.Platform.Name)
			if !strings.Contains(index, "guides/"+d.Platform.Name+".md") {
				t.Error("the index does not link to the guide")
			}
			if !strings.Contains(guide, "## What is not confirmed") {
				t.Error("the guide does not end with what is not confirmed")
			}
		})
	}
}
