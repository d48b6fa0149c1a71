package provider_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// life is a folder in which somebody runs Terraform against a scene of one
// world, one command at a time. Where a step of resource.TestCase takes ten
// commands, one here is one: that is what lets every rule of a membership's life
// be told on every platform.
type life struct {
	*scene
	test *testing.T
	w    world
	p    hub.Platform
	dir  string
	cli  string
}

// everyLife runs a test in every world whose platform passes all of the
// conditions.
func everyLife(t *testing.T, run func(t *testing.T, w world, p hub.Platform), conditions ...func(hub.Platform) bool) {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set: no Terraform commands are run")
	}
	everyWorld(t, func(t *testing.T, w world) {
		p := *w.data()
		for _, holds := range conditions {
			if !holds(p) {
				return
			}
		}
		run(t, w, p)
	})
}

// invites says that a platform's seats begin with an invitation.
func invites(p hub.Platform) bool { return slices.Contains(p.Statuses, hub.StatusInvited) }

// has says that somebody on the platform can have the status.
func has(s hub.Status) func(hub.Platform) bool {
	return func(p hub.Platform) bool { return slices.Contains(p.Statuses, s) }
}

// can says that the platform's API supports the operation in place.
func can(op hub.Operation) func(hub.Platform) bool {
	return func(p hub.Platform) bool { return p.Capabilities.Of(op) == hub.Supported }
}

// begin is a life in the world with these people on the hub; ada and olive, its
// administrators, are always there.
func (w world) begin(t *testing.T, p hub.Platform, people ...hubsim.PersonSeed) *life {
	t.Helper()
	return begin(t, w, p, w.scene(t, hubsim.HubSeed{People: w.team(people...)}))
}

func (w world) team(people ...hubsim.PersonSeed) []hubsim.PersonSeed {
	return append([]hubsim.PersonSeed{
		{Email: ada, Name: "Ada Diaz", Role: w.admin},
		{Email: olive, Name: "Olive Berg", Role: w.admin},
	}, people...)
}

// The people of most lives.
const (
	ada   = "ada@northwind.example"
	olive = "olive@northwind.example"
	bo    = "bo@northwind.example"
	cy    = "cy@northwind.example"
	di    = "di@northwind.example"
	ivo   = "ivo@northwind.example"
	nia   = "nia@northwind.example"
)

// at is the address of the resource that seat makes for somebody.
func at(email string) string {
	name, _, _ := strings.Cut(email, "@")
	return "roster_hub_member." + name
}

// seat is a configuration of one member, named after them.
func (w world) seat(email string, arguments ...string) string {
	return w.memberConfig(strings.TrimPrefix(at(email), "roster_hub_member."), email, strings.Join(arguments, "\n  "))
}

// roleOf is a configuration of one role of one member: role_<name> by default.
func (w world) roleOf(name, email, role string, arguments ...string) string {
	return "resource \"roster_hub_member_role\" \"" + name + "\" {\n  member_id = " + at(email) + ".id\n  role      = \"" + role + "\"\n  " + strings.Join(arguments, "\n  ") + "\n}\n"
}

func begin(t *testing.T, w world, p hub.Platform, s *scene) *life {
	t.Helper()
	cli := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if cli == "" {
		var err error
		if cli, err = exec.LookPath("terraform"); err != nil {
			t.Fatal("neither TF_ACC_TERRAFORM_PATH nor terraform on the PATH: run the tests with make test")
		}
	}
	l := &life{scene: s, test: t, w: w, p: p, dir: t.TempDir(), cli: cli}
	if len(p.Roles) == 0 { // they come from the hub, and what its API can do may too
		l.apply(w.hubConfig() + "data \"roster_hub_roles\" \"learned\" {\n  hub_id = roster_business_hub.h.id\n}\n").succeeds().wrote(nothing)
		l.learn()
	}
	return l
}

