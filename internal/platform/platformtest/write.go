package platformtest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

var writeChecks = []check{
	{name: "Add/somebody, with each primary role", needs: ops(hub.OpAdd), run: addEach},
	{name: "Add/keeps the address apart from others", needs: ops(hub.OpAdd), run: addAlone},
	{name: "Add/with secondary roles", needs: ops(hub.OpAdd, hub.OpAddWithSecondary), run: addSecondary},
	{name: "Add/somebody invited is a conflict", needs: ops(hub.OpAdd), invited: true, run: addTwice(Invite)},
	{name: "Add/a member is a conflict", needs: ops(hub.OpAdd), run: addTwice(Join)},
	{name: "Add/somebody whose invitation is over", needs: ops(hub.OpAdd), invited: true, run: addAgain},
	{name: "Add/switches a suspended seat on again", needs: ops(hub.OpAdd, hub.OpRemove), suspends: true, run: addSuspended},
	{name: "Add/a malformed address is invalid", needs: ops(hub.OpAdd), run: addMalformed},
	{name: "Add/an unknown role is invalid", needs: ops(hub.OpAdd), run: addUnknownRole},
	{name: "Add/on no such business", needs: ops(hub.OpAdd), run: addNoHub},
	{name: "Add/a full hub has a reason", needs: ops(hub.OpAdd), cause: []Cause{HubFull}, run: addRefused(HubFull, hub.ReasonSeatLimit)},
	{name: "Add/without permission", needs: ops(hub.OpAdd), cause: []Cause{PermissionMissing}, run: addRefused(PermissionMissing, hub.ReasonForbidden)},
	{name: "Add/as no administrator", needs: ops(hub.OpAdd), cause: []Cause{NotAdmin}, run: addRefused(NotAdmin, hub.ReasonForbidden)},
	{name: "Add/with an expired token", needs: ops(hub.OpAdd), cause: []Cause{TokenExpired}, run: addRefused(TokenExpired, hub.ReasonUnauthenticated)},
	{name: "Add/where a second factor is due", needs: ops(hub.OpAdd), cause: []Cause{SecondFactor}, run: addRefused(SecondFactor, hub.ReasonSecondFactor)},
	{name: "Add/half done keeps the seat in sight", needs: ops(hub.OpAdd), cause: []Cause{HalfAdded}, run: addHalf},
	{name: "Add/held for approval is no error", needs: ops(hub.OpAdd), cause: []Cause{HeldForApproval}, run: addHeld},
	{name: "Add/while blocked", needs: ops(hub.OpAdd), cause: []Cause{Blocked}, run: addRefused(Blocked, hub.ReasonBlocked)},

	{name: "ChangeRole/of a member, up and down", needs: ops(hub.OpChangeRole), run: changeMember},
	{name: "ChangeRole/of an invitation", needs: ops(hub.OpChangeInvitedRole), run: changeInvited},
	{name: "ChangeRole/to the role held already", needs: ops(hub.OpChangeRole), run: changeNothing},
	{name: "ChangeRole/of the last administrator", needs: ops(hub.OpChangeRole), bare: true, lastAdmin: true, run: changeLastAdmin},
	{name: "ChangeRole/of somebody gone", needs: ops(hub.OpChangeRole), run: changeGone},
	{name: "ChangeRole/to an unknown role is invalid", needs: ops(hub.OpChangeRole), run: changeUnknownRole},
	{name: "ChangeRole/as no administrator", needs: ops(hub.OpChangeRole), cause: []Cause{NotAdmin}, run: changeRefused(NotAdmin, hub.ReasonForbidden)},
	{name: "ChangeRole/with an expired token", needs: ops(hub.OpChangeRole), cause: []Cause{TokenExpired}, run: changeRefused(TokenExpired, hub.ReasonUnauthenticated)},
	{name: "ChangeRole/held for approval is no error", needs: ops(hub.OpChangeRole), cause: []Cause{HeldForApproval}, run: changeHeld},
	{name: "ChangeRole/grants a secondary role", needs: ops(hub.OpGrantRole), run: grant},
	{name: "ChangeRole/revokes a secondary role", needs: ops(hub.OpGrantRole, hub.OpRevokeRole), run: revoke},

	{name: "Remove/a member", needs: ops(hub.OpRemove), run: removeOne(Join)},
	{name: "Remove/an invitation", needs: ops(hub.OpCancel), run: removeOne(Invite)},
	{name: "Remove/the last administrator", needs: ops(hub.OpRemove), bare: true, lastAdmin: true, run: removeLastAdmin},
	{name: "Remove/a member gone already", needs: ops(hub.OpRemove), run: removeGone(Join)},
	{name: "Remove/an invitation gone already", needs: ops(hub.OpCancel), run: removeGone(Invite)},
	{name: "Remove/an invitation accepted meanwhile", needs: ops(hub.OpCancel), run: removeStale},
	{name: "Remove/held for approval is no error", needs: ops(hub.OpRemove), cause: []Cause{HeldForApproval}, run: removeHeld},
	{name: "Remove/as no administrator", needs: ops(hub.OpRemove), cause: []Cause{NotAdmin}, run: removeRefused(NotAdmin, hub.ReasonForbidden)},
	{name: "Remove/with an expired token", needs: ops(hub.OpRemove), cause: []Cause{TokenExpired}, run: removeRefused(TokenExpired, hub.ReasonUnauthenticated)},
}

