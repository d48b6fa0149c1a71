// Package googleads is the connector for Google Ads: the people of a manager
// account, or of a client account, through the REST form of the Google Ads API.
//
// What shapes it:
//
//   - A person is in one of three collections, each with ids of its own: a
//     change that waits for a second administrator, an invitation, a seat. Who
//     moves on leaves one and enters the next, so they are always read in that
//     order, and joined by e-mail.
//   - HTTP 200 does not mean done. An invitation, a role change or a removal can
//     be held for a second administrator, for up to 20 days. It is then a state
//     of the member and never asked for again.
//   - An invitation can be accepted with a Google account of another address. It
//     then vanishes, and somebody unknown appears: Google gives nothing to tell
//     that they are the same person, and roster does not guess.
//   - Only direct access is listed. Who reaches a customer through a manager is
//     on the manager's list.
package googleads

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
)

// Connector is the Google Ads API behind hub.Connector. It keeps no state
// between calls but the access token and the pace.
type Connector struct {
	ads   *client
	self  string // folded; "" for a refresh token, which does not say whose it is
	login string
}

var (
	_ hub.Connector      = (*Connector)(nil)
	_ hub.BusinessLister = (*Connector)(nil)
)

// Verify implements hub.Connector with one read for each of the three things
// that can be wrong. Of a refresh token it cannot tell whether the person is
// Admin: the first write does.
func (c *Connector) Verify(ctx context.Context, ref hub.Ref) (hub.Business, error) {
	direct, err := c.ads.direct(ctx)
	if err != nil {
		return hub.Business{}, fmt.Errorf("check the credential: %w", err)
	}
	found, err := c.ads.customer(ctx, ref.BusinessID)
	if err != nil {
		return hub.Business{}, fmt.Errorf("check customer %s: %w", ref.BusinessID, c.unreached(ref, direct, err))
	}
	if found.ID != ref.BusinessID {
		return hub.Business{}, &answer.Own{Fault: hub.Fault{
			Reason: hub.ReasonUnknown,
			Detail: fmt.Sprintf("Google was asked about customer %s and described %q. Check endpoint.", ref.BusinessID, found.ID),
		}}
	}
	business := hub.Business{ID: found.ID, Name: found.DescriptiveName}
	if business.Name == "" {
		business.Name = "Google Ads " + found.ID // a name is optional
	}
	switch found.Status {
	case "ENABLED":
	case "SUSPENDED":
		return hub.Business{}, &answer.Own{Fault: hub.Fault{
			Reason: hub.ReasonBlocked,
			Detail: fmt.Sprintf("Google has suspended customer %s (%s), and changes nobody on a suspended account. Sign in on ads.google.com, follow the notice there to appeal, and apply again once it is lifted.", found.ID, business.Name),
		}}
	case "CANCELED":
		return hub.Business{}, &answer.Own{Fault: hub.Fault{
			Reason: hub.ReasonForbidden,
			Detail: fmt.Sprintf("Customer %s (%s) is cancelled. Reactivate it on ads.google.com, or take its roster_business_hub out of the configuration.", found.ID, business.Name),
		}}
	case "CLOSED":
		return hub.Business{}, &answer.Own{Fault: hub.Fault{
			Reason: hub.ReasonForbidden,
			Detail: fmt.Sprintf("Customer %s (%s) is closed, which cannot be undone. Take its roster_business_hub and its people out of the configuration.", found.ID, business.Name),
		}}
	default:
		business.Notes = append(business.Notes, fmt.Sprintf("Google reports the status %q for this customer, which roster does not know.", found.Status))
	}
	if found.TestAccount {
		business.Notes = append(business.Notes, "This is a test account of Google Ads.")
	}
	note, err := c.checkAdmin(ctx, ref)
	if err != nil {
		return hub.Business{}, err
	}
	if note != "" {
		business.Notes = append(business.Notes, note)
	}
	return business, nil
}

