package hubsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// tiktokSettings say how the platform behaves for one Business Center, and what
// is wrong there. Where the documents are silent, both readings can be set.
type tiktokSettings struct {
	BCStatus string `json:"bc_status"` // ENABLE, REVIEWING, DENY or PUNISH; writes need ENABLE
	BCType   string `json:"bc_type"`

	MaxMembers  int `json:"max_members"`   // open invitations count; TikTok says 4,000
	MaxAdmins   int `json:"max_admins"`    // 20
	CapCode     int `json:"cap_code"`      // what a full center answers: 40002 or 40001
	MaxPageSize int `json:"max_page_size"` // of the member list

	VisibilityLag      Duration `json:"visibility_lag"`
	InvitationLifetime Duration `json:"invitation_lifetime"` // 0 = no end
	ExpiredInvitations string   `json:"expired_invitations"` // pending: still listed as such; gone
	Unfiltered         string   `json:"unfiltered"`          // all statuses or only bound, without relation_status

	PendingUserID string `json:"pending_user_id"` // empty, zero ("0") or absent
	ExtUserRole   string `json:"ext_user_role"`   // object ({}), null or absent where there is no finance role
	MemberEmails  string `json:"member_emails"`   // full, masked or empty, of bound members
	PendingEmails string `json:"pending_emails"`  // full or masked
	UserInfoEmail string `json:"user_info_email"` // full, masked or empty
	UserInfoID    string `json:"user_info_id"`    // same as the member's user_id, or other
	IDsAsNumbers  bool   `json:"ids_as_numbers"`
	EmptyData     string `json:"empty_data"` // object ({}) or null, where there is nothing to answer

	InviteBound      string   `json:"invite_bound"`      // ignore or refuse inviting a bound member
	EmptyFinance     string   `json:"empty_finance"`     // ignore, clear or refuse: an update with ext_user_role {}
	RefusedAddresses []string `json:"refused_addresses"` // left out of an invite: 20001 beside others, 40002 alone
	PartialSuccess   string   `json:"partial_success"`   // off; done or nothing: writes answer 20001, having done all or nothing
	Churn            string   `json:"churn"`             // none; join or leave: somebody does after each page of a list that has another
	ChurnTimes       int      `json:"churn_times"`       // how often; 0 = always

	// Causes. The token ones strike every token that belongs to the center.
	TokenExpired      bool `json:"token_expired"`
	TokenInvalid      bool `json:"token_invalid"`
	PermissionMissing bool `json:"permission_missing"`
	NotAdmin          bool `json:"not_admin"`

	RateLimited bool `json:"rate_limited"` // short for a throttle with code 40100 and no end
	Unavailable bool `json:"unavailable"`  // short for a transient 50000 and no end

	Throttle  *trouble `json:"throttle"`
	Transient *trouble `json:"transient"`
}

func defaultTiktokSettings() tiktokSettings {
	return tiktokSettings{
		BCStatus:           tiktokEnabled,
		BCType:             "NORMAL",
		MaxMembers:         4000,
		MaxAdmins:          20,
		CapCode:            tiktokInvalid,
		MaxPageSize:        20,
		ExpiredInvitations: "pending",
		Unfiltered:         "all",
		PendingUserID:      "empty",
		ExtUserRole:        "object",
		MemberEmails:       "full",
		PendingEmails:      "full",
		UserInfoEmail:      "full",
		UserInfoID:         "same",
		EmptyData:          "object",
		InviteBound:        "ignore",
		EmptyFinance:       "ignore",
		PartialSuccess:     "off",
		Churn:              "none",
	}
}

const tiktokEnabled = "ENABLE"

func (s tiktokSettings) patched(patch json.RawMessage, now time.Time) (tiktokSettings, error) {
	return patchSettings(s, patch, now)
}

