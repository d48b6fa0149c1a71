// Command schema prints the provider's schema the way `terraform providers
// schema -json` does, for terraform-plugin-docs.
//
// Not by way of that command: what it prints depends on the CLI's version.
// Before 1.12 it leaves identities out, before 1.14 list resources and actions,
// so that pages would come and go with the machine that ran `make generate`.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
	"github.com/roster-iac/terraform-provider-roster/internal/provider"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

// server is what main.go at the top serves.
func server() tfprotov6.ProviderServer {
	return providerserver.NewProtocol6(provider.New("dev", all.Drivers())())()
}

func run(ctx context.Context) error {
	srv := server()
	schemas, err := srv.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err == nil {
		err = failed(schemas.Diagnostics)
	}
	if err != nil {
		return fmt.Errorf("get the provider's schema: %w", err)
	}
	ids, err := srv.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err == nil {
		err = failed(ids.Diagnostics)
	}
	if err != nil {
		return fmt.Errorf("get the resource identities: %w", err)
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	// terraform-plugin-docs looks a provider up under its short name.
	return enc.Encode(schemaJSON(schemas, ids, "roster"))
}

func failed(diags []*tfprotov6.Diagnostic) error {
	var errs []error
	for _, d := range diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			errs = append(errs, fmt.Errorf("%s: %s", d.Summary, d.Detail))
		}
	}
	return errors.Join(errs...)
}
