package hubsim

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The screens are for a person who tries roster: per hub, the pages that the
// manual steps speak of, with the platform's own control names, so that the
// printed steps can be followed literally. They are typed from the contract's
// runbooks and share nothing with internal/runbook. Where the runbooks print
// several names for one control, because the platform has several interfaces,
// the page offers all of them.
//
// Plain HTML: every effect is a POST that ends in a redirect, and goes through
// the same act as the control API's, so that what somebody clicks is true for
// the platform's API at once. A wizard is a chain of GET forms whose fields
// travel along. What a page does not know of the platform's look it leaves out:
// the names and their order are simulated, not the design.

// ScreensPath is where Handler serves the index of the screens.
const ScreensPath = "/_screens/"

//go:embed screens/*.html
var screenFiles embed.FS

// screenSet is the screens of one platform: the templates named "screen ..." in
// its file.
type screenSet struct {
	file  string // "" for the generic screens
	title string
	host  string // of the addresses that messages print
	roles []screenRole
	extra []screenRole
	adds  string // the act that adds somebody: "" is ActInvite
}

// screenRole is a role as the screens offer it, with the platform's own id
// behind it, which is what configurations and messages say.
type screenRole struct{ ID, Label string }

// Shown is how the screens write the role.
func (r screenRole) Shown() string {
	if r.Label == "" || r.Label == r.ID {
		return r.ID
	}
	return r.Label + " (" + r.ID + ")"
}

// screenSets has the platforms whose screens are known; any other has the
// generic ones.
var screenSets = map[string]screenSet{
	metaName: {
		file: "meta_business.html", title: "Meta Business Manager", host: "business.facebook.com",
		// API: Meta, "Business User" reference; labels from the Business Help Center.
		roles: []screenRole{{metaRoleEmployee, "Partial access: basic access"}, {metaRoleAdmin, "Full control"}},
		extra: []screenRole{
			{"DEVELOPER", "Apps and integrations"},
			{"FINANCE_ANALYST", "Finance: view"},
			{"FINANCE_EDITOR", "Finance: edit"},
			{"ADS_RIGHTS_REVIEWER", "Ads rights reviewer"},
		},
	},
	googleName: {
		file: "google_ads.html", title: "Google Ads", host: "ads.google.com",
		roles: []screenRole{
			{googleEmailOnly, "Email only"},
			{googleReadOnly, "Read only"},
			{googleStandard, "Standard"},
			{googleAdmin, "Admin"},
			{googleBilling, "Billing"},
		},
	},
	pinterestName: {
		file: "pinterest_business.html", title: "Pinterest Business", host: "www.pinterest.com",
		roles: []screenRole{{pinterestEmployee, "Employee"}, {pinterestAdmin, "Manager"}},
	},
	snapchatName: {
		file: "snapchat_business.html", title: "Snapchat Business Manager", host: "business.snapchat.com",
		roles: []screenRole{
			{snapchatPlainMember, "Member"},
			{"data_admin", "Data Admin"},
			{"business_admin", "Business Admin"},
			{snapchatAdmin, "Organization Admin"},
		},
		extra: []screenRole{
			{"adaccount:admin", "Ad account: admin"},
			{"adaccount:general", "Ad account: general"},
			{"adaccount:creative", "Ad account: creative"},
			{"adaccount:reports", "Ad account: reports"},
			{"adaccount:audience", "Ad account: audience"},
		},
	},
	tiktokName: {
		file: "tiktok_business.html", title: "TikTok Business Center", host: "business.tiktok.com",
		roles: []screenRole{{tiktokStandard, "Standard"}, {tiktokAdmin, "Admin"}},
		extra: []screenRole{
			{tiktokFinancePrefix + "MANAGER", "Finance Manager"}, {tiktokFinancePrefix + "ANALYST", "Financial Analyst"},
		},
	},
	// A hub reached through Cerby: its workspace, and the app's generic screens.
	"cerby": {file: "cerby.html", title: "Cerby", host: "the workspace's own host, such as northwind.cerby.com"},
	// SCIM has no invitations: whoever is added in the app is there.
	"scim": {title: "the external app (SCIM)", host: "the app's own admin page", adds: ActJoin},
}

