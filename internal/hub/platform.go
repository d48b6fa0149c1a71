package hub

import (
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Platform is what is known of a kind of hub before a single request: names,
// roles, limits, what its API can do. It is data, so that a plan can be
// checked while credentials are still unknown.
type Platform struct {
	Name   string // "meta_business"; the first half of every hub id
	Title  string // "Meta Business Manager"; how messages name the platform
	Vendor string // "Meta"; who answered, in "Meta answered: ..."

	// BusinessID is the legal form of a business id, BusinessIDForm the same in
	// words with an example.
	BusinessID     *regexp.Regexp
	BusinessIDForm string

	Roles []Role
	// Unlisted is the kind of the roles that Roles does not name, where there can
	// be any: an app has its own. "" means that Roles is all there is, or that
	// nobody knows any.
	Unlisted     RoleKind
	Capabilities Capabilities
	// Roleless says that there are seats without any role here, a half-done add
	// for one: a member whose Role is "" then holds none, and may be given one.
	// Elsewhere "" is a role that the platform did not report, and roster does
	// not write over what it cannot see.
	Roleless bool
	// Suspends says that a removal may leave the seat behind, suspended and
	// without access: somebody suspended is then as good as gone to a removal,
	// and an add switches the seat on again. Elsewhere a suspended seat is still
	// a seat.
	Suspends bool
	// Lingering is why somebody can still be listed after a removal that the
	// platform reported done, as a whole sentence; "" when no cause is known.
	Lingering string
	// Statuses are those a member of this platform can have.
	Statuses []Status
	// Limits are what the platform is known to cap.
	Limits []Limit

	// AdminURL is the screen where a person manages people, with {business_id}
	// where the id goes.
	AdminURL string

	// Export is the file that stands for the platform where it has no API: a
	// person writes it anew after each change. "" elsewhere.
	Export string

	// PageSize is how many people one list call brings.
	PageSize int
	// Settle is how long a write may take until reads show it. Verification
	// gives up after it; a platform that shows writes at once has a small one.
	Settle time.Duration
	// TaskTime is how long a task may take when the configuration does not say;
	// 0 is the provider's own default. Platforms that work in jobs need more.
	TaskTime time.Duration
	// InvitationLife is how long an invitation stands, 0 when the platform does
	// not say.
	InvitationLife time.Duration
}

// HubAdminURL is the screen where a person manages the people of ref.
func (p *Platform) HubAdminURL(ref Ref) string {
	return strings.ReplaceAll(p.AdminURL, "{business_id}", url.QueryEscape(ref.BusinessID))
}

// Limit is a number the platform enforces.
type Limit struct {
	Name  string // "members", "admins", "pending_invitations"; the same name means the same on every platform
	Value int
	Note  string // what to know of it, a sentence; says so when the number is unconfirmed
}

// Role is one role a platform knows.
type Role struct {
	ID    string   // as the platform's API and the configuration write it
	Label string   // as the platform's screens write it
	Kind  RoleKind // primary or secondary
	// Admin says that a holder can manage the hub's people: the last one of
	// them must stay.
	Admin bool
	// Group names secondary roles that exclude one another: giving one of them
	// takes the others. "" excludes none.
	Group string
	// Default marks the least-privileged primary role: what a member gets when
	// the configuration names none, and what is left when a primary role
	// resource goes. Exactly one role of a platform has it.
	Default bool
}

// RoleKind tells the one role everybody has from the extra ones.
type RoleKind string

// The kinds of role.
const (
	Primary   RoleKind = "primary"   // exactly one per member
	Secondary RoleKind = "secondary" // a set, often empty
)

// Role finds a role by its exact id.
func (p *Platform) Role(id string) (Role, bool) {
	for _, r := range p.Roles {
		if r.ID == id {
			return r, true
		}
	}
	return Role{}, false
}

// DefaultRole is the least-privileged primary role, "" when the platform has
// none of its own (its roles then come from the hub).
func (p *Platform) DefaultRole() string {
	for _, r := range p.Roles {
		if r.Default {
			return r.ID
		}
	}
	return ""
}

// IsAdmin says whether a holder of role id can manage the hub's people.
func (p *Platform) IsAdmin(id string) bool {
	r, ok := p.Role(id)
	return ok && r.Admin
}

// RoleIDs lists the ids of one kind, in the platform's order.
func (p *Platform) RoleIDs(kind RoleKind) []string {
	var ids []string
	for _, r := range p.Roles {
		if r.Kind == kind {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// NearestRole is the legal id that id was most likely meant to be, "" when
// nothing is near.
func (p *Platform) NearestRole(id string) string {
	best, bestDistance := "", len(id)/2+1
	for _, r := range p.Roles {
		for _, name := range []string{r.ID, r.Label} {
			if d := distance(strings.ToUpper(id), strings.ToUpper(name)); d < bestDistance {
				best, bestDistance = r.ID, d
			}
		}
	}
	return best
}

// distance is the Levenshtein distance of two short names, byte by byte.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
