package hubsim

import (
	"slices"
	"strings"
)

// snapchatRoleFields are what a role takes in a body. The container ones appear
// in answers; that they may be sent is not confirmed.
var snapchatRoleFields = []string{"id", "member_id", "organization_id", "container_kind", "container_id", "type"}

// container is what the path of a role write is about.
func (sc *snapchatCall) container() *snapchatContainer {
	if strings.HasPrefix(sc.path, "/v1/adaccounts/") {
		return snapchatAdAccount
	}
	return snapchatOrganization
}

// createRoles grants roles: of the organization, or of its ad account.
// API: Snap, "Roles", create.
func (m *snapchatSim) createRoles(sc *snapchatCall) (*snapchatAnswer, *snapchatError) {
	entities, refused := sc.entities("roles", snapchatRoleFields[1:]...)
	if refused != nil {
		return nil, refused
	}
	return snapchatEach("roles", "role", entities, func(in map[string]string) snapchatItem {
		return m.createRole(sc, in)
	}), nil
}

func (m *snapchatSim) createRole(sc *snapchatCall, in map[string]string) snapchatItem {
	h, c := sc.hub, sc.container()
	for _, name := range []string{"member_id", "organization_id", "type"} {
		if in[name] == "" {
			return snapchatRefusal(snapchatInvalid, "%s is required", name)
		}
	}
	p := m.members[in["member_id"]]
	if p == nil || p.hub != h || p.row.truth().status == snapchatGone {
		return snapchatNoSuchEntity()
	}
	if flaw := sc.roleFlaw(in, c); flaw != "" {
		return snapchatRefusal(snapchatInvalid, "%s", flaw)
	}
	if why := p.ungrantable(); why != "" {
		return snapchatRefusal(snapchatRefused, "%s", why)
	}
	held := p.organizationRoles()
	switch {
	case c == snapchatAdAccount && len(held) == 0:
		return snapchatRefusal(snapchatRefused, "an organization role comes first")
	case slices.ContainsFunc(p.roles, func(r *snapchatRole) bool { return r.container == c && r.kind.truth() == in["type"] }):
		return snapchatRefusal(snapchatDuplicate, "the member has this role already")
	case c == snapchatOrganization && len(held) > 0 && h.settings.SecondRole == "refuse":
		return snapchatRefusal(snapchatRefused, "the member has an organization role already")
	}
	r := m.grant(p, c, in["type"], h.appears(sc.now), sc.now)
	return snapchatItem{entity: r.object(in["type"])}
}

// roleFlaw says what is wrong with the fields of a role, "" when nothing is.
func (sc *snapchatCall) roleFlaw(in map[string]string, c *snapchatContainer) string {
	containerID := sc.hub.id
	if c == snapchatAdAccount {
		containerID = sc.hub.adAccount
	}
	switch {
	case in["organization_id"] != "" && in["organization_id"] != sc.hub.id:
		return "organization_id does not match the path"
	case in["container_kind"] != "" && in["container_kind"] != c.kind:
		return "container_kind does not match the path"
	case in["container_id"] != "" && in["container_id"] != containerID:
		return "container_id does not match the path"
	case !slices.Contains(c.roles, in["type"]):
		return "type must be one of " + strings.Join(c.roles, ", ")
	}
	return ""
}

// ungrantable says why no role of the member can be granted or changed, "" when
// one can.
func (p *snapchatMember) ungrantable() string {
	switch s := p.hub.settings; {
	case s.RolesRefused:
		return "the role cannot be granted now"
	case s.RoleWhileInvited == "refuse" && p.row.truth().status != snapchatActive:
		return "the member has not accepted the invitation yet"
	}
	return ""
}

// updateRoles changes organization roles in place. The documents do not have it;
// a client saw it work.
func (m *snapchatSim) updateRoles(sc *snapchatCall) (*snapchatAnswer, *snapchatError) {
	entities, refused := sc.entities("roles", snapchatRoleFields...)
	if refused != nil {
		return nil, refused
	}
	return snapchatEach("roles", "role", entities, func(in map[string]string) snapchatItem {
		if sc.hub.settings.PutRoles == "error" {
			return snapchatRefusal(snapchatRefused, "roles cannot be updated")
		}
		r := m.roles[in["id"]]
		if r == nil || r.member.hub != sc.hub || r.container != snapchatOrganization || r.kind.truth() == "" {
			return snapchatNoSuchEntity()
		}
		if in["member_id"] != "" && in["member_id"] != r.member.id {
			return snapchatRefusal(snapchatInvalid, "member_id is not the role's")
		}
		if flaw := sc.roleFlaw(in, snapchatOrganization); flaw != "" {
			return snapchatRefusal(snapchatInvalid, "%s", flaw)
		}
		if why := r.member.ungrantable(); why != "" {
			return snapchatRefusal(snapchatRefused, "%s", why)
		}
		if r.kind.truth() == snapchatAdmin && in["type"] != snapchatAdmin && r.member.lastAdmin() {
			return snapchatRefusal(snapchatNoEntity, "the last admin of an organization cannot be demoted")
		}
		r.kind.set(in["type"], sc.hub.appears(sc.now), sc.now)
		return snapchatItem{entity: r.object(in["type"])}
	}), nil
}

// deleteRole takes a role away. It may leave the member without any.
func (m *snapchatSim) deleteRole(sc *snapchatCall) (*snapchatAnswer, *snapchatError) {
	answer := &snapchatAnswer{plural: "roles", singular: "role"}
	r := sc.role
	switch {
	case r == nil || r.kind.truth() == "" || !m.administers(sc.cred, sc.hub):
		answer.items = []snapchatItem{snapchatNoSuchEntity()}
	case r.container == snapchatOrganization && r.kind.truth() == snapchatAdmin && r.member.lastAdmin():
		answer.items = []snapchatItem{snapchatRefusal(snapchatNoEntity, "the last admin of an organization cannot be demoted")}
	default:
		m.revoke(r, sc.hub.appears(sc.now), sc.now)
	}
	return answer, nil
}
