package binlog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/stream"
)

// TestAdvance: files grow beyond what the log's 32 bits can say.
func TestAdvance(t *testing.T) {
	for _, c := range []struct {
		at   uint64
		low  uint32
		want uint64
	}{
		{4, 120, 120}, {120, 120, 120}, {1<<32 - 10, 20, 1<<32 + 20}, {1<<32 + 20, 40, 1<<32 + 40}, {2<<32 + 5, 3, 3<<32 + 3}, {1<<32 - 1, 0, 1 << 32},
	} {
		if got := advance(c.at, c.low); got != c.want {
			t.Errorf("advance(%d, %d) = %d, want %d", c.at, c.low, got, c.want)
		}
	}
}

// TestProgress compares resumes before and after what is older was forgotten.
func TestProgress(t *testing.T) {
	const a, b = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
	build := func() *progress {
		base, err := parsePosition("gtid:"+a+":1-5,"+b+":tag:3", false)
		if err != nil {
			t.Fatal(err)
		}
		p := newProgress(base, nil)
		end := func(groups int) { p.end(skips{groups, groups}) }
		for i := range uint64(4) {
			end(p.group(a, 6+i))
		}
		p.group(b, 1) // a group that is no end
		end(5)        // and one that a branch holds back
		p.group(b+":tag", 4)
		end(7 - 1)
		return p
	}
	want := []string{"1-5,B:tag:3", "1-6,B:tag:3", "1-7,B:tag:3", "1-8,B:tag:3", "1-9,B:tag:3", "1-9,B:1:tag:3", "1-9,B:1:tag:3-4"}
	for forget := range uint64(9) {
		p := build()
		p.forget(forget)
		for seq := range uint64(len(want)) {
			got := strings.ReplaceAll(strings.ReplaceAll(string(p.resume(seq)), "gtid:"+a+":", ""), b, "B")
			if seq >= min(forget, 6) && got != want[seq] {
				t.Errorf("after forgetting what is before %d: resume(%d) = %s, want %s", forget, seq, got, want[seq])
			}
		}
	}
}

// TestDomains: in one domain the last server wins.
func TestDomains(t *testing.T) {
	base, err := parsePosition("mariadb-gtid:0-1-5,7-2-9", true)
	if err != nil {
		t.Fatal(err)
	}
	base.add([]string{"0-1", "0-3", "9-1"}, []group{{1, 6}, {0, 7}, {2, 1}, {1, 8}})
	if got := base.position(); got != "mariadb-gtid:0-3-8,7-2-9,9-1-1" {
		t.Errorf("got %s", got)
	}
}

// TestXIDSpellings are all of one branch.
func TestXIDSpellings(t *testing.T) {
	for _, s := range []string{"XA COMMIT X'616227',X'01',1", "xa commit 0x616227 , x'01'", `XA COMMIT 'ab''', "\x01", 0x1`, "XA  COMMIT /* c */ 'ab\\'' , 0x01, 1"} {
		s = strings.ReplaceAll(s, `\x01`, "\x01")
		f := frameOf([]byte(s))
		if f.kind != frameXACommit || f.xid != (xid{1, "ab'", "\x01"}) || f.onePhase {
			t.Errorf("%s: %+v", s, f)
		}
	}
	if f := frameOf([]byte("XA COMMIT X'61',X'',7 ONE PHASE")); !f.onePhase || f.xid.format != 7 {
		t.Errorf("one phase: %+v", f)
	}
}

// TestFoldedNames: where the server folds names, any spelling is the relation.
func TestFoldedNames(t *testing.T) {
	list := []Relation{{Ident: schema.Ident{Schema: "shop", Name: "orders"}}}
	for _, s := range []string{"ALTER TABLE Orders ADD a int", "DROP TABLE SHOP.`ORDERS`", "DROP DATABASE Shop"} {
		for _, fold := range []bool{false, true} {
			err := newLookout(list, fold, "").judge(query{"Shop", []byte(s)})
			if (err != nil) != fold {
				t.Errorf("%s, folded %t: %v", s, fold, err)
			}
		}
	}
}

