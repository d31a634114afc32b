package integration

import (
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// Trap 3: a change that is in the log before anybody can see it. The server is made to
// wait between the two, as it does for a replica that doesn't answer; the row's chunk is read in
// between. Forgotten too early the change is lost; with the rule taken away it must be, or
// the test shows nothing.
func TestTrap3SeenBeforeForgotten(t *testing.T) {
	t.Parallel() // it waits most of the time, for a server of its own
	server := dbtest.Start(t, throwaway.MySQL, throwaway.Options{})
	dbtest.Exec(t, server.DSN(""), "INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'",
		"SET GLOBAL rpl_semi_sync_source_wait_point = AFTER_SYNC", "SET GLOBAL rpl_semi_sync_source_timeout = 6000", "SET GLOBAL rpl_semi_sync_source_wait_no_replica = ON")
	for _, c := range []struct {
		name, fault string
		exit        int
	}{{"with the rule", "", 0}, {"without it", "shadow.seen=broken", 8}} {
		t.Run(c.name, func(t *testing.T) {
			s := newUnseen(t, server)
			p := s.home.with("PHASEMIG_FAULT="+c.fault).start("apply", "plan.json", "--phase", "expand", "--chunk-rows", "100", "--max-rate", "60", "--workers", "1")
			s.until("SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name = '_items_pm_new'", "1")
			s.until("SELECT CASE WHEN count(*) >= 100 THEN 'yes' ELSE 'no' END FROM _items_pm_new", "yes")
			late := s.unseen("UPDATE items SET v = 'late' WHERE id = 150")
			s.chunkRead(100)
			s.want("SELECT v FROM items WHERE id = 150", "early") // nobody sees it yet, and the chunk is read
			if err := late.Wait(); err != nil {
				t.Fatal(err)
			}
			p.wait().want(t, c.exit)
			if c.exit == 0 {
				s.apply(0, string(plans.Switch))
				s.want("SELECT v FROM items WHERE id = 150", "late")
			}
		})
	}
}

func newUnseen(t *testing.T, server *throwaway.Server) *subject {
	t.Helper()
	s := &subject{t: t, kind: throwaway.MySQL, dsn: dbtest.DatabaseOn(t, server)}
	s.db = dbtest.DB(t, s.dsn)
	s.home = newHome(t, s.dsn)
	s.exec("CREATE TABLE items (id int PRIMARY KEY, v varchar(20) NOT NULL)", "INSERT INTO items "+numbered(200, "'early'"))
	s.home.must(0, onShadow("MODIFY v varchar(300) NOT NULL")...)
	return s
}

// unseen runs a statement whose commit is in the log and not visible until the
// server has waited long enough for a replica that isn't there.
func (s *subject) unseen(q string) *errgroup.Group {
	s.t.Helper()
	dbtest.Exec(s.t, s.dsn, "SET GLOBAL rpl_semi_sync_source_enabled = OFF", "SET GLOBAL rpl_semi_sync_source_enabled = ON")
	var g errgroup.Group
	g.Go(func() error {
		_, err := s.db.Exec(q)
		return err
	})
	s.waiting()
	return &g
}

// waiting waits until a commit is in the log and not visible.
func (s *subject) waiting() {
	s.t.Helper()
	waitFor(s.t, "a commit that waits for a replica", func() bool {
		return dbtest.Query(s.t, s.dsn, "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_source_wait_sessions'")[0][1] != "0"
	})
}

// chunkRead waits until a chunk is written and its commit waits behind the other. InnoDB
// makes its list anew only when nobody has asked for a tenth of a second.
func (s *subject) chunkRead(rows int) {
	s.t.Helper()
	for limit := time.Now().Add(patience); s.rows("SELECT count(*) FROM information_schema.innodb_trx WHERE trx_rows_modified >= "+strconv.Itoa(rows)) == "0"; <-time.After(200 * time.Millisecond) {
		if time.Now().After(limit) {
			s.t.Fatal("the chunk is never read")
		}
	}
}
