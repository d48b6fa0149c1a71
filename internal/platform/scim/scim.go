// Package scim is the connector for any app with a SCIM 2.0 API: its accounts,
// read and changed as RFC 7644 says and as apps really do it.
//
// What shapes it: every field of the standard is optional somewhere, so nothing
// is believed that a read does not show; there are several ways to write a
// change and each app takes some; removing somebody switches the account off
// unless the configuration wants it deleted; and a list that contradicts itself
// is an error, because somebody missing would be taken for removed.
package scim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
)

// Connector is one app's SCIM API behind hub.Connector.
type Connector struct {
	name     string // of the entry, the business id of the only hub
	vendor   answer.Vendor
	profile  profile
	roles    roles
	mode     mode
	adminURL string
	lag      time.Duration // see looks
	api      *client

	mu       sync.Mutex
	told     *hints            // what the app says of itself, once it was asked
	worked   map[string]form   // the form that worked, by what was written
	unusable map[filter]bool   // filters that the app refused
	groupIDs map[string]string // of groups, by name
	roleSeen map[string]bool   // roles that people hold
	served   bool              // there is a list of users at base_url
	noDelete bool              // the app has no DELETE
}

var (
	_ hub.Connector  = (*Connector)(nil)
	_ hub.Particular = (*Connector)(nil)
)

// For implements hub.Particular.
func (c *Connector) For(hub.Ref) hub.Platform {
	p := platform
	p.Title, p.Vendor = fmt.Sprintf("SCIM app %q", c.name), c.vendor.Name
	p.Roles = c.roles.known()
	if c.roles.source != fromNowhere {
		p.Unlisted = hub.Secondary
	}
	p.Capabilities = capabilities(c.roles.source != fromNowhere)
	p.AdminURL, p.PageSize, p.Limits = c.adminURL, c.profile.page, c.profile.limits
	return p
}

// own refuses a hub that is another entry's: this credential is not for it.
func (c *Connector) own(ref hub.Ref) error {
	if ref.Platform == Name && ref.BusinessID == c.name {
		return nil
	}
	return answer.Refuse(hub.ReasonNotFound, "The connection is that of %s/%s, and not of %s.", Name, c.name, ref)
}

// Verify implements hub.Connector: what the app says of itself, a row of its
// users, and the groups where they are roles.
func (c *Connector) Verify(ctx context.Context, ref hub.Ref) (hub.Business, error) {
	if err := c.own(ref); err != nil {
		return hub.Business{}, err
	}
	if _, err := c.hints(ctx); err != nil {
		return hub.Business{}, err
	}
	if err := c.serve(ctx); err != nil {
		return hub.Business{}, fmt.Errorf("check the SCIM API of %s: %w", ref, err)
	}
	found := hub.Business{ID: ref.BusinessID, Name: c.api.host}
	if c.roles.source != fromGroups {
		return found, nil
	}
	all, err := c.readGroups(ctx)
	if err != nil {
		return hub.Business{}, fmt.Errorf("check the groups of %s: %w", ref, err)
	}
	for _, role := range c.roles.primary {
		if _, ok := all.find(role); !ok {
			found.Notes = append(found.Notes, fmt.Sprintf("The app has no group named %q, which roles lists: nobody can be given that role until somebody creates it.", role))
		}
	}
	return found, nil
}

// hints is what the app says of itself, asked for once.
func (c *Connector) hints(ctx context.Context) (hints, error) {
	c.mu.Lock()
	told := c.told
	c.mu.Unlock()
	if told != nil {
		return *told, nil
	}
	h, err := c.api.hints(ctx)
	if err != nil {
		return h, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = &h
	return h, nil
}

// count is how many rows to ask for.
func (c *Connector) count(ctx context.Context) (int, error) {
	h, err := c.hints(ctx)
	if err != nil {
		return 0, err
	}
	if h.maxResults > 0 {
		return min(c.profile.page, h.maxResults), nil
	}
	return c.profile.page, nil
}

// serve makes sure that there is a list of users at base_url: without one, "not
// found" says nothing of a person. Once seen is enough.
func (c *Connector) serve(ctx context.Context) error {
	if err := c.api.serves(ctx); err != nil {
		return err
	}
	c.serving()
	return nil
}

func (c *Connector) serving() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.served = true
}

// gone makes a goneError of a "not found" about a user, once it is certain that
// it is about the user and not about base_url.
func (c *Connector) gone(ctx context.Context, m hub.Member, err error) error {
	var e *refusal
	if !errors.As(err, &e) || e.status != http.StatusNotFound {
		return err
	}
	c.mu.Lock()
	served := c.served
	c.mu.Unlock()
	if !served {
		if serveErr := c.serve(ctx); serveErr != nil {
			return serveErr
		}
	}
	return &goneError{member: m, cause: err}
}

