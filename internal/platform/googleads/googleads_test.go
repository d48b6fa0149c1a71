package googleads

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/platformtest"
)

const (
	testClientID  = "1234-roster.apps.example"
	testSecret    = "GOCSPX-testsecret0123456789"
	testRefresh   = "1//0testrefreshtoken0123456789"
	testDeveloper = "ABcdeFGH93KL-NOPQ_STUv"
	robot         = "roster@northwind-ads.iam.gserviceaccount.example"

	agency   = "9990001110" // the manager through which a person reaches the customer
	stranger = "5550001110" // somebody else's
)

var testHub = hub.Ref{Platform: Name, BusinessID: "1234567890"}

// robotKey is a key file, and the public half that Google keeps.
var robotKey = sync.OnceValue(func() (pair struct{ file, public string }) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	private, _ := x509.MarshalPKCS8PrivateKey(key)
	public, _ := x509.MarshalPKIXPublicKey(&key.PublicKey)
	file, _ := json.Marshal(map[string]string{
		"type":           "service_account",
		"project_id":     "northwind-ads",
		"private_key_id": "0a1b2c3d4e5f",
		"private_key":    string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
		"client_email":   robot,
		"client_id":      "100200300400500600700",
		"token_uri":      defaultTokenURL,
	})
	pair.file = string(file)
	pair.public = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	return pair
})

// The two ways to sign in. A person's refresh token does not say whose it is;
// this one reaches the customer through the agency.
func person() (map[string]string, hubsim.Credential) {
	settings := user(settingLoginCustomerID, agency, settingDeveloperToken, testDeveloper)
	return settings, hubsim.Credential{
		"platform": Name, "name": "roster", "email": "it.lead@agency.example",
		"client_id": testClientID, "client_secret": testSecret, "refresh_token": testRefresh,
		"customers": []string{testHub.BusinessID}, "login_customer_id": agency,
	}
}

func serviceAccount() (map[string]string, hubsim.Credential) {
	return map[string]string{settingCredentials: robotKey().file}, hubsim.Credential{
		"platform": Name, "name": "roster", "client_email": robot,
		"public_key": robotKey().public, "private_key_id": "0a1b2c3d4e5f",
	}
}

func endpoints(baseURL string) map[string]string {
	base := hubsim.Endpoint(baseURL, Name)
	return map[string]string{settingEndpoint: base, settingTokenURL: base + "/token"}
}

// qualified gives the truth roster's ids: Google's numbers mean nothing without
// their collection.
type qualified struct {
	platformtest.World
	self string
}

func (q qualified) People() ([]hub.Member, error) {
	people, err := q.World.People()
	for i, p := range people {
		switch p.Status {
		case hub.StatusActive:
			people[i].ID = accesses + "/" + p.ID
		case hub.StatusPendingApproval:
			people[i].ID = reviews + "/" + p.ID
		default:
			people[i].ID = invitations + "/" + p.ID
		}
	}
	return people, err
}

// Bring demotes a connection with a seat for good, so that the list says so too.
func (q qualified) Bring(trouble platformtest.Trouble) error {
	if trouble.Cause == platformtest.NotAdmin && q.self != "" {
		return q.Act(platformtest.Act{Kind: platformtest.SetRole, Email: q.self, Role: "STANDARD"})
	}
	return q.World.Bring(trouble)
}

func subject(settings map[string]string, credential hubsim.Credential, self string, page int, causes map[platformtest.Cause]hubsim.Settings, without ...platformtest.Cause) platformtest.Subject {
	driver := Driver()
	driver.Open = func(o hub.Options) (hub.Connector, error) { return open(o, brief) }
	simulated := platformtest.Simulated{
		Driver:      driver,
		BusinessID:  testHub.BusinessID,
		NoBusiness:  stranger,
		Self:        self,
		SelfRole:    "ADMIN",
		Others:      []hubsim.HubSeed{{Platform: Name, BusinessID: stranger, Name: "Somebody Else's", Generate: &hubsim.Generate{Members: 2, Admins: 1}}},
		Credentials: []hubsim.Credential{credential},
		Settings:    settings,
		Endpoints:   endpoints,
		Behaviour:   hubsim.Settings{"page_size": page},
		Causes:      causes,
		Page:        page,
	}
	return platformtest.Subject{
		Driver:   driver,
		Settings: settings,
		Without:  append(without, platformtest.HalfAdded), // an invitation is one call
		// Google lists the customers somebody has a part in, and not those behind.
		Unlisted: settings[settingLoginCustomerID] != "",
		Open: func(t platformtest.TB) *platformtest.Fixture {
			f := simulated.Open(t)
			f.World = qualified{f.World, self}
			return f
		},
	}
}

func TestConformance(t *testing.T) {
	const page = 20 // two and a half of them, and still below 70 invitations
	causes := map[platformtest.Cause]hubsim.Settings{
		platformtest.HubFull:         {"pending_invitations": 0},
		platformtest.HeldForApproval: {"multi_party_approval": "always"},
		platformtest.Throttled:       {"quota": map[string]any{"scope": "ACCOUNT", "retry_delay": "1h"}},
	}
	t.Run("service account", func(t *testing.T) {
		settings, credential := serviceAccount()
		platformtest.Run(t, subject(settings, credential, robot, page, causes))
	})
	t.Run("refresh token", func(t *testing.T) {
		settings, credential := person()
		causes := maps.Clone(causes)
		causes[platformtest.Throttled] = hubsim.Settings{"quota": map[string]any{"scope": "DEVELOPER", "retry_delay": "1h", "error": "RESOURCE_TEMPORARILY_EXHAUSTED"}}
		// A refresh token does not say whose it is, so Verify cannot see whether
		// that person is Admin; TestNotAdmin has the writes.
		platformtest.Run(t, subject(settings, credential, "", page, causes, platformtest.NotAdmin))
	})
}

