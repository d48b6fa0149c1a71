package runbook

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Guide is the manual steps of one task on one platform.
type Guide struct {
	ID       string // "meta_business/remove"
	Platform string // whose guide it is: one of Platforms
	Title    string // "Meta Business Manager"
	Task     hub.TaskKind

	asked string // the platform For was asked for, folded: "manual" has a guide of another name
	doc   *document
	work  task
}

// Fill is what goes into the blanks of a guide. Every field may be empty: the
// words around a missing value then change or go, and never show a hole.
type Fill struct {
	// Platform is the hub's own platform, which is another than the guide's
	// where a hub borrows one (roster_business_hub.runbook): a manual hub then
	// ends in its CSV export and a cerby hub in Cerby all the same. Empty: the
	// platform given to For.
	Platform   string
	Hub        string // label
	Person     string // e-mail, else name
	Role       string // as it should be printed: "ADMIN (Full control)"
	OldRole    string
	BusinessID string // the id on Platform; with a borrowed guide it is of no use and left out
	AdminURL   string // the screen where people are managed; empty: the guide's own
	Workspace  string // Cerby workspace, the first label of its host name; empty: that of AdminURL on a cerby hub
	Export     string // the file that is a manual hub's sync
	Revoke     bool   // the role change takes Role away
	Invited    bool   // the person has not accepted the invitation yet
	ViaCerby   bool   // the hub is reached through Cerby
	Guarded    bool   // roster itself refused the task, for the good of the hub
	Awaiting   bool   // the task was asked for, and a second administrator has still to approve it
}

// Step is one numbered step, ready to print.
type Step struct {
	Text  string   // one line; carries "(unconfirmed)" behind each unconfirmed sentence
	Links []string // to print below Text, each on a line of its own
	// Unconfirmed says that Text carries the mark: no vendor's page shows the
	// click.
	Unconfirmed bool
}

// Steps is the guide's steps in order, the first one being number 1.
func (g Guide) Steps(f Fill) []Step {
	steps := g.steps(f)
	for i := range steps {
		steps[i].Text = unglue(steps[i].Text)
	}
	return steps
}

// Render is the block a failed task prints: the numbered steps, how to sync and
// the notes. Every line begins with a space, because Terraform re-wraps lines
// that do not; lines are wrapped here instead. There is no newline at the end.
func (g Guide) Render(f Fill) string {
	const indent = "  "
	var b block
	if f.Awaiting {
		// The task has been asked for: doing it by hand would ask a second time.
		b.line(indent, "Have it approved:")
		b.add(indent+"  1. ", Step{Text: "Ask another administrator, not the identity roster acts as, to open:", Links: []string{f.AdminURL}})
		b.line(indent+"  2. ", "There they look for the request about "+f.Person+" among those that wait for approval, and approve it (unconfirmed: no page of the vendor shows this click).")
		b.line(indent, "Then sync: run terraform apply. The refresh sees the change and nothing else is needed.")
		return strings.Join(b.lines, "\n")
	}
	if f.Guarded {
		// What a guard refused nobody should do because a screen printed it.
		b.line(indent, "If it has to be done all the same, this is how to do it by hand:")
	} else {
		b.line(indent, "Finish it by hand:")
	}
	marked := false
	steps := g.steps(f)
	digits := len(fmt.Sprint(len(steps)))
	for i, s := range steps {
		number := fmt.Sprintf("%s  %*d. ", indent, digits, i+1)
		b.add(number, s)
		marked = marked || s.Unconfirmed
	}
	b.line(indent, g.ending(f))
	notes := g.notes(f)
	for _, n := range notes {
		marked = marked || n.Unconfirmed
	}
	if marked {
		notes = append(notes, Step{Text: g.scene(f).sentence(library().common.Legend, false)})
	}
	for _, n := range notes {
		n.Text = "Note: " + n.Text
		b.add(indent, n)
	}
	return unglue(strings.Join(b.lines, "\n"))
}

