package tiktokbusiness

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
)

// Lookup implements hub.Connector. TikTok reads nobody by id or address; there
// is the list, and a keyword that narrows it in a way nobody has confirmed. So:
//
//   - Somebody the keyword search shows is there: one request.
//   - Somebody it does not show is absent when the very same search has shown
//     them a moment ago. What the keyword means in general stays open, but it
//     demonstrably finds this address, and finds it no more: one request.
//     Remove searches beforehand for that reason, which spares each removal
//     from a big center a reading of all its pages.
//   - In every other case absence takes the full list, and by an id without an
//     address so does presence.
func (c *Connector) Lookup(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
	key.Email = hub.FoldEmail(key.Email)
	if key.ID == "" && key.Email == "" {
		return hub.Member{}, fmt.Errorf("look somebody up on %s: neither an e-mail address nor an id is given", ref)
	}
	var over *hub.Member // an invitation that was declined: the answer when there is nothing better
	if key.Email != "" {
		m, found, certain, err := c.search(ctx, ref, key)
		switch {
		case err != nil:
			return hub.Member{}, fmt.Errorf("search for %s: %w", key.Email, err)
		case found && m.Status.Live():
			return m, nil
		case certain:
			return hub.Member{}, absent(ref, key)
		case found:
			over = &m
		}
	}

	var rows []member
	var hidden error
	for _, status := range whereTo(key.Status) {
		list, err := c.api.members(ctx, "list "+status+" members of "+ref.BusinessID, ref.BusinessID, filtering{RelationStatus: status})
		if err != nil {
			return hub.Member{}, fmt.Errorf("look up %s: %w", named(key), err)
		}
		rows = append(rows, list...)
		if hidden == nil {
			hidden = hiding(list, key)
		}
	}
	switch m, found := pick(rows, key); {
	case found:
		return m, nil
	case hidden != nil:
		return hub.Member{}, hidden
	case over != nil:
		return *over, nil
	default:
		return hub.Member{}, absent(ref, key)
	}
}

// search asks for the page of the list that the address as a keyword gives.
// certain says that finding nobody means that nobody is there.
func (c *Connector) search(ctx context.Context, ref hub.Ref, key hub.Key) (m hub.Member, found, certain bool, err error) {
	filter := searchFor(key)
	p, err := c.api.page(ctx, "search for "+key.Email, ref.BusinessID, filter, 1)
	if err != nil {
		return hub.Member{}, false, false, err
	}
	m, found = pick(p.List, key)
	switch {
	case found && key.ID != "" && m.ID != "" && m.ID != key.ID:
		// Somebody else has the address now. Whoever has the id may have another
		// one, which only the list can tell.
		return hub.Member{}, false, false, nil
	case found && m.Status.Live():
		c.seen.note(ref, filter)
	case found:
		// Declined. A new invitation may stand beside the old row.
	default:
		whole := len(p.List) >= p.PageInfo.TotalNumber
		certain = whole && c.seen.lately(ref, filter)
	}
	return m, found, certain, nil
}

// searchFor is the one search that a key gives, whoever asks.
func searchFor(key hub.Key) filtering {
	filter := filtering{Keyword: key.Email}
	if lists := whereTo(key.Status); len(lists) == 1 {
		filter.RelationStatus = lists[0]
	}
	return filter
}

// whereTo is which lists can hold somebody of that status. Invitations come
// first: see Members.
func whereTo(status hub.Status) []string {
	switch status {
	case hub.StatusActive:
		return []string{statusBound}
	case hub.StatusInvited:
		return []string{statusPending}
	default:
		return []string{statusPending, statusBound}
	}
}

// pick is the row a key means: that of its id, else that of its address, and of
// several the one that is most of a seat.
func pick(rows []member, key hub.Key) (best hub.Member, found bool) {
	rank := func(m hub.Member) int {
		r := slices.Index([]hub.Status{hub.StatusDeclined, hub.StatusUnknown, hub.StatusInvited, hub.StatusActive}, m.Status)
		if key.ID != "" && m.ID == key.ID {
			r += len(hub.Statuses())
		}
		return r
	}
	for _, row := range rows {
		m := row.member()
		matches := key.ID != "" && m.ID == key.ID || key.Email != "" && hub.FoldEmail(m.Email) == key.Email
		if !matches || row.is(statusUnbound) || !expected(m.Status, key.Status) {
			continue
		}
		if !found || rank(m) > rank(best) {
			best, found = m, true
		}
	}
	return best, found
}

// expected keeps out rows that a filter which TikTok did not apply would have.
func expected(status, want hub.Status) bool {
	switch want {
	case hub.StatusActive, hub.StatusInvited:
		return status == want || status == hub.StatusUnknown
	default:
		return true
	}
}

// hiding says why rows that do not show an address do not prove that nobody has
// it either: one of them is masked in a way that fits, or none is shown at all.
// A lone row without an address is somebody who has none.
func hiding(rows []member, key hub.Key) error {
	anonymous := func(m member) bool { return m.UserID.String() == "" }
	if key.Email == "" || key.ID != "" && !slices.ContainsFunc(rows, anonymous) {
		return nil // the ids tell
	}
	shown := 0
	for _, m := range rows {
		switch {
		case m.masked() && fits(hub.FoldEmail(m.UserEmail), key.Email):
			return answer.Refuse(hub.ReasonForbidden, "TikTok shows some addresses in part only, and %s may be behind %s. So roster cannot tell whether the person is there: look on TikTok's own screen.", key.Email, m.UserEmail)
		case m.UserEmail != "":
			shown++
		}
	}
	if shown == 0 && len(rows) > 0 {
		return answer.Refuse(hub.ReasonForbidden, "TikTok shows no address of anybody in this Business Center to this access token, so roster cannot tell whether %s is there. Use the token of an Admin of the Business Center.", key.Email)
	}
	return nil
}

// fits says whether a mask, whose stars stand for anything, can be that of an
// address.
func fits(mask, email string) bool {
	parts := strings.Split(mask, "*")
	if !strings.HasPrefix(email, parts[0]) {
		return false
	}
	email = email[len(parts[0]):]
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		at := strings.Index(email, part)
		if at < 0 {
			return false
		}
		email = email[at+len(part):]
	}
	return strings.HasSuffix(email, parts[last])
}

func absent(ref hub.Ref, key hub.Key) error {
	return fmt.Errorf("%s on %s: %w", named(key), ref, hub.ErrAbsent)
}

func named(key hub.Key) string {
	if key.Email == "" {
		return "id " + key.ID
	}
	return key.Email
}

// sightings remembers which searches have found somebody, and when.
//
// It lasts for a minute: an address can be changed, and then the person is there
// under their id and the search for the old address finds nobody.
type sightings struct {
	now func() time.Time

	mu sync.Mutex
	at map[sighting]time.Time
}

type sighting struct {
	ref    hub.Ref
	filter filtering
}

func newSightings(now func() time.Time) *sightings {
	return &sightings{now: now, at: map[sighting]time.Time{}}
}

func (s *sightings) note(ref hub.Ref, filter filtering) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at[sighting{ref, filter}] = s.now()
}

func (s *sightings) lately(ref hub.Ref, filter filtering) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.at[sighting{ref, filter}]
	return ok && s.now().Sub(at) < sightingLife
}
