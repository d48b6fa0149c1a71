package hubsim_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestRequestLogLabels(t *testing.T) {
	w := newWire(t)
	member, invitation := w.person("Bo Chen").ID, w.person("new.hire@agency.example").ID
	w.get(v + "me")
	w.get(v + "me/permissions")
	w.get(v + "me/businesses")
	w.get(v + business)
	w.get(users)
	w.get(pending)
	w.get(pending + "?email=a%40b.example")
	w.get(v + business + "/system_users")
	w.get(v + member)
	w.get(v + invitation)
	w.post(users, "email", "eve@agency.example")
	w.post(v+member, "role", "ADMIN")
	w.post(v+invitation, "role", "ADMIN")
	w.del(v + member)
	w.del(v + member) // gone already, still a remove
	w.del(v + invitation)
	w.get(v + "122100000999999")
	w.get("/nowhere")

	want := []string{
		"verify_identity", "permissions", "list_businesses", "verify_business", "list_members", "list_invitations",
		"find_invitation", "list_system_users", "get_member", "get_invitation", "invite", "change_role",
		"change_invited_role", "remove", "remove", "cancel_invitation", "unknown", "unknown",
	}
	log := w.sim.Requests()
	var got []string
	for i, r := range log {
		got = append(got, r.Operation)
		if r.Seq != i+1 || r.Platform != meta || r.Credential != "automation" || r.TokenIn != "header" || !r.Time.Equal(start) {
			t.Errorf("request %+v", r)
		}
		if about := r.Business == business; about != (i > 2 && i < 16) {
			t.Errorf("%s: business %q", r.Operation, r.Business)
		}
	}
	equal(t, "operations", got, want)
	if n := len(w.sim.Writes()); n != 6 {
		t.Errorf("%d writes", n)
	}
	if n := len(w.sim.Writes(hubsim.ByOperation("remove", "invite"), hubsim.ByBusiness(business))); n != 3 {
		t.Errorf("%d removals and invitations", n)
	}
	if n := w.sim.CountOps(hubsim.ByPlatform(meta))["remove"]; n != 2 {
		t.Errorf("%d removals counted", n)
	}
	w.sim.ResetRequests()
	w.get(users)
	if log := w.sim.Requests(); len(log) != 1 || log[0].Seq != len(want)+1 {
		t.Errorf("after the reset: %+v", log)
	}
	if n := len(w.sim.Requests(hubsim.AfterSeq(len(want) + 1))); n != 0 {
		t.Errorf("%d later requests", n)
	}
}

func TestRequestLogHoldsNoSecret(t *testing.T) {
	w := newWire(t)
	proof := strings.Repeat("ab", 32)
	w.get(users + "?access_token=" + token + "&appsecret_proof=" + proof)
	w.get(users + "?access_token=mistyped-token")
	w.get(users + "?fields=" + token)
	w.get("/" + token + "/me")
	w.post(users, "email", "eve@agency.example", "access_token", token)
	w.post(users, "batch", `[{"relative_url":"me?access_token=mistyped-token"}]`)
	w.as("77|"+secret, v+"debug_token?input_token="+userTok)
	r := w.request("POST", users, url.Values{})
	r.Header.Set("User-Agent", "agent "+token)
	w.do(r)
	body := w.request("POST", users, nil)
	body.Body = readCloser(`{"note":"` + token + `","access_token":"mistyped-token","email":"x@y.example"}`)
	body.ContentLength = -1
	body.Header.Set("Content-Type", "application/json")
	w.do(body)

	raw, err := json.Marshal(w.sim.Requests())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{token, userTok, secret, proof, "mistyped-token"} {
		if strings.Contains(string(raw), s) {
			t.Errorf("the log holds %q: %s", s, raw)
		}
	}
	for _, kept := range []string{"eve@agency.example", "x@y.example"} {
		if !strings.Contains(string(raw), kept) {
			t.Errorf("the log lost %q", kept)
		}
	}
}

func TestRequestBodyIsCapped(t *testing.T) {
	w := newWire(t)
	got := w.post(users, "email", strings.Repeat("a", 2<<20))
	if got.status != 413 {
		t.Errorf("status %d", got.status)
	}
	if log := w.sim.Requests(); len(log) != 1 || log[0].Status != 413 {
		t.Errorf("log = %+v", log)
	}
}

func TestOnRequest(t *testing.T) {
	w := newWire(t)
	seen := make(chan hubsim.Request, 1)
	w.sim.OnRequest(func(r hubsim.Request) { seen <- r })
	w.get(users)
	select {
	case r := <-seen:
		if r.Operation != hubsim.OpListMembers || r.Status != 200 {
			t.Errorf("%+v", r)
		}
	case <-time.After(5 * time.Second):
		t.Error("not called")
	}
}