func ops(list ...hub.Operation) []hub.Operation { return list }

// A name for platforms that want one.
const displayName = "Suite Person"

func (f *Fixture) add(ctx context.Context, email, role string) (hub.Member, error) {
	return f.Connector.Add(ctx, f.Hub, hub.Add{Email: email, Role: role, Name: displayName})
}

// added holds an answer of Add to the ground truth.
func (f *Fixture) added(t TB, email, role string, m hub.Member, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("Add %s as %s: %v", email, role, err)
	}
	truth := f.one(t, email)
	switch {
	case truth.Role != role && truth.Status != hub.StatusPendingApproval:
		t.Errorf("%s has role %q, want %q", email, truth.Role, role)
	case m.Status != "" && m.Status != truth.Status:
		t.Errorf("Add says %s is %s, and they are %s", email, m.Status, truth.Status)
	case m.Email != "" && hub.FoldEmail(m.Email) != hub.FoldEmail(email):
		t.Errorf("Add of %s answers for %s", email, m.Email)
	case m.ID != "" && m.ID != truth.ID:
		// Worse than none: the next removal would miss, or hit somebody else.
		t.Errorf("Add gives %s the id %s, and it is %s", email, m.ID, truth.ID)
	}
}

func addEach(t TB, f *Fixture) {
	for i, role := range f.Platform.RoleIDs(hub.Primary) {
		email := fmt.Sprintf("new%d@northwind.example", i)
		m, err := f.add(t.Context(), email, role)
		f.added(t, email, role, m, err)
	}
	m, err := f.add(t.Context(), grace, f.Platform.DefaultRole())
	f.added(t, grace, f.Platform.DefaultRole(), m, err)
}

func addAlone(t TB, f *Fixture) {
	before := len(f.people(t))
	m, err := f.add(t.Context(), ada, f.Platform.DefaultRole())
	f.added(t, ada, f.Platform.DefaultRole(), m, err)
	if after := len(f.people(t)); after != before+1 {
		t.Errorf("%d people after one was added to %d", after, before)
	}
}

