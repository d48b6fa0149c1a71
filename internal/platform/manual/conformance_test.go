package manual

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/platformtest"
)

const testApp = "figma"

// testRoles are the app's own words.
var testRoles = []hub.Role{
	{ID: "Viewer", Label: "Viewer", Kind: hub.Primary, Default: true},
	{ID: "Editor", Label: "Editor", Kind: hub.Primary},
	{ID: "Owner", Label: "Owner", Kind: hub.Primary, Admin: true},
}

// TestConformance runs the suite over exports with an id column and without one:
// by its id somebody is found whose address is another now, and without ids the
// address has to do.
func TestConformance(t *testing.T) {
	for name, form := range map[string]form{
		"with ids":        {headings: []string{"Name", "Email", "Role", "Status", "ID"}, separator: ','},
		"addresses alone": {headings: []string{"Status", "E-mail address", "Seat type"}, separator: ';'},
	} {
		t.Run(name, func(t *testing.T) { platformtest.Run(t, subject(form)) })
	}
}

func subject(form form) platformtest.Subject {
	return platformtest.Subject{
		Driver:   Driver(),
		Name:     testApp,
		Settings: map[string]string{settingFile: "members.csv", settingAdminURL: "https://figma.example/admin/people"},
		Roles:    testRoles,
		// A file that breaks off is one to export again.
		CutReason: hub.ReasonInvalidInput,
		Without: []platformtest.Cause{
			platformtest.TokenInvalid, // a file asks for no token
			platformtest.TokenExpired, // an old export is a note of Verify's, see TestVerify_oldExport
			platformtest.NotAdmin,     // roster is nobody in the app
			platformtest.SecondFactor, // nor is it asked for one
			platformtest.Blocked,      // nor blocked

			platformtest.HubFull,         // nobody is added by roster
			platformtest.HeldForApproval, // roster asks for nothing that could be held
			platformtest.JobFails,        // and begins nothing
			platformtest.HalfAdded,       // nor does it leave anything half done

			platformtest.Throttled,      // a file is read as often as one likes
			platformtest.Down,           // there is no server; a page instead of an export is in TestMembers_doubts
			platformtest.Stalled,        // a file on this machine answers
			platformtest.InvitationsCut, // invitations are in the one list: see MembersCut

			platformtest.LostBefore,      // no write is sent
			platformtest.LostAfter,       // so none is lost
			platformtest.LostAfterAlways, // nor unanswered
		},
		Open: func(t platformtest.TB) *platformtest.Fixture {
			// Not testing.T.TempDir: TB is the suite's own.
			folder, err := os.MkdirTemp("", "roster-manual-")
			if err != nil {
				t.Fatalf("a folder for the export: %v", err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(folder) })
			log := new(platformtest.Log)
			world := &world{file: filepath.Join(folder, "members.csv"), form: form}
			c, err := New(hub.Options{Name: testApp, Settings: map[string]string{settingFile: world.file}, Logger: log.Logger()})
			if err != nil {
				t.Fatalf("open: %v", err)
			}
			c.open = world.open
			// An app has one member at least, and an export without anybody is cut off.
			if err := world.Act(platformtest.Act{Kind: platformtest.Join, Email: "founder@northwind.example", Role: "Owner"}); err != nil {
				t.Fatalf("world: %v", err)
			}
			return &platformtest.Fixture{
				Connector: c,
				Hub:       hub.Ref{Platform: Name, BusinessID: testApp},
				NoHub:     hub.Ref{Platform: Name, BusinessID: "miro"},
				World:     world,
				// A file has no pages: as many people as make a list long.
				Page: 10,
				Log:  log,
			}
		},
	}
}

// form is how an app writes its exports.
type form struct {
	headings  []string
	separator rune
}

// world is an app without an API. Its people act on its own screens, and
// somebody exports the members after each act.
type world struct {
	file string
	form form

	mu     sync.Mutex
	people []hub.Member
	lastID int
	// written is the export as it was last written here: any other content is
	// roster's doing.
	written []byte
	opened  int
	writes  int
	met     int

	forbidden, cut bool
	accepting      string // who accepts once the export has been opened
}

