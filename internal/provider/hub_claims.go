package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// claimHub is a claim on everybody of a hub: a MemberRef without an address.
const claimHub claim = "roster_hub_roster"

// layHub records a claim on a whole hub, which a second roster would contest.
func (c *claims) layHub(ref hub.Ref, fresh bool) diag.Diagnostics {
	if !c.count(laid{hub.MemberRef{Hub: ref}, claimHub, fresh}) {
		return nil
	}
	return diag.Diagnostics{diag.NewErrorDiagnostic(
		fmt.Sprintf("Two resources claim everybody on %s", ref),
		"The configuration holds two roster_hub_roster blocks for this hub. Each would remove the people of the other: keep one of them.")}
}
