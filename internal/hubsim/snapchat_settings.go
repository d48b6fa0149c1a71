package hubsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// snapchatSettings say how the platform behaves for one organization, and what
// is wrong there. Where the documents are silent, both readings can be set.
type snapchatSettings struct {
	VisibilityLag      Duration `json:"visibility_lag"`
	InvitationLifetime Duration `json:"invitation_lifetime"` // 0 = no end
	ClosedInvitations  string   `json:"closed_invitations"`  // declined and expired ones are gone, invited, or other (a status nobody documents)

	StatusCase        string `json:"status_case"`        // upper, lower or mixed: request and sub-request statuses
	RoleCase          string `json:"role_case"`          // lower or upper: a role's type
	SubErrorShape     string `json:"sub_error_shape"`    // reason, or message: the field that says why
	SparseMembers     bool   `json:"sparse_members"`     // without times and username
	CreateStatus      bool   `json:"create_status"`      // whether creating a member answers member_status
	OrganizationRoles bool   `json:"organization_roles"` // whether an organization shows the caller's roles and my_ fields
	RolesList         string `json:"roles_list"`         // mixed with ad account and catalog roles, or organization ones only
	DefaultPageSize   int    `json:"default_page_size"`
	LastPage          string `json:"last_page"`      // paging of the last page: empty ({}), absent, null or blank next_link
	NextLinkBase      string `json:"next_link_base"` // instead of this server's own base URL

	PutRoles         string `json:"put_roles"`          // on, off (405) or error (a refused sub-request)
	SecondRole       string `json:"second_role"`        // accept or refuse a second organization role of a member
	RoleWhileInvited string `json:"role_while_invited"` // accept or refuse
	RolesRefused     bool   `json:"roles_refused"`      // granting fails: an added member stays without a role
	DeleteInvited    string `json:"delete_invited"`     // accept or refuse
	DuplicateEmail   string `json:"duplicate_email"`    // error, or return the existing member
	RefreshAnswer    string `json:"refresh_answer"`     // same, rotate or omit: the refresh token in a token answer
	CallsPerToken    int    `json:"calls_per_token"`    // an issued access token fails after so many; 0 = never

	// Causes. The token ones strike every credential that belongs to the
	// organization, its refresh token as well.
	TokenExpired      bool `json:"token_expired"`
	TokenInvalid      bool `json:"token_invalid"`
	PermissionMissing bool `json:"permission_missing"`
	NotAdmin          bool `json:"not_admin"`

	RateLimited bool `json:"rate_limited"` // short for a throttle without end
	Unavailable bool `json:"unavailable"`  // short for a transient 503 without end
	RateHeaders bool `json:"rate_headers"` // X-Rate-Limit-*: one client reads them, Snap documents none

	Throttle  *trouble `json:"throttle"`  // code 429
	Transient *trouble `json:"transient"` // code 500, 502, 503 or 504
}

func defaultSnapchatSettings() snapchatSettings {
	return snapchatSettings{
		ClosedInvitations: "gone",
		StatusCase:        "upper",
		RoleCase:          "lower",
		SubErrorShape:     "reason",
		CreateStatus:      true,
		OrganizationRoles: true,
		RolesList:         "mixed",
		DefaultPageSize:   100,
		LastPage:          "empty",
		PutRoles:          "on",
		SecondRole:        "accept",
		RoleWhileInvited:  "accept",
		DeleteInvited:     "accept",
		DuplicateEmail:    "error",
		RefreshAnswer:     "same",
	}
}

func (s snapchatSettings) patched(patch json.RawMessage, now time.Time) (snapchatSettings, error) {
	return patchSettings(s, patch, now)
}

func (s snapchatSettings) check() error {
	yesOrNo := []string{"accept", "refuse"}
	err := checkChoices([]choice[string]{
		{"closed_invitations", s.ClosedInvitations, []string{"gone", "invited", "other"}},
		{"status_case", s.StatusCase, []string{"upper", "lower", "mixed"}},
		{"role_case", s.RoleCase, []string{"lower", "upper"}},
		{"sub_error_shape", s.SubErrorShape, []string{"reason", "message"}},
		{"roles_list", s.RolesList, []string{"mixed", "organization"}},
		{"last_page", s.LastPage, []string{"empty", "absent", "null", "blank"}},
		{"put_roles", s.PutRoles, []string{"on", "off", "error"}},
		{"second_role", s.SecondRole, yesOrNo},
		{"role_while_invited", s.RoleWhileInvited, yesOrNo},
		{"delete_invited", s.DeleteInvited, yesOrNo},
		{"duplicate_email", s.DuplicateEmail, []string{"error", "return"}},
		{"refresh_answer", s.RefreshAnswer, []string{"same", "rotate", "omit"}},
	})
	if err != nil {
		return err
	}
	if err := checkStatusTroubles(s.Throttle, s.Transient); err != nil {
		return err
	}
	if s.NextLinkBase != "" && !strings.HasPrefix(s.NextLinkBase, "http") {
		return fmt.Errorf("settings: next_link_base %q is not a base URL", s.NextLinkBase)
	}
	if s.VisibilityLag < 0 || s.InvitationLifetime < 0 || s.CallsPerToken < 0 || s.DefaultPageSize < 1 {
		return errors.New("settings: lags, lifetimes and calls cannot be negative; default_page_size is positive")
	}
	return nil
}

// troubled refuses the call while a limit is in force or Snap is in trouble. A
// call about no organization suffers from those the caller belongs to. A refusal
// that comes after the effect is handed back for later.
func (m *snapchatSim) troubled(header http.Header, sc *snapchatCall) (afterEffect, refused *snapchatError) {
	hubs := []*snapchatHub{sc.hub}
	if sc.hub == nil {
		hubs = m.related(sc.cred)
	}
	write := sc.write()
	for _, h := range hubs {
		s := h.settings
		limited := s.RateLimited || s.Throttle.strikes(sc.now, write)
		if s.RateHeaders {
			s.rateHeaders(header, limited, sc.now)
		}
		switch {
		case limited:
			return nil, snapchatErr(http.StatusTooManyRequests, "", "Too many requests")
		case s.Unavailable:
			return nil, snapchatErr(http.StatusServiceUnavailable, "", "Service Unavailable")
		case s.Transient.strikes(sc.now, write):
			status := s.Transient.code(http.StatusServiceUnavailable)
			e := snapchatErr(status, "", "%s", http.StatusText(status))
			if s.Transient.AfterEffect && write {
				return e, nil
			}
			return nil, e
		}
	}
	return nil, nil
}

// rateHeaders tells the limit of an access token, ten calls a second, and the
// second at which calls are taken again.
func (s snapchatSettings) rateHeaders(header http.Header, limited bool, now time.Time) {
	remaining, reset := 9, now.Add(time.Second)
	if limited {
		remaining = 0
		if s.Throttle != nil && s.Throttle.until.After(now) {
			reset = s.Throttle.until
		}
	}
	header.Set("X-Rate-Limit-Limit", "10")
	header.Set("X-Rate-Limit-Remaining", strconv.Itoa(remaining))
	header.Set("X-Rate-Limit-Reset", strconv.FormatInt(reset.Unix(), 10))
}
