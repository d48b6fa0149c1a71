package hubsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// snapchatObject is a JSON object of an answer.
type snapchatObject = map[string]any

// E-codes. E1001 and the ones of the E2 and E4 ranges are made up: only that
// validation and refusals have codes there is known, and a caller must not
// depend on which.
const (
	snapchatBadRequest = "E1001"
	snapchatInvalid    = "E2001"
	snapchatDuplicate  = "E2002"
	snapchatRefused    = "E4001"
	snapchatNotFound   = "E3003" // documented: not found, or not available to the caller
	snapchatNoEntity   = "E3004" // documented: no such entity or no permission
)

// snapchatAnswer is a list of entities, each in a wrapper with a status of its
// own. An empty list of a deletion is its success.
type snapchatAnswer struct {
	plural, singular string
	items            []snapchatItem
	paging           any            // nil: absent
	beside           snapchatObject // fields beside the list
}

// snapchatItem is one entity, or why its sub-request was refused.
type snapchatItem struct {
	entity  snapchatObject
	refused string
}

func snapchatRefusal(code, format string, args ...any) snapchatItem {
	return snapchatItem{refused: "Error code: " + code + ", message: " + fmt.Sprintf(format, args...)}
}

func snapchatNoSuchEntity() snapchatItem {
	return snapchatRefusal(snapchatNoEntity, "no such entity or no permission")
}

// send writes the envelope: HTTP 200 even when every sub-request was refused.
func (a *snapchatAnswer) send(w http.ResponseWriter, sc *snapchatCall, requestID string) {
	settings := defaultSnapchatSettings()
	if sc.hub != nil {
		settings = sc.hub.settings
	}
	refused := 0
	wrappers := []snapchatObject{}
	for i, item := range a.items {
		if item.refused == "" {
			wrappers = append(wrappers, snapchatObject{
				"sub_request_status": settings.word("SUCCESS", i), a.singular: item.entity,
			})
			continue
		}
		refused++
		wrapper := snapchatObject{"sub_request_status": settings.word("ERROR", i)}
		if settings.SubErrorShape == "message" {
			wrapper["error_type"], wrapper["message"] = "InvalidRequest", item.refused
		} else {
			wrapper["sub_request_error_reason"] = item.refused
		}
		wrappers = append(wrappers, wrapper)
	}
	status := "SUCCESS"
	switch {
	case refused > 0 && refused == len(a.items):
		status = "ERROR"
	case refused > 0:
		status = "PARTIAL"
	}
	envelope := snapchatObject{"request_status": settings.word(status, 1), "request_id": requestID}
	if a.plural != "" {
		envelope[a.plural] = wrappers
	}
	if a.paging != nil {
		envelope["paging"] = a.paging
	}
	for name, value := range a.beside {
		envelope[name] = value
	}
	snapchatSend(w, http.StatusOK, envelope)
}

// word spells a status word: the official samples have both cases.
func (s snapchatSettings) word(word string, i int) string {
	if s.StatusCase == "lower" || s.StatusCase == "mixed" && i%2 == 1 {
		return strings.ToLower(word)
	}
	return word
}

// snapchatError refuses a whole request.
type snapchatError struct {
	status  int
	code    string // may be empty
	message string
}

func snapchatErr(status int, code, format string, args ...any) *snapchatError {
	return &snapchatError{status, code, fmt.Sprintf(format, args...)}
}

func (e *snapchatError) send(w http.ResponseWriter, requestID string) {
	body := snapchatObject{
		"request_status": "ERROR", "request_id": requestID,
		"debug_message": e.message, "display_message": "We're sorry, but the request could not be completed.",
	}
	if e.code != "" {
		body["error_code"] = e.code
	}
	snapchatSend(w, e.status, body)
}

func snapchatSend(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil { // every value here is ours and encodes
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
