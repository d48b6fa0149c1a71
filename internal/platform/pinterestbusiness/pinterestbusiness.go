// Package pinterestbusiness is the connector for Pinterest Business: the people
// of a business account, read and changed through Pinterest's API v5.
//
// What shapes it: adding somebody is always an invitation, with an id of its
// own; writes take lists and answer item by item under HTTP 200, so a 200 is no
// success; e-mail addresses can be hidden; an error's HTTP status comes before
// its code, because the same code stands for several things.
package pinterestbusiness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
)

// Connector is Pinterest's API behind hub.Connector. It keeps no state between
// calls but the client's pace and its tokens.
type Connector struct {
	api *client
	now func() time.Time // tells an invitation that ran out
}

var (
	_ hub.Connector      = (*Connector)(nil)
	_ hub.BusinessLister = (*Connector)(nil)
)

// Verify implements hub.Connector with one read for each thing that can be
// wrong, so that the error can say which one is.
func (c *Connector) Verify(ctx context.Context, ref hub.Ref) (hub.Business, error) {
	self, err := c.api.account(ctx)
	if err != nil {
		return hub.Business{}, fmt.Errorf("check the access token: %w", err)
	}
	if missing := c.api.grant.missingScopes(); len(missing) > 0 {
		return hub.Business{}, answer.Refuse(hub.ReasonForbidden,
			"The access token that Pinterest gives for this refresh token lacks %s. Authorise the app again with %s, and set the refresh token that comes of it.",
			strings.Join(missing, " and "), requiredScopes)
	}
	if err := c.api.canList(ctx, ref.BusinessID); err != nil {
		return hub.Business{}, fmt.Errorf("check business %s: %w", ref.BusinessID, err)
	}
	found := hub.Business{ID: ref.BusinessID, Name: self.name()}
	if self.ID != ref.BusinessID {
		if found, err = c.employer(ctx, ref, self); err != nil {
			return hub.Business{}, err
		}
	}
	if c.api.grant.replaced() {
		found.Notes = append(found.Notes, refreshTokenSpent)
	}
	return found, nil
}

// employer finds the business among those that the token's user works for, which
// tells its name and whether the user may manage it. Pinterest has no call that
// reads another business than the token's own.
func (c *Connector) employer(ctx context.Context, ref hub.Ref, self account) (hub.Business, error) {
	found := hub.Business{ID: ref.BusinessID}
	for b, err := range c.api.employers(ctx) {
		if err != nil && c.Explain(err).Reason == hub.ReasonForbidden {
			found.Notes = []string{"Pinterest did not let the token list the businesses of its user, so the role of the user could not be checked beforehand."}
			return found, nil
		}
		if err != nil {
			return hub.Business{}, fmt.Errorf("check the role of the token's user on business %s: %w", ref.BusinessID, err)
		}
		if b.ID != ref.BusinessID && b.User.ID != ref.BusinessID {
			continue
		}
		if role, _ := rolesOf(b.BusinessRoles); role == roleEmployee {
			return hub.Business{}, answer.Refuse(hub.ReasonForbidden,
				"The access token belongs to %s, who is %s on business %s. Managing people takes %s (Manager on Pinterest's screens): have a Manager raise the role, or use the token of one.",
				self.name(), role, ref.BusinessID, roleAdmin)
		}
		found.Name = b.User.Username
		return found, nil
	}
	// The members could be read, so the user has a part in the business all the
	// same; what part, the first write tells.
	return found, nil
}

// Businesses implements hub.BusinessLister: the token's own account, when that is
// a business, and those its user works for.
func (c *Connector) Businesses(ctx context.Context) ([]hub.Business, error) {
	self, err := c.api.account(ctx)
	if err != nil {
		return nil, err
	}
	var found []hub.Business
	seen := map[string]bool{} // a list that changes while it is read can show a row twice
	add := func(b hub.Business) {
		if !seen[b.ID] {
			seen[b.ID] = true
			found = append(found, b)
		}
	}
	if self.AccountType == "BUSINESS" {
		add(hub.Business{ID: self.ID, Name: self.name()})
	}
	for b, err := range c.api.employers(ctx) {
		if err != nil {
			return nil, err
		}
		add(hub.Business{ID: cmp.Or(b.User.ID, b.ID), Name: b.User.Username})
	}
	return found, nil
}

