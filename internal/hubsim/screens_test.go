package hubsim_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// That the screens lead where the printed steps say is tested beside the demo,
// in tools/hubsim: here is what holds for every screen.

// page is an answer to a look or a click, without following a redirect.
type page struct {
	status int
	header http.Header
	body   string
}

func (w *wire) browse(method, path string, form url.Values) page {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.base+hubsim.ScreensPath+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return page{resp.StatusCode, resp.Header, string(body)}
}

// press sends a form of the hub.
func (w *wire) press(hub string, fields ...string) page {
	w.t.Helper()
	form := url.Values{"from": {"people"}, "next": {"people"}}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		form.Set(name, value)
	}
	return w.browse(http.MethodPost, hub+"/do", form)
}

// key names somebody as the screens' addresses do.
func (w *wire) key(platform, business, email string) string {
	w.t.Helper()
	people, err := w.sim.People(platform, business)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range people {
		if strings.EqualFold(p.Email, email) {
			return p.Status + ":" + p.ID
		}
	}
	w.t.Fatalf("no %s on %s/%s", email, platform, business)
	return ""
}

const metaScreens = meta + "/" + business

func TestScreensRefuseWhatThePlatformRefuses(t *testing.T) {
	w := newWire(t)
	ada, cleo, bo := w.key(meta, business, "ada@agency.example"), w.key(meta, business, "cleo@agency.example"), w.key(meta, business, "bo@agency.example")
	ok := w.press(metaScreens, "action=remove", "who="+cleo)
	if ok.status != http.StatusSeeOther || ok.header.Get("Location") != hubsim.ScreensPath+metaScreens+"/people?said=remove" {
		t.Errorf("remove: %d to %q", ok.status, ok.header.Get("Location"))
	}
	for name, c := range map[string]struct {
		fields []string
		says   string
	}{
		"the last admin goes":      {[]string{"action=remove", "who=" + ada}, "the last admin"},
		"the last admin demoted":   {[]string{"action=set_role", "role=EMPLOYEE", "who=" + ada}, "the last admin"},
		"somebody gone":            {[]string{"action=remove", "who=" + cleo}, "nobody is there under this name"},
		"invited by now, they say": {[]string{"action=remove", "who=" + strings.Replace(bo, "active", "invited", 1)}, "nobody is there under this name"},
		"nobody":                   {[]string{"action=remove"}, "nobody is there under this name"},
		"invited twice":            {[]string{"action=invite", "email=new.hire@agency.example"}, "invited"},
		"no address":               {[]string{"action=invite", "email= , "}, "an e-mail address is needed"},
		"not an address":           {[]string{"action=invite", "email=bo"}, "not an e-mail address"},
		"no such role":             {[]string{"action=set_role", "role=KING", "who=" + bo}, "KING"},
	} {
		got := w.press(metaScreens, c.fields...)
		if got.status != http.StatusConflict || !strings.Contains(got.body, `role="alert"`) || !strings.Contains(got.body, c.says) {
			t.Errorf("%s: %d, want 409 with %q in\n%s", name, got.status, c.says, got.body)
		}
		if strings.Contains(got.body, "impossible") {
			t.Errorf("%s: the page speaks of acts: %s", name, got.body)
		}
	}
	people, err := w.sim.People(meta, business)
	if err != nil || len(people) != 3 {
		t.Errorf("%d people, %v: a refused click changed somebody", len(people), err)
	}
	if status, body := w.control("POST", "hubs/"+metaScreens+"/acts", `{"action":"remove","email":"ada@agency.example"}`); status != http.StatusConflict || !strings.Contains(body, "the last admin") {
		t.Errorf("the control API: %d %s", status, body)
	}
}

func TestScreensChangeOnlyByPost(t *testing.T) {
	w := newWire(t)
	bo := w.key(meta, business, "bo@agency.example")
	for name, c := range map[string]struct {
		got  page
		want int
	}{
		"a look that would remove": {w.browse("GET", metaScreens+"/do?action=remove&who="+url.QueryEscape(bo), nil), 404},
		"a page that removes":      {w.browse("GET", metaScreens+"/people?action=remove&who="+url.QueryEscape(bo), nil), 200},
		"post to a page":           {w.browse("POST", metaScreens+"/people", url.Values{}), 405},
		"an act of no control":     {w.press(metaScreens, "action=join", "email=x@agency.example"), 400},
		"no act":                   {w.press(metaScreens), 400},
		"to another site":          {w.press(metaScreens, "action=remove", "who="+bo, "next=//evil.example"), 400},
		"from nowhere":             {w.press(metaScreens, "action=remove", "who="+bo, "from=nowhere"), 404},
		"the address has the act":  {w.browse("POST", metaScreens+"/do?action=remove&who="+url.QueryEscape(bo), url.Values{"from": {"people"}, "next": {"people"}}), 400},
		"no screen":                {w.browse("GET", metaScreens+"/secrets", nil), 404},
		"no hub":                   {w.browse("GET", meta+"/404/", nil), 404},
		"no platform":              {w.browse("GET", "myspace/1/people", nil), 404},
		"nobody's page":            {w.browse("GET", metaScreens+"/person?who=active:0", nil), 404},
	} {
		if c.got.status != c.want {
			t.Errorf("%s: %d, want %d: %s", name, c.got.status, c.want, c.got.body)
		}
	}
	people, err := w.sim.People(meta, business)
	if err != nil || len(people) != 4 || len(w.sim.Requests()) != 0 {
		t.Errorf("%d people, %v, %d calls: something else than a pressed control had an effect", len(people), err, len(w.sim.Requests()))
	}
}

