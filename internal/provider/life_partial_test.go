package provider_test

import (
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// One of several tasks fails: what was done is in the state, the error says what
// was not, and the next apply does just that.
func TestAccLifePartial(t *testing.T) {
	const kim = "kim@northwind.example"
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p,
			hubsim.PersonSeed{Email: bo, Name: "Bo Chen", Role: w.member},
			hubsim.PersonSeed{Email: cy, Name: "Cy Dahl", Role: w.member})
		// refuse has the platform refuse the second of two writes.
		refuse := func(operation string) {
			t.Helper()
			refusal := w.refusal
			refusal.Kind, refusal.Operation, refusal.Skip, refusal.Times = hubsim.FaultRespond, operation, 1, 1
			l.fault(refusal)()
		}
		// left is the one of two who is still to be done, the other being done.
		left := func(r *run, a, b string, added bool) string {
			t.Helper()
			for _, one := range []string{a, b} {
				if (l.state(at(one)) != nil) != added {
					continue
				}
				other := map[string]string{a: b, b: a}[one]
				if (l.state(at(other)) != nil) == added {
					t.Fatalf("neither or both of %s and %s are done:\n%s", a, b, r.text("error"))
				}
				return other
			}
			t.Fatalf("neither of %s and %s is done:\n%s", a, b, r.text("error"))
			return ""
		}

		newcomers := w.hubConfig() + l.newcomer(nia) + l.newcomer(kim) + w.seat(bo) + w.seat(cy)
		refuse(hubsim.OpInvite)
		r := l.apply(newcomers).fails("was not added to", "has no seat there", "Finish it by hand")
		who := left(r, nia, kim, true)
		r.fails(who+" was not added").is(at(bo), "status", "active").is(at(cy), "status", "active")
		l.truth(who, "", "")
		l.apply(newcomers).succeeds().plans(at(who), "create").wrote(w.added)
		l.apply(newcomers).succeeds().silent().plans().wrote(nothing)

		stay := w.hubConfig() + l.newcomer(nia) + l.newcomer(kim)
		refuse(hubsim.OpRemove)
		r = l.apply(stay).fails("was not removed from", "still has access", "Finish it by hand")
		who = left(r, bo, cy, false)
		r.fails(who + " was not removed")
		l.truth(who, hubsim.StatusActive, w.member)
		l.apply(stay).succeeds().plans(at(who), "delete").wrote(one(hubsim.OpRemove))
		l.truth(who, "", "")
	}, can(hub.OpRemove))
}

// The answer to a write gets lost. Reading tells what became of it: nobody is
// invited twice, and what was done is in the state.
func TestAccLifePartial_lostAnswer(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p, hubsim.PersonSeed{Email: bo, Name: "Bo Chen", Role: w.member})
		lose := func(operations map[string]int) {
			t.Helper()
			l.sim.ClearFaults()
			for op := range operations {
				l.fault(hubsim.Fault{Kind: hubsim.FaultDropAfter, Operation: op, Times: 1})()
				return
			}
		}
		config := w.hubConfig() + w.seat(bo)
		l.apply(config).succeeds()
		lose(one(hubsim.OpInvite))
		r := l.apply(config + l.newcomer(nia))
		if n := r.count(hubsim.OpInvite); n != 1 {
			t.Errorf("%d invitations went out, want one", n)
		}
		l.sim.ClearFaults()
		r = l.apply(config+l.newcomer(nia)).succeeds().is(at(nia), "status", joined(p))
		if n := r.count(hubsim.OpInvite); n != 0 {
			t.Errorf("the apply after sent %d invitations more", n)
		}
		l.apply(config + l.newcomer(nia)).succeeds().silent().plans().wrote(nothing)

		lose(w.changed)
		l.apply(w.hubConfig()+l.newcomer(nia)+w.seat(bo, `role = "`+w.admin+`"`)).succeeds().is(at(bo), "role", w.admin)
		l.truth(bo, hubsim.StatusActive, w.admin)

		lose(one(hubsim.OpRemove))
		l.apply(w.hubConfig()+l.newcomer(nia)).succeeds().plans(at(bo), "delete").gone(at(bo))
		l.truth(bo, "", "")
		l.sim.ClearFaults()
		l.apply(w.hubConfig() + l.newcomer(nia)).succeeds().silent().plans().wrote(nothing)
	})
}

// A role change by a second invitation gets half way: the old one is withdrawn
// and the new one refused. The error says both, and the next apply invites, once.
func TestAccLifePartial_reinvite(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p)
		if l.p.Capabilities.Of(hub.OpChangeInvitedRole) != hub.ByReinvite {
			return
		}
		config := func(role string) string { return w.hubConfig() + w.seat(nia, `role = "`+role+`"`) }
		l.apply(config(w.member)).succeeds()
		refusal := w.refusal
		refusal.Kind, refusal.Operation, refusal.Times = hubsim.FaultRespond, hubsim.OpInvite, 1
		l.fault(refusal)()
		l.apply(config(w.admin)).fails(nia+" did not get the role "+w.admin, "The invitation with the old role was withdrawn", nia+" has no seat there").
			inOrder(hubsim.OpCancelInvitation, hubsim.OpInvite)
		l.truth(nia, "", "")
		l.apply(config(w.admin)).succeeds().warns("The invitation of "+nia+" .* is gone").plans(at(nia), "create").wrote(w.added).
			is(at(nia), "status", "invited", "role", w.admin)
		l.apply(config(w.admin)).succeeds().silent().plans().wrote(nothing)
	})
}
