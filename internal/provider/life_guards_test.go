package provider_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// The last administrator stays: removal, demotion and downgrade are refused at
// plan, two who go in one plan as well, and again just before the write.
func TestAccLifeGuards_lastAdmin(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		refusal := []string{"last_admin", "is the last administrator of", `allow_lockout = true`}
		l := w.begin(t, p)
		both := w.hubConfig() + w.seat(ada, `role = "`+w.admin+`"`) + w.seat(olive, `role = "`+w.admin+`"`)
		onlyAda := w.hubConfig() + w.seat(ada, `role = "`+w.admin+`"`)
		l.apply(both).succeeds().wrote(nothing)

		l.plan(w.hubConfig()).fails(append(refusal, "takes the others away as well: (ada|olive)")...).wrote(nothing)
		l.plan(onlyAda).succeeds()
		l.does(hubsim.ActSetRole, ada, w.member) // since the plan: olive is the last one now
		l.applyPlan().fails(append(refusal, olive+" was not removed", "refused before anything was sent")...).wrote(nothing).is(at(olive), "role", w.admin)
		l.truth(olive, hubsim.StatusActive, w.admin)

		keepsAda := w.hubConfig() + w.seat(ada)
		l.plan(keepsAda).fails(append(refusal, olive+" was not removed")...).wrote(nothing)
		l.plan(keepsAda + w.seat(olive, `role = "`+w.member+`"`)).fails(append(refusal, olive+" did not get the role "+w.member)...).wrote(nothing)
		if l.p.DefaultRole() != "" {
			l.apply(keepsAda + w.seat(olive, `on_destroy = "downgrade"`)).succeeds().wrote(nothing)
			l.plan(keepsAda).fails(append(refusal, olive+" did not get the role "+w.member)...).wrote(nothing)
		}

		// With the word said roster asks; whether the platform lets the last one go
		// is the platform's to say.
		l.apply(keepsAda + w.seat(olive, `allow_lockout = true`)).succeeds().wrote(nothing)
		r := l.plan(keepsAda).succeeds().plans(at(olive), "delete")
		if strings.Contains(r.text("warning"), "last_admin") {
			t.Error("allow_lockout is set, and the guard warns")
		}
		if r := l.applyPlan(); len(r.writes) == 0 || r.writes[0] != hubsim.OpRemove {
			t.Errorf("with allow_lockout roster wrote %v, want a removal\n%s", r.writes, r.text("error"))
		}
	})
}

// The identity that roster acts as is neither removed nor demoted, where the
// platform tells who that is.
func TestAccLifeGuards_self(t *testing.T) {
	const self = "automation@agency.example"
	// What the credential of the world needs to be a person's, with a seat; nil:
	// the platform does not tell, or the credential is nobody's.
	credentials := map[string]hubsim.Credential{
		meta:                 {"kind": "user", "email": self, "businesses": []string{}},
		"google_ads":         nil, // a refresh token does not say whose it is
		"pinterest_business": {"email": self},
		"snapchat_business":  {"email": self},
		"tiktok_business":    {"email": self},
		"scim":               nil, // a token of the app
		"cerby":              nil, // an API key of the workspace
	}
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		more, ok := credentials[w.platform]
		switch {
		case !ok:
			t.Fatalf("%s has no entry here: can a credential of its be somebody on the hub?", w.platform)
		case more == nil:
			return
		}
		w.credential = maps.Clone(w.credential)
		maps.Copy(w.credential, more)
		l := w.begin(t, p, hubsim.PersonSeed{Email: self, Name: "Automation", Role: w.admin})
		config := func(arguments ...string) string { return w.hubConfig() + w.seat(self, arguments...) }
		refusal := []string{"self_lockout", self + " is who roster itself acts as", "allow_lockout = true"}
		l.apply(config(`role = "` + w.admin + `"`)).succeeds().wrote(nothing)
		l.plan(w.hubConfig()).fails(append(refusal, self+" was not removed")...).wrote(nothing)
		l.plan(config(`role = "` + w.member + `"`)).fails(append(refusal, self+" did not get the role "+w.member)...).wrote(nothing)
		l.plan(config(`role = "`+w.member+`"`, `allow_lockout = true`)).succeeds().plans(at(self), "update")
		l.apply(config(`role = "`+w.admin+`"`, `allow_lockout = true`)).succeeds().wrote(nothing)
		l.plan(w.hubConfig()).succeeds().plans(at(self), "delete")
	})
}

