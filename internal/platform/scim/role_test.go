package scim

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// TestSplit: which of the roles somebody holds is the primary one.
func TestSplit(t *testing.T) {
	for name, tt := range map[string]struct {
		list      []string
		held      string
		role      string
		secondary []string
	}{
		"none":                               {testRoles, `[]`, "", nil},
		"the one of the list":                {testRoles, `[{"value":"billing","primary":true},{"value":"editor"}]`, "editor", []string{"billing"}},
		"the marked one of several":          {testRoles, `[{"value":"admin"},{"value":"viewer","primary":true}]`, "viewer", []string{"admin"}},
		"the most privileged of several":     {testRoles, `[{"value":"viewer"},{"value":"admin"},{"value":"editor"}]`, "admin", []string{"editor", "viewer"}},
		"two marked are none":                {testRoles, `[{"value":"viewer","primary":true},{"value":"admin","primary":true}]`, "admin", []string{"viewer"}},
		"none of the list":                   {testRoles, `[{"value":"zz"},{"value":"aa"}]`, "", []string{"aa", "zz"}},
		"spelt as the configuration does":    {testRoles, `[{"value":"Admin"}]`, "admin", nil},
		"without a list, the marked one":     {nil, `[{"value":"a"},{"value":"b","primary":true}]`, "b", []string{"a"}},
		"without a list, the only one":       {nil, `[{"value":"Billing"}]`, "Billing", nil},
		"without a list, the first by name":  {nil, `[{"value":"c"},{"value":"b"}]`, "b", []string{"c"}},
		"strings":                            {testRoles, `["viewer","billing"]`, "viewer", []string{"billing"}},
		"one string":                         {testRoles, `"viewer"`, "viewer", nil},
		"one object":                         {testRoles, `{"value":"viewer"}`, "viewer", nil},
		"text for a boolean":                 {nil, `[{"value":"a"},{"value":"b","primary":"True"}]`, "b", []string{"a"}},
		"JSON in text":                       {testRoles, `[{"value":"{\"id\":\"18d1\",\"value\":\"editor\",\"displayName\":\"Editors\"}"}]`, "editor", nil},
		"JSON in text with a name alone":     {testRoles, `[{"value":"{\"id\":\"18d1\",\"displayName\":\"Editor\"}"}]`, "editor", nil},
		"no JSON after all":                  {nil, `["{x"]`, "{x", nil},
		"names of attributes in other cases": {testRoles, `[{"VALUE":"admin","Primary":true}]`, "admin", nil},
		"a display name and no value":        {testRoles, `[{"display":"Viewer"}]`, "viewer", nil},
		"null":                               {testRoles, `null`, "", nil},
		"a null in it":                       {testRoles, `[null,{"value":"admin"}]`, "admin", nil},
		"twice":                              {testRoles, `["admin","billing","billing"]`, "admin", []string{"billing"}},
	} {
		t.Run(name, func(t *testing.T) {
			var held entries
			if err := json.Unmarshal([]byte(tt.held), &held); err != nil {
				t.Fatal(err)
			}
			role, secondary := roles{primary: tt.list}.split(held.list)
			if role != tt.role || !slices.Equal(secondary, tt.secondary) {
				t.Errorf("%q and %q, want %q and %q", role, secondary, tt.role, tt.secondary)
			}
		})
	}
	for _, held := range []string{`42`, `[42]`, `true`, `[{"type":"x"}]`} {
		var e entries
		if err := json.Unmarshal([]byte(held), &e); err == nil {
			t.Errorf("%s is read as %+v: a role that cannot be read is not none", held, e)
		}
	}
}

// TestChange: what a change does to what somebody holds, as each form says it.
func TestChange(t *testing.T) {
	for name, tt := range map[string]struct {
		list   []string
		held   string
		change hub.RoleChange
		whole  string // of replace
		edit   string
	}{
		"the others of the list go": {
			testRoles, `[{"value":"viewer","primary":true},{"value":"Editor","x":1},{"value":"billing"}]`,
			hub.RoleChange{Role: "admin"},
			`[{"value":"billing"},{"primary":true,"value":"admin"}]`,
			`remove roles[value eq "viewer"]; remove roles[value eq "Editor"]; add roles [{"primary":true,"value":"admin"}]`,
		},
		"held beside another": {
			testRoles, `[{"value":"viewer"},{"value":"admin","display":"Boss"}]`,
			hub.RoleChange{Role: "admin"},
			`[{"display":"Boss","primary":true,"value":"admin"}]`, `remove roles[value eq "viewer"]`,
		},
		"without a list, one value goes": {
			nil, `[{"value":"a","primary":true},{"value":"b"}]`,
			hub.RoleChange{Role: "c"},
			`[{"value":"b"},{"primary":true,"value":"c"}]`, `remove roles[value eq "a"]; add roles [{"primary":true,"value":"c"}]`,
		},
		"without a list, one that is held becomes the primary one": {
			nil, `[{"value":"a","primary":true},{"value":"b"},{"value":"c","primary":false}]`,
			hub.RoleChange{Role: "b"},
			`[{"primary":true,"value":"b"},{"primary":false,"value":"c"}]`, `remove roles[value eq "a"]; replace roles[value eq "b"].primary true`,
		},
		"strings stay strings": {
			testRoles, `["viewer","billing"]`, hub.RoleChange{Role: "admin"}, `["billing","admin"]`, `remove roles[value eq "viewer"]; add roles ["admin"]`,
		},
		"JSON in text goes as it came": {
			testRoles, `[{"value":"{\"value\":\"viewer\"}"}]`,
			hub.RoleChange{Role: "admin"},
			`[{"primary":true,"value":"admin"}]`, `remove roles[value eq "{\"value\":\"viewer\"}"]; add roles [{"primary":true,"value":"admin"}]`,
		},
		"quoted as JSON and no more": {
			nil, `["R&D <\"a\">"]`, hub.RoleChange{Role: "b"}, `["b"]`, `remove roles[value eq "R&D <\"a\">"]; add roles ["b"]`,
		},
		"granted":              {testRoles, `[{"value":"viewer","primary":true}]`, hub.RoleChange{Grant: "billing"}, `[{"primary":true,"value":"viewer"},{"value":"billing"}]`, `add roles [{"value":"billing"}]`},
		"the last one revoked": {testRoles, `[{"value":"billing"}]`, hub.RoleChange{Revoke: "billing"}, ``, `remove roles[value eq "billing"]`},
	} {
		t.Run(name, func(t *testing.T) {
			var held entries
			if err := json.Unmarshal([]byte(tt.held), &held); err != nil {
				t.Fatal(err)
			}
			plan := roles{source: fromRoles, primary: tt.list}.change(held.list, tt.change)
			if plan.empty() {
				t.Fatal("nothing to do")
			}
			whole := ""
			if ops := plan.operations(formReplace, "roles", held); len(ops) > 0 {
				whole = string(jsonOf(ops[0].Value))
			}
			var edits []string
			for _, op := range plan.operations(formEdit, "roles", held) {
				text := op.Op + " " + op.Path
				if op.Value != nil {
					text += " " + string(jsonOf(op.Value))
				}
				edits = append(edits, text)
			}
			if whole != tt.whole || strings.Join(edits, "; ") != tt.edit {
				t.Errorf("replace %s, edit %s\nwant %s and %s", whole, strings.Join(edits, "; "), tt.whole, tt.edit)
			}
		})
	}
}

// TestCheck: what the configuration rules out costs no request.
func TestCheck(t *testing.T) {
	for name, tt := range map[string]struct {
		settings map[string]string
		roles    []string
		try      func(*Connector) error
		want     hub.Reason
	}{
		"a role not listed": {nil, testRoles, func(c *Connector) error {
			return c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: "owner"})
		}, hub.ReasonInvalidRole},
		"a primary role granted": {nil, testRoles, func(c *Connector) error {
			return c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Grant: "Admin"})
		}, hub.ReasonInvalidRole},
		"an add with a role not listed": {nil, testRoles, func(c *Connector) error {
			_, err := c.Add(t.Context(), testHub, hub.Add{Email: ada, Role: "owner"})
			return err
		}, hub.ReasonInvalidRole},
		"an add with a primary role beside it": {nil, testRoles, func(c *Connector) error {
			_, err := c.Add(t.Context(), testHub, hub.Add{Email: ada, Role: "viewer", Secondary: []string{"editor"}})
			return err
		}, hub.ReasonInvalidRole},
		"roles that are not in SCIM": {map[string]string{settingRoleSource: "none"}, nil, func(c *Connector) error {
			return c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: "admin"})
		}, hub.ReasonUnsupported},
		"granting where they are not": {map[string]string{settingRoleSource: "none"}, nil, func(c *Connector) error {
			return c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Grant: "billing"})
		}, hub.ReasonUnsupported},
		"nobody in particular": {nil, testRoles, func(c *Connector) error {
			return c.Remove(t.Context(), testHub, hub.Member{Email: ada, Status: hub.StatusActive})
		}, hub.ReasonUnknown},
		"another hub": {nil, testRoles, func(c *Connector) error {
			return c.Remove(t.Context(), hub.Ref{Platform: Name, BusinessID: "other"}, adaSeat)
		}, hub.ReasonNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			c, w := dial(t, tt.settings, tt.roles, on(t, nil))
			err := tt.try(c)
			if fault := c.Explain(err); err == nil || fault.Reason != tt.want || fault.Detail == "" {
				t.Errorf("fault %+v, want %q (error %v)", fault, tt.want, err)
			}
			if len(w.requests) > 0 {
				t.Errorf("sent %q", w.calls())
			}
		})
	}
}

