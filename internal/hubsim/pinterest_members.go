package hubsim

import (
	"slices"
)

// lookUp finds the members a body names. An unknown id fails the whole call
// where the business is set to that, else it is left out.
func (pc *pinterestCall) lookUp(seats []pinterestSeat) ([]*pinterestMember, *pinterestError) {
	found := make([]*pinterestMember, len(seats))
	for n, seat := range seats {
		if found[n] = pc.hub.seats[seat.id]; found[n] == nil && pc.hub.settings.MissingIDs == "not_found" {
			return nil, pinterestGone()
		}
	}
	return found, nil
}

// keeps refuses what would take the last administrator, or the token's own user,
// out of their role. The document is silent on both; what Pinterest does with
// the rest of such a batch is unknown, here none of it takes effect.
func (pc *pinterestCall) keeps(changed []*pinterestMember, adminsAfter int) *pinterestError {
	s := pc.hub.settings
	if s.ProtectsSelf && slices.ContainsFunc(changed, func(m *pinterestMember) bool { return m.account == pc.cred.account }) {
		return pinterestForbidden("You cannot change or end your own membership.")
	}
	if s.ProtectsLastAdmin && pc.hub.admins > 0 && adminsAfter == 0 {
		return pinterestForbidden("A business needs at least one " + pinterestAdmin + ".")
	}
	return nil
}

// changeRoles gives members another role. The answer has no exceptions: who is
// missing from it was not changed.
// API: Pinterest, PATCH /v5/businesses/{business_id}/members
func (s *pinterestSim) changeRoles(pc *pinterestCall) (any, *pinterestError) {
	var b pinterestBody
	seats := b.seats("body", b.list("body", b.document(pc.body), 0))
	if b.refused != nil {
		return nil, b.refused
	}
	members, refused := pc.lookUp(seats)
	if refused != nil {
		return nil, refused
	}
	var changed []*pinterestMember
	roles := map[*pinterestMember]string{}
	admins := pc.hub.admins
	for n, m := range members {
		if m == nil {
			continue
		}
		was, seen := roles[m]
		if !seen {
			was = m.role
		}
		roles[m] = seats[n].role
		if was == seats[n].role {
			continue
		}
		changed = append(changed, m)
		if was == pinterestAdmin {
			admins--
		} else {
			admins++
		}
	}
	if refused := pc.keeps(changed, admins); refused != nil {
		return nil, refused
	}

	type result struct {
		MemberID string `json:"member_id"`
		Role     string `json:"business_role"`
	}
	items := []result{}
	for n, m := range members {
		if m == nil || pc.hub.settings.RoleChanges == "omit" {
			continue
		}
		if pc.hub.settings.RoleChanges == "apply" {
			pc.hub.setRole(m, seats[n].role, pc.now)
		}
		items = append(items, result{m.account.id, m.role})
	}
	return map[string]any{"items": items}, nil
}

// removeMembers ends up to 50 seats. The role must be given; what a wrong one
// does is not documented.
// API: Pinterest, DELETE /v5/businesses/{business_id}/members
func (s *pinterestSim) removeMembers(pc *pinterestCall) (any, *pinterestError) {
	var b pinterestBody
	o := b.object("body", b.document(pc.body), []string{"members"}, nil)
	seats := b.seats("members", b.list("members", o["members"], 50))
	if b.refused != nil {
		return nil, b.refused
	}
	members, refused := pc.lookUp(seats)
	if refused != nil {
		return nil, refused
	}
	leaving := []*pinterestMember{}
	admins := pc.hub.admins
	for n, m := range members {
		if m == nil || slices.Contains(leaving, m) {
			continue
		}
		if seats[n].role != m.role {
			switch pc.hub.settings.RoleMismatch {
			case "omit":
				continue
			case "refuse":
				return nil, pinterestInvalid("member %s does not have business_role %s", m.account.id, seats[n].role)
			}
		}
		leaving = append(leaving, m)
		if m.role == pinterestAdmin {
			admins--
		}
	}
	if refused := pc.keeps(leaving, admins); refused != nil {
		return nil, refused
	}
	deleted := []string{}
	for _, m := range leaving {
		pc.hub.leave(m, pc.now)
		deleted = append(deleted, m.account.id)
	}
	return map[string]any{"deleted_members": deleted}, nil
}
