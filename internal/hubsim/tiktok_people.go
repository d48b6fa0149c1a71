package hubsim

import (
	"strings"
	"time"
)

// The two primary roles and the finance roles beside them.
const (
	tiktokAdmin    = "ADMIN"
	tiktokStandard = "STANDARD"

	tiktokFinancePrefix = "finance:" // how extra_roles names a finance role
)

var (
	tiktokUserRoles    = []string{tiktokAdmin, tiktokStandard}
	tiktokFinanceRoles = []string{"MANAGER", "ANALYST"}
)

// What relation_status says. tiktokGone is ours: no row at all.
const (
	tiktokBound    = "BOUND"
	tiktokPending  = "PENDING"
	tiktokRejected = "REJECTED"
	tiktokUnbound  = "UNBOUND"
	tiktokGone     = ""
)

var tiktokStatuses = []string{tiktokBound, tiktokPending, tiktokRejected, tiktokUnbound}

// tiktokHub is a Business Center.
type tiktokHub struct {
	hubBasics[tiktokSettings]

	members []*tiktokPerson          // in the order of the list
	byEmail map[string]*tiktokPerson // the truth; everybody who has a row
	byID    map[string]*tiktokPerson // the truth; bound members
	churned int                      // how often churn took place
}

// tiktokPerson is a row of the member list through its life.
type tiktokPerson struct{ row timeline[tiktokRow] }

type tiktokRow struct {
	userID    string // once bound
	name      string
	email     string
	role      string
	finance   string // "" or one of tiktokFinanceRoles
	status    string
	expiresAt time.Time // of an invitation; zero: never
}

func (r tiktokRow) lapsed(now time.Time) bool {
	return r.status == tiktokPending && ended(r.expiresAt, now)
}

// taken says that the row holds a seat or an open invitation.
func (r tiktokRow) taken(now time.Time) bool {
	return r.status == tiktokBound || r.status == tiktokPending && !r.lapsed(now)
}

// appears is when a change made now begins to show.
func (h *tiktokHub) appears(now time.Time) time.Time {
	return now.Add(time.Duration(h.settings.VisibilityLag))
}

// find returns somebody by address with their current row.
func (h *tiktokHub) find(email string) (*tiktokPerson, tiktokRow) {
	p := h.byEmail[foldEmail(email)]
	if p == nil {
		return nil, tiktokRow{}
	}
	return p, p.row.truth()
}

// put gives somebody a row, or another one. p is nil for somebody new.
func (h *tiktokHub) put(p *tiktokPerson, row tiktokRow, shown, now time.Time) *tiktokPerson {
	if p == nil {
		p = &tiktokPerson{}
		h.members = append(h.members, p)
	} else {
		was := p.row.truth()
		delete(h.byID, was.userID)
		delete(h.byEmail, foldEmail(was.email))
	}
	if row.status == tiktokBound {
		h.byID[row.userID] = p
	}
	if row.status != tiktokGone {
		h.byEmail[foldEmail(row.email)] = p
	}
	p.row.set(row, shown, now)
	return p
}

// leave ends a seat or an invitation. A former member keeps an UNBOUND row; a
// cancelled invitation leaves none.
func (h *tiktokHub) leave(p *tiktokPerson, shown, now time.Time) {
	row := p.row.truth()
	if row.status == tiktokBound {
		row.status, row.finance = tiktokUnbound, ""
	} else {
		row.status = tiktokGone
	}
	h.put(p, row, shown, now)
}

// open makes an invitation, or makes it anew for somebody who declined or left.
func (h *tiktokHub) open(email, name, role, finance string, shown, now time.Time) *tiktokPerson {
	p, _ := h.find(email)
	row := tiktokRow{
		email: email, name: name, role: role, finance: finance, status: tiktokPending,
		expiresAt: ending(now, h.settings.InvitationLifetime),
	}
	return h.put(p, row, shown, now)
}

// bind turns somebody into a member.
func (m *tiktokSim) bind(h *tiktokHub, p *tiktokPerson, row tiktokRow, shown, now time.Time) *tiktokPerson {
	row.status, row.userID, row.expiresAt = tiktokBound, m.userID(row.email), time.Time{}
	if row.name == "" {
		row.name, _, _ = strings.Cut(row.email, "@")
	}
	return h.put(p, row, shown, now)
}

// lastAdmin says whether the row is the only bound administrator. Invited ones
// deliberately do not count: they can do nothing yet.
func (h *tiktokHub) lastAdmin(row tiktokRow) bool {
	if row.status != tiktokBound || row.role != tiktokAdmin {
		return false
	}
	admins := 0
	for _, p := range h.byID {
		if p.row.truth().role == tiktokAdmin {
			admins++
		}
	}
	return admins == 1
}

// room says how many more people, and administrators among them, the center
// takes. Whether invitations count against the caps is not documented; they do
// here, since accepting one cannot fail.
func (h *tiktokHub) room(now time.Time) (people, admins int) {
	people, admins = h.settings.MaxMembers, h.settings.MaxAdmins
	for _, p := range h.members {
		if row := p.row.truth(); row.taken(now) {
			people--
			if row.role == tiktokAdmin {
				admins--
			}
		}
	}
	return people, admins
}

// people is the ground truth. Former members are no longer anybody's people.
func (h *tiktokHub) people(now time.Time) []Person {
	people := make([]Person, 0, len(h.members))
	for _, p := range h.members {
		if row := p.row.truth(); row.status != tiktokGone && row.status != tiktokUnbound {
			people = append(people, row.person(now))
		}
	}
	return people
}

// person is the ground truth about one.
func (p *tiktokPerson) person(now time.Time) Person { return p.row.truth().person(now) }

func (r tiktokRow) person(now time.Time) Person {
	p := Person{Email: r.email, Name: r.name, Role: r.role, ID: r.userID, Status: StatusActive}
	if r.finance != "" {
		p.ExtraRoles = []string{tiktokFinancePrefix + r.finance}
	}
	switch {
	case r.status == tiktokRejected:
		p.Status = StatusDeclined
	case r.lapsed(now):
		p.Status = StatusExpired
	case r.status == tiktokPending:
		p.Status = StatusInvited
	}
	if r.status == tiktokPending && !r.expiresAt.IsZero() {
		p.ExpiresAt = &r.expiresAt
	}
	return p
}
