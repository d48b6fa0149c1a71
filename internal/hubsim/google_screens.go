package hubsim

// held lists the changes that wait for a second administrator. The screens'
// control names for them are on no page in hand: the API's words stand in.
// API: Google Ads, MultiPartyAuthReviewService
func (g *googleSim) held(business string) ([]heldChange, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	h, err := g.hub(business)
	if err != nil {
		return nil, err
	}
	now := g.clock.Now()
	var waiting []heldChange
	for _, e := range h.reviews.entries {
		r := e.value
		if !r.pending(now) {
			continue
		}
		change := heldChange{ID: r.id, Email: r.email, Requester: r.requester, Expires: screenTime(r.expiresAt)}
		switch {
		case r.user != nil:
			change.ID, change.Email = r.user.id, r.user.email
		case r.invitation != nil:
			change.ID, change.Email = r.invitation.id, r.invitation.email
		}
		switch r.operation {
		case googleCreate:
			change.What = "Invite with the level " + r.role
		case googleUpdate:
			change.What = "Change the level to " + r.role
		case googleRemove:
			change.What = "Remove access"
			if r.invitation != nil {
				change.What = "Revoke the invitation"
			}
		default:
			panic("hubsim: unknown review operation " + r.operation)
		}
		waiting = append(waiting, change)
	}
	return waiting, nil
}
