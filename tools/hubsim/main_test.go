package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestServesTheDemo(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	urlFile := filepath.Join(t.TempDir(), "url")
	output, printed := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-url-file", urlFile, "-log-requests"}, printed)
		printed.Close()
		ended <- err
	}()
	text := make(chan string, 1)
	go func() {
		all, _ := io.ReadAll(output)
		text <- string(all)
	}()

	baseURL := ""
	for deadline := time.Now().Add(20 * time.Second); baseURL == ""; time.Sleep(time.Millisecond) {
		if written, err := os.ReadFile(urlFile); err == nil {
			baseURL = strings.TrimSpace(string(written))
		} else if time.Now().After(deadline) {
			t.Fatal("no URL was written")
		}
	}
	resp, err := http.Get(baseURL + "/meta_business/v26.0/222000111000222/business_users?access_token=demo-meta-token")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != 200 || !strings.Contains(string(body), "Ada Diaz") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}

	stop()
	if err := <-ended; err != nil {
		t.Errorf("stopped with %v", err)
	}
	out := <-text
	for _, want := range []string{baseURL, "/_sim/", baseURL + "/_screens/", `endpoint = "` + baseURL + `/meta_business"`, "list_members"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in the output:\n%s", want, out)
		}
	}
	if strings.Contains(out, "demo-meta-token") {
		t.Errorf("the output holds a token:\n%s", out)
	}
}

func TestRefusesToStart(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "seed.json")
	if err := os.WriteFile(bad, []byte(`{"hubz":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"every interface": {[]string{"-listen", ":8999"}, "loopback"},
		"all addresses":   {[]string{"-listen", "0.0.0.0:0"}, "loopback"},
		"a name":          {[]string{"-listen", "sim.example:80"}, "loopback"},
		"no port":         {[]string{"-listen", "127.0.0.1"}, "missing port"},
		"argument":        {[]string{"now"}, "unexpected argument"},
		"misspelt seed":   {[]string{"-seed", bad}, "unknown field"},
		"no seed":         {[]string{"-seed", bad + ".missing"}, "no such file"},
	} {
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		err := run(ctx, c.args, io.Discard)
		stop()
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
