package hubsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
)

// scimObject is a JSON object of a body.
type scimObject = map[string]any

// URNs.
// API: RFC 7643, section 8.7.1, and RFC 7644, section 8.2.
const (
	scimUserURN         = "urn:ietf:params:scim:schemas:core:2.0:User"
	scimGroupURN        = "urn:ietf:params:scim:schemas:core:2.0:Group"
	scimEnterpriseURN   = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	scimConfigURN       = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	scimResourceTypeURN = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	scimSchemaURN       = "urn:ietf:params:scim:schemas:core:2.0:Schema"
	scimListURN         = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	scimPatchURN        = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	scimErrorURN        = "urn:ietf:params:scim:api:messages:2.0:Error"

	scimOldURN = "urn:scim:schemas:core:1.0" // of SCIM 1.1
)

var scimURN = regexp.MustCompile(`(?i)^urn:[a-z0-9][a-z0-9-]{0,31}:[a-z0-9()+,\-.:=@;$_!*'%/?#]+$`)

// scimAttribute is an attribute as a schema defines it.
// API: RFC 7643, section 7.
type scimAttribute struct {
	name     string
	kind     string // string unless set: boolean, complex, reference, dateTime
	multi    bool
	required bool
	exact    bool // compared with case
	readOnly bool
	unique   bool
	sub      []scimAttribute
}

const (
	scimBoolean   = "boolean"
	scimComplex   = "complex"
	scimReference = "reference"
	scimDateTime  = "dateTime"
)

// scimKind is a type of resource.
type scimKind struct {
	name       string // User
	path       string // Users
	urn        string
	attributes []scimAttribute
	extension  map[string][]scimAttribute // known ones, by URN
}

func scimMulti(name string, more ...scimAttribute) scimAttribute {
	return scimAttribute{name: name, kind: scimComplex, multi: true, sub: append([]scimAttribute{
		{name: "value"}, {name: "display"}, {name: "type"}, {name: "primary", kind: scimBoolean},
	}, more...)}
}

// scimCommon are the attributes every resource has.
// API: RFC 7643, section 3.1.
var scimCommon = []scimAttribute{
	{name: "schemas", kind: scimReference, multi: true, readOnly: true, exact: true},
	{name: "id", exact: true, readOnly: true, unique: true},
	{name: "externalId", exact: true},
	{name: "meta", kind: scimComplex, readOnly: true, sub: []scimAttribute{
		{name: "resourceType", exact: true, readOnly: true},
		{name: "created", kind: scimDateTime, readOnly: true},
		{name: "lastModified", kind: scimDateTime, readOnly: true},
		{name: "location", kind: scimReference, exact: true, readOnly: true},
		{name: "version", exact: true, readOnly: true},
	}},
}

// scimUsers is API: RFC 7643, sections 4.1 and 4.3.
var scimUsers = &scimKind{
	name: "User", path: "Users", urn: scimUserURN,
	attributes: append(slices.Clone(scimCommon), []scimAttribute{
		{name: "userName", required: true, unique: true},
		{name: "name", kind: scimComplex, sub: []scimAttribute{
			{name: "formatted"},
			{name: "familyName"},
			{name: "givenName"},
			{name: "middleName"},
			{name: "honorificPrefix"},
			{name: "honorificSuffix"},
		}},
		{name: "displayName"},
		{name: "nickName"},
		{name: "profileUrl", kind: scimReference, exact: true},
		{name: "title"},
		{name: "userType"},
		{name: "preferredLanguage"},
		{name: "locale"},
		{name: "timezone"},
		{name: "active", kind: scimBoolean},
		{name: "password", exact: true},
		scimMulti("emails"),
		scimMulti("phoneNumbers"),
		scimMulti("ims"),
		scimMulti("photos"),
		{name: "addresses", kind: scimComplex, multi: true, sub: []scimAttribute{
			{name: "formatted"},
			{name: "streetAddress"},
			{name: "locality"},
			{name: "region"},
			{name: "postalCode"},
			{name: "country"},
			{name: "type"},
			{name: "primary", kind: scimBoolean},
		}},
		{name: "groups", kind: scimComplex, multi: true, readOnly: true, sub: []scimAttribute{
			{name: "value", exact: true, readOnly: true},
			{name: "$ref", kind: scimReference, exact: true, readOnly: true},
			{name: "display", readOnly: true},
			{name: "type", readOnly: true},
		}},
		scimMulti("entitlements"),
		scimMulti("roles"),
		scimMulti("x509Certificates"),
	}...),
	extension: map[string][]scimAttribute{
		scimEnterpriseURN: {
			{name: "employeeNumber"},
			{name: "costCenter"},
			{name: "organization"},
			{name: "division"},
			{name: "department"},
			{name: "manager", kind: scimComplex, sub: []scimAttribute{
				{name: "value", exact: true}, {name: "$ref", kind: scimReference, exact: true}, {name: "displayName"},
			}},
		},
	},
}

