package main

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

// browser shows pages and takes clicks. A node belongs to the latest look.
type browser interface {
	open(address string) error
	look() (*html.Node, error)
	click(n *html.Node) error // a link, a button, the summary of a menu, a box to tick
	enter(n *html.Node, value string) error
	pick(option *html.Node) error // in a select
}

// follower is a person in front of a browser who has the printed steps and
// nothing else: what a step does not name, they do not find.
type follower struct {
	browser
	index        string // of the simulated hubs
	hub, hubName string // as the index has them: "meta_business/222000111000222"
	data         []*sentence
	person, name string
	role         string // its id
	seen         []*html.Node
	named        []string // what the present step names
}

// follow does one step. Every control name in it has to be on a screen that the
// step shows.
func (f *follower) follow(s step) error {
	sentences, err := parse(f.data, s.text)
	if err != nil {
		return err
	}
	f.named, f.seen = nil, nil
	for _, p := range sentences {
		f.named = append(f.named, p.names()...)
	}
	first := sentences[0]
	if err := f.do(first, s.links); err != nil {
		return err
	}
	page, err := f.see()
	if err != nil {
		return err
	}
	if alert := find(page, func(n *html.Node) bool { return attr(n, "role") == "alert" }); alert != nil {
		return fmt.Errorf("the page refuses: %s", words(alert))
	}
	for _, name := range f.named {
		if !slices.ContainsFunc(f.seen, func(page *html.Node) bool { return shows(page, name) }) {
			return fmt.Errorf("%q is on no screen this step shows; the last one: %s", name, words(page))
		}
	}
	return nil
}

// see looks at the page and remembers that it was seen.
func (f *follower) see() (*html.Node, error) {
	page, err := f.look()
	if err == nil {
		f.seen = append(f.seen, page)
	}
	return page, err
}

var andPress = regexp.MustCompile(` and press \*\*(.+?)\*\*`)

// do is what a person makes of the words of a step.
func (f *follower) do(s printed, links []string) error {
	said := func(pattern string) bool { return regexp.MustCompile(pattern).MatchString(s.text) }
	clicks := s.clicks()
	switch {
	case said(`open the account .* from Cerby`):
		return f.each(
			func() error { return f.enterHub(links) },
			func() error { return f.press(f.hubName, "") })
	case said(`^Open .* with an admin account`), said(`^Log in to the external app`), said(`^Go back to Cerby .* and sign in`):
		return f.enterHub(links)
	case said(`^Wait until the status is "Completed"`):
		page, err := f.see()
		if err == nil && !strings.Contains(words(page), "Completed") {
			err = fmt.Errorf("nothing is completed: %s", words(page))
		}
		return err
	case said(`^Check the result .*on the Users tab`):
		return f.press("Users", "")

	case said(`^Ask `): // somebody else's part
		_, err := f.see()
		return err
	case said(`^Find `):
		page, err := f.see()
		if err == nil && rowOf(page, f.person) == nil {
			err = fmt.Errorf("no row of %s: %s", f.person, words(page))
		}
		return err
	case said(`^Confirm, if a dialog asks`):
		page, err := f.see()
		if err == nil && shows(page, "Confirm") {
			err = f.press("Confirm", "")
		}
		return err

	case said(`^If .* pick the member, press Add Asset, choose the role in the drop-down and press Save`):
		return f.each(
			func() error { return f.press("right arrow icon", f.person) },
			func() error { return f.press("Add Asset", "") },
			func() error { return f.press("Save", "") })
	case said(`^If a finance role is wanted`): // it is not
		_, err := f.see()
		return err
	case said(`^Choose assets and access levels, or Skip`):
		return f.press("Skip", "")
	case said(`^Give ad accounts now with .*, or choose Maybe later`):
		return f.press("Maybe later", "")

	case said(`^Type `):
		if said(`the name of`) {
			if err := f.fill("name", f.name); err != nil {
				return err
			}
		}
		if err := f.fill("e-mail address", f.person); err != nil {
			return err
		}
		return f.andPress(s)
	case said(`^Send an invitation to`):
		return f.each(
			func() error { return f.press("Add", "") },
			func() error { return f.fill("e-mail address", f.person) },
			func() error { return f.fill("role", f.role) },
			func() error { return f.press("Send invitation", "") })
	case said(`^Change the role of`):
		return f.each(
			func() error { return f.press("Change role", f.person) },
			func() error { return f.fill("role", f.role) },
			func() error { return f.press("Change role", "") })
	case said(`^Remove `):
		return f.each(
			func() error { return f.press("Remove", f.person) },
			func() error { return f.press("Remove", "") })

	case said(`^Select `):
		return f.press(f.person, "")
	case said(`withdraw the invitation`):
		return f.each(
			func() error { return f.press(f.person, "") },
			func() error { return f.press("Withdraw invitation", "") },
			func() error { return f.press("Withdraw invitation", "") })
	case said(`^Open the tab of pending`):
		page, err := f.see()
		if err != nil {
			return err
		}
		tab := find(page, func(n *html.Node) bool { return n.Data == "a" && strings.HasPrefix(words(n), "Pending") })
		if tab == nil {
			return fmt.Errorf("no tab of pending people: %s", words(page))
		}
		return f.click(tab)
	case said(`^In the row of .* open its drop-down arrow`):
		return f.press("down arrow icon", f.person)
	case said(`^Open the details of .* in the person's row`):
		return f.press("right arrow icon", f.person)
	case said(`^Take .* away`):
		return f.choose(false)
	case f.role != "" && said(`^(?:Choose|Change) (?:.* )?`+regexp.QuoteMeta(f.role)+`(?:\W|$)`):
		if err := f.choose(true); err != nil {
			return err
		}
		return f.andPress(s)
	case said(`^Choose the assets|^Check what is shown`):
		return f.andPress(s)
	case len(clicks) > 0: // "Open X", "Choose X", "Press X or Y", "Confirm with X"
		row := ""
		if said(`\(in the row of|\(in the Actions column`) {
			row = f.person
		}
		return f.press(clicks[0], row)
	}
	return fmt.Errorf("these words say no click: %q", s.text)
}

