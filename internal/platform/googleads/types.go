package googleads

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// The structs hold what roster reads and no more. Unset fields are left out on
// the wire, so every one of them may be empty. Numbers of 64 bits are strings
// there; roster takes ids from resource names, which hold the same digits.

// The collections of a customer's people. They have id spaces of their own that
// overlap, so roster's ids carry the collection: "customerUserAccesses/8001" is
// the end of a resource name, and an invitation's id can never be taken for a
// member's.
const (
	accesses    = "customerUserAccesses"
	invitations = "customerUserAccessInvitations"
	reviews     = "multiPartyAuthReviews"
)

// collection is the part of an id before the slash, "" when it is none of
// roster's.
func collection(id string) string {
	name, number, found := strings.Cut(id, "/")
	if !found || !digits(number) {
		return ""
	}
	switch name {
	case accesses, invitations, reviews:
		return name
	default:
		return ""
	}
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// resourceName is the whole name of an id on a customer.
func resourceName(customer, id string) string { return "customers/" + customer + "/" + id }

// idOf is resourceName backwards; "" when the name is not one of that
// customer's and of that collection.
func idOf(customer, name, kind string) string {
	id, found := strings.CutPrefix(name, "customers/"+customer+"/")
	if !found || collection(id) != kind {
		return ""
	}
	return id
}

// page is one page of a search. A search without rows still has its field mask;
// an answer with neither is none.
type page struct {
	Results       []row           `json:"results"`
	NextPageToken string          `json:"nextPageToken"`
	FieldMask     json.RawMessage `json:"fieldMask"`
}

// row is one row of any of the searches.
type row struct {
	Customer   *customer   `json:"customer"`
	Access     *access     `json:"customerUserAccess"`
	Invitation *invitation `json:"customerUserAccessInvitation"`
	Review     *review     `json:"multiPartyAuthReview"`
}

// customer is the hub itself.
type customer struct {
	ID              string `json:"id"`
	DescriptiveName string `json:"descriptiveName"`
	Manager         bool   `json:"manager"`
	TestAccount     bool   `json:"testAccount"`
	Status          string `json:"status"`
}

// access is somebody's seat. There is no status: whoever is listed is in.
type access struct {
	ResourceName  string `json:"resourceName"`
	EmailAddress  string `json:"emailAddress"`
	AccessRole    string `json:"accessRole"`
	PendingReview string `json:"pendingMultiPartyAuthReview"` // from v24
}

// invitation is an invitation that is out.
type invitation struct {
	ResourceName     string    `json:"resourceName"`
	EmailAddress     string    `json:"emailAddress"`
	AccessRole       string    `json:"accessRole"`
	CreationDateTime timestamp `json:"creationDateTime"`
	InvitationStatus string    `json:"invitationStatus"`
}

// review is a change that a second administrator has to approve.
type review struct {
	ResourceName     string    `json:"resourceName"`
	CreationDateTime timestamp `json:"creationDateTime"`
	ReviewStatus     string    `json:"reviewStatus"`
	OperationType    string    `json:"operationType"`
	Access           struct {
		Old string `json:"oldCustomerUserAccess"` // a resource name
		New access `json:"newCustomerUserAccess"` // what changes of it: the role
	} `json:"customerUserAccessReview"`
	Invitation struct {
		New *invitation `json:"newCustomerUserAccessInvitation"`
	} `json:"customerUserAccessInvitationReview"`
}

// directCustomers is what the identity has access to without a manager.
type directCustomers struct {
	ResourceNames []string `json:"resourceNames"`
}

// mutated is the answer to a change of a seat or an invitation: the thing
// changed when it is done, the review when it is held.
//
// Of a held invitation both can be there. Google's June 2026 announcement has
// the review alone; that of November says that until December 2026 the
// invitation is made at once and merely not sent. Whatever else it says, an
// answer with a review is one that is held.
type mutated struct {
	Result *struct {
		ResourceName string `json:"resourceName"`
		Review       string `json:"multiPartyAuthReview"`
	} `json:"result"`
}

// resolved is the answer to the end of a review. It can hold its failure inside
// a 200, which refusalIn looks for.
type resolved struct {
	ResultOrError []struct {
		Result *struct {
			Review string `json:"multiPartyAuthReview"`
		} `json:"result"`
	} `json:"resultOrError"`
}

// timestamp is Google's form of a time: see timestampLayout. One that cannot be
// read is zero: no list is worth failing for a date.
type timestamp struct{ time.Time }

func (t *timestamp) UnmarshalJSON(b []byte) error {
	var s string
	_ = json.Unmarshal(b, &s)
	if read, err := time.Parse(timestampLayout, s); err == nil {
		t.Time = read
	}
	return nil
}

// plus is t and d later, zero when t is.
func (t timestamp) plus(d time.Duration) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.Add(d)
}

