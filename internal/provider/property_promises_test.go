package provider_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// promise names one sentence of section 6 of the design that a story can break.
type promise string

const (
	promiseConverges  promise = "two applies after the last fault the plan is empty, unless somebody has to act and the error says who"
	promiseOneInvite  promise = "at most one invitation per create"
	promiseNobodyElse promise = "nobody is removed, changed or invited whom the plan did not name"
	promiseAdmin      promise = "an administrator is left"
	promiseUnreadable promise = "an unreadable hub is an error, never an empty hub"
	promisePlanReads  promise = "a plan writes nothing"
	promiseSecret     promise = "no secret in output or state"
	promiseDone       promise = "what an apply reports as done is done"
	promiseTerraform  promise = "the provider keeps the rules of Terraform's core"
)

// violation is a promise broken.
type violation struct {
	promise promise
	text    string
}

func (v violation) String() string { return string(v.promise) + ": " + v.text }

// leave is what a plan lets an apply do to one person.
type leave struct {
	invite   int             // how many invitations
	remove   bool            // take the seat
	withdraw bool            // take back an invitation
	roles    map[string]bool // primary roles to give
	grant    map[string]bool // secondary roles to give
	revoke   map[string]bool // secondary roles to take
	lockout  bool            // the last administrator may go
}

// lesser is the role of an add without one, and what a downgrade leaves.
func (s story) lesser() string { return cmp.Or(s.driver.Platform.DefaultRole(), s.world.member) }

// kind is a role's. One that comes from the hub is primary.
func (s story) kind(role string) hub.RoleKind {
	if known, ok := s.driver.Platform.Role(role); ok {
		return known.Kind
	}
	return hub.Primary
}

// leaves reads off a plan whom the apply may touch and how: the plan is what a
// person approved.
func (s story) leaves(changes []change) map[string]*leave {
	platform := s.driver.Platform
	reinvites := platform.Capabilities.Of(hub.OpChangeInvitedRole) == hub.ByReinvite
	all := map[string]*leave{}
	of := func(email string) *leave {
		email = hub.FoldEmail(email)
		if all[email] == nil {
			all[email] = &leave{roles: map[string]bool{}, grant: map[string]bool{}, revoke: map[string]bool{}}
		}
		return all[email]
	}
	// role lets the primary role change; of an invitation that may mean another
	// one.
	role := func(l *leave, id string) {
		if id == "" || id == "(unknown)" {
			id = s.lesser()
		}
		l.roles[id] = true
		l.withdraw = l.withdraw || reinvites
	}
	// A role of no group excludes none.
	group := func(id string) string {
		r, _ := platform.Role(id)
		return r.Group
	}
	for _, c := range changes {
		gone, made := c.action == planDelete || c.action == planReplace, c.action == planCreate || c.action == planReplace
		switch typeOf(c.address) {
		case resourceTypes[1]:
			if gone {
				l := of(c.before["email"])
				l.lockout = l.lockout || c.before["allow_lockout"] == "true"
				switch c.before["on_destroy"] {
				case "remove":
					l.remove, l.withdraw = true, true
				case "downgrade":
					role(l, s.lesser())
					l.withdraw = true // an invitation goes instead
				}
			}
			if made {
				l := of(c.after["email"])
				l.lockout = l.lockout || c.after["allow_lockout"] == "true"
				l.invite++
				role(l, c.after["role"])
			}
			if c.action == planUpdate {
				l := of(c.after["email"])
				l.lockout = l.lockout || c.after["allow_lockout"] == "true"
				anew := !hub.Status(c.before["status"]).Live() && c.after["on_expired"] == "reinvite"
				changes := c.before["role"] != c.after["role"]
				if anew || changes {
					role(l, c.after["role"])
				}
				if anew || changes && reinvites {
					l.invite++
				}
			}
		case resourceTypes[2]:
			attributes := c.after
			if attributes == nil {
				attributes = c.before
			}
			parts := strings.Split(attributes["member_id"], "/")
			id := attributes["role"]
			kind := s.kind(id)
			l := of(parts[len(parts)-1])
			l.lockout = l.lockout || attributes["allow_lockout"] == "true"
			if gone && c.before["on_destroy"] != "keep" {
				if kind == hub.Primary {
					role(l, s.lesser())
				} else {
					l.revoke[id] = true
				}
			}
			if made {
				if kind == hub.Primary {
					role(l, id)
				} else {
					l.grant[id] = true
					for _, other := range platform.RoleIDs(hub.Secondary) {
						if other != id && group(id) != "" && group(other) == group(id) {
							l.revoke[other] = true // giving one takes the others
						}
					}
				}
			}
			if (made || gone) && kind == hub.Primary && reinvites {
				l.invite++
			}
		}
	}
	return all
}

