//go:build unix

package provider_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
)

// TestAccProperty tells stories as TestProperty does, with the real command and
// the real processes: the state is a file, kill -9 strikes Terraform or the
// provider while a request is under way, and Ctrl-C is a signal. Time is real
// here, so a platform has few stories, and short ones.
//
// ROSTER_PROPERTY_SEED and ROSTER_PROPERTY_ROUNDS work as they do there.
func TestAccProperty(t *testing.T) {
	first, count := seeds(t, 1)
	everyWorld(t, func(t *testing.T, w world) {
		at := slices.IndexFunc(all.Drivers(), func(d hub.Driver) bool { return d.Platform.Name == w.platform })
		for seed := first; seed < first+uint64(count); seed++ {
			s := storyForCommand(seed, w, all.Drivers()[at])
			found, transcript := s.playWithCommand(t)
			found = slices.DeleteFunc(found, func(v violation) bool { return s.expected(t, v) })
			if len(found) > 0 {
				t.Errorf("%s, seed %d: %s\n%s", w.platform, seed, found[0], strings.Join(transcript, "\n"))
			} else {
				t.Logf("%s", strings.Join(transcript, "\n"))
			}
		}
	})
}

// storyForCommand draws a short story of kills and interruptions: what else goes
// wrong is told a thousand times over in process.
func storyForCommand(seed uint64, w world, d hub.Driver) story {
	s := storyOf(seed, w, d)
	s.habits = nil // among them are some under which a task waits for minutes
	t := newTeller(seed, w, d)
	s.steps = []step{{kind: stepApply, apply: &applying{}}}
	for i, happens := range []string{eventKillTerraform, eventKillProvider, eventInterrupt} {
		// Somebody who is there and somebody who is not, so that there is something
		// to be done when it happens.
		for _, p := range []person{cast[1+t.IntN(3)], cast[4+i]} {
			if _, ok := s.seats[p]; ok && t.often(50) {
				s.steps = append(s.steps, step{kind: stepDelete, who: p})
				continue
			}
			seat := t.seat(p)
			seat.onExisting, seat.timeout = "", "20s"
			s.steps = append(s.steps, step{kind: stepWrite, who: p, seat: seat})
		}
		s.steps = append(s.steps, t.act(), step{kind: stepApply, apply: &applying{
			happens: happens, atWrite: true, at: 1 + t.IntN(2), after: t.often(70), parallel: t.often(50),
		}})
	}
	return s
}

// command is Terraform itself, in a workspace.
type command struct {
	*workspace
	world world
	// running is the command that an event strikes.
	running atomic.Pointer[exec.Cmd]
	planned string // what show -json printed of the last plan
}

// playWithCommand tells a story with the real command.
func (s story) playWithCommand(t *testing.T) ([]violation, []string) {
	t.Helper()
	sim := hubsim.New()
	if err := sim.Apply(s.seed()); err != nil {
		t.Fatal(err)
	}
	side, url := newPlatformSide(t, sim, s, true)
	scene := &scene{t: t, sim: sim, url: url, platform: s.world.platform, business: s.world.business}
	c := &command{workspace: scene.commands(""), world: s.world}
	for _, d := range scene.drivers() {
		if d.Platform.Name != s.world.platform {
			continue
		}
		for _, setting := range d.Settings {
			if setting.Env != "" && setting.Default != "" {
				c.env = append(c.env, strings.ReplaceAll(setting.Env, "{NAME}", strings.ToUpper(s.world.business))+"="+setting.Default)
			}
		}
	}
	r := newPlayer(s, side, c)
	r.strike = c.strike
	r.run()
	return r.found, r.transcript
}

