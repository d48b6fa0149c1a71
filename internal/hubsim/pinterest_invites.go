package hubsim

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
)

const pinterestMemberInvite = "MEMBER_INVITE"

var pinterestInviteTypes = []string{pinterestMemberInvite, "PARTNER_INVITE", "PARTNER_REQUEST"}

// pinterestInviteBase is an invitation as answers to writes show it.
// API: Pinterest, OpenAPI document, schema BaseInviteDataResponse.
type pinterestInviteBase struct {
	ID       string              `json:"id"`
	Received bool                `json:"is_received_invite"`
	User     pinterestUser       `json:"user"`
	Data     pinterestInviteData `json:"invite_data"`
}

type pinterestInviteData struct {
	Type       string `json:"invite_type"`
	Status     string `json:"invite_status"`
	SentAt     int64  `json:"sent_at"` // all times in milliseconds
	UpdatedAt  int64  `json:"last_updated_time"`
	Expiration int64  `json:"invite_expiration"`
}

// pinterestInviteRow is an invitation in a list.
// API: Pinterest, OpenAPI document, schema InviteResponse.
type pinterestInviteRow struct {
	pinterestInviteBase
	BusinessRoles     []string          `json:"business_roles"`
	CreatedTime       int64             `json:"created_time"`
	CreatedByUser     *pinterestUser    `json:"created_by_user"`
	CreatedByBusiness *pinterestUser    `json:"created_by_business"`
	AssetsSummary     *pinterestSummary `json:"assets_summary"`
}

// pinterestOutcome is one item of an answer to a batch: an invite or an
// exception.
type pinterestOutcome struct {
	Invite    any `json:"invite,omitempty"`
	Exception any `json:"exception,omitempty"`
}

type pinterestOutcomes struct {
	Items []pinterestOutcome `json:"items"`
}

// pinterestException is why some of the inputs got no invitation: one for all of
// them that share the cause.
// API: Pinterest, OpenAPI document, schema InviteExceptionResponse.
type pinterestException struct {
	Code     int      `json:"code"`
	Message  string   `json:"message"`
	Inputs   []string `json:"users_or_partner_ids"`
	InviteID *string  `json:"invite_or_request_id"`
}

// pinterestCancelException has no code.
type pinterestCancelException struct {
	InviteID string `json:"invite_id"`
	Message  string `json:"message"`
}

const (
	pinterestWrongStatus   = "Business Invite request cannot be performed on current invitation status."
	pinterestInviteMissing = "Invite not found."
)

// invitee is the person invited as answers show them: what was given, the
// account behind it, or both.
func (i *pinterestInvite) invitee() pinterestUser {
	u := pinterestUser{Email: pinterestText(i.email)}
	handles := i.handles()
	if i.account != nil && (i.email == "" || i.hub.settings.KnownInvitee != "email") {
		u.ID, u.Username = pinterestText(i.account.id), pinterestText(i.account.username)
		handles = append(handles, i.account.id)
		if i.hub.settings.KnownInvitee == "account" {
			u.Email = nil
		}
	}
	i.hub.hide(&u, handles...)
	return u
}

func (i *pinterestInvite) base(received bool, status string) pinterestInviteBase {
	return pinterestInviteBase{
		ID: i.id, Received: received, User: i.invitee(),
		Data: pinterestInviteData{
			Type: pinterestMemberInvite, Status: status,
			SentAt: i.sentAt.UnixMilli(), UpdatedAt: i.updatedAt.UnixMilli(), Expiration: i.expiresAt.UnixMilli(),
		},
	}
}

// addressed says whether an account is the one invited.
func (i *pinterestInvite) addressed(a *pinterestAccount) bool {
	return i.account == a || (i.account == nil && a.email != "" && foldEmail(i.email) == foldEmail(a.email))
}

