package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/roster-iac/terraform-provider-roster/internal/engine"
	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/runbook"
)

// taskDiag is the only place where a failed task becomes words for a person:
// what was done, what was not, what is true now, why, and how to finish by
// hand.
func taskDiag(ctx context.Context, h *engine.Hub, err error) diag.Diagnostic {
	var te *hub.TaskError
	if !errors.As(err, &te) {
		return diag.NewErrorDiagnostic(hubTitle(h)+" cannot be used", sentence(err.Error()))
	}
	if te.Task.Kind == "" && te.Fault.Reason == hub.ReasonCancelled {
		return diag.NewErrorDiagnostic(hubTitle(h)+" was not read: the run was stopped", "Nothing was sent and nothing was changed. Apply again.")
	}
	if te.Task.Kind == "" {
		return diag.NewErrorDiagnostic(hubTitle(h)+" could not be read", readDetail(h, te))
	}
	hubName(ctx, h)
	return diag.NewErrorDiagnostic(taskSummary(h, te), taskDetail(h, te))
}

// connectDiags is taskDiag for a connection check, and nothing for no error.
func connectDiags(ctx context.Context, h *engine.Hub, err error) diag.Diagnostics {
	if err == nil {
		return nil
	}
	return diag.Diagnostics{taskDiag(ctx, h, err)}
}

// screen is the line that shows where a person manages people, "" where roster
// does not know it.
func screen(h *engine.Hub) string {
	url := h.Platform().HubAdminURL(h.Ref())
	if url == "" {
		return ""
	}
	return "\n\n  " + url
}

// hubName makes sure that the hub has a name to go by: without a label, the
// one the platform knows. One request, and only when something already failed.
func hubName(ctx context.Context, h *engine.Hub) {
	if s, ok := h.Settings(); !ok || s.Label == "" {
		_, _ = h.Connect(ctx)
	}
}

func hubTitle(h *engine.Hub) string {
	return h.Name() + " (" + h.Platform().Title + ")"
}

func taskSummary(h *engine.Hub, te *hub.TaskError) string {
	if te.Job != "" {
		return fmt.Sprintf("The %s task for %s on %s is not finished yet", taskName(te.Task.Kind), te.Task.Email, hubTitle(h))
	}
	switch te.Task.Kind {
	case hub.TaskAdd:
		return fmt.Sprintf("%s was not added to %s", te.Task.Email, hubTitle(h))
	case hub.TaskChangeRole:
		if te.Task.Revoke {
			return fmt.Sprintf("%s keeps the role %s on %s", te.Task.Email, te.Task.Role, hubTitle(h))
		}
		return fmt.Sprintf("%s did not get the role %s on %s", te.Task.Email, te.Task.Role, hubTitle(h))
	case hub.TaskRemove:
		return fmt.Sprintf("%s was not removed from %s", te.Task.Email, hubTitle(h))
	default:
		return fmt.Sprintf("The task %q failed on %s", te.Task.Kind, hubTitle(h))
	}
}

func taskDetail(h *engine.Hub, te *hub.TaskError) string {
	if te.Job != "" {
		// No manual steps: a person and the platform would do the same thing at once.
		return reasonWords(h, te) + " To wait longer in one go, raise the resource's timeouts."
	}
	paragraphs := []string{
		strings.Join(append(append([]string{attemptWords(te)}, te.Done...), presentWords(te)), " ") + "\n" + reasonWords(h, te),
		runbook.For(guidePlatform(h), te.Task.Kind).Render(fill(h, te)),
	}
	if answer := answerWords(h, te.Fault); answer != "" {
		paragraphs = append(paragraphs, answer)
	}
	return strings.Join(paragraphs, "\n\n")
}

func readDetail(h *engine.Hub, te *hub.TaskError) string {
	paragraphs := []string{
		reasonWords(h, te),
		"Nothing was changed, and nobody was taken for removed: a hub that cannot be read is an error, never an empty hub. " +
			"What Terraform knew of its people stays in the state.",
	}
	if answer := answerWords(h, te.Fault); answer != "" {
		paragraphs = append(paragraphs, answer)
	}
	return strings.Join(paragraphs, "\n\n")
}

// attemptWords says what roster did.
func attemptWords(te *hub.TaskError) string {
	name := taskName(te.Task.Kind)
	switch {
	case te.Fault.Attempts == 0:
		return fmt.Sprintf("The %s task was refused before anything was sent.", name)
	case te.Fault.Attempts == 1:
		return fmt.Sprintf("The %s task failed after 1 attempt.", name)
	default:
		return fmt.Sprintf("The %s task failed after %d attempts.", name, te.Fault.Attempts)
	}
}

func taskName(kind hub.TaskKind) string {
	if kind == hub.TaskChangeRole {
		return "role-change"
	}
	return string(kind)
}