// strike kills or interrupts the running command, or the provider it started.
func (c *command) strike(kind string) {
	running := c.running.Load()
	if running == nil {
		return
	}
	switch kind {
	case eventKillTerraform:
		_ = running.Process.Kill()
	case eventKillProvider:
		for _, pid := range children(running.Process.Pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	case eventInterrupt:
		_ = running.Process.Signal(syscall.SIGINT)
	}
}

// children lists the processes that a process started. Linux tells in /proc;
// elsewhere ps does.
func children(parent int) []int {
	out, err := exec.Command("ps", "-A", "-o", "ppid=,pid=").Output()
	if err != nil {
		return nil
	}
	var pids []int
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) == 2 && fields[0] == strconv.Itoa(parent) {
			if pid, err := strconv.Atoi(fields[1]); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// terraform runs the command in a process group of its own, and leaves nobody
// of it behind: a provider outlives a Terraform that was killed.
func (c *command) terraform(args ...string) (said []diagnostic, err error) {
	cmd := c.command(args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c.running.Store(cmd)
	err = cmd.Wait()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Type       string
			Diagnostic diagnostic
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Type == "diagnostic" { // a killed process does not finish its line
			said = append(said, line.Diagnostic)
		}
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return said, fmt.Errorf("%w\n%s", err, complaints.String())
	}
	return said, nil
}

func (c *command) plan(_ context.Context, seats map[person]seat, a *applying) (*planned, error) {
	c.configure(c.world.configuration(seats))
	before := c.state()
	_ = os.Remove(filepath.Join(c.dir, "plan.bin"))
	said, err := c.terraform("plan", "-json", "-out=plan.bin", c.parallelism(a))
	p := &planned{said: said, failed: err != nil || slices.ContainsFunc(said, isError)}
	if _, statErr := os.Stat(filepath.Join(c.dir, "plan.bin")); p.failed || statErr != nil {
		p.failed = true
		return p, err
	}
	c.planned = c.must("show", "-json", "plan.bin")
	var document struct {
		ResourceChanges []struct {
			Address string
			Change  struct {
				Actions       []string
				Before, After map[string]any
				AfterUnknown  map[string]any `json:"after_unknown"`
			}
		} `json:"resource_changes"`
		PriorState struct{ Values stateValues } `json:"prior_state"`
	}
	if err := json.Unmarshal([]byte(c.planned), &document); err != nil {
		return p, err
	}
	for _, rc := range document.ResourceChanges {
		one := change{address: rc.Address, action: action(strings.Join(rc.Change.Actions, ","))}
		if len(rc.Change.Actions) == 2 {
			one.action = planReplace
		}
		if rc.Change.Before != nil {
			one.before = plainAttributes(rc.Change.Before)
		}
		if rc.Change.After != nil {
			one.after = plainAttributes(rc.Change.After)
			for name, unknown := range rc.Change.AfterUnknown {
				if unknown == true {
					one.after[name] = "(unknown)"
				}
			}
		}
		p.changes = append(p.changes, one)
	}
	after := document.PriorState.Values.attributes()
	for address := range before {
		if after[address] == nil {
			p.dropped = append(p.dropped, address)
		}
	}
	return p, nil
}

func (c *command) parallelism(a *applying) string {
	if a.parallel {
		return "-parallelism=10"
	}
	return "-parallelism=1"
}

func (c *command) apply(_ context.Context, _ *planned, a *applying) (map[string]attributes, []diagnostic, error) {
	said, err := c.terraform("apply", "-json", c.parallelism(a), "plan.bin")
	return c.state(), said, err
}

// keep has nothing to do: Terraform wrote its file, or was killed before.
func (c *command) keep() {}

func (c *command) forget(address string) { c.must("state", "rm", address) }

func (c *command) written() string {
	text := c.planned
	for _, name := range []string{"terraform.tfstate", "plan.bin"} {
		if data, err := os.ReadFile(filepath.Join(c.dir, name)); err == nil {
			text += string(data)
		}
	}
	return text
}

func (c *command) state() map[string]attributes {
	if _, err := os.Stat(filepath.Join(c.dir, "terraform.tfstate")); err != nil {
		return nil
	}
	var document struct{ Values stateValues }
	if err := json.Unmarshal([]byte(c.must("show", "-json")), &document); err != nil {
		c.t.Fatal(err)
	}
	return document.Values.attributes()
}

// stateValues is a state as show -json prints it.
type stateValues struct {
	RootModule struct {
		Resources []struct {
			Address string
			Values  map[string]any
		}
	} `json:"root_module"`
}

func (v stateValues) attributes() map[string]attributes {
	all := map[string]attributes{}
	for _, r := range v.RootModule.Resources {
		all[r.Address] = plainAttributes(r.Values)
	}
	return all
}

func plainAttributes(values map[string]any) attributes {
	out := attributes{}
	for name, v := range values {
		if v != nil {
			out[name] = fmt.Sprint(v)
		}
	}
	return out
}

// configuration is what the miniature takes from blocks, as a file.
func (w world) configuration(seats map[person]seat) string {
	text := w.hubConfig()
	for _, p := range cast {
		s, ok := seats[p]
		if !ok {
			continue
		}
		var lines []string
		for _, a := range []struct{ name, value string }{
			{"role", s.role}, {"on_existing", s.onExisting}, {"on_expired", s.onExpired}, {"on_destroy", s.onDestroy},
		} {
			if a.value != "" {
				lines = append(lines, a.name+" = \""+a.value+"\"")
			}
		}
		if s.lockout {
			lines = append(lines, "allow_lockout = true")
		}
		if s.timeout != "" {
			lines = append(lines, fmt.Sprintf("timeouts {\n    create = %[1]q\n    update = %[1]q\n    delete = %[1]q\n  }", s.timeout))
		}
		text += w.memberConfig(string(p), s.email, strings.Join(lines, "\n  "))
		for _, b := range s.roles {
			onDestroy := ""
			if b.onDestroy != "" {
				onDestroy = "\n  on_destroy = \"" + b.onDestroy + "\""
			}
			_, name, _ := strings.Cut(b.address(p), ".")
			text += fmt.Sprintf("resource \"roster_hub_member_role\" %q {\n  member_id = %s.id\n  role = %q%s\n}\n", name, memberAddress(p), b.role, onDestroy)
		}
	}
	return text
}
