package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

func TestRosterIsReadOnce(t *testing.T) {
	run(t, "many readers, one list", func(t *testing.T) {
		f := &fake{listTime: time.Second}
		f.put(seat("1", "Ada@Northwind.example ", "ADMIN"))
		h := open(t, f)
		began := time.Now()
		var readers sync.WaitGroup
		for i := range 1000 {
			readers.Go(func() {
				if i%2 == 0 {
					onRoster(t, h, ada, "1 active ADMIN")
					return
				}
				members, readAt, err := h.Roster(t.Context())
				if err != nil || len(members) != 1 || !readAt.Equal(began) {
					t.Errorf("Roster = %v, %v, %v", members, readAt, err)
				}
			})
		}
		readers.Wait()
		onRoster(t, h, "ADA@northwind.example", "1 active ADMIN")
		onRoster(t, h, bob, "")
		f.requests(t, "list")
	})

	run(t, "one engine, one hub per reference", func(t *testing.T) {
		e := New(Options{}, Platform{Platform: fakePlatform(), Connection: Connection{Connector: &fake{}}})
		a, _ := e.Hub(hub.Ref{Platform: "fake", BusinessID: "1"})
		b, _ := e.Hub(hub.Ref{Platform: "fake", BusinessID: "1"})
		c, _ := e.Hub(hub.Ref{Platform: "fake", BusinessID: "2"})
		if a != b || a == c {
			t.Error("hubs are not shared by reference")
		}
	})

	run(t, "a waiter that leaves leaves alone", func(t *testing.T) {
		f := &fake{listTime: time.Minute}
		f.put(seat("1", ada, "ADMIN"))
		h := open(t, f)
		first, cancelFirst := context.WithCancel(t.Context())
		started := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			_, _, err := h.Find(first, ada, "")
			if !errors.Is(err, context.Canceled) || time.Since(started) != time.Second {
				t.Errorf("the first reader got %v after %s, want its own cancellation at once", err, time.Since(started))
			}
		})
		synctest.Wait() // the first reader is the one whose list it is
		for range 3 {
			all.Go(func() { onRoster(t, h, ada, "1 active ADMIN") })
		}
		time.Sleep(time.Second)
		cancelFirst()
		all.Wait()
		f.requests(t, "list")
	})

	run(t, "the last one out stops the list", func(t *testing.T) {
		f := &fake{listTime: time.Minute}
		h := open(t, f)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				_, _, err := h.Roster(ctx)
				te := (*hub.TaskError)(nil)
				if !errors.As(err, &te) || te.Fault.Reason != hub.ReasonCancelled {
					t.Errorf("error = %v, want reason cancelled", err)
				}
			})
		}
		synctest.Wait()
		cancel()
		all.Wait()
		synctest.Wait()
		f.requests(t, "list", "list stopped")

		// A list that nobody waited for has not failed: the next one is asked.
		f.put(seat("1", ada, "ADMIN"))
		onRoster(t, h, ada, "1 active ADMIN")
		f.requests(t, "list")
	})

	run(t, "a context that is over reads nothing", func(t *testing.T) {
		f := &fake{}
		h := open(t, f)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		time.Sleep(2 * time.Second)
		_, _, err := h.Find(ctx, ada, "")
		failed(t, err, want{reason: hub.ReasonTimeout})
		f.requests(t)
	})
}