// learn takes the hub's own roles and capabilities into l.p: not all hubs of a
// platform are alike.
func (l *life) learn() {
	l.t.Helper()
	var state struct {
		Capabilities map[hub.Operation]hub.Support
		Roles        []struct {
			ID             string
			Kind           hub.RoleKind
			Admin, Default bool
		}
	}
	attributes := map[string]any{
		"capabilities": l.state("roster_business_hub.h")["capabilities"], "roles": l.state("data.roster_hub_roles.learned")["roles"],
	}
	data, err := json.Marshal(attributes)
	if err == nil {
		err = json.Unmarshal(data, &state)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	groups := map[string]string{}
	for _, r := range l.p.Roles {
		groups[r.ID] = r.Group
	}
	l.p.Capabilities, l.p.Roles = state.Capabilities, nil
	for _, r := range state.Roles {
		l.p.Roles = append(l.p.Roles, hub.Role{ID: r.ID, Kind: r.Kind, Admin: r.Admin, Default: r.Default, Group: groups[r.ID]})
	}
}

// newcomer is a seat for somebody who is not there, with the least-privileged
// role: it has to be named where the hub has none by itself.
func (l *life) newcomer(email string, arguments ...string) string {
	if l.p.DefaultRole() == "" {
		arguments = append(arguments, `role = "`+l.w.member+`"`)
	}
	return l.w.seat(email, arguments...)
}

// under is the hub, with more arguments in the provider block.
func (w world) under(arguments string) string {
	const head = "provider \"roster\" {\n"
	if strings.Contains(w.hubConfig(), head) {
		return strings.Replace(w.hubConfig(), head, head+arguments+"\n", 1)
	}
	return head + arguments + "\n}\n" + w.hubConfig()
}

// run is what one command planned, said and wrote.
type run struct {
	l           *life
	command     string
	ok          bool
	planned     map[string]string // action by resource
	diagnostics []diagnostic
	writes      []string // operations, in the order they arrived
	output      string
}

// apply plans and applies a configuration.
func (l *life) apply(config string) *run {
	l.t.Helper()
	l.configure(config)
	return l.run("apply", "-auto-approve")
}

// plan plans a configuration, and keeps the plan for applyPlan.
func (l *life) plan(config string) *run {
	l.t.Helper()
	l.configure(config)
	return l.run("plan", "-out=kept.plan")
}

// applyPlan applies the plan made last: nothing is planned anew.
func (l *life) applyPlan() *run {
	l.t.Helper()
	return l.run("apply", "kept.plan")
}

func (l *life) configure(config string) {
	l.t.Helper()
	const head = "terraform {\n  required_providers {\n    roster = { source = \"roster-iac/roster\" }\n  }\n}\n\n"
	if err := os.WriteFile(filepath.Join(l.dir, "main.tf"), []byte(head+config), 0o600); err != nil {
		l.t.Fatal(err)
	}
}

// run runs one command with a provider of its own, as Terraform starts one for
// each command.
func (l *life) run(args ...string) *run {
	l.t.Helper()
	l.sim.ResetRequests()
	ctx, stop := context.WithCancel(l.t.Context())
	reattach, stopped := l.serve(ctx)
	cmd := exec.CommandContext(l.t.Context(), l.cli, slices.Insert(slices.Clone(args), 1, "-json", "-no-color")...)
	cmd.Dir = l.dir
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "TF_") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.Env = append(cmd.Env, "TF_REATTACH_PROVIDERS="+reattach, "TF_CLI_CONFIG_FILE="+os.DevNull, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	stop()
	<-stopped
	r := &run{l: l, command: strings.Join(args, " "), ok: err == nil, planned: map[string]string{}, output: out.String() + problems.String()}
	for _, w := range l.sim.Writes() {
		r.writes = append(r.writes, w.Operation)
	}
	r.read(out.Bytes())
	return r
}

// serve starts a provider that Terraform can be pointed to. What comes back is
// the value of TF_REATTACH_PROVIDERS.
func (l *life) serve(ctx context.Context) (reattach string, stopped <-chan struct{}) {
	l.t.Helper()
	server, err := l.providers()["roster"]()
	if err != nil {
		l.t.Fatal(err)
	}
	configs, closed := make(chan *plugin.ReattachConfig), make(chan struct{})
	go func() {
		_ = tf6server.Serve("registry.terraform.io/roster-iac/roster", func() tfprotov6.ProviderServer { return server },
			tf6server.WithDebug(ctx, configs, closed), tf6server.WithGoPluginLogger(hclog.NewNullLogger()),
			tf6server.WithLoggingSink(l.test), tf6server.WithoutLogStderrOverride())
	}()
	var config *plugin.ReattachConfig
	select {
	case config = <-configs:
	case <-closed:
		l.t.Fatal("the provider did not start")
	}
	type address struct{ Network, String string }
	entry := struct {
		Protocol        string
		ProtocolVersion int
		Pid             int
		Test            bool
		Addr            address
	}{string(config.Protocol), config.ProtocolVersion, config.Pid, true, address{config.Addr.Network(), config.Addr.String()}}
	value := map[string]any{}
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		value[host+"/roster-iac/roster"] = entry
	}
	text, err := json.Marshal(value)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(text), closed
}

