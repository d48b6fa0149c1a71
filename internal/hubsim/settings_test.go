package hubsim_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// A patch replaces what it names, and a refused one changes nothing: neither may
// write into a list, a map or a trouble that is in force.
func TestSettingsArePatchedWhole(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		platform, business, setting string
		first, second               any
	}{
		{"google_ads", "1234567890", "managers", []string{"1112223334", "1112223335"}, []string{"5556667778"}},
		{"google_ads", "1234567890", "quota", hubsim.Settings{"scope": "DEVELOPER", "calls": 3}, hubsim.Settings{"calls": 4}},
		{"meta_business", "222000111000222", "throttle", hubsim.Settings{"calls": 3, "code": 17, "minutes": 9}, hubsim.Settings{"calls": 4, "code": 17}},
		{"pinterest_business", "987654321098765432", "hidden", map[string][]string{"ada": {"email"}}, map[string][]string{"grace": {"id"}}},
		{"pinterest_business", "987654321098765432", "throttle", hubsim.Settings{"calls": 3, "minutes": 9}, hubsim.Settings{"calls": 4}},
		{"snapchat_business", "11111111-2222-4333-8444-555555555555", "transient", hubsim.Settings{"calls": 3, "minutes": 9}, hubsim.Settings{"calls": 4}},
		{"tiktok_business", "7000000000000000001", "refused_addresses", []string{"ada@x.example", "bob@x.example"}, []string{"eve@x.example"}},
		{"scim", "tracker", "unremovable", []string{"emails", "name"}, []string{"roles"}},
		{"scim", "tracker", "throttle", hubsim.Settings{"calls": 3, "minutes": 9}, hubsim.Settings{"calls": 4}},
		{"cerby", "11111111-2222-4333-8444-555555555555", "cerby_roles", map[string]string{"ada@x.example": "owner"}, map[string]string{"bob@x.example": "manager"}},
	} {
		t.Run(tt.platform+"/"+tt.setting, func(t *testing.T) {
			t.Parallel()
			sim := hubsim.New()
			if err := sim.Apply(hubsim.Seed{Hubs: []hubsim.HubSeed{{Platform: tt.platform, BusinessID: tt.business}}}); err != nil {
				t.Fatal(err)
			}
			fresh := settingsOf(t, sim, tt.platform, tt.business)
			configure := func(patch hubsim.Settings) error { return sim.Configure(tt.platform, tt.business, patch) }

			if err := configure(hubsim.Settings{tt.setting: tt.second}); err != nil {
				t.Fatal(err)
			}
			second := settingsOf(t, sim, tt.platform, tt.business)
			if cmp.Equal(fresh, second) {
				t.Fatalf("%s did not change", tt.setting)
			}
			if err := configure(hubsim.Settings{tt.setting: tt.first}); err != nil {
				t.Fatal(err)
			}
			first := settingsOf(t, sim, tt.platform, tt.business)

			err := configure(hubsim.Settings{tt.setting: tt.second, "zzz_no_such_setting": 1})
			if !errors.Is(err, hubsim.ErrUnknownSetting) {
				t.Errorf("with an unknown setting: %v, want ErrUnknownSetting", err)
			}
			if diff := cmp.Diff(first, settingsOf(t, sim, tt.platform, tt.business)); diff != "" {
				t.Errorf("a refused patch changed settings (-before +after):\n%s", diff)
			}
			if err := configure(hubsim.Settings{tt.setting: tt.second}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(second, settingsOf(t, sim, tt.platform, tt.business)); diff != "" {
				t.Errorf("%s is mixed with what it was (-alone +after another):\n%s", tt.setting, diff)
			}
		})
	}
}

func settingsOf(t *testing.T, sim *hubsim.Sim, platform, business string) map[string]any {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/_sim/hubs/"+platform+"/"+business+"/settings", nil)
	sim.Handler().ServeHTTP(w, r)
	var settings map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &settings); err != nil || w.Code != http.StatusOK {
		t.Fatalf("settings of %s/%s: %d %s", platform, business, w.Code, w.Body)
	}
	return settings
}