func TestRosterThatCannotBeRead(t *testing.T) {
	run(t, "an error for everybody, once, for a while", func(t *testing.T) {
		down := true
		f := &fake{listTime: time.Second}
		f.members = func(do func() ([]hub.Member, error)) ([]hub.Member, error) {
			members, _ := do()
			if down {
				return members[:1], no(hub.ReasonUnavailable)
			}
			return members, nil
		}
		f.put(seat("1", ada, "ADMIN"))
		f.put(seat("2", bob, "ADMIN"))
		h := open(t, f)
		var readers sync.WaitGroup
		for range 500 {
			readers.Go(func() {
				m, ok, err := h.Find(t.Context(), bob, "")
				te := (*hub.TaskError)(nil)
				if ok || m.ID != "" || !errors.As(err, &te) || te.Fault.Reason != hub.ReasonUnavailable || te.Task.Kind != "" {
					t.Errorf("Find = %v, %t, %v; want an error and no absence", m, ok, err)
				}
				members, _, err := h.Roster(t.Context())
				if err == nil || members != nil {
					t.Errorf("Roster = %v, %v; want an error and never a short roster", members, err)
				}
			})
		}
		readers.Wait()
		f.requests(t, "list")

		down = false
		time.Sleep(failureLife - time.Millisecond)
		_, _, err := h.Find(t.Context(), ada, "")
		failed(t, err, want{reason: hub.ReasonUnavailable})
		f.requests(t)
		time.Sleep(time.Millisecond)
		onRoster(t, h, bob, "2 active ADMIN")
		f.requests(t, "list")
	})

	run(t, "a task says that it failed, and writes nothing", func(t *testing.T) {
		f := &fake{members: func(func() ([]hub.Member, error)) ([]hub.Member, error) { return nil, no(hub.ReasonForbidden) }}
		h := open(t, f)
		_, err := h.Add(t.Context(), AddTask{Email: ada})
		failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonForbidden})
		_, err = h.Remove(t.Context(), RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonForbidden})
		_, err = h.ChangeRole(t.Context(), RoleTask{Email: ada, Role: "ADMIN"})
		failed(t, err, want{kind: hub.TaskChangeRole, reason: hub.ReasonForbidden})
		f.requests(t, "list")
	})
}

// lister is a snapshot whose lists a test hands out one by one.
type lister struct {
	snapshot
	lists chan chan []hub.Member
}

