package runbook_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/runbook"
)

var update = flag.Bool("update", false, "write testdata anew")

// platforms is everything a hub can be, with a guide or without.
var platforms = []string{
	"meta_business", "google_ads", "pinterest_business", "snapchat_business", "tiktok_business",
	"scim", "cerby", "manual",
}

const mark = "(unconfirmed)"

// full has a value for every blank.
var full = runbook.Fill{
	Hub:        "Northwind Paid Social",
	Person:     "ada@northwind.example",
	Role:       "ADMIN (Full control)",
	OldRole:    "EMPLOYEE (Basic access)",
	BusinessID: "2220001112",
	Workspace:  "northwind",
	Export:     "exports/northwind.csv",
}

// fills is f in every situation: direct or through Cerby, a member or an
// invitation, a role given or taken away.
func fills(f runbook.Fill) []runbook.Fill {
	var all []runbook.Fill
	for i := range 8 {
		f.ViaCerby, f.Invited, f.Revoke = i&1 != 0, i&2 != 0, i&4 != 0
		all = append(all, f)
	}
	return all
}

// situations is every blank filled, none filled, and each one empty by itself.
func situations() []runbook.Fill {
	all := append(fills(full), fills(runbook.Fill{})...)
	for _, empty := range []func(*runbook.Fill){
		func(f *runbook.Fill) { f.Hub = "" },
		func(f *runbook.Fill) { f.Person = "" },
		func(f *runbook.Fill) { f.Role = "" },
		func(f *runbook.Fill) { f.OldRole = "" },
		func(f *runbook.Fill) { f.BusinessID = "" },
		func(f *runbook.Fill) { f.BusinessID = "a/b c" },
		func(f *runbook.Fill) { f.Workspace = "" },
		func(f *runbook.Fill) { f.Workspace, f.AdminURL = "", "https://northwind.cerby.com/" },
		func(f *runbook.Fill) { f.Export = "" },
		func(f *runbook.Fill) { f.AdminURL = "https://admin.example/people" },
	} {
		f := full
		empty(&f)
		all = append(all, fills(f)...)
	}
	return all
}

func TestEveryTaskHasStepsAndAdvice(t *testing.T) {
	for _, platform := range append([]string{"a platform of tomorrow"}, platforms...) {
		for _, task := range hub.TaskKinds() {
			g := runbook.For(platform, task)
			if g.ID == "" || g.Platform == "" || g.Title == "" || g.Task != task {
				t.Errorf("%s %s: guide has holes: %+v", platform, task, g)
			}
			seen := map[string]bool{}
			for _, f := range situations() {
				checkSteps(t, g, f, seen)
				checkBlock(t, g, f, seen)
			}
		}
		for _, reason := range append(hub.Reasons(), "a_reason_of_tomorrow", "") {
			checkAdvice(t, platform, reason)
		}
	}
}

var (
	// hole is what a missing value would leave behind.
	hole = regexp.MustCompile(`[{}\[\]]|\*\*|\x{00a0}|  | [,.;:]|\(\s*\)|""|,,|\(,`)
	// number is a step's number.
	number = regexp.MustCompile(`^ +(\d+)\. `)
)

// checkSteps looks at each text once: most situations print the same ones.
func checkSteps(t *testing.T, g runbook.Guide, f runbook.Fill, seen map[string]bool) {
	t.Helper()
	steps := g.Steps(f)
	if len(steps) < 3 {
		t.Errorf("%s: %d steps for %+v", g.ID, len(steps), f)
	}
	for i, s := range steps {
		key := fmt.Sprint(s)
		if seen[key] {
			continue
		}
		seen[key] = true
		at := fmt.Sprintf("%s step %d: %q", g.ID, i+1, s.Text)
		if hole.MatchString(s.Text) {
			t.Errorf("%s has a hole for %+v", at, f)
		}
		if !strings.HasSuffix(s.Text, ".") && !(strings.HasSuffix(s.Text, ":") && len(s.Links) > 0) {
			t.Errorf("%s ends wrongly for %d links", at, len(s.Links))
		}
		if s.Unconfirmed != strings.Contains(s.Text, mark) {
			t.Errorf("%s: unconfirmed = %t", at, s.Unconfirmed)
		}
		for _, link := range s.Links {
			if !strings.HasPrefix(link, "https://") || strings.ContainsAny(link, "{} ") {
				t.Errorf("%s: link %q", at, link)
			}
		}
	}
}