// simulated opens a service account's connector to a simulator of its own, on
// the simulator's clock.
func simulated(t *testing.T, people *hubsim.Generate, behaviour hubsim.Settings, more ...string) (*Connector, *hubsim.Sim) {
	t.Helper()
	sim := hubsim.New()
	settings, credential := serviceAccount()
	if err := sim.Apply(hubsim.Seed{
		Hubs: []hubsim.HubSeed{{
			Platform: Name, BusinessID: testHub.BusinessID, Name: "Northwind Agency", Settings: behaviour, Generate: people,
			People: []hubsim.PersonSeed{{Email: robot, Role: "ADMIN"}},
		}},
		Credentials: []hubsim.Credential{credential},
	}); err != nil {
		t.Fatal(err)
	}
	maps.Copy(settings, endpoints(sim.Start(t)))
	for i := 0; i < len(more); i += 2 {
		settings[more[i]] = more[i+1]
	}
	c, err := open(hub.Options{UserAgent: "test", Settings: settings, Now: sim.Clock().Now}, brief)
	if err != nil {
		t.Fatal(err)
	}
	return c, sim
}

func act(t *testing.T, sim *hubsim.Sim, a hubsim.Act) {
	t.Helper()
	if _, err := sim.Act(Name, testHub.BusinessID, a); err != nil {
		t.Fatal(err)
	}
}

// listed is somebody as Members shows them, which must be once.
func listed(t *testing.T, c *Connector, email string) hub.Member {
	t.Helper()
	members, err := c.Members(t.Context(), testHub)
	if err != nil {
		t.Fatal(err)
	}
	var found []hub.Member
	for _, m := range members {
		if hub.FoldEmail(m.Email) == email {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s is listed %d times: %+v", email, len(found), found)
	}
	return found[0]
}

// TestRequestBudget: refreshing a hub costs its pages, not its people.
func TestRequestBudget(t *testing.T) {
	for _, tt := range []struct{ members, invitations, page, searches int }{
		{1000, 30, 10_000, 3},
		{0, 0, 10_000, 3},
		{999, 70, 500, 4}, // and the service account
		{1000, 70, 500, 5},
	} {
		t.Run(fmt.Sprintf("%d and %d on pages of %d", tt.members, tt.invitations, tt.page), func(t *testing.T) {
			c, sim := simulated(t, &hubsim.Generate{Members: tt.members, Invitations: tt.invitations}, hubsim.Settings{"page_size": tt.page})
			members, err := c.Members(t.Context(), testHub)
			if err != nil || len(members) != tt.members+tt.invitations+1 {
				t.Fatalf("%d members, want %d (error: %v)", len(members), tt.members+tt.invitations+1, err)
			}
			if got := len(sim.Requests()); got != tt.searches+1 || sim.CountOps()[hubsim.OpRefreshToken] != 1 {
				t.Errorf("%d requests, want %d searches and a token: %v", got, tt.searches, sim.CountOps())
			}
		})
	}
}

// TestLookupBudget: what the engine asks after each write costs three searches
// at most, however many people there are.
func TestLookupBudget(t *testing.T) {
	c, sim := simulated(t, &hubsim.Generate{Members: 500, Invitations: 60, Admins: 2}, nil)
	seat, invitation := listed(t, c, "member-00400@generated.example"), listed(t, c, "invitee-00020@generated.example")
	ask := func(what string, budget int, key hub.Key, found bool) {
		t.Helper()
		sim.ResetRequests()
		_, err := c.Lookup(t.Context(), testHub, key)
		if found != (err == nil) || err != nil && !errors.Is(err, hub.ErrAbsent) {
			t.Errorf("%s: error = %v", what, err)
		}
		if got := len(sim.Requests()); got != budget {
			t.Errorf("%s: %d requests, want %d: %v", what, got, budget, sim.CountOps())
		}
	}
	key := func(m hub.Member) hub.Key { return hub.Key{Email: m.Email, ID: m.ID, Status: m.Status} }
	ask("a member", 1, key(seat), true)
	ask("an invitation", 2, key(invitation), true)
	ask("somebody, anywhere", 3, hub.Key{Email: seat.Email}, true)
	for _, m := range []hub.Member{seat, invitation} {
		if err := c.Remove(t.Context(), testHub, m); err != nil {
			t.Fatal(err)
		}
	}
	ask("a member removed", 2, key(seat), false)
	ask("an invitation withdrawn", 2, key(invitation), false)
	ask("nobody", 3, hub.Key{Email: "nobody@generated.example"}, false)
}

// A change that is held is a state of the member, is not asked for twice, and
// comes true when it is approved. Versions that do not show it on the seat show
// it all the same.
func TestHeldChange(t *testing.T) {
	const ada = "ada@northwind.example"
	for _, version := range []string{"v23", "v25"} {
		for _, tt := range []struct {
			name string
			task hub.TaskKind
			role string
			do   func(*Connector, hub.Member) error
		}{
			{"role", hub.TaskChangeRole, "ADMIN", func(c *Connector, m hub.Member) error {
				return c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: "ADMIN"})
			}},
			{"removal", hub.TaskRemove, "", func(c *Connector, m hub.Member) error { return c.Remove(t.Context(), testHub, m) }},
		} {
			t.Run(tt.name+" on "+version, func(t *testing.T) {
				c, sim := simulated(t, &hubsim.Generate{Members: 2, Admins: 2}, hubsim.Settings{"multi_party_approval": "always"}, settingAPIVersion, version)
				act(t, sim, hubsim.Act{Action: hubsim.ActJoin, Email: ada, Role: "STANDARD"})
				if err := tt.do(c, listed(t, c, ada)); err != nil {
					t.Fatal(err)
				}
				m := listed(t, c, ada)
				byStatus, err := c.Lookup(t.Context(), testHub, hub.Key{Email: ada, ID: m.ID, Status: hub.StatusActive})
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range []hub.Member{m, byStatus} {
					a := m.Awaiting
					if m.Status != hub.StatusActive || m.Role != "STANDARD" || a == nil || a.Task != tt.task || a.Role != tt.role || collection(a.ID) != reviews || a.ExpiresAt.IsZero() {
						t.Fatalf("%+v awaiting %+v", m, a)
					}
				}

				before := len(sim.Requests())
				if err := tt.do(c, m); err != nil {
					t.Errorf("asked for again: %v", err)
				}
				for what, err := range map[string]error{
					"another role": c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: "READ_ONLY"}),
					"the old role": c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: "STANDARD"}),
				} {
					if f := c.Explain(err); err == nil || f.Reason != hub.ReasonAwaitingApproval || !strings.Contains(f.Detail, m.Awaiting.ID) {
						t.Errorf("%s: fault %+v (error: %v)", what, f, err)
					}
				}
				if tt.task == hub.TaskChangeRole {
					if f := c.Explain(c.Remove(t.Context(), testHub, m)); f.Reason != hub.ReasonAwaitingApproval || !strings.Contains(f.Detail, "ADMIN") {
						t.Errorf("removal: fault %+v", f)
					}
				}
				if sent := len(sim.Requests()) - before; sent != 0 {
					t.Errorf("%d requests while a change waits", sent)
				}

				act(t, sim, hubsim.Act{Action: hubsim.ActApprove, Email: ada})
				m, err = c.Lookup(t.Context(), testHub, hub.Key{Email: ada, ID: m.ID})
				switch {
				case tt.task == hub.TaskRemove && !errors.Is(err, hub.ErrAbsent):
					t.Errorf("after the approval: %+v (error: %v)", m, err)
				case tt.task == hub.TaskChangeRole && (err != nil || m.Role != "ADMIN" || m.Awaiting != nil):
					t.Errorf("after the approval: %+v (error: %v)", m, err)
				}
			})
		}
	}
}

