package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// definition is a table as it would be, to be looked through for what no server takes.
type definition struct {
	*judge
	k      *lint.Relation
	whole  bool // every column is known
	faults []string
}

// faults are the reasons for which the server would refuse a table of this definition.
func (j *judge) faults(k *lint.Relation, whole bool) []string {
	d := &definition{judge: j, k: k, whole: whole}
	d.columns()
	d.names()
	for i := range k.Indexes {
		d.index(&k.Indexes[i])
	}
	d.checks()
	d.partitioning()
	d.engine()
	d.periods()
	d.rowSize()
	return d.faults
}

func (d *definition) fault(format string, args ...any) {
	d.faults = append(d.faults, fmt.Sprintf(format, args...))
}

func (d *definition) innodb() bool { return d.k.Storage == "" || same(d.k.Storage, "innodb") }

// names finds what has the same name as another one.
func (d *definition) names() {
	seen := map[string]bool{}
	once := func(kind, name string) {
		key := kind + lower(name)
		if name != "" && seen[key] {
			d.fault("there are two of the name %s: %s", quote(name), kind)
		}
		seen[key] = true
	}
	for _, c := range d.k.Columns {
		once("columns", c.Name)
	}
	for _, x := range d.k.Indexes {
		once("indexes", x.Name)
		if same(x.Name, "PRIMARY") && !x.Primary {
			d.fault("an index can't be named PRIMARY")
		}
	}
	for _, q := range d.k.Constraints {
		if !q.Incoming {
			once(string(q.Kind)+" constraints", q.Name)
		}
	}
	if d.whole && len(d.k.Columns) > 1017 {
		d.fault("a table has at most 1017 columns")
	}
	if len(d.k.Indexes) > 65 {
		d.fault("a table has at most 64 secondary indexes")
	}
}

func (d *definition) columns() {
	autos, visible := 0, 0
	for i := range d.k.Columns {
		c := &d.k.Columns[i]
		if !c.Invisible {
			visible++
		}
		t, ok := parseType(c.Type)
		if !ok {
			continue
		}
		t.charset = c.Charset
		if why := d.limits(t); why != "" {
			d.fault("%s: %s", quote(c.Name), why)
		}
		if strings.HasSuffix(c.Name, " ") {
			d.fault("the column name %q ends with a space", c.Name)
		}
		d.defaults(c, t)
		d.computed(c, i)
		if c.Identity == "auto_increment" {
			autos++
			d.numbered(c, t)
		}
	}
	if autos > 1 {
		d.fault("a table has at most one AUTO_INCREMENT column")
	}
	if visible == 0 && len(d.k.Columns) > 0 && d.whole {
		d.fault("a table needs a visible column")
	}
}

// numbered looks at an AUTO_INCREMENT column.
func (d *definition) numbered(c *schema.Column, t typ) {
	if !t.integer() && (!d.maria && d.version >= 80400 || t.name != "float" && t.name != "double") {
		d.fault("%s is AUTO_INCREMENT and isn't an integer", quote(c.Name))
	}
	if !d.whole {
		return
	}
	for _, x := range d.k.Indexes {
		for i, p := range x.Columns {
			if same(p.Name, c.Name) && (i == 0 || !d.innodb()) {
				return
			}
		}
	}
	d.fault("%s is AUTO_INCREMENT, and no index begins with it", quote(c.Name))
}