// open is the way to the export, in place of os.Open.
func (w *world) open(name string) (fs.File, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opened++
	if w.forbidden { // not by the file's mode: these tests may run as root
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	if w.cut {
		w.met++
	}
	file, err := openFile(name)
	if email := w.accepting; email != "" && err == nil {
		w.accepting = ""
		if err := w.act(platformtest.Act{Kind: platformtest.Accept, Email: email}); err != nil {
			return nil, err
		}
	}
	return file, err
}

// People implements platformtest.World.
func (w *world) People() ([]hub.Member, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	people := slices.Clone(w.people)
	for i := range people {
		if !slices.Contains(w.form.headings, "ID") {
			people[i].ID = "" // the app's own secret
		}
	}
	return people, nil
}

// Requests implements platformtest.World. A request is an opening of the
// export; a write, anything found in its folder that was not put there here.
func (w *world) Requests() platformtest.Requests {
	w.mu.Lock()
	defer w.mu.Unlock()
	entries, dirErr := os.ReadDir(filepath.Dir(w.file))
	found, err := os.ReadFile(w.file)
	if dirErr != nil || err != nil || len(entries) != 1 || !bytes.Equal(found, w.written) {
		w.writes++
	}
	return platformtest.Requests{All: w.opened + w.writes, Writes: w.writes}
}

// Met implements platformtest.World.
func (w *world) Met() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.met
}

// Bring implements platformtest.World.
func (w *world) Bring(trouble platformtest.Trouble) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch trouble.Cause {
	case platformtest.PermissionMissing:
		w.forbidden = true
	case platformtest.AcceptedMidway: // somebody exports while roster reads
		w.accepting = trouble.Email
	case platformtest.MembersCut: // a download that broke off in its last row
		w.cut = true
		return w.export()
	default:
		return errors.New("a file has no such cause")
	}
	return nil
}

// Act implements platformtest.World.
func (w *world) Act(a platformtest.Act) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.act(a)
}

func (w *world) act(a platformtest.Act) error {
	i := slices.IndexFunc(w.people, func(p hub.Member) bool { return strings.EqualFold(p.Email, a.Email) })
	arrives := a.Kind == platformtest.Join || a.Kind == platformtest.Invite
	if arrives != (i < 0) {
		return fmt.Errorf("%s cannot %s: there already: %t", a.Email, a.Kind, i >= 0)
	}
	switch a.Kind {
	case platformtest.Join, platformtest.Invite:
		status := hub.StatusActive
		if a.Kind == platformtest.Invite {
			status = hub.StatusInvited
		}
		w.lastID++
		w.people = append(w.people, hub.Member{ID: fmt.Sprintf("u%d", w.lastID), Email: a.Email, Name: `Person "` + a.Email + `", ` + a.Role, Role: a.Role, Status: status})
	case platformtest.Accept:
		w.people[i].Status = hub.StatusActive
	case platformtest.Expire:
		w.people[i].Status = hub.StatusExpired
	case platformtest.SetRole:
		w.people[i].Role = a.Role
	case platformtest.Decline, platformtest.Leave: // and is in no export any more
		w.people = slices.Delete(w.people, i, i+1)
	default:
		return fmt.Errorf("nobody can %q", a.Kind)
	}
	return w.export()
}

// inTheApp is how an app puts a status.
var inTheApp = map[hub.Status]string{hub.StatusActive: "Active", hub.StatusInvited: "Invite sent", hub.StatusExpired: "Invite expired"}

// export writes the members as the app would, in one go: whoever has the last
// export open goes on reading that one.
func (w *world) export() error {
	var text bytes.Buffer
	rows := csv.NewWriter(&text)
	rows.Comma = w.form.separator
	if err := rows.Write(w.form.headings); err != nil {
		return err
	}
	for _, p := range w.people {
		fields := map[string]string{
			"Name": p.Name, "Email": p.Email, "E-mail address": p.Email, "Role": p.Role, "Seat type": p.Role, "Status": inTheApp[p.Status], "ID": p.ID,
		}
		var row []string
		for _, heading := range w.form.headings {
			row = append(row, fields[heading])
		}
		if err := rows.Write(row); err != nil {
			return err
		}
	}
	rows.Flush()
	w.written = text.Bytes()
	if w.cut {
		last := bytes.LastIndexByte(w.written, byte(w.form.separator))
		w.written = w.written[:last]
	}
	next := w.file + ".part"
	if err := os.WriteFile(next, w.written, 0o600); err != nil {
		return err
	}
	return os.Rename(next, w.file)
}
