package integration

import (
	"testing"
	"time"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// TestMoveLosesNothing: writers of old and of new code add to the same rows without a pause, each in its own table, in all isolation levels, while rows are
// filled, after that, when the old columns are out of sight, and in each rollback. No statement fails, for a deadlock neither; every commit is in the tally's sum.
func TestMoveLosesNothing(t *testing.T) {
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		for up, name := range map[bool]string{false: "to a new table", true: "back"} {
			if long() || k == throwaway.Postgres18 && !up {
				t.Run(name, func(t *testing.T) { newVoyage(t, k, up).life() })
			}
		}
	})
}

// voyage is a move under writers.
type voyage struct {
	*kitchen
	m     *movers
	ride  time.Duration
	start []string
}

func newVoyage(t *testing.T, k throwaway.Kind, up bool) *voyage {
	t.Helper()
	ride, rows, writers := 100*time.Millisecond, 300, 2
	if long() {
		ride, rows, writers = 8*time.Second, 40_000, 4
	}
	operations := map[bool]string{true: moveUp, false: moveDown}[up]
	x := newKitchen(t, k, recipeCase{create: movedUsers(up, 30, rows), operations: operations})
	x.configure(engine.Config{LockBudget: time.Minute, ChunkRows: 100, Workers: 2})
	v := &voyage{kitchen: x, m: newMovers(t, dbtest.DB(t, x.dsn), up, 30, writers), ride: ride}
	v.start = v.tables()
	return v
}

// tables are both as they are described.
func (v *voyage) tables() []string {
	out := describe(v.t, v.kind, v.dsn, "users")
	if v.m.up {
		out = append(out, describe(v.t, v.kind, v.dsn, "profiles")...)
	}
	return out
}

func (v *voyage) life() {
	old, young := v.m.oldBios(), v.m.youngBios()
	v.code(true, false)
	v.expandBeside()
	v.sees("expanded", old, young)
	v.code(true, false)
	v.back()
	v.sees("rollback of expand", old)
	sameTable(v.t, "rollback of expand", v.tables(), v.start)
	v.code(true, false)
	v.must(plans.Expand)
	v.code(true, true)
	v.must(plans.Switch)
	time.Sleep(v.ride)
	v.back()
	v.sees("rollback of switch", old, young)
	v.code(true, true)
	v.must(plans.Switch)
	v.code(false, true)
	v.there(v.plan.Phase(plans.Contract))
	time.Sleep(v.ride)
	v.back()
	v.sees("rollback of contract", old, young)
	v.code(true, true)
	time.Sleep(v.ride)
	v.code(false, true)
	v.must(plans.Contract)
	time.Sleep(v.ride)
	v.sees("the end", young)
	v.t.Logf("%d commits, %d came too late for their snapshot, the longest transaction took %v", v.m.commits.Load(), v.m.late.Load(), time.Duration(v.m.longest.Load()).Round(time.Millisecond))
}

// code says which code runs from now on: transactions of the other have ended.
func (v *voyage) code(old, young bool) {
	v.t.Helper()
	if v.m.stop != nil {
		v.m.halt()
	}
	v.m.old.Store(old)
	v.m.young.Store(young)
	v.m.run()
}

// sees stops the writers and holds the rows against the tally.
func (v *voyage) sees(when string, queries ...string) {
	v.t.Helper()
	v.m.halt()
	v.m.check(when, queries...)
	if len(queries) > 1 {
		v.agrees()
	}
}

// expandBeside expands while old code writes, and new code to rows of the target that are there: they are filled.
func (v *voyage) expandBeside() {
	v.t.Helper()
	if v.m.up {
		v.must(plans.Expand)
		v.code(true, true)
		time.Sleep(v.ride)
		return
	}
	v.m.filling.Store(true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for v.t.Context().Err() == nil {
			var n int
			if err := v.m.db.QueryRow("SELECT count(*) FROM pg_trigger WHERE tgname LIKE '~pm%\\_pu'").Scan(&n); err != nil || n > 0 {
				v.m.young.Store(err == nil)
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	v.must(plans.Expand)
	<-done
	v.m.filling.Store(false)
	time.Sleep(v.ride)
}

func (x *kitchen) agrees() {
	x.t.Helper()
	if got := dbtest.Query(x.t, x.dsn, unlike); got[0][0] != "0" {
		x.t.Fatalf("%s rows differ", got[0][0])
	}
}

// TestCrashMove kills the program at every failpoint of a sync while both codes write, there and back; called again it ends as if nothing
// had happened.
func TestCrashMove(t *testing.T) {
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		if !long() { // TestCrash dies at the same points
			return
		}
		beside(t)
		x := newKitchen(t, k, recipeCase{create: movedUsers(false, 30, 900), operations: moveDown})
		m := newMovers(t, dbtest.DB(t, x.dsn), false, 30, 3)
		died := map[string]int{}
		c, p := newMortalRecipe(t, x, moveDown+"replicas: none\n", died)
		const hits = 3
		expand := []string{"apply", "plan.json", "--phase", "expand", "--chunk-rows", "100"}
		start := describe(t, k, x.dsn, "users")
		for hit := 1; hit <= hits; hit++ {
			m.run()
			c.through(syncPoints(), hit, expand...)
			m.young.Store(true)
			time.Sleep(ride / 2)
			m.young.Store(false)
			c.through(syncPoints(), hit, "rollback", p.ID)
			m.halt()
			m.check("rollback of expand", biosIn)
			sameTable(t, "rollback of expand", describe(t, k, x.dsn, "users"), start)
		}
		m.run()
		c.through(syncPoints(), 2, expand...)
		m.young.Store(true)
		c.through(syncPoints(), 1, "apply", "plan.json", "--phase", "switch")
		m.halt()
		m.check("switched", biosIn, biosBeside)
		c.through(syncPoints(), 1, "apply", "plan.json", "--phase", "contract")
		m.check("the end", biosBeside)
		t.Logf("killed at %v", died)
		for _, point := range []string{"backfill.chunk_written", "backfill.chunk_committed", "step.locked", "verify.chunk", "engine.phase_done"} {
			if died[point] == 0 {
				t.Errorf("the program never died at %s", point)
			}
		}
	})
}
