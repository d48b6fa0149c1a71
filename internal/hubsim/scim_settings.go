package hubsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// scimSettings say how an app behaves, and what is wrong with it. Without any it
// is a strict service provider.
type scimSettings struct {
	// Profile is a vendor's habits, see scimProfiles. Naming it sets the whole of
	// the behaviour anew; what the same patch says beside it goes on top.
	Profile string `json:"profile"`

	scimBehaviour
	scimTroubles
}

// scimBehaviour is how an app deals with people and requests.
type scimBehaviour struct {
	// Roles.
	RoleSource  string   `json:"role_source"`  // roles, entitlements or groups: where people's roles are
	Roles       []string `json:"roles"`        // known values; empty = any. Of groups these exist from the start
	DefaultRole string   `json:"default_role"` // of whoever is created without one; "" = none
	AdminRoles  []string `json:"admin_roles"`
	OwnerRole   string   `json:"owner_role"`
	RoleShape   string   `json:"role_shape"`      // objects, strings, single, json_text or text_primary: how roles are shown
	JSONRoles   bool     `json:"json_roles"`      // a role's value may be JSON text, as Entra ID sends it
	IgnoreRoles bool     `json:"ignore_roles"`    // roles and entitlements are accepted and nothing is done
	ReadOnly    bool     `json:"roles_read_only"` // they are refused: 400 mutability

	// People.
	SoftDelete         bool     `json:"soft_delete"`         // DELETE of a user deactivates
	DeleteUnsupported  bool     `json:"delete_unsupported"`  // DELETE of a user answers delete_status
	DeleteStatus       int      `json:"delete_status"`       // 501 or 405
	HideInactive       bool     `json:"hide_inactive"`       // lists and filters leave inactive people out
	ObfuscatesInactive bool     `json:"obfuscates_inactive"` // userName and e-mail of inactive people are scrambled
	InactiveFrozen     bool     `json:"inactive_frozen"`     // nothing of inactive people changes unless they become active
	RewritesUserName   bool     `json:"rewrites_user_name"`  // an address as userName becomes a handle
	FixedUserName      bool     `json:"immutable_user_name"` // 400 mutability
	UniqueEmails       bool     `json:"unique_emails"`       // not only userName is unique
	ConflictStatus     int      `json:"conflict_status"`     // 409, 400 or 412: a name is taken
	DropsExternalID    bool     `json:"drops_external_id"`   // externalId is not kept
	PutSuspends        bool     `json:"put_suspends"`        // a PUT without active suspends
	Seats              int      `json:"seats"`               // active people; 0 = no end
	NoSeats            bool     `json:"no_seats"`            // no free seat, whatever the count
	SeatStatus         int      `json:"seat_status"`         // 403, 400, 402, 422 or 507: there is none left
	OwnerProtected     bool     `json:"owner_protected"`     // owners cannot be created, deactivated or deleted
	OwnerChanges       string   `json:"owner_changes"`       // refuse or ignore: changes of a protected owner's roles
	ProtectsLastAdmin  bool     `json:"protects_last_admin"` // refuses to remove or demote the last active administrator
	ProtectedStatus    int      `json:"protected_status"`    // 403 or 400: owners and the last administrator
	SingleValued       bool     `json:"single_valued"`       // one value in each multi-valued attribute
	IDForm             string   `json:"id_form"`             // uuid, number or handle
	UserAgentRequired  bool     `json:"user_agent_required"` // 403 without one
	Refused            []string `json:"refused_attributes"`  // 400 when a client sets one of them

	// PATCH.
	NoPatch         bool     `json:"no_patch"`         // 501
	AnyCaseOps      bool     `json:"any_case_ops"`     // Add, Replace and Remove too
	CapitalisedOnly bool     `json:"capitalised_only"` // nothing but those
	PathlessOnly    bool     `json:"pathless_only"`    // operations with a path are refused
	StringBooleans  bool     `json:"string_booleans"`  // "True" and "False" are booleans
	NoTarget        string   `json:"no_target"`        // refuse (400 noTarget) or ignore: a filter that matches nothing
	Unremovable     []string `json:"unremovable"`      // attributes that remove is refused for

	// Groups.
	NoGroups            bool `json:"no_groups"`             // there is no /Groups
	RejectMemberFilter  bool `json:"reject_member_filter"`  // members[value eq "…"] is refused
	MembersValueRemoves bool `json:"members_value_removes"` // remove of members takes the value for whom to remove, as Entra ID means it
	MemberConflict      bool `json:"member_conflict"`       // adding a member again answers 409
	NoMemberReplace     bool `json:"no_member_replace"`     // members cannot be replaced as a whole
	NoEmptyMembers      bool `json:"no_empty_members"`      // nor by nobody
	MemberChangesMax    int  `json:"member_changes_max"`    // in one request; 0 = no end

	// Lists and filters.
	NoFilter           bool     `json:"no_filter"`            // 400 invalidFilter
	FiltersIgnored     bool     `json:"filters_ignored"`      // a filter is accepted, and everybody listed
	FilterAttributes   []string `json:"filter_attributes"`    // the only ones filters take; empty = all
	FilterOperators    []string `json:"filter_operators"`     // the same, with and, or, not among them
	EmptyFilter404     bool     `json:"empty_filter_404"`     // a filter that matches nothing answers 404
	ServerCap          int      `json:"server_cap"`           // the largest page
	DefaultCount       int      `json:"default_count"`        // of a list without count
	IgnoresStartIndex  bool     `json:"ignores_start_index"`  // each page is the first
	TotalIsPage        bool     `json:"total_is_page"`        // totalResults counts the page
	ItemsPerPage       string   `json:"items_per_page"`       // actual, count or absent
	NumbersAsText      bool     `json:"numbers_as_text"`      // "totalResults": "5"
	AbsentResources    bool     `json:"absent_resources"`     // no Resources when there are none
	LowerCaseResources bool     `json:"lower_case_resources"` // resources
	NoDiscovery        bool     `json:"no_discovery"`         // the three discovery endpoints answer discovery_status
	DiscoveryStatus    int      `json:"discovery_status"`     // 404 or 501
	OpenDiscovery      bool     `json:"open_discovery"`       // discovery needs no token
	BareDiscovery      bool     `json:"bare_discovery"`       // ResourceTypes and Schemas are arrays, not ListResponses
	SCIM1              bool     `json:"scim_1"`               // every schema is that of SCIM 1.1

	// Answers.
	Answers204      bool   `json:"answers_204"`  // PATCH and PUT answer 204 without a body
	EmptyCreate     bool   `json:"empty_create"` // POST answers 201 with Location and no body
	Always200       bool   `json:"always_200"`   // instead of 201 and 204
	EchoesPatch     bool   `json:"echoes_patch"` // PATCH answers with the schemas of the request
	NoEtag          bool   `json:"no_etag"`      // no versions; If-Match is ignored
	NoSchemas       bool   `json:"no_schemas"`   // of resources
	NoMeta          bool   `json:"no_meta"`      // of resources
	DatesWithout    bool   `json:"dates_without_zone"`
	ContentType     string `json:"content_type"`      // "" = the header is missing
	ErrorBody       string `json:"error_body"`        // scim, message, errors or html
	NumberStatus    bool   `json:"number_status"`     // of a SCIM error
	NoScimType      bool   `json:"no_scim_type"`      // errors say none
	PlainBadRequest bool   `json:"plain_bad_request"` // a malformed body answers 400 in plain text
	ReadsMinute     int    `json:"reads_per_minute"`  // beyond it: 429; 0 = no cap
	WritesMinute    int    `json:"writes_per_minute"` // beyond it: 429; 0 = no cap
}

