package transport

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Two things make the many forms of a secret. Encodings (hex, base64) give
// another text, and each becomes a pattern of its own. Escapes leave the text
// recognisable and can be partial, mixed and nested (JSON in a query, a URL in
// a URL), too many to list, so the search reads through them instead: at each
// position of a text it knows every character that may be meant there.

// forms is an immutable set of patterns, by the byte they begin with.
type forms struct {
	all   []pattern
	start [256][]int // indexes into all
}

// pattern is a secret or an encoding of one.
type pattern struct {
	text string
	fold bool // letters match in either case
}

// with returns f with the patterns of one more secret.
func (f *forms) with(secret string) *forms {
	next := &forms{}
	if f != nil {
		next.all = slices.Clone(f.all)
	}
	// A secret that is hex itself (a signature) means the same in capitals.
	next.add(pattern{text: secret, fold: isHex(secret)})
	next.add(pattern{text: hex.EncodeToString([]byte(secret)), fold: true})
	// OAuth escapes id and secret before it joins them for Basic
	// authentication (RFC 6749, 2.3.1).
	quoted, _ := json.Marshal(secret)
	for _, inner := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), string(quoted[1 : len(quoted)-1])} {
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			next.add(pattern{text: encoding.EncodeToString([]byte(inner))})
			for offset := range 3 {
				next.add(pattern{text: base64Core(encoding, inner, offset)})
			}
		}
	}
	for i, p := range next.all {
		first := p.text[0]
		next.start[first] = append(next.start[first], i)
		if p.fold && lower(first) != upper(first) {
			other := lower(first) ^ upper(first) ^ first
			next.start[other] = append(next.start[other], i)
		}
	}
	return next
}

func (f *forms) add(p pattern) {
	if !slices.Contains(f.all, p) {
		f.all = append(f.all, p)
	}
}

// base64Core is the part of a secret's base64 that does not depend on what
// stands around it, when offset bytes (modulo 3) stand before it.
func base64Core(encoding *base64.Encoding, secret string, offset int) string {
	text := encoding.EncodeToString([]byte(strings.Repeat("\x00", offset) + secret))
	first := (offset*8 + 5) / 6            // past what is shared with the bytes before
	last := (offset + len(secret)) * 8 / 6 // without what is shared with those after
	return text[first:last]
}

// mask replaces every stretch of s that some pattern covers. Stretches that
// overlap become one: masking the first alone would leave the tail of the
// second.
func (f *forms) mask(s string) string {
	if f == nil {
		return s
	}
	r := reading{text: s}
	var b strings.Builder
	copied, begin, end := 0, 0, 0 // s[begin:end] is the stretch not written yet
	for i := range len(s) {
		longest := f.longest(&r, i)
		if longest == 0 {
			continue
		}
		if i >= end {
			if end > 0 {
				b.WriteString(s[copied:begin] + maskText)
				copied = end
			}
			begin = i
		}
		end = max(end, longest)
	}
	if end == 0 {
		return s
	}
	b.WriteString(s[copied:begin] + maskText + s[end:])
	return b.String()
}

// longest is where the longest pattern that stands at i ends, 0 for none.
func (f *forms) longest(r *reading, i int) int {
	end := 0
	for _, p := range f.start[r.text[i]] {
		end = max(end, f.end(r, place{pattern: p, at: i}))
	}
	if isLead(r.text[i]) {
		for _, c := range r.at(i, depth) {
			for _, p := range f.start[c.text[0]] {
				end = max(end, f.end(r, place{pattern: p, at: i}))
			}
		}
	}
	return end
}

// place is a position in a text and, beside it, one in a pattern.
type place struct{ pattern, at, done int }

// end returns where the pattern ends if the rest of it stands at the place, 0
// if it does not. A secret may contain what escapes are made of, so there can
// be several ways to read on; the furthest end counts.
func (f *forms) end(r *reading, from place) int {
	p, to := f.all[from.pattern], from
	for to.done < len(p.text) && to.at < len(r.text) && !isLead(r.text[to.at]) {
		if !p.has(to.done, r.text[to.at:to.at+1]) {
			return 0
		}
		to.at, to.done = to.at+1, to.done+1
	}
	if to.done == len(p.text) {
		return to.at
	}
	if to.at == len(r.text) {
		return 0
	}
	// Without this memory a run of backslashes takes exponential time.
	if known, ok := r.ends[to]; ok {
		return known
	}
	end := 0
	for _, c := range r.at(to.at, depth) {
		if p.has(to.done, c.text) {
			end = max(end, f.end(r, place{to.pattern, c.end, to.done + len(c.text)}))
		}
	}
	if r.ends == nil {
		r.ends = map[place]int{}
	}
	r.ends[to] = end
	return end
}

