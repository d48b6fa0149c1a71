package hubsim

import (
	"net/http"
	"strconv"
	"time"
)

// limit refuses the call while a limit is in force, or the app is in trouble.
func (sc *scimCall) limit() *scimError {
	h := sc.hub
	if h == nil {
		return nil
	}
	s := &h.settings
	if s.RateLimited || s.Throttle.strikes(sc.now, sc.write()) {
		until := sc.now.Add(time.Second)
		if t := s.Throttle; t != nil && t.until.After(until) {
			until = t.until
		}
		return sc.tooMany(until)
	}
	if until, over := h.overQuota(sc.now, sc.write()); over {
		return sc.tooMany(until)
	}
	if t := s.Transient; t.strikes(sc.now, sc.write()) {
		refused := scimErr(t.code(http.StatusServiceUnavailable), "", "The service is not available. Try again later.")
		if !t.AfterEffect || !sc.write() {
			return refused
		}
		sc.late = refused
	}
	if s.Unavailable {
		return scimErr(http.StatusServiceUnavailable, "", "The service is not available. Try again later.")
	}
	return nil
}

// overQuota counts a call. One that is refused does not count.
func (h *scimHub) overQuota(now time.Time, write bool) (until time.Time, over bool) {
	calls := h.calls[write]
	for len(calls) > 0 && !calls[0].After(now.Add(-time.Minute)) {
		calls = calls[1:]
	}
	quota := h.settings.ReadsMinute
	if write {
		quota = h.settings.WritesMinute
	}
	if quota > 0 && len(calls) >= quota {
		h.calls[write] = calls
		return calls[0].Add(time.Minute), true
	}
	h.calls[write] = append(calls, now)
	return until, false
}

// tooMany says when to come back: in seconds or as a date, both of which HTTP
// allows.
func (sc *scimCall) tooMany(until time.Time) *scimError {
	refused := scimErr(http.StatusTooManyRequests, "", "There were too many requests. Try again later.")
	switch sc.hub.settings.RetryAfter {
	case "seconds":
		seconds := int((until.Sub(sc.now) + time.Second - 1) / time.Second)
		refused.header["Retry-After"] = strconv.Itoa(max(1, seconds))
	case "date":
		// A date has whole seconds: round up, or it would come too early.
		refused.header["Retry-After"] = until.Add(time.Second - 1).UTC().Format(http.TimeFormat)
	}
	return refused
}
