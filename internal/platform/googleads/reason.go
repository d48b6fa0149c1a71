package googleads

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/platform/answer"
	"github.com/roster-iac/terraform-provider-roster/internal/transport"
)

// vendor speaks of answers that are not Google's.
var vendor = answer.Vendor{
	ID:          Name,
	Name:        "Google",
	Suspects:    "A proxy between roster and Google, a wrong endpoint or an api_version that Google does not serve can be the cause.",
	RateLimited: tooManyDetail,
}

// refusal is an error in Google's form, whatever the HTTP status it came with.
type refusal struct {
	operation   string
	effect      answer.Effect
	status      int
	attempts    int
	throttle    time.Duration // more than 0 when Google wants no calls for longer than the task has
	requestID   string
	message     string
	code        errorCode // zero without a GoogleAdsFailure
	unpublished string    // the code behind one this version has no name for
	rpc         string    // google.rpc's name of the status, "PERMISSION_DENIED"
	info        string    // the reason of an ErrorInfo, "SERVICE_DISABLED"
}

func newRefusal(r request, resp *transport.Response, e *googleError) *refusal {
	refused := &refusal{
		operation: r.operation, effect: r.effect, status: resp.Status, attempts: resp.Attempts, throttle: resp.Throttle,
		requestID: resp.RequestID(), message: e.Message, rpc: e.Status,
	}
	for _, detail := range e.Details {
		if detail.RequestID != "" {
			refused.requestID = detail.RequestID
		}
		if detail.is("ErrorInfo") && refused.info == "" {
			refused.info = detail.Reason
		}
	}
	if f := e.failure(); f != nil {
		refused.code, refused.unpublished = f.ErrorCode, f.Details.Unpublished
		if f.Message != "" {
			refused.message = f.Message
		}
	}
	return refused
}

// is tells a detail's kind. The beginning of its type holds the API's version.
func (d *errorDetail) is(name string) bool { return strings.HasSuffix(d.Type, "."+name) }

// failure is the error that decides: the first that roster knows, else the
// first. Google may add its own explanation to the one that counts.
func (e *googleError) failure() *failure {
	var first *failure
	for i := range e.Details {
		if !strings.HasSuffix(e.Details[i].Type, ".errors.GoogleAdsFailure") {
			continue
		}
		for j := range e.Details[i].Errors {
			f := &e.Details[i].Errors[j]
			if _, known := meaningOf(f.ErrorCode); known {
				return f
			}
			if first == nil {
				first = f
			}
		}
	}
	return first
}

func (e *refusal) Error() string {
	return fmt.Sprintf("%s: HTTP %d, %s: %s", e.operation, e.status, e.codeText(), e.message)
}

// codeText is how Google's support and its documents write an error.
func (e *refusal) codeText() string {
	text := e.code.String()
	switch {
	case text == "" && e.info != "":
		return e.rpc + " (" + e.info + ")"
	case text == "" && e.rpc != "":
		return e.rpc
	case text == "":
		return fmt.Sprintf("HTTP %d", e.status)
	case e.unpublished != "":
		return text + " (" + e.unpublished + ")"
	default:
		return text
	}
}

// explained is a refusal of Google's of which the connector knows more.
type explained struct {
	fault hub.Fault
	cause error
}

func (e *explained) Error() string { return e.cause.Error() }
func (e *explained) Unwrap() error { return e.cause }

// Explain implements hub.Connector.
func (c *Connector) Explain(err error) hub.Fault {
	var (
		own     *answer.Own
		more    *explained
		refused *refusal
		lost    *answer.Lost
		token   *tokenError
	)
	switch {
	case errors.As(err, &own):
		return own.Fault
	case errors.As(err, &more):
		return more.fault
	case errors.Is(err, hub.ErrAbsent):
		return hub.Fault{Reason: hub.ReasonNotFound}
	case errors.As(err, &refused):
		return refused.fault()
	case errors.As(err, &lost) && errors.As(lost.Cause, &token):
		return lostFault(lost, token)
	default:
		return vendor.Explain(err)
	}
}

// meaning is one row of the table below.
type meaning struct {
	reason hub.Reason
	detail string
}

