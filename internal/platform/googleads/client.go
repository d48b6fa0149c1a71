package googleads

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// client makes the requests, one method each.
//
// It keeps a transport client for each customer, because Google counts calls by
// customer as well as by project: a throttle with the scope ACCOUNT holds the
// calls about that customer, one with the scope DEVELOPER those of all.
type client struct {
	config   transport.Config // of every customer's client
	redactor *transport.Redactor
	version  int

	mu        sync.Mutex
	customers map[string]*transport.Client
	heldUntil time.Time // by the project's quota
}

type clientConfig struct {
	identity       identity
	tokenURL       string
	developerToken hub.Secret
	login          string
	version        int
	endpoint       string
	userAgent      string
	logger         *slog.Logger
	now            func() time.Time
	tune           func(*transport.Config) // see open
}

func newClient(cfg clientConfig) (*client, error) {
	redactor := transport.NewRedactor(append(cfg.identity.secrets(), cfg.developerToken.Reveal())...)
	tokenClient := transport.NewTokenClient(cfg.userAgent, nil)
	tokens := transport.NewTokens(transport.TokensConfig{
		Fetch: func(ctx context.Context) (*oauth2.Token, error) {
			return cfg.identity.fetch(ctx, tokenClient, cfg.tokenURL, redactor)
		},
		Redactor: redactor,
		Now:      cfg.now,
	})
	config := transport.Config{
		Platform:  Name,
		BaseURL:   cfg.endpoint,
		UserAgent: cfg.userAgent,
		Header:    http.Header{},
		Authorize: func(ctx context.Context, req *http.Request) error {
			if token := cfg.developerToken.Reveal(); token != "" {
				req.Header.Set("Developer-Token", token)
			}
			return tokens.Authorize(ctx, req)
		},
		Reauthorize:  tokens.Reauthorize,
		Redactor:     redactor,
		MinThrottle:  throttleWait,
		MaxThrottle:  throttleCap,
		Logger:       cfg.logger,
		RoundTripper: transport.NewRoundTripper(), // one, for all the customers' clients
		// A page of 10,000 people is some 4 MB.
		MaxResponseBytes: 64 << 20,
	}
	if cfg.login != "" {
		config.Header.Set("Login-Customer-Id", cfg.login)
	}
	if cfg.tune != nil {
		cfg.tune(&config)
	}
	c := &client{config: config, redactor: redactor, version: cfg.version, customers: map[string]*transport.Client{}}
	_, err := c.about("") // finds out whether the endpoint can be used
	return c, err
}

// about is the transport client for calls about a customer, "" for those about
// none.
func (c *client) about(customer string) (*transport.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client := c.customers[customer]; client != nil {
		return client, nil
	}
	config := c.config
	config.Inspect = func(r *transport.Response) transport.Verdict {
		verdict, project := inspect(r)
		if project {
			c.holdAll(max(verdict.Wait, c.config.MinThrottle))
		}
		return verdict
	}
	client, err := transport.New(config)
	if err != nil {
		return nil, err
	}
	client.Pause(time.Until(c.heldUntil))
	c.customers[customer] = client
	return client, nil
}

// holdAll holds the calls about every customer, those included whose client is
// still to be made.
func (c *client) holdAll(wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if until := time.Now().Add(wait); until.After(c.heldUntil) {
		c.heldUntil = until
	}
	for _, client := range c.customers {
		client.Pause(wait)
	}
}

// The searches. reviewedFields are apart because a field that a version does not
// know fails the whole query.
const (
	customerQuery = "SELECT customer.id, customer.descriptive_name, customer.manager, customer.test_account, customer.status, customer.time_zone FROM customer LIMIT 1"

	accessFields = "customer_user_access.resource_name, customer_user_access.user_id, customer_user_access.email_address, " +
		"customer_user_access.access_role, customer_user_access.access_creation_date_time, customer_user_access.inviter_user_email_address"
	reviewedFields = ", customer_user_access.passkey_enabled, customer_user_access.pending_multi_party_auth_review"

	// PENDING alone: without it the list also has what was declined or ran out,
	// however long ago.
	invitationQuery = "SELECT customer_user_access_invitation.resource_name, customer_user_access_invitation.invitation_id, " +
		"customer_user_access_invitation.email_address, customer_user_access_invitation.access_role, " +
		"customer_user_access_invitation.creation_date_time, customer_user_access_invitation.invitation_status " +
		"FROM customer_user_access_invitation WHERE customer_user_access_invitation.invitation_status = 'PENDING'"

	reviewQuery = "SELECT multi_party_auth_review.resource_name, multi_party_auth_review.multi_party_auth_review_id, " +
		"multi_party_auth_review.creation_date_time, multi_party_auth_review.review_status, multi_party_auth_review.request_user_email, " +
		"multi_party_auth_review.operation_type, multi_party_auth_review.justification, multi_party_auth_review.target_resource, " +
		"multi_party_auth_review.customer_user_access_review.old_customer_user_access, " +
		"multi_party_auth_review.customer_user_access_review.new_customer_user_access, " +
		"multi_party_auth_review.customer_user_access_invitation_review.new_customer_user_access_invitation " +
		"FROM multi_party_auth_review WHERE multi_party_auth_review.review_status = 'PENDING'"
)

