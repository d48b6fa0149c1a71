package notify

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// removal is a task that failed, as the provider tells it.
func removal() Message {
	return Message{
		Time:    time.Date(2026, 11, 2, 11, 30, 0, 0, time.FixedZone("CET", 3600)),
		Summary: "ada@northwind.example was not removed from Northwind Paid Social (Meta Business Manager)",
		Detail: "The remove task failed after 3 attempts. ada@northwind.example still has access.\n" +
			"Reason: forbidden. The token may not manage <people> & roles.\n\n" +
			"  Finish it by hand:\n" +
			"    1. Open Business settings, People:\n" +
			"       https://business.facebook.com/settings/people?business_id=222&x=1\n" +
			"    2. Pick ada@northwind.example, then Remove\u00a0→ Confirm.\n" +
			"  Then run terraform apply.\n\n" +
			"  Meta answered: code 200, \"<b>Permissions</b> error, see https://evil.example\", trace AbC.",
		HubName: "Northwind Paid Social",
		Task: hub.Task{
			Kind: hub.TaskRemove, Hub: hub.Ref{Platform: "meta_business", BusinessID: "222000111000222"},
			Email: "ada@northwind.example", OldRole: "EMPLOYEE",
		},
		Fault: hub.Fault{
			Reason: hub.ReasonForbidden, Code: "200", Message: "<b>Permissions</b> error, see https://evil.example", RequestID: "AbC", Attempts: 3,
		},
		ManualSteps: []string{
			"Open Business settings, People: https://business.facebook.com/settings/people?business_id=222&x=1",
			"Pick ada@northwind.example, then Remove → Confirm.",
		},
	}
}

// basic is a configuration for a server without login.
func basic(url string) SMTP {
	return SMTP{
		URL:  hub.Secret(url),
		From: "Roster <roster@northwind.example>",
		To:   []string{"Grace Hopper <grace@northwind.example>", "linus@northwind.example"},
	}
}

func open(t *testing.T, s SMTP) Channel {
	t.Helper()
	channel, err := s.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return channel
}

