package platformtest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/roster-iac/terraform-provider-roster/internal/hub"
)

// The people of the checks. One of them has capitals in the address, as people
// do; keys are folded.
const (
	ada   = "ada@northwind.example"
	grace = "Grace.Hopper@Northwind.Example"
	linus = "linus@northwind.example"
	ghost = "nobody.at.all@northwind.example"
)

var driverChecks = []check{
	{name: "Driver/describes the platform", driver: driverDescribes},
	{name: "Driver/refuses a missing required setting", driver: driverMissing},
	{name: "Driver/refuses an endpoint that would leak", driver: driverEndpoint},
}

var readChecks = []check{
	{name: "Verify/names the business", run: verifyNames},
	{name: "Verify/invalid token", cause: []Cause{TokenInvalid}, run: verifyFails(TokenInvalid, hub.ReasonUnauthenticated)},
	{name: "Verify/expired token", cause: []Cause{TokenExpired}, run: verifyFails(TokenExpired, hub.ReasonUnauthenticated)},
	{name: "Verify/missing permission", cause: []Cause{PermissionMissing}, run: verifyFails(PermissionMissing, hub.ReasonForbidden)},
	{name: "Verify/not an administrator", cause: []Cause{NotAdmin}, run: verifyFails(NotAdmin, hub.ReasonForbidden)},
	{name: "Verify/no such business", run: verifyNoHub},

	{name: "Members/nobody else", bare: true, run: membersAre(func(int) (int, int) { return 0, 0 })},
	{name: "Members/one", bare: true, run: membersAre(func(int) (int, int) { return 1, 1 })},
	{name: "Members/a full page", bare: true, run: membersAre(func(page int) (int, int) { return page, page })},
	{name: "Members/a page and one", bare: true, run: membersAre(func(page int) (int, int) { return page + 1, page + 1 })},
	{name: "Members/two pages and a half", bare: true, run: membersAre(func(page int) (int, int) { return 2*page + page/2, page + page/2 })},
	{name: "Members/who came, went and declined", run: membersMove},
	{name: "Members/a cut list is an error", bare: true, cause: []Cause{MembersCut}, run: membersCut(MembersCut)},
	{name: "Members/a cut list of invitations is an error", bare: true, invited: true, cause: []Cause{InvitationsCut}, run: membersCut(InvitationsCut)},
	{name: "Members/an acceptance while the lists are read", invited: true, cause: []Cause{AcceptedMidway}, run: membersMidway},
	{name: "Members/no permission is an error", cause: []Cause{PermissionMissing}, run: membersBlind(PermissionMissing, hub.ReasonForbidden)},
	{name: "Members/invalid token is an error", cause: []Cause{TokenInvalid}, run: membersBlind(TokenInvalid, hub.ReasonUnauthenticated)},
	{name: "Members/no such business is an error", run: membersNoHub},

	{name: "Lookup/a member", run: lookupMember},
	{name: "Lookup/an invitation", invited: true, run: lookupInvited},
	{name: "Lookup/by id alone", run: lookupID},
	{name: "Lookup/after the acceptance", invited: true, run: lookupAccepted},
	{name: "Lookup/nobody is absent", run: lookupNobody},
	{name: "Lookup/gone is absent", run: lookupGone},
	{name: "Lookup/an invitation that is over is not live", invited: true, run: lookupOver},
	{name: "Lookup/no permission is not absence", cause: []Cause{PermissionMissing}, run: lookupBlind(PermissionMissing)},
	{name: "Lookup/a demoted identity is not absence", cause: []Cause{NotAdmin}, run: lookupBlind(NotAdmin)},
	{name: "Lookup/invalid token is not absence", cause: []Cause{TokenInvalid}, run: lookupBlind(TokenInvalid)},
	{name: "Lookup/no such business is not absence", run: lookupNoHub},

	{name: "Self/is the connection's own seat", run: selfIs},
	{name: "Self/on another business is nobody", run: selfNoHub},
}

