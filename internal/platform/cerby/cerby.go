// Package cerby is the connector for Cerby: business hubs that Cerby keeps the
// people of, reached through its workspace API v1. A hub is an integration of
// Cerby's.
//
// What shapes it: a write answers with a job and nothing has happened yet; the
// list of members is Cerby's copy of the app as of its last sync, which the API
// cannot start; only people of the workspace can be added, by id; and the roles
// are those of whatever app is behind the hub.
package cerby

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
)

// Connector is Cerby's API behind hub.Connector. It keeps no state between calls
// but the client's pace.
type Connector struct {
	api      *client
	adminURL string
	log      *slog.Logger
}

var (
	_ hub.Connector      = (*Connector)(nil)
	_ hub.Particular     = (*Connector)(nil)
	_ hub.RoleLister     = (*Connector)(nil)
	_ hub.JobReader      = (*Connector)(nil)
	_ hub.BusinessLister = (*Connector)(nil)
)

// For implements hub.Particular: the screens are those of the workspace.
func (c *Connector) For(hub.Ref) hub.Platform {
	p := platform
	p.AdminURL = c.adminURL
	return p
}

// Roles implements hub.RoleLister with what the app behind the hub offers.
func (c *Connector) Roles(ctx context.Context, ref hub.Ref) ([]hub.Role, error) {
	list, err := c.api.entitlements(ctx, ref.BusinessID)
	if err != nil {
		return nil, c.blame(ctx, err)
	}
	return rolesIn(list), nil
}

// Verify implements hub.Connector. That the key may write, the first write
// tells: no call asks for it.
func (c *Connector) Verify(ctx context.Context, ref hub.Ref) (hub.Business, error) {
	i, err := c.api.integration(ctx, ref.BusinessID)
	if err != nil {
		return hub.Business{}, fmt.Errorf("check hub %s: %w", ref.BusinessID, c.blame(ctx, err))
	}
	if err := c.api.canList(ctx, ref.BusinessID); err != nil {
		return hub.Business{}, fmt.Errorf("check the members of hub %s: %w", ref.BusinessID, c.blame(ctx, err))
	}
	found := hub.Business{
		ID:      ref.BusinessID,
		Name:    i.Attributes.Label,
		Runbook: runbookFor(i.Attributes.Application),
	}
	switch err := c.api.canListUnmatched(ctx, ref.BusinessID); {
	case errors.Is(err, errNoUnmatched):
		found.Notes = append(found.Notes, "Cerby does not show roster the people whom it found in the app and could not match to somebody of the workspace. Look at Unmatched users in the hub's Users tab: they have seats, and are in no list of roster's.")
	case err != nil:
		return hub.Business{}, fmt.Errorf("check the unmatched users of hub %s: %w", ref.BusinessID, err)
	}
	return found, nil
}

// Businesses implements hub.BusinessLister: the hubs that the key's user owns.
func (c *Connector) Businesses(ctx context.Context) ([]hub.Business, error) {
	all, err := c.api.integrations(ctx)
	if err != nil {
		return nil, c.blame(ctx, err)
	}
	var found []hub.Business
	for _, i := range all {
		found = append(found, hub.Business{ID: i.ID, Name: i.Attributes.Label, Runbook: runbookFor(i.Attributes.Application)})
	}
	return found, nil
}

// Members implements hub.Connector: the people whom Cerby matched to somebody of
// the workspace, and those it could not. The latter have a seat that nobody
// governs, which is what a roster is for.
func (c *Connector) Members(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
	members, _, err := c.members(ctx, ref)
	if err != nil {
		return nil, c.blame(ctx, err)
	}
	return members, nil
}

// members is the whole list; all is false when Cerby does not show who is
// unmatched. Those come first: whom Cerby matches in between is in both lists,
// and the matched row counts; the other way round they would be in neither.
func (c *Connector) members(ctx context.Context, ref hub.Ref) (list []hub.Member, all bool, err error) {
	strangers, err := c.api.unmatched(ctx, ref.BusinessID)
	if all = err == nil; err != nil && !errors.Is(err, errNoUnmatched) {
		return nil, false, err
	}
	matched, err := c.api.members(ctx, ref.BusinessID)
	if err != nil {
		return nil, false, err
	}
	addresses := map[string]bool{}
	for _, row := range matched {
		m := row.member()
		list = append(list, m)
		addresses[hub.FoldEmail(m.Email)] = true
	}
	for _, row := range strangers {
		if m := row.member(); m.Email == "" || !addresses[hub.FoldEmail(m.Email)] {
			list = append(list, m)
		}
	}
	return list, all, nil
}

// Lookup implements hub.Connector. Somebody who is there costs one request by
// id and two by address. Somebody who is not costs the list: Cerby's 404 may
// mean that it hides what is there, and only a list that can be read tells.
func (c *Connector) Lookup(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
	m, err := c.lookup(ctx, ref, key)
	return m, c.blame(ctx, err)
}