// read takes in the lines of -json.
func (r *run) read(out []byte) {
	r.l.t.Helper()
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Type       string
			Diagnostic diagnostic
			Change     struct {
				Action   string
				Resource struct{ Addr string }
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			r.l.t.Fatalf("%s printed a line that is not JSON: %s", r.command, lines.Text())
		}
		switch line.Type {
		case "diagnostic":
			r.diagnostics = append(r.diagnostics, line.Diagnostic)
		case "planned_change":
			r.planned[line.Change.Resource.Addr] = line.Change.Action
		}
	}
	if err := lines.Err(); err != nil {
		r.l.t.Fatal(err)
	}
}

// text is everything the run complained of, as far as it is of one severity.
func (r *run) text(severity string) string {
	var b strings.Builder
	for _, d := range r.diagnostics {
		if d.Severity == severity {
			b.WriteString(d.Summary + "\n" + d.Detail + "\n----\n")
		}
	}
	return b.String()
}

// succeeds wants the command to succeed.
func (r *run) succeeds() *run {
	r.l.t.Helper()
	if !r.ok {
		r.l.t.Fatalf("%s failed:\n%s%s", r.command, r.text("error"), r.noDiagnostics())
	}
	return r
}

func (r *run) noDiagnostics() string {
	if r.ok || len(r.diagnostics) > 0 {
		return ""
	}
	return r.output
}

// fails wants an error that matches each of the patterns.
func (r *run) fails(patterns ...string) *run {
	r.l.t.Helper()
	if r.ok {
		r.l.t.Fatalf("%s succeeded, want an error like %q; it wrote %v and planned %v", r.command, patterns, r.writes, r.planned)
	}
	return r.matches("error", patterns)
}

// warns wants warnings that match each of the patterns.
func (r *run) warns(patterns ...string) *run {
	r.l.t.Helper()
	return r.matches("warning", patterns)
}

func (r *run) matches(severity string, patterns []string) *run {
	r.l.t.Helper()
	text := r.text(severity)
	for _, p := range patterns {
		if !regexp.MustCompile("(?s)" + p).MatchString(text) {
			r.l.t.Errorf("%s: no %s matches %q; there is:\n%s%s", r.command, severity, p, text, r.noDiagnostics())
		}
	}
	return r
}

// silent wants neither a warning nor an error.
func (r *run) silent() *run {
	r.l.t.Helper()
	if len(r.diagnostics) > 0 {
		r.l.t.Errorf("%s: want not a word, got:\n%s%s", r.command, r.text("error"), r.text("warning"))
	}
	return r
}

// plans wants just these changes of members and roles: address, action and so
// on. The hub is not counted.
func (r *run) plans(changes ...string) *run {
	r.l.t.Helper()
	want := map[string]string{}
	for i := 0; i < len(changes); i += 2 {
		want[changes[i]] = changes[i+1]
	}
	got := maps.Clone(r.planned)
	delete(got, "roster_business_hub.h")
	if !maps.Equal(got, want) {
		r.l.t.Errorf("%s planned %v, want %v", r.command, got, want)
	}
	return r
}

// wrote wants just these writes, in any order.
func (r *run) wrote(want map[string]int) *run {
	r.l.t.Helper()
	got := map[string]int{}
	for _, op := range r.writes {
		got[op]++
	}
	if !maps.Equal(got, want) {
		r.l.t.Errorf("%s wrote %v, want %v", r.command, got, want)
	}
	return r
}

// count is how often an operation was written.
func (r *run) count(op string) int {
	n := 0
	for _, one := range r.writes {
		if one == op {
			n++
		}
	}
	return n
}

