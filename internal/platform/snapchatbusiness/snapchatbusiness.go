// Package snapchatbusiness is the connector for Snapchat Business Manager: the
// members of an organization and their roles on it, read and changed through
// Snap's Ads API.
//
// What shapes it: a member and an invitation are one entity with one id; roles
// are entities of their own, in a list of their own, so adding somebody takes
// two calls and can stop between them; HTTP 200 can carry a failure, an empty
// list can be a success, and the commonest refusal does not say whether
// something is not there or not allowed.
package snapchatbusiness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
)

// Connector is the Ads API behind hub.Connector. What it remembers between calls
// is the client's pace and token, and two things it learned about the platform.
type Connector struct {
	api *client
	// putRefused: a role was not to be changed in place, and giving the new one
	// then worked, so it was the way and not the change that was refused.
	putRefused atomic.Bool
	warned     sync.Map // member statuses that are not the contract's, each told once
}

var (
	_ hub.Connector      = (*Connector)(nil)
	_ hub.BusinessLister = (*Connector)(nil)
)

// Verify implements hub.Connector: who the token is, which organizations that
// person belongs to, whether they see the members of this one, and what role they
// have in it.
func (c *Connector) Verify(ctx context.Context, ref hub.Ref) (hub.Business, error) {
	me, err := c.api.me(ctx)
	if err != nil {
		return hub.Business{}, fmt.Errorf("check the access token: %w", err)
	}
	all, err := c.api.organizations(ctx)
	if err != nil {
		return hub.Business{}, fmt.Errorf("check organization %s: %w", ref.BusinessID, err)
	}
	i := slices.IndexFunc(all, func(o organization) bool { return o.ID == ref.BusinessID })
	if i < 0 {
		return hub.Business{}, notAmong(ref, all)
	}
	o := all[i]
	if o.State != "" && !is(o.State, "ACTIVE") {
		return hub.Business{}, &answer.Own{Fault: hub.Fault{
			Reason: hub.ReasonForbidden,
			Detail: fmt.Sprintf("Organization %s (%s) is %s and not ACTIVE, so Snapchat takes no changes of its members. Have it reactivated in Business Manager, or by Snapchat's support.", o.Name, o.ID, strings.ToUpper(o.State)),
		}}
	}
	// What every task begins with.
	if err := c.api.canList(ctx, ref.BusinessID); err != nil {
		return hub.Business{}, fmt.Errorf("check the permission to manage the members of organization %s: %w", ref.BusinessID, err)
	}
	roles, err := c.ownRoles(ctx, ref, o, me)
	if err != nil {
		return hub.Business{}, fmt.Errorf("check the permission to manage the members of organization %s: %w", ref.BusinessID, err)
	}
	b := hub.Business{ID: o.ID, Name: o.Name}
	switch {
	case slices.Contains(roles, roleAdmin):
	case slices.Contains(roles, roleBusinessAdmin):
		b.Notes = append(b.Notes, "The token's Snapchat user is Business Admin and not Organization Admin. Snapchat says that the role covers roles and does not say that it covers adding and removing members; if such a task is refused, raise the role.")
	default:
		return hub.Business{}, &answer.Own{Fault: hub.Fault{
			Reason: hub.ReasonForbidden,
			Detail: fmt.Sprintf("The token's Snapchat user has %s in organization %s (%s). Managing its members takes admin (Organization Admin): have an Organization Admin raise the role, or authorise the app as somebody who has it.", rolesInWords(roles), o.Name, o.ID),
		}}
	}
	return b, nil
}

// Businesses implements hub.BusinessLister.
func (c *Connector) Businesses(ctx context.Context) ([]hub.Business, error) {
	all, err := c.api.organizations(ctx)
	if err != nil {
		return nil, err
	}
	var found []hub.Business
	for _, o := range all {
		found = append(found, hub.Business{ID: o.ID, Name: o.Name})
	}
	return found, nil
}

// notAmong is the error for an organization that the token's person has no part
// in: a wrong id, or the wrong person.
func notAmong(ref hub.Ref, all []organization) error {
	const most = 5
	var have []string
	for _, o := range all[:min(len(all), most)] {
		have = append(have, fmt.Sprintf("%s (%s)", o.ID, o.Name))
	}
	belongs := "to no organization"
	if len(have) > 0 {
		belongs = "to " + strings.Join(have, ", ")
	}
	if more := len(all) - len(have); more > 0 {
		belongs += fmt.Sprintf(" and %d more", more)
	}
	return &answer.Own{Fault: hub.Fault{
		Reason: hub.ReasonNotFound,
		Detail: fmt.Sprintf("The token's Snapchat user does not belong to organization %s; they belong %s. Correct the id (Business Manager, Business Details), or have an Organization Admin add that user.", ref.BusinessID, belongs),
	}}
}

