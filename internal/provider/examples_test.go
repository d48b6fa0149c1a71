package provider_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

const examplesDir = "../../examples"

// Every folder under examples/ that holds a file is applied as it stands, the
// way a person would who copied it: against the simulator's demo, credentials
// from the environment. The walk finds the folders, so that a new example
// cannot be forgotten, and refuses a file that nothing here would run.
func TestAccExamples(t *testing.T) {
	folders := exampleFolders(t)
	if len(folders) < 10 {
		t.Fatalf("only %d folders with examples: %v", len(folders), folders)
	}
	for folder, files := range folders {
		t.Run(filepath.ToSlash(folder), func(t *testing.T) {
			t.Parallel()
			if !slices.ContainsFunc(files, func(f string) bool { return filepath.Ext(f) == ".tf" }) {
				t.Fatalf("no .tf file among %v", files)
			}
			for _, f := range files {
				switch {
				case filepath.Ext(f) == ".tf", filepath.Ext(f) == ".csv", f == "import.sh":
				default:
					t.Errorf("%s: nothing runs a file like this: teach this test to, or drop it", f)
				}
			}
			t.Run("apply", func(t *testing.T) {
				w := exampleWorkspace(t, folder, files)
				w.lifecycle()
			})
			if slices.Contains(files, "import.sh") {
				t.Run("import", func(t *testing.T) {
					w := exampleWorkspace(t, folder, files)
					w.runImports()
					w.lifecycle()
				})
			}
		})
	}
}

// exampleFolders maps each folder that holds files to their names.
func exampleFolders(t *testing.T) map[string][]string {
	t.Helper()
	folders := map[string][]string{}
	err := filepath.WalkDir(examplesDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		folder, err := filepath.Rel(examplesDir, filepath.Dir(path))
		folders[folder] = append(folders[folder], d.Name())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return folders
}

// example is a workspace that holds one folder's files.
type example struct {
	*workspace
	scene *scene
}

func exampleWorkspace(t *testing.T, folder string, files []string) *example {
	t.Helper()
	document, err := os.ReadFile("../../tools/hubsim/demo.json")
	if err != nil {
		t.Fatal(err)
	}
	seed, err := hubsim.ReadSeed(document)
	if err != nil {
		t.Fatal(err)
	}
	token, _ := seed.Credentials[0]["access_token"].(string)
	secret, _ := seed.Credentials[0]["app_secret"].(string)
	s := newScene(t, seed)
	w := s.commands("")
	if err := os.Remove(filepath.Join(w.dir, "main.tf")); err != nil {
		t.Fatal(err)
	}
	credentials := []string{"META_ACCESS_TOKEN=" + token, "META_APP_SECRET=" + secret}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(examplesDir, folder, f))
		if err != nil {
			t.Fatal(err)
		}
		w.write(f, string(content))
		if strings.Contains(string(content), "var.meta_access_token") { // by variable, then, and not by both ways
			credentials = []string{"META_ACCESS_TOKEN=", "META_APP_SECRET=", "TF_VAR_meta_access_token=" + token, "TF_VAR_meta_app_secret=" + secret}
		}
	}
	w.env = append(w.env, credentials...)
	return &example{workspace: w, scene: s}
}

// lifecycle applies, sees that a second plan holds nothing, and destroys.
func (e *example) lifecycle() {
	e.t.Helper()
	e.must("apply", "-auto-approve", "-no-color")
	if e.must("state", "list") == "" {
		e.t.Fatal("the apply left nothing in the state: the example exercises nothing")
	}
	if out, ok := e.run("plan", "-detailed-exitcode", "-no-color"); !ok {
		e.t.Fatalf("the plan after the apply is not empty:\n%s", out)
	}
	e.must("destroy", "-auto-approve", "-no-color")
}

// runImports runs import.sh as it stands. What it imported must have written
// nothing to the platform, and must be nothing that the next plan creates or
// destroys.
func (e *example) runImports() {
	e.t.Helper()
	// The script says terraform, whatever the CLI under test is called.
	bin := e.t.TempDir()
	cli, err := filepath.Abs(e.cli)
	if err != nil {
		e.t.Fatal(err)
	}
	if err := os.Symlink(cli, filepath.Join(bin, "terraform")); err != nil {
		e.t.Fatal(err)
	}
	e.cli, cli = "bash", e.cli
	e.env = append(e.env, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	e.must("-e", "import.sh")
	e.cli = cli
	if err := e.scene.writes(nothing); err != nil {
		e.t.Errorf("after import.sh: %v", err)
	}

	imported := strings.Fields(e.must("state", "list"))
	if want := strings.Count(e.read("import.sh"), "\nterraform import "); len(imported) != want || want == 0 {
		e.t.Errorf("import.sh holds %d commands and imported %v", want, imported)
	}
	e.must("plan", "-out=plan.bin")
	var plan struct {
		ResourceChanges []struct {
			Address string
			Change  struct{ Actions []string }
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(e.must("show", "-json", "plan.bin")), &plan); err != nil {
		e.t.Fatal(err)
	}
	seen := 0
	for _, c := range plan.ResourceChanges {
		if !slices.Contains(imported, c.Address) {
			continue
		}
		seen++
		// A hub's label is roster's own and no platform's: an import cannot
		// know it, and the next apply takes it over.
		if slices.Contains(c.Change.Actions, "create") || slices.Contains(c.Change.Actions, "delete") {
			e.t.Errorf("%s was imported, and the next plan wants to %v it", c.Address, c.Change.Actions)
		}
	}
	if seen != len(imported) {
		e.t.Errorf("of %v the plan knows %d", imported, seen)
	}
}

// The failed task that the documentation shows, as a terminal shows it: the
// guide includes this golden file, so what people read is what roster says.
func TestAccExamples_failedTaskOfTheGuide(t *testing.T) {
	w := exampleWorkspace(t, "team", []string{"main.tf", "people.csv"})
	w.env = append(w.env, "META_ACCESS_TOKEN=demo-meta-user-token")
	w.must("apply", "-auto-approve")
	if err := w.scene.sim.Configure(meta, business, hubsim.Settings{hubsim.SecondFactor: true}); err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, line := range strings.SplitAfter(w.read("people.csv"), "\n") {
		if !strings.HasPrefix(line, "bo@") {
			kept = append(kept, line)
		}
	}
	w.write("people.csv", strings.Join(kept, ""))
	out, ok := w.run("apply", "-auto-approve", "-no-color")
	if ok {
		t.Fatalf("the platform refused the removal and the apply succeeded:\n%s", out)
	}
	_, got, _ := strings.Cut(out, "\nError: ")
	got = regexp.MustCompile(`trace [A-Za-z0-9_-]+`).ReplaceAllString("Error: "+strings.TrimSpace(got)+"\n", "trace AbCdEfGhIjK")

	file := filepath.Join("testdata", t.Name()+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the message differs from %s (-want +got; run with -update, then make generate):\n%s", file, diff)
	}
}
