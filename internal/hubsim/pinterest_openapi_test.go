package hubsim_test

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// pinterestOpenAPI names the environment variable with the path of Pinterest's
// own description of its API, v5/openapi.yaml of
// https://github.com/pinterest/api-description. It is not ours to carry along.
const pinterestOpenAPI = "ROSTER_PINTEREST_OPENAPI"

// described is a simulation whose every answer is held to the document.
type described struct {
	*pinWire
	document *openapi3.T
	answers  map[string]int // by operation and status
}

// TestPinterestAnswersAsDescribed holds each kind of answer to the document:
// types, required fields, and no field the document does not have. Requests the
// simulator accepts are held to it as well.
func TestPinterestAnswersAsDescribed(t *testing.T) {
	path := os.Getenv(pinterestOpenAPI)
	if path == "" {
		t.Skipf("set %s to the path of Pinterest's openapi.yaml to hold the simulator's answers to it", pinterestOpenAPI)
	}
	document, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := &described{pinWire: newPinWire(t), document: document, answers: map[string]int{}}
	d.scenario()
	for _, operation := range []string{
		"GET /user_account", "GET /businesses/employers", "POST /oauth/token", "PATCH /businesses/invites",
		"GET members", "PATCH members", "DELETE members", "GET invites", "POST invites", "DELETE invites",
	} {
		if d.answers[operation+" ok"] == 0 || d.answers[operation+" refused"] == 0 {
			t.Errorf("%s: the scenario has %d successes and %d refusals", operation, d.answers[operation+" ok"], d.answers[operation+" refused"])
		}
	}
}

