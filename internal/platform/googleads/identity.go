package googleads

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/jwt"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// scope is what every call of the Google Ads API needs.
const scope = "https://www.googleapis.com/auth/adwords"

// identity is who the connector signs in as: a person's refresh token, or a
// service account's key.
type identity struct {
	clientID     string
	clientSecret hub.Secret
	refreshToken hub.Secret

	key          serviceKey // zero without a service account
	keyText      hub.Secret // the whole key file
	impersonated string
}

// serviceKey is the part of a service account's key file that roster uses.
type serviceKey struct {
	Type         string     `json:"type"`
	ClientEmail  string     `json:"client_email"`
	PrivateKey   hub.Secret `json:"private_key"`
	PrivateKeyID string     `json:"private_key_id"`
	TokenURI     string     `json:"token_uri"`
}

// readIdentity decides which credential the settings make, and that there is
// exactly one.
func readIdentity(set func(string) string) (identity, error) {
	user := []string{settingClientID, settingClientSecret, settingRefreshToken}
	var have, missing []string
	for _, name := range user {
		if set(name) != "" {
			have = append(have, name)
		} else {
			missing = append(missing, fmt.Sprintf("%s (%s)", name, environment(name)))
		}
	}
	switch key := set(settingCredentials); {
	case key == "" && len(have) == 0:
		if set(settingImpersonated) != "" {
			return identity{}, &hub.SettingError{
				Setting: settingImpersonated,
				Problem: fmt.Sprintf("this says whom a service account acts as, and no service account is set: add its key as %s (%s).", settingCredentials, environment(settingCredentials)),
			}
		}
		return identity{}, &hub.NotConfiguredError{Need: fmt.Sprintf(
			"%[1]s.%[2]s to a service account's key (%[3]s), or %[1]s.%[4]s, %[5]s and %[6]s (%[7]s, %[8]s, %[9]s)", Name,
			settingCredentials, environment(settingCredentials),
			settingClientID, settingClientSecret, settingRefreshToken,
			environment(settingClientID), environment(settingClientSecret), environment(settingRefreshToken))}
	case key != "" && len(have) > 0:
		return identity{}, &hub.SettingError{
			Setting: settingCredentials,
			Problem: fmt.Sprintf("a service account's key is set, and so is %s: who would roster be? Keep one of the two credentials. Environment variables count too: %s, and %s.",
				strings.Join(have, ", "), environment(settingCredentials), strings.Join(environments(have), ", ")),
		}
	case key != "":
		return readKey(key, set(settingImpersonated))
	case len(missing) > 0:
		return identity{}, &hub.SettingError{
			Setting: strings.Fields(missing[0])[0],
			Problem: fmt.Sprintf("%s is set, and signing in with a refresh token also takes %s.", strings.Join(have, " and "), strings.Join(missing, " and ")),
		}
	case set(settingImpersonated) != "":
		return identity{}, &hub.SettingError{
			Setting: settingImpersonated,
			Problem: "only a service account can act as somebody else; a refresh token stands for the person who gave it. Leave it out, or use a service account's key.",
		}
	}
	return identity{
		clientID:     set(settingClientID),
		clientSecret: hub.Secret(set(settingClientSecret)),
		refreshToken: hub.Secret(set(settingRefreshToken)),
	}, nil
}

// environment is the variable that stands in for a setting.
func environment(setting string) string {
	for _, s := range Driver().Settings {
		if s.Name == setting {
			return s.Env
		}
	}
	return ""
}

func environments(settings []string) []string {
	var names []string
	for _, s := range settings {
		names = append(names, environment(s))
	}
	return names
}

// maxKeyBytes is far above any key file, and keeps a wrong path from being read
// into memory.
const maxKeyBytes = 64 << 10

