package hubsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// cerbySettings say how an integration and the app behind it behave, and what is
// wrong there. Where the documents are silent, both readings can be set.
type cerbySettings struct {
	// The app.
	Application      string             `json:"application"`       // Cerby's key of it
	Entitlements     []cerbyEntitlement `json:"entitlements"`      // from the least powerful up
	SeveralPrimaries bool               `json:"several_primaries"` // a permission-style app; else one primary each
	Admin            string             `json:"admin"`             // the entitlement of its administrators
	Seats            int                `json:"seats"`             // -1 = no limit; a task without one ends in NotEnoughSeats
	Invitations      bool               `json:"invitations"`       // whom a task adds has to accept first: until then role changes fail
	ProtectLastAdmin bool               `json:"protect_last_admin"`
	UnsupportedTasks []string           `json:"unsupported_tasks"` // add, change_role, remove
	UnsupportedAs    string             `json:"unsupported_as"`    // job: it fails; refuse: 400

	// The workspace. Everybody seeded on a hub is in it as well; users and
	// domains of one hub are those of all, and taking an entry back does not
	// take a user out.
	WorkspaceUsers   []cerbyUserSeed   `json:"workspace_users"`
	WorkspaceDomains []string          `json:"workspace_domains"` // any address there is a live user's once it is looked up
	TeamGrants       map[string]string `json:"team_grants"`       // e-mail to the entitlement a team gives, whatever tasks do
	CerbyRoles       map[string]string `json:"cerby_roles"`       // e-mail to what role says: owner, collaborator, manager, ...

	// The copy.
	AutoSync         bool     `json:"auto_sync"`         // acts show at once; else after the act sync
	SafeguardPercent int      `json:"safeguard_percent"` // a sync that would take out a larger share is stopped
	VisibilityLag    Duration `json:"visibility_lag"`

	// Jobs.
	JobTime        Duration       `json:"job_time"`
	JobOutcome     []cerbyOutcome `json:"job_outcome"`     // the first that fits decides; none: what the app makes of it
	SuccessDetails string         `json:"success_details"` // errorDetails of a success: empty ({}), null or nulls
	Timestamps     string         `json:"timestamps"`      // zone, or none: no zone and no fraction
	BusyMember     string         `json:"busy_member"`     // a task while another of the same person is under way: queue, or conflict (409)

	// Wire.
	PartialChange     bool   `json:"partial_change"`     // PATCH .../entitlements is there
	UnmatchedEndpoint bool   `json:"unmatched_endpoint"` // .../unmatched-users is there
	LastNext          string `json:"last_next"`          // links.next of the last page: null or missing
	NoEntitlements    string `json:"no_entitlements"`    // of somebody without any: empty or missing
	MemberMeta        string `json:"member_meta"`        // fields, empty or absent
	ErrorStatus       string `json:"error_status"`       // mixed, string or number
	HiddenAs          int    `json:"hidden_as"`          // a hub the key's user is no Owner of: 404, 401 or 403
	TaskRefusedAs     int    `json:"task_refused_as"`    // a task on one: 403 or 401
	ScopeMissingAs    int    `json:"scope_missing_as"`   // 401 or 403
	Churn             string `json:"churn"`              // none; join or leave: somebody does after each page of a list that has another
	ChurnTimes        int    `json:"churn_times"`        // how often; 0 = always

	// Causes. Those of the key strike every key that was made Owner of the hub.
	TokenExpired      bool     `json:"token_expired"`
	TokenInvalid      bool     `json:"token_invalid"`
	PermissionMissing bool     `json:"permission_missing"` // the key has no scope at all
	MissingScopes     []string `json:"missing_scopes"`     // the key lacks these
	NotAdmin          bool     `json:"not_admin"`          // the key's user is no longer Owner of the hub
	Blocked           bool     `json:"blocked"`            // by the firewall in front of the API

	RateLimited bool     `json:"rate_limited"` // short for a throttle without end
	RetryAfter  Duration `json:"retry_after"`  // on a 429; 0 = no header, as the documents have none
	Unavailable bool     `json:"unavailable"`  // short for a transient 503 without end

	Throttle  *trouble `json:"throttle"`
	Transient *trouble `json:"transient"`
}