func addSecondary(t TB, f *Fixture) {
	extra := f.secondary()
	_, err := f.Connector.Add(t.Context(), f.Hub, hub.Add{Email: ada, Role: f.Platform.DefaultRole(), Secondary: []string{extra}, Name: displayName})
	if err != nil {
		t.Fatalf("Add with %s: %v", extra, err)
	}
	if truth := f.one(t, ada); !slices.Contains(truth.Secondary, extra) || truth.Role != f.Platform.DefaultRole() {
		t.Errorf("%s holds %q, want %s and %s", ada, truth.Roles(), f.Platform.DefaultRole(), extra)
	}
}

// addTwice: one person, one seat; and what they hold stays.
func addTwice(first ActKind) func(TB, *Fixture) {
	return func(t TB, f *Fixture) {
		role := f.Platform.DefaultRole()
		f.act(t, first, grace, role)
		before := f.one(t, grace)
		_, err := f.add(t.Context(), hub.FoldEmail(grace), f.other(role))
		if !f.SilentAdd || err != nil {
			f.fails(t, "Add of somebody there", err, hub.ReasonConflict)
		}
		if after := f.one(t, grace); after.ID != before.ID || after.Role != before.Role || after.Status != before.Status {
			t.Errorf("%s became %+v, was %+v", grace, after, before)
		}
	}
}

func addAgain(t TB, f *Fixture) {
	role := f.Platform.DefaultRole()
	for email, how := range map[string]ActKind{ada: Decline, linus: Expire, grace: Leave} {
		f.act(t, Invite, email, role)
		f.act(t, how, email, "")
		m, err := f.add(t.Context(), email, role)
		f.added(t, email, role, m, err)
	}
}

// addSuspended: who was removed and comes back has one seat, the old one where
// the removal left it.
func addSuspended(t TB, f *Fixture) {
	role := f.Platform.DefaultRole()
	f.act(t, Join, grace, f.other(role))
	seat := f.listed(t, grace)
	if err := f.Connector.Remove(t.Context(), f.Hub, seat); err != nil {
		t.Fatalf("Remove: %v", err)
	}
	in := hub.Add{Email: grace, Role: role, Name: displayName}
	// By the id too: a suspended seat can have its address hidden.
	switch left, err := f.Connector.Lookup(t.Context(), f.Hub, hub.Key{Email: hub.FoldEmail(grace), ID: seat.ID}); {
	case err == nil && left.Status == hub.StatusSuspended:
		in.Suspended = left
		in.Suspended.Email = hub.FoldEmail(grace)
	case !errors.Is(err, hub.ErrAbsent):
		t.Fatalf("Lookup after the removal = %+v, error %v", left, err)
	}
	m, err := f.Connector.Add(t.Context(), f.Hub, in)
	f.added(t, grace, role, m, err)
	if truth := f.one(t, grace); truth.Status != hub.StatusActive {
		t.Errorf("%s is %s", grace, truth.Status)
	}
}

func addMalformed(t TB, f *Fixture) {
	before := len(f.people(t))
	for _, email := range []string{"not an address", "ada@", "@northwind.example"} {
		_, err := f.add(t.Context(), email, f.Platform.DefaultRole())
		f.fails(t, fmt.Sprintf("Add of %q", email), err, hub.ReasonInvalidInput)
	}
	if after := len(f.people(t)); after != before {
		t.Errorf("%d people, were %d", after, before)
	}
}

func addUnknownRole(t TB, f *Fixture) {
	_, err := f.add(t.Context(), ada, "GRAND_VIZIER")
	f.fails(t, "Add with an unknown role", err, hub.ReasonInvalidRole, hub.ReasonInvalidInput)
	if found := f.truth(t, ada); len(found) > 0 {
		t.Errorf("and yet %s is there: %+v", ada, found)
	}
}

func addNoHub(t TB, f *Fixture) {
	_, err := f.Connector.Add(t.Context(), f.NoHub, hub.Add{Email: ada, Role: f.Platform.DefaultRole(), Name: displayName})
	f.fails(t, "Add", err, hub.ReasonNotFound, hub.ReasonForbidden)
}

