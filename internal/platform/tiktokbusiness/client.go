package tiktokbusiness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// The documents behind the "API:" lines below are TikTok API for Business v1.3,
// https://business-api.tiktok.com/portal/docs?id=<number>. Each request is also
// described in an endpoint file of TikTok's own SDK,
// https://github.com/tiktok/tiktok-business-api-sdk/tree/main/yml_files.

// client makes the requests, one method each.
type client struct {
	http     *transport.Client
	redactor *transport.Redactor
	log      *slog.Logger
}

type clientConfig struct {
	token     hub.Secret
	endpoint  string
	userAgent string
	logger    *slog.Logger
	tune      func(*transport.Config) // see open
}

func newClient(cfg clientConfig) (*client, error) {
	// transport learns secrets from an Authorization header alone.
	c := &client{redactor: transport.NewRedactor(cfg.token.Reveal())}
	c.log = slog.New(c.redactor.Handler(cfg.logger.Handler())).With("platform", Name)
	config := transport.Config{
		Platform:  Name,
		BaseURL:   cfg.endpoint,
		UserAgent: cfg.userAgent,
		// A header, though the SDK's endpoint files call it a parameter: its
		// generated clients send a header, and URLs end up in logs on the way.
		Authorize: func(_ context.Context, req *http.Request) error {
			req.Header.Set("Access-Token", cfg.token.Reveal())
			return nil
		},
		Inspect:     inspect,
		Redactor:    c.redactor,
		Limit:       pace,
		Burst:       burst,
		MinBackoff:  minWait,
		MaxBackoff:  maxWait,
		MinThrottle: minWait,
		MaxThrottle: maxWait,
		Logger:      cfg.logger,
	}
	if cfg.tune != nil {
		cfg.tune(&config)
	}
	var err error
	c.http, err = transport.New(config)
	return c, err
}

// invites is a write that goes out once: a second invitation is said to be
// ignored, and were it not, the person would get a second e-mail.
const invites = answer.Once

type request struct {
	operation string // for messages: what was being done, to whom
	effect    answer.Effect
	path      string // below the version; every one ends with a slash
	query     url.Values
	body      any  // of a write, which is a POST
	whole     bool // an answer that calls itself partial is none
}

// me is who the token acts as.
//
// API: TikTok, "/user/info/"; the document is not public, its fields are those
// of clients written against it.
func (c *client) me(ctx context.Context) (user, error) {
	var u user
	err := c.call(ctx, request{operation: "read the token's user", path: "/user/info/"}, &u)
	return u, err
}

// center reads one Business Center with the role of the token's user in it, nil
// when TikTok lists none of that id.
//
// API: TikTok, "BC Get", document 1737115687501826.
func (c *client) center(ctx context.Context, bcID string) (*center, error) {
	var list centers
	err := c.call(ctx, request{
		operation: "read Business Center " + bcID, path: "/bc/get/", query: url.Values{"bc_id": {bcID}},
	}, &list)
	if err != nil {
		return nil, err
	}
	for _, one := range list.List {
		if one.Info.ID.String() == bcID {
			return &one, nil
		}
	}
	return nil, nil
}

// centers lists the Business Centers that the token's user has a part in, each
// once. Its pages are counted, so it is read again when it moved, as members is,
// and in the end an error.
func (c *client) centers(ctx context.Context) ([]center, error) {
	var moved error
	for range listReadings {
		all, err := c.readCenters(ctx)
		if !errors.Is(err, errMoved) {
			return all, err
		}
		moved = err
	}
	return nil, &answer.Own{Fault: hub.Fault{
		Reason: hub.ReasonUnknown,
		Detail: fmt.Sprintf("The list of the token's Business Centers was read %d times and never held still (%v). A list that may leave one out is of no use, so roster took none. Run it again.", listReadings, moved),
	}}
}

