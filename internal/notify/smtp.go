package notify

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// SMTP is an e-mail for each message, to everybody in To.
type SMTP struct {
	// URL is the mail server:
	//
	//	smtp://user:password@mail.northwind.example:587   STARTTLS, required
	//	smtps://user:password@mail.northwind.example:465  TLS from the start
	//
	// These ports are the defaults. User and password may be left out, or given
	// below. On smtp, ?starttls=opportunistic encrypts when the server offers
	// it and ?starttls=off never; off is the default on a loopback host, where
	// a server's certificate seldom fits and nobody listens. Credentials go
	// over an unencrypted connection to a loopback host alone.
	URL hub.Secret

	// Username and Password keep a password out of the URL. The mechanism is
	// the best of those the server offers.
	Username string
	Password hub.Secret

	From string   // "roster@northwind.example" or "Roster <roster@northwind.example>"
	To   []string // at least one, in the same form

	Timeout   time.Duration  // of one message; 0 is DefaultTimeout
	UserAgent string         // "" is the provider's name
	RootCAs   *x509.CertPool // who may sign the server's certificate; nil is the system's
}

// mailer is an SMTP that was checked.
type mailer struct {
	server
	username, password string
	from               *netmail.Address
	to                 []*netmail.Address
	timeout            time.Duration
	agent              string
	roots              *x509.CertPool
	redactor           *transport.Redactor
}

// Channel checks the configuration. It makes no connection. What cannot work is
// a *hub.SettingError, its Setting being "smtp.url", "smtp.from" and so on.
func (s SMTP) Channel() (Channel, error) {
	server, err := parseServer(s.URL.Reveal())
	if err != nil {
		return nil, err
	}
	m := &mailer{
		server:   server,
		timeout:  s.Timeout,
		agent:    s.UserAgent,
		roots:    s.RootCAs,
		redactor: transport.NewRedactor(),
	}
	if m.username, m.password, err = s.credentials(server); err != nil {
		return nil, err
	}
	m.redactor.Add(m.password)
	if m.username != "" && !m.encrypted() && !isLoopback(m.host) {
		return nil, &hub.SettingError{Setting: "smtp.url", Problem: fmt.Sprintf(
			"%s would send the password over a connection that may not be encrypted; leave out the starttls=%s, or use smtps://. "+
				"Only a loopback host may go without", quoted(s.URL.Reveal()), m.startTLS)}
	}
	if m.from, err = address("smtp.from", s.From); err != nil {
		return nil, err
	}
	if len(s.To) == 0 {
		return nil, &hub.SettingError{Setting: "smtp.to", Problem: "nobody is listed; name at least one address such as ada@northwind.example"}
	}
	seen := map[string]bool{}
	for _, one := range s.To {
		to, err := address("smtp.to", one)
		if err != nil {
			return nil, err
		}
		if folded := hub.FoldEmail(to.Address); !seen[folded] {
			seen[folded] = true
			m.to = append(m.to, to)
		}
	}
	if m.timeout <= 0 {
		m.timeout = DefaultTimeout
	}
	if m.agent == "" {
		m.agent = defaultAgent
	}
	return m, nil
}

// credentials are those of the URL or those beside it.
func (s SMTP) credentials(u server) (username, password string, err error) {
	username, password = s.Username, s.Password.Reveal()
	switch {
	case u.username != "" && username != "":
		return "", "", &hub.SettingError{Setting: "smtp.username", Problem: "a user name is in smtp.url too; keep one of them"}
	case u.password != "" && password != "":
		return "", "", &hub.SettingError{Setting: "smtp.password", Problem: "a password is in smtp.url too; keep one of them"}
	}
	username, password = username+u.username, password+u.password
	switch {
	case username != "" && password == "":
		return "", "", &hub.SettingError{Setting: "smtp.password", Problem: "a user name is set and no password; set it here, or in smtp.url as smtp://user:password@host"}
	case username == "" && password != "":
		return "", "", &hub.SettingError{Setting: "smtp.username", Problem: "a password is set and no user name; set it here, or in smtp.url as smtp://user:password@host"}
	}
	return username, password, nil
}

