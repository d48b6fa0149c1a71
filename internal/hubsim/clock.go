package hubsim

import (
	"sync"
	"time"
)

// Clock is the time of a simulation. It runs with real time, moved by an offset,
// so that a visibility lag passes on its own; frozen, it moves only by Advance.
// It never runs backwards: what has expired stays expired.
type Clock struct {
	mu     sync.Mutex
	offset time.Duration
	frozen bool
	at     time.Time // the time while frozen
}

// newClock starts at a time, or at the real time when that is zero.
func newClock(at time.Time, frozen bool) *Clock {
	now := time.Now().Round(0).UTC()
	if at.IsZero() {
		at = now
	}
	return &Clock{offset: at.Sub(now), frozen: frozen, at: at.UTC()}
}

// Now is the simulated time, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	if c.frozen {
		return c.at
	}
	// Round(0) drops the monotonic reading: with it, comparing two readings
	// would ignore the offset moved in between.
	return time.Now().Round(0).UTC().Add(c.offset)
}

// Advance moves the clock forward. A negative d is ignored.
func (c *Clock) Advance(d time.Duration) {
	if d <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
	c.at = c.at.Add(d)
}

// Freeze stops the clock where it is.
func (c *Clock) Freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.frozen = c.now(), true
}

// Unfreeze lets time pass again, from where the clock stands.
func (c *Clock) Unfreeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.frozen {
		return
	}
	c.offset = c.at.Sub(time.Now().Round(0))
	c.frozen = false
}

// Frozen says whether the clock is stopped.
func (c *Clock) Frozen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.frozen
}
