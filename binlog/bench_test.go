package binlog_test

import (
	"fmt"
	"testing"

	"github.com/phasemig/phasemig/stream"
)

// benchRows is how many row changes a benchmark reads.
const benchRows = 300_000

// BenchmarkRead reads changes of sysbench's table from a real log.
func BenchmarkRead(b *testing.B) {
	for _, k := range kinds {
		b.Run(string(k), func(b *testing.B) {
			s := newBench(b, k)
			inserts, updates := s.sysbench()
			b.Run("insert", func(b *testing.B) { s.drain(b, inserts, "sbtest1", benchRows) })
			b.Run("update", func(b *testing.B) { s.drain(b, updates, "sbtest1", benchRows) })
			b.Run("skip", func(b *testing.B) { s.drain(b, inserts, "n", 0) })
		})
	}
}

// sysbench writes the table's rows, then changes each, and tells where the log of
// both begins.
func (b *bench) sysbench() (inserts, updates stream.Position) {
	b.exec("CREATE TABLE sbtest1 (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, k int NOT NULL DEFAULT 0, c char(120) NOT NULL DEFAULT '', pad char(60) NOT NULL DEFAULT '', KEY (k))",
		"CREATE TABLE n (i int PRIMARY KEY)", "CREATE TABLE last_row (i int PRIMARY KEY)",
		many("INSERT INTO n VALUES ", 1000, func(i int) string { return fmt.Sprintf("(%d)", i) }))
	inserts = b.here()
	for i := range benchRows / 10_000 {
		b.exec(fmt.Sprintf(`INSERT INTO sbtest1 (k, c, pad) SELECT a.i * 1000 + b.i, REPEAT('12345678901-', 10), REPEAT('98765-43210-', 5) FROM n a, n b
			WHERE a.i >= %d AND a.i < %d`, 10*i, 10*i+10))
	}
	b.exec("INSERT INTO last_row VALUES (1)")
	updates = b.here()
	for i := range benchRows / 10_000 {
		b.exec(fmt.Sprintf("UPDATE sbtest1 SET k = k + 1 WHERE k >= %d AND k < %d", 10_000*i, 10_000*i+10_000))
	}
	b.exec("INSERT INTO last_row VALUES (2)")
	return inserts, updates
}

// drain reads up to the next row of the last table, and counts the changes.
func (b *bench) drain(t *testing.B, from stream.Position, table string, rows int) {
	t.ReportAllocs()
	for t.Loop() {
		n := 0
		r := b.read(from, table, "last_row")
		for last := false; !last; {
			p, err := r.Next(r.ctx)
			if err != nil {
				t.Fatal(err)
			}
			n += len(p.Changes)
			last = len(p.Changes) > 0 && p.Changes[len(p.Changes)-1].Relation == 1
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if n-1 < rows || n-1 > 2*rows {
			t.Fatalf("%d changes", n-1)
		}
	}
	t.ReportMetric(float64(benchRows)*float64(t.N)/t.Elapsed().Seconds(), "rows/s")
}
