package hubsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

const snapchatName = "snapchat_business"

// snapchatSim simulates Snap's Ads API v1 as far as the members of an
// organization and their roles go. A member and an invitation are the same
// entity with the same id; roles are entities of their own, joined by member_id.
//
// The API is under /v1 and the token endpoint beside it: a connector's endpoint
// is the platform's prefix alone, without /v1, and its token URL that prefix
// with /login/oauth2/access_token.
type snapchatSim struct {
	hubKeeper[*snapchatHub]

	members     map[string]*snapchatMember // of all organizations, removed ones too
	roles       map[string]*snapchatRole   // the same
	adAccounts  map[string]*snapchatHub
	credentials []*snapchatCredential
	access      map[string]*snapchatToken
	lastID      int64
	requests    int64
}

func newSnapchat(clock *Clock) *snapchatSim {
	m := &snapchatSim{hubKeeper: hubKeeper[*snapchatHub]{platform: snapchatName, clock: clock}}
	m.acts = m.playable()
	m.reset()
	return m
}

func (m *snapchatSim) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgetHubs()
	m.members = map[string]*snapchatMember{}
	m.roles = map[string]*snapchatRole{}
	m.adAccounts = map[string]*snapchatHub{}
	m.credentials = nil
	m.access = map[string]*snapchatToken{}
	m.lastID = 0
}

var snapchatID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func (m *snapchatSim) newID() string {
	m.lastID++
	return fixedUUID(fmt.Sprint(m.lastID))
}

// snapchatCall is a call while it is being served, under the simulator's lock.
type snapchatCall struct {
	*call
	now   time.Time
	cred  *snapchatCredential
	token string

	hub     *snapchatHub    // the organization it is about, if any
	member  *snapchatMember // the member it names, if any
	role    *snapchatRole   // the role it names, if any
	handle  func(*snapchatSim, *snapchatCall) (*snapchatAnswer, *snapchatError)
	methods []string // what the path takes
	allowed []string // query parameters
	// admin says that only an administrator of the organization gets an answer.
	// Deletions deliberately do without: their refusal hides in the answer.
	admin bool
}

func (m *snapchatSim) read(c *call) *snapchatCall {
	sc := &snapchatCall{call: c, now: m.clock.Now()}
	if c.path == snapchatTokenPath {
		m.describeToken(sc)
		return sc
	}
	m.identify(sc)
	segments := strings.Split(c.path, "/") // "", "v1", ...
	if len(segments) < 3 || segments[1] != "v1" {
		return sc
	}
	m.route(sc, segments[2:])
	if sc.hub != nil {
		sc.business = sc.hub.id
	}
	return sc
}

// route finds what a path below /v1 stands for. An unknown one leaves handle nil.
// API: Snap, "API patterns", https://developers.snap.com/api/marketing-api/Ads-API/api-patterns
func (m *snapchatSim) route(sc *snapchatCall, path []string) {
	get := []string{http.MethodGet}
	id := ""
	if len(path) > 1 {
		id, path[1] = path[1], "*"
	}
	switch strings.Join(path, "/") {
	case "me":
		sc.operation, sc.methods, sc.handle = OpVerifyIdentity, get, (*snapchatSim).getMe
	case "me/*":
		if id == "organizations" {
			sc.operation, sc.methods, sc.handle = OpListBusinesses, get, (*snapchatSim).listOrganizations
			sc.allowed = []string{"with_ad_accounts"}
		}
	case "organizations/*":
		sc.operation, sc.methods, sc.handle = OpVerifyBusiness, get, (*snapchatSim).getOrganization
		sc.hub = m.hubByID[id]
	case "organizations/*/members":
		sc.hub, sc.admin = m.hubByID[id], true
		m.routeMembers(sc)
	case "organizations/*/roles":
		sc.hub, sc.admin = m.hubByID[id], true
		m.routeRoles(sc, (*snapchatSim).listRoles, http.MethodGet, http.MethodPost, http.MethodPut)
	case "adaccounts/*/roles":
		sc.hub, sc.admin = m.adAccounts[id], true
		m.routeRoles(sc, (*snapchatSim).listAdAccountRoles, http.MethodGet, http.MethodPost)
	case "members/*", "members/*/roles":
		if sc.member = m.members[id]; sc.member != nil {
			sc.hub = sc.member.hub
		}
		m.routeMember(sc, len(path) == 3)
	case "roles/*":
		if sc.role = m.roles[id]; sc.role != nil {
			sc.hub = sc.role.member.hub
		}
		sc.operation, sc.methods, sc.handle = OpRevokeRole, []string{http.MethodDelete}, (*snapchatSim).deleteRole
	}
}

