package engine

import (
	"context"
	"errors"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Trace asks what became of an invitation that the roster does not list any
// more, on platforms that still show one by its id: declined or expired, rather
// than withdrawn. Nothing to be told is ok == false.
func (h *Hub) Trace(ctx context.Context, email, id string) (m hub.Member, ok bool, err error) {
	if _, err := h.Ready(); err != nil || id == "" {
		return hub.Member{}, false, err
	}
	m, err = h.conn().Lookup(ctx, h.ref, hub.Key{Email: hub.FoldEmail(email), ID: id, Status: hub.StatusInvited})
	if errors.Is(err, hub.ErrAbsent) {
		return hub.Member{}, false, nil
	}
	if err != nil {
		return hub.Member{}, false, h.readError(ctx, err)
	}
	return m, true, nil
}
