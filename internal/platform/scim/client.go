package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// client makes the requests, one method each.
type client struct {
	http     *transport.Client
	redactor *transport.Redactor
	profile  profile
	host     string // of base_url: SCIM has no name for an app
}

type clientConfig struct {
	token     hub.Secret
	baseURL   string
	userAgent string // GitHub answers nobody who has none
	profile   profile
	logger    *slog.Logger
	tune      func(*transport.Config) // see open
}

const (
	contentType = "application/scim+json; charset=utf-8"
	accept      = "application/scim+json, application/json;q=0.9"

	// attempts and the waits after a 429 that does not say how long are the
	// contract's (section 11).
	attempts     = 6
	throttleWait = time.Second
	throttleCap  = time.Minute
)

func newClient(cfg clientConfig) (*client, error) {
	c := &client{redactor: transport.NewRedactor(cfg.token.Reveal()), profile: cfg.profile}
	config := transport.Config{
		Platform:  Name,
		BaseURL:   cfg.baseURL,
		UserAgent: cfg.userAgent,
		Header:    http.Header{"Accept": {accept}},
		Authorize: func(_ context.Context, req *http.Request) error {
			req.Header.Set("Authorization", "Bearer "+cfg.token.Reveal())
			return nil
		},
		Redactor:    c.redactor,
		Limit:       cfg.profile.limit,
		Burst:       cfg.profile.burst,
		Attempts:    attempts,
		MinThrottle: throttleWait,
		MaxThrottle: throttleCap,
		Logger:      cfg.logger,
	}
	if cfg.tune != nil {
		cfg.tune(&config)
	}
	var err error
	if c.http, err = transport.New(config); err != nil {
		return nil, err
	}
	base, err := url.Parse(cfg.baseURL)
	if err != nil {
		return nil, err
	}
	c.host = base.Host
	return c, nil
}

// request is one call. A POST or PATCH goes out once: what an app does with the
// second one is its own affair (contract section 9).
type request struct {
	operation string // for messages: what was being done, to whom
	effect    answer.Effect
	task      hub.TaskKind // what the write is for, "" for reads
	method    string
	path      string
	query     url.Values
	version   string // for If-Match
	body      any    // nil: none
}

func userPath(id string) string  { return "/Users/" + url.PathEscape(id) }
func groupPath(id string) string { return "/Groups/" + url.PathEscape(id) }

// hints reads what the app says of itself. An app that has no such endpoint, or
// answers nonsense there, says nothing; only one that cannot be reached, or
// speaks another version, is an error.
//
// API: RFC 7644, "Service Provider Configuration Endpoints", section 4
func (c *client) hints(ctx context.Context) (hints, error) {
	h := defaultHints
	r := request{operation: "read what the app supports", path: "/ServiceProviderConfig"}
	got, err := c.call(ctx, r)
	var refused *refusal
	switch {
	case errors.As(err, &refused) && refused.status != http.StatusTooManyRequests:
		return h, nil
	case errors.As(err, new(*answer.Bad)):
		return h, nil
	case err != nil:
		return h, err
	}
	switch err := json.Unmarshal(got.Body, &h); {
	case errors.Is(err, errVersion):
		return h, c.version1()
	case err != nil:
		return defaultHints, nil //nolint:nilerr // every field is a hint, and so is the whole
	}
	return h, nil
}

func (c *client) version1() error {
	return answer.Refuse(hub.ReasonUnsupported,
		"The API at base_url speaks SCIM 1.1, and roster speaks SCIM 2.0. Set base_url to the app's SCIM 2.0 address; it often ends in /v2.")
}

// users lists the users that the filter finds, all of them when it is "".
//
// API: RFC 7644, "Query Resources", section 3.4.2
func (c *client) users(ctx context.Context, what, filter string, count int) ([]user, error) {
	return list[user](ctx, c, request{operation: what, path: "/Users", query: filterQuery(filter)}, count)
}

