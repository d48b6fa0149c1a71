package cerby

import (
	"cmp"
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

	"golang.org/x/time/rate"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// client makes the requests, one method each.
type client struct {
	http     *transport.Client
	redactor *transport.Redactor
}

type clientConfig struct {
	key       hub.Secret
	endpoint  string
	perMinute int
	userAgent string
	logger    *slog.Logger
	tune      func(*transport.Config) // see open
}

func newClient(cfg clientConfig) (*client, error) {
	c := &client{redactor: transport.NewRedactor(cfg.key.Reveal())}
	config := transport.Config{
		Platform:  Name,
		BaseURL:   cfg.endpoint,
		UserAgent: cfg.userAgent, // Cerby's firewall has blocked clients that do not say who they are
		Authorize: func(_ context.Context, req *http.Request) error {
			req.Header.Set("X-API-Key", cfg.key.Reveal())
			return nil
		},
		Redactor: c.redactor,
		// No burst: one request a second is what the pace stands for.
		Limit:       rate.Limit(cfg.perMinute) / 60,
		MinThrottle: throttleWait,
		MaxThrottle: throttleWait,
		Logger:      cfg.logger,
	}
	if cfg.tune != nil {
		cfg.tune(&config)
	}
	config.Inspect = inspect(config.MinThrottle)
	var err error
	c.http, err = transport.New(config)
	return c, err
}

// inspect is how transport reads an answer for trying again: a 429 that does not
// say how long takes what Cerby advises, in full.
//
// API: Cerby developer portal, "Rate limits"
func inspect(unsaid time.Duration) func(*transport.Response) transport.Verdict {
	return func(r *transport.Response) transport.Verdict {
		v := transport.ByStatus(r)
		if r.Status == http.StatusTooManyRequests && v.Wait <= 0 {
			v.Wait = unsaid
		}
		return v
	}
}

// writes go out once: Cerby has no idempotency keys, promises nothing about a
// call it throttled, and each one that arrives is a job of its own.
const writes = answer.Once

type request struct {
	operation string // for messages: what was being done, to whom
	effect    answer.Effect
	method    string
	path      string // below /api/v1; ids in it are escaped
	query     url.Values
	body      any // nil: none
}

func hubPath(hubID string, more ...string) string {
	p := "/integrations/" + url.PathEscape(hubID)
	for _, step := range more {
		p += "/" + url.PathEscape(step)
	}
	return p
}

// integration is the hub itself.
//
// API: Cerby developer portal, "Get integration"
func (c *client) integration(ctx context.Context, hubID string) (integration, error) {
	var a one[integration]
	r := request{operation: "read hub " + hubID, path: hubPath(hubID)}
	got, err := c.call(ctx, r, &a)
	if err == nil && a.Data.ID != hubID {
		err = got.bad(r, fmt.Sprintf("the answer is about hub %q", a.Data.ID))
	}
	return a.Data, err
}

// integrations lists the hubs that the key sees.
//
// API: Cerby developer portal, "List integrations"
func (c *client) integrations(ctx context.Context) ([]integration, error) {
	return list[integration](ctx, c, request{operation: "list the key's hubs", path: "/integrations"})
}

// keyWorks says whether the key is good for anything: that it may list hubs is
// the least it needs.
//
// API: Cerby developer portal, "List integrations"
func (c *client) keyWorks(ctx context.Context) bool {
	var p page[integration]
	_, err := c.call(ctx, request{operation: "try the API key", path: "/integrations", query: firstRow()}, &p)
	return err == nil && p.Data != nil
}

// canList reads one row off the list of members: the proof that the key sees
// them.
//
// API: as members.
func (c *client) canList(ctx context.Context, hubID string) error {
	var p page[member]
	r := request{operation: "read the members of hub " + hubID, path: hubPath(hubID, "users"), query: firstRow()}
	got, err := c.call(ctx, r, &p)
	if err == nil && p.Data == nil {
		err = got.bad(r, problemNoList)
	}
	return err
}

// members lists whom Cerby has matched to somebody of the workspace.
//
// API: Cerby developer portal, "List integration users"
func (c *client) members(ctx context.Context, hubID string) ([]member, error) {
	return list[member](ctx, c, request{operation: "list the members of hub " + hubID, path: hubPath(hubID, "users")})
}

// member reads one of them.
//
// API: Cerby developer portal, "Get integration user"
func (c *client) member(ctx context.Context, hubID, userID string) (member, error) {
	var a one[member]
	r := request{operation: "look up user " + userID, path: hubPath(hubID, "users", userID)}
	got, err := c.call(ctx, r, &a)
	if err == nil && a.Data.ID != userID {
		err = got.bad(r, fmt.Sprintf("the answer is about user %q", a.Data.ID))
	}
	return a.Data, err
}

// unmatched lists whom Cerby found in the app and could not match. Its error is
// errNoUnmatched when Cerby does not show them to this key: the endpoint is
// unconfirmed, and then nobody knows whether there are any.
//
// API: Cerby developer portal, changelog of 2026-03-31
func (c *client) unmatched(ctx context.Context, hubID string) ([]unmatched, error) {
	people, err := list[unmatched](ctx, c, request{operation: "list the unmatched users of hub " + hubID, path: hubPath(hubID, "unmatched-users")})
	return people, hidden(err)
}

// canListUnmatched is canList for them.
//
// API: as unmatched.
func (c *client) canListUnmatched(ctx context.Context, hubID string) error {
	var p page[unmatched]
	_, err := c.call(ctx, request{operation: "read the unmatched users of hub " + hubID, path: hubPath(hubID, "unmatched-users"), query: firstRow()}, &p)
	return hidden(err)
}

var errNoUnmatched = errors.New("no list of the people whom Cerby could not match")

// hidden turns Cerby's no to the list of unmatched users into errNoUnmatched. So
// does an answer that only says that the call was meant to look otherwise.
func hidden(err error) error {
	var e *refusal
	var bad *answer.Bad
	status := 0
	switch {
	case errors.As(err, &e):
		status = e.status
	case errors.As(err, &bad):
		status = bad.Status // a page of a web server that knows no such path
	}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusBadRequest, http.StatusMethodNotAllowed:
		return fmt.Errorf("%w: %w", errNoUnmatched, err)
	default:
		return err
	}
}

