package integration

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// planned are changes of the table t_0, which every tenth table of a large database points at.
var planned = map[string]string{
	"rename": "rename_column: {table: t_0, from: name, to: title}",
	"index":  "create_index: {table: t_0, name: t_0_at, columns: [at, name]}",
	"retype": "change_type: {table: t_9, column: at, type: bigint}",
}

// BenchmarkPlan is the whole command, from the start of the process to its end. One table is to take less than 200 ms, and one of 5,000 less
// than 2 s, on a machine that does nothing else; the medians and the worst are printed and not asserted.
func BenchmarkPlan(b *testing.B) {
	for _, k := range throwaway.Kinds() {
		for _, tables := range []int{10, 5000} {
			b.Run(fmt.Sprintf("%s/tables=%d", k, tables), func(b *testing.B) {
				dsn := dbtest.Database(b, k)
				dbtest.Exec(b, dsn, manyTables(k, tables)...)
				for name, operation := range planned {
					b.Run(name, func(b *testing.B) { timePlan(b, dsn, operation) })
				}
			})
		}
	}
}

func timePlan(b *testing.B, dsn, operation string) {
	h := newHome(b, dsn)
	h.write("change.yaml", "name: bench\nreplicas: none\noperations:\n  - "+operation+"\n")
	var took []time.Duration
	for b.Loop() {
		begin := time.Now()
		h.must(0, "plan", "--change", "change.yaml", "-o", "plan.json")
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "ms-median")
	b.ReportMetric(float64(took[len(took)-1].Milliseconds()), "ms-worst")
}

// manyTables makes tables with an index each, and a foreign key to the first from every tenth.
func manyTables(k throwaway.Kind, n int) []string {
	if k.IsPostgres() {
		return []string{fmt.Sprintf(`DO $$ BEGIN FOR i IN 0..%d LOOP
			EXECUTE format('CREATE TABLE t_%%s (id bigint PRIMARY KEY, above bigint, name varchar(40), at int)', i);
			EXECUTE format('CREATE INDEX ON t_%%s (name)', i);
			IF i %% 10 = 1 THEN EXECUTE format('ALTER TABLE t_%%s ADD FOREIGN KEY (above) REFERENCES t_0', i); END IF;
			IF i %% 500 = 499 THEN COMMIT; END IF;
			END LOOP; END $$`, n-1), "INSERT INTO t_0 SELECT g, g, 'n', g FROM generate_series(1, 100) g", "ANALYZE t_0"}
	}
	return []string{fmt.Sprintf(`CREATE PROCEDURE make_tables() BEGIN
			DECLARE i INT DEFAULT 0;
			WHILE i < %d DO
				SET @q = CONCAT('CREATE TABLE t_', i, ' (id BIGINT PRIMARY KEY, above BIGINT, name VARCHAR(40), at INT, KEY (name)', IF(i %% 10 = 1, ', FOREIGN KEY (above) REFERENCES t_0 (id)', ''), ')');
				PREPARE s FROM @q; EXECUTE s; DEALLOCATE PREPARE s;
				SET i = i + 1;
			END WHILE;
		END`, n), "CALL make_tables()", "INSERT INTO t_0 SELECT 1, 1, 'n', 1 UNION SELECT 2, 1, 'm', 2", "DROP PROCEDURE make_tables"}
}
