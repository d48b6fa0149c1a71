package hubsim_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestMetaRefusesWhatItDoesNotKnow(t *testing.T) {
	w := newWire(t)
	ada, invitation := v+w.person("Ada Diaz").ID, v+w.person("new.hire@agency.example").ID
	for name, c := range map[string]struct {
		reply         reply
		code, subcode int
	}{
		"no version":              {w.get("/me"), 2500, 0},
		"unversioned business":    {w.get("/" + business + "/business_users"), 2500, 0},
		"version never made":      {w.get("/v99.0/me"), 2500, 0},
		"version that ended":      {w.get("/v20.0/me"), 2500, 0},
		"version alone":           {w.get("/v26.0/"), 2500, 0},
		"unknown edge":            {w.get(v + business + "/people"), 2500, 0},
		"edge of a member":        {w.get(ada + "/roles"), 2500, 0},
		"id that is no id":        {w.get(v + "northwind"), 2500, 0},
		"unknown id":              {w.get(v + "122100000999999"), 100, 33},
		"unknown id, delete":      {w.del(v + "122100000999999"), 100, 33},
		"unknown id, post":        {w.post(v+"122100000999999", "role", "ADMIN"), 100, 33},
		"edge of an unknown id":   {w.get(v + "222000111000999/business_users?fields=id"), 100, 33},
		"invite, unknown id":      {w.post(v+"222000111000999/business_users", "email", "nia@northwind.example", "role", "ADMIN"), 100, 33},
		"business of others":      {w.get(v + other), 100, 33},
		"unknown field":           {w.get(users + "?fields=id,created_time"), 100, 0},
		"unknown field, invite":   {w.get(pending + "?fields=joined"), 100, 0},
		"unknown nested field":    {w.get(users + "?fields=business{owner_name}"), 100, 0},
		"braces on a plain field": {w.get(users + "?fields=name{first}"), 100, 0},
		"fields left open":        {w.get(users + "?fields=business{id"), 2500, 0},
		"fields trailing comma":   {w.get(users + "?fields=id,"), 2500, 0},
		"unknown parameter":       {w.get(users + "?page=2"), 100, 0},
		"email filter on members": {w.get(users + "?email=ada%40agency.example"), 100, 0},
		"unknown form field":      {w.post(users, "email", "a@b.example", "user_role", "ADMIN"), 100, 0},
		"parameter on delete":     {w.del(ada + "?role=EMPLOYEE"), 100, 0},
		"form field in the query": {w.post(users+"?email=a%40b.example", "role", "EMPLOYEE"), 100, 0},
		"limit no number":         {w.get(users + "?limit=many"), 100, 0},
		"limit zero":              {w.get(users + "?limit=0"), 100, 0},
		"cursor made up":          {w.get(users + "?after=xyz"), 100, 0},
		"summary made up":         {w.get(users + "?summary=everything"), 100, 0},
		"put":                     {w.do(w.request("PUT", ada, url.Values{"role": {"ADMIN"}})), 100, 0},
		"delete on the list":      {w.del(users), 100, 0},
		"post on invitations":     {w.post(pending, "email", "a@b.example"), 100, 0},
		"delete the business":     {w.del(v + business), 100, 0},
		"no email":                {w.post(users, "role", "EMPLOYEE"), 100, 0},
		"malformed email":         {w.post(users, "email", "new.hire", "role", "EMPLOYEE"), 100, 0},
		"email with a name":       {w.post(users, "email", "Ada <ada@x.example>"), 100, 0},
		"role unknown":            {w.post(users, "email", "a@b.example", "role", "OWNER"), 100, 0},
		"role in lower case":      {w.post(users, "email", "a@b.example", "role", "admin"), 100, 0},
		"tasks no list":           {w.post(users, "email", "a@b.example", "tasks", "EMPLOYEE"), 100, 0},
		"task unknown":            {w.post(users, "email", "a@b.example", "tasks", `["OWNER"]`), 100, 0},
		"user type unknown":       {w.post(users, "email", "a@b.example", "invited_user_type", `["IG"]`), 100, 0},
		"partner centre role":     {w.post(users, "email", "a@b.example", "role", "PARTNER_CENTER_ADMIN"), 100, 0},
		"member role unknown":     {w.post(ada, "role", "BOSS"), 100, 0},
		"invited role unknown":    {w.post(invitation, "role", "BOSS"), 100, 0},
		"member flag unknown":     {w.post(ada, "clear_pending_email", "perhaps"), 100, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c.reply.t = t
			c.reply.refused(c.code, c.subcode)
		})
	}
	people, err := w.sim.People(meta, business)
	if err != nil || len(people) != 4 {
		t.Errorf("a refused call had an effect: %v %v", people, err)
	}
}

