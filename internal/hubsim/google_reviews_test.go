package hubsim_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestGoogleHeldInvite(t *testing.T) {
	w := newGoogleWire(t)
	w.configure(hubsim.Settings{"multi_party_approval": "non_read_only"})
	w.invite("viewer@northwind.example", "READ_ONLY").result("resourceName")
	review := w.invite("eve@northwind.example", "STANDARD").result("multiPartyAuthReview")

	eve := w.person("eve@northwind.example")
	if eve.Status != "pending_approval" || eve.Role != "STANDARD" || !strings.HasSuffix(review, "/multiPartyAuthReviews/"+eve.ID) ||
		!eve.ExpiresAt.Equal(start.AddDate(0, 0, 20)) {
		t.Errorf("eve = %+v, review %s", eve, review)
	}
	if raw := w.search(invitationsQuery).raw; strings.Contains(raw, "eve@") {
		t.Error("no invitation exists while it is held")
	}
	row := w.search(heldQuery).results("multiPartyAuthReview")[0]
	want := object{
		"resourceName": review, "multiPartyAuthReviewId": eve.ID, "creationDateTime": "2026-11-20 11:15:00", "reviewStatus": "PENDING",
		"requestUserEmail": "ada@northwind.example", "operationType": "CREATE", "targetResource": "CUSTOMER_USER_ACCESS_INVITATION",
		"customerUserAccessInvitationReview": object{
			"newCustomerUserAccessInvitation": object{"emailAddress": "eve@northwind.example", "accessRole": "STANDARD"},
		},
	}
	if fmt.Sprint(row) != fmt.Sprint(want) {
		t.Errorf("review = %v", row)
	}
	w.invite("EVE@northwind.example", "READ_ONLY").failed(400, "accessInvitationError", "EMAIL_ADDRESS_ALREADY_HAS_PENDING_INVITATION")

	w.act(hubsim.Act{Action: "approve", Email: "eve@northwind.example"})
	if eve = w.person("eve@northwind.example"); eve.Status != "invited" || eve.Role != "STANDARD" {
		t.Errorf("eve = %+v", eve)
	}
	if n := len(w.search(heldQuery).results("multiPartyAuthReview")); n != 0 {
		t.Errorf("%d reviews pending", n)
	}
	if got := w.search(reviewsQuery).results("multiPartyAuthReview")[0]; got["reviewStatus"] != "APPROVED" {
		t.Errorf("review = %v", got)
	}
}

func TestGoogleHeldRoleChange(t *testing.T) {
	w := newGoogleWire(t)
	w.configure(hubsim.Settings{"multi_party_approval": "non_read_only"})
	bo, rea := w.access("bo@northwind.example"), w.access("rea@northwind.example")
	w.setRole(bo, "STANDARD").result("resourceName") // no change, nothing to approve
	review := w.setRole(bo, "ADMIN").result("multiPartyAuthReview")
	w.setRole(rea, "STANDARD").result("multiPartyAuthReview")

	rows := w.search(usersQuery).results("customerUserAccess")
	equal(t, "roles", values(rows, "accessRole"), []string{"ADMIN", "ADMIN", "STANDARD", "READ_ONLY"}) // the old one holds
	if rows[2]["pendingMultiPartyAuthReview"] != review {
		t.Errorf("bo = %v", rows[2])
	}
	row := w.search(heldQuery).results("multiPartyAuthReview")[0]
	change := row["customerUserAccessReview"].(object)
	if row["operationType"] != "UPDATE" || row["targetResource"] != "CUSTOMER_USER_ACCESS" || change["oldCustomerUserAccess"] != bo ||
		fmt.Sprint(change["newCustomerUserAccess"]) != "map[accessRole:ADMIN]" || row["customerUserAccessInvitationReview"] != nil {
		t.Errorf("review = %v", row)
	}
	w.setRole(bo, "READ_ONLY").failed(400, "mutateError", "MUTATE_NOT_ALLOWED")
	w.remove(bo).failed(400, "mutateError", "MUTATE_NOT_ALLOWED")

	w.act(hubsim.Act{Action: "approve", Email: "bo@northwind.example"})
	if p := w.person("bo@northwind.example"); p.Role != "ADMIN" {
		t.Errorf("bo = %+v", p)
	}
	w.act(hubsim.Act{Action: "reject", Email: "rea@northwind.example"})
	if p := w.person("rea@northwind.example"); p.Role != "READ_ONLY" {
		t.Errorf("rea = %+v", p)
	}
	w.setRole(rea, "STANDARD").result("multiPartyAuthReview") // free again
	w.setRole(bo, "READ_ONLY").result("multiPartyAuthReview") // Bo is not read only yet
}

