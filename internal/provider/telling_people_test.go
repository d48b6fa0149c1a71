//go:build unix

package provider_test

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	neturl "net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/notify"
)

// tellingPeople is the guide of that name: two applies, and what the log then has
// to say.
func tellingPeople(g *guide) {
	g.next("terraform apply", 0)
	g.scene.fault(forbidden())()
	g.next(`terraform apply -var 'people={"ada@northwind.example"="ADMIN","gia@northwind.example"="EMPLOYEE"}'`, 1)
	if log := g.read("roster-tasks.jsonl"); strings.Count(log, "\n") != 4 {
		g.t.Errorf("four tasks have ended, and the log is\n%s", log)
	}
	if _, err := exec.LookPath("jq"); err != nil {
		g.t.Logf("jq is not on this machine: %d commands of the guide are not run", len(g.left))
		g.left = nil
		return
	}
	for len(g.left) > 0 {
		if !strings.HasPrefix(g.left[0].command, "jq ") {
			g.t.Fatalf("the guide goes on with %q, which is no question to the log", g.left[0].command)
		}
		g.next(g.left[0].command, 0)
	}
}

// tellingTable reads the names in the first column of the guide's table under
// this heading.
func tellingTable(t *testing.T, heading string) []string {
	t.Helper()
	page, err := os.ReadFile("../../templates/guides/telling-people.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(page), "\n| "+heading+" |")
	if !found {
		t.Fatalf("the guide has no table %q", heading)
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var names []string
	for line := range strings.Lines(table) {
		cell, ok := strings.CutPrefix(line, "| ")
		if !ok {
			continue // the rest of the heading, and the rule below it
		}
		cell, _, _ = strings.Cut(cell, " | ")
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
			names = append(names, name[1])
		}
	}
	return names
}

// The guide's tables have every field of the task log, every outcome and every
// key of a webhook's body, and none that is not there.
func TestTellingPeople_tables(t *testing.T) {
	var fields []string
	record := reflect.TypeFor[engine.Record]()
	for i := range record.NumField() {
		name, _, _ := strings.Cut(record.Field(i).Tag.Get("json"), ",")
		fields = append(fields, name)
	}
	var outcomes []string
	for _, o := range engine.Outcomes() {
		outcomes = append(outcomes, string(o))
	}
	var keys []string
	in := newInbox(t)
	tell(t, in.url, hookSecret, "Bo keeps the seat")
	for key := range in.posts[0] {
		keys = append(keys, key)
	}
	for heading, want := range map[string][]string{"field": fields, "`outcome` | what it means": outcomes, "key": keys} {
		got := tellingTable(t, heading)
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the table %q differs from what roster writes (-roster +guide):\n%s", heading, diff)
		}
	}
}

// tell sends a message as an apply would.
func tell(t *testing.T, url, secret, summary string) (problems []error) {
	t.Helper()
	channel, err := notify.Webhook{URL: hub.Secret(url), Secret: hub.Secret(secret)}.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return notify.New(channel).Send(t.Context(), notify.Message{
		Time: time.Now(), Summary: summary, Detail: "  1. Open it.",
		Task: hub.Task{Kind: hub.TaskRemove, Email: "bo@northwind.example"},
	})
}

// The values that the guide gives to try a receiver with are right.
func TestTellingPeople_vector(t *testing.T) {
	page, err := os.ReadFile("../../templates/guides/telling-people.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	value := func(name string) string {
		t.Helper()
		m := regexp.MustCompile(`(?m)^\| ` + name + " \\| `([^`]+)` \\|$").FindStringSubmatch(string(page))
		if m == nil {
			t.Fatalf("the guide gives no %s", name)
		}
		return m[1]
	}
	mac := hmac.New(sha256.New, []byte(value("secret")))
	mac.Write([]byte(value("`X-Roster-Timestamp`") + "." + value("body")))
	if want := "v1=" + hex.EncodeToString(mac.Sum(nil)); value("`X-Roster-Signature`") != want {
		t.Errorf("the signature is %s", want)
	}
}

