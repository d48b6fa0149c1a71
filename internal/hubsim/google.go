package hubsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const googleName = "google_ads"

// googleSim simulates the Google Ads API as far as the people of a customer
// account go. A person is in up to three collections with ids of their own: a
// change that waits for approval, an invitation, a user access. Each ends where
// the next begins.
type googleSim struct {
	hubKeeper[*googleHub]

	credentials []*googleCredential
	tokens      map[string]*googleToken
	lastToken   int
	cursors     map[int]*googleCursor
	lastCursor  int
	lastID      map[googleIDs]int64
	requests    int64
}

func newGoogle(clock *Clock) *googleSim {
	g := &googleSim{hubKeeper: hubKeeper[*googleHub]{platform: googleName, clock: clock}}
	g.acts = g.playable()
	g.reset()
	return g
}

func (g *googleSim) reset() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forgetHubs()
	g.credentials = nil
	g.tokens = map[string]*googleToken{}
	g.cursors = map[int]*googleCursor{}
	g.lastID = map[googleIDs]int64{}
}

// googleIDs is the number before the first id of a kind. The spaces are separate
// and deliberately close enough to overlap in a large account: an id without its
// collection means nothing.
type googleIDs int64

const (
	googleUserIDs       googleIDs = 8000
	googleInvitationIDs googleIDs = 9000
	googleReviewIDs     googleIDs = 5500
)

func (g *googleSim) newID(kind googleIDs) string {
	g.lastID[kind]++
	return strconv.FormatInt(int64(kind)+g.lastID[kind], 10)
}

// The versions that are served.
// API: Google Ads, "Sunset dates", https://developers.google.com/google-ads/api/docs/sunset-dates
const (
	googleOldest = 23
	googleNewest = 26
)

var (
	googleVersion  = regexp.MustCompile(`^v([1-9][0-9]{0,3})$`)
	googleCustomer = regexp.MustCompile(`^[0-9]{10}$`)
)

// googleCall is a call while it is being served, under the simulator's lock.
type googleCall struct {
	*call
	now       time.Time
	requestID string
	version   int    // 0: the path names none
	customer  string // as the path has it
	hub       *googleHub
	action    string // what follows the customer
	fields    googleObject
	query     *googleQuery
	refusal   *googleError // of the body, found while labelling the call
	handle    func(*googleSim, *googleCall) (any, *googleError)
	method    string // what the path takes
	changes   bool   // needs an administrator
	stream    bool   // errors come inside an array

	bearer *googleToken
	role   string // of the identity on the customer
}

const googleTokenPath = "/token"

func (g *googleSim) read(c *call) *googleCall {
	gc := &googleCall{call: c, now: g.clock.Now()}
	segments := strings.Split(strings.TrimPrefix(c.path, "/"), "/")
	if v := googleVersion.FindStringSubmatch(segments[0]); v != nil {
		gc.version, _ = strconv.Atoi(v[1]) // the expression holds it to four digits
	}
	g.identify(gc)
	switch rest := segments[1:]; {
	case gc.version == 0:
	case len(rest) == 1 && rest[0] == "customers:listAccessibleCustomers":
		gc.operation, gc.method, gc.handle = OpListBusinesses, http.MethodGet, (*googleSim).listCustomers
	case len(rest) == 3 && rest[0] == "customers":
		gc.customer, gc.action = rest[1], rest[2]
		gc.hub = g.hubByID[gc.customer]
		if googleCustomer.MatchString(gc.customer) {
			gc.business = gc.customer // never anything else into the log
		}
		g.route(gc)
	}
	return gc
}