// TestMember: what of a user becomes of a member, and what never does.
func TestMember(t *testing.T) {
	for name, tt := range map[string]struct {
		profile string
		user    string
		want    hub.Member
	}{
		"an address as user name": {"", `{"id":"1","userName":"Ada@x.example","displayName":"Ada","emails":[{"value":"other@x.example","primary":true}],"active":true,"roles":["viewer"],"password":"p"}`, hub.Member{Email: "Ada@x.example", Name: "Ada", Status: hub.StatusActive, Role: "viewer"}},
		"a handle":                {"", `{"id":"1","userName":"ada","name":{"givenName":"Ada","familyName":"L"},"emails":[{"value":"a@x.example"},{"value":"w@x.example","type":"work"}]}`, hub.Member{Email: "w@x.example", Username: "ada", Name: "Ada L", Status: hub.StatusActive}},
		"Slack":                   {"slack", `{"id":"1","userName":"ada@x.example","emails":[{"value":"b@x.example"},{"value":"p@x.example","primary":"true"}]}`, hub.Member{Email: "p@x.example", Username: "ada@x.example", Status: hub.StatusActive}},
		"no address":              {"", `{"id":"1","userName":"robot"}`, hub.Member{Username: "robot", Status: hub.StatusActive}},
		"one address as a string": {"", `{"id":"1","userName":"ada","emails":"a@x.example"}`, hub.Member{Email: "a@x.example", Username: "ada", Status: hub.StatusActive}},
		"switched off in text":    {"", `{"id":"1","userName":"a@x.example","active":"False"}`, hub.Member{Email: "a@x.example", Status: hub.StatusSuspended}},
		"switched off":            {"", `{"ID":"1","USERNAME":"a@x.example","Active":false}`, hub.Member{Email: "a@x.example", Status: hub.StatusSuspended}},
		"nobody knows":            {"", `{"id":"1","userName":"a@x.example","active":"dormant"}`, hub.Member{Email: "a@x.example", Status: hub.StatusUnknown}},
		"active is null":          {"", `{"id":"1","userName":"a@x.example","active":null}`, hub.Member{Email: "a@x.example", Status: hub.StatusActive}},
		"obscured":                {"github_enterprise", `{"id":"1","userName":"x","active":false,"externalId":"roster:a@x.example","emails":[{"value":"x@h.invalid"}]}`, hub.Member{Email: "a@x.example", Username: "x", Status: hub.StatusSuspended}},
		"obscured, not ours":      {"github_enterprise", `{"id":"1","userName":"x","active":false,"externalId":"42","emails":[{"value":"x@h.invalid"}]}`, hub.Member{Email: "x@h.invalid", Username: "x", Status: hub.StatusSuspended}},
		"ours, and moved":         {"github_enterprise", `{"id":"1","userName":"new@x.example","active":true,"externalId":"roster:a@x.example"}`, hub.Member{Email: "new@x.example", Status: hub.StatusActive}},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := dial(t, map[string]string{settingProfile: tt.profile}, testRoles, on(t, nil))
			var u user
			if err := json.Unmarshal([]byte(tt.user), &u); err != nil {
				t.Fatal(err)
			}
			tt.want.ID = "1"
			got, err := c.member(&u, nil)
			if err != nil || got.Label() != tt.want.Label() || got.ID != tt.want.ID || got.Email != tt.want.Email || got.Username != tt.want.Username ||
				got.Name != tt.want.Name || got.Status != tt.want.Status || got.Role != tt.want.Role {
				t.Errorf("%+v, error %v, want %+v", got, err, tt.want)
			}
		})
	}
}
