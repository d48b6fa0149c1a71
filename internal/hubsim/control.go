package hubsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// ControlGuide is what GET /_sim/ answers.
const ControlGuide = `hubsim control API. Bodies and answers are JSON; unknown names are refused with 400.
Errors are {"error": "..."}. Platforms are served under /<platform>/.

GET    /_sim/                                        this text
GET    /_sim/hubs                                    hubs, with people counted by status
GET    /_sim/hubs/{platform}/{business}              one hub: settings and people
GET    /_sim/hubs/{platform}/{business}/people       ground truth, visible through the API or not
POST   /_sim/hubs/{platform}/{business}/acts         what a person does in the platform's screens:
         {"action": "invite|accept|decline|expire|remove|set_role|join|approve|reject|revoke|suspend|resume|sync", "email": "...", "id": "...",
          "role": "...", "name": "...", "accept_as": "...", "extra_roles": ["..."]}
         409 when the platform would refuse
GET    /_sim/hubs/{platform}/{business}/settings     settings and causes of trouble, with their values
PATCH  /_sim/hubs/{platform}/{business}/settings     change some: {"token_expired": true}
GET    /_sim/requests                                API calls received; filter with ?platform= &business=
                                                     &operation= &after=<seq> &writes=true
GET    /_sim/requests/counts                         the same, counted by operation
DELETE /_sim/requests                                empty the log
GET    /_sim/faults                                  faults in force
POST   /_sim/faults                                  {"kind": "respond|html|delay|drop_before|drop_after|truncate",
          "platform", "business", "method", "operation", "path" (regular expression): what it matches;
          "times": 1 (0 = always), "skip": 0, "delay": "2s", "after_effect": false,
          "status": 503, "headers": {}, "body": "..."}; answers {"id": 1}
DELETE /_sim/faults                                  lift all
DELETE /_sim/faults/{id}                             lift one
GET    /_sim/clock                                   {"now": "...", "frozen": false}
POST   /_sim/clock                                   {"advance": "720h", "frozen": true}; both optional
POST   /_sim/seed                                    {"hubs": [{"platform", "business_id", "name", "settings": {},
          "people": [{"email", "name", "role", "extra_roles", "status", "pending_email"}],
          "generate": {"members": 1000, "invitations": 20, "admins": 1, "domain": "x.example"}}],
          "credentials": [{"platform", "name", ...}]}
POST   /_sim/reset                                   back to the seed the process started with
`

// control serves the control API.
func (s *Sim) control() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, answer func(r *http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			value, err := answer(r)
			if err != nil {
				sendJSON(w, controlStatus(err), map[string]string{"error": err.Error()})
				return
			}
			sendJSON(w, http.StatusOK, value)
		})
	}
	mux.HandleFunc("GET /_sim/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, ControlGuide)
	})
	handle("GET /_sim/hubs", func(*http.Request) (any, error) { return orEmpty(s.Hubs()), nil })
	handle("GET /_sim/hubs/{platform}/{business}", s.controlHub)
	handle("GET /_sim/hubs/{platform}/{business}/people", func(r *http.Request) (any, error) {
		people, err := s.People(r.PathValue("platform"), r.PathValue("business"))
		return orEmpty(people), err
	})
	handle("POST /_sim/hubs/{platform}/{business}/acts", func(r *http.Request) (any, error) {
		var act Act
		if err := readControl(r, &act); err != nil {
			return nil, err
		}
		return s.Act(r.PathValue("platform"), r.PathValue("business"), act)
	})
	handle("GET /_sim/hubs/{platform}/{business}/settings", s.controlSettings)
	handle("PATCH /_sim/hubs/{platform}/{business}/settings", func(r *http.Request) (any, error) {
		var patch Settings
		if err := readControl(r, &patch); err != nil {
			return nil, err
		}
		if err := s.Configure(r.PathValue("platform"), r.PathValue("business"), patch); err != nil {
			return nil, err
		}
		return s.controlSettings(r)
	})
	handle("GET /_sim/requests", func(r *http.Request) (any, error) {
		filters, err := requestFilters(r)
		return s.Requests(filters...), err
	})
	handle("GET /_sim/requests/counts", func(r *http.Request) (any, error) {
		filters, err := requestFilters(r)
		return s.CountOps(filters...), err
	})
	handle("DELETE /_sim/requests", func(*http.Request) (any, error) {
		s.ResetRequests()
		return done, nil
	})
	handle("GET /_sim/faults", func(*http.Request) (any, error) { return s.Faults(), nil })
	handle("POST /_sim/faults", func(r *http.Request) (any, error) {
		var fault Fault
		if err := readControl(r, &fault); err != nil {
			return nil, err
		}
		id, err := s.AddFault(fault)
		return map[string]int{"id": id}, err
	})
	handle("DELETE /_sim/faults", func(*http.Request) (any, error) {
		s.ClearFaults()
		return done, nil
	})
	handle("DELETE /_sim/faults/{id}", func(r *http.Request) (any, error) {
		id, err := strconv.Atoi(r.PathValue("id"))
		if err != nil {
			return nil, fmt.Errorf("fault id %q is not a number", r.PathValue("id"))
		}
		return done, s.RemoveFault(id)
	})
	handle("GET /_sim/clock", func(*http.Request) (any, error) { return s.clockState(), nil })
	handle("POST /_sim/clock", s.controlClock)
	handle("POST /_sim/seed", func(r *http.Request) (any, error) {
		var seed Seed
		if err := readControl(r, &seed); err != nil {
			return nil, err
		}
		return done, s.Apply(seed)
	})
	handle("POST /_sim/reset", func(*http.Request) (any, error) { return done, s.Reset() })
	handle("/_sim/", func(r *http.Request) (any, error) {
		return nil, fmt.Errorf("%w: %s %s; GET /_sim/ lists the endpoints", errNoEndpoint, r.Method, r.URL.Path)
	})
	return mux
}