// Members implements hub.Connector: the users, then the groups where they are
// roles. In this order deliberately: who is taken in between has a role too many
// rather than none.
func (c *Connector) Members(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
	if err := c.own(ref); err != nil {
		return nil, err
	}
	users, err := c.readUsers(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the members of %s: %w", ref, err)
	}
	var all roll
	if c.roles.source == fromGroups {
		if all, err = c.readGroups(ctx); err != nil {
			return nil, fmt.Errorf("list the roles of the members of %s: %w", ref, err)
		}
	}
	members := make([]hub.Member, len(users))
	for i := range users {
		if members[i], err = c.member(&users[i], all); err != nil {
			return nil, err
		}
	}
	return members, nil
}

func (c *Connector) readUsers(ctx context.Context) ([]user, error) {
	count, err := c.count(ctx)
	if err != nil {
		return nil, err
	}
	users, err := c.api.users(ctx, "list the users", "", count)
	if err == nil {
		c.serving()
	}
	return users, err
}

// member is a user in roster's words.
func (c *Connector) member(u *user, all roll) (hub.Member, error) {
	m := hub.Member{ID: u.ID, Email: u.address(c.profile), Name: u.name, Status: u.status()}
	if hub.FoldEmail(u.userName) != hub.FoldEmail(m.Email) {
		m.Username = u.userName
	}
	var held []entry
	switch c.roles.source {
	case fromNowhere:
		m.Role = roleMember
		return m, nil
	case fromGroups:
		held = all.held(u.ID)
	case fromRoles, fromEntitlements:
		values, err := u.values(string(c.roles.source))
		if err != nil {
			return m, &answer.Bad{Operation: "read the role of " + m.Label(), Status: http.StatusOK, Problem: err.Error()}
		}
		held = values.list
	}
	m.Role, m.Secondary = c.roles.split(held)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.roleSeen == nil {
		c.roleSeen = map[string]bool{}
	}
	for _, role := range m.Roles() {
		c.roleSeen[role] = true
	}
	return m, nil
}

// sawRoles lists the roles that people hold, as far as this run has seen.
func (c *Connector) sawRoles() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var seen []string
	for role := range c.roleSeen {
		seen = append(seen, role)
	}
	slices.Sort(seen)
	return seen
}

// Lookup implements hub.Connector. A known id costs one request, an address one
// for each filter until somebody is found, and the whole list where the app's
// filters prove nothing. Where groups are roles, the groups are read too.
func (c *Connector) Lookup(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
	if err := c.own(ref); err != nil {
		return hub.Member{}, err
	}
	email := hub.FoldEmail(key.Email)
	if key.ID == "" && email == "" {
		return hub.Member{}, fmt.Errorf("look somebody up on %s: neither an e-mail address nor an id is given", ref)
	}
	u, err := c.lookup(ctx, key.ID, email)
	if err != nil {
		return hub.Member{}, fmt.Errorf("look up %s on %s: %w", (hub.Member{ID: key.ID, Email: email}).Label(), ref, err)
	}
	var all roll
	if c.roles.source == fromGroups {
		if all, err = c.readGroups(ctx); err != nil {
			return hub.Member{}, fmt.Errorf("look up the role of %s on %s: %w", (hub.Member{ID: key.ID, Email: email}).Label(), ref, err)
		}
	}
	m, err := c.member(&u, all)
	if u.ID != key.ID && hub.FoldEmail(m.Email) != email {
		m.Email, m.Username = email, u.userName // found by another address of theirs
	}
	return m, err
}

func (c *Connector) lookup(ctx context.Context, id, email string) (user, error) {
	if id != "" {
		u, err := c.api.user(ctx, id)
		if err == nil {
			return u, nil
		}
		if err = c.gone(ctx, hub.Member{ID: id}, err); !errors.As(err, new(*goneError)) {
			return u, err
		}
		if email == "" {
			return u, hub.ErrAbsent
		}
	}
	return c.find(ctx, email)
}

// find looks somebody up by a folded address: with the filters that the app
// takes, and through the whole list where they do not prove that nobody has it.
func (c *Connector) find(ctx context.Context, email string) (user, error) {
	h, err := c.hints(ctx)
	if err != nil {
		return user{}, err
	}
	var answered []filter
	for _, f := range c.profile.filters {
		c.mu.Lock()
		skip := !h.filter || c.unusable[f]
		c.mu.Unlock()
		if skip || f == byWorkEmail && slices.Contains(answered, byEmail) {
			continue
		}
		users, usable, err := c.filtered(ctx, f, email)
		if err != nil {
			return user{}, err
		}
		if !usable {
			continue
		}
		if u, ok, err := c.pick(users, email); ok || err != nil {
			return u, err
		}
		answered = append(answered, f)
	}
	if c.profile.proves(answered) {
		return user{}, hub.ErrAbsent
	}
	users, err := c.readUsers(ctx)
	if err != nil {
		return user{}, err
	}
	u, ok, err := c.pick(users, email)
	if !ok && err == nil {
		err = hub.ErrAbsent
	}
	return u, err
}

