package mysql

import "github.com/phasemig/phasemig/lint"

var objectState = rule{lint.Rule{
	ID: "no-such-object", Severity: lint.Error, Kind: lint.Fails,
	Summary: "a statement that doesn't fit the schema: what it names isn't there, or is there already, or is used by something else",
	Why:     "It is said only of tables that are known as a whole, from --schema, --dsn or the files before; that a table itself isn't there only where a schema was given as SQL.\n\nA column that a generated column, a CHECK of several columns, a foreign key or the partitioning uses can't be dropped, and on MySQL not be renamed, either.",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t ALTER COLUMN b SET DEFAULT 1;"}, {Schema: "CREATE TABLE t (a int);", SQL: "ALTER TABLE t ADD COLUMN a int;"}, {Schema: "CREATE TABLE t (a int);", SQL: "CREATE TABLE t (a int);"},
		{Schema: "CREATE TABLE t (a int, b int);", SQL: "ALTER TABLE t DROP INDEX i;"}, {Schema: "CREATE TABLE t (a int, g int AS (a + 1));", SQL: "ALTER TABLE t DROP COLUMN a;"}},
	Good: []lint.Example{{SQL: "ALTER TABLE t ALTER COLUMN b SET DEFAULT 1;"}, {Schema: "CREATE TABLE t (a int);", SQL: "CREATE TABLE IF NOT EXISTS t (a int);"}},
}, func(c *call) {
	for _, why := range c.state() {
		c.report(said{message: "this fails: " + why, safe: "Look at the names, or give the schema as it is before this file."})
	}
}}

// state says how a statement doesn't fit the schema.
func (c *call) state() []string {
	var out []string
	k := c.relation(c.table)
	if why := c.heldBack(); why != "" {
		return []string{why}
	}
	if why := c.refusedByTransaction(); why != "" {
		return []string{why}
	}
	if c.settings != "" {
		out = append(out, c.settingFaults(c.settings)...)
	}
	if why := c.unknownSequence(); why != "" {
		out = append(out, why)
	}
	if callsFunctions(c.verb) {
		if why := c.absentFunction(Syntax.Tokens(c.s.Text)); why != "" {
			out = append(out, why)
		}
	}
	switch c.verb {
	case "CREATE TABLE":
		return append(out, c.createState(k)...)
	case "CREATE SEQUENCE":
		return c.sequenceFaults()
	case "CREATE VIEW", "ALTER VIEW":
		return append(out, c.viewState(k)...)
	case "CREATE ROUTINE":
		return c.routineState()
	case "DROP TABLE", "DROP VIEW", "DROP SEQUENCE":
		return c.dropState()
	case "DROP TRIGGER", "DROP PROCEDURE", "DROP FUNCTION", "ALTER PROCEDURE", "ALTER FUNCTION", "CALL", "ALTER SEQUENCE", "ALTER EVENT", "DROP EVENT":
		return append(c.namedState(), c.sequenceFaults()...)
	case "RENAME TABLE":
		out = c.renameState()
	case "LOCK TABLES":
		out = append(out, c.lockKinds()...)
		for _, id := range c.tables {
			if c.missing(id) {
				out = append(out, "there is no table "+quoted(id))
			}
		}
	case "SET":
		if c.depth > 0 { // a variable of the routine
			return nil
		}
		return c.settingFaults(c.body)
	case "ALTER USER":
		out = append(out, c.loginFaults()...)
	case "CREATE USER", "CREATE ROLE":
		out = append(out, c.loginFaults()...)
		out = append(out, c.accountState()...)
	case "SELECT":
		return append(out, c.readState()...)
	case "EXECUTE":
		out = append(out, c.preparedFaults()...)
	case "PREPARE", "DEALLOCATE", "DROP PREPARE":
		return c.preparedFaults()
	case "GRANT":
		if id := c.grantedTable(); id.Name != "" && !after(Syntax.Tokens(c.body), "CREATE") && c.missing(id) && c.routine(id.Name) == nil {
			out = append(out, "there is no table "+quoted(id))
		}
		out = append(out, c.grantedColumns()...)
		out = append(out, c.grantFaults()...)
	case "TRUNCATE", "UPDATE", "DELETE", "INSERT", "REPLACE", "LOAD":
		out = append(out, c.writtenState(k)...)
		out = append(out, c.readsItself()...)
		out = append(out, c.absentPartition()...)
	case "CREATE DATABASE", "ALTER DATABASE", "CREATE SCHEMA", "ALTER SCHEMA":
		out = append(out, c.databaseFaults()...)
	}
	if len(c.clauses) > 0 {
		out = append(out, c.alterState(k)...)
	}
	return out
}