func addRefused(cause Cause, reason hub.Reason) func(TB, *Fixture) {
	return func(t TB, f *Fixture) {
		f.bring(t, cause)
		_, err := f.add(t.Context(), ada, f.Platform.DefaultRole())
		if fault := f.fails(t, "Add", err, reason); fault.Uncertain {
			t.Errorf("a clear refusal is called uncertain: %+v", fault)
		}
		if found := f.truth(t, ada); len(found) > 0 {
			t.Errorf("and yet %s is there: %+v", ada, found)
		}
	}
}

// addHalf: a seat that is there must not be lost from sight, or destroy would
// never give it back.
func addHalf(t TB, f *Fixture) {
	f.bring(t, HalfAdded)
	m, err := f.add(t.Context(), ada, f.Platform.DefaultRole())
	if err == nil {
		t.Fatalf("Add succeeded with its last call refused")
	}
	found := f.truth(t, ada)
	switch {
	case len(found) == 0 && m.ID != "":
		t.Errorf("Add gives an id and left nobody behind: %+v", m)
	case len(found) == 1 && m.ID != found[0].ID:
		t.Errorf("Add left %+v behind and answers %+v beside the error", found[0], m)
	}
}

func addHeld(t TB, f *Fixture) {
	f.bring(t, HeldForApproval)
	m, err := f.add(t.Context(), ada, f.Platform.DefaultRole())
	if err != nil {
		t.Fatalf("Add: %v", err)
	}
	if m.Status != hub.StatusPendingApproval {
		t.Errorf("Add says %q of an invitation that is held", m.Status)
	}
	seen, err := f.Connector.Lookup(t.Context(), f.Hub, hub.Key{Email: ada})
	if err != nil || seen.Status != hub.StatusPendingApproval {
		t.Errorf("Lookup = %+v, error %v; want somebody held", seen, err)
	}
	if got := f.listed(t, ada); got.Status != hub.StatusPendingApproval {
		t.Errorf("Members lists %+v", got)
	}
}

// held is somebody a change to whom waits for an approval: they are what they
// were, and the change shows.
func (f *Fixture) held(t TB, email string, before hub.Member, task hub.TaskKind, role string) {
	t.Helper()
	if now := f.one(t, email); now.Role != before.Role || now.Status != before.Status {
		t.Errorf("world: %+v, was %+v: the change was not held", now, before)
	}
	seen, err := f.Connector.Lookup(t.Context(), f.Hub, hub.Key{Email: email, ID: before.ID})
	if err != nil {
		t.Fatalf("Lookup: %v", err)
	}
	for how, m := range map[string]hub.Member{"Lookup": seen, "Members": f.listed(t, email)} {
		if m.Role != before.Role || m.Status != before.Status || m.Awaiting == nil || m.Awaiting.Task != task || m.Awaiting.Role != role {
			t.Errorf("%s = %+v, awaiting %+v; want as before, awaiting %s %s", how, m, m.Awaiting, task, role)
		}
	}
}

func changeHeld(t TB, f *Fixture) {
	f.act(t, Join, ada, f.Platform.DefaultRole())
	m := f.listed(t, ada)
	f.bring(t, HeldForApproval)
	if err := f.Connector.ChangeRole(t.Context(), f.Hub, m, hub.RoleChange{Role: f.admin()}); err != nil {
		t.Fatalf("ChangeRole: %v", err)
	}
	f.held(t, ada, m, hub.TaskChangeRole, f.admin())
}

func removeHeld(t TB, f *Fixture) {
	f.act(t, Join, ada, f.Platform.DefaultRole())
	m := f.listed(t, ada)
	f.bring(t, HeldForApproval)
	if err := f.Connector.Remove(t.Context(), f.Hub, m); err != nil {
		t.Fatalf("Remove: %v", err)
	}
	f.held(t, ada, m, hub.TaskRemove, "")
}