// An invitation that is held is taken back, approved or rejected, and is not a
// second one in any case.
func TestHeldInvitation(t *testing.T) {
	const ada = "ada@northwind.example"
	for name, end := range map[string]func(*Connector, *hubsim.Sim, hub.Member) error{
		"taken back": func(c *Connector, _ *hubsim.Sim, m hub.Member) error { return c.Remove(t.Context(), testHub, m) },
		"rejected": func(_ *Connector, sim *hubsim.Sim, _ hub.Member) error {
			_, err := sim.Act(Name, testHub.BusinessID, hubsim.Act{Action: hubsim.ActReject, Email: ada})
			return err
		},
		"run out": func(_ *Connector, sim *hubsim.Sim, _ hub.Member) error {
			sim.Clock().Advance(21 * 24 * time.Hour)
			return nil
		},
		"approved": func(_ *Connector, sim *hubsim.Sim, _ hub.Member) error {
			_, err := sim.Act(Name, testHub.BusinessID, hubsim.Act{Action: hubsim.ActApprove, Email: ada})
			return err
		},
	} {
		for _, how := range []string{"inside", "http"} {
			t.Run(name+" "+how, func(t *testing.T) {
				c, sim := simulated(t, &hubsim.Generate{Members: 2, Admins: 2}, hubsim.Settings{"multi_party_approval": "non_read_only", "resolve_errors": how})
				if m, err := c.Add(t.Context(), testHub, hub.Add{Email: "reader@northwind.example", Role: "READ_ONLY"}); err != nil || m.Status != hub.StatusInvited {
					t.Errorf("a reader: %+v (error: %v)", m, err)
				}
				added, err := c.Add(t.Context(), testHub, hub.Add{Email: "Ada@Northwind.Example", Role: "STANDARD"})
				if err != nil {
					t.Fatal(err)
				}
				m := listed(t, c, ada)
				if m.ID != added.ID || collection(m.ID) != reviews || m.Status != hub.StatusPendingApproval || m.Role != "STANDARD" || m.Awaiting != nil {
					t.Fatalf("listed as %+v, added as %+v", m, added)
				}
				if f := c.Explain(c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: "ADMIN"})); f.Reason != hub.ReasonUnsupported {
					t.Errorf("ChangeRole: %+v", f)
				}
				if err := end(c, sim, m); err != nil {
					t.Fatal(err)
				}
				now, err := c.Lookup(t.Context(), testHub, hub.Key{Email: ada, ID: m.ID})
				if name == "approved" {
					if err != nil || now.Status != hub.StatusInvited || collection(now.ID) != invitations {
						t.Errorf("%+v (error: %v)", now, err)
					}
				} else if !errors.Is(err, hub.ErrAbsent) {
					t.Errorf("%+v (error: %v)", now, err)
				}
				// It is not there to be taken back any more.
				err = c.Remove(t.Context(), testHub, m)
				if f := c.Explain(err); err == nil || f.Reason != hub.ReasonNotFound || f.Uncertain {
					t.Errorf("Remove: fault %+v (error: %v)", f, err)
				}
			})
		}
	}
}

// Somebody else's request is not roster's to take back.
func TestHeldByAnother(t *testing.T) {
	c, sim := simulated(t, &hubsim.Generate{Members: 2, Admins: 2}, hubsim.Settings{"multi_party_approval": "always"})
	settings, credential := person()
	credential["name"] = "another"
	if err := sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{credential}}); err != nil {
		t.Fatal(err)
	}
	settings[settingEndpoint], settings[settingTokenURL] = c.ads.config.BaseURL, c.ads.config.BaseURL+"/token"
	another, err := open(hub.Options{UserAgent: "test", Settings: settings}, brief)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := another.Add(t.Context(), testHub, hub.Add{Email: "ada@northwind.example", Role: "STANDARD"}); err != nil {
		t.Fatal(err)
	}
	m := listed(t, c, "ada@northwind.example")
	if f := c.Explain(c.Remove(t.Context(), testHub, m)); f.Reason != hub.ReasonForbidden || !strings.Contains(f.Detail, "reject it") {
		t.Errorf("fault = %+v", f)
	}
}