func newLister() *lister {
	l := &lister{lists: make(chan chan []hub.Member, 10)}
	l.load = func(ctx context.Context) ([]hub.Member, error) {
		answer := make(chan []hub.Member)
		l.lists <- answer
		select {
		case members, ok := <-answer:
			if !ok {
				return nil, errors.New("list failed")
			}
			return members, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return l
}

func (l *lister) shows(t *testing.T, want ...string) {
	t.Helper()
	members, _ := l.all()
	var got []string
	for _, m := range members {
		got = append(got, m.Email+" "+m.ID+" "+m.Role)
	}
	if !slices.Equal(got, want) {
		t.Errorf("roster = %q, want %q", got, want)
	}
}

func TestWritesAndLists(t *testing.T) {
	now := func(m hub.Member) edit { return edit{email: m.Email, id: m.ID, member: &m} }
	gone := func(m hub.Member) edit { return edit{email: m.Email, id: m.ID} }

	run(t, "a list that began before a write does not undo it", func(t *testing.T) {
		l := newLister()
		go func() { _ = l.wait(t.Context()) }()
		stale := <-l.lists
		time.Sleep(time.Second)
		l.apply(now(seat("1", ada, "ADMIN")))
		l.apply(gone(seat("2", bob, "EMPLOYEE")))
		l.apply(now(seat("3", carol, "ADMIN")))
		stale <- []hub.Member{seat("2", bob, "EMPLOYEE"), seat("3", carol, "EMPLOYEE")}
		synctest.Wait()
		l.shows(t, ada+" 1 ADMIN", carol+" 3 ADMIN")
	})

	run(t, "a list that lags behind a write does not undo it", func(t *testing.T) {
		l := newLister()
		l.lag = 10 * time.Second
		go func() { _ = l.wait(t.Context()) }()
		<-l.lists <- []hub.Member{seat("2", bob, "EMPLOYEE")}
		synctest.Wait()
		l.apply(gone(seat("2", bob, "EMPLOYEE")))
		l.apply(now(seat("1", ada, "ADMIN")))
		time.Sleep(9 * time.Second)
		go func() { _ = l.reread(t.Context()) }()
		<-l.lists <- []hub.Member{seat("2", bob, "EMPLOYEE")}
		synctest.Wait()
		l.shows(t, ada+" 1 ADMIN")

		// After that the platform is right again.
		time.Sleep(9 * time.Second)
		go func() { _ = l.reread(t.Context()) }()
		<-l.lists <- []hub.Member{seat("2", bob, "EMPLOYEE")}
		synctest.Wait()
		l.shows(t, bob+" 2 EMPLOYEE")
		l.apply(now(seat("3", carol, "ADMIN")))
		if len(l.edits) != 1 {
			t.Errorf("%d edits are kept, want those of the last %s", len(l.edits), l.lag)
		}
	})

	run(t, "a hub knows how long its lists lag", func(t *testing.T) {
		f := &fake{}
		f.put(seat("2", bob, "EMPLOYEE"))
		h := open(t, f)
		_, err := h.Add(t.Context(), AddTask{Email: ada})
		succeeded(t, err)
		time.Sleep(settleTime / 2)
		f.alter("2", nil)
		f.members = func(func() ([]hub.Member, error)) ([]hub.Member, error) { return nil, nil }
		_, err = h.Remove(t.Context(), RemoveTask{Email: bob})
		succeeded(t, err)
		onRoster(t, h, ada, "inv1 invited EMPLOYEE")
		if f.asked("list") != 2 {
			t.Errorf("calls = %q, want a second list", f.calls)
		}
	})

	run(t, "a reread overtakes a running list", func(t *testing.T) {
		l := newLister()
		var waited, reread error = errors.New("not yet"), errors.New("not yet")
		go func() { waited = l.wait(t.Context()) }()
		old := <-l.lists
		go func() { reread = l.reread(t.Context()) }()
		fresh := <-l.lists
		old <- []hub.Member{seat("1", ada, "ADMIN")}
		synctest.Wait()
		l.shows(t) // what it brought began too early
		fresh <- []hub.Member{seat("2", bob, "ADMIN")}
		synctest.Wait()
		l.shows(t, bob+" 2 ADMIN")
		if waited != nil || reread != nil || len(l.lists) != 0 {
			t.Errorf("wait: %v, reread: %v, %d more lists", waited, reread, len(l.lists))
		}
	})

	run(t, "an overtaken list that fails harms nobody", func(t *testing.T) {
		l := newLister()
		waited := errors.New("not yet")
		go func() { waited = l.wait(t.Context()) }()
		old := <-l.lists
		go func() { _ = l.reread(t.Context()) }()
		fresh := <-l.lists
		close(old)
		synctest.Wait()
		fresh <- []hub.Member{seat("2", bob, "ADMIN")}
		synctest.Wait()
		if waited != nil {
			t.Errorf("wait = %v, want the roster of the later list", waited)
		}
	})

	run(t, "readers keep the old roster during a reread", func(t *testing.T) {
		l := newLister()
		go func() { _ = l.wait(t.Context()) }()
		<-l.lists <- []hub.Member{seat("1", ada, "ADMIN")}
		synctest.Wait()
		reread := error(nil)
		go func() { reread = l.reread(t.Context()) }()
		failing := <-l.lists
		if err := l.wait(t.Context()); err != nil {
			t.Error(err)
		}
		l.shows(t, ada+" 1 ADMIN")
		close(failing)
		synctest.Wait()
		if reread == nil {
			t.Error("a reread that failed is not an error")
		}
		if err := l.wait(t.Context()); err != nil {
			t.Errorf("after a reread that failed: %v", err)
		}
		l.shows(t, ada+" 1 ADMIN")
	})

	run(t, "a reread does not take a list from before it", func(t *testing.T) {
		l := newLister()
		go func() { _ = l.wait(t.Context()) }()
		<-l.lists <- nil
		synctest.Wait()
		done := false
		go func() { _ = l.reread(t.Context()); done = true }()
		first := <-l.lists
		go func() { _ = l.reread(t.Context()) }()
		second := <-l.lists
		first <- []hub.Member{seat("1", ada, "ADMIN")}
		synctest.Wait()
		if done {
			t.Error("the first reread is over with an overtaken list")
		}
		second <- []hub.Member{seat("2", bob, "ADMIN")}
		synctest.Wait()
		if !done {
			t.Error("a later list would have done for the first reread")
		}
		l.shows(t, bob+" 2 ADMIN")
	})

	run(t, "a reread that is cancelled stops its list", func(t *testing.T) {
		l := newLister()
		go func() { _ = l.wait(t.Context()) }()
		<-l.lists <- []hub.Member{seat("1", ada, "ADMIN")}
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		reread := error(nil)
		go func() { reread = l.reread(ctx) }()
		<-l.lists
		cancel()
		synctest.Wait() // and synctest fails a goroutine that is left behind
		if !errors.Is(reread, context.Canceled) {
			t.Errorf("reread = %v", reread)
		}
		l.shows(t, ada+" 1 ADMIN")
	})
}

func TestRowsOfOnePerson(t *testing.T) {
	day := func(m hub.Member, n int) hub.Member {
		m.InvitedAt = time.Date(2026, 5, n, 0, 0, 0, 0, time.UTC)
		return m
	}
	status := func(m hub.Member, s hub.Status) hub.Member { m.Status = s; return m }
	for _, test := range []struct {
		name      string
		rows      []hub.Member
		email, id string
		want      string   // id of the one found, "" for nobody
		twins     []string // ids that the error names
	}{
		{"a seat beats the invitation it came from", []hub.Member{invitation("i", ada, ""), seat("s", ada, "")}, ada, "", "s", nil},
		{"in any order", []hub.Member{seat("s", ada, ""), invitation("i", ada, "")}, ada, "", "s", nil},
		{"and by the invitation's id", []hub.Member{seat("s", ada, ""), invitation("i", ada, "")}, ada, "i", "s", nil},
		{"a seat beats a suspended one", []hub.Member{status(seat("x", ada, ""), hub.StatusSuspended), seat("s", ada, "")}, ada, "", "s", nil},
		{"an invitation beats one that ran out", []hub.Member{status(invitation("x", ada, ""), hub.StatusExpired), invitation("i", ada, "")}, ada, "", "i", nil},
		{"the latest of several that ran out", []hub.Member{
			day(status(invitation("a", ada, ""), hub.StatusExpired), 1), day(status(invitation("b", ada, ""), hub.StatusExpired), 3), day(status(invitation("c", ada, ""), hub.StatusExpired), 2),
		}, ada, "", "b", nil},
		{"the latest of several open ones", []hub.Member{day(invitation("a", ada, ""), 1), day(invitation("b", ada, ""), 2)}, ada, "", "b", nil},
		{"two seats", []hub.Member{seat("2", ada, ""), seat("1", "ADA@northwind.example", "")}, ada, "", "", []string{"1", "2"}},
		{"two seats, one of them known by id", []hub.Member{seat("2", ada, ""), seat("1", ada, "")}, ada, "1", "", []string{"1", "2"}},
		{"two suspended seats", []hub.Member{status(seat("1", ada, ""), hub.StatusSuspended), status(seat("2", ada, ""), hub.StatusSuspended)}, ada, "", "", []string{"1", "2"}},
		{"one seat on two pages", []hub.Member{seat("1", ada, ""), seat("1", ada, "")}, ada, "", "1", nil},
		{"an address that changed", []hub.Member{seat("1", bob, "")}, ada, "1", "1", nil},
		{"one of two seats, by its id, under another address", []hub.Member{seat("1", bob, ""), seat("2", bob, "")}, ada, "2", "2", nil},
		{"an address beats an id", []hub.Member{seat("1", bob, ""), seat("2", ada, "")}, ada, "1", "2", nil},
		{"a hidden address, by id", []hub.Member{seat("1", "", ""), seat("2", "", "")}, ada, "2", "2", nil},
		{"a hidden address, without an id", []hub.Member{seat("1", "", "")}, ada, "", "", nil},
		{"hidden people without ids", []hub.Member{seat("", "", ""), seat("", "", "")}, ada, "", "", nil},
		{"nobody", nil, ada, "1", "", nil},
	} {
		run(t, test.name, func(t *testing.T) {
			f := &fake{}
			for _, m := range test.rows {
				f.put(m)
			}
			h := open(t, f)
			m, ok, err := h.Find(t.Context(), test.email, test.id)
			if m.ID != test.want || ok != (test.want != "") {
				t.Errorf("Find = %q, %t, want %q", m.ID, ok, test.want)
			}
			if test.twins == nil {
				succeeded(t, err)
				return
			}
			te := failed(t, err, want{reason: hub.ReasonConflict, detail: "ids " + strings.Join(test.twins, ", ")})
			if te.Err != nil {
				t.Errorf("Err = %v, want nil: no connector said so", te.Err)
			}
			_, err = h.Remove(t.Context(), RemoveTask{Email: test.email, MemberID: test.id})
			failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonConflict})
			f.wrote(t)
		})
	}

	run(t, "everybody is shown, once", func(t *testing.T) {
		f := &fake{}
		for _, m := range []hub.Member{
			seat("2", bob, ""), invitation("i", ada, ""), seat("1", ada, ""), seat("", "", ""), seat("", "", ""), seat("9", "", ""), seat("8", "", ""),
			seat("4", carol, ""), seat("3", carol, ""),
		} {
			f.put(m)
		}
		members, _, err := open(t, f).Roster(t.Context())
		succeeded(t, err)
		var got []string
		for _, m := range members {
			got = append(got, m.Email+m.ID)
		}
		if want := []string{"", "", "8", "9", ada + "1", bob + "2", carol + "3", carol + "4"}; !slices.Equal(got, want) {
			t.Errorf("roster = %q, want %q", got, want)
		}
	})
}