// groups lists the groups that the filter finds, all of them when it is "".
//
// API: RFC 7644, "Query Resources", section 3.4.2
func (c *client) groups(ctx context.Context, what, filter string, count int) ([]group, error) {
	return list[group](ctx, c, request{operation: what, path: "/Groups", query: filterQuery(filter)}, count)
}

func filterQuery(filter string) url.Values {
	if filter == "" {
		return nil
	}
	return url.Values{"filter": {filter}}
}

// serves reads one row of the users: the proof that there is a list of users
// here, and that the credential sees it.
//
// API: as users.
func (c *client) serves(ctx context.Context) error {
	r := request{operation: "read the users", path: "/Users"}
	_, _, err := c.page(ctx, r, c.position(place{start: 1}, 1))
	return err
}

// user reads one user.
//
// API: RFC 7644, "Retrieving a Known Resource", section 3.4.1
func (c *client) user(ctx context.Context, id string) (user, error) {
	var u user
	r := request{operation: "read user " + id, path: userPath(id)}
	got, err := c.call(ctx, r)
	if err != nil {
		return u, err
	}
	if err := got.decode(r, &u); err != nil {
		return u, err
	}
	if u.ID != id {
		return u, got.bad(r, "the answer is about somebody nobody asked for")
	}
	u.etag = got.Header.Get("ETag")
	return u, nil
}

// group reads one group with its members.
//
// API: RFC 7644, "Retrieving a Known Resource", section 3.4.1
func (c *client) group(ctx context.Context, id string) (group, error) {
	var g group
	r := request{operation: "read group " + id, path: groupPath(id)}
	got, err := c.call(ctx, r)
	if err != nil {
		return g, err
	}
	if err := got.decode(r, &g); err != nil {
		return g, err
	}
	if g.ID != id {
		return g, got.bad(r, "the answer is about a group nobody asked for")
	}
	g.etag = got.Header.Get("ETag")
	return g, nil
}

// create makes an account. It returns the user as the app shows it, perhaps no
// more than an id, perhaps nothing: some answer without a body.
//
// API: RFC 7644, "Creating Resources", section 3.3
func (c *client) create(ctx context.Context, u newUser) (user, error) {
	var made user
	r := request{operation: "add " + u.UserName, effect: answer.Once, task: hub.TaskAdd, method: http.MethodPost, path: "/Users", body: u}
	got, err := c.call(ctx, r)
	if err != nil {
		return made, err
	}
	if len(bytes.TrimSpace(got.Body)) == 0 {
		made.ID = idIn(got.Header.Get("Location"))
		return made, nil
	}
	err = got.decode(r, &made)
	return made, err
}

// idIn is the id in the address of a user, "" when it is not one.
func idIn(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return ""
	}
	_, escaped, found := strings.Cut(u.EscapedPath(), "/Users/")
	id, err := url.PathUnescape(escaped)
	if err != nil || !found || strings.Contains(escaped, "/") {
		return ""
	}
	return id
}

// patchUser changes a user with operations of which all or none take effect.
// What became of it is for a read to say: some apps answer yes and change
// nothing.
//
// API: RFC 7644, "Modifying with PATCH", section 3.5.2
func (c *client) patchUser(ctx context.Context, task hub.TaskKind, what, id, version string, ops []operation) error {
	_, err := c.call(ctx, request{
		operation: what, effect: answer.Once, task: task, method: http.MethodPatch, path: userPath(id),
		version: version, body: patchBody{Schemas: []string{schemaPatch}, Operations: ops},
	})
	return err
}

// putUser replaces a user. What body leaves out, the app may clear.
//
// API: RFC 7644, "Replacing with PUT", section 3.5.1
func (c *client) putUser(ctx context.Context, task hub.TaskKind, what, id, version string, body object) error {
	_, err := c.call(ctx, request{
		operation: what, effect: answer.Write, task: task, method: http.MethodPut, path: userPath(id),
		version: version, body: body,
	})
	return err
}

