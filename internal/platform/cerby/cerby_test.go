package cerby

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/platformtest"
)

const stranger = "9a1c2b7d-0000-4000-8000-00000000beef" // somebody else's hub

// credential is a key with the scopes that roster asks for.
func credential(hubs ...string) hubsim.Credential {
	return hubsim.Credential{
		"platform": Name, "name": "roster", "api_key": testKey, "owner_of": hubs, "workspace_admin": true,
		"scopes": []string{"read:users", "read:integrations", "write:integrations", "read:automations", "write:automations"},
	}
}

// subject is a connector to a workspace that has everybody of northwind.example
// in it. How Cerby answers to a key that lacks something is two stories: one
// says 401 to everything, the other one 403.
func subject(behaviour hubsim.Settings, causes map[platformtest.Cause]hubsim.Settings) platformtest.Subject {
	behaviour["workspace_domains"] = []string{"northwind.example"}
	driver := Driver()
	driver.Open = func(o hub.Options) (hub.Connector, error) { return open(o, brief) }
	causes[platformtest.HubFull] = hubsim.Settings{"seats": 0}
	causes[platformtest.JobFails] = hubsim.Settings{"job_outcome": []any{map[string]any{"code": "BadCredentials"}}}
	return platformtest.Subject{
		Driver:         driver,
		Settings:       testSettings(),
		SilentAdd:      true, // Cerby matches somebody who is there, and the job ends well
		LooksFirst:     true, // for the id of the workspace's user
		LosesLastAdmin: true, // Cerby has no code for it
		Without: []platformtest.Cause{
			platformtest.HalfAdded,       // an add is one job
			platformtest.HeldForApproval, // no second administrator is asked
			platformtest.SecondFactor,    // a key is not asked for one; a job is, see TestFailedJob
		},
		Open: platformtest.Simulated{
			Driver:      driver,
			BusinessID:  hubID,
			NoBusiness:  stranger,
			Others:      []hubsim.HubSeed{{Platform: Name, BusinessID: stranger, Name: "Somebody Else's", Generate: &hubsim.Generate{Members: 2, Admins: 1}}},
			Credentials: []hubsim.Credential{credential(hubID)},
			Settings:    testSettings(),
			Endpoints:   endpoints,
			Behaviour:   behaviour,
			Causes:      causes,
		}.Open,
	}
}

func endpoints(baseURL string) map[string]string {
	return map[string]string{settingEndpoint: hubsim.Endpoint(baseURL, Name) + "/api/v1"}
}

func TestConformance(t *testing.T) {
	t.Run("401 says everything", func(t *testing.T) {
		platformtest.Run(t, subject(
			hubsim.Settings{"hidden_as": 401, "task_refused_as": 401, "scope_missing_as": 401},
			map[platformtest.Cause]hubsim.Settings{
				// It may still list hubs: that is how a key that works is known.
				platformtest.PermissionMissing: {"missing_scopes": []string{"read:users", "write:integrations", "write:automations"}},
			}))
	})
	t.Run("403 says what is not allowed", func(t *testing.T) {
		platformtest.Run(t, subject(
			hubsim.Settings{"hidden_as": 403, "task_refused_as": 403, "scope_missing_as": 403},
			map[platformtest.Cause]hubsim.Settings{}))
	})
}

// simulated opens a connector to a simulator of its own with testHub in it.
func simulated(t *testing.T, people *hubsim.Generate, behaviour hubsim.Settings, more ...hubsim.PersonSeed) (*Connector, *hubsim.Sim) {
	t.Helper()
	sim := hubsim.New()
	if err := sim.Apply(hubsim.Seed{
		Hubs:        []hubsim.HubSeed{{Platform: Name, BusinessID: hubID, Name: "Northwind Pinterest", Settings: behaviour, Generate: people, People: more}},
		Credentials: []hubsim.Credential{credential(hubID)},
	}); err != nil {
		t.Fatal(err)
	}
	settings := testSettings()
	settings[settingEndpoint] = endpoints(sim.Start(t))[settingEndpoint]
	c, err := open(hub.Options{UserAgent: "test", Settings: settings, Now: sim.Clock().Now}, brief)
	if err != nil {
		t.Fatal(err)
	}
	return c, sim
}

