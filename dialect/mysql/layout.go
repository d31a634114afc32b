package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// layout tells which names the columns of a sync have on the server: as planned,
// or moved (hidden or swapped).
type layout struct {
	s     *plans.Sync
	x     extra
	moved bool
}

// oldName is the name that the i-th old column has now.
func (l layout) oldName(i int) string {
	if l.moved {
		return l.s.Old[i].Hidden
	}
	return l.s.Old[i].Name
}

func (l layout) newName(i int) string {
	if l.moved && l.s.Swap {
		return l.s.Old[i].Name
	}
	return l.s.New[i].Name
}

// binding is a column as an expression sees it.
type binding struct{ name, column string }

// scope lists what an expression may name. An up doesn't see the new columns, a
// down not the old ones; after a move both still see the planned names. Only what
// occurs in the text is bound.
func (l layout) scope(text string, up bool) []binding {
	var out []binding
	add := func(name, column string) {
		if mentions(tokens(text), name) && !slices.ContainsFunc(out, func(b binding) bool { return strings.EqualFold(b.name, name) }) {
			out = append(out, binding{name, column})
		}
	}
	for i, n := range l.s.New {
		if !up {
			add(n.Name, l.newName(i))
			if l.s.Swap {
				add(l.s.Old[i].Name, l.newName(i))
			}
		}
	}
	for i, o := range l.s.Old {
		if up {
			add(o.Name, l.oldName(i))
		}
	}
	for _, c := range l.x.Columns {
		if !slices.ContainsFunc(l.s.Old, func(o plans.Side) bool { return o.Name == c }) {
			add(c, c)
		}
	}
	return out
}

// expression writes a mapping's SQL over the columns of one row, each found at
// prefix. The user's text is never changed: it sees a derived table of one row
// under the table's name. The newline ends a comment that the text may end in.
func (l layout) expression(sd plans.Side, up bool, prefix string) string {
	var cols []string
	for _, b := range l.scope(sd.SQL, up) {
		cols = append(cols, prefix+quote(b.column)+" AS "+quote(b.name))
	}
	if len(cols) == 0 {
		cols = []string{"1 AS `_pm_none`"}
	}
	return fmt.Sprintf("(SELECT (%s\n) FROM (SELECT %s) AS %s)", sd.SQL, strings.Join(cols, ", "), quote(l.s.Table.Name))
}

// plainTo is the physical column that a side copies, "" when it has an expression.
func (l layout) plainTo(sd plans.Side) string {
	for i, o := range l.s.Old {
		if sd.Plain == o.Name && sd.Name != o.Name {
			return l.oldName(i)
		}
	}
	for i, n := range l.s.New {
		if sd.Plain == n.Name {
			return l.newName(i)
		}
	}
	return ""
}

// same writes a test that two values are the same, byte for byte and null-safe. A
// collation calls bob and Bob the same; this doesn't.
func same(sd plans.Side, a, b string) string {
	switch family(sd) {
	case "number":
		return a + " <=> " + b
	case "float": // 0 and -0 are equal
		return fmt.Sprintf("(%s <=> %s AND CAST(%s AS BINARY) <=> CAST(%s AS BINARY))", a, b, a, b)
	case "timestamp": // its local text is the same twice where clocks are put back
		return fmt.Sprintf("UNIX_TIMESTAMP(%s) <=> UNIX_TIMESTAMP(%s)", a, b)
	case "json":
		return fmt.Sprintf("CAST(CAST(%s AS CHAR CHARACTER SET utf8mb4) AS BINARY) <=> CAST(CAST(%s AS CHAR CHARACTER SET utf8mb4) AS BINARY)", a, b)
	case "spatial":
		return fmt.Sprintf("HEX(%s) <=> HEX(%s)", a, b)
	}
	return fmt.Sprintf("CAST(%s AS BINARY) <=> CAST(%s AS BINARY)", a, b)
}

// family sorts types by the way in which same compares them.
func family(sd plans.Side) string {
	name := strings.ToLower(tokens(sd.Type + " ")[0].text)
	switch {
	case name == "timestamp":
		return "timestamp"
	case name == "bit", sd.Class == schema.Integer, sd.Class == schema.Decimal, sd.Class == schema.Temporal:
		return "number"
	case sd.Class == schema.Float:
		return "float"
	case sd.Class == schema.JSON:
		return "json"
	case slices.Contains([]string{"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection", "vector"}, name):
		return "spatial"
	}
	return "bytes"
}
