package hubsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Seed describes the hubs, people and credentials a simulation starts with.
type Seed struct {
	Hubs []HubSeed `json:"hubs,omitempty"`
	// Credentials are documents in the platform's own words; "platform" and
	// "name" are common to all of them.
	Credentials []Credential `json:"credentials,omitempty"`
}

// Credential is one credential by its JSON names.
type Credential map[string]any

// HubSeed is one business.
type HubSeed struct {
	Platform   string       `json:"platform"`
	BusinessID string       `json:"business_id"`
	Name       string       `json:"name,omitempty"`
	Settings   Settings     `json:"settings,omitempty"`
	People     []PersonSeed `json:"people,omitempty"`
	Generate   *Generate    `json:"generate,omitempty"`
}

// PersonSeed is somebody on a hub from the start. Status defaults to active.
type PersonSeed struct {
	Email        string   `json:"email,omitempty"`
	Name         string   `json:"name,omitempty"`
	Role         string   `json:"role,omitempty"`
	ExtraRoles   []string `json:"extra_roles,omitempty"`
	Status       string   `json:"status,omitempty"`
	PendingEmail string   `json:"pending_email,omitempty"`
}

// Generate adds synthetic people: member-00001@domain and invitee-00001@domain
// onwards, in the platform's least-privileged role.
type Generate struct {
	Members     int    `json:"members,omitempty"`
	Invitations int    `json:"invitations,omitempty"`
	Admins      int    `json:"admins,omitempty"` // this many of the members are administrators
	Domain      string `json:"domain,omitempty"` // default generated.example
}

// ReadSeed decodes a seed document strictly: a misspelt name is an error, not a
// person who is silently missing.
func ReadSeed(document []byte) (Seed, error) {
	var seed Seed
	if err := decodeStrictly(document, &seed); err != nil {
		return Seed{}, fmt.Errorf("seed: %w", err)
	}
	return seed, nil
}

// Apply adds the seed's hubs, then its credentials. What was added before an
// error stays; Reset clears it.
func (s *Sim) Apply(seed Seed) error {
	for _, hub := range seed.Hubs {
		p, err := s.platform(hub.Platform)
		if err != nil {
			return fmt.Errorf("seed hub %s/%s: %w", hub.Platform, hub.BusinessID, err)
		}
		if err := p.addHub(hub.expanded()); err != nil {
			return fmt.Errorf("seed hub %s/%s: %w", hub.Platform, hub.BusinessID, err)
		}
	}
	for i, credential := range seed.Credentials {
		platform, _ := credential["platform"].(string)
		p, err := s.platform(platform)
		if err != nil {
			return fmt.Errorf("seed credential %d: %w", i, err)
		}
		document, err := json.Marshal(credential)
		if err != nil {
			return fmt.Errorf("seed credential %d: %w", i, err)
		}
		name, _ := credential["name"].(string)
		if err := p.addCredential(document); err != nil {
			return fmt.Errorf("seed credential %d: %s credential %q: %w", i, platform, name, err)
		}
	}
	return nil
}

// configure hands the seed's settings to a new hub, when it has any.
func (h HubSeed) configure(hub func(patch json.RawMessage, now time.Time) error, now time.Time) error {
	if h.Settings == nil {
		return nil
	}
	patch, err := json.Marshal(h.Settings)
	if err != nil {
		return err
	}
	return hub(patch, now)
}

// generatedAdmin stands for the platform's own name of its administrator role.
const generatedAdmin = "\x00administrator"

// expanded replaces Generate by the people it asks for.
func (h HubSeed) expanded() HubSeed {
	if h.Generate == nil {
		return h
	}
	g := *h.Generate
	if g.Domain == "" {
		g.Domain = "generated.example"
	}
	people := append(make([]PersonSeed, 0, len(h.People)+g.Members+g.Invitations), h.People...)
	for i := 1; i <= g.Members; i++ {
		p := PersonSeed{Email: fmt.Sprintf("member-%05d@%s", i, g.Domain), Name: fmt.Sprintf("Member %05d", i)}
		if i <= g.Admins {
			p.Role = generatedAdmin
		}
		people = append(people, p)
	}
	for i := 1; i <= g.Invitations; i++ {
		people = append(people, PersonSeed{
			Email: fmt.Sprintf("invitee-%05d@%s", i, g.Domain), Name: fmt.Sprintf("Invitee %05d", i), Status: StatusInvited,
		})
	}
	h.People, h.Generate = people, nil
	return h
}

var errUnknownField = errors.New("unknown field")

// decodeStrictly decodes one JSON document, refusing names target does not have
// and anything after the document.
func decodeStrictly(document []byte, target any) error {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(target); err != nil {
		return helpfulJSON(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON document")
	}
	return nil
}

// helpfulJSON says what was wrong without the decoder's prefixes. The package
// reports an unknown field in text only.
func helpfulJSON(err error) error {
	if name, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
		return fmt.Errorf("%w %s", errUnknownField, name)
	}
	if errors.Is(err, io.EOF) {
		return errors.New("no JSON document")
	}
	return err
}