func TestSMTPMessage(t *testing.T) {
	server := &mailServer{}
	server.start(t, nil, nil)
	s := basic("smtp://" + server.addr)
	s.To = append(s.To, "LINUS@northwind.example") // the same person
	s.UserAgent = "terraform-provider-roster/1.2.3"
	before := time.Now().Add(-time.Second)
	if err := open(t, s).Send(t.Context(), removal()); err != nil {
		t.Fatal(err)
	}
	if got, want := server.did(), []string{"mail", "rcpt", "rcpt", "data"}; !slices.Equal(got, want) {
		t.Errorf("the server saw %v, want %v", got, want)
	}
	got := server.only(t)
	if got.from != "roster@northwind.example" || !slices.Equal(got.to, []string{"grace@northwind.example", "linus@northwind.example"}) {
		t.Errorf("envelope from %s to %v", got.from, got.to)
	}
	if got.utf8 {
		t.Error("SMTPUTF8 was asked for, and every address is ASCII")
	}

	parsed, err := mail.ReadMessage(bytes.NewReader(got.data))
	if err != nil {
		t.Fatal(err)
	}
	header := map[string]string{}
	for _, name := range []string{"From", "To", "Subject", "Auto-Submitted", "User-Agent", "X-Mailer"} {
		header[name] = decodeWords(t, parsed.Header.Get(name))
	}
	want := map[string]string{
		"From":           `"Roster" <roster@northwind.example>`,
		"To":             `"Grace Hopper" <grace@northwind.example>, <linus@northwind.example>`,
		"Subject":        "[roster] ada@northwind.example was not removed from Northwind Paid Social (Meta Business Manager)",
		"Auto-Submitted": "auto-generated",
		"User-Agent":     "terraform-provider-roster/1.2.3",
		"X-Mailer":       "terraform-provider-roster/1.2.3",
	}
	if diff := cmp.Diff(want, header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	if id := parsed.Header.Get("Message-Id"); !strings.HasPrefix(id, "<") || !strings.HasSuffix(id, "@northwind.example>") {
		t.Errorf("Message-ID = %q, want one of the sender's domain", id)
	}
	if date, err := parsed.Header.Date(); err != nil || date.Before(before) || date.After(time.Now().Add(time.Second)) {
		t.Errorf("Date = %v, %v", date, err)
	}

	plain, html := parts(t, parsed)
	m := removal()
	if wantPlain := m.Summary + "\n\n" + strings.ReplaceAll(m.Detail, "\u00a0", " "); !strings.HasPrefix(plain, wantPlain) {
		t.Errorf("the plain part is not the summary and the detail:\n%s", plain)
	}
	for _, part := range []string{plain, html} {
		for _, words := range []string{"2. Pick ada@northwind.example, then Remove → Confirm.", "2026-11-02T10:30:00Z", "meta_business/222000111000222"} {
			if !strings.Contains(part, words) {
				t.Errorf("%q is missing in:\n%s", words, part)
			}
		}
	}
	link := `https://business.facebook.com/settings/people?business_id=222&amp;x=1`
	for _, words := range []string{
		`<a href="` + link + `">` + link + `</a>`,
		"\n    2. Pick ada@northwind.example", // the indentation of the terminal
		"The token may not manage &lt;people&gt; &amp; roles.",
		"&lt;b&gt;Permissions&lt;/b&gt; error",
	} {
		if !strings.Contains(html, words) {
			t.Errorf("%q is missing in:\n%s", words, html)
		}
	}
	if n := strings.Count(html, "<a "); n != 1 {
		t.Errorf("%d links, want the step's alone: words of a platform are not made clickable\n%s", n, html)
	}
	if n := strings.Count(html, "<pre"); n != 2 {
		t.Errorf("%d pre-formatted blocks, want the steps and the answer:\n%s", n, html)
	}
}

// A hub's label and a platform's words come from outside.
func TestSMTPHeaderInjection(t *testing.T) {
	server := &mailServer{}
	server.start(t, nil, nil)
	m := removal()
	m.Summary = "ada was not\r\nBcc: mallory@evil.example\r\n\r\nremoved from \x1b[31mZürich\u202e Büro"
	m.Detail = "One.\r\n.\r\nQUIT\r\n\x1b[2JTwo.\u202e"
	if err := open(t, basic("smtp://"+server.addr)).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := server.only(t)
	parsed, err := mail.ReadMessage(bytes.NewReader(got.data))
	if err != nil {
		t.Fatal(err)
	}
	if bcc := parsed.Header.Get("Bcc"); bcc != "" {
		t.Errorf("a header was slipped in: Bcc: %s", bcc)
	}
	if subject, want := decodeWords(t, parsed.Header.Get("Subject")), "[roster] ada was not Bcc: mallory@evil.example removed from [31mZürich Büro"; subject != want {
		t.Errorf("Subject = %q, want %q", subject, want)
	}
	plain, html := parts(t, parsed)
	if !strings.Contains(plain, "\n\nOne.\n.\nQUIT\n[2JTwo.\n") {
		t.Errorf("plain part:\n%q", plain)
	}
	if strings.ContainsAny(plain+html, "\x1b\u202e") {
		t.Error("characters that a terminal acts on came through")
	}
}

func TestSMTPEncryption(t *testing.T) {
	certificate, roots := testCA(t, "127.0.0.1")
	otherHost, otherRoots := testCA(t, "mail.northwind.example")
	_, strangers := testCA(t, "127.0.0.1")
	for name, c := range map[string]struct {
		url                string
		implicit, startTLS bool
		otherHost          bool // the server's certificate is another's
		strangers          bool // the client trusts somebody else
		encrypted          bool
		err                string
	}{
		"smtps":                              {url: "smtps://%s", implicit: true, encrypted: true},
		"starttls required":                  {url: "smtp://%s?starttls=required", startTLS: true, encrypted: true},
		"starttls opportunistic, offered":    {url: "smtp://%s?starttls=opportunistic", startTLS: true, encrypted: true},
		"starttls opportunistic, no":         {url: "smtp://%s?starttls=opportunistic"},
		"starttls off":                       {url: "smtp://%s?starttls=off", startTLS: true},
		"loopback's default is off":          {url: "smtp://%s", startTLS: true},
		"starttls required and not offered":  {url: "smtp://%s?starttls=required", err: "does not support STARTTLS"},
		"smtps, unknown authority":           {url: "smtps://%s", implicit: true, strangers: true, err: "unknown authority"},
		"smtps, another host":                {url: "smtps://%s", implicit: true, otherHost: true, err: "127.0.0.1"},
		"starttls, unknown authority":        {url: "smtp://%s?starttls=required", startTLS: true, strangers: true, err: "unknown authority"},
		"starttls, another host":             {url: "smtp://%s?starttls=required", startTLS: true, otherHost: true, err: "127.0.0.1"},
		"opportunistic is no excuse for one": {url: "smtp://%s?starttls=opportunistic", startTLS: true, otherHost: true, err: "127.0.0.1"},
		"smtps to a port without tls":        {url: "smtps://%s", startTLS: true, err: "for STARTTLS, most often on 587, write smtp://"},
	} {
		t.Run(name, func(t *testing.T) {
			config, trusted := certificate, roots
			if c.otherHost {
				config, trusted = otherHost, otherRoots
			}
			if c.strangers {
				trusted = strangers
			}
			server := &mailServer{mechanisms: []string{"PLAIN"}}
			switch {
			case c.implicit:
				server.start(t, config, nil)
			case c.startTLS:
				server.start(t, nil, config)
			default:
				server.start(t, nil, nil)
			}
			s := basic(fmt.Sprintf(c.url, server.addr))
			s.RootCAs = trusted
			s.Username, s.Password = testUser, testPassword
			s.Timeout = 20 * time.Second
			err := open(t, s).Send(t.Context(), removal())
			if c.err == "" {
				if err != nil {
					t.Fatal(err)
				}
				if got := server.only(t); got.encrypted != c.encrypted {
					t.Errorf("encrypted = %v, want %v", got.encrypted, c.encrypted)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.err) || !strings.HasPrefix(err.Error(), "smtp "+server.addr+": ") {
				t.Errorf("error = %v, want it to name the server and %q", err, c.err)
			}
			if strings.Contains(err.Error(), "certificate") && strings.Contains(err.Error(), "most often") {
				t.Errorf("a certificate's error talks about ports: %v", err)
			}
			if did := server.did(); len(did) > 0 {
				t.Errorf("the server was told %v, want nothing", did)
			}
		})
	}
}

func TestSMTPLogin(t *testing.T) {
	certificate, roots := testCA(t, "127.0.0.1")
	userinfo := url.UserPassword(testUser, testPassword).String()
	for name, c := range map[string]struct {
		mechanisms []string
		scheme     string
		inURL      bool
		password   string
		want       string // mechanism
		err        string
	}{
		"plain":                       {mechanisms: []string{"PLAIN"}, scheme: "smtps", want: "PLAIN"},
		"login":                       {mechanisms: []string{"LOGIN"}, scheme: "smtps", want: "LOGIN"},
		"scram":                       {mechanisms: []string{"SCRAM-SHA-256"}, scheme: "smtps", want: "SCRAM-SHA-256"},
		"the best of them":            {mechanisms: []string{"LOGIN", "PLAIN", "SCRAM-SHA-256"}, scheme: "smtps", want: "SCRAM-SHA-256"},
		"in the url":                  {mechanisms: []string{"PLAIN"}, scheme: "smtps", inURL: true, want: "PLAIN"},
		"plain on loopback":           {mechanisms: []string{"PLAIN"}, scheme: "smtp", want: "PLAIN"},
		"login on loopback":           {mechanisms: []string{"LOGIN"}, scheme: "smtp", want: "LOGIN"},
		"plain, wrong password":       {mechanisms: []string{"PLAIN"}, scheme: "smtps", password: "pA55-wrong", want: "PLAIN", err: "535 5.7.8 Authentication failed"},
		"login, wrong password":       {mechanisms: []string{"LOGIN"}, scheme: "smtps", password: "pA55-wrong", want: "LOGIN", err: "535 5.7.8 Authentication failed"},
		"scram, wrong password":       {mechanisms: []string{"SCRAM-SHA-256"}, scheme: "smtps", password: "pA55-wrong", want: "SCRAM-SHA-256", err: "535 5.7.8 Authentication failed"},
		"the server has no login":     {scheme: "smtps", err: "does not support SMTP AUTH"},
		"none of the mechanisms fits": {mechanisms: []string{"GSSAPI"}, scheme: "smtps", err: "logging in"},
	} {
		t.Run(name, func(t *testing.T) {
			server := &mailServer{mechanisms: c.mechanisms}
			if c.scheme == "smtps" {
				server.start(t, certificate, nil)
			} else {
				server.start(t, nil, nil)
			}
			s := basic(c.scheme + "://" + server.addr)
			s.RootCAs = roots
			s.Username, s.Password = testUser, testPassword
			if c.password != "" {
				s.Password = hub.Secret(c.password)
			}
			if c.inURL {
				s.URL, s.Username, s.Password = hub.Secret(c.scheme+"://"+userinfo+"@"+server.addr), "", ""
			}
			err := open(t, s).Send(t.Context(), removal())
			var auths []string
			for _, event := range server.did() {
				if mechanism, ok := strings.CutPrefix(event, "auth "); ok {
					auths = append(auths, mechanism)
				}
			}
			if got := strings.Join(auths, " "); got != c.want {
				t.Errorf("logged in by %q, want %q once", got, c.want)
			}
			if c.err == "" {
				if err != nil {
					t.Fatal(err)
				}
				server.only(t)
				return
			}
			server.none(t)
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Fatalf("error = %v, want %q", err, c.err)
			}
			noSecret(t, fmt.Sprintf("%v %+v %#v", err, err, err))
		})
	}
}

// A server that quotes the command it did not like quotes the password.
func TestSMTPServerQuotesPassword(t *testing.T) {
	quoted := base64.StdEncoding.EncodeToString([]byte("\x00" + testUser + "\x00" + testPassword))
	addr, _ := script(t, "220 mail", map[string]string{
		"EHLO": "250-mail\r\n250 AUTH PLAIN",
		"AUTH": "501 5.5.2 not understood: AUTH PLAIN " + quoted + " (" + testPassword + ")",
		"*":    "501 cancelled", "QUIT": "221 bye",
	})
	s := basic("smtp://" + addr)
	s.Username, s.Password = testUser, testPassword
	err := open(t, s).Send(t.Context(), removal())
	if err == nil || !strings.Contains(err.Error(), "501 5.5.2 not understood") {
		t.Fatalf("error = %v, want the server's words", err)
	}
	noSecret(t, fmt.Sprintf("%v %+v %#v", err, err, errors.Unwrap(err)))
}

func TestSMTPRefusedRecipients(t *testing.T) {
	const grace, linus = "grace@northwind.example", "linus@northwind.example"
	for name, c := range map[string]struct {
		refuse map[string]string
		sent   []string
		did    []string
		err    string
	}{
		"one has left": {
			refuse: map[string]string{grace: "no such user"}, sent: []string{linus}, did: []string{"mail", "rcpt", "rcpt", "data"},
			err: "sent to 1 of 2: the server refused grace@northwind.example (550 5.1.1 no such user)",
		},
		"all have": {
			refuse: map[string]string{grace: "no such user", linus: "mailbox full"}, did: []string{"mail", "rcpt", "rcpt"},
			err: "sent to 0 of 2: the server refused grace@northwind.example (550 5.1.1 no such user), linus@northwind.example (550 5.1.1 mailbox full)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := &mailServer{refuse: c.refuse}
			server.start(t, nil, nil)
			err := open(t, basic("smtp://"+server.addr)).Send(t.Context(), removal())
			if err == nil || err.Error() != "smtp "+server.addr+": "+c.err {
				t.Errorf("error = %v\nwant %s", err, c.err)
			}
			if got := server.did(); !slices.Equal(got, c.did) {
				t.Errorf("the server saw %v, want %v", got, c.did)
			}
			if len(c.sent) == 0 {
				server.none(t)
			} else if got := server.only(t); !slices.Equal(got.to, c.sent) {
				t.Errorf("sent to %v, want %v", got.to, c.sent)
			}
		})
	}
}

