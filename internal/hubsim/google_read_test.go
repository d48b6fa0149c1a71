package hubsim_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestGoogleListCustomers(t *testing.T) {
	w := newGoogleWire(t)
	got := w.call("GET", "customers:listAccessibleCustomers", nil).ok()
	// The client is reached through the manager, so it is not among them.
	if names := got["resourceNames"].([]any); len(names) != 1 || names[0] != "customers/"+customer {
		t.Errorf("names = %v", names)
	}
	w.as(strangerTok).call("GET", "customers:listAccessibleCustomers", nil).failed(401, "authenticationError", "NOT_ADS_USER")
	w.call("POST", "customers:listAccessibleCustomers", "{}").plain(404, "NOT_FOUND", "")
}

func TestGoogleCustomer(t *testing.T) {
	w := newGoogleWire(t)
	got := w.search(customerQuery)
	row := got.results("customer")[0]
	want := object{
		"resourceName": "customers/1234567890", "id": "1234567890", "descriptiveName": "Northwind Agency",
		"manager": true, "testAccount": false, "status": "ENABLED", "timeZone": "Europe/Berlin",
	}
	if fmt.Sprint(row) != fmt.Sprint(want) {
		t.Errorf("customer = %v", row)
	}
	mask := "customer.id,customer.descriptiveName,customer.manager,customer.testAccount,customer.status,customer.timeZone"
	if got.body["fieldMask"] != mask || got.body["nextPageToken"] != nil {
		t.Errorf("answer = %v", got.raw)
	}
	if _, isText := got.body["queryResourceConsumption"].(string); !isText || got.body["totalResultsCount"] != nil {
		t.Errorf("answer = %v", got.raw)
	}
}

func TestGoogleUsers(t *testing.T) {
	w := newGoogleWire(t)
	w.act(hubsim.Act{Action: "join", Role: "BILLING", Name: "no address"})
	w.act(hubsim.Act{Action: "accept", Email: "new.hire@northwind.example"})
	rows := w.search(usersQuery).results("customerUserAccess")
	equal(t, "addresses", values(rows, "emailAddress"), []string{
		"ada@northwind.example", "Olive@northwind.example", "bo@northwind.example", "rea@northwind.example", "-", "new.hire@northwind.example",
	})
	equal(t, "roles", values(rows, "accessRole"), []string{"ADMIN", "ADMIN", "STANDARD", "READ_ONLY", "UNKNOWN", "STANDARD"})
	equal(t, "inviters", values(rows, "inviterUserEmailAddress"), []string{"-", "-", "-", "-", "-", "ada@northwind.example"})
	equal(t, "passkeys", values(rows, "passkeyEnabled"), []string{"true", "true", "-", "-", "-", "-"})
	equal(t, "reviews", values(rows, "pendingMultiPartyAuthReview"), []string{"-", "-", "-", "-", "-", "-"})
	ada := rows[0]
	if ada["userId"] != w.person("ada@northwind.example").ID || ada["resourceName"] != w.access("ada@northwind.example") {
		t.Errorf("ada = %v", ada)
	}
	// 10:15 UTC in the account's own time zone, which is Berlin's.
	if ada["accessCreationDateTime"] != "2026-11-20 11:15:00" {
		t.Errorf("created %v", ada["accessCreationDateTime"])
	}
	if got := w.person("ada@northwind.example"); got.Name != "Ada Diaz" {
		t.Errorf("ada = %+v", got)
	}
	if raw := w.search(usersQuery).raw; strings.Contains(raw, "Diaz") {
		t.Error("the API has no names")
	}
}

func TestGoogleInvitations(t *testing.T) {
	w := newGoogleWire(t)
	rows := w.search(pendingQuery).results("customerUserAccessInvitation")
	invited := w.person("new.hire@northwind.example")
	want := object{
		"resourceName": w.invitation("new.hire@northwind.example"), "invitationId": invited.ID, "emailAddress": "new.hire@northwind.example",
		"accessRole": "STANDARD", "creationDateTime": "2026-11-20 11:15:00", "invitationStatus": "PENDING",
	}
	if len(rows) != 1 || fmt.Sprint(rows[0]) != fmt.Sprint(want) {
		t.Errorf("invitations = %v", rows)
	}
	w.act(hubsim.Act{Action: "decline", Email: "new.hire@northwind.example"})
	if got := w.search(pendingQuery); len(got.results("customerUserAccessInvitation")) != 0 || strings.Contains(got.raw, "results") {
		t.Errorf("an empty list = %s", got.raw)
	}
	equal(t, "statuses", values(w.search(invitationsQuery).results("customerUserAccessInvitation"), "invitationStatus"), []string{"DECLINED"})
}

