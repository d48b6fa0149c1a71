package hubsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // an account's time zone must not depend on the machine
)

// googleSettings say how the platform behaves for one customer, and what is
// wrong there. Where Google's documents are silent, both readings can be set.
type googleSettings struct {
	Manager     bool     `json:"manager"` // a manager account, or a client
	TestAccount bool     `json:"test_account"`
	Status      string   `json:"status"`    // ENABLED, SUSPENDED (no changes), CANCELED or CLOSED (nothing)
	TimeZone    string   `json:"time_zone"` // of the timestamps
	Managers    []string `json:"managers"`  // accounts that manage this one; their people reach it and are not listed
	Owned       bool     `json:"owned"`     // whether those managers own it, else they cannot change its users

	MultiPartyApproval   string   `json:"multi_party_approval"`  // off, non_read_only (read-only roles exempt) or always
	ApproveCancellations bool     `json:"approve_cancellations"` // whether cancelling an invitation is held too; undocumented
	ReviewLifetime       Duration `json:"review_lifetime"`
	ResolveErrors        string   `json:"resolve_errors"` // inside (a 200) or http

	InvitationLifetime Duration `json:"invitation_lifetime"`
	PendingInvitations int      `json:"pending_invitations"` // how many may be open at once
	DualPresence       Duration `json:"dual_presence"`       // how long an accepted invitation stays PENDING beside the member; up to 24h
	AllowedDomains     []string `json:"allowed_domains"`     // empty: any
	RemovalDisallowed  []string `json:"removal_disallowed"`  // people who cannot be removed
	EmailOnlyFixed     bool     `json:"email_only_fixed"`    // whether changes to and from EMAIL_ONLY are refused
	VisibilityLag      Duration `json:"visibility_lag"`      // until searches show a change

	PageSize          int      `json:"page_size"`           // 10000 on the platform, and not the caller's to choose
	PageTokenLifetime Duration `json:"page_token_lifetime"` // not documented
	TokenLifetime     Duration `json:"token_lifetime"`      // of access tokens issued from now on
	DeveloperToken    string   `json:"developer_token"`     // ignored, or rejected as a future version will

	// Causes. The token ones strike every token of an identity that reaches the
	// customer, and keep new ones from being issued.
	TokenExpired      bool `json:"token_expired"`      // the grant behind it expired
	TokenInvalid      bool `json:"token_invalid"`      // the OAuth client is gone
	AccessRevoked     bool `json:"access_revoked"`     // the person took the grant back
	PermissionMissing bool `json:"permission_missing"` // the identity lost its access, by whatever way it came
	NotAdmin          bool `json:"not_admin"`
	SecondFactor      bool `json:"second_factor"` // the account wants 2-Step Verification of every identity
	Blocked           bool `json:"blocked"`       // short for status SUSPENDED
	SignupIncomplete  bool `json:"signup_incomplete"`
	TermsMissing      bool `json:"terms_missing"`
	TestProject       bool `json:"test_project"` // the Cloud project may touch test accounts only
	ProjectDisabled   bool `json:"project_disabled"`

	RateLimited bool `json:"rate_limited"` // short for a quota of the account without end
	Unavailable bool `json:"unavailable"`  // short for a transient UNAVAILABLE without end

	Quota     *googleQuota     `json:"quota"`
	Transient *googleTransient `json:"transient"`
}

// googleQuota refuses calls until the time has passed or the calls were made,
// whichever is given; with neither, until it is set to null.
type googleQuota struct {
	Error      string   `json:"error"`       // default RESOURCE_EXHAUSTED
	Scope      string   `json:"scope"`       // ACCOUNT (default) or DEVELOPER: the project, so every customer
	RetryDelay Duration `json:"retry_delay"` // default 30s; negative: the answer has no details
	For        Duration `json:"for"`
	Calls      int      `json:"calls"`
	WritesOnly bool     `json:"writes_only"`
	Gateway    bool     `json:"gateway"` // said by the front end: no GoogleAdsFailure
}

