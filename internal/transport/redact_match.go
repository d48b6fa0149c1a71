package transport

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// forms is an immutable set of patterns, by the byte a match can begin with.
type forms struct {
	all   []pattern
	start [256][]int // indexes into all
}

// pattern is a secret, or an encoding of one, character by character.
type pattern struct {
	units []unit
	fold  bool // letters match in either case
}

// unit is one character; value is -1 for a byte that is not UTF-8.
type unit struct {
	raw   string
	value rune
}

// with returns f with the encodings of one more secret.
func (f *forms) with(secret string) *forms {
	texts := []string{secret}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		texts = append(texts, encoding.EncodeToString([]byte(secret)))
		for offset := range 3 {
			texts = append(texts, base64Core(encoding, secret, offset))
		}
	}
	hexed := hex.EncodeToString([]byte(secret))

	next := &forms{}
	if f != nil {
		next.all = slices.Clone(f.all)
	}
	slices.Sort(texts)
	for _, text := range slices.Compact(texts) {
		// A secret that is hex itself (a signature) means the same in capitals.
		next.all = append(next.all, newPattern(text, text == secret && isHex(text)))
	}
	next.all = append(next.all, newPattern(hexed, true))
	for i, p := range next.all {
		for first := range 256 {
			if p.beginsWith(byte(first)) {
				next.start[first] = append(next.start[first], i)
			}
		}
	}
	return next
}

// base64Core is the part of secret's base64 that does not depend on what stands
// around it, when offset bytes (modulo 3) stand before it.
func base64Core(encoding *base64.Encoding, secret string, offset int) string {
	text := encoding.EncodeToString([]byte(strings.Repeat("\x00", offset) + secret))
	first := (offset*8 + 5) / 6            // after the characters shared with what stands before
	last := (offset + len(secret)) * 8 / 6 // before the one shared with what follows
	return text[first:last]
}

func isHex(s string) bool {
	for i := range len(s) {
		if _, ok := unhex(s[i : i+1]); !ok {
			return false
		}
	}
	return true
}

func newPattern(text string, fold bool) pattern {
	p := pattern{fold: fold}
	for len(text) > 0 {
		value, size := utf8.DecodeRuneInString(text)
		if value == utf8.RuneError && size == 1 {
			value = -1
		}
		p.units = append(p.units, unit{raw: text[:size], value: value})
		text = text[size:]
	}
	return p
}

func (p pattern) beginsWith(b byte) bool {
	switch b {
	case '%', '\\', '&':
		return true // an escape of anything
	case '+':
		if p.units[0].value == ' ' {
			return true
		}
	}
	first := p.units[0].raw[0]
	return b == first || p.fold && lower(b) == lower(first)
}

// mask replaces every stretch of s that some pattern covers. Stretches that
// overlap become one: masking the first alone would leave the tail of the
// second.
func (f *forms) mask(s string) string {
	if f == nil {
		return s
	}
	var b strings.Builder
	copied, open, end := 0, 0, 0 // s[open:end] is the stretch not written yet
	for i := range len(s) {
		longest := 0
		for _, p := range f.start[s[i]] {
			longest = max(longest, f.all[p].match(s, i))
		}
		if longest == 0 {
			continue
		}
		if i >= end {
			if end > 0 {
				b.WriteString(s[copied:open] + maskText)
				copied = end
			}
			open = i
		}
		end = max(end, longest)
	}
	if end == 0 {
		return s
	}
	b.WriteString(s[copied:open] + maskText + s[end:])
	return b.String()
}

// match returns where the pattern ends if it stands at s[i:], the furthest end
// if there are several, or 0. The same text can be read in several ways (a
// secret may contain a percent sign), so it follows all of them.
func (p pattern) match(s string, i int) int {
	var buffers [2][8]int
	ends := append(buffers[0][:0], i)
	for n, u := range p.units {
		next := buffers[(n+1)%2][:0]
		for _, at := range ends {
			next = u.match(next, s, at, p.fold)
		}
		if len(next) == 0 {
			return 0
		}
		ends = next
	}
	return slices.Max(ends)
}

