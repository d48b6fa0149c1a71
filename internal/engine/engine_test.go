package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

func TestHubOfAReference(t *testing.T) {
	e := New(Options{}, Platform{Platform: fakePlatform(), Connection: Connection{Connector: &fake{}}})
	for ref, part := range map[hub.Ref]string{
		{Platform: "fax", BusinessID: "1"}:    `"fax" is not a platform roster knows; it knows fake`,
		{Platform: "fake", BusinessID: "one"}: `business id "one" cannot be one of Fake Business: digits`,
	} {
		if _, err := e.Hub(ref); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("Hub(%v) = %v, want %q", ref, err, part)
		}
	}
}

func TestHubThatCannotBeAsked(t *testing.T) {
	noToken := errors.New("set the token")
	for name, test := range map[string]struct {
		platform Platform
		waiting  bool
		err      string
	}{
		"credentials unknown":    {Platform{Connection: Connection{Unknown: true}}, true, "not known yet"},
		"credentials missing":    {Platform{Connection: Connection{Missing: noToken}}, false, "set the token"},
		"no connector, no words": {Platform{}, false, "no connection to Fake Business"},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, nil, func(_ *Options, p *Platform) {
				test.platform.Platform = p.Platform
				*p = test.platform
			})
			waiting, err := h.Ready()
			if waiting != test.waiting || (err == nil) != test.waiting {
				t.Errorf("Ready = %t, %v", waiting, err)
			}
			ctx := t.Context()
			_, _, findErr := h.Find(ctx, ada, "")
			_, _, rosterErr := h.Roster(ctx)
			_, connectErr := h.Connect(ctx)
			_, _, traceErr := h.Trace(ctx, ada, "i")
			_, addErr := h.Add(ctx, AddTask{Email: ada})
			_, roleErr := h.ChangeRole(ctx, RoleTask{Email: ada, Role: "ADMIN"})
			_, lessErr := h.Downgrade(ctx, RoleTask{Email: ada, Role: "ADMIN"})
			_, removeErr := h.Remove(ctx, RemoveTask{Email: ada})
			for call, err := range map[string]error{
				"Find": findErr, "Roster": rosterErr, "Connect": connectErr, "Trace": traceErr,
				"Add": addErr, "ChangeRole": roleErr, "Downgrade": lessErr, "Remove": removeErr,
			} {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("%s = %v, want %q", call, err, test.err)
				}
			}
			// A plan's question waits; it does not fail and it does not say yes.
			if err := h.CheckRemoval(ctx, seat("1", ada, "ADMIN"), Limits{}); (err == nil) != test.waiting {
				t.Errorf("CheckRemoval = %v", err)
			}
			if err := h.CheckDemotion(ctx, seat("1", ada, "ADMIN"), "EMPLOYEE", Limits{}); (err == nil) != test.waiting {
				t.Errorf("CheckDemotion = %v", err)
			}
		})
	}
}

func TestTrace(t *testing.T) {
	f := &fake{}
	h := open(t, f)
	over := hub.Member{ID: "i", Email: ada, Status: hub.StatusDeclined}
	f.lookup = func(key hub.Key, _ func() (hub.Member, error)) (hub.Member, error) {
		switch key.ID {
		case "i":
			return over, nil
		case "j":
			return seat("k", bob, "ADMIN"), nil
		default:
			return hub.Member{}, fmt.Errorf("id %s: %w", key.ID, hub.ErrAbsent)
		}
	}
	m, ok, err := h.Trace(t.Context(), "Ada@northwind.example", "i")
	if !ok || err != nil || m.Status != hub.StatusDeclined {
		t.Errorf("Trace = %v, %t, %v", m, ok, err)
	}
	for _, id := range []string{"", "gone"} {
		if m, ok, err := h.Trace(t.Context(), ada, id); ok || err != nil {
			t.Errorf("Trace of id %q = %v, %t, %v", id, m, ok, err)
		}
	}
	_, ok, err = h.Trace(t.Context(), ada, "j")
	failed(t, err, want{reason: hub.ReasonUnknown})
	if ok {
		t.Error("a stranger was taken for ada")
	}
	f.requests(t, "lookup "+ada+"#i invited", "lookup "+ada+"#gone invited", "lookup "+ada+"#j invited")
}

func TestName(t *testing.T) {
	f := &fake{}
	h := open(t, f)
	if got := h.Name(); got != "business 1" {
		t.Errorf("before anything is known: %q", got)
	}
	for range 3 {
		b, err := h.Connect(t.Context())
		if err != nil || b.Name != "Northwind" {
			t.Fatal(b, err)
		}
	}
	if got := h.Name(); got != "Northwind" {
		t.Errorf("after a connection check: %q", got)
	}
	if _, told := h.Settings(); told {
		t.Error("settings nobody described")
	}
	h.Describe(Settings{Label: "Paid Social", UnsupportedTasks: []hub.TaskKind{hub.TaskAdd}})
	if s, told := h.Settings(); !told || h.Name() != "Paid Social" || s.UnsupportedTasks[0] != hub.TaskAdd {
		t.Errorf("described: %q, %+v", h.Name(), s)
	}
	f.requests(t, "verify")
}

