package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var invalidDefinition = rule{lint.Rule{
	ID: "invalid-definition", Severity: lint.Error, Kind: lint.Fails,
	Summary: "a definition that the server refuses",
	Why:     "A literal default of a TEXT, BLOB, JSON or geometry column (MySQL), an index on such a column without a prefix, another type for a column of a foreign key, a generated column that becomes a plain one or the other way round, an index that a foreign key needs, a new key column with the same value in every row; and whatever else makes a definition that can't be: a default that isn't a value of its type, a key that is too long, AUTO_INCREMENT without an index, an expression that names what isn't there or varies, a partitioning whose column isn't in every unique key, a foreign key whose columns don't fit.\n\nThe table is taken as it is behind the statement, and looked through as a whole.",
	Bad: []lint.Example{{SQL: "ALTER TABLE t ADD COLUMN b int DEFAULT 'x';"}, {Schema: "CREATE TABLE t (a varchar(10));", SQL: "ALTER TABLE t ADD INDEX (a(20));"}, {Schema: "CREATE TABLE t (a int, g int AS (a) VIRTUAL);", SQL: "ALTER TABLE t MODIFY g int;"},
		{SQL: "ALTER TABLE t ADD COLUMN code int NOT NULL DEFAULT 0 UNIQUE;"}},
	Good: []lint.Example{{Schema: "CREATE TABLE t (id int, a text);", SQL: "ALTER TABLE t ADD INDEX (a(100));"}, {SQL: "ALTER TABLE t ADD COLUMN code int UNIQUE;"}},
}, func(c *call) {
	safe := "Look at the definition."
	for _, n := range c.names.wrong {
		c.report(said{message: fmt.Sprintf("this fails: %q is no name", n), safe: safe})
	}
	for _, why := range append(c.newFaults(), c.attributeFaults()...) {
		c.report(said{message: "this fails: " + why, safe: safe})
	}
	for _, p := range c.costs("invalid-definition") {
		c.report(said{message: "this fails: " + p.fails, safe: safe})
	}
	if !c.altered() {
		return
	}
	for _, x := range c.clauses {
		if col := x.column; x.kind == "add column" && (col.unique || col.primary) && !col.auto && col.generated == "" && !col.expr && (col.notNull || !col.nullDefault()) {
			c.report(said{message: "this fails on a table with more than one row: every row has the same value of the new key column " + quote(col.name), safe: "ALTER TABLE " + quoted(c.table) + " ADD COLUMN " + quote(col.name) + " " + col.typ.String() + "; -- fill it in batches, then ADD UNIQUE"})
		}
		if need := c.needed(x); need != "" {
			c.report(said{message: "this fails: the foreign key " + need + " needs the index " + quote(x.name), safe: "Drop the foreign key in the same ALTER, or add another index that begins with its columns first."})
		}
	}
}}

// newFaults are the faults of a table behind the statement that it doesn't have before.
func (c *call) newFaults() []string {
	var out []string
	switch {
	case c.verb == "CREATE TABLE" && c.like.Name == "" && !(c.ifNotExists && c.relation(c.table) != nil):
		k := c.draft()
		out = append(c.doubled(), c.faults(k, !c.selects)...)
		out = append(out, c.cutFaults()...)
		if c.keyed && !c.temporary && k.FindIndex("PRIMARY") == nil && !c.selects {
			out = append(out, "sql_require_primary_key is on, and the table has no primary key")
		}
		if c.options["start"] != "" && c.selects {
			out = append(out, "START TRANSACTION doesn't go together with a query")
		}
		return append(append(out, c.keyFaults(k)...), c.optionFaults()...)
	case len(c.clauses) == 0:
		return nil
	}
	k := c.relation(c.table)
	if k != nil && k.Kind == "view" {
		return nil
	}
	known := whole(k)
	if k == nil {
		k = &lint.Relation{Table: schema.Table{Ident: c.table, Kind: "table"}}
	}
	before := c.faults(k, known)
	then := c.after(c.statement, k)
	for _, why := range append(c.faults(then, known), c.keyFaults(then)...) {
		if !slices.Contains(before, why) {
			out = append(out, why)
		}
	}
	if child := c.unfound(k, then); known && child != "" {
		out = append(out, "the foreign key of "+child+" needs the index that goes")
	}
	if known && c.keyed && k.FindIndex("PRIMARY") != nil && then.FindIndex("PRIMARY") == nil {
		out = append(out, "sql_require_primary_key is on, and no primary key would be left")
	}
	if known && len(then.Columns) == 0 {
		out = append(out, "no column would be left")
	}
	out = append(out, c.cutFaults()...)
	out = append(out, c.sameKeyAgain()...)
	for _, x := range c.clauses {
		out = append(out, c.clauseFaults(k, x)...)
	}
	return append(out, c.optionFaults()...)
}