// presentWords says what is true on the platform now.
func presentWords(te *hub.TaskError) string {
	who, m := te.Task.Email, te.Now.Member
	switch {
	case !te.Now.Known && te.Task.Kind == hub.TaskAdd:
		return fmt.Sprintf("Whether %s has been invited is not known: look before you invite them by hand. The next apply looks too, and takes over what it finds.", who)
	case !te.Now.Known && te.Task.Kind == hub.TaskRemove:
		return fmt.Sprintf("Whether %s still has access is not known: take it that they do until you have looked.", who)
	case !te.Now.Known:
		return fmt.Sprintf("Which role %s has now is not known.", who)
	case !te.Now.Present():
		return fmt.Sprintf("%s has no seat there.", who)
	case m.Status.Pending():
		return fmt.Sprintf("The invitation of %s stands%s.", who, withRole(m))
	case m.Status == hub.StatusSuspended:
		return fmt.Sprintf("%s has a suspended seat%s.", who, withRole(m))
	case te.Task.Kind == hub.TaskRemove:
		return fmt.Sprintf("%s still has access%s.", who, withRole(m))
	default:
		return fmt.Sprintf("%s has a seat%s.", who, withRole(m))
	}
}

func withRole(m hub.Member) string {
	if m.Role == "" {
		return ""
	}
	return ", with the role " + m.Role
}

func reasonWords(h *engine.Hub, te *hub.TaskError) string {
	return reasonText(h.Platform(), te.Fault)
}

func reasonText(p *hub.Platform, f hub.Fault) string {
	words := fmt.Sprintf("Reason: %s. ", f.Reason)
	if f.Detail != "" {
		return words + sentence(f.Detail)
	}
	return words + sentence(runbook.Advice(p.Name, f.Reason))
}

// answerWords quotes the platform, on a line Terraform does not wrap.
func answerWords(h *engine.Hub, f hub.Fault) string { return answerText(h.Platform().Vendor, f) }

func answerText(vendor string, f hub.Fault) string {
	var parts []string
	if f.Code != "" {
		parts = append(parts, "code "+f.Code)
	}
	if f.Message != "" {
		parts = append(parts, fmt.Sprintf("%q", f.Message))
	}
	if f.RequestID != "" {
		parts = append(parts, "trace "+f.RequestID)
	}
	if len(parts) == 0 {
		return ""
	}
	return "  " + vendor + " answered: " + strings.Join(parts, ", ") + "."
}

// guidePlatform is whose manual steps fit the hub.
func guidePlatform(h *engine.Hub) string {
	s, _ := h.Settings()
	if name := cmp.Or(s.Runbook, s.Screens, h.Business().Runbook); name != "" {
		if platform, ok := runbook.Resolve(name); ok {
			return platform
		}
	}
	return h.Platform().Name
}

func fill(h *engine.Hub, te *hub.TaskError) runbook.Fill {
	return runbook.Fill{
		Platform:   h.Platform().Name,
		Hub:        h.Name(),
		Person:     te.Task.Email,
		Role:       roleLabel(h, te.Task.Role),
		OldRole:    roleLabel(h, te.Task.OldRole),
		BusinessID: h.Ref().BusinessID,
		AdminURL:   h.Platform().HubAdminURL(h.Ref()),
		Export:     h.Platform().Export,
		Revoke:     te.Task.Revoke,
		Invited:    te.Now.Member.Status.Pending(),
		Awaiting:   te.Fault.Reason == hub.ReasonAwaitingApproval && te.Fault.Attempts > 0,
		Guarded:    te.Err == nil && te.Fault.Attempts == 0 && guarded(te.Fault.Reason),
	}
}

// guarded says that a reason is a guard's, not the platform's.
func guarded(r hub.Reason) bool {
	return r == hub.ReasonLastAdmin || r == hub.ReasonSelfLockout || r == hub.ReasonSafeguard
}

// roleLabel names a role as the configuration and as the screens do.
func roleLabel(h *engine.Hub, id string) string { return labelled(h.Platform(), id) }

func labelled(p *hub.Platform, id string) string {
	if role, ok := p.Role(id); ok && role.Label != "" && role.Label != id {
		return fmt.Sprintf("%s (%s)", id, role.Label)
	}
	return id
}

// manualSteps is the guide for a task nobody has attempted yet: a plan's
// warning that the platform cannot do it.
func manualSteps(h *engine.Hub, task hub.Task, m hub.Member) string {
	te := &hub.TaskError{Task: task, Now: hub.Presence{Known: true, Member: m}}
	return runbook.For(guidePlatform(h), task.Kind).Render(fill(h, te))
}

// sentence makes an error's text stand as a sentence.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return s
	}
	if word, _, _ := strings.Cut(s, " "); !strings.ContainsAny(word, "@_.:/") { // addresses and names of attributes stay as they are
		first, size := utf8.DecodeRuneInString(s)
		s = string(unicode.ToUpper(first)) + s[size:]
	}
	if !strings.ContainsAny(s[len(s)-1:], ".!?:") {
		s += "."
	}
	return s
}

// known says that a value is neither null nor unknown.
func known(v attr.Value) bool { return !v.IsNull() && !v.IsUnknown() }
