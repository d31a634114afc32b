package binlog_test

import (
	"strings"
	"testing"

	"github.com/phasemig/phasemig/binlog"
	"github.com/phasemig/phasemig/schema"
)

// stopCase is what somebody runs, and what is said of it: nothing when it is harmless.
type stopCase struct {
	name       string
	statements string // separated by ;
	reason     string
}

const own = "/* phasemig run run7 */ "

var stopCases = []stopCase{
	{"alter", "ALTER TABLE t ADD COLUMN a int", "somebody changed the table: ALTER TABLE t ADD COLUMN a int"},
	{"alter, qualified and quoted", "ALTER /* c */ TABLE `DB` . `t` COMMENT 'x'", "somebody changed the table"},
	{"alter in a version comment", "ALTER /*!50000 TABLE */ t COMMENT 'x'", "somebody changed the table"},
	{"alter, our own", "ALTER " + own + "TABLE t COMMENT 'x'", ""},
	{"alter, our own at the end", "ALTER TABLE t COMMENT 'y' " + own, ""},
	{"alter, another run's", "ALTER /* phasemig run run77 */ TABLE t COMMENT 'x'", "somebody changed the table"},
	{"alter, the mark in a text", "ALTER TABLE t COMMENT '/* phasemig run run7 */'", "somebody changed the table"},
	{"alter another table", "ALTER TABLE u ADD COLUMN t int", ""},
	{"alter another that names it", "ALTER TABLE u ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES t (id)", ""},
	{"alter the shadow", "ALTER TABLE _t_pm_new ADD COLUMN a int", ""},
	{"rename by alter", "DROP TABLE t; ALTER TABLE u RENAME TO t", "somebody dropped the table"},
	{"exchange a partition", "CREATE TABLE p (id int PRIMARY KEY, v varchar(20)) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (1000)); ALTER TABLE p EXCHANGE PARTITION p0 WITH TABLE t", "somebody changed the table"},
	{"rename", "RENAME TABLE u TO u2, t TO t2", "somebody changed the table: RENAME TABLE u TO u2, t TO t2"},
	{"rename others", "RENAME TABLE u TO u2", ""},
	{"rename, our own", "RENAME " + own + "TABLE t TO t_old, _t_pm_new TO t", ""},
	{"drop", "DROP TABLE u, t", "somebody dropped the table"},
	{"drop others", "DROP TABLE IF EXISTS u, nothing", ""},
	{"drop a temporary one of the same name", "CREATE TEMPORARY TABLE t (a int); DROP TEMPORARY TABLE t", ""},
	{"truncate", "TRUNCATE TABLE t", "somebody emptied the table"},
	{"truncate, short", "TRUNCATE t", "somebody emptied the table"},
	{"truncate another", "TRUNCATE u", ""},
	{"create index", "CREATE INDEX i ON t (v)", "somebody changed the table"},
	{"create unique index", "CREATE UNIQUE INDEX i ON `t` (id, v)", "somebody changed the table"},
	{"create index elsewhere", "CREATE INDEX t ON u (v)", ""},
	{"drop index", "CREATE " + own + " INDEX i ON t (v); DROP INDEX i ON t", "somebody changed the table: DROP INDEX i ON t"},
	{"create trigger", "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 'x'", "somebody created a trigger on the table"},
	{"create trigger elsewhere", "CREATE TRIGGER g BEFORE INSERT ON u FOR EACH ROW SET NEW.v = (SELECT MAX(v) FROM t)", ""},
	{"create trigger, our own", "CREATE TRIGGER g " + own + " BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 'x'", ""},
	{"drop trigger", "DROP TRIGGER known", "somebody dropped a trigger of the table"},
	{"drop trigger elsewhere", "CREATE TRIGGER g BEFORE INSERT ON u FOR EACH ROW SET NEW.v = 'x'; DROP TRIGGER IF EXISTS g", ""},
	{"drop trigger, our own", "DROP TRIGGER " + own + " known", ""},
	{"create if it isn't there", "CREATE TABLE IF NOT EXISTS t (a int)", ""},
	{"create like it", "CREATE TABLE u2 LIKE t", ""},
	{"create from it", "CREATE TABLE u2 AS SELECT * FROM t", ""},
	{"view, procedure, function, event", "CREATE VIEW w AS SELECT * FROM t; DROP VIEW w; CREATE PROCEDURE p() UPDATE t SET v = 'x'; DROP PROCEDURE p; CREATE EVENT e ON SCHEDULE EVERY 1 YEAR DO DELETE FROM t; DROP EVENT e", ""},
	{"maintenance", "ANALYZE TABLE t; CHECK TABLE t; OPTIMIZE TABLE t; FLUSH TABLES", ""},
	{"grant", "CREATE USER IF NOT EXISTS phasemig_stop; GRANT SELECT ON t TO phasemig_stop; REVOKE SELECT ON t FROM phasemig_stop; DROP USER phasemig_stop", ""},
	{"insert as text", "SET SESSION binlog_format=STATEMENT; INSERT INTO t VALUES (50, 'x')", "binlog_format is not ROW in a session): INSERT INTO t"},
	{"update as text", "SET SESSION binlog_format=STATEMENT; UPDATE t SET v = 'x' WHERE id = 1", "binlog_format is not ROW"},
	{"delete as text", "SET SESSION binlog_format=STATEMENT; DELETE FROM t WHERE id = 1", "binlog_format is not ROW"},
	{"replace as text", "SET SESSION binlog_format=STATEMENT; REPLACE INTO t VALUES (1, 'z')", "binlog_format is not ROW"},
	{"update of two as text", "SET SESSION binlog_format=STATEMENT; UPDATE elsewhere.o, t SET o.v = t.v, t.v = 'x' WHERE t.id = 1", "binlog_format is not ROW"},
	{"insert as text next to it", "SET SESSION binlog_format=STATEMENT; INSERT INTO u VALUES (50, 'x')", "its triggers may have written"},
	{"insert as text elsewhere", "SET SESSION binlog_format=STATEMENT; REPLACE INTO elsewhere.o SELECT id, v FROM t", ""},
	{"update and delete as text elsewhere", "SET SESSION binlog_format=STATEMENT; UPDATE elsewhere.o SET v = 'x'; DELETE FROM elsewhere.o WHERE id = 1", ""},
	{"create function", "CREATE FUNCTION f() RETURNS int DETERMINISTIC BEGIN UPDATE t SET v = 'f' WHERE id = 1;RETURN 1;END", ""},
	{"call of a function as text", "CREATE FUNCTION f() RETURNS int DETERMINISTIC BEGIN UPDATE t SET v = 'f' WHERE id = 1;RETURN 1;END; SET SESSION binlog_format=STATEMENT; SELECT f()", "what it calls isn't known"},
	{"call of a procedure as text", "CREATE PROCEDURE p() UPDATE t SET v = 'f' WHERE id = 1; SET SESSION binlog_format=STATEMENT; CALL p(); DROP PROCEDURE p", "binlog_format is not ROW"},
	{"columns that are missing", "SET SESSION binlog_row_image=MINIMAL; UPDATE t SET v = 'x' WHERE id = 1", "binlog_row_image is not FULL in a session"},
	{"columns that are missing elsewhere", "SET SESSION binlog_row_image=MINIMAL; UPDATE u SET v = 'x' WHERE id = 1", ""},
	{"inserted columns that are missing", "SET SESSION binlog_row_image=MINIMAL; INSERT INTO t (id) VALUES (60)", "binlog_row_image is not FULL in a session"},
}

