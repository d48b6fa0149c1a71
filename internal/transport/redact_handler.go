package transport

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
)

// Handler returns a handler that masks secrets in everything it passes to next:
// message, keys, and values of every kind, at any depth. An error or Stringer
// is passed on as its masked text. Another value is passed on as it is when no
// way of printing it shows a secret, and as masked text otherwise.
//
// Attributes given to With are kept back and masked with each record, so that a
// secret which became known later is masked in them too.
func (r *Redactor) Handler(next slog.Handler) slog.Handler {
	return &handler{redactor: r, next: next, frames: []frame{{}}}
}

type handler struct {
	redactor *Redactor
	next     slog.Handler
	frames   []frame // outermost first; the first has no group
}

// frame is a WithGroup and the WithAttrs that followed it.
type frame struct {
	group string
	attrs []slog.Attr
}

func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clone := *h
	clone.frames = slices.Clone(h.frames)
	last := &clone.frames[len(clone.frames)-1]
	last.attrs = append(slices.Clip(last.attrs), attrs...)
	return &clone
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	clone := *h
	clone.frames = append(slices.Clip(h.frames), frame{group: name})
	return &clone
}

func (h *handler) Handle(ctx context.Context, record slog.Record) error {
	var attrs []slog.Attr
	record.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, h.attr(a))
		return true
	})
	for _, f := range slices.Backward(h.frames) {
		var outer []slog.Attr
		for _, a := range f.attrs {
			outer = append(outer, h.attr(a))
		}
		attrs = append(outer, attrs...)
		if f.group != "" {
			attrs = []slog.Attr{{Key: h.redactor.String(f.group), Value: slog.GroupValue(attrs...)}}
		}
	}
	masked := slog.NewRecord(record.Time, record.Level, h.redactor.String(record.Message), record.PC)
	masked.AddAttrs(attrs...)
	return h.next.Handle(ctx, masked)
}

func (h *handler) attr(a slog.Attr) slog.Attr {
	if a.Equal(slog.Attr{}) {
		return a // handlers leave out the empty one
	}
	return slog.Attr{Key: h.redactor.String(a.Key), Value: h.value(a.Value.Resolve())}
}

func (h *handler) value(v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(h.redactor.String(v.String()))
	case slog.KindGroup:
		var attrs []slog.Attr
		for _, a := range v.Group() {
			attrs = append(attrs, h.attr(a))
		}
		return slog.GroupValue(attrs...)
	case slog.KindAny:
		return h.any(v.Any())
	default:
		// Numbers too: a secret can be all digits.
		if text := v.String(); h.redactor.String(text) != text {
			return slog.StringValue(h.redactor.String(text))
		}
		return v
	}
}

func (h *handler) any(v any) slog.Value {
	switch v := v.(type) {
	case nil:
		return slog.AnyValue(nil)
	case []byte:
		return slog.StringValue(h.redactor.String(string(v)))
	case []slog.Attr:
		return h.value(slog.GroupValue(v...))
	case error, fmt.Stringer:
		return slog.StringValue(h.redactor.String(fmt.Sprint(v)))
	case *slog.Source:
		return slog.AnyValue(v)
	}
	// The handlers of slog print such a value with %+v or as JSON, and the
	// two show different things (unexported fields, what a pointer points
	// to); %s is how bytes inside show.
	var texts []string
	if encoded, err := json.Marshal(v); err == nil {
		texts = append(texts, string(encoded))
	}
	texts = append(texts, fmt.Sprintf("%+v", v), fmt.Sprintf("%s", v))
	for _, text := range texts {
		if h.redactor.String(text) != text {
			return slog.StringValue(h.redactor.String(texts[0]))
		}
	}
	return slog.AnyValue(v)
}
