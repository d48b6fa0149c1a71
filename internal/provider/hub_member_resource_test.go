package provider_test

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

const hubConfig = `
resource "roster_business_hub" "meta" {
  platform    = "meta_business"
  business_id = "222000111000222"
  label       = "Northwind Paid Social"
}
`

// member is a configuration with the hub and one member.
func member(email, arguments string) string {
	return hubConfig + fmt.Sprintf(`
resource "roster_hub_member" "m" {
  hub_id = roster_business_hub.meta.id
  email  = %q
  %s
}
`, email, arguments)
}

const address = "roster_hub_member.m"

// attribute checks one attribute of the member in state.
func attribute(name, want string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), knownvalue.StringExact(want))
}

// wrote is a check that exactly these writes reached the platform since the
// log was emptied.
func (s *scene) wrote(want map[string]int) resource.TestCheckFunc {
	return func(*terraform.State) error { return s.writes(want) }
}

var nothing = map[string]int{}

func noChange() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

// The main story: somebody is invited, accepts, is promoted, and leaves. Every
// step says what was written and that a second apply writes nothing.
func TestAccHubMember_lifecycle(t *testing.T) {
	s := northwind(t)
	const email = "Nia.Holm@northwind.example"
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{
				Config: member(email, ""),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectKnownValue(address, tfjsonpath.New("id"), knownvalue.StringExact(metaHub+"/nia.holm@northwind.example")),
					plancheck.ExpectKnownValue("roster_business_hub.meta", tfjsonpath.New("id"), knownvalue.StringExact(metaHub)),
				}},
				ConfigStateChecks: []statecheck.StateCheck{
					attribute("email", email), // as written
					attribute("role", "EMPLOYEE"),
					attribute("status", "invited"),
					attribute("member_id", s.nextInvitation()),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("expires_at"), knownvalue.NotNull()),
				},
				Check: s.wrote(map[string]int{hubsim.OpInvite: 1}),
			},
			{ // accepted: another id, and nothing to do
				PreConfig:        then(s.act(hubsim.ActAccept, email, ""), s.forgetRequests),
				Config:           member(email, ""),
				ConfigPlanChecks: noChange(),
				ConfigStateChecks: []statecheck.StateCheck{
					attribute("status", "active"),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("expires_at"), knownvalue.Null()),
				},
				Check: s.wrote(nothing),
			},
			{ // the same person spelt another way is the same person
				Config:           member("nia.holm@Northwind.example", ""),
				ConfigPlanChecks: noChange(),
				Check:            s.wrote(nothing),
			},
			{
				Config: member(email, `role = "ADMIN"`),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
				}},
				ConfigStateChecks: []statecheck.StateCheck{attribute("role", "ADMIN")},
				Check:             s.wrote(map[string]int{hubsim.OpChangeRole: 1}),
			},
			{ // only roster's own settings change: no request that writes
				PreConfig: s.forgetRequests,
				Config:    member(email, "role = \"ADMIN\"\n on_expired = \"keep\""),
				Check:     s.wrote(nothing),
			},
			{ // the seat goes, the hub stays
				Config: hubConfig,
				Check:  s.wrote(map[string]int{hubsim.OpRemove: 1}),
			},
		},
	})
	if p := s.person(email); p != nil {
		t.Errorf("still on the platform: %+v", *p)
	}
	for _, email := range []string{"ada@northwind.example", "olive@northwind.example", "bo@northwind.example", "ivo@northwind.example"} {
		if s.person(email) == nil {
			t.Errorf("%s was removed and nobody asked for it", email)
		}
	}
}

// nextInvitation is a check against the id the simulator gave the invitation,
// which is not the id its answer to the invite carried.
func (s *scene) nextInvitation() string {
	s.t.Helper()
	// The simulator counts up: the invitation after the last one known.
	people, err := s.sim.People(meta, business)
	if err != nil {
		s.t.Fatal(err)
	}
	last := ""
	for _, p := range people {
		if p.Status == hubsim.StatusInvited && p.ID > last {
			last = p.ID
		}
	}
	var n int64
	if _, err := fmt.Sscan(last, &n); err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprint(n + 1)
}