func TestScreensEscape(t *testing.T) {
	const script, quote = `<script>alert(1)</script>`, `" onmouseover="alert(1)`
	sim := hubsim.New()
	err := sim.Apply(hubsim.Seed{Hubs: []hubsim.HubSeed{{
		Platform: meta, BusinessID: business, Name: script,
		People: []hubsim.PersonSeed{
			{Email: "ada@agency.example", Name: script, Role: "ADMIN"},
			{Name: quote, Role: "ADMIN"},
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, sim: sim, base: sim.Start(t)}
	who := w.key(meta, business, "ada@agency.example")
	hostile := url.Values{"who": {who}, "email": {script + quote}, "role": {script}, "extra": {quote}, "said": {script}, "name": {quote}}
	for _, name := range []string{"", "people", "person", "manage", "remove", "mail", "settings", "invite", "invite-access", "invite-assets", "invite-review"} {
		got := w.browse("GET", metaScreens+"/"+name+"?"+hostile.Encode(), nil)
		if got.status != 200 || strings.Contains(got.body, "<script") || strings.Contains(got.body, `" onmouseover`) {
			t.Errorf("%s: %d\n%s", name, got.status, got.body)
		}
		policy := got.header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", name, got.header)
		}
	}
	if index := w.browse("GET", "", nil); strings.Contains(index.body, "<script") || !strings.Contains(index.body, "business.facebook.com") {
		t.Errorf("index: %s", index.body)
	}
	if refused := w.press(metaScreens, "action=invite", "email="+script); refused.status != 409 || strings.Contains(refused.body, "<script") {
		t.Errorf("refusal: %d %s", refused.status, refused.body)
	}
}

// The mailbox is the part of the invited person.
func TestScreensMailbox(t *testing.T) {
	w := newWire(t)
	got := w.press(metaScreens, "action=accept", "from=mail", "next=mail", "who="+w.key(meta, business, "new.hire@agency.example"))
	if got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if key := w.key(meta, business, "new.hire@agency.example"); !strings.HasPrefix(key, "active:") {
		t.Errorf("after accepting: %s", key)
	}
	if mail := w.browse("GET", metaScreens+"/mail?said=accept", nil); !strings.Contains(mail.body, "No open invitation") || !strings.Contains(mail.body, "was accepted") {
		t.Errorf("%s", mail.body)
	}
}

// One field of Pinterest's takes several addresses.
func TestScreensInviteSeveral(t *testing.T) {
	sim := hubsim.New()
	const hub = "2783136121146310001"
	if err := sim.Apply(hubsim.Seed{Hubs: []hubsim.HubSeed{{Platform: pinterest, BusinessID: hub, People: []hubsim.PersonSeed{{Email: "ada@agency.example", Role: "BIZ_ADMIN"}}}}}); err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, sim: sim, base: sim.Start(t)}
	got := w.press(pinterest+"/"+hub, "action=invite", "role=EMPLOYEE", "next=assign", "email=x@agency.example, y@agency.example")
	if got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	for _, email := range []string{"x@agency.example", "y@agency.example"} {
		if key := w.key(pinterest, hub, email); !strings.HasPrefix(key, "invited:") {
			t.Errorf("%s: %s", email, key)
		}
	}
}

// What waits for a second administrator is approved, rejected or withdrawn on a
// screen of its own.
func TestScreensApprovals(t *testing.T) {
	w := newGoogleWire(t)
	w.configure(hubsim.Settings{"multi_party_approval": "always"})
	w.invite("eve@northwind.example", "STANDARD").result("multiPartyAuthReview")
	w.setRole(w.access("bo@northwind.example"), "ADMIN").result("multiPartyAuthReview")
	rea := w.person("rea@northwind.example")
	w.setRole(w.access("rea@northwind.example"), "STANDARD").result("multiPartyAuthReview")

	const hub = google + "/" + customer
	waiting := w.browse("GET", hub+"/approvals", nil)
	for _, want := range []string{"eve@northwind.example", "Invite with the level STANDARD", "Change the level to ADMIN", "Asked by", "ada@northwind.example", ">Approve<", "(3)"} {
		if !strings.Contains(waiting.body, want) {
			t.Errorf("%q is not on the screen:\n%s", want, waiting.body)
		}
	}
	decide := func(action, email, id string) {
		t.Helper()
		if got := w.press(hub, "action="+action, "held="+id, "email="+email, "from=approvals", "next=approvals"); got.status != http.StatusSeeOther {
			t.Errorf("%s %s: %d %s", action, email, got.status, got.body)
		}
	}
	decide("approve", "eve@northwind.example", "5501")
	decide("reject", "bo@northwind.example", w.person("bo@northwind.example").ID)
	decide("revoke", "rea@northwind.example", rea.ID)
	if eve, bo := w.person("eve@northwind.example"), w.person("bo@northwind.example"); eve.Status != "invited" || bo.Role != "STANDARD" {
		t.Errorf("eve = %+v, bo = %+v", eve, bo)
	}
	if left := w.browse("GET", hub+"/approvals", nil); !strings.Contains(left.body, "Nothing waits for approval") {
		t.Errorf("%s", left.body)
	}
	if again := w.press(hub, "action=approve", "held=5501", "email=eve@northwind.example", "from=approvals", "next=approvals"); again.status != http.StatusConflict || !strings.Contains(again.body, "nothing awaits approval") {
		t.Errorf("approved twice: %d %s", again.status, again.body)
	}
}