func checkBlock(t *testing.T, g runbook.Guide, f runbook.Fill, seen map[string]bool) {
	t.Helper()
	block := g.Render(f)
	if !strings.HasPrefix(block, "  Finish it by hand:\n") || !strings.Contains(block, "\n  Then sync: ") || !strings.Contains(block, "terraform apply") {
		t.Errorf("%s: not the block of a failed task:\n%s", g.ID, block)
	}
	next := 1
	for line := range strings.Lines(block) {
		line = strings.TrimSuffix(line, "\n")
		text := strings.TrimLeft(line, " ")
		if m := number.FindStringSubmatch(line); m != nil {
			if m[1] != fmt.Sprint(next) {
				t.Errorf("%s: step %s comes as number %d", g.ID, m[1], next)
			}
			next++
		}
		if seen[line] {
			continue
		}
		seen[line] = true
		link := strings.HasPrefix(text, "https://")
		switch {
		case text == line || text == "":
			t.Errorf("%s: line %q is not indented: Terraform re-wraps it", g.ID, line)
		case strings.HasSuffix(line, " "):
			t.Errorf("%s: line %q ends in a space", g.ID, line)
		case !link && utf8.RuneCountInString(line) > 96:
			t.Errorf("%s: line of %d columns: %q", g.ID, utf8.RuneCountInString(line), line)
		case !link && hole.MatchString(number.ReplaceAllString(text, "")):
			t.Errorf("%s for %+v: line %q has a hole", g.ID, f, line)
		}
	}
	if want := len(g.Steps(f)) + 1; next != want {
		t.Errorf("%s: %d numbers for %d steps", g.ID, next-1, want-1)
	}
}

func checkAdvice(t *testing.T, platform string, reason hub.Reason) {
	t.Helper()
	text := runbook.Advice(platform, reason)
	if text == "" || !strings.HasSuffix(text, ".") || hole.MatchString(text) || strings.Contains(text, "\n") {
		t.Errorf("%s %s: advice %q", platform, reason, text)
	}
	if n := strings.Count(text, ". "); n > 1 {
		t.Errorf("%s %s: advice of %d sentences, want one or two: %q", platform, reason, n+1, text)
	}
}

// flat undoes the wrapping, so that a sentence can be looked for.
func flat(block string) string { return strings.Join(strings.Fields(block), " ") }

// everything is all that a platform can print, wrapping undone.
func everything(platform string) string {
	noID := full
	noID.BusinessID = "" // the links that stand in for those with an id
	var b strings.Builder
	for _, task := range hub.TaskKinds() {
		for _, f := range append(fills(full), fills(noID)...) {
			b.WriteString(flat(runbook.For(platform, task).Render(f)) + "\n")
		}
	}
	return b.String()
}

// said is one sentence of the data files, read without the package's own
// structs: a field that nothing renders shows up here and not there.
type said struct {
	path, text, aside string
	unconfirmed       bool
}

// pattern matches s as rendered from full up to its end, with a mark as its
// submatch, whatever {next} is. Of an optional clause the filled form is
// wanted: full leaves none out.
func (s said) pattern(t *testing.T) *regexp.Regexp {
	t.Helper()
	text := s.text
	if s.aside != "" {
		text += " (" + s.aside + ")"
	}
	blanks := strings.NewReplacer("**", "", "[", "", "]", "",
		"{user}", full.Person, "{role}", full.Role, "{old_role}", full.OldRole, "{hub}", full.Hub,
		"{business_id}", full.BusinessID, "{customer_id}", "222-000-1112", "{workspace}", full.Workspace, "{export}", full.Export)
	text = regexp.QuoteMeta(blanks.Replace(text))
	text = strings.NewReplacer(`\{next\}`, `\d+`, `\{changes\}`, `(user|role)`).Replace(text)
	return regexp.MustCompile(text + `( \(unconfirmed\))?[.:]`)
}

