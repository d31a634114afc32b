package binlog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/binlog"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/stream"
)

const simple = "CREATE TABLE t (id int PRIMARY KEY, v int)"

// TestXA: the rows of a branch come with its COMMIT, under the COMMIT's name, and a
// resume stays in front of the PREPARE until then.
func TestXA(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		xa, from := b.session(), b.here()
		xa("XA START 'one', 'b', 7", "INSERT INTO t VALUES (1, 1)", "UPDATE t SET v = 2 WHERE id = 1", "XA END 'one', 'b', 7", "XA PREPARE 'one', 'b', 7")
		prepared := b.here()
		b.exec("INSERT INTO t VALUES (10, 0)")
		between := b.here()
		xa("XA COMMIT 0x6F6E65, X'62', 0x7")
		committed := b.here()
		b.exec("INSERT INTO t VALUES (11, 0)")
		r := b.read(from, "t")

		other := r.until()
		want(t, "while it is open", r.text(other.changes), "t insert (10,0)")
		want(t, "resume while it is open", r.Resume(other.Seq), binlog.Place(from, between))
		branch := r.until()
		want(t, "the branch", r.text(branch.changes), "t insert (1,1); t update (1,1)(1,2)")
		want(t, "resume behind it", r.Resume(branch.Seq), committed)
		want(t, "resume in front of its end is still the same", r.Resume(other.Seq), binlog.Place(from, between))
		again := b.read(r.Resume(other.Seq), "t")
		want(t, "read again", again.text(again.until().changes), "t insert (1,1); t update (1,1)(1,2)")
		named := strings.HasSuffix(string(committed), branch.ID)
		if !b.mariadb {
			named = b.value("SELECT GTID_SUBSET(?, ?) AND NOT GTID_SUBSET(?, ?)", branch.ID, set(committed), branch.ID, set(between)) == "1"
		}
		if !named {
			t.Errorf("the branch has the name %s, but was committed between %s and %s", branch.ID, between, committed)
		}
		want(t, "after it", r.text(r.until().changes), "t insert (11,0)")

		r.Forget(branch.Seq)
		want(t, "resume after the rest was forgotten", r.Resume(branch.Seq), committed)
		for _, p := range []stream.Position{prepared, between} {
			stop := b.read(p, "t").stopped()
			if !strings.Contains(stop.Reason, "XA branch X'6f6e65',X'62',7") {
				t.Errorf("the COMMIT of a branch prepared before: %v", stop)
			}
		}
	})
}

// TestXARollback: the rows never come, and the resume is free again.
func TestXARollback(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		xa, from := b.session(), b.here()
		xa("XA START 'two'", "INSERT INTO t VALUES (1, 1)", "XA END 'two'", "XA PREPARE 'two'")
		b.exec("INSERT INTO t VALUES (10, 0)")
		xa("XA ROLLBACK 'two'")
		xa("XA START 'three'", "INSERT INTO t VALUES (3, 1)", "XA END 'three'", "XA COMMIT 'three' ONE PHASE")
		end := b.here()
		xa("XA START 'four'", "SELECT 1", "XA END 'four'", "XA PREPARE 'four'", "XA COMMIT 'four'")
		xa("XA START 'five'", "INSERT INTO t VALUES (5, 1)", "XA END 'five'", "XA ROLLBACK 'five'")
		xa("XA START 'two'", "INSERT INTO t VALUES (6, 1)", "XA END 'two'", "XA PREPARE 'two'")
		xa("XA COMMIT 'two'")
		r := b.read(from, "t")
		want(t, "while it is open", r.text(r.until().changes), "t insert (10,0)")
		phase := r.until()
		want(t, "one phase", r.text(phase.changes), "t insert (3,1)")
		want(t, "resume", r.Resume(phase.Seq), end)
		want(t, "a name that is used again", r.text(r.until().changes), "t insert (6,1)")
		want(t, "at the end", r.Resume(100), b.here())
	})
}