// inOrder wants just these writes, in this order.
func (r *run) inOrder(want ...string) *run {
	r.l.t.Helper()
	if !slices.Equal(r.writes, want) {
		r.l.t.Errorf("%s wrote %v, want %v", r.command, r.writes, want)
	}
	return r
}

// invitedOnce wants one invitation, with a withdrawal of the stale one before it
// at most.
func (r *run) invitedOnce(w world) *run {
	r.l.t.Helper()
	stale := 0
	if len(r.writes) > 0 && (r.writes[0] == hubsim.OpCancelInvitation || r.writes[0] == hubsim.OpRemove) {
		stale = 1
	}
	got := map[string]int{}
	for _, op := range r.writes[stale:] {
		got[op]++
	}
	if !maps.Equal(got, w.added) {
		r.l.t.Errorf("%s wrote %v, want one invitation (%v)", r.command, r.writes, w.added)
	}
	return r
}

// is wants attributes of a resource in the state: name, value and so on. The
// value "" is null.
func (r *run) is(address string, attributes ...string) *run {
	r.l.t.Helper()
	have := r.l.state(address)
	if have == nil {
		r.l.t.Errorf("after %s %s is not in the state", r.command, address)
		return r
	}
	for i := 0; i < len(attributes); i += 2 {
		got, _ := have[attributes[i]].(string)
		if got != attributes[i+1] {
			r.l.t.Errorf("after %s %s.%s = %q, want %q", r.command, address, attributes[i], got, attributes[i+1])
		}
	}
	return r
}

// gone wants a resource not to be in the state.
func (r *run) gone(address string) *run {
	r.l.t.Helper()
	if r.l.state(address) != nil {
		r.l.t.Errorf("after %s %s is still in the state", r.command, address)
	}
	return r
}

// state is one resource of the state, nil when it is not there.
func (l *life) state(address string) map[string]any {
	l.t.Helper()
	data, err := os.ReadFile(filepath.Join(l.dir, "terraform.tfstate"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		l.t.Fatal(err)
	}
	var state struct {
		Resources []struct {
			Mode, Type, Name string
			Instances        []struct{ Attributes map[string]any }
		}
	}
	if err := json.Unmarshal(data, &state); err != nil {
		l.t.Fatal(err)
	}
	for _, r := range state.Resources {
		name := r.Type + "." + r.Name
		if r.Mode == "data" {
			name = "data." + name
		}
		if name == address && len(r.Instances) > 0 {
			return r.Instances[0].Attributes
		}
	}
	return nil
}

// does plays somebody at the platform's own screens.
func (l *life) does(action, email string, more ...string) {
	l.t.Helper()
	role := ""
	if len(more) > 0 {
		role = more[0]
	}
	l.act(action, email, role)()
}

// truth wants somebody to stand on the platform with a status and a role, or to
// be out when the status is "": gone, or switched off where a removal is that.
func (l *life) truth(email, status, role string) {
	l.t.Helper()
	p := l.person(email)
	switch {
	case status == "" && (p == nil || l.p.Suspends && p.Status == hubsim.StatusSuspended):
	case p == nil:
		l.t.Errorf("%s is not on the platform, want %s with the role %s", email, status, role)
	case p.Status != status || role != "" && p.Role != role:
		l.t.Errorf("%s is %s with the role %s on the platform, want %q with %q", email, p.Status, p.Role, status, role)
	}
}

// role is what somebody's primary role is on the platform.
func (l *life) role(email string) string {
	l.t.Helper()
	p := l.person(email)
	if p == nil {
		l.t.Fatalf("%s is not on the platform", email)
	}
	return p.Role
}

// passes lets time go by.
func (l *life) passes(d time.Duration) { l.sim.Clock().Advance(d) }

// joined is what somebody's status is right after roster has added them.
func joined(p hub.Platform) string {
	if invites(p) {
		return string(hub.StatusInvited)
	}
	return string(hub.StatusActive)
}

// one is n writes of one operation.
func one(op string) map[string]int { return map[string]int{op: 1} }

// sum adds up writes.
func sum(parts ...map[string]int) map[string]int {
	total := map[string]int{}
	for _, part := range parts {
		for op, n := range part {
			total[op] += n
		}
	}
	return total
}
