package pgoutput_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/pgoutput"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/stream"
)

// stopCase is what somebody runs, and what is said of it: nothing when it is harmless.
type stopCase struct {
	name       string
	statements string // separated by ;
	reason     string
}

const write = "; UPDATE t SET v = 'z' WHERE id = 1"

var stopCases = []stopCase{
	{"add a column", "ALTER TABLE t ADD COLUMN a int" + write, "the log has 3 columns of it (id, v, a), the catalog 2"},
	{"drop a column", "ALTER TABLE t DROP COLUMN v; UPDATE t SET id = 9", "the log has 1 columns"},
	{"rename a column", "ALTER TABLE t RENAME v TO w; UPDATE t SET w = 'z'", "column v is w in the log"},
	{"change a type", "ALTER TABLE t ALTER v TYPE text" + write, "column v, in the catalog character varying(20), has another type"},
	{"change a length", "ALTER TABLE t ALTER v TYPE varchar(30)" + write, "has another type"},
	{"drop and add a column", "ALTER TABLE t DROP COLUMN v; ALTER TABLE t ADD COLUMN v varchar(20)" + write, ""},
	{"rename the table", "ALTER TABLE t RENAME TO t2; UPDATE t2 SET v = 'z'", "somebody renamed the table"},
	{"move the table", "CREATE SCHEMA s; ALTER TABLE t SET SCHEMA s; UPDATE s.t SET v = 'z'", "somebody renamed the table"},
	{"replica identity", "ALTER TABLE t REPLICA IDENTITY FULL" + write, "replica identity from d to f"},
	{"truncate", "TRUNCATE t", "somebody emptied the table"},
	{"truncate by cascade", "CREATE TABLE parent (id int PRIMARY KEY); ALTER TABLE t ADD FOREIGN KEY (id) REFERENCES parent NOT VALID; TRUNCATE parent CASCADE", "somebody emptied the table"},
	{"truncate another", "TRUNCATE u", ""},
	{"drop the table", "DROP TABLE t", "somebody dropped the table"},
	{"drop another", "DROP TABLE u", ""},
	{"take it out of the publication", "ALTER PUBLICATION {pub} DROP TABLE t", "took it out of publication"},
	{"filter the publication", "ALTER PUBLICATION {pub} SET TABLE t WHERE (id > 5), end_of_test", "somebody changed publication"},
	{"columns of the publication", "ALTER PUBLICATION {pub} SET TABLE t (id), end_of_test", "somebody changed publication"},
	{"publish less", "ALTER PUBLICATION {pub} SET (publish = 'insert, update, truncate')", "somebody changed publication"},
	{"publish more", "ALTER PUBLICATION {pub} ADD TABLE u", ""},
	{"index, trigger, constraint, statistics, comment", "CREATE INDEX ON t (v); ALTER TABLE t ADD CHECK (id > 0); ANALYZE t; COMMENT ON TABLE t IS 'x'; COMMENT ON COLUMN t.v IS 'x'", ""},
	{"default, not null, storage", "ALTER TABLE t ALTER v SET DEFAULT 'x'; ALTER TABLE t ALTER v SET NOT NULL; ALTER TABLE t ALTER v SET STORAGE EXTERNAL", ""},
	{"vacuum full", "VACUUM FULL t", ""},
	{"alter another", "ALTER TABLE u ADD COLUMN t int", ""},
}

// TestStops: what makes rows impossible to follow ends the reading with a reason, and
// nothing else does.
func TestStops(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.config.Heartbeat = 200 * time.Millisecond
		for _, c := range stopCases {
			t.Run(c.name, func(t *testing.T) { b.on(t).stop(c) })
		}
	})
}

