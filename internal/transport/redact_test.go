package transport

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// writings are the ways in which text, and a secret in it, gets into a log
// line. They are the other half of the matcher, from other hands.
var writings = []struct {
	name  string
	write func(string) string
}{
	{"plain", func(s string) string { return s }},
	{"query", url.QueryEscape},
	{"path", url.PathEscape},
	{"query twice", func(s string) string { return url.QueryEscape(url.QueryEscape(s)) }},
	{"query in lower case", func(s string) string { return lowerEscapes(url.QueryEscape(s)) }},
	{"every byte percent", func(s string) string { return eachByte("%%%02X", s) }},
	{"json", func(s string) string { b, _ := json.Marshal(s); return string(b) }},
	{"json without html", func(s string) string {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		_ = e.Encode(s)
		return b.String()
	}},
	{"json in json", func(s string) string {
		b, _ := json.Marshal(s)
		b, _ = json.Marshal(string(b))
		return string(b)
	}},
	{"json, slashes escaped", func(s string) string {
		b, _ := json.Marshal(s)
		return strings.ReplaceAll(string(b), "/", `\/`)
	}},
	{"json in ascii", func(s string) string { return strconv.QuoteToASCII(s) }},
	{"json of other languages", func(s string) string { // é and 𝄞 as Python and JavaScript write them
		var b strings.Builder
		for _, half := range utf16.Encode([]rune(s)) {
			fmt.Fprintf(&b, `\u%04X`, half)
		}
		return b.String()
	}},
	{"every byte of a c string", func(s string) string { return eachByte(`\x%02x`, s) }},
	{"go", func(s string) string { return fmt.Sprintf("%q", s) }},
	{"html", html.EscapeString},
	{"json in a query", func(s string) string { b, _ := json.Marshal(s); return url.QueryEscape(string(b)) }},
	{"json in json in a query", func(s string) string {
		b, _ := json.Marshal(s)
		b, _ = json.Marshal(string(b))
		return url.QueryEscape(string(b))
	}},
	{"hex", func(s string) string { return hex.EncodeToString([]byte(s)) }},
	{"HEX", func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) }},
	{"base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
	{"base64 without padding", func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) }},
	{"base64 for urls", func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) }},
	{"base64 for urls without padding", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }},
	{"base64 in a query", func(s string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(s))) }},
	{"base64 in json, slashes escaped", func(s string) string {
		return strings.ReplaceAll(base64.StdEncoding.EncodeToString([]byte(s)), "/", `\/`)
	}},
}

func eachByte(format, s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i:], strings.ToLower(string(b[i:i+3])))
		}
	}
	return string(b)
}

// checkMasked fails if the secret survives, in a text that holds it between
// before and after.
func checkMasked(t *testing.T, r *Redactor, secret, before, after string) {
	t.Helper()
	for _, w := range writings {
		for _, text := range []string{
			w.write(before + secret + after),       // escaped with its surroundings
			before + w.write(secret) + " " + after, // escaped alone
		} {
			got := r.String(text)
			if got == text || !strings.Contains(got, maskText) {
				t.Errorf("%s: %q shows %q", w.name, got, secret)
			}
			for _, other := range writings {
				form := strings.Trim(other.write(secret), "\"\n=\\")
				if len(form) >= len(secret) && strings.Contains(got, form) {
					t.Errorf("%s: %q shows %q as %s", w.name, got, secret, other.name)
				}
			}
		}
	}
}

func TestNoFormOfASecretSurvives(t *testing.T) {
	for _, secret := range []string{
		"EAABsbCS1234ZC", "ya29.a0Af_by-VQ", "1//0gFakeRefresh", "abcd", "123456",
		`p"a\ss<w>&o'rd`, "a b+c/d?e=f#g%h", "tab\tnewline\nend", "pässwörd-€-𝄞", "%41%42%43", `\\back\\slash\\`, `\n\u0041`,
		"3b9f0c6a1e", "\xff\xfe-not-utf8", "c2VjcmV0LXZhbHVl", "++++", "    spaces    in    ", "==a==", "ends with quote\"",
	} {
		t.Run(secret, func(t *testing.T) {
			r := NewRedactor(secret)
			secret := strings.TrimSpace(secret)
			for _, around := range [][2]string{{"", ""}, {"a", ""}, {"ab", "z"}, {"client-id:", ""}, {"x=1&token=", "&y=2"}, {`{"message":"invalid `, `"}`}} {
				if !utf8.ValidString(secret) {
					// JSON and Go write such bytes as U+FFFD: what comes out is no longer the secret.
					got := r.String(around[0] + secret + around[1] + url.QueryEscape(secret) + hex.EncodeToString([]byte(secret)))
					if want := around[0] + maskText + around[1] + maskText + maskText; strings.Contains(got, secret) || len(got) > len(want) {
						t.Errorf("%q shows the secret", got)
					}
					continue
				}
				checkMasked(t, r, secret, around[0], around[1])
			}
		})
	}
}

