package hubsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

const pinterestName = "pinterest_business"

// pinterestSim simulates Pinterest's API v5 as far as the people of a business
// go. A member is a Pinterest account seen through a business: the same person
// has one id everywhere, while each invitation has an id of its own.
//
// API: Pinterest, "API v5", OpenAPI document 5.23.0,
// https://github.com/pinterest/api-description
type pinterestSim struct {
	hubKeeper[*pinterestHub]

	accounts    pinterestAccounts
	sent        ledger[*pinterestInvite]    // of all hubs: a list shows received ones too
	invites     map[string]*pinterestInvite // by id, closed ones too
	credentials []*pinterestCredential
	byToken     map[string]*pinterestToken
	byRefresh   map[string]*pinterestRefresh
	lastID      map[string]int64 // by prefix
}

func newPinterest(clock *Clock) *pinterestSim {
	s := &pinterestSim{hubKeeper: hubKeeper[*pinterestHub]{platform: pinterestName, clock: clock}}
	s.acts = s.playable()
	s.reset()
	return s
}

func (s *pinterestSim) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetHubs()
	s.accounts = newPinterestAccounts()
	s.sent = ledger[*pinterestInvite]{}
	s.invites = map[string]*pinterestInvite{}
	s.credentials = nil
	s.byToken = map[string]*pinterestToken{}
	s.byRefresh = map[string]*pinterestRefresh{}
	s.lastID = map[string]int64{}
}

// Ids are strings of digits, each kind in a space of its own.
const (
	pinterestAccountIDs = "3837913369"
	pinterestInviteIDs  = "5001002003"
	pinterestSystemIDs  = "6008007006"
	pinterestTokenIDs   = "" // in the text of issued tokens
)

func (s *pinterestSim) newID(prefix string) string {
	s.lastID[prefix]++
	return fmt.Sprintf("%s%08d", prefix, s.lastID[prefix])
}

var (
	pinterestBusinessID = regexp.MustCompile(`^[0-9]{1,20}$`)
	pinterestOtherID    = regexp.MustCompile(`^[0-9]{1,25}$`) // of members and invitations
)

// Scopes.
const (
	pinterestReadPeople  = "biz_access:read"
	pinterestWritePeople = "biz_access:write"
	pinterestReadAccount = "user_accounts:read"
)

// pinterestRoute is one operation.
type pinterestRoute struct {
	operation string
	scopes    []string
	category  string   // of the rate limit
	query     []string // parameters it takes
	body      bool     // takes a JSON document
	handle    func(*pinterestSim, *pinterestCall) (any, *pinterestError)
}

// Rate categories; all operations of one share a quota.
const (
	pinterestAdsRead  = "ads_read"
	pinterestAdsWrite = "ads_write"
	pinterestOrgRead  = "org_read"
)

// pinterestRoutes by path, then method; "*" stands for a business id.
var pinterestRoutes = map[string]map[string]pinterestRoute{
	"user_account": {
		http.MethodGet: {
			operation: OpVerifyIdentity, scopes: []string{pinterestReadAccount}, category: pinterestOrgRead,
			query: []string{"ad_account_id"}, handle: (*pinterestSim).getAccount,
		},
	},
	"oauth/token": {
		http.MethodPost: {operation: OpRefreshToken, category: pinterestOrgRead},
	},
	"businesses/employers": {
		http.MethodGet: {
			operation: OpListBusinesses, scopes: []string{pinterestReadPeople}, category: pinterestAdsRead,
			query: []string{"page_size", "bookmark"}, handle: (*pinterestSim).listEmployers,
		},
	},
	"businesses/invites": {
		http.MethodPatch: {
			operation: OpAnswerInvitation, scopes: []string{pinterestReadPeople, pinterestWritePeople}, category: pinterestAdsWrite,
			body: true, handle: (*pinterestSim).answerInvites,
		},
	},
	"businesses/*/members": {
		http.MethodGet: {
			operation: OpListMembers, scopes: []string{pinterestReadPeople}, category: pinterestAdsRead,
			query: []string{
				"page_size", "bookmark", "start_index", "fetch_system_users", "assets_summary", "business_roles", "member_ids",
			},
			handle: (*pinterestSim).listMembers,
		},
		http.MethodPatch: {
			operation: OpChangeRole, scopes: []string{pinterestWritePeople}, category: pinterestAdsWrite,
			body: true, handle: (*pinterestSim).changeRoles,
		},
		http.MethodDelete: {
			operation: OpRemove, scopes: []string{pinterestReadPeople, pinterestWritePeople}, category: pinterestAdsWrite,
			body: true, handle: (*pinterestSim).removeMembers,
		},
	},
	"businesses/*/invites": {
		http.MethodGet: {
			operation: OpListInvitations, scopes: []string{pinterestReadPeople}, category: pinterestAdsRead,
			query:  []string{"page_size", "bookmark", "is_member", "invite_status", "invite_type"},
			handle: (*pinterestSim).listInvites,
		},
		http.MethodPost: {
			operation: OpInvite, scopes: []string{pinterestWritePeople}, category: pinterestAdsWrite,
			body: true, handle: (*pinterestSim).createInvites,
		},
		http.MethodDelete: {
			operation: OpCancelInvitation, scopes: []string{pinterestWritePeople}, category: pinterestAdsWrite,
			body: true, handle: (*pinterestSim).cancelInvites,
		},
	},
}

