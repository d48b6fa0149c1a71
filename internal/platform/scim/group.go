package scim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
)

// namedGroup is a group with the name that roster knows it by: as the settings spell
// it, else its display name, else, when several have that one, its id.
type namedGroup struct {
	group
	name string
}

// roll is all groups with their members.
type roll []namedGroup

// held is what a user holds, by the groups they are in.
func (r roll) held(userID string) []entry {
	var held []entry
	for _, g := range r {
		if g.holds(userID) {
			held = append(held, entry{value: g.name})
		}
	}
	return held
}

func (r roll) find(name string) (namedGroup, bool) {
	for _, g := range r {
		if g.name == name {
			return g, true
		}
	}
	return namedGroup{}, false
}

// readGroups reads all groups with their members: the pages of the list, and,
// where the list shows no members at all, one read more for each group. In a list
// that shows some, a group without any is empty (RFC 7643, section 2.5). A list
// that cannot be read is an error: nobody's role is guessed.
func (c *Connector) readGroups(ctx context.Context) (roll, error) {
	count, err := c.count(ctx)
	if err != nil {
		return nil, err
	}
	groups, err := c.api.groups(ctx, "list the groups", "", count)
	if err != nil {
		return nil, err
	}
	var all roll
	shown := slices.ContainsFunc(groups, func(g group) bool { return g.told })
	for _, g := range groups {
		if !shown {
			full, err := c.api.group(ctx, g.ID)
			if e := (*refusal)(nil); errors.As(err, &e) && e.status == http.StatusNotFound {
				continue // deleted since
			}
			if err != nil {
				return nil, fmt.Errorf("read the members of group %s: %w", g.displayName, err)
			}
			g = full
		}
		all = append(all, namedGroup{group: g})
	}
	if err := c.nameGroups(all); err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, g := range all {
		ids[g.name] = g.ID
	}
	c.mu.Lock()
	c.groupIDs = ids
	c.mu.Unlock()
	return all, nil
}

func (c *Connector) nameGroups(all roll) error {
	times := map[string]int{}
	for _, g := range all {
		times[strings.ToLower(g.displayName)]++
	}
	for i := range all {
		g := &all[i]
		switch {
		case slices.Contains(c.roles.primary, g.ID):
			g.name = g.ID
		case times[strings.ToLower(g.displayName)] > 1 && c.roles.isPrimary(g.displayName):
			return answer.Refuse(hub.ReasonInvalidRole, "The app has several groups named %q, so nobody can tell which one is the role. Rename all but one, or list the group's id in roles instead.", g.displayName)
		case g.displayName == "" || times[strings.ToLower(g.displayName)] > 1:
			g.name = g.ID
		default:
			g.name = c.roles.named(g.displayName)
		}
	}
	return nil
}

// groupID is the id of the group that is a role. It was learned with the last
// list as a rule.
func (c *Connector) groupID(ctx context.Context, role string) (string, error) {
	c.mu.Lock()
	id := c.groupIDs[role]
	c.mu.Unlock()
	if id != "" {
		return id, nil
	}
	all, err := c.readGroups(ctx)
	if err != nil {
		return "", err
	}
	g, ok := all.find(role)
	if !ok {
		return "", noGroup(role, all)
	}
	return g.ID, nil
}

func noGroup(role string, all roll) error {
	var names []string
	for _, g := range all {
		names = append(names, g.name)
	}
	slices.Sort(names)
	if len(names) == 0 {
		return answer.Refuse(hub.ReasonInvalidRole, "The app has no group named %q, and shows no group at all. Create it in the app, or check the token's rights.", role)
	}
	const most = 20
	more := ""
	if len(names) > most {
		names, more = names[:most], fmt.Sprintf(" and %d more", len(names)-most)
	}
	return answer.Refuse(hub.ReasonInvalidRole, "The app has no group named %q. It has %s%s.", role, strings.Join(names, ", "), more)
}

