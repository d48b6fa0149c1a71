package hubsim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestPinterestRefreshRotates(t *testing.T) {
	w := newPinWire(t)
	first := w.token(pinClient, pinSecret, pinRefresh, "biz_access:read,user_accounts:read").ok()
	if first["token_type"] != "bearer" || first["response_type"] != "refresh_token" || first["expires_in"] != 2592000.0 ||
		first["refresh_token_expires_in"] != 5184000.0 || first["refresh_token_expires_at"] != float64(start.AddDate(0, 0, 60).Unix()) ||
		first["scope"] != "biz_access:read user_accounts:read" {
		t.Errorf("answer = %v", first)
	}
	next := first["refresh_token"].(string)
	w.as(first["access_token"].(string)).get(homeMembers).ok()
	w.as(first["access_token"].(string)).invite("EMPLOYEE", "a@b.example").pinRefused(401, 3) // asked for less

	w.token(pinClient, pinSecret, pinRefresh, "").pinRefused(401, 2) // used
	second := w.token(pinClient, pinSecret, next, "").ok()
	w.as(second["access_token"].(string)).invite("EMPLOYEE", "a@b.example").ok()
	w.as(first["access_token"].(string)).get(homeMembers).ok()
	w.as(pinOlive).get(homeMembers).ok()
}

