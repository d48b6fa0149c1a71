package hub

import (
	"fmt"
	"log/slog"
)

// Secret is a credential that does not print itself, whatever the verb, the
// encoder or the logger. Reveal is the one way out.
type Secret string

const redacted = "(redacted)"

// Reveal is the secret itself, for the request that needs it.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string { return redacted }

// GoString keeps %#v quiet.
func (s Secret) GoString() string { return redacted }

// Format keeps every other verb quiet, %x and %q among them.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText keeps encoders quiet.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue keeps slog quiet.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
