package notify

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const (
	testUser     = "mailer@northwind.example"
	testPassword = "pA55/w%rd+of the mailer"
)

// mailServer is a real SMTP server on loopback, and what it was told.
type mailServer struct {
	addr string

	// Set before start.
	mechanisms []string          // it offers to log in, and takes nobody's mail before
	refuse     map[string]string // recipient to the server's words
	dropData   bool              // hang up in the middle of a message

	mu     sync.Mutex
	mails  []received
	events []string // what was attempted: "auth PLAIN", "mail", "rcpt"
}

type received struct {
	from      string
	to        []string
	data      []byte
	encrypted bool
	utf8      bool
}

// start listens: with TLS from the start, with STARTTLS, or without either when
// both are nil.
func (m *mailServer) start(t *testing.T, implicit, startTLS *tls.Config) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.addr = listener.Addr().String()
	if implicit != nil {
		listener = tls.NewListener(listener, implicit)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		session := &mailSession{server: m, conn: c}
		if len(m.mechanisms) == 0 {
			return session, nil
		}
		return &authSession{session}, nil
	}))
	s.Domain = "mail.northwind.example"
	s.TLSConfig = startTLS
	s.AllowInsecureAuth = true // whether a password may go in the clear is the client's to decide
	s.EnableSMTPUTF8 = true
	s.ErrorLog = log.New(io.Discard, "", 0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(listener)
	}()
	t.Cleanup(func() {
		s.Close()
		<-done
	})
}

func (m *mailServer) note(event string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, event)
}

// did lists what was attempted.
func (m *mailServer) did() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events)
}

// only is the one mail that came.
func (m *mailServer) only(t *testing.T) received {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.mails) != 1 {
		t.Fatalf("%d mails came, want 1 (attempted: %v)", len(m.mails), m.events)
	}
	return m.mails[0]
}

// none fails when any mail came.
func (m *mailServer) none(t *testing.T) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.mails) > 0 {
		t.Errorf("%d mails came, want none", len(m.mails))
	}
}

type mailSession struct {
	server   *mailServer
	conn     *smtp.Conn
	loggedIn bool
	mail     received
}

func (s *mailSession) Reset()        { s.mail = received{} }
func (s *mailSession) Logout() error { return nil }

func (s *mailSession) Mail(from string, options *smtp.MailOptions) error {
	s.server.note("mail")
	if len(s.server.mechanisms) > 0 && !s.loggedIn {
		return smtp.ErrAuthRequired
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.mail = received{from: from, encrypted: encrypted, utf8: options.UTF8}
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.note("rcpt")
	if words, ok := s.server.refuse[to]; ok {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: words}
	}
	s.mail.to = append(s.mail.to, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	s.server.note("data")
	if s.server.dropData {
		_, _ = io.ReadFull(r, make([]byte, 10))
		s.conn.Conn().Close()
		return errors.New("gone")
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mail.data = data
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, s.mail)
	return nil
}

// authSession is a session that wants a login.
type authSession struct{ *mailSession }

func (s *authSession) AuthMechanisms() []string { return s.server.mechanisms }

func (s *authSession) Auth(mechanism string) (sasl.Server, error) {
	s.server.note("auth " + mechanism)
	login := func(username, password string) error {
		if username != testUser || password != testPassword {
			return smtp.ErrAuthFailed
		}
		s.loggedIn = true
		return nil
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, username, password string) error { return login(username, password) }), nil
	case sasl.Login:
		return &loginServer{login: login}, nil
	case "SCRAM-SHA-256":
		return &scramServer{done: func() { s.loggedIn = true }}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// loginServer is LOGIN, of which go-sasl has the client alone.
type loginServer struct {
	login    func(username, password string) error
	asked    int
	username string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.username = string(response)
		return []byte("Password:"), false, nil
	default:
		return nil, true, l.login(l.username, string(response))
	}
}

// scramServer is SCRAM-SHA-256 (RFC 5802, RFC 7677) for the one test user.
type scramServer struct {
	done        func()
	clientFirst string
	serverFirst string
	nonce       string
	salted      []byte
	finished    bool
}