func TestEditTouchesOneRow(t *testing.T) {
	for _, test := range []struct {
		name string
		rows []hub.Member
		edit edit
		want []string
	}{
		{"a seat goes, its twin stays", []hub.Member{seat("1", ada, ""), seat("2", ada, "")}, edit{email: ada, id: "1"}, []string{"2"}},
		{"found by id under another address, its twin stays", []hub.Member{seat("1", bob, ""), seat("2", bob, "")}, edit{email: ada, id: "1"}, []string{"2"}},
		{"an invitation goes, the seat it became stays", []hub.Member{seat("s", ada, "")}, edit{email: ada, id: "i"}, []string{"s"}},
		{"a seat goes, and an invitation shows", []hub.Member{seat("s", ada, ""), invitation("i", ada, "")}, edit{email: ada, id: "s"}, []string{"i"}},
		{"an invitation without id goes", []hub.Member{invitation("", ada, "")}, edit{email: ada}, nil},
		{"an invitation without id goes, the seat stays", []hub.Member{invitation("", ada, ""), seat("s", ada, "")}, edit{email: ada}, []string{"s"}},
		{"a hidden person goes", []hub.Member{seat("1", "", ""), seat("2", "", "")}, edit{id: "1"}, []string{"2"}},
		{"an id is learned", []hub.Member{invitation("", ada, "")}, edit{email: ada, member: new(invitation("i", ada, ""))}, []string{"i"}},
		{"an invitation becomes a seat", []hub.Member{invitation("i", ada, "")}, edit{email: ada, id: "i", member: new(seat("s", ada, ""))}, []string{"s"}},
		{"a list knew the seat first", []hub.Member{seat("s", ada, "EMPLOYEE")}, edit{email: ada, id: "i", member: new(seat("s", ada, "ADMIN"))}, []string{"s"}},
		{"a list knew the id first", []hub.Member{invitation("i", ada, "")}, edit{member: new(invitation("", ada, ""))}, []string{"i"}},
		{"an address changes", []hub.Member{seat("1", ada, "")}, edit{email: ada, id: "1", member: new(seat("1", bob, ""))}, []string{"1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPeople(test.rows)
			p.apply(test.edit)
			var got []string
			for _, rows := range p.byEmail {
				for _, m := range rows {
					got = append(got, m.ID)
				}
			}
			for id := range p.hidden {
				got = append(got, id)
			}
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("roster = %q, want %q", got, test.want)
			}
		})
	}
}

