// Package tiktokbusiness is the connector for TikTok Business Center: its people,
// read and changed through the TikTok API for Business.
//
// What shapes it: members and invitations are rows of one list; an invitation
// has no id and goes by its address; failures come as a code inside HTTP 200;
// an invitation to somebody who is there is swallowed without a word; nobody can
// be read alone, so a look-up is a search whose silence proves little.
package tiktokbusiness

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
)

// Connector is the TikTok API for Business behind hub.Connector. It keeps no
// state between calls but the client's pace and what its searches have lately
// found.
type Connector struct {
	api  *client
	seen *sightings
}

var (
	_ hub.Connector      = (*Connector)(nil)
	_ hub.BusinessLister = (*Connector)(nil)
)

// Verify implements hub.Connector with one read for the token and one for the
// Business Center, which tells the role of the token's user in it.
func (c *Connector) Verify(ctx context.Context, ref hub.Ref) (hub.Business, error) {
	if _, err := c.api.me(ctx); err != nil {
		return hub.Business{}, fmt.Errorf("check the access token: %w", err)
	}
	center, err := c.api.center(ctx, ref.BusinessID)
	if err != nil {
		return hub.Business{}, fmt.Errorf("check Business Center %s: %w", ref.BusinessID, err)
	}
	if center == nil {
		return hub.Business{}, answer.Refuse(hub.ReasonNotFound,
			"The user behind the access token belongs to no Business Center with id %s. Take the id from the address of the Business Center (org_id=), and use the token of one of its Admins.", ref.BusinessID)
	}
	if err := usable(ref, center.Info.Status); err != nil {
		return hub.Business{}, err
	}
	if role := strings.ToUpper(center.UserRole); !platform.IsAdmin(role) {
		if role == "" {
			role = "no role"
		} else {
			role = "the role " + role
		}
		return hub.Business{}, answer.Refuse(hub.ReasonForbidden,
			"The user behind the access token has %s in Business Center %s. Managing people takes ADMIN: have an Admin raise the role under Users, Members, or use the token of an Admin.", role, ref.BusinessID)
	}
	return hub.Business{ID: ref.BusinessID, Name: center.Info.Name}, nil
}

// usable says what stands in the way of a Business Center that is not enabled.
func usable(ref hub.Ref, status string) error {
	switch strings.ToUpper(status) {
	case "ENABLE":
		return nil
	case "REVIEWING":
		return answer.Refuse(hub.ReasonForbidden, "TikTok is still reviewing Business Center %s. Wait for the review to end, which its own screen shows, then apply again.", ref.BusinessID)
	case "DENY":
		return answer.Refuse(hub.ReasonForbidden, "TikTok has turned Business Center %s down in its review. Open the Business Center to see why, correct its details and submit them again.", ref.BusinessID)
	case "PUNISH":
		return answer.Refuse(hub.ReasonForbidden, "TikTok has suspended Business Center %s for a breach of its rules. Open the Business Center to see why and to appeal; until then no person can be managed there.", ref.BusinessID)
	default:
		return answer.Refuse(hub.ReasonForbidden, "TikTok reports Business Center %s with the status %q, and it can be managed while ENABLE only. Open the Business Center to see what it waits for.", ref.BusinessID, status)
	}
}

// Businesses implements hub.BusinessLister.
func (c *Connector) Businesses(ctx context.Context) ([]hub.Business, error) {
	all, err := c.api.centers(ctx)
	if err != nil {
		return nil, err
	}
	var found []hub.Business
	for _, one := range all {
		found = append(found, hub.Business{ID: one.Info.ID.String(), Name: one.Info.Name})
	}
	return found, nil
}