// Words that several codes share.
const (
	bugDetail         = "Google could not make sense of the call. Check api_version; if it is right, this is a fault of roster's."
	queryDetail       = "This version of the API does not know a field or form of the query. Check api_version; if it is right, this is a fault of roster's."
	credentialDetail  = "Google does not accept the credential. Make a new refresh token, or a new key for the service account, and set it."
	goneDetail        = "Google knows no such person or invitation on this customer any more. Sync, and apply again."
	decidedDetail     = "The change does not wait for an approval any more: somebody approved, rejected or took it back, or its 20 days are over. Sync, and apply again."
	organizationRest  = " Leave developer_token out: Google stopped asking for one in September 2026, and access belongs to the Cloud project."
	projectDetail     = "The Google Cloud project of the OAuth client or service account may not use the Google Ads API. Check on https://console.cloud.google.com/google/ads-apis/overview that the API is enabled and the project has an access level."
	productionDetail  = "The Google Cloud project may touch test accounts only. Ask for the access level Explorer or Basic on https://console.cloud.google.com/google/ads-apis/overview, or use a test account."
	lastAdminDetail   = "This is the last Admin. Give somebody else the role ADMIN first, and let them accept."
	passingDetail     = "Google reports a passing failure of its own. Apply again later."
	tooManyDetail     = "Google limits the calls of this customer or of the Cloud project. A limit for the day ends with the day; a higher access level of the project raises it (https://console.cloud.google.com/google/ads-apis/overview)."
	expensiveDetail   = "Google found the searches of this customer or project too expensive for now. Wait before calling again; fewer hubs at once help."
	accountTypeDetail = "People of this kind of account cannot be managed through the API."
)

