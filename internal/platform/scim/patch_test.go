package scim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

const (
	replaceRoles   = `PATCH {"Operations":[{"op":"replace","path":"roles","value":[{"primary":true,"value":"admin"}]}]}`
	editRoles      = `PATCH {"Operations":[{"op":"remove","path":"roles[value eq \"viewer\"]"},{"op":"add","path":"roles","value":[{"primary":true,"value":"admin"}]}]}`
	pathlessRoles  = `PATCH {"Operations":[{"op":"replace","value":{"roles":[{"primary":true,"value":"admin"}]}}]}`
	capitalRoles   = `PATCH {"Operations":[{"op":"Replace","path":"roles","value":[{"primary":true,"value":"admin"}]}]}`
	replaceActive  = `PATCH {"Operations":[{"op":"replace","path":"active","value":false}]}`
	pathlessActive = `PATCH {"Operations":[{"op":"replace","value":{"active":false}}]}`
)

// scripted is an app that has ada, and answers a write by what it is. Writes that
// it takes take effect, unless it lies.
type scripted struct {
	shown  string // ada as the app shows her
	after  string // once a write took effect
	takes  func(write string) say
	lies   bool
	writes []string
}

func (a *scripted) answer(_ int, r sent) say {
	switch {
	case r.path == "/ServiceProviderConfig":
		return refuse(404, "")
	case r.method == http.MethodGet && r.path == "/Users":
		return say{body: found(1, a.shown)}
	case r.method == http.MethodGet:
		return say{body: a.shown}
	}
	write := r.method + " " + strings.Replace(r.body, `"schemas":["`+schemaPatch+`"],`, "", 1)
	a.writes = append(a.writes, write)
	got := a.takes(write)
	if got.status < 300 && !a.lies {
		a.shown = a.after
	}
	return got
}

// takesOnly takes one form, or none, and refuses the rest.
func takesOnly(form string, refusal say) func(string) say {
	return func(write string) say {
		if form != "" && strings.HasPrefix(write, form) {
			return say{status: 204}
		}
		return refusal
	}
}

