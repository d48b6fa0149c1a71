package platformtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

const memorySelf = "Root.Self@northwind.example"

// memorySubject is the memory hub, its connector put through wrap. can is what
// the platform says of itself; does, what the connector does.
func memorySubject(self string, can, does hub.Capabilities, wrap func(hub.Connector) hub.Connector) Subject {
	return Subject{
		Driver:   memoryDriver(can),
		Settings: map[string]string{"token": memoryToken},
		Open: func(TB) *Fixture {
			m := NewMemory(self)
			return &Fixture{
				Connector: wrap(m.Connector(does)),
				Hub:       m.Ref,
				NoHub:     hub.Ref{Platform: m.Ref.Platform, BusinessID: "b2"},
				World:     m,
				Self:      self,
				Secrets:   []string{memoryToken},
				Log:       new(Log),
			}
		},
	}
}

// workerSubject is the memory hub that works in jobs.
func workerSubject(wrap func(memoryWorker) hub.Connector) Subject {
	s := memorySubject("", nil, nil, intact)
	s.Driver.Platform.Roles = nil
	checked := s.Driver.Open
	s.Driver.Open = func(o hub.Options) (hub.Connector, error) {
		if _, err := checked(o); err != nil {
			return nil, err
		}
		return NewMemory("").Worker(nil), nil
	}
	open := s.Open
	s.Open = func(tb TB) *Fixture {
		f := open(tb)
		f.Connector = wrap(f.World.(*Memory).Worker(nil).(memoryWorker))
		return f
	}
	return s
}

// accountsSubject is the memory hub that keeps accounts, configured under a name.
func accountsSubject(wrap func(hub.Connector) hub.Connector) Subject {
	s := memorySubject("", nil, nil, intact)
	s.Name = "b1"
	s.Driver.Named = true
	s.Driver.Platform = accountsPlatform()
	s.Driver.Settings = slices.Clone(s.Driver.Settings)
	for i := range s.Driver.Settings {
		s.Driver.Settings[i].Env = strings.Replace(s.Driver.Settings[i].Env, "MEMORY", "MEMORY_{NAME}", 1)
	}
	connect := func(m *Memory) hub.Connector {
		m.Accounts = true
		return memoryKeeper{wrap(m.Connector(accountsPlatform().Capabilities))}
	}
	checked := s.Driver.Open
	s.Driver.Open = func(o hub.Options) (hub.Connector, error) {
		if _, err := checked(o); err != nil {
			return nil, err
		}
		return connect(NewMemory("")), nil
	}
	open := s.Open
	s.Open = func(tb TB) *Fixture {
		f := open(tb)
		f.Connector = connect(f.World.(*Memory))
		return f
	}
	return s
}

func intact(c hub.Connector) hub.Connector { return c }

func diligent(w memoryWorker) hub.Connector { return w }

// can do nothing: every operation is to be refused.
var powerless = hub.Capabilities{
	hub.OpAdd: hub.Unsupported, hub.OpAddWithSecondary: hub.Unsupported, hub.OpChangeRole: hub.Unsupported,
	hub.OpChangeInvitedRole: hub.AfterAcceptance, hub.OpGrantRole: hub.Unsupported, hub.OpRevokeRole: hub.Unsupported,
	hub.OpRemove: hub.Unsupported, hub.OpCancel: hub.Unsupported,
}

func TestMemory(t *testing.T) {
	t.Run("no seat of its own", func(t *testing.T) { Run(t, memorySubject("", nil, nil, intact)) })
	t.Run("own seat", func(t *testing.T) { Run(t, memorySubject(memorySelf, nil, nil, intact)) })
	t.Run("in jobs", func(t *testing.T) { Run(t, workerSubject(diligent)) })
	t.Run("accounts", func(t *testing.T) { Run(t, accountsSubject(intact)) })
	t.Run("no operation", func(t *testing.T) { Run(t, memorySubject("", powerless, powerless, intact)) })
}

// broken is a connector with some methods replaced.
type broken struct {
	hub.Connector
	verify  func(context.Context, hub.Ref) (hub.Business, error)
	members func(context.Context, hub.Ref) ([]hub.Member, error)
	lookup  func(context.Context, hub.Ref, hub.Key) (hub.Member, error)
	add     func(context.Context, hub.Ref, hub.Add) (hub.Member, error)
	change  func(context.Context, hub.Ref, hub.Member, hub.RoleChange) error
	remove  func(context.Context, hub.Ref, hub.Member) error
	self    func(context.Context, hub.Ref) (hub.Identity, error)
	explain func(error) hub.Fault
}

