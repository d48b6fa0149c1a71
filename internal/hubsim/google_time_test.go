package hubsim_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestGoogleAcceptance(t *testing.T) {
	w := newGoogleWire(t)
	w.invite("eve@northwind.example", "STANDARD").ok()
	invitation := w.person("eve@northwind.example").ID
	w.sim.Clock().Advance(hour)
	w.act(hubsim.Act{Action: "accept", Email: "EVE@northwind.example", AcceptAs: "eve.private@mail.example", Name: "Eve Lund"})

	eve := w.person("eve.private@mail.example")
	if eve.Status != "active" || eve.InvitationID != invitation || eve.Role != "STANDARD" || eve.Name != "Eve Lund" {
		t.Errorf("eve = %+v", eve)
	}
	rows := w.search(usersQuery).results("customerUserAccess")
	row := rows[len(rows)-1]
	if row["emailAddress"] != "eve.private@mail.example" || row["inviterUserEmailAddress"] != "ada@northwind.example" ||
		row["accessCreationDateTime"] != "2026-11-20 12:15:00" {
		t.Errorf("eve = %v", row)
	}
	// There is no status for accepted: the invitation is simply gone.
	if raw := w.search(invitationsQuery).raw; strings.Contains(raw, "eve@") {
		t.Errorf("invitations = %s", raw)
	}
	for _, act := range []hubsim.Act{
		{Action: "accept", Email: "eve@northwind.example"},
		{Action: "accept", Email: "new.hire@northwind.example", AcceptAs: "bo@northwind.example"},
		{Action: "decline", Email: "nobody@northwind.example"},
		{Action: "set_role", Email: "new.hire@northwind.example", Role: "ADMIN"},
		{Action: "set_role", Email: "bo@northwind.example"},
		{Action: "invite", Email: "bo@northwind.example"},
		{Action: "invite", Email: "x@northwind.example", Role: "OWNER"},
		{Action: "join", Email: "bo@northwind.example"},
		{Action: "remove", Email: "nobody@northwind.example"},
		{Action: "approve", Email: "bo@northwind.example"},
	} {
		if _, err := w.sim.Act(google, customer, act); !errors.Is(err, hubsim.ErrImpossible) {
			t.Errorf("%+v: %v", act, err)
		}
	}
	if _, err := w.sim.Act(google, customer, hubsim.Act{Action: "dance"}); err == nil || errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("an unknown act: %v", err)
	}
}

func TestGoogleDualPresence(t *testing.T) {
	w := newGoogleWire(t)
	w.configure(hubsim.Settings{"dual_presence": "24h"})
	invitation := w.invitation("new.hire@northwind.example")
	w.act(hubsim.Act{Action: "accept", Email: "new.hire@northwind.example"})
	seen := func() (users, pending int) {
		return len(w.search(usersQuery).results("customerUserAccess")), len(w.search(pendingQuery).results("customerUserAccessInvitation"))
	}
	if users, pending := seen(); users != 5 || pending != 1 {
		t.Errorf("%d users, %d pending: the same person is in both lists", users, pending)
	}
	w.cancel(invitation).failed(400, "accessInvitationError", "INVALID_INVITATION_STATUS")
	w.invite("new.hire@northwind.example", "STANDARD").failed(400, "accessInvitationError", "EMAIL_ADDRESS_ALREADY_HAS_ACCESS")
	w.sim.Clock().Advance(24 * hour)
	if users, pending := seen(); users != 5 || pending != 0 {
		t.Errorf("a day later: %d users, %d pending", users, pending)
	}
}

func TestGoogleInvitationExpiry(t *testing.T) {
	w := newGoogleWire(t)
	invitation := w.invitation("new.hire@northwind.example")
	statuses := func() []string {
		return values(w.search(invitationsQuery).results("customerUserAccessInvitation"), "invitationStatus")
	}
	w.sim.Clock().Advance(20*24*hour - time.Second)
	equal(t, "a second before", statuses(), []string{"PENDING"})
	w.sim.Clock().Advance(time.Second)
	equal(t, "at the end", statuses(), []string{"EXPIRED"})
	if p := w.person("new.hire@northwind.example"); p.Status != "expired" {
		t.Errorf("new.hire = %+v", p)
	}
	w.cancel(invitation).failed(400, "accessInvitationError", "INVALID_INVITATION_STATUS")
	w.invite("new.hire@northwind.example", "READ_ONLY").ok()
	equal(t, "invited again", statuses(), []string{"EXPIRED", "PENDING"})
	w.act(hubsim.Act{Action: "expire", Email: "new.hire@northwind.example"})
	equal(t, "by hand", statuses(), []string{"EXPIRED", "EXPIRED"})
}

