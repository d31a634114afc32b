package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// apply changes the catalog as the statement changes the schema.
func (j *judge) apply(s *statement) {
	switch s.verb {
	case "CREATE TABLE":
		j.createTable(s)
	case "CREATE VIEW", "CREATE SEQUENCE":
		j.catalog.Put(&lint.Relation{Table: schema.Table{Ident: s.table, Kind: strings.ToLower(s.verb[7:])}, Fresh: j.relation(s.table) == nil})
	case "ALTER TABLE", "CREATE INDEX", "DROP INDEX":
		k := j.catalog.Ensure(s.table)
		for _, c := range s.clauses {
			j.alter(k, c)
		}
	case "RENAME TABLE":
		for i := range s.tables {
			j.catalog.Rename(s.tables[i], s.to[i])
		}
	case "DROP TABLE", "DROP VIEW", "DROP SEQUENCE":
		for _, id := range s.tables {
			j.catalog.Remove(id)
		}
	case "SET":
		j.set(s)
	case "CREATE ROUTINE":
		if s.word == "PROCEDURE" || s.word == "FUNCTION" {
			j.routines[lower(s.name)] = s.body
		}
	case "PREPARE":
		j.prepared[lower(s.name)] = s.body
	}
}

func (j *judge) createTable(s *statement) {
	if s.ifNotExists && j.relation(s.table) != nil {
		return
	}
	k := &lint.Relation{Table: schema.Table{Ident: s.table, Kind: "table", Storage: s.options["engine"]}, Fresh: true, Options: s.options, Bound: s.partitioned}
	if s.options["charset"] == "" && s.options["collate"] != "" {
		s.options["charset"] = charsetOf(s.options["collate"])
	}
	s.options["charset"] = normalCharset(s.options["charset"])
	k.Partitioned = s.partitioned != ""
	if from := j.relation(s.like); s.like.Name != "" {
		k.Partial = from == nil
		if from != nil {
			k.Columns, k.Indexes, k.Options = append(k.Columns, from.Columns...), append(k.Indexes, from.Indexes...), from.Options
		}
	}
	k.Partial = k.Partial || s.selects
	for _, c := range s.columns {
		j.putColumn(k, c, false)
	}
	for _, q := range s.keys {
		putKey(k, q)
	}
	j.catalog.Put(k)
}

func (j *judge) putColumn(k *lint.Relation, c column, added bool) {
	if k.Column(c.name) != nil {
		return
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
	k.Columns = append(k.Columns[:at:at], append([]schema.Column{col}, k.Columns[at:]...)...)
	if added {
		k.New[lower(c.name)] = true
	}
	part := []schema.IndexColumn{{Name: c.name}}
	switch {
	case c.primary:
		putKey(k, key{kind: "primary", parts: part})
	case c.unique:
		putKey(k, key{kind: "unique", name: c.name, parts: part})
	}
}

func schemaColumn(k *lint.Relation, c column) schema.Column {
	col := schema.Column{Name: c.name, Type: c.typ.String(), Nullable: !c.notNull && !c.primary, Generated: c.generated, Invisible: c.invisible, Comment: c.comment}
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
				index = cols[0]
			}
			k.Indexes = append(k.Indexes, schema.Index{Name: index, Columns: q.parts})
		}
		k.Constraints = append(k.Constraints, schema.Constraint{Name: name, Kind: schema.ForeignKey, Columns: cols, Ref: q.ref})
	case "check":
		k.Constraints = append(k.Constraints, schema.Constraint{Name: q.name, Kind: schema.Check, Definition: q.expr})
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
				}
			}
		}
		if x.Name == "" && len(q.parts) > 0 {
			x.Name = q.parts[0].Name
		}
		k.Indexes = append(k.Indexes, x)
	}
}

func (j *judge) alter(k *lint.Relation, c clause) {
	switch c.kind {
	case "add column":
		j.putColumn(k, c.column, true)
	case "drop column":
		k.DropColumn(c.name)
	case "modify", "change":
		if was := k.Column(c.name); was != nil {
			*was = schemaColumn(k, c.column)
		}
	case "rename column":
		if was := k.Column(c.name); was != nil {
			was.Name = c.to
		}
	case "add key":
		putKey(k, c.key)
	case "drop key":
		k.DropIndex(c.name)
	case "drop primary":
		k.DropIndex("PRIMARY")
	case "drop foreign", "drop constraint":
		k.DropConstraint(c.name)
	case "rename key":
		if x := k.FindIndex(c.name); x != nil {
			x.Name = c.to
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
		k.Partitioned = true
	case "remove partitioning":
		k.Partitioned = false
	case "rename":
		j.catalog.Rename(k.Ident, c.toID)
	}
}

// set follows the settings that decide something, and the texts of user variables.
func (j *judge) set(s *statement) {
	t := Syntax.Tokens(s.body)
	for i := 0; i+1 < len(t); i++ {
		value := ""
		for k := i + 1; k < len(t) && k < i+4; k++ {
			if !t[k].Is("=") && !t[k].Is(":") {
				value = t[k].Value()
				break
			}
		}
		switch name := lower(strings.TrimPrefix(strings.TrimPrefix(t[i].Text, "@@session."), "@@")); name {
		case "lock_wait_timeout":
			j.timeout = value != ""
		case "foreign_key_checks":
			j.unchecked = value == "0" || same(value, "off")
		case "isolation":
			j.committed = strings.Contains(strings.ToUpper(s.body), "READ COMMITTED") || strings.Contains(strings.ToUpper(s.body), "READ-COMMITTED")
		}
		if strings.HasPrefix(t[i].Text, "@") && !strings.HasPrefix(t[i].Text, "@@") && (t[i+1].Is("=") || t[i+1].Is(":")) {
			j.texts[lower(t[i].Text)] = s.body[t[i].End:]
		}
	}
}
