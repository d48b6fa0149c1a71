package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// settleTime is how long the fake platform says a write may take to show.
const settleTime = 20 * time.Second

// refusal is an error of the fake platform.
type refusal struct{ hub.Fault }

func (r refusal) Error() string { return "fake says " + string(r.Reason) }

func no(reason hub.Reason) error {
	return refusal{hub.Fault{Reason: reason, Code: "17", Attempts: 1}}
}

// noAnswer is a write whose answer got lost.
var noAnswer = refusal{hub.Fault{Reason: hub.ReasonUnavailable, Attempts: 1, Uncertain: true}}

// row is one version of a member, with the time during which reads show it.
type row struct {
	hub.Member
	from, until time.Time
}

// fake is a platform in memory. It writes down every call. A script steps in
// before or after what the platform does: do carries it out.
type fake struct {
	mu     sync.Mutex
	rows   []*row
	calls  []string
	lastID int

	lag      time.Duration // until reads show a write
	listTime time.Duration // how long a list takes
	silent   bool          // an add of somebody who is there is ignored with a yes
	noIDs    bool          // the answer to an add tells nothing
	self     hub.Identity

	members func(do func() ([]hub.Member, error)) ([]hub.Member, error)
	lookup  func(key hub.Key, do func() (hub.Member, error)) (hub.Member, error)
	add     func(in hub.Add, do func() (hub.Member, error)) (hub.Member, error)
	change  func(m hub.Member, do func() error) error
	remove  func(m hub.Member, do func() error) error
	selfErr error
}

func (f *fake) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
}

// put seats somebody as if it had always been so.
func (f *fake) put(m hub.Member) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rows = append(f.rows, &row{Member: m})
}

// alter changes the platform by somebody else's hand, at once: with nil the
// row of id goes.
func (f *fake) alter(id string, change func(*hub.Member)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.rows, func(r *row) bool { return r.ID == id && r.until.IsZero() })
	if change == nil {
		f.rows = slices.Delete(f.rows, i, i+1)
		return
	}
	change(&f.rows[i].Member)
}

// accept turns the invitation of email into a seat with another id.
func (f *fake) accept(email, newID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.rows {
		if r.Email == email && r.Status == hub.StatusInvited && r.until.IsZero() {
			r.ID, r.Status = newID, hub.StatusActive
		}
	}
}

func (f *fake) visible(r *row) bool {
	now := time.Now()
	return !now.Before(r.from) && (r.until.IsZero() || now.Before(r.until))
}

func (f *fake) Verify(context.Context, hub.Ref) (hub.Business, error) {
	f.note("verify")
	return hub.Business{ID: "1", Name: "Northwind"}, nil
}

func (f *fake) Members(ctx context.Context, _ hub.Ref) ([]hub.Member, error) {
	f.note("list")
	do := func() ([]hub.Member, error) {
		f.mu.Lock()
		var members []hub.Member
		for _, r := range f.rows {
			if f.visible(r) {
				members = append(members, r.Member)
			}
		}
		f.mu.Unlock()
		if f.listTime > 0 && !sleep(ctx, f.listTime) {
			f.note("list stopped")
			return nil, ctx.Err()
		}
		return members, nil
	}
	if f.members != nil {
		return f.members(do)
	}
	return do()
}

func (f *fake) Lookup(ctx context.Context, _ hub.Ref, key hub.Key) (hub.Member, error) {
	f.note("lookup %s", strings.Trim(fmt.Sprintf("%s#%s %s", key.Email, key.ID, key.Status), " #"))
	if ctx.Err() != nil {
		return hub.Member{}, ctx.Err()
	}
	do := func() (hub.Member, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		narrow := key.Status == hub.StatusInvited || key.Status == hub.StatusActive
		var best *row
		for _, r := range f.rows {
			switch {
			case !f.visible(r), narrow && r.Status != key.Status:
			case key.ID != "" && r.ID == key.ID:
				return r.Member, nil
			case key.ID != "" && narrow, key.Email == "", hub.FoldEmail(r.Email) != key.Email:
			case best == nil || strength(r.Status) > strength(best.Status):
				best = r
			}
		}
		if best == nil {
			return hub.Member{}, fmt.Errorf("%s: %w", key.Email, hub.ErrAbsent)
		}
		return best.Member, nil
	}
	if f.lookup != nil {
		return f.lookup(key, do)
	}
	return do()
}