// Two blocks that pull at one person are refused at plan.
func TestAccLifeGuards_claims(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p, hubsim.PersonSeed{Email: bo, Name: "Bo Chen", Role: w.member})
		id := w.hubID() + "/" + bo
		l.plan(w.hubConfig()+w.seat(bo)+w.memberConfig("again", "BO@Northwind.example", "")).
			fails("Two resources claim "+id, "another case").wrote(nothing)
		l.plan(w.hubConfig()+w.seat(bo, `role = "`+w.member+`"`)+w.roleOf("r", bo, w.admin)).
			fails("Two resources claim the primary role of "+id, "leave role out").wrote(nothing)
		l.plan(w.hubConfig()+w.seat(bo)+w.roleOf("r", bo, w.admin)+w.roleOf("s", bo, w.member)).
			fails("Two resources claim the primary role of "+id, "roster_hub_member_role twice").wrote(nothing)
	})
}

// Too many leavers in one run are refused with their names: at plan by what the
// roster says then, and before the write by what it says by then.
func TestAccLifeGuards_removalSafeguard(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p,
			hubsim.PersonSeed{Email: bo, Name: "Bo Chen", Role: w.member},
			hubsim.PersonSeed{Email: cy, Name: "Cy Dahl", Role: w.member},
			hubsim.PersonSeed{Email: di, Name: "Di Evans", Role: w.member})
		hubWith := func(percent int) string {
			return w.under(fmt.Sprintf("  removal_safeguard = {\n    percent  = %d\n    at_least = 1\n  }", percent))
		}
		l.apply(hubWith(20) + w.seat(bo) + w.seat(cy) + w.seat(di)).succeeds().wrote(nothing)
		refusal := []string{"was not removed", "Reason: safeguard", "raise removal_safeguard.percent"}

		r := l.plan(hubWith(20)).fails(append(refusal, "of the 5 people", "lets 20 % go")...).wrote(nothing)
		if n := strings.Count(r.text("error"), "Reason: safeguard"); n != 1 {
			t.Errorf("the safeguard spoke %d times, want once for the plan", n)
		}
		// Also when they do not go, but others come in their places.
		l.plan(hubWith(20) + w.memberConfig("bo", "bo.two@northwind.example", `role = "`+w.member+`"`) + w.memberConfig("cy", "cy.two@northwind.example", `role = "`+w.member+`"`) + w.seat(di)).
			fails(append(refusal, bo)...).wrote(nothing)

		l.plan(hubWith(20)+w.seat(bo)+w.seat(cy)).succeeds().plans(at(di), "delete")
		l.does(hubsim.ActRemove, bo)
		l.applyPlan().fails(append(refusal, "of the 4 people", di)...).wrote(nothing).is(at(di), "status", "active")
		l.truth(di, hubsim.StatusActive, w.member)

		l.apply(hubWith(100)).succeeds().wrote(map[string]int{hubsim.OpRemove: 2})
	}, can(hub.OpRemove))
}

// With read_only a plan works, and says that apply will not.
func TestAccLifeGuards_readOnly(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		readOnly := w.under("  read_only = true")
		l := w.begin(t, p,
			hubsim.PersonSeed{Email: bo, Name: "Bo Chen", Role: w.member},
			hubsim.PersonSeed{Email: cy, Name: "Cy Dahl", Role: w.member},
			hubsim.PersonSeed{Email: di, Name: "Di Evans", Role: w.member})
		l.apply(w.hubConfig() + w.seat(bo) + w.seat(cy) + w.seat(di)).succeeds().wrote(nothing)
		changed := readOnly + w.seat(bo, `role = "`+w.admin+`"`) + l.newcomer(nia) + w.seat(di) + w.roleOf("r", di, w.admin)
		r := l.plan(changed).succeeds().plans(at(bo), "update", at(cy), "delete", at(nia), "create", "roster_hub_member_role.r", "create").
			warns("Apply changes nobody on ", "read_only = true")
		if n := strings.Count(r.text("warning"), "Apply changes nobody"); n != 1 {
			t.Errorf("read_only spoke %d times, want once for the hub", n)
		}
		l.applyPlan().fails(bo+" did not get the role "+w.admin, cy+" was not removed", nia+" was not added", di+" did not get the role "+w.admin,
			"Reason: safeguard. The provider is configured with read_only = true").wrote(nothing).
			is(at(bo), "role", w.member).is(at(cy), "status", "active").gone(at(nia)).gone("roster_hub_member_role.r")
		l.apply(readOnly + w.seat(bo) + w.seat(cy) + w.seat(di)).succeeds().silent().plans().wrote(nothing)
	})
}