func TestMetaContentTypes(t *testing.T) {
	w := newWire(t)
	// A member, not an invitation: a POST there has no required parameter whose
	// absence could be mistaken for the refusal.
	member := w.base + "/" + meta + v + w.person("Bo Chen").ID
	for _, contentType := range []string{"application/json", "text/plain", "", "multipart/form-data"} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", member, strings.NewReader(`{"role":"ADMIN"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
		w.do(r).refused(100, 0)
	}

	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("email", "multi@part.example")
	_ = form.Close()
	r, err := http.NewRequestWithContext(t.Context(), "POST", w.base+"/"+meta+users, &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", form.FormDataContentType())
	w.do(r).ok()
	if w.person("multi@part.example").Status != "invited" {
		t.Error("the multipart form was not read")
	}
}

func TestMetaIgnoresMethodOverride(t *testing.T) {
	w := newWire(t)
	w.get(v + w.person("Bo Chen").ID + "?method=delete&fields=id").ok()
	if w.person("Bo Chen").Status != "active" {
		t.Error("GET with method=delete removed a member")
	}
}

func TestMetaTokens(t *testing.T) {
	w := newWire(t)
	bare := w.request("GET", v+"me", nil)
	bare.Header.Del("Authorization")
	w.do(bare).refused(2500, 0)
	if got := w.as("no-such-token", v+"me"); got.status != 401 {
		t.Errorf("status = %d", got.status)
	} else {
		got.refused(190, 467)
	}

	query := w.request("GET", v+"me?access_token="+token, nil)
	query.Header.Del("Authorization")
	w.do(query).ok()
	form := w.request("POST", users, url.Values{"email": {"a@b.example"}, "access_token": {token}})
	form.Header.Del("Authorization")
	w.do(form).ok()
	// The header wins.
	w.as("no-such-token", v+"me?access_token="+token).refused(190, 0)

	for setting, subcode := range map[string]int{
		hubsim.TokenExpired: 463, hubsim.TokenInvalid: 467, "password_changed": 460, "app_removed": 458,
	} {
		w.configure(hubsim.Settings{setting: true})
		w.get(users).refused(190, subcode)
		w.get(v+"me").refused(190, subcode)
		w.configure(hubsim.Settings{setting: false})
		w.get(users).ok()
	}
}

