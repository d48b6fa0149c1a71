package hubsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// metaSuccess is what a write answers when nothing else was asked for.
var metaSuccess = metaObject{"success": true}

// rolesGiven reads the role and tasks parameters; changed is false when neither
// was given.
func (mc *metaCall) rolesGiven(from metaGrant) (g metaGrant, changed bool, refused *metaError) {
	g = from
	if mc.params.Has("tasks") {
		tasks, refused := mc.list("tasks")
		if refused != nil {
			return g, false, refused
		}
		for _, task := range tasks {
			if !mc.hub.roleExists(task) {
				return g, false, metaErr(100, "Param tasks[0] must be one of the values of the enumeration, not %q", task).about("tasks")
			}
		}
		g, changed = metaGrantOf(tasks...), true
	}
	if mc.params.Has("role") {
		role := mc.params.Get("role")
		if !mc.hub.roleExists(role) {
			return g, false, metaErr(100, "Param role must be one of the values of the enumeration, not %q", role).about("role")
		}
		g, changed = g.with(role), true
	}
	return g, changed, nil
}

// list reads a parameter that holds a list: JSON text inside the form.
func (mc *metaCall) list(name string) ([]string, *metaError) {
	var values []string
	if err := json.Unmarshal([]byte(mc.params.Get(name)), &values); err != nil {
		return nil, metaErr(100, "Param %s must be an array", name).about(name)
	}
	return values, nil
}

// writable refuses what Meta refuses of any write.
func (m *metaSim) writable(mc *metaCall) *metaError {
	s := mc.hub.settings
	switch {
	case s.Blocked:
		return metaErr(368, "The action attempted has been deemed abusive or is otherwise disallowed").
			user("You're temporarily blocked", "You can't use this feature at the moment.")
	case s.SecondFactor && mc.cred.Kind == metaPerson:
		return metaErr(415, "Two factor authentication required").
			user("Two-factor authentication required", "Confirm your identity to continue.")
	}
	return nil
}

// invite opens an invitation. There is no direct add and no idempotency key.
// API: Meta, "Business > business_users" reference, creating.
func (m *metaSim) invite(mc *metaCall) (any, *metaError) {
	h := mc.hub
	fields, refused := mc.fields("BusinessUser")
	if refused != nil {
		return nil, refused
	}
	email := mc.params.Get("email")
	if email == "" {
		return nil, metaErr(100, "The parameter email is required").about("email")
	}
	if !validEmail(email) {
		return nil, metaErr(100, "Param email must be a valid email address").about("email").
			user("Invalid email", "Enter a valid email address.")
	}
	// What a call without role grants is not documented; least privilege here.
	grant, _, refused := mc.rolesGiven(metaGrant{base: metaRoleEmployee})
	if refused != nil {
		return nil, refused
	}
	var userTypes []string
	if mc.params.Has("invited_user_type") {
		if userTypes, refused = mc.list("invited_user_type"); refused != nil {
			return nil, refused
		}
		if slices.ContainsFunc(userTypes, func(t string) bool { return t != "FB" && t != "MWA" }) {
			return nil, metaErr(100, "Param invited_user_type must hold FB or MWA").about("invited_user_type")
		}
	}
	if refused := m.writable(mc); refused != nil {
		return nil, refused
	}
	if h.settings.InviteRefused {
		return nil, metaErr(10, "Application does not have permission for this action").sub(metaSubcodeRefusedInvite).
			user("Permission denied", "You do not have permission to add people to this business.")
	}
	if why := h.taken(email, mc.now); why != "" {
		return nil, metaErr(100, "%s %s", email, why).sub(metaSubcodeDuplicate).about("email").
			user("Person already added", "This person "+why+".")
	}
	if refused := h.inviteQuota(mc.now); refused != nil {
		return nil, refused
	}

	if h.settings.EmailCase == "lower" {
		email = foldEmail(email)
	}
	r := m.openRequest(h, &metaRequest{
		metaGrantHolder: metaGrantHolder{grant.base, grant.extra},
		email:           email, userTypes: userTypes,
		createdBy: metaActor{mc.cred.id, mc.cred.Name}, updatedBy: metaActor{mc.cred.id, mc.cred.Name},
	}, mc.now, h.appears(mc.now))

	// The documents do not say which id this is. The opaque one stands for
	// "neither of the two a caller could use", so nobody grows to rely on it.
	id := m.newID(metaOpaqueIDs)
	if h.settings.InviteResponseID == "role_request" {
		id = r.id
	}
	if fields == nil {
		return metaObject{"id": id}, nil
	}
	return metaRender("BusinessUser", fields, func(field string, _ []metaSelection) any {
		return map[string]any{"id": id, "email": r.email, "role": h.spelled(r.role)}[field]
	}), nil
}

// inviteQuota counts an invitation against the caps. Meta does not publish them;
// a public write-up has the daily one answering with code 17.
func (h *metaHub) inviteQuota(now time.Time) *metaError {
	h.inviteTimes = slices.DeleteFunc(h.inviteTimes, func(t time.Time) bool { return !t.After(now.Add(-24 * time.Hour)) })
	hourAgo, lastHour := now.Add(-time.Hour), 0
	for _, t := range h.inviteTimes {
		if t.After(hourAgo) {
			lastHour++
		}
	}
	if limit := h.settings.InvitesPerHour; limit > 0 && lastHour >= limit {
		return metaErr(613, "Calls to this api have exceeded the rate limit.")
	}
	if limit := h.settings.InvitesPerDay; limit > 0 && len(h.inviteTimes) >= limit {
		return metaErr(17, "User request limit reached")
	}
	h.inviteTimes = append(h.inviteTimes, now)
	return nil
}

