package hubsim

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// scimTarget is what an operation of a PATCH is about.
// API: RFC 7644, section 3.5.2, figure 7.
type scimTarget struct {
	urn       string // of an extension, canonical; "" for the core schema
	attribute scimAttribute
	known     bool // in a schema
	whole     bool // the extension itself
	filter    *scimFilter
	sub       *scimAttribute
	text      string
}

// target reads a path.
func (k *scimKind) target(text string) (scimTarget, *scimError) {
	t := scimTarget{text: text}
	bad := func() (scimTarget, *scimError) { return t, scimBad(scimInvalidPath, "The path %q is not valid.", text) }
	head, rest, filtered := strings.Cut(text, "[")
	attributes := k.attributes
	if scimIsURN(head) {
		if strings.EqualFold(head, k.urn) {
			return bad() // the resource itself: that is what no path means
		}
		urn, name := head, ""
		if canonical, list := k.known(head); list != nil {
			t.urn, t.whole = canonical, true
			return t, nil
		}
		if at := strings.LastIndex(head, ":"); at > len("urn:") {
			urn, name = head[:at], head[at+1:]
		}
		if head = name; !strings.EqualFold(urn, k.urn) {
			t.urn, attributes = k.known(urn)
		}
	}
	name, sub, dotted := strings.Cut(head, ".")
	if name == "" || strings.ContainsAny(head, " \"()") || filtered && dotted {
		return bad()
	}
	t.attribute, t.known = scimNamed(attributes, name)
	if filtered {
		end := strings.LastIndex(rest, "]")
		if end < 0 || !t.known || !t.attribute.multi {
			return bad()
		}
		f, err := k.parseFilter(rest[:end], &t.attribute)
		if err != nil {
			return t, scimBad(scimInvalidFilter, "The filter of %q is not valid: %v.", text, err)
		}
		t.filter = f
		if rest = rest[end+1:]; rest != "" {
			if sub, dotted = strings.CutPrefix(rest, "."); !dotted {
				return bad()
			}
		}
	}
	if dotted {
		a, known := scimNamed(t.attribute.sub, sub)
		// A list without a filter does not say whose sub-attribute is meant.
		if !known && t.known || sub == "" || t.attribute.multi && t.filter == nil {
			return bad()
		}
		t.sub = &a
	}
	return t, nil
}

// scimPatch applies the operations of a PATCH to a copy, so that the first one
// that is refused leaves everything as it was.
type scimPatch struct {
	scimReader
	hub     *scimHub
	attrs   scimObject
	members []string // of a group
	changed int      // members added and removed
}

// run applies the body of a PATCH.
func (p *scimPatch) run(document scimObject) *scimError {
	if _, refused := scimSchemasOf(document, scimPatchURN); refused != nil {
		return refused
	}
	operations, isList := scimMember(document, "Operations").([]any)
	if !isList || len(operations) == 0 {
		return scimBad(scimInvalidSyntax, "Operations is required.")
	}
	for _, raw := range operations {
		operation, isObject := raw.(scimObject)
		if !isObject {
			return scimBad(scimInvalidSyntax, "An operation is not an object.")
		}
		if refused := p.operation(operation); refused != nil {
			return refused
		}
	}
	for _, a := range p.kind.attributes {
		if text, _ := p.attrs[a.name].(string); a.required && text == "" {
			return scimBad(scimMutability, "%s is required and cannot be removed.", a.name)
		}
	}
	return nil
}

