package notify

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// The headers of a webhook.
const (
	// HeaderTimestamp is when the message was signed, in seconds since 1970.
	// A receiver refuses one that is minutes old, against replays.
	HeaderTimestamp = "X-Roster-Timestamp"
	// HeaderSignature is "v1=" and the HMAC-SHA256 in lower-case hex, keyed
	// with the secret, of the timestamp, a dot and the body as it came.
	HeaderSignature = "X-Roster-Signature"
	// HeaderDelivery is the message's own id. All attempts of one message have
	// the same, so that a receiver can drop the second. It is in the signed
	// body too.
	HeaderDelivery = "X-Roster-Delivery"
)

// minSecret is the shortest secret taken: whoever sees one signed message can
// try secrets against it at leisure.
const minSecret = 16

// Webhook is a signed POST for each message.
type Webhook struct {
	// URL is https, or http on a loopback host. It may hold a token, as those
	// of chat systems do; errors show its scheme and host alone.
	URL hub.Secret
	// Secret is the key of the signature, 16 characters at least.
	Secret hub.Secret

	Timeout   time.Duration  // of one message with its retries; 0 is DefaultTimeout
	UserAgent string         // "" is the provider's name
	RootCAs   *x509.CertPool // who may sign the server's certificate; nil is the system's
}

// Retries of a webhook: four attempts within the timeout.
const (
	webhookAttempts   = 4
	webhookMinBackoff = 500 * time.Millisecond
	webhookMaxBackoff = 5 * time.Second
)

type webhook struct {
	url        string
	origin     string // scheme and host, all that may be shown
	secret     hub.Secret
	timeout    time.Duration
	agent      string
	client     *http.Client
	minBackoff time.Duration
	redactor   *transport.Redactor
}

// Channel checks the configuration. It makes no request. What cannot work is a
// *hub.SettingError, its Setting being "webhook.url" or "webhook.secret".
func (w Webhook) Channel() (Channel, error) {
	target, err := parseWebhook(w.URL.Reveal())
	if err != nil {
		return nil, err
	}
	secret := w.Secret.Reveal()
	switch {
	case secret == "":
		return nil, &hub.SettingError{Setting: "webhook.secret", Problem: "it is not set; every message is signed with it, so that a receiver can tell roster's from others. Make one with: openssl rand -hex 32"}
	case strings.TrimSpace(secret) != secret:
		return nil, &hub.SettingError{Setting: "webhook.secret", Problem: "it begins or ends with white space, which one of the two sides would lose; use trimspace() around a file's content"}
	case len(secret) < minSecret:
		return nil, &hub.SettingError{Setting: "webhook.secret", Problem: fmt.Sprintf("it is shorter than %d characters and could be guessed from a signature. Make one with: openssl rand -hex 32", minSecret)}
	}
	hook := &webhook{
		url:        target.String(),
		origin:     target.Scheme + "://" + target.Host,
		secret:     w.Secret,
		timeout:    w.Timeout,
		agent:      w.UserAgent,
		minBackoff: webhookMinBackoff,
		redactor:   redactorOf(target, secret),
	}
	if hook.timeout <= 0 {
		hook.timeout = DefaultTimeout
	}
	if hook.agent == "" {
		hook.agent = defaultAgent
	}
	round := http.DefaultTransport.(*http.Transport).Clone()
	round.TLSClientConfig = &tls.Config{RootCAs: w.RootCAs, MinVersion: tls.VersionTLS12}
	round.DisableKeepAlives = true // failed tasks are rare; an idle connection would be stale by the next
	hook.client = &http.Client{
		Transport: stay{round},
		// Of one attempt: a server that hangs leaves time for another.
		Timeout: hook.timeout / 3,
	}
	return hook, nil
}

// parseWebhook reads a webhook.url.
func parseWebhook(text string) (*url.URL, error) {
	refuse := func(problem string) (*url.URL, error) {
		return nil, &hub.SettingError{Setting: "webhook.url", Problem: problem + "; write https://host/path"}
	}
	if strings.TrimSpace(text) == "" {
		return refuse("it is empty")
	}
	u, err := url.Parse(text)
	if err != nil { // its words quote the URL
		return refuse("it is not a URL")
	}
	switch {
	case u.Opaque != "" || u.Hostname() == "":
		return refuse("it has no host")
	case u.Fragment != "":
		return refuse(fmt.Sprintf("%q with what follows has a #, which no server would see", u.Scheme+"://"+u.Host))
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	case u.Scheme == "http":
		return refuse(fmt.Sprintf("%q is http, which anybody on the way can read and change; only a loopback host may go without TLS", "http://"+u.Host))
	default:
		return refuse(fmt.Sprintf("it begins with %q", u.Scheme+":"))
	}
}