// listInvites answers the invitations a business sent and those its caller
// received from others.
// API: Pinterest, GET /v5/businesses/{business_id}/invites
func (s *pinterestSim) listInvites(pc *pinterestCall) (any, *pinterestError) {
	member, refused := pc.flag("is_member", true)
	if refused != nil {
		return nil, refused
	}
	statuses, refused := pc.chosen("invite_status", []string{pinterestPending, pinterestExpired})
	if refused != nil {
		return nil, refused
	}
	if len(statuses) > 2 {
		return nil, pinterestInvalid("invite_status can be given twice at most")
	}
	kind := pc.query.Get("invite_type")
	if pc.query.Has("invite_type") && !slices.Contains(pinterestInviteTypes, kind) {
		return nil, pinterestInvalid("invite_type: %q is not one of %q", kind, pinterestInviteTypes)
	}
	h := pc.hub
	if statuses == nil && !h.settings.KeepClosed {
		statuses = []string{pinterestPending, pinterestExpired}
	}
	show := func(i *pinterestInvite) bool {
		return member && (kind == "" || kind == pinterestMemberInvite) && // partnerships are not simulated
			(i.hub == h || i.addressed(pc.cred.account)) &&
			(statuses == nil || slices.Contains(statuses, i.shown(pc.now)))
	}
	return pinterestList(pc, h.settings, &s.sent, show, func(i *pinterestInvite) any {
		return pinterestInviteRow{
			pinterestInviteBase: i.base(i.hub != h, i.shown(pc.now)),
			BusinessRoles:       []string{i.role},
			CreatedTime:         i.sentAt.UnixMilli(),
			CreatedByUser:       i.hub.user(i.createdBy),
			CreatedByBusiness:   i.hub.user(i.hub.account),
			AssetsSummary:       i.assets.summary(),
		}
	})
}

// pinterestUsernames are what an invitation can name beside e-mail addresses.
var pinterestUsernames = regexp.MustCompile(`^[A-Za-z0-9_]{3,40}$`)

// createInvites invites up to 50 people, each by e-mail or username. Part of it
// failing is normal and has status 200.
// API: Pinterest, POST /v5/businesses/{business_id}/invites
func (s *pinterestSim) createInvites(pc *pinterestCall) (any, *pinterestError) {
	var b pinterestBody
	o := b.object("body", b.document(pc.body), []string{"business_role", "invite_type"}, []string{"members", "partners"})
	role := b.oneOf("business_role", o["business_role"], append(slices.Clone(pinterestRoles), "PARTNER"))
	kind := b.oneOf("invite_type", o["invite_type"], pinterestInviteTypes)
	switch {
	case b.refused != nil:
	case kind != pinterestMemberInvite:
		b.fail("invite_type %s: partnerships are not simulated", kind)
	case role == "PARTNER":
		b.fail("business_role PARTNER is not for members")
	case o["partners"] != nil:
		b.fail("partners are not for %s", kind)
	}
	var members []string
	for _, m := range b.list("members", o["members"], 50) {
		members = append(members, b.text("members", m))
	}
	if b.refused != nil {
		return nil, b.refused
	}

	out := pinterestOutcomes{Items: []pinterestOutcome{}}
	failed := map[string]*pinterestException{}
	for _, member := range members {
		i, e := s.invite(pc, member, role)
		if e == nil {
			out.Items = append(out.Items, pinterestOutcome{Invite: map[string]any{"id": i.id, "user": i.invitee()}})
			continue
		}
		key := fmt.Sprint(e.Code, e.Message)
		if same := failed[key]; same != nil {
			same.Inputs, same.InviteID = append(same.Inputs, member), nil
			continue
		}
		e.Inputs, failed[key] = []string{member}, e
		out.Items = append(out.Items, pinterestOutcome{Exception: e})
	}
	return out, nil
}

// invite opens one invitation. Of the exceptions only the cap's is documented;
// the other codes are the HTTP statuses that fit.
func (s *pinterestSim) invite(pc *pinterestCall, handle, role string) (*pinterestInvite, *pinterestException) {
	h, account := pc.hub, s.accounts.find(handle)
	byEmail := validEmail(handle)
	if !byEmail && !pinterestUsernames.MatchString(handle) {
		return nil, &pinterestException{Code: http.StatusBadRequest, Message: "Neither an email nor a username."}
	}
	if s.seat(h, handle) != nil {
		return nil, &pinterestException{Code: http.StatusConflict, Message: "User is already a member of this business."}
	}
	if i := s.invited(h, handle); i != nil && i.status(pc.now) == pinterestPending && !h.settings.DuplicateInvites {
		return nil, &pinterestException{
			Code: http.StatusConflict, Message: "User already has a pending invite.", InviteID: pinterestText(i.id),
		}
	}
	if account == nil && !byEmail {
		return nil, &pinterestException{Code: http.StatusNotFound, Message: "User not found."}
	}
	pending := 0
	for _, i := range h.sent {
		if i.status(pc.now) == pinterestPending {
			pending++
		}
	}
	if most := h.settings.PendingMax; most > 0 && pending >= most {
		return nil, &pinterestException{Code: http.StatusForbidden, Message: "You hit the maximum number of pending invites allowed."}
	}
	i := &pinterestInvite{account: account, role: role, createdBy: pc.cred.account}
	if byEmail {
		i.email = handle
		if h.settings.EmailCase == "lower" {
			i.email = foldEmail(handle)
		}
	}
	return s.open(h, i, pc.now, h.appears(pc.now)), nil
}