func (p *scimPatch) operation(operation scimObject) *scimError {
	op, refused := p.verb(scimMember(operation, "op"))
	if refused != nil {
		return refused
	}
	value, given := scimGiven(operation, "value")
	path := scimMember(operation, "path")
	text, isText := path.(string)
	switch {
	case path != nil && (!isText || text == ""):
		return scimBad(scimInvalidPath, "A path is a string.")
	case path != nil && p.settings.PathlessOnly:
		return scimBad(scimInvalidPath, "Operations with a path are not supported.")
	case path == nil && op == "remove":
		return scimBad(scimNoTarget, "remove needs a path.")
	case op == "add" && value == nil, op == "replace" && !given:
		return scimBad(scimInvalidValue, "%s needs a value.", op)
	case path != nil:
		return p.apply(op, text, value)
	}
	members, isObject := value.(scimObject)
	if !isObject {
		return scimBad(scimInvalidValue, "Without a path the value is an object.")
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !scimIsURN(name) && strings.ContainsAny(name, ".[") {
			return scimBad(scimInvalidPath, "%q is a path, not the name of an attribute.", name)
		}
		if refused := p.apply(op, name, members[name]); refused != nil {
			return refused
		}
	}
	return nil
}

// verb reads op, which is one of three words in lower case unless the app is
// written against Entra ID.
func (p *scimPatch) verb(op any) (string, *scimError) {
	text, _ := op.(string)
	folded := strings.ToLower(text)
	if !slices.Contains([]string{"add", "remove", "replace"}, folded) {
		return "", scimBad(scimInvalidSyntax, "%v is not an operation.", op)
	}
	capitalised := text == strings.ToUpper(folded[:1])+folded[1:]
	switch s := p.settings; {
	case s.CapitalisedOnly && capitalised, !s.CapitalisedOnly && (s.AnyCaseOps || text == folded):
		return folded, nil
	default:
		return "", scimBad(scimInvalidSyntax, "%s is not an operation.", text)
	}
}

func (p *scimPatch) apply(op, path string, value any) *scimError {
	t, refused := p.kind.target(path)
	if refused != nil {
		return refused
	}
	t = p.foreign(t, op, value)
	unremovable := slices.ContainsFunc(p.settings.Unremovable, func(name string) bool { return strings.EqualFold(name, t.attribute.name) })
	switch {
	case t.attribute.readOnly:
		return scimBad(scimMutability, "%s is read-only.", t.attribute.name)
	case op == "remove" && (t.attribute.required || unremovable):
		return scimBad(scimMutability, "%s cannot be removed.", t.attribute.name)
	case p.kind == scimGroups && t.urn == "" && t.attribute.name == "members":
		return p.group(op, t, value)
	case t.whole:
		return p.extension(op, t, value)
	}
	holder := p.attrs
	if t.urn != "" {
		holder, _ = p.attrs[t.urn].(scimObject)
		if holder == nil {
			holder = scimObject{}
		}
	}
	if t.filter != nil {
		refused = p.selected(op, t, holder, value)
	} else {
		refused = p.attribute(op, t, holder, value)
	}
	if t.urn != "" && refused == nil {
		if p.attrs[t.urn] = holder; len(holder) == 0 {
			delete(p.attrs, t.urn)
		}
	}
	return refused
}

// foreign decides what a path into an extension that no schema describes means:
// its last part is an attribute, or the end of the URN of the whole extension.
func (p *scimPatch) foreign(t scimTarget, op string, value any) scimTarget {
	if _, described := p.kind.known(t.urn); t.urn == "" || described != nil || t.filter != nil || t.sub != nil {
		return t
	}
	_, object := value.(scimObject)
	if p.attrs[t.urn] == nil && (p.attrs[t.text] != nil || object && op != "remove") {
		return scimTarget{urn: t.text, whole: true, text: t.text}
	}
	return t
}

// extension applies an operation to all that an extension has.
func (p *scimPatch) extension(op string, t scimTarget, value any) *scimError {
	if op == "remove" {
		delete(p.attrs, t.urn)
		return nil
	}
	members, isObject := value.(scimObject)
	if !isObject {
		return scimBad(scimInvalidValue, "The extension %s is not an object.", t.urn)
	}
	if p.attrs[t.urn] == nil {
		p.attrs[t.urn] = scimObject{}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if refused := p.apply(op, t.urn+":"+name, members[name]); refused != nil {
			return refused
		}
	}
	if object, _ := p.attrs[t.urn].(scimObject); len(object) == 0 {
		delete(p.attrs, t.urn)
	}
	return nil
}

// attribute applies an operation to an attribute, or to a sub-attribute of one
// that has a single value.
func (p *scimPatch) attribute(op string, t scimTarget, holder scimObject, value any) *scimError {
	name := t.attribute.name
	if t.sub != nil {
		inner, _ := holder[name].(scimObject)
		if inner == nil {
			inner = scimObject{}
		}
		if refused := p.assign(op, *t.sub, t.known, inner, value); refused != nil {
			return refused
		}
		if holder[name] = inner; len(inner) == 0 {
			delete(holder, name)
		}
		return nil
	}
	if op == "remove" || op == "replace" && scimAssigned(value) == nil {
		if t.attribute.required {
			return scimBad(scimMutability, "%s is required and cannot be removed.", name)
		}
		delete(holder, name)
		return nil
	}
	if !t.attribute.multi {
		if inner, isObject := holder[name].(scimObject); isObject && t.attribute.kind == scimComplex {
			// Sub-attributes that are not given stay.
			read, refused := p.value(t.attribute, value)
			if refused != nil {
				return refused
			}
			given, _ := read.(scimObject)
			maps.Copy(inner, given)
			return nil
		}
		return p.assign(op, t.attribute, t.known, holder, value)
	}
	if _, isList := value.([]any); !isList {
		value = []any{value}
	}
	read, refused := p.value(t.attribute, value)
	if refused != nil {
		return refused
	}
	entries, _ := read.([]any)
	if op == "replace" {
		holder[name] = entries
		return nil
	}
	list, _ := holder[name].([]any)
	for _, entry := range entries {
		list = scimAdd(list, entry)
	}
	holder[name] = list
	return nil
}

// assign sets or removes one value by name.
func (p *scimPatch) assign(op string, a scimAttribute, known bool, holder scimObject, value any) *scimError {
	if value = scimAssigned(value); op == "remove" || value == nil {
		delete(holder, a.name)
		return nil
	}
	if known {
		var refused *scimError
		if value, refused = p.value(a, value); refused != nil {
			return refused
		}
	}
	holder[a.name] = value
	return nil
}

// scimAdd puts an entry into a list. One that is there already, by value and
// type, is changed rather than added again.
// API: RFC 7644, section 3.5.2.1.
func scimAdd(list []any, entry any) []any {
	object, isObject := entry.(scimObject)
	if !isObject {
		if slices.ContainsFunc(list, func(have any) bool { return reflect.DeepEqual(have, entry) }) {
			return list
		}
		return append(list, entry)
	}
	at := slices.IndexFunc(list, func(have any) bool {
		known, _ := have.(scimObject)
		if object["value"] == nil {
			return reflect.DeepEqual(known, object)
		}
		sameType := object["type"] == nil || known["type"] == nil || object["type"] == known["type"]
		return known["value"] == object["value"] && sameType
	})
	if at < 0 {
		list, at = append(list, object), len(list)
	} else {
		known, _ := list[at].(scimObject)
		maps.Copy(known, object)
	}
	if object["primary"] == true {
		scimOnePrimary(list, at)
	}
	return list
}

// scimOnePrimary takes primary away from all entries but one.
// API: RFC 7644, section 3.5.2.
func scimOnePrimary(list []any, at int) {
	for i, entry := range list {
		if object, isObject := entry.(scimObject); isObject && i != at && object["primary"] == true {
			object["primary"] = false
		}
	}
}

