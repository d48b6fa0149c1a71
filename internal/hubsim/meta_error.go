package hubsim

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// metaError is a refusal in Graph's error shape.
// API: Meta, "Handle Errors", https://developers.facebook.com/docs/graph-api/guides/error-handling
type metaError struct {
	status    int
	code      int
	subcode   int
	kind      string
	message   string
	title     string
	userText  string
	transient bool
	blame     string // the parameter at fault
}

// Subcodes. Meta publishes neither of the two that are not marked; a caller must
// not depend on them beyond what the code says.
const (
	metaSubcodeGone          = 33      // documented: object missing or not visible
	metaSubcodeRefusedInvite = 2859030 // seen in facebook-java-business-sdk issue 442
	metaSubcodeDuplicate     = 1990055 // made up: the real one is not documented
	metaSubcodeLastAdmin     = 1990056 // made up
)

// metaErr is a refusal with the usual status and type for its code.
func metaErr(code int, format string, args ...any) *metaError {
	e := &metaError{code: code, kind: "OAuthException", message: fmt.Sprintf(format, args...)}
	if code != 190 && code != 2500 && code != 104 {
		e.message = fmt.Sprintf("(#%d) %s", code, e.message)
	}
	switch {
	case code == 1:
		e.status = http.StatusInternalServerError
	case code == 2:
		e.status = http.StatusServiceUnavailable
	case code == 190:
		e.status = http.StatusUnauthorized
	case code == 4, code == 10, code >= 200 && code <= 299:
		e.status = http.StatusForbidden
	default:
		// Graph answers 400 to nearly everything; callers branch on the code.
		e.status = http.StatusBadRequest
	}
	return e
}

func (e *metaError) sub(code int) *metaError { e.subcode = code; return e }
func (e *metaError) as(kind string) *metaError {
	e.kind = kind
	return e
}

func (e *metaError) user(title, text string) *metaError {
	e.title, e.userText = title, text
	return e
}

func (e *metaError) about(parameter string) *metaError { e.blame = parameter; return e }

func (e *metaError) send(w http.ResponseWriter, trace string) {
	type errorData struct {
		Blame [][]string `json:"blame_field_specs"`
	}
	var wire struct {
		Error struct {
			Message   string     `json:"message"`
			Type      string     `json:"type"`
			Code      int        `json:"code"`
			Subcode   int        `json:"error_subcode,omitempty"`
			Transient *bool      `json:"is_transient,omitempty"`
			Title     string     `json:"error_user_title,omitempty"`
			UserText  string     `json:"error_user_msg,omitempty"`
			Data      *errorData `json:"error_data,omitempty"`
			Trace     string     `json:"fbtrace_id"`
		} `json:"error"`
	}
	out := &wire.Error
	out.Message, out.Type, out.Code, out.Subcode = e.message, e.kind, e.code, e.subcode
	out.Title, out.UserText, out.Trace = e.title, e.userText, trace
	if e.transient || e.title != "" {
		out.Transient = &e.transient
	}
	if e.blame != "" {
		out.Data = &errorData{Blame: [][]string{{e.blame}}}
	}
	body, err := json.Marshal(wire)
	if err != nil { // every value here is ours and encodes
		panic(err)
	}
	if e.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `OAuth "Facebook Platform" "invalid_token" "`+e.kind+`"`)
	}
	w.WriteHeader(e.status)
	_, _ = w.Write(body)
}

// metaGone answers for an id that does not exist and for one the caller may not
// see: Graph deliberately does not tell the two apart.
func metaGone(method, id string) *metaError {
	verb := map[string]string{http.MethodPost: "post", http.MethodDelete: "delete"}[method]
	if verb == "" {
		verb = "get"
	}
	e := metaErr(100, "").sub(metaSubcodeGone).as("GraphMethodException")
	e.message = fmt.Sprintf("Unsupported %s request. Object with ID '%s' does not exist, cannot be loaded due to "+
		"missing permissions, or does not support this operation", verb, id)
	return e
}
