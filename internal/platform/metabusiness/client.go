package metabusiness

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// What is asked of a seat and of an invitation. tasks is left out: it is in
// Meta's SDK and not on its pages, and an unknown field fails the whole call.
const (
	personFields     = "id,name,email,role,finance_permission,ip_permission"
	invitationFields = "id,email,role,status,created_time,expiration_time,finance_role,ip_role"
)

// client makes the requests, one method each.
type client struct {
	http     *transport.Client
	redactor *transport.Redactor
	version  string
	proof    hub.Secret // appsecret_proof, empty without an app secret
}

type clientConfig struct {
	token     hub.Secret
	appSecret hub.Secret
	version   string
	endpoint  string
	userAgent string
	logger    *slog.Logger
	tune      func(*transport.Config) // see open
}

func newClient(cfg clientConfig) (*client, error) {
	c := &client{version: cfg.version, redactor: transport.NewRedactor(cfg.token.Reveal())}
	if secret := cfg.appSecret.Reveal(); secret != "" {
		c.proof = appSecretProof(cfg.appSecret, cfg.token)
		c.redactor.Add(secret)
		c.redactor.Add(c.proof.Reveal())
	}
	config := transport.Config{
		Platform:  Name,
		BaseURL:   cfg.endpoint,
		UserAgent: cfg.userAgent,
		// A header, never a parameter: URLs end up in logs on the way.
		Authorize: func(_ context.Context, req *http.Request) error {
			req.Header.Set("Authorization", "Bearer "+cfg.token.Reveal())
			return nil
		},
		Inspect:     inspect,
		Redactor:    c.redactor,
		MinThrottle: throttleWait,
		MaxThrottle: throttleCap,
		Logger:      cfg.logger,
	}
	if cfg.tune != nil {
		cfg.tune(&config)
	}
	var err error
	c.http, err = transport.New(config)
	return c, err
}

// appSecretProof shows that the caller holds the app's secret as well as the
// token.
//
// API: Meta, "Securing Graph API Calls", https://developers.facebook.com/docs/graph-api/guides/secure-requests
func appSecretProof(appSecret, token hub.Secret) hub.Secret {
	mac := hmac.New(sha256.New, []byte(appSecret.Reveal()))
	mac.Write([]byte(token.Reveal()))
	return hub.Secret(hex.EncodeToString(mac.Sum(nil)))
}

// invites is a write that goes out once: the person would get a second e-mail.
const invites = answer.Once

type request struct {
	operation string // for messages: what was being done, to whom
	effect    answer.Effect
	method    string
	path      string // below the version; ids in it are digits or escaped
	params    url.Values
}

// me is who the token stands for.
//
// API: Meta, "User" and "System User", https://developers.facebook.com/docs/graph-api/reference/user
func (c *client) me(ctx context.Context) (node, error) {
	var n node
	err := c.call(ctx, request{
		operation: "read the token's identity", path: "/me", params: url.Values{"fields": {"id,name"}},
	}, &n)
	return n, err
}

// permissions says whether the token carries business_management.
//
// API: Meta, "User Permissions", https://developers.facebook.com/docs/graph-api/reference/user/permissions
func (c *client) permissions(ctx context.Context) (granted bool, err error) {
	var p page[permission]
	err = c.call(ctx, request{operation: "read the token's permissions", path: "/me/permissions"}, &p)
	for _, one := range p.Data {
		if one.Permission == "business_management" && one.Status == "granted" {
			return true, err
		}
	}
	return false, err
}

// business reads the hub itself. Its fields beyond the name are there to tell a
// business from other objects.
//
// API: Meta, "Business", https://developers.facebook.com/docs/marketing-api/reference/business
func (c *client) business(ctx context.Context, id string) (business, error) {
	var b business
	err := c.call(ctx, request{
		operation: "read business " + id, path: "/" + url.PathEscape(id),
		params: url.Values{"fields": {"id,name,verification_status,two_factor_type"}},
	}, &b)
	return b, err
}

// businesses lists the businesses that the token sees, page by page. An error
// ends the sequence.
//
// API: Meta, "User, Businesses", https://developers.facebook.com/docs/graph-api/reference/user/businesses
func (c *client) businesses(ctx context.Context) iter.Seq2[node, error] {
	return list[node](ctx, c, "list the token's businesses", "/me/businesses", url.Values{"fields": {"id,name"}})
}