func TestAccHubMember_import(t *testing.T) {
	s := northwind(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{
				Config:             member("Bo@northwind.example", "role = \"EMPLOYEE\"\n on_destroy = \"keep\""),
				ResourceName:       address,
				ImportState:        true,
				ImportStateId:      metaHub + "/BO@northwind.example",
				ImportStatePersist: true,
			},
			{ // after the import the plan is to create the hub, and nothing else
				Config: member("Bo@northwind.example", `role = "EMPLOYEE"`),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionNoop),
				}},
				ConfigStateChecks: []statecheck.StateCheck{attribute("status", "active"), attribute("member_id", s.person("bo@northwind.example").ID)},
				Check:             s.wrote(nothing),
			},
			{
				ResourceName: address, ImportState: true, ImportStateId: metaHub + "/bo@northwind.example", ImportStateVerify: true,
			},
			{
				ResourceName: "roster_business_hub.meta", ImportState: true, ImportStateId: metaHub, ImportStateVerify: true,
				ImportStateVerifyIgnore: []string{"label"}, // roster's own, not the platform's
			},
			{
				ResourceName: address, ImportState: true, ImportStateId: metaHub + "/nobody@northwind.example",
				ExpectError: regexp.MustCompile(`nobody@northwind\.example is not on`),
			},
			{
				ResourceName: address, ImportState: true, ImportStateId: "bo@northwind.example",
				ExpectError: regexp.MustCompile(`(?s)Malformed import id.*<platform>/<business_id>/<email>`),
			},
			{ // an invitation can be imported as well; importing wrote nothing at all
				ResourceName: address, ImportState: true, ImportStateId: metaHub + "/ivo@northwind.example",
				ImportStateCheck: func([]*terraform.InstanceState) error { return s.writes(nothing) },
			},
			{Config: hubConfig, Check: s.wrote(map[string]int{hubsim.OpRemove: 1})},
		},
	})
}

func TestAccHubMember_adoption(t *testing.T) {
	s := northwind(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{
				Config:      member("bo@northwind.example", `on_existing = "fail"`),
				ExpectError: regexp.MustCompile(`(?s)bo@northwind\.example is on Northwind Paid Social.*terraform import\s+roster_hub_member\.NAME\s+meta_business/222000111000222/bo@northwind\.example.*import \{`),
			},
			{ // nothing wanted of the role: the seat is taken over as it is
				Config:            member("olive@northwind.example", ""),
				ConfigStateChecks: []statecheck.StateCheck{attribute("role", "ADMIN"), attribute("status", "active")},
				Check:             s.wrote(nothing),
			},
			{
				Config:            member("olive@northwind.example", `role = "EMPLOYEE"`),
				ConfigStateChecks: []statecheck.StateCheck{attribute("role", "EMPLOYEE")},
				Check:             s.wrote(map[string]int{hubsim.OpChangeRole: 1}),
			},
			{ // another address is another person: an invitation adopted with another role
				PreConfig:         s.forgetRequests,
				Config:            member("ivo@northwind.example", "role = \"ADMIN\"\n on_destroy = \"keep\""),
				ConfigStateChecks: []statecheck.StateCheck{attribute("role", "ADMIN"), attribute("status", "invited")},
				Check:             s.wrote(map[string]int{hubsim.OpRemove: 1, hubsim.OpChangeInvitedRole: 1}),
			},
		},
	})
	if s.person("ivo@northwind.example") == nil {
		t.Error("on_destroy = keep did not keep the invitation")
	}
}

func TestAccHubMember_drift(t *testing.T) {
	s := northwind(t)
	const email = "nia@northwind.example"
	config := member(email, `role = "ADMIN"`)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{PreConfig: s.act(hubsim.ActJoin, email, "ADMIN"), Config: config},
			{ // demoted outside Terraform
				PreConfig: then(s.act(hubsim.ActSetRole, email, "EMPLOYEE"), s.forgetRequests),
				Config:    config,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
				}},
				Check: s.wrote(map[string]int{hubsim.OpChangeRole: 1}),
			},
			{ // removed outside Terraform: refresh says so and writes nothing
				PreConfig:          then(s.act(hubsim.ActRemove, email, ""), s.forgetRequests),
				RefreshState:       true,
				ExpectNonEmptyPlan: true,
				Check:              s.wrote(nothing),
			},
			{
				Config: config,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreate),
				}},
				ConfigStateChecks: []statecheck.StateCheck{attribute("status", "invited")},
				Check:             s.wrote(map[string]int{hubsim.OpInvite: 1}),
			},
			{ // gone by the time of the removal: success, and nothing to write
				PreConfig: then(s.act(hubsim.ActRemove, email, ""), s.forgetRequests),
				Config:    hubConfig,
				Check:     s.wrote(nothing),
			},
		},
	})
}

