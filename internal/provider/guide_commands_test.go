//go:build unix

package provider_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// The guides that tell a story show commands and what these print. Each command
// is run here, in the order of the page and in the example's own folder, and what
// the page says about the output is looked for in the output.
func TestAccGuides(t *testing.T) {
	for name, story := range map[string]struct {
		folder string
		tell   func(g *guide)
	}{
		"offboarding":    {"offboarding", offboarding},
		"access-review":  {"report", accessReview},
		"ci":             {"ci", pipeline}, // without its backend: TestAccPGBackend has that
		"telling-people": {"telling-people", tellingPeople},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var files []string
			for _, f := range exampleFolders(t)[story.folder] {
				if f != "backend.tf" {
					files = append(files, f)
				}
			}
			readGuide(exampleWorkspace(t, story.folder, files), name).follow(story.tell)
		})
	}
}

// guide is a page's commands, and an example's folder to run them in.
type guide struct {
	*example
	name  string
	left  []shown
	where string // of the page: the last command run
}

// shown is a command on the page. Prints is what the page says of the output, at
// the last command of a block; a line of "..." there stands for any lines.
type shown struct{ command, prints string }

// readGuide reads the sh blocks of a page, and the text block behind each.
func readGuide(e *example, name string) *guide {
	e.t.Helper()
	page, err := os.ReadFile("../../templates/guides/" + name + ".md.tmpl")
	if err != nil {
		e.t.Fatal(err)
	}
	e.runnable()
	g := &guide{example: e, name: name}
	var block []string
	fence := ""
	behind := false // nothing but a blank line since the last sh block
	for line := range strings.Lines(string(page)) {
		line = strings.TrimRight(line, "\n")
		language, fenced := strings.CutPrefix(line, "```")
		switch {
		case fenced && fence == "":
			fence, block = "`"+language, nil
		case fenced:
			text := strings.Join(block, "\n")
			if fence == "`sh" {
				for command := range strings.Lines(text) {
					g.left = append(g.left, shown{command: strings.TrimSpace(command)})
				}
			} else if fence == "`text" && behind {
				g.left[len(g.left)-1].prints = text
			}
			behind, fence = fence == "`sh", ""
		case fence != "":
			block = append(block, line)
		case line != "":
			behind = false
		}
	}
	if len(g.left) == 0 {
		e.t.Fatalf("the guide %s shows no command", name)
	}
	return g
}

// follow tells the guide's story, in which every command of the page has a part.
func (g *guide) follow(tell func(g *guide)) {
	g.t.Helper()
	tell(g)
	for _, s := range g.left {
		g.t.Errorf("the guide %s shows a command that no test runs: %s", g.name, s.command)
	}
}

// next runs the page's next command, which has to be this one and to end with
// this status. Questions are answered with yes.
func (g *guide) next(command string, status int) string {
	g.t.Helper()
	return g.check(g.take(command), func(cmd *exec.Cmd) ([]byte, error) { return cmd.CombinedOutput() }, status)
}

// take takes the page's next command off the list.
func (g *guide) take(command string) shown {
	g.t.Helper()
	if len(g.left) == 0 || g.left[0].command != command {
		g.t.Fatalf("the guide %s, behind %q: its next commands are %q, the test's is %q", g.name, g.where, g.left, command)
	}
	s := g.left[0]
	g.left, g.where = g.left[1:], command
	return s
}

// check runs a command of the page and holds what it printed to the page.
func (g *guide) check(s shown, run func(*exec.Cmd) ([]byte, error), status int) string {
	g.t.Helper()
	cmd := g.shell(s.command)
	cmd.Stdin = strings.NewReader("yes\n")
	out, err := run(cmd)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		g.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != status {
		g.t.Fatalf("%s ended with %d, want %d:\n%s", s.command, got, status, out)
	}
	rest := strings.Split(string(out), "\n")
	skip := true // the first line of the page may be any line of the output
	for line := range strings.Lines(s.prints) {
		line = strings.TrimRight(line, "\n")
		if line == "..." {
			skip = true
			continue
		}
		at := 0
		for at < len(rest) && !g.says(rest[at], line) {
			at++
		}
		if at == len(rest) || (!skip && at > 0) {
			g.t.Fatalf("the guide %s has %s print this line, and it does not stand there:\n%s\nThe output:\n%s", g.name, s.command, line, out)
		}
		rest, skip = rest[at+1:], false
	}
	return string(out)
}