// readData lists the sentences and links of one data file.
func readData(t *testing.T, name string) (sentences []said, links []string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("data", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	noTwins(t, name, raw)
	var root any
	if err := json.Unmarshal(raw, &root); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, node any)
	walk = func(path string, node any) {
		switch node := node.(type) {
		case []any:
			for i, child := range node {
				walk(fmt.Sprintf("%s/%d", path, i+1), child)
			}
		case map[string]any:
			if text, ok := node["text"].(string); ok {
				s := said{path: path, text: text}
				icon, _ := node["icon"].(string)
				where, _ := node["where"].(string)
				s.aside = strings.Trim(icon+", "+where, ", ")
				// One U makes a sentence unconfirmed; a T does when alone.
				basis := fmt.Sprint(node["basis"])
				s.unconfirmed = strings.Contains(basis, "U") || basis == "[T]"
				sentences = append(sentences, s)
			}
			for key, child := range node {
				if key == "people_url" || key == "home_url" {
					links = append(links, child.(string))
				}
				walk(path+"/"+key, child)
			}
		case string:
			if strings.Contains(path, "/links/") {
				links = append(links, node)
			}
		}
	}
	walk(name, root)
	return sentences, links
}

// noTwins refuses a key that stands twice in one object: the first one would be
// lost in silence.
func noTwins(t *testing.T, name string, raw []byte) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	var value func()
	value = func() {
		token, err := dec.Token()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		delim, ok := token.(json.Delim)
		if !ok {
			return
		}
		seen := map[any]bool{}
		for dec.More() {
			if delim == '{' {
				key, err := dec.Token()
				if err != nil || seen[key] {
					t.Errorf("%s: key %v stands twice in one object (%v)", name, key, err)
				}
				seen[key] = true
			}
			value()
		}
		if _, err := dec.Token(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	value()
}

func TestEveryWordIsReachable(t *testing.T) {
	var all strings.Builder
	for _, platform := range platforms {
		all.WriteString(everything(platform))
	}
	for _, name := range runbook.Platforms() {
		text := all.String()
		if name != runbook.Generic { // whose sync steps and endings serve every guide
			text = everything(name)
		}
		sentences, links := readData(t, name)
		if len(sentences) < 10 {
			t.Errorf("%s: found only %d sentences in the data", name, len(sentences))
		}
		for _, s := range sentences {
			if !s.pattern(t).MatchString(text) {
				t.Errorf("%s is never printed: %q", s.path, s.text)
			}
		}
		words := strings.Fields(text)
		for _, link := range links {
			want := strings.NewReplacer("{business_id}", full.BusinessID, "{workspace}", full.Workspace).Replace(link)
			if !slices.Contains(words, want) {
				t.Errorf("%s: link %s is never printed", name, link)
			}
		}
	}
}

func TestEveryAdviceIsReachable(t *testing.T) {
	raw, err := os.ReadFile("data/reasons.json")
	if err != nil {
		t.Fatal(err)
	}
	noTwins(t, "reasons", raw)
	var data struct {
		General   map[hub.Reason]string
		Platforms map[string]map[hub.Reason]string
	}
	if err := json.Unmarshal(raw, &data); err != nil {
		t.Fatal(err)
	}
	given := map[string]bool{}
	for _, platform := range platforms {
		for _, reason := range hub.Reasons() {
			text := runbook.Advice(platform, reason)
			given[text] = true
			if own, ok := data.Platforms[platform][reason]; ok && text != own {
				t.Errorf("%s %s: the platform's own words are not used", platform, reason)
			}
		}
	}
	for reason, text := range data.General {
		if !given[text] {
			t.Errorf("general words for %s serve no platform", reason)
		}
	}
	for platform, words := range data.Platforms {
		for reason, text := range words {
			if !given[text] {
				t.Errorf("words for %s %s are never given", platform, reason)
			}
			if text == data.General[reason] {
				t.Errorf("words for %s %s only repeat the general ones", platform, reason)
			}
		}
	}
	if got, want := runbook.Advice("Facebook Business Manager", hub.ReasonForbidden), runbook.Advice("meta_business", hub.ReasonForbidden); got != want {
		t.Errorf("an alias gets other advice: %q", got)
	}
	if got, want := runbook.Advice("scim", "nonsense"), runbook.Advice("scim", hub.ReasonUnknown); got != want {
		t.Errorf("a reason of nobody's: %q, want the words for unknown", got)
	}
}

// TestMarks holds every sentence of the data to its mark.
func TestMarks(t *testing.T) {
	var all strings.Builder
	for _, platform := range platforms {
		all.WriteString(everything(platform))
	}
	for _, name := range runbook.Platforms() {
		text := all.String()
		if name != runbook.Generic {
			text = everything(name)
		}
		sentences, _ := readData(t, name)
		for _, s := range sentences {
			for _, m := range s.pattern(t).FindAllStringSubmatch(text, -1) {
				if marked := m[len(m)-1] != ""; marked != s.unconfirmed {
					t.Errorf("%s: marked = %t, want %t: %q", s.path, marked, s.unconfirmed, m[0])
					break
				}
			}
		}
	}
}

// unconfirmed is, typed from the researched runbooks, what each guide may not
// claim: the steps of a direct hub that carry the mark, by words in them, for a
// member and for somebody invited.
var unconfirmed = map[string][]string{
	"meta_business/change_role":              {"Choose Manage", "Change the access", "Save with Save or Confirm"},
	"meta_business/change_role invited":      {"Choose Manage", "Change the access", "Save with Save or Confirm"},
	"google_ads/change_role":                 {"Confirm, if a dialog asks"},
	"google_ads/remove":                      {"Choose Remove access"}, // the Actions column
	"pinterest_business/change_role":         {"beside the role", "press Save"},
	"pinterest_business/change_role invited": {"pending employees", "withdraw the invitation"},
	"pinterest_business/remove invited":      {"pending employees", "withdraw the invitation"},
	"snapchat_business/add": {
		"Invite New Member", "Type the name", "organization role", "Invite Member or Send Invite", "Add Asset", "accept the invitation",
	},
	"snapchat_business/add invited": {
		"Invite New Member", "Type the name", "organization role", "Invite Member or Send Invite", "Add Asset", "accept the invitation",
	},
	"snapchat_business/change_role":         {"organization role", "press Save"},
	"snapchat_business/change_role invited": {"organization role", "press Save"},
	"tiktok_business/change_role":           {"pencil icon", "Choose ADMIN", "Save with Confirm"},
	"tiktok_business/change_role invited":   {"pending members", "withdraw the invitation"},
	"tiktok_business/remove invited":        {"pending members", "withdraw the invitation"},
}

func TestUnconfirmedSteps(t *testing.T) {
	seen := 0
	for _, platform := range runbook.Platforms() {
		for _, task := range hub.TaskKinds() {
			for _, invited := range []bool{false, true} {
				g, f := runbook.For(platform, task), full
				f.Invited = invited
				key := g.ID
				if invited {
					key += " invited"
				}
				var got []string
				for _, s := range g.Steps(f) {
					if s.Unconfirmed {
						got = append(got, s.Text)
					}
				}
				want := unconfirmed[key]
				if len(want) > 0 {
					seen++
				}
				if len(got) != len(want) {
					t.Errorf("%s: %d unconfirmed steps, want %d: %q", key, len(got), len(want), got)
					continue
				}
				for i := range want {
					if !strings.Contains(got[i], want[i]) {
						t.Errorf("%s: unconfirmed step %q, want the one with %q", key, got[i], want[i])
					}
				}
			}
		}
	}
	if seen != len(unconfirmed) {
		t.Errorf("%d of %d entries belong to a guide", seen, len(unconfirmed))
	}
}

// sync is the controls of the last steps in Cerby.
var sync = []string{
	"Business Hubs", "More options", "Settings", "Sync", "Automation Log", "Automation",
	"Users", "Onboarded users", "Unmatched users", "Guest users", "User Overview",
	"Apps", "Check for updates", "Sync safeguard", "Threshold", "Update",
}

// controls is a second witness: the names of the controls, typed from the
// researched runbooks and not from the data.
var controls = map[string][]string{
	"meta_business/remove": {"Business settings", "Settings", "People", "Users", "More", "Remove from Business Account", "Remove"},
	"meta_business/add": {
		"Business settings", "Settings", "People", "Users", "Invite people", "+ Invite people", "Add", "Next", "Invite", "Send request", "Full control",
	},
	"meta_business/change_role": {"Business settings", "Settings", "People", "Users", "Manage", "Save", "Confirm"},
	"google_ads/remove": {
		"Tools and Settings", "Setup", "Access and security", "Admin", "Remove access", "Actions", "Revoke",
	},
	"google_ads/add": {
		"Tools and Settings", "Setup", "Access and security", "Admin", "Users", "Send invitation", "Pending invitations",
	},
	"google_ads/change_role": {
		"Tools and Settings", "Setup", "Access and security", "Admin", "Users", "Pending invitations", "Access level",
	},
	"pinterest_business/remove": {"Business Access", "Business", "Business Manager", "Employees", "Remove", "Actions", "Manager"},
	"pinterest_business/add": {
		"Business Access", "Business", "Business Manager", "Employees", "Add employee", "Employee", "Manager", "Add employees",
		"Assign ad accounts", "Maybe later",
	},
	"pinterest_business/change_role": {
		"Business Access", "Business", "Business Manager", "Employees", "Edit", "Save", "Ad accounts", "Assign employees",
	},
	"snapchat_business/remove": {"Members", "Remove Member", "OK", "Organization Admin"},
	"snapchat_business/add": {
		"Members", "Invite New Member", "Invite Member", "+ Add Member", "Snapchat", "Send Invite", "Add Asset", "Save",
	},
	"snapchat_business/change_role": {"Members", "Edit", "Save"},
	"tiktok_business/remove":        {"Members", "Users", "Remove", "Confirm", "Admin"},
	"tiktok_business/add": {
		"Members", "Users", "Invite Member", "Admin", "Standard", "Access Settings", "Finance Manager", "Financial Analyst",
		"Advanced Permissions", "Next", "Skip", "Confirm", "Resend",
	},
	"tiktok_business/change_role": {
		"Members", "Users", "Organization", "Confirm", "Action", "Grant access", "Save",
	},
	"generic/remove":      {"user management", "collaboration space"},
	"generic/add":         {"user permissions", "collaboration space"},
	"generic/change_role": {"user management", "collaboration space"},
}

// icons is the glyphs of the screens, in words.
var icons = map[string]string{
	"meta_business/remove":          "gear icon",
	"meta_business/add":             "gear icon",
	"meta_business/change_role":     "gear icon",
	"pinterest_business/remove":     "down arrow icon",
	"pinterest_business/add":        "down arrow icon",
	"snapchat_business/remove":      "right arrow icon",
	"snapchat_business/change_role": "right arrow icon",
	"tiktok_business/remove":        "trash can icon",
	"tiktok_business/change_role":   "pencil icon",
	"google_ads/add":                "plus button",
}

func TestControlNames(t *testing.T) {
	seen := 0
	for _, platform := range runbook.Platforms() {
		for _, task := range hub.TaskKinds() {
			g := runbook.For(platform, task)
			names, ok := controls[g.ID]
			if !ok {
				t.Errorf("%s: no list of controls", g.ID)
			}
			seen++
			for _, viaCerby := range []bool{false, true} {
				f := full
				f.ViaCerby = viaCerby
				// Line by line: a control name must not be broken over two.
				block := g.Render(f)
				want := names
				if viaCerby {
					want = append(slices.Clone(names), sync...)
					want = append(want, "three dots icon", "Completed")
				}
				if icon := icons[g.ID]; icon != "" && !strings.Contains(flat(block), icon) {
					t.Errorf("%s (Cerby %t): no %s in\n%s", g.ID, viaCerby, icon, block)
				}
				for _, name := range want {
					word := regexp.MustCompile(`(^|[\s("])` + regexp.QuoteMeta(name) + `([\s).,;:"]|$)`)
					if !word.MatchString(block) {
						t.Errorf("%s (Cerby %t): control %q is not in\n%s", g.ID, viaCerby, name, block)
					}
				}
			}
		}
	}
	if seen != len(controls) {
		t.Errorf("%d guides, %d lists of controls", seen, len(controls))
	}
}

func TestGolden(t *testing.T) {
	variants := []struct {
		name  string
		apply func(*runbook.Fill)
		tasks []hub.TaskKind
	}{
		{"direct", func(*runbook.Fill) {}, hub.TaskKinds()},
		{"cerby", func(f *runbook.Fill) { f.ViaCerby = true }, hub.TaskKinds()},
		{"direct_invited", func(f *runbook.Fill) { f.Invited = true }, []hub.TaskKind{hub.TaskChangeRole, hub.TaskRemove}},
		{"direct_revoke", func(f *runbook.Fill) { f.Revoke, f.Role = true, "MANAGER (Finance manager)" }, []hub.TaskKind{hub.TaskChangeRole}},
	}
	used := map[string]bool{}
	for _, platform := range append([]string{"generic"}, platforms...) {
		for _, v := range variants {
			for _, task := range v.tasks {
				f := full
				v.apply(&f)
				path := filepath.Join("testdata", platform, string(task)+"_"+v.name+".txt")
				used[path] = true
				checkGolden(t, path, runbook.For(platform, task).Render(f)+"\n")
			}
		}
	}
	// Nothing known but the platform: what a person sees at worst.
	for _, task := range hub.TaskKinds() {
		path := filepath.Join("testdata", "meta_business", string(task)+"_nothing_known.txt")
		used[path] = true
		checkGolden(t, path, runbook.For("meta_business", task).Render(runbook.Fill{})+"\n")
	}
	files, err := filepath.Glob("testdata/*/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if !used[path] {
			t.Errorf("%s belongs to no guide any more", path)
		}
	}
}

func checkGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./internal/runbook -update writes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs (-update writes it anew)\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

func TestResolve(t *testing.T) {
	for alias, want := range map[string]string{
		"meta_business": "meta_business", "Meta Business Manager": "meta_business", "meta-business-portfolio": "meta_business",
		"Facebook": "meta_business", "facebook-business-manager": "meta_business",
		"Google Ads": "google_ads", "google-ads-manager": "google_ads", "AdWords": "google_ads", "mcc": "google_ads",
		"Pinterest": "pinterest_business", "pinterest-business": "pinterest_business",
		"Pinterest Business Manager": "pinterest_business", "Pinterest Business Center": "pinterest_business",
		"snapchat-business-manager": "snapchat_business", "Snapchat Business Center": "snapchat_business",
		"tiktok-business-center": "tiktok_business", "TikTok for Business": "tiktok_business",
		"generic": "generic",
	} {
		if got, ok := runbook.Resolve(alias); !ok || got != want {
			t.Errorf("Resolve(%q) = %q, %t, want %q", alias, got, ok, want)
		}
	}
	for _, alias := range []string{"", "scim", "cerby", "manual", "Myspace", "the"} {
		if got, ok := runbook.Resolve(alias); ok {
			t.Errorf("Resolve(%q) = %q, want none", alias, got)
		}
	}
	for _, platform := range runbook.Platforms() {
		if got, ok := runbook.Resolve(platform); !ok || got != platform {
			t.Errorf("Resolve(%q) = %q, %t", platform, got, ok)
		}
	}
}