// ready answers everything up to a message.
func ready() map[string]string {
	return map[string]string{
		"EHLO": "250 mail", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", ".": "250 taken", "QUIT": "221 bye", "": "",
	}
}

func TestSMTPHangs(t *testing.T) {
	for name, c := range map[string]struct {
		greeting string
		silent   string // the command without an answer
		err      string
	}{
		"before the greeting": {err: "while logging in"},
		"at EHLO":             {greeting: "220 mail", silent: "EHLO", err: "while logging in"},
		"at MAIL":             {greeting: "220 mail", silent: "MAIL", err: "while naming the sender roster@northwind.example"},
		"at RCPT":             {greeting: "220 mail", silent: "RCPT", err: "while naming the recipient grace@northwind.example"},
		"at DATA":             {greeting: "220 mail", silent: "DATA", err: "while sending the message"},
		"after the message":   {greeting: "220 mail", silent: ".", err: "while sending the message"},
	} {
		replies := ready()
		delete(replies, c.silent)
		t.Run(name+"/timeout", func(t *testing.T) {
			t.Parallel()
			addr, _ := script(t, c.greeting, replies)
			s := basic("smtp://" + addr)
			s.Timeout = 2 * time.Second // enough to get that far on a busy machine
			start := time.Now()
			err := open(t, s).Send(t.Context(), removal())
			if err == nil || !strings.Contains(err.Error(), "gave up after 2") || !strings.Contains(err.Error(), c.err) {
				t.Errorf("error = %v, want it to give up %s", err, c.err)
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v is not a deadline's", err)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %s", took)
			}
		})
		t.Run(name+"/stopped", func(t *testing.T) {
			t.Parallel()
			addr, heard := script(t, c.greeting, replies)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			result := make(chan error, 1)
			channel := open(t, basic("smtp://"+addr)) // 30 seconds
			go func() { result <- channel.Send(ctx, removal()) }()
			for line := range heard {
				if line == c.silent || c.silent == "" || len(c.silent) > 1 && strings.HasPrefix(line, c.silent) {
					break
				}
			}
			start := time.Now()
			stop()
			err := <-result
			want := "stopped " + c.err
			if c.greeting == "" {
				want = "stopped while " // a server accepts before the client knows that it is connected
			}
			if err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, context.Canceled) {
				t.Errorf("error = %v, want %q", err, want)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %s to stop", took)
			}
		})
	}
}