// readKey reads a service account's key, JSON or the path to it. Its errors
// never repeat the value, which is a secret either way: a key in a wrong form is
// a key all the same.
func readKey(value, impersonated string) (identity, error) {
	wrong := func(format string, args ...any) (identity, error) {
		return identity{}, &hub.SettingError{Setting: settingCredentials, Problem: fmt.Sprintf(format, args...)}
	}
	text := []byte(value)
	if !strings.HasPrefix(value, "{") {
		var err error
		if text, err = readFile(value); err != nil {
			var where *fs.PathError
			if errors.As(err, &where) {
				err = where.Err
			}
			return wrong("the value is neither the JSON text of a service account's key nor the path of a file that can be read (%v).", err)
		}
	}
	var key serviceKey
	if err := json.Unmarshal(text, &key); err != nil {
		return wrong("the service account's key is not JSON. Use the key file as Google made it.")
	}
	if key.Type != "service_account" {
		return wrong("the key is of type %q; roster takes the key file of a service account (type \"service_account\"). For a person's credentials set %s, %s and %s.",
			key.Type, settingClientID, settingClientSecret, settingRefreshToken)
	}
	for name, v := range map[string]string{"client_email": key.ClientEmail, "private_key": key.PrivateKey.Reveal()} {
		if v == "" {
			return wrong("the service account's key has no %s. Use the key file as Google made it.", name)
		}
	}
	if !signs(key.PrivateKey) {
		return wrong("the service account's key holds a private_key that is no RSA key in PEM. Use the key file as Google made it; in a variable, line breaks of the key stand as \\n.")
	}
	return identity{key: key, keyText: hub.Secret(text), impersonated: impersonated}, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyBytes+1))
	if err == nil && len(text) > maxKeyBytes {
		err = errors.New("it is too large to be one")
	}
	return text, err
}

// signs says whether a private key is one the token request can be signed with.
// Found out now, the error can name the setting.
func signs(private hub.Secret) bool {
	block, _ := pem.Decode([]byte(private.Reveal()))
	if block == nil {
		return false
	}
	if _, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return true
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	_, ok := parsed.(*rsa.PrivateKey)
	return err == nil && ok
}

func (i identity) serviceAccount() bool { return i.key.ClientEmail != "" }

// email is the address the identity has on a customer's list, "" when there is
// no telling: a refresh token with the one scope roster asks for does not say
// whose it is.
func (i identity) email() string {
	if i.impersonated != "" {
		return hub.FoldEmail(i.impersonated)
	}
	return hub.FoldEmail(i.key.ClientEmail)
}

// secrets are the values that must show nowhere.
func (i identity) secrets() []string {
	return []string{i.clientSecret.Reveal(), i.refreshToken.Reveal(), i.keyText.Reveal(), i.key.PrivateKey.Reveal()}
}

// fetch asks the token endpoint for an access token. Its errors are a
// *tokenError.
//
// API: Google Identity, "Using OAuth 2.0 for Web Server Applications, Refreshing
// an access token", https://developers.google.com/identity/protocols/oauth2/web-server
// and "Using OAuth 2.0 for Server to Server Applications",
// https://developers.google.com/identity/protocols/oauth2/service-account
func (i identity) fetch(ctx context.Context, client *http.Client, tokenURL string, redactor *transport.Redactor) (*oauth2.Token, error) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, client)
	var source oauth2.TokenSource
	if i.serviceAccount() {
		config := jwt.Config{
			Email:        i.key.ClientEmail,
			PrivateKey:   []byte(i.key.PrivateKey.Reveal()),
			PrivateKeyID: i.key.PrivateKeyID,
			Subject:      i.impersonated,
			Scopes:       []string{scope},
			TokenURL:     tokenURL,
			Audience:     i.audience(),
		}
		source = config.TokenSource(ctx)
	} else {
		config := oauth2.Config{
			ClientID:     i.clientID,
			ClientSecret: i.clientSecret.Reveal(),
			Endpoint:     oauth2.Endpoint{TokenURL: tokenURL, AuthStyle: oauth2.AuthStyleInParams},
		}
		source = config.TokenSource(ctx, &oauth2.Token{RefreshToken: i.refreshToken.Reveal()})
	}
	token, err := source.Token()
	if err != nil {
		return nil, newTokenError(i, err, redactor)
	}
	return token, nil
}

// audience is who the assertion is for. It stays Google's behind a proxy: the
// one who reads it is not the one it was posted to.
func (i identity) audience() string {
	if i.key.TokenURI != "" {
		return i.key.TokenURI
	}
	return defaultTokenURL
}

