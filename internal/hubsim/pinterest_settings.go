package hubsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// pinterestSettings say how the platform behaves for one business, and what is
// wrong there. Where Pinterest's document is silent, both readings can be set.
type pinterestSettings struct {
	VisibilityLag      Duration `json:"visibility_lag"`          // until lists show who came, went or changed role
	InvitationLifetime Duration `json:"invitation_lifetime"`     // not documented
	LateExpiry         bool     `json:"late_expiry"`             // a lapsed invitation goes on reading PENDING
	KeepClosed         bool     `json:"keep_closed_invitations"` // an unfiltered list shows declined and cancelled ones too
	EmailCase          string   `json:"email_case"`              // keep or lower: how invited addresses are stored
	KnownInvitee       string   `json:"known_invitee"`           // both, email or account: what an invitation shows of somebody with an account
	DuplicateInvites   bool     `json:"duplicate_invites"`       // inviting somebody already invited opens a second invitation
	PendingMax         int      `json:"pending_invitations_max"` // 0 = no cap; the number is not documented
	CancelExpired      bool     `json:"cancel_expired"`          // whether an expired invitation can be cancelled

	MissingIDs        string `json:"missing_ids"`   // omit (of an answer with status 200) or not_found (404 for the whole call)
	RoleMismatch      string `json:"role_mismatch"` // removing with a role that is not the member's: omit, refuse (400) or ignore
	RoleChanges       string `json:"role_changes"`  // apply; omit or keep: status 200 and nothing done
	ProtectsLastAdmin bool   `json:"protects_last_admin"`
	ProtectsSelf      bool   `json:"protects_self"`

	Hidden      map[string][]string `json:"hidden"`       // by e-mail, username or id: which of email, username, id, user answers hold null for
	SystemUsers []string            `json:"system_users"` // usernames

	PageShape    string `json:"page_shape"`    // full, short (half pages) or gaps (empty pages with a bookmark)
	LastBookmark string `json:"last_bookmark"` // null, absent, empty or repeat: what ends a list

	ForbiddenAnswer string `json:"forbidden_answer"` // status/code for a business the token may not act on

	// Causes. The token ones strike every token of somebody who belongs to the
	// business.
	TokenExpired       bool `json:"token_expired"` // access and refresh tokens ran out
	TokenInvalid       bool `json:"token_invalid"`
	PermissionMissing  bool `json:"permission_missing"` // the biz_access scopes
	NotAdmin           bool `json:"not_admin"`
	Blocked            bool `json:"blocked"`              // account disapproved: writes answer 2625
	UnderReview        bool `json:"under_review"`         // writes answer 2626
	NotBusinessAccount bool `json:"not_business_account"` // everything about the business answers 654

	RateLimited  bool     `json:"rate_limited"`      // short for a throttle with no end
	Unavailable  bool     `json:"unavailable"`       // short for a transient 503 with no end
	Throttle     *trouble `json:"throttle"`          // code 8 or 30, status 429
	Transient    *trouble `json:"transient"`         // the code is the status: 500, 502, 503 or 504
	Conflicts    int      `json:"conflicts"`         // this many writes answer 409
	WriteSpacing Duration `json:"write_spacing"`     // a write sooner after another answers 429
	ReadsAMinute int      `json:"reads_per_minute"`  // beyond it: 429; 0 = no cap
	WritesMinute int      `json:"writes_per_minute"` // beyond it: 429; 0 = no cap
	RateHeaders  string   `json:"rate_headers"`      // policies, plain, broken or none
	RetryAfter   bool     `json:"retry_after"`       // 429 answers have Retry-After
}

func defaultPinterestSettings() pinterestSettings {
	return pinterestSettings{
		InvitationLifetime: Duration(7 * 24 * time.Hour),
		EmailCase:          "keep",
		KnownInvitee:       "both",
		CancelExpired:      true,
		MissingIDs:         "omit",
		RoleMismatch:       "omit",
		RoleChanges:        "apply",
		ProtectsLastAdmin:  true,
		ProtectsSelf:       true,
		PageShape:          "full",
		LastBookmark:       "null",
		ForbiddenAnswer:    pinterestForbiddenAnswers[0],
		RateHeaders:        "policies",
	}
}

func (s pinterestSettings) patched(patch json.RawMessage, now time.Time) (pinterestSettings, error) {
	return patchSettings(s, patch, now)
}

func (s pinterestSettings) check() error {
	err := checkChoices([]choice[string]{
		{"email_case", s.EmailCase, []string{"keep", "lower"}},
		{"known_invitee", s.KnownInvitee, []string{"both", "email", "account"}},
		{"missing_ids", s.MissingIDs, []string{"omit", "not_found"}},
		{"role_mismatch", s.RoleMismatch, []string{"omit", "refuse", "ignore"}},
		{"role_changes", s.RoleChanges, []string{"apply", "omit", "keep"}},
		{"page_shape", s.PageShape, []string{"full", "short", "gaps"}},
		{"last_bookmark", s.LastBookmark, []string{"null", "absent", "empty", "repeat"}},
		{"forbidden_answer", s.ForbiddenAnswer, pinterestForbiddenAnswers},
		{"rate_headers", s.RateHeaders, []string{"policies", "plain", "broken", "none"}},
	})
	if err != nil {
		return err
	}
	for handle, fields := range s.Hidden {
		for _, field := range fields {
			if !slices.Contains([]string{"email", "username", "id", "user"}, field) {
				return fmt.Errorf("settings: hidden %s: %q is not one of email, username, id, user", handle, field)
			}
		}
	}
	if t := s.Throttle; t != nil && !slices.Contains([]int{0, 8, 30}, t.Code) {
		return fmt.Errorf("settings: throttle code %d is neither 8 nor 30", t.Code)
	}
	if t := s.Transient; t != nil && !slices.Contains([]int{0, 500, 502, 503, 504}, t.Code) {
		return fmt.Errorf("settings: transient code %d is not one of 500, 502, 503, 504", t.Code)
	}
	if s.VisibilityLag < 0 || s.WriteSpacing < 0 || s.InvitationLifetime <= 0 {
		return errors.New("settings: visibility_lag and write_spacing cannot be negative; invitation_lifetime is positive")
	}
	return nil
}
