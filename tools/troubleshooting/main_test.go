package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
	"github.com/roster-iac/terraform-provider-roster/internal/runbook"
)

// The guide has a section for each reason and a chapter for each platform with a
// section for each task; each reason speaks of each platform once; and there is
// nothing else.
func TestGuide(t *testing.T) {
	var b strings.Builder
	write(&b, platforms())
	page := b.String()
	sections := split(t, page)

	names := runbook.Platforms()
	for _, d := range all.Drivers() {
		if !slices.Contains(names, d.Platform.Name) {
			names = append(names, d.Platform.Name)
		}
	}
	chapters := platforms()
	if len(chapters) != len(names) {
		t.Errorf("%d chapters for the platforms %v", len(chapters), names)
	}
	want := []string{"# Troubleshooting", "## How to read it", "## Reasons"}

	for _, reason := range hub.Reasons() {
		heading := "### `" + string(reason) + "`"
		want = append(want, heading)
		body := sections[heading]
		if !strings.HasPrefix(body, general(reason)+"\n") {
			t.Errorf("%s does not begin with its general words:\n%s", heading, body)
		}
		everywhere := strings.Contains(body, "It means the same everywhere.")
		rows := 0
		for line := range strings.Lines(body) {
			if strings.HasPrefix(line, "| [") {
				rows++
			}
		}
		for _, p := range chapters {
			if times := strings.Count(body, p.link()); times > 1 || everywhere == (times == 1) {
				t.Errorf("%s speaks of %s %d times, and of everywhere: %t", heading, p.title, times, everywhere)
			}
			words := runbook.Advice(p.name, reason)
			if own := words != general(reason); own != strings.Contains(body, "| "+p.link()+" | "+words+" |\n") {
				t.Errorf("%s: %s has words of its own: %t, and the section is\n%s", heading, p.title, own, body)
			} else if own {
				rows--
			}
		}
		if rows != 0 {
			t.Errorf("%s has %d rows more than there are platforms with words of their own", heading, rows)
		}
	}
	for _, p := range chapters {
		if !slices.Contains(names, p.name) {
			t.Errorf("%s is no platform", p.name)
		}
		want = append(want, "## "+p.title)
		for _, kind := range hub.TaskKinds() {
			heading := "### " + p.title + ": " + tasks[kind].heading
			want = append(want, heading)
			steps := runbook.For(p.name, kind).Render(runbook.Fill{Role: "ROLE"})
			if !strings.HasPrefix(sections[heading], "```text\n"+steps+"\n```\n") {
				t.Errorf("%s does not have the steps of %s/%s:\n%s", heading, p.name, kind, sections[heading])
			}
		}
	}

	var have []string
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "#") {
			have = append(have, strings.TrimSpace(line))
		}
	}
	if !slices.Equal(have, want) {
		t.Errorf("headings\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
	if len(tasks) != len(hub.TaskKinds()) {
		t.Errorf("headings for %d tasks, and there are %d", len(tasks), len(hub.TaskKinds()))
	}
}

// Every link within the page leads somewhere, and no two headings share a link.
func TestGuide_links(t *testing.T) {
	var b strings.Builder
	write(&b, platforms())
	anchors := map[string]bool{}
	for line := range strings.Lines(b.String()) {
		if marks, heading, ok := strings.Cut(line, " "); ok && strings.Trim(marks, "#") == "" && marks != "" {
			a := anchor(strings.TrimSpace(heading))
			if anchors[a] {
				t.Errorf("two headings are linked by #%s", a)
			}
			anchors[a] = true
		}
	}
	links := regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllStringSubmatch(b.String(), -1)
	if len(links) < len(hub.Reasons()) {
		t.Fatalf("only %d links", len(links))
	}
	for _, l := range links {
		if !anchors[l[1]] {
			t.Errorf("#%s leads nowhere", l[1])
		}
	}
}

// What a failed task is about is one of the cases shown: the steps of somebody who
// is invited, and of a role that is taken away, are on the page wherever they are
// others.
func TestGuide_variants(t *testing.T) {
	var b strings.Builder
	write(&b, platforms())
	sections := split(t, b.String())
	shown := 0
	for _, p := range platforms() {
		for _, kind := range hub.TaskKinds() {
			body := sections["### "+p.title+": "+tasks[kind].heading]
			for _, f := range []runbook.Fill{{Role: "ROLE"}, {Role: "ROLE", Invited: true}, {Role: "ROLE", Revoke: true}} {
				if f.Revoke && kind != hub.TaskChangeRole || f.Invited && kind == hub.TaskAdd {
					continue
				}
				if block := runbook.For(p.name, kind).Render(f); !strings.Contains(body, block) {
					t.Errorf("%s/%s with %+v is not on the page:\n%s", p.name, kind, f, block)
				}
				shown++
			}
			if block := "```text\n"; strings.Count(body, block) > 3 {
				t.Errorf("%s/%s has %d blocks", p.name, kind, strings.Count(body, block))
			}
		}
	}
	if want := len(platforms()) * 6; shown != want {
		t.Errorf("%d cases looked at, want %d", shown, want)
	}
}

// split is the text below each heading, up to the next one.
func split(t *testing.T, page string) map[string]string {
	t.Helper()
	sections := map[string]string{}
	heading := ""
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "#") {
			heading = strings.TrimSpace(line)
			if _, twice := sections[heading]; twice {
				t.Errorf("%s stands there twice", heading)
			}
			sections[heading] = ""
			continue
		}
		sections[heading] = strings.TrimLeft(sections[heading]+line, "\n")
	}
	return sections
}
