package metabusiness

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// The structs hold what roster reads and no more. Graph leaves a field that is
// unset out of the object, so every one of them may be empty. Ids are strings
// of digits on the wire and stay strings: they outgrow a float.

// node is any object asked for its name.
type node struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// business is the Business node.
type business struct {
	node
	VerificationStatus string `json:"verification_status"`
	TwoFactorType      string `json:"two_factor_type"`
}

// person is a BusinessUser: somebody's seat in one business.
type person struct {
	ID                string `json:"id"`
	Name              string `json:"name"`
	Email             string `json:"email"`
	Role              string `json:"role"`
	FinancePermission string `json:"finance_permission"`
	IPPermission      string `json:"ip_permission"`
	Business          *node  `json:"business"`
}

// invitation is a BusinessRoleRequest. Its invite_link is left out
// deliberately: whoever holds the link can accept, so roster never asks for it.
type invitation struct {
	ID             string   `json:"id"`
	Email          string   `json:"email"`
	Role           string   `json:"role"`
	Status         string   `json:"status"`
	FinanceRole    string   `json:"finance_role"`
	IPRole         string   `json:"ip_role"`
	CreatedTime    datetime `json:"created_time"`
	ExpirationTime datetime `json:"expiration_time"`
	Owner          *node    `json:"owner"`
}

// page is one page of a list. Data is nil when the answer has no list at all,
// which is not an empty list.
type page[T any] struct {
	Data   []T    `json:"data"`
	Paging paging `json:"paging"`
}

type paging struct {
	Cursors struct {
		After string `json:"after"`
	} `json:"cursors"`
	// Next is the whole URL of the next page. Only its presence is read: it can
	// hold the access token and name any host.
	Next string `json:"next"`
}

// permission is one scope of the token.
type permission struct {
	Permission string `json:"permission"`
	Status     string `json:"status"`
}

// ownSeats is what a user token's identity says of its seats. Nil for a system
// user, which has none.
type ownSeats struct {
	BusinessUsers *page[seat] `json:"business_users"`
}

type seat struct {
	ID       string `json:"id"`
	Business *node  `json:"business"`
}

// written is the answer to a write: an id, or whether it worked, or both.
type written struct {
	ID      string `json:"id"`
	Success *bool  `json:"success"`
}

// datetime is Graph's form of a time. One that cannot be read is zero: no list
// is worth failing for a date.
type datetime struct{ time.Time }

func (d *datetime) UnmarshalJSON(b []byte) error {
	var s string
	_ = json.Unmarshal(b, &s)
	for _, layout := range []string{"2006-01-02T15:04:05-0700", time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			d.Time = t.UTC()
			return nil
		}
	}
	return nil
}

func (p person) member() hub.Member {
	return hub.Member{
		ID:        p.ID,
		Email:     p.Email,
		Name:      p.Name,
		Status:    hub.StatusActive, // presence among the business's users is the only status there is
		Role:      strings.ToUpper(p.Role),
		Secondary: secondary(p.FinancePermission, p.IPPermission),
	}
}

func (i invitation) member(now time.Time) hub.Member {
	return hub.Member{
		ID:        i.ID,
		Email:     i.Email,
		Status:    i.status(now),
		Role:      strings.ToUpper(i.Role),
		Secondary: secondary(i.FinanceRole, i.IPRole),
		InvitedAt: i.CreatedTime.Time,
		ExpiresAt: i.ExpirationTime.Time,
	}
}

// status is where an invitation stands. The spellings are Meta's prose in upper
// case (unconfirmed), hence the match by beginning and without case.
func (i invitation) status(now time.Time) hub.Status {
	switch raw := strings.ToUpper(i.Status); {
	case strings.HasPrefix(raw, "PENDING"):
		if !i.ExpirationTime.IsZero() && !i.ExpirationTime.After(now) {
			return hub.StatusExpired
		}
		return hub.StatusInvited
	case strings.HasPrefix(raw, "EXPIRE"):
		return hub.StatusExpired
	case strings.HasPrefix(raw, "DECLINE"):
		return hub.StatusDeclined
	default:
		return hub.StatusUnknown
	}
}

// over says that nothing is left of the invitation: it was withdrawn, or it
// was accepted and the person is among the members under another id.
func (i invitation) over() bool {
	raw := strings.ToUpper(i.Status)
	return strings.HasPrefix(raw, "CANCEL") || strings.HasPrefix(raw, "ACCEPT")
}

// secondary names the additional roles that a finance and an ads-rights
// permission stand for. One that the contract does not name is reported as
// Meta wrote it, in upper case.
func secondary(finance, ip string) []string {
	var roles []string
	switch raw := strings.ToUpper(finance); raw {
	case "", "NONE":
	case "EDITOR", "FINANCE_EDITOR":
		roles = append(roles, "FINANCE_EDITOR")
	case "ANALYST", "FINANCE_ANALYST":
		roles = append(roles, "FINANCE_ANALYST")
	default:
		roles = append(roles, raw)
	}
	switch raw := strings.ToUpper(ip); {
	case raw == "", raw == "NONE":
	case strings.Contains(raw, "REVIEWER"):
		roles = append(roles, "ADS_RIGHTS_REVIEWER")
	default:
		roles = append(roles, raw)
	}
	slices.Sort(roles)
	return roles
}

// graphError is the error object of Graph. Code and subcode decide; the texts
// are localised and only ever shown.
type graphError struct {
	Message     string    `json:"message"`
	Type        string    `json:"type"`
	Code        int       `json:"code"`
	Subcode     int       `json:"error_subcode"`
	Transient   bool      `json:"is_transient"`
	UserMessage string    `json:"error_user_msg"`
	Data        errorData `json:"error_data"`
	Trace       string    `json:"fbtrace_id"`
}

// errorData names the fields Meta blames. It comes as an object or as a string
// holding one; anything else is no help and no error.
type errorData struct {
	Blamed []string
}

func (d *errorData) UnmarshalJSON(b []byte) error {
	if text := ""; json.Unmarshal(b, &text) == nil {
		b = []byte(text)
	}
	var object struct {
		Specs [][]string `json:"blame_field_specs"`
	}
	_ = json.Unmarshal(b, &object)
	for _, spec := range object.Specs {
		if len(spec) > 0 {
			d.Blamed = append(d.Blamed, spec[0])
		}
	}
	return nil
}

// text is what to show of the error.
func (e *graphError) text() string {
	if e.UserMessage != "" {
		return e.UserMessage
	}
	return e.Message
}
