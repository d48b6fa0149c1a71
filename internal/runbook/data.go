package runbook

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

//go:embed data/*.json
var embedded embed.FS

// order is the guides as documentation lists them.
var order = []string{
	"meta_business", "google_ads", "pinterest_business", "snapchat_business", "tiktok_business", Generic,
}

// document is one platform's file.
type document struct {
	Platform  string   `json:"platform"`
	Title     string   `json:"title"`
	Aliases   []string `json:"aliases"`
	PeopleURL string   `json:"people_url,omitempty"` // where people are managed
	HomeURL   string   `json:"home_url,omitempty"`   // stands in while the business id is unknown
	// Needs is what the admin account must be: the first note. The generic guide
	// has none.
	Needs *entry `json:"needs,omitempty"`
	// WayIn leads to the list of people and begins every task.
	WayIn []entry `json:"way_in"`
	// Parts are runs of steps that several tasks use.
	Parts map[string][]entry    `json:"parts,omitempty"`
	Tasks map[hub.TaskKind]task `json:"tasks"`
	Notes []entry               `json:"notes,omitempty"` // for every task, behind its own
}

type task struct {
	Steps []entry `json:"steps"`
	Notes []entry `json:"notes,omitempty"`
	// Sync is why the hub has to be synced in Cerby afterwards.
	Sync struct {
		Changes string  `json:"changes"` // which changes Cerby takes in
		Basis   []basis `json:"basis"`
	} `json:"sync"`
}

// entry is a step or a note.
type entry struct {
	If []condition `json:"if,omitempty"`
	// Use stands for the part of that name; the rest is then empty.
	Use string `json:"use,omitempty"`
	sentence
	// Or is the same click on other screens, or a word about it, printed behind
	// it in the same step.
	Or    []other  `json:"or,omitempty"`
	Opens bool     `json:"opens,omitempty"` // shows the link to the list of people
	Links []string `json:"links,omitempty"`
}

type other struct {
	If []condition `json:"if,omitempty"`
	sentence
}

// sentence has no full stop: icon, place and mark go before it. See expand for
// what Text, Icon and Where may hold.
type sentence struct {
	Text  string  `json:"text,omitempty"`
	Icon  string  `json:"icon,omitempty"`
	Where string  `json:"where,omitempty"`
	Basis []basis `json:"basis,omitempty"`
}

// basis is what a sentence rests on.
type basis string

const (
	seedGeneric   basis = "S1"   // Cerby's generic troubleshooting article
	seedPlatforms basis = "S2"   // Cerby's article on the five platforms, removal
	help          basis = "help" // other Cerby help
	vendor        basis = "V"    // the platform vendor's own pages
	third         basis = "T"    // a third party's page or public code only
	unseen        basis = "U"    // no page in hand shows this exact click
	ours          basis = "ours" // roster's own words
)

var bases = []basis{seedGeneric, seedPlatforms, help, vendor, third, unseen, ours}

// unconfirmed says whether the sentence needs the mark. One U is enough, even
// beside a V: the vendor then confirms the meaning and not the click. A T
// counts only when nothing better says the same.
func (s sentence) unconfirmed() bool {
	better := func(b basis) bool { return b != third && b != unseen }
	return len(s.Basis) > 0 && (slices.Contains(s.Basis, unseen) || !slices.ContainsFunc(s.Basis, better))
}

// condition says when an entry is printed; several must all hold.
type condition string

const (
	direct  condition = "direct" // roster speaks to the platform itself
	cerby   condition = "cerby"  // the hub is reached through Cerby
	linked  condition = "linked" // direct, and there is a link to print
	active  condition = "active"
	invited condition = "invited" // the person has not accepted yet
	give    condition = "give"
	revoke  condition = "revoke" // a role is taken away
)

// The name of a task is a condition too.
var conditions = []condition{
	direct, cerby, linked, active, invited, give, revoke,
	condition(hub.TaskAdd), condition(hub.TaskChangeRole), condition(hub.TaskRemove),
}

