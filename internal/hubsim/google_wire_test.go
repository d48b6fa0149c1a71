package hubsim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// The scene most tests begin with: a manager account with two administrators,
// two others and one invitation, and a client that the manager owns.
const (
	google       = "google_ads"
	customer     = "1234567890"
	client       = "2222222222"
	adaToken     = "ya29.fixed-ada"
	oliveToken   = "ya29.fixed-olive"
	boToken      = "ya29.fixed-bo"
	strangerTok  = "ya29.fixed-stranger"
	unscopedTok  = "ya29.fixed-unscoped"
	refreshToken = "1//refresh-of-ada"
	clientSecret = "GOCSPX-client-secret"
)

func googleScene() hubsim.Seed {
	fixed := func(name, email, token string) hubsim.Credential {
		return hubsim.Credential{"platform": google, "name": name, "email": email, "access_token": token}
	}
	unscoped := fixed("unscoped", "ada@northwind.example", unscopedTok)
	unscoped["scope"] = "openid"
	return hubsim.Seed{
		Hubs: []hubsim.HubSeed{{
			Platform: google, BusinessID: customer, Name: "Northwind Agency",
			People: []hubsim.PersonSeed{
				{Email: "ada@northwind.example", Name: "Ada Diaz", Role: "ADMIN"},
				{Email: "Olive@northwind.example", Name: "Olive Roy", Role: "ADMIN"},
				{Email: "bo@northwind.example", Name: "Bo Chen", Role: "STANDARD"},
				{Email: "rea@northwind.example", Role: "READ_ONLY"},
				{Email: "new.hire@northwind.example", Role: "STANDARD", Status: "invited"},
			},
		}, {
			Platform: google, BusinessID: client, Name: "Northwind Shoes",
			Settings: hubsim.Settings{"manager": false, "managers": []string{customer}},
			People:   []hubsim.PersonSeed{{Email: "cli@shoes.example", Role: "ADMIN"}},
		}},
		Credentials: []hubsim.Credential{
			{
				"platform": google, "name": "automation", "email": "ada@northwind.example", "access_token": adaToken,
				"client_id": "77.apps.example", "client_secret": clientSecret, "refresh_token": refreshToken,
			},
			fixed("olive", "olive@northwind.example", oliveToken),
			fixed("bo", "bo@northwind.example", boToken),
			fixed("stranger", "nobody@elsewhere.example", strangerTok),
			unscoped,
		},
	}
}

// googleWire speaks raw HTTP to the Google Ads simulator, clock frozen.
type googleWire struct {
	*wire
	bearer  string
	version string
	headers map[string]string
}

func newGoogleWire(t *testing.T) *googleWire {
	t.Helper()
	sim := hubsim.New(hubsim.StartAt(start), hubsim.Frozen())
	if err := sim.ApplyInitial(googleScene()); err != nil {
		t.Fatal(err)
	}
	return &googleWire{wire: &wire{t: t, sim: sim, base: sim.Start(t)}, bearer: adaToken, version: "v25"}
}

// as is the same wire with another access token.
func (w *googleWire) as(bearer string) *googleWire {
	other := *w
	other.bearer = bearer
	return &other
}

// with is the same wire with a header more, or less.
func (w *googleWire) with(header, value string) *googleWire {
	other := *w
	other.headers = map[string]string{header: value}
	return &other
}

func (w *googleWire) on(version string) *googleWire {
	other := *w
	other.version = version
	return &other
}

// call sends a body, which is JSON text or something to be encoded.
func (w *googleWire) call(method, path string, body any) reply {
	w.t.Helper()
	text, isText := body.(string)
	if !isText && body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		text = string(raw)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.base+"/"+google+"/"+w.version+"/"+path, strings.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	if w.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+w.bearer)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range w.headers {
		r.Header.Set(name, value)
	}
	return w.do(r)
}