// sameKeyAgain: neither server can drop a foreign key and add one of the same name at once.
func (c *call) sameKeyAgain() []string {
	for _, x := range c.clauses {
		if x.kind == "add key" && x.key.kind == "foreign" && x.key.name != "" && c.any(func(o clause) bool { return o.kind == "drop foreign" && same(o.name, x.key.name) }) {
			return []string{"the foreign key " + quote(x.key.name) + " goes and comes in one statement, which the server refuses"}
		}
	}
	return nil
}

// unfound is a table whose foreign key finds no index of a table behind the statement, which it finds before. MariaDB lets a primary key go.
func (c *call) unfound(before, then *lint.Relation) string {
	child := ""
	if c.unchecked && c.maria || !c.any(func(x clause) bool { return strings.HasPrefix(x.kind, "drop") && (!c.maria || x.kind == "drop key") }) {
		return ""
	}
	c.catalog.Relations(func(r *lint.Relation) {
		for _, q := range r.Constraints {
			if q.Kind == schema.ForeignKey && !q.Incoming && same(q.Ref.Name, before.Name) && len(q.RefColumns) > 0 && c.referable(before, q.RefColumns) && !c.referable(then, q.RefColumns) && !(c.maria && c.dropsConstraint(q.Name)) {
				child = quoted(r.Ident)
			}
		}
	})
	return child
}

// draft is the table of a CREATE TABLE, outside of the catalog.
func (c *call) draft() *lint.Relation {
	k := &lint.Relation{Table: schema.Table{Ident: c.table, Kind: "table", Storage: c.options["engine"], Partitioned: c.partitioned != ""}, New: map[string]bool{}, Was: map[string]bool{}, Options: map[string]string{}, Bound: afterBy(c.partitioned)}
	for n, v := range c.options {
		k.Options[n] = v
	}
	k.Options["charset"] = normalCharset(k.Options["charset"])
	if k.Options["charset"] == "" && k.Options["collate"] != "" {
		k.Options["charset"] = charsetOf(k.Options["collate"])
	}
	c.fill(k, c.statement)
	return k
}

// doubled finds columns of a CREATE TABLE with the same name, and keys that can't be.
func (c *call) doubled() []string {
	var out []string
	seen, primaries := map[string]bool{}, 0
	nulls := map[string]bool{}
	for _, col := range c.columns {
		if seen[lower(col.name)] {
			out = append(out, "there are two columns "+quote(col.name))
		}
		seen[lower(col.name)] = true
		nulls[lower(col.name)] = col.null
		out = append(out, c.updateFault(col)...)
		out = append(out, c.hiddenFault(col)...)
		if col.auto && !col.nullDefault() {
			out = append(out, quote(col.name)+" is AUTO_INCREMENT and has a default")
		}
		if col.generated != "" && col.hasDef && !c.maria {
			out = append(out, quote(col.name)+" is generated and has a default")
		}
		if col.primary {
			primaries++
			if col.null && !c.maria {
				out = append(out, "the primary key can't hold "+quote(col.name)+", which is NULL")
			}
		}
	}
	for _, q := range c.keys {
		if q.kind != "primary" {
			continue
		}
		primaries++
		for _, p := range q.parts {
			if nulls[lower(p.Name)] && !c.maria {
				out = append(out, "the primary key can't hold "+quote(p.Name)+", which is NULL")
			}
		}
	}
	if n := len(slices.DeleteFunc(slices.Clone(c.columns), func(col column) bool { return !col.rowTime })); c.maria && (n == 1 || n > 2 || n == 2 && !c.period) {
		out = append(out, "a system-versioned table has a column AS ROW START, one AS ROW END, and PERIOD FOR SYSTEM_TIME")
	}
	if primaries > 1 {
		out = append(out, "there are two primary keys")
	}
	if len(c.columns) == 0 && !c.selects {
		out = append(out, "a table needs a column")
	}
	return out
}

// hiddenFault: MariaDB wants a default of a column that nobody names.
func (c *call) hiddenFault(col column) []string {
	if !c.maria || !col.invisible || !col.notNull || !col.nullDefault() || col.auto || col.generated != "" {
		return nil
	}
	return []string{quote(col.name) + " is INVISIBLE and NOT NULL, and needs a default"}
}

// updateFault: on MySQL ON UPDATE has as many digits of a second as the column.
func (c *call) updateFault(col column) []string {
	if c.maria || !col.onUpdate || col.typ.name != "datetime" && col.typ.name != "timestamp" || col.updateDigits == col.typ.arg(0, 0) {
		return nil
	}
	return []string{"ON UPDATE of " + quote(col.name) + " has another number of digits of a second than the column"}
}

