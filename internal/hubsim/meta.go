package hubsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const metaName = "meta_business"

// metaSim simulates Meta's Graph API as far as the people of a business
// portfolio go. A member and an invitation are different nodes with different
// ids: accepting an invitation ends one node and begins another.
type metaSim struct {
	hubKeeper[*metaHub]

	nodes       map[string]metaNode // members and invitations of all hubs, removed ones too
	credentials keyring[metaCredential]
	lastID      map[string]int64 // by prefix
	traces      int64
}

// metaNode is what an id stands for: one of the two.
type metaNode struct {
	user    *metaUser
	request *metaRequest
}

func newMeta(clock *Clock) *metaSim {
	m := &metaSim{hubKeeper: hubKeeper[*metaHub]{platform: metaName, clock: clock}}
	m.acts = m.playable()
	m.reset()
	return m
}

func (m *metaSim) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgetHubs()
	m.nodes = map[string]metaNode{}
	m.credentials = keyring[metaCredential]{}
	m.lastID = map[string]int64{}
}

// Ids are strings of digits, each kind in a space of its own.
const (
	metaUserIDs        = "122100000"
	metaRequestIDs     = "333000000"
	metaOpaqueIDs      = "777000000"
	metaSystemUserIDs  = "100089990"
	metaFacebookUserID = "100010000"
)

func (m *metaSim) newID(prefix string) string {
	m.lastID[prefix]++
	return fmt.Sprintf("%s%06d", prefix, m.lastID[prefix])
}

// metaVersions are the versions a call may name, with the day each ends.
// API: Meta, "Graph API changelog", https://developers.facebook.com/docs/graph-api/changelog
var metaVersions = map[string]string{
	"v26.0": "",
	"v25.0": "2028-07-29",
	"v24.0": "2028-02-18",
	"v23.0": "2027-10-08",
	"v22.0": "2027-05-20",
	"v21.0": "2027-01-21",
}

func metaVersionLive(version string, now time.Time) bool {
	ends, known := metaVersions[version]
	return known && (ends == "" || now.Format(time.DateOnly) < ends)
}

// metaCall is a call while it is being served, under the simulator's lock.
type metaCall struct {
	*call
	now     time.Time
	params  url.Values // of the documented places: query, or form for POST
	version string
	target  []string // the path below the version

	hub        *metaHub     // the business it is about, if any
	user       *metaUser    // the member node it is about, if any
	invitation *metaRequest // the invitation node it is about, if any
	handle     func(*metaSim, *metaCall) (any, *metaError)
	methods    []string // what the path takes
	allowed    []string // parameters beyond the common ones
	open       bool     // needs no business_management permission

	cred  *metaCredential
	token string
}

// metaCommonParams are taken by every call. method is the old override of the
// HTTP verb: it is tolerated and deliberately without effect, so a caller that
// relies on it deletes nothing.
var metaCommonParams = []string{"access_token", "appsecret_proof", "method"}

func (m *metaSim) read(c *call) *metaCall {
	mc := &metaCall{call: c, now: m.clock.Now(), params: url.Values{}}
	for name, values := range c.request.URL.Query() {
		mc.params[name] = values
	}
	for name, values := range c.form {
		mc.params[name] = values
	}
	segments := strings.Split(strings.Trim(c.path, "/"), "/")
	mc.version, mc.target = segments[0], segments[1:]
	m.identify(mc)
	m.route(mc)
	return mc
}

// route finds what a path stands for. A path it does not know leaves handle nil.
func (m *metaSim) route(mc *metaCall) {
	edge := strings.Join(mc.target, "/")
	get := []string{http.MethodGet}
	switch edge {
	case "me":
		mc.operation, mc.methods, mc.handle, mc.open = OpVerifyIdentity, get, (*metaSim).getMe, true
		mc.allowed = []string{"fields"}
		return
	case "me/permissions":
		mc.operation, mc.methods, mc.handle, mc.open = OpPermissions, get, (*metaSim).getPermissions, true
		return
	case "me/businesses":
		mc.operation, mc.methods, mc.handle = OpListBusinesses, get, (*metaSim).listBusinesses
		mc.allowed = metaListParams
		return
	case "debug_token":
		mc.operation, mc.methods, mc.handle, mc.open = OpInspectToken, get, (*metaSim).debugToken, true
		mc.allowed = []string{"input_token"}
		return
	}
	if len(mc.target) == 0 || len(mc.target) > 2 {
		return
	}
	id := mc.target[0]
	if hub := m.hubByID[id]; hub != nil {
		mc.hub, mc.business = hub, id
		m.routeBusiness(mc)
		return
	}
	if !isDigits(id) {
		return
	}
	if len(mc.target) == 1 {
		m.routeNode(mc, id)
		return
	}
	// An edge of an object that is not there: the object is what is missing.
	m.routeBusiness(mc)
	if mc.handle != nil {
		mc.handle = (*metaSim).missingNode
	}
}

func (m *metaSim) routeBusiness(mc *metaCall) {
	get := []string{http.MethodGet}
	if len(mc.target) == 1 {
		mc.operation, mc.methods, mc.handle = OpVerifyBusiness, get, (*metaSim).getBusiness
		mc.allowed = []string{"fields"}
		return
	}
	switch mc.target[1] {
	case "business_users":
		mc.methods = []string{http.MethodGet, http.MethodPost}
		mc.operation, mc.handle, mc.allowed = OpListMembers, (*metaSim).listMembers, metaListParams
		if mc.request.Method == http.MethodPost {
			mc.operation, mc.handle = OpInvite, (*metaSim).invite
			mc.allowed = []string{"email", "role", "tasks", "invited_user_type", "fields"}
		}
	case "pending_users":
		mc.operation, mc.methods, mc.handle = OpListInvitations, get, (*metaSim).listInvitations
		mc.allowed = append([]string{"email"}, metaListParams...)
		if mc.params.Get("email") != "" {
			mc.operation = OpFindInvitation
		}
	case "system_users":
		mc.operation, mc.methods, mc.handle = OpListSystemUsers, get, (*metaSim).listSystemUsers
		mc.allowed = metaListParams
	}
}