func (b *broken) Verify(ctx context.Context, ref hub.Ref) (hub.Business, error) {
	if b.verify != nil {
		return b.verify(ctx, ref)
	}
	return b.Connector.Verify(ctx, ref)
}

func (b *broken) Members(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
	if b.members != nil {
		return b.members(ctx, ref)
	}
	return b.Connector.Members(ctx, ref)
}

func (b *broken) Lookup(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
	if b.lookup != nil {
		return b.lookup(ctx, ref, key)
	}
	return b.Connector.Lookup(ctx, ref, key)
}

func (b *broken) Add(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
	if b.add != nil {
		return b.add(ctx, ref, in)
	}
	return b.Connector.Add(ctx, ref, in)
}

func (b *broken) ChangeRole(ctx context.Context, ref hub.Ref, m hub.Member, change hub.RoleChange) error {
	if b.change != nil {
		return b.change(ctx, ref, m, change)
	}
	return b.Connector.ChangeRole(ctx, ref, m, change)
}

func (b *broken) Remove(ctx context.Context, ref hub.Ref, m hub.Member) error {
	if b.remove != nil {
		return b.remove(ctx, ref, m)
	}
	return b.Connector.Remove(ctx, ref, m)
}

func (b *broken) Self(ctx context.Context, ref hub.Ref) (hub.Identity, error) {
	if b.self != nil {
		return b.self(ctx, ref)
	}
	return b.Connector.Self(ctx, ref)
}

func (b *broken) Explain(err error) hub.Fault {
	if b.explain != nil {
		return b.explain(err)
	}
	return b.Connector.Explain(err)
}

// mistakes are connectors that each get one thing wrong, and the checks that
// must notice. Together they make every check fail once: see TestTeeth.
var mistakes = []struct {
	name   string
	in     func(hub.Connector) hub.Connector
	self   string
	can    hub.Capabilities // what the platform claims, nil for everything
	caught []string
}{
	{
		name: "Verify says yes to everything",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, verify: func(_ context.Context, ref hub.Ref) (hub.Business, error) {
				return hub.Business{ID: ref.BusinessID, Name: "Fine"}, nil
			}}
		},
		caught: []string{"Verify/invalid token", "Verify/expired token", "Verify/missing permission", "Verify/not an administrator", "Verify/no such business", "Context/over before the call sends nothing"},
	},
	{
		name: "Verify knows no name",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, verify: func(context.Context, hub.Ref) (hub.Business, error) { return hub.Business{}, nil }}
		},
		caught: []string{"Verify/names the business"},
	},
	{
		name: "a short list is passed off as the list",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, members: func(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
				members, _ := c.Members(ctx, ref)
				return members, nil
			}}
		},
		caught: []string{"Members/a cut list is an error", "Members/a cut list of invitations is an error", "Members/no permission is an error", "Members/invalid token is an error", "Members/no such business is an error"},
	},
	{
		name: "half a list beside the error",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, members: func(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
				members, err := c.Members(ctx, ref)
				if err != nil {
					members = []hub.Member{{ID: "seat-1"}}
				}
				return members, err
			}}
		},
		caught: []string{"Members/a cut list is an error", "Members/no permission is an error"},
	},
	{
		name: "somebody is listed who is not there",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, members: func(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
				members, err := c.Members(ctx, ref)
				return append(members, hub.Member{ID: "seat-0", Email: "phantom@northwind.example", Status: hub.StatusActive}), err
			}}
		},
		caught: []string{"Members/nobody else", "Members/one", "Members/a full page", "Members/a page and one", "Members/two pages and a half", "Members/who came, went and declined"},
	},
	{
		name: "only the first page is read",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, members: func(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
				members, err := c.Members(ctx, ref)
				return members[:min(len(members), memoryPage)], err
			}}
		},
		caught: []string{"Members/a page and one", "Members/two pages and a half"},
	},
	{
		name: "invitations are left out",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, members: func(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
				members, err := c.Members(ctx, ref)
				return slices.DeleteFunc(members, func(m hub.Member) bool { return m.Status == hub.StatusInvited }), err
			}}
		},
		caught: []string{"Members/one", "Members/a full page"},
	},
	{
		name: "a person's row comes twice",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, members: func(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
				members, err := c.Members(ctx, ref)
				if len(members) > 0 {
					members = append(members, members[len(members)-1])
				}
				return members, err
			}}
		},
		caught: []string{"Members/a full page", "Members/who came, went and declined"},
	},
	{
		name: "the seats are listed before the invitations",
		in: func(c hub.Connector) hub.Connector {
			c.(*memoryConnector).seatsFirst = true
			return c
		},
		caught: []string{"Members/an acceptance while the lists are read"},
	},
	{
		name: "one request for each person",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, members: func(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
				members, err := c.Members(ctx, ref)
				for _, m := range members {
					if _, err := c.Lookup(ctx, ref, hub.Key{ID: m.ID}); err != nil {
						return nil, err
					}
				}
				return members, err
			}}
		},
		caught: []string{"Members/two pages and a half"},
	},
	{
		name: "cannot see is called absent",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, lookup: func(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
				m, err := c.Lookup(ctx, ref, key)
				if err != nil {
					err = fmt.Errorf("%w: %w", hub.ErrAbsent, err)
				}
				return m, err
			}}
		},
		caught: []string{"Lookup/no permission is not absence", "Lookup/a demoted identity is not absence", "Lookup/invalid token is not absence", "Lookup/no such business is not absence"},
	},
	{
		name: "nobody is ever found",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, lookup: func(context.Context, hub.Ref, hub.Key) (hub.Member, error) { return hub.Member{}, hub.ErrAbsent }}
		},
		caught: []string{"Lookup/a member", "Lookup/an invitation", "Lookup/by id alone", "Lookup/after the acceptance"},
	},
	{
		name: "the address is compared with case",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, lookup: func(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
				m, err := c.Lookup(ctx, ref, key)
				if err == nil && key.Email != "" && m.Email != key.Email {
					return hub.Member{}, hub.ErrAbsent
				}
				return m, err
			}}
		},
		caught: []string{"Lookup/a member", "Lookup/an invitation"},
	},
	{
		name: "an id that is dead ends the look-up",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, lookup: func(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
				if key.ID != "" {
					key.Email = ""
				}
				return c.Lookup(ctx, ref, key)
			}}
		},
		caught: []string{"Lookup/after the acceptance"},
	},
	{
		name: "somebody is always found",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, lookup: func(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
				m, err := c.Lookup(ctx, ref, key)
				if errors.Is(err, hub.ErrAbsent) || err == nil && !m.Status.Live() {
					return hub.Member{ID: "seat-0", Email: key.Email, Status: hub.StatusActive}, nil
				}
				return m, err
			}}
		},
		caught: []string{"Lookup/nobody is absent", "Lookup/gone is absent", "Lookup/an invitation that is over is not live"},
	},
	{
		name: "Self finds nobody",
		self: memorySelf,
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, self: func(context.Context, hub.Ref) (hub.Identity, error) { return hub.Identity{}, nil }}
		},
		caught: []string{"Self/is the connection's own seat"},
	},
	{
		name: "Self takes any seat for its own",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, self: func(context.Context, hub.Ref) (hub.Identity, error) {
				return hub.Identity{MemberIDs: []string{"seat-1"}}, nil
			}}
		},
		caught: []string{"Self/is the connection's own seat", "Self/on another business is nobody"},
	},
	{
		name: "Add reports success whatever happened",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, add: func(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
				_, _ = c.Add(ctx, ref, in)
				return hub.Member{Email: in.Email, Role: in.Role, Status: hub.StatusInvited}, nil
			}}
		},
		caught: []string{
			"Add/somebody invited is a conflict", "Add/a member is a conflict", "Add/a malformed address is invalid", "Add/an unknown role is invalid",
			"Add/on no such business", "Add/a full hub has a reason", "Add/without permission", "Add/as no administrator", "Add/with an expired token",
			"Add/where a second factor is due", "Add/while blocked", "Add/half done keeps the seat in sight", "Lost/an add whose answer is lost is one seat", "Lost/an add that is lost is at most one seat",
			"Explain/a long throttle is not waited out", "Explain/a platform that is down",
		},
	},
	{
		name: "Add does nothing",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, add: func(_ context.Context, _ hub.Ref, in hub.Add) (hub.Member, error) {
				return hub.Member{Email: in.Email, Role: in.Role, Status: hub.StatusInvited}, nil
			}}
		},
		caught: []string{"Add/somebody, with each primary role", "Add/keeps the address apart from others", "Add/with secondary roles", "Add/somebody whose invitation is over", "Concurrent/everything at once"},
	},
	{
		name: "Add takes two seats",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, add: func(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
				m, err := c.Add(ctx, ref, in)
				in.Email = "copy." + in.Email
				_, _ = c.Add(ctx, ref, in)
				return m, err
			}}
		},
		caught: []string{"Add/keeps the address apart from others"},
	},
	{
		name: "Add answers with an id that is not theirs",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, add: func(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
				m, err := c.Add(ctx, ref, in)
				m.ID = "seat-1"
				return m, err
			}}
		},
		caught: []string{"Add/somebody, with each primary role"},
	},
	{
		name: "Add tries again when the answer is lost",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, add: func(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
				m, err := c.Add(ctx, ref, in)
				if err != nil && c.Explain(err).Uncertain {
					m, err = c.Add(ctx, ref, in)
				}
				return m, err
			}}
		},
		caught: []string{"Lost/an add whose answer is lost is one seat", "Lost/an add that is lost is at most one seat"},
	},
	{
		name: "Add changes who is there",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, add: func(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
				added, err := c.Add(ctx, ref, in)
				if m, lookErr := c.Lookup(ctx, ref, hub.Key{Email: hub.FoldEmail(in.Email)}); err != nil && lookErr == nil {
					_ = c.ChangeRole(ctx, ref, m, hub.RoleChange{Role: in.Role})
				}
				return added, err
			}}
		},
		caught: []string{"Add/somebody invited is a conflict", "Add/a member is a conflict"},
	},
	{
		name: "what is held is called refused, and then forgotten",
		in: func(c hub.Connector) hub.Connector {
			return &broken{
				Connector: c,
				lookup: func(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
					m, err := c.Lookup(ctx, ref, key)
					if m.Status == hub.StatusPendingApproval {
						return hub.Member{}, hub.ErrAbsent
					}
					m.Awaiting = nil
					return m, err
				},
			}
		},
		caught: []string{"Add/held for approval is no error", "ChangeRole/held for approval is no error", "Remove/held for approval is no error"},
	},
	{
		name: "half an add keeps its id to itself",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, add: func(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
				m, err := c.Add(ctx, ref, in)
				if err != nil {
					m = hub.Member{}
				}
				return m, err
			}}
		},
		caught: []string{"Add/half done keeps the seat in sight"},
	},
	{
		name: "ChangeRole does nothing",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, change: func(context.Context, hub.Ref, hub.Member, hub.RoleChange) error { return nil }}
		},
		caught: []string{
			"ChangeRole/of a member, up and down", "ChangeRole/of an invitation", "ChangeRole/of the last administrator", "ChangeRole/of somebody gone",
			"ChangeRole/to an unknown role is invalid", "ChangeRole/as no administrator", "ChangeRole/with an expired token",
			"ChangeRole/grants a secondary role", "ChangeRole/revokes a secondary role", "Context/over before the call sends nothing",
		},
	},
	{
		name: "ChangeRole refuses what is so already",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, change: func(ctx context.Context, ref hub.Ref, m hub.Member, change hub.RoleChange) error {
				if m.Role == change.Role {
					return errors.New("nothing to change")
				}
				return c.ChangeRole(ctx, ref, m, change)
			}}
		},
		caught: []string{"ChangeRole/to the role held already"},
	},
	{
		name: "Remove does nothing",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, remove: func(context.Context, hub.Ref, hub.Member) error { return nil }}
		},
		caught: []string{
			"Remove/a member", "Remove/an invitation", "Remove/the last administrator", "Remove/a member gone already", "Remove/an invitation gone already",
			"Remove/an invitation accepted meanwhile", "Remove/as no administrator", "Remove/with an expired token", "Concurrent/everything at once",
		},
	},
	{
		name: "a lost answer is a certain failure",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, explain: func(err error) hub.Fault {
				f := c.Explain(err)
				f.Uncertain = false
				return f
			}}
		},
		caught: []string{
			"Lost/an add whose answer is lost is one seat", "Lost/an add that is lost is at most one seat", "Lost/a role change whose answer is lost",
			"Lost/a removal whose answer is lost", "Lost/a withdrawal whose answer is lost", "Lost/a role change never answered",
			"Explain/a platform that is down", "Context/cancelled in the middle returns at once",
		},
	},
	{
		name: "every failure is uncertain",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, explain: func(err error) hub.Fault {
				f := c.Explain(err)
				f.Uncertain = true
				return f
			}}
		},
		caught: []string{"Add/without permission", "ChangeRole/as no administrator", "Remove/as no administrator", "Explain/a long throttle is not waited out", "Context/over before the call sends nothing"},
	},
	{
		name: "reasons are guessed from the text",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, explain: func(err error) hub.Fault {
				if strings.Contains(err.Error(), "unauthorized") {
					return hub.Fault{Reason: hub.ReasonUnauthenticated}
				}
				return c.Explain(err)
			}}
		},
		caught: []string{"Explain/an unknown error is unknown"},
	},
	{
		name: "every reason is the same",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, explain: func(error) hub.Fault { return hub.Fault{Reason: hub.ReasonUnknown} }}
		},
		caught: []string{
			"Verify/invalid token", "Add/a full hub has a reason", "Remove/a member gone already", "ChangeRole/of the last administrator",
			"Explain/a long throttle is not waited out", "Explain/a platform that is down",
			"Context/cancelled in the middle returns at once", "Context/out of time in the middle returns at once",
		},
	},
	{
		name: "a reason of its own",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, explain: func(error) hub.Fault { return hub.Fault{Reason: "bad_luck"} }}
		},
		caught: []string{"Lookup/nobody is absent"},
	},
	{
		name: "the throttle is kept to itself",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, explain: func(err error) hub.Fault {
				f := c.Explain(err)
				f.Wait = 0
				return f
			}}
		},
		caught: []string{"Explain/a long throttle is not waited out"},
	},
	{
		name: "the context is ignored",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, members: func(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
				own, cancel := context.WithTimeout(context.WithoutCancel(ctx), prompt+300*time.Millisecond)
				defer cancel()
				return c.Members(own, ref)
			}}
		},
		caught: []string{"Context/over before the call sends nothing", "Context/cancelled in the middle returns at once", "Context/out of time in the middle returns at once"},
	},
	{
		name: "a secret in an error",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, verify: func(ctx context.Context, ref hub.Ref) (hub.Business, error) {
				b, err := c.Verify(ctx, ref)
				if err != nil {
					err = fmt.Errorf("token %s: %w", memoryToken, err)
				}
				return b, err
			}}
		},
		caught: []string{"Verify/invalid token"},
	},
	{
		name: "a secret in a fault",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, explain: func(err error) hub.Fault {
				f := c.Explain(err)
				f.Message = "bad token " + memoryToken
				return f
			}}
		},
		caught: []string{"Verify/invalid token"},
	},
	{
		name: "what the platform cannot do is done",
		can:  powerless,
		in:   intact, // and yet the connector supports everything
		caught: []string{
			"Unsupported/add is refused without a request", "Unsupported/add_with_secondary_roles is refused without a request",
			"Unsupported/change_role is refused without a request", "Unsupported/change_invited_role is refused without a request",
			"Unsupported/grant_secondary_role is refused without a request", "Unsupported/revoke_secondary_role is refused without a request",
			"Unsupported/remove is refused without a request", "Unsupported/cancel_invitation is refused without a request",
		},
	},
}

// brokenWorker is a connector that works in jobs, with some methods replaced.
type brokenWorker struct {
	memoryWorker
	write func(error) error // what Add, ChangeRole and Remove make of their error
	job   func(context.Context, hub.Ref, string) (bool, error)
	roles func(context.Context, hub.Ref) ([]hub.Role, error)
}

func (b *brokenWorker) written(err error) error {
	if b.write != nil {
		return b.write(err)
	}
	return err
}

func (b *brokenWorker) Add(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
	m, err := b.memoryWorker.Add(ctx, ref, in)
	return m, b.written(err)
}

func (b *brokenWorker) ChangeRole(ctx context.Context, ref hub.Ref, m hub.Member, change hub.RoleChange) error {
	return b.written(b.memoryWorker.ChangeRole(ctx, ref, m, change))
}

func (b *brokenWorker) Remove(ctx context.Context, ref hub.Ref, m hub.Member) error {
	return b.written(b.memoryWorker.Remove(ctx, ref, m))
}

func (b *brokenWorker) Job(ctx context.Context, ref hub.Ref, id string) (bool, error) {
	if b.job != nil {
		return b.job(ctx, ref, id)
	}
	return b.memoryWorker.Job(ctx, ref, id)
}

func (b *brokenWorker) Roles(ctx context.Context, ref hub.Ref) ([]hub.Role, error) {
	if b.roles != nil {
		return b.roles(ctx, ref)
	}
	return b.memoryWorker.Roles(ctx, ref)
}

// brokenLister is a connector that lists its businesses in its own way.
type brokenLister struct {
	*memoryConnector
	list func(*memoryConnector, context.Context) ([]hub.Business, error)
}

func (b *brokenLister) Businesses(ctx context.Context) ([]hub.Business, error) {
	return b.list(b.memoryConnector, ctx)
}

// listerMistakes are mistakes of connectors that list businesses.
var listerMistakes = []struct {
	name   string
	list   func(*memoryConnector, context.Context) ([]hub.Business, error)
	caught []string
}{
	{
		name: "only the first page is read",
		list: func(c *memoryConnector, ctx context.Context) ([]hub.Business, error) {
			list, err := c.Businesses(ctx)
			return list[:min(len(list), memoryPage)], err
		},
		caught: []string{"Businesses/hold the hub, and each once"},
	},
	{
		name: "a business comes twice",
		list: func(c *memoryConnector, ctx context.Context) ([]hub.Business, error) {
			list, err := c.Businesses(ctx)
			return append(list, list...), err
		},
		caught: []string{"Businesses/hold the hub, and each once"},
	},
	{
		name: "somebody else's business is listed",
		list: func(c *memoryConnector, ctx context.Context) ([]hub.Business, error) {
			list, err := c.Businesses(ctx)
			return append(list, hub.Business{ID: "b2"}), err
		},
		caught: []string{"Businesses/hold the hub, and each once"},
	},
	{
		name: "ids that no configuration can take",
		list: func(c *memoryConnector, ctx context.Context) ([]hub.Business, error) {
			list, err := c.Businesses(ctx)
			return append(list, hub.Business{ID: "businesses/b3"}), err
		},
		caught: []string{"Businesses/hold the hub, and each once"},
	},
	{
		name: "names are left out",
		list: func(c *memoryConnector, ctx context.Context) ([]hub.Business, error) {
			list, err := c.Businesses(ctx)
			for i := range list {
				list[i].Name = ""
			}
			return list, err
		},
		caught: []string{"Businesses/hold the hub, and each once"},
	},
	{
		name: "what was listed once is the list for ever",
		list: func(c *memoryConnector, _ context.Context) ([]hub.Business, error) {
			return []hub.Business{{ID: c.m.Ref.BusinessID, Name: "Memory"}}, nil
		},
		caught: []string{
			"Businesses/writes nothing", "Businesses/invalid token is an error", "Businesses/a cut list is an error",
			"Explain/a long throttle is not waited out", "Explain/a platform that is down",
			"Context/over before the call sends nothing", "Context/cancelled in the middle returns at once",
		},
	},
	{
		name: "each business is written to",
		list: func(c *memoryConnector, ctx context.Context) ([]hub.Business, error) {
			if err := c.call(ctx, c.m.Ref, hub.OpChangeRole, func() error { return nil }); err != nil {
				return nil, err
			}
			return c.Businesses(ctx)
		},
		caught: []string{"Businesses/writes nothing"},
	},
	{
		name: "half a list beside the error",
		list: func(c *memoryConnector, ctx context.Context) ([]hub.Business, error) {
			list, err := c.Businesses(ctx)
			if err != nil {
				list = []hub.Business{{ID: "sister0"}}
			}
			return list, err
		},
		caught: []string{"Businesses/invalid token is an error", "Businesses/a cut list is an error"},
	},
	{
		name: "half a list is passed off as the list",
		list: func(c *memoryConnector, ctx context.Context) ([]hub.Business, error) {
			list, _ := c.Businesses(ctx)
			return list, nil
		},
		caught: []string{"Businesses/invalid token is an error", "Businesses/a cut list is an error"},
	},
	{
		name: "a secret in an error",
		list: func(c *memoryConnector, ctx context.Context) ([]hub.Business, error) {
			list, err := c.Businesses(ctx)
			if err != nil {
				err = fmt.Errorf("token %s: %w", memoryToken, err)
			}
			return list, err
		},
		caught: []string{"Businesses/invalid token is an error"},
	},
}

// workerMistakes are mistakes of connectors that work in jobs.
var workerMistakes = []struct {
	name   string
	in     func(memoryWorker) hub.Connector
	caught []string
}{
	{
		name: "what has begun is called done",
		in: func(w memoryWorker) hub.Connector {
			return &brokenWorker{memoryWorker: w, write: func(err error) error {
				if started := (*hub.Started)(nil); errors.As(err, &started) {
					return nil
				}
				return err
			}}
		},
		caught: []string{"Job/a write has begun and is not done", "Job/one that comes to nothing is an error", "Add/an unknown role is invalid"},
	},
	{
		name: "the job has no id",
		in: func(w memoryWorker) hub.Connector {
			return &brokenWorker{memoryWorker: w, write: func(err error) error {
				if started := (*hub.Started)(nil); errors.As(err, &started) {
					return &hub.Started{}
				}
				return err
			}}
		},
		caught: []string{"Job/a write has begun and is not done"},
	},
	{
		name: "every job has ended well",
		in: func(w memoryWorker) hub.Connector {
			return &brokenWorker{memoryWorker: w, job: func(ctx context.Context, ref hub.Ref, id string) (bool, error) {
				_, _ = w.Job(ctx, ref, id)
				return true, nil
			}}
		},
		caught: []string{
			"Job/one that comes to nothing is an error", "Job/one that nobody knows is no success", "Job/one that cannot be read is not done",
			"Add/a full hub has a reason",
		},
	},
	{
		name: "no job ever ends",
		in: func(w memoryWorker) hub.Connector {
			return &brokenWorker{memoryWorker: w, job: func(ctx context.Context, ref hub.Ref, id string) (bool, error) {
				_, err := w.Job(ctx, ref, id)
				return false, err
			}}
		},
		caught: []string{"Job/a look is one request and ends in success"},
	},
	{
		name: "a look waits for the end",
		in: func(w memoryWorker) hub.Connector {
			return &brokenWorker{memoryWorker: w, job: func(ctx context.Context, ref hub.Ref, id string) (done bool, err error) {
				for !done && err == nil {
					done, err = w.Job(ctx, ref, id)
				}
				return done, err
			}}
		},
		caught: []string{"Job/a look is one request and ends in success"},
	},
	{
		name: "a failed job is somebody who is gone",
		in: func(w memoryWorker) hub.Connector {
			return &brokenWorker{memoryWorker: w, job: func(ctx context.Context, ref hub.Ref, id string) (bool, error) {
				done, err := w.Job(ctx, ref, id)
				if done && err != nil {
					err = refusedBy(hub.ReasonNotFound)
				}
				return done, err
			}}
		},
		caught: []string{"Job/one that comes to nothing is an error"},
	},
	{
		name: "the roles are always the same",
		in: func(w memoryWorker) hub.Connector {
			return &brokenWorker{memoryWorker: w, roles: func(context.Context, hub.Ref) ([]hub.Role, error) {
				return []hub.Role{{ID: "MEMBER", Label: "Member", Kind: hub.Secondary}}, nil
			}}
		},
		caught: []string{"Roles/are those of the hub", "Roles/no such business is an error", "Roles/invalid token is an error"},
	},
}