func FuzzNoFormOfASecretSurvives(f *testing.F) {
	f.Add("EAABsbCS", "id:", "&x=1")
	f.Add(`p"a\s/s%25`, `\`, `\`)
	f.Add("%252541+ +", "%", "25")
	f.Add("deadBEEF", "x", "")
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		secret = strings.TrimSpace(secret)
		if len(secret) > 64 || len(before) > 64 || len(after) > 64 {
			t.Skip() // a long secret that repeats itself takes quadratic time; none does
		}
		if len(secret) < minSecret || !utf8.ValidString(secret) || !utf8.ValidString(before) || !utf8.ValidString(after) || strings.ContainsRune(secret, '*') {
			t.Skip()
		}
		checkMasked(t, NewRedactor(secret), secret, before, after)
	})
}

func TestMasking(t *testing.T) {
	for _, tt := range []struct {
		name    string
		secrets []string
		text    string
		want    string
	}{
		{"nothing known", nil, "token hunter22", "token hunter22"},
		{"nothing there", []string{"hunter22"}, "100% of a+b & c\\d", "100% of a+b & c\\d"},
		{"everywhere", []string{"hunter22"}, "hunter22, hunter22", "***, ***"},
		{"inside a word", []string{"hunter22"}, "xhunter22y", "x***y"},
		{"longer first", []string{"hunter22", "hunter22-and-more"}, "hunter22-and-more hunter22", "*** ***"},
		{"overlapping", []string{"abcdef", "defghi"}, "<abcdefghi>", "<***>"},
		{"one inside the other", []string{"bcde", "abcdef"}, "<abcdef>", "<***>"},
		{"case matters", []string{"hunter22"}, "HUNTER22", "HUNTER22"},
		{"but not of hex", []string{"3b9f0c6a1e"}, "3B9F0c6A1E", "***"},
		{"too short", []string{"abc", "", "  ab  "}, "abc ab", "abc ab"},
		{"four is enough", []string{"abcd"}, "abcd", "***"},
		{"white space of a file", []string{" hunter22\n"}, "hunter22!", "***!"},
		{"basic authentication", []string{"hunter22"}, "Basic " + base64.StdEncoding.EncodeToString([]byte("id:hunter22")), "Basic aWQ6***"},
		{"the pair itself", []string{"id:hunter22"}, "Basic " + base64.StdEncoding.EncodeToString([]byte("id:hunter22")), "Basic ***"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := NewRedactor(tt.secrets...)
			if diff := cmp.Diff(tt.want, r.String(tt.text)); diff != "" {
				t.Errorf("String (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, string(r.Bytes([]byte(tt.text)))); diff != "" {
				t.Errorf("Bytes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNoRedactor(t *testing.T) {
	for _, r := range []*Redactor{nil, {}} {
		if got := r.String("hunter22"); got != "hunter22" {
			t.Errorf("String = %q", got)
		}
	}
	var none *Redactor
	none.Add("hunter22")
}

func TestRedactorURL(t *testing.T) {
	r := NewRedactor("hunter22")
	for _, tt := range []struct{ url, want string }{
		{"https://api.example/v1/members", "https://api.example/v1/members"},
		{"https://api.example/m?email=ada%40x.example&limit=5&flag&empty=", "https://api.example/m?email=***&limit=***&***&empty=***"},
		{"https://ada:pw@api.example/hunter22/x?hunter22=1#access_token=abc", "https://api.example/***/x?***=***#***"},
		{"https://api.example/Users/hunter%32%32", "https://api.example/Users/***"},
		{"https://api.example/?", "https://api.example/"},
	} {
		u, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.URL(u); got != tt.want {
			t.Errorf("URL(%s) = %s, want %s", tt.url, got, tt.want)
		}
	}
}

func TestAddAuthorization(t *testing.T) {
	r := NewRedactor()
	req := &http.Request{Header: http.Header{}}
	req.SetBasicAuth("client", "hunter22")
	r.addAuthorization(req.Header.Get("Authorization"))
	r.addAuthorization("Bearer token-123")
	r.addAuthorization("")
	text := req.Header.Get("Authorization") + " hunter22 token-123 client"
	if got, want := r.String(text), "Basic *** *** *** client"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRedactorIsSafeForConcurrentUse(t *testing.T) {
	r := NewRedactor("hunter22")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 20 {
				r.Add(fmt.Sprintf("secret-%d-%d", i, j))
				if got := r.String("hunter22"); got != "***" {
					t.Errorf("String = %q", got)
				}
			}
		})
	}
	all.Wait()
	if got := r.String("secret-7-19"); got != "***" {
		t.Errorf("String = %q", got)
	}
}

func BenchmarkRedactor(b *testing.B) {
	r := NewRedactor("EAABsbCS1234ZC", "ya29.a0Af_by-VQ", "1//0gFakeRefresh", "3b9f0c6a1e", "hunter22", "client-secret")
	text := strings.Repeat(`{"id":"122100000000001","name":"Ada Diaz","next":"https%3A%2F%2Fx.example%2F%3Fa%3Db"}`, 12)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		_ = r.String(text)
	}
}
