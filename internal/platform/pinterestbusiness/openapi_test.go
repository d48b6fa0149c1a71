package pinterestbusiness

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// openapiEnv names Pinterest's OpenAPI document, which is Pinterest's and too
// large to keep here: https://github.com/pinterest/api-description, v5/openapi.yaml.
const openapiEnv = "ROSTER_PINTEREST_OPENAPI"

// inspector stands between connector and simulator and holds both to the
// document.
type inspector struct {
	doc  *openapi3.T
	next http.Handler

	mu    sync.Mutex
	wrong []string
	seen  map[string]int // operations, with the class of their status
}

func newInspector(t *testing.T, next http.Handler) *inspector {
	t.Helper()
	file := cmp.Or(os.Getenv(openapiEnv), filepath.FromSlash("../../../../shared/specs/pinterest/openapi.yaml"))
	if _, err := os.Stat(file); err != nil && os.Getenv(openapiEnv) == "" {
		t.Skipf("Pinterest's OpenAPI document is not here: set %s to v5/openapi.yaml of https://github.com/pinterest/api-description", openapiEnv)
	}
	doc, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return &inspector{doc: doc, next: next, seen: map[string]int{}}
}

var businessInPath = regexp.MustCompile(`^/businesses/([0-9]+)/(members|invites)$`)

func (i *inspector) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	complain := func(format string, args ...any) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.wrong = append(i.wrong, fmt.Sprintf("%s %s %s: ", r.Method, r.URL.RequestURI(), body)+fmt.Sprintf(format, args...))
	}
	again := func() *http.Request {
		req := r.Clone(r.Context())
		req.Body = io.NopCloser(bytes.NewReader(body))
		return req
	}

	path, params := strings.TrimPrefix(r.URL.Path, "/"+Name+"/v5"), map[string]string{}
	if found := businessInPath.FindStringSubmatch(path); found != nil {
		path, params["business_id"] = "/businesses/{business_id}/"+found[2], found[1]
	}
	item := i.doc.Paths.Value(path)
	if item == nil || item.GetOperation(r.Method) == nil {
		complain("the document has no such operation")
		http.Error(rw, "no such operation", http.StatusTeapot)
		return
	}
	operation := item.GetOperation(r.Method)
	input := &openapi3filter.RequestValidationInput{
		Request: again(), PathParams: params,
		Route:   &routers.Route{Spec: i.doc, Path: path, PathItem: item, Method: r.Method, Operation: operation},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, RejectWhenRequestBodyNotSpecified: true, IncludeResponseStatus: true, MultiError: true},
	}
	if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
		complain("%v", err)
	}
	// What the library lets pass: parameters and fields the document has not.
	for name := range r.URL.Query() {
		if operation.Parameters.GetByInAndName("query", name) == nil {
			complain("the document has no parameter %s", name)
		}
	}
	scheme := "Bearer "
	if path == "/oauth/token" {
		scheme = "Basic "
		form, _ := url.ParseQuery(string(body))
		for name := range form {
			if schema := i.doc.Components.Schemas["OauthAccessTokenRequestRefresh"]; !slices.Contains(fieldsOf(schema), name) {
				complain("the document has no form field %s", name)
			}
		}
	} else if len(body) > 0 {
		i.fields(operation.RequestBody.Value.Content.Get("application/json").Schema, body, "request", complain)
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), scheme) {
		complain("no %sauthorization", scheme)
	}

	recorder := httptest.NewRecorder()
	i.next.ServeHTTP(recorder, again())
	answer := recorder.Result()
	answered := recorder.Body.Bytes()
	if err := openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: answer.StatusCode, Header: answer.Header,
		Body: io.NopCloser(bytes.NewReader(answered)), Options: input.Options,
	}); err != nil {
		complain("answered %d %s: %v", answer.StatusCode, answered, err)
	}
	response := operation.Responses.Status(answer.StatusCode)
	if response == nil {
		response = operation.Responses.Default()
	}
	schema := response.Value.Content.Get("application/json").Schema
	if path == "/oauth/token" && answer.StatusCode == http.StatusOK {
		schema = i.doc.Components.Schemas["OauthAccessTokenResponseRefresh"]
	}
	i.fields(schema, answered, "answer", complain)

	i.mu.Lock()
	i.seen[fmt.Sprintf("%s %dxx", operation.OperationID, answer.StatusCode/100)]++
	i.mu.Unlock()
	for name, values := range answer.Header {
		rw.Header()[name] = values
	}
	rw.WriteHeader(answer.StatusCode)
	_, _ = rw.Write(answered)
}