// seats are the token's own seats on all its businesses.
//
// API: Meta, "Business Users", https://developers.facebook.com/docs/graph-api/reference/user/business_users
func (c *client) seats(ctx context.Context) ([]seat, error) {
	const fields = "id,business{id}"
	var own ownSeats
	err := c.call(ctx, request{
		operation: "read the token's own seats", path: "/me", params: url.Values{"fields": {"business_users{" + fields + "}"}},
	}, &own)
	if err != nil || own.BusinessUsers == nil {
		return nil, err
	}
	seats := own.BusinessUsers.Data
	if own.BusinessUsers.Paging.Next == "" {
		return seats, nil
	}
	// Agencies have more businesses than one embedded page holds. Read the edge
	// itself then; a seat overlooked is a lockout not warned of.
	seats = nil
	for s, err := range list[seat](ctx, c, "read the token's own seats", "/me/business_users", url.Values{"fields": {fields}}) {
		if err != nil {
			return nil, err
		}
		seats = append(seats, s)
	}
	return seats, nil
}

// people lists who has a seat, page by page. An error ends the sequence.
//
// API: Meta, "Business, Business Users", https://developers.facebook.com/docs/marketing-api/reference/business/business_users
func (c *client) people(ctx context.Context, businessID string) iter.Seq2[person, error] {
	return list[person](ctx, c, "list business_users of "+businessID,
		"/"+url.PathEscape(businessID)+"/business_users", url.Values{"fields": {personFields}})
}

// canList reads one name off the list of people: the proof that the credential
// sees them.
//
// API: as people.
func (c *client) canList(ctx context.Context, businessID string) error {
	var p page[node]
	err := c.call(ctx, request{
		operation: "read business_users of " + businessID, path: "/" + url.PathEscape(businessID) + "/business_users",
		params: url.Values{"fields": {"id"}, "limit": {"1"}},
	}, &p)
	if err == nil && p.Data == nil {
		return &answer.Bad{Operation: "read business_users of " + businessID, Status: http.StatusOK, Problem: "the answer holds no list"}
	}
	return err
}

// invitations lists the invitations not accepted yet, those to one address when
// email is given.
//
// API: Meta, "Business, Pending Users", https://developers.facebook.com/docs/marketing-api/reference/business/pending_users
func (c *client) invitations(ctx context.Context, businessID, email string) iter.Seq2[invitation, error] {
	params := url.Values{"fields": {invitationFields}}
	if email != "" {
		params.Set("email", email)
	}
	return list[invitation](ctx, c, "list pending_users of "+businessID,
		"/"+url.PathEscape(businessID)+"/pending_users", params)
}

// person reads one seat, with the business it is a seat of.
//
// API: Meta, "Business User", https://developers.facebook.com/docs/marketing-api/reference/business-user
func (c *client) person(ctx context.Context, id string) (person, error) {
	var p person
	err := c.call(ctx, request{
		operation: "read business user " + id, path: "/" + url.PathEscape(id),
		params: url.Values{"fields": {personFields + ",business"}},
	}, &p)
	return p, err
}

// invitation reads one invitation, with the business it is to.
//
// API: Meta, "Business Role Request", https://developers.facebook.com/docs/marketing-api/reference/business-role-request
func (c *client) invitation(ctx context.Context, id string) (invitation, error) {
	var i invitation
	err := c.call(ctx, request{
		operation: "read invitation " + id, path: "/" + url.PathEscape(id),
		params: url.Values{"fields": {invitationFields + ",owner"}},
	}, &i)
	return i, err
}

// invite sends the invitation e-mail. The role always goes along: what Meta
// gives without one is unconfirmed.
//
// API: Meta, "Business, Business Users, Creating", https://developers.facebook.com/docs/marketing-api/reference/business/business_users
func (c *client) invite(ctx context.Context, businessID, email, role string) error {
	return c.write(ctx, request{
		operation: "invite " + email, effect: invites, method: http.MethodPost,
		path:   "/" + url.PathEscape(businessID) + "/business_users",
		params: url.Values{"email": {email}, "role": {role}},
	})
}

// setRole gives a seat or an invitation its primary role.
//
// API: Meta, "Business User, Updating", https://developers.facebook.com/docs/marketing-api/reference/business-user
// and "Business Role Request, Updating", https://developers.facebook.com/docs/marketing-api/reference/business-role-request
func (c *client) setRole(ctx context.Context, m hub.Member, role string) error {
	return c.write(ctx, request{
		operation: fmt.Sprintf("change the role of %s to %s", m.Label(), role), effect: answer.Write, method: http.MethodPost,
		path: "/" + url.PathEscape(m.ID), params: url.Values{"role": {role}},
	})
}