// TestResumeAmongBranches: with several open, the resume stays in front of the oldest,
// and doesn't hand on what ended before it.
func TestResumeAmongBranches(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		var at []stream.Position
		sessions := map[string]func(...string){}
		mark := func(id int) {
			b.exec(fmt.Sprintf("INSERT INTO t VALUES (%d, 0)", 100+id))
			at = append(at, b.here())
		}
		branch := func(name string, id int) {
			sessions[name] = b.session()
			sessions[name]("XA START '"+name+"'", fmt.Sprintf("INSERT INTO t VALUES (%d, 1)", id), "XA END '"+name+"'", "XA PREPARE '"+name+"'")
		}
		mark(0)
		branch("a", 1)
		mark(1)
		branch("b", 2)
		mark(2)
		// Committed in one phase, or never: neither stays open, and neither is handed on again.
		b.session()("XA START 'd'", "INSERT INTO t VALUES (4, 1)", "XA END 'd'", "XA COMMIT 'd' ONE PHASE")
		b.session()("XA START 'e'", "INSERT INTO t VALUES (5, 1)", "XA END 'e'", "XA ROLLBACK 'e'")
		sessions["a"]("XA COMMIT 'a'")
		mark(3)
		branch("c", 3)
		sessions["b"]("XA ROLLBACK 'b'")
		mark(4)
		sessions["c"]("XA COMMIT 'c'")
		mark(5)
		r := b.read(at[0], "t")
		var ends []stream.Position
		for _, step := range []struct {
			rows string
			at   stream.Position
		}{{"(101,0)", at[0]}, {"(102,0)", at[0]}, {"(4,1)", at[0]}, {"(1,1)", at[1]}, {"(103,0)", at[1]}, {"(104,0)", at[3]}, {"(3,1)", ""}, {"(105,0)", at[5]}} {
			txn := r.until()
			want(t, "rows", r.text(txn.changes), "t insert "+step.rows)
			if step.at != "" {
				from, _, _ := strings.Cut(string(r.Resume(txn.Seq)), " behind ")
				want(t, "resume behind "+step.rows, from, string(step.at))
			}
			ends = append(ends, r.Resume(txn.Seq))
		}
		for n, next := range []string{"(102,0)", "(4,1)", "(1,1)", "(103,0)", "(104,0)", "(3,1)", "(105,0)"} {
			again := b.read(ends[n], "t")
			want(t, "again", again.text(again.until().changes), "t insert "+next)
		}
	})
}

// TestSavepoints: a savepoint doesn't end a transaction, and what was rolled back to
// it isn't there.
func TestSavepoints(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple, "CREATE TABLE m (id int PRIMARY KEY) ENGINE=MyISAM")
		from := b.here()
		b.exec("BEGIN", "INSERT INTO t VALUES (1, 0)", "SAVEPOINT one", "INSERT INTO t VALUES (2, 0)", "SAVEPOINT `T wo`", "INSERT INTO t VALUES (3, 0)", "ROLLBACK TO `T wo`",
			"RELEASE SAVEPOINT one", "INSERT INTO t VALUES (4, 0)", "COMMIT")
		end := b.here()
		r := b.read(from, "t")
		first := r.until()
		want(t, "rows", r.text(first.changes), "t insert (1,0); t insert (2,0); t insert (4,0)")
		want(t, "resume", r.Resume(first.Seq), end)
	})
}

// TestRollbackInTheLog: MariaDB can't cut a part of a transaction out of its log that
// also wrote a statement to a table without transactions or made a temporary one, so the
// rollback stands there.
func TestRollbackInTheLog(t *testing.T) {
	b := newBench(t, throwaway.MariaDB)
	b.exec(simple, "CREATE DATABASE IF NOT EXISTS elsewhere", "CREATE TABLE IF NOT EXISTS elsewhere.m (id int) ENGINE=MyISAM")
	from := b.here()
	row, text := "INSERT INTO t VALUES (%d, LENGTH(UUID()))", "INSERT INTO elsewhere.m VALUES (1)" // in MIXED format
	b.exec("SET SESSION binlog_format=MIXED", "BEGIN", fmt.Sprintf(row, 5), "SAVEPOINT one", fmt.Sprintf(row, 6), text, "ROLLBACK TO one", fmt.Sprintf(row, 7), "COMMIT",
		"BEGIN", fmt.Sprintf(row, 8), "CREATE TEMPORARY TABLE tt (a int)", "ROLLBACK", fmt.Sprintf(row, 9))
	r := b.read(from, "t")
	want(t, "rolled back to a savepoint", r.text(r.until().changes), "t insert (5,36); t insert (7,36)")
	last := r.until()
	want(t, "rolled back", r.text(last.changes), "t insert (9,36)")

	large := many("INSERT INTO t VALUES ", 1500, func(i int) string { return fmt.Sprintf("(%d, LENGTH(UUID()))", 100+i) })
	b.exec("SET SESSION binlog_format=MIXED", "BEGIN", fmt.Sprintf(row, 20), "SAVEPOINT one", large, text, "ROLLBACK TO one", "COMMIT")
	var err error
	for err == nil {
		_, err = r.Next(r.ctx)
	}
	if !strings.Contains(err.Error(), "rolled back in parts that were read already") {
		t.Errorf("a rollback of what was handed on: %v", err)
	}
}

