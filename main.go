// Command terraform-provider-roster serves the roster provider to Terraform.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
	"github.com/roster-iac/terraform-provider-roster/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "run for a debugger to attach to, instead of under Terraform")
	flag.Parse()
	err := providerserver.Serve(context.Background(), provider.New(version, all.Drivers()), providerserver.ServeOpts{
		Address: "registry.terraform.io/roster-iac/roster",
		Debug:   *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}
