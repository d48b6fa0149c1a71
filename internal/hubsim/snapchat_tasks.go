package hubsim

import (
	"encoding/json"
	"net/http"
	"slices"
)

// entities reads the array wrapper of a write: {"members": [{...}]}. Every field
// is text; one the entity does not have is a mistake of the caller's.
func (sc *snapchatCall) entities(plural string, fields ...string) ([]map[string]string, *snapchatError) {
	bad := func(format string, args ...any) *snapchatError {
		return snapchatErr(http.StatusBadRequest, snapchatBadRequest, format, args...)
	}
	if sc.mediaType != "application/json" {
		return nil, bad("Content-Type must be application/json, not %q.", sc.mediaType)
	}
	var body map[string][]map[string]string
	if err := json.Unmarshal(sc.body, &body); err != nil {
		return nil, bad("The body must be an object with one array of entities: %v.", err)
	}
	if len(body) != 1 || len(body[plural]) == 0 {
		return nil, bad("The body must hold %s and nothing else.", plural)
	}
	for _, entity := range body[plural] {
		for name := range entity {
			if !slices.Contains(fields, name) {
				return nil, bad("Unknown field %q in %s.", name, plural)
			}
		}
	}
	return body[plural], nil
}

// snapchatEach answers a write: one sub-request an entity, in order, however many fail.
func snapchatEach(plural, singular string, entities []map[string]string, do func(map[string]string) snapchatItem) *snapchatAnswer {
	answer := &snapchatAnswer{plural: plural, singular: singular}
	for _, entity := range entities {
		answer.items = append(answer.items, do(entity))
	}
	return answer
}

// createMembers invites people. They have no role yet: that is a call of its own.
// API: Snap, "Members", create.
func (m *snapchatSim) createMembers(sc *snapchatCall) (*snapchatAnswer, *snapchatError) {
	entities, refused := sc.entities("members", "email", "organization_id", "display_name")
	if refused != nil {
		return nil, refused
	}
	return snapchatEach("members", "member", entities, func(in map[string]string) snapchatItem {
		return m.createMember(sc, in)
	}), nil
}

func (m *snapchatSim) createMember(sc *snapchatCall, in map[string]string) snapchatItem {
	h, email := sc.hub, in["email"]
	for _, name := range []string{"email", "organization_id", "display_name"} {
		if in[name] == "" {
			return snapchatRefusal(snapchatInvalid, "%s is required", name)
		}
	}
	switch {
	case in["organization_id"] != h.id:
		return snapchatRefusal(snapchatInvalid, "organization_id does not match the path")
	case !validEmail(email):
		return snapchatRefusal(snapchatInvalid, "email is not a valid email address")
	}
	if p := h.byEmail[foldEmail(email)]; p != nil {
		if status := h.wireStatus(p.row.truth(), sc.now); status != snapchatGone {
			if h.settings.DuplicateEmail == "return" {
				return snapchatItem{entity: p.object(p.row.truth(), status)}
			}
			return snapchatRefusal(snapchatDuplicate, "a member with this email exists already")
		}
	}
	row := snapchatRow{name: in["display_name"], status: snapchatInvited}
	p := m.enrol(h, email, row, h.appears(sc.now), sc.now)
	object := p.object(p.row.truth(), snapchatInvited)
	if !h.settings.CreateStatus {
		delete(object, "member_status")
	}
	return snapchatItem{entity: object}
}

// updateMembers changes a display name and nothing else. That the API takes it
// is not confirmed.
func (m *snapchatSim) updateMembers(sc *snapchatCall) (*snapchatAnswer, *snapchatError) {
	entities, refused := sc.entities("members", "id", "email", "organization_id", "display_name")
	if refused != nil {
		return nil, refused
	}
	return snapchatEach("members", "member", entities, func(in map[string]string) snapchatItem {
		p := m.members[in["id"]]
		if p == nil || p.hub != sc.hub || p.row.truth().status == snapchatGone {
			return snapchatNoSuchEntity()
		}
		switch {
		case in["display_name"] == "":
			return snapchatRefusal(snapchatInvalid, "display_name is required")
		case in["organization_id"] != "" && in["organization_id"] != sc.hub.id:
			return snapchatRefusal(snapchatInvalid, "organization_id does not match the path")
		case in["email"] != "" && foldEmail(in["email"]) != foldEmail(p.email):
			return snapchatRefusal(snapchatRefused, "the email of a member cannot be changed")
		}
		row := p.row.truth()
		row.name, row.updatedAt = in["display_name"], sc.now
		p.row.set(row, sc.hub.appears(sc.now), sc.now)
		return snapchatItem{entity: p.object(row, sc.hub.wireStatus(row, sc.now))}
	}), nil
}

// deleteMember ends a seat or an invitation. Success is an empty list; a member
// that is not there and one the caller may not touch are refused alike, inside
// HTTP 200.
func (m *snapchatSim) deleteMember(sc *snapchatCall) (*snapchatAnswer, *snapchatError) {
	answer := &snapchatAnswer{plural: "members", singular: "member"}
	p := sc.member
	if p == nil || p.row.truth().status == snapchatGone || !m.administers(sc.cred, sc.hub) {
		answer.items = []snapchatItem{snapchatNoSuchEntity()}
		return answer, nil
	}
	own, _ := m.standing(sc.cred, sc.hub)
	switch {
	case p.lastAdmin():
		answer.items = []snapchatItem{snapchatRefusal(snapchatNoEntity, "the last admin of an organization cannot be removed")}
	case p == own:
		answer.items = []snapchatItem{snapchatRefusal(snapchatNoEntity, "members cannot remove themselves")}
	case p.row.truth().status == snapchatInvited && sc.hub.settings.DeleteInvited == "refuse":
		answer.items = []snapchatItem{snapchatNoSuchEntity()}
	default:
		m.expel(p, sc.hub.appears(sc.now), sc.now)
	}
	return answer, nil
}
