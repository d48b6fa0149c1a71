package hubsim

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"strconv"
)

// What scimType says.
// API: RFC 7644, section 3.12, table 9.
const (
	scimInvalidFilter = "invalidFilter"
	scimUniqueness    = "uniqueness"
	scimMutability    = "mutability"
	scimInvalidSyntax = "invalidSyntax"
	scimInvalidPath   = "invalidPath"
	scimNoTarget      = "noTarget"
	scimInvalidValue  = "invalidValue"
)

// scimError is a refusal.
type scimError struct {
	status   int
	scimType string
	detail   string
	header   map[string]string
	plain    bool // text that comes from in front of the API, not a SCIM error
}

func scimErr(status int, scimType, format string, args ...any) *scimError {
	return &scimError{status: status, scimType: scimType, detail: fmt.Sprintf(format, args...), header: map[string]string{}}
}

// scimBad is the most usual refusal: 400 with a scimType.
func scimBad(scimType, format string, args ...any) *scimError {
	return scimErr(http.StatusBadRequest, scimType, format, args...)
}

func scimPlain(status int, text string) *scimError {
	return &scimError{status: status, detail: text, plain: true}
}

// send writes the refusal in the shape the app has for them. The RFC wants the
// status as a string; several apps send a number, or no SCIM error at all.
func (e *scimError) send(w http.ResponseWriter, s scimSettings) {
	for name, value := range e.header {
		w.Header().Set(name, value)
	}
	shape := s.ErrorBody
	if malformed := e.status == http.StatusBadRequest && e.scimType == scimInvalidSyntax; e.plain || malformed && s.PlainBadRequest {
		shape = "text"
	}
	var body any
	switch shape {
	case "text":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(e.status)
		_, _ = io.WriteString(w, e.detail+"\n")
		return
	case "html":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(e.status)
		_, _ = io.WriteString(w, "<!DOCTYPE html><html><body><p>"+html.EscapeString(e.detail)+"</p></body></html>\n")
		return
	case "message":
		body = scimObject{"message": e.detail}
	case "errors":
		body = scimObject{"Errors": scimObject{"description": e.detail, "code": e.status}}
	default:
		object := scimObject{"schemas": []string{s.urn(scimErrorURN)}, "status": strconv.Itoa(e.status), "detail": e.detail}
		if s.NumberStatus {
			object["status"] = e.status
		}
		if e.scimType != "" && !s.NoScimType {
			object["scimType"] = e.scimType
		}
		body = object
	}
	document, err := json.Marshal(body)
	if err != nil { // every value here is ours and encodes
		panic(err)
	}
	if w.Header().Set("Content-Type", s.ContentType); s.ContentType == "" {
		w.Header()["Content-Type"] = nil
	}
	w.WriteHeader(e.status)
	_, _ = w.Write(document)
}
