package scim

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	server "github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	scimfilter "github.com/elimity-com/scim/filter"
	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// shelf keeps resources of one type in memory. Parsing, checking and encoding are
// the library's: a SCIM server that nobody here wrote, and so a witness beside
// our simulator to what goes over the wire.
type shelf struct {
	schema schema.Schema
	unique string // the attribute that no two may share

	mu       sync.Mutex
	last     int
	order    []string
	attrs    map[string]server.ResourceAttributes
	external map[string]optional.String
	version  map[string]int
}

func newShelf(s schema.Schema, unique string) *shelf {
	return &shelf{schema: s, unique: unique, attrs: map[string]server.ResourceAttributes{}, external: map[string]optional.String{}, version: map[string]int{}}
}

// resource is a copy: the library adds to the attributes it is given.
func (s *shelf) resource(id string) server.Resource {
	attrs := server.ResourceAttributes{}
	for k, v := range s.attrs[id] {
		attrs[k] = v
	}
	return server.Resource{ID: id, ExternalID: s.external[id], Attributes: attrs, Meta: server.Meta{Version: fmt.Sprintf("W/%q", fmt.Sprint(s.version[id]))}}
}

func (s *shelf) Create(_ *http.Request, attrs server.ResourceAttributes) (server.Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.attrs {
		if strings.EqualFold(fmt.Sprint(other[s.unique]), fmt.Sprint(attrs[s.unique])) {
			return server.Resource{}, scimerrors.ScimErrorUniqueness
		}
	}
	s.last++
	id := fmt.Sprintf("%04d", s.last)
	if external, ok := attrs["externalId"].(string); ok {
		s.external[id] = optional.NewString(external)
	}
	s.order, s.attrs[id] = append(s.order, id), attrs
	return s.resource(id), nil
}

func (s *shelf) Get(_ *http.Request, id string) (server.Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.attrs[id] == nil {
		return server.Resource{}, scimerrors.ScimErrorResourceNotFound(id)
	}
	return s.resource(id), nil
}

func (s *shelf) GetAll(_ *http.Request, params server.ListRequestParams) (server.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []server.Resource{}
	for _, id := range s.order {
		if params.FilterValidator == nil || params.FilterValidator.PassesFilter(s.attrs[id]) == nil {
			all = append(all, s.resource(id))
		}
	}
	page := server.Page{TotalResults: len(all), Resources: []server.Resource{}}
	if from := params.StartIndex - 1; from < len(all) {
		page.Resources = all[from:min(from+params.Count, len(all))]
	}
	return page, nil
}

// change runs what a write does, when If-Match lets it.
func (s *shelf) change(r *http.Request, id string, do func(server.ResourceAttributes) (server.ResourceAttributes, error)) (server.Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.attrs[id] == nil {
		return server.Resource{}, scimerrors.ScimErrorResourceNotFound(id)
	}
	now := s.resource(id)
	if match := r.Header.Get("If-Match"); match != "" && match != now.Meta.Version {
		return server.Resource{}, scimerrors.ScimError{Status: http.StatusPreconditionFailed, Detail: "The version is another by now."}
	}
	attrs, err := do(now.Attributes)
	if err != nil {
		return server.Resource{}, err
	}
	s.attrs[id] = attrs
	s.version[id]++
	return s.resource(id), nil
}

func (s *shelf) Replace(r *http.Request, id string, attrs server.ResourceAttributes) (server.Resource, error) {
	return s.change(r, id, func(server.ResourceAttributes) (server.ResourceAttributes, error) { return attrs, nil })
}

func (s *shelf) Delete(_ *http.Request, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.attrs[id] == nil {
		return scimerrors.ScimErrorResourceNotFound(id)
	}
	delete(s.attrs, id)
	s.order = slices.DeleteFunc(s.order, func(other string) bool { return other == id })
	return nil
}

func (s *shelf) Patch(r *http.Request, id string, ops []server.PatchOperation) (server.Resource, error) {
	return s.change(r, id, func(attrs server.ResourceAttributes) (server.ResourceAttributes, error) {
		for _, op := range ops {
			if op.Path == nil {
				values, _ := op.Value.(map[string]any)
				for name, value := range values {
					attrs[name] = value
				}
				continue
			}
			name := op.Path.AttributePath.AttributeName
			switch {
			case op.Op == server.PatchOperationRemove && op.Path.ValueExpression != nil:
				left, err := s.without(attrs, op)
				if err != nil {
					return nil, err
				}
				attrs[name] = left
			case op.Op == server.PatchOperationRemove:
				delete(attrs, name)
			case op.Path.ValueExpression != nil:
				return nil, scimerrors.ScimErrorInvalidPath // this store has no such thing
			case op.Op == server.PatchOperationAdd:
				before, _ := attrs[name].([]any)
				more, ok := op.Value.([]any)
				if !ok {
					return nil, scimerrors.ScimErrorInvalidValue
				}
				attrs[name] = append(slices.Clone(before), more...)
			default:
				attrs[name] = op.Value
			}
		}
		return attrs, nil
	})
}

