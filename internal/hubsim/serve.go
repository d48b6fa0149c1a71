package hubsim

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxBody is far above any call a platform documents; a larger one is a bug of
// the caller's.
const maxBody = 1 << 20

// call is one API call on its way to a platform.
type call struct {
	request   *http.Request // its body is already read
	platform  string
	path      string // below the platform's prefix, with the leading slash
	baseURL   string // scheme, host and platform prefix, for links in answers
	body      []byte
	mediaType string     // of the body, without parameters
	form      url.Values // of a form or multipart body
	badBody   error      // the body was not what its content type says

	// Filled by the platform's describe.
	operation  string
	business   string
	credential string
	tokenIn    string
	reads      bool // changes nothing on a hub whatever its method: a token exchange, a search
}

func (c *call) write() bool {
	return !c.reads && c.request.Method != http.MethodGet && c.request.Method != http.MethodHead
}

// answer buffers what a platform responds. Buffering lets a fault spoil an
// answer after its effect took place, and lets the log know the status.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newAnswer() *answer { return &answer{header: http.Header{}} }

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// send writes the answer out; announced is the Content-Length, which a
// truncation makes larger than what follows.
func (a *answer) send(w http.ResponseWriter, body []byte, announced int) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(announced))
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // the caller may be gone; there is nobody to tell
}

// Handler serves every simulated platform, the control API and the screens.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_sim/", s.control())
	mux.Handle(ScreensPath, s.screens())
	for _, p := range s.platforms {
		prefix := "/" + p.name()
		mux.HandleFunc(prefix+"/", func(w http.ResponseWriter, r *http.Request) { s.serve(p, prefix, w, r) })
	}
	return mux
}

func (s *Sim) serve(p platform, prefix string, w http.ResponseWriter, r *http.Request) {
	c, err := readCall(p.name(), prefix, w, r)
	if err != nil {
		// Logged as well: a caller who sends too much should find it here.
		s.log.finish(s.begin(p, c), http.StatusRequestEntityTooLarge, "")
		http.Error(w, "request body: "+err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	p.describe(c)
	entry := s.begin(p, c)
	fault := s.faults.take(c)
	if fault == nil {
		a := newAnswer()
		p.serve(a, c)
		s.log.finish(entry, a.status, "")
		a.send(w, a.body.Bytes(), a.body.Len())
		return
	}
	s.spoil(fault, entry, p, c, w)
}

// spoil serves a call with a fault.
func (s *Sim) spoil(f *Fault, entry *Request, p platform, c *call, w http.ResponseWriter) {
	kind := string(f.Kind)
	a := newAnswer()
	if f.AfterEffect {
		p.serve(a, c)
	}
	if !wait(c.request, time.Duration(f.Delay)) {
		s.log.finish(entry, 0, kind)
		panic(http.ErrAbortHandler) // the caller hung up; nothing more takes effect
	}
	served := f.AfterEffect
	effect := func() {
		if !served {
			p.serve(a, c)
		}
	}

	switch f.Kind {
	case FaultDelay:
		effect()
		s.log.finish(entry, a.status, kind)
		a.send(w, a.body.Bytes(), a.body.Len())
	case FaultRespond, FaultHTML:
		instead := f.answer()
		s.log.finish(entry, instead.status, kind)
		instead.send(w, instead.body.Bytes(), instead.body.Len())
	case FaultDropBefore:
		s.log.finish(entry, 0, kind)
		panic(http.ErrAbortHandler)
	case FaultDropAfter:
		effect()
		s.log.finish(entry, 0, kind)
		panic(http.ErrAbortHandler)
	case FaultTruncate:
		effect()
		s.log.finish(entry, a.status, kind)
		a.send(w, a.body.Bytes()[:a.body.Len()/2], a.body.Len())
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush() // else the half never leaves the server's buffer
		}
		panic(http.ErrAbortHandler)
	default: // add refuses other kinds
		panic("hubsim: fault kind " + kind + " is not served")
	}
}

// wait returns false when the caller hung up first.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (s *Sim) begin(p platform, c *call) *Request {
	mask := newMasker(p.secrets())
	entry := Request{
		Time:       s.clock.Now(),
		Platform:   c.platform,
		Business:   c.business,
		Operation:  c.operation,
		Write:      c.write(),
		Method:     c.request.Method,
		Path:       mask.text(c.path),
		Query:      mask.form(c.request.URL.Query()),
		Form:       mask.form(c.form),
		UserAgent:  mask.text(c.request.UserAgent()),
		Credential: c.credential,
		TokenIn:    c.tokenIn,
	}
	if c.form == nil {
		entry.Body = mask.body(c.body)
	}
	if entry.Operation == "" {
		entry.Operation = OpUnknown
	}
	return s.log.begin(entry)
}

func readCall(platform, prefix string, w http.ResponseWriter, r *http.Request) (*call, error) {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	c := &call{
		request:  r,
		platform: platform,
		path:     strings.TrimPrefix(r.URL.Path, prefix),
		baseURL:  scheme + "://" + r.Host + prefix,
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return c, err
	}
	c.body = body
	if declared := r.Header.Get("Content-Type"); declared != "" {
		mediaType, params, err := mime.ParseMediaType(declared)
		if err != nil {
			c.mediaType, c.badBody = declared, err
			return c, nil //nolint:nilerr // the platform answers a malformed header, in its own words
		}
		c.mediaType = mediaType
		switch mediaType {
		case "application/x-www-form-urlencoded":
			c.form, c.badBody = url.ParseQuery(string(body))
		case "multipart/form-data":
			c.form, c.badBody = multipartForm(body, params["boundary"])
		default: // the platform says which other types it takes
		}
	}
	return c, nil
}

func multipartForm(body []byte, boundary string) (url.Values, error) {
	if boundary == "" {
		return nil, errors.New("multipart body without a boundary")
	}
	form, err := multipart.NewReader(bytes.NewReader(body), boundary).ReadForm(maxBody)
	if err != nil {
		return nil, err
	}
	return url.Values(form.Value), nil
}