// clauseFaults are faults that don't show in the table behind the statement.
func (c *call) clauseFaults(k *lint.Relation, x clause) []string {
	col := x.column
	out := c.updateFault(col)
	if col.auto && !col.nullDefault() {
		out = append(out, quote(col.name)+" is AUTO_INCREMENT and has a default")
	}
	if col.generated != "" && col.hasDef && !c.maria {
		out = append(out, quote(col.name)+" is generated and has a default")
	}
	out = append(out, c.hiddenFault(col)...)
	if c.ansi && strings.HasPrefix(col.def, `"`) {
		out = append(out, "the default "+col.def+" is a name in double quotes and no text, as sql_mode has ANSI_QUOTES")
	}
	if col.srid != "" && col.typ.name != "" && !col.typ.geometry() && !c.maria {
		out = append(out, quote(col.name)+" is no geometry, and has no SRID")
	}
	switch x.kind {
	case "validation":
		if !c.maria && !c.any(func(o clause) bool { return o.column.generated == "virtual" || o.kind == "exchange partition" }) {
			out = append(out, "WITH and WITHOUT VALIDATION are for a virtual column that is added or changed")
		}
	case "option":
		if x.name == "engine" && x.value != "innodb" && c.related(k) {
			out = append(out, "the table is a part of a foreign key, which the engine "+x.value+" doesn't have")
		}
	case "import tablespace":
		if x.name == "" && k.Kind == "table" && whole(k) && k.Options["discarded"] == "" {
			out = append(out, "the table has its tablespace, which DISCARD TABLESPACE takes away first")
		}
	case "modify", "change":
		if col.null && primaryPart(k, x.name) && !c.maria && !c.dropsKey() {
			out = append(out, "the primary key can't hold "+quote(col.name)+", which is NULL")
		}
	case "set default":
		if was := k.Column(x.name); was != nil && was.Generated != "" && !c.maria {
			out = append(out, quote(x.name)+" is generated and has no default")
		} else if was != nil && !c.maria && (literalInside(col.def) || same(col.def, "NULL")) {
			if t, ok := parseType(was.Type); ok && t.large() && c.version < 90800 {
				out = append(out, "SET DEFAULT gives no default to a "+t.name+"; MODIFY does")
			}
		}
	case "alter key":
		if same(x.name, "PRIMARY") && x.value == "invisible" {
			out = append(out, "the primary key can't be invisible")
		}
	}
	if !c.maria && col.hasDef && !col.expr && bareWord(col.def) {
		out = append(out, "the default "+col.def+" needs parentheses")
	}
	if x.kind == "add column" && !c.maria && c.version >= 80000 && col.expr && !strings.HasPrefix(strings.TrimSpace(col.def), "(") {
		out = append(out, "a default that is a function of another kind than CURRENT_TIMESTAMP stands in parentheses")
	}
	if x.kind == "add column" && !c.maria && c.exprCopies(col) && variesIn(col.def) {
		out = append(out, "with the binary log on, a default that differs from row to row can't be given to the rows that are there")
	}
	return out
}

// literalInside: a default is a literal in parentheses.
func literalInside(def string) bool {
	inner, ok := strings.CutPrefix(strings.TrimSpace(def), "(")
	t := Syntax.Tokens(strings.TrimSuffix(inner, ")"))
	return ok && len(t) == 1 && (t[0].Kind == lint.String || t[0].Kind == lint.Number || t[0].Is("NULL"))
}

// bareWord: a default that is a word but none that MySQL takes as it is.
func bareWord(def string) bool {
	t := Syntax.Tokens(def)
	if len(t) != 1 || t[0].Kind != lint.Word || now(t[0].Text) || strings.HasPrefix(t[0].Text, "_") {
		return false
	}
	return !t[0].Is("NULL") && !t[0].Is("TRUE") && !t[0].Is("FALSE")
}

func variesIn(expr string) bool {
	for _, t := range Syntax.Tokens(expr) {
		if t.Kind == lint.Word && varying(t.Text) {
			return true
		}
	}
	return false
}

// related reports whether a table has a foreign key or is pointed at by one.
func (c *call) related(k *lint.Relation) bool {
	for _, q := range k.Constraints {
		if q.Kind == schema.ForeignKey && !q.Incoming && !c.dropsConstraint(q.Name) {
			return true
		}
	}
	return c.child(k, nil) != ""
}

// needed names a foreign key that would be left without an index.
func (c *call) needed(x clause) string {
	k := c.relation(c.table)
	if x.kind != "drop key" || k == nil {
		return ""
	}
	gone := k.FindIndex(x.name)
	if gone == nil {
		return ""
	}
	for _, q := range k.Constraints {
		if q.Kind != "foreign_key" || q.Incoming || len(q.Columns) == 0 || !beginsWith(gone.Columns, q.Columns) {
			continue
		}
		other := false
		for _, i := range k.Indexes {
			other = other || i.Name != gone.Name && beginsWith(i.Columns, q.Columns)
		}
		for _, y := range c.clauses {
			other = other || y.kind == "drop foreign" && same(y.name, q.Name) || y.kind == "drop constraint" && same(y.name, q.Name) || y.kind == "add key" && beginsWith(y.key.parts, q.Columns)
		}
		if !other {
			return quote(q.Name)
		}
	}
	return ""
}