func TestGoogleHeldRemoval(t *testing.T) {
	w := newGoogleWire(t)
	w.configure(hubsim.Settings{"multi_party_approval": "non_read_only"})
	rea := w.access("rea@northwind.example")
	w.remove(rea).result("resourceName")
	bo := w.access("bo@northwind.example")
	review := w.remove(bo).result("multiPartyAuthReview")
	row := w.search(heldQuery).results("multiPartyAuthReview")[0]
	if row["operationType"] != "REMOVE" || fmt.Sprint(row["customerUserAccessReview"]) != fmt.Sprintf("map[oldCustomerUserAccess:%s]", bo) {
		t.Errorf("review = %v", row)
	}
	if p := w.person("bo@northwind.example"); p.Status != "active" {
		t.Errorf("bo = %+v: access remains until approved", p)
	}
	got := w.as(oliveToken).resolve(review, "APPROVED").ok()["resultOrError"].([]any)[0].(object)["result"].(object)
	if got["multiPartyAuthReview"] != review || got["customerUserAccess"] != bo {
		t.Errorf("result = %v", got)
	}
	if p := w.person("bo@northwind.example"); p.Email != "" {
		t.Errorf("bo = %+v", p)
	}
	w.configure(hubsim.Settings{"multi_party_approval": "always"})
	w.invite("viewer@northwind.example", "READ_ONLY").result("multiPartyAuthReview")
	w.cancel(w.invitation("new.hire@northwind.example")).result("resourceName") // cancelling is not held
}

func TestGoogleHeldCancellation(t *testing.T) {
	w := newGoogleWire(t)
	w.configure(hubsim.Settings{"multi_party_approval": "always", "approve_cancellations": true})
	invitation := w.invitation("new.hire@northwind.example")
	review := w.cancel(invitation).result("multiPartyAuthReview")
	w.cancel(invitation).failed(400, "mutateError", "MUTATE_NOT_ALLOWED")
	if p := w.person("new.hire@northwind.example"); p.Status != "invited" {
		t.Errorf("new.hire = %+v", p)
	}
	w.as(oliveToken).resolve(review, "APPROVED").ok()
	if p := w.person("new.hire@northwind.example"); p.Email != "" {
		t.Errorf("new.hire = %+v", p)
	}
}

func TestGoogleResolve(t *testing.T) {
	w := newGoogleWire(t)
	w.configure(hubsim.Settings{"multi_party_approval": "always"})
	inside := func(r reply, family, value string, rpc float64) {
		t.Helper()
		status := r.ok()["resultOrError"].([]any)[0].(object)["partialFailureError"].(object)
		if status["code"] != rpc || status["message"] == "" {
			t.Errorf("partial failure = %v", status)
		}
		r.googleFailure(status, family, value)
	}
	review := w.invite("eve@northwind.example", "STANDARD").result("multiPartyAuthReview")
	// Who asked may only take it back; who did not may not.
	inside(w.resolve(review, "APPROVED"), "multiPartyAuthReviewError", "PERMISSION_DENIED", 7)
	inside(w.resolve(review, "REJECTED"), "multiPartyAuthReviewError", "PERMISSION_DENIED", 7)
	inside(w.as(oliveToken).resolve(review, "REVOKED"), "multiPartyAuthReviewError", "PERMISSION_DENIED", 7)
	inside(w.resolve(review, "PENDING"), "multiPartyAuthReviewError", "INVALID_STATUS_TRANSITION", 3)
	inside(w.resolve(review, "DONE"), "requestError", "INVALID_ENUM_VALUE", 3)
	inside(w.resolve(review+"99", "REVOKED"), "multiPartyAuthReviewError", "ACCESS_INVITATION_NOT_FOUND", 3)
	got := w.resolve(review, "REVOKED").ok()["resultOrError"].([]any)[0].(object)["result"].(object)
	if len(got) != 1 || got["multiPartyAuthReview"] != review {
		t.Errorf("result = %v", got)
	}
	inside(w.resolve(review, "REVOKED"), "multiPartyAuthReviewError", "ACCESS_INVITATION_INVALID_STATUS", 3)
	if p := w.person("eve@northwind.example"); p.Email != "" {
		t.Errorf("eve = %+v", p)
	}

	review = w.invite("eve@northwind.example", "STANDARD").result("multiPartyAuthReview")
	w.as(oliveToken).resolve(review, "REJECTED").ok()
	equal(t, "statuses", values(w.search(reviewsQuery).results("multiPartyAuthReview"), "reviewStatus"), []string{"REVOKED", "REJECTED"})
	review = w.invite("eve@northwind.example", "STANDARD").result("multiPartyAuthReview")
	got = w.as(oliveToken).resolve(review, "APPROVED").ok()["resultOrError"].([]any)[0].(object)["result"].(object)
	if got["customerUserAccessInvitation"] != w.invitation("eve@northwind.example") {
		t.Errorf("result = %v", got)
	}

	w.configure(hubsim.Settings{"resolve_errors": "http"})
	w.resolve(review, "REVOKED").failed(400, "multiPartyAuthReviewError", "ACCESS_INVITATION_INVALID_STATUS")
	w.as(boToken).resolve(review, "REVOKED").failed(403, "authorizationError", "ACTION_NOT_PERMITTED")
	two := object{"multiPartyAuthReview": review, "newStatus": "REVOKED"}
	resolve := func(body object) reply { return w.post("multiPartyAuthReview:resolve", body) }
	resolve(object{"operations": []object{two, two}}).failed(400, "rangeError", "TOO_HIGH")
	resolve(object{"operations": []object{}}).failed(400, "requestError", "OPERATION_REQUIRED")
	resolve(object{"operations": []object{{"multiPartyAuthReview": review}}}).failed(400, "requestError", "REQUIRED_FIELD_MISSING")
	resolve(object{"operation": two}).plain(400, "INVALID_ARGUMENT", "Unknown name")
	resolve(object{"operations": two}).plain(400, "INVALID_ARGUMENT", "operations")
	w.post("multiPartyAuthReviews:resolve", object{"operations": []object{two}}).plain(404, "NOT_FOUND", "") // it is singular
}

