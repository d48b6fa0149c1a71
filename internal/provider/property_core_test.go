package provider_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// miniature is as much of Terraform as the property test needs, in process: it
// validates, refreshes, plans and applies through the plugin protocol, in the
// order and by the rules of Terraform's core, at a thousandth of the price of
// the command.
//
// Like core, it starts a provider of its own for each walk; plans a destroy and
// a create where an attribute requires replacement or the object is tainted;
// plans again before it applies and compares the two plans; keeps private
// state; keeps the prior state when an update or a delete fails and whatever a
// failed create returned as a tainted object; skips what depends on something
// that failed; writes the refreshed state with the results of an apply and
// leaves the state alone when the plan fails; and holds the provider to core's
// rules about plans and results.
//
// What it does not do: expressions and references (every value is known, the
// dependencies are those of the three resource types), modules, count and
// for_each, data sources, import, moved and removed blocks, create before
// destroy, a nested attribute in a plan's comparison, schema upgrades, deferred
// actions, resource identity, write-only attributes, saved plan files, gRPC and
// processes. A state is a Go map here and is not read back from JSON. A process
// that is killed is a provider whose requests no longer arrive and whose
// answers nobody reads (see platformSide). TestAccProperty does these things
// with the real command.
type miniature struct {
	world   world
	schema  *tfprotov6.GetProviderSchemaResponse
	open    func() (tfprotov6.ProviderServer, error)
	objects map[string]object // the state
	result  map[string]object // of the last apply, not kept yet
	// breach is told when the provider breaks a rule of core's.
	breach func(format string, args ...any)
	// lost says that the provider of this walk was killed: what it answers from
	// then on reaches nobody.
	lost func() bool
	// turn has resources planned one at a time. The engine's guards read the hub
	// with a mutex held, and in a synctest bubble no time passes while somebody
	// waits for a mutex.
	turn chan struct{}
}

func (m *miniature) state() map[string]attributes { return attributesOfAll(m.objects) }

func attributesOfAll(objects map[string]object) map[string]attributes {
	all := map[string]attributes{}
	for address, o := range objects {
		all[address] = attributesOf(o.value)
	}
	return all
}

func (m *miniature) keep() { m.objects = m.result }

func (m *miniature) forget(address string) { delete(m.objects, address) }

func (m *miniature) written() string {
	var text strings.Builder
	for _, objects := range []map[string]object{m.objects, m.result} {
		for address, o := range objects {
			fmt.Fprintf(&text, "%s %s %s\n", address, o.value, o.private)
		}
	}
	return text.String()
}

// object is a resource in the state.
type object struct {
	value   tftypes.Value
	private []byte
	tainted bool
}

// block is a resource block with every value known.
type block struct {
	address string
	values  map[string]tftypes.Value
}

// The three types of resource, in the order of their dependencies.
var resourceTypes = []string{"roster_business_hub", "roster_hub_member", "roster_hub_member_role"}

func typeOf(address string) string { return strings.SplitN(address, ".", 2)[0] }

// ownerOf is the label that a member and its role blocks share.
func ownerOf(address string) string {
	name := strings.SplitN(address, ".", 2)[1]
	name, _, _ = strings.Cut(name, "__")
	return name
}

// action is what a plan does with a resource, as Terraform names it.
type action string

const (
	planNoOp    action = "no-op"
	planCreate  action = "create"
	planUpdate  action = "update"
	planDelete  action = "delete"
	planReplace action = "replace"
)

// change is one resource in a plan.
type change struct {
	address string
	action  action
	before  attributes // nil when the resource is new
	after   attributes // nil when it goes
}

// attributes are the values of a resource for the checks: text as it is,
// booleans as true and false, what is unknown as (unknown). Null is absent.
type attributes map[string]string

// planned is the outcome of the plan walk.
type planned struct {
	dropped []string // in the state before the refresh and not after it
	changes []change
	failed  bool
	said    []diagnostic

	// What the miniature keeps between plan and apply.
	refreshed map[string]object
	nodes     map[string]*node
}

// node is what core keeps of one resource between plan and apply.
type node struct {
	change
	config  tftypes.Value
	prior   object
	planned tftypes.Value
	private []byte
}

