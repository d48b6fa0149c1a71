// Package all is the list of platforms roster knows. A new platform is a folder
// beside this one and a line here: no init function registers anything, so that
// what a build contains can be read in one place.
package all

import (
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/cerby"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/googleads"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/manual"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/metabusiness"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/pinterestbusiness"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/scim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/snapchatbusiness"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/tiktokbusiness"
)

// Drivers lists every platform, in the order messages and documentation name
// them.
func Drivers() []hub.Driver {
	return []hub.Driver{
		metabusiness.Driver(),
		googleads.Driver(),
		pinterestbusiness.Driver(),
		snapchatbusiness.Driver(),
		tiktokbusiness.Driver(),
		scim.Driver(),
		cerby.Driver(),
		manual.Driver(),
	}
}
