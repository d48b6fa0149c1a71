package hubsim_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestGoogleInvite(t *testing.T) {
	w := newGoogleWire(t)
	resource := w.invite("Eve@Northwind.example", "ADMIN").result("resourceName")
	eve := w.person("eve@northwind.example")
	if eve.Status != "invited" || eve.Role != "ADMIN" || eve.Email != "Eve@Northwind.example" || resource != w.invitation("eve@northwind.example") {
		t.Errorf("eve = %+v, resource %s", eve, resource)
	}
	if want := start.AddDate(0, 0, 20); !eve.ExpiresAt.Equal(want) {
		t.Errorf("expires %s, want %s", eve.ExpiresAt, want)
	}
	if n := len(w.search(usersQuery).results("customerUserAccess")); n != 4 {
		t.Errorf("%d members: an invited person is not one", n)
	}
	w.cancel(resource).result("resourceName")
	w.cancel(resource).failed(400, "accessInvitationError", "INVALID_INVITATION_ID")
	w.invite("eve@northwind.example", "READ_ONLY").ok()
}

func TestGoogleInviteRefusals(t *testing.T) {
	w := newGoogleWire(t)
	for email, value := range map[string]string{
		"nobody":                       "INVALID_EMAIL_ADDRESS",
		"a@b":                          "INVALID_EMAIL_ADDRESS",
		"Ada <ada2@northwind.example>": "INVALID_EMAIL_ADDRESS",
		"ada+ads@northwind.example":    "GOOGLE_CONSUMER_ACCOUNT_NOT_ALLOWED",
		"OLIVE@northwind.example":      "EMAIL_ADDRESS_ALREADY_HAS_ACCESS",
		"New.Hire@northwind.example":   "EMAIL_ADDRESS_ALREADY_HAS_PENDING_INVITATION",
		"new.hire@northwind.example":   "EMAIL_ADDRESS_ALREADY_HAS_PENDING_INVITATION",
	} {
		failure := w.invite(email, "STANDARD").failed(400, "accessInvitationError", value)
		if failure["trigger"].(object)["stringValue"] != email {
			t.Errorf("trigger = %v", failure["trigger"])
		}
		path := failure["location"].(object)["fieldPathElements"].([]any)
		if len(path) != 3 || path[2].(object)["fieldName"] != "email_address" {
			t.Errorf("location = %v", failure["location"])
		}
	}
	w.configure(hubsim.Settings{"allowed_domains": []string{"northwind.example"}})
	w.invite("eve@agency.example", "STANDARD").failed(400, "accessInvitationError", "EMAIL_DOMAIN_POLICY_VIOLATED")
	w.invite("eve@Northwind.example", "STANDARD").ok()
	w.configure(hubsim.Settings{"allowed_domains": nil})
	w.invite("eve@agency.example", "STANDARD").ok()
}

func TestGooglePendingInvitationsCap(t *testing.T) {
	w := newGoogleWire(t)
	for n := range 69 { // one is there
		w.invite(fmt.Sprintf("p%d@northwind.example", n), "READ_ONLY").ok()
	}
	w.invite("late@northwind.example", "READ_ONLY").failed(400, "accessInvitationError", "PENDING_INVITATIONS_LIMIT_EXCEEDED")
	w.act(hubsim.Act{Action: "decline", Email: "p7@northwind.example"})
	w.invite("late@northwind.example", "READ_ONLY").ok()
}

func TestGoogleChangeRole(t *testing.T) {
	w := newGoogleWire(t)
	bo := w.access("bo@northwind.example")
	if got := w.setRole(bo, "ADMIN").result("resourceName"); got != bo {
		t.Errorf("answer %s", got)
	}
	if p := w.person("bo@northwind.example"); p.Role != "ADMIN" {
		t.Errorf("bo = %+v", p)
	}
	w.setRole(bo, "ADMIN").result("resourceName")
	w.setRole(bo, "EMAIL_ONLY").failed(400, "customerUserAccessError", "DISALLOWED_ACCESS_ROLE")
	w.act(hubsim.Act{Action: "join", Email: "mail@northwind.example", Role: "EMAIL_ONLY"})
	w.setRole(w.access("mail@northwind.example"), "READ_ONLY").failed(400, "customerUserAccessError", "DISALLOWED_ACCESS_ROLE")
	w.configure(hubsim.Settings{"email_only_fixed": false})
	w.setRole(w.access("mail@northwind.example"), "READ_ONLY").ok()
}

