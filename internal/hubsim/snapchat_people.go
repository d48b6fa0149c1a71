package hubsim

import (
	"slices"
	"strings"
	"time"
)

// Organization roles; a member is expected to hold exactly one. Their order is
// not one of privilege beyond admin being above and member below the others.
// API: Snap, "Roles", https://developers.snap.com/api/marketing-api/Ads-API/roles
const (
	snapchatAdmin       = "admin"
	snapchatPlainMember = "member"
	snapchatNoRole      = "none" // how seeds and acts say: a member without a role
)

var snapchatOrganizationRoles = []string{snapchatAdmin, "business_admin", "data_admin", snapchatPlainMember}

// snapchatContainer is what a role is about. Only Organizations is a confirmed
// container_kind.
type snapchatContainer struct {
	kind   string
	prefix string // how extra_roles names its roles
	roles  []string
}

var (
	snapchatOrganization = &snapchatContainer{"Organizations", "", snapchatOrganizationRoles}
	snapchatAdAccount    = &snapchatContainer{"AdAccounts", "adaccount:", []string{"admin", "general", "creative", "reports", "audience"}}
	// The second one's name is cut off in the page we have.
	snapchatCatalog = &snapchatContainer{"Catalogs", "catalog:", []string{"catalog_admin", "catalog_advertiser"}}
)

// What becomes of a member. The first two are member_status; the documents have
// no word for an invitation that was declined or expired.
const (
	snapchatActive   = "MEMBER"
	snapchatInvited  = "INVITED"
	snapchatDeclined = "DECLINED"
	snapchatExpired  = "EXPIRED"
	snapchatGone     = ""
)

// snapchatHub is an organization.
type snapchatHub struct {
	hubBasics[snapchatSettings]
	createdAt time.Time
	adAccount string // every organization has one, and one catalog
	catalog   string

	members []*snapchatMember // in the order of the list, removed ones too
	roles   []*snapchatRole   // the same
	byEmail map[string]*snapchatMember
}

// snapchatMember is a person's seat in one organization, or the invitation to it.
type snapchatMember struct {
	id        string
	hub       *snapchatHub
	email     string
	createdAt time.Time
	row       timeline[snapchatRow]
	roles     []*snapchatRole // the truth
}

type snapchatRow struct {
	name      string
	username  string // of the Snapchat account, once a member
	status    string
	expiresAt time.Time // of an invitation; zero: never
	updatedAt time.Time
}

// current is the row's status at a time.
func (r snapchatRow) current(now time.Time) string {
	if r.status == snapchatInvited && ended(r.expiresAt, now) {
		return snapchatExpired
	}
	return r.status
}

// snapchatRole is a role of a member, of one kind of container.
type snapchatRole struct {
	id          string
	member      *snapchatMember
	container   *snapchatContainer
	containerID string
	createdAt   time.Time
	kind        timeline[string] // "" once it is gone
}

// appears is when a change made now begins to show.
func (h *snapchatHub) appears(now time.Time) time.Time {
	return now.Add(time.Duration(h.settings.VisibilityLag))
}

// wireStatus is member_status of a row, "" when it is not shown.
func (h *snapchatHub) wireStatus(r snapchatRow, now time.Time) string {
	status := r.current(now)
	if status == snapchatDeclined || status == snapchatExpired {
		switch h.settings.ClosedInvitations {
		case "gone":
			return snapchatGone
		case "invited":
			return snapchatInvited
		}
	}
	return status
}

// shown is what readers see of a member; status "" when they see nothing.
func (p *snapchatMember) shown(now time.Time) (row snapchatRow, status string) {
	row, _ = p.row.at(now)
	return row, p.hub.wireStatus(row, now)
}

// enrol adds a member or an invitation. A closed invitation of the address that
// is no longer shown gives way.
func (m *snapchatSim) enrol(h *snapchatHub, email string, row snapchatRow, shown, now time.Time) *snapchatMember {
	if closed := h.byEmail[foldEmail(email)]; closed != nil {
		m.expel(closed, shown, now)
	}
	if row.name == "" {
		row.name, _, _ = strings.Cut(email, "@")
	}
	if row.status == snapchatInvited {
		row.expiresAt = ending(now, h.settings.InvitationLifetime)
	}
	row.updatedAt = now
	p := &snapchatMember{id: m.newID(), hub: h, email: email, createdAt: now}
	p.row.set(row, shown, now)
	h.members = append(h.members, p)
	h.byEmail[foldEmail(email)] = p
	m.members[p.id] = p
	return p
}