// cerbyEntitlement is a role the app has, as Cerby knows it.
type cerbyEntitlement struct {
	ID    string  `json:"id"`
	Group string  `json:"group"` // primary or secondary
	Label *string `json:"label"` // null: a translation key made of the application and the id for a primary, else empty
}

const (
	cerbyPrimary   = "primary"
	cerbySecondary = "secondary"
)

// Statuses of a user in the workspace.
const (
	cerbyLive     = "live"
	cerbyPending  = "pending" // never logged in
	cerbyDisabled = "disabled"
)

var cerbyUserStatuses = []string{cerbyLive, cerbyPending, cerbyDisabled}

// cerbyUserSeed is a workspace user: an address alone, or an object.
type cerbyUserSeed struct {
	Email  string `json:"email"`
	Name   string `json:"name,omitempty"`
	Status string `json:"status,omitempty"` // default live
	Guest  bool   `json:"guest,omitempty"`
}

// UnmarshalJSON implements json.Unmarshaler.
func (u *cerbyUserSeed) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte(`"`)) {
		return json.Unmarshal(raw, &u.Email)
	}
	type plain cerbyUserSeed
	return decodeStrictly(raw, (*plain)(u))
}

// cerbyOutcome is how jobs end, whatever the app would make of them.
type cerbyOutcome struct {
	Email string `json:"email"` // of whom; "" = anybody
	Task  string `json:"task"`  // add, change_role or remove; "" = any
	Times int    `json:"times"` // for how many jobs; 0 = all

	Code         string `json:"code"`          // errorType; with one the job ends in error
	End          string `json:"end"`           // finished, error, stuck (running for good), or a status word it then keeps
	UserRequired *bool  `json:"user_required"` // null: as the code's meaning has it
	CanRetry     *bool  `json:"can_retry"`     // the same
	Details      string `json:"details"`       // errorDetails of a failure: full (default), nulls, empty or null
	MoreDetails  bool   `json:"more_details"`
	Retrying     int    `json:"retrying"`     // polls that still answer "retrying" when it could have ended
	AfterEffect  bool   `json:"after_effect"` // the app did it all the same

	used int
}

// cerbyCodes are the published codes of a failed automation, and whether a
// person has to act. For AccountVaultError alone another attempt may do.
var cerbyCodes = map[string]bool{
	"NotEnoughSeats": true, "SubscriptionDeactivated": true, "UnderpermissionedAccount": true, "InvalidBusinessId": true,
	"BadCredentials": true, "EmptyPasswordError": true, "AccountVaultError": false,
	"EmailNotProvidedError": true, "InvalidEmail": true, "PhoneNotProvidedError": true, "PhoneNotManagedError": true,
	"GeneralMFANotManagedError": true, "MFANotManagedError": true, "MFAAlreadyEnable": true,
	"OtherMFAMethodEnabledError": true, "VerificationMethodsNotManagedError": true,
	"SecureDeviceNotFoundInStorage": true,
}

const (
	cerbyNotEnoughSeats = "NotEnoughSeats"
	cerbyVaultError     = "AccountVaultError"
)

func defaultCerbySettings() cerbySettings {
	return cerbySettings{
		Application: "pinterest_business",
		Entitlements: []cerbyEntitlement{
			{ID: "EMPLOYEE", Group: cerbyPrimary}, {ID: "BIZ_ADMIN", Group: cerbyPrimary}, {ID: "FINANCE", Group: cerbySecondary},
		},
		Admin:             "BIZ_ADMIN",
		Seats:             -1,
		UnsupportedAs:     "job",
		AutoSync:          true,
		SafeguardPercent:  20,
		SuccessDetails:    "empty",
		Timestamps:        "zone",
		BusyMember:        "queue",
		PartialChange:     true,
		UnmatchedEndpoint: true,
		LastNext:          "null",
		NoEntitlements:    "empty",
		MemberMeta:        "fields",
		ErrorStatus:       "mixed",
		HiddenAs:          http.StatusNotFound,
		TaskRefusedAs:     http.StatusForbidden,
		ScopeMissingAs:    http.StatusUnauthorized,
		Churn:             "none",
	}
}