func (s tiktokSettings) check() error {
	err := checkChoices([]choice[string]{
		{"bc_status", s.BCStatus, []string{tiktokEnabled, "REVIEWING", "DENY", "PUNISH"}},
		{"bc_type", s.BCType, []string{"NORMAL", "DIRECT", "AGENCY", "SELF_SERVICE", "SELF_SERVICE_AGENCY"}},
		{"expired_invitations", s.ExpiredInvitations, []string{"pending", "gone"}},
		{"unfiltered", s.Unfiltered, []string{"all", "bound"}},
		{"pending_user_id", s.PendingUserID, []string{"empty", "zero", "absent"}},
		{"ext_user_role", s.ExtUserRole, []string{"object", "null", "absent"}},
		{"member_emails", s.MemberEmails, []string{"full", "masked", "empty"}},
		{"pending_emails", s.PendingEmails, []string{"full", "masked"}},
		{"user_info_email", s.UserInfoEmail, []string{"full", "masked", "empty"}},
		{"user_info_id", s.UserInfoID, []string{"same", "other"}},
		{"empty_data", s.EmptyData, []string{"object", "null"}},
		{"invite_bound", s.InviteBound, []string{"ignore", "refuse"}},
		{"empty_finance", s.EmptyFinance, []string{"ignore", "clear", "refuse"}},
		{"partial_success", s.PartialSuccess, []string{"off", "done", "nothing"}},
		{"churn", s.Churn, []string{"none", "join", "leave"}},
	})
	if err != nil {
		return err
	}
	if s.CapCode != tiktokInvalid && s.CapCode != tiktokDenied {
		return fmt.Errorf("settings: cap_code %d is neither %d nor %d", s.CapCode, tiktokInvalid, tiktokDenied)
	}
	if t := s.Throttle; t != nil && tiktokThrottles[t.code(tiktokTooOften)] == "" {
		return fmt.Errorf("settings: throttle code %d is not one of 40016, 40100, 40132, 40133", t.Code)
	}
	if t := s.Throttle; t != nil && t.AfterEffect {
		return errors.New("settings: a throttled call has no effect")
	}
	if t := s.Transient; t != nil && tiktokTransients[t.code(tiktokSystem)] == "" {
		return fmt.Errorf("settings: transient code %d is not one of 40200, 40201, 40202, 40700, 50000, 50002, 51065", t.Code)
	}
	if s.VisibilityLag < 0 || s.InvitationLifetime < 0 || s.MaxMembers < 0 || s.MaxAdmins < 0 || s.ChurnTimes < 0 || s.MaxPageSize < 1 {
		return errors.New("settings: lags, lifetimes and caps cannot be negative; max_page_size is positive")
	}
	return nil
}

// troubled refuses the call while a limit is in force or TikTok is in trouble.
// A call about no center suffers from those the identity belongs to. A refusal
// that comes after the effect is handed back for later.
func (m *tiktokSim) troubled(tc *tiktokCall) (afterEffect, refused *tiktokError) {
	hubs := []*tiktokHub{tc.hub}
	if tc.hub == nil {
		hubs = m.related(tc.cred)
	}
	write := tc.endpoint.method != http.MethodGet
	for _, h := range hubs {
		s := h.settings
		switch {
		case s.RateLimited:
			return nil, tiktokErr(tiktokTooOften, "%s", tiktokThrottles[tiktokTooOften])
		case s.Throttle.strikes(tc.now, write):
			code := s.Throttle.code(tiktokTooOften)
			return nil, tiktokErr(code, "%s", tiktokThrottles[code])
		case s.Unavailable:
			return nil, tiktokErr(tiktokSystem, "%s", tiktokTransients[tiktokSystem])
		case s.Transient.strikes(tc.now, write):
			code := s.Transient.code(tiktokSystem)
			e := tiktokErr(code, "%s", tiktokTransients[code])
			if s.Transient.AfterEffect && write {
				return e, nil
			}
			return nil, e
		}
	}
	return nil, nil
}