// meanings sorts Google's error codes, family by family.
//
// API: Google Ads, "Common errors", https://developers.google.com/google-ads/api/docs/common-errors
// and the definitions of each family, google/ads/googleads/v25/errors in
// https://github.com/googleapis/googleapis
var meanings = map[string]map[string]meaning{
	"accessInvitationError": {
		"INVALID_EMAIL_ADDRESS":                        {hub.ReasonInvalidInput, "Google cannot use this e-mail address. Check its spelling."},
		"EMAIL_ADDRESS_ALREADY_HAS_ACCESS":             {hub.ReasonConflict, "Somebody with this address is a user of the customer already. Import the seat, then change its role."},
		"EMAIL_ADDRESS_ALREADY_HAS_PENDING_INVITATION": {hub.ReasonConflict, "An invitation to this address is open already. Import it, or withdraw it first."},
		"INVALID_INVITATION_STATUS":                    {hub.ReasonNotFound, "The invitation is not open any more: it was accepted, declined or withdrawn, or it ran out. Sync, and apply again."},
		"INVALID_INVITATION_ID":                        {hub.ReasonNotFound, goneDetail},
		"GOOGLE_CONSUMER_ACCOUNT_NOT_ALLOWED":          {hub.ReasonInvalidInput, "Google does not invite an address with a plus sign in it. Use the address without the plus and what follows it."},
		"PENDING_INVITATIONS_LIMIT_EXCEEDED":           {hub.ReasonSeatLimit, "The customer has as many open invitations as Google allows (70). Withdraw some that nobody will accept, or wait for an answer to some."},
		"EMAIL_DOMAIN_POLICY_VIOLATED":                 {hub.ReasonInvalidInput, "The customer allows addresses of certain domains only. Add the domain on ads.google.com (Admin, Access and security), or use an address of an allowed one."},
	},
	"customerUserAccessError": {
		"INVALID_USER_ID":                     {hub.ReasonNotFound, goneDetail},
		"REMOVAL_DISALLOWED":                  {hub.ReasonUnsupported, "Google does not let its API remove this access. Remove it on Google's own screen."},
		"DISALLOWED_ACCESS_ROLE":              {hub.ReasonInvalidRole, "Google does not allow this role for this person: EMAIL_ONLY cannot always be changed to or from, and the last Admin cannot be made less. Choose another role."},
		"LAST_ADMIN_USER_OF_MANAGER":          {hub.ReasonLastAdmin, lastAdminDetail},
		"LAST_ADMIN_USER_OF_SERVING_CUSTOMER": {hub.ReasonLastAdmin, lastAdminDetail},
	},
	"multiPartyAuthReviewError": {
		"ACCESS_INVITATION_NOT_FOUND":      {hub.ReasonNotFound, decidedDetail},
		"ACCESS_INVITATION_INVALID_STATUS": {hub.ReasonNotFound, decidedDetail},
		"INVALID_STATUS_TRANSITION":        {hub.ReasonUnknown, "Google does not let the waiting change be taken back in its present state. Sync; if it still waits, decide it on ads.google.com (Admin, Access and security)."},
		"PERMISSION_DENIED":                {hub.ReasonForbidden, "Only who asked for a change can take it back, and only somebody else can approve or reject it. Have another Admin reject it on ads.google.com (Admin, Access and security)."},
	},
	"authenticationError": {
		"OAUTH_TOKEN_INVALID":                              {hub.ReasonUnauthenticated, credentialDetail},
		"OAUTH_TOKEN_EXPIRED":                              {hub.ReasonUnauthenticated, credentialDetail},
		"OAUTH_TOKEN_REVOKED":                              {hub.ReasonUnauthenticated, "The access of the credential was taken back. " + credentialDetail},
		"OAUTH_TOKEN_DISABLED":                             {hub.ReasonUnauthenticated, "The access of the credential is switched off. " + credentialDetail},
		"OAUTH_TOKEN_HEADER_INVALID":                       {hub.ReasonUnauthenticated, credentialDetail},
		"NOT_ADS_USER":                                     {hub.ReasonForbidden, "The Google account behind the credential belongs to no Google Ads account. Have an Admin add it to the customer, or to a manager of it."},
		"CUSTOMER_NOT_FOUND":                               {hub.ReasonNotFound, "Google knows no customer of this id. Take the ten digits from the top of ads.google.com, without the hyphens."},
		"CLIENT_CUSTOMER_ID_INVALID":                       {hub.ReasonNotFound, "Google knows no customer of this id. Take the ten digits from the top of ads.google.com, without the hyphens."},
		"TWO_STEP_VERIFICATION_NOT_ENROLLED":               {hub.ReasonSecondFactor, "The customer demands 2-Step Verification of everybody. Enrol the Google account behind the credential at https://myaccount.google.com/security, then make a new refresh token; or use a service account."},
		"ADVANCED_PROTECTION_NOT_ENROLLED":                 {hub.ReasonSecondFactor, "The customer demands Google's Advanced Protection of everybody. Enrol the Google account behind the credential, or use a service account."},
		"DEVELOPER_TOKEN_INVALID":                          {hub.ReasonUnauthenticated, "Google does not accept the developer token." + organizationRest},
		"ORGANIZATION_NOT_RECOGNIZED":                      {hub.ReasonForbidden, "Google does not recognise the organisation of the Cloud project." + organizationRest},
		"ORGANIZATION_NOT_APPROVED":                        {hub.ReasonForbidden, "The organisation of the Cloud project is not approved for the Google Ads API." + organizationRest},
		"ORGANIZATION_NOT_ASSOCIATED_WITH_DEVELOPER_TOKEN": {hub.ReasonForbidden, "The developer token belongs to another organisation than the Cloud project." + organizationRest},
		"AUTHENTICATION_ERROR":                             {hub.ReasonUnauthenticated, credentialDetail},
		"GOOGLE_ACCOUNT_DELETED":                           {hub.ReasonUnauthenticated, "The Google account behind the credential was deleted. Use a credential of another account that is Admin on the customer."},
		"GOOGLE_ACCOUNT_AUTHENTICATION_FAILED":             {hub.ReasonUnauthenticated, "Google could not sign in the account behind the credential. Sign in with it on accounts.google.com to see why, then make a new refresh token."},
	},
	"authorizationError": {
		"USER_PERMISSION_DENIED": {hub.ReasonForbidden, "The credential has no access to this customer. If it is reached through a manager account, set login_customer_id to the manager's id; otherwise have an Admin of the customer add the credential's identity."},
		"ACTION_NOT_PERMITTED":   {hub.ReasonForbidden, "The credential's identity is not Admin here. Have an Admin raise its role on ads.google.com (Admin, Access and security, Users); through a manager, that manager has to own the customer."},
		"INVALID_LOGIN_CUSTOMER_ID_SERVING_CUSTOMER_ID_COMBINATION": {hub.ReasonForbidden, "The manager account of login_customer_id does not manage this customer. Set it to one that does, or leave it out where access is direct."},
		"CUSTOMER_NOT_ENABLED":                       {hub.ReasonForbidden, "The customer is not enabled: it was cancelled or closed, or its set-up was never finished. Sign in on ads.google.com to see which, and reactivate it there."},
		"ACTION_NOT_PERMITTED_FOR_SUSPENDED_ACCOUNT": {hub.ReasonBlocked, "Google has suspended the customer, and changes nobody on a suspended account. Sign in on ads.google.com and follow the notice there."},
		"INCOMPLETE_SIGNUP":                          {hub.ReasonForbidden, "The set-up of the customer was never finished. Sign in on ads.google.com and finish it."},
		"MISSING_TOS":                                {hub.ReasonForbidden, "Somebody has to accept Google's terms of service for the customer first. Sign in on ads.google.com as an Admin and accept them."},
		"ACCESS_DENIED_FOR_ACCOUNT_TYPE":             {hub.ReasonForbidden, accountTypeDetail},
		"CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION":  {hub.ReasonForbidden, productionDetail},
		"DEVELOPER_TOKEN_NOT_APPROVED":               {hub.ReasonForbidden, productionDetail + organizationRest},
		"PROJECT_DISABLED":                           {hub.ReasonForbidden, projectDetail},
		"DEVELOPER_TOKEN_PROHIBITED":                 {hub.ReasonForbidden, "Google does not take this developer token with this Cloud project." + organizationRest},
		"DEVELOPER_TOKEN_NOT_ON_ALLOWLIST":           {hub.ReasonForbidden, "Google does not take this developer token here." + organizationRest},
		"CLOUD_PROJECT_NOT_UNDER_ORGANIZATION":       {hub.ReasonForbidden, "The Google Cloud project of the credential is in no organisation. Move it into one, or use an OAuth client or service account of a project that is."},
		"SERVICE_ACCESS_DENIED":                      {hub.ReasonForbidden, projectDetail},
		"AUTHORIZATION_ERROR":                        {hub.ReasonForbidden, "Google does not let this credential do this. Check that its identity is Admin on the customer and that the Cloud project may use the Google Ads API."},
	},
	"headerError": {
		"INVALID_LOGIN_CUSTOMER_ID":  {hub.ReasonInvalidInput, "login_customer_id is not one Google accepts. Set it to the ten digits of the manager account, or leave it out where access is direct."},
		"INVALID_LINKED_CUSTOMER_ID": {hub.ReasonUnknown, bugDetail},
	},
	"requestError": {
		"OPERATION_REQUIRED":                  {hub.ReasonUnknown, bugDetail},
		"REQUIRED_FIELD_MISSING":              {hub.ReasonUnknown, bugDetail},
		"RESOURCE_NAME_MISSING":               {hub.ReasonUnknown, bugDetail},
		"RESOURCE_NAME_MALFORMED":             {hub.ReasonUnknown, bugDetail},
		"BAD_RESOURCE_ID":                     {hub.ReasonUnknown, bugDetail},
		"INVALID_CUSTOMER_ID":                 {hub.ReasonNotFound, "Google takes this for no customer id. Take the ten digits from the top of ads.google.com, without the hyphens."},
		"INVALID_ENUM_VALUE":                  {hub.ReasonInvalidRole, "This version of the API does not know the role."},
		"IMMUTABLE_FIELD":                     {hub.ReasonUnknown, bugDetail},
		"RESOURCE_NOT_FOUND":                  {hub.ReasonNotFound, goneDetail},
		"INVALID_PAGE_TOKEN":                  {hub.ReasonUnknown, "The list changed under roster's hands more than once, and could not be read to its end. Apply again."},
		"EXPIRED_PAGE_TOKEN":                  {hub.ReasonUnknown, "The list could not be read to its end before its pages expired. Apply again."},
		"PAGE_SIZE_NOT_SUPPORTED":             {hub.ReasonUnknown, bugDetail},
		"UNSUPPORTED_VERSION":                 {hub.ReasonInvalidInput, "Google has retired this version of the API, or does not have it yet. Set api_version to a live one, or leave it out for " + defaultAPIVersion + "; a newer roster knows newer ones."},
		"CLOUD_PROJECT_NOT_FOUND":             {hub.ReasonForbidden, "Google finds no Cloud project behind the credential. " + projectDetail},
		"DEVELOPER_TOKEN_PARAMETER_MISSING":   {hub.ReasonUnauthenticated, "This version of the API still asks for a developer token. Leave api_version out for " + defaultAPIVersion + ", or set developer_token."},
		"LOGIN_CUSTOMER_ID_PARAMETER_MISSING": {hub.ReasonForbidden, "The customer is reached through a manager account only. Set login_customer_id to the manager's id."},
	},
	"fieldMaskError": {
		"FIELD_MASK_MISSING":     {hub.ReasonUnknown, bugDetail},
		"FIELD_MASK_NOT_ALLOWED": {hub.ReasonUnknown, bugDetail},
		"FIELD_NOT_FOUND":        {hub.ReasonUnknown, bugDetail},
		"FIELD_HAS_SUBFIELDS":    {hub.ReasonUnknown, bugDetail},
	},
	"mutateError": {
		"RESOURCE_NOT_FOUND":      {hub.ReasonNotFound, goneDetail},
		"RESOURCE_READ_ONLY":      {hub.ReasonForbidden, "Google lets nobody change this seat through the API. Change it on Google's own screen."},
		"MUTATE_NOT_ALLOWED":      {hub.ReasonForbidden, "Google does not allow this change on this customer. Make it on Google's own screen."},
		"RESOURCE_ALREADY_EXISTS": {hub.ReasonConflict, "The person is there already. Sync, and apply again."},
	},
	"queryError": {
		// Any value: each says that the query was at fault.
		"": {hub.ReasonUnknown, queryDetail},
	},
	"quotaError": {
		"RESOURCE_EXHAUSTED":                              {hub.ReasonRateLimited, tooManyDetail},
		"RESOURCE_TEMPORARILY_EXHAUSTED":                  {hub.ReasonRateLimited, tooManyDetail},
		"EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION": {hub.ReasonRateLimited, expensiveDetail},
		"EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION":  {hub.ReasonRateLimited, expensiveDetail},
		"ACCESS_PROHIBITED":                               {hub.ReasonForbidden, projectDetail},
	},
	"internalError": {
		"INTERNAL_ERROR":           {hub.ReasonUnavailable, passingDetail},
		"TRANSIENT_ERROR":          {hub.ReasonUnavailable, passingDetail},
		"DEADLINE_EXCEEDED":        {hub.ReasonUnavailable, passingDetail},
		"ERROR_CODE_NOT_PUBLISHED": {hub.ReasonUnknown, "This version of the API has no name for what is wrong. Set api_version to a newer one to see it."},
	},
}

