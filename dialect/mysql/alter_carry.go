package mysql

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Triggers and foreign keys have names that are unique in a database, so those of the
// new table have others than those of the old one, which may come back.

const (
	triggerNames = "trigger:"
	keyNamesOf   = "foreign_key:"
	keyAdded     = "add_foreign_key:"
	indexMade    = "index:"
)

// otherEnd is what tells a carried name from the one that it had before.
const otherEnd = "_pm"

// otherName takes the end off, or puts it on, so that the next change gives a name back.
func otherName(name string) string {
	if short, ok := strings.CutSuffix(name, otherEnd); ok && short != "" {
		return short
	}
	return plans.CutName(name, nameLimit-len(otherEnd), false) + otherEnd
}

// triggers are carried over: the table's own triggers stay with it, and are made anew on
// the new table when the two change places.
func (x *alterResolver) triggers() error {
	read, err := readAlter(x.a.SQL)
	if err != nil {
		return &plans.RefusedError{What: x.what, Reason: err.Error()}
	}
	for _, g := range x.t.Triggers {
		if gone := read.gone(x.t, tokens(g.Body)); gone != "" {
			return x.refuse("drop the trigger first and create it for the new shape after contract", "trigger %s names column %s, which the change drops or renames", g.Name, gone)
		}
		x.extra(triggerNames+g.Name, otherName(g.Name))
		x.note("trigger %s is called %s on the new table, because a trigger's name is taken once in a database.", g.Name, otherName(g.Name))
	}
	return nil
}

func (x *alterResolver) extra(name, value string) {
	if x.a.Extra == nil {
		x.a.Extra = map[string]string{}
	}
	x.a.Extra[name] = value
}

func (x *alterResolver) note(format string, args ...any) {
	x.a.Notes = append(x.a.Notes, x.t.Ident.String()+": "+fmt.Sprintf(format, args...))
}

// gone is a column that SQL names and that the change takes away, or "".
func (a alteration) gone(t *schema.Table, list []token) string {
	for _, c := range t.Columns {
		low := strings.ToLower(c.Name)
		to, renamed := a.renamed[low]
		if (a.dropped[low] || renamed && !strings.EqualFold(to, c.Name)) && mentions(list, c.Name) {
			return c.Name
		}
	}
	return ""
}

// carried maps the names of what is carried from the old table to the new one; turned
// around for the way back.
func (k alterKitchen) carried(kind string, reverse bool) map[string]string {
	out := map[string]string{}
	for n, other := range k.a.Extra {
		if name, ok := strings.CutPrefix(n, kind); ok {
			if reverse {
				name, other = other, name
			}
			out[name] = other
		}
	}
	return out
}

// outgoing lists the foreign keys by which a table points at others.
func outgoing(t *schema.Table) []schema.Constraint {
	var out []schema.Constraint
	for _, c := range t.Constraints {
		if c.Kind == schema.ForeignKey && !c.Incoming {
			out = append(out, c)
		}
	}
	return out
}

// generatedName is the number in a foreign key's name that the server made of its table's. Such a name
// follows the table through RENAME.
func generatedName(name, table string) (number string, ok bool) {
	number, ok = strings.CutPrefix(strings.ToLower(name), strings.ToLower(table)+"_ibfk_")
	if !ok || number == "" || strings.Trim(number, "0123456789") != "" {
		return "", false
	}
	return number, true
}

func generated(table, number string) string { return table + "_ibfk_" + number }

// numbered reports whether the server would give the foreign keys that have made names the same
// numbers again. Then they are made without a name: one of their own would be that of
// the index below it, too.
func numberedAgain(list []schema.Constraint, table string) bool {
	var got []int
	for _, c := range list {
		if n, ok := generatedName(c.Name, table); ok {
			got = append(got, atoi(n))
		}
	}
	slices.Sort(got)
	for i, n := range got {
		if n != i+1 {
			return false
		}
	}
	return true
}

// nameOn is the name that a foreign key gets on the table that stands aside, so that it is called
// name once that table has the other's place.
func (k alterKitchen) nameOn(aside, name string) string {
	if n, ok := generatedName(name, k.a.Table.Name); ok {
		if made := generated(aside, n); len([]rune(made)) <= nameLimit {
			return made
		}
	}
	return name
}

