package dialecttest

import (
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/schema"
)

// written: the counter of a table grows with each row that is written, in whatever way, and with those of no other table.
func (h *harness) written(t *testing.T) {
	b := h.bench(t)
	dbtest.Exec(t, b.dsn, "CREATE TABLE counted (id int PRIMARY KEY, a int)", "CREATE TABLE beside (id int PRIMARY KEY)")
	id := b.table(schema.Ident{Name: "counted"}).Ident
	count := func() int64 {
		t.Helper()
		n, err := b.db.Server.Written(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	dbtest.Exec(t, b.dsn, "INSERT INTO counted VALUES (1, 1), (2, 2), (3, 3)", "UPDATE counted SET a = a + 1 WHERE id < 3", "DELETE FROM counted WHERE id = 1", "INSERT INTO beside VALUES (1)")
	for limit := time.Now().Add(time.Minute); count() != before+6; <-time.After(50 * time.Millisecond) { // PostgreSQL's sessions hand in late
		if time.Now().After(limit) {
			t.Fatalf("%d written rows are counted, not 6", count()-before)
		}
	}
}
