package hubsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// metaSettings say how the platform behaves for one business, and what is wrong
// there. Where Meta's documents are silent, both readings can be set.
type metaSettings struct {
	VerificationStatus string `json:"verification_status"`
	TwoFactorType      string `json:"two_factor_type"`

	VisibilityLag      Duration `json:"visibility_lag"`      // until lists and look-ups show who came or went
	InvitationLifetime Duration `json:"invitation_lifetime"` // not documented; 30 days is commonly seen
	KeepClosed         bool     `json:"keep_closed_invitations"`
	InviteResponseID   string   `json:"invite_response_id"` // opaque or role_request: the kind of id an invitation answers with
	EmailCase          string   `json:"email_case"`         // keep or lower: how invited addresses are stored
	RoleSpelling       string   `json:"role_spelling"`      // upper (ADMIN) or title (Admin)
	TasksField         bool     `json:"tasks_field"`        // whether fields=tasks exists; only the SDK knows it
	PartnerCenter      bool     `json:"partner_center"`     // whether PARTNER_CENTER roles exist here

	PageShape       string `json:"page_shape"` // full, short (half pages) or gaps (empty pages with a next)
	DefaultPageSize int    `json:"default_page_size"`
	MaxRows         int    `json:"max_rows"` // a larger limit is refused with code 1; 0 = any

	UsageHeadersAfter int `json:"usage_headers_after"` // calls before usage headers appear; -1 = never
	UsagePercent      int `json:"usage_percent"`

	// Causes. The token ones strike every token that belongs to the business.
	TokenExpired      bool `json:"token_expired"`
	TokenInvalid      bool `json:"token_invalid"`
	PasswordChanged   bool `json:"password_changed"`
	AppRemoved        bool `json:"app_removed"`
	PermissionMissing bool `json:"permission_missing"`
	AppSecretRequired bool `json:"app_secret_required"`
	NotAdmin          bool `json:"not_admin"`
	AppNotClaimed     bool `json:"app_not_claimed"`
	InviteRefused     bool `json:"invite_refused"` // app policy: reading works, inviting does not
	SecondFactor      bool `json:"second_factor"`  // writes by user tokens
	Blocked           bool `json:"blocked"`
	InvitesPerDay     int  `json:"invites_per_day"`  // beyond it: code 17; 0 = no cap
	InvitesPerHour    int  `json:"invites_per_hour"` // beyond it: code 613; 0 = no cap

	RateLimited bool `json:"rate_limited"` // short for a throttle with code 4 and no end
	Unavailable bool `json:"unavailable"`  // short for a transient code 2 and no end

	Throttle  *metaThrottle  `json:"throttle"`
	Transient *metaTransient `json:"transient"`
}

// metaThrottle refuses calls until the minutes have passed or the calls were
// made, whichever is given; with neither, until it is set to null.
type metaThrottle struct {
	Code            int  `json:"code"` // 4, 17, 32, 341, 613 or 80004
	Minutes         int  `json:"minutes"`
	Calls           int  `json:"calls"`
	LengthenMinutes int  `json:"lengthen_minutes"` // added by each call while throttled
	WritesOnly      bool `json:"writes_only"`
}

// metaTransient is trouble on Meta's side: code 1 or 2.
type metaTransient struct {
	Code       int  `json:"code"`
	Calls      int  `json:"calls"` // how many calls; 0 = until set to null
	WritesOnly bool `json:"writes_only"`
}

func defaultMetaSettings() metaSettings {
	return metaSettings{
		VerificationStatus: "verified",
		TwoFactorType:      "admin_required",
		InvitationLifetime: Duration(30 * 24 * time.Hour),
		InviteResponseID:   "opaque",
		EmailCase:          "keep",
		RoleSpelling:       "upper",
		TasksField:         true,
		PageShape:          "full",
		DefaultPageSize:    25,
		UsageHeadersAfter:  10,
		UsagePercent:       28,
	}
}

var metaVerificationStatuses = []string{
	"expired", "failed", "ineligible", "not_verified", "pending", "pending_need_more_info",
	"pending_submission", "rejected", "revoked", "verified",
}

func (s metaSettings) patched(patch json.RawMessage, now time.Time) (metaSettings, error) {
	return patchSettings(s, patch, now)
}

func (s metaSettings) check() error {
	err := checkChoices([]choice[string]{
		{"verification_status", s.VerificationStatus, metaVerificationStatuses},
		{"two_factor_type", s.TwoFactorType, []string{"none", "admin_required", "all_required"}},
		{"invite_response_id", s.InviteResponseID, []string{"opaque", "role_request"}},
		{"email_case", s.EmailCase, []string{"keep", "lower"}},
		{"role_spelling", s.RoleSpelling, []string{"upper", "title"}},
		{"page_shape", s.PageShape, []string{"full", "short", "gaps"}},
	})
	if err != nil {
		return err
	}
	if t := s.Throttle; t != nil && !slices.Contains([]int{4, 17, 32, 341, 613, 80004}, t.Code) {
		return fmt.Errorf("settings: throttle code %d is not one of 4, 17, 32, 341, 613, 80004", t.Code)
	}
	if t := s.Transient; t != nil && t.Code != 1 && t.Code != 2 {
		return fmt.Errorf("settings: transient code %d is neither 1 nor 2", t.Code)
	}
	if s.VisibilityLag < 0 || s.InvitationLifetime <= 0 || s.DefaultPageSize < 1 {
		return errors.New("settings: visibility_lag cannot be negative; invitation_lifetime and default_page_size are positive")
	}
	return nil
}