// holds checks the truth after a role change.
func (f *Fixture) holds(t TB, email, role string) {
	t.Helper()
	if truth := f.one(t, email); truth.Role != role {
		t.Errorf("%s has role %q, want %q", email, truth.Role, role)
	}
}

func changeMember(t TB, f *Fixture) {
	low := f.Platform.DefaultRole()
	f.act(t, Join, grace, low)
	f.act(t, Join, linus, low)
	for _, role := range []string{f.admin(), low} {
		if err := f.Connector.ChangeRole(t.Context(), f.Hub, f.listed(t, grace), hub.RoleChange{Role: role}); err != nil {
			t.Fatalf("ChangeRole to %s: %v", role, err)
		}
		f.holds(t, grace, role)
	}
	f.holds(t, linus, low)
}

func changeInvited(t TB, f *Fixture) {
	low := f.Platform.DefaultRole()
	f.act(t, Invite, grace, low)
	if err := f.Connector.ChangeRole(t.Context(), f.Hub, f.listed(t, grace), hub.RoleChange{Role: f.other(low)}); err != nil {
		t.Fatalf("ChangeRole: %v", err)
	}
	f.holds(t, grace, f.other(low))
	if truth := f.one(t, grace); truth.Status != hub.StatusInvited {
		t.Errorf("%s is %s", grace, truth.Status)
	}
}

func changeNothing(t TB, f *Fixture) {
	low := f.Platform.DefaultRole()
	f.act(t, Join, ada, low)
	if err := f.Connector.ChangeRole(t.Context(), f.Hub, f.listed(t, ada), hub.RoleChange{Role: low}); err != nil {
		t.Errorf("ChangeRole to the role held: %v", err)
	}
	f.holds(t, ada, low)
}

// sole leaves one administrator on the hub, the connection's own seat if it has
// one, and returns them as listed.
func (f *Fixture) sole(t TB) hub.Member {
	t.Helper()
	email := f.Self
	if email == "" {
		email = ada
		f.act(t, Join, ada, f.admin())
	}
	f.act(t, Join, linus, f.Platform.DefaultRole())
	return f.listed(t, email)
}

func changeLastAdmin(t TB, f *Fixture) {
	last := f.sole(t)
	err := f.Connector.ChangeRole(t.Context(), f.Hub, last, hub.RoleChange{Role: f.Platform.DefaultRole()})
	f.fails(t, "ChangeRole of the last administrator", err, hub.ReasonLastAdmin)
	f.holds(t, last.Email, f.admin())
}

func changeGone(t TB, f *Fixture) {
	f.act(t, Join, ada, f.Platform.DefaultRole())
	m := f.listed(t, ada)
	f.act(t, Leave, ada, "")
	if len(f.truth(t, ada)) > 0 {
		return // suspended, and not gone
	}
	err := f.Connector.ChangeRole(t.Context(), f.Hub, m, hub.RoleChange{Role: f.admin()})
	f.fails(t, "ChangeRole of somebody gone", err, hub.ReasonNotFound)
}

func changeUnknownRole(t TB, f *Fixture) {
	f.act(t, Join, ada, f.Platform.DefaultRole())
	err := f.Connector.ChangeRole(t.Context(), f.Hub, f.listed(t, ada), hub.RoleChange{Role: "GRAND_VIZIER"})
	f.fails(t, "ChangeRole to an unknown role", err, hub.ReasonInvalidRole, hub.ReasonInvalidInput)
	f.holds(t, ada, f.Platform.DefaultRole())
}

func changeRefused(cause Cause, reason hub.Reason) func(TB, *Fixture) {
	return func(t TB, f *Fixture) {
		f.act(t, Join, ada, f.Platform.DefaultRole())
		m := f.listed(t, ada)
		f.bring(t, cause)
		err := f.Connector.ChangeRole(t.Context(), f.Hub, m, hub.RoleChange{Role: f.admin()})
		if fault := f.fails(t, "ChangeRole", err, reason); fault.Uncertain {
			t.Errorf("a clear refusal is called uncertain: %+v", fault)
		}
		f.holds(t, ada, f.Platform.DefaultRole())
	}
}

