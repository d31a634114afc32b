package mysql

import (
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// apply changes the catalog as the statement changes the schema.
func (j *judge) apply(s *statement) {
	if strings.HasPrefix(s.verb, "CREATE ") && !s.ifNotExists {
		for _, n := range s.madeNames() {
			j.made[n] = true
		}
	}
	switch s.verb {
	case "CREATE TABLE":
		j.createTable(s)
	case "CREATE VIEW", "CREATE SEQUENCE":
		was := j.relation(s.table)
		if was != nil && (s.ifNotExists || !s.replace) {
			return
		}
		j.catalog.Put(&lint.Relation{Table: schema.Table{Ident: s.table, Kind: strings.ToLower(s.verb[7:])}, Fresh: was == nil, Options: map[string]string{"definition": s.body}})
	case "ALTER VIEW":
		if was := j.relation(s.table); was != nil {
			was.Options["definition"] = s.body
		}
	case "ALTER TABLE", "CREATE INDEX", "DROP INDEX":
		k := j.catalog.Ensure(s.table)
		for _, c := range s.clauses {
			j.alter(k, c)
		}
	case "RENAME TABLE":
		for i := range s.tables {
			j.catalog.Rename(s.tables[i], s.to[i])
			if k := j.relation(s.to[i]); k != nil {
				k.New["name"] = true // nobody names it so yet
			}
		}
	case "DROP TABLE", "DROP VIEW", "DROP SEQUENCE":
		for _, id := range s.tables {
			if !j.otherKind(s.verb, id) {
				j.catalog.Remove(id)
			}
		}
	case "DROP TRIGGER", "DROP PROCEDURE", "DROP FUNCTION", "DROP EVENT":
		j.dropRoutine(s)
	case "GRANT":
		for _, g := range grants(s.body, "TO") {
			j.granted[g] = true
			j.accounts[g[strings.LastIndex(g, " to ")+4:]] = true
		}
	case "DROP USER", "DROP ROLE":
		for _, a := range created(s.name) {
			delete(j.accounts, a)
		}
	case "CREATE USER", "CREATE ROLE":
		for _, a := range created(s.body) {
			j.accounts[a] = true
		}
	case "CREATE TABLESPACE":
		j.spaces[lower(newCursor(s.body).name())] = true
	case "SET":
		j.set(s)
	case "INSERT", "REPLACE":
		if k := j.relation(s.table); k != nil {
			k.New["rows"] = true
		}
	case "CREATE ROUTINE":
		j.createRoutine(s)
	case "LOCK TABLES", "UNLOCK", "BEGIN", "START", "FLUSH":
		j.locksNow(s)
	case "PREPARE":
		j.prepared[lower(s.name)] = s.body
	case "DEALLOCATE", "DROP PREPARE":
		delete(j.prepared, lower(lastName(s.name)))
	}
}

func (j *judge) createTable(s *statement) {
	if s.ifNotExists && j.relation(s.table) != nil {
		return
	}
	k := &lint.Relation{Table: schema.Table{Ident: s.table, Kind: "table", Storage: s.options["engine"]}, Fresh: true, Options: s.options, Bound: afterBy(s.partitioned)}
	if s.options["charset"] == "" && s.options["collate"] != "" {
		s.options["charset"] = charsetOf(s.options["collate"])
	}
	s.options["charset"] = normalCharset(s.options["charset"])
	k.Partitioned = s.partitioned != ""
	if from := j.relation(s.like); s.like.Name != "" {
		k.Partial = from == nil
		if from != nil {
			k.Columns, k.Indexes, k.Options = append(k.Columns, from.Columns...), append(k.Indexes, from.Indexes...), from.Options
			k.Partitioned, k.Bound, k.Storage = from.Partitioned, from.Bound, from.Storage
		}
	}
	k.Partial = k.Partial || s.selects
	j.fill(k, s)
	j.catalog.Put(k)
}

// fill gives a table the columns and keys of a CREATE TABLE.
func (j *judge) fill(k *lint.Relation, s *statement) {
	for _, c := range s.columns {
		j.putColumn(k, c, false)
	}
	for _, q := range s.keys {
		putKey(k, q)
	}
}

// afterBy is what stands behind PARTITION BY.
func afterBy(text string) string {
	c := newCursor(text)
	if !c.take("PARTITION", "BY") || c.done() {
		return text
	}
	s, _ := c.rest()
	return s
}

func (j *judge) putColumn(k *lint.Relation, c column, added bool) {
	if k.Column(c.name) != nil {
		return
	}
	if j.maria && c.typ.name == "longtext" && strings.HasPrefix(lower(c.checkOf), "json_valid") { // so it prints JSON
		c.typ, c.checkOf = typ{name: "json"}, ""
	}
	col := schemaColumn(k, c)
	at := len(k.Columns)
	for i := range k.Columns {
		if c.after != "" && same(k.Columns[i].Name, c.after) {
			at = i + 1
		}
	}
	if c.first {
		at = 0
	}
	remember(k, c)
	k.Columns = append(k.Columns[:at:at], append([]schema.Column{col}, k.Columns[at:]...)...)
	if added {
		k.New[lower(c.name)] = true
	}
	j.columnKeys(k, c)
}

// remember keeps what a column says that the catalog has no place for.
func remember(k *lint.Relation, c column) {
	delete(k.Options, compression(c.name))
	delete(k.Options, reference(c.name))
	if c.srid != "" {
		k.Options[reference(c.name)] = c.srid
	}
	if c.compressed {
		k.Options[compression(c.name)] = "1"
	}
	if c.versioned {
		k.Options["system versioning"] = "1"
	}
}

// reference is the option under which a column's SRID is kept.
func reference(column string) string { return "srid " + lower(column) }

// columnKeys adds the keys and constraints that stand in a column's definition.
func (j *judge) columnKeys(k *lint.Relation, c column) {
	part := []schema.IndexColumn{{Name: c.name}}
	if c.checkOf != "" {
		k.Constraints = append(k.Constraints, schema.Constraint{Kind: schema.Check, Definition: c.checkOf, Columns: []string{c.name}, NotValid: !c.check})
	}
	if c.refs != nil && (j.maria || j.version >= 90000) {
		putKey(k, key{kind: "foreign", parts: part, ref: *c.refs, refParts: c.refParts, onDelete: c.onDelete, onUpdate: c.onRefUpdate})
	}
	switch {
	case c.primary:
		putKey(k, key{kind: "primary", parts: part})
	case c.unique:
		putKey(k, key{kind: "unique", parts: part})
	}
}

func schemaColumn(k *lint.Relation, c column) schema.Column {
	col := schema.Column{Name: c.name, Type: c.typ.String(), Nullable: !c.notNull && !c.primary, Generated: c.generated, Invisible: c.invisible, Comment: c.comment, Definition: c.as}
	if c.rowTime {
		col.Generated = "row" // written by the server alone
	}
	if c.onUpdate {
		col.OnUpdate = "CURRENT_TIMESTAMP"
	}
	if c.hasDef {
		d := c.def
		col.Default = &d
	}
	if c.auto {
		col.Identity = "auto_increment"
	}
	if c.typ.text() {
		col.Charset, col.Collation = c.typ.charset, c.typ.collate
		if col.Charset == "" {
			col.Charset = k.Options["charset"]
		}
		if col.Collation == "" && c.typ.charset == "" {
			col.Collation = k.Options["collate"]
		}
	}
	return col
}

func putKey(k *lint.Relation, q key) {
	switch q.kind {
	case "foreign":
		var cols []string
		for _, p := range q.parts {
			cols = append(cols, p.Name)
		}
		name := q.name
		led := false
		for _, x := range k.Indexes {
			led = led || beginsWith(x.Columns, cols)
		}
		if !led { // the server adds the index that the key needs
			index := name
			if index == "" && len(cols) > 0 {
				index = freeName(k, cols[0])
			}
			k.Indexes = append(k.Indexes, schema.Index{Name: index, Columns: q.parts})
		}
		var ref []string
		for _, p := range q.refParts {
			ref = append(ref, p.Name)
		}
		k.Constraints = append(k.Constraints, schema.Constraint{Name: name, Kind: schema.ForeignKey, Columns: cols, Ref: q.ref, RefColumns: ref, OnDelete: q.onDelete, OnUpdate: q.onUpdate})
	case "check":
		k.Constraints = append(k.Constraints, schema.Constraint{Name: q.name, Kind: schema.Check, Definition: q.expr, NotValid: !q.enforced})
	default:
		x := schema.Index{Name: q.name, Columns: q.parts, Unique: q.kind == "unique" || q.kind == "primary", Primary: q.kind == "primary", Invisible: q.invisible}
		if q.kind == "fulltext" || q.kind == "spatial" {
			x.Method = q.kind
		}
		if x.Primary {
			x.Name = "PRIMARY"
			for _, p := range q.parts {
				if c := k.Column(p.Name); c != nil {
					c.Nullable = false
					if c.Default != nil && same(*c.Default, "NULL") {
						c.Default = nil
					}
				}
			}
		}
		if x.Name == "" && len(q.parts) > 0 {
			x.Name = freeName(k, q.parts[0].Name)
		}
		k.Indexes = append(k.Indexes, x)
		if q.overlaps {
			k.Options["overlaps"] = x.Name
		}
	}
}

// freeName is the name that the server gives an index without one.
func freeName(k *lint.Relation, column string) string {
	if column == "" {
		column = "functional_index"
	}
	name := column
	for n := 2; k.FindIndex(name) != nil || same(name, "PRIMARY"); n++ {
		name = column + "_" + strconv.Itoa(n)
	}
	return name
}

func (j *judge) alter(k *lint.Relation, c clause) {
	switch c.kind {
	case "add column":
		j.putColumn(k, c.column, true)
	case "drop column":
		k.DropColumn(c.name)
		dropParts(k, c.name)
	case "modify", "change":
		j.redefine(k, c)
	case "rename column":
		renameColumn(k, c.name, c.to)
	case "add key":
		addKey(k, c.key)
	case "drop key":
		k.DropIndex(c.name)
	case "drop primary":
		k.DropIndex("PRIMARY")
	case "drop foreign":
		dropOnlyConstraint(k, c.name)
	case "drop constraint":
		if k.FindConstraint(c.name) != nil {
			dropOnlyConstraint(k, c.name)
		} else {
			k.DropIndex(c.name)
		}
	case "rename key":
		if x := k.FindIndex(c.name); x != nil {
			x.Name = c.to
		}
	case "alter key":
		if x := k.FindIndex(c.name); x != nil {
			x.Invisible = c.value == "invisible"
		}
	case "set default":
		if was := k.Column(c.name); was != nil {
			d := c.column.def
			was.Default = &d
		}
	case "drop default":
		if was := k.Column(c.name); was != nil {
			was.Default = nil
		}
	case "alter check":
		if q := k.FindConstraint(c.name); q != nil {
			q.NotValid = c.value != "enforced"
		}
	case "discard tablespace", "import tablespace":
		k.Options["discarded"] = map[bool]string{true: "1"}[c.kind == "discard tablespace"]
	case "add versioning":
		k.Options["system versioning"] = "1"
	case "add period":
		if name, columns := readPeriod(c.value); !same(name, "SYSTEM_TIME") {
			k.Options["period"] = name + " " + strings.Join(columns, " ")
		}
	case "drop period":
		delete(k.Options, "period")
	case "drop versioning":
		delete(k.Options, "system versioning")
	case "option":
		k.Options[c.name] = c.value
		if c.name == "engine" {
			k.Storage = c.value
		}
	case "convert":
		for i := range k.Columns {
			if t, ok := parseType(k.Columns[i].Type); ok && t.text() {
				k.Columns[i].Charset, k.Columns[i].Collation = c.value, c.to
			}
		}
	case "partition by":
		k.Partitioned, k.Bound = true, c.value
	case "remove partitioning":
		k.Partitioned, k.Bound = false, ""
	case "add partition", "drop partition", "reorganize partition", "coalesce partition":
		k.Bound = partitionsAfter(k.Bound, c)
	case "rename":
		j.catalog.Rename(k.Ident, c.toID)
	}
}

// addKey is ADD KEY, with IF NOT EXISTS or OR REPLACE.
func addKey(k *lint.Relation, q key) {
	if q.name != "" && k.FindIndex(q.name) != nil {
		if q.exists {
			return
		}
		if q.replace {
			k.DropIndex(q.name)
		}
	}
	putKey(k, q)
}

// redefine is MODIFY and CHANGE.
func (j *judge) redefine(k *lint.Relation, c clause) {
	was := k.Column(c.name)
	if was == nil {
		return
	}
	primary := primaryPart(k, c.name)
	now := schemaColumn(k, c.column)
	if primary {
		now.Nullable = false
	}
	old := was.Name
	*was = now
	if !same(old, now.Name) {
		was.Name = old
		renameColumn(k, old, now.Name)
	}
	remember(k, c.column)
	j.columnKeys(k, c.column)
}

func renameColumn(k *lint.Relation, from, to string) {
	was := k.Column(from)
	if was == nil {
		return
	}
	was.Name = to
	k.Bound = renamed(k.Bound, from, to)
	for i := range k.Columns {
		k.Columns[i].Definition = renamed(k.Columns[i].Definition, from, to)
	}
	for i := range k.Constraints {
		k.Constraints[i].Definition = renamed(k.Constraints[i].Definition, from, to)
	}
	for _, x := range k.Indexes {
		for i := range x.Columns {
			if same(x.Columns[i].Name, from) {
				x.Columns[i].Name = to
			}
		}
	}
	for _, q := range k.Constraints {
		for i := range q.Columns {
			if same(q.Columns[i], from) {
				q.Columns[i] = to
			}
		}
	}
}

// renamed is an expression in which a column has its new name.
func renamed(expr, from, to string) string {
	if !mentions(expr, from) {
		return expr
	}
	out, last := strings.Builder{}, 0
	for _, t := range Syntax.Tokens(expr) {
		if (t.Kind == lint.Word || t.Kind == lint.Quoted) && same(t.Value(), from) {
			out.WriteString(expr[last:t.Start] + "`" + strings.ReplaceAll(to, "`", "``") + "`")
			last = t.End
		}
	}
	return out.String() + expr[last:]
}

// dropParts takes a column out of the indexes; one without columns is gone, and so is a CHECK of the column alone.
func dropParts(k *lint.Relation, column string) {
	indexes := k.Indexes[:0]
	for _, x := range k.Indexes {
		parts := x.Columns[:0:0]
		for _, p := range x.Columns {
			if !same(p.Name, column) {
				parts = append(parts, p)
			}
		}
		x.Columns = parts
		if len(parts) > 0 {
			indexes = append(indexes, x)
		}
	}
	k.Indexes = indexes
	keep := k.Constraints[:0]
	for _, q := range k.Constraints {
		if q.Kind == schema.Check && mentions(q.Definition, column) && onlyColumn(k, q.Definition) {
			continue
		}
		keep = append(keep, q)
	}
	k.Constraints = keep
}

// onlyColumn: no column of the table is named any more.
func onlyColumn(k *lint.Relation, expr string) bool {
	for _, c := range k.Columns {
		if mentions(expr, c.Name) {
			return false
		}
	}
	return true
}

// dropOnlyConstraint leaves the index of a foreign key, which stays behind.
func dropOnlyConstraint(k *lint.Relation, name string) {
	keep := k.Constraints[:0]
	for _, q := range k.Constraints {
		if q.Incoming || !same(q.Name, name) {
			keep = append(keep, q)
		}
	}
	k.Constraints = keep
}

// variable is the name of a session's variable that is written at a token; @@session.a is one token or three.
func variable(t []lint.Token, i int) string {
	name := lower(t[i].Value())
	for _, head := range []string{"@@session.", "@@local.", "@@"} {
		if s, ok := strings.CutPrefix(name, head); ok {
			return s
		}
	}
	if i > 1 && t[i-1].Is(".") && (t[i-2].Is("@@GLOBAL") || t[i-2].Is("@@PERSIST")) || i > 0 && (t[i-1].Is("GLOBAL") || t[i-1].Is("PERSIST")) {
		return ""
	}
	return name
}

// ansiQuotes reports whether a text that is given to sql_mode makes double quotes a way to quote names.
func ansiQuotes(text string) bool {
	for _, w := range strings.FieldsFunc(strings.ToUpper(text), func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') }) {
		switch w {
		case "ANSI_QUOTES", "ANSI", "ORACLE", "MSSQL", "POSTGRESQL", "MAXDB":
			return true
		}
	}
	return false
}

// algorithmNamed is what alter_algorithm stands for, "" where the server chooses.
func algorithmNamed(value string) string {
	switch u := strings.ToUpper(value); u {
	case "COPY", "1":
		return "COPY"
	case "INPLACE", "NOCOPY", "INSTANT":
		return u
	}
	return ""
}

// set follows the settings that decide something, and the texts of user variables.
func (j *judge) set(s *statement) {
	t := Syntax.Tokens(s.body)
	if u := strings.ToUpper(s.body); strings.Contains(u, "LOG_BIN_TRUST_FUNCTION_CREATORS") {
		j.trusts = strings.HasSuffix(u, "1") || strings.HasSuffix(u, "ON") || strings.HasSuffix(u, "TRUE")
	}
	for i := 0; i+1 < len(t); i++ {
		value := ""
		for k := i + 1; k < len(t) && k < i+4; k++ {
			if !t[k].Is("=") && !t[k].Is(":") {
				value = t[k].Value()
				break
			}
		}
		switch name := variable(t, i); name {
		case "lock_wait_timeout":
			j.timeout = value != ""
		case "foreign_key_checks":
			j.unchecked = value == "0" || same(value, "off")
		case "restrict_fk_on_non_standard_key":
			j.loose = value == "0" || same(value, "off") || same(value, "false")
		case "sql_mode":
			j.ansi = ansiQuotes(s.body)
			j.oracle = strings.Contains(strings.ToUpper(s.body), "ORACLE")
			if !strings.Contains(lower(s.body), "@@sql_mode") {
				zero := !strings.Contains(strings.ToUpper(s.body), "NO_ZERO_DATE") && !strings.Contains(strings.ToUpper(s.body), "TRADITIONAL")
				j.dates = &zero
				u := strings.ToUpper(s.body)
				j.lax = !strings.Contains(u, "STRICT_") && !strings.Contains(u, "TRADITIONAL") && !strings.Contains(u, "DEFAULT")
			}
		case "system_versioning_alter_history":
			j.keeps = same(value, "KEEP") || value == "1"
		case "sql_require_primary_key":
			j.keyed = value == "1" || same(value, "ON") || same(value, "TRUE")
		case "alter_algorithm":
			j.usual = algorithmNamed(value)
		case "old_alter_table":
			j.usual = ""
			if value == "1" || same(value, "ON") || same(value, "TRUE") {
				j.usual = "COPY"
			}
		case "isolation", "transaction_isolation", "tx_isolation":
			j.committed = strings.Contains(strings.ToUpper(s.body), "READ COMMITTED") || strings.Contains(strings.ToUpper(s.body), "READ-COMMITTED")
		}
		if strings.HasPrefix(t[i].Text, "@") && !strings.HasPrefix(t[i].Text, "@@") && (t[i+1].Is("=") || t[i+1].Is(":")) {
			j.texts[lower(t[i].Text)] = s.body[t[i].End:]
		}
	}
}
