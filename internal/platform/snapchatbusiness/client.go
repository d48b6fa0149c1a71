package snapchatbusiness

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// version is part of every path; the API has no other versioning.
const version = "/v1"

// client makes the requests, one method each.
type client struct {
	http     *transport.Client
	base     *url.URL // what paging links are held to
	redactor *transport.Redactor
	logger   *slog.Logger // masks the credential's secrets
	now      func() time.Time
}

type clientConfig struct {
	credential credential
	tokenURL   string
	endpoint   string
	userAgent  string
	now        func() time.Time
	logger     *slog.Logger
	tune       func(*transport.Config) // see open
}

func newClient(cfg clientConfig) (*client, error) {
	cred := cfg.credential
	redactor := transport.NewRedactor(cred.accessToken.Reveal(), cred.clientSecret.Reveal(), cred.refreshToken.Reveal())
	cfg.logger = slog.New(redactor.Handler(cfg.logger.Handler()))
	c := &client{redactor: redactor, logger: cfg.logger, now: cfg.now}
	config := transport.Config{
		Platform:    Name,
		BaseURL:     cfg.endpoint,
		UserAgent:   cfg.userAgent,
		Inspect:     c.inspect,
		Redactor:    redactor,
		Limit:       callsASecond,
		Burst:       burst,
		Attempts:    attempts,
		MinBackoff:  throttleWait,
		MaxBackoff:  throttleCap,
		MinThrottle: throttleWait,
		MaxThrottle: throttleCap,
		Logger:      cfg.logger,
	}
	if cred.refreshToken != "" {
		tokens := newGrant(cfg, redactor).tokens(cred.accessToken)
		config.Authorize, config.Reauthorize = tokens.Authorize, tokens.Reauthorize
	} else {
		config.Authorize = func(_ context.Context, req *http.Request) error {
			req.Header.Set("Authorization", "Bearer "+cred.accessToken.Reveal())
			return nil
		}
	}
	if cfg.tune != nil {
		cfg.tune(&config)
	}
	var err error
	if c.http, err = transport.New(config); err != nil {
		return nil, err
	}
	c.base, err = url.Parse(strings.TrimRight(cfg.endpoint, "/"))
	return c, err
}

// writes are not sent again unless Snap certainly did not act. A second POST makes
// two of a thing, and what a second DELETE is told ("no such entity or no
// permission") no longer says whether the first one worked.
const writes = answer.Once

type request struct {
	operation string // for messages: what was being done, to whom
	effect    answer.Effect
	method    string
	path      string // below the version, ids in it escaped
	query     url.Values
	body      any
}

// me is the person the token stands for, with their seats elsewhere.
//
// API: Snap, "Authentication, Get the authenticated user", https://developers.snap.com/api/marketing-api/Ads-API/authentication
func (c *client) me(ctx context.Context) (meAnswer, error) {
	r := request{operation: "read the token's identity", path: "/me"}
	var a meAnswer
	resp, err := c.call(ctx, r, &a)
	if err != nil {
		return meAnswer{}, err
	}
	if err := c.failure(r, resp, a.envelope, kind{}, nil); err != nil {
		return meAnswer{}, err
	}
	if a.Me == nil {
		return meAnswer{}, c.bad(r, resp, "the answer names nobody")
	}
	return a, nil
}

// organizations are those the token's person belongs to.
//
// API: Snap, "Organizations, Get all organizations", https://developers.snap.com/api/marketing-api/Ads-API/organizations
func (c *client) organizations(ctx context.Context) ([]organization, error) {
	var all []organization
	// No limit goes along: the page describes the answer without paging.
	r := request{operation: "list the token's organizations", path: "/me/organizations"}
	for i, err := range c.list(ctx, r, organizations) {
		if err != nil {
			return nil, err
		}
		all = append(all, *i.Organization)
	}
	return all, nil
}

