package mysql

import (
	"strings"
)

// clause is a column's definition in parts, so that one can be changed and the
// rest kept in the server's own words.
type clause struct {
	Core      string  `json:"core"` // type, charset, collation and whatever has no field below
	NotNull   bool    `json:"not_null,omitempty"`
	Default   *string `json:"default,omitempty"`
	OnUpdate  string  `json:"on_update,omitempty"`
	Comment   string  `json:"comment,omitempty"`
	Invisible bool    `json:"invisible,omitempty"`
	Check     string  `json:"check,omitempty"` // the expression in its parentheses
	Generated string  `json:"-"`
	Auto      bool    `json:"-"`
}

// parseClause reads the definition that follows a column's name in SHOW CREATE TABLE.
func parseClause(list []token) clause {
	var c clause
	var core []token
	for i := 0; i < len(list); {
		n := c.attribute(list[i:])
		if n == 0 {
			n = 1
			core = append(core, list[i])
		}
		i += n
	}
	c.Core = join(core)
	return c
}

// attribute takes one attribute off the start of list and tells its length; 0
// when it is part of the core.
func (c *clause) attribute(list []token) int {
	switch {
	case words(list, "NOT", "NULL"):
		c.NotNull = true
		return 2
	case words(list, "NULL"), words(list, "VISIBLE"), words(list, "VIRTUAL"), words(list, "STORED"), words(list, "PERSISTENT"):
		return 1
	case words(list, "INVISIBLE"):
		c.Invisible = true
		return 1
	case words(list, "AUTO_INCREMENT"):
		c.Auto = true
		return 1
	case words(list, "COMMENT") && len(list) > 1:
		c.Comment = unquote(list[1].text)
		return 2
	case words(list, "DEFAULT"):
		n := min(1+value(list[1:]), len(list))
		c.setDefault(join(list[1:n]))
		return n
	case words(list, "ON", "UPDATE"):
		n := min(2+value(list[2:]), len(list))
		c.OnUpdate = join(list[2:n])
		return n
	case words(list, "CHECK"):
		n := min(1+group(list[1:]), len(list))
		c.Check = join(list[1:n])
		return n
	case words(list, "GENERATED", "ALWAYS", "AS"):
		return c.generated(list, 3)
	case words(list, "AS"):
		return c.generated(list, 1)
	}
	return 0
}

func (c *clause) generated(list []token, from int) int {
	n := from + group(list[from:])
	c.Generated = join(list[from:n])
	return n
}

func (c *clause) setDefault(v string) {
	if strings.EqualFold(v, "NULL") {
		return
	}
	c.Default = &v
}

// value measures a default: a literal with its sign or introducer, a function
// with its arguments, or an expression in parentheses.
func value(list []token) int {
	if n := group(list); n > 0 {
		return n
	}
	n := 1
	if words(list, "-") || words(list, "+") {
		n++
	}
	for n < len(list) && !list[n].space && list[n].text != "," {
		if g := group(list[n:]); g > 0 {
			return n + g
		}
		n++ // 1.5, b'0', _utf8mb4'x', schema.function
	}
	return n
}

const jsonCore = "json"

// withJSON turns a JSON column back into what it was declared as: one of the servers
// prints it as text with a CHECK, and would take that for another type.
func (c clause) withJSON(name string) clause {
	if strings.EqualFold(join(tokens(c.Check)), "(json_valid("+quote(name)+"))") {
		c.Core, c.Check = jsonCore, ""
	}
	return c
}

// SQL writes the clause.
func (c clause) SQL() string {
	parts := []string{c.Core, "NULL"}
	if c.NotNull {
		parts[1] = "NOT NULL"
	}
	if c.Default != nil {
		parts = append(parts, "DEFAULT "+*c.Default)
	}
	if c.OnUpdate != "" {
		parts = append(parts, "ON UPDATE "+c.OnUpdate)
	}
	if c.Invisible {
		parts = append(parts, "INVISIBLE")
	}
	if c.Comment != "" {
		parts = append(parts, "COMMENT "+quoteText(c.Comment))
	}
	if c.Check != "" {
		parts = append(parts, "CHECK "+c.Check)
	}
	return strings.Join(parts, " ")
}

