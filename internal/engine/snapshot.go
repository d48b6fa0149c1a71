package engine

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// failureLife is how long a list that could not be read stays failed. Without
// it, a plan over a thousand members of a hub that is down would try the whole
// list, with all its retries, a thousand times.
const failureLife = 30 * time.Second

// snapshot is a hub's roster, read once by whoever asks first. Later writes are
// applied to it in place, so that no write is a reason to list again.
type snapshot struct {
	load func(context.Context) ([]hub.Member, error)

	mu       sync.Mutex
	people   *people // nil until a list has succeeded; never taken away again
	readAt   time.Time
	failed   error
	failedAt time.Time
	flight   *flight
}

// flight is one running list with everybody who waits for it.
type flight struct {
	done    chan struct{}
	err     error
	waiters int
	stop    context.CancelFunc
	// fence holds the writes made since this list began. The list may or may
	// not show them, so they are applied on top of whatever it brings.
	fence []edit
}

// edit is the effect of one write: the seat of email, or of id, is now member,
// or gone when member is nil.
type edit struct {
	email  string
	id     string
	member *hub.Member
}

// wait returns once the roster is there, or with the error of the list or of
// ctx. The list belongs to all its waiters: it runs on when one of them gives
// up, and stops when the last one does.
func (s *snapshot) wait(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.mu.Lock()
		if s.people != nil {
			s.mu.Unlock()
			return nil
		}
		if s.failed != nil && time.Since(s.failedAt) < failureLife {
			defer s.mu.Unlock()
			return s.failed
		}
		f := s.flight
		if f == nil {
			f = s.start(ctx)
		}
		f.waiters++
		s.mu.Unlock()
		if err := s.await(ctx, f); err != nil {
			return err
		}
		// Round again: a reread may have overtaken the list waited for.
	}
}

// reread lists again, for the rare case in which only a complete list that
// began after now can tell whether somebody is gone. Readers keep the old
// roster until the new one is there.
func (s *snapshot) reread(ctx context.Context) error {
	s.mu.Lock()
	f := s.start(ctx)
	f.waiters++
	s.mu.Unlock()
	return s.await(ctx, f)
}

func (s *snapshot) await(ctx context.Context, f *flight) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		f.waiters--
		if f.waiters == 0 {
			f.stop()
			if s.flight == f {
				s.flight = nil
			}
		}
		return ctx.Err()
	}
}

// start begins a list; the caller holds s.mu. The list's context keeps the
// first reader's values (its logger) and not its cancellation.
func (s *snapshot) start(ctx context.Context) *flight {
	listCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	f := &flight{done: make(chan struct{}), stop: stop}
	s.flight = f
	began := time.Now()
	go func() {
		defer stop()
		members, err := s.load(listCtx)
		s.mu.Lock()
		defer s.mu.Unlock()
		defer close(f.done)
		f.err = err
		if s.flight != f {
			return // everybody left, or a reread has overtaken this list
		}
		s.flight = nil
		if err != nil {
			s.failed, s.failedAt = err, time.Now()
			return
		}
		s.people, s.readAt, s.failed = newPeople(members), began, nil
		for _, e := range f.fence {
			s.people.apply(e)
		}
	}()
	return f
}

// apply records the effect of a write or of a targeted look-up.
func (s *snapshot) apply(e edit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight != nil {
		s.flight.fence = append(s.flight.fence, e)
	}
	if s.people != nil {
		s.people.apply(e)
	}
}

func (s *snapshot) find(email, id string) []hub.Member {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.people == nil {
		return nil
	}
	return s.people.find(email, id)
}

func (s *snapshot) all() ([]hub.Member, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.people == nil {
		return nil, time.Time{}
	}
	return s.people.all(), s.readAt
}

// people indexes a roster by folded e-mail and by id.
type people struct {
	byEmail map[string][]hub.Member // one entry, or several that are really several seats
	byID    map[string]string       // id to folded e-mail
	hidden  map[string]hub.Member   // members whose e-mail the platform hides, by id
}

func newPeople(members []hub.Member) *people {
	p := &people{
		byEmail: make(map[string][]hub.Member, len(members)),
		byID:    make(map[string]string, len(members)),
		hidden:  map[string]hub.Member{},
	}
	for _, m := range members {
		p.add(m)
	}
	return p
}

// add takes in one row of a list. A person can be listed twice, for a day even,
// while an accepted invitation lingers beside the seat: the stronger row wins.
// Two rows of the same strength with different ids are two seats.
func (p *people) add(m hub.Member) {
	m.Email = hub.FoldEmail(m.Email)
	if m.Email == "" {
		p.hidden[m.ID] = m
		return
	}
	rows := p.byEmail[m.Email]
	switch {
	case len(rows) == 0 || strength(m.Status) > strength(rows[0].Status):
		rows = []hub.Member{m}
	case strength(m.Status) < strength(rows[0].Status):
		return
	case m.Status != hub.StatusActive:
		// Several invitations, or several that ran out: the latest one counts.
		if m.InvitedAt.After(rows[0].InvitedAt) {
			rows = []hub.Member{m}
		}
	case !slices.ContainsFunc(rows, func(r hub.Member) bool { return r.ID == m.ID }):
		rows = append(rows, m)
	}
	p.byEmail[m.Email] = rows
	for _, r := range rows {
		if r.ID != "" {
			p.byID[r.ID] = m.Email
		}
	}
}

// strength orders the statuses of two rows for one person.
func strength(s hub.Status) int {
	switch s {
	case hub.StatusActive:
		return 6
	case hub.StatusSuspended:
		return 5
	case hub.StatusPendingApproval:
		return 4
	case hub.StatusInvited:
		return 3
	case hub.StatusUnknown:
		return 2
	case hub.StatusExpired:
		return 1
	default:
		return 0
	}
}

func (p *people) apply(e edit) {
	if e.id != "" {
		if email, ok := p.byID[e.id]; ok {
			delete(p.byEmail, email)
			delete(p.byID, e.id)
		}
		delete(p.hidden, e.id)
	}
	for _, m := range p.byEmail[e.email] {
		delete(p.byID, m.ID)
	}
	delete(p.byEmail, e.email)
	if e.member != nil {
		p.add(*e.member)
	}
}

func (p *people) find(email, id string) []hub.Member {
	if rows := p.byEmail[email]; len(rows) > 0 {
		return slices.Clone(rows)
	}
	if id == "" {
		return nil
	}
	if m, ok := p.hidden[id]; ok {
		return []hub.Member{m}
	}
	if other, ok := p.byID[id]; ok {
		for _, m := range p.byEmail[other] {
			if m.ID == id {
				return []hub.Member{m}
			}
		}
	}
	return nil
}

func (p *people) all() []hub.Member {
	members := make([]hub.Member, 0, len(p.byEmail)+len(p.hidden))
	for _, rows := range p.byEmail {
		members = append(members, rows...)
	}
	for _, m := range p.hidden {
		members = append(members, m)
	}
	slices.SortFunc(members, func(a, b hub.Member) int {
		return cmp.Or(cmp.Compare(a.Email, b.Email), cmp.Compare(a.ID, b.ID))
	})
	return members
}
