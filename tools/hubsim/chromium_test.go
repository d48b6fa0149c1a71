package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"
)

// browserVariable names the browser that tests use: the path that
// tools/browser.sh prints. make test sets it in CI.
const browserVariable = "ROSTER_BROWSER"

// chromium is a tab of a real browser. It looks at the page the browser has, and
// clicks with the mouse where the browser shows the control: what is hidden or
// covered cannot be clicked.
type chromium struct{ ctx context.Context }

// startChromium starts a headless browser with a profile of its own.
func startChromium(t *testing.T) context.Context {
	t.Helper()
	path := os.Getenv(browserVariable)
	switch {
	case path == "" && os.Getenv("CI") == "true":
		t.Fatalf("%s is not set, and in CI the steps are followed in a browser: run the tests with make test", browserVariable)
	case path == "":
		t.Skipf("no browser: set %s=$(tools/browser.sh) to follow the steps in Chromium", browserVariable)
	}
	options := append(
		chromedp.DefaultExecAllocatorOptions[:], // background networking and sync are off in it
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-proxy-server", true), chromedp.Flag("disable-domain-reliability", true),
		chromedp.WindowSize(1280, 900),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to start for root without
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("close the browser: %v", err)
		}
		closeBrowser()
		stop()
	})
	// Nothing bounds a browser that does not come up but this; a deadline on ctx
	// itself would end the browser later.
	started := make(chan error, 1)
	go func() { started <- chromedp.Do(ctx) }()
	select {
	case err := <-started:
		if err != nil {
			t.Fatalf("start %s: %v", path, err)
		}
	case <-time.After(time.Minute):
		t.Fatalf("%s did not start within a minute", path)
	}
	return ctx
}

// tab is a new tab for one walk.
func tab(t *testing.T, browser context.Context) *chromium {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(browser)
	t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	return &chromium{ctx}
}

func (c *chromium) open(address string) error {
	return c.loads(chromedp.Navigate(address))
}

// loads does something that leads to another page and waits for that. A refusal
// is a page too: the follower reads it.
func (c *chromium) loads(action chromedp.Action[chromedp.Void]) error {
	resp, err := chromedp.RunResponse(c.ctx, action)
	if err != nil {
		return err
	}
	if resp.Status != http.StatusOK && resp.Status != http.StatusConflict {
		return fmt.Errorf("%s: status %d", resp.URL, resp.Status)
	}
	return nil
}

func (c *chromium) look() (*html.Node, error) {
	source, err := chromedp.Run(c.ctx, chromedp.OuterHTML(chromedp.CSS("html")))
	if err != nil {
		return nil, err
	}
	return html.Parse(strings.NewReader(source))
}

func (c *chromium) click(n *html.Node) error {
	click := chromedp.Click(selector(n))
	if n.Data == "a" || n.Data == "button" {
		return c.loads(click)
	}
	return chromedp.Do(c.ctx, click)
}

func (c *chromium) enter(n *html.Node, value string) error {
	return chromedp.Do(c.ctx, chromedp.Clear(selector(n)), chromedp.SendKeys(selector(n), value, chromedp.NodeVisible))
}

// pick chooses with the keyboard, as the list is no part of the page while it is
// open: the first letters of an option take to it.
func (c *chromium) pick(option *html.Node) error {
	list := selector(option.Parent)
	if err := chromedp.Do(c.ctx, chromedp.SendKeys(list, words(option), chromedp.NodeVisible)); err != nil {
		return err
	}
	chosen, err := chromedp.Run(c.ctx, chromedp.Value(list))
	if err == nil && chosen != attr(option, "value") {
		err = fmt.Errorf("typed %q into the list, and it has %q", words(option), chosen)
	}
	return err
}

// selector is the way to a node from the top of the page.
func selector(n *html.Node) chromedp.CSS {
	var path []string
	for ; n != nil && n.Type == html.ElementNode; n = n.Parent {
		position := 1
		for p := n.PrevSibling; p != nil; p = p.PrevSibling {
			if p.Type == html.ElementNode {
				position++
			}
		}
		path = append([]string{fmt.Sprintf("%s:nth-child(%d)", n.Data, position)}, path...)
	}
	return chromedp.CSS(strings.Join(path, " > "))
}
