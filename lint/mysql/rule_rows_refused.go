package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var rowsRefused = rule{lint.Rule{
	ID: "rows-refused", Severity: lint.Error, Kind: lint.Fails,
	Summary: "rows that the schema allows until now make the statement fail, and later writes like them, too",
	Why:     "NULL in a column that becomes NOT NULL, duplicates under a new UNIQUE or PRIMARY KEY, rows without a parent under a new foreign key, rows that a new CHECK refuses, values that are too long, out of range or not of the new type, no date for a date that is NOT NULL, rows that no partition takes. In strict mode the server stops at the first such row, after it has worked on all rows before.\n\nAnd where no row is in the way today, running clients that write such values fail from then on.\n\nSearch for such rows first, change what the clients write, and set the rule last.",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (a int, b int);", SQL: "ALTER TABLE t MODIFY a int NOT NULL DEFAULT 0;"}, {Schema: "CREATE TABLE t (a int, b int);", SQL: "CREATE UNIQUE INDEX u ON t (a);"}, {SQL: "ALTER TABLE t ADD UNIQUE (email);"},
		{Schema: "CREATE TABLE t (a bigint);", SQL: "ALTER TABLE t MODIFY a int;"}, {SQL: "SET sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_DATE';\nALTER TABLE t ADD COLUMN d date NOT NULL;"}},
	Good: []lint.Example{{Schema: "CREATE TABLE t (a int NOT NULL, b int, UNIQUE (a));", SQL: "ALTER TABLE t ADD UNIQUE (a, b);"}, {SQL: "ALTER TABLE t ADD COLUMN code int, ADD UNIQUE (code);"}, {SQL: "CREATE TABLE f (a int);\nALTER TABLE f ADD UNIQUE (a);"}},
}, func(c *call) {
	if !c.altered() {
		return
	}
	k := c.relation(c.table)
	if k != nil && k.Kind == "view" {
		return
	}
	for _, x := range c.clauses {
		if why := c.cutShort(k, x.column); x.kind == "add column" && why != "" {
			c.report(said{severity: lint.Warning, message: why, safe: "Give " + quote(x.name) + " the type of the column that it is computed from."})
		}
		if why := c.refusedRows(k, x); why != "" {
			c.report(said{message: why, safe: "-- look for such rows first:\nSELECT … FROM " + quoted(c.table) + " WHERE …;"})
		}
	}
}}

// refusedRows says which rows make a clause fail.
func (c *call) refusedRows(k *lint.Relation, x clause) string {
	switch x.kind {
	case "add column":
		return c.noValue(x.column)
	case "modify", "change":
		return c.lossy(k, x)
	case "add key":
		return c.refusedByKey(k, x.key)
	case "alter check":
		if x.value == "enforced" && !enforced(k, x.name) {
			return "rows that the CHECK " + quote(x.name) + " refuses make this fail"
		}
	case "convert":
		return c.lossyCharset(k, x)
	case "partition by":
		return c.uncovered(x.value)
	case "exchange partition":
		if x.to != "without" && k != nil && k.Bound != "" {
			return "rows of the other table that don't belong into the partition make this fail"
		}
	}
	return ""
}

// cutShort: a generated column is another one in a type that doesn't take all its values. A virtual one makes later writes fail, though not
// the statement itself.
func (c *call) cutShort(k *lint.Relation, col column) string {
	t := Syntax.Tokens(col.as)
	if len(t) == 4 && (t[0].Is("UPPER") || t[0].Is("LOWER")) && t[1].Is("(") && t[3].Is(")") {
		t = t[2:3]
	}
	if k == nil || col.generated == "" || len(t) != 1 || !ident(t[0]) {
		return ""
	}
	was := k.Column(t[0].Value())
	if was == nil || k.New[lower(was.Name)] {
		return ""
	}
	from, ok := parseType(was.Type)
	from.charset, from.collate = was.Charset, was.Collation
	to := c.inherit(col.typ, k)
	if !ok || !(numeric(from) && numeric(to) || character(from) && character(to)) {
		return ""
	}
	if why := refusedValues(c.told(from, to), to, c.maria); why != "" {
		return fmt.Sprintf("values of %s %s: later writes of them by running clients fail, and so may this", quote(was.Name), why)
	}
	return ""
}

