package postgres

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var changeType = rule{lint.Rule{
	ID: "change-type", Severity: lint.Error, Kind: lint.Rewrite,
	Summary: "a type change that writes the table or an index anew, reads the table, or fails",
	Why: "ALTER COLUMN TYPE takes ACCESS EXCLUSIVE and writes the table and its indexes anew, unless the stored values stay as they are: varchar to a longer varchar or to text, " +
		"numeric to a larger precision of the same scale, varbit to a longer one, a time type to a higher precision, cidr to inet, and timestamp to or from timestamptz while the session's TimeZone is UTC (12 and later).\n\n" +
		"Even then a CHECK on the column is verified again, an index on an expression or with a predicate is built again, another collation builds the column's indexes again, and a view, a generated column or a partition key that uses the column makes it fail. " +
		"Where the old type isn't known the change is taken for a rewrite; give the schema (--schema, --dsn) to have it told.\n\nThe safe form is a new column that triggers keep in step: a phasemig change file.",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (id int PRIMARY KEY, a int);", SQL: "ALTER TABLE t ALTER COLUMN a TYPE bigint;"},
		{Schema: "CREATE TABLE t (a varchar(50));", SQL: "ALTER TABLE t ALTER COLUMN a TYPE varchar(20);"},
		{Schema: "CREATE TABLE t (a varchar(50) CHECK (a <> ''));", SQL: "ALTER TABLE t ALTER COLUMN a TYPE text;"},
		{Schema: "CREATE TABLE t (at timestamp);", SQL: "ALTER TABLE t ALTER COLUMN at TYPE timestamptz;"}},
	Good: []lint.Example{{Schema: "CREATE TABLE t (a varchar(50));", SQL: "ALTER TABLE t ALTER COLUMN a TYPE varchar(100);"},
		{Schema: "CREATE TABLE t (a varchar(50));", SQL: "ALTER TABLE t ALTER COLUMN a TYPE text;"}, {Schema: "CREATE TABLE t (a numeric(10,2));", SQL: "ALTER TABLE t ALTER COLUMN a TYPE numeric(12,2);"},
		{Schema: "CREATE TABLE t (at timestamp);", SQL: "SET TimeZone = 'UTC';\nALTER TABLE t ALTER COLUMN at TYPE timestamptz;"}},
}, func(c *call) {
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		if a.Subtype != pg.AlterTableType_AT_AlterColumnType {
			return
		}
		d := a.Def.GetColumnDef()
		k := c.relation(t.Relation)
		col := k.Column(a.Name)
		to := typeOf(d.TypeName)
		why := c.changes(k, col, a, d)
		if why == "" {
			return
		}
		x := said{message: fmt.Sprintf("changing %s.%s to %s %s", table(t.Relation), quote(a.Name), to, why), lock: blocksAll(c.size(t.Relation)),
			safe: lint.ChangeFile("change_type", "table", t.Relation.Relname, "column", a.Name, "type", to.String())}
		c.report(x)
	})
}}

// changes says what a type change does that it shouldn't.
func (c *call) changes(k *lint.Relation, col *schema.Column, a *pg.AlterTableCmd, d *pg.ColumnDef) string {
	if k != nil {
		if s := dependent(k, a.Name); s != "" {
			return "fails: " + s + " uses the column"
		}
	}
	if col == nil {
		return "writes the table and its indexes anew, as far as can be told: the old type isn't known"
	}
	from, to := parseType(col.Type), typeOf(d.TypeName)
	using := d.RawDefault
	if using != nil && !trivial(using, a.Name, to) {
		return "writes the table and its indexes anew: USING computes every value"
	}
	if !free(c.base(from), c.base(to), c.utc && c.version >= 120000) || c.lengthAgain(from, to) || c.domainCheck(to) && from.name != to.name {
		if ok, known := castable(from, to); known && !ok && using == nil {
			return fmt.Sprintf("fails: there is no cast from %s by assignment, USING is needed; and it writes the table anew", from)
		}
		return fmt.Sprintf("from %s writes the table and its indexes anew", from)
	}
	return c.afterwards(k, a.Name, from, to, d)
}

// afterwards is what a change that leaves the values alone may still do.
func (c *call) afterwards(k *lint.Relation, name string, from, to typ, d *pg.ColumnDef) string {
	for _, q := range k.Constraints {
		if q.Kind == schema.Check && slices.Contains(q.Columns, name) {
			return "reads the whole table to verify the CHECK " + quote(q.Name) + " again"
		}
	}
	collates := d.CollClause != nil
	for _, x := range k.Indexes {
		if slices.Contains(x.Uses, name) {
			return "builds the index " + quote(x.Name) + " anew, which has an expression or a predicate on the column"
		}
		has := slices.ContainsFunc(x.Columns, func(p schema.IndexColumn) bool { return p.Name == name })
		if has && (collates || opclass(from) != opclass(to)) {
			return "builds the index " + quote(x.Name) + " anew, whose order it changes"
		}
	}
	if collates && k.Partial {
		return "builds the column's indexes anew, if there are any: another collation is another order"
	}
	return ""
}

// opclass groups types whose indexes are interchangeable.
func opclass(t typ) string {
	switch t.name {
	case "varchar", "text":
		return "text"
	case "inet", "cidr":
		return "inet"
	case "timestamp", "timestamptz":
		return t.name
	}
	return t.name
}

// lengthAgain: the length of a type below a domain isn't known to a value of the domain, so a type with a length applies its own to every value.
func (j *judge) lengthAgain(from, to typ) bool {
	return from.name != to.name && len(j.base(to).mods) > 0 && j.base(from).name != from.name
}

// base is the type below a domain.
func (j *judge) base(t typ) typ {
	if d := j.catalog.Type(t.name); d != nil && d.Kind == "domain" && d.Base != "" && len(t.mods) == 0 {
		return parseType(d.Base)
	}
	return t
}

func (j *judge) domainCheck(t typ) bool {
	d := j.catalog.Type(t.name)
	return d != nil && d.Kind == "domain" && d.Check
}

// trivial: USING column, or USING column::type.
func trivial(n *pg.Node, column string, to typ) bool {
	if t := n.GetTypeCast(); t != nil {
		return typeOf(t.TypeName).equal(to) && trivial(t.Arg, column, to)
	}
	return n.GetColumnRef() != nil && slices.Equal(columnsIn(n), []string{column})
}

// dependent names something that forbids the change of a column's type.
func dependent(k *lint.Relation, column string) string {
	for _, d := range k.Dependents {
		if slices.Contains(d.Columns, column) {
			switch d.Kind {
			case "view", "rule", "materialized view", "generated column", "policy", "routine", "function":
				return "the " + d.Kind + " " + d.Name
			}
		}
	}
	if k.Bound != "" && slices.Contains(k.PartitionKey(), column) {
		return "the partition key"
	}
	return ""
}
