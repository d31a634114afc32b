package mysql

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	gomysql "github.com/go-sql-driver/mysql"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{"a": "`a`", "a`b": "`a``b`", "": "``", "Ünï \"x\" 'y'": "`Ünï \"x\" 'y'`"} {
		if got := quote(in); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
	if got := quoteText(`a'b\c`); got != `'a''b\\c'` {
		t.Error(got)
	}
}

func TestClause(t *testing.T) {
	for in, want := range map[string]string{
		"varchar(100) NOT NULL DEFAULT 'it''s' COMMENT 'a, b'":                                          "varchar(100) NOT NULL DEFAULT 'it''s' COMMENT 'a, b'",
		"bigint unsigned NOT NULL AUTO_INCREMENT":                                                       "bigint unsigned NOT NULL",
		"enum('a','b)','c''') DEFAULT NULL":                                                             "enum('a','b)','c''') NULL",
		"varchar(10) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT NULL /*!80023 INVISIBLE */":        "varchar(10) CHARACTER SET latin1 COLLATE latin1_bin NULL INVISIBLE",
		"timestamp(3) NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)":                 "timestamp(3) NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)",
		"json NOT NULL DEFAULT (json_object(_utf8mb4'a',1))":                                            "json NOT NULL DEFAULT (json_object(_utf8mb4'a',1))",
		"int(11) NOT NULL DEFAULT -1 CHECK (`a` > 0) COMMENT 'c'":                                       "int(11) NOT NULL DEFAULT -1 COMMENT 'c' CHECK (`a` > 0)",
		"varchar(36) DEFAULT uuid()":                                                                    "varchar(36) NULL DEFAULT uuid()",
		"bit(3) DEFAULT b'101'":                                                                         "bit(3) NULL DEFAULT b'101'",
		"geometry NOT NULL /*!80003 SRID 4326 */":                                                       "geometry SRID 4326 NOT NULL",
		"decimal(5,2) unsigned zerofill DEFAULT 1.50":                                                   "decimal(5,2) unsigned zerofill NULL DEFAULT 1.50",
		"varchar(5) DEFAULT 'x' COMMENT 'NOT NULL DEFAULT 1'":                                           "varchar(5) NULL DEFAULT 'x' COMMENT 'NOT NULL DEFAULT 1'",
		"varchar(5) /*!100301 COMPRESSED*/ DEFAULT NULL":                                                "varchar(5) COMPRESSED NULL",
		"varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT concat('a','b') UNIQUE": "varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin UNIQUE NOT NULL DEFAULT concat('a','b')",
	} {
		if got := parseClause(tokens(in)).SQL(); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
	g := parseClause(tokens("int GENERATED ALWAYS AS ((`a` + 1)) VIRTUAL"))
	if g.Generated != "((`a` + 1))" {
		t.Errorf("%+v", g)
	}
}

func TestParseCreate(t *testing.T) {
	p := parseCreate("CREATE TABLE `we``ird, (x` (\n  `id` int NOT NULL,\n  `a,b` varchar(10) DEFAULT ')',\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `u (` (`a,b`(3) DESC) USING BTREE COMMENT 'x',\n" +
		"  CONSTRAINT `f` FOREIGN KEY (`id`) REFERENCES `p` (`id`) ON DELETE CASCADE,\n  CONSTRAINT `c` CHECK ((`id` > 0)) /*!80016 NOT ENFORCED */\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='(`'")
	if len(p.columns) != 2 || p.columns["a,b"].Default == nil || p.indexes["u ("].parts != "(`a,b`(3) DESC)" || p.indexes["u ("].tail != "USING BTREE COMMENT 'x'" ||
		p.keys["f"] != "ON DELETE CASCADE" || len(p.checks) != 1 || p.checks[0].enforced || p.collation != "utf8mb4_bin" {
		t.Errorf("%+v", p)
	}
}

func FuzzTokens(f *testing.F) {
	f.Add("SELECT `a``b`, 'it''s' -- x\n/* y */ /*!80023 INVISIBLE */ \"q\\\"\"")
	f.Add("CREATE TABLE `a` (`b` int, CHECK ((")
	f.Fuzz(func(t *testing.T, s string) {
		n := 0
		for _, tok := range tokens(s) {
			n += len(tok.text)
		}
		if n > len(s) {
			t.Errorf("%q: tokens are longer than the text", s)
		}
		parseCreate(s)
		_ = unsuitable(s)
		renamed(s, "a", "b")
	})
}

func TestKeyText(t *testing.T) {
	key := []plans.KeyPart{{Name: "a", Type: "int", Class: schema.Integer}, {Name: "b", Type: "varchar(5)", Class: schema.Text, Charset: "utf8mb4", Collation: "utf8mb4_bin", Descending: true}}
	got, err := between(key, `["-5","C3A4"]`, `["7",""]`)
	want := "`a` >= -5 AND (`a` > -5 OR (`a` = -5 AND `b` < _utf8mb4 x'C3A4' COLLATE utf8mb4_bin)) AND `a` <= 7 AND (`a` < 7 OR (`a` = 7 AND `b` >= _utf8mb4 x'' COLLATE utf8mb4_bin))"
	if err != nil || got != want {
		t.Errorf("%s %v", got, err)
	}
	if s := readable(key, `["-5","C3A4"]`); s != "a=-5 b=ä" {
		t.Error(s)
	}
	for _, bad := range []string{`["1"]`, `x`, `["1 OR 1=1","61"]`, `["1","6"]`, `["1","61' OR '"]`, `[1,"61"]`} {
		if got, err := between(key, bad, ""); err == nil {
			t.Errorf("%s became %s", bad, got)
		}
	}
}

func TestGrants(t *testing.T) {
	r := rights{}
	for _, l := range []string{"GRANT USAGE ON *.* TO `u`@`%`", "GRANT SELECT, LOCK TABLES ON `a\\_b`.* TO `u`@`%`", "GRANT ALL PRIVILEGES ON `a%`.* TO `u`@`%` WITH GRANT OPTION", "GRANT INSERT (`x`), UPDATE ON `a_b`.`t` TO `u`@`%`",
		"GRANT `role`@`%` TO `u`@`%`", "GRANT EXECUTE ON FUNCTION `a`.`f` TO `u`@`%`", "GRANT XA_RECOVER_ADMIN ON *.* TO `u`@`%`", "GRANT ALL PRIVILEGES ON `full`.* TO `u`@`%`", "REVOKE DELETE ON `full`.* FROM `u`@`%`"} {
		if g, ok := parseGrant(tokens(l)); ok {
			r.list = append(r.list, g)
		}
	}
	for _, c := range []struct {
		privilege, schema, table string
		want                     bool
	}{{"SELECT", "a_b", "t", true}, {"ALTER", "a_b", "t", false}, {"ALTER", "axb", "t", true}, {"UPDATE", "a_b", "t", true}, {"INSERT", "a_b", "t", false}, {"LOCK TABLES", "a_b", "*", true},
		{"XA_RECOVER_ADMIN", "*", "*", true}, {"PROCESS", "*", "*", false}, {"GRANT OPTION", "axb", "t", true}, {"GRANT OPTION", "full", "t", false}, {"DELETE", "full", "t", false}, {"DROP", "full", "t", true}} {
		if got := r.has(c.privilege, schema.Ident{Schema: c.schema, Name: c.table}); got != c.want {
			t.Errorf("%s on %s.%s: %t", c.privilege, c.schema, c.table, got)
		}
	}
	if p := r.pattern("a_b"); p != `a\_b` {
		t.Error(p)
	}
}

func TestClassify(t *testing.T) {
	for n, want := range map[uint16]error{1205: dberr.LockTimeout, 1213: dberr.Deadlock, 1062: dberr.Duplicate, 1142: dberr.Denied, 1290: dberr.ReadOnly, 1146: dberr.NotThere, 1064: dberr.Syntax, 2013: dberr.ConnLost, 1406: dberr.DataError} {
		if err := classify(&gomysql.MySQLError{Number: n, Message: "x"}); !errors.Is(err, want) || classify(err) != err {
			t.Errorf("%d: %v", n, err)
		}
	}
	var hint *dberr.Hint
	if err := classify(&gomysql.MySQLError{Number: 1419}); !errors.As(err, &hint) || !strings.Contains(hint.Do, "log_bin_trust_function_creators") {
		t.Errorf("1419: %v", err)
	}
	for _, lost := range []error{gomysql.ErrBusyBuffer, gomysql.ErrPktSync} { // what the server said when it ended the session lies unread
		if err := classify(fmt.Errorf("write: %w", lost)); !errors.Is(err, dberr.ConnLost) {
			t.Errorf("%v isn't a lost connection", err)
		}
	}
	if err := classify(gomysql.ErrInvalidConn); !errors.Is(err, dberr.ConnLost) {
		t.Error(err)
	}
}

func TestPositions(t *testing.T) {
	at := func(file, pos string) []record {
		return []record{{"relay_source_log_file": file, "exec_source_log_pos": pos}}
	}
	for _, c := range []struct {
		file, pos, want string
		ok              bool
	}{{"binlog.999999", "9", "binlog.1000000:4", false}, {"binlog.1000000", "4", "binlog.999999:900", true}, {"binlog.000002", "100", "binlog.000002:100", true}, {"binlog.000002", "99", "binlog.000002:100", false}} {
		if ok, _, err := reachedFile(at(c.file, c.pos), c.want); err != nil || ok != c.ok {
			t.Errorf("%s:%s for %s: %t %v", c.file, c.pos, c.want, ok, err)
		}
	}
}

func TestDSN(t *testing.T) {
	d, err := parseDSN("mysql://u:p%40ss@h:3307/db?socket=/tmp/x.sock&definer=" + url.QueryEscape("a@%"))
	if err != nil || d.config.Passwd != "p@ss" || d.config.Net != "unix" || d.definer != "a@%" || strings.Contains(d.shown, "p%40ss") {
		t.Errorf("%+v %v", d, err)
	}
}

func TestHandshake(t *testing.T) {
	h := handshake(append([]byte{74, 0, 0, 0, 10}, append([]byte("8.4.0-proxysql\x00"), 0x01, 0x02, 0, 0, 9, 9)...))
	if n, ok := h.thread(); !ok || n != 0x201 || h.version() != "8.4.0-proxysql" {
		t.Errorf("%d %t %s", n, ok, h.version())
	}
	for i := range h {
		if _, ok := h[:i].thread(); ok && i < len(h)-2 {
			t.Errorf("%d bytes are enough", i)
		}
	}
}
