package integration

import (
	"os"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// Ctrl-C in the middle of a drill takes its server away with its directory, and the database that it made on a server of somebody else's.
func TestDrillInterrupted(t *testing.T) {
	beside(t)
	each(t, func(t *testing.T, k throwaway.Kind) {
		if !sampled(k) {
			return
		}
		s := newSubject(t, k, renameUsers, "CREATE TABLE users (id int PRIMARY KEY, full_name varchar(80))")
		slowDrill := []string{"drill", "plan.json", "--from", s.dsn, "--rows", "2000", "--chunk-rows", "50", "--max-rate", "500"}
		stop := func(h *home, args ...string) {
			p := h.start(append(slowDrill, args...)...)
			waitFor(t, "the backfill", func() bool { return strings.Contains(p.err.String(), ".backfill") || p.state() == "Z" })
			p.signal(os.Interrupt)
			p.wait().want(t, 75)
			if _, err := os.Stat(h.path("drill.json")); err == nil {
				t.Error("a drill that was interrupted has a result")
			}
		}
		if k.IsPostgres() {
			stop(s.home, "--dsn", dbtest.Server(t, k).DSN("postgres"))
			s.want("SELECT count(*) FROM pg_database WHERE datname = 'phasemig_drill_"+s.plan.ID+"'", "0")
			return
		}
		tmp := demoDir(t)
		stop(s.home.with("TMPDIR="+tmp), "--lock-wait", "1s")
		left(t, tmp)
	})
}