func rolesInWords(roles []string) string {
	if len(roles) == 0 {
		return "no role"
	}
	return "the role " + strings.Join(roles, " and ")
}

// ownRoles are the roles of the token's person on the organization: its row in
// their own list says so, or may leave it out.
func (c *Connector) ownRoles(ctx context.Context, ref hub.Ref, o organization, me meAnswer) ([]string, error) {
	var roles []string
	if len(o.Roles) > 0 {
		for _, r := range o.Roles {
			roles = append(roles, role{Type: r}.name())
		}
		return roles, nil
	}
	id := cmp.Or(o.MyMemberID, me.seat(o.ID))
	if id == "" {
		return nil, nil
	}
	held, err := c.rolesOf(ctx, ref, id)
	for _, r := range held {
		roles = append(roles, r.name())
	}
	return roles, err
}

// seat is the member id of the token's person in one organization: they have
// another one in each.
func (a meAnswer) seat(organizationID string) string {
	for _, m := range append([]member{*a.Me}, a.Members...) {
		if m.OrganizationID == organizationID {
			return m.ID
		}
	}
	return ""
}

// Members implements hub.Connector: the members with the invitations among them,
// then the roles, joined by member id. In this order deliberately: whoever is
// added in between has a role in the second list and is not in the first, which
// the next read mends; the other way round they would be listed without a role.
func (c *Connector) Members(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
	var seats []member
	for m, err := range c.api.members(ctx, ref.BusinessID) {
		if err != nil {
			return nil, err
		}
		seats = append(seats, m)
	}
	roles, err := c.api.roles(ctx, ref.BusinessID)
	if err != nil {
		return nil, err
	}
	held := map[string][]role{}
	for _, r := range roles {
		if r.of(ref.BusinessID) {
			held[r.MemberID] = append(held[r.MemberID], r)
		}
	}
	people := make([]hub.Member, 0, len(seats))
	for _, m := range seats {
		people = append(people, c.person(ctx, m, held[m.ID]))
	}
	return people, nil
}

// person is a member in roster's words.
func (c *Connector) person(ctx context.Context, m member, held []role) hub.Member {
	p := m.member(held)
	if _, known := m.status(); !known {
		if _, told := c.warned.LoadOrStore(m.Status, true); !told {
			c.api.logger.WarnContext(ctx, "Snapchat reports a member status that it does not document; whoever has a Snapchat account is taken for active, everybody else for invited",
				"platform", Name, "member_status", m.Status, "member_id", m.ID, "taken_for", string(p.Status))
		}
	}
	return p
}

// Lookup implements hub.Connector. By id it reads the one member and their
// roles. Both calls are unconfirmed, and a refusal of the first does not tell
// who is gone from who is hidden; the list of members, which is documented and
// complete, decides then. By e-mail it is the list from the start: nothing
// filters it.
func (c *Connector) Lookup(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
	email := hub.FoldEmail(key.Email)
	switch {
	case key.ID == "" && email == "":
		return hub.Member{}, fmt.Errorf("look somebody up on %s: neither an e-mail address nor an id is given", ref)
	case key.ID != "" && !entityID.MatchString(key.ID):
		return hub.Member{}, fmt.Errorf("look up id %q on %s: Snapchat's ids are UUIDs", key.ID, ref)
	case key.ID != "":
		m, err := c.api.member(ctx, key.ID)
		if err == nil && (m.OrganizationID == "" || m.OrganizationID == ref.BusinessID) {
			return c.withRole(ctx, ref, m)
		}
		if err != nil && !declined(err) {
			return hub.Member{}, err
		}
	}
	var found *member
	for m, err := range c.api.members(ctx, ref.BusinessID) {
		if err != nil {
			return hub.Member{}, err
		}
		if m.ID == key.ID {
			found = &m
			break
		}
		if found == nil && email != "" && hub.FoldEmail(m.Email) == email {
			found = &m
			if key.ID == "" {
				break
			}
		}
	}
	if found == nil {
		return hub.Member{}, fmt.Errorf("%s on %s: %w", cmp.Or(email, "id "+key.ID), ref, hub.ErrAbsent)
	}
	return c.withRole(ctx, ref, *found)
}

func (c *Connector) withRole(ctx context.Context, ref hub.Ref, m member) (hub.Member, error) {
	held, err := c.rolesOf(ctx, ref, m.ID)
	if err != nil {
		return hub.Member{}, err
	}
	return c.person(ctx, m, held), nil
}

