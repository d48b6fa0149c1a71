package hubsim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// cerbyObject is a JSON object of an answer.
type cerbyObject = map[string]any

// cerbyError is a refusal.
type cerbyError struct {
	status  int
	detail  string
	flaws   []cerbyFlaw // of a 400
	page    bool        // an HTML page from in front of the API
	bare    bool        // no body at all
	waitFor time.Duration
}

// cerbyFlaw is one thing wrong with a body or a parameter.
type cerbyFlaw struct {
	loc  []any // texts and numbers
	kind string
	msg  string
	ctx  cerbyObject
}

// Kinds of flaw.
const (
	cerbyTooShort = "too_short"
	cerbyExtra    = "extra_forbidden"
	cerbyEnum     = "type_error.enum"
	cerbyMissing  = "value_error.missing"
	cerbyValue    = "value_error"
	cerbyType     = "type_error"
)

// cerbyFirewall is what the firewall in front of the API answers.
var cerbyFirewall = &cerbyError{status: http.StatusForbidden, page: true}

func cerbyErr(status int, format string, args ...any) *cerbyError {
	return &cerbyError{status: status, detail: fmt.Sprintf(format, args...)}
}

func cerbyInvalid(flaws ...cerbyFlaw) *cerbyError {
	return &cerbyError{status: http.StatusBadRequest, flaws: flaws}
}

// cerbyParam is a flaw of a query parameter.
func cerbyParam(name, kind, msg string) *cerbyError {
	return cerbyInvalid(cerbyFlaw{loc: []any{name, 0}, kind: kind, msg: msg})
}

// cerbyWords are code and title of a status. The samples differ in case and in
// form for one and the same status, so each has two; refusals take turns.
var cerbyWords = map[int][2][2]string{
	http.StatusBadRequest:       {{"validation_error", "validation_error"}, {"validation_error", "Validation error"}},
	http.StatusUnauthorized:     {{"unauthorized", "Unauthorized"}, {"Unauthorized", "unauthorized"}},
	http.StatusForbidden:        {{"forbidden", "Forbidden"}, {"Forbidden", "forbidden"}},
	http.StatusNotFound:         {{"not_found", "Not found"}, {"Not found", "not_found"}},
	http.StatusMethodNotAllowed: {{"method_not_allowed", "Method not allowed"}, {"Method not allowed", "method_not_allowed"}},
	http.StatusConflict:         {{"conflict", "Conflict"}, {"Conflict", "conflict"}},
	http.StatusTooManyRequests:  {{"too_many_requests", "Too many requests"}, {"Too many requests", "too_many_requests"}},
}

// API: Cerby, "Public API" errors: application/json, not problem+json.
func (e *cerbyError) send(w http.ResponseWriter, cc *cerbyCall, turn int64) {
	if e.waitFor > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(e.waitFor.Seconds())))
	}
	switch {
	case e.page:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(e.status)
		_, _ = io.WriteString(w, "<html><head><title>403 Forbidden</title></head><body><h1>Request blocked</h1></body></html>\n")
		return
	case e.bare:
		w.WriteHeader(e.status)
		return
	}
	words := cerbyWords[e.status][turn%2]
	one := func(detail string, meta any) cerbyObject {
		return cerbyObject{"code": words[0], "title": words[1], "status": e.statusField(cc), "detail": detail, "meta": meta}
	}
	var list []cerbyObject
	for _, f := range e.flaws {
		meta := cerbyObject{"loc": f.loc, "msg": f.msg, "type": f.kind}
		if f.ctx != nil {
			meta["ctx"] = f.ctx
		}
		list = append(list, one(f.msg, meta))
	}
	if list == nil {
		list = append(list, one(e.detail, nil))
	}
	body, err := json.Marshal(cerbyObject{"errors": list})
	if err != nil { // every value here is ours and encodes
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.status)
	_, _ = w.Write(body)
}

// statusField is the status in the body: a text in the samples of 400 and 403,
// a number in those of 401 and 404.
func (e *cerbyError) statusField(cc *cerbyCall) any {
	shape := "mixed"
	if cc.hub != nil {
		shape = cc.hub.settings.ErrorStatus
	}
	text := e.status == http.StatusBadRequest || e.status == http.StatusForbidden
	if shape == "string" || shape == "mixed" && text {
		return strconv.Itoa(e.status)
	}
	return e.status
}

// anonymous says that the client does not say what it is. Cerby's firewall has
// turned such clients away; how it tells them is not published, and here they
// are those without a User-Agent of their own.
func (cc *cerbyCall) anonymous() bool {
	agent := cc.request.UserAgent()
	return agent == "" || strings.HasPrefix(agent, "Go-http-client/")
}
