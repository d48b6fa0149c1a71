package hubsim

import (
	"fmt"
	"net/http"
	"strings"
)

// googleFields is a JSON object of an answer.
type googleFields = map[string]any

// googleError is a refusal in the shape of google.rpc.Status.
// API: Google Ads, "Understand API errors",
// https://developers.google.com/google-ads/api/docs/best-practices/understand-api-errors
type googleError struct {
	status  int
	summary string // of the whole; the failure has a message of its own

	// The failure. family is empty where only the front end spoke: then there is
	// no GoogleAdsFailure at all.
	family, value string
	message       string
	trigger       string
	location      []string
	details       googleFields

	beside []googleFields // other entries of details, before the failure
}

// googleRPC are the canonical codes behind an HTTP status.
var googleRPC = map[int]struct {
	code    int
	name    string
	summary string
}{
	http.StatusBadRequest:          {3, "INVALID_ARGUMENT", "Request contains an invalid argument."},
	http.StatusUnauthorized:        {16, "UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential."},
	http.StatusForbidden:           {7, "PERMISSION_DENIED", "The caller does not have permission"},
	http.StatusNotFound:            {5, "NOT_FOUND", "Requested entity was not found."},
	http.StatusTooManyRequests:     {8, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."},
	http.StatusInternalServerError: {13, "INTERNAL", "Internal error encountered."},
	http.StatusServiceUnavailable:  {14, "UNAVAILABLE", "The service is currently unavailable."},
	http.StatusGatewayTimeout:      {4, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."},
}

// googleErr is a failure of the API. Which status goes with which value is not
// documented; the family decides here, and callers branch on (family, value).
func googleErr(family, value, format string, args ...any) *googleError {
	e := &googleError{family: family, value: value, message: fmt.Sprintf(format, args...)}
	switch {
	case value == "RESOURCE_NOT_FOUND":
		e.status = http.StatusNotFound
	case value == "DEADLINE_EXCEEDED":
		e.status = http.StatusGatewayTimeout
	case family == "authenticationError":
		e.status = http.StatusUnauthorized
	case family == "authorizationError", value == "PERMISSION_DENIED", value == "ACCESS_PROHIBITED":
		e.status = http.StatusForbidden
	case family == "quotaError":
		e.status = http.StatusTooManyRequests
	case family == "internalError":
		e.status = http.StatusInternalServerError
	default:
		e.status = http.StatusBadRequest
	}
	return e
}

// googlePlain is a refusal by the front end.
func googlePlain(status int, summary string) *googleError {
	return &googleError{status: status, summary: summary}
}

// googleUnknownName is how the JSON mapping refuses a name it does not have.
func googleUnknownName(name, at string) *googleError {
	where := ""
	if at != "" {
		where = " at '" + at + "'"
	}
	description := fmt.Sprintf("Invalid JSON payload received. Unknown name %q%s: Cannot find field.", name, where)
	return googleBadRequest(at, description)
}

func googleBadRequest(at, description string) *googleError {
	e := googlePlain(http.StatusBadRequest, description)
	e.beside = []googleFields{{
		"@type":           "type.googleapis.com/google.rpc.BadRequest",
		"fieldViolations": []googleFields{{"field": at, "description": description}},
	}}
	return e
}

// about says which value was at fault, and where in the request it stood.
func (e *googleError) about(value, path string) *googleError {
	e.trigger, e.location = value, strings.Split(path, ".")
	return e
}

func (e *googleError) info(reason string) *googleError {
	e.beside = append(e.beside, googleFields{
		"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com",
		"metadata": googleFields{"service": "googleads.googleapis.com"},
	})
	return e
}

// document is the body of the answer.
func (e *googleError) document(gc *googleCall) googleFields {
	body := e.rpcStatus(gc)
	body["code"], body["status"] = e.status, googleRPC[e.status].name
	return googleFields{"error": body}
}

// rpcStatus is the error with its canonical code, as it stands inside an answer
// with status 200.
func (e *googleError) rpcStatus(gc *googleCall) googleFields {
	body := googleFields{"code": googleRPC[e.status].code, "message": e.summary}
	if e.summary == "" {
		body["message"] = googleRPC[e.status].summary
	}
	details := append([]googleFields{}, e.beside...)
	if e.family != "" {
		details = append(details, e.failure(gc))
	}
	if len(details) > 0 {
		body["details"] = details
	}
	return body
}

func (e *googleError) failure(gc *googleCall) googleFields {
	entry := googleFields{"errorCode": googleFields{e.family: e.value}, "message": e.message}
	if e.trigger != "" {
		entry["trigger"] = googleFields{"stringValue": e.trigger}
	}
	if len(e.location) > 0 {
		path := []googleFields{}
		for _, name := range e.location {
			path = append(path, googleFields{"fieldName": name})
		}
		entry["location"] = googleFields{"fieldPathElements": path}
	}
	if e.details != nil {
		entry["details"] = e.details
	}
	return googleFields{
		"@type":     fmt.Sprintf("type.googleapis.com/google.ads.googleads.v%d.errors.GoogleAdsFailure", gc.version),
		"errors":    []googleFields{entry},
		"requestId": gc.requestID,
	}
}
