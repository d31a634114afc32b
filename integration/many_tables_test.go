package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// TestPlanAmongManyTables: what MySQL reads as a whole, by opening every table of the server, isn't asked for where there are
// very many. On a server of 5,000 tables it took half a minute.
func TestPlanAmongManyTables(t *testing.T) {
	if !long() {
		t.Skip("makes a thousand tables")
	}
	dsn := dbtest.Database(t, throwaway.MySQL)
	var names []string
	for i := range 1001 {
		names = append(names, fmt.Sprintf("CREATE TABLE t%d (id BIGINT PRIMARY KEY, name VARCHAR(80), n INT)", i))
	}
	dbtest.Exec(t, dsn, names...)
	h := newHome(t, dsn)
	h.write("rename.yaml", "name: rename\nreplicas: [none]\noperations:\n  - rename_column: {table: t7, from: name, to: title}\n")
	h.must(0, "plan", "--change", "rename.yaml", "-o", "rename.json")
	h.must(0, "plan", "--alter", "ALTER TABLE t7 MODIFY n BIGINT", "--replicas", "none", "-o", "alter.json")
	h.must(0, "plan", "--alter", "ALTER TABLE t7 ADD COLUMN more INT", "--replicas", "none", "-o", "add.json")
	for _, r := range dbtest.Query(t, dsn, "SELECT digest_text FROM performance_schema.events_statements_summary_by_digest WHERE schema_name = DATABASE()") {
		for _, whole := range []string{"innodb_tables", "innodb_indexes", "innodb_columns", "innodb_fields"} {
			if strings.Contains(strings.ToLower(r[0]), whole) {
				t.Errorf("%s is read as a whole: %s", whole, r[0])
			}
		}
	}
}
