package engine

import (
	"context"
	"strings"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// FindByUsername looks for somebody whose address the platform hides, by the
// user name their invitation showed. Two of that name are nobody: roster does
// not guess.
func (h *Hub) FindByUsername(ctx context.Context, username string) (m hub.Member, ok bool, err error) {
	members, _, err := h.Roster(ctx)
	if err != nil || username == "" {
		return hub.Member{}, false, err
	}
	for _, one := range members {
		if one.Email != "" || !live(one) || !strings.EqualFold(one.Username, username) {
			continue
		}
		if ok {
			return hub.Member{}, false, nil
		}
		m, ok = one, true
	}
	return m, ok, nil
}

// Trace asks what became of an invitation that the roster does not list any
// more, on platforms that still show one by its id: declined or expired, rather
// than withdrawn. Nothing to be told is ok == false.
func (h *Hub) Trace(ctx context.Context, email, id string) (m hub.Member, ok bool, err error) {
	if err := h.usable(); err != nil || id == "" {
		return hub.Member{}, false, err
	}
	m, err = h.lookup(ctx, hub.Key{Email: hub.FoldEmail(email), ID: id, Status: hub.StatusInvited})
	if err != nil {
		return hub.Member{}, false, h.readError(ctx, err)
	}
	return m, m.Status != "", nil
}
