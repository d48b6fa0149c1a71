package hubsim_test

import (
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestGoogleTokens(t *testing.T) {
	w := newGoogleWire(t)
	w.as("").search(customerQuery).plain(401, "UNAUTHENTICATED", "CREDENTIALS_MISSING")
	w.as("").with("Authorization", "Basic x").search(customerQuery).failed(401, "authenticationError", "OAUTH_TOKEN_HEADER_INVALID")
	w.as("ya29.mistyped").search(customerQuery).failed(401, "authenticationError", "OAUTH_TOKEN_INVALID")
	w.as(unscopedTok).search(customerQuery).plain(403, "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
	w.as(strangerTok).search(customerQuery).failed(401, "authenticationError", "NOT_ADS_USER")
}

func TestGoogleCauses(t *testing.T) {
	w := newGoogleWire(t)
	invite := func() reply { return w.invite("eve@northwind.example", "STANDARD") }
	read := func() reply { return w.search(customerQuery) }
	for _, c := range []struct {
		cause         hubsim.Settings
		status        int
		family, value string
		reads         bool // whether reading still works
	}{
		{hubsim.Settings{hubsim.TokenExpired: true}, 401, "authenticationError", "OAUTH_TOKEN_EXPIRED", false},
		{hubsim.Settings{hubsim.TokenInvalid: true}, 401, "authenticationError", "OAUTH_TOKEN_INVALID", false},
		{hubsim.Settings{"access_revoked": true}, 401, "authenticationError", "OAUTH_TOKEN_REVOKED", false},
		{hubsim.Settings{hubsim.PermissionMissing: true}, 403, "authorizationError", "USER_PERMISSION_DENIED", false},
		{hubsim.Settings{hubsim.NotAdmin: true}, 403, "authorizationError", "ACTION_NOT_PERMITTED", true},
		{hubsim.Settings{hubsim.SecondFactor: true}, 401, "authenticationError", "TWO_STEP_VERIFICATION_NOT_ENROLLED", false},
		{hubsim.Settings{hubsim.Blocked: true}, 403, "authorizationError", "ACTION_NOT_PERMITTED_FOR_SUSPENDED_ACCOUNT", true},
		{hubsim.Settings{"status": "SUSPENDED"}, 403, "authorizationError", "ACTION_NOT_PERMITTED_FOR_SUSPENDED_ACCOUNT", true},
		{hubsim.Settings{"status": "CANCELED"}, 403, "authorizationError", "CUSTOMER_NOT_ENABLED", false},
		{hubsim.Settings{"status": "CLOSED"}, 403, "authorizationError", "CUSTOMER_NOT_ENABLED", false},
		{hubsim.Settings{"signup_incomplete": true}, 403, "authorizationError", "INCOMPLETE_SIGNUP", false},
		{hubsim.Settings{"terms_missing": true}, 403, "authorizationError", "MISSING_TOS", false},
		{hubsim.Settings{"test_project": true}, 403, "authorizationError", "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION", false},
		{hubsim.Settings{"project_disabled": true}, 403, "authorizationError", "PROJECT_DISABLED", false},
		{hubsim.Settings{hubsim.RateLimited: true}, 429, "quotaError", "RESOURCE_EXHAUSTED", false},
		{hubsim.Settings{"transient": hubsim.Settings{}}, 500, "internalError", "INTERNAL_ERROR", false},
	} {
		w.configure(c.cause)
		invite().failed(c.status, c.family, c.value)
		if c.reads {
			read().ok()
		} else {
			read().failed(c.status, c.family, c.value)
		}
		if err := w.sim.Reset(); err != nil {
			t.Fatal(err)
		}
	}
	w.configure(hubsim.Settings{"test_project": true, "test_account": true})
	invite().ok()
	w.configure(hubsim.Settings{hubsim.Blocked: true})
	if got := read().results("customer")[0]["status"]; got != "SUSPENDED" {
		t.Errorf("status %v", got)
	}
}

func TestGoogleOnlyAdministratorsChange(t *testing.T) {
	w := newGoogleWire(t)
	bo := w.as(boToken)
	bo.search(usersQuery).ok()
	bo.invite("eve@northwind.example", "READ_ONLY").failed(403, "authorizationError", "ACTION_NOT_PERMITTED")
	bo.remove(w.access("rea@northwind.example")).failed(403, "authorizationError", "ACTION_NOT_PERMITTED")
	w.act(hubsim.Act{Action: "set_role", Email: "bo@northwind.example", Role: "ADMIN"})
	bo.invite("eve@northwind.example", "READ_ONLY").ok()
	w.act(hubsim.Act{Action: "set_role", Email: "bo@northwind.example", Role: "EMAIL_ONLY"})
	bo.search(usersQuery).failed(401, "authenticationError", "NOT_ADS_USER") // not a login
}

func TestGoogleLoginCustomer(t *testing.T) {
	w := newGoogleWire(t)
	read := func(w *googleWire, id string) reply {
		return w.call("POST", "customers/"+id+"/googleAds:search", object{"query": customerQuery})
	}
	invite := func(w *googleWire) reply {
		return w.call("POST", "customers/"+client+"/customerUserAccessInvitations:mutate",
			object{"operation": object{"create": object{"emailAddress": "eve@shoes.example", "accessRole": "STANDARD"}}})
	}
	via := w.with("login-customer-id", customer)

	read(w, client).failed(403, "authorizationError", "USER_PERMISSION_DENIED") // header missing
	read(w.with("login-customer-id", client), client).failed(403, "authorizationError", "USER_PERMISSION_DENIED")
	read(via, client).ok()
	invite(via).ok()
	w.configureHub(client, hubsim.Settings{hubsim.PermissionMissing: true})
	read(via, client).failed(403, "authorizationError", "USER_PERMISSION_DENIED")
	w.configureHub(client, hubsim.Settings{hubsim.PermissionMissing: false})
	read(via, customer).ok() // equal to the customer: harmless
	rows := via.call("POST", "customers/"+client+"/googleAds:search", object{"query": usersQuery}).results("customerUserAccess")
	equal(t, "users of the client", values(rows, "emailAddress"), []string{"cli@shoes.example"}) // Ada's access is inherited
	invite(via.as(boToken)).failed(403, "authorizationError", "ACTION_NOT_PERMITTED")
	invite(via.as(strangerTok)).failed(401, "authenticationError", "NOT_ADS_USER")

	read(w.with("login-customer-id", "3333333333"), client).failed(403, "authorizationError", "USER_PERMISSION_DENIED")
	for _, bad := range []string{"123-456-7890", "12345", "northwind"} {
		read(w.with("login-customer-id", bad), customer).failed(400, "headerError", "INVALID_LOGIN_CUSTOMER_ID")
	}
	w.configureHub(client, hubsim.Settings{"owned": false})
	read(via, client).ok()
	invite(via).failed(403, "authorizationError", "ACTION_NOT_PERMITTED") // the manager does not own it
	w.configureHub(client, hubsim.Settings{"managers": nil})
	read(via, client).failed(403, "authorizationError", "INVALID_LOGIN_CUSTOMER_ID_SERVING_CUSTOMER_ID_COMBINATION")

	read(w, "123-456-7890").failed(400, "requestError", "INVALID_CUSTOMER_ID")
	read(w, "9999999999").failed(401, "authenticationError", "CUSTOMER_NOT_FOUND")
}

func TestGoogleCredentialThroughAManager(t *testing.T) {
	w := newGoogleWire(t)
	if err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{
		{"platform": google, "name": "direct", "email": "a@agency.example", "access_token": "ya29.direct", "customers": []string{customer}},
		{
			"platform": google, "name": "outside", "email": "b@agency.example", "access_token": "ya29.outside",
			"customers": []string{customer}, "login_customer_id": "5555555555",
		},
	}}); err != nil {
		t.Fatal(err)
	}
	w.as("ya29.direct").invite("eve@northwind.example", "STANDARD").ok()
	outside := w.as("ya29.outside")
	outside.search(customerQuery).failed(403, "authorizationError", "USER_PERMISSION_DENIED")
	outside.with("login-customer-id", "5555555555").invite("finn@northwind.example", "STANDARD").ok()
	if names := outside.call("GET", "customers:listAccessibleCustomers", nil).ok()["resourceNames"].([]any); len(names) != 0 {
		t.Errorf("names = %v", names)
	}
	if n := len(w.search(usersQuery).results("customerUserAccess")); n != 4 {
		t.Errorf("%d users: inherited access is not listed", n)
	}
}