// post calls an action of the manager account.
func (w *googleWire) post(action string, body any) reply {
	w.t.Helper()
	return w.call("POST", "customers/"+customer+"/"+action, body)
}

func (w *googleWire) search(query string) reply {
	w.t.Helper()
	return w.post("googleAds:search", object{"query": query})
}

func (w *googleWire) invite(email, role string) reply {
	w.t.Helper()
	return w.post("customerUserAccessInvitations:mutate", object{"operation": object{"create": object{"emailAddress": email, "accessRole": role}}})
}

func (w *googleWire) cancel(resource string) reply {
	w.t.Helper()
	return w.post("customerUserAccessInvitations:mutate", object{"operation": object{"remove": resource}})
}

func (w *googleWire) setRole(resource, role string) reply {
	w.t.Helper()
	return w.post("customerUserAccesses:mutate", object{"operation": object{
		"update": object{"resourceName": resource, "accessRole": role}, "updateMask": "accessRole",
	}})
}

func (w *googleWire) remove(resource string) reply {
	w.t.Helper()
	return w.post("customerUserAccesses:mutate", object{"operation": object{"remove": resource}})
}

func (w *googleWire) resolve(review, status string) reply {
	w.t.Helper()
	return w.post("multiPartyAuthReview:resolve", object{"operations": []object{{"multiPartyAuthReview": review, "newStatus": status}}})
}

func (w *googleWire) configure(settings hubsim.Settings) {
	w.t.Helper()
	w.configureHub(customer, settings)
}

func (w *googleWire) configureHub(id string, settings hubsim.Settings) {
	w.t.Helper()
	if err := w.sim.Configure(google, id, settings); err != nil {
		w.t.Fatal(err)
	}
}

