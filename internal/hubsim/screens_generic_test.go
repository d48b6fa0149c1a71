package hubsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// app is a platform nobody described the screens of. It remembers the acts.
type app struct {
	platform
	called string
	acts   []Act
	staff  []Person
}

func (a *app) name() string { return a.called }
func (a *app) hubs() []HubState {
	return []HubState{{Platform: a.called, BusinessID: "acme/eu", Name: "Acme", Count: map[string]int{"suspended": 1}}}
}

func (a *app) people(business string) ([]Person, error) {
	if business != "acme/eu" {
		return nil, fmt.Errorf("%w %s", ErrUnknownHub, business)
	}
	return a.staff, nil
}

func (a *app) act(_ string, act Act) (Person, error) {
	a.acts = append(a.acts, act)
	if act.Role == "OWNER" {
		return Person{}, impossible("there is one owner")
	}
	return Person{ID: "u9", Status: StatusInvited}, nil
}

func simulate(p platform) http.Handler {
	s := New()
	s.platforms = []platform{p}
	return s.screens()
}

func press(t *testing.T, h http.Handler, path string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, ScreensPath+path+"/do", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// A new simulator has screens at once: the generic ones.
func TestGenericScreens(t *testing.T) {
	a := &app{called: "figma", staff: []Person{
		{Email: "ada@northwind.example", Status: "active", Role: "OWNER", ID: "u1"},
		{Email: "bo@northwind.example", Status: "suspended", Role: "MEMBER", ExtraRoles: []string{"billing"}, ID: "u2"},
		{Email: "bo@northwind.example", Status: "expired", Role: "MEMBER", ID: "i2"},
		{ID: "u3", Status: "active"},
	}}
	h := simulate(a)
	const hub = "figma/acme%2Feu"
	for _, c := range []struct {
		form string
		want Act
		next string
	}{
		{"action=invite&email=gia@northwind.example&role=MEMBER&name=Gia", Act{Action: "invite", Email: "gia@northwind.example", Role: "MEMBER", Name: "Gia"}, "/people?said=invite"},
		{"action=set_role&who=active:u1&role=MEMBER", Act{Action: "set_role", Email: "ada@northwind.example", Role: "MEMBER"}, "/people?said=set_role"},
		// All boxes are cleared, which is another thing than no boxes.
		{"action=set_role&who=active:u1&role=MEMBER&extras=all", Act{Action: "set_role", Email: "ada@northwind.example", Role: "MEMBER", ExtraRoles: []string{}}, "/people?said=set_role"},
		{"action=set_role&who=suspended:u2&role=MEMBER&extra_add=audit", Act{Action: "set_role", ID: "u2", Role: "MEMBER", ExtraRoles: []string{"billing", "audit"}}, "/people?said=set_role"},
		// Two people have the address: an act by address could take the wrong one.
		{"action=remove&who=expired:i2&said=cancelled", Act{Action: "remove", ID: "i2"}, "/people?said=cancelled"},
		{"action=remove&who=active:u3&said=%3Cb%3E", Act{Action: "remove", ID: "u3"}, "/people?said=remove"},
		{"action=sync&stay=1", Act{Action: "sync"}, "/people?said=sync&who=invited%3Au9"},
	} {
		a.acts = nil
		form, _ := url.ParseQuery(c.form + "&from=people&next=people")
		got := press(t, h, hub, form)
		acts, _ := json.Marshal(a.acts)
		want, _ := json.Marshal([]Act{c.want})
		if got.Code != http.StatusSeeOther || got.Header().Get("Location") != ScreensPath+hub+c.next || string(acts) != string(want) ||
			(len(a.acts) == 1 && (a.acts[0].ExtraRoles == nil) != (c.want.ExtraRoles == nil)) {
			t.Errorf("%s: %d to %s: %s, want %s", c.form, got.Code, got.Header().Get("Location"), acts, want)
		}
	}
	got := press(t, h, hub, url.Values{"action": {"set_role"}, "role": {"OWNER"}, "who": {"active:u1"}, "from": {"edit"}, "next": {"people"}})
	if got.Code != http.StatusConflict || !strings.Contains(got.Body.String(), "refused: there is one owner.") || !strings.Contains(got.Body.String(), `value="OWNER"`) {
		t.Errorf("refusal: %d %s", got.Code, got.Body)
	}
}

// Every screen of every platform renders, with everybody it can be about. A
// template that names what is not there fails when it is shown, not before.
func TestEveryScreenRenders(t *testing.T) {
	staff := []Person{{Email: "ada@northwind.example", Name: "Ada", PendingEmail: "a@northwind.example", Status: "active", Role: "ADMIN", ExtraRoles: []string{"x"}, ID: "1"}, {ID: "2"}}
	for _, status := range []string{StatusInvited, StatusExpired, StatusDeclined, StatusPendingApproval, "suspended", "unmatched"} {
		staff = append(staff, Person{Email: status + "@northwind.example", Status: status, ID: status})
	}
	platforms := []string{"figma"}
	for name := range screenSets {
		platforms = append(platforms, name)
	}
	for _, called := range platforms {
		s := New()
		s.platforms = []platform{&app{called: called, staff: staff}}
		h := s.screens()
		set, ok := screenTemplates[called]
		if !ok {
			set = screenTemplates[""]
		}
		shown := 0
		for _, tmpl := range set.Templates() {
			name, isScreen := strings.CutPrefix(tmpl.Name(), "screen ")
			if !isScreen || name == "index" {
				continue
			}
			for _, p := range staff {
				shown++
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet,
					ScreensPath+called+"/acme%2Feu/"+name+"?who="+url.QueryEscape(screenPerson{Person: p}.Key())+"&email=g@northwind.example&role=ADMIN&extra=x", nil))
				if w.Code != http.StatusOK || !strings.HasSuffix(strings.TrimSpace(w.Body.String()), "</html>") {
					t.Errorf("%s %s of %q: %d %s", called, name, p.Status, w.Code, w.Body)
				}
			}
		}
		if shown < 5*len(staff) {
			t.Errorf("%s has only %d pages", called, shown)
		}
	}
}