// entitlements lists the roles of the hub's app, all of them at once.
//
// API: Cerby developer portal, "List integration entitlements"
func (c *client) entitlements(ctx context.Context, hubID string) ([]entitlement, error) {
	var p page[entitlement]
	r := request{operation: "list the roles of hub " + hubID, path: hubPath(hubID, "entitlements")}
	got, err := c.call(ctx, r, &p)
	if err == nil && p.Data == nil {
		err = got.bad(r, problemNoList)
	}
	return p.Data, err
}

// users searches the workspace. The filter is for names and addresses alike and
// matches parts of them, so it takes a look at each who comes back.
//
// API: Cerby developer portal, "List users"
func (c *client) users(ctx context.Context, email string) ([]user, error) {
	return list[user](ctx, c, request{operation: "find " + email + " in the workspace", path: "/users", query: url.Values{"filter": {email}}})
}

// invite asks for somebody to get a seat. One person for each call: so each has
// a job, and an error, of their own. A collaborator logs in to the app; an owner
// would manage the hub in Cerby.
//
// API: Cerby developer portal, "Invite users to integration"
func (c *client) invite(ctx context.Context, hubID, userID, email string, roles []string) (string, error) {
	return c.start(ctx, request{
		operation: "add " + email, method: http.MethodPost, path: hubPath(hubID, "users"),
		body: inviteBody{inviteData{Type: "invite_tenant_users", Attributes: inviteAttributes{
			Role: "account_collaborator", Entitlements: refs(roles), UserIDs: []string{userID},
		}}},
	})
}

// replaceRoles asks for roles to be all that somebody holds.
//
// API: Cerby developer portal, "Update integration user"
func (c *client) replaceRoles(ctx context.Context, hubID string, m hub.Member, roles []string) (string, error) {
	return c.start(ctx, request{
		operation: "change the roles of " + m.Label(), method: http.MethodPatch, path: hubPath(hubID, "users", m.ID),
		body: replaceBody{replaceData{Type: "update_user_entitlement", Attributes: entitlements{refs(roles)}}},
	})
}