func (p *planned) empty() bool {
	return !p.failed && !slices.ContainsFunc(p.changes, func(c change) bool { return c.action != planNoOp })
}

// say sorts protocol diagnostics into those of the test.
func say(found []*tfprotov6.Diagnostic) (said []diagnostic, failed bool) {
	for _, d := range found {
		severity := "warning"
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			severity, failed = "error", true
		}
		said = append(said, diagnostic{Severity: severity, Summary: d.Summary, Detail: d.Detail})
	}
	return said, failed
}

// provider starts a configured provider for one walk.
func (m *miniature) provider(ctx context.Context) (tfprotov6.ProviderServer, []diagnostic, error) {
	server, err := m.open()
	if err != nil {
		return nil, nil, err
	}
	typ := m.schema.Provider.ValueType()
	resp, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.14.0", Config: wire(typ, m.settings(typ))})
	if err != nil {
		return nil, nil, err
	}
	said, failed := say(resp.Diagnostics)
	if failed {
		return nil, said, errors.New("the provider cannot be configured")
	}
	return server, said, nil
}

// settings is the provider block: nothing where the drivers' defaults do, and
// an entry for the hub of a platform that wants one for each.
func (m *miniature) settings(typ tftypes.Type) tftypes.Value {
	platform := typ.(tftypes.Object).AttributeTypes[m.world.platform]
	entries, named := platform.(tftypes.Map)
	if !named {
		return objectOf(typ, nil)
	}
	entry, lists := entries.ElementType, map[string]tftypes.Value{}
	for name, t := range entry.(tftypes.Object).AttributeTypes {
		// What the world's provider block says is what its simulator was told.
		if ids, ok := m.world.hub[name].([]string); ok && t.Is(tftypes.List{}) {
			var values []tftypes.Value
			for _, id := range ids {
				values = append(values, tftypes.NewValue(tftypes.String, id))
			}
			lists[name] = tftypes.NewValue(t, values)
		}
	}
	return objectOf(typ, map[string]tftypes.Value{m.world.platform: tftypes.NewValue(platform, map[string]tftypes.Value{m.world.business: objectOf(entry, lists)})})
}

// plan validates, refreshes and plans. A failed plan changes nothing.
func (m *miniature) plan(ctx context.Context, seats map[person]seat, a *applying) (*planned, error) {
	blocks, shuffle, parallel := m.world.blocks(seats), rand.New(rand.NewPCG(a.chance, 1)), a.parallel
	p := &planned{refreshed: map[string]object{}, nodes: map[string]*node{}}
	server, said, err := m.provider(ctx)
	p.said = said
	if err != nil {
		p.failed = true
		return p, err
	}
	configured := map[string]block{}
	for _, b := range blocks {
		configured[b.address] = b
	}
	broken := map[string]bool{}
	var mu sync.Mutex
	for _, typeName := range resourceTypes {
		var addresses []string
		for address := range configured {
			addresses = append(addresses, address)
		}
		for address := range m.objects {
			if _, ok := configured[address]; !ok {
				addresses = append(addresses, address)
			}
		}
		addresses = slices.DeleteFunc(addresses, func(a string) bool { return typeOf(a) != typeName })
		walk(addresses, shuffle, parallel, func(address string) {
			b, wanted := configured[address]
			mu.Lock()
			skip := wanted && dependsOnBroken(address, broken)
			mu.Unlock()
			if skip {
				if prior, ok := m.objects[address]; ok {
					mu.Lock()
					p.refreshed[address] = prior
					mu.Unlock()
				}
				return
			}
			one, err := m.planOne(ctx, server, address, b, wanted)
			mu.Lock()
			defer mu.Unlock()
			p.said = append(p.said, one.said...)
			if err != nil {
				p.said = append(p.said, diagnostic{Severity: "error", Summary: err.Error()})
			}
			if one.refreshed != nil {
				p.refreshed[address] = *one.refreshed
			}
			if one.dropped {
				p.dropped = append(p.dropped, address)
			}
			if err != nil || one.failed {
				p.failed = true
				broken[address] = true
				return
			}
			if one.node != nil {
				p.nodes[address] = one.node
				p.changes = append(p.changes, one.node.change)
			}
		})
	}
	slices.SortFunc(p.changes, func(a, b change) int { return strings.Compare(a.address, b.address) })
	slices.Sort(p.dropped)
	return p, nil
}

// dependsOnBroken says whether a resource that this one depends on failed.
func dependsOnBroken(address string, broken map[string]bool) bool {
	for other := range broken {
		switch {
		case typeOf(address) == resourceTypes[0]:
		case typeOf(other) == resourceTypes[0]:
			return true
		case typeOf(address) == resourceTypes[2] && typeOf(other) == resourceTypes[1] && ownerOf(address) == ownerOf(other):
			return true
		}
	}
	return false
}

// walk visits addresses one after another in an order by chance, or at once.
func walk(addresses []string, shuffle *rand.Rand, parallel bool, visit func(address string)) {
	slices.Sort(addresses) // so that the seed alone decides the order
	shuffle.Shuffle(len(addresses), func(i, j int) { addresses[i], addresses[j] = addresses[j], addresses[i] })
	var all sync.WaitGroup
	for _, address := range addresses {
		if parallel {
			all.Go(func() { visit(address) })
		} else {
			visit(address)
		}
	}
	all.Wait()
}

// plannedOne is the outcome of planning one resource.
type plannedOne struct {
	refreshed *object
	dropped   bool
	node      *node
	said      []diagnostic
	failed    bool
}

func (m *miniature) planOne(ctx context.Context, server tfprotov6.ProviderServer, address string, b block, wanted bool) (plannedOne, error) {
	var out plannedOne
	typeName := typeOf(address)
	typ := m.schema.ResourceSchemas[typeName].ValueType()
	note := func(found []*tfprotov6.Diagnostic) bool {
		said, failed := say(found)
		out.said = append(out.said, said...)
		out.failed = out.failed || failed
		return failed
	}

	config := tftypes.NewValue(typ, nil)
	if wanted {
		config = objectOf(typ, b.values)
		resp, err := server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: typeName, Config: wire(typ, config)})
		if err != nil {
			return out, err
		}
		if note(resp.Diagnostics) {
			if prior, ok := m.objects[address]; ok {
				out.refreshed = &prior
			}
			return out, nil
		}
	}

	if prior, ok := m.objects[address]; ok {
		out.refreshed = &prior
		resp, err := server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: typeName, CurrentState: wire(typ, prior.value), Private: prior.private})
		if err != nil {
			return out, err
		}
		if note(resp.Diagnostics) {
			return out, nil
		}
		value, err := resp.NewState.Unmarshal(typ)
		if err != nil {
			return out, err
		}
		if value.IsNull() {
			out.refreshed, out.dropped = nil, true
		} else {
			if !value.IsFullyKnown() {
				m.breach("%s: the refresh left something unknown", address)
			}
			out.refreshed = &object{value: value, private: resp.Private, tainted: prior.tainted}
		}
	}
	if out.refreshed == nil && !wanted {
		return out, nil
	}
	n, found, err := m.propose(ctx, server, address, config, out.refreshed)
	note(found)
	if err != nil || out.failed {
		return out, err
	}
	out.node = n
	return out, nil
}

