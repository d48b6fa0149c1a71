package scim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

func groupRow(id, name string, members ...string) string {
	var list []string
	for _, m := range members {
		list = append(list, fmt.Sprintf(`{"value":%q,"type":"User"}`, m))
	}
	return fmt.Sprintf(`{"id":%q,"displayName":%q,"members":[%s],"meta":{"version":"v-%s"}}`, id, name, strings.Join(list, ","), id)
}

var groupSettings = map[string]string{settingRoleSource: "groups"}

const (
	joinEditor  = `PATCH {"Operations":[{"op":"add","path":"members","value":[{"value":"7"}]}]}`
	leaveViewer = `PATCH {"Operations":[{"op":"remove","path":"members[value eq \"7\"]"}]}`
)

// club is an app whose groups are roles: ada, 7, is a viewer, and so is bob, 8.
type club struct {
	groups map[string]string   // id to name
	in     map[string][]string // id to members
	takes  func(r sent) say    // nil: everything the RFC's way
}

func newClub() *club {
	return &club{groups: map[string]string{"g1": "viewer", "g2": "Editor", "g3": "admin"}, in: map[string][]string{"g1": {"7", "8"}}}
}

func (c *club) row(id string) string { return groupRow(id, c.groups[id], c.in[id]...) }

func (c *club) answer(_ int, r sent) say {
	id := r.path[strings.LastIndex(r.path, "/")+1:]
	switch {
	case r.path == "/Users":
		return say{body: found(2, row("7", ada, true), row("8", "bob@northwind.example", true))}
	case r.call() == "GET /Users/7":
		return say{body: row("7", ada, true)}
	case r.path == "/Groups":
		return say{body: found(len(c.groups), c.row("g1"), c.row("g2"), c.row("g3"))}
	case r.method == http.MethodGet && c.groups[id] != "":
		return say{body: c.row(id)}
	case r.method != http.MethodPatch || c.groups[id] == "":
		return refuse(404, "")
	}
	if c.takes != nil {
		if got := c.takes(r); got.status >= 300 {
			return got
		}
	}
	gone := slices.DeleteFunc(slices.Clone(c.in[id]), func(m string) bool { return m == "7" })
	switch {
	case strings.Contains(r.body, `"remove"`), strings.Contains(r.body, `"Remove"`):
		c.in[id] = gone
	case strings.Contains(r.body, `"replace"`) && !strings.Contains(r.body, `"7"`):
		c.in[id] = gone
	default:
		c.in[id] = append(gone, "7")
	}
	return say{status: 204}
}

func (c *club) connect(t *testing.T) (*Connector, *wire) {
	return dial(t, groupSettings, testRoles, c.answer)
}

// TestMove: into the new group, seen to be there, and only then out of the old
// one, by the filter that names the one person.
func TestMove(t *testing.T) {
	app := newClub()
	c, w := app.connect(t)
	if err := c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: "editor"}); err != nil {
		t.Fatal(err)
	}
	want := []string{"GET /Users/7", "GET /Groups", "PATCH /Groups/g2", "GET /Groups/g2", "PATCH /Groups/g1", "GET /Groups/g1"}
	if got := w.calls(); !slices.Equal(got, want) {
		t.Errorf("calls %q, want %q", got, want)
	}
	if got := w.writes(); !slices.Equal(got, []string{joinEditor, leaveViewer}) {
		t.Errorf("wrote %q", got)
	}
	members, err := c.Members(t.Context(), testHub)
	if err != nil || members[0].Role != "editor" || members[1].Role != "viewer" {
		t.Errorf("%+v, error %v", members, err)
	}
}

// TestMoveForms: what an app does not take is written otherwise, and never as a
// removal of members without a filter.
func TestMoveForms(t *testing.T) {
	is := func(parts ...string) func(sent) say {
		return func(r sent) say {
			for _, part := range parts {
				if strings.Contains(r.body, part) {
					return say{}
				}
			}
			return refuse(400, "invalidPath")
		}
	}
	for name, tt := range map[string]struct {
		takes  func(sent) say
		want   int // writes
		reason hub.Reason
	}{
		"the RFC's": {nil, 2, ""},
		"a 409 that is not so": {func(r sent) say {
			if strings.Contains(r.body, `"add"`) {
				return refuse(409, "")
			}
			return say{}
		}, 3 + 1, ""},
		"capitalised":       {is(`"Add"`, `"Remove"`), 3 + 2, ""},
		"the whole list":    {is(`"replace"`), 4 + 3, ""},
		"nothing":           {is("nothing"), 4, hub.ReasonInvalidInput},
		"forbidden":         {func(sent) say { return refuse(403, "") }, 1, hub.ReasonForbidden},
		"the group is gone": {func(sent) say { return refuse(404, "") }, 1, hub.ReasonInvalidRole},
	} {
		t.Run(name, func(t *testing.T) {
			app := newClub()
			app.takes = tt.takes
			c, w := app.connect(t)
			err := c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: "editor"})
			for _, write := range w.writes() {
				if strings.Contains(strings.ToLower(write), `"op":"remove","path":"members"`) {
					t.Errorf("everybody would go: %s", write)
				}
			}
			for _, r := range w.requests {
				if strings.Contains(r.body, `"replace"`) && r.header.Get("If-Match") == "" {
					t.Errorf("the whole list without If-Match: %s", r.body)
				}
			}
			if !slices.Contains(app.in["g1"], "8") {
				t.Errorf("bob fell out: %q", app.in)
			}
			if tt.reason != "" {
				if fault := c.Explain(err); fault.Reason != tt.reason {
					t.Errorf("fault %+v, want %q", fault, tt.reason)
				}
				if !slices.Contains(app.in["g1"], "7") {
					t.Errorf("ada fell out: %q", app.in)
				}
			} else if err != nil || !slices.Equal(app.in["g2"], []string{"7"}) || slices.Contains(app.in["g1"], "7") {
				t.Errorf("%q, error %v", app.in, err)
			}
			if got := w.writes(); len(got) != tt.want {
				t.Errorf("%d writes, want %d: %q", len(got), tt.want, got)
			}
		})
	}
}