// says is whether a line of output is the page's. A reason's own words are the
// platform's and not the page's to promise, so that a line may go on.
func (g *guide) says(output, page string) bool {
	return strings.TrimRight(output, " ") == page || (strings.HasPrefix(page, "Reason: ") && strings.HasPrefix(output, page+" "))
}

// runnable makes the example's folder one that a person could type in: terraform
// on the PATH, a provider that init finds, and no colours.
func (e *example) runnable() {
	e.t.Helper()
	e.terraformOnPath()
	mirror := e.t.TempDir()
	goos, goarch := "", ""
	if out, err := exec.Command("go", "env", "GOOS", "GOARCH").Output(); err == nil {
		goos, goarch, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
	}
	// Either CLI looks under its own default host. dev_overrides would do for
	// plan and apply, and fails an init.
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		dir := filepath.Join(mirror, host, "roster-iac", "roster", "0.1.0", goos+"_"+goarch)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			e.t.Fatal(err)
		}
		built, err := filepath.Abs(filepath.Join(buildProvider(e.t), "terraform-provider-roster"))
		if err != nil {
			e.t.Fatal(err)
		}
		if err := os.Symlink(built, filepath.Join(dir, "terraform-provider-roster_v0.1.0")); err != nil {
			e.t.Fatal(err)
		}
	}
	e.write("cli.tfrc", "provider_installation {\n  filesystem_mirror {\n    path = \""+mirror+"\"\n  }\n}\ndisable_checkpoint = true\n")
	e.env = append(e.env, "TF_CLI_ARGS=-no-color")
	for _, f := range e.files("*.sh") {
		if err := os.Chmod(f, 0o700); err != nil {
			e.t.Fatal(err)
		}
	}
	e.must("init", "-input=false")
}

func (e *example) files(pattern string) []string {
	e.t.Helper()
	found, err := filepath.Glob(filepath.Join(e.dir, pattern))
	if err != nil {
		e.t.Fatal(err)
	}
	return found
}

// without takes a person's line from a CSV file.
func (e *example) without(file, email string) {
	e.t.Helper()
	var kept strings.Builder
	found := false
	for line := range strings.Lines(e.read(file)) {
		if strings.HasPrefix(line, email+",") {
			found = true
			continue
		}
		kept.WriteString(line)
	}
	if !found {
		e.t.Fatalf("%s has no line for %s", file, email)
	}
	e.write(file, kept.String())
}

func offboarding(g *guide) {
	s := g.scene
	g.next("terraform apply", 0)

	g.without("directory.csv", "bo@northwind.example")
	s.forgetRequests()
	g.next("terraform plan -out=leaver.tfplan", 0)
	if err := s.writes(nothing); err != nil {
		g.t.Errorf("after the plan: %v", err)
	}
	g.next("terraform apply leaver.tfplan", 0)
	if s.person("bo@northwind.example") != nil {
		g.t.Error("Bo still has a seat")
	}

	g.without("directory.csv", "cleo@northwind.example")
	s.fault(hubsim.Fault{
		Kind: hubsim.FaultRespond, Operation: hubsim.OpRemove, Status: 403,
		Body: `{"error":{"message":"(#10) Application does not have permission for this action","type":"OAuthException","code":10,"fbtrace_id":"AbCdEfGhIjK"}}`,
	})()
	g.next("terraform apply", 1)
	if state := g.must("state", "list"); !strings.Contains(state, "cleo@") {
		g.t.Errorf("Cleo kept the seat and is not in the state:\n%s", state)
	}
	s.sim.ClearFaults()
	s.act(hubsim.ActRemove, "cleo@northwind.example", "")() // by hand
	s.forgetRequests()
	g.next("terraform apply", 0)
	if err := s.writes(nothing); err != nil {
		g.t.Errorf("Cleo's seat was taken by hand: %v", err)
	}
	if state := g.must("state", "list"); strings.Contains(state, "cleo@") {
		g.t.Errorf("Cleo is gone and still in the state:\n%s", state)
	}

	g.next("terraform output departed", 0)
	g.next("terraform output -raw manual_steps", 0)
	s.act(hubsim.ActRemove, "dan.left@northwind.example", "")() // by hand
	g.next("terraform apply", 0)

	s.act(hubsim.ActJoin, "gus@northwind.example", "EMPLOYEE")()
	s.forgetRequests()
	g.next(`terraform import -var 'leavers=["gus@northwind.example"]' 'roster_hub_member.leavers["gus@northwind.example"]' `+
		metaHub+`/gus@northwind.example`, 0)
	if err := s.writes(nothing); err != nil {
		g.t.Errorf("after the import: %v", err)
	}
	g.next("terraform plan -out=leaver.tfplan", 0)
	g.next("terraform apply leaver.tfplan", 0)
	if err := s.writes(map[string]int{hubsim.OpRemove: 1}); err != nil {
		g.t.Errorf("Gus: %v", err)
	}
}