// fields complains about every field that the schema does not name.
func (i *inspector) fields(schema *openapi3.SchemaRef, body []byte, what string, complain func(string, ...any)) {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		complain("%s is no JSON: %v", what, err)
		return
	}
	for _, path := range unnamed([]*openapi3.SchemaRef{schema}, value, what) {
		complain("the document does not name %s", path)
	}
}

func unnamed(schemas []*openapi3.SchemaRef, value any, path string) (found []string) {
	var all []*openapi3.SchemaRef
	for queue := schemas; len(queue) > 0; queue = queue[1:] {
		all = append(all, queue[0])
		queue = append(queue, queue[0].Value.AllOf...)
	}
	switch value := value.(type) {
	case map[string]any:
		for name, field := range value {
			var of []*openapi3.SchemaRef
			for _, schema := range all {
				if property := schema.Value.Properties[name]; property != nil {
					of = append(of, property)
				}
			}
			if len(of) == 0 {
				found = append(found, path+"."+name)
				continue
			}
			found = append(found, unnamed(of, field, path+"."+name)...)
		}
	case []any:
		var of []*openapi3.SchemaRef
		for _, schema := range all {
			if schema.Value.Items != nil {
				of = append(of, schema.Value.Items)
			}
		}
		for n, element := range value {
			found = append(found, unnamed(of, element, fmt.Sprintf("%s[%d]", path, n))...)
		}
	}
	return found
}

func fieldsOf(schema *openapi3.SchemaRef) (names []string) {
	for name := range schema.Value.Properties {
		names = append(names, name)
	}
	for _, part := range schema.Value.AllOf {
		names = append(names, fieldsOf(part)...)
	}
	return names
}