// A withdrawal that is held cannot be shown on the invitation, so it is said at
// once.
func TestHeldWithdrawal(t *testing.T) {
	c, _ := simulated(t, &hubsim.Generate{Members: 2, Admins: 2, Invitations: 1}, hubsim.Settings{"multi_party_approval": "always", "approve_cancellations": true})
	m := listed(t, c, "invitee-00001@generated.example")
	err := c.Remove(t.Context(), testHub, m)
	if f := c.Explain(err); f.Reason != hub.ReasonAwaitingApproval || f.Uncertain || !strings.Contains(f.Detail, "multiPartyAuthReviews/") {
		t.Errorf("fault = %+v (error: %v)", f, err)
	}
	if now := listed(t, c, m.Email); now.Status != hub.StatusInvited || now.ID != m.ID {
		t.Errorf("listed as %+v", now)
	}
}

const (
	heldRow = `{"multiPartyAuthReview":{"resourceName":"customers/1234567890/multiPartyAuthReviews/5502","multiPartyAuthReviewId":"5502","creationDateTime":"2026-11-19 12:00:00","reviewStatus":"PENDING","operationType":"CREATE","targetResource":"CUSTOMER_USER_ACCESS_INVITATION","customerUserAccessInvitationReview":{"newCustomerUserAccessInvitation":{"emailAddress":"New.Hire@agency.example","accessRole":"STANDARD"}}}}`
	roleRow = `{"multiPartyAuthReview":{"resourceName":"customers/1234567890/multiPartyAuthReviews/5501","multiPartyAuthReviewId":"5501","creationDateTime":"2026-11-19 12:00:00","reviewStatus":"PENDING","requestUserEmail":"automation@agency.example","operationType":"UPDATE","targetResource":"CUSTOMER_USER_ACCESS","customerUserAccessReview":{"oldCustomerUserAccess":"customers/1234567890/customerUserAccesses/8002","newCustomerUserAccess":{"accessRole":"ADMIN"}}}}`
	sentRow = `{"customerUserAccessInvitation":{"resourceName":"customers/1234567890/customerUserAccessInvitations/9001","invitationId":"9001","emailAddress":"new.hire@agency.example","accessRole":"STANDARD","creationDateTime":"2026-11-20 10:15:00","invitationStatus":"PENDING"}}`
)

func rows(list ...string) string {
	return `{"results":[` + strings.Join(list, ",") + `],"fieldMask":"x","queryResourceConsumption":"90"}`
}

// Until December 2026 a held invitation is made at once and merely not sent.
// With both in the answer it is held, and with both in the lists it is one row.
func TestHeldInvitationMadeAtOnce(t *testing.T) {
	c, _ := dial(t, user(), func(n int, r sent) reply {
		if strings.HasSuffix(r.path, ":mutate") {
			return reply{body: `{"result":{"resourceName":"customers/1234567890/customerUserAccessInvitations/9001","multiPartyAuthReview":"customers/1234567890/multiPartyAuthReviews/5502"}}`}
		}
		return searches(map[string]string{"multi_party_auth_review": rows(heldRow), "customer_user_access_invitation": rows(sentRow)})(n, r)
	})
	m, err := c.Add(t.Context(), testHub, hub.Add{Email: "new.hire@agency.example", Role: "STANDARD"})
	if err != nil || m.Status != hub.StatusPendingApproval || m.ID != "multiPartyAuthReviews/5502" {
		t.Errorf("Add = %+v (error: %v)", m, err)
	}
	m = listed(t, c, "new.hire@agency.example")
	want := time.Date(2026, 12, 9, 12, 0, 0, 0, time.UTC)
	if m.Status != hub.StatusPendingApproval || m.ID != "multiPartyAuthReviews/5502" || !m.ExpiresAt.Equal(want) || !m.InvitedAt.IsZero() {
		t.Errorf("listed as %+v", m)
	}
	// The invitation's own id leads to the same person.
	if m, err := c.Lookup(t.Context(), testHub, hub.Key{Email: "new.hire@agency.example", ID: "customerUserAccessInvitations/9001", Status: hub.StatusInvited}); err != nil || m.Status != hub.StatusPendingApproval {
		t.Errorf("Lookup = %+v (error: %v)", m, err)
	}
}

// A review that is opened after the reviews were read is read after all; one
// that is shown nowhere is still a change.
func TestReviewSeenLate(t *testing.T) {
	seat := accessRow(8002, "bo@agency.example", "STANDARD", `,"pendingMultiPartyAuthReview":"customers/1234567890/multiPartyAuthReviews/5501"`)
	for name, late := range map[string]bool{"late": true, "never": false} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			c, _ := dial(t, user(), func(n int, r sent) reply {
				reviews := nobody
				if strings.Contains(r.query(), "FROM multi_party_auth_review") {
					asked++
					if late && asked > 1 {
						reviews = rows(roleRow)
					}
				}
				return searches(map[string]string{"multi_party_auth_review": reviews, "customer_user_access": rows(seat)})(n, r)
			})
			m := listed(t, c, "bo@agency.example")
			want := hub.Awaiting{Task: hub.TaskChangeRole, Role: "STANDARD", ID: "multiPartyAuthReviews/5501"}
			if late {
				want.Role, want.ExpiresAt = "ADMIN", time.Date(2026, 12, 9, 12, 0, 0, 0, time.UTC)
			}
			if m.Awaiting == nil || *m.Awaiting != want || asked != 2 {
				t.Errorf("awaiting %+v after %d readings, want %+v", m.Awaiting, asked, want)
			}
			if !late {
				if f := c.Explain(c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: "ADMIN"})); f.Reason != hub.ReasonAwaitingApproval || !strings.Contains(f.Detail, "a change still waits") {
					t.Errorf("fault = %+v", f)
				}
			}
		})
	}
}

