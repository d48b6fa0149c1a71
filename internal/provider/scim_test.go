package provider_test

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// scimApp is the SCIM world with these arguments in the app's entry of the
// provider block, and an app that behaves so.
func scimApp(member, admin, arguments string, behaviour hubsim.Settings) world {
	w := worlds["scim"]
	w.member, w.admin, w.hub = member, admin, behaviour
	w.provider = "provider \"roster\" {\n  scim = {\n    acme = {\n      " + arguments + "\n    }\n  }\n}\n"
	return w
}

// three is the entry of most tests here: an app with three roles.
func three(arguments string, behaviour hubsim.Settings) world {
	settings := hubsim.Settings{"roles": []string{"viewer", "editor", "admin"}, "admin_roles": []string{"admin"}}
	for name, value := range behaviour {
		settings[name] = value
	}
	return scimApp("viewer", "admin", "roles       = [\"viewer\", \"editor\", \"admin\"]\n      admin_roles = [\"admin\"]\n      "+arguments, settings)
}

// live is a life in this world, where there is Terraform to live it with.
func (w world) live(t *testing.T, people ...hubsim.PersonSeed) *life {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set: no Terraform commands are run")
	}
	t.Parallel()
	return w.begin(t, *w.data(), people...)
}

// look is a roster_hub_sync of the world's hub.
func (w world) look(name string, arguments ...string) string {
	return "data \"roster_hub_sync\" \"" + name + "\" {\n  hub_id = roster_business_hub.h.id\n  " + strings.Join(arguments, "\n  ") + "\n}\n"
}

// shows wants just these people in a list of a data source, in its order.
func (r *run) shows(address, list string, want ...string) *run {
	r.l.t.Helper()
	rows, _ := r.l.state(address)[list].([]any)
	got := []string{}
	for _, row := range rows {
		if object, ok := row.(map[string]any); ok {
			row = object["email"]
		}
		got = append(got, fmt.Sprint(row))
	}
	if want = append([]string{}, want...); !slices.Equal(got, want) {
		r.l.t.Errorf("after %s %s.%s holds %q, want %q", r.command, address, list, got, want)
	}
	return r
}

// sent are the bodies of the writes since the last command began.
func (l *life) sent() string {
	var all strings.Builder
	for _, r := range l.sim.Writes() {
		fmt.Fprintf(&all, "%s %s %s\n", r.Method, r.Path, r.Body)
	}
	return all.String()
}

// A removal switches the account off, and that is a removal: nobody is left in
// the state, no plan comes back to it, and no list of people holds them. Whoever
// is added again gets the same seat.
func TestAccScim_deactivation(t *testing.T) {
	w := three("", nil)
	l := w.live(t, hubsim.PersonSeed{Email: bo, Name: "Bo Chen", Role: "viewer"})
	lists := w.look("s", `expected_emails  = ["`+ada+`", "`+olive+`"]`, `directory_emails = ["`+ada+`", "`+olive+`"]`) +
		w.look("all", "include_suspended = true", `expected_emails   = ["`+ada+`", "`+olive+`"]`)
	without, with := w.hubConfig()+lists, w.hubConfig()+lists+w.seat(bo)
	const s, all = "data.roster_hub_sync.s", "data.roster_hub_sync.all"

	l.apply(with).succeeds().wrote(nothing).shows(s, "unexpected", bo).shows(s, "departed", bo)
	seat := l.person(bo).ID
	l.apply(without).succeeds().plans(at(bo), "delete").wrote(one(hubsim.OpRemove)).gone(at(bo))
	if sent := l.sent(); !strings.HasPrefix(sent, "PATCH") {
		t.Errorf("the removal was not a deactivation:\n%s", sent)
	}
	l.truth(bo, hubsim.StatusSuspended, "viewer")
	l.apply(without).succeeds().silent().plans().wrote(nothing).
		shows(s, "members", ada, olive).shows(s, "unexpected").shows(s, "departed").shows(s, "flagged").
		shows(all, "members", ada, bo, olive).shows(all, "unexpected").shows(all, "flagged")

	l.plan(with).succeeds().plans(at(bo), "create").warns(bo + ` is suspended on .*\(id ` + seat + `\)\. Apply switches it on again, rather than making another one`)
	l.applyPlan().succeeds().wrote(one(hubsim.OpReactivate)).is(at(bo), "status", "active", "member_id", seat)
	l.apply(with).succeeds().silent().plans().wrote(nothing).shows(s, "members", ada, bo, olive)

	// Switched off by somebody else: told once, and left so, whatever is planned.
	l.does(hubsim.ActSuspend, bo)
	l.apply(with).succeeds().warns(bo+" is suspended on").plans().wrote(nothing).is(at(bo), "status", "suspended").shows(s, "flagged").shows(s, "members", ada, olive)
	for range 2 {
		l.apply(with).succeeds().silent().plans().wrote(nothing)
	}
	l.configure(with)
	l.run("apply", "-auto-approve", "-replace="+at(bo)).succeeds().wrote(one(hubsim.OpReactivate)).is(at(bo), "status", "active", "member_id", seat)
	l.apply(with).succeeds().silent().plans().wrote(nothing)
}