// await looks at the job that a write became until it has ended.
func await(t *testing.T, c *Connector, err error) error {
	t.Helper()
	var started *hub.Started
	if !errors.As(err, &started) {
		t.Fatalf("error = %v, want a job", err)
	}
	for range 100 {
		if done, err := c.Job(t.Context(), testHub, started.Job); done || err != nil {
			return err
		}
	}
	t.Fatalf("job %s does not end", started.Job)
	return nil
}

func find(t *testing.T, c *Connector, email string) hub.Member {
	t.Helper()
	m, err := c.Lookup(t.Context(), testHub, hub.Key{Email: email})
	if err != nil {
		t.Fatalf("look up %s: %v", email, err)
	}
	return m
}

// TestRequestBudget: refreshing a hub costs its pages, not its people.
func TestRequestBudget(t *testing.T) {
	for _, tt := range []struct{ members, pages int }{{0, 1}, {1, 1}, {100, 1}, {101, 2}, {1000, 10}} {
		t.Run(fmt.Sprint(tt.members), func(t *testing.T) {
			c, sim := simulated(t, &hubsim.Generate{Members: tt.members}, nil)
			members, err := c.Members(t.Context(), testHub)
			if err != nil || len(members) != tt.members {
				t.Fatalf("%d members, want %d (error: %v)", len(members), tt.members, err)
			}
			if counts := sim.CountOps(); counts[hubsim.OpListMembers] != tt.pages || len(sim.Requests()) != tt.pages+1 {
				t.Errorf("requests = %v, want %d pages, one of unmatched users and nothing else", counts, tt.pages)
			}
		})
	}
}

// TestLookupBudget: what the engine asks after a write. Only who is not there
// costs the list.
func TestLookupBudget(t *testing.T) {
	c, sim := simulated(t, &hubsim.Generate{Members: 250, Admins: 2}, hubsim.Settings{"workspace_users": []string{"outside@northwind.example"}})
	seat := find(t, c, "member-00200@generated.example")
	ask := func(what string, budget int, key hub.Key, found bool) {
		t.Helper()
		sim.ResetRequests()
		_, err := c.Lookup(t.Context(), testHub, key)
		if found != (err == nil) || err != nil && !errors.Is(err, hub.ErrAbsent) {
			t.Errorf("%s: error = %v", what, err)
		}
		if got := len(sim.Requests()); got != budget {
			t.Errorf("%s: %d requests, want %d: %v", what, got, budget, sim.CountOps())
		}
	}
	ask("by id and address", 1, hub.Key{ID: seat.ID, Email: seat.Email, Status: seat.Status}, true)
	ask("by id", 1, hub.Key{ID: seat.ID}, true)
	ask("by address", 2, hub.Key{Email: seat.Email}, true)
	ask("not in the workspace", 1+1+3, hub.Key{Email: "nobody@northwind.example"}, false)
	ask("not on the hub", 2+1+3, hub.Key{Email: "outside@northwind.example"}, false)
	if err := await(t, c, c.Remove(t.Context(), testHub, seat)); err != nil {
		t.Fatal(err)
	}
	ask("removed", 1+1+3, hub.Key{ID: seat.ID, Email: seat.Email, Status: seat.Status}, false)
}