func (f *follower) each(steps ...func() error) error {
	for _, do := range steps {
		if err := do(); err != nil {
			return err
		}
		if _, err := f.see(); err != nil {
			return err
		}
	}
	return nil
}

// andPress is the second half of "Type ... and press Next".
func (f *follower) andPress(s printed) error {
	m := andPress.FindStringSubmatch(s.Text)
	if m == nil {
		_, err := f.see()
		return err
	}
	return f.press(m[1], "")
}

// enterHub opens the index in place of the printed address.
func (f *follower) enterHub(links []string) error {
	if err := f.open(f.index); err != nil {
		return err
	}
	page, err := f.look()
	if err != nil {
		return err
	}
	row := rowOf(page, f.hub)
	if row == nil {
		return fmt.Errorf("the index has no hub %s: %s", f.hub, words(page))
	}
	for _, link := range links {
		if u, err := url.Parse(link); err != nil || !strings.Contains(words(row), u.Host) {
			return fmt.Errorf("the index does not say what to open instead of %s: %s", link, words(row))
		}
	}
	link := find(row, func(n *html.Node) bool { return n.Data == "a" })
	if link == nil {
		return errors.New("the index has no link to " + f.hub)
	}
	return f.click(link)
}

// press clicks the control of a name, opening the menu it is in where the step
// names that too. With a row, only a control in it will do.
func (f *follower) press(name, row string) error {
	for range 4 { // menus within menus
		page, err := f.see()
		if err != nil {
			return err
		}
		within := page
		if row != "" {
			if within = rowOf(page, row); within == nil {
				return fmt.Errorf("no row of %s to press %q in: %s", row, name, words(page))
			}
		}
		controls := every(within, func(n *html.Node) bool {
			return (n.Data == "a" || n.Data == "button" || n.Data == "summary") && isNamed(n, name)
		})
		if len(controls) == 0 {
			return fmt.Errorf("no control %q: %s", name, words(within))
		}
		i := slices.IndexFunc(controls, func(n *html.Node) bool { return closedMenu(n) == nil })
		if i >= 0 {
			return f.click(controls[i])
		}
		menu := closedMenu(controls[0])
		summary := find(menu, func(n *html.Node) bool { return n.Data == "summary" })
		if !slices.ContainsFunc(f.named, func(name string) bool { return isNamed(summary, name) }) {
			return fmt.Errorf("%q is in the menu %q, which is closed and which the step does not name", name, words(summary))
		}
		if err := f.click(summary); err != nil {
			return err
		}
	}
	return fmt.Errorf("%q stays hidden", name)
}