// TestForms: which ways to write a role change are tried, in which order, and
// what ends the trying.
func TestForms(t *testing.T) {
	all := []string{replaceRoles, editRoles, pathlessRoles, "PUT", capitalRoles}
	for name, tt := range map[string]struct {
		profile string
		takes   func(string) say
		lies    bool
		want    []string
		reason  hub.Reason // "" is success
	}{
		"the RFC's":              {"", takesOnly(replaceRoles, refuse(400, "")), false, all[:1], ""},
		"remove and add":         {"", takesOnly(editRoles, refuse(400, "invalidPath")), false, all[:2], ""},
		"no path":                {"", takesOnly(pathlessRoles, refuse(400, "invalidSyntax")), false, all[:3], ""},
		"PUT":                    {"", takesOnly("PUT", refuse(400, "noTarget")), false, all[:4], ""},
		"PUT, when PATCH is 501": {"", takesOnly("PUT", refuse(501, "")), false, []string{replaceRoles, "PUT"}, ""},
		"PUT, when PATCH is 405": {"", takesOnly("PUT", refuse(405, "")), false, []string{replaceRoles, "PUT"}, ""},
		"capitalised":            {"", takesOnly(capitalRoles, refuse(400, "")), false, all, ""},
		"Okta's first":           {"okta", takesOnly(pathlessRoles, refuse(400, "")), false, []string{pathlessRoles}, ""},
		"Entra's second":         {"entra", takesOnly(capitalRoles, refuse(400, "")), false, []string{replaceRoles, capitalRoles}, ""},
		"none":                   {"", takesOnly("", refuse(400, "invalidSyntax")), false, all, hub.ReasonInvalidInput},
		"an unknown role":        {"", takesOnly("", refuse(400, "invalidValue")), false, all, hub.ReasonInvalidRole},
		"yes and nothing":        {"", takesOnly("P", say{}), true, all, hub.ReasonUnsupported},
		"not through SCIM":       {"", takesOnly("", refuse(400, "mutability")), false, all[:1], hub.ReasonUnsupported},
		"401 ends it":            {"", takesOnly("", refuse(401, "")), false, all[:1], hub.ReasonUnauthenticated},
		"403 ends it":            {"", takesOnly("", refuse(403, "")), false, all[:1], hub.ReasonForbidden},
		"404 ends it":            {"", takesOnly("", refuse(404, "")), false, all[:1], hub.ReasonNotFound},
		"409 ends it":            {"", takesOnly("", refuse(409, "")), false, all[:1], hub.ReasonUnknown},
		"500 ends it":            {"", takesOnly("", refuse(500, "")), false, all[:1], hub.ReasonUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			a := &scripted{shown: row("7", ada, true, "viewer"), after: row("7", ada, true, "admin"), takes: tt.takes, lies: tt.lies}
			c, _ := dial(t, map[string]string{settingProfile: tt.profile}, testRoles, a.answer)
			err := c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: "admin"})
			var writes []string
			for _, write := range a.writes {
				if strings.HasPrefix(write, "PUT") {
					write = "PUT"
				}
				writes = append(writes, write)
			}
			if !slices.Equal(writes, tt.want) {
				t.Errorf("wrote\n%s\nwant\n%s", strings.Join(writes, "\n"), strings.Join(tt.want, "\n"))
			}
			switch fault := c.Explain(err); {
			case tt.reason == "" && err != nil:
				t.Errorf("error %v", err)
			case tt.reason != "" && (err == nil || fault.Reason != tt.reason || fault.Uncertain != (tt.reason == hub.ReasonUnavailable)):
				t.Errorf("fault %+v, want %q (error %v)", fault, tt.reason, err)
			}
		})
	}
}

// TestFormIsRemembered: the second change begins with the form that worked, for
// roles and for active each.
func TestFormIsRemembered(t *testing.T) {
	a := &scripted{
		shown: row("7", ada, true, "viewer"), after: row("7", ada, true, "admin"),
		takes: func(write string) say {
			if write == pathlessRoles || write == pathlessActive {
				return say{status: 204}
			}
			return refuse(400, "invalidPath")
		},
	}
	c, _ := dial(t, nil, testRoles, a.answer)
	for range 2 {
		a.shown = row("7", ada, true, "viewer")
		if err := c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: "admin"}); err != nil {
			t.Fatal(err)
		}
	}
	a.after = row("7", ada, false, "admin")
	if err := c.Remove(t.Context(), testHub, adaSeat); err != nil {
		t.Fatal(err)
	}
	want := []string{replaceRoles, editRoles, pathlessRoles, pathlessRoles, replaceActive, pathlessActive}
	if !slices.Equal(a.writes, want) {
		t.Errorf("wrote\n%s\nwant\n%s", strings.Join(a.writes, "\n"), strings.Join(want, "\n"))
	}
}

