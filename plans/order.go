package plans

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// Order puts operations where what they rest on is there: a table and its keys are made before the foreign keys that point at it, and dropped after all
// else is done. What rests on nothing stays in the order in which it was written.
func Order(list []Operation) ([]Operation, error) {
	var out []Operation
	rest := slices.Clone(list)
	for len(rest) > 0 {
		at := slices.IndexFunc(rest, func(o Operation) bool { return len(restsOn(o, rest)) == 0 })
		if at < 0 {
			return nil, circle(rest)
		}
		out, rest = append(out, rest[at]), slices.Delete(rest, at, at+1)
	}
	return out, nil
}

// restsOn are the operations of a list that have to come before one.
func restsOn(o Operation, list []Operation) []Operation {
	var out []Operation
	for _, other := range list {
		switch {
		case o.DropTable != nil && other.DropTable == nil, other.CreateTable != nil && o.pointsAt(other.CreateTable.Table), other.givesKeyFor(o):
			out = append(out, other)
		}
	}
	return out
}

var referencesWords = regexp.MustCompile("(?i)\\breferences\\s+((?:[\\w$]+|\"[^\"]+\"|`[^`]+`)(?:\\s*\\.\\s*(?:[\\w$]+|\"[^\"]+\"|`[^`]+`))?)")

// pointsAt reports whether an operation makes a foreign key that points at another table of this name.
func (o Operation) pointsAt(table string) bool {
	if k := o.AddForeignKey; k != nil {
		return sameName(k.References.Table, table)
	}
	c := o.CreateTable
	if c == nil || sameName(c.Table, table) {
		return false
	}
	return References(strings.Join(append([]string{c.Definition}, c.Then...), "\n"), table)
}

// givesKeyFor reports whether an operation makes a key of the table that another one's foreign key points at.
func (o Operation) givesKeyFor(other Operation) bool {
	k := other.AddForeignKey
	return k != nil && (o.AddUnique != nil && sameName(k.References.Table, o.AddUnique.Table) || o.AddPrimaryKey != nil && sameName(k.References.Table, o.AddPrimaryKey.Table))
}

// References reports whether a foreign key in a text of SQL points at a table.
func References(sql, table string) bool {
	for _, m := range referencesWords.FindAllStringSubmatch(sql, -1) {
		if sameName(strings.NewReplacer(`"`, "", "`", "", " ", "").Replace(m[1]), table) {
			return true
		}
	}
	return false
}

// sameName compares names of which one may lack the schema.
func sameName(a, b string) bool {
	x, y := schema.ParseIdent(a), schema.ParseIdent(b)
	return strings.EqualFold(x.Name, y.Name) && (x.Schema == "" || y.Schema == "" || strings.EqualFold(x.Schema, y.Schema))
}

// circle names tables of which each points at the next, and the last at the first.
func circle(list []Operation) error {
	at := list[0]
	var way []string
	for {
		if at.CreateTable != nil && slices.Contains(way, at.CreateTable.Table) {
			way = append(way[slices.Index(way, at.CreateTable.Table):], at.CreateTable.Table)
			return &InputError{What: "create_table", Reason: "foreign keys go in a circle: " + strings.Join(way, " → "), Hint: "leave one of them out, and add it by a change of its own when the tables are there"}
		}
		if at.CreateTable != nil {
			way = append(way, at.CreateTable.Table)
		}
		at = restsOn(at, list)[0]
	}
}

// dropOrder puts a table that is dropped before those that its foreign keys point at.
func (b *builder) dropOrder() error {
	ops := slices.Clone(b.change.Operations)
	first := slices.IndexFunc(ops, func(o Operation) bool { return o.DropTable != nil })
	if first < 0 {
		return nil
	}
	rest := slices.DeleteFunc(slices.Clone(ops), func(o Operation) bool { return o.DropTable == nil })
	out := slices.DeleteFunc(ops, func(o Operation) bool { return o.DropTable != nil })
	for len(rest) > 0 {
		at := slices.IndexFunc(rest, func(o Operation) bool { return len(b.holders(o, rest)) == 0 })
		if at < 0 {
			return &RefusedError{What: "drop_table", Reason: fmt.Sprintf("foreign keys of %s go in a circle", strings.Join(tablesIn(rest), ", ")), Hint: "drop one of those foreign keys first"}
		}
		out, rest = append(out, rest[at]), slices.Delete(rest, at, at+1)
	}
	b.change.Operations = out
	return nil
}

func tablesIn(list []Operation) []string {
	var out []string
	for _, o := range list {
		out = append(out, o.Table().String())
	}
	return out
}

// holders are those tables of a list, the operation's own left out, whose foreign keys point at its table.
func (b *builder) holders(o Operation, list []Operation) []schema.Ident {
	t, ok := b.facts.Table(o.Table())
	if !ok {
		return nil
	}
	var out []schema.Ident
	for _, other := range list {
		h, ok := b.facts.Table(other.Table())
		if ok && h.Ident != t.Ident && slices.ContainsFunc(h.Constraints, func(c schema.Constraint) bool {
			return c.Kind == schema.ForeignKey && !c.Incoming && c.Ref == t.Ident
		}) {
			out = append(out, h.Ident)
		}
	}
	return out
}