// What is read before a person's invitation is approved must not be overtaken:
// who is only in the first reading of the reviews stays.
func TestReviewsReadTwiceLoseNobody(t *testing.T) {
	seat := accessRow(8002, "bo@agency.example", "STANDARD", `,"pendingMultiPartyAuthReview":"customers/1234567890/multiPartyAuthReviews/5501"`)
	asked := 0
	c, _ := dial(t, user(), func(n int, r sent) reply {
		reviews := rows(heldRow)
		if strings.Contains(r.query(), "FROM multi_party_auth_review") {
			if asked++; asked > 1 {
				reviews = rows(roleRow)
			}
		}
		return searches(map[string]string{"multi_party_auth_review": reviews, "customer_user_access": rows(seat)})(n, r)
	})
	if m := listed(t, c, "new.hire@agency.example"); m.Status != hub.StatusPendingApproval {
		t.Errorf("listed as %+v", m)
	}
}

// Billing access has no name in the API. It is shown as Google says it and never
// overwritten; taking the seat away is another matter.
func TestRolesWithoutAName(t *testing.T) {
	for _, role := range []string{"UNKNOWN", "BILLING", ""} {
		c, w := dial(t, user(), func(n int, r sent) reply {
			if strings.HasSuffix(r.path, ":mutate") {
				return reply{body: done(accesses, "8003")}
			}
			return searches(map[string]string{"customer_user_access": rows(accessRow(8003, "bill@agency.example", role, ""))})(n, r)
		})
		m := listed(t, c, "bill@agency.example")
		if m.Role != role || m.Status != hub.StatusActive {
			t.Fatalf("%+v", m)
		}
		before := w.count()
		f := c.Explain(c.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: "READ_ONLY"}))
		if f.Reason != hub.ReasonUnsupported || !strings.Contains(f.Detail, fmt.Sprintf("%q", role)) || !strings.Contains(f.Detail, "Billing") || w.count() != before {
			t.Errorf("fault = %+v after %d requests", f, w.count()-before)
		}
		if err := c.Remove(t.Context(), testHub, m); err != nil {
			t.Error(err)
		}
	}
}

// Roles that are none are not sent, and a role that is held already is not asked
// for: that could open a review.
func TestRolesNotSent(t *testing.T) {
	c, w := dial(t, user(), always(reply{body: held}))
	for _, role := range []string{"read_only", "UNKNOWN", "UNSPECIFIED", "BILLING", ""} {
		_, err := c.Add(t.Context(), testHub, hub.Add{Email: "ada@agency.example", Role: role})
		if got := c.Explain(err).Reason; got != hub.ReasonInvalidRole {
			t.Errorf("Add as %q: reason = %q", role, got)
		}
		if role == "" {
			continue // no change
		}
		if got := c.Explain(c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: role})).Reason; got != hub.ReasonInvalidRole {
			t.Errorf("ChangeRole to %q: reason = %q", role, got)
		}
	}
	if err := c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{Role: adaSeat.Role}); err != nil {
		t.Error(err)
	}
	if err := c.ChangeRole(t.Context(), testHub, adaSeat, hub.RoleChange{}); err != nil {
		t.Error(err)
	}
	if w.count() != 0 {
		t.Errorf("%d requests", w.count())
	}
}

// What the account itself refuses, met in the simulator.
func TestRefusedByTheAccount(t *testing.T) {
	add := func(email string) func(*Connector) error {
		return func(c *Connector) error {
			_, err := c.Add(t.Context(), testHub, hub.Add{Email: email, Role: "READ_ONLY"})
			return err
		}
	}
	change := func(role string) func(*Connector) error {
		return func(c *Connector) error {
			return c.ChangeRole(t.Context(), testHub, listed(t, c, "member-00002@generated.example"), hub.RoleChange{Role: role})
		}
	}
	for _, tt := range []struct {
		name      string
		behaviour hubsim.Settings
		do        func(*Connector) error
		want      hub.Reason
	}{
		{"a plus address", nil, add("ada+ads@northwind.example"), hub.ReasonInvalidInput},
		{"a domain that is not allowed", hubsim.Settings{"allowed_domains": []string{"northwind.example"}}, add("ada@elsewhere.example"), hub.ReasonInvalidInput},
		{"70 open invitations", nil, add("ada@northwind.example"), hub.ReasonSeatLimit},
		{"to email only", nil, change("EMAIL_ONLY"), hub.ReasonInvalidRole},
		{"a seat that stays", hubsim.Settings{"removal_disallowed": []string{"member-00002@generated.example"}}, func(c *Connector) error {
			return c.Remove(t.Context(), testHub, listed(t, c, "member-00002@generated.example"))
		}, hub.ReasonUnsupported},
		{"a cancelled account", hubsim.Settings{"status": "CANCELED"}, add("ada@northwind.example"), hub.ReasonForbidden},
		{"terms of service", hubsim.Settings{"terms_missing": true}, add("ada@northwind.example"), hub.ReasonForbidden},
		{"a test project", hubsim.Settings{"test_project": true}, add("ada@northwind.example"), hub.ReasonForbidden},
		{"a project switched off", hubsim.Settings{"project_disabled": true}, add("ada@northwind.example"), hub.ReasonForbidden},
		{"the grant taken back", hubsim.Settings{"access_revoked": true}, add("ada@northwind.example"), hub.ReasonUnauthenticated},
	} {
		t.Run(tt.name, func(t *testing.T) {
			open := 0
			if tt.want == hub.ReasonSeatLimit {
				open = 70
			}
			c, _ := simulated(t, &hubsim.Generate{Members: 3, Admins: 1, Invitations: open}, tt.behaviour)
			err := tt.do(c)
			if f := c.Explain(err); err == nil || f.Reason != tt.want || f.Detail == "" || f.Uncertain {
				t.Errorf("fault = %+v (error: %v)", f, err)
			}
		})
	}
}

