package mysql

import (
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/lint"
)

func (s *statement) createTable(c *cursor) {
	s.verb, s.table = "CREATE TABLE", s.created(c)
	if c.take("LIKE") {
		s.like = c.ident()
		return
	}
	if c.at("(") {
		in := c.inside()
		if in.take("LIKE") {
			if s.like = in.ident(); !in.done() {
				in.fail("the end of LIKE")
			}
			c.err = in.err
			return
		}
		if !in.at("SELECT") {
			s.elements(in)
		} else {
			s.selects = true
		}
		if in.err != nil {
			c.err = in.err
			return
		}
	}
	s.tableTail(c)
}

// tableTail reads what stands behind the columns: options, partitions, a query.
func (s *statement) tableTail(c *cursor) {
	for !c.done() {
		switch {
		case c.at("SELECT"), c.at("AS"), c.at("WITH"), c.at("TABLE"), c.at("VALUES"), c.at("(") && (c.peek(1).Is("(") || c.peek(1).Is("SELECT") || c.peek(1).Is("WITH") || c.peek(1).Is("VALUES") || c.peek(1).Is("TABLE")), c.at("IGNORE"), c.at("REPLACE"):
			if c.at("WITH", "SYSTEM") {
				c.i += 3
				s.options["system versioning"] = "1"
				continue
			}
			s.selects = true
			s.body, s.bodyAt = c.rest()
			s.query(c)
			return
		case c.take("START", "TRANSACTION"):
			s.options["start"] = "transaction"
		case c.at("PARTITION", "BY"):
			s.partitioned, _ = c.rest()
			for !c.done() && !c.at("SELECT") && !c.at("AS") {
				if c.at("(") {
					c.parens()
					continue
				}
				c.skip()
			}
		case c.take(","):
		default:
			name, value := c.option()
			s.options[name] = value
		}
	}
}

// option reads one table option. Names of two words are joined by a space.
func (c *cursor) option() (name, value string) {
	c.take("DEFAULT")
	two := [][]string{{"CHARACTER", "SET"}, {"CHAR", "SET"}, {"DATA", "DIRECTORY"}, {"INDEX", "DIRECTORY"}}
	for _, w := range two {
		if c.take(w...) {
			name = strings.ToLower(strings.Join(w, " "))
		}
	}
	if name == "" {
		t := c.peek(0)
		if t.Kind != lint.Word && t.Kind != lint.Quoted {
			c.fail("a table option")
			return "", ""
		}
		name = strings.ToLower(t.Value())
		c.skip()
	}
	switch name {
	case "character set", "char set":
		name = "charset"
	case "type":
		name = "engine"
	}
	eq := c.take("=")
	if name == "union" {
		return name, c.parens()
	}
	t := c.peek(0)
	if t.Kind != lint.Word && t.Kind != lint.String && t.Kind != lint.Number && t.Kind != lint.Quoted || !eq && !knownOption(name) {
		c.fail("a table option")
		return "", ""
	}
	c.skip()
	if name == "tablespace" && c.take("STORAGE") {
		c.skip()
	}
	return name, strings.ToLower(t.Value())
}

// knownOption are options that may stand without "=".
func knownOption(name string) bool {
	switch name {
	case "engine", "charset", "collate", "comment", "auto_increment", "row_format", "key_block_size", "tablespace", "data directory", "index directory", "max_rows", "min_rows",
		"avg_row_length", "checksum", "delay_key_write", "pack_keys", "stats_persistent", "stats_auto_recalc", "stats_sample_pages", "insert_method", "connection", "password",
		"compression", "encryption", "storage", "secondary_engine", "engine_attribute", "secondary_engine_attribute", "autoextend_size", "page_compressed", "page_compression_level",
		"encrypted", "encryption_key_id", "sequence", "transactional", "page_checksum", "ietf_quotes":
		return true
	}
	return false
}

// elements reads the columns and keys of a CREATE TABLE.
func (s *statement) elements(c *cursor) {
	for !c.done() {
		if k, ok := s.key(c); ok {
			s.keys = append(s.keys, k)
		} else if c.take("PERIOD", "FOR") {
			s.period = true
			if name, columns := readPeriod(c.item()); !same(name, "SYSTEM_TIME") {
				s.options["period"] = name + " " + strings.Join(columns, " ")
			}
		} else {
			s.columns = append(s.columns, c.column(""))
		}
		if !c.more() {
			break
		}
	}
	if !c.done() {
		c.fail("a column or a key")
	}
}

