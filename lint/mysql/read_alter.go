package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
)

func (s *statement) alter(c *cursor) {
	s.ignore = c.take("IGNORE")
	if c.take("ONLINE") { // MariaDB: LOCK=NONE
		s.lock, s.isOnline = "NONE", true
	}
	s.ignore = c.take("IGNORE") || s.ignore
	if !c.take("TABLE") {
		s.alterOther(c)
		return
	}
	s.verb = "ALTER TABLE"
	s.ifExists = c.take("IF", "EXISTS")
	s.table = c.ident()
	begin := c.i
	for !c.done() && s.execution(c) && !c.at(",") {
	}
	if c.i > begin {
		c.take(",")
	}
	for !c.done() {
		s.alterClause(c)
		if c.err != nil {
			return
		}
		if !c.more() && !c.done() && !c.at("PARTITION", "BY") && !c.at("REMOVE", "PARTITIONING") && !c.followsOption(s) {
			c.fail("a clause of ALTER TABLE")
		}
	}
}

// followsOption: table options may follow each other without a comma.
func (c *cursor) followsOption(s *statement) bool {
	return len(s.clauses) > 0 && s.clauses[len(s.clauses)-1].kind == "option"
}

func (s *statement) alterOther(c *cursor) {
	for c.at("ALGORITHM") || c.at("DEFINER") || c.at("SQL") {
		c.header()
		break
	}
	word := c.any("DATABASE", "SCHEMA", "VIEW", "PROCEDURE", "FUNCTION", "EVENT", "USER", "ROLE", "SERVER", "TABLESPACE", "UNDO", "INSTANCE", "LOGFILE", "SEQUENCE", "RESOURCE", "LIBRARY")
	if word == "" {
		c.fail("what is altered")
		return
	}
	s.verb, s.word = "ALTER "+word, word
	if word == "VIEW" || word == "PROCEDURE" || word == "FUNCTION" || word == "SEQUENCE" || word == "EVENT" {
		s.ifExists = word == "SEQUENCE" && c.take("IF", "EXISTS")
		s.table = c.ident()
		s.name = s.table.Name
	}
	if word == "VIEW" && !c.at("(") && !c.at("AS") {
		c.fail("AS")
	}
	if !c.done() {
		s.body, _ = c.rest()
	}
}

func (s *statement) add(kind string, k clause) {
	k.kind = kind
	s.clauses = append(s.clauses, k)
}

// alterClause reads one clause.
func (s *statement) alterClause(c *cursor) {
	start := c.i
	switch {
	case s.execution(c):
		return
	case c.take("ADD"):
		s.adds(c)
	case c.take("DROP"):
		s.drops(c)
	case c.take("MODIFY"):
		c.take("COLUMN")
		k := clause{exists: c.take("IF", "EXISTS")}
		k.column = c.column("")
		c.position(&k.column)
		k.name = k.column.name
		s.add("modify", k)
	case c.take("CHANGE"):
		c.take("COLUMN")
		k := clause{exists: c.take("IF", "EXISTS")}
		k.name = c.called()
		k.column = c.column("")
		c.position(&k.column)
		k.to = k.column.name
		s.add("change", k)
	case c.take("ALTER"):
		s.alters(c)
	case c.take("RENAME"):
		s.renames(c)
	case c.take("CONVERT", "TO"):
		s.converts(c)
	case c.take("ORDER", "BY"):
		for {
			c.name()
			_ = c.take("ASC") || c.take("DESC")
			if c.err != nil || !c.take(",") {
				break
			}
		}
		s.add("order by", clause{})
	case c.take("FORCE"):
		s.add("force", clause{})
	case c.take("ENABLE", "KEYS"), c.take("DISABLE", "KEYS"):
		s.add("keys", clause{})
	case c.take("WITH", "SYSTEM", "VERSIONING"):
		s.add("add versioning", clause{})
	case c.take("WITH", "VALIDATION"), c.take("WITHOUT", "VALIDATION"):
		s.add("validation", clause{value: strings.ToLower(c.peek(-2).Text)})
	case c.take("SECONDARY_LOAD"), c.take("SECONDARY_UNLOAD"):
		s.add("option", clause{name: strings.ToLower(c.peek(-1).Text)})
	case s.partitions(c):
	default:
		if !s.optionClause(c) {
			return
		}
	}
	if n := len(s.clauses); c.err == nil && n > 0 && c.i > start {
		s.clauses[n-1].text = c.text[c.t[start].Start:c.t[c.i-1].End]
	}
}

