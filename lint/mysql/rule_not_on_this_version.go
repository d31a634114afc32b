package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
)

var notOnThisVersion = rule{lint.Rule{
	ID: "not-on-this-version", Severity: lint.Error, Kind: lint.Fails,
	Summary: "syntax that this server, or this version of it, doesn't have",
	Why:     "MySQL and MariaDB have grown apart: IF EXISTS inside of ALTER TABLE, IF NOT EXISTS of CREATE INDEX, NOCOPY, WAIT and CREATE OR REPLACE TABLE are MariaDB's; indexes on expressions, INVISIBLE indexes and NOT ENFORCED are MySQL's. RENAME COLUMN came with MySQL 8.0 and MariaDB 10.5.2.",
	Bad:     []lint.Example{{Version: "5.7", SQL: "ALTER TABLE t RENAME COLUMN a TO b;"}, {Version: "5.7", SQL: "CREATE INDEX i ON t ((a + 1));"}},
	Good:    []lint.Example{{SQL: "CREATE TABLE IF NOT EXISTS t (a int);"}, {SQL: "ALTER TABLE t ADD COLUMN a int;"}},
}, func(c *call) {
	for _, p := range c.costs("not-on-this-version") {
		c.report(said{message: "this fails: " + p.fails, safe: "Write it for the server that runs it."})
	}
	for _, why := range c.foreignWords() {
		c.report(said{message: "this fails: " + why, safe: "Write it for the server that runs it."})
	}
}}

// foreignWords says what the statement takes from the other server.
func (c *call) foreignWords() []string {
	out := append(c.reservedNames(), c.foreignTypes()...)
	switch c.algorithm {
	case "", "DEFAULT", "INSTANT", "INPLACE", "NOCOPY", "COPY":
	default:
		out = append(out, "there is no ALGORITHM="+c.algorithm)
	}
	switch c.lock {
	case "", "DEFAULT", "NONE", "SHARED", "EXCLUSIVE":
	default:
		out = append(out, "there is no LOCK="+c.lock)
	}
	if c.several && !(c.maria && c.version >= 120000) {
		out = append(out, "a trigger is for one event")
	}
	if c.verb == "CREATE VIEW" && c.word != "" && (c.maria || c.version < 90400) {
		out = append(out, "this server has no views of the kind "+c.word)
	}
	out = append(out, c.standsAlone()...)
	if c.maria {
		return append(out, c.mysqlWords()...)
	}
	return append(out, c.mariadbWords()...)
}

// standsAlone: what is done with partitions is the only clause of its ALTER TABLE. MySQL takes ALGORITHM and LOCK in front of it, MariaDB nothing.
func (c *call) standsAlone() []string {
	for i, x := range c.clauses {
		if !strings.HasSuffix(x.kind, " partition") {
			continue
		}
		if len(c.clauses) > 1 || i == 0 && c.wordsLate || c.maria && (c.algorithm != "" && c.algorithm != c.usual || c.lock != "") {
			return []string{"what is done with partitions stands alone in its ALTER TABLE"}
		}
	}
	return nil
}

// mysqlWords are those that only MySQL knows.
func (c *call) mysqlWords() []string {
	var out []string
	if c.returning && c.verb == "UPDATE" {
		out = append(out, "MariaDB has no UPDATE … RETURNING")
	}
	switch {
	case c.alias:
		out = append(out, "MariaDB gives the rows of an INSERT no name; VALUE(a) is the same")
	case c.verb == "ANALYZE TABLE" && strings.Contains(strings.ToUpper(c.body), "HISTOGRAM"):
		out = append(out, "MariaDB has no ANALYZE … HISTOGRAM; PERSISTENT FOR is its own")
	case c.verb == "SELECT" && (firstWord(c.s.Text) == "TABLE" || strings.HasPrefix(strings.ToUpper(c.s.Text), "VALUES ROW")):
		out = append(out, "MariaDB has no TABLE and no VALUES ROW() as a statement")
	}
	if t := Syntax.Tokens(c.body); (c.verb == "CREATE VIEW" || c.verb == "ALTER VIEW" || c.verb == "CREATE TABLE" && c.selects) && (startsWith(t, "AS", "TABLE") || startsWith(t, "AS", "VALUES", "ROW") || startsWith(t, "TABLE")) {
		out = append(out, "MariaDB has no TABLE and no VALUES ROW() as a query")
	}
	if c.verb == "LOCK INSTANCE" {
		out = append(out, "MariaDB has no LOCK INSTANCE; BACKUP STAGE is its own")
	}
	if arrow(c.s.Text) {
		out = append(out, "MariaDB has no -> and ->>; JSON_EXTRACT and JSON_VALUE are the same")
	}
	if c.verb == "ALTER TABLE" && c.waitsLate {
		out = append(out, "WAIT and NOWAIT stand behind the table's name")
	}
	if c.verb == "DROP INDEX" && (c.algorithm != "" || c.lock != "") {
		out = append(out, "MariaDB has no ALGORITHM and LOCK for DROP INDEX; ALTER TABLE … DROP INDEX has them")
	}
	for _, x := range c.clauses {
		switch {
		case x.kind == "alter key" && strings.Contains(strings.ToUpper(x.text), "VISIBLE"), x.kind == "alter check", x.kind == "set visible", x.kind == "validation":
			out = append(out, "MariaDB has no "+x.text)
		case x.kind == "exchange partition" && c.version < 110400 && after(Syntax.Tokens(x.text), "VALIDATION"):
			out = append(out, "MariaDB has no WITH and WITHOUT VALIDATION before 11.4")
		case x.kind == "drop constraint" && strings.HasPrefix(strings.ToUpper(x.text), "DROP CHECK"):
			out = append(out, "MariaDB has no DROP CHECK; DROP CONSTRAINT is the same")
		case x.kind == "add key" && x.key.kind == "check" && !x.key.enforced:
			out = append(out, "MariaDB has no NOT ENFORCED")
		}
	}
	return out
}

