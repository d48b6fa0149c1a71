package hub

import (
	"fmt"
	"time"
)

// TaskKind is what a task does.
type TaskKind string

// The kinds of task.
const (
	TaskAdd        TaskKind = "add"
	TaskChangeRole TaskKind = "change_role"
	TaskRemove     TaskKind = "remove"
)

// TaskKinds lists every kind, in a fixed order.
func TaskKinds() []TaskKind { return []TaskKind{TaskAdd, TaskChangeRole, TaskRemove} }

// Task is one attempt to add somebody, change a role or remove somebody.
type Task struct {
	Kind    TaskKind
	Hub     Ref
	Email   string // folded
	Role    string // the wanted role of an add or a role change; "" for a removal
	OldRole string // the role held before a role change, "" when none or unknown
	// Revoke says that a role change takes Role away rather than giving it.
	Revoke bool
}

// Member is the seat the task is about.
func (t Task) Member() MemberRef { return MemberRef{Hub: t.Hub, Email: t.Email} }

// Presence is what is true on the platform after a task failed, as far as
// roster could find out.
type Presence struct {
	Known  bool   // false: roster could not read it
	Member Member // the person as last read; Status is "" when the person is not there
}

// Present says whether the person is known to be on the hub.
func (p Presence) Present() bool { return p.Known && p.Member.Status != "" && p.Member.Status.Live() }

// Fault is a platform's refusal in roster's words. A connector makes it from
// its own errors (Connector.Explain); guards of the engine make it themselves.
type Fault struct {
	Reason Reason
	// Detail is a sentence or two for a person: what stood in the way and what
	// clears it. Empty: the reason's general words do.
	Detail string
	// Code, Message and RequestID are the platform's own: its error code with
	// any subcode, its words, and what its support asks for.
	Code      string
	Message   string
	RequestID string
	// Attempts is how many times the request that failed was sent, 0 when none
	// was.
	Attempts int
	// Wait is how long the platform asked to wait, 0 when it did not.
	Wait time.Duration
	// Uncertain says that the write may have taken effect all the same. The
	// engine reads before it says anything, and never writes again on its own.
	Uncertain bool
}

// TaskError is a failed task with everything a person needs to finish it. The
// engine makes it, once; nothing else wraps a connector's error.
type TaskError struct {
	Task  Task
	Fault Fault
	// Now is what is true on the platform after the failure.
	Now Presence
	// Done says in whole sentences which parts of the task did take effect.
	Done []string
	// Err is the connector's error, nil when a guard of roster's own refused.
	Err error
	// Job is the platform's id of the job that the task still is, "" when
	// nothing is under way. The next attempt waits for it instead of asking
	// again.
	Job string
	// Notes are whole sentences about what went wrong beside the task: a
	// notification that could not be sent, a log that could not be written.
	Notes []string
}

func (e *TaskError) Error() string {
	msg := fmt.Sprintf("%s %s on %s: %s", e.Task.Kind, e.Task.Email, e.Task.Hub, e.Fault.Reason)
	if e.Fault.Detail != "" {
		msg += ": " + e.Fault.Detail
	}
	if e.Err != nil {
		msg += ": " + e.Err.Error()
	}
	return msg
}

func (e *TaskError) Unwrap() error { return e.Err }
