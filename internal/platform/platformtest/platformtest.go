// Package platformtest holds every connector to the words of hub.Connector.
//
// A connector's test is a Subject and one call of Run. The subject opens a
// connector against a World: a platform, most often simulated, whose people act
// on their own, whose troubles can be brought about, and whose ground truth can
// be read beside the connector. The suite never looks at requests' contents;
// what a connector says on the wire is between it and the simulator.
//
// Each check is a sentence of hub.Connector's documentation. An operation that
// the platform's capabilities support must work; any other must be refused, and
// without a request. A trouble that a platform cannot have is listed in
// Subject.Without, so that nothing is left out silently.
//
// Memory is a connector without HTTP. It proves the suite, and broken variants
// of it prove that each check can fail.
package platformtest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// TB is what a check uses of testing.TB. It is an interface of our own, because
// testing.TB cannot be implemented and the suite's own test records failures.
type TB interface {
	Helper()
	Context() context.Context
	Cleanup(func())
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

var _ TB = (*testing.T)(nil)

// World is one platform with one business, as the people in it see it.
type World interface {
	// People is the ground truth: everybody with a seat or an invitation,
	// whether the API shows them or not.
	People() ([]hub.Member, error)
	// Act does what a person does on the platform's own screens.
	Act(Act) error
	// Bring brings a trouble about, from now on.
	Bring(Trouble) error
	// Met counts the calls that a trouble between connector and platform has
	// spoilt: a check whose trouble nobody met has shown nothing.
	Met() int
	// Requests counts what the connector has sent.
	Requests() Requests
}

// Requests counts the calls a platform has received.
type Requests struct{ All, Writes int }

// Act is one thing a person does outside roster.
type Act struct {
	Kind  ActKind
	Email string
	Role  string // of Join, Invite and SetRole
}

// ActKind is what a person does.
type ActKind string

// What people do.
const (
	Join    ActKind = "join" // is an active member at once
	Invite  ActKind = "invite"
	Accept  ActKind = "accept"
	Decline ActKind = "decline"
	Expire  ActKind = "expire" // the invitation runs out
	Leave   ActKind = "remove" // loses the seat, or the invitation is withdrawn
	SetRole ActKind = "set_role"
)

// Trouble is something wrong with the platform, with the credential or with the
// line between.
type Trouble struct {
	Cause Cause
	// On is the operation whose call is lost, for LostBefore and LostAfter.
	On hub.Operation
	// Email is who accepts, for AcceptedMidway.
	Email string
}

// Cause is what is wrong.
type Cause string

// The causes. The first group is about the credential, the second about the
// business, the third about the line.
const (
	TokenInvalid      Cause = "token_invalid"
	TokenExpired      Cause = "token_expired"
	PermissionMissing Cause = "permission_missing"
	NotAdmin          Cause = "not_admin" // the credential's identity was demoted
	SecondFactor      Cause = "second_factor"
	Blocked           Cause = "blocked"

	HubFull         Cause = "hub_full"          // no seat or invitation is left
	HeldForApproval Cause = "held_for_approval" // every change waits for a second administrator
	JobFails        Cause = "job_fails"         // every write becomes a job that comes to nothing
	HalfAdded       Cause = "half_added"        // of the calls that make an add, the last is refused

	Throttled       Cause = "throttled"         // for much longer than any check waits
	Down            Cause = "down"              // every call meets a gateway's error page
	Stalled         Cause = "stalled"           // no call is answered
	MembersCut      Cause = "members_cut"       // the last page of the members breaks off
	InvitationsCut  Cause = "invitations_cut"   // the last page of the invitations does
	BusinessesCut   Cause = "businesses_cut"    // the list of the credential's businesses does
	AcceptedMidway  Cause = "accepted_midway"   // an invitation is accepted once the first call has been answered
	LostBefore      Cause = "lost_before"       // the next call of an operation is lost on its way
	LostAfter       Cause = "lost_after"        // its answer is
	LostAfterAlways Cause = "lost_after_always" // every answer of the operation is
)

// Subject is a connector with all that the suite needs to know of it.
type Subject struct {
	Driver hub.Driver

	// Open connects to a fresh world: a business with nobody in it but the
	// connection's own seat, if it has one.
	Open func(t TB) *Fixture

	// Settings are legal ones, for the checks of Driver.Open; Lists those that are
	// lists. Name is the entry of a Named driver they stand in, and its hub.
	Settings map[string]string
	Lists    map[string][]string
	Name     string
	// Secondary is a secondary role to give and take, on a platform that does not
	// list its own.
	Secondary string

	// Roles are those the people of the checks hold, on a platform that does not
	// list its own and takes any.
	Roles []hub.Role

	// Without lists the causes this platform cannot have, with the reason in a
	// comment beside each.
	Without []Cause

	// CutReason is how a list that breaks off is explained, where it comes over no
	// line that could be at fault: "" means unavailable, or unknown.
	CutReason hub.Reason

	// SilentAdd says that the platform answers yes to an invitation for
	// somebody who is there already, and changes nothing. No connector can
	// then tell a conflict without looking first.
	SilentAdd bool

	// LooksFirst says that Add has to read before it writes: what a platform
	// wants of somebody is not their address.
	LooksFirst bool

	// Unlisted says that the connection reaches the hub through another business,
	// so that it has no part of its own in it to list.
	Unlisted bool

	// LosesLastAdmin says that the platform lets its last administrator go, or
	// has no words for why it does not: the engine's guard is all there is.
	LosesLastAdmin bool
}

// Fixture is a connector connected to a world.
type Fixture struct {
	Connector hub.Connector
	Platform  hub.Platform
	Hub       hub.Ref
	NoHub     hub.Ref // a business that is not there, or not the connection's to see
	World     World

	// Self is the address of the connection's own seat, "" when it has none.
	Self string
	// Page is how many people one list call brings here, when the world's pages
	// are smaller than the platform's.
	Page int
	// Secrets are values that must show nowhere. Log is what was logged.
	Secrets []string
	Log     *Log

	SilentAdd  bool
	LooksFirst bool
	Unlisted   bool
	Secondary  string
	CutReason  hub.Reason
	heard      *watched
	// bare is the connector as it is: Connector waits for jobs.
	bare hub.Connector
}

// Run holds a connector to every check.
func Run(t *testing.T, s Subject) {
	t.Helper()
	for _, c := range checksFor(s) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // each check has a world of its own
			c.against(t, s)
		})
	}
}

