package hubsim_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

func TestGoogleRefreshToken(t *testing.T) {
	w := newGoogleWire(t)
	w.configureHub(client, hubsim.Settings{"token_lifetime": "30m"}) // reached through the manager
	got := w.refresh()
	if got.status != 200 || got.body["expires_in"] != 1799.0 || got.body["token_type"] != "Bearer" ||
		got.body["scope"] != "https://www.googleapis.com/auth/adwords" || len(got.body) != 4 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	fresh := w.as(got.body["access_token"].(string))
	fresh.search(customerQuery).ok()
	w.sim.Clock().Advance(30*time.Minute - time.Second)
	fresh.search(customerQuery).ok()
	w.sim.Clock().Advance(time.Second)
	fresh.search(customerQuery).failed(401, "authenticationError", "OAUTH_TOKEN_EXPIRED")
	again := w.refresh().body["access_token"].(string)
	if again == fresh.bearer {
		t.Error("the same token was issued again")
	}
	w.as(again).search(customerQuery).ok()

	w.configure(hubsim.Settings{"token_lifetime": "1s"})
	if got := w.refresh().body["expires_in"]; got != 1.0 {
		t.Errorf("expires_in %v: 0 reads as for ever", got)
	}
}

func TestGoogleTokenRefusals(t *testing.T) {
	w := newGoogleWire(t)
	good := []string{"grant_type", "refresh_token", "client_id", "77.apps.example", "client_secret", clientSecret, "refresh_token", refreshToken}
	replaced := func(name, value string) []string {
		pairs := append([]string{}, good...)
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				pairs[i+1] = value
			}
		}
		return pairs
	}
	for name, c := range map[string]struct {
		form   []string
		status int
		code   string
	}{
		"unknown grant":   {replaced("grant_type", "password"), 400, "unsupported_grant_type"},
		"no grant":        {replaced("grant_type", ""), 400, "invalid_request"},
		"unknown client":  {replaced("client_id", "78"), 401, "invalid_client"},
		"wrong secret":    {replaced("client_secret", "x"), 401, "invalid_client"},
		"unknown refresh": {replaced("refresh_token", "1//other"), 400, "invalid_grant"},
		"no refresh":      {replaced("refresh_token", ""), 400, "invalid_request"},
		"given twice":     {append(good, "refresh_token", "x"), 400, "invalid_request"},
		"stray parameter": {append(good, "api_key", "x"), 400, "invalid_request"},
		"no assertion":    {[]string{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}, 400, "invalid_request"},
	} {
		got := w.token(c.form...)
		if got.status != c.status || got.body["error"] != c.code || got.body["error_description"] == "" {
			t.Errorf("%s: %d %s, want %d %s", name, got.status, got.raw, c.status, c.code)
		}
	}
	for setting, code := range map[string]string{
		"token_expired": "invalid_grant", "access_revoked": "invalid_grant", "token_invalid": "invalid_client",
	} {
		w.configure(hubsim.Settings{setting: true})
		if got := w.refresh(); got.body["error"] != code {
			t.Errorf("%s: %d %s", setting, got.status, got.raw)
		}
		w.configure(hubsim.Settings{setting: false})
	}
	for _, send := range []func(r *http.Request){
		func(r *http.Request) { r.Header.Set("Content-Type", "application/json") },
		func(r *http.Request) { r.URL.RawQuery = "grant_type=refresh_token" },
		func(r *http.Request) { r.Method = "GET" },
	} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", w.base+"/"+google+"/token", strings.NewReader("grant_type=refresh_token"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		send(r)
		if got := w.do(r); got.body["error"] != "invalid_request" {
			t.Errorf("%s %s: %d %s", r.Method, r.URL, got.status, got.raw)
		}
	}
}

var serviceKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// assertion signs claims the way a service account's key file is used.
func assertion(t *testing.T, key *rsa.PrivateKey, header, claims object) string {
	t.Helper()
	part := func(v object) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	signed := part(header) + "." + part(claims)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestGoogleServiceAccount(t *testing.T) {
	w := newGoogleWire(t)
	public, err := x509.MarshalPKIXPublicKey(&serviceKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	account := "roster@project.iam.gserviceaccount.example"
	w.act(hubsim.Act{Action: "join", Email: account, Role: "ADMIN"})
	if err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{{
		"platform": google, "name": "robot", "client_email": account, "private_key_id": "key1",
		"public_key":      string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		"may_impersonate": []string{"bo@northwind.example"},
	}}}); err != nil {
		t.Fatal(err)
	}
	// The signer's time is real, whatever the frozen clock says.
	now := time.Now().Unix()
	claims := func(changes ...any) object {
		c := object{
			"iss": account, "scope": "https://www.googleapis.com/auth/adwords",
			"aud": "https://oauth2.googleapis.com/token", "iat": now, "exp": now + 3600,
		}
		for i := 0; i < len(changes); i += 2 {
			c[changes[i].(string)] = changes[i+1]
		}
		return c
	}
	rs256 := object{"alg": "RS256", "typ": "JWT", "kid": "key1"}
	exchange := func(jwt string) reply {
		return w.token("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion", jwt)
	}

	got := exchange(assertion(t, serviceKey(), rs256, claims()))
	if got.status != 200 || got.body["expires_in"] != 3599.0 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	w.as(got.body["access_token"].(string)).invite("eve@northwind.example", "STANDARD").ok()
	got = exchange(assertion(t, serviceKey(), rs256, claims("aud", w.base+"/"+google+"/token", "sub", "bo@northwind.example")))
	if got.status != 200 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	w.as(got.body["access_token"].(string)).invite("finn@northwind.example", "STANDARD").
		failed(403, "authorizationError", "ACTION_NOT_PERMITTED") // Bo is no administrator

	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	good := assertion(t, serviceKey(), rs256, claims())
	for name, c := range map[string]struct{ jwt, code string }{
		"other key":       {assertion(t, stranger, rs256, claims()), "invalid_grant"},
		"other kid":       {assertion(t, serviceKey(), object{"alg": "RS256", "kid": "key2"}, claims()), "invalid_grant"},
		"other algorithm": {assertion(t, serviceKey(), object{"alg": "none", "kid": "key1"}, claims()), "invalid_grant"},
		"other issuer":    {assertion(t, serviceKey(), rs256, claims("iss", "x@y.example")), "invalid_grant"},
		"other audience":  {assertion(t, serviceKey(), rs256, claims("aud", "https://example.com/token")), "invalid_grant"},
		"too long":        {assertion(t, serviceKey(), rs256, claims("exp", now+3601)), "invalid_grant"},
		"expired":         {assertion(t, serviceKey(), rs256, claims("iat", now-7200, "exp", now-3600)), "invalid_grant"},
		"from the future": {assertion(t, serviceKey(), rs256, claims("iat", now+3000, "exp", now+3600)), "invalid_grant"},
		"no times":        {assertion(t, serviceKey(), rs256, claims("iat", 0, "exp", 0)), "invalid_grant"},
		"other scope":     {assertion(t, serviceKey(), rs256, claims("scope", "openid")), "invalid_scope"},
		"no scope":        {assertion(t, serviceKey(), rs256, claims("scope", "")), "invalid_scope"},
		"no delegation":   {assertion(t, serviceKey(), rs256, claims("sub", "ada@northwind.example")), "unauthorized_client"},
		"tampered":        {strings.Replace(good, ".", ".e30", 1), "invalid_request"},
		"not a JWT":       {"a.b", "invalid_request"},
	} {
		if got := exchange(c.jwt); got.status < 400 || got.body["error"] != c.code {
			t.Errorf("%s: %d %s, want %s", name, got.status, got.raw, c.code)
		}
	}
}

func TestGoogleCredentialSeeds(t *testing.T) {
	w := newGoogleWire(t)
	for name, bad := range map[string]hubsim.Credential{
		"unknown field":  {"name": "x", "email": "a@b.example", "access_token": "t", "token": "t"},
		"no name":        {"email": "a@b.example", "access_token": "t"},
		"no email":       {"name": "x", "access_token": "t"},
		"nothing":        {"name": "x", "email": "a@b.example"},
		"half a client":  {"name": "x", "email": "a@b.example", "refresh_token": "r"},
		"no public key":  {"name": "x", "client_email": "a@b.example"},
		"not PEM":        {"name": "x", "client_email": "a@b.example", "public_key": "x"},
		"no such hub":    {"name": "x", "email": "a@b.example", "access_token": "t", "customers": []string{"9999999999"}},
		"hyphens":        {"name": "x", "email": "a@b.example", "access_token": "t", "login_customer_id": "123-456-7890"},
		"token of other": {"name": "x", "email": "a@b.example", "access_token": adaToken},
	} {
		bad["platform"] = google
		if err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{bad}}); err == nil {
			t.Errorf("%s was applied", name)
		}
	}
	// The same name again replaces.
	if err := w.sim.Apply(hubsim.Seed{Credentials: []hubsim.Credential{
		{"platform": google, "name": "automation", "email": "ada@northwind.example", "access_token": "ya29.next", "expires_in": "1m"},
	}}); err != nil {
		t.Fatal(err)
	}
	w.search(customerQuery).failed(401, "authenticationError", "OAUTH_TOKEN_INVALID")
	w.as("ya29.next").search(customerQuery).ok()
	w.sim.Clock().Advance(time.Minute)
	w.as("ya29.next").search(customerQuery).failed(401, "authenticationError", "OAUTH_TOKEN_EXPIRED")
}
