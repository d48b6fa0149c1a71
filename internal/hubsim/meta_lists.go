package hubsim

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

var metaListParams = []string{"fields", "limit", "after", "before", "summary"}

// metaMaxPage caps a page whatever limit asks for: the page is then shorter than
// its limit and still has a next. Meta documents no maximum for these edges.
const metaMaxPage = 500

// metaEnvelope is a list as Graph sends it.
// API: Meta, "Paginated Results", https://developers.facebook.com/docs/graph-api/results
type metaEnvelope struct {
	Data    []metaObject `json:"data"`
	Paging  *metaPaging  `json:"paging,omitempty"`
	Summary *metaSummary `json:"summary,omitempty"`
}

type metaPaging struct {
	Cursors  metaCursors `json:"cursors"`
	Next     string      `json:"next,omitempty"`
	Previous string      `json:"previous,omitempty"`
}

type metaCursors struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

type metaSummary struct {
	TotalCount int `json:"total_count"`
}

// metaCursor is a position in a ledger. gap asks for an empty page before the
// rows go on.
type metaCursor struct {
	seq int
	gap bool
}

func (c metaCursor) String() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "QVFIU:%d:%t", c.seq, c.gap))
}

func parseMetaCursor(text string) (metaCursor, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return metaCursor{}, false
	}
	var c metaCursor
	if _, err := fmt.Sscanf(string(raw), "QVFIU:%d:%t", &c.seq, &c.gap); err != nil {
		return metaCursor{}, false
	}
	return c, true
}

// metaPage is what a list call asked for.
type metaPage struct {
	limit         int
	after, before *metaCursor
	summary       bool
	shape         string
}

func (m *metaSim) page(mc *metaCall) (metaPage, *metaError) {
	settings := defaultMetaSettings()
	if mc.hub != nil {
		settings = mc.hub.settings
	}
	p := metaPage{limit: settings.DefaultPageSize, shape: settings.PageShape}
	if text := mc.params.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 {
			return p, metaErr(100, "Param limit must be a positive integer").about("limit")
		}
		if settings.MaxRows > 0 && limit > settings.MaxRows {
			return p, metaErr(1, "Please reduce the amount of data you're asking for, then retry your request")
		}
		p.limit = min(limit, metaMaxPage)
	}
	for name, target := range map[string]**metaCursor{"after": &p.after, "before": &p.before} {
		if text := mc.params.Get(name); text != "" {
			cursor, ok := parseMetaCursor(text)
			if !ok {
				return p, metaErr(100, "Invalid cursor: %s", name).about(name)
			}
			*target = &cursor
		}
	}
	if p.after != nil && p.before != nil {
		return p, metaErr(100, "Only one of after and before can be given")
	}
	switch text := mc.params.Get("summary"); text {
	case "":
	case "total_count", "true", "1":
		p.summary = true
	default:
		return p, metaErr(100, "Unknown summary %q", text).about("summary")
	}
	if p.shape == "short" {
		p.limit = (p.limit + 1) / 2
	}
	return p, nil
}

// metaList answers a list call from a ledger.
func metaList[T any](mc *metaCall, p metaPage, l *ledger[T], show func(*entry[T]) bool, object func(T) metaObject) metaEnvelope {
	out := metaEnvelope{Data: []metaObject{}}
	if p.summary {
		out.Summary = &metaSummary{TotalCount: l.count(show)}
	}
	var rows []*entry[T]
	var next, previous bool
	switch {
	case p.before != nil:
		rows, previous = l.before(p.before.seq, p.limit, show)
		next = len(rows) > 0 // the page the cursor came from
	case p.after != nil && p.after.gap:
		at := metaCursor{seq: p.after.seq}
		out.Paging = &metaPaging{Cursors: metaCursors{Before: at.String(), After: at.String()}}
		if _, next = l.after(at.seq, 0, show); next {
			out.Paging.Next = mc.link("after", at, p)
		}
		return out
	case p.after != nil:
		rows, next = l.after(p.after.seq, p.limit, show)
		previous = len(rows) > 0
	default:
		rows, next = l.after(0, p.limit, show)
	}
	if len(rows) == 0 {
		return out // paging itself is missing on an empty list
	}
	for _, row := range rows {
		out.Data = append(out.Data, object(row.value))
	}
	first, last := metaCursor{seq: rows[0].seq}, metaCursor{seq: rows[len(rows)-1].seq}
	if p.shape == "gaps" {
		last.gap, next = true, true
	}
	// cursors.after is there on the last page too: it is no end test.
	out.Paging = &metaPaging{Cursors: metaCursors{Before: first.String(), After: last.String()}}
	if next {
		out.Paging.Next = mc.link("after", last, p)
	}
	if previous {
		out.Paging.Previous = mc.link("before", first, p)
	}
	return out
}

// link is the URL of another page. It carries the access token when that came as
// a parameter, and never the proof.
func (mc *metaCall) link(direction string, cursor metaCursor, p metaPage) string {
	query := url.Values{}
	for name, values := range mc.request.URL.Query() {
		if !slices.Contains([]string{"after", "before", "appsecret_proof", "method"}, name) {
			query[name] = values
		}
	}
	if query.Get("limit") == "" {
		query.Set("limit", strconv.Itoa(p.limit))
	}
	query.Set(direction, cursor.String())
	return mc.baseURL + "/" + mc.version + "/" + strings.Join(mc.target, "/") + "?" + query.Encode()
}

