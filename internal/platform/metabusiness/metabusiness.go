// Package metabusiness is the connector for Meta Business Manager: the people
// of a business portfolio, read and changed through the Graph API.
//
// What shapes it: adding somebody is always an invitation; an invitation and
// the seat it turns into have ids from two spaces; HTTP 200 can carry a
// failure, and an error's code, never its localised text, says what happened.
package metabusiness

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
)

// Connector is the Graph API behind hub.Connector. It keeps no state between
// calls but the client's pace.
type Connector struct {
	graph *client
	now   func() time.Time // tells an invitation that ran out; tests replace it
}

var (
	_ hub.Connector      = (*Connector)(nil)
	_ hub.BusinessLister = (*Connector)(nil)
)

// Verify implements hub.Connector with one read for each of the three things
// that can be wrong, so that the error can say which one is.
func (c *Connector) Verify(ctx context.Context, ref hub.Ref) (hub.Business, error) {
	if _, err := c.graph.me(ctx); err != nil {
		return hub.Business{}, fmt.Errorf("check the access token: %w", err)
	}
	var notes []string
	granted, err := c.graph.permissions(ctx)
	switch {
	case err != nil && !c.unreadable(err):
		return hub.Business{}, fmt.Errorf("check the permissions of the access token: %w", err)
	case err != nil:
		// Not every kind of token may read its own permissions. The business
		// answers the same question below, only less clearly.
		notes = append(notes, "Meta did not let the token list its own permissions, so business_management could not be checked beforehand.")
	case !granted:
		return hub.Business{}, &answer.Own{Fault: hub.Fault{
			Reason: hub.ReasonForbidden,
			Detail: "The access token does not carry the permission business_management. Generate a token that does; for a person's token, log in again and grant it.",
		}}
	}

	b, err := c.graph.business(ctx, ref.BusinessID)
	if err != nil && !noSuchField(err) {
		return hub.Business{}, fmt.Errorf("check business %s: %w", ref.BusinessID, err)
	}
	// A page or a person answers a GET on its id too. Either it lacks a field
	// that every business has, or Meta lets it go unset.
	if err != nil || b.ID != ref.BusinessID || b.VerificationStatus == "" && b.TwoFactorType == "" {
		return hub.Business{}, &answer.Own{Fault: hub.Fault{
			Reason: hub.ReasonNotFound,
			Detail: fmt.Sprintf("Id %s exists on Meta and is not a business portfolio. Take the id from Business settings, Business info; ids of pages, ad accounts and people do not work.", ref.BusinessID),
		}}
	}
	if err := c.checkAdmin(ctx, ref); err != nil {
		return hub.Business{}, err
	}
	if b.TwoFactorType == "all_required" {
		notes = append(notes, "The business requires two-factor authentication of everybody: with a person's token, writes can be refused. A system user's token is not affected.")
	}
	return hub.Business{ID: b.ID, Name: b.Name, Notes: notes}, nil
}

// unreadable says that Meta keeps an answer from this token, as opposed to
// trouble that every later call would meet too.
func (c *Connector) unreadable(err error) bool {
	switch c.Explain(err).Reason {
	case hub.ReasonForbidden, hub.ReasonNotFound, hub.ReasonInvalidInput:
		return true
	default:
		return false
	}
}

// checkAdmin reads the role of the token's own seat, and one name off the list,
// which is what every later task needs. A system user has no seat; whether it
// is an Admin only the first write can tell.
func (c *Connector) checkAdmin(ctx context.Context, ref hub.Ref) error {
	if err := c.graph.canList(ctx, ref.BusinessID); err != nil {
		return fmt.Errorf("check the permission to manage people of business %s: %w", ref.BusinessID, err)
	}
	self, err := c.Self(ctx, ref)
	if err != nil {
		return fmt.Errorf("check the permission to manage people of business %s: %w", ref.BusinessID, err)
	}
	for _, id := range self.MemberIDs {
		p, err := c.graph.person(ctx, id)
		if err != nil {
			return fmt.Errorf("check the permission to manage people of business %s: %w", ref.BusinessID, err)
		}
		if role := strings.ToUpper(p.Role); role != "" && !platform.IsAdmin(role) {
			return &answer.Own{Fault: hub.Fault{
				Reason: hub.ReasonForbidden,
				Detail: fmt.Sprintf("The access token belongs to somebody with role %s on business %s. Managing people takes ADMIN: have an admin raise the role, or use the token of an Admin system user.", role, ref.BusinessID),
			}}
		}
	}
	return nil
}

