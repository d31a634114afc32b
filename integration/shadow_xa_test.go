package integration

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// Trap 2, at the start: branches that are prepared before the log is read and ended
// afterwards. With a transaction manager at work there is always one.
func TestShadowBeginsAmongBranches(t *testing.T) {
	eachShadow(t, func(t *testing.T, k throwaway.Kind) {
		beside(t)
		s := newShadowed(t, k, alteration{alter: "MODIFY hits BIGINT NOT NULL DEFAULT 0"}, load{rows: 200})
		s.planned()
		stop := make(chan struct{})
		var writers errgroup.Group
		for n := range 4 {
			writers.Go(func() error { return branches(s, n, stop) })
		}
		defer func() { // also when a call has failed: what is prepared must be ended
			close(stop)
			if err := writers.Wait(); err != nil {
				t.Error(err)
			}
		}()
		for range 5 {
			s.apply(plans.Expand)
			s.rollback()
		}
	})
}

// branches prepares and commits until stop is closed; between two of them no time
// passes, so that one is prepared at nearly every moment.
func branches(s *shadowed, n int, stop <-chan struct{}) error {
	db, err := dbtest.Open(s.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for i := 0; ; i++ {
		select {
		case <-stop:
			return nil
		default:
		}
		id := fmt.Sprintf("'%s','w%d',%d", s.database(), n, i)
		if err := all(db, "XA START "+id, fmt.Sprintf("UPDATE items SET hits = hits + 1 WHERE id = %d", 1+n), "XA END "+id, "XA PREPARE "+id, "DO SLEEP(0.005)", "XA COMMIT "+id); err != nil {
			return err
		}
	}
}

func all(db *sql.DB, statements ...string) error {
	for _, q := range statements {
		if _, err := db.Exec(q); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	return nil
}

// A branch of another table is open while the tables change places: the log is read
// again from before its PREPARE, where the table had its old shape.
func TestShadowSwitchAmongBranches(t *testing.T) {
	eachShadow(t, func(t *testing.T, k throwaway.Kind) {
		beside(t)
		s := newShadowed(t, k, alteration{alter: "ADD COLUMN extra INT NOT NULL DEFAULT 1 FIRST, DROP COLUMN mask", renamed: texts{"mask": "-"}}, load{rows: 300, writers: 3, rate: 60, quiet: true})
		dbtest.Exec(t, s.dsn, "CREATE TABLE other (id INT PRIMARY KEY)")
		s.planned()
		s.apply(plans.Expand)
		open := func(n int) (end func()) {
			id := fmt.Sprintf("'%s',%s,%d", s.database(), "'other'", n)
			dbtest.Exec(t, s.dsn, "XA START "+id, fmt.Sprintf("INSERT INTO other VALUES (%d)", n), "XA END "+id, "XA PREPARE "+id)
			return func() { dbtest.Exec(t, s.dsn, "XA COMMIT "+id) }
		}
		s.fleet.Start(context.WithoutCancel(t.Context()))
		end := open(1)
		s.ride(ride)
		s.apply(plans.Switch)
		s.ride(ride)
		end()
		s.isNew("switch")
		end = open(2)
		s.ride(ride)
		s.rollback()
		s.ride(ride)
		end()
		s.isOld("rollback")
		s.apply(plans.Switch)
		s.isNew("second switch")
	})
}
