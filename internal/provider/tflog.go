package provider

import (
	"context"
	"log/slog"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// tflogHandler carries slog records to Terraform's log. The other rooms log
// through slog: only this one may know Terraform, and standard output belongs
// to the plugin protocol.
type tflogHandler struct {
	attrs  []slog.Attr
	prefix string
}

// Enabled lets everything through: tflog drops what TF_LOG does not ask for.
func (tflogHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h tflogHandler) Handle(ctx context.Context, r slog.Record) error {
	fields := map[string]any{}
	for _, a := range h.attrs {
		addField(fields, "", a)
	}
	r.Attrs(func(a slog.Attr) bool {
		addField(fields, h.prefix, a)
		return true
	})
	switch {
	case r.Level >= slog.LevelError:
		tflog.Error(ctx, r.Message, fields)
	case r.Level >= slog.LevelWarn:
		tflog.Warn(ctx, r.Message, fields)
	case r.Level >= slog.LevelInfo:
		tflog.Info(ctx, r.Message, fields)
	default:
		tflog.Debug(ctx, r.Message, fields)
	}
	return nil
}

func addField(fields map[string]any, prefix string, a slog.Attr) {
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, g := range value.Group() {
			addField(fields, prefix, g)
		}
		return
	}
	fields[prefix+a.Key] = value.String()
}

func (h tflogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	out := tflogHandler{prefix: h.prefix, attrs: append([]slog.Attr(nil), h.attrs...)}
	for _, a := range attrs {
		out.attrs = append(out.attrs, slog.Attr{Key: h.prefix + a.Key, Value: a.Value})
	}
	return out
}

func (h tflogHandler) WithGroup(name string) slog.Handler {
	return tflogHandler{attrs: h.attrs, prefix: h.prefix + name + "."}
}
