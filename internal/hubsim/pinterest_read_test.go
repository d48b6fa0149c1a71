package hubsim_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestPinterestUserAccount(t *testing.T) {
	w := newPinWire(t)
	own := w.get("/v5/user_account").ok()
	if own["id"] != home || own["account_type"] != "BUSINESS" || own["business_name"] != "Northwind Home" || own["username"] != "northwind_home" {
		t.Errorf("the business's own account = %v", own)
	}
	olive := w.as(pinOlive).get("/v5/user_account").ok()
	if olive["id"] != w.person("olive@northwind.example").ID || olive["business_name"] != nil {
		t.Errorf("olive's account = %v", olive)
	}
	w.get("/v5/user_account?ad_account_id=549755885175").pinRefused(403, 403)
}

func TestPinterestMembers(t *testing.T) {
	w := newPinWire(t)
	got := w.get(homeMembers)
	equal(t, "usernames", got.users("username"), []string{"ada_diaz", "olive_northwind", "bo_northwind", "lee_ads"})
	equal(t, "emails", got.users("email"), []string{"ada@northwind.example", "olive@northwind.example", "Bo@Northwind.example", "-"})
	row := got.items()[0]
	if row["id"] != w.person("ada_diaz").ID || row["user"].(object)["id"] != row["id"] {
		t.Errorf("ids differ: %v", row)
	}
	if ms := row["created_time"].(float64); int64(ms) != start.UnixMilli() {
		t.Errorf("created_time = %f, want milliseconds", ms)
	}
	if row["assets_summary"] != nil || row["is_shared_partner"] != false || fmt.Sprint(row["business_roles"]) != "[BIZ_ADMIN]" {
		t.Errorf("row = %v", row)
	}
	bo := w.get(homeMembers + "?assets_summary=true").items()[2]
	if want := "map[ad_accounts:[map[id:549755885175 permissions:[ANALYST]]] profiles:[map[id:383791336903426391 permissions:[PROFILE_PUBLISHER]]]]"; fmt.Sprint(bo["assets_summary"]) != want {
		t.Errorf("assets_summary = %v", bo["assets_summary"])
	}
}

func TestPinterestMemberFilters(t *testing.T) {
	w := newPinWire(t)
	ada, bo := w.person("ada_diaz").ID, w.person("bo_northwind").ID
	for query, want := range map[string][]string{
		"business_roles=BIZ_ADMIN":                            {"ada_diaz", "olive_northwind"},
		"business_roles=EMPLOYEE&business_roles=BIZ_ADMIN":    {"ada_diaz", "olive_northwind", "bo_northwind", "lee_ads"},
		"member_ids=" + bo + "," + ada:                        {"ada_diaz", "bo_northwind"},
		"member_ids=" + ada + "&business_roles=EMPLOYEE":      {},
		"start_index=3":                                       {"lee_ads"},
		"start_index=9":                                       {},
		"fetch_system_users=false":                            {"ada_diaz", "olive_northwind", "bo_northwind", "lee_ads"},
		"business_roles=EMPLOYEE&start_index=1&page_size=250": {"lee_ads"},
	} {
		equal(t, query, w.get(homeMembers+"?"+query).users("username"), want)
	}
	equal(t, "no system users", w.get(homeMembers+"?fetch_system_users=true").users("username"), []string{})
	w.configure(hubsim.Settings{"system_users": []string{"ads_sync", "catalog"}})
	equal(t, "system users", w.get(homeMembers+"?fetch_system_users=true").users("username"), []string{"ads_sync", "catalog"})
	if n := len(w.get(homeMembers).items()); n != 4 {
		t.Errorf("%d members: system users are not among them", n)
	}
}

func TestPinterestHidesPerPerson(t *testing.T) {
	w := newPinWire(t)
	w.configure(hubsim.Settings{"hidden": map[string][]string{
		"ADA@northwind.example": {"email"}, "olive_northwind": {"username", "id"}, w.person("bo_northwind").ID: {"user"},
		"sam@northwind.example": {"email"},
	}})
	got := w.get(homeMembers)
	equal(t, "emails", got.users("email"), []string{"-", "olive@northwind.example", "-", "-"})
	equal(t, "usernames", got.users("username"), []string{"ada_diaz", "-", "-", "lee_ads"})
	equal(t, "ids", got.users("id"), []string{w.person("ada_diaz").ID, "-", "-", w.person("lee_ads").ID})
	if rows := got.items(); rows[2]["user"] != nil || rows[1]["id"] == nil {
		t.Errorf("rows = %v", rows)
	}
	equal(t, "invited emails", w.get(homeInvites).users("email"), []string{"-"})
	if w.person("ada_diaz").Email == "" {
		t.Error("the ground truth is hidden too")
	}
}

// walk reads every page; the sizes tell how the rows were spread.
func (w *pinWire) walk(path string) (usernames []string, sizes []int, last any) {
	w.t.Helper()
	bookmark := ""
	for len(sizes) < 50 {
		at := path
		if bookmark != "" {
			at += "&bookmark=" + url.QueryEscape(bookmark)
		}
		page := w.get(at)
		usernames = append(usernames, page.users("username")...)
		sizes = append(sizes, len(page.items()))
		var given bool
		if last, given = page.body["bookmark"]; !given {
			last = "absent"
		}
		next, _ := page.body["bookmark"].(string)
		if next == "" || next == bookmark {
			return usernames, sizes, last
		}
		bookmark = next
	}
	w.t.Fatal("the pages do not end")
	return nil, nil, nil
}

func TestPinterestPaging(t *testing.T) {
	w := newPinWire(t)
	all := []string{"ada_diaz", "olive_northwind", "bo_northwind", "lee_ads"}
	for _, c := range []struct {
		shape, last string
		sizes       string
		ends        any
	}{
		{"full", "null", "[2 2]", nil},
		{"full", "absent", "[2 2]", "absent"},
		{"full", "empty", "[2 2]", ""},
		{"short", "null", "[1 1 1 1]", nil},
		{"gaps", "null", "[2 0 2 0]", nil},
	} {
		w.configure(hubsim.Settings{"page_shape": c.shape, "last_bookmark": c.last})
		got, sizes, ends := w.walk(homeMembers + "?page_size=2")
		equal(t, c.shape, got, all)
		if fmt.Sprint(sizes) != c.sizes || ends != c.ends {
			t.Errorf("%s, %s: sizes %v, ends with %v", c.shape, c.last, sizes, ends)
		}
	}
	w.configure(hubsim.Settings{"page_shape": "full", "last_bookmark": "repeat"})
	got, sizes, ends := w.walk(homeMembers + "?page_size=3")
	equal(t, "repeat", got, all)
	if text, _ := ends.(string); len(sizes) != 2 || text == "" {
		t.Errorf("sizes %v, ends with %v", sizes, ends)
	}
}

func TestPinterestDefaultPageAndGenerate(t *testing.T) {
	w := newPinWire(t)
	err := w.sim.Apply(hubsim.Seed{Hubs: []hubsim.HubSeed{{
		Platform: pinterest, BusinessID: "77", Generate: &hubsim.Generate{Members: 300, Invitations: 30, Admins: 2},
	}}, Credentials: []hubsim.Credential{{"platform": pinterest, "name": "big", "access_token": "pina_big", "businesses": []string{"77"}}}})
	if err != nil {
		t.Fatal(err)
	}
	big := w.as("pina_big")
	if n := len(big.get("/v5/businesses/77/members").items()); n != 25 {
		t.Errorf("%d rows by default, want 25", n)
	}
	for path, want := range map[string]string{"members": "[250 50]", "invites": "[30]", "members?business_roles=BIZ_ADMIN": "[2]"} {
		separator := map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]
		got, sizes, _ := big.walk("/v5/businesses/77/" + path + separator + "page_size=250")
		if fmt.Sprint(sizes) != want {
			t.Errorf("%s: %v, want %s", path, sizes, want)
		}
		if seen := slices.Compact(slices.Sorted(slices.Values(got))); path == "members" && len(seen) != 300 {
			t.Errorf("%d different members", len(seen))
		}
	}
}

func TestPinterestBookmarkIsBound(t *testing.T) {
	w := newPinWire(t)
	first := w.get(homeMembers + "?page_size=1&business_roles=BIZ_ADMIN")
	bookmark := "bookmark=" + url.QueryEscape(first.body["bookmark"].(string))
	w.get(homeMembers+"?page_size=1&"+bookmark).pinRefused(400, 1)
	w.get(homeInvites+"?page_size=1&"+bookmark).pinRefused(400, 1)
	w.get(homeMembers+"?page_size=1&business_roles=BIZ_ADMIN&start_index=0&"+bookmark).pinRefused(400, 1)
	w.get(homeMembers+"?bookmark=made-up").pinRefused(400, 1)
	// The order of the parameters is no difference; a removal in between is none.
	w.act(hubsim.Act{Action: "remove", Email: "ada@northwind.example"})
	equal(t, "next page", w.get(homeMembers+"?business_roles=BIZ_ADMIN&"+bookmark+"&page_size=1").users("username"), []string{"olive_northwind"})
}

func TestPinterestInvites(t *testing.T) {
	w := newPinWire(t)
	row := w.get(everyStatus).items()[0]
	sam := w.person("sam@northwind.example")
	data := row["invite_data"].(object)
	if row["id"] != sam.ID || row["is_received_invite"] != false || data["invite_type"] != memberInvite || data["invite_status"] != "PENDING" {
		t.Errorf("row = %v", row)
	}
	if want := float64(start.AddDate(0, 0, 7).UnixMilli()); data["invite_expiration"] != want || data["sent_at"] != float64(start.UnixMilli()) {
		t.Errorf("invite_data = %v", data)
	}
	if user := row["user"].(object); user["email"] != "sam@northwind.example" || user["id"] != nil || user["username"] != nil {
		t.Errorf("user = %v", user)
	}
	for query, want := range map[string]int{
		"is_member=false": 0, "invite_type=PARTNER_INVITE": 0, "invite_status=EXPIRED": 0, "invite_status=PENDING": 1, "is_member=true": 1,
	} {
		if n := len(w.get(homeInvites + "?" + query).items()); n != want {
			t.Errorf("%s: %d rows, want %d", query, n, want)
		}
	}
}

func TestPinterestListsReceivedInvites(t *testing.T) {
	w := newPinWire(t)
	rows := w.as(pinOlive).get(everyStatus).items()
	if len(rows) != 2 || rows[0]["is_received_invite"] != false || rows[1]["is_received_invite"] != true {
		t.Fatalf("rows = %v", rows)
	}
	if user := rows[1]["user"].(object); user["username"] != "olive_northwind" || rows[1]["created_by_business"].(object)["id"] != agency {
		t.Errorf("received = %v", rows[1])
	}
}

func TestPinterestEmployers(t *testing.T) {
	w := newPinWire(t)
	rows := w.as(pinBo).get("/v5/businesses/employers?page_size=25").items()
	if len(rows) != 1 || rows[0]["id"] != home || fmt.Sprint(rows[0]["business_roles"]) != "[EMPLOYEE]" {
		t.Errorf("bo's employers = %v", rows)
	}
	if rows := w.get("/v5/businesses/employers").items(); len(rows) != 0 {
		t.Errorf("the business's own = %v", rows)
	}
}