// address reads an address with or without a display name.
func address(setting, text string) (*netmail.Address, error) {
	const form = `; write ada@northwind.example or Ada Lovelace <ada@northwind.example>`
	if strings.TrimSpace(text) == "" {
		return nil, &hub.SettingError{Setting: setting, Problem: "an address is empty" + form}
	}
	addr, err := netmail.ParseAddress(text)
	if err != nil || printable(text) != text || strings.Contains(text, "\n") {
		return nil, &hub.SettingError{Setting: setting, Problem: fmt.Sprintf("%q is not an e-mail address%s", text, form)}
	}
	return addr, nil
}

// Name is "smtp mail.northwind.example:587".
func (m *mailer) Name() string { return "smtp " + m.addr() }

// Send delivers the message to all who are listed. One whom the server refuses
// is an error and keeps it from nobody else. It does not try again: a server
// that broke off may have taken the message, and people would get it twice.
func (m *mailer) Send(ctx context.Context, message Message) error {
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	try := &attempt{channel: m.Name(), ctx: ctx, start: time.Now(), redactor: m.redactor}
	return try.error(m.deliver(try, message))
}

// letter is the message as it goes out.
func (m *mailer) letter(message Message) (*mail.Msg, error) {
	html, err := message.html()
	if err != nil {
		return nil, fmt.Errorf("write the html part: %w", err)
	}
	domain := m.from.Address[strings.LastIndex(m.from.Address, "@")+1:]
	letter := mail.NewMsg(mail.WithNoDefaultUserAgent())
	letter.FromMailAddress(m.from)
	letter.ToMailAddress(m.to...)
	letter.Subject("[roster] " + oneLine(message.Summary))
	letter.SetMessageIDWithValue(rand.Text() + "@" + domain)
	letter.SetUserAgent(m.agent)
	// RFC 3834 section 5: keeps vacation notices from answering.
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetBodyString(mail.TypeTextPlain, message.plain())
	letter.AddAlternativeString(mail.TypeTextHTML, html)
	return letter, nil
}

// mechanisms in the order of preference, by the names servers announce. SCRAM's
// variants with channel binding are left out: they add nothing over a TLS
// connection whose certificate was checked, and break behind a proxy that ends
// the TLS. When a server has none of these, the library tries what else it
// knows. It refuses PLAIN and LOGIN without TLS; on a loopback host, where
// Channel lets them pass, they go by another name.
func (m *mailer) mechanisms() []mail.SMTPAuthType {
	if isLoopback(m.host) {
		return []mail.SMTPAuthType{mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlainNoEnc, mail.SMTPAuthLoginNoEnc}
	}
	return []mail.SMTPAuthType{mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlain, mail.SMTPAuthLogin}
}

// deliver speaks to the server. The commands after the login are not the
// library's own Send: that one tells nobody when the server refuses one of the
// recipients, and an owner who has left would keep the others in the dark.
func (m *mailer) deliver(try *attempt, message Message) error {
	letter, err := m.letter(message)
	if err != nil {
		return err
	}
	c := &connection{mailer: m, ctx: try.ctx}
	defer c.hangUp()
	client, err := m.client(c.dial)
	if err != nil {
		return err
	}
	session, err := client.DialToSMTPClientWithContext(try.ctx)
	switch {
	case err != nil && c.conn == nil:
		return try.broken("connecting", err)
	case err != nil:
		return m.hint(try.broken("logging in", answered(err)))
	}
	session.SkipSMTPUTF8(m.ascii())
	if err := session.Mail(envelope(m.from)); err != nil {
		return try.broken("naming the sender "+m.from.Address, answered(err))
	}
	var refused []string
	for _, to := range m.to {
		err := session.Rcpt(envelope(to))
		var reply *textproto.Error
		switch {
		case err == nil:
		case errors.As(err, &reply):
			refused = append(refused, to.Address+" ("+words(reply)+")")
		default: // the connection is gone
			return try.broken("naming the recipient "+to.Address, err)
		}
	}
	if len(refused) < len(m.to) {
		if err := post(session, letter); err != nil {
			return try.broken("sending the message", answered(err))
		}
	}
	c.goodbye(session)
	if len(refused) > 0 {
		return fmt.Errorf("sent to %d of %d: the server refused %s", len(m.to)-len(refused), len(m.to), strings.Join(refused, ", "))
	}
	return nil
}