// members lists everybody with a seat or an invitation, page by page. An error
// ends the sequence.
//
// API: Snap, "Members, Get all members", https://developers.snap.com/api/marketing-api/Ads-API/members
func (c *client) members(ctx context.Context, organizationID string) iter.Seq2[member, error] {
	r := request{
		operation: "list the members of organization " + organizationID,
		path:      "/organizations/" + url.PathEscape(organizationID) + "/members", query: limit(pageSize),
	}
	return func(yield func(member, error) bool) {
		for i, err := range c.list(ctx, r, members) {
			if err != nil {
				yield(member{}, err)
				return
			}
			if !yield(*i.Member, nil) {
				return
			}
		}
	}
}

// canList reads the first of the members: the proof that the token sees them.
//
// API: as members.
func (c *client) canList(ctx context.Context, organizationID string) error {
	r := request{
		operation: "read the members of organization " + organizationID,
		path:      "/organizations/" + url.PathEscape(organizationID) + "/members", query: limit(smallestPage),
	}
	for _, err := range c.list(ctx, r, members) {
		return err
	}
	return nil
}

// member reads one seat or invitation.
//
// API: Snap, "API Patterns, Get a single entity" (unconfirmed for members),
// https://developers.snap.com/api/marketing-api/Ads-API/api-patterns
func (c *client) member(ctx context.Context, id string) (member, error) {
	r := request{operation: "read member " + id, path: "/members/" + url.PathEscape(id)}
	i, err := c.one(ctx, r, members)
	if err != nil {
		return member{}, err
	}
	return *i.Member, nil
}

// roles lists the roles of an organization, those on its ad accounts and
// catalogs among them.
//
// API: Snap, "Roles, Get all roles", https://developers.snap.com/api/marketing-api/Ads-API/roles
func (c *client) roles(ctx context.Context, organizationID string) ([]role, error) {
	return c.roleList(ctx, request{
		operation: "list the roles of organization " + organizationID,
		path:      "/organizations/" + url.PathEscape(organizationID) + "/roles", query: limit(pageSize),
	})
}

// memberRoles lists the roles of one member, those on ad accounts among them. It
// asks for no page size: that this call takes one is nowhere said.
//
// API: not on Snap's pages; public clients call it (unconfirmed).
func (c *client) memberRoles(ctx context.Context, memberID string) ([]role, error) {
	return c.roleList(ctx, request{
		operation: "list the roles of member " + memberID,
		path:      "/members/" + url.PathEscape(memberID) + "/roles",
	})
}

func (c *client) roleList(ctx context.Context, r request) ([]role, error) {
	var all []role
	for i, err := range c.list(ctx, r, roles) {
		if err != nil {
			return nil, err
		}
		all = append(all, *i.Role)
	}
	return all, nil
}

// invite makes the member. One entity a call: how many one takes is not stated.
//
// API: Snap, "Members, Create a member", https://developers.snap.com/api/marketing-api/Ads-API/members
func (c *client) invite(ctx context.Context, organizationID, email, name string) (member, error) {
	type invited struct {
		Email          string `json:"email"`
		OrganizationID string `json:"organization_id"`
		DisplayName    string `json:"display_name"`
	}
	i, err := c.one(ctx, request{
		operation: "invite " + email, effect: writes, method: http.MethodPost,
		path: "/organizations/" + url.PathEscape(organizationID) + "/members",
		body: map[string][]invited{"members": {{email, organizationID, name}}},
	}, members)
	if err != nil {
		return member{}, err
	}
	return *i.Member, nil
}

// grantRole gives a member a role on the organization, and answers its id.
//
// API: Snap, "Roles, Create a role", https://developers.snap.com/api/marketing-api/Ads-API/roles
func (c *client) grantRole(ctx context.Context, organizationID string, m hub.Member, name string) (id string, err error) {
	i, err := c.one(ctx, request{
		operation: fmt.Sprintf("give %s the role %s", m.Label(), name), effect: writes, method: http.MethodPost,
		path: "/organizations/" + url.PathEscape(organizationID) + "/roles",
		body: oneRole(role{MemberID: m.ID, OrganizationID: organizationID, ContainerKind: organizationKind, ContainerID: organizationID, Type: name}),
	}, roles)
	if err != nil {
		return "", err
	}
	return i.Role.ID, nil
}

