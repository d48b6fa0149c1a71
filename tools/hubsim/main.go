// Command hubsim serves simulated platforms on a loopback port, for the demo and
// for tools that cannot run a simulator in process.
//
//	go -C tools run ./hubsim -listen 127.0.0.1:8999
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/roster-iac/terraform-provider-roster/internal/hubsim"
)

//go:embed demo.json
var demoSeed []byte

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop() // not deferred: os.Exit would not run it
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "hubsim:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("hubsim", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:0", "loopback `address` to serve on; port 0 picks a free one")
	seedFile := flags.String("seed", "", "seed `file` (default: a small demo)")
	urlFile := flags.String("url-file", "", "write the base URL to this `file` once listening")
	logRequests := flags.Bool("log-requests", false, "print each API call, without its secrets")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err := onLoopback(*listen); err != nil {
		return err
	}

	document := demoSeed
	if *seedFile != "" {
		var err error
		if document, err = os.ReadFile(*seedFile); err != nil {
			return err
		}
	}
	seed, err := hubsim.ReadSeed(document)
	if err != nil {
		return err
	}
	sim := hubsim.New()
	if err := sim.ApplyInitial(seed); err != nil {
		return err
	}
	if *logRequests {
		sim.OnRequest(func(r hubsim.Request) {
			fmt.Fprintf(out, "%s %3d %-20s %s /%s%s %s\n",
				r.Time.Format(time.TimeOnly), r.Status, r.Operation, r.Method, r.Platform, r.Path, r.Fault)
		})
	}

	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	baseURL := "http://" + listener.Addr().String()
	server := &http.Server{Handler: sim.Handler(), ReadHeaderTimeout: time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	if *urlFile != "" {
		if err := writeWhole(*urlFile, baseURL+"\n"); err != nil {
			_ = server.Close()
			return err
		}
	}
	fmt.Fprintf(out, "hubsim serves %s\n", baseURL)
	for _, platform := range sim.Platforms() {
		fmt.Fprintf(out, "  %-18s endpoint = %q\n", platform, hubsim.Endpoint(baseURL, platform))
	}
	for _, hub := range sim.Hubs() {
		fmt.Fprintf(out, "  hub %s/%s (%s): %v\n", hub.Platform, hub.BusinessID, hub.Name, hub.Count)
	}
	fmt.Fprintf(out, "Screens, to follow manual steps on: open %s%s in a browser\n", baseURL, hubsim.ScreensPath)
	fmt.Fprintf(out, "Control API: curl %s/_sim/\nStop with Ctrl-C.\n", baseURL)

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	// Close, not Shutdown: a delayed answer must not keep the process alive.
	return server.Close()
}

// onLoopback refuses any address another machine could reach: the control API
// has no password, and seeds may hold people's real addresses.
func onLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("-listen %q: %w", address, err)
	}
	if ip := net.ParseIP(host); host == "localhost" || (ip != nil && ip.IsLoopback()) {
		return nil
	}
	return fmt.Errorf("-listen %q: only loopback addresses such as 127.0.0.1:8999 are served", address)
}

// writeWhole makes the file appear with its content: whoever waits for it must
// not read half a URL.
func writeWhole(path, content string) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".hubsim-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // after the rename there is nothing to remove
	_, err = temporary.WriteString(content)
	if err := errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
