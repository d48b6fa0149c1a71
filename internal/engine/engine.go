// Package engine is the thick part of roster: everything the platforms have in
// common once a connector can list, look up, add, change and remove. It reads
// each hub's roster once, orders the writes of a hub, looks before it writes,
// guards, verifies, and turns a failure into one hub.TaskError.
//
// An Engine lives as long as one configured provider, which in Terraform is one
// walk: a plan, a refresh or an apply.
package engine

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Options are the engine's settings.
type Options struct {
	Logger *slog.Logger // nil: nothing is logged
	// ReadOnly refuses every task that would write.
	ReadOnly bool
	// Observer is told of every task that has ended. nil: nobody is.
	Observer Observer
	// Safeguard refuses to remove too many people of one hub.
	Safeguard Safeguard
}

// Connection is a connector, or why there is none.
type Connection struct {
	// Connector is nil when the platform cannot be used; Missing then says why
	// and what to do.
	Connector hub.Connector
	Missing   error
	// Unknown says that the credentials are not known yet: Terraform has still
	// to create something they come from. Questions wait instead of failing.
	Unknown bool
}

// Platform is one platform as configured.
type Platform struct {
	hub.Platform
	Connection // of every hub, but for those in Named
	// Named holds the hubs that are configured one by one, by business id.
	Named map[string]Connection
}

// Configured says whether any hub of the platform can be reached.
func (p *Platform) Configured() bool {
	for _, c := range p.Named {
		if c.Connector != nil {
			return true
		}
	}
	return p.Connector != nil
}

// Engine hands out hubs. It is safe for concurrent use.
type Engine struct {
	opts      Options
	platforms map[string]*Platform
	names     []string

	mu   sync.Mutex
	hubs map[hub.Ref]*Hub
}

// New makes an engine over the given platforms.
func New(opts Options, platforms ...Platform) *Engine {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	e := &Engine{opts: opts, platforms: map[string]*Platform{}, hubs: map[hub.Ref]*Hub{}}
	for _, p := range platforms {
		if p.Connector == nil && p.Missing == nil {
			p.Missing = fmt.Errorf("roster has no connection to %s", p.Title)
		}
		e.platforms[p.Name] = &p
		e.names = append(e.names, p.Name)
	}
	return e
}

// Platform is what is known of a platform without a request. The error of an
// unknown name lists the legal ones.
func (e *Engine) Platform(name string) (*Platform, error) {
	p, ok := e.platforms[name]
	if !ok {
		return nil, fmt.Errorf("%q is not a platform roster knows; it knows %s", name, strings.Join(e.names, ", "))
	}
	return p, nil
}

// Platforms lists every platform, in the order they were given.
func (e *Engine) Platforms() []*Platform {
	list := make([]*Platform, 0, len(e.names))
	for _, name := range e.names {
		list = append(list, e.platforms[name])
	}
	return list
}