func TestMetaTokenExpiresByTheClock(t *testing.T) {
	w := newWire(t)
	err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{
		{"platform": meta, "name": "short", "access_token": "short-token", "expires_in": "60m", "businesses": []string{business}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.as("short-token", users).ok()
	w.sim.Clock().Advance(59*time.Minute + 59*time.Second)
	w.as("short-token", users).ok()
	w.sim.Clock().Advance(time.Second)
	w.as("short-token", users).refused(190, 463)
	w.get(users).ok()
}

func TestMetaAppSecretProof(t *testing.T) {
	w := newWire(t)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(token))
	proof := hex.EncodeToString(mac.Sum(nil))

	w.get(users).ok()
	w.get(users + "?appsecret_proof=" + proof).ok()
	w.get(users+"?appsecret_proof="+strings.ToUpper(proof)).refused(104, 0)

	w.configure(hubsim.Settings{"app_secret_required": true})
	w.get(users).refused(104, 0)
	w.get(v+"me").refused(104, 0)
	w.get(users + "?appsecret_proof=" + proof).ok()
	w.post(users, "email", "a@b.example").refused(104, 0)
	w.post(users, "email", "a@b.example", "appsecret_proof", proof).ok()

	w.configure(hubsim.Settings{"app_secret_required": false})
	err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{{
		"platform": meta, "name": "automation", "access_token": token, "app_secret": secret,
		"require_app_secret": true, "businesses": []string{business},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	w.get(users).refused(104, 0)
}

func TestMetaPermissions(t *testing.T) {
	w := newWire(t)
	ada := v + w.person("Ada Diaz").ID

	// A stranger is refused on edges, and is told nothing about nodes.
	w.as(strayTok, users).refused(10, 0)
	w.as(strayTok, v+business).refused(100, 33)
	w.as(strayTok, ada).refused(100, 33)

	w.configure(hubsim.Settings{hubsim.NotAdmin: true})
	w.get(v + business).ok()
	w.get(users).refused(10, 0)
	w.post(users, "email", "a@b.example").refused(10, 2859030)
	w.del(ada).refused(10, 0)
	w.configure(hubsim.Settings{hubsim.NotAdmin: false})

	w.configure(hubsim.Settings{hubsim.PermissionMissing: true})
	w.get(users).refused(200, 0)
	equal(t, "permissions", w.get(v+"me/permissions").column("status"), []string{"declined"})
	w.configure(hubsim.Settings{hubsim.PermissionMissing: false})

	w.configure(hubsim.Settings{"app_not_claimed": true})
	w.get(users).refused(10, 0)
	w.configure(hubsim.Settings{"app_not_claimed": false})

	w.configure(hubsim.Settings{"invite_refused": true})
	w.get(users).ok()
	w.post(users, "email", "a@b.example").refused(10, 2859030)
	w.configure(hubsim.Settings{"invite_refused": false})

	w.configure(hubsim.Settings{hubsim.Blocked: true})
	w.get(users).ok()
	w.post(users, "email", "a@b.example").refused(368, 0)
	w.post(ada, "role", "EMPLOYEE").refused(368, 0)
	w.del(ada).refused(368, 0)
}

func TestMetaUserTokenFollowsThePerson(t *testing.T) {
	w := newWire(t)
	w.as(userTok, users).ok()
	w.act(hubsim.Act{Action: "set_role", Email: "ada@agency.example", Role: "EMPLOYEE"})
	w.as(userTok, users).refused(10, 0)
	w.as(userTok, v+w.person("Ada Diaz").ID+"?fields=role").ok() // oneself
	w.as(userTok, v+w.person("Bo Chen").ID).refused(10, 0)
	w.act(hubsim.Act{Action: "remove", Email: "ada@agency.example"})
	w.as(userTok, v+business).refused(100, 33)
}

func TestMetaSecondFactor(t *testing.T) {
	w := newWire(t)
	w.configure(hubsim.Settings{hubsim.SecondFactor: true})
	w.as(userTok, users).ok()
	w.post(users, "email", "a@b.example").ok() // a system user has no second factor to show
	r := w.request("POST", users, url.Values{"email": {"c@d.example"}})
	r.Header.Set("Authorization", "Bearer "+userTok)
	w.do(r).refused(415, 0)
}

func TestMetaTasksFieldMayNotExist(t *testing.T) {
	w := newWire(t)
	w.get(users + "?fields=id,tasks").ok()
	w.configure(hubsim.Settings{"tasks_field": false})
	w.get(users+"?fields=id,tasks").refused(100, 0)
}

func TestMetaVersionsEndByTheClock(t *testing.T) {
	w := newWire(t)
	w.get("/v21.0/me").ok()
	w.sim.Clock().Advance(62 * 24 * time.Hour) // past 2027-01-21
	w.get("/v21.0/me").refused(2500, 0)
	w.get("/v22.0/me").ok()
}

func TestMetaCredentialsAreChecked(t *testing.T) {
	sim := hubsim.New()
	for _, bad := range []hubsim.Credential{
		{"platform": meta, "name": "x"},
		{"platform": meta, "name": "x", "access_token": "t", "kind": "robot"},
		{"platform": meta, "name": "x", "access_token": "t", "kind": "user"},
		{"platform": meta, "name": "x", "access_token": "t", "businesses": []string{"404"}},
		{"platform": meta, "name": "x", "access_token": "t", "require_app_secret": true},
		{"platform": meta, "name": "x", "access_token": "t", "secrt": "typo"},
		{"platform": "myspace", "name": "x", "access_token": "t"},
	} {
		if err := sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{bad}}); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}