func TestGoogleVisibilityLag(t *testing.T) {
	w := newGoogleWire(t)
	w.configure(hubsim.Settings{"visibility_lag": "30s", "multi_party_approval": "non_read_only"})
	rea := w.access("rea@northwind.example")
	w.invite("viewer@northwind.example", "READ_ONLY").result("resourceName")
	w.remove(rea).result("resourceName")
	w.invite("eve@northwind.example", "STANDARD").result("multiPartyAuthReview")
	w.setRole(w.access("bo@northwind.example"), "ADMIN").result("multiPartyAuthReview")
	w.act(hubsim.Act{Action: "set_role", Email: "olive@northwind.example", Role: "STANDARD"})

	seen := func() []string {
		rows := w.search(usersQuery).results("customerUserAccess")
		return append(values(rows, "accessRole"), values(w.search(pendingQuery).results("customerUserAccessInvitation"), "emailAddress")...)
	}
	held := func() int { return len(w.search(heldQuery).results("multiPartyAuthReview")) }
	equal(t, "at once", seen(), []string{"ADMIN", "ADMIN", "STANDARD", "READ_ONLY", "new.hire@northwind.example"})
	equal(t, "reviews at once", values(w.search(usersQuery).results("customerUserAccess"), "pendingMultiPartyAuthReview"), []string{"-", "-", "-", "-"})
	if held() != 0 {
		t.Error("the reviews show at once")
	}
	// The platform itself knows at once.
	w.invite("viewer@northwind.example", "READ_ONLY").failed(400, "accessInvitationError", "EMAIL_ADDRESS_ALREADY_HAS_PENDING_INVITATION")
	w.remove(rea).failed(404, "mutateError", "RESOURCE_NOT_FOUND")
	w.sim.Clock().Advance(30 * time.Second)
	equal(t, "after the lag", seen(), []string{"ADMIN", "STANDARD", "STANDARD", "new.hire@northwind.example", "viewer@northwind.example"})
	if held() != 2 {
		t.Error("the reviews do not show")
	}
}

func TestGoogleQuota(t *testing.T) {
	w := newGoogleWire(t)
	delay := func(r reply, value string) object {
		t.Helper()
		details, _ := r.failed(429, "quotaError", value)["details"].(object)
		quota, _ := details["quotaErrorDetails"].(object)
		return quota
	}
	w.configure(hubsim.Settings{"quota": hubsim.Settings{"for": "90s", "retry_delay": "1500ms"}})
	quota := delay(w.search(customerQuery), "RESOURCE_EXHAUSTED")
	if quota["rateScope"] != "ACCOUNT" || quota["rateName"] != "Requests per account" || quota["retryDelay"] != "1.5s" {
		t.Errorf("quota = %v", quota)
	}
	delay(w.call("GET", "customers:listAccessibleCustomers", nil), "RESOURCE_EXHAUSTED")
	via := w.with("login-customer-id", customer)
	via.call("POST", "customers/"+client+"/googleAds:search", object{"query": customerQuery}).ok() // another account
	w.sim.Clock().Advance(90 * time.Second)
	w.search(customerQuery).ok()

	w.configure(hubsim.Settings{"quota": hubsim.Settings{"scope": "DEVELOPER", "calls": 2}})
	if quota = delay(via.call("POST", "customers/"+client+"/googleAds:search", object{"query": customerQuery}), "RESOURCE_EXHAUSTED"); quota["rateScope"] != "DEVELOPER" || quota["retryDelay"] != "30s" {
		t.Errorf("quota = %v: the project's stops every customer", quota)
	}
	delay(w.search(customerQuery), "RESOURCE_EXHAUSTED")
	w.search(customerQuery).ok()

	w.configure(hubsim.Settings{"quota": hubsim.Settings{"error": "RESOURCE_TEMPORARILY_EXHAUSTED", "retry_delay": "-1s", "writes_only": true}})
	w.search(customerQuery).ok()
	if quota = delay(w.invite("eve@northwind.example", "STANDARD"), "RESOURCE_TEMPORARILY_EXHAUSTED"); quota != nil {
		t.Errorf("quota = %v", quota)
	}
	w.configure(hubsim.Settings{"quota": hubsim.Settings{"gateway": true}})
	w.search(customerQuery).plain(429, "RESOURCE_EXHAUSTED", "")
	w.configure(hubsim.Settings{"quota": nil})
	w.invite("eve@northwind.example", "STANDARD").ok()
}

func TestGoogleTransientTrouble(t *testing.T) {
	w := newGoogleWire(t)
	for value, status := range map[string]int{"INTERNAL_ERROR": 500, "TRANSIENT_ERROR": 500, "DEADLINE_EXCEEDED": 504} {
		w.configure(hubsim.Settings{"transient": hubsim.Settings{"error": value, "calls": 2}})
		for range 2 {
			w.search(customerQuery).failed(status, "internalError", value)
		}
		w.search(customerQuery).ok()
	}
	w.configure(hubsim.Settings{hubsim.Unavailable: true})
	for range 3 {
		w.search(customerQuery).plain(503, "UNAVAILABLE", "unavailable")
	}
	w.configure(hubsim.Settings{hubsim.Unavailable: false, "transient": hubsim.Settings{"writes_only": true}})
	w.search(customerQuery).ok()
	w.invite("eve@northwind.example", "STANDARD").failed(500, "internalError", "INTERNAL_ERROR")
	if p := w.person("eve@northwind.example"); p.Email != "" {
		t.Errorf("eve = %+v", p)
	}
	w.configure(hubsim.Settings{"transient": hubsim.Settings{"after_effect": true, "calls": 1}})
	w.invite("eve@northwind.example", "STANDARD").failed(500, "internalError", "INTERNAL_ERROR")
	if p := w.person("eve@northwind.example"); p.Status != "invited" {
		t.Errorf("eve = %+v: the failure came after the effect", p)
	}
	w.invite("eve@northwind.example", "STANDARD").failed(400, "accessInvitationError", "EMAIL_ADDRESS_ALREADY_HAS_PENDING_INVITATION")
}

