package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// The URNs roster sends, and the beginning of those of SCIM 1.1.
const (
	schemaUser  = "urn:ietf:params:scim:schemas:core:2.0:User"
	schemaPatch = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	version1    = "urn:scim:schemas:core:1."
)

// object is a JSON object as read. Names of attributes have no case in SCIM
// (RFC 7643, section 2.1), and what roster does not know must survive a PUT.
type object map[string]json.RawMessage

// key is how o spells an attribute, name itself when it is not there.
func (o object) key(name string) string {
	if _, ok := o[name]; ok {
		return name
	}
	for k := range o {
		if strings.EqualFold(k, name) {
			return k
		}
	}
	return name
}

func (o object) get(name string) json.RawMessage { return o[o.key(name)] }

// text is an attribute that is a string, or a number where an app writes one.
func (o object) text(name string) string { return textOf(o.get(name)) }

func (o object) object(name string) object {
	var inner object
	_ = json.Unmarshal(o.get(name), &inner) // not an object: nothing in it
	return inner
}

func textOf(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}

// truth reads a boolean, or the "True" of Entra-style apps. known is false for
// anything else.
func truth(raw json.RawMessage) (value, known bool) {
	if json.Unmarshal(raw, &value) == nil && !absent(raw) {
		return value, true
	}
	switch strings.ToLower(textOf(raw)) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

func absent(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) == 0 || string(raw) == "null"
}

// entry is one value of a multi-valued attribute.
type entry struct {
	value   string // as roster names it: of a JSON text, the value in it
	written string // as the app writes it, for filters
	display string
	kind    string
	primary bool
	as      object // nil when it is a plain string
}

// entries is a multi-valued attribute.
type entries struct {
	list []entry
	// plain says that the app writes strings.
	plain bool
}

// UnmarshalJSON takes the variants of contract section 4. What is none of them
// is an error: a role that cannot be read is not a role that is not there.
func (e *entries) UnmarshalJSON(raw []byte) error {
	*e = entries{}
	if absent(raw) {
		return nil
	}
	var items []json.RawMessage
	if bytes.TrimSpace(raw)[0] == '[' {
		if err := json.Unmarshal(raw, &items); err != nil {
			return err
		}
	} else {
		items = []json.RawMessage{raw} // one object instead of an array of them
	}
	for _, item := range items {
		var in entry
		switch first := bytes.TrimSpace(item)[0]; first {
		case '{':
			if err := json.Unmarshal(item, &in.as); err != nil {
				return err
			}
			in.written, in.display, in.kind = in.as.text("value"), in.as.text("display"), in.as.text("type")
			in.primary, _ = truth(in.as.get("primary"))
		case '"':
			in.written, e.plain = textOf(item), true
		case 'n':
			continue
		default:
			return fmt.Errorf("a value that begins with %q is neither an object nor a string", first)
		}
		if in.value = in.written; strings.HasPrefix(strings.TrimSpace(in.written), "{") {
			in.value = inText(in.written)
		}
		if in.value == "" {
			in.value = in.display
		}
		if in.value == "" && len(in.as) > 0 {
			return errors.New("an entry has no value")
		}
		if in.value != "" {
			e.list = append(e.list, in)
		}
	}
	return nil
}

// inText is the value in a role that Entra ID wrote as JSON text.
func inText(text string) string {
	var inner object
	if json.Unmarshal([]byte(text), &inner) != nil {
		return text
	}
	for _, name := range []string{"value", "displayName", "display", "id"} {
		if v := inner.text(name); v != "" {
			return v
		}
	}
	return text
}

// encode is list as the RFC has it, or as strings where the app writes those. At
// most one entry is primary.
func (e entries) encode(list []entry) any {
	if e.plain {
		values := make([]string, len(list))
		for i, in := range list {
			values[i] = in.written
		}
		return values
	}
	values := make([]object, len(list))
	for i, in := range list {
		values[i] = in.encode()
	}
	return values
}

func (in entry) encode() object {
	out := object{}
	maps.Copy(out, in.as)
	out[out.key("value")] = jsonOf(in.written)
	switch _, marked := out[out.key("primary")]; {
	case in.primary:
		out[out.key("primary")] = jsonOf(true)
	case marked:
		out[out.key("primary")] = jsonOf(false)
	}
	return out
}

// jsonOf is v as JSON, without the escapes that HTML needs.
func jsonOf(v any) json.RawMessage {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(v) != nil { // strings, booleans and objects made of them
		return json.RawMessage("null")
	}
	return bytes.TrimSpace(b.Bytes())
}

// equals is a filter. Its value is quoted as JSON (RFC 7644, section 3.4.2.2).
func equals(attribute, value string) string {
	return attribute + " eq " + string(jsonOf(value))
}

// resource is what users and groups have in common.
type resource struct {
	ID   string
	raw  object
	etag string // the ETag of the answer it came in, when it came alone
}

func (r *resource) read(raw []byte) error {
	if err := json.Unmarshal(raw, &r.raw); err != nil {
		return err
	}
	r.ID = r.raw.text("id")
	return nil
}

// version is what If-Match takes, byte for byte; "" when the app has none.
func (r *resource) version() string {
	if v := r.raw.object("meta").text("version"); v != "" {
		return v
	}
	return r.etag
}

// user is a User resource.
type user struct {
	resource
	userName   string
	externalID string
	name       string
	emails     entries
}

// UnmarshalJSON keeps everything, for the PUT.
func (u *user) UnmarshalJSON(raw []byte) error {
	*u = user{}
	if err := u.read(raw); err != nil {
		return err
	}
	u.userName, u.externalID = u.raw.text("userName"), u.raw.text("externalId")
	full := u.raw.object("name")
	for _, name := range []string{u.raw.text("displayName"), full.text("formatted"), strings.TrimSpace(full.text("givenName") + " " + full.text("familyName"))} {
		if u.name == "" {
			u.name = name
		}
	}
	if err := json.Unmarshal(orNull(u.raw.get("emails")), &u.emails); err != nil {
		return fmt.Errorf("the e-mail addresses of user %s: %w", u.ID, err)
	}
	return nil
}

func orNull(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("null")
	}
	return raw
}

// values reads a multi-valued attribute.
func (u *user) values(attribute string) (entries, error) {
	var e entries
	if err := json.Unmarshal(orNull(u.raw.get(attribute)), &e); err != nil {
		return e, fmt.Errorf("the %s of user %s: %w", attribute, u.ID, err)
	}
	return e, nil
}

// status is that of the account. A missing active means yes.
func (u *user) status() hub.Status {
	raw := u.raw.get("active")
	if absent(raw) {
		return hub.StatusActive
	}
	switch active, known := truth(raw); {
	case !known:
		return hub.StatusUnknown
	case active:
		return hub.StatusActive
	default:
		return hub.StatusSuspended
	}
}

// ownPrefix begins the externalId of people that roster added.
const ownPrefix = "roster:"

// own is the address under which roster added u, "" when somebody else did.
func (u *user) own() string {
	email, ok := strings.CutPrefix(u.externalID, ownPrefix)
	if !ok || hub.ValidEmail(email) != nil {
		return ""
	}
	return email
}

// address is the one that u goes by on an app of this kind.
func (u *user) address(p profile) string {
	byName := ""
	if hub.ValidEmail(strings.TrimSpace(u.userName)) == nil {
		byName = strings.TrimSpace(u.userName)
	}
	switch own := u.own(); {
	case p.obscures && u.status() == hub.StatusSuspended && own != "":
		return own
	case byName != "" && p.address != inEmails:
		return byName
	}
	best, rank := "", -1
	for _, e := range u.emails.list {
		at := 0
		switch {
		case e.primary:
			at = 2
		case strings.EqualFold(e.kind, "work"):
			at = 1
		}
		if at > rank {
			best, rank = strings.TrimSpace(e.value), at
		}
	}
	if best != "" {
		return best
	}
	return byName
}

// has says whether the folded address is one of u's: the one it goes by, or
// another one.
func (u *user) has(p profile, email string) bool {
	if hub.FoldEmail(u.address(p)) == email || hub.FoldEmail(u.userName) == email {
		return true
	}
	for _, e := range u.emails.list {
		if hub.FoldEmail(e.value) == email {
			return true
		}
	}
	return false
}

// group is a Group resource.
type group struct {
	resource
	displayName string
	members     entries
	// told is false when the app leaves the members out, which is not an empty
	// group.
	told bool
}

// UnmarshalJSON keeps everything.
func (g *group) UnmarshalJSON(raw []byte) error {
	*g = group{}
	if err := g.read(raw); err != nil {
		return err
	}
	g.displayName = g.raw.text("displayName")
	_, g.told = g.raw[g.raw.key("members")]
	if err := json.Unmarshal(orNull(g.raw.get("members")), &g.members); err != nil {
		return fmt.Errorf("the members of group %s: %w", g.ID, err)
	}
	return nil
}

// holds says whether the user is in the group, by name and not through another
// group.
func (g *group) holds(userID string) bool {
	for _, m := range g.members.list {
		if m.value == userID && !strings.EqualFold(m.kind, "Group") {
			return true
		}
	}
	return false
}

// page is one answer of a list.
type page struct {
	items      []json.RawMessage
	total      int // -1 when the app does not say
	nextCursor string
}

// UnmarshalJSON reads a ListResponse, whatever the case of its names. A bare
// array is a list too, where a discovery endpoint gives one; of people it is an
// error: nobody could tell the first page from the whole.
func (p *page) UnmarshalJSON(raw []byte) error {
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		return err
	}
	if err := versionOf(o); err != nil {
		return err
	}
	p.total = -1
	if text := o.text("totalResults"); text != "" {
		if _, err := fmt.Sscan(text, &p.total); err != nil {
			return fmt.Errorf("totalResults is %q", text)
		}
	}
	p.nextCursor = o.text("nextCursor")
	listed := o.get("Resources")
	if absent(listed) {
		if p.total < 0 {
			return errors.New("the answer holds no list")
		}
		return nil
	}
	return json.Unmarshal(listed, &p.items)
}

// errVersion is an app that speaks SCIM 1.1.
var errVersion = errors.New("the app speaks SCIM 1.1")

func versionOf(o object) error {
	var schemas []string
	_ = json.Unmarshal(o.get("schemas"), &schemas) // missing in many answers
	for _, urn := range schemas {
		if strings.HasPrefix(strings.ToLower(urn), version1) {
			return errVersion
		}
	}
	return nil
}

// hints is what an app says of itself. Each is a hint: apps get it wrong.
type hints struct {
	patch, filter bool
	maxResults    int // 0: not told
}

// defaultHints are those of an app that says nothing.
var defaultHints = hints{patch: true, filter: true}

// UnmarshalJSON reads a ServiceProviderConfig.
func (h *hints) UnmarshalJSON(raw []byte) error {
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		return err
	}
	if err := versionOf(o); err != nil {
		return err
	}
	*h = defaultHints
	if supported, known := truth(o.object("patch").get("supported")); known {
		h.patch = supported
	}
	filter := o.object("filter")
	if supported, known := truth(filter.get("supported")); known {
		h.filter = supported
	}
	if text := filter.text("maxResults"); text != "" {
		if _, err := fmt.Sscan(text, &h.maxResults); err != nil {
			h.maxResults = 0
		}
	}
	return nil
}

// Bodies of the writes.
type (
	newUser struct {
		Schemas      []string   `json:"schemas"`
		ExternalID   string     `json:"externalId"`
		UserName     string     `json:"userName"`
		Name         *fullName  `json:"name,omitempty"`
		DisplayName  string     `json:"displayName,omitempty"`
		Emails       []newValue `json:"emails"`
		Active       bool       `json:"active"`
		Roles        []newValue `json:"roles,omitempty"`
		Entitlements []newValue `json:"entitlements,omitempty"`
	}
	fullName struct {
		GivenName  string `json:"givenName,omitempty"`
		FamilyName string `json:"familyName,omitempty"`
		Formatted  string `json:"formatted,omitempty"`
	}
	newValue struct {
		Value   string `json:"value"`
		Type    string `json:"type,omitempty"`
		Primary bool   `json:"primary,omitempty"`
	}
	patchBody struct {
		Schemas    []string    `json:"schemas"`
		Operations []operation `json:"Operations"`
	}
	operation struct {
		Op    string `json:"op"`
		Path  string `json:"path,omitempty"`
		Value any    `json:"value,omitempty"`
	}
)

// nameOf splits a display name at its last space; a single word is a given name.
func nameOf(display string) *fullName {
	display = strings.TrimSpace(display)
	if display == "" {
		return nil
	}
	at := strings.LastIndex(display, " ")
	if at < 0 {
		return &fullName{GivenName: display, Formatted: display}
	}
	return &fullName{GivenName: strings.TrimSpace(display[:at]), FamilyName: display[at+1:], Formatted: display}
}

// problem is the body of an answer that is not 2xx.
type problem struct {
	kind    string
	message string
}

// problemIn reads the error of a body, SCIM's or another JSON object's. ok is
// false when the body is no JSON object.
func problemIn(body []byte) (p problem, ok bool) {
	var o object
	if json.Unmarshal(body, &o) != nil {
		return p, false
	}
	p.kind = o.text("scimType")
	for _, name := range []string{"detail", "message", "error_description", "error", "title"} {
		if p.message == "" {
			p.message = o.text(name)
		}
	}
	var listed []object
	if p.message == "" && json.Unmarshal(o.get("Errors"), &listed) == nil && len(listed) > 0 {
		p.message = listed[0].text("description") + listed[0].text("detail")
	}
	return p, true
}
