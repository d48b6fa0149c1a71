package hubsim

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// hubKeeper keeps a platform's hubs, and answers what the control API asks of
// every platform alike. A simulator embeds it; the mutex guards the whole of the
// simulator. How a platform behaves is deliberately nowhere in here.
type hubKeeper[H simulatedHub] struct {
	platform string // its name
	clock    *Clock
	acts     actTable[H]
	// catchUp, on platforms that have one, does what fell due since anybody
	// looked.
	catchUp func(now time.Time)

	mu      sync.Mutex
	hubByID map[string]H
	order   []H // as they were added
}

// simulatedHub is what a platform's own type for a hub does; hubBasics is most
// of it.
type simulatedHub interface {
	state(platform string) HubState
	// people is the ground truth.
	people(now time.Time) []Person
	settingsInForce() any
	// configure puts a patch of the settings in force, or none of it.
	configure(patch json.RawMessage, now time.Time) error
}

// actTable are the acts a platform has, each with what plays it.
type actTable[H any] map[string]func(h H, a Act, now time.Time) (Person, error)

func (k *hubKeeper[H]) name() string { return k.platform }

// forgetHubs is the keeper's part of reset. The caller holds the mutex.
func (k *hubKeeper[H]) forgetHubs() {
	k.hubByID = map[string]H{}
	k.order = nil
}

// hub finds a hub by its id. The caller holds the mutex, as of all that follow up
// to enlist.
func (k *hubKeeper[H]) hub(business string) (H, error) {
	h, found := k.hubByID[business]
	if !found {
		return h, fmt.Errorf("%w %s/%s", ErrUnknownHub, k.platform, business)
	}
	return h, nil
}

// knowsHubs refuses a list of ids that names a hub which is not there.
func (k *hubKeeper[H]) knowsHubs(businesses []string) error {
	for _, business := range businesses {
		if _, err := k.hub(business); err != nil {
			return err
		}
	}
	return nil
}

// hubsWhere are the hubs with a property, in their order.
func (k *hubKeeper[H]) hubsWhere(has func(H) bool) []H {
	var some []H
	for _, h := range k.order {
		if has(h) {
			some = append(some, h)
		}
	}
	return some
}

// found adds a new hub with the settings and people of its seed. Platforms that
// do more than that take the steps themselves: vacant, configure, seat, enlist.
func (k *hubKeeper[H]) found(h H, seed HubSeed, seat func(H, PersonSeed, time.Time) error) error {
	if err := k.vacant(seed.BusinessID); err != nil {
		return err
	}
	now := k.clock.Now()
	if err := seed.configure(h.configure, now); err != nil {
		return err
	}
	for _, p := range seed.People {
		if err := seat(h, p, now); err != nil {
			return fmt.Errorf("%s: %w", p.Email, err)
		}
	}
	k.enlist(seed.BusinessID, h)
	return nil
}

func (k *hubKeeper[H]) vacant(business string) error {
	if _, taken := k.hubByID[business]; taken {
		return errors.New("is there already")
	}
	return nil
}

func (k *hubKeeper[H]) enlist(business string, h H) {
	k.hubByID[business] = h
	k.order = append(k.order, h)
}

func (k *hubKeeper[H]) hubs() []HubState {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	var all []HubState
	for _, h := range k.order {
		state := h.state(k.platform)
		for _, p := range h.people(now) {
			state.Count[p.Status]++
		}
		all = append(all, state)
	}
	return all
}

func (k *hubKeeper[H]) people(business string) ([]Person, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	h, err := k.hub(business)
	if err != nil {
		return nil, err
	}
	return h.people(k.now()), nil
}

func (k *hubKeeper[H]) settings(business string) (any, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	h, err := k.hub(business)
	if err != nil {
		return nil, err
	}
	return h.settingsInForce(), nil
}

func (k *hubKeeper[H]) configure(business string, patch json.RawMessage) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	h, err := k.hub(business)
	if err != nil {
		return err
	}
	// What is past was under the old settings, so it is caught up with first.
	if err := h.configure(patch, k.now()); err != nil {
		return fmt.Errorf("%s/%s: %w", k.platform, business, err)
	}
	return nil
}

func (k *hubKeeper[H]) act(business string, a Act) (Person, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	h, err := k.hub(business)
	if err != nil {
		return Person{}, err
	}
	play := k.acts[a.Action]
	if play == nil {
		known := slices.Sorted(maps.Keys(k.acts))
		return Person{}, fmt.Errorf("action %q is not one of %s", a.Action, strings.Join(known, ", "))
	}
	return play(h, a, k.now())
}

// now is the time, with what fell due until then done.
func (k *hubKeeper[H]) now() time.Time {
	now := k.clock.Now()
	if k.catchUp != nil {
		k.catchUp(now)
	}
	return now
}

// hubBasics is what a hub has on every platform. A platform's type embeds it, and
// has a configure of its own where new settings change more than themselves.
type hubBasics[S hubSettings[S]] struct {
	id       string
	name     string
	settings S
}

// basics begins a hub of a seed, which may leave the name out.
func basics[S hubSettings[S]](seed HubSeed, usualName string, settings S) hubBasics[S] {
	return hubBasics[S]{id: seed.BusinessID, name: cmp.Or(seed.Name, usualName), settings: settings}
}

func (h *hubBasics[S]) state(platform string) HubState {
	return HubState{Platform: platform, BusinessID: h.id, Name: h.name, Count: map[string]int{}}
}

func (h *hubBasics[S]) settingsInForce() any { return h.settings }

func (h *hubBasics[S]) configure(patch json.RawMessage, now time.Time) error {
	next, err := h.settings.patched(patch, now)
	if err != nil {
		return err
	}
	h.settings = next
	return nil
}

// fixedUUID makes an id that reads as a random one and is the same in every run.
func fixedUUID(of string) string {
	sum := sha256.Sum256([]byte("hubsim " + of))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80 // UUID version 4
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