func TestPinterestRefreshRefusals(t *testing.T) {
	w := newPinWire(t)
	w.token("other", pinSecret, pinRefresh, "").pinRefused(401, 2)
	w.token(pinClient, "wrong", pinRefresh, "").pinRefused(401, 2)
	w.token(pinClient, pinSecret, "pinr.unknown", "").pinRefused(401, 2)
	w.token(pinClient, pinSecret, "", "").pinRefused(400, 1)
	w.token(pinClient, pinSecret, pinRefresh, "ads:read").pinRefused(400, 1)
	for name, c := range map[string]struct {
		form, contentType string
		status, code      int
	}{
		"JSON":             {`{"grant_type":"refresh_token","refresh_token":"` + pinRefresh + `"}`, "application/json", 400, 1},
		"no grant":         {"refresh_token=" + pinRefresh, "application/x-www-form-urlencoded", 400, 1},
		"other grant":      {"grant_type=client_credentials&scope=biz_access:read", "application/x-www-form-urlencoded", 400, 1},
		"secret in form":   {"grant_type=refresh_token&refresh_token=" + pinRefresh + "&client_secret=" + pinSecret, "application/x-www-form-urlencoded", 400, 1},
		"repeated":         {"grant_type=refresh_token&refresh_token=" + pinRefresh + "&refresh_token=x", "application/x-www-form-urlencoded", 400, 1},
		"no authorization": {"grant_type=refresh_token&refresh_token=" + pinRefresh, "application/x-www-form-urlencoded", 401, 2},
	} {
		r := w.request("POST", "/v5/oauth/token", c.form)
		r.Header.Set("Content-Type", c.contentType)
		if name != "no authorization" {
			r.SetBasicAuth(pinClient, pinSecret)
		}
		got := w.do(r)
		if got.status != c.status {
			t.Errorf("%s: status %d", name, got.status)
		}
		got.pinRefused(c.status, c.code)
	}
	err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{{
		"platform": pinterest, "name": "other app", "client_id": "3", "client_secret": "s3", "refresh_token": "pinr.other",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	w.token("3", "s3", pinRefresh, "").pinRefused(401, 2) // another app's
	query := w.request("POST", "/v5/oauth/token?grant_type=refresh_token", "")
	query.SetBasicAuth(pinClient, pinSecret)
	w.do(query).pinRefused(400, 1)
	w.token(pinClient, pinSecret, pinRefresh, "").ok() // none of it used the token up
}

func TestPinterestTokensExpireByTheClock(t *testing.T) {
	w := newPinWire(t)
	err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{{
		"platform": pinterest, "name": "short", "access_token": "pina_short", "expires_in": "1h", "businesses": []string{home},
		"client_id": "2", "client_secret": "s2", "refresh_token": "pinr.short", "access_token_lifetime": "10m", "refresh_token_lifetime": "30m",
		"scope_separator": ",",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	page := w.as("pina_short").get(homeMembers + "?page_size=1")
	granted := w.token("2", "s2", "pinr.short", "").ok()
	if granted["expires_in"] != 600.0 || granted["scope"] != "biz_access:read,biz_access:write,user_accounts:read" {
		t.Errorf("answer = %v", granted)
	}
	w.sim.Clock().Advance(10*time.Minute - time.Second)
	issued := w.as(granted["access_token"].(string))
	issued.get(homeMembers).ok()
	w.sim.Clock().Advance(time.Second)
	issued.get(homeMembers+"?page_size=1&bookmark="+page.body["bookmark"].(string)).pinRefused(401, 2) // in the middle of a list
	w.as("pina_short").get(homeMembers).ok()
	w.sim.Clock().Advance(50 * time.Minute)
	w.as("pina_short").get(homeMembers).pinRefused(401, 2)
	w.token("2", "s2", granted["refresh_token"].(string), "").pinRefused(401, 2)

	if err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{{
		"platform": pinterest, "name": "short", "client_id": "2", "client_secret": "s2", "refresh_token": "pinr.again",
		"reusable_refresh_token": true, "businesses": []string{home},
	}}}); err != nil {
		t.Fatal(err)
	}
	w.token("2", "s2", "pinr.again", "").ok()
	w.token("2", "s2", "pinr.again", "").ok()
}

func (w *pinWire) statuses(path string) string {
	w.t.Helper()
	got := []string{}
	for _, row := range w.get(path).items() {
		got = append(got, row["invite_data"].(object)["invite_status"].(string))
	}
	return strings.Join(got, " ")
}

func TestPinterestInvitationsExpire(t *testing.T) {
	w := newPinWire(t)
	sam := w.person("sam@northwind.example").ID
	w.sim.Clock().Advance(7*24*time.Hour - time.Second)
	if got := w.statuses(everyStatus); got != "PENDING" {
		t.Errorf("statuses %q", got)
	}
	w.sim.Clock().Advance(time.Second)
	if got := w.statuses(everyStatus) + ", " + w.statuses(homeInvites+"?invite_status=PENDING"); got != "EXPIRED, " {
		t.Errorf("statuses %q", got)
	}
	if w.person("sam@northwind.example").Status != "expired" {
		t.Error("not expired")
	}
	w.configure(hubsim.Settings{"late_expiry": true})
	row := w.get(homeInvites + "?invite_status=PENDING").items()[0]["invite_data"].(object)
	if row["invite_status"] != "PENDING" || row["invite_expiration"].(float64) > float64(w.sim.Clock().Now().UnixMilli()) {
		t.Errorf("row = %v", row)
	}
	w.configure(hubsim.Settings{"late_expiry": false, "cancel_expired": false})
	if exception(w.cancel(sam).items()[0]) == nil {
		t.Error("an expired invitation was cancelled")
	}
	// Invited again, the expired row stands beside the new one.
	w.configure(hubsim.Settings{"invitation_lifetime": "24h", "cancel_expired": true})
	w.invite("EMPLOYEE", "sam@northwind.example").items()
	if got := w.statuses(everyStatus); got != "EXPIRED PENDING" {
		t.Errorf("statuses %q", got)
	}
	if got := w.person("sam@northwind.example"); got.ID == sam || got.Status != "invited" {
		t.Errorf("sam = %+v", got)
	}
	if exception(w.cancel(sam).items()[0]) != nil || w.person("sam@northwind.example").Status != "invited" {
		t.Error("cancelling the expired row failed, or cancelled the other")
	}
	w.sim.Clock().Advance(24 * time.Hour)
	if got := w.statuses(everyStatus); got != "EXPIRED" {
		t.Errorf("statuses %q", got)
	}
}

func TestPinterestClosedInvitationsVanish(t *testing.T) {
	w := newPinWire(t)
	w.act(hubsim.Act{Action: "decline", Email: "sam@northwind.example"})
	w.act(hubsim.Act{Action: "invite", Email: "eve@x.example"})
	w.act(hubsim.Act{Action: "accept", Email: "eve@x.example"})
	if got := w.statuses(homeInvites); got != "" || w.person("sam@northwind.example").Status != "declined" {
		t.Errorf("statuses %q", got)
	}
	w.configure(hubsim.Settings{"keep_closed_invitations": true})
	if got := w.statuses(homeInvites) + "," + w.statuses(everyStatus); got != "DECLINED ACCEPTED," {
		t.Errorf("statuses %q", got)
	}
}

func TestPinterestVisibilityLag(t *testing.T) {
	w := newPinWire(t)
	w.configure(hubsim.Settings{hubsim.VisibilityLag: "30s"})
	bo, lee := w.person("bo_northwind").ID, w.person("lee_ads").ID
	w.setRole(bo, "BIZ_ADMIN").ok()
	w.remove(lee, "EMPLOYEE").ok()
	w.invite("EMPLOYEE", "hire@x.example").ok()
	w.act(hubsim.Act{Action: "accept", Email: "sam@northwind.example"})
	seen := func() string {
		members := w.get(homeMembers)
		return fmt.Sprint(members.users("username"), members.items()[2]["business_roles"], w.get(everyStatus).users("email"))
	}
	if got := seen(); got != "[ada_diaz olive_northwind bo_northwind lee_ads] [EMPLOYEE] [sam@northwind.example]" {
		t.Errorf("at once: %s", got)
	}
	w.sim.Clock().Advance(30 * time.Second)
	if got := seen(); got != "[ada_diaz olive_northwind bo_northwind sam_northwind] [BIZ_ADMIN] [hire@x.example]" {
		t.Errorf("after the lag: %s", got)
	}
}

// rate is the three headers of an answer.
func rate(h http.Header) string {
	return h.Get("x-ratelimit-limit") + " | " + h.Get("x-ratelimit-remaining") + " | " + h.Get("x-ratelimit-reset")
}

func TestPinterestQuota(t *testing.T) {
	w := newPinWire(t)
	w.configure(hubsim.Settings{"reads_per_minute": 2, "writes_per_minute": 1, "retry_after": true})
	got := w.get(homeMembers)
	if r := rate(got.header); r != "2, 100;w=1, 2;w=60 | 1 | 60" || got.header.Get("Retry-After") != "" {
		t.Errorf("headers %q", r)
	}
	w.sim.Clock().Advance(20 * time.Second)
	w.get(homeInvites).ok() // the same category
	got = w.get(homeMembers)
	got.pinRefused(429, 8)
	if r := rate(got.header); r != "2, 100;w=1, 2;w=60 | 0 | 40" || got.header.Get("Retry-After") != "40" {
		t.Errorf("headers %q", r)
	}
	w.invite("EMPLOYEE", "a@x.example").ok()
	w.invite("EMPLOYEE", "b@x.example").pinRefused(429, 8)
	w.sim.Clock().Advance(40 * time.Second)
	w.get(homeMembers).ok()
	w.get(homeMembers).pinRefused(429, 8)
	if w.person("b@x.example").Status != "" {
		t.Error("a throttled write took effect")
	}
}

func TestPinterestRateHeaderShapes(t *testing.T) {
	w := newPinWire(t)
	for _, c := range []struct{ shape, want string }{
		{"plain", "1000 | 999 | 60"}, {"broken", "unlimited |  | soon"}, {"none", " |  | "}, {"policies", "1000, 100;w=1, 1000;w=60 | 996 | 60"},
	} {
		w.configure(hubsim.Settings{"rate_headers": c.shape})
		if got := rate(w.get(homeMembers).header); got != c.want {
			t.Errorf("%s: %q, want %q", c.shape, got, c.want)
		}
	}
	if got := rate(w.invite("EMPLOYEE", "a@x.example").header); got != "400, 100;w=1, 400;w=60 | 399 | 60" {
		t.Errorf("writes: %q", got)
	}
}

func TestPinterestThrottle(t *testing.T) {
	w := newPinWire(t)
	for _, code := range []int{8, 30} {
		w.configure(hubsim.Settings{"throttle": hubsim.Settings{"code": code, "minutes": 2}})
		w.sim.Clock().Advance(30 * time.Second)
		got := w.get(homeMembers)
		got.pinRefused(429, code)
		if r := got.header.Get("x-ratelimit-reset"); r != "90" {
			t.Errorf("reset %q", r)
		}
		w.get("/v5/user_account").pinRefused(429, code)
		w.sim.Clock().Advance(90 * time.Second)
		w.get(homeMembers).ok()
	}
	w.configure(hubsim.Settings{"throttle": hubsim.Settings{"calls": 1, "writes_only": true}})
	w.get(homeMembers).ok()
	w.invite("EMPLOYEE", "a@x.example").pinRefused(429, 8)
	w.invite("EMPLOYEE", "a@x.example").ok()
	w.configure(hubsim.Settings{hubsim.RateLimited: true})
	for range 3 {
		w.get(homeMembers).pinRefused(429, 8)
	}
	w.configure(hubsim.Settings{hubsim.RateLimited: false, "write_spacing": "2s"})
	w.invite("EMPLOYEE", "b@x.example").ok()
	w.invite("EMPLOYEE", "c@x.example").pinRefused(429, 8)
	w.get(homeMembers).ok()
	w.sim.Clock().Advance(2 * time.Second)
	w.invite("EMPLOYEE", "c@x.example").ok()
}

func TestPinterestTrouble(t *testing.T) {
	w := newPinWire(t)
	for _, status := range []int{500, 502, 503, 504} {
		w.configure(hubsim.Settings{"transient": hubsim.Settings{"code": status, "calls": 2}})
		for range 2 {
			w.get(homeMembers).pinRefused(status, status)
		}
		w.get(homeMembers).ok()
	}
	w.configure(hubsim.Settings{hubsim.Unavailable: true})
	w.get(homeMembers).pinRefused(503, 503)
	w.configure(hubsim.Settings{hubsim.Unavailable: false, "conflicts": 1})
	w.get(homeMembers).ok()
	w.invite("EMPLOYEE", "a@x.example").pinRefused(409, 409)
	w.invite("EMPLOYEE", "a@x.example").ok()

	w.configure(hubsim.Settings{"transient": hubsim.Settings{"code": 504, "calls": 1, "writes_only": true, "after_effect": true}})
	w.invite("EMPLOYEE", "b@x.example").pinRefused(504, 504)
	if w.person("b@x.example").Status != "invited" {
		t.Error("the call did not take effect")
	}
}
