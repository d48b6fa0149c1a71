package hubsim

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// tiktokID says whether a text is an id: a decimal integer of up to 19 digits.
func tiktokID(text string) bool {
	return isDigits(text) && len(text) <= 19
}

// query refuses parameters the endpoint does not have.
func (tc *tiktokCall) query(allowed ...string) *tiktokError {
	for name := range tc.request.URL.Query() {
		if !tiktokTokenParam(name) && !slices.Contains(allowed, name) {
			return tiktokErr(tiktokInvalid, "%s: Unknown field.", name)
		}
	}
	return nil
}

// page reads the paging parameters.
func (tc *tiktokCall) page(largest int) (page, size int, refused *tiktokError) {
	page, size = 1, min(10, largest)
	query := tc.request.URL.Query()
	if query.Has("page") {
		n, err := strconv.Atoi(query.Get("page"))
		if err != nil || n < 1 {
			return 0, 0, tiktokErr(tiktokInvalid, "page: Must be an integer of at least 1.")
		}
		page = n
	}
	if query.Has("page_size") {
		n, err := strconv.Atoi(query.Get("page_size"))
		if err != nil || n < 1 || n > largest {
			return 0, 0, tiktokErr(tiktokInvalid, "page_size: Must be an integer between 1 and %d.", largest)
		}
		size = n
	}
	return page, size, nil
}

// filter reads the filtering parameter, JSON text inside the query. Every value
// is one text, and each with legal values takes only those.
func (tc *tiktokCall) filter(legal map[string][]string) (map[string]string, *tiktokError) {
	query := tc.request.URL.Query()
	if !query.Has("filtering") {
		return nil, nil
	}
	var raw map[string]any
	if err := json.Unmarshal([]byte(query.Get("filtering")), &raw); err != nil || raw == nil {
		return nil, tiktokErr(tiktokInvalid, "filtering: Not a valid JSON object.")
	}
	filter := map[string]string{}
	for name, value := range raw {
		values, known := legal[name]
		if !known {
			return nil, tiktokErr(tiktokInvalid, "filtering.%s: Unknown field.", name)
		}
		text, isText := value.(string)
		if !isText {
			return nil, tiktokErr(tiktokInvalid, "filtering.%s: Not a valid string.", name)
		}
		if values != nil && !slices.Contains(values, text) {
			return nil, tiktokErr(tiktokInvalid, "filtering.%s: Must be one of %s.", name, strings.Join(values, ", "))
		}
		filter[name] = text
	}
	return filter, nil
}

// decode reads the JSON body into target, whose fields are those the endpoint
// has. None of them is nullable and an id is never a number (nullable and
// x-open-allow-strnum in the SDK's endpoint files).
func (tc *tiktokCall) decode(target any) *tiktokError {
	if refused := tc.query(); refused != nil {
		return refused
	}
	if tc.mediaType != "application/json" {
		return tiktokErr(tiktokInvalid, "Content-Type must be application/json, not %q.", tc.mediaType)
	}
	var body map[string]any
	if err := json.Unmarshal(tc.body, &body); err != nil || body == nil {
		return tiktokErr(tiktokInvalid, "The body is not a valid JSON object.")
	}
	if name := tiktokFlaw(body); name != "" {
		return tiktokErr(tiktokInvalid, "%s: Unknown field, or null.", name)
	}
	if err := decodeStrictly(tc.body, target); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return tiktokErr(tiktokInvalid, "%s: Not a valid %s.", wrong.Field, wrong.Type)
		}
		return tiktokErr(tiktokInvalid, "Invalid body: %v.", err)
	}
	return nil
}

// tiktokFlaw finds a null and a name in another case, which the decoder would
// take for the field.
func tiktokFlaw(value any) string {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			if inner == nil || name != strings.ToLower(name) {
				return name
			}
			if flaw := tiktokFlaw(inner); flaw != "" {
				return name + "." + flaw
			}
		}
	case []any:
		for i, inner := range value {
			if inner == nil {
				return strconv.Itoa(i)
			}
		}
	}
	return ""
}

// tiktokTarget is what every member write names.
type tiktokTarget struct {
	BCID      *string `json:"bc_id"`
	ChildBCID *string `json:"child_bc_id"`
}

func (t tiktokTarget) check() *tiktokError {
	switch {
	case t.BCID == nil:
		return tiktokErr(tiktokInvalid, "bc_id: Missing data for required field.")
	case !tiktokID(*t.BCID):
		return tiktokErr(tiktokInvalid, "bc_id: Not a valid id.")
	case t.ChildBCID != nil:
		return tiktokErr(tiktokInvalid, "child_bc_id: Business Center %s is not a tiered account.", *t.BCID)
	}
	return nil
}

type tiktokExtRole struct {
	FinanceRole *string `json:"finance_role"`
}

// tiktokOneOf checks an optional text with legal values.
func tiktokOneOf(name string, value *string, legal ...string) *tiktokError {
	if value != nil && !slices.Contains(legal, *value) {
		return tiktokErr(tiktokInvalid, "%s: Must be one of %s.", name, strings.Join(legal, ", "))
	}
	return nil
}

// tiktokFirst is the first refusal, if any.
func tiktokFirst(all ...*tiktokError) *tiktokError {
	for _, refused := range all {
		if refused != nil {
			return refused
		}
	}
	return nil
}
