package transport

import (
	"encoding/base64"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	// maskText replaces a secret. It is shorter than every secret, so that no
	// mask can contain one, and needs no escaping in a URL.
	maskText = "***"

	// minSecret is the shortest secret masked, in bytes. Masking shorter ones
	// would tear words apart ("id", "no") and protect nothing.
	minSecret = 4
)

// Redactor masks secrets by value, wherever they appear and however they are
// written: plain, escaped for a query, a path, JSON, Go or HTML (also twice
// over, a URL in a URL), as hex in either case, in base64 of both alphabets,
// and inside longer base64 (the "id:secret" pair of Basic authentication).
// Masking by value is the only kind that also finds the token which a platform
// quotes in an error message.
//
// Secrets shorter than four bytes are ignored. A secret derived from another
// (a signature) is a secret of its own and has to be added. The zero Redactor
// and a nil one mask nothing. Safe for concurrent use.
type Redactor struct {
	mu    sync.Mutex // serialises Add
	known map[string]bool
	forms atomic.Pointer[forms]
}

// NewRedactor returns a Redactor of these secrets.
func NewRedactor(secrets ...string) *Redactor {
	r := &Redactor{}
	for _, secret := range secrets {
		r.Add(secret)
	}
	return r
}

// Add makes one more secret known. White space around it is not part of it.
// The secret stays known for the life of the Redactor: a token that was
// replaced may be valid for a while.
func (r *Redactor) Add(secret string) {
	secret = strings.TrimSpace(secret)
	if r == nil || len(secret) < minSecret {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known[secret] {
		return
	}
	if r.known == nil {
		r.known = map[string]bool{}
	}
	r.known[secret] = true
	r.forms.Store(r.forms.Load().with(secret))
}

// String returns s with every secret masked.
func (r *Redactor) String(s string) string {
	if r == nil {
		return s
	}
	return r.forms.Load().mask(s)
}

// Bytes returns b with every secret masked, b itself if there is none.
func (r *Redactor) Bytes(b []byte) []byte {
	s := string(b)
	if masked := r.String(s); masked != s {
		return []byte(masked)
	}
	return b
}

// URL writes u for logs and errors: every value of the query, the user info
// and the fragment masked, known or not, because a query holds e-mail
// addresses and, in a platform's paging links, tokens; secrets masked in the
// rest.
func (r *Redactor) URL(u *url.URL) string {
	plain := *u
	plain.User, plain.RawQuery, plain.ForceQuery, plain.Fragment, plain.RawFragment = nil, "", false, "", ""
	var b strings.Builder
	b.WriteString(plain.String())
	separator := "?"
	for parameter := range strings.SplitSeq(u.RawQuery, "&") {
		if parameter == "" {
			continue
		}
		b.WriteString(separator)
		if name, _, ok := strings.Cut(parameter, "="); ok {
			b.WriteString(name + "=")
		}
		b.WriteString(maskText)
		separator = "&"
	}
	if u.Fragment != "" {
		b.WriteString("#" + maskText)
	}
	return r.String(b.String())
}

// addAuthorization learns the credential of an Authorization header, so that a
// token refreshed in the middle of a run is masked without anybody's help.
func (r *Redactor) addAuthorization(value string) {
	scheme, credential, ok := strings.Cut(value, " ")
	if !ok {
		return
	}
	r.Add(credential)
	if strings.EqualFold(scheme, "Basic") {
		if pair, err := base64.StdEncoding.DecodeString(credential); err == nil {
			_, password, _ := strings.Cut(string(pair), ":")
			r.Add(password)
		}
	}
}
