package hubsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

func (s *scimSim) addHub(seed HubSeed) error {
	if !scimBusinessID.MatchString(seed.BusinessID) {
		return fmt.Errorf("business_id %q is not an app's key: lower-case letters, digits, - and _", seed.BusinessID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.vacant(seed.BusinessID); err != nil {
		return err
	}
	now := s.clock.Now()
	h := &scimHub{
		hubBasics: basics(seed, "App "+seed.BusinessID, defaultScimSettings()),
		users:     newScimStore(), groups: newScimStore(), calls: map[bool][]time.Time{},
	}
	// Not the hub's own configure: there is nobody yet whose roles would move.
	if err := seed.configure(h.hubBasics.configure, now); err != nil {
		return err
	}
	given := make(map[*scimResource]scimRoleSet, len(seed.People))
	for _, p := range seed.People {
		r, roles, err := h.settle(p, now)
		if err != nil {
			return fmt.Errorf("%s%s: %w", p.Email, p.Name, err)
		}
		given[r] = roles
	}
	h.place(given, now)
	s.enlist(h.id, h)
	return nil
}

// scimRoleSet is a role and the others beside it.
type scimRoleSet struct {
	role  string
	extra []string
}

func (set scimRoleSet) all() []string {
	if set.role == "" {
		return set.extra
	}
	return append([]string{set.role}, set.extra...)
}

// list is the set as an attribute has it.
func (set scimRoleSet) list() []any {
	var list []any
	for i, role := range set.all() {
		entry := scimObject{"value": role}
		if i == 0 && set.role != "" {
			entry["primary"] = true
		}
		list = append(list, entry)
	}
	return list
}

// roleSet reads role names as a seed or an act has them.
func (h *scimHub) roleSet(role string, extra []string) (scimRoleSet, error) {
	switch {
	case role == generatedAdmin && len(h.settings.AdminRoles) > 0:
		role = h.settings.AdminRoles[0]
	case role == generatedAdmin:
		return scimRoleSet{}, errors.New("there is no administrator role: admin_roles is empty")
	case role == "":
		role = h.settings.usual()
	}
	set := scimRoleSet{role: role}
	for _, e := range extra {
		if e != role && e != "" && !slices.Contains(set.extra, e) {
			set.extra = append(set.extra, e)
		}
	}
	for _, name := range set.all() {
		if !h.settings.knows(name) {
			return set, fmt.Errorf("role %q is not one of %q", name, h.settings.Roles)
		}
	}
	return set, nil
}

// settle puts somebody on an app from the start, without their roles.
func (h *scimHub) settle(seed PersonSeed, now time.Time) (*scimResource, scimRoleSet, error) {
	set, err := h.roleSet(seed.Role, seed.ExtraRoles)
	switch {
	case err != nil:
		return nil, set, err
	case seed.PendingEmail != "":
		return nil, set, errors.New("there is no pending_email in SCIM")
	case !slices.Contains([]string{"", StatusActive, StatusSuspended}, seed.Status):
		return nil, set, fmt.Errorf("status %q is not one of active, suspended: SCIM has no invitations", seed.Status)
	}
	attrs, err := h.newcomer(seed.Email, seed.Name)
	if err != nil {
		return nil, set, err
	}
	attrs["active"] = seed.Status != StatusSuspended
	return h.put(scimUsers, nil, &scimState{attrs: attrs}, now, now), set, nil
}

// newcomer are the attributes of somebody an administrator adds by hand.
func (h *scimHub) newcomer(email, name string) (scimObject, error) {
	userName := email
	switch {
	case email == "" && name == "":
		return nil, errors.New("an email or a name is needed")
	case email == "":
		userName = strings.ToLower(strings.Join(strings.Fields(name), "."))
	case !validEmail(email):
		return nil, fmt.Errorf("%q is not an e-mail address", email)
	}
	if h.settings.RewritesUserName {
		userName = h.freeHandle(userName, nil)
	}
	if h.users.holder(scimUserNameKey(userName)) != nil || email != "" && h.users.holder(scimEmailKey(email)) != nil {
		return nil, errors.New("is there already")
	}
	attrs := scimObject{"userName": userName, "active": true}
	if email != "" {
		attrs["emails"] = []any{scimObject{"value": email, "type": "work", "primary": true}}
	}
	if name != "" {
		attrs["displayName"] = name
		attrs["name"] = scimObject{"formatted": name}
	}
	return attrs, nil
}

// place gives people their roles where the app keeps them, at once. Of a crowd
// each group is written once.
func (h *scimHub) place(given map[*scimResource]scimRoleSet, now time.Time) {
	if h.settings.RoleSource != "groups" {
		for _, r := range h.users.list {
			set, mine := given[r]
			if !mine {
				continue
			}
			st := *r.states.truth()
			st.attrs, _ = scimClone(st.attrs).(scimObject)
			if st.attrs[h.settings.RoleSource] = set.list(); len(set.all()) == 0 {
				delete(st.attrs, h.settings.RoleSource)
			}
			h.put(scimUsers, r, &st, now, now)
		}
		return
	}
	for _, role := range h.settings.Roles {
		h.groupNamed(role, now, now)
	}
	members := map[*scimResource][]string{}
	// Roles before others, so that an app without a list of roles has its groups
	// in that order too: see roleGroups.
	for _, primary := range []bool{true, false} {
		for _, r := range h.users.list {
			set := given[r]
			names := set.extra
			if primary && set.role != "" {
				names = []string{set.role}
			} else if primary {
				names = nil
			}
			for _, name := range names {
				g := h.groupNamed(name, now, now)
				members[g] = append(members[g], r.id)
			}
		}
	}
	for _, g := range h.groups.list {
		if ids := members[g]; ids != nil {
			st := g.states.truth()
			next := &scimState{attrs: st.attrs, members: scimDistinct(append(slices.Clone(st.members), ids...))}
			h.put(scimGroups, g, next, now, now)
		}
	}
}

// groupNamed finds a group, or makes it.
func (h *scimHub) groupNamed(name string, shown, now time.Time) *scimResource {
	if g := h.groups.holder(scimDisplayKey(name)); g != nil {
		return g
	}
	return h.put(scimGroups, nil, &scimState{attrs: scimObject{"displayName": name}}, shown, now)
}

// configure puts a patch in force. Where roles move to another attribute, so do
// everybody's.
func (h *scimHub) configure(patch json.RawMessage, now time.Time) error {
	next, err := h.settings.patched(patch, now)
	if err != nil {
		return err
	}
	was, knew := h.settings.RoleSource, h.settings.Roles
	if was == next.RoleSource {
		if h.settings = next; was == "groups" && !slices.Equal(knew, next.Roles) {
			h.place(nil, now) // nobody moves; groups for new roles appear
		}
		return nil
	}
	moving := map[*scimResource]scimRoleSet{}
	for _, r := range h.users.list {
		st := r.states.truth()
		if st.gone {
			continue
		}
		role, extra := h.rolesOf(r, st)
		moving[r] = scimRoleSet{role, extra}
		for _, name := range moving[r].all() {
			if !next.knows(name) {
				return fmt.Errorf("settings: %s has the role %q, which is not one of %q", st.email(), name, next.Roles)
			}
		}
	}
	for _, r := range h.users.list {
		if _, moves := moving[r]; !moves {
			continue
		}
		if was == "groups" {
			for _, g := range h.groups.list {
				h.member(g, r.id, false, now, now)
			}
			continue
		}
		st := *r.states.truth()
		st.attrs, _ = scimClone(st.attrs).(scimObject)
		delete(st.attrs, was)
		h.put(scimUsers, r, &st, now, now)
	}
	h.settings = next
	h.place(moving, now)
	return nil
}

// playable acts are of an administrator in the app's own screens.
func (s *scimSim) playable() actTable[*scimHub] {
	none := func(*scimHub, Act, time.Time) (Person, error) {
		return Person{}, impossible("SCIM has no invitations")
	}
	return actTable[*scimHub]{
		ActJoin:   (*scimHub).actJoin,
		ActRemove: (*scimHub).actOn, ActSetRole: (*scimHub).actOn, ActSuspend: (*scimHub).actOn, ActResume: (*scimHub).actOn,
		ActInvite: none, ActAccept: none, ActDecline: none, ActExpire: none,
	}
}

// actOn is about somebody who is there.
func (h *scimHub) actOn(a Act, now time.Time) (Person, error) {
	r := h.who(a)
	if r == nil {
		return Person{}, impossible("nobody there")
	}
	if a.Action == ActSetRole {
		return h.actSetRole(r, a, now)
	}
	return h.actSwitch(r, a.Action, now)
}

// who finds the user an act is about.
func (h *scimHub) who(a Act) *scimResource {
	if a.ID != "" {
		if r := h.users.byID[a.ID]; r != nil && !r.states.truth().gone {
			return r
		}
		return nil
	}
	if r := h.users.holder(scimEmailKey(a.Email)); r != nil {
		return r
	}
	return h.users.holder(scimUserNameKey(a.Email))
}

func (h *scimHub) actJoin(a Act, now time.Time) (Person, error) {
	set, err := h.roleSet(a.Role, a.ExtraRoles)
	if err != nil {
		return Person{}, impossible("%v", err)
	}
	attrs, err := h.newcomer(a.Email, a.Name)
	if err != nil {
		return Person{}, impossible("%v", err)
	}
	groups := h.settings.RoleSource == "groups"
	if list := set.list(); !groups && list != nil {
		attrs[h.settings.RoleSource] = list
	}
	r := h.put(scimUsers, nil, &scimState{attrs: attrs}, h.appears(now), now)
	if groups {
		h.regroup(r, set, now)
	}
	return h.person(r), nil
}

// regroup puts somebody into the groups of a set of roles, and into no other.
func (h *scimHub) regroup(r *scimResource, set scimRoleSet, now time.Time) {
	shown := h.appears(now)
	for _, name := range set.all() {
		h.groupNamed(name, shown, now)
	}
	for _, g := range h.groups.list {
		name := g.states.truth().text("displayName")
		wanted := slices.ContainsFunc(set.all(), func(role string) bool { return strings.EqualFold(role, name) })
		h.member(g, r.id, wanted, shown, now)
	}
}

func (h *scimHub) actSetRole(r *scimResource, a Act, now time.Time) (Person, error) {
	st := *r.states.truth()
	role, extra := h.rolesOf(r, &st)
	if a.Role != "" {
		role = a.Role
	}
	if a.ExtraRoles != nil {
		extra = a.ExtraRoles
	}
	set, err := h.roleSet(role, extra)
	if err != nil {
		return Person{}, impossible("%v", err)
	}
	if h.lastAdmin(r) && !slices.ContainsFunc(set.all(), h.settings.isAdmin) {
		return Person{}, impossible("the last administrator")
	}
	if h.settings.RoleSource == "groups" {
		h.regroup(r, set, now)
		return h.person(r), nil
	}
	st.attrs, _ = scimClone(st.attrs).(scimObject)
	st.attrs[h.settings.RoleSource] = set.list()
	h.put(scimUsers, r, &st, h.appears(now), now)
	return h.person(r), nil
}

// actSwitch removes, suspends or resumes somebody.
func (h *scimHub) actSwitch(r *scimResource, action string, now time.Time) (Person, error) {
	st := *r.states.truth()
	switch {
	case action != ActResume && h.lastAdmin(r):
		return Person{}, impossible("the last administrator")
	case action == ActSuspend && !st.active():
		return Person{}, impossible("is suspended already")
	case action == ActResume && st.active():
		return Person{}, impossible("is active already")
	case action == ActResume && h.seatsLeft() == 0:
		return Person{}, impossible("there is no free seat")
	}
	if action == ActRemove && !h.settings.SoftDelete {
		gone := h.person(r)
		h.remove(r, h.appears(now), now)
		return gone, nil
	}
	st.attrs, _ = scimClone(st.attrs).(scimObject)
	st.attrs["active"] = action == ActResume
	h.put(scimUsers, r, &st, h.appears(now), now)
	return h.person(r), nil
}
