package hubsim

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// pinterestLimits is what a business's limits have counted. Pinterest counts per
// user and app; one business is near enough to that.
type pinterestLimits struct {
	lastWrite time.Time
	used      map[string][]time.Time // calls of the last minute, by category
}

// What the categories allow a minute when no cap is set; only headers say so.
// API: Pinterest, "Rate limits", https://developers.pinterest.com/docs/reference/rate-limits/
const (
	pinterestReadQuota  = 1000
	pinterestWriteQuota = 400 // not confirmed
)

// concerned are the businesses whose limits and troubles a call meets. One about
// no business meets those of every business its user belongs to.
func (s *pinterestSim) concerned(pc *pinterestCall) []*pinterestHub {
	if pc.hub != nil {
		return []*pinterestHub{pc.hub}
	}
	if pc.cred == nil || pc.named {
		return nil
	}
	return s.related(pc.cred)
}

// limit refuses the call while a limit is in force, or Pinterest is in trouble.
func (s *pinterestSim) limit(pc *pinterestCall) *pinterestError {
	for _, h := range s.concerned(pc) {
		for _, met := range []func(*pinterestHub, *pinterestCall) *pinterestError{
			(*pinterestHub).throttled, (*pinterestHub).overQuota, (*pinterestHub).troubled,
		} {
			if refused := met(h, pc); refused != nil {
				return refused
			}
		}
		h.limits.used[pc.route.category] = append(h.limits.used[pc.route.category], pc.now)
	}
	return nil
}

func pinterestTooMany(code int) *pinterestError {
	return pinterestErr(http.StatusTooManyRequests, code, "This request exceeded a rate limit. This can happen if the client exceeds one\n"+
		"of the published rate limits or if multiple write operations are applied to\nan object within a short time window.")
}

func (h *pinterestHub) throttled(pc *pinterestCall) *pinterestError {
	if t := h.settings.Throttle; t.strikes(pc.now, pc.write()) {
		return pc.refuse(t, pinterestTooMany(t.code(8)))
	}
	if h.settings.RateLimited {
		return pinterestTooMany(8)
	}
	return nil
}

// overQuota refuses what is beyond a cap. A refused call does not count.
func (h *pinterestHub) overQuota(pc *pinterestCall) *pinterestError {
	if h.quotaLeft(pc) == 0 {
		return pinterestTooMany(8)
	}
	if spacing := time.Duration(h.settings.WriteSpacing); pc.write() && spacing > 0 {
		if pc.now.Before(h.limits.lastWrite.Add(spacing)) {
			return pinterestTooMany(8)
		}
		h.limits.lastWrite = pc.now
	}
	return nil
}

// refuse holds a refusal back until the call took effect, where a trouble asks
// for that.
func (pc *pinterestCall) refuse(t *trouble, refused *pinterestError) *pinterestError {
	if t.AfterEffect && pc.write() {
		pc.late = refused
		return nil
	}
	return refused
}

// quotaLeft is how many calls of the category are left, -1 when there is no cap.
func (h *pinterestHub) quotaLeft(pc *pinterestCall) int {
	h.forgetCalls(pc)
	quota := h.settings.ReadsAMinute
	if pc.route.category == pinterestAdsWrite {
		quota = h.settings.WritesMinute
	}
	if quota == 0 {
		return -1
	}
	return max(0, quota-len(h.limits.used[pc.route.category]))
}

func (h *pinterestHub) forgetCalls(pc *pinterestCall) {
	if h.limits.used == nil {
		h.limits.used = map[string][]time.Time{}
	}
	used := h.limits.used[pc.route.category]
	for len(used) > 0 && !used[0].After(pc.now.Add(-time.Minute)) {
		used = used[1:]
	}
	h.limits.used[pc.route.category] = used
}

func (h *pinterestHub) troubled(pc *pinterestCall) *pinterestError {
	const sorry = "Something went wrong on our end. Sorry about that."
	if t := h.settings.Transient; t.strikes(pc.now, pc.write()) {
		status := t.code(http.StatusServiceUnavailable)
		return pc.refuse(t, pinterestErr(status, status, sorry))
	}
	if h.settings.Unavailable {
		return pinterestErr(http.StatusServiceUnavailable, http.StatusServiceUnavailable, sorry)
	}
	if pc.write() && h.settings.Conflicts > 0 {
		h.settings.Conflicts--
		return pinterestErr(http.StatusConflict, 409, "Could not get exclusive access to the business.")
	}
	return nil
}

// rateHeaders say what is left. None of them is in the OpenAPI document, and the
// limit is not a plain number: it can list the policies in force.
func (s *pinterestSim) rateHeaders(header http.Header, pc *pinterestCall, refused *pinterestError) {
	concerned := s.concerned(pc)
	if pc.cred == nil || len(concerned) == 0 {
		return
	}
	h := concerned[0]
	limit, remaining, reset := h.quota(pc)
	if refused != nil && refused.status == http.StatusTooManyRequests {
		remaining = 0
		if h.settings.RetryAfter {
			header.Set("Retry-After", strconv.Itoa(reset))
		}
	}
	switch h.settings.RateHeaders {
	case "none":
		return
	case "broken":
		header.Set("X-Ratelimit-Limit", "unlimited")
		header.Set("X-Ratelimit-Remaining", "")
		header.Set("X-Ratelimit-Reset", "soon")
		return
	case "plain":
		header.Set("X-Ratelimit-Limit", strconv.Itoa(limit))
	case "policies":
		header.Set("X-Ratelimit-Limit", fmt.Sprintf("%d, 100;w=1, %d;w=60", limit, limit))
	}
	header.Set("X-Ratelimit-Remaining", strconv.Itoa(remaining))
	header.Set("X-Ratelimit-Reset", strconv.Itoa(reset))
}

// quota is what the headers say; reset in seconds, at least one.
func (h *pinterestHub) quota(pc *pinterestCall) (limit, remaining, reset int) {
	limit, capped := pinterestReadQuota, h.settings.ReadsAMinute
	if pc.route.category == pinterestAdsWrite {
		limit, capped = pinterestWriteQuota, h.settings.WritesMinute
	}
	if capped > 0 {
		limit = capped
	}
	h.forgetCalls(pc)
	used := h.limits.used[pc.route.category]
	until := pc.now
	if len(used) > 0 {
		until = used[0].Add(time.Minute)
	}
	if spaced := h.limits.lastWrite.Add(time.Duration(h.settings.WriteSpacing)); pc.write() && len(used) < limit && spaced.After(pc.now) {
		until = spaced
	}
	if t := h.settings.Throttle; t != nil && t.until.After(pc.now) {
		until = t.until
	}
	seconds := int((until.Sub(pc.now) + time.Second - 1) / time.Second)
	return limit, max(0, limit-len(used)), max(1, seconds)
}
