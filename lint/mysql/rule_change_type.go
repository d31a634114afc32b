package mysql

import "github.com/phasemig/phasemig/lint"

var changeType = rule{lint.Rule{
	ID: "change-type", Severity: lint.Error, Kind: lint.Rewrite,
	Summary: "a type change that copies the table while writes wait",
	Why:     "Another type, another sign, another precision, a shorter VARCHAR, a VARCHAR that crosses 255 bytes (counted in the character set's widest character), members of an ENUM that go away or move, another character set: all copy the table. A longer VARCHAR on the same side of 255 bytes, new ENUM members at the end, another default or comment don't. MariaDB also takes a VARCHAR of up to 127 bytes across 255, and copies beside writes since 11.2.\n\nWhere the old definition isn't known the change is taken for a copy; give the schema (--schema, --dsn) to have it told.",
	Bad:     []lint.Example{{Schema: "CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50)) DEFAULT CHARSET=utf8mb4;", SQL: "ALTER TABLE t MODIFY a bigint;"}, {Schema: "CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50)) DEFAULT CHARSET=utf8mb4;", SQL: "ALTER TABLE t MODIFY v varchar(100);"}, {SQL: "ALTER TABLE t MODIFY a bigint;"}},
	Good:    []lint.Example{{Schema: "CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50)) DEFAULT CHARSET=utf8mb4;", SQL: "ALTER TABLE t MODIFY v varchar(60);"}, {Schema: "CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL DEFAULT 0, v varchar(50)) DEFAULT CHARSET=utf8mb4;", SQL: "ALTER TABLE t MODIFY a int DEFAULT 5;"}},
}, blocking(func(c *call, p priced) string {
	return lint.ChangeFile("change_type", "table", c.table.Name, "column", p.name, "type", p.column.typ.String())
})}
