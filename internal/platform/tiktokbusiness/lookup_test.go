package tiktokbusiness

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// TestLookupBudget: what the engine asks around each write costs a request,
// however many people there are.
func TestLookupBudget(t *testing.T) {
	c, sim := simulated(t, &hubsim.Generate{Members: 500, Invitations: 150, Admins: 2}, nil)
	members, err := c.Members(t.Context(), testHub)
	if err != nil {
		t.Fatal(err)
	}
	byEmail := map[string]hub.Member{}
	for _, m := range members {
		byEmail[m.Email] = m
	}
	seat, invitation := byEmail["member-00400@generated.example"], byEmail["invitee-00120@generated.example"]
	spend := func(what string, budget int, call func() error) {
		t.Helper()
		sim.ResetRequests()
		if err := call(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if got := len(sim.Requests()); got > budget {
			t.Errorf("%s: %d requests, want %d at most: %v", what, got, budget, sim.CountOps())
		}
	}
	ask := func(key hub.Key, found bool) func() error {
		return func() error {
			_, err := c.Lookup(t.Context(), testHub, key)
			if found != (err == nil) || err != nil && !errors.Is(err, hub.ErrAbsent) {
				return fmt.Errorf("found = %t, want %t: %w", err == nil, found, err)
			}
			return nil
		}
	}
	remove := func(m hub.Member) func() error {
		return func() error { return c.Remove(t.Context(), testHub, m) }
	}
	// As the engine asks: an invitation has no id and is looked for everywhere.
	seatKey := hub.Key{Email: seat.Email, ID: seat.ID, Status: seat.Status}
	invitationKey := hub.Key{Email: invitation.Email}
	spend("a member", 1, ask(seatKey, true))
	spend("an invitation", 1, ask(invitationKey, true))
	spend("an invitation that was just sent", 1, ask(hub.Key{Email: invitation.Email, Status: hub.StatusInvited}, true))
	spend("a removal of somebody just looked up", 1, remove(seat))
	spend("a member removed", 1, ask(seatKey, false))
	spend("a withdrawal of what was just looked up", 1, remove(invitation))
	spend("an invitation withdrawn", 1, ask(invitationKey, false))

	other, open := byEmail["member-00300@generated.example"], byEmail["invitee-00020@generated.example"]
	spend("a removal out of the blue", 2, remove(other))
	spend("a member removed out of the blue", 1, ask(hub.Key{Email: other.Email, ID: other.ID, Status: other.Status}, false))
	spend("a withdrawal out of the blue", 2, remove(open))
	spend("an invitation withdrawn out of the blue", 1, ask(hub.Key{Email: open.Email}, false))

	// Nobody has ever seen this one: only the full lists tell.
	spend("a stranger among the invitations", 1+8, ask(hub.Key{Email: "nobody@generated.example", Status: hub.StatusInvited}, false))
	spend("a stranger", 1+8+25, ask(hub.Key{Email: "nobody@generated.example"}, false))
}

// deaf is a center whose keyword finds nobody, as TikTok's may for some
// addresses.
func deaf(pending, members []string) func(int, sent) reply {
	return func(_ int, r sent) reply {
		switch {
		case r.method == http.MethodPost:
			return reply{body: done}
		case r.filter.Keyword != "":
			return reply{body: listed(1, 0, 0)}
		case r.filter.RelationStatus == statusPending:
			return reply{body: listed(1, len(pending), 1, pending...)}
		default:
			return reply{body: listed(1, len(members), 1, members...)}
		}
	}
}

// A search that finds nobody proves nothing by itself.
func TestSilentSearchIsNoAbsence(t *testing.T) {
	ada := row("7000000000000000002", "Ada@acme.example", "STANDARD", "BOUND")
	sam := row("", "sam@acme.example", "STANDARD", "PENDING")
	c, _ := dial(t, deaf([]string{sam}, []string{ada}))
	adaMember := hub.Member{ID: "7000000000000000002", Email: "ada@acme.example", Status: hub.StatusActive}
	for range 2 { // before and after a removal that TikTok calls done
		for _, key := range []hub.Key{
			{Email: "ada@acme.example"},
			{Email: "ada@acme.example", Status: hub.StatusActive},
			{Email: "ada@acme.example", ID: adaMember.ID, Status: hub.StatusActive},
			{ID: adaMember.ID},
			{Email: "elsewhere@acme.example", ID: adaMember.ID},
		} {
			if m, err := c.Lookup(t.Context(), testHub, key); err != nil || m.ID != adaMember.ID || m.Status != hub.StatusActive {
				t.Errorf("Lookup %+v = %+v (error: %v)", key, m, err)
			}
		}
		if m, err := c.Lookup(t.Context(), testHub, hub.Key{Email: "sam@acme.example"}); err != nil || m.Status != hub.StatusInvited {
			t.Errorf("Lookup of sam = %+v (error: %v)", m, err)
		}
		if err := c.Remove(t.Context(), testHub, adaMember); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []hub.Key{{Email: "nobody@acme.example"}, {ID: "7000000000000000099"}, {Email: "ada@acme.example", Status: hub.StatusInvited}} {
		if _, err := c.Lookup(t.Context(), testHub, key); !errors.Is(err, hub.ErrAbsent) {
			t.Errorf("Lookup %+v: error = %v", key, err)
		}
	}
}

// A sighting vouches for the same search for a minute, and for no other one.
func TestSightings(t *testing.T) {
	var hidden bool
	ada := row("7000000000000000002", "ada@acme.example", "STANDARD", "BOUND")
	c, w := dial(t, func(_ int, r sent) reply {
		if r.filter.Keyword != "" && hidden || r.filter.RelationStatus == statusPending {
			return reply{body: listed(1, 0, 0)}
		}
		return reply{body: listed(1, 1, 1, ada)}
	})
	now := time.Now()
	c.seen.now = func() time.Time { return now }
	key := hub.Key{Email: "ada@acme.example", Status: hub.StatusActive}
	look := func(want hub.Status, requests int) {
		t.Helper()
		w.forget()
		m, err := c.Lookup(t.Context(), testHub, key)
		if want == "" && !errors.Is(err, hub.ErrAbsent) || m.Status != want {
			t.Errorf("%+v (error: %v), want %q", m, err, want)
		}
		if len(w.asked()) != requests {
			t.Errorf("%d requests, want %d", len(w.asked()), requests)
		}
	}
	look(hub.StatusActive, 1)
	hidden = true
	now = now.Add(sightingLife - time.Second)
	look("", 1)
	now = now.Add(2 * time.Second)
	look(hub.StatusActive, 2) // the list knows better
	hidden = false
	look(hub.StatusActive, 1)
	hidden = true
	key.Status = "" // another search
	look(hub.StatusActive, 3)
}

// A search with more than a page of hits, and one that hits the wrong people, is
// left to the list.
func TestVagueSearch(t *testing.T) {
	for name, hits := range map[string]string{
		"more hits than shown":    listed(1, 25, 2, bound(0, 20)...),
		"fewer rows than counted": listed(1, 2, 1, bound(0, 1)...),
	} {
		t.Run(name, func(t *testing.T) {
			vague := false
			c, _ := dial(t, func(_ int, r sent) reply {
				switch {
				case r.filter.RelationStatus == statusPending:
					return reply{body: listed(1, 0, 0)}
				case r.filter.Keyword != "" && vague:
					return reply{body: hits}
				default:
					return reply{body: listed(1, 1, 1, row("7000000000000000077", "ada@acme.example", "STANDARD", "BOUND"))}
				}
			})
			for _, vague = range []bool{false, true} { // seen before, and yet
				if m, err := c.Lookup(t.Context(), testHub, hub.Key{Email: "ada@acme.example"}); err != nil || m.ID != "7000000000000000077" {
					t.Errorf("vague = %t: %+v (error: %v)", vague, m, err)
				}
			}
		})
	}
}

// Which of several rows a key means.
func TestPick(t *testing.T) {
	const one, two = "7000000000000000001", "7000000000000000002"
	for _, tt := range []struct {
		name   string
		rows   []string
		key    hub.Key
		id     string
		status hub.Status // "" is absent
	}{
		{"the seat, not the invitation beside it", []string{row("", "ada@acme.example", "STANDARD", "PENDING"), row(one, "ada@acme.example", "STANDARD", "BOUND")}, hub.Key{Email: "ada@acme.example"}, one, hub.StatusActive},
		{"the new invitation, not the declined one", []string{row("", "ada@acme.example", "STANDARD", "REJECTED"), row("", "ada@acme.example", "ADMIN", "PENDING")}, hub.Key{Email: "ada@acme.example"}, "", hub.StatusInvited},
		{"a declined one alone", []string{row("", "ada@acme.example", "STANDARD", "REJECTED")}, hub.Key{Email: "ada@acme.example"}, "", hub.StatusDeclined},
		{"somebody who left", []string{row(one, "ada@acme.example", "STANDARD", "UNBOUND")}, hub.Key{Email: "ada@acme.example"}, "", ""},
		{"the id, not the address", []string{row(one, "ada@acme.example", "STANDARD", "BOUND"), row(two, "new@acme.example", "STANDARD", "BOUND")}, hub.Key{Email: "ada@acme.example", ID: two}, two, hub.StatusActive},
		{"the address when the id is gone", []string{row(one, "ada@acme.example", "STANDARD", "BOUND")}, hub.Key{Email: "ada@acme.example", ID: two}, one, hub.StatusActive},
		{"not the address without one", []string{row(one, "", "STANDARD", "BOUND")}, hub.Key{ID: two}, "", ""},
		{"only where it is expected", []string{row(one, "ada@acme.example", "STANDARD", "BOUND")}, hub.Key{Email: "ada@acme.example", Status: hub.StatusInvited}, "", ""},
		{"a status of no document", []string{row(one, "ada@acme.example", "STANDARD", "FROZEN")}, hub.Key{Email: "ada@acme.example", Status: hub.StatusActive}, one, hub.StatusUnknown},
		{"no part of another address", []string{row(one, "ada@acme.example.org", "STANDARD", "BOUND"), row(two, "xada@acme.example", "STANDARD", "BOUND")}, hub.Key{Email: "ada@acme.example"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dial(t, always(listed(1, len(tt.rows), 1, tt.rows...)))
			m, err := c.Lookup(t.Context(), testHub, tt.key)
			if m.Status != tt.status || m.ID != tt.id || (tt.status == "") != errors.Is(err, hub.ErrAbsent) {
				t.Errorf("Lookup = %+v (error: %v)", m, err)
			}
		})
	}
	// The search shows somebody else under the address; whoever has the id has
	// another address by now, which only the list shows.
	moved := deaf(nil, []string{row(one, "ada@acme.example", "STANDARD", "BOUND"), row(two, "new@acme.example", "STANDARD", "BOUND")})
	declined := deaf(nil, []string{row(one, "kim@acme.example", "ADMIN", "BOUND")})
	for _, tt := range []struct {
		name   string
		hit    string // of the search
		rest   func(int, sent) reply
		key    hub.Key
		id     string
		status hub.Status
	}{
		{"the id, under another address", row(one, "ada@acme.example", "STANDARD", "BOUND"), moved, hub.Key{Email: "ada@acme.example", ID: two, Status: hub.StatusActive}, two, hub.StatusActive},
		{"a declined one that only the search shows", row("", "ada@acme.example", "STANDARD", "REJECTED"), declined, hub.Key{Email: "ada@acme.example"}, "", hub.StatusDeclined},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dial(t, func(n int, r sent) reply {
				if r.filter.Keyword != "" {
					return reply{body: listed(1, 1, 1, tt.hit)}
				}
				return tt.rest(n, r)
			})
			if m, err := c.Lookup(t.Context(), testHub, tt.key); err != nil || m.ID != tt.id || m.Status != tt.status {
				t.Errorf("Lookup = %+v (error: %v)", m, err)
			}
		})
	}
	c, w := dial(t, always(done))
	if _, err := c.Lookup(t.Context(), testHub, hub.Key{}); err == nil || errors.Is(err, hub.ErrAbsent) || len(w.asked()) != 0 {
		t.Errorf("nobody at all: error = %v, %d requests", err, len(w.asked()))
	}
}

// Somebody whose address is not shown may be the one: that is no absence.
func TestHiddenAddresses(t *testing.T) {
	const id = "7000000000000000001"
	for _, tt := range []struct {
		name string
		rows []string
		key  hub.Key
		want hub.Reason // "" is absence
	}{
		{"a mask that fits", []string{row(id, "a**@acme.example", "STANDARD", "BOUND"), row("7", "b@acme.example", "ADMIN", "BOUND")}, hub.Key{Email: "ada@acme.example"}, hub.ReasonForbidden},
		{"a mask that fits, in the middle", []string{row(id, "a*a@a*e.example", "STANDARD", "BOUND")}, hub.Key{Email: "ada@acme.example"}, hub.ReasonForbidden},
		{"a mask of somebody else", []string{row(id, "b**@acme.example", "STANDARD", "BOUND")}, hub.Key{Email: "ada@acme.example"}, ""},
		{"a mask of another domain", []string{row(id, "a**@other.example", "STANDARD", "BOUND")}, hub.Key{Email: "ada@acme.example"}, ""},
		{"a mask that fits, and the id says no", []string{row(id, "a**@acme.example", "STANDARD", "BOUND")}, hub.Key{Email: "ada@acme.example", ID: "7000000000000000009", Status: hub.StatusActive}, ""},
		{"no address of anybody", []string{row(id, "", "STANDARD", "BOUND")}, hub.Key{Email: "ada@acme.example"}, hub.ReasonForbidden},
		{"one without an address among others", []string{row(id, "", "STANDARD", "BOUND"), row("7", "b@acme.example", "ADMIN", "BOUND")}, hub.Key{Email: "ada@acme.example"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dial(t, deaf(nil, tt.rows))
			_, err := c.Lookup(t.Context(), testHub, tt.key)
			if tt.want == "" && !errors.Is(err, hub.ErrAbsent) || tt.want != "" && (errors.Is(err, hub.ErrAbsent) || c.Explain(err).Reason != tt.want || !strings.Contains(err.Error(), "ada@acme.example")) {
				t.Errorf("error = %v", err)
			}
		})
	}
	// A masked seat is found by its id, and shown without an address.
	c, sim := simulated(t, &hubsim.Generate{Members: 3, Admins: 1}, hubsim.Settings{"member_emails": "masked"})
	people, err := sim.People(Name, testHub.BusinessID)
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Lookup(t.Context(), testHub, hub.Key{ID: people[1].ID, Email: people[1].Email, Status: hub.StatusActive})
	if err != nil || m.ID != people[1].ID || m.Email != "" || !strings.Contains(m.Username, "*") {
		t.Errorf("member = %+v (error: %v)", m, err)
	}
	if _, err := c.Lookup(t.Context(), testHub, hub.Key{Email: people[1].Email}); err == nil || errors.Is(err, hub.ErrAbsent) {
		t.Errorf("by the address that is not shown: %v", err)
	}
}

// Accepted with an account under another address, the person is listed as that
// account, and a look-up by the invited address does not invent a seat.
func TestAcceptedUnderAnotherAddress(t *testing.T) {
	c, sim := simulated(t, &hubsim.Generate{Members: 2, Admins: 1, Invitations: 1}, nil)
	if _, err := sim.Act(Name, testHub.BusinessID, hubsim.Act{Action: hubsim.ActAccept, Email: "invitee-00001@generated.example", AcceptAs: "private@elsewhere.example"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Lookup(t.Context(), testHub, hub.Key{Email: "invitee-00001@generated.example"}); !errors.Is(err, hub.ErrAbsent) {
		t.Errorf("the invited address: error = %v", err)
	}
	m, err := c.Lookup(t.Context(), testHub, hub.Key{Email: "private@elsewhere.example"})
	if err != nil || m.Status != hub.StatusActive || m.ID == "" {
		t.Errorf("the account's address: %+v (error: %v)", m, err)
	}
}
