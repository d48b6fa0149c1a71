package hubsim_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

const hour = time.Hour

func TestMetaAcceptance(t *testing.T) {
	w := newWire(t)
	w.post(users, "email", "eve@agency.example", "role", "ADMIN").ok()
	invitation := w.person("eve@agency.example").ID
	w.act(hubsim.Act{Action: "accept", Email: "EVE@agency.example", AcceptAs: "eve.private@mail.example", Name: "Eve Lund"})

	eve := w.person("Eve Lund")
	if eve.Status != "active" || eve.ID == invitation || eve.InvitationID != invitation || eve.Role != "ADMIN" {
		t.Errorf("eve = %+v", eve)
	}
	w.get(v+invitation).refused(100, 33)
	if n := len(w.get(pending + "?email=eve%40agency.example").rows()); n != 0 {
		t.Error("the accepted invitation is still pending")
	}
	got := w.get(v + eve.ID + "?fields=email,role,business_role_request{id,email,status}").ok()
	from := got["business_role_request"].(object)
	if got["email"] != "eve.private@mail.example" || from["email"] != "eve@agency.example" || from["status"] != "ACCEPTED" {
		t.Errorf("member = %v", got)
	}
	if _, err := w.sim.Act(meta, business, hubsim.Act{Action: "accept", Email: "eve@agency.example"}); !errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("accepting twice: %v", err)
	}
}

func TestMetaAcceptingAsAMember(t *testing.T) {
	w := newWire(t)
	act := hubsim.Act{Action: "accept", Email: "new.hire@agency.example", AcceptAs: "bo@agency.example"}
	if _, err := w.sim.Act(meta, business, act); !errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("err = %v", err)
	}
}

func TestMetaExpiry(t *testing.T) {
	w := newWire(t)
	id := w.person("new.hire@agency.example").ID
	w.sim.Clock().Advance(30*24*hour - time.Second)
	if n := len(w.get(pending).rows()); n != 1 {
		t.Fatalf("%d pending a second before the end", n)
	}
	w.sim.Clock().Advance(time.Second)
	if n := len(w.get(pending).rows()); n != 0 {
		t.Error("an expired invitation is pending")
	}
	if got := w.get(v + id + "?fields=status").ok(); got["status"] != "EXPIRED" {
		t.Errorf("by id = %v", got)
	}
	if p := w.person("new.hire@agency.example"); p.Status != "expired" {
		t.Errorf("truth = %+v", p)
	}
	w.post(v+id, "role", "ADMIN").refused(100, 0)
	if _, err := w.sim.Act(meta, business, hubsim.Act{Action: "accept", Email: "new.hire@agency.example"}); err == nil {
		t.Error("an expired invitation was accepted")
	}

	w.configure(hubsim.Settings{"keep_closed_invitations": true})
	equal(t, "kept", w.get(pending+"?fields=status").column("status"), []string{"EXPIRED"})
	w.post(users, "email", "new.hire@agency.example").ok()
	equal(t, "after inviting again", w.get(pending+"?fields=status").column("status"), []string{"EXPIRED", "PENDING"})
	if p := w.person("new.hire@agency.example"); p.Status != "invited" || p.ID == id {
		t.Errorf("truth = %+v", p)
	}
}

func TestMetaDeclineAndExpireByHand(t *testing.T) {
	w := newWire(t)
	w.act(hubsim.Act{Action: "invite", Email: "eve@agency.example", Role: "ADMIN"})
	w.act(hubsim.Act{Action: "decline", Email: "new.hire@agency.example"})
	w.act(hubsim.Act{Action: "expire", Email: "eve@agency.example"})
	if n := len(w.get(pending).rows()); n != 0 {
		t.Errorf("%d pending", n)
	}
	if got := w.get(v + w.person("new.hire@agency.example").ID).ok(); got["status"] != "DECLINED" {
		t.Errorf("declined = %v", got)
	}
	if got := w.person("eve@agency.example").Status; got != "expired" {
		t.Errorf("eve is %s", got)
	}
	for _, act := range []hubsim.Act{
		{Action: "decline", Email: "nobody@agency.example"},
		{Action: "invite", Email: "bo@agency.example"},
		{Action: "invite", Email: "not an address"},
		{Action: "invite", Email: "x@agency.example", Role: "OWNER"},
		{Action: "remove", Email: "nobody@agency.example"},
		{Action: "remove", ID: "1"},
	} {
		if _, err := w.sim.Act(meta, business, act); !errors.Is(err, hubsim.ErrImpossible) {
			t.Errorf("%+v: %v", act, err)
		}
	}
	if _, err := w.sim.Act(meta, business, hubsim.Act{Action: "dance"}); err == nil || errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("an unknown act: %v", err)
	}
}