func (w *googleWire) act(act hubsim.Act) hubsim.Person {
	w.t.Helper()
	p, err := w.sim.Act(google, customer, act)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// person finds somebody of the manager account in the ground truth.
func (w *googleWire) person(email string) hubsim.Person {
	w.t.Helper()
	people, err := w.sim.People(google, customer)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range people {
		if strings.EqualFold(p.Email, email) {
			return p
		}
	}
	return hubsim.Person{}
}

func (w *googleWire) access(email string) string {
	w.t.Helper()
	return "customers/" + customer + "/customerUserAccesses/" + w.person(email).ID
}

func (w *googleWire) invitation(email string) string {
	w.t.Helper()
	return "customers/" + customer + "/customerUserAccessInvitations/" + w.person(email).ID
}

// token asks the token endpoint.
func (w *googleWire) token(pairs ...string) reply {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(w.t.Context(), "POST", w.base+"/"+google+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(r)
}

func (w *googleWire) refresh() reply {
	w.t.Helper()
	return w.token("grant_type", "refresh_token", "client_id", "77.apps.example", "client_secret", clientSecret, "refresh_token", refreshToken)
}

// results are the objects of a search under the resource's name.
func (r reply) results(resource string) []object {
	r.t.Helper()
	if r.header.Get("request-id") == "" {
		r.t.Error("no request-id header")
	}
	list, given := r.ok()["results"].([]any)
	if given && len(list) == 0 {
		r.t.Errorf("an empty results is given: %s", r.raw)
	}
	rows := []object{}
	for _, row := range list {
		rows = append(rows, row.(object)[resource].(object))
	}
	return rows
}

// values are one field of the rows, "-" where it is absent.
func values(rows []object, name string) []string {
	all := []string{}
	for _, row := range rows {
		if v, given := row[name]; given {
			all = append(all, fmt.Sprint(v))
		} else {
			all = append(all, "-")
		}
	}
	return all
}

// result is the one field of a mutate's result.
func (r reply) result(name string) string {
	r.t.Helper()
	result, _ := r.ok()["result"].(object)
	text, _ := result[name].(string)
	if text == "" || len(result) != 1 || len(r.body) != 1 {
		r.t.Fatalf("want a result with %s alone: %s", name, r.raw)
	}
	return text
}

// failed checks a google.rpc.Status with a GoogleAdsFailure of one error.
func (r reply) failed(status int, family, value string) object {
	r.t.Helper()
	failure, _ := r.body["error"].(object)
	if r.status != status || failure == nil {
		r.t.Fatalf("status %d, want %d %s: %s", r.status, status, value, r.raw)
	}
	if int(failure["code"].(float64)) != status || failure["message"] == "" || failure["status"] == "" {
		r.t.Errorf("error = %v", failure)
	}
	return r.googleFailure(failure, family, value)
}

func (r reply) googleFailure(status object, family, value string) object {
	r.t.Helper()
	details, _ := status["details"].([]any)
	for _, d := range details {
		detail := d.(object)
		kind := detail["@type"].(string)
		if !strings.HasSuffix(kind, ".errors.GoogleAdsFailure") {
			continue
		}
		if detail["requestId"] == "" || detail["requestId"] != r.header.Get("request-id") {
			r.t.Errorf("requestId %v, header %q", detail["requestId"], r.header.Get("request-id"))
		}
		failure := detail["errors"].([]any)[0].(object)
		code := failure["errorCode"].(object)
		if len(code) != 1 || code[family] != value || failure["message"] == "" {
			r.t.Errorf("error = %v, want %s %s", failure, family, value)
		}
		return failure
	}
	r.t.Fatalf("no GoogleAdsFailure, want %s %s: %s", family, value, r.raw)
	return nil
}

// plain checks a refusal without a GoogleAdsFailure.
func (r reply) plain(status int, name, says string) {
	r.t.Helper()
	failure, _ := r.body["error"].(object)
	if r.status != status || failure["status"] != name || !strings.Contains(r.raw, says) || strings.Contains(r.raw, "GoogleAdsFailure") {
		r.t.Errorf("status %d, want %d %s with %q and no failure: %s", r.status, status, name, says, r.raw)
	}
}

// The queries of a sync.
const (
	usersQuery = "SELECT customer_user_access.resource_name, customer_user_access.user_id, customer_user_access.email_address, " +
		"customer_user_access.access_role, customer_user_access.access_creation_date_time, " +
		"customer_user_access.inviter_user_email_address, customer_user_access.passkey_enabled, " +
		"customer_user_access.pending_multi_party_auth_review FROM customer_user_access"
	invitationsQuery = "SELECT customer_user_access_invitation.resource_name, customer_user_access_invitation.invitation_id, " +
		"customer_user_access_invitation.email_address, customer_user_access_invitation.access_role, " +
		"customer_user_access_invitation.creation_date_time, customer_user_access_invitation.invitation_status " +
		"FROM customer_user_access_invitation"
	pendingQuery = invitationsQuery + " WHERE customer_user_access_invitation.invitation_status = 'PENDING'"
	reviewsQuery = "SELECT multi_party_auth_review.resource_name, multi_party_auth_review.multi_party_auth_review_id, " +
		"multi_party_auth_review.creation_date_time, multi_party_auth_review.review_status, " +
		"multi_party_auth_review.request_user_email, multi_party_auth_review.operation_type, " +
		"multi_party_auth_review.justification, multi_party_auth_review.target_resource, " +
		"multi_party_auth_review.customer_user_access_review.old_customer_user_access, " +
		"multi_party_auth_review.customer_user_access_review.new_customer_user_access, " +
		"multi_party_auth_review.customer_user_access_invitation_review.new_customer_user_access_invitation " +
		"FROM multi_party_auth_review"
	heldQuery     = reviewsQuery + " WHERE multi_party_auth_review.review_status = 'PENDING'"
	customerQuery = "SELECT customer.id, customer.descriptive_name, customer.manager, customer.test_account, " +
		"customer.status, customer.time_zone FROM customer LIMIT 1"
)
