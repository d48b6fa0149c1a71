package provider_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

var update = flag.Bool("update", false, "write the golden files anew")

// build is the provider's binary, built once for all tests that run commands.
var build struct {
	sync.Once
	dir string
	err error
}

func buildProvider(t testing.TB) string {
	t.Helper()
	build.Do(func() {
		if build.dir, build.err = os.MkdirTemp("", "roster-build-"); build.err != nil {
			return
		}
		cmd := exec.Command("go", "build", "-o", filepath.Join(build.dir, "terraform-provider-roster"), "../..")
		if out, err := cmd.CombinedOutput(); err != nil {
			build.err = err
			t.Logf("go build: %s", out)
		}
	})
	if build.err != nil {
		t.Fatal(build.err)
	}
	return build.dir
}

func removeBuild() {
	if build.dir != "" {
		_ = os.RemoveAll(build.dir)
	}
}

// workspace is a folder in which a person runs Terraform commands.
type workspace struct {
	t   testing.TB
	dir string
	cli string
	env []string
}

// commands makes a workspace whose environment points at the scene, the way a
// pipeline would hand over credentials.
func (s *scene) commands(config string) *workspace {
	s.t.Helper()
	if os.Getenv("TF_ACC") == "" {
		s.t.Skip("TF_ACC is not set: no Terraform commands are run")
	}
	cli := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if cli == "" {
		var err error
		if cli, err = exec.LookPath("terraform"); err != nil {
			s.t.Fatal("neither TF_ACC_TERRAFORM_PATH nor terraform on the PATH: run the tests with make test")
		}
	}
	dir := s.t.TempDir()
	w := &workspace{t: s.t, dir: dir, cli: cli}
	w.write("cli.tfrc", "provider_installation {\n  dev_overrides {\n    \"roster-iac/roster\" = \""+buildProvider(s.t)+"\"\n  }\n}\ndisable_checkpoint = true\n")
	w.configure(config)
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "TF_") {
			w.env = append(w.env, entry)
		}
	}
	w.env = append(w.env,
		"TF_CLI_CONFIG_FILE="+filepath.Join(dir, "cli.tfrc"), "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1",
		"META_ACCESS_TOKEN="+metaToken, "META_APP_SECRET="+metaSecret, "META_ENDPOINT="+hubsim.Endpoint(s.url, meta))
	return w
}

func (w *workspace) write(name, content string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *workspace) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(w.t.Context(), w.cli, args...)
	cmd.Dir, cmd.Env = w.dir, w.env
	return cmd
}

// run runs a command and returns what it printed; ok is whether it succeeded.
func (w *workspace) run(args ...string) (output string, ok bool) {
	w.t.Helper()
	out, err := w.command(args...).CombinedOutput()
	return string(out), err == nil
}

// must runs a command that has to succeed.
func (w *workspace) must(args ...string) string {
	w.t.Helper()
	out, ok := w.run(args...)
	if !ok {
		w.t.Fatalf("%v failed:\n%s", args, out)
	}
	return out
}

// diagnostic is one error or warning as Terraform's -json output carries it,
// before any wrapping for a terminal.
type diagnostic struct {
	Severity, Summary, Detail string
}

// diagnostics runs plan, apply or refresh with -json and returns what it
// complained of.
func (w *workspace) diagnostics(args ...string) []diagnostic {
	w.t.Helper()
	cmd := w.command(append(args, "-json")...)
	out, _ := cmd.Output() // the exit status says no more than the diagnostics
	var found []diagnostic
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Type       string
			Diagnostic diagnostic
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			w.t.Fatalf("%v printed a line that is not JSON: %s", args, lines.Text())
		}
		if line.Type == "diagnostic" && line.Diagnostic.Summary != "Provider development overrides are in effect" {
			found = append(found, line.Diagnostic)
		}
	}
	if err := lines.Err(); err != nil {
		w.t.Fatal(err)
	}
	return found
}

// varying matches what differs between two runs of the same test.
var varying = []struct {
	pattern *regexp.Regexp
	stand   string
}{
	{regexp.MustCompile(`trace [A-Za-z0-9_-]+`), "trace TRACE"},
	{regexp.MustCompile(`after \d+ attempts`), "after N attempts"}, // as many as its time allowed
	{regexp.MustCompile(`on \w+, \d+ \w+ \d{4} [\d:]+ UTC`), "on DATE"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:PORT"},
}

// golden compares diagnostics with testdata/<test>.txt, as a person reads them.
func golden(t *testing.T, diagnostics []diagnostic) {
	t.Helper()
	// Terraform plans what does not depend on one another in any order.
	slices.SortStableFunc(diagnostics, func(a, b diagnostic) int { return strings.Compare(a.Summary, b.Summary) })
	var b strings.Builder
	for _, d := range diagnostics {
		severity := strings.ToUpper(d.Severity[:1]) + d.Severity[1:]
		b.WriteString(severity + ": " + d.Summary + "\n\n" + strings.TrimRight(d.Detail, "\n") + "\n\n----\n")
	}
	got := b.String()
	for _, v := range varying {
		got = v.pattern.ReplaceAllString(got, v.stand)
	}
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
		t.Errorf("diagnostics differ from %s (-want +got; run with -update to take them over):\n%s", file, diff)
	}
}