func driverDescribes(t TB, s Subject) {
	p := s.Driver.Platform
	for what, text := range map[string]string{"Name": p.Name, "Title": p.Title, "Vendor": p.Vendor, "BusinessIDForm": p.BusinessIDForm} {
		if text == "" {
			t.Errorf("%s is empty", what)
		}
	}
	if !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(p.Name) {
		t.Errorf("name %q cannot be an attribute and the first half of an id", p.Name)
	}
	if p.BusinessID == nil || p.PageSize <= 0 || p.Settle <= 0 {
		t.Errorf("business id form, page size or settling time is not set")
	}
	if !slices.Contains(p.Statuses, hub.StatusActive) {
		t.Errorf("statuses %q leave out active", p.Statuses)
	}
	for _, status := range p.Statuses {
		if !slices.Contains(hub.Statuses(), status) {
			t.Errorf("status %q is none of ours", status)
		}
	}
	for _, limit := range p.Limits {
		if limit.Name == "" || limit.Value <= 0 || limit.Note == "" {
			t.Errorf("limit %+v lacks a name, a value or a note", limit)
		}
	}
	if p.AdminURL != "" && !strings.HasPrefix(p.AdminURL, "https://") {
		t.Errorf("admin url %q is not https", p.AdminURL)
	}
	defaults, admins := 0, 0
	seen := map[string]bool{}
	for _, r := range p.Roles {
		if r.ID == "" || r.Label == "" || seen[r.ID] {
			t.Errorf("role %+v has no id or label, or is there twice", r)
		}
		seen[r.ID] = true
		if r.Kind != hub.Primary && (r.Default || r.Admin) {
			t.Errorf("secondary role %s cannot be default or admin", r.ID)
		}
		if r.Default {
			defaults++
		}
		if r.Admin {
			admins++
		}
	}
	if len(p.Roles) > 0 && (defaults != 1 || admins == 0) {
		t.Errorf("%d default and %d admin roles, want exactly one and at least one", defaults, admins)
	}
	for _, op := range hub.Operations() {
		if _, ok := p.Capabilities[op]; !ok {
			t.Errorf("capabilities do not mention %s: say unsupported when it is", op)
		}
	}
	// Without any role of its own, a platform has those of its hubs.
	if len(p.Roles) > 0 && len(p.RoleIDs(hub.Secondary)) == 0 && (p.Capabilities.Of(hub.OpGrantRole) == hub.Supported || p.Capabilities.Of(hub.OpAddWithSecondary) == hub.Supported) {
		t.Errorf("secondary roles are supported and there are none")
	}
	names := map[string]bool{}
	for _, setting := range s.Driver.Settings {
		if setting.Name == "" || setting.Description == "" || names[setting.Name] {
			t.Errorf("setting %+v has no name or description, or is there twice", setting)
		}
		names[setting.Name] = true
		if setting.Secret && setting.Default != "" {
			t.Errorf("secret %s has a default", setting.Name)
		}
		if setting.List && (setting.Env != "" || setting.Default != "") {
			t.Errorf("list %s has an environment variable or a default", setting.Name)
		}
		// One variable for all entries would give each of them the same app.
		if setting.Env != "" && strings.Contains(setting.Env, "{NAME}") != s.Driver.Named {
			t.Errorf("environment variable %s of %s: {NAME} belongs in it exactly when entries have names", setting.Env, setting.Name)
		}
	}
	if _, err := s.Driver.Open(s.options(s.Settings)); err != nil {
		t.Errorf("legal settings are refused: %v", err)
	}
}

// refusedSetting opens the driver with one setting changed and wants a
// *hub.SettingError about it that repeats no secret.
func refusedSetting(t TB, s Subject, name, value string) {
	t.Helper()
	settings := map[string]string{}
	for k, v := range s.Settings {
		settings[k] = v
	}
	if settings[name] = value; value == "" {
		delete(settings, name)
	}
	_, err := s.Driver.Open(s.options(settings))
	var setting *hub.SettingError
	if !errors.As(err, &setting) || setting.Setting != name {
		t.Errorf("%s = %q: error = %v, want a *hub.SettingError about it", name, value, err)
		return
	}
	for _, declared := range s.Driver.Settings {
		if v := s.Settings[declared.Name]; declared.Secret && v != "" && strings.Contains(err.Error(), v) {
			t.Errorf("%s = %q: the error repeats %s", name, value, declared.Name)
		}
	}
}

