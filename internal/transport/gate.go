package transport

import (
	"context"
	"sync"
	"time"
)

// gate holds all calls of a client while the platform wants none. One gate per
// credential, because that is what platforms count, and because calling during
// a throttle lengthens it (Meta). The zero gate is open.
//
// When it opens, all held calls go at once; Config.Limit spreads them.
type gate struct {
	mu      sync.Mutex
	until   time.Time
	changed chan struct{} // closed when until moves; nil while nobody waits
}

// pause closes the gate for at least d from now. It never shortens a pause.
func (g *gate) pause(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	until := time.Now().Add(d)
	if d <= 0 || !until.After(g.until) {
		return
	}
	g.until = until
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

// remaining is how long the gate stays closed, and a channel that says when
// that has changed.
func (g *gate) remaining() (time.Duration, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.changed == nil {
		g.changed = make(chan struct{})
	}
	return time.Until(g.until), g.changed
}

// wait returns when the gate is open. It returns at once, with how long the
// gate stays closed, when that is more than most or than ctx has left; a pause
// lengthened meanwhile counts. Its error is ctx's own.
func (g *gate) wait(ctx context.Context, most time.Duration) (held time.Duration, err error) {
	for {
		if ctx.Err() != nil {
			return 0, contextError(ctx)
		}
		left, changed := g.remaining()
		if left <= 0 {
			return 0, nil
		}
		if left > most || !timeFor(ctx, left) {
			return left, nil
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// timeFor says whether ctx outlasts a wait of d.
func timeFor(ctx context.Context, d time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > d
}
