package provider_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// person is somebody in the stories. No address is part of another one.
type person string

func (p person) email() string { return string(p) + "@northwind.example" }

// elsewhere is the account under another address with which they may accept.
func (p person) elsewhere() string { return "private-" + string(p) + "@home.example" }

// cast are the people of every story. The first four are on the hub when it
// begins.
var cast = []person{"ada", "olive", "bo", "cy", "nia", "ivo", "max"}

// seat is a roster_hub_member block with the role blocks beside it.
type seat struct {
	email      string // as written
	role       string // "" leaves it out
	onExisting string
	onExpired  string
	onDestroy  string
	lockout    bool
	timeout    string      // of every task, "" leaves it out
	roles      []roleBlock // roster_hub_member_role blocks of this person
}

type roleBlock struct {
	role      string
	onDestroy string
}

func (s seat) String() string {
	text := fmt.Sprintf("email=%s", s.email)
	for _, a := range []struct{ name, value string }{
		{"role", s.role}, {"on_existing", s.onExisting}, {"on_expired", s.onExpired}, {"on_destroy", s.onDestroy}, {"timeouts", s.timeout},
	} {
		if a.value != "" {
			text += " " + a.name + "=" + a.value
		}
	}
	if s.lockout {
		text += " allow_lockout"
	}
	for _, r := range s.roles {
		text += fmt.Sprintf(" with a role block %s(on_destroy=%s)", r.role, r.onDestroy)
	}
	return text
}

func memberAddress(p person) string { return "roster_hub_member." + string(p) }

func (b roleBlock) address(p person) string {
	return "roster_hub_member_role." + string(p) + "__" + strings.ToLower(strings.NewReplacer(":", "_").Replace(b.role))
}

const hubAddress = "roster_business_hub.h"

// blocks is the configuration as the miniature takes it.
func (w world) blocks(seats map[person]seat) []block {
	text := func(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }
	all := []block{{hubAddress, map[string]tftypes.Value{
		"platform": text(w.platform), "business_id": text(w.business), "label": text("Northwind Paid Social"),
	}}}
	for _, p := range cast {
		s, ok := seats[p]
		if !ok {
			continue
		}
		values := map[string]tftypes.Value{"hub_id": text(w.hubID()), "email": text(s.email)}
		for name, v := range map[string]string{"role": s.role, "on_existing": s.onExisting, "on_expired": s.onExpired, "on_destroy": s.onDestroy} {
			if v != "" {
				values[name] = text(v)
			}
		}
		if s.lockout {
			values["allow_lockout"] = tftypes.NewValue(tftypes.Bool, true)
		}
		if s.timeout != "" {
			names := []string{"create", "update", "delete"}
			types, fields := map[string]tftypes.Type{}, map[string]tftypes.Value{}
			for _, name := range names {
				types[name], fields[name] = tftypes.String, text(s.timeout)
			}
			values["timeouts"] = tftypes.NewValue(tftypes.Object{AttributeTypes: types}, fields)
		}
		all = append(all, block{memberAddress(p), values})
		for _, r := range s.roles {
			values := map[string]tftypes.Value{"member_id": text(w.hubID() + "/" + p.email()), "role": text(r.role)}
			if r.onDestroy != "" {
				values["on_destroy"] = text(r.onDestroy)
			}
			all = append(all, block{r.address(p), values})
		}
	}
	return all
}

// step is one thing that happens in a story.
type step struct {
	kind   string
	who    person
	seat   seat            // stepWrite
	act    hubsim.Act      // stepAct
	orElse []hubsim.Act    // where the platform does not let them
	set    hubsim.Settings // stepSet
	pass   time.Duration   // stepWait
	apply  *applying       // stepApply
}

const (
	stepWrite  = "write"  // a block is written, or written anew
	stepDelete = "delete" // a block is deleted
	stepForget = "forget" // terraform state rm
	stepAct    = "act"    // somebody acts on the platform's screens
	stepSet    = "set"    // the platform behaves otherwise from now on
	stepWait   = "wait"
	stepApply  = "apply"
)

