package hubsim

import (
	"net/url"
	"slices"
	"sync"
	"time"
)

// Operations: what a call was for, in words shared by all platforms.
const (
	OpVerifyIdentity    = "verify_identity"
	OpVerifyBusiness    = "verify_business"
	OpPermissions       = "permissions"
	OpListBusinesses    = "list_businesses"
	OpListMembers       = "list_members"
	OpFindMember        = "find_member" // a look-up by e-mail, not a page of the list
	OpListInvitations   = "list_invitations"
	OpFindInvitation    = "find_invitation" // a look-up by e-mail, not a page of the list
	OpListSystemUsers   = "list_system_users"
	OpGetMember         = "get_member"
	OpGetInvitation     = "get_invitation"
	OpInvite            = "invite"
	OpChangeRole        = "change_role"
	OpChangeInvitedRole = "change_invited_role"
	OpRemove            = "remove"
	OpCancelInvitation  = "cancel_invitation"
	OpListRoles         = "list_roles"   // where roles are a list of their own
	OpMemberRoles       = "member_roles" // of one member
	OpGrantRole         = "grant_role"
	OpRevokeRole        = "revoke_role"
	OpUpdateMember      = "update_member" // a name or the like, no role
	OpInspectToken      = "inspect_token"
	OpRefreshToken      = "refresh_token"     // an access token was asked for
	OpAnswerInvitation  = "answer_invitation" // by the person invited
	OpListReviews       = "list_reviews"      // changes that wait for a second administrator
	OpResolveReview     = "resolve_review"    // approved, rejected or taken back
	OpFindUser          = "find_user"         // somebody of the workspace, on the hub or not
	OpPollJob           = "poll_job"          // a task's progress was asked for
	OpListUnmatched     = "list_unmatched"    // people of the app whom the workspace does not know
	OpRemoveUnmatched   = "remove_unmatched"
	OpReactivate        = "reactivate" // a suspended member
	OpDiscover          = "discover"   // what the platform can do
	OpListGroups        = "list_groups"
	OpFindGroup         = "find_group" // a look-up by name, not a page of the list
	OpGetGroup          = "get_group"
	OpCreateGroup       = "create_group"
	OpUpdateGroup       = "update_group" // its name or the like, no members
	OpDeleteGroup       = "delete_group"
	OpUnknown           = "unknown" // a path or an id the platform does not know
)

// Request is one API call a platform received. It holds no secret: tokens,
// proofs and passwords are masked wherever they travelled.
type Request struct {
	Seq        int        `json:"seq"`
	Time       time.Time  `json:"time"`
	Platform   string     `json:"platform"`
	Business   string     `json:"business,omitempty"`
	Operation  string     `json:"operation"`
	Write      bool       `json:"write"` // anything but GET, HEAD and what only reads by another method
	Method     string     `json:"method"`
	Path       string     `json:"path"` // below the platform's prefix
	Query      url.Values `json:"query,omitempty"`
	Form       url.Values `json:"form,omitempty"`
	Body       string     `json:"body,omitempty"` // a JSON body
	UserAgent  string     `json:"user_agent,omitempty"`
	Credential string     `json:"credential,omitempty"` // the name of the credential used, never the credential
	TokenIn    string     `json:"token_in,omitempty"`   // header, query or form
	Status     int        `json:"status"`               // 0 while being served, and when no answer was sent
	Fault      string     `json:"fault,omitempty"`      // the kind of fault applied
}

// Filter selects requests.
type Filter func(Request) bool

// ByPlatform selects the requests of one platform.
func ByPlatform(name string) Filter { return func(r Request) bool { return r.Platform == name } }

// ByBusiness selects the requests about one business.
func ByBusiness(id string) Filter { return func(r Request) bool { return r.Business == id } }

// ByOperation selects the requests for one of the operations.
func ByOperation(ops ...string) Filter {
	return func(r Request) bool { return slices.Contains(ops, r.Operation) }
}

// OnlyWrites selects requests that could change something.
func OnlyWrites() Filter { return func(r Request) bool { return r.Write } }

// AfterSeq selects requests later than a sequence number.
func AfterSeq(seq int) Filter { return func(r Request) bool { return r.Seq > seq } }

// Requests returns the calls received, oldest first, that pass every filter.
func (s *Sim) Requests(filters ...Filter) []Request { return s.log.list(filters) }

// Writes returns the calls that were not reads, whatever became of them.
func (s *Sim) Writes(filters ...Filter) []Request {
	return s.log.list(append([]Filter{OnlyWrites()}, filters...))
}

// CountOps counts the calls by operation.
func (s *Sim) CountOps(filters ...Filter) map[string]int {
	counts := map[string]int{}
	for _, r := range s.log.list(filters) {
		counts[r.Operation]++
	}
	return counts
}

// ResetRequests empties the log. Sequence numbers go on.
func (s *Sim) ResetRequests() { s.log.reset() }

type requestLog struct {
	mu      sync.Mutex
	seq     int
	entries []*Request
	onDone  func(Request)
}

// begin records a call when it arrives, so that one which is never answered is
// in the log too.
func (l *requestLog) begin(r Request) *Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	r.Seq = l.seq
	entry := &r
	l.entries = append(l.entries, entry)
	return entry
}

func (l *requestLog) finish(entry *Request, status int, fault string) {
	l.mu.Lock()
	entry.Status, entry.Fault = status, fault
	done, onDone := *entry, l.onDone
	l.mu.Unlock()
	if onDone != nil {
		onDone(done)
	}
}

func (l *requestLog) list(filters []Filter) []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := []Request{}
	for _, e := range l.entries {
		if !slices.ContainsFunc(filters, func(keep Filter) bool { return !keep(*e) }) {
			found = append(found, *e)
		}
	}
	return found
}

func (l *requestLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = nil
}

// OnRequest has f called with each request once it was answered. Only one f at
// a time; the command uses it to print.
func (s *Sim) OnRequest(f func(Request)) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.onDone = f
}