// TestBorrowedGuide: a hub that borrows a guide still syncs in its own way.
func TestBorrowedGuide(t *testing.T) {
	f := full
	f.Platform = "manual"
	if got := flat(runbook.For("tiktok_business", hub.TaskRemove).Render(f)); !strings.Contains(got, "Choose Members") || !strings.Contains(got, "roster file") {
		t.Errorf("TikTok's steps on a manual hub:\n%s", got)
	}
	if got := runbook.For("tiktok_business", hub.TaskRemove).Render(f); strings.Contains(got, f.BusinessID) {
		t.Errorf("the manual hub's id is no Business Center:\n%s", got)
	}
	f.Platform = "TikTok"
	if got := runbook.For("tiktok_business", hub.TaskRemove).Render(f); !strings.Contains(got, "?org_id="+f.BusinessID) {
		t.Errorf("a hub of the guide's own platform lost its id:\n%s", got)
	}
	f.Platform = "cerby"
	if got := flat(runbook.For("tiktok_business", hub.TaskRemove).Render(f)); !strings.Contains(got, "account \"Northwind Paid Social\" from Cerby") || !strings.Contains(got, "Press Sync") {
		t.Errorf("TikTok's steps on a cerby hub:\n%s", got)
	}
	if got := flat(runbook.For("scim", hub.TaskRemove).Render(full)); strings.Contains(got, "Cerby") || strings.Contains(got, "roster file") {
		t.Errorf("a SCIM hub is read live, yet:\n%s", got)
	}
}