func (s cerbySettings) patched(patch json.RawMessage, now time.Time) (cerbySettings, error) {
	next := s
	if err := applyPatch(&next, patch, now); err != nil {
		return s, err
	}
	next.TeamGrants, next.CerbyRoles = foldKeys(next.TeamGrants), foldKeys(next.CerbyRoles)
	return next, next.check()
}

func foldKeys(byEmail map[string]string) map[string]string {
	folded := make(map[string]string, len(byEmail))
	for email, value := range byEmail {
		folded[foldEmail(email)] = value
	}
	return folded
}

func (s cerbySettings) check() error {
	err := checkChoices([]choice[string]{
		{"unsupported_as", s.UnsupportedAs, []string{"job", "refuse"}},
		{"success_details", s.SuccessDetails, []string{"empty", "null", "nulls"}},
		{"timestamps", s.Timestamps, []string{"zone", "none"}},
		{"busy_member", s.BusyMember, []string{"queue", "conflict"}},
		{"last_next", s.LastNext, []string{"null", "missing"}},
		{"no_entitlements", s.NoEntitlements, []string{"empty", "missing"}},
		{"member_meta", s.MemberMeta, []string{"fields", "empty", "absent"}},
		{"error_status", s.ErrorStatus, []string{"mixed", "string", "number"}},
		{"churn", s.Churn, []string{"none", "join", "leave"}},
	})
	if err != nil {
		return err
	}
	err = checkChoices([]choice[int]{
		{"hidden_as", s.HiddenAs, []int{http.StatusNotFound, http.StatusUnauthorized, http.StatusForbidden}},
		{"task_refused_as", s.TaskRefusedAs, []int{http.StatusForbidden, http.StatusUnauthorized}},
		{"scope_missing_as", s.ScopeMissingAs, []int{http.StatusUnauthorized, http.StatusForbidden}},
	})
	if err != nil {
		return err
	}
	if s.VisibilityLag < 0 || s.JobTime < 0 || s.RetryAfter < 0 || s.ChurnTimes < 0 || s.Seats < -1 {
		return errors.New("settings: times and limits cannot be negative, but for seats -1")
	}
	if s.SafeguardPercent < 0 || s.SafeguardPercent > 100 {
		return fmt.Errorf("settings: safeguard_percent %d is no share", s.SafeguardPercent)
	}
	return errors.Join(s.checkApp(), s.checkPeople(), s.checkOutcomes(), checkStatusTroubles(s.Throttle, s.Transient))
}

func (s cerbySettings) checkApp() error {
	primaries := 0
	seen := map[string]bool{}
	for _, e := range s.Entitlements {
		switch {
		case e.ID == "" || seen[e.ID]:
			return fmt.Errorf("settings: entitlement %q has no id, or is there twice", e.ID)
		case e.Group == cerbyPrimary:
			primaries++
		case e.Group != cerbySecondary:
			return fmt.Errorf("settings: entitlement %s: group %q is neither primary nor secondary", e.ID, e.Group)
		}
		seen[e.ID] = true
	}
	if primaries == 0 {
		return errors.New("settings: no primary entitlement")
	}
	for _, task := range s.UnsupportedTasks {
		if !slices.Contains(cerbyTasks, task) {
			return fmt.Errorf("settings: unsupported task %q is not one of %q", task, cerbyTasks)
		}
	}
	for _, scope := range s.MissingScopes {
		if !slices.Contains(cerbyScopes, scope) {
			return fmt.Errorf("settings: missing scope %q is not one of %q", scope, cerbyScopes)
		}
	}
	return nil
}

