package cerby

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// The structs hold what roster reads and no more. The type of an object is left
// out deliberately: that of an integration is "account".

// integration is a business hub.
type integration struct {
	ID         string `json:"id"`
	Attributes struct {
		Application string `json:"application"`
		Label       string `json:"label"`
	} `json:"attributes"`
}

func (i integration) key() string { return i.ID }

// entitlement is a role of the external app.
type entitlement struct {
	ID         string `json:"id"`
	Attributes struct {
		// Group is "primary" or "secondary".
		Group string `json:"group"`
		// Key is the app's own name of the role. The label beside it is the key of
		// a translation and not for people.
		Key string `json:"key"`
	} `json:"attributes"`
}

// primary says so only of what Cerby calls it: a role of a group that roster
// does not know is an extra one.
func (e entitlement) primary() bool { return strings.EqualFold(e.Attributes.Group, "primary") }

// admin is a guess, see isAdmin.
func (e entitlement) admin() bool { return e.primary() && isAdmin(cmp.Or(e.Attributes.Key, e.ID)) }

// member is somebody on a hub. The id is that of the workspace's user.
type member struct {
	ID         string `json:"id"`
	Attributes struct {
		Email     string `json:"email"`
		FirstName string `json:"firstName"`
		LastName  string `json:"lastName"`
		// Status is the person's in the workspace, not the seat's.
		Status string `json:"status"`
		// Entitlements is nil when Cerby leaves the list out, which is not an
		// empty one.
		Entitlements *[]entitlement `json:"entitlements"`
	} `json:"attributes"`
}

func (m member) key() string { return m.ID }

// user is somebody of the workspace.
type user struct {
	ID         string `json:"id"`
	Attributes struct {
		Email  string `json:"email"`
		Status string `json:"status"`
	} `json:"attributes"`
}

func (u user) key() string { return u.ID }

// unmatched is somebody whom a sync found in the app and whom Cerby could not
// tie to a user of the workspace. The form of the object, and of its id, is
// unconfirmed, so each field is read by itself and none has to be there.
type unmatched struct {
	id, email, username, firstName, lastName string
	entitlements                             []entitlement
}

func (u unmatched) key() string { return u.id }

func (u *unmatched) UnmarshalJSON(b []byte) error {
	var row struct {
		ID         text            `json:"id"`
		Attributes json.RawMessage `json:"attributes"`
	}
	*u = unmatched{}
	if json.Unmarshal(b, &row) != nil {
		return nil //nolint:nilerr // a row in another form is still somebody
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(row.Attributes, &fields) // as above
	read := func(name string) string {
		var t text
		_ = json.Unmarshal(fields[name], &t)
		return string(t)
	}
	u.id = string(row.ID)
	u.email, u.username, u.firstName, u.lastName = read("email"), read("username"), read("firstName"), read("lastName")
	_ = json.Unmarshal(fields["entitlements"], &u.entitlements)
	return nil
}

// page is one page of a list. Data is nil when the answer has no list at all,
// which is not an empty list; Links, when it does not say whether it goes on.
type page[T any] struct {
	Data  []T `json:"data"`
	Links *struct {
		Next string `json:"next"` // null or missing on the last page
	} `json:"links"`
	Meta struct {
		Page struct {
			Total *int `json:"total"` // over all pages
		} `json:"page"`
	} `json:"meta"`
}

// one is the answer that holds one object.
type one[T any] struct {
	Data T `json:"data"`
}

// job is a task of Cerby's.
type job struct {
	ID         string `json:"id"`
	Attributes struct {
		Account struct {
			ID string `json:"id"`
		} `json:"account"`
		Status       string `json:"status"`
		CanRetry     bool   `json:"canRetry"`
		MoreDetails  bool   `json:"hasMoreDetails"`
		ErrorDetails struct {
			Type         text `json:"errorType"`
			UserRequired bool `json:"userRequired"`
		} `json:"errorDetails"`
	} `json:"attributes"`
}

// Bodies of the writes. Cerby refuses members it does not know.
type (
	idRef struct {
		ID string `json:"id"`
	}
	inviteBody struct {
		Data inviteData `json:"data"`
	}
	inviteData struct {
		Type       string           `json:"type"`
		Attributes inviteAttributes `json:"attributes"`
	}
	inviteAttributes struct {
		Role         string   `json:"role"`
		Entitlements []idRef  `json:"entitlements"`
		UserIDs      []string `json:"userIds"`
	}
	replaceBody struct {
		Data replaceData `json:"data"`
	}
	replaceData struct {
		Type       string       `json:"type"`
		Attributes entitlements `json:"attributes"`
	}
	entitlements struct {
		Entitlements []idRef `json:"entitlements"`
	}
	editBody struct {
		Data editData `json:"data"`
	}
	editData struct {
		Add    *entitlements `json:"add,omitempty"`
		Remove *entitlements `json:"remove,omitempty"`
	}
)

func refs(ids []string) []idRef {
	list := make([]idRef, 0, len(ids))
	for _, id := range ids {
		list = append(list, idRef{id})
	}
	return list
}

// apiError is one error of an answer.
type apiError struct {
	Code   text            `json:"code"`
	Title  text            `json:"title"`
	Detail text            `json:"detail"`
	Meta   json.RawMessage `json:"meta"` // null, or about a value; see loc
}

// loc is the place of the value that was refused, nil when it was not one.
func (e apiError) loc() []string {
	var meta struct {
		Loc []text `json:"loc"`
	}
	_ = json.Unmarshal(e.Meta, &meta) // in another form it says nothing
	var steps []string
	for _, step := range meta.Loc {
		steps = append(steps, string(step))
	}
	return steps
}

// errorIn reads the first error of a body, nil when the body holds none.
func errorIn(body []byte) *apiError {
	var e struct {
		Errors []apiError `json:"errors"`
	}
	if json.Unmarshal(body, &e) != nil || len(e.Errors) == 0 {
		return nil
	}
	return &e.Errors[0]
}

// text is a string that may come as a number. Anything else is "".
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	var n json.Number
	switch b = bytes.TrimSpace(b); {
	case json.Unmarshal(b, &s) == nil:
		*t = text(s)
	case json.Unmarshal(b, &n) == nil:
		*t = text(n.String())
	default:
		*t = ""
	}
	return nil
}