func (s *scramServer) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case s.finished:
		return nil, true, nil
	case len(response) == 0: // no initial response (RFC 4954 section 4)
		return nil, false, nil
	case s.clientFirst == "":
		header, bare, ok := strings.Cut(string(response), ",,")
		if !ok || header != "n" {
			return nil, false, errors.New("want no channel binding: n,,")
		}
		s.clientFirst = bare
		user, nonce, _ := strings.Cut(bare, ",")
		if user != "n="+testUser || !strings.HasPrefix(nonce, "r=") {
			return nil, false, smtp.ErrAuthFailed
		}
		salt := []byte("salt of northwind")
		if s.salted, err = pbkdf2.Key(sha256.New, testPassword, salt, 4096, sha256.Size); err != nil {
			return nil, false, err
		}
		s.nonce = nonce[2:] + rand.Text()
		s.serverFirst = "r=" + s.nonce + ",s=" + base64.StdEncoding.EncodeToString(salt) + ",i=4096"
		return []byte(s.serverFirst), false, nil
	}
	without, proof, ok := strings.Cut(string(response), ",p=")
	if !ok || without != "c=biws,r="+s.nonce {
		return nil, false, smtp.ErrAuthFailed
	}
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	message := s.clientFirst + "," + s.serverFirst + "," + without
	clientKey := mac(s.salted, "Client Key")
	stored := sha256.Sum256(clientKey)
	want := mac(stored[:], message)
	for i := range want {
		want[i] ^= clientKey[i]
	}
	if proof != base64.StdEncoding.EncodeToString(want) {
		return nil, false, smtp.ErrAuthFailed
	}
	s.done()
	s.finished = true
	signature := mac(mac(s.salted, "Server Key"), message)
	return []byte("v=" + base64.StdEncoding.EncodeToString(signature)), false, nil
}

// script is a server that says what a test wants, line by line. It answers
// each line of the client with the reply of the longest prefix that fits; no
// reply at all is a server that hangs. It tells heard about every line.
func script(t *testing.T, greeting string, replies map[string]string) (addr string, heard <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 100)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				stop := closeWithTest(t, conn)
				defer stop()
				lines <- "connected"
				if greeting == "" {
					_, _ = io.Copy(io.Discard, conn) // until the client gives up
					return
				}
				_, _ = io.WriteString(conn, greeting+"\r\n")
				in := bufio.NewScanner(conn)
				for in.Scan() {
					lines <- in.Text()
					reply, longest := "", -1
					for prefix, words := range replies {
						if strings.HasPrefix(in.Text(), prefix) && len(prefix) > longest {
							reply, longest = words, len(prefix)
						}
					}
					if reply == hangUp {
						return
					}
					if reply != "" {
						_, _ = io.WriteString(conn, reply+"\r\n")
					}
				}
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		wg.Wait()
	})
	return listener.Addr().String(), lines
}

const hangUp = "(hang up)"

// closeWithTest keeps a server that hangs from outliving a client that does
// too.
func closeWithTest(t *testing.T, conn net.Conn) (stop func()) {
	done := make(chan struct{})
	go func() {
		select {
		case <-t.Context().Done(): // just before the clean-ups
			conn.Close()
		case <-done:
		}
	}()
	return func() { close(done) }
}

// testCA makes a certificate for a name or an address, and the roots that
// trust it.
func testCA(t *testing.T, host string) (*tls.Config, *x509.CertPool) {
	t.Helper()
	newKey := func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	create := func(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return certificate
	}
	from, until := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	caKey, key := newKey(), newKey()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test ca"}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	ca = create(ca, ca, caKey, caKey)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: from, NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature}
	if ip := net.ParseIP(host); ip != nil {
		leaf.IPAddresses = []net.IP{ip}
	} else {
		leaf.DNSNames = []string{host}
	}
	leaf = create(leaf, ca, key, caKey)
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}}}, roots
}

// noSecret fails when a text shows the test's password in any of the ways an
// error could.
func noSecret(t *testing.T, text string) {
	t.Helper()
	auth := base64.StdEncoding.EncodeToString([]byte("\x00" + testUser + "\x00" + testPassword))
	for _, secret := range []string{testPassword, "pA55", auth, base64.StdEncoding.EncodeToString([]byte(testPassword))} {
		if bytes.Contains([]byte(text), []byte(secret)) {
			t.Errorf("a secret is in %q", text)
		}
	}
}
