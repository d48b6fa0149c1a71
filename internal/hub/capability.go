package hub

// Operation is one thing a platform's API may or may not be able to do. It is
// finer than Task where platforms differ: a role change of an invitation is
// often another call than that of a member, or none at all.
type Operation string

// The closed list of operations.
const (
	OpAdd               Operation = "add"                      // add a member with a primary role
	OpAddWithSecondary  Operation = "add_with_secondary_roles" // add a member who holds secondary roles from the start
	OpChangeRole        Operation = "change_role"              // primary role of an active member
	OpChangeInvitedRole Operation = "change_invited_role"      // primary role of a pending invitation
	OpGrantRole         Operation = "grant_secondary_role"     // give an active member a secondary role
	OpRevokeRole        Operation = "revoke_secondary_role"    // take a secondary role from an active member
	OpRemove            Operation = "remove"                   // remove an active member
	OpCancel            Operation = "cancel_invitation"        // withdraw a pending invitation
)

// Operations lists every operation, in a fixed order.
func Operations() []Operation {
	return []Operation{OpAdd, OpAddWithSecondary, OpChangeRole, OpChangeInvitedRole, OpGrantRole, OpRevokeRole, OpRemove, OpCancel}
}

// Task is the task an operation belongs to: the one whose manual steps a
// person needs when the operation is not to be had.
func (o Operation) Task() TaskKind {
	switch o {
	case OpAdd, OpAddWithSecondary:
		return TaskAdd
	case OpChangeRole, OpChangeInvitedRole, OpGrantRole, OpRevokeRole:
		return TaskChangeRole
	case OpRemove, OpCancel:
		return TaskRemove
	default:
		panic("hub: operation " + string(o) + " belongs to no task")
	}
}

// Support says how a platform does an operation.
type Support string

// The ways a platform can support an operation.
const (
	Unsupported     Support = "unsupported"      // no API: a person does it
	Supported       Support = "supported"        // in place
	ByReinvite      Support = "reinvite"         // cancel the invitation, then invite again; the person gets a second e-mail
	AfterAcceptance Support = "after_acceptance" // only once the person has accepted
)

// Capabilities says for each operation how the platform's API supports it. An
// operation that is not in the map is unsupported.
type Capabilities map[Operation]Support

// Of is the support for op.
func (c Capabilities) Of(op Operation) Support {
	if s, ok := c[op]; ok {
		return s
	}
	return Unsupported
}

// Without is c with every operation of the given tasks unsupported: what a hub
// declares beyond the platform's own limits.
func (c Capabilities) Without(tasks []TaskKind) Capabilities {
	out := make(Capabilities, len(c))
	for _, op := range Operations() {
		out[op] = c.Of(op)
		for _, t := range tasks {
			if op.Task() == t {
				out[op] = Unsupported
			}
		}
	}
	return out
}
