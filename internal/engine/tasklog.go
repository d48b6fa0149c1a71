package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Record is one line of a task log: one task that has ended, as JSON. Names that
// have no value are left out.
type Record struct {
	Time    time.Time `json:"time"`               // when it ended, UTC
	Hub     string    `json:"hub"`                // "<platform>/<business_id>"
	HubName string    `json:"hub_name,omitempty"` // where the run has come across it

	Platform string       `json:"platform"`
	Task     hub.TaskKind `json:"task"`
	Email    string       `json:"email"`              // folded
	Role     string       `json:"role,omitempty"`     // wanted, or given
	OldRole  string       `json:"old_role,omitempty"` // held before
	Revoke   bool         `json:"revoke,omitempty"`   // the role was to be taken away

	Outcome  Outcome `json:"outcome"`
	Status   string  `json:"status,omitempty"` // of the member afterwards, where known
	Attempts int     `json:"attempts"`         // of the write; 0: nothing was sent
	Duration int64   `json:"duration_ms"`      // waiting for the hub's turn included
	Job      string  `json:"job,omitempty"`    // the platform's job that is under way

	// Of tasks that failed.
	Reason      hub.Reason `json:"reason,omitempty"`
	Detail      string     `json:"detail,omitempty"`  // what stood in the way, in roster's words
	Code        string     `json:"code,omitempty"`    // the platform's error code
	Message     string     `json:"message,omitempty"` // the platform's words
	RequestID   string     `json:"request_id,omitempty"`
	Done        []string   `json:"done,omitempty"`         // parts of the task that took effect
	ManualSteps []string   `json:"manual_steps,omitempty"` // line by line
}

// Record is the report as a line of a task log. steps are the manual steps of a
// task that failed.
func (r Report) Record(hubName string, steps []string) Record {
	record := Record{
		Time: r.Started.Add(r.Took).UTC(), Hub: r.Task.Hub.String(), HubName: hubName, Platform: r.Task.Hub.Platform,
		Task: r.Task.Kind, Email: r.Task.Email, Role: r.Task.Role, OldRole: r.Task.OldRole, Revoke: r.Task.Revoke,
		Outcome: r.Outcome, Status: string(r.Member.Status), Attempts: r.Attempts(), Duration: r.Took.Milliseconds(),
	}
	if r.Err != nil {
		f := r.Err.Fault
		record.Reason, record.Detail, record.Code, record.Message, record.RequestID = f.Reason, f.Detail, f.Code, f.Message, f.RequestID
		record.Done, record.Job, record.ManualSteps = r.Err.Done, r.Err.Job, steps
	}
	return record
}

// TaskLog appends records to a file, one JSON line each. It may be shared by any
// number of goroutines and of processes on one machine.
type TaskLog struct{ path string }

// NewTaskLog logs to the file at path, which is made with the first record: a
// plan leaves no trace.
func NewTaskLog(path string) *TaskLog { return &TaskLog{path: path} }

// Path is where the log is.
func (l *TaskLog) Path() string { return l.path }

// ownerOnly: the log names people.
const ownerOnly = 0o600

// Append writes one line and has it on the disk when it returns. The line goes
// out in one write to a file opened for appending, so that no other writer's
// line can end up in its middle and a kill leaves it whole or not at all. Where
// something else left half a line, a full disk for one, the new one begins
// below it.
func (l *TaskLog) Append(r Record) (err error) {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode a record of the task log: %w", err)
	}
	file, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_RDWR, ownerOnly)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if torn(file) {
		line = append([]byte("\n"), line...)
	}
	if _, err := file.Write(append(line, '\n')); err != nil {
		return err
	}
	return file.Sync()
}

// atWork is how long after a write the file may still be in the middle of it: a
// line is one write, of some kilobytes.
const atWork = time.Second

// torn says whether the file ends within a line that nobody is writing any more.
func torn(file *os.File) bool {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 || time.Since(info.ModTime()) < atWork {
		return false
	}
	last := make([]byte, 1)
	_, err = file.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n'
}
