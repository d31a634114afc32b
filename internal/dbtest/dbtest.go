// Package dbtest gives tests real database servers.
//
// A test asks for an empty database and gets the DSN of one that is dropped when the test ends:
//
//	func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }
//
//	func TestCopy(t *testing.T) {
//		dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
//			dsn := dbtest.Database(t, k)
//			dbtest.Exec(t, dsn, "CREATE TABLE item (id int PRIMARY KEY)")
//		})
//	}
//
// All tests of a process share one server of each kind. It is the one whose DSN is in PHASEMIG_TEST_MYSQL_DSN,
// PHASEMIG_TEST_MARIADB_DSN, PHASEMIG_TEST_POSTGRES15_DSN or PHASEMIG_TEST_POSTGRES18_DSN, or else one that
// is started, which Main stops. A test that changes a server's settings, kills it or wants a replica starts
// its own with Start.
//
// PHASEMIG_REQUIRE_DB is a comma-separated list of kinds, or all, or none. If it is set, tests run on those kinds
// and fail if there is no such server. If it is not set, they run on every kind and skip one that can't be had.
//
// NewProxy stands between a client and a server to break, halt or slow their connection (see package faultnet); PgBouncer is the
// real thing.
package dbtest

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/throwaway"
	"go.uber.org/goleak"
)

// shared are the servers of this process, one of each kind.
var shared struct {
	sync.Mutex
	servers map[throwaway.Kind]*sharedServer
}

type sharedServer struct {
	once   sync.Once
	server *throwaway.Server
	err    error
}

// Long tells that PHASEMIG_LONG asks for the long form of the tests: every server, every point, every case.
func Long() bool { return os.Getenv("PHASEMIG_LONG") != "" }

// Main runs the tests of a package, stops the servers they shared and looks for leaked goroutines. It returns the
// exit code.
func Main(m *testing.M) int {
	code := m.Run()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := stopShared(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "dbtest:", err)
		code = max(code, 1)
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "dbtest:", err)
		code = 1
	}
	return code
}

func stopShared(ctx context.Context) error {
	shared.Lock()
	defer shared.Unlock()
	for kind, s := range shared.servers {
		if s.server == nil {
			continue
		}
		if err := s.server.Stop(ctx); err != nil {
			return fmt.Errorf("stop %s: %w", kind, err)
		}
	}
	return nil
}

// Server is the shared server of kind k. It must be left as it was found.
func Server(t testing.TB, k throwaway.Kind) *throwaway.Server {
	t.Helper()
	need(t, k)
	s := sharedOf(newest(k))
	s.once.Do(func() { s.server, s.err = attachOrStart(newest(k)) })
	if s.err != nil {
		missing(t, k, s.err)
	}
	return s.server
}

// Start starts a server for this test alone, and stops it when the test ends.
func Start(t testing.TB, k throwaway.Kind, o throwaway.Options) *throwaway.Server {
	t.Helper()
	need(t, k)
	o.AllowInstall = Required(string(newest(k)))
	o.Dir = cmp.Or(o.Dir, throwaway.MemoryDir())
	s, err := throwaway.Start(t.Context(), newest(k), o)
	if err != nil {
		missing(t, k, err)
	}
	stopAfter(t, s)
	return s
}

func stopAfter(t testing.TB, s *throwaway.Server) {
	t.Cleanup(func() {
		if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("stop %s: %v", s.Kind(), err)
		}
	})
}

// Each runs f as a subtest on every kind of server that is wanted.
func Each(t *testing.T, f func(t *testing.T, k throwaway.Kind)) {
	t.Helper()
	for _, k := range kinds(t) {
		t.Run(string(k), func(t *testing.T) { f(t, k) })
	}
}

// Required reports whether PHASEMIG_REQUIRE_DB names what, so that a test must fail without it. "all" are the
// four kinds of server; docker must be named.
func Required(what string) bool {
	list := os.Getenv("PHASEMIG_REQUIRE_DB")
	if what == "docker" || list == "" {
		return list != "" && slices.Contains(strings.Split(list, ","), what)
	}
	kinds, err := throwaway.ParseKinds(list)
	return err == nil && slices.Contains(kinds, throwaway.Kind(what))
}

// kinds are those that are wanted. A misspelt one would otherwise be a test that never runs.
func kinds(t testing.TB) []throwaway.Kind {
	t.Helper()
	list, err := throwaway.ParseKinds(os.Getenv("PHASEMIG_REQUIRE_DB"))
	if err != nil {
		t.Fatalf("PHASEMIG_REQUIRE_DB: %v", err)
	}
	return list
}

func need(t testing.TB, k throwaway.Kind) {
	t.Helper()
	if !slices.Contains(kinds(t), newest(k)) {
		t.Skipf("%s is not in PHASEMIG_REQUIRE_DB", k)
	}
}

func missing(t testing.TB, k throwaway.Kind, err error) {
	t.Helper()
	without(t, Required(string(newest(k))), fmt.Errorf("no %s: %w", k, err))
}

// without ends a test that can't go on: what is required fails it.
func without(t testing.TB, required bool, err error) {
	t.Helper()
	if required {
		t.Fatal(err)
	}
	t.Skip(err)
}

// newest gives the kind without a version the one that the tests share.
func newest(k throwaway.Kind) throwaway.Kind {
	if k == throwaway.Postgres {
		return throwaway.Postgres18
	}
	return k
}

func sharedOf(k throwaway.Kind) *sharedServer {
	shared.Lock()
	defer shared.Unlock()
	if shared.servers == nil {
		shared.servers = map[throwaway.Kind]*sharedServer{}
	}
	if shared.servers[k] == nil {
		shared.servers[k] = &sharedServer{}
	}
	return shared.servers[k]
}

// attachOrStart outlives the test that came first, so it does not use that test's context.
func attachOrStart(k throwaway.Kind) (*throwaway.Server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if dsn := os.Getenv(k.Variable()); dsn != "" {
		return throwaway.Attach(ctx, k, dsn)
	}
	return throwaway.Start(ctx, k, throwaway.Options{Dir: throwaway.MemoryDir(), AllowInstall: Required(string(k)), Log: os.Stderr})
}
