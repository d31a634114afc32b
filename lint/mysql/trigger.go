package mysql

import (
	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// readTables are the tables that the queries of a body read. FROM is a word of EXTRACT, TRIM and SUBSTRING, too: a SELECT stands before it
// on the same level.
func readTables(t []lint.Token) []schema.Ident {
	var out []schema.Ident
	queries := []bool{false}
	for i := range t {
		top := len(queries) - 1
		switch {
		case t[i].Is("("):
			queries = append(queries, false)
		case t[i].Is(")") && top > 0:
			queries = queries[:top]
		case t[i].Is(";"):
			queries[top] = false
		case t[i].Is("SELECT"):
			queries[top] = true
		case (t[i].Is("FROM") || t[i].Is("JOIN")) && queries[top] && i+1 < len(t) && ident(t[i+1]) && !t[i+1].Is("DUAL"):
			if qualified := i+2 < len(t) && (t[i+2].Is(".") || t[i+2].Is("(")); !qualified && !named(t, t[i+1].Value()) {
				out = append(out, schema.Ident{Name: t[i+1].Value()})
			}
		}
	}
	return out
}

// sameAgain: a trigger's INSERT gives a unique key a value that it gave before, for another write or the same row written again.
func (c *call) sameAgain(trigger *call, event string) string {
	k := c.relation(c.table)
	if c.verb != "INSERT" || !whole(k) || k.Kind == "view" || after(Syntax.Tokens(c.s.Text), "IGNORE", "DUPLICATE", "SELECT") {
		return ""
	}
	row := c.singleRow(k)
	for _, x := range k.Indexes {
		known := x.Unique && len(x.Columns) > 0
		for _, p := range x.Columns {
			v := Syntax.Tokens(row[lower(p.Name)])
			known = known && (len(v) == 1 && (v[0].Kind == lint.String || v[0].Kind == lint.Number) || trigger.repeats(v, event))
		}
		if known {
			return event + "s of running clients fail: the trigger gives the unique key " + quote(x.Name) + " of " + quoted(c.table) + " the same value again"
		}
	}
	return ""
}

// repeats: the value is a column of the row that fires the trigger, and other rows have the same, or the same row fires it again.
func (c *call) repeats(v []lint.Token, event string) bool {
	k := c.relation(c.table)
	if len(v) != 3 || !v[1].Is(".") || !v[0].Is("NEW") && !v[0].Is("OLD") || !whole(k) {
		return false
	}
	return event == "UPDATE" || !uniqueOn(k, v[2].Value())
}

// singleRow are the values of an INSERT of one row, by column in lower case.
func (c *call) singleRow(k *lint.Relation) map[string]string {
	cur := newCursor(c.s.Text)
	for !cur.done() && cur.any("INSERT", "INTO", "LOW_PRIORITY", "HIGH_PRIORITY") != "" {
	}
	cur.ident()
	var named []string
	if cur.at("(") {
		for _, p := range cutBy(cur.inside().t, ",") {
			if len(p) == 1 {
				named = append(named, p[0].Value())
			}
		}
	} else {
		for _, col := range k.Columns {
			if !col.Invisible {
				named = append(named, col.Name)
			}
		}
	}
	if !cur.take("VALUES") && !cur.take("VALUE") {
		return nil
	}
	list := values(cur.parens())
	if cur.err != nil || len(list) != len(named) {
		return nil
	}
	row := map[string]string{}
	for i, n := range named {
		row[lower(n)] = list[i]
	}
	return row
}