// TestShapes reads and changes the same hub in each of the ways Cerby's
// documents leave open.
func TestShapes(t *testing.T) {
	for name, behaviour := range map[string]hubsim.Settings{
		"as the contract has it":     {},
		"no next on the last page":   {"last_next": "missing"},
		"no meta":                    {"member_meta": "absent"},
		"empty meta":                 {"member_meta": "empty"},
		"status as a number":         {"error_status": "number"},
		"status as a string":         {"error_status": "string"},
		"times without a zone":       {"timestamps": "none"},
		"null for no failure":        {"success_details": "null"},
		"a failure of nulls":         {"success_details": "nulls"},
		"no unmatched users to see":  {"unmatched_endpoint": false},
		"one joins while it is read": {"churn": "join", "churn_times": 1},
		"one goes while it is read":  {"churn": "leave", "churn_times": 1},
		"jobs that take their time":  {"job_outcome": []any{map[string]any{"retrying": 3}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			behaviour["workspace_domains"] = []string{"northwind.example"}
			c, sim := simulated(t, &hubsim.Generate{Members: 150, Admins: 3}, behaviour)
			before, err := c.Members(t.Context(), testHub)
			people, _ := sim.People(Name, hubID)
			if err != nil || len(before) != len(people) {
				t.Fatalf("%d members, want %d (error: %v)", len(before), len(people), err)
			}
			const grace = "Grace.Hopper@Northwind.Example"
			_, err = c.Add(t.Context(), testHub, hub.Add{Email: grace, Role: "EMPLOYEE", Secondary: []string{"FINANCE"}})
			if err := await(t, c, err); err != nil {
				t.Fatalf("add: %v", err)
			}
			m := find(t, c, hub.FoldEmail(grace))
			if m.Status != hub.StatusActive || m.Role != "EMPLOYEE" || !slices.Equal(m.Secondary, []string{"FINANCE"}) {
				t.Errorf("added %+v", m)
			}
			if err := await(t, c, c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: "BIZ_ADMIN"})); err != nil {
				t.Errorf("change the role: %v", err)
			}
			if m = find(t, c, hub.FoldEmail(grace)); m.Role != "BIZ_ADMIN" || !slices.Equal(m.Secondary, []string{"FINANCE"}) {
				t.Errorf("changed to %+v", m)
			}
			if err := await(t, c, c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Revoke: "FINANCE"})); err != nil {
				t.Errorf("revoke: %v", err)
			}
			if m = find(t, c, hub.FoldEmail(grace)); m.Role != "BIZ_ADMIN" || len(m.Secondary) > 0 {
				t.Errorf("left with %+v", m)
			}
			if err := await(t, c, c.Remove(t.Context(), testHub, m)); err != nil {
				t.Errorf("remove: %v", err)
			}
			if err := c.Remove(t.Context(), testHub, m); c.Explain(err).Reason != hub.ReasonNotFound {
				t.Errorf("remove again: %v", err)
			}
		})
	}
}

// A hub that is never at rest is read twice, and is then an error.
func TestRestlessList(t *testing.T) {
	c, sim := simulated(t, &hubsim.Generate{Members: 150}, hubsim.Settings{"churn": "leave"})
	if members, err := c.Members(t.Context(), testHub); err == nil {
		// Each reading began anew, so one of them may have come out even.
		people, _ := sim.People(Name, hubID)
		if len(members) != len(people) {
			t.Errorf("%d members of %d, and no error", len(members), len(people))
		}
	} else if members != nil {
		t.Errorf("%d members beside the error %v", len(members), err)
	}
}

