package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sentence is one sentence of a platform's guide, as the data has it. The names
// of controls are bold there and plain in print; a printed step is matched
// against the data to know which of its words are names.
type sentence struct {
	Text  string `json:"text"`
	Icon  string `json:"icon"`
	Where string `json:"where"`

	printed *regexp.Regexp
	literal int // letters that are not blanks to fill in
}

// names are the controls the sentence tells a person to look for, those of the
// click itself first.
func (s *sentence) names() []string {
	var names []string
	for _, text := range []string{s.Text, s.Where} {
		for _, m := range bold.FindAllStringSubmatch(text, -1) {
			if m[1] != "terraform apply" {
				names = append(names, m[1])
			}
		}
	}
	for _, m := range icons.FindAllString(s.Text+" "+s.Icon, -1) {
		if m == "pencil" { // "the pencil, or **Edit**"
			m = "pencil icon"
		}
		names = append(names, m)
	}
	return names
}

// clicks are the names in the sentence proper, without where they stand.
func (s *sentence) clicks() []string {
	return (&sentence{Text: s.Text, Icon: s.Icon}).names()
}

var (
	bold  = regexp.MustCompile(`\*\*(.+?)\*\*`)
	icons = regexp.MustCompile(`(gear|pencil|trash can|down arrow|right arrow|menu) icon|three dots icon|plus button|pencil`)
	blank = regexp.MustCompile(`\\\{[a-z_]+\\\}`)
)

func (s *sentence) prepare() {
	template, aside := s.Text, []string{}
	for _, part := range []string{s.Icon, s.Where} {
		if part != "" {
			aside = append(aside, part)
		}
	}
	if len(aside) > 0 {
		template += " (" + strings.Join(aside, ", ") + ")"
	}
	pattern := regexp.QuoteMeta(strings.ReplaceAll(template, "**", ""))
	pattern = strings.NewReplacer(`\[`, "(?:", `\]`, ")?").Replace(pattern)
	s.literal = len(blank.ReplaceAllString(pattern, ""))
	pattern = blank.ReplaceAllString(pattern, ".+?")
	s.printed = regexp.MustCompile(`^` + pattern + `(?: \(unconfirmed\))?[.:](?: |$)`)
}

// guideData is every sentence of a platform's file.
func guideData(t *testing.T, platform string) []*sentence {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "internal", "runbook", "data", platform+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	var found []*sentence
	var walk func(any)
	walk = func(value any) {
		switch value := value.(type) {
		case []any:
			for _, v := range value {
				walk(v)
			}
		case map[string]any:
			if _, ok := value["text"]; ok {
				s := &sentence{}
				part, _ := json.Marshal(value)
				if err := json.Unmarshal(part, s); err != nil {
					t.Fatal(err)
				}
				s.prepare()
				found = append(found, s)
			}
			for _, v := range value {
				walk(v)
			}
		}
	}
	walk(document)
	return found
}

// printed is a sentence of a step as a person reads it.
type printed struct {
	text string
	*sentence
}

// parse takes a printed step apart. The first sentence is the click; the others
// say what it is called on other screens.
func parse(data []*sentence, step string) ([]printed, error) {
	var all []printed
	for rest := step; rest != ""; {
		var best printed
		for _, s := range data {
			if m := s.printed.FindString(rest); m != "" && (best.sentence == nil || s.literal > best.literal) {
				best = printed{strings.TrimSpace(m), s}
			}
		}
		if best.sentence == nil {
			return nil, fmt.Errorf("no sentence of the guide's data fits %q", rest)
		}
		all = append(all, best)
		rest = strings.TrimLeft(rest[len(best.text):], " ")
	}
	return all, nil
}

// A step as it stands in a message.
type step struct {
	text  string
	links []string
}

var numbered = regexp.MustCompile(`^ +\d+\. `)

// stepsOf reads the numbered steps out of the text a failed task printed.
func stepsOf(message string) []step {
	var steps []step
	_, manual, _ := strings.Cut(message, "Finish it by hand:\n")
	for line := range strings.Lines(manual) {
		line = strings.TrimRight(line, "\n")
		words := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(words, "Then sync:"):
			return steps
		case numbered.MatchString(line):
			steps = append(steps, step{text: numbered.ReplaceAllString(line, "")})
		case len(steps) == 0:
		case strings.HasPrefix(words, "https://"):
			steps[len(steps)-1].links = append(steps[len(steps)-1].links, words)
		default:
			steps[len(steps)-1].text += " " + words
		}
	}
	return nil // not to the end of a guide
}