// TestAgainstTheDocument plays a whole scenario, refusals included, and holds
// what the connector sends and what the simulator answers to the document.
func TestAgainstTheDocument(t *testing.T) {
	sim := hubsim.New()
	i := newInspector(t, sim.Handler())
	server := httptest.NewServer(i)
	t.Cleanup(func() {
		server.Close()
		for _, wrong := range i.wrong {
			t.Error(wrong)
		}
	})
	const person = "it.lead@northwind.example"
	if err := sim.Apply(hubsim.Seed{
		Hubs: []hubsim.HubSeed{
			{
				Platform: Name, BusinessID: testHub.BusinessID, Name: "Northwind Traders",
				People:   []hubsim.PersonSeed{{Email: person, Role: roleAdmin}},
				Generate: &hubsim.Generate{Members: 300, Invitations: 260, Admins: 2},
				Settings: hubsim.Settings{"hidden": map[string]any{"member-00007@generated.example": []string{"email"}, "member-00008@generated.example": []string{"user"}}},
			},
			{Platform: Name, BusinessID: stranger, Name: "Somebody Else's", Generate: &hubsim.Generate{Members: 2, Admins: 1}},
		},
		Credentials: []hubsim.Credential{{"platform": Name, "name": "roster", "email": person, "client_id": testClient, "client_secret": testSecret, "refresh_token": testRefresh}},
	}); err != nil {
		t.Fatal(err)
	}
	settings := refreshSettings()
	settings[settingEndpoint] = hubsim.Endpoint(server.URL, Name)
	c, err := open(hub.Options{Settings: settings, UserAgent: "test"}, brief)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	good := func(err error) {
		t.Helper()
		if err != nil {
			t.Errorf("refused: %v", err)
		}
	}
	refused := func(reason hub.Reason, err error) {
		t.Helper()
		if got := c.Explain(err).Reason; err == nil || got != reason {
			t.Errorf("reason = %q, want %q (error: %v)", got, reason, err)
		}
	}
	configure := func(settings hubsim.Settings) {
		t.Helper()
		if err := sim.Configure(Name, testHub.BusinessID, settings); err != nil {
			t.Fatal(err)
		}
	}

	b, err := c.Verify(ctx, testHub)
	good(err)
	if b.Name == "" {
		t.Errorf("business = %+v", b)
	}
	_, err = c.Self(ctx, testHub)
	good(err)
	members, err := c.Members(ctx, testHub)
	good(err)
	if len(members) != 561 {
		t.Fatalf("%d members", len(members))
	}
	added, err := c.Add(ctx, testHub, hub.Add{Email: "Grace.Hopper@Northwind.Example", Role: roleAdmin})
	good(err)
	_, err = c.Add(ctx, testHub, hub.Add{Email: "grace.hopper@northwind.example", Role: roleEmployee})
	refused(hub.ReasonConflict, err)
	invited, err := c.Lookup(ctx, testHub, hub.Key{ID: added.ID, Status: hub.StatusInvited})
	good(err)
	good(c.Remove(ctx, testHub, invited))
	refused(hub.ReasonNotFound, c.Remove(ctx, testHub, invited))
	seat, err := c.Lookup(ctx, testHub, hub.Key{Email: "member-00010@generated.example"})
	good(err)
	good(c.ChangeRole(ctx, testHub, seat, hub.RoleChange{Role: roleAdmin}))
	seat.Role = roleAdmin
	good(c.Remove(ctx, testHub, seat))
	refused(hub.ReasonNotFound, c.Remove(ctx, testHub, seat))
	refused(hub.ReasonNotFound, c.ChangeRole(ctx, testHub, seat, hub.RoleChange{Role: roleEmployee}))
	foreign := hub.Ref{Platform: Name, BusinessID: stranger}
	_, err = c.Members(ctx, foreign)
	refused(hub.ReasonForbidden, err)
	_, err = c.Lookup(ctx, foreign, hub.Key{ID: seat.ID, Status: hub.StatusActive})
	refused(hub.ReasonForbidden, err)
	self, err := c.Lookup(ctx, testHub, hub.Key{Email: person})
	good(err)
	refused(hub.ReasonSelfLockout, c.Remove(ctx, testHub, self))
	configure(hubsim.Settings{"pending_invitations_max": 1})
	_, err = c.Add(ctx, testHub, hub.Add{Email: "one.too.many@northwind.example", Role: roleEmployee})
	refused(hub.ReasonSeatLimit, err)
	configure(hubsim.Settings{"blocked": true})
	_, err = c.Add(ctx, testHub, hub.Add{Email: "blocked@northwind.example", Role: roleEmployee})
	refused(hub.ReasonForbidden, err)
	configure(hubsim.Settings{"blocked": false, "rate_headers": "none", "throttle": map[string]any{"code": 8, "calls": 1}})
	_, err = c.Members(ctx, testHub)
	good(err)
	configure(hubsim.Settings{"token_invalid": true})
	_, err = c.Members(ctx, testHub)
	refused(hub.ReasonUnauthenticated, err)

	for _, call := range []string{
		"user_account/get 2xx", "get/business_employers 2xx", "get/business_members 2xx", "get/invites 2xx", "oauth/token 2xx",
		"create_membership_or_partnership_invites 2xx", "cancel_invites_or_requests 2xx", "update/business_memberships 2xx", "delete_business_membership 2xx",
		"get/business_members 4xx", "create_membership_or_partnership_invites 4xx", "delete_business_membership 4xx", "oauth/token 4xx",
	} {
		if i.seen[call] == 0 {
			t.Errorf("the scenario has no %s: %v", call, i.seen)
		}
	}
}