// deleteUser deletes a user, which may mean less than it says.
//
// API: RFC 7644, "Deleting Resources", section 3.6
func (c *client) deleteUser(ctx context.Context, what, id string) error {
	_, err := c.call(ctx, request{operation: what, effect: answer.Write, task: hub.TaskRemove, method: http.MethodDelete, path: userPath(id)})
	return err
}

// patchGroup changes the members of a group.
//
// API: RFC 7644, "Modifying with PATCH", section 3.5.2
func (c *client) patchGroup(ctx context.Context, what, id, version string, op operation) error {
	_, err := c.call(ctx, request{
		operation: what, effect: answer.Once, task: hub.TaskChangeRole, method: http.MethodPatch, path: groupPath(id),
		version: version, body: patchBody{Schemas: []string{schemaPatch}, Operations: []operation{op}},
	})
	return err
}

// place is where the next page of a list begins.
type place struct {
	start  int // counts items, from 1
	cursor string
}

// position asks for a page.
func (c *client) position(at place, count int) url.Values {
	q := url.Values{"count": {strconv.Itoa(count)}}
	if c.profile.cursor {
		q.Set("cursor", at.cursor)
	} else {
		q.Set("startIndex", strconv.Itoa(at.start))
	}
	return q
}

// page reads one page.
func (c *client) page(ctx context.Context, r request, position url.Values) (page, *response, error) {
	var p page
	r.query = maps.Clone(r.query)
	if r.query == nil {
		r.query = url.Values{}
	}
	maps.Copy(r.query, position)
	got, err := c.call(ctx, r)
	if err != nil {
		return p, nil, err
	}
	err = got.decode(r, &p)
	if errors.Is(err, errVersion) {
		err = c.version1()
	}
	return p, got, err
}

const (
	// readings is how often a list is read whose pages contradict one another:
	// pages are counted from the front, so whoever leaves while they are read
	// makes somebody else slip through.
	readings = 3
	// mostPages is far beyond any app, and ends a list that would not.
	mostPages = 10_000
)

// list reads a list to its end and returns each resource once. Anything that
// would end it early is an error: somebody missing would be taken for removed.
//
// API: RFC 7644, "Pagination", section 3.4.2.4
func list[T any](ctx context.Context, c *client, r request, count int) ([]T, error) {
	var before reading
	for n := range readings {
		now, err := c.read(ctx, r, count)
		if err != nil {
			return nil, err
		}
		// The same shortfall twice, with every row received: the app counts some
		// people twice, and nobody is missing.
		counted := n > 0 && now.received >= now.total && len(now.items) == len(before.items) && now.total == before.total
		if !now.moved && (now.total <= len(now.items) || counted) {
			return decodeAll[T](now, r)
		}
		before = now
	}
	return nil, before.last.bad(r, fmt.Sprintf("it says that there are %d, and lists %d, however often it is read", before.total, len(before.items)))
}

func decodeAll[T any](from reading, r request) ([]T, error) {
	all := make([]T, len(from.items))
	for i, item := range from.items {
		if err := json.Unmarshal(item, &all[i]); err != nil {
			return nil, from.last.bad(r, "a row cannot be read: "+err.Error())
		}
	}
	return all, nil
}

// reading is a list read once.
type reading struct {
	items    []json.RawMessage // each id once
	received int               // rows, repeated ones too
	total    int               // as the app says, 0 when it does not say or says the size of a page
	moved    bool              // the total changed between two pages
	last     *response
}