// tokenError is a token that could not be had. It keeps the OAuth error and not
// the answer: nothing else of it is for showing.
type tokenError struct {
	serviceAccount bool
	impersonates   bool
	status         int    // 0: no answer
	code           string // "invalid_grant"
	description    string
	problem        string // without an OAuth error: what went wrong
}

func newTokenError(i identity, err error, redactor *transport.Redactor) *tokenError {
	e := &tokenError{serviceAccount: i.serviceAccount(), impersonates: i.impersonated != "", problem: redactor.String(err.Error())}
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return e
	}
	e.code, e.description = refused.ErrorCode, refused.ErrorDescription
	if refused.Response != nil {
		e.status = refused.Response.StatusCode
	}
	if e.code == "" { // the library does not look for it in the answer to an assertion
		var body struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		_ = json.Unmarshal(refused.Body, &body)
		e.code, e.description = body.Error, body.Description
	}
	e.code, e.description = redactor.String(e.code), redactor.String(e.description)
	e.problem = "an answer that is not OAuth's"
	return e
}

func (e *tokenError) Error() string {
	if e.code != "" {
		return fmt.Sprintf("the token endpoint answered HTTP %d, %s: %s", e.status, e.code, e.description)
	}
	if e.status != 0 {
		return fmt.Sprintf("the token endpoint answered HTTP %d and %s", e.status, e.problem)
	}
	return e.problem
}

// fault sorts what the token endpoint said.
//
// API: Google Identity, "Using OAuth 2.0 to Access Google APIs, Refresh token expiration",
// https://developers.google.com/identity/protocols/oauth2; RFC 6749, section 5.2
func (e *tokenError) fault() hub.Fault {
	f := hub.Fault{Reason: hub.ReasonUnauthenticated, Code: e.code, Message: e.description}
	switch {
	case e.status == 0:
		return hub.Fault{Reason: hub.ReasonUnavailable, Detail: "The token endpoint could not be reached or did not answer as one. Check token_url and the network."}
	case e.status >= http.StatusInternalServerError:
		f.Reason, f.Detail = hub.ReasonUnavailable, "Google's token endpoint is out of order. Apply again later."
	case e.status == http.StatusTooManyRequests:
		f.Reason, f.Detail = hub.ReasonRateLimited, "Google's token endpoint limits the calls of this credential. Apply again later."
	case e.code == "":
		f.Reason = hub.ReasonUnknown
		f.Detail = "The token endpoint's answer is not OAuth's. Check token_url; a proxy can be the cause."
	case e.code == "invalid_grant" && e.serviceAccount:
		f.Detail = "Google does not accept the service account's key: it was deleted or the account disabled, or this machine's clock is wrong. Make a new key for the service account and set credentials to it."
		if e.impersonates {
			f.Detail += " It is also the answer to an impersonated_email that is no user of the domain."
		}
	case e.code == "invalid_grant":
		f.Detail = "The refresh token has expired or was revoked. Make a new refresh token with the same OAuth client and set refresh_token to it. The tokens of an OAuth client whose consent screen is still in testing last seven days; publish it for lasting ones."
	case e.serviceAccount && e.code == "unauthorized_client":
		f.Detail = "The service account may not act for impersonated_email. Have a Google Workspace administrator grant it domain-wide delegation with the scope " + scope + ", or leave impersonated_email out and add the service account itself to the customer."
	case e.code == "invalid_client", e.code == "unauthorized_client", e.code == "deleted_client":
		f.Detail = "Google does not know the OAuth client, or its secret is wrong. Set client_id and client_secret to those of the client that made the refresh token, as the Cloud console shows them."
	case e.code == "admin_policy_enforced", e.code == "access_denied", e.code == "org_internal":
		f.Reason = hub.ReasonForbidden
		f.Detail = "A Google Workspace administrator does not let this OAuth client use Google Ads. Have them trust it in the admin console, under API controls."
	case e.code == "invalid_scope":
		f.Detail = "The credential does not carry the scope " + scope + ". Make a new refresh token with it, or have it added to the service account's delegation."
	default:
		f.Detail = "Google's token endpoint refuses the credential. Make a new one."
	}
	return f
}
