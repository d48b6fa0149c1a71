package hubsim

import (
	"net/http"
	"slices"
	"time"
)

// The four writes. Each is checked at once against what Cerby knows, answers 200
// with a job, and reaches the app when the job ends; what the app then makes of
// it is the job's to say.

// addMembers puts users of the workspace on the hub. Somebody who is in the app
// already is only matched, whatever entitlements were asked for.
// API: Cerby, "Public API", POST /integrations/{id}/users; release notes of
// 2025-03-12 on people present already.
func (m *cerbySim) addMembers(cc *cerbyCall) (any, *cerbyError) {
	h, k := cc.hub, &cerbyCheck{}
	data, loc := cc.data(k, "type", "attributes")
	k.oneOf(data, loc, "type", "invite_tenant_users")
	attributes := k.inner(data, loc, "attributes", "role", "entitlements", "userIds")
	loc = cerbyAt(loc, "attributes")
	owner := k.oneOf(attributes, loc, "role", "account_collaborator", "account_owner") == "account_owner"
	ids := k.entitlements(h, attributes, loc)
	users := m.userList(k, attributes, loc)
	k.set(h, ids, loc)
	if refused := k.refusal(); refused != nil {
		return nil, refused
	}
	hold := cerbyHold{present: true, entitlements: h.ordered(ids), owner: owner}
	var steps []*cerbyStep
	for _, u := range users {
		s := m.seat(h, u.email, cc.now)
		steps = append(steps, &cerbyStep{seat: s, effect: func(at time.Time) *cerbyFailure {
			if !s.app.present {
				if h.settings.Seats >= 0 && h.taken() >= h.settings.Seats {
					return &cerbyFailure{code: cerbyNotEnoughSeats, userRequired: true, details: "full"}
				}
				s.app = hold
				s.app.accepted = !h.settings.Invitations
			}
			h.remember(s, h.appears(at), at)
			return nil
		}})
	}
	return m.start(cc, cerbyAdd, steps...)
}

// userList reads ids of users who can be given access.
func (m *cerbySim) userList(k *cerbyCheck, attributes cerbyObject, loc []any) []*cerbyUser {
	var users []*cerbyUser
	k.list(attributes, loc, "userIds", func(value any, loc []any) {
		id, _ := value.(string)
		switch u := m.userIDs[id]; {
		case !cerbyID.MatchString(id):
			k.flaw(loc, cerbyType, "value is not a valid uuid")
		case u == nil || u.status == cerbyDisabled:
			k.flaw(loc, cerbyValue, "no such user")
		case slices.Contains(users, u):
			k.flaw(loc, cerbyValue, "the user is there twice")
		default:
			users = append(users, u)
		}
	})
	return users
}

// target finds the member in the path, as Cerby knows the hub.
func (m *cerbySim) target(cc *cerbyCall) (*cerbySeat, cerbyCopy, *cerbyError) {
	if s := m.member(cc.hub, cc.person); s != nil {
		if c, known := cc.hub.known(s); known {
			return s, c, nil
		}
	}
	return nil, cerbyCopy{}, cerbyErr(http.StatusNotFound, "no such resource")
}

// replaceEntitlements makes the list in the body all that the member holds.
// API: Cerby, "Public API", PATCH /integrations/{id}/users/{userId}.
func (m *cerbySim) replaceEntitlements(cc *cerbyCall) (any, *cerbyError) {
	h, k := cc.hub, &cerbyCheck{}
	s, _, refused := m.target(cc)
	if refused != nil {
		return nil, refused
	}
	data, loc := cc.data(k, "type", "attributes")
	k.oneOf(data, loc, "type", "update_user_entitlement")
	attributes := k.inner(data, loc, "attributes", "entitlements")
	loc = cerbyAt(loc, "attributes")
	ids := k.entitlements(h, attributes, loc)
	k.set(h, ids, loc)
	if refused := k.refusal(); refused != nil {
		return nil, refused
	}
	return m.start(cc, cerbyChange, h.changeStep(s, func([]string) []string { return ids }))
}