func driverMissing(t TB, s Subject) {
	for _, setting := range s.Driver.Settings {
		if setting.Required {
			refusedSetting(t, s, setting.Name, "")
		}
	}
}

func driverEndpoint(t TB, s Subject) {
	for _, setting := range s.Driver.Settings {
		if setting.Name != "endpoint" && setting.Name != "base_url" {
			continue
		}
		for _, value := range []string{"http://api.example.com", "http://10.0.0.1:8080", "http://127.0.0.1.example.com", "ftp://127.0.0.1", "api.example.com", "https://", "https://user:hunter2@api.example.com"} {
			refusedSetting(t, s, setting.Name, value)
		}
		settings := map[string]string{}
		for k, v := range s.Settings {
			settings[k] = v
		}
		for _, value := range []string{"https://proxy.example.com/meta", "http://127.0.0.1:8080", "http://localhost:8080/", "http://[::1]:8080"} {
			settings[setting.Name] = value
			if _, err := s.Driver.Open(s.options(settings)); err != nil {
				t.Errorf("%s %q is refused: %v", setting.Name, value, err)
			}
		}
	}
}

func verifyNames(t TB, f *Fixture) {
	b, err := f.Connector.Verify(t.Context(), f.Hub)
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	if b.ID != f.Hub.BusinessID || b.Name == "" {
		t.Errorf("business = %+v, want id %s and a name", b, f.Hub.BusinessID)
	}
}

func verifyFails(cause Cause, reason hub.Reason) func(TB, *Fixture) {
	return func(t TB, f *Fixture) {
		f.bring(t, cause)
		_, err := f.Connector.Verify(t.Context(), f.Hub)
		f.fails(t, "Verify", err, reason)
	}
}

// The wrong id is not the credential's fault, and must not be blamed on it.
func verifyNoHub(t TB, f *Fixture) {
	_, err := f.Connector.Verify(t.Context(), f.NoHub)
	f.fails(t, "Verify", err, hub.ReasonNotFound, hub.ReasonForbidden)
}

func membersAre(size func(page int) (members, invitations int)) func(TB, *Fixture) {
	return func(t TB, f *Fixture) {
		members, invitations := size(f.Page)
		if !invites(f.Platform) {
			invitations = 0
		}
		if f.Self != "" && members > 0 {
			members-- // the connection's own seat is on the first page too
		}
		f.populate(t, members, invitations)
		before := f.World.Requests()
		listed, err := f.Connector.Members(t.Context(), f.Hub)
		if err != nil {
			t.Fatalf("Members: %v", err)
		}
		f.compare(t, listed)

		// A list costs its pages, not its people: up to three lists (seats,
		// invitations, roles), each a page more than it must be. A hub with roles of
		// its own may keep their holders with them: that is a read of each role.
		most := 3 * (len(listed)/f.Page + 2)
		if _, ok := f.bare.(hub.Particular); ok {
			most += len(f.Platform.Roles)
		}
		if got := f.World.Requests().All - before.All; got > most {
			t.Errorf("%d requests for %d members on pages of %d", got, len(listed), f.Page)
		}
	}
}

// populate adds that many people by hand.
func (f *Fixture) populate(t TB, members, invitations int) {
	t.Helper()
	role := f.Platform.DefaultRole()
	for i := range members {
		f.act(t, Join, fmt.Sprintf("m%05d@northwind.example", i), role)
	}
	for i := range invitations {
		f.act(t, Invite, fmt.Sprintf("i%05d@northwind.example", i), role)
	}
}