// Businesses implements hub.BusinessLister.
func (c *Connector) Businesses(ctx context.Context) ([]hub.Business, error) {
	var found []hub.Business
	seen := map[string]bool{} // a list that changes while it is read can show a row twice
	for b, err := range c.graph.businesses(ctx) {
		if err != nil {
			return nil, err
		}
		if !seen[b.ID] {
			seen[b.ID] = true
			found = append(found, hub.Business{ID: b.ID, Name: b.Name})
		}
	}
	return found, nil
}

// Members implements hub.Connector: the open invitations, then the people. In
// this order deliberately: who accepts in between is in both lists, and the
// engine lets the seat win; the other way round they would be in neither.
func (c *Connector) Members(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
	var members []hub.Member
	seen := map[string]bool{} // a list that changes while it is read can show a row twice
	add := func(m hub.Member) {
		if m.ID == "" || !seen[m.ID] {
			seen[m.ID] = true
			members = append(members, m)
		}
	}
	for i, err := range c.graph.invitations(ctx, ref.BusinessID, "") {
		if err != nil {
			return nil, fmt.Errorf("list the invitations of business %s: %w", ref.BusinessID, err)
		}
		if !i.over() {
			add(i.member(c.now()))
		}
	}
	for p, err := range c.graph.people(ctx, ref.BusinessID) {
		if err != nil {
			return nil, fmt.Errorf("list the people of business %s: %w", ref.BusinessID, err)
		}
		add(p.member())
	}
	return members, nil
}

// Lookup implements hub.Connector. By id it reads the one object, which shows a
// write at once and costs one request, or a second one to be certain that an
// object that is gone is not merely hidden. By e-mail it asks the invitations,
// which Meta filters, and then pages through the people, which it does not, up
// to the person.
func (c *Connector) Lookup(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
	elsewhere := key.Status != hub.StatusInvited && key.Status != hub.StatusActive
	if key.ID != "" {
		m, err := c.lookupID(ctx, ref, key)
		if !errors.Is(err, hub.ErrAbsent) || !elsewhere || key.Email == "" {
			return m, err
		}
		// The seat of that id is gone. An accepted invitation lives on as a
		// seat with another id, under the same address.
	}
	if key.Email == "" {
		return hub.Member{}, fmt.Errorf("look somebody up on %s: neither an e-mail address nor an id is given", ref)
	}
	return c.lookupEmail(ctx, ref, key)
}

func (c *Connector) lookupID(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
	if !numericID.MatchString(key.ID) {
		return hub.Member{}, fmt.Errorf("look up id %q on %s: Meta's ids are digits", key.ID, ref)
	}
	absent := fmt.Errorf("id %s on %s: %w", key.ID, ref, hub.ErrAbsent)
	var err error
	if key.Status != hub.StatusInvited {
		var p person
		if p, err = c.graph.person(ctx, key.ID); err == nil {
			if p.Business != nil && p.Business.ID != ref.BusinessID {
				return hub.Member{}, absent // a seat, and of another business
			}
			return p.member(), nil
		}
	}
	// An id of unknown kind may be an invitation's: Meta then knows no such
	// object or, more likely, no such field of it.
	if key.Status == hub.StatusInvited || key.Status != hub.StatusActive && (noSuchField(err) || hiddenOrGone(err)) {
		var i invitation
		if i, err = c.graph.invitation(ctx, key.ID); err == nil {
			if i.over() || i.Owner != nil && i.Owner.ID != ref.BusinessID {
				return hub.Member{}, absent
			}
			return i.member(c.now()), nil
		}
	}
	if !hiddenOrGone(err) {
		return hub.Member{}, err
	}
	// Meta answers the same to an object that is gone and to one it hides. A
	// credential that sees the people of the business sees each of them, so one
	// name off the list tells the two apart without reading the list.
	if visible := c.graph.canList(ctx, ref.BusinessID); visible != nil {
		return hub.Member{}, fmt.Errorf("tell whether id %s on %s is gone or hidden: %w", key.ID, ref, visible)
	}
	return hub.Member{}, absent
}

func (c *Connector) lookupEmail(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
	email := hub.FoldEmail(key.Email)
	var over *hub.Member // an invitation that ran out: the answer when there is nothing better
	if key.Status != hub.StatusActive {
		for i, err := range c.graph.invitations(ctx, ref.BusinessID, email) {
			if err != nil {
				return hub.Member{}, fmt.Errorf("look up the invitation of %s: %w", email, err)
			}
			if i.over() || hub.FoldEmail(i.Email) != email {
				continue
			}
			m := i.member(c.now())
			if m.Status.Live() {
				return m, nil
			}
			over = &m
		}
	}
	if key.Status != hub.StatusInvited {
		for p, err := range c.graph.people(ctx, ref.BusinessID) {
			if err != nil {
				return hub.Member{}, fmt.Errorf("look up %s: %w", email, err)
			}
			if hub.FoldEmail(p.Email) == email {
				return p.member(), nil
			}
		}
	}
	if over != nil {
		return *over, nil
	}
	return hub.Member{}, fmt.Errorf("%s on %s: %w", email, ref, hub.ErrAbsent)
}

// Add implements hub.Connector with an invitation: Meta has no direct add.
//
// The id in the answer is dropped deliberately. Whether it is the invitation's
// or that of a seat to come is unconfirmed, and an id of the wrong kind would
// make the next removal miss.
func (c *Connector) Add(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
	if len(in.Secondary) > 0 {
		return hub.Member{}, answer.Unsupported("Meta's API gives no documented way to invite somebody with additional roles. Invite without them and assign them on Meta's own screen.")
	}
	if err := checkRole(in.Role); err != nil {
		return hub.Member{}, err
	}
	err := c.graph.invite(ctx, ref.BusinessID, in.Email, in.Role)
	if err != nil {
		return hub.Member{}, c.sortInviteError(ctx, ref, in, err)
	}
	return hub.Member{Email: in.Email, Role: in.Role, Status: hub.StatusInvited}, nil
}

// sortInviteError finds out whether a refused invitation was refused because
// the address is there already. Meta answers "invalid parameter" to that and to
// a malformed address alike, and which subcode tells them apart is unconfirmed;
// looking is sure. It costs a read, after a refusal only.
func (c *Connector) sortInviteError(ctx context.Context, ref hub.Ref, in hub.Add, refused error) error {
	if !ambiguousInvite(refused) {
		return refused
	}
	m, err := c.Lookup(ctx, ref, hub.Key{Email: hub.FoldEmail(in.Email)})
	if err != nil || !m.Status.Live() {
		return refused
	}
	return &presentError{member: m, cause: refused}
}

// ChangeRole implements hub.Connector. A member and an invitation take the same
// form at their own id.
func (c *Connector) ChangeRole(ctx context.Context, ref hub.Ref, m hub.Member, change hub.RoleChange) error {
	if change.Grant != "" || change.Revoke != "" {
		return answer.Unsupported("Meta's API gives no documented way to give or take additional roles of somebody. Assign them on Meta's own screen; roster reports them.")
	}
	if change.Role == "" {
		return nil
	}
	if err := checkRole(change.Role); err != nil {
		return err
	}
	if err := checkID(m); err != nil {
		return err
	}
	return c.graph.setRole(ctx, m, change.Role)
}

// Remove implements hub.Connector: a DELETE on the seat or on the invitation.
func (c *Connector) Remove(ctx context.Context, ref hub.Ref, m hub.Member) error {
	if err := checkID(m); err != nil {
		return err
	}
	return c.graph.remove(ctx, m)
}

// Self implements hub.Connector. A person's token has seats; a system user has
// none and is not listed among the people, so nothing can lock it out here.
func (c *Connector) Self(ctx context.Context, ref hub.Ref) (hub.Identity, error) {
	seats, err := c.graph.seats(ctx)
	if err != nil {
		if noSuchField(err) {
			return hub.Identity{}, nil
		}
		return hub.Identity{}, fmt.Errorf("find the token's own seat on business %s: %w", ref.BusinessID, err)
	}
	var self hub.Identity
	for _, s := range seats {
		if s.Business != nil && s.Business.ID == ref.BusinessID {
			self.MemberIDs = append(self.MemberIDs, s.ID)
		}
	}
	return self, nil
}

// checkRole refuses what is not one of the two primary roles before Meta sees
// it: an additional role sent as the role might replace the primary one
// (unconfirmed).
func checkRole(role string) error {
	if r, ok := platform.Role(role); ok && r.Kind == hub.Primary {
		return nil
	}
	return &answer.Own{Fault: hub.Fault{
		Reason: hub.ReasonInvalidRole,
		Detail: fmt.Sprintf("%q is not a role roster can give on Meta Business Manager; it gives %s.", role, strings.Join(platform.RoleIDs(hub.Primary), " and ")),
	}}
}

// checkID keeps a request from going to the wrong object: without an id the
// path would name the API itself, and a DELETE must not guess.
func checkID(m hub.Member) error {
	if numericID.MatchString(m.ID) {
		return nil
	}
	return &answer.Own{Fault: hub.Fault{
		Reason: hub.ReasonUnknown,
		Detail: fmt.Sprintf("%s was not read from Meta: %q is not an id Meta gives. Sync and try again.", m.Label(), m.ID),
	}}
}