// The roles of somebody switched on again are the configuration's, and they are
// set after the switch.
func TestAccScim_switchedOnWithAnotherRole(t *testing.T) {
	w := three("", hubsim.Settings{"inactive_frozen": true})
	l := w.live(t, hubsim.PersonSeed{Email: bo, Role: "viewer", Status: hubsim.StatusSuspended})
	config := w.hubConfig() + w.seat(bo, `role = "editor"`)
	l.apply(config).succeeds().inOrder(hubsim.OpReactivate, hubsim.OpChangeRole).is(at(bo), "role", "editor")
	l.truth(bo, hubsim.StatusActive, "editor")
	l.apply(config).succeeds().silent().plans().wrote(nothing)
}

// remove_mode = "delete" is what it says, where the app does as it is told.
func TestAccScim_deletion(t *testing.T) {
	w := three(`remove_mode = "delete"`, nil)
	l := w.live(t, hubsim.PersonSeed{Email: bo, Role: "viewer"}, hubsim.PersonSeed{Email: cy, Role: "viewer"})
	both := w.hubConfig() + w.seat(bo) + w.seat(cy)
	l.apply(both).succeeds().wrote(nothing)
	l.apply(w.hubConfig() + w.seat(cy)).succeeds().wrote(one(hubsim.OpRemove)).gone(at(bo))
	if sent := l.sent(); !strings.HasPrefix(sent, "DELETE ") {
		t.Errorf("the removal was no deletion:\n%s", sent)
	}
	l.truth(bo, "", "")
	l.apply(both).succeeds().wrote(w.added).plans(at(bo), "create")

	// An app that has no DELETE: the account is switched off instead.
	l.set("delete_unsupported", true)()
	l.apply(w.hubConfig() + w.seat(bo)).succeeds().wrote(map[string]int{hubsim.OpRemove: 2}).gone(at(cy))
	l.truth(cy, hubsim.StatusSuspended, "")
	l.apply(w.hubConfig() + w.seat(bo)).succeeds().silent().plans().wrote(nothing)
}

