package hubsim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// scimFilter is a parsed filter expression.
// API: RFC 7644, section 3.4.2.2.
type scimFilter struct {
	op          string        // and, or, not, [] (a value path) or a comparison
	left, right *scimFilter   // of and and or; not and [] have a left one
	path        scimPath      // of a comparison or a value path
	value       any           // of a comparison: text, json.Number, bool or nil
	attribute   scimAttribute // path's last part
}

// scimPath names an attribute.
type scimPath struct {
	urn  string // of an extension, canonical; "" for the core schema
	name string // canonical where a schema has it
	sub  string // canonical, "" for none
}

func (p scimPath) String() string {
	text := p.name
	if p.urn != "" {
		text = p.urn + ":" + text
	}
	if p.sub != "" {
		text += "." + p.sub
	}
	return text
}

var scimComparisons = []string{"eq", "ne", "co", "sw", "ew", "pr", "gt", "ge", "lt", "le"}

// resolve finds out which attribute a path such as name.givenName or
// urn:…:User:department means. An attribute that no schema has is not known to
// the app: a name that was misspelt should not read as one without a value.
// inside is set within a value path, where names are sub-attributes.
func (k *scimKind) resolve(text string, inside *scimAttribute) (scimPath, scimAttribute, error) {
	attributes, path := k.attributes, scimPath{}
	if inside != nil {
		attributes = inside.sub
	}
	if scimIsURN(text) {
		at := strings.LastIndex(text, ":")
		urn := text[:at]
		text = text[at+1:]
		if !strings.EqualFold(urn, k.urn) {
			if path.urn, attributes = k.known(urn); attributes == nil {
				return path, scimAttribute{}, fmt.Errorf("schema %s is not known", urn)
			}
		}
	}
	name, sub, dotted := strings.Cut(text, ".")
	a, known := scimNamed(attributes, name)
	if !known {
		return path, a, fmt.Errorf("attribute %q is not known", name)
	}
	path.name = a.name
	if !dotted {
		return path, a, nil
	}
	if a, known = scimNamed(a.sub, sub); !known {
		return path, a, fmt.Errorf("attribute %q is not known", text)
	}
	path.sub = a.name
	return path, a, nil
}

// scimParser reads filters by recursive descent: or binds loosest, then and,
// then not. It is written here rather than taken from a library, so that no
// connector's test leans on the same one.
type scimParser struct {
	kind   *scimKind
	inside *scimAttribute
	rest   string
}

// parseScimFilter parses a whole expression.
func (k *scimKind) parseFilter(text string, inside *scimAttribute) (*scimFilter, error) {
	p := &scimParser{kind: k, inside: inside, rest: text}
	f, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.skip(); p.rest != "" {
		return nil, fmt.Errorf("%q is not expected", p.rest)
	}
	return f, nil
}

func (p *scimParser) skip() { p.rest = strings.TrimLeft(p.rest, " ") }

// word takes the next word if it is that one, in whatever case. A word ends at a
// space or a bracket.
func (p *scimParser) word(want string) bool {
	p.skip()
	if got := p.peek(); !strings.EqualFold(got, want) {
		return false
	}
	p.rest = p.rest[len(want):]
	return true
}

func (p *scimParser) peek() string {
	if end := strings.IndexAny(p.rest, ` ()[]"`); end >= 0 {
		return p.rest[:end]
	}
	return p.rest
}

func (p *scimParser) symbol(want string) bool {
	p.skip()
	rest, found := strings.CutPrefix(p.rest, want)
	p.rest = rest
	return found
}

func (p *scimParser) or() (*scimFilter, error) { return p.chain("or", p.and) }

func (p *scimParser) and() (*scimFilter, error) { return p.chain("and", p.term) }

func (p *scimParser) chain(op string, next func() (*scimFilter, error)) (*scimFilter, error) {
	left, err := next()
	for err == nil && p.word(op) {
		var right *scimFilter
		if right, err = next(); err == nil {
			left = &scimFilter{op: op, left: left, right: right}
		}
	}
	return left, err
}

func (p *scimParser) term() (*scimFilter, error) {
	not := p.word("not")
	if p.symbol("(") {
		f, err := p.or()
		if err == nil && !p.symbol(")") {
			err = fmt.Errorf("a bracket is not closed")
		}
		if err == nil && not {
			f = &scimFilter{op: "not", left: f}
		}
		return f, err
	}
	if not {
		return nil, fmt.Errorf("not needs brackets")
	}
	return p.comparison()
}

func (p *scimParser) comparison() (*scimFilter, error) {
	p.skip()
	text := p.peek()
	if text == "" {
		return nil, fmt.Errorf("an attribute is missing before %q", p.rest)
	}
	p.rest = p.rest[len(text):]
	path, a, err := p.kind.resolve(text, p.inside)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(p.rest, "[") {
		return p.valuePath(path, a)
	}
	return p.operator(path, a)
}

// valuePath reads emails[type eq "work"], and what Entra ID makes of it:
// emails[type eq "work"].value eq "…".
func (p *scimParser) valuePath(path scimPath, a scimAttribute) (*scimFilter, error) {
	if path.sub != "" || !a.multi || p.inside != nil {
		return nil, fmt.Errorf("%s takes no value filter", path)
	}
	p.rest = p.rest[1:]
	inner := &scimParser{kind: p.kind, inside: &a, rest: p.rest}
	f, err := inner.or()
	if p.rest = inner.rest; err != nil {
		return nil, err
	}
	if !p.symbol("]") {
		return nil, fmt.Errorf("a value filter is not closed")
	}
	whole := &scimFilter{op: "[]", left: f, path: path}
	if !strings.HasPrefix(p.rest, ".") {
		return whole, nil
	}
	text := p.peek()
	p.rest = p.rest[len(text):]
	sub, known := scimNamed(a.sub, text[1:])
	if !known {
		return nil, fmt.Errorf("attribute %q is not known", path.name+text)
	}
	compared, err := p.operator(scimPath{name: sub.name}, sub)
	if err != nil {
		return nil, err
	}
	whole.left = &scimFilter{op: "and", left: f, right: compared}
	return whole, nil
}

func (p *scimParser) operator(path scimPath, a scimAttribute) (*scimFilter, error) {
	p.skip()
	op := strings.ToLower(p.peek())
	if !slices.Contains(scimComparisons, op) {
		return nil, fmt.Errorf("%q is not an operator", p.peek())
	}
	p.rest = p.rest[len(op):]
	f := &scimFilter{op: op, path: path, attribute: a}
	if op == "pr" {
		return f, nil
	}
	// A list of objects is compared by the value of each.
	if a.kind == scimComplex {
		sub, known := scimNamed(a.sub, "value")
		if !known || path.sub != "" {
			return nil, fmt.Errorf("%s cannot be compared", path)
		}
		f.path.sub, f.attribute = sub.name, sub
	}
	var err error
	f.value, err = p.literal()
	if err == nil {
		err = f.comparable()
	}
	return f, err
}

// literal reads a value by the rules of JSON.
func (p *scimParser) literal() (any, error) {
	p.skip()
	decoder := json.NewDecoder(strings.NewReader(p.rest))
	decoder.UseNumber()
	token, err := decoder.Token()
	if _, isDelim := token.(json.Delim); err != nil || isDelim {
		return nil, fmt.Errorf("%q is not a value: text goes between double quotes", p.rest)
	}
	p.rest = p.rest[decoder.InputOffset():]
	if p.rest != "" && !strings.ContainsAny(p.rest[:1], " )]") {
		return nil, fmt.Errorf("%q follows a value", p.rest)
	}
	return token, nil
}

// comparable checks that the value fits the attribute and the operator.
func (f *scimFilter) comparable() error {
	_, isText := f.value.(string)
	_, isBool := f.value.(bool)
	switch {
	case f.value == nil:
		return nil
	case f.attribute.kind == scimBoolean && (!isBool || f.op != "eq" && f.op != "ne"):
		return fmt.Errorf("%s is a boolean", f.path)
	case f.attribute.kind != scimBoolean && !isText:
		return fmt.Errorf("%s is a string", f.path)
	}
	return nil
}

// walk visits the filter and all below it, value filters included.
func (f *scimFilter) walk(visit func(*scimFilter)) {
	if f != nil {
		visit(f)
		f.left.walk(visit)
		f.right.walk(visit)
	}
}

// matches says whether a resource, or an entry within a value path, passes.
func (f *scimFilter) matches(object scimObject) bool {
	switch f.op {
	case "and":
		return f.left.matches(object) && f.right.matches(object)
	case "or":
		return f.left.matches(object) || f.right.matches(object)
	case "not":
		return !f.left.matches(object)
	case "[]":
		return slices.ContainsFunc(f.path.values(object), func(entry any) bool {
			inner, ok := entry.(scimObject)
			return ok && f.left.matches(inner)
		})
	}
	values := f.path.values(object)
	switch {
	case f.op == "pr":
		return len(values) > 0
	case f.op == "ne":
		return !slices.ContainsFunc(values, func(v any) bool { return f.compare("eq", v) }) && (f.value != nil || len(values) > 0)
	case f.value == nil:
		return f.op == "eq" && len(values) == 0
	}
	return slices.ContainsFunc(values, func(v any) bool { return f.compare(f.op, v) })
}

// values are what a path leads to, lists opened.
func (p scimPath) values(object scimObject) []any {
	if p.urn != "" {
		object, _ = object[p.urn].(scimObject)
	}
	found := scimOpened(object[p.name])
	if p.sub == "" {
		return found
	}
	var below []any
	for _, entry := range found {
		if inner, ok := entry.(scimObject); ok {
			below = append(below, scimOpened(inner[p.sub])...)
		}
	}
	return below
}

func scimOpened(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

func (f *scimFilter) compare(op string, v any) bool {
	if want, isBool := f.value.(bool); isBool {
		return v == want
	}
	got, isText := v.(string)
	if !isText {
		if number, isNumber := v.(json.Number); isNumber {
			got = number.String()
		} else if on, isBool := v.(bool); isBool {
			got = strconv.FormatBool(on)
		}
	}
	want, _ := f.value.(string)
	if !f.attribute.exact {
		got, want = strings.ToLower(got), strings.ToLower(want)
	}
	switch op {
	case "eq":
		return got == want
	case "co":
		return strings.Contains(got, want)
	case "sw":
		return strings.HasPrefix(got, want)
	case "ew":
		return strings.HasSuffix(got, want)
	case "gt":
		return got > want
	case "ge":
		return got >= want
	case "lt":
		return got < want
	case "le":
		return got <= want
	default: // the parser knows no other
		panic("hubsim: filter operator " + op)
	}
}
