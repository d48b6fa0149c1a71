package engine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

func TestSafeguard(t *testing.T) {
	crowd := func(t *testing.T, people int, limit Safeguard) (*fake, *Hub) {
		f := &fake{}
		for i := range people {
			f.put(seat(fmt.Sprint(i), fmt.Sprintf("p%02d@northwind.example", i), "EMPLOYEE"))
		}
		return f, open(t, f, func(o *Options, _ *Platform) { o.Safeguard = limit })
	}
	leave := func(t *testing.T, h *Hub, n int) error {
		_, err := h.Remove(t.Context(), RemoveTask{Email: fmt.Sprintf("p%02d@northwind.example", n)})
		return err
	}

	run(t, "lets the share go, and nobody more", func(t *testing.T) {
		f, h := crowd(t, 20, Safeguard{Percent: 20, AtLeast: 2})
		for n := range 4 {
			succeeded(t, leave(t, h, n))
		}
		te := failed(t, leave(t, h, 4), want{kind: hub.TaskRemove, reason: hub.ReasonSafeguard, known: true, status: hub.StatusActive, detail: "5 or more of the 20 people"})
		if !strings.Contains(te.Fault.Detail, "p00@northwind.example, p01@northwind.example") || !strings.Contains(te.Fault.Detail, "removal_safeguard.percent") {
			t.Errorf("detail = %q: who goes, and what lets them", te.Fault.Detail)
		}
		f.wrote(t, "remove 0", "remove 1", "remove 2", "remove 3")
	})

	run(t, "leaves a small number in peace", func(t *testing.T) {
		_, h := crowd(t, 3, Safeguard{Percent: 20, AtLeast: 3})
		succeeded(t, leave(t, h, 0))
		succeeded(t, leave(t, h, 1))
		failed(t, leave(t, h, 2), want{kind: hub.TaskRemove, reason: hub.ReasonSafeguard, known: true, status: hub.StatusActive, detail: "removal_safeguard"})
	})

	run(t, "lets everybody go at 100 percent, and when there is none", func(t *testing.T) {
		for _, limit := range []Safeguard{{Percent: 100, AtLeast: 1}, {}} {
			_, h := crowd(t, 12, limit)
			for n := range 12 {
				succeeded(t, leave(t, h, n))
			}
		}
	})

	run(t, "tells a plan once, and counts nobody twice", func(t *testing.T) {
		f, h := crowd(t, 20, Safeguard{Percent: 20, AtLeast: 2})
		errs := 0
		for range 2 {
			for n := range 4 {
				succeeded(t, h.PlanRemoval(t.Context(), seat(fmt.Sprint(n), fmt.Sprintf("p%02d@northwind.example", n), "EMPLOYEE")))
			}
		}
		for n := range 8 {
			if h.PlanRemoval(t.Context(), seat(fmt.Sprint(n), fmt.Sprintf("p%02d@northwind.example", n), "EMPLOYEE")) != nil {
				errs++
			}
		}
		if errs != 1 {
			t.Errorf("%d errors for one plan, want 1", errs)
		}
		f.wrote(t)
	})
}