// Members implements hub.Connector: the open invitations, then the people. In
// this order deliberately: who accepts in between is in both lists, and the
// engine lets the seat win; the other way round they would be in neither.
func (c *Connector) Members(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
	var members []hub.Member
	seen := map[string]bool{} // a list that changes while it is read can show a row twice
	add := func(kind string, m hub.Member) {
		if key := kind + m.ID; m.ID == "" || !seen[key] {
			seen[key] = true
			members = append(members, m)
		}
	}
	for i, err := range c.api.invitations(ctx, ref.BusinessID) {
		if err != nil {
			return nil, fmt.Errorf("list the invitations of business %s: %w", ref.BusinessID, err)
		}
		add("invitation ", i.member(c.now()))
	}
	for b, err := range c.api.members(ctx, ref.BusinessID, nil) {
		if err != nil {
			return nil, fmt.Errorf("list the members of business %s: %w", ref.BusinessID, err)
		}
		add("member ", b.member())
	}
	return members, nil
}

// Lookup implements hub.Connector. A member of a known id costs one request and
// an invitation its list, which is short. By e-mail Pinterest filters nothing:
// that reads the members up to the person.
func (c *Connector) Lookup(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
	switch {
	case key.ID == "" && key.Email == "":
		return hub.Member{}, fmt.Errorf("look somebody up on %s: neither an e-mail address nor an id is given", ref)
	case key.ID != "" && !numericID.MatchString(key.ID):
		return hub.Member{}, fmt.Errorf("look up id %q on %s: Pinterest's ids are digits", key.ID, ref)
	case key.Status == hub.StatusActive && key.ID != "":
		return c.seatByID(ctx, ref, key.ID)
	case key.Status == hub.StatusActive:
		return c.seat(ctx, ref, key)
	case key.Status == hub.StatusInvited && key.ID != "":
		return c.invitation(ctx, ref, hub.Key{ID: key.ID})
	case key.Status == hub.StatusInvited:
		return c.invitation(ctx, ref, key)
	}

	// Invitations first, as in Members.
	invited, err := c.invitation(ctx, ref, key)
	switch {
	case err != nil && !errors.Is(err, hub.ErrAbsent):
		return hub.Member{}, err
	case err == nil && key.ID != "" && invited.ID == key.ID && invited.Status.Live():
		return invited, nil
	}
	var seat hub.Member
	var seatErr error
	if key.Email == "" {
		seat, seatErr = c.seatByID(ctx, ref, key.ID)
	} else {
		seat, seatErr = c.seat(ctx, ref, key)
	}
	if errors.Is(seatErr, hub.ErrAbsent) && err == nil {
		return invited, nil // perhaps one that ran out: there is nothing better
	}
	return seat, seatErr
}

// seatByID reads one member. Rows that were not asked for would mean that
// Pinterest did not filter; that nobody of the id is among them then says
// nothing.
func (c *Connector) seatByID(ctx context.Context, ref hub.Ref, id string) (hub.Member, error) {
	for b, err := range c.api.members(ctx, ref.BusinessID, url.Values{"member_ids": {id}}) {
		switch {
		case err != nil:
			return hub.Member{}, fmt.Errorf("look up member %s: %w", id, err)
		case b.ID != id && b.User.ID != id:
			return hub.Member{}, fmt.Errorf("look up member %s on %s: Pinterest answers with member %s instead", id, ref, b.ID)
		}
		return b.member(), nil
	}
	return hub.Member{}, fmt.Errorf("member %s on %s: %w", id, ref, hub.ErrAbsent)
}