func TestAccHubMember_expiry(t *testing.T) {
	const email = "nia@northwind.example"
	for name, listed := range map[string]bool{"still listed": true, "not listed any more": false} {
		t.Run(name, func(t *testing.T) {
			s := northwind(t)
			s.set("keep_closed_invitations", listed)()
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: s.providers(),
				Steps: []resource.TestStep{
					{Config: member(email, ""), Check: s.wrote(map[string]int{hubsim.OpInvite: 1})},
					{ // kept: the state says expired, and nothing is planned
						PreConfig:         then(func() { s.sim.Clock().Advance(31 * 24 * time.Hour) }, s.forgetRequests),
						Config:            member(email, `on_expired = "keep"`),
						ConfigStateChecks: []statecheck.StateCheck{attribute("status", "expired")},
						Check:             s.wrote(nothing),
					},
					{ConfigPlanChecks: noChange(), Config: member(email, `on_expired = "keep"`)},
					{ // reinvited, once
						Config: member(email, `on_expired = "reinvite"`),
						ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
							plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
						}},
						ConfigStateChecks: []statecheck.StateCheck{attribute("status", "invited")},
						Check:             s.wrote(map[string]int{hubsim.OpInvite: 1}),
					},
				},
			})
		})
	}
}

// An invitation whose answer is lost is found by reading: one invitation, no
// error, and the second apply has nothing to do.
func TestAccHubMember_lostAnswer(t *testing.T) {
	s := northwind(t)
	const email = "nia@northwind.example"
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{
				PreConfig:         s.fault(hubsim.Fault{Kind: hubsim.FaultDropAfter, Operation: hubsim.OpInvite, Times: 1}),
				Config:            member(email, ""),
				ConfigStateChecks: []statecheck.StateCheck{attribute("status", "invited")},
				Check:             s.wrote(map[string]int{hubsim.OpInvite: 1}),
			},
			{Config: member(email, ""), ConfigPlanChecks: noChange(), Check: s.wrote(map[string]int{hubsim.OpInvite: 1})},
		},
	})
}

// The same where the invitation cannot be seen in time either: the apply fails
// without a second invitation, and the next one takes over what it finds.
func TestAccHubMember_lostAnswerUnseen(t *testing.T) {
	s := northwind(t)
	const email = "nia@northwind.example"
	config := member(email, "timeouts {\n create = \"3s\"\n }")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{
				PreConfig: then(
					s.set("visibility_lag", "2m"),
					s.fault(hubsim.Fault{Kind: hubsim.FaultDropAfter, Operation: hubsim.OpInvite, Times: 1})),
				Config:      config,
				ExpectError: regexp.MustCompile(`(?s)nia@northwind\.example was not added to.*Whether nia@northwind\.example has been\s+invited\s+is\s+not\s+known`),
			},
			{
				PreConfig: then(func() { s.sim.Clock().Advance(3 * time.Minute) }, s.set("visibility_lag", "0s")),
				Config:    config,
				Check:     s.wrote(map[string]int{hubsim.OpInvite: 1}),
			},
		},
	})
}

func TestAccHubMember_guards(t *testing.T) {
	s := northwind(t)
	olive := func(arguments string) string { return member("olive@northwind.example", arguments) }
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{Config: olive(`role = "ADMIN"`)},
			{
				PreConfig:   then(s.act(hubsim.ActSetRole, "ada@northwind.example", "EMPLOYEE"), s.forgetRequests),
				Config:      olive(`role = "EMPLOYEE"`),
				ExpectError: regexp.MustCompile(`(?s)olive@northwind\.example is the last\s+administrator.*allow_lockout = true`),
			},
			{
				Config:      hubConfig,
				ExpectError: regexp.MustCompile(`(?s)was not removed.*last_admin.*allow_lockout = true`),
			},
			{ // with the word said, the platform has the last one
				Config:      olive("role = \"EMPLOYEE\"\n allow_lockout = true"),
				ExpectError: regexp.MustCompile(`(?s)did not get the role EMPLOYEE.*last_admin.*code 3914`),
			},
			{
				PreConfig: then(s.act(hubsim.ActSetRole, "ada@northwind.example", "ADMIN"), s.forgetRequests),
				Config:    olive("role = \"ADMIN\"\n on_destroy = \"downgrade\""),
				Check:     s.wrote(nothing),
			},
			{Config: hubConfig, Check: s.wrote(map[string]int{hubsim.OpChangeRole: 1})},
		},
	})
	if p := s.person("olive@northwind.example"); p == nil || p.Role != "EMPLOYEE" {
		t.Errorf("after on_destroy = downgrade olive is %+v, want an EMPLOYEE", p)
	}
}

