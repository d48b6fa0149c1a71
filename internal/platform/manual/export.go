package manual

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Bounds of an export. The largest apps have tens of thousands of members.
const (
	maxBytes = 64 << 20
	maxRows  = 500_000
)

// exportError is what is wrong with an export, and where.
type exportError struct {
	file    string
	line    int // 0: the file as a whole
	problem string
}

func (e *exportError) Error() string {
	if e.line == 0 {
		return fmt.Sprintf("%s: %s", e.file, e.problem)
	}
	return fmt.Sprintf("%s, line %d: %s", e.file, e.line, e.problem)
}

// column is one of the facts roster looks for.
type column string

const (
	colEmail  column = "e-mail"
	colRole   column = "role"
	colStatus column = "status"
	colName   column = "name"
	colID     column = "id"
)

// aliases are the headings under which apps export a column, the surer ones
// first. They are compared without case, spaces, hyphens and underscores.
// Source: the member exports of common seat-based apps, as their help pages show
// them; a heading that is not here can be renamed in the file.
var aliases = map[column][]string{
	colEmail:  {"email", "emailaddress", "useremail", "memberemail", "workemail", "primaryemail", "mail", "loginemail", "emails"},
	colRole:   {"role", "userrole", "memberrole", "workspacerole", "accountrole", "organizationrole", "orgrole", "teamrole", "accesslevel", "access", "permission", "permissions", "permissionlevel", "seattype", "seat", "usertype", "accounttype", "license", "plan"},
	colStatus: {"status", "userstatus", "memberstatus", "accountstatus", "invitationstatus", "state", "active", "isactive"},
	colName:   {"name", "fullname", "displayname", "username", "membername"},
	colID:     {"id", "userid", "memberid", "accountid"},
}

// statuses are the words apps write in a status column. Any other word is
// StatusUnknown: a guess here could hide a leaver.
var statuses = map[string]hub.Status{
	"": hub.StatusActive, "active": hub.StatusActive, "enabled": hub.StatusActive, "member": hub.StatusActive, "joined": hub.StatusActive,
	"accepted": hub.StatusActive, "confirmed": hub.StatusActive, "registered": hub.StatusActive, "true": hub.StatusActive, "yes": hub.StatusActive,
	"invited": hub.StatusInvited, "pending": hub.StatusInvited, "invitesent": hub.StatusInvited, "invitationsent": hub.StatusInvited,
	"pendinginvitation": hub.StatusInvited, "pendinginvite": hub.StatusInvited, "invitepending": hub.StatusInvited,
	"expired": hub.StatusExpired, "inviteexpired": hub.StatusExpired, "invitationexpired": hub.StatusExpired,
	"suspended": hub.StatusSuspended, "deactivated": hub.StatusSuspended, "disabled": hub.StatusSuspended, "inactive": hub.StatusSuspended,
	"blocked": hub.StatusSuspended, "archived": hub.StatusSuspended, "deprovisioned": hub.StatusSuspended, "false": hub.StatusSuspended, "no": hub.StatusSuspended,
}

// bare is a heading or a status without what apps vary.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t-_/.\u00a0", r) {
			return -1
		}
		return r
	}, strings.ToLower(strings.TrimSpace(s)))
}

// readExport reads everybody from an export, each person once. Whatever leaves a
// doubt about who is in it is an error: half a list would look like leavers.
func readExport(file string, in io.Reader) ([]hub.Member, error) {
	wrong := func(line int, format string, args ...any) error {
		return &exportError{file, line, fmt.Sprintf(format, args...)}
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", file, err)
	case len(raw) > maxBytes:
		return nil, wrong(0, "it is larger than %d MiB, which no member list is.", maxBytes>>20)
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}), bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		return nil, wrong(0, "it is UTF-16. Save it as CSV UTF-8.")
	}
	text := bytes.TrimPrefix(raw, []byte{0xef, 0xbb, 0xbf}) // spreadsheets write a byte order mark
	if line, ok := firstInvalid(text); !ok {
		return nil, wrong(line, "it is not UTF-8. Save the file as CSV UTF-8.")
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, wrong(0, "it is empty. An app has one member at least, so this is no export.")
	}

	separator, skipped := separatorOf(text)
	records := csv.NewReader(bytes.NewReader(text))
	records.Comma = separator
	records.FieldsPerRecord = -1 // counted here, to say what a short row means
	records.ReuseRecord = true
	for range skipped {
		if _, err := records.Read(); err != nil {
			return nil, syntaxError(file, err)
		}
	}
	header, err := records.Read()
	if err != nil {
		return nil, syntaxError(file, err)
	}
	headings := slices.Clone(header)
	at, err := columns(headings)
	if err != nil {
		line, _ := records.FieldPos(0)
		return nil, wrong(line, "%v", err)
	}

	var members []hub.Member
	emails, ids := map[string]int{}, map[string]int{}
	for {
		record, err := records.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, syntaxError(file, err)
		}
		line, _ := records.FieldPos(0)
		if blank(record) {
			continue
		}
		if len(record) != len(headings) {
			return nil, wrong(line, "it has %d fields, and the header has %d: the file is cut off or the row is damaged.", len(record), len(headings))
		}
		if len(members) == maxRows {
			return nil, wrong(line, "there are more than %d rows, which no member list has.", maxRows)
		}
		m, err := member(record, at)
		if err != nil {
			return nil, wrong(line, "%v", err)
		}
		if before := emails[m.Email]; m.Email != "" && before != 0 {
			return nil, wrong(line, "%s is there twice, first on line %d, and roster does not guess which row counts.", m.Email, before)
		}
		if before := ids[m.ID]; before != 0 {
			return nil, wrong(line, "the id %s is there twice, first on line %d.", m.ID, before)
		}
		emails[m.Email], ids[m.ID] = line, line
		members = append(members, m)
	}
	if len(members) == 0 {
		return nil, wrong(0, "it has a header and nobody below it. An app has one member at least, so the export is cut off.")
	}
	return members, nil
}

