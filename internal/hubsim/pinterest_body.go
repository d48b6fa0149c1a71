package hubsim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

// pinterestBody reads a JSON body against the document's schemas, keeping the
// first thing wrong. It works on names as written: encoding/json would take
// "Member_ID" for member_id.
type pinterestBody struct {
	refused *pinterestError
}

func (b *pinterestBody) fail(format string, args ...any) {
	if b.refused == nil {
		b.refused = pinterestInvalid(format, args...)
	}
}

func (b *pinterestBody) document(raw []byte) any {
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		b.fail("the body is not JSON: %v", err)
	}
	return value
}

// object reads an object that has the required names and none beside the
// optional ones.
func (b *pinterestBody) object(where string, value any, required, optional []string) map[string]any {
	object, ok := value.(map[string]any)
	if !ok {
		b.fail("%s must be an object", where)
		return nil
	}
	for _, name := range required {
		if _, given := object[name]; !given {
			b.fail("%s: %s is required", where, name)
		}
	}
	for name := range object {
		if !slices.Contains(required, name) && !slices.Contains(optional, name) {
			b.fail("%s: unknown field %q", where, name)
		}
	}
	return object
}

// list reads an array with 1 to most items; most 0 is any number.
func (b *pinterestBody) list(where string, value any, most int) []any {
	list, ok := value.([]any)
	switch {
	case !ok:
		b.fail("%s must be an array", where)
	case len(list) == 0:
		b.fail("%s must have at least 1 item", where)
	case most > 0 && len(list) > most:
		b.fail("%s must have at most %d items, not %d", where, most, len(list))
	}
	return list
}

func (b *pinterestBody) text(where string, value any) string {
	text, ok := value.(string)
	if !ok || text == "" {
		b.fail("%s must be a string that is not empty", where)
	}
	return text
}

func (b *pinterestBody) id(where string, value any, pattern *regexp.Regexp) string {
	text := b.text(where, value)
	if !pattern.MatchString(text) {
		b.fail("%s: %q does not match %s", where, text, pattern)
	}
	return text
}

func (b *pinterestBody) oneOf(where string, value any, legal []string) string {
	text := b.text(where, value)
	if !slices.Contains(legal, text) {
		b.fail("%s: %q is not one of %q", where, text, legal)
	}
	return text
}

func (b *pinterestBody) flag(where string, value any) bool {
	flag, ok := value.(bool)
	if !ok {
		b.fail("%s must be a boolean", where)
	}
	return flag
}

// pinterestSeat is one entry of the bodies that change or remove members.
type pinterestSeat struct{ id, role string }

func (b *pinterestBody) seats(where string, list []any) []pinterestSeat {
	var seats []pinterestSeat
	for i, item := range list {
		at := fmt.Sprintf("%s[%d]", where, i)
		o := b.object(at, item, []string{"member_id", "business_role"}, nil)
		seats = append(seats, pinterestSeat{
			id:   b.id(at+".member_id", o["member_id"], pinterestOtherID),
			role: b.oneOf(at+".business_role", o["business_role"], pinterestRoles),
		})
	}
	return seats
}

// assets reads an object of asset id to permissions.
func (b *pinterestBody) assets(where string, value any) pinterestAssets {
	object, ok := value.(map[string]any)
	if !ok || len(object) == 0 {
		b.fail("%s must be an object with at least 1 asset", where)
		return nil
	}
	assets := pinterestAssets{}
	for id, list := range object {
		at := where + "[" + id + "]"
		b.id(at, id, pinterestOtherID)
		for _, permission := range b.list(at, list, 50) {
			assets[id] = append(assets[id], b.oneOf(at, permission, pinterestPermissions))
		}
	}
	return assets
}
