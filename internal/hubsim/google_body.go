package hubsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// googleObject is a JSON object of a request, read by exact names: encoding/json
// into a struct would match them without case. Only lowerCamelCase is taken,
// which every server takes; that Google's takes snake_case too is not confirmed.
type googleObject struct {
	at     string // where it stands, in the proto's own names
	values map[string]json.RawMessage
}

// readBody reads the request's object. What is wrong with it is kept for later:
// a call is labelled before it is judged.
func (gc *googleCall) readBody(names ...string) {
	if gc.mediaType != "application/json" {
		return
	}
	gc.fields, gc.refusal = googleObjectOf("", gc.body, names...)
}

func googleObjectOf(at string, raw []byte, names ...string) (googleObject, *googleError) {
	o := googleObject{at: at}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if err := decoder.Decode(&o.values); err != nil {
		return o, googleBadRequest(at, fmt.Sprintf("Invalid JSON payload received. %v", err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return o, googleBadRequest(at, "Invalid JSON payload received. Expected end of input.")
	}
	if len(names) == 0 {
		return o, nil
	}
	return o, o.only(names...)
}

// only refuses any other name.
func (o googleObject) only(names ...string) *googleError {
	for name := range o.values {
		if !slices.Contains(names, name) {
			return googleUnknownName(name, o.at)
		}
	}
	return nil
}

// has says whether a name was given. null is the same as absent.
func (o googleObject) has(name string) bool {
	raw, given := o.values[name]
	return given && string(raw) != "null"
}

func (o googleObject) path(name string) string {
	snake := googleSnake(name)
	if o.at == "" {
		return snake
	}
	return o.at + "." + snake
}

// googleSnake is a lowerCamelCase name as GAQL and error locations spell it.
func googleSnake(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// googleCamel is the reverse.
func googleCamel(name string) string {
	words := strings.Split(name, "_")
	for i, w := range words[1:] {
		if w != "" {
			words[i+1] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}

func (o googleObject) object(name string) (googleObject, *googleError) {
	if !o.has(name) {
		return googleObject{at: o.path(name)}, nil
	}
	return googleObjectOf(o.path(name), o.values[name])
}

func (o googleObject) text(name string) (string, *googleError) {
	if !o.has(name) {
		return "", nil
	}
	var text string
	if json.Unmarshal(o.values[name], &text) != nil {
		return "", o.invalid(name, "TYPE_STRING")
	}
	return text, nil
}

func (o googleObject) flag(name string) (bool, *googleError) {
	if !o.has(name) {
		return false, nil
	}
	var flag bool
	if json.Unmarshal(o.values[name], &flag) != nil {
		return false, o.invalid(name, "TYPE_BOOL")
	}
	return flag, nil
}

func (o googleObject) invalid(name, kind string) *googleError {
	return googleBadRequest(o.path(name), fmt.Sprintf("Invalid value at '%s' (%s), %s", o.path(name), kind, o.values[name]))
}

// role reads a member's role. UNKNOWN and UNSPECIFIED exist in answers only.
func (o googleObject) role(name string) (string, *googleError) {
	role, refused := o.text(name)
	if refused != nil {
		return "", refused
	}
	if role == "" {
		return "", googleErr("requestError", "REQUIRED_FIELD_MISSING", "The required field was not present.").about("", o.path(name))
	}
	if !slices.Contains(googleRoles, role) {
		return "", googleErr("requestError", "INVALID_ENUM_VALUE", "Enum value '%s' cannot be used.", role).about(role, o.path(name))
	}
	return role, nil
}

// id takes the id from a resource name of a collection of this customer.
func (gc *googleCall) id(resource, collection, path string) (string, *googleError) {
	if resource == "" {
		return "", googleErr("requestError", "RESOURCE_NAME_MISSING", "Resource name is missing.").about("", path)
	}
	parts := strings.Split(resource, "/")
	if len(parts) != 4 || parts[0] != "customers" || parts[2] != collection || !isDigits(parts[1]) || !isDigits(parts[3]) {
		return "", googleErr("requestError", "RESOURCE_NAME_MALFORMED", "Resource name '%s' is malformed: expected 'customers/{customer_id}/%s/{id}'.", resource, collection).about(resource, path)
	}
	if parts[1] != gc.hub.id {
		return "", googleErr("requestError", "BAD_RESOURCE_ID", "Resource '%s' is not of customer %s.", resource, gc.hub.id).about(resource, path)
	}
	return parts[3], nil
}

func (o googleObject) list(name string) ([]json.RawMessage, *googleError) {
	if !o.has(name) {
		return nil, nil
	}
	var list []json.RawMessage
	if json.Unmarshal(o.values[name], &list) != nil {
		return nil, o.invalid(name, "TYPE_MESSAGE")
	}
	return list, nil
}
