package pinterestbusiness

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func grantOf(n int, more string) say {
	return say{body: fmt.Sprintf(`{"response_type":"refresh_token","access_token":"pina_fake_%d","token_type":"bearer","expires_in":2592000%s}`, n, more)}
}

func rotatedTo(n int) string {
	return fmt.Sprintf(`,"refresh_token":"pinr.fake-refresh-%d","refresh_token_expires_in":5184000,"refresh_token_expires_at":1770000000,"scope":"biz_access:read biz_access:write user_accounts:read"`, n)
}

// TestRotation: each refresh token serves once, the warning comes once, and
// never with a token in it.
func TestRotation(t *testing.T) {
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	grants := 0
	c, w := dialWith(t, hub.Options{Settings: refreshSettings(), Logger: logger}, func(_ int, r sent) say {
		switch {
		case r.is("POST token"):
			grants++
			return grantOf(grants, rotatedTo(grants))
		case r.header.Get("Authorization") == "Bearer pina_fake_3" && r.is("GET user_account"):
			return say{body: acme}
		case r.header.Get("Authorization") == "Bearer pina_fake_3":
			return say{body: nobody}
		default:
			return say{status: 401, body: `{"code":2,"message":"Authentication failed."}`}
		}
	})
	if err := tasks["list"](t.Context(), c); err == nil { // two tokens are refused, which is final
		t.Fatal("no error")
	}
	if b, err := c.Verify(t.Context(), testHub); err != nil || len(b.Notes) != 1 || !strings.Contains(b.Notes[0], "spent") || strings.Contains(b.Notes[0], "pinr") {
		t.Fatalf("business = %+v (error: %v)", b, err)
	}
	var forms []string
	for _, r := range w.requests {
		if !r.is("POST token") {
			continue
		}
		forms = append(forms, r.body)
		id, secret, ok := (&http.Request{Header: r.header}).BasicAuth()
		if !ok || id != testClient || secret != testSecret {
			t.Errorf("client authentication = %q", r.header.Get("Authorization"))
		}
		if r.path != "/v5/oauth/token" || r.header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.header.Get("User-Agent") != "test" {
			t.Errorf("asked %s as %s by %s", r.path, r.header.Get("Content-Type"), r.header.Get("User-Agent"))
		}
	}
	want := []string{
		"grant_type=refresh_token&refresh_token=" + testRefresh,
		"grant_type=refresh_token&refresh_token=pinr.fake-refresh-1",
		"grant_type=refresh_token&refresh_token=pinr.fake-refresh-2",
	}
	if fmt.Sprint(forms) != fmt.Sprint(want) {
		t.Errorf("forms = %q, want %q", forms, want)
	}
	if n := strings.Count(log.String(), "the configured one is spent"); n != 1 {
		t.Errorf("%d warnings, want 1: %s", n, log.String())
	}
	if strings.Contains(log.String(), "pinr") || strings.Contains(log.String(), "pina") {
		t.Errorf("a token is logged: %s", log.String())
	}
}

// A refresh token that stays is nothing to warn of.
func TestNoRotation(t *testing.T) {
	var log strings.Builder
	c, _ := dialWith(t, hub.Options{Settings: refreshSettings(), Logger: slog.New(slog.NewTextHandler(&log, nil))}, func(_ int, r sent) say {
		if r.is("POST token") {
			return grantOf(1, `,"refresh_token":"`+testRefresh+`","scope":"biz_access:read"`)
		}
		return say{body: nobody}
	})
	if err := tasks["list"](t.Context(), c); err != nil || log.Len() > 0 || c.api.grant.replaced() {
		t.Errorf("error: %v, log: %s", err, log.String())
	}
}

// An access token beside the refresh settings is used first.
func TestAccessTokenFirst(t *testing.T) {
	settings := refreshSettings()
	settings[settingAccessToken] = testToken
	refuse := false
	c, w := dialWith(t, hub.Options{Settings: settings}, func(_ int, r sent) say {
		switch {
		case r.is("POST token"):
			return grantOf(1, rotatedTo(1))
		case refuse && r.header.Get("Authorization") == "Bearer "+testToken:
			return say{status: 400, body: `{"code":1104,"message":"ended"}`}
		}
		return say{body: samTaken}
	})
	for range 2 {
		if err := tasks["invite"](t.Context(), c); err != nil {
			t.Fatal(err)
		}
		refuse = true
	}
	if got := fmt.Sprint(w.calls()); got != "[POST invites POST invites POST token POST invites]" {
		t.Errorf("sent %s", got)
	}
}