// applying is a terraform apply and what goes wrong with it.
type applying struct {
	chance   uint64 // the order in which Terraform visits what it may visit in any order
	parallel bool
	inPlan   bool            // the trouble strikes the plan, else the apply
	faults   []hubsim.Fault  // in force for that walk
	causes   hubsim.Settings // in force for that walk
	at       int             // the request at which happens
	atWrite  bool            // counted among those that write
	happens  string          // an event, "" for none
	after    bool            // the request takes effect first
	act      *step           // of eventAct
	silence  time.Duration   // of eventSilence
}

func (s step) String() string {
	switch s.kind {
	case stepWrite:
		return fmt.Sprintf("configuration: %s is written: %s", memberAddress(s.who), s.seat)
	case stepDelete:
		return fmt.Sprintf("configuration: %s is deleted", memberAddress(s.who))
	case stepForget:
		return fmt.Sprintf("terraform state rm %s", memberAddress(s.who))
	case stepAct:
		return "on the platform: " + actText(s.act)
	case stepSet:
		return fmt.Sprintf("the platform: %v", s.set)
	case stepWait:
		return fmt.Sprintf("%s pass", s.pass)
	case stepApply:
		return "terraform apply" + s.apply.String()
	default:
		return s.kind
	}
}

func actText(a hubsim.Act) string {
	text := a.Action + " " + a.Email
	if a.Role != "" {
		text += " role=" + a.Role
	}
	if a.ExtraRoles != nil {
		text += fmt.Sprintf(" extra_roles=%v", a.ExtraRoles)
	}
	if a.AcceptAs != "" {
		text += " as " + a.AcceptAs
	}
	return text
}

func (a *applying) String() string {
	text := ""
	if a.parallel {
		text += " (ten at a time)"
	}
	where := "apply"
	if a.inPlan {
		where = "plan"
	}
	for _, f := range a.faults {
		text += fmt.Sprintf("; fault in the %s: %s", where, faultText(f))
	}
	if len(a.causes) > 0 {
		text += fmt.Sprintf("; during the %s: %v", where, a.causes)
	}
	if a.happens != "" {
		when := "before it takes effect"
		if a.after {
			when = "after it took effect"
		}
		what := "request"
		if a.atWrite {
			what = "write"
		}
		text += fmt.Sprintf("; at %s %d of the %s: %s, %s", what, a.at, where, a.happens, when)
		if a.act != nil {
			text += " (" + a.act.String() + ")"
		}
		if a.silence > 0 {
			text += fmt.Sprintf(" (for %s)", a.silence)
		}
	}
	return text
}

func faultText(f hubsim.Fault) string {
	text := string(f.Kind)
	if f.Status != 0 {
		text += fmt.Sprintf(" %d", f.Status)
	}
	if f.Operation+f.Method != "" {
		text += " on " + f.Operation + f.Method
	}
	if f.AfterEffect {
		text += " after the effect"
	}
	return text + fmt.Sprintf(" (times %d, skip %d)", f.Times, f.Skip)
}

// story is a random sequence and the world it begins in.
type story struct {
	number uint64 // its seed
	world  world
	driver hub.Driver
	people []hubsim.PersonSeed
	habits hubsim.Settings // how the platform behaves where its documents leave it open
	seats  map[person]seat // the configuration to begin with
	steps  []step
}

