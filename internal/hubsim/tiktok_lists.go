package hubsim

import (
	"encoding/json"
	"fmt"
	"strings"
)

// tiktokMaxCenters is the largest page of bc/get.
const tiktokMaxCenters = 50

// tiktokPage is a list as TikTok answers it. Rows are counted on every call, so
// the total of a list that changes changes with it.
func tiktokPage(rows []tiktokObject, page, size, total int) tiktokObject {
	return tiktokObject{
		"list": orEmpty(rows),
		"page_info": tiktokObject{
			"page": page, "page_size": size, "total_number": total, "total_page": (total + size - 1) / size,
		},
	}
}

// userInfo answers who the token acts as.
// API: TikTok, "User info", GET /user/info/. Only core_user_id is confirmed.
func (m *tiktokSim) userInfo(tc *tiktokCall) (any, *tiktokError) {
	if refused := tc.query(); refused != nil {
		return nil, refused
	}
	id, email, name := m.userID(tc.cred.Email), tc.cred.Email, ""
	for _, h := range m.related(tc.cred) {
		if _, row := h.find(tc.cred.Email); name == "" {
			name = row.name
		}
		if h.settings.UserInfoID == "other" {
			id = "6" + m.userID(tc.cred.Email)[1:]
		}
		if shape := h.settings.UserInfoEmail; shape != "full" {
			email = tiktokEmail(tc.cred.Email, shape)
		}
	}
	if name == "" {
		name = tc.cred.Name
	}
	return tiktokObject{"core_user_id": id, "display_name": name, "email": email, "create_time": 1700000000}, nil
}

// API: TikTok, "Get BCs", id 1737115687501826.
func (m *tiktokSim) listCenters(tc *tiktokCall) (any, *tiktokError) {
	if refused := tc.query("bc_id", "scene", "filtering", "page", "page_size"); refused != nil {
		return nil, refused
	}
	query := tc.request.URL.Query()
	business, scene := query.Get("bc_id"), query.Get("scene")
	if query.Has("bc_id") && !tiktokID(business) {
		return nil, tiktokErr(tiktokInvalid, "bc_id: Not a valid id.")
	}
	if query.Has("scene") {
		if refused := tiktokOneOf("scene", &scene, "SINGLE_ACCOUNT", "TIERED_ACCOUNT"); refused != nil {
			return nil, refused
		}
	}
	filter, refused := tc.filter(map[string][]string{
		"keyword": nil, "keyword_type": {"ASSET", "MEMBER", "PARTNER", "TIER"}, "relation_type": {"PARENT", "CHILD"},
	})
	if refused != nil {
		return nil, refused
	}
	page, size, refused := tc.page(tiktokMaxCenters)
	if refused != nil {
		return nil, refused
	}
	var rows []tiktokObject
	total := 0
	for _, h := range m.related(tc.cred) {
		switch {
		case business != "" && h.id != business, scene == "TIERED_ACCOUNT",
			!strings.Contains(strings.ToLower(h.name), strings.ToLower(filter["keyword"])):
			continue
		}
		if total++; total > (page-1)*size && total <= page*size {
			rows = append(rows, m.centerRow(tc, h))
		}
	}
	return tiktokPage(rows, page, size, total), nil
}

func (m *tiktokSim) centerRow(tc *tiktokCall, h *tiktokHub) tiktokObject {
	role, finance := m.standing(tc.cred, h)
	row := tiktokObject{
		"bc_info": tiktokObject{
			"bc_id": h.id, "name": h.name, "company": h.name + " Ltd", "currency": "USD", "registered_area": "US",
			"status": h.settings.BCStatus, "timezone": "America/New_York", "type": h.settings.BCType, "organization_type": "",
		},
		"user_role": role, "binding_status": tiktokBound,
	}
	h.financeField(row, finance)
	if row["ext_user_role"] == nil {
		delete(row, "ext_user_role") // this endpoint drops nulls (pop_resp_nullvalue)
	}
	return row
}

