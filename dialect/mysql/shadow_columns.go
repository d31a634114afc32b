package mysql

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/stream"
)

// positions are the places of the copied columns in rows of the log.
func (p *pair) positions() []int {
	var out []int
	for _, c := range p.columns {
		out = append(out, slices.IndexFunc(p.from.Columns, func(x schema.Column) bool { return strings.EqualFold(x.Name, c.From) }))
	}
	return out
}

func writeTuple(b *bytes.Buffer, r stream.Row, at []int) {
	b.WriteByte('(')
	for n, c := range at {
		if n > 0 {
			b.WriteString(", ")
		}
		writeValue(b, r[c])
	}
	b.WriteByte(')')
}

func writeValue(b *bytes.Buffer, v stream.Value) {
	if v.Form == stream.Null {
		b.WriteString("NULL")
		return
	}
	b.Write(v.Text)
}

// targetColumns lists the columns that are written: those copied, then those that
// have no default of their own.
func (p *pair) targetColumns() string {
	var out []string
	for _, c := range p.columns {
		out = append(out, quote(c.To))
	}
	for _, c := range p.bare() {
		out = append(out, quote(c.Name))
	}
	return strings.Join(out, ", ")
}

// bare are NOT NULL columns that only the target has and that have no default. ALTER
// TABLE gives them their type's zero; an INSERT must name it.
func (p *pair) bare() []schema.Column {
	var out []schema.Column
	for _, c := range p.onlyTarget() {
		if !c.Nullable && c.Default == nil && c.Identity == "" {
			out = append(out, c)
		}
	}
	return out
}

func (p *pair) onlyTarget() []schema.Column {
	var out []schema.Column
	for _, c := range p.to.Columns {
		if c.Generated != "" || slices.ContainsFunc(p.columns, func(x plans.Copied) bool { return strings.EqualFold(x.To, c.Name) }) {
			continue
		}
		out = append(out, c)
	}
	return out
}

// kept are the target's own columns whose values must outlive a row's update: the
// old table's, once the new one is the source.
func (p *pair) kept() []schema.Column {
	if !p.reverse {
		return nil
	}
	return p.onlyTarget()
}

// constants are the values of bare.
func (p *pair) constants() []string {
	var out []string
	for _, c := range p.bare() {
		out = append(out, zeroOf(c))
	}
	return out
}

// zeroOf is what the server fills a NOT NULL column with that is added.
func zeroOf(c schema.Column) string {
	name := strings.ToLower(tokens(c.Type + " ")[0].text)
	switch {
	case name == "json":
		return "'null'"
	case name == "enum":
		return "1"
	case name == "set", c.Class == schema.Text, c.Class == schema.Binary:
		return "''"
	case name == "year", c.Class == schema.Integer, c.Class == schema.Decimal, c.Class == schema.Float, name == "bit":
		return "0"
	case name == "date":
		return "'0000-00-00'"
	case name == "time":
		return "'00:00:00'"
	case name == "datetime", name == "timestamp":
		return "'0000-00-00 00:00:00'"
	}
	return "''"
}

// sameDefinition: a stored value of one is one of the other, byte for byte.
func sameDefinition(a, b schema.Column) bool {
	return a.Type == b.Type && a.Charset == b.Charset && a.Collation == b.Collation
}

var integers = map[string]int{"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 5}

func baseType(t string) string {
	name, _, _ := strings.Cut(strings.ToLower(t), "(")
	name, _, _ = strings.Cut(name, " ")
	return name
}

func unsigned(t string) bool { return strings.Contains(strings.ToLower(t), "unsigned") }

// takesLiterals: a literal of the one column's value means the same value to the
// other, or is refused.
func takesLiterals(from, to schema.Column) bool {
	a, b := baseType(from.Type), baseType(to.Type)
	if sameDefinition(from, to) {
		return a != "timestamp" || b == "timestamp"
	}
	switch {
	case integers[a] > 0 && integers[b] > 0, integers[a] > 0 && b == "decimal", a == "decimal" && b == "decimal" && scale(to.Type) >= scale(from.Type):
		return true
	case (a == "varchar" || strings.HasSuffix(a, "text")) && (b == "varchar" || strings.HasSuffix(b, "text")):
		return from.Charset == to.Charset
	case a == "varbinary" && (b == "varbinary" || strings.HasSuffix(b, "blob")):
		return true
	}
	return false
}

func scale(t string) string {
	_, rest, _ := strings.Cut(t, ",")
	n, _, _ := strings.Cut(rest, ")")
	if len(n) == 1 {
		n = "0" + n
	}
	return n
}

// straight reports whether the literals of the log can be written as they are.
func (p *pair) straight() bool {
	if len(p.kept()) > 0 {
		return false
	}
	for _, c := range p.columns {
		from, _ := anyCase(p.from, c.From)
		to, _ := anyCase(p.to, c.To)
		if !takesLiterals(from, to) {
			return false
		}
	}
	for n := range p.key {
		if !p.keyAlike(n) {
			return false
		}
	}
	return true
}

// keyAlike: a key column has the same values, equality and order on both sides.
func (p *pair) keyAlike(n int) bool {
	a, b := p.key[n], p.keyTo[n]
	if a.Type == b.Type && a.Collation == b.Collation {
		return true
	}
	switch x, y := baseType(a.Type), baseType(b.Type); {
	case integers[x] > 0 && integers[y] > 0:
		return true
	case x == "varchar" && y == "varchar", x == "varbinary" && y == "varbinary":
		return a.Collation == b.Collation
	case x == "decimal" && y == "decimal":
		return scale(a.Type) == scale(b.Type)
	}
	return false
}

// sameOrder: ranges of the source's key are ranges of the target's, which can be read in them.
func (p *pair) sameOrder() bool {
	if _, err := walkIndex(p.to, p.keyTo); err != nil {
		return false
	}
	for n := range p.key {
		if !p.keyAlike(n) {
			return false
		}
	}
	return true
}

// zoned: a column moves between TIMESTAMP and a type without a zone.
func (p *pair) zoned() bool {
	for _, c := range p.columns {
		from, _ := anyCase(p.from, c.From)
		to, _ := anyCase(p.to, c.To)
		if (baseType(from.Type) == "timestamp") != (baseType(to.Type) == "timestamp") {
			return true
		}
	}
	return false
}

// converted writes a column's value for the target. The server converts, but for a BINARY
// that becomes shorter: the zeros that only fill it up are no part of its value.
func (p *pair) converted(c plans.Copied) string {
	from, _ := anyCase(p.from, c.From)
	to, _ := anyCase(p.to, c.To)
	name := quote(c.From)
	if baseType(from.Type) != "binary" || baseType(to.Type) != "binary" || characters(to.Type) >= characters(from.Type) {
		return name
	}
	n := characters(to.Type)
	return fmt.Sprintf("IF(LENGTH(TRIM(TRAILING x'00' FROM %s)) <= %d, LEFT(%s, %d), %s)", name, n, name, n, name)
}