// carryKeys decides how the table's foreign keys are called on the new table. Those that
// the change itself adds are kept aside until the tables change places: a foreign key
// of a table that lags behind would make the application's deletes from the parent fail.
func (x *alterResolver) carryKeys() error {
	read, err := readAlter(x.a.SQL)
	if err != nil {
		return &plans.RefusedError{What: x.what, Reason: err.Error()}
	}
	k := alterKitchen{a: x.a}
	for _, c := range outgoing(x.t) {
		name := otherName(c.Name)
		if _, ok := generatedName(c.Name, x.t.Name); ok {
			if k.nameOn(x.a.New, c.Name) != c.Name && k.nameOn(x.a.Old, c.Name) != c.Name {
				name = c.Name
			}
		}
		x.extra(keyNamesOf+c.Name, name)
		if name != c.Name {
			x.note("foreign key %s is called %s on the new table, because a foreign key's name is taken once in a database.", c.Name, name)
		}
		if err := x.keyStays(read, c); err != nil {
			return err
		}
	}
	for _, c := range outgoing(x.to) {
		name := c.Name
		if n, ok := generatedName(name, probeName(x.t.Name)); ok {
			x.extra(keyAdded+generated(x.a.New, n), c.Definition)
			continue
		}
		x.extra(keyAdded+name, fmt.Sprintf("CONSTRAINT %s %s", quote(name), c.Definition))
	}
	x.ownIndexes()
	return nil
}

// keyStays: the new table must have the foreign key's columns and an index that leads
// with them; without one the server would make an index that nobody asked for.
func (x *alterResolver) keyStays(read alteration, c schema.Constraint) error {
	var cols []string
	for _, name := range c.Columns {
		to, ok := renamedTo(x.a.Columns, name)
		if !ok {
			return x.refuse("drop the foreign key first", "foreign key %s stands on column %s, which the change drops", c.Name, name)
		}
		cols = append(cols, to)
	}
	if !slices.ContainsFunc(x.to.Indexes, func(i schema.Index) bool { return leads(i, cols) }) {
		return x.refuse("drop the foreign key first, or keep the index", "foreign key %s needs an index on %s, which the change drops", c.Name, strings.Join(cols, ", "))
	}
	return nil
}

func renamedTo(list []plans.Copied, name string) (string, bool) {
	for _, c := range list {
		if strings.EqualFold(c.From, name) {
			return c.To, true
		}
	}
	return "", false
}

// dropAdded are the statements that take the foreign keys off the shadow that the change
// adds; they come back in the cut-over.
func (k alterKitchen) dropAdded() []string {
	var out []string
	for _, n := range slices.Sorted(maps.Keys(k.a.Extra)) {
		if name, ok := strings.CutPrefix(n, keyAdded); ok {
			out = append(out, k.mine("ALTER TABLE "+k.table(k.a.New)+" DROP FOREIGN KEY "+quote(name)))
		}
	}
	return out
}

// ownIndexes makes indexes the user's that the server had made for a foreign key: it would
// put another in their place when the foreign key comes under another name.
func (x *alterResolver) ownIndexes() {
	for _, c := range outgoing(x.t) {
		first, _ := renamedTo(x.a.Columns, c.Columns[0])
		for _, i := range x.to.Indexes {
			ofKey := strings.EqualFold(i.Name, c.Name) || strings.EqualFold(i.Name, c.Columns[0])
			if ofKey && len(i.Columns) == len(c.Columns) && i.Columns[0].Name == first && strings.HasPrefix(i.Definition, "KEY ") {
				x.extra(indexMade+i.Name, i.Definition)
			}
		}
	}
}

// added are the clauses of the foreign keys that the change adds.
func (k alterKitchen) added() []string {
	var out []string
	for _, n := range slices.Sorted(maps.Keys(k.a.Extra)) {
		if strings.HasPrefix(n, keyAdded) {
			out = append(out, k.a.Extra[n])
		}
	}
	return out
}

// parseKey reads a clause of added.
func parseKey(text string) (schema.Constraint, bool) {
	list := tokens(text)
	c := schema.Constraint{Kind: schema.ForeignKey, Name: "that the change adds"}
	if words(list, "CONSTRAINT") {
		c.Name = name(list[1:])
	}
	for i := range list {
		switch {
		case words(list[i:], "FOREIGN", "KEY", "("):
			c.Columns = nameList(list[i+2:])
		case words(list[i:], "REFERENCES") && i+4 < len(list):
			c.Ref = schema.Ident{Schema: name(list[i+1:]), Name: name(list[i+3:])}
			c.RefColumns = nameList(list[i+4:])
		}
	}
	return c, len(c.Columns) > 0 && len(c.Columns) == len(c.RefColumns)
}

func nameList(list []token) []string {
	n := group(list)
	if n < 2 {
		return nil
	}
	var out []string
	for _, part := range split(list[1 : n-1]) {
		out = append(out, name(part))
	}
	return out
}

func (k alterKitchen) remakeIndexes() []string {
	var out []string
	for _, n := range slices.Sorted(maps.Keys(k.a.Extra)) {
		if name, ok := strings.CutPrefix(n, indexMade); ok {
			out = append(out, k.mine("ALTER TABLE "+k.table(k.a.New)+" DROP INDEX "+quote(name)+", ADD "+k.a.Extra[n]))
		}
	}
	return out
}

func atoi(s string) int {
	n := 0
	for _, c := range s {
		n = n*10 + int(c-'0')
	}
	return n
}
