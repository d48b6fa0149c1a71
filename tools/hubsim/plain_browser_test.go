package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// plainBrowser is a browser without a screen: it follows links and sends forms
// as HTML says, and runs no script, which the screens do not have.
type plainBrowser struct {
	t       *testing.T
	address *url.URL
	page    *html.Node
}

func (b *plainBrowser) open(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	return b.send(r)
}

func (b *plainBrowser) send(r *http.Request) error {
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if kind := resp.Header.Get("Content-Type"); kind != "text/html; charset=utf-8" {
		body, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("%s %s: %s, %s: %s", r.Method, r.URL, resp.Status, kind, body)
	}
	b.address = resp.Request.URL
	b.page, err = html.Parse(resp.Body)
	return err
}

func (b *plainBrowser) look() (*html.Node, error) { return b.page, nil }

func (b *plainBrowser) enter(n *html.Node, value string) error {
	set(n, "value", value)
	return nil
}

func (b *plainBrowser) pick(option *html.Node) error {
	list := option.Parent
	for _, o := range every(list, func(n *html.Node) bool { return n.Data == "option" }) {
		unset(o, "selected")
	}
	set(option, "selected", "")
	return nil
}

func (b *plainBrowser) click(n *html.Node) error {
	switch {
	case n.Data == "a":
		u, err := b.address.Parse(attr(n, "href"))
		if err != nil {
			return err
		}
		return b.open(u.String())
	case n.Data == "summary":
		if hasAttr(n.Parent, "open") {
			unset(n.Parent, "open")
		} else {
			set(n.Parent, "open", "")
		}
		return nil
	case n.Data == "input" && attr(n, "type") == "radio":
		for _, other := range every(form(n), func(o *html.Node) bool { return o.Data == "input" && attr(o, "name") == attr(n, "name") }) {
			unset(other, "checked")
		}
		set(n, "checked", "")
		return nil
	case n.Data == "input" && attr(n, "type") == "checkbox":
		if hasAttr(n, "checked") {
			unset(n, "checked")
		} else {
			set(n, "checked", "")
		}
		return nil
	case n.Data == "button" && form(n) != nil:
		return b.submit(n)
	}
	return fmt.Errorf("<%s> is nothing to click", n.Data)
}

func (b *plainBrowser) submit(button *html.Node) error {
	f := form(button)
	fields := url.Values{}
	for _, n := range every(f, func(n *html.Node) bool { return n.Data == "input" || n.Data == "select" }) {
		name, value := attr(n, "name"), attr(n, "value")
		switch kind := attr(n, "type"); {
		case name == "", (kind == "radio" || kind == "checkbox") && !hasAttr(n, "checked"):
			continue
		case hasAttr(n, "required") && value == "" && kind != "radio":
			return fmt.Errorf("the field %q is required", name)
		case n.Data == "select":
			options := every(n, func(o *html.Node) bool { return o.Data == "option" })
			if len(options) == 0 {
				continue
			}
			value = attr(options[0], "value")
			for _, o := range options {
				if hasAttr(o, "selected") {
					value = attr(o, "value")
				}
			}
		}
		fields.Add(name, value)
	}
	if name := attr(button, "name"); name != "" {
		fields.Add(name, attr(button, "value"))
	}
	target, err := b.address.Parse(attr(f, "action"))
	if err != nil {
		return err
	}
	if attr(f, "method") == "get" {
		target.RawQuery = fields.Encode()
		return b.open(target.String())
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, target.String(), strings.NewReader(fields.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(r)
}

func form(n *html.Node) *html.Node {
	for d := n; d != nil; d = d.Parent {
		if d.Data == "form" {
			return d
		}
	}
	return nil
}

func set(n *html.Node, name, value string) {
	unset(n, name)
	n.Attr = append(n.Attr, html.Attribute{Key: name, Val: value})
}

func unset(n *html.Node, name string) {
	kept := n.Attr[:0]
	for _, a := range n.Attr {
		if a.Key != name {
			kept = append(kept, a)
		}
	}
	n.Attr = kept
}
