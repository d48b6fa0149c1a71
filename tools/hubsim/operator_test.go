package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/all"
	"github.com/roster-iac/terraform-provider-roster/internal/provider"
)

const memberType = "roster_hub_member"

// operator runs the real provider as Terraform does, one provider process a run,
// so that what a test follows is what a failed apply prints.
type operator struct {
	t             *testing.T
	baseURL       string
	platform, hub string
}

// session is one run of Terraform: a provider process, and the type of a member's
// state.
type session struct {
	t      *testing.T
	server tfprotov6.ProviderServer
	member tftypes.Object
}

func (o *operator) run() *session {
	o.t.Helper()
	server := providerserver.NewProtocol6(provider.New("test", o.drivers())())()
	schemas, err := server.GetProviderSchema(o.t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		o.t.Fatal(err)
	}
	r := &session{o.t, server, schemas.ResourceSchemas[memberType].ValueType().(tftypes.Object)}
	configuration := schemas.Provider.ValueType()
	_, err = server.ConfigureProvider(o.t.Context(), &tfprotov6.ConfigureProviderRequest{
		Config: r.encode(empty(configuration)), TerraformVersion: "1.14.0",
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return r
}

// drivers have the demo's endpoints and credentials as their defaults.
func (o *operator) drivers() []hub.Driver {
	var drivers []hub.Driver
	for _, d := range all.Drivers() {
		if d.Platform.Name != o.platform {
			continue
		}
		endpoint := hubsim.Endpoint(o.baseURL, d.Platform.Name)
		values := map[string]string{
			"endpoint":  endpoint,
			"token_url": endpoint + map[string]string{"google_ads": "/token", "snapchat_business": "/login/oauth2/access_token"}[o.platform],
		}
		for name, value := range demoCredential(o.t, d.Platform.Name) {
			if text, ok := value.(string); ok {
				values[name] = text
			}
		}
		if values["refresh_token"] != "" {
			delete(values, "access_token")
		}
		d.Settings = slices.Clone(d.Settings)
		for i, s := range d.Settings {
			if err := os.Unsetenv(s.Env); err != nil { // nobody's own credentials
				o.t.Fatal(err)
			}
			if value, ok := values[s.Name]; ok {
				d.Settings[i].Default = value
			}
		}
		drivers = append(drivers, d)
	}
	return drivers
}

// demoCredential is the demo's first credential of a platform.
func demoCredential(t *testing.T, platform string) hubsim.Credential {
	t.Helper()
	seed, err := hubsim.ReadSeed(demoSeed)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range seed.Credentials {
		if c["platform"] == platform {
			return c
		}
	}
	t.Fatalf("the demo has no credential for %s", platform)
	return nil
}

// empty is an object whose attributes are all null.
func empty(kind tftypes.Type) tftypes.Value {
	object := kind.(tftypes.Object)
	values := map[string]tftypes.Value{}
	for name, attribute := range object.AttributeTypes {
		values[name] = tftypes.NewValue(attribute, nil)
	}
	return tftypes.NewValue(object, values)
}

func (r *session) encode(v tftypes.Value) *tfprotov6.DynamicValue {
	r.t.Helper()
	encoded, err := tfprotov6.NewDynamicValue(v.Type(), v)
	if err != nil {
		r.t.Fatal(err)
	}
	return &encoded
}

// with is the value with other words in some attributes.
func (r *session) with(v tftypes.Value, attributes map[string]string) tftypes.Value {
	r.t.Helper()
	values := map[string]tftypes.Value{}
	if err := v.As(&values); err != nil {
		r.t.Fatal(err)
	}
	for name, text := range attributes {
		values[name] = tftypes.NewValue(tftypes.String, text)
	}
	return tftypes.NewValue(v.Type(), values)
}

// imported is the state of somebody who is there.
func (r *session) imported(id string) tftypes.Value {
	r.t.Helper()
	resp, err := r.server.ImportResourceState(r.t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: memberType, ID: id})
	if err != nil {
		r.t.Fatal(err)
	}
	if text := failure(resp.Diagnostics); text != "" {
		r.t.Fatalf("import %s: %s", id, text)
	}
	return r.refreshed(r.decode(resp.ImportedResources[0].State))
}

func (r *session) decode(v *tfprotov6.DynamicValue) tftypes.Value {
	r.t.Helper()
	value, err := v.Unmarshal(r.member)
	if err != nil {
		r.t.Fatal(err)
	}
	return value
}

// refreshed is the state after a read: null when nobody is there any more.
func (r *session) refreshed(state tftypes.Value) tftypes.Value {
	r.t.Helper()
	resp, err := r.server.ReadResource(r.t.Context(), &tfprotov6.ReadResourceRequest{TypeName: memberType, CurrentState: r.encode(state)})
	if err != nil {
		r.t.Fatal(err)
	}
	if text := failure(resp.Diagnostics); text != "" {
		r.t.Fatalf("refresh: %s", text)
	}
	return r.decode(resp.NewState)
}

// apply makes the member what the configuration says, or removes them without
// one, and returns the state and the error a person would see.
func (r *session) apply(prior tftypes.Value, configured map[string]string) (state tftypes.Value, failed string) {
	r.t.Helper()
	none := tftypes.NewValue(r.member, nil)
	request := &tfprotov6.ApplyResourceChangeRequest{
		TypeName: memberType, PriorState: r.encode(prior), PlannedState: r.encode(none), Config: r.encode(none),
	}
	if configured != nil {
		config := r.with(empty(r.member), configured)
		proposed := config
		if !prior.IsNull() {
			proposed = r.with(prior, configured)
		}
		plan, err := r.server.PlanResourceChange(r.t.Context(), &tfprotov6.PlanResourceChangeRequest{
			TypeName: memberType, PriorState: r.encode(prior), ProposedNewState: r.encode(proposed), Config: r.encode(config),
		})
		if err != nil {
			r.t.Fatal(err)
		}
		if text := failure(plan.Diagnostics); text != "" {
			r.t.Fatalf("plan: %s", text)
		}
		request.Config, request.PlannedState, request.PlannedPrivate = r.encode(config), plan.PlannedState, plan.PlannedPrivate
	}
	resp, err := r.server.ApplyResourceChange(r.t.Context(), request)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.decode(resp.NewState), failure(resp.Diagnostics)
}

// failure is the text of what went wrong, "" when nothing did.
func failure(diagnostics []*tfprotov6.Diagnostic) string {
	var texts []string
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			texts = append(texts, fmt.Sprintf("%s\n\n%s", d.Summary, d.Detail))
		}
	}
	return strings.Join(texts, "\n\n")
}
