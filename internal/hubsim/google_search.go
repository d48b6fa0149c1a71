package hubsim

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a field holds.
type googleKind int

const (
	googleString  googleKind = iota
	googleInt                // a string of digits in JSON
	googleEnum               // upper case
	googleBool               //
	googleMessage            // an object, selected whole
)

type googleField struct {
	kind  googleKind
	enum  []string
	since int // the version that brought it
}

// googleResource is something a query can be made from.
type googleResource struct {
	json      string
	operation string
	cost      string // in units nobody documents
	fields    map[string]googleField
	rows      func(*googleCall) []googleRow
}

// googleRow is one of its rows: the value of a field, nil for one that is unset.
type googleRow func(field string, now time.Time) any

var (
	googleRoleEnum   = slices.Concat([]string{"UNSPECIFIED", googleUnknown}, googleRoles)
	googleInviteEnum = []string{"UNSPECIFIED", googleUnknown, googlePending, googleDeclined, googleExpired}
	googleReviewEnum = []string{"UNSPECIFIED", googleUnknown, googlePending, googleApproved, googleRejected, googleRevoked, googleExpired}
)

// googleResources holds the resources and their fields. That all of them can be
// filtered and sorted by is not confirmed.
// API: Google Ads, "Fields" reference of each resource
var googleResources = map[string]googleResource{
	"customer": {
		json: "customer", operation: OpVerifyBusiness, cost: "60", rows: (*googleCall).customerRows,
		fields: map[string]googleField{
			"resource_name": {}, "id": {kind: googleInt}, "descriptive_name": {}, "time_zone": {},
			"manager": {kind: googleBool}, "test_account": {kind: googleBool},
			"status": {kind: googleEnum, enum: []string{"UNSPECIFIED", googleUnknown, "ENABLED", "CANCELED", "SUSPENDED", "CLOSED"}},
		},
	},
	"customer_user_access": {
		json: "customerUserAccess", operation: OpListMembers, cost: "90", rows: (*googleCall).userRows,
		fields: map[string]googleField{
			"resource_name": {}, "user_id": {kind: googleInt}, "email_address": {},
			"access_role":               {kind: googleEnum, enum: googleRoleEnum},
			"access_creation_date_time": {}, "inviter_user_email_address": {},
			"passkey_enabled":                 {kind: googleBool, since: 24},
			"pending_multi_party_auth_review": {since: 24},
		},
	},
	"customer_user_access_invitation": {
		json: "customerUserAccessInvitation", operation: OpListInvitations, cost: "90", rows: (*googleCall).invitationRows,
		fields: map[string]googleField{
			"resource_name": {}, "invitation_id": {kind: googleInt}, "email_address": {}, "creation_date_time": {},
			"access_role":       {kind: googleEnum, enum: googleRoleEnum},
			"invitation_status": {kind: googleEnum, enum: googleInviteEnum},
		},
	},
	"multi_party_auth_review": {
		json: "multiPartyAuthReview", operation: OpListReviews, cost: "90", rows: (*googleCall).reviewRows,
		fields: map[string]googleField{
			"resource_name": {}, "multi_party_auth_review_id": {kind: googleInt}, "creation_date_time": {},
			"approval_date_time": {}, "request_user_email": {}, "justification": {},
			"review_status":   {kind: googleEnum, enum: googleReviewEnum},
			"operation_type":  {kind: googleEnum, enum: []string{googleCreate, googleUpdate, googleRemove}},
			"target_resource": {kind: googleEnum, enum: []string{"CUSTOMER_USER_ACCESS", "CUSTOMER_USER_ACCESS_INVITATION"}},
			"customer_user_access_review.old_customer_user_access":                       {},
			"customer_user_access_review.new_customer_user_access":                       {kind: googleMessage},
			"customer_user_access_invitation_review.new_customer_user_access_invitation": {kind: googleMessage},
		},
	},
}

// googleCursor is where a search that has more pages goes on: what was found
// when it began, so that a list does not shift under its reader.
type googleCursor struct {
	customer, text string
	rows           []googleRow
	total          int
	expiresAt      time.Time
}

// readSearch reads the body of a search and labels the call by its query.
func (gc *googleCall) readSearch() {
	names := []string{"query", "pageToken", "pageSize", "validateOnly", "searchSettings"}
	if gc.stream {
		names = []string{"query"}
	}
	if gc.readBody(names...); gc.refusal != nil || gc.fields.values == nil {
		return
	}
	text, refused := gc.fields.text("query")
	if refused == nil && text == "" {
		refused = googleErr("requestError", "REQUIRED_FIELD_MISSING", "The required field was not present.").about("", "query")
	}
	if refused == nil {
		gc.query, refused = googleParse(text, gc.version)
	}
	if gc.refusal = refused; refused != nil {
		return
	}
	gc.operation = googleResources[gc.query.resource].operation
	if gc.query.asksFor("email_address") {
		gc.operation = map[string]string{OpListMembers: OpFindMember, OpListInvitations: OpFindInvitation}[gc.operation]
	}
	if gc.query.asksFor("user_id") || gc.query.resource == "customer_user_access" && gc.query.asksFor("resource_name") {
		gc.operation = OpGetMember
	}
	if gc.query.asksFor("invitation_id") || gc.query.resource == "customer_user_access_invitation" && gc.query.asksFor("resource_name") {
		gc.operation = OpGetInvitation
	}
}

