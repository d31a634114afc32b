package pgoutput_test

import (
	"strings"
	"testing"
	"time"
)

var parted = []string{"CREATE TABLE t (id int PRIMARY KEY, v varchar(20)) PARTITION BY RANGE (id)", "CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (10)",
	"CREATE TABLE t_high PARTITION OF t FOR VALUES FROM (10) TO (100)"}

// TestPartitions: what happens in partitions happened in their table, and a row that moves is deleted and inserted.
func TestPartitions(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(append(parted, "CREATE SCHEMA s", "ALTER TABLE t_high SET SCHEMA s")...)
		from := b.create("t")
		b.exec("INSERT INTO t VALUES (1, 'a'), (11, 'b')", "UPDATE t SET v = 'c' WHERE id = 11", "UPDATE t SET id = 12 WHERE id = 1", "INSERT INTO t_low VALUES (2, 'd')", "DELETE FROM t WHERE id > 11")
		r := b.read(from, "t")
		want(t, "insert", r.text(r.until().changes), "t insert ('1','a'); t insert ('11','b')")
		want(t, "update", r.text(r.until().changes), "t update ('11',absent)('11','c')")
		want(t, "move", r.text(r.until().changes), "t delete ('1',absent); t insert ('12','a')")
		want(t, "the partition itself", r.text(r.until().changes), "t insert ('2','d')")
		want(t, "delete", r.text(r.until().changes), "t delete ('12',absent)")
	})
}

// TestPartitionStops: rows that come and go with a partition, or without a line in the log, end the reading.
func TestPartitionStops(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.config.Heartbeat = 200 * time.Millisecond
		for _, c := range []stopCase{
			{"truncate one", "TRUNCATE t_low", "somebody emptied the table"},
			{"truncate all", "TRUNCATE t", "somebody emptied the table"},
			{"take one out", "ALTER TABLE t DETACH PARTITION t_low", "took it out of publication"},
			{"drop one", "DROP TABLE t_high", "dropped the table"},
			{"add one and write to it", "CREATE TABLE t_new PARTITION OF t FOR VALUES FROM (100) TO (200); INSERT INTO t VALUES (150, 'x')", "a partition was added"},
			{"a column", "ALTER TABLE t ADD COLUMN w int; INSERT INTO t VALUES (3, 'x', 1)", "has 3 columns of it"},
			{"identity of one", "ALTER TABLE t_low REPLICA IDENTITY FULL; UPDATE t SET v = 'z'", "replica identity from d to f"},
			{"under the root's name", "ALTER PUBLICATION {pub} SET (publish_via_partition_root = true)", "changed publication"},
		} {
			t.Run(c.name, func(t *testing.T) {
				b := b.on(t)
				b.exec(append([]string{"DROP TABLE IF EXISTS t, t_low, t_high, t_new"}, parted...)...)
				b.exec("INSERT INTO t VALUES (1, 'a'), (11, 'b')")
				r := b.read(b.create("t"), "t")
				b.exec(strings.Split(strings.ReplaceAll(c.statements, "{pub}", b.config.Publication), "; ")...)
				if stop := r.stopped(); !strings.Contains(stop.Reason, c.reason) || !strings.HasPrefix(stop.Relation.Name, "t_") {
					t.Errorf("stopped by %v", stop)
				}
			})
		}
	})
}
