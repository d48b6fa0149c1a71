package hubsim

import (
	"net/http"
	"slices"
	"time"
)

// API: Google Ads, MultiPartyAuthReviewStatusEnum
const (
	googleApproved = "APPROVED"
	googleRejected = "REJECTED"
	googleRevoked  = "REVOKED"
)

// What a review would do.
const (
	googleCreate = "CREATE"
	googleUpdate = "UPDATE"
	googleRemove = "REMOVE"
)

// googleReview is a MultiPartyAuthReview: a change a second administrator has to
// approve before it takes effect.
// API: Google Ads, "Multi-party approvals", https://developers.google.com/google-ads/api/docs/oauth/multi-party-approvals
type googleReview struct {
	id        string
	hub       *googleHub
	entry     *entry[*googleReview]
	operation string
	requester string
	createdAt time.Time
	expiresAt time.Time
	closed    string // by whom it was decided; expiry follows from the clock
	decidedAt time.Time

	user       *googleUser       // to update or remove
	invitation *googleInvitation // to cancel
	email      string            // to invite
	role       string            // to invite with, or to update to
}

func (r *googleReview) status(now time.Time) string {
	switch {
	case r.closed != "":
		return r.closed
	case !now.Before(r.expiresAt):
		return googleExpired
	default:
		return googlePending
	}
}

// pending is safe to ask of no review.
func (r *googleReview) pending(now time.Time) bool {
	return r != nil && r.status(now) == googlePending
}

func (r *googleReview) invites() bool { return r.operation == googleCreate }

func (r *googleReview) resource() string {
	return "customers/" + r.hub.id + "/multiPartyAuthReviews/" + r.id
}

func (r *googleReview) person() Person {
	expires := r.expiresAt
	return Person{Email: r.email, Status: StatusPendingApproval, Role: r.role, ID: r.id, ExpiresAt: &expires}
}

// heldInvite is the invitation of an address that awaits approval.
func (h *googleHub) heldInvite(email string, now time.Time) *googleReview {
	for _, e := range h.reviews.entries {
		if r := e.value; r.invites() && r.pending(now) && foldEmail(r.email) == foldEmail(email) {
			return r
		}
	}
	return nil
}

// needsApproval says whether a change that involves these roles is held. Help
// pages exempt read-only roles; e-mail only is taken for one.
func (h *googleHub) needsApproval(roles ...string) bool {
	switch h.settings.MultiPartyApproval {
	case "always":
		return true
	case "non_read_only":
		return slices.ContainsFunc(roles, func(r string) bool { return r != googleReadOnly && r != googleEmailOnly })
	default: // off: check refuses anything else
		return false
	}
}

// hold keeps a change until it is approved, and is the answer to the mutate: a
// success that has done nothing.
func (g *googleSim) hold(gc *googleCall, r *googleReview) googleFields {
	h := gc.hub
	r.id, r.hub, r.requester = g.newID(googleReviewIDs), h, gc.bearer.email
	r.createdAt, r.expiresAt = gc.now, gc.now.Add(time.Duration(h.settings.ReviewLifetime))
	r.entry = h.reviews.add(r, h.appears(gc.now))
	h.reviewByID[r.id] = r
	if r.user != nil {
		r.user.review = r
	}
	if r.invitation != nil {
		r.invitation.review = r
	}
	return googleFields{"result": googleFields{"multiPartyAuthReview": r.resource()}}
}

// approve carries a held change out. What was possible when it was asked for may
// no longer be.
func (g *googleSim) approve(r *googleReview, now time.Time) (googleFields, *googleError) {
	h := r.hub
	result := googleFields{"multiPartyAuthReview": r.resource()}
	switch r.operation {
	case googleCreate:
		r.closed = googleApproved // else the address would still be spoken for
		if refused := h.notInvitable(r.email, now); refused != nil {
			r.closed = ""
			return nil, refused
		}
		i := g.openInvitation(h, &googleInvitation{email: r.email, role: r.role, inviter: r.requester}, now, h.appears(now))
		result["customerUserAccessInvitation"] = i.resource()
	case googleUpdate:
		if r.role != googleAdmin {
			if refused := h.keepsLastAdmin(r.user); refused != nil {
				return nil, refused
			}
		}
		h.setRole(r.user, r.role, now)
		result["customerUserAccess"] = r.user.resource()
	case googleRemove:
		r.closed = googleApproved // leaving closes what is open
		switch {
		case r.invitation != nil:
			h.withdraw(r.invitation, h.appears(now), now)
			result["customerUserAccessInvitation"] = r.invitation.resource()
		default:
			if refused := h.keepsLastAdmin(r.user); refused != nil {
				r.closed = ""
				return nil, refused
			}
			h.leave(r.user, now)
			result["customerUserAccess"] = r.user.resource()
		}
	default:
		panic("hubsim: unknown review operation " + r.operation)
	}
	r.closed, r.decidedAt = googleApproved, now
	return result, nil
}