// common is what all guides share. It lives in generic.json.
type common struct {
	// Sync is how to sync a hub in Cerby.
	Sync struct {
		Steps []entry `json:"steps"`
		Notes []entry `json:"notes"`
	} `json:"sync"`
	// Endings is what to run when the steps are done.
	Endings struct {
		Direct map[hub.TaskKind]sentence `json:"direct"`
		Cerby  map[hub.TaskKind]sentence `json:"cerby"`
		Manual map[hub.TaskKind]sentence `json:"manual"` // a manual hub is synced by its CSV export
	} `json:"endings"`
	Legend sentence `json:"legend"` // what the mark means
}

// advice is reasons.json.
type advice struct {
	General   map[hub.Reason]string            `json:"general"`
	Platforms map[string]map[hub.Reason]string `json:"platforms"`
}

type books struct {
	documents map[string]*document
	common    common
	advice    advice
	aliases   map[string]string // folded
}

// library is all the data. It is part of the program, so a flaw in it is a bug;
// the tests load it first.
var library = sync.OnceValue(func() *books {
	sub, err := fs.Sub(embedded, "data")
	if err != nil {
		panic("runbook: " + err.Error())
	}
	lib, err := load(sub)
	if err != nil {
		panic("runbook: " + err.Error())
	}
	return lib
})

func load(dir fs.FS) (*books, error) {
	lib := &books{documents: map[string]*document{}, aliases: map[string]string{}}
	var errs []error
	for _, name := range order {
		doc, path := &document{}, name+".json"
		var err error
		if name == Generic {
			both := struct {
				*document
				*common
			}{doc, &lib.common}
			err = decode(dir, path, &both)
		} else {
			err = decode(dir, path, doc)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		lib.documents[name] = doc
		if doc.Platform != name {
			errs = append(errs, fmt.Errorf("%s: platform is %q", path, doc.Platform))
		}
		for _, alias := range append([]string{name, doc.Title}, doc.Aliases...) {
			if other, taken := lib.aliases[fold(alias)]; taken && other != name {
				errs = append(errs, fmt.Errorf("%s: alias %q is also one of %s", path, alias, other))
			}
			lib.aliases[fold(alias)] = name
		}
		for _, problem := range doc.problems() {
			errs = append(errs, fmt.Errorf("%s: %s", path, problem))
		}
	}
	for _, problem := range lib.common.problems() {
		errs = append(errs, fmt.Errorf("generic.json: %s", problem))
	}
	if err := decode(dir, "reasons.json", &lib.advice); err != nil {
		errs = append(errs, err)
	}
	for _, problem := range lib.advice.problems() {
		errs = append(errs, fmt.Errorf("reasons.json: %s", problem))
	}
	return lib, errors.Join(errs...)
}

// decode reads one JSON value and nothing behind it. A key that no field takes
// is an error: a misspelt one would be a step that never prints.
func decode(dir fs.FS, path string, into any) error {
	raw, err := fs.ReadFile(dir, path)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: something follows the value", path)
	}
	return nil
}

func (d *document) problems() []string {
	p := checker{parts: d.Parts}
	if d.Title == "" {
		p.say("no title")
	}
	if d.Needs != nil {
		p.notes("needs", []entry{*d.Needs})
	}
	p.entries("way_in", d.WayIn)
	for name, steps := range d.Parts {
		p.entries("part "+name, steps)
	}
	for _, kind := range hub.TaskKinds() {
		t, ok := d.Tasks[kind]
		if !ok {
			p.say("no task %s", kind)
		}
		p.entries(string(kind), t.Steps)
		p.notes(string(kind)+" notes", t.Notes)
		if t.Sync.Changes == "" {
			p.say("%s: no word for the changes that a sync takes in", kind)
		}
		p.basis(string(kind)+" sync", t.Sync.Basis)
	}
	if len(d.Tasks) > len(hub.TaskKinds()) {
		p.say("more tasks than there are kinds")
	}
	p.notes("notes", d.Notes)
	return p.found
}