// scimTroubles are causes of trouble. The token ones strike every token used on
// the app.
type scimTroubles struct {
	VisibilityLag     Duration `json:"visibility_lag"` // until reads show a change
	TokenExpired      bool     `json:"token_expired"`
	TokenInvalid      bool     `json:"token_invalid"`
	PermissionMissing bool     `json:"permission_missing"`

	RateLimited bool     `json:"rate_limited"` // short for a throttle with no end
	Unavailable bool     `json:"unavailable"`  // short for a transient 503 with no end
	Throttle    *trouble `json:"throttle"`     // status 429
	Transient   *trouble `json:"transient"`    // the code is the status: 500, 502, 503 or 504
	RetryAfter  string   `json:"retry_after"`  // seconds, date or none: what 429 says
}

func defaultScimBehaviour() scimBehaviour {
	return scimBehaviour{
		RoleSource:        "roles",
		AdminRoles:        []string{"admin"},
		RoleShape:         "objects",
		DeleteStatus:      http.StatusNotImplemented,
		ConflictStatus:    http.StatusConflict,
		SeatStatus:        http.StatusForbidden,
		OwnerRole:         "owner",
		OwnerChanges:      "refuse",
		ProtectsLastAdmin: true,
		ProtectedStatus:   http.StatusForbidden,
		IDForm:            "uuid",
		NoTarget:          "refuse",
		ServerCap:         200,
		DefaultCount:      100,
		ItemsPerPage:      "actual",
		DiscoveryStatus:   http.StatusNotFound,
		ContentType:       scimMediaType,
		ErrorBody:         "scim",
	}
}