// resolveReview decides one review. It takes an array, unlike the mutates, of
// exactly one operation.
// API: Google Ads, MultiPartyAuthReviewService.ResolveMultiPartyAuthReview
func (g *googleSim) resolveReview(gc *googleCall) (any, *googleError) {
	operations, refused := gc.fields.list("operations")
	if refused != nil {
		return nil, refused
	}
	if len(operations) == 0 {
		return nil, googleErr("requestError", "OPERATION_REQUIRED", "The required operation is missing.").about("", "operations")
	}
	if len(operations) > 1 {
		return nil, googleErr("rangeError", "TOO_HIGH", "Only one review can be resolved at a time.").about("", "operations")
	}
	op, refused := googleObjectOf("operations", operations[0], "multiPartyAuthReview", "newStatus")
	if refused != nil {
		return nil, refused
	}
	resource, refused := op.text("multiPartyAuthReview")
	if refused != nil {
		return nil, refused
	}
	status, refused := op.text("newStatus")
	if refused != nil {
		return nil, refused
	}
	id, refused := gc.id(resource, "multiPartyAuthReviews", "operations.multi_party_auth_review")
	if refused != nil {
		return nil, refused
	}
	if status == "" {
		return nil, googleErr("requestError", "REQUIRED_FIELD_MISSING", "The required field was not present.").about("", "operations.new_status")
	}
	result, refused := g.resolve(gc, gc.hub.reviewByID[id], status)
	switch {
	case refused == nil:
		return googleFields{"resultOrError": []googleFields{{"result": result}}}, nil
	case gc.hub.settings.ResolveErrors == "http":
		return nil, refused
	default:
		return googleFields{"resultOrError": []googleFields{{"partialFailureError": refused.rpcStatus(gc)}}}, nil
	}
}

func (g *googleSim) resolve(gc *googleCall, r *googleReview, status string) (googleFields, *googleError) {
	refuse := func(value, message string) *googleError {
		return googleErr("multiPartyAuthReviewError", value, "%s", message).about(status, "operations.new_status")
	}
	own := r != nil && foldEmail(r.requester) == foldEmail(gc.bearer.email)
	switch {
	case r == nil:
		return nil, refuse("ACCESS_INVITATION_NOT_FOUND", "The multi-party auth review was not found.")
	case !slices.Contains([]string{googleApproved, googleRejected, googleRevoked, googlePending, googleExpired}, status):
		return nil, googleErr("requestError", "INVALID_ENUM_VALUE", "Enum value '%s' cannot be used.", status).about(status, "operations.new_status")
	case !r.pending(gc.now):
		return nil, refuse("ACCESS_INVITATION_INVALID_STATUS", "The multi-party auth review is not pending.")
	case status == googlePending || status == googleExpired:
		return nil, refuse("INVALID_STATUS_TRANSITION", "The multi-party auth review cannot be set to this status.")
	case own != (status == googleRevoked):
		// The one who asked may take it back; the others may decide it.
		return nil, refuse("PERMISSION_DENIED", "The user is not allowed to set the multi-party auth review to this status.")
	case status == googleApproved:
		return g.approve(r, gc.now)
	}
	r.closed, r.decidedAt = status, gc.now
	return googleFields{"multiPartyAuthReview": r.resource()}, nil
}

// alreadyHeld refuses a second change of the same thing. What Google answers is
// not documented; this is an error the call may raise and none that reads as
// done.
func (r *googleReview) alreadyHeld(now time.Time) *googleError {
	if !r.pending(now) {
		return nil
	}
	e := googleErr("mutateError", "MUTATE_NOT_ALLOWED", "A change of this resource awaits approval: %s.", r.resource())
	e.status = http.StatusBadRequest
	return e
}