// filtered lists who has the address, by one filter. usable is false when the
// app does not take the filter, which it is not asked again.
func (c *Connector) filtered(ctx context.Context, f filter, email string) (users []user, usable bool, err error) {
	count, err := c.count(ctx)
	if err != nil {
		return nil, false, err
	}
	users, err = c.api.users(ctx, "look up "+email, f.expression(email), count)
	var e *refusal
	switch {
	case err == nil:
		c.serving()
		return users, true, nil
	case !errors.As(err, &e):
		return nil, false, err
	case e.status == http.StatusNotFound:
		// Some say so of a filter that finds nobody.
		if err := c.gone(ctx, hub.Member{Email: email}, err); !errors.As(err, new(*goneError)) {
			return nil, false, err
		}
		return nil, true, nil
	case e.status == http.StatusBadRequest || e.status == http.StatusNotImplemented || e.status == http.StatusUnprocessableEntity:
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.unusable == nil {
			c.unusable = map[filter]bool{}
		}
		c.unusable[f] = true
		return nil, false, nil
	default:
		return nil, false, err
	}
}

// expression is a filter on an address, with nothing but eq.
func (f filter) expression(email string) string {
	switch f {
	case byEmail:
		return equals("emails.value", email)
	case byWorkEmail:
		return `emails[type eq "work"].value eq ` + string(jsonOf(email))
	case byExternalID:
		return equals("externalId", ownPrefix+email)
	default:
		return equals("userName", email)
	}
}

// pick is the one of users that has the address: who goes by it, else who has it
// besides. Some apps ignore a filter and list everybody.
func (c *Connector) pick(users []user, email string) (user, bool, error) {
	goesBy := func(u user) bool { return hub.FoldEmail(u.address(c.profile)) == email }
	has := func(u user) bool { return u.has(c.profile, email) }
	for _, match := range []func(user) bool{goesBy, has} {
		var found []user
		var ids []string
		for _, u := range users {
			if match(u) {
				found, ids = append(found, u), append(ids, u.ID)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], true, nil
		default:
			return user{}, false, answer.Refuse(hub.ReasonConflict, "%d accounts of the app have the address %s (ids %s), and roster does not guess which one is meant. Give all but one another address in the app, or delete them.",
				len(found), email, strings.Join(ids, ", "))
		}
	}
	return user{}, false, nil
}

// Add implements hub.Connector with a new account, or with the one the person
// has already, switched on again. It adopts nobody: a name that is taken is a
// conflict, and the engine looks whose it is.
func (c *Connector) Add(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
	if err := c.own(ref); err != nil {
		return hub.Member{}, err
	}
	if err := hub.ValidEmail(in.Email); err != nil {
		return hub.Member{}, answer.Refuse(hub.ReasonInvalidInput, "%v.", err)
	}
	if err := c.roles.check(hub.RoleChange{Role: in.Role}); err != nil {
		return hub.Member{}, err
	}
	for _, extra := range in.Secondary {
		if err := c.roles.check(hub.RoleChange{Grant: extra}); err != nil {
			return hub.Member{}, err
		}
	}
	if in.Suspended.Status != "" {
		return c.resume(ctx, ref, in)
	}
	held := slices.Clone(in.Secondary)
	if in.Role != "" { // without one the app gives its own, or none
		held = append([]string{in.Role}, held...)
	}
	groupIDs := map[string]string{}
	if c.roles.source == fromGroups {
		// Before the account is made: one without a group would be half an add.
		for _, role := range held {
			id, err := c.groupID(ctx, role)
			if err != nil {
				return hub.Member{}, err
			}
			groupIDs[role] = id
		}
	}
	made, err := c.api.create(ctx, c.newUser(in, held))
	if err != nil {
		return hub.Member{}, err
	}
	m := hub.Member{ID: made.ID, Email: in.Email, Name: in.Name, Status: hub.StatusActive}
	if made.raw != nil {
		if m, err = c.member(&made, nil); err != nil {
			return hub.Member{ID: made.ID, Email: in.Email, Status: hub.StatusUnknown}, err
		}
		m.Email = in.Email // Slack makes a handle of the user name, and knows the address all the same
	}
	if c.roles.source != fromGroups {
		return m, nil
	}
	if m.ID == "" {
		u, err := c.find(ctx, hub.FoldEmail(in.Email))
		if err != nil {
			return m, &unreadError{cause: err}
		}
		m.ID = u.ID
	}
	for _, role := range held {
		if err := c.writeGroup(ctx, m, groupIDs[role], role, true); err != nil {
			return m, err
		}
		m.Role = in.Role
	}
	m.Secondary = slices.Sorted(slices.Values(in.Secondary))
	return m, nil
}

