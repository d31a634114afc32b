package mysql

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// keyFaults looks at the foreign keys that a statement adds to a table, which is given as it is behind it.
func (c *call) keyFaults(k *lint.Relation) []string {
	var out []string
	for _, q := range k.Constraints {
		if q.Kind == schema.ForeignKey && !q.Incoming && c.addsForeign(q) {
			if why := c.foreignFault(k, q); why != "" {
				out = append(out, why)
			}
		}
	}
	keys := c.keys
	for _, x := range c.clauses {
		if x.kind == "add key" {
			keys = append(keys[:len(keys):len(keys)], x.key)
		}
	}
	for _, q := range keys {
		if q.name != "" && (q.kind == "foreign" || q.kind == "check" && !c.maria) && c.nameTaken(q) {
			out = append(out, "another table has a constraint "+quote(q.name))
		}
	}
	return out
}

// nameTaken: MySQL wants names of foreign keys and CHECKs to be unique in a database, MariaDB before 12 those of foreign keys.
func (c *call) nameTaken(q key) bool {
	found := false
	c.catalog.Relations(func(r *lint.Relation) {
		if same(r.Name, c.table.Name) || r.Schema != c.table.Schema {
			return
		}
		if f := r.FindConstraint(q.name); f != nil && (f.Kind == schema.ForeignKey) == (q.kind == "foreign") {
			found = true
		}
	})
	return found
}

func (c *call) addsForeign(q schema.Constraint) bool {
	if c.verb == "CREATE TABLE" {
		return true
	}
	return c.any(func(x clause) bool {
		return x.kind == "add key" && x.key.kind == "foreign" && same(x.key.name, q.Name) && sameParts(x.key.parts, q.Columns) ||
			(x.kind == "add column" || x.kind == "modify" || x.kind == "change") && x.column.refs != nil && len(q.Columns) == 1 && same(x.column.name, q.Columns[0])
	})
}

func sameParts(parts []schema.IndexColumn, columns []string) bool {
	return len(parts) == len(columns) && beginsWith(parts, columns)
}

// foreignFault says why a foreign key can't be made.
func (c *call) foreignFault(k *lint.Relation, q schema.Constraint) string {
	name := "the foreign key " + quote(q.Name)
	if q.Name == "" {
		name = "the foreign key"
	}
	if k.Storage != "" && !same(k.Storage, "innodb") {
		return ""
	}
	for _, n := range q.Columns {
		col := k.Column(n)
		switch {
		case col == nil && (c.verb == "CREATE TABLE" || whole(k)):
			return name + " names the column " + quote(n) + ", which isn't there"
		case col == nil:
		case col.Generated == "virtual" && !(c.maria && c.verb == "CREATE TABLE"):
			return name + " is on the virtual column " + quote(n)
		case !col.Nullable && (q.OnDelete == "SET NULL" || q.OnUpdate == "SET NULL"):
			return name + " sets " + quote(n) + " to NULL, which is NOT NULL"
		case col.Generated != "" && (strings.HasPrefix(q.OnUpdate, "CASCADE") || strings.HasPrefix(q.OnUpdate, "SET") || strings.HasPrefix(q.OnDelete, "SET")):
			return name + " would write the generated column " + quote(n)
		}
	}
	for i := range k.Constraints {
		if o := &k.Constraints[i]; o.Kind == schema.ForeignKey && q.Name != "" && same(o.Name, q.Name) && !o.Incoming && !sameNames(o.Columns, q.Columns) {
			return "there are two foreign keys " + quote(q.Name)
		}
	}
	return c.parentFault(k, q, name)
}

func sameNames(a, b []string) bool {
	return strings.EqualFold(strings.Join(a, ","), strings.Join(b, ","))
}

// parentFault looks at the table that a foreign key points at.
func (c *call) parentFault(k *lint.Relation, q schema.Constraint, name string) string {
	p := c.relation(q.Ref)
	if same(q.Ref.Name, k.Name) && q.Ref.Schema == k.Schema {
		p = k
	}
	if p == nil {
		if c.missing(q.Ref) && !c.unchecked {
			return name + " points at the table " + quoted(q.Ref) + ", which isn't there"
		}
		return ""
	}
	if p.Kind == "view" {
		return name + " points at a view"
	}
	if p.Storage != "" && !same(p.Storage, "innodb") || p.Partitioned {
		return name + " points at a table that takes no foreign keys: " + quoted(q.Ref)
	}
	ref := q.RefColumns
	if len(ref) == 0 {
		if c.maria {
			return name + " doesn't say at which columns of " + quoted(q.Ref) + " it points"
		}
		if x := p.FindIndex("PRIMARY"); x != nil {
			for _, part := range x.Columns {
				ref = append(ref, part.Name)
			}
		}
	}
	if p.Partial || len(p.Columns) == 0 || len(ref) == 0 {
		return ""
	}
	if len(ref) != len(q.Columns) {
		return name + " has another number of columns than it points at"
	}
	for i, n := range ref {
		to, from := p.Column(n), k.Column(q.Columns[i])
		if to == nil {
			return fmt.Sprintf("%s points at %s.%s, which isn't there", name, quoted(q.Ref), quote(n))
		}
		if from != nil && !c.matchingTypes(from, to) {
			return fmt.Sprintf("%s is on %s, a %s, and %s.%s is a %s", name, quote(from.Name), describe(from), quoted(q.Ref), quote(n), describe(to))
		}
	}
	if !c.referable(p, ref) {
		return fmt.Sprintf("no index of %s lets %s find its rows", quoted(q.Ref), name)
	}
	return ""
}

