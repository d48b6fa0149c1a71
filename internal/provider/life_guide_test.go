package provider_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
)

// The guide of a membership's life has every status and no other, and its table
// of the platforms is what their drivers say.
func TestMembershipGuide(t *testing.T) {
	const file = "../../templates/guides/membership.md.tmpl"
	const begin, end = "-update -->\n", "<!-- end -->"
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	guide := string(content)

	_, states, _ := strings.Cut(guide, "\n## The states\n")
	states, _, _ = strings.Cut(states, "\n\nAnd what is no status")
	rows := 0
	for _, line := range strings.Split(states, "\n") {
		if strings.HasPrefix(line, "| `") {
			rows++
		}
	}
	for _, s := range hub.Statuses() {
		if !strings.Contains(states, "\n| `"+string(s)+"` | ") {
			t.Errorf("the table of the states has no row for %s", s)
		}
	}
	if want := len(hub.Statuses()) + 1; rows != want { // and the heading
		t.Errorf("the table of the states has %d rows, want %d: a status that is none", rows, want)
	}

	before, rest, ok := strings.Cut(guide, begin)
	table, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table of the platforms, between %q and %q", file, begin, end)
	}
	want := platformTable()
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, table); diff != "" {
		t.Errorf("the table of the platforms is not what the drivers say (-want +got; run with -update to take it over):\n%s", diff)
	}
}

// platformTable is what a membership's life differs in between platforms.
func platformTable() string {
	var b strings.Builder
	b.WriteString("| platform | states | the role of an invitation changes | an invitation stands | a secondary role is | a removal leaves |\n|---|---|---|---|---|---|\n")
	for _, d := range all.Drivers() {
		p := d.Platform
		var statuses []string
		for _, s := range p.Statuses {
			statuses = append(statuses, "`"+string(s)+"`")
		}
		if p.InvitationLife > 0 && !has(hub.StatusExpired)(p) {
			// The platform lists it no more, and its date is known.
			statuses = append(statuses, "`"+string(hub.StatusExpired)+"` by its date")
		}
		fmt.Fprintf(&b, "| [`%s`](%s.md) | %s | %s | %s | %s | %s |\n", p.Name, p.Name, strings.Join(statuses, ", "),
			invitedRoleWords(p), lifeWords(p), secondaryWords(p), leftWords(p))
	}
	return b.String()
}

func invitedRoleWords(p hub.Platform) string {
	if !invites(p) {
		return "no invitations are told"
	}
	switch p.Capabilities.Of(hub.OpChangeInvitedRole) {
	case hub.Supported:
		return "in place"
	case hub.ByReinvite:
		return "by withdrawing it and sending another one, which the plan says"
	case hub.AfterAcceptance:
		return "not before it is accepted, which the plan says"
	default:
		return "by a person"
	}
}

func lifeWords(p hub.Platform) string {
	switch {
	case !invites(p):
		return ""
	case p.InvitationLife == 0:
		return "as long as the platform likes: it does not say"
	default:
		return fmt.Sprintf("%d days", int(p.InvitationLife/(24*time.Hour)))
	}
}

func secondaryWords(p hub.Platform) string {
	grant, revoke := p.Capabilities.Of(hub.OpGrantRole), p.Capabilities.Of(hub.OpRevokeRole)
	switch {
	case grant == hub.Supported && revoke == hub.Supported:
		return "given and taken by apply"
	case grant == hub.Supported:
		return "given by apply, taken by a person"
	case len(p.RoleIDs(hub.Secondary)) == 0 && len(p.Roles) > 0:
		return "unknown there"
	default:
		return "given and taken by a person"
	}
}

func leftWords(p hub.Platform) string {
	if p.Suspends {
		return "perhaps a suspended seat, which counts as gone"
	}
	return "nothing"
}