func accessReview(g *guide) {
	s := g.scene
	g.next("terraform apply -auto-approve", 0)
	g.next("terraform output -raw report_csv >report.csv", 0)
	g.next("terraform output -raw report_markdown >report.md", 0)
	g.next("cat report.csv", 0)
	g.next("head -n 17 report.md", 0)
	g.next("terraform plan -detailed-exitcode", 0)
	s.act(hubsim.ActJoin, "gus@northwind.example", "EMPLOYEE")()
	g.next("terraform plan -detailed-exitcode", 2)

	// Somebody without an address has the name that they chose.
	if _, err := s.sim.Act(meta, business, hubsim.Act{Action: hubsim.ActJoin, Name: "=1+1|`x`\ny", Role: "EMPLOYEE"}); err != nil {
		g.t.Fatal(err)
	}
	g.must("apply", "-auto-approve")
	if csv := g.must("output", "-raw", "report_csv"); !strings.Contains(csv, "\"'=1+1|`x`") {
		g.t.Errorf("a name that a spreadsheet takes for a formula stands as it is:\n%s", csv)
	}
	if page := g.must("output", "-raw", "report_markdown"); !strings.Contains(page, "| `=1+1  x  y (id ") || !strings.Contains(page, "### `=1+1| x  y (id ") {
		g.t.Errorf("a name breaks out of its cell or its heading:\n%s", page)
	}
	if err := s.writes(nothing); err != nil {
		g.t.Errorf("a review changed somebody: %v", err)
	}
}

// pipeline is a month of a pipeline: a first apply, a stale plan, drift, and two
// runs at once.
func pipeline(g *guide) {
	s := g.scene
	g.next("./plan.sh", 2)
	if plan := g.read("plan.txt"); !strings.Contains(plan, "gia@northwind.example") {
		g.t.Errorf("plan.txt is nothing a person could approve:\n%s", plan)
	}
	if err := s.writes(nothing); err != nil {
		g.t.Errorf("after plan.sh: %v", err)
	}
	g.next("./apply.sh", 0)
	again := g.check(shown{command: "./plan.sh"}, (*exec.Cmd).CombinedOutput, 0)
	if !strings.Contains(again, "No changes.") {
		g.t.Errorf("a plan after the apply:\n%s", again)
	}

	// Two plans of one change, and the second one is applied first.
	g.write("people.csv", g.read("people.csv")+"hal@northwind.example,EMPLOYEE\n")
	g.check(shown{command: "./plan.sh"}, (*exec.Cmd).CombinedOutput, 2)
	g.must("apply", "-input=false", "-auto-approve")
	s.forgetRequests()
	g.next("./apply.sh", 1)
	if err := s.writes(nothing); err != nil {
		g.t.Errorf("after a stale plan: %v", err)
	}

	s.act(hubsim.ActSetRole, "bo@northwind.example", "ADMIN")()
	g.next("./plan.sh", 2)
	s.act(hubsim.ActSetRole, "bo@northwind.example", "EMPLOYEE")()
	s.act(hubsim.ActJoin, "gus@northwind.example", "EMPLOYEE")()
	if out := g.next("./plan.sh", 2); !strings.Contains(out, "gus@northwind.example") || strings.Contains(out, "will be") {
		g.t.Errorf("the stranger alone is no change, or another than expected:\n%s", out)
	}
	g.check(shown{command: "./apply.sh"}, (*exec.Cmd).CombinedOutput, 0)

	// A run that waits for its answer, and so holds the lock.
	s.act(hubsim.ActSetRole, "bo@northwind.example", "ADMIN")()
	s.forgetRequests()
	first := g.hold()
	g.next("terraform plan -input=false", 1)
	g.check(g.take("./plan.sh"), func(cmd *exec.Cmd) ([]byte, error) {
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		cmd.Stderr = cmd.Stdout
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		seen := first.release(out, "Acquiring state lock.")
		return seen, cmd.Wait()
	}, 2)

	second := g.hold()
	second.kill()
	g.next("terraform plan -input=false", 0)
	if err := s.writes(nothing); err != nil {
		g.t.Errorf("after runs that nobody approved: %v", err)
	}
	g.holdNoSecret(nil)
}

