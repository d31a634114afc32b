package lint

import (
	"slices"
	"testing"
)

// TestFormats: whose file it is, which statements go forward, at which line, and whether they are in one transaction.
func TestFormats(t *testing.T) {
	d := &Dialect{Syntax: Syntax{Dollar: true, Nested: true, Meta: true}}
	for _, x := range []struct {
		name, text string
		format     Format
		wrapped    bool
		single     bool
		lines      []int
	}{
		{"a.sql", "SELECT 1;\n\nSELECT 2", Plain, false, false, []int{1, 3}},
		{"1_a.up.sql", "SELECT 1;", GolangMigrate, false, true, []int{1}},
		{"V2__a.sql", "SELECT 1;", Flyway, true, false, []int{1}},
		{"a.sql", "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\nSELECT 2;\n-- +goose StatementEnd\nSELECT 3;\n-- +goose Down\nSELECT 4;", Goose, true, false, []int{3, 6}},
		{"a.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;", Goose, false, false, []int{3}},
		{"a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;", Dbmate, true, false, []int{2}},
		{"a.sql", "-- migrate:up transaction:false\nSELECT 1;", Dbmate, false, false, []int{2}},
		{"a.sql", "-- atlas:txmode none\n\nSELECT 1;", Atlas, false, false, []int{3}},
		{"prisma/migrations/1_a/migration.sql", "SELECT 1;", Prisma, false, true, []int{1}},
		{"a.sql", "SELECT 1;\n---- create above / drop below ----\nSELECT 2;", Tern, true, false, []int{1}},
		{"a.sql", "--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n--rollback SELECT 2;", Liquibase, true, false, []int{3}},
		{"a.sql", "BEGIN;\n\n-- Running upgrade  -> 1\n\nSELECT 1;\n\nCOMMIT;", Alembic, false, false, []int{1, 5, 7}},
		{"a.sql", "BEGIN;\n--\n-- Add field a to b\n--\nSELECT 1;\nCOMMIT;", Django, false, false, []int{1, 5, 6}},
		{"a.log", "  TRANSACTION (0.1ms)  BEGIN\n   (1.0ms)  SELECT 1\n  SQL (0.2ms)  SELECT 2  [[\"a\", 1]]\n", Rails, false, false, []int{1, 2, 3}},
		{"a.sql", "COPY t FROM STDIN;\n1\tit's;\n\\.\nSELECT 1;", Plain, false, false, []int{1, 4}},
		{"a.sql", "\\set x 1\nSELECT 1;", Plain, false, false, []int{2}},
		{"a.sql", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;\nSELECT 1;", Plain, false, false, []int{1, 2}},
	} {
		f, _ := NewFile(d, x.name, x.text, Reading{})
		var lines []int
		for _, s := range f.Statements {
			n, _ := f.Position(s.Start)
			lines = append(lines, n)
		}
		if f.Format != x.format || f.Wrapped != x.wrapped || f.Single != x.single || !slices.Equal(lines, x.lines) {
			t.Errorf("%s %q: %s, wrapped %v, single %v, lines %v", x.name, x.text, f.Format, f.Wrapped, f.Single, lines)
		}
	}
}

// TestFormatWithoutMarks: a file that is said to be of a tool, and holds none of its marks, is judged as a whole.
func TestFormatWithoutMarks(t *testing.T) {
	d := &Dialect{Syntax: Syntax{Dollar: true}}
	for _, format := range Formats() {
		f, _ := NewFile(d, "a.up.sql", "SELECT 1;\nSELECT 2;", Reading{Format: format})
		if len(f.Statements) != 2 {
			t.Errorf("%s: %d statements", format, len(f.Statements))
		}
	}
	for _, format := range []Format{Tern, Dbmate} {
		if f, _ := NewFile(d, "a.sql", "SELECT 1;", Reading{Format: format, Down: true}); len(f.Statements) != 0 {
			t.Errorf("%s, back: %d statements", format, len(f.Statements))
		}
	}
}

func TestMySQLSplit(t *testing.T) {
	x := Syntax{Hash: true, Backtick: true, Backslash: true, Delimiter: true, Executable: true}
	for text, want := range map[string]int{
		"SELECT 'a\\';b'; SELECT 2": 2, "SELECT 1 # a;b\n; SELECT 2": 2, "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END//\nDELIMITER ;\nSELECT 2;": 2,
		"CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; ELSE SELECT 2; END IF; WHILE 0 DO SELECT 3; END WHILE; CASE 1 WHEN 1 THEN SELECT 4; END CASE; END; SELECT 5": 2,
		"CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.x = IF(NEW.y, 1, 2); SELECT 2":                                                                     2, "/*!40101 SET NAMES utf8 */; SELECT 1": 2, "BEGIN NOT ATOMIC SELECT 1; SELECT 2; END; SELECT 3": 2,
		"SELECT `a;b`, \"c;d\"; SELECT 2": 2, "BEGIN; SELECT 1; COMMIT": 3,
	} {
		if got := x.Split(text); len(got) != want {
			t.Errorf("%q: %d statements, wanted %d", text, len(got), want)
		}
	}
}

func TestVersion(t *testing.T) {
	for text, want := range map[string]Version{"9.7": 90700, "8.0.29": 80029, "18": 180000, "10.11.19-MariaDB": 101119, "15.18 (Debian)": 151800} {
		if got, err := ParseVersion(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	if _, err := ParseVersion("new"); err == nil {
		t.Error("a word was taken for a version")
	}
}