// A refresh token's person, reached through the agency and demoted: nothing can
// be written, and nobody is absent for it.
func TestNotAdmin(t *testing.T) {
	settings, credential := person()
	f := subject(settings, credential, "", 20, nil).Open(t)
	for _, a := range []platformtest.Act{
		{Kind: platformtest.Join, Email: "root@northwind.example", Role: "ADMIN"},
		{Kind: platformtest.Join, Email: "ada@northwind.example", Role: "STANDARD"},
		{Kind: platformtest.Invite, Email: "bo@northwind.example", Role: "STANDARD"},
	} {
		if err := f.World.Act(a); err != nil {
			t.Fatal(err)
		}
	}
	c := f.Connector.(*Connector)
	seat, invitation := listed(t, c, "ada@northwind.example"), listed(t, c, "bo@northwind.example")
	if err := f.World.Bring(platformtest.Trouble{Cause: platformtest.NotAdmin}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Add(t.Context(), testHub, hub.Add{Email: "x@northwind.example", Role: "READ_ONLY"})
	for what, err := range map[string]error{
		"Add":        err,
		"ChangeRole": c.ChangeRole(t.Context(), testHub, seat, hub.RoleChange{Role: "ADMIN"}),
		"Remove":     c.Remove(t.Context(), testHub, seat),
		"withdrawal": c.Remove(t.Context(), testHub, invitation),
	} {
		if f := c.Explain(err); f.Reason != hub.ReasonForbidden || f.Uncertain {
			t.Errorf("%s: fault %+v (error: %v)", what, f, err)
		}
	}
	for _, m := range []hub.Member{seat, invitation} {
		if _, err := c.Lookup(t.Context(), testHub, hub.Key{Email: m.Email, ID: m.ID}); errors.Is(err, hub.ErrAbsent) {
			t.Errorf("%s is absent for who may not manage people", m.Email)
		}
	}
}

// For a day after the acceptance a person is in both lists. The look-up lets the
// seat win; the engine does the same with the list.
func TestDualPresence(t *testing.T) {
	const email = "invitee-00001@generated.example"
	c, sim := simulated(t, &hubsim.Generate{Members: 2, Admins: 1, Invitations: 1}, hubsim.Settings{"dual_presence": "24h"})
	was := listed(t, c, email)
	act(t, sim, hubsim.Act{Action: hubsim.ActAccept, Email: email})
	members, err := c.Members(t.Context(), testHub)
	var statuses []hub.Status
	for _, m := range members {
		if m.Email == email {
			statuses = append(statuses, m.Status)
		}
	}
	if err != nil || !slices.Equal(statuses, []hub.Status{hub.StatusInvited, hub.StatusActive}) {
		t.Errorf("listed as %q (error: %v)", statuses, err)
	}
	for _, key := range []hub.Key{{Email: email}, {Email: email, ID: was.ID}} {
		if m, err := c.Lookup(t.Context(), testHub, key); err != nil || m.Status != hub.StatusActive {
			t.Errorf("Lookup %+v = %+v (error: %v)", key, m, err)
		}
	}
}

// The person is listed as the account they came with, and a look-up by the
// invited address does not invent a seat.
func TestAcceptedUnderAnotherAddress(t *testing.T) {
	c, sim := simulated(t, &hubsim.Generate{Members: 2, Admins: 1, Invitations: 1}, nil)
	act(t, sim, hubsim.Act{Action: hubsim.ActAccept, Email: "invitee-00001@generated.example", AcceptAs: "private@elsewhere.example"})
	if _, err := c.Lookup(t.Context(), testHub, hub.Key{Email: "invitee-00001@generated.example"}); !errors.Is(err, hub.ErrAbsent) {
		t.Errorf("the invited address: error = %v", err)
	}
	if m, err := c.Lookup(t.Context(), testHub, hub.Key{Email: "private@elsewhere.example"}); err != nil || m.Status != hub.StatusActive {
		t.Errorf("the account's address: %+v (error: %v)", m, err)
	}
}

// Numbers of the collections overlap: an invitation's is never taken for a
// seat's.
func TestOverlappingIDs(t *testing.T) {
	invited := strings.ReplaceAll(sentRow, "9001", "8002")
	c, _ := dial(t, user(), searches(map[string]string{
		"customer_user_access_invitation": rows(invited),
		"customer_user_access":            rows(accessRow(8002, "bo@agency.example", "STANDARD", "")),
	}))
	for id, want := range map[string]string{
		"customerUserAccesses/8002":          "bo@agency.example",
		"customerUserAccessInvitations/8002": "new.hire@agency.example",
	} {
		if m, err := c.Lookup(t.Context(), testHub, hub.Key{ID: id}); err != nil || m.Email != want || m.ID != id {
			t.Errorf("Lookup %s = %+v (error: %v)", id, m, err)
		}
	}
	if m, err := c.Lookup(t.Context(), testHub, hub.Key{ID: "multiPartyAuthReviews/8002"}); !errors.Is(err, hub.ErrAbsent) {
		t.Errorf("Lookup = %+v (error: %v)", m, err)
	}
}

// A seat without an address is shown, and found by its id.
func TestHiddenAddress(t *testing.T) {
	c, _ := dial(t, user(), searches(map[string]string{
		"customer_user_access": rows(`{"customerUserAccess":{"resourceName":"customers/1234567890/customerUserAccesses/8009","userId":"8009","accessRole":"STANDARD"}}`),
	}))
	m := listed(t, c, "")
	if m.ID != "customerUserAccesses/8009" || m.Status != hub.StatusActive {
		t.Errorf("%+v", m)
	}
	if found, err := c.Lookup(t.Context(), testHub, hub.Key{ID: m.ID, Status: hub.StatusActive}); err != nil || found.ID != m.ID {
		t.Errorf("Lookup = %+v (error: %v)", found, err)
	}
}

func TestVerify(t *testing.T) {
	customer := func(status, more string) string {
		return rows(`{"customer":{"resourceName":"customers/1234567890","id":"1234567890","descriptiveName":"Northwind Agency","manager":true,"status":"` + status + `","timeZone":"Europe/Berlin"` + more + `}}`)
	}
	robotSettings, _ := serviceAccount()
	denied := body(403, "PERMISSION_DENIED", "authorizationError", "USER_PERMISSION_DENIED")
	own := func(role string) string { return rows(accessRow(8001, robot, role, "")) }
	for _, tt := range []struct {
		name                   string
		settings               map[string]string
		direct, customer, seat string
		want                   hub.Reason // "" is success
		says                   string     // in the fault, or in a note
	}{
		{"a person", user(), `{"resourceNames":["customers/1234567890"]}`, customer("ENABLED", ""), nobody, "", ""},
		{"a service account", robotSettings, `{"resourceNames":["customers/1234567890"]}`, customer("ENABLED", ""), own("ADMIN"), "", ""},
		{"a service account below Admin", robotSettings, `{}`, customer("ENABLED", ""), own("STANDARD"), hub.ReasonForbidden, "STANDARD"},
		{"a service account of a manager", robotSettings, `{}`, customer("ENABLED", ""), nobody, "", "through a manager"},
		{"a test account", user(), `{}`, customer("ENABLED", `,"testAccount":true`), nobody, "", "test account"},
		{"suspended", user(), `{}`, customer("SUSPENDED", ""), nobody, hub.ReasonBlocked, "appeal"},
		{"cancelled", user(), `{}`, customer("CANCELED", ""), nobody, hub.ReasonForbidden, "Reactivate"},
		{"closed", user(), `{}`, customer("CLOSED", ""), nobody, hub.ReasonForbidden, "out of the configuration"},
		{"a status of the future", user(), `{}`, customer("DORMANT", ""), nobody, "", `"DORMANT"`},
		{"another customer", user(), `{}`, strings.ReplaceAll(customer("ENABLED", ""), "1234567890", "2222222222"), nobody, hub.ReasonUnknown, "2222222222"},
		{"no customer", user(), `{}`, nobody, nobody, hub.ReasonUnknown, "describes no customer"},
		{"a bad credential", user(), body(401, "UNAUTHENTICATED", "authenticationError", "OAUTH_TOKEN_REVOKED"), "", "", hub.ReasonUnauthenticated, "new refresh token"},
		{"no part in it", user(), `{"resourceNames":["customers/3333333333","customers/2222222222"]}`, denied, "", hub.ReasonForbidden, "directly to 2222222222, 3333333333. Check the id; if"},
		{"no part in anything", user(), `{}`, denied, "", hub.ReasonForbidden, "to no customer directly"},
		{"no part through the manager", user(settingLoginCustomerID, agency), `{}`, denied, "", hub.ReasonForbidden, "login_customer_id " + agency},
		{"listed and refused", user(), `{"resourceNames":["customers/1234567890"]}`, denied, "", hub.ReasonForbidden, "refuses to show it"},
		{"people not to be listed", user(), `{}`, customer("ENABLED", ""), body(403, "PERMISSION_DENIED", "authorizationError", "ACTION_NOT_PERMITTED"), hub.ReasonForbidden, "not Admin"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, w := dial(t, tt.settings, func(_ int, r sent) reply {
				var a reply
				switch {
				case r.method == "GET" && r.path == "/v25/customers:listAccessibleCustomers":
					a.body = tt.direct
				case strings.Contains(r.query(), "FROM customer LIMIT 1"):
					a.body = tt.customer
				case strings.Contains(r.query(), "FROM customer_user_access"):
					a.body = tt.seat
				}
				if strings.Contains(a.body, `"error"`) {
					a.status = 403
				}
				return a
			})
			b, err := c.Verify(t.Context(), testHub)
			if len(w.requests) > 3 {
				t.Errorf("%d requests", len(w.requests))
			}
			if tt.want == "" {
				if err != nil || b.ID != testHub.BusinessID || b.Name != "Northwind Agency" || !strings.Contains(strings.Join(b.Notes, " "), tt.says) || (tt.says == "") != (len(b.Notes) == 0) {
					t.Errorf("business = %+v (error: %v)", b, err)
				}
				return
			}
			if f := c.Explain(err); err == nil || f.Reason != tt.want || !strings.Contains(f.Detail, tt.says) {
				t.Errorf("fault = %+v, want %s saying %q (error: %v)", f, tt.want, tt.says, err)
			}
		})
	}
}

