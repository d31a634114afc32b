package integration

import (
	"strings"
	"testing"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// dependingSQL is everything that depends on the table things or belongs to it, in the server's
// words, whatever the table's number is.
const dependingSQL = `SELECT string_agg(line, E'\n' ORDER BY line COLLATE "C") FROM (
	SELECT 'owner ' || pg_get_userbyid(relowner) || ' acl ' || coalesce((SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(relacl) AS x), '') || ' rls ' || relrowsecurity || relforcerowsecurity || ' identity ' || relreplident::text
		|| ' options ' || coalesce(reloptions, (SELECT p.reloptions FROM pg_partition_tree('things') t JOIN pg_class p ON p.oid = t.relid WHERE t.isleaf LIMIT 1))::text || ' comment ' || coalesce(obj_description(oid), '') AS line FROM pg_class WHERE oid = 'things'::regclass
	UNION ALL SELECT 'column ' || attname || ' ' || coalesce((SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(attacl) AS x), '') || coalesce(col_description(attrelid, attnum), '') FROM pg_attribute WHERE attrelid = 'things'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'added'
	UNION ALL SELECT 'view ' || c.oid::regclass || coalesce(c.reloptions::text, '') || pg_get_viewdef(c.oid) FROM pg_class c WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace
	UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || convalidated || coalesce(obj_description(oid, 'pg_constraint'), '') FROM pg_constraint WHERE contype = 'f' AND conparentid = 0
	UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) || tgenabled::text || coalesce(obj_description(oid, 'pg_trigger'), '') FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = 'things'::regclass
	UNION ALL SELECT 'policy ' || p::text FROM pg_policies p WHERE schemaname = 'public'
	UNION ALL SELECT 'publication ' || t::text FROM pg_publication_tables t WHERE pubname NOT LIKE 'phasemig%'
	UNION ALL SELECT 'sequence ' || d.objid::regclass || ' of ' || d.refobjid::regclass || '.' || d.refobjsubid || d.deptype::text FROM pg_depend d JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S' AND d.deptype IN ('a', 'i') AND q.relnamespace = 'public'::regnamespace
	UNION ALL SELECT 'index ' || replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') || indisclustered || indisreplident || coalesce(obj_description(indexrelid), '') FROM pg_index WHERE indrelid = 'things'::regclass
	UNION ALL SELECT 'statistics ' || pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxrelid = 'things'::regclass
	) AS x`

var withDependents = []string{
	`CREATE TABLE parents (id int PRIMARY KEY)`,
	`INSERT INTO parents SELECT generate_series(1, 50)`,
	`CREATE TABLE things (id serial PRIMARY KEY, number int GENERATED ALWAYS AS IDENTITY, parent int CONSTRAINT "of parent" REFERENCES parents ON DELETE CASCADE, above int REFERENCES things (id) DEFERRABLE,
		n int DEFAULT 1 CHECK (n > 0), note text, twice int GENERATED ALWAYS AS (n * 2) STORED)`,
	`CREATE TABLE children (id int PRIMARY KEY, thing int REFERENCES things (id), old int)`, `ALTER TABLE children ADD FOREIGN KEY (old) REFERENCES things NOT VALID`,
	`INSERT INTO things (parent, above, note) SELECT 1 + i % 50, CASE WHEN i > 1 THEN i - 1 END, 'note ' || i FROM generate_series(1, 400) AS i`,
	`INSERT INTO children SELECT i, i FROM generate_series(1, 100) AS i`,
	`CREATE VIEW "Some" WITH (security_barrier = true) AS SELECT t.id, t.note FROM things t WHERE t.n > 0 WITH LOCAL CHECK OPTION`,
	`CREATE VIEW more AS SELECT s.*, p.id AS of FROM "Some" s JOIN parents p USING (id) WHERE note <> ''`,
	`CREATE VIEW counted AS SELECT count(*) FROM things`,
	`CREATE TABLE seen (id int, what text)`,
	`CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES (coalesce(NEW.id, OLD.id), TG_OP); RETURN NULL; END $$`,
	`CREATE TRIGGER "Note it" AFTER INSERT OR UPDATE OF note OR DELETE ON things FOR EACH ROW EXECUTE FUNCTION note_it()`,
	`CREATE TRIGGER off AFTER UPDATE ON things FOR EACH ROW WHEN (NEW.note IS DISTINCT FROM OLD.note) EXECUTE FUNCTION note_it()`,
	`ALTER TABLE things DISABLE TRIGGER off`,
	`CREATE CONSTRAINT TRIGGER late AFTER DELETE ON things DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_it()`,
	`ALTER TABLE things ENABLE ALWAYS TRIGGER late`,
	`CREATE POLICY mine ON things AS RESTRICTIVE FOR UPDATE TO PUBLIC USING (n > 0 AND parent IN (SELECT id FROM parents)) WITH CHECK (note <> 'no')`,
	`ALTER TABLE things ENABLE ROW LEVEL SECURITY`,
	`CREATE PUBLICATION sends FOR TABLE things (id, note) WHERE (id > 0), TABLE parents`,
	`GRANT SELECT ON things TO PUBLIC`, `GRANT UPDATE (note), INSERT (n) ON things TO pg_monitor WITH GRANT OPTION`, `ALTER TABLE things OWNER TO pg_database_owner`,
	`COMMENT ON TABLE things IS 'it''s a table'`, `COMMENT ON COLUMN things.note IS 'a note'`, `COMMENT ON TRIGGER off ON things IS 'later'`, `COMMENT ON POLICY mine ON things IS 'mine'`, `COMMENT ON CONSTRAINT "of parent" ON things IS 'whose'`,
	`CREATE INDEX "by note" ON things (lower(note)) WHERE n > 0`, `COMMENT ON INDEX "by note" IS 'found'`, `CREATE STATISTICS both_of ON n, parent FROM things`, `ALTER TABLE things SET (fillfactor = 80)`,
}

// TestShadowCarries: what depends on a table depends on the new one in the moment of the exchange, and
// on the old one again when it is taken back; sequences go on where they were.
func TestShadowCarries(t *testing.T) {
	eachPostgres(t, func(t *testing.T, k throwaway.Kind) {
		beside(t)
		dsn := dbtest.Database(t, k)
		dbtest.Exec(t, dsn, withDependents...)
		h := newHome(t, dsn)
		h.must(0, "plan", "--alter", "ALTER TABLE things ALTER parent TYPE bigint, ALTER number TYPE bigint, ADD COLUMN added int DEFAULT 9", "--strategy", "shadow", "--replicas", "none", "--gates", "none", "-o", "plan.json")
		carries(t, h, dsn)
		if got := dbtest.Query(t, dsn, "SELECT count(*), count(added) FROM things")[0]; got[0] != "403" || got[1] != "403" {
			t.Errorf("rows: %v", got)
		}
	})
}

// TestShadowPartitionCarries: the same for a table that becomes a partitioned one, where the server allows all of it.
func TestShadowPartitionCarries(t *testing.T) {
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		beside(t)
		dsn := dbtest.Database(t, k)
		dbtest.Exec(t, dsn, withDependents...)
		dbtest.Exec(t, dsn, "ALTER PUBLICATION sends SET (publish_via_partition_root = true)")
		h := newHome(t, dsn)
		h.write("change.yaml", "name: things\noperations:\n  - partition_table: {table: things, by: hash, columns: [id], partitions: [{name: things_a}, {name: Things B}]}\n")
		h.must(0, "plan", "--change", "change.yaml", "--replicas", "none", "--gates", "none", "-o", "plan.json")
		carries(t, h, dsn)
		got := dbtest.Query(t, dsn, `SELECT (SELECT count(*) FROM things), count(*), count(*) FILTER (WHERE c.relowner = 'pg_database_owner'::regrole AND c.relnamespace = 'public'::regnamespace), min((SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid))
			FROM pg_partition_tree('things') AS t JOIN pg_class c ON c.oid = t.relid WHERE t.isleaf`)[0]
		if strings.Join(got, " ") != "403 2 2 2" {
			t.Errorf("rows, partitions, of the owner, and their indexes: %v", got)
		}
	})
}

