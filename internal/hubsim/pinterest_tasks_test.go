package hubsim_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestPinterestInvite(t *testing.T) {
	w := newPinWire(t)
	items := w.invite("BIZ_ADMIN", "New.Hire@northwind.example", "zoe_agency").items()
	invited := items[0]["invite"].(object)
	hire := w.person("new.hire@northwind.example")
	if len(invited) != 2 || invited["id"] != hire.ID || invited["user"].(object)["email"] != "New.Hire@northwind.example" {
		t.Errorf("invite = %v, truth %+v", invited, hire)
	}
	if hire.Status != "invited" || hire.Role != "BIZ_ADMIN" || !hire.ExpiresAt.Equal(start.AddDate(0, 0, 7)) {
		t.Errorf("truth = %+v", hire)
	}
	zoe := items[1]["invite"].(object)["user"].(object)
	if zoe["username"] != "zoe_agency" || zoe["id"] == nil || zoe["email"] != nil {
		t.Errorf("invited by username = %v", zoe)
	}
	row := w.get(everyStatus).items()[1]
	if by := row["created_by_user"].(object); by["id"] != home || fmt.Sprint(row["business_roles"]) != "[BIZ_ADMIN]" {
		t.Errorf("row = %v", row)
	}
	w.configure(hubsim.Settings{"email_case": "lower"})
	if got := w.invite("EMPLOYEE", "Low@Northwind.example").items()[0]["invite"].(object)["user"].(object)["email"]; got != "low@northwind.example" {
		t.Errorf("email = %v", got)
	}
}

func TestPinterestInviteExceptions(t *testing.T) {
	w := newPinWire(t)
	w.configure(hubsim.Settings{"pending_invitations_max": 2})
	items := w.invite("EMPLOYEE", "BO@northwind.example", "one@x.example", "lee_ads", "SAM@northwind.example", "nobody_known",
		"two@x.example", "not an address", "three@x.example").items()
	var got []string
	for _, item := range items {
		if invite, ok := item["invite"].(object); ok {
			got = append(got, "invite "+invite["user"].(object)["email"].(string))
			continue
		}
		e := exception(item)
		got = append(got, fmt.Sprintf("%v %v", e["code"], e["users_or_partner_ids"]))
		if e["message"] == "" {
			t.Errorf("exception = %v", e)
		}
	}
	equal(t, "outcomes", got, []string{
		"409 [BO@northwind.example lee_ads]", "invite one@x.example", "409 [SAM@northwind.example]",
		"404 [nobody_known]", "403 [two@x.example three@x.example]", "400 [not an address]",
	})
	if e := exception(items[2]); e["invite_or_request_id"] != w.person("sam@northwind.example").ID {
		t.Errorf("exception = %v", e)
	}
	if len(w.get(everyStatus).items()) != 2 {
		t.Error("an exception opened an invitation")
	}
}

func TestPinterestDuplicateInvites(t *testing.T) {
	w := newPinWire(t)
	if e := exception(w.invite("EMPLOYEE", "twin@x.example", "Twin@x.example").items()[1]); e["code"] != 409.0 {
		t.Errorf("second of the two = %v", e)
	}
	w.configure(hubsim.Settings{"duplicate_invites": true})
	w.invite("EMPLOYEE", "sam@northwind.example").items()
	people, err := w.sim.People(pinterest, home)
	if err != nil {
		t.Fatal(err)
	}
	sams := slices.DeleteFunc(people, func(p hubsim.Person) bool { return p.Email != "sam@northwind.example" })
	if len(sams) != 2 {
		t.Errorf("invitations of sam = %v", sams)
	}
}

func TestPinterestKnownInvitee(t *testing.T) {
	w := newPinWire(t)
	zoe := "zoe@agency.example" // has an account, elsewhere
	w.invite("EMPLOYEE", zoe)
	for shown, want := range map[string]string{"both": "zoe_agency " + zoe, "email": "- " + zoe, "account": "zoe_agency -"} {
		w.configure(hubsim.Settings{"known_invitee": shown})
		list := w.get(homeInvites)
		if got := list.users("username")[1] + " " + list.users("email")[1]; got != want {
			t.Errorf("%s: %q, want %q", shown, got, want)
		}
	}
	if e := exception(w.invite("EMPLOYEE", "zoe_agency").items()[0]); e["code"] != 409.0 {
		t.Errorf("invited again by username: %v", e)
	}
}

