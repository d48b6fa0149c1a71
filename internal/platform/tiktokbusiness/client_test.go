package tiktokbusiness

import (
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

const testToken = "act.5f2e9c1b7d3a4e6f8091"

var testHub = hub.Ref{Platform: Name, BusinessID: "6900000000000000001"}

// brief leaves the policy as it is and takes the waiting out of it.
func brief(c *transport.Config) {
	c.Limit = 0
	c.MinBackoff, c.MaxBackoff = time.Millisecond, time.Millisecond
}