// The receiver of the example takes what roster sends, once, and nothing else.
func TestTellingPeople_receiver(t *testing.T) {
	program := filepath.Join(t.TempDir(), "receiver")
	build := exec.Command("go", "build", "-o", program, "receiver.go")
	build.Dir = filepath.Join(examplesDir, "telling-people")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), program, "127.0.0.1:0")
	cmd.Env = []string{"ROSTER_WEBHOOK_SECRET=" + hookSecret}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(stdout)
	said := func() string {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("the receiver says nothing more: %v", lines.Err())
		}
		return lines.Text()
	}
	_, url, found := strings.Cut(said(), "listening on ")
	if !found {
		t.Fatal("the receiver does not say where it listens")
	}

	// What roster sends goes through a proxy that keeps it, to be sent anew.
	kept := keeper(t, url)
	if problems := tell(t, kept.url, hookSecret, "Bo keeps the seat"); len(problems) > 0 {
		t.Errorf("the receiver does not take a message: %v", problems)
	}
	if got := said(); got != "Bo keeps the seat" {
		t.Errorf("the receiver prints %q", got)
	}
	if problems := tell(t, url, hookSecret+"x", "A stranger's"); len(problems) != 1 || !strings.Contains(problems[0].Error(), "401") {
		t.Errorf("a message signed with another secret: %v", problems)
	}
	for name, tt := range map[string]struct {
		change func(*http.Request, []byte) []byte
		status int
	}{
		"again":         {func(_ *http.Request, b []byte) []byte { return b }, http.StatusNoContent},
		"another body":  {func(_ *http.Request, b []byte) []byte { return bytes.Replace(b, []byte("bo@"), []byte("al@"), 1) }, http.StatusUnauthorized},
		"not signed":    {func(r *http.Request, b []byte) []byte { r.Header.Del("X-Roster-Signature"); return b }, http.StatusUnauthorized},
		"an hour ago":   {func(r *http.Request, b []byte) []byte { return signed(r, b, time.Now().Add(-time.Hour)) }, http.StatusUnauthorized},
		"an hour ahead": {func(r *http.Request, b []byte) []byte { return signed(r, b, time.Now().Add(time.Hour)) }, http.StatusUnauthorized},
		"signed anew":   {func(r *http.Request, b []byte) []byte { return signed(r, b, time.Now()) }, http.StatusNoContent},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = kept.header.Clone()
		body := tt.change(request, kept.body)
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != tt.status {
			t.Errorf("%s: the receiver answers %d, want %d", name, answer.StatusCode, tt.status)
		}
	}
	// The repeats above have left nothing: what is printed next is the next message.
	if problems := tell(t, url, hookSecret, "Cleo keeps the seat"); len(problems) > 0 {
		t.Error(problems)
	}
	for range 2 { // the rest of the first message
		said()
	}
	if got := said(); got != "Cleo keeps the seat" {
		t.Errorf("after repeats the receiver prints %q", got)
	}
}

// signed signs a body by the words of the guide.
func signed(r *http.Request, body []byte, at time.Time) []byte {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write([]byte(timestamp + "." + string(body)))
	r.Header.Set("X-Roster-Timestamp", timestamp)
	r.Header.Set("X-Roster-Signature", "v1="+hex.EncodeToString(mac.Sum(nil)))
	return body
}

// kept is a post on its way.
type kept struct {
	url    string
	header http.Header
	body   []byte
}

// keeper passes one post on, and keeps it.
func keeper(t *testing.T, to string) *kept {
	t.Helper()
	target, err := neturl.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	k := &kept{}
	onward := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.header = r.Header.Clone()
		if k.body, err = io.ReadAll(r.Body); err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(k.body))
		onward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	k.url = server.URL + "/"
	return k
}