// check is one sentence of hub.Connector.
type check struct {
	name  string
	needs []hub.Operation // each must be hub.Supported, or the check is not run: see refusals
	cause []Cause         // none may be in Subject.Without
	// bare begins with nobody on the hub. Every other check finds two
	// administrators there, so that it cannot trip over the last one.
	bare bool
	// only leaves the check to connectors that are more than hub.Connector asks.
	only func(hub.Connector) bool
	// lastAdmin asks for a platform that keeps its last administrator, invited for
	// one with invitations, suspends for one whose removals leave seats behind.
	lastAdmin, invited, suspends bool

	run func(t TB, f *Fixture)
	// driver checks need no world.
	driver func(t TB, s Subject)
}

func (c check) against(t TB, s Subject) {
	t.Helper()
	if c.driver != nil {
		c.driver(t, s)
		return
	}
	f := s.Open(t)
	f.Platform, f.SilentAdd, f.LooksFirst, f.Secondary = s.Driver.Platform, s.SilentAdd, s.LooksFirst, s.Secondary
	f.Unlisted, f.CutReason = s.Unlisted, s.CutReason
	if p, ok := f.Connector.(hub.Particular); ok {
		f.Platform = p.For(f.Hub)
	}
	if len(f.Platform.Roles) == 0 {
		f.Platform.Roles = s.Roles
	}
	f.learn(t)
	if f.Page == 0 {
		f.Page = f.Platform.PageSize
	}
	f.bare = f.Connector
	f.heard = &watched{Connector: f.Connector}
	f.Connector = f.heard
	if !c.bare {
		for _, email := range []string{"root@northwind.example", "spare.root@northwind.example"} {
			f.act(t, Join, email, f.admin())
		}
	}
	c.run(t, f)
	f.heard.audit(t, f)
}