// rolesOf are the roles somebody holds on the organization. The call for one
// member is not Snap's own word; where it is refused, the whole list has them.
func (c *Connector) rolesOf(ctx context.Context, ref hub.Ref, memberID string) ([]role, error) {
	all, err := c.api.memberRoles(ctx, memberID)
	if declined(err) {
		all, err = c.api.roles(ctx, ref.BusinessID)
	}
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(r role) bool {
		return r.MemberID != memberID || !r.of(ref.BusinessID)
	}), nil
}

// Add implements hub.Connector with two writes: the member, which is the
// invitation, and the role. Between them it looks what role the member holds:
// whether an address that is there already is refused or answered with the
// member who has it is unconfirmed, and in the second case the role would be a
// stranger's to change.
//
// Where the role cannot be given, the member stays, and is returned with an id
// and without a role beside the error; ChangeRole gives the role later. Taking
// the member back instead would send the person a second invitation next time.
func (c *Connector) Add(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
	if len(in.Secondary) > 0 {
		return hub.Member{}, answer.Unsupported(secondaryByHand)
	}
	if err := checkRole(in.Role); err != nil {
		return hub.Member{}, err
	}
	name := strings.TrimSpace(in.Name)
	if name == "" {
		// Snapchat wants one. The part before the at sign is what people see of
		// somebody they do not know by name.
		name, _, _ = strings.Cut(strings.TrimSpace(in.Email), "@")
	}
	created, err := c.api.invite(ctx, ref.BusinessID, in.Email, name)
	if err != nil {
		return hub.Member{}, c.sortInvite(ctx, ref, in, err)
	}
	m := created.member(nil)
	m.Email = cmp.Or(m.Email, in.Email)

	held, err := c.rolesOf(ctx, ref, m.ID)
	if err != nil {
		return m, unfinished(m, in.Role, err)
	}
	m.Role = foremost(held)
	switch {
	case m.Role == in.Role:
		return m, nil // Snapchat has given it by itself, or kept quiet about somebody there
	case m.Role != "" || is(created.Status, memberActive):
		return hub.Member{}, &sorted{
			reason: hub.ReasonConflict,
			detail: fmt.Sprintf("%s is on the hub already (%s, %s): Snapchat answered with the member there is and invited nobody.", m.Label(), m.Status, roleInWords(m.Role)),
			cause:  fmt.Errorf("invite %s: member %s existed before", in.Email, m.ID),
		}
	}
	if _, err := c.api.grantRole(ctx, ref.BusinessID, m, in.Role); err != nil {
		return m, unfinished(m, in.Role, c.sortGrant(ctx, ref, m, in.Role, err))
	}
	m.Role = in.Role
	return m, nil
}

const secondaryByHand = "roster gives no roles on ad accounts or catalogs, which are the only further roles Snapchat has. Give them in Business Manager."

func roleInWords(role string) string {
	if role == "" {
		return "no role"
	}
	return "role " + role
}

// unfinished is an add whose second half failed.
func unfinished(m hub.Member, role string, cause error) error {
	return &partial{
		done: fmt.Sprintf("%s was invited (member id %s) and has no role yet: the role %s, which is a second call, could not be given. The next apply gives it to this member and invites nobody again.", m.Label(), m.ID, role),
		// Not changed: who is there is known, and returned beside the error.
		cause: cause,
	}
}

// sortInvite finds out whether a refused invitation was refused because the
// address is there already: what Snapchat answers then is unconfirmed, and
// looking is sure. It costs a read, after a refusal only.
func (c *Connector) sortInvite(ctx context.Context, ref hub.Ref, in hub.Add, refused error) error {
	if !overRule(refused) {
		return refused
	}
	m, err := c.Lookup(ctx, ref, hub.Key{Email: in.Email})
	if err != nil || !m.Status.Live() {
		return refused
	}
	return &sorted{
		reason: hub.ReasonConflict,
		detail: fmt.Sprintf("%s is on the hub already (%s, %s), so Snapchat took no new invitation.", m.Label(), m.Status, roleInWords(m.Role)),
		cause:  refused,
	}
}

// Remove implements hub.Connector. A member and an invitation go the same way;
// that an invitation does is unconfirmed.
func (c *Connector) Remove(ctx context.Context, ref hub.Ref, m hub.Member) error {
	if err := checkID(m); err != nil {
		return err
	}
	err := c.api.deleteMember(ctx, m)
	if err == nil {
		return nil
	}
	err = c.look(ctx, ref, m, err, true)
	if looked := (*sorted)(nil); m.Status.Pending() && overRule(err) && !errors.As(err, &looked) {
		return &sorted{
			reason: hub.ReasonUnsupported,
			detail: fmt.Sprintf("Snapchat refused to withdraw the invitation of %s, which its API is not documented to do. Withdraw it in Business Manager.", m.Label()),
			cause:  err,
		}
	}
	return err
}