// editRoles asks for roles to be given and taken, and the others to stay.
//
// API: Cerby developer portal, "Add or remove integration user entitlements"
func (c *client) editRoles(ctx context.Context, hubID string, m hub.Member, add, remove []string) (string, error) {
	var data editData
	if len(add) > 0 {
		data.Add = &entitlements{refs(add)}
	}
	if len(remove) > 0 {
		data.Remove = &entitlements{refs(remove)}
	}
	return c.start(ctx, request{
		operation: "change the roles of " + m.Label(), method: http.MethodPatch, path: hubPath(hubID, "users", m.ID, "entitlements"),
		body: editBody{data},
	})
}

// remove asks for somebody to lose the seat, and the place on the hub.
//
// API: Cerby developer portal, "Remove integration user"
func (c *client) remove(ctx context.Context, hubID string, m hub.Member) (string, error) {
	return c.start(ctx, request{operation: "remove " + m.Label(), method: http.MethodDelete, path: hubPath(hubID, "users", m.ID)})
}

// start sends a write. Cerby answers with the job it made of it, and has not
// done anything yet.
func (c *client) start(ctx context.Context, r request) (string, error) {
	r.effect = writes
	var a one[struct {
		ID string `json:"id"`
	}]
	got, err := c.call(ctx, r, &a)
	if err == nil && a.Data.ID == "" {
		err = got.bad(r, "the answer names no job")
	}
	return a.Data.ID, err
}

// job looks at a job.
//
// API: Cerby developer portal, "Get job"
func (c *client) job(ctx context.Context, id string) (job, *response, error) {
	var a one[job]
	r := request{operation: "look at job " + id, path: "/jobs/" + url.PathEscape(id)}
	got, err := c.call(ctx, r, &a)
	if err == nil && (a.Data.ID != id || a.Data.Attributes.Status == "") {
		err = got.bad(r, fmt.Sprintf("the answer is about job %q in status %q", a.Data.ID, a.Data.Attributes.Status))
	}
	return a.Data, got, err
}

const problemNoList = "the answer holds no list"

func firstRow() url.Values {
	return url.Values{"page[number]": {"1"}, "page[size]": {"1"}}
}

// keyed is a row that can be told from another.
type keyed interface{ key() string }

// list reads a list to its end, each row once. Cerby's pages are counted, so
// somebody who comes or goes meanwhile moves a row over the edge of a page: a
// list that does not hold as many rows as Cerby says is read once more, and is
// an error when it still does not.
//
// API: Cerby developer portal, "Pagination"
func list[T keyed](ctx context.Context, c *client, r request) ([]T, error) {
	for again := false; ; again = true {
		w := walk[T]{seen: map[string]bool{}}
		got, err := w.read(ctx, c, r)
		switch {
		case err != nil:
			return nil, err
		case w.whole():
			return w.rows, nil
		case again:
			return nil, got.bad(r, w.problem())
		}
	}
}

// walk is one reading of a list.
type walk[T keyed] struct {
	rows    []T
	seen    map[string]bool
	total   *int   // as the last page tells it
	stopped string // why it was not followed to its end
}

func (w *walk[T]) whole() bool {
	if w.total == nil {
		return w.stopped == ""
	}
	return len(w.rows) == *w.total
}

func (w *walk[T]) problem() string {
	counts := "and does not say how many rows there are"
	if w.total != nil {
		counts = fmt.Sprintf("%d different rows were read, and Cerby counts %d", len(w.rows), *w.total)
	}
	if w.stopped == "" {
		return counts
	}
	return w.stopped + ", " + counts
}