// readCenters reads the list of Business Centers once.
//
// API: as center; without a bc_id, 50 to a page.
func (c *client) readCenters(ctx context.Context) ([]center, error) {
	const operation, most = "list the token's Business Centers", 50
	var all []center
	seen := map[id]bool{}
	total := 0
	for number := 1; ; number++ {
		var list centers
		err := c.call(ctx, request{
			operation: operation, path: "/bc/get/", whole: true,
			query: url.Values{"page": {strconv.Itoa(number)}, "page_size": {strconv.Itoa(most)}},
		}, &list)
		if err != nil {
			return nil, err
		}
		info := list.PageInfo
		if info == nil {
			return nil, &answer.Bad{Operation: operation, Status: http.StatusOK, Problem: "the answer holds no page_info, so there is no telling where the list ends"}
		}
		if number == 1 {
			total = info.TotalNumber
		}
		for _, one := range list.List {
			if seen[one.Info.ID] {
				return nil, fmt.Errorf("%w: Business Center %s is on it twice", errMoved, one.Info.ID)
			}
			seen[one.Info.ID] = true
			all = append(all, one)
		}
		switch {
		case info.TotalNumber != total:
			return nil, fmt.Errorf("%w: %d Business Centers on page 1, %d on page %d", errMoved, total, info.TotalNumber, number)
		case len(all) >= total:
			return all, nil
		case len(list.List) == 0:
			return nil, &answer.Bad{Operation: operation, Status: http.StatusOK, Problem: fmt.Sprintf("the list ends after %d of %d Business Centers", len(all), info.TotalNumber)}
		}
	}
}

// page reads one page of members.
//
// API: TikTok, "BC Member Get", document 1739939404802049.
func (c *client) page(ctx context.Context, operation, bcID string, filter filtering, number int) (memberPage, error) {
	var p memberPage
	text, err := json.Marshal(filter)
	if err != nil {
		return p, err
	}
	r := request{
		operation: operation, path: "/bc/member/get/", whole: true,
		query: url.Values{
			"bc_id": {bcID}, "filtering": {string(text)},
			"page": {strconv.Itoa(number)}, "page_size": {strconv.Itoa(pageSize)},
		},
	}
	if err := c.call(ctx, r, &p); err != nil {
		return p, err
	}
	bad := func(format string, args ...any) error {
		return &answer.Bad{Operation: operation, Status: http.StatusOK, Problem: fmt.Sprintf(format, args...)}
	}
	switch info := p.PageInfo; {
	case info == nil:
		return p, bad("the answer holds no page_info, so there is no telling where the list ends")
	case p.List == nil && info.TotalNumber > 0:
		return p, bad("the answer holds no list")
	case info.TotalPage > max(info.TotalNumber, 1) || info.TotalNumber < 0:
		return p, bad("%d people cannot fill %d pages", info.TotalNumber, info.TotalPage)
	}
	for i := range p.List {
		if p.List[i].RelationStatus == "" {
			p.List[i].RelationStatus = filter.RelationStatus
		}
	}
	return p, nil
}

// count is how many people pass a filter. A filter that TikTok did not apply has
// counted somebody else.
//
// API: as page.
func (c *client) count(ctx context.Context, bcID string, filter filtering) (int, error) {
	p, err := c.page(ctx, "count the members of "+bcID, bcID, filter, 1)
	if err != nil {
		return 0, err
	}
	for _, m := range p.List {
		if !m.is(filter.RelationStatus) || filter.UserRole != "" && !strings.EqualFold(m.UserRole, filter.UserRole) {
			return 0, &answer.Bad{Operation: "count the members of " + bcID, Status: http.StatusOK, Problem: "the list holds others than were asked for"}
		}
	}
	return p.PageInfo.TotalNumber, nil
}

// errMoved says that a list changed while it was read.
var errMoved = errors.New("the list changed while it was read")

// members reads a list to its last page. Offset pages of a list that moves can
// show somebody twice and, what is worse, skip somebody; a list that moved, or
// does not add up to the total it announces, is read again and in the end an
// error.
//
// API: as page.
func (c *client) members(ctx context.Context, operation, bcID string, filter filtering) ([]member, error) {
	var moved error
	for range listReadings {
		rows, err := c.reading(ctx, operation, bcID, filter)
		if !errors.Is(err, errMoved) {
			return rows, err
		}
		c.log.DebugContext(ctx, "member list moved", "operation", operation, "detail", err.Error())
		moved = err
	}
	return nil, &answer.Own{Fault: hub.Fault{
		Reason: hub.ReasonUnknown,
		Detail: fmt.Sprintf("The list of members was read %d times and never held still (%v). A list that may leave somebody out is of no use, so roster took none. Apply again when nobody else is changing the Business Center.", listReadings, moved),
	}}
}

