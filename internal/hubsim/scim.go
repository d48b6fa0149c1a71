package hubsim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

const scimName = "scim"

// scimVersion is the path segment between an app's key and its resources.
const scimVersion = "v2"

// scimSim simulates apps that are SCIM 2.0 service providers. A hub is one app;
// its base URL ends in /<business_id>/v2. What a real app does differently is a
// setting, and a vendor's habits are a profile, a bundle of such settings.
//
// API: RFC 7643 (schema) and RFC 7644 (protocol).
type scimSim struct {
	hubKeeper[*scimHub]

	credentials keyring[scimCredential]
}

func newScim(clock *Clock) *scimSim {
	s := &scimSim{hubKeeper: hubKeeper[*scimHub]{platform: scimName, clock: clock}}
	s.acts = s.playable()
	s.reset()
	return s
}

func (s *scimSim) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetHubs()
	s.credentials = keyring[scimCredential]{}
}

// scimBusinessID is an app's key.
var scimBusinessID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// scimRoute is one operation.
type scimRoute struct {
	body   bool // takes a JSON document
	handle func(*scimSim, *scimCall) (*scimAnswer, *scimError)
}

// scimRoutes by path below the base URL, then method; "*" stands for an id. Path
// segments are case-sensitive, as some apps have them.
var scimRoutes = map[string]map[string]scimRoute{
	"Users": {
		http.MethodGet:  {handle: (*scimSim).list},
		http.MethodPost: {body: true, handle: (*scimSim).createUser},
	},
	"Users/*": {
		http.MethodGet:    {handle: (*scimSim).get},
		http.MethodPut:    {body: true, handle: (*scimSim).replaceUser},
		http.MethodPatch:  {body: true, handle: (*scimSim).patchUser},
		http.MethodDelete: {handle: (*scimSim).deleteUser},
	},
	"Groups": {
		http.MethodGet:  {handle: (*scimSim).list},
		http.MethodPost: {body: true, handle: (*scimSim).createGroup},
	},
	"Groups/*": {
		http.MethodGet:    {handle: (*scimSim).get},
		http.MethodPut:    {body: true, handle: (*scimSim).replaceGroup},
		http.MethodPatch:  {body: true, handle: (*scimSim).patchGroup},
		http.MethodDelete: {handle: (*scimSim).deleteGroup},
	},
	"ServiceProviderConfig": {http.MethodGet: {handle: (*scimSim).providerConfig}},
	"ResourceTypes":         {http.MethodGet: {handle: (*scimSim).resourceTypes}},
	"ResourceTypes/*":       {http.MethodGet: {handle: (*scimSim).resourceTypes}},
	"Schemas":               {http.MethodGet: {handle: (*scimSim).schemas}},
	"Schemas/*":             {http.MethodGet: {handle: (*scimSim).schemas}},
	// Optional in the RFC, and rare among apps that sell seats.
	"Bulk":          {http.MethodPost: {body: true, handle: scimNotImplemented}},
	".search":       {http.MethodPost: {body: true, handle: scimNotImplemented}},
	"Users/.search": {http.MethodPost: {body: true, handle: scimNotImplemented}},
	"Me":            {http.MethodGet: {handle: scimNotImplemented}},
}

func scimNotImplemented(*scimSim, *scimCall) (*scimAnswer, *scimError) {
	return nil, scimErr(http.StatusNotImplemented, "", "This service provider does not support the operation.")
}

// scimCall is a call while it is being served, under the simulator's lock.
type scimCall struct {
	*call
	now     time.Time
	query   url.Values
	methods map[string]scimRoute // nil: no such path
	route   scimRoute
	kind    *scimKind // of resource, nil for discovery
	id      string    // of the resource
	hub     *scimHub  // the app, if there is one
	root    string    // its base URL, for links

	token string
	cred  *scimCredential
	late  *scimError // what to answer although the call took effect
}

// scimAnswer is a success.
type scimAnswer struct {
	status int
	header map[string]string
	body   any // nil: none
}

