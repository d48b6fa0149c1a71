package hubsim

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cerbyMaxPage is the largest page of every list, cerbyPage the usual one.
const (
	cerbyMaxPage = 100
	cerbyPage    = 25
)

// checkQuery refuses parameters the endpoint does not have.
func (cc *cerbyCall) checkQuery() *cerbyError {
	for name := range cc.request.URL.Query() {
		if !slices.Contains(cc.endpoint.query, name) && !cerbyKeyParam(name) {
			return cerbyParam(name, cerbyExtra, "extra fields not permitted")
		}
	}
	return nil
}

// page reads the paging parameters. Out of range they are refused; whether
// Cerby does so is not confirmed.
func (cc *cerbyCall) page() (number, size int, refused *cerbyError) {
	read := func(name string, usual, largest int) int {
		query := cc.request.URL.Query()
		if !query.Has(name) {
			return usual
		}
		n, err := strconv.Atoi(query.Get(name))
		switch {
		case err != nil:
			refused = cerbyParam(name, cerbyType, "value is not a valid integer")
		case n < 1 || largest > 0 && n > largest:
			refused = cerbyParam(name, cerbyValue, "value is out of range")
		}
		return n
	}
	number, size = read("page[number]", 1, 0), read("page[size]", cerbyPage, cerbyMaxPage)
	return number, size, refused
}

// choice reads a parameter that takes one of a few words, "" when it is absent.
func (cc *cerbyCall) choice(name string, legal ...string) (string, *cerbyError) {
	query := cc.request.URL.Query()
	value := query.Get(name)
	if query.Has(name) && !slices.Contains(legal, value) {
		return "", cerbyParam(name, cerbyEnum, "value is not one of "+strings.Join(legal, ", "))
	}
	return value, nil
}

// link is the path from the root of the host: it begins with the prefix of the
// API, so that one put behind a base URL doubles it.
func (cc *cerbyCall) link(number, size int) string {
	query := url.Values{}
	for name, values := range cc.request.URL.Query() {
		if !cerbyKeyParam(name) {
			query[name] = values
		}
	}
	query.Set("page[number]", strconv.Itoa(number))
	query.Set("page[size]", strconv.Itoa(size))
	return "/" + cerbyName + cc.path + "?" + query.Encode()
}

// list is one page of rows. Rows are counted on every call and there is no
// cursor, so a list that changes moves under whoever reads it.
func cerbyList[T any](cc *cerbyCall, rows []T, show func(T) cerbyObject) (any, *cerbyError) {
	number, size, refused := cc.page()
	if refused != nil {
		return nil, refused
	}
	total := len(rows)
	begin := min((number-1)*size, total)
	if number > total { // far beyond the end, where the product may not fit
		begin = total
	}
	end := min(begin+size, total)
	data := make([]cerbyObject, 0, end-begin)
	for _, row := range rows[begin:end] {
		data = append(data, show(row))
	}
	links := cerbyObject{"self": cc.link(number, size), "next": nil, "previous": nil}
	if end < total {
		links["next"] = cc.link(number+1, size)
	} else if cc.hub != nil && cc.hub.settings.LastNext == "missing" {
		delete(links, "next")
	}
	if number > 1 {
		links["previous"] = cc.link(number-1, size)
	}
	return cerbyObject{
		"data": data, "links": links,
		"meta": cerbyObject{"page": cerbyObject{"maxSize": cerbyMaxPage, "total": total}},
	}, nil
}

// API: Cerby, "Public API", GET /integrations. Those of other owners are not on it.
func (m *cerbySim) listHubs(cc *cerbyCall) (any, *cerbyError) {
	application := cc.request.URL.Query().Get("filter[application]")
	var rows []*cerbyHub
	for _, h := range m.order {
		if h.ownedBy(cc.cred) && (application == "" || h.settings.Application == application) {
			rows = append(rows, h)
		}
	}
	return cerbyList(cc, rows, (*cerbyHub).document)
}

func (m *cerbySim) getHub(cc *cerbyCall) (any, *cerbyError) {
	return cerbyObject{"data": cc.hub.document()}, nil
}

// document is the integration. Its type is that of an account, and nothing in
// it says when it was synced.
func (h *cerbyHub) document() cerbyObject {
	return cerbyObject{
		"id": h.id, "type": "account",
		"attributes": cerbyObject{
			"application": h.settings.Application, "label": h.name, "workspace": cerbyWorkspace,
			"createdAt": h.timestamp(h.createdAt), "createdBy": h.createdBy, "updatedAt": h.timestamp(h.updatedAt),
		},
	}
}

// timestamp writes a time as Cerby does: with a numeric zone, or, in the samples
// of the older specification, without any.
func (h *cerbyHub) timestamp(t time.Time) string {
	if h.settings.Timestamps == "none" {
		return t.UTC().Format("2006-01-02T15:04:05")
	}
	return t.UTC().Format("2006-01-02T15:04:05+00:00")
}

// cerbyMember is a member as the list shows one.
type cerbyMember struct {
	seat *cerbySeat
	copy cerbyCopy
}

// API: Cerby, "Public API", GET /integrations/{id}/users: the latest external
// members, as of the last sync, as far as they are users of the workspace.
func (m *cerbySim) listMembers(cc *cerbyCall) (any, *cerbyError) {
	h := cc.hub
	rows := make([]cerbyMember, 0, len(h.seats))
	for _, s := range h.seats {
		if c, shown := h.shows(s, cc.now); shown {
			rows = append(rows, cerbyMember{s, c})
		}
	}
	document, refused := cerbyList(cc, rows, h.memberDocument)
	if number, size, wrong := cc.page(); wrong == nil && number <= len(rows)/size && number*size < len(rows) {
		m.churn(h, cc.now)
	}
	return document, refused
}

func (m *cerbySim) getMember(cc *cerbyCall) (any, *cerbyError) {
	if s := m.member(cc.hub, cc.person); s != nil {
		if c, shown := cc.hub.shows(s, cc.now); shown {
			return cerbyObject{"data": cc.hub.memberDocument(cerbyMember{s, c})}, nil
		}
	}
	return nil, cerbyErr(404, "no such resource")
}

func (h *cerbyHub) memberDocument(row cerbyMember) cerbyObject {
	u := row.seat.user
	first, last := cerbyNames(u.name)
	attributes := cerbyObject{
		"email": u.email, "firstName": first, "lastName": last, "isGuest": u.guest,
		"role": "collaborator", "status": u.status,
	}
	if row.copy.owner {
		attributes["role"] = "owner"
	}
	if role := h.settings.CerbyRoles[foldEmail(u.email)]; role != "" {
		attributes["role"] = role
	}
	h.putEntitlements(attributes, h.combined(row.copy.entitlements, h.team(row.seat)))
	document := cerbyObject{"id": u.id, "type": "user", "attributes": attributes}
	switch h.settings.MemberMeta {
	case "fields":
		document["meta"] = cerbyObject{"dynamicFields": cerbyObject{"adSeats": 3, "region": "EU", "twoFactor": true}}
	case "empty":
		document["meta"] = cerbyObject{"dynamicFields": cerbyObject{}}
	}
	return document
}

func (h *cerbyHub) putEntitlements(attributes cerbyObject, ids []string) {
	list := []cerbyObject{}
	for _, id := range ids {
		if e := h.settings.entitlement(id); e != nil {
			list = append(list, h.entitlementDocument(*e))
		}
	}
	if len(list) > 0 || h.settings.NoEntitlements == "empty" {
		attributes["entitlements"] = list
	}
}

func (h *cerbyHub) entitlementDocument(e cerbyEntitlement) cerbyObject {
	return cerbyObject{
		"id": e.ID, "type": "entitlement",
		"attributes": cerbyObject{"group": e.Group, "key": e.ID, "label": e.label(h.settings.Application), "value": e.ID},
	}
}

// API: Cerby, "Public API", GET /integrations/{id}/entitlements: all at once,
// without links or meta.
func (m *cerbySim) listEntitlements(cc *cerbyCall) (any, *cerbyError) {
	data := []cerbyObject{}
	for _, e := range cc.hub.settings.Entitlements {
		data = append(data, cc.hub.entitlementDocument(e))
	}
	return cerbyObject{"data": data}, nil
}

// listUnmatched lists who is in the app and not in the workspace. The object is
// a guess from what the rest of the API looks like.
// API: Cerby, "Public API" data model and changelog of 2026-03-31 (list, remove).
func (m *cerbySim) listUnmatched(cc *cerbyCall) (any, *cerbyError) {
	h := cc.hub
	search := strings.ToLower(cc.request.URL.Query().Get("search"))
	sorted, refused := cc.choice("sort", "email", "-email")
	if refused != nil {
		return nil, refused
	}
	var rows []cerbyMember
	for _, s := range h.seats {
		if c, shown := s.copy.at(cc.now); shown && c.present && !c.matched && strings.Contains(strings.ToLower(s.name+"\n"+s.email), search) {
			rows = append(rows, cerbyMember{s, c})
		}
	}
	slices.SortStableFunc(rows, func(a, b cerbyMember) int {
		switch sorted {
		case "email":
			return strings.Compare(foldEmail(a.seat.email), foldEmail(b.seat.email))
		case "-email":
			return strings.Compare(foldEmail(b.seat.email), foldEmail(a.seat.email))
		default:
			return 0
		}
	})
	return cerbyList(cc, rows, h.unmatchedDocument)
}

func (h *cerbyHub) unmatchedDocument(row cerbyMember) cerbyObject {
	username, _, _ := strings.Cut(row.seat.email, "@")
	attributes := cerbyObject{"email": row.seat.email, "username": username, "firstName": nil, "lastName": nil}
	if row.seat.name != "" {
		attributes["firstName"], attributes["lastName"] = cerbyNames(row.seat.name)
	}
	h.putEntitlements(attributes, row.copy.entitlements)
	return cerbyObject{"id": row.seat.unmatchedID, "type": "unmatched_user", "attributes": attributes}
}

// findUsers searches the workspace. The filter is free text over the full name
// or the address, so it finds more than the one somebody meant.
// API: Cerby, "Public API", GET /users; filter[...] since 2026-06-05.
func (m *cerbySim) findUsers(cc *cerbyCall) (any, *cerbyError) {
	status, refused := cc.choice("filter[status]", cerbyUserStatuses...)
	if refused != nil {
		return nil, refused
	}
	guest, refused := cc.choice("filter[isGuest]", "true", "false")
	if refused != nil {
		return nil, refused
	}
	mfa, refused := cc.choice("mfaStatus", "true", "false")
	if refused != nil {
		return nil, refused
	}
	filter := strings.ToLower(strings.TrimSpace(cc.request.URL.Query().Get("filter")))
	m.user(filter, cc.now) // one under a domain of the workspace is there once asked for
	var rows []*cerbyUser
	for _, u := range m.roll {
		if strings.Contains(u.text, filter) && (status == "" || u.status == status) && (guest == "" || strconv.FormatBool(u.guest) == guest) {
			rows = append(rows, u)
		}
	}
	return cerbyList(cc, rows, func(u *cerbyUser) cerbyObject { return u.document(mfa == "true") })
}

func (u *cerbyUser) document(mfa bool) cerbyObject {
	const layout = "2006-01-02T15:04:05+00:00"
	first, last := cerbyNames(u.name)
	attributes := cerbyObject{
		"email": u.email, "firstName": first, "lastName": last, "isGuest": u.guest,
		"role": "workspace_login_only", "status": u.status, "mfaStatus": nil,
		"createdAt": u.createdAt.UTC().Format(layout), "updatedAt": u.updatedAt.UTC().Format(layout),
	}
	if u.guest {
		attributes["role"] = "workspace_guest_user"
	}
	if mfa {
		attributes["mfaStatus"] = cerbyObject{"mfaEnabled": true, "mfaEnrollmentDate": u.createdAt.UTC().Format(layout)}
	}
	return cerbyObject{"id": u.id, "type": "user", "attributes": attributes}
}

// churn has somebody join at the head of the list, or its first plain member
// leave, after a page was read: the rows of later pages move.
func (m *cerbySim) churn(h *cerbyHub, now time.Time) {
	if h.settings.Churn == "none" || h.settings.ChurnTimes > 0 && h.churned >= h.settings.ChurnTimes {
		return
	}
	h.churned++
	if h.settings.Churn == "join" {
		u := m.hire(fmt.Sprintf("joiner-%05d@churn.example", h.churned), "", now)
		s := m.seat(h, u.email, now)
		s.app, _ = h.grant("", nil) // the least there is, which is always legal
		s.app.accepted = true
		h.remember(s, now, now)
		copy(h.seats[1:], h.seats)
		h.seats[0] = s
		return
	}
	for _, s := range h.seats {
		if s.app.present && !slices.Contains(s.app.entitlements, h.settings.Admin) {
			s.app = cerbyHold{}
			h.remember(s, now, now)
			return
		}
	}
}