// key reads an index or a constraint; false if none comes next.
func (s *statement) key(c *cursor) (k key, ok bool) {
	k.enforced = true
	begin := c.i
	if c.take("CONSTRAINT") {
		k.exists = c.take("IF", "NOT", "EXISTS")
		if !c.at("PRIMARY") && !c.at("UNIQUE") && !c.at("FOREIGN") && !c.at("CHECK") {
			k.name = c.called()
		}
	}
	switch {
	case c.at("PRIMARY", "KEY"):
		c.i += 2
		k.kind = "primary"
	case c.at("UNIQUE"):
		c.skip()
		_ = c.take("KEY") || c.take("INDEX")
		k.kind = "unique"
	case c.at("FULLTEXT"), c.at("SPATIAL"), c.at("VECTOR") && (c.peek(1).Is("INDEX") || c.peek(1).Is("KEY") || c.peek(1).Is("(")):
		k.kind = strings.ToLower(c.peek(0).Text)
		c.skip()
		_ = c.take("KEY") || c.take("INDEX")
	case c.at("FOREIGN", "KEY"):
		c.i += 2
		k.kind = "foreign"
	case c.at("CHECK") && c.peek(1).Is("("):
		c.skip()
		k.kind, k.expr = "check", c.parens()
		s.enforcement(c, &k)
		return k, true
	case (c.at("INDEX") || c.at("KEY")) && c.i == begin:
		c.skip()
		k.kind = "index"
	default:
		c.i = begin
		return k, false
	}
	k.exists = c.take("IF", "NOT", "EXISTS") || k.exists
	if !c.at("(") && !c.at("USING") && !c.at("TYPE") {
		if n := c.called(); k.name == "" || k.kind != "foreign" {
			k.name = n
		}
	}
	c.using()
	from := c.i
	k.parts = c.keyParts()
	k.overlaps = after(c.t[from:c.i], "OVERLAPS")
	if k.kind == "foreign" {
		s.references(c, &k)
		return k, true
	}
	s.keyOptions(c, &k)
	return k, true
}

func (s *statement) enforcement(c *cursor, k *key) {
	if c.take("NOT", "ENFORCED") {
		k.enforced = false
	}
	c.take("ENFORCED")
}

func (s *statement) references(c *cursor, k *key) {
	c.want("REFERENCES")
	k.ref = c.ident()
	if c.at("(") {
		k.refParts = c.keyParts()
	}
	k.onDelete, k.onUpdate = c.actions()
}

// actions reads MATCH … and ON DELETE … of a foreign key.
func (c *cursor) actions() (onDelete, onUpdate string) {
	for {
		switch {
		case c.take("MATCH"):
			c.skip()
		case c.at("ON", "DELETE"), c.at("ON", "UPDATE"):
			c.i += 2
			into := &onDelete
			if c.peek(-1).Is("UPDATE") {
				into = &onUpdate
			}
			*into = strings.ToUpper(c.peek(0).Text)
			if c.at("SET") || c.at("NO") {
				*into += " " + strings.ToUpper(c.peek(1).Text)
			}
			if !(c.take("SET", "NULL") || c.take("SET", "DEFAULT") || c.take("NO", "ACTION") || c.take("CASCADE") || c.take("RESTRICT")) {
				c.fail("an action")
			}
		default:
			return onDelete, onUpdate
		}
		if c.err != nil {
			return onDelete, onUpdate
		}
	}
}

// column reads a column's definition; name is "" where it stands in front.
func (c *cursor) column(name string) column {
	col := column{name: name}
	if name == "" {
		col.name = c.called()
	}
	col.typ = c.readType()
	if col.typ.name == "serial" {
		col.typ, col.auto, col.unique, col.notNull = typ{name: "bigint", unsigned: true}, true, true, true
	}
	for !c.done() && !c.at(",") && c.columnOption(&col) {
	}
	if col.typ.collate != "" && col.typ.charset == "" {
		col.typ.charset = charsetOf(col.typ.collate)
	}
	return col
}

