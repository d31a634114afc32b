package integration

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// held waits until a run at work says, by status, that it is held for a reason, and
// that nothing is written meanwhile.
func (s *subject) held(why string) {
	s.t.Helper()
	waitFor(s.t, "status to say "+why, func() bool {
		c := s.home.call("status", "plan.json", "--output", "json")
		if c.exit != 0 {
			return false // the run isn't there yet
		}
		m := document[struct{ Message string }](s.t, c).Message
		return strings.Contains(m, "held back: ") && strings.Contains(m, why)
	})
	before := s.filled()
	s.home.must(0, "status", "plan.json") // takes a while
	if after := s.filled(); after != before {
		s.t.Errorf("held for %s, and %s rows have become %s", why, before, after)
	}
}

// finished waits for the run's end and for what it leaves.
func (s *subject) finished(p *process) called {
	s.t.Helper()
	c := p.wait()
	c.want(s.t, 0)
	s.complete()
	if m := document[struct{ Message string }](s.t, s.home.must(0, "status", "plan.json", "--output", "json")).Message; m != "" {
		s.t.Errorf("the run is over and says %q", m)
	}
	return c
}

// Words from outside hold the backfill before its first chunk, and let it go: a file, an
// address, a query.
func TestThrottleFromOutside(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := slow(t, k)
		s.exec("CREATE TABLE ops (hold int)", "INSERT INTO ops VALUES (1)")
		s.home.write("hold", "")
		var status atomic.Int32
		status.Store(http.StatusTooManyRequests)
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) }))
		defer srv.Close()
		s.home.write("phasemig.yaml", "throttle: {query: SELECT hold FROM ops, flag_file: elsewhere}\n")
		p := s.home.start("apply", "plan.json", "--phase", "expand", "--throttle-flag-file", s.home.path("hold"), "--throttle-http", srv.URL)
		s.held("flag_file " + s.home.path("hold") + " exists")
		s.want("SELECT count(*) FROM users WHERE display_name IS NOT NULL", "0")
		if err := os.Remove(s.home.path("hold")); err != nil {
			t.Fatal(err)
		}
		s.held("http answers 429 Too Many Requests; query returns 1")
		status.Store(http.StatusOK)
		s.held("held back: query returns 1")
		s.exec("DROP TABLE ops")
		s.held("query can't be read: ")
		s.exec("CREATE TABLE ops (hold int)", "INSERT INTO ops VALUES (0)")
		s.finished(p)
	})
}

// A query that the server doesn't take is given by flag; a wrong one holds with the
// server's words.
func TestThrottleQueryFlag(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := slow(t, k)
		p := s.home.start("apply", "plan.json", "--phase", "expand", "--throttle-query", "SELECT hold FROM nowhere")
		s.held("nowhere")
		p.signal(os.Interrupt)
		p.wait().want(t, 75)
		s.apply(0, "expand")
		s.complete()
	})
}

// loadVariable is one that is over 0 while a session stays connected.
func loadVariable(k throwaway.Kind) string { return on(k, "Threads_connected", "sessions") }

// Load expressions: one holds, the other ends the run; both change while it is at work.
func TestThrottleByLoad(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := slow(t, k)
		c, err := s.db.Conn(t.Context()) // somebody is connected all the time
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		over := loadVariable(k) + "=0"
		s.home.must(1, "apply", "plan.json", "--phase", "expand", "--max-load", "no_such_thing=5").says(t, "no_such_thing")
		p := s.home.start("apply", "plan.json", "--phase", "expand", "--max-load", over)
		s.held(loadVariable(k))
		s.home.must(1, "throttle", "plan.json", "--max-load", "no_such_thing=5").says(t, "no_such_thing")
		s.home.must(0, "throttle", "plan.json", "--critical-load", over)
		ended := p.wait()
		ended.want(t, 75)
		ended.says(t, "over its critical load: "+loadVariable(k), "--critical-load")
		if got := s.filled(); got != "0" {
			t.Errorf("%s rows were filled over the limit", got)
		}
		s.home.must(75, "apply", "plan.json", "--phase", "expand").says(t, "set critical-load "+over+" by `phasemig throttle`")
		s.home.must(0, "throttle", "plan.json", "--critical-load", "", "--max-load", loadVariable(k)+"=100000")
		last := s.finished(s.home.start("apply", "plan.json", "--phase", "expand", "--critical-load", loadVariable(k)+"=100000", "--max-latency", "10s"))
		if k.IsPostgres() { // without the extension that would tell
			last.says(t, "pg_stat_statements", "a query of our own is taken for it")
		}
	})
}