// propose plans one resource against prior, nil for none. A null configuration
// plans its end.
func (m *miniature) propose(ctx context.Context, server tfprotov6.ProviderServer, address string, config tftypes.Value, prior *object) (*node, []*tfprotov6.Diagnostic, error) {
	typeName := typeOf(address)
	schema := m.schema.ResourceSchemas[typeName]
	typ := schema.ValueType()
	none := tftypes.NewValue(typ, nil)
	ask := func(before tftypes.Value, private []byte) (tftypes.Value, *tfprotov6.PlanResourceChangeResponse, error) {
		proposed := none
		if !config.IsNull() {
			proposed = proposedNew(schema, before, config)
		}
		m.turn <- struct{}{}
		defer func() { <-m.turn }()
		resp, err := server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
			TypeName: typeName, PriorState: wire(typ, before), ProposedNewState: wire(typ, proposed), Config: wire(typ, config), PriorPrivate: private,
		})
		if err != nil {
			return none, nil, err
		}
		if _, failed := say(resp.Diagnostics); failed {
			return none, resp, nil
		}
		value, err := resp.PlannedState.Unmarshal(typ)
		return value, resp, err
	}

	s := &node{change: change{address: address}, config: config}
	before, private := none, []byte(nil)
	if prior != nil {
		s.prior = *prior
		s.before = attributesOf(prior.value)
		if !prior.tainted || config.IsNull() {
			before, private = prior.value, prior.private
		}
	}
	value, resp, err := ask(before, private)
	if err != nil {
		return nil, nil, err
	}
	found := resp.Diagnostics
	if _, failed := say(found); failed {
		return nil, found, nil
	}
	s.planned, s.private = value, resp.PlannedPrivate
	switch {
	case config.IsNull():
		s.action = planDelete
		if !value.IsNull() {
			m.breach("%s: the plan of a destroy is not null", address)
		}
		return s, found, nil
	case prior == nil:
		s.action = planCreate
	case prior.tainted:
		s.action = planReplace
	case value.Equal(before):
		s.action = planNoOp
	case requiresReplace(resp.RequiresReplace, before, value):
		s.action = planReplace
		if value, resp, err = ask(none, resp.PlannedPrivate); err != nil {
			return nil, found, err
		}
		found = append(found, resp.Diagnostics...)
		if _, failed := say(found); failed {
			return nil, found, nil
		}
		s.planned, s.private = value, resp.PlannedPrivate
	default:
		s.action = planUpdate
	}
	m.checkPlan(address, schema, before, config, value)
	s.after = attributesOf(s.planned)
	return s, found, nil
}

func requiresReplace(paths []*tftypes.AttributePath, before, after tftypes.Value) bool {
	for _, p := range paths {
		was, _, wasErr := tftypes.WalkAttributePath(before, p)
		is, _, isErr := tftypes.WalkAttributePath(after, p)
		if wasErr != nil || isErr != nil {
			return true
		}
		old, okOld := was.(tftypes.Value)
		now, okNow := is.(tftypes.Value)
		if !okOld || !okNow || !old.Equal(now) {
			return true
		}
	}
	return false
}

// proposedNew is core's guess of the new state: what the configuration says,
// and for what it leaves to the provider the prior value.
func proposedNew(schema *tfprotov6.Schema, prior, config tftypes.Value) tftypes.Value {
	was, values := fieldsOf(prior), maps.Clone(fieldsOf(config))
	for _, a := range schema.Block.Attributes {
		if old, ok := was[a.Name]; ok && a.Computed && values[a.Name].IsNull() {
			values[a.Name] = old
		}
	}
	return tftypes.NewValue(config.Type(), values)
}

// checkPlan holds a plan to core's rules (objchange.AssertPlanValid): a value
// the configuration gives is planned as it is, or as it was; a value neither
// computed nor configured is null.
func (m *miniature) checkPlan(address string, schema *tfprotov6.Schema, prior, config, value tftypes.Value) {
	was, conf, plan := fieldsOf(prior), fieldsOf(config), fieldsOf(value)
	for _, a := range schema.Block.Attributes {
		same := plan[a.Name].Equal(conf[a.Name])
		if old, ok := was[a.Name]; ok && !conf[a.Name].IsNull() {
			same = same || plan[a.Name].Equal(old)
		}
		if !same && (!a.Computed || !conf[a.Name].IsNull()) {
			m.breach("%s: provider produced invalid plan: %s is configured as %s and planned as %s", address, a.Name, textOf(conf[a.Name]), textOf(plan[a.Name]))
		}
	}
}

// checkKept holds a later value to a plan (objchange.AssertObjectCompatible):
// what was known then is the same now.
func (m *miniature) checkKept(address, what string, plan, value tftypes.Value) {
	was, is := fieldsOf(plan), fieldsOf(value)
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if was[name].IsFullyKnown() && !was[name].Equal(is[name]) {
			m.breach("%s: provider produced inconsistent %s: %s was planned as %s and is %s", address, what, name, textOf(was[name]), textOf(is[name]))
		}
	}
}

// apply carries a plan out and returns the state it leaves. Objects come into
// the state as they are done, so that a walk that is cut short leaves what was
// done before.
func (m *miniature) apply(ctx context.Context, p *planned, a *applying) (map[string]attributes, []diagnostic, error) {
	shuffle, parallel := rand.New(rand.NewPCG(a.chance, 2)), a.parallel
	server, said, err := m.provider(ctx)
	state := maps.Clone(p.refreshed)
	m.result = state
	if err != nil {
		return attributesOfAll(state), said, err
	}
	var mu sync.Mutex
	broken := map[string]bool{}
	// put is a result that reached Terraform; nil takes the object away.
	put := func(address string, o *object) {
		mu.Lock()
		defer mu.Unlock()
		if o == nil {
			delete(state, address)
			return
		}
		state[address] = *o
	}
	visit := func(address string, do func() (*object, []diagnostic, bool)) {
		mu.Lock()
		skip := broken[address] || m.lost() || ctx.Err() != nil
		mu.Unlock()
		if skip {
			return
		}
		o, found, failed := do()
		if m.lost() {
			return
		}
		put(address, o)
		mu.Lock()
		defer mu.Unlock()
		said = append(said, found...)
		if failed {
			broken[address] = true
		}
	}

	with := func(typeName string, actions ...action) []string {
		var addresses []string
		for address, s := range p.nodes {
			if typeOf(address) == typeName && slices.Contains(actions, s.action) {
				addresses = append(addresses, address)
			}
		}
		return addresses
	}
	deletes := func() {
		for _, typeName := range []string{resourceTypes[2], resourceTypes[1], resourceTypes[0]} {
			walk(with(typeName, planDelete, planReplace), shuffle, parallel, func(address string) {
				mu.Lock()
				blocked := dependentBroken(address, broken)
				if blocked {
					broken[address] = true
				}
				mu.Unlock()
				visit(address, func() (*object, []diagnostic, bool) { return m.destroyOne(ctx, server, p.nodes[address]) })
			})
		}
	}
	others := func() {
		for _, typeName := range resourceTypes {
			walk(with(typeName, planCreate, planUpdate, planReplace), shuffle, parallel, func(address string) {
				mu.Lock()
				blocked := dependsOnBroken(address, broken)
				mu.Unlock()
				if blocked {
					return
				}
				visit(address, func() (*object, []diagnostic, bool) { return m.applyOne(ctx, server, p.nodes[address]) })
			})
		}
	}
	// Deletes and the rest depend on one another only where one resource is
	// replaced, which needs its delete first.
	if len(with(resourceTypes[1], planReplace))+len(with(resourceTypes[2], planReplace)) > 0 || shuffle.IntN(2) == 0 {
		deletes()
		others()
	} else {
		others()
		deletes()
	}
	return attributesOfAll(state), said, nil
}

// dependentBroken says whether something that must go before address did not.
func dependentBroken(address string, broken map[string]bool) bool {
	for other := range broken {
		if typeOf(address) == resourceTypes[1] && typeOf(other) == resourceTypes[2] && ownerOf(address) == ownerOf(other) {
			return true
		}
	}
	return false
}

func (m *miniature) destroyOne(ctx context.Context, server tfprotov6.ProviderServer, s *node) (*object, []diagnostic, bool) {
	typ := s.prior.value.Type()
	none := wire(typ, tftypes.NewValue(typ, nil))
	resp, err := server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: typeOf(s.address), PriorState: wire(typ, s.prior.value), PlannedState: none, Config: none, PlannedPrivate: s.prior.private,
	})
	if err != nil {
		return &s.prior, []diagnostic{{Severity: "error", Summary: err.Error()}}, true
	}
	said, failed := say(resp.Diagnostics)
	value, err := resp.NewState.Unmarshal(typ)
	switch {
	case err != nil:
		m.breach("%s: the answer to the destroy cannot be read: %v", s.address, err)
	case failed && value.IsNull():
		// Core keeps the prior state then.
	case failed:
		return &object{value: value, private: resp.Private, tainted: s.prior.tainted}, said, true
	case !value.IsNull():
		m.breach("%s: the resource is still there after its destroy", s.address)
	}
	if failed {
		return &s.prior, said, true
	}
	return nil, said, false
}