func TestWriteOrder(t *testing.T) {
	run(t, "one at a time on a hub", func(t *testing.T) {
		f := &fake{lag: time.Second}
		h := open(t, f)
		running, most := 0, 0
		var mu sync.Mutex
		f.add = func(_ hub.Add, do func() (hub.Member, error)) (hub.Member, error) {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			running--
			mu.Unlock()
			return do()
		}
		var all sync.WaitGroup
		for _, email := range []string{ada, bob, carol} {
			all.Go(func() {
				_, err := h.Add(t.Context(), AddTask{Email: email})
				if err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		all.Wait()
		if most != 1 {
			t.Errorf("%d writes at once", most)
		}
		f.wrote(t, "add "+ada+" EMPLOYEE", "add "+bob+" EMPLOYEE", "add "+carol+" EMPLOYEE")
		var order []string
		for _, c := range f.calls {
			if !strings.HasPrefix(c, "list") {
				order = append(order, strings.Split(strings.Split(c, " ")[1], "@")[0])
			}
		}
		if got := slices.Compact(order); !slices.Equal(got, []string{"ada", "bob", "carol"}) {
			t.Errorf("order = %q: the next one waits until the last one is verified", got)
		}
	})

	run(t, "two of the same person are one invitation", func(t *testing.T) {
		f := &fake{lag: time.Second}
		h := open(t, f)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if _, err := h.Add(t.Context(), AddTask{Email: ada}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		f.wrote(t, "add "+ada+" EMPLOYEE")
	})

	run(t, "waiting ends with the context", func(t *testing.T) {
		f := &fake{}
		h := open(t, f)
		f.add = func(_ hub.Add, do func() (hub.Member, error)) (hub.Member, error) {
			time.Sleep(time.Minute)
			return do()
		}
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := h.Add(t.Context(), AddTask{Email: ada}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		_, err := h.Remove(ctx, RemoveTask{Email: ada})
		failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonTimeout})
		if time.Since(started) != time.Second {
			t.Errorf("waited %s", time.Since(started))
		}
		all.Wait()
		f.wrote(t, "add "+ada+" EMPLOYEE")
	})

	run(t, "hubs do not wait for each other", func(t *testing.T) {
		f := &fake{}
		e := New(Options{}, Platform{Platform: fakePlatform(), Connection: Connection{Connector: f}})
		release := make(chan struct{})
		f.add = func(in hub.Add, do func() (hub.Member, error)) (hub.Member, error) {
			if in.Email == ada {
				<-release
			}
			return do()
		}
		one, _ := e.Hub(hub.Ref{Platform: "fake", BusinessID: "1"})
		two, _ := e.Hub(hub.Ref{Platform: "fake", BusinessID: "2"})
		var all sync.WaitGroup
		all.Go(func() { _, _ = one.Add(t.Context(), AddTask{Email: ada}) })
		synctest.Wait()
		_, err := two.Add(t.Context(), AddTask{Email: bob})
		succeeded(t, err)
		close(release)
		all.Wait()
	})

	run(t, "readers do not wait for writes", func(t *testing.T) {
		f := &fake{}
		f.put(seat("1", bob, "EMPLOYEE"))
		h := open(t, f)
		f.add = func(_ hub.Add, do func() (hub.Member, error)) (hub.Member, error) {
			time.Sleep(time.Minute)
			return do()
		}
		var all sync.WaitGroup
		all.Go(func() { _, _ = h.Add(t.Context(), AddTask{Email: ada}) })
		synctest.Wait()
		started := time.Now()
		onRoster(t, h, bob, "1 active EMPLOYEE")
		if time.Since(started) != 0 {
			t.Errorf("waited %s", time.Since(started))
		}
		all.Wait()
	})

	run(t, "a failed task gives the order back", func(t *testing.T) {
		f := &fake{add: func(hub.Add, func() (hub.Member, error)) (hub.Member, error) {
			return hub.Member{}, no(hub.ReasonForbidden)
		}}
		h := open(t, f)
		for range 3 {
			_, err := h.Add(t.Context(), AddTask{Email: ada})
			failed(t, err, want{kind: hub.TaskAdd, reason: hub.ReasonForbidden, known: true})
		}
	})
}

func TestTasksAreLogged(t *testing.T) {
	var log strings.Builder
	f := &fake{}
	f.put(seat("1", ada, "ADMIN"))
	h := open(t, f, func(o *Options, _ *Platform) {
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	_, err := h.Add(t.Context(), AddTask{Email: ada})
	succeeded(t, err)
	_, err = h.Remove(t.Context(), RemoveTask{Email: ada})
	failed(t, err, want{kind: hub.TaskRemove, reason: hub.ReasonLastAdmin, known: true, status: hub.StatusActive})
	for _, part := range []string{"hub=fake/1", `msg="task done"`, "adopted=true", `msg="task failed"`, "reason=last_admin"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("log lacks %s:\n%s", part, log.String())
		}
	}
}

func TestFindByUsername(t *testing.T) {
	run(t, "somebody whose address is hidden", func(t *testing.T) {
		f := &fake{}
		named := func(id, email, username string) {
			m := seat(id, email, "EMPLOYEE")
			m.Username = username
			f.put(m)
		}
		named("1", "", "ada_ads")
		named("2", bob, "bob_ads") // has an address, and goes by it
		named("3", "", "twin")
		named("4", "", "Twin")
		h := open(t, f)
		for username, want := range map[string]string{"Ada_Ads": "1", "bob_ads": "", "twin": "", "": "", "nobody": ""} {
			m, ok, err := h.FindByUsername(t.Context(), username)
			if err != nil || m.ID != want || ok != (want != "") {
				t.Errorf("%q = %q, %t, %v, want %q", username, m.ID, ok, err, want)
			}
		}
		f.requests(t, "list")
	})
}
