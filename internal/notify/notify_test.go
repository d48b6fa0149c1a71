package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fake is a channel that a test speaks for.
type fake struct {
	name string
	send func(ctx context.Context, m Message) error
}

func (f fake) Name() string                              { return f.name }
func (f fake) Send(ctx context.Context, m Message) error { return f.send(ctx, m) }

func TestNotifierNobody(t *testing.T) {
	var none *Notifier
	for name, n := range map[string]*Notifier{"nil": none, "zero": {}, "new": New()} {
		if errs := n.Send(t.Context(), removal()); errs != nil {
			t.Errorf("%s: %v", name, errs)
		}
	}
}

func TestNotifierAll(t *testing.T) {
	mail := &mailServer{}
	mail.start(t, nil, nil)
	hook := newReceiver(t)
	smtp := open(t, basic("smtp://"+mail.addr))
	webhook, err := Webhook{URL: hook.url("/hook"), Secret: testSecret}.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if errs := New(smtp, webhook).Send(t.Context(), removal()); len(errs) > 0 {
		t.Fatal(errs)
	}
	mail.only(t)
	if n := len(hook.all()); n != 1 {
		t.Errorf("%d posts, want 1", n)
	}
}

// Each of the channels waits for the others to have begun: in a row, none
// would end.
func TestNotifierParallelAndErrors(t *testing.T) {
	var begun atomic.Int32
	all := make(chan struct{})
	together := func(err error) func(context.Context, Message) error {
		return func(ctx context.Context, m Message) error {
			if begun.Add(1) == 4 {
				close(all)
			}
			select {
			case <-all:
			case <-ctx.Done():
				return ctx.Err()
			}
			if m.Summary != removal().Summary {
				return errors.New("another message")
			}
			return err
		}
	}
	var nothing map[string]int
	panics := func(cause func()) func(context.Context, Message) error {
		return func(ctx context.Context, m Message) error {
			if err := together(nil)(ctx, m); err != nil {
				return err
			}
			cause()
			return nil
		}
	}
	n := New(
		fake{"good", together(nil)},
		fake{"bad", together(errors.New("bad: no"))},
		fake{"defect", panics(func() { nothing["x"] = 1 })},
		fake{"rude", panics(func() { panic("the password is " + testPassword) })},
	)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	errs := n.Send(ctx, removal())
	if len(errs) != 3 || errs[0].Error() != "bad: no" || !strings.Contains(errs[1].Error(), "nil map") {
		t.Fatalf("errors = %q", errs)
	}
	noSecret(t, fmt.Sprint(errs))
}

// A channel that cannot get through keeps the message from no other.
func TestNotifierOneFails(t *testing.T) {
	hook := newReceiver(t)
	smtp := open(t, basic("smtp://"+freeAddr(t)))
	webhook, err := Webhook{URL: hook.url("/hook"), Secret: testSecret}.Channel()
	if err != nil {
		t.Fatal(err)
	}
	errs := New(smtp, webhook).Send(t.Context(), removal())
	if len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), smtp.Name()+": ") {
		t.Errorf("errors = %q, want the mail server's", errs)
	}
	if n := len(hook.all()); n != 1 {
		t.Errorf("%d posts, want 1", n)
	}
}

func TestErrorIsShort(t *testing.T) {
	a := &attempt{channel: "smtp mail.example:587", ctx: t.Context()}
	err := a.error(errors.New("a\r\nb\x1b[2J " + strings.Repeat("ü", 5000)))
	if text := err.Error(); !strings.HasPrefix(text, "smtp mail.example:587: a b[2J ü") || len([]rune(text)) > 700 || !strings.HasSuffix(text, "…") {
		t.Errorf("error = %q", text)
	}
}

// freeAddr is an address of loopback where nobody listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
