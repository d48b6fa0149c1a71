package hubsim

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// createUser serves POST /Users.
// API: RFC 7644, section 3.3.
func (s *scimSim) createUser(sc *scimCall) (*scimAnswer, *scimError) {
	next, refused := sc.readResource()
	if refused != nil {
		return nil, refused
	}
	if next["active"] == nil {
		next["active"] = true
	}
	if refused := sc.admit(nil, next); refused != nil {
		return nil, refused
	}
	h := sc.hub
	r := h.put(scimUsers, nil, &scimState{attrs: next}, h.appears(sc.now), sc.now)
	return sc.created(r), nil
}

func (sc *scimCall) readResource() (scimObject, *scimError) {
	document, refused := scimDocument(sc.body)
	if refused != nil {
		return nil, refused
	}
	return scimReader{sc.kind, sc.hub.settings}.resource(document)
}

// created answers a POST.
func (sc *scimCall) created(r *scimResource) *scimAnswer {
	a := sc.answer(http.StatusCreated, r, r.states.truth())
	if a.header["Location"] = r.location(sc.root); sc.hub.settings.Always200 {
		a.status = http.StatusOK
	}
	if sc.hub.settings.EmptyCreate {
		a.body = nil
	}
	return a
}

// updated answers a PUT or a PATCH.
func (sc *scimCall) updated(r *scimResource) *scimAnswer {
	a := sc.answer(http.StatusOK, r, r.states.truth())
	switch settings := sc.hub.settings; {
	case settings.Answers204:
		a.status, a.body = http.StatusNoContent, nil
	case settings.EchoesPatch && sc.request.Method == http.MethodPatch:
		object, _ := a.body.(scimObject)
		object["schemas"] = []string{scimPatchURN}
	}
	return a
}

// deleted answers a DELETE.
func (sc *scimCall) deleted() *scimAnswer {
	if sc.hub.settings.Always200 {
		return &scimAnswer{status: http.StatusOK, body: scimObject{}}
	}
	return &scimAnswer{status: http.StatusNoContent}
}

// existing finds the resource a write is about, as it is and not as it shows, and
// checks that it is the version the client has read.
// API: RFC 7644, section 3.14.
func (sc *scimCall) existing() (*scimResource, *scimState, *scimError) {
	r := sc.hub.store(sc.kind).byID[sc.id]
	if r == nil || r.states.truth().gone {
		return nil, nil, sc.notFound()
	}
	st := r.states.truth()
	if match := sc.request.Header.Get("If-Match"); match != "" && !sc.hub.settings.NoEtag && !sc.matches(match, st) {
		return nil, nil, scimErr(http.StatusPreconditionFailed, "", "The resource has changed: its version is %s.", st.etag())
	}
	return r, st, nil
}

// replaceUser serves PUT /Users/{id}. What is left out is cleared.
// API: RFC 7644, section 3.5.1.
func (s *scimSim) replaceUser(sc *scimCall) (*scimAnswer, *scimError) {
	r, _, refused := sc.existing()
	if refused != nil {
		return nil, refused
	}
	next, refused := sc.readResource()
	if refused != nil {
		return nil, refused
	}
	if next["active"] == nil {
		next["active"] = !sc.hub.settings.PutSuspends
	}
	return sc.change(r, next)
}

// patchUser serves PATCH /Users/{id}.
// API: RFC 7644, section 3.5.2.
func (s *scimSim) patchUser(sc *scimCall) (*scimAnswer, *scimError) {
	if sc.hub.settings.NoPatch {
		return nil, scimErr(http.StatusNotImplemented, "", "PATCH is not supported.")
	}
	r, st, refused := sc.existing()
	if refused != nil {
		return nil, refused
	}
	document, refused := scimDocument(sc.body)
	if refused != nil {
		return nil, refused
	}
	attrs, _ := scimClone(st.attrs).(scimObject)
	p := &scimPatch{scimReader: scimReader{scimUsers, sc.hub.settings}, hub: sc.hub, attrs: attrs}
	if refused := p.run(document); refused != nil {
		return nil, refused
	}
	if p.attrs["active"] == nil {
		p.attrs["active"] = true
	}
	return sc.change(r, p.attrs)
}

