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

const cerbyName = "cerby"

// cerbyRoot is where the API begins below the platform's prefix. A connector's
// endpoint ends with it, as a workspace's own does: https://{workspace}.cerby.com/api/v1.
const cerbyRoot = "/api/v1"

// cerbyWorkspace is the one simulated workspace; every hub is an integration in it.
const cerbyWorkspace = "northwind"

// cerbySim simulates the public API of a Cerby workspace as far as the members
// of its integrations go. What people hold in the external app and the copy
// Cerby keeps of that are two things: tasks change both, a person in the app's
// own screens changes the app, and a sync carries it over.
type cerbySim struct {
	hubKeeper[*cerbyHub]

	users       map[string]*cerbyUser // of the workspace, by folded address
	userIDs     map[string]*cerbyUser
	roll        []*cerbyUser // the same in the order of the list
	jobs        map[string]*cerbyJob
	underway    []*cerbyJob // not at their end
	credentials keyring[cerbyCredential]
	lastID      int64
	refusals    int64
}

func newCerby(clock *Clock) *cerbySim {
	m := &cerbySim{hubKeeper: hubKeeper[*cerbyHub]{platform: cerbyName, clock: clock}}
	m.acts, m.catchUp = m.playable(), m.settle
	m.reset()
	return m
}

func (m *cerbySim) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgetHubs()
	m.users = map[string]*cerbyUser{}
	m.userIDs = map[string]*cerbyUser{}
	m.roll = nil
	m.jobs = map[string]*cerbyJob{}
	m.underway = nil
	m.credentials = keyring[cerbyCredential]{}
	m.lastID = 0
	m.refusals = 0
}

var cerbyID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func (m *cerbySim) newID() string {
	m.lastID++
	return fixedUUID(fmt.Sprintf("cerby %d", m.lastID))
}

// cerbyCall is a call while it is being served, under the simulator's lock.
type cerbyCall struct {
	*call
	now      time.Time
	key      string
	cred     *cerbyCredential
	pattern  string                    // the path with its ids replaced
	methods  map[string]*cerbyEndpoint // nil: no such path
	endpoint *cerbyEndpoint            // nil: no such path or method

	hubID  string // in the path
	hub    *cerbyHub
	person string // the user's or unmatched user's id in the path
	job    *cerbyJob
}

type cerbyEndpoint struct {
	operation string
	scopes    []string
	admin     bool // the key's user must be an administrator of the workspace
	query     []string
	// handle answers with a document. A task's takes effect when its job ends.
	handle func(*cerbySim, *cerbyCall) (any, *cerbyError)
}

var cerbyPageParams = []string{"page[number]", "page[size]"}

// cerbyPartial is the change of a part of the entitlements, which only the newer
// specification has.
const cerbyPartial = "integrations/*/users/*/entitlements"

// cerbyEndpoints are the paths below cerbyRoot, ids replaced. The scopes are the
// union of what the two published specifications ask for: they disagree, and a
// key that has to work has them all.
// API: Cerby, "Public API" v1. The newer specification files the members of an
// integration under /user; its own links and the older one say /users.
var cerbyEndpoints = map[string]map[string]*cerbyEndpoint{
	"integrations": {
		http.MethodGet: {OpListBusinesses, []string{cerbyReadHubs}, false, slices.Concat(cerbyPageParams, []string{"filter[application]"}), (*cerbySim).listHubs},
	},
	"integrations/*": {
		http.MethodGet: {OpVerifyBusiness, []string{cerbyReadHubs}, false, nil, (*cerbySim).getHub},
	},
	"integrations/*/users": {
		http.MethodGet:  {OpListMembers, []string{cerbyReadUsers, cerbyReadHubs}, false, cerbyPageParams, (*cerbySim).listMembers},
		http.MethodPost: {OpInvite, []string{cerbyReadUsers, cerbyWriteHubs, cerbyReadJobs}, false, nil, (*cerbySim).addMembers},
	},
	"integrations/*/users/*": {
		http.MethodGet:    {OpGetMember, []string{cerbyReadUsers, cerbyReadHubs}, false, nil, (*cerbySim).getMember},
		http.MethodPatch:  {OpChangeRole, []string{cerbyReadUsers, cerbyWriteHubs, cerbyWriteJobs}, false, nil, (*cerbySim).replaceEntitlements},
		http.MethodDelete: {OpRemove, []string{cerbyWriteHubs, cerbyWriteJobs}, false, nil, (*cerbySim).removeMember},
	},
	cerbyPartial: {
		http.MethodPatch: {OpChangeRole, []string{cerbyReadUsers, cerbyWriteHubs, cerbyWriteJobs}, false, nil, (*cerbySim).changeEntitlements},
	},
	"integrations/*/entitlements": {
		http.MethodGet: {OpListRoles, []string{cerbyReadHubs, cerbyWriteHubs}, false, nil, (*cerbySim).listEntitlements},
	},
	"integrations/*/unmatched-users": {
		http.MethodGet: {OpListUnmatched, []string{cerbyReadUsers, cerbyReadHubs}, false, slices.Concat(cerbyPageParams, []string{"search", "sort"}), (*cerbySim).listUnmatched},
	},
	"integrations/*/unmatched-users/*": {
		http.MethodDelete: {OpRemoveUnmatched, []string{cerbyWriteHubs, cerbyWriteJobs}, false, nil, (*cerbySim).removeUnmatched},
	},
	"users": {
		http.MethodGet: {OpFindUser, []string{cerbyReadUsers}, true, slices.Concat(cerbyPageParams, []string{"filter", "filter[status]", "filter[isGuest]", "mfaStatus"}), (*cerbySim).findUsers},
	},
	"jobs/*": {
		http.MethodGet: {OpPollJob, []string{cerbyReadJobs}, true, nil, (*cerbySim).getJob},
	},
}

