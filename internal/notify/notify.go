// Package notify tells people and machines about a task that failed during an
// apply: by e-mail, by a signed webhook, or both.
//
// It never decides whether to tell. The caller sends one [Message] for one
// failed task, and takes what [Notifier.Send] returns as warnings: a task's
// outcome is the same whether anybody could be told or not. No error text of
// this package holds a password, a webhook's secret or more of a webhook's URL
// than scheme and host.
package notify

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// DefaultTimeout is how long one message may take on one channel, from the
// look-up of the host to the last answer, retries included.
const DefaultTimeout = 30 * time.Second

// defaultAgent is what mails and posts say they come from unless told.
const defaultAgent = "terraform-provider-roster"

// Channel is one way to tell somebody.
type Channel interface {
	// Name is the kind of channel and where it leads, without any secret, to
	// stand at the head of an error.
	Name() string
	// Send delivers one message within the channel's own timeout, or less when
	// ctx ends before. Its error begins with Name.
	Send(ctx context.Context, m Message) error
}

// Notifier tells all its channels. The zero Notifier and a nil one tell nobody.
// Safe for concurrent use.
type Notifier struct {
	channels []Channel
}

// New returns a Notifier of these channels.
func New(channels ...Channel) *Notifier { return &Notifier{channels: channels} }

// Send tells every channel at the same time and waits for all of them, which is
// no longer than the longest of their timeouts. It returns one error for each
// channel that failed, in the order of the channels, and never panics.
//
// ctx is the run's, so that Ctrl-C ends it. It must not carry the deadline of
// the task that failed: a task that ran out of time is what people want to hear
// about.
func (n *Notifier) Send(ctx context.Context, m Message) []error {
	if n == nil {
		return nil
	}
	results := make([]error, len(n.channels))
	var wg sync.WaitGroup
	for i, channel := range n.channels {
		wg.Go(func() { results[i] = send(ctx, channel, m) })
	}
	wg.Wait()
	var failed []error
	for _, err := range results {
		if err != nil {
			failed = append(failed, err)
		}
	}
	return failed
}

// send keeps a panic from ending the provider, and with it an apply that has
// half its state to write.
func send(ctx context.Context, channel Channel, m Message) (err error) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case runtime.Error:
			err = fmt.Errorf("a defect of roster's stopped a notification: %w", cause)
		default: // what else panicked with may hold anything, a secret too
			err = fmt.Errorf("a defect of roster's stopped a notification: %T", cause)
		}
	}()
	return channel.Send(ctx, m)
}

// Error is a message that did not get through, or not to everybody.
type Error struct {
	Channel string // its Name
	Problem string // one line, without secrets

	ended error // the context's error when that is what ended it, else nil
}

func (e *Error) Error() string { return e.Channel + ": " + e.Problem }

// Unwrap gives the context's error, when the time was over or somebody stopped
// the run. Other causes stay inside: they may quote what Problem masks.
func (e *Error) Unwrap() error { return e.ended }

// attempt is one Send of one channel, for its errors.
type attempt struct {
	channel  string
	ctx      context.Context
	start    time.Time
	redactor *transport.Redactor
}

// broken is err, unless the context broke it off: what a connection says that
// was closed under it is no help. doing says what was going on.
func (a *attempt) broken(doing string, err error) error {
	switch ended := a.ctx.Err(); {
	case errors.Is(ended, context.DeadlineExceeded):
		return fmt.Errorf("gave up after %s while %s: %w", time.Since(a.start).Round(100*time.Millisecond), doing, ended)
	case ended != nil:
		return fmt.Errorf("stopped while %s: %w", doing, ended)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

// error makes err fit to show: without secrets, on one line.
func (a *attempt) error(err error) error {
	if err == nil {
		return nil
	}
	problem := oneLine(a.redactor.String(err.Error()))
	if runes := []rune(problem); len(runes) > maxProblem {
		problem = string(runes[:maxProblem]) + "…"
	}
	shown := &Error{Channel: a.channel, Problem: problem}
	if ended := a.ctx.Err(); errors.Is(err, ended) {
		shown.ended = ended
	}
	return shown
}

// maxProblem is more than any of our own sentences and bounds a server's.
const maxProblem = 600

// oneLine makes s fit for one line of a terminal or a header: white space of
// any kind is one space, and what cannot be printed goes.
func oneLine(s string) string {
	return strings.Join(strings.Fields(printable(s)), " ")
}

// printable drops what a terminal or a mail reader would act on: escapes,
// characters that change the direction of the text. Line breaks are "\n" after
// it, other white space is a space.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\r':
			return -1
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
}

// isLoopback does not ask DNS: what a name resolves to can change between the
// check and the connection. "localhost" is reserved (RFC 6761).
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
