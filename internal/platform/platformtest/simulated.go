package platformtest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// Simulated is a Subject's Open over package hubsim: what a connector's test
// says of its platform, and no more.
type Simulated struct {
	Driver     hub.Driver
	BusinessID string
	NoBusiness string // an id that no business has, or one the credential has no part in
	// Self is the address of the person whose credential it is, made an
	// administrator of the business; "" for a credential without a seat.
	Self string
	// SelfRole is the platform's administrator role, needed with Self.
	SelfRole string
	// Others are further businesses: one of somebody else's to be NoBusiness,
	// one more the connection has a seat on.
	Others []hubsim.HubSeed
	// Credentials are seeded as they are, see hubsim.Credential.
	Credentials []hubsim.Credential
	// Settings are those of the driver; endpoints gives the ones that name the
	// simulator's URL, "endpoint" when nil.
	Settings  map[string]string
	Endpoints func(baseURL string) map[string]string
	// Behaviour is set on the business before anything happens.
	Behaviour hubsim.Settings
	// Causes spells a cause in the business's settings where it is not one of
	// hubsim's common ones, or where the platform has a way of its own.
	Causes map[Cause]hubsim.Settings
	// Faults does the same for a cause on the line.
	Faults map[Cause]hubsim.Fault
	// Lists are the driver's settings that are lists.
	Lists map[string][]string
	// Page is the simulator's page size when it is not the platform's.
	Page int
	// Secrets are values that must show nowhere, beside the secret settings.
	Secrets []string
}

// Open is a Subject.Open.
func (s Simulated) Open(t TB) *Fixture {
	t.Helper()
	sim := hubsim.New()
	name := s.Driver.Platform.Name
	seed := hubsim.Seed{
		Hubs:        []hubsim.HubSeed{{Platform: name, BusinessID: s.BusinessID, Name: "Northwind Traders", Settings: s.Behaviour}},
		Credentials: s.Credentials,
	}
	if s.Self != "" {
		seed.Hubs[0].People = []hubsim.PersonSeed{{Email: s.Self, Name: "Connection", Role: s.SelfRole}}
	}
	seed.Hubs = append(seed.Hubs, s.Others...)
	if err := sim.Apply(seed); err != nil {
		t.Fatalf("seed the simulator: %v", err)
	}
	baseURL := sim.Start(t)

	settings := map[string]string{}
	for _, declared := range s.Driver.Settings {
		if declared.Default != "" {
			settings[declared.Name] = declared.Default
		}
	}
	for k, v := range s.Settings {
		settings[k] = v
	}
	endpoints := map[string]string{"endpoint": hubsim.Endpoint(baseURL, name)}
	if s.Endpoints != nil {
		endpoints = s.Endpoints(baseURL)
	}
	for k, v := range endpoints {
		settings[k] = v
	}
	secrets := s.Secrets
	for _, declared := range s.Driver.Settings {
		if v := settings[declared.Name]; declared.Secret && v != "" {
			secrets = append(secrets[:len(secrets):len(secrets)], v)
		}
	}

	log := new(Log)
	options := hub.Options{Settings: settings, Lists: s.Lists, UserAgent: "roster-platformtest", Logger: log.Logger()}
	if s.Driver.Named {
		options.Name = s.BusinessID
	}
	connector, err := s.Driver.Open(options)
	if err != nil {
		t.Fatalf("open %s: %v", name, err)
	}
	return &Fixture{
		Connector: connector,
		Hub:       hub.Ref{Platform: name, BusinessID: s.BusinessID},
		NoHub:     hub.Ref{Platform: name, BusinessID: s.NoBusiness},
		World:     &simWorld{sim: sim, of: s},
		Self:      s.Self,
		Page:      s.Page,
		Secrets:   secrets,
		Log:       log,
	}
}

// simWorld is a World over one simulated business.
type simWorld struct {
	sim *hubsim.Sim
	of  Simulated
}

func (w *simWorld) platform() string { return w.of.Driver.Platform.Name }