func TestGoogleDeveloperToken(t *testing.T) {
	w := newGoogleWire(t)
	legacy := w.with("developer-token", "abcdefghijklmnopqrstuv")
	legacy.search(customerQuery).ok()
	w.configure(hubsim.Settings{"developer_token": "rejected"})
	legacy.search(customerQuery).failed(401, "authenticationError", "DEVELOPER_TOKEN_INVALID")
	w.search(customerQuery).ok()
}

func TestGoogleSettingsAndSeeds(t *testing.T) {
	w := newGoogleWire(t)
	for name, bad := range map[string]hubsim.Settings{
		"unknown":   {"mpa": true},
		"status":    {"status": "PAUSED"},
		"approval":  {"multi_party_approval": "on"},
		"zone":      {"time_zone": "Mars/Olympus"},
		"page":      {"page_size": 0},
		"lifetime":  {"token_lifetime": "0s"},
		"quota":     {"quota": hubsim.Settings{"error": "TOO_MUCH"}},
		"scope":     {"quota": hubsim.Settings{"scope": "PLANET"}},
		"transient": {"transient": hubsim.Settings{"error": "OOPS"}},
		"negative":  {"visibility_lag": "-1s"},
	} {
		if err := w.sim.Configure(google, customer, bad); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	for name, bad := range map[string]hubsim.HubSeed{
		"hyphens":      {BusinessID: "123-456-7890"},
		"again":        {BusinessID: customer},
		"role":         {BusinessID: "4444444444", People: []hubsim.PersonSeed{{Email: "a@x.example", Role: "OWNER"}}},
		"extra roles":  {BusinessID: "4444444444", People: []hubsim.PersonSeed{{Email: "a@x.example", ExtraRoles: []string{"X"}}}},
		"twice":        {BusinessID: "4444444444", People: []hubsim.PersonSeed{{Email: "a@x.example"}, {Email: "A@x.example"}}},
		"status":       {BusinessID: "4444444444", People: []hubsim.PersonSeed{{Email: "a@x.example", Status: "asleep"}}},
		"no address":   {BusinessID: "4444444444", People: []hubsim.PersonSeed{{Status: "invited"}}},
		"bad settings": {BusinessID: "4444444444", Settings: hubsim.Settings{"x": 1}},
	} {
		bad.Platform = google
		if err := w.sim.Apply(hubsim.Seed{Hubs: []hubsim.HubSeed{bad}}); err == nil {
			t.Errorf("%s was applied", name)
		}
	}
	if err := w.sim.Apply(hubsim.Seed{Hubs: []hubsim.HubSeed{{
		Platform: google, BusinessID: "4444444444",
		People: []hubsim.PersonSeed{
			{Email: "a@x.example", Role: "ADMIN"},
			{Email: "b@x.example", Status: "pending_approval", Role: "STANDARD"},
			{Email: "c@x.example", Status: "expired"},
			{Email: "d@x.example", Status: "declined"},
		},
	}}}); err != nil {
		t.Fatal(err)
	}
	people, err := w.sim.People(google, "4444444444")
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, p := range people {
		got = append(got, p.Email+" "+p.Role+" "+p.Status)
	}
	equal(t, "people", got, []string{
		"a@x.example ADMIN active", "c@x.example READ_ONLY expired", "d@x.example READ_ONLY declined", "b@x.example STANDARD pending_approval",
	})
}