// TestJudge: statements that are hard to make a server log.
func TestJudge(t *testing.T) {
	list := []Relation{{Ident: schema.Ident{Schema: "shop", Name: "orders"}}}
	for s, want := range map[string]string{
		"SET STATEMENT max_statement_time=1 FOR ALTER TABLE orders ADD a int":                       "changed",
		"/*!50003 ALTER TABLE */ orders ADD a int":                                                  "changed",
		"/*M!100100 ALTER */ TABLE orders ADD a int":                                                "changed",
		"-- c\nALTER TABLE orders ADD a int":                                                        "changed",
		"ALTER TABLE \"orders\" ADD a int":                                                          "changed",
		"ALTER TABLE other.orders ADD a int":                                                        "",
		"ALTER TABLE a RENAME AS orders":                                                            "changed",
		"ALTER ONLINE IGNORE TABLE IF EXISTS orders ADD a int":                                      "changed",
		"CREATE OR REPLACE TABLE orders (a int)":                                                    "changed",
		"CREATE OR REPLACE DEFINER=`orders`@`%` TRIGGER x AFTER UPDATE ON shop.orders FOR EACH ROW": "trigger",
		"CREATE OR REPLACE DATABASE shop":                                                           "database",
		"LOAD DATA INFILE '/x' INTO TABLE orders":                                                   "binlog_format",
		"LOAD DATA INFILE '/x' INTO TABLE far.orders":                                               "",
		"WITH x AS (SELECT 1) UPDATE orders, x SET a = 1":                                           "binlog_format",
		"DELETE FROM `shop`.`other`":                                                                "triggers",
		"DELETE FROM `shop`.`other` /* generated by server */":                                      "",
		"DROP TABLE `far`.`orders` /* generated by server */":                                       "",
		"BINLOG 'orders'":          "",
		"HANDLER orders OPEN":      "isn't understood",
		"# only a comment":         "",
		"":                         "",
		"ALTER TABLE":              "",
		"ALTER TABLE 'orders":      "",
		"RENAME USER orders TO o2": "",
	} {
		err := newLookout(list, false, "r").judge(query{"shop", []byte(s)})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", s, err, want)
		}
	}
	var stop *stream.StopError
	if err := newLookout(list, false, "").judge(query{"shop", []byte("TRUNCATE orders /* " + fmt.Sprint(strings.Repeat("é", 300)) + " */")}); err == nil || len(err.Error()) > 400 {
		t.Errorf("a long statement: %v %v", stop, err)
	}
}

// FuzzJudge: no statement brings the look at it down.
func FuzzJudge(f *testing.F) {
	for _, s := range []string{"ALTER TABLE `a`.`b", "XA COMMIT X'", "SET STATEMENT FOR", "CREATE DEFINER=", "/*!", "'\\"} {
		f.Add(s)
	}
	l := newLookout([]Relation{{Ident: schema.Ident{Schema: "shop", Name: "orders"}}}, true, "r")
	f.Fuzz(func(t *testing.T, s string) {
		frameOf([]byte(s))
		_ = l.judge(query{"shop", []byte(s)})
	})
}

// FuzzJSON: no document brings the reader down.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{"\x00\x01\x00\x0c\x00\x0b\x00\x01\x00\x05\x01\x00a", "\x0f\xf6\x04\x03\x02\x81\x32", "\x0f\x0c\x08\x00\x00\x00\x00\x00\x00\x00\x00", "\x03", "\x02\x01\x00\x08\x00\x02\x00\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) { _, _ = appendJSONValue(nil, b) })
}

// FuzzRows: no table map and no rows event bring the decoder down.
func FuzzRows(f *testing.F) {
	columns := []schema.Column{{Name: "a", Type: "int"}, {Name: "b", Type: "decimal(10,2)"}, {Name: "c", Type: "varchar(10)", Charset: "utf8mb4"}, {Name: "d", Type: "time(3)"}, {Name: "e", Type: "json"}}
	name := mapName("shop", "orders")
	shape := "\x05\x03\xf6\x0f\x13\xf5\x06\x0a\x02\x28\x00\x03\x04\x1f"
	row := "\x00\x01\x00\x00\x00\x80\x00\x00\x01\x32\x01a\x80\x00\x00\x00\x00\x00\x00\x00\x00"
	f.Add([]byte(shape), []byte("\x02\x00\x05\x1f"+row), byte(0))
	f.Add([]byte(shape), []byte("\x02\x00\x05\x1f\x1f"+row+row), byte(1))
	f.Fuzz(func(t *testing.T, shape, rows []byte, kind byte) {
		d, err := newDecoder([]Relation{{Ident: schema.Ident{Schema: "shop", Name: "orders"}, Columns: columns}}, Config{})
		if err != nil {
			t.Fatal(err)
		}
		head := []byte{1, 0, 0, 0, 0, 0, 0, 0}
		_ = d.tableMap(append(append(head[:8:8], name...), shape...))
		_ = d.rows(rowsEvent{body: append(head[:8:8], rows...), kind: stream.Kind(1 + kind%3), version: 2, compressed: kind > 100}, func(stream.Change, int) error { return nil })
	})
}