// Members implements hub.Connector: the open invitations, then the members. In
// this order deliberately: who accepts in between is in both lists, and the
// engine lets the seat win; the other way round they would be in neither.
//
// Each list is filtered here as well, since TikTok may send other statuses than
// asked for. A status nobody has heard of is kept whatever list it comes with:
// somebody is there.
func (c *Connector) Members(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
	var members []hub.Member
	seen := map[string]bool{}
	for _, list := range []struct{ status, other string }{{statusPending, statusBound}, {statusBound, statusPending}} {
		rows, err := c.api.members(ctx, "list "+list.status+" members of "+ref.BusinessID, ref.BusinessID, filtering{RelationStatus: list.status})
		if err != nil {
			return nil, fmt.Errorf("list the %s members of Business Center %s: %w", list.status, ref.BusinessID, err)
		}
		for _, row := range rows {
			key := row.key()
			if row.is(list.other, statusUnbound) || key != "" && seen[key] {
				continue
			}
			seen[key] = true
			members = append(members, row.member())
		}
	}
	return members, nil
}

// Add implements hub.Connector with an invitation. TikTok has no direct add, gives
// the invitation no id, and keeps quiet about an address that is there already:
// the engine reads it back.
func (c *Connector) Add(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
	if err := checkRole(in.Role); err != nil {
		return hub.Member{}, err
	}
	body := invite{BCID: ref.BusinessID, Emails: []string{in.Email}, UserRole: in.Role}
	for _, role := range in.Secondary {
		finance, err := financeRole(role)
		if err != nil {
			return hub.Member{}, err
		}
		if body.ExtUserRole != nil && body.ExtUserRole.FinanceRole != finance {
			return hub.Member{}, answer.Refuse(hub.ReasonInvalidRole, "A member of a Business Center holds one finance role; %s and %s exclude each other.", financeManager, financeAnalyst)
		}
		body.ExtUserRole = &extRole{FinanceRole: finance}
	}
	if err := c.api.invite(ctx, body); err != nil {
		return hub.Member{}, c.sortInvite(ctx, ref, in, err)
	}
	return hub.Member{Email: in.Email, Role: in.Role, Secondary: in.Secondary, Status: hub.StatusInvited}, nil
}

// ChangeRole implements hub.Connector with an update that holds what changes and
// no more. A finance role that is granted replaces the other one: a member has
// one field for it. Taking it away again is refused: TikTok has no value for
// "none", and what an empty one does is unconfirmed.
func (c *Connector) ChangeRole(ctx context.Context, ref hub.Ref, m hub.Member, change hub.RoleChange) error {
	body := update{BCID: ref.BusinessID, UserID: m.ID}
	switch {
	case change.Revoke != "":
		return answer.Refuse(hub.ReasonUnsupported, "TikTok's API cannot take a finance role away, only replace it with the other one. Take it away on TikTok's own screen, or remove the member and invite them again without it.")
	case change.Role == "" && change.Grant == "":
		return nil
	case m.Status.Pending() && change.Role != "":
		return answer.Refuse(hub.ReasonUnsupported, "TikTok's API changes the role of members only. %s has not accepted the invitation: it has to be withdrawn and sent again with the other role.", m.Label())
	case m.Status.Pending():
		return answer.Refuse(hub.ReasonAwaitingAcceptance, "TikTok's API gives roles to members only, and %s has not accepted the invitation. Apply again once they have, or withdraw the invitation and send it with the finance role.", m.Label())
	}
	if change.Role != "" {
		if err := checkRole(change.Role); err != nil {
			return err
		}
		body.UserRole = change.Role
	}
	if change.Grant != "" {
		finance, err := financeRole(change.Grant)
		if err != nil {
			return err
		}
		body.ExtUserRole = &extRole{FinanceRole: finance}
		for _, held := range m.Secondary {
			if strings.HasPrefix(held, financePrefix) && held != change.Grant {
				c.api.log.WarnContext(ctx, "a member holds one finance role, the new one replaces the other", "member", m.Label(), "old", held, "new", change.Grant)
			}
		}
	}
	if err := checkID(m); err != nil {
		return err
	}
	if err := c.api.update(ctx, m.Label(), body); err != nil {
		return c.sortChange(ctx, ref, m, change.Role, err)
	}
	return nil
}

