package pinterestbusiness

import (
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// brief leaves the policy as it is and takes the waiting out of it.
func brief(c *transport.Config) {
	c.MinBackoff, c.MaxBackoff = time.Millisecond, time.Millisecond
	c.Limit = 0
}
