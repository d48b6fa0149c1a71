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
	// lag is how long a list may take to show a write.
	lag time.Duration

	mu     sync.Mutex
	people *people // nil until a list has succeeded; never taken away again
	have   int     // generation of the list that people came from
	readAt time.Time

	begun  int // generation of the latest list that began
	flight *flight

	failed           error
	failedAt         time.Time
	failedGeneration int

	// edits are the writes that a list may not show yet, oldest first.
	edits []edit
}

// flight is one running list with everybody who waits for it.
type flight struct {
	generation int
	done       chan struct{}
	waiters    int
	stop       context.CancelFunc
}

// edit is the effect of one write: the row of id at email, or the one without
// an id, is now member, or gone when member is nil.
type edit struct {
	at     time.Time
	email  string
	id     string
	member *hub.Member
}

// wait returns once the roster is there, or with the error of the list or of
// ctx.
func (s *snapshot) wait(ctx context.Context) error { return s.reach(ctx, false) }

// reread lists again, for the rare case in which only a complete list that
// began after now can tell whether somebody is gone. Readers keep the old
// roster until the new one is there.
func (s *snapshot) reread(ctx context.Context) error { return s.reach(ctx, true) }

// reach waits for a list, of which there is one at a time. The list belongs to
// all its waiters: it runs on when one of them gives up, and stops when the
// last one does.
func (s *snapshot) reach(ctx context.Context, anew bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	want := 1
	if anew {
		want = s.begun + 1
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.have >= want {
			return nil
		}
		if s.failedGeneration >= want && time.Since(s.failedAt) < failureLife {
			return s.failed
		}
		f := s.flight
		if f == nil || f.generation < want {
			f = s.start(ctx)
		}
		f.waiters++
		s.mu.Unlock()
		select {
		case <-f.done:
			s.mu.Lock()
			// Round again: a reread may have overtaken the list waited for, and
			// what that one brought, error or not, counts no more.
		case <-ctx.Done():
			s.mu.Lock()
			if f.waiters--; f.waiters == 0 {
				f.stop()
				if s.flight == f {
					s.flight = nil
				}
			}
			return ctx.Err()
		}
	}
}

// start begins a list; the caller holds s.mu. The list's context keeps the
// first reader's values (its logger) and not its cancellation.
func (s *snapshot) start(ctx context.Context) *flight {
	listCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.begun++
	f := &flight{generation: s.begun, done: make(chan struct{}), stop: stop}
	s.flight = f
	began := time.Now()
	go func() {
		defer stop()
		members, err := s.load(listCtx)
		s.mu.Lock()
		defer s.mu.Unlock()
		defer close(f.done)
		if s.flight != f {
			return // everybody left, or a reread has overtaken this list
		}
		s.flight = nil
		if err != nil {
			s.failed, s.failedAt, s.failedGeneration = err, time.Now(), f.generation
			return
		}
		s.people, s.have, s.readAt = newPeople(members), f.generation, began
		// The list may or may not show a write made since it began, nor one made
		// shortly before: lists lag behind the look-ups that verify a write.
		for _, e := range s.edits {
			if !e.at.Before(began.Add(-s.lag)) {
				s.people.apply(e)
			}
		}
	}()
	return f
}