// TestStops: what makes rows impossible to follow ends the reading with a reason, and
// nothing else does.
func TestStops(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec("CREATE DATABASE IF NOT EXISTS elsewhere", "CREATE TABLE IF NOT EXISTS elsewhere.o (id int PRIMARY KEY, v varchar(20))",
			"CREATE TABLE end_of_test (id int PRIMARY KEY)")
		for _, c := range stopCases {
			t.Run(c.name, func(t *testing.T) { b.on(t).stop(c) })
		}
	})
}

func (b *bench) on(t *testing.T) *bench {
	c := *b
	c.TB = t
	return &c
}

func (b *bench) stop(c stopCase) {
	b.exec("SET foreign_key_checks=0", "DROP TABLE IF EXISTS t, u, u2, t2, t_old, _t_pm_new, p", "DROP FUNCTION IF EXISTS f", "DROP PROCEDURE IF EXISTS p",
		"CREATE TABLE t (id int PRIMARY KEY, v varchar(20)) ", "CREATE TABLE u LIKE t", "CREATE TABLE _t_pm_new LIKE t", "INSERT INTO t VALUES (1, 'x1')", "INSERT INTO u VALUES (1, 'x2')",
		"CREATE TRIGGER known BEFORE UPDATE ON t FOR EACH ROW SET NEW.v = CONCAT(NEW.v, '+')")
	r := b.read(b.here(), "t", "end_of_test")
	b.exec(strings.Split(strings.ReplaceAll(c.statements, "DB", b.database), "; ")...)
	b.exec("DELETE FROM end_of_test", "INSERT INTO end_of_test VALUES (1)")
	if c.reason != "" {
		if stop := r.stopped(); !strings.Contains(stop.Reason, c.reason) || stop.Relation.Name != "t" {
			b.Errorf("stopped by %v", stop)
		}
		return
	}
	for {
		p, err := r.Next(r.ctx)
		if err != nil {
			b.Fatalf("stopped: %v", err)
		}
		for _, c := range p.Changes {
			if c.Relation == 1 && c.Before == nil {
				return
			}
		}
	}
}

