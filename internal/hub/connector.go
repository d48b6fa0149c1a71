package hub

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// ErrAbsent says that a look-up reached the platform and the person is not on
// the hub. Anything short of that certainty is another error.
var ErrAbsent = errors.New("not on the hub")

// Connector speaks to one platform with one credential. Every method honours
// its context and is safe for concurrent use. Package platformtest holds each
// connector to the words below, sentence by sentence.
//
// A connector is thin: it lists, looks up, adds, changes, removes and explains
// its errors. It does not fold e-mails, adopt, guard, verify, order writes or
// wrap errors; the engine does each of these once for all platforms.
type Connector interface {
	// Verify checks the credential, that the business exists and that the
	// credential may manage its people. The error says which of the three
	// failed.
	Verify(ctx context.Context, ref Ref) (Business, error)

	// Members returns everybody on the hub, open invitations included, in any
	// order, each person once per seat or invitation. A list that could not be
	// read to the last page is an error, never a short list: the caller would
	// take a missing member for a removed one.
	Members(ctx context.Context, ref Ref) ([]Member, error)

	// Lookup reads one person afresh, by the cheapest means the platform has. A
	// key without an e-mail goes by the id alone. Where an address has a seat
	// and an invitation beside it, the seat is the answer.
	// It returns ErrAbsent only when the platform said that the person is not
	// there; "cannot see" is another error.
	Lookup(ctx context.Context, ref Ref, key Key) (Member, error)

	// Add gives somebody a seat or sends the invitation to one, once. It does
	// not look first; an address that is there already is an error with
	// ReasonConflict, unless the platform itself keeps quiet about it. The member it returns holds what the platform's answer
	// told, perhaps no id. Where a platform takes several calls and a later one
	// fails, it returns the member as far as it got, with its id, beside the
	// error: a seat that is there must not be lost from sight.
	Add(ctx context.Context, ref Ref, in Add) (Member, error)

	// ChangeRole applies a change to m, a member or an invitation as last read.
	// A change that the platform holds for a second administrator is no error:
	// the next look-up shows it as Member.Awaiting. The same goes for Remove.
	// Operations that the platform's Capabilities do not call supported are
	// refused with ReasonUnsupported and without a request: what is done by
	// reinviting, or only after acceptance, is the engine's to arrange.
	ChangeRole(ctx context.Context, ref Ref, m Member, change RoleChange) error

	// Remove takes the seat of m, or withdraws the invitation when m has not
	// accepted one. Somebody the platform does not know any more is an error
	// with ReasonNotFound; the engine decides whether that is success.
	Remove(ctx context.Context, ref Ref, m Member) error

	// Self says who the connection acts as on the hub. Nothing found is an
	// empty Identity, not an error.
	Self(ctx context.Context, ref Ref) (Identity, error)

	// Explain sorts an error that this connector returned. ReasonUnknown is
	// honest; a wrong reason sends a person to the wrong screen. It makes no
	// request.
	Explain(err error) Fault
}

// Particular is a Connector whose hubs are not all alike.
type Particular interface {
	// For is the platform's data as it holds on one hub: its roles, what its API
	// can do, the screen where its people are managed. It makes no request.
	For(ref Ref) Platform
}

// RoleLister is a Connector whose roles come from the hub rather than from the
// platform's data.
type RoleLister interface {
	// Roles reads the roles of one hub.
	Roles(ctx context.Context, ref Ref) ([]Role, error)
}

// BusinessLister is a Connector whose platform tells which businesses a
// credential can see.
type BusinessLister interface {
	// Businesses lists the businesses that the credential has any part in, with
	// id and, where the platform tells it, name. Whether it may manage their
	// people is for Verify. A list that could not be read to its end is an error.
	Businesses(ctx context.Context) ([]Business, error)
}

// JobReader is a Connector whose platform takes a write on as a job and does it
// in its own time. Its Add, ChangeRole and Remove return a *Started, and the
// engine waits.
type JobReader interface {
	// Job looks at a job once. done says that it has ended, and err then how: nil
	// is success. Beside done == false, err is why the job could not be read, and
	// the job may well go on.
	Job(ctx context.Context, ref Ref, id string) (done bool, err error)
}

// Started is a write that the platform has taken on and not done yet. It is an
// error because whoever takes it for success is wrong.
type Started struct{ Job string }

func (e *Started) Error() string { return "job " + e.Job + " is under way" }

// Key says whom to look up.
type Key struct {
	Email string // folded
	// ID, when known, finds a person whose address changed or is hidden.
	ID string
	// Status, when it is StatusInvited or StatusActive, says where the caller
	// expects the person: the look-up may stop there. Otherwise it looks
	// everywhere.
	Status Status
}

// Add is who gets a seat.
type Add struct {
	Email     string // as the user wrote it
	Role      string // primary role, never empty
	Secondary []string
	Name      string // display name where the platform wants one
	// Suspended is the seat the person has already, switched off, on platforms
	// whose removals leave one (Platform.Suspends): it is switched on again, with
	// the role, rather than made anew. The zero Member otherwise.
	Suspended Member
}

// RoleChange is what to change of a member's roles. Zero fields stay as they
// are.
type RoleChange struct {
	Role   string // the new primary role
	Grant  string // a secondary role to give
	Revoke string // a secondary role to take
}

// Driver is a platform as the provider sees it before credentials: its data,
// the settings it takes and how to open a connector with them. A new platform
// is one more Driver in package platform/all.
type Driver struct {
	Platform Platform
	Settings []Setting
	// Named says that each hub is configured by itself, under a name that is its
	// business id: the configuration is a map of Settings, and Open is called
	// once for each entry.
	Named bool
	// Open makes a connector. It makes no request. A setting that cannot work
	// is a *SettingError, no credential at all a *NotConfiguredError.
	Open func(Options) (Connector, error)
}

// Setting is one attribute of a platform's configuration block.
type Setting struct {
	Name string
	// Env is the environment variable that stands in when the attribute is
	// unset. For a Named driver it holds {NAME} where the entry's name goes, in
	// capitals.
	Env         string
	Secret      bool
	List        bool // a list of strings, from Options.Lists; it has no Env and no Default
	Default     string
	Required    bool // a connector cannot be opened without it
	Description string
}

// NotConfiguredError is Driver.Open's answer when no credential is set at all,
// on a platform that takes one of several: most configurations use one platform
// of many, so it is an error only for whoever asks for one of its hubs.
type NotConfiguredError struct {
	// Need says what to set, naming the settings and their environment
	// variables, as the rest of a sentence that begins with "Set".
	Need string
}

func (e *NotConfiguredError) Error() string { return "no credential is set; set " + e.Need }

// Options is what a connector is opened with.
type Options struct {
	Name      string              // of the entry, for a Named driver
	Settings  map[string]string   // by Setting.Name, environment and defaults applied; unset ones are missing
	Lists     map[string][]string // those settings that are lists
	UserAgent string
	Logger    *slog.Logger // never nil
	// Now is the time, for what expires. nil means time.Now; a test whose
	// simulator has a clock of its own passes that one.
	Now func() time.Time
}

// SettingError is a setting that cannot work. Its text names the value (unless
// it is a secret), what is legal and what to do.
type SettingError struct {
	Setting string
	Problem string
}

func (e *SettingError) Error() string { return e.Setting + ": " + e.Problem }
