package runbook

import (
	"strings"
	"unicode/utf8"
)

// wrapAt is the widest line of text. A diagnostic stands two columns in from
// the terminal's edge, so a terminal of 100 columns shows it unbroken.
const wrapAt = 96

// block is lines of text, wrapped, each behind its indentation.
type block struct {
	lines []string
}

// add prints a step behind prefix, its links below it and unwrapped: half a
// link cannot be clicked.
func (b *block) add(prefix string, s Step) {
	b.line(prefix, s.Text)
	for _, link := range s.Links {
		b.lines = append(b.lines, hang(prefix)+link)
	}
}

// line wraps text between spaces, further lines hanging below the first word.
func (b *block) line(prefix, text string) {
	line := prefix
	empty := true
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' }) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > wrapAt {
			b.lines = append(b.lines, line)
			line, empty = hang(prefix), true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	b.lines = append(b.lines, line)
}

// hang is blanks as wide as prefix.
func hang(prefix string) string { return strings.Repeat(" ", utf8.RuneCountInString(prefix)) }