// checksFor are the checks of a subject: those it can pass or fail, and for
// each operation its platform does not support, that it refuses.
func checksFor(s Subject) []check {
	var checks []check
	platform := s.platform()
	for _, c := range slices.Concat(driverChecks, readChecks, businessChecks, roleChecks, writeChecks, jobChecks, troubleChecks) {
		unsupported := slices.ContainsFunc(c.needs, func(op hub.Operation) bool {
			return platform.Capabilities.Of(op) != hub.Supported
		})
		if c.only != nil && !c.only(opened(s)) || c.lastAdmin && s.LosesLastAdmin || c.invited && !invites(platform) || c.suspends && !platform.Suspends {
			continue
		}
		impossible := slices.ContainsFunc(c.cause, func(c Cause) bool { return slices.Contains(s.Without, c) })
		if !unsupported && !impossible {
			checks = append(checks, c)
		}
	}
	for _, r := range refusals {
		if platform.Capabilities.Of(r.op) != hub.Supported {
			checks = append(checks, r.check())
		}
	}
	return checks
}

// opened is a connector of the subject's kind, nil when there is none to be had.
func opened(s Subject) hub.Connector {
	c, err := s.Driver.Open(s.options(s.Settings))
	if err != nil {
		return nil // for driverDescribes to say
	}
	return c
}

// options are those to open a connector with such settings.
func (s Subject) options(settings map[string]string) hub.Options {
	return hub.Options{Name: s.Name, Settings: settings, Lists: s.Lists, UserAgent: "platformtest", Logger: new(Log).Logger()}
}

// platform is the platform's data as it holds on the subject's hub.
func (s Subject) platform() hub.Platform {
	if p, ok := opened(s).(hub.Particular); ok {
		return p.For(hub.Ref{Platform: s.Driver.Platform.Name, BusinessID: s.Name})
	}
	return s.Driver.Platform
}

// invites says whether a platform has invitations.
func invites(p hub.Platform) bool { return slices.Contains(p.Statuses, hub.StatusInvited) }

// invite has an invitation sent by hand. Where a platform has none, the person
// has the seat at once.
func (f *Fixture) invite(t TB, email, role string) {
	t.Helper()
	kind := Invite
	if !invites(f.Platform) {
		kind = Join
	}
	f.act(t, kind, email, role)
}

// learn reads the roles of the hub, where they come from it. Where none of them
// is called the least, the suite takes one that is no administrator's for it.
func (f *Fixture) learn(t TB) {
	t.Helper()
	lister, ok := f.Connector.(hub.RoleLister)
	if !ok {
		return
	}
	roles, err := lister.Roles(t.Context(), f.Hub)
	if err != nil {
		t.Fatalf("Roles: %v", err)
	}
	f.Platform.Roles = slices.Clone(roles)
	if i := slices.IndexFunc(roles, func(r hub.Role) bool { return r.Kind == hub.Primary && !r.Admin }); i >= 0 && f.Platform.DefaultRole() == "" {
		f.Platform.Roles[i].Default = true
	}
}

// act has a person do something, or fails the check.
func (f *Fixture) act(t TB, kind ActKind, email, role string) {
	t.Helper()
	if err := f.World.Act(Act{Kind: kind, Email: email, Role: role}); err != nil {
		t.Fatalf("world: %s %s: %v", kind, email, err)
	}
}

func (f *Fixture) bring(t TB, cause Cause, on ...hub.Operation) {
	t.Helper()
	trouble := Trouble{Cause: cause}
	if len(on) > 0 {
		trouble.On = on[0]
	}
	if err := f.World.Bring(trouble); err != nil {
		t.Fatalf("world: %s: %v (a cause this platform cannot have belongs in Subject.Without)", cause, err)
	}
}

// met fails a check whose trouble nobody ran into.
func (f *Fixture) met(t TB) {
	t.Helper()
	if f.World.Met() == 0 {
		t.Fatalf("the connector never ran into the trouble, so nothing is shown")
	}
}

func (f *Fixture) people(t TB) []hub.Member {
	t.Helper()
	people, err := f.World.People()
	if err != nil {
		t.Fatalf("world: %v", err)
	}
	return people
}

// truth is everything true of one address: a seat, an invitation, both, or
// nothing. Invitations that are over do not count.
func (f *Fixture) truth(t TB, email string) []hub.Member {
	t.Helper()
	var found []hub.Member
	for _, p := range f.people(t) {
		if hub.FoldEmail(p.Email) == hub.FoldEmail(email) && p.Status.Live() {
			found = append(found, p)
		}
	}
	return found
}

// still is what a removal has to take: truth, without the seats that are
// switched off on a platform whose removals leave those.
func (f *Fixture) still(t TB, email string) []hub.Member {
	t.Helper()
	return slices.DeleteFunc(f.truth(t, email), func(m hub.Member) bool {
		return f.Platform.Suspends && m.Status == hub.StatusSuspended
	})
}

// one is the one live row of an address, or a failed check.
func (f *Fixture) one(t TB, email string) hub.Member {
	t.Helper()
	found := f.truth(t, email)
	if len(found) != 1 {
		t.Fatalf("%s is on the platform %d times, want once: %+v", email, len(found), found)
	}
	return found[0]
}

// listed is somebody as the connector lists them, which is how a caller gets a
// member to change or remove.
func (f *Fixture) listed(t TB, email string) hub.Member {
	t.Helper()
	members, err := f.Connector.Members(t.Context(), f.Hub)
	if err != nil {
		t.Fatalf("Members: %v", err)
	}
	truth := f.one(t, email)
	for _, m := range members {
		if same(m, truth) {
			return m
		}
	}
	t.Fatalf("%s is not in the list of %d members", email, len(members))
	return hub.Member{}
}

// same says whether a listed member is that person: by id, else by address.
func same(m, truth hub.Member) bool {
	if m.ID != "" && truth.ID != "" {
		return m.ID == truth.ID
	}
	return m.Email != "" && hub.FoldEmail(m.Email) == hub.FoldEmail(truth.Email)
}

// other is a primary role that is not the one given, the less powerful the
// better.
func (f *Fixture) other(role string) string {
	for _, admin := range []bool{false, true} {
		for _, r := range f.Platform.Roles {
			if r.Kind == hub.Primary && r.Admin == admin && r.ID != role {
				return r.ID
			}
		}
	}
	return ""
}

// admin is the platform's first administrator role.
func (f *Fixture) admin() string {
	for _, r := range f.Platform.Roles {
		if r.Kind == hub.Primary && r.Admin {
			return r.ID
		}
	}
	return ""
}

// secondary is the platform's first secondary role.
func (f *Fixture) secondary() string {
	if ids := f.Platform.RoleIDs(hub.Secondary); len(ids) > 0 {
		return ids[0]
	}
	return f.Secondary
}

// fails holds err to being an error for one of the reasons.
func (f *Fixture) fails(t TB, what string, err error, reasons ...hub.Reason) hub.Fault {
	t.Helper()
	if err == nil {
		t.Fatalf("%s succeeded, want an error with reason %q", what, reasons)
	}
	if errors.Is(err, hub.ErrAbsent) && !slices.Contains(reasons, hub.ReasonNotFound) {
		t.Errorf("%s: ErrAbsent is certainty, and here there is none (error: %v)", what, err)
	}
	fault := f.Connector.Explain(err)
	if !slices.Contains(reasons, fault.Reason) {
		t.Errorf("%s: reason = %q, want one of %q (error: %v)", what, fault.Reason, reasons, err)
	}
	return fault
}

// quiet holds run to sending nothing.
func (f *Fixture) quiet(t TB, what string, run func()) {
	t.Helper()
	before := f.World.Requests()
	run()
	if after := f.World.Requests(); after != before {
		t.Errorf("%s sent %d requests, %d of them writes; want none", what, after.All-before.All, after.Writes-before.Writes)
	}
}