// TestWorkspace: Cerby adds people of its workspace. Who is not one is refused
// before a write, with what to do.
func TestWorkspace(t *testing.T) {
	c, sim := simulated(t, nil, hubsim.Settings{"workspace_users": []any{
		map[string]any{"email": "disabled@northwind.example", "status": "disabled"},
		map[string]any{"email": "Pending@northwind.example", "status": "pending"},
		map[string]any{"email": "guest@agency.example", "guest": true},
		"x.live@northwind.example",
	}})
	add := func(email string) error {
		_, err := c.Add(t.Context(), testHub, hub.Add{Email: email, Role: "EMPLOYEE"})
		return err
	}
	for email, says := range map[string]string{
		"nobody@northwind.example":   "is not in the Cerby workspace",
		"live@northwind.example":     "is not in the Cerby workspace", // a part of an address is another person
		"disabled@northwind.example": "is disabled",
	} {
		if f := c.Explain(add(email)); f.Reason != hub.ReasonNotFound || !strings.Contains(f.Detail, says) || !strings.Contains(f.Detail, "guest") || f.Attempts != 0 {
			t.Errorf("%s: fault = %+v", email, f)
		}
	}
	for _, in := range []hub.Add{{Email: "no address", Role: "EMPLOYEE"}, {Email: "x.live@northwind.example"}} {
		before := len(sim.Requests())
		if _, err := c.Add(t.Context(), testHub, in); err == nil || len(sim.Requests()) != before {
			t.Errorf("%+v: error = %v after %d requests", in, err, len(sim.Requests())-before)
		}
	}
	if n := len(sim.Writes()); n != 0 {
		t.Errorf("%d writes", n)
	}
	for _, email := range []string{"pending@northwind.example", "guest@agency.example", "X.Live@northwind.example"} {
		if err := await(t, c, add(email)); err != nil {
			t.Errorf("%s: %v", email, err)
		}
		if m := find(t, c, hub.FoldEmail(email)); m.Status != hub.StatusActive {
			t.Errorf("%+v", m) // one who never logged in has the seat all the same
		}
	}
}

// TestDisabled: the workspace has let somebody go, and the app has not.
func TestDisabled(t *testing.T) {
	c, _ := simulated(t, nil, nil, hubsim.PersonSeed{Email: "leaver@northwind.example", Role: "BIZ_ADMIN", Status: hubsim.StatusSuspended})
	m := find(t, c, "leaver@northwind.example")
	if m.Status != hub.StatusSuspended || m.Role != "BIZ_ADMIN" {
		t.Errorf("%+v", m)
	}
	if err := await(t, c, c.Remove(t.Context(), testHub, m)); err != nil {
		t.Errorf("remove: %v", err)
	}
}

// TestUnmatched: whom Cerby does not know is shown, and left to a person.
func TestUnmatched(t *testing.T) {
	const email = "contractor@agency.example"
	c, sim := simulated(t, &hubsim.Generate{Members: 2}, nil, hubsim.PersonSeed{Email: email, Role: "BIZ_ADMIN", Status: hubsim.StatusUnmatched})
	members, err := c.Members(t.Context(), testHub)
	if err != nil || len(members) != 3 {
		t.Fatalf("%d members (error: %v)", len(members), err)
	}
	m := find(t, c, email)
	if !isUnmatched(m.ID) || m.Status != hub.StatusUnknown || m.Role != "BIZ_ADMIN" {
		t.Errorf("%+v", m)
	}
	if again, err := c.Lookup(t.Context(), testHub, hub.Key{ID: m.ID}); err != nil || !reflect.DeepEqual(again, m) {
		t.Errorf("by id: %+v (error: %v)", again, err)
	}
	before := len(sim.Requests())
	for what, err := range map[string]error{
		"remove": c.Remove(t.Context(), testHub, m),
		"change": c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: "EMPLOYEE"}),
		"grant":  c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Grant: "FINANCE"}),
	} {
		if f := c.Explain(err); f.Reason != hub.ReasonUnsupported || !strings.Contains(f.Detail, "Unmatched users") {
			t.Errorf("%s: fault = %+v (error: %v)", what, f, err)
		}
	}
	if got := len(sim.Requests()); got != before {
		t.Errorf("%d requests for what is refused", got-before)
	}

	// The endpoint is unconfirmed. Without it there is a list, and a word about
	// who is not in it; and nobody whom it had shown is gone for that.
	if err := sim.Configure(Name, hubID, hubsim.Settings{"unmatched_endpoint": false}); err != nil {
		t.Fatal(err)
	}
	if members, err = c.Members(t.Context(), testHub); err != nil || len(members) != 2 {
		t.Errorf("%d members (error: %v)", len(members), err)
	}
	b, err := c.Verify(t.Context(), testHub)
	if err != nil || len(b.Notes) != 1 || !strings.Contains(b.Notes[0], "Unmatched users") {
		t.Errorf("business = %+v (error: %v)", b, err)
	}
	if _, err := c.Lookup(t.Context(), testHub, hub.Key{ID: m.ID, Email: email}); err == nil || errors.Is(err, hub.ErrAbsent) {
		t.Errorf("hidden, and the look-up says %v", err)
	}
}