// seat finds a member by id, else by address. With the address at hand the list
// is read in any case, so the id costs nothing more.
func (c *Connector) seat(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
	email := hub.FoldEmail(key.Email)
	var byEmail *hub.Member
	for b, err := range c.api.members(ctx, ref.BusinessID, nil) {
		if err != nil {
			return hub.Member{}, fmt.Errorf("look up %s: %w", email, err)
		}
		m := b.member()
		if key.ID != "" && b.ID == key.ID {
			return m, nil
		}
		if byEmail == nil && b.User.goesBy(email) {
			if byEmail = &m; key.ID == "" {
				break
			}
		}
	}
	if byEmail == nil {
		return hub.Member{}, fmt.Errorf("%s on %s: %w", email, ref, hub.ErrAbsent)
	}
	return *byEmail, nil
}

// invitation finds an invitation by id, else by address; one that ran out when
// there is no other. Pinterest reads no single invitation.
func (c *Connector) invitation(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
	email := hub.FoldEmail(key.Email)
	var best *hub.Member
	for i, err := range c.api.invitations(ctx, ref.BusinessID) {
		if err != nil {
			return hub.Member{}, fmt.Errorf("look up the invitation of %s: %w", (hub.Member{ID: key.ID, Email: email}).Label(), err)
		}
		m := i.member(c.now())
		switch {
		case key.ID != "" && m.ID == key.ID:
			return m, nil
		case email != "" && i.User.goesBy(email) && (best == nil || m.Status.Live()):
			best = &m
		}
	}
	if best == nil {
		return hub.Member{}, fmt.Errorf("an invitation of %s on %s: %w", (hub.Member{ID: key.ID, Email: email}).Label(), ref, hub.ErrAbsent)
	}
	return *best, nil
}

// Add implements hub.Connector with an invitation: Pinterest has no direct add.
//
// An address that is none is refused here and not by Pinterest, which would take
// it for a user name and invite whoever goes by it.
func (c *Connector) Add(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
	if len(in.Secondary) > 0 {
		return hub.Member{}, answer.Refuse(hub.ReasonUnsupported, "Pinterest's members have one role and no additional ones. Permissions on ad accounts and profiles are given on Pinterest's own screen.")
	}
	if err := checkRole(in.Role); err != nil {
		return hub.Member{}, err
	}
	if err := hub.ValidEmail(in.Email); err != nil {
		return hub.Member{}, answer.Refuse(hub.ReasonInvalidInput, "%v. Pinterest would take it for a user name and invite somebody else.", err)
	}
	i, err := c.api.invite(ctx, ref.BusinessID, in.Email, in.Role)
	if err != nil {
		return hub.Member{}, c.sortInviteError(ctx, ref, in, err)
	}
	m := hub.Member{ID: i.ID, Email: in.Email, Username: i.User.Username, Role: in.Role, Status: hub.StatusInvited}
	if !numericID.MatchString(m.ID) {
		m.ID = ""
	}
	return m, nil
}

// sortInviteError finds out whether a refused invitation was refused because
// the person is there already. How Pinterest says that is unconfirmed; looking
// is sure. It costs a few reads, after a refusal only.
func (c *Connector) sortInviteError(ctx context.Context, ref hub.Ref, in hub.Add, refused error) error {
	var e *refusal
	if !errors.As(refused, &e) {
		return refused
	}
	switch e.fault().Reason {
	case hub.ReasonInvalidInput, hub.ReasonSeatLimit, hub.ReasonUnknown:
	default:
		return refused
	}
	m, err := c.Lookup(ctx, ref, hub.Key{Email: hub.FoldEmail(in.Email)})
	if err != nil || !m.Status.Live() {
		return refused
	}
	return &presentError{member: m, cause: refused}
}