// TestNoVersionNoList: the whole list of members only goes out over the version
// that was read. Without versions somebody else's newcomer would be lost.
func TestNoVersionNoList(t *testing.T) {
	c, w := dial(t, groupSettings, testRoles, on(t, map[string][]say{
		"GET /Users/7":     {{body: row("7", ada, true)}},
		"GET /Groups":      {{body: found(1, `{"id":"g1","displayName":"viewer","members":[{"value":"8"}]}`)}},
		"GET /Groups/g1":   {{body: `{"id":"g1","displayName":"viewer","members":[{"value":"8"}]}`}},
		"PATCH /Groups/g1": {refuse(400, "invalidPath")},
	}))
	err := c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: "viewer"})
	if err == nil || len(w.writes()) != 3 {
		t.Errorf("wrote %q, error %v", w.writes(), err)
	}
	for _, write := range w.writes() {
		if strings.Contains(write, `"replace"`) {
			t.Errorf("replaced without a version: %s", write)
		}
	}
}

// TestJoinIsBelievedWhenSeen: 409 is "in it already" when a read says so too.
func TestJoinIsBelievedWhenSeen(t *testing.T) {
	app := newClub()
	app.takes = func(r sent) say {
		if strings.Contains(r.body, `"add"`) {
			app.in["g2"] = []string{"7"} // somebody was quicker
			return refuse(409, "uniqueness")
		}
		return say{}
	}
	c, w := app.connect(t)
	if err := c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: "editor"}); err != nil || len(w.writes()) != 2 {
		t.Errorf("%q, error %v", w.writes(), err)
	}
}

// TestLostJoin: the half of a move whose answer is lost is looked for, because
// the other half depends on it.
func TestLostJoin(t *testing.T) {
	for _, done := range []bool{true, false} {
		t.Run(fmt.Sprint("done ", done), func(t *testing.T) {
			app := newClub()
			app.takes = func(r sent) say {
				if strings.Contains(r.body, `"add"`) {
					if done {
						app.in["g2"] = []string{"7"}
					}
					return say{status: 502}
				}
				return say{}
			}
			c, w := app.connect(t)
			err := c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: "editor"})
			switch {
			case done && (err != nil || len(w.writes()) != 2):
				t.Errorf("%q, error %v", w.writes(), err)
			case !done && (err == nil || !c.Explain(err).Uncertain || len(w.writes()) != 1):
				t.Errorf("%q, fault %+v", w.writes(), c.Explain(err))
			}
		})
	}
}

// TestGroupsAreNotGuessed: groups that cannot be read, or told apart, are errors.
func TestGroupsAreNotGuessed(t *testing.T) {
	users := say{body: found(1, row("7", ada, true))}
	for name, tt := range map[string]struct {
		answers map[string][]say
		says    string
	}{
		"no list":             {map[string][]say{"GET /Groups": {refuse(403, "")}}, "403"},
		"no members of one":   {map[string][]say{"GET /Groups": {{body: found(1, `{"id":"g1","displayName":"viewer"}`)}}, "GET /Groups/g1": {refuse(500, "")}}, "viewer"},
		"two of one name":     {map[string][]say{"GET /Groups": {{body: found(2, groupRow("g1", "viewer"), groupRow("g2", "Viewer"))}}}, "several groups"},
		"members of no shape": {map[string][]say{"GET /Groups": {{body: found(1, `{"id":"g1","displayName":"viewer","members":42}`)}}}, "members of group g1"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.answers["GET /Users"], tt.answers["GET /Users/7"] = []say{users}, []say{{body: row("7", ada, true)}}
			c, _ := dial(t, groupSettings, testRoles, on(t, tt.answers))
			for what, call := range map[string]func() error{
				"Members": func() error { _, err := c.Members(t.Context(), testHub); return err },
				"Lookup":  func() error { _, err := c.Lookup(t.Context(), testHub, hub.Key{ID: "7"}); return err },
				"Change":  func() error { return c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: "editor"}) },
			} {
				if err := call(); err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("%s: error %v, want something with %q", what, err, tt.says)
				}
			}
		})
	}
}