func describe(c *schema.Column) string {
	if c.Charset != "" {
		return c.Type + " of " + c.Charset
	}
	return c.Type
}

// referable: an index begins with the columns; since MySQL 8.4 it has to be unique and hold nothing else.
func (c *call) referable(p *lint.Relation, ref []string) bool {
	for _, x := range p.Indexes {
		if !beginsWith(x.Columns, ref) || x.Method != "" {
			continue
		}
		if c.maria || c.version < 80400 || c.loose || x.Unique && len(x.Columns) == len(ref) {
			return true
		}
	}
	return false
}

// usualCharset is a character set, or that of the server where none is written. MariaDB's own differs from place to place.
func (j *judge) usualCharset(charset string) string {
	if charset == "" && !j.maria && j.version >= 80000 {
		return "utf8mb4"
	}
	return charset
}

// uncommon character sets are nobody's default.
func uncommon(charset string) bool {
	return charset != "" && charset != "utf8mb4" && charset != "utf8mb3" && charset != "latin1"
}

// matchingTypes: integers have to be of the same size and sign, texts of the same character set.
func (j *judge) matchingTypes(a, b *schema.Column) bool {
	x, ok := parseType(a.Type)
	y, ok2 := parseType(b.Type)
	if !ok || !ok2 {
		return true
	}
	if x.text() && y.text() {
		if p, q := j.usualCharset(a.Charset), j.usualCharset(b.Charset); p != "" && q != "" && p != q || uncommon(p) && q == "" || uncommon(q) && p == "" {
			return false
		}
		x.charset, x.collate, y.charset, y.collate = a.Charset, a.Collation, b.Charset, b.Collation
		u, v := j.collationOf(x), j.collationOf(y)
		return u == "" || v == "" || u == v || j.maria && j.version >= 110200 && (a.Collation == "" || b.Collation == "")
	}
	if x.name != y.name || x.unsigned != y.unsigned {
		return false
	}
	return x.name != "decimal" || fmt.Sprint(x.fill()) == fmt.Sprint(y.fill())
}

// charsets are those of both servers.
var charsets = map[string]bool{"armscii8": true, "ascii": true, "big5": true, "binary": true, "cp1250": true, "cp1251": true, "cp1256": true, "cp1257": true, "cp850": true, "cp852": true, "cp866": true, "cp932": true, "dec8": true, "eucjpms": true, "euckr": true,
	"gb2312": true, "gbk": true, "geostd8": true, "greek": true, "hebrew": true, "hp8": true, "keybcs2": true, "koi8r": true, "koi8u": true, "latin1": true, "latin2": true, "latin5": true, "latin7": true, "macce": true, "macroman": true, "sjis": true, "swe7": true,
	"tis620": true, "ucs2": true, "ujis": true, "utf16": true, "utf16le": true, "utf32": true, "utf8mb3": true, "utf8mb4": true, "gb18030": true, "default": true}

// encoding says what is wrong with a character set and a collation.
func (j *judge) encoding(charset, collate string) string {
	charset = normalCharset(charset)
	of := charsetOf(collate)
	switch {
	case charset != "" && (!charsets[charset] || charset == "gb18030" && j.maria):
		return "there is no character set " + charset
	case collate == "" || collate == "default":
		return ""
	case j.maria && strings.HasPrefix(collate, "uca1400_"):
		return ""
	case !charsets[of] || collate != "binary" && !strings.Contains(collate, "_"),
		strings.Contains(collate, "_0900_") && (j.maria && j.version < 110402 || !j.maria && j.version < 80000), strings.Contains(collate, "uca1400") && (!j.maria || j.version < 101001):
		return "this server has no collation " + collate
	case !j.collation(strings.Replace(collate, "utf8_", "utf8mb3_", 1)) && !j.collation(collate):
		return "this server has no collation " + collate
	case charset != "" && charset != "default" && of != charset:
		return "the collation " + collate + " isn't one of the character set " + charset
	}
	return ""
}

// optionFaults looks at engines, character sets and collations.
func (c *call) optionFaults() []string {
	var out []string
	add := func(why string) {
		if why != "" {
			out = append(out, why)
		}
	}
	add(c.encoding(c.options["charset"], c.options["collate"]))
	add(c.unknownEngine(c.options["engine"]))
	add(c.absentEngine(c.options["engine"]))
	for _, col := range c.columns {
		add(c.encoding(col.typ.charset, col.typ.collate))
	}
	for _, n := range slices.Sorted(maps.Keys(c.options)) {
		add(c.optionFault(n, c.options[n], c.options["engine"]))
	}
	for _, x := range c.clauses {
		if k := c.relation(c.table); x.kind == "option" {
			engine := ""
			if k != nil {
				engine = k.Storage
			}
			add(c.optionFault(x.name, x.value, engine))
		}
		add(c.encoding(x.column.typ.charset, x.column.typ.collate))
		switch {
		case x.kind == "convert":
			add(c.encoding(x.value, x.to))
		case x.kind == "option" && x.name == "charset":
			add(c.encoding(x.value, ""))
		case x.kind == "option" && x.name == "collate":
			add(c.encoding("", x.value))
		case x.kind == "option" && x.name == "engine":
			add(c.unknownEngine(x.value))
			add(c.absentEngine(x.value))
		}
	}
	return out
}