// ChangeRole implements hub.Connector for members. That of an invitation cannot
// be changed; the engine withdraws it and sends another one.
func (c *Connector) ChangeRole(ctx context.Context, ref hub.Ref, m hub.Member, change hub.RoleChange) error {
	if change.Grant != "" || change.Revoke != "" {
		return answer.Refuse(hub.ReasonUnsupported, "Pinterest's members have one role and no additional ones. Permissions on ad accounts and profiles are given and taken on Pinterest's own screen.")
	}
	if change.Role == "" {
		return nil
	}
	if m.Status != hub.StatusActive {
		return answer.Refuse(hub.ReasonUnsupported, "Pinterest cannot change the role of an invitation: withdraw it and invite %s again with the role %s.", m.Label(), change.Role)
	}
	if err := checkRole(change.Role); err != nil {
		return err
	}
	if err := checkID(m); err != nil {
		return err
	}
	err := c.api.setRole(ctx, ref.BusinessID, m, change.Role)
	if !touchedNobody(err) {
		return c.sortGuard(ctx, ref, m, err)
	}
	now, lookErr := c.seatByID(ctx, ref, m.ID)
	switch {
	case errors.Is(lookErr, hub.ErrAbsent):
		return &goneError{member: m, cause: err}
	case lookErr != nil:
		return leftOpen(m, err)
	case now.Role == change.Role:
		return nil
	}
	return err
}

// Remove implements hub.Connector.
func (c *Connector) Remove(ctx context.Context, ref hub.Ref, m hub.Member) error {
	if err := checkID(m); err != nil {
		return err
	}
	if m.Status != hub.StatusActive {
		return c.withdraw(ctx, ref, m)
	}
	if m.Role != roleAdmin && m.Role != roleEmployee {
		return answer.Refuse(hub.ReasonUnsupported, "Pinterest's API removes somebody only together with their role, which has to be %s or %s; %s has %q.", roleEmployee, roleAdmin, m.Label(), m.Role)
	}
	err := c.api.remove(ctx, ref.BusinessID, m)
	if !touchedNobody(err) {
		return c.sortGuard(ctx, ref, m, err)
	}
	now, lookErr := c.seatByID(ctx, ref, m.ID)
	switch {
	case errors.Is(lookErr, hub.ErrAbsent):
		return &goneError{member: m, cause: err}
	case lookErr != nil:
		return leftOpen(m, err)
	case now.Role != m.Role:
		// Not sent again with the new role: no guard has seen that one.
		return &foundError{reason: hub.ReasonUnknown, cause: err, detail: fmt.Sprintf(
			"%s has the role %s by now and not %s, and Pinterest removes somebody only together with the role they have. Apply again: the refresh reads it.", m.Label(), now.Role, m.Role)}
	}
	return err
}

func (c *Connector) withdraw(ctx context.Context, ref hub.Ref, m hub.Member) error {
	err := c.api.cancel(ctx, ref.BusinessID, m)
	if !touchedNobody(err) {
		return err
	}
	now, lookErr := c.invitation(ctx, ref, hub.Key{ID: m.ID})
	switch {
	case errors.Is(lookErr, hub.ErrAbsent), lookErr == nil && !now.Status.Live():
		return &goneError{member: m, cause: err}
	case lookErr != nil:
		return leftOpen(m, err)
	case answeredInFull(err):
		// "Its status does not allow this", and it is listed as open: somebody may
		// have accepted a moment ago, and the list not show it yet.
		return &foundError{reason: hub.ReasonUnknown, open: true, cause: err, detail: fmt.Sprintf(
			"Pinterest did not withdraw the invitation of %s, and still lists it as open.", m.Label())}
	}
	return err
}

// answeredInFull says that Pinterest took the call, and refused what it was about.
func answeredInFull(err error) bool {
	var e *refusal
	return !errors.As(err, &e) || e.item
}

// touchedNobody says that a write was answered with "nobody": the answer leaves
// the person out, or refuses the id. Why, only a look tells.
func touchedNobody(err error) bool {
	var undone *undoneError
	var e *refusal
	switch {
	case errors.As(err, &undone):
		return true
	case errors.As(err, &e):
		return e.item || e.status == http.StatusBadRequest || e.status == http.StatusNotFound
	}
	return false
}