func TestGoogleRequestLog(t *testing.T) {
	w := newGoogleWire(t)
	w.configure(hubsim.Settings{"multi_party_approval": "non_read_only"})
	bo := w.access("bo@northwind.example")
	for _, step := range []struct {
		do        func() reply
		operation string
		write     bool
	}{
		{func() reply { return w.refresh() }, "refresh_token", false},
		{func() reply { return w.call("GET", "customers:listAccessibleCustomers", nil) }, "list_businesses", false},
		{func() reply { return w.search(customerQuery) }, "verify_business", false},
		{func() reply { return w.search(usersQuery) }, "list_members", false},
		{func() reply {
			return w.search(usersQuery + " WHERE customer_user_access.email_address LIKE 'a@b.example'")
		}, "find_member", false},
		{func() reply { return w.search(usersQuery + " WHERE customer_user_access.user_id = 8001") }, "get_member", false},
		{func() reply { return w.search(pendingQuery) }, "list_invitations", false},
		{func() reply {
			return w.search(pendingQuery + " AND customer_user_access_invitation.email_address = 'a@b.example'")
		}, "find_invitation", false},
		{func() reply {
			return w.search(invitationsQuery + " WHERE customer_user_access_invitation.resource_name = 'x'")
		}, "get_invitation", false},
		{func() reply { return w.search(heldQuery) }, "list_reviews", false},
		{func() reply { return w.search("SELECT") }, "unknown", false},
		{func() reply { return w.invite("viewer@northwind.example", "READ_ONLY") }, "invite", true},
		{func() reply { return w.cancel("x") }, "cancel_invitation", true},
		{func() reply { return w.setRole(bo, "ADMIN") }, "change_role", true},
		{func() reply { return w.remove(bo) }, "remove", true},
		{func() reply { return w.resolve("x", "REVOKED") }, "resolve_review", true},
		{func() reply { return w.post("campaigns:mutate", object{}) }, "unknown", true},
	} {
		w.sim.ResetRequests()
		step.do()
		log := w.sim.Requests()
		if len(log) != 1 || log[0].Operation != step.operation || log[0].Write != step.write || log[0].Credential != "automation" {
			t.Errorf("%s: %+v", step.operation, log)
		}
		about := step.operation != "refresh_token" && step.operation != "list_businesses"
		if (log[0].Business == customer) != about {
			t.Errorf("%s: business %q", step.operation, log[0].Business)
		}
	}
}

func TestGoogleRequestLogHoldsNoSecret(t *testing.T) {
	w := newGoogleWire(t)
	minted := w.refresh().body["access_token"].(string)
	w.as(minted).invite(minted+"@northwind.example", "STANDARD")
	w.token("grant_type", "refresh_token", "client_id", "x", "client_secret", "mistyped-secret", "refresh_token", "mistyped-token")
	w.token("assertion", "mistyped-assertion", "grant_type", "x")
	w.with("User-Agent", "agent "+refreshToken).with("developer-token", "mistyped-developer").search(customerQuery)
	w.call("POST", "customers/"+customer+"/googleAds:search?access_token=mistyped-access&developer-token=mistyped-developer", object{"query": clientSecret, "refresh_token": "mistyped-refresh"})
	w.call("GET", adaToken, nil)
	w.call("POST", "customers/"+adaToken+"/googleAds:search", object{"query": adaToken, "pageToken": adaToken})

	raw, err := json.Marshal(w.sim.Requests())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{minted, adaToken, refreshToken, clientSecret, "mistyped"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("the log holds %q: %s", secret, raw)
		}
	}
	if !strings.Contains(string(raw), "77.apps.example") {
		t.Errorf("the log lost the client: %s", raw)
	}
}

func TestGoogleFaultsMatchByOperation(t *testing.T) {
	w := newGoogleWire(t)
	if _, err := w.sim.AddFault(hubsim.Fault{Kind: hubsim.FaultHTML, Platform: google, Business: customer, Operation: hubsim.OpListInvitations, Times: 1}); err != nil {
		t.Fatal(err)
	}
	w.search(usersQuery).ok()
	if got := w.search(pendingQuery); got.status != 502 {
		t.Errorf("status %d", got.status)
	}
	w.search(pendingQuery).ok()
}