func (m *snapchatSim) routeMembers(sc *snapchatCall) {
	sc.methods = []string{http.MethodGet, http.MethodPost, http.MethodPut}
	switch sc.request.Method {
	case http.MethodPost:
		sc.operation, sc.handle = OpInvite, (*snapchatSim).createMembers
	case http.MethodPut:
		sc.operation, sc.handle = OpUpdateMember, (*snapchatSim).updateMembers
	default:
		sc.operation, sc.handle, sc.allowed = OpListMembers, (*snapchatSim).listMembers, snapchatListParams
	}
}

func (m *snapchatSim) routeRoles(sc *snapchatCall, list func(*snapchatSim, *snapchatCall) (*snapchatAnswer, *snapchatError), methods ...string) {
	sc.methods = methods
	switch sc.request.Method {
	case http.MethodPost:
		sc.operation, sc.handle = OpGrantRole, (*snapchatSim).createRoles
	case http.MethodPut:
		sc.operation, sc.handle = OpChangeRole, (*snapchatSim).updateRoles
		if r := m.roles[sc.glimpse("roles", "id")]; r != nil && r.member.row.truth().status != snapchatActive {
			sc.operation = OpChangeInvitedRole
		}
	default:
		sc.operation, sc.handle, sc.allowed = OpListRoles, list, snapchatListParams
	}
}

// routeMember labels a call on a member by what the member is: a second DELETE
// is a removal as well, if a failing one.
func (m *snapchatSim) routeMember(sc *snapchatCall, roles bool) {
	invited := sc.member != nil && sc.member.row.truth().status == snapchatInvited
	switch {
	case roles:
		sc.operation, sc.methods, sc.handle = OpMemberRoles, []string{http.MethodGet}, (*snapchatSim).listMemberRoles
	case sc.request.Method == http.MethodDelete:
		sc.operation, sc.methods, sc.handle = OpRemove, []string{http.MethodDelete}, (*snapchatSim).deleteMember
		if invited {
			sc.operation = OpCancelInvitation
		}
	default:
		sc.operation, sc.methods, sc.handle = OpGetMember, []string{http.MethodGet, http.MethodDelete}, (*snapchatSim).getMember
		if invited {
			sc.operation = OpGetInvitation
		}
	}
}

// glimpse reads a text of the first entity in the body, for the label; a body
// that is wrong is refused when the call is served.
func (sc *snapchatCall) glimpse(plural, name string) string {
	var body map[string][]map[string]any
	if json.Unmarshal(sc.body, &body) != nil || len(body[plural]) == 0 {
		return ""
	}
	text, _ := body[plural][0][name].(string)
	return text
}

func (m *snapchatSim) describe(c *call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read(c)
}

func (m *snapchatSim) serve(w http.ResponseWriter, c *call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sc := m.read(c)
	if c.path == snapchatTokenPath {
		m.serveToken(w, sc)
		return
	}
	m.requests++
	requestID := fmt.Sprintf("5ea%09x", m.requests)
	answer, refused := m.answer(w.Header(), sc)
	if refused != nil {
		refused.send(w, requestID)
		return
	}
	answer.send(w, sc, requestID)
}

func (m *snapchatSim) answer(header http.Header, sc *snapchatCall) (*snapchatAnswer, *snapchatError) {
	if refused := m.authenticate(sc); refused != nil {
		return nil, refused
	}
	afterEffect, refused := m.troubled(header, sc)
	if refused != nil {
		return nil, refused
	}
	if sc.handle == nil {
		return nil, snapchatErr(http.StatusNotFound, snapchatNotFound, "No endpoint at %s.", sc.path)
	}
	if method := sc.request.Method; !slices.Contains(sc.methods, method) || method == http.MethodPut && sc.putOff() {
		return nil, snapchatErr(http.StatusMethodNotAllowed, "", "Method %s is not allowed here.", method)
	}
	for name := range sc.request.URL.Query() {
		if !slices.Contains(sc.allowed, name) {
			return nil, snapchatErr(http.StatusBadRequest, snapchatBadRequest, "Unknown parameter %q.", name)
		}
	}
	if refused := m.authorize(sc); refused != nil {
		return nil, refused
	}
	answer, refused := sc.handle(m, sc)
	if afterEffect != nil {
		return nil, afterEffect
	}
	return answer, refused
}

// putOff: changing a role in place is not in the documents, only seen to work.
func (sc *snapchatCall) putOff() bool {
	return sc.hub != nil && sc.hub.settings.PutRoles == "off" && sc.operation != OpUpdateMember
}