// remove takes a seat or withdraws an invitation. Repeated after an answer was
// lost it can meet its own effect, and then says "not found"; the engine reads
// before it believes either.
//
// API: Meta, "Business User, Deleting", https://developers.facebook.com/docs/marketing-api/reference/business-user
// and "Business Role Request, Deleting", https://developers.facebook.com/docs/marketing-api/reference/business-role-request
func (c *client) remove(ctx context.Context, m hub.Member) error {
	return c.write(ctx, request{
		operation: "remove " + m.Label(), effect: answer.Write, method: http.MethodDelete, path: "/" + url.PathEscape(m.ID),
	})
}

// list reads a list to its last page, which is the one without paging.next: a
// page can be short or empty and not be the last, and the last one has a cursor
// too. Anything that would end the list early is an error.
func list[T any](ctx context.Context, c *client, operation, path string, params url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		limit, after := pageSize, ""
		seen := map[string]bool{}
		for {
			params := maps.Clone(params)
			params.Set("limit", strconv.Itoa(limit))
			if after != "" {
				params.Set("after", after)
			}
			var p page[T]
			err := c.call(ctx, request{operation: operation, path: path, params: params}, &p)
			if tooMuchData(err) && limit > smallestPage {
				limit /= 2
				continue
			}
			if err == nil && p.Data == nil {
				err = &answer.Bad{Operation: operation, Status: http.StatusOK, Problem: "the answer holds no list"}
			}
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range p.Data {
				if !yield(item, nil) {
					return
				}
			}
			if p.Paging.Next == "" {
				return
			}
			after = p.Paging.Cursors.After
			if after == "" || seen[after] {
				yield(none, &answer.Bad{
					Operation: operation, Status: http.StatusOK,
					Problem: "Meta announces another page and gives no new cursor to it, so the list cannot be read to its end",
				})
				return
			}
			seen[after] = true
		}
	}
}

// write sends a write and holds its answer to saying that it was done: a 200
// alone is no success.
func (c *client) write(ctx context.Context, r request) error {
	var w written
	if err := c.call(ctx, r, &w); err != nil {
		return err
	}
	switch {
	case w.Success != nil && !*w.Success:
		return &undone{&answer.Bad{Operation: r.operation, Status: http.StatusOK, Problem: "Meta answered success: false and no error"}}
	case w.Success == nil && w.ID == "":
		return &answer.Bad{Operation: r.operation, Effect: r.effect, Status: http.StatusOK, Problem: "the answer says neither what was done nor that it was done"}
	}
	return nil
}

// call sends one request and decodes its answer into target. Its errors are an
// *answer.Lost, a *refusal or an *answer.Bad.
func (c *client) call(ctx context.Context, r request, target any) error {
	params := url.Values{}
	maps.Copy(params, r.params)
	if c.proof != "" {
		params.Set("appsecret_proof", c.proof.Reveal())
	}
	out := transport.Request{
		Method:     r.method,
		Path:       "/" + c.version + r.path,
		Operation:  r.operation,
		Repeatable: r.effect.Repeatable(),
	}
	if r.method == http.MethodPost {
		out.Body, out.ContentType = []byte(params.Encode()), "application/x-www-form-urlencoded"
	} else {
		out.Query = params
	}

	resp, err := c.http.Do(ctx, out)
	if err != nil {
		return &answer.Lost{Effect: r.effect, Ended: ctx.Err(), Cause: err}
	}
	if e := graphErrorIn(resp.Body); e != nil {
		// Meta quotes a malformed token back.
		e.Message, e.UserMessage = c.redactor.String(e.Message), c.redactor.String(e.UserMessage)
		if e.Trace == "" {
			e.Trace = resp.RequestID()
		}
		return &refusal{operation: r.operation, effect: r.effect, status: resp.Status, attempts: resp.Attempts, throttle: resp.Throttle, graph: *e}
	}
	bad := func(problem string) error {
		return answer.NewBad(c.redactor, resp, r.operation, r.effect, problem)
	}
	if resp.Status < 200 || resp.Status > 299 {
		return bad("the answer is not in Meta's form")
	}
	if err := json.Unmarshal(resp.Body, target); err != nil {
		return bad("the answer cannot be read: " + c.redactor.String(err.Error()))
	}
	return nil
}

// graphErrorIn finds Graph's error object in a body of any status.
func graphErrorIn(body []byte) *graphError {
	if !bytes.Contains(body, []byte(`"error"`)) {
		return nil
	}
	var envelope struct {
		Error *graphError `json:"error"`
	}
	// A field of an unexpected type is skipped and the rest filled in; a body
	// that is no JSON fills in nothing.
	_ = json.Unmarshal(body, &envelope)
	return envelope.Error
}
