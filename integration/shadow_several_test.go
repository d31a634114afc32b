package integration

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// twoTables are copied by one change. Each has a table beside it that nobody changes but the application, which writes the same to both
// in one transaction.
type twoTables struct {
	t       *testing.T
	kind    throwaway.Kind
	dsn     string
	home    *home
	plan    plans.Plan
	turn    sync.RWMutex // the application has it for the time of a transaction
	written atomic.Int64
	stop    func()
}

const boxRows = 300

// twoChanges: on PostgreSQL the table that goes into partitions has a foreign key to the other one, and stands before it in the file.
func twoChanges(k throwaway.Kind) string {
	if !k.IsPostgres() {
		return "  - alter_table: {table: things, sql: \"MODIFY n BIGINT\"}\n  - alter_table: {table: boxes, sql: \"MODIFY n BIGINT, ADD COLUMN extra INT NOT NULL DEFAULT 7 AFTER id\"}\n"
	}
	return "  - partition_table: {table: things, by: hash, columns: [id], partitions: [{name: things_0}, {name: things_1}]}\n" +
		"  - alter_table: {table: boxes, sql: \"ALTER n TYPE bigint, ADD COLUMN extra int NOT NULL DEFAULT 7\"}\n"
}

func newTwoTables(t *testing.T, k throwaway.Kind, operations string) *twoTables {
	t.Helper()
	s := &twoTables{t: t, kind: k, dsn: dbtest.Database(t, k)}
	numbers := "WITH RECURSIVE s (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < " + fmt.Sprint(boxRows) + ") SELECT g, %sg, 'first' FROM s"
	points := ""
	if k.IsPostgres() {
		points = ", CONSTRAINT things_box FOREIGN KEY (box) REFERENCES boxes (id)"
	}
	for _, list := range [][2]string{{"boxes", "boxes_said"}, {"things", "things_said"}} {
		box, box2, tail := "", "", ""
		if list[0] == "things" {
			box, box2, tail = "box bigint NOT NULL, ", "g, ", points
		}
		for n, name := range list {
			if n == 1 {
				tail = ""
			}
			dbtest.Exec(t, s.dsn, fmt.Sprintf("CREATE TABLE %s (id bigint PRIMARY KEY, %sn int, note varchar(40)%s)", name, box, tail), "INSERT INTO "+name+" "+fmt.Sprintf(numbers, box2))
		}
	}
	s.home = newHome(t, s.dsn)
	s.home.write("change.yaml", "name: two\nstrategy: shadow\nreplicas: none\noperations:\n"+operations)
	s.home.must(0, "plan", "--change", "change.yaml", "--gates", "none", "-o", "plan.json")
	p, err := plans.Decode([]byte(s.home.read("plan.json")))
	if err != nil {
		t.Fatal(err)
	}
	s.plan = *p
	return s
}

// writers of the application. Each has rows of its own: what one can't see yet of another's transaction could be there when it says the same of
// the table beside it.
const writers = 3

// begin starts the application. What a server takes back for a deadlock is no failure of its own.
func (s *twoTables) begin() {
	s.t.Helper()
	db := dbtest.DB(s.t, s.dsn)
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	var g errgroup.Group
	for w := range writers {
		r := rand.New(rand.NewPCG(5, uint64(w)))
		g.Go(func() error {
			for n := boxRows / writers; ctx.Err() == nil; n++ {
				if err := s.one(ctx, db, func(i int) int { return w + 1 + writers*i }, n, r); err != nil && ctx.Err() == nil && !deadlocked(err) {
					return err
				}
				<-time.After(15 * time.Millisecond)
			}
			return nil
		})
	}
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := g.Wait(); err != nil {
			s.t.Errorf("the application: %v", err)
		}
	})
	s.t.Cleanup(s.stop)
}

