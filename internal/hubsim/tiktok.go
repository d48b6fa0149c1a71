package hubsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const tiktokName = "tiktok_business"

// tiktokRoot is where v1.3 begins below the platform's prefix. Every path under
// it ends with a slash.
const tiktokRoot = "/open_api/v1.3"

// tiktokSim simulates the TikTok API for Business as far as the members of a
// Business Center go. A member and an invitation are rows of one list, told
// apart by relation_status; a person's user_id is the same in every center.
type tiktokSim struct {
	hubKeeper[*tiktokHub]

	credentials keyring[tiktokCredential]
	userIDs     map[string]string // by folded address
	requests    int64
}

func newTiktok(clock *Clock) *tiktokSim {
	m := &tiktokSim{hubKeeper: hubKeeper[*tiktokHub]{platform: tiktokName, clock: clock}}
	m.acts = m.playable()
	m.reset()
	return m
}

func (m *tiktokSim) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgetHubs()
	m.credentials = keyring[tiktokCredential]{}
	m.userIDs = map[string]string{}
}

// userID is a person's id: 19 digits, beyond what a float keeps exactly.
func (m *tiktokSim) userID(email string) string {
	key := foldEmail(email)
	id := m.userIDs[key]
	if id == "" {
		id = fmt.Sprintf("7%018d", len(m.userIDs)+1)
		m.userIDs[key] = id
	}
	return id
}

// tiktokCall is a call while it is being served, under the simulator's lock.
type tiktokCall struct {
	*call
	now      time.Time
	endpoint *tiktokEndpoint // nil: no such path
	hub      *tiktokHub      // the center it names, if there is one
	cred     *tiktokCredential
	token    string
}

type tiktokEndpoint struct {
	method string
	open   bool // needs no Business Center permission of the app
	// handle answers with data, or with a tiktokEffect when the call is a write.
	handle func(*tiktokSim, *tiktokCall) (any, *tiktokError)
}

// tiktokEffect carries a checked write out. It returns true when only a part of
// it could be done.
type tiktokEffect func() (partial bool)

// API: TikTok, "TikTok API for Business", https://business-api.tiktok.com/portal/docs
// (user info; Get BCs, id 1737115687501826; members get 1739939404802049, invite
// 1739939455765505, update 1739696704424961, delete 1739939482851329).
var tiktokEndpoints = map[string]*tiktokEndpoint{
	"/user/info/":        {http.MethodGet, true, (*tiktokSim).userInfo},
	"/bc/get/":           {http.MethodGet, false, (*tiktokSim).listCenters},
	"/bc/member/get/":    {http.MethodGet, false, (*tiktokSim).listMembers},
	"/bc/member/invite/": {http.MethodPost, false, (*tiktokSim).invite},
	"/bc/member/update/": {http.MethodPost, false, (*tiktokSim).update},
	"/bc/member/delete/": {http.MethodPost, false, (*tiktokSim).remove},
}

func (m *tiktokSim) read(c *call) *tiktokCall {
	tc := &tiktokCall{call: c, now: m.clock.Now()}
	m.identify(tc)
	path, below := strings.CutPrefix(c.path, tiktokRoot)
	if !below || tiktokEndpoints[path] == nil {
		return tc
	}
	tc.endpoint = tiktokEndpoints[path]
	query := c.request.URL.Query()
	business := query.Get("bc_id")
	if tc.endpoint.method == http.MethodPost {
		business, _ = tc.glimpse("bc_id")
	}
	if tc.hub = m.hubByID[business]; tc.hub != nil {
		tc.business = business
	}
	switch path {
	case "/user/info/":
		tc.operation = OpVerifyIdentity
	case "/bc/get/":
		tc.operation = OpVerifyBusiness
		if business == "" {
			tc.operation = OpListBusinesses
		}
	case "/bc/member/get/":
		tc.operation = tiktokListOperation(query.Get("filtering"))
	case "/bc/member/invite/":
		tc.operation = OpInvite
	case "/bc/member/update/":
		tc.operation = OpChangeRole
	case "/bc/member/delete/":
		tc.operation = OpRemove
		if _, given := tc.glimpse("user_email"); given {
			tc.operation = OpCancelInvitation
		}
	}
	return tc
}

// glimpse reads one text of the body for the label; a body that is wrong is
// refused when the call is served.
func (tc *tiktokCall) glimpse(name string) (string, bool) {
	var body map[string]any
	if json.Unmarshal(tc.body, &body) != nil {
		return "", false
	}
	value, given := body[name]
	text, _ := value.(string)
	return text, given
}

// tiktokListOperation tells the two lists in one endpoint apart.
func tiktokListOperation(filtering string) string {
	var filter struct {
		Keyword string `json:"keyword"`
		Status  string `json:"relation_status"`
	}
	_ = json.Unmarshal([]byte(filtering), &filter) // listMembers refuses what is wrong
	switch pending := filter.Status == tiktokPending; {
	case pending && filter.Keyword != "":
		return OpFindInvitation
	case pending:
		return OpListInvitations
	case filter.Keyword != "":
		return OpFindMember
	default:
		return OpListMembers
	}
}

func (m *tiktokSim) describe(c *call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read(c)
}

func (m *tiktokSim) serve(w http.ResponseWriter, c *call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tc := m.read(c)
	m.requests++
	requestID := fmt.Sprintf("%s%010d", tc.now.Format("20060102150405"), m.requests)

	data, refused := m.answer(tc)
	if refused != nil && refused.status != 0 {
		http.Error(w, refused.message, refused.status)
		return
	}
	envelope := tiktokEnvelope{Code: tiktokOK, Message: "OK", RequestID: requestID, Data: data}
	if refused != nil {
		envelope.Code, envelope.Message = refused.code, refused.message
	}
	if envelope.Data == nil && (tc.hub == nil || tc.hub.settings.EmptyData == "object") {
		envelope.Data = tiktokObject{}
	}
	body, err := json.Marshal(envelope)
	if err != nil { // every value here is ours and encodes
		panic(err)
	}
	// Refusals too are HTTP 200: the code alone says what became of the call.
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(body)
}

// answer goes through the checks: path, token, throttle, the app's permission,
// then the call itself, which checks its parameters and the caller's role.
func (m *tiktokSim) answer(tc *tiktokCall) (any, *tiktokError) {
	if tc.endpoint == nil {
		return nil, tiktokGateway(http.StatusNotFound, "404 page not found")
	}
	if tc.request.Method != tc.endpoint.method {
		return nil, tiktokGateway(http.StatusMethodNotAllowed, "405 method not allowed")
	}
	if refused := m.authenticate(tc); refused != nil {
		return nil, refused
	}
	afterEffect, refused := m.troubled(tc)
	if refused != nil {
		return nil, refused
	}
	if !tc.endpoint.open && m.permissionMissing(tc) {
		return nil, tiktokErr(tiktokDenied, "No permission to operate: the app lacks the Business Center permission scope.")
	}
	data, refused := tc.endpoint.handle(m, tc)
	effect, writes := data.(tiktokEffect)
	if refused != nil || !writes {
		return data, refused
	}
	partial := false
	switch mode := tc.hub.settings.PartialSuccess; mode {
	case "nothing":
		partial = true
	default:
		partial = effect() || mode == "done"
	}
	switch {
	case afterEffect != nil:
		return nil, afterEffect
	case partial:
		return nil, tiktokErr(tiktokPartial, "Partially successful")
	default:
		return nil, nil
	}
}
