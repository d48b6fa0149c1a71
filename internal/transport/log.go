package transport

import (
	"log/slog"
	"net/http"
	"time"
)

// logAttempt writes the one debug line of an attempt.
func (k *call) logAttempt(start time.Time, answer *http.Response, err error) {
	c := k.client
	if !c.log.Enabled(k.ctx, slog.LevelDebug) {
		return
	}
	attrs := append(k.attrs(), slog.Duration("duration", time.Since(start)))
	if answer != nil {
		attrs = append(attrs, slog.Int("status", answer.StatusCode))
		if id := (&Response{Header: answer.Header}).RequestID(); id != "" {
			attrs = append(attrs, slog.String("request_id", id))
		}
	}
	if err != nil {
		attrs = append(attrs, slog.Any("error", mask(c.redactor, err)))
	}
	c.log.LogAttrs(k.ctx, slog.LevelDebug, "http attempt", attrs...)
}

// warn writes the line of a retry or a throttle.
func (k *call) warn(message, why string, wait time.Duration) {
	attrs := append(k.attrs(), slog.String("reason", why), slog.Duration("wait", wait))
	if k.failure != nil {
		attrs = append(attrs, slog.Any("error", mask(k.client.redactor, k.failure)))
	} else {
		attrs = append(attrs, slog.Int("status", k.response.Status))
	}
	k.client.log.LogAttrs(k.ctx, slog.LevelWarn, message, attrs...) //nolint:sloglint // one of two constants of the callers
}

// attrs is what every line about this call says.
func (k *call) attrs() []slog.Attr {
	return []slog.Attr{
		slog.String("operation", k.request.Operation),
		slog.String("method", k.request.Method),
		slog.String("url", k.client.redactor.URL(k.url)),
		slog.Int("attempt", k.attempts),
	}
}