// steps, notes and ending come with control names glued (see expand), so that
// wrapping keeps them whole.
func (g Guide) steps(f Fill) []Step {
	s := g.scene(f)
	wayIn := s.collect(g.doc, g.doc.WayIn)
	s.values["next"] = fmt.Sprint(len(wayIn) + 1)
	steps := s.collect(g.doc, g.doc.WayIn) // again: its words name the step behind it
	steps = append(steps, s.collect(g.doc, g.work.Steps)...)
	if s.holds(cerby) {
		steps = append(steps, s.collect(g.doc, library().common.Sync.Steps)...)
	}
	return steps
}

func (g Guide) notes(f Fill) []Step {
	s := g.scene(f)
	var notes []Step
	if g.doc.Needs != nil {
		notes = append(notes, s.step(*g.doc.Needs))
	}
	notes = append(notes, s.collect(g.doc, g.work.Notes)...)
	notes = append(notes, s.collect(g.doc, g.doc.Notes)...)
	if s.holds(cerby) {
		notes = append(notes, s.collect(g.doc, library().common.Sync.Notes)...)
	}
	return notes
}

func (g Guide) ending(f Fill) string {
	s := g.scene(f)
	endings := library().common.Endings
	set := endings.Direct
	switch {
	case s.holds(cerby):
		set = endings.Cerby
	case g.isFor(f, "manual"):
		set = endings.Manual
	}
	return s.sentence(set[g.Task], false)
}

// isFor says whether the hub itself is of that platform, whoever's guide it
// borrows.
func (g Guide) isFor(f Fill, platform string) bool {
	return g.asked == platform || fold(f.Platform) == platform
}

// scene is a Fill made ready: which conditions hold and what the placeholders
// stand for.
type scene struct {
	conditions []condition
	values     map[string]string
	link       string // the opening link, "" when there is none
}

func (g Guide) scene(f Fill) scene {
	if f.Platform != "" && canonical(f.Platform) != g.Platform {
		// A Cerby integration's id in a Google link leads a person astray.
		f.BusinessID = ""
	}
	s := scene{values: map[string]string{
		"user":        clean(f.Person),
		"role":        clean(f.Role),
		"old_role":    clean(f.OldRole),
		"hub":         clean(f.Hub),
		"business_id": clean(f.BusinessID),
		"customer_id": hyphenated(clean(f.BusinessID)),
		"workspace":   workspace(cmp.Or(f.Workspace, cerbyWorkspace(f.AdminURL))),
		"export":      clean(f.Export),
		"changes":     g.work.Sync.Changes,
	}}
	s.conditions = append(s.conditions, condition(g.Task))
	choose := func(yes bool, a, b condition) {
		if !yes {
			a = b
		}
		s.conditions = append(s.conditions, a)
	}
	viaCerby := f.ViaCerby || g.isFor(f, "cerby")
	choose(viaCerby, cerby, direct)
	choose(f.Invited, invited, active)
	choose(f.Revoke, revoke, give)
	if viaCerby {
		return s
	}
	for _, template := range []string{f.AdminURL, g.doc.PeopleURL, g.doc.HomeURL} {
		if s.link = s.url(template); s.link != "" {
			s.conditions = append(s.conditions, linked)
			break
		}
	}
	return s
}

func (s scene) holds(c condition) bool { return slices.Contains(s.conditions, c) }

func (s scene) all(conditions []condition) bool {
	for _, c := range conditions {
		if !s.holds(c) {
			return false
		}
	}
	return true
}

// collect renders the entries whose conditions hold.
func (s scene) collect(doc *document, entries []entry) []Step {
	var steps []Step
	for _, e := range entries {
		switch {
		case !s.all(e.If):
		case e.Use != "":
			steps = append(steps, s.collect(doc, doc.Parts[e.Use])...)
		default:
			if step := s.step(e); step.Text != "" {
				steps = append(steps, step)
			}
		}
	}
	return steps
}

func (s scene) step(e entry) Step {
	var step Step
	if e.Opens && s.link != "" {
		step.Links = append(step.Links, s.link)
	}
	for _, template := range e.Links {
		if link := s.url(template); link != "" {
			step.Links = append(step.Links, link)
		}
	}
	var others []sentence
	for _, o := range e.Or {
		if s.all(o.If) {
			others = append(others, o.sentence)
		}
	}
	step.Text = s.sentence(e.sentence, len(step.Links) > 0 && len(others) == 0)
	step.Unconfirmed = e.unconfirmed()
	for _, o := range others {
		step.Text += " " + s.sentence(o, false)
		step.Unconfirmed = step.Unconfirmed || o.unconfirmed()
	}
	return step
}