func (s *scimSim) read(c *call) *scimCall {
	sc := &scimCall{call: c, now: s.clock.Now(), query: c.request.URL.Query()}
	segments := strings.Split(strings.TrimPrefix(c.path, "/"), "/")
	c.business = segments[0]
	sc.hub = s.hubByID[c.business]
	sc.root = c.baseURL + "/" + c.business + "/" + scimVersion
	if len(segments) > 2 && segments[1] == scimVersion {
		sc.find(segments[2:])
	}
	s.identify(sc)
	sc.operation = sc.label()
	return sc
}

// find looks the path below the base URL up.
func (sc *scimCall) find(below []string) {
	path := strings.Join(below, "/")
	if sc.methods = scimRoutes[path]; sc.methods == nil && len(below) == 2 && below[1] != "" {
		sc.id = below[1]
		sc.methods = scimRoutes[below[0]+"/*"]
	}
	sc.route = sc.methods[sc.request.Method]
	sc.kind = scimKinds[below[0]]
}

func (s *scimSim) describe(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read(c)
}

func (s *scimSim) serve(w http.ResponseWriter, c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sc := s.read(c)
	answer, refused := s.answer(sc)
	settings := defaultScimSettings()
	if sc.hub != nil {
		settings = sc.hub.settings
	}
	if refused != nil {
		refused.send(w, settings)
		return
	}
	for name, value := range answer.header {
		w.Header().Set(name, value)
	}
	if answer.body == nil {
		w.WriteHeader(answer.status)
		return
	}
	if w.Header().Set("Content-Type", settings.ContentType); settings.ContentType == "" {
		w.Header()["Content-Type"] = nil // else net/http guesses one
	}
	body, err := json.Marshal(answer.body)
	if err != nil { // every value here is ours or was JSON, and encodes
		panic(err)
	}
	w.WriteHeader(answer.status)
	_, _ = w.Write(body)
}

// answer goes through the checks from the outside in: path, the client's name,
// token, app, limits, the form of the call, then the call itself.
func (s *scimSim) answer(sc *scimCall) (*scimAnswer, *scimError) {
	if sc.methods == nil {
		return nil, scimErr(http.StatusNotFound, "", "There is no endpoint %s.", sc.path)
	}
	if sc.hub != nil && sc.hub.settings.UserAgentRequired && sc.request.UserAgent() == "" {
		return nil, scimPlain(http.StatusForbidden,
			"Request forbidden by administrative rules. Please make sure your request has a User-Agent header.")
	}
	if !sc.open() {
		if refused := s.authenticate(sc); refused != nil {
			return nil, refused
		}
		if refused := sc.authorize(); refused != nil {
			return nil, refused
		}
	}
	if refused := sc.limit(); refused != nil {
		return nil, refused
	}
	if refused := sc.wellFormed(); refused != nil {
		return nil, refused
	}
	result, refused := sc.route.handle(s, sc)
	if refused == nil && sc.late != nil {
		return nil, sc.late
	}
	return result, refused
}

// wellFormed checks method, content type and what the client accepts.
func (sc *scimCall) wellFormed() *scimError {
	if sc.route.handle == nil {
		return scimErr(http.StatusMethodNotAllowed, "", "Method %s is not allowed here.", sc.request.Method)
	}
	if sc.route.body && (sc.badBody != nil || sc.mediaType != scimMediaType && sc.mediaType != "application/json") {
		return scimErr(http.StatusUnsupportedMediaType, "", "Content type %q is not supported: send %s.", sc.mediaType, scimMediaType)
	}
	if !scimAccepts(sc.request.Header.Values("Accept")) {
		return scimErr(http.StatusNotAcceptable, "", "Only %s can be answered.", scimMediaType)
	}
	return nil
}

const scimMediaType = "application/scim+json"

// scimAccepts says whether an answer in JSON is welcome. Quality values are
// not weighed: there is one representation.
func scimAccepts(accept []string) bool {
	all := strings.Join(accept, ",")
	if strings.TrimSpace(all) == "" {
		return true
	}
	for part := range strings.SplitSeq(all, ",") {
		mediaType, _, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(mediaType)) {
		case scimMediaType, "application/json", "application/*", "*/*":
			return true
		}
	}
	return false
}