// screensOf are the platform's own, else those of an app whose screens nobody
// described.
func screensOf(platform string) screenSet {
	set, ok := screenSets[platform]
	if !ok {
		set = screenSet{title: "the external app (" + platform + ")", host: "the app's own admin page"}
	}
	set.adds = cmp.Or(set.adds, ActInvite)
	return set
}

// screenTemplates are parsed once, at the first start of a process: they are
// part of the program, so a flaw in one is a bug that every test meets.
var screenTemplates = func() map[string]*template.Template {
	parse := func(files ...string) *template.Template {
		for i := range files {
			files[i] = "screens/" + files[i]
		}
		return template.Must(template.New("").Option("missingkey=error").ParseFS(screenFiles, files...))
	}
	parsed := map[string]*template.Template{"": parse("parts.html", "generic.html")}
	for platform, set := range screenSets {
		switch {
		case set.file == "": // the generic ones
		case platform == "cerby": // over the generic ones, which are the app behind it
			parsed[platform] = parse("parts.html", "generic.html", set.file)
		default:
			parsed[platform] = parse("parts.html", set.file)
		}
	}
	return parsed
}()

// screens serves the screens of every hub.
func (s *Sim) screens() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+ScreensPath+"{$}", func(w http.ResponseWriter, _ *http.Request) {
		s.show(w, http.StatusOK, &screen{Name: "index", Title: "Simulated hubs", sim: s})
	})
	mux.HandleFunc("GET "+ScreensPath+"{platform}/{business}/{$}", func(w http.ResponseWriter, r *http.Request) {
		s.screen(w, r, "home")
	})
	mux.HandleFunc("GET "+ScreensPath+"{platform}/{business}/{screen}", func(w http.ResponseWriter, r *http.Request) {
		s.screen(w, r, r.PathValue("screen"))
	})
	mux.HandleFunc("POST "+ScreensPath+"{platform}/{business}/do", s.press)
	return mux
}