// API: TikTok, "Get BC members", id 1739939404802049. The endpoint file states
// no largest page; a client written against the documents says 20.
func (m *tiktokSim) listMembers(tc *tiktokCall) (any, *tiktokError) {
	if refused := tc.query("bc_id", "child_bc_id", "filtering", "page", "page_size"); refused != nil {
		return nil, refused
	}
	query := tc.request.URL.Query()
	target := tiktokTarget{}
	if business := query.Get("bc_id"); query.Has("bc_id") {
		target.BCID = &business
	}
	if child := query.Get("child_bc_id"); query.Has("child_bc_id") {
		target.ChildBCID = &child
	}
	if refused := target.check(); refused != nil {
		return nil, refused
	}
	filter, refused := tc.filter(map[string][]string{
		"keyword": nil, "user_role": tiktokUserRoles, "relation_status": tiktokStatuses,
	})
	if refused != nil {
		return nil, refused
	}
	largest := defaultTiktokSettings().MaxPageSize
	if tc.hub != nil {
		largest = tc.hub.settings.MaxPageSize
	}
	page, size, refused := tc.page(largest)
	if refused != nil {
		return nil, refused
	}
	if refused := m.administer(tc, *target.BCID); refused != nil {
		return nil, refused
	}
	h := tc.hub
	var rows []tiktokObject
	total := 0
	for _, p := range h.members {
		row, shown := p.row.at(tc.now)
		if !shown || !h.lists(tc, row, filter) {
			continue
		}
		if total++; total > (page-1)*size && total <= page*size {
			rows = append(rows, h.memberRow(row))
		}
	}
	answer := tiktokPage(rows, page, size, total)
	if total > page*size {
		m.churn(tc)
	}
	return answer, nil
}

func (h *tiktokHub) lists(tc *tiktokCall, row tiktokRow, filter map[string]string) bool {
	switch status := filter["relation_status"]; {
	case row.status == tiktokGone,
		row.lapsed(tc.now) && h.settings.ExpiredInvitations == "gone",
		status != "" && row.status != status,
		status == "" && h.settings.Unfiltered == "bound" && row.status != tiktokBound:
		return false
	}
	if role := filter["user_role"]; role != "" && row.role != role {
		return false
	}
	// What keyword compares with is not documented: a part of name or address here.
	keyword := strings.ToLower(filter["keyword"])
	return strings.Contains(strings.ToLower(row.name), keyword) || strings.Contains(strings.ToLower(row.email), keyword)
}

func (h *tiktokHub) memberRow(row tiktokRow) tiktokObject {
	object := tiktokObject{"user_name": row.name, "user_role": row.role, "relation_status": row.status}
	object["user_email"] = tiktokEmail(row.email, h.settings.MemberEmails)
	if row.status == tiktokPending || row.status == tiktokRejected {
		object["user_name"] = ""
		object["user_email"] = tiktokEmail(row.email, h.settings.PendingEmails)
	}
	switch {
	case row.userID != "" && h.settings.IDsAsNumbers:
		object["user_id"] = json.Number(row.userID)
	case row.userID != "":
		object["user_id"] = row.userID
	case h.settings.PendingUserID == "empty":
		object["user_id"] = ""
	case h.settings.PendingUserID == "zero":
		object["user_id"] = "0"
	}
	h.financeField(object, row.finance)
	return object
}

// financeField sets ext_user_role, in the shape the hub shows an empty one.
func (h *tiktokHub) financeField(object tiktokObject, finance string) {
	switch {
	case finance != "":
		object["ext_user_role"] = tiktokObject{"finance_role": finance}
	case h.settings.ExtUserRole == "object":
		object["ext_user_role"] = tiktokObject{}
	case h.settings.ExtUserRole == "null":
		object["ext_user_role"] = nil
	}
}

// tiktokEmail shows an address in full, masked or not at all.
func tiktokEmail(email, shape string) string {
	switch shape {
	case "masked":
		local, domain, _ := strings.Cut(email, "@")
		return local[:1] + "***@" + domain
	case "empty":
		return ""
	default:
		return email
	}
}

// churn has somebody join at the head of the list, or its first member leave,
// after a page was read: the rows of later pages move.
func (m *tiktokSim) churn(tc *tiktokCall) {
	h := tc.hub
	if h.settings.Churn == "none" || h.settings.ChurnTimes > 0 && h.churned >= h.settings.ChurnTimes {
		return
	}
	h.churned++
	if h.settings.Churn == "join" {
		email := fmt.Sprintf("joiner-%05d@churn.example", h.churned)
		p := m.bind(h, nil, tiktokRow{email: email, role: tiktokStandard}, tc.now, tc.now)
		copy(h.members[1:], h.members)
		h.members[0] = p
		return
	}
	for _, p := range h.members {
		if row := p.row.truth(); row.status == tiktokBound && row.role == tiktokStandard {
			h.leave(p, tc.now, tc.now)
			return
		}
	}
}