// columnOption reads one attribute of a column; false where none comes next.
func (c *cursor) columnOption(col *column) bool {
	behind := col.checkOf != "" && !c.at("REFERENCES")
	switch {
	case c.take("NOT", "NULL"):
		col.notNull = true
	case c.take("NOT", "SECONDARY"):
	case c.take("NULL"):
		col.null = true
	case c.take("DEFAULT"):
		c.defaultOf(col)
	case c.take("ON", "UPDATE"):
		col.onUpdate = true
		c.skip()
		if c.at("(") {
			col.updateDigits, _ = strconv.Atoi(c.parens())
		}
	case c.take("AUTO_INCREMENT"):
		col.auto, col.notNull = true, true
	case c.take("PRIMARY", "KEY"), c.take("PRIMARY"), c.take("KEY"):
		col.primary, col.notNull = true, true
	case c.take("UNIQUE"):
		c.take("KEY")
		col.unique = true
	case c.take("COMMENT"):
		col.comment = c.peek(0).Value()
		c.skip()
	case c.take("COLLATE"):
		c.take("=")
		col.typ.collate = strings.ToLower(c.name())
	case c.take("COLUMN_FORMAT"), c.take("STORAGE"), c.take("ENGINE_ATTRIBUTE"), c.take("SECONDARY_ENGINE_ATTRIBUTE"), c.take("REF_SYSTEM_ID"):
		col.place = col.place || c.peek(-1).Is("COLUMN_FORMAT") || c.peek(-1).Is("STORAGE")
		col.systemID = col.systemID || c.peek(-1).Is("REF_SYSTEM_ID")
		if c.peek(-1).Is("ENGINE_ATTRIBUTE") || c.peek(-1).Is("SECONDARY_ENGINE_ATTRIBUTE") {
			col.attribute = append(col.attribute, strings.ToUpper(c.peek(-1).Text))
		}
		c.take("=")
		if c.at("(") {
			c.parens()
		}
		c.skip()
	case c.take("SRID"):
		col.srid = c.peek(0).Text
		c.skip()
	case c.take("INVISIBLE"):
		col.invisible = true
	case c.take("VISIBLE"):
	case c.take("GENERATED", "ALWAYS", "AS"), c.take("AS"):
		c.generated(col)
	case c.take("WITH", "SYSTEM", "VERSIONING"), c.take("WITHOUT", "SYSTEM", "VERSIONING"):
		col.versioned = c.peek(-3).Is("WITH")
		col.unversioned = !col.versioned
	case c.take("COMPRESSED"):
		col.compressed = true
		if c.take("=") {
			col.method = c.name()
		}
	case c.at("CONSTRAINT") || c.at("CHECK"):
		if c.take("CONSTRAINT") {
			col.namedCheck = true
			if !c.at("CHECK") {
				c.called()
			}
		}
		c.want("CHECK")
		col.checkOf = c.parens()
		col.check = !c.take("NOT", "ENFORCED")
		c.take("ENFORCED")
	case c.take("REFERENCES"):
		id := c.ident()
		if c.at("(") {
			col.refParts = c.keyParts()
		}
		col.onDelete, col.onRefUpdate = c.actions()
		col.refs = &id
	default:
		return false
	}
	col.behindCheck = col.behindCheck || behind
	return c.err == nil
}

func (c *cursor) generated(col *column) {
	if c.take("ROW", "START") || c.take("ROW", "END") {
		col.versioned, col.rowTime = true, true
		return
	}
	col.as, col.generated = c.parens(), "virtual"
	switch {
	case c.take("STORED"), c.take("PERSISTENT"):
		col.generated = "stored"
	case c.take("VIRTUAL"):
	}
}

// defaultOf reads a default: a literal, a function, or an expression.
func (c *cursor) defaultOf(col *column) {
	col.hasDef = true
	start := c.peek(0).Start
	switch t := c.peek(0); {
	case c.at("("):
		c.parens()
		col.expr = true
	case c.take("+"), c.take("-"):
		c.skip()
	case t.Kind == lint.String, t.Kind == lint.Number:
		c.skip()
	case t.Kind == lint.Word:
		c.skip()
		if c.at("(") {
			c.parens()
			col.expr = !now(t.Text)
		} else if c.peek(0).Kind == lint.String { // DATE '…', _utf8mb4'…'
			c.skip()
		}
	default:
		c.fail("a default")
	}
	if c.err == nil {
		col.def = strings.TrimSpace(c.text[start:c.t[c.i-1].End])
	}
}

func now(word string) bool {
	switch strings.ToUpper(word) {
	case "NOW", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP":
		return true
	}
	return false
}

// nullDefault: DEFAULT NULL is none.
func (c column) nullDefault() bool { return !c.hasDef || strings.EqualFold(c.def, "NULL") }