// configure puts a patch in force. A throttle or a transient failure that was set
// anew starts counting now.
func (h *metaHub) configure(patch json.RawMessage, now time.Time) error {
	next, err := h.settings.patched(patch, now)
	if err != nil {
		return err
	}
	if next.Throttle != h.settings.Throttle && next.Throttle != nil {
		h.throttleUntil, h.throttleCalls = time.Time{}, next.Throttle.Calls
		if next.Throttle.Minutes > 0 {
			h.throttleUntil = now.Add(time.Duration(next.Throttle.Minutes) * time.Minute)
		}
	}
	if next.Transient != h.settings.Transient && next.Transient != nil {
		h.transientCalls = next.Transient.Calls
	}
	h.settings = next
	return nil
}

// throttle refuses the call while a limit is in force, or Meta is in trouble.
// A call about no business suffers from those the identity belongs to.
func (m *metaSim) throttle(mc *metaCall) *metaError {
	if mc.operation == OpInspectToken {
		return nil
	}
	hubs := []*metaHub{mc.hub}
	if mc.hub == nil {
		hubs = m.related(mc.cred)
	}
	write := mc.request.Method != http.MethodGet
	for _, h := range hubs {
		h.calls++
		if e := h.throttled(mc.now, write); e != nil {
			return e
		}
		if e := h.troubled(write); e != nil {
			return e
		}
	}
	return nil
}

func (h *metaHub) troubled(write bool) *metaError {
	t := h.settings.Transient
	if t == nil && h.settings.Unavailable {
		t = &metaTransient{Code: 2}
	}
	if t == nil || (t.WritesOnly && !write) {
		return nil
	}
	if t.Calls > 0 {
		if h.transientCalls--; h.transientCalls <= 0 {
			h.settings.Transient = nil
		}
	}
	message := map[int]string{1: "An unknown error occurred", 2: "Service temporarily unavailable"}[t.Code]
	e := metaErr(t.Code, "%s", message)
	e.transient = true
	return e
}

func (h *metaHub) throttled(now time.Time, write bool) *metaError {
	t := h.settings.Throttle
	if t == nil && h.settings.RateLimited {
		t = &metaThrottle{Code: 4}
	}
	if t == nil {
		return nil
	}
	if t.Minutes > 0 && !now.Before(h.throttleUntil) {
		h.settings.Throttle = nil
		return nil
	}
	if t.WritesOnly && !write {
		return nil
	}
	if t.Calls > 0 {
		if h.throttleCalls == 0 {
			h.settings.Throttle = nil
			return nil
		}
		h.throttleCalls--
	}
	if t.Minutes > 0 {
		h.throttleUntil = h.throttleUntil.Add(time.Duration(t.LengthenMinutes) * time.Minute)
	}
	message := map[int]string{
		4:     "Application request limit reached",
		17:    "User request limit reached",
		32:    "Page request limit reached",
		341:   "Feed action request limit reached",
		613:   "Calls to this api have exceeded the rate limit.",
		80004: "There have been too many calls to this ad-account. Wait a bit and try again.",
	}[t.Code]
	return metaErr(t.Code, "%s", message)
}

// usageHeaders says how much of the limits is used: once enough calls were made,
// and whenever a limit is in force.
// API: Meta, "Rate Limits", https://developers.facebook.com/docs/graph-api/overview/rate-limiting
func (m *metaSim) usageHeaders(header http.Header, mc *metaCall) {
	h := mc.hub
	if h == nil && mc.cred != nil {
		if related := m.related(mc.cred); len(related) > 0 {
			h = related[0]
		}
	}
	if h == nil || mc.cred == nil {
		return
	}
	percent, minutes := h.settings.UsagePercent, 0
	if h.settings.Throttle != nil || h.settings.RateLimited {
		percent = 100
		if left := h.throttleUntil.Sub(mc.now); left > 0 {
			minutes = int((left + time.Minute - 1) / time.Minute)
		}
	} else if h.settings.UsageHeadersAfter < 0 || h.calls < h.settings.UsageHeadersAfter {
		return
	}
	type usage struct {
		Type    string `json:"type,omitempty"`
		Calls   int    `json:"call_count"`
		Time    int    `json:"total_time"`
		CPU     int    `json:"total_cputime"`
		Regain  *int   `json:"estimated_time_to_regain_access,omitempty"`
		APITier string `json:"ads_api_access_tier,omitempty"`
	}
	app, _ := json.Marshal(usage{Calls: percent, Time: percent / 2, CPU: percent / 2})
	perBusiness, _ := json.Marshal(map[string][]usage{h.id: {{
		Type: "ads_management", Calls: percent, Time: percent / 2, CPU: percent / 2,
		Regain: &minutes, APITier: "development_access",
	}}})
	header.Set("X-App-Usage", string(app))
	header.Set("X-Business-Use-Case-Usage", string(perBusiness))
}