// habits are the settings of a simulator that its platform's documents leave
// open and that roster has to live with either way. One is drawn for a story.
// A platform without an entry behaves as its simulator does by default.
var habits = map[string][]hubsim.Settings{
	meta: {
		{"keep_closed_invitations": true}, {"invite_response_id": "role_request"}, {"email_case": "lower"}, {"page_shape": "gaps"}, {"role_spelling": "title"},
	},
	"google_ads": {
		{"multi_party_approval": "always"},
		{"multi_party_approval": "non_read_only"},
		{"dual_presence": "1h"},
		{"multi_party_approval": "always", "approve_cancellations": true},
	},
	"pinterest_business": {
		{"keep_closed_invitations": true},
		{"email_case": "lower"},
		{"duplicate_invites": true},
		{"missing_ids": "not_found"},
		{"known_invitee": "email"},
		{"page_shape": "gaps"},
		{"protects_last_admin": false},
	},
	"snapchat_business": {
		{"put_roles": "off"}, {"put_roles": "error"}, {"duplicate_email": "return"}, {"second_role": "refuse"}, {"sparse_members": true}, {"create_status": false},
	},
	"tiktok_business": {
		{"pending_user_id": "zero"}, {"pending_user_id": "absent"}, {"invite_bound": "refuse"}, {"unfiltered": "bound"}, {"expired_invitations": "gone"},
	},
}

// seed is the simulated world in which the story begins.
func (s story) seed() hubsim.Seed {
	settings := maps.Clone(s.world.hub)
	if settings == nil {
		settings = hubsim.Settings{}
	}
	maps.Copy(settings, s.habits)
	return hubsim.Seed{
		Hubs:        []hubsim.HubSeed{{Platform: s.world.platform, BusinessID: s.world.business, Name: "Northwind Traders", People: s.people, Settings: settings}},
		Credentials: []hubsim.Credential{s.world.credential},
	}
}

func (s story) isAdmin(role string) bool {
	return role == s.world.admin || s.driver.Platform.IsAdmin(role)
}

// showsExpired says that the platform goes on listing an invitation that ran
// out as an open one, so that roster cannot tell.
func (s story) showsExpired() bool {
	return s.world.platform == "tiktok_business" && s.habits["expired_invitations"] != "gone"
}

// shadows says that the platform goes on listing an accepted invitation for a
// while, as open, even when the seat it became has gone.
func (s story) shadows() bool { return s.habits["dual_presence"] != nil }

// unchanging are roles that a platform neither gives nor takes by a change.
var unchanging = map[string][]string{
	"google_ads": {"EMAIL_ONLY"}, // "EMAIL_ONLY users cannot be changed to another role, nor others to it"
}

// teller draws a story.
type teller struct {
	*rand.Rand
	w         world
	d         hub.Driver
	primary   []string
	secondary []string
}

func (t *teller) one(of ...string) string { return of[t.IntN(len(of))] }

// often says yes n times out of a hundred.
func (t *teller) often(n int) bool { return t.IntN(100) < n }

func (t *teller) someone() person { return cast[t.IntN(len(cast))] }

func newTeller(seed uint64, w world, d hub.Driver) *teller {
	t := &teller{Rand: rand.New(rand.NewPCG(seed, 5)), w: w, d: d}
	t.primary = []string{w.member, w.admin} // where the roles come from the hub, all there is
	for _, id := range d.Platform.RoleIDs(hub.Primary) {
		if !slices.Contains(t.primary, id) && !slices.Contains(unchanging[w.platform], id) {
			t.primary = append(t.primary, id)
		}
	}
	if d.Platform.Capabilities.Of(hub.OpGrantRole) == hub.Supported {
		t.secondary = d.Platform.RoleIDs(hub.Secondary)
	}
	return t
}

// storyOf draws the story of a seed.
func storyOf(seed uint64, w world, d hub.Driver) story {
	t := newTeller(seed, w, d)
	s := story{number: seed, world: w, driver: d, seats: map[person]seat{}}
	s.people = []hubsim.PersonSeed{
		{Email: cast[0].email(), Name: "Ada Diaz", Role: w.admin},
		{Email: cast[1].email(), Name: "Olive Berg", Role: t.one(w.admin, w.admin, w.member)},
		{Email: cast[2].email(), Name: "Bo Chen", Role: w.member},
		{Email: cast[3].email(), Name: "Cy Okoro", Role: w.member},
	}
	if slices.Contains(d.Platform.Statuses, hub.StatusInvited) {
		s.people[3].Status = hubsim.StatusInvited
	}
	if list := habits[w.platform]; len(list) > 0 && t.often(60) {
		s.habits = list[t.IntN(len(list))]
	}
	for range 2 + t.IntN(3) {
		p := t.someone()
		s.seats[p] = t.seat(p)
	}
	if t.often(60) {
		s.steps = append(s.steps, step{kind: stepApply, apply: &applying{chance: t.Uint64()}})
	}
	for range 2 + t.IntN(4) {
		for range 2 + t.IntN(3) {
			s.steps = append(s.steps, t.step())
		}
		s.steps = append(s.steps, step{kind: stepApply, apply: t.applying()})
	}
	return s
}