// meaningOf finds a code in the table; a family can stand there as a whole.
func meaningOf(c errorCode) (meaning, bool) {
	family := meanings[c.family]
	if m, ok := family[c.value]; ok && c.value != "" {
		return m, true
	}
	m, ok := family[""]
	return m, ok
}

// stale is a code of v26.2 that older versions only name as unpublished: the
// person a waiting change is about is not what they were when it was asked for.
const stale = "STALE_MULTI_PARTY_AUTH_REQUEST"

// reason sorts a refusal: by its code, else by what the gateway in front of the
// API says, else by HTTP alone. A code that roster does not know stays unknown,
// whatever its family suggests.
func (e *refusal) reason() (hub.Reason, string) {
	if m, ok := meaningOf(e.code); ok && e.unpublished == "" {
		return m.reason, m.detail
	}
	switch {
	case strings.HasSuffix(e.unpublished, stale), e.code.value == stale:
		return hub.ReasonNotFound, decidedDetail
	case e.unpublished != "":
		return hub.ReasonUnknown, fmt.Sprintf("Google calls it %s, which version v%s of the API does not have. Set api_version to a newer one.", e.unpublished, strings.TrimPrefix(defaultAPIVersion, "v"))
	case e.code.family != "":
		if e.status >= http.StatusInternalServerError {
			return hub.ReasonUnavailable, passingDetail
		}
		return hub.ReasonUnknown, fmt.Sprintf("Google answered with %s, which roster does not know. Google's list of errors says what it is: https://developers.google.com/google-ads/api/docs/common-errors.", e.code)
	}
	switch e.info {
	case "SERVICE_DISABLED", "CONSUMER_INVALID":
		return hub.ReasonForbidden, projectDetail
	case "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
		return hub.ReasonForbidden, "The credential does not carry the scope " + scope + ". Make a new refresh token with it."
	}
	return reasonByStatus(e.status)
}