func TestGoogleReviewExpiry(t *testing.T) {
	w := newGoogleWire(t)
	w.configure(hubsim.Settings{"multi_party_approval": "always"})
	review := w.invite("eve@northwind.example", "STANDARD").result("multiPartyAuthReview")
	w.setRole(w.access("bo@northwind.example"), "ADMIN").result("multiPartyAuthReview")
	w.sim.Clock().Advance(20*24*hour - time.Second)
	if n := len(w.search(heldQuery).results("multiPartyAuthReview")); n != 2 {
		t.Fatalf("%d reviews a second before the end", n)
	}
	w.sim.Clock().Advance(time.Second)
	equal(t, "statuses", values(w.search(reviewsQuery).results("multiPartyAuthReview"), "reviewStatus"), []string{"EXPIRED", "EXPIRED"})
	equal(t, "pending", values(w.search(usersQuery).results("customerUserAccess"), "pendingMultiPartyAuthReview"), []string{"-", "-", "-", "-"})
	if p := w.person("eve@northwind.example"); p.Email != "" {
		t.Errorf("eve = %+v: the change did not happen", p)
	}
	w.resolve(review, "REVOKED").ok()
	if _, err := w.sim.Act(google, customer, hubsim.Act{Action: "approve", Email: "eve@northwind.example"}); !errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("approved after its end: %v", err)
	}
	w.invite("eve@northwind.example", "STANDARD").result("multiPartyAuthReview")
	w.act(hubsim.Act{Action: "expire", Email: "eve@northwind.example"})
	w.invite("eve@northwind.example", "STANDARD").result("multiPartyAuthReview")
	w.act(hubsim.Act{Action: "revoke", Email: "eve@northwind.example"})
	w.invite("eve@northwind.example", "STANDARD").result("multiPartyAuthReview")
	w.act(hubsim.Act{Action: "remove", Email: "eve@northwind.example"})
	if p := w.person("eve@northwind.example"); p.Email != "" {
		t.Errorf("eve = %+v", p)
	}
}

func TestGoogleApprovalMayComeTooLate(t *testing.T) {
	w := newGoogleWire(t)
	w.configure(hubsim.Settings{"multi_party_approval": "always"})
	invite := w.invite("eve@northwind.example", "STANDARD").result("multiPartyAuthReview")
	w.act(hubsim.Act{Action: "join", Email: "eve@northwind.example"})
	change := w.setRole(w.access("bo@northwind.example"), "ADMIN").result("multiPartyAuthReview")
	w.act(hubsim.Act{Action: "remove", Email: "bo@northwind.example"})
	demote := w.setRole(w.access("olive@northwind.example"), "STANDARD").result("multiPartyAuthReview")

	if got := w.as(oliveToken).resolve(invite, "APPROVED"); !strings.Contains(got.raw, "EMAIL_ADDRESS_ALREADY_HAS_ACCESS") {
		t.Errorf("answer %s", got.raw)
	}
	if got := w.as(oliveToken).resolve(change, "APPROVED"); !strings.Contains(got.raw, "ACCESS_INVITATION_INVALID_STATUS") {
		t.Errorf("answer %s", got.raw)
	}
	w.act(hubsim.Act{Action: "remove", Email: "ada@northwind.example"})
	if got := w.as(oliveToken).resolve(demote, "APPROVED"); !strings.Contains(got.raw, "LAST_ADMIN_USER_OF_MANAGER") {
		t.Errorf("answer %s", got.raw)
	}
	if p := w.person("olive@northwind.example"); p.Role != "ADMIN" {
		t.Errorf("olive = %+v", p)
	}
	w.as(oliveToken).setRole(w.access("eve@northwind.example"), "ADMIN").result("multiPartyAuthReview")
	act := hubsim.Act{Action: "approve", Email: "eve@northwind.example"}
	if _, err := w.sim.Act(google, customer, act); !errors.Is(err, hubsim.ErrImpossible) {
		t.Errorf("approved without a second administrator: %v", err)
	}
}
