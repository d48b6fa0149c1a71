package tiktokbusiness

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// endpointFiles names the environment variable with the folder of TikTok's own
// endpoint files, yml_files of https://github.com/tiktok/tiktok-business-api-sdk.
// They are not ours to carry along.
const endpointFiles = "ROSTER_TIKTOK_SPECS"

// endpointFilesNearby is where a checkout beside this one may have them.
const endpointFilesNearby = "../../../../shared/specs/tiktok"

// endpoints are the calls TikTok's files describe, by method and path.
type endpoints map[string]*openapi3.Operation

// TestEndpointFiles holds what the connector sends in a whole life of a hub to
// TikTok's endpoint files, as far as they go: required fields, types, values,
// and no field they do not have.
func TestEndpointFiles(t *testing.T) {
	files := loadEndpoints(t)
	c, sim := simulated(t, &hubsim.Generate{Members: 45, Invitations: 25, Admins: 2}, nil, hubsim.PersonSeed{Email: itLead, Role: roleAdmin})
	scenario(t, c)

	described := map[string]int{}
	for _, r := range sim.Requests(hubsim.ByPlatform(Name)) {
		call := r.Method + " " + strings.TrimPrefix(r.Path, apiVersion)
		switch err := files.check(call, r); {
		case errors.Is(err, errNotDescribed):
			// /user/info/ has no file.
		case err != nil:
			t.Errorf("%s %s %s: %v", call, r.Query.Encode(), r.Body, err)
		default:
			described[call]++
		}
	}
	for _, call := range []string{"GET /bc/get/", "GET /bc/member/get/", "POST /bc/member/invite/", "POST /bc/member/update/", "POST /bc/member/delete/"} {
		if described[call] == 0 {
			t.Errorf("%s: not in the scenario, or not in the files", call)
		}
	}
}

// TestEndpointFilesAreStrict proves that the check above can fail.
func TestEndpointFilesAreStrict(t *testing.T) {
	files := loadEndpoints(t)
	request := func(query map[string]string, body string) hubsim.Request {
		r := hubsim.Request{Query: map[string][]string{}, Body: body}
		for k, v := range query {
			r.Query.Set(k, v)
		}
		return r
	}
	list := func(k, v string) hubsim.Request { return request(map[string]string{"bc_id": "1", k: v}, "") }
	for what, tt := range map[string]struct {
		call string
		r    hubsim.Request
		good bool
	}{
		"a list":                 {"GET /bc/member/get/", list("page", "2"), true},
		"a filtered list":        {"GET /bc/member/get/", list("filtering", `{"relation_status":"BOUND","user_role":"ADMIN","keyword":"x"}`), true},
		"no bc_id":               {"GET /bc/member/get/", request(map[string]string{"page": "1"}, ""), false},
		"a parameter of no file": {"GET /bc/member/get/", list("limit", "1"), false},
		"a page in words":        {"GET /bc/member/get/", list("page", "two"), false},
		"an unknown status":      {"GET /bc/member/get/", list("filtering", `{"relation_status":"ACTIVE"}`), false},
		"statuses in an array":   {"GET /bc/member/get/", list("filtering", `{"relation_status":["BOUND"]}`), false},
		"an unknown filter":      {"GET /bc/member/get/", list("filtering", `{"email":"x"}`), false},
		"a filter of no JSON":    {"GET /bc/member/get/", list("filtering", `relation_status=BOUND`), false},
		"an invitation":          {"POST /bc/member/invite/", request(nil, `{"bc_id":"1","emails":["a@b.example"],"ext_user_role":{"finance_role":"ANALYST"}}`), true},
		"nobody invited":         {"POST /bc/member/invite/", request(nil, `{"bc_id":"1","emails":[]}`), false},
		"no address":             {"POST /bc/member/invite/", request(nil, `{"bc_id":"1","emails":["nobody"]}`), false},
		"one address, no array":  {"POST /bc/member/invite/", request(nil, `{"bc_id":"1","emails":"a@b.example"}`), false},
		"our name of a role":     {"POST /bc/member/invite/", request(nil, `{"bc_id":"1","emails":["a@b.example"],"ext_user_role":{"finance_role":"finance:ANALYST"}}`), false},
		"an update of nobody":    {"POST /bc/member/update/", request(nil, `{"bc_id":"1","user_role":"ADMIN"}`), false},
		"an id as a number":      {"POST /bc/member/delete/", request(nil, `{"bc_id":1,"user_id":"1"}`), false},
		"a field of no file":     {"POST /bc/member/delete/", request(nil, `{"bc_id":"1","email":"a@b.example"}`), false},
		"a body for a list":      {"GET /bc/member/get/", request(map[string]string{"bc_id": "1"}, `{}`), false},
	} {
		if err := files.check(tt.call, tt.r); (err == nil) != tt.good {
			t.Errorf("%s: error = %v", what, err)
		}
	}
}