// Hub is the hub that ref names. It makes no request. An unknown platform or a
// malformed business id is an error; a platform without credentials is not,
// until something is asked of the hub.
func (e *Engine) Hub(ref hub.Ref) (*Hub, error) {
	p, err := e.Platform(ref.Platform)
	if err != nil {
		return nil, err
	}
	if p.BusinessID != nil && !p.BusinessID.MatchString(ref.BusinessID) {
		return nil, fmt.Errorf("business id %q cannot be one of %s: %s", ref.BusinessID, p.Title, p.BusinessIDForm)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	h, ok := e.hubs[ref]
	if !ok {
		h = &Hub{
			engine:   e,
			ref:      ref,
			link:     p.connection(ref),
			platform: p.Platform,
			log:      e.opts.Logger.With("hub", ref.String()),
			writing:  make(chan struct{}, 1),
			learning: make(chan struct{}, 1),
		}
		if particular, ok := h.link.Connector.(hub.Particular); ok {
			h.platform = particular.For(ref)
		}
		h.snapshot.load, h.snapshot.lag = h.list, h.platform.Settle
		e.hubs[ref] = h
	}
	return h, nil
}

func (p *Platform) connection(ref hub.Ref) Connection {
	if c, ok := p.Named[ref.BusinessID]; ok {
		return c
	}
	if len(p.Named) > 0 {
		return Connection{Missing: fmt.Errorf("the provider block %s has no entry %q; it has %s",
			p.Name, ref.BusinessID, strings.Join(slices.Sorted(maps.Keys(p.Named)), ", "))}
	}
	return p.Connection
}

// Settings are what a roster_business_hub resource says of its hub, beyond what
// the platform says.
type Settings struct {
	Label            string // how messages name the hub
	Runbook          string // whose manual steps to print, "" for the platform's own
	Screens          string // the same as the connection told it, where it did: hub.Business.Runbook
	UnsupportedTasks []hub.TaskKind
}

// Hub is one hub as this engine sees it: its roster, its write order, its
// guards. It is safe for concurrent use.
type Hub struct {
	engine   *Engine
	ref      hub.Ref
	link     Connection
	log      *slog.Logger
	snapshot snapshot

	// writing holds a token while a task writes: one write at a time per hub.
	// A channel and not a mutex, so that waiting ends with the context.
	writing chan struct{}

	removals removals

	// planning orders the guards of a plan; going are the administrators whom the
	// plan takes away.
	planning sync.Mutex
	going    []hub.Member

	// learning holds a token while the hub's own roles are read.
	learning chan struct{}

	mu       sync.Mutex
	platform hub.Platform // as it holds here; its roles may come later, see Learn
	learned  bool
	business *hub.Business
	self     *hub.Identity
	settings *Settings
}

// ReadOnly says that every task which would change somebody is refused.
func (h *Hub) ReadOnly() bool { return h.engine.opts.ReadOnly }

// Ref names the hub.
func (h *Hub) Ref() hub.Ref { return h.ref }

// Platform is what is known of the hub's platform as it holds on this hub. Where
// the roles come from the hub, they are there once Learn has read them.
func (h *Hub) Platform() *hub.Platform {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.platform
	return &p
}

// Learn reads the hub's own roles, once per engine, where the platform's data
// does not hold them. Elsewhere, and while the hub is not Ready, it does
// nothing.
func (h *Hub) Learn(ctx context.Context) error {
	lister, ok := h.link.Connector.(hub.RoleLister)
	if !ok {
		return nil
	}
	select {
	case h.learning <- struct{}{}:
		defer func() { <-h.learning }()
	case <-ctx.Done():
		return h.readError(ctx, ctx.Err())
	}
	h.mu.Lock()
	learned := h.learned
	h.mu.Unlock()
	if learned {
		return nil
	}
	roles, err := lister.Roles(ctx, h.ref)
	if err != nil {
		return h.readError(ctx, err)
	}
	h.mu.Lock()
	h.platform.Roles, h.learned = roles, true
	h.mu.Unlock()
	return nil
}

// Ready says whether the hub can be asked at all. Waiting (true, with a nil
// error) means that its credentials are not known yet.
func (h *Hub) Ready() (waiting bool, err error) {
	switch {
	case h.link.Unknown:
		return true, nil
	case h.link.Connector == nil:
		return false, h.link.Missing
	}
	return false, nil
}

// usable is why the hub cannot be asked now, or nil. Whoever can wait asks Ready
// first: a question that comes here all the same is answered with an error and
// not with a guess.
func (h *Hub) usable() error {
	waiting, err := h.Ready()
	if waiting {
		return fmt.Errorf("the credentials for %s are not known yet: Terraform has still to create something they come from", h.Platform().Title)
	}
	return err
}

// Describe remembers what the configuration says of the hub, for the messages
// and checks of its members in the same walk.
func (h *Hub) Describe(s Settings) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settings = &s
}

// Settings is what Describe was last told, and whether it was told anything.
func (h *Hub) Settings() (Settings, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.settings == nil {
		return Settings{}, false
	}
	return *h.settings, true
}

