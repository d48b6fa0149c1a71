package hubsim

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

var snapchatListParams = []string{"limit", "cursor"}

// Limits of a page. The default is not documented.
const (
	snapchatMinPage = 50
	snapchatMaxPage = 1000
)

// page answers one page of n rows; row i is shown when it says so. The cursor
// is a row's position, which the removal of others does not move.
func (sc *snapchatCall) page(plural, singular string, n int, row func(i int) (snapchatObject, bool)) (*snapchatAnswer, *snapchatError) {
	query, s := sc.request.URL.Query(), sc.hub.settings
	limit, at := s.DefaultPageSize, 0
	if query.Has("limit") {
		var err error
		if limit, err = strconv.Atoi(query.Get("limit")); err != nil || limit < snapchatMinPage || limit > snapchatMaxPage {
			return nil, snapchatErr(http.StatusBadRequest, snapchatBadRequest, "limit must be between %d and %d.", snapchatMinPage, snapchatMaxPage)
		}
	}
	if query.Has("cursor") {
		raw, err := base64.RawURLEncoding.DecodeString(query.Get("cursor"))
		if _, scanned := fmt.Sscanf(string(raw), plural+":%d", &at); err != nil || scanned != nil || at < 0 {
			return nil, snapchatErr(http.StatusBadRequest, snapchatBadRequest, "The cursor is not valid.")
		}
	}
	answer := &snapchatAnswer{plural: plural, singular: singular}
	for ; at < n; at++ {
		entity, shown := row(at)
		if !shown {
			continue
		}
		if len(answer.items) == limit {
			cursor := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s:%d", plural, at))
			answer.paging = snapchatObject{"next_link": sc.link(cursor, limit)}
			return answer, nil
		}
		answer.items = append(answer.items, snapchatItem{entity: entity})
	}
	switch s.LastPage {
	case "empty":
		answer.paging = snapchatObject{}
	case "null":
		answer.paging = snapchatObject{"next_link": nil}
	case "blank":
		answer.paging = snapchatObject{"next_link": ""}
	}
	return answer, nil
}

func (sc *snapchatCall) link(cursor string, limit int) string {
	base := sc.baseURL
	if other := sc.hub.settings.NextLinkBase; other != "" {
		base = strings.TrimSuffix(other, "/")
	}
	return base + sc.path + "?" + url.Values{"cursor": {cursor}, "limit": {strconv.Itoa(limit)}}.Encode()
}

func snapchatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (p *snapchatMember) object(row snapchatRow, status string) snapchatObject {
	object := snapchatObject{
		"id": p.id, "email": p.email, "organization_id": p.hub.id, "display_name": row.name, "member_status": status,
	}
	if !p.hub.settings.SparseMembers {
		object["created_at"], object["updated_at"] = snapchatTime(p.createdAt), snapchatTime(row.updatedAt)
		if row.username != "" {
			object["snapchat_username"] = row.username
		}
	}
	return object
}

func (r *snapchatRole) object(kind string) snapchatObject {
	if r.member.hub.settings.RoleCase == "upper" {
		kind = strings.ToUpper(kind)
	}
	return snapchatObject{
		"id": r.id, "container_kind": r.container.kind, "container_id": r.containerID,
		"member_id": r.member.id, "organization_id": r.member.hub.id, "type": kind,
		"created_at": snapchatTime(r.createdAt), "updated_at": snapchatTime(r.createdAt),
	}
}

// visible is what readers see of a role: nothing when its member does not show.
func (r *snapchatRole) visible(now time.Time) (snapchatObject, bool) {
	kind, _ := r.kind.at(now)
	if _, status := r.member.shown(now); kind == "" || status == snapchatGone {
		return nil, false
	}
	return r.object(kind), true
}

// API: Snap, "Members", https://developers.snap.com/api/marketing-api/Ads-API/members
func (m *snapchatSim) listMembers(sc *snapchatCall) (*snapchatAnswer, *snapchatError) {
	members := sc.hub.members
	return sc.page("members", "member", len(members), func(i int) (snapchatObject, bool) {
		row, status := members[i].shown(sc.now)
		if status == snapchatGone {
			return nil, false
		}
		return members[i].object(row, status), true
	})
}

// listRoles answers the roles of the organization and of what it holds, in one
// list. That they are mixed is not confirmed.
// API: Snap, "Roles", https://developers.snap.com/api/marketing-api/Ads-API/roles
func (m *snapchatSim) listRoles(sc *snapchatCall) (*snapchatAnswer, *snapchatError) {
	mixed := sc.hub.settings.RolesList == "mixed"
	return sc.rolesWhere(sc.hub.roles, func(r *snapchatRole) bool { return mixed || r.container == snapchatOrganization })
}

func (m *snapchatSim) listAdAccountRoles(sc *snapchatCall) (*snapchatAnswer, *snapchatError) {
	return sc.rolesWhere(sc.hub.roles, func(r *snapchatRole) bool { return r.container == snapchatAdAccount })
}

