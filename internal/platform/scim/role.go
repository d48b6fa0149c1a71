package scim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
)

// roles is what an entry says of its app's roles.
type roles struct {
	source  source
	primary []string // the least privileged first; empty: the app marks them
	admin   []string
}

// known are the roles as data.
func (r roles) known() []hub.Role {
	if r.source == fromNowhere {
		return []hub.Role{{ID: roleMember, Label: "Member", Kind: hub.Primary, Default: true}}
	}
	var list []hub.Role
	for i, name := range r.primary {
		list = append(list, hub.Role{ID: name, Label: name, Kind: hub.Primary, Default: i == 0, Admin: slices.Contains(r.admin, name)})
	}
	return list
}

// named is how the configuration spells a role of the app's: apps differ in
// case, and a difference of case is no drift.
func (r roles) named(value string) string {
	for _, name := range r.primary {
		if strings.EqualFold(name, value) {
			return name
		}
	}
	return value
}

// isPrimary says whether a role is one of those of which people hold one.
func (r roles) isPrimary(value string) bool { return slices.Contains(r.primary, r.named(value)) }

// split sorts what somebody holds. The primary role is, with a list, the one
// held of it (of several the marked one, else the most privileged); without, the
// marked one, else the only one, else the first by name.
func (r roles) split(held []entry) (role string, secondary []string) {
	var names, marked []string
	for _, e := range held {
		name := r.named(e.value)
		if len(r.primary) > 0 && !r.isPrimary(name) {
			secondary = append(secondary, name)
			continue
		}
		names = append(names, name)
		if e.primary {
			marked = append(marked, name)
		}
	}
	switch {
	case len(marked) == 1:
		role = marked[0]
	case len(names) > 0 && len(r.primary) == 0:
		role = slices.Min(names)
	default:
		for _, name := range r.primary {
			if slices.Contains(names, name) {
				role = name
			}
		}
	}
	for _, name := range names {
		if name != role {
			secondary = append(secondary, name)
		}
	}
	slices.Sort(secondary)
	return role, slices.Compact(secondary)
}

// edit is what a change does to what somebody holds.
type edit struct {
	whole []entry // everything they hold afterwards
	add   []entry
	drop  []entry
	mark  *entry // held already, and to be the primary one
}

// empty says that there is nothing left to do.
func (e edit) empty() bool { return len(e.add) == 0 && len(e.drop) == 0 && e.mark == nil }

// change plans a change. Setting a primary role takes the others of the list
// away; without a list it takes the one that was primary, and leaves the rest.
func (r roles) change(held []entry, change hub.RoleChange) edit {
	var plan edit
	role, _ := r.split(held)
	wanted, given := change.Role, change.Role
	if wanted == "" {
		wanted, given = role, change.Grant
	}
	found := false
	for _, e := range held {
		name := r.named(e.value)
		if name == given {
			found = true
		}
		switch {
		case change.Role != "" && name != change.Role && (r.isPrimary(name) || len(r.primary) == 0 && name == role),
			change.Revoke != "" && name == change.Revoke:
			plan.drop = append(plan.drop, e)
			continue
		}
		if change.Role != "" {
			if len(r.primary) == 0 && name == wanted && role != wanted {
				marked := e
				marked.primary = true
				plan.mark = &marked
			}
			e.primary = name == wanted
		}
		plan.whole = append(plan.whole, e)
	}
	if given != "" && !found {
		in := entry{value: given, written: given, primary: change.Role != ""}
		plan.add = append(plan.add, in)
		plan.whole = append(plan.whole, in)
	}
	return plan
}

// check refuses a change that the entry's settings rule out, before anything is
// sent.
func (r roles) check(change hub.RoleChange) error {
	if r.source == fromNowhere {
		if change.Role == roleMember && change.Grant == "" && change.Revoke == "" {
			return nil
		}
		return answer.Unsupported(fmt.Sprintf("The app's roles are not in SCIM (role_source is %q), so roster leaves them alone. They are changed in the app.", fromNowhere))
	}
	if len(r.primary) == 0 {
		return nil
	}
	if change.Role != "" && !slices.Contains(r.primary, change.Role) {
		return answer.Refuse(hub.ReasonInvalidRole, "%q is not among the primary roles that the provider's scim block lists: %s.", change.Role, strings.Join(r.primary, ", "))
	}
	for _, secondary := range []string{change.Grant, change.Revoke} {
		if secondary != "" && r.isPrimary(secondary) {
			return answer.Refuse(hub.ReasonInvalidRole, "%q is a primary role, and a member holds exactly one of those: set it as role instead.", secondary)
		}
	}
	return nil
}

// operations writes the plan as PATCH operations in one form, nil where that
// form cannot.
func (e edit) operations(f form, attribute string, held entries) []operation {
	switch f {
	case formReplace, formCapitalised:
		if len(e.whole) == 0 {
			return nil // some reject an empty list, some ignore it
		}
		op := operation{Op: "replace", Path: attribute, Value: held.encode(e.whole)}
		if f == formCapitalised {
			op.Op = "Replace"
		}
		return []operation{op}
	case formPathless:
		if len(e.whole) == 0 {
			return nil
		}
		return []operation{{Op: "replace", Value: map[string]any{attribute: held.encode(e.whole)}}}
	case formEdit:
		var ops []operation
		for _, gone := range e.drop {
			ops = append(ops, operation{Op: "remove", Path: attribute + "[" + equals("value", gone.written) + "]"})
		}
		if len(e.add) > 0 {
			ops = append(ops, operation{Op: "add", Path: attribute, Value: held.encode(e.add)})
		}
		if e.mark != nil {
			ops = append(ops, operation{Op: "replace", Path: attribute + "[" + equals("value", e.mark.written) + "].primary", Value: true})
		}
		return ops
	default:
		return nil
	}
}
