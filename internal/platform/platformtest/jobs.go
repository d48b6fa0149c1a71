package platformtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

func readsJobs(c hub.Connector) bool {
	_, ok := c.(hub.JobReader)
	return ok
}

func listsRoles(c hub.Connector) bool {
	_, ok := c.(hub.RoleLister)
	return ok
}

var roleChecks = []check{
	{name: "Roles/are those of the hub", only: listsRoles, run: rolesAre},
	{name: "Roles/no such business is an error", only: listsRoles, run: rolesNoHub},
	{name: "Roles/invalid token is an error", only: listsRoles, cause: []Cause{TokenInvalid}, run: rolesBlind},
}

var jobChecks = []check{
	{name: "Job/a write has begun and is not done", only: readsJobs, needs: ops(hub.OpAdd, hub.OpChangeRole, hub.OpRemove), run: jobBegins},
	{name: "Job/a look is one request and ends in success", only: readsJobs, needs: ops(hub.OpAdd), run: jobLook},
	{name: "Job/one that comes to nothing is an error", only: readsJobs, needs: ops(hub.OpAdd, hub.OpRemove), cause: []Cause{JobFails}, run: jobFails},
	{name: "Job/one that nobody knows is no success", only: readsJobs, run: jobUnknown},
	{name: "Job/one that cannot be read is not done", only: readsJobs, needs: ops(hub.OpAdd), cause: []Cause{TokenInvalid}, run: jobBlind},
}

const (
	// jobPause is between two looks. What works in the platform's own time works
	// at once in a world.
	jobPause = 5 * time.Millisecond
	// jobReads is how many looks in a row may fail.
	jobReads = 3
)