// scenario meets every shape of answer at least once.
func (d *described) scenario() {
	call := func(bearer, method, path, body string) reply {
		return d.check(d.as(bearer).request(method, path, body))
	}
	seat := func(id, role string) string { return `{"member_id":"` + id + `","business_role":"` + role + `"}` }
	invite := func(members string) reply {
		return call(pinOwner, "POST", homeInvites, `{"invite_type":"MEMBER_INVITE","business_role":"EMPLOYEE","members":[`+members+`]}`)
	}
	answerInvites := "/v5/businesses/invites"
	bo, lee, olive := d.person("bo_northwind").ID, d.person("lee_ads").ID, d.person("olive_northwind").ID

	for _, bearer := range []string{pinOwner, pinOlive, pinStray, pinReader, "unknown"} {
		call(bearer, "GET", "/v5/user_account", "")
		call(bearer, "GET", "/v5/businesses/employers?page_size=1", "")
		call(bearer, "GET", homeMembers+"?assets_summary=true&business_roles=EMPLOYEE&business_roles=BIZ_ADMIN&page_size=3", "")
		call(bearer, "GET", everyStatus, "")
	}
	d.configure(hubsim.Settings{
		"system_users": []string{"ads_sync"}, "pending_invitations_max": 3,
		"hidden": map[string][]string{"ada_diaz": {"email", "username", "id"}, "bo_northwind": {"user"}},
	})
	for _, query := range []string{"?fetch_system_users=true", "?member_ids=" + bo, "?start_index=2", "?page_size=0"} {
		call(pinOwner, "GET", homeMembers+query, "")
	}
	for _, last := range []string{"null", "absent", "empty", "repeat"} {
		d.configure(hubsim.Settings{"last_bookmark": last})
		bookmark, _ := call(pinOwner, "GET", homeMembers+"?page_size=3", "").body["bookmark"].(string)
		call(pinOwner, "GET", homeMembers+"?page_size=3&bookmark="+url.QueryEscape(bookmark), "")
	}

	received := call(pinOlive, "GET", homeInvites, "").items()[1]["id"].(string)
	invite(`"eve@x.example","zoe_agency","bo@northwind.example","lee_ads","nobody","not an address","late@x.example"`)
	invite(``)
	call(pinOwner, "DELETE", homeInvites, `{"invite_ids":["`+d.person("eve@x.example").ID+`","99"]}`)
	call(pinOwner, "DELETE", homeInvites, `{"invite_ids":["x"]}`)
	d.act(hubsim.Act{Action: "expire", Email: "sam@northwind.example"})
	d.configure(hubsim.Settings{"keep_closed_invitations": true})
	call(pinOwner, "GET", homeInvites, "")
	accept := `{"invites":[{"invite_id":"` + received + `","action":{"accept_invite":true,"asset_id_to_permissions":{"12":["ANALYST"]}}}]}`
	call(pinBo, "PATCH", answerInvites, accept)
	call(pinOlive, "PATCH", answerInvites, accept)
	call(pinOlive, "PATCH", answerInvites, `{}`)

	call(pinOwner, "PATCH", homeMembers, "["+seat(bo, "BIZ_ADMIN")+","+seat("99", "EMPLOYEE")+"]")
	call(pinOwner, "PATCH", homeMembers, "[]")
	call(pinOwner, "DELETE", homeMembers, `{"members":[`+seat(lee, "EMPLOYEE")+","+seat("99", "EMPLOYEE")+"]}")
	call(pinOlive, "DELETE", homeMembers, `{"members":[`+seat(olive, "BIZ_ADMIN")+"]}")
	d.configure(hubsim.Settings{"missing_ids": "not_found"})
	call(pinOwner, "PATCH", homeMembers, "["+seat("99", "EMPLOYEE")+"]")
	call(pinOwner, "DELETE", homeInvites, `{"invite_ids":["99"]}`)
	for _, cause := range []string{hubsim.RateLimited, hubsim.Unavailable, hubsim.Blocked, "under_review", "not_business_account", hubsim.NotAdmin} {
		d.configure(hubsim.Settings{cause: true})
		invite(`"gil@x.example"`)
		call(pinOwner, "GET", homeMembers, "")
		d.configure(hubsim.Settings{cause: false})
	}

	for range 2 { // the second refresh token is a used one
		r := d.request("POST", "/v5/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {pinRefresh}}.Encode())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(pinClient, pinSecret)
		d.check(r)
	}
}

// check sends a request and holds the answer to the document.
func (d *described) check(r *http.Request) reply {
	d.t.Helper()
	template := strings.TrimPrefix(r.URL.Path, "/"+pinterest+"/v5")
	params := map[string]string{}
	if strings.Count(template, "/") == 3 {
		parts := strings.Split(template, "/")
		params["business_id"], parts[2] = parts[2], "{business_id}"
		template = strings.Join(parts, "/")
	}
	item := d.document.Paths.Find(template)
	if item == nil || item.GetOperation(r.Method) == nil {
		d.t.Fatalf("the document has no %s %s", r.Method, template)
	}
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params,
		Route:   &routers.Route{Spec: d.document, Path: template, PathItem: item, Method: r.Method, Operation: item.GetOperation(r.Method)},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true},
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	got := d.do(r)
	what := r.Method + " " + strings.TrimPrefix(template, "/businesses/{business_id}/")

	if got.status == http.StatusOK {
		d.answers[what+" ok"]++
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		if err := openapi3filter.ValidateRequest(d.t.Context(), input); err != nil {
			d.t.Errorf("%s: accepted, and the document forbids it: %v", what, err)
		}
	} else {
		d.answers[what+" refused"]++
	}
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: got.status, Header: got.header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(d.t.Context(), output.SetBodyBytes([]byte(got.raw))); err != nil {
		d.t.Errorf("%s: status %d: %v\n%s", what, got.status, err, got.raw)
	}
	response := input.Route.Operation.Responses.Status(got.status)
	if response == nil {
		response = input.Route.Operation.Responses.Default()
	}
	if media := response.Value.Content.Get("application/json"); media != nil {
		d.known(what, d.declared(what, media.Schema, got.body), got.body)
	}
	return got
}

// declared is the schema of an answer: of the token endpoint's, the one that its
// discriminator chooses.
func (d *described) declared(what string, schema *openapi3.SchemaRef, body object) *openapi3.SchemaRef {
	if what == "POST /oauth/token" && body["response_type"] == "refresh_token" {
		return d.document.Components.Schemas["OauthAccessTokenResponseRefresh"]
	}
	return schema
}

// known finds fields the document does not have: a schema alone lets them pass.
func (d *described) known(where string, schema *openapi3.SchemaRef, value any) {
	d.t.Helper()
	switch value := value.(type) {
	case object:
		properties := map[string]*openapi3.SchemaRef{}
		gather(schema, properties)
		for name, field := range value {
			if properties[name] == nil {
				d.t.Errorf("%s: the document has no field %q", where, name)
				continue
			}
			d.known(where+"."+name, properties[name], field)
		}
	case []any:
		for _, element := range value {
			d.known(where+"[]", schema.Value.Items, element)
		}
	default: // a scalar: the schema has said enough
	}
}

// gather collects a schema's properties, those of its parts included. A later
// part wins: the first is what all pages share and says nothing of their items.
func gather(schema *openapi3.SchemaRef, into map[string]*openapi3.SchemaRef) {
	for _, part := range schema.Value.AllOf {
		gather(part, into)
	}
	for name, property := range schema.Value.Properties {
		into[name] = property
	}
}