// The statuses of a user of the workspace. One who is pending has never logged
// in, and has the seat in the app all the same.
const (
	userLive     = "live"
	userPending  = "pending"
	userDisabled = "disabled"
)

func (m member) member() hub.Member {
	a := m.Attributes
	out := hub.Member{
		ID:     m.ID,
		Email:  a.Email,
		Name:   strings.TrimSpace(a.FirstName + " " + a.LastName),
		Status: hub.StatusUnknown,
	}
	switch a.Status {
	case userLive, userPending:
		out.Status = hub.StatusActive
	case userDisabled:
		out.Status = hub.StatusSuspended
	}
	if a.Entitlements != nil {
		out.Role, out.Secondary = rolesOf(*a.Entitlements)
	}
	return out
}

// unmatchedPrefix begins the ids of people whom Cerby could not match. Theirs
// are of another kind than those of users.
const unmatchedPrefix = "unmatched:"

// member is somebody whom nobody governs: the app gives them a seat, and Cerby
// does not know who they are. Cerby reports no status for them. Unknown keeps
// them from counting as the administrator that is left when another one goes.
func (u unmatched) member() hub.Member {
	out := hub.Member{
		Email:    u.email,
		Username: u.username,
		Name:     strings.TrimSpace(u.firstName + " " + u.lastName),
		Status:   hub.StatusUnknown,
	}
	if id := cmp.Or(u.id, hub.FoldEmail(u.email), u.username); id != "" {
		out.ID = unmatchedPrefix + id
	}
	out.Role, out.Secondary = rolesOf(u.entitlements)
	return out
}

// rolesOf is the primary role, and beside it everything else. An app may let
// somebody hold several primary ones: the one that says administrator comes
// first, then the alphabet, so that the answer does not change with their order.
func rolesOf(held []entitlement) (role string, more []string) {
	held = slices.Clone(held)
	slices.SortFunc(held, func(a, b entitlement) int {
		if a.admin() != b.admin() {
			if a.admin() {
				return -1
			}
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	})
	for _, e := range held {
		switch {
		case e.ID == "":
		case e.primary() && role == "":
			role = e.ID
		case e.ID != role:
			more = append(more, e.ID)
		}
	}
	slices.Sort(more)
	return role, slices.Compact(more)
}

// rolesIn are the roles of a hub, in Cerby's order.
func rolesIn(list []entitlement) []hub.Role {
	var roles []hub.Role
	var primaries []int
	for _, e := range list {
		if e.ID == "" || slices.ContainsFunc(roles, func(r hub.Role) bool { return r.ID == e.ID }) {
			continue
		}
		role := hub.Role{ID: e.ID, Label: cmp.Or(e.Attributes.Key, e.ID), Kind: hub.Secondary}
		if e.primary() {
			primaries = append(primaries, len(roles))
			role.Kind, role.Admin = hub.Primary, e.admin()
		}
		roles = append(roles, role)
	}
	// Which of several is the least, Cerby does not say.
	if len(primaries) == 1 {
		roles[primaries[0]].Default = true
	}
	return roles
}

// place writes where a value stands in a body, as in data.attributes.userIds.0.
func place(loc []string) string { return strings.Join(loc, ".") }

func statusCode(status int, e *apiError) string {
	code := "HTTP " + strconv.Itoa(status)
	if e != nil && e.Code != "" {
		code += " " + string(e.Code)
	}
	return code
}
