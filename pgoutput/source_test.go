package pgoutput_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/pgoutput"
	"github.com/phasemig/phasemig/stream"
)

func TestChangesComeInOrder(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec("CREATE TABLE a (id int PRIMARY KEY, v varchar(20))", "CREATE TABLE b (id int PRIMARY KEY, n bigint)", "CREATE TABLE c (id int PRIMARY KEY)")
		from := b.create("a", "b")
		b.exec("INSERT INTO a VALUES (1, 'it''s'), (-2, NULL)",
			"BEGIN", "UPDATE a SET v = 'x\\' WHERE id = 1", "INSERT INTO c VALUES (1)", "INSERT INTO b VALUES (1, 4294967295)", "DELETE FROM a WHERE id = -2", "COMMIT",
			"INSERT INTO c VALUES (2)",
			"UPDATE a SET id = 3",
			"UPDATE a SET v = NULL")
		r := b.read(from, "a", "b")
		first := r.until()
		want(t, "first", r.text(first.changes), "a insert ('1','it''s'); a insert ('-2',NULL)")
		second := r.until()
		want(t, "second", r.text(second.changes), `a update ('1',absent)('1',E'x\\'); b insert ('1','4294967295'); a delete ('-2',absent)`)
		third := r.until()
		want(t, "a change of the key", r.text(third.changes), `a update ('1',absent)('3',E'x\\')`)
		fourth := r.until()
		want(t, "to NULL", r.text(fourth.changes), `a update ('3',absent)('3',NULL)`)
		want(t, "resume at the start", r.Resume(0), from)
		if !(first.Seq < second.Seq && second.Seq < third.Seq && first.Seq >= 1) {
			t.Errorf("numbers %d, %d, %d", first.Seq, second.Seq, third.Seq)
		}
		for i, txn := range []transaction{first, second, third} {
			again := b.read(r.Resume(txn.Seq), "a", "b")
			want(t, "the next again", again.text(again.until().changes), r.text([][]stream.Change{second.changes, third.changes, fourth.changes}[i]))
			want(t, "resume after the next again", again.Resume(0), r.Resume(txn.Seq))
		}
	})
}

// TestFullIdentity: with REPLICA IDENTITY FULL old rows are whole.
func TestFullIdentity(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec("CREATE TABLE t (id int, v text)", "ALTER TABLE t REPLICA IDENTITY FULL")
		from := b.create("t")
		b.exec("INSERT INTO t VALUES (1, 'a'), (2, NULL)", "UPDATE t SET v = 'b' WHERE id = 1", "UPDATE t SET id = 7 WHERE id = 2", "DELETE FROM t")
		r := b.read(from, "t")
		want(t, "inserts", r.text(r.until().changes), "t insert ('1','a'); t insert ('2',NULL)")
		want(t, "update", r.text(r.until().changes), "t update ('1','a')('1','b')")
		want(t, "key", r.text(r.until().changes), "t update ('2',NULL)('7',NULL)")
		want(t, "deletes", r.text(r.until().changes), "t delete ('1','b'); t delete ('7',NULL)")
	})
}

// TestIndexIdentity: the key that is logged may be another unique index's.
func TestIndexIdentity(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec("CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, v text, b int NOT NULL)", "CREATE UNIQUE INDEX t_ab ON t (b, a) INCLUDE (v)", "ALTER TABLE t REPLICA IDENTITY USING INDEX t_ab")
		b.key["t"] = []string{"a", "b"}
		from := b.create("t")
		b.exec("INSERT INTO t VALUES (1, 2, 'x', 3)", "UPDATE t SET id = 9", "UPDATE t SET a = 5", "DELETE FROM t")
		r := b.read(from, "t")
		r.until()
		want(t, "update", r.text(r.until().changes), "t update (absent,'2',absent,'3')('9','2','x','3')")
		want(t, "key", r.text(r.until().changes), "t update (absent,'2',absent,'3')('9','5','x','3')")
		want(t, "delete", r.text(r.until().changes), "t delete (absent,'5',absent,'3')")
	})
}

// TestComputed: generated columns are never in the log.
func TestComputed(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec("CREATE TABLE t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) STORED, v text)")
		from := b.create("t")
		b.exec("INSERT INTO t VALUES (1, DEFAULT, 'a')", "UPDATE t SET v = 'b'", "DELETE FROM t")
		r := b.read(from, "t")
		want(t, "insert", r.text(r.until().changes), "t insert ('1',absent,'a')")
		want(t, "update", r.text(r.until().changes), "t update ('1',absent,absent)('1',absent,'b')")
		want(t, "delete", r.text(r.until().changes), "t delete ('1',absent,absent)")
	})
}

