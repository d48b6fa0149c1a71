package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Message is one failed task, ready for people and for machines.
type Message struct {
	Time time.Time // when the task failed

	// Summary says in one line what did not happen: "ada@northwind.example was
	// not removed from Northwind Paid Social (Meta Business Manager)".
	Summary string

	// Detail is what the terminal prints below it, the manual steps among it.
	// A line that begins with a space is pre-formatted; an empty line ends a
	// paragraph.
	Detail string

	HubName string // how messages name the hub
	Task    hub.Task
	Fault   hub.Fault

	// ManualSteps is the steps of Detail one by one, for machines.
	ManualSteps []string
}

// plain is the text of an e-mail, with "\n" as line break.
func (m Message) plain() string {
	return m.text() + "\n\n" + m.origin() + "\n"
}

// text is what the terminal says, on its own.
func (m Message) text() string {
	return strings.TrimRight(oneLine(m.Summary)+"\n\n"+printable(m.Detail), "\n ")
}

// origin says where the message comes from, and why.
func (m Message) origin() string {
	return oneLine(fmt.Sprintf(
		"This task failed during terraform apply at %s: %s %s on %s. The Terraform provider roster sent this message, once for this task.",
		m.stamp(), m.Task.Kind, m.Task.Email, m.Task.Hub,
	))
}

func (m Message) stamp() string { return m.Time.UTC().Format(time.RFC3339) }

// html is the same text as plain, as a page.
func (m Message) html() (string, error) {
	var out bytes.Buffer
	err := page.Execute(&out, struct {
		Summary, Origin string
		Blocks          []block
	}{oneLine(m.Summary), m.origin(), blocks(printable(m.Detail))})
	return out.String(), err
}

// page has its styles in the tags: mail readers drop style sheets. pre-wrap
// keeps the indentation and still breaks lines on a telephone.
var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{{.Summary}}</title></head>
<body style="font-family: sans-serif">
<h1 style="font-size: 1.2em">{{.Summary}}</h1>
{{range .Blocks -}}
{{if .Preformatted -}}
<pre style="font-family: monospace; white-space: pre-wrap">
{{- range .Lines}}
{{.Indent}}{{if .Link}}<a href="{{.Text}}">{{.Text}}</a>{{else}}{{.Text}}{{end}}
{{- end}}</pre>
{{else -}}
<p>{{range $i, $line := .Lines}}{{if $i}}<br>
{{end}}{{$line.Text}}{{end}}</p>
{{end -}}
{{end -}}
<p style="color: #555">{{.Origin}}</p>
</body>
</html>
`))

// block is a paragraph or a pre-formatted part of a Detail.
type block struct {
	Preformatted bool
	Lines        []line
}

type line struct {
	Indent string
	Text   string
	// Link says that the line is nothing but a link, as the manual steps print
	// theirs. A link in the middle of a platform's words is not made clickable.
	Link bool
}

func blocks(detail string) []block {
	var out []block
	open := false // the last block goes on
	for text := range strings.SplitSeq(detail, "\n") {
		if strings.TrimSpace(text) == "" {
			open = false
			continue
		}
		bare := strings.TrimLeft(text, " ")
		l := line{
			Indent: text[:len(text)-len(bare)],
			Text:   bare,
			Link:   strings.HasPrefix(bare, "https://") && !strings.Contains(bare, " "),
		}
		preformatted := l.Indent != ""
		if !open || out[len(out)-1].Preformatted != preformatted {
			out = append(out, block{Preformatted: preformatted})
			open = true
		}
		last := &out[len(out)-1]
		last.Lines = append(last.Lines, l)
	}
	return out
}

// wire is the body of a webhook. Every key is always there. "text" is what
// chat systems with an incoming webhook show.
type wire struct {
	Event           string   `json:"event"`
	Delivery        string   `json:"delivery"` // X-Roster-Delivery once more, where the signature covers it
	Time            string   `json:"time"`     // RFC 3339, UTC
	Summary         string   `json:"summary"`
	Text            string   `json:"text"` // the summary, an empty line, the detail
	HubID           string   `json:"hub_id"`
	HubName         string   `json:"hub_name"`
	Platform        string   `json:"platform"`
	Task            string   `json:"task"`
	Email           string   `json:"email"`
	Role            string   `json:"role"`
	OldRole         string   `json:"old_role"`
	Revoke          bool     `json:"revoke"`
	Reason          string   `json:"reason"`
	Attempts        int      `json:"attempts"`
	PlatformCode    string   `json:"platform_code"`
	PlatformMessage string   `json:"platform_message"`
	RequestID       string   `json:"request_id"`
	ManualSteps     []string `json:"manual_steps"`
}

func (m Message) json(delivery string) ([]byte, error) {
	return json.Marshal(wire{
		Event:           "task_failed",
		Delivery:        delivery,
		Time:            m.stamp(),
		Summary:         oneLine(m.Summary),
		Text:            m.text(),
		HubID:           m.Task.Hub.String(),
		HubName:         m.HubName,
		Platform:        m.Task.Hub.Platform,
		Task:            string(m.Task.Kind),
		Email:           m.Task.Email,
		Role:            m.Task.Role,
		OldRole:         m.Task.OldRole,
		Revoke:          m.Task.Revoke,
		Reason:          string(m.Fault.Reason),
		Attempts:        m.Fault.Attempts,
		PlatformCode:    m.Fault.Code,
		PlatformMessage: m.Fault.Message,
		RequestID:       m.Fault.RequestID,
		ManualSteps:     append([]string{}, m.ManualSteps...), // [] rather than null
	})
}