// putRole turns a role a member has into another one.
//
// API: not on Snap's pages; a maintained client uses it (unconfirmed).
func (c *client) putRole(ctx context.Context, organizationID string, m hub.Member, old role, name string) error {
	_, err := c.one(ctx, request{
		operation: fmt.Sprintf("change the role of %s to %s", m.Label(), name), effect: writes, method: http.MethodPut,
		path: "/organizations/" + url.PathEscape(organizationID) + "/roles",
		body: oneRole(role{ID: old.ID, MemberID: m.ID, OrganizationID: organizationID, ContainerKind: organizationKind, ContainerID: organizationID, Type: name}),
	}, roles)
	return err
}

func oneRole(r role) map[string][]role { return map[string][]role{"roles": {r}} }

// deleteRole takes a role from a member.
//
// API: Snap, "Roles, Delete a role", https://developers.snap.com/api/marketing-api/Ads-API/roles
func (c *client) deleteRole(ctx context.Context, m hub.Member, r role) error {
	return c.remove(ctx, request{
		operation: fmt.Sprintf("take the role %s from %s", r.name(), m.Label()), path: "/roles/" + url.PathEscape(r.ID),
	}, roles)
}

// deleteMember takes a seat or withdraws an invitation.
//
// API: Snap, "Members, Delete a member", https://developers.snap.com/api/marketing-api/Ads-API/members
func (c *client) deleteMember(ctx context.Context, m hub.Member) error {
	return c.remove(ctx, request{operation: "remove " + m.Label(), path: "/members/" + url.PathEscape(m.ID)}, members)
}

// remove sends a DELETE. An empty list in its answer is the success.
func (c *client) remove(ctx context.Context, r request, of kind) error {
	r.effect, r.method = writes, http.MethodDelete
	var a itemAnswer
	resp, err := c.call(ctx, r, &a)
	if err != nil {
		return err
	}
	return c.failure(r, resp, a.envelope, of, of.list(&a))
}

// one sends a request about a single entity and wants that entity back: a 200,
// even a SUCCESS, without it has not said what was done.
func (c *client) one(ctx context.Context, r request, of kind) (item, error) {
	var a itemAnswer
	resp, err := c.call(ctx, r, &a)
	if err != nil {
		return item{}, err
	}
	list := of.list(&a)
	if err := c.failure(r, resp, a.envelope, of, list); err != nil {
		return item{}, err
	}
	if len(list) != 1 || of.id(list[0]) == "" {
		return item{}, c.bad(r, resp, fmt.Sprintf("the answer holds %d entities where one with an id is due", len(list)))
	}
	return list[0], nil
}

func limit(n int) url.Values { return url.Values{"limit": {strconv.Itoa(n)}} }

// list reads a list to its last page, which is the one without a next_link.
// Anything that would leave somebody out is an error: a page that is PARTIAL, an
// item that failed or has no id, a link that leads nowhere new.
func (c *client) list(ctx context.Context, r request, of kind) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		r := r
		known := r.path
		seen := map[string]bool{}  // pages
		given := map[string]bool{} // a list that changes while it is read can show a row twice
		for {
			seen[r.path+"?"+r.query.Encode()] = true
			var a itemAnswer
			resp, err := c.call(ctx, r, &a)
			if err == nil {
				err = c.failure(r, resp, a.envelope, of, of.list(&a))
			}
			if err == nil && of.list(&a) == nil {
				err = c.bad(r, resp, "the answer holds no list")
			}
			if err != nil {
				yield(item{}, err)
				return
			}
			for _, i := range of.list(&a) {
				id := of.id(i)
				if id == "" {
					yield(item{}, c.bad(r, resp, "an entry of the list has no id"))
					return
				}
				if given[id] {
					continue
				}
				given[id] = true
				if !yield(i, nil) {
					return
				}
			}
			link := a.Paging.NextLink
			if link == "" {
				return
			}
			r.path, r.query = c.follow(known, link)
			if seen[r.path+"?"+r.query.Encode()] || len(r.query) == 0 && r.path == known {
				yield(item{}, c.bad(r, resp, "Snapchat announces another page and links to none that is new, so the list cannot be read to its end"))
				return
			}
		}
	}
}

