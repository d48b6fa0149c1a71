package hubsim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// scimHub is an app.
type scimHub struct {
	hubBasics[scimSettings]
	users    scimStore
	groups   scimStore
	lastID   int
	versions int
	calls    map[bool][]time.Time // of the last minute: reads, and writes under true
}

// scimStore keeps the resources of one kind.
type scimStore struct {
	list []*scimResource          // in the order of the list
	byID map[string]*scimResource // those that are gone too
	// byKey holds whoever had a key at any time: a short list to look through
	// instead of everybody, because a lag may still show what was.
	byKey map[string][]*scimResource
}

func newScimStore() scimStore {
	return scimStore{byID: map[string]*scimResource{}, byKey: map[string][]*scimResource{}}
}

// scimResource is a user or a group through its life.
type scimResource struct {
	kind    *scimKind
	id      string
	created time.Time
	states  timeline[*scimState]
}

// scimState is a resource between two changes. Nothing in it changes.
type scimState struct {
	gone     bool
	attrs    scimObject // by canonical name, without what the app computes
	members  []string   // of a group, by user id
	version  int
	modified time.Time
	set      map[string]bool // members, once somebody asked
}

func (st *scimState) active() bool { return st.attrs["active"] != false }

func (st *scimState) text(name string) string {
	text, _ := st.attrs[name].(string)
	return text
}

func (st *scimState) has(member string) bool {
	if st.set == nil {
		st.set = make(map[string]bool, len(st.members))
		for _, id := range st.members {
			st.set[id] = true
		}
	}
	return st.set[member]
}

// Keys.
func scimUserNameKey(name string) string { return "userName:" + strings.ToLower(name) }
func scimEmailKey(email string) string   { return "email:" + foldEmail(email) }
func scimExternalKey(id string) string   { return "externalId:" + id }
func scimDisplayKey(name string) string  { return "displayName:" + strings.ToLower(name) }

// keys are what a resource can be looked up by without reading all of them.
func (st *scimState) keys(kind *scimKind) []string {
	keys := []string{scimExternalKey(st.text("externalId"))}
	if kind == scimGroups {
		return append(keys, scimDisplayKey(st.text("displayName")))
	}
	keys = append(keys, scimUserNameKey(st.text("userName")))
	for _, email := range scimValues(st.attrs["emails"]) {
		keys = append(keys, scimEmailKey(email))
	}
	return keys
}

func (h *scimHub) store(kind *scimKind) *scimStore {
	if kind == scimGroups {
		return &h.groups
	}
	return &h.users
}

// appears is when a change made now begins to show.
func (h *scimHub) appears(now time.Time) time.Time {
	return now.Add(time.Duration(h.settings.VisibilityLag))
}

// newID makes an id in the form the app has. It means nothing.
func (h *scimHub) newID(kind *scimKind) string {
	h.lastID++
	switch h.settings.IDForm {
	case "number":
		return fmt.Sprint(100_000 + h.lastID)
	case "handle":
		return fmt.Sprintf("%c%08X", kind.name[0], 0x12AB0000+h.lastID)
	default:
		return fmt.Sprintf("7c0c3b1e-%04x-4c61-9f3f-4f3b%08x", h.lastID&0xffff, h.lastID)
	}
}

// put gives a resource a new state, or makes it when r is nil.
func (h *scimHub) put(kind *scimKind, r *scimResource, st *scimState, shown, now time.Time) *scimResource {
	store := h.store(kind)
	if r == nil {
		r = &scimResource{kind: kind, id: h.newID(kind), created: now}
		store.list = append(store.list, r)
		store.byID[r.id] = r
	}
	h.versions++
	st.version, st.modified = h.versions, now
	for _, key := range st.keys(kind) {
		if !slices.Contains(store.byKey[key], r) {
			store.byKey[key] = append(store.byKey[key], r)
		}
	}
	r.states.set(st, shown, now)
	return r
}

// holder finds who has a key now.
func (s *scimStore) holder(key string) *scimResource {
	for _, r := range s.byKey[key] {
		if st := r.states.truth(); !st.gone && slices.Contains(st.keys(r.kind), key) {
			return r
		}
	}
	return nil
}

// remove makes a resource gone. Somebody who is gone is in no group.
func (h *scimHub) remove(r *scimResource, shown, now time.Time) {
	st := *r.states.truth()
	st.gone = true
	h.put(r.kind, r, &st, shown, now)
	if r.kind == scimUsers {
		for _, g := range h.groups.list {
			h.member(g, r.id, false, shown, now)
		}
	}
}

// member puts somebody into a group, or takes them out.
func (h *scimHub) member(g *scimResource, id string, in bool, shown, now time.Time) {
	st := g.states.truth()
	at := slices.Index(st.members, id)
	if st.gone || in == (at >= 0) {
		return
	}
	next := &scimState{attrs: st.attrs, members: slices.Clone(st.members)}
	if in {
		next.members = append(next.members, id)
	} else {
		next.members = slices.Delete(next.members, at, at+1)
	}
	h.put(scimGroups, g, next, shown, now)
}

// areUsers refuses ids that are nobody's.
func (h *scimHub) areUsers(ids []string) *scimError {
	for _, id := range ids {
		if r := h.users.byID[id]; r == nil || r.states.truth().gone {
			return scimBad(scimInvalidValue, "There is no user %q to be a member.", id)
		}
	}
	return nil
}