// TestValuesCannotBreakTheBlock: labels and names come from the platforms.
func TestValuesCannotBreakTheBlock(t *testing.T) {
	f := full
	f.Person = "ada\n* {role} [x] **y**\x1b[31m\u202e\u00a0z"
	f.Hub = "\t\n"
	f.Workspace = "evil.example/#"
	f.ViaCerby = true
	got := runbook.For("generic", hub.TaskRemove).Render(f)
	if !strings.Contains(got, "Remove ada * {role} [x] **y**[31m z.") {
		t.Errorf("the name is not printed as it is, on one line:\n%q", got)
	}
	if !strings.Contains(got, "https://app.cerby.com/") || strings.Contains(got, "evil") {
		t.Errorf("the workspace makes another host:\n%s", got)
	}
	if strings.Contains(got, `""`) {
		t.Errorf("an empty label leaves a hole:\n%s", got)
	}

	f = full
	f.AdminURL = "https://admin.example/{business_id}\n rm"
	f.BusinessID = "1 2&x"
	if links := runbook.For("manual", hub.TaskAdd).Steps(f)[0].Links; len(links) != 1 || links[0] != "https://admin.example/1+2%26x%20rm" {
		t.Errorf("links = %q", links)
	}
}

// TestOpening holds the first step to the design, with its link.
func TestOpening(t *testing.T) {
	for platform, want := range map[string]struct{ direct, link, cerby string }{
		"meta_business": {
			"Open Meta Business Manager with an admin account:", "https://business.facebook.com/latest/settings/business_users?business_id=2220001112",
			`Open the Facebook Business Manager account "Northwind Paid Social" from Cerby (on the Cerby dashboard).`,
		},
		"google_ads": {
			"Open Google Ads with an admin account, customer id 2220001112 (on the screen 222-000-1112):", "https://ads.google.com/aw/accountaccess/users",
			`Open the Google Ads account "Northwind Paid Social" from Cerby, customer id 2220001112 (on the screen 222-000-1112).`,
		},
		"pinterest_business": {
			"Open Pinterest Business with an admin account:", "https://www.pinterest.com/business/business-manager/",
			`Open the Pinterest Business account "Northwind Paid Social" from Cerby.`,
		},
		"snapchat_business": {
			"Open Snapchat Business Manager with an admin account:", "https://business.snapchat.com/",
			`Open the Snapchat Business Manager account "Northwind Paid Social" from Cerby.`,
		},
		"tiktok_business": {
			"Open TikTok Business Center with an admin account:", "https://business.tiktok.com/manage/overview?org_id=2220001112",
			`Open the TikTok Business Center account "Northwind Paid Social" from Cerby.`,
		},
	} {
		for _, task := range hub.TaskKinds() {
			f := full
			step := runbook.For(platform, task).Steps(f)[0]
			if step.Text != want.direct || !slices.Equal(step.Links, []string{want.link}) {
				t.Errorf("%s %s begins with %q %q", platform, task, step.Text, step.Links)
			}
			f.AdminURL = "https://elsewhere.example/people"
			if step := runbook.For(platform, task).Steps(f)[0]; step.Text != want.direct || !slices.Equal(step.Links, []string{f.AdminURL}) {
				t.Errorf("%s %s with a link of the hub's own begins with %q %q", platform, task, step.Text, step.Links)
			}
			f.ViaCerby = true
			if step := runbook.For(platform, task).Steps(f)[0]; step.Text != want.cerby || len(step.Links) > 0 {
				t.Errorf("%s %s through Cerby begins with %q %q", platform, task, step.Text, step.Links)
			}
		}
	}
}

