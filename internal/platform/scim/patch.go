package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
)

// write is one change of one user: how to see that it is done, and how to say it
// in each form.
type write struct {
	task      hub.TaskKind
	what      string // for messages
	attribute string // the one it changes
	forms     []form
	done      func(*user) (bool, error)
	// operations are nil where a form cannot say it.
	operations func(form, *user) ([]operation, error)
	// put changes the whole resource as read.
	put func(object, *user) error
	// hides says that the user may not be shown any more once it is done.
	hides bool
	// ignored is what to say of an app that says yes and does nothing.
	ignored string
}

// writeUser makes a change in the first form that the app understands, and
// remembers it. HTTP 200 is no success: a read has to show the change.
func (c *Connector) writeUser(ctx context.Context, m hub.Member, w write) error {
	h, err := c.hints(ctx)
	if err != nil {
		return err
	}
	u, err := c.api.user(ctx, m.ID)
	if err != nil {
		return c.gone(ctx, m, err)
	}
	var refused error
	accepted, noPatch := 0, !h.patch
	for _, f := range c.inOrder("user "+w.attribute, w.forms) {
		if done, err := w.done(&u); done || err != nil {
			return err
		}
		if noPatch && f != formPut {
			continue
		}
		sent, err := c.send(ctx, w, f, &u)
		if !sent && err == nil {
			continue
		}
		var e *refusal
		switch {
		case errors.As(err, &e) && e.nextForm():
			noPatch = noPatch || f != formPut && e.noPatch()
			if refused == nil || e.is(kindInvalidValue) {
				refused = err
			}
			continue
		case errors.As(err, &e) && e.status == http.StatusNotFound:
			return c.gone(ctx, m, err)
		case errors.As(err, &e) && e.status == http.StatusPreconditionFailed && accepted > 0:
			// The user is not what reads still show: the form before this one did
			// it. Whether it did what was asked the engine's own look tells.
			return nil
		case err != nil:
			return err
		}
		accepted++
		now, done, err := c.see(ctx, m, w)
		if err == nil && !done && accepted == 1 {
			done, err = c.later(ctx, func() (bool, error) {
				now, done, err = c.see(ctx, m, w)
				return done, err
			})
		}
		if err != nil {
			return err
		}
		if done {
			c.remember("user "+w.attribute, f)
			return nil
		}
		u = now
	}
	switch {
	case accepted > 0:
		return ignored(w.ignored, accepted)
	case refused != nil:
		return refused
	default:
		return answer.Refuse(hub.ReasonUnsupported, "The app says that it cannot change people (no PATCH), and takes no PUT either.")
	}
}

// see reads whether an accepted change shows.
func (c *Connector) see(ctx context.Context, m hub.Member, w write) (user, bool, error) {
	now, err := c.api.user(ctx, m.ID)
	if err != nil {
		var e *refusal
		if err := c.gone(ctx, m, err); errors.As(err, new(*goneError)) && errors.As(err, &e) {
			if w.hides {
				return now, true, nil
			}
			return now, false, err
		}
		return now, false, &unreadError{cause: err}
	}
	done, err := w.done(&now)
	return now, done, err
}

// send writes one form. When somebody changed the user since they were read, and
// not in what is to be written, it goes out once more over the new version.
func (c *Connector) send(ctx context.Context, w write, f form, u *user) (sent bool, err error) {
	for again := false; ; again = true {
		sent, err = c.sendOnce(ctx, w, f, u)
		var e *refusal
		if again || !errors.As(err, &e) || e.status != http.StatusPreconditionFailed {
			return sent, err
		}
		now, readErr := c.api.user(ctx, u.ID)
		if readErr != nil {
			return sent, err
		}
		if done, doneErr := w.done(&now); done && doneErr == nil {
			return sent, nil // a PUT sent again meets its own effect
		}
		if !bytes.Equal(u.raw.get(w.attribute), now.raw.get(w.attribute)) {
			return sent, err
		}
		*u = now
	}
}

func (c *Connector) sendOnce(ctx context.Context, w write, f form, u *user) (bool, error) {
	if f == formPut {
		body := maps.Clone(u.raw)
		for _, name := range []string{"meta", "groups", "password"} {
			delete(body, body.key(name))
		}
		for _, name := range []string{"emails", "roles", "entitlements"} {
			// What an app shows as one object it takes as the RFC has it: in a list.
			if raw := bytes.TrimSpace(body.get(name)); bytes.HasPrefix(raw, []byte("{")) {
				body[body.key(name)] = jsonOf([]json.RawMessage{raw})
			}
		}
		if absent(body.get("active")) {
			body[body.key("active")] = jsonOf(true) // left out, some take it for false
		}
		if err := w.put(body, u); err != nil {
			return false, err
		}
		return true, c.api.putUser(ctx, w.task, w.what, u.ID, u.version(), body)
	}
	ops, err := w.operations(f, u)
	if len(ops) == 0 || err != nil {
		return false, err
	}
	return true, c.api.patchUser(ctx, w.task, w.what, u.ID, u.version(), ops)
}