// Every limit can be set and taken away while a run is at work, one without the others.
func TestThrottleCommand(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := slow(t, k)
		p := s.home.start("apply", "plan.json", "--phase", "expand", "--throttle-flag-file", s.home.path("plan.json"))
		s.held("plan.json exists")
		type answer struct {
			Control struct {
				MaxRate float64 `json:"max_rate"`
				Limits  struct {
					MaxLag       int64  `json:"max_lag_ns"`
					MaxLatency   int64  `json:"max_latency_ns"`
					MaxLoad      string `json:"max_load"`
					CriticalLoad string `json:"critical_load"`
				}
			}
		}
		s.home.must(0, "throttle", "plan.json", "--max-rate", "700", "--max-lag", "2s", "--max-latency", "50ms")
		limit := loadVariable(k) + "=100000"
		got := document[answer](t, s.home.must(0, "throttle", "plan.json", "--max-load", limit, "--critical-load", limit, "--max-lag", "0", "--output", "json")).Control
		if got.MaxRate != 700 || got.Limits.MaxLag != 0 || got.Limits.MaxLatency != 50_000_000 || got.Limits.MaxLoad != limit || got.Limits.CriticalLoad != limit {
			t.Errorf("controls: %+v", got)
		}
		if c := s.home.must(0, "status", "plan.json"); !strings.Contains(c.stdout, "at most 700 rows/s, max-latency 50ms, max-load "+limit) {
			t.Errorf("status doesn't show the limits:\n%s", c.stdout)
		}
		p.signal(os.Interrupt)
		p.wait().want(t, 75)
		s.apply(0, "expand")
		s.complete()
	})
}

// A replica that stops applying holds the copy within the limit and a second, however
// little the server itself makes of it; the plan's replicas are told from others.
func TestThrottleByHeartbeat(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		primary := dbtest.Start(t, k, throwaway.Options{})
		replica := dbtest.Start(t, k, throwaway.Options{ReplicaOf: primary})
		s := newReplicated(t, k, primary)
		s.exec("INSERT INTO users SELECT id + 500, full_name FROM users", "INSERT INTO users SELECT id + 1000, full_name FROM users")
		if err := primary.CatchUp(t.Context(), replica); err != nil {
			t.Fatal(err)
		}
		named := "reader=" + replica.DSN(databaseOf(t, s.dsn))
		args := []string{"apply", "plan.json", "--phase", "expand", "--replica", named, "--chunk-rows", "50", "--max-rate", "300", "--max-lag", "700ms"}
		p := s.home.start(args...)
		s.begun()
		dbtest.Exec(t, replica.DSN(maintenance(k)), stopApply(k))
		s.held("replica_lag (reader)")
		dbtest.Exec(t, replica.DSN(maintenance(k)), startApply(k))
		s.home.must(0, "throttle", "plan.json", "--max-rate", "100000")
		c := s.finished(p)
		if strings.Contains(c.stderr, "doesn't name") || strings.Contains(c.stderr, "heartbeat") {
			t.Errorf("the only replica is named and shows the heartbeat:\n%s", c.stderr)
		}
		forgotten := strings.Replace(s.home.read("change.yaml"), "replicas: [reader]", "replicas: none", 1)
		s.home.write("change.yaml", strings.Replace(forgotten, "name: replicated", "name: forgotten", 1))
		s.home.must(0, "rollback", "plan.json", "--all")
		s.home.must(0, "plan", "--change", "change.yaml", "-o", "plan.json")
		s.home.must(0, "apply", "plan.json", "--phase", "expand").says(t, "1 of 1 readers of the target's log are replicas that the plan doesn't name")
	})
}

