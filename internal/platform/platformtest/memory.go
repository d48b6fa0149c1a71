package platformtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Memory is a platform without a wire: a World and the connector to it in one
// process. It proves the suite, and serves wherever a hub is needed and HTTP is
// not the point. It is safe for concurrent use.
//
// It behaves like the platforms do at their most awkward: invitations and seats
// have ids from two spaces, lists come in pages, the last administrator stays.
type Memory struct {
	Ref  hub.Ref
	Self string // address of the connection's own seat
	// Accounts says that there are no invitations: an add is a seat at once, and a
	// removal switches it off.
	Accounts bool

	mu       sync.Mutex
	people   []hub.Member
	lastID   int
	troubles map[Cause]hub.Operation
	// accepting is who accepts once the next call is answered.
	accepting string
	met       int
	requests  Requests
	jobs      map[string]*memoryJob
}

// memoryJob is a write of a memory hub that works in jobs.
type memoryJob struct {
	looks int
	err   error
}

const (
	memoryName   = "memory"
	memoryToken  = "memory-token-0123456789"
	memoryPage   = 4
	memoryDomain = "memory.example"
)

var memoryPlatform = hub.Platform{
	Name:           memoryName,
	Title:          "Memory Hub",
	Vendor:         "Memory",
	BusinessID:     regexp.MustCompile(`^[a-z0-9]+$`),
	BusinessIDForm: "letters and digits, for example b1",
	Roles: []hub.Role{
		{ID: "MEMBER", Label: "Member", Kind: hub.Primary, Default: true},
		{ID: "OWNER", Label: "Owner", Kind: hub.Primary, Admin: true},
		{ID: "BILLING", Label: "Billing", Kind: hub.Secondary},
	},
	Capabilities: hub.Capabilities{
		hub.OpAdd: hub.Supported, hub.OpAddWithSecondary: hub.Supported,
		hub.OpChangeRole: hub.Supported, hub.OpChangeInvitedRole: hub.Supported,
		hub.OpGrantRole: hub.Supported, hub.OpRevokeRole: hub.Supported,
		hub.OpRemove: hub.Supported, hub.OpCancel: hub.Supported,
	},
	Statuses: hub.Statuses(),
	AdminURL: "https://" + memoryDomain + "/{business_id}/people",
	PageSize: memoryPage,
	Settle:   time.Second,
}

// NewMemory is an empty business, but for the seat of self when it is not "".
func NewMemory(self string) *Memory {
	m := &Memory{Ref: hub.Ref{Platform: memoryName, BusinessID: "b1"}, Self: self, troubles: map[Cause]hub.Operation{}}
	if self != "" {
		m.put(hub.Member{Email: self, Status: hub.StatusActive, Role: "OWNER"})
	}
	return m
}

// Platform describes the memory hub.
func (m *Memory) Platform() hub.Platform { return memoryPlatform }

// Connector connects to the memory hub. Operations that are not in can are
// refused; nil supports all.
func (m *Memory) Connector(can hub.Capabilities) hub.Connector {
	if can == nil {
		can = memoryPlatform.Capabilities
	}
	return &memoryConnector{m: m, can: can}
}

// memoryDriver opens connectors to a business of their own.
func memoryDriver(can hub.Capabilities) hub.Driver {
	p := memoryPlatform
	if can != nil {
		p.Capabilities = can
	}
	return hub.Driver{
		Platform: p,
		Settings: []hub.Setting{
			{Name: "token", Env: "MEMORY_TOKEN", Secret: true, Required: true, Description: "Token."},
			{Name: "endpoint", Env: "MEMORY_ENDPOINT", Default: "https://" + memoryDomain, Description: "Base URL."},
		},
		Open: func(o hub.Options) (hub.Connector, error) {
			if o.Settings["token"] == "" {
				return nil, &hub.SettingError{Setting: "token", Problem: "no token is set."}
			}
			u, err := url.Parse(cmp.Or(o.Settings["endpoint"], "https://"+memoryDomain))
			local := err == nil && slices.Contains([]string{"127.0.0.1", "localhost", "::1"}, u.Hostname())
			if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !local) {
				return nil, &hub.SettingError{Setting: "endpoint", Problem: "write an https URL."}
			}
			return NewMemory("").Connector(can), nil
		},
	}
}

// put gives m an id of its kind and a place.
func (m *Memory) put(p hub.Member) hub.Member {
	m.lastID++
	p.ID = fmt.Sprintf("seat-%d", m.lastID)
	if p.Status == hub.StatusInvited {
		p.ID = fmt.Sprintf("invitation-%d", m.lastID)
	}
	m.people = append(m.people, p)
	return p
}

func (m *Memory) at(match func(hub.Member) bool) int { return slices.IndexFunc(m.people, match) }

func byEmail(email string) func(hub.Member) bool {
	return func(p hub.Member) bool { return hub.FoldEmail(p.Email) == hub.FoldEmail(email) }
}

func (m *Memory) lastAdmin(i int) bool {
	admins := 0
	for _, p := range m.people {
		if p.Status == hub.StatusActive && p.Role == "OWNER" {
			admins++
		}
	}
	return admins == 1 && m.people[i].Status == hub.StatusActive && m.people[i].Role == "OWNER"
}

func (m *Memory) held() bool {
	_, ok := m.troubles[HeldForApproval]
	return ok
}

// People implements World.
func (m *Memory) People() ([]hub.Member, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.people), nil
}

// Requests implements World.
func (m *Memory) Requests() Requests {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.requests
}

// Met implements World.
func (m *Memory) Met() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.met
}

// Bring implements World.
func (m *Memory) Bring(t Trouble) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.troubles[t.Cause] = t.On
	m.accepting = t.Email
	return nil
}

// Act implements World.
func (m *Memory) Act(a Act) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.act(a)
}

func (m *Memory) act(a Act) error {
	i := m.at(byEmail(a.Email))
	if a.Kind == Join || a.Kind == Invite {
		if i >= 0 {
			return fmt.Errorf("%s is there", a.Email)
		}
		status := hub.StatusActive
		switch {
		case a.Kind == Invite && m.Accounts:
			return errors.New("there are no invitations")
		case a.Kind == Invite:
			status = hub.StatusInvited
		}
		m.put(hub.Member{Email: a.Email, Status: status, Role: a.Role})
		return nil
	}
	if i < 0 {
		return fmt.Errorf("%s is not there", a.Email)
	}
	p := m.people[i]
	switch a.Kind {
	case Accept:
		m.people = slices.Delete(m.people, i, i+1)
		p.Status = hub.StatusActive
		m.put(p)
	case Decline:
		m.people[i].Status = hub.StatusDeclined
	case Expire:
		m.people[i].Status = hub.StatusExpired
	case Leave:
		m.people = slices.Delete(m.people, i, i+1)
	case SetRole:
		m.people[i].Role = a.Role
	default:
		return fmt.Errorf("nobody can %q", a.Kind)
	}
	return nil
}

// memoryError is what the platform answers: already in roster's words.
type memoryError struct{ fault hub.Fault }

func (e *memoryError) Error() string { return "memory: " + string(e.fault.Reason) }

func refusedBy(reason hub.Reason) error { return &memoryError{hub.Fault{Reason: reason}} }

type memoryConnector struct {
	m   *Memory
	can hub.Capabilities
	// jobs says that writes become jobs, see memoryWorker.
	jobs bool
	// seatsFirst is a mistake for the suite's own test: who accepts between the
	// two lists is in neither.
	seatsFirst bool
}

// call is one exchange with the platform: a page read, or a write. Troubles
// strike here.
func (c *memoryConnector) call(ctx context.Context, ref hub.Ref, op hub.Operation, act func() error) error {
	m := c.m
	write := op != ""
	if err := ctx.Err(); err != nil {
		return ended(err, false)
	}
	m.mu.Lock()
	m.requests.All++
	if write {
		m.requests.Writes++
	}
	_, stalled := m.troubles[Stalled]
	if stalled {
		m.met++
	}
	m.mu.Unlock()
	if stalled {
		<-ctx.Done()
		return ended(ctx.Err(), write)
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	has := func(cause Cause) bool { _, ok := m.troubles[cause]; return ok }
	lost := func(cause Cause) bool {
		on, ok := m.troubles[cause]
		if !ok || on != op {
			return false
		}
		if cause != LostAfterAlways {
			delete(m.troubles, cause)
		}
		m.met++
		return true
	}
	switch {
	case has(Down):
		m.met++
		return &memoryError{hub.Fault{Reason: hub.ReasonUnavailable, Attempts: 1, Uncertain: write}}
	case has(Throttled):
		m.met++
		return &memoryError{hub.Fault{Reason: hub.ReasonRateLimited, Attempts: 1, Wait: time.Hour}}
	case has(TokenInvalid), has(TokenExpired):
		return refusedBy(hub.ReasonUnauthenticated)
	case ref != m.Ref:
		return refusedBy(hub.ReasonNotFound)
	case has(PermissionMissing), has(NotAdmin):
		return refusedBy(hub.ReasonForbidden)
	case write && has(SecondFactor):
		return refusedBy(hub.ReasonSecondFactor)
	case write && has(Blocked):
		return refusedBy(hub.ReasonBlocked)
	case lost(LostBefore):
		return &memoryError{hub.Fault{Reason: hub.ReasonOutcomeUnknown, Attempts: 1, Uncertain: true}}
	}
	var started error
	switch failing := has(JobFails); {
	case write && c.jobs && failing:
		started = m.begin(refusedBy(hub.ReasonUnknown))
	case write && c.jobs:
		started = m.begin(act())
	default:
		if err := act(); err != nil {
			return err
		}
	}
	if m.accepting != "" {
		_ = m.act(Act{Kind: Accept, Email: m.accepting}) // the check looks whether they did
		m.accepting = ""
	}
	if lost(LostAfter) || lost(LostAfterAlways) {
		return &memoryError{hub.Fault{Reason: hub.ReasonOutcomeUnknown, Attempts: 1, Uncertain: true}}
	}
	return started
}

// begin makes a write that came to err a job. Its effect is there at once, as on
// a platform that works whether anybody looks or not.
func (m *Memory) begin(err error) error {
	id := fmt.Sprintf("job-%d", len(m.jobs)+1)
	var e *memoryError
	if errors.As(err, &e) {
		e.fault.RequestID = id
	}
	if m.jobs == nil {
		m.jobs = map[string]*memoryJob{}
	}
	m.jobs[id] = &memoryJob{err: err}
	return &hub.Started{Job: id}
}

// memoryWorker is the connector to a memory hub that works in jobs, and has
// roles of its own.
type memoryWorker struct{ *memoryConnector }

// Worker connects to the memory hub as one that works in jobs, with roles that
// come from the hub. can is as in Connector.
func (m *Memory) Worker(can hub.Capabilities) hub.Connector {
	c := m.Connector(can).(*memoryConnector) //nolint:forcetypeassert // above
	c.jobs = true
	return memoryWorker{c}
}

// Job implements hub.JobReader: the first look finds the job under way.
func (c memoryWorker) Job(ctx context.Context, ref hub.Ref, id string) (done bool, err error) {
	var how error
	err = c.call(ctx, ref, "", func() error {
		j, ok := c.m.jobs[id]
		if !ok {
			return &memoryError{hub.Fault{Reason: hub.ReasonOutcomeUnknown, Uncertain: true}}
		}
		j.looks++
		done, how = j.looks > 1, j.err
		return nil
	})
	if err != nil || !done {
		return false, err
	}
	return true, how
}

// Roles implements hub.RoleLister. Which of them is the least, it does not say.
func (c memoryWorker) Roles(ctx context.Context, ref hub.Ref) (roles []hub.Role, err error) {
	err = c.call(ctx, ref, "", func() error {
		for _, r := range memoryPlatform.Roles {
			r.Default = false
			roles = append(roles, r)
		}
		return nil
	})
	return roles, err
}

// memoryKeeper is the connector to a memory hub that keeps accounts, configured
// by itself and with roles that only it knows of.
type memoryKeeper struct{ hub.Connector }

// accountsPlatform is what holds of every hub that keeps accounts.
func accountsPlatform() hub.Platform {
	p := memoryPlatform
	p.Roles = nil
	p.Suspends = true
	p.Statuses = []hub.Status{hub.StatusActive, hub.StatusSuspended}
	p.Capabilities = maps.Clone(p.Capabilities)
	p.Capabilities[hub.OpCancel], p.Capabilities[hub.OpChangeInvitedRole] = hub.Unsupported, hub.Unsupported
	return p
}

// For implements hub.Particular.
func (memoryKeeper) For(hub.Ref) hub.Platform {
	p := accountsPlatform()
	p.Roles = memoryPlatform.Roles
	return p
}

func ended(err error, uncertain bool) error {
	reason := hub.ReasonCancelled
	if errors.Is(err, context.DeadlineExceeded) {
		reason = hub.ReasonTimeout
	}
	return &memoryError{hub.Fault{Reason: reason, Uncertain: uncertain}}
}

func (c *memoryConnector) refuse(op hub.Operation) error {
	if c.can.Of(op) == hub.Supported {
		return nil
	}
	return refusedBy(hub.ReasonUnsupported)
}

func (c *memoryConnector) Verify(ctx context.Context, ref hub.Ref) (hub.Business, error) {
	err := c.call(ctx, ref, "", func() error { return nil })
	if err != nil {
		return hub.Business{}, err
	}
	return hub.Business{ID: ref.BusinessID, Name: "Memory"}, nil
}

// Businesses implements hub.BusinessLister: b1 comes last, on a page of its own.
func (c *memoryConnector) Businesses(ctx context.Context) (list []hub.Business, err error) {
	for from, more := 0, true; more; from += memoryPage {
		err := c.call(ctx, c.m.Ref, "", func() error {
			if _, ok := c.m.troubles[BusinessesCut]; ok && from >= 2*memoryPage {
				c.m.met++
				return refusedBy(hub.ReasonUnavailable)
			}
			for i := from; i < from+memoryPage && more; i++ {
				b := hub.Business{ID: fmt.Sprintf("sister%d", i), Name: "Sister"}
				if i == 2*memoryPage {
					b, more = hub.Business{ID: c.m.Ref.BusinessID, Name: "Memory"}, false
				}
				list = append(list, b)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// page reads one page of the seats or of the invitations.
func (c *memoryConnector) page(ctx context.Context, ref hub.Ref, invitations bool, from int) (rows []hub.Member, more bool, err error) {
	cut := MembersCut
	if invitations {
		cut = InvitationsCut
	}
	err = c.call(ctx, ref, "", func() error {
		if _, ok := c.m.troubles[cut]; ok && from >= 2*memoryPage {
			c.m.met++
			return refusedBy(hub.ReasonUnavailable)
		}
		var all []hub.Member
		for _, p := range c.m.people {
			if (p.Status != hub.StatusActive) == invitations {
				all = append(all, p)
			}
		}
		if from < len(all) {
			rows = all[from:min(from+memoryPage, len(all))]
		}
		more = from+memoryPage < len(all)
		return nil
	})
	return rows, more, err
}

func (c *memoryConnector) Members(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
	var members []hub.Member
	for _, invitations := range []bool{!c.seatsFirst, c.seatsFirst} {
		for from, more := 0, true; more; from += memoryPage {
			var rows []hub.Member
			var err error
			if rows, more, err = c.page(ctx, ref, invitations, from); err != nil {
				return nil, err
			}
			members = append(members, rows...)
		}
	}
	return members, nil
}

func (c *memoryConnector) Lookup(ctx context.Context, ref hub.Ref, key hub.Key) (found hub.Member, err error) {
	err = c.call(ctx, ref, "", func() error {
		i := -1
		if key.ID != "" {
			i = c.m.at(func(p hub.Member) bool { return p.ID == key.ID })
		}
		if i < 0 && key.Email != "" {
			i = c.m.at(byEmail(key.Email))
		}
		if i < 0 {
			return fmt.Errorf("%s: %w", key.Email, hub.ErrAbsent)
		}
		found = c.m.people[i]
		return nil
	})
	return found, err
}

func (c *memoryConnector) Add(ctx context.Context, ref hub.Ref, in hub.Add) (added hub.Member, err error) {
	if err := c.refuse(hub.OpAdd); err != nil {
		return added, err
	}
	if len(in.Secondary) > 0 {
		if err := c.refuse(hub.OpAddWithSecondary); err != nil {
			return added, err
		}
	}
	err = c.call(ctx, ref, hub.OpAdd, func() error {
		_, known := memoryPlatform.Role(in.Role)
		i := c.m.at(byEmail(in.Email))
		if in.Suspended.ID != "" {
			i = c.m.at(func(p hub.Member) bool { return p.ID == in.Suspended.ID })
		}
		_, full := c.m.troubles[HubFull]
		switch {
		case hub.ValidEmail(in.Email) != nil:
			return refusedBy(hub.ReasonInvalidInput)
		case !known:
			return refusedBy(hub.ReasonInvalidRole)
		case i >= 0 && in.Suspended.ID != "":
			p := &c.m.people[i]
			p.Status, p.Role = hub.StatusActive, in.Role
			added = *p
			return nil
		case i >= 0 && c.m.people[i].Status.Live():
			return refusedBy(hub.ReasonConflict)
		case full:
			return refusedBy(hub.ReasonSeatLimit)
		case i >= 0:
			c.m.people = slices.Delete(c.m.people, i, i+1)
		}
		p := hub.Member{Email: in.Email, Status: hub.StatusInvited, Role: in.Role, Secondary: slices.Sorted(slices.Values(in.Secondary))}
		switch {
		case c.m.held():
			p.Status = hub.StatusPendingApproval
		case c.m.Accounts:
			p.Status = hub.StatusActive
		}
		added = c.m.put(p)
		if _, ok := c.m.troubles[HalfAdded]; ok {
			return refusedBy(hub.ReasonForbidden)
		}
		return nil
	})
	return added, err
}

func (c *memoryConnector) ChangeRole(ctx context.Context, ref hub.Ref, m hub.Member, change hub.RoleChange) error {
	op := hub.OpChangeRole
	switch {
	case change.Grant != "":
		op = hub.OpGrantRole
	case change.Revoke != "":
		op = hub.OpRevokeRole
	case m.Status == hub.StatusInvited:
		op = hub.OpChangeInvitedRole
	}
	if err := c.refuse(op); err != nil {
		return err
	}
	return c.call(ctx, ref, op, func() error {
		i := c.m.at(func(p hub.Member) bool { return p.ID == m.ID })
		if i < 0 {
			return refusedBy(hub.ReasonNotFound)
		}
		p := &c.m.people[i]
		if _, known := memoryPlatform.Role(cmp.Or(change.Role, change.Grant, change.Revoke)); !known {
			return refusedBy(hub.ReasonInvalidRole)
		}
		if change.Role != "" && change.Role != "OWNER" && c.m.lastAdmin(i) {
			return refusedBy(hub.ReasonLastAdmin)
		}
		if change.Role != "" && c.m.held() {
			p.Awaiting = &hub.Awaiting{Task: hub.TaskChangeRole, Role: change.Role, ID: "review-1"}
			return nil
		}
		p.Role = cmp.Or(change.Role, p.Role)
		p.Secondary = slices.DeleteFunc(slices.Clone(p.Secondary), func(r string) bool { return r == change.Revoke || r == change.Grant })
		if change.Grant != "" {
			p.Secondary = slices.Sorted(slices.Values(append(p.Secondary, change.Grant)))
		}
		return nil
	})
}

func (c *memoryConnector) Remove(ctx context.Context, ref hub.Ref, m hub.Member) error {
	op := hub.OpRemove
	if strings.HasPrefix(m.ID, "invitation-") || c.m.Accounts && m.Status == hub.StatusInvited {
		op = hub.OpCancel
	}
	if err := c.refuse(op); err != nil {
		return err
	}
	return c.call(ctx, ref, op, func() error {
		i := c.m.at(func(p hub.Member) bool { return p.ID == m.ID })
		switch {
		case i < 0:
			return refusedBy(hub.ReasonNotFound)
		case c.m.lastAdmin(i):
			return refusedBy(hub.ReasonLastAdmin)
		case c.m.held():
			c.m.people[i].Awaiting = &hub.Awaiting{Task: hub.TaskRemove, ID: "review-1"}
			return nil
		}
		if c.m.Accounts {
			c.m.people[i].Status = hub.StatusSuspended
			return nil
		}
		c.m.people = slices.Delete(c.m.people, i, i+1)
		return nil
	})
}

func (c *memoryConnector) Self(ctx context.Context, ref hub.Ref) (self hub.Identity, err error) {
	err = c.call(ctx, ref, "", func() error {
		if c.m.Self == "" {
			return nil
		}
		self.Email = hub.FoldEmail(c.m.Self)
		if i := c.m.at(byEmail(c.m.Self)); i >= 0 {
			self.MemberIDs = []string{c.m.people[i].ID}
		}
		return nil
	})
	return self, err
}

func (c *memoryConnector) Explain(err error) hub.Fault {
	var e *memoryError
	switch {
	case errors.As(err, &e):
		return e.fault
	case errors.Is(err, hub.ErrAbsent):
		return hub.Fault{Reason: hub.ReasonNotFound}
	case errors.Is(err, context.Canceled):
		return hub.Fault{Reason: hub.ReasonCancelled}
	case errors.Is(err, context.DeadlineExceeded):
		return hub.Fault{Reason: hub.ReasonTimeout}
	default:
		return hub.Fault{Reason: hub.ReasonUnknown}
	}
}
