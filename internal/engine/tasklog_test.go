package engine

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// lines reads a task log back, strictly: each line one record.
func lines(t *testing.T, path string) []Record {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var records []Record
	for line := range strings.Lines(string(raw)) {
		var r Record
		dec := json.NewDecoder(strings.NewReader(line))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&r); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		records = append(records, r)
	}
	return records
}

// Writers that know nothing of each other share one file, as two applies on one
// machine do: every line is whole, and none is missing.
func TestTaskLog_concurrentWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.jsonl")
	const writers, each = 8, 50
	long := strings.Repeat("steps ", 4000) // longer than any buffer between here and the disk
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			log := NewTaskLog(path)
			for range each {
				if err := log.Append(Record{Task: hub.TaskAdd, ManualSteps: []string{long}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := lines(t, path); len(got) != writers*each {
		t.Errorf("%d lines, want %d", len(got), writers*each)
	}
}

// Half a line, which a full disk can leave, spoils itself and no other.
func TestTaskLog_afterHalfALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.jsonl")
	const half = `{"time":"2026-11-22T01:00:00Z","hub":"meta_bus`
	if err := os.WriteFile(path, []byte(half), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Time{}, time.Now().Add(-2*atWork)); err != nil {
		t.Fatal(err)
	}
	log := NewTaskLog(path)
	for range 2 {
		if err := log.Append(Record{Task: hub.TaskRemove, Email: "ada@northwind.example"}); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(string(raw), "\n")
	if len(got) != 4 || got[0] != half || !json.Valid([]byte(got[1])) || !json.Valid([]byte(got[2])) || got[3] != "" {
		t.Errorf("the log reads %q", raw)
	}
}

func TestTaskLog_isTheOwners(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.jsonl")
	log := NewTaskLog(path)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Fatalf("a log without a record is on the disk: %v", err)
	}
	if err := log.Append(Record{}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v), want 0600: the log names people", info.Mode(), err)
	}
	if err := NewTaskLog(filepath.Join(path, "below")).Append(Record{}); err == nil {
		t.Error("a log that cannot be written is no error")
	}
}

// Every task that was run is reported once, with how it ended.
func TestReports(t *testing.T) {
	var got []Report
	f := &fake{}
	h := open(t, f, func(o *Options, _ *Platform) {
		o.Observer = func(_ context.Context, _ *Hub, r Report) []string {
			got = append(got, r)
			return []string{"The log is full."}
		}
	})
	f.put(hub.Member{ID: "1", Email: "ada@northwind.example", Role: "ADMIN", Status: hub.StatusActive})
	f.put(hub.Member{ID: "2", Email: "bo@northwind.example", Role: "MEMBER", Status: hub.StatusActive})
	ctx := t.Context()

	if _, err := h.Add(ctx, AddTask{Email: "nia@northwind.example", Role: "MEMBER"}); err != nil {
		t.Fatal(err)
	}
	result, err := h.Add(ctx, AddTask{Email: "bo@northwind.example"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(result.Notes, []string{"The log is full."}) {
		t.Errorf("notes of a task that was done: %q", result.Notes)
	}
	if _, err := h.Remove(ctx, RemoveTask{Email: "gone@northwind.example"}); err != nil {
		t.Fatal(err)
	}
	f.remove = func(hub.Member, func() error) error { return no(hub.ReasonForbidden) }
	_, err = h.Remove(ctx, RemoveTask{Email: "bo@northwind.example"})
	var te *hub.TaskError
	if !errors.As(err, &te) || !slices.Equal(te.Notes, []string{"The log is full."}) {
		t.Errorf("error %v, notes of a task that failed: %+v", err, te)
	}
	if _, _, err := h.Find(ctx, "ada@northwind.example", ""); err != nil {
		t.Fatal(err)
	}

	type brief struct {
		Task     hub.TaskKind
		Email    string
		Outcome  Outcome
		Attempts int
		Reason   hub.Reason
	}
	var briefs []brief
	for _, r := range got {
		record := r.Record("Northwind", []string{"step"})
		briefs = append(briefs, brief{record.Task, record.Email, record.Outcome, record.Attempts, record.Reason})
		if (record.Reason != "") != (len(record.ManualSteps) > 0) {
			t.Errorf("manual steps stand beside a reason and nowhere else: %+v", record)
		}
	}
	want := []brief{
		{hub.TaskAdd, "nia@northwind.example", OutcomeDone, 1, ""},
		{hub.TaskAdd, "bo@northwind.example", OutcomeAdopted, 0, ""},
		{hub.TaskRemove, "gone@northwind.example", OutcomeUnchanged, 0, ""},
		{hub.TaskRemove, "bo@northwind.example", OutcomeFailed, 1, hub.ReasonForbidden},
	}
	if diff := cmp.Diff(want, briefs); diff != "" {
		t.Errorf("reports differ (-want +got):\n%s", diff)
	}
}