// change gives a user other attributes, if the app admits them.
func (sc *scimCall) change(r *scimResource, next scimObject) (*scimAnswer, *scimError) {
	if refused := sc.admit(r, next); refused != nil {
		return nil, refused
	}
	if !reflect.DeepEqual(next, r.states.truth().attrs) {
		sc.hub.put(scimUsers, r, &scimState{attrs: next}, sc.hub.appears(sc.now), sc.now)
	}
	return sc.updated(r), nil
}

// deleteUser serves DELETE /Users/{id}.
// API: RFC 7644, section 3.6.
func (s *scimSim) deleteUser(sc *scimCall) (*scimAnswer, *scimError) {
	h := sc.hub
	if h.settings.DeleteUnsupported {
		return nil, scimErr(h.settings.DeleteStatus, "", "Users cannot be deleted.")
	}
	r, st, refused := sc.existing()
	if refused != nil {
		return nil, refused
	}
	if refused := h.protects(r); refused != nil {
		return nil, refused
	}
	if !h.settings.SoftDelete {
		h.remove(r, h.appears(sc.now), sc.now)
	} else if st.active() {
		attrs, _ := scimClone(st.attrs).(scimObject)
		attrs["active"] = false
		h.put(scimUsers, r, &scimState{attrs: attrs}, h.appears(sc.now), sc.now)
	}
	return sc.deleted(), nil
}

// protects refuses to take somebody's seat whom the app does not let go.
func (h *scimHub) protects(r *scimResource) *scimError {
	switch {
	case h.owner(r):
		return scimErr(h.settings.ProtectedStatus, "", "An owner cannot be removed.")
	case h.lastAdmin(r):
		return scimErr(h.settings.ProtectedStatus, "", "The last administrator cannot be removed.")
	}
	return nil
}

// admit checks what a client wants to make of a user, and adjusts it as the app
// does; r is nil for a new one.
func (sc *scimCall) admit(r *scimResource, next scimObject) *scimError {
	was := &scimState{attrs: scimObject{}}
	if r != nil {
		was = r.states.truth()
		sc.hub.unscramble(was, next)
	}
	for _, check := range []func(r *scimResource, was *scimState, next scimObject) *scimError{
		sc.hub.admitAttributes, sc.hub.admitRoles, sc.hub.admitOwner, sc.hub.admitActivity, sc.hub.admitNames,
	} {
		if refused := check(r, was, next); refused != nil {
			return refused
		}
	}
	return nil
}

// unscramble puts names back that a client has read scrambled, and sends with the
// whole of the user.
func (h *scimHub) unscramble(was *scimState, next scimObject) {
	if !h.settings.ObfuscatesInactive || was.active() {
		return
	}
	if name := was.text("userName"); next["userName"] == scimScrambled(name) {
		next["userName"] = name
	}
	entries, _ := next["emails"].([]any)
	for _, email := range scimValues(was.attrs["emails"]) {
		for _, entry := range entries {
			if e, isObject := entry.(scimObject); isObject && e["value"] == scimScrambledEmail(email) {
				e["value"] = email
			}
		}
	}
}

func (h *scimHub) admitAttributes(r *scimResource, was *scimState, next scimObject) *scimError {
	if name, _ := next["userName"].(string); name == "" {
		return scimBad(scimInvalidValue, "userName is required.")
	}
	if h.settings.DropsExternalID {
		delete(next, "externalId")
	}
	for name, value := range next {
		changed := !reflect.DeepEqual(value, was.attrs[name])
		list, _ := value.([]any)
		switch {
		case changed && slices.ContainsFunc(h.settings.Refused, func(refused string) bool { return strings.EqualFold(refused, name) }):
			return scimBad(scimInvalidValue, "%s is not supported.", name)
		case h.settings.SingleValued && len(list) > 1:
			return scimBad(scimInvalidValue, "%s takes one value.", name)
		}
	}
	if r != nil && h.settings.FixedUserName && next["userName"] != was.attrs["userName"] {
		return scimBad(scimMutability, "userName cannot be changed.")
	}
	return nil
}