func TestGoogleQueries(t *testing.T) {
	w := newGoogleWire(t)
	w.act(hubsim.Act{Action: "join", Email: "a_b@northwind.example"})
	w.act(hubsim.Act{Action: "join", Email: "axb@northwind.example"})
	w.act(hubsim.Act{Action: "join", Email: "o'neil@northwind.example"})
	for where, want := range map[string]string{
		"email_address LIKE 'ADA@northwind.example'":                        "ada@northwind.example",
		"email_address LIKE 'ada'":                                          "",
		"email_address = 'ada@northwind.example'":                           "ada@northwind.example",
		"email_address = 'olive@northwind.example'":                         "", // = minds letter case
		"email_address LIKE 'olive@northwind.example'":                      "Olive@northwind.example",
		"email_address LIKE '%E@NORTH%'":                                    "Olive@northwind.example",
		"email_address LIKE 'a_b@%'":                                        "a_b@northwind.example axb@northwind.example",
		"email_address LIKE 'a[_]b@northwind.example'":                      "a_b@northwind.example",
		`email_address LIKE 'o\'neil@northwind.example'`:                    "o'neil@northwind.example",
		`email_address LIKE "o'neil@%"`:                                     "o'neil@northwind.example",
		"access_role = 'STANDARD'":                                          "bo@northwind.example",
		"access_role = ADMIN AND customer_user_access.user_id != 8001":      "Olive@northwind.example",
		"passkey_enabled = TRUE LIMIT 1":                                    "ada@northwind.example",
		"access_role = 'ADMIN' ORDER BY customer_user_access.email_address": "Olive@northwind.example ada@northwind.example",
		"access_role = 'ADMIN' ORDER BY customer_user_access.user_id DESC":  "Olive@northwind.example ada@northwind.example",
		"resource_name = 'customers/1234567890/customerUserAccesses/8003'":  "bo@northwind.example",
	} {
		query := "select customer_user_access.email_address from customer_user_access where customer_user_access." + where
		rows := w.search(query).results("customerUserAccess")
		if got := strings.Join(values(rows, "emailAddress"), " "); got != want {
			t.Errorf("%s: %q, want %q", where, got, want)
		}
		for _, row := range rows {
			if len(row) != 2 || row["resourceName"] == nil {
				t.Errorf("%s: only what was selected and the name were asked for: %v", where, row)
			}
		}
	}
}