// read reads a list once, page by page. It advances by what was received, not by
// what was asked for: apps have caps of their own.
func (c *client) read(ctx context.Context, r request, count int) (reading, error) {
	var all reading
	seen := map[string]bool{}
	at, first := place{start: 1}, 0
	complete := false // for all that is known; the next page is to make sure
	for range mostPages {
		p, got, err := c.page(ctx, r, c.position(at, count))
		if refused := (*refusal)(nil); complete && errors.As(err, &refused) && (refused.status == http.StatusBadRequest || refused.status == http.StatusNotFound) {
			return all, nil // beyond the end
		}
		if err != nil {
			return all, err
		}
		all.last = got
		fresh, n := 0, len(p.items)
		for _, item := range p.items {
			var o object
			if json.Unmarshal(item, &o) != nil || o.text("id") == "" {
				return all, got.bad(r, "a row has no id")
			}
			if id := o.text("id"); !seen[id] {
				seen[id] = true
				all.items = append(all.items, item)
				fresh++
			}
		}
		all.received += n
		if at.start == 1 {
			first = n
		}
		at.start += n
		// A total of exactly this page's size is no total on some apps.
		if p.total > n {
			all.moved = all.moved || all.total > 0 && all.total != p.total
			all.total = p.total
		}

		if c.profile.cursor {
			switch {
			case p.nextCursor == "":
				return all, nil
			case p.nextCursor == at.cursor:
				return all, got.bad(r, "it gives the same cursor again, so the list cannot be read to its end")
			}
			at.cursor = p.nextCursor
			continue
		}
		switch {
		case n == 0:
			return all, nil
		case fresh == 0 && all.total > len(all.items):
			return all, got.bad(r, "it gives the same page again, so the list cannot be read to its end")
		case fresh == 0:
			return all, nil
		case p.total > n:
			if all.received >= p.total {
				return all, nil
			}
			complete = false
		case p.total < n, n == count, all.received > n && n >= first:
			// No total, or one that may be no more than this page's size: there may
			// be another page behind this one.
			complete = true
		default:
			return all, nil
		}
	}
	return all, all.last.bad(r, "the list does not end")
}

// call sends one request. Its errors are an *answer.Lost, a *refusal or an
// *answer.Bad.
func (c *client) call(ctx context.Context, r request) (*response, error) {
	out := transport.Request{
		Method:     r.method,
		Path:       r.path,
		Query:      r.query,
		Operation:  r.operation,
		Repeatable: r.effect.Repeatable(),
	}
	if r.version != "" {
		out.Header = http.Header{"If-Match": {r.version}}
	}
	if r.body != nil {
		body, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.operation, err)
		}
		out.Body, out.ContentType = body, contentType
	}
	resp, err := c.http.Do(ctx, out)
	if err != nil {
		return nil, &answer.Lost{Effect: r.effect, Ended: ctx.Err(), Cause: err}
	}
	got := &response{Response: resp, redactor: c.redactor}
	if resp.Status < 200 || resp.Status > 299 {
		return nil, got.refusal(r)
	}
	if got.markup() {
		return nil, got.bad(r, "the answer is a web page")
	}
	return got, nil
}

// response is an answer of the app's with what it takes to quote it.
type response struct {
	*transport.Response
	redactor *transport.Redactor
}

// markup says that the body is a web page, whatever its type says: an app's
// sign-in page, a proxy's error.
func (a *response) markup() bool {
	return bytes.HasPrefix(bytes.TrimSpace(a.Body), []byte("<"))
}

func (a *response) decode(r request, target any) error {
	err := json.Unmarshal(a.Body, target)
	if err == nil || errors.Is(err, errVersion) {
		return err
	}
	return a.bad(r, "the answer cannot be read: "+a.redactor.String(err.Error()))
}

func (a *response) bad(r request, problem string) error {
	return answer.NewBad(a.redactor, a.Response, r.operation, r.effect, problem)
}

// refusal reads an answer that is not 2xx. Whose web page a page is, only its
// status can tell, and "not there" is nothing to believe of one.
func (a *response) refusal(r request) error {
	found, ok := problemIn(a.Body)
	if a.markup() && (a.Status < 400 || a.Status == http.StatusNotFound || a.Status == http.StatusGone || a.Status >= 500) {
		return a.bad(r, "the answer is a web page")
	}
	e := &refusal{
		operation: r.operation, effect: r.effect, task: r.task,
		status: a.Status, attempts: a.Attempts, throttle: a.Throttle, requestID: a.RequestID(),
		kind: found.kind, message: a.redactor.String(found.message),
	}
	if !ok || e.message == "" {
		e.message = answer.Excerpt(a.redactor, a.Body)
	}
	return e
}