// API: Meta, "Business > business_users" reference, reading.
func (m *metaSim) listMembers(mc *metaCall) (any, *metaError) {
	fields, refused := mc.fields("BusinessUser")
	if refused != nil {
		return nil, refused
	}
	p, refused := m.page(mc)
	if refused != nil {
		return nil, refused
	}
	show := func(e *entry[*metaUser]) bool { return e.visible(mc.now) }
	return metaList(mc, p, &mc.hub.users, show, func(u *metaUser) metaObject { return u.object(fields) }), nil
}

// API: Meta, "Business > pending_users" reference, reading.
func (m *metaSim) listInvitations(mc *metaCall) (any, *metaError) {
	fields, refused := mc.fields("BusinessRoleRequest")
	if refused != nil {
		return nil, refused
	}
	p, refused := m.page(mc)
	if refused != nil {
		return nil, refused
	}
	email := mc.params.Get("email")
	show := func(e *entry[*metaRequest]) bool {
		return e.visible(mc.now) && (email == "" || foldEmail(e.value.email) == foldEmail(email)) &&
			(mc.hub.settings.KeepClosed || e.value.status(mc.now) == metaPending || accepted(e.value))
	}
	return metaList(mc, p, &mc.hub.requests, show, func(r *metaRequest) metaObject { return r.listed(fields, mc.now) }), nil
}

// accepted requests are on their way out of the list: within the visibility lag
// they still show, as the pending ones they were.
func accepted(r *metaRequest) bool { return r.closed == metaAccepted }

func (r *metaRequest) listed(fields []metaSelection, now time.Time) metaObject {
	object := r.object(fields, now)
	if _, given := object["status"]; given && accepted(r) {
		object["status"] = metaPending
	}
	return object
}

// API: Meta, "Business > system_users" reference, reading. They are identities of
// automation and never among the business users.
func (m *metaSim) listSystemUsers(mc *metaCall) (any, *metaError) {
	fields, refused := mc.fields("SystemUser")
	if refused != nil {
		return nil, refused
	}
	p, refused := m.page(mc)
	if refused != nil {
		return nil, refused
	}
	var all ledger[*metaCredential]
	for _, c := range m.credentials.all() {
		if c.Kind == metaSystemUser && m.standing(c, mc.hub) != metaStranger {
			all.add(c, c.createdAt)
		}
	}
	show := func(*entry[*metaCredential]) bool { return true }
	return metaList(mc, p, &all, show, func(c *metaCredential) metaObject { return c.systemUser(fields) }), nil
}

func (c *metaCredential) systemUser(fields []metaSelection) metaObject {
	return metaRender("SystemUser", fields, func(field string, _ []metaSelection) any {
		switch field {
		case "id":
			return c.id
		case "name":
			return c.Name
		case "created_time":
			return metaTime(c.createdAt)
		default:
			return nil
		}
	})
}

// API: Meta, "User > businesses" reference, reading.
func (m *metaSim) listBusinesses(mc *metaCall) (any, *metaError) {
	fields, refused := mc.fields("Business")
	if refused != nil {
		return nil, refused
	}
	p, refused := m.page(mc)
	if refused != nil {
		return nil, refused
	}
	var all ledger[*metaHub]
	for _, h := range m.related(mc.cred) {
		all.add(h, h.createdAt)
	}
	show := func(*entry[*metaHub]) bool { return true }
	return metaList(mc, p, &all, show, func(h *metaHub) metaObject { return h.object(fields) }), nil
}

// API: Meta, "Business" reference, reading.
func (m *metaSim) getBusiness(mc *metaCall) (any, *metaError) {
	fields, refused := mc.fields("Business")
	if refused != nil {
		return nil, refused
	}
	return mc.hub.object(fields), nil
}

// API: Meta, "Business User" reference, reading.
func (m *metaSim) getMember(mc *metaCall) (any, *metaError) {
	if !mc.user.entry.visible(mc.now) {
		return nil, metaGone(http.MethodGet, mc.user.id)
	}
	fields, refused := mc.fields("BusinessUser")
	if refused != nil {
		return nil, refused
	}
	return mc.user.object(fields), nil
}

// API: Meta, "Business Role Request" reference, reading. A declined or expired
// invitation can still be read by id; an accepted or cancelled one is gone.
func (m *metaSim) getInvitation(mc *metaCall) (any, *metaError) {
	if !mc.invitation.entry.visible(mc.now) {
		return nil, metaGone(http.MethodGet, mc.invitation.id)
	}
	fields, refused := mc.fields("BusinessRoleRequest")
	if refused != nil {
		return nil, refused
	}
	return mc.invitation.listed(fields, mc.now), nil
}

func (m *metaSim) missingNode(mc *metaCall) (any, *metaError) {
	return nil, metaGone(mc.request.Method, mc.target[0])
}
