package scim

import (
	"maps"
	"slices"

	"golang.org/x/time/rate"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// source is where an app keeps the roles of its people.
type source string

const (
	fromRoles        source = "roles"        // the roles of a User
	fromEntitlements source = "entitlements" // the entitlements of a User
	fromGroups       source = "groups"       // membership of Groups
	fromNowhere      source = "none"         // not in SCIM
)

var sources = []string{string(fromRoles), string(fromEntitlements), string(fromGroups), string(fromNowhere)}

// mode is what a removal does.
type mode string

const (
	byDelete     mode = "delete"
	byDeactivate mode = "deactivate"
)

var modes = []string{string(byDelete), string(byDeactivate)}

// form is one way to write a change. Apps understand some of them.
type form string

const (
	formReplace     form = "replace"     // PATCH replace of the attribute, the RFC's plain way
	formEdit        form = "edit"        // PATCH remove by filter, add, in one request
	formPathless    form = "path-less"   // PATCH replace with an object and no path, as Okta sends it
	formCapitalised form = "capitalised" // PATCH Replace: apps written against Entra ID alone
	formPut         form = "PUT"         // the whole resource as read, changed in one place
)

// address is which attribute of a User holds the address that people go by.
type address int

const (
	inEither   address = iota // userName when it is an address, else the primary e-mail
	inUserName                // userName, always
	inEmails                  // emails: the app makes a handle of the userName
)

// profile is what is known of one kind of app: defaults, and which of several
// legal ways to ask it understands. A wrong value here costs requests, or has
// to be overridden with a setting; it never makes roster write something else.
//
// API: contract scim.md, sections 7, 11 and 13.
type profile struct {
	vendor  string // who answers; "" is the entry's own name
	source  source
	mode    mode
	page    int
	limit   rate.Limit // requests a second, 0: no pace is known
	burst   int
	forms   []form // in the order to try them
	address address
	// filters are those on users that the app takes, the best first.
	filters []filter
	// deleteDeactivates says that DELETE leaves the account behind, switched off.
	deleteDeactivates bool
	// obscures says that the app hides the name and address of somebody switched
	// off. Who was added by roster is still known by externalId.
	obscures bool
	// cursor says that the app pages with cursors alone (RFC 9865).
	cursor bool
	// blindGroups says that the app does not tell who is in a group.
	blindGroups bool
	limits      []hub.Limit
}

// filter is one way to look a user up by address.
type filter int

const (
	byUserName filter = iota
	byEmail
	byWorkEmail // finds, and does not prove absence: people have other addresses too
	byExternalID
)

// pageSize is how many people one list call brings, unless the app says less. A
// roster costs the pages of its users; with role_source = "groups" the pages of
// the groups too, and one read more for each group where the list leaves their
// members out.
const pageSize = 100

// rfcForms is the order of contract section 6. What Entra-style apps alone
// understand comes last.
var rfcForms = []form{formReplace, formEdit, formPathless, formPut, formCapitalised}

var anyFilter = []filter{byUserName, byEmail, byWorkEmail}

// unprofiled is an app of which nothing is known. Its removals deactivate: that
// can be undone everywhere, and what an unknown app does on DELETE cannot be
// known (some erase the account with everything in it).
var unprofiled = profile{source: fromRoles, mode: byDeactivate, page: pageSize, limit: 10, burst: 20, forms: rfcForms, filters: anyFilter}

// profiles are the apps with ways of their own, by name.
var profiles = map[string]profile{
	"": unprofiled,

	// Slack: DELETE deactivates, and an address given as userName becomes a
	// handle. Its limits are for all SCIM apps of an org together.
	"slack": {
		vendor: "Slack", source: fromRoles, mode: byDeactivate, page: pageSize,
		limit: 180.0 / 60, burst: 20, forms: rfcForms,
		address: inEmails, filters: []filter{byEmail, byWorkEmail}, deleteDeactivates: true,
		limits: []hub.Limit{
			{Name: "user_writes_per_minute", Value: 180, Note: "Creating, updating and deactivating people, of all SCIM apps of an org together; bursts of 20. roster keeps all its calls below it."},
			{Name: "writes_per_minute", Value: 600, Note: "Of all SCIM apps of an org together."},
			{Name: "reads_per_minute", Value: 1000, Note: "Of all SCIM apps of an org together."},
		},
	},

	// GitHub Enterprise with managed users: DELETE cannot be undone, and somebody
	// suspended has login and address obscured.
	"github_enterprise": {
		vendor: "GitHub", source: fromRoles, mode: byDeactivate, page: pageSize,
		limit: 10, burst: 20, forms: rfcForms,
		filters: []filter{byUserName, byExternalID}, obscures: true,
	},

	// Atlassian: a DELETE cannot be undone but with a new SCIM user, access comes
	// from groups, no page is longer than 100.
	"atlassian": {
		vendor: "Atlassian", source: fromGroups, mode: byDeactivate, page: 100,
		limit: 10, burst: 20, forms: rfcForms,
		address: inUserName, filters: []filter{byUserName},
	},

	// Apps written against Entra ID: some take its capitalised operations alone.
	"entra": with(func(p *profile) {
		p.forms = []form{formReplace, formCapitalised, formEdit, formPathless, formPut}
	}),

	// Apps written against Okta: PATCH without a path, or PUT.
	"okta": with(func(p *profile) {
		p.forms = []form{formPathless, formReplace, formPut, formEdit, formCapitalised}
	}),

	// AWS IAM Identity Center: pages with cursors alone, and its groups come
	// without their members, so nobody can tell who has which.
	//
	// API: AWS, "IAM Identity Center SCIM Implementation", ListUsers and ListGroups,
	// https://docs.aws.amazon.com/singlesignon/latest/developerguide/listusers.html
	"aws": {
		vendor: "AWS IAM Identity Center", source: fromNowhere, mode: byDeactivate, page: 100,
		limit: 10, burst: 20, forms: rfcForms,
		address: inUserName, filters: []filter{byUserName}, cursor: true, blindGroups: true,
	},
}

// with is an app of which nothing is known but what change says.
func with(change func(*profile)) profile {
	p := unprofiled
	change(&p)
	return p
}

// profileNames are the profiles to choose from, sorted.
func profileNames() []string {
	names := slices.Sorted(maps.Keys(profiles))
	return names[1:] // without ""
}

// proves says whether filters that were answered, and found nobody, leave no
// user of that address.
func (p profile) proves(answered []filter) bool {
	has := func(f filter) bool { return slices.Contains(answered, f) }
	switch p.address {
	case inUserName:
		return has(byUserName)
	case inEmails:
		return has(byEmail)
	default:
		return has(byUserName) && has(byEmail)
	}
}