// scenario makes every kind of call that the connector has.
func scenario(t *testing.T, c *Connector) {
	t.Helper()
	ctx := t.Context()
	step := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	_, err := c.Verify(ctx, testHub)
	step("verify", err)
	_, err = c.Self(ctx, testHub)
	step("self", err)
	members, err := c.Members(ctx, testHub)
	step("members", err)
	find := func(email string) hub.Member {
		return members[slices.IndexFunc(members, func(m hub.Member) bool { return m.Email == email })]
	}
	for _, in := range []hub.Add{
		{Email: "Grace.Hopper@Northwind.example", Role: roleStandard},
		{Email: "linus@northwind.example", Role: roleAdmin, Secondary: []string{financeManager}},
	} {
		_, err = c.Add(ctx, testHub, in)
		step("invite", err)
		_, err = c.Lookup(ctx, testHub, hub.Key{Email: in.Email, Status: hub.StatusInvited})
		step("look up", err)
	}
	seat := find("member-00040@generated.example")
	step("promote", c.ChangeRole(ctx, testHub, seat, hub.RoleChange{Role: roleAdmin}))
	step("grant", c.ChangeRole(ctx, testHub, seat, hub.RoleChange{Grant: financeAnalyst}))
	step("both", c.ChangeRole(ctx, testHub, seat, hub.RoleChange{Role: roleStandard, Grant: financeManager}))
	step("remove", c.Remove(ctx, testHub, seat))
	step("withdraw", c.Remove(ctx, testHub, find("invitee-00002@generated.example")))
	for _, key := range []hub.Key{{Email: seat.Email, ID: seat.ID, Status: seat.Status}, {Email: "nobody@generated.example"}} {
		if _, err := c.Lookup(ctx, testHub, key); !errors.Is(err, hub.ErrAbsent) {
			t.Fatalf("look up %s: %v", key.Email, err)
		}
	}
}

// loadEndpoints reads the files, or skips the test where there are none.
func loadEndpoints(t *testing.T) endpoints {
	t.Helper()
	folder := os.Getenv(endpointFiles)
	if folder == "" {
		folder = endpointFilesNearby
		if _, err := os.Stat(folder); err != nil {
			t.Skipf("set %s to the folder yml_files of TikTok's SDK (github.com/tiktok/tiktok-business-api-sdk) to hold the connector's requests to TikTok's endpoint files", endpointFiles)
		}
	}
	paths, err := filepath.Glob(filepath.Join(folder, "bc_*.yml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no endpoint files in %s (error: %v)", folder, err)
	}
	found := endpoints{}
	for _, path := range paths {
		document, err := openapi3.NewLoader().LoadFromFile(path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for at, item := range document.Paths.Map() {
			for method, operation := range item.Operations() {
				found[method+" "+at] = operation
			}
		}
	}
	return found
}

var errNotDescribed = errors.New("no endpoint file describes it")

// check holds one request to its endpoint file.
func (e endpoints) check(call string, r hubsim.Request) error {
	operation, ok := e[call]
	if !ok {
		return errNotDescribed
	}
	parameters := map[string]*openapi3.Parameter{}
	for _, p := range operation.Parameters {
		// The files have the token as a parameter; the SDK sends a header.
		if p.Value.In == openapi3.ParameterInQuery && p.Value.Name != "Access-Token" {
			parameters[p.Value.Name] = p.Value
		}
	}
	for name, values := range r.Query {
		p, ok := parameters[name]
		if !ok || len(values) != 1 {
			return fmt.Errorf("parameter %s: sent %d times and not in the file, or more than once", name, len(values))
		}
		if err := checkParameter(p, values[0]); err != nil {
			return fmt.Errorf("parameter %s: %w", name, err)
		}
	}
	for name, p := range parameters {
		if p.Required && !r.Query.Has(name) {
			return fmt.Errorf("parameter %s is required", name)
		}
	}
	if operation.RequestBody == nil {
		if r.Body != "" {
			return errors.New("a body where the file has none")
		}
		return nil
	}
	return checkJSON(operation.RequestBody.Value.Content.Get("application/json").Schema.Value, r.Body)
}

func checkParameter(p *openapi3.Parameter, value string) error {
	if media := p.Content.Get("application/json"); media != nil {
		return checkJSON(media.Schema.Value, value)
	}
	if p.Schema.Value.Type.Is("integer") {
		n, err := strconv.Atoi(value)
		if err != nil {
			return err
		}
		return visit(p.Schema.Value, float64(n))
	}
	return visit(p.Schema.Value, value)
}

func checkJSON(schema *openapi3.Schema, text string) error {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return err
	}
	return visit(schema, value)
}

func visit(schema *openapi3.Schema, value any) error {
	tighten(schema)
	return schema.VisitJSON(value)
}

// tighten makes a schema say what TikTok's files say in their own way: the legal
// values are in x-open-enum, and what they do not list is not taken.
func tighten(schema *openapi3.Schema) {
	if schema.Enum == nil {
		schema.Enum = enumOf(schema.Extensions["x-open-enum"])
	}
	if schema.Type.Is("object") {
		no := false
		schema.AdditionalProperties.Has = &no
	}
	if schema.Format == "email" {
		schema.Pattern = `^[^@\s]+@[^@\s]+\.[^@\s]+$`
	}
	if schema.Items != nil {
		tighten(schema.Items.Value)
	}
	for _, property := range schema.Properties {
		tighten(property.Value)
	}
}

func enumOf(extension any) (keys []any) {
	document, _ := json.Marshal(extension)
	var enum struct {
		Strict bool
		Enums  []struct{ Key string }
	}
	if json.Unmarshal(document, &enum) != nil || !enum.Strict {
		return nil
	}
	for _, one := range enum.Enums {
		keys = append(keys, one.Key)
	}
	return keys
}
