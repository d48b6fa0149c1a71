package hubsim_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestSnapchatMe(t *testing.T) {
	w := newSnapWire(t)
	got := w.get("/v1/me").is(200, "SUCCESS")
	me, others := got.body["me"].(object), got.body["members"].([]any)
	if me["id"] != w.person("olive@northwind.example").ID || me["email"] != "Olive@Northwind.example" ||
		me["organization_id"] != snapOrg || me["member_status"] != "MEMBER" || len(others) != 1 {
		t.Errorf("me = %s", got.raw)
	}
	other := others[0].(object)
	if other["organization_id"] != snapOther || other["id"] == me["id"] || other["sub_request_status"] != nil {
		t.Errorf("other membership = %v", other) // bare, and another id for the same person
	}
	crowd := newSnapCrowd(t, hubsim.Generate{Members: 1})
	if me := crowd.get("/v1/me").body["me"].(object); me["organization_id"] != snapOrg || me["id"] == "" {
		t.Errorf("me without a seat = %v", me)
	}
}

func TestSnapchatOrganizations(t *testing.T) {
	w := newSnapWire(t)
	list := w.get("/v1/me/organizations")
	equal(t, "organizations", list.column("organizations", "id"), []string{snapOrg, snapOther})
	org := list.rows("organizations")[0]
	if org["name"] != "Northwind Snap" || org["state"] != "ACTIVE" || org["my_member_id"] != w.person("olive@northwind.example").ID ||
		org["roles"].([]any)[0] != "admin" || org["ad_accounts"] != nil {
		t.Errorf("organization = %v", org)
	}
	if accounts := w.get("/v1/me/organizations?with_ad_accounts=true").rows("organizations")[0]["ad_accounts"].([]any); len(accounts) != 1 {
		t.Errorf("ad accounts = %v", accounts)
	}
	one := w.get("/v1/organizations/" + snapOrg).rows("organizations")
	if len(one) != 1 || one[0]["id"] != snapOrg {
		t.Errorf("one = %v", one)
	}
	w.configure(hubsim.Settings{"organization_roles": false})
	if _, given := w.get("/v1/organizations/" + snapOrg).rows("organizations")[0]["my_member_id"]; given {
		t.Error("my_member_id shown")
	}
	w.get("/v1/organizations/"+strings.Replace(snapOrg, "5cf", "5cc", 1)).refused(404, "E3003")
	w.get("/v1/me/organizations?with_ad_accounts=yes").refused(400, "E1001")
	w.as(snapBoToken, "GET", "/v1/organizations/"+snapOther, "").refused(403, "E3003")
}

func TestSnapchatMembers(t *testing.T) {
	w := newSnapWire(t, hubsim.PersonSeed{Email: "rex@northwind.example", Status: "declined"}, hubsim.PersonSeed{Email: "old@northwind.example", Status: "expired"})
	list := w.get(snapMembers)
	equal(t, "emails", list.column("members", "email"),
		[]string{"ada@northwind.example", "Olive@Northwind.example", "bo@northwind.example", "sam@northwind.example"})
	equal(t, "statuses", list.column("members", "member_status"), []string{"MEMBER", "MEMBER", "MEMBER", "INVITED"})
	equal(t, "usernames", list.column("members", "snapchat_username"), []string{"ada.northwind", "olive.northwind", "bo.northwind", "-"})
	bo := list.rows("members")[2]
	if bo["display_name"] != "Bo Chen" || bo["organization_id"] != snapOrg || bo["created_at"] != "2026-11-20T10:15:00.000Z" || bo["role"] != nil {
		t.Errorf("bo = %v", bo)
	}
	version4 := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for _, id := range list.column("members", "id") {
		if !version4.MatchString(id) {
			t.Errorf("id %s is not a random UUID", id)
		}
	}
	equal(t, "ids of the next run", newSnapWire(t).get(snapMembers).column("members", "id"), list.column("members", "id")[:4])
	if list.paging() != "{}" {
		t.Errorf("paging = %s", list.paging())
	}
	one := w.get("/v1/members/" + bo["id"].(string)).rows("members")
	if len(one) != 1 || one[0]["email"] != "bo@northwind.example" {
		t.Errorf("one = %v", one)
	}
	w.get("/v1/members/"+snapOrg).refused(404, "E3003")

	w.configure(hubsim.Settings{"closed_invitations": "other", "sparse_members": true})
	equal(t, "statuses", w.get(snapMembers).column("members", "member_status")[4:], []string{"DECLINED", "EXPIRED"})
	equal(t, "created", w.get(snapMembers).column("members", "created_at")[:1], []string{"-"})
	w.configure(hubsim.Settings{"closed_invitations": "invited"})
	equal(t, "statuses", w.get(snapMembers).column("members", "member_status")[4:], []string{"INVITED", "INVITED"})
}

