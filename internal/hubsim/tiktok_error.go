package hubsim

import "fmt"

// tiktokObject is a JSON object of an answer.
type tiktokObject = map[string]any

// tiktokEnvelope is around every answer.
type tiktokEnvelope struct {
	Code      int    `json:"code"`
	Message   string `json:"message"`
	RequestID string `json:"request_id"`
	Data      any    `json:"data"`
}

// Codes of the envelope.
// API: TikTok, "Appendix - Return codes", id 1737172488964097.
const (
	tiktokOK           = 0
	tiktokPartial      = 20001
	tiktokDenied       = 40001
	tiktokInvalid      = 40002
	tiktokMissing      = 40007
	tiktokTooOften     = 40100
	tiktokTokenExpired = 40102
	tiktokTokenAbsent  = 40104
	tiktokTokenWrong   = 40105
	tiktokSystem       = 50000
)

// tiktokThrottles and tiktokTransients are codes a caller may try again after.
// For several of the latter only the number is known, not the text.
var (
	tiktokThrottles = map[int]string{
		40016: "Too many requests from this app. Please retry later.",
		40100: "Too many requests. Please retry in some time.",
		40132: "Request QPS limit reached for this field value.",
		40133: "Request QPS limit reached for this advertiser.",
	}
	tiktokTransients = map[int]string{
		40200: "The task could not be processed. Please retry.",
		40201: "Another write to the same object is in progress. Please retry.",
		40202: "The task conflicts with another one. Please retry.",
		40700: "Validation service error. Please retry.",
		50000: "System error",
		50002: "Service error. Please retry.",
		51065: "Internal error. Please retry.",
	}
)

// tiktokError is a refusal: in the envelope, or with an HTTP status of its own
// and no envelope when it comes from in front of the API.
type tiktokError struct {
	status  int // 0: in the envelope
	code    int
	message string
}

func tiktokErr(code int, format string, args ...any) *tiktokError {
	return &tiktokError{code: code, message: fmt.Sprintf(format, args...)}
}

func tiktokGateway(status int, message string) *tiktokError {
	return &tiktokError{status: status, message: message}
}