func TestPinterestCancel(t *testing.T) {
	w := newPinWire(t)
	sam, hire := w.person("sam@northwind.example").ID, w.invite("EMPLOYEE", "hire@x.example").items()[0]["invite"].(object)["id"].(string)
	w.act(hubsim.Act{Action: "decline", Email: "hire@x.example"})
	received := w.as(pinOlive).get(homeInvites).items()[1]["id"].(string)

	items := w.cancel(sam, "500100200399999999", hire, received).items()
	cancelled := items[0]["invite"].(object)
	if data := cancelled["invite_data"].(object); cancelled["id"] != sam || data["invite_status"] != "CANCELLED" {
		t.Errorf("invite = %v", cancelled)
	}
	for n, id := range map[int]string{1: "500100200399999999", 2: hire, 3: received} {
		e := exception(items[n])
		if _, coded := e["code"]; coded || e["invite_id"] != id || e["message"] == "" || len(e) != 2 {
			t.Errorf("exception = %v", e)
		}
	}
	if len(w.get(everyStatus).items()) != 0 || w.person("sam@northwind.example").Status != "" {
		t.Error("sam is still invited")
	}
	if e := exception(w.cancel(sam).items()[0]); !strings.Contains(e["message"].(string), "current invitation status") {
		t.Errorf("cancelled twice: %v", e)
	}
	w.configure(hubsim.Settings{"missing_ids": "not_found"})
	w.cancel("500100200399999999").pinRefused(404, 404)
}

func TestPinterestChangeRoles(t *testing.T) {
	w := newPinWire(t)
	bo, lee := w.person("bo_northwind").ID, w.person("lee_ads").ID
	items := w.call("PATCH", homeMembers, []object{
		{"member_id": bo, "business_role": "BIZ_ADMIN"}, {"member_id": "99", "business_role": "EMPLOYEE"}, {"member_id": lee, "business_role": "EMPLOYEE"},
	}).items()
	if fmt.Sprint(items) != fmt.Sprintf("[map[business_role:BIZ_ADMIN member_id:%s] map[business_role:EMPLOYEE member_id:%s]]", bo, lee) {
		t.Errorf("items = %v", items)
	}
	if w.person("bo_northwind").Role != "BIZ_ADMIN" {
		t.Error("not changed")
	}
	w.configure(hubsim.Settings{"role_changes": "keep"})
	if got := w.setRole(lee, "BIZ_ADMIN").items()[0]["business_role"]; got != "EMPLOYEE" {
		t.Errorf("role = %v", got)
	}
	w.configure(hubsim.Settings{"role_changes": "omit"})
	if n := len(w.setRole(lee, "BIZ_ADMIN").items()); n != 0 || w.person("lee_ads").Role != "EMPLOYEE" {
		t.Errorf("%d items", n)
	}
	w.configure(hubsim.Settings{"missing_ids": "not_found"})
	w.setRole("99", "EMPLOYEE").pinRefused(404, 30) // not a rate limit
	w.setRole(w.person("sam@northwind.example").ID, "BIZ_ADMIN").pinRefused(404, 30)
}

func TestPinterestRemove(t *testing.T) {
	w := newPinWire(t)
	bo, lee := w.person("bo_northwind").ID, w.person("lee_ads").ID
	got := w.call("DELETE", homeMembers, object{"members": []object{
		{"member_id": bo, "business_role": "EMPLOYEE"},
		{"member_id": "99", "business_role": "EMPLOYEE"},
		{"member_id": bo, "business_role": "EMPLOYEE"},
		{"member_id": lee, "business_role": "BIZ_ADMIN"},
	}}).ok()
	if fmt.Sprint(got) != "map[deleted_members:["+bo+"]]" {
		t.Errorf("answer = %v", got)
	}
	if w.person("bo_northwind").Status != "" || w.person("lee_ads").Status != "active" {
		t.Error("bo is there, or lee is gone")
	}
	w.configure(hubsim.Settings{"role_mismatch": "refuse"})
	w.remove(lee, "BIZ_ADMIN").pinRefused(400, 1)
	w.configure(hubsim.Settings{"missing_ids": "not_found"})
	w.remove(bo, "EMPLOYEE").pinRefused(404, 30)
	w.configure(hubsim.Settings{"role_mismatch": "ignore"})
	if got := w.remove(lee, "BIZ_ADMIN").ok(); fmt.Sprint(got["deleted_members"]) != "["+lee+"]" {
		t.Errorf("answer = %v", got)
	}
	// The same account invited again keeps its id.
	w.invite("EMPLOYEE", "lee_ads")
	if again := w.act(hubsim.Act{Action: "accept", Name: "lee_ads"}); again.ID != lee {
		t.Errorf("lee = %+v", again)
	}
}

func TestPinterestGuardsItsAdministrators(t *testing.T) {
	w := newPinWire(t)
	ada, olive := w.person("ada_diaz").ID, w.person("olive_northwind").ID
	asOlive := w.as(pinOlive)
	asOlive.remove(olive, "BIZ_ADMIN").pinRefused(403, 29)
	asOlive.setRole(olive, "EMPLOYEE").pinRefused(403, 29)
	if n := len(asOlive.setRole(olive, "BIZ_ADMIN").items()); n != 1 {
		t.Errorf("%d items: keeping one's role is no change", n)
	}
	both := []object{{"member_id": ada, "business_role": "EMPLOYEE"}, {"member_id": olive, "business_role": "EMPLOYEE"}}
	w.call("PATCH", homeMembers, both).pinRefused(403, 29)
	if w.person("ada_diaz").Role != "BIZ_ADMIN" {
		t.Error("part of a refused batch took effect")
	}
	w.remove(ada, "BIZ_ADMIN").ok()
	w.remove(olive, "BIZ_ADMIN").pinRefused(403, 29)
	w.setRole(olive, "EMPLOYEE").pinRefused(403, 29)

	w.configure(hubsim.Settings{"protects_last_admin": false, "protects_self": false})
	asOlive.remove(olive, "BIZ_ADMIN").ok()
	asOlive.get(homeMembers).pinRefused(403, 29)
}

func TestPinterestInviteeAnswers(t *testing.T) {
	w := newPinWire(t)
	id := w.as(pinOlive).get(homeInvites).items()[1]["id"].(string)
	answer := func(bearer string, accept bool, extra object) object {
		t.Helper()
		action := object{"accept_invite": accept}
		for name, value := range extra {
			action[name] = value
		}
		return w.as(bearer).call("PATCH", "/v5/businesses/invites", object{"invites": []object{{"invite_id": id, "action": action}}}).items()[0]
	}
	if e := exception(answer(pinBo, true, nil)); e["code"] != 404.0 || e["invite_or_request_id"] != id {
		t.Errorf("somebody else's invitation: %v", e)
	}
	got := answer(pinOlive, true, object{"asset_id_to_permissions": object{"549755885175": []string{"ANALYST"}}})["invite"].(object)
	if got["is_received_invite"] != true || got["invite_data"].(object)["invite_status"] != "ACCEPTED" {
		t.Errorf("accepted = %v", got)
	}
	if e := exception(answer(pinOlive, false, nil)); e["code"] != 403.0 {
		t.Errorf("answered twice: %v", e)
	}
	people, err := w.sim.People(pinterest, agency)
	if err != nil {
		t.Fatal(err)
	}
	olive := people[len(people)-1]
	if olive.Status != "active" || olive.ID != w.person("olive_northwind").ID || olive.InvitationID != id || fmt.Sprint(olive.ExtraRoles) != "[549755885175:ANALYST]" {
		t.Errorf("people = %+v", people)
	}
}

func TestPinterestActs(t *testing.T) {
	w := newPinWire(t)
	invited := w.act(hubsim.Act{Action: "invite", Email: "eve@x.example", Name: "Eve Lund", Role: "BIZ_ADMIN"})
	eve := w.act(hubsim.Act{Action: "accept", ID: invited.ID})
	if eve.ID == invited.ID || eve.InvitationID != invited.ID || eve.Name != "eve_lund" || eve.Role != "BIZ_ADMIN" {
		t.Errorf("eve = %+v", eve)
	}
	if p := w.act(hubsim.Act{Action: "accept", Email: "sam@northwind.example", AcceptAs: "sam@mail.example"}); p.Email != "sam@mail.example" {
		t.Errorf("sam = %+v", p)
	}
	w.act(hubsim.Act{Action: "set_role", Email: "eve@x.example", Role: "EMPLOYEE", ExtraRoles: []string{"12:ANALYST"}})
	if p := w.person("eve_lund"); p.Role != "EMPLOYEE" || fmt.Sprint(p.ExtraRoles) != "[12:ANALYST]" {
		t.Errorf("eve = %+v", p)
	}
	w.act(hubsim.Act{Action: "join", Name: "gus_pins"})
	w.act(hubsim.Act{Action: "remove", Name: "gus_pins"})
	w.act(hubsim.Act{Action: "invite", Email: "late@x.example"})
	if p := w.act(hubsim.Act{Action: "expire", Email: "late@x.example"}); p.Status != "expired" {
		t.Errorf("late = %+v", p)
	}
	w.act(hubsim.Act{Action: "remove", Email: "late@x.example"})

	// Somebody who came in another way is no longer an invitee as well.
	w.act(hubsim.Act{Action: "invite", Email: "other.way@x.example"})
	w.act(hubsim.Act{Action: "decline", Email: "other.way@x.example"})
	w.act(hubsim.Act{Action: "join", Email: "other.way@x.example"})
	people, err := w.sim.People(pinterest, home)
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(people, func(p hubsim.Person) bool { return p.Email == "other.way@x.example" && p.Status != "active" }) {
		t.Errorf("people = %+v", people)
	}

	w.act(hubsim.Act{Action: "invite", Email: "again@x.example"})
	for _, a := range []hubsim.Act{
		{Action: "invite", Email: "ada@northwind.example"},
		{Action: "join", Email: "again@x.example"},
		{Action: "invite", Name: "nobody_known"},
		{Action: "invite", Email: "x@x.example", Role: "OWNER"},
		{Action: "invite"},
		{Action: "set_role", Email: "again@x.example", Role: "BIZ_ADMIN"},
		{Action: "accept", Email: "nobody@x.example"},
		{Action: "accept", Email: "again@x.example", AcceptAs: "ada@northwind.example"},
		{Action: "remove", Email: "late@x.example"},
		{Action: "set_role", Email: "ada@northwind.example", ExtraRoles: []string{"FINANCE"}},
	} {
		if _, err := w.sim.Act(pinterest, home, a); !errors.Is(err, hubsim.ErrImpossible) {
			t.Errorf("%+v: %v", a, err)
		}
	}
	w.act(hubsim.Act{Action: "remove", Email: "olive@northwind.example"})
	for _, a := range []hubsim.Act{{Action: "remove", Email: "ada@northwind.example"}, {Action: "set_role", Email: "ada@northwind.example", Role: "EMPLOYEE"}} {
		if _, err := w.sim.Act(pinterest, home, a); !errors.Is(err, hubsim.ErrImpossible) {
			t.Errorf("the last administrator: %+v: %v", a, err)
		}
	}
}

func TestPinterestSeedsAreChecked(t *testing.T) {
	for name, seed := range map[string]hubsim.Seed{
		"id no digits":   {Hubs: []hubsim.HubSeed{{Platform: pinterest, BusinessID: "northwind"}}},
		"id too long":    {Hubs: []hubsim.HubSeed{{Platform: pinterest, BusinessID: strings.Repeat("1", 21)}}},
		"role":           {Hubs: []hubsim.HubSeed{{Platform: pinterest, BusinessID: "5", People: []hubsim.PersonSeed{{Email: "a@b.example", Role: "ADMIN"}}}}},
		"extra role":     {Hubs: []hubsim.HubSeed{{Platform: pinterest, BusinessID: "5", People: []hubsim.PersonSeed{{Email: "a@b.example", ExtraRoles: []string{"1:OWNER"}}}}}},
		"nobody":         {Hubs: []hubsim.HubSeed{{Platform: pinterest, BusinessID: "5", People: []hubsim.PersonSeed{{}}}}},
		"status":         {Hubs: []hubsim.HubSeed{{Platform: pinterest, BusinessID: "5", People: []hubsim.PersonSeed{{Email: "a@b.example", Status: "gone"}}}}},
		"setting":        {Hubs: []hubsim.HubSeed{{Platform: pinterest, BusinessID: "5", Settings: hubsim.Settings{"email_case": "upper"}}}},
		"no token":       {Credentials: []hubsim.Credential{{"platform": pinterest, "name": "x"}}},
		"half an app":    {Credentials: []hubsim.Credential{{"platform": pinterest, "name": "x", "client_id": "1", "refresh_token": "r"}}},
		"unknown field":  {Credentials: []hubsim.Credential{{"platform": pinterest, "name": "x", "access_token": "t", "scope": "all"}}},
		"business amiss": {Credentials: []hubsim.Credential{{"platform": pinterest, "name": "x", "access_token": "t", "businesses": []string{"404"}}}},
	} {
		if err := hubsim.New().Apply(seed); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestPinterestConcurrentWrites(t *testing.T) {
	w := newPinWire(t)
	var group sync.WaitGroup
	for n := range 20 {
		group.Go(func() {
			w.invite("EMPLOYEE", fmt.Sprintf("p%d@x.example", n%10))
			w.get(homeMembers)
			w.configure(hubsim.Settings{"hidden": map[string][]string{"lee_ads": {"username"}}})
		})
	}
	group.Wait()
	if n := len(w.get(everyStatus).items()); n != 11 {
		t.Errorf("%d invitations, want each once", n)
	}
}