// accessQuery asks for everybody with a seat, or with email for whoever has that
// address in any case.
func (c *client) accessQuery(email string) string {
	query := "SELECT " + accessFields
	if c.version >= reviewedSeats {
		query += reviewedFields
	}
	query += " FROM customer_user_access"
	if email != "" {
		query += " WHERE customer_user_access.email_address LIKE '" + likeLiteral(email) + "'"
	}
	return query
}

// likeLiteral writes text so that LIKE, which has wildcards, finds it alone.
//
// API: Google Ads, "Query grammar", https://developers.google.com/google-ads/api/docs/query/grammar
func likeLiteral(text string) string {
	return strings.NewReplacer(
		`\`, `\\`, `'`, `\'`,
		"%", "[%]", "_", "[_]", "[", "[[]", "]", "[]]",
	).Replace(text)
}

// writes go out once, all of them: an invitation is an e-mail, and a role change
// or a removal can have opened a review that a second one would double or run
// into.
const writes = answer.Once

type request struct {
	operation string // for messages: what was being done, to whom
	effect    answer.Effect
	customer  string
	path      string // below the version; ids in it are digits
	body      any    // nil is a GET
}

// direct lists the customers that the identity has access to without a manager.
//
// API: Google Ads, "CustomerService.ListAccessibleCustomers",
// https://developers.google.com/google-ads/api/docs/account-management/listing-accounts
func (c *client) direct(ctx context.Context) ([]string, error) {
	const prefix = "customers/"
	var list directCustomers
	err := c.call(ctx, request{operation: "list the customers of the credential", path: "/customers:listAccessibleCustomers"}, &list)
	var ids []string
	for _, name := range list.ResourceNames {
		ids = append(ids, strings.TrimPrefix(name, prefix))
	}
	return ids, err
}

// customer reads the hub itself.
//
// API: Google Ads, "GoogleAdsService.Search", https://developers.google.com/google-ads/api/rest/common/search
func (c *client) customer(ctx context.Context, id string) (customer, error) {
	operation := "read customer " + id
	rows, err := c.search(ctx, operation, id, customerQuery)
	switch {
	case err != nil:
		return customer{}, err
	case len(rows) != 1 || rows[0].Customer == nil:
		return customer{}, &answer.Bad{Operation: operation, Status: http.StatusOK, Problem: "the answer describes no customer"}
	}
	return *rows[0].Customer, nil
}

// accesses lists who has a seat, or who has one under an address.
//
// API: Google Ads, "Manage users and roles, Retrieve users",
// https://developers.google.com/google-ads/api/docs/account-management/managing-users
func (c *client) accesses(ctx context.Context, customer, email string) ([]access, error) {
	operation := "list the users of " + customer
	if email != "" {
		operation = "look up " + email + " on " + customer
	}
	return rowsOf(ctx, c, operation, customer, c.accessQuery(email), func(r row) *access {
		if r.Access == nil || idOf(customer, r.Access.ResourceName, accesses) == "" {
			return nil
		}
		return r.Access
	})
}

// invitations lists the invitations nobody has answered yet.
//
// API: Google Ads, "Manage user access invitations",
// https://developers.google.com/google-ads/api/docs/account-management/managing-invitations
func (c *client) invitations(ctx context.Context, customer string) ([]invitation, error) {
	return rowsOf(ctx, c, "list the invitations of "+customer, customer, invitationQuery, func(r row) *invitation {
		if r.Invitation == nil || idOf(customer, r.Invitation.ResourceName, invitations) == "" {
			return nil
		}
		return r.Invitation
	})
}

