package provider

import (
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// claimHub is a claim on everybody of a hub: a MemberRef without an address.
const claimHub claim = "roster_hub_roster"

// rosters are what roster_hub_roster blocks have told in this walk, by hub.
type rosters struct {
	ignored map[hub.Ref][]string // folded patterns of whom the block leaves to others
	// jobs are those under way on the hub of a block that is being replaced.
	// Terraform plans the new one without the old one's private state, and shows
	// the new one's to Delete but not to Create. So the refresh leaves them to the
	// plan, the plan has them in private state for Delete, and Delete leaves them to
	// the second plan, within the apply, and to Create. A plan with -refresh=false loses them.
	jobs map[hub.Ref]rosterJobs
}

// layHub records a claim on a whole hub but for those whom ignore fits, which a
// second roster would contest, and so would a roster_hub_member.
func (c *claims) layHub(ref hub.Ref, ignore []string, fresh bool) diag.Diagnostics {
	if c.count(laid{hub.MemberRef{Hub: ref}, claimHub, fresh}) {
		return diag.Diagnostics{diag.NewErrorDiagnostic(
			fmt.Sprintf("Two resources claim everybody on %s", ref),
			"The configuration holds two roster_hub_roster blocks for this hub. Each would remove the people of the other: keep one of them.")}
	}
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rosters.ignored == nil {
		c.rosters.ignored = map[hub.Ref][]string{}
	}
	c.rosters.ignored[ref] = ignore
	var diags diag.Diagnostics
	for l := range maps.Keys(c.laid) {
		if l.claim == claimSeat && l.member.Hub == ref && !matchesAny(ignore, l.member.Email) {
			diags.Append(twoKinds(l.member))
		}
	}
	return diags
}

// layBeside says whether a roster_hub_member claims somebody whom a roster of
// this walk holds already. Whichever of the two is planned second finds the
// other.
func (c *claims) layBeside(m hub.MemberRef) diag.Diagnostics {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ignore, ok := c.rosters.ignored[m.Hub]; ok && !matchesAny(ignore, m.Email) {
		return diag.Diagnostics{twoKinds(m)}
	}
	return nil
}

func twoKinds(m hub.MemberRef) diag.Diagnostic {
	return diag.NewErrorDiagnostic(
		fmt.Sprintf("Two resources claim %s", m),
		fmt.Sprintf("roster_hub_roster holds everybody on %s, and a roster_hub_member holds this person: each would undo the other's changes. "+
			"List the person in members of the roster and drop the roster_hub_member, with a removed block and destroy = false so that nobody loses a seat; "+
			"or leave them to it with ignore = [%q].", m.Hub, m.Email))
}

// leaveJobs hands the jobs of a roster to one that replaces it.
func (c *claims) leaveJobs(ref hub.Ref, jobs rosterJobs) {
	if c == nil || len(jobs) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rosters.jobs == nil {
		c.rosters.jobs = map[hub.Ref]rosterJobs{}
	}
	c.rosters.jobs[ref] = jobs
}

// leftJobs are the jobs that a roster which is replaced has left.
func (c *claims) leftJobs(ref hub.Ref) rosterJobs {
	jobs := rosterJobs{}
	if c == nil {
		return jobs
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.Copy(jobs, c.rosters.jobs[ref])
	return jobs
}