// leftOpen is err where the look that was to explain it failed.
func leftOpen(m hub.Member, err error) error {
	if !answeredInFull(err) {
		return err
	}
	return &foundError{reason: hub.ReasonUnknown, open: true, cause: err, detail: fmt.Sprintf(
		"Pinterest did not do this for %s, and what is true of them now could not be read.", m.Label())}
}

// sortGuard finds out whether Pinterest refused to demote or remove an
// administrator because of who that is. It has no code of its own for the last
// administrator or for the token's own user (unconfirmed that it guards either).
func (c *Connector) sortGuard(ctx context.Context, ref hub.Ref, m hub.Member, refused error) error {
	var e *refusal
	if !platform.IsAdmin(m.Role) || !errors.As(refused, &e) || !e.mayNotAct() {
		return refused
	}
	there, others := false, false
	for b, err := range c.api.members(ctx, ref.BusinessID, url.Values{"business_roles": {roleAdmin}}) {
		if err != nil {
			return refused
		}
		switch {
		case b.ID == m.ID:
			there = true
		case slices.Contains(b.BusinessRoles, roleAdmin):
			others = true
		}
	}
	if there && !others {
		return &foundError{reason: hub.ReasonLastAdmin, cause: refused, detail: fmt.Sprintf(
			"%s is the only %s (Manager) of the business. Make somebody else one first, and let them accept.", m.Label(), roleAdmin)}
	}
	if self, err := c.api.account(ctx); there && err == nil && self.ID == m.ID {
		return &foundError{reason: hub.ReasonSelfLockout, cause: refused, detail: fmt.Sprintf(
			"%s is who the access token belongs to, and Pinterest does not let them do this to themselves. Use the token of another %s (Manager).", m.Label(), roleAdmin)}
	}
	return refused
}

// Self implements hub.Connector. A token of the business account itself need
// have no seat, and nothing can lock it out.
func (c *Connector) Self(ctx context.Context, ref hub.Ref) (hub.Identity, error) {
	account, err := c.api.account(ctx)
	if err != nil {
		return hub.Identity{}, fmt.Errorf("find out whose token it is: %w", err)
	}
	self := hub.Identity{Name: account.name()}
	// That a member's id is the account's is unconfirmed. So whoever is not to be
	// had by it is looked for in the whole list.
	filters := []url.Values{{"member_ids": {account.ID}}, nil}
	if account.ID == ref.BusinessID {
		filters = filters[:1]
	}
	for _, filter := range filters {
		for b, err := range c.api.members(ctx, ref.BusinessID, filter) {
			if err != nil {
				return hub.Identity{}, fmt.Errorf("find the token's own seat on business %s: %w", ref.BusinessID, err)
			}
			if b.ID == account.ID || b.User.ID == account.ID {
				self.MemberIDs, self.Email = []string{b.ID}, hub.FoldEmail(b.User.Email)
				return self, nil
			}
		}
	}
	return self, nil
}

// checkRole refuses what is not one of the two roles of members before
// Pinterest sees it: PARTNER is legal in the same field and invites a partner.
func checkRole(role string) error {
	if _, ok := platform.Role(role); ok {
		return nil
	}
	return answer.Refuse(hub.ReasonInvalidRole, "%q is not a role roster can give on Pinterest Business; it gives %s.", role, strings.Join(platform.RoleIDs(hub.Primary), " and "))
}

// checkID keeps a write from going to the wrong person: ids of seats and of
// invitations look alike, and only the status tells which one it is.
func checkID(m hub.Member) error {
	if numericID.MatchString(m.ID) && m.Status != "" {
		return nil
	}
	return answer.Refuse(hub.ReasonUnknown, "%s was not read from Pinterest: %q (%s) is not an id Pinterest gives. Sync and try again.", m.Label(), m.ID, m.Status)
}