func grant(t TB, f *Fixture) {
	f.act(t, Join, ada, f.Platform.DefaultRole())
	extra := f.secondary()
	if err := f.Connector.ChangeRole(t.Context(), f.Hub, f.listed(t, ada), hub.RoleChange{Grant: extra}); err != nil {
		t.Fatalf("ChangeRole granting %s: %v", extra, err)
	}
	if truth := f.one(t, ada); !slices.Contains(truth.Secondary, extra) || truth.Role != f.Platform.DefaultRole() {
		t.Errorf("%s holds %q, want %s beside %s", ada, truth.Roles(), extra, f.Platform.DefaultRole())
	}
	if m := f.listed(t, ada); !slices.Contains(m.Secondary, extra) {
		t.Errorf("the list shows %q", m.Roles())
	}
}

func revoke(t TB, f *Fixture) {
	grant(t, f)
	extra := f.secondary()
	if err := f.Connector.ChangeRole(t.Context(), f.Hub, f.listed(t, ada), hub.RoleChange{Revoke: extra}); err != nil {
		t.Fatalf("ChangeRole revoking %s: %v", extra, err)
	}
	if truth := f.one(t, ada); len(truth.Secondary) > 0 || truth.Role != f.Platform.DefaultRole() {
		t.Errorf("%s holds %q, want %s alone", ada, truth.Roles(), f.Platform.DefaultRole())
	}
}

func removeOne(kind ActKind) func(TB, *Fixture) {
	return func(t TB, f *Fixture) {
		f.act(t, kind, grace, f.Platform.DefaultRole())
		f.act(t, kind, linus, f.Platform.DefaultRole())
		if err := f.Connector.Remove(t.Context(), f.Hub, f.listed(t, grace)); err != nil {
			t.Fatalf("Remove: %v", err)
		}
		if found := f.still(t, grace); len(found) > 0 {
			t.Errorf("%s is still there: %+v", grace, found)
		}
		if len(f.still(t, linus)) != 1 {
			t.Errorf("%s is gone too", linus)
		}
	}
}

func removeLastAdmin(t TB, f *Fixture) {
	last := f.sole(t)
	err := f.Connector.Remove(t.Context(), f.Hub, last)
	f.fails(t, "Remove of the last administrator", err, hub.ReasonLastAdmin)
	f.one(t, last.Email)
}

func removeGone(kind ActKind) func(TB, *Fixture) {
	return func(t TB, f *Fixture) {
		f.act(t, kind, ada, f.Platform.DefaultRole())
		m := f.listed(t, ada)
		f.act(t, Leave, ada, "")
		err := f.Connector.Remove(t.Context(), f.Hub, m)
		if err == nil && len(f.truth(t, ada)) > 0 && len(f.still(t, ada)) == 0 {
			return // suspended, and as good as gone
		}
		f.fails(t, "Remove of somebody gone", err, hub.ReasonNotFound)
	}
}

// removeStale: where acceptance changes the id, the old one is not found; where
// it does not, the seat goes. Success with the seat still there is neither.
func removeStale(t TB, f *Fixture) {
	f.act(t, Invite, grace, f.Platform.DefaultRole())
	m := f.listed(t, grace)
	f.act(t, Accept, grace, "")
	err := f.Connector.Remove(t.Context(), f.Hub, m)
	switch gone := len(f.truth(t, grace)) == 0; {
	case err == nil && !gone:
		t.Errorf("Remove succeeded, and %s is still there", grace)
	case err != nil && gone:
		t.Errorf("Remove failed, and %s is gone: %v", grace, err)
	case err != nil:
		f.fails(t, "Remove of an invitation that was accepted", err, hub.ReasonNotFound)
	}
}