func defaultScimSettings() scimSettings {
	return scimSettings{scimBehaviour: defaultScimBehaviour(), scimTroubles: scimTroubles{RetryAfter: "seconds"}}
}

func (s scimSettings) patched(patch json.RawMessage, now time.Time) (scimSettings, error) {
	next := s
	var named struct {
		Profile *string `json:"profile"`
	}
	_ = json.Unmarshal(patch, &named) // applyPatch reports what is wrong with it
	if named.Profile != nil {
		behaviour, err := scimProfile(*named.Profile)
		if err != nil {
			return s, err
		}
		next.scimBehaviour = behaviour
	}
	return patchSettings(next, patch, now)
}

func (s scimSettings) check() error {
	err := checkChoices([]choice[string]{
		{"role_source", s.RoleSource, []string{"roles", "entitlements", "groups"}},
		{"role_shape", s.RoleShape, []string{"objects", "strings", "single", "json_text", "text_primary"}},
		{"owner_changes", s.OwnerChanges, []string{"refuse", "ignore"}},
		{"id_form", s.IDForm, []string{"uuid", "number", "handle"}},
		{"no_target", s.NoTarget, []string{"refuse", "ignore"}},
		{"items_per_page", s.ItemsPerPage, []string{"actual", "count", "absent"}},
		{"content_type", s.ContentType, []string{scimMediaType, "application/json", ""}},
		{"error_body", s.ErrorBody, []string{"scim", "message", "errors", "html"}},
		{"retry_after", s.RetryAfter, []string{"seconds", "date", "none"}},
	})
	if err != nil {
		return err
	}
	err = checkChoices([]choice[int]{
		{"delete_status", s.DeleteStatus, []int{501, 405}},
		{"conflict_status", s.ConflictStatus, []int{409, 400, 412}},
		{"seat_status", s.SeatStatus, []int{403, 400, 402, 422, 507}},
		{"protected_status", s.ProtectedStatus, []int{403, 400}},
		{"discovery_status", s.DiscoveryStatus, []int{404, 501}},
	})
	if err != nil {
		return err
	}
	for _, operator := range s.FilterOperators {
		if !slices.Contains(append([]string{"and", "or", "not"}, scimComparisons...), operator) {
			return fmt.Errorf("settings: filter_operators holds %q, which is none", operator)
		}
	}
	if s.DefaultRole != "" && !s.knows(s.DefaultRole) {
		return fmt.Errorf("settings: default_role %q is not one of %q", s.DefaultRole, s.Roles)
	}
	if err := checkStatusTroubles(s.Throttle, s.Transient); err != nil {
		return err
	}
	if s.VisibilityLag < 0 || s.Seats < 0 || s.MemberChangesMax < 0 || s.ServerCap < 1 || s.DefaultCount < 1 ||
		s.ReadsMinute < 0 || s.WritesMinute < 0 {
		return errors.New("settings: lags and caps cannot be negative; server_cap and default_count are positive")
	}
	return nil
}

// knows says whether a role is one the app has.
func (s scimSettings) knows(role string) bool {
	return len(s.Roles) == 0 || slices.Contains(s.Roles, role)
}

func (s scimSettings) isAdmin(role string) bool { return slices.Contains(s.AdminRoles, role) }

// usual is the role of seeds and acts that name none: the least an app gives.
func (s scimSettings) usual() string {
	if s.DefaultRole != "" {
		return s.DefaultRole
	}
	for _, role := range s.Roles {
		if !s.isAdmin(role) {
			return role
		}
	}
	return ""
}

// urn is a schema as the app's version of the protocol has it.
func (s scimSettings) urn(urn string) string {
	if s.SCIM1 {
		return scimOldURN
	}
	return urn
}
