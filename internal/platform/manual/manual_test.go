package manual

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

var figma = hub.Ref{Platform: Name, BusinessID: "figma"}

// open writes an export and connects to it.
func open(t *testing.T, export string) (*Connector, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "members.csv")
	if err := os.WriteFile(file, []byte(export), 0o600); err != nil {
		t.Fatal(err)
	}
	return connect(t, file), file
}

func connect(t *testing.T, file string) *Connector {
	t.Helper()
	c, err := New(hub.Options{Name: "figma", Settings: map[string]string{"roster_file": file, "admin_url": "https://figma.example/admin/people"}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The same two people, in the forms that apps and spreadsheets write.
func TestMembers_forms(t *testing.T) {
	want := []hub.Member{
		{ID: "u1", Email: "ada@northwind.example", Name: "Ada, Diaz", Role: "Owner", Status: hub.StatusActive},
		{ID: "u2", Email: "bo@northwind.example", Name: "Bo \"B\" Chen", Role: "Viewer", Status: hub.StatusInvited},
	}
	const rows = "\n\"Ada, Diaz\",Ada@Northwind.example,Owner,Active,u1\n\"Bo \"\"B\"\" Chen\",bo@northwind.example,Viewer,Invite sent,u2\n"
	const plain = "Name,Email,Role,Status,ID" + rows
	swap := func(separator string) string {
		kept := strings.NewReplacer("Ada, Diaz", "Ada| Diaz", ",", separator).Replace(plain)
		return strings.ReplaceAll(kept, "Ada| Diaz", "Ada, Diaz")
	}
	for name, export := range map[string]string{
		"comma":                    plain,
		"semicolon":                swap(";"),
		"tab":                      swap("\t"),
		"byte order mark":          "\ufeff" + plain,
		"a separator line":         "sep=;\n" + swap(";"),
		"CRLF and no last newline": strings.TrimSuffix(strings.ReplaceAll(plain, "\n", "\r\n"), "\r\n"),
		"blank rows":               strings.ReplaceAll(plain, "u1\n", "u1\n\n,,,,\n"),
		"other headings":           "Full name,E-Mail address,Workspace role,Account status,User ID" + rows,
		"columns roster ignores":   strings.NewReplacer("ID\n", "ID,Last seen\n", "u1\n", "u1,yesterday\n", "u2\n", "u2,\n").Replace(plain),
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := open(t, export)
			got, err := c.Members(t.Context(), figma)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmp.Transformer("fold", func(m hub.Member) hub.Member { m.Email = hub.FoldEmail(m.Email); return m })); diff != "" {
				t.Errorf("members differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMembers_statuses(t *testing.T) {
	for word, want := range map[string]hub.Status{
		"": hub.StatusActive, "ACTIVE": hub.StatusActive, "Invite-Sent": hub.StatusInvited, "pending": hub.StatusInvited, "Deactivated": hub.StatusSuspended,
		"expired": hub.StatusExpired, "on holiday": hub.StatusUnknown,
	} {
		c, _ := open(t, "email,status\nada@northwind.example,"+word+"\n")
		got, err := c.Members(t.Context(), figma)
		if err != nil || got[0].Status != want {
			t.Errorf("status %q is %v (%v), want %s", word, got, err, want)
		}
	}
}

// What leaves a doubt about who is in the app is an error that says where.
func TestMembers_doubts(t *testing.T) {
	for name, test := range map[string]struct{ export, want string }{
		"empty":                  {"", "it is empty"},
		"white space":            {" \n\n", "it is empty"},
		"a header alone":         {"email,role\n", "nobody below it"},
		"no e-mail column":       {"Name,Role\nAda,Owner\n", `line 1: no column holds the e-mail address: the headings are "Name", "Role"`},
		"two e-mail columns":     {"Email,E-mail\na@b.example,a@b.example\n", `line 1: the heading "Email" is there twice (columns 1 and 2)`},
		"a row cut off":          {"email,role,status\nada@northwind.example,Owner,active\nbo@northwind.example,Vi", "line 3: it has 2 fields, and the header has 3: the file is cut off"},
		"a quote cut off":        {"email,name\nada@northwind.example,Ada\nbo@northwind.example,\"Bo Ch", "line 3: a quoted field is never closed"},
		"a person twice":         {"email\nada@northwind.example\nbo@northwind.example\nADA@northwind.example\n", "line 4: ada@northwind.example is there twice, first on line 2"},
		"an id twice":            {"email,id\nada@northwind.example,7\nbo@northwind.example,7\n", "line 3: the id 7 is there twice, first on line 2"},
		"not an address":         {"email,role\nada@northwind.example,Owner\nViewer,bo@northwind.example\n", "line 3: \"viewer\" is not an e-mail address"},
		"nobody's row":           {"email,role\nada@northwind.example,Owner\n,Owner\n", "line 3: the row has no e-mail address and no name"},
		"UTF-16":                 {"\xff\xfee\x00m\x00", "it is UTF-16"},
		"Latin-1":                {"email,name\nada@northwind.example,Ad\xe8le\n", "line 2: it is not UTF-8"},
		"another delimiter":      {"email|role\nada@northwind.example|Owner\n", `the headings are "email|role"`},
		"a web page, signed out": {"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", "no column holds the e-mail address"},
	} {
		t.Run(name, func(t *testing.T) {
			c, file := open(t, test.export)
			members, err := c.Members(t.Context(), figma)
			if err == nil {
				t.Fatalf("read as %+v", members)
			}
			fault := c.Explain(err)
			if fault.Reason != hub.ReasonInvalidInput || !strings.Contains(fault.Detail, test.want) || !strings.Contains(fault.Detail, file) {
				t.Errorf("fault = %+v, want %s with %q and the file's name", fault, hub.ReasonInvalidInput, test.want)
			}
		})
	}
}

func TestMembers_noFile(t *testing.T) {
	c := connect(t, filepath.Join(t.TempDir(), "nowhere.csv"))
	_, err := c.Members(t.Context(), figma)
	if fault := c.Explain(err); fault.Reason != hub.ReasonNotFound || !strings.Contains(fault.Detail, "There is no file") || !strings.Contains(fault.Detail, "nowhere.csv") {
		t.Errorf("fault = %+v", fault)
	}
	if _, err := c.Lookup(t.Context(), figma, hub.Key{Email: "ada@northwind.example"}); errors.Is(err, hub.ErrAbsent) || err == nil {
		t.Errorf("a look-up without a file says %v: absence is a certainty there is none of", err)
	}
	if _, err := c.Members(t.Context(), hub.Ref{Platform: Name, BusinessID: "miro"}); err == nil {
		t.Error("one app's export was read for another app")
	}
}

// A person exports again while Terraform waits at its prompt: the next question
// is answered from the new file.
func TestLookup_readsAnew(t *testing.T) {
	c, file := open(t, "email,role\nada@northwind.example,Owner\n")
	bo := hub.Key{Email: "bo@northwind.example"}
	if _, err := c.Lookup(t.Context(), figma, bo); !errors.Is(err, hub.ErrAbsent) {
		t.Fatalf("bo: %v", err)
	}
	if err := os.WriteFile(file, []byte("email,role\nada@northwind.example,Owner\nBo@northwind.example,Viewer\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if m, err := c.Lookup(t.Context(), figma, bo); err != nil || m.Role != "Viewer" {
		t.Errorf("bo = %+v (%v)", m, err)
	}
	if m, err := c.Lookup(t.Context(), figma, hub.Key{ID: "bo@northwind.example"}); err != nil || m.Role != "Viewer" {
		t.Errorf("bo by id = %+v (%v)", m, err)
	}
}

func TestWrites_areAPersons(t *testing.T) {
	c, file := open(t, "email\nada@northwind.example\n")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, addErr := c.Add(t.Context(), figma, hub.Add{Email: "bo@northwind.example"})
	for task, err := range map[string]error{
		"add":         addErr,
		"change role": c.ChangeRole(t.Context(), figma, hub.Member{}, hub.RoleChange{Role: "Owner"}),
		"remove":      c.Remove(t.Context(), figma, hub.Member{}),
	} {
		fault := c.Explain(err)
		if fault.Reason != hub.ReasonUnsupported || !strings.Contains(fault.Detail, "export the members again to "+file) {
			t.Errorf("%s: %+v", task, fault)
		}
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("the export was written: %q (%v)", after, err)
	}
}

func TestVerify_oldExport(t *testing.T) {
	c, file := open(t, "email\nada@northwind.example\n")
	for age, notes := range map[time.Duration]int{0: 0, 29 * 24 * time.Hour: 0, 31 * 24 * time.Hour: 1} {
		if err := os.Chtimes(file, time.Now(), time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
		business, err := c.Verify(t.Context(), figma)
		if err != nil || len(business.Notes) != notes {
			t.Errorf("an export of %s: %+v (%v), want %d notes", age, business, err, notes)
		}
	}
}

func TestNew_settings(t *testing.T) {
	for name, test := range map[string]struct {
		settings map[string]string
		setting  string
	}{
		"no file":         {map[string]string{"roster_file": " "}, "roster_file"},
		"not a page":      {map[string]string{"roster_file": "m.csv", "admin_url": "figma"}, "admin_url"},
		"password in url": {map[string]string{"roster_file": "m.csv", "admin_url": "https://ada:hunter2-secret@figma.example"}, "admin_url"},
	} {
		_, err := New(hub.Options{Name: "figma", Settings: test.settings})
		var bad *hub.SettingError
		if !errors.As(err, &bad) || bad.Setting != test.setting || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := connect(t, "m.csv")
	if p := c.For(figma); p.AdminURL != "https://figma.example/admin/people" || p.Export != "m.csv" {
		t.Errorf("platform = %+v", p)
	}
}
