package runbook

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// TestLoadRefuses breaks the real data in one place each time.
func TestLoadRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, file, old, new, want string
	}{
		{"unknown field", "meta_business", `"opens": true`, `"open": true`, `unknown field "open"`},
		{"something behind", "meta_business", "\n}\n", "\n}\n{}", "something follows the value"},
		{"cut short", "tiktok_business", "\n}\n", "\n", "unexpected EOF"},
		{"shared steps in a platform's file", "google_ads", `"way_in"`, `"legend": {}, "way_in"`, `unknown field "legend"`},
		{"other platform", "google_ads", `"platform": "google_ads"`, `"platform": "bing"`, `platform is "bing"`},
		{"alias of another", "tiktok_business", `"TikTok for Business"`, `"mcc"`, `alias "mcc" is also one of google_ads`},
		{"no title", "generic", `"the external app"`, `""`, "no title"},
		{"task missing", "snapchat_business", `"remove": {`, `"away": {`, "no task remove"},
		{"no steps", "google_ads", `"steps": [{ "use": "invite" }]`, `"steps": []`, "add: no steps"},
		{"no such part", "google_ads", `"steps": [{ "use": "invite" }]`, `"steps": [{ "use": "dance" }]`, `uses part "dance"`},
		{"no text", "generic", `"text": "Remove {user}"`, `"text": ""`, "no text"},
		{"full stop", "generic", `"text": "Remove {user}"`, `"text": "Remove {user}."`, "full stop"},
		{"no basis", "generic", `"text": "Remove {user}", "basis": ["S1"]`, `"text": "Remove {user}"`, "no basis"},
		{"other basis", "generic", `"text": "Remove {user}", "basis": ["S1"]`, `"text": "Remove {user}", "basis": ["X"]`, `basis "X" is none of`},
		{"other condition", "meta_business", `"if": ["direct"]`, `"if": ["raining"]`, `condition "raining" is none of`},
		{"other placeholder", "generic", `"Remove {user}"`, `"Remove {person}"`, "{person} is none of"},
		{"value that can be missing", "generic", `"Remove {user}"`, `"Remove {user} from {hub}"`, "{hub} can be missing"},
		{"clause left open", "generic", `"Remove {user}"`, `"Remove [{user}"`, "do not pair up"},
		{"control left open", "generic", `"Remove {user}"`, `"**Remove {user}"`, "do not pair up"},
		{"ending missing", "generic", `"manual": {
      "add"`, `"manual": {
      "away"`, "ending of add: no text"},
		{"ending of no task", "generic", `"manual": {`, `"manual": {"away": {}, `, "more endings"},
		{"no words for a reason", "reasons", `"seat_limit": "The hub`, `"seats": "The hub`, "no words for seat_limit"},
		{"no such reason", "reasons", `"last_admin": "Meta`, `"lost_admin": "Meta`, "lost_admin is no reason"},
		{"no change word", "generic", `"changes": "role"`, `"changes": ""`, "no word for the changes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			broken := fstest.MapFS{}
			files, err := fs.Glob(embedded, "data/*.json")
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range files {
				raw, err := embedded.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				name := strings.TrimPrefix(path, "data/")
				if name == tt.file+".json" {
					text := strings.Replace(string(raw), tt.old, tt.new, 1)
					if text == string(raw) {
						t.Fatalf("%s has no %q to break", name, tt.old)
					}
					raw = []byte(text)
				}
				broken[name] = &fstest.MapFile{Data: raw}
			}
			_, err = load(broken)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want one with %q", err, tt.want)
			}
		})
	}
}

// TestFiles: the folder holds the guides and the reasons, and nothing that
// nobody loads.
func TestFiles(t *testing.T) {
	files, err := fs.Glob(embedded, "data/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(path, "data/"), ".json")
		if name != "reasons" && !slices.Contains(order, name) {
			t.Errorf("%s is never read", path)
		}
	}
	if want := len(order) + 1; len(files) != want {
		t.Errorf("%d files, want %d", len(files), want)
	}
}

// sourceEnv names a copy of the researched runbooks (Markdown) to compare with.
const sourceEnv = "ROSTER_RUNBOOKS"

// TestSource compares the control names of the data with those of the document
// it was written from, when that is at hand.
func TestSource(t *testing.T) {
	path := os.Getenv(sourceEnv)
	if path == "" {
		t.Skipf("%s is not set: the researched runbooks are no part of the module; TestControlNames holds the names typed from them", sourceEnv)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{
		"Facebook": "meta_business", "Google": "google_ads", "Pinterest": "pinterest_business",
		"Snapchat": "snapchat_business", "TikTok": "tiktok_business",
	}
	tasks := map[string]hub.TaskKind{"add": hub.TaskAdd, "remove": hub.TaskRemove, "update-role": hub.TaskChangeRole}
	platform, task := "", hub.TaskKind("")
	source := map[string][]string{} // by guide id, "" for the head and foot of a platform
	for line := range strings.Lines(string(raw)) {
		switch {
		case strings.HasPrefix(line, "## "):
			platform, task = "", ""
			for word, name := range sections {
				if strings.Contains(line, word) {
					platform = name
				}
			}
		case strings.HasPrefix(line, "### "):
			task = tasks[strings.TrimSpace(strings.TrimPrefix(line, "### "))]
		case platform != "":
			id := platform + "/"
			if strings.HasPrefix(line, "|") { // prose around a table serves all tasks
				id += string(task)
			}
			source[id] = append(source[id], bold(line)...)
		}
	}
	compared := 0
	for _, platform := range order[:len(order)-1] {
		doc := library().documents[platform]
		var wayIn []string
		for _, e := range doc.WayIn {
			wayIn = append(wayIn, boldIn(e)...)
		}
		anywhere := slices.Clone(source[platform+"/"])
		for _, task := range hub.TaskKinds() {
			anywhere = append(anywhere, source[platform+"/"+string(task)]...)
		}
		for _, task := range hub.TaskKinds() {
			id := platform + "/" + string(task)
			have := slices.Clone(wayIn)
			var walk func([]entry)
			walk = func(entries []entry) {
				for _, e := range entries {
					have = append(have, boldIn(e)...)
					walk(doc.Parts[e.Use])
				}
			}
			walk(doc.Tasks[task].Steps)
			walk(doc.Tasks[task].Notes)
			walk(doc.Notes)
			if len(source[id]) == 0 {
				t.Errorf("%s: no table of it in %s", id, path)
			}
			for _, name := range source[id] {
				if name != "from Cerby" && !slices.Contains(have, name) {
					t.Errorf("%s: the source has control %q, the data has not", id, name)
				}
				compared++
			}
			for _, name := range have {
				if !slices.Contains(anywhere, name) {
					t.Errorf("%s: the data has control %q, the source's section on %s has not", id, name, platform)
				}
			}
		}
	}
	t.Logf("%d names compared", compared)
}

var boldName = regexp.MustCompile(`\*\*([^*]+)\*\*`)

func bold(text string) []string {
	var names []string
	for _, m := range boldName.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

func boldIn(e entry) []string {
	names := bold(e.Text + " " + e.Where + " " + e.Icon)
	for _, o := range e.Or {
		names = append(names, bold(o.Text+" "+o.Where)...)
	}
	return names
}