// googleTransient is trouble on Google's side.
type googleTransient struct {
	Error      string `json:"error"` // INTERNAL_ERROR (default), TRANSIENT_ERROR, DEADLINE_EXCEEDED or UNAVAILABLE
	Calls      int    `json:"calls"` // how many calls; 0 = until set to null
	WritesOnly bool   `json:"writes_only"`
	// AfterEffect lets the call take effect before it fails, so that the outcome
	// of a write has to be read.
	AfterEffect bool `json:"after_effect"`
}

func defaultGoogleSettings() googleSettings {
	return googleSettings{
		Manager:            true,
		Status:             "ENABLED",
		TimeZone:           "Europe/Berlin",
		Owned:              true,
		MultiPartyApproval: "off",
		ReviewLifetime:     Duration(20 * 24 * time.Hour),
		ResolveErrors:      "inside",
		InvitationLifetime: Duration(20 * 24 * time.Hour),
		PendingInvitations: 70,
		EmailOnlyFixed:     true,
		PageSize:           10000,
		PageTokenLifetime:  Duration(time.Hour),
		TokenLifetime:      Duration(time.Hour),
		DeveloperToken:     "ignored",
	}
}

func (s googleSettings) patched(patch json.RawMessage, now time.Time) (googleSettings, error) {
	next := s
	if err := applyPatch(&next, patch, now); err != nil {
		return s, err
	}
	if q := next.Quota; q != nil && q != s.Quota {
		q.complete()
	}
	if t := next.Transient; t != nil && t.Error == "" {
		t.Error = "INTERNAL_ERROR"
	}
	return next, next.check()
}

func (q *googleQuota) complete() {
	if q.Error == "" {
		q.Error = "RESOURCE_EXHAUSTED"
	}
	if q.Scope == "" {
		q.Scope = "ACCOUNT"
	}
	if q.RetryDelay == 0 {
		q.RetryDelay = Duration(30 * time.Second)
	}
}

var googleQuotaErrors = []string{
	"RESOURCE_EXHAUSTED", "RESOURCE_TEMPORARILY_EXHAUSTED",
	"EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION", "EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION", "ACCESS_PROHIBITED",
}

func (s googleSettings) check() error {
	choices := []choice[string]{
		{"status", s.Status, []string{"ENABLED", "SUSPENDED", "CANCELED", "CLOSED"}},
		{"multi_party_approval", s.MultiPartyApproval, []string{"off", "non_read_only", "always"}},
		{"resolve_errors", s.ResolveErrors, []string{"inside", "http"}},
		{"developer_token", s.DeveloperToken, []string{"ignored", "rejected"}},
	}
	if q := s.Quota; q != nil {
		choices = append(choices,
			choice[string]{"quota error", q.Error, googleQuotaErrors},
			choice[string]{"quota scope", q.Scope, []string{"ACCOUNT", "DEVELOPER"}})
	}
	if t := s.Transient; t != nil {
		legal := []string{"INTERNAL_ERROR", "TRANSIENT_ERROR", "DEADLINE_EXCEEDED", "UNAVAILABLE"}
		choices = append(choices, choice[string]{"transient error", t.Error, legal})
	}
	if err := checkChoices(choices); err != nil {
		return err
	}
	if _, err := time.LoadLocation(s.TimeZone); err != nil {
		return fmt.Errorf("settings: time_zone: %w", err)
	}
	if s.VisibilityLag < 0 || s.DualPresence < 0 || min(s.ReviewLifetime, s.InvitationLifetime, s.PageTokenLifetime, s.TokenLifetime) <= 0 || s.PageSize < 1 {
		return errors.New("settings: visibility_lag and dual_presence cannot be negative; lifetimes and page_size are positive")
	}
	return nil
}

// configure puts a patch in force. A quota or a transient failure that was set
// anew starts counting now.
func (h *googleHub) configure(patch json.RawMessage, now time.Time) error {
	next, err := h.settings.patched(patch, now)
	if err != nil {
		return err
	}
	if next.Quota != h.settings.Quota && next.Quota != nil {
		h.quotaUntil, h.quotaCalls = now.Add(time.Duration(next.Quota.For)), next.Quota.Calls
	}
	if next.Transient != h.settings.Transient && next.Transient != nil {
		h.transientCalls = next.Transient.Calls
	}
	h.settings = next
	return nil
}

