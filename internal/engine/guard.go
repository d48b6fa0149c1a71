package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// CheckRemoval says at plan time whether the guards would refuse to remove
// somebody. A nil error is no promise: the guards ask again before the write.
func (h *Hub) CheckRemoval(ctx context.Context, m hub.Member, limits Limits) error {
	task := hub.Task{Kind: hub.TaskRemove, Hub: h.ref, Email: hub.FoldEmail(m.Email), OldRole: m.Role}
	return h.check(ctx, m, hub.Member{}, func(going []hub.Member) error { return h.guardRemoval(ctx, task, m, limits, going) })
}

// CheckDemotion says at plan time whether the guards would refuse a new primary
// role for somebody.
func (h *Hub) CheckDemotion(ctx context.Context, m hub.Member, role string, limits Limits) error {
	task := hub.Task{Kind: hub.TaskChangeRole, Hub: h.ref, Email: hub.FoldEmail(m.Email), Role: role, OldRole: m.Role}
	after := RoleTask{Role: role}.after(m)
	return h.check(ctx, m, after, func(going []hub.Member) error { return h.guardDemotion(ctx, task, m, after, limits, going) })
}

// check asks a guard, or puts the question off while credentials are unknown. It
// remembers the administrators whom the plan takes away: two of them, each the
// other's reason to let it pass, would both pass. The guards of the apply need no
// such list; they see what is done.
func (h *Hub) check(ctx context.Context, m, after hub.Member, guard func(going []hub.Member) error) error {
	if waiting, err := h.Ready(); waiting || err != nil {
		return err
	}
	if err := h.Learn(ctx); err != nil {
		return err
	}
	h.planning.Lock()
	defer h.planning.Unlock()
	if err := guard(h.going); err != nil {
		return err
	}
	if m.Status != hub.StatusInvited && h.isAdmin(m) && !h.isAdmin(after) && !slices.ContainsFunc(h.going, func(one hub.Member) bool { return same(one, m) }) {
		h.going = append(h.going, m)
	}
	return nil
}

// The guards exempt nobody but invited people, who hold nothing yet. A
// suspended seat or one in an unknown state may well be the one that counts.

func (h *Hub) guardRemoval(ctx context.Context, task hub.Task, m hub.Member, limits Limits, going []hub.Member) error {
	if limits.AllowLockout || m.Status == hub.StatusInvited {
		return nil
	}
	if err := h.guardSelf(ctx, task, m, "remove"); err != nil {
		return err
	}
	if !h.isAdmin(m) {
		return nil
	}
	return h.guardLastAdmin(ctx, task, m, going)
}

func (h *Hub) guardDemotion(ctx context.Context, task hub.Task, m, after hub.Member, limits Limits, going []hub.Member) error {
	if limits.AllowLockout || m.Status == hub.StatusInvited || !h.isAdmin(m) || h.isAdmin(after) {
		return nil
	}
	if err := h.guardSelf(ctx, task, m, "demote"); err != nil {
		return err
	}
	return h.guardLastAdmin(ctx, task, m, going)
}

// isAdmin says whether any role of m can manage the hub's people.
func (h *Hub) isAdmin(m hub.Member) bool { return slices.ContainsFunc(m.Roles(), h.Platform().IsAdmin) }

// guardLastAdmin refuses unless another administrator is found on the platform
// now. The roster names the candidates; each is looked up afresh until one
// holds, so the usual price is one request, and a colleague's change since the
// roster was read cannot lock anybody out. going are those who do not count: the
// same plan takes them away.
func (h *Hub) guardLastAdmin(ctx context.Context, task hub.Task, m hub.Member, going []hub.Member) error {
	members, _, err := h.Roster(ctx)
	if err != nil {
		return h.taskError(ctx, task, err, hub.Presence{})
	}
	var leaving []string
	for _, other := range members {
		if other.Status != hub.StatusActive || other.Awaiting != nil || !h.isAdmin(other) || same(m, other) {
			continue
		}
		if slices.ContainsFunc(going, func(one hub.Member) bool { return same(one, other) }) {
			leaving = append(leaving, other.Label())
			continue
		}
		now, err := h.lookup(ctx, keyOf(other))
		if err != nil {
			return h.taskError(ctx, task, err, known(m))
		}
		if now.Status == hub.StatusActive && h.isAdmin(now) && !same(m, now) {
			return nil
		}
	}
	also := ""
	if len(leaving) > 0 {
		also = fmt.Sprintf(" This plan takes the others away as well: %s.", strings.Join(leaving, ", "))
	}
	return h.refuse(task, hub.ReasonLastAdmin, known(m),
		fmt.Sprintf("%s is the last administrator of %s, and without one nobody can manage its people.%s Make somebody else an administrator first, in an apply of its own; or set allow_lockout = true on this resource.", m.Label(), h.Name(), also))
}

// same says whether a and b are one person: not every platform gives ids, nor
// shows every address.
func same(a, b hub.Member) bool {
	return a.ID != "" && a.ID == b.ID || a.Email != "" && hub.FoldEmail(a.Email) == hub.FoldEmail(b.Email)
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