func (t *teller) seat(p person) seat {
	s := seat{email: p.email()}
	if t.often(20) {
		s.email = strings.ToUpper(s.email[:1]) + s.email[1:]
	}
	least := t.d.Platform.DefaultRole() != "" // else somebody new needs a role, and nobody can be downgraded
	if t.often(65) || !least {
		s.role = t.primary[t.IntN(len(t.primary))]
	} else if t.often(20) {
		s.roles = append(s.roles, roleBlock{role: t.primary[t.IntN(len(t.primary))], onDestroy: t.one("", "keep")})
	}
	if len(t.secondary) > 0 && t.often(35) {
		s.roles = append(s.roles, roleBlock{role: t.secondary[t.IntN(len(t.secondary))], onDestroy: t.one("", "keep")})
	}
	if t.often(8) {
		s.onExisting = failExistingWord
	}
	if t.often(20) {
		s.onExpired = "keep"
	}
	if t.often(30) {
		s.onDestroy = t.one("downgrade", "keep")
		if !least {
			s.onDestroy = "keep"
		}
	}
	s.lockout = t.often(5)
	if t.often(20) {
		s.timeout = t.one("5s", "30s", "2m")
	}
	return s
}

const failExistingWord = "fail"

func (t *teller) step() step {
	switch n := t.IntN(100); {
	case n < 40:
		p := t.someone()
		return step{kind: stepWrite, who: p, seat: t.seat(p)}
	case n < 58:
		return step{kind: stepDelete, who: t.someone()}
	case n < 62:
		return step{kind: stepForget, who: t.someone()}
	case n < 88:
		return t.act()
	case n < 95:
		return step{kind: stepSet, set: hubsim.Settings{hubsim.VisibilityLag: t.one("0s", "1s", "5s")}}
	default:
		return step{kind: stepWait, pass: []time.Duration{time.Minute, 36 * time.Hour, 8 * 24 * time.Hour, 31 * 24 * time.Hour}[t.IntN(4)]}
	}
}

// act draws what somebody does on the platform's screens, and what else if
// these would refuse that.
func (t *teller) act() step {
	p := t.someone()
	return step{kind: stepAct, who: p, act: t.actOn(p), orElse: []hubsim.Act{t.actOn(p), t.actOn(p), t.actOn(p)}}
}

func (t *teller) actOn(p person) hubsim.Act {
	act := hubsim.Act{Email: p.email()}
	switch n := t.IntN(100); {
	case n < 30:
		act.Action = hubsim.ActAccept
		if t.often(8) {
			act.AcceptAs = p.elsewhere()
		}
	case n < 38:
		act.Action = hubsim.ActDecline
	case n < 46:
		act.Action = hubsim.ActExpire
	case n < 60:
		act.Action = hubsim.ActRemove
	case n < 74:
		act.Action, act.Role = hubsim.ActSetRole, t.primary[t.IntN(len(t.primary))]
		if len(t.secondary) > 0 && t.often(40) {
			act.ExtraRoles = []string{}
			if t.often(50) {
				act.ExtraRoles = []string{t.secondary[t.IntN(len(t.secondary))]}
			}
		}
	case n < 84:
		act.Action, act.Role = hubsim.ActInvite, t.primary[t.IntN(len(t.primary))]
	case n < 90:
		act.Action, act.Role = hubsim.ActJoin, t.primary[t.IntN(len(t.primary))]
	default:
		act.Action = t.one(hubsim.ActApprove, hubsim.ActApprove, hubsim.ActReject)
	}
	return act
}