func (s *statement) optionClause(c *cursor) bool {
	n, v := c.option()
	if c.err != nil {
		return false
	}
	s.add("option", clause{name: n, value: v})
	return true
}

func (c *cursor) position(col *column) {
	switch {
	case c.take("FIRST"):
		col.first = true
	case c.take("AFTER"):
		col.after = c.called()
	}
}

func (s *statement) adds(c *cursor) {
	if k, ok := s.key(c); ok {
		s.add("add key", clause{key: k})
		return
	}
	switch {
	case c.take("PARTITION"):
		k := clause{exists: c.take("IF", "NOT", "EXISTS")}
		if c.any2("NO_WRITE_TO_BINLOG", "LOCAL") || c.at("PARTITIONS") {
			k.value = "count"
		}
		if c.at("(") {
			k.value = c.parens()
		} else {
			c.item()
		}
		s.add("add partition", k)
		return
	case c.take("SYSTEM", "VERSIONING"):
		s.add("add versioning", clause{})
		return
	case c.take("PERIOD", "FOR"), c.take("PERIOD", "IF", "NOT", "EXISTS", "FOR"):
		k := clause{exists: c.peek(-2).Is("EXISTS")}
		k.value = c.item()
		s.add("add period", k)
		return
	}
	c.take("COLUMN")
	exists := c.take("IF", "NOT", "EXISTS")
	if c.at("(") {
		in := c.inside()
		for !in.done() {
			if k, ok := s.key(in); ok {
				s.add("add key", clause{key: k})
			} else {
				col := in.column("")
				s.add("add column", clause{name: col.name, column: col, exists: exists})
			}
			if !in.more() {
				break
			}
		}
		if in.err != nil || !in.done() {
			in.fail("a column")
			c.err = in.err
		}
		return
	}
	col := c.column("")
	c.position(&col)
	s.add("add column", clause{name: col.name, column: col, exists: exists})
}

func (s *statement) drops(c *cursor) {
	switch {
	case c.take("PRIMARY", "KEY"):
		s.add("drop primary", clause{})
	case c.take("FOREIGN", "KEY"):
		e := c.take("IF", "EXISTS")
		s.add("drop foreign", clause{exists: e, name: c.called()})
	case c.take("INDEX"), c.take("KEY"):
		e := c.take("IF", "EXISTS")
		s.add("drop key", clause{exists: e, name: c.called()})
	case c.at("CHECK") && c.peek(1).Kind != lint.Symbol, c.at("CONSTRAINT"):
		c.skip()
		e := c.take("IF", "EXISTS")
		s.add("drop constraint", clause{exists: e, name: c.called()})
	case c.take("PARTITION"):
		e := c.take("IF", "EXISTS")
		s.add("drop partition", clause{exists: e, value: c.nameList()})
	case c.take("SYSTEM", "VERSIONING"):
		s.add("drop versioning", clause{})
	case c.take("PERIOD", "FOR"), c.take("PERIOD", "IF", "EXISTS", "FOR"):
		s.add("drop period", clause{exists: c.peek(-2).Is("EXISTS"), value: c.name()})
	default:
		c.take("COLUMN")
		e := c.take("IF", "EXISTS")
		s.add("drop column", clause{exists: e, name: c.called()})
		c.any("RESTRICT", "CASCADE")
	}
}

func (c *cursor) nameList() string {
	var out []string
	for {
		out = append(out, c.called())
		if c.err != nil || !c.at(",") || c.peek(2).Kind != lint.Comment && !c.peek(2).Is(",") {
			return strings.Join(out, ", ")
		}
		c.skip()
	}
}