// Slack deactivates on DELETE and makes a handle of the user name: people are
// known by their address all the same.
func TestAccScim_slack(t *testing.T) {
	w := scimApp("user", "admin", "profile     = \"slack\"\n      roles       = [\"user\", \"admin\"]\n      admin_roles = [\"admin\"]\n      remove_mode = \"delete\"",
		hubsim.Settings{"profile": "slack", "roles": []string{"user", "admin"}})
	l := w.live(t)
	config := w.hubConfig() + w.seat(nia)
	l.apply(config).succeeds().wrote(w.added).is(at(nia), "status", "active", "role", "user")
	seat := l.person(nia).ID
	l.apply(config+w.look("s")).succeeds().silent().plans().wrote(nothing).shows("data.roster_hub_sync.s", "members", ada, nia, olive)
	names := map[string]any{}
	for _, row := range l.state("data.roster_hub_sync.s")["members"].([]any) {
		member, _ := row.(map[string]any)
		names[fmt.Sprint(member["email"])] = member["username"]
	}
	if name, _ := names[nia].(string); name == "" || strings.Contains(name, "@") {
		t.Errorf("nia's user name is %q: the app did not make a handle of it, so this test shows nothing", name)
	}
	l.apply(w.hubConfig()).succeeds().wrote(one(hubsim.OpRemove)).gone(at(nia))
	l.truth(nia, hubsim.StatusSuspended, "user")
	l.apply(w.hubConfig()).succeeds().silent().plans().wrote(nothing)
	l.apply(config).succeeds().wrote(one(hubsim.OpReactivate)).is(at(nia), "member_id", seat, "status", "active")
}

// GitHub scrambles the name and address of whoever is suspended. Whom roster
// added is known by externalId.
func TestAccScim_github(t *testing.T) {
	w := scimApp("user", "enterprise_owner", "profile     = \"github_enterprise\"\n      roles       = [\"user\", \"enterprise_owner\"]\n      admin_roles = [\"enterprise_owner\"]",
		hubsim.Settings{"profile": "github"})
	l := w.live(t, hubsim.PersonSeed{Email: bo, Role: "user"})
	config := w.hubConfig() + w.seat(bo) + w.seat(nia)
	l.apply(config).succeeds().wrote(w.added)
	seat := l.person(nia).ID
	l.apply(w.hubConfig() + w.seat(bo)).succeeds().wrote(one(hubsim.OpRemove)).gone(at(nia))
	l.apply(w.hubConfig() + w.seat(bo)).succeeds().silent().plans().wrote(nothing)
	l.apply(config).succeeds().warns(nia+" is suspended on").wrote(one(hubsim.OpReactivate)).is(at(nia), "member_id", seat, "status", "active")

	// Whom somebody else added has no externalId: the state knows the seat by id.
	for _, email := range []string{bo, nia} {
		l.does(hubsim.ActSuspend, email)
	}
	r := l.apply(config).succeeds().warns(bo+" is suspended on", nia+" is suspended on").plans().wrote(nothing).is(at(bo), "status", "suspended").is(at(nia), "status", "suspended")
	if strings.Contains(r.text("warning"), "has another address") {
		t.Errorf("the scrambled address is taken for a new one:\n%s", r.text("warning"))
	}
	l.apply(config).succeeds().silent().plans().wrote(nothing)
}

// A name that is taken by an account which the app shows nobody: one POST, no
// guess, and what to do about it.
func TestAccScim_hiddenAccount(t *testing.T) {
	w := three("", hubsim.Settings{"hide_inactive": true})
	l := w.live(t, hubsim.PersonSeed{Email: bo, Role: "viewer", Status: hubsim.StatusSuspended})
	l.apply(w.hubConfig()+w.seat(bo)).fails(bo+" was not added", "Reason: conflict", "this user name or address is taken, and shows nobody who has it",
		"Restore that account in the app", "Acme answered: code HTTP 409 uniqueness").wrote(w.added).gone(at(bo))
	l.does(hubsim.ActResume, bo)
	l.apply(w.hubConfig()+w.seat(bo)).succeeds().wrote(nothing).is(at(bo), "status", "active")
}