func (w *walk[T]) read(ctx context.Context, c *client, r request) (*response, error) {
	query := url.Values{}
	maps.Copy(query, r.query)
	query.Set("page[number]", "1")
	query.Set("page[size]", strconv.Itoa(pageSize))
	asked := map[string]bool{}
	size := 0
	for n := 1; ; n++ {
		asked[query.Encode()] = true
		r.query = query
		var p page[T]
		got, err := c.call(ctx, r, &p)
		if err != nil {
			return nil, err
		}
		w.total = p.Meta.Page.Total
		switch {
		case p.Data == nil:
			return nil, got.bad(r, problemNoList)
		case p.Links == nil && w.total == nil:
			return nil, got.bad(r, "the answer does not say whether the list goes on")
		}
		before := len(w.rows)
		for _, row := range p.Data {
			if key := row.key(); key == "" || !w.seen[key] {
				w.seen[key] = true
				w.rows = append(w.rows, row)
			}
		}
		if p.Links == nil || p.Links.Next == "" {
			return got, nil
		}
		if n == 1 {
			size = len(p.Data) // Cerby's, where it gives fewer than it was asked for
		}
		if query, err = nextPage(r.path, p.Links.Next); err != nil {
			return nil, got.bad(r, err.Error())
		}
		switch {
		case len(p.Data) == 0:
			w.stopped = "an empty page says that the list goes on"
		case asked[query.Encode()]:
			w.stopped = "Cerby leads back to a page that was read"
		case w.total != nil && n > (*w.total+size-1)/size:
			w.stopped = fmt.Sprintf("the list goes on after %d pages", n)
		case w.total == nil && len(w.rows) == before:
			w.stopped = "a page brings nobody new"
		default:
			continue
		}
		return got, nil
	}
}

// nextPage reads a link to another page of the list at path. Links begin at the
// host, which may be another one here and under another path where a proxy
// stands between: the query is all that is taken from them.
func nextPage(path, link string) (url.Values, error) {
	u, err := url.Parse(link)
	if err != nil || !strings.HasSuffix(u.EscapedPath(), path) {
		return nil, errors.New("the link to the next page leads to another list")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("the link to the next page cannot be read")
	}
	return query, nil
}

// call sends one request and decodes its answer into target. Its errors are an
// *answer.Lost, a *refusal or an *answer.Bad.
func (c *client) call(ctx context.Context, r request, target any) (*response, error) {
	out := transport.Request{
		Method:     r.method,
		Path:       r.path,
		Query:      r.query,
		Operation:  r.operation,
		Repeatable: r.effect.Repeatable(),
		Once:       r.effect == writes,
	}
	if r.body != nil {
		body, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.operation, err)
		}
		out.Body = body
	}

	resp, err := c.http.Do(ctx, out)
	if err != nil {
		return nil, &answer.Lost{Effect: r.effect, Ended: ctx.Err(), Cause: err}
	}
	got := &response{Response: resp, redactor: c.redactor}
	if resp.Status < 200 || resp.Status > 299 {
		return nil, got.refusal(r)
	}
	if err := json.Unmarshal(resp.Body, target); err != nil {
		return nil, got.bad(r, "the answer cannot be read: "+err.Error())
	}
	return got, nil
}

// response is an answer of Cerby's with what it takes to quote it.
type response struct {
	*transport.Response
	redactor *transport.Redactor
}

func (a *response) bad(r request, problem string) error {
	return answer.NewBad(a.redactor, a.Response, r.operation, r.effect, a.redactor.String(problem)) // it may quote the answer
}

// refusal is what an answer that is not 2xx amounts to. Without Cerby's own
// words its status has to do, but for the ones a web server gives of itself: a
// page that is not there says nothing of a person who is not.
func (a *response) refusal(r request) error {
	e := errorIn(a.Body)
	empty := len(strings.TrimSpace(string(a.Body))) == 0
	switch {
	case e != nil, a.Status == http.StatusForbidden:
	case a.Status < 400, a.Status >= 500, a.Status == http.StatusNotFound && !empty:
		return a.bad(r, "the answer is not in Cerby's form")
	}
	out := &refusal{
		operation: r.operation, effect: r.effect, status: a.Status, code: a.redactor.String(statusCode(a.Status, e)),
		attempts: a.Attempts, throttle: a.Throttle, requestID: a.RequestID(),
		blocked: e == nil && a.Status == http.StatusForbidden,
	}
	if e != nil {
		out.message = a.redactor.String(string(cmp.Or(e.Detail, e.Title)))
		for _, step := range e.loc() {
			out.loc = append(out.loc, a.redactor.String(step))
		}
	} else {
		out.message = answer.Excerpt(a.redactor, a.Body)
	}
	return out
}
