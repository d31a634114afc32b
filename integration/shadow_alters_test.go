package integration

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/phasemig/phasemig/internal/throwaway"
)

type (
	texts = map[string]string
	drawn = map[string]func(*rand.Rand) string
)

// keyed is a table with another key in the place of id.
func keyed(name, definition string, of func(n int64) string, alter string) alteration {
	return alteration{name: name, alter: alter, table: texts{"id": definition}, key: []string{"id"}, keyOf: func(n int64) []string { return []string{of(n)} }}
}

func onMySQL(a alteration) alteration {
	a.only = throwaway.MySQL
	return a
}

func scrambled(n int64) int64 { return n * 7919 % 1000003 }

func uuid(n int64) string {
	return fmt.Sprintf("'%08x-0000-4000-8000-%012d'", uint32(n*2654435761), n)
}

// latin are texts that latin1 has, too.
var latin = oneOf("'Zoë'", "'façade'", "''", "'bob'", "'Bob '", "'ÄÖÜ'")

// alterations are the changes that are tried. The usual table has one column of most
// types, an AUTO_INCREMENT primary key and UNIQUE (email).
var alterations = []alteration{
	{name: "widen int", alter: "MODIFY hits BIGINT NOT NULL DEFAULT 0"},
	{name: "widen key", alter: "MODIFY id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT"},
	{name: "add column", alter: "ADD COLUMN extra VARCHAR(20) NOT NULL DEFAULT 'x'"},
	{name: "add first", alter: "ADD COLUMN extra INT NULL FIRST, ADD COLUMN more DATETIME NULL AFTER email"},
	{name: "add not null without default", alter: "ADD COLUMN extra INT NOT NULL, ADD COLUMN word VARCHAR(9) NOT NULL, ADD COLUMN pick ENUM('p','q') NOT NULL", mode: "NO_ENGINE_SUBSTITUTION"},
	{name: "add expression default", alter: "ADD COLUMN extra VARCHAR(40) NOT NULL DEFAULT (CONCAT('a', 'b'))"},
	{name: "add current timestamp", alter: "ADD COLUMN stamp DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)", ignore: []string{"stamp"}},
	{name: "add generated virtual", alter: "ADD COLUMN twice BIGINT AS (full * 2) VIRTUAL, ADD KEY twice (twice)"},
	{name: "add generated stored", alter: "ADD COLUMN upper_name VARCHAR(80) AS (UPPER(name)) STORED"},
	{name: "drop column", alter: "DROP COLUMN small", renamed: texts{"small": "-"}},
	{name: "drop columns and indexes", alter: "DROP COLUMN name, DROP COLUMN doc, DROP KEY state_born", renamed: texts{"name": "-", "doc": "-"}},
	{name: "drop and add the same name", alter: "DROP COLUMN small, ADD COLUMN small VARCHAR(10) NULL", table: texts{"small": "INT NULL"}, draw: drawn{"small": nil}},
	{name: "rename column", alter: "RENAME COLUMN name TO label", renamed: texts{"name": "label"}},
	{name: "change column", alter: "CHANGE name label VARCHAR(120) NULL", renamed: texts{"name": "label"}},
	{name: "swap names", alter: "RENAME COLUMN small TO full, RENAME COLUMN full TO small", table: texts{"small": "INT NULL DEFAULT 5"}, draw: drawn{"small": nil, "full": nil}},
	{name: "rename key", alter: "RENAME COLUMN id TO item_id", renamed: texts{"id": "item_id"}},
	{name: "rename unique", alter: "CHANGE email mail VARCHAR(70) NULL", renamed: texts{"email": "mail"}},
	{name: "reorder", alter: "MODIFY mask BIT(12) NULL FIRST, MODIFY id BIGINT NOT NULL AUTO_INCREMENT AFTER note"},
	{name: "int to text", alter: "MODIFY full VARCHAR(20) NULL DEFAULT '5'"},
	{name: "text to int", alter: "MODIFY code INT NULL", table: texts{"code": "VARCHAR(20) NULL"}, draw: drawn{"code": or(5, format("'%d'", 100000))}},
	{name: "int to decimal", alter: "MODIFY full DECIMAL(20,3) NULL"},
	{name: "decimal widen", alter: "MODIFY amount DECIMAL(20,6) NOT NULL DEFAULT 0"},
	{name: "decimal narrow", alter: "MODIFY amount DECIMAL(12,2) NOT NULL DEFAULT 0", lossy: true, draw: drawn{"amount": oneOf("0", "1.5", "-12.344", "12.3456", "99999.9999")}},
	{name: "decimal to double", alter: "MODIFY amount DOUBLE NOT NULL DEFAULT 0", draw: drawn{"amount": oneOf("0", "1.5", "-12.25", "99999.0625")}},
	{name: "float to double", alter: "MODIFY single DOUBLE NULL", draw: drawn{"single": or(5, oneOf("0.5", "3", "-1.5"))}},
	{name: "double to decimal", alter: "MODIFY ratio DECIMAL(30,10) NULL", draw: drawn{"ratio": or(5, oneOf("0.5", "3", "-12.25"))}},
	{name: "signed to unsigned", alter: "MODIFY full INT UNSIGNED NULL", draw: drawn{"full": oneOf("0", "7", "2147483647")}},
	{name: "year to int", alter: "MODIFY made SMALLINT NULL"},
	{name: "bit widen", alter: "MODIFY mask BIT(40) NULL"},
	{name: "bit to int", alter: "MODIFY mask INT UNSIGNED NULL"},
	{name: "null to not null", alter: "MODIFY full INT NOT NULL DEFAULT 5"},
	{name: "not null to null", alter: "MODIFY name VARCHAR(80) NULL, ALTER COLUMN state DROP DEFAULT"},
	{name: "defaults", alter: "ALTER COLUMN name SET DEFAULT 'anybody', ALTER COLUMN full DROP DEFAULT, ALTER COLUMN amount SET DEFAULT 1.5"},
	{name: "varchar to text", alter: "MODIFY name MEDIUMTEXT NOT NULL, DROP KEY name, ADD KEY name (name(30))"},
	{name: "text to varchar", alter: "MODIFY note VARCHAR(3000) NULL"},
	{name: "char pads", alter: "MODIFY name CHAR(80) NOT NULL DEFAULT ''", lossy: true},
	{name: "binary widen", alter: "MODIFY fixed BINARY(12) NULL", lossy: true, draw: drawn{"fixed": or(5, oneOf("x'01'", "x'ffffffffffffffff'"))}},
	{name: "varbinary to blob", alter: "MODIFY data BLOB NULL"},
	{name: "binary to varbinary", alter: "MODIFY fixed VARBINARY(20) NULL", draw: drawn{"fixed": or(5, oneOf("x'ffffffffffffffff'", "'abcdefgh'"))}},
	{name: "varbinary to text", alter: "MODIFY data VARCHAR(40) CHARACTER SET latin1 NULL", draw: drawn{"data": or(5, oneOf("'abc'", "''", "'x y'"))}},
	{name: "charset of column", alter: "MODIFY name VARCHAR(80) CHARACTER SET latin1 NOT NULL DEFAULT 'nobody'", draw: drawn{"name": latin}},
	{name: "charset of table", alter: "CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", draw: drawn{"name": latin, "note": latin}, tail: "CHARSET=latin1"},
	{name: "charset back to latin1", alter: "CONVERT TO CHARACTER SET latin1", draw: drawn{"name": latin, "note": latin, "doc": oneOf(`'{"a": 1}'`, "NULL")}},
	{name: "utf16", alter: "MODIFY name VARCHAR(80) CHARACTER SET utf16 NOT NULL DEFAULT 'nobody', MODIFY note TEXT CHARACTER SET utf32"},
	{name: "gbk", alter: "MODIFY name VARCHAR(80) CHARACTER SET gbk NOT NULL DEFAULT 'nobody'", draw: drawn{"name": oneOf("'中文'", "'bob'", "''", `'back\\slash'`)}},
	{name: "collation of unique", alter: "MODIFY email VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL"},
	{name: "charset of unique", alter: "MODIFY email VARCHAR(60) CHARACTER SET latin1 NULL"},
	{name: "enum append", alter: "MODIFY state ENUM('new','paid','sent','lost') NOT NULL DEFAULT 'new'"},
	{name: "enum reorder", alter: "MODIFY state ENUM('sent','new','paid') NOT NULL DEFAULT 'new'"},
	{name: "enum to text", alter: "MODIFY state VARCHAR(10) NOT NULL DEFAULT 'new'"},
	{name: "text to enum", alter: "MODIFY word ENUM('x','y','z') NULL", table: texts{"word": "VARCHAR(5) NULL"}, draw: drawn{"word": or(4, oneOf("'x'", "'y'", "'z'"))}},
	{name: "enum to int", alter: "MODIFY state TINYINT NOT NULL DEFAULT 1", plain: true, draw: drawn{"state": oneOf("1", "2", "3")}},
	{name: "set append", alter: "MODIFY flags SET('a','b','c','d') NULL"},
	{name: "set reorder", alter: "MODIFY flags SET('c','b','a') NULL"},
	{name: "set to text", alter: "MODIFY flags VARCHAR(20) NULL"},
	{name: "datetime precision up", alter: "MODIFY born DATETIME(6) NULL"},
	{name: "datetime precision down", alter: "MODIFY born DATETIME NULL", lossy: true, draw: drawn{"born": or(5, oneOf("'2020-02-29 23:59:59.999'", "'2024-03-31 02:30:00.5'", "'2021-01-01 00:00:00.499'"))}},
	{name: "timestamp to datetime", alter: "MODIFY seen DATETIME(6) NULL"},
	{name: "datetime to timestamp", alter: "MODIFY born TIMESTAMP(3) NULL", draw: drawn{"born": or(5, oneOf("'2020-02-29 23:59:59.999'", "'1999-01-01 10:00:00'"))}},
	{name: "date to datetime", alter: "MODIFY day DATETIME NULL"},
	{name: "time precision", alter: "MODIFY clock TIME(6) NULL"},
	{name: "json to text", alter: "MODIFY doc LONGTEXT NULL"},
	{name: "text to json", alter: "MODIFY word JSON NULL", table: texts{"word": "TEXT NULL"}, draw: drawn{"word": or(4, oneOf(`'{"a":1}'`, `'[1,2]'`, `'"s"'`))}, lossy: true},
	{name: "add unique on email", alter: "ADD UNIQUE KEY email (email)", indexes: []string{"PRIMARY KEY (id)", "KEY name (name)"}, plain: true},
	{name: "second unique", alter: "ADD UNIQUE KEY email_name (email, name)"},
	{name: "drop unique", alter: "DROP KEY email, ADD KEY email (email)", plain: true},
	{name: "indexes of all kinds", only: throwaway.MySQL, alter: "ADD KEY a (amount, born DESC), ADD FULLTEXT KEY f (note), ADD KEY n (note(20)), ADD KEY e ((LOWER(name))), ADD KEY h (state) INVISIBLE"},
	{name: "unique on expression", only: throwaway.MySQL, alter: "ADD UNIQUE KEY lower_email ((LOWER(email)))"},
	{name: "rename and drop index", alter: "RENAME INDEX name TO by_name, DROP KEY state_born"},
	{name: "partition by hash", alter: "PARTITION BY HASH (id) PARTITIONS 4", indexes: []string{"PRIMARY KEY (id)", "KEY email (email)"}, plain: true},
	{name: "partition by range", alter: "PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (100), PARTITION p1 VALUES LESS THAN (1000), PARTITION p2 VALUES LESS THAN MAXVALUE)", indexes: []string{"PRIMARY KEY (id)", "KEY email (email)"}, plain: true},
	{name: "remove partitioning", alter: "REMOVE PARTITIONING", tail: "CHARSET=utf8mb4 PARTITION BY HASH (id) PARTITIONS 3", indexes: []string{"PRIMARY KEY (id)", "KEY email (email)"}, plain: true},
	{name: "row format", alter: "ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8"},
	{name: "engine rebuild", alter: "ENGINE=InnoDB"},
	{name: "force", alter: "FORCE"},
	{name: "comment", alter: "COMMENT = 'a word: [about] it', MODIFY name VARCHAR(80) NOT NULL DEFAULT 'nobody' COMMENT 'who'"},
	{name: "auto increment", alter: "AUTO_INCREMENT = 5000000"},
	{name: "invisible column", only: throwaway.MySQL, alter: "ALTER COLUMN note SET INVISIBLE, ADD COLUMN hidden INT NOT NULL DEFAULT 3 INVISIBLE"},
	{name: "indexes of most kinds", only: throwaway.MariaDB, alter: "ADD KEY a (amount, born DESC), ADD FULLTEXT KEY f (note), ADD KEY n (note(20)), ADD KEY h (state) IGNORED"},
	{name: "invisible column of MariaDB", only: throwaway.MariaDB, alter: "MODIFY note TEXT NULL INVISIBLE, ADD COLUMN hidden INT NOT NULL DEFAULT 3 INVISIBLE"},
	{name: "check", alter: "ADD CHECK (hits >= 0), ADD CONSTRAINT full_range CHECK (full > -3000000000)"},
	{name: "everything at once", alter: "ADD COLUMN extra INT NOT NULL DEFAULT 1 FIRST, DROP COLUMN mask, CHANGE name label VARCHAR(100) NOT NULL, MODIFY hits BIGINT NOT NULL DEFAULT 0, ADD KEY extra (extra), CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", renamed: texts{"mask": "-", "name": "label"}},

	// Keys.
	keyed("string key", "VARCHAR(30) NOT NULL", func(n int64) string { return fmt.Sprintf("'Key %d é'", scrambled(n)) }, "MODIFY full BIGINT NULL"),
	keyed("string key, other collation", "VARCHAR(30) NOT NULL", func(n int64) string { return fmt.Sprintf("'k%d'", scrambled(n)) }, "MODIFY id VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"),
	keyed("string key, other charset", "VARCHAR(30) CHARACTER SET latin1 NOT NULL", func(n int64) string { return fmt.Sprintf("'é%d'", scrambled(n)) }, "MODIFY id VARCHAR(30) CHARACTER SET utf8mb4 NOT NULL"),
	keyed("string key that pads", "CHAR(20) CHARACTER SET latin1 COLLATE latin1_german1_ci NOT NULL", func(n int64) string { return fmt.Sprintf("'ä%d '", scrambled(n)) }, "MODIFY full BIGINT NULL"),
	onMySQL(keyed("utf8mb4_0900 key", "VARCHAR(30) COLLATE utf8mb4_0900_ai_ci NOT NULL", func(n int64) string { return fmt.Sprintf("'%dß %d'", n%9, scrambled(n)) }, "MODIFY full BIGINT NULL")),
	keyed("negative key", "INT NOT NULL", func(n int64) string { return fmt.Sprint(1000 - n*3) }, "MODIFY id BIGINT NOT NULL"),
	keyed("unsigned 64-bit key", "BIGINT UNSIGNED NOT NULL", func(n int64) string { return fmt.Sprint(uint64(1<<63) - 200 + uint64(n)) }, "MODIFY full BIGINT NULL"),
	keyed("decimal key", "DECIMAL(20,5) NOT NULL", func(n int64) string { return fmt.Sprintf("%d.%05d", scrambled(n)-500000, n%100000) }, "MODIFY id DECIMAL(30,5) NOT NULL"),
	keyed("datetime key", "DATETIME(6) NOT NULL", func(n int64) string {
		return time.Date(1999, 12, 31, 23, 59, 0, 0, time.UTC).Add(time.Duration(scrambled(n)) * 137 * time.Millisecond).Format("'2006-01-02 15:04:05.000000'")
	}, "MODIFY full BIGINT NULL"),
	keyed("timestamp key", "TIMESTAMP(3) NOT NULL", func(n int64) string {
		return time.Date(2024, 10, 27, 0, 0, 0, 0, time.UTC).Add(time.Duration(scrambled(n)) * time.Second / 4).Format("'2006-01-02 15:04:05.000'")
	}, "MODIFY full BIGINT NULL"),
	keyed("time key", "TIME(3) NOT NULL", func(n int64) string {
		return fmt.Sprintf("'%d:%02d:%02d.%03d'", n%700-350, n/700%60, n/42000%60, n%7)
	}, "MODIFY full BIGINT NULL"),
	keyed("binary key", "BINARY(6) NOT NULL", func(n int64) string { return fmt.Sprintf("x'%012x'", scrambled(n)<<8) }, "MODIFY full BIGINT NULL"),
	keyed("varbinary key", "VARBINARY(20) NOT NULL", func(n int64) string {
		return "x'" + hex.EncodeToString([]byte(fmt.Sprintf("\x00%d\x00", scrambled(n)))) + "'"
	}, "MODIFY id VARBINARY(30) NOT NULL"),
	keyed("bit key", "BIT(33) NOT NULL", func(n int64) string { return fmt.Sprintf("b'%b'", scrambled(n)<<3|1) }, "MODIFY full BIGINT NULL"),
	{name: "composite key", alter: "MODIFY b VARCHAR(40) NOT NULL", table: texts{"id": "INT NOT NULL", "b": "VARCHAR(20) NOT NULL"}, indexes: []string{"PRIMARY KEY (id, b)", "UNIQUE KEY email (email)"},
		key: []string{"id", "b"}, keyOf: func(n int64) []string { return []string{fmt.Sprint(n % 13), fmt.Sprintf("'b%d'", n)} }},
	{name: "descending key", alter: "MODIFY full BIGINT NULL", table: texts{"id": "INT NOT NULL", "b": "VARCHAR(20) NOT NULL"}, indexes: []string{"PRIMARY KEY (id DESC, b ASC)", "UNIQUE KEY email (email)"},
		key: []string{"id", "b"}, keyOf: func(n int64) []string { return []string{fmt.Sprint(n % 13), fmt.Sprintf("'b%d'", n)} }},
	{name: "no primary key", alter: "MODIFY full BIGINT NULL", table: texts{"id": "INT NOT NULL"}, indexes: []string{"UNIQUE KEY id (id)", "UNIQUE KEY email (email)"},
		key: []string{"id"}, keyOf: func(n int64) []string { return []string{fmt.Sprint(n)} }},
	{name: "primary key added", alter: "ADD PRIMARY KEY (id)", table: texts{"id": "INT NOT NULL"}, indexes: []string{"UNIQUE KEY id (id)", "UNIQUE KEY email (email)"},
		key: []string{"id"}, keyOf: func(n int64) []string { return []string{fmt.Sprint(n)} }},
	{name: "primary key moved", alter: "DROP PRIMARY KEY, ADD PRIMARY KEY (token), ADD KEY id (id)", table: texts{"id": "INT NOT NULL", "token": "CHAR(36) CHARACTER SET ascii NOT NULL"},
		indexes: []string{"PRIMARY KEY (id)", "UNIQUE KEY token (token)", "UNIQUE KEY email (email)"}, key: []string{"id"}, plain: true, keyOf: func(n int64) []string { return []string{fmt.Sprint(n)} },
		of: map[string]func(int64) string{"token": uuid}},
	{name: "primary key widened", alter: "DROP PRIMARY KEY, ADD PRIMARY KEY (id, token), ADD UNIQUE KEY id (id)", table: texts{"id": "INT NOT NULL", "token": "CHAR(36) CHARACTER SET ascii NOT NULL"},
		indexes: []string{"PRIMARY KEY (id)", "UNIQUE KEY email (email)"}, key: []string{"id"}, plain: true, keyOf: func(n int64) []string { return []string{fmt.Sprint(n)} },
		of: map[string]func(int64) string{"token": uuid}},
	{name: "primary key to id", alter: "DROP PRIMARY KEY, ADD COLUMN nr BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, ADD UNIQUE KEY id (id)", table: texts{"id": "INT NOT NULL"}, ignore: []string{"nr"}, plain: true,
		key: []string{"id"}, keyOf: func(n int64) []string { return []string{fmt.Sprint(n)} }},
	{name: "primary key alone widened", alter: "DROP PRIMARY KEY, ADD PRIMARY KEY (id, token)", table: texts{"id": "INT NOT NULL", "token": "CHAR(36) CHARACTER SET ascii NOT NULL"},
		indexes: []string{"PRIMARY KEY (id)", "UNIQUE KEY email (email)"}, key: []string{"id"}, plain: true, keyOf: func(n int64) []string { return []string{fmt.Sprint(n)} },
		of: map[string]func(int64) string{"token": uuid}},
	{name: "primary key widened in front", alter: "DROP PRIMARY KEY, ADD PRIMARY KEY (day, id), DROP COLUMN small", table: texts{"id": "INT NOT NULL", "day": "DATE NOT NULL"}, renamed: texts{"small": "-"},
		indexes: []string{"PRIMARY KEY (id)", "UNIQUE KEY email (email)"}, key: []string{"id"}, plain: true, keyOf: func(n int64) []string { return []string{fmt.Sprint(n)} },
		draw: drawn{"day": oneOf("'2020-02-29'", "'1000-01-01'", "'9999-12-31'")}},
	{name: "partition by a day in the key", alter: "DROP PRIMARY KEY, ADD PRIMARY KEY (id, day) PARTITION BY RANGE COLUMNS (day) (PARTITION p0 VALUES LESS THAN ('2000-01-01'), PARTITION p1 VALUES LESS THAN ('2021-01-01'), PARTITION p2 VALUES LESS THAN MAXVALUE)",
		table: texts{"id": "INT NOT NULL", "day": "DATE NOT NULL"}, indexes: []string{"PRIMARY KEY (id)", "KEY email (email)"}, key: []string{"id"}, plain: true, keyOf: func(n int64) []string { return []string{fmt.Sprint(n)} },
		draw: drawn{"day": oneOf("'2020-02-29'", "'1000-01-01'", "'9999-12-31'")}},

	// Refused.
	{name: "no key survives", says: "no unique key of NOT NULL columns survives", alter: "DROP PRIMARY KEY, MODIFY id BIGINT NOT NULL, ADD KEY id (id), ADD COLUMN nr BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, DROP COLUMN email", exit: 9},
	{name: "rename table", alter: "RENAME TO other", exit: 9, says: "RENAME"},
	{name: "algorithm", alter: "MODIFY full BIGINT NULL, ALGORITHM=COPY", exit: 9, says: "ALGORITHM"},
	{name: "engine", alter: "ENGINE=MyISAM", exit: 9, says: "InnoDB"},
}