// changeGroups moves somebody between groups: into the new one first, so that
// they never fall out of the app.
func (c *Connector) changeGroups(ctx context.Context, m hub.Member, change hub.RoleChange) error {
	if _, err := c.api.user(ctx, m.ID); err != nil {
		return c.gone(ctx, m, err)
	}
	all, err := c.readGroups(ctx)
	if err != nil {
		return err
	}
	plan := c.roles.change(all.held(m.ID), change)
	for _, in := range plan.add {
		g, ok := all.find(in.value)
		if !ok {
			return noGroup(in.value, all)
		}
		if err := c.writeGroup(ctx, m, g.ID, g.name, true); err != nil {
			return err
		}
	}
	for _, out := range plan.drop {
		if g, ok := all.find(out.value); ok {
			if err := c.writeGroup(ctx, m, g.ID, g.name, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// groupForms are the ways to change one membership. A `remove members` without a
// filter is not among them, deliberately: apps differ in whether it means the one
// person in its value or everybody. The last way replaces the whole list, and
// only over the version that was read.
var groupForms = []form{formReplace, formPathless, formCapitalised, formPut}

// writeGroup takes somebody into a group, or out of it.
func (c *Connector) writeGroup(ctx context.Context, m hub.Member, id, name string, join bool) error {
	memory, what := "leave group", fmt.Sprintf("take %s out of group %s", m.Label(), name)
	if join {
		memory, what = "join group", fmt.Sprintf("take %s into group %s", m.Label(), name)
	}
	var refused error
	accepted := 0
	for _, f := range c.inOrder(memory, groupForms) {
		op, version, err := c.groupOperation(ctx, f, id, m.ID, join)
		if err != nil {
			return c.groupGone(name, err)
		}
		if op.Op == "" {
			continue
		}
		err = c.api.patchGroup(ctx, what, id, version, op)
		var e *refusal
		if errors.As(err, &e) && e.nextForm() {
			if refused == nil {
				refused = err
			}
			continue
		}
		if join && e != nil && e.status == http.StatusConflict {
			err = nil // they are in it, says the app; the read believes it or not
		}
		if e != nil && e.status == http.StatusPreconditionFailed && accepted > 0 {
			// As with users, a form before this one did it and reads are late; but
			// nobody leaves the old group before the new one shows them.
			return &unreadError{cause: err}
		}
		if err != nil && !c.answered(err).Uncertain {
			return c.groupGone(name, err)
		}
		look := func() (bool, error) {
			g, err := c.api.group(ctx, id)
			if err != nil {
				return false, &unreadError{cause: err}
			}
			return g.holds(m.ID) == join, nil
		}
		done, readErr := look()
		if err == nil && readErr == nil && !done && accepted == 0 {
			done, readErr = c.later(ctx, look)
		}
		switch {
		case done:
			// Also after an answer that got lost: the other half of a move waits.
			c.remember(memory, f)
			return nil
		case err != nil:
			return err
		case readErr != nil:
			return readErr
		}
		accepted++
	}
	if accepted == 0 {
		return refused
	}
	return ignored(fmt.Sprintf("The app answers yes and leaves the members of group %q as they are. It may not take memberships through SCIM.", name), accepted)
}

// groupOperation writes a membership in one form; the zero operation where that
// form cannot.
func (c *Connector) groupOperation(ctx context.Context, f form, groupID, userID string, join bool) (op operation, version string, err error) {
	newcomer := []newValue{{Value: userID}}
	switch {
	case f == formPut:
		g, err := c.api.group(ctx, groupID)
		if err != nil {
			return op, "", err
		}
		if g.version() == "" || g.holds(userID) == join {
			return op, "", nil // somebody else's newcomer would be lost, or there is nothing to do
		}
		members := slices.DeleteFunc(slices.Clone(g.members.list), func(e entry) bool { return e.value == userID })
		if join {
			members = append(members, entry{value: userID, written: userID})
		}
		return operation{Op: "replace", Path: "members", Value: g.members.encode(members)}, g.version(), nil
	case join && f == formReplace:
		return operation{Op: "add", Path: "members", Value: newcomer}, "", nil
	case join && f == formPathless:
		return operation{Op: "add", Value: map[string]any{"members": newcomer}}, "", nil
	case join && f == formCapitalised:
		return operation{Op: "Add", Path: "members", Value: newcomer}, "", nil
	case !join && f == formReplace:
		return operation{Op: "remove", Path: "members[" + equals("value", userID) + "]"}, "", nil
	case !join && f == formCapitalised:
		return operation{Op: "Remove", Path: "members[" + equals("value", userID) + "]"}, "", nil
	}
	return op, "", nil
}

// groupGone says of a group that is not there any more what it is: no person is
// missing.
func (c *Connector) groupGone(name string, err error) error {
	var e *refusal
	if !errors.As(err, &e) || e.status != http.StatusNotFound {
		return err
	}
	c.mu.Lock()
	c.groupIDs = nil
	c.mu.Unlock()
	return &foundError{reason: hub.ReasonInvalidRole, detail: fmt.Sprintf("The group %q is not in the app any more, or does not know the person.", name), cause: err}
}