// match adds to ends where the character can end if it stands at s[at:], in
// any writing.
func (u unit) match(ends []int, s string, at int, fold bool) []int {
	add := func(end int) {
		if end > 0 && !slices.Contains(ends, end) {
			ends = append(ends, end)
		}
	}
	rest := s[at:]
	if rest == "" {
		return ends
	}
	if strings.HasPrefix(rest, u.raw) || fold && lower(rest[0]) == lower(u.raw[0]) {
		add(at + len(u.raw))
	}
	switch rest[0] {
	case '+':
		if u.value == ' ' {
			add(at + 1)
		}
	case '%':
		for _, end := range percent(s, at, u.raw, fold) {
			add(end)
		}
	case '\\':
		run := at + 1
		for run < len(s) && s[run] == '\\' {
			run++
		}
		if u.value == '\\' {
			for end := at + 2; end <= min(run, at+8); end++ {
				add(end)
			}
		}
		add(backslash(s, run, u, fold))
	case '&':
		if semicolon := strings.IndexByte(rest, ';'); semicolon > 0 && semicolon < 12 {
			if plain := html.UnescapeString(rest[:semicolon+1]); plain == u.raw || fold && strings.EqualFold(plain, u.raw) {
				add(at + semicolon + 1)
			}
		}
	}
	return ends
}

// percent returns where raw can end in s[at:] written as %XX for each byte, the
// percent sign itself escaped any number of times (%2541).
func percent(s string, at int, raw string, fold bool) []int {
	ends := []int{at}
	for i := range len(raw) {
		var next []int
		for _, end := range ends {
			if end >= len(s) || s[end] != '%' {
				continue
			}
			for digits := end + 1; digits+2 <= len(s); digits += 2 {
				code, ok := unhex(s[digits : digits+2])
				if ok && (byte(code) == raw[i] || fold && lower(byte(code)) == lower(raw[i])) {
					next = append(next, digits+2)
				}
				if !ok || code != '%' {
					break
				}
			}
		}
		ends = next
	}
	return ends
}

// backslash returns where u ends if s[at:], after a run of backslashes, writes
// it as JSON, Go and the shells do; 0 if it does not.
func backslash(s string, at int, u unit, fold bool) int {
	if at >= len(s) {
		return 0
	}
	same := func(code int) bool {
		return rune(code) == u.value || fold && code < utf8.RuneSelf && u.value >= 0 && lower(byte(code)) == lower(byte(u.value))
	}
	switch digits := map[byte]int{'u': 4, 'U': 8}[s[at]]; {
	case digits > 0 && at+1+digits <= len(s):
		code, ok := unhex(s[at+1 : at+1+digits])
		if ok && same(code) {
			return at + 1 + digits
		}
		// Beyond 16 bits JSON needs two escapes.
		if high, low, isPair := surrogates(u.value); ok && isPair && rune(code) == high {
			second := at + 1 + digits
			run := second
			for run < len(s) && s[run] == '\\' {
				run++
			}
			if run > second && run+5 <= len(s) && s[run] == 'u' {
				if code, ok := unhex(s[run+1 : run+5]); ok && rune(code) == low {
					return run + 5
				}
			}
		}
		return 0
	case s[at] == 'x':
		return hexBytes(s, at, u.raw)
	}
	if plain, ok := letters[s[at]]; ok && rune(plain) == u.value {
		return at + 1
	}
	if rune(s[at]) == u.value && u.value < utf8.RuneSelf && !isWord(s[at]) {
		return at + 1
	}
	return 0
}

// hexBytes returns where raw ends in s[at:] written xNN for each byte, with
// backslashes between; 0 if it is not there.
func hexBytes(s string, at int, raw string) int {
	for i := range len(raw) {
		before := at
		for i > 0 && at < len(s) && s[at] == '\\' {
			at++
		}
		if i > 0 && at == before || at+3 > len(s) || s[at] != 'x' {
			return 0
		}
		if code, ok := unhex(s[at+1 : at+3]); !ok || byte(code) != raw[i] {
			return 0
		}
		at += 3
	}
	return at
}

// letters are the one-letter escapes.
var letters = map[byte]byte{'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', '0': 0}

func surrogates(r rune) (high, low rune, ok bool) {
	if r < 0x10000 {
		return 0, 0, false
	}
	r -= 0x10000
	return 0xd800 + r>>10, 0xdc00 + r&0x3ff, true
}

func unhex(s string) (int, bool) {
	for i := range len(s) {
		if c := lower(s[i]); (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return 0, false
		}
	}
	code, err := strconv.ParseUint(s, 16, 32)
	return int(code), err == nil
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		b += 'a' - 'A'
	}
	return b
}

func isWord(b byte) bool {
	b = lower(b)
	return 'a' <= b && b <= 'z' || '0' <= b && b <= '9'
}
