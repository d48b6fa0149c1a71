package hubsim

import (
	"slices"
	"strings"
)

// operation takes the one operation of a mutate and says which of the kinds it
// is. The two mutates take neither an array nor partialFailure.
func (gc *googleCall) operationOf(names []string, kinds ...string) (op googleObject, kind string, refused *googleError) {
	op, refused = gc.fields.object("operation")
	if refused != nil {
		return op, "", refused
	}
	if refused := op.only(names...); refused != nil {
		return op, "", refused
	}
	for _, name := range kinds {
		if !op.has(name) {
			continue
		}
		if kind != "" {
			return op, "", googleBadRequest(op.at, "Invalid value at 'operation' (oneof), oneof field 'operation' is already set. Cannot set '"+name+"'")
		}
		kind = name
	}
	if kind == "" {
		return op, "", googleErr("requestError", "OPERATION_REQUIRED", "The required operation is missing.").about("", "operation")
	}
	return op, kind, nil
}

func googleResult(resource string) googleFields {
	return googleFields{"result": googleFields{"resourceName": resource}}
}

// mutateAccess changes a member's role or removes them.
// API: Google Ads, CustomerUserAccessService.MutateCustomerUserAccess
func (g *googleSim) mutateAccess(gc *googleCall) (any, *googleError) {
	op, kind, refused := gc.operationOf([]string{"update", "remove", "updateMask"}, "update", "remove")
	if refused != nil {
		return nil, refused
	}
	if kind == "remove" {
		return g.removeAccess(gc, op)
	}
	return g.updateAccess(gc, op)
}

func (gc *googleCall) user(resource, path string) (*googleUser, *googleError) {
	id, refused := gc.id(resource, "customerUserAccesses", path)
	if refused != nil {
		return nil, refused
	}
	u := gc.hub.userByID[id]
	if u == nil {
		return nil, googleErr("customerUserAccessError", "INVALID_USER_ID", "There is no user associated with the user id specified.").about(resource, path)
	}
	if u.gone() {
		return nil, googleErr("mutateError", "RESOURCE_NOT_FOUND", "Resource was not found.").about(resource, path)
	}
	return u, nil
}

func (g *googleSim) removeAccess(gc *googleCall, op googleObject) (any, *googleError) {
	h := gc.hub
	if op.has("updateMask") {
		return nil, googleErr("fieldMaskError", "FIELD_MASK_NOT_ALLOWED", "The field mask is not allowed for remove operations.").about("", "operation.update_mask")
	}
	resource, refused := op.text("remove")
	if refused != nil {
		return nil, refused
	}
	u, refused := gc.user(resource, "operation.remove")
	if refused != nil {
		return nil, refused
	}
	if slices.ContainsFunc(h.settings.RemovalDisallowed, func(e string) bool { return foldEmail(e) == foldEmail(u.email) }) {
		return nil, googleErr("customerUserAccessError", "REMOVAL_DISALLOWED", "Unable to remove the access between the user and customer.").about(resource, "operation.remove")
	}
	if refused := h.keepsLastAdmin(u); refused != nil {
		return nil, refused.about(resource, "operation.remove")
	}
	if refused := u.review.alreadyHeld(gc.now); refused != nil {
		return nil, refused
	}
	if h.needsApproval(u.role) {
		return g.hold(gc, &googleReview{operation: googleRemove, user: u}), nil
	}
	h.leave(u, gc.now)
	return googleResult(resource), nil
}

// googleAccessFields are the fields of a CustomerUserAccess that an update mask
// may not name.
var googleAccessFields = []string{
	"resourceName", "userId", "emailAddress", "accessCreationDateTime", "inviterUserEmailAddress",
	"passkeyEnabled", "pendingMultiPartyAuthReview",
}