// TestGroupNames: a role can be a group's id, and groups that share a name go by
// their ids.
func TestGroupNames(t *testing.T) {
	c, _ := dial(t, groupSettings, []string{"g1", "admin"}, on(t, map[string][]say{
		"GET /Users": {{body: found(1, row("7", ada, true))}},
		"GET /Groups": {{body: found(5, groupRow("g1", "Twin", "7"), groupRow("g2", "Twin", "7"), groupRow("g3", "ADMIN"), groupRow("g4", "Everyone", "7"),
			`{"id":"g5","displayName":"Nested","members":[{"value":"7","type":"Group"}]}`)}},
	}))
	members, err := c.Members(t.Context(), testHub)
	if err != nil || members[0].Role != "g1" || !slices.Equal(members[0].Secondary, []string{"Everyone", "g2"}) {
		t.Errorf("%+v, error %v", members, err)
	}
}

// TestMembersLeftOut: where the list shows members of none, each group is read;
// where it shows some, a group without is empty.
func TestMembersLeftOut(t *testing.T) {
	for name, tt := range map[string]struct {
		list  string
		calls []string
	}{
		"of all":  {found(2, `{"id":"g1","displayName":"viewer"}`, `{"id":"g2","displayName":"editor"}`), []string{"GET /Users", "GET /Groups", "GET /Groups/g1", "GET /Groups/g2"}},
		"of some": {found(2, groupRow("g1", "viewer", "7"), `{"id":"g2","displayName":"editor"}`), []string{"GET /Users", "GET /Groups"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, w := dial(t, groupSettings, testRoles, on(t, map[string][]say{
				"GET /Users":     {{body: found(1, row("7", ada, true))}},
				"GET /Groups":    {{body: tt.list}},
				"GET /Groups/g1": {{body: groupRow("g1", "viewer", "7")}},
				"GET /Groups/g2": {{body: `{"id":"g2","displayName":"editor"}`}},
			}))
			members, err := c.Members(t.Context(), testHub)
			if err != nil || members[0].Role != "viewer" || !slices.Equal(w.calls(), tt.calls) {
				t.Errorf("%+v in %q, error %v", members, w.calls(), err)
			}
		})
	}
}

// TestAddToGroups: the group is there before the account is made, and an account
// that got into no group is not lost from sight.
func TestAddToGroups(t *testing.T) {
	list := say{body: found(2, groupRow("g1", "viewer"), groupRow("g9", "Billing"))}
	t.Run("no such group", func(t *testing.T) {
		c, w := dial(t, groupSettings, testRoles, on(t, map[string][]say{"GET /Groups": {list}}))
		_, err := c.Add(t.Context(), testHub, hub.Add{Email: ada, Role: "editor"})
		if fault := c.Explain(err); fault.Reason != hub.ReasonInvalidRole || !strings.Contains(fault.Detail, "Billing, viewer") || len(w.writes()) > 0 {
			t.Errorf("fault %+v after %q", fault, w.writes())
		}
	})
	t.Run("refused", func(t *testing.T) {
		c, _ := dial(t, groupSettings, testRoles, on(t, map[string][]say{
			"GET /Groups": {list}, "POST /Users": {{status: 201, body: row("7", ada, true)}}, "PATCH /Groups/g1": {refuse(403, "")},
		}))
		m, err := c.Add(t.Context(), testHub, hub.Add{Email: ada, Role: "viewer"})
		if err == nil || m.ID != "7" || m.Role != "" || m.Email != ada {
			t.Errorf("%+v, error %v", m, err)
		}
	})
	t.Run("an answer without an id", func(t *testing.T) {
		c, w := dial(t, groupSettings, testRoles, on(t, map[string][]say{
			"GET /Groups": {list}, "POST /Users": {{status: 201}}, "GET /Users": {{body: found(1, row("7", ada, true))}},
			"PATCH /Groups/g1": {{status: 204}}, "GET /Groups/g1": {{body: groupRow("g1", "viewer", "7")}},
		}))
		m, err := c.Add(t.Context(), testHub, hub.Add{Email: ada, Role: "viewer"})
		if err != nil || m.ID != "7" || m.Role != "viewer" {
			t.Errorf("%+v, error %v in %q", m, err, w.calls())
		}
	})
}

// TestVerifyGroups: a role without a group is worth saying, and stops nothing.
func TestVerifyGroups(t *testing.T) {
	c, _ := dial(t, groupSettings, testRoles, on(t, map[string][]say{
		"GET /Users": {{body: found(1, row("7", ada, true))}}, "GET /Groups": {{body: found(2, groupRow("g1", "viewer", "7"), groupRow("g2", "Editor"))}},
	}))
	b, err := c.Verify(t.Context(), testHub)
	if err != nil || len(b.Notes) != 1 || !strings.Contains(b.Notes[0], `"admin"`) || b.ID != testApp || !strings.HasPrefix(b.Name, "127.0.0.1") {
		t.Errorf("%+v, error %v", b, err)
	}
}