// mariadbWords are those that only MariaDB knows.
func (c *call) mariadbWords() []string {
	var out []string
	switch {
	case c.setting:
		out = append(out, "MySQL has no SET STATEMENT")
	case c.period:
		out = append(out, "MySQL has no periods")
	case c.returning:
		out = append(out, "MySQL has no RETURNING")
	case c.verb == "GRANT" && c.version >= 80000 && after(Syntax.Tokens(c.body), "IDENTIFIED"):
		out = append(out, "GRANT gives no password since 8.0; CREATE USER and ALTER USER do")
	case c.verb == "ANALYZE TABLE" && strings.Contains(strings.ToUpper(c.body), "PERSISTENT"):
		out = append(out, "MySQL has no ANALYZE … PERSISTENT; UPDATE HISTOGRAM is its own")
	case c.verb == "UPDATE" && c.joined && c.limited:
		out = append(out, "MySQL has no LIMIT for an UPDATE of several tables")
	case c.verb == "CREATE ROUTINE" && c.word == "FUNCTION" && directed(c.body):
		out = append(out, "the parameters of a function have no IN, OUT or INOUT")
	case c.isOnline:
		out = append(out, "MySQL has no ALTER ONLINE TABLE; LOCK=NONE is the same")
	case c.ignore:
		out = append(out, "MySQL has no ALTER IGNORE since 5.7")
	case c.algorithm == "NOCOPY":
		out = append(out, "MySQL has no ALGORITHM=NOCOPY")
	case c.waits:
		out = append(out, "MySQL has no WAIT or NOWAIT here; SET SESSION lock_wait_timeout is the same")
	case c.replace && c.verb != "CREATE VIEW" && c.verb != "CREATE SPATIAL":
		out = append(out, "MySQL has no CREATE OR REPLACE but for views")
	case strings.HasSuffix(c.verb, " SEQUENCE"):
		out = append(out, "MySQL has no sequences")
	case c.ifExists && c.verb == "RENAME TABLE":
		out = append(out, "MySQL has no RENAME TABLE IF EXISTS")
	case c.ifExists && c.verb == "ALTER TABLE":
		out = append(out, "MySQL has no ALTER TABLE IF EXISTS")
	case c.ifExists && c.verb == "DROP INDEX":
		return append(out, "MySQL has no IF EXISTS there")
	}
	for _, x := range c.clauses {
		switch x.kind {
		case "add versioning", "drop versioning", "add period", "drop period":
			out = append(out, "MySQL has no system versioning and no periods")
		case "add partition", "partition by":
			if takesRest(x.value) || x.kind == "add partition" && takesRest("LIST (a) ("+x.value+")") {
				out = append(out, "MySQL has no DEFAULT partition")
			}
		case "set default":
			if now(firstWord(x.column.def)) {
				out = append(out, "SET DEFAULT takes CURRENT_TIMESTAMP only in parentheses")
			}
		}
		if x.kind == "alter key" && strings.Contains(strings.ToUpper(x.text), "IGNORED") {
			out = append(out, "MySQL has no IGNORED; INVISIBLE is the same")
		}
		if x.exists && x.kind != "add column" && x.kind != "drop column" || x.kind == "add key" && x.key.exists {
			out = append(out, "MySQL has no IF EXISTS and IF NOT EXISTS there")
		}
	}
	return out
}

// directed: a parameter has IN, OUT or INOUT in front.
func directed(body string) bool {
	c := newCursor(body)
	if !c.at("(") {
		return false
	}
	for _, p := range cutBy(c.inside().t, ",") {
		if len(p) > 2 && (p[0].Is("IN") || p[0].Is("OUT") || p[0].Is("INOUT")) {
			return true
		}
	}
	return false
}