// A hub that cannot be read is an error, and nobody is taken for removed.
func TestAccHubMember_unreadableHub(t *testing.T) {
	s := northwind(t)
	config := member("bo@northwind.example", "")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{Config: config},
			{
				PreConfig: then(s.fault(hubsim.Fault{
					Kind: hubsim.FaultRespond, Operation: hubsim.OpListInvitations, Status: 400,
					Body: `{"error":{"message":"(#200) Requires business_management permission","type":"OAuthException","code":200,"fbtrace_id":"A1"}}`,
				}), s.forgetRequests),
				Config:      config,
				ExpectError: regexp.MustCompile(`(?s)could not be read.*Reason: forbidden.*never an empty hub`),
			},
			{PreConfig: s.sim.ClearFaults, Config: config, ConfigPlanChecks: noChange(), Check: s.wrote(nothing)},
		},
	})
}

func TestAccHubMember_badInput(t *testing.T) {
	s := northwind(t)
	for name, tt := range map[string]struct {
		config string
		want   string
	}{
		"unknown role":       {member("nia@northwind.example", `role = "Administrator"`), `(?s)Unknown role.*Meta Business Manager has no role "Administrator".*Legal on meta_business/222000111000222: EMPLOYEE, ADMIN`},
		"role in small":      {member("nia@northwind.example", `role = "admin"`), `Did you mean "ADMIN"\?`},
		"secondary role":     {member("nia@northwind.example", `role = "DEVELOPER"`), `(?s)Not a primary role.*roster_hub_member_role`},
		"malformed e-mail":   {member("nia at northwind", ""), `(?s)Malformed e-mail address.*"nia at northwind"`},
		"display name mail":  {member("Nia <nia@northwind.example>", ""), `(?s)Malformed e-mail address.*write\s+"nia@northwind\.example"`},
		"unknown platform":   {"resource \"roster_business_hub\" \"h\" {\n platform = \"meta\"\n business_id = \"1\"\n}", `(?s)Unknown platform.*"meta" is not a platform.*meta_business`},
		"malformed business": {"resource \"roster_business_hub\" \"h\" {\n platform = \"meta_business\"\n business_id = \"act_12\"\n}", `(?s)Malformed business id.*"act_12"`},
		"hub id, no slash":   {"resource \"roster_hub_member\" \"m\" {\n hub_id = \"meta_business\"\n email = \"nia@northwind.example\"\n}", `(?s)Malformed hub id.*<platform>/<business_id>`},
		"hub of another":     {"resource \"roster_hub_member\" \"m\" {\n hub_id = \"myspace/12\"\n email = \"nia@northwind.example\"\n}", `(?s)Malformed hub id.*"myspace" is not a platform`},
		"wrong business":     {"resource \"roster_business_hub\" \"h\" {\n platform = \"meta_business\"\n business_id = \"999000111000999\"\n}", `(?s)could not be read.*999000111000999`},
		"http endpoint":      {"provider \"roster\" {\n meta_business = { access_token = \"x123456\", endpoint = \"http://graph.example\" }\n}\n" + hubConfig, `(?s)endpoint cannot work.*http://graph\.example.*https`},
		"bad on_existing":    {member("nia@northwind.example", `on_existing = "steal"`), `(?s)on_existing.*"adopt" "fail"`},
	} {
		t.Run(name, func(t *testing.T) {
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: s.providers(),
				Steps:                    []resource.TestStep{{Config: tt.config, ExpectError: regexp.MustCompile(tt.want)}},
			})
		})
	}
	if err := s.writes(nothing); err != nil {
		t.Error(err)
	}
}