// newUser is the account to make.
func (c *Connector) newUser(in hub.Add, held []string) newUser {
	u := newUser{
		Schemas:     []string{schemaUser},
		ExternalID:  ownPrefix + hub.FoldEmail(in.Email),
		UserName:    in.Email,
		Name:        nameOf(in.Name),
		DisplayName: strings.TrimSpace(in.Name),
		Emails:      []newValue{{Value: in.Email, Type: "work", Primary: true}},
		Active:      true,
	}
	var values []newValue
	for i, role := range held {
		values = append(values, newValue{Value: role, Primary: i == 0 && role == in.Role})
	}
	switch c.roles.source {
	case fromRoles:
		u.Roles = values
	case fromEntitlements:
		u.Entitlements = values
	case fromGroups, fromNowhere:
	}
	return u
}

// resume switches a suspended account on again, then gives it the role: apps
// refuse to change somebody who is switched off.
func (c *Connector) resume(ctx context.Context, ref hub.Ref, in hub.Add) (hub.Member, error) {
	m := in.Suspended
	if err := checkID(m); err != nil {
		return hub.Member{}, err
	}
	if err := c.writeUser(ctx, m, c.switchOn(hub.TaskAdd, m, true)); err != nil {
		return hub.Member{}, err
	}
	m.Status, m.Email = hub.StatusActive, in.Email
	var changes []hub.RoleChange
	if in.Role != "" {
		changes = append(changes, hub.RoleChange{Role: in.Role})
	}
	for _, extra := range in.Secondary {
		changes = append(changes, hub.RoleChange{Grant: extra})
	}
	if c.roles.source == fromNowhere {
		changes = nil
	}
	for _, change := range changes {
		if err := c.ChangeRole(ctx, ref, m, change); err != nil {
			// The seat is on, with whatever roles it had: not to be lost from sight.
			return m, err
		}
	}
	m.Role, m.Secondary = cmp.Or(in.Role, m.Role), slices.Sorted(slices.Values(in.Secondary))
	return m, nil
}

// ChangeRole implements hub.Connector.
func (c *Connector) ChangeRole(ctx context.Context, ref hub.Ref, m hub.Member, change hub.RoleChange) error {
	if err := c.own(ref); err != nil {
		return err
	}
	if err := isSeat(m); err != nil {
		return err
	}
	if err := c.roles.check(change); err != nil {
		return err
	}
	if c.roles.source == fromNowhere || change == (hub.RoleChange{}) {
		return nil
	}
	if err := checkID(m); err != nil {
		return err
	}
	if c.roles.source == fromGroups {
		return c.changeGroups(ctx, m, change)
	}
	return c.explainRole(change.Role+change.Grant, c.writeUser(ctx, m, c.setRoles(m, change)))
}

// Remove implements hub.Connector: it deactivates the account, or deletes it
// where the configuration says so. Somebody deactivated is gone already.
func (c *Connector) Remove(ctx context.Context, ref hub.Ref, m hub.Member) error {
	if err := c.own(ref); err != nil {
		return err
	}
	if err := isSeat(m); err != nil {
		return err
	}
	if err := checkID(m); err != nil {
		return err
	}
	c.mu.Lock()
	deletes := c.mode == byDelete && !c.noDelete
	c.mu.Unlock()
	if m.Status == hub.StatusSuspended && (!deletes || c.profile.deleteDeactivates) {
		return nil
	}
	if deletes {
		err := c.api.deleteUser(ctx, "delete "+m.Label(), m.ID)
		var e *refusal
		if !errors.As(err, &e) || !e.noPatch() {
			return c.gone(ctx, m, err)
		}
		c.mu.Lock()
		c.noDelete = true
		c.mu.Unlock()
	}
	return c.writeUser(ctx, m, c.switchOn(hub.TaskRemove, m, false))
}

// Self implements hub.Connector. A SCIM token is an app's and nobody's: there is
// no seat that it could take from itself.
func (c *Connector) Self(_ context.Context, ref hub.Ref) (hub.Identity, error) {
	return hub.Identity{}, c.own(ref)
}

// isSeat refuses what SCIM does not have.
func isSeat(m hub.Member) error {
	switch m.Status {
	case hub.StatusActive, hub.StatusSuspended, hub.StatusUnknown:
		return nil
	default:
		return answer.Unsupported(fmt.Sprintf("SCIM knows accounts and no invitations, and %s is %s.", m.Label(), m.Status))
	}
}

// checkID keeps a write from going nowhere.
func checkID(m hub.Member) error {
	if m.ID != "" {
		return nil
	}
	return answer.Refuse(hub.ReasonUnknown, "%s was not read from the app: there is no id. Sync and try again.", m.Label())
}