// compare holds a list to the ground truth: everybody once, nobody else.
func (f *Fixture) compare(t TB, members []hub.Member) {
	t.Helper()
	truth := f.people(t)
	wrong := 0
	errorf := func(format string, args ...any) {
		if wrong++; wrong <= 5 {
			t.Errorf(format, args...)
		}
	}
	for _, p := range truth {
		if !p.Status.Live() {
			continue
		}
		var rows []hub.Member
		for _, m := range members {
			if same(m, p) {
				rows = append(rows, m)
			}
		}
		if len(rows) != 1 {
			errorf("%s (%s) is listed %d times, want once", p.Label(), p.Status, len(rows))
			continue
		}
		m := rows[0]
		if m.Status != p.Status || m.Role != p.Role || m.Email != "" && hub.FoldEmail(m.Email) != hub.FoldEmail(p.Email) {
			errorf("%s is listed as %s %s %q, want %s %s", p.Label(), m.Email, m.Status, m.Role, p.Status, p.Role)
		}
		if !slices.IsSorted(m.Secondary) {
			errorf("%s: secondary roles %q are not sorted", p.Label(), m.Secondary)
		}
	}
	for _, m := range members {
		if m.Status.Live() && !slices.ContainsFunc(truth, func(p hub.Member) bool { return p.Status.Live() && same(m, p) }) {
			errorf("%s (%s) is listed and not on the hub", m.Label(), m.Status)
		}
		if !slices.Contains(f.Platform.Statuses, m.Status) {
			errorf("%s is listed with status %q, and the platform declares %q", m.Label(), m.Status, f.Platform.Statuses)
		}
	}
	if wrong > 5 {
		t.Errorf("and %d more", wrong-5)
	}
}

func membersMove(t TB, f *Fixture) {
	role := f.Platform.DefaultRole()
	f.act(t, Join, ada, role)
	f.invite(t, grace, role)
	f.invite(t, linus, role)
	if invites(f.Platform) {
		f.act(t, Invite, "expired@northwind.example", role)
		f.act(t, Accept, grace, "")
		f.act(t, Decline, linus, "")
		f.act(t, Expire, "expired@northwind.example", "")
	}
	f.act(t, Leave, ada, "")
	members, err := f.Connector.Members(t.Context(), f.Hub)
	if err != nil {
		t.Fatalf("Members: %v", err)
	}
	f.compare(t, members)
}

func membersCut(cause Cause) func(TB, *Fixture) {
	return func(t TB, f *Fixture) {
		invitations := 2*f.Page + f.Page/2
		if !invites(f.Platform) {
			invitations = 0
		}
		f.populate(t, 2*f.Page+f.Page/2, invitations)
		f.bring(t, cause)
		_, err := f.Connector.Members(t.Context(), f.Hub)
		f.met(t)
		f.cut(t, "Members", err)
	}
}

// cut holds err to being what a list that broke off is.
func (f *Fixture) cut(t TB, what string, err error) {
	t.Helper()
	if f.CutReason != "" {
		f.fails(t, what, err, f.CutReason)
		return
	}
	f.fails(t, what, err, hub.ReasonUnavailable, hub.ReasonUnknown)
}

// membersMidway: who moves from one list to the other between two calls may be
// in both, and must not be in neither: that would be somebody to invite again.
func membersMidway(t TB, f *Fixture) {
	f.act(t, Invite, grace, f.Platform.DefaultRole())
	if err := f.World.Bring(Trouble{Cause: AcceptedMidway, Email: grace}); err != nil {
		t.Fatalf("world: %v", err)
	}
	members, err := f.Connector.Members(t.Context(), f.Hub)
	if err != nil {
		t.Fatalf("Members: %v", err)
	}
	if truth := f.one(t, grace); truth.Status != hub.StatusActive {
		t.Fatalf("world: %s is %s: nobody accepted", grace, truth.Status)
	}
	if !slices.ContainsFunc(members, func(m hub.Member) bool {
		return hub.FoldEmail(m.Email) == hub.FoldEmail(grace) && m.Status.Live()
	}) {
		t.Errorf("%s accepted while the lists were read, and is in neither: %+v", grace, members)
	}
}