// route finds what a path below a customer stands for, and labels the call by
// what its body asks for. An action it does not know leaves handle nil.
func (g *googleSim) route(gc *googleCall) {
	gc.method = http.MethodPost
	switch gc.action {
	case "googleAds:search", "googleAds:searchStream":
		gc.stream = gc.action == "googleAds:searchStream"
		gc.handle, gc.reads = (*googleSim).search, true
		gc.readSearch()
	case "customerUserAccesses:mutate":
		gc.handle, gc.changes, gc.operation = (*googleSim).mutateAccess, true, OpChangeRole
		gc.readBody("operation")
		if op, refused := gc.fields.object("operation"); refused == nil && op.has("remove") {
			gc.operation = OpRemove
		}
	case "customerUserAccessInvitations:mutate":
		gc.handle, gc.changes, gc.operation = (*googleSim).mutateInvitation, true, OpInvite
		gc.readBody("operation")
		if op, refused := gc.fields.object("operation"); refused == nil && op.has("remove") {
			gc.operation = OpCancelInvitation
		}
	case "multiPartyAuthReview:resolve": // singular, unlike the collection
		gc.handle, gc.changes, gc.operation = (*googleSim).resolveReview, true, OpResolveReview
		gc.readBody("operations")
	}
}

func (g *googleSim) describe(c *call) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c.path == googleTokenPath {
		g.describeToken(c)
		return
	}
	g.read(c)
}

func (g *googleSim) serve(w http.ResponseWriter, c *call) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if c.path == googleTokenPath {
		g.serveToken(w, c)
		return
	}
	gc := g.read(c)
	g.requests++
	gc.requestID = fmt.Sprintf("Asim%08d", g.requests)
	w.Header().Set("Request-Id", gc.requestID)

	result, refused := g.answer(gc)
	status := http.StatusOK
	if refused != nil {
		status, result = refused.status, refused.document(gc)
	}
	if gc.stream {
		result = []any{result} // one batch, and errors wrapped alike
	}
	sendGoogle(w, status, result)
}

func sendGoogle(w http.ResponseWriter, status int, value any) {
	body, err := json.MarshalIndent(value, "", "  ")
	if err != nil { // every value here is ours and encodes
		panic(err)
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// answer goes through the checks from the outside in: path, version, body,
// token, customer, trouble, then the call itself. The order is not documented.
func (g *googleSim) answer(gc *googleCall) (any, *googleError) {
	if gc.handle == nil || gc.request.Method != gc.method {
		return nil, googlePlain(http.StatusNotFound, "Method not found: "+gc.request.Method+" "+gc.path)
	}
	if gc.version < googleOldest || gc.version > googleNewest {
		return nil, googleErr("requestError", "UNSUPPORTED_VERSION", "Version v%d is deprecated or unknown. Requests to this version are blocked.", gc.version)
	}
	if refused := gc.wellFormed(); refused != nil {
		return nil, refused
	}
	if refused := g.authenticate(gc); refused != nil {
		return nil, refused
	}
	if refused := g.authorize(gc); refused != nil {
		return nil, refused
	}
	refused, afterEffect := g.trouble(gc)
	if refused != nil && !afterEffect {
		return nil, refused
	}
	if gc.refusal != nil {
		return nil, gc.refusal
	}
	result, wrong := gc.handle(g, gc)
	if refused == nil {
		refused = wrong
	}
	return result, refused
}

// wellFormed refuses what never reaches the API behind Google's front end.
func (gc *googleCall) wellFormed() *googleError {
	for name := range gc.request.URL.Query() {
		return googleUnknownName(name, "")
	}
	if gc.method == http.MethodGet {
		if len(gc.body) > 0 {
			return googlePlain(http.StatusBadRequest, "A GET request has no body.")
		}
		return nil
	}
	if gc.badBody != nil || gc.mediaType != "application/json" {
		return googlePlain(http.StatusBadRequest, fmt.Sprintf("Unsupported content type %q: send application/json.", gc.mediaType))
	}
	return nil
}

// listCustomers lists the accounts the identity reaches without a manager.
// API: Google Ads, CustomerService.ListAccessibleCustomers
func (g *googleSim) listCustomers(gc *googleCall) (any, *googleError) {
	names := []string{}
	for _, h := range g.order {
		if g.directRole(gc.bearer, h) != "" {
			// Newest first: no order is promised, so not the one they were made in.
			names = append([]string{"customers/" + h.id}, names...)
		}
	}
	return googleFields{"resourceNames": names}, nil
}