var (
	done          = map[string]bool{"done": true}
	errNoEndpoint = errors.New("no such endpoint")
)

func (s *Sim) controlHub(r *http.Request) (any, error) {
	platform, business := r.PathValue("platform"), r.PathValue("business")
	people, err := s.People(platform, business)
	if err != nil {
		return nil, err
	}
	settings, err := s.controlSettings(r)
	if err != nil {
		return nil, err
	}
	for _, h := range s.Hubs() {
		if h.Platform == platform && h.BusinessID == business {
			return struct {
				HubState
				Settings any      `json:"settings"`
				People   []Person `json:"people"`
			}{h, settings, orEmpty(people)}, nil
		}
	}
	return nil, fmt.Errorf("%w %s/%s", ErrUnknownHub, platform, business)
}

func (s *Sim) controlSettings(r *http.Request) (any, error) {
	p, err := s.platform(r.PathValue("platform"))
	if err != nil {
		return nil, err
	}
	return p.settings(r.PathValue("business"))
}

func (s *Sim) controlClock(r *http.Request) (any, error) {
	var change struct {
		Advance Duration `json:"advance"`
		Frozen  *bool    `json:"frozen"`
	}
	if err := readControl(r, &change); err != nil {
		return nil, err
	}
	if change.Advance < 0 {
		return nil, errors.New("the clock does not run backwards")
	}
	s.clock.Advance(time.Duration(change.Advance))
	if change.Frozen != nil && *change.Frozen {
		s.clock.Freeze()
	}
	if change.Frozen != nil && !*change.Frozen {
		s.clock.Unfreeze()
	}
	return s.clockState(), nil
}

func (s *Sim) clockState() any {
	return map[string]any{"now": s.clock.Now().Format(time.RFC3339Nano), "frozen": s.clock.Frozen()}
}

func requestFilters(r *http.Request) ([]Filter, error) {
	var filters []Filter
	for name, values := range r.URL.Query() {
		value := values[0]
		switch name {
		case "platform":
			filters = append(filters, ByPlatform(value))
		case "business":
			filters = append(filters, ByBusiness(value))
		case "operation":
			filters = append(filters, ByOperation(values...))
		case "after":
			seq, err := strconv.Atoi(value)
			if err != nil {
				return nil, fmt.Errorf("after=%q is not a sequence number", value)
			}
			filters = append(filters, AfterSeq(seq))
		case "writes":
			if value != "true" {
				return nil, fmt.Errorf("writes=%q: only true is a filter", value)
			}
			filters = append(filters, OnlyWrites())
		default:
			return nil, fmt.Errorf("unknown filter %q (platform, business, operation, after, writes)", name)
		}
	}
	return filters, nil
}

// controlStatus tells an act the platform refuses (409) and a hub that is not
// there (404) from a mistake in the call (400).
func controlStatus(err error) int {
	switch {
	case errors.Is(err, ErrUnknownPlatform), errors.Is(err, ErrUnknownHub), errors.Is(err, errNoEndpoint):
		return http.StatusNotFound
	case errors.Is(err, ErrImpossible):
		return http.StatusConflict
	default:
		return http.StatusBadRequest
	}
}

// maxControlBody leaves room for a seed that lists tens of thousands of people.
const maxControlBody = 32 << 20

func readControl(r *http.Request, target any) error {
	document, err := io.ReadAll(io.LimitReader(r.Body, maxControlBody))
	if err != nil {
		return err
	}
	if err := decodeStrictly(document, target); err != nil {
		return fmt.Errorf("%s %s: %w (GET /_sim/ describes the bodies)", r.Method, r.URL.Path, err)
	}
	return nil
}

func sendJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil { // every value here is ours and encodes
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// orEmpty keeps an empty list from reading as null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