// accountMistakes are mistakes of connectors to hubs that keep accounts.
var accountMistakes = []struct {
	name   string
	in     func(hub.Connector) hub.Connector
	caught []string
}{
	{
		name: "who comes back is added anew",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, add: func(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
				in.Suspended = hub.Member{}
				return c.Add(ctx, ref, in)
			}}
		},
		caught: []string{"Add/switches a suspended seat on again"},
	},
	{
		name: "who comes back has the role of old",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, add: func(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
				if in.Suspended.ID != "" {
					in.Role = in.Suspended.Role
				}
				return c.Add(ctx, ref, in)
			}}
		},
		caught: []string{"Add/switches a suspended seat on again"},
	},
	{
		name: "Remove does nothing",
		in: func(c hub.Connector) hub.Connector {
			return &broken{Connector: c, remove: func(context.Context, hub.Ref, hub.Member) error { return nil }}
		},
		caught: []string{"Remove/a member", "Remove/a member gone already", "Concurrent/everything at once", "Unsupported/cancel_invitation is refused without a request"},
	},
}

// brokenDrivers are drivers that each get one thing wrong.
var brokenDrivers = []struct {
	name   string
	change func(*hub.Driver)
	caught string
}{
	{"no default role", func(d *hub.Driver) {
		d.Platform.Roles = []hub.Role{{ID: "OWNER", Label: "Owner", Kind: hub.Primary, Admin: true}}
	}, "Driver/describes the platform"},
	{"a capability left out", func(d *hub.Driver) {
		d.Platform.Capabilities = maps.Clone(d.Platform.Capabilities)
		delete(d.Platform.Capabilities, hub.OpCancel)
	}, "Driver/describes the platform"},
	{"one environment variable for all entries", func(d *hub.Driver) { d.Named = true }, "Driver/describes the platform"},
	{"a list from the environment", func(d *hub.Driver) {
		d.Settings = []hub.Setting{{Name: "roles", Env: "MEMORY_ROLES", List: true, Description: "Roles."}}
	}, "Driver/describes the platform"},
	{"no form of the id", func(d *hub.Driver) { d.Platform.BusinessID = (*regexp.Regexp)(nil) }, "Driver/describes the platform"},
	{"takes any settings", openAnyway, "Driver/refuses a missing required setting"},
	{"takes any settings", openAnyway, "Driver/refuses an endpoint that would leak"},
}

func openAnyway(d *hub.Driver) {
	d.Open = func(hub.Options) (hub.Connector, error) { return NewMemory("").Connector(nil), nil }
}