// look finds out why Snapchat refused a write about somebody: because they are
// gone, because (when the write takes something from them) they are the last
// administrator, or because the token may not. Snapchat's own words leave the
// first and the last open and do not mention the second. It costs the two lists,
// after a refusal only.
func (c *Connector) look(ctx context.Context, ref hub.Ref, m hub.Member, refused error, taking bool) error {
	if !ambiguous(refused) && !(taking && overRule(refused)) {
		return refused
	}
	people, err := c.Members(ctx, ref)
	if err != nil {
		return refused // which is what is known, with all it leaves open
	}
	i := slices.IndexFunc(people, func(p hub.Member) bool { return p.ID == m.ID })
	otherAdmin := slices.ContainsFunc(people, func(p hub.Member) bool {
		return p.ID != m.ID && p.Status == hub.StatusActive && platform.IsAdmin(p.Role)
	})
	switch {
	case i < 0 && ambiguous(refused):
		return &sorted{reason: hub.ReasonNotFound, detail: fmt.Sprintf("%s is not on the hub any more.", m.Label()), cause: refused}
	case i < 0:
		return refused
	case taking && people[i].Status == hub.StatusActive && platform.IsAdmin(people[i].Role) && !otherAdmin:
		return &sorted{
			reason: hub.ReasonLastAdmin,
			detail: fmt.Sprintf("%s is the only member with the role admin. Snapchat does not say so, but that is the likely reason of its refusal: give somebody else the role admin first, and let them accept.", m.Label()),
			cause:  refused,
		}
	case ambiguous(refused):
		return &sorted{reason: hub.ReasonForbidden, detail: mayNot(m), cause: refused}
	default:
		return refused
	}
}

// mayNot is what "no such entity or no permission" means about somebody who is
// there.
func mayNot(m hub.Member) string {
	text := fmt.Sprintf("%s is on the hub, so what Snapchat means is that the token's user may not do this: it takes the role admin (Organization Admin).", m.Label())
	if m.Status.Pending() {
		text += " If the user has it, Snapchat does not take this before the invitation is accepted; do it in Business Manager."
	}
	return text
}

// Self implements hub.Connector: the seat of the token's person in this
// organization. On one they do not belong to they are nobody.
func (c *Connector) Self(ctx context.Context, ref hub.Ref) (hub.Identity, error) {
	all, err := c.api.organizations(ctx)
	if err != nil {
		return hub.Identity{}, fmt.Errorf("find the token's own seat in organization %s: %w", ref.BusinessID, err)
	}
	i := slices.IndexFunc(all, func(o organization) bool { return o.ID == ref.BusinessID })
	if i < 0 {
		return hub.Identity{}, nil
	}
	if id := all[i].MyMemberID; id != "" {
		return hub.Identity{MemberIDs: []string{id}}, nil
	}
	me, err := c.api.me(ctx)
	if err != nil {
		return hub.Identity{}, fmt.Errorf("find the token's own seat in organization %s: %w", ref.BusinessID, err)
	}
	self := hub.Identity{Name: me.Me.DisplayName}
	if id := me.seat(ref.BusinessID); id != "" {
		self.MemberIDs = []string{id}
	} else {
		// Neither list tells the seat. The address is a weaker sign, and better
		// than to warn nobody of a lockout.
		self.Email = hub.FoldEmail(me.Me.Email)
	}
	return self, nil
}

// checkRole refuses a role that is none of the organization's before anything is
// sent: the ad accounts have roles of the same names.
func checkRole(role string) error {
	if _, ok := platform.Role(role); ok {
		return nil
	}
	return &answer.Own{Fault: hub.Fault{
		Reason: hub.ReasonInvalidRole,
		Detail: fmt.Sprintf("%q is not a role of a Snapchat organization; these are: %s.", role, strings.Join(platform.RoleIDs(hub.Primary), ", ")),
	}}
}

// checkID keeps a request from going to the wrong object: without an id the path
// would name the API itself, and a DELETE must not guess.
func checkID(m hub.Member) error {
	if entityID.MatchString(m.ID) {
		return nil
	}
	return &answer.Own{Fault: hub.Fault{
		Reason: hub.ReasonUnknown,
		Detail: fmt.Sprintf("%s was not read from Snapchat: %q is not an id Snapchat gives. Sync and try again.", m.Label(), m.ID),
	}}
}
