package hubsim

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// Tasks, as settings name them.
const (
	cerbyAdd    = "add"
	cerbyChange = "change_role"
	cerbyRemove = "remove"
)

var cerbyTasks = []string{cerbyAdd, cerbyChange, cerbyRemove}

var cerbyWorkflows = map[string]string{cerbyAdd: "provide_access", cerbyChange: "update_access", cerbyRemove: "revoke_access"}

// Statuses of a job.
const (
	cerbyJobCreated  = "created"
	cerbyJobStarted  = "started"
	cerbyJobRunning  = "running"
	cerbyJobRetrying = "retrying"
	cerbyJobFinished = "finished"
	cerbyJobError    = "error"

	cerbyStuck = "stuck" // ours: running for good
)

// cerbyJob is a task on its way. What it does to the app and to Cerby's copy
// happens when it ends, not before.
type cerbyJob struct {
	id        string
	hub       *cerbyHub
	task      string
	by        *cerbyCredential
	createdAt time.Time
	updatedAt time.Time // once it ended
	endsAt    time.Time
	steps     []*cerbyStep

	stays   string // a status it never leaves, "" for none
	owed    int    // polls that still answer retrying
	ended   bool
	settled bool // ended, or stays as it is
	failure *cerbyFailure
}

// cerbyStep is the task for one person.
type cerbyStep struct {
	seat    *cerbySeat
	outcome *cerbyOutcome // scripted; nil: what the app makes of it
	effect  cerbyEffect
}

// cerbyEffect carries a task out at a time. The failure is the app's own.
type cerbyEffect func(at time.Time) *cerbyFailure

// cerbyFailure is what errorDetails says.
type cerbyFailure struct {
	code         string // "": null
	userRequired bool
	canRetry     bool
	more         bool
	details      string // full, nulls, empty or null
}

// refusedByApp is a failure for which no code is published.
func cerbyRefused() *cerbyFailure {
	return &cerbyFailure{userRequired: true, more: true, details: "full"}
}

// scripted is the outcome set for a task of somebody.
func (h *cerbyHub) scripted(task, email string) *cerbyOutcome {
	for i := range h.settings.JobOutcome {
		o := &h.settings.JobOutcome[i]
		if (o.Email == "" || foldEmail(o.Email) == foldEmail(email)) && (o.Task == "" || o.Task == task) && (o.Times == 0 || o.used < o.Times) {
			o.used++
			return o
		}
	}
	return nil
}

// failed is the failure an outcome asks for, nil for none.
func (o *cerbyOutcome) failed() *cerbyFailure {
	if o.Code == "" && o.End != cerbyJobError {
		return nil
	}
	f := &cerbyFailure{
		code: o.Code, userRequired: cerbyCodes[o.Code], canRetry: o.Code == cerbyVaultError,
		more: o.MoreDetails, details: cmp.Or(o.Details, "full"),
	}
	if o.UserRequired != nil {
		f.userRequired = *o.UserRequired
	}
	if o.CanRetry != nil {
		f.canRetry = *o.CanRetry
	}
	return f
}

// stay is the status the outcome has a job keep, "" for none.
func (o *cerbyOutcome) stay() string {
	switch o.End {
	case "", cerbyJobFinished, cerbyJobError:
		return ""
	case cerbyStuck:
		return cerbyJobRunning
	default:
		return o.End
	}
}

// start begins a task for the people given, and answers with its job.
func (m *cerbySim) start(cc *cerbyCall, task string, steps ...*cerbyStep) (any, *cerbyError) {
	h := cc.hub
	unsupported := slices.Contains(h.settings.UnsupportedTasks, task)
	if unsupported && h.settings.UnsupportedAs == "refuse" {
		return nil, cerbyInvalid(cerbyFlaw{loc: []any{"data"}, kind: cerbyValue, msg: "the application does not support this"})
	}
	if h.settings.BusyMember == "conflict" && slices.ContainsFunc(steps, func(s *cerbyStep) bool { return m.busy(s.seat) }) {
		return nil, cerbyErr(http.StatusConflict, "another task of this member is under way")
	}
	j := &cerbyJob{
		id: m.newID(), hub: h, task: task, by: cc.cred, createdAt: cc.now, updatedAt: cc.now,
		endsAt: cc.now.Add(time.Duration(h.settings.JobTime)), steps: steps,
	}
	for _, s := range steps {
		if unsupported {
			s.effect = func(time.Time) *cerbyFailure { return cerbyRefused() }
		}
		if s.outcome = h.scripted(task, s.seat.email); s.outcome != nil {
			j.stays = cmp.Or(j.stays, s.outcome.stay())
			j.owed = max(j.owed, s.outcome.Retrying)
		}
	}
	m.jobs[j.id] = j
	m.underway = append(m.underway, j)
	return cerbyObject{"data": cerbyObject{"id": j.id, "type": "job", "attributes": cerbyObject{"status": cerbyJobCreated}}}, nil
}