// one is a transaction on both tables: new rows, changed ones, one whose key changes, one that goes.
func (s *twoTables) one(ctx context.Context, db *sql.DB, id func(int) int, n int, r *rand.Rand) error {
	s.turn.RLock()
	defer s.turn.RUnlock()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	at := id(n)
	any := func() int { return id(r.IntN(n + 1)) }
	for _, q := range []string{
		fmt.Sprintf("INSERT INTO boxes%%s (id, n, note) VALUES (%d, 0, 'new')", at),
		fmt.Sprintf("INSERT INTO things%%s (id, box, n, note) VALUES (%d, %d, 0, 'new')", at, at),
		fmt.Sprintf("UPDATE boxes%%s SET n = n + 1, note = 'changed' WHERE id = %d", any()),
		fmt.Sprintf("UPDATE things%%s SET n = n + 1 WHERE id = %d", any()),
		fmt.Sprintf("UPDATE things%%s SET id = -id WHERE id = %d", any()),
		fmt.Sprintf("DELETE FROM things%%s WHERE id = %d", any()),
	} {
		for _, of := range []string{"", "_said"} {
			if _, err := tx.ExecContext(ctx, fmt.Sprintf(q, of)); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	s.written.Add(1)
	return nil
}

// same compares both tables with what the application has said of them, and their shapes with what they should be.
func (s *twoTables) same(when string, boxes, things bool) {
	s.t.Helper()
	s.turn.Lock()
	defer s.turn.Unlock()
	for table, columns := range map[string]string{"boxes": "id, n, note", "things": "id, box, n, note"} {
		got := dbtest.Query(s.t, s.dsn, fmt.Sprintf("SELECT count(*) FROM ((SELECT %[2]s FROM %[1]s EXCEPT SELECT %[2]s FROM %[1]s_said) UNION ALL (SELECT %[2]s FROM %[1]s_said EXCEPT SELECT %[2]s FROM %[1]s)) AS x", table, columns))
		if got[0][0] != "0" {
			s.t.Fatalf("%s: %s rows of %s differ", when, got[0][0], table)
		}
	}
	for _, x := range []struct {
		table string
		now   bool
	}{{"boxes", boxes}, {"things", things}} {
		if got := s.isNew(x.table); got != x.now {
			s.t.Fatalf("%s: %s has its new shape: %t, want %t", when, x.table, got, x.now)
		}
	}
	if s.kind.IsPostgres() {
		s.want(when+": foreign keys that are valid", "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conname = 'things_box' AND conrelid = 'things'::regclass AND confrelid = 'boxes'::regclass AND convalidated", "1")
	}
}

func (s *twoTables) isNew(table string) bool {
	s.t.Helper()
	if table == "things" && s.kind.IsPostgres() && s.plan.Alters[0].Partition != nil {
		return dbtest.Query(s.t, s.dsn, "SELECT relkind FROM pg_class WHERE oid = 'things'::regclass")[0][0] == "p"
	}
	home := "current_schema()"
	if !s.kind.IsPostgres() {
		home = "database()"
	}
	return dbtest.Query(s.t, s.dsn, "SELECT data_type FROM information_schema.columns WHERE column_name = 'n' AND table_schema = "+home+" AND table_name = '"+table+"'")[0][0] == "bigint"
}

func (s *twoTables) want(what, query, want string) {
	s.t.Helper()
	if got := dbtest.Query(s.t, s.dsn, query)[0][0]; got != want {
		s.t.Fatalf("%s: %s, want %s", what, got, want)
	}
}

// nothingLeft: neither of the tables' copies has left anything.
func (s *twoTables) nothingLeft(when string) {
	s.t.Helper()
	if s.kind.IsPostgres() {
		s.want(when+": left", `SELECT (SELECT count(*) FROM pg_replication_slots WHERE database = current_database()) + (SELECT count(*) FROM pg_publication) + (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'phasemig\_%')
			+ (SELECT count(*) FROM pg_class WHERE relname LIKE 'checkpoint\_%' AND relkind = 'r')`, "0")
		return
	}
	s.want(when+": left", "SELECT (SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name LIKE '%\\_pm\\_%') + (SELECT count(*) FROM information_schema.tables WHERE table_name LIKE 'checkpoint\\_"+s.plan.ID+"%')", "0")
}

// through calls until the end. Each of the deaths is one call's, and has to come.
func (s *twoTables) through(deaths []string, args ...string) {
	s.t.Helper()
	said := ""
	for limit := time.Now().Add(patience / 3); time.Now().Before(limit); {
		var env []string
		if len(deaths) > 0 {
			env = []string{"PHASEMIG_FAULT=" + deaths[0]}
		}
		switch r := s.home.with(env...).call(args...); {
		case r.signal == syscall.SIGKILL:
			deaths = deaths[1:]
		case r.exit == 6 || r.exit == 75:
			said = r.stderr
			<-time.After(50 * time.Millisecond)
		case r.exit != 0 || len(deaths) > 0:
			s.t.Fatalf("phasemig %v: exit %d (signal %v), and still to die at %v\n%s%s", args, r.exit, r.signal, deaths, r.stdout, r.stderr)
		default:
			return
		}
	}
	s.t.Fatalf("phasemig %v never ends:\n%s", args, said)
}

func (s *twoTables) apply(ph plans.PhaseName) []string {
	return append([]string{"apply", "plan.json", "--phase", string(ph)}, smallChunks...)
}

// TestSeveralCopies takes a change of two tables there and back, with a program that is killed between the first and the second of them in every
// phase, while an application writes to both in one transaction. The short form dies less often.
func TestSeveralCopies(t *testing.T) {
	beside(t)
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if !sampled(k) {
			return
		}
		beside(t)
		s := newTwoTables(t, k, twoChanges(k))
		s.begin()
		back := []string{"rollback", s.plan.ID}
		if long() {
			s.copyBeside()
			s.through([]string{"engine.undo_done=kill@2"}, back...)
			s.same("rollback of expand", false, false)
			s.nothingLeft("rollback of expand")
		}
		s.through(oftener("engine.step_journaled=kill@3", "shadow.chunk_committed=kill@2", "verify.evidence=kill@2"), s.apply(plans.Expand)...)
		s.same("expand", false, false)
		s.halfSwitched(back)
		s.through(oftener("shadow.drained=kill@2", "engine.step_intent=kill"), s.apply(plans.Switch)...)
		s.same("switch", true, true)
		s.through(oftener("engine.undo_done=kill", "shadow.drained=kill"), back...)
		s.same("rollback of switch", false, false)
		s.through(nil, s.apply(plans.Switch)...)
		s.same("switch anew", true, true)
		s.through([]string{"engine.step_journaled=kill"}, s.apply(plans.Contract)...)
		s.same("contract", true, true)
		s.stop()
		s.nothingLeft("contract")
		t.Logf("%d transactions", s.written.Load())
	})
}

