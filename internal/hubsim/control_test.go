package hubsim_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func readCloser(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

// control calls the control API and returns the status and the body.
func (w *wire) control(method, path, body string) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.base+"/_sim/"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

func TestControlAPI(t *testing.T) {
	w := newWire(t)
	hub := "hubs/" + meta + "/" + business
	w.get(users + "?access_token=" + token)
	for _, step := range []struct {
		call, body string
		status     int
		holds      string
	}{
		{"GET ", "", 200, "hubsim control API"},
		{"GET hubs", "", 200, `"business_id":"222000111000222"`},
		{"GET " + hub, "", 200, `"count":{"active":3,"invited":1}`},
		{"GET " + hub, "", 200, `"visibility_lag":"0s"`},
		{"GET " + hub + "/people", "", 200, `"email":"ada@agency.example"`},
		{"POST " + hub + "/acts", `{"action":"accept","email":"new.hire@agency.example","accept_as":"nh@mail.example"}`, 200, `"status":"active"`},
		{"POST " + hub + "/acts", `{"action":"accept","email":"new.hire@agency.example"}`, 409, "no invitation"},
		{"POST " + hub + "/acts", `{"action":"accept","mail":"x"}`, 400, `unknown field \"mail\"`},
		{"POST " + hub + "/acts", `{"action":"dance"}`, 400, "not one of"},
		{"POST hubs/" + meta + "/404/acts", `{"action":"accept"}`, 404, "unknown hub"},
		{"GET hubs/myspace/1/people", "", 404, "unknown platform"},
		{"PATCH " + hub + "/settings", `{"visibility_lag":"5s","token_expired":true}`, 200, `"token_expired":true`},
		{"GET " + hub + "/settings", "", 200, `"visibility_lag":"5s"`},
		{"PATCH " + hub + "/settings", `{"token_expird":true}`, 400, "unknown setting"},
		{"PATCH " + hub + "/settings", `{"page_shape":"round"}`, 400, "page_shape"},
		{"PATCH " + hub + "/settings", `{"visibility_lag":5}`, 400, "duration"},
		{"PATCH " + hub + "/settings", `{"throttle":{"code":5}}`, 400, "throttle code"},
		{"GET requests", "", 200, `"operation":"list_members"`},
		{"GET requests?operation=invite", "", 200, "[]"},
		{"GET requests?writes=true&platform=x&business=y&after=3", "", 200, "[]"},
		{"GET requests?colour=red", "", 400, "unknown filter"},
		{"GET requests/counts", "", 200, `{"list_members":1}`},
		{"DELETE requests", "", 200, "done"},
		{"GET requests", "", 200, "[]"},
		{"POST faults", `{"kind":"delay","delay":"1ms","times":1}`, 200, `{"id":1}`},
		{"POST faults", `{"kind":"boom"}`, 400, "fault kind"},
		{"POST faults", `{"knd":"html"}`, 400, "unknown field"},
		{"GET faults", "", 200, `"delay":"1ms"`},
		{"DELETE faults/1", "", 200, "done"},
		{"DELETE faults/1", "", 400, "no fault"},
		{"DELETE faults", "", 200, "done"},
		{"GET faults", "", 200, "[]"},
		{"GET clock", "", 200, `{"frozen":true,"now":"2026-11-20T10:15:00Z"}`},
		{"POST clock", `{"advance":"36h"}`, 200, `2026-11-21T22:15:00Z`},
		{"POST clock", `{"advance":"-1h"}`, 400, "backwards"},
		{"POST clock", `{"frozen":false}`, 200, `"frozen":false`},
		{"POST seed", `{"hubs":[{"platform":"meta_business","business_id":"9","generate":{"members":3,"admins":1}}]}`, 200, "done"},
		{"POST seed", `{"hubs":[{"platform":"meta_business","business_id":"9"}]}`, 400, "is there already"},
		{"POST seed", `{"hubs":[{"platform":"meta_business","business_id":"8","people":[{"mail":"x"}]}]}`, 400, "unknown field"},
		{"POST seed", ``, 400, "no JSON document"},
		{"POST seed", `{}{}`, 400, "more than one"},
		{"GET hubs/meta_business/9", "", 200, `"role":"ADMIN"`},
		{"POST faults", `{"kind":"html"}`, 200, `{"id":2}`},
		{"POST reset", "", 200, "done"},
		{"GET faults", "", 200, "[]"},
		{"GET hubs/meta_business/9", "", 404, "unknown hub"},
		{"GET " + hub + "/people", "", 200, `"status":"invited"`},
		{"GET nothing", "", 404, "no such endpoint"},
	} {
		method, path, _ := strings.Cut(step.call, " ")
		status, body := w.control(method, path, step.body)
		if status != step.status || !strings.Contains(body, step.holds) {
			t.Errorf("%s %s: %d %s, want %d with %s", step.call, step.body, status, body, step.status, step.holds)
		}
		if strings.Contains(body, token) || strings.Contains(body, secret) {
			t.Errorf("%s shows a secret: %s", step.call, body)
		}
	}
	w.get(users).ok() // the reset brought the credentials back, and ended the causes
}

func TestConfigureErrorsCanBeTold(t *testing.T) {
	w := newWire(t)
	if err := w.sim.Configure(meta, business, hubsim.Settings{"no_such": true}); !errors.Is(err, hubsim.ErrUnknownSetting) {
		t.Errorf("err = %v", err)
	}
	if err := w.sim.Configure(meta, "1", nil); !errors.Is(err, hubsim.ErrUnknownHub) {
		t.Errorf("err = %v", err)
	}
	if _, err := w.sim.People("myspace", "1"); !errors.Is(err, hubsim.ErrUnknownPlatform) {
		t.Errorf("err = %v", err)
	}
	for _, name := range []string{
		hubsim.TokenExpired, hubsim.TokenInvalid, hubsim.PermissionMissing, hubsim.NotAdmin, hubsim.SecondFactor, hubsim.Blocked,
		hubsim.RateLimited, hubsim.Unavailable,
	} {
		w.configure(hubsim.Settings{name: true})
	}
}

func TestReadSeed(t *testing.T) {
	seed, err := hubsim.ReadSeed([]byte(`{"hubs":[{"platform":"meta_business","business_id":"5","settings":{"visibility_lag":"2s"},
		"people":[{"email":"ada@x.example","role":"ADMIN","extra_roles":["DEVELOPER"],"pending_email":"a@x.example"},
		          {"email":"eve@x.example","status":"declined"}, {"email":"finn@x.example","status":"expired"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	sim := hubsim.New()
	if err := sim.Apply(seed); err != nil {
		t.Fatal(err)
	}
	people, err := sim.People(meta, "5")
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, p := range people {
		got += fmt.Sprintln(p.Email, p.PendingEmail, p.Role, p.ExtraRoles, p.Status)
	}
	want := "ada@x.example a@x.example ADMIN [DEVELOPER] active\neve@x.example  EMPLOYEE [] declined\nfinn@x.example  EMPLOYEE [] expired\n"
	if got != want {
		t.Errorf("people:\n%s", got)
	}
	for _, bad := range []string{
		`{"hub":[]}`, `{"hubs":[{"platform":"meta_business","busines_id":"5"}]}`, `[]`, ``,
	} {
		if _, err := hubsim.ReadSeed([]byte(bad)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
	for _, bad := range []hubsim.HubSeed{
		{Platform: meta, BusinessID: "northwind"},
		{Platform: "myspace", BusinessID: "1"},
		{Platform: meta, BusinessID: "6", Settings: hubsim.Settings{"x": 1}},
		{Platform: meta, BusinessID: "6", People: []hubsim.PersonSeed{{Email: "a@x.example", Role: "OWNER"}}},
		{Platform: meta, BusinessID: "6", People: []hubsim.PersonSeed{{Email: "a@x.example", Status: "asleep"}}},
		{Platform: meta, BusinessID: "6", People: []hubsim.PersonSeed{{Email: "nobody"}}},
		{Platform: meta, BusinessID: "6", People: []hubsim.PersonSeed{{Status: "invited"}}},
		{Platform: meta, BusinessID: "6", People: []hubsim.PersonSeed{{Email: "a@x.example"}, {Email: "A@x.example"}}},
	} {
		if err := sim.Apply(hubsim.Seed{Hubs: []hubsim.HubSeed{bad}}); err == nil {
			t.Errorf("%+v was applied", bad)
		}
	}
}

func TestClockRunsUnlessFrozen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := hubsim.New(hubsim.StartAt(start)).Clock()
		time.Sleep(3 * time.Second)
		if got := clock.Now(); !got.Equal(start.Add(3 * time.Second)) {
			t.Errorf("running: %s", got)
		}
		clock.Freeze()
		time.Sleep(time.Hour)
		clock.Advance(2 * time.Second)
		clock.Advance(-time.Hour) // it never runs backwards
		if got := clock.Now(); !got.Equal(start.Add(5*time.Second)) || !clock.Frozen() {
			t.Errorf("frozen: %s", got)
		}
		clock.Unfreeze()
		time.Sleep(time.Second)
		clock.Advance(time.Minute)
		if got := clock.Now(); !got.Equal(start.Add(66 * time.Second)) {
			t.Errorf("running again: %s", got)
		}
	})
}

func TestRealTimeIsTheDefault(t *testing.T) {
	if d := time.Since(hubsim.New().Clock().Now()); d < -time.Second || d > time.Minute {
		t.Errorf("the clock is %s off", d)
	}
}