// holder is an apply that waits at its question.
type holder struct {
	g      *guide
	cmd    *exec.Cmd
	answer io.WriteCloser
	output *bytes.Buffer
	rest   io.Reader
}

// hold starts an apply that asks, and comes back when it does.
func (g *guide) hold() *holder {
	g.t.Helper()
	h := &holder{g: g, cmd: g.command("apply", "-no-color"), output: &bytes.Buffer{}}
	// A process group of its own, so that kill ends the provider together with the
	// CLI that started it.
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if h.answer, err = h.cmd.StdinPipe(); err != nil {
		g.t.Fatal(err)
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		g.t.Fatal(err)
	}
	h.cmd.Stderr = h.cmd.Stdout
	h.rest = io.TeeReader(out, h.output)
	if err := h.cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	if !readUntil(h.rest, "Enter a value:") {
		_ = h.cmd.Wait()
		g.t.Fatalf("the apply did not ask:\n%s", h.output)
	}
	return h
}

// release answers no as soon as the words are on the other run's output, and
// returns all of that output.
func (h *holder) release(other io.Reader, words string) []byte {
	h.g.t.Helper()
	var seen bytes.Buffer
	other = io.TeeReader(other, &seen)
	found := readUntil(other, words)
	if _, err := io.WriteString(h.answer, "no\n"); err != nil {
		h.g.t.Error(err)
	}
	_, _ = io.Copy(io.Discard, other)
	_, _ = io.Copy(io.Discard, h.rest)
	if err := h.cmd.Wait(); err == nil {
		h.g.t.Errorf("the apply went on after a no:\n%s", h.output)
	}
	if !found {
		h.g.t.Errorf("the other run never said %q:\n%s", words, &seen)
	}
	return seen.Bytes()
}

// kill ends the run as a CI does that has lost patience.
func (h *holder) kill() {
	h.g.t.Helper()
	if err := syscall.Kill(-h.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		h.g.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, h.rest)
	_ = h.cmd.Wait()
}

// readUntil reads until the words have come, or until the end.
func readUntil(r io.Reader, words string) bool {
	var seen []byte
	b := make([]byte, 1)
	for {
		if _, err := io.ReadFull(r, b); err != nil {
			return false
		}
		if seen = append(seen, b[0]); bytes.HasSuffix(seen, []byte(words)) {
			return true
		}
	}
}

// holdNoSecret looks for the credentials in every file of the folder, inside of
// saved plans too, and in what else is given.
func (e *example) holdNoSecret(more map[string]string) {
	e.t.Helper()
	var secrets []string
	for _, c := range demo(e.t).Credentials {
		if c["platform"] == meta {
			for _, name := range []string{"access_token", "app_secret"} {
				if secret, _ := c[name].(string); secret != "" {
					secrets = append(secrets, secret)
				}
			}
		}
	}
	for _, entry := range e.env {
		if connection, ok := strings.CutPrefix(entry, "PG_CONN_STR="); ok {
			secrets = append(secrets, connection, pgPassword)
		}
	}
	if len(secrets) < 3 {
		e.t.Fatalf("only %d secrets to look for", len(secrets))
	}
	searched := map[string]bool{}
	search := func(name, text string) {
		searched[name] = true
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				e.t.Errorf("%s holds a secret", name)
			}
		}
	}
	for name, text := range more {
		search(name, text)
	}
	err := filepath.WalkDir(e.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(e.dir, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		search(name, string(content))
		if filepath.Ext(name) != ".tfplan" {
			return nil
		}
		plan, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return err
		}
		for _, f := range plan.File {
			part, err := f.Open()
			if err != nil {
				return err
			}
			content, err := io.ReadAll(part)
			part.Close()
			if err != nil {
				return err
			}
			search(name+"/"+f.Name, string(content))
		}
		return nil
	})
	if err != nil {
		e.t.Fatal(err)
	}
	if !searched["roster.tfplan/tfplan"] || !searched["plan.txt"] {
		e.t.Errorf("the saved plan was not searched: %v", searched)
	}
}