func (c *Connector) lookup(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
	email := hub.FoldEmail(key.Email)
	label := (hub.Member{ID: key.ID, Email: email}).Label()
	id := key.ID
	switch {
	case id == "" && email == "":
		return hub.Member{}, fmt.Errorf("look somebody up on %s: neither an e-mail address nor an id is given", ref)
	case id == "":
		u, ok, err := c.user(ctx, email)
		if err != nil {
			return hub.Member{}, err
		}
		if ok {
			id = u.ID
		}
	case !isUnmatched(id) && !uuid.MatchString(id):
		return hub.Member{}, fmt.Errorf("look up id %q on %s: Cerby's ids are UUIDs in lower case", id, ref)
	}
	if uuid.MatchString(id) {
		m, err := c.api.member(ctx, ref.BusinessID, id)
		switch {
		case err == nil:
			return m.member(), nil
		case !notFound(err):
			return hub.Member{}, err
		}
	}

	list, all, err := c.members(ctx, ref)
	if err != nil {
		return hub.Member{}, fmt.Errorf("look up %s: %w", label, err)
	}
	for _, same := range []func(hub.Member) bool{
		func(m hub.Member) bool { return key.ID != "" && m.ID == key.ID },
		func(m hub.Member) bool { return email != "" && hub.FoldEmail(m.Email) == email },
	} {
		if i := slices.IndexFunc(list, same); i >= 0 {
			return list[i], nil
		}
	}
	if isUnmatched(key.ID) && !all {
		return hub.Member{}, answer.Refuse(hub.ReasonForbidden, "%s was among the people whom Cerby could not match, and Cerby does not show those any more.", label)
	}
	return hub.Member{}, fmt.Errorf("%s on %s: %w", label, ref, hub.ErrAbsent)
}

func isUnmatched(id string) bool { return strings.HasPrefix(id, unmatchedPrefix) }

// user finds somebody of the workspace by address, an enabled one before one who
// is not: an address can come back with a new user.
func (c *Connector) user(ctx context.Context, email string) (found user, ok bool, err error) {
	list, err := c.api.users(ctx, email)
	if err != nil {
		return user{}, false, err
	}
	for _, u := range list {
		if u.ID == "" || hub.FoldEmail(u.Attributes.Email) != email {
			continue
		}
		if !ok || found.Attributes.Status == userDisabled {
			found, ok = u, true
		}
	}
	return found, ok, nil
}

// Add implements hub.Connector. Cerby adds people of its workspace and nobody
// else, so who is not one is refused here, before a job fails on it. The member
// it returns has no id: nobody is there until the job has ended.
func (c *Connector) Add(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
	err := c.add(ctx, ref, in)
	return hub.Member{}, c.blame(ctx, err)
}

func (c *Connector) add(ctx context.Context, ref hub.Ref, in hub.Add) error {
	if err := hub.ValidEmail(in.Email); err != nil {
		return answer.Refuse(hub.ReasonInvalidInput, "%v.", err)
	}
	if in.Role == "" {
		return answer.Refuse(hub.ReasonInvalidRole, "Cerby adds nobody without a role, and does not say which of the app's roles is the least. Set role; roster_hub_roles lists those of this hub.")
	}
	email := hub.FoldEmail(in.Email)
	u, ok, err := c.user(ctx, email)
	switch {
	case err != nil:
		return err
	case !ok:
		return answer.Refuse(hub.ReasonNotFound, "%s is not in the Cerby workspace, and Cerby adds only its people to a hub. Provision them through the identity provider, or invite them to the workspace as a guest, then apply again.", email)
	case u.Attributes.Status == userDisabled:
		return answer.Refuse(hub.ReasonNotFound, "%s is disabled in the Cerby workspace, and Cerby adds only its enabled people to a hub. Enable them through the identity provider, or invite them to the workspace as a guest, then apply again.", email)
	}
	roles := union(in.Secondary, in.Role)
	return start(
		func() (string, error) { return c.api.invite(ctx, ref.BusinessID, u.ID, email, roles) },
		func(throttled error) error {
			m, err := c.api.member(ctx, ref.BusinessID, u.ID)
			switch {
			case notFound(err):
				return nil // still not there
			case err == nil:
				return &presentError{member: m.member(), cause: throttled}
			}
			return throttled
		},
	)
}

// ChangeRole implements hub.Connector. A new primary role goes out together with
// the secondary ones that the person holds now, because it replaces all of them;
// every other primary role goes. Secondary roles are given and taken by
// themselves.
func (c *Connector) ChangeRole(ctx context.Context, ref hub.Ref, m hub.Member, change hub.RoleChange) error {
	if change == (hub.RoleChange{}) {
		return nil
	}
	if err := changeable(m); err != nil {
		return err
	}
	if change.Role != "" {
		return c.blame(ctx, start(
			func() (string, error) { return c.setRole(ctx, ref, m, change) }, // reads the member first, each time
			func(error) error { return nil },
		))
	}
	return c.blame(ctx, start(
		func() (string, error) {
			return c.api.editRoles(ctx, ref.BusinessID, m, union(nil, change.Grant), union(nil, change.Revoke))
		},
		c.stillThere(ctx, ref, m),
	))
}

