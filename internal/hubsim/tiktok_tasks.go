package hubsim

import (
	"slices"
	"unicode/utf8"
)

// Limits of the request fields, from the SDK's endpoint files and a client
// written against the documents.
const (
	tiktokMaxEmails = 50
	tiktokMaxAssets = 50
	tiktokMaxName   = 250
)

var tiktokAssetTypes = []string{
	"ADVERTISER", "CATALOG", "DOMAIN", "LEAD", "PIXEL", "STOREFRONT", "TIKTOK_SHOP", "TT_ACCOUNT",
}

// writable refuses writes to a center that is not in good standing. The status
// is documented, what it answers to a write is not.
func (h *tiktokHub) writable() *tiktokError {
	if status := h.settings.BCStatus; status != tiktokEnabled {
		return tiktokErr(tiktokDenied, "No permission to operate: the status of Business Center %s is %s.", h.id, status)
	}
	return nil
}

// invite opens invitations. It answers nothing about any address: one that has a
// seat or an invitation already is passed over in silence.
// API: TikTok, "Invite BC members", id 1739939455765505.
func (m *tiktokSim) invite(tc *tiktokCall) (any, *tiktokError) {
	var in struct {
		tiktokTarget
		Emails         []string       `json:"emails"`
		UserRole       *string        `json:"user_role"`
		ExtUserRole    *tiktokExtRole `json:"ext_user_role"`
		AssetIDs       []string       `json:"asset_ids"`
		AssetType      *string        `json:"asset_type"`
		AdvertiserRole *string        `json:"advertiser_role"`
	}
	if refused := tc.decode(&in); refused != nil {
		return nil, refused
	}
	role, finance := tiktokStandard, ""
	if in.UserRole != nil {
		role = *in.UserRole
	}
	refused := tiktokFirst(
		in.check(),
		tiktokEmails(in.Emails),
		tiktokOneOf("user_role", in.UserRole, tiktokUserRoles...),
		tiktokOneOf("asset_type", in.AssetType, tiktokAssetTypes...),
		tiktokOneOf("advertiser_role", in.AdvertiserRole, "ADMIN", "OPERATOR", "ANALYST"),
	)
	if ext := in.ExtUserRole; refused == nil && ext != nil && ext.FinanceRole != nil {
		finance = *ext.FinanceRole
		refused = tiktokOneOf("ext_user_role.finance_role", ext.FinanceRole, tiktokFinanceRoles...)
	}
	if refused == nil && (len(in.AssetIDs) > tiktokMaxAssets || slices.ContainsFunc(in.AssetIDs, func(id string) bool { return !tiktokID(id) })) {
		refused = tiktokErr(tiktokInvalid, "asset_ids: Must be up to %d ids.", tiktokMaxAssets)
	}
	if refused != nil {
		return nil, refused
	}
	if refused := m.administer(tc, *in.BCID); refused != nil {
		return nil, refused
	}
	h := tc.hub
	if refused := h.writable(); refused != nil {
		return nil, refused
	}

	var wanted []string
	left := 0 // addresses refused one by one
	for _, email := range in.Emails {
		if slices.ContainsFunc(h.settings.RefusedAddresses, func(r string) bool { return foldEmail(r) == foldEmail(email) }) {
			left++
			continue
		}
		p, row := h.find(email)
		if p != nil && row.status == tiktokBound && h.settings.InviteBound == "refuse" {
			return nil, tiktokErr(tiktokInvalid, "emails: %s is already a member of the Business Center.", email)
		}
		again := slices.ContainsFunc(wanted, func(w string) bool { return foldEmail(w) == foldEmail(email) })
		// An expired invitation that is still listed as pending is one as well.
		if pending := p != nil && (row.status == tiktokPending && h.settings.ExpiredInvitations == "pending"); again || pending || row.taken(tc.now) {
			continue
		}
		wanted = append(wanted, email)
	}
	if left == len(in.Emails) {
		return nil, tiktokErr(tiktokInvalid, "emails: These addresses cannot be invited.")
	}
	people, admins := h.room(tc.now)
	if len(wanted) > people {
		return nil, tiktokErr(h.settings.CapCode, "The number of members of a Business Center cannot exceed %d.", h.settings.MaxMembers)
	}
	if role == tiktokAdmin && len(wanted) > admins {
		return nil, h.tooManyAdmins()
	}
	return tiktokEffect(func() bool {
		for _, email := range wanted {
			h.open(email, "", role, finance, h.appears(tc.now), tc.now)
		}
		return left > 0
	}), nil
}

func tiktokEmails(emails []string) *tiktokError {
	if len(emails) < 1 || len(emails) > tiktokMaxEmails {
		return tiktokErr(tiktokInvalid, "emails: Length must be between 1 and %d.", tiktokMaxEmails)
	}
	for _, email := range emails {
		if !validEmail(email) {
			return tiktokErr(tiktokInvalid, "emails: Not a valid email address.")
		}
	}
	return nil
}

