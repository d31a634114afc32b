package mysql

import (
	"slices"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// mixed: a column comes or goes together with what isn't INSTANT, so that the table is written anew. MariaDB does so only for an index.
func (j *judge) mixed(s *statement, c clause) bool {
	if c.kind != "add column" && c.kind != "drop column" || c.column.generated != "" {
		return false
	}
	return slices.ContainsFunc(s.clauses, func(o clause) bool {
		switch o.kind {
		case "add column":
			return o.column.unique || o.column.primary
		case "add key":
			return o.key.kind != "check" || o.key.enforced
		case "drop column", "rename column", "set default", "drop default":
			return false
		}
		return !j.maria
	})
}

// instantly is what is INSTANT in general but not on every table.
func (j *judge) instantly(rule string, k *lint.Relation, since lint.Version) cost {
	switch {
	case fulltext(k):
		return cost{rule, copying, true, "a table with a FULLTEXT index can't be changed INSTANTly, and is copied", ""}
	case compressed(k):
		return cost{"online-rebuild", rebuild, false, "a table with ROW_FORMAT=COMPRESSED can't be changed INSTANTly, and is written anew", ""}
	case j.version < since:
		return cost{"online-rebuild", rebuild, false, "this version writes the table anew for it", ""}
	case k != nil && k.NoInstant != "":
		return cost{"online-rebuild", rebuild, false, k.NoInstant, ""}
	}
	return cost{}
}

func (j *judge) addColumn(s *statement, c clause, k *lint.Relation) cost {
	col := c.column
	const rule = "add-column-blocking"
	switch {
	case c.exists && !j.maria:
		return cost{rule: "not-on-this-version", fails: "MySQL has no ADD COLUMN IF NOT EXISTS"}
	case col.generated == "stored":
		return cost{rule, copying, true, "a STORED generated column is computed for every row", ""}
	case col.auto:
		return cost{rule, rebuild, true, "AUTO_INCREMENT numbers every row", ""}
	case j.exprCopies(col):
		return cost{rule, copying, true, "a default that is an expression is computed for every row", ""}
	case col.check && !j.maria && j.version >= 80016:
		return cost{rule, copying, true, "a column with a CHECK makes the table be copied", ""}
	case col.refs != nil && (j.maria || j.version >= 90000):
		return cost{rule, copying, true, "a foreign key is added by copying the table", ""}
	case col.generated == "virtual":
		if indexed(s, col.name) {
			return cost{rule, inPlace, true, "an index on a virtual column that is added with it is built while writes wait", ""}
		}
		switch {
		case j.maria && k != nil && k.Partitioned:
			return cost{rule, copying, true, "a virtual column makes a partitioned table be copied", ""}
		case !j.maria && k != nil && slices.ContainsFunc(k.Indexes, onExpression) && !addsStored(s):
			return cost{rule, copying, true, "a virtual column makes a table with an index on an expression be copied, which is a hidden one of its kind", ""}
		case !j.besideVirtual(s, k):
			return cost{rule, copying, true, "a virtual column that is added together with something of another kind makes the table be copied", ""}
		case shifts(s, col, k):
			return cost{rule, copying, true, "a virtual column that is put in front of another one makes the table be copied", ""}
		case !j.maria && beforeNumbered(s, col, k):
			return cost{rule, copying, true, "a virtual column that is put in front of the AUTO_INCREMENT one makes the table be copied", ""}
		}
		return cost{}
	case col.unique && j.maria && j.hashedType(inherited(col, k), 0):
		return cost{rule, copying, true, "a unique key that is too long for an index is kept as a hash, for which the table is copied", ""}
	case col.unique || col.primary:
		return cost{"online-rebuild", rebuild, false, "an index is built", ""}
	case j.maria && indexedVirtual(k):
		return cost{rule, inPlace, true, "on a table with an index on a virtual column the table is written anew while writes wait", ""}
	case j.maria && shifts(s, col, k):
		return cost{rule, copying, true, "a column that is put in front of a virtual one makes the table be copied", ""}
	}
	return j.instantly(rule, k, j.sinceAdd(col))
}

// sinceAdd is the version since which a column is added INSTANTly.
func (j *judge) sinceAdd(col column) lint.Version {
	anywhere := col.first || col.after != ""
	switch {
	case j.maria && anywhere:
		return 100400
	case j.maria:
		return 100302
	case anywhere:
		return 80029
	}
	return 80012
}

// exprCopies: on MySQL every expression does, on MariaDB one that gives rows values of their own.
func (j *judge) exprCopies(col column) bool {
	t := Syntax.Tokens(col.def)
	if j.maria && len(t) > 0 && t[0].Is("UTC_TIMESTAMP") { // unlike NOW() it isn't kept as a constant
		return true
	}
	if !col.expr {
		return false
	}
	if !j.maria {
		return true
	}
	for i, x := range t {
		called := i+1 < len(t) && t[i+1].Is("(")
		if x.Kind == lint.Quoted || x.Kind == lint.Word && (called && perRow(x.Text) || x.Is("NEXT") || !called && !operatorWord(x.Text) && !now(x.Text)) {
			return true // a function that varies, or another column
		}
	}
	return false
}

func (j *judge) dropsColumn(s *statement, c clause, k *lint.Relation) cost {
	if c.exists && !j.maria {
		return cost{rule: "not-on-this-version", fails: "MySQL has no DROP COLUMN IF EXISTS"}
	}
	if k != nil {
		for _, x := range k.Indexes {
			if x.Primary && len(x.Columns) == 1 && same(x.Columns[0].Name, c.name) {
				return cost{"primary-key", copying, true, "without its primary key the table is copied", ""}
			}
		}
	}
	if name, ok := keyless(k); ok && len(k.FindIndex(name).Columns) == 1 && inStandIn(k, c.name) {
		return j.standInGoes(s, k)
	}
	since := lint.Version(80029)
	if j.maria {
		since = 100400
	}
	return j.instantly("drop-column-blocking", k, since)
}

func virtual(k *lint.Relation) bool {
	if k == nil {
		return false
	}
	for _, c := range k.Columns {
		if c.Generated == "virtual" {
			return true
		}
	}
	return false
}

// inherited is a new column's type with the character set that it takes from the table.
func inherited(col column, k *lint.Relation) typ {
	t := col.typ
	if t.text() && t.charset == "" && k != nil {
		t.charset = k.Options["charset"]
	}
	return t
}

// besideVirtual: nothing stands beside a new virtual column for which the server copies the table.
func (j *judge) besideVirtual(s *statement, k *lint.Relation) bool {
	keys := slices.ContainsFunc(s.clauses, func(c clause) bool { return c.kind == "add key" || c.kind == "drop key" })
	return !slices.ContainsFunc(s.clauses, func(c clause) bool {
		switch c.kind {
		case "add column":
			return c.column.generated != "virtual" && (j.maria || keys || c.column.unique || c.column.primary)
		case "add key":
			return c.key.kind != "index" && (j.maria || c.key.kind != "check" || c.key.enforced)
		case "drop key":
			x := k.FindIndex(c.name)
			return x != nil && x.Unique
		case "drop column":
			return false
		case "set default", "drop default", "set visible":
			return j.maria || keys
		case "modify", "change":
			return j.maria || keys || !j.light(s, c, k)
		case "rename column", "rename":
			return j.maria
		}
		return true
	})
}

// light: the clause is a matter of the catalog alone: not even the length of a text is another one.
func (j *judge) light(s *statement, c clause, k *lint.Relation) bool {
	was := k.Column(c.name)
	x := j.innodbCost(s, c, k)
	return was != nil && x.how == instant && x.fails == "" && was.Type == c.column.typ.String() && same(c.name, c.column.name)
}

// shifts: by the place that a column is put at, a virtual column gets another number.
func shifts(s *statement, col column, k *lint.Relation) bool {
	if k == nil || !col.first && col.after == "" || addedAtEnd(s, col.after) {
		return false
	}
	var order []string
	if col.first {
		order = append(order, col.name)
	}
	for i := range k.Columns {
		name := k.Columns[i].Name
		if !same(name, col.name) {
			order = append(order, name)
		}
		if same(name, col.after) {
			order = append(order, col.name)
		}
	}
	for i := range k.Columns {
		if k.Columns[i].Generated == "virtual" && (i >= len(order) || !same(order[i], k.Columns[i].Name)) {
			return true
		}
	}
	return false
}

// addsStored: the statement adds a column that isn't generated, too.
func addsStored(s *statement) bool {
	return slices.ContainsFunc(s.clauses, func(c clause) bool { return c.kind == "add column" && c.column.generated == "" })
}

// beforeNumbered: by the place that a column is put at, the AUTO_INCREMENT column gets another number.
func beforeNumbered(s *statement, col column, k *lint.Relation) bool {
	if k == nil || !col.first && col.after == "" || addedAtEnd(s, col.after) {
		return false
	}
	at := slices.IndexFunc(k.Columns, func(c schema.Column) bool { return c.Identity == "auto_increment" })
	behind := slices.IndexFunc(k.Columns, func(c schema.Column) bool { return same(c.Name, col.after) })
	return at >= 0 && (col.first || behind >= 0 && behind < at)
}

// addedAtEnd: an earlier clause adds the column at the end of the table.
func addedAtEnd(s *statement, name string) bool {
	for _, c := range s.clauses {
		if c.kind == "add column" && same(c.name, name) {
			return !c.column.first && c.column.after == ""
		}
	}
	return false
}

// varying functions give each row a value of its own.
func varying(word string) bool {
	return perRow(word) || same(word, "rand") || same(word, "connection_id")
}

// perRow functions give each row a value of its own where MariaDB adds a column; others are asked once.
func perRow(word string) bool {
	switch lower(word) {
	case "uuid", "uuid_short", "sys_guid", "random_bytes", "nextval", "lastval", "last_insert_id", "sysdate", "uuid_v4", "uuid_v7", "get_lock":
		return true
	}
	return false
}