func TestGoogleUpdateMask(t *testing.T) {
	w := newGoogleWire(t)
	bo := w.access("bo@northwind.example")
	update := func(mask any, fields object) reply {
		fields["resourceName"] = bo
		return w.post("customerUserAccesses:mutate", object{"operation": object{"update": fields, "updateMask": mask}})
	}
	role := object{"accessRole": "READ_ONLY"}
	update(nil, role).failed(400, "fieldMaskError", "FIELD_MASK_MISSING")
	update("", role).failed(400, "fieldMaskError", "FIELD_MASK_MISSING")
	update("role", role).failed(400, "fieldMaskError", "FIELD_NOT_FOUND")
	update("access_role", role).failed(400, "fieldMaskError", "FIELD_NOT_FOUND") // that it is taken is not confirmed
	update("accessRole,emailAddress", role).failed(400, "requestError", "IMMUTABLE_FIELD")
	update(5, role).plain(400, "INVALID_ARGUMENT", "operation.update_mask")
	update("accessRole", object{}).failed(400, "requestError", "REQUIRED_FIELD_MISSING")
	for _, bad := range []string{"OWNER", "UNKNOWN", "UNSPECIFIED", "BILLING", "admin"} {
		update("accessRole", object{"accessRole": bad}).failed(400, "requestError", "INVALID_ENUM_VALUE")
	}
	w.post("customerUserAccesses:mutate", object{"operation": object{"remove": bo, "updateMask": "accessRole"}}).
		failed(400, "fieldMaskError", "FIELD_MASK_NOT_ALLOWED")
	if p := w.person("bo@northwind.example"); p.Role != "STANDARD" {
		t.Errorf("a refused call changed bo: %+v", p)
	}
	// What is output only may be sent along, it is not in the mask.
	update("accessRole", object{"accessRole": "READ_ONLY", "emailAddress": "x@y.example"}).result("resourceName")
	if p := w.person("bo@northwind.example"); p.Role != "READ_ONLY" {
		t.Errorf("bo = %+v", p)
	}
}

func TestGoogleRemove(t *testing.T) {
	w := newGoogleWire(t)
	bo := w.access("bo@northwind.example")
	if got := w.remove(bo).result("resourceName"); got != bo {
		t.Errorf("answer %s", got)
	}
	if p := w.person("bo@northwind.example"); p.Email != "" {
		t.Errorf("bo = %+v", p)
	}
	w.remove(bo).failed(404, "mutateError", "RESOURCE_NOT_FOUND")
	w.setRole(bo, "ADMIN").failed(404, "mutateError", "RESOURCE_NOT_FOUND")
	never := strings.TrimSuffix(bo, "3") + "99"
	w.remove(never).failed(400, "customerUserAccessError", "INVALID_USER_ID")

	w.configure(hubsim.Settings{"removal_disallowed": []string{"Rea@northwind.example"}})
	w.remove(w.access("rea@northwind.example")).failed(400, "customerUserAccessError", "REMOVAL_DISALLOWED")
}