// screen answers a GET: a look at the hub, which changes nothing.
func (s *Sim) screen(w http.ResponseWriter, r *http.Request, name string) {
	page, err := s.newScreen(r, name, r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	status := http.StatusOK
	if page.Form.Get("who") != "" && page.Who == nil {
		status = http.StatusNotFound
	}
	page.Said = said[page.Form.Get("said")]
	s.show(w, status, page)
}

// newScreen reads what a page may show. A hub or a screen that is not there is
// an error.
func (s *Sim) newScreen(r *http.Request, name string, form url.Values) (*screen, error) {
	p, err := s.platform(r.PathValue("platform"))
	if err != nil {
		return nil, err
	}
	business := r.PathValue("business")
	people, err := p.people(business)
	if err != nil {
		return nil, err
	}
	set := screensOf(p.name())
	page := &screen{
		Name: name, Title: set.title, Platform: p.name(), Business: business, HubName: business, Host: set.host,
		Roles: set.roles, Extra: set.extra, Adds: set.adds, Form: form, sim: s,
	}
	if page.template() == nil {
		return nil, fmt.Errorf("no screen %q in %s", name, set.title)
	}
	for _, h := range p.hubs() {
		if h.BusinessID == business && h.Name != "" {
			page.HubName = h.Name
		}
	}
	for _, person := range people {
		shown := page.person(person)
		page.People = append(page.People, shown)
		if shown.Key() == form.Get("who") {
			page.Who = &shown
		}
	}
	if holds, ok := p.(approvals); ok {
		if page.Held, err = holds.held(business); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// show renders a page whole before the first byte goes out: half a page with an
// error in it would look like a screen.
func (s *Sim) show(w http.ResponseWriter, status int, page *screen) {
	var body bytes.Buffer
	if err := page.template().Execute(&body, page); err != nil {
		http.Error(w, "screen "+page.Name+": "+err.Error(), http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store") // the way back shows what is true now
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the person may be gone; there is nobody to tell
}

// approvals is a platform whose changes may wait for a second administrator.
type approvals interface {
	held(business string) ([]heldChange, error)
}

// heldChange is a change that waits.
type heldChange struct {
	What      string
	ID, Email string // how an act names it
	Requester string
	Expires   string
}

// said is what a page reports after an effect, by the word in its address:
// nobody's address bar puts other words on a page.
var said = map[string]string{
	ActInvite:   "The invitation was sent.",
	ActJoin:     "Done: added.",
	ActRemove:   "Done: removed.",
	ActSetRole:  "The change was saved.",
	ActAccept:   "The invitation was accepted.",
	ActDecline:  "The invitation was declined.",
	ActApprove:  "The request was approved.",
	ActReject:   "The request was rejected.",
	ActRevoke:   "The request was withdrawn.",
	ActSync:     "The sync was started.",
	"cancelled": "The invitation was withdrawn.",
}

// screenActs are what a control can do. The rest of the acts set scenes and
// belong to the control API.
var screenActs = []string{ActInvite, ActRemove, ActSetRole, ActAccept, ActDecline, ActApprove, ActReject, ActRevoke, ActSync}

// press answers a POST: somebody pressed a control that has an effect. Its
// fields are the act's, with "who" for whom it is about, "from" for the screen
// it is on and "next" for the screen it leads to.
func (s *Sim) press(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "form: "+err.Error(), http.StatusBadRequest)
		return
	}
	form := r.PostForm
	page, err := s.newScreen(r, form.Get("from"), form)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	if action := form.Get("action"); !slices.Contains(screenActs, action) && action != page.Adds {
		http.Error(w, fmt.Sprintf("no control does %q", form.Get("action")), http.StatusBadRequest)
		return
	}
	if next := form.Get("next"); page.named(next) == nil {
		http.Error(w, fmt.Sprintf("no screen %q to go on to", next), http.StatusBadRequest)
		return
	}
	done, err := s.pressed(page)
	if err != nil {
		page.Refused = strings.TrimPrefix(err.Error(), ErrImpossible.Error()+": ")
		status := http.StatusBadRequest
		if errors.Is(err, ErrImpossible) {
			status = http.StatusConflict
		}
		s.show(w, status, page)
		return
	}
	query := url.Values{"said": {form.Get("action")}}
	if word := form.Get("said"); said[word] != "" {
		query.Set("said", word)
	}
	if form.Get("stay") != "" { // the next screen is the person's own
		query.Set("who", page.person(done).Key())
	}
	w.Header().Set("Location", page.Path()+form.Get("next")+"?"+query.Encode())
	w.WriteHeader(http.StatusSeeOther)
}

// pressed does what the control does, and returns whom the act left behind.
func (s *Sim) pressed(page *screen) (Person, error) {
	p, err := s.platform(page.Platform)
	if err != nil {
		return Person{}, err
	}
	form := page.Form
	act := Act{Action: form.Get("action"), Role: form.Get("role"), Name: form.Get("name")}
	switch act.Action {
	case ActSync:
		return p.act(page.Business, act)
	case ActInvite, ActJoin:
		act.ExtraRoles = extras(form["extra"])
		var done Person
		// One field may take several addresses. What was sent before a refusal
		// stays sent, as with any platform.
		for _, email := range strings.FieldsFunc(form.Get("email"), func(r rune) bool { return strings.ContainsRune(" ,;\r\n\t", r) }) {
			act.Email = email
			if done, err = p.act(page.Business, act); err != nil {
				return Person{}, err
			}
		}
		if act.Email == "" {
			return Person{}, impossible("an e-mail address is needed")
		}
		return done, nil
	}
	if held := form.Get("held"); held != "" { // a held change is about a request, not about a seat
		act.ID, act.Email = held, form.Get("email")
		if act.Email != "" {
			act.ID = ""
		}
		return p.act(page.Business, act)
	}
	if page.Who == nil {
		return Person{}, impossible("nobody is there under this name any more")
	}
	act.Email, act.ID = page.handle(*page.Who)
	if act.Action == ActSetRole {
		if form.Has("extras") { // the form shows all of them: what is not ticked goes
			act.ExtraRoles = append([]string{}, extras(form["extra"])...)
		}
		if more := form.Get("extra_add"); more != "" {
			act.ExtraRoles = append(slices.Clone(page.Who.ExtraRoles), more)
		}
	}
	return p.act(page.Business, act)
}

func extras(ticked []string) []string {
	return slices.DeleteFunc(slices.Clone(ticked), func(e string) bool { return e == "" })
}