func (g *googleSim) updateAccess(gc *googleCall, op googleObject) (any, *googleError) {
	h := gc.hub
	update, refused := op.object("update")
	if refused != nil {
		return nil, refused
	}
	if refused := update.only(append([]string{"accessRole"}, googleAccessFields...)...); refused != nil {
		return nil, refused
	}
	mask, refused := op.text("updateMask")
	if refused != nil {
		return nil, refused
	}
	if mask == "" {
		return nil, googleErr("fieldMaskError", "FIELD_MASK_MISSING", "The field mask must be provided for update operations.").about("", "operation.update_mask")
	}
	for _, path := range strings.Split(mask, ",") {
		switch {
		case path == "accessRole":
		case slices.Contains(googleAccessFields, path):
			return nil, googleErr("requestError", "IMMUTABLE_FIELD", "The field cannot be modified: %s.", path).about(path, "operation.update_mask")
		default:
			return nil, googleErr("fieldMaskError", "FIELD_NOT_FOUND", "The field mask contained an invalid field: %s.", path).about(path, "operation.update_mask")
		}
	}
	role, refused := update.role("accessRole")
	if refused != nil {
		return nil, refused
	}
	resource, refused := update.text("resourceName")
	if refused != nil {
		return nil, refused
	}
	u, refused := gc.user(resource, "operation.update.resource_name")
	if refused != nil {
		return nil, refused
	}
	if u.role == role {
		return googleResult(resource), nil // nothing to do, so nothing to approve
	}
	if h.settings.EmailOnlyFixed && (u.role == googleEmailOnly || role == googleEmailOnly) {
		return nil, googleErr("customerUserAccessError", "DISALLOWED_ACCESS_ROLE", "The access role of this user cannot be changed to the one given.").about(role, "operation.update.access_role")
	}
	if refused := h.keepsLastAdmin(u); refused != nil {
		return nil, refused.about(resource, "operation.update.access_role")
	}
	if refused := u.review.alreadyHeld(gc.now); refused != nil {
		return nil, refused
	}
	if h.needsApproval(u.role, role) {
		return g.hold(gc, &googleReview{operation: googleUpdate, user: u, role: role}), nil
	}
	h.setRole(u, role, gc.now)
	return googleResult(resource), nil
}

// mutateInvitation invites, or takes an invitation back. An invitation cannot be
// changed: its service has no update.
// API: Google Ads, CustomerUserAccessInvitationService.MutateCustomerUserAccessInvitation
func (g *googleSim) mutateInvitation(gc *googleCall) (any, *googleError) {
	op, kind, refused := gc.operationOf([]string{"create", "remove"}, "create", "remove")
	if refused != nil {
		return nil, refused
	}
	if kind == "remove" {
		return g.cancelInvitation(gc, op)
	}
	return g.invite(gc, op)
}

func (g *googleSim) invite(gc *googleCall, op googleObject) (any, *googleError) {
	h := gc.hub
	create, refused := op.object("create")
	if refused != nil {
		return nil, refused
	}
	ours := []string{"resourceName", "invitationId", "creationDateTime", "invitationStatus"}
	if refused := create.only(append([]string{"emailAddress", "accessRole"}, ours...)...); refused != nil {
		return nil, refused
	}
	for _, name := range ours {
		if create.has(name) {
			return nil, googleErr("requestError", "IMMUTABLE_FIELD", "The field cannot be set: %s.", name).about("", create.path(name))
		}
	}
	email, refused := create.text("emailAddress")
	if refused != nil {
		return nil, refused
	}
	if email == "" {
		return nil, googleErr("requestError", "REQUIRED_FIELD_MISSING", "The required field was not present.").about("", create.path("emailAddress"))
	}
	role, refused := create.role("accessRole")
	if refused != nil {
		return nil, refused
	}
	if refused := h.notInvitable(email, gc.now); refused != nil {
		return nil, refused
	}
	if h.needsApproval(role) {
		return g.hold(gc, &googleReview{operation: googleCreate, email: email, role: role}), nil
	}
	i := g.openInvitation(h, &googleInvitation{email: email, role: role, inviter: gc.bearer.email}, gc.now, h.appears(gc.now))
	return googleResult(i.resource()), nil
}

func (g *googleSim) cancelInvitation(gc *googleCall, op googleObject) (any, *googleError) {
	resource, refused := op.text("remove")
	if refused != nil {
		return nil, refused
	}
	id, refused := gc.id(resource, "customerUserAccessInvitations", "operation.remove")
	if refused != nil {
		return nil, refused
	}
	i := gc.hub.invitationByID[id]
	switch {
	case i == nil || i.gone() && !i.accepted:
		return nil, googleErr("accessInvitationError", "INVALID_INVITATION_ID", "The invitation ID is invalid.").about(resource, "operation.remove")
	case !i.open(gc.now):
		return nil, googleErr("accessInvitationError", "INVALID_INVITATION_STATUS", "Invitation status is invalid for this operation.").about(resource, "operation.remove")
	}
	if refused := i.review.alreadyHeld(gc.now); refused != nil {
		return nil, refused
	}
	if gc.hub.settings.ApproveCancellations && gc.hub.needsApproval(i.role) {
		return g.hold(gc, &googleReview{operation: googleRemove, invitation: i}), nil
	}
	gc.hub.withdraw(i, gc.hub.appears(gc.now), gc.now)
	return googleResult(resource), nil
}