// TestDroppedDatabase stops the reading of what was in it.
func TestDroppedDatabase(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec("CREATE TABLE t (id int PRIMARY KEY)")
		list := []binlog.Relation{b.relation("t")}
		list[0].Ident = schema.Ident{Schema: b.database + "_x", Name: "t"}
		r := b.open(b.here(), list)
		b.exec("CREATE DATABASE "+b.database+"_x", "CREATE DATABASE "+b.database+"_y", "DROP DATABASE "+b.database+"_y", "DROP DATABASE IF EXISTS `"+b.database+"_x`")
		if stop := r.stopped(); !strings.Contains(stop.Reason, "somebody dropped the database") {
			t.Errorf("got %v", stop)
		}
	})
}

// TestPartialJSON: MySQL can log what changed in a document instead of the document.
func TestPartialJSON(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		if b.mariadb {
			return
		}
		b.exec("CREATE TABLE t (id int PRIMARY KEY, d json)", "INSERT INTO t VALUES (1, JSON_OBJECT('a', REPEAT('x', 1000), 'b', 1))")
		r := b.read(b.here(), "t")
		b.exec("SET SESSION binlog_row_value_options=PARTIAL_JSON", "UPDATE t SET d = JSON_SET(d, '$.b', 2)")
		if stop := r.stopped(); !strings.Contains(stop.Reason, "binlog_row_value_options") {
			t.Errorf("got %v", stop)
		}
	})
}

// TestOtherColumns: the catalog that was given and the log say different things.
func TestOtherColumns(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec("CREATE TABLE t (id int PRIMARY KEY, n int, s varchar(10), d datetime(3))")
		from := b.here()
		b.exec("INSERT INTO t VALUES (1, 2, 'a', '2020-01-02')")
		for _, c := range []struct {
			name   string
			change func(*binlog.Relation)
			reason string
		}{
			{"more", func(r *binlog.Relation) { r.Columns = append(r.Columns, r.Columns[1]) }, "the log has 4 columns of it, the catalog 5"},
			{"fewer", func(r *binlog.Relation) { r.Columns = r.Columns[:3] }, "the log has 4 columns of it, the catalog 3"},
			{"type", func(r *binlog.Relation) { r.Columns[1].Type = "double" }, "column n is double in the catalog"},
			{"fraction", func(r *binlog.Relation) { r.Columns[3].Type = "datetime(6)" }, "column d is datetime(6) in the catalog"},
		} {
			rel := b.relation("t")
			c.change(&rel)
			if stop := b.open(from, []binlog.Relation{rel}).stopped(); !strings.Contains(stop.Reason, c.reason) {
				t.Errorf("%s: got %v", c.name, stop)
			}
		}
		if b.mariadb {
			return // it doesn't log signs by default
		}
		rel := b.relation("t")
		rel.Columns[1].Type = "int unsigned"
		if stop := b.open(from, []binlog.Relation{rel}).stopped(); !strings.Contains(stop.Reason, "column n is int unsigned in the catalog, but has another sign") {
			t.Errorf("sign: got %v", stop)
		}
	})
}