// TestSecondaryIsOneValue: a grant or a revocation is one value more or less, and
// a role held already, or not held, is nothing to do.
func TestSecondaryIsOneValue(t *testing.T) {
	for name, tt := range map[string]struct {
		held   []string
		change hub.RoleChange
		want   []string
	}{
		"grant":        {[]string{"viewer"}, hub.RoleChange{Grant: "billing"}, []string{`PATCH {"Operations":[{"op":"add","path":"roles","value":[{"value":"billing"}]}]}`}},
		"revoke":       {[]string{"viewer", "billing"}, hub.RoleChange{Revoke: "billing"}, []string{`PATCH {"Operations":[{"op":"remove","path":"roles[value eq \"billing\"]"}]}`}},
		"granted":      {[]string{"viewer", "billing"}, hub.RoleChange{Grant: "billing"}, nil},
		"revoked":      {[]string{"viewer"}, hub.RoleChange{Revoke: "billing"}, nil},
		"in capitals":  {[]string{"VIEWER"}, hub.RoleChange{Role: "viewer"}, nil},
		"primary held": {[]string{"viewer", "billing"}, hub.RoleChange{Role: "viewer"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a := &scripted{shown: row("7", ada, true, tt.held...), takes: takesOnly("P", say{status: 204})}
			switch {
			case tt.change.Grant != "":
				a.after = row("7", ada, true, append(slices.Clone(tt.held), tt.change.Grant)...)
			default:
				a.after = row("7", ada, true, "viewer")
			}
			c, _ := dial(t, nil, testRoles, a.answer)
			if err := c.ChangeRole(t.Context(), testHub, adaSeat, tt.change); err != nil || !slices.Equal(a.writes, tt.want) {
				t.Errorf("wrote %q, error %v, want %q", a.writes, err, tt.want)
			}
		})
	}
}

// TestPutKeepsWhatItDoesNotKnow: a PUT is a fresh read, changed in one place.
func TestPutKeepsWhatItDoesNotKnow(t *testing.T) {
	const shown = `{"schemas":["s"],"id":"7","userName":"` + ada + `","Roles":{"value":"viewer","scope":"x","primary":"True"},"title":"Countess","emails":{"value":"x@y.example"},
		"urn:acme":{"seat":9007199254740993},"x509Certificates":[{"value":"MII"}],"groups":[{"value":"g"}],"Meta":{"version":"v1"},"password":"hunter2"}`
	a := &scripted{shown: shown, after: row("7", ada, true, "admin"), takes: takesOnly("PUT", refuse(501, ""))}
	c, w := dial(t, nil, testRoles, a.answer)
	if err := c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: "admin"}); err != nil {
		t.Fatal(err)
	}
	put := w.requests[len(w.requests)-2]
	if put.method != http.MethodPut || put.header.Get("If-Match") != "v1" {
		t.Fatalf("%s with If-Match %q", put.call(), put.header.Get("If-Match"))
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal([]byte(put.body), &body); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"id": `"7"`, "title": `"Countess"`, "emails": `[{"value":"x@y.example"}]`, "urn:acme": `{"seat":9007199254740993}`, "x509Certificates": `[{"value":"MII"}]`,
		"active": "true", "Roles": `[{"primary":true,"value":"admin"}]`, "schemas": `["s"]`,
	} {
		if string(body[name]) != want {
			t.Errorf("%s = %s, want %s", name, body[name], want)
		}
	}
	for _, name := range []string{"groups", "Meta", "meta", "password", "roles"} {
		if _, ok := body[name]; ok {
			t.Errorf("%s went out", name)
		}
	}
}

