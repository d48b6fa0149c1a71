package googleads

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// body is a refusal as Google's documents print it.
func body(code int, status, family, value string) string {
	return fmt.Sprintf(`{
  "error": {
    "code": %d,
    "message": "Request contains an invalid argument.",
    "status": %q,
    "details": [
      {
        "@type": "type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure",
        "errors": [
          {
            "errorCode": { %q: %q },
            "message": "What Google says of it.",
            "trigger": { "stringValue": "new.hire@agency.example" },
            "location": { "fieldPathElements": [ { "fieldName": "operation" }, { "fieldName": "create" }, { "fieldName": "email_address" } ] }
          }
        ],
        "requestId": "AbCdEf012345"
      }
    ]
  }
}`, code, status, family, value)
}

func claimsOf(t *testing.T, assertion string) map[string]any {
	t.Helper()
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		t.Fatalf("assertion %q", assertion)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims map[string]any
	if err == nil {
		err = json.Unmarshal(text, &claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

// codes is what Google documents, with what roster makes of it and what the
// person is told to do.
var codes = []struct {
	family, value string
	want          hub.Reason
	says          string
}{
	{"accessInvitationError", "INVALID_EMAIL_ADDRESS", hub.ReasonInvalidInput, "spelling"},
	{"accessInvitationError", "EMAIL_ADDRESS_ALREADY_HAS_ACCESS", hub.ReasonConflict, "Import"},
	{"accessInvitationError", "EMAIL_ADDRESS_ALREADY_HAS_PENDING_INVITATION", hub.ReasonConflict, "withdraw"},
	{"accessInvitationError", "INVALID_INVITATION_STATUS", hub.ReasonNotFound, "Sync"},
	{"accessInvitationError", "INVALID_INVITATION_ID", hub.ReasonNotFound, "Sync"},
	{"accessInvitationError", "GOOGLE_CONSUMER_ACCOUNT_NOT_ALLOWED", hub.ReasonInvalidInput, "without the plus"},
	{"accessInvitationError", "PENDING_INVITATIONS_LIMIT_EXCEEDED", hub.ReasonSeatLimit, "70"},
	{"accessInvitationError", "EMAIL_DOMAIN_POLICY_VIOLATED", hub.ReasonInvalidInput, "domain"},
	{"customerUserAccessError", "INVALID_USER_ID", hub.ReasonNotFound, "Sync"},
	{"customerUserAccessError", "REMOVAL_DISALLOWED", hub.ReasonUnsupported, "own screen"},
	{"customerUserAccessError", "DISALLOWED_ACCESS_ROLE", hub.ReasonInvalidRole, "another role"},
	{"customerUserAccessError", "LAST_ADMIN_USER_OF_MANAGER", hub.ReasonLastAdmin, "ADMIN first"},
	{"customerUserAccessError", "LAST_ADMIN_USER_OF_SERVING_CUSTOMER", hub.ReasonLastAdmin, "ADMIN first"},
	{"multiPartyAuthReviewError", "ACCESS_INVITATION_NOT_FOUND", hub.ReasonNotFound, "Sync"},
	{"multiPartyAuthReviewError", "ACCESS_INVITATION_INVALID_STATUS", hub.ReasonNotFound, "Sync"},
	{"multiPartyAuthReviewError", "INVALID_STATUS_TRANSITION", hub.ReasonUnknown, "Sync"},
	{"multiPartyAuthReviewError", "PERMISSION_DENIED", hub.ReasonForbidden, "another Admin"},
	{"multiPartyAuthReviewError", "STALE_MULTI_PARTY_AUTH_REQUEST", hub.ReasonNotFound, "Sync"},
	{"authenticationError", "OAUTH_TOKEN_INVALID", hub.ReasonUnauthenticated, "new refresh token"},
	{"authenticationError", "OAUTH_TOKEN_EXPIRED", hub.ReasonUnauthenticated, "new refresh token"},
	{"authenticationError", "OAUTH_TOKEN_REVOKED", hub.ReasonUnauthenticated, "new refresh token"},
	{"authenticationError", "OAUTH_TOKEN_DISABLED", hub.ReasonUnauthenticated, "new refresh token"},
	{"authenticationError", "OAUTH_TOKEN_HEADER_INVALID", hub.ReasonUnauthenticated, "new refresh token"},
	{"authenticationError", "NOT_ADS_USER", hub.ReasonForbidden, "add it"},
	{"authenticationError", "CUSTOMER_NOT_FOUND", hub.ReasonNotFound, "without the hyphens"},
	{"authenticationError", "CLIENT_CUSTOMER_ID_INVALID", hub.ReasonNotFound, "without the hyphens"},
	{"authenticationError", "TWO_STEP_VERIFICATION_NOT_ENROLLED", hub.ReasonSecondFactor, "Enrol"},
	{"authenticationError", "ADVANCED_PROTECTION_NOT_ENROLLED", hub.ReasonSecondFactor, "Enrol"},
	{"authenticationError", "DEVELOPER_TOKEN_INVALID", hub.ReasonUnauthenticated, "Leave developer_token out"},
	{"authenticationError", "ORGANIZATION_NOT_RECOGNIZED", hub.ReasonForbidden, "Leave developer_token out"},
	{"authenticationError", "ORGANIZATION_NOT_APPROVED", hub.ReasonForbidden, "Leave developer_token out"},
	{"authenticationError", "ORGANIZATION_NOT_ASSOCIATED_WITH_DEVELOPER_TOKEN", hub.ReasonForbidden, "Leave developer_token out"},
	{"authenticationError", "AUTHENTICATION_ERROR", hub.ReasonUnauthenticated, "new refresh token"},
	{"authenticationError", "GOOGLE_ACCOUNT_DELETED", hub.ReasonUnauthenticated, "another account"},
	{"authenticationError", "GOOGLE_ACCOUNT_AUTHENTICATION_FAILED", hub.ReasonUnauthenticated, "new refresh token"},
	{"authorizationError", "USER_PERMISSION_DENIED", hub.ReasonForbidden, "login_customer_id"},
	{"authorizationError", "ACTION_NOT_PERMITTED", hub.ReasonForbidden, "not Admin"},
	{"authorizationError", "INVALID_LOGIN_CUSTOMER_ID_SERVING_CUSTOMER_ID_COMBINATION", hub.ReasonForbidden, "login_customer_id"},
	{"authorizationError", "CUSTOMER_NOT_ENABLED", hub.ReasonForbidden, "reactivate"},
	{"authorizationError", "ACTION_NOT_PERMITTED_FOR_SUSPENDED_ACCOUNT", hub.ReasonBlocked, "notice"},
	{"authorizationError", "INCOMPLETE_SIGNUP", hub.ReasonForbidden, "finish it"},
	{"authorizationError", "MISSING_TOS", hub.ReasonForbidden, "accept them"},
	{"authorizationError", "ACCESS_DENIED_FOR_ACCOUNT_TYPE", hub.ReasonForbidden, "kind of account"},
	{"authorizationError", "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION", hub.ReasonForbidden, "Explorer or Basic"},
	{"authorizationError", "DEVELOPER_TOKEN_NOT_APPROVED", hub.ReasonForbidden, "Explorer or Basic"},
	{"authorizationError", "PROJECT_DISABLED", hub.ReasonForbidden, "console.cloud.google.com"},
	{"authorizationError", "DEVELOPER_TOKEN_PROHIBITED", hub.ReasonForbidden, "Leave developer_token out"},
	{"authorizationError", "DEVELOPER_TOKEN_NOT_ON_ALLOWLIST", hub.ReasonForbidden, "Leave developer_token out"},
	{"authorizationError", "CLOUD_PROJECT_NOT_UNDER_ORGANIZATION", hub.ReasonForbidden, "organisation"},
	{"authorizationError", "SERVICE_ACCESS_DENIED", hub.ReasonForbidden, "console.cloud.google.com"},
	{"authorizationError", "AUTHORIZATION_ERROR", hub.ReasonForbidden, "Admin"},
	{"headerError", "INVALID_LOGIN_CUSTOMER_ID", hub.ReasonInvalidInput, "ten digits"},
	{"headerError", "INVALID_LINKED_CUSTOMER_ID", hub.ReasonUnknown, "fault of roster"},
	{"requestError", "OPERATION_REQUIRED", hub.ReasonUnknown, "fault of roster"},
	{"requestError", "REQUIRED_FIELD_MISSING", hub.ReasonUnknown, "fault of roster"},
	{"requestError", "RESOURCE_NAME_MISSING", hub.ReasonUnknown, "fault of roster"},
	{"requestError", "RESOURCE_NAME_MALFORMED", hub.ReasonUnknown, "fault of roster"},
	{"requestError", "BAD_RESOURCE_ID", hub.ReasonUnknown, "fault of roster"},
	{"requestError", "INVALID_CUSTOMER_ID", hub.ReasonNotFound, "without the hyphens"},
	{"requestError", "INVALID_ENUM_VALUE", hub.ReasonInvalidRole, "role"},
	{"requestError", "IMMUTABLE_FIELD", hub.ReasonUnknown, "fault of roster"},
	{"requestError", "RESOURCE_NOT_FOUND", hub.ReasonNotFound, "Sync"},
	{"requestError", "INVALID_PAGE_TOKEN", hub.ReasonUnknown, "Apply again"},
	{"requestError", "EXPIRED_PAGE_TOKEN", hub.ReasonUnknown, "Apply again"},
	{"requestError", "PAGE_SIZE_NOT_SUPPORTED", hub.ReasonUnknown, "fault of roster"},
	{"requestError", "UNSUPPORTED_VERSION", hub.ReasonInvalidInput, "api_version"},
	{"requestError", "CLOUD_PROJECT_NOT_FOUND", hub.ReasonForbidden, "Cloud project"},
	{"requestError", "DEVELOPER_TOKEN_PARAMETER_MISSING", hub.ReasonUnauthenticated, "developer_token"},
	{"requestError", "LOGIN_CUSTOMER_ID_PARAMETER_MISSING", hub.ReasonForbidden, "login_customer_id"},
	{"fieldMaskError", "FIELD_MASK_MISSING", hub.ReasonUnknown, "fault of roster"},
	{"fieldMaskError", "FIELD_MASK_NOT_ALLOWED", hub.ReasonUnknown, "fault of roster"},
	{"fieldMaskError", "FIELD_NOT_FOUND", hub.ReasonUnknown, "fault of roster"},
	{"fieldMaskError", "FIELD_HAS_SUBFIELDS", hub.ReasonUnknown, "fault of roster"},
	{"mutateError", "RESOURCE_NOT_FOUND", hub.ReasonNotFound, "Sync"},
	{"mutateError", "RESOURCE_READ_ONLY", hub.ReasonForbidden, "own screen"},
	{"mutateError", "MUTATE_NOT_ALLOWED", hub.ReasonForbidden, "own screen"},
	{"mutateError", "RESOURCE_ALREADY_EXISTS", hub.ReasonConflict, "Sync"},
	{"queryError", "UNRECOGNIZED_FIELD", hub.ReasonUnknown, "api_version"},
	{"queryError", "BAD_FIELD_NAME", hub.ReasonUnknown, "api_version"},
	{"queryError", "EXPECTED_FROM", hub.ReasonUnknown, "api_version"},
	{"quotaError", "RESOURCE_EXHAUSTED", hub.ReasonRateLimited, "access level"},
	{"quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED", hub.ReasonRateLimited, "access level"},
	{"quotaError", "EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION", hub.ReasonRateLimited, "Wait"},
	{"quotaError", "EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION", hub.ReasonRateLimited, "Wait"},
	{"quotaError", "ACCESS_PROHIBITED", hub.ReasonForbidden, "console.cloud.google.com"},
	{"internalError", "INTERNAL_ERROR", hub.ReasonUnavailable, "Apply again later"},
	{"internalError", "TRANSIENT_ERROR", hub.ReasonUnavailable, "Apply again later"},
	{"internalError", "DEADLINE_EXCEEDED", hub.ReasonUnavailable, "Apply again later"},
	{"internalError", "ERROR_CODE_NOT_PUBLISHED", hub.ReasonUnknown, "api_version"},
	// What nobody has told roster about.
	{"accessInvitationError", "MOON_IS_FULL", hub.ReasonUnknown, "accessInvitationError.MOON_IS_FULL"},
	{"authenticationError", "UNKNOWN", hub.ReasonUnknown, "does not know"},
	{"lunarError", "ECLIPSE", hub.ReasonUnknown, "lunarError.ECLIPSE"},
}

func TestReasons(t *testing.T) {
	tested := map[string]bool{}
	for _, tt := range codes {
		tested[tt.family+"."+tt.value] = true
		t.Run(tt.family+"."+tt.value, func(t *testing.T) {
			// Short of what any throttle asks for, so that none is waited out.
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			for what, call := range map[string]func(*Connector) error{
				"Add": func(c *Connector) error {
					_, err := c.Add(ctx, testHub, hub.Add{Email: "new.hire@agency.example", Role: "READ_ONLY"})
					return err
				},
				"Remove": func(c *Connector) error { return c.Remove(ctx, testHub, adaSeat) },
			} {
				c, w := dial(t, user(), always(reply{status: 400, body: body(400, "INVALID_ARGUMENT", tt.family, tt.value)}))
				f := c.Explain(call(c))
				if f.Reason != tt.want || !strings.Contains(f.Detail, tt.says) {
					t.Errorf("%s: %q, %q; want %q saying %q", what, f.Reason, f.Detail, tt.want, tt.says)
				}
				if f.Code != tt.family+"."+tt.value || f.Message != "What Google says of it." || f.RequestID != "AbCdEf012345" || f.Attempts < 1 {
					t.Errorf("%s: fault = %+v", what, f)
				}
				if f.Uncertain != (tt.want == hub.ReasonUnavailable) {
					t.Errorf("%s: uncertain = %t", what, f.Uncertain)
				}
				if tt.want != hub.ReasonRateLimited && tt.want != hub.ReasonUnauthenticated && w.count() != 1 {
					t.Errorf("%s: %d requests, want 1: a refusal is final", what, w.count())
				}
			}
		})
	}
	for family, values := range meanings {
		for value := range values {
			if value != "" && !tested[family+"."+value] {
				t.Errorf("%s.%s is classified and not tested", family, value)
			}
		}
	}
}

// Errors that never reached the API have no GoogleAdsFailure.
func TestReasonsWithoutFailure(t *testing.T) {
	info := `{"error":{"code":%d,"message":"m","status":%q,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":%q,"domain":"googleapis.com","metadata":{"service":"googleads.googleapis.com"}}]}}`
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   hub.Reason
		code   string
	}{
		{"the API is not enabled", 403, fmt.Sprintf(info, 403, "PERMISSION_DENIED", "SERVICE_DISABLED"), hub.ReasonForbidden, "PERMISSION_DENIED (SERVICE_DISABLED)"},
		{"the scope is missing", 403, fmt.Sprintf(info, 403, "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"), hub.ReasonForbidden, "PERMISSION_DENIED (ACCESS_TOKEN_SCOPE_INSUFFICIENT)"},
		{"some other reason", 403, fmt.Sprintf(info, 403, "PERMISSION_DENIED", "BLUE_MOON"), hub.ReasonForbidden, "PERMISSION_DENIED (BLUE_MOON)"},
		{"no token", 401, `{"error":{"code":401,"message":"Request is missing required authentication credential.","status":"UNAUTHENTICATED"}}`, hub.ReasonUnauthenticated, "UNAUTHENTICATED"},
		{"the gateway's quota", 429, `{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED"}}`, hub.ReasonRateLimited, "RESOURCE_EXHAUSTED"},
		{"a failure of another version", 400, strings.Replace(body(400, "INVALID_ARGUMENT", "accessInvitationError", "INVALID_EMAIL_ADDRESS"), ".v25.", ".v26.", 1), hub.ReasonInvalidInput, "accessInvitationError.INVALID_EMAIL_ADDRESS"},
		{"a proxy", 502, "<html><body>Bad gateway</body></html>", hub.ReasonUnavailable, "HTTP 502"},
		{"no such path", 404, "<html><title>Error 404 (Not Found)!!1</title>", hub.ReasonUnknown, "HTTP 404"},
		{"an odd error", 400, `{"error":"nope"}`, hub.ReasonUnknown, "HTTP 400"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := dial(t, user(), always(reply{status: tt.status, header: map[string]string{"request-id": "H"}, body: tt.body}))
			_, err := c.Add(t.Context(), testHub, hub.Add{Email: "new.hire@agency.example", Role: "READ_ONLY"})
			f := c.Explain(err)
			if f.Reason != tt.want || f.Code != tt.code || f.RequestID == "" || f.Detail == "" {
				t.Errorf("fault = %+v (error: %v)", f, err)
			}
		})
	}
}

// Google may list several errors; the one roster can say something about wins.
func TestSeveralErrors(t *testing.T) {
	several := strings.Replace(body(400, "INVALID_ARGUMENT", "customerUserAccessError", "LAST_ADMIN_USER_OF_MANAGER"),
		`"errors": [`, `"errors": [ {"errorCode": {"lunarError": "ECLIPSE"}, "message": "It is dark."}, {"message": "no code"},`, 1)
	c, _ := dial(t, user(), always(reply{status: 400, body: several}))
	f := c.Explain(c.Remove(t.Context(), testHub, adaSeat))
	if f.Reason != hub.ReasonLastAdmin || f.Message != "What Google says of it." {
		t.Errorf("fault = %+v", f)
	}
}

// A code that is newer than the version is named beside the one that stands for
// it.
func TestUnpublishedCodes(t *testing.T) {
	unpublished := func(family, value, code string) string {
		return strings.Replace(body(400, "INVALID_ARGUMENT", family, value), `"trigger"`, `"details": {"unpublishedErrorCode": "`+code+`"}, "trigger"`, 1)
	}
	for _, tt := range []struct {
		family, value, code string
		want                hub.Reason
	}{
		{"internalError", "ERROR_CODE_NOT_PUBLISHED", "AccessInvitationError.MOON_IS_FULL", hub.ReasonUnknown},
		{"multiPartyAuthReviewError", "UNKNOWN", "MultiPartyAuthReviewError.STALE_MULTI_PARTY_AUTH_REQUEST", hub.ReasonNotFound},
	} {
		c, _ := dial(t, user(), always(reply{status: 400, body: unpublished(tt.family, tt.value, tt.code)}))
		f := c.Explain(c.Remove(t.Context(), testHub, adaHeld))
		if f.Reason != tt.want || !strings.Contains(f.Code, tt.code) || tt.want == hub.ReasonUnknown && !strings.Contains(f.Detail, tt.code) {
			t.Errorf("fault = %+v, want %s", f, tt.want)
		}
	}
}

// The end of a review can fail inside a 200.
func TestPartialFailure(t *testing.T) {
	inside := func(family, value string) string {
		var failed struct{ Error json.RawMessage }
		_ = json.Unmarshal([]byte(body(3, "", family, value)), &failed)
		return `{"resultOrError":[{"partialFailureError":` + string(failed.Error) + `}]}`
	}
	for value, want := range map[string]hub.Reason{
		"ACCESS_INVITATION_INVALID_STATUS": hub.ReasonNotFound,
		"PERMISSION_DENIED":                hub.ReasonForbidden,
		"BLUE_MOON":                        hub.ReasonUnknown,
	} {
		c, _ := dial(t, user(), always(reply{body: inside("multiPartyAuthReviewError", value)}))
		err := c.Remove(t.Context(), testHub, adaHeld)
		if f := c.Explain(err); err == nil || f.Reason != want || f.Uncertain || f.Code != "multiPartyAuthReviewError."+value {
			t.Errorf("%s: fault = %+v (error: %v)", value, f, err)
		}
	}
	c, _ := dial(t, user(), always(reply{body: inside("internalError", "TRANSIENT_ERROR")}))
	if f := c.Explain(c.Remove(t.Context(), testHub, adaHeld)); f.Reason != hub.ReasonUnavailable || !f.Uncertain {
		t.Errorf("fault = %+v", f)
	}
}

// Google quotes values back.
func TestSecretsAreMasked(t *testing.T) {
	leak := strings.ReplaceAll(body(400, "INVALID_ARGUMENT", "headerError", "INVALID_LOGIN_CUSTOMER_ID"), "What Google says of it.", "Bad header "+testDeveloper+" with minted-1")
	for _, answer := range []reply{{status: 400, body: leak}, {status: 418, body: "teapot " + testDeveloper}} {
		c, _ := dial(t, user(settingDeveloperToken, testDeveloper), always(answer))
		err := c.Remove(t.Context(), testHub, adaSeat)
		text := fmt.Sprintf("%v %#v %+v", err, err, c.Explain(err))
		if strings.Contains(text, testDeveloper) || strings.Contains(text, "minted-1") || !strings.Contains(text, "***") {
			t.Errorf("a secret shows: %s", text)
		}
	}
}
