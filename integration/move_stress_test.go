package integration

import (
	"errors"
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
		rows := 300
		if long() {
			rows = 40_000
		}
		for up, name := range map[bool]string{false: "to a new table", true: "back"} {
			if long() || k == throwaway.Postgres18 && !up {
				t.Run(name, func(t *testing.T) { newVoyage(t, k, up, rows).life() })
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
	alone time.Duration // the longest that a transaction took while no phase was on its way
}

func newVoyage(t *testing.T, k throwaway.Kind, up bool, rows int) *voyage {
	t.Helper()
	ride, writers := 100*time.Millisecond, 2
	if long() {
		ride, writers = 8*time.Second, 4
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
	v.rides()
	v.back()
	v.sees("rollback of switch", old, young)
	v.code(true, true)
	v.must(plans.Switch)
	v.code(false, true)
	v.there(v.plan.Phase(plans.Contract))
	v.rides()
	v.back()
	v.sees("rollback of contract", old, young)
	v.code(true, true)
	v.rides()
	v.code(false, true)
	v.must(plans.Contract)
	v.rides()
	v.sees("the end", young)
	v.t.Logf("%d commits, %d came too late for their snapshot, the longest transaction took %v, and %v while no phase was on its way", v.m.commits.Load(), v.m.late.Load(), time.Duration(v.m.longest.Load()), v.alone)
}

// rides lets the writers write for a while.
func (v *voyage) rides() {
	beside := v.m.longest.Swap(0)
	time.Sleep(v.ride)
	v.alone = max(v.alone, time.Duration(v.m.longest.Swap(beside)))
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
		v.rides()
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
	v.rides()
}

func (x *kitchen) agrees() {
	x.t.Helper()
	if got := dbtest.Query(x.t, x.dsn, unlike); got[0][0] != "0" {
		x.t.Fatalf("%s rows differ", got[0][0])
	}
}

// TestMoveCleanup: what a run has left that nobody knows of any more is found and taken away, and what is out of sight gets its name back.
func TestMoveCleanup(t *testing.T) {
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		for _, up := range []bool{false, true} {
			v := newVoyage(t, k, up, 300)
			v.must(plans.Expand)
			v.must(plans.Switch)
			if err := v.upToDrop(plans.Contract); !errors.Is(err, engine.ErrStopped) {
				t.Fatal(err)
			}
			v.forget()
			res, err := v.engine.Cleanup(t.Context(), v.plan.ID, false)
			if err != nil || len(res.Removed) == 0 {
				t.Fatalf("%+v: %v", res.Removed, err)
			}
			sameTable(t, "after cleanup", v.tables(), v.start)
			v.m.check("after cleanup", v.m.oldBios())
		}
	})
}

// TestCrashMove kills the program at every failpoint of a sync while both codes write, there and back, both ways; called again it ends as if nothing
// had happened.
func TestCrashMove(t *testing.T) {
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		if !long() { // TestCrash dies at the same points
			return
		}
		for up, name := range map[bool]string{false: "to a new table", true: "back"} {
			t.Run(name, func(t *testing.T) {
				beside(t)
				newVoyage(t, k, up, 3000).mortal()
			})
		}
	})
}

// mortal is the life of a program that dies all the time.
func (v *voyage) mortal() {
	died := map[string]int{}
	c, p := newMortalRecipe(v.t, v.kitchen, v.c.operations+"replicas: none\n", died)
	const hits = 3
	expand := []string{"apply", "plan.json", "--phase", "expand", "--chunk-rows", "200"}
	for hit := 1; hit <= hits; hit++ {
		v.code(true, false)
		c.through(syncPoints(), hit, expand...)
		v.code(true, true)
		time.Sleep(ride / 2)
		v.code(true, false)
		c.through(syncPoints(), hit, "rollback", p.ID)
		v.sees("rollback of expand", v.m.oldBios())
		sameTable(v.t, "rollback of expand", v.tables(), v.start)
	}
	v.code(true, false)
	c.through(syncPoints(), 2, expand...)
	v.code(true, true)
	c.through(syncPoints(), 1, "apply", "plan.json", "--phase", "switch")
	v.sees("switched", v.m.oldBios(), v.m.youngBios())
	v.code(false, true)
	c.through(syncPoints(), 1, "apply", "plan.json", "--phase", "contract")
	v.sees("the end", v.m.youngBios())
	v.t.Logf("killed at %v; %d commits, the longest transaction took %v", died, v.m.commits.Load(), time.Duration(v.m.longest.Load()).Round(time.Millisecond))
	for _, point := range []string{"backfill.chunk_written", "backfill.chunk_committed", "step.locked", "step.statement", "verify.chunk", "engine.phase_done"} {
		if died[point] == 0 {
			v.t.Errorf("the program never died at %s", point)
		}
	}
}
