package hubsim_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// walk follows next to the end and returns the e-mails and the page sizes.
func (w *wire) walk(path, bearer string) (emails []string, sizes []int) {
	w.t.Helper()
	next := w.base + "/" + meta + path
	for next != "" {
		r := w.request("GET", path, nil)
		var err error
		if r.URL, err = url.Parse(next); err != nil {
			w.t.Fatal(err)
		}
		r.Header.Del("Authorization")
		if bearer != "" {
			r.Header.Set("Authorization", "Bearer "+bearer)
		}
		page := w.do(r)
		emails = append(emails, page.column("email")...)
		sizes = append(sizes, len(page.rows()))
		next, _ = page.paging()["next"].(string)
		if len(sizes) > 100 {
			w.t.Fatal("the pages do not end")
		}
	}
	return emails, sizes
}

func newCrowd(t *testing.T, members, invitations int) *wire {
	t.Helper()
	w := &wire{t: t, sim: hubsim.New(hubsim.StartAt(start), hubsim.Frozen())}
	err := w.sim.Apply(hubsim.Seed{
		Hubs: []hubsim.HubSeed{{
			Platform: meta, BusinessID: business,
			Generate: &hubsim.Generate{Members: members, Invitations: invitations, Admins: 2, Domain: "crowd.example"},
		}},
		Credentials: []hubsim.Credential{{"platform": meta, "name": "a", "access_token": token, "businesses": []string{business}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.base = w.sim.Start(t)
	return w
}

func TestMetaPaging(t *testing.T) {
	w := newCrowd(t, 70, 30)
	emails, sizes := w.walk(users+"?fields=email&limit=30", token)
	if len(emails) != 70 || !slices.Equal(sizes, []int{30, 30, 10}) || emails[69] != "member-00070@crowd.example" {
		t.Errorf("pages %v, %d people", sizes, len(emails))
	}
	if _, sizes := w.walk(pending+"?fields=email", token); !slices.Equal(sizes, []int{25, 5}) {
		t.Errorf("default pages %v", sizes)
	}
	exact, sizes := w.walk(users+"?fields=email&limit=35", token)
	if len(exact) != 70 || !slices.Equal(sizes, []int{35, 35}) {
		t.Errorf("exact pages %v", sizes)
	}

	last := w.get(users + "?fields=email&limit=100&summary=total_count")
	cursors, _ := last.paging()["cursors"].(object)
	if cursors["after"] == nil || last.paging()["next"] != nil {
		t.Errorf("last page: %v", last.paging())
	}
	if total := last.body["summary"].(object)["total_count"]; total != 70.0 {
		t.Errorf("total_count = %v", total)
	}
	if first := w.get(users + "?limit=10"); first.body["summary"] != nil {
		t.Error("summary given unasked")
	}
	after := url.QueryEscape(cursors["after"].(string))
	if rest := w.get(users + "?limit=10&after=" + after); len(rest.rows()) != 0 || rest.paging() != nil {
		t.Errorf("beyond the end: %s", rest.raw)
	}
}

func TestMetaPagingBackwards(t *testing.T) {
	w := newCrowd(t, 10, 0)
	first := w.get(users + "?fields=email&limit=4")
	if first.paging()["previous"] != nil {
		t.Error("the first page has a previous one")
	}
	after := first.paging()["cursors"].(object)["after"].(string)
	second := w.get(users + "?fields=email&limit=4&after=" + after)
	back := second.paging()["cursors"].(object)["before"].(string)
	if second.paging()["previous"] == nil {
		t.Error("no previous page")
	}
	again := w.get(users + "?fields=email&limit=4&before=" + back)
	equal(t, "back", again.column("email"), first.column("email"))
	w.get(users+"?after="+after+"&before="+back).refused(100, 0)
}

func TestMetaPageShapes(t *testing.T) {
	w := newCrowd(t, 20, 0)
	w.configure(hubsim.Settings{"page_shape": "short"})
	if emails, sizes := w.walk(users+"?fields=email&limit=10", token); len(emails) != 20 || !slices.Equal(sizes, []int{5, 5, 5, 5}) {
		t.Errorf("short pages %v", sizes)
	}
	w.configure(hubsim.Settings{"page_shape": "gaps"})
	if emails, sizes := w.walk(users+"?fields=email&limit=10", token); len(emails) != 20 || !slices.Equal(sizes, []int{10, 0, 10, 0}) {
		t.Errorf("pages with gaps %v", sizes)
	}
	w.configure(hubsim.Settings{"page_shape": "full", "max_rows": 50})
	w.get(users+"?limit=100").refused(1, 0)
	w.get(users + "?limit=50").ok()
}

func TestMetaNextCarriesAQueryToken(t *testing.T) {
	w := newCrowd(t, 3, 0)
	if next := w.get(users + "?limit=2").paging()["next"].(string); strings.Contains(next, "access_token") {
		t.Errorf("a header token got into %s", next)
	}
	emails, _ := w.walk(users+"?fields=email&limit=2&access_token="+token, "")
	if len(emails) != 3 {
		t.Errorf("%d people along links with the token", len(emails))
	}
}

func TestMetaPagingIsStableUnderRemoval(t *testing.T) {
	w := newCrowd(t, 9, 0)
	first := w.get(users + "?fields=email&limit=3")
	w.act(hubsim.Act{Action: "remove", Email: first.column("email")[2]})
	w.act(hubsim.Act{Action: "remove", Email: "member-00004@crowd.example"})
	after := first.paging()["cursors"].(object)["after"].(string)
	second := w.get(users + "?fields=email&limit=3&after=" + after)
	equal(t, "second page", second.column("email"),
		[]string{"member-00005@crowd.example", "member-00006@crowd.example", "member-00007@crowd.example"})
}

func TestMetaManyRemovals(t *testing.T) {
	w := newCrowd(t, 400, 0)
	for i := 3; i <= 390; i++ {
		w.act(hubsim.Act{Action: "remove", Email: fmt.Sprintf("member-%05d@crowd.example", i)})
	}
	emails, _ := w.walk(users+"?fields=email&limit=100", token)
	if len(emails) != 12 || emails[2] != "member-00391@crowd.example" {
		t.Errorf("%d left: %v", len(emails), emails)
	}
}

func TestMetaTenThousand(t *testing.T) {
	began := time.Now()
	w := newCrowd(t, 10_000, 200)
	emails, sizes := w.walk(users+"?fields=id,email,role&limit=500", token)
	if len(emails) != 10_000 || len(sizes) != 20 {
		t.Errorf("%d people on %d pages", len(emails), len(sizes))
	}
	id := w.person("member-09999@crowd.example").ID
	for range 200 {
		w.get(v + id).ok()
	}
	// Far beyond what it takes, far below what a scan per look-up would take.
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}
