package platformtest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// watched listens in on a connector, for what must hold of everything it ever
// returns.
type watched struct {
	hub.Connector

	mu    sync.Mutex
	said  []string // every text that reached the caller
	wrong []string
}

func (w *watched) hear(method string, err error) {
	if err == nil {
		return
	}
	fault := w.Connector.Explain(err)
	texts := []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)}
	if document, marshalErr := json.Marshal(fault); marshalErr == nil {
		texts = append(texts, string(document))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, texts...)
	switch {
	case !slices.Contains(hub.Reasons(), fault.Reason):
		w.wrong = append(w.wrong, fmt.Sprintf("%s: reason %q is not in the closed list (error: %v)", method, fault.Reason, err))
	case strings.TrimSpace(err.Error()) == "":
		w.wrong = append(w.wrong, method+": an error without a text")
	case fault.Wait < 0 || fault.Attempts < 0:
		w.wrong = append(w.wrong, fmt.Sprintf("%s: impossible fault %+v", method, fault))
	}
}

// audit is the end of every check: nothing said or logged holds a secret.
func (w *watched) audit(t TB, f *Fixture) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wrong := range w.wrong {
		t.Errorf("%s", wrong)
	}
	texts := w.said
	if f.Log != nil {
		texts = append(texts, f.Log.String())
	}
	for _, secret := range f.Secrets {
		for _, text := range texts {
			if strings.Contains(text, secret) {
				t.Errorf("a secret shows in: %s", strings.ReplaceAll(text, secret, "«SECRET»"))
			}
		}
	}
}

func (w *watched) Verify(ctx context.Context, ref hub.Ref) (hub.Business, error) {
	b, err := w.Connector.Verify(ctx, ref)
	w.hear("Verify", err)
	return b, err
}

func (w *watched) Members(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
	members, err := w.Connector.Members(ctx, ref)
	w.hear("Members", err)
	if err != nil && len(members) > 0 {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.wrong = append(w.wrong, fmt.Sprintf("Members: %d members beside an error: somebody will use them (error: %v)", len(members), err))
	}
	return members, err
}

func (w *watched) Lookup(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
	m, err := w.Connector.Lookup(ctx, ref, key)
	w.hear("Lookup", err)
	return m, err
}

func (w *watched) Add(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
	m, err := w.Connector.Add(ctx, ref, in)
	err = w.finish(ctx, ref, err)
	w.hear("Add", err)
	return m, err
}

func (w *watched) ChangeRole(ctx context.Context, ref hub.Ref, m hub.Member, change hub.RoleChange) error {
	err := w.finish(ctx, ref, w.Connector.ChangeRole(ctx, ref, m, change))
	w.hear("ChangeRole", err)
	return err
}

func (w *watched) Remove(ctx context.Context, ref hub.Ref, m hub.Member) error {
	err := w.finish(ctx, ref, w.Connector.Remove(ctx, ref, m))
	w.hear("Remove", err)
	return err
}

func (w *watched) Self(ctx context.Context, ref hub.Ref) (hub.Identity, error) {
	id, err := w.Connector.Self(ctx, ref)
	w.hear("Self", err)
	return id, err
}

// Log keeps what a connector logs, debug lines included.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

// Logger writes to the log.
func (l *Log) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug - 4}))
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