func (m *mailer) client(dial mail.DialContextFunc) (*mail.Client, error) {
	options := []mail.Option{
		mail.WithPort(m.port),
		mail.WithTimeout(2 * m.timeout), // of the connection; the context ends first, and says so
		mail.WithDialContextFunc(dial),
		mail.WithTLSConfig(m.tls()),
	}
	switch m.startTLS {
	case startTLSRequired:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	case startTLSOpportunistic:
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	default: // off, or dial has encrypted the connection already
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	}
	if m.username != "" {
		options = append(options,
			mail.WithUsername(m.username), mail.WithPassword(m.password),
			mail.WithOpportunisticSMTPAuth(m.mechanisms()...))
	}
	return mail.NewClient(m.host, options...)
}

func (m *mailer) tls() *tls.Config {
	return &tls.Config{ServerName: m.host, RootCAs: m.roots, MinVersion: tls.VersionTLS12}
}

// hint says what may be wrong when a connection came about and no login, unless
// that was said: by the server, or about its certificate.
func (m *mailer) hint(err error) error {
	var reply *textproto.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &reply), errors.As(err, &certificate), errors.Is(err, context.Canceled):
		return err
	case m.implicit:
		return fmt.Errorf("%w (smtps:// is for a port that speaks TLS from the start, most often 465; for STARTTLS, most often on 587, write smtp://)", err)
	case m.startTLS == startTLSOff:
		return fmt.Errorf("%w (STARTTLS is off here; ?starttls=required behind the url turns it on)", err)
	default:
		return fmt.Errorf("%w (smtp:// is for STARTTLS, most often on port 587; for a port that speaks TLS from the start, most often 465, write smtps://)", err)
	}
}

// post sends the letter and waits until the server has taken it.
func post(session *smtp.Client, letter *mail.Msg) error {
	data, err := session.Data()
	if err != nil {
		return err
	}
	if _, err := letter.WriteTo(data); err != nil {
		// Not closed: the closing dot would deliver half a letter.
		return err
	}
	return data.Close()
}

// answered is a server's reply in the server's words, and another error as it
// is. Go's own text for a reply differs from version to version.
func answered(err error) error {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return &replyError{reply}
	}
	return err
}

type replyError struct{ reply *textproto.Error }

func (e *replyError) Error() string { return "the server answered " + words(e.reply) }
func (e *replyError) Unwrap() error { return e.reply }

func words(reply *textproto.Error) string { return fmt.Sprintf("%d %s", reply.Code, reply.Msg) }

// envelope is an address as MAIL and RCPT write it, quoted where it has to be.
func envelope(a *netmail.Address) string { return (&netmail.Address{Address: a.Address}).String() }

// ascii says that no address needs SMTPUTF8. Asking for it all the same would
// bounce at the next server without it.
func (m *mailer) ascii() bool {
	for _, a := range append([]*netmail.Address{m.from}, m.to...) {
		for i := range len(a.Address) {
			if a.Address[i] >= 0x80 {
				return false
			}
		}
	}
	return true
}

// connection is that of one Send. The library dials through it, because
// its own connection only has a deadline: Ctrl-C would wait for that.
type connection struct {
	*mailer
	ctx  context.Context // of the whole message; the library's own ends with its dial
	conn net.Conn
	stop func() bool
}

func (c *connection) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	// The library's address has no brackets around an IPv6 host.
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.addr())
	if err != nil {
		return nil, err
	}
	c.conn, c.stop = conn, context.AfterFunc(c.ctx, func() { _ = conn.Close() })
	if !c.implicit {
		return conn, nil
	}
	encrypted := tls.Client(conn, c.tls())
	if err := encrypted.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return encrypted, nil
}

// goodbye is good manners, and no reason to wait or to complain: the letter is
// with the server.
func (c *connection) goodbye(session *smtp.Client) {
	if c.conn.SetDeadline(time.Now().Add(2*time.Second)) == nil {
		_ = session.Quit()
	}
}

// hangUp closes what the library leaves open when a login fails.
func (c *connection) hangUp() {
	if c.conn != nil {
		c.stop()
		_ = c.conn.Close()
	}
}
