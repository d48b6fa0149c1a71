// Package runbook holds the steps a person follows when a task could not
// finish: embedded data, one file per platform, and the pure rendering of it.
//
// The clicks come from the two vendors' and the platforms' own help pages. A
// step that no such page shows says "(unconfirmed)", so that nobody takes a
// guess for gospel. Names of controls are the screens' own words and are never
// reworded, nor broken over two lines.
package runbook

import (
	"strings"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Generic is the guide of a platform that has none of its own.
const Generic = "generic"

// For is the guide for a task on a platform, which may be named by any of its
// aliases. A platform without a guide of its own (scim, cerby, manual, one we
// never heard of) gets the generic one; so the guide is never empty.
func For(platform string, task hub.TaskKind) Guide {
	lib := library()
	name, ok := Resolve(platform)
	if !ok {
		name = Generic
	}
	doc := lib.documents[name]
	work, ok := doc.Tasks[task]
	if !ok {
		// The list of tasks is closed and the data is checked against it when it
		// is loaded, so this is a caller's own TaskKind.
		panic("runbook: no guide for task " + string(task))
	}
	return Guide{
		ID: name + "/" + string(task), Platform: name, Title: doc.Title, Task: task,
		asked: fold(platform), doc: doc, work: work,
	}
}

// Platforms names every guide there is, the generic one last: what
// roster_business_hub.runbook may say.
func Platforms() []string { return append([]string{}, order...) }

// Resolve finds the guide a name means: one of Platforms, or an alias such as
// "Facebook Business Manager", "MCC" or "tiktok-business-center". Case, spaces,
// hyphens and underscores make no difference.
func Resolve(alias string) (platform string, ok bool) {
	platform, ok = library().aliases[fold(alias)]
	return platform, ok
}

// Advice says in a sentence or two what a reason means on a platform and what
// clears it. A reason this package does not know is explained as unknown.
func Advice(platform string, reason hub.Reason) string {
	words := library().advice
	if text, ok := words.Platforms[canonical(platform)][reason]; ok {
		return text
	}
	if text, ok := words.General[reason]; ok {
		return text
	}
	return words.General[hub.ReasonUnknown]
}

// canonical is the platform's own name for an alias; names without a guide stay.
func canonical(platform string) string {
	if name, ok := Resolve(platform); ok {
		return name
	}
	return fold(platform)
}

// fold makes names comparable.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '_', '\t':
			return -1
		}
		return r
	}, strings.ToLower(name))
}