// oftener are the deaths of the long form; the first is that of the short one.
func oftener(deaths ...string) []string {
	if long() {
		return deaths
	}
	return deaths[:1]
}

// copyBeside: while the second table is copied the first is followed, or the server would keep all of the log for it. Both calls die.
func (s *twoTables) copyBeside() {
	s.t.Helper()
	s.dies(s.home.with("PHASEMIG_FAULT=engine.step_journaled=kill@2").start(s.apply(plans.Expand)...))
	if !s.kind.IsPostgres() {
		s.dies(s.home.with("PHASEMIG_FAULT=shadow.copied=kill").start(s.apply(plans.Expand)...))
		return
	}
	p := s.home.start(append(s.apply(plans.Expand), "--max-rate", "20")...)
	waitFor(s.t, "both slots to be read", func() bool {
		return p.state() == "Z" || dbtest.Query(s.t, s.dsn, "SELECT count(*) FROM pg_replication_slots WHERE database = current_database() AND active")[0][0] == "2"
	})
	_ = p.cmd.Process.Kill()
	s.dies(p)
}

func (s *twoTables) dies(p *process) {
	s.t.Helper()
	if c := p.wait(); c.signal != syscall.SIGKILL {
		s.t.Fatalf("exit %d\n%s", c.exit, c.stderr)
	}
}

