package integration

import (
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// slow is a subject whose backfill takes a while: 2,000 rows at 1,000 a second.
func slow(t *testing.T, k throwaway.Kind) *subject {
	t.Helper()
	return newSubject(t, k, renameUsers, "CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))", "INSERT INTO users "+numbered(2000, "'name'"))
}

var slowly = []string{"apply", "plan.json", "--phase", "expand", "--chunk-rows", "50", "--max-rate", "1000"}

// begun waits until the backfill has filled something and is not done.
func (s *subject) begun() {
	s.t.Helper()
	filled := "SELECT CASE WHEN count(*) > 0 THEN 'yes' ELSE 'no' END FROM users WHERE display_name IS NOT NULL"
	s.until(on(s.kind, "SELECT count(*) FROM information_schema.columns WHERE table_schema = database() AND table_name = 'users' AND column_name = 'display_name'",
		"SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'users' AND column_name = 'display_name'"), "1")
	s.until(filled, "yes")
}

func (s *subject) filled() string {
	s.t.Helper()
	return s.rows("SELECT count(*) FROM users WHERE display_name IS NOT NULL")
}

// complete: the expand is over and every row agrees.
func (s *subject) complete() {
	s.t.Helper()
	s.want("SELECT count(*) FROM users WHERE display_name = full_name", "2000")
}

// Ctrl-C and SIGTERM end the program at the next safe point with 75; the next
// call goes on where it was.
func TestInterrupted(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := slow(t, k)
		for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
			p := s.home.start(slowly...)
			waitFor(t, "the backfill", func() bool { return strings.Contains(p.err.String(), ".backfill") })
			s.begun()
			p.signal(sig)
			c := p.wait()
			c.want(t, 75)
			c.says(t, "again")
		}
		before := s.filled()
		if before == "2000" {
			t.Fatal("the backfill was over before it was interrupted")
		}
		s.apply(0, "expand")
		s.complete()
	})
}

// A connection that is cut in the middle of the backfill is a temporary error,
// and no row is done twice or left out.
func TestConnectionLost(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := slow(t, k)
		proxy := dbtest.NewProxy(t, dbtest.Server(t, k).Addr())
		far := s.home.with("PHASEMIG_DSN=" + proxy.DSN(s.dsn))
		p := far.start(slowly...)
		s.begun()
		proxy.Refuse(true)
		proxy.Cut()
		p.wait().want(t, 75)
		far.must(75, "status", s.plan.ID)
		proxy.Refuse(false)
		far.must(0, "apply", "plan.json", "--phase", "expand")
		s.complete()
	})
}

// Of two runners one works and the other is told who does.
func TestTwoRunners(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := slow(t, k)
		p := s.home.start(slowly...)
		s.begun()
		s.home.must(6, "apply", "plan.json", "--phase", "expand").says(t, "another runner")
		s.home.must(6, "rollback", s.plan.ID)
		p.wait().want(t, 0)
		s.complete()
	})
}

// Pause, throttle and abort reach a runner at work.
func TestSteered(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := slow(t, k)
		p := s.home.start(slowly...)
		s.begun()
		s.home.must(0, "pause", s.plan.ID)
		p.wait().want(t, 3)
		s.home.must(3, "apply", "plan.json", "--phase", "expand").says(t, "resume")
		s.home.must(0, "throttle", s.plan.ID, "--max-rate", "500")
		s.home.must(0, "resume", s.plan.ID)
		p = s.home.start("apply", "plan.json", "--phase", "expand", "--chunk-rows", "50")
		s.home.must(0, "throttle", s.plan.ID, "--max-rate", "0")
		p.wait().want(t, 0)
		s.complete()
	})
}

func TestAborted(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := slow(t, k)
		original := describe(t, k, s.dsn, "users")
		p := s.home.start(slowly...)
		s.begun()
		s.home.must(0, "abort", s.plan.ID)
		p.wait().want(t, 1)
		if r := document[struct{ Status string }](t, s.home.must(0, "status", s.plan.ID, "--output", "json")); r.Status != "aborted" {
			t.Fatalf("status %q after an abort", r.Status)
		}
		s.home.must(1, "apply", "plan.json").says(t, "rollback")
		s.home.must(0, "rollback", s.plan.ID, "--all")
		sameTable(t, "rollback of an aborted run", describe(t, k, s.dsn, "users"), original)
	})
}

// A proxy that gives each transaction another session would lose every lock and
// every mark: it is seen and refused.
func TestPoolingProxyRefused(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := slow(t, k)
		original := describe(t, k, s.dsn, "users")
		h := s.home.with("PHASEMIG_DSN=" + pooled(t, k, s.dsn))
		h.must(9, "plan", "--change", "change.yaml", "-o", "pooled.json").says(t, on(k, "proxy", "pool"))
		if c := h.call("apply", "plan.json", "--phase", "expand"); c.exit == 0 {
			t.Fatal("a plan was run through a pooling proxy")
		}
		sameTable(t, "refused", describe(t, k, s.dsn, "users"), original)
	})
}

func pooled(t *testing.T, k throwaway.Kind, dsn string) string {
	t.Helper()
	server := dbtest.Server(t, k)
	if k.IsPostgres() {
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		return dbtest.PgBouncer(t, server).DSN(strings.TrimPrefix(u.Path, "/"))
	}
	p := dbtest.NewProxy(t, server.Addr())
	p.RewriteMySQLThreadID(true)
	return p.DSN(dsn)
}
