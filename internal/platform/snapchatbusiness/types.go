package snapchatbusiness

import (
	"slices"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// The structs hold what roster reads and no more. Snap leaves fields out, and
// its samples spell statuses in either case.

// envelope is what every answer says of itself. At HTTP 200 it can be a failure.
type envelope struct {
	RequestStatus  string `json:"request_status"`
	RequestID      string `json:"request_id"`
	DebugMessage   string `json:"debug_message"`
	DisplayMessage string `json:"display_message"`
	ErrorCode      string `json:"error_code"`
	Paging         struct {
		NextLink string `json:"next_link"`
	} `json:"paging"`
}

// answer is the answer to everything but /me: one of the lists, each entity in a
// wrapper. A list is nil when the answer has none, which is not an empty list.
type itemAnswer struct {
	envelope
	Members       []item `json:"members"`
	Roles         []item `json:"roles"`
	Organizations []item `json:"organizations"`
}

// kind is one of the three kinds of entity: where an answer lists it, and its id
// in an item of that list, "" when it is not there.
type kind struct {
	list func(*itemAnswer) []item
	id   func(item) string
}

var (
	members = kind{
		func(a *itemAnswer) []item { return a.Members },
		func(i item) string {
			if i.Member == nil {
				return ""
			}
			return i.Member.ID
		},
	}
	roles = kind{
		func(a *itemAnswer) []item { return a.Roles },
		func(i item) string {
			if i.Role == nil {
				return ""
			}
			return i.Role.ID
		},
	}
	organizations = kind{
		func(a *itemAnswer) []item { return a.Organizations },
		func(i item) string {
			if i.Organization == nil {
				return ""
			}
			return i.Organization.ID
		},
	}
)

// item is one entity of an answer, or why there is none. Which of the fields
// says why differs between the samples.
type item struct {
	Status       string        `json:"sub_request_status"`
	Reason       string        `json:"sub_request_error_reason"`
	ErrorType    string        `json:"error_type"`
	Message      string        `json:"message"`
	Member       *member       `json:"member"`
	Role         *role         `json:"role"`
	Organization *organization `json:"organization"`
}

// text is why the item failed.
func (i item) text() string {
	var parts []string
	for _, part := range []string{i.Reason, i.ErrorType, i.Message} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ": ")
}

func is(status, want string) bool { return strings.EqualFold(status, want) }

const (
	statusSuccess = "SUCCESS"
	statusPartial = "PARTIAL"
)

// meAnswer is the answer to /me. Its members are bare: the same person's seats
// in other organizations.
type meAnswer struct {
	envelope
	Me      *member  `json:"me"`
	Members []member `json:"members"`
}

// organization is one the credential's user belongs to. Everything but id and
// name is optional.
type organization struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	State      string   `json:"state"`
	Roles      []string `json:"roles"`
	MyMemberID string   `json:"my_member_id"`
}

// member is somebody's seat in one organization, or the invitation to it: one
// entity with one id. What role they have it does not say.
type member struct {
	ID             string   `json:"id"`
	Email          string   `json:"email"`
	OrganizationID string   `json:"organization_id"`
	DisplayName    string   `json:"display_name"`
	Username       string   `json:"snapchat_username"`
	Status         string   `json:"member_status"`
	CreatedAt      datetime `json:"created_at"`
}

const (
	memberActive  = "MEMBER"
	memberInvited = "INVITED"
)

// status is where the member stands, and whether that is what Snap said: of a
// status it does not document (or leaves out) roster takes whoever has brought a
// Snapchat account for a member, and the rest for invited.
func (m member) status() (status hub.Status, known bool) {
	switch {
	case is(m.Status, memberActive):
		return hub.StatusActive, true
	case is(m.Status, memberInvited):
		return hub.StatusInvited, true
	case m.Username != "":
		return hub.StatusActive, false
	default:
		return hub.StatusInvited, false
	}
}

func (m member) member(held []role) hub.Member {
	status, _ := m.status()
	out := hub.Member{ID: m.ID, Email: m.Email, Username: m.Username, Name: m.DisplayName, Status: status, Role: foremost(held)}
	if status == hub.StatusInvited {
		out.InvitedAt = m.CreatedAt.Time
	}
	return out
}

// role is one role of one member on one container: the organization, an ad
// account or a catalog.
type role struct {
	ID             string `json:"id,omitempty"`
	MemberID       string `json:"member_id"`
	OrganizationID string `json:"organization_id"`
	ContainerKind  string `json:"container_kind"`
	ContainerID    string `json:"container_id"`
	Type           string `json:"type"`
}

const organizationKind = "Organizations"

// of says whether r is a role on the organization itself. The id decides: how
// the kinds of the other containers are spelt is unconfirmed. A row that names
// no container is none: to take an ad account's admin for the organization's
// would be a lie to the last-administrator guard.
func (r role) of(organizationID string) bool {
	if r.ContainerID != "" {
		return r.ContainerID == organizationID
	}
	return strings.EqualFold(r.ContainerKind, organizationKind) && (r.OrganizationID == "" || r.OrganizationID == organizationID)
}

// name is the role as roster writes it: a known one in the contract's spelling,
// any other verbatim.
func (r role) name() string {
	if low := strings.ToLower(r.Type); slices.Contains(platform.RoleIDs(hub.Primary), low) {
		return low
	}
	return r.Type
}

// rank orders roles by what they can do to the organization. One that nobody
// documents counts for more than all but admin: it may be able to.
func (r role) rank() int {
	switch r.name() {
	case roleAdmin:
		return 4
	case roleBusinessAdmin:
		return 2
	case roleDataAdmin:
		return 1
	case roleMember:
		return 0
	default:
		return 3
	}
}

// byRank sorts the most powerful role to the front.
func byRank(held []role) {
	slices.SortStableFunc(held, func(a, b role) int { return b.rank() - a.rank() })
}

// foremost is the role that counts of those somebody holds on the organization,
// "" for none. There should be one; after a role change that broke off there can
// be two, and then the more powerful one is what an auditor has to see.
func foremost(held []role) string {
	if len(held) == 0 {
		return ""
	}
	held = slices.Clone(held)
	byRank(held)
	return held[0].name()
}

// names lists roles for a message.
func names(held []role) string {
	var list []string
	for _, r := range held {
		list = append(list, r.name())
	}
	return strings.Join(list, " and ")
}

// datetime is a time in Snap's form. One that cannot be read is zero: no list is
// worth failing for a date.
type datetime struct{ time.Time }

func (d *datetime) UnmarshalJSON(b []byte) error {
	if t, err := time.Parse(`"`+time.RFC3339+`"`, string(b)); err == nil {
		d.Time = t.UTC()
	}
	return nil
}
