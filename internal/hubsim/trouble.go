package hubsim

import "time"

// trouble is a spell of refusals, set on a hub. It ends when the minutes have
// passed or the calls were refused, whichever is given; with neither, when the
// setting is set to null.
type trouble struct {
	Code       int  `json:"code"` // in the platform's own numbers; 0 = its most usual
	Minutes    int  `json:"minutes"`
	Calls      int  `json:"calls"`
	WritesOnly bool `json:"writes_only"`
	// AfterEffect lets a write take effect before it is refused, so that its
	// outcome has to be read.
	AfterEffect bool `json:"after_effect"`

	// Where the spell stands. Not settings: encoding them leaves these out.
	until time.Time
	left  int
}

func (t *trouble) begin(now time.Time) {
	t.left = t.Calls
	if t.Minutes > 0 {
		t.until = now.Add(time.Duration(t.Minutes) * time.Minute)
	}
}

// strikes says whether a call meets the trouble, and counts it.
func (t *trouble) strikes(now time.Time, write bool) bool {
	switch {
	case t == nil, t.WritesOnly && !write:
		return false
	case t.Minutes > 0 && !now.Before(t.until):
		return false
	case t.Calls > 0 && t.left == 0:
		return false
	}
	t.left--
	return true
}

// code is the trouble's own, or the usual one.
func (t *trouble) code(usual int) int {
	if t.Code == 0 {
		return usual
	}
	return t.Code
}