func membersBlind(cause Cause, reason hub.Reason) func(TB, *Fixture) {
	return func(t TB, f *Fixture) {
		f.bring(t, cause)
		_, err := f.Connector.Members(t.Context(), f.Hub)
		f.fails(t, "Members", err, reason)
	}
}

func membersNoHub(t TB, f *Fixture) {
	_, err := f.Connector.Members(t.Context(), f.NoHub)
	f.fails(t, "Members", err, hub.ReasonNotFound, hub.ReasonForbidden)
}

// found holds a look-up to finding that person.
func (f *Fixture) found(t TB, key hub.Key, want hub.Member) {
	t.Helper()
	m, err := f.Connector.Lookup(t.Context(), f.Hub, key)
	if err != nil {
		t.Errorf("Lookup %+v: %v", key, err)
		return
	}
	if !same(m, want) || m.Status != want.Status || m.Role != want.Role {
		t.Errorf("Lookup %+v = %+v, want %+v", key, m, want)
	}
}

// absent holds a look-up to being certain that nobody is there.
func (f *Fixture) absent(t TB, key hub.Key) {
	t.Helper()
	m, err := f.Connector.Lookup(t.Context(), f.Hub, key)
	if err == nil && f.Platform.Suspends && m.Status == hub.StatusSuspended {
		return // as good as gone there
	}
	if !errors.Is(err, hub.ErrAbsent) {
		t.Errorf("Lookup %+v = %+v, error %v; want ErrAbsent", key, m, err)
	}
}

func lookupMember(t TB, f *Fixture) {
	f.act(t, Join, grace, f.Platform.DefaultRole())
	want := f.one(t, grace)
	key := hub.Key{Email: hub.FoldEmail(grace)}
	f.found(t, key, want)
	key.Status = hub.StatusActive
	f.found(t, key, want)
	key.ID = f.listed(t, grace).ID
	f.found(t, key, want)
}

func lookupInvited(t TB, f *Fixture) {
	f.act(t, Invite, grace, f.Platform.DefaultRole())
	want := f.one(t, grace)
	key := hub.Key{Email: hub.FoldEmail(grace)}
	f.found(t, key, want)
	key.Status = hub.StatusInvited
	f.found(t, key, want)
	key.ID = f.listed(t, grace).ID
	f.found(t, key, want)
}

// An id finds somebody whose address changed. What has no id is left out.
func lookupID(t TB, f *Fixture) {
	f.act(t, Join, ada, f.Platform.DefaultRole())
	f.invite(t, grace, f.Platform.DefaultRole())
	for _, email := range []string{ada, grace} {
		want, id := f.one(t, email), f.listed(t, email).ID
		if id == "" {
			continue
		}
		f.found(t, hub.Key{ID: id}, want)
		f.found(t, hub.Key{ID: id, Email: ghost}, want)
		f.found(t, hub.Key{ID: id, Status: want.Status}, want)
	}
}

// The invitation's id may be dead by then; the address is not.
func lookupAccepted(t TB, f *Fixture) {
	f.act(t, Invite, grace, f.Platform.DefaultRole())
	old := f.listed(t, grace)
	f.act(t, Accept, grace, "")
	want := f.one(t, grace)
	if want.Status != hub.StatusActive {
		t.Fatalf("world: %s is %s after the acceptance", grace, want.Status)
	}
	f.found(t, hub.Key{Email: hub.FoldEmail(grace)}, want)
	f.found(t, hub.Key{Email: hub.FoldEmail(grace), Status: hub.StatusActive}, want)
	f.found(t, hub.Key{Email: hub.FoldEmail(grace), ID: old.ID}, want)
}

func lookupNobody(t TB, f *Fixture) {
	for _, status := range []hub.Status{"", hub.StatusInvited, hub.StatusActive} {
		f.absent(t, hub.Key{Email: ghost, Status: status})
	}
}