// printed is what SHOW CREATE TABLE says of a table.
type printed struct {
	collation string // the table's default
	columns   map[string]printedColumn
	checks    []printedCheck
	keys      map[string]string // what follows REFERENCES t (c), by the foreign key's name
	indexes   map[string]printedIndex
}

type printedColumn struct {
	clause
	text string
}

type printedCheck struct {
	name, expr string
	enforced   bool
}

// printedIndex is an index's clause without name and columns.
type printedIndex struct {
	kind  string // "KEY", "UNIQUE KEY", "FULLTEXT KEY", "PRIMARY KEY" …
	parts string // in parentheses
	tail  string // USING, COMMENT, KEY_BLOCK_SIZE, WITH PARSER …
	text  string
}

// parseCreate reads SHOW CREATE TABLE.
func parseCreate(text string) printed {
	p := printed{columns: map[string]printedColumn{}, indexes: map[string]printedIndex{}, keys: map[string]string{}}
	list := tokens(text)
	from := 0
	for from < len(list) && list[from].text != "(" {
		from++
	}
	if from == len(list) {
		return p
	}
	to := from + group(list[from:]) - 1
	if to <= from || list[to].text != ")" {
		return p
	}
	for _, item := range split(list[from+1 : to]) {
		p.item(item)
	}
	for i, t := range list[to:] {
		if strings.EqualFold(t.text, "COLLATE") && to+i+2 < len(list) {
			p.collation = list[to+i+2].text // COLLATE = name
		}
	}
	return p
}

// definition leaves out a collation that is the table's own, which one of the servers
// prints: said in a statement it would be printed with more words ever after.
func (p *printed) definition(text, collation string) string {
	if collation == "" || collation != p.collation {
		return text
	}
	list := tokens(text)
	for i := range list {
		if words(list[i:], "COLLATE", collation) && (i < 3 || !words(list[i-3:], "CHARACTER", "SET")) {
			return join(append(list[:i:i], list[i+2:]...))
		}
	}
	return text
}

func (p *printed) item(list []token) {
	if len(list) == 0 {
		return
	}
	if strings.HasPrefix(list[0].text, "`") {
		p.columns[unquote(list[0].text)] = printedColumn{parseClause(list[1:]), join(list[1:])}
		return
	}
	if words(list, "CONSTRAINT") {
		p.constraint(list)
		return
	}
	p.index(list)
}

func (p *printed) constraint(list []token) {
	for i := range list {
		if words(list[i:], "FOREIGN", "KEY") {
			p.foreignKey(unquote(list[1].text), list[i:])
			return
		}
		if words(list[i:], "CHECK") && i >= 2 {
			n := group(list[i+1:])
			rest := list[i+1+n:]
			p.checks = append(p.checks, printedCheck{unquote(list[1].text), join(list[i+1 : i+1+n]), !words(rest, "NOT", "ENFORCED")})
			return
		}
	}
}

// foreignKey keeps the rules as they were written: the catalog shows a rule that
// nobody wrote.
func (p *printed) foreignKey(name string, list []token) {
	for i := range list {
		if !words(list[i:], "REFERENCES") {
			continue
		}
		for j := i; j < len(list); j++ {
			if n := group(list[j:]); n > 0 {
				p.keys[name] = join(list[j+n:])
				return
			}
		}
	}
}

func (p *printed) index(list []token) {
	for i := range list {
		n := group(list[i:])
		if n == 0 {
			continue
		}
		head, name := list[:i], "PRIMARY"
		if last := head[len(head)-1].text; strings.HasPrefix(last, "`") {
			name, head = unquote(last), head[:len(head)-1]
		}
		p.indexes[name] = printedIndex{strings.ToUpper(join(head)), join(list[i : i+n]), join(list[i+n:]), join(list)}
		return
	}
}