// rolesOf is every role somebody has.
func rolesOf(p *hubsim.Person) []string {
	var ids []string
	if p.Role != "" {
		ids = append(ids, p.Role)
	}
	return append(ids, p.ExtraRoles...)
}

// checkEffects holds what an apply did to what its plan let it do. knew are the
// people whom the state had on the hub before the plan.
func (r *player) checkEffects(changes []change, effects []effect, sent invitations, knew map[string]bool) {
	leaves := r.story.leaves(changes)
	invited := map[string]int{}
	// On some platforms a role changes by giving the new one and taking the old
	// one, and comes back when that fails: what somebody had when the walk began
	// they may have again.
	had := map[string][]string{}
	isPrimary := func(id string) bool {
		return r.story.kind(id) == hub.Primary
	}
	for _, e := range effects {
		if had[e.email] == nil && e.was != nil {
			had[e.email] = rolesOf(e.was)
		}
		l := leaves[e.email]
		if l == nil {
			// Somebody known by their id under another address.
			for _, c := range changes {
				if e.was != nil && c.before["member_id"] == e.was.ID && typeOf(c.address) == resourceTypes[1] {
					l = leaves[hub.FoldEmail(c.before["email"])]
				}
			}
		}
		if l == nil {
			r.breach(promiseNobodyElse, "%s, and no block of theirs is in the plan", e)
			continue
		}
		if e.adminsBefore > 0 && e.adminsAfter == 0 && !l.lockout {
			r.breach(promiseAdmin, "%s, which left no administrator", e)
		}
		switch {
		case !lives(e.was) && lives(e.is):
			invited[e.email]++
			switch {
			case e.beside && !e.fresh:
				r.breach(promiseOneInvite, "%s, beside a seat or an invitation they had", e)
			case e.beside && knew[e.email]:
				r.breach(promiseOneInvite, "%s, beside one that the platform does not show yet and the state knew", e)
			}
			if e.is.Role != "" && !l.roles[e.is.Role] {
				r.breach(promiseNobodyElse, "%s, a role that the plan did not give", e)
			}
		case lives(e.was) && !lives(e.is):
			if !l.remove && (e.was.Status == hubsim.StatusActive || !l.withdraw) {
				r.breach(promiseNobodyElse, "%s, and the plan did not remove them", e)
			}
		case lives(e.was):
			held, before := rolesOf(e.is), rolesOf(e.was)
			for _, id := range held {
				if !slices.Contains(before, id) && !l.roles[id] && !l.grant[id] && !slices.Contains(had[e.email], id) {
					r.breach(promiseNobodyElse, "%s, a role that the plan did not give", e)
				}
			}
			for _, id := range before {
				taken := l.revoke[id] || isPrimary(id) && len(l.roles) > 0
				if !slices.Contains(held, id) && !taken {
					r.breach(promiseNobodyElse, "%s, a role that the plan did not take", e)
				}
			}
		}
	}
	requests := map[string]int{}
	for _, email := range sent.asked {
		requests[email]++
	}
	for _, email := range sent.blindly {
		r.breach(promiseOneInvite, "an invitation of %s was asked for although the platform showed them", email)
	}
	for _, p := range cast {
		email, most := p.email(), 0
		if l := leaves[email]; l != nil {
			most = l.invite
		}
		if n := invited[email]; n > most {
			r.breach(promiseOneInvite, "%s was invited %d times, the plan announced %d", email, n, most)
		}
		if n := requests[email]; n > most {
			r.breach(promiseOneInvite, "%d requests that may have invited %s went out, the plan announced %d", n, email, most)
		}
	}
}

