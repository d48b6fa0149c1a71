package hubsim

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
)

const masked = "***"

// secretNames are parameters that carry a credential on some platform. Masking
// by name catches a token the simulator does not know, such as a mistyped one;
// masking by value catches a known one under any name.
var secretNames = map[string]bool{
	"access_token": true, "access-token": true, "appsecret_proof": true, "input_token": true, "app_secret": true,
	"refresh_token": true, "client_secret": true, "secret": true, "auth_code": true, "code": true,
	"assertion": true, "password": true, "token": true, "api_key": true, "x-api-key": true, "invite_link": true,
	"developer-token": true, "developer_token": true, "private_key": true,
}

// embeddedToken finds a token inside a longer text, for example in the
// relative_url of a batch.
var embeddedToken = regexp.MustCompile(`((?:access_token|appsecret_proof|input_token|refresh_token)=)[^&"\s]+`)

// masker hides secrets in what the request log keeps.
type masker struct{ values *strings.Replacer }

func newMasker(secrets []string) masker {
	var pairs []string
	for _, s := range secrets {
		if s == "" {
			continue
		}
		pairs = append(pairs, s, masked)
		if escaped := url.QueryEscape(s); escaped != s {
			pairs = append(pairs, escaped, masked)
		}
	}
	return masker{strings.NewReplacer(pairs...)}
}

func (m masker) text(s string) string {
	return embeddedToken.ReplaceAllString(m.values.Replace(s), "${1}"+masked)
}

func (m masker) form(values url.Values) url.Values {
	if len(values) == 0 {
		return nil
	}
	clean := make(url.Values, len(values))
	for name, list := range values {
		kept := make([]string, len(list))
		for i, v := range list {
			if kept[i] = masked; !secretNames[strings.ToLower(name)] {
				kept[i] = m.text(v)
			}
		}
		clean[m.text(name)] = kept
	}
	return clean
}

// body keeps a JSON body, masked. Anything else is not kept: text nobody could
// parse cannot be searched for unknown secrets.
func (m masker) body(raw []byte) string {
	var document any
	if len(raw) == 0 || json.Unmarshal(raw, &document) != nil {
		return ""
	}
	clean, err := json.Marshal(m.value(document))
	if err != nil {
		return ""
	}
	return string(clean)
}

func (m masker) value(v any) any {
	switch v := v.(type) {
	case string:
		return m.text(v)
	case []any:
		for i := range v {
			v[i] = m.value(v[i])
		}
		return v
	case map[string]any:
		for name := range v {
			if secretNames[strings.ToLower(name)] {
				v[name] = masked
				continue
			}
			v[name] = m.value(v[name])
		}
		return v
	default: // numbers, booleans, null
		return v
	}
}