// scimGroups is API: RFC 7643, section 4.2.
var scimGroups = &scimKind{
	name: "Group", path: "Groups", urn: scimGroupURN,
	attributes: append(slices.Clone(scimCommon), []scimAttribute{
		{name: "displayName", required: true, unique: true},
		{name: "members", kind: scimComplex, multi: true, sub: []scimAttribute{
			{name: "value", exact: true}, {name: "$ref", kind: scimReference, exact: true}, {name: "type"}, {name: "display"},
		}},
	}...),
}

var scimKinds = map[string]*scimKind{scimUsers.path: scimUsers, scimGroups.path: scimGroups}

// scimNamed finds an attribute. Names are case-insensitive.
// API: RFC 7643, section 2.1.
func scimNamed(list []scimAttribute, name string) (scimAttribute, bool) {
	at := slices.IndexFunc(list, func(a scimAttribute) bool { return strings.EqualFold(a.name, name) })
	if at < 0 {
		return scimAttribute{name: name}, false
	}
	return list[at], true
}

// known finds the schema of an extension by URN, in whatever case.
func (k *scimKind) known(urn string) (canonical string, attributes []scimAttribute) {
	for have, attributes := range k.extension {
		if strings.EqualFold(have, urn) {
			return have, attributes
		}
	}
	return urn, nil
}

// scimMember reads a member of an object by name, in whatever case.
func scimMember(object scimObject, name string) any {
	v, _ := scimGiven(object, name)
	return v
}

// scimGiven tells a member that is null from one that is not there.
func scimGiven(object scimObject, name string) (value any, given bool) {
	if v, ok := object[name]; ok {
		return v, true
	}
	for have, v := range object {
		if strings.EqualFold(have, name) {
			return v, true
		}
	}
	return nil, false
}

func scimIsURN(name string) bool { return strings.HasPrefix(strings.ToLower(name), "urn:") }

// scimDocument decodes a body, which has to be one JSON object. Numbers stay as
// they were written.
func scimDocument(body []byte) (scimObject, *scimError) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var document scimObject
	if err := decoder.Decode(&document); err != nil || document == nil {
		return nil, scimBad(scimInvalidSyntax, "The request body is not a JSON object.")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, scimBad(scimInvalidSyntax, "There is something after the JSON object of the body.")
	}
	return document, nil
}

// scimSchemasOf checks the schemas of a body.
func scimSchemasOf(document scimObject, want string) ([]string, *scimError) {
	list, isList := scimMember(document, "schemas").([]any)
	if !isList || len(list) == 0 {
		return nil, scimBad(scimInvalidSyntax, "The attribute schemas is required.")
	}
	var urns []string
	for _, entry := range list {
		urn, _ := entry.(string)
		if !scimURN.MatchString(urn) {
			return nil, scimBad(scimInvalidSyntax, "schemas holds %v, which is not a URN.", entry)
		}
		urns = append(urns, urn)
	}
	if !slices.ContainsFunc(urns, func(urn string) bool { return strings.EqualFold(urn, want) }) {
		return nil, scimBad(scimInvalidSyntax, "schemas does not hold %s.", want)
	}
	return urns, nil
}

// scimReader turns what clients send into attributes with canonical names and
// checked values. Attributes no schema has are kept as they are: apps have
// schemas of their own.
type scimReader struct {
	kind     *scimKind
	settings scimSettings
}

// resource reads the body of a POST or a PUT. Read-only attributes are ignored,
// as the RFC has it (7644, section 3.5.1).
func (r scimReader) resource(document scimObject) (scimObject, *scimError) {
	urns, refused := scimSchemasOf(document, r.kind.urn)
	if refused != nil {
		return nil, refused
	}
	attrs := scimObject{}
	seen := map[string]bool{}
	for name, value := range document {
		folded := strings.ToLower(name)
		if seen[folded] {
			return nil, scimBad(scimInvalidSyntax, "The attribute %s is there twice.", name)
		}
		seen[folded] = true
		if scimIsURN(name) && !slices.ContainsFunc(urns, func(urn string) bool { return strings.EqualFold(urn, name) }) {
			return nil, scimBad(scimInvalidSyntax, "The extension %s is not in schemas.", name)
		}
		name, value, refused := r.attribute(name, value)
		if refused != nil {
			return nil, refused
		}
		if value != nil {
			attrs[name] = value
		}
	}
	return attrs, nil
}

// attribute reads one top-level attribute, or a whole extension. A nil value
// says that it is unassigned, or not the client's to assign.
func (r scimReader) attribute(name string, value any) (canonical string, read any, refused *scimError) {
	if scimIsURN(name) {
		return r.extension(name, value)
	}
	a, known := scimNamed(r.kind.attributes, name)
	switch {
	case a.readOnly:
		return a.name, nil, nil
	case !known:
		return name, scimAssigned(value), nil
	}
	read, refused = r.value(a, value)
	return a.name, read, refused
}