// finish waits for the job that a write has become, as the engine does, and
// tells how it ended.
func (w *watched) finish(ctx context.Context, ref hub.Ref, err error) error {
	reader, ok := w.Connector.(hub.JobReader)
	started := (*hub.Started)(nil)
	if !ok || !errors.As(err, &started) {
		return err
	}
	for failed := 0; ; {
		done, err := reader.Job(ctx, ref, started.Job)
		switch {
		case done:
			return err
		case err == nil:
			failed = 0
		default:
			if failed++; failed == jobReads {
				return err
			}
			w.hear("Job", err)
		}
		pause := time.NewTimer(jobPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}

// jobs is the connector as one that works in jobs, and does not wait for them.
func (f *Fixture) jobs() hub.JobReader {
	return f.bare.(hub.JobReader) //nolint:forcetypeassert // check.only
}

// begun holds a write to having become a job, and returns it.
func (f *Fixture) begun(t TB, what string, err error) string {
	t.Helper()
	f.heard.hear(what, err)
	started := (*hub.Started)(nil)
	if !errors.As(err, &started) || started.Job == "" {
		t.Fatalf("%s: error = %v, want a *hub.Started with the job", what, err)
	}
	return started.Job
}

// ended looks at a job until it has ended.
func (f *Fixture) ended(t TB, job string) error {
	t.Helper()
	err := f.heard.finish(t.Context(), f.Hub, &hub.Started{Job: job})
	f.heard.hear("Job", err)
	return err
}

// A write that the platform has only taken on must not pass for done.
func jobBegins(t TB, f *Fixture) {
	low := f.Platform.DefaultRole()
	_, err := f.bare.Add(t.Context(), f.Hub, hub.Add{Email: ada, Role: low, Name: displayName})
	if err := f.ended(t, f.begun(t, "Add", err)); err != nil {
		t.Fatalf("the add: %v", err)
	}
	if err := f.ended(t, f.begun(t, "ChangeRole", f.bare.ChangeRole(t.Context(), f.Hub, f.listed(t, ada), hub.RoleChange{Role: f.admin()}))); err != nil {
		t.Fatalf("the role change: %v", err)
	}
	f.holds(t, ada, f.admin())
	if err := f.ended(t, f.begun(t, "Remove", f.bare.Remove(t.Context(), f.Hub, f.listed(t, ada)))); err != nil {
		t.Fatalf("the removal: %v", err)
	}
	if found := f.truth(t, ada); len(found) > 0 {
		t.Errorf("%s is still there: %+v", ada, found)
	}
}

// addJob is the job of an add of ada.
func (f *Fixture) addJob(t TB) string {
	t.Helper()
	_, err := f.bare.Add(t.Context(), f.Hub, hub.Add{Email: ada, Role: f.Platform.DefaultRole(), Name: displayName})
	return f.begun(t, "Add", err)
}

func jobLook(t TB, f *Fixture) {
	job := f.addJob(t)
	for looks := 1; ; looks++ {
		before := f.World.Requests()
		done, err := f.jobs().Job(t.Context(), f.Hub, job)
		after := f.World.Requests()
		switch {
		case err != nil:
			t.Fatalf("look %d: %v", looks, err)
		case after.All-before.All != 1 || after.Writes != before.Writes:
			t.Fatalf("look %d took %d requests, %d of them writes; want one read", looks, after.All-before.All, after.Writes-before.Writes)
		case !done && looks == 100:
			t.Fatalf("the job has not ended after %d looks", looks)
		case !done:
			continue
		}
		break
	}
	f.one(t, ada)
	// What has ended has ended, for an apply that looks again.
	if done, err := f.jobs().Job(t.Context(), f.Hub, job); !done || err != nil {
		t.Errorf("another look: done = %t, error = %v", done, err)
	}
}

func jobFails(t TB, f *Fixture) {
	f.act(t, Join, linus, f.Platform.DefaultRole())
	m := f.listed(t, linus)
	f.bring(t, JobFails)
	_, err := f.bare.Add(t.Context(), f.Hub, hub.Add{Email: ada, Role: f.Platform.DefaultRole(), Name: displayName})
	for what, job := range map[string]string{
		"Add":    f.begun(t, "Add", err),
		"Remove": f.begun(t, "Remove", f.bare.Remove(t.Context(), f.Hub, m)),
	} {
		err := f.ended(t, job)
		if err == nil {
			t.Errorf("%s: the job came to nothing, and is called a success", what)
			continue
		}
		// Not found would make a removal a success.
		if fault := f.Connector.Explain(err); fault.RequestID != job || fault.Reason == hub.ReasonNotFound || fault.Uncertain {
			t.Errorf("%s: fault = %+v, want a certain one with the job as its request id", what, fault)
		}
	}
	if found := f.truth(t, ada); len(found) > 0 {
		t.Errorf("and yet %s is there", ada)
	}
	f.one(t, linus)
}

func jobUnknown(t TB, f *Fixture) {
	const job = "00000000-0000-4000-8000-000000000000"
	done, err := f.jobs().Job(t.Context(), f.Hub, job)
	f.heard.hear("Job", err)
	if err == nil {
		t.Errorf("done = %t and no error for a job of nobody's", done)
		return
	}
	if fault := f.Connector.Explain(err); done && !fault.Uncertain {
		t.Errorf("a job that nobody knows has ended, for certain: %+v", fault)
	}
}

func jobBlind(t TB, f *Fixture) {
	job := f.addJob(t)
	f.bring(t, TokenInvalid)
	done, err := f.jobs().Job(t.Context(), f.Hub, job)
	f.heard.hear("Job", err)
	if done {
		t.Errorf("a job that cannot be read is called done (error: %v)", err)
	}
	f.fails(t, "Job", err, hub.ReasonUnauthenticated)
}

func (f *Fixture) lister() hub.RoleLister {
	return f.bare.(hub.RoleLister) //nolint:forcetypeassert // check.only
}

func rolesAre(t TB, f *Fixture) {
	roles, err := f.lister().Roles(t.Context(), f.Hub)
	if err != nil {
		t.Fatalf("Roles: %v", err)
	}
	seen := map[string]bool{}
	primaries, defaults := 0, 0
	for _, r := range roles {
		switch {
		case r.ID == "" || r.Label == "" || seen[r.ID]:
			t.Errorf("role %+v has no id or label, or is there twice", r)
		case r.Kind != hub.Primary && r.Kind != hub.Secondary:
			t.Errorf("role %+v is of no kind", r)
		case r.Kind == hub.Secondary && (r.Default || r.Admin):
			t.Errorf("secondary role %s cannot be default or admin", r.ID)
		}
		seen[r.ID] = true
		if r.Kind == hub.Primary {
			primaries++
		}
		if r.Default {
			defaults++
		}
	}
	if primaries == 0 || defaults > 1 {
		t.Errorf("%d primary and %d default roles in %+v", primaries, defaults, roles)
	}
	// They are what people can be given.
	for i, r := range roles {
		if r.Kind != hub.Primary {
			continue
		}
		email := fmt.Sprintf("holder%d@northwind.example", i)
		f.act(t, Join, email, r.ID)
		if m := f.listed(t, email); m.Role != r.ID {
			t.Errorf("%s holds %s and is listed with %q", email, r.ID, m.Role)
		}
	}
}

func rolesNoHub(t TB, f *Fixture) {
	roles, err := f.lister().Roles(t.Context(), f.NoHub)
	f.heard.hear("Roles", err)
	if len(roles) > 0 {
		t.Errorf("%d roles of a business that is not there", len(roles))
	}
	f.fails(t, "Roles", err, hub.ReasonNotFound, hub.ReasonForbidden)
}

func rolesBlind(t TB, f *Fixture) {
	f.bring(t, TokenInvalid)
	_, err := f.lister().Roles(t.Context(), f.Hub)
	f.heard.hear("Roles", err)
	f.fails(t, "Roles", err, hub.ReasonUnauthenticated)
}