// TestUnmatchedForms: its objects are unconfirmed, so is their id.
func TestUnmatchedForms(t *testing.T) {
	for name, tt := range map[string]struct {
		row  string
		want hub.Member
	}{
		"a number for an id":       {`{"id":17,"attributes":{"email":"a@b.example"}}`, hub.Member{ID: "unmatched:17", Email: "a@b.example"}},
		"no id":                    {`{"attributes":{"email":"A@b.example"}}`, hub.Member{ID: "unmatched:a@b.example", Email: "A@b.example"}},
		"a user name alone":        {`{"attributes":{"username":"a"}}`, hub.Member{ID: "unmatched:a", Username: "a"}},
		"fields of another kind":   {`{"id":"1","attributes":{"email":{"x":1},"firstName":["y"],"lastName":"L","entitlements":"z"}}`, hub.Member{ID: "unmatched:1", Name: "L"}},
		"attributes that are none": {`{"id":"1","attributes":7}`, hub.Member{ID: "unmatched:1"}},
		"nothing at all":           {`[]`, hub.Member{}},
		"matched as well":          {`{"id":"1","attributes":{"email":"mara.lind@NORTHWIND.example"}}`, hub.Member{ID: "-"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := dial(t, on(t, calmly(map[string][]say{"GET integrations/HUB/unmatched-users": {{body: `{"data":[` + tt.row + `],"links":{}}`}}})))
			members, err := c.Members(t.Context(), testHub)
			want := []hub.Member{mara}
			if tt.want.Status = hub.StatusUnknown; tt.want.ID != "-" {
				want = append(want, tt.want)
			}
			if err != nil || !reflect.DeepEqual(members, want) {
				t.Errorf("members = %+v, want %+v (error: %v)", members, want, err)
			}
		})
	}
	for status, hidden := range map[int]bool{400: true, 401: true, 403: true, 404: true, 405: true, 409: false, 500: false} {
		for _, body := range []string{failure(status, "x", "null"), "<html>"} {
			c, _ := dial(t, on(t, calmly(map[string][]say{"GET integrations/HUB/unmatched-users": {{status: status, body: body}}})))
			if members, err := c.Members(t.Context(), testHub); hidden != (err == nil) || hidden != (len(members) == 1) {
				t.Errorf("%d %s: %d members (error: %v)", status, body, len(members), err)
			}
		}
	}
}

// Whom Cerby matches between the two lists is in both, and not in neither.
func TestMatchedMidway(t *testing.T) {
	c, w := dial(t, func(n int, r sent) say {
		matched, unmatched := rowsOf(), rowsOf(strings.Replace(strangerRow, "contractor@agency.example", "mara.lind@northwind.example", 1))
		if n > 0 {
			matched, unmatched = rowsOf(maraRow), rowsOf()
		}
		if strings.HasSuffix(r.path, "/unmatched-users") {
			return say{body: unmatched}
		}
		return say{body: matched}
	})
	members, err := c.Members(t.Context(), testHub)
	if err != nil || len(members) != 1 {
		t.Errorf("%d members after %v (error: %v)", len(members), w.calls(), err)
	}
}