// No free seat, for a newcomer and for somebody who is to be switched on again:
// the manual steps begin at the app's own screen.
func TestAccScim_noSeat(t *testing.T) {
	w := three(`admin_url = "https://acme.example/admin/people"`, hubsim.Settings{"no_seats": true})
	l := w.live(t, hubsim.PersonSeed{Email: bo, Role: "viewer", Status: hubsim.StatusSuspended})
	config := w.hubConfig() + w.seat(bo) + w.seat(nia)
	for _, email := range []string{bo, nia} {
		l.apply(config).fails(email + " was not added to[^-]*Reason: seat_limit. The app says that no seat or licence is left" +
			"[^-]*1\\. Log in to the external app[^-]*https://acme\\.example/admin/people[^-]*" + email + " with the role viewer").gone(at(email))
	}
	l.truth(bo, hubsim.StatusSuspended, "viewer")
	l.truth(nia, "", "")
	l.set("no_seats", false)()
	l.apply(config).succeeds().wrote(map[string]int{hubsim.OpInvite: 1, hubsim.OpReactivate: 1})
}

// An app does not let go of its owner.
func TestAccScim_owner(t *testing.T) {
	w := scimApp("viewer", "admin", "roles       = [\"viewer\", \"admin\", \"owner\"]\n      admin_roles = [\"admin\", \"owner\"]",
		hubsim.Settings{"roles": []string{"viewer", "admin", "owner"}, "admin_roles": []string{"admin", "owner"}, "owner_protected": true})
	l := w.live(t, hubsim.PersonSeed{Email: bo, Role: "owner"})
	owner := w.hubConfig() + w.seat(bo)
	l.apply(owner).succeeds().wrote(nothing)
	l.apply(w.hubConfig()).fails(bo+" was not removed", bo+" still has access, with the role owner", "Reason: forbidden.*the app protects this person", "Remove "+bo).is(at(bo), "role", "owner")
	l.apply(w.hubConfig()+w.seat(bo, `role = "viewer"`)).fails(bo+" did not get the role viewer", bo+" has a seat, with the role owner", "Reason: forbidden", "from owner to viewer").wrote(w.changed)
	l.apply(owner).succeeds().silent().plans().wrote(nothing)
}

// An app that accepts roles and drops them: HTTP 200 is no success.
func TestAccScim_ignoredRole(t *testing.T) {
	w := three("", hubsim.Settings{"ignore_roles": true})
	l := w.live(t, hubsim.PersonSeed{Email: bo, Role: "viewer"})
	l.apply(w.hubConfig() + w.seat(bo)).succeeds()
	l.apply(w.hubConfig()+w.seat(bo, `role = "editor"`)).fails(bo+" did not get the role editor", "failed after \\d+ attempts\\. "+bo+" has a seat, with the role viewer",
		"Reason: unsupported.*answers yes and leaves the roles of "+bo+" as they are.*role_source", "from viewer to editor").is(at(bo), "role", "viewer")
	l.set("ignore_roles", false)()
	if _, err := l.sim.Act("scim", "acme", hubsim.Act{Action: hubsim.ActJoin, Email: nia}); err != nil {
		t.Fatal(err)
	}
	l.set("roles_read_only", true)()
	l.apply(w.hubConfig()+w.seat(bo, `role = "editor"`)).fails(bo+" has a seat, with the role viewer", "Reason: unsupported. The app does not let SCIM set this", "roles is read-only").wrote(w.changed)
}