// redactorOf masks all of a webhook that is not its origin.
func redactorOf(target *url.URL, secret string) *transport.Redactor {
	redactor := transport.NewRedactor(secret, target.RequestURI())
	for segment := range strings.SplitSeq(target.Path, "/") {
		redactor.Add(segment)
	}
	for _, values := range target.Query() {
		for _, value := range values {
			redactor.Add(value)
		}
	}
	redactor.Add(target.User.Username())
	password, _ := target.User.Password()
	redactor.Add(password)
	return redactor
}

// stay keeps redirects from being followed: they would carry the message, and
// on a 307 the signature with it, to a host that nobody configured. The client
// follows nothing without a Location, and does not quote one it cannot parse.
type stay struct{ http.RoundTripper }

func (s stay) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := s.RoundTripper.RoundTrip(r)
	if answer != nil {
		answer.Header.Del("Location")
	}
	return answer, err
}

// Name is "webhook https://hooks.northwind.example".
func (w *webhook) Name() string { return "webhook " + w.origin }

// Send posts the message. It tries again after a lost connection, a 429 and a
// 5xx, as long as the time lasts.
func (w *webhook) Send(ctx context.Context, message Message) error {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	try := &attempt{channel: w.Name(), ctx: ctx, start: time.Now(), redactor: w.redactor}
	return try.error(w.post(try, message))
}

func (w *webhook) post(try *attempt, message Message) error {
	delivery := rand.Text()
	body, err := message.json(delivery)
	if err != nil {
		return fmt.Errorf("write the message: %w", err)
	}
	request, err := retryablehttp.NewRequestWithContext(try.ctx, http.MethodPost, w.url, body)
	if err != nil {
		return errors.New("the url cannot be requested")
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", w.agent)
	request.Header.Set(HeaderDelivery, delivery)
	request.Header.Set(HeaderTimestamp, timestamp)
	request.Header.Set(HeaderSignature, sign(w.secret, timestamp, body))

	tries := &tries{min: w.minBackoff}
	// The library's logger stays off: it would write the URL.
	loop := &retryablehttp.Client{
		HTTPClient:   w.client,
		RetryMax:     webhookAttempts - 1,
		RetryWaitMin: tries.min,
		RetryWaitMax: webhookMaxBackoff,
		CheckRetry:   tries.again,
		Backoff:      retryablehttp.DefaultBackoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	answer, err := loop.Do(request)
	if answer != nil {
		_ = answer.Body.Close()
	}
	if quoting := (*url.Error)(nil); errors.As(err, &quoting) {
		err = quoting.Err // its own words begin with the URL
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w%s", try.broken("posting", err), tries.words())
	case answer.StatusCode >= 200 && answer.StatusCode < 300:
		return nil
	case answer.StatusCode >= 300 && answer.StatusCode < 400:
		return fmt.Errorf("answered %s; a redirect is not followed, set the url it leads to", status(answer.StatusCode))
	default:
		return fmt.Errorf("answered %s%s", status(answer.StatusCode), tries.words())
	}
}

// sign is the value of [HeaderSignature].
func sign(secret hub.Secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// tries is what the attempts of one message came to.
type tries struct {
	min  time.Duration
	made int
	last int // status of the last one with an answer
}

// again decides on another attempt. It does not begin a wait that the deadline
// would cut off: the server's answer says more than that the time was over.
func (t *tries) again(ctx context.Context, answer *http.Response, err error) (bool, error) {
	t.made++
	if answer != nil {
		t.last = answer.StatusCode
	}
	retry, cause := retryablehttp.DefaultRetryPolicy(ctx, answer, err)
	if !retry {
		return false, cause
	}
	wait := retryablehttp.DefaultBackoff(t.min, webhookMaxBackoff, t.made-1, answer)
	deadline, limited := ctx.Deadline()
	return !limited || time.Until(deadline) > wait, nil
}

func (t *tries) words() string {
	switch {
	case t.made < 2:
		return ""
	case t.last != 0:
		return fmt.Sprintf(" (%d attempts, last answer %s)", t.made, status(t.last))
	default:
		return fmt.Sprintf(" (%d attempts)", t.made)
	}
}

// status is a code with its standard words; a server's own could hold anything.
func status(code int) string {
	return strings.TrimSpace(strconv.Itoa(code) + " " + http.StatusText(code))
}