// faultyOperations are the calls that faults strike. "" is any of them.
var faultyOperations = []string{
	"", "",
	hubsim.OpInvite, hubsim.OpInvite, hubsim.OpInvite, hubsim.OpRemove, hubsim.OpRemove, hubsim.OpCancelInvitation, hubsim.OpChangeRole,
	hubsim.OpChangeInvitedRole, hubsim.OpGrantRole, hubsim.OpRevokeRole, hubsim.OpListMembers, hubsim.OpListInvitations,
	hubsim.OpFindMember, hubsim.OpFindInvitation, hubsim.OpGetMember, hubsim.OpGetInvitation, hubsim.OpListRoles,
	hubsim.OpMemberRoles, hubsim.OpListReviews, hubsim.OpRefreshToken, hubsim.OpVerifyBusiness,
}

// notToken matches every path but that of a token exchange.
const notToken = `^([^t]|t[^o]|to[^k])*$`

func (t *teller) fault() hubsim.Fault {
	f := hubsim.Fault{
		Platform: t.w.platform, Operation: faultyOperations[t.IntN(len(faultyOperations))],
		Times: []int{1, 1, 2, 0}[t.IntN(4)], Skip: []int{0, 0, 0, 1, 3}[t.IntN(5)],
	}
	if t.often(30) { // whatever write there is
		f.Operation, f.Path, f.Method = "", notToken, t.one(http.MethodPost, http.MethodPost, http.MethodDelete, http.MethodPatch, http.MethodPut)
	}
	switch n := t.IntN(100); {
	case n < 12:
		f.Kind, f.Status, f.Body, f.AfterEffect = hubsim.FaultRespond, 500, "{}", t.often(50)
	case n < 20:
		f.Kind, f.Status, f.Body, f.AfterEffect = hubsim.FaultRespond, 503, "{}", t.often(50)
	case n < 30:
		f.Kind, f.Status, f.Body, f.Headers = hubsim.FaultRespond, 429, "{}", map[string]string{"Retry-After": "2"}
	case n < 42:
		f = t.w.refusal
		f.Kind, f.Platform, f.Times = hubsim.FaultRespond, t.w.platform, 1
		f.Operation = t.one(hubsim.OpRemove, hubsim.OpChangeRole)
	case n < 55:
		f.Kind = hubsim.FaultDropBefore
	case n < 75:
		f.Kind = hubsim.FaultDropAfter
	case n < 85:
		f.Kind = hubsim.FaultTruncate
	default:
		f.Kind, f.AfterEffect = hubsim.FaultHTML, t.often(60)
	}
	return f
}

func (t *teller) applying() *applying {
	a := &applying{chance: t.Uint64(), parallel: t.often(25)}
	if t.often(20) {
		return a
	}
	a.inPlan = t.often(10)
	switch n := t.IntN(100); {
	case n < 36:
		for range 1 + t.IntN(3) {
			a.faults = append(a.faults, t.fault())
		}
	case n < 40:
		a.causes = hubsim.Settings{t.one(hubsim.Unavailable, hubsim.RateLimited, hubsim.TokenExpired, hubsim.PermissionMissing): true}
	case n < 54:
		a.happens = eventKillTerraform
	case n < 67:
		a.happens = eventKillProvider
	case n < 81:
		a.happens = eventInterrupt
	case n < 89:
		a.happens, a.silence = eventSilence, []time.Duration{3 * time.Second, time.Minute, 20 * time.Minute}[t.IntN(3)]
	default:
		a.happens = eventAct
		act := t.act()
		a.act = &act
	}
	if a.happens != "" {
		a.at, a.after = 1+t.IntN(12), t.often(60)
		if a.atWrite = !a.inPlan && t.often(70); a.atWrite {
			a.at = []int{1, 1, 2, 3}[t.IntN(4)]
		}
	}
	if a.happens == eventAct {
		a.after = false
	}
	return a
}