func TestGoogleQueryRefusals(t *testing.T) {
	w := newGoogleWire(t)
	for query, value := range map[string]string{
		"":                                  "",
		"FROM customer":                     "EXPECTED_SELECT",
		"SELECT FROM customer":              "BAD_FIELD_NAME",
		"SELECT customer.id":                "EXPECTED_FROM",
		"SELECT customer.id, FROM customer": "BAD_FIELD_NAME",
		"SELECT customer.id WHERE customer.id = 1":                                            "EXPECTED_FROM",
		"SELECT customer.id FROM campaigns":                                                   "BAD_RESOURCE_TYPE_IN_FROM_CLAUSE",
		"SELECT customer.descriptiveName FROM customer":                                       "UNRECOGNIZED_FIELD",
		"SELECT customer.name FROM customer":                                                  "UNRECOGNIZED_FIELD",
		"SELECT name FROM customer":                                                           "UNRECOGNIZED_FIELD",
		"SELECT customer.id, customer.id FROM customer":                                       "UNEXPECTED_INPUT",
		"SELECT customer.id FROM customer_user_access":                                        "PROHIBITED_FIELD_IN_SELECT_CLAUSE",
		"SELECT customer.id FROM customer WHERE customer.name = 'x'":                          "UNRECOGNIZED_FIELD",
		"SELECT customer.id FROM customer WHERE customer.status IN ('ENABLED')":               "BAD_OPERATOR",
		"SELECT customer.id FROM customer WHERE customer.status = 'PAUSED'":                   "BAD_ENUM_CONSTANT",
		"SELECT customer.id FROM customer WHERE customer.status = 'enabled'":                  "BAD_ENUM_CONSTANT",
		"SELECT customer.id FROM customer WHERE customer.status LIKE 'EN%'":                   "OPERATOR_FIELD_MISMATCH",
		"SELECT customer.id FROM customer WHERE customer.id = 'x'":                            "BAD_NUMBER",
		"SELECT customer.id FROM customer WHERE customer.manager = 'yes'":                     "BAD_VALUE",
		"SELECT customer.id FROM customer WHERE customer.time_zone = Berlin":                  "BAD_VALUE",
		"SELECT customer.id FROM customer WHERE customer.time_zone =":                         "UNEXPECTED_END_OF_QUERY",
		"SELECT customer.id FROM customer WHERE customer.time_zone = 'it's'":                  "BAD_SYMBOL",
		"SELECT customer.id FROM customer WHERE customer.time_zone = 'open":                   "BAD_SYMBOL",
		"SELECT customer.id FROM customer WHERE customer.id = 1 OR customer.id = 2":           "UNEXPECTED_INPUT",
		"SELECT customer.id FROM customer ORDER customer.id":                                  "EXPECTED_BY",
		"SELECT customer.id FROM customer ORDER BY customer.name":                             "UNRECOGNIZED_FIELD",
		"SELECT customer.id FROM customer LIMIT 0":                                            "BAD_LIMIT_VALUE",
		"SELECT customer.id FROM customer LIMIT":                                              "BAD_LIMIT_VALUE",
		"SELECT customer.id FROM customer;":                                                   "BAD_SYMBOL",
		"SELECT customer_user_access_invitation.inviter FROM customer_user_access_invitation": "UNRECOGNIZED_FIELD",
		"SELECT multi_party_auth_review.resource_name FROM multi_party_auth_review WHERE multi_party_auth_review.customer_user_access_review.new_customer_user_access = 'x'": "PROHIBITED_FIELD_IN_WHERE_CLAUSE",
	} {
		if query == "" {
			w.search(query).failed(400, "requestError", "REQUIRED_FIELD_MISSING")
			continue
		}
		w.search(query).failed(400, "queryError", value)
	}
}

func TestGoogleFieldsByVersion(t *testing.T) {
	w := newGoogleWire(t)
	for _, field := range []string{"passkey_enabled", "pending_multi_party_auth_review"} {
		query := "SELECT customer_user_access." + field + " FROM customer_user_access"
		w.on("v23").search(query).failed(400, "queryError", "UNRECOGNIZED_FIELD")
		for _, version := range []string{"v24", "v25", "v26"} {
			w.on(version).search(query).ok()
		}
	}
	w.on("v23").search(heldQuery).ok()
	for _, version := range []string{"v1", "v22", "v27", "v999"} {
		got := w.on(version).search(customerQuery)
		got.failed(400, "requestError", "UNSUPPORTED_VERSION")
		if !strings.Contains(got.raw, "googleads."+version+".errors") {
			t.Errorf("the type names another version: %s", got.raw)
		}
	}
	for _, version := range []string{"26", "v25.0", "v0", "latest"} {
		w.on(version).search(customerQuery).plain(404, "NOT_FOUND", "")
	}
}

