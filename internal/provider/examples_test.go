package provider_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
)

const examplesDir = "../../examples"

// hookSecret is the key of the examples' webhook.
const hookSecret = "hook-secret-0123456789"

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
			if missing := missingPlatforms(t, folder, files); len(missing) > 0 {
				t.Fatalf("examples/%s is about %s, and internal/platform/all has no such driver",
					filepath.ToSlash(folder), strings.Join(missing, " and "))
			}
			if !slices.ContainsFunc(files, func(f string) bool { return filepath.Ext(f) == ".tf" }) {
				t.Fatalf("no .tf file among %v", files)
			}
			files = slices.DeleteFunc(slices.Clone(files), func(f string) bool {
				return runElsewhere[filepath.ToSlash(filepath.Join(folder, f))]
			})
			for _, f := range files {
				switch {
				case slices.Contains([]string{".tf", ".tftpl", ".csv"}, filepath.Ext(f)), f == "import.sh":
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

// runElsewhere are files of examples that need more than an apply in a folder of
// its own. TestAccGuides runs the scripts, TestAccPGBackend with the backend.
// TestTellingPeople_receiver builds and runs the receiver.
var runElsewhere = map[string]bool{"ci/backend.tf": true, "ci/plan.sh": true, "ci/apply.sh": true, "telling-people/receiver.go": true}

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

// Every platform has its folder of examples, and no folder is about a platform
// nobody knows.
func TestExamples_platforms(t *testing.T) {
	folders := exampleFolders(t)
	for _, d := range all.Drivers() {
		if _, ok := folders[filepath.Join("platforms", d.Platform.Name)]; !ok {
			t.Errorf("examples/platforms/%s is missing", d.Platform.Name)
		}
	}
	for folder := range folders {
		if name, ok := strings.CutPrefix(filepath.ToSlash(folder), "platforms/"); ok {
			_, simulated := worlds[name]
			if !simulated && !slices.ContainsFunc(all.Drivers(), func(d hub.Driver) bool { return d.Platform.Name == name }) {
				t.Errorf("examples/%s is about no platform of this test", folder)
			}
		}
	}
}

// missingPlatforms are the platforms that an example's configuration names and
// this provider does not have.
func missingPlatforms(t *testing.T, folder string, files []string) []string {
	t.Helper()
	var missing []string
	for name := range worlds {
		if slices.ContainsFunc(all.Drivers(), func(d hub.Driver) bool { return d.Platform.Name == name }) {
			continue
		}
		for _, f := range files {
			content, err := os.ReadFile(filepath.Join(examplesDir, folder, f))
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Ext(f) == ".tf" && strings.Contains(string(content), name) {
				missing = append(missing, name)
				break
			}
		}
	}
	slices.Sort(missing)
	return missing
}

// example is a workspace that holds one folder's files.
type example struct {
	*workspace
	scene *scene
}

// demo is the world that the documentation is about.
func demo(t testing.TB) hubsim.Seed {
	t.Helper()
	document, err := os.ReadFile("../../tools/hubsim/demo.json")
	if err != nil {
		t.Fatal(err)
	}
	seed, err := hubsim.ReadSeed(document)
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

// environment hands the demo's credentials over as a pipeline would: for each
// platform those of the first identity, which is automation's, under the names
// that the platform's settings have in the environment.
func (s *scene) environment(seed hubsim.Seed) []string {
	s.t.Helper()
	var env []string
	for _, d := range all.Drivers() {
		name := d.Platform.Name
		credential := hubsim.Credential{}
		for _, c := range slices.Backward(seed.Credentials) {
			if c["platform"] == name {
				credential = c
			}
		}
		endpoint := hubsim.Endpoint(s.url, name)
		entries := []string{""}
		if d.Named { // each hub has settings of its own
			entries = nil
			for _, h := range seed.Hubs {
				if h.Platform == name {
					entries = append(entries, h.BusinessID)
				}
			}
		}
		set := 0
		for _, entry := range entries {
			for _, setting := range d.Settings {
				value, _ := credential[setting.Name].(string)
				switch simulated := worlds[name].settings[setting.Name]; {
				case strings.Contains(simulated, "ENDPOINT"):
					value = strings.NewReplacer("ENDPOINT", endpoint, "{NAME}", entry).Replace(simulated)
				case setting.Name == "endpoint":
					value = endpoint
				case simulated != "" && setting.Default != "":
					value = simulated
				case value != "":
					set++
				}
				if value != "" {
					env = append(env, strings.ReplaceAll(setting.Env, "{NAME}", strings.ToUpper(entry))+"="+value)
				}
			}
		}
		secret := func(setting hub.Setting) bool { return setting.Secret }
		if set == 0 && slices.ContainsFunc(d.Settings, secret) {
			s.t.Errorf("tools/hubsim/demo.json holds no credential that %s could use", name)
		}
	}
	return env
}

func exampleWorkspace(t *testing.T, folder string, files []string) *example {
	t.Helper()
	seed := demo(t)
	s := newScene(t, seed)
	w := s.commands("")
	if err := os.Remove(filepath.Join(w.dir, "main.tf")); err != nil {
		t.Fatal(err)
	}
	w.env = append(w.env, s.environment(seed)...)
	// Where nobody listens: an example that is applied tells nobody.
	w.env = append(w.env, "ROSTER_SMTP_URL=smtp://127.0.0.1:9", "ROSTER_WEBHOOK_URL=http://127.0.0.1:9/roster", "ROSTER_WEBHOOK_SECRET="+hookSecret)
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(examplesDir, folder, f))
		if err != nil {
			t.Fatal(err)
		}
		w.write(f, string(content))
		if strings.Contains(string(content), "var.meta_access_token") { // by variable, then, and not by both ways
			token, _ := seed.Credentials[0]["access_token"].(string)
			secret, _ := seed.Credentials[0]["app_secret"].(string)
			w.env = append(w.env, "META_ACCESS_TOKEN=", "META_APP_SECRET=", "TF_VAR_meta_access_token="+token, "TF_VAR_meta_app_secret="+secret)
		}
	}
	return &example{workspace: w, scene: s}
}

// lifecycle applies, sees that a second plan holds nothing, and destroys. What a
// platform's API cannot take away again is finished by hand.
func (e *example) lifecycle() {
	e.t.Helper()
	e.must("apply", "-auto-approve", "-no-color")
	if e.must("state", "list") == "" {
		e.t.Fatal("the apply left nothing in the state: the example exercises nothing")
	}
	if out, ok := e.run("plan", "-detailed-exitcode", "-no-color"); !ok {
		e.t.Fatalf("the plan after the apply is not empty:\n%s", out)
	}
	if left := e.byHand(); len(left) > 0 {
		if out, ok := e.run("destroy", "-auto-approve", "-no-color"); ok || !strings.Contains(out, "Finish it by hand:") {
			e.t.Fatalf("a platform cannot take away what is there, and the destroy did not say how to:\n%s", out)
		}
		for _, act := range left {
			act()
		}
	}
	e.must("destroy", "-auto-approve", "-no-color")
}

// byHand is what an administrator has to do on the platforms' own screens before
// a destroy can succeed: take the roles that a platform gives and cannot take,
// and the seats on a platform that has no API, and export its people again.
func (e *example) byHand() (acts []func()) {
	e.t.Helper()
	var state struct {
		Values struct {
			RootModule struct {
				Resources []struct {
					Type   string
					Values struct{ ID string }
				}
			} `json:"root_module"`
		}
	}
	if err := json.Unmarshal([]byte(e.must("show", "-json")), &state); err != nil {
		e.t.Fatal(err)
	}
	platform := func(name string) hub.Platform {
		i := slices.IndexFunc(all.Drivers(), func(d hub.Driver) bool { return d.Platform.Name == name })
		if i < 0 {
			e.t.Fatalf("the state is about a platform %s", name)
		}
		return all.Drivers()[i].Platform
	}
	for _, r := range state.Values.RootModule.Resources {
		switch r.Type {
		case "roster_hub_member_role":
			ref, err := hub.ParseRoleRef(r.Values.ID)
			if err != nil {
				e.t.Fatal(err)
			}
			p := platform(ref.Member.Hub.Platform)
			if role, _ := p.Role(ref.Role); role.Kind == hub.Secondary && p.Capabilities.Of(hub.OpRevokeRole) == hub.Unsupported {
				acts = append(acts, func() {
					act := hubsim.Act{Action: hubsim.ActSetRole, Email: ref.Member.Email, ExtraRoles: []string{}}
					if _, err := e.scene.sim.Act(ref.Member.Hub.Platform, ref.Member.Hub.BusinessID, act); err != nil {
						e.t.Fatal(err)
					}
				})
			}
		case "roster_hub_member":
			ref, err := hub.ParseMemberRef(r.Values.ID)
			if err != nil {
				e.t.Fatal(err)
			}
			if p := platform(ref.Hub.Platform); p.Capabilities.Of(hub.OpRemove) == hub.Unsupported {
				acts = append(acts, func() { e.exportWithout(ref.Email) })
			}
		}
	}
	return acts
}

// exportWithout takes a person out of the example's exports, as the next export
// of the app does.
func (e *example) exportWithout(email string) {
	e.t.Helper()
	exports, err := filepath.Glob(filepath.Join(e.dir, "*.csv"))
	if err != nil {
		e.t.Fatal(err)
	}
	found := false
	for _, export := range exports {
		var kept strings.Builder
		for line := range strings.Lines(e.read(filepath.Base(export))) {
			if strings.Contains(strings.ToLower(line), email) {
				found = true
				continue
			}
			kept.WriteString(line)
		}
		e.write(filepath.Base(export), kept.String())
	}
	if !found {
		e.t.Fatalf("%s is in none of %v", email, exports)
	}
}

// runImports runs import.sh as it stands. What it imported must have written
// nothing to the platform, and must be nothing that the next plan creates or
// destroys.
func (e *example) runImports() {
	e.t.Helper()
	e.terraformOnPath()
	if out, err := e.shell("bash -e import.sh").CombinedOutput(); err != nil {
		e.t.Fatalf("import.sh failed: %v\n%s", err, out)
	}
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

// terraformOnPath makes "terraform" in a script the CLI under test, whatever that
// is called.
func (e *example) terraformOnPath() {
	e.t.Helper()
	bin := e.t.TempDir()
	cli, err := filepath.Abs(e.cli)
	if err != nil {
		e.t.Fatal(err)
	}
	if err := os.Symlink(cli, filepath.Join(bin, "terraform")); err != nil {
		e.t.Fatal(err)
	}
	e.env = append(e.env, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// shell is a command as a person or a script types it.
func (e *example) shell(command string) *exec.Cmd {
	cmd := exec.CommandContext(e.t.Context(), "bash", "-c", command)
	cmd.Dir, cmd.Env = e.dir, e.env
	return cmd
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
	compareSample(t, out)
}

// compareSample compares the error that a command printed with the golden file
// of the test.
func compareSample(t *testing.T, out string) {
	t.Helper()
	_, got, _ := strings.Cut(out, "\nError: ")
	got = regexp.MustCompile(`trace [A-Za-z0-9_-]+`).ReplaceAllString("Error: "+strings.TrimSpace(got)+"\n", "trace AbCdEfGhIjK")

	file := filepath.Join("testdata", filepath.FromSlash(t.Name())+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
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

// The same for the guide of each platform: Bo has left, and the platform keeps
// the seat. Google holds the removal for a second administrator, who does not
// come in time; Cerby takes it on and cannot do it; an app without an API leaves
// it to a person; the others refuse it.
func TestAccExamples_failedTaskOfEachGuide(t *testing.T) {
	everyWorld(t, func(t *testing.T, w world) {
		if w.platform == meta {
			return // its sample is the one above
		}
		e := exampleWorkspace(t, ".", nil)
		name := ""
		for _, h := range demo(t).Hubs {
			if h.Platform == w.platform && h.BusinessID == w.business {
				name = h.Name
			}
		}
		if name == "" {
			t.Fatalf("the demo has no hub %s", w.hubID())
		}
		runbook := ""
		if w.platform == "cerby" {
			runbook = "runbook     = \"pinterest_business\""
		}
		connect := w.providerConfig() + fmt.Sprintf("resource \"roster_business_hub\" \"h\" {\n  platform    = %q\n  business_id = %q\n  label       = %q\n  %s\n}\n", w.platform, w.business, name, runbook)
		e.configure(connect + w.memberConfig("bo", "bo@northwind.example", "timeouts {\n    delete = \"5s\"\n  }"))
		e.must("apply", "-auto-approve")

		if cause, ok := map[string]hubsim.Settings{
			"google_ads": {"multi_party_approval": "always"},
			"cerby":      {"job_outcome": []any{map[string]any{"code": "UnderpermissionedAccount"}}},
		}[w.platform]; ok {
			if err := e.scene.sim.Configure(w.platform, w.business, cause); err != nil {
				t.Fatal(err)
			}
		} else {
			refusal := w.refusal
			refusal.Kind, refusal.Operation = hubsim.FaultRespond, hubsim.OpRemove
			e.scene.fault(refusal)()
		}
		e.configure(connect)
		out, ok := e.run("apply", "-auto-approve", "-no-color")
		if ok {
			t.Fatalf("the platform kept the seat and the apply succeeded:\n%s", out)
		}
		compareSample(t, out)
	})
	for _, d := range all.Drivers() {
		if d.Platform.Capabilities.Of(hub.OpRemove) != hub.Unsupported {
			continue
		}
		t.Run(d.Platform.Name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join("platforms", d.Platform.Name)
			e := exampleWorkspace(t, folder, exampleFolders(t)[folder])
			e.must("apply", "-auto-approve")
			connect, _, found := strings.Cut(e.read("main.tf"), "resource \"roster_hub_member\"")
			if !found {
				t.Fatalf("examples/%s has no member", folder)
			}
			e.must("state", "rm", "roster_hub_member.ada")
			e.write("main.tf", connect)
			out, ok := e.run("apply", "-auto-approve", "-no-color")
			if ok {
				t.Fatalf("nobody took the seat and the apply succeeded:\n%s", out)
			}
			compareSample(t, out)
		})
	}
}

// What examples/checks says of itself: which condition stops a run, and which
// warns.
func TestAccExamples_checks(t *testing.T) {
	e := exampleWorkspace(t, "checks", []string{"main.tf"})
	s := e.scene
	says := func(want string, succeeds bool, args ...string) {
		t.Helper()
		out, ok := e.run(append(args, "-no-color")...)
		if ok != succeeds || !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
			t.Errorf("%v succeeded: %t, want %t and the words %q:\n%s", args, ok, succeeds, want, out)
		}
	}
	says("With ada@northwind.example there would be more than 5 people on the hub.", false, "apply", "-auto-approve", "-var=seats=5")
	if err := s.writes(nothing); err != nil {
		t.Errorf("after a precondition that failed: %v", err)
	}
	says("Nobody declared Contractor without an address (id 122100000000005), cleo@northwind.example, dan.left@northwind.example", true,
		"apply", "-auto-approve")
	s.act(hubsim.ActRemove, "dan.left@northwind.example", "")()
	says("has fewer than two administrators.", false, "plan")
	s.act(hubsim.ActJoin, "dan.left@northwind.example", "ADMIN")()
	s.act(hubsim.ActRemove, "gia@northwind.example", "")()
	// Without the refresh, which would find her gone and plan to invite her again.
	says("Not on the hub: gia@northwind.example.", false, "plan", "-refresh=false")
}