// TestAbsence: nobody is gone on the word of a call that may not see them.
func TestAbsence(t *testing.T) {
	absent := say{status: 404, body: notThere}
	const member, list, users = "GET integrations/HUB/users/MARA", "GET integrations/HUB/users", "GET users"
	for _, tt := range []struct {
		name    string
		key     hub.Key
		answers map[string][]say
		want    hub.Reason // "": found; ReasonNotFound: absent for certain
	}{
		{"not found, and not in the list", hub.Key{ID: maraID}, map[string][]say{member: {absent}, list: {{body: rowsOf()}}}, hub.ReasonNotFound},
		{"not found, and in the list", hub.Key{ID: maraID}, map[string][]say{member: {absent}}, ""},
		{"not found, and the hub is not either", hub.Key{ID: maraID}, map[string][]say{member: {absent}, list: {absent}}, "error"},
		{"not found, and the list is hidden", hub.Key{ID: maraID}, map[string][]say{member: {absent}, list: {{status: 403, body: failure(403, "x", "null")}}}, "error"},
		{"not found by a web server", hub.Key{ID: maraID}, map[string][]say{member: {{status: 404, body: "<html>"}}}, "error"},
		{"a new id, the same address", hub.Key{ID: "11111111-1111-4111-8111-111111111111", Email: hub.FoldEmail(mara.Email)}, map[string][]say{
			"GET integrations/HUB/users/11111111-1111-4111-8111-111111111111": {absent},
		}, ""},
		{"not in the workspace any more, and on the hub", hub.Key{Email: hub.FoldEmail(mara.Email)}, map[string][]say{users: {{body: rowsOf()}}}, ""},
		{"the workspace is hidden", hub.Key{Email: hub.FoldEmail(mara.Email)}, map[string][]say{users: {{status: 403, body: failure(403, "x", "null")}}}, "error"},
		{"somebody else instead", hub.Key{ID: maraID}, map[string][]say{member: {{body: `{"data":` + people(0, 1)[0] + `}`}}}, "error"},
		{"nobody asked for", hub.Key{}, nil, "error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dial(t, on(t, calmly(tt.answers)))
			m, err := c.Lookup(t.Context(), testHub, tt.key)
			switch {
			case tt.want == "" && (err != nil || m.ID != maraID):
				t.Errorf("%+v (error: %v)", m, err)
			case tt.want != "" && errors.Is(err, hub.ErrAbsent) != (tt.want == hub.ReasonNotFound), tt.want != "" && err == nil:
				t.Errorf("error = %v", err)
			}
		})
	}
}

// TestDemoted: a hub whose Owner the key's user no longer is, hidden as Cerby
// hides things.
func TestDemoted(t *testing.T) {
	for _, status := range []int{404, 401, 403} {
		c, sim := simulated(t, &hubsim.Generate{Members: 2}, hubsim.Settings{"hidden_as": status})
		m := find(t, c, "member-00001@generated.example")
		if err := sim.Configure(Name, hubID, hubsim.Settings{"not_admin": true}); err != nil {
			t.Fatal(err)
		}
		want := hub.ReasonForbidden
		if status == 404 {
			want = hub.ReasonNotFound // which is all that Cerby says
		}
		_, verifyErr := c.Verify(t.Context(), testHub)
		members, listErr := c.Members(t.Context(), testHub)
		_, lookErr := c.Lookup(t.Context(), testHub, hub.Key{ID: m.ID, Email: m.Email})
		for what, err := range map[string]error{"verify": verifyErr, "list": listErr, "look": lookErr} {
			if f := c.Explain(err); f.Reason != want || errors.Is(err, hub.ErrAbsent) || !strings.Contains(f.Detail, "Owner of") {
				t.Errorf("%d: %s: fault = %+v (error: %v)", status, what, f, err)
			}
		}
		if members != nil {
			t.Errorf("%d: %d members", status, len(members))
		}
		if f := c.Explain(c.Remove(t.Context(), testHub, m)); f.Reason != hub.ReasonForbidden {
			t.Errorf("%d: remove: %+v", status, f)
		}
	}
}

// TestTeam: a seat that a team gives stays, and the platform says why it may.
func TestTeam(t *testing.T) {
	const email = "member-00001@generated.example"
	c, _ := simulated(t, &hubsim.Generate{Members: 2}, hubsim.Settings{"team_grants": map[string]string{email: "EMPLOYEE"}})
	m := find(t, c, email)
	if err := await(t, c, c.Remove(t.Context(), testHub, m)); err != nil {
		t.Fatalf("remove: %v", err)
	}
	if now := find(t, c, email); now.ID != m.ID || !strings.Contains(platform.Lingering, "team") {
		t.Errorf("%+v; %q", now, platform.Lingering)
	}
}