// barred is what the account's or the project's state refuses.
func (h *googleHub) barred(changes bool) *googleError {
	s := h.settings
	switch {
	case s.SecondFactor:
		return googleErr("authenticationError", "TWO_STEP_VERIFICATION_NOT_ENROLLED", "An account administrator changed this account's authentication settings. To access this account, enable 2-Step Verification.")
	case s.ProjectDisabled:
		return googleErr("authorizationError", "PROJECT_DISABLED", "The Google Cloud project is disabled.").info("SERVICE_DISABLED")
	case s.TestProject && !s.TestAccount:
		return googleErr("authorizationError", "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION", "The Google Cloud project is approved for test accounts only.")
	case s.Status == "CANCELED" || s.Status == "CLOSED":
		return googleErr("authorizationError", "CUSTOMER_NOT_ENABLED", "The customer account can't be accessed because it is not yet enabled or has been deactivated.")
	case s.SignupIncomplete:
		return googleErr("authorizationError", "INCOMPLETE_SIGNUP", "Signup not complete for the customer.")
	case s.TermsMissing:
		return googleErr("authorizationError", "MISSING_TOS", "The developer must sign the terms of service.")
	case changes && (s.Status == "SUSPENDED" || s.Blocked):
		return googleErr("authorizationError", "ACTION_NOT_PERMITTED_FOR_SUSPENDED_ACCOUNT", "The action is not permitted for a suspended account.")
	}
	return nil
}

// trouble refuses the call while a quota is used up, or Google is in trouble. A
// call about no customer suffers from those the identity reaches; a quota of the
// project stops the calls about every customer.
func (g *googleSim) trouble(gc *googleCall) (refused *googleError, afterEffect bool) {
	own := []*googleHub{gc.hub}
	if gc.hub == nil {
		own = g.related(gc.bearer.cred, gc.bearer.email)
	}
	for _, h := range g.order {
		mine := slices.Contains(own, h)
		if q := h.settings.Quota; !mine && (q == nil || q.Scope != "DEVELOPER") {
			continue
		}
		if refused := h.exhausted(gc.now, gc.changes); refused != nil {
			return refused, false
		}
		if !mine {
			continue
		}
		if refused, afterEffect := h.troubled(gc.changes); refused != nil {
			return refused, afterEffect
		}
	}
	return nil, false
}

func (h *googleHub) exhausted(now time.Time, changes bool) *googleError {
	q := h.settings.Quota
	if q == nil && h.settings.RateLimited {
		q = &googleQuota{}
		q.complete()
	}
	if q == nil || (q.WritesOnly && !changes) {
		return nil
	}
	if q.For > 0 && !now.Before(h.quotaUntil) {
		h.settings.Quota = nil
		return nil
	}
	if q.Calls > 0 {
		if h.quotaCalls--; h.quotaCalls <= 0 {
			h.settings.Quota = nil
		}
	}
	if q.Gateway {
		return googlePlain(http.StatusTooManyRequests, "")
	}
	e := googleErr("quotaError", q.Error, "Too many requests.")
	if q.RetryDelay > 0 {
		// A Duration of protobuf: seconds, fractions allowed, never "1m0s".
		seconds := strconv.FormatFloat(time.Duration(q.RetryDelay).Seconds(), 'f', -1, 64)
		e.message = "Too many requests. Retry in " + seconds + " seconds."
		e.details = googleFields{"quotaErrorDetails": googleFields{
			"rateScope": q.Scope, "rateName": "Requests per " + strings.ToLower(q.Scope), "retryDelay": seconds + "s",
		}}
	}
	return e
}

func (h *googleHub) troubled(changes bool) (refused *googleError, afterEffect bool) {
	t := h.settings.Transient
	if t == nil && h.settings.Unavailable {
		t = &googleTransient{Error: "UNAVAILABLE"}
	}
	if t == nil || (t.WritesOnly && !changes) {
		return nil, false
	}
	if t.Calls > 0 {
		if h.transientCalls--; h.transientCalls <= 0 {
			h.settings.Transient = nil
		}
	}
	if t.Error == "UNAVAILABLE" { // said by the front end
		return googlePlain(http.StatusServiceUnavailable, ""), t.AfterEffect
	}
	return googleErr("internalError", t.Error, "An internal error has occurred. Please retry your request."), t.AfterEffect
}