func (s cerbySettings) checkPeople() error {
	for _, u := range s.WorkspaceUsers {
		if !validEmail(u.Email) {
			return fmt.Errorf("settings: workspace user %q is not an e-mail address", u.Email)
		}
		if u.Status != "" && !slices.Contains(cerbyUserStatuses, u.Status) {
			return fmt.Errorf("settings: workspace user %s: status %q is not one of %q", u.Email, u.Status, cerbyUserStatuses)
		}
	}
	for _, domain := range s.WorkspaceDomains {
		if !validEmail("x@" + domain) {
			return fmt.Errorf("settings: workspace domain %q is no domain", domain)
		}
	}
	for email, id := range s.TeamGrants {
		if !validEmail(email) {
			return fmt.Errorf("settings: team grant for %q, which is not an e-mail address", email)
		}
		if s.entitlement(id) == nil {
			return fmt.Errorf("settings: team grant for %s: there is no entitlement %q", email, id)
		}
	}
	return nil
}

func (s cerbySettings) checkOutcomes() error {
	for i, o := range s.JobOutcome {
		switch {
		case o.Task != "" && !slices.Contains(cerbyTasks, o.Task):
			return fmt.Errorf("settings: job_outcome %d: task %q is not one of %q", i, o.Task, cerbyTasks)
		case o.Times < 0 || o.Retrying < 0:
			return fmt.Errorf("settings: job_outcome %d: times and retrying cannot be negative", i)
		case o.Code != "" && o.End != "" && o.End != cerbyJobError:
			return fmt.Errorf("settings: job_outcome %d: a job with a code ends in error, not %q", i, o.End)
		case o.Details != "" && !slices.Contains([]string{"full", "nulls", "empty", "null"}, o.Details):
			return fmt.Errorf(`settings: job_outcome %d: details %q is not one of "full", "nulls", "empty", "null"`, i, o.Details)
		}
	}
	return nil
}

// entitlement finds one by id.
func (s cerbySettings) entitlement(id string) *cerbyEntitlement {
	if i := s.rank(id); i >= 0 {
		return &s.Entitlements[i]
	}
	return nil
}

// rank is where an entitlement stands among those of the app, -1 for none.
func (s cerbySettings) rank(id string) int {
	return slices.IndexFunc(s.Entitlements, func(e cerbyEntitlement) bool { return e.ID == id })
}

func (s cerbySettings) primary(id string) bool {
	e := s.entitlement(id)
	return e != nil && e.Group == cerbyPrimary
}

func (e cerbyEntitlement) label(application string) string {
	switch {
	case e.Label != nil:
		return *e.Label
	case e.Group == cerbyPrimary:
		return strings.ToUpper(application) + "_" + e.ID + "_DESC"
	default:
		return ""
	}
}

// configure puts a patch in force. The workspace's users are set anew only by a
// patch that names them, or each would undo what became of them.
func (h *cerbyHub) configure(patch json.RawMessage, now time.Time) error {
	if err := h.hubBasics.configure(patch, now); err != nil {
		return err
	}
	var named struct {
		Users json.RawMessage `json:"workspace_users"`
	}
	if err := json.Unmarshal(patch, &named); err != nil {
		return err
	}
	h.sim.staff(h, named.Users != nil, now)
	return nil
}

// troubled refuses the call while a limit is in force or Cerby is in trouble. A
// call about no integration suffers from those the key was made for. A refusal
// that comes after the effect is handed back for later.
func (m *cerbySim) troubled(cc *cerbyCall) (afterEffect, refused *cerbyError) {
	hubs := []*cerbyHub{cc.hub}
	if cc.hub == nil {
		hubs = m.related(cc.cred)
	}
	for _, h := range hubs {
		s := h.settings
		switch {
		case s.RateLimited, s.Throttle.strikes(cc.now, cc.write()):
			e := cerbyErr(http.StatusTooManyRequests, "too many requests")
			e.waitFor = time.Duration(s.RetryAfter)
			return nil, e
		case s.Unavailable:
			return nil, &cerbyError{status: http.StatusServiceUnavailable, bare: true}
		case s.Transient.strikes(cc.now, cc.write()):
			e := &cerbyError{status: s.Transient.code(http.StatusServiceUnavailable), bare: true}
			if s.Transient.AfterEffect && cc.write() {
				return e, nil
			}
			return nil, e
		}
	}
	return nil, nil
}
