package cerby

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Job implements hub.JobReader. That finished and error are the two ends of a
// job is read off their names and Cerby's screens (unconfirmed); any other
// status, a new one included, is not done.
//
// A job that Cerby does not know is at its end, too, and what became of it is to
// be found out by looking at the person: waiting for it would be for ever.
func (c *Connector) Job(ctx context.Context, ref hub.Ref, id string) (done bool, err error) {
	j, got, err := c.api.job(ctx, id)
	switch {
	case notFound(err):
		return true, &lostJobError{job: id, cause: err}
	case err != nil:
		return false, c.blame(ctx, err)
	}
	a := j.Attributes
	if a.Account.ID != "" && a.Account.ID != ref.BusinessID {
		return true, &lostJobError{job: id, cause: fmt.Errorf("it is a job of hub %s", c.api.redactor.String(a.Account.ID))}
	}
	switch a.Status {
	case "finished":
		return true, nil
	case "error":
		return true, &jobError{
			id: id, code: c.api.redactor.String(string(a.ErrorDetails.Type)),
			canRetry: a.CanRetry, userRequired: a.ErrorDetails.UserRequired, moreDetails: a.MoreDetails, attempts: got.Attempts,
		}
	case "created", "started", "running", "retrying":
	default:
		c.log.WarnContext(ctx, "a job has a status that roster does not know", slog.String("job", id), slog.String("status", c.api.redactor.String(a.Status)))
	}
	return false, nil
}

// lostJobError is a job that Cerby knows no more, or hides.
type lostJobError struct {
	job   string
	cause error
}

func (e *lostJobError) Error() string {
	return fmt.Sprintf("what became of job %s is not known: %v", e.job, e.cause)
}
func (e *lostJobError) Unwrap() error { return e.cause }

func (e *lostJobError) fault() hub.Fault {
	var refused *refusal
	f := hub.Fault{Attempts: 1}
	if errors.As(e.cause, &refused) {
		f = refused.fault()
	}
	f.Reason, f.Uncertain, f.RequestID = hub.ReasonOutcomeUnknown, true, e.job
	f.Detail = fmt.Sprintf("The task was job %s, and Cerby does not show that job, or not as one of this hub. Look into the Automation Log in Cerby.", e.job)
	return f
}

// jobError is a job that failed.
type jobError struct {
	id           string
	code         string // "" when Cerby gives none
	canRetry     bool
	userRequired bool
	moreDetails  bool
	attempts     int
}

func (e *jobError) Error() string {
	if e.code == "" {
		return fmt.Sprintf("job %s failed", e.id)
	}
	return fmt.Sprintf("job %s failed: %s", e.id, e.code)
}

// remedy is what a failure code means and what clears it.
type remedy struct {
	reason hub.Reason
	text   string
}

// remedies are Cerby's failure codes. They are published for a webhook; that
// errorType of a job is one of them is likely (unconfirmed), and whatever is not
// among them is for a person to look up.
//
// None of them is tried again from here: where Cerby says that another try may
// help, that is an apply, which looks at the person first.
//
// API: Cerby developer portal, "Automation failure codes"
var remedies = map[string]remedy{
	"NotEnoughSeats":          {hub.ReasonSeatLimit, "The app has no free seat. Buy seats or free one, then apply again."},
	"SubscriptionDeactivated": {hub.ReasonUnknown, "The subscription of the app is off. Reactivate it in the app, then apply again."},
	"UnderpermissionedAccount": {hub.ReasonForbidden, "The hub's service account lacks administrator rights in the app. " +
		"Give it the administrator role that the app needs, then apply again."},
	// Not found would say that the person is gone.
	"InvalidBusinessId":  {hub.ReasonInvalidInput, "The business or tenant id of the hub is wrong. Correct it in the hub's settings in Cerby, then apply again."},
	"BadCredentials":     {hub.ReasonUnauthenticated, "The app refuses the user name or password of the hub's service account. Update them in Cerby, then apply again. The API key is not the cause."},
	"EmptyPasswordError": {hub.ReasonUnauthenticated, "Cerby has no password for the hub's service account. Store one in Cerby, then apply again. The API key is not the cause."},
	"AccountVaultError": {hub.ReasonUnavailable, "Cerby's vault could not give the password of the hub's service account. " +
		"Apply again, once; if it fails again, write to Cerby Support."},
	"EmailNotProvidedError":              {hub.ReasonInvalidInput, "The account has no e-mail address in Cerby. Add it there, then apply again."},
	"InvalidEmail":                       {hub.ReasonInvalidInput, "The app cannot use the e-mail address of the account. Correct it in Cerby, then apply again."},
	"PhoneNotProvidedError":              {hub.ReasonInvalidInput, "The account has no phone number in Cerby. Add it there, then apply again."},
	"PhoneNotManagedError":               {hub.ReasonSecondFactor, "The app sends its codes to a phone that Cerby does not manage. Hand phone MFA over to Cerby, then apply again."},
	"GeneralMFANotManagedError":          {hub.ReasonSecondFactor, remedyMFA},
	"MFANotManagedError":                 {hub.ReasonSecondFactor, remedyMFA},
	"MFAAlreadyEnable":                   {hub.ReasonSecondFactor, "MFA of the hub's service account is on already, and Cerby does not manage it. Move it to Cerby, then apply again."},
	"OtherMFAMethodEnabledError":         {hub.ReasonSecondFactor, "The hub's service account uses another method of MFA than Cerby manages. Switch the method in the app, then apply again."},
	"VerificationMethodsNotManagedError": {hub.ReasonSecondFactor, "The app verifies the hub's service account over a channel that Cerby does not manage. Switch it to one that Cerby manages, then apply again."},
	"SecureDeviceNotFoundInStorage":      {hub.ReasonUnauthenticated, "Cerby has no trusted session with the app any more. Renew it with Cerby's browser extension, then apply again. The API key is not the cause."},
}

const remedyMFA = "Cerby does not manage MFA of the hub's service account. Set up MFA that Cerby manages, then apply again."

func (e *jobError) fault() hub.Fault {
	known, ok := remedies[e.code]
	f := hub.Fault{Reason: known.reason, Detail: known.text, Code: e.code, RequestID: e.id, Attempts: max(e.attempts, 1)}
	if !ok {
		f.Reason, f.Detail = hub.ReasonUnknown, "Cerby took the task on and could not do it. Review the job in Cerby's Automation Log."
		switch {
		case e.userRequired:
			f.Detail += " A person has to act there first."
		case e.canRetry:
			f.Detail += " Cerby says that another try may help: apply again."
		}
	}
	if e.moreDetails {
		f.Detail += " The Automation Log in Cerby tells more of this job."
	}
	return f
}