func (h *tiktokHub) tooManyAdmins() *tiktokError {
	return tiktokErr(h.settings.CapCode, "The number of admins of a Business Center cannot exceed %d.", h.settings.MaxAdmins)
}

// update changes a bound member's role or name. An invitation has no user_id and
// so cannot be changed.
// API: TikTok, "Update BC members", id 1739696704424961.
func (m *tiktokSim) update(tc *tiktokCall) (any, *tiktokError) {
	var in struct {
		tiktokTarget
		UserID      *string        `json:"user_id"`
		UserRole    *string        `json:"user_role"`
		UserName    *string        `json:"user_name"`
		ExtUserRole *tiktokExtRole `json:"ext_user_role"`
	}
	if refused := tc.decode(&in); refused != nil {
		return nil, refused
	}
	refused := tiktokFirst(in.check(), tiktokOneOf("user_role", in.UserRole, tiktokUserRoles...))
	if in.ExtUserRole != nil && refused == nil {
		refused = tiktokOneOf("ext_user_role.finance_role", in.ExtUserRole.FinanceRole, tiktokFinanceRoles...)
	}
	switch {
	case refused != nil:
		return nil, refused
	case in.UserID == nil || !tiktokID(*in.UserID):
		return nil, tiktokErr(tiktokInvalid, "user_id: Missing, or not a valid id.")
	case in.UserName != nil && utf8.RuneCountInString(*in.UserName) > tiktokMaxName:
		return nil, tiktokErr(tiktokInvalid, "user_name: Longer than maximum length %d.", tiktokMaxName)
	}
	if refused := m.administer(tc, *in.BCID); refused != nil {
		return nil, refused
	}
	h := tc.hub
	p := h.byID[*in.UserID]
	if p == nil {
		return nil, tiktokErr(tiktokMissing, "The member %s does not exist.", *in.UserID)
	}
	if refused := h.writable(); refused != nil {
		return nil, refused
	}
	row := p.row.truth()
	if in.UserRole != nil && *in.UserRole != row.role {
		if h.lastAdmin(row) {
			return nil, tiktokErr(tiktokDenied, "The Business Center must have at least one admin.")
		}
		if _, admins := h.room(tc.now); *in.UserRole == tiktokAdmin && admins < 1 {
			return nil, h.tooManyAdmins()
		}
		row.role = *in.UserRole
	}
	if in.UserName != nil {
		row.name = *in.UserName
	}
	switch ext := in.ExtUserRole; {
	case ext == nil:
	case ext.FinanceRole != nil:
		row.finance = *ext.FinanceRole
	case h.settings.EmptyFinance == "refuse":
		return nil, tiktokErr(tiktokInvalid, "ext_user_role.finance_role: Missing data for required field.")
	case h.settings.EmptyFinance == "clear":
		row.finance = ""
	}
	return tiktokEffect(func() bool {
		h.put(p, row, h.appears(tc.now), tc.now)
		return false
	}), nil
}

// remove ends a seat, by user_id, or an invitation, by user_email.
// API: TikTok, "Delete BC members", id 1739939482851329. What it answers for
// somebody who is not there is not documented; 40007 is what others' codes say.
func (m *tiktokSim) remove(tc *tiktokCall) (any, *tiktokError) {
	var in struct {
		tiktokTarget
		UserID    *string `json:"user_id"`
		UserEmail *string `json:"user_email"`
	}
	if refused := tc.decode(&in); refused != nil {
		return nil, refused
	}
	switch refused := in.check(); {
	case refused != nil:
		return nil, refused
	case (in.UserID == nil) == (in.UserEmail == nil):
		return nil, tiktokErr(tiktokInvalid, "Exactly one of user_id and user_email is required.")
	case in.UserID != nil && !tiktokID(*in.UserID):
		return nil, tiktokErr(tiktokInvalid, "user_id: Not a valid id.")
	case in.UserEmail != nil && !validEmail(*in.UserEmail):
		return nil, tiktokErr(tiktokInvalid, "user_email: Not a valid email address.")
	}
	if refused := m.administer(tc, *in.BCID); refused != nil {
		return nil, refused
	}
	h := tc.hub
	var p *tiktokPerson
	if in.UserID != nil {
		p = h.byID[*in.UserID]
	} else if pending, row := h.find(*in.UserEmail); pending != nil && row.status == tiktokPending {
		p = pending
	}
	if p == nil {
		return nil, tiktokErr(tiktokMissing, "The member or invitation does not exist.")
	}
	if refused := h.writable(); refused != nil {
		return nil, refused
	}
	switch row := p.row.truth(); {
	case h.lastAdmin(row):
		return nil, tiktokErr(tiktokDenied, "The Business Center must have at least one admin.")
	case row.status == tiktokBound && row.userID == m.userID(tc.cred.Email):
		return nil, tiktokErr(tiktokDenied, "You cannot remove yourself from the Business Center.")
	}
	return tiktokEffect(func() bool {
		h.leave(p, h.appears(tc.now), tc.now)
		return false
	}), nil
}
