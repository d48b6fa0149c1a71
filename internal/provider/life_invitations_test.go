package provider_test

import (
	"slices"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// An invitation is a state of the member: sent once, with its times where the
// platform tells them, and a seat under perhaps another id once it is accepted,
// without a planned change.
func TestAccLifeInvitation(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p)
		config := w.hubConfig() + l.newcomer(nia)
		l.apply(config).succeeds().plans(at(nia), "create").wrote(w.added).
			is(at(nia), "status", joined(p), "role", w.member)
		if told := l.state(at(nia))["expires_at"] != nil; told != (p.InvitationLife > 0) {
			t.Errorf("expires_at is told: %v, and an invitation of the platform lives %s", told, p.InvitationLife)
		}
		l.apply(config).succeeds().silent().plans().wrote(nothing)
		if !invites(p) {
			return
		}
		l.does(hubsim.ActAccept, nia)
		l.apply(config).succeeds().silent().plans().wrote(nothing).
			is(at(nia), "status", "active", "role", w.member, "expires_at", "")
	})
}

// The role of an invitation changes in place; or by a second invitation, which
// the plan announces; or not before it is accepted, which the plan says too.
func TestAccLifeInvitation_role(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p)
		config := func(role string) string { return w.hubConfig() + w.seat(nia, `role = "`+role+`"`) }
		l.apply(config(w.member)).succeeds()
		planned := l.plan(config(w.admin)).succeeds().plans(at(nia), "update").wrote(nothing)
		switch l.p.Capabilities.Of(hub.OpChangeInvitedRole) {
		case hub.Supported:
			planned.silent()
			l.applyPlan().succeeds().inOrder(hubsim.OpChangeInvitedRole).is(at(nia), "status", "invited", "role", w.admin)
		case hub.ByReinvite:
			planned.warns("has not accepted the invitation", "withdraws it and sends another one", "second e-mail")
			l.applyPlan().succeeds().inOrder(hubsim.OpCancelInvitation, hubsim.OpInvite).is(at(nia), "status", "invited", "role", w.admin)
		case hub.AfterAcceptance:
			planned.warns("has not accepted the invitation", "changes roles only after that")
			l.applyPlan().fails("did not get the role", "Reason: awaiting_acceptance").wrote(nothing).is(at(nia), "status", "invited", "role", w.member)
		case hub.Unsupported:
			planned.warns("left to a person")
			l.applyPlan().fails("did not get the role", "Reason: unsupported", "Finish it by hand").wrote(nothing)
		}
		if l.p.Capabilities.Of(hub.OpChangeInvitedRole) == hub.Supported || l.p.Capabilities.Of(hub.OpChangeInvitedRole) == hub.ByReinvite {
			l.apply(config(w.admin)).succeeds().silent().plans().wrote(nothing)
		}
		// Accepted between plan and apply: the seat gets the role, and nobody is
		// invited again.
		other := map[string]string{w.admin: w.member, w.member: w.admin}[l.role(nia)]
		l.plan(config(other)).succeeds()
		l.does(hubsim.ActAccept, nia)
		l.applyPlan().succeeds().wrote(w.changed).is(at(nia), "status", "active", "role", other)
		l.truth(nia, hubsim.StatusActive, other)
	}, invites)
}