// reasonByStatus is what HTTP alone says.
func reasonByStatus(status int) (hub.Reason, string) {
	switch {
	case status == http.StatusUnauthorized:
		return hub.ReasonUnauthenticated, credentialDetail
	case status == http.StatusForbidden:
		return hub.ReasonForbidden, "Google does not let this credential do this. Check that its identity is Admin on the customer and that the Cloud project may use the Google Ads API."
	case status == http.StatusTooManyRequests:
		return hub.ReasonRateLimited, tooManyDetail
	case status >= http.StatusInternalServerError:
		return hub.ReasonUnavailable, passingDetail
	default:
		return hub.ReasonUnknown, ""
	}
}

// statusCancelled is Google's HTTP status for a call that was called off on the
// way. What it had done by then is anybody's guess.
const statusCancelled = 499

func (e *refusal) fault() hub.Fault {
	f := hub.Fault{
		Code:      e.codeText(),
		Message:   e.message,
		RequestID: e.requestID,
		Attempts:  e.attempts,
		Wait:      e.throttle,
	}
	f.Reason, f.Detail = e.reason()
	// Google may have acted before it stumbled. What it refuses, a throttle
	// included, it did not do.
	stumbled := f.Reason == hub.ReasonUnavailable || e.status >= http.StatusInternalServerError || e.status == statusCancelled
	f.Uncertain = e.effect != answer.Read && stumbled
	return f
}

// lostFault sorts a call that got no access token. What the token endpoint said
// counts, unless it was the caller's time or a pause that ended the call.
func lostFault(e *answer.Lost, token *tokenError) hub.Fault {
	f, call := token.fault(), vendor.Lost(e)
	f.Attempts, f.Wait, f.Uncertain = call.Attempts, call.Wait, call.Uncertain
	if r := call.Reason; r == hub.ReasonRateLimited || r == hub.ReasonCancelled || r == hub.ReasonTimeout {
		f.Reason, f.Detail = r, call.Detail
	}
	return f
}

// inspect is how transport reads an answer for trying again. project says that
// a throttle is the whole Cloud project's and not only this customer's.
func inspect(r *transport.Response) (verdict transport.Verdict, project bool) {
	e := refusalIn(r.Status, r.Body)
	if e == nil {
		return transport.ByStatus(r), false
	}
	f := e.failure()
	if f == nil {
		return transport.ByStatus(r), false
	}
	switch meaning, _ := meaningOf(f.ErrorCode); {
	case meaning.reason == hub.ReasonRateLimited:
		quota := f.Details.Quota
		verdict = transport.Verdict{Kind: transport.Throttled, Wait: time.Duration(quota.RetryDelay)}
		if verdict.Wait == 0 {
			verdict.Wait = waitWithoutHint(f.ErrorCode.value, r.Header)
		}
		return verdict, quota.RateScope == "DEVELOPER"
	case meaning.reason == hub.ReasonUnavailable:
		return transport.Verdict{Kind: transport.Transient}, false
	case f.ErrorCode == errorCode{"authenticationError", "OAUTH_TOKEN_INVALID"}, f.ErrorCode == errorCode{"authenticationError", "OAUTH_TOKEN_EXPIRED"}:
		return transport.Verdict{Kind: transport.Unauthorized}, false
	case r.Status == http.StatusUnauthorized:
		// Of the other refusals of a credential a new access token mends none.
		return transport.Verdict{Kind: transport.Done}, false
	default:
		return transport.ByStatus(r), false
	}
}

// waitWithoutHint is how long to hold after a search found too expensive, where
// Google does not say; 0 leaves the wait to transport.
func waitWithoutHint(code string, h http.Header) time.Duration {
	if _, told := transport.RetryAfter(h); told {
		return 0
	}
	switch code {
	case "EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION":
		return excessWait
	case "EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION":
		return longExcessWait
	default:
		return 0
	}
}

// pageTokenRefused says that a list has to be read from its first page again.
func pageTokenRefused(err error) bool {
	var e *refusal
	return errors.As(err, &e) && e.code.family == "requestError" &&
		(e.code.value == "INVALID_PAGE_TOKEN" || e.code.value == "EXPIRED_PAGE_TOKEN")
}