func (b *bench) stop(c stopCase) {
	b.exec("DROP TABLE IF EXISTS t, t2, u, parent, end_of_test CASCADE", "DROP SCHEMA IF EXISTS s CASCADE", "CREATE TABLE t (id int PRIMARY KEY, v varchar(20))", "CREATE TABLE u (LIKE t INCLUDING ALL)",
		"CREATE TABLE end_of_test (id int PRIMARY KEY)", "INSERT INTO t VALUES (1, 'x1')", "INSERT INTO u VALUES (1, 'x2')")
	r := b.read(b.create("t", "end_of_test"), "t", "end_of_test")
	b.exec(strings.Split(strings.ReplaceAll(c.statements, "{pub}", b.config.Publication), "; ")...)
	if c.reason != "" {
		if stop := r.stopped(); !strings.Contains(stop.Reason, c.reason) || stop.Relation.Name != "t" {
			b.Errorf("stopped by %v", stop)
		}
		return
	}
	if err := r.Check(b.Context()); err != nil {
		b.Errorf("checked: %v", err)
	}
	b.exec("UPDATE t SET v = 'end' WHERE id = 1", "INSERT INTO end_of_test VALUES (1)")
	for {
		for _, c := range r.until().changes {
			if c.Relation == 1 {
				return
			}
		}
	}
}

// TestCheck tells at once what the reading would notice at its next heartbeat.
func TestCheck(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		b.config.Heartbeat = time.Hour
		r := b.read(b.create("t"), "t")
		if err := r.Check(t.Context()); err != nil {
			t.Error(err)
		}
		b.exec("ALTER PUBLICATION " + b.config.Publication + " DROP TABLE t")
		var stop *stream.StopError
		if err := r.Check(t.Context()); !errors.As(err, &stop) {
			t.Errorf("got %v", err)
		}
	})
}

// TestOtherColumns: the catalog that was given and the server's say different things.
func TestOtherColumns(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec("CREATE TABLE t (id int PRIMARY KEY, n numeric(8,2), g int GENERATED ALWAYS AS (id) STORED)")
		from := b.create("t")
		for _, c := range []struct {
			name   string
			change func(*pgoutput.Relation)
			reason string
		}{
			{"more", func(r *pgoutput.Relation) { r.Columns = append(r.Columns, r.Columns[1]) }, "it has 3 columns and had 4"},
			{"fewer", func(r *pgoutput.Relation) { r.Columns = r.Columns[:2] }, "it has 3 columns and had 2"},
			{"name", func(r *pgoutput.Relation) { r.Columns[1].Name = "m" }, "column 2 is n and was m"},
			{"type", func(r *pgoutput.Relation) { r.Columns[1].Type = "numeric(9,2)" }, "column n is numeric(8,2) and was numeric(9,2)"},
			{"computed", func(r *pgoutput.Relation) { r.Columns[2].Generated = "" }, "column g is computed"},
			{"key", func(r *pgoutput.Relation) { r.Key = []string{"n"} }, "doesn't log the key's column n"},
			{"no table", func(r *pgoutput.Relation) { r.Ident = schema.Ident{Schema: "public", Name: "x"} }, "dropped or renamed"},
		} {
			rel := b.relation("t")
			c.change(&rel)
			var stop *stream.StopError
			if err := b.tryOpen(from, rel); !errors.As(err, &stop) || !strings.Contains(stop.Reason, c.reason) {
				t.Errorf("%s: got %v", c.name, err)
			}
		}
	})
}

// TestNotToBePublished: what in a publication would make the application's statements
// fail, or be missing from the log, is refused before one is made.
func TestNotToBePublished(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for what, statements := range map[string][]string{
			"replica identity": {"CREATE TABLE t (id int NOT NULL, v text)"},
			"identity":         {simple, "ALTER TABLE t REPLICA IDENTITY NOTHING"},
			"doesn't log":      {"CREATE TABLE t (id int PRIMARY KEY DEFERRABLE, v text)"},
			"unlogged":         {"CREATE UNLOGGED TABLE t (id int PRIMARY KEY)"},
		} {
			b.exec(append([]string{"DROP TABLE IF EXISTS t"}, statements...)...)
			_, err := pgoutput.Create(t.Context(), b.config, "mark", b.relations([]string{"t"}), time.Second)
			var stop *stream.StopError
			if !errors.As(err, &stop) || !strings.Contains(stop.Reason, what) {
				t.Errorf("%s: got %v", statements, err)
			}
			b.nothingLeft()
		}
		b.exec("DROP TABLE t", "CREATE TABLE t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id) STORED)", "ALTER TABLE t REPLICA IDENTITY FULL")
		_, err := pgoutput.Create(t.Context(), b.config, "mark", b.relations([]string{"t"}), 20*time.Second)
		if err == nil {
			b.exec("INSERT INTO t VALUES (1)", "UPDATE t SET id = 2") // fine before 18
			err = pgoutput.Drop(t.Context(), b.config)
		} else if strings.Contains(err.Error(), "computed column g") {
			err = nil
		}
		if err != nil {
			t.Error(err)
		}
	})
}

