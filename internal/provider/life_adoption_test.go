package provider_test

import (
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// Somebody on the hub already is taken over: the plan says so, with the change of
// role that it implies, and the apply makes just that change.
func TestAccLifeAdoption(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p,
			hubsim.PersonSeed{Email: "Bo@northwind.example", Name: "Bo Chen", Role: w.member},
			hubsim.PersonSeed{Email: cy, Name: "Cy Dahl", Role: w.admin})
		config := w.hubConfig() + w.seat(bo, `role = "`+w.admin+`"`) + w.seat(cy)
		l.plan(config).succeeds().plans(at(bo), "create", at(cy), "create").wrote(nothing).
			warns(bo+" is on Northwind (Paid Social|Traders) .* already", "They are active there, with the role "+w.member,
				"adopts the seat and changes the role from "+w.member+".* to "+w.admin, "nobody is invited a second time",
				"terraform import roster_hub_member.NAME "+w.hubID()+"/"+bo).
			warns(cy+" is on Northwind (Paid Social|Traders) .* already", "They are active there, with the role "+w.admin+"[^.]*. Apply adopts the seat;")
		l.applyPlan().succeeds().wrote(w.changed).is(at(bo), "status", "active", "role", w.admin).is(at(cy), "status", "active", "role", w.admin)
		l.apply(config).succeeds().silent().plans().wrote(nothing)
	})
}

// A failed task, finished by hand: the next apply takes over what it finds, and
// nobody is invited a second time.
func TestAccLifeAdoption_byHand(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p)
		config := w.hubConfig() + w.seat(nia, `role = "`+w.admin+`"`)
		refusal := w.refusal
		refusal.Kind, refusal.Operation = hubsim.FaultRespond, hubsim.OpInvite
		l.fault(refusal)()
		l.apply(config).fails(nia+" was not added to", "has no seat there", "Finish it by hand").gone(at(nia))
		l.sim.ClearFaults()
		if !invites(p) {
			l.does(hubsim.ActJoin, nia, w.admin)
			l.apply(config).succeeds().warns(nia+" is on .* already").plans(at(nia), "create").wrote(nothing).
				is(at(nia), "status", "active", "role", w.admin)
			l.apply(config).succeeds().silent().plans().wrote(nothing)
			return
		}
		// Invited by hand, and with another role than the configuration has.
		l.does(hubsim.ActInvite, nia, w.member)
		planned := l.plan(config).succeeds().plans(at(nia), "create").
			warns(nia+" is on .* already", "They are invited there, with the role "+w.member, "changes the role from "+w.member+".* to "+w.admin)
		switch l.p.Capabilities.Of(hub.OpChangeInvitedRole) {
		case hub.Supported:
			l.applyPlan().succeeds().inOrder(hubsim.OpChangeInvitedRole).is(at(nia), "status", "invited", "role", w.admin)
		case hub.ByReinvite:
			planned.warns("withdraws it and sends another one")
			l.applyPlan().succeeds().inOrder(hubsim.OpCancelInvitation, hubsim.OpInvite).is(at(nia), "status", "invited", "role", w.admin)
		case hub.AfterAcceptance:
			l.applyPlan().fails("Reason: awaiting_acceptance").wrote(nothing)
			l.does(hubsim.ActAccept, nia)
			l.apply(config).succeeds().wrote(w.changed)
		case hub.Unsupported:
			l.applyPlan().fails("Reason: unsupported", "Finish it by hand").wrote(nothing)
			return
		}
		l.apply(config).succeeds().silent().plans().wrote(nothing)
		l.truth(nia, l.person(nia).Status, w.admin)
	})
}

// on_existing = "fail" refuses somebody who is there, at plan or, when they came
// since, at apply: with the import command and block, which then work.
func TestAccLifeAdoption_refused(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p, hubsim.PersonSeed{Email: bo, Name: "Bo Chen", Role: w.member})
		words := func(email string) []string {
			id := w.hubID() + "/" + email
			return []string{
				email + " is on .* already", `on_existing = "fail"`,
				"\n  terraform import roster_hub_member.NAME " + id + "\n",
				"\n  import \\{\n    to = roster_hub_member.NAME\n    id = \"" + id + "\"\n  \\}\n",
			}
		}
		refused := w.hubConfig() + w.seat(bo, `on_existing = "fail"`)
		l.plan(refused).fails(words(bo)...).wrote(nothing)

		l.plan(w.hubConfig() + w.seat(nia, `on_existing = "fail"`)).succeeds().silent()
		l.does(hubsim.ActJoin, nia, w.admin)
		l.applyPlan().fails(words(nia)...).wrote(nothing).gone(at(nia))
		l.truth(nia, hubsim.StatusActive, w.admin)

		block := "import {\n  to = " + at(bo) + "\n  id = \"" + w.hubID() + "/" + bo + "\"\n}\n"
		l.apply(refused+block).succeeds().wrote(nothing).is(at(bo), "status", "active", "role", w.member)
		l.apply(refused).succeeds().silent().plans().wrote(nothing)
	})
}
