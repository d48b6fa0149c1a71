package provider_test

import (
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// Changes that a second administrator has to approve: each is asked for once,
// stays what it is through refreshes, and ends as it is decided or as its time
// runs out. TestAccApproval tells the way of those that are approved.
func TestAccLifeApprovals(t *testing.T) {
	// longer than any review stands
	const later = 60 * 24 * time.Hour
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := begin(t, w, p, w.scene(t, hubsim.HubSeed{People: w.team(), Settings: hubsim.Settings{"multi_party_approval": "always"}}))
		config := func(role string, arguments ...string) string {
			return w.hubConfig() + w.seat(nia, append(arguments, `role = "`+role+`"`, "timeouts {\n    delete = \"2s\"\n  }")...)
		}
		held := func(c, role string) {
			t.Helper()
			for range 2 {
				l.apply(c).succeeds().silent().plans().wrote(nothing).is(at(nia), "status", "pending_approval", "role", role)
			}
		}

		// An invitation: rejected, asked for again, run out, left, asked for again.
		c := config(w.member, `on_expired = "keep"`)
		l.apply(c).succeeds().warns(nia+" waits for a second administrator").wrote(one(hubsim.OpInvite)).is(at(nia), "status", "pending_approval")
		held(c, w.member)
		l.does(hubsim.ActReject, nia)
		l.apply(c).succeeds().warns("The invitation of "+nia+" .* was not approved", "asks again").plans(at(nia), "create").wrote(one(hubsim.OpInvite))
		held(c, w.member)
		l.passes(later)
		l.apply(c).succeeds().warns("The invitation of "+nia+" .* has run out").plans().wrote(nothing).is(at(nia), "status", "expired")
		l.apply(c).succeeds().silent().plans().wrote(nothing)
		c = config(w.member)
		l.apply(c).succeeds().warns("has come to nothing").plans(at(nia), "update").wrote(one(hubsim.OpInvite)).is(at(nia), "status", "pending_approval")

		// Another role while it waits: the request is taken back and made anew, and
		// that is said.
		l.plan(config(w.admin)).succeeds().warns("has not accepted the invitation", "withdraws it").plans(at(nia), "update")
		l.applyPlan().succeeds().inOrder(hubsim.OpResolveReview, hubsim.OpInvite).is(at(nia), "status", "pending_approval", "role", w.admin)
		// And taken back when the person is not to come at all.
		l.apply(w.hubConfig()).succeeds().plans(at(nia), "delete").inOrder(hubsim.OpResolveReview).gone(at(nia))
		l.truth(nia, "", "")
		l.apply(w.hubConfig()).succeeds().silent().plans().wrote(nothing)

		// A role: held, another one wanted meanwhile, run out, asked for again.
		l.does(hubsim.ActJoin, nia, w.member)
		c = config(w.admin)
		l.apply(c).succeeds().warns(nia+" waits for a second administrator").wrote(w.changed).is(at(nia), "status", "pending_approval", "role", w.admin)
		held(c, w.admin)
		l.truth(nia, hubsim.StatusActive, w.member)
		l.plan(config(w.member)).succeeds().warns("Another change of "+nia+" .* waits for a second administrator", "the role "+w.admin)
		l.applyPlan().fails(nia+" did not get the role "+w.member, "Reason: awaiting_approval", "approved or rejected first").wrote(nothing)
		held(c, w.admin)
		l.passes(later)
		l.apply(c).succeeds().plans(at(nia), "update").wrote(w.changed).is(at(nia), "status", "pending_approval", "role", w.admin)
		l.does(hubsim.ActApprove, nia)
		l.apply(c).succeeds().silent().plans().wrote(nothing).is(at(nia), "status", "active", "role", w.admin)

		// A removal: held, rejected, asked for again when its time is over, approved.
		l.apply(w.hubConfig()).fails(nia+" was not removed", "still has access", "Reason: awaiting_approval").wrote(one(hubsim.OpRemove)).is(at(nia), "status", "active")
		l.does(hubsim.ActReject, nia)
		l.apply(c).succeeds().silent().plans().wrote(nothing).is(at(nia), "status", "active", "role", w.admin)
		l.apply(w.hubConfig()).fails("Reason: awaiting_approval").wrote(one(hubsim.OpRemove))
		l.passes(later)
		l.apply(w.hubConfig()).fails("Reason: awaiting_approval").wrote(one(hubsim.OpRemove))
		l.apply(w.hubConfig()).fails("Reason: awaiting_approval").wrote(nothing)
		l.does(hubsim.ActApprove, nia)
		l.apply(w.hubConfig()).succeeds().wrote(nothing).gone(at(nia))
		l.truth(nia, "", "")
	}, has(hub.StatusPendingApproval))
}
