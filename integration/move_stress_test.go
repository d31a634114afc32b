package integration

import (
	"testing"
	"time"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// TestMoveLosesNothing: writers of old and of new code add to the same rows, each in its own table, in all isolation levels, while rows are
// filled, after that, and after the old columns are out of sight; every commit is in the tally's sum. As long as new code inserts or upserts nobody is
// in a deadlock.
func TestMoveLosesNothing(t *testing.T) {
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		if k == throwaway.Postgres15 && !long() {
			return
		}
		ride, rows := 400*time.Millisecond, 1000
		if long() {
			ride, rows = 20*time.Second, 60_000
		}
		x := newKitchen(t, k, recipeCase{create: movedUsers(30, rows), operations: moveDown})
		x.configure(engine.Config{LockBudget: time.Minute, ChunkRows: 100, Workers: 2})
		m := newMovers(t, dbtest.DB(t, x.dsn), 30, 4)
		m.run()
		x.expandBeside(m)
		m.halt() // an update may be in a deadlock by now
		m.deadlocks.Store(0)
		m.young.Store(true)
		m.run()
		time.Sleep(ride)
		if n := m.deadlocks.Load(); n > 0 {
			t.Errorf("%d deadlocks of upserts and old code", n)
		}
		m.plain.Store(true)
		time.Sleep(ride)
		m.halt()
		t.Logf("%d commits, %d deadlocks of plain updates", m.commits.Load(), m.deadlocks.Load())
		m.check("expanded", oldBios, youngBios)
		x.agrees()

		m.young.Store(false)
		m.run()
		x.back()
		m.halt()
		m.check("rollback of expand", oldBios)
		m.run()
		x.must(plans.Expand)
		m.young.Store(true)
		x.must(plans.Switch)
		m.halt()
		x.agrees()

		m.old.Store(false)
		x.there(x.plan.Phase(plans.Contract))
		m.run()
		time.Sleep(ride / 2)
		m.halt()
		x.back()
		m.check("rollback of contract", oldBios, youngBios)
		x.must(plans.Contract)
		m.check("the end", youngBios)
	})
}

// expandBeside expands while old code writes, and new code to the rows that are filled.
func (x *kitchen) expandBeside(m *movers) {
	x.t.Helper()
	m.filling.Store(true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for x.t.Context().Err() == nil {
			var n int
			if err := m.db.QueryRow("SELECT count(*) FROM pg_trigger WHERE tgname LIKE '~pm%\\_t'").Scan(&n); err != nil || n > 0 {
				m.young.Store(err == nil)
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	x.must(plans.Expand)
	<-done
	m.filling.Store(false)
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
		x := newKitchen(t, k, recipeCase{create: movedUsers(30, 900), operations: moveDown})
		m := newMovers(t, dbtest.DB(t, x.dsn), 30, 3)
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
			m.check("rollback of expand", oldBios)
			sameTable(t, "rollback of expand", describe(t, k, x.dsn, "users"), start)
		}
		m.run()
		c.through(syncPoints(), 2, expand...)
		m.young.Store(true)
		c.through(syncPoints(), 1, "apply", "plan.json", "--phase", "switch")
		m.halt()
		m.check("switched", oldBios, youngBios)
		c.through(syncPoints(), 1, "apply", "plan.json", "--phase", "contract")
		m.check("the end", youngBios)
		t.Logf("killed at %v", died)
		for _, point := range []string{"backfill.chunk_written", "backfill.chunk_committed", "step.locked", "verify.chunk", "engine.phase_done"} {
			if died[point] == 0 {
				t.Errorf("the program never died at %s", point)
			}
		}
	})
}
