// Command terraform-provider-roster serves the roster provider to Terraform.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"runtime/debug"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
	"github.com/roster-iac/terraform-provider-roster/internal/provider"
)

// version is set by the release build.
var version = "dev"

// memoryLimit is where the garbage collector begins to work harder. Terraform
// starts one provider process per configuration, so agencies run many side by
// side; a roster of 10,000 people lives in a fraction of this, and what it
// passes through on its way to Terraform need not pile up.
const memoryLimit = 96 << 20

func main() {
	debugged := flag.Bool("debug", false, "run for a debugger to attach to, instead of under Terraform")
	flag.Parse()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	err := providerserver.Serve(context.Background(), provider.New(version, all.Drivers()), providerserver.ServeOpts{
		Address: "registry.terraform.io/roster-iac/roster",
		Debug:   *debugged,
	})
	if err != nil {
		log.Fatal(err)
	}
}