// TestUnchanged: a large value that did not change isn't in the log, unless as part of an
// old row.
func TestUnchanged(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec("CREATE TABLE t (id int PRIMARY KEY, n int, v text)", "ALTER TABLE t ALTER v SET STORAGE EXTERNAL", "CREATE TABLE f (LIKE t INCLUDING ALL)", "ALTER TABLE f REPLICA IDENTITY FULL")
		from := b.create("t", "f")
		large := strings.Repeat("x", 9000)
		for _, table := range []string{"t", "f"} {
			b.exec("INSERT INTO "+table+" VALUES (1, 1, repeat('x', 9000))", "UPDATE "+table+" SET n = 2", "UPDATE "+table+" SET id = 2", "UPDATE "+table+" SET v = 'small'")
		}
		r := b.read(from, "t", "f")
		want(t, "insert", len(r.until().changes[0].After[2].Text), len(large)+2)
		want(t, "update", r.text(r.until().changes), "t update ('1',absent,absent)('1','2',unchanged)")
		want(t, "key", r.text(r.until().changes), "t update ('1',absent,absent)('2','2',unchanged)")
		want(t, "new value", r.text(r.until().changes), "t update ('2',absent,absent)('2','2','small')")
		r.until()
		want(t, "update, full", r.text(r.until().changes), "f update ('1','1','"+large+"')('1','2','"+large+"')")
		want(t, "key, full", r.text(r.until().changes), "f update ('1','2','"+large+"')('2','2','"+large+"')")
	})
}

// TestTimes: the time of a transaction is the server's.
func TestTimes(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		r := b.read(b.create("t"), "t")
		now := "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
		before := b.value(now)
		b.exec("INSERT INTO t VALUES (1, 1)")
		after := b.value(now)
		if got := fmt.Sprint(r.until().At.UnixMicro()); got < before || got > after {
			t.Errorf("%s is not between %s and %s", got, before, after)
		}
	})
}

// TestIdleTransactions: what doesn't change followed relations shows as progress, and
// soon.
func TestIdleTransactions(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple, "CREATE TABLE u (id int PRIMARY KEY)")
		r := b.read(b.create("t"), "t")
		for i := range 5 {
			b.exec(fmt.Sprintf("INSERT INTO u VALUES (%d)", i))
			here, begin := b.value("SELECT pg_current_wal_lsn()"), time.Now()
			for b.value("SELECT $1::pg_lsn < $2::pg_lsn", lsn(r.Resume(r.next().Seq)), here) == "true" {
			}
			if d := time.Since(begin); d > 4*time.Second { // before the next heartbeat
				t.Errorf("it took %s", d)
			}
		}
		b.exec("INSERT INTO t VALUES (1, 'x')")
		want(t, "and then", r.text(r.until().changes), "t insert ('1','x')")
	})
}

func lsn(p stream.Position) string { return string(p)[strings.LastIndex(string(p), ":")+1:] }

// TestForget: the server lets go of its log up to what was forgotten, and no further.
func TestForget(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		b.config.Heartbeat = 50 * time.Millisecond
		from := b.create("t")
		confirmed := func() string {
			return b.value("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = $1", b.config.Slot)
		}
		r := b.read(from, "t")
		b.exec("INSERT INTO t VALUES (1, 1)", "INSERT INTO t VALUES (2, 1)", "INSERT INTO t VALUES (3, 1)")
		first, second, third := r.until(), r.until(), r.until()
		r.Forget(second.Seq)
		for confirmed() != lsn(r.Resume(second.Seq)) {
			b.exec("INSERT INTO t SELECT max(id) + 1 FROM t")
			r.until() // a heartbeat passes
		}
		if r.Resume(first.Seq) == r.Resume(third.Seq) {
			t.Error("positions don't differ")
		}
		if err := b.tryOpen(from, b.relation("t")); err == nil || !strings.Contains(err.Error(), "has let go of the log") {
			t.Errorf("a resume from before it: %v", err)
		}
		again := b.read(r.Resume(second.Seq), "t")
		want(t, "again", again.text(again.until().changes), "t insert ('3','1')")
	})
}

// TestManyPositions: what is forgotten costs nothing, and resumes stay exact.
func TestManyPositions(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		r := b.read(b.create("t"), "t")
		run := b.session()
		for i := range 300 {
			run(fmt.Sprintf("INSERT INTO t VALUES (%d, 0)", i))
		}
		var last stream.Position
		for i := range 300 {
			txn := r.until()
			if i%7 == 0 {
				r.Forget(txn.Seq)
			}
			if i == 288 {
				last = r.Resume(txn.Seq)
			}
		}
		again := b.read(last, "t")
		want(t, "again", again.text(again.until().changes), "t insert ('289','0')")
	})
}

// TestSeen: a transaction of the log is seen by a snapshot as the server says.
func TestSeen(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		r := b.read(b.create("t"), "t")
		before := b.value("SELECT pg_current_snapshot()")
		run := b.session()
		run("BEGIN", "SAVEPOINT s", "INSERT INTO t VALUES (1, 'x')", "RELEASE SAVEPOINT s")
		during := b.value("SELECT pg_current_snapshot()")
		run("COMMIT")
		after := b.value("SELECT pg_current_snapshot()")
		txn := r.until().Txn
		for snapshot, wanted := range map[string]bool{before: false, during: false, after: true} {
			seen, err := pgoutput.Seen(snapshot)
			if err != nil {
				t.Fatal(err)
			}
			want(t, "seen by "+snapshot, seen(txn), wanted)
			want(t, "the server says", b.value("SELECT pg_visible_in_snapshot($1::xid8, $2::pg_snapshot)", txn.ID, snapshot), wanted)
		}
	})
}