func TestRefusedGrant(t *testing.T) {
	for _, tt := range []struct {
		name   string
		first  bool // the first grant is good, the next one is answered so
		answer say
		want   hub.Reason
		says   string
	}{
		{"spent", false, say{status: 401, body: `{"code":2,"message":"Authentication failed."}`}, hub.ReasonUnauthenticated, "earlier run"},
		{"malformed", false, say{status: 400, body: `{"code":1,"message":"Invalid parameters."}`}, hub.ReasonUnauthenticated, "client_secret"},
		{"later", true, say{status: 401, body: `{"code":2,"message":"Authentication failed."}`}, hub.ReasonUnauthenticated, "in this run"},
		{"limited", false, say{status: 429, body: `{"code":8,"message":"m"}`, header: map[string]string{"X-Ratelimit-Reset": "3600"}}, hub.ReasonRateLimited, "limits"},
		{"out of order", false, say{status: 503, body: `<html>`}, hub.ReasonUnavailable, "out of order"},
		{"a login page", false, say{body: `<html>`}, hub.ReasonUnknown, "proxy"},
		{"no token", false, say{body: `{"token_type":"bearer"}`}, hub.ReasonUnknown, "proxy"},
		{"a firewall's page", false, say{status: 418, body: `<html>`}, hub.ReasonUnknown, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // transport tries a stumbling token endpoint again
			var mu sync.Mutex
			grants := 0
			c, w := dialWith(t, hub.Options{Settings: refreshSettings()}, func(_ int, r sent) say {
				mu.Lock()
				defer mu.Unlock()
				if !r.is("POST token") {
					return say{status: 401, body: `{"code":2,"message":"Authentication failed."}`}
				}
				if grants++; tt.first && grants == 1 {
					return grantOf(1, rotatedTo(1))
				}
				return tt.answer
			})
			f := c.Explain(tasks["invite"](t.Context(), c))
			if f.Reason != tt.want || f.Uncertain || !strings.Contains(f.Detail, tt.says) {
				t.Errorf("fault = %+v, want %s saying %q", f, tt.want, tt.says)
			}
			if invited := strings.Contains(fmt.Sprint(w.calls()), "invites"); invited != tt.first {
				t.Errorf("sent %v", w.calls())
			}
			if tt.name == "limited" && f.Wait != time.Hour {
				t.Errorf("wait = %s", f.Wait)
			}
		})
	}
}

func TestMissingScopes(t *testing.T) {
	for scope, says := range map[string]string{
		`"biz_access:read biz_access:write user_accounts:read"`:          "",
		`"ads:read,biz_access:read,biz_access:write,user_accounts:read"`: "",
		`""`:                                   "",
		`null`:                                 "",
		`"biz_access:read user_accounts:read"`: "lacks biz_access:write.",
		`"user_accounts:read, biz_access:read_secret"`:  "biz_access:read and biz_access:write",
		`"biz_access:write\tbiz_access:read,pins:read"`: "biz_access:read", // no separator anybody uses
	} {
		c, w := dialWith(t, hub.Options{Settings: refreshSettings()}, func(_ int, r sent) say {
			switch {
			case r.is("POST token"):
				return grantOf(1, `,"scope":`+scope)
			case r.is("GET user_account"):
				return say{body: acme}
			}
			return say{body: nobody}
		})
		_, err := c.Verify(t.Context(), testHub)
		if f := c.Explain(err); (says == "") != (err == nil) || err != nil && (f.Reason != hub.ReasonForbidden || !strings.Contains(f.Detail, says)) {
			t.Errorf("scope %s: fault = %+v after %v (error: %v)", scope, f, w.calls(), err)
		}
	}
}