func TestGoogleLastAdmin(t *testing.T) {
	w := newGoogleWire(t)
	ada, olive := w.access("ada@northwind.example"), w.access("olive@northwind.example")
	w.remove(olive).ok()
	w.remove(ada).failed(400, "customerUserAccessError", "LAST_ADMIN_USER_OF_MANAGER")
	w.setRole(ada, "STANDARD").failed(400, "customerUserAccessError", "LAST_ADMIN_USER_OF_MANAGER")
	for _, act := range []hubsim.Act{{Action: "remove", Email: "ada@northwind.example"}, {Action: "set_role", Email: "ada@northwind.example", Role: "STANDARD"}} {
		if _, err := w.sim.Act(google, customer, act); err == nil {
			t.Errorf("%s of the last admin by hand worked", act.Action)
		}
	}
	w.configure(hubsim.Settings{"manager": false})
	w.remove(ada).failed(400, "customerUserAccessError", "LAST_ADMIN_USER_OF_SERVING_CUSTOMER")
	w.configure(hubsim.Settings{"managers": []string{"3333333333"}, "owned": false})
	w.remove(ada).failed(400, "customerUserAccessError", "LAST_ADMIN_USER_OF_SERVING_CUSTOMER")
	w.configure(hubsim.Settings{"owned": true})
	w.remove(ada).ok() // its owner has administrators
	w.search(customerQuery).failed(401, "authenticationError", "NOT_ADS_USER")
}

func TestGoogleInvitationCannotBeChanged(t *testing.T) {
	w := newGoogleWire(t)
	invitation := w.invitation("new.hire@northwind.example")
	w.post("customerUserAccessInvitations:mutate", object{"operation": object{
		"update": object{"resourceName": invitation, "accessRole": "ADMIN"}, "updateMask": "accessRole",
	}}).plain(400, "INVALID_ARGUMENT", "Unknown name")
	w.setRole(invitation, "ADMIN").failed(400, "requestError", "RESOURCE_NAME_MALFORMED")
	if p := w.person("new.hire@northwind.example"); p.Role != "STANDARD" {
		t.Errorf("new.hire = %+v", p)
	}
}

func TestGoogleCancelOnlyWhatIsPending(t *testing.T) {
	w := newGoogleWire(t)
	invitation := w.invitation("new.hire@northwind.example")
	w.act(hubsim.Act{Action: "decline", Email: "new.hire@northwind.example"})
	w.cancel(invitation).failed(400, "accessInvitationError", "INVALID_INVITATION_STATUS")
	eve := w.invite("eve@northwind.example", "STANDARD").result("resourceName")
	w.act(hubsim.Act{Action: "accept", Email: "eve@northwind.example"})
	w.cancel(eve).failed(400, "accessInvitationError", "INVALID_INVITATION_STATUS")
	w.cancel("customers/"+customer+"/customerUserAccessInvitations/1").failed(400, "accessInvitationError", "INVALID_INVITATION_ID")
}

