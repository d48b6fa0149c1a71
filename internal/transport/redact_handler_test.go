package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/slogtest"
	"time"
)

const hidden = "hunter22"

type (
	words    string
	stringer struct{}
	valuer   struct{ v any }
	record   struct {
		Name  string
		Inner *record
		Raw   []byte
		note  string
	}
)

func (stringer) String() string       { return "I know " + hidden }
func (v valuer) LogValue() slog.Value { return slog.AnyValue(v.v) }

func TestHandlerMasksEverything(t *testing.T) {
	deep := &record{Name: "outer", Inner: &record{Name: hidden}}
	for name, log := range map[string]func(*slog.Logger){
		"message":            func(l *slog.Logger) { l.Info("the token " + hidden) },
		"string":             func(l *slog.Logger) { l.Info("m", "k", "a "+hidden) },
		"key":                func(l *slog.Logger) { l.Info("m", hidden, 1) },
		"named string":       func(l *slog.Logger) { l.Info("m", "k", words(hidden)) },
		"error":              func(l *slog.Logger) { l.Info("m", "k", fmt.Errorf("a: %w", errors.New(hidden))) },
		"stringer":           func(l *slog.Logger) { l.Info("m", "k", stringer{}) },
		"bytes":              func(l *slog.Logger) { l.Info("m", "k", []byte(hidden)) },
		"raw json":           func(l *slog.Logger) { l.Info("m", "k", json.RawMessage(`{"t":"`+hidden+`"}`)) },
		"strings":            func(l *slog.Logger) { l.Info("m", "k", []string{"a", hidden}) },
		"map":                func(l *slog.Logger) { l.Info("m", "k", map[string]any{"a": map[string]any{hidden: 1}}) },
		"struct":             func(l *slog.Logger) { l.Info("m", "k", record{Name: hidden}) },
		"unexported field":   func(l *slog.Logger) { l.Info("m", "k", record{note: hidden}) },
		"behind pointers":    func(l *slog.Logger) { l.Info("m", "k", deep) },
		"bytes in a struct":  func(l *slog.Logger) { l.Info("m", "k", record{Raw: []byte(hidden)}) },
		"what json refuses":  func(l *slog.Logger) { l.Info("m", "k", map[string]any{"f": func() {}, "t": hidden}) },
		"group":              func(l *slog.Logger) { l.Info("m", slog.Group("g", slog.Group("h", "k", hidden))) },
		"log valuer":         func(l *slog.Logger) { l.Info("m", "k", valuer{hidden}) },
		"log valuer twice":   func(l *slog.Logger) { l.Info("m", "k", valuer{valuer{errors.New(hidden)}}) },
		"log valuer, struct": func(l *slog.Logger) { l.Info("m", slog.Group("g", "k", valuer{deep})) },
		"attributes":         func(l *slog.Logger) { l.Info("m", "k", []slog.Attr{slog.String("a", hidden)}) },
		"with":               func(l *slog.Logger) { l.With("k", hidden).Info("m") },
		"with group":         func(l *slog.Logger) { l.WithGroup("g").With("k", hidden).WithGroup(hidden).Info("m", "a", 1) },
		"escaped":            func(l *slog.Logger) { l.Info("m", "k", "?t=%68unter22") },
		"number":             func(l *slog.Logger) { l.Info("m", "k", 987654321, "t", hidden) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, format := range []string{"json", "text"} {
				var out bytes.Buffer
				var next slog.Handler = slog.NewJSONHandler(&out, nil)
				if format == "text" {
					next = slog.NewTextHandler(&out, nil)
				}
				r := NewRedactor("987654321")
				logger := slog.New(r.Handler(next))
				r.Add(hidden) // known only after the logger was made
				log(logger)
				got := out.String()
				if name != "unexported field" && !strings.Contains(got, maskText) { // that one is left out
					t.Errorf("%s shows no mask: %s", format, got)
				}
				if NewRedactor(hidden, "987654321").String(got) != got || strings.Contains(got, "104 117 110") { // "hun" as numbers
					t.Errorf("%s: %s", format, got)
				}
			}
		})
	}
}

func TestHandlerMasksWithAttributesLate(t *testing.T) {
	var out bytes.Buffer
	r := NewRedactor()
	logger := slog.New(r.Handler(slog.NewTextHandler(&out, nil))).With("token", hidden)
	r.Add(hidden)
	logger.Info("m")
	if strings.Contains(out.String(), hidden) {
		t.Errorf("log = %s", out.String())
	}
}

func TestHandlerLeavesTheRestAlone(t *testing.T) {
	var plain, through bytes.Buffer
	noTime := &slog.HandlerOptions{AddSource: true, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey) {
			return slog.Attr{}
		}
		return a
	}}
	r := NewRedactor(hidden)
	for _, l := range []*slog.Logger{
		slog.New(slog.NewJSONHandler(&plain, noTime)),
		slog.New(r.Handler(slog.NewJSONHandler(&through, noTime))),
	} {
		l.With("a", 1).WithGroup("g").With("b", 2.5).WithGroup("").Warn("m",
			"d", time.Second, "t", time.Unix(0, 0).UTC(), "ok", true, "n", nil, "u", uint64(7),
			"s", record{Name: "ada"}, "l", []int{1, 2}, slog.Group("h", "x", "y"), slog.Attr{}, "e", errors.New("why"))
	}
	if plain.String() != through.String() {
		t.Errorf("through the redactor:\n%s\nwithout:\n%s", through.String(), plain.String())
	}
}

func TestHandlerIsAHandler(t *testing.T) {
	var out bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out.Reset()
		return NewRedactor(hidden).Handler(slog.NewJSONHandler(&out, nil))
	}, func(t *testing.T) map[string]any {
		var m map[string]any
		if err := json.Unmarshal(out.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		return m
	})
	h := NewRedactor().Handler(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if h.Enabled(context.Background(), slog.LevelInfo) {
		t.Error("level of the next handler is ignored")
	}
}