// limits says what is wrong with a type's own arguments.
func (d *definition) limits(t typ) string {
	n, m := t.arg(0, 0), t.arg(1, 0)
	switch t.name {
	case "char", "binary":
		if n > 255 {
			return fmt.Sprintf("%s has at most 255 characters", t.name)
		}
	case "varchar", "varbinary":
		w := 1
		if t.name == "varchar" && t.charset != "" {
			w = width(t.charset)
		}
		most := 65535
		if d.maria {
			most = 65532
		}
		if n*w > most {
			return fmt.Sprintf("%s has at most %d bytes", t.name, most)
		}
		if len(t.args) == 0 {
			return t.name + " needs a length"
		}
	case "decimal":
		scale := 30
		if d.maria {
			scale = 38
		}
		if n > 65 || m > scale || len(t.args) == 2 && m > n {
			return "decimal has at most 65 digits, and no more of them behind the point than in all"
		}
	case "float", "double":
		if len(t.args) == 2 && m > n || len(t.args) == 1 && n > 53 {
			return t.name + " has no such precision"
		}
	case "bit":
		if n > 64 {
			return "bit has at most 64 bits"
		}
	case "tinyint", "smallint", "mediumint", "int", "bigint":
		if n > 255 {
			return "the display width is at most 255"
		}
	case "year":
		if !d.maria && d.version >= 80000 && len(t.args) > 0 && n != 4 {
			return "year has no other width than 4"
		}
	case "datetime", "timestamp", "time":
		if n > 6 {
			return "there are at most 6 digits of a second"
		}
	case "vector":
		if n > 16383 {
			return "a vector has at most 16383 dimensions"
		}
	case "enum", "set":
		return memberFaults(t)
	}
	return ""
}

// memberFaults looks at the members of ENUM and SET.
func memberFaults(t typ) string {
	if len(t.values) == 0 {
		return t.name + " needs members"
	}
	seen := map[string]bool{}
	for _, v := range t.values {
		key := strings.TrimRight(v, " ")
		if !strings.HasSuffix(t.collate, "_bin") && t.charset != "binary" {
			key = lower(key)
		}
		if seen[key] {
			return fmt.Sprintf("%s has the member '%s' twice", t.name, v)
		}
		seen[key] = true
		if t.name == "set" && strings.Contains(v, ",") {
			return "a member of a set holds no comma"
		}
	}
	if t.name == "set" && len(t.values) > 64 {
		return "a set has at most 64 members"
	}
	return ""
}

// computed looks at a generated column and at a default that is an expression.
func (d *definition) computed(c *schema.Column, at int) {
	if c.Generated == "" {
		d.pointsBehind(c, at)
		return
	}
	why := d.expression(c.Definition, c.Generated == "stored" || !d.maria)
	if why != "" {
		d.fault("the expression of %s %s", quote(c.Name), why)
	}
	for i := range d.k.Columns {
		o := &d.k.Columns[i]
		if !mentions(c.Definition, o.Name) {
			continue
		}
		if o.Identity == "auto_increment" && (!d.maria || c.Generated == "stored") {
			d.fault("the generated column %s refers to the AUTO_INCREMENT column %s", quote(c.Name), quote(o.Name))
		}
		if (o.Generated != "" || !d.maria && o.Default != nil && strings.HasPrefix(strings.TrimSpace(*o.Default), "(")) && i >= at {
			d.fault("the generated column %s refers to %s, which isn't defined before it", quote(c.Name), quote(o.Name))
		}
	}
}

// pointsBehind: a default that is an expression names a column behind it that has one, or is generated.
func (d *definition) pointsBehind(c *schema.Column, at int) {
	if d.maria || c.Default == nil || !strings.HasPrefix(strings.TrimSpace(*c.Default), "(") {
		return
	}
	for i := at + 1; i < len(d.k.Columns); i++ {
		o := &d.k.Columns[i]
		if mentions(*c.Default, o.Name) && (o.Generated != "" || o.Default != nil && strings.HasPrefix(strings.TrimSpace(*o.Default), "(")) {
			d.fault("the default of %s refers to %s, which is computed and stands behind it", quote(c.Name), quote(o.Name))
		}
	}
}