// TestStuckJob: whatever Cerby calls a job that has not ended, it has not.
func TestStuckJob(t *testing.T) {
	for _, status := range []string{"stuck", "awaiting_moon"} {
		c, sim := simulated(t, &hubsim.Generate{Members: 2}, hubsim.Settings{"job_outcome": []any{map[string]any{"end": status}}})
		var started *hub.Started
		if err := c.Remove(t.Context(), testHub, find(t, c, "member-00001@generated.example")); !errors.As(err, &started) {
			t.Fatal(err)
		}
		sim.Clock().Advance(24 * time.Hour)
		if done, err := c.Job(t.Context(), testHub, started.Job); done || err != nil {
			t.Errorf("%s: done = %t (error: %v)", status, done, err)
		}
	}
}

// TestSeveralPrimaries: a permission-style app.
func TestSeveralPrimaries(t *testing.T) {
	c, sim := simulated(t, nil, hubsim.Settings{
		"several_primaries": true,
		"entitlements": []any{
			map[string]any{"id": "READ", "group": "primary"},
			map[string]any{"id": "WRITE", "group": "primary"},
			map[string]any{"id": "ACCOUNT_OWNER", "group": "primary"},
			map[string]any{"id": "BILLING", "group": "secondary"},
		},
		"admin": "ACCOUNT_OWNER",
	}, hubsim.PersonSeed{Email: "ada@northwind.example", Role: "READ", ExtraRoles: []string{"ACCOUNT_OWNER", "WRITE", "BILLING"}})
	m := find(t, c, "ada@northwind.example")
	if m.Role != "ACCOUNT_OWNER" || !slices.Equal(m.Secondary, []string{"BILLING", "READ", "WRITE"}) {
		t.Fatalf("%+v", m)
	}
	// Demoted means demoted: no other primary role stays behind.
	if err := await(t, c, c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: "WRITE"})); err != nil {
		t.Fatal(err)
	}
	if m = find(t, c, "ada@northwind.example"); m.Role != "WRITE" || !slices.Equal(m.Secondary, []string{"BILLING"}) {
		t.Errorf("%+v", m)
	}
	sim.ResetRequests()
	if err := c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: "WRITE"}); err != nil || len(sim.Writes()) != 0 {
		t.Errorf("%d writes for what is so (error: %v)", len(sim.Writes()), err)
	}
	if err := c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{}); err != nil || len(sim.Writes()) != 0 {
		t.Errorf("%d writes for nothing (error: %v)", len(sim.Writes()), err)
	}
}

// TestUnseenRoles: an empty list of roles is one that Cerby gives; without a
// list a new role would take what nobody can see.
func TestUnseenRoles(t *testing.T) {
	for how, writes := range map[string]int{"empty": 1, "missing": 0} {
		c, sim := simulated(t, nil, hubsim.Settings{"no_entitlements": how}, hubsim.PersonSeed{Email: "sharer@northwind.example", Role: "none"})
		m := find(t, c, "sharer@northwind.example")
		if m.Role != "" || len(m.Secondary) > 0 {
			t.Errorf("%+v", m)
		}
		err := c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: "EMPLOYEE"})
		if got := len(sim.Writes()); got != writes || err == nil {
			t.Errorf("%s: %d writes, want %d (error: %v)", how, got, writes, err)
		}
	}
}

func TestRolesIn(t *testing.T) {
	role := func(id, group, key string) entitlement {
		e := entitlement{ID: id}
		e.Attributes.Group, e.Attributes.Key = group, key
		return e
	}
	got := rolesIn([]entitlement{
		role("m", "primary", "team-member"), role("m", "primary", "again"), role("", "primary", "nameless"),
		role("ADMIN_TOOLS", "secondary", ""), role("x", "tertiary", "X"),
	})
	want := []hub.Role{
		{ID: "m", Label: "team-member", Kind: hub.Primary, Default: true}, // the only one
		{ID: "ADMIN_TOOLS", Label: "ADMIN_TOOLS", Kind: hub.Secondary},
		{ID: "x", Label: "X", Kind: hub.Secondary},
	}
	if !slices.Equal(got, want) {
		t.Errorf("roles = %+v, want %+v", got, want)
	}
	if got := rolesIn([]entitlement{role("a", "primary", "a"), role("b", "PRIMARY", "Billing Owner")}); got[0].Default || got[1].Default || !got[1].Admin {
		t.Errorf("roles = %+v: of two, neither is the least", got)
	}
}