func lookupGone(t TB, f *Fixture) {
	f.act(t, Join, ada, f.Platform.DefaultRole())
	f.invite(t, grace, f.Platform.DefaultRole())
	for _, email := range []string{ada, grace} {
		m := f.listed(t, email)
		f.act(t, Leave, email, "")
		for _, status := range []hub.Status{"", m.Status} {
			f.absent(t, hub.Key{Email: hub.FoldEmail(email), Status: status})
			if m.ID != "" {
				f.absent(t, hub.Key{Email: hub.FoldEmail(email), ID: m.ID, Status: status})
				f.absent(t, hub.Key{ID: m.ID, Status: status})
			}
		}
	}
}

// A platform may still show an invitation that is over, or not. What it must
// not be is open.
func lookupOver(t TB, f *Fixture) {
	for email, how := range map[string]ActKind{ada: Decline, grace: Expire} {
		f.act(t, Invite, email, f.Platform.DefaultRole())
		f.act(t, how, email, "")
		m, err := f.Connector.Lookup(t.Context(), f.Hub, hub.Key{Email: hub.FoldEmail(email)})
		if err == nil && m.Status.Live() || err != nil && !errors.Is(err, hub.ErrAbsent) {
			t.Errorf("after %s: Lookup = %+v, error %v", how, m, err)
		}
	}
}

// lookupBlind: whatever such a credential may still see, it never makes
// somebody absent.
func lookupBlind(cause Cause) func(TB, *Fixture) {
	return func(t TB, f *Fixture) {
		f.act(t, Join, ada, f.Platform.DefaultRole())
		f.invite(t, grace, f.Platform.DefaultRole())
		seat, invitation := f.listed(t, ada), f.listed(t, grace)
		f.bring(t, cause)
		for _, m := range []hub.Member{seat, invitation} {
			for _, key := range []hub.Key{
				{Email: hub.FoldEmail(m.Email)},
				{Email: hub.FoldEmail(m.Email), Status: m.Status},
				{Email: hub.FoldEmail(m.Email), Status: m.Status, ID: m.ID},
				{Email: hub.FoldEmail(m.Email), ID: m.ID},
			} {
				if _, err := f.Connector.Lookup(t.Context(), f.Hub, key); errors.Is(err, hub.ErrAbsent) {
					t.Errorf("Lookup %+v: ErrAbsent for somebody who is there", key)
				}
			}
		}
	}
}

func lookupNoHub(t TB, f *Fixture) {
	_, err := f.Connector.Lookup(t.Context(), f.NoHub, hub.Key{Email: ghost})
	f.fails(t, "Lookup", err, hub.ReasonNotFound, hub.ReasonForbidden)
	if errors.Is(err, hub.ErrAbsent) {
		t.Errorf("Lookup on a business that is not there: ErrAbsent")
	}
}

func selfIs(t TB, f *Fixture) {
	self, err := f.Connector.Self(t.Context(), f.Hub)
	if err != nil {
		t.Fatalf("Self: %v", err)
	}
	if self.Email != hub.FoldEmail(self.Email) {
		t.Errorf("email %q is not folded", self.Email)
	}
	var own []string
	for _, p := range f.people(t) {
		own = append(own, p.ID)
		if want := f.Self != "" && hub.FoldEmail(p.Email) == hub.FoldEmail(f.Self); self.Is(p) != want {
			t.Errorf("Self says of %s (id %s): %t, want %t (self: %+v)", p.Email, p.ID, self.Is(p), want, self)
		}
	}
	for _, id := range self.MemberIDs {
		if !slices.Contains(own, id) {
			t.Errorf("Self has id %s, which is nobody's on this hub", id)
		}
	}
}

// A seat of one business is none of another's.
func selfNoHub(t TB, f *Fixture) {
	self, err := f.Connector.Self(t.Context(), f.NoHub)
	if err == nil && len(self.MemberIDs) > 0 {
		t.Errorf("Self = %+v on a business without a seat of the connection's", self)
	}
}