// expression says what an expression of a table must not hold: a query, a function that varies, a column that isn't there.
func (d *definition) expression(text string, fixed bool) string {
	t := Syntax.Tokens(text)
	for i, x := range t {
		called := i+1 < len(t) && t[i+1].Is("(")
		switch {
		case d.maria && ofSequence(t, i):
		case called && d.knowsAll() && !ofOthers[lower(x.Text)] && d.noFunction(t, i) != "":
			return "can't be computed: " + d.noFunction(t, i)
		case x.Is("SELECT") && (i == 0 || t[i-1].Is("(")):
			return "holds a query"
		case x.Kind == lint.Word && strings.HasPrefix(x.Text, "@") && fixed:
			return "holds a variable"
		case x.Kind == lint.Word && called && aggregate(x.Text):
			return "holds the aggregate " + x.Text
		case x.Kind == lint.Word && fixed && (called && (varying(x.Text) || moving(x.Text)) || x.Is("CURRENT_TIMESTAMP") || x.Is("CURRENT_DATE") || x.Is("CURRENT_USER") || x.Is("LOCALTIME")):
			return "holds " + x.Text + ", which isn't the same each time"
		case !d.whole, i > 0 && (t[i-1].Is(".") || t[i-1].Is("AS") || t[i-1].Is("COLLATE") || t[i-1].Is("SET") || t[i-1].Is("USING")), called:
		case (x.Kind == lint.Quoted || x.Kind == lint.Word && plainName(x.Text)) && d.k.Column(x.Value()) == nil && !(i+1 < len(t) && (t[i+1].Is(".") || t[i+1].Kind == lint.String)):
			return "names the column " + quote(x.Value()) + ", which isn't there"
		}
	}
	return ""
}

// ofSequence: the token belongs to NEXT VALUE FOR s, PREVIOUS VALUE FOR s, NEXTVAL(s) or LASTVAL(s).
func ofSequence(t []lint.Token, i int) bool {
	for k := max(i-3, 0); k <= i; k++ {
		if (t[k].Is("NEXT") || t[k].Is("PREVIOUS")) && k+2 < len(t) && t[k+1].Is("VALUE") && t[k+2].Is("FOR") {
			return true
		}
		if (t[k].Is("NEXTVAL") || t[k].Is("LASTVAL")) && k+1 < len(t) && t[k+1].Is("(") && i > k {
			return true
		}
	}
	return false
}

// plainName reports whether a word of an expression is a column's name and no word of the language.
func plainName(word string) bool {
	if strings.HasPrefix(word, "@") || operatorWord(word) {
		return false
	}
	switch strings.ToUpper(word) {
	case "AND", "OR", "NOT", "IS", "IN", "LIKE", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "END", "REGEXP", "RLIKE", "AS", "CHAR", "SIGNED", "UNSIGNED", "INTEGER", "DATE", "DATETIME", "TIME", "DECIMAL", "JSON", "ARRAY", "CHARACTER", "SET",
		"COLLATE", "UNKNOWN", "ESCAPE", "DOUBLE", "FLOAT", "REAL", "NCHAR", "SEPARATOR", "LEADING", "TRAILING", "BOTH", "FROM", "FOR", "USING", "QUARTER", "MICROSECOND", "YEAR_MONTH", "DAY_HOUR", "DAY_MINUTE", "DAY_SECOND", "HOUR_MINUTE",
		"HOUR_SECOND", "MINUTE_SECOND", "MEMBER", "OF", "SOUNDS", "INT", "BIGINT", "POINT", "CURRENT_TIME", "LOCALTIME", "LOCALTIMESTAMP", "UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP", "CURRENT_USER", "RETURNING", "ERROR", "EMPTY", "ON", "DEFAULT", "VARCHAR", "ASCII", "UNICODE", "SELECT", "DISTINCT", "AT", "ZONE", "PATH",
		"GENERATED", "ALWAYS", "STORED", "VIRTUAL", "PERSISTENT", "COMMENT", "TIMESTAMP", "TEXT", "TINYINT", "SMALLINT", "MEDIUMINT", "LONGTEXT", "ENUM", "LIMIT", "ORDER", "BY", "ROW":
		return false
	}
	return true
}

// moving functions differ from one moment or session to the next.
func moving(word string) bool {
	switch lower(word) {
	case "now", "curdate", "curtime", "current_timestamp", "current_date", "current_time", "localtime", "localtimestamp", "utc_date", "utc_time", "utc_timestamp", "unix_timestamp", "current_user", "user", "session_user", "system_user", "database", "schema",
		"found_rows", "row_count", "sleep", "benchmark", "version", "load_file", "current_role", "is_free_lock", "is_used_lock", "release_lock", "master_pos_wait", "values":
		return true
	}
	return false
}

func aggregate(word string) bool {
	switch lower(word) {
	case "sum", "count", "avg", "min", "max", "group_concat", "json_arrayagg", "json_objectagg", "std", "stddev", "variance", "bit_and", "bit_or", "bit_xor":
		return true
	}
	return false
}

