package manual

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Connector reads one app's member export. It is safe for concurrent use, and
// reads the file anew for every question: a person may write it while Terraform
// waits for an answer.
type Connector struct {
	name     string
	file     string
	adminURL string
	now      func() time.Time
	// open is os.Open, and the only way to the export: the conformance suite
	// counts its calls, as it counts requests elsewhere.
	open func(name string) (fs.File, error)
}

func openFile(name string) (fs.File, error) { return os.Open(name) }

var (
	_ hub.Connector  = (*Connector)(nil)
	_ hub.Particular = (*Connector)(nil)
)

// For puts in the app's own screen and export.
func (c *Connector) For(hub.Ref) hub.Platform {
	p := platform
	p.AdminURL, p.Export = c.adminURL, c.file
	return p
}

// Verify checks that the export can be read, and says how old it is.
func (c *Connector) Verify(ctx context.Context, ref hub.Ref) (hub.Business, error) {
	_, written, err := c.read(ctx, ref)
	if err != nil {
		return hub.Business{}, err
	}
	business := hub.Business{ID: ref.BusinessID, Name: ref.BusinessID}
	if age := c.now().Sub(written); age > staleAfter {
		business.Notes = []string{fmt.Sprintf("The export %s was written %d days ago, on %s: who joined or left since is not in it. Export the members again.",
			c.file, int(age.Hours()/24), written.UTC().Format(time.DateOnly))}
	}
	return business, nil
}

// Members reads everybody from the export.
func (c *Connector) Members(ctx context.Context, ref hub.Ref) ([]hub.Member, error) {
	members, _, err := c.read(ctx, ref)
	return members, err
}

// read reads the export, and when it was written.
func (c *Connector) read(ctx context.Context, ref hub.Ref) (members []hub.Member, written time.Time, err error) {
	if err := c.mine(ctx, ref); err != nil {
		return nil, written, err
	}
	file, err := c.open(c.file)
	if err != nil {
		return nil, written, c.unreadable(err)
	}
	defer file.Close() //nolint:errcheck // nothing was written
	// Of the open file, not of its name: that may be the next export by now.
	info, err := file.Stat()
	if err != nil {
		return nil, written, c.unreadable(err)
	}
	members, err = readExport(c.file, file)
	return members, info.ModTime(), err
}

// Lookup reads one person from the export: whoever is not in it is not there.
func (c *Connector) Lookup(ctx context.Context, ref hub.Ref, key hub.Key) (hub.Member, error) {
	members, err := c.Members(ctx, ref)
	if err != nil {
		return hub.Member{}, err
	}
	for _, m := range members {
		if key.Email != "" && hub.FoldEmail(m.Email) == key.Email || key.Email == "" && m.ID == key.ID {
			return m, nil
		}
	}
	for _, m := range members {
		if key.ID != "" && m.ID == key.ID {
			return m, nil
		}
	}
	return hub.Member{}, hub.ErrAbsent
}

// Add refuses: a person does it.
func (c *Connector) Add(context.Context, hub.Ref, hub.Add) (hub.Member, error) {
	return hub.Member{}, c.byHand()
}

// ChangeRole refuses: a person does it.
func (c *Connector) ChangeRole(context.Context, hub.Ref, hub.Member, hub.RoleChange) error {
	return c.byHand()
}

// Remove refuses: a person does it.
func (c *Connector) Remove(context.Context, hub.Ref, hub.Member) error { return c.byHand() }

// Self is nobody: roster does not act in the app.
func (c *Connector) Self(context.Context, hub.Ref) (hub.Identity, error) { return hub.Identity{}, nil }

// refusal is an error in roster's words.
type refusal struct {
	fault hub.Fault
	err   error
}

func (e *refusal) Error() string { return e.fault.Detail }
func (e *refusal) Unwrap() error { return e.err }

func (c *Connector) byHand() error {
	return &refusal{fault: hub.Fault{Reason: hub.ReasonUnsupported, Detail: fmt.Sprintf(
		"%s has no API, so a person does every task there. Then export the members again to %s and apply.", c.name, c.file)}}
}

func (c *Connector) unreadable(err error) error {
	fault := hub.Fault{Reason: hub.ReasonUnavailable, Detail: fmt.Sprintf("The export %s cannot be read: %v.", c.file, errors.Unwrap(err))}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fault.Reason = hub.ReasonNotFound
		fault.Detail = fmt.Sprintf("There is no file %s. Export the members of %s from the app, as CSV, and save them under that path; a relative one starts where Terraform runs.", c.file, c.name)
	case errors.Is(err, fs.ErrPermission):
		fault.Reason = hub.ReasonForbidden
		fault.Detail = fmt.Sprintf("The export %s may not be read by whoever runs Terraform. Permit it on the file and on the folders above.", c.file)
	}
	return &refusal{fault: fault, err: err}
}

// mine refuses a question about another app, or one whose time is over.
func (c *Connector) mine(ctx context.Context, ref hub.Ref) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if ref.BusinessID != c.name {
		return &refusal{fault: hub.Fault{Reason: hub.ReasonNotFound, Detail: fmt.Sprintf("%s is the export of %s, not of %s.", c.file, c.name, ref.BusinessID)}}
	}
	return nil
}

// Explain sorts an error. An export that cannot be understood is an input that
// a person has to correct.
func (c *Connector) Explain(err error) hub.Fault {
	var (
		own *refusal
		bad *exportError
	)
	switch {
	case errors.As(err, &own):
		return own.fault
	case errors.As(err, &bad):
		return hub.Fault{Reason: hub.ReasonInvalidInput, Detail: bad.Error() + " Export the members of " + c.name + " again, or correct the file."}
	case errors.Is(err, context.Canceled):
		return hub.Fault{Reason: hub.ReasonCancelled}
	case errors.Is(err, context.DeadlineExceeded):
		return hub.Fault{Reason: hub.ReasonTimeout}
	default:
		return hub.Fault{Reason: hub.ReasonUnknown}
	}
}
