package mysql

import "github.com/phasemig/phasemig/lint"

var addColumnBlocking = rule{lint.Rule{
	ID: "add-column-blocking", Severity: lint.Error, Kind: lint.Rewrite,
	Summary: "a new column that isn't INSTANT: the table is copied or renumbered while writes wait",
	Why:     "A plain column is INSTANT: since 8.0.12 at the end of the table, since 8.0.29 anywhere (MariaDB: 10.3 and 10.4). A STORED generated column, AUTO_INCREMENT, an expression as default (on MySQL any, on MariaDB one that differs from row to row), a CHECK on MySQL, a foreign key, and any column of a table with a FULLTEXT index are not.\n\nAdd a plain column and fill it in batches, or let phasemig copy the table beside its traffic.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t ADD COLUMN c int AS (a + 1) STORED;"}, {SQL: "ALTER TABLE t ADD COLUMN c bigint AUTO_INCREMENT UNIQUE;"}, {SQL: "ALTER TABLE t ADD COLUMN c varchar(36) DEFAULT (uuid());"}, {Schema: "CREATE TABLE t (a text, FULLTEXT (a));", SQL: "ALTER TABLE t ADD COLUMN c int;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t ADD COLUMN c int;"}, {SQL: "ALTER TABLE t ADD COLUMN c int AS (a + 1) VIRTUAL;"}, {SQL: "ALTER TABLE t ADD COLUMN c datetime NOT NULL DEFAULT CURRENT_TIMESTAMP;"}},
}, blocking(func(c *call, p priced) string {
	return "ALTER TABLE " + quoted(c.table) + " ADD COLUMN " + quote(p.name) + " " + p.column.typ.String() + ", ALGORITHM=INSTANT;\n-- new rows by the application or a trigger; then in batches by key:\nUPDATE " + quoted(c.table) + " SET " + quote(p.name) + " = … WHERE " + quote(p.name) + " IS NULL AND id BETWEEN … AND …;"
})}
