package engine

import (
	"context"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

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