// mentions reports whether an expression names a column.
func mentions(text, column string) bool {
	if !strings.Contains(lower(text), lower(column)) {
		return false
	}
	t := Syntax.Tokens(text)
	for i, x := range t {
		if (x.Kind == lint.Word || x.Kind == lint.Quoted) && same(x.Value(), column) && !(i+1 < len(t) && t[i+1].Is("(") && x.Kind == lint.Word) {
			return true
		}
	}
	return false
}

func (d *definition) checks() {
	for _, q := range d.k.Constraints {
		if q.Kind != schema.Check || q.Incoming {
			continue
		}
		if why := d.expression(q.Definition, true); why != "" {
			d.fault("the CHECK %s %s", quote(q.Name), why)
		}
		for _, c := range d.k.Columns {
			if c.Identity == "auto_increment" && mentions(q.Definition, c.Name) {
				d.fault("the CHECK %s refers to the AUTO_INCREMENT column %s", quote(q.Name), quote(c.Name))
			}
		}
		if len(q.Columns) == 1 && !d.maria {
			for _, c := range d.k.Columns {
				if !same(c.Name, q.Columns[0]) && mentions(q.Definition, c.Name) {
					d.fault("the CHECK of the column %s refers to another one", quote(q.Columns[0]))
				}
			}
		}
	}
}

// rowSize is the limit of 65,535 bytes that a row has without its TEXT and BLOB values.
func (d *definition) rowSize() {
	total, fixed := 0, 0
	for _, c := range d.k.Columns {
		t, ok := parseType(c.Type)
		if !ok || c.Generated == "virtual" {
			continue
		}
		t.charset = c.Charset
		n := bytesOf(t)
		total += n
		if t.name == "char" && width(t.charset) == 1 && t.charset != "" || t.name == "binary" {
			fixed += n
		}
	}
	if total > 65535 {
		d.fault("a row has more than 65,535 bytes")
	}
	if fixed > 8126 && d.innodb() {
		d.fault("a row has more than 8,126 bytes that can't be stored outside of its page")
	}
}

// bytesOf is what a value counts against the size of a row.
func bytesOf(t typ) int {
	switch t.name {
	case "tinyint", "year":
		return 1
	case "smallint":
		return 2
	case "mediumint", "date", "time":
		return 3
	case "int", "float", "timestamp":
		return 4
	case "bigint", "double":
		return 8
	case "datetime":
		return 5
	case "decimal":
		return t.arg(0, 10)/2 + 1
	case "char":
		return t.arg(0, 1) * narrow(t.charset)
	case "binary":
		return t.arg(0, 1)
	case "varchar", "varbinary":
		n := t.arg(0, 0)
		if t.name == "varchar" {
			n *= narrow(t.charset)
		}
		if n > 255 {
			return n + 2
		}
		return n + 1
	case "enum", "set":
		return 1
	}
	if t.large() || t.name == "vector" {
		return 9
	}
	return 1
}

// narrow is the most bytes of a character, and 1 where the character set isn't known.
func narrow(charset string) int {
	if charset == "" {
		return 1
	}
	return width(charset)
}

// after is the table as it is behind the clauses, and the table itself is left alone.
func (j *judge) after(s *statement, k *lint.Relation) *lint.Relation {
	c := &lint.Relation{Table: k.Table, Fresh: k.Fresh, Partial: k.Partial, Bound: k.Bound, Parent: k.Parent, New: map[string]bool{}, Was: map[string]bool{}, Options: map[string]string{}}
	c.Columns, c.Indexes, c.Constraints = slices.Clone(k.Columns), slices.Clone(k.Indexes), slices.Clone(k.Constraints)
	for i := range c.Indexes {
		c.Indexes[i].Columns = slices.Clone(c.Indexes[i].Columns)
	}
	for i := range c.Constraints {
		c.Constraints[i].Columns = slices.Clone(c.Constraints[i].Columns)
	}
	for n, v := range k.Options {
		c.Options[n] = v
	}
	for _, x := range s.clauses {
		if x.kind != "rename" {
			j.alter(c, x)
		}
	}
	return c
}