func (m *cerbySim) read(c *call) *cerbyCall {
	cc := &cerbyCall{call: c, now: m.clock.Now()}
	m.settle(cc.now)
	m.identify(cc)
	below, found := strings.CutPrefix(c.path, cerbyRoot+"/")
	if !found {
		return cc
	}
	segments := strings.Split(below, "/")
	ids := make([]string, 2)
	for i := 1; i < len(segments) && i < 4; i += 2 {
		ids[i/2], segments[i] = segments[i], "*"
	}
	cc.pattern = strings.Join(segments, "/")
	if cc.methods = cerbyEndpoints[cc.pattern]; cc.methods == nil {
		return cc
	}
	if segments[0] == "jobs" {
		if cc.job = m.jobs[ids[0]]; cc.job != nil {
			cc.business = cc.job.hub.id
		}
	} else {
		cc.hubID, cc.person = ids[0], ids[1]
		if cc.hub = m.hubByID[cc.hubID]; cc.hub != nil {
			cc.business = cc.hub.id
		}
	}
	if cc.endpoint = cc.methods[c.request.Method]; cc.endpoint != nil {
		cc.operation = cc.endpoint.operation
		if cc.pattern == cerbyPartial {
			cc.operation = cc.partialOperation()
		}
	}
	return cc
}

// partialOperation tells granting from revoking; a body that does both, like one
// that is wrong, is a change.
func (cc *cerbyCall) partialOperation() string {
	var body struct {
		Data map[string]any `json:"data"`
	}
	if json.Unmarshal(cc.body, &body) != nil {
		return OpChangeRole
	}
	switch add, remove := body.Data["add"] != nil, body.Data["remove"] != nil; {
	case add && !remove:
		return OpGrantRole
	case remove && !add:
		return OpRevokeRole
	default:
		return OpChangeRole
	}
}

func (m *cerbySim) describe(c *call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read(c)
}

func (m *cerbySim) serve(w http.ResponseWriter, c *call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	cc := m.read(c)
	document, refused := m.answer(cc)
	if refused != nil {
		m.refusals++
		refused.send(w, cc, m.refusals)
		return
	}
	body, err := json.Marshal(document)
	if err != nil { // every value here is ours and encodes
		panic(err)
	}
	// A task too answers 200, not 201, 202 or 204.
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// answer goes through the checks, from the outside in: firewall, key, limits,
// path, scopes, ownership, parameters; the call itself checks its body.
func (m *cerbySim) answer(cc *cerbyCall) (any, *cerbyError) {
	if cc.anonymous() || m.blocked(cc) {
		return nil, cerbyFirewall
	}
	if refused := m.authenticate(cc); refused != nil {
		return nil, refused
	}
	afterEffect, refused := m.troubled(cc)
	if refused != nil {
		return nil, refused
	}
	switch {
	case cc.methods == nil, cc.hub != nil && cc.hub.lacks(cc):
		return nil, cerbyErr(http.StatusNotFound, "no such resource")
	case cc.endpoint == nil:
		return nil, cerbyErr(http.StatusMethodNotAllowed, "method not allowed")
	}
	if refused := m.authorize(cc); refused != nil {
		return nil, refused
	}
	if refused := cc.checkQuery(); refused != nil {
		return nil, refused
	}
	document, refused := cc.endpoint.handle(m, cc)
	if refused == nil && afterEffect != nil {
		return nil, afterEffect
	}
	return document, refused
}

// lacks says that the path is one of those that are not certain to exist, and
// set not to.
func (h *cerbyHub) lacks(cc *cerbyCall) bool {
	return strings.Contains(cc.pattern, "/unmatched-users") && !h.settings.UnmatchedEndpoint ||
		cc.pattern == cerbyPartial && !h.settings.PartialChange
}