// Remove implements hub.Connector: a member goes by user_id, an invitation by
// address.
func (c *Connector) Remove(ctx context.Context, ref hub.Ref, m hub.Member) error {
	body := remove{BCID: ref.BusinessID}
	if m.Status == hub.StatusInvited || m.ID == "" && m.Status != hub.StatusActive {
		if m.Email == "" {
			return answer.Refuse(hub.ReasonUnsupported, "TikTok withdraws an invitation by its address, and does not show the one of %s. Withdraw it on TikTok's own screen.", m.Label())
		}
		body.UserEmail = m.Email
	} else {
		if err := checkID(m); err != nil {
			return err
		}
		body.UserID = m.ID
	}
	c.sight(ctx, ref, m)
	if err := c.api.remove(ctx, m.Label(), body); err != nil {
		return c.sortChange(ctx, ref, m, "", err)
	}
	return nil
}

// sight searches for somebody who is about to be removed, so that the same
// search can prove afterwards that they are gone: see Lookup. It decides nothing.
// Whatever it meets, the removal is tried: a leaver must not keep a seat because
// a search failed.
func (c *Connector) sight(ctx context.Context, ref hub.Ref, m hub.Member) {
	if m.Email == "" {
		return
	}
	key := hub.Key{Email: hub.FoldEmail(m.Email), ID: m.ID, Status: m.Status}
	if m.Status.Pending() {
		key.Status = "" // the engine looks for an invitation everywhere: it may have been accepted
	}
	if !c.seen.lately(ref, searchFor(key)) {
		_, _, _, _ = c.search(ctx, ref, key)
	}
}

// Self implements hub.Connector. Whether core_user_id is the user_id that the
// member list uses is unconfirmed, so the token's user is looked for by both id
// and address, among the administrators: who is none cannot be locked out.
func (c *Connector) Self(ctx context.Context, ref hub.Ref) (hub.Identity, error) {
	own, err := c.api.me(ctx)
	if err != nil {
		return hub.Identity{}, fmt.Errorf("find the access token's own seat in Business Center %s: %w", ref.BusinessID, err)
	}
	admins, err := c.admins(ctx, ref)
	if err != nil {
		return hub.Identity{}, fmt.Errorf("find the access token's own seat in Business Center %s: %w", ref.BusinessID, err)
	}
	self := hub.Identity{Name: own.DisplayName}
	if !strings.Contains(own.Email, "*") {
		self.Email = hub.FoldEmail(own.Email)
	}
	for _, m := range admins {
		if m.ID != "" && (m.ID == own.CoreUserID.String() || self.Email != "" && hub.FoldEmail(m.Email) == self.Email) {
			self.MemberIDs = append(self.MemberIDs, m.ID)
		}
	}
	return self, nil
}

// admins are the members with the role ADMIN, of whom there are a page at most.
func (c *Connector) admins(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
	rows, err := c.api.members(ctx, "list the administrators of "+ref.BusinessID, ref.BusinessID, filtering{RelationStatus: statusBound, UserRole: roleAdmin})
	var admins []hub.Member
	for _, row := range rows {
		if m := row.member(); m.Status == hub.StatusActive && platform.IsAdmin(m.Role) {
			admins = append(admins, m)
		}
	}
	return admins, err
}

// sortInvite finds out what TikTok's two general refusals of an invitation mean:
// the codes for a full center and for a bound address are unconfirmed. It costs
// up to five reads, after a refusal only. A read that fails leaves the refusal as
// it is.
func (c *Connector) sortInvite(ctx context.Context, ref hub.Ref, in hub.Add, err error) error {
	var refused *refusal
	if !errors.As(err, &refused) || refused.code != codeDenied && refused.code != codeInvalid {
		return err
	}
	m, found, _, lookErr := c.search(ctx, ref, hub.Key{Email: hub.FoldEmail(in.Email)})
	switch {
	case lookErr != nil:
		return err // a token that may not even look explains the refusal
	case found && m.Status.Live():
		return &sorted{hub.ReasonConflict, fmt.Sprintf("%s is in the Business Center already (%s, role %s), so TikTok took no invitation.", m.Label(), m.Status, m.Role), refused}
	}
	if platform.IsAdmin(in.Role) {
		if full := c.fullOfAdmins(ctx, ref); full != "" {
			return &sorted{hub.ReasonSeatLimit, full, refused}
		}
	}
	if n := c.count(ctx, ref, ""); n >= maxMembers {
		return &sorted{hub.ReasonSeatLimit, fmt.Sprintf("The Business Center has %d members, open invitations included, and TikTok allows %d. Remove somebody, or withdraw an invitation, first.", n, maxMembers), refused}
	}
	return err
}

// fullOfAdmins says in words that no further administrator fits in, "" when one
// does or nobody knows.
func (c *Connector) fullOfAdmins(ctx context.Context, ref hub.Ref) string {
	n := c.count(ctx, ref, roleAdmin)
	if n < maxAdmins {
		return ""
	}
	return fmt.Sprintf("The Business Center has %d Admins, open invitations included, and TikTok allows %d. Make one of them Standard, or give this person the role STANDARD.", n, maxAdmins)
}

// count is how many people have a role, or any with "", open invitations
// included; 0 when TikTok does not say.
func (c *Connector) count(ctx context.Context, ref hub.Ref, role string) int {
	sum := 0
	for _, status := range []string{statusBound, statusPending} {
		n, err := c.api.count(ctx, ref.BusinessID, filtering{RelationStatus: status, UserRole: role})
		if err != nil {
			return 0
		}
		sum += n
	}
	return sum
}

// sortChange finds out what TikTok's two general refusals of a change mean. role
// is the new primary role, "" when there is none or the member was to go. The
// codes for an unknown member, a full set of administrators, the last of them
// and the caller itself are unconfirmed; one look at who is there is sure.
func (c *Connector) sortChange(ctx context.Context, ref hub.Ref, m hub.Member, role string, err error) error {
	var refused *refusal
	if !errors.As(err, &refused) || refused.code != codeDenied && refused.code != codeInvalid {
		return err
	}
	if refused.code == codeInvalid {
		_, lookErr := c.Lookup(ctx, ref, hub.Key{Email: m.Email, ID: m.ID, Status: m.Status})
		switch {
		case errors.Is(lookErr, hub.ErrAbsent):
			return &sorted{hub.ReasonNotFound, m.Label() + " is not in the Business Center any more.", refused}
		case lookErr != nil:
			return err
		}
	}
	switch {
	case m.Status != hub.StatusActive:
		return err
	case platform.IsAdmin(role) && !platform.IsAdmin(m.Role):
		if full := c.fullOfAdmins(ctx, ref); full != "" {
			return &sorted{hub.ReasonSeatLimit, full, refused}
		}
		return err
	case !platform.IsAdmin(m.Role) || platform.IsAdmin(role):
		return err
	}
	admins, lookErr := c.admins(ctx, ref)
	if lookErr != nil {
		return err
	}
	if len(admins) == 1 && admins[0].ID == m.ID {
		return &sorted{hub.ReasonLastAdmin, m.Label() + " is the last Admin of the Business Center. Give somebody else the role ADMIN first.", refused}
	}
	if self, lookErr := c.Self(ctx, ref); lookErr == nil && self.Is(m) {
		return &sorted{hub.ReasonSelfLockout, m.Label() + " is who the access token acts as, and TikTok does not let them remove or demote themselves. Use the token of another Admin.", refused}
	}
	return err
}

// checkRole refuses what is not one of the two primary roles: TikTok's lists of
// values are strict.
func checkRole(role string) error {
	if r, ok := platform.Role(role); ok && r.Kind == hub.Primary {
		return nil
	}
	return answer.Refuse(hub.ReasonInvalidRole, "%q is not a role of a Business Center; it has %s.", role, strings.Join(platform.RoleIDs(hub.Primary), " and "))
}

// financeRole is how TikTok writes a secondary role.
func financeRole(role string) (string, error) {
	if r, ok := platform.Role(role); ok && r.Kind == hub.Secondary {
		return strings.TrimPrefix(role, financePrefix), nil
	}
	return "", answer.Refuse(hub.ReasonInvalidRole, "%q is not a finance role; there are %s.", role, strings.Join(platform.RoleIDs(hub.Secondary), " and "))
}

// checkID keeps a write from going out without saying whom it is about.
func checkID(m hub.Member) error {
	if numericID.MatchString(m.ID) && m.ID != "0" {
		return nil
	}
	return answer.Refuse(hub.ReasonUnknown, "%s was not read from TikTok: %q is not an id it gives. Sync and try again.", m.Label(), m.ID)
}
