package lint

import (
	"strings"
	"testing"
)

// syntaxes are those of the two dialects.
var syntaxes = []Syntax{
	{Dollar: true, Nested: true, Meta: true},
	{Hash: true, Backtick: true, Backslash: true, Delimiter: true, Executable: true},
}

// texts are what the fuzz targets begin with.
var texts = []string{
	"", ";", ";;", "SELECT 1;\nSELECT 2", "SELECT 'a;b'", "SELECT 'a", "SELECT \"a\"\"b\"; -- c", "/* a /* b */ c */ SELECT 1;", "/* a", "/*", "/*/", "*/", "$a$ ; $a$;", "$a$ ;", "$$", "$1", "E'\\'' ; x", "SELECT `a``b`", "# c\nSELECT 1",
	"DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END//\nDELIMITER ;\nSELECT 2;", "DELIMITER", "DELIMITER \n", "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN IF 1 THEN SET @x = 1; END IF; END; SELECT 1",
	"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END;", "COPY t FROM STDIN;\n1\t;\n\\.\nSELECT 1;", "COPY t FROM STDIN", "\\set x 1\nSELECT 1;", "/*!40101 SET NAMES utf8 */;", "/*M!100401 UNIQUE */", "BEGIN NOT ATOMIC SELECT 1; END;",
	"-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- +goose StatementEnd\n-- +goose Down\nSELECT 2;", "-- +goose NO TRANSACTION", "-- +goose StatementBegin", "-- migrate:up transaction:false\nSELECT 1;\n-- migrate:down\nSELECT 2;", "-- migrate:down",
	"SELECT 1;\n---- create above / drop below ----\nSELECT 2;", "---- tern: disable-tx ----", "--liquibase formatted sql\n--changeset a:1 runInTransaction:false\nSELECT 1;", "-- atlas:txmode none\n\nSELECT 1;", "-- Running upgrade  -> 1\n\nSELECT 1;",
	"BEGIN;\n--\n-- Add field a to b\n--\nSELECT 1;\nCOMMIT;", "  TRANSACTION (0.1ms)  BEGIN\n   (1.0ms)  SELECT 1\n  SQL (0.2ms)  SELECT 2  [[\"a\", 1]]\n", "(0.1ms) SELECT \x1b[1m1\x1b[0m", "D, [2026 #1] DEBUG -- :   (0.1ms)  SELECT 1",
	"-- phasemig:ignore a reason=\"x\" until=2027-01-31\nSELECT 1;", "-- phasemig:ignore-file a,b reason=\"\"", "/* phasemig:ignore */ SELECT 1", "-- phasemig:ignore a reason=\"x", "SELECT 1; -- phasemig:ignore a until=x reason=\"y\"", "-- phasemig:flag key=a expires=2027-01-31", "-- phasemig:flag",
	"\x00", "\xff\xfe", "SELECT '\xff'", "\ufeffSELECT 1", "ä;ö", "@@a.b; @x", "1.5e3;", "a\r\n;\r\nb",
}

// FuzzTokens: every token is where it says, behind the one before, and the text comes to an end.
func FuzzTokens(f *testing.F) {
	for _, s := range texts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, x := range syntaxes {
			at := 0
			for tok, ok := x.Next(text, 0); ok; tok, ok = x.Next(text, tok.End) {
				if tok.Start < at || tok.End <= tok.Start || tok.End > len(text) || tok.Text != text[tok.Start:tok.End] {
					t.Fatalf("%+v behind %d", tok, at)
				}
				at = tok.End
				_ = tok.Value()
			}
		}
	})
}

// FuzzSplit: every statement is a part of the text, behind the one before.
func FuzzSplit(f *testing.F) {
	for _, s := range texts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, x := range syntaxes {
			inOrder(t, text, x.Split(text))
		}
	})
}

func inOrder(t *testing.T, text string, list []Statement) {
	t.Helper()
	at := 0
	for _, s := range list {
		if s.Start < at || s.End < s.Start || s.End > len(text) {
			t.Fatalf("a statement from %d to %d behind %d in %q", s.Start, s.End, at, text)
		}
		at = s.Start
	}
}

// FuzzFormat: whatever tool a file is said to be of, and in both directions, it is read, and every statement has its place in it.
func FuzzFormat(f *testing.F) {
	for _, s := range texts {
		for i := range Formats() {
			f.Add(s, uint8(i), i%2 == 0, "a.sql")
		}
	}
	for _, n := range []string{"1.up.sql", "1.down.sql", "V1__a.sql", "U1__a.sql", "R__a.sql", "migration.sql", "a\\b.sql", ""} {
		f.Add("SELECT 1;", uint8(len(Formats())), false, n)
	}
	f.Fuzz(func(t *testing.T, text string, format uint8, down bool, name string) {
		r := Reading{Down: down}
		if int(format) < len(Formats()) {
			r.Format = Formats()[format]
		}
		for _, x := range syntaxes {
			file, _ := NewFile(&Dialect{Syntax: x}, name, text, r)
			inOrder(t, text, file.Statements)
			for _, s := range file.Statements {
				if n, column := file.Position(s.Start); n < 1 || column < 1 {
					t.Fatalf("line %d, column %d", n, column)
				}
			}
		}
	})
}

// FuzzIgnore: comments that ignore, and flags: each finding has its place, and one that is expired or says no reason ignores nothing.
func FuzzIgnore(f *testing.F) {
	for _, s := range texts {
		f.Add(s, "2026-11-25")
	}
	f.Fuzz(func(t *testing.T, text, today string) {
		for _, x := range syntaxes {
			d := &Dialect{Syntax: x, Rules: []Rule{{ID: "a"}, {ID: "b"}}, New: func(Version, *Catalog) Judge { return complainer{} }}
			file, _ := NewFile(d, "a.sql", text, Reading{})
			r := Check(d, []*File{file}, Options{Today: today})
			for _, x := range r.Findings {
				if x.Line < 1 || x.Column < 1 || x.Offset < 0 || x.Offset > len(text) {
					t.Fatalf("%+v", x)
				}
			}
			if r.Ignored > 0 && !strings.Contains(text, "reason=\"") {
				t.Fatalf("ignored without a reason: %q", text)
			}
		}
	})
}

// complainer finds something about each statement.
type complainer struct{}

func (complainer) Begin(*File)    {}
func (complainer) End() []Finding { return nil }
func (complainer) Statement(s Statement) []Finding {
	return []Finding{At(s, "a", Error, "x")}
}

// FuzzVersion: a version is read or refused, and what is read can be written and read again.
func FuzzVersion(f *testing.F) {
	for _, s := range []string{"9.7", "8.0.29", "18", "10.11.19-MariaDB", "15.18 (Debian)", "", ".", "1.", "999999999999", "1.2.3.4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseVersion(text)
		if err != nil {
			return
		}
		if again, err := ParseVersion(v.String()); err != nil || again != v && v < 100*10000 {
			t.Fatalf("%q is %d, written %q, read %d: %v", text, v, v, again, err)
		}
	})
}