func TestBusinessID(t *testing.T) {
	for id, want := range map[string]bool{"1234567890": true, "123-456-7890": false, "123456789": false, "12345678901": false, "": false} {
		if got := platform.BusinessID.MatchString(id); got != want {
			t.Errorf("%q is legal = %t", id, got)
		}
	}
	if !strings.Contains(platform.BusinessIDForm, "without the hyphens") {
		t.Errorf("%q does not say how", platform.BusinessIDForm)
	}
}

func TestSettings(t *testing.T) {
	key := robotKey().file
	path := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(path, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	with := func(base map[string]string, more ...string) map[string]string {
		out := maps.Clone(base)
		for i := 0; i < len(more); i += 2 {
			out[more[i]] = more[i+1]
		}
		return out
	}
	account := map[string]string{settingCredentials: key}
	spoilt := func(what, with string) string { return strings.Replace(key, what, with, 1) }
	for _, tt := range []struct {
		name     string
		settings map[string]string
		setting  string // the one refused, "" when all is well
		says     string
	}{
		{"a refresh token", user(), "", ""},
		{"a key", account, "", ""},
		{"the path of a key", map[string]string{settingCredentials: path}, "", ""},
		{"a key that acts as somebody", with(account, settingImpersonated, "it@northwind.example"), "", ""},
		{"v26", user(settingAPIVersion, "v26"), "", ""},
		{"a token URL", user(settingTokenURL, "http://127.0.0.1:8080/google_ads/token"), "", ""},

		{"no secret", map[string]string{settingClientID: testClientID, settingRefreshToken: testRefresh}, settingClientSecret, "client_secret (GOOGLE_ADS_CLIENT_SECRET)"},
		{"a refresh token alone", map[string]string{settingRefreshToken: testRefresh}, settingClientID, "client_id (GOOGLE_ADS_CLIENT_ID) and client_secret"},
		{"both", with(user(), settingCredentials, key), settingCredentials, "GOOGLE_ADS_REFRESH_TOKEN"},
		{"acting as somebody, with a refresh token", user(settingImpersonated, "it@northwind.example"), settingImpersonated, "service account"},
		{"acting as somebody, with nothing", map[string]string{settingImpersonated: "it@northwind.example"}, settingImpersonated, "GOOGLE_ADS_JSON_KEY_FILE_PATH"},
		{"no such file", map[string]string{settingCredentials: path + "-hunter22"}, settingCredentials, "no such file"},
		{"base64 of a key", map[string]string{settingCredentials: "eyJ0eXBlIjoiaHVudGVyMjIi"}, settingCredentials, "neither"},
		{"half a key", map[string]string{settingCredentials: `{"type":"service_account","private_key":"hunter22"`}, settingCredentials, "not JSON"},
		{"a person's key file", map[string]string{settingCredentials: `{"type":"authorized_user","refresh_token":"hunter22"}`}, settingCredentials, "authorized_user"},
		{"no private key", map[string]string{settingCredentials: `{"type":"service_account","client_email":"a@b.example"}`}, settingCredentials, "private_key"},
		{"a broken private key", map[string]string{settingCredentials: spoilt("-----BEGIN", "hunter22")}, settingCredentials, "PEM"},
		{"a key with a token_uri over http", map[string]string{settingCredentials: spoilt(defaultTokenURL, "http://tokens.example/hunter22")}, settingCredentials, "token_uri"},
		{"a version without v", user(settingAPIVersion, "25"), settingAPIVersion, `"25"`},
		{"a minor version", user(settingAPIVersion, "v25.1"), settingAPIVersion, "v25"},
		{"a way out of the version", user(settingAPIVersion, "v25/../v1"), settingAPIVersion, "v25"},
		{"a manager with hyphens", user(settingLoginCustomerID, "999-000-1110"), settingLoginCustomerID, agency},
		{"a manager's name", user(settingLoginCustomerID, "Agency"), settingLoginCustomerID, `"Agency"`},
		{"a token URL over http", user(settingTokenURL, "http://tokens.example/"), settingTokenURL, `"http://tokens.example/"`},
		{"a token URL with a password", user(settingTokenURL, "https://a:hunter22@tokens.example/"), settingTokenURL, "the value"},
		{"an endpoint over http", user(settingEndpoint, "http://googleads.googleapis.com"), settingEndpoint, defaultEndpoint},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(hub.Options{Settings: tt.settings})
			var setting *hub.SettingError
			switch {
			case tt.setting == "" && err != nil:
				t.Error(err)
			case tt.setting != "" && (!errors.As(err, &setting) || setting.Setting != tt.setting || !strings.Contains(setting.Problem, tt.says)):
				t.Errorf("error = %v, want one about %s saying %q", err, tt.setting, tt.says)
			case err != nil && (strings.Contains(err.Error(), "hunter22") || strings.Contains(err.Error(), testRefresh)):
				t.Errorf("a secret shows: %v", err)
			}
		})
	}
}

