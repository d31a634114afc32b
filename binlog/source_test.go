package binlog_test

import (
	"testing"
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
