package provider_test

import (
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// People leave as on_destroy says: removed, downgraded or kept. An invitation is
// cancelled instead, somebody gone already is success, and who was not asked for
// stays.
func TestAccLifeLeaving(t *testing.T) {
	const gus, hal, ida = "gus@northwind.example", "hal@northwind.example", "ida@northwind.example"
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		people := []hubsim.PersonSeed{
			{Email: bo, Name: "Bo Chen", Role: w.member},
			{Email: cy, Name: "Cy Dahl", Role: w.admin},
			{Email: di, Name: "Di Evans", Role: w.member},
			{Email: hal, Name: "Hal Ito", Role: w.member},
			{Email: ida, Name: "Ida Juhl", Role: w.member},
		}
		config := w.hubConfig() + w.seat(bo) + w.seat(di, `on_destroy = "keep"`) + w.seat(hal)
		downgraded := w.seat(cy, `on_destroy = "downgrade"`) + w.seat(ida, `on_destroy = "downgrade"`)
		cancelled := 0
		if invites(p) {
			people = append(people,
				hubsim.PersonSeed{Email: ivo, Name: "Ivo Kay", Role: w.admin, Status: hubsim.StatusInvited},
				hubsim.PersonSeed{Email: gus, Name: "Gus Lind", Role: w.admin, Status: hubsim.StatusInvited})
			config += w.seat(ivo) + w.seat(gus, `on_destroy = "downgrade"`)
			cancelled = 2
		}
		l := w.begin(t, p, people...)
		want := one(hubsim.OpRemove)
		// Where no role is known to be the least-privileged one, nobody can be
		// downgraded, and the plan says so.
		if l.p.DefaultRole() != "" {
			config += downgraded
			want = sum(want, w.changed)
		} else {
			l.plan(config+downgraded).fails("No role to downgrade to", "Set on_destroy to .remove. or .keep.").wrote(nothing)
		}
		l.apply(config).succeeds().wrote(nothing)

		l.plan(w.hubConfig()).succeeds().wrote(nothing)
		l.does(hubsim.ActRemove, hal)
		r := l.applyPlan().succeeds()
		for _, op := range r.writes { // a cancellation is a removal on some platforms
			if op == hubsim.OpCancelInvitation {
				want[op]++
				cancelled--
			}
		}
		want[hubsim.OpRemove] += cancelled
		r.wrote(want)
		if l.p.DefaultRole() != "" {
			l.truth(cy, hubsim.StatusActive, w.member)
		} else {
			l.truth(cy, hubsim.StatusActive, w.admin)
		}

		l.truth(bo, "", "")
		l.truth(di, hubsim.StatusActive, w.member)
		l.truth(hal, "", "")
		l.truth(ida, hubsim.StatusActive, w.member)
		l.truth(ivo, "", "")
		l.truth(gus, "", "")
		l.truth(ada, hubsim.StatusActive, w.admin)
		l.truth(olive, hubsim.StatusActive, w.admin)
		for _, email := range []string{bo, cy, di, hal, ida, ivo, gus} {
			r.gone(at(email))
		}
		l.apply(w.hubConfig()).succeeds().silent().plans().wrote(nothing)
	})
}

// An invitation that is accepted between the plan and the apply that withdraws it
// has become a seat, and the seat goes.
func TestAccLifeLeaving_accepted(t *testing.T) {
	everyLife(t, func(t *testing.T, w world, p hub.Platform) {
		l := w.begin(t, p)
		l.apply(w.hubConfig() + l.newcomer(nia)).succeeds().wrote(w.added)
		l.plan(w.hubConfig()).succeeds().plans(at(nia), "delete")
		l.does(hubsim.ActAccept, nia)
		l.applyPlan().succeeds().wrote(one(hubsim.OpRemove)).gone(at(nia))
		l.truth(nia, "", "")
	}, invites)
}