// Name is the best name for the hub in a message: its label, else the
// business's own name when a connection check has told it, else the id. It
// makes no request.
func (h *Hub) Name() string {
	if name := h.KnownName(); name != "" {
		return name
	}
	return "business " + h.ref.BusinessID
}

// KnownName is Name without the last resort: "" when only the id is known.
func (h *Hub) KnownName() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.settings != nil && h.settings.Label != "":
		return h.settings.Label
	case h.business != nil && h.business.Name != "":
		return h.business.Name
	default:
		return ""
	}
}

// Business is what Connect last found, zero before it was asked. It makes no
// request.
func (h *Hub) Business() hub.Business {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.business == nil {
		return hub.Business{}
	}
	return *h.business
}

// Connect checks the credential, the business and the permission, once per
// engine when it succeeds. The error is a *hub.TaskError without a task.
func (h *Hub) Connect(ctx context.Context) (hub.Business, error) {
	if err := h.usable(); err != nil {
		return hub.Business{}, err
	}
	h.mu.Lock()
	known := h.business
	h.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	business, err := h.conn().Verify(ctx, h.ref)
	if err != nil {
		return hub.Business{}, h.readError(ctx, err)
	}
	h.mu.Lock()
	h.business = &business
	h.mu.Unlock()
	return business, nil
}

// Roster is everybody on the hub, sorted by e-mail, read once per engine.
// ReadAt is when the list began.
func (h *Hub) Roster(ctx context.Context) (members []hub.Member, readAt time.Time, err error) {
	if err := h.usable(); err != nil {
		return nil, time.Time{}, err
	}
	if err := h.snapshot.wait(ctx); err != nil {
		return nil, time.Time{}, h.readError(ctx, err)
	}
	members, readAt = h.snapshot.all()
	return members, readAt, nil
}

// Find looks a person up in the roster, by e-mail, and where that finds nobody
// by the id they were last known under: an address can change after the seat
// was taken. Nobody found is ok == false, and certain. Two seats under one
// address are an error: roster does not guess whom to touch.
func (h *Hub) Find(ctx context.Context, email, id string) (m hub.Member, ok bool, err error) {
	if err := h.usable(); err != nil {
		return hub.Member{}, false, err
	}
	if err := h.snapshot.wait(ctx); err != nil {
		return hub.Member{}, false, h.readError(ctx, err)
	}
	found := h.snapshot.find(hub.FoldEmail(email), id)
	if len(found) > 1 {
		var ids []string
		for _, m := range found {
			ids = append(ids, m.ID)
		}
		slices.Sort(ids)
		return hub.Member{}, false, &hub.TaskError{
			Task: hub.Task{Hub: h.ref, Email: hub.FoldEmail(email)},
			Fault: hub.Fault{
				Reason: hub.ReasonConflict,
				Detail: fmt.Sprintf("%d seats on %s carry the address %s (ids %s), and roster does not guess which one is meant. Remove all but one of them by hand.",
					len(found), h.Name(), email, strings.Join(ids, ", ")),
			},
		}
	}
	if len(found) == 0 {
		return hub.Member{}, false, nil
	}
	return found[0], true, nil
}

// readError wraps an error of a read that belongs to no task, or not yet.
func (h *Hub) readError(ctx context.Context, err error) error {
	return h.taskError(ctx, hub.Task{Hub: h.ref}, err, hub.Presence{})
}

func (h *Hub) list(ctx context.Context) ([]hub.Member, error) {
	started := time.Now()
	members, err := h.conn().Members(ctx, h.ref)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, err // nobody waits for it any more
	case err != nil:
		h.log.WarnContext(ctx, "roster could not be read", "error", err)
		return nil, err
	}
	if err := h.Learn(ctx); err != nil {
		// Everybody is there; what is missing is only which of their roles counts
		// for what. A task, which has to know, asks again.
		h.log.WarnContext(ctx, "roles could not be read", "error", err)
	}
	h.log.DebugContext(ctx, "roster read", "members", len(members), "took", time.Since(started))
	return members, nil
}

func (h *Hub) conn() hub.Connector { return h.link.Connector }