// metaMemberParams are what a POST to a member takes.
var metaMemberParams = []string{
	"role", "tasks", "email", "first_name", "last_name", "title",
	"pending_email", "clear_pending_email", "skip_verification_email", "fields",
}

// routeNode labels a call on a member or an invitation, removed ones included:
// a second DELETE is a remove as well, if a failing one.
func (m *metaSim) routeNode(mc *metaCall, id string) {
	mc.methods = []string{http.MethodGet, http.MethodPost, http.MethodDelete}
	mc.handle = (*metaSim).missingNode
	node, known := m.nodes[id]
	if !known {
		mc.allowed = metaMemberParams
		return
	}
	method := mc.request.Method
	if u := node.user; u != nil {
		mc.user, mc.hub, mc.business = u, u.hub, u.hub.id
		switch method {
		case http.MethodPost:
			mc.operation, mc.handle = OpChangeRole, (*metaSim).changeMember
			mc.allowed = metaMemberParams
		case http.MethodDelete:
			mc.operation, mc.handle = OpRemove, (*metaSim).removeMember
		default:
			mc.operation, mc.handle, mc.allowed = OpGetMember, (*metaSim).getMember, []string{"fields"}
		}
		return
	}
	r := node.request
	mc.invitation, mc.hub, mc.business = r, r.hub, r.hub.id
	switch method {
	case http.MethodPost:
		mc.operation, mc.handle = OpChangeInvitedRole, (*metaSim).changeInvitation
		mc.allowed = []string{"role", "tasks", "fields"}
	case http.MethodDelete:
		mc.operation, mc.handle = OpCancelInvitation, (*metaSim).cancelInvitation
	default:
		mc.operation, mc.handle, mc.allowed = OpGetInvitation, (*metaSim).getInvitation, []string{"fields"}
	}
}

func (m *metaSim) describe(c *call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read(c)
}

func (m *metaSim) serve(w http.ResponseWriter, c *call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	mc := m.read(c)
	m.traces++
	trace := fmt.Sprintf("Asim%08d", m.traces)
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=UTF-8")
	header.Set("X-Fb-Trace-Id", trace)
	header.Set("X-Fb-Rev", "1026000001")
	if metaVersionLive(mc.version, mc.now) {
		header.Set("Facebook-Api-Version", mc.version)
	}

	result, refused := m.answer(mc)
	m.usageHeaders(header, mc)
	if refused != nil {
		refused.send(w, trace)
		return
	}
	body, err := json.Marshal(result)
	if err != nil { // every value here is ours and encodes
		panic(err)
	}
	_, _ = w.Write(body)
}

// answer goes through the checks in the order Graph is known to make them:
// path, token, throttle, parameters, permission, then the call itself.
func (m *metaSim) answer(mc *metaCall) (any, *metaError) {
	if !metaVersionLive(mc.version, mc.now) {
		return nil, metaErr(2500, "Unknown path components: %s. Give a supported version, such as /v26.0", mc.path)
	}
	if mc.handle == nil {
		return nil, metaErr(2500, "Unknown path components: /%s", strings.Join(mc.target, "/"))
	}
	method := mc.request.Method
	if !slices.Contains(mc.methods, method) {
		return nil, metaErr(100, "Unsupported %s request.", strings.ToLower(method)).as("GraphMethodException")
	}
	if refused := metaBody(mc); refused != nil {
		return nil, refused
	}
	if refused := m.authenticate(mc); refused != nil {
		return nil, refused
	}
	if refused := m.throttle(mc); refused != nil {
		return nil, refused
	}
	for name := range mc.params {
		if !slices.Contains(metaCommonParams, name) && !slices.Contains(mc.allowed, name) {
			return nil, metaErr(100, "Unexpected parameter %q for %s /%s", name, method, strings.Join(mc.target, "/"))
		}
	}
	if refused := m.authorize(mc); refused != nil {
		return nil, refused
	}
	return mc.handle(m, mc)
}

// metaBody refuses a body that is not one of the documented forms.
// API: Meta, "Graph API reference, Business > business_users", form fields.
func metaBody(mc *metaCall) *metaError {
	for name := range mc.request.URL.Query() {
		// An e-mail address in a URL ends up in other people's logs; the
		// documents show every other parameter of a POST in the form.
		if mc.request.Method == http.MethodPost && name != "fields" && !slices.Contains(metaCommonParams, name) {
			return metaErr(100, "Parameter %q of a POST request belongs in the form", name)
		}
	}
	switch {
	case mc.badBody != nil:
		return metaErr(100, "Invalid request body: %v", mc.badBody)
	case len(mc.body) == 0:
		return nil
	case mc.form == nil:
		return metaErr(100, "Unsupported content type %q: send application/x-www-form-urlencoded or multipart/form-data", mc.mediaType)
	case mc.request.Method != http.MethodPost:
		return metaErr(100, "A %s request takes its parameters in the query", mc.request.Method)
	}
	return nil
}

func isDigits(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}