// fill types into the field whose label holds the words.
func (f *follower) fill(label, value string) error {
	page, err := f.see()
	if err != nil {
		return err
	}
	for _, l := range every(page, func(n *html.Node) bool { return n.Data == "label" }) {
		if id := attr(l, "for"); id != "" && strings.Contains(strings.ToLower(words(l)), label) {
			if input := find(page, func(n *html.Node) bool { return attr(n, "id") == id }); input != nil {
				return f.enter(input, value)
			}
		}
	}
	return fmt.Errorf("no field for %q: %s", label, words(page))
}

// choose takes the role, or takes it away: an option of a list, a box to tick, a
// button of a drop-down. The screens write the platform's id behind the name.
func (f *follower) choose(on bool) error {
	page, err := f.see()
	if err != nil {
		return err
	}
	option := find(page, func(n *html.Node) bool {
		return slices.Contains([]string{"option", "label", "button"}, n.Data) && closedMenu(n) == nil &&
			strings.HasSuffix(words(n), "("+f.role+")") || n.Data == "label" && words(n) == f.role
	})
	if option == nil {
		return fmt.Errorf("the role %s is not offered: %s", f.role, words(page))
	}
	switch option.Data {
	case "option":
		return f.pick(option)
	case "button":
		return f.click(option)
	}
	box := find(option, func(n *html.Node) bool { return n.Data == "input" })
	if !on && attr(box, "type") == "radio" { // nothing is cleared but by another choice
		box = find(page, func(n *html.Node) bool {
			return n.Data == "input" && attr(n, "name") == attr(box, "name") && attr(n, "value") == ""
		})
	}
	return f.click(box)
}

// What is on a page.

func every(root *html.Node, is func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && is(n) {
			found = append(found, n)
		}
	}
	return found
}

func find(root *html.Node, is func(*html.Node) bool) *html.Node {
	if found := every(root, is); len(found) > 0 {
		return found[0]
	}
	return nil
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func hasAttr(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// words are an element's visible text.
func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.Data != "style" && d.Parent.Data != "title" {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

var behind = regexp.MustCompile(` \([^()]*\)$`)

// isNamed says that somebody who looks for the name takes this element for it:
// by its words, with or without a role's id behind them, or by its icon.
func isNamed(n *html.Node, name string) bool {
	text := words(n)
	if strings.EqualFold(text, name) && text[1:] == name[1:] || behind.ReplaceAllString(text, "") == name {
		return true
	}
	return slices.ContainsFunc(every(n, func(d *html.Node) bool { return attr(d, "role") == "img" }), func(icon *html.Node) bool {
		return attr(icon, "aria-label") == name
	})
}

// shows says that the name is to be read on the page, closed menus included.
func shows(page *html.Node, name string) bool {
	body := find(page, func(n *html.Node) bool { return n.Data == "body" })
	return find(body, func(n *html.Node) bool {
		return isNamed(n, name) || n.Data == "label" && strings.Contains(" "+words(n)+" ", " "+name+" ")
	}) != nil
}

// rowOf is the row of a table that begins with the words.
func rowOf(page *html.Node, label string) *html.Node {
	return find(page, func(n *html.Node) bool {
		return n.Data == "tr" && slices.ContainsFunc(strings.Fields(words(n)), func(w string) bool { return strings.EqualFold(w, label) })
	})
}

// closedMenu is the outermost closed menu a control is hidden in, nil when it
// can be seen.
func closedMenu(n *html.Node) *html.Node {
	var closed *html.Node
	for d := n; d != nil; d = d.Parent {
		if d.Data != "details" || hasAttr(d, "open") {
			continue
		}
		if summary := find(d, func(s *html.Node) bool { return s.Data == "summary" }); summary == n {
			continue
		}
		closed = d
	}
	return closed
}

// truth is what the platform knows of somebody, nil for nothing.
func truth(sim *hubsim.Sim, platform, business, email string) (*hubsim.Person, error) {
	people, err := sim.People(platform, business)
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		if strings.EqualFold(p.Email, email) {
			return &p, nil
		}
	}
	return nil, nil
}
