package throwaway_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/throwaway"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// each runs f for the kinds that PHASEMIG_REQUIRE_DB names, or for all; those it names must start.
func each(t *testing.T, f func(t *testing.T, k throwaway.Kind)) {
	kinds, err := throwaway.ParseKinds(os.Getenv("PHASEMIG_REQUIRE_DB"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel() // a start is mostly waiting
			f(t, k)
		})
	}
}

func start(t *testing.T, k throwaway.Kind, o throwaway.Options) *throwaway.Server {
	t.Helper()
	o.AllowInstall = os.Getenv("PHASEMIG_REQUIRE_DB") != ""
	begin := time.Now()
	s, err := throwaway.Start(t.Context(), k, o)
	switch {
	case err != nil && os.Getenv("PHASEMIG_REQUIRE_DB") == "":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	t.Logf("%s %s started in %v", k, s.Version(), time.Since(begin).Round(10*time.Millisecond))
	t.Cleanup(func() {
		begin := time.Now()
		if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		t.Logf("%s stopped in %v", k, time.Since(begin).Round(10*time.Millisecond))
	})
	return s
}

// do runs statements in the database "shop", which it creates if it is given none.
func do(t *testing.T, s *throwaway.Server, statements ...string) {
	t.Helper()
	db, err := throwaway.Open(s.DSN("shop"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func get(t *testing.T, s *throwaway.Server, query string) string {
	t.Helper()
	db, err := throwaway.Open(s.DSN("shop"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var text string
	if err := db.QueryRowContext(t.Context(), query).Scan(&text); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return text
}

func shop(t *testing.T, s *throwaway.Server) {
	t.Helper()
	if err := s.CreateDatabase(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	do(t, s, "CREATE TABLE item (id int PRIMARY KEY)", "INSERT INTO item VALUES (1)")
}

func TestStartStop(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		parent := openDir(t)
		s := start(t, k, throwaway.Options{Dir: parent, Settings: []string{"max_connections=77"}})
		if s.Kind() != k || s.Pid() == 0 || s.Version() == "" {
			t.Errorf("kind %s, pid %d, version %q", s.Kind(), s.Pid(), s.Version())
		}
		shop(t, s)
		checkSettings(t, s)
		checkAttached(t, s)
		if err := s.DropDatabase(t.Context(), "shop"); err != nil {
			t.Error(err)
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left, _ := filepath.Glob(parent + "/*"); len(left) > 0 || s.Pid() != 0 {
			t.Errorf("left behind: %v, pid %d", left, s.Pid())
		}
	})
}

// openDir is a directory that PostgreSQL's user may enter; one of t.TempDir is not.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// checkSettings looks at what a migration needs, and at a setting of the test's own.
func checkSettings(t *testing.T, s *throwaway.Server) {
	t.Helper()
	query, want := "SELECT concat_ws(' ', current_setting('wal_level'), current_setting('max_connections'))", "logical 77"
	switch s.Kind() {
	case throwaway.MySQL:
		query = "SELECT concat_ws(' ', @@binlog_format, @@gtid_mode, @@performance_schema, @@event_scheduler, @@max_connections)"
		want = "ROW ON 1 ON 77"
	case throwaway.MariaDB:
		query = "SELECT concat_ws(' ', @@binlog_format, @@log_bin, @@performance_schema, @@event_scheduler, @@max_connections)"
		want = "ROW ON ON ON 77"
	}
	if got := get(t, s, query); got != want {
		t.Errorf("settings: got %s, want %s", got, want)
	}
}

func checkAttached(t *testing.T, s *throwaway.Server) {
	t.Helper()
	attached, err := throwaway.Attach(t.Context(), s.Kind(), s.DSN(""))
	if err != nil {
		t.Fatal(err)
	}
	if attached.DSN("x") != s.DSN("x") || attached.Version() != s.Version() {
		t.Errorf("attached to %s %s", attached.DSN("x"), attached.Version())
	}
	if err := attached.Stop(t.Context()); err != nil || attached.Kill() == nil || attached.Restart(t.Context()) == nil {
		t.Error("an attached server must be left alone")
	}
	other := throwaway.MySQL
	if s.Kind() == throwaway.MySQL {
		other = throwaway.MariaDB
	}
	if _, err := throwaway.Attach(t.Context(), other, s.DSN("")); err == nil {
		t.Errorf("%s passed for %s", s.Kind(), other)
	}
}

func TestKillAndRestart(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := start(t, k, throwaway.Options{})
		shop(t, s)
		number := "SELECT 0"
		if !k.IsPostgres() {
			number = "SELECT @@server_id"
		}
		which := get(t, s, number)
		for id := range 2 {
			addr, pid := s.Addr(), s.Pid()
			if id == 0 {
				if err := s.Kill(); err != nil {
					t.Fatal(err)
				}
				if s.Pid() != 0 {
					t.Error("still running after Kill")
				}
			}
			if err := s.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			if s.Addr() != addr || s.Pid() == pid {
				t.Errorf("restarted at %s with pid %d, was %s, %d", s.Addr(), s.Pid(), addr, pid)
			}
			if got := get(t, s, "SELECT count(*) FROM item"); got != "1" {
				t.Errorf("rows after the restart: %s", got)
			}
			if got := get(t, s, number); got != which {
				t.Errorf("server %s is %s after a restart", which, got)
			}
		}
	})
}

func TestReplica(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		source := start(t, k, throwaway.Options{})
		shop(t, source)
		replica := start(t, k, throwaway.Options{ReplicaOf: source})
		do(t, source, "INSERT INTO item VALUES (2)")
		catchUp(t, source, replica)
		if got := get(t, replica, "SELECT count(*) FROM item"); got != "2" {
			t.Errorf("rows on the replica: %s", got)
		}
		readOnly := "SELECT @@GLOBAL.read_only"
		if k.IsPostgres() {
			readOnly = "SELECT CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END"
		}
		if got := get(t, replica, readOnly); got != "1" {
			t.Errorf("the replica is writable")
		}
		if err := replica.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		do(t, source, "INSERT INTO item VALUES (3)")
		catchUp(t, source, replica)
		if got := get(t, replica, "SELECT count(*) FROM item"); got != "3" {
			t.Errorf("rows on the restarted replica: %s", got)
		}
	})
}

func catchUp(t *testing.T, source, replica *throwaway.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := source.CatchUp(ctx, replica); err != nil {
		t.Fatal(err)
	}
}

// TestPrometheus: it answers a query while it runs, and leaves nothing behind.
func TestPrometheus(t *testing.T) {
	parent, required := openDir(t), os.Getenv("PHASEMIG_REQUIRE_DB") != ""
	p, err := throwaway.StartPrometheus(t.Context(), throwaway.Options{Dir: parent, AllowInstall: required})
	switch {
	case err != nil && !required:
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	ask := func() (*http.Response, error) {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		return client.Get(p.URL() + "/api/v1/query?query=vector(1)")
	}
	resp, err := ask()
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(); err == nil {
		t.Error("it still answers")
	}
	if left, _ := filepath.Glob(parent + "/*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