// noValue: rows that are there get no value of a new column that every row needs.
func (c *call) noValue(col column) string {
	switch {
	case col.generated != "" && (col.unique || col.primary):
		return "rows with the same value of " + quote(col.name) + " make this fail"
	case col.checkOf != "" && col.hasDef && !c.maria && c.version >= 80016 && c.defaultRefused(col):
		return "the CHECK of " + quote(col.name) + " refuses its default, which every row gets, so that this fails"
	}
	if !col.notNull || col.hasDef || col.auto {
		return ""
	}
	what := "a " + col.typ.name + " that is NOT NULL without a default has no value for the rows that are there, so that this fails"
	switch {
	case col.generated != "":
		if col.generated == "stored" && !c.maria {
			return "rows for which the expression of " + quote(col.name) + " is NULL make this fail"
		}
	case (col.typ.name == "date" || col.typ.name == "datetime") && !c.zeroDates(), col.typ.geometry() && !c.maria:
		return what
	}
	return ""
}

// refusedByKey: duplicates, orphans and what a CHECK refuses.
func (c *call) refusedByKey(k *lint.Relation, q key) string {
	switch q.kind {
	case "unique":
		if !c.unique(k, q) {
			return "rows with the same " + parts(q) + " make this fail, and so do later writes of them by running clients"
		}
	case "primary":
		if whole(k) && !c.unique(k, q) {
			return "rows with the same " + parts(q) + ", or with NULL, make this fail, and so do later writes of them by running clients"
		}
	case "foreign":
		if !c.unchecked && !c.allNew(k, q) && !verified(k, q) && (k == nil || k.Storage == "" || same(k.Storage, "innodb")) {
			return "rows without a parent in " + quoted(q.ref) + " make this fail, and so do later writes of them by running clients"
		}
	case "check":
		if q.enforced && (c.maria || c.version >= 80016) && !c.onlyNew(k, q.expr) {
			return "rows that the CHECK refuses make this fail, and so do later writes of them by running clients"
		}
	}
	return ""
}

func parts(q key) string {
	var out []string
	for _, p := range q.parts {
		if p.Expression != "" {
			out = append(out, "("+p.Expression+")")
		} else {
			out = append(out, quote(p.Name))
		}
	}
	return strings.Join(out, ", ")
}

// unique reports whether no two rows can have the same value: another unique key is a part of the new one, or a column is new.
func (c *call) unique(k *lint.Relation, q key) bool {
	for _, p := range q.parts {
		if c.fresh(k, p.Name) && p.Prefix == 0 {
			return true
		}
	}
	if k == nil {
		return false
	}
	for _, x := range k.Indexes {
		if !x.Unique || len(x.Columns) == 0 {
			continue
		}
		all := true
		for _, own := range x.Columns {
			all = all && own.Name != "" && slices.ContainsFunc(q.parts, func(p schema.IndexColumn) bool {
				return same(p.Name, own.Name) && (p.Prefix == own.Prefix || p.Prefix == 0)
			})
		}
		if q.kind == "primary" {
			for _, p := range q.parts {
				if col := k.Column(p.Name); col != nil && col.Nullable {
					all = false
				}
			}
		}
		if all {
			return true
		}
	}
	return false
}

// fresh: the same statement or file adds the column, so that it is NULL or numbered in each row.
func (c *call) fresh(k *lint.Relation, name string) bool {
	for _, x := range c.clauses {
		if x.kind == "add column" && same(x.name, name) {
			return x.column.auto || !x.column.notNull && x.column.nullDefault() && x.column.generated == ""
		}
	}
	if k == nil || !k.New[lower(name)] {
		return false
	}
	col := k.Column(name)
	return col != nil && col.Nullable && (col.Default == nil || same(*col.Default, "NULL")) && col.Generated == ""
}

