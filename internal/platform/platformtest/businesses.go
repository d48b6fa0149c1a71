package platformtest

import "github.com/roster-iac/terraform-provider-roster/internal/hub"

func listsBusinesses(c hub.Connector) bool {
	_, ok := c.(hub.BusinessLister)
	return ok
}

var businessChecks = []check{
	{name: "Businesses/hold the hub, and each once", only: listsBusinesses, run: businessesHold},
	{name: "Businesses/writes nothing", only: listsBusinesses, run: businessesRead},
	{name: "Businesses/invalid token is an error", only: listsBusinesses, cause: []Cause{TokenInvalid}, run: businessesBlind},
	{name: "Businesses/a cut list is an error", only: listsBusinesses, cause: []Cause{BusinessesCut}, run: businessesCut},
}

// businesses lists what the credential sees. A list beside an error fails the
// check: somebody will use it.
func (f *Fixture) businesses(t TB) ([]hub.Business, error) {
	t.Helper()
	lister := f.bare.(hub.BusinessLister) //nolint:forcetypeassert // check.only
	list, err := lister.Businesses(t.Context())
	f.heard.hear("Businesses", err)
	if err != nil && len(list) > 0 {
		t.Errorf("Businesses: %d businesses beside an error (error: %v)", len(list), err)
	}
	return list, err
}

func businessesHold(t TB, f *Fixture) {
	list, err := f.businesses(t)
	if err != nil {
		t.Fatalf("Businesses: %v", err)
	}
	seen := map[string]int{}
	for _, b := range list {
		if seen[b.ID]++; b.ID == "" || seen[b.ID] == 2 {
			t.Errorf("business %+v has no id, or is listed twice", b)
		}
		// What is listed is what a configuration will say.
		if b.ID != "" && !f.Platform.BusinessID.MatchString(b.ID) {
			t.Errorf("id %q is not of the form %s", b.ID, f.Platform.BusinessIDForm)
		}
		if b.ID == f.Hub.BusinessID && b.Name == "" {
			t.Errorf("business %s has no name, and the connection manages it", b.ID)
		}
	}
	if seen[f.Hub.BusinessID] == 0 && !f.Unlisted {
		t.Errorf("%s is not among %+v", f.Hub.BusinessID, list)
	}
	if seen[f.NoHub.BusinessID] > 0 {
		t.Errorf("%s is listed, and the credential has no part in it", f.NoHub.BusinessID)
	}
}

func businessesRead(t TB, f *Fixture) {
	before := f.World.Requests()
	if _, err := f.businesses(t); err != nil {
		t.Fatalf("Businesses: %v", err)
	}
	after := f.World.Requests()
	if after.Writes != before.Writes {
		t.Errorf("the list took %d writes", after.Writes-before.Writes)
	}
	if after.All == before.All {
		t.Errorf("the list took no request: what the credential sees is the platform's to say")
	}
}

func businessesBlind(t TB, f *Fixture) {
	f.bring(t, TokenInvalid)
	_, err := f.businesses(t)
	f.fails(t, "Businesses", err, hub.ReasonUnauthenticated)
}

func businessesCut(t TB, f *Fixture) {
	f.bring(t, BusinessesCut)
	_, err := f.businesses(t)
	f.met(t)
	f.cut(t, "Businesses", err)
}