// email is the address that stands for a user: the primary one, else the one for
// work, else the first, else a userName that is an address.
func (st *scimState) email() string {
	entries, _ := st.attrs["emails"].([]any)
	for _, preferred := range []func(scimObject) bool{
		func(e scimObject) bool { return e["primary"] == true },
		func(e scimObject) bool { return e["type"] == "work" },
		func(scimObject) bool { return true },
	} {
		for _, entry := range entries {
			if e, isObject := entry.(scimObject); isObject && preferred(e) {
				email, _ := e["value"].(string)
				return email
			}
		}
	}
	if name := st.text("userName"); validEmail(name) {
		return name
	}
	return ""
}

func (st *scimState) name() string {
	if name := st.text("displayName"); name != "" {
		return name
	}
	name, _ := st.attrs["name"].(scimObject)
	formatted, _ := name["formatted"].(string)
	return formatted
}

// rolesIn reads the role and the others from a list of roles: the primary entry
// is the role, else the first.
func rolesIn(v any) (role string, extra []string) {
	list, _ := v.([]any)
	at := slices.IndexFunc(list, func(entry any) bool {
		object, _ := entry.(scimObject)
		return object["primary"] == true
	})
	values := scimValues(v)
	if len(values) == 0 {
		return "", nil
	}
	if at = max(at, 0); at >= len(values) {
		at = 0
	}
	role = values[at]
	if len(values) == 1 {
		return role, nil
	}
	return role, slices.Delete(values, at, at+1)
}

// rolesOf is what a user has, wherever the app keeps it.
func (h *scimHub) rolesOf(r *scimResource, st *scimState) (role string, extra []string) {
	if h.settings.RoleSource != "groups" {
		return rolesIn(st.attrs[h.settings.RoleSource])
	}
	for _, g := range h.roleGroups() {
		if group := g.states.truth(); slices.Contains(group.members, r.id) {
			extra = append(extra, group.text("displayName"))
		}
	}
	switch len(extra) {
	case 0:
		return "", nil
	case 1:
		return extra[0], nil
	default:
		return extra[0], extra[1:]
	}
}

// roleGroups are the groups, those named by the roles setting first and in its
// order: membership has no order of its own, and no primary.
func (h *scimHub) roleGroups() []*scimResource {
	var named, others []*scimResource
	for _, role := range h.settings.Roles {
		if g := h.groups.holder(scimDisplayKey(role)); g != nil {
			named = append(named, g)
		}
	}
	for _, g := range h.groups.list {
		if !g.states.truth().gone && !slices.Contains(named, g) {
			others = append(others, g)
		}
	}
	return append(named, others...)
}

// people is the ground truth.
func (h *scimHub) people(time.Time) []Person {
	people := make([]Person, 0, len(h.users.list))
	var groups []*scimState // with their sets, for a crowd
	if h.settings.RoleSource == "groups" {
		for _, g := range h.roleGroups() {
			groups = append(groups, g.states.truth())
		}
	}
	for _, r := range h.users.list {
		st := r.states.truth()
		if st.gone {
			continue
		}
		p := h.contact(r, st)
		if groups == nil {
			p.Role, p.ExtraRoles = rolesIn(st.attrs[h.settings.RoleSource])
		}
		for _, g := range groups {
			switch name := g.text("displayName"); {
			case !g.has(r.id):
			case p.Role == "":
				p.Role = name
			default:
				p.ExtraRoles = append(p.ExtraRoles, name)
			}
		}
		people = append(people, p)
	}
	return people
}

// person is the ground truth about one user.
func (h *scimHub) person(r *scimResource) Person {
	st := r.states.truth()
	p := h.contact(r, st)
	p.Role, p.ExtraRoles = h.rolesOf(r, st)
	return p
}

func (h *scimHub) contact(r *scimResource, st *scimState) Person {
	p := Person{Email: st.email(), Name: st.name(), ID: r.id, Status: StatusActive}
	if !st.active() {
		p.Status = StatusSuspended
	}
	return p
}

// administers says whether a user is an active administrator.
func (h *scimHub) administers(r *scimResource) bool {
	st := r.states.truth()
	if st.gone || !st.active() {
		return false
	}
	role, extra := h.rolesOf(r, st)
	return h.settings.isAdmin(role) || slices.ContainsFunc(extra, h.settings.isAdmin)
}

// lastAdmin says whether nobody else administers the app.
func (h *scimHub) lastAdmin(r *scimResource) bool {
	return h.settings.ProtectsLastAdmin && h.administers(r) &&
		!slices.ContainsFunc(h.users.list, func(other *scimResource) bool { return other != r && h.administers(other) })
}

// owner says whether a user owns the app, where owners are protected.
func (h *scimHub) owner(r *scimResource) bool {
	if !h.settings.OwnerProtected || r == nil {
		return false
	}
	role, extra := h.rolesOf(r, r.states.truth())
	return role == h.settings.OwnerRole || slices.Contains(extra, h.settings.OwnerRole)
}

// seatsLeft says how many more people can be active; a negative number is no end.
func (h *scimHub) seatsLeft() int {
	switch {
	case h.settings.NoSeats:
		return 0
	case h.settings.Seats == 0:
		return -1
	}
	left := h.settings.Seats
	for _, r := range h.users.list {
		if st := r.states.truth(); !st.gone && st.active() {
			left--
		}
	}
	return max(0, left)
}

// scimScrambled is what stands for a name that is hidden.
func scimScrambled(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// freeHandle makes a userName as Slack does: an address becomes a handle nobody
// but self has.
func (h *scimHub) freeHandle(userName string, self *scimResource) string {
	wanted, _, isEmail := strings.Cut(userName, "@")
	if !isEmail || wanted == "" {
		return userName
	}
	free := strings.ToLower(wanted)
	for n := 2; ; n++ {
		if other := h.users.holder(scimUserNameKey(free)); other == nil || other == self {
			return free
		}
		free = fmt.Sprintf("%s%d", strings.ToLower(wanted), n)
	}
}