// TestLargeTransaction comes in pieces, of which only the last one has the end.
func TestLargeTransaction(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec("CREATE TABLE t (id int PRIMARY KEY, v varchar(2000))", "CREATE TABLE n (id int PRIMARY KEY)")
		b.exec(many("INSERT INTO n VALUES ", 2500, func(i int) string { return fmt.Sprintf("(%d)", i) }))
		from := b.here()
		b.exec("INSERT INTO t SELECT id, 'x' FROM n")
		b.exec("UPDATE t SET v = REPEAT('y', 2000) WHERE id < 900")
		b.exec("XA START 'large'", "DELETE FROM t", "XA END 'large'", "XA PREPARE 'large'", "XA COMMIT 'large'")
		r := b.read(from, "t")
		insert := r.until()
		want(t, "changes and pieces", []int{len(insert.changes), insert.pieces}, "[2500 3]")
		update := r.until()
		if len(update.changes) != 900 || update.pieces < 3 {
			t.Errorf("%d updates of 2,000 bytes came in %d pieces", len(update.changes), update.pieces)
		}
		remove := r.until()
		want(t, "deletes and pieces", []int{len(remove.changes), remove.pieces}, "[2500 3]")
		want(t, "numbers", []uint64{update.Seq - insert.Seq, remove.Seq - update.Seq}, "[1 2]")
		want(t, "resume", r.Resume(remove.Seq), b.here())
	})
}

func many(prefix string, n int, row func(int) string) string {
	var list []string
	for i := range n {
		list = append(list, row(i))
	}
	return prefix + strings.Join(list, ",")
}

// TestCompression: transactions that MySQL packs as a whole, and events that MariaDB
// packs one by one.
func TestCompression(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		if b.mariadb {
			s := dbtest.Start(t, throwaway.MariaDB, throwaway.Options{Settings: []string{"log-bin-compress=ON", "log-bin-compress-min-len=10"}})
			b = benchOn(t, throwaway.MariaDB, dbtest.DatabaseOn(t, s))
		}
		b.exec("CREATE TABLE t (id int PRIMARY KEY, v varchar(500))", "CREATE TABLE n (id int PRIMARY KEY)")
		b.exec(many("INSERT INTO n VALUES ", 1500, func(i int) string { return fmt.Sprintf("(%d)", i) }))
		from := b.here()
		list := []string{"INSERT INTO t SELECT id, REPEAT('x', 100) FROM n", "UPDATE t SET v = REPEAT('y', 400)", "DELETE FROM t WHERE id > 3", "BEGIN", "INSERT INTO t VALUES (9, NULL)",
			"SAVEPOINT a", "INSERT INTO n VALUES (5000)", "INSERT INTO t VALUES (8, 'z')", "COMMIT"}
		if !b.mariadb {
			list = append([]string{"SET SESSION binlog_transaction_compression=ON"}, list...)
		}
		b.exec(list...)
		r := b.read(from, "t")
		insert, update, remove, both := r.until(), r.until(), r.until(), r.until()
		want(t, "changes", []int{len(insert.changes), len(update.changes), len(remove.changes)}, "[1500 1500 1496]")
		want(t, "an update", rowText(update.changes[7].After), "(7,'"+strings.Repeat("y", 400)+"')")
		want(t, "the last", r.text(both.changes), "t insert (9,NULL); t insert (8,'z')")
		want(t, "resume", r.Resume(both.Seq), b.here())
		b.exec("ALTER TABLE t ADD a int")
		r.stopped()
	})
}