// pinterestCall is a call while it is being served, under the simulator's lock.
type pinterestCall struct {
	*call
	now     time.Time
	query   url.Values
	methods map[string]pinterestRoute // nil: no such path
	route   pinterestRoute
	named   bool          // the path names a business
	id      string        // its id, as written
	hub     *pinterestHub // the business, if there is one

	token *pinterestToken
	cred  *pinterestCredential
	late  *pinterestError // what to answer although the call took effect
}

func (s *pinterestSim) read(c *call) *pinterestCall {
	pc := &pinterestCall{call: c, now: s.clock.Now(), query: c.request.URL.Query()}
	if below, ok := strings.CutPrefix(c.path, "/v5/"); ok {
		segments := strings.Split(below, "/")
		// employers and invites are words where a business id could stand.
		if len(segments) == 3 && segments[0] == "businesses" {
			pc.named, pc.id, segments[1] = true, segments[1], "*"
		}
		pc.methods = pinterestRoutes[strings.Join(segments, "/")]
		pc.route = pc.methods[c.request.Method]
	}
	c.operation, c.business = pc.route.operation, pc.id
	c.reads = c.operation == OpRefreshToken
	pc.hub = s.hubByID[pc.id]
	pc.label()
	s.identify(pc)
	return pc
}

// label tells apart what one endpoint is used for.
func (pc *pinterestCall) label() {
	if pc.operation != OpListMembers {
		return
	}
	switch ids := pc.query.Get("member_ids"); {
	case pc.query.Get("fetch_system_users") == "true":
		pc.operation = OpListSystemUsers
	case ids != "" && !strings.Contains(ids, ","):
		pc.operation = OpGetMember
	case pc.query.Encode() == "page_size=1":
		pc.operation = OpVerifyBusiness
	}
}

func (s *pinterestSim) describe(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read(c)
}

func (s *pinterestSim) serve(w http.ResponseWriter, c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pc := s.read(c)
	result, refused := s.answer(pc)
	w.Header().Set("Content-Type", "application/json")
	s.rateHeaders(w.Header(), pc, refused)
	if refused != nil {
		refused.send(w)
		return
	}
	body, err := json.Marshal(result)
	if err != nil { // every value here is ours and encodes
		panic(err)
	}
	_, _ = w.Write(body)
}

// answer goes through the checks from the outside in: path, token, scope, limits,
// the call's form, the business, then the call itself. In which order Pinterest
// makes them is not documented.
func (s *pinterestSim) answer(pc *pinterestCall) (any, *pinterestError) {
	if pc.methods == nil {
		return nil, pinterestErr(http.StatusNotFound, 404, "Not found: %s", pc.path)
	}
	if pc.operation == "" {
		return nil, pinterestErr(http.StatusMethodNotAllowed, 405, "Method %s is not allowed here.", pc.request.Method)
	}
	if pc.operation == OpRefreshToken {
		return s.refreshToken(pc)
	}
	if refused := s.authenticate(pc); refused != nil {
		return nil, refused
	}
	if refused := s.limit(pc); refused != nil {
		return nil, refused
	}
	if refused := pc.wellFormed(); refused != nil {
		return nil, refused
	}
	if refused := s.authorize(pc); refused != nil {
		return nil, refused
	}
	result, refused := pc.route.handle(s, pc)
	if refused == nil && pc.late != nil {
		return nil, pc.late
	}
	return result, refused
}

// wellFormed checks what the document's parameters say, bodies aside.
func (pc *pinterestCall) wellFormed() *pinterestError {
	if pc.named && !pinterestBusinessID.MatchString(pc.id) {
		return pinterestInvalid("business_id %q does not match ^\\d+$ with 1 to 20 digits", pc.id)
	}
	for name := range pc.query {
		if !slices.Contains(pc.route.query, name) {
			return pinterestInvalid("unexpected query parameter %q", name)
		}
	}
	switch {
	case !pc.route.body && len(pc.body) > 0:
		return pinterestInvalid("%s takes no body here", pc.request.Method)
	case pc.route.body && len(pc.body) == 0:
		return pinterestInvalid("the request body is missing")
	case pc.route.body && (pc.badBody != nil || pc.mediaType != "application/json"):
		return pinterestInvalid("unsupported content type %q: send application/json", pc.mediaType)
	}
	return nil
}