func TestIsAdmin(t *testing.T) {
	for key, want := range map[string]bool{
		"ADMIN": true, "BIZ_ADMIN": true, "workspace-owner": true, "Super Admin": true, "account.administrator": true,
		"EMPLOYEE": false, "ADMINISTRATIVE_ASSISTANT": false, "BADMINTON": false, "CO_OWNERSHIP": false, "": false,
	} {
		if got := isAdmin(key); got != want {
			t.Errorf("isAdmin(%q) = %t", key, got)
		}
	}
}

func TestRunbookFor(t *testing.T) {
	for application, want := range map[string]string{
		"pinterest_business": "pinterest_business", "Pinterest": "pinterest_business",
		"facebook_business_manager": "meta_business", "meta": "meta_business", "meta-business": "meta_business",
		"google_ads": "google_ads", "google_ads_manager": "google_ads", "adwords": "google_ads",
		"snapchat_business": "snapchat_business", "tiktok_business_center": "tiktok_business", "tiktok": "tiktok_business",
		"metabase": "", "google_workspace": "", "youtube_tenant": "", "mailchimp": "", "twitter": "", "": "",
	} {
		if got := runbookFor(application); got != want {
			t.Errorf("runbook for %q = %q, want %q", application, got, want)
		}
	}
}

// manyBusinesses is a credential with a part in so many businesses that their
// list takes three pages.
func manyBusinesses(t *testing.T) (c *Connector, sim *hubsim.Sim, ids []string) {
	t.Helper()
	sim = hubsim.New()
	var seed hubsim.Seed
	for i := range 230 {
		id := fmt.Sprintf("6f0f6a5e-3b0e-4c43-9c59-5f3d2c1%05d", i)
		ids = append(ids, id)
		seed.Hubs = append(seed.Hubs, hubsim.HubSeed{Platform: Name, BusinessID: id, Name: fmt.Sprintf("Northwind %03d", i)})
	}
	seed.Credentials = []hubsim.Credential{credential(ids...)}
	if err := sim.Apply(seed); err != nil {
		t.Fatal(err)
	}
	settings := testSettings()
	settings[settingEndpoint] = endpoints(sim.Start(t))[settingEndpoint]
	c, err := open(hub.Options{UserAgent: "test", Settings: settings, Now: sim.Clock().Now}, brief)
	if err != nil {
		t.Fatal(err)
	}
	return c, sim, ids
}

func TestBusinesses_everyPage(t *testing.T) {
	c, sim, ids := manyBusinesses(t)
	found, err := c.Businesses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range found {
		got = append(got, b.ID)
	}
	slices.Sort(got)
	slices.Sort(ids)
	if !slices.Equal(got, ids) {
		t.Errorf("%d businesses, want all %d", len(got), len(ids))
	}
	if n := len(sim.Requests(hubsim.ByOperation(hubsim.OpListBusinesses))); n != 3 {
		t.Errorf("%d requests for three pages", n)
	}
}

func TestBusinesses_cutOnTheLastPage(t *testing.T) {
	c, sim, _ := manyBusinesses(t)
	fault, err := sim.AddFault(hubsim.Fault{Platform: Name, Kind: hubsim.FaultTruncate, Operation: hubsim.OpListBusinesses, Skip: 2})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := c.Businesses(t.Context()); err == nil || found != nil {
		t.Errorf("%d businesses (error: %v) of a list that broke off", len(found), err)
	}
	if n := sim.Faults(); len(n) != 1 || n[0].Applied == 0 {
		t.Errorf("fault %v was not met: %+v", fault, n)
	}
}
