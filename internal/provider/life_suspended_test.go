package provider_test

import (
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// Somebody suspended is there, switched off: nobody adds them again, plan after
// plan. What becomes of them is the configuration's to say.
func TestAccLifeSuspended(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p, hubsim.PersonSeed{Email: bo, Name: "Bo Chen", Role: w.member})
		config := w.hubConfig() + w.seat(bo)
		l.apply(config).succeeds().wrote(nothing)
		l.does(hubsim.ActSuspend, bo)
		l.apply(config).succeeds().warns(bo+" is suspended on Northwind (Paid Social|Traders)").plans().wrote(nothing).is(at(bo), "status", "suspended")
		for range 2 {
			l.apply(config).succeeds().silent().plans().wrote(nothing).is(at(bo), "status", "suspended")
		}
		l.does(hubsim.ActResume, bo)
		l.apply(config).succeeds().silent().plans().wrote(nothing).is(at(bo), "status", "active")

		// Suspended, and to go.
		l.does(hubsim.ActSuspend, bo)
		r := l.apply(w.hubConfig()).succeeds().plans(at(bo), "delete").gone(at(bo))
		if p.Suspends {
			r.wrote(nothing) // which is all that a removal leaves
			l.truth(bo, hubsim.StatusSuspended, "")
		} else {
			r.wrote(one(hubsim.OpRemove))
			l.truth(bo, "", "")
		}
		l.apply(w.hubConfig()).succeeds().silent().plans().wrote(nothing)
	}, has(hub.StatusSuspended))
}

// Somebody whose seat a removal left switched off is switched on again by an add,
// as the plan says; elsewhere a suspended seat is adopted as it is.
func TestAccLifeSuspended_again(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p,
			hubsim.PersonSeed{Email: bo, Name: "Bo Chen", Role: w.member},
			hubsim.PersonSeed{Email: cy, Name: "Cy Dahl", Role: w.member, Status: hubsim.StatusSuspended})
		config := w.hubConfig() + w.seat(bo) + w.seat(cy)
		planned := l.plan(config).succeeds().plans(at(bo), "create", at(cy), "create")
		before := l.person(cy).ID
		if !p.Suspends {
			planned.warns(cy+" is on .* already", "They are suspended there")
			l.applyPlan().succeeds().wrote(nothing).is(at(cy), "status", "suspended")
			l.apply(config).succeeds().silent().plans().wrote(nothing)
			return
		}
		planned.warns(cy+" is suspended on", "switches it on again, rather than making another one")
		if r := l.applyPlan().succeeds().is(at(cy), "status", "active"); len(r.writes) == 0 {
			t.Error("nothing was written, and cy is said to be switched on")
		}
		if now := l.person(cy); now.ID != before || now.Status != hubsim.StatusActive {
			t.Errorf("cy is %+v, want the seat %s, active", now, before)
		}
		l.apply(config).succeeds().silent().plans().wrote(nothing)
		// Removed and added again.
		l.apply(w.hubConfig() + w.seat(bo)).succeeds().wrote(one(hubsim.OpRemove)).gone(at(cy))
		l.apply(w.hubConfig() + w.seat(bo)).succeeds().silent().plans().wrote(nothing)
		l.apply(config).succeeds().plans(at(cy), "create").is(at(cy), "status", "active")
		l.truth(cy, hubsim.StatusActive, w.member)
	}, has(hub.StatusSuspended))
}
