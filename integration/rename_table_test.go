package integration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// eachRenamed runs f on one server of a family in the short form.
func eachRenamed(t *testing.T, f func(t *testing.T, x *kitchen)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if k != throwaway.Postgres18 && k != throwaway.MySQL && !long() {
			return
		}
		i := slices.IndexFunc(wholeTables(k), func(c recipeCase) bool { return c.name == "rename table" })
		f(t, newKitchen(t, k, wholeTables(k)[i]))
	})
}

// TestRenameTableLosesNothing: code of both names writes in transactions while the names change there and back. Every row that was committed is in
// the table at the end, once.
func TestRenameTableLosesNothing(t *testing.T) {
	eachRenamed(t, func(t *testing.T, x *kitchen) {
		x.must(plans.Expand)
		old, nu := x.insert("invoices", 1_000_000), x.insert("bills", 2_000_000)
		x.must(plans.Switch)
		x.back()
		x.must(plans.Switch)
		n := old()
		x.must(plans.Contract)
		n += nu()
		if got := dbtest.Query(t, x.dsn, "SELECT count(*) FROM bills WHERE id >= 1000000")[0][0]; got != fmt.Sprint(2*n) || n == 0 {
			t.Errorf("%s rows are there, %d transactions of two were committed", got, n)
		}
		x.same("the end", x.direct())
	})
}

// insert commits transactions of two rows each by one name of the table, until the function that it gives is called, which tells how many. A transaction that
// the server gives up as the victim of a deadlock is none.
func (x *kitchen) insert(table string, from int) (stop func() int) {
	db := dbtest.DB(x.t, x.dsn)
	ctx, cancel := context.WithCancel(x.t.Context())
	var g errgroup.Group
	n := 0
	g.Go(func() error {
		for id := from; ctx.Err() == nil; id += 2 {
			err := twoRows(db, table, id)
			if err != nil && !deadlocked(err) {
				return fmt.Errorf("insert into %s: %w", table, err)
			}
			if err == nil {
				n++
			}
		}
		return nil
	})
	return sync.OnceValue(func() int {
		cancel()
		if err := g.Wait(); err != nil {
			x.t.Error(err)
		}
		return n
	})
}

func twoRows(db *sql.DB, table string, id int) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for i := range 2 {
		if _, err := tx.Exec(fmt.Sprintf("INSERT INTO %s (id, team_id) VALUES (%d, 1)", table, id+i)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func deadlocked(err error) bool {
	return strings.Contains(err.Error(), "1213") || strings.Contains(err.Error(), "40P01")
}

// TestRenameTableCut: cut anywhere, there or back, the next call goes on from there.
func TestRenameTableCut(t *testing.T) {
	eachRenamed(t, func(t *testing.T, x *kitchen) {
		points := []string{"engine.step_intent", "engine.step_done", "step.statement"}
		if x.kind.IsPostgres() {
			points[2] = "step.locked"
		}
		for _, ph := range []plans.PhaseName{plans.Expand, plans.Switch, plans.Contract} {
			before := x.now()
			for _, p := range points {
				x.cut(ph, p, before)
			}
			x.must(ph)
		}
		x.same("the end", x.direct())
	})
}

// cut goes there and back, and is cut at a point both times.
func (x *kitchen) cut(ph plans.PhaseName, point string, before []string) {
	x.t.Helper()
	there := func() error {
		err := x.upToDrop(ph)
		if errors.Is(err, engine.ErrStopped) {
			return nil
		}
		return err
	}
	fault.Arm(point + "=error")
	err := there()
	fault.Arm("")
	if err != nil && !errors.Is(err, fault.ErrInjected) {
		x.t.Fatalf("%s cut at %s: %v", ph, point, err)
	}
	if ph != plans.Contract {
		fault.Arm("engine.phase_done=error")
	}
	err = there()
	fault.Arm("")
	if err != nil && !errors.Is(err, fault.ErrInjected) {
		x.t.Fatalf("%s after a cut at %s: %v", ph, point, err)
	}
	fault.Arm(point + "=error")
	_, err = x.engine.Rollback(x.t.Context(), x.plan.ID, engine.RollbackOptions{})
	fault.Arm("")
	if err != nil && !errors.Is(err, fault.ErrInjected) {
		x.t.Fatalf("rollback of %s cut at %s: %v", ph, point, err)
	}
	if err != nil {
		x.back()
	}
	x.same("rollback of "+string(ph)+" at "+point, before)
}

// upToDrop carries a phase out as far as there is a way back.
func (x *kitchen) upToDrop(ph plans.PhaseName) error {
	o := engine.Options{Phase: ph}
	if ph == plans.Contract {
		o.Before = x.plan.Phase(ph).Steps[1].ID
	}
	_, err := x.engine.Apply(x.t.Context(), x.plan, o)
	return err
}

// TestRenameTableMeetsOthers: what somebody else has put under one of the names is left alone, and nothing is moved.
func TestRenameTableMeetsOthers(t *testing.T) {
	eachRenamed(t, func(t *testing.T, x *kitchen) {
		dbtest.Exec(t, x.dsn, "CREATE TABLE bills (id int)")
		if err := x.apply(plans.Expand); !errors.Is(err, plans.ErrStale) {
			t.Fatalf("a table of the new name: %v", err)
		}
		dbtest.Exec(t, x.dsn, "DROP TABLE bills")
		x.must(plans.Expand)
		dbtest.Exec(t, x.dsn, "DROP VIEW bills", "CREATE VIEW bills AS SELECT id FROM teams")
		held := x.now()
		if err := x.apply(plans.Switch); !errors.Is(err, plans.ErrStale) {
			t.Fatalf("another view of the new name: %v", err)
		}
		x.same("after the refusal", held)
	})
}

// TestRenameTableCleanup: what a run has left that nobody knows of any more is found and taken away; no row goes.
func TestRenameTableCleanup(t *testing.T) {
	eachRenamed(t, func(t *testing.T, x *kitchen) {
		x.must(plans.Expand)
		x.must(plans.Switch)
		x.forget()
		res, err := x.engine.Cleanup(t.Context(), x.plan.ID, false)
		if err != nil || len(res.Removed) == 0 {
			t.Fatalf("%d things were found: %v", len(res.Removed), err)
		}
		x.same("after cleanup", x.direct())
	})
}

// forget takes the run's state away, as where the database is a restored backup of the application's own tables.
func (x *kitchen) forget() {
	x.t.Helper()
	dbtest.Exec(x.t, x.dsn, "UPDATE phasemig.run SET status = 'rolled_back' WHERE id = '"+x.plan.ID+"'") // or the state would keep it
	if err := x.db.Store.Remove(x.t.Context(), x.plan.ID); err != nil {
		x.t.Fatal(err)
	}
}

// TestDroppedTableCleanup: a table that such a run has put out of sight gets its name back.
func TestDroppedTableCleanup(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if k != throwaway.Postgres18 && k != throwaway.MySQL && !long() {
			return
		}
		x := newKitchen(t, k, wholeTables(k)[1])
		x.must(plans.Expand)
		x.must(plans.Switch)
		if err := x.upToDrop(plans.Contract); !errors.Is(err, engine.ErrStopped) {
			t.Fatal(err)
		}
		x.forget()
		if res, err := x.engine.Cleanup(t.Context(), x.plan.ID, false); err != nil || len(res.Removed) != 1 {
			t.Fatalf("%+v: %v", res.Removed, err)
		}
		x.same("after cleanup", x.start)
	})
}
