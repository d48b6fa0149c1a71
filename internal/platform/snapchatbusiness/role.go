package snapchatbusiness

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
)

// ChangeRole implements hub.Connector. Afterwards the member holds the wanted
// role on the organization and no other, whatever they held before: nothing (an
// add that stopped halfway), one role, or several (a change that did).
//
// It reads the roles first: a change goes by the id of the role and not of the
// member, and hub.Member has no place for that.
func (c *Connector) ChangeRole(ctx context.Context, ref hub.Ref, m hub.Member, change hub.RoleChange) error {
	if change.Grant != "" || change.Revoke != "" {
		return answer.Unsupported(secondaryByHand)
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
	held, err := c.rolesOf(ctx, ref, m.ID)
	if err != nil {
		return fmt.Errorf("read the role of %s: %w", m.Label(), err)
	}
	others := slices.DeleteFunc(slices.Clone(held), func(r role) bool { return r.name() == change.Role })
	switch {
	case len(held) == 0:
		return c.first(ctx, ref, m, change.Role)
	case len(others) < len(held):
		return c.shed(ctx, ref, m, others, change.Role, false)
	default:
		return c.replace(ctx, ref, m, held, change.Role)
	}
}

// first gives a role to somebody without one. That somebody may be gone instead,
// and a role must not be given to nobody.
func (c *Connector) first(ctx context.Context, ref hub.Ref, m hub.Member, want string) error {
	listed := false
	for one, err := range c.api.members(ctx, ref.BusinessID) {
		if err != nil {
			return fmt.Errorf("tell whether %s is there: %w", m.Label(), err)
		}
		if one.ID == m.ID {
			listed = true
			break
		}
	}
	if !listed {
		return fmt.Errorf("give %s the role %s: %w", m.Label(), want, hub.ErrAbsent)
	}
	if _, err := c.api.grantRole(ctx, ref.BusinessID, m, want); err != nil {
		return c.sortGrant(ctx, ref, m, want, err)
	}
	return nil
}

// replace changes the role of somebody who has one: in place, where Snapchat
// takes that; else the new role first and the old one away after it, so that the
// member is never without; and only where a second role is refused the other way
// round. Which of the three works is unconfirmed, and the errors say how far each
// got.
func (c *Connector) replace(ctx context.Context, ref hub.Ref, m hub.Member, held []role, want string) error {
	byRank(held)
	var refusedPut error
	if !c.putRefused.Load() {
		err := c.api.putRole(ctx, ref.BusinessID, m, held[0], want)
		if err == nil {
			return c.shed(ctx, ref, m, held[1:], want, true)
		}
		if !declined(err) {
			return err
		}
		refusedPut = err
		if ambiguous(err) {
			refusedPut = c.look(ctx, ref, m, err, true)
		}
		// What is wrong with the member and not with the way goes no other way
		// either.
		if looked := (*sorted)(nil); errors.As(refusedPut, &looked) && looked.reason != hub.ReasonForbidden {
			return refusedPut
		}
	}
	id, err := c.api.grantRole(ctx, ref.BusinessID, m, want)
	switch {
	case err == nil:
		if refusedPut != nil {
			c.putRefused.Store(true)
		}
		return c.retire(ctx, ref, m, held, role{ID: id, MemberID: m.ID, Type: want})
	case overRule(err) && m.Status == hub.StatusActive && len(held) == 1:
		return c.swap(ctx, ref, m, held[0], want, refusedPut)
	case refusedPut != nil && declined(err):
		return &partial{
			done:  fmt.Sprintf("Snapchat would neither change the role in place nor give %s the role %s beside the old one. Nothing was changed.", m.Label(), want),
			cause: c.sortGrant(ctx, ref, m, want, err),
		}
	default:
		return c.sortGrant(ctx, ref, m, want, err)
	}
}

// shed takes away the roles somebody holds beside the wanted one. wrote says that
// the task has changed something before.
func (c *Connector) shed(ctx context.Context, ref hub.Ref, m hub.Member, others []role, want string, wrote bool) error {
	for i, r := range others {
		if err := c.drop(ctx, ref, m, r); err != nil {
			return &partial{
				done:    fmt.Sprintf("%s has the role %s, and could not be rid of %s, which they hold beside it.", m.Label(), want, names(others[i:])),
				changed: wrote || i > 0,
				cause:   err,
			}
		}
	}
	return nil
}

// retire takes the old roles away once the new one is given. When Snapchat keeps
// the old one, the new one goes back: two roles are worse than no change.
func (c *Connector) retire(ctx context.Context, ref hub.Ref, m hub.Member, old []role, given role) error {
	for i, r := range old {
		if r.ID == given.ID {
			continue // Snapchat turned the old role into the new one by itself
		}
		err := c.drop(ctx, ref, m, r)
		if err == nil {
			continue
		}
		if explain(err).Uncertain {
			return &partial{
				done:    fmt.Sprintf("%s was given the role %s. Whether the old role %s was taken away is not known.", m.Label(), given.name(), r.name()),
				changed: true,
				cause:   err,
			}
		}
		// Nothing goes back once one of several is gone, or when the task is over.
		if i == 0 && ctx.Err() == nil && c.api.deleteRole(ctx, m, given) == nil {
			return &partial{
				done:  fmt.Sprintf("%s was given the role %s, and the old role %s was not to be taken away; so the new one was taken back, and the old one is what they have.", m.Label(), given.name(), names(old)),
				cause: err,
			}
		}
		return &partial{
			done:    fmt.Sprintf("%s now holds %s and %s: the new role was given, and the old one was not to be taken away.", m.Label(), given.name(), names(old[i:])),
			changed: true,
			cause:   err,
		}
	}
	return nil
}

// swap takes the old role away before it gives the new one, for a platform that
// refuses a second role. In between the member has none, and whoever does that to
// the connection's own seat cannot give the new one.
func (c *Connector) swap(ctx context.Context, ref hub.Ref, m hub.Member, old role, want string, refusedPut error) error {
	self, err := c.Self(ctx, ref)
	if err != nil {
		return err
	}
	if self.Is(m) {
		return &answer.Own{Fault: hub.Fault{
			Reason: hub.ReasonSelfLockout,
			Detail: fmt.Sprintf("Snapchat gives the role %s only once the old one is taken away, and %s is who roster acts as: without a role it could not go on. Nothing was changed.", want, m.Label()),
		}}
	}
	if err := c.drop(ctx, ref, m, old); err != nil {
		return &partial{
			done:  fmt.Sprintf("Snapchat would neither change the role of %s in place, nor give %s beside %s, nor take %s away.", m.Label(), want, old.name(), old.name()),
			cause: err,
		}
	}
	_, err = c.api.grantRole(ctx, ref.BusinessID, m, want)
	if err == nil {
		if refusedPut != nil {
			c.putRefused.Store(true)
		}
		return nil
	}
	done := fmt.Sprintf("The role %s of %s was taken away to make room for %s", old.name(), m.Label(), want)
	switch {
	case explain(err).Uncertain:
		done += ", and whether that was given is not known. If they have no role now, the next apply gives it."
	case ctx.Err() == nil && c.restore(ctx, ref, m, old):
		return &partial{done: done + ", which Snapchat then refused. The old role was given back.", cause: err}
	default:
		done += ", which was not given, and the old role could not be given back: they have no role now. The next apply gives one."
	}
	return &partial{done: done, changed: true, cause: err}
}

func (c *Connector) restore(ctx context.Context, ref hub.Ref, m hub.Member, old role) bool {
	_, err := c.api.grantRole(ctx, ref.BusinessID, m, old.Type)
	return err == nil
}

// drop takes one role away. A role that is gone already is gone; whether it is,
// only a look can tell.
func (c *Connector) drop(ctx context.Context, ref hub.Ref, m hub.Member, r role) error {
	err := c.api.deleteRole(ctx, m, r)
	if ambiguous(err) {
		held, lookErr := c.rolesOf(ctx, ref, m.ID)
		if lookErr == nil && !slices.ContainsFunc(held, func(h role) bool { return h.ID == r.ID }) {
			return nil
		}
	}
	if err != nil {
		err = c.look(ctx, ref, m, err, true)
	}
	return err
}

// sortGrant finds out why Snapchat would not give a role: the member is gone, the
// token may not, or the invitation has to be accepted first, which is a rule
// nobody documents.
func (c *Connector) sortGrant(ctx context.Context, ref hub.Ref, m hub.Member, want string, refused error) error {
	switch {
	case m.Status.Pending() && overRule(refused):
		return &sorted{
			reason: hub.ReasonAwaitingAcceptance,
			detail: fmt.Sprintf("%s has not accepted the invitation yet, and Snapchat refused to give the role %s. It may take roles only from members: wait for the acceptance and apply again, or give the role in Business Manager.", m.Label(), want),
			cause:  refused,
		}
	case ambiguous(refused):
		return c.look(ctx, ref, m, refused, false)
	default:
		return refused
	}
}