// cancelInvites withdraws up to 50 invitations.
// API: Pinterest, DELETE /v5/businesses/{business_id}/invites
func (s *pinterestSim) cancelInvites(pc *pinterestCall) (any, *pinterestError) {
	var b pinterestBody
	o := b.object("body", b.document(pc.body), []string{"invite_ids"}, nil)
	var ids []string
	for _, id := range b.list("invite_ids", o["invite_ids"], 50) {
		ids = append(ids, b.id("invite_ids", id, pinterestOtherID))
	}
	if b.refused != nil {
		return nil, b.refused
	}
	missing := func(id string) bool { return s.invites[id] == nil || s.invites[id].hub != pc.hub }
	if pc.hub.settings.MissingIDs == "not_found" && slices.ContainsFunc(ids, missing) {
		return nil, pinterestErr(http.StatusNotFound, 404, pinterestInviteMissing)
	}
	out := pinterestOutcomes{Items: []pinterestOutcome{}}
	for _, id := range ids {
		if missing(id) {
			out.Items = append(out.Items, pinterestOutcome{Exception: pinterestCancelException{id, pinterestInviteMissing}})
			continue
		}
		i := s.invites[id]
		status := i.status(pc.now)
		if status != pinterestPending && (status != pinterestExpired || !pc.hub.settings.CancelExpired) {
			out.Items = append(out.Items, pinterestOutcome{Exception: pinterestCancelException{id, pinterestWrongStatus}})
			continue
		}
		i.end(pinterestCancelled, pc.now)
		out.Items = append(out.Items, pinterestOutcome{Invite: i.base(false, pinterestCancelled)})
	}
	return out, nil
}

// answerInvites accepts or declines, with the token of the person invited.
// API: Pinterest, PATCH /v5/businesses/invites
func (s *pinterestSim) answerInvites(pc *pinterestCall) (any, *pinterestError) {
	type answer struct {
		id     string
		accept bool
		assets pinterestAssets
	}
	var b pinterestBody
	o := b.object("body", b.document(pc.body), []string{"invites"}, nil)
	var answers []answer
	for n, item := range b.list("invites", o["invites"], 100) {
		at := fmt.Sprintf("invites[%d]", n)
		entry := b.object(at, item, []string{"invite_id", "action"}, nil)
		action := b.object(at+".action", entry["action"], []string{"accept_invite"}, []string{"asset_id_to_permissions"})
		a := answer{id: b.id(at+".invite_id", entry["invite_id"], pinterestOtherID), accept: b.flag(at+".accept_invite", action["accept_invite"])}
		if assets, given := action["asset_id_to_permissions"]; given {
			a.assets = b.assets(at+".asset_id_to_permissions", assets)
		}
		answers = append(answers, a)
	}
	if b.refused != nil {
		return nil, b.refused
	}
	out := pinterestOutcomes{Items: []pinterestOutcome{}}
	for _, a := range answers {
		i := s.invites[a.id]
		refuse := func(code int, message string) {
			out.Items = append(out.Items, pinterestOutcome{Exception: pinterestException{Code: code, Message: message, InviteID: &a.id}})
		}
		switch {
		case i == nil || !i.addressed(pc.cred.account):
			refuse(http.StatusNotFound, pinterestInviteMissing)
		case i.status(pc.now) != pinterestPending, i.hub.seats[pc.cred.account.id] != nil:
			refuse(http.StatusForbidden, pinterestWrongStatus)
		case a.accept:
			i.accept(pc.cred.account, a.assets, pc.now)
			out.Items = append(out.Items, pinterestOutcome{Invite: i.base(true, pinterestAccepted)})
		default:
			i.end(pinterestDeclined, pc.now)
			out.Items = append(out.Items, pinterestOutcome{Invite: i.base(true, pinterestDeclined)})
		}
	}
	return out, nil
}