// A configuration that does not use Google Ads is not at fault.
func TestNotConfigured(t *testing.T) {
	for _, settings := range []map[string]string{
		nil,
		{settingAPIVersion: "v25", settingEndpoint: defaultEndpoint, settingLoginCustomerID: agency},
	} {
		_, err := New(hub.Options{Settings: settings})
		var none *hub.NotConfiguredError
		if !errors.As(err, &none) {
			t.Fatalf("error = %v", err)
		}
		for _, name := range []string{"google_ads.credentials", "GOOGLE_ADS_JSON_KEY_FILE_PATH", "google_ads.client_id", "GOOGLE_ADS_REFRESH_TOKEN"} {
			if !strings.Contains(none.Need, name) {
				t.Errorf("%q does not name %s", none.Need, name)
			}
		}
	}
}

// Google lists customers that nobody can read any more: one of them must not
// hide the others.
func TestBusinesses_oneIsCancelled(t *testing.T) {
	const cancelled = "2220001110"
	settings, credential := serviceAccount()
	sim := hubsim.New()
	if err := sim.Apply(hubsim.Seed{
		Hubs: []hubsim.HubSeed{
			{Platform: Name, BusinessID: testHub.BusinessID, Name: "Northwind Agency", People: []hubsim.PersonSeed{{Email: robot, Role: "ADMIN"}}},
			{Platform: Name, BusinessID: cancelled, Name: "Long Gone", People: []hubsim.PersonSeed{{Email: robot, Role: "ADMIN"}}, Settings: hubsim.Settings{"status": "CANCELED"}},
		},
		Credentials: []hubsim.Credential{credential},
	}); err != nil {
		t.Fatal(err)
	}
	maps.Copy(settings, endpoints(sim.Start(t)))
	c, err := open(hub.Options{UserAgent: "test", Settings: settings, Now: sim.Clock().Now}, brief)
	if err != nil {
		t.Fatal(err)
	}
	found, err := c.Businesses(t.Context())
	names := map[string]string{}
	for _, b := range found {
		names[b.ID] = b.Name
	}
	if err != nil || len(found) != 2 || names[testHub.BusinessID] != "Northwind Agency" || names[cancelled] != "" {
		t.Errorf("businesses = %+v (error: %v), want both, the cancelled one without a name", found, err)
	}
	// Whatever else keeps one from being read leaves a doubt about all.
	if _, err := sim.AddFault(hubsim.Fault{Platform: Name, Kind: hubsim.FaultHTML, Skip: 1}); err != nil {
		t.Fatal(err)
	}
	if found, err := c.Businesses(t.Context()); err == nil || found != nil {
		t.Errorf("businesses = %+v (error: %v)", found, err)
	}
}