func TestGoogleBodies(t *testing.T) {
	w := newGoogleWire(t)
	bo := w.access("bo@northwind.example")
	create := `{"emailAddress":"eve@northwind.example","accessRole":"STANDARD"}`
	for name, c := range map[string]struct {
		action, body, value string // value: of requestError, or "" for the front end's refusal
	}{
		"operations array":   {"customerUserAccesses:mutate", `{"operations":[{"remove":"` + bo + `"}]}`, ""},
		"operation an array": {"customerUserAccessInvitations:mutate", `{"operation":[{"create":` + create + `}]}`, ""},
		"operations invite":  {"customerUserAccessInvitations:mutate", `{"operations":[{"create":` + create + `}]}`, ""},
		"partialFailure":     {"customerUserAccesses:mutate", `{"operation":{"remove":"` + bo + `"},"partialFailure":true}`, ""},
		"validateOnly":       {"customerUserAccesses:mutate", `{"operation":{"remove":"` + bo + `"},"validateOnly":true}`, ""},
		"unknown in create":  {"customerUserAccessInvitations:mutate", `{"operation":{"create":{"email":"x@y.example"}}}`, ""},
		"letter case":        {"customerUserAccessInvitations:mutate", `{"operation":{"create":{"EmailAddress":"x@y.example"}}}`, ""},
		"snake case":         {"customerUserAccessInvitations:mutate", `{"operation":{"create":{"email_address":"x@y.example"}}}`, ""},
		"two at once":        {"customerUserAccesses:mutate", `{"operation":{"remove":"` + bo + `","update":{}}}`, ""},
		"wrong type":         {"customerUserAccesses:mutate", `{"operation":{"remove":8003}}`, ""},
		"unknown in search":  {"googleAds:search", `{"query":"` + customerQuery + `","page_token":"x"}`, ""},
		"unknown settings":   {"googleAds:search", `{"query":"` + customerQuery + `","searchSettings":{"x":true}}`, ""},
		"not JSON":           {"googleAds:search", `query=SELECT`, ""},
		"two documents":      {"googleAds:search", `{}{}`, ""},
		"nothing":            {"customerUserAccesses:mutate", `{}`, "OPERATION_REQUIRED"},
		"empty operation":    {"customerUserAccesses:mutate", `{"operation":{}}`, "OPERATION_REQUIRED"},
		"no address":         {"customerUserAccessInvitations:mutate", `{"operation":{"create":{"accessRole":"ADMIN"}}}`, "REQUIRED_FIELD_MISSING"},
		"no role":            {"customerUserAccessInvitations:mutate", `{"operation":{"create":{"emailAddress":"x@y.example"}}}`, "REQUIRED_FIELD_MISSING"},
		"id in create":       {"customerUserAccessInvitations:mutate", `{"operation":{"create":{"emailAddress":"x@y.example","accessRole":"ADMIN","invitationId":"1"}}}`, "IMMUTABLE_FIELD"},
		"empty name":         {"customerUserAccesses:mutate", `{"operation":{"remove":""}}`, "RESOURCE_NAME_MISSING"},
		"bare id":            {"customerUserAccesses:mutate", `{"operation":{"remove":"8003"}}`, "RESOURCE_NAME_MALFORMED"},
		"hyphens":            {"customerUserAccesses:mutate", `{"operation":{"remove":"customers/123-456-7890/customerUserAccesses/8003"}}`, "RESOURCE_NAME_MALFORMED"},
		"other customer":     {"customerUserAccesses:mutate", `{"operation":{"remove":"customers/2222222222/customerUserAccesses/8005"}}`, "BAD_RESOURCE_ID"},
		"other collection":   {"customerUserAccesses:mutate", `{"operation":{"remove":"` + w.invitation("new.hire@northwind.example") + `"}}`, "RESOURCE_NAME_MALFORMED"},
	} {
		got := w.post(c.action, c.body)
		if c.value != "" {
			got.failed(400, "requestError", c.value)
			continue
		}
		if got.status != 400 || strings.Contains(got.raw, "GoogleAdsFailure") || !strings.Contains(got.raw, "google.rpc.BadRequest") {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	if people, _ := w.sim.People(google, customer); len(people) != 5 {
		t.Errorf("a refused body took effect: %v", people)
	}

	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded"} {
		w.with("Content-Type", contentType).search(customerQuery).plain(400, "INVALID_ARGUMENT", "content type")
	}
	w.with("Content-Type", "application/json; charset=utf-8").search(customerQuery).ok()
	w.call("POST", "customers/"+customer+"/googleAds:search?alt=json", object{"query": customerQuery}).plain(400, "INVALID_ARGUMENT", "alt")
}

func TestGoogleConcurrentInvitesOpenOne(t *testing.T) {
	w := newGoogleWire(t)
	var wg sync.WaitGroup
	statuses := make([]int, 12)
	for i := range statuses {
		wg.Go(func() {
			statuses[i] = w.invite("eve@northwind.example", "STANDARD").status
			w.search(usersQuery)
			w.refresh()
			_, _ = w.sim.People(google, customer)
		})
	}
	wg.Wait()
	opened := 0
	for _, s := range statuses {
		if s == http.StatusOK {
			opened++
		}
	}
	if opened != 1 {
		t.Errorf("%d invitations succeeded: %v", opened, statuses)
	}
}