func TestGooglePaging(t *testing.T) {
	w := newGoogleWire(t)
	w.configure(hubsim.Settings{"page_size": 2})
	body := object{"query": usersQuery, "searchSettings": object{"returnTotalResultsCount": true}}
	first := w.post("googleAds:search", body)
	var got []string
	for page := first; ; page = w.post("googleAds:search", body) {
		rows := page.results("customerUserAccess")
		got = append(got, values(rows, "emailAddress")...)
		if page.body["totalResultsCount"] != "4" {
			t.Errorf("total = %v", page.body["totalResultsCount"])
		}
		next, more := page.body["nextPageToken"]
		if !more {
			break
		}
		body["pageToken"] = next
		w.remove(w.access("rea@northwind.example")) // while the list is being read
	}
	if len(got) != 4 || !slices.Contains(got, "rea@northwind.example") {
		t.Errorf("pages = %v: a list does not shift under its reader", got)
	}

	token := first.body["nextPageToken"]
	page := func(query string, token any) reply {
		return w.post("googleAds:search", object{"query": query, "pageToken": token})
	}
	page(usersQuery, token).ok() // asked again
	page(usersQuery+" LIMIT 3", token).failed(400, "requestError", "INVALID_PAGE_TOKEN")
	page(usersQuery, "CPii5aS87vfFTBAKGJvk36qpLiIW").failed(400, "requestError", "INVALID_PAGE_TOKEN")
	page(usersQuery, "%%").failed(400, "requestError", "INVALID_PAGE_TOKEN")
	reached := w.with("login-customer-id", customer)
	reached.call("POST", "customers/"+client+"/googleAds:search", object{"query": usersQuery, "pageToken": token}).
		failed(400, "requestError", "INVALID_PAGE_TOKEN")
	w.sim.Clock().Advance(time.Hour)
	page(usersQuery, token).failed(400, "requestError", "EXPIRED_PAGE_TOKEN")
	w.search(usersQuery).ok()
	page(usersQuery, token).failed(400, "requestError", "EXPIRED_PAGE_TOKEN") // forgotten, still told apart

	w.post("googleAds:search", object{"query": usersQuery, "pageSize": 100}).failed(400, "requestError", "PAGE_SIZE_NOT_SUPPORTED")
}

func TestGooglePagesOfTenThousand(t *testing.T) {
	sim := hubsim.New(hubsim.StartAt(start), hubsim.Frozen())
	if err := sim.Apply(hubsim.Seed{
		Hubs: []hubsim.HubSeed{{
			Platform: google, BusinessID: customer,
			Generate: &hubsim.Generate{Members: 10001, Invitations: 80, Admins: 2},
		}},
		Credentials: []hubsim.Credential{{"platform": google, "name": "m", "email": "member-00001@generated.example", "access_token": adaToken}},
	}); err != nil {
		t.Fatal(err)
	}
	w := &googleWire{wire: &wire{t: t, sim: sim, base: sim.Start(t)}, bearer: adaToken, version: "v26"}
	query := "SELECT customer_user_access.access_role FROM customer_user_access"
	first := w.search(query)
	rows := first.results("customerUserAccess")
	if len(rows) != 10000 || rows[1]["accessRole"] != "ADMIN" || rows[2]["accessRole"] != "READ_ONLY" {
		t.Fatalf("%d rows, %v", len(rows), rows[:3])
	}
	last := w.post("googleAds:search", object{"query": query, "pageToken": first.body["nextPageToken"]})
	if n := len(last.results("customerUserAccess")); n != 1 || last.body["nextPageToken"] != nil {
		t.Errorf("%d rows on the last page", n)
	}
	newest := w.search("SELECT customer_user_access.user_id FROM customer_user_access ORDER BY customer_user_access.user_id DESC LIMIT 1")
	if got := newest.results("customerUserAccess")[0]["userId"]; got != "18001" { // as a number, not as text
		t.Errorf("the highest id is %v", got)
	}
	if n := len(w.search(pendingQuery).results("customerUserAccessInvitation")); n != 80 {
		t.Errorf("%d invitations", n)
	}
	w.invite("eve@northwind.example", "STANDARD").failed(400, "accessInvitationError", "PENDING_INVITATIONS_LIMIT_EXCEEDED")
}

func TestGoogleSearchStream(t *testing.T) {
	w := newGoogleWire(t)
	w.configure(hubsim.Settings{"page_size": 2})
	stream := func(body any) (status int, batches []object) {
		got := w.post("googleAds:searchStream", body)
		if err := json.Unmarshal([]byte(got.raw), &batches); err != nil {
			t.Fatalf("%s: %v", got.raw, err)
		}
		return got.status, batches
	}
	status, batches := stream(object{"query": usersQuery})
	if status != 200 || len(batches) != 1 || len(batches[0]["results"].([]any)) != 4 || batches[0]["requestId"] == "" {
		t.Errorf("%d %v", status, batches)
	}
	status, batches = stream(object{"query": "SELECT x.y FROM customer"})
	if status != 400 || batches[0]["error"] == nil {
		t.Errorf("%d %v", status, batches)
	}
	if status, _ = stream(object{"query": usersQuery, "pageToken": "x"}); status != 400 {
		t.Errorf("a stream took a page token: %d", status)
	}
}