// TestShortcut: the step that the way in points at is the first one in the list.
func TestShortcut(t *testing.T) {
	pointer := regexp.MustCompile(`go on with step (\d+)`)
	for platform, first := range map[string]string{
		"meta_business": "Select ada@northwind.example", "google_ads": "Choose Remove access", "tiktok_business": "Select ada@northwind.example",
	} {
		steps := runbook.For(platform, hub.TaskRemove).Steps(full)
		m := pointer.FindStringSubmatch(steps[1].Text)
		if m == nil {
			t.Errorf("%s: no shortcut in %q", platform, steps[1].Text)
			continue
		}
		var n int
		if _, err := fmt.Sscan(m[1], &n); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(steps[n-1].Text, first) {
			t.Errorf("%s: the shortcut leads to step %d, %q", platform, n, steps[n-1].Text)
		}
	}
}

// A task that a guard refused is not to be finished just because steps are
// printed: the heading says so, and the steps are the same.
func TestGuarded(t *testing.T) {
	guide := runbook.For("meta_business", hub.TaskRemove)
	fill := runbook.Fill{Person: "ada@northwind.example", BusinessID: "1"}
	open := guide.Render(fill)
	fill.Guarded = true
	guarded := guide.Render(fill)
	if strings.Contains(guarded, "Finish it by hand") || !strings.HasPrefix(guarded, "  If it has to be done all the same") {
		t.Errorf("heading of a guarded task:\n%s", guarded)
	}
	_, steps, _ := strings.Cut(open, "\n")
	if _, same, _ := strings.Cut(guarded, "\n"); same != steps {
		t.Error("a guarded task has other steps")
	}
}

// What was asked for and waits for a second administrator is not done by hand:
// that would be a second request.
func TestAwaiting(t *testing.T) {
	got := runbook.For("google_ads", hub.TaskRemove).Render(runbook.Fill{Person: "ada@northwind.example", AdminURL: "https://ads.google.com/aw/accountaccess/users", Awaiting: true})
	for _, want := range []string{"Have it approved:", "https://ads.google.com/aw/accountaccess/users", "ada@northwind.example", "terraform apply", "(unconfirmed"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "Remove access") || strings.Contains(got, "by hand") {
		t.Errorf("the steps ask for the task again:\n%s", got)
	}
	for line := range strings.Lines(got) {
		if !strings.HasPrefix(line, " ") {
			t.Errorf("Terraform would wrap %q", line)
		}
	}
}
