package notify

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// server is what an smtp.url says.
type server struct {
	host               string
	port               int
	implicit           bool   // TLS from the start
	startTLS           string // one of the three below, "" when implicit
	username, password string
}

// The values of ?starttls=.
const (
	startTLSRequired      = "required"
	startTLSOpportunistic = "opportunistic"
	startTLSOff           = "off"
)

// encrypted says that nothing is sent before the connection is.
func (s server) encrypted() bool { return s.implicit || s.startTLS == startTLSRequired }

// parseServer reads an smtp.url. Its error is a *hub.SettingError that shows
// the URL without credentials.
func parseServer(text string) (server, error) {
	refuse := func(problem string) (server, error) {
		return server{}, &hub.SettingError{Setting: "smtp.url", Problem: problem +
			"; write smtp://host:587 (STARTTLS) or smtps://host:465 (TLS from the start), with user:password@ before the host where the server asks for them"}
	}
	if strings.TrimSpace(text) == "" {
		return refuse("it is empty")
	}
	u, err := url.Parse(text)
	if err != nil {
		// The parser's own words quote the part it stumbled over, which in
		// smtp://user:p/ss@host is the password.
		return refuse(quoted(text) + " is not a URL (in a password, write % @ / ? # : as %25 %40 %2F %3F %23 %3A)")
	}
	s := server{host: u.Hostname()}
	switch u.Scheme {
	case "smtp":
		s.port = 587
	case "smtps":
		s.port, s.implicit = 465, true
	default:
		return refuse(quoted(text) + " does not begin with smtp:// or smtps://")
	}
	switch {
	case u.Opaque != "" || s.host == "":
		return refuse(quoted(text) + " has no host")
	case u.Path != "" && u.Path != "/":
		return refuse(quoted(text) + " has a path behind the host")
	case u.Fragment != "":
		return refuse(quoted(text) + " has a # behind the host")
	}
	if port := u.Port(); port != "" {
		if s.port, err = strconv.Atoi(port); err != nil || s.port < 1 || s.port > 65535 {
			return refuse(quoted(text) + " has no port between 1 and 65535")
		}
	}
	s.username = u.User.Username()
	s.password, _ = u.User.Password()
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return refuse(quoted(text) + " has a query that cannot be read")
	}
	for name := range query {
		if name != "starttls" {
			return refuse(fmt.Sprintf("%s has a parameter behind the ? that is not starttls, the only one there is", quoted(text)))
		}
	}
	switch choice := query["starttls"]; {
	case len(choice) > 0 && s.implicit:
		return refuse(quoted(text) + " has ?starttls=, which is for smtp:// alone")
	case s.implicit:
	case len(choice) == 0 && isLoopback(s.host):
		s.startTLS = startTLSOff
	case len(choice) == 0:
		s.startTLS = startTLSRequired
	case len(choice) == 1 && (choice[0] == startTLSRequired || choice[0] == startTLSOpportunistic || choice[0] == startTLSOff):
		s.startTLS = choice[0]
	default:
		return refuse(quoted(text) + " has another ?starttls= than required, opportunistic or off")
	}
	return s, nil
}

// scheme and hostPort are what a URL may show: nothing that could be a
// password. In smtp://user:secret, which lacks its host, secret is not a port.
var (
	scheme   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`)
	hostPort = regexp.MustCompile(`^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)
)

// quoted is a URL as an error may show it: scheme, host and port. It works on
// the text, because a URL that cannot be parsed is the one to be shown.
func quoted(text string) string {
	const mask = "***"
	shown, rest := "", text
	if before, after, found := strings.Cut(text, "://"); found && scheme.MatchString(before) {
		shown, rest = before+"://", after
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 { // the last: a password may hold one
		shown, rest = shown+mask+"@", rest[at+1:]
	}
	tail := ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest, tail = rest[:i], rest[i:i+1]+mask
	}
	if !hostPort.MatchString(rest) {
		rest = mask
	}
	return strconv.Quote(shown + rest + tail)
}

// addr is the server's for dialling.
func (s server) addr() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }
