// Package manual is the connector to apps that have no API at all. What a
// person exports from the app's own member list, as CSV, is all that roster can
// read of it; every task is a person's to do, and the next export is the sync.
package manual

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// Name is the platform's name, the first half of every hub id.
const Name = "manual"

const (
	settingFile     = "roster_file"
	settingAdminURL = "admin_url"

	envFile     = "MANUAL_{NAME}_ROSTER_FILE"
	envAdminURL = "MANUAL_{NAME}_ADMIN_URL"
)

// staleAfter is the age from which an export is called old: most companies
// review access once a month.
const staleAfter = 30 * 24 * time.Hour

var platform = hub.Platform{
	Name:           Name,
	Title:          "app without an API",
	Vendor:         "the app",
	BusinessID:     regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`),
	BusinessIDForm: "words of lower-case letters and digits joined by underscores, for example figma or design_team",
	// The app's own roles, as its export writes them: nobody knows them before.
	Roleless: true,
	// What a person cannot delete they switch off, and an export may go on
	// listing that seat.
	Suspends: true,
	Capabilities: hub.Capabilities{
		hub.OpAdd:               hub.Unsupported,
		hub.OpAddWithSecondary:  hub.Unsupported,
		hub.OpChangeRole:        hub.Unsupported,
		hub.OpChangeInvitedRole: hub.Unsupported,
		hub.OpGrantRole:         hub.Unsupported,
		hub.OpRevokeRole:        hub.Unsupported,
		hub.OpRemove:            hub.Unsupported,
		hub.OpCancel:            hub.Unsupported,
	},
	Statuses: []hub.Status{hub.StatusActive, hub.StatusInvited, hub.StatusExpired, hub.StatusSuspended, hub.StatusUnknown},
	PageSize: maxRows, // the file is read in one go
	Settle:   time.Millisecond,
}

// Driver is an app without an API as the provider sees it.
func Driver() hub.Driver {
	return hub.Driver{
		Platform: platform,
		Named:    true,
		Settings: []hub.Setting{
			{
				Name: settingFile, Env: envFile, Required: true,
				Description: "The app's member list, as the app itself exports it: CSV with a header row, UTF-8, separated by comma, semicolon or tab. A relative path starts where Terraform runs. " +
					"Columns are found by their names: the e-mail address, which has to be there; and role, status, name and id where they are.",
			},
			{
				Name: settingAdminURL, Env: envAdminURL,
				Description: "The app's own screen where a person manages its people, for the manual steps.",
			},
		},
		Open: func(o hub.Options) (hub.Connector, error) { return New(o) },
	}
}

// New opens a connector. It does not read the file.
func New(o hub.Options) (*Connector, error) {
	file := strings.TrimSpace(o.Settings[settingFile])
	if file == "" {
		return nil, &hub.SettingError{Setting: settingFile, Problem: "it is empty. Write the path of the app's member export"}
	}
	adminURL := strings.TrimSpace(o.Settings[settingAdminURL])
	if err := checkURL(adminURL); err != nil {
		return nil, err
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	return &Connector{name: cmp.Or(o.Name, Name), file: file, adminURL: adminURL, now: now, open: openFile}, nil
}

// checkURL lets through what a person can open. A password in it would be
// printed with every set of manual steps.
func checkURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return &hub.SettingError{Setting: settingAdminURL, Problem: fmt.Sprintf("%q is not the address of a page. Write one such as https://app.example/admin/people", text)}
	case u.User != nil:
		return &hub.SettingError{Setting: settingAdminURL, Problem: "it holds a user name or password, and is printed in messages. Leave them out"}
	}
	return nil
}
