package provider

import (
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// claim is the way in which a resource block lays hold of a member.
type claim string

const (
	claimSeat    claim = "roster_hub_member"
	claimRole    claim = "roster_hub_member.role"
	claimRoleRes claim = "roster_hub_member_role"
	// claimLeaving is that of a roster_hub_member whose deletion would take the
	// seat.
	claimLeaving claim = "a deleted roster_hub_member"
)

// claims finds two resources that pull at the same member. Terraform plans each
// block once in a walk, a replaced one once as it was and once as new, and never
// says which block it is planning. So a second plan of the same kind for the
// same person is another block. A new block beside an old one looks like a
// replaced one; that pair is found by the plan after, when both are old.
type claims struct {
	mu   sync.Mutex
	laid map[laid]int

	rosters rosters // see hub_claims.go
}

type laid struct {
	member hub.MemberRef
	claim  claim
	fresh  bool // planned without a prior state
}

// layGroup records a claim on one of several roles that exclude one another.
func (c *claims) layGroup(m hub.MemberRef, group string, fresh bool) diag.Diagnostics {
	if group == "" || !c.count(laid{m, claim("a role of group " + group), fresh}) {
		return nil
	}
	return diag.Diagnostics{diag.NewErrorDiagnostic(
		fmt.Sprintf("Two resources claim the %s role of %s", group, m),
		fmt.Sprintf("The platform gives a person one %s role at most: giving one takes the other, so each block would undo the other's change. Keep one roster_hub_member_role of them.", group))}
}

// count records a claim and says whether it has been laid before.
func (c *claims) count(l laid) bool {
	if c == nil { // validation: the provider is not configured yet
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.laid == nil {
		c.laid = map[laid]int{}
	}
	c.laid[l]++
	return c.laid[l] > 1
}

// lay records a claim. The diagnostics say which one it collides with: the same
// again, or the other one, which may be "".
func (c *claims) lay(m hub.MemberRef, mine, other claim, fresh bool) diag.Diagnostics {
	again := c.count(laid{m, mine, fresh})
	if beside := c.layBeside(m); mine == claimSeat && len(beside) > 0 {
		return beside
	}
	switch {
	case again && mine == claimSeat:
		return diag.Diagnostics{diag.NewErrorDiagnostic(
			fmt.Sprintf("Two resources claim %s", m),
			"The configuration holds two roster_hub_member blocks for this person, perhaps with the address in another case. Each would undo the other's changes: keep one of them. "+
				"If both are in the state, take the other out of it first, because deleting its block alone removes the person:\n\n  terraform state rm ADDRESS")}
	case mine == claimSeat && c.has(m, claimLeaving):
		return leavesAndStays(m)
	case again:
		return diag.Diagnostics{diag.NewErrorDiagnostic(
			fmt.Sprintf("Two resources claim the primary role of %s", m),
			fmt.Sprintf("The configuration sets it with %s twice. A person has one primary role, so each would undo the other's change: keep one of them.", mine))}
	case other != "" && c.has(m, other):
		return diag.Diagnostics{diag.NewErrorDiagnostic(
			fmt.Sprintf("Two resources claim the primary role of %s", m),
			fmt.Sprintf("The configuration sets it with %s and with %s. Each would undo the other's change: leave role out of roster_hub_member, or drop the roster_hub_member_role.", claimRole, claimRoleRes))}
	}
	return nil
}

// leave records that a block's deletion takes the seat of m, which another block
// may want to keep.
func (c *claims) leave(m hub.MemberRef) diag.Diagnostics {
	c.count(laid{m, claimLeaving, false})
	if c.has(m, claimSeat) {
		return leavesAndStays(m)
	}
	return nil
}

func leavesAndStays(m hub.MemberRef) diag.Diagnostics {
	return diag.Diagnostics{diag.NewErrorDiagnostic(
		fmt.Sprintf("One resource gives %s up and another one claims it", m),
		"The plan deletes one roster_hub_member of this person and keeps or creates another: the deletion would take the seat that the other declares. "+
			"If the block was renamed or moved, say so with a moved block. If both are in the state, let go of the one without removing anybody:\n\n  terraform state rm ADDRESS")}
}

func (c *claims) has(m hub.MemberRef, one claim) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.laid[laid{m, one, true}]+c.laid[laid{m, one, false}] > 0
}