func (w *simWorld) People() ([]hub.Member, error) {
	people, err := w.sim.People(w.platform(), w.of.BusinessID)
	if err != nil {
		return nil, err
	}
	var members []hub.Member
	for _, p := range people {
		members = append(members, hub.Member{
			ID: p.ID, Email: p.Email, Name: p.Name,
			Status: hub.Status(p.Status), // hubsim writes them as hub does
			Role:   p.Role, Secondary: p.ExtraRoles,
		})
	}
	return members, nil
}

func (w *simWorld) Act(a Act) error {
	_, err := w.sim.Act(w.platform(), w.of.BusinessID, hubsim.Act{Action: string(a.Kind), Email: a.Email, Role: a.Role, Name: nameFor(a)})
	return err
}

// nameFor gives a name to people who have one from the start.
func nameFor(a Act) string {
	if a.Kind == Join || a.Kind == Invite {
		return "Person " + a.Email
	}
	return ""
}

func (w *simWorld) Requests() Requests {
	return Requests{
		All:    len(w.sim.Requests(hubsim.ByPlatform(w.platform()))),
		Writes: len(w.sim.Writes(hubsim.ByPlatform(w.platform()))),
	}
}

func (w *simWorld) Met() int {
	met := 0
	for _, f := range w.sim.Faults() {
		met += f.Applied
	}
	return met
}

// calls is how the simulator's log names the call of an operation.
var calls = map[hub.Operation]string{
	hub.OpAdd:               hubsim.OpInvite,
	hub.OpChangeRole:        hubsim.OpChangeRole,
	hub.OpChangeInvitedRole: hubsim.OpChangeInvitedRole,
	hub.OpRemove:            hubsim.OpRemove,
	hub.OpCancel:            hubsim.OpCancelInvitation,
}

// longThrottle is far beyond any context of a check.
const longThrottle = time.Hour

func (w *simWorld) Bring(trouble Trouble) error {
	if settings, ok := w.of.Causes[trouble.Cause]; ok {
		return w.configure(settings)
	}
	if fault, ok := w.of.Faults[trouble.Cause]; ok {
		_, err := w.sim.AddFault(fault)
		return err
	}
	fault := hubsim.Fault{Platform: w.platform()}
	switch trouble.Cause {
	case TokenInvalid, TokenExpired, PermissionMissing, NotAdmin, SecondFactor, Blocked:
		// hubsim's names for these are the same on every platform.
		return w.configure(hubsim.Settings{string(trouble.Cause): true})
	case Throttled:
		fault.Kind, fault.Status = hubsim.FaultRespond, 429
		fault.Headers = map[string]string{"Retry-After": fmt.Sprint(int(longThrottle.Seconds()))}
	case Down:
		fault.Kind = hubsim.FaultHTML
	case Stalled:
		fault.Kind, fault.Delay = hubsim.FaultDelay, hubsim.Duration(time.Minute)
	case MembersCut:
		fault.Kind, fault.Operation, fault.Skip = hubsim.FaultTruncate, hubsim.OpListMembers, 2
	case InvitationsCut:
		fault.Kind, fault.Operation, fault.Skip = hubsim.FaultTruncate, hubsim.OpListInvitations, 2
	case BusinessesCut:
		fault.Kind, fault.Operation = hubsim.FaultTruncate, hubsim.OpListBusinesses
	case AcceptedMidway:
		// Called before the answer goes out, so that the next call finds it done.
		var once sync.Once
		w.sim.OnRequest(func(hubsim.Request) {
			once.Do(func() { _ = w.Act(Act{Kind: Accept, Email: trouble.Email}) }) // the check looks whether it was
		})
		return nil
	case LostBefore:
		fault.Kind, fault.Operation, fault.Times = hubsim.FaultDropBefore, calls[trouble.On], 1
	case LostAfter:
		fault.Kind, fault.Operation, fault.Times = hubsim.FaultDropAfter, calls[trouble.On], 1
	case LostAfterAlways:
		fault.Kind, fault.Operation = hubsim.FaultDropAfter, calls[trouble.On]
	default:
		return errors.New("the simulator has no such cause")
	}
	_, err := w.sim.AddFault(fault)
	return err
}

func (w *simWorld) configure(settings hubsim.Settings) error {
	return w.sim.Configure(w.platform(), w.of.BusinessID, settings)
}
