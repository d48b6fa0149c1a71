package hubsim

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// googleQuery is a query in the Google Ads Query Language: the part of it that
// lists of people need. The rest (IN, ranges, metrics) is refused.
// API: Google Ads, "Query grammar", https://developers.google.com/google-ads/api/docs/query/grammar
type googleQuery struct {
	selected []string // below the resource: user_id
	resource string
	where    []googleCondition
	orderBy  []googleOrder
	limit    int // 0: none
}

type googleCondition struct {
	field    string
	operator string
	value    string
	like     *regexp.Regexp
}

type googleOrder struct {
	field      string
	descending bool
}

// asksFor says whether the query looks one value up rather than listing.
func (q *googleQuery) asksFor(field string) bool {
	return slices.ContainsFunc(q.where, func(c googleCondition) bool { return c.field == field && c.operator != "!=" })
}

var googleLexeme = regexp.MustCompile(`^(?:` +
	`('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")` + // 1: text
	`|([A-Za-z_][A-Za-z0-9_.]*)` + // 2: word
	`|(-?[0-9]+(?:\.[0-9]+)?)` + // 3: number
	`|(!=|<=|>=|[=<>,()])` + // 4: symbol
	`)`)

// googleLexed is one lexeme of a query.
type googleLexed struct {
	kind int // the group of googleLexeme
	text string
}

// googleLexemes are those still to be read.
type googleLexemes struct{ rest []googleLexed }

const (
	googleEnd = iota
	googleText
	googleWord
	googleNumber
	googleSymbol
)

func googleLex(query string) (*googleLexemes, *googleError) {
	l := &googleLexemes{}
	for rest := strings.TrimSpace(query); rest != ""; rest = strings.TrimSpace(rest) {
		found := googleLexeme.FindStringSubmatch(rest)
		if found == nil {
			return nil, googleErr("queryError", "BAD_SYMBOL", "Error in query: unexpected input %s.", rest)
		}
		rest = rest[len(found[0]):]
		for kind := googleText; kind <= googleSymbol; kind++ {
			if found[kind] != "" {
				l.rest = append(l.rest, googleLexed{kind, found[kind]})
			}
		}
	}
	return l, nil
}

func (l *googleLexemes) peek() googleLexed {
	if len(l.rest) == 0 {
		return googleLexed{googleEnd, "the end of the query"}
	}
	return l.rest[0]
}

func (l *googleLexemes) next() googleLexed {
	t := l.peek()
	if len(l.rest) > 0 {
		l.rest = l.rest[1:]
	}
	return t
}

// took takes a word or symbol if it comes next. Keywords are in either case.
func (l *googleLexemes) took(text string) bool {
	t := l.peek()
	if (t.kind == googleWord || t.kind == googleSymbol) && strings.EqualFold(t.text, text) {
		l.next()
		return true
	}
	return false
}

func googleQueryErr(value, format string, args ...any) *googleError {
	return googleErr("queryError", value, "Error in query: %s.", fmt.Sprintf(format, args...))
}

// googleParse reads a query for a version of the API.
func googleParse(text string, version int) (*googleQuery, *googleError) {
	l, refused := googleLex(text)
	if refused != nil {
		return nil, refused
	}
	q := &googleQuery{}
	if !l.took("SELECT") {
		return nil, googleQueryErr("EXPECTED_SELECT", "expected SELECT, found %s", l.peek().text)
	}
	var fields []string
	for {
		t := l.next()
		if t.kind != googleWord || strings.EqualFold(t.text, "FROM") {
			return nil, googleQueryErr("BAD_FIELD_NAME", "invalid field name %s", t.text)
		}
		fields = append(fields, t.text)
		if !l.took(",") {
			break
		}
	}
	if !l.took("FROM") {
		return nil, googleQueryErr("EXPECTED_FROM", "expected FROM, found %s", l.peek().text)
	}
	q.resource = l.next().text
	resource, known := googleResources[q.resource]
	if !known {
		return nil, googleQueryErr("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE", "invalid resource type %s", q.resource)
	}
	for _, name := range fields {
		field, refused := resource.find(q.resource, name, "SELECT", version)
		if refused != nil {
			return nil, refused
		}
		if slices.Contains(q.selected, field) {
			return nil, googleQueryErr("UNEXPECTED_INPUT", "%s is selected twice", name)
		}
		q.selected = append(q.selected, field)
	}
	if l.took("WHERE") {
		if refused := q.conditions(l, resource, version); refused != nil {
			return nil, refused
		}
	}
	if l.took("ORDER") {
		if refused := q.orders(l, resource, version); refused != nil {
			return nil, refused
		}
	}
	if l.took("LIMIT") {
		t := l.next()
		limit, err := strconv.Atoi(t.text)
		if t.kind != googleNumber || err != nil || limit < 1 {
			return nil, googleQueryErr("BAD_LIMIT_VALUE", "invalid limit %s", t.text)
		}
		q.limit = limit
	}
	if t := l.peek(); t.kind != googleEnd {
		return nil, googleQueryErr("UNEXPECTED_INPUT", "unexpected input %s", t.text)
	}
	return q, nil
}

// find resolves a dotted name, in snake_case with its resource before it.
func (r googleResource) find(resource, name, clause string, version int) (string, *googleError) {
	field, own := strings.CutPrefix(name, resource+".")
	if !own {
		if other, _, dotted := strings.Cut(name, "."); dotted && googleResources[other].json != "" {
			return "", googleQueryErr("PROHIBITED_FIELD_IN_"+clause+"_CLAUSE", "%s cannot be used with resource %s", name, resource)
		}
		return "", googleQueryErr("UNRECOGNIZED_FIELD", "unrecognized field %s", name)
	}
	f, known := r.fields[field]
	if !known || version < f.since {
		return "", googleQueryErr("UNRECOGNIZED_FIELD", "unrecognized field %s", name)
	}
	if f.kind == googleMessage && clause != "SELECT" {
		return "", googleQueryErr("PROHIBITED_FIELD_IN_"+clause+"_CLAUSE", "%s is not a value", name)
	}
	return field, nil
}

func (q *googleQuery) conditions(l *googleLexemes, r googleResource, version int) *googleError {
	for {
		name := l.next()
		if name.kind != googleWord {
			return googleQueryErr("BAD_FIELD_NAME", "invalid field name %s", name.text)
		}
		field, refused := r.find(q.resource, name.text, "WHERE", version)
		if refused != nil {
			return refused
		}
		condition := googleCondition{field: field, operator: strings.ToUpper(l.next().text)}
		if refused := condition.given(l.next(), r.fields[field]); refused != nil {
			return refused
		}
		q.where = append(q.where, condition)
		if !l.took("AND") {
			return nil
		}
	}
}

// given takes the value a field is compared with.
func (c *googleCondition) given(t googleLexed, f googleField) *googleError {
	if !slices.Contains([]string{"=", "!=", "LIKE"}, c.operator) {
		return googleQueryErr("BAD_OPERATOR", "operator %s is not one of =, != and LIKE here", c.operator)
	}
	quoted := t.kind == googleText
	switch {
	case t.kind == googleEnd:
		return googleQueryErr("UNEXPECTED_END_OF_QUERY", "a value is missing")
	case t.kind == googleSymbol, !quoted && f.kind == googleString:
		return googleQueryErr("BAD_VALUE", "invalid value %s: text stands in quotes", t.text)
	case c.operator == "LIKE" && f.kind != googleString:
		return googleQueryErr("OPERATOR_FIELD_MISMATCH", "LIKE compares text, not %s", c.field)
	}
	c.value = t.text
	if quoted {
		c.value = googleUnescape.ReplaceAllString(t.text[1:len(t.text)-1], "$1")
	}
	switch f.kind {
	case googleEnum:
		if !slices.Contains(f.enum, c.value) {
			return googleQueryErr("BAD_ENUM_CONSTANT", "enum value cannot be resolved: %s", c.value)
		}
	case googleInt:
		if !isDigits(c.value) {
			return googleQueryErr("BAD_NUMBER", "invalid number %s", c.value)
		}
	case googleBool:
		if c.value = strings.ToLower(c.value); c.value != "true" && c.value != "false" {
			return googleQueryErr("BAD_VALUE", "invalid boolean %s", t.text)
		}
	case googleString, googleMessage: // any text; and find refuses messages here
	}
	if c.operator == "LIKE" {
		c.like = googleLike(c.value)
	}
	return nil
}

var (
	googleUnescape = regexp.MustCompile(`\\(.)`)
	googlePattern  = regexp.MustCompile(`\[[\[\]%_]\]|%|_|[^%_\[]+|\[`)
)

// googleLike compiles a LIKE pattern: % is any text, _ any one character, and a
// bracketed one of %, _, [ and ] is itself. Letter case does not matter.
func googleLike(pattern string) *regexp.Regexp {
	var b strings.Builder
	for _, part := range googlePattern.FindAllString(pattern, -1) {
		switch {
		case part == "%":
			b.WriteString(".*")
		case part == "_":
			b.WriteString(".")
		case len(part) == 3 && part[0] == '[':
			b.WriteString(regexp.QuoteMeta(part[1:2]))
		default:
			b.WriteString(regexp.QuoteMeta(part))
		}
	}
	return regexp.MustCompile(`(?is)^` + b.String() + `$`)
}

func (q *googleQuery) orders(l *googleLexemes, r googleResource, version int) *googleError {
	if !l.took("BY") {
		return googleQueryErr("EXPECTED_BY", "expected BY, found %s", l.peek().text)
	}
	for {
		name := l.next()
		field, refused := r.find(q.resource, name.text, "ORDER_BY", version)
		if refused != nil {
			return refused
		}
		order := googleOrder{field: field, descending: l.took("DESC")}
		if !order.descending {
			l.took("ASC")
		}
		q.orderBy = append(q.orderBy, order)
		if !l.took(",") {
			return nil
		}
	}
}