// reviews lists the changes nobody has approved or rejected yet.
//
// API: Google Ads, "Multi-party approvals",
// https://developers.google.com/google-ads/api/docs/oauth/multi-party-approvals
func (c *client) reviews(ctx context.Context, customer string) ([]review, error) {
	return rowsOf(ctx, c, "list the changes of "+customer+" that wait for an approval", customer, reviewQuery, func(r row) *review {
		if r.Review == nil || idOf(customer, r.Review.ResourceName, reviews) == "" {
			return nil
		}
		return r.Review
	})
}

// invite sends the invitation e-mail, unless it is held.
//
// API: Google Ads, "CustomerUserAccessInvitationService",
// https://developers.google.com/google-ads/api/docs/account-management/managing-invitations
func (c *client) invite(ctx context.Context, customer, email, role string) (mutated, error) {
	return c.mutate(ctx, "invite "+email, customer, invitations, operation{
		Create: &created{EmailAddress: email, AccessRole: role},
	})
}

// setRole gives a seat another role, unless it is held.
//
// API: Google Ads, "CustomerUserAccessService", https://developers.google.com/google-ads/api/docs/account-management/managing-users
func (c *client) setRole(ctx context.Context, customer string, m hub.Member, role string) (mutated, error) {
	return c.mutate(ctx, fmt.Sprintf("change the role of %s to %s", m.Label(), role), customer, accesses, operation{
		Update:     &updated{ResourceName: resourceName(customer, m.ID), AccessRole: role},
		UpdateMask: "accessRole",
	})
}

// remove takes a seat or withdraws an invitation, unless it is held.
//
// API: as setRole and invite.
func (c *client) remove(ctx context.Context, customer string, m hub.Member) (mutated, error) {
	return c.mutate(ctx, "remove "+m.Label(), customer, collection(m.ID), operation{Remove: resourceName(customer, m.ID)})
}

// revoke takes back a change that roster itself asked for.
//
// API: Google Ads, "MultiPartyAuthReviewService.ResolveMultiPartyAuthReview",
// https://developers.google.com/google-ads/api/docs/oauth/multi-party-approvals
func (c *client) revoke(ctx context.Context, customer string, m hub.Member) error {
	type resolution struct {
		Review    string `json:"multiPartyAuthReview"`
		NewStatus string `json:"newStatus"`
	}
	r := request{
		operation: "take back the invitation of " + m.Label() + " that waits for an approval", effect: writes, customer: customer,
		path: "/customers/" + customer + "/multiPartyAuthReview:resolve",
		body: map[string][]resolution{"operations": {{resourceName(customer, m.ID), "REVOKED"}}},
	}
	var done resolved
	if err := c.call(ctx, r, &done); err != nil {
		return err
	}
	if len(done.ResultOrError) != 1 || done.ResultOrError[0].Result == nil {
		return unsaid(r)
	}
	return nil
}

// operation is the one operation of a mutate: these services take no list.
type operation struct {
	Create     *created `json:"create,omitempty"`
	Update     *updated `json:"update,omitempty"`
	UpdateMask string   `json:"updateMask,omitempty"`
	Remove     string   `json:"remove,omitempty"`
}

type created struct {
	EmailAddress string `json:"emailAddress"`
	AccessRole   string `json:"accessRole"`
}

type updated struct {
	ResourceName string `json:"resourceName"`
	AccessRole   string `json:"accessRole"`
}

// mutate sends a write and holds its answer to saying what became of it: a 200
// alone is no success.
func (c *client) mutate(ctx context.Context, what, customer, kind string, op operation) (mutated, error) {
	r := request{
		operation: what, effect: writes, customer: customer,
		path: "/customers/" + customer + "/" + kind + ":mutate",
		body: map[string]operation{"operation": op},
	}
	var m mutated
	if err := c.call(ctx, r, &m); err != nil {
		return mutated{}, err
	}
	if m.Result == nil || m.Result.ResourceName == "" && m.Result.Review == "" {
		return mutated{}, unsaid(r)
	}
	return m, nil
}

// unsaid is a yes that does not say to what.
func unsaid(r request) error {
	return &answer.Bad{Operation: r.operation, Effect: r.effect, Status: http.StatusOK, Problem: "the answer says neither what was done nor that it is held"}
}

