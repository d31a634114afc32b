package pgoutput_test

import (
	"fmt"
	"testing"

	"github.com/phasemig/phasemig/pgoutput"
)

// TestPrepared: rows of a prepared transaction come with its end, under the number of its
// beginning, or never.
func TestPrepared(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		from := b.create("t")
		run := b.session()
		run("BEGIN", "INSERT INTO t VALUES (1, 'prepared')", "PREPARE TRANSACTION 'one'", "BEGIN", "INSERT INTO t VALUES (2, 'forgotten')", "PREPARE TRANSACTION 'two'", "INSERT INTO t VALUES (3, 'between')")
		r := b.read(from, "t")
		between := r.until()
		want(t, "between", r.text(between.changes), "t insert ('3','between')")
		r.Forget(between.Seq)
		during := b.value("SELECT pg_current_snapshot()")
		run("ROLLBACK PREPARED 'two'", "COMMIT PREPARED 'one'", "INSERT INTO t VALUES (4, 'after')")
		prepared := r.until()
		want(t, "at its end", r.text(prepared.changes), "t insert ('1','prepared')")
		for snapshot, wanted := range map[string]bool{during: false, b.value("SELECT pg_current_snapshot()"): true} {
			seen, err := pgoutput.Seen(snapshot)
			if err != nil {
				t.Fatal(err)
			}
			want(t, "seen by "+snapshot, seen(prepared.Txn), wanted)
		}
		want(t, "after", r.text(r.until().changes), "t insert ('4','after')")
		again := b.read(r.Resume(between.Seq), "t")
		want(t, "a resume between its halves", again.text(again.until().changes), "t insert ('1','prepared')")
	})
}

// TestSavepoints: what was rolled back isn't in the log.
func TestSavepoints(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		r := b.read(b.create("t"), "t")
		b.exec("BEGIN", "INSERT INTO t VALUES (1, 'a')", "SAVEPOINT s", "INSERT INTO t VALUES (2, 'b')", "ROLLBACK TO s", "INSERT INTO t VALUES (3, 'c')", "COMMIT",
			"BEGIN", "INSERT INTO t VALUES (4, 'd')", "ROLLBACK", "INSERT INTO t VALUES (5, 'e')")
		want(t, "part of it", r.text(r.until().changes), "t insert ('1','a'); t insert ('3','c')")
		want(t, "after", r.text(r.until().changes), "t insert ('5','e')")
	})
}

// TestOrder: transactions come in the order in which they end.
func TestOrder(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		r := b.read(b.create("t"), "t")
		one, two := b.session(), b.session()
		one("BEGIN", "INSERT INTO t VALUES (1, 'first to begin')")
		two("BEGIN", "INSERT INTO t VALUES (2, 'first to end')", "COMMIT")
		first := r.until()
		want(t, "first", r.text(first.changes), "t insert ('2','first to end')")
		one("COMMIT")
		want(t, "second", r.text(r.until().changes), "t insert ('1','first to begin')")
		again := b.read(r.Resume(first.Seq), "t")
		want(t, "again", again.text(again.until().changes), "t insert ('1','first to begin')")
	})
}

// TestLargeTransaction comes in pieces, of which only the last one is its end, also
// where the server keeps a part of it on its disk.
func TestLargeTransaction(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		from := b.create("t")
		b.exec("INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 2500) i", "INSERT INTO t SELECT i, repeat('x', 1500) FROM generate_series(3001, 4500) i", "DELETE FROM t")
		r := b.read(from, "t")
		for _, c := range []struct{ changes, least int }{{2500, 3}, {1500, 3}, {4000, 4}} {
			txn := r.until()
			want(t, "changes", len(txn.changes), c.changes)
			if txn.pieces < c.least {
				t.Errorf("%d pieces", txn.pieces)
			}
			if c.changes != 2500 {
				continue
			}
			for i, change := range txn.changes {
				want(t, "row", rowText(change.After), fmt.Sprintf("('%d','v%d')", i+1, i+1))
			}
		}
	})
}

// TestMoves: COPY, several statements on one row, upserts and deletes by a foreign key
// come as the rows that they changed.
func TestMoves(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec("CREATE TABLE p (id int PRIMARY KEY)", "CREATE TABLE t (id int PRIMARY KEY, v int REFERENCES p ON DELETE CASCADE)", "INSERT INTO p VALUES (1), (2)")
		r := b.read(b.create("t"), "t")
		b.exec("INSERT INTO t VALUES (1, 1), (2, 2)", "INSERT INTO t VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET v = 2", "BEGIN", "UPDATE t SET id = 3 WHERE id = 1", "UPDATE t SET id = 1 WHERE id = 2", "UPDATE t SET id = 2 WHERE id = 3", "COMMIT",
			"DELETE FROM p WHERE id = 2")
		r.until()
		want(t, "upsert", r.text(r.until().changes), "t update ('1',absent)('1','2')")
		want(t, "swap", r.text(r.until().changes), "t update ('1',absent)('3','2'); t update ('2',absent)('1','2'); t update ('3',absent)('2','2')")
		want(t, "cascade", r.text(r.until().changes), "t delete ('1',absent); t delete ('2',absent)")
	})
}