func (m *cerbySim) busy(seat *cerbySeat) bool {
	return slices.ContainsFunc(m.underway, func(j *cerbyJob) bool {
		return slices.ContainsFunc(j.steps, func(s *cerbyStep) bool { return s.seat == seat })
	})
}

// settle ends the jobs whose time has come, in that order. Every call and every
// look at the ground truth begins with it.
func (m *cerbySim) settle(now time.Time) {
	slices.SortStableFunc(m.underway, func(a, b *cerbyJob) int { return a.endsAt.Compare(b.endsAt) })
	for _, j := range m.underway {
		if !j.settled && j.owed == 0 && !now.Before(j.endsAt) {
			j.end()
		}
	}
	m.underway = slices.DeleteFunc(m.underway, func(j *cerbyJob) bool { return j.ended })
}

// end carries the task out. With several people in it, what failed for one has
// failed as a whole, and the others have what they were given.
func (j *cerbyJob) end() {
	j.settled, j.ended = true, j.stays == ""
	at := j.endsAt
	if j.updatedAt.After(at) {
		at = j.updatedAt // polls kept it going
	}
	for _, s := range j.steps {
		var failure *cerbyFailure
		goes := j.ended
		if s.outcome != nil {
			failure = s.outcome.failed()
			goes = goes && failure == nil || s.outcome.AfterEffect
		}
		if goes {
			failure = cmp.Or(failure, s.effect(at))
		}
		if j.ended {
			j.failure = cmp.Or(j.failure, failure)
		}
	}
	j.updatedAt = at
}

// status is where a job stands. It goes through the statuses in quarters of its
// time; with none, it is at its end when it is first looked at.
func (j *cerbyJob) status(now time.Time) string {
	switch {
	case j.ended && j.failure != nil:
		return cerbyJobError
	case j.ended:
		return cerbyJobFinished
	case now.Before(j.endsAt):
		quarter := j.endsAt.Sub(j.createdAt) / 4
		switch passed := now.Sub(j.createdAt); {
		case passed < quarter:
			return cerbyJobCreated
		case passed < 2*quarter:
			return cerbyJobStarted
		default:
			return cerbyJobRunning
		}
	case j.owed > 0:
		return cerbyJobRetrying
	default:
		return j.stays
	}
}

// getJob answers a poll. There is no list of jobs, and none is hidden: reading
// them takes an administrator of the workspace.
// API: Cerby, "Public API", GET /jobs/{id}.
func (m *cerbySim) getJob(cc *cerbyCall) (any, *cerbyError) {
	j := cc.job
	if j == nil {
		return nil, cerbyErr(http.StatusNotFound, "no such resource")
	}
	status := j.status(cc.now)
	if status == cerbyJobRetrying && j.owed > 0 {
		j.owed--
		j.updatedAt = cc.now
	}
	attributes := cerbyObject{
		"account":      cerbyObject{"entity": "account", "id": j.hub.id, "name": j.hub.name, "provider": j.hub.settings.Application},
		"canRetry":     false,
		"createdAt":    j.hub.jobTime(j.createdAt),
		"createdBy":    cerbyObject{"id": j.by.userID, "name": j.by.Name},
		"errorDetails": j.hub.noDetails(),
		// More can be seen in the web app.
		"hasMoreDetails": false,
		"payload":        nil, "response": cerbyObject{},
		"status": status, "trigger": "manual",
		"updatedAt":                    j.hub.jobTime(j.updatedAt),
		"workflowType":                 cerbyWorkflows[j.task],
		"workspacePolicyEnforcementId": nil,
	}
	if f := j.failure; f != nil {
		attributes["canRetry"], attributes["hasMoreDetails"] = f.canRetry, f.more
		attributes["errorDetails"] = f.document(j.id)
	}
	return cerbyObject{
		"data":  cerbyObject{"id": j.id, "type": "job", "attributes": attributes},
		"links": cerbyObject{"self": "/" + cerbyName + cc.path},
		"meta":  cerbyObject{},
	}, nil
}

// jobTime writes the times of jobs, which have a fraction.
func (h *cerbyHub) jobTime(t time.Time) string {
	if h.settings.Timestamps == "none" {
		return h.timestamp(t)
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000+00:00")
}

var cerbyNulls = cerbyObject{"errorType": nil, "screenshotUrl": nil, "userRequired": nil}

// noDetails is errorDetails where nothing went wrong.
func (h *cerbyHub) noDetails() any {
	switch h.settings.SuccessDetails {
	case "null":
		return nil
	case "nulls":
		return cerbyNulls
	default:
		return cerbyObject{}
	}
}

func (f *cerbyFailure) document(job string) any {
	switch f.details {
	case "null":
		return nil
	case "nulls":
		return cerbyNulls
	case "empty":
		return cerbyObject{}
	}
	details := cerbyObject{
		"errorType": nil, "userRequired": f.userRequired,
		"screenshotUrl": "https://" + cerbyWorkspace + ".cerby.example/shots/" + job[:8] + ".png",
	}
	if f.code != "" {
		details["errorType"] = f.code
	}
	return details
}
