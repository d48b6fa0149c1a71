package hubsim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// cerbyCheck reads a body and gathers what is wrong with it. Members the API
// does not have are refused, and names are told apart by case.
type cerbyCheck struct{ flaws []cerbyFlaw }

func (k *cerbyCheck) flaw(loc []any, kind, format string, args ...any) {
	k.flaws = append(k.flaws, cerbyFlaw{loc: loc, kind: kind, msg: fmt.Sprintf(format, args...)})
}

func (k *cerbyCheck) refusal() *cerbyError {
	if len(k.flaws) == 0 {
		return nil
	}
	return cerbyInvalid(k.flaws...)
}

// cerbyAt is a place one step further in.
func cerbyAt(loc []any, step any) []any { return append(slices.Clone(loc), step) }

// data reads the whole, {"data": {...}}, and returns data with its place.
func (cc *cerbyCall) data(k *cerbyCheck, names ...string) (data cerbyObject, loc []any) {
	if cc.mediaType != "application/json" || cc.badBody != nil {
		k.flaw([]any{"body"}, cerbyValue, "the body has to be application/json")
		return nil, nil
	}
	var body any
	if err := json.Unmarshal(cc.body, &body); err != nil {
		k.flaw([]any{"body"}, cerbyValue, "the body is not a JSON document")
		return nil, nil
	}
	whole := k.object(body, []any{}, "data")
	return k.inner(whole, nil, "data", names...), []any{"data"}
}

// object holds a value to being an object with these members, a trailing "?"
// for those it need not have. It returns nil where nothing can be read from it.
func (k *cerbyCheck) object(value any, loc []any, names ...string) cerbyObject {
	object, is := value.(cerbyObject)
	if !is {
		k.flaw(loc, cerbyType, "value is not a valid dict")
		return nil
	}
	known := map[string]bool{}
	for _, name := range names {
		name, optional := strings.CutSuffix(name, "?")
		known[name] = true
		if _, given := object[name]; !given && !optional {
			k.flaw(cerbyAt(loc, name), cerbyMissing, "field required")
		}
	}
	for name := range object {
		if !known[name] {
			k.flaw(cerbyAt(loc, name), cerbyExtra, "extra fields not permitted")
		}
	}
	return object
}

// inner reads an object inside another; one that is not there has been said
// to be missing, or may be.
func (k *cerbyCheck) inner(object cerbyObject, loc []any, name string, names ...string) cerbyObject {
	value, given := object[name]
	if !given {
		return nil
	}
	return k.object(value, cerbyAt(loc, name), names...)
}

// oneOf reads a text that is one of a few.
func (k *cerbyCheck) oneOf(object cerbyObject, loc []any, name string, legal ...string) string {
	value, given := object[name]
	if !given {
		return ""
	}
	text, is := value.(string)
	if !is || !slices.Contains(legal, text) {
		k.flaw(cerbyAt(loc, name), cerbyEnum, "value is not a valid enumeration member; permitted: %s", strings.Join(legal, ", "))
	}
	return text
}

// list reads a list that holds something, and hands each entry over.
func (k *cerbyCheck) list(object cerbyObject, loc []any, name string, each func(value any, loc []any)) {
	value, given := object[name]
	if !given {
		return
	}
	loc = cerbyAt(loc, name)
	entries, is := value.([]any)
	switch {
	case !is:
		k.flaw(loc, cerbyType, "value is not a valid list")
	case len(entries) == 0:
		k.flaws = append(k.flaws, cerbyFlaw{
			loc: loc, kind: cerbyTooShort, msg: name + " needs one entry or more", ctx: cerbyObject{"min_length": 1},
		})
	}
	for i, entry := range entries {
		each(entry, cerbyAt(loc, i))
	}
}

// entitlements reads a list of {"id": ...} of the app's entitlements.
func (k *cerbyCheck) entitlements(h *cerbyHub, object cerbyObject, loc []any) []string {
	var ids []string
	k.list(object, loc, "entitlements", func(value any, loc []any) {
		entry := k.object(value, loc, "id")
		given, there := entry["id"]
		if !there {
			return
		}
		id, _ := given.(string)
		switch loc = cerbyAt(loc, "id"); {
		case h.settings.entitlement(id) == nil:
			k.flaw(loc, cerbyValue, "no such entitlement")
		case slices.Contains(ids, id):
			k.flaw(loc, cerbyValue, "the entitlement is there twice")
		default:
			ids = append(ids, id)
		}
	})
	return ids
}

// set holds the entitlements somebody would have to the rules of the app. The
// documents do not say how many primaries there may be: one at least, and more
// only in an app with permissions rather than roles.
func (k *cerbyCheck) set(h *cerbyHub, ids []string, loc []any) {
	if len(k.flaws) > 0 {
		return
	}
	if flaw := h.wrongSet(ids); flaw != "" {
		k.flaw(cerbyAt(loc, "entitlements"), cerbyValue, "%s", flaw)
	}
}

func (h *cerbyHub) wrongSet(ids []string) string {
	switch n := h.primaries(ids); {
	case n == 0:
		return "a primary entitlement is needed"
	case n > 1 && !h.settings.SeveralPrimaries:
		return "only one primary entitlement at a time"
	default:
		return ""
	}
}