// firstInvalid is the line of the first byte that is not UTF-8.
func firstInvalid(text []byte) (line int, ok bool) {
	if utf8.Valid(text) {
		return 0, true
	}
	line = 1
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			return line, false
		case r == '\n':
			line++
		}
		text = text[size:]
	}
	return line, false
}

// separatorOf finds what separates the fields, by the header row: the separator
// under which it has the most columns. skipped is 1 when a line "sep=;" comes
// first, as spreadsheets write it.
func separatorOf(text []byte) (separator rune, skipped int) {
	header, _, _ := bytes.Cut(text, []byte("\n"))
	if name, found := bytes.CutPrefix(bytes.TrimSpace(header), []byte("sep=")); found && len(name) == 1 {
		return rune(name[0]), 1
	}
	separator, most := ',', 0
	for _, candidate := range []rune{',', ';', '\t'} {
		reader := csv.NewReader(bytes.NewReader(header))
		reader.Comma, reader.LazyQuotes = candidate, true
		if record, err := reader.Read(); err == nil && len(record) > most {
			separator, most = candidate, len(record)
		}
	}
	return separator, 0
}

// columns finds where each fact is. A heading that is there twice, and a missing
// e-mail column, leave a doubt.
func columns(headings []string) (map[column]int, error) {
	at := map[column]int{}
	for col, names := range aliases {
		for _, name := range names {
			var found []int
			for i, heading := range headings {
				if bare(heading) == name {
					found = append(found, i)
				}
			}
			if len(found) > 1 {
				return nil, fmt.Errorf("the heading %q is there twice (columns %d and %d)", strings.TrimSpace(headings[found[0]]), found[0]+1, found[1]+1)
			}
			if len(found) == 1 {
				at[col] = found[0]
				break
			}
		}
	}
	if _, ok := at[colEmail]; !ok {
		return nil, fmt.Errorf("no column holds the e-mail address: the headings are %s, and one has to be Email, E-mail address, User email or Mail", quoted(headings))
	}
	return at, nil
}

func quoted(headings []string) string {
	const most = 20
	var list []string
	for _, h := range headings[:min(len(headings), most)] {
		list = append(list, fmt.Sprintf("%q", strings.TrimSpace(h)))
	}
	if len(headings) > most {
		list = append(list, fmt.Sprintf("and %d more", len(headings)-most))
	}
	return strings.Join(list, ", ")
}

func blank(record []string) bool {
	return !slices.ContainsFunc(record, func(field string) bool { return strings.TrimSpace(field) != "" })
}

// member reads one row.
func member(record []string, at map[column]int) (hub.Member, error) {
	field := func(col column) string {
		i, ok := at[col]
		if !ok {
			return ""
		}
		return strings.TrimSpace(record[i])
	}
	m := hub.Member{Email: hub.FoldEmail(field(colEmail)), ID: field(colID), Role: field(colRole), Name: field(colName)}
	if m.Email == "" {
		if m.ID == "" && m.Name == "" {
			return m, errors.New("the row has no e-mail address and no name, so nobody can tell whose it is")
		}
	} else if err := hub.ValidEmail(m.Email); err != nil {
		return m, err
	}
	if m.ID == "" {
		m.ID = m.Email // the row's own key, where the app gives none
	}
	if m.ID == "" {
		m.ID = "name:" + m.Name
	}
	status, ok := statuses[bare(field(colStatus))]
	if !ok {
		status = hub.StatusUnknown
	}
	m.Status = status
	return m, nil
}

// syntaxError puts words to what encoding/csv found.
func syntaxError(file string, err error) error {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		return fmt.Errorf("read %s: %w", file, err)
	}
	problem := fmt.Sprintf("%v.", parse.Err)
	if errors.Is(parse.Err, csv.ErrQuote) {
		problem = "a quoted field is never closed, so the file is cut off; or a quotation mark inside one is not doubled."
	}
	return &exportError{file, parse.StartLine, problem}
}