// Groups as roles: into the new one before out of the old, nobody else is
// touched, and what is no role stays beside it.
func TestAccScim_groups(t *testing.T) {
	for name, app := range map[string]struct {
		behaviour hubsim.Settings
		in, out   string // of a membership, as it is written
	}{
		"one member at a time": {
			in: `"op":"add","path":"members","value":\[\{"value":"ID"\}\]`, out: `"op":"remove","path":"members\[value eq \\"ID\\"\]"`,
		},
		"without filters": {
			behaviour: hubsim.Settings{"reject_member_filter": true},
			in:        `"op":"add","path":"members","value":\[\{"value":"ID"\}\]`, out: `"op":"replace","path":"members"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			behaviour := hubsim.Settings{"role_source": "groups", "roles": []string{"Readers", "Editors", "Admins", "Billing"}, "admin_roles": []string{"Admins"}}
			for setting, value := range app.behaviour {
				behaviour[setting] = value
			}
			w := scimApp("Readers", "Admins", "role_source = \"groups\"\n      roles       = [\"Readers\", \"Editors\", \"Admins\"]\n      admin_roles = [\"Admins\"]", behaviour)
			l := w.live(t,
				hubsim.PersonSeed{Email: bo, Role: "Readers"},
				hubsim.PersonSeed{Email: cy, Role: "Readers", ExtraRoles: []string{"Billing"}},
				hubsim.PersonSeed{Email: di, Role: "Editors"})
			others := func(r *run) *run {
				t.Helper()
				if sent := l.sent(); regexp.MustCompile(`(?i)"remove","path":"members"`).MatchString(sent) {
					t.Errorf("a remove of members without a filter, which is everybody:\n%s", sent)
				}
				for email, role := range map[string]string{ada: "Admins", olive: "Admins", cy: "Readers", di: "Editors"} {
					l.truth(email, hubsim.StatusActive, role)
				}
				if extra := l.person(cy).ExtraRoles; !slices.Equal(extra, []string{"Billing"}) {
					t.Errorf("cy has %q beside Readers", extra)
				}
				return r
			}
			config := w.hubConfig() + w.seat(bo) + w.seat(nia)
			others(l.apply(config).succeeds()).inOrder(hubsim.OpInvite, hubsim.OpGrantRole).is(at(nia), "role", "Readers").is(at(bo), "role", "Readers")
			others(l.apply(config).succeeds()).silent().plans().wrote(nothing)

			config = w.hubConfig() + w.seat(bo, `role = "Editors"`) + w.seat(nia)
			others(l.apply(config).succeeds()).is(at(bo), "role", "Editors")
			id := l.person(bo).ID
			if sent := l.sent(); !regexp.MustCompile(`(?s)` + strings.ReplaceAll(app.in+`.*`+app.out, "ID", id)).MatchString(sent) {
				t.Errorf("bo was not taken into the new group before out of the old:\n%s", sent)
			}
			l.truth(bo, hubsim.StatusActive, "Editors")

			// A group that is no role is a secondary role: beside the primary one.
			others(l.apply(config+w.roleOf("r", bo, "Billing")).succeeds()).plans(roleR, "create").is(roleR, "kind", "secondary")
			if now := l.person(bo); now.Role != "Editors" || !slices.Equal(now.ExtraRoles, []string{"Billing"}) {
				t.Errorf("bo is %+v", now)
			}
			others(l.apply(config + w.roleOf("r", bo, "Billing")).succeeds()).silent().plans().wrote(nothing)
			others(l.apply(config).succeeds()).plans(roleR, "delete")
			l.truth(bo, hubsim.StatusActive, "Editors")

			l.plan(w.hubConfig() + w.seat(bo, `role = "Editor"`) + w.seat(nia)).fails(`Unknown role.*no role "Editor"\. Did you mean "Editors"\?.*Legal on scim/acme: Readers, Editors, Admins\.`).wrote(nothing)
			l.plan(w.hubConfig() + w.seat(bo, `role = "Billing"`) + w.seat(nia)).fails(`no role "Billing"\.`).wrote(nothing)
			l.apply(config + w.roleOf("r", bo, "Biling")).fails("Reason: invalid_role. The app has no group named .Biling.. It has Admins, Billing, Editors, Readers").wrote(nothing).gone(roleR)
		})
	}
}

// Two apps in one provider: the token of one is never shown to the other.
func TestAccScim_twoApps(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set: no Terraform commands are run")
	}
	t.Parallel()
	const wikiToken = "fixture-wiki-token-0123456789"
	w := worlds["scim"]
	app := func(id string) hubsim.HubSeed {
		return hubsim.HubSeed{Platform: "scim", BusinessID: id, Name: id, Settings: w.hub, People: w.team(hubsim.PersonSeed{Email: bo, Role: "viewer"})}
	}
	s := newScene(t, hubsim.Seed{
		Hubs: []hubsim.HubSeed{app("acme"), app("wiki")},
		Credentials: []hubsim.Credential{
			w.credential, {"platform": "scim", "name": "wiki automation", "token": wikiToken, "apps": []string{"wiki"}},
		},
	})
	s.platform, s.business = w.platform, w.business
	entry := func(more string) string { return "{ roles = [\"viewer\", \"editor\", \"admin\"]" + more + " }" }
	w.provider = "provider \"roster\" {\n  scim = {\n    acme = " + entry("") + "\n    wiki = " +
		entry(", base_url = \""+hubsim.Endpoint(s.url, "scim")+"/wiki/v2\", token = \""+wikiToken+"\"") + "\n  }\n}\n"
	l := begin(t, w, *w.data(), s)
	both := w.hubConfig() + w.seat(bo, `role = "editor"`) + `
resource "roster_business_hub" "wiki" {
  platform    = "scim"
  business_id = "wiki"
}
resource "roster_hub_member" "nia" {
  hub_id = roster_business_hub.wiki.id
  email  = "nia@northwind.example"
}
`
	l.apply(both).succeeds().wrote(sum(w.added, w.changed)).is(at(nia), "id", "scim/wiki/"+nia)
	owners := map[string]string{"acme": "automation", "wiki": "wiki automation"}
	seen := map[string]int{}
	for _, r := range l.sim.Requests() {
		if seen[r.Business]++; r.Credential != owners[r.Business] || r.Status >= 400 {
			t.Errorf("%s %s was answered %d to the credential %q, want that of %q", r.Method, r.Path, r.Status, r.Credential, owners[r.Business])
		}
	}
	if len(seen) != 2 {
		t.Errorf("requests by app: %v, want both", seen)
	}
	if p := l.person(nia); p != nil {
		t.Errorf("nia is on acme too: %+v", p)
	}
}

// An app without PATCH takes the whole account, and what is not to change in it
// stays.
func TestAccScim_noPatch(t *testing.T) {
	w := three("", hubsim.Settings{"no_patch": true, "put_suspends": true})
	l := w.live(t, hubsim.PersonSeed{Email: bo, Name: "Bo Chen", Role: "viewer", ExtraRoles: []string{"editor"}})
	l.set("roles", []string{"viewer", "editor", "admin", "billing"})()
	if _, err := l.sim.Act("scim", "acme", hubsim.Act{Action: hubsim.ActSetRole, Email: bo, Role: "viewer", ExtraRoles: []string{"billing"}}); err != nil {
		t.Fatal(err)
	}
	put := func(r *run) {
		t.Helper()
		if sent := l.sent(); !strings.HasPrefix(sent, "PUT ") {
			t.Errorf("%s sent no PUT:\n%s", r.command, sent)
		}
		if p := l.person(bo); p.Name != "Bo Chen" || !slices.Equal(p.ExtraRoles, []string{"billing"}) {
			t.Errorf("after %s bo is %+v", r.command, p)
		}
	}
	l.apply(w.hubConfig() + w.seat(bo)).succeeds().wrote(nothing)
	put(l.apply(w.hubConfig() + w.seat(bo, `role = "editor"`)).succeeds().wrote(w.changed))
	l.truth(bo, hubsim.StatusActive, "editor")
	put(l.apply(w.hubConfig()).succeeds().wrote(one(hubsim.OpRemove)))
	l.truth(bo, hubsim.StatusSuspended, "editor")
	put(l.apply(w.hubConfig() + w.seat(bo, `role = "editor"`)).succeeds().wrote(one(hubsim.OpReactivate)))
	l.truth(bo, hubsim.StatusActive, "editor")
}

// An app whose reads lag behind: each change is written once and seen through.
func TestAccScim_lag(t *testing.T) {
	for _, source := range []string{"roles", "groups"} {
		t.Run(source, func(t *testing.T) {
			w := three(`role_source = "`+source+`"`, hubsim.Settings{"role_source": source, "visibility_lag": "400ms"})
			l := w.live(t, hubsim.PersonSeed{Email: bo, Role: "viewer"})
			added, changed := w.added, w.changed
			if source == "groups" {
				added = sum(added, one(hubsim.OpGrantRole))
				changed = map[string]int{hubsim.OpChangeRole: 1, hubsim.OpRevokeRole: 1} // in, and out
			}
			l.apply(w.hubConfig()+w.seat(bo)+w.seat(nia)).succeeds().wrote(added).is(at(nia), "status", "active", "role", "viewer")
			config := w.hubConfig() + w.seat(bo, `role = "editor"`)
			l.apply(config+w.seat(nia)).succeeds().wrote(changed).is(at(bo), "role", "editor")
			l.apply(config).succeeds().wrote(one(hubsim.OpRemove)).gone(at(nia))
			l.apply(config).succeeds().silent().plans().wrote(nothing)
			l.truth(bo, hubsim.StatusActive, "editor")
		})
	}
}

// Each mistake in an entry says which entry and setting it is in, what stands
// there and what may, and makes no request.
func TestAccScim_configuration(t *testing.T) {
	hubOf := func(name string) string {
		return "resource \"roster_business_hub\" \"h\" {\n  platform    = \"scim\"\n  business_id = \"" + name + "\"\n}\n"
	}
	const usable = `base_url = "https://app.example/scim/v2", token = "t"`
	in := func(settings string) string { return `acme = { ` + usable + `, ` + settings + ` }` }
	var steps []resource.TestStep
	for _, mistake := range []struct{ entry, want string }{
		{`acme = { base_url = "https://app.example/scim/v2" }`, `Set scim.acme.token in the provider block .or the environment variable SCIM_ACME_TOKEN.`},
		{`acme = { token = "t" }`, `Set scim.acme.base_url in the provider block .or the environment variable SCIM_ACME_BASE_URL.`},
		{`acme = { base_url = "http://app.example/scim/v2", token = "t" }`, `SCIM app acme: the setting scim\.acme\.base_url .*"http://app.example/scim/v2".*Write an https URL such as`},
		{`acme = { base_url = "app.example", token = "t" }`, `the setting scim\.acme\.base_url .*"app.example".*Write an https URL`},
		{in(`profile = "slak"`), `SCIM app acme: the setting scim\.acme\.profile .*"slak" is not one of atlassian, aws, entra, github_enterprise, okta, slack`},
		{in(`role_source = "group"`), `the setting scim\.acme\.role_source .*"group" is not one of roles, entitlements, groups, none`},
		{in(`remove_mode = "purge"`), `the setting scim\.acme\.remove_mode .*"purge" is not one of delete, deactivate`},
		{in(`role_source = "groups"`), `the setting scim\.acme\.roles .*Roles come from groups.*List the display names of the groups.*or set role_source to "none"`},
		{in(`profile = "atlassian"`), `the setting scim\.acme\.roles .*Roles come from groups`},
		{in(`profile = "aws", role_source = "groups", roles = ["a"]`), `the setting scim\.acme\.role_source .*does not tell through SCIM who is in a group.*Use "none"`},
		{in(`role_source = "none", roles = ["a"]`), `the setting scim\.acme\.roles .*role_source is "none"`},
		{in(`roles = ["a", "A"]`), `the setting scim\.acme\.roles .*"A" is there twice`},
		{in(`roles = ["a", " b"]`), `the setting scim\.acme\.roles .*" b" is no name of a role`},
		{in(`roles = ["a"], admin_roles = ["b"]`), `the setting scim\.acme\.admin_roles .*"b" is not among roles .a.`},
		{in(`admin_roles = ["b"]`), `the setting scim\.acme\.admin_roles .*roles is not set`},
		{in(`admin_url = "http://acme.example"`), `the setting scim\.acme\.admin_url .*"http://acme.example".*https URL of the screen`},
		{`wiki = { ` + usable + ` }`, `has no entry "acme"; it has wiki`},
		{`acme = {}, "My-App" = {}`, `"My-App" cannot be the business id of a hub of scim: .*lower-case words joined by underscores`},
	} {
		steps = append(steps, resource.TestStep{
			Config:      "provider \"roster\" {\n  scim = { " + mistake.entry + " }\n}\n" + hubOf("acme"),
			ExpectError: regexp.MustCompile(`(?s)` + strings.ReplaceAll(mistake.want, " ", `\s+`)),
		})
	}
	steps = append(steps,
		resource.TestStep{Config: hubOf("acme"), ExpectError: regexp.MustCompile(`(?s)provider\s+block\s+has\s+no\s+scim.*scim\s+=\s+\{\s+NAME`)},
		resource.TestStep{Config: hubOf("Acme-1"), ExpectError: regexp.MustCompile(`(?s)"Acme-1".*lower-case\s+words\s+joined\s+by\s+underscores`)},
	)
	t.Parallel()
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: bare(), Steps: steps})
}

// The token comes from the environment, and is nowhere else afterwards.
func TestAccScim_secrets(t *testing.T) {
	w := three("", nil)
	s := w.scene(t, hubsim.HubSeed{People: w.team(hubsim.PersonSeed{Email: bo, Role: "viewer"})})
	// An entry without settings stands in nobody's way who does not use it.
	config := strings.Replace(w.hubConfig(), "    acme = {", "    wiki = {}\n    acme = {", 1)
	folder := s.commands(config + w.seat(bo) + w.seat(nia))
	folder.env = append(folder.env, "SCIM_ACME_BASE_URL="+hubsim.Endpoint(s.url, "scim")+"/acme/v2", "SCIM_ACME_TOKEN="+fixtureToken)
	t.Parallel()
	folder.keepsSecret(fixtureToken, s.set(hubsim.TokenInvalid, true))
	if p := s.person(nia); p == nil || p.Status != hubsim.StatusActive {
		t.Errorf("nia is %+v: the run that was to be looked through did nothing", p)
	}
}

// keepsSecret plans, applies and fails at the loudest log level, and looks for the
// secret in whatever that left: output, log, state, and the files inside the plan.
func (w *workspace) keepsSecret(secret string, revoke func()) {
	w.t.Helper()
	w.env = append(w.env, "TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(w.dir, "trace.log"))
	out := w.must("plan", "-out=plan.bin")
	out += w.must("show", "-json", "plan.bin")
	out += w.must("apply", "plan.bin")
	out += w.must("show", "-json")
	revoke()
	failed, ok := w.run("plan")
	if ok || !strings.Contains(failed, "unauthenticated") {
		w.t.Errorf("a plan with a revoked credential was to fail for that:\n%s", failed)
	}
	texts := map[string]string{"output": out + failed, "trace.log": w.read("trace.log"), "terraform.tfstate": w.read("terraform.tfstate"), "plan.bin": w.read("plan.bin")}
	plan, err := zip.OpenReader(filepath.Join(w.dir, "plan.bin"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = plan.Close() }()
	for _, file := range plan.File {
		r, err := file.Open()
		if err != nil {
			w.t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			w.t.Fatal(err)
		}
		texts["plan.bin/"+file.Name] = string(text)
	}
	for name, text := range texts {
		if strings.Contains(text, secret) {
			w.t.Errorf("%s holds the credential", name)
		}
	}
	// The check sees something: the log and the plan are what they should be.
	if !strings.Contains(texts["trace.log"], "roster read") || !strings.Contains(texts["plan.bin/tfplan"], "roster_hub_member") {
		w.t.Errorf("no line of roster's in the log, or no member in the plan: the check sees nothing")
	}
}