func (a access) member(customer string) hub.Member {
	return hub.Member{
		ID:     idOf(customer, a.ResourceName, accesses),
		Email:  a.EmailAddress,
		Status: hub.StatusActive,
		Role:   a.AccessRole,
	}
}

func (i invitation) member(customer string) hub.Member {
	m := hub.Member{
		ID:        idOf(customer, i.ResourceName, invitations),
		Email:     i.EmailAddress,
		Status:    hub.StatusInvited,
		Role:      i.AccessRole,
		InvitedAt: i.CreationDateTime.Time,
		ExpiresAt: i.CreationDateTime.plus(invitationLife),
	}
	if i.InvitationStatus != "PENDING" { // and yet it was found by that status
		m.Status = hub.StatusUnknown
	}
	return m
}

// invites says that approving the review sends an invitation: until then it is
// all there is of the person.
func (r review) invites() bool {
	return r.OperationType == "CREATE" && r.Invitation.New != nil
}

// member is the person whose invitation is held. Nobody was invited so far.
func (r review) member(customer string) hub.Member {
	return hub.Member{
		ID:        idOf(customer, r.ResourceName, reviews),
		Email:     r.Invitation.New.EmailAddress,
		Status:    hub.StatusPendingApproval,
		Role:      r.Invitation.New.AccessRole,
		ExpiresAt: r.CreationDateTime.plus(reviewLife),
	}
}

// awaiting is the change to a seat that is held, nil for a review of another
// kind.
func (r review) awaiting(customer string) *hub.Awaiting {
	a := &hub.Awaiting{ID: idOf(customer, r.ResourceName, reviews), ExpiresAt: r.CreationDateTime.plus(reviewLife)}
	switch r.OperationType {
	case "UPDATE":
		a.Task, a.Role = hub.TaskChangeRole, r.Access.New.AccessRole
	case "REMOVE":
		a.Task = hub.TaskRemove
	default:
		return nil
	}
	return a
}

// googleError is google.rpc.Status, as the body of a refusal has it and as a
// partial failure inside a 200 does.
type googleError struct {
	Code    int           `json:"code"` // of HTTP in a body, of gRPC inside a 200
	Message string        `json:"message"`
	Status  string        `json:"status"` // "INVALID_ARGUMENT"
	Details []errorDetail `json:"details"`
}

// errorDetail is a GoogleAdsFailure or an ErrorInfo, told apart by the end of
// @type: the beginning holds the API's version.
type errorDetail struct {
	Type      string    `json:"@type"`
	Errors    []failure `json:"errors"`
	RequestID string    `json:"requestId"`
	Reason    string    `json:"reason"` // of an ErrorInfo
}

// failure is one error of a GoogleAdsFailure.
type failure struct {
	ErrorCode errorCode `json:"errorCode"`
	Message   string    `json:"message"`
	Details   struct {
		Unpublished string `json:"unpublishedErrorCode"`
		Quota       struct {
			RateScope  string   `json:"rateScope"`
			RetryDelay duration `json:"retryDelay"`
		} `json:"quotaErrorDetails"`
	} `json:"details"`
}

// errorCode is the one-of of Google's errors: the family is the name of the one
// field, the value its content.
type errorCode struct{ family, value string }

func (c *errorCode) UnmarshalJSON(b []byte) error {
	var object map[string]string
	_ = json.Unmarshal(b, &object) // what is not of this form stays without a code
	for family, value := range object {
		*c = errorCode{family, value}
	}
	return nil
}

func (c errorCode) String() string {
	if c.family == "" {
		return ""
	}
	return c.family + "." + c.value
}

// duration is protobuf's form of one: seconds, fractions allowed, and an s.
type duration time.Duration

func (d *duration) UnmarshalJSON(b []byte) error {
	var s string
	_ = json.Unmarshal(b, &s)
	seconds, ok := strings.CutSuffix(s, "s")
	if !ok || strings.Trim(seconds, "0123456789.") != "" {
		return nil
	}
	// A day is beyond any wait; the bound keeps nonsense from overflowing.
	if read, err := time.ParseDuration(s); err == nil {
		*d = duration(min(read, 24*time.Hour))
	} else if len(seconds) > 6 {
		*d = duration(24 * time.Hour)
	}
	return nil
}