func (sc *snapchatCall) rolesWhere(roles []*snapchatRole, keep func(*snapchatRole) bool) (*snapchatAnswer, *snapchatError) {
	return sc.page("roles", "role", len(roles), func(i int) (snapchatObject, bool) {
		if !keep(roles[i]) {
			return nil, false
		}
		return roles[i].visible(sc.now)
	})
}

// seen checks that the member a path names shows, and that the caller may see it.
func (m *snapchatSim) seen(sc *snapchatCall) (snapchatRow, string, *snapchatError) {
	notFound := snapchatErr(http.StatusNotFound, snapchatNotFound, "Resource can not be found")
	if sc.member == nil {
		return snapchatRow{}, "", notFound
	}
	if own, _ := m.standing(sc.cred, sc.hub); own != sc.member && !m.administers(sc.cred, sc.hub) {
		return snapchatRow{}, "", snapchatErr(http.StatusForbidden, snapchatNotFound, "The user has no permission to see member %s.", sc.member.id)
	}
	row, status := sc.member.shown(sc.now)
	if status == snapchatGone {
		return row, status, notFound
	}
	return row, status, nil
}

func (m *snapchatSim) getMember(sc *snapchatCall) (*snapchatAnswer, *snapchatError) {
	row, status, refused := m.seen(sc)
	if refused != nil {
		return nil, refused
	}
	return &snapchatAnswer{plural: "members", singular: "member", items: []snapchatItem{{entity: sc.member.object(row, status)}}}, nil
}

func (m *snapchatSim) listMemberRoles(sc *snapchatCall) (*snapchatAnswer, *snapchatError) {
	if _, _, refused := m.seen(sc); refused != nil {
		return nil, refused
	}
	answer := &snapchatAnswer{plural: "roles", singular: "role", paging: snapchatObject{}}
	for _, r := range sc.hub.roles { // not the member's own list, which knows no lag
		if object, shown := r.visible(sc.now); shown && r.member == sc.member {
			answer.items = append(answer.items, snapchatItem{entity: object})
		}
	}
	return answer, nil
}

// getMe answers the caller's member in one organization, and beside it, without
// wrappers, those in others.
func (m *snapchatSim) getMe(sc *snapchatCall) (*snapchatAnswer, *snapchatError) {
	seats := []snapchatObject{}
	for _, h := range m.related(sc.cred) {
		if own, _ := m.standing(sc.cred, h); own != nil {
			row := own.row.truth()
			seats = append(seats, own.object(row, row.status))
		}
	}
	if len(seats) == 0 {
		me := snapchatObject{"id": sc.cred.id, "email": sc.cred.Email, "display_name": sc.cred.Name, "member_status": snapchatActive}
		if related := m.related(sc.cred); len(related) > 0 {
			me["organization_id"] = related[0].id
		}
		seats = append(seats, me)
	}
	return &snapchatAnswer{beside: snapchatObject{"me": seats[0], "members": seats[1:]}}, nil
}

// API: Snap, "Organizations", https://developers.snap.com/api/marketing-api/Ads-API/organizations
func (m *snapchatSim) listOrganizations(sc *snapchatCall) (*snapchatAnswer, *snapchatError) {
	query := sc.request.URL.Query()
	if text := query.Get("with_ad_accounts"); query.Has("with_ad_accounts") && text != "true" && text != "false" {
		return nil, snapchatErr(http.StatusBadRequest, snapchatBadRequest, "with_ad_accounts must be a boolean.")
	}
	answer := &snapchatAnswer{plural: "organizations", singular: "organization"}
	for _, h := range m.related(sc.cred) {
		object := m.organization(sc, h)
		if query.Get("with_ad_accounts") == "true" {
			object["ad_accounts"] = []snapchatObject{{"id": h.adAccount, "name": h.name + " Ads", "status": "ACTIVE"}}
		}
		answer.items = append(answer.items, snapchatItem{entity: object})
	}
	return answer, nil
}

func (m *snapchatSim) getOrganization(sc *snapchatCall) (*snapchatAnswer, *snapchatError) {
	if !slices.Contains(m.related(sc.cred), sc.hub) {
		return nil, snapchatErr(http.StatusForbidden, snapchatNotFound, "The user has no access to organization %s.", sc.hub.id)
	}
	return &snapchatAnswer{
		plural: "organizations", singular: "organization", items: []snapchatItem{{entity: m.organization(sc, sc.hub)}},
	}, nil
}

func (m *snapchatSim) organization(sc *snapchatCall, h *snapchatHub) snapchatObject {
	object := snapchatObject{
		"id": h.id, "name": h.name, "type": "ENTERPRISE", "state": "ACTIVE", "country": "US", "locality": "Seattle",
		"administrative_district_level_1": "WA", "address_line_1": "1 Main St", "postal_code": "98134",
		"created_at": snapchatTime(h.createdAt), "updated_at": snapchatTime(h.createdAt),
	}
	if !h.settings.OrganizationRoles {
		return object
	}
	own, roles := m.standing(sc.cred, h)
	object["roles"] = orEmpty(roles)
	if own != nil {
		object["my_member_id"], object["my_invited_email"] = own.id, own.email
		object["my_display_name"] = own.row.truth().name
	}
	return object
}