// halfSwitched goes back from where one of the tables has changed places.
func (s *twoTables) halfSwitched(back []string) {
	s.t.Helper()
	s.dies(s.home.with("PHASEMIG_FAULT=engine.step_journaled=kill").start(s.apply(plans.Switch)...))
	first := s.plan.Phase(plans.Switch).Steps[0].Table.Name
	s.same("switch of one", first == "boxes", first == "things")
	s.through([]string{"engine.undo_intent=kill"}, back...)
	s.same("rollback of one", false, false)
}

// TestSeveralCopiesLose: of each table the rows are told that can't go back, also where two have the same key.
func TestSeveralCopiesLose(t *testing.T) {
	beside(t)
	dbtest.Each(t, func(t *testing.T, k throwaway.Kind) {
		if !sampled(k) {
			return
		}
		beside(t)
		clause := "MODIFY n BIGINT"
		if k.IsPostgres() {
			clause = "ALTER n TYPE bigint"
		}
		s := newTwoTables(t, k, "  - alter_table: {table: boxes, sql: \""+clause+"\"}\n  - alter_table: {table: things, sql: \""+clause+"\"}\n")
		s.through(nil, s.apply(plans.Expand)...)
		s.through(nil, s.apply(plans.Switch)...)
		for n, step := range []struct{ do, lost string }{
			{"UPDATE things SET n = 5000000000 WHERE id <= 20", "things"},
			{"UPDATE boxes SET n = CASE WHEN id <= 20 THEN 4 ELSE 5000000000 END WHERE id <= 40", "boxes"}, // rows that fit have the keys of those that don't
			{"UPDATE boxes SET n = id WHERE id <= 40", "things"},
		} {
			dbtest.Exec(t, s.dsn, step.do)
			r := s.home.settled("rollback", s.plan.ID)
			if r.exit != 4 || !strings.Contains(r.stderr, "20 rows") {
				t.Fatalf("%d: rollback: exit %d, want a refusal over 20 rows of %s\n%s", n, r.exit, step.lost, r.stderr)
			}
			if got := dbtest.Query(t, s.dsn, "SELECT count(*) FROM phasemig.unreturnable WHERE run = '"+s.plan.ID+"' AND relation LIKE '%."+step.lost+"'")[0][0]; got != "20" {
				t.Fatalf("%d: %s rows are listed of %s", n, got, step.lost)
			}
		}
		dbtest.Exec(t, s.dsn, "UPDATE things SET n = id WHERE id <= 20")
		s.through(nil, "rollback", s.plan.ID)
		for _, table := range []string{"boxes", "things"} {
			s.want(table, "SELECT count(*) FROM "+table+" WHERE n = id", fmt.Sprint(boxRows))
		}
	})
}

// TestNoRoomForCopies: what the server has no slots for is told by the plan.
func TestNoRoomForCopies(t *testing.T) {
	if !long() {
		t.Skip("tries twenty changes for one sentence")
	}
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		dsn := dbtest.Database(t, k)
		change := "name: many\nreplicas: none\noperations:\n"
		for n := range 20 { // the server has as many slots
			dbtest.Exec(t, dsn, fmt.Sprintf("CREATE TABLE t%d (id int PRIMARY KEY)", n))
			change += fmt.Sprintf("  - rewrite_table: {table: t%d}\n", n)
		}
		h := newHome(t, dsn)
		h.write("change.yaml", change)
		h.must(9, "plan", "--change", "change.yaml").says(t, "20 tables would have to be copied", "replication slots", "max_wal_senders")
	})
}
