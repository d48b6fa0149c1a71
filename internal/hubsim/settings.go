package hubsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
)

// hubSettings are the settings of one platform's hubs: a struct of JSON names.
type hubSettings[S any] interface {
	// patched returns the settings with a patch applied, or why it cannot be.
	patched(patch json.RawMessage, now time.Time) (S, error)
}

// patchSettings returns settings with a patch applied and checked.
func patchSettings[S interface{ check() error }](inForce S, patch json.RawMessage, now time.Time) (S, error) {
	next := inForce
	if err := applyPatch(&next, patch, now); err != nil {
		return inForce, err
	}
	return next, next.check()
}

// applyPatch applies a patch of JSON names strictly to settings, a pointer to a
// copy of those in force. A list, a map or an object that is named is replaced:
// decoding into the one that is there would write through to the settings in
// force, and mix the old trouble with the new. The troubles named begin.
func applyPatch(settings any, patch json.RawMessage, now time.Time) error {
	var named map[string]json.RawMessage
	if err := json.Unmarshal(patch, &named); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	given := settingsNamed(settings, named)
	for _, field := range given {
		if slices.Contains([]reflect.Kind{reflect.Map, reflect.Pointer, reflect.Slice}, field.Kind()) {
			field.SetZero()
		}
	}
	if err := decodeStrictly(patch, settings); err != nil {
		if errors.Is(err, errUnknownField) {
			known, _ := json.Marshal(settings)
			return fmt.Errorf("%w: %w; the settings are %s", ErrUnknownSetting, err, known)
		}
		return fmt.Errorf("settings: %w", err)
	}
	for name, field := range given {
		t, _ := field.Interface().(*trouble)
		if t == nil {
			continue
		}
		if t.Minutes < 0 || t.Calls < 0 {
			return fmt.Errorf("settings: %s: minutes and calls cannot be negative", name)
		}
		t.begin(now)
	}
	return nil
}

// settingsNamed are the fields of settings that a patch names, by their JSON
// names. Case does not count, as it does not for the decoder.
func settingsNamed(settings any, patch map[string]json.RawMessage) map[string]reflect.Value {
	given := map[string]reflect.Value{}
	value := reflect.ValueOf(settings).Elem()
	for _, field := range reflect.VisibleFields(value.Type()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		for key := range patch {
			if name != "" && strings.EqualFold(key, name) {
				given[name] = value.FieldByIndex(field.Index)
			}
		}
	}
	return given
}

// choice is a setting that has one of a few values.
type choice[T string | int] struct {
	name  string
	value T
	legal []T
}

// checkChoices refuses the first setting with another value than its legal ones.
func checkChoices[T string | int](choices []choice[T]) error {
	for _, c := range choices {
		if slices.Contains(c.legal, c.value) {
			continue
		}
		if text, ok := any(c.value).(string); ok {
			return fmt.Errorf("settings: %s %q is not one of %q", c.name, text, any(c.legal))
		}
		return fmt.Errorf("settings: %s %v is not one of %v", c.name, c.value, c.legal)
	}
	return nil
}

// checkStatusTroubles checks the troubles of a platform that tells them by the
// HTTP status: a throttled call is a 429, a transient failure one of the 5xx that
// a client may try again.
func checkStatusTroubles(throttle, transient *trouble) error {
	if throttle != nil && throttle.code(http.StatusTooManyRequests) != http.StatusTooManyRequests {
		return fmt.Errorf("settings: throttle code %d is not 429", throttle.Code)
	}
	if throttle != nil && throttle.AfterEffect {
		return errors.New("settings: a throttled call has no effect")
	}
	legal := []int{http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
	if transient != nil && !slices.Contains(legal, transient.code(http.StatusServiceUnavailable)) {
		return fmt.Errorf("settings: transient code %d is not one of %d", transient.Code, legal)
	}
	return nil
}