// A letter that is with the server is sent, whatever becomes of the farewell.
func TestSMTPGoodbye(t *testing.T) {
	for name, reply := range map[string]string{"hangs": "", "hangs up": hangUp, "refuses": "500 what"} {
		t.Run(name, func(t *testing.T) {
			replies := ready()
			replies["QUIT"] = reply
			addr, _ := script(t, "220 mail", replies)
			start := time.Now()
			if err := open(t, basic("smtp://"+addr)).Send(t.Context(), removal()); err != nil {
				t.Error(err)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("waited %s for the farewell", took)
			}
		})
	}
}

func TestSMTPDrops(t *testing.T) {
	t.Run("in a message", func(t *testing.T) {
		server := &mailServer{dropData: true}
		server.start(t, nil, nil)
		err := open(t, basic("smtp://"+server.addr)).Send(t.Context(), removal())
		if err == nil || !strings.Contains(err.Error(), ": sending the message: ") {
			t.Errorf("error = %v", err)
		}
		if got, want := server.did(), []string{"mail", "rcpt", "rcpt", "data"}; !slices.Equal(got, want) {
			t.Errorf("the server saw %v, want %v: one attempt", got, want)
		}
	})
	for command, words := range map[string]string{
		"EHLO": "logging in", "MAIL": "naming the sender", "RCPT": "naming the recipient grace@northwind.example", "DATA": "sending the message", ".": "sending the message",
	} {
		t.Run("at "+command, func(t *testing.T) {
			replies := ready()
			replies[command] = hangUp
			addr, heard := script(t, "220 mail", replies)
			err := open(t, basic("smtp://"+addr)).Send(t.Context(), removal())
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("error = %v, want %q", err, words)
			}
			if n := count(heard, "connected"); n != 1 {
				t.Errorf("%d connections, want 1: who got the message would get it twice", n)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		addr := freeAddr(t)
		err := open(t, basic("smtp://"+addr)).Send(t.Context(), removal())
		if err == nil || !strings.Contains(err.Error(), "connecting: ") || !strings.Contains(err.Error(), "refused") {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("the run is over", func(t *testing.T) {
		addr, heard := script(t, "220 mail", ready())
		ctx, stop := context.WithCancel(t.Context())
		stop()
		err := open(t, basic("smtp://"+addr)).Send(ctx, removal())
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v", err)
		}
		if n := count(heard, "connected"); n != 0 {
			t.Errorf("%d connections, want none", n)
		}
	})
}

func TestSMTPSettings(t *testing.T) {
	const secret = "pA55word"
	for name, c := range map[string]struct {
		change  func(*SMTP)
		setting string
		err     []string
	}{
		"no url":                 {func(s *SMTP) { s.URL = "" }, "smtp.url", []string{"empty", "smtp://host:587", "smtps://host:465"}},
		"another scheme":         {func(s *SMTP) { s.URL = "https://u:pA55word@mail.example/x" }, "smtp.url", []string{`"https://***@mail.example/***"`, "smtp://"}},
		"no scheme":              {func(s *SMTP) { s.URL = "mail.example:587" }, "smtp.url", []string{`"mail.example:587"`, "smtp://"}},
		"no scheme, credentials": {func(s *SMTP) { s.URL = "u:pA55word@mail.example:587" }, "smtp.url", []string{`"***@mail.example:587"`}},
		"no host":                {func(s *SMTP) { s.URL = "smtp://u:pA55word@" }, "smtp.url", []string{`"smtp://***@***"`, "has no host"}},
		"no slashes":             {func(s *SMTP) { s.URL = "smtp:pA55word" }, "smtp.url", []string{"has no host"}},
		"host forgotten":         {func(s *SMTP) { s.URL = "smtp://u:pA55word" }, "smtp.url", []string{`"smtp://***"`, "not a URL"}},
		"slash in the password":  {func(s *SMTP) { s.URL = "smtp://u:pA55word/x@mail.example" }, "smtp.url", []string{`"smtp://***@mail.example"`, "%2F"}},
		"hash in the password":   {func(s *SMTP) { s.URL = "smtp://u:1#pA55word@mail.example" }, "smtp.url", []string{`"smtp://***@mail.example"`}},
		"at and slash in it":     {func(s *SMTP) { s.URL = "smtp://u:x@pA55word/y@mail.example" }, "smtp.url", []string{`"smtp://***@mail.example"`}},
		"percent in it":          {func(s *SMTP) { s.URL = "smtp://u:%pA55word@mail.example" }, "smtp.url", []string{`"smtp://***@mail.example"`, "%25"}},
		"port":                   {func(s *SMTP) { s.URL = "smtp://u:pA55word@mail.example:99999" }, "smtp.url", []string{`"smtp://***@mail.example:99999"`, "between 1 and 65535"}},
		"port 0":                 {func(s *SMTP) { s.URL = "smtp://mail.example:0" }, "smtp.url", []string{"between 1 and 65535"}},
		"path":                   {func(s *SMTP) { s.URL = "smtp://mail.example/pA55word" }, "smtp.url", []string{"has a path"}},
		"fragment":               {func(s *SMTP) { s.URL = "smtp://mail.example#pA55word" }, "smtp.url", []string{"has a #"}},
		"parameter":              {func(s *SMTP) { s.URL = "smtp://mail.example?password=pA55word" }, "smtp.url", []string{`"smtp://mail.example?***"`, "starttls"}},
		"broken query":           {func(s *SMTP) { s.URL = "smtp://mail.example?a=%pA55word" }, "smtp.url", []string{"query"}},
		"starttls":               {func(s *SMTP) { s.URL = "smtp://mail.example?starttls=never" }, "smtp.url", []string{"required, opportunistic or off"}},
		"starttls twice":         {func(s *SMTP) { s.URL = "smtp://mail.example?starttls=required&starttls=off" }, "smtp.url", []string{"required, opportunistic or off"}},
		"starttls on smtps":      {func(s *SMTP) { s.URL = "smtps://mail.example?starttls=required" }, "smtp.url", []string{"smtp:// alone"}},
		"clear text":             {func(s *SMTP) { s.URL = "smtp://u:pA55word@mail.example?starttls=off" }, "smtp.url", []string{"may not be encrypted", "smtps://"}},
		"perhaps clear text": {func(s *SMTP) {
			s.URL, s.Username, s.Password = "smtp://mail.example?starttls=opportunistic", "u", secret
		}, "smtp.url", []string{"may not be encrypted"}},
		"a name like loopback": {func(s *SMTP) { s.URL = "smtp://u:pA55word@localhost.evil.example?starttls=off" }, "smtp.url", []string{"may not be encrypted"}},
		"user twice":           {func(s *SMTP) { s.URL, s.Username = "smtps://u@mail.example", "v" }, "smtp.username", []string{"keep one"}},
		"password twice":       {func(s *SMTP) { s.URL, s.Password = "smtps://u:pA55word@mail.example", secret+"2" }, "smtp.password", []string{"keep one"}},
		"no password":          {func(s *SMTP) { s.Username = "u" }, "smtp.password", []string{"no password"}},
		"no user":              {func(s *SMTP) { s.Password = secret }, "smtp.username", []string{"no user name"}},
		"from":                 {func(s *SMTP) { s.From = "roster" }, "smtp.from", []string{`"roster" is not an e-mail address`, "ada@northwind.example"}},
		"no from":              {func(s *SMTP) { s.From = " " }, "smtp.from", []string{"empty"}},
		"two froms":            {func(s *SMTP) { s.From = "a@b.example, c@d.example" }, "smtp.from", []string{"not an e-mail address"}},
		"from with a line":     {func(s *SMTP) { s.From = "\"a\r\nBcc: x\" <a@b.example>" }, "smtp.from", []string{"not an e-mail address"}},
		"from, backwards":      {func(s *SMTP) { s.From = "\"a\u202eb\" <a@b.example>" }, "smtp.from", []string{"not an e-mail address"}},
		"nobody":               {func(s *SMTP) { s.To = nil }, "smtp.to", []string{"nobody"}},
		"to":                   {func(s *SMTP) { s.To = []string{"ada@northwind.example", "grace@"} }, "smtp.to", []string{`"grace@"`}},
		"to with a line":       {func(s *SMTP) { s.To = []string{"ada@northwind.example\n"} }, "smtp.to", []string{"not an e-mail address"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := basic("smtps://mail.example")
			c.change(&s)
			channel, err := s.Channel()
			var setting *hub.SettingError
			if !errors.As(err, &setting) || channel != nil {
				t.Fatalf("channel %v, error %v, want a setting error", channel, err)
			}
			if setting.Setting != c.setting {
				t.Errorf("setting = %q, want %q", setting.Setting, c.setting)
			}
			for _, words := range c.err {
				if !strings.Contains(setting.Problem, words) {
					t.Errorf("%q is not in: %s", words, setting.Problem)
				}
			}
			if strings.Contains(err.Error(), "pA55") {
				t.Errorf("a secret is in: %s", err)
			}
		})
	}
}

func TestSMTPServer(t *testing.T) {
	for text, want := range map[string]server{
		"smtp://mail.example":                          {host: "mail.example", port: 587, startTLS: "required"},
		"smtp://mail.example:25/":                      {host: "mail.example", port: 25, startTLS: "required"},
		"SMTP://mail.example?starttls=off":             {host: "mail.example", port: 587, startTLS: "off"},
		"smtp://mail.example?starttls=opportunistic":   {host: "mail.example", port: 587, startTLS: "opportunistic"},
		"smtps://mail.example":                         {host: "mail.example", port: 465, implicit: true},
		"smtp://localhost":                             {host: "localhost", port: 587, startTLS: "off"},
		"smtp://[::1]:2525":                            {host: "::1", port: 2525, startTLS: "off"},
		"smtp://127.0.0.2?starttls=required":           {host: "127.0.0.2", port: 587, startTLS: "required"},
		"smtps://ada@northwind.example:p@ss@mail.test": {host: "mail.test", port: 465, implicit: true, username: "ada@northwind.example", password: "p@ss"},
		"smtps://u:a%2Fb%25@mail.test:1465":            {host: "mail.test", port: 1465, implicit: true, username: "u", password: "a/b%"},
	} {
		got, err := parseServer(text)
		if err != nil || got != want {
			t.Errorf("parseServer(%q) = %+v, %v\nwant %+v", text, got, err, want)
		}
	}
}

// parts are the plain and the HTML part of a mail, in that order and none
// else, with "\n" as line break.
func parts(t *testing.T, m *mail.Message) (plain, html string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("Content-Type = %q, %v", m.Header.Get("Content-Type"), err)
	}
	var kinds, texts []string
	for reader := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if encoding := part.Header.Get("Content-Transfer-Encoding"); encoding != "quoted-printable" {
			t.Fatalf("Content-Transfer-Encoding = %q", encoding)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil || !strings.EqualFold(params["charset"], "utf-8") {
			t.Fatalf("Content-Type of a part = %q, %v", part.Header.Get("Content-Type"), err)
		}
		kinds = append(kinds, kind)
		texts = append(texts, strings.ReplaceAll(string(text), "\r\n", "\n"))
	}
	if !slices.Equal(kinds, []string{"text/plain", "text/html"}) {
		t.Fatalf("parts %v, want plain text, then HTML", kinds)
	}
	return texts[0], texts[1]
}

func decodeWords(t *testing.T, s string) string {
	t.Helper()
	text, err := new(mime.WordDecoder).DecodeHeader(s)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// count takes what a script has heard so far.
func count(heard <-chan string, line string) int {
	n := 0
	for {
		select {
		case got := <-heard:
			if got == line {
				n++
			}
		default:
			return n
		}
	}
}