func TestSnapchatRoles(t *testing.T) {
	w := newSnapWire(t, hubsim.PersonSeed{Email: "nora@northwind.example", Role: "none"}, hubsim.PersonSeed{Email: "rex@northwind.example", Status: "declined"})
	list := w.get(snapRoles)
	equal(t, "types", list.column("roles", "type"), []string{"admin", "reports", "catalog_admin", "admin", "member", "data_admin"})
	equal(t, "kinds", list.column("roles", "container_kind"),
		[]string{"Organizations", "AdAccounts", "Catalogs", "Organizations", "Organizations", "Organizations"})
	rows := list.rows("roles")
	ada := w.person("ada@northwind.example")
	if rows[0]["member_id"] != ada.ID || rows[0]["container_id"] != snapOrg || rows[0]["organization_id"] != snapOrg || rows[1]["container_id"] == snapOrg {
		t.Errorf("roles = %v", rows)
	}
	equal(t, "ada's", w.get("/v1/members/"+ada.ID+"/roles").column("roles", "type"), []string{"admin", "reports", "catalog_admin"})
	equal(t, "ad account's", w.get("/v1/adaccounts/"+rows[1]["container_id"].(string)+"/roles").column("roles", "type"), []string{"reports"})
	if n := len(w.get("/v1/members/" + w.person("nora@northwind.example").ID + "/roles").rows("roles")); n != 0 {
		t.Errorf("nora has %d roles", n)
	}
	w.configure(hubsim.Settings{"roles_list": "organization", "role_case": "upper"})
	equal(t, "organization's", w.get(snapRoles).column("roles", "type"), []string{"ADMIN", "ADMIN", "MEMBER", "DATA_ADMIN"})
	w.get("/v1/members/"+snapOrg+"/roles").refused(404, "E3003")
	w.get("/v1/adaccounts/"+snapOrg+"/roles").refused(404, "E3003")
}

func TestSnapchatWords(t *testing.T) {
	w := newSnapWire(t)
	words := func() string {
		r := w.get(snapMembers)
		out := r.body["request_status"].(string)
		for _, wrapper := range r.body["members"].([]any)[:2] {
			out += " " + wrapper.(object)["sub_request_status"].(string)
		}
		return out
	}
	for setting, want := range map[string]string{
		"upper": "SUCCESS SUCCESS SUCCESS", "lower": "success success success", "mixed": "success SUCCESS success",
	} {
		w.configure(hubsim.Settings{"status_case": setting})
		if got := words(); got != want {
			t.Errorf("%s: %s", setting, got)
		}
	}
}

// walkSnap follows next_link to the end.
func (w *snapWire) walkSnap(path, plural string) (ids []string, sizes []int) {
	w.t.Helper()
	for path != "" {
		r := w.get(path)
		ids = append(ids, r.column(plural, "id")...)
		sizes = append(sizes, len(r.rows(plural)))
		link, own := r.nextLink(), hubsim.Endpoint(w.base, snapchat)
		if link != "" && !strings.HasPrefix(link, own+"/v1/") {
			w.t.Fatalf("next_link %s leaves %s", link, own)
		}
		path = strings.TrimPrefix(link, own)
	}
	return ids, sizes
}

func TestSnapchatPaging(t *testing.T) {
	w := newSnapCrowd(t, hubsim.Generate{Members: 230, Invitations: 20, Admins: 2})
	ids, sizes := w.walkSnap(snapMembers, "members")
	if len(ids) != 250 || !slices.Equal(sizes, []int{100, 100, 50}) {
		t.Errorf("%d people on %v", len(ids), sizes)
	}
	if _, sizes := w.walkSnap(snapRoles+"?limit=125", "roles"); !slices.Equal(sizes, []int{125, 125}) {
		t.Errorf("roles on %v", sizes)
	}
	for _, query := range []string{"limit=49", "limit=1001", "limit=x", "limit=", "cursor=x", "cursor=", "page=2"} {
		w.get(snapMembers+"?"+query).refused(400, "E1001")
	}
	// A cursor of the one list is none of the other's.
	_, next, _ := strings.Cut(w.get(snapMembers).nextLink(), "?")
	w.get(snapRoles+"?"+next).refused(400, "E1001")

	// Removing people of the first page moves nobody.
	w.act(hubsim.Act{Action: "remove", Email: "member-00007@generated.example"})
	rest, _ := w.walkSnap(snapMembers+"?"+next, "members")
	if !slices.Equal(rest, ids[100:]) {
		t.Errorf("%d people after the first page", len(rest))
	}
	for setting, want := range map[string]string{
		"empty": `{}`, "absent": "absent", "null": `{"next_link":null}`, "blank": `{"next_link":""}`,
	} {
		w.configure(hubsim.Settings{"last_page": setting})
		if got := w.get(snapMembers + "?limit=1000").paging(); got != want {
			t.Errorf("%s: %s", setting, got)
		}
	}
	w.configure(hubsim.Settings{"default_page_size": 60})
	if n := len(w.get(snapMembers).rows("members")); n != 60 {
		t.Errorf("page of %d", n)
	}
}

func TestSnapchatForeignNextLink(t *testing.T) {
	w := newSnapCrowd(t, hubsim.Generate{Members: 120})
	w.configure(hubsim.Settings{"next_link_base": "https://adsapi.foreign.example"})
	link := w.get(snapMembers).nextLink()
	path, next, _ := strings.Cut(link, "?")
	if path != "https://adsapi.foreign.example"+snapMembers || !strings.HasPrefix(next, "cursor=") {
		t.Errorf("next_link = %s", link)
	}
	// The query alone leads on.
	if n := len(w.get(snapMembers + "?" + next).rows("members")); n != 20 {
		t.Errorf("%d people on the second page", n)
	}
}

func TestSnapchatTenThousand(t *testing.T) {
	began := time.Now()
	w := newSnapCrowd(t, hubsim.Generate{Members: 10_000, Invitations: 200, Admins: 2})
	ids, sizes := w.walkSnap(snapMembers+"?limit=1000", "members")
	if len(ids) != 10_200 || len(sizes) != 11 {
		t.Errorf("%d people on %d pages", len(ids), len(sizes))
	}
	if roles, _ := w.walkSnap(snapRoles+"?limit=1000", "roles"); len(roles) != 10_200 {
		t.Errorf("%d roles", len(roles))
	}
	for _, id := range ids[100:200] {
		w.del("/v1/members/"+id).is(200, "SUCCESS")
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}