// rowsOf is search for rows of one kind. pick returns nil for a row that is not
// what was asked for: it would be somebody missing from the list.
func rowsOf[T any](ctx context.Context, c *client, operation, customer, query string, pick func(row) *T) ([]T, error) {
	rows, err := c.search(ctx, operation, customer, query)
	if err != nil {
		return nil, err
	}
	picked := make([]T, 0, len(rows))
	for _, r := range rows {
		item := pick(r)
		if item == nil {
			return nil, &answer.Bad{Operation: operation, Status: http.StatusOK, Problem: "the answer has a row without the resource name that was asked for"}
		}
		picked = append(picked, *item)
	}
	return picked, nil
}

// search reads a search to its last page, which is the one without a
// nextPageToken. A token that Google no longer takes sends it back to the first
// page, once. The page size is Google's: asking for one is an error.
//
// API: Google Ads, "Search, paging", https://developers.google.com/google-ads/api/docs/reporting/paging
func (c *client) search(ctx context.Context, operation, customer, query string) ([]row, error) {
	type body struct {
		Query     string `json:"query"`
		PageToken string `json:"pageToken,omitempty"`
	}
	var rows []row
	seen := map[string]bool{}
	restarted := false
	for token := ""; ; {
		var p page
		err := c.call(ctx, request{
			operation: operation, customer: customer,
			path: "/customers/" + customer + "/googleAds:search", body: body{Query: query, PageToken: token},
		}, &p)
		switch {
		case pageTokenRefused(err) && token != "" && !restarted:
			rows, token, restarted = nil, "", true
			clear(seen)
			continue
		case err != nil:
			return nil, err
		case p.Results == nil && p.FieldMask == nil:
			return nil, &answer.Bad{Operation: operation, Status: http.StatusOK, Problem: "the answer holds no list"}
		}
		rows = append(rows, p.Results...)
		if token = p.NextPageToken; token == "" {
			return rows, nil
		}
		if seen[token] {
			return nil, &answer.Bad{
				Operation: operation, Status: http.StatusOK,
				Problem: "Google announces another page and gives no new token to it, so the list cannot be read to its end",
			}
		}
		seen[token] = true
	}
}

// call sends one request and decodes its answer into target. Its errors are an
// *answer.Lost, a *refusal or an *answer.Bad.
func (c *client) call(ctx context.Context, r request, target any) error {
	client, err := c.about(r.customer)
	if err != nil {
		return err // found out when the connector was opened
	}
	out := transport.Request{
		Path:       fmt.Sprintf("/v%d%s", c.version, r.path),
		Operation:  r.operation,
		Repeatable: r.effect.Repeatable(), // a search is a POST
	}
	if r.body != nil {
		out.Method = http.MethodPost
		if out.Body, err = json.Marshal(r.body); err != nil {
			return err
		}
	}
	resp, err := client.Do(ctx, out)
	if err != nil {
		return &answer.Lost{Effect: r.effect, Ended: ctx.Err(), Cause: err}
	}
	if e := refusalIn(resp.Status, resp.Body); e != nil {
		refused := newRefusal(r, resp, e)
		refused.message = c.redactor.String(refused.message) // Google quotes values back
		return refused
	}
	bad := func(problem string) error {
		return answer.NewBad(c.redactor, resp, r.operation, r.effect, problem)
	}
	if resp.Status < 200 || resp.Status > 299 {
		return bad("the answer is not in Google's form")
	}
	if err := json.Unmarshal(resp.Body, target); err != nil {
		return bad("the answer cannot be read: " + c.redactor.String(err.Error()))
	}
	return nil
}

// refusalIn finds Google's error in a body: as the whole of one that is no
// success, or as the failure of the one operation inside a 200.
func refusalIn(status int, body []byte) *googleError {
	// A field of an unexpected type is skipped and the rest filled in; a body
	// that is no JSON fills in nothing.
	if status >= http.StatusBadRequest {
		var envelope struct {
			Error *googleError `json:"error"`
		}
		_ = json.Unmarshal(body, &envelope)
		if e := envelope.Error; e == nil || e.Status == "" && e.Message == "" && len(e.Details) == 0 {
			return nil // something else's error
		}
		return envelope.Error
	}
	if !bytes.Contains(body, []byte(`"partialFailureError"`)) {
		return nil
	}
	var envelope struct {
		ResultOrError []struct {
			Failure *googleError `json:"partialFailureError"`
		} `json:"resultOrError"`
	}
	_ = json.Unmarshal(body, &envelope)
	for _, one := range envelope.ResultOrError {
		if one.Failure != nil {
			return one.Failure
		}
	}
	return nil
}