// search answers one page of a query.
// API: Google Ads, GoogleAdsService.Search and SearchStream
func (g *googleSim) search(gc *googleCall) (any, *googleError) {
	if raw, given := gc.fields.values["pageSize"]; given && string(raw) != "0" {
		return nil, googleErr("requestError", "PAGE_SIZE_NOT_SUPPORTED", "Setting the page size is not supported. Search Response will have fixed page size of '10000' rows.").about("", "page_size")
	}
	settings, refused := gc.fields.object("searchSettings")
	if refused != nil {
		return nil, refused
	}
	if refused := settings.only("omitResults", "returnTotalResultsCount", "returnSummaryRow"); refused != nil {
		return nil, refused
	}
	wantsTotal, refused := settings.flag("returnTotalResultsCount")
	if refused != nil {
		return nil, refused
	}
	token, refused := gc.fields.text("pageToken")
	if refused != nil {
		return nil, refused
	}
	text, _ := gc.fields.text("query") // readSearch has read it
	found := &googleCursor{customer: gc.customer, text: text}
	if token != "" {
		if found, refused = g.cursor(gc, token, text); refused != nil {
			return nil, refused
		}
	} else {
		found.rows = gc.query.run(gc)
		found.total = len(found.rows)
	}

	page, rest := found.rows, []googleRow(nil)
	if size := gc.hub.settings.PageSize; len(page) > size && !gc.stream {
		page, rest = page[:size], page[size:]
	}
	resource := googleResources[gc.query.resource]
	answer := googleFields{"fieldMask": gc.query.fieldMask(resource)}
	if len(page) > 0 {
		results := make([]googleFields, len(page))
		for i, row := range page {
			results[i] = googleFields{resource.json: gc.query.render(row, gc.now)}
		}
		answer["results"] = results
	}
	if gc.stream {
		answer["requestId"] = gc.requestID
		return answer, nil
	}
	answer["queryResourceConsumption"] = resource.cost
	if wantsTotal {
		answer["totalResultsCount"] = strconv.Itoa(found.total)
	}
	if len(rest) > 0 {
		answer["nextPageToken"] = g.keep(gc, &googleCursor{customer: gc.customer, text: text, rows: rest, total: found.total})
	}
	return answer, nil
}

// keep remembers the pages that follow. The token says when it ends, so that one
// long forgotten is still told from one never given.
func (g *googleSim) keep(gc *googleCall, next *googleCursor) string {
	maps.DeleteFunc(g.cursors, func(_ int, c *googleCursor) bool { return !gc.now.Before(c.expiresAt) })
	next.expiresAt = gc.now.Add(time.Duration(gc.hub.settings.PageTokenLifetime))
	g.lastCursor++
	g.cursors[g.lastCursor] = next
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "page:%d:%d", g.lastCursor, next.expiresAt.UnixNano()))
}

// cursor finds what a page token stands for. It goes with the query it came from
// and may be used again: a caller whose answer was lost asks again.
func (g *googleSim) cursor(gc *googleCall, token, query string) (*googleCursor, *googleError) {
	invalid := googleErr("requestError", "INVALID_PAGE_TOKEN", "Page token is invalid.").about(token, "page_token")
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return nil, invalid
	}
	var number int
	var ends int64
	if n, _ := fmt.Sscanf(string(raw), "page:%d:%d", &number, &ends); n != 2 {
		return nil, invalid
	}
	if gc.now.UnixNano() >= ends {
		return nil, googleErr("requestError", "EXPIRED_PAGE_TOKEN", "Page token has expired.").about(token, "page_token")
	}
	found := g.cursors[number]
	if found == nil || found.customer != gc.customer || found.text != query {
		return nil, invalid
	}
	return found, nil
}

// run finds and orders the rows of a query.
func (q *googleQuery) run(gc *googleCall) []googleRow {
	resource := googleResources[q.resource]
	rows := slices.DeleteFunc(resource.rows(gc), func(row googleRow) bool {
		return slices.ContainsFunc(q.where, func(c googleCondition) bool { return !c.holds(row, gc.now) })
	})
	slices.SortStableFunc(rows, func(a, b googleRow) int {
		for _, o := range q.orderBy {
			x, y := googleValue(a(o.field, gc.now)), googleValue(b(o.field, gc.now))
			order := strings.Compare(x, y)
			if resource.fields[o.field].kind == googleInt && len(x) != len(y) {
				order = len(x) - len(y)
			}
			if o.descending {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
	if q.limit > 0 && len(rows) > q.limit {
		rows = rows[:q.limit]
	}
	return rows
}

// googleValue is a value as text; an unset one is empty.
func googleValue(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func (c googleCondition) holds(row googleRow, now time.Time) bool {
	value := googleValue(row(c.field, now))
	switch c.operator {
	case "LIKE":
		return c.like.MatchString(value)
	case "!=":
		return value != c.value
	default: // =, which minds letter case
		return value == c.value
	}
}

// render gives a row the fields selected, and its name in any case.
func (q *googleQuery) render(row googleRow, now time.Time) googleFields {
	out := googleFields{"resourceName": row("resource_name", now)}
	for _, field := range q.selected {
		value := row(field, now)
		if value == nil {
			continue
		}
		in, name := out, field
		if outer, inner, nested := strings.Cut(field, "."); nested {
			name = inner
			if out[googleCamel(outer)] == nil {
				out[googleCamel(outer)] = googleFields{}
			}
			in = out[googleCamel(outer)].(googleFields)
		}
		in[googleCamel(name)] = value
	}
	return out
}

func (q *googleQuery) fieldMask(r googleResource) string {
	paths := make([]string, len(q.selected))
	for i, field := range q.selected {
		paths[i] = r.json + "." + googleCamel(field)
	}
	return strings.Join(paths, ",")
}