// TestVersions: If-Match is sent byte for byte, and a version that moved is read
// again: once more when what is to be written is as it was, and not otherwise.
func TestVersions(t *testing.T) {
	version := func(v, role string) string {
		return fmt.Sprintf(`{"id":"7","userName":%q,"roles":[{"value":%q,"primary":true}],"meta":{"version":%q}}`, ada, role, v)
	}
	gone := refuse(412, "")
	for name, tt := range map[string]struct {
		reads  []string
		writes []say
		match  []string
		fails  bool
	}{
		"as read":          {[]string{version(`W/"1"`, "viewer"), version(`W/"2"`, "admin")}, []say{{status: 204}}, []string{`W/"1"`}, false},
		"moved elsewhere":  {[]string{version(`"1"`, "viewer"), version(`"2"`, "viewer"), version(`"3"`, "admin")}, []say{gone, {status: 204}}, []string{`"1"`, `"2"`}, false},
		"moved here":       {[]string{version(`"1"`, "viewer"), version(`"2"`, "editor")}, []say{gone}, []string{`"1"`}, true},
		"moved twice":      {[]string{version(`"1"`, "viewer"), version(`"2"`, "viewer")}, []say{gone, gone}, []string{`"1"`, `"2"`}, true},
		"done by somebody": {[]string{version(`"1"`, "viewer"), version(`"2"`, "admin")}, []say{gone}, []string{`"1"`}, false},
		"no version":       {[]string{`{"id":"7","roles":["viewer"]}`, `{"id":"7","roles":["admin"]}`}, []say{{status: 200}}, []string{""}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var match []string
			c, _ := dial(t, nil, testRoles, func(_ int, r sent) say {
				switch r.method {
				case http.MethodPatch:
					match = append(match, r.header.Get("If-Match"))
					answer := tt.writes[0]
					tt.writes = tt.writes[1:]
					return answer
				default:
					if r.path != "/Users/7" {
						return refuse(404, "")
					}
					body := tt.reads[0]
					if len(tt.reads) > 1 {
						tt.reads = tt.reads[1:]
					}
					return say{body: body}
				}
			})
			err := c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: "admin"})
			if (err != nil) != tt.fails || !slices.Equal(match, tt.match) {
				t.Errorf("If-Match %q, error %v; want %q", match, err, tt.match)
			}
			if err != nil && !strings.Contains(c.Explain(err).Detail, "Somebody else") {
				t.Errorf("fault %+v", c.Explain(err))
			}
		})
	}
}

// TestRemoval: what a removal sends, by mode and by what the app answers.
func TestRemoval(t *testing.T) {
	seat := func(status hub.Status) hub.Member { m := adaSeat; m.Status = status; return m }
	for name, tt := range map[string]struct {
		settings map[string]string
		status   hub.Status
		takes    func(string) say
		want     []string
		reason   hub.Reason
	}{
		"deactivates":                    {nil, hub.StatusActive, takesOnly("PATCH", say{}), []string{replaceActive}, ""},
		"unless told to delete":          {map[string]string{settingRemoveMode: "delete"}, hub.StatusActive, takesOnly("DELETE", say{}), []string{"DELETE "}, ""},
		"deactivates where 501":          {map[string]string{settingRemoveMode: "delete"}, hub.StatusActive, takesOnly("PATCH", refuse(501, "")), []string{"DELETE ", replaceActive}, ""},
		"deactivates where 405":          {map[string]string{settingRemoveMode: "delete"}, hub.StatusActive, takesOnly("PATCH", refuse(405, "")), []string{"DELETE ", replaceActive}, ""},
		"nothing for who is off":         {nil, hub.StatusSuspended, nil, nil, ""},
		"deletes who is off":             {map[string]string{settingRemoveMode: "delete"}, hub.StatusSuspended, takesOnly("DELETE", say{status: 202}), []string{"DELETE "}, ""},
		"not on Slack":                   {map[string]string{settingRemoveMode: "delete", settingProfile: "slack"}, hub.StatusSuspended, nil, nil, ""},
		"gone":                           {map[string]string{settingRemoveMode: "delete"}, hub.StatusActive, takesOnly("", refuse(404, "")), []string{"DELETE "}, hub.ReasonNotFound},
		"an owner, 400":                  {map[string]string{settingRemoveMode: "delete"}, hub.StatusActive, takesOnly("", refuse(400, "")), []string{"DELETE "}, hub.ReasonForbidden},
		"an owner, 403":                  {nil, hub.StatusActive, takesOnly("", refuse(403, "")), []string{replaceActive}, hub.ReasonForbidden},
		"a page in the way of the task":  {map[string]string{settingRemoveMode: "delete"}, hub.StatusActive, takesOnly("", say{body: "<html>Welcome</html>"}), []string{"DELETE "}, hub.ReasonOutcomeUnknown},
		"an invitation is nothing of it": {nil, hub.StatusInvited, nil, nil, hub.ReasonUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			a := &scripted{shown: row("7", ada, true, "viewer"), after: row("7", ada, false, "viewer"), takes: tt.takes}
			c, w := dial(t, tt.settings, testRoles, a.answer)
			err := c.Remove(t.Context(), testHub, seat(tt.status))
			if fault := c.Explain(err); err != nil && fault.Reason != tt.reason || err == nil && tt.reason != "" {
				t.Errorf("fault %+v, want %q (error %v)", fault, tt.reason, err)
			}
			if !slices.Equal(a.writes, tt.want) {
				t.Errorf("wrote %q, want %q", a.writes, tt.want)
			}
			if tt.want == nil && len(w.requests) > 0 {
				t.Errorf("asked %q", w.calls())
			}
		})
	}
}