func (m *miniature) applyOne(ctx context.Context, server tfprotov6.ProviderServer, s *node) (*object, []diagnostic, bool) {
	prior := &s.prior
	if s.action == planCreate || s.action == planReplace {
		prior = nil
	}
	// What is left when nothing comes back.
	left := prior
	failure := func(err error) (*object, []diagnostic, bool) {
		return left, []diagnostic{{Severity: "error", Summary: err.Error()}}, true
	}
	again, found, err := m.propose(ctx, server, s.address, s.config, prior)
	said, failed := say(found)
	if err != nil {
		return failure(err)
	}
	if failed {
		return left, said, true
	}
	if want := s.action; again.action != want && (want != planReplace || again.action != planCreate) {
		m.breach("%s: provider produced inconsistent final plan: %s, planned was %s", s.address, again.action, want)
		return left, said, true
	}
	m.checkKept(s.address, "final plan", s.planned, again.planned)

	typ := s.config.Type()
	before := tftypes.NewValue(typ, nil)
	if prior != nil {
		before = prior.value
	}
	done, err := server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: typeOf(s.address), PriorState: wire(typ, before), PlannedState: wire(typ, again.planned), Config: wire(typ, s.config), PlannedPrivate: again.private,
	})
	if err != nil {
		return failure(err)
	}
	said, failed = say(done.Diagnostics)
	value, err := done.NewState.Unmarshal(typ)
	if err != nil {
		return failure(err)
	}
	switch {
	case value.IsNull() && !failed:
		m.breach("%s: provider returned no state and no error", s.address)
		return left, said, true
	case value.IsNull():
		return left, said, true
	case !value.IsFullyKnown() && !failed:
		m.breach("%s: provider returned invalid result object after apply: something is unknown", s.address)
	case !failed:
		m.checkKept(s.address, "result after apply", again.planned, value)
	}
	return &object{value: value, private: done.Private, tainted: failed && (prior == nil || prior.tainted)}, said, failed
}

// wire is a value as it travels.
func wire(typ tftypes.Type, v tftypes.Value) *tfprotov6.DynamicValue {
	d, err := tfprotov6.NewDynamicValue(typ, v)
	if err != nil {
		panic(fmt.Sprintf("%s does not fit its type: %v", v, err)) // a mistake of the test's
	}
	return &d
}

// objectOf is an object with these values, and null for the rest.
func objectOf(typ tftypes.Type, given map[string]tftypes.Value) tftypes.Value {
	values := map[string]tftypes.Value{}
	for name, t := range typ.(tftypes.Object).AttributeTypes {
		values[name] = tftypes.NewValue(t, nil)
	}
	for name, v := range given {
		if _, ok := values[name]; !ok {
			panic("there is no attribute " + name)
		}
		values[name] = v
	}
	return tftypes.NewValue(typ, values)
}

// fieldsOf are the values in an object; a null object has none.
func fieldsOf(v tftypes.Value) map[string]tftypes.Value {
	var fields map[string]tftypes.Value
	if !v.IsNull() && v.IsKnown() {
		if err := v.As(&fields); err != nil {
			panic(err)
		}
	}
	return fields
}

func attributesOf(v tftypes.Value) attributes {
	if v.IsNull() {
		return nil
	}
	out := attributes{}
	for name, field := range fieldsOf(v) {
		if !field.IsNull() {
			out[name] = textOf(field)
		}
	}
	return out
}

func textOf(v tftypes.Value) string {
	var text string
	var truth bool
	switch {
	case v.IsNull():
		return "null"
	case !v.IsKnown():
		return "(unknown)"
	case v.Type().Is(tftypes.String) && v.As(&text) == nil:
		return text
	case v.Type().Is(tftypes.Bool) && v.As(&truth) == nil:
		return fmt.Sprint(truth)
	default:
		return v.String()
	}
}