// Credentials that are missing, wrong or short of a permission are told apart.
func TestAccProvider_credentials(t *testing.T) {
	for name, tt := range map[string]struct {
		provider string
		cause    string
		want     string
	}{
		"wrong token":   {provider: `meta_business = { access_token = "EAAB-wrong-token" }`, want: `Reason: unauthenticated`},
		"expired token": {cause: hubsim.TokenExpired, want: `Reason: unauthenticated`},
		"no permission": {cause: hubsim.PermissionMissing, want: `(?s)Reason: forbidden.*business_management`},
		"not an admin":  {cause: hubsim.NotAdmin, want: `Reason: forbidden`},
	} {
		t.Run(name, func(t *testing.T) {
			s := northwind(t)
			if tt.cause != "" {
				s.set(tt.cause, true)()
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: s.providers(),
				Steps: []resource.TestStep{{
					Config:      "provider \"roster\" {\n" + tt.provider + "\n}\n" + hubConfig,
					ExpectError: regexp.MustCompile(tt.want),
				}},
			})
		})
	}
	t.Run("none", func(t *testing.T) {
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: bare(),
			Steps: []resource.TestStep{{
				Config:      hubConfig,
				ExpectError: regexp.MustCompile(`(?s)meta_business\.access_token.*META_ACCESS_TOKEN`),
			}},
		})
	})
}

func TestAccProvider_readOnly(t *testing.T) {
	s := northwind(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{
				Config:      "provider \"roster\" {\n read_only = true\n}\n" + member("nia@northwind.example", ""),
				ExpectError: regexp.MustCompile(`(?s)was not added.*read_only = true`),
			},
		},
	})
	if err := s.writes(nothing); err != nil {
		t.Error(err)
	}
}

// A plan that removes too many people of a hub is refused, with their names,
// before anybody approves it.
func TestAccProvider_removalSafeguard(t *testing.T) {
	s := newScene(t, hubsim.Seed{Hubs: []hubsim.HubSeed{{
		Platform: meta, BusinessID: business, Name: "Northwind Traders",
		Generate: &hubsim.Generate{Members: 40, Admins: 2, Domain: "crowd.example"},
	}}})
	team := func(n int) string {
		return hubConfig + fmt.Sprintf(`
resource "roster_hub_member" "m" {
  count  = %d
  hub_id = roster_business_hub.meta.id
  email  = format("member-%%05d@crowd.example", count.index + 11)
}
`, n)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{Config: team(12)},
			{
				PreConfig:   s.forgetRequests,
				Config:      team(1),
				ExpectError: regexp.MustCompile(`(?s)was not removed.*Reason: safeguard.*of\s+the\s+40\s+people.*member-000\d\d@crowd\.example.*removal_safeguard\.percent`),
			},
			{Config: "provider \"roster\" {\n removal_safeguard = { percent = 200 }\n}\n" + team(12), ExpectError: regexp.MustCompile(`(?s)percent.*between 0\s+and 100`)},
			{ // nothing was written by any of it, and fewer may go
				Config: team(8),
				Check:  s.wrote(map[string]int{hubsim.OpRemove: 4}),
			},
			{ // meant: said so for this run
				PreConfig: s.forgetRequests,
				Config:    "provider \"roster\" {\n removal_safeguard = { percent = 100 }\n}\n" + hubConfig,
				Check:     s.wrote(map[string]int{hubsim.OpRemove: 8}),
			},
		},
	})
}

// An invitation that was accepted and is not listed yet stays in the state for
// an hour: without it the next plan would invite the person again. Once they
// have been seen, not to be listed means to be gone.
func TestAccHubMember_acceptedUnseen(t *testing.T) {
	s := northwind(t)
	const email = "nia@northwind.example"
	config := member(email, "timeouts {\n create = \"3s\"\n }")
	once := s.wrote(map[string]int{hubsim.OpInvite: 1})
	advance := func(d time.Duration) func() { return func() { s.sim.Clock().Advance(d) } }
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: s.providers(),
		Steps: []resource.TestStep{
			{PreConfig: s.set("visibility_lag", "30m"), Config: config, Check: once},
			{PreConfig: advance(20 * time.Minute), Config: config, ConfigPlanChecks: noChange(), Check: once},
			{PreConfig: advance(11 * time.Minute), Config: config, ConfigPlanChecks: noChange(), ConfigStateChecks: []statecheck.StateCheck{attribute("status", "invited")}, Check: once},
			{
				PreConfig: then(s.set("visibility_lag", "0s"), s.act(hubsim.ActRemove, email, "")),
				Config:    config, PlanOnly: true, ExpectNonEmptyPlan: true,
			},
		},
	})
}