// changeEntitlements adds and removes some. Adding what is there and removing
// what is not are no mistakes.
// API: Cerby, "Public API", PATCH /integrations/{id}/users/{userId}/entitlements,
// in the newer specification only: neither type nor attributes.
func (m *cerbySim) changeEntitlements(cc *cerbyCall) (any, *cerbyError) {
	h, k := cc.hub, &cerbyCheck{}
	s, copied, refused := m.target(cc)
	if refused != nil {
		return nil, refused
	}
	data, loc := cc.data(k, "add?", "remove?")
	if len(k.flaws) == 0 && len(data) == 0 {
		k.flaw(loc, cerbyMissing, "add or remove is required")
	}
	part := func(name string) []string {
		return k.entitlements(h, k.inner(data, loc, name, "entitlements"), cerbyAt(loc, name))
	}
	add, remove := part("add"), part("remove")
	change := func(own []string) []string {
		next := slices.DeleteFunc(slices.Clone(own), func(id string) bool { return slices.Contains(remove, id) })
		for _, id := range add {
			if !slices.Contains(next, id) {
				next = append(next, id)
			}
		}
		return next
	}
	if slices.ContainsFunc(add, func(id string) bool { return slices.Contains(remove, id) }) {
		k.flaw(loc, cerbyValue, "an entitlement is both added and removed")
	}
	k.set(h, change(copied.entitlements), loc)
	if refused := k.refusal(); refused != nil {
		return nil, refused
	}
	return m.start(cc, cerbyChange, h.changeStep(s, change))
}

// changeStep changes what somebody holds. The app knows no roles of people who
// are not there any more or have not accepted its invitation yet.
func (h *cerbyHub) changeStep(s *cerbySeat, change func(own []string) []string) *cerbyStep {
	return &cerbyStep{seat: s, effect: func(at time.Time) *cerbyFailure {
		next := change(s.app.entitlements)
		switch {
		case !h.holds(s), s.app.present && !s.app.accepted, h.wrongSet(next) != "",
			h.settings.ProtectLastAdmin && h.lastAdmin(s) && !slices.Contains(next, h.settings.Admin):
			return cerbyRefused()
		}
		s.app.present, s.app.accepted, s.app.entitlements = true, true, h.ordered(slices.Clone(next))
		h.remember(s, h.appears(at), at)
		return nil
	}}
}

// removeMember takes the person off the hub and out of the app. What a team
// gives stays, although the job finishes.
// API: Cerby, "Public API", DELETE /integrations/{id}/users/{userId}.
func (m *cerbySim) removeMember(cc *cerbyCall) (any, *cerbyError) {
	s, _, refused := m.target(cc)
	if refused != nil {
		return nil, refused
	}
	return m.expel(cc, s)
}

// removeUnmatched does the same for somebody the workspace does not know. The
// path and the answer are assumed.
// API: Cerby, "Public API" changelog of 2026-03-31.
func (m *cerbySim) removeUnmatched(cc *cerbyCall) (any, *cerbyError) {
	i := slices.IndexFunc(cc.hub.seats, func(s *cerbySeat) bool { return s.unmatchedID == cc.person })
	if i < 0 {
		return nil, cerbyErr(http.StatusNotFound, "no such resource")
	}
	s := cc.hub.seats[i]
	if c := s.copy.truth(); !c.present || c.matched {
		return nil, cerbyErr(http.StatusNotFound, "no such resource")
	}
	return m.expel(cc, s)
}

func (m *cerbySim) expel(cc *cerbyCall, s *cerbySeat) (any, *cerbyError) {
	h := cc.hub
	if len(cc.body) > 0 {
		return nil, cerbyInvalid(cerbyFlaw{loc: []any{"body"}, kind: cerbyExtra, msg: "extra fields not permitted"})
	}
	return m.start(cc, cerbyRemove, &cerbyStep{seat: s, effect: func(at time.Time) *cerbyFailure {
		if h.settings.ProtectLastAdmin && h.lastAdmin(s) {
			return cerbyRefused()
		}
		s.app = cerbyHold{}
		h.remember(s, h.appears(at), at)
		return nil
	}})
}