// apply records the effect of a write or of a targeted look-up.
func (s *snapshot) apply(e edit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.at = time.Now()
	if s.flight == nil {
		s.edits = slices.DeleteFunc(s.edits, func(old edit) bool { return old.at.Before(e.at.Add(-s.lag)) })
	}
	s.edits = append(s.edits, e)
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

// people indexes a roster by folded e-mail and by id. It keeps every row: a
// person can be listed twice, for a day even, while an accepted invitation
// lingers beside the seat, and once the seat is gone the other row counts.
type people struct {
	byEmail map[string][]hub.Member
	byID    map[string]string     // id to folded e-mail
	hidden  map[string]hub.Member // members whose e-mail the platform hides, by id
	nobody  []hub.Member          // the same without an id: to be shown, never to be found
	sorted  []hub.Member          // what all returns, nil after an edit
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

// add takes in one row.
func (p *people) add(m hub.Member) {
	m.Email = hub.FoldEmail(m.Email)
	switch {
	case m.Email == "" && m.ID == "":
		p.nobody = append(p.nobody, m)
		return
	case m.Email == "":
		if old, ok := p.hidden[m.ID]; !ok || strength(m.Status) > strength(old.Status) {
			p.hidden[m.ID] = m
		}
		return
	case m.ID != "":
		p.byID[m.ID] = m.Email
	}
	p.byEmail[m.Email] = append(p.byEmail[m.Email], m)
}

// pick is what the rows of one address come to: the strongest one, and of
// several invitations the latest. Several seats of the same strength are
// several seats, and all of them are returned, unless they have one id: a list
// that changes while it is read can show a row on two pages. The slice is the
// caller's.
func pick(rows []hub.Member) []hub.Member {
	if len(rows) == 0 {
		return nil
	}
	best := rows[0]
	for _, m := range rows[1:] {
		stronger := strength(m.Status) - strength(best.Status)
		if stronger > 0 || stronger == 0 && !isSeat(m) && m.InvitedAt.After(best.InvitedAt) {
			best = m
		}
	}
	picked := []hub.Member{best}
	for _, m := range rows {
		if isSeat(m) && m.Status == best.Status && m.ID != best.ID {
			picked = append(picked, m)
		}
	}
	return picked
}

// isSeat says that m is more than an invitation: a second one beside it is not
// an older copy.
func isSeat(m hub.Member) bool {
	return m.Status == hub.StatusActive || m.Status == hub.StatusSuspended || m.Status == hub.StatusUnknown
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

// apply takes out exactly the row that was written: the same address can have
// another one, and that one is not gone.
func (p *people) apply(e edit) {
	p.sorted = nil
	p.drop(e.email, e.id)
	if e.member == nil {
		return
	}
	m := *e.member
	m.Email = hub.FoldEmail(m.Email)
	p.drop(m.Email, m.ID)
	if m.ID == "" && slices.ContainsFunc(p.byEmail[m.Email], live) {
		return // the same invitation, which the list knows better: it has its id
	}
	p.add(m)
}

// drop takes out the row of id; for an empty id, the rows of the address that
// have none.
func (p *people) drop(email, id string) {
	same := func(r hub.Member) bool { return r.ID == id }
	if id != "" && !slices.ContainsFunc(p.byEmail[email], same) {
		if _, ok := p.hidden[id]; ok {
			delete(p.hidden, id)
			return
		}
		email = p.byID[id] // the address has changed
	}
	if id != "" && p.byID[id] == email {
		delete(p.byID, id)
	}
	rows := slices.DeleteFunc(p.byEmail[email], same)
	if len(rows) == 0 {
		delete(p.byEmail, email)
		return
	}
	p.byEmail[email] = rows
}

func (p *people) find(email, id string) []hub.Member {
	if rows := p.byEmail[email]; len(rows) > 0 {
		return pick(rows)
	}
	if m, ok := p.hidden[id]; ok {
		return []hub.Member{m}
	}
	for _, m := range p.byEmail[p.byID[id]] {
		if m.ID == id {
			return []hub.Member{m}
		}
	}
	return nil
}

// all is everybody, sorted by e-mail. The slice is the caller's.
func (p *people) all() []hub.Member {
	if p.sorted == nil {
		p.sorted = make([]hub.Member, 0, len(p.byEmail)+len(p.hidden)+len(p.nobody))
		for _, rows := range p.byEmail {
			p.sorted = append(p.sorted, pick(rows)...)
		}
		for _, m := range p.hidden {
			p.sorted = append(p.sorted, m)
		}
		p.sorted = append(p.sorted, p.nobody...)
		slices.SortStableFunc(p.sorted, func(a, b hub.Member) int {
			return cmp.Or(cmp.Compare(a.Email, b.Email), cmp.Compare(a.ID, b.ID))
		})
	}
	return slices.Clone(p.sorted)
}