func (c *common) problems() []string {
	p := checker{}
	p.entries("sync", c.Sync.Steps)
	p.notes("sync notes", c.Sync.Notes)
	for _, set := range []map[hub.TaskKind]sentence{c.Endings.Direct, c.Endings.Cerby, c.Endings.Manual} {
		for _, kind := range hub.TaskKinds() {
			p.sentence("ending of "+string(kind), set[kind])
		}
		if len(set) > len(hub.TaskKinds()) {
			p.say("more endings than there are tasks")
		}
	}
	p.sentence("legend", c.Legend)
	return p.found
}

func (a *advice) problems() []string {
	p := checker{}
	for _, reason := range hub.Reasons() {
		if a.General[reason] == "" {
			p.say("no words for %s", reason)
		}
	}
	for platform, words := range a.Platforms {
		for reason := range words {
			if !slices.Contains(hub.Reasons(), reason) {
				p.say("%s: %s is no reason", platform, reason)
			}
		}
	}
	if len(a.General) > len(hub.Reasons()) {
		p.say("general words for something that is no reason")
	}
	return p.found
}

// checker collects what is wrong with data that decoded.
type checker struct {
	parts map[string][]entry
	found []string
}

func (p *checker) say(format string, args ...any) {
	p.found = append(p.found, fmt.Sprintf(format, args...))
}

func (p *checker) entries(where string, entries []entry) {
	if len(entries) == 0 {
		p.say("%s: no steps", where)
	}
	p.notes(where, entries)
}

func (p *checker) notes(where string, entries []entry) {
	for i, e := range entries {
		at := fmt.Sprintf("%s %d", where, i+1)
		p.conditions(at, e.If)
		if e.Use != "" {
			if _, ok := p.parts[e.Use]; !ok || e.Text != "" {
				p.say("%s: uses part %q, which is not there or has words beside it", at, e.Use)
			}
			continue
		}
		p.sentence(at, e.sentence)
		for _, o := range e.Or {
			p.conditions(at, o.If)
			p.sentence(at, o.sentence)
		}
	}
}

func (p *checker) conditions(at string, list []condition) {
	for _, c := range list {
		if !slices.Contains(conditions, c) {
			p.say("%s: condition %q is none of %v", at, c, conditions)
		}
	}
}

func (p *checker) basis(at string, list []basis) {
	if len(list) == 0 {
		p.say("%s: no basis", at)
	}
	for _, b := range list {
		if !slices.Contains(bases, b) {
			p.say("%s: basis %q is none of %v", at, b, bases)
		}
	}
}

func (p *checker) sentence(at string, s sentence) {
	if s.Text == "" {
		p.say("%s: no text", at)
	}
	if strings.HasSuffix(s.Text, ".") {
		p.say("%s: %q ends in a full stop, which rendering adds", at, s.Text)
	}
	p.basis(at, s.Basis)
	for _, template := range []string{s.Text, s.Icon, s.Where} {
		p.template(at, template)
	}
}

var (
	placeholder = regexp.MustCompile(`\{([^{}]*)\}`)
	optional    = regexp.MustCompile(`\[[^\[\]]*\]`)
)

// template holds a text to the syntax of expand, and every placeholder that can
// be missing to an optional clause.
func (p *checker) template(at, text string) {
	known := []string{"user", "role", "old_role", "hub", "business_id", "customer_id", "changes", "next", "export"}
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(known, m[1]) {
			p.say("%s: placeholder {%s} is none of %v", at, m[1], known)
		}
	}
	always := []string{"user", "role", "changes", "next"}
	for _, m := range placeholder.FindAllStringSubmatch(optional.ReplaceAllString(text, ""), -1) {
		if !slices.Contains(always, m[1]) {
			p.say("%s: {%s} can be missing, so it needs an [optional clause]: %q", at, m[1], text)
		}
	}
	bare := optional.ReplaceAllStringFunc(placeholder.ReplaceAllString(text, ""), func(s string) string { return s[1 : len(s)-1] })
	if strings.ContainsAny(bare, "{}[]") || strings.Count(text, "**")%2 != 0 {
		p.say("%s: brackets or control marks do not pair up: %q", at, text)
	}
}