func bigHub(b *testing.B) *Hub {
	f := &fake{}
	for i := range 10_000 {
		f.put(seat(fmt.Sprint(i), fmt.Sprintf("Person.%05d@northwind.example", (i*7919)%10_000), "EMPLOYEE"))
	}
	h, err := New(Options{}, Platform{Platform: fakePlatform(), Connection: Connection{Connector: f}}).Hub(hub.Ref{Platform: "fake", BusinessID: "1"})
	if err == nil {
		_, _, err = h.Roster(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	return h
}

func BenchmarkFind(b *testing.B) {
	h := bigHub(b)
	for b.Loop() {
		if _, ok, err := h.Find(b.Context(), "person.05000@northwind.example", ""); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkFindByID(b *testing.B) {
	h := bigHub(b)
	for b.Loop() {
		if _, ok, err := h.Find(b.Context(), "moved@northwind.example", "5000"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkRoster(b *testing.B) {
	h := bigHub(b)
	for b.Loop() {
		if members, _, err := h.Roster(b.Context()); len(members) != 10_000 || err != nil {
			b.Fatal(len(members), err)
		}
	}
}

// Every write makes the next one sort again.
func BenchmarkRosterAfterWrite(b *testing.B) {
	h := bigHub(b)
	for b.Loop() {
		h.remember(seat("5000", "person.05000@northwind.example", "ADMIN"), hub.Member{})
		if members, _, err := h.Roster(b.Context()); len(members) != 10_000 || err != nil {
			b.Fatal(len(members), err)
		}
	}
}