// reading reads a list once: its first page, which says how many there are, and
// then the others, some at a time.
func (c *client) reading(ctx context.Context, operation, bcID string, filter filtering) ([]member, error) {
	first, err := c.page(ctx, operation, bcID, filter, 1)
	if err != nil {
		return nil, err
	}
	total := first.PageInfo.TotalNumber
	pages := make([][]member, max(first.PageInfo.TotalPage, 1))
	pages[0] = first.List

	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(concurrentPages)
	for i := 1; i < len(pages) && groupCtx.Err() == nil; i++ {
		group.Go(func() error {
			p, err := c.page(groupCtx, operation, bcID, filter, i+1)
			switch {
			case err != nil:
				return err
			case p.PageInfo.TotalNumber != total:
				return fmt.Errorf("%w: %d people on page 1, %d on page %d", errMoved, total, p.PageInfo.TotalNumber, i+1)
			}
			pages[i] = p.List
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}

	var rows []member
	seen := map[string]bool{}
	for _, page := range pages {
		for _, m := range page {
			if key := m.key(); key == "" || !seen[key] {
				seen[key] = true
				rows = append(rows, m)
			}
		}
	}
	if len(rows) < total {
		return nil, fmt.Errorf("%w: %d people announced, %d different ones on the pages", errMoved, total, len(rows))
	}
	return rows, nil
}

// invite sends the invitation e-mail. The answer says nothing of the address: one
// that is there already is ignored in silence. The role always goes along, though
// STANDARD is TikTok's default.
//
// API: TikTok, "BC Member Invite", document 1739939455765505.
func (c *client) invite(ctx context.Context, in invite) error {
	return c.call(ctx, request{operation: "invite " + in.Emails[0], effect: invites, path: "/bc/member/invite/", body: in}, nil)
}

// update changes what in holds of a member, and leaves the rest.
//
// API: TikTok, "BC Member Update", document 1739696704424961.
func (c *client) update(ctx context.Context, who string, in update) error {
	return c.call(ctx, request{operation: "change the role of " + who, effect: answer.Write, path: "/bc/member/update/", body: in}, nil)
}

// remove takes a seat or withdraws an invitation. Repeated after an answer was
// lost it can meet its own effect, and then says "does not exist"; the engine
// reads before it believes either.
//
// API: TikTok, "BC Member Delete", document 1739939482851329.
func (c *client) remove(ctx context.Context, who string, in remove) error {
	return c.call(ctx, request{operation: "remove " + who, effect: answer.Write, path: "/bc/member/delete/", body: in}, nil)
}

// call sends one request and decodes the data of its answer into target, which
// is nil where no data is expected. Its errors are an *answer.Lost, a *refusal
// or an *answer.Bad.
func (c *client) call(ctx context.Context, r request, target any) error {
	out := transport.Request{
		Method:     http.MethodGet,
		Path:       apiVersion + r.path,
		Query:      r.query,
		Operation:  r.operation,
		Repeatable: r.effect.Repeatable(),
	}
	if r.body != nil {
		body, err := json.Marshal(r.body)
		if err != nil {
			return err
		}
		out.Method, out.Body = http.MethodPost, body
	}

	resp, err := c.http.Do(ctx, out)
	if err != nil {
		return &answer.Lost{Effect: r.effect, Ended: ctx.Err(), Cause: err}
	}
	said := envelopeIn(resp.Body)
	bad := func(problem string) error {
		return answer.NewBad(c.redactor, resp, r.operation, r.effect, problem)
	}
	switch {
	case said == nil:
		return bad("the answer is not in TikTok's form")
	case *said.Code != codeOK && *said.Code != codePartial:
		return &refusal{
			operation: r.operation, effect: r.effect, status: resp.Status, attempts: resp.Attempts, throttle: resp.Throttle,
			code: *said.Code,
			// A token that is wrong may be quoted back.
			message:   c.redactor.String(said.Message),
			requestID: requestID(said, resp),
		}
	case resp.Status < 200 || resp.Status > 299:
		return bad(fmt.Sprintf("its code %d says that the call worked, and its HTTP status that it did not", *said.Code))
	case *said.Code == codePartial:
		c.log.WarnContext(ctx, "TikTok did a part only, the effect has to be read",
			"operation", r.operation, "code", codePartial, "message", said.Message, "request_id", requestID(said, resp))
		if r.whole {
			return bad(fmt.Sprintf("its code %d says that it is a part of the list only", codePartial))
		}
	}
	if target == nil {
		return nil // {} and null are both seen where there is nothing to say
	}
	if len(said.Data) == 0 || string(said.Data) == "null" {
		return bad("the answer holds no data")
	}
	if err := json.Unmarshal(said.Data, target); err != nil {
		return bad("the answer cannot be read: " + c.redactor.String(err.Error()))
	}
	return nil
}

// requestID is what TikTok's support asks for.
func requestID(said *envelope, resp *transport.Response) string {
	if said.RequestID != "" {
		return string(said.RequestID)
	}
	return resp.RequestID()
}
