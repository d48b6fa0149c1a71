package hubsim

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// pinterestPage is what a list call asked for.
type pinterestPage struct {
	limit int
	skip  int // start_index
	after int // position in the ledger
	gap   bool
	bound uint32 // what the bookmark was made for
}

// page reads the parameters all lists share.
// API: Pinterest, "Pagination", https://developers.pinterest.com/docs/reference/pagination/
func (pc *pinterestCall) page(s pinterestSettings) (pinterestPage, *pinterestError) {
	p := pinterestPage{limit: 25, bound: pc.bound()}
	var refused *pinterestError
	if p.limit, refused = pc.number("page_size", 25, 1, 250); refused != nil {
		return p, refused
	}
	if p.skip, refused = pc.number("start_index", 0, 0, 1<<31-1); refused != nil {
		return p, refused
	}
	if s.PageShape == "short" {
		p.limit = (p.limit + 1) / 2
	}
	if !pc.query.Has("bookmark") {
		return p, nil
	}
	if pc.query.Has("start_index") {
		return p, pinterestInvalid("start_index and bookmark cannot both be given")
	}
	raw, err := base64.RawURLEncoding.DecodeString(pc.query.Get("bookmark"))
	bound := uint32(0)
	if err == nil {
		_, err = fmt.Sscanf(string(raw), "sim:%d:%t:%d", &p.after, &p.gap, &bound)
	}
	if err != nil || bound != p.bound {
		return p, pinterestInvalid("the bookmark is not one of this list with these parameters")
	}
	return p, nil
}

func (p pinterestPage) bookmark(after int, gap bool) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "sim:%d:%t:%d", after, gap, p.bound))
}

// bound is what a bookmark holds to: the list and every parameter but those that
// say where to begin.
func (pc *pinterestCall) bound() uint32 {
	query := maps.Clone(pc.query)
	query.Del("bookmark")
	query.Del("start_index")
	return crc32.ChecksumIEEE([]byte(pc.path + "?" + query.Encode()))
}

// pinterestList answers a list call from a ledger.
func pinterestList[T any](pc *pinterestCall, s pinterestSettings, l *ledger[T], show func(T) bool, row func(T) any) (any, *pinterestError) {
	p, refused := pc.page(s)
	if refused != nil {
		return nil, refused
	}
	skip := p.skip
	rows, more := l.after(p.after, p.limit, func(e *entry[T]) bool {
		if !e.visible(pc.now) || !show(e.value) {
			return false
		}
		skip--
		return skip < 0
	})
	items, last, gap := []any{}, p.after, false
	if p.gap { // an empty page before the rows go on
		more = more || len(rows) > 0
	} else {
		for _, r := range rows {
			items, last = append(items, row(r.value)), r.seq
		}
		gap = s.PageShape == "gaps" && len(rows) > 0
	}
	out := map[string]any{"items": items}
	if more || gap {
		out["bookmark"] = p.bookmark(last, gap)
		return out, nil
	}
	switch s.LastBookmark {
	case "null":
		out["bookmark"] = nil
	case "empty":
		out["bookmark"] = ""
	case "repeat":
		out["bookmark"] = pinterestText(pc.query.Get("bookmark"))
	}
	return out, nil
}

func (pc *pinterestCall) number(name string, otherwise, least, most int) (int, *pinterestError) {
	if !pc.query.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(pc.query.Get(name))
	if err != nil || n < least || n > most {
		return 0, pinterestInvalid("%s must be an integer from %d to %d", name, least, most)
	}
	return n, nil
}

func (pc *pinterestCall) flag(name string, otherwise bool) (bool, *pinterestError) {
	switch text := pc.query.Get(name); {
	case !pc.query.Has(name):
		return otherwise, nil
	case text == "true":
		return true, nil
	case text == "false":
		return false, nil
	default:
		return false, pinterestInvalid("%s must be true or false", name)
	}
}

// chosen reads a list parameter: the key repeated, not values with commas.
func (pc *pinterestCall) chosen(name string, legal []string) ([]string, *pinterestError) {
	values := pc.query[name]
	for _, v := range values {
		if !slices.Contains(legal, v) {
			return nil, pinterestInvalid("%s: %q is not one of %q", name, v, legal)
		}
	}
	return values, nil
}

// listMembers answers one page of members, or of system users instead.
// API: Pinterest, GET /v5/businesses/{business_id}/members
func (s *pinterestSim) listMembers(pc *pinterestCall) (any, *pinterestError) {
	system, refused := pc.flag("fetch_system_users", false)
	if refused != nil {
		return nil, refused
	}
	summary, refused := pc.flag("assets_summary", false)
	if refused != nil {
		return nil, refused
	}
	roles, refused := pc.chosen("business_roles", pinterestRoles)
	if refused != nil {
		return nil, refused
	}
	var ids []string
	if text := pc.query.Get("member_ids"); text != "" {
		ids = strings.Split(text, ",")
		if len(text) > 500 || slices.ContainsFunc(ids, func(id string) bool { return !pinterestOtherID.MatchString(id) }) {
			return nil, pinterestInvalid("member_ids must be ids separated by commas, at most 500 characters")
		}
	}
	h := pc.hub
	wanted := func(id, role string) bool {
		return (ids == nil || slices.Contains(ids, id)) && (roles == nil || slices.Contains(roles, role))
	}
	if system {
		var all ledger[*pinterestAccount]
		for n, name := range h.settings.SystemUsers {
			all.add(&pinterestAccount{id: fmt.Sprintf("%s%08d", pinterestSystemIDs, n+1), username: name}, pc.now)
		}
		return pinterestList(pc, h.settings, &all,
			func(a *pinterestAccount) bool { return wanted(a.id, pinterestEmployee) },
			func(a *pinterestAccount) any {
				return pinterestBinding{ID: a.id, User: h.user(a), BusinessRoles: []string{pinterestEmployee}}
			})
	}
	return pinterestList(pc, h.settings, &h.members,
		func(m *pinterestMember) bool { return wanted(m.account.id, m.shownRole(pc.now)) },
		func(m *pinterestMember) any {
			row := h.binding(h.account, m, m.shownRole(pc.now))
			row.ID, row.User = m.account.id, h.user(m.account)
			if summary {
				row.AssetsSummary = m.assets.summary()
			}
			return row
		})
}

// pinterestBinding is a member in a business's list, or an employer in a
// person's.
// API: Pinterest, OpenAPI document, schema UserBusinessRoleBinding.
type pinterestBinding struct {
	ID                string            `json:"id"`
	User              *pinterestUser    `json:"user"`
	BusinessRoles     []string          `json:"business_roles"`
	IsSharedPartner   bool              `json:"is_shared_partner"`
	CreatedTime       *int64            `json:"created_time"`
	CreatedByUser     *pinterestUser    `json:"created_by_user"`
	CreatedByBusiness *pinterestUser    `json:"created_by_business"`
	AssetsSummary     *pinterestSummary `json:"assets_summary"`
}

func (h *pinterestHub) binding(of *pinterestAccount, m *pinterestMember, role string) pinterestBinding {
	b := pinterestBinding{ID: of.id, User: h.user(of), BusinessRoles: []string{role}}
	if m != nil {
		created := m.createdAt.UnixMilli()
		b.CreatedTime, b.CreatedByUser, b.CreatedByBusiness = &created, h.user(m.createdBy), h.user(h.account)
	}
	return b
}

// listEmployers answers the businesses the token's user works for.
// API: Pinterest, GET /v5/businesses/employers
func (s *pinterestSim) listEmployers(pc *pinterestCall) (any, *pinterestError) {
	var all ledger[*pinterestHub]
	for _, h := range s.related(pc.cred) {
		if h.account != pc.cred.account { // a business is not its own employer
			all.add(h, pc.now)
		}
	}
	return pinterestList(pc, defaultPinterestSettings(), &all,
		func(*pinterestHub) bool { return true },
		func(h *pinterestHub) any {
			return h.binding(h.account, h.seats[pc.cred.account.id], pc.cred.roleIn(h))
		})
}

// getAccount answers who the token speaks for.
// API: Pinterest, GET /v5/user_account
func (s *pinterestSim) getAccount(pc *pinterestCall) (any, *pinterestError) {
	if id := pc.query.Get("ad_account_id"); pc.query.Has("ad_account_id") {
		if len(id) > 18 || !pinterestOtherID.MatchString(id) {
			return nil, pinterestInvalid("ad_account_id %q does not match ^\\d+$ with at most 18 digits", id)
		}
		return nil, pinterestErr(http.StatusForbidden, 403, "Not authorized to access the user account.") // nobody here owns one
	}
	account := pc.cred.account
	kind := "BUSINESS"
	if s.suffers(pc.cred, func(x pinterestSettings) bool { return x.NotBusinessAccount }) {
		kind = "PINNER"
	}
	var name *string
	if h := s.hubByID[account.id]; h != nil {
		name = &h.name
	}
	return struct {
		AccountType  string  `json:"account_type"`
		ID           string  `json:"id"`
		Username     string  `json:"username"`
		BusinessName *string `json:"business_name"`
		ProfileImage string  `json:"profile_image"`
		WebsiteURL   string  `json:"website_url"`
		About        string  `json:"about"`
		Followers    int     `json:"follower_count"`
		Following    int     `json:"following_count"`
		Boards       int     `json:"board_count"`
		Pins         int     `json:"pin_count"`
		Views        int     `json:"monthly_views"`
	}{
		AccountType: kind, ID: account.id, Username: account.username, BusinessName: name,
		ProfileImage: "https://i.example.net/" + account.username + ".jpg", Followers: 10, Following: 2, Boards: 1, Pins: 3, Views: 20,
	}, nil
}