// switchOn is the change of active to on.
func (c *Connector) switchOn(task hub.TaskKind, m hub.Member, on bool) write {
	want, verb := hub.StatusActive, "switch on "
	ignored := "The app answers that the account is active, and it is not. It may not take this through SCIM."
	if !on {
		want, verb = hub.StatusSuspended, "deactivate "
		ignored = "The app answers that the account is deactivated, and it is not. It may protect this person, as apps do with owners, or not take this through SCIM; then set remove_mode to delete where that is right."
	}
	return write{
		task: task, what: verb + m.Label(), attribute: "active", forms: c.profile.forms, hides: !on, ignored: ignored,
		done: func(u *user) (bool, error) { return u.status() == want, nil },
		operations: func(f form, _ *user) ([]operation, error) {
			switch f {
			case formReplace:
				return []operation{{Op: "replace", Path: "active", Value: on}}, nil
			case formPathless:
				return []operation{{Op: "replace", Value: map[string]any{"active": on}}}, nil
			case formCapitalised:
				return []operation{{Op: "Replace", Path: "active", Value: on}}, nil
			default:
				return nil, nil
			}
		},
		put: func(body object, _ *user) error {
			body[body.key("active")] = jsonOf(on)
			return nil
		},
	}
}

// setRoles is a change of the roles or entitlements.
func (c *Connector) setRoles(m hub.Member, change hub.RoleChange) write {
	attribute := string(c.roles.source)
	w := write{
		task: hub.TaskChangeRole, what: "change the role of " + m.Label(), attribute: attribute, forms: c.profile.forms,
		ignored: fmt.Sprintf("The app answers yes and leaves the %s of %s as they are. It may protect this person, as apps do with owners, or not take roles through SCIM (see role_source). "+
			"Where somebody holds several and the app marks none as primary, list the primary roles in roles.", attribute, m.Label()),
	}
	if change.Role == "" {
		// One value more or less: the whole list need not go over the wire.
		w.forms = slices.Concat([]form{formEdit}, slices.DeleteFunc(slices.Clone(w.forms), func(f form) bool { return f == formEdit }))
	}
	plan := func(u *user) (edit, entries, error) {
		held, err := u.values(attribute)
		return c.roles.change(held.list, change), held, err
	}
	w.done = func(u *user) (bool, error) {
		p, _, err := plan(u)
		return p.empty(), err
	}
	w.operations = func(f form, u *user) ([]operation, error) {
		p, held, err := plan(u)
		return p.operations(f, attribute, held), err
	}
	w.put = func(body object, u *user) error {
		p, held, err := plan(u)
		if p.whole == nil {
			p.whole = []entry{}
		}
		body[body.key(attribute)] = jsonOf(held.encode(p.whole))
		return err
	}
	return w
}

// inOrder is forms with the one that worked before at the front.
func (c *Connector) inOrder(what string, forms []form) []form {
	c.mu.Lock()
	worked, ok := c.worked[what]
	c.mu.Unlock()
	if !ok || !slices.Contains(forms, worked) {
		return forms
	}
	return slices.Concat([]form{worked}, slices.DeleteFunc(slices.Clone(forms), func(f form) bool { return f == worked }))
}

func (c *Connector) remember(what string, f form) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.worked == nil {
		c.worked = map[string]form{}
	}
	c.worked[what] = f
}

// looks are the pauses, in units of the connector's lag, before each of three
// more looks at a change that the app accepted and does not show yet. Trying
// another form instead would write over what is only slow to show.
//
// API: contract scim.md, section 13, "General"
var looks = []int{1, 1, 3}

// later looks at an accepted change until it shows, for as long as the contract
// gives an app to show it. The error of a wait that was cut short says that the
// change was accepted.
func (c *Connector) later(ctx context.Context, look func() (done bool, err error)) (bool, error) {
	for _, n := range looks {
		timer := time.NewTimer(time.Duration(n) * c.lag)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false, &unreadError{cause: ctx.Err()}
		}
		if done, err := look(); done || err != nil {
			return done, err
		}
	}
	return false, nil
}

// ignored is the error of a change that was accepted, as often as it was sent,
// and that never shows.
func ignored(detail string, sent int) error {
	return &answer.Own{Fault: hub.Fault{Reason: hub.ReasonUnsupported, Detail: detail, Attempts: sent}}
}

// explainRole puts the roles that are known to words, beside a role that is not.
func (c *Connector) explainRole(role string, err error) error {
	var e *refusal
	if !errors.As(err, &e) {
		return err
	}
	if reason, _ := e.reason(); reason != hub.ReasonInvalidRole {
		return err
	}
	detail := fmt.Sprintf("The app does not accept the role %q.", role)
	if seen := c.sawRoles(); len(seen) > 0 {
		detail += " Others hold " + strings.Join(seen, ", ") + "."
	}
	return &foundError{reason: hub.ReasonInvalidRole, detail: detail, cause: err}
}
