package tiktokbusiness

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// The structs hold what roster reads and writes and no more. In what is read
// any field may be missing or null.

// id is one of TikTok's ids: a decimal of up to 19 digits, beyond what a float
// keeps. v1.3 writes them as strings; a number is read digit by digit.
type id string

func (v *id) UnmarshalJSON(b []byte) error {
	switch b = bytes.TrimSpace(b); {
	case string(b) == "null":
		*v = ""
		return nil
	case len(b) > 0 && b[0] != '"':
		var n json.Number
		err := json.Unmarshal(b, &n)
		*v = id(n)
		return err
	default:
		return json.Unmarshal(b, (*string)(v))
	}
}

// String is the id, "" when there is none: TikTok writes that as an empty
// string, as "0" or not at all (unconfirmed which).
func (v id) String() string {
	if v == "0" {
		return ""
	}
	return string(v)
}

// envelope is around every answer. Only code says whether the call worked, most
// failures come under HTTP 200.
type envelope struct {
	Code      *int64          `json:"code"`
	Message   string          `json:"message"`
	RequestID id              `json:"request_id"`
	Data      json.RawMessage `json:"data"`
}

// envelopeIn finds the envelope in a body of any status; nil when there is none.
func envelopeIn(body []byte) *envelope {
	var e envelope
	// A field of an unexpected type is skipped and the rest filled in; a body
	// that is no JSON fills in nothing.
	_ = json.Unmarshal(body, &e)
	if e.Code == nil {
		return nil
	}
	return &e
}

// user is who the token acts as.
type user struct {
	CoreUserID  id     `json:"core_user_id"`
	DisplayName string `json:"display_name"`
	Email       string `json:"email"`
}

// centers is the answer of /bc/get/.
type centers struct {
	List     []center  `json:"list"`
	PageInfo *pageInfo `json:"page_info"`
}

type center struct {
	Info struct {
		ID     id     `json:"bc_id"`
		Name   string `json:"name"`
		Status string `json:"status"`
	} `json:"bc_info"`
	UserRole string `json:"user_role"` // of who asks
}

// memberPage is one page of members and invitations alike.
type memberPage struct {
	List     []member  `json:"list"`
	PageInfo *pageInfo `json:"page_info"`
}

type pageInfo struct {
	TotalNumber int `json:"total_number"`
	TotalPage   int `json:"total_page"`
}

// member is a row of the list. The finance role is in an object that may be
// empty, null or missing.
type member struct {
	UserID         id       `json:"user_id"`
	UserName       string   `json:"user_name"`
	UserEmail      string   `json:"user_email"`
	UserRole       string   `json:"user_role"`
	RelationStatus string   `json:"relation_status"`
	ExtUserRole    *extRole `json:"ext_user_role"`
}

type extRole struct {
	FinanceRole string `json:"finance_role,omitempty"`
}

// The values of relation_status.
const (
	statusBound    = "BOUND"
	statusPending  = "PENDING"
	statusRejected = "REJECTED"
	statusUnbound  = "UNBOUND"
)

// filtering narrows a list of members. It travels as JSON in a query parameter
// and takes one value each. TikTok refuses what it does not know.
type filtering struct {
	Keyword        string `json:"keyword,omitempty"`
	RelationStatus string `json:"relation_status,omitempty"`
	UserRole       string `json:"user_role,omitempty"`
}

// is says whether m has one of the statuses.
func (m member) is(statuses ...string) bool {
	for _, s := range statuses {
		if strings.EqualFold(m.RelationStatus, s) {
			return true
		}
	}
	return false
}

// masked says that TikTok shows a part of the address only (unconfirmed that it
// ever does).
func (m member) masked() bool { return strings.Contains(m.UserEmail, "*") }

// key tells rows apart, "" when nothing does.
func (m member) key() string {
	switch {
	case m.UserID.String() != "":
		return m.RelationStatus + " " + m.UserID.String()
	case m.UserEmail != "" && !m.masked():
		return m.RelationStatus + " " + hub.FoldEmail(m.UserEmail)
	default:
		return ""
	}
}

// member is m as roster knows people. A masked address is no address; it is
// shown in place of a user name, so that a person can make out who is meant.
func (m member) member() hub.Member {
	out := hub.Member{
		ID:     m.UserID.String(),
		Email:  m.UserEmail,
		Name:   m.UserName,
		Status: m.status(),
		Role:   strings.ToUpper(m.UserRole),
	}
	if m.masked() {
		out.Email, out.Username = "", m.UserEmail
	}
	if m.ExtUserRole != nil && m.ExtUserRole.FinanceRole != "" {
		out.Secondary = []string{financePrefix + strings.ToUpper(m.ExtUserRole.FinanceRole)}
	}
	return out
}

func (m member) status() hub.Status {
	switch {
	case m.is(statusBound):
		return hub.StatusActive
	case m.is(statusPending):
		return hub.StatusInvited
	case m.is(statusRejected):
		return hub.StatusDeclined
	default:
		return hub.StatusUnknown
	}
}

// invite, update and remove are the bodies of the writes.

type invite struct {
	BCID        string   `json:"bc_id"`
	Emails      []string `json:"emails"`
	UserRole    string   `json:"user_role"`
	ExtUserRole *extRole `json:"ext_user_role,omitempty"`
}

type update struct {
	BCID        string   `json:"bc_id"`
	UserID      string   `json:"user_id"`
	UserRole    string   `json:"user_role,omitempty"`
	ExtUserRole *extRole `json:"ext_user_role,omitempty"`
}

// remove names somebody by exactly one of the two: a member by id, an
// invitation by address.
type remove struct {
	BCID      string `json:"bc_id"`
	UserID    string `json:"user_id,omitempty"`
	UserEmail string `json:"user_email,omitempty"`
}
