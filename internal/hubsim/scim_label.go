package hubsim

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// label says what a call is for, in the words the request log has for all
// platforms. It looks at the body leniently: a call that is going to be refused
// has a label too.
func (sc *scimCall) label() string {
	switch {
	case sc.route.handle == nil:
		return OpUnknown
	case sc.kind == nil:
		return OpDiscover
	case sc.kind == scimGroups:
		return sc.labelGroup()
	}
	switch sc.request.Method {
	case http.MethodPost:
		return OpInvite
	case http.MethodDelete:
		return OpRemove
	case http.MethodPut:
		return sc.labelReplace()
	case http.MethodPatch:
		return sc.labelPatch()
	}
	switch count := sc.query.Get("count"); {
	case sc.id != "":
		return OpGetMember
	case sc.query.Get("filter") != "":
		return OpFindMember
	case count == "0" || count == "1":
		return OpVerifyBusiness
	default:
		return OpListMembers
	}
}

func (sc *scimCall) labelGroup() string {
	switch sc.request.Method {
	case http.MethodPost:
		return OpCreateGroup
	case http.MethodDelete:
		return OpDeleteGroup
	case http.MethodPatch:
		return sc.labelMembers()
	case http.MethodPut:
		return OpChangeRole
	}
	switch {
	case sc.id != "":
		return OpGetGroup
	case sc.query.Get("filter") != "":
		return OpFindGroup
	default:
		return OpListGroups
	}
}

// scimTouch is what one operation of a PATCH is about, as far as a glance tells.
type scimTouch struct {
	op, attr string // both folded
	value    any
}

// touches lists the attributes a PATCH names, by path or by member name.
func (sc *scimCall) touches() []scimTouch {
	var body scimObject
	if json.Unmarshal(sc.body, &body) != nil {
		return nil
	}
	operations, _ := scimMember(body, "Operations").([]any)
	var all []scimTouch
	for _, raw := range operations {
		operation, _ := raw.(scimObject)
		op, _ := scimMember(operation, "op").(string)
		op = strings.ToLower(op)
		value := scimMember(operation, "value")
		if path, ok := scimMember(operation, "path").(string); ok {
			all = append(all, scimTouch{op, scimFirstName(path), value})
			continue
		}
		if members, ok := value.(scimObject); ok {
			for name, v := range members {
				all = append(all, scimTouch{op, scimFirstName(name), v})
			}
		}
	}
	return all
}

// scimFirstName is the attribute a path begins with, folded.
func scimFirstName(path string) string {
	path, _, _ = strings.Cut(path, "[")
	if strings.HasPrefix(strings.ToLower(path), "urn:") {
		path = path[strings.LastIndex(path, ":")+1:]
	}
	path, _, _ = strings.Cut(path, ".")
	return strings.ToLower(path)
}

func (sc *scimCall) labelPatch() string {
	label := OpUpdateMember
	for _, t := range sc.touches() {
		switch t.attr {
		case "active":
			// Whatever else the request does, this is what it is for.
			if on, known := scimTruth(t.value); known && on {
				return OpReactivate
			}
			return OpRemove
		case "roles", "entitlements":
			label = OpChangeRole
		}
	}
	return label
}

// labelReplace compares what a PUT says with what is there.
func (sc *scimCall) labelReplace() string {
	var body scimObject
	if json.Unmarshal(sc.body, &body) != nil || sc.hub == nil || sc.hub.users.byID[sc.id] == nil {
		return OpUpdateMember
	}
	was := sc.hub.users.byID[sc.id].states.truth()
	on, known := scimTruth(scimMember(body, "active"))
	if !known {
		on = !sc.hub.settings.PutSuspends
	}
	switch {
	case was.active() && !on:
		return OpRemove
	case !was.active() && on:
		return OpReactivate
	}
	for _, name := range []string{"roles", "entitlements"} {
		if !reflect.DeepEqual(scimValues(scimMember(body, name)), scimValues(was.attrs[name])) {
			return OpChangeRole
		}
	}
	return OpUpdateMember
}

// labelMembers tells the three uses of a PATCH on a group's members apart: the
// first role of somebody is a grant, another one is a change of role.
func (sc *scimCall) labelMembers() string {
	label := OpUpdateGroup
	for _, t := range sc.touches() {
		if t.attr != "members" {
			continue
		}
		here := OpChangeRole
		switch {
		case t.op == "remove":
			here = OpRevokeRole
		case t.op == "add" && !sc.grouped(t.value):
			here = OpGrantRole
		}
		if label != OpUpdateGroup && label != here {
			return OpChangeRole
		}
		label = here
	}
	return label
}

// grouped says whether one of those a value names is in a group already.
func (sc *scimCall) grouped(value any) bool {
	if sc.hub == nil {
		return false
	}
	for _, id := range scimValues(value) {
		for _, g := range sc.hub.groups.list {
			if slices.Contains(g.states.truth().members, id) {
				return true
			}
		}
	}
	return false
}

// scimValues are the values of a multi-valued attribute, in whatever shape.
func scimValues(v any) []string {
	list, isList := v.([]any)
	if !isList && v != nil {
		list = []any{v}
	}
	var values []string
	for _, entry := range list {
		if object, ok := entry.(scimObject); ok {
			entry = scimMember(object, "value")
		}
		if text, ok := entry.(string); ok {
			values = append(values, text)
		}
	}
	return values
}

// scimTruth reads a boolean, or text that says one.
func scimTruth(v any) (on, known bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		return strings.EqualFold(v, "true"), strings.EqualFold(v, "true") || strings.EqualFold(v, "false")
	default:
		return false, false
	}
}