func (f *fake) Add(_ context.Context, _ hub.Ref, in hub.Add) (hub.Member, error) {
	f.note("add %s %s", in.Email, in.Role)
	do := func() (hub.Member, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		email := hub.FoldEmail(in.Email)
		for _, r := range f.rows {
			if r.Email != email || !r.until.IsZero() || !r.Status.Live() {
				continue
			}
			if f.silent {
				return hub.Member{}, nil
			}
			return hub.Member{}, no(hub.ReasonConflict)
		}
		f.lastID++
		m := hub.Member{ID: fmt.Sprintf("inv%d", f.lastID), Email: email, Name: in.Name, Role: in.Role, Status: hub.StatusInvited}
		f.rows = append(f.rows, &row{Member: m, from: time.Now().Add(f.lag)})
		if f.noIDs {
			return hub.Member{}, nil
		}
		return m, nil
	}
	if f.add != nil {
		return f.add(in, do)
	}
	return do()
}

// current is the row of m as the platform itself has it.
func (f *fake) current(m hub.Member) *row {
	for _, r := range f.rows {
		if r.until.IsZero() && r.ID == m.ID && (m.ID != "" || r.Email == m.Email) {
			return r
		}
	}
	return nil
}

func (f *fake) ChangeRole(_ context.Context, _ hub.Ref, m hub.Member, change hub.RoleChange) error {
	what := change.Role
	if change.Grant != "" {
		what += "+" + change.Grant
	}
	if change.Revoke != "" {
		what += "-" + change.Revoke
	}
	f.note("change %s %s", cmp.Or(m.ID, m.Email), what)
	do := func() error {
		f.mu.Lock()
		defer f.mu.Unlock()
		r := f.current(m)
		if r == nil {
			return no(hub.ReasonNotFound)
		}
		next := &row{Member: r.Member, from: time.Now().Add(f.lag)}
		r.until = next.from
		next.Role = cmp.Or(change.Role, next.Role)
		if change.Grant != "" {
			next.Secondary = append(slices.Clone(next.Secondary), change.Grant)
		}
		next.Secondary = slices.DeleteFunc(slices.Clone(next.Secondary), func(s string) bool { return s == change.Revoke })
		f.rows = append(f.rows, next)
		return nil
	}
	if f.change != nil {
		return f.change(m, do)
	}
	return do()
}

func (f *fake) Remove(_ context.Context, _ hub.Ref, m hub.Member) error {
	f.note("remove %s", cmp.Or(m.ID, m.Email))
	do := func() error {
		f.mu.Lock()
		defer f.mu.Unlock()
		r := f.current(m)
		if r == nil {
			return no(hub.ReasonNotFound)
		}
		r.until = time.Now().Add(f.lag)
		return nil
	}
	if f.remove != nil {
		return f.remove(m, do)
	}
	return do()
}

func (f *fake) Self(context.Context, hub.Ref) (hub.Identity, error) {
	f.note("self")
	return f.self, f.selfErr
}

func (f *fake) Explain(err error) hub.Fault {
	if r := (refusal{}); errors.As(err, &r) {
		return r.Fault
	}
	return hub.Fault{Reason: hub.ReasonUnknown}
}

// asked says how often a call was made that begins with prefix.
func (f *fake) asked(prefix string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, c := range f.calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

// wrote compares every write so far, in order.
func (f *fake) wrote(t *testing.T, want ...string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	var got []string
	for _, c := range f.calls {
		if verb, _, _ := strings.Cut(c, " "); verb == "add" || verb == "change" || verb == "remove" {
			got = append(got, c)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("writes = %q, want %q\nall calls: %q", got, want, f.calls)
	}
}

// requests compares how many calls of any kind went out since the last time.
func (f *fake) requests(t *testing.T, want ...string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Equal(f.calls, want) {
		t.Errorf("calls = %q, want %q", f.calls, want)
	}
	f.calls = nil
}

func fakePlatform() hub.Platform {
	capabilities := hub.Capabilities{}
	for _, op := range hub.Operations() {
		capabilities[op] = hub.Supported
	}
	return hub.Platform{
		Name: "fake", Title: "Fake Business", Vendor: "Fake",
		BusinessID: regexp.MustCompile(`^[0-9]+$`), BusinessIDForm: "digits",
		Roles: []hub.Role{
			{ID: "EMPLOYEE", Kind: hub.Primary, Default: true},
			{ID: "ADMIN", Kind: hub.Primary, Admin: true},
			{ID: "FINANCE", Kind: hub.Secondary},
			{ID: "OWNER", Kind: hub.Secondary, Admin: true},
		},
		Capabilities: capabilities,
		Settle:       settleTime,
	}
}

// open is a hub on f. setup changes the platform first.
func open(t *testing.T, f *fake, setup ...func(*Options, *Platform)) *Hub {
	t.Helper()
	opts, p := Options{}, Platform{Platform: fakePlatform(), Connection: Connection{Connector: f}}
	for _, s := range setup {
		s(&opts, &p)
	}
	h, err := New(opts, p).Hub(hub.Ref{Platform: "fake", BusinessID: "1"})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func can(op hub.Operation, s hub.Support) func(*Options, *Platform) {
	return func(_ *Options, p *Platform) { p.Capabilities[op] = s }
}

// run is a test in time of its own: nothing sleeps for real.
func run(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

func seat(id, email, role string) hub.Member {
	return hub.Member{ID: id, Email: email, Role: role, Status: hub.StatusActive}
}

func invitation(id, email, role string) hub.Member {
	return hub.Member{ID: id, Email: email, Role: role, Status: hub.StatusInvited}
}

// people of the tests.
const (
	ada   = "ada@northwind.example"
	bob   = "bob@northwind.example"
	carol = "carol@northwind.example"
)

// want is what a failed task has to say.
type want struct {
	kind      hub.TaskKind
	reason    hub.Reason
	known     bool       // the presence
	status    hub.Status // of the person, "" when not there
	uncertain bool
	done      string // a part of what took effect
	detail    string // a part of the detail
}

func failed(t *testing.T, err error, w want) *hub.TaskError {
	t.Helper()
	te, ok := err.(*hub.TaskError) //nolint:errorlint // wrapped exactly once is the point
	if !ok {
		t.Fatalf("error = %v (%T), want a bare *hub.TaskError", err, err)
	}
	if inner := (*hub.TaskError)(nil); errors.As(te.Err, &inner) {
		t.Errorf("a task error wraps a task error: %v", err)
	}
	if te.Task.Kind != w.kind || te.Fault.Reason != w.reason || te.Now.Known != w.known ||
		te.Now.Member.Status != w.status || te.Fault.Uncertain != w.uncertain {
		t.Errorf("error = %v\n kind %s reason %s known %t status %q uncertain %t, want\n kind %s reason %s known %t status %q uncertain %t", err,
			te.Task.Kind, te.Fault.Reason, te.Now.Known, te.Now.Member.Status, te.Fault.Uncertain,
			w.kind, w.reason, w.known, w.status, w.uncertain)
	}
	if done := strings.Join(te.Done, " "); !strings.Contains(done, w.done) || w.done == "" && done != "" {
		t.Errorf("done = %q, want %q in it", done, w.done)
	}
	if !strings.Contains(te.Fault.Detail, w.detail) {
		t.Errorf("detail = %q, want %q in it", te.Fault.Detail, w.detail)
	}
	return te
}

func succeeded(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("the task failed: %v", err)
	}
}

// onRoster compares how the roster shows an address: "" when it does not.
func onRoster(t *testing.T, h *Hub, email, want string) {
	t.Helper()
	m, ok, err := h.Find(t.Context(), email, "")
	got := ""
	if ok {
		got = strings.Join([]string{m.ID, string(m.Status), m.Role}, " ")
	}
	if err != nil || got != want {
		t.Errorf("%s on the roster = %q (%v), want %q", email, got, err, want)
	}
}
