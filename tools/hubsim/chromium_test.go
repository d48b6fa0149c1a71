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
	// Nothing else bounds a browser that does not come up; a deadline on ctx
	// would end it later, in the middle of a test.
	started := make(chan error, 1)
	go func() { started <- chromedp.Do(ctx) }()
	select {
	case err := <-started:
		if err != nil {
			stop()
			t.Fatalf("start %s: %v", path, err)
		}
	case <-time.After(time.Minute):
		stop()
		t.Fatalf("%s did not start within a minute", path)
	}
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil { // waits until the browser is gone, and its profile free
			t.Logf("close the browser: %v", err)
		}
		closeBrowser()
		stop()
	})
	return ctx
}

// tab is a new tab for one walk.
func tab(t *testing.T, browser context.Context) *chromium {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(browser)
	t.Cleanup(closeTab)
	if err := chromedp.Do(ctx); err != nil { // opens it; the first deadline would end the tab otherwise
		t.Fatal(err)
	}
	return &chromium{ctx}
}

// patience is how long a control may take to be there and to be clickable, and
// a page to come: the pages are static, so it is the machine that takes time.
const patience = 20 * time.Second

// within bounds what is done with one control, and says which it was.
func (c *chromium) within(what string, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	if err := do(ctx); err != nil {
		return fmt.Errorf("%s in the browser: %w", what, err)
	}
	return nil
}

func (c *chromium) open(address string) error {
	return c.loads("open "+address, chromedp.Navigate(address))
}

// loads does something that leads to another page and waits for that. A refusal
// is a page too: the follower reads it.
func (c *chromium) loads(what string, action chromedp.Action[chromedp.Void]) error {
	return c.within(what, func(ctx context.Context) error {
		resp, err := chromedp.RunResponse(ctx, action)
		if err == nil && resp.Status != http.StatusOK && resp.Status != http.StatusConflict {
			err = fmt.Errorf("%s: status %d", resp.URL, resp.Status)
		}
		return err
	})
}

func (c *chromium) look() (page *html.Node, err error) {
	err = c.within("look", func(ctx context.Context) error {
		source, err := chromedp.Run(ctx, chromedp.OuterHTML(chromedp.CSS("html")))
		if err == nil {
			page, err = html.Parse(strings.NewReader(source))
		}
		return err
	})
	return page, err
}

func (c *chromium) click(n *html.Node) error {
	what, click := fmt.Sprintf("click the <%s> %q", n.Data, words(n)), chromedp.Click(selector(n))
	if n.Data == "a" || n.Data == "button" {
		return c.loads(what, click)
	}
	return c.within(what, func(ctx context.Context) error { return chromedp.Do(ctx, click) })
}

func (c *chromium) enter(n *html.Node, value string) error {
	return c.within("type "+value, func(ctx context.Context) error {
		return chromedp.Do(ctx, chromedp.Clear(selector(n)), chromedp.SendKeys(selector(n), value, chromedp.NodeVisible))
	})
}

// pick chooses with the keyboard, as the list is no part of the page while it is
// open: the letters of an option take to it.
func (c *chromium) pick(option *html.Node) error {
	list := selector(option.Parent)
	return c.within("choose "+words(option), func(ctx context.Context) error {
		if err := chromedp.Do(ctx, chromedp.SendKeys(list, words(option), chromedp.NodeVisible)); err != nil {
			return err
		}
		chosen, err := chromedp.Run(ctx, chromedp.Value(list))
		if err == nil && chosen != attr(option, "value") {
			err = fmt.Errorf("the list has %q", chosen)
		}
		return err
	})
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
