package provider_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// maxResident is the promise: a hub of 10,000 people in this much memory.
const maxResident = 150 << 20

// TestAccCommands_memory holds the promise with the provider as a process of its
// own, under a real terraform refresh.
func TestAccCommands_memory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc: the memory promise is checked on Linux")
	}
	r := refreshHub(t, 10_000)
	r.run()
	if got := r.peakResident(); got > maxResident {
		t.Errorf("the provider's peak resident memory is %d MB, more than %d MB", got>>20, maxResident>>20)
	} else {
		t.Logf("peak resident memory %d MB", got>>20)
	}
}

// BenchmarkRefresh prints what a refresh of a hub costs: time, calls to the
// platform, and the provider's peak resident memory. Compare the rows of one
// run with each other; a machine's absolute times say little.
func BenchmarkRefresh(b *testing.B) {
	for _, people := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprintf("people=%d", people), func(b *testing.B) {
			r := refreshHub(b, people)
			r.run()
			r.sim.ResetRequests()
			b.ResetTimer()
			for range b.N {
				r.run()
			}
			b.StopTimer()
			b.ReportMetric(float64(len(r.sim.Requests()))/float64(b.N), "calls/op")
			if runtime.GOOS == "linux" {
				b.ReportMetric(float64(r.peakResident())/(1<<20), "MB-resident")
			}
		})
	}
}

// refresher runs terraform refresh over a provider process it can look into.
type refresher struct {
	*workspace
	sim      *hubsim.Sim
	provider *exec.Cmd
}

func refreshHub(tb testing.TB, people int) *refresher {
	tb.Helper()
	s := newScene(tb, hubsim.Seed{Hubs: []hubsim.HubSeed{{
		Platform: meta, BusinessID: business, Name: "Northwind Traders",
		Generate: &hubsim.Generate{Members: people * 19 / 20, Invitations: people / 20, Admins: 2, Domain: "crowd.example"},
	}}})
	w := s.commands(hubConfig + `
resource "roster_hub_member" "m" {
  count      = 20
  hub_id     = roster_business_hub.meta.id
  email      = format("member-%05d@crowd.example", count.index + 1)
  on_destroy = "keep"
}

data "roster_hub_sync" "s" {
  hub_id = roster_business_hub.meta.id
}
`)
	r := &refresher{workspace: w, sim: s.sim}
	r.attach()
	w.must("apply", "-auto-approve")
	return r
}

func (r *refresher) run() { r.must("refresh") }

// attach starts the provider the way a debugger would have it, so that the
// process is ours and lives on after Terraform is done.
func (r *refresher) attach() {
	r.t.Helper()
	r.provider = exec.CommandContext(r.t.Context(), filepath.Join(buildProvider(r.t), "terraform-provider-roster"), "-debug")
	r.provider.Env = r.env
	out, err := r.provider.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.provider.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		_ = r.provider.Process.Kill()
		_ = r.provider.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, after, ok := strings.Cut(lines.Text(), "TF_REATTACH_PROVIDERS="); ok {
			r.env = append(r.env, "TF_REATTACH_PROVIDERS="+strings.Trim(after, "'"))
			return
		}
	}
	r.t.Fatal("the provider did not say how to attach to it")
}

// peakResident is the most memory the provider's process ever had resident, in
// bytes.
func (r *refresher) peakResident() int {
	r.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.provider.Process.Pid))
	if err != nil {
		r.t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kilobytes int
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10
		}
	}
	r.t.Fatal("no VmHWM in the process's status")
	return 0
}