// Businesses implements hub.BusinessLister: the customers that the identity has
// access to itself. Those behind a manager are not listed; each name is a
// request, and a customer that does not let itself be read goes without.
func (c *Connector) Businesses(ctx context.Context) ([]hub.Business, error) {
	ids, err := c.ads.direct(ctx)
	if err != nil {
		return nil, err
	}
	var found []hub.Business
	for _, id := range ids {
		b := hub.Business{ID: id}
		switch customer, err := c.ads.customer(ctx, id); {
		case err == nil:
			b.Name = customer.DescriptiveName
		case c.Explain(err).Reason != hub.ReasonForbidden:
			return nil, err
		}
		found = append(found, b)
	}
	return found, nil
}

// unreached adds to Google's "permission denied", which does not tell a wrong
// customer from a missing login_customer_id, what the credential does reach.
func (c *Connector) unreached(ref hub.Ref, direct []string, err error) error {
	var refused *refusal
	if !errors.As(err, &refused) || refused.code != (errorCode{"authorizationError", "USER_PERMISSION_DENIED"}) {
		return err
	}
	f := refused.fault()
	reached := "to no customer directly"
	if len(direct) > 0 {
		slices.Sort(direct)
		reached = "directly to " + strings.Join(direct[:min(len(direct), 10)], ", ")
		if len(direct) > 10 {
			reached += fmt.Sprintf(" and %d more", len(direct)-10)
		}
	}
	switch {
	case c.login != "":
		f.Detail = fmt.Sprintf("Google lets this credential have no part in customer %s through login_customer_id %s. It has access %s. Check both ids, and that the manager %[2]s manages %[1]s.", ref.BusinessID, c.login, reached)
	case slices.Contains(direct, ref.BusinessID):
		f.Detail = fmt.Sprintf("Google lists customer %s among those the credential has access to, and refuses to show it. Check on ads.google.com that the access is still there.", ref.BusinessID)
	default:
		f.Detail = fmt.Sprintf("Google lets this credential have no part in customer %s. It has access %s. Check the id; if the customer is reached through a manager account, set login_customer_id to the manager's id; otherwise have an Admin of the customer add the credential's identity.", ref.BusinessID, reached)
	}
	return &explained{fault: f, cause: err}
}

// checkAdmin reads the role of the connection's own seat where it is known whose
// that is, else merely that the people can be read.
func (c *Connector) checkAdmin(ctx context.Context, ref hub.Ref) (note string, err error) {
	found, err := c.ads.accesses(ctx, ref.BusinessID, c.self)
	if err != nil {
		return "", fmt.Errorf("check the permission to manage people of customer %s: %w", ref.BusinessID, err)
	}
	if c.self == "" {
		return "", nil
	}
	for _, a := range found {
		if hub.FoldEmail(a.EmailAddress) != c.self {
			continue
		}
		if !platform.IsAdmin(a.AccessRole) {
			return "", &answer.Own{Fault: hub.Fault{
				Reason: hub.ReasonForbidden,
				Detail: fmt.Sprintf("The connection acts as %s, who has the role %s on customer %s. Managing people takes ADMIN: have an Admin raise the role on ads.google.com (Admin, Access and security, Users).", c.self, a.AccessRole, ref.BusinessID),
			}}
		}
		return "", nil
	}
	return fmt.Sprintf("%s is not among the users of customer %s: its access comes through a manager account. To manage people it has to be Admin of a manager that owns the customer.", c.self, ref.BusinessID), nil
}

// Members implements hub.Connector with three searches, in the order a person
// passes through: who moves on between two of them is in both, and the engine
// lets the seat win; the other way round they would be in neither. For up to 24
// hours after an acceptance both the invitation and the seat are there anyhow.
func (c *Connector) Members(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
	var s standing
	var err error
	if s.reviews, err = c.ads.reviews(ctx, ref.BusinessID); err != nil {
		return nil, err
	}
	if s.invitations, err = c.ads.invitations(ctx, ref.BusinessID); err != nil {
		return nil, err
	}
	if s.accesses, err = c.ads.accesses(ctx, ref.BusinessID, ""); err != nil {
		return nil, err
	}
	if err := c.completeReviews(ctx, ref.BusinessID, &s); err != nil {
		return nil, err
	}
	return s.members(ref.BusinessID), nil
}

// completeReviews reads the reviews, again if need be, where a seat names one
// that is not among those known: it was opened after they were read, or they
// have not been read at all.
func (c *Connector) completeReviews(ctx context.Context, customer string, s *standing) error {
	known := map[string]bool{}
	for _, r := range s.reviews {
		known[r.ResourceName] = true
	}
	unseen := func(a access) bool { return a.PendingReview != "" && !known[a.PendingReview] }
	if !slices.ContainsFunc(s.accesses, unseen) {
		return nil
	}
	again, err := c.ads.reviews(ctx, customer)
	if err != nil {
		return err
	}
	// Those of the first reading stay: what was approved in between may be an
	// invitation by now, and those were read before.
	for _, r := range again {
		if !known[r.ResourceName] {
			s.reviews = append(s.reviews, r)
		}
	}
	return nil
}

// standing is what Google holds of people, as far as it was read.
type standing struct {
	reviews     []review
	invitations []invitation
	accesses    []access
}

// members joins the three lists into one.
func (s standing) members(customer string) []hub.Member {
	members := make([]hub.Member, 0, len(s.accesses)+len(s.invitations))
	held := map[string]bool{}               // addresses whose invitation is held
	changes := map[string]*hub.Awaiting{}   // by the id of the seat
	withdrawn := map[string]*hub.Awaiting{} // by the address of the invitation
	for _, r := range s.reviews {
		switch {
		case r.invites():
			m := r.member(customer)
			members = append(members, m)
			held[hub.FoldEmail(m.Email)] = true
		case r.Access.Old != "":
			changes[idOf(customer, r.Access.Old, accesses)] = r.awaiting(customer)
		case r.Invitation.New != nil:
			// Google's definitions have no field for which invitation is to be
			// withdrawn; this one is the address, if it is there.
			withdrawn[hub.FoldEmail(r.Invitation.New.EmailAddress)] = r.awaiting(customer)
		}
	}
	for _, i := range s.invitations {
		m := i.member(customer)
		email := hub.FoldEmail(m.Email)
		if email != "" && held[email] {
			continue // see mutated: the invitation of the review above, made and not sent
		}
		if email != "" {
			m.Awaiting = withdrawn[email]
		}
		members = append(members, m)
	}
	for _, a := range s.accesses {
		m := a.member(customer)
		m.Awaiting = changes[m.ID]
		if m.Awaiting == nil && a.PendingReview != "" {
			// Some change, which the list of reviews does not show. To the role
			// that is there already is the one thing it cannot be taken for.
			m.Awaiting = &hub.Awaiting{Task: hub.TaskChangeRole, Role: m.Role, ID: idOf(customer, a.PendingReview, reviews)}
		}
		members = append(members, m)
	}
	return members
}

// Lookup implements hub.Connector. Where a seat is expected it asks for the
// address, which is one small search; where an invitation is, for the reviews
// and the invitations, of which there are few; otherwise for all three. Only to
// be certain that a seat's id is gone it lists everybody, which costs one call
// too: Google does not document that ids can be searched for.
func (c *Connector) Lookup(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
	kind := collection(key.ID)
	switch {
	case key.ID == "" && key.Email == "":
		return hub.Member{}, fmt.Errorf("look somebody up on %s: neither an e-mail address nor an id is given", ref)
	case key.ID != "" && kind == "":
		return hub.Member{}, fmt.Errorf("look up id %q on %s: it is not of the form customerUserAccesses/8001", key.ID, ref)
	}
	var s standing
	var err error
	if key.Status != hub.StatusActive {
		if s.reviews, err = c.ads.reviews(ctx, ref.BusinessID); err != nil {
			return hub.Member{}, err
		}
		if s.invitations, err = c.ads.invitations(ctx, ref.BusinessID); err != nil {
			return hub.Member{}, err
		}
	}
	if key.Status != hub.StatusInvited {
		if err := c.lookupAccess(ctx, ref, key, kind, &s); err != nil {
			return hub.Member{}, err
		}
		if key.Status == hub.StatusActive && len(s.accesses) > 0 && c.ads.version < reviewedSeats {
			// The seat itself does not say that a change to it is held.
			if s.reviews, err = c.ads.reviews(ctx, ref.BusinessID); err != nil {
				return hub.Member{}, err
			}
		}
		if err := c.completeReviews(ctx, ref.BusinessID, &s); err != nil {
			return hub.Member{}, err
		}
	}
	if m, ok := best(key, s.members(ref.BusinessID)); ok {
		return m, nil
	}
	return hub.Member{}, fmt.Errorf("%s on %s: %w", whom(key), ref, hub.ErrAbsent)
}

// lookupAccess reads the seats that key can mean.
func (c *Connector) lookupAccess(ctx context.Context, ref hub.Ref, key hub.Key, kind string, s *standing) (err error) {
	email := hub.FoldEmail(key.Email)
	if email != "" {
		if s.accesses, err = c.ads.accesses(ctx, ref.BusinessID, email); err != nil {
			return err
		}
	}
	name := resourceName(ref.BusinessID, key.ID)
	if kind == accesses && !slices.ContainsFunc(s.accesses, func(a access) bool { return a.ResourceName == name }) {
		s.accesses, err = c.ads.accesses(ctx, ref.BusinessID, "") // the address may have changed
	}
	return err
}

// best picks whom key means. A seat comes before the invitation it came from,
// an id before an address.
func best(key hub.Key, members []hub.Member) (hub.Member, bool) {
	email := hub.FoldEmail(key.Email)
	byID := func(m hub.Member) bool { return key.ID != "" && m.ID == key.ID }
	byEmail := func(m hub.Member) bool { return email != "" && hub.FoldEmail(m.Email) == email }
	seat := func(m hub.Member) bool { return m.Status == hub.StatusActive }
	for _, match := range []func(hub.Member) bool{
		func(m hub.Member) bool { return seat(m) && byID(m) },
		func(m hub.Member) bool { return seat(m) && byEmail(m) },
		byID,
		byEmail,
	} {
		if i := slices.IndexFunc(members, match); i >= 0 {
			return members[i], true
		}
	}
	return hub.Member{}, false
}

func whom(key hub.Key) string {
	if key.Email == "" {
		return "id " + key.ID
	}
	return key.Email
}

// Add implements hub.Connector with an invitation: Google has no direct add. An
// invitation that is held is no error, and is not sent again by anybody.
func (c *Connector) Add(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
	if len(in.Secondary) > 0 {
		return hub.Member{}, answer.Unsupported("Google Ads has one role per person and no additional ones.")
	}
	if err := checkRole(in.Role); err != nil {
		return hub.Member{}, err
	}
	done, err := c.ads.invite(ctx, ref.BusinessID, in.Email, in.Role)
	if err != nil {
		return hub.Member{}, err
	}
	m := hub.Member{
		ID:    idOf(ref.BusinessID, done.Result.ResourceName, invitations),
		Email: in.Email, Role: in.Role, Status: hub.StatusInvited,
	}
	if held := done.Result.Review; held != "" {
		m.ID, m.Status = idOf(ref.BusinessID, held, reviews), hub.StatusPendingApproval
	}
	return m, nil
}

// ChangeRole implements hub.Connector. A change that waits already is not asked
// for again.
func (c *Connector) ChangeRole(ctx context.Context, ref hub.Ref, m hub.Member, change hub.RoleChange) error {
	if change.Grant != "" || change.Revoke != "" {
		return answer.Unsupported("Google Ads has one role per person and no additional ones.")
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
	switch {
	case collection(m.ID) != accesses:
		return answer.Unsupported("Google cannot change the role of an invitation: it has to be withdrawn and sent anew.")
	case m.Awaiting != nil:
		return stillWaiting(m, hub.TaskChangeRole, change.Role)
	case m.Role == change.Role:
		return nil // asking for it all the same could open a review
	}
	if _, known := platform.Role(m.Role); !known {
		return answer.Unsupported(fmt.Sprintf("%s has an access that Google's API gives no name to (it says %q; Billing is one such). A change of the role could not be undone through the API, so roster leaves it to a person.", m.Label(), m.Role))
	}
	_, err := c.ads.setRole(ctx, ref.BusinessID, m, change.Role)
	return err // held or done: the next look-up tells
}

// Remove implements hub.Connector: a seat is removed, an invitation withdrawn,
// and one that is still held is taken back before anybody was invited.
func (c *Connector) Remove(ctx context.Context, ref hub.Ref, m hub.Member) error {
	if err := checkID(m); err != nil {
		return err
	}
	if m.Awaiting != nil {
		return stillWaiting(m, hub.TaskRemove, "")
	}
	switch collection(m.ID) {
	case reviews:
		return c.ads.revoke(ctx, ref.BusinessID, m)
	case invitations:
		done, err := c.ads.remove(ctx, ref.BusinessID, m)
		if err == nil && done.Result.Review != "" {
			// Not known to happen. The review would not say which invitation it
			// is about, so no look-up could show that it waits.
			return &answer.Own{Fault: hub.Fault{
				Reason: hub.ReasonAwaitingApproval,
				Detail: fmt.Sprintf("Google holds the withdrawal of the invitation of %s until a second administrator approves it (%s). Until then the invitation can be accepted.", m.Label(), done.Result.Review),
			}}
		}
		return err
	default:
		_, err := c.ads.remove(ctx, ref.BusinessID, m)
		return err
	}
}

// stillWaiting is the answer to a change of somebody about whom another one
// waits for an approval: nil when it is the very same. Google takes no second
// request meanwhile, and a person who has to decide about two cannot.
func stillWaiting(m hub.Member, task hub.TaskKind, role string) error {
	if m.Awaiting.Task == task && m.Awaiting.Role == role {
		return nil
	}
	what := "a change"
	switch {
	case m.Awaiting.Task == hub.TaskRemove:
		what = "the removal"
	case m.Awaiting.Role != m.Role:
		what = "the change to the role " + m.Awaiting.Role
	}
	return &answer.Own{Fault: hub.Fault{
		Reason: hub.ReasonAwaitingApproval,
		Detail: fmt.Sprintf("For %s, %s still waits for a second administrator (%s). Approve or reject it on ads.google.com (Admin, Access and security), then apply again.", m.Label(), what, m.Awaiting.ID),
	}}
}

// Self implements hub.Connector: the service account, or whom it acts as. It
// makes no request. For a refresh token it is nobody: with the one scope roster
// asks for, Google does not say whose it is, and the guard against locking
// oneself out has nothing to hold on to.
func (c *Connector) Self(context.Context, hub.Ref) (hub.Identity, error) {
	return hub.Identity{Email: c.self}, nil
}

func checkRole(role string) error {
	if _, ok := platform.Role(role); ok {
		return nil
	}
	return &answer.Own{Fault: hub.Fault{
		Reason: hub.ReasonInvalidRole,
		Detail: fmt.Sprintf("%q is not a role of Google Ads; its API gives %s.", role, strings.Join(platform.RoleIDs(hub.Primary), ", ")),
	}}
}

// checkID keeps a write from going to an object named by accident.
func checkID(m hub.Member) error {
	if collection(m.ID) != "" {
		return nil
	}
	return &answer.Own{Fault: hub.Fault{
		Reason: hub.ReasonUnknown,
		Detail: fmt.Sprintf("%s was not read from Google: %q is not an id roster gives. Sync and try again.", m.Label(), m.ID),
	}}
}