// TestTeeth runs the checks against each mistake and wants them to notice, and
// wants every check to have noticed something.
func TestTeeth(t *testing.T) {
	var mu sync.Mutex
	bitten := map[string]bool{}
	bites := func(t *testing.T, s Subject, name string) {
		t.Helper()
		checks := checksFor(s)
		i := slices.IndexFunc(checks, func(c check) bool { return c.name == name })
		if i < 0 {
			t.Errorf("there is no check %q", name)
			return
		}
		r := record(t, func(tb TB) { checks[i].against(tb, s) })
		if len(r.failures) == 0 {
			t.Errorf("%q passes", name)
		}
		mu.Lock()
		defer mu.Unlock()
		bitten[name] = true
	}
	t.Run("mistakes", func(t *testing.T) {
		for _, m := range mistakes {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				for _, name := range m.caught {
					bites(t, memorySubject(m.self, m.can, nil, m.in), name)
				}
			})
		}
		for _, m := range workerMistakes {
			t.Run("in jobs: "+m.name, func(t *testing.T) {
				t.Parallel()
				for _, name := range m.caught {
					bites(t, workerSubject(m.in), name)
				}
			})
		}
		for _, m := range listerMistakes {
			t.Run("businesses: "+m.name, func(t *testing.T) {
				t.Parallel()
				in := func(c hub.Connector) hub.Connector {
					return &brokenLister{c.(*memoryConnector), m.list} //nolint:forcetypeassert // memorySubject
				}
				for _, name := range m.caught {
					bites(t, memorySubject("", nil, nil, in), name)
				}
			})
		}
		for _, m := range accountMistakes {
			t.Run("accounts: "+m.name, func(t *testing.T) {
				t.Parallel()
				for _, name := range m.caught {
					bites(t, accountsSubject(m.in), name)
				}
			})
		}
		for _, m := range brokenDrivers {
			t.Run("driver: "+m.name, func(t *testing.T) {
				s := memorySubject("", nil, nil, intact)
				m.change(&s.Driver)
				bites(t, s, m.caught)
			})
		}
	})
	for _, s := range []Subject{memorySubject("", nil, nil, intact), memorySubject("", powerless, nil, intact), workerSubject(diligent), accountsSubject(intact)} {
		for _, c := range checksFor(s) {
			if !bitten[c.name] {
				t.Errorf("no mistake makes %q fail: nobody knows whether it can", c.name)
			}
		}
	}
}

// A cause the world does not have must not pass for a check passed.
func TestUnknownCauseFails(t *testing.T) {
	s := memorySubject("", nil, nil, intact)
	open := s.Open
	s.Open = func(tb TB) *Fixture {
		f := open(tb)
		f.World = causeless{f.World}
		return f
	}
	for _, c := range checksFor(s) {
		if len(c.cause) == 0 {
			continue
		}
		if r := record(t, func(tb TB) { c.against(tb, s) }); len(r.failures) == 0 {
			t.Errorf("%q passes in a world without its cause", c.name)
		}
	}
	s.Without = []Cause{TokenInvalid}
	for _, c := range checksFor(s) {
		if slices.Contains(c.cause, TokenInvalid) {
			t.Errorf("%q is run although the platform cannot have its cause", c.name)
		}
	}
}

// A trouble that nobody met shows nothing.
func TestUnmetTroubleFails(t *testing.T) {
	s := memorySubject("", nil, nil, intact)
	open := s.Open
	s.Open = func(tb TB) *Fixture {
		f := open(tb)
		f.World = unmet{f.World}
		return f
	}
	for _, c := range checksFor(s) {
		if c.name == "Members/a cut list is an error" {
			if r := record(t, func(tb TB) { c.against(tb, s) }); len(r.failures) == 0 {
				t.Errorf("%q passes although nobody met the cut", c.name)
			}
		}
	}
}

type causeless struct{ World }

func (causeless) Bring(Trouble) error { return errors.New("no such cause") }

type unmet struct{ World }

func (unmet) Met() int { return 0 }

// recorder is a TB that keeps failures to itself.
type recorder struct {
	ctx context.Context

	mu       sync.Mutex
	failures []string
	cleanups []func()
}

// record runs a check as testing would: FailNow ends it.
func record(t *testing.T, run func(TB)) *recorder {
	t.Helper()
	r := &recorder{ctx: t.Context()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(r)
	}()
	<-done
	for _, clean := range slices.Backward(r.cleanups) {
		clean()
	}
	return r
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Logf(string, ...any)      {}

func (r *recorder) Cleanup(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, f)
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}
