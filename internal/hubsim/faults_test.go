package hubsim_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func (w *wire) fault(f hubsim.Fault) int {
	w.t.Helper()
	id, err := w.sim.AddFault(f)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// try sends a request over a connection of its own: Go would send an idempotent
// request again over a reused one that broke.
func (w *wire) try(r *http.Request) (status int, body string, err error) {
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(raw), err
}

func (w *wire) inviteRequest(email string) *http.Request {
	w.t.Helper()
	return w.request("POST", users, url.Values{"email": {email}})
}

func TestFaultRespond(t *testing.T) {
	w := newWire(t)
	w.fault(hubsim.Fault{
		Kind: hubsim.FaultRespond, Operation: hubsim.OpInvite, Status: 503, Body: `{"error":"busy"}`,
		Headers: map[string]string{"Retry-After": "7"}, Times: 1,
	})
	got := w.post(users, "email", "eve@agency.example")
	if got.status != 503 || got.raw != `{"error":"busy"}` || got.header.Get("Retry-After") != "7" {
		t.Errorf("%d %q", got.status, got.raw)
	}
	if w.person("eve@agency.example").Status != "" {
		t.Error("the call took effect")
	}
	w.post(users, "email", "eve@agency.example").ok()
	if log := w.sim.Writes(); len(log) != 2 || log[0].Fault != "respond" || log[0].Status != 503 || log[1].Fault != "" {
		t.Errorf("log = %+v", log)
	}
}

func TestFaultRespondAfterTheEffect(t *testing.T) {
	w := newWire(t)
	w.fault(hubsim.Fault{Kind: hubsim.FaultRespond, Method: "POST", Status: 500, AfterEffect: true})
	if got := w.post(users, "email", "eve@agency.example"); got.status != 500 {
		t.Errorf("status %d", got.status)
	}
	if w.person("eve@agency.example").Status != "invited" {
		t.Error("the call took no effect")
	}
}

func TestFaultHTML(t *testing.T) {
	w := newWire(t)
	w.fault(hubsim.Fault{Kind: hubsim.FaultHTML, Path: `/business_users$`})
	got := w.get(users)
	if got.status != 502 || !strings.HasPrefix(got.raw, "<!DOCTYPE html>") || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
		t.Errorf("%d %s %q", got.status, got.header.Get("Content-Type"), got.raw)
	}
	w.get(pending).ok()
	w.sim.ClearFaults()
	w.get(users).ok()
}

func TestFaultDrop(t *testing.T) {
	w := newWire(t)
	id := w.fault(hubsim.Fault{Kind: hubsim.FaultDropBefore, Business: business})
	if status, _, err := w.try(w.inviteRequest("eve@agency.example")); err == nil {
		t.Errorf("answered %d", status)
	}
	if w.person("eve@agency.example").Status != "" {
		t.Error("dropped before, and yet it took effect")
	}
	if err := w.sim.RemoveFault(id); err != nil {
		t.Fatal(err)
	}
	w.fault(hubsim.Fault{Kind: hubsim.FaultDropAfter, Platform: meta})
	if status, _, err := w.try(w.inviteRequest("eve@agency.example")); err == nil {
		t.Errorf("answered %d", status)
	}
	if w.person("eve@agency.example").Status != "invited" {
		t.Error("dropped after, and yet it took no effect")
	}
	if log := w.sim.Writes(); len(log) != 2 || log[1].Status != 0 || log[1].Fault != "drop_after" {
		t.Errorf("log = %+v", log)
	}
}

func TestFaultTruncate(t *testing.T) {
	w := newWire(t)
	w.fault(hubsim.Fault{Kind: hubsim.FaultTruncate, Operation: hubsim.OpListMembers})
	status, body, err := w.try(w.request("GET", users, nil))
	if status != 200 || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(body, `{"data":[`) {
		t.Errorf("%d %v %q", status, err, body)
	}
}

func TestFaultDelay(t *testing.T) {
	w := newWire(t)
	w.fault(hubsim.Fault{Kind: hubsim.FaultDelay, Delay: hubsim.Duration(20 * time.Millisecond), Times: 1})
	began := time.Now()
	w.post(users, "email", "eve@agency.example").ok()
	if took := time.Since(began); took < 20*time.Millisecond {
		t.Errorf("took %s", took)
	}

	// A caller who hangs up during the delay leaves nothing behind, and the
	// simulator does not sit out the hour.
	hangUp := func(email string, when func() bool) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		failed := make(chan error, 1)
		go func() {
			_, _, err := w.try(w.inviteRequest(email).WithContext(ctx))
			failed <- err
		}()
		eventually(t, when)
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
		eventually(t, func() bool { return w.last().Fault == "delay" })
	}
	w.fault(hubsim.Fault{Kind: hubsim.FaultDelay, Delay: hubsim.Duration(time.Hour)})
	hangUp("finn@agency.example", func() bool { return w.last().Form.Get("email") == "finn@agency.example" })
	if w.person("finn@agency.example").Status != "" {
		t.Error("a call given up during the delay took effect")
	}
	w.sim.ClearFaults()

	w.fault(hubsim.Fault{Kind: hubsim.FaultDelay, Delay: hubsim.Duration(time.Hour), AfterEffect: true})
	hangUp("gil@agency.example", func() bool { return w.person("gil@agency.example").Status == "invited" })
}

func (w *wire) last() hubsim.Request {
	log := w.sim.Requests()
	if len(log) == 0 {
		return hubsim.Request{}
	}
	return log[len(log)-1]
}

// eventually waits for something another goroutine is about to bring about.
func eventually(t *testing.T, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited too long")
		}
	}
}

func TestFaultsSkipAndCount(t *testing.T) {
	w := newWire(t)
	w.fault(hubsim.Fault{Kind: hubsim.FaultRespond, Status: 500, Operation: hubsim.OpListMembers, Skip: 1, Times: 2})
	w.fault(hubsim.Fault{Kind: hubsim.FaultRespond, Status: 418, Operation: hubsim.OpListMembers, Skip: 4})
	var statuses []string
	for range 6 {
		statuses = append(statuses, http.StatusText(w.get(users).status))
	}
	// The second fault sees only the calls the first let pass: 1, 4, 5 and 6.
	ok, broken := http.StatusText(200), http.StatusText(500)
	equal(t, "statuses", statuses, []string{ok, broken, broken, ok, ok, ok})
	w.get(pending).ok()
	if f := w.sim.Faults()[0]; f.Seen != 6 || f.Applied != 2 {
		t.Errorf("fault = %+v", f)
	}
	if got := w.get(users).status; got != 418 {
		t.Errorf("status %d", got)
	}
}

func TestFaultsAreChecked(t *testing.T) {
	sim := hubsim.New()
	for _, bad := range []hubsim.Fault{
		{},
		{Kind: "explode"},
		{Kind: hubsim.FaultRespond},
		{Kind: hubsim.FaultRespond, Status: 99},
		{Kind: hubsim.FaultDelay},
		{Kind: hubsim.FaultHTML, Times: -1},
		{Kind: hubsim.FaultHTML, Path: "("},
	} {
		if _, err := sim.AddFault(bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
	if err := sim.RemoveFault(1); err == nil {
		t.Error("removed a fault that is not there")
	}
}