// selected applies an operation to the entries a value filter selects.
func (p *scimPatch) selected(op string, t scimTarget, holder scimObject, value any) *scimError {
	list, _ := holder[t.attribute.name].([]any)
	var left []any
	matched := 0
	for i, entry := range list {
		object, isObject := entry.(scimObject)
		if !isObject || !t.filter.matches(object) {
			left = append(left, entry)
			continue
		}
		matched++
		if op == "remove" && t.sub == nil {
			continue
		}
		left = append(left, entry)
		if t.sub != nil {
			if op == "remove" && t.sub.name == "value" {
				return scimBad(scimMutability, "An entry of %s needs its value.", t.attribute.name)
			}
			if text, isText := value.(string); t.attribute.name == "emails" && t.sub.name == "value" && isText && !validEmail(text) {
				return scimBad(scimInvalidValue, "%q is not an e-mail address.", text)
			}
			if refused := p.assign(op, *t.sub, true, object, value); refused != nil {
				return refused
			}
		} else {
			read, refused := p.entry(t.attribute, value)
			if refused != nil {
				return refused
			}
			given, _ := read.(scimObject)
			if op == "replace" {
				clear(object)
			}
			maps.Copy(object, given)
		}
		if object["primary"] == true {
			scimOnePrimary(list, i)
		}
	}
	if matched == 0 {
		return p.noTarget(t)
	}
	if holder[t.attribute.name] = left; len(left) == 0 {
		delete(holder, t.attribute.name)
	}
	return nil
}

// noTarget refuses a filter that matches nothing, where the app does.
func (p *scimPatch) noTarget(t scimTarget) *scimError {
	if p.settings.NoTarget == "ignore" {
		return nil
	}
	return scimBad(scimNoTarget, "Nothing matches the path %q.", t.text)
}

// group applies an operation to the members of a group.
func (p *scimPatch) group(op string, t scimTarget, value any) *scimError {
	switch {
	case t.filter != nil && p.settings.RejectMemberFilter:
		return scimBad(scimInvalidFilter, "Filters on members are not supported.")
	case t.sub != nil:
		return scimBad(scimMutability, "A member is added or removed, not changed.")
	case t.filter != nil:
		return p.removeMatching(op, t)
	}
	var given []string
	if value = scimAssigned(value); value != nil {
		if _, isList := value.([]any); !isList {
			value = []any{value}
		}
		read, refused := p.value(t.attribute, value)
		if refused != nil {
			return refused
		}
		given = scimValues(read)
	}
	switch op {
	case "remove":
		// The danger of SCIM: to a strict service provider the attribute is the
		// target, whatever the value says, and everybody leaves the group.
		if !p.settings.MembersValueRemoves || value == nil {
			p.changed += len(p.members)
			p.members = nil
			return nil
		}
		p.leave(given)
		return nil
	case "replace":
		if p.settings.NoMemberReplace {
			return scimBad(scimInvalidValue, "The members of a group cannot be replaced as a whole.")
		}
		if len(given) == 0 && p.settings.NoEmptyMembers {
			return scimBad(scimInvalidValue, "members is empty.")
		}
		if refused := p.hub.areUsers(given); refused != nil {
			return refused
		}
		p.changed += len(given)
		p.members = scimDistinct(given)
		return nil
	default:
		return p.join(given)
	}
}

func (p *scimPatch) join(given []string) *scimError {
	if refused := p.hub.areUsers(given); refused != nil {
		return refused
	}
	p.changed += len(given)
	for _, id := range given {
		if !slices.Contains(p.members, id) {
			p.members = append(p.members, id)
		} else if p.settings.MemberConflict {
			return scimErr(409, scimUniqueness, "%s is a member already.", id)
		}
	}
	return nil
}

func (p *scimPatch) leave(ids []string) {
	p.changed += len(ids)
	p.members = slices.DeleteFunc(p.members, func(id string) bool { return slices.Contains(ids, id) })
}

// removeMatching takes those out of a group whom a filter selects.
func (p *scimPatch) removeMatching(op string, t scimTarget) *scimError {
	if op != "remove" {
		return scimBad(scimMutability, "A member is added or removed, not changed.")
	}
	var ids []string
	for _, id := range p.members {
		if t.filter.matches(p.hub.memberView(id, "")) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return p.noTarget(t)
	}
	p.leave(ids)
	return nil
}

func scimDistinct(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		again := seen[id]
		seen[id] = true
		return again
	})
}