// changeMember changes a member's roles or details.
// API: Meta, "Business User" reference, updating.
func (m *metaSim) changeMember(mc *metaCall) (any, *metaError) {
	u := mc.user
	if u.removed() {
		return nil, metaGone(http.MethodPost, u.id)
	}
	fields, refused := mc.fields("BusinessUser")
	if refused != nil {
		return nil, refused
	}
	grant, changed, refused := mc.rolesGiven(u.grant())
	if refused != nil {
		return nil, refused
	}
	email, refused := mc.newEmail("email", u)
	if refused != nil {
		return nil, refused
	}
	pending, refused := mc.newEmail("pending_email", u)
	if refused != nil {
		return nil, refused
	}
	clearPending, refused := mc.flag("clear_pending_email")
	if refused != nil {
		return nil, refused
	}
	skipVerification, refused := mc.flag("skip_verification_email")
	if refused != nil {
		return nil, refused
	}
	if refused := m.writable(mc); refused != nil {
		return nil, refused
	}
	if changed && !u.hub.setGrant(u, grant) {
		return nil, metaLastAdmin()
	}

	for name, target := range map[string]*string{"first_name": &u.firstName, "last_name": &u.lastName, "title": &u.title} {
		if mc.params.Has(name) {
			*target = mc.params.Get(name)
		}
	}
	if clearPending {
		u.pendingEmail = ""
	}
	if pending != "" {
		u.pendingEmail = pending
	}
	switch {
	case email != "" && skipVerification:
		delete(u.hub.userByEmail, foldEmail(u.email))
		u.email, u.pendingEmail = email, ""
		u.hub.userByEmail[foldEmail(email)] = u
	case email != "": // takes effect once the person confirms it
		u.pendingEmail = email
	}
	if fields != nil {
		return u.object(fields), nil
	}
	return metaSuccess, nil
}

func (mc *metaCall) newEmail(name string, u *metaUser) (string, *metaError) {
	email := mc.params.Get(name)
	if email == "" {
		return "", nil
	}
	if !validEmail(email) {
		return "", metaErr(100, "Param %s must be a valid email address", name).about(name)
	}
	if other := u.hub.userByEmail[foldEmail(email)]; other != nil && other != u {
		return "", metaErr(100, "%s is already a member of this business", email).sub(metaSubcodeDuplicate).about(name)
	}
	return email, nil
}

func (mc *metaCall) flag(name string) (bool, *metaError) {
	switch text := mc.params.Get(name); text {
	case "", "false", "0":
		return false, nil
	case "true", "1":
		return true, nil
	default:
		return false, metaErr(100, "Param %s must be a boolean", name).about(name)
	}
}

// removeMember ends a seat, the caller's own too.
// API: Meta, "Business User" reference, deleting.
func (m *metaSim) removeMember(mc *metaCall) (any, *metaError) {
	u := mc.user
	if u.removed() {
		return nil, metaGone(http.MethodDelete, u.id)
	}
	if refused := m.writable(mc); refused != nil {
		return nil, refused
	}
	if u.hub.lastAdmin(u) {
		return nil, metaLastAdmin()
	}
	u.hub.leave(u, mc.now)
	return metaSuccess, nil
}

func metaLastAdmin() *metaError {
	return metaErr(3914, "It looks like you're trying to remove the last admin.").sub(metaSubcodeLastAdmin).
		user("Can't remove admin", "At least one admin is required.")
}

// changeInvitation changes the role of an open invitation in place.
// API: Meta, "Business Role Request" reference, updating.
func (m *metaSim) changeInvitation(mc *metaCall) (any, *metaError) {
	r := mc.invitation
	if r.removed() {
		return nil, metaGone(http.MethodPost, r.id)
	}
	fields, refused := mc.fields("BusinessRoleRequest")
	if refused != nil {
		return nil, refused
	}
	grant, _, refused := mc.rolesGiven(r.grant())
	if refused != nil {
		return nil, refused
	}
	if status := r.status(mc.now); status != metaPending {
		return nil, metaErr(100, "The invitation is %s and can no longer be changed", status)
	}
	if refused := m.writable(mc); refused != nil {
		return nil, refused
	}
	r.role, r.extra = grant.base, grant.extra
	r.updatedAt, r.updatedBy = mc.now, metaActor{mc.cred.id, mc.cred.Name}
	if fields != nil {
		return r.object(fields, mc.now), nil
	}
	return metaObject{"id": r.id}, nil
}

// cancelInvitation withdraws an invitation, open or closed.
// API: Meta, "Business Role Request" reference, deleting.
func (m *metaSim) cancelInvitation(mc *metaCall) (any, *metaError) {
	r := mc.invitation
	if r.removed() {
		return nil, metaGone(http.MethodDelete, r.id)
	}
	if refused := m.writable(mc); refused != nil {
		return nil, refused
	}
	r.hub.withdraw(r, mc.now)
	return metaSuccess, nil
}