func (b *bench) nothingLeft() {
	b.Helper()
	want(b, "slots and publications left", b.value("SELECT (SELECT count(*) FROM pg_replication_slots WHERE slot_name = $1) + (SELECT count(*) FROM pg_publication WHERE pubname = $2)", b.config.Slot, b.config.Publication), 0)
}

// TestCreateWaits no longer than it may, and names who holds it up.
func TestCreateWaits(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(simple)
		run := b.session()
		for _, c := range []struct{ begin, end, name string }{
			{"INSERT INTO t VALUES (1, 'x')", "ROLLBACK", "INSERT INTO t"},
			{"PREPARE TRANSACTION 'hold up'", "ROLLBACK PREPARED 'hold up'", "prepared transaction 'hold up'"},
		} {
			run("BEGIN", "INSERT INTO t VALUES (2, 'x')", c.begin)
			_, err := pgoutput.Create(t.Context(), b.config, "mark", b.relations([]string{"t"}), 300*time.Millisecond)
			if !errors.Is(err, dberr.LockTimeout) || !strings.Contains(err.Error(), c.name) {
				t.Errorf("got %v", err)
			}
			b.nothingLeft()
			run(c.end)
		}
		b.create("t")
		want(t, "mark", b.value("SELECT obj_description(oid, 'pg_publication') FROM pg_publication WHERE pubname = $1", b.config.Publication), "phasemig test")
		b.create("t") // anew
		if err := pgoutput.Drop(t.Context(), b.config); err != nil {
			t.Fatal(err)
		}
		if err := pgoutput.Drop(t.Context(), b.config); err != nil {
			t.Fatal(err)
		}
		b.nothingLeft()
	})
}

// TestNameTaken: a slot of the name that another database has, or a replica, is none of ours: it stays, and whoever wants its
// name is told whose it is.
func TestNameTaken(t *testing.T) {
	for _, k := range kinds {
		b, other := newBench(t, k), newBench(t, k)
		b.exec(simple)
		for whose, make := range map[string]func(){
			"of database ":  func() { other.exec("SELECT pg_create_logical_replication_slot('" + b.config.Slot + "', 'pgoutput')") },
			"for a replica": func() { other.exec("SELECT pg_create_physical_replication_slot('" + b.config.Slot + "')") },
		} {
			make()
			_, err := pgoutput.Create(t.Context(), b.config, "mark", b.relations([]string{"t"}), time.Second)
			var stop *stream.StopError
			if !errors.As(err, &stop) || !strings.Contains(stop.Reason, "is taken by a slot "+whose) || stop.Relation.Name != "t" || !strings.Contains(stop.Hint, "pg_drop_replication_slot") {
				t.Errorf("got %v", err)
			}
			if err := pgoutput.Drop(t.Context(), b.config); err != nil {
				t.Error(err)
			}
			want(t, "slots", b.value("SELECT count(*) FROM pg_replication_slots WHERE slot_name = $1", b.config.Slot), 1)
			want(t, "publications", b.value("SELECT count(*) FROM pg_publication WHERE pubname = $1", b.config.Publication), 0)
			other.exec("SELECT pg_drop_replication_slot('" + b.config.Slot + "')")
		}
	}
}