// TestExpiryMidway: the access token ends between two pages, and the refresh
// token that came with it gets the next one.
func TestExpiryMidway(t *testing.T) {
	for name, told := range map[string]bool{"found out by a refusal": false, "known by the clock": true} {
		t.Run(name, func(t *testing.T) {
			sim := hubsim.New()
			seed(t, sim, &hubsim.Generate{Members: 600, Invitations: 3}, nil, refreshSettings())
			settings := refreshSettings()
			settings[settingEndpoint] = hubsim.Endpoint(sim.Start(t), Name)
			o := hub.Options{Settings: settings}
			if told {
				o.Now = sim.Clock().Now
			}
			c, err := open(o, brief)
			if err != nil {
				t.Fatal(err)
			}
			var lists int
			sim.OnRequest(func(r hubsim.Request) {
				if r.Operation == hubsim.OpListMembers && r.Status == 200 {
					if lists++; lists < 3 { // twice, so that the second refresh token is used as well
						sim.Clock().Advance(31 * 24 * time.Hour)
					}
				}
			})
			members, err := c.Members(t.Context(), testHub)
			if err != nil || len(members) != 603 {
				t.Fatalf("%d members (error: %v)", len(members), err)
			}
			refused := 0
			for _, r := range sim.Requests() {
				if r.Status == 401 {
					refused++
				}
			}
			if counts := sim.CountOps(); counts[hubsim.OpRefreshToken] != 3 || (refused > 0) == told {
				t.Errorf("calls = %v, %d refused", counts, refused)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	with := func(more map[string]string) map[string]string {
		settings := map[string]string{}
		for k, v := range more {
			settings[k] = v
		}
		return settings
	}
	for _, tt := range []struct {
		name     string
		settings map[string]string
		setting  string // blamed, "" for none
		says     string
		none     bool // no credential at all
	}{
		{name: "an access token", settings: accessSettings()},
		{name: "a refresh token", settings: refreshSettings()},
		{name: "an access token and another tool's app", settings: with(map[string]string{settingAccessToken: testToken, settingClientID: testClient, settingClientSecret: testSecret})},
		{name: "nothing", settings: with(nil), none: true},
		{name: "white space", settings: with(map[string]string{settingAccessToken: " ", settingRefreshToken: "\n"}), none: true},
		{name: "an endpoint alone", settings: with(map[string]string{settingEndpoint: "https://proxy.example"}), none: true},
		{name: "no client", settings: with(map[string]string{settingRefreshToken: testRefresh}), setting: settingClientID, says: "no client_id and no client_secret."},
		{name: "no secret", settings: with(map[string]string{settingClientID: testClient, settingRefreshToken: testRefresh}), setting: settingClientSecret, says: "no client_secret."},
		{name: "no refresh token", settings: with(map[string]string{settingClientID: testClient, settingClientSecret: testSecret}), setting: settingRefreshToken, says: "PINTEREST_REFRESH_TOKEN"},
		{name: "half beside an access token", settings: with(map[string]string{settingAccessToken: testToken, settingRefreshToken: testRefresh}), setting: settingClientID, says: "access_token alone"},
		{name: "no URL", settings: with(map[string]string{settingAccessToken: testToken, settingEndpoint: "http://api.pinterest.com"}), setting: settingEndpoint, says: `"http://api.pinterest.com"`},
		{name: "a password in the URL", settings: with(map[string]string{settingAccessToken: testToken, settingEndpoint: "https://a:hunter2@proxy.example"}), setting: settingEndpoint, says: "the value"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := New(hub.Options{Settings: tt.settings})
			var setting *hub.SettingError
			var none *hub.NotConfiguredError
			switch {
			case tt.none:
				if !errors.As(err, &none) || !strings.Contains(none.Need, "pinterest_business.access_token") || !strings.Contains(none.Need, "PINTEREST_ACCESS_TOKEN") || !strings.Contains(none.Need, "PINTEREST_CLIENT_SECRET") {
					t.Errorf("error = %v", err)
				}
			case tt.setting == "":
				if err != nil || c == nil {
					t.Error(err)
				}
			case !errors.As(err, &setting) || setting.Setting != tt.setting || !strings.Contains(setting.Problem, tt.says) ||
				strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), testRefresh):
				t.Errorf("error = %v", err)
			}
		})
	}
}