// setRole replaces somebody's roles, as they are now. Without a list of them it
// would take roles that nobody can see.
func (c *Connector) setRole(ctx context.Context, ref hub.Ref, m hub.Member, change hub.RoleChange) (string, error) {
	now, err := c.api.member(ctx, ref.BusinessID, m.ID)
	if err != nil {
		return "", err
	}
	if now.Attributes.Entitlements == nil {
		return "", answer.Refuse(hub.ReasonUnknown, "Cerby does not say which roles %s holds, and a new role would replace all of them. Press Sync in the hub's settings in Cerby, then apply again.", m.Label())
	}
	var held, keep []string
	for _, e := range *now.Attributes.Entitlements {
		held = union(held, e.ID)
		if !e.primary() && e.ID != change.Revoke {
			keep = union(keep, e.ID)
		}
	}
	want := union(union(keep, change.Grant), change.Role)
	if slices.Equal(want, held) {
		return "", nil
	}
	return c.api.replaceRoles(ctx, ref.BusinessID, m, want)
}

// Remove implements hub.Connector. Cerby takes the seat in the app together with
// the place on the hub.
func (c *Connector) Remove(ctx context.Context, ref hub.Ref, m hub.Member) error {
	if err := changeable(m); err != nil {
		return err
	}
	return c.blame(ctx, start(
		func() (string, error) { return c.api.remove(ctx, ref.BusinessID, m) },
		c.stillThere(ctx, ref, m),
	))
}

// Self implements hub.Connector. The API does not tell whose key it is, so it is
// nobody's, and no guard can warn of locking out the user who made it.
func (c *Connector) Self(context.Context, hub.Ref) (hub.Identity, error) { return hub.Identity{}, nil }

// changeable refuses whom Cerby could not match to somebody of the workspace, an
// id that is not one of Cerby's, and an invitation: Cerby shows none, so what is
// called one here was not read from it.
func changeable(m hub.Member) error {
	switch {
	case m.Status.Pending():
		return answer.Refuse(hub.ReasonUnsupported, "Cerby does not tell who has still to accept an invitation of the app, and changes and withdraws none.")
	case isUnmatched(m.ID):
		// A call that removes them is said to exist. Its path is unconfirmed, and a
		// removal is nothing to try out.
		return answer.Refuse(hub.ReasonUnsupported, "Cerby found %s in the app and could not match them to somebody of its workspace, and roster changes nobody whom Cerby does not know. "+
			"Match or remove them under Unmatched users in the hub's Users tab in Cerby, or remove them in the app; then press Sync there and apply again.", m.Label())
	case !uuid.MatchString(m.ID):
		return answer.Refuse(hub.ReasonUnknown, "%s was not read from Cerby: %q is not an id Cerby gives. Sync and try again.", m.Label(), m.ID)
	}
	return nil
}

// maxSends is how often a write is sent that Cerby refuses for too many calls.
const maxSends = 3

// start sends a write and answers with the job it became, nil when there is
// nothing to do. That a call refused with 429 was not done is likely and no
// more, so before it goes out again reread looks at the person: its error, when
// it has one, is the write's. It is the first call to wait the throttle out.
func start(write func() (job string, err error), reread func(throttled error) error) error {
	for sent := 1; ; sent++ {
		job, err := write()
		switch {
		case err == nil && job == "":
			return nil
		case err == nil:
			return &hub.Started{Job: job}
		case sent == maxSends || !throttledWrite(err):
			return err
		}
		if err := reread(err); err != nil {
			return err
		}
	}
}

// throttledWrite says that it was the write, and not a read before it, which
// Cerby refused for too many calls: reads have waited for that already.
func throttledWrite(err error) bool {
	var e *refusal
	return errors.As(err, &e) && e.effect == writes && e.status == http.StatusTooManyRequests
}

// stillThere lets a throttled write about m go out again while m is on the hub.
func (c *Connector) stillThere(ctx context.Context, ref hub.Ref, m hub.Member) func(error) error {
	return func(throttled error) error {
		switch _, err := c.api.member(ctx, ref.BusinessID, m.ID); {
		case err == nil:
			return nil
		case notFound(err):
			return err
		}
		return throttled // the pause is longer than there is time for
	}
}

// blame finds out what a 401 is about: Cerby says it of a key that is no good,
// of one without the scope and of one whose user has no part in the hub. It
// costs a read, after a refusal only.
func (c *Connector) blame(ctx context.Context, err error) error {
	var e *refusal
	if !errors.As(err, &e) || e.status != http.StatusUnauthorized || !c.api.keyWorks(ctx) {
		return err
	}
	return &scopeError{cause: e}
}

// union is the sorted roles with one more, where that is one.
func union(roles []string, more string) []string {
	out := slices.Clone(roles)
	if more != "" {
		out = append(out, more)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
