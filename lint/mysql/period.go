package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
)

// readPeriod reads "NAME (FROM, TO)" of PERIOD FOR.
func readPeriod(text string) (name string, columns []string) {
	c := newCursor(text)
	name = c.called()
	if !c.at("(") {
		return name, nil
	}
	for in := c.inside(); !in.done(); {
		columns = append(columns, in.called())
		if !in.take(",") {
			break
		}
	}
	return name, columns
}

// period is a table's application-time period: its name and its two columns.
func period(k *lint.Relation) (name string, columns []string) {
	if k == nil || k.Options["period"] == "" {
		return "", nil
	}
	f := strings.Fields(k.Options["period"])
	return f[0], f[1:]
}

// overlapsKey: a key of the table holds its period, WITHOUT OVERLAPS.
func overlapsKey(k *lint.Relation) bool {
	return k != nil && k.Options["overlaps"] != "" && k.FindIndex(k.Options["overlaps"]) != nil
}

// periodFault says why a table can't have a period of these columns.
func periodFault(k *lint.Relation, columns []string) string {
	first := typ{}
	for i, n := range columns {
		col := k.Column(n)
		if col == nil {
			return quoted(k.Ident) + " has no column " + quote(n) + " for a period"
		}
		t, ok := parseType(col.Type)
		switch {
		case !ok:
			return ""
		case t.name != "date" && t.name != "datetime" && t.name != "timestamp":
			return "a period has columns of a date or a time, and " + quote(n) + " is a " + t.name
		case i > 0 && !sameType(first, t):
			return "the columns of a period have the same type"
		}
		first = t
	}
	return ""
}

// periodState says how a clause doesn't fit the period of the table.
func (c *call) periodState(k *lint.Relation, x clause) string {
	name, columns := period(k)
	switch x.kind {
	case "add period":
		other, _ := readPeriod(x.value)
		if name != "" && !same(other, "SYSTEM_TIME") && !(x.exists && same(other, name)) && !c.any(func(x clause) bool { return x.kind == "drop period" }) {
			return quoted(c.table) + " has a period already, and a table has one"
		}
	case "drop period":
		if !x.exists && !same(x.value, name) && !same(x.value, "SYSTEM_TIME") {
			return quoted(c.table) + " has no period " + quote(x.value)
		}
		if same(x.value, name) && overlapsKey(k) {
			return "a key uses the period " + quote(name)
		}
	case "drop column":
		if holds(columns, x.name) && !c.any(func(x clause) bool { return x.kind == "drop period" }) {
			return "the period " + quote(name) + " uses " + quote(x.name)
		}
	}
	return ""
}
