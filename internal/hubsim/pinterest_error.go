package hubsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// pinterestError is a refusal: a status, and the same or Pinterest's own code.
// API: Pinterest, OpenAPI document, schema Error.
type pinterestError struct {
	status  int
	code    int
	message string
}

func pinterestErr(status, code int, format string, args ...any) *pinterestError {
	return &pinterestError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func (e *pinterestError) send(w http.ResponseWriter) {
	body, err := json.Marshal(map[string]any{"code": e.code, "message": e.message})
	if err != nil { // every value here is ours and encodes
		panic(err)
	}
	w.WriteHeader(e.status)
	_, _ = w.Write(body)
}

// The messages are those of the document's examples, of this endpoint family or
// another.
func pinterestUnauthenticated() *pinterestError {
	return pinterestErr(http.StatusUnauthorized, 2, "Authentication failed.")
}

func pinterestScopeMissing() *pinterestError {
	return pinterestErr(http.StatusUnauthorized, 3, "Your token does not have sufficient permissions to perform this operation. "+
		"Please ensure your token is authorized with the correct set of scopes.")
}

func pinterestInvalid(format string, args ...any) *pinterestError {
	return pinterestErr(http.StatusBadRequest, 1, "Invalid parameters: "+format, args...)
}

// pinterestGone has the code that means a rate limit under status 429: whoever
// reads the code before the status waits for somebody who does not exist.
func pinterestGone() *pinterestError {
	return pinterestErr(http.StatusNotFound, 30, "User not found.")
}

func pinterestForbidden(message string) *pinterestError {
	return pinterestErr(http.StatusForbidden, 29, "%s", message)
}

const (
	pinterestNotPermitted = "You are not permitted to access that resource."
	pinterestSeeHub       = "Please see business hub for more details. https://www.pinterest.com/business/hub/"
)

// pinterestForbiddenAnswers are the answers seen in the document for a valid
// token that may not act on a resource. None is documented for members.
var pinterestForbiddenAnswers = []string{"403/29", "403/403", "401/29", "401/7"}

func (h *pinterestHub) forbidden() *pinterestError {
	status, code, _ := strings.Cut(h.settings.ForbiddenAnswer, "/")
	e := pinterestForbidden(pinterestNotPermitted)
	e.status, _ = strconv.Atoi(status) // one of the list above
	e.code, _ = strconv.Atoi(code)
	return e
}