func (r scimReader) extension(urn string, value any) (canonical string, read any, refused *scimError) {
	canonical, attributes := r.kind.known(urn)
	if value == nil {
		return canonical, nil, nil
	}
	object, ok := value.(scimObject)
	if !ok {
		return canonical, nil, scimBad(scimInvalidValue, "The extension %s is not an object.", urn)
	}
	extension := scimObject{}
	for name, v := range object {
		a, known := scimNamed(attributes, name)
		if v = scimAssigned(v); known {
			if v, refused = r.value(a, v); refused != nil {
				return canonical, nil, refused
			}
		}
		if v != nil {
			extension[a.name] = v
		}
	}
	if len(extension) == 0 {
		return canonical, nil, nil
	}
	return canonical, extension, nil
}

// scimAssigned takes null and the empty list for unassigned.
// API: RFC 7643, section 2.5.
func scimAssigned(value any) any {
	if list, isList := value.([]any); isList && len(list) == 0 {
		return nil
	}
	return value
}

// value checks a value against its attribute.
func (r scimReader) value(a scimAttribute, value any) (any, *scimError) {
	if value = scimAssigned(value); value == nil {
		return nil, nil
	}
	if !a.multi {
		return r.single(a, value)
	}
	list, isList := value.([]any)
	if !isList {
		return nil, scimBad(scimInvalidValue, "%s is not an array.", a.name)
	}
	read := make([]any, 0, len(list))
	primaries := 0
	for _, entry := range list {
		v, refused := r.entry(a, entry)
		if refused != nil {
			return nil, refused
		}
		if object, ok := v.(scimObject); ok && object["primary"] == true {
			primaries++
		}
		read = append(read, v)
	}
	if primaries > 1 {
		return nil, scimBad(scimInvalidValue, "Only one of %s can be primary.", a.name)
	}
	return read, nil
}

// entry reads one value of a multi-valued attribute.
func (r scimReader) entry(a scimAttribute, entry any) (any, *scimError) {
	if a.name == "roles" || a.name == "entitlements" {
		entry = r.role(entry)
	}
	if a.name == "emails" {
		if object, ok := entry.(scimObject); ok {
			if text, isText := scimMember(object, "value").(string); isText && !validEmail(text) {
				return nil, scimBad(scimInvalidValue, "%q is not an e-mail address.", text)
			}
		}
	}
	return r.single(a, entry)
}

// role reads a role that an app takes in a shape of its own: a plain string, or
// the JSON text that Entra ID sends with PATCH.
func (r scimReader) role(entry any) any {
	if text, isText := entry.(string); isText && r.settings.RoleShape == "strings" {
		return scimObject{"value": text}
	}
	object, isObject := entry.(scimObject)
	if !isObject || !r.settings.JSONRoles && r.settings.RoleShape != "json_text" {
		return entry
	}
	text, _ := scimMember(object, "value").(string)
	var inner scimObject
	if !strings.HasPrefix(text, "{") || json.Unmarshal([]byte(text), &inner) != nil {
		return entry
	}
	read := scimObject{"value": scimMember(inner, "value")}
	if display := scimMember(inner, "displayName"); display != nil {
		read["display"] = display
	}
	if primary := scimMember(object, "primary"); primary != nil {
		read["primary"] = primary
	}
	return read
}

// single reads one value.
func (r scimReader) single(a scimAttribute, value any) (any, *scimError) {
	switch a.kind {
	case scimBoolean:
		if text, isText := value.(string); isText && r.settings.StringBooleans {
			if on, known := scimTruth(text); known {
				return on, nil
			}
		}
		if _, isBool := value.(bool); !isBool {
			return nil, scimBad(scimInvalidValue, "%s is not a boolean.", a.name)
		}
		return value, nil
	case scimComplex:
		object, isObject := value.(scimObject)
		if !isObject {
			return nil, scimBad(scimInvalidValue, "%s is not an object.", a.name)
		}
		return r.complex(a, object)
	default:
		if _, isText := value.(string); !isText {
			return nil, scimBad(scimInvalidValue, "%s is not a string.", a.name)
		}
		return value, nil
	}
}

func (r scimReader) complex(a scimAttribute, object scimObject) (any, *scimError) {
	read := scimObject{}
	for name, v := range object {
		sub, known := scimNamed(a.sub, name)
		if v = scimAssigned(v); v == nil {
			continue
		}
		if known {
			var refused *scimError
			if v, refused = r.single(sub, v); refused != nil {
				return nil, refused
			}
		}
		read[sub.name] = v
	}
	_, keyed := scimNamed(a.sub, "value")
	if text, _ := read["value"].(string); a.multi && keyed && text == "" {
		return nil, scimBad(scimInvalidValue, "One of %s has no value.", a.name)
	}
	return read, nil
}

// scimClone copies a value, so that a change of the copy is no change of what it
// was copied from.
func scimClone(v any) any {
	switch v := v.(type) {
	case scimObject:
		clone := make(scimObject, len(v))
		for name, member := range v {
			clone[name] = scimClone(member)
		}
		return clone
	case []any:
		clone := make([]any, len(v))
		for i, entry := range v {
			clone[i] = scimClone(entry)
		}
		return clone
	default: // text, numbers and booleans
		return v
	}
}