// An invitation that runs out is seen at plan; it is sent again, once, or left.
func TestAccLifeInvitation_expired(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		tellsEnd := p.InvitationLife > 0 || slices.Contains(p.Statuses, hub.StatusExpired)
		runsOut := func(l *life) {
			if p.InvitationLife > 0 {
				l.passes(p.InvitationLife + time.Hour)
				return
			}
			l.does(hubsim.ActExpire, nia)
		}
		config := func(l *life, onExpired string) string {
			return w.hubConfig() + l.newcomer(nia, `on_expired = "`+onExpired+`"`)
		}
		l := w.begin(t, p)
		l.apply(config(l, "keep")).succeeds().wrote(w.added)
		runsOut(l)
		if !tellsEnd {
			// Gone, as one that was withdrawn is; or listed as open for ever, which
			// nobody can tell from an open one.
			r := l.apply(config(l, "keep")).succeeds()
			if len(r.planned) > 0 {
				r.warns("The invitation of nia@northwind.example .* is gone").plans(at(nia), "create").wrote(w.added)
			}
			return
		}
		l.plan(config(l, "keep")).succeeds().warns(`The invitation of nia@northwind.example .* has run out`, `on_expired = "keep"`).plans().wrote(nothing)
		l.apply(config(l, "keep")).succeeds().plans().wrote(nothing).is(at(nia), "status", "expired")
		l.apply(config(l, "keep")).succeeds().silent().plans().wrote(nothing)
		l.plan(config(l, "reinvite")).succeeds().warns("has come to nothing", "status is expired", "invites them again").plans(at(nia), "update").wrote(nothing)
		l.applyPlan().succeeds().is(at(nia), "status", "invited").invitedOnce(w)
		l.apply(config(l, "reinvite")).succeeds().silent().plans().wrote(nothing)
		l.truth(nia, hubsim.StatusInvited, w.member)
		// And one that runs out unattended, with the default.
		runsOut(l)
		l.apply(w.hubConfig()+l.newcomer(nia)).succeeds().plans(at(nia), "update").is(at(nia), "status", "invited").invitedOnce(w)
		l.does(hubsim.ActAccept, nia)
		l.apply(w.hubConfig()+l.newcomer(nia)).succeeds().silent().plans().wrote(nothing).is(at(nia), "status", "active")
	}, invites)
}

// Some platforms go on listing an invitation that has run out as open, and refuse
// another one beside it: the stale one is withdrawn first.
func TestAccLifeInvitation_stale(t *testing.T) {
	settings := map[string]hubsim.Settings{
		"pinterest_business": {"late_expiry": true},
		meta:                 {"keep_closed_invitations": true},
	}
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		set, ok := settings[w.platform]
		if !ok {
			return
		}
		l := begin(t, w, p, w.scene(t, hubsim.HubSeed{People: w.team(), Settings: set}))
		config := w.hubConfig() + l.newcomer(nia)
		l.apply(config).succeeds().wrote(w.added)
		l.passes(p.InvitationLife + time.Hour)
		l.apply(config).succeeds().warns("has come to nothing").plans(at(nia), "update").is(at(nia), "status", "invited").invitedOnce(w)
		l.apply(config).succeeds().silent().plans().wrote(nothing)
		l.does(hubsim.ActAccept, nia)
		l.apply(config).succeeds().silent().plans().wrote(nothing).is(at(nia), "status", "active")
	}, invites)
}

// Declined, or withdrawn by somebody else: said at plan, and one invitation
// again.
func TestAccLifeInvitation_declined(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p)
		config := w.hubConfig() + l.newcomer(nia, `on_expired = "keep"`)
		l.apply(config).succeeds().wrote(w.added)
		l.does(hubsim.ActDecline, nia)
		// A platform that has the status may still list such an invitation no more.
		planned := l.plan(config).succeeds()
		if slices.Contains(p.Statuses, hub.StatusDeclined) && len(planned.planned) == 0 {
			planned.warns(`The invitation of nia@northwind.example .* was declined`, `on_expired = "keep"`).plans().wrote(nothing)
			l.apply(config).succeeds().plans().wrote(nothing).is(at(nia), "status", "declined")
			l.apply(config).succeeds().silent().plans().wrote(nothing)
			config = w.hubConfig() + l.newcomer(nia)
			l.apply(config).succeeds().warns("has come to nothing", "status is declined").plans(at(nia), "update").
				is(at(nia), "status", "invited").invitedOnce(w)
		} else {
			l.apply(config).succeeds().warns("The invitation of nia@northwind.example .* is gone", "withdrawn or declined").
				plans(at(nia), "create").wrote(w.added).is(at(nia), "status", "invited")
		}
		l.apply(config).succeeds().silent().plans().wrote(nothing)

		l.does(hubsim.ActRemove, nia)
		l.apply(config).succeeds().warns("The invitation of nia@northwind.example .* is gone").plans(at(nia), "create").wrote(w.added)
		l.truth(nia, hubsim.StatusInvited, w.member)
	}, invites)
}
