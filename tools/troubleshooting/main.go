// Command troubleshooting prints the guide of that name, in Markdown: every reason
// with its words for each platform, and the manual steps of every task.
//
// Generated and not written, because the words are those of a failed task: somebody
// who searches for a line of a message is to find it here, and a platform or a
// reason that is added to internal/runbook is in the guide with the next
// `make generate`.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
	"github.com/roster-iac/terraform-provider-roster/internal/runbook"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	write(out, platforms())
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "troubleshooting:", err)
		os.Exit(1)
	}
}

// platform is one chapter.
type platform struct {
	name, title string
	guide       bool // docs/guides has a page of its own for it
}

// platforms are those with manual steps of their own, then the provider's others,
// then the one that stands for every app without a guide.
func platforms() []platform {
	drivers := all.Drivers()
	var out []platform
	for _, name := range runbook.Platforms() {
		if name == runbook.Generic {
			continue
		}
		p := platform{name: name, title: runbook.For(name, hub.TaskAdd).Title}
		p.guide = slices.ContainsFunc(drivers, func(d hub.Driver) bool { return d.Platform.Name == name })
		out = append(out, p)
	}
	for _, d := range drivers {
		if !slices.Contains(runbook.Platforms(), d.Platform.Name) {
			title := d.Platform.Title
			out = append(out, platform{d.Platform.Name, strings.ToUpper(title[:1]) + title[1:], true})
		}
	}
	return append(out, platform{name: runbook.Generic, title: "Any other app"})
}

func (p platform) link() string { return "[" + p.title + "](#" + anchor(p.title) + ")" }

// anchor is what a heading is linked by.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '_', r == '-', r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, strings.ToLower(heading))
}

func write(w io.Writer, platforms []platform) {
	fmt.Fprint(w, head)
	for _, p := range platforms {
		fmt.Fprintf(w, "- %s\n", p.link())
	}

	fmt.Fprint(w, "\n## Reasons\n\n| reason | in short |\n|---|---|\n")
	for _, reason := range hub.Reasons() {
		short, _, _ := strings.Cut(general(reason), ". ")
		fmt.Fprintf(w, "| [`%s`](#%s) | %s. |\n", reason, anchor(string(reason)), strings.TrimSuffix(short, "."))
	}
	for _, reason := range hub.Reasons() {
		writeReason(w, reason, platforms)
	}
	for _, p := range platforms {
		writePlatform(w, p)
	}
}

// general is a reason's words where the platform has none of its own.
func general(reason hub.Reason) string { return runbook.Advice(runbook.Generic, reason) }

func writeReason(w io.Writer, reason hub.Reason, platforms []platform) {
	fmt.Fprintf(w, "\n### `%s`\n\n%s\n", reason, general(reason))
	var silent []string
	table := "\n| platform | there it means |\n|---|---|\n"
	for _, p := range platforms {
		words := runbook.Advice(p.name, reason)
		if words == general(reason) {
			silent = append(silent, p.link())
			continue
		}
		fmt.Fprintf(w, "%s| %s | %s |\n", table, p.link(), strings.ReplaceAll(words, "|", `\|`))
		table = ""
	}
	switch len(silent) {
	case 0:
	case len(platforms):
		fmt.Fprint(w, "\nIt means the same everywhere.\n")
	default:
		fmt.Fprintf(w, "\nNothing particular to %s.\n", strings.Join(silent, ", "))
	}
}

// variant is a case in which the same task takes other clicks.
type variant struct {
	intro           string
	invited, revoke bool
}

// block is the manual steps with their blanks left open. Most blanks have words of
// the runbook's own for that; a role reads better with a name in its place.
func (v variant) block(guide runbook.Guide) string {
	return guide.Render(runbook.Fill{Role: "ROLE", Invited: v.invited, Revoke: v.revoke})
}

var invited = variant{intro: "While the person has not accepted the invitation:", invited: true}

var tasks = map[hub.TaskKind]struct {
	heading  string
	variants []variant // the usual case first
}{
	hub.TaskAdd: {"add somebody", []variant{{}}},
	hub.TaskChangeRole: {"change a role", []variant{
		{},
		invited,
		{intro: "To take a role away:", revoke: true},
	}},
	hub.TaskRemove: {"remove somebody", []variant{
		{},
		invited,
	}},
}

func writePlatform(w io.Writer, p platform) {
	fmt.Fprintf(w, "\n## %s\n\n", p.title)
	switch {
	case p.guide:
		fmt.Fprintf(w, "Platform `%s`; [its guide](%s.md) has credentials, roles and limits.\n", p.name, p.name)
	case p.name == runbook.Generic:
		fmt.Fprint(w, "An app that none of the chapters above is about.\n")
	default:
		fmt.Fprintf(w, "Platform `%s`.\n", p.name)
	}
	for _, kind := range hub.TaskKinds() {
		task := tasks[kind]
		fmt.Fprintf(w, "\n### %s: %s\n", p.title, task.heading)
		guide := runbook.For(p.name, kind)
		for i, v := range task.variants {
			block := v.block(guide)
			if i > 0 && block == task.variants[0].block(guide) {
				continue
			}
			if v.intro != "" {
				fmt.Fprintf(w, "\n%s\n", v.intro)
			}
			fmt.Fprintf(w, "\n```text\n%s\n```\n", block)
		}
	}
}

const head = `---
page_title: "Troubleshooting"
subcategory: ""
description: |-
  What each reason of a failed task means on each platform, and how to do every task by hand.
---

<!-- Written by tools/troubleshooting from internal/runbook: run make generate. -->

# Troubleshooting

A task that fails says why, and prints the steps that finish it by hand. This page has all of these words in one place: to
look up a reason, and to see the steps before anything has failed.

## How to read it

1. Take the word behind *Reason:* in the message and find it under [Reasons](#reasons): what it means, and what clears it.
   The table in its section has what is particular to a platform. Where the message itself says more, the message knows the
   case better.
2. Clear the cause and run ` + "`terraform apply`" + ` again. Nothing is lost by a failed task, and nobody is invited twice.
3. Where the cause cannot be cleared, or not in time, follow the steps of the platform. The message has them with person,
   role, business and link filled in, and so have the function ` + "`manual_steps`" + ` and the data source
   ` + "`roster_hub_sync`" + `; here these are left open, and ROLE stands for the role in question.
4. Then sync, as the last line of the steps says. The next apply sees what was done by hand.

Names of controls are those of the platform's screens. No page of the vendor shows what is marked *(unconfirmed)*.
[How tasks work](how-tasks-work.md) explains the rest of the message.

The steps of each platform:

`