// without leaves out the values that a path's filter finds, as the library reads
// filters. Nothing found is noTarget (RFC 7644, section 3.5.2.2).
func (s *shelf) without(attrs server.ResourceAttributes, op server.PatchOperation) ([]any, error) {
	name := op.Path.AttributePath.AttributeName
	attr, ok := s.schema.Attributes.ContainsAttribute(name)
	if !ok {
		return nil, scimerrors.ScimErrorInvalidPath
	}
	matches := scimfilter.NewFilterValidator(op.Path.ValueExpression, schema.Schema{Attributes: scimfilter.MultiValuedFilterAttributes(attr)})
	before, _ := attrs[name].([]any)
	left := slices.DeleteFunc(slices.Clone(before), func(value any) bool {
		values, ok := value.(map[string]any)
		return ok && matches.PassesFilter(values) == nil
	})
	if len(left) == len(before) {
		return nil, scimerrors.ScimErrorNoTarget
	}
	return left, nil
}

// witness is a server of the library's with a connector to it.
type witness struct {
	*Connector
	users, groups *shelf

	mu    sync.Mutex
	calls []string
}

func (w *witness) made() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = nil
	return calls
}

func newWitness(t *testing.T, settings map[string]string, lists map[string][]string) *witness {
	t.Helper()
	w := &witness{users: newShelf(schema.CoreUserSchema(), "userName"), groups: newShelf(schema.CoreGroupSchema(), "displayName")}
	served, err := server.NewServer(&server.ServerArgs{
		ServiceProviderConfig: &server.ServiceProviderConfig{SupportFiltering: true, SupportPatch: true, MaxResults: 3},
		ResourceTypes: []server.ResourceType{
			{Name: "User", Endpoint: "/Users", Schema: w.users.schema, Handler: w.users},
			{Name: "Group", Endpoint: "/Groups", Schema: w.groups.schema, Handler: w.groups},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	inner := http.StripPrefix("/scim", served)
	web := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.calls = append(w.calls, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/scim/v2"))
		w.mu.Unlock()
		if r.Header.Get("Authorization") != "Bearer "+testToken {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(rw, r)
	}))
	t.Cleanup(web.Close)
	o := hub.Options{Name: testApp, UserAgent: "test", Settings: map[string]string{settingBaseURL: web.URL + "/scim/v2/", settingToken: testToken}, Lists: lists}
	for k, v := range settings {
		o.Settings[k] = v
	}
	if w.Connector, err = open(o, brief); err != nil {
		t.Fatal(err)
	}
	w.lag = time.Millisecond
	return w
}

// expect holds an account to what the server has of it.
func (w *witness) expect(t *testing.T, email string, status hub.Status, role string, secondary ...string) hub.Member {
	t.Helper()
	m, err := w.Lookup(t.Context(), testHub, hub.Key{Email: hub.FoldEmail(email)})
	if err != nil {
		t.Fatalf("look up %s: %v", email, err)
	}
	if m.Status != status || m.Role != role || !slices.Equal(m.Secondary, secondary) {
		t.Errorf("%s is %s with %q, want %s with %q and %q", email, m.Status, m.Roles(), status, role, secondary)
	}
	return m
}

func TestElimityRoles(t *testing.T) {
	for _, source := range []source{fromRoles, fromEntitlements} {
		t.Run(string(source), func(t *testing.T) {
			w := newWitness(t, map[string]string{settingRoleSource: string(source)}, map[string][]string{settingRoles: testRoles})
			w.everything(t)
		})
	}
}

func TestElimityGroups(t *testing.T) {
	w := newWitness(t, map[string]string{settingRoleSource: string(fromGroups)}, map[string][]string{settingRoles: testRoles})
	for _, name := range append(slices.Clone(testRoles), "billing") {
		if _, err := w.groups.Create(nil, server.ResourceAttributes{"displayName": name}); err != nil {
			t.Fatal(err)
		}
	}
	w.everything(t)
}

// everything is the life of some accounts.
func (w *witness) everything(t *testing.T) {
	t.Helper()
	if _, err := w.Verify(t.Context(), testHub); err != nil {
		t.Fatal(err)
	}
	for i := range 8 { // three pages of three
		if _, err := w.Add(t.Context(), testHub, hub.Add{Email: fmt.Sprintf("m%d+x@northwind.example", i), Role: "viewer", Name: "Member Number"}); err != nil {
			t.Fatal(err)
		}
	}
	if members, err := w.Members(t.Context(), testHub); err != nil || len(members) != 8 {
		t.Fatalf("%d members, error %v", len(members), err)
	}

	ada, err := w.Add(t.Context(), testHub, hub.Add{Email: "Ada+test@Northwind.example", Role: "viewer", Secondary: []string{"billing"}, Name: "Ada Lovelace"})
	if err != nil || ada.ID == "" || ada.Role != "viewer" {
		t.Fatalf("added %+v, error %v", ada, err)
	}
	ada = w.expect(t, "ada+test@northwind.example", hub.StatusActive, "viewer", "billing")
	if ada.Name != "Ada Lovelace" || ada.Email != "Ada+test@Northwind.example" {
		t.Errorf("ada is %+v", ada)
	}

	_, err = w.Add(t.Context(), testHub, hub.Add{Email: "ada+TEST@northwind.example", Role: "viewer"})
	if got := w.Explain(err).Reason; got != hub.ReasonConflict {
		t.Errorf("a second add: reason %q, error %v", got, err)
	}

	if err := w.ChangeRole(t.Context(), testHub, ada, hub.RoleChange{Role: "admin"}); err != nil {
		t.Fatal(err)
	}
	w.expect(t, ada.Email, hub.StatusActive, "admin", "billing")
	if err := w.ChangeRole(t.Context(), testHub, ada, hub.RoleChange{Revoke: "billing"}); err != nil {
		t.Fatal(err)
	}
	w.expect(t, ada.Email, hub.StatusActive, "admin")
	if err := w.ChangeRole(t.Context(), testHub, ada, hub.RoleChange{Grant: "billing"}); err != nil {
		t.Fatal(err)
	}
	w.expect(t, ada.Email, hub.StatusActive, "admin", "billing")
	w.made()
	if err := w.ChangeRole(t.Context(), testHub, ada, hub.RoleChange{Role: "admin"}); err != nil {
		t.Fatal(err)
	}
	for _, call := range w.made() {
		if !strings.HasPrefix(call, "GET ") {
			t.Errorf("a role held already: %s", call)
		}
	}

	if err := w.Remove(t.Context(), testHub, ada); err != nil {
		t.Fatal(err)
	}
	gone := w.expect(t, ada.Email, hub.StatusSuspended, "admin", "billing")
	w.made()
	if err := w.Remove(t.Context(), testHub, gone); err != nil {
		t.Errorf("removed again: %v", err)
	}
	if calls := w.made(); len(calls) > 0 {
		t.Errorf("removed again: %q", calls)
	}

	back, err := w.Add(t.Context(), testHub, hub.Add{Email: ada.Email, Role: "editor", Suspended: gone})
	if err != nil || back.ID != ada.ID {
		t.Errorf("back is %+v, error %v", back, err)
	}
	w.expect(t, ada.Email, hub.StatusActive, "editor", "billing")

	w.mode = byDelete
	if err := w.Remove(t.Context(), testHub, back); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Lookup(t.Context(), testHub, hub.Key{ID: ada.ID, Email: hub.FoldEmail(ada.Email)}); !errors.Is(err, hub.ErrAbsent) {
		t.Errorf("after the removal: %v", err)
	}
	if got := w.Explain(w.Remove(t.Context(), testHub, back)).Reason; got != hub.ReasonNotFound {
		t.Errorf("removed twice: reason %q", got)
	}
	if members, err := w.Members(t.Context(), testHub); err != nil || len(members) != 8 {
		t.Errorf("%d members, error %v", len(members), err)
	}
}

// TestElimityOrder: into the new group before out of the old one, each with the
// filter form.
func TestElimityOrder(t *testing.T) {
	w := newWitness(t, map[string]string{settingRoleSource: string(fromGroups)}, map[string][]string{settingRoles: testRoles})
	for _, name := range testRoles {
		if _, err := w.groups.Create(nil, server.ResourceAttributes{"displayName": name}); err != nil {
			t.Fatal(err)
		}
	}
	m, err := w.Add(t.Context(), testHub, hub.Add{Email: "ada@northwind.example", Role: "viewer"})
	if err != nil {
		t.Fatal(err)
	}
	w.made()
	if err := w.ChangeRole(t.Context(), testHub, m, hub.RoleChange{Role: "editor"}); err != nil {
		t.Fatal(err)
	}
	writes := slices.DeleteFunc(w.made(), func(call string) bool { return strings.HasPrefix(call, "GET ") })
	if want := []string{"PATCH /Groups/0002", "PATCH /Groups/0001"}; !slices.Equal(writes, want) {
		t.Errorf("writes %q, want %q", writes, want)
	}
}
