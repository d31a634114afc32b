package binlog_test

import (
	"strings"
	"testing"

	"github.com/phasemig/phasemig/binlog"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

// TestGeneratedColumns: values that the server computes are absent, wherever they
// stand, and whether they are in the image or not.
func TestGeneratedColumns(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(`CREATE TABLE t (v int AS (id + 1) VIRTUAL, id int PRIMARY KEY, s varchar(30) AS (CONCAT('s', id)) STORED, name varchar(10), w int AS (id * 2) VIRTUAL, KEY (w))`)
		from := b.here()
		b.exec("INSERT INTO t (id, name) VALUES (1, 'a'), (2, NULL)", "UPDATE t SET name = 'b'", "UPDATE t SET id = 3 WHERE id = 1", "DELETE FROM t WHERE id = 2")
		r := b.read(from, "t")
		want(t, "insert", r.text(r.until().changes), "t insert (absent,1,absent,'a',absent); t insert (absent,2,absent,NULL,absent)")
		want(t, "update", r.text(r.until().changes), "t update (absent,1,absent,'a',absent)(absent,1,absent,'b',absent); t update (absent,2,absent,NULL,absent)(absent,2,absent,'b',absent)")
		want(t, "key", r.text(r.until().changes), "t update (absent,1,absent,'b',absent)(absent,3,absent,'b',absent)")
		want(t, "delete", r.text(r.until().changes), "t delete (absent,2,absent,'b',absent)")
	})
}

// TestManyColumns: the bitmaps have several bytes, and every kind of number has its
// bit in the log's list of signs.
func TestManyColumns(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec(`CREATE TABLE t (id int PRIMARY KEY, y year, u1 tinyint unsigned, s1 tinyint, d decimal(5,2), u2 smallint unsigned, f float, s2 smallint, n1 int, g double,
			u3 mediumint unsigned, e enum('a','b'), s3 mediumint, b bit(3), u4 int unsigned, s4 int, ts timestamp NULL, u8 bigint unsigned, s8 bigint, n2 varchar(3), ud decimal(3,0) unsigned, last int)`)
		from := b.here()
		b.exec("INSERT INTO t VALUES (1, 2020, 255, -1, -1.25, 65535, 0.5, -1, NULL, -2, 16777215, 'b', -1, 5, 4294967295, -1, NULL, 18446744073709551615, -1, NULL, 7, 9)")
		r := b.read(from, "t")
		want(t, "row", r.text(r.until().changes), "t insert (1,2020,255,-1,-1.25,65535,5e-01,-1,NULL,-2e+00,16777215,2,-1,5,4294967295,-1,NULL,18446744073709551615,-1,NULL,7,9)")
	})
}

// TestInvisibleColumns: they are columns like others.
func TestInvisibleColumns(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec("CREATE TABLE t (id int PRIMARY KEY, hidden int INVISIBLE DEFAULT 4, a int)")
		from := b.here()
		b.exec("INSERT INTO t VALUES (1, 2)")
		r := b.read(from, "t")
		want(t, "row", r.text(r.until().changes), "t insert (1,4,2)")
	})
}

// TestHiddenColumns: servers keep columns of their own for some indexes.
func TestHiddenColumns(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		table := "CREATE TABLE t (id int PRIMARY KEY, a varchar(20), KEY ((LOWER(a))), KEY ((id + 1)))"
		if b.mariadb {
			table = "CREATE TABLE t (id int PRIMARY KEY, a text, UNIQUE (a))"
		}
		b.exec(table)
		from := b.here()
		b.exec("INSERT INTO t VALUES (1, 'X')", "UPDATE t SET a = 'Y'", "DELETE FROM t")
		rel := b.relation("t")
		if b.mariadb {
			rel.Hidden = 1
		}
		r := b.open(from, []binlog.Relation{rel})
		want(t, "insert", r.text(r.until().changes), "t insert (1,'X')")
		want(t, "update", r.text(r.until().changes), "t update (1,'X')(1,'Y')")
		want(t, "delete", r.text(r.until().changes), "t delete (1,'Y')")
	})
}

// TestOldTemporals: MariaDB keeps the formats of before version 5.6 where it is told to.
func TestOldTemporals(t *testing.T) {
	s := dbtest.Start(t, throwaway.MariaDB, throwaway.Options{Settings: []string{"mysql56-temporal-format=OFF"}})
	b := benchOn(t, throwaway.MariaDB, dbtest.DatabaseOn(t, s))
	b.exec("CREATE TABLE t (id int PRIMARY KEY, ti time, dt datetime, ts timestamp NULL)", "CREATE TABLE f (id int PRIMARY KEY, dt datetime(3))")
	from := b.here()
	b.exec("SET time_zone='+00:00', sql_mode='ALLOW_INVALID_DATES'", "INSERT INTO t VALUES (1, '-838:59:59', '9999-12-31 23:59:59', '2038-01-19 03:14:07'), (2, '10:11:12', '2023-02-31 01:02:03', '1970-01-01 00:00:01'), (3, '-00:00:01', '0000-00-00', '0000-00-00')")
	r := b.read(from, "t")
	want(t, "rows", r.text(r.until().changes), "t insert (1,'-838:59:59','9999-12-31 23:59:59','2038-01-19 03:14:07'); t insert (2,'10:11:12','2023-02-31 01:02:03','1970-01-01 00:00:01'); "+
		"t insert (3,'-00:00:01','0000-00-00 00:00:00','0000-00-00 00:00:00')")

	from = b.here()
	b.exec("INSERT INTO f VALUES (1, '2023-01-02 03:04:05.678')")
	stop := b.read(from, "f").stopped()
	if !strings.Contains(stop.Reason, "dt is datetime(3)") || !strings.Contains(stop.Reason, "fraction") {
		t.Errorf("a fraction in the old format: %v", stop)
	}
}

// TestCompressedColumns can't be read.
func TestCompressedColumns(t *testing.T) {
	b := newBench(t, throwaway.MariaDB)
	b.exec("CREATE TABLE t (id int PRIMARY KEY, a text COMPRESSED)")
	from := b.here()
	b.exec("INSERT INTO t VALUES (1, REPEAT('a', 1000))")
	r := b.relation("t")
	r.Columns[1].Type = "text" // without the comment that the catalog has
	stop := b.open(from, []binlog.Relation{r}).stopped()
	if !strings.Contains(stop.Reason, "compressed") {
		t.Errorf("got %v", stop)
	}
}

// TestLiterals: how values look whose bytes alone don't tell whether the literal is good
// to compare with, too.
func TestLiterals(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.exec("CREATE TABLE t (id int PRIMARY KEY, b binary(5), l varchar(9) CHARSET latin1, u varchar(9) CHARSET utf8mb4, y year, w varchar(9) CHARSET utf16)")
		from := b.here()
		b.exec("SET NAMES utf8mb4", "INSERT INTO t VALUES (1, 'a', 'é', 'é''', '0000', 'a')")
		r := b.read(from, "t")
		want(t, "row", r.text(r.until().changes), "t insert (1,X'6100000000',_latin1 X'e9','é''',0,_utf16 X'0061')")
	})
}