func removeRefused(cause Cause, reason hub.Reason) func(TB, *Fixture) {
	return func(t TB, f *Fixture) {
		f.act(t, Join, ada, f.Platform.DefaultRole())
		m := f.listed(t, ada)
		f.bring(t, cause)
		if fault := f.fails(t, "Remove", f.Connector.Remove(t.Context(), f.Hub, m), reason); fault.Uncertain {
			t.Errorf("a clear refusal is called uncertain: %+v", fault)
		}
		f.one(t, ada)
	}
}

// refusal is an operation to be refused where the platform does not support it.
type refusal struct {
	op  hub.Operation
	try func(ctx context.Context, f *Fixture, seat, invitation hub.Member) error
}

var refusals = []refusal{
	{hub.OpAdd, func(ctx context.Context, f *Fixture, _, _ hub.Member) error {
		_, err := f.add(ctx, ghost, f.Platform.DefaultRole())
		return err
	}},
	{hub.OpAddWithSecondary, func(ctx context.Context, f *Fixture, _, _ hub.Member) error {
		_, err := f.Connector.Add(ctx, f.Hub, hub.Add{Email: ghost, Role: f.Platform.DefaultRole(), Secondary: []string{f.anySecondary()}, Name: displayName})
		return err
	}},
	{hub.OpChangeRole, func(ctx context.Context, f *Fixture, seat, _ hub.Member) error {
		return f.Connector.ChangeRole(ctx, f.Hub, seat, hub.RoleChange{Role: f.admin()})
	}},
	{hub.OpChangeInvitedRole, func(ctx context.Context, f *Fixture, _, invitation hub.Member) error {
		return f.Connector.ChangeRole(ctx, f.Hub, invitation, hub.RoleChange{Role: f.other(invitation.Role)})
	}},
	{hub.OpGrantRole, func(ctx context.Context, f *Fixture, seat, _ hub.Member) error {
		return f.Connector.ChangeRole(ctx, f.Hub, seat, hub.RoleChange{Grant: f.anySecondary()})
	}},
	{hub.OpRevokeRole, func(ctx context.Context, f *Fixture, seat, _ hub.Member) error {
		return f.Connector.ChangeRole(ctx, f.Hub, seat, hub.RoleChange{Revoke: f.anySecondary()})
	}},
	{hub.OpRemove, func(ctx context.Context, f *Fixture, seat, _ hub.Member) error {
		return f.Connector.Remove(ctx, f.Hub, seat)
	}},
	{hub.OpCancel, func(ctx context.Context, f *Fixture, _, invitation hub.Member) error {
		return f.Connector.Remove(ctx, f.Hub, invitation)
	}},
}

// anySecondary is a secondary role, made up where the platform has none.
func (f *Fixture) anySecondary() string {
	if id := f.secondary(); id != "" {
		return id
	}
	return "MADE_UP"
}

func (r refusal) check() check {
	return check{name: "Unsupported/" + string(r.op) + " is refused without a request", run: func(t TB, f *Fixture) {
		f.act(t, Join, ada, f.Platform.DefaultRole())
		f.invite(t, grace, f.Platform.DefaultRole())
		seat, invitation := f.listed(t, ada), f.listed(t, grace)
		if !invites(f.Platform) {
			// What no list of the platform's can hold.
			invitation.Status = hub.StatusInvited
		}
		want := []hub.Reason{hub.ReasonUnsupported}
		if f.Platform.Capabilities.Of(r.op) == hub.AfterAcceptance {
			want = append(want, hub.ReasonAwaitingAcceptance)
		}
		f.quiet(t, string(r.op), func() {
			f.fails(t, string(r.op), r.try(t.Context(), f, seat, invitation), want...)
		})
		f.holds(t, ada, seat.Role)
		f.holds(t, grace, invitation.Role)
		if found := f.truth(t, ghost); len(found) > 0 {
			t.Errorf("and yet %s is there", ghost)
		}
	}}
}
