package pinterestbusiness

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// The structs hold what roster reads and no more. Pinterest writes null for what
// it does not tell, which decodes to the zero value. Ids are strings of digits.

// account is whose token it is.
type account struct {
	ID           string `json:"id"`
	Username     string `json:"username"`
	BusinessName string `json:"business_name"`
	AccountType  string `json:"account_type"` // PINNER or BUSINESS
}

func (a account) name() string {
	if a.BusinessName != "" {
		return a.BusinessName
	}
	return a.Username
}

// user is a person as a business sees them. Every field may be hidden.
type user struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Email    string `json:"email"`
}

// goesBy says whether a folded e-mail means this person. Somebody whose address
// is hidden is known by the user name, which people can be invited by.
func (u user) goesBy(email string) bool {
	if u.Email != "" {
		return hub.FoldEmail(u.Email) == email
	}
	return u.Username != "" && hub.FoldEmail(u.Username) == email
}

// binding ties an account to a business: a member of it, or an employer of the
// token's user.
type binding struct {
	ID            string   `json:"id"`
	User          user     `json:"user"`
	BusinessRoles []string `json:"business_roles"`
}

// invitation is an invite or a request, ours or one we received.
type invitation struct {
	ID            string   `json:"id"`
	Received      bool     `json:"is_received_invite"`
	User          user     `json:"user"`
	BusinessRoles []string `json:"business_roles"`
	CreatedTime   millis   `json:"created_time"`
	Data          struct {
		Type       string `json:"invite_type"`
		Status     string `json:"invite_status"`
		SentAt     millis `json:"sent_at"`
		Expiration millis `json:"invite_expiration"`
	} `json:"invite_data"`
}

const memberInvite = "MEMBER_INVITE"

// page is one page of a list. Items is nil when the answer has no list at all,
// which is not an empty list.
type page[T any] struct {
	Items    []T    `json:"items"`
	Bookmark string `json:"bookmark"`
}

// Bodies of the writes.
type (
	inviteBody struct {
		InviteType   string   `json:"invite_type"`
		BusinessRole string   `json:"business_role"`
		Members      []string `json:"members"`
	}
	cancelBody struct {
		InviteIDs []string `json:"invite_ids"`
	}
	memberRole struct {
		MemberID     string `json:"member_id"`
		BusinessRole string `json:"business_role"`
	}
	removeBody struct {
		Members []memberRole `json:"members"`
	}
)

// Answers to the writes. Each tells the outcome item by item under HTTP 200.
type (
	// inviteAnswer tells of invitations sent, and of ones withdrawn.
	inviteAnswer struct {
		Items []inviteItem `json:"items"`
	}
	// inviteItem holds one of the two.
	inviteItem struct {
		Invite    *invitation `json:"invite"`
		Exception *exception  `json:"exception"`
	}
	roleAnswer struct {
		Items []memberRole `json:"items"`
	}
	removeAnswer struct {
		Deleted []string `json:"deleted_members"`
	}
)

// exception is a refusal of one item. One about an invitation to send has a code
// and may name several inputs; one about an invitation to withdraw has only the
// id and the message.
type exception struct {
	Code     int      `json:"code"`
	Message  string   `json:"message"`
	Inputs   []string `json:"users_or_partner_ids"`
	InviteID string   `json:"invite_id"`
}

// errorBody is the body of every answer that is not 2xx.
type errorBody struct {
	Code    *int   `json:"code"`
	Message string `json:"message"`
}

// errorIn reads the error of a body, nil when the body holds none.
func errorIn(body []byte) *errorBody {
	var e errorBody
	if json.Unmarshal(body, &e) != nil || e.Code == nil {
		return nil
	}
	return &e
}

// millis is a time in milliseconds. One that cannot be read is zero: no list is
// worth failing for a date.
type millis struct{ time.Time }

func (m *millis) UnmarshalJSON(b []byte) error {
	var n int64
	if json.Unmarshal(b, &n) == nil && n > 0 {
		m.Time = time.UnixMilli(n).UTC()
	}
	return nil
}

func (b binding) member() hub.Member {
	role, more := rolesOf(b.BusinessRoles)
	return hub.Member{
		ID:        b.ID,
		Email:     b.User.Email,
		Username:  b.User.Username,
		Status:    hub.StatusActive, // presence among the members is the only status there is
		Role:      role,
		Secondary: more,
	}
}

// partnership says that the row ties another business to this one, which is no
// seat of a person.
func (b binding) partnership() bool {
	return len(b.BusinessRoles) > 0 && !slices.ContainsFunc(b.BusinessRoles, func(role string) bool { return role != rolePartner })
}

func (i invitation) member(now time.Time) hub.Member {
	role, more := rolesOf(i.BusinessRoles)
	sent := i.Data.SentAt.Time
	if sent.IsZero() {
		sent = i.CreatedTime.Time
	}
	return hub.Member{
		ID:        i.ID,
		Email:     i.User.Email,
		Username:  i.User.Username,
		Status:    i.status(now),
		Role:      role,
		Secondary: more,
		InvitedAt: sent,
		ExpiresAt: i.Data.Expiration.Time,
	}
}

func (i invitation) status(now time.Time) hub.Status {
	switch i.Data.Status {
	case "PENDING":
		if !i.Data.Expiration.IsZero() && !i.Data.Expiration.After(now) {
			return hub.StatusExpired
		}
		return hub.StatusInvited
	case "EXPIRED":
		return hub.StatusExpired
	case "DECLINED":
		return hub.StatusDeclined
	default:
		return hub.StatusUnknown
	}
}

// counts says whether the row is an invitation of ours to a member that is not
// over. The list holds what the token's user received too, and an accepted
// invitation lives on among the members under another id.
func (i invitation) counts() bool {
	return !i.Received && (i.Data.Type == "" || i.Data.Type == memberInvite) &&
		i.Data.Status != "ACCEPTED" && i.Data.Status != "CANCELLED"
}

// rolesOf is the highest of the roles, and beside it what roster does not know:
// Pinterest's answers have no closed list, and what they say is shown as it is.
func rolesOf(roles []string) (role string, more []string) {
	for _, known := range []string{roleAdmin, roleEmployee} {
		if role == "" && slices.Contains(roles, known) {
			role = known
		}
	}
	for _, r := range roles {
		switch {
		case r == roleAdmin || r == roleEmployee || r == rolePartner || r == "" || r == role:
		case role == "":
			role = r
		case !slices.Contains(more, r):
			more = append(more, r)
		}
	}
	slices.Sort(more)
	return role, more
}
