package hubsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

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

// patchSettings applies a patch of JSON names to settings, a copy of those in
// force. The troubles among them are named because they are pointers: one that
// is set anew must neither write through to the old one nor mix with it.
func patchSettings(settings any, patch json.RawMessage, now time.Time, troubles map[string]**trouble) error {
	var named map[string]json.RawMessage
	if err := json.Unmarshal(patch, &named); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	for name, t := range troubles {
		if _, given := named[name]; given {
			*t = nil
		}
	}
	if err := decodeStrictly(patch, settings); err != nil {
		if errors.Is(err, errUnknownField) {
			known, _ := json.Marshal(settings)
			return fmt.Errorf("%w: %w; the settings are %s", ErrUnknownSetting, err, known)
		}
		return fmt.Errorf("settings: %w", err)
	}
	for name, t := range troubles {
		if _, given := named[name]; given && *t != nil {
			if (*t).Minutes < 0 || (*t).Calls < 0 {
				return fmt.Errorf("settings: %s: minutes and calls cannot be negative", name)
			}
			(*t).begin(now)
		}
	}
	return nil
}