// checkDone holds an apply to its words: what it reports as done is so on the
// platform.
func (r *player) checkDone(changes []change, after map[string]attributes) {
	for _, c := range changes {
		_, there := after[c.address]
		if c.action != planDelete || there || typeOf(c.address) != resourceTypes[1] {
			continue
		}
		p := r.side.person(c.before["email"])
		switch c.before["on_destroy"] {
		case "remove":
			// Who came so shortly before that the platform does not show them yet
			// is somebody roster could not see.
			if lives(p) && !r.side.fresh(hub.FoldEmail(c.before["email"])) {
				r.breach(promiseDone, "%s is destroyed, and %s is %s", c.address, c.before["email"], personText(p))
			}
		case "downgrade":
			if lives(p) && p.Role != r.story.lesser() && r.story.habits["multi_party_approval"] == nil {
				r.breach(promiseDone, "%s is downgraded, and %s is %s", c.address, c.before["email"], personText(p))
			}
		}
	}
}

// checkDropped holds a refresh to the truth: only who is gone leaves the state.
func (r *player) checkDropped(p *planned) {
	before := r.terraform.state()
	for _, address := range p.dropped {
		was := before[address]
		email := was["email"]
		if typeOf(address) == resourceTypes[2] {
			parts := strings.Split(was["member_id"], "/")
			email = parts[len(parts)-1]
		}
		email = hub.FoldEmail(email)
		if moved, ok := r.side.moved[email]; ok && r.side.sim.Clock().Now().Sub(moved) <= r.side.lag {
			continue // the platform does not show it yet
		}
		one := r.side.person(email)
		if !lives(one) {
			continue
		}
		if typeOf(address) == resourceTypes[2] && one.Role != was["role"] && !slices.Contains(one.ExtraRoles, was["role"]) {
			continue
		}
		r.breach(promiseUnreadable, "the refresh took %s from the state, and %s is %s", address, email, personText(one))
	}
}

// checkSecrets looks through everything that Terraform printed and wrote.
func (r *player) checkSecrets(said []diagnostic) {
	text := r.terraform.written()
	for _, d := range said {
		text += d.Summary + "\n" + d.Detail + "\n"
	}
	for _, secret := range r.secrets {
		if strings.Contains(text, secret) {
			r.breach(promiseSecret, "%q is in the output or the state", secret)
		}
	}
}

// checkTruth holds a configuration whose plan is empty to the platform.
func (r *player) checkTruth() {
	for p, s := range r.seats {
		one := r.side.person(p.email())
		if !lives(one) {
			if s.onExpired != "keep" && !r.story.showsExpired() && !r.story.shadows() {
				if joined := r.side.person(p.elsewhere()); !lives(joined) {
					r.breach(promiseDone, "the plan is empty, and %s is %s", p.email(), personText(one))
				}
			}
			continue
		}
		if s.role != "" && one.Role != s.role && r.story.habits["multi_party_approval"] == nil {
			r.breach(promiseDone, "the plan is empty with role %s, and %s is %s", s.role, p.email(), personText(one))
		}
		for _, b := range s.roles {
			if one.Role != b.role && !slices.Contains(one.ExtraRoles, b.role) && r.story.habits["multi_party_approval"] == nil {
				r.breach(promiseDone, "the plan is empty with role block %s, and %s is %s", b.role, p.email(), personText(one))
			}
		}
	}
	want := map[string]bool{hubAddress: true}
	for p, s := range r.seats {
		want[memberAddress(p)] = true
		for _, b := range s.roles {
			want[b.address(p)] = true
		}
	}
	for _, address := range slices.Sorted(maps.Keys(r.terraform.state())) {
		if !want[address] {
			r.breach(promiseTerraform, "%s is in the state and not in the configuration", address)
		}
		delete(want, address)
	}
	for address := range want {
		r.breach(promiseTerraform, "%s is in the configuration and not in the state", address)
	}
}