func (s *statement) alters(c *cursor) {
	switch {
	case c.take("INDEX"), c.take("KEY"):
		k := clause{exists: c.take("IF", "EXISTS")}
		k.name = c.called()
		switch {
		case c.take("NOT", "IGNORED"), c.take("VISIBLE"):
			k.value = "visible"
		case c.take("IGNORED"), c.take("INVISIBLE"):
			k.value = "invisible"
		default:
			c.fail("VISIBLE or INVISIBLE")
		}
		s.add("alter key", k)
		return
	case c.at("CHECK") && !c.peek(1).Is("SET"), c.at("CONSTRAINT") && !c.peek(1).Is("SET"):
		c.skip()
		k := clause{name: c.called(), value: "enforced"}
		if c.take("NOT", "ENFORCED") {
			k.value = "not enforced"
		} else {
			c.want("ENFORCED")
		}
		s.add("alter check", k)
		return
	}
	c.take("COLUMN")
	e := c.take("IF", "EXISTS")
	k := clause{exists: e, name: c.called()}
	switch {
	case c.take("SET", "DEFAULT"):
		c.defaultOf(&k.column)
		s.add("set default", k)
	case c.take("DROP", "DEFAULT"):
		s.add("drop default", k)
	case c.take("SET", "VISIBLE"), c.take("SET", "INVISIBLE"):
		k.value = strings.ToLower(c.peek(-1).Text)
		s.add("set visible", k)
	default:
		c.fail("SET or DROP")
	}
}

func (s *statement) renames(c *cursor) {
	switch {
	case c.take("COLUMN"):
		e := c.take("IF", "EXISTS")
		k := clause{exists: e, name: c.called()}
		c.want("TO")
		k.to = c.called()
		s.add("rename column", k)
	case c.at("INDEX"), c.at("KEY"):
		c.skip()
		e := c.take("IF", "EXISTS")
		k := clause{exists: e, name: c.called()}
		c.want("TO")
		k.to = c.called()
		s.add("rename key", k)
	default:
		_ = c.take("TO") || c.take("AS") || c.take("=")
		id := c.ident()
		s.add("rename", clause{toID: id, to: id.Name})
	}
}

func (s *statement) converts(c *cursor) {
	if !c.take("CHARSET") && !c.take("CHARACTER", "SET") {
		c.fail("CHARACTER SET")
		return
	}
	k := clause{value: normalCharset(c.name())}
	if c.take("COLLATE") {
		c.take("=")
		k.to = strings.ToLower(c.name())
	}
	s.add("convert", k)
}

// partitions reads the clauses about partitions; false if none comes next.
func (s *statement) partitions(c *cursor) bool {
	word := strings.ToUpper(c.peek(0).Text)
	switch word {
	case "TRUNCATE", "REORGANIZE", "EXCHANGE", "REBUILD", "OPTIMIZE", "ANALYZE", "CHECK", "REPAIR", "COALESCE", "DISCARD", "IMPORT", "CONVERT":
	case "PARTITION":
		if !c.take("PARTITION", "BY") {
			return false
		}
		s.partitioned, _ = c.rest()
		c.i = len(c.t)
		s.add("partition by", clause{value: s.partitioned})
		return true
	case "REMOVE":
		if !c.take("REMOVE", "PARTITIONING") {
			return false
		}
		s.add("remove partitioning", clause{})
		return true
	default:
		return false
	}
	c.skip()
	if word == "DISCARD" || word == "IMPORT" {
		k := clause{value: word}
		if c.take("PARTITION") {
			k.name, _ = c.rest()
			c.i = len(c.t)
		} else {
			c.want("TABLESPACE")
		}
		s.add(strings.ToLower(word)+" tablespace", k)
		return true
	}
	if word == "CONVERT" {
		_ = c.take("TABLE") || c.take("PARTITION")
		k := clause{}
		k.name, _ = c.rest()
		c.i = len(c.t)
		s.add("convert partition", k)
		return true
	}
	if !c.take("PARTITION") {
		c.want("PARTITIONS")
	}
	k := clause{}
	if !c.done() {
		k.value, _ = c.rest()
	}
	c.i = len(c.t)
	for i := range c.t {
		if c.t[i].Is("WITHOUT") {
			k.to = "without"
		}
	}
	s.add(strings.ToLower(word)+" partition", k)
	return true
}