// shortSample is every so many-th change in the short form.
const shortSample = 27

// TestShadowAlters carries each change out under writers, and back, and compares every
// row with what was committed and the table with one that was altered directly.
func TestShadowAlters(t *testing.T) {
	eachShadow(t, func(t *testing.T, k throwaway.Kind) { beside(t); runAll(t, k, alterations, shortSample) })
}

// TestShadowAltersPostgres is the same for PostgreSQL.
func TestShadowAltersPostgres(t *testing.T) {
	beside(t)
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) { runAll(t, k, postgresAlterations, shortSample) })
}

func runAll(t *testing.T, k throwaway.Kind, list []alteration, sample int) {
	t.Helper()
	for n, a := range list {
		if a.only != "" && a.only != k {
			continue
		}
		if long() {
			for _, rate := range []float64{300, 800} {
				t.Run(fmt.Sprintf("%s at %.0f", a.name, rate), func(t *testing.T) {
					a.run(t, k, load{rows: 1500, writers: 8, rate: rate}, 500*time.Millisecond)
				})
			}
		} else if n%sample == 0 {
			t.Run(a.name, func(t *testing.T) { a.run(t, k, load{rows: 400, writers: 4, rate: 100}, 200*time.Millisecond) })
		}
	}
}

func (a alteration) run(t *testing.T, k throwaway.Kind, l load, d time.Duration) {
	t.Helper()
	s := newShadowed(t, k, a, l)
	if a.exit == 0 {
		s.whole(d)
		return
	}
	c := s.home.call(s.planArgs()...)
	if a.exit > 0 {
		c.want(t, a.exit)
	} else if c.exit == 0 {
		t.Fatal("the change was not refused")
	}
	c.says(t, a.says)
}