// TestHiddenOnceOff: an app that shows nobody who is switched off has switched
// them off when it shows them no more.
func TestHiddenOnceOff(t *testing.T) {
	gone := false
	c, _ := dial(t, nil, testRoles, func(_ int, r sent) say {
		switch {
		case r.path == "/Users":
			return say{body: found(1, crowd(1, 1)...)}
		case r.method == http.MethodPatch:
			gone = true
			return say{status: 204}
		case r.path == "/Users/7" && !gone:
			return say{body: row("7", ada, true, "viewer")}
		}
		return refuse(404, "")
	})
	if err := c.Remove(t.Context(), testHub, adaSeat); err != nil {
		t.Error(err)
	}
}

// TestUnread: a write that was accepted and cannot be read back may be done.
func TestUnread(t *testing.T) {
	reads := 0
	c, _ := dial(t, nil, testRoles, func(_ int, r sent) say {
		switch {
		case r.method == http.MethodPatch:
			return say{status: 204}
		case r.path == "/Users/7":
			if reads++; reads == 1 {
				return say{body: row("7", ada, true, "viewer")}
			}
			return refuse(401, "")
		}
		return refuse(404, "")
	})
	err := c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: "admin"})
	if fault := c.Explain(err); fault.Reason != hub.ReasonUnauthenticated || !fault.Uncertain {
		t.Errorf("fault %+v", fault)
	}
}

