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

func TestChangesComeInOrder(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec("CREATE TABLE a (id int PRIMARY KEY, v varchar(20))", "CREATE TABLE b (id int PRIMARY KEY, n int unsigned)", "CREATE TABLE c (id int PRIMARY KEY)")
		from := b.here()
		b.exec("INSERT INTO a VALUES (1, 'it''s'), (-2, NULL)",
			"BEGIN", "UPDATE a SET v = 'x' WHERE id = 1", "INSERT INTO c VALUES (1)", "INSERT INTO b VALUES (1, 4294967295)", "DELETE FROM a WHERE id = -2", "COMMIT",
			"INSERT INTO c VALUES (2)",
			"UPDATE a SET id = 3")
		r := b.read(from, "a", "b")
		first := r.until()
		want(t, "first", r.text(first.changes), "a insert (1,'it''s'); a insert (-2,NULL)")
		second := r.until()
		want(t, "second", r.text(second.changes), "a update (1,'it''s')(1,'x'); b insert (1,4294967295); a delete (-2,NULL)")
		third := r.until()
		want(t, "third", r.text(third.changes), "a update (1,'x')(3,'x')")
		want(t, "numbers", []uint64{first.Seq, second.Seq, third.Seq}, "[1 2 4]")
		want(t, "resume at the end", r.Resume(third.Seq), b.here())
		want(t, "resume at the start", r.Resume(0), from)

		again := b.read(r.Resume(first.Seq), "a", "b")
		want(t, "second again", again.text(again.until().changes), r.text(second.changes))
		want(t, "resume after the second again", again.Resume(1), r.Resume(second.Seq))
	})
}

// TestTags: MySQL's transactions can carry a tag in their names.
func TestTags(t *testing.T) {
	b := benchOn(t, throwaway.MySQL, dbtest.DatabaseOn(t, dbtest.Start(t, throwaway.MySQL, throwaway.Options{})))
	b.exec(simple)
	from := b.here()
	b.exec("SET gtid_next='AUTOMATIC:phasemig_tag'", "INSERT INTO t VALUES (1, 1)", "SET gtid_next='AUTOMATIC'", "INSERT INTO t VALUES (2, 1)")
	r := b.read(from, "t")
	first, second := r.until(), r.until()
	if !strings.Contains(first.ID, ":phasemig_tag:") {
		t.Errorf("the name is %s", first.ID)
	}
	want(t, "contained", b.value("SELECT GTID_SUBSET(?, @@global.gtid_executed)", first.ID), 1)
	want(t, "resume", b.value("SELECT GTID_SUBSET(?, ?) AND GTID_SUBSET(?, ?)", set(r.Resume(second.Seq)), set(b.here()), set(b.here()), set(r.Resume(second.Seq))), 1)
	again := b.read(r.Resume(first.Seq), "t")
	want(t, "again", again.text(again.until().changes), "t insert (2,1)")
}

// set is a position as MySQL's functions take it.
func set(p stream.Position) string { return strings.TrimPrefix(string(p), "gtid:") }

// TestTimes: the time of a transaction is the server's.
func TestTimes(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		from := b.here()
		before := b.value("SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS UNSIGNED)")
		b.exec("INSERT INTO t VALUES (1, 1)")
		after := b.value("SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS UNSIGNED)")
		r := b.read(from, "t")
		at := r.until().At
		if b.mariadb { // which tells seconds
			before = before[:10] + "000000"
		}
		if got := fmt.Sprint(at.UnixMicro()); got < before || got > after {
			t.Errorf("%s is not between %s and %s", got, before, after)
		}
	})
}

// TestIdleTransactions come too, so that progress shows, and soon.
func TestIdleTransactions(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple, "CREATE TABLE u (id int PRIMARY KEY)")
		r := b.read(b.here(), "t")
		for i := range 5 {
			b.exec(fmt.Sprintf("INSERT INTO u VALUES (%d)", i))
			here := b.here()
			for r.Resume(r.next().Seq) != here {
			}
		}
	})
}

// TestFoldedTables: on a server that folds names a table has one name.
func TestFoldedTables(t *testing.T) {
	s := dbtest.Start(t, throwaway.MariaDB, throwaway.Options{Settings: []string{"lower-case-table-names=1"}})
	b := benchOn(t, throwaway.MariaDB, dbtest.DatabaseOn(t, s))
	b.config.FoldNames = true
	b.exec("CREATE TABLE Orders (id int PRIMARY KEY)")
	from := b.here()
	b.exec("INSERT INTO ORDERS VALUES (1)", "TRUNCATE oRDERS")
	rel := b.relation("orders")
	rel.Name = "Orders"
	r := b.open(from, []binlog.Relation{rel})
	want(t, "rows", r.text(r.until().changes), "Orders insert (1)")
	r.stopped()
}

// TestAlterInTwoPhases: MariaDB can log an ALTER when it begins and again when it ends.
func TestAlterInTwoPhases(t *testing.T) {
	b := newBench(t, throwaway.MariaDB)
	b.exec(simple, "CREATE TABLE u (id int PRIMARY KEY)")
	r := b.read(b.here(), "t")
	b.exec("SET SESSION binlog_alter_two_phase=ON", "ALTER TABLE u ADD COLUMN a int", "ALTER TABLE t COMMENT 'x' "+binlog.Mark("run7"), "INSERT INTO t VALUES (1, 1)", "ALTER TABLE t ADD COLUMN b int")
	txn := r.until()
	want(t, "between", r.text(txn.changes), "t insert (1,1)")
	if stop := r.stopped(); !strings.Contains(stop.Reason, "ADD COLUMN b int") {
		t.Errorf("got %v", stop)
	}
}

// TestManyPositions: what is forgotten costs nothing, and resumes stay exact.
func TestManyPositions(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		r := b.read(b.here(), "t")
		run := b.session()
		for i := range 300 {
			run(fmt.Sprintf("INSERT INTO t VALUES (%d, 0)", i))
		}
		here := b.here()
		for i := range uint64(300) {
			txn := r.until()
			if i%7 == 0 {
				r.Forget(txn.Seq)
			}
			if i == 299 {
				want(t, "resume", r.Resume(txn.Seq), here)
			}
		}
	})
}