// carries takes a change of things through its life, and compares what depends on the table.
func carries(t *testing.T, h *home, dsn string) {
	t.Helper()
	depending := func() string { return dbtest.Query(t, dsn, dependingSQL)[0][0] }
	before := depending()
	for _, phase := range []string{"expand", "switch"} {
		h.must(0, "apply", "plan.json", "--phase", phase)
	}
	same := func(what string) {
		t.Helper()
		if after := depending(); after != before {
			t.Fatalf("after %s:\n%s", what, diff(before, after))
		}
	}
	same("switch")
	writesGoOn(t, dsn, 401)
	h.must(0, "rollback", "plan.json")
	same("rollback")
	writesGoOn(t, dsn, 403)
	h.must(0, "apply", "plan.json", "--phase", "switch")
	h.must(0, "apply", "plan.json", "--phase", string(plans.Contract))
	same("contract")
	writesGoOn(t, dsn, 405)
	left := dbtest.Query(t, dsn, `SELECT (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'phasemig\_%') + (SELECT count(*) FROM pg_publication WHERE pubname LIKE 'phasemig%')
		+ (SELECT count(*) FROM pg_replication_slots WHERE database = current_database()) + (SELECT count(*) FROM pg_class WHERE relname LIKE 'checkpoint\_%')`)
	if left[0][0] != "0" {
		t.Errorf("%s things are left behind", left[0][0])
	}
}

// writesGoOn adds one row, whose numbers come next, and has the triggers and foreign keys of the table at work. One
// that is refused takes numbers, too.
func writesGoOn(t *testing.T, dsn string, next int) {
	t.Helper()
	seen := dbtest.Query(t, dsn, "SELECT count(*) FROM seen")[0][0]
	got := dbtest.Query(t, dsn, "INSERT INTO things (parent, note) VALUES (1, 'new') RETURNING id - $1, number - $1", next)[0]
	if got[0] != "0" || got[1] != "0" {
		t.Errorf("the next numbers are off by %v", got)
	}
	if now := dbtest.Query(t, dsn, "SELECT count(*) - $1::bigint FROM seen", seen)[0][0]; now != "1" {
		t.Errorf("triggers fired %s times for one row", now)
	}
	for _, q := range []string{"INSERT INTO things (parent) VALUES (51)", "INSERT INTO children VALUES (1000, 5000)", "DELETE FROM things WHERE id = 1"} {
		if _, err := dbtest.DB(t, dsn).Exec(q); err == nil || !strings.Contains(err.Error(), "foreign key") {
			t.Errorf("%s: %v", q, err)
		}
	}
}

// diff lists the lines that only one of two texts has.
func diff(a, b string) string {
	var out []string
	for _, x := range []struct{ sign, of, in string }{{"- ", a, b}, {"+ ", b, a}} {
		for _, l := range strings.Split(x.of, "\n") {
			if !strings.Contains("\n"+x.in+"\n", "\n"+l+"\n") {
				out = append(out, x.sign+l)
			}
		}
	}
	return strings.Join(out, "\n")
}
