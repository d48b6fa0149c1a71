//go:build unix

package provider_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Part of the connection string, which no file may hold.
const pgPassword = "pg-password-0123456789"

// The guide on CI once more, and now as it stands: with the state in PostgreSQL.
//
// It starts a server of its own, which takes PostgreSQL's programs on the machine.
// Where there are none it skips and says so, in CI too: a runner's image need not
// have them, and TestAccGuides has run the same commands with the state in a file.
func TestAccPGBackend(t *testing.T) {
	t.Parallel()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set: no Terraform commands are run")
	}
	server := startPostgres(t)

	e := exampleWorkspace(t, "ci", exampleFolders(t)["ci"])
	e.env = slices.DeleteFunc(e.env, func(entry string) bool { return strings.HasPrefix(entry, "PG") })
	e.env = append(e.env, "PG_CONN_STR="+server.url, "PG_SCHEMA_NAME=paid_social")
	readGuide(e, "ci").follow(pipeline)

	if local := e.files("*.tfstate*"); len(local) > 0 {
		t.Errorf("beside the backend there is a state here: %v", local)
	}
	stored := server.query("select name, data from paid_social.states")
	name, data, _ := strings.Cut(stored, "|")
	var state struct {
		Resources []struct{ Type string }
	}
	if err := json.Unmarshal([]byte(data), &state); err != nil {
		t.Fatalf("what PostgreSQL has is no state: %v\n%s", err, stored)
	}
	if name != "default" || len(state.Resources) != 3 {
		t.Errorf("PostgreSQL has the workspace %q with %d resources, want default with the hub, the members and the data source", name, len(state.Resources))
	}
	e.holdNoSecret(map[string]string{"the state in PostgreSQL": stored})
	if locks := server.query("select count(*) from pg_locks where locktype = 'advisory'"); locks != "0" {
		t.Errorf("%s locks are left behind", locks)
	}
}

// postgres is a PostgreSQL server that lives as long as the test.
type postgres struct {
	t         *testing.T
	url, psql string
}

func startPostgres(t *testing.T) *postgres {
	t.Helper()
	s := &postgres{t: t, psql: pgProgram(t, "psql")}
	initdb, pgCtl := pgProgram(t, "initdb"), pgProgram(t, "pg_ctl")
	// Not t.TempDir: nobody but its owner may enter that.
	dir, err := os.MkdirTemp("", "roster-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(pgPassword), 0o600); err != nil {
		t.Fatal(err)
	}
	attributes := &syscall.SysProcAttr{}
	if os.Geteuid() == 0 { // as which the server refuses to run
		account, err := user.Lookup("postgres")
		if err != nil {
			t.Skipf("PostgreSQL does not run as root, and there is no user postgres: %v", err)
		}
		uid, gid := number(t, account.Uid), number(t, account.Gid)
		for _, path := range []string{dir, password} {
			if err := os.Chown(path, int(uid), int(gid)); err != nil {
				t.Fatal(err)
			}
		}
		attributes.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	run := func(program string, args ...string) {
		t.Helper()
		// Not the test's context, which is over when the server has to be stopped.
		// And to a file: a pipe the server would inherit, and hold to its end.
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.SysProcAttr = dir, attributes
		out, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Run(); err != nil {
			said, _ := os.ReadFile(out.Name())
			serverLog, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Fatalf("%s: %v\n%s%s", filepath.Base(program), err, said, serverLog)
		}
	}
	run(initdb, "-D", "data", "-U", "roster", "-A", "scram-sha-256", "--pwfile", password, "--no-sync")
	port := freePort(t)
	// On loopback alone: a socket's path would be longer than one may be.
	run(pgCtl, "-D", "data", "-w", "-l", "log", "-o",
		fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off", port), "start")
	t.Cleanup(func() { run(pgCtl, "-D", "data", "-w", "-m", "immediate", "stop") })
	s.url = fmt.Sprintf("postgres://roster:%s@127.0.0.1:%d/postgres?sslmode=disable", pgPassword, port)
	return s
}

// query returns the first row, its columns separated by |.
func (s *postgres) query(sql string) string {
	s.t.Helper()
	out, err := exec.CommandContext(s.t.Context(), s.psql, s.url, "-XAtqc", sql).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", sql, err, out)
	}
	return strings.TrimSpace(string(out))
}

// pgProgram finds one of PostgreSQL's programs: on the PATH, or where Debian and
// Ubuntu put those of the server.
func pgProgram(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		t.Skipf("no %s on the PATH or under /usr/lib/postgresql: the pg backend is not tried", name)
	}
	return found[len(found)-1]
}

// freePort is a port that nobody listened on a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func number(t *testing.T, text string) uint32 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(n)
}