func (h *scimHub) admitRoles(r *scimResource, was *scimState, next scimObject) *scimError {
	for _, name := range []string{"roles", "entitlements"} {
		if reflect.DeepEqual(next[name], was.attrs[name]) {
			continue
		}
		switch {
		case h.settings.ReadOnly:
			return scimBad(scimMutability, "%s is read-only.", name)
		case h.settings.IgnoreRoles, h.owner(r) && h.settings.OwnerChanges == "ignore" && name == h.settings.RoleSource:
			if next[name] = was.attrs[name]; next[name] == nil {
				delete(next, name)
			}
		}
	}
	source := h.settings.RoleSource
	if source == "groups" {
		return nil
	}
	if r == nil && next[source] == nil && h.settings.DefaultRole != "" {
		next[source] = scimRoleSet{role: h.settings.DefaultRole}.list()
	}
	had := scimValues(was.attrs[source])
	for _, role := range scimValues(next[source]) {
		if !h.settings.knows(role) && !slices.Contains(had, role) {
			return scimBad(scimInvalidValue, "There is no role %q.", role)
		}
	}
	if r == nil || !h.lastAdmin(r) {
		return nil
	}
	if !slices.ContainsFunc(scimValues(next[source]), h.settings.isAdmin) {
		return scimErr(h.settings.ProtectedStatus, "", "The last administrator cannot be given another role.")
	}
	return nil
}

func (h *scimHub) admitOwner(r *scimResource, was *scimState, next scimObject) *scimError {
	if source := h.settings.RoleSource; h.settings.OwnerProtected && source != "groups" {
		owns := slices.Contains(scimValues(next[source]), h.settings.OwnerRole)
		if r == nil && owns {
			return scimErr(h.settings.ProtectedStatus, "", "An owner cannot be created.")
		}
		if h.owner(r) && !reflect.DeepEqual(next[source], was.attrs[source]) {
			return scimErr(h.settings.ProtectedStatus, "", "The role of an owner cannot be changed.")
		}
	}
	if r != nil && was.active() && next["active"] == false {
		return h.protects(r)
	}
	return nil
}

func (h *scimHub) admitActivity(r *scimResource, was *scimState, next scimObject) *scimError {
	switch active := next["active"] != false; {
	case r != nil && !was.active() && !active && h.settings.InactiveFrozen && !reflect.DeepEqual(next, was.attrs):
		return scimBad(scimInvalidValue, "The user is not active and cannot be changed.")
	case active && (r == nil || !was.active()) && h.seatsLeft() == 0:
		return scimErr(h.settings.SeatStatus, "", "There is no free seat in the plan.")
	}
	return nil
}

// admitNames sees to what has to be unique. Names are compared without case. An
// address that becomes a handle gets one that is free, but it can be taken itself.
func (h *scimHub) admitNames(r *scimResource, was *scimState, next scimObject) *scimError {
	taken := func(what string) *scimError {
		return scimErr(h.settings.ConflictStatus, scimUniqueness, "%s is taken.", what)
	}
	userName, _ := next["userName"].(string)
	handle := h.settings.RewritesUserName && validEmail(userName) && userName != was.text("userName")
	if other := h.users.holder(scimUserNameKey(userName)); other != nil && other != r {
		return taken("userName")
	}
	if handle && next["emails"] == nil {
		next["emails"] = []any{scimObject{"value": userName, "primary": true}}
	}
	if h.settings.UniqueEmails {
		for _, email := range scimValues(next["emails"]) {
			if other := h.users.holder(scimEmailKey(email)); other != nil && other != r {
				return taken("The e-mail address")
			}
		}
	}
	if handle {
		next["userName"] = h.freeHandle(userName, r)
	}
	return nil
}
