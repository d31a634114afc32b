package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// renameSQL writes a rename.
func renameSQL(table schema.Ident, from, to string) string {
	return "ALTER TABLE " + quoteTable(table) + " RENAME COLUMN " + quote(from) + " TO " + quote(to)
}

// difference is the migration.Difference of these servers: one ALTER TABLE, in the words in which the server prints the table of
// the file, and one before it for constraints that go.
func difference(live, want *schema.Table) (loose, rest []string, err error) {
	d := &differ{live: live, want: want}
	for _, step := range []func() error{d.table, d.columns, d.indexes, d.constraints} {
		if err := step(); err != nil {
			return nil, nil, err
		}
	}
	return d.alter(d.gone), d.alter(d.clauses), nil
}

type differ struct {
	live, want *schema.Table
	gone       []string // constraints
	clauses    []string
}

func (d *differ) alter(clauses []string) []string {
	if len(clauses) == 0 {
		return nil
	}
	return []string{"ALTER TABLE " + quoteTable(d.live.Ident) + " " + strings.Join(clauses, ", ")}
}

func (d *differ) add(clause string) { d.clauses = append(d.clauses, clause) }

func (d *differ) refuse(format string, args ...any) error {
	return &plans.RefusedError{What: "table " + d.live.Name, Reason: fmt.Sprintf(format, args...), Hint: "phasemig plan --alter, with the server's own clause"}
}

func (d *differ) table() error {
	if d.live.Kind != d.want.Kind || d.live.Partitioned != d.want.Partitioned {
		return d.refuse("its partitions differ")
	}
	if d.live.Storage != d.want.Storage {
		d.add("ENGINE = " + d.want.Storage)
	}
	if d.live.Comment != d.want.Comment {
		d.add("COMMENT = " + quoteText(d.want.Comment))
	}
	return nil
}

func (d *differ) columns() error {
	for _, c := range d.live.Columns {
		if _, ok := d.want.Column(c.Name); !ok {
			d.add("DROP COLUMN " + quote(c.Name))
		}
	}
	order := d.order()
	for i, w := range d.want.Columns {
		place := " FIRST"
		if i > 0 {
			place = " AFTER " + quote(d.want.Columns[i-1].Name)
		}
		l, ok := d.live.Column(w.Name)
		switch {
		case ok && (l.Generated == "") != (w.Generated == ""):
			return d.refuse("column %s is computed on one side only", w.Name)
		case ok && keepsValues(l) != keepsValues(w): // no MODIFY does that
			d.add("DROP COLUMN " + quote(w.Name))
			d.add("ADD COLUMN " + quote(w.Name) + " " + w.Definition + place)
		case !ok && i == len(d.want.Columns)-1:
			d.add("ADD COLUMN " + quote(w.Name) + " " + w.Definition)
		case !ok:
			d.add("ADD COLUMN " + quote(w.Name) + " " + w.Definition + place)
		case slices.Contains(order, w.Name):
			d.add("MODIFY COLUMN " + quote(w.Name) + " " + w.Definition + place)
		case l.Definition != w.Definition || l.Collation != w.Collation:
			d.add("MODIFY COLUMN " + quote(w.Name) + " " + w.Definition)
		}
	}
	return nil
}

// keepsValues: the values of a computed column are kept.
func keepsValues(c schema.Column) bool {
	return c.Generated != "" && slices.ContainsFunc(tokens(c.Definition), func(t token) bool {
		return strings.EqualFold(t.text, "STORED") || strings.EqualFold(t.text, "PERSISTENT")
	})
}

// order lists the columns of both shapes that have to move.
func (d *differ) order() []string {
	var live, want, out []string
	for _, c := range d.live.Columns {
		if _, ok := d.want.Column(c.Name); ok {
			live = append(live, c.Name)
		}
	}
	for _, c := range d.want.Columns {
		if _, ok := d.live.Column(c.Name); ok {
			want = append(want, c.Name)
		}
	}
	for i := range want {
		if live[i] != want[i] {
			out = append(out, want[i])
			at := slices.Index(live, want[i])
			live = slices.Insert(slices.Delete(live, at, at+1), i, want[i])
		}
	}
	return out
}

func (d *differ) indexes() error {
	for _, l := range d.live.Indexes {
		w, ok := d.want.Index(l.Name)
		if ok && w.Definition == l.Definition {
			continue
		}
		if l.Primary {
			d.add("DROP PRIMARY KEY")
		} else {
			d.add("DROP INDEX " + quote(l.Name))
		}
		if ok {
			d.add("ADD " + w.Definition)
		}
	}
	for _, w := range d.want.Indexes {
		if _, ok := d.live.Index(w.Name); !ok {
			d.add("ADD " + w.Definition)
		}
	}
	return nil
}

func (d *differ) constraints() error {
	own := func(c schema.Constraint) bool {
		return !c.Incoming && !strings.HasPrefix(c.Name, "check of column ")
	}
	for _, l := range d.live.Constraints {
		w, ok := d.want.Constraint(l.Name)
		if !own(l) || ok && w.Definition == l.Definition && w.NotValid == l.NotValid {
			continue
		}
		if l.Kind == schema.ForeignKey {
			d.gone = append(d.gone, "DROP FOREIGN KEY "+quote(l.Name))
		} else {
			d.gone = append(d.gone, "DROP CONSTRAINT "+quote(l.Name))
		}
		if ok {
			d.addConstraint(w)
		}
	}
	for _, w := range d.want.Constraints {
		if _, ok := d.live.Constraint(w.Name); !ok && own(w) {
			d.addConstraint(w)
		}
	}
	return nil
}

func (d *differ) addConstraint(c schema.Constraint) {
	sql := "ADD CONSTRAINT " + quote(c.Name) + " " + c.Definition
	if c.NotValid {
		sql += " NOT ENFORCED"
	}
	d.add(sql)
}
