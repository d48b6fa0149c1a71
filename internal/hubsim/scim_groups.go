package hubsim

import (
	"net/http"
	"reflect"
	"slices"
)

// createGroup serves POST /Groups.
func (s *scimSim) createGroup(sc *scimCall) (*scimAnswer, *scimError) {
	if refused := sc.groupless(); refused != nil {
		return nil, refused
	}
	next, refused := sc.readGroup()
	if refused != nil {
		return nil, refused
	}
	if refused := sc.admitGroup(nil, next, len(next.members)); refused != nil {
		return nil, refused
	}
	r := sc.hub.put(scimGroups, nil, next, sc.hub.appears(sc.now), sc.now)
	return sc.created(r), nil
}

// readGroup reads the body of a POST or a PUT.
func (sc *scimCall) readGroup() (*scimState, *scimError) {
	attrs, refused := sc.readResource()
	if refused != nil {
		return nil, refused
	}
	members := scimDistinct(scimValues(attrs["members"]))
	delete(attrs, "members")
	if refused := sc.hub.areUsers(members); refused != nil {
		return nil, refused
	}
	return &scimState{attrs: attrs, members: members}, nil
}

// replaceGroup serves PUT /Groups/{id}, members included.
func (s *scimSim) replaceGroup(sc *scimCall) (*scimAnswer, *scimError) {
	if refused := sc.groupless(); refused != nil {
		return nil, refused
	}
	r, _, refused := sc.existing()
	if refused != nil {
		return nil, refused
	}
	if sc.hub.settings.NoMemberReplace {
		return nil, scimBad(scimInvalidValue, "The members of a group cannot be replaced as a whole.")
	}
	next, refused := sc.readGroup()
	if refused != nil {
		return nil, refused
	}
	return sc.changeGroup(r, next, len(next.members))
}

// patchGroup serves PATCH /Groups/{id}.
func (s *scimSim) patchGroup(sc *scimCall) (*scimAnswer, *scimError) {
	switch refused := sc.groupless(); {
	case refused != nil:
		return nil, refused
	case sc.hub.settings.NoPatch:
		return nil, scimErr(http.StatusNotImplemented, "", "PATCH is not supported.")
	}
	r, st, refused := sc.existing()
	if refused != nil {
		return nil, refused
	}
	document, refused := scimDocument(sc.body)
	if refused != nil {
		return nil, refused
	}
	attrs, _ := scimClone(st.attrs).(scimObject)
	p := &scimPatch{
		scimReader: scimReader{scimGroups, sc.hub.settings}, hub: sc.hub,
		attrs: attrs, members: slices.Clone(st.members),
	}
	if refused := p.run(document); refused != nil {
		return nil, refused
	}
	return sc.changeGroup(r, &scimState{attrs: p.attrs, members: p.members}, p.changed)
}

// changeGroup gives a group another state; changed counts the members that the
// request adds or removes.
func (sc *scimCall) changeGroup(r *scimResource, next *scimState, changed int) (*scimAnswer, *scimError) {
	if refused := sc.admitGroup(r, next, changed); refused != nil {
		return nil, refused
	}
	was := r.states.truth()
	if !reflect.DeepEqual(next.attrs, was.attrs) || !slices.Equal(next.members, was.members) {
		sc.hub.put(scimGroups, r, next, sc.hub.appears(sc.now), sc.now)
	}
	return sc.updated(r), nil
}

// admitGroup checks what a client wants to make of a group; r is nil for a new
// one. That displayName is unique is not the RFC's rule but most apps'.
func (sc *scimCall) admitGroup(r *scimResource, next *scimState, changed int) *scimError {
	h := sc.hub
	name := next.text("displayName")
	if name == "" {
		return scimBad(scimInvalidValue, "displayName is required.")
	}
	if other := h.groups.holder(scimDisplayKey(name)); other != nil && other != r {
		return scimErr(h.settings.ConflictStatus, scimUniqueness, "displayName is taken.")
	}
	if most := h.settings.MemberChangesMax; most > 0 && changed > most {
		return scimBad(scimInvalidValue, "At most %d members can be changed at a time.", most)
	}
	if r == nil {
		return nil
	}
	return h.mayLeave(r, next.members)
}

// mayLeave refuses to take an owner or the last administrator out of the group
// that makes them one.
func (h *scimHub) mayLeave(g *scimResource, staying []string) *scimError {
	was := g.states.truth()
	name := was.text("displayName")
	if h.settings.RoleSource != "groups" {
		return nil
	}
	leaving := func(protected func(*scimResource) bool) bool {
		return slices.ContainsFunc(was.members, func(id string) bool {
			return !slices.Contains(staying, id) && protected(h.users.byID[id])
		})
	}
	switch {
	case name == h.settings.OwnerRole && leaving(h.owner):
		return scimErr(h.settings.ProtectedStatus, "", "The role of an owner cannot be changed.")
	case h.settings.isAdmin(name) && h.settings.ProtectsLastAdmin && h.leaderless(g, staying) && leaving(h.administers):
		return scimErr(h.settings.ProtectedStatus, "", "The last administrator cannot be given another role.")
	}
	return nil
}

// leaderless says whether nobody would administer the app if a group had only
// these members.
func (h *scimHub) leaderless(g *scimResource, staying []string) bool {
	return !slices.ContainsFunc(h.users.list, func(r *scimResource) bool {
		if !h.administers(r) {
			return false
		}
		return slices.Contains(staying, r.id) || slices.ContainsFunc(h.groups.list, func(other *scimResource) bool {
			st := other.states.truth()
			return other != g && !st.gone && h.settings.isAdmin(st.text("displayName")) && slices.Contains(st.members, r.id)
		})
	})
}

// deleteGroup serves DELETE /Groups/{id}. Its members lose what it gave them.
func (s *scimSim) deleteGroup(sc *scimCall) (*scimAnswer, *scimError) {
	if refused := sc.groupless(); refused != nil {
		return nil, refused
	}
	r, _, refused := sc.existing()
	if refused != nil {
		return nil, refused
	}
	if refused := sc.hub.mayLeave(r, nil); refused != nil {
		return nil, refused
	}
	sc.hub.remove(r, sc.hub.appears(sc.now), sc.now)
	return sc.deleted(), nil
}