func TestMetaVisibilityLag(t *testing.T) {
	w := newWire(t)
	w.configure(hubsim.Settings{"visibility_lag": "30s"})
	bo := w.person("Bo Chen").ID

	w.post(users, "email", "eve@agency.example").ok()
	w.del(v + bo).ok()
	eve := w.person("eve@agency.example").ID
	seen := func() (members, invited int) {
		return len(w.get(users + "?limit=100").rows()), len(w.get(pending + "?limit=100").rows())
	}
	if members, invited := seen(); members != 3 || invited != 1 {
		t.Errorf("at once: %d members, %d invited", members, invited)
	}
	w.get(v+eve).refused(100, 33)
	w.get(v + bo).ok()
	// The platform itself knows at once.
	w.post(users, "email", "eve@agency.example").refused(100, 1990055)
	w.del(v+bo).refused(100, 33)

	w.sim.Clock().Advance(30 * time.Second)
	if members, invited := seen(); members != 2 || invited != 2 {
		t.Errorf("after the lag: %d members, %d invited", members, invited)
	}
	w.get(v + eve).ok()
	w.get(v+bo).refused(100, 33)

	w.act(hubsim.Act{Action: "accept", Email: "eve@agency.example"})
	if members, invited := seen(); members != 2 || invited != 2 {
		t.Errorf("accepted, not shown yet: %d members, %d invited", members, invited)
	}
	equal(t, "statuses", w.get(pending+"?fields=status").column("status"), []string{"PENDING", "PENDING"})
	w.sim.Clock().Advance(30 * time.Second)
	if members, invited := seen(); members != 3 || invited != 1 {
		t.Errorf("accepted and shown: %d members, %d invited", members, invited)
	}
}

func TestMetaThrottleByTime(t *testing.T) {
	w := newWire(t)
	for _, code := range []int{4, 17, 32, 341, 613, 80004} {
		w.configure(hubsim.Settings{"throttle": hubsim.Settings{"code": code, "minutes": 19}})
		w.sim.Clock().Advance(30 * time.Second)
		got := w.get(users)
		got.refused(code, 0)
		var app struct {
			Calls int `json:"call_count"`
		}
		if err := json.Unmarshal([]byte(got.header.Get("X-App-Usage")), &app); err != nil || app.Calls != 100 {
			t.Errorf("X-App-Usage %q", got.header.Get("X-App-Usage"))
		}
		var usage map[string][]struct {
			Type   string `json:"type"`
			Calls  int    `json:"call_count"`
			Regain int    `json:"estimated_time_to_regain_access"`
		}
		header := got.header.Get("X-Business-Use-Case-Usage")
		if err := json.Unmarshal([]byte(header), &usage); err != nil || len(usage[business]) != 1 ||
			usage[business][0].Regain != 19 || usage[business][0].Calls != 100 {
			t.Errorf("X-Business-Use-Case-Usage %q", header)
		}
		w.get(v+"me").refused(code, 0)
		w.sim.Clock().Advance(19 * time.Minute)
		w.get(users).ok()
	}
}

func TestMetaThrottleByCallsAndLengthening(t *testing.T) {
	w := newWire(t)
	w.configure(hubsim.Settings{"throttle": hubsim.Settings{"code": 613, "calls": 2, "writes_only": true}})
	w.get(users).ok()
	w.post(users, "email", "a@b.example").refused(613, 0)
	w.post(users, "email", "a@b.example").refused(613, 0)
	w.post(users, "email", "a@b.example").ok()

	w.configure(hubsim.Settings{"throttle": hubsim.Settings{"code": 80004, "minutes": 5, "lengthen_minutes": 5}})
	w.get(users).refused(80004, 0)
	w.sim.Clock().Advance(6 * time.Minute)
	w.get(users).refused(80004, 0) // calling had lengthened it
	w.configure(hubsim.Settings{"throttle": nil})
	w.get(users).ok()

	// A throttle set anew owes nothing to the one before.
	w.configure(hubsim.Settings{"throttle": hubsim.Settings{"code": 4, "minutes": 5, "writes_only": true}})
	w.configure(hubsim.Settings{"throttle": hubsim.Settings{"code": 17, "calls": 1}})
	w.get(users).refused(17, 0)
	w.get(users).ok()
}

func TestMetaTransientTrouble(t *testing.T) {
	w := newWire(t)
	for code, status := range map[int]int{1: 500, 2: 503} {
		w.configure(hubsim.Settings{"transient": hubsim.Settings{"code": code, "calls": 2}})
		for range 2 {
			got := w.get(users)
			if failure := got.refused(code, 0); failure["is_transient"] != true || got.status != status {
				t.Errorf("status %d, error %v", got.status, failure)
			}
		}
		w.get(users).ok()
	}
}

func TestMetaTroubleWithoutEnd(t *testing.T) {
	w := newWire(t)
	w.configure(hubsim.Settings{hubsim.RateLimited: true})
	for range 3 {
		if got := w.get(users); got.header.Get("X-App-Usage") != `{"call_count":100,"total_time":50,"total_cputime":50}` {
			t.Errorf("X-App-Usage %q", got.header.Get("X-App-Usage"))
		} else {
			got.refused(4, 0)
		}
	}
	w.configure(hubsim.Settings{hubsim.RateLimited: false, hubsim.Unavailable: true})
	w.get(users).refused(2, 0)
	w.configure(hubsim.Settings{hubsim.Unavailable: false})
	w.get(users).ok()
}

func TestMetaUsageHeadersAppearLate(t *testing.T) {
	w := newWire(t)
	w.configure(hubsim.Settings{"usage_headers_after": 3, "usage_percent": 85})
	for call := 1; call <= 3; call++ {
		header := w.get(users).header
		if got := header.Get("X-App-Usage"); (got != "") != (call >= 3) {
			t.Errorf("call %d: X-App-Usage %q", call, got)
		}
	}
	if got := w.get(users).header.Get("X-App-Usage"); got != `{"call_count":85,"total_time":42,"total_cputime":42}` {
		t.Errorf("X-App-Usage %q", got)
	}
	w.configure(hubsim.Settings{"usage_headers_after": -1})
	if got := w.get(users).header.Get("X-Business-Use-Case-Usage"); got != "" {
		t.Errorf("header given: %q", got)
	}
}