func startsWith(t []lint.Token, words ...string) bool {
	for i, w := range words {
		if i >= len(t) || !t[i].Is(w) {
			return false
		}
	}
	return true
}

func firstWord(text string) string {
	if t := Syntax.Tokens(text); len(t) > 0 {
		return t[0].Text
	}
	return ""
}

// reservedNames are names that this server takes for something else: words that it keeps for itself, and texts in double quotes.
func (c *call) reservedNames() []string {
	var out []string
	for _, n := range c.names.bare {
		if c.reserved(n) {
			out = append(out, n+" is a reserved word, and needs quotes as a name: `"+n+"`")
		}
	}
	for _, n := range c.names.double {
		if !c.ansi {
			out = append(out, `"`+n+"\" is a text and no name, unless sql_mode has ANSI_QUOTES; `"+n+"` is a name")
		}
	}
	return out
}

// foreignTypes are types and attributes that this server or this version doesn't have.
func (c *call) foreignTypes() []string {
	var out []string
	look := func(col column) {
		since, ok := c.sinceType(col.typ.name)
		switch {
		case !ok:
			out = append(out, "this server has no type "+col.typ.name)
		case c.version < since:
			out = append(out, "the type "+col.typ.name+" came with "+since.String())
		case col.typ.oracle && !(c.maria && c.oracle):
			out = append(out, "the type of "+quote(col.name)+" is one of Oracle, which only MariaDB knows, with sql_mode=ORACLE")
		case c.maria && col.place:
			out = append(out, "MariaDB has no COLUMN_FORMAT and no STORAGE for a column")
		case !c.maria && col.systemID:
			out = append(out, "MySQL has no REF_SYSTEM_ID; SRID is its own")
		case c.maria && col.srid != "":
			out = append(out, "MariaDB has no SRID; REF_SYSTEM_ID is its own")
		case c.maria && col.generated != "" && (col.notNull || col.null):
			out = append(out, "MariaDB has no NULL and no NOT NULL for a generated column")
		case c.maria && col.compressed && !strings.HasSuffix(col.typ.name, "char") && !strings.HasSuffix(col.typ.name, "text") && !strings.HasSuffix(col.typ.name, "blob") && !strings.HasSuffix(col.typ.name, "binary"):
			out = append(out, "only texts and blobs can be COMPRESSED, and "+quote(col.name)+" is neither")
		case c.maria && col.generated != "" && col.primary:
			out = append(out, "MariaDB takes no generated column as the primary key there")
		case c.maria && col.generated != "" && col.hasDef:
			out = append(out, "a generated column has no default")
		case c.maria && col.namedCheck:
			out = append(out, "MariaDB gives the CHECK of a column no name; ADD CONSTRAINT … CHECK has one")
		case c.maria && col.checkOf != "" && !col.check:
			out = append(out, "MariaDB has no NOT ENFORCED")
		case c.maria && col.behindCheck:
			out = append(out, "on MariaDB a column's CHECK stands last")
		case !c.maria && (col.compressed || col.rowTime || col.versioned):
			out = append(out, "MySQL has no compressed columns and no system versioning")
		}
	}
	for _, col := range c.columns {
		look(col)
	}
	keys := c.keys
	for _, x := range c.clauses {
		if x.column.typ.name != "" {
			look(x.column)
		}
		if x.kind == "add key" {
			keys = append(keys[:len(keys):len(keys)], x.key)
		}
	}
	for _, q := range keys {
		word := q.hidden
		if q.kind == "check" && !q.enforced && c.maria && c.verb == "CREATE TABLE" {
			out = append(out, "MariaDB has no NOT ENFORCED")
		}
		if word == "INVISIBLE" && c.maria || word == "IGNORED" && !c.maria {
			out = append(out, "this server has no "+word+" for an index")
		}
		for _, p := range q.parts {
			if p.Expression != "" && c.maria && c.verb == "CREATE TABLE" {
				out = append(out, "an index on an expression isn't known there")
			}
		}
	}
	return out
}

// sinceType is the version that brought a type; false where the server doesn't have it.
func (j *judge) sinceType(name string) (since lint.Version, ok bool) {
	switch name {
	case "vector":
		if j.maria {
			return 110700, true
		}
		return 90000, true
	case "uuid":
		return 100700, j.maria
	case "inet6":
		return 100500, j.maria
	case "inet4":
		return 101000, j.maria
	case "xmltype":
		return 120000, j.maria
	}
	return 0, true
}

// arrow finds MySQL's column->'$.path'.
func arrow(text string) bool {
	if !strings.Contains(text, "->") {
		return false
	}
	t := Syntax.Tokens(text)
	for i := 0; i+2 < len(t); i++ {
		if t[i].Is("-") && t[i+1].Is(">") && t[i+1].Start == t[i].End && (t[i+2].Kind == lint.String || t[i+2].Is(">")) {
			return true
		}
	}
	return false
}