// snapchatUsername makes up the account somebody joins with.
func snapchatUsername(email string) string {
	local, domain, _ := strings.Cut(foldEmail(email), "@")
	domain, _, _ = strings.Cut(domain, ".")
	return local + "." + domain
}

// expel removes a member or an invitation, and with it every role they hold.
// That roles go too is not documented.
func (m *snapchatSim) expel(p *snapchatMember, shown, now time.Time) {
	row := p.row.truth()
	row.status, row.updatedAt = snapchatGone, now
	p.row.set(row, shown, now)
	for _, r := range slices.Clone(p.roles) {
		m.revoke(r, shown, now)
	}
	if p.hub.byEmail[foldEmail(p.email)] == p {
		delete(p.hub.byEmail, foldEmail(p.email))
	}
}

func (m *snapchatSim) grant(p *snapchatMember, c *snapchatContainer, kind string, shown, now time.Time) *snapchatRole {
	id := map[*snapchatContainer]string{
		snapchatOrganization: p.hub.id, snapchatAdAccount: p.hub.adAccount, snapchatCatalog: p.hub.catalog,
	}[c]
	r := &snapchatRole{id: m.newID(), member: p, container: c, containerID: id, createdAt: now}
	r.kind.set(kind, shown, now)
	p.hub.roles = append(p.hub.roles, r)
	p.roles = append(p.roles, r)
	m.roles[r.id] = r
	return r
}

func (m *snapchatSim) revoke(r *snapchatRole, shown, now time.Time) {
	r.kind.set("", shown, now)
	r.member.roles = slices.DeleteFunc(r.member.roles, func(other *snapchatRole) bool { return other == r })
}

// organizationRoles are the member's, the strongest first.
func (p *snapchatMember) organizationRoles() []string {
	var held []string
	for _, role := range snapchatOrganizationRoles {
		if slices.ContainsFunc(p.roles, func(r *snapchatRole) bool {
			return r.container == snapchatOrganization && r.kind.truth() == role
		}) {
			held = append(held, role)
		}
	}
	return held
}

// lastAdmin says whether the organization has no administrator but this one.
// Invited ones deliberately do not count: they can do nothing yet.
func (p *snapchatMember) lastAdmin() bool {
	isAdmin := func(p *snapchatMember) bool {
		return p.row.truth().status == snapchatActive && slices.Contains(p.organizationRoles(), snapchatAdmin)
	}
	return isAdmin(p) && !slices.ContainsFunc(p.hub.members, func(other *snapchatMember) bool { return other != p && isAdmin(other) })
}

// people is the ground truth.
func (h *snapchatHub) people(now time.Time) []Person {
	people := make([]Person, 0, len(h.members))
	for _, p := range h.members {
		if p.row.truth().status != snapchatGone {
			people = append(people, p.person(now))
		}
	}
	return people
}

func (p *snapchatMember) person(now time.Time) Person {
	row := p.row.truth()
	out := Person{Email: p.email, Name: row.name, ID: p.id}
	switch row.current(now) {
	case snapchatInvited:
		out.Status = StatusInvited
	case snapchatDeclined:
		out.Status = StatusDeclined
	case snapchatExpired:
		out.Status = StatusExpired
	default:
		out.Status = StatusActive
	}
	if row.status == snapchatInvited && !row.expiresAt.IsZero() {
		out.ExpiresAt = &row.expiresAt
	}
	if held := p.organizationRoles(); len(held) > 0 {
		out.Role, out.ExtraRoles = held[0], held[1:]
	}
	for _, r := range p.roles {
		if r.container != snapchatOrganization {
			out.ExtraRoles = append(out.ExtraRoles, r.container.prefix+r.kind.truth())
		}
	}
	if len(out.ExtraRoles) == 0 {
		out.ExtraRoles = nil
	}
	return out
}
