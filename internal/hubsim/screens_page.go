package hubsim

import (
	"fmt"
	"html/template"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// screen is what a page may show. Its methods are for the templates.
type screen struct {
	Name               string // of the screen: "people"
	Title              string // of the platform
	Platform, Business string
	HubName, Host      string
	Roles, Extra       []screenRole
	Adds               string // the act that adds somebody
	People             []screenPerson
	Who                *screenPerson // whom ?who= names, nil for nobody
	Held               []heldChange
	Form               url.Values
	Said               string // what the last effect was
	Refused            string // why there was none

	sim *Sim
}

// screenPerson is a Person in the words of the screens.
type screenPerson struct {
	Person
	RoleName string
}

func (s *screen) named(name string) *template.Template {
	set, ok := screenTemplates[s.Platform]
	if !ok {
		set = screenTemplates[""]
	}
	return set.Lookup("screen " + name)
}

func (s *screen) template() *template.Template { return s.named(s.Name) }

// Path is the address of the hub's home screen.
func (s *screen) Path() string {
	return ScreensPath + url.PathEscape(s.Platform) + "/" + url.PathEscape(s.Business) + "/"
}

// Inside says that the page is one of a hub, not the index.
func (s *screen) Inside() bool { return s.Platform != "" }

// Active are the people with a seat.
func (s *screen) Active() []screenPerson { return s.those(screenPerson.IsActive) }

// Open are the people with an open invitation.
func (s *screen) Open() []screenPerson { return s.With(StatusInvited) }

// Pending are all who were invited and are not members, whatever became of it.
func (s *screen) Pending() []screenPerson { return s.those(screenPerson.invitee) }

// With are the people of one status.
func (s *screen) With(status string) []screenPerson {
	return s.those(func(p screenPerson) bool { return p.Status == status })
}

func (s *screen) those(are func(screenPerson) bool) []screenPerson {
	var some []screenPerson
	for _, p := range s.People {
		if are(p) {
			some = append(some, p)
		}
	}
	return some
}

func (s *screen) person(p Person) screenPerson {
	shown := screenPerson{Person: p, RoleName: p.Role}
	for _, r := range s.Roles {
		if r.ID == p.Role {
			shown.RoleName = r.Shown()
		}
	}
	return shown
}

// handle is how an act names a person: by the address, since the spaces of ids
// can overlap, and by the id where there is no address or two people share it.
func (s *screen) handle(p screenPerson) (email, id string) {
	same := 0
	for _, other := range s.People {
		if foldEmail(other.Email) == foldEmail(p.Email) {
			same++
		}
	}
	if p.Email == "" || same > 1 {
		return "", p.ID
	}
	return p.Email, ""
}

// Key names the person in the addresses of their screens.
func (p screenPerson) Key() string { return p.Status + ":" + p.ID }

// Label is what a list calls the person.
func (p screenPerson) Label() string {
	switch {
	case p.Email != "":
		return p.Email
	case p.Name != "":
		return p.Name
	default:
		return p.ID
	}
}

// AlsoNamed is the name, where the label is the address.
func (p screenPerson) AlsoNamed() string {
	if p.Email == "" {
		return ""
	}
	return p.Name
}

// State is the status in words.
func (p screenPerson) State() string {
	switch p.Status {
	case StatusActive:
		return "Active"
	case StatusInvited:
		if p.ExpiresAt != nil {
			return "Pending, until " + screenTime(*p.ExpiresAt)
		}
		return "Pending"
	case StatusPendingApproval:
		return "Waits for approval"
	case StatusExpired:
		return "Invitation expired"
	case StatusDeclined:
		return "Invitation declined"
	case "":
		return "Unknown"
	default: // suspended, and what a new platform has
		return strings.ToUpper(p.Status[:1]) + strings.ReplaceAll(p.Status[1:], "_", " ")
	}
}

// IsActive says that the person has a seat, switched off or not.
func (p screenPerson) IsActive() bool { return !p.invitee() && p.Status != StatusPendingApproval }

func (p screenPerson) invitee() bool {
	return slices.Contains([]string{StatusInvited, StatusExpired, StatusDeclined}, p.Status)
}

// Has says that the person holds an additional role.
func (p screenPerson) Has(role string) bool { return slices.Contains(p.ExtraRoles, role) }

// HasNone says that the person holds no additional role.
func (p screenPerson) HasNone() bool { return len(p.ExtraRoles) == 0 }

func screenTime(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// Chosen is the role a form begins with: the one it was sent with, else the
// person's own, else the first.
func (s *screen) Chosen() string {
	switch {
	case s.Form.Get("role") != "":
		return s.Form.Get("role")
	case s.Who != nil:
		return s.Who.Role
	case len(s.Roles) > 0:
		return s.Roles[0].ID
	default:
		return ""
	}
}

// RoleShown is the chosen role as the screens write it.
func (s *screen) RoleShown() string { return s.person(Person{Role: s.Chosen()}).RoleName }

// ExtraShown are the additional roles a form carries, as the screens write them.
func (s *screen) ExtraShown() string {
	var names []string
	for _, e := range extras(s.Form["extra"]) {
		i := slices.IndexFunc(s.Extra, func(r screenRole) bool { return r.ID == e })
		if i < 0 {
			names = append(names, e)
			continue
		}
		names = append(names, s.Extra[i].Shown())
	}
	return strings.Join(names, ", ")
}

// OtherExtra are the person's additional roles the screens have no name for.
// They are ticked boxes like the others: to leave one out would take it away.
func (s *screen) OtherExtra() []string {
	var others []string
	if s.Who == nil {
		return nil
	}
	for _, e := range s.Who.ExtraRoles {
		if !slices.ContainsFunc(s.Extra, func(r screenRole) bool { return r.ID == e }) {
			others = append(others, e)
		}
	}
	return others
}

// field is one hidden field.
type field struct{ Name, Value string }

// Carried are the answers of a wizard's earlier pages.
func (s *screen) Carried() []field {
	var fields []field
	for _, name := range []string{"email", "name", "role", "extra"} {
		for _, value := range s.Form[name] {
			fields = append(fields, field{name, value})
		}
	}
	return fields
}

// KnownRoles are the roles somebody on the hub has, for an app whose roles
// nobody described.
func (s *screen) KnownRoles() []string {
	var known []string
	for _, p := range s.People {
		if p.Role != "" && !slices.Contains(known, p.Role) {
			known = append(known, p.Role)
		}
	}
	slices.Sort(known)
	return known
}

var screenCustomer = regexp.MustCompile(`^([0-9]{3})([0-9]{3})([0-9]{4})$`)

// CustomerID is the business id as Google Ads' screens write it.
func (s *screen) CustomerID() string { return screenCustomer.ReplaceAllString(s.Business, "$1-$2-$3") }

// screenHub is a line of the index.
type screenHub struct {
	HubState
	Title, Host, Path string
}

// People says who is there, in words.
func (h screenHub) People() string {
	var words []string
	for _, status := range slices.Sorted(maps.Keys(h.Count)) {
		if n := h.Count[status]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, strings.ReplaceAll(status, "_", " ")))
		}
	}
	if len(words) == 0 {
		return "nobody"
	}
	return strings.Join(words, ", ")
}

// Hubs is the index.
func (s *screen) Hubs() []screenHub {
	var all []screenHub
	for _, h := range s.sim.Hubs() {
		set := screensOf(h.Platform)
		page := &screen{Platform: h.Platform, Business: h.BusinessID}
		all = append(all, screenHub{HubState: h, Title: set.title, Host: set.host, Path: page.Path()})
	}
	return all
}