// TestAdd: what an account is made with.
func TestAdd(t *testing.T) {
	for name, tt := range map[string]struct {
		source string
		in     hub.Add
		want   string
		answer say
		id     string
		role   string
	}{
		"with roles": {
			source: "roles", in: hub.Add{Email: "Ada@Northwind.example", Role: "viewer", Secondary: []string{"billing"}, Name: "Ada King Lovelace"},
			want: `POST {"schemas":["` + schemaUser + `"],"externalId":"roster:` + ada + `","userName":"Ada@Northwind.example",` +
				`"name":{"givenName":"Ada King","familyName":"Lovelace","formatted":"Ada King Lovelace"},"displayName":"Ada King Lovelace",` +
				`"emails":[{"value":"Ada@Northwind.example","type":"work","primary":true}],"active":true,"roles":[{"value":"viewer","primary":true},{"value":"billing"}]}`,
			answer: say{status: 201, body: row("7", ada, true, "viewer", "billing")}, id: "7", role: "viewer",
		},
		"with entitlements, no name": {
			source: "entitlements", in: hub.Add{Email: ada, Role: "viewer"},
			want: `POST {"schemas":["` + schemaUser + `"],"externalId":"roster:` + ada + `","userName":"` + ada + `",` +
				`"emails":[{"value":"` + ada + `","type":"work","primary":true}],"active":true,"entitlements":[{"value":"viewer","primary":true}]}`,
			answer: say{status: 200, body: `{"id":7,"userName":"ada"}`}, id: "7",
		},
		"without roles": {
			source: "none", in: hub.Add{Email: ada, Role: roleMember},
			want: `POST {"schemas":["` + schemaUser + `"],"externalId":"roster:` + ada + `","userName":"` + ada + `",` +
				`"emails":[{"value":"` + ada + `","type":"work","primary":true}],"active":true}`,
			answer: say{status: 201, header: map[string]string{"Location": "https://app.example/scim/v2/Users/a%2Fb"}}, id: "a/b",
		},
		"an answer of nothing": {
			source: "none", in: hub.Add{Email: ada, Role: roleMember},
			want: `POST {"schemas":["` + schemaUser + `"],"externalId":"roster:` + ada + `","userName":"` + ada + `",` +
				`"emails":[{"value":"` + ada + `","type":"work","primary":true}],"active":true}`,
			answer: say{status: 201},
		},
	} {
		t.Run(name, func(t *testing.T) {
			roles := testRoles
			if tt.source == "none" {
				roles = nil
			}
			c, w := dial(t, map[string]string{settingRoleSource: tt.source}, roles, on(t, map[string][]say{"POST /Users": {tt.answer}}))
			m, err := c.Add(t.Context(), testHub, tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if m.ID != tt.id || m.Email != tt.in.Email || m.Role != tt.role || m.Status != hub.StatusActive {
				t.Errorf("added %+v", m)
			}
			if got := w.writes(); !slices.Equal(got, []string{tt.want}) || len(w.requests) != 1 {
				t.Errorf("wrote\n%s\nwant\n%s\nin %d requests", got, tt.want, len(w.requests))
			}
		})
	}
}

// TestResume: who comes back is switched on first, then given the role; halfway,
// the seat is in sight.
func TestResume(t *testing.T) {
	off := hub.Member{ID: "7", Email: ada, Status: hub.StatusSuspended, Role: "admin"}
	in := hub.Add{Email: ada, Role: "viewer", Suspended: off}
	const on, viewer = `PATCH {"Operations":[{"op":"replace","path":"active","value":true}]}`, `PATCH {"Operations":[{"op":"replace","path":"roles","value":[{"primary":true,"value":"viewer"}]}]}`
	shown := row("7", ada, false, "admin")
	roles := say{status: 204}
	c, w := dial(t, nil, testRoles, func(_ int, r sent) say {
		switch {
		case r.method == http.MethodPatch && strings.Contains(r.body, "active"):
			shown = row("7", ada, true, "admin")
			return say{status: 204}
		case r.method == http.MethodPatch:
			if roles.status == 204 {
				shown = row("7", ada, true, "viewer")
			}
			return roles
		case r.path == "/Users/7":
			return say{body: shown}
		}
		return refuse(404, "")
	})
	m, err := c.Add(t.Context(), testHub, in)
	if err != nil || m.ID != "7" || m.Status != hub.StatusActive || m.Role != "viewer" {
		t.Errorf("%+v, error %v", m, err)
	}
	if got := w.writes(); !slices.Equal(got, []string{on, viewer}) {
		t.Errorf("wrote %q", got)
	}
	shown, roles = row("7", ada, false, "admin"), refuse(403, "")
	m, err = c.Add(t.Context(), testHub, in)
	if err == nil || m.ID != "7" || m.Status != hub.StatusActive || m.Role != "admin" {
		t.Errorf("halfway: %+v, error %v", m, err)
	}
}

// TestSeatsOnResume: switching somebody on takes a seat as well.
func TestSeatsOnResume(t *testing.T) {
	a := &scripted{shown: row("7", ada, false, "viewer"), takes: takesOnly("", say{status: 403, body: scimError(403, "", "No seats left.")})}
	c, _ := dial(t, nil, testRoles, a.answer)
	_, err := c.Add(t.Context(), testHub, hub.Add{Email: ada, Role: "viewer", Suspended: hub.Member{ID: "7", Email: ada, Status: hub.StatusSuspended}})
	if fault := c.Explain(err); fault.Reason != hub.ReasonSeatLimit || len(a.writes) != 1 {
		t.Errorf("fault %+v after %q", fault, a.writes)
	}
}
