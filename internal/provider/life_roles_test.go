package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

const roleR = "roster_hub_member_role.r"

// A primary role as a resource of its own: given, met by drift, and taken again
// by a return to the least-privileged one. The seat stays.
func TestAccLifeRoles_primary(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p, hubsim.PersonSeed{Email: bo, Name: "Bo Chen", Role: w.member}, hubsim.PersonSeed{Email: cy, Name: "Cy Dahl", Role: w.admin})
		config := w.hubConfig() + w.seat(bo) + w.roleOf("r", bo, w.admin)
		l.apply(config).succeeds().plans(at(bo), "create", roleR, "create").wrote(w.changed).is(roleR, "kind", "primary")
		l.apply(config).succeeds().silent().plans().wrote(nothing).is(at(bo), "role", w.admin)
		l.does(hubsim.ActSetRole, bo, w.member)
		l.apply(config).succeeds().warns(bo+" does not have the role "+w.admin+" .* any more").plans(roleR, "create").wrote(w.changed)
		if l.p.DefaultRole() == "" {
			l.plan(w.hubConfig()+w.seat(bo)).fails(bo+" cannot lose the role "+w.admin, "on_destroy = .keep.").wrote(nothing)
			l.apply(w.hubConfig() + w.seat(bo) + w.roleOf("r", bo, w.admin, `on_destroy = "keep"`)).succeeds().wrote(nothing)
			l.apply(w.hubConfig()+w.seat(bo)).succeeds().plans(roleR, "delete").wrote(nothing)
			l.truth(bo, hubsim.StatusActive, w.admin)
			return
		}
		l.apply(w.hubConfig()+w.seat(bo)).succeeds().plans(roleR, "delete").wrote(w.changed)
		l.truth(bo, hubsim.StatusActive, w.member)
		l.apply(w.hubConfig()+w.seat(bo)).succeeds().silent().plans().wrote(nothing).is(at(bo), "role", w.member)

		// Somebody who has the role already, and one who has lost it by the time it
		// is to be taken: nothing to write.
		held := w.hubConfig() + w.seat(bo) + w.seat(cy) + w.roleOf("r", cy, w.admin)
		l.apply(held).succeeds().wrote(nothing)
		l.plan(w.hubConfig()+w.seat(bo)+w.seat(cy)).succeeds().plans(roleR, "delete")
		l.does(hubsim.ActSetRole, cy, w.member)
		l.applyPlan().succeeds().wrote(nothing)
		// The seat and the role go together, in the order that needs least.
		l.does(hubsim.ActSetRole, cy, w.admin)
		l.apply(held).succeeds().wrote(nothing)
		l.apply(w.hubConfig()+w.seat(bo)).succeeds().plans(at(cy), "delete", roleR, "delete").wrote(sum(w.changed, one(hubsim.OpRemove)))
		l.truth(cy, "", "")
	})
}

// A primary role for somebody whom the same apply adds: the plan says what that
// costs where the role of an invitation cannot be changed.
func TestAccLifeRoles_newcomer(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p)
		if l.p.DefaultRole() == "" {
			return // nobody is added without a role there
		}
		config := w.hubConfig() + w.seat(nia) + w.roleOf("r", nia, w.admin)
		planned := l.plan(config).succeeds()
		support := l.p.Capabilities.Of(hub.OpChangeInvitedRole)
		switch {
		case !invites(p):
			planned.silent()
			l.applyPlan().succeeds().wrote(sum(w.added, w.changed)).is(at(nia), "status", "active")
		case support == hub.Supported:
			planned.silent()
			l.applyPlan().succeeds().wrote(sum(w.added, one(hubsim.OpChangeInvitedRole)))
		case support == hub.ByReinvite:
			planned.warns(nia+" is invited to .* before this role is given", "they get two e-mails", "Write role = ")
			l.applyPlan().succeeds().wrote(sum(w.added, w.added, one(hubsim.OpCancelInvitation)))
		default:
			planned.warns(nia+" is invited to .* before this role is given", "will fail on this role until they have accepted")
			l.applyPlan().fails("did not get the role").wrote(w.added).is(at(nia), "status", "invited")
			l.does(hubsim.ActAccept, nia)
			l.apply(config).succeeds().wrote(w.changed)
		}
		l.apply(config).succeeds().silent().plans().wrote(nothing).is(at(nia), "role", w.admin)
		l.truth(nia, joined(p), w.admin)
	})
}

// Changes of one member at the same time are made one after another, and none is
// lost to the others.
func TestAccLifeRoles_together(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p,
			hubsim.PersonSeed{Email: bo, Name: "Bo Chen", Role: w.member},
			hubsim.PersonSeed{Email: cy, Name: "Cy Dahl", Role: w.member},
			hubsim.PersonSeed{Email: di, Name: "Di Evans", Role: w.admin})
		config := w.hubConfig() + w.seat(bo) + w.seat(cy, `role = "`+w.admin+`"`) + w.seat(di, `role = "`+w.member+`"`)
		roles := w.roleOf("r", bo, w.admin)
		want := []string{w.admin}
		for i, role := range l.secondary() {
			roles += w.roleOf("more"+string(rune('a'+i)), bo, role)
			want = append(want, role)
		}
		l.apply(config + roles).succeeds()
		l.truth(cy, hubsim.StatusActive, w.admin)
		l.truth(di, hubsim.StatusActive, w.member)
		if got := l.person(bo); got.Role != w.admin || len(got.ExtraRoles) != len(want)-1 {
			t.Errorf("bo has %q beside %q, want %q", got.ExtraRoles, got.Role, want)
		}
		l.apply(config + roles).succeeds().silent().plans().wrote(nothing)

		if l.p.Capabilities.Of(hub.OpRevokeRole) != hub.Supported || l.p.DefaultRole() == "" {
			return
		}
		l.apply(config).succeeds()
		if got := l.person(bo); got.Role != w.member || len(got.ExtraRoles) != 0 {
			t.Errorf("bo has %q beside %q, want %q alone", got.ExtraRoles, got.Role, w.member)
		}
		l.apply(config).succeeds().silent().plans().wrote(nothing)
	})
}

// A secondary role that the API cannot give or take is left to a person: said at
// plan with the steps, an error with them at apply, adopted once it is done.
func TestAccLifeRoles_byHand(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		secondary := p.RoleIDs(hub.Secondary)
		if len(secondary) == 0 {
			return
		}
		// Not every secondary role is shown by every API; one of the finance roles is.
		role := secondary[0]
		if i := slices.IndexFunc(secondary, func(id string) bool { return strings.HasPrefix(strings.ToUpper(id), "FINANCE") }); i >= 0 {
			role = secondary[i]
		}
		l := w.begin(t, p, hubsim.PersonSeed{Email: bo, Name: "Bo Chen", Role: w.member})
		hand := func(roles ...string) {
			t.Helper()
			if _, err := l.sim.Act(w.platform, w.business, hubsim.Act{Action: hubsim.ActSetRole, Email: bo, ExtraRoles: append([]string{}, roles...)}); err != nil {
				t.Fatal(err)
			}
		}
		with, without := w.hubConfig()+w.seat(bo)+w.roleOf("r", bo, role), w.hubConfig()+w.seat(bo)
		if l.p.Capabilities.Of(hub.OpGrantRole) == hub.Unsupported {
			l.plan(with).succeeds().warns("The role-change task for "+bo+" is left to a person", "has no such call", "Do it first, and the plan finds it done")
			l.applyPlan().fails(bo+" did not get the role "+role, "Reason: unsupported", "Finish it by hand").wrote(nothing).gone(roleR).is(at(bo), "status", "active")
			hand(role)
			l.apply(with).succeeds().wrote(nothing).is(roleR, "kind", "secondary")
		} else {
			l.apply(with).succeeds().is(roleR, "kind", "secondary")
		}
		l.apply(with).succeeds().silent().plans().wrote(nothing)
		if l.p.Capabilities.Of(hub.OpRevokeRole) != hub.Unsupported {
			return
		}
		l.plan(without).succeeds().warns("The role-change task for "+bo+" is left to a person").plans(roleR, "delete")
		l.applyPlan().fails(bo+" keeps the role "+role, "Reason: unsupported").wrote(nothing).is(roleR, "role", role)
		hand()
		l.apply(without).succeeds().wrote(nothing).gone(roleR)
	})
}

// secondary are secondary roles that the platform's API can give, and that do not
// exclude one another.
func (l *life) secondary() []string {
	l.t.Helper()
	if l.p.Capabilities.Of(hub.OpGrantRole) != hub.Supported {
		return nil
	}
	var ids, groups []string
	for _, r := range l.p.Roles {
		if r.Kind == hub.Secondary && (r.Group == "" || !slices.Contains(groups, r.Group)) {
			ids, groups = append(ids, r.ID), append(groups, r.Group)
		}
	}
	return ids
}