// follow reads a paging link. Its path counts only on the very host that was
// asked; of a link to anywhere else (Snap's older samples show another host, a
// proxy is not in them at all) only the query is taken, onto the path the list
// began with: the token goes nowhere because an answer says so.
func (c *client) follow(known, link string) (path string, query url.Values) {
	u, err := url.Parse(link)
	if err != nil {
		return known, nil
	}
	under := c.base.EscapedPath() + version
	if sameOrigin(u, c.base) && strings.HasPrefix(u.EscapedPath(), under+"/") {
		return strings.TrimPrefix(u.EscapedPath(), under), u.Query()
	}
	return known, u.Query()
}

func sameOrigin(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		if p := u.Port(); p != "" {
			return p
		}
		return map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

// call sends one request and decodes an answer that is a success by HTTP. Its
// errors are an *answer.Lost, a *refusal or an *answer.Bad.
func (c *client) call(ctx context.Context, r request, target any) (*transport.Response, error) {
	out := transport.Request{
		Method:     r.method,
		Path:       version + r.path,
		Query:      r.query,
		Operation:  r.operation,
		Repeatable: r.effect.Repeatable(),
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
	if resp.Status >= 200 && resp.Status <= 299 {
		if err := json.Unmarshal(resp.Body, target); err != nil {
			return nil, c.bad(r, resp, "the answer cannot be read: "+c.redactor.String(err.Error()))
		}
		return resp, nil
	}
	// A field of an unexpected type is skipped and the rest filled in; a body
	// that is no JSON fills in nothing.
	var a itemAnswer
	_ = json.Unmarshal(resp.Body, &a)
	refused := c.refusal(r, resp, a.envelope, a.Members, a.Roles, a.Organizations)
	if a.RequestStatus == "" && refused.code == "" && refused.message == "" {
		return nil, c.bad(r, resp, "the answer is not in Snapchat's form")
	}
	return nil, refused
}

// failure reads a 200 for what it says of itself: first each item, then the
// request as a whole. Nil is success.
func (c *client) failure(r request, resp *transport.Response, e envelope, of kind, items []item) error {
	failed := false
	for _, i := range items {
		failed = failed || !is(i.Status, statusSuccess) && (i.Status != "" || of.id(i) == "")
	}
	switch {
	case failed:
		return c.refusal(r, resp, e, items)
	case is(e.RequestStatus, statusSuccess):
		return nil
	case e.RequestStatus == "":
		return c.bad(r, resp, "the answer does not say whether the request succeeded")
	case is(e.RequestStatus, statusPartial) && r.effect != answer.Read && len(items) > 0:
		return nil // what is left out of one entity that succeeded is nothing of ours
	case is(e.RequestStatus, statusPartial):
		return c.bad(r, resp, "Snapchat answered with a part only")
	case is(e.RequestStatus, "ERROR") && len(items) == 0:
		return c.refusal(r, resp, e)
	default:
		return c.bad(r, resp, fmt.Sprintf("the answer has the status %q, and no item of it failed", c.redactor.String(e.RequestStatus)))
	}
}

// refusal is what Snap said against a request.
func (c *client) refusal(r request, resp *transport.Response, e envelope, lists ...[]item) *refusal {
	refused := &refusal{
		operation: r.operation, effect: r.effect, status: resp.Status, attempts: resp.Attempts, throttle: resp.Throttle,
		message: e.DisplayMessage, requestID: e.RequestID,
	}
	if refused.message == "" || refused.message == e.ErrorCode {
		refused.message = e.DebugMessage
	}
	for _, list := range lists {
		for _, i := range list {
			if text := i.text(); text != "" {
				refused.message = text
			}
		}
	}
	refused.code = errorCode(e.ErrorCode, refused.message, e.DebugMessage)
	refused.message = c.redactor.String(refused.message) // it can quote the token
	if refused.requestID == "" {
		refused.requestID = resp.RequestID()
	}
	return refused
}

func (c *client) bad(r request, resp *transport.Response, problem string) *answer.Bad {
	return answer.NewBad(c.redactor, resp, r.operation, r.effect, problem)
}
