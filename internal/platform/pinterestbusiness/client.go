package pinterestbusiness

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strconv"
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
	grant    *grant // nil without a refresh token
}

type clientConfig struct {
	credential credential
	endpoint   string
	userAgent  string
	now        func() time.Time
	logger     *slog.Logger
	tune       func(*transport.Config) // see open
}

func newClient(cfg clientConfig) (*client, error) {
	cred := cfg.credential
	c := &client{redactor: transport.NewRedactor(cred.accessToken.Reveal(), cred.clientSecret.Reveal(), cred.refreshToken.Reveal())}
	config := transport.Config{
		Platform:  Name,
		BaseURL:   cfg.endpoint,
		UserAgent: cfg.userAgent,
		Authorize: func(_ context.Context, req *http.Request) error {
			req.Header.Set("Authorization", "Bearer "+cred.accessToken.Reveal())
			return nil
		},
		Inspect:     inspect,
		Redactor:    c.redactor,
		Limit:       rate.Limit(readsAMinute) / 60,
		Burst:       burst,
		MinThrottle: throttleWait,
		MaxThrottle: throttleCap,
		Logger:      cfg.logger,
	}
	if cred.refreshToken != "" {
		c.grant = newGrant(cred, cfg.endpoint, cfg.userAgent, c.redactor, cfg.logger)
		tokens := c.grant.tokens(cred, c.redactor, cfg.now)
		config.Authorize, config.Reauthorize = tokens.Authorize, tokens.Reauthorize
	}
	if cfg.tune != nil {
		cfg.tune(&config)
	}
	var err error
	c.http, err = transport.New(config)
	return c, err
}

// invites is a write that goes out once: the person would get a second e-mail.
const invites = answer.Once

type request struct {
	operation string // for messages: what was being done, to whom
	effect    answer.Effect
	method    string
	path      string // below /v5; ids in it are digits or escaped
	query     url.Values
	body      any // nil: none
}

func peoplePath(businessID, list string) string {
	return "/businesses/" + url.PathEscape(businessID) + "/" + list
}

// account is whose token it is.
//
// API: Pinterest, "Get user account", https://developers.pinterest.com/docs/api/v5/user_account-get
func (c *client) account(ctx context.Context) (account, error) {
	var a account
	r := request{operation: "read the token's account", path: "/user_account"}
	got, err := c.call(ctx, r, &a)
	if err == nil && a.ID == "" {
		err = got.bad(r, "the answer names no account")
	}
	return a, err
}

// employers lists the businesses that the token's user works for.
//
// API: Pinterest, "List business employers for user", https://developers.pinterest.com/docs/api/v5/get-business_employers
func (c *client) employers(ctx context.Context) iter.Seq2[binding, error] {
	return list[binding](ctx, c, "list the businesses of the token's user", "/businesses/employers", nil)
}

// canList reads one row off the list of members: the proof that the credential
// sees them.
//
// API: as members.
func (c *client) canList(ctx context.Context, businessID string) error {
	var p page[binding]
	r := request{
		operation: "read the members of " + businessID, path: peoplePath(businessID, "members"),
		query: url.Values{"page_size": {"1"}},
	}
	got, err := c.call(ctx, r, &p)
	if err == nil && p.Items == nil {
		err = got.bad(r, "the answer holds no list")
	}
	return err
}

// members lists who has a seat, page by page, narrowed down by the filter. An
// error ends the sequence. System users are in a list of their own, which
// roster does not ask for. Partners are no members.
//
// API: Pinterest, "Get business members", https://developers.pinterest.com/docs/api/v5/get-business_members
func (c *client) members(ctx context.Context, businessID string, filter url.Values) iter.Seq2[binding, error] {
	return keep(list[binding](ctx, c, "list the members of "+businessID, peoplePath(businessID, "members"), filter),
		func(b binding) bool { return !b.partnership() })
}

// invitations lists the invitations to members that are open or ran out;
// Pinterest lists no other ones.
//
// API: Pinterest, "Get invites/requests", https://developers.pinterest.com/docs/api/v5/get-invites
func (c *client) invitations(ctx context.Context, businessID string) iter.Seq2[invitation, error] {
	return keep(list[invitation](ctx, c, "list the invitations of "+businessID, peoplePath(businessID, "invites"), url.Values{
		"is_member": {"true"}, "invite_type": {memberInvite}, "invite_status": {"PENDING", "EXPIRED"},
	}), invitation.counts)
}

// keep leaves out what is not wanted. Errors pass.
func keep[T any](rows iter.Seq2[T, error], wanted func(T) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for row, err := range rows {
			if (err != nil || wanted(row)) && !yield(row, err) {
				return
			}
		}
	}
}

// invite sends the invitation e-mail.
//
// API: Pinterest, "Create invites or requests", https://developers.pinterest.com/docs/api/v5/create_membership_or_partnership_invites
func (c *client) invite(ctx context.Context, businessID, email, role string) (invitation, error) {
	r := request{
		operation: "invite " + email, effect: invites, method: http.MethodPost, path: peoplePath(businessID, "invites"),
		body: inviteBody{InviteType: memberInvite, BusinessRole: role, Members: []string{email}},
	}
	var a inviteAnswer
	got, err := c.call(ctx, r, &a)
	if err != nil {
		return invitation{}, err
	}
	folded := hub.FoldEmail(email)
	item, err := onlyItem(r, got, a.Items, func(item inviteItem) bool {
		if item.Invite != nil {
			// Somebody whom Pinterest knows may be shown by user name alone.
			return item.Invite.User.Email == "" || hub.FoldEmail(item.Invite.User.Email) == folded
		}
		for _, input := range item.Exception.Inputs {
			if hub.FoldEmail(input) == folded {
				return true
			}
		}
		return len(item.Exception.Inputs) == 0 // one address went out
	})
	if err != nil {
		return invitation{}, err
	}
	if item.Exception != nil {
		return invitation{}, got.refusal(r, *item.Exception)
	}
	return *item.Invite, nil
}

// cancel withdraws an invitation.
//
// API: Pinterest, "Cancel invites/requests", https://developers.pinterest.com/docs/api/v5/cancel_invites_or_requests
func (c *client) cancel(ctx context.Context, businessID string, m hub.Member) error {
	r := request{
		operation: "withdraw the invitation of " + m.Label(), effect: answer.Write, method: http.MethodDelete, path: peoplePath(businessID, "invites"),
		body: cancelBody{InviteIDs: []string{m.ID}},
	}
	var a inviteAnswer
	got, err := c.call(ctx, r, &a)
	if err != nil {
		return err
	}
	item, err := onlyItem(r, got, a.Items, func(item inviteItem) bool {
		if item.Invite != nil {
			return item.Invite.ID == m.ID
		}
		return item.Exception.InviteID == m.ID
	})
	switch {
	case err != nil:
		return err
	case item.Exception != nil:
		return got.refusal(r, *item.Exception)
	}
	switch status := item.Invite.Data.Status; status {
	case "", "CANCELLED", "DECLINED", "EXPIRED":
		return nil
	default: // ACCEPTED, or still PENDING
		return got.undone(r, fmt.Sprintf("Pinterest answered that the invitation is %s.", status))
	}
}

// onlyItem is the one item of an answer to a write about one person. Anything
// else in it is about somebody nobody asked for, and says that the answer means
// something other than roster takes it for.
func onlyItem(r request, got *response, items []inviteItem, ours func(inviteItem) bool) (inviteItem, error) {
	if len(items) != 1 {
		return inviteItem{}, got.bad(r, fmt.Sprintf("the answer holds %d items to 1 that was asked for", len(items)))
	}
	item := items[0]
	switch {
	case (item.Invite == nil) == (item.Exception == nil):
		return inviteItem{}, got.bad(r, "the answer says neither what was done nor what was refused")
	case !ours(item):
		return inviteItem{}, got.bad(r, "the answer is about somebody nobody asked for")
	}
	return item, nil
}

// setRole gives a member the role. The body is a bare array, and the answer
// names those whose role it is now; who is missing in it was not changed.
//
// API: Pinterest, "Update member's business role", https://developers.pinterest.com/docs/api/v5/update-business_memberships
func (c *client) setRole(ctx context.Context, businessID string, m hub.Member, role string) error {
	r := request{
		operation: fmt.Sprintf("change the role of %s to %s", m.Label(), role), effect: answer.Write, method: http.MethodPatch, path: peoplePath(businessID, "members"),
		body: []memberRole{{MemberID: m.ID, BusinessRole: role}},
	}
	var a roleAnswer
	got, err := c.call(ctx, r, &a)
	if err != nil {
		return err
	}
	now := ""
	for _, item := range a.Items {
		if item.MemberID != m.ID {
			return got.bad(r, "the answer is about somebody nobody asked for")
		}
		now = item.BusinessRole
	}
	switch now {
	case role:
		return nil
	case "":
		return got.undone(r, "Pinterest did not name the person among those whose role it changed.")
	default:
		return got.undone(r, fmt.Sprintf("Pinterest answered that the role is %s.", now))
	}
}

// remove takes a seat. It takes the role that the member has, too, and the
// answer names who is gone; who is missing in it is not.
//
// API: Pinterest, "Terminate business memberships", https://developers.pinterest.com/docs/api/v5/delete_business_membership
func (c *client) remove(ctx context.Context, businessID string, m hub.Member) error {
	r := request{
		operation: "remove " + m.Label(), effect: answer.Write, method: http.MethodDelete, path: peoplePath(businessID, "members"),
		body: removeBody{Members: []memberRole{{MemberID: m.ID, BusinessRole: m.Role}}},
	}
	var a removeAnswer
	got, err := c.call(ctx, r, &a)
	if err != nil {
		return err
	}
	gone := false
	for _, id := range a.Deleted {
		if id != m.ID {
			return got.bad(r, "the answer is about somebody nobody asked for")
		}
		gone = true
	}
	if !gone {
		return got.undone(r, "Pinterest did not name the person among those it removed.")
	}
	return nil
}

// list reads a list to its last page, which is the one without a bookmark: a
// page can be short or empty and not be the last. Anything that would end the
// list early is an error, a bookmark that comes again included.
//
// API: Pinterest, "Pagination", https://developers.pinterest.com/docs/reference/pagination/
func list[T any](ctx context.Context, c *client, operation, path string, filter url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		query := url.Values{}
		maps.Copy(query, filter)
		query.Set("page_size", strconv.Itoa(pageSize))
		r := request{operation: operation, path: path, query: query}
		seen := map[string]bool{}
		for {
			var p page[T]
			got, err := c.call(ctx, r, &p)
			if err == nil && p.Items == nil {
				err = got.bad(r, "the answer holds no list")
			}
			if err == nil && seen[p.Bookmark] {
				err = got.bad(r, "Pinterest gives the same bookmark again, so the list cannot be read to its end")
			}
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range p.Items {
				if !yield(item, nil) {
					return
				}
			}
			if p.Bookmark == "" {
				return
			}
			seen[p.Bookmark] = true
			query.Set("bookmark", p.Bookmark)
		}
	}
}

// call sends one request and decodes its answer into target. Its errors are an
// *answer.Lost, a *refusal or an *answer.Bad.
func (c *client) call(ctx context.Context, r request, target any) (*response, error) {
	out := transport.Request{
		Method:     r.method,
		Path:       "/v5" + r.path,
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
	got := &response{Response: resp, redactor: c.redactor}
	if resp.Status < 200 || resp.Status > 299 {
		e := errorIn(resp.Body)
		if e == nil {
			return nil, got.bad(r, "the answer is not in Pinterest's form")
		}
		return nil, &refusal{reply: got.reply(), operation: r.operation, effect: r.effect, code: *e.Code, message: c.redactor.String(e.Message)}
	}
	if err := json.Unmarshal(resp.Body, target); err != nil {
		return nil, got.bad(r, "the answer cannot be read: "+c.redactor.String(err.Error()))
	}
	return got, nil
}

// response is an answer of Pinterest's with what it takes to quote it.
type response struct {
	*transport.Response
	redactor *transport.Redactor
}

func (a *response) reply() reply {
	return reply{status: a.Status, attempts: a.Attempts, throttle: a.Throttle, requestID: a.RequestID()}
}

func (a *response) quoted() reply {
	q := a.reply()
	q.excerpt = answer.Excerpt(a.redactor, a.Body)
	return q
}

// refusal is one of a single item.
func (a *response) refusal(r request, e exception) error {
	return &refusal{reply: a.reply(), operation: r.operation, effect: r.effect, item: true, code: e.Code, message: a.redactor.String(e.Message)}
}

func (a *response) bad(r request, problem string) error {
	return answer.NewBad(a.redactor, a.Response, r.operation, r.effect, problem)
}

func (a *response) undone(r request, detail string) error {
	return &undoneError{reply: a.quoted(), operation: r.operation, detail: detail}
}
