package hubsim

import (
	"fmt"
	"slices"
	"time"
)

// keyring keeps the credentials of a platform where each is one token. Putting a
// name in again replaces what it stood for. The zero keyring is empty.
type keyring[C any] struct{ keys []key[C] }

type key[C any] struct {
	name, token string
	cred        *C
}

// put adds a credential, and returns the one it replaces, if any. A token stands
// for one name only.
func (k *keyring[C]) put(name, token string, cred *C) (replaced *C, err error) {
	if i := k.index(token); i >= 0 && k.keys[i].name != name {
		return nil, fmt.Errorf("the token is already that of %q", k.keys[i].name)
	}
	fresh := key[C]{name, token, cred}
	at := slices.IndexFunc(k.keys, func(other key[C]) bool { return other.name == name })
	if at < 0 {
		k.keys = append(k.keys, fresh)
		return nil, nil
	}
	replaced, k.keys[at] = k.keys[at].cred, fresh
	return replaced, nil
}

// find returns the credential of a token, nil when there is none.
func (k *keyring[C]) find(token string) *C {
	if i := k.index(token); i >= 0 {
		return k.keys[i].cred
	}
	return nil
}

func (k *keyring[C]) index(token string) int {
	return slices.IndexFunc(k.keys, func(other key[C]) bool { return other.token == token })
}

// all are the credentials as they were added.
func (k *keyring[C]) all() []*C {
	var all []*C
	for _, held := range k.keys {
		all = append(all, held.cred)
	}
	return all
}

func (k *keyring[C]) tokens() []string {
	var all []string
	for _, held := range k.keys {
		all = append(all, held.token)
	}
	return all
}

// ending is when something ends that begins now. A lifetime of 0 has no end,
// which is the zero time.
func ending(now time.Time, lifetime Duration) time.Time {
	if lifetime <= 0 {
		return time.Time{}
	}
	return now.Add(time.Duration(lifetime))
}

// ended says whether a time of ending has come.
func ended(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }
