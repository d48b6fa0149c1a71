package hubsim_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestTiktokUserInfo(t *testing.T) {
	w := newTiktokWire(t)
	me := w.get(tiktokUser).data()
	olive := w.person("olive@northwind.example")
	if me["core_user_id"] != olive.ID || me["email"] != "olive@northwind.example" || me["display_name"] != "Olive Berg" {
		t.Errorf("me = %v, member %+v", me, olive)
	}
	w.configure(hubsim.Settings{"user_info_id": "other", "user_info_email": "masked"})
	me = w.get(tiktokUser).data()
	if me["core_user_id"] == olive.ID || me["email"] != "o***@northwind.example" {
		t.Errorf("me = %v", me)
	}
	w.get(tiktokUser, "fields", "email").code(40002)
}

func TestTiktokCenters(t *testing.T) {
	w := newTiktokWire(t)
	all := w.get(tiktokCenters)
	if info := all.pageInfo(); info["total_number"] != 2.0 || info["total_page"] != 1.0 || info["page_size"] != 10.0 {
		t.Errorf("page_info = %v", info)
	}
	equal(t, "roles", all.column("user_role"), []string{"ADMIN", "STANDARD"})
	equal(t, "finance", all.column("ext_user_role"), []string{"{}", "{}"})
	one := w.get(tiktokCenters, "bc_id", tiktokCenter).rows()[0]
	info := one["bc_info"].(object)
	if info["bc_id"] != tiktokCenter || info["name"] != "Northwind BC" || info["status"] != "ENABLE" || info["type"] != "NORMAL" {
		t.Errorf("bc_info = %v", info)
	}
	if n := len(w.get(tiktokCenters, "bc_id", "6900000000000000009").rows()); n != 0 {
		t.Errorf("%d rows for an unknown center", n)
	}
	if n := len(w.get(tiktokCenters, "page_size", "1", "page", "2").rows()); n != 1 {
		t.Errorf("%d rows on the second page", n)
	}
	w.configure(hubsim.Settings{"bc_status": "PUNISH", "ext_user_role": "null", "not_admin": true})
	one = w.get(tiktokCenters, "bc_id", tiktokCenter).rows()[0]
	if one["bc_info"].(object)["status"] != "PUNISH" || one["user_role"] != "STANDARD" {
		t.Errorf("row = %v", one)
	}
	if _, given := one["ext_user_role"]; given {
		t.Error("bc/get shows a null")
	}
	for _, bad := range [][]string{
		{"bc_id", "northwind"},
		{"bc_id", ""},
		{"scene", "SOLO"},
		{"page_size", "51"},
		{"page_size", "0"},
		{"page", "0"},
		{"page", "x"},
		{"size", "5"},
		{"filtering", `{"keyword_type":"PEOPLE"}`},
		{"filtering", `{"relation_status":"BOUND"}`},
	} {
		w.get(tiktokCenters, bad...).code(40002)
	}
	w.get(tiktokCenters, "scene", "SINGLE_ACCOUNT", "page_size", "50", "filtering", `{"keyword":"wind"}`).code(0)
}

func TestTiktokMembers(t *testing.T) {
	w := newTiktokWire(t, hubsim.PersonSeed{Email: "rex@northwind.example", Status: "declined"})
	w.act(hubsim.Act{Action: "join", Email: "left@northwind.example"})
	w.act(hubsim.Act{Action: "remove", Email: "left@northwind.example"})

	all := w.list("")
	equal(t, "statuses", all.column("relation_status"), []string{"BOUND", "BOUND", "BOUND", "PENDING", "REJECTED", "UNBOUND"})
	equal(t, "roles", all.column("user_role"), []string{"ADMIN", "ADMIN", "STANDARD", "STANDARD", "STANDARD", "STANDARD"})
	equal(t, "finance", all.column("ext_user_role"), []string{
		`{"finance_role":"MANAGER"}`, "{}", "{}", `{"finance_role":"ANALYST"}`, "{}", "{}",
	})
	ids := all.column("user_id")
	if len(ids[0]) != 19 || ids[0] == ids[1] || ids[3] != "" || ids[4] != "" {
		t.Errorf("ids = %q", ids)
	}

	for filtering, want := range map[string][]string{
		`{"relation_status":"BOUND"}`:                        {"ada@northwind.example", "Olive@Northwind.example", "bo@northwind.example"},
		`{"relation_status":"PENDING"}`:                      {"sam@northwind.example"},
		`{"relation_status":"REJECTED"}`:                     {"rex@northwind.example"},
		`{"relation_status":"UNBOUND"}`:                      {"left@northwind.example"},
		`{"user_role":"ADMIN"}`:                              {"ada@northwind.example", "Olive@Northwind.example"},
		`{"keyword":"BERG"}`:                                 {"Olive@Northwind.example"},
		`{"keyword":"sam@","relation_status":"PENDING"}`:     {"sam@northwind.example"},
		`{"keyword":"nobody","relation_status":"PENDING"}`:   {},
		`{"relation_status":"BOUND","user_role":"STANDARD"}`: {"bo@northwind.example"},
	} {
		equal(t, filtering, w.list(filtering).column("user_email"), want)
	}
	w.configure(hubsim.Settings{"unfiltered": "bound"})
	equal(t, "unfiltered", w.list("").column("relation_status"), []string{"BOUND", "BOUND", "BOUND"})

	for _, bad := range []string{
		`BOUND`, `[]`, `null`, `""`, ` `, `{"relation_status":"ACTIVE"}`, `{"relation_status":["BOUND"]}`,
		`{"relation_status":"bound"}`, `{"user_role":"OWNER"}`, `{"status":"BOUND"}`, `{"keyword":1}`, `{"user_role":null}`,
	} {
		w.list(bad).code(40002)
	}
	w.get(tiktokList).code(40002)
	w.get(tiktokList, "bc_id", "x").code(40002)
	w.get(tiktokList, "bc_id", "6900000000000000009").code(40001)
	w.get(tiktokList, "bc_id", tiktokOther).code(40001) // a member there, no admin
	w.list("", "page_size", "21").code(40002)
	w.list("", "child_bc_id", tiktokOther).code(40002)
}

func TestTiktokRowShapes(t *testing.T) {
	w := newTiktokWire(t)
	w.configure(hubsim.Settings{"pending_user_id": "zero", "ext_user_role": "null", "member_emails": "masked", "ids_as_numbers": true})
	rows := w.list("")
	equal(t, "ids", rows.column("user_id")[3:], []string{"0"})
	if !strings.Contains(rows.raw, `"user_id":`+w.person("bo@northwind.example").ID+`,`) {
		t.Errorf("no numeric id: %s", rows.raw)
	}
	equal(t, "finance", rows.column("ext_user_role"), []string{`{"finance_role":"MANAGER"}`, "null", "null", `{"finance_role":"ANALYST"}`})
	equal(t, "emails", rows.column("user_email"), []string{
		"a***@northwind.example", "O***@Northwind.example", "b***@northwind.example", "sam@northwind.example",
	})
	w.configure(hubsim.Settings{"pending_user_id": "absent", "ext_user_role": "absent", "member_emails": "empty", "pending_emails": "masked"})
	rows = w.list("")
	equal(t, "ids", rows.column("user_id")[3:], []string{"-"})
	equal(t, "finance", rows.column("ext_user_role"), []string{`{"finance_role":"MANAGER"}`, "-", "-", `{"finance_role":"ANALYST"}`})
	equal(t, "emails", rows.column("user_email"), []string{"", "", "", "s***@northwind.example"})
}

// walkTiktok reads pages to the end by total_page, as long as any total says so.
func (w *tiktokWire) walkTiktok(size int, status string) (emails []string, totals []float64) {
	w.t.Helper()
	for page := 1; ; page++ {
		r := w.list(`{"relation_status":"`+status+`"}`, "page", strconv.Itoa(page), "page_size", strconv.Itoa(size))
		emails = append(emails, r.column("user_email")...)
		info := r.pageInfo()
		totals = append(totals, info["total_number"].(float64))
		if float64(page) >= info["total_page"].(float64) {
			return emails, totals
		}
	}
}

func TestTiktokPaging(t *testing.T) {
	w := newTiktokCrowd(t, hubsim.Generate{Members: 45, Invitations: 7, Admins: 2})
	emails, totals := w.walkTiktok(20, "BOUND")
	if len(emails) != 45 || !slices.Equal(totals, []float64{45, 45, 45}) || emails[44] != "member-00045@generated.example" {
		t.Errorf("%d people, totals %v", len(emails), totals)
	}
	if emails, _ := w.walkTiktok(7, "PENDING"); len(emails) != 7 {
		t.Errorf("%d invitations", len(emails))
	}
	if n := len(w.list("").rows()); n != 10 {
		t.Errorf("default page of %d", n)
	}
	beyond := w.list("", "page", "9", "page_size", "20")
	if len(beyond.rows()) != 0 || beyond.pageInfo()["total_number"] != 52.0 || beyond.pageInfo()["page"] != 9.0 {
		t.Errorf("beyond the end: %s", beyond.raw)
	}
	w.configure(hubsim.Settings{"max_page_size": 5})
	w.list("", "page_size", "6").code(40002)
	if n := len(w.list("").rows()); n != 5 {
		t.Errorf("page of %d", n)
	}
}

func TestTiktokChurn(t *testing.T) {
	w := newTiktokCrowd(t, hubsim.Generate{Members: 30, Admins: 2})
	w.configure(hubsim.Settings{"churn": "leave", "churn_times": 1})
	emails, totals := w.walkTiktok(10, "BOUND")
	if len(emails) != 29 || !slices.Equal(totals, []float64{30, 29, 29}) || slices.Contains(emails, "member-00011@generated.example") {
		t.Errorf("a leaver: %d people, totals %v", len(emails), totals) // member 11 moved to the page read before
	}
	w = newTiktokCrowd(t, hubsim.Generate{Members: 30, Admins: 2})
	w.configure(hubsim.Settings{"churn": "join", "churn_times": 1})
	emails, totals = w.walkTiktok(10, "BOUND")
	if len(emails) != 31 || !slices.Equal(totals, []float64{30, 31, 31, 31}) || emails[9] != emails[10] {
		t.Errorf("a joiner: %d people, totals %v", len(emails), totals)
	}
	if again, totals := w.walkTiktok(20, "BOUND"); totals[0] != 31 || again[0] != "joiner-00001@churn.example" {
		t.Errorf("read again: totals %v, first %s", totals, again[0])
	}
}

func TestTiktokTenThousand(t *testing.T) {
	began := time.Now()
	w := newTiktokCrowd(t, hubsim.Generate{Members: 10_000, Invitations: 200, Admins: 2})
	w.configure(hubsim.Settings{"max_page_size": 500, "max_members": 20_000})
	if emails, _ := w.walkTiktok(500, "BOUND"); len(emails) != 10_000 {
		t.Errorf("%d people", len(emails))
	}
	for i := 10; i < 110; i++ {
		id := w.person(fmt.Sprintf("member-%05d@generated.example", i)).ID
		w.post(tiktokDelete, `"user_id":"`+id+`"`).code(0)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}