// A replica that doesn't replicate the heartbeat is believed what it says itself: that
// it has stopped.
func TestThrottleWithoutHeartbeat(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		if k.IsPostgres() {
			return // a physical standby shows everything
		}
		primary := dbtest.Start(t, k, throwaway.Options{})
		replica := dbtest.Start(t, k, throwaway.Options{ReplicaOf: primary, Settings: []string{"replicate-wild-ignore-table=phasemig.%"}})
		s := newReplicated(t, k, primary)
		s.exec("INSERT INTO users SELECT id + 500, full_name FROM users", "INSERT INTO users SELECT id + 1000, full_name FROM users")
		if err := primary.CatchUp(t.Context(), replica); err != nil {
			t.Fatal(err)
		}
		p := s.home.start("apply", "plan.json", "--phase", "expand", "--replica", "reader="+replica.DSN(databaseOf(t, s.dsn)), "--chunk-rows", "50", "--max-rate", "200")
		waitFor(t, "a word about the heartbeat", func() bool { return strings.Contains(p.err.String(), "replica reader doesn't show the heartbeat") })
		dbtest.Exec(t, replica.DSN(maintenance(k)), stopApply(k))
		s.held("replica reader can't be read: replication on")
		dbtest.Exec(t, replica.DSN(maintenance(k)), startApply(k))
		s.finished(p)
	})
}

// The application's own statements slow the copy down before they stop it, and where they
// are slow without it the run says so; when they are fast again it goes on.
func TestThrottleByLatency(t *testing.T) {
	each(t, func(t *testing.T, k throwaway.Kind) {
		s := slowOn(t, k, dbtest.Start(t, k, throwaway.Options{}))
		if k.IsPostgres() {
			s.exec("CREATE EXTENSION pg_stat_statements")
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var app errgroup.Group
		for range 3 {
			app.Go(func() error { return s.nap(ctx, on(k, "DO SLEEP(0.4)", "SELECT pg_sleep(0.4)")) })
		}
		// A latency is known only after a while: at full speed the rows would be done by then.
		p := s.home.start("apply", "plan.json", "--phase", "expand", "--chunk-rows", "20", "--max-rate", "200", "--max-latency", "200ms", "--output", "jsonl")
		s.held("latency (p99 of ")
		s.held("also while next to nothing is written")
		stop()
		if err := app.Wait(); err != nil {
			t.Fatal(err)
		}
		c := s.finished(p)
		var shares []float64
		for line := range strings.Lines(c.stdout) {
			var e struct {
				Event  string
				Share  float64
				Reason string
			}
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			if e.Event == "throttled" {
				shares = append(shares, e.Share)
			}
		}
		i := slices.IndexFunc(shares, func(s float64) bool { return s > 0 && s < 0.25 })
		j := slices.Index(shares, 0)
		if i < 0 || j < i {
			t.Errorf("the copy wasn't slowed before it was held: %v", shares)
		}
		if strings.Contains(c.stdout, "a query of our own") {
			t.Errorf("the server's own measurement wasn't used:\n%s", c.stdout)
		}
	})
}

// nap runs a slow statement again and again until ctx ends.
func (s *subject) nap(ctx context.Context, statement string) error {
	for {
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
}

// slowOn is slow on a server of the test's own.
func slowOn(t *testing.T, k throwaway.Kind, srv *throwaway.Server) *subject {
	t.Helper()
	s := &subject{t: t, kind: k, dsn: dbtest.DatabaseOn(t, srv)}
	s.db = dbtest.DB(t, s.dsn)
	s.home = newHome(t, s.dsn)
	s.exec("CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))", "INSERT INTO users "+numbered(2000, "'name'"))
	s.home.write("change.yaml", "name: slow\nreplicas: none\noperations:\n"+renameUsers)
	s.home.must(0, "plan", "--change", "change.yaml", "-o", "plan.json")
	return s
}

// TestThrottleByLatencyBuildsFirst: where the application's latency has a limit no index is left for the end, when it would be built at full
// speed over all rows.
func TestThrottleByLatencyBuildsFirst(t *testing.T) {
	for name, limit := range map[string][]string{"before the first row": {"--max-latency", "1h"}, "behind the last": nil} {
		t.Run(name, func(t *testing.T) {
			beside(t)
			s := newShadowed(t, throwaway.MySQL, alteration{alter: "ADD COLUMN more bigint NOT NULL DEFAULT 7, ADD KEY more (more)"}, load{rows: 300, quiet: true})
			s.planned()
			if s.plan.Alters[0].Late == nil {
				t.Fatal("the plan leaves no index for the end")
			}
			c := s.home.must(0, append([]string{"apply", "plan.json", "--phase", "expand"}, limit...)...)
			if got := c.stdout + c.stderr; strings.Contains(got, "building every index before the first row") != (limit != nil) || strings.Contains(got, "left for the end") != (limit == nil) {
				t.Errorf("%v: %s", limit, got)
			}
			s.home.must(0, "apply", "plan.json", "--phase", "switch")
			s.home.must(0, "rollback", s.plan.ID, "--all")
		})
	}
}