// has says whether text stands in the pattern at i.
func (p pattern) has(i int, text string) bool {
	if i+len(text) > len(p.text) {
		return false
	}
	same := p.text[i : i+len(text)]
	return same == text || p.fold && strings.EqualFold(same, text)
}

// depth is how many escapes over one another are read: JSON in JSON in a query
// is three.
const depth = 3

// reading is a text with every way to read it.
type reading struct {
	text string
	memo [depth + 1]map[int][]char // of at
	ends map[place]int             // of forms.end
}

// char is what may be meant by the text up to end: one character, or some bytes
// of one.
type char struct {
	text string
	end  int
}

// isLead says whether an escape can begin with b.
func isLead(b byte) bool { return b == '%' || b == '\\' || b == '&' || b == '+' }

// at returns what may be meant at i, reading through up to level escapes. What
// an escape is made of may be escaped itself: in %5C%22 the backslash is %5C.
func (r *reading) at(i, level int) []char {
	if i >= len(r.text) {
		return nil
	}
	if level == 0 || !isLead(r.text[i]) {
		return []char{{r.text[i : i+1], i + 1}}
	}
	if known, ok := r.memo[level][i]; ok {
		return known
	}
	plain := r.at(i, level-1)
	chars := slices.Clone(plain)
	add := func(text string, end int) {
		if c := (char{text, end}); end > 0 && !slices.Contains(chars, c) {
			chars = append(chars, c)
		}
	}
	for _, lead := range plain {
		switch lead.text {
		case "+":
			add(" ", lead.end)
		case "%":
			for _, n := range r.hex(lead.end, 2, level-1) {
				add(string([]byte{byte(n.value)}), n.end)
			}
		case "&":
			add(r.entity(lead.end, level-1))
		case `\`:
			for _, c := range r.at(lead.end, level-1) {
				r.backslash(c, level-1, add)
			}
		}
	}
	if r.memo[level] == nil {
		r.memo[level] = map[int][]char{}
	}
	r.memo[level][i] = chars
	return chars
}

// backslash adds what a backslash and then c may mean in JSON, Go and shells.
func (r *reading) backslash(c char, level int, add func(string, int)) {
	letter := c.text[0]
	if digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[letter]; digits > 0 {
		for _, n := range r.hex(c.end, digits, level) {
			switch {
			case letter == 'x':
				add(string([]byte{byte(n.value)}), n.end)
			case utf16.IsSurrogate(rune(n.value)): // half of a character beyond 16 bits
				for _, low := range r.lowSurrogate(n.end, level) {
					add(string(utf16.DecodeRune(rune(n.value), rune(low.value))), low.end)
				}
			case utf8.ValidRune(rune(n.value)):
				add(string(rune(n.value)), n.end)
			}
		}
		return
	}
	if control, ok := controls[letter]; ok {
		add(control, c.end)
	} else if isPunctuation(letter) {
		add(c.text, c.end)
	}
}

// controls are the one-letter escapes.
var controls = map[byte]string{'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v", '0': "\x00"}

type number struct {
	value uint32
	end   int
}

// hex reads a number of so many hex digits.
func (r *reading) hex(i, digits, level int) []number {
	numbers := []number{{0, i}}
	for range digits {
		var next []number
		for _, n := range numbers {
			for _, c := range r.at(n.end, level) {
				if digit, err := strconv.ParseUint(c.text, 16, 4); err == nil {
					next = append(next, number{n.value<<4 | uint32(digit), c.end})
				}
			}
		}
		numbers = next
	}
	return numbers
}

// lowSurrogate reads the second escape of a pair.
func (r *reading) lowSurrogate(i, level int) []number {
	var numbers []number
	for _, lead := range r.at(i, level) {
		if lead.text != `\` {
			continue
		}
		for _, c := range r.at(lead.end, level) {
			if c.text == "u" {
				numbers = append(numbers, r.hex(c.end, 4, level)...)
			}
		}
	}
	return numbers
}

// entity reads the rest of an HTML entity, up to the semicolon.
func (r *reading) entity(i, level int) (string, int) {
	const longest = 8 // &#x10ffff;
	name := "&"
	for range longest + 1 {
		chars := r.at(i, level)
		if len(chars) == 0 {
			break
		}
		c := chars[len(chars)-1] // the most decoded; a name has no character that could be meant plain
		name, i = name+c.text, c.end
		if c.text == ";" {
			if text := html.UnescapeString(name); text != name {
				return text, i
			}
			break
		}
	}
	return "", 0
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := lower(s[i]); (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		b += 'a' - 'A'
	}
	return b
}

func upper(b byte) byte {
	if 'a' <= b && b <= 'z' {
		b -= 'a' - 'A'
	}
	return b
}

func isPunctuation(b byte) bool {
	c := lower(b)
	return ' ' < b && b < 0x7f && (c < 'a' || c > 'z') && (b < '0' || b > '9')
}
