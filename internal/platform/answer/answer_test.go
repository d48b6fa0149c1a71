package answer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

var acme = Vendor{ID: "acme", Name: "Acme"}

func TestExplain(t *testing.T) {
	sent := func(err error) error {
		return &transport.Error{Sent: true, Attempts: 2, Throttle: time.Second, Err: err}
	}
	unsent := func(err error) error { return &transport.Error{Err: err} }
	for name, tt := range map[string]struct {
		err  error
		want hub.Fault
	}{
		"nothing":       {nil, hub.Fault{Reason: hub.ReasonUnknown}},
		"anything else": {errors.New("x"), hub.Fault{Reason: hub.ReasonUnknown}},
		"called off":    {context.Canceled, hub.Fault{Reason: hub.ReasonCancelled}},
		"out of time":   {context.DeadlineExceeded, hub.Fault{Reason: hub.ReasonTimeout}},

		"a read is lost":               {&Lost{Cause: sent(errors.New("reset"))}, hub.Fault{Reason: hub.ReasonUnavailable, Attempts: 2, Wait: time.Second}},
		"a write is lost":              {&Lost{Effect: Write, Cause: sent(errors.New("reset"))}, hub.Fault{Reason: hub.ReasonOutcomeUnknown, Attempts: 2, Wait: time.Second, Uncertain: true}},
		"a write never left":           {&Lost{Effect: Once, Cause: unsent(errors.New("no route"))}, hub.Fault{Reason: hub.ReasonUnavailable}},
		"lost when called off":         {&Lost{Effect: Once, Ended: context.Canceled, Cause: sent(context.Canceled)}, hub.Fault{Reason: hub.ReasonCancelled, Attempts: 2, Wait: time.Second, Uncertain: true}},
		"lost when time was over":      {&Lost{Ended: context.DeadlineExceeded, Cause: sent(context.DeadlineExceeded)}, hub.Fault{Reason: hub.ReasonTimeout, Attempts: 2, Wait: time.Second}},
		"no time left to send":         {&Lost{Cause: unsent(context.DeadlineExceeded)}, hub.Fault{Reason: hub.ReasonTimeout}},
		"each attempt ran out of time": {&Lost{Cause: sent(context.DeadlineExceeded)}, hub.Fault{Reason: hub.ReasonUnavailable, Attempts: 2, Wait: time.Second}},
		"a pause too long":             {&Lost{Effect: Once, Cause: unsent(transport.ErrThrottled)}, hub.Fault{Reason: hub.ReasonRateLimited, Detail: "Acme asked for a pause that outlasts this task. Nothing was sent."}},
		"a redirect":                   {&Lost{Cause: sent(transport.ErrRedirect)}, hub.Fault{Reason: hub.ReasonUnknown, Attempts: 2, Wait: time.Second}},
		"a redirect of a write":        {&Lost{Effect: Write, Cause: sent(transport.ErrRedirect)}, hub.Fault{Reason: hub.ReasonOutcomeUnknown, Attempts: 2, Wait: time.Second, Uncertain: true}},

		"a proxy's page": {
			fmt.Errorf("wrapped: %w", &Bad{Status: http.StatusForbidden, Attempts: 1, RequestID: "r", Problem: "the answer is a page", Excerpt: "<html>"}),
			hub.Fault{
				Reason: hub.ReasonUnknown, Code: "HTTP 403", Message: "<html>", RequestID: "r", Attempts: 1,
				Detail: "The answer was not one of Acme's: the answer is a page. A proxy between roster and Acme, or a wrong endpoint, can be the cause.",
			},
		},
		"an outage":            {&Bad{Status: http.StatusBadGateway}, hub.Fault{Reason: hub.ReasonUnavailable, Code: "HTTP 502", Detail: "Acme, or a proxy before it, is out of order."}},
		"an outage of a write": {&Bad{Effect: Once, Status: http.StatusBadGateway}, hub.Fault{Reason: hub.ReasonUnavailable, Code: "HTTP 502", Detail: "Acme, or a proxy before it, is out of order.", Uncertain: true}},
		"a throttle":           {&Bad{Effect: Once, Status: http.StatusTooManyRequests, Throttle: time.Hour}, hub.Fault{Reason: hub.ReasonRateLimited, Code: "HTTP 429", Wait: time.Hour}},
		"a write's odd yes": {&Bad{Effect: Write, Status: http.StatusOK, Problem: "p"}, hub.Fault{
			Reason: hub.ReasonOutcomeUnknown, Code: "HTTP 200", Uncertain: true,
			Detail: "The answer was not one of Acme's: p. A proxy between roster and Acme, or a wrong endpoint, can be the cause.",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, acme.Explain(tt.err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What a vendor says of itself takes the place of the general words.
func TestVendorsOwnWords(t *testing.T) {
	v := Vendor{Name: "Acme", Suspects: "The moon can be the cause.", RateLimited: "Acme counts."}
	if f := v.Bad(&Bad{Status: http.StatusOK, Problem: "p"}); f.Detail != "The answer was not one of Acme's: p. The moon can be the cause." {
		t.Errorf("detail = %q", f.Detail)
	}
	if f := v.Bad(&Bad{Status: http.StatusTooManyRequests}); f.Detail != "Acme counts." {
		t.Errorf("detail = %q", f.Detail)
	}
}

func TestExcerpt(t *testing.T) {
	r := transport.NewRedactor("hunter2-hunter2")
	if got := Excerpt(r, []byte("a\n\t b hunter2-hunter2")); !strings.HasPrefix(got, "a b ") || strings.Contains(got, "hunter2") {
		t.Errorf("excerpt = %q", got)
	}
	if got := []rune(Excerpt(r, []byte(strings.Repeat("é", 1000)))); len(got) != excerptRunes+1 || got[excerptRunes] != '…' {
		t.Errorf("excerpt has %d runes and ends in %q", len(got), got[len(got)-1])
	}
}

func TestURLErrorKeepsPasswords(t *testing.T) {
	err := acme.URLError("endpoint", "https://ada:secret@acme.example", "https://api.acme.example", errors.New("it has a user name"))
	var setting *hub.SettingError
	if !errors.As(err, &setting) || setting.Setting != "endpoint" {
		t.Fatalf("error = %v", err)
	}
	want := "the value cannot be used: it has a user name. Write an https URL such as https://api.acme.example; http is for a loopback address alone, such as http://127.0.0.1:8080/acme."
	if setting.Problem != want {
		t.Errorf("problem = %q, want %q", setting.Problem, want)
	}
}
