package hubsim

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

func (g *googleSim) addHub(seed HubSeed) error {
	if !googleCustomer.MatchString(seed.BusinessID) {
		return fmt.Errorf("business_id %q is not ten digits", seed.BusinessID)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	h := &googleHub{
		hubBasics:   basics(seed, "Customer "+seed.BusinessID, defaultGoogleSettings()),
		userByEmail: map[string]*googleUser{}, invitationByEmail: map[string]*googleInvitation{},
		userByID: map[string]*googleUser{}, invitationByID: map[string]*googleInvitation{},
		reviewByID: map[string]*googleReview{},
	}
	return g.found(h, seed, g.seat)
}

// seat puts somebody on a customer from the start, visible at once. Neither the
// cap on invitations nor the account's domains bind a seed: what is there
// already may be older than the rule.
func (g *googleSim) seat(h *googleHub, p PersonSeed, now time.Time) error {
	role, err := googleRoleNamed(p.Role)
	switch {
	case err != nil:
		return err
	case len(p.ExtraRoles) > 0 || p.PendingEmail != "":
		return errors.New("extra_roles and pending_email do not exist on this platform")
	case p.Email != "" && !validEmail(p.Email):
		return fmt.Errorf("%q is not an e-mail address", p.Email)
	case p.Email != "" && h.userByEmail[foldEmail(p.Email)] != nil:
		return errors.New("has access already")
	}
	if p.Status == "" || p.Status == StatusActive {
		g.join(h, &googleUser{email: p.Email, name: p.Name, role: role}, now, now)
		return nil
	}
	if i := h.invitationByEmail[foldEmail(p.Email)]; i != nil && i.open(now) {
		return errors.New("is invited already")
	}
	if p.Email == "" || role == googleBilling {
		return errors.New("an invitation has an email, and a role the API knows")
	}
	if p.Status == StatusPendingApproval {
		r := &googleReview{
			id: g.newID(googleReviewIDs), hub: h, operation: googleCreate, email: p.Email, role: role,
			requester: h.anAdmin(), createdAt: now, expiresAt: now.Add(time.Duration(h.settings.ReviewLifetime)),
		}
		r.entry = h.reviews.add(r, now)
		h.reviewByID[r.id] = r
		return nil
	}
	if !slices.Contains([]string{StatusInvited, StatusDeclined, StatusExpired}, p.Status) {
		return fmt.Errorf("status %q is not one of active, invited, expired, declined, pending_approval", p.Status)
	}
	i := g.openInvitation(h, &googleInvitation{email: p.Email, name: p.Name, role: role, inviter: h.anAdmin()}, now, now)
	i.declined = p.Status == StatusDeclined
	if p.Status == StatusExpired {
		i.expiresAt = now
	}
	return nil
}

// googleRoleNamed is a role as seeds and acts give it; billing can be given here
// only, as in the screens.
func googleRoleNamed(role string) (string, error) {
	switch {
	case role == generatedAdmin:
		return googleAdmin, nil
	case role == "":
		return googleReadOnly, nil
	case role == googleBilling || slices.Contains(googleRoles, role):
		return role, nil
	default:
		return "", fmt.Errorf("role %q is not one of %q or %s", role, googleRoles, googleBilling)
	}
}

// playable acts are of a person in Google Ads' own screens, or in their mailbox.
// What they do takes effect at once: whoever had to approve it is taken to have
// done so.
func (g *googleSim) playable() actTable[*googleHub] {
	acts := actTable[*googleHub]{
		ActInvite: g.actAdd, ActJoin: g.actAdd,
		ActAccept: g.actAnswer, ActDecline: g.actAnswer, ActExpire: g.actAnswer,
		ActRemove: g.actChange, ActSetRole: g.actChange,
		ActApprove: g.actDecide, ActReject: g.actDecide, ActRevoke: g.actDecide,
	}
	for action, play := range acts {
		acts[action] = func(h *googleHub, a Act, now time.Time) (Person, error) {
			if len(a.ExtraRoles) > 0 {
				return Person{}, impossible("Google Ads has no additional roles")
			}
			return play(h, a, now)
		}
	}
	return acts
}

func (g *googleSim) actAdd(h *googleHub, a Act, now time.Time) (Person, error) {
	role, err := googleRoleNamed(a.Role)
	if err != nil {
		return Person{}, impossible("%v", err)
	}
	if a.Action == ActJoin {
		if a.Email != "" && (!validEmail(a.Email) || h.userByEmail[foldEmail(a.Email)] != nil) {
			return Person{}, impossible("%q is no address, or has access already", a.Email)
		}
		return g.join(h, &googleUser{email: a.Email, name: a.Name, role: role}, now, h.appears(now)).person(), nil
	}
	if role == googleBilling {
		return Person{}, impossible("the simulation invites nobody to billing; join them")
	}
	if refused := h.notInvitable(a.Email, now); refused != nil {
		return Person{}, impossible("%s: %s", refused.value, refused.message)
	}
	i := &googleInvitation{email: a.Email, name: a.Name, role: role, inviter: h.anAdmin()}
	return g.openInvitation(h, i, now, h.appears(now)).person(now), nil
}

// find resolves whom an act is about.
func (h *googleHub) find(a Act, now time.Time) (*googleUser, *googleInvitation, *googleReview) {
	if a.ID == "" {
		return h.userByEmail[foldEmail(a.Email)], h.invitationByEmail[foldEmail(a.Email)], h.heldInvite(a.Email, now)
	}
	// The spaces of ids overlap: a seat wins over an invitation, and that over a
	// review.
	u, i, r := h.userByID[a.ID], h.invitationByID[a.ID], h.reviewByID[a.ID]
	switch {
	case u != nil && !u.gone():
		return u, nil, nil
	case i != nil && !i.gone():
		return nil, i, nil
	default:
		return nil, nil, r
	}
}

// actAnswer is what becomes of an open invitation.
func (g *googleSim) actAnswer(h *googleHub, a Act, now time.Time) (Person, error) {
	_, i, r := h.find(a, now)
	if a.Action == ActExpire && r.pending(now) {
		r.expiresAt = now
		return r.person(), nil
	}
	if i == nil {
		return Person{}, impossible("no invitation")
	}
	if !i.open(now) {
		return Person{}, impossible("the invitation is %s", i.status(now))
	}
	switch a.Action {
	case ActDecline:
		i.declined = true
		return i.person(now), nil
	case ActExpire:
		i.expiresAt = now
		return i.person(now), nil
	}
	email, name := a.AcceptAs, a.Name
	if email == "" {
		email = i.email
	}
	if name == "" {
		name = i.name
	}
	if !validEmail(email) || h.userByEmail[foldEmail(email)] != nil {
		return Person{}, impossible("%q is no address, or has access already", email)
	}
	return g.accept(h, i, email, name, now).person(), nil
}

// actChange changes or removes somebody who is there.
func (g *googleSim) actChange(h *googleHub, a Act, now time.Time) (Person, error) {
	u, i, r := h.find(a, now)
	if a.Action == ActRemove {
		switch {
		case u != nil:
			if refused := h.keepsLastAdmin(u); refused != nil {
				return Person{}, impossible("the last admin")
			}
			h.leave(u, now)
			return u.person(), nil
		case r.pending(now):
			r.closed, r.decidedAt = googleRevoked, now
			return r.person(), nil
		case i != nil:
			was := i.person(now)
			h.withdraw(i, h.appears(now), now)
			return was, nil
		}
		return Person{}, impossible("nobody there")
	}
	role, err := googleRoleNamed(a.Role)
	switch {
	case err != nil || a.Role == "":
		return Person{}, impossible("role %q is not a role", a.Role)
	case u == nil:
		return Person{}, impossible("no access to change; an invitation keeps its role")
	case role != googleAdmin && h.keepsLastAdmin(u) != nil:
		return Person{}, impossible("the last admin")
	}
	h.setRole(u, role, now)
	return u.person(), nil
}

// actDecide is what administrators do about a change that awaits approval.
func (g *googleSim) actDecide(h *googleHub, a Act, now time.Time) (Person, error) {
	u, i, r := h.find(a, now)
	switch {
	case r.pending(now):
	case u != nil && u.review.pending(now):
		r = u.review
	case i != nil && i.review.pending(now):
		r = i.review
	default:
		return Person{}, impossible("nothing awaits approval")
	}
	person := func() Person {
		switch {
		case r.user != nil:
			return r.user.person()
		case r.invitation != nil:
			return r.invitation.person(now)
		default:
			return r.person()
		}
	}
	if a.Action == ActRevoke {
		r.closed, r.decidedAt = googleRevoked, now
		return person(), nil
	}
	second := slices.ContainsFunc(h.users.entries, func(e *entry[*googleUser]) bool {
		other := e.value
		return other.role == googleAdmin && !other.gone() && foldEmail(other.email) != foldEmail(r.requester)
	})
	if !second {
		return Person{}, impossible("no second administrator beside %s", r.requester)
	}
	if a.Action == ActReject {
		r.closed, r.decidedAt = googleRejected, now
		return person(), nil
	}
	if _, refused := g.approve(r, now); refused != nil {
		return Person{}, impossible("%s: %s", refused.value, refused.message)
	}
	if r.invites() {
		return h.invitationByEmail[foldEmail(r.email)].person(now), nil
	}
	return person(), nil
}
