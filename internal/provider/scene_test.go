package provider_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
	"github.com/roster-iac/terraform-provider-roster/internal/provider"
)

// TestMain takes the platforms' environment variables away: a developer's own
// credentials must never reach a test.
func TestMain(m *testing.M) {
	for _, d := range all.Drivers() {
		for _, s := range d.Settings {
			if s.Env == "" {
				continue
			}
			if err := os.Unsetenv(s.Env); err != nil {
				panic(err)
			}
		}
	}
	code := m.Run()
	removeBuild()
	os.Exit(code)
}

// The hub of most tests.
const (
	meta       = "meta_business"
	business   = "222000111000222"
	metaHub    = meta + "/" + business
	metaToken  = "EAAB-test-token-0123456789"
	metaSecret = "test-app-secret-0123456789"
)

// scene is a simulated world, and a provider that can reach nothing else.
type scene struct {
	t                  testing.TB
	sim                *hubsim.Sim
	url                string
	platform, business string // the hub that act, set and person are about
}

// northwind is a scene with one Meta business: ada and olive administer it, bo
// is an employee and ivo is invited. roster acts as a system user.
func northwind(t testing.TB, more ...hubsim.PersonSeed) *scene {
	t.Helper()
	return newScene(t, hubsim.Seed{
		Hubs: []hubsim.HubSeed{{
			Platform: meta, BusinessID: business, Name: "Northwind Traders",
			People: append([]hubsim.PersonSeed{
				{Email: "Ada@Northwind.example", Name: "Ada Diaz", Role: "ADMIN"},
				{Email: "olive@northwind.example", Name: "Olive Berg", Role: "ADMIN"},
				{Email: "bo@northwind.example", Name: "Bo Chen", Role: "EMPLOYEE"},
				{Email: "ivo@northwind.example", Role: "EMPLOYEE", Status: hubsim.StatusInvited},
			}, more...),
		}},
	})
}

func newScene(t testing.TB, seed hubsim.Seed) *scene {
	t.Helper()
	var businesses []string
	for _, h := range seed.Hubs {
		businesses = append(businesses, h.BusinessID)
	}
	if len(seed.Credentials) == 0 {
		credential := maps.Clone(worlds[meta].credential)
		credential["businesses"] = businesses
		seed.Credentials = []hubsim.Credential{credential}
	}
	sim := hubsim.New()
	if err := sim.Apply(seed); err != nil {
		t.Fatal(err)
	}
	return &scene{t: t, sim: sim, url: sim.Start(t), platform: meta, business: business}
}

// drivers are the real platforms with the scene's endpoints and credentials as
// defaults, so that a test's configuration reads like a user's.
func (s *scene) drivers() []hub.Driver {
	var out []hub.Driver
	for _, d := range all.Drivers() {
		endpoint := hubsim.Endpoint(s.url, d.Platform.Name)
		defaults := map[string]string{"endpoint": endpoint}
		maps.Copy(defaults, worlds[d.Platform.Name].settings)
		d.Settings = slices.Clone(d.Settings)
		for i, setting := range d.Settings {
			if value, ok := defaults[setting.Name]; ok {
				d.Settings[i].Default = strings.Replace(value, "ENDPOINT", endpoint, 1)
			}
		}
		out = append(out, d)
	}
	return out
}

// providers is what a test case runs with.
func (s *scene) providers() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"roster": providerserver.NewProtocol6WithError(provider.NewAt("test", s.drivers(), s.sim.Clock().Now)()),
	}
}

// act plays somebody at the platform's own screens.
func (s *scene) act(action, email, role string) func() {
	return func() {
		s.t.Helper()
		if _, err := s.sim.Act(s.platform, s.business, hubsim.Act{Action: action, Email: email, Role: role}); err != nil {
			s.t.Fatalf("%s %s: %v", action, email, err)
		}
	}
}

// then runs several things before a step.
func then(fs ...func()) func() {
	return func() {
		for _, f := range fs {
			f()
		}
	}
}

// set changes a cause of trouble, or how the platform behaves.
func (s *scene) set(name string, value any) func() {
	return func() {
		s.t.Helper()
		if err := s.sim.Configure(s.platform, s.business, hubsim.Settings{name: value}); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *scene) fault(f hubsim.Fault) func() {
	return func() {
		s.t.Helper()
		if _, err := s.sim.AddFault(f); err != nil {
			s.t.Fatal(err)
		}
	}
}

// person is the ground truth about somebody, nil when the platform has nobody.
func (s *scene) person(email string) *hubsim.Person {
	s.t.Helper()
	people, err := s.sim.People(s.platform, s.business)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, p := range people {
		if hub.FoldEmail(p.Email) == hub.FoldEmail(email) {
			return &p
		}
	}
	return nil
}

// writes fails unless exactly these operations were written, in any order,
// since the log was emptied.
func (s *scene) writes(want map[string]int) error {
	got := s.sim.CountOps(hubsim.OnlyWrites())
	if !maps.Equal(got, want) {
		return fmt.Errorf("writes = %v, want %v", got, want)
	}
	return nil
}

// forgetRequests empties the request log before a step.
func (s *scene) forgetRequests() { s.sim.ResetRequests() }

// bare are the real platforms without any credentials.
func bare() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"roster": providerserver.NewProtocol6WithError(provider.New("test", all.Drivers())()),
	}
}
