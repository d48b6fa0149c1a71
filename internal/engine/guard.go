package engine

import (
	"context"
	"fmt"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// CheckRemoval says at plan time whether the guards would refuse to remove
// somebody. A nil error is no promise: the guards ask again before the write.
func (h *Hub) CheckRemoval(ctx context.Context, m hub.Member, limits Limits) error {
	task := hub.Task{Kind: hub.TaskRemove, Hub: h.ref, Email: hub.FoldEmail(m.Email), OldRole: m.Role}
	return h.guardRemoval(ctx, task, m, limits)
}

// CheckDemotion says at plan time whether the guards would refuse a new primary
// role for somebody.
func (h *Hub) CheckDemotion(ctx context.Context, m hub.Member, role string, limits Limits) error {
	task := hub.Task{Kind: hub.TaskChangeRole, Hub: h.ref, Email: hub.FoldEmail(m.Email), Role: role, OldRole: m.Role}
	return h.guardDemotion(ctx, task, m, role, limits)
}

func (h *Hub) guardRemoval(ctx context.Context, task hub.Task, m hub.Member, limits Limits) error {
	if limits.AllowLockout || m.Status.Pending() {
		return nil
	}
	if err := h.guardSelf(ctx, task, m, "remove"); err != nil {
		return err
	}
	if !h.platform.IsAdmin(m.Role) {
		return nil
	}
	return h.guardLastAdmin(ctx, task, m)
}

func (h *Hub) guardDemotion(ctx context.Context, task hub.Task, m hub.Member, role string, limits Limits) error {
	if limits.AllowLockout || m.Status.Pending() || !h.platform.IsAdmin(m.Role) || h.platform.IsAdmin(role) {
		return nil
	}
	if err := h.guardSelf(ctx, task, m, "demote"); err != nil {
		return err
	}
	return h.guardLastAdmin(ctx, task, m)
}

// guardLastAdmin refuses unless another administrator is found on the platform
// now. The roster names the candidates; each is looked up afresh until one
// holds, so the usual price is one request, and a colleague's change since the
// roster was read cannot lock anybody out.
func (h *Hub) guardLastAdmin(ctx context.Context, task hub.Task, m hub.Member) error {
	members, _, err := h.Roster(ctx)
	if err != nil {
		return h.taskError(ctx, task, err, hub.Presence{})
	}
	for _, other := range members {
		if other.ID == m.ID || other.Status != hub.StatusActive || !h.platform.IsAdmin(other.Role) {
			continue
		}
		now, err := h.lookup(ctx, hub.Key{Email: hub.FoldEmail(other.Email), ID: other.ID, Status: hub.StatusActive})
		if err != nil {
			return h.taskError(ctx, task, err, known(m))
		}
		if now.Status == hub.StatusActive && h.platform.IsAdmin(now.Role) {
			return nil
		}
	}
	return h.refuse(task, hub.ReasonLastAdmin, known(m),
		fmt.Sprintf("%s is the last administrator of %s, and without one nobody can manage its people. Make somebody else an administrator first, in an apply of its own; or set allow_lockout = true on this resource.", m.Label(), h.Name()))
}

func (h *Hub) guardSelf(ctx context.Context, task hub.Task, m hub.Member, verb string) error {
	self, err := h.identity(ctx)
	if err != nil {
		return h.taskError(ctx, task, err, known(m))
	}
	if !self.Is(m) {
		return nil
	}
	return h.refuse(task, hub.ReasonSelfLockout, known(m),
		fmt.Sprintf("%s is who roster itself acts as on %s: to %s them would lock roster out. Use the credentials of somebody else; or set allow_lockout = true on this resource.", m.Label(), h.Name(), verb))
}

// identity asks the platform once who the connection is.
func (h *Hub) identity(ctx context.Context) (hub.Identity, error) {
	h.mu.Lock()
	known := h.self
	h.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	self, err := h.conn().Self(ctx, h.ref)
	if err != nil {
		return hub.Identity{}, err
	}
	self.Email = hub.FoldEmail(self.Email)
	h.mu.Lock()
	h.self = &self
	h.mu.Unlock()
	return self, nil
}