// sentence renders one sentence with its icon, place and mark. It ends in a
// colon when a link follows.
func (s scene) sentence(t sentence, colon bool) string {
	text := expand(t.Text, s.values)
	if text == "" {
		return ""
	}
	var aside []string
	for _, part := range []string{t.Icon, t.Where} {
		if part != "" {
			aside = append(aside, expand(part, s.values))
		}
	}
	if len(aside) > 0 {
		text += " (" + strings.Join(aside, ", ") + ")"
	}
	if t.unconfirmed() {
		text += " " + unconfirmedMark
	}
	if colon {
		return text + ":"
	}
	return text + "."
}

// url fills a link, or is "" when a value it needs is missing.
func (s scene) url(template string) string {
	link := template
	for name, value := range s.values {
		hole := "{" + name + "}"
		switch {
		case !strings.Contains(link, hole):
		case value == "":
			return ""
		default:
			link = strings.ReplaceAll(link, hole, url.QueryEscape(value))
		}
	}
	return strings.Join(strings.Fields(clean(link)), "%20")
}

const unconfirmedMark = "(unconfirmed)"

// glue stands for a space that must not become a line break.
const glue = '\u00a0'

func unglue(s string) string { return strings.ReplaceAll(s, string(glue), " ") }

// fallback is what a placeholder says when its value is missing. Placeholders
// without one may stand in [optional clauses] only; the loader sees to that.
var fallback = map[string]string{
	"user": "the person",
	"role": "the wanted role",
}

// expand fills a template in one pass, so that a value is never read as a
// template itself. "{name}" is a value; "[...]" is a clause that goes when a
// value in it is missing; the spaces in a "**control name**" or "**command**"
// are glued.
func expand(template string, values map[string]string) string {
	var out, clause strings.Builder
	into, missing, bold := &out, false, false
	for rest := template; rest != ""; {
		switch {
		case strings.HasPrefix(rest, "**"):
			bold, rest = !bold, rest[2:]
			continue
		case rest[0] == '[':
			clause.Reset()
			into, missing = &clause, false
		case rest[0] == ']':
			if !missing {
				out.WriteString(clause.String())
			}
			into = &out
		case rest[0] == '{':
			name, after, _ := strings.Cut(rest[1:], "}")
			value := values[name]
			if value == "" && into == &out {
				value = fallback[name]
			}
			missing = missing || value == ""
			into.WriteString(value)
			rest = after
			continue
		case rest[0] == ' ' && bold:
			into.WriteRune(glue)
		default:
			into.WriteByte(rest[0])
		}
		rest = rest[1:]
	}
	return out.String()
}

// clean makes a value safe to print on one line: labels and names come from
// outside, and a line break would undo the indentation, an escape the terminal.
func clean(value string) string {
	value = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, value)
	return strings.Join(strings.Fields(value), " ")
}

var tenDigits = regexp.MustCompile(`^(\d{3})(\d{3})(\d{4})$`)

// hyphenated is a Google Ads customer id as its screens write it, "" for
// anything else.
func hyphenated(id string) string {
	if !tenDigits.MatchString(id) {
		return ""
	}
	return tenDigits.ReplaceAllString(id, "$1-$2-$3")
}

// cerbyWorkspace is the workspace whose screens a URL shows, "" for a URL of
// anything else.
func cerbyWorkspace(adminURL string) string {
	u, err := url.Parse(adminURL)
	if err != nil {
		return ""
	}
	name, ok := strings.CutSuffix(u.Hostname(), ".cerby.com")
	if !ok {
		return ""
	}
	return name
}

var hostLabel = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// workspace is a Cerby workspace that can stand in a host name, else "app":
// that host asks for the workspace.
func workspace(name string) string {
	name = strings.ToLower(clean(name))
	if !hostLabel.MatchString(name) {
		return "app"
	}
	return name
}
