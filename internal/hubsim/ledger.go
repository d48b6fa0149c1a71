package hubsim

import (
	"slices"
	"sort"
	"time"
)

// ledger keeps what a list endpoint shows, in the order it was added, and when
// each entry begins and ceases to be shown. Platforms that take seconds to show
// a change need both the truth and what is visible of it; a removed entry stays
// here until it is no longer shown.
type ledger[T any] struct {
	entries []*entry[T]
	lastSeq int
	gone    int // entries with an end
}

type entry[T any] struct {
	seq   int // position for cursors: stable when others are removed
	from  time.Time
	until time.Time // zero: not removed
	value T
}

func (e *entry[T]) visible(now time.Time) bool {
	return !now.Before(e.from) && (e.until.IsZero() || now.Before(e.until))
}

func (l *ledger[T]) add(value T, from time.Time) *entry[T] {
	l.lastSeq++
	e := &entry[T]{seq: l.lastSeq, from: from, value: value}
	l.entries = append(l.entries, e)
	return e
}

func (l *ledger[T]) remove(e *entry[T], until, now time.Time) {
	if e.until.IsZero() {
		l.gone++
	}
	e.until = until
	// Compacting only when half is gone keeps a removal cheap on average.
	if l.gone > 64 && l.gone > len(l.entries)/2 {
		l.entries = slices.DeleteFunc(l.entries, func(e *entry[T]) bool {
			return !e.until.IsZero() && !now.Before(e.until)
		})
		l.gone = 0
		for _, e := range l.entries {
			if !e.until.IsZero() {
				l.gone++
			}
		}
	}
}

// after returns up to limit entries that show and come after seq, in order, and
// whether another follows them.
func (l *ledger[T]) after(seq, limit int, show func(*entry[T]) bool) (page []*entry[T], more bool) {
	start := sort.Search(len(l.entries), func(i int) bool { return l.entries[i].seq > seq })
	for _, e := range l.entries[start:] {
		if !show(e) {
			continue
		}
		if len(page) == limit {
			return page, true
		}
		page = append(page, e)
	}
	return page, false
}

// before returns up to limit entries that show and come just before seq, in
// order, and whether another precedes them.
func (l *ledger[T]) before(seq, limit int, show func(*entry[T]) bool) (page []*entry[T], more bool) {
	end := sort.Search(len(l.entries), func(i int) bool { return l.entries[i].seq >= seq })
	for i := end - 1; i >= 0; i-- {
		if !show(l.entries[i]) {
			continue
		}
		if len(page) == limit {
			more = true
			break
		}
		page = append(page, l.entries[i])
	}
	slices.Reverse(page)
	return page, more
}

func (l *ledger[T]) count(show func(*entry[T]) bool) int {
	n := 0
	for _, e := range l.entries {
		if show(e) {
			n++
		}
	}
	return n
}