func (c *call) allNew(k *lint.Relation, q key) bool {
	for _, p := range q.parts {
		if c.fresh(k, p.Name) {
			return true
		}
	}
	return len(q.parts) == 0
}

// verified: another foreign key of the same columns points at the same table already.
func verified(k *lint.Relation, q key) bool {
	if k == nil {
		return false
	}
	for _, o := range k.Constraints {
		if o.Kind == schema.ForeignKey && !o.Incoming && same(o.Ref.Name, q.ref.Name) && sameParts(q.parts, o.Columns) && len(o.RefColumns) == len(q.refParts) && sameParts(q.refParts, o.RefColumns) {
			return true
		}
	}
	return false
}

// onlyNew: the CHECK names nothing but columns that are NULL in every row.
func (c *call) onlyNew(k *lint.Relation, expr string) bool {
	some := false
	for _, t := range Syntax.Tokens(expr) {
		if t.Kind == lint.Quoted || t.Kind == lint.Word && plainName(t.Text) && !operatorWord(t.Text) {
			known := k.Column(t.Value()) != nil || c.any(func(x clause) bool { return x.kind == "add column" && same(x.name, t.Value()) })
			if known && !c.fresh(k, t.Value()) {
				return false
			}
			some = some || known
		}
	}
	return some
}

// lossy: values of the old definition that the new one doesn't take.
func (c *call) lossy(k *lint.Relation, x clause) string {
	was := k.Column(x.name)
	if was == nil {
		return ""
	}
	at := quoted(c.table) + "." + quote(x.name)
	col := x.column
	if was.Nullable && (col.notNull || col.primary) && was.Generated == "" && !k.New[lower(x.name)] {
		return "rows where " + at + " is NULL make this fail, and so do later writes of NULL by running clients"
	}
	if (col.unique || col.primary) && !c.unique(k, key{kind: "unique", parts: []schema.IndexColumn{{Name: x.name}}}) {
		return "rows with the same " + at + " make this fail"
	}
	from, ok := parseType(was.Type)
	if !ok || was.Generated != "" || col.generated != "" || k.New[lower(x.name)] {
		return ""
	}
	if from.geometry() && !c.maria && col.srid != "" && col.srid != "0" && k.Options[reference(x.name)] != col.srid {
		return fmt.Sprintf("values of %s of another SRID than %s make this fail, and so do later writes of them by running clients", at, col.srid)
	}
	from.charset, from.collate = was.Charset, was.Collation
	to := c.inherit(col.typ, k)
	if why := refusedValues(c.told(from, to), to, c.maria); why != "" {
		return fmt.Sprintf("values of %s %s make this fail, and so do later writes of them by running clients", at, why)
	}
	return ""
}

func (c *call) lossyCharset(k *lint.Relation, x clause) string {
	if k == nil {
		return ""
	}
	for _, col := range k.Columns {
		if t, ok := parseType(col.Type); ok && t.text() && !k.New[lower(col.Name)] && !holdsCharset(col.Charset, x.value) {
			return fmt.Sprintf("texts of %s.%s that %s can't hold make this fail, and so do later writes of them by running clients", quoted(c.table), quote(col.Name), x.value)
		}
	}
	return ""
}

// uncovered: a partitioning that doesn't take every row.
func (c *call) uncovered(text string) string {
	p := readPartitioning(text)
	if len(p.parts) == 0 || p.method == "RANGE" && strings.Contains(strings.ToUpper(p.parts[len(p.parts)-1].less), "MAXVALUE") {
		return ""
	}
	if p.method == "LIST" && slices.ContainsFunc(p.parts, func(x partition) bool { return strings.Contains(strings.ToUpper(text), "DEFAULT") }) {
		return ""
	}
	return "rows that none of the partitions takes make this fail, and so do later writes of them by running clients"
}
