package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// renameSQL writes a rename.
func renameSQL(table schema.Ident, from, to string) string {
	return fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %s TO %s", relation(table), Quote(from), Quote(to))
}

// difference is the migration.Difference of this server: foreign keys go before what they point at, and types come first of the
// rest, since others may need them.
func difference(live, want *schema.Table) (loose, rest []string, err error) {
	d := &differ{live: live, want: want, rel: relation(live.Ident)}
	d.names()
	for _, step := range []func() error{d.table, d.columns, d.indexes, d.constraints} {
		if err := step(); err != nil {
			return nil, nil, err
		}
	}
	return d.loose, slices.Concat(d.types, d.gone, d.rest), nil
}

type differ struct {
	live, want *schema.Table
	rel        string
	loose      []string // foreign keys that go
	types      []string
	gone       []string // what is dropped by name, which may come again in another shape
	rest       []string
	taken      []string // names that something else of the table gets
}

func (d *differ) refuse(hint, format string, args ...any) error {
	return &plans.RefusedError{What: "table " + d.live.Name, Reason: fmt.Sprintf(format, args...), Hint: hint}
}

func (d *differ) add(format string, args ...any) {
	d.rest = append(d.rest, fmt.Sprintf(format, args...))
}

func (d *differ) alter(format string, args ...any) string {
	return "ALTER TABLE " + d.rel + " " + fmt.Sprintf(format, args...)
}

const byAlter = "phasemig plan --alter, with the server's own clause"

func (d *differ) table() error {
	switch {
	case d.live.Kind != d.want.Kind || d.live.Partitioned != d.want.Partitioned:
		return d.refuse("", "it is a %s in the database, and a %s in the file", d.live.Kind, d.want.Kind)
	case d.live.Storage != d.want.Storage:
		return d.refuse(byAlter, "its access method is %s in the database, and %s in the file", d.live.Storage, d.want.Storage)
	case !slices.Equal(d.live.Settings, d.want.Settings):
		return d.refuse(byAlter, "its settings are %q in the database, and %q in the file", d.live.Settings, d.want.Settings)
	}
	if err := d.statistics(); err != nil {
		return err
	}
	if d.live.Comment != d.want.Comment {
		d.add("COMMENT ON TABLE %s IS %s", d.rel, comment(d.want.Comment))
	}
	return nil
}

func (d *differ) statistics() error {
	var names [2][]string
	for i, t := range []*schema.Table{d.live, d.want} {
		for _, x := range t.Statistics {
			names[i] = append(names[i], x.Name)
		}
	}
	if !slices.Equal(names[0], names[1]) {
		return d.refuse("CREATE STATISTICS and DROP STATISTICS take a moment: let the migration tool run them", "it has the statistics %q in the database, and %q in the file", names[0], names[1])
	}
	return nil
}

func (d *differ) columns() error {
	for _, c := range d.live.Columns {
		if _, ok := d.want.Column(c.Name); !ok {
			d.rest = append(d.rest, d.alter("DROP COLUMN %s", Quote(c.Name)))
		}
	}
	for _, w := range d.want.Columns {
		l, ok := d.live.Column(w.Name)
		if !ok {
			if err := d.addColumn(w); err != nil {
				return err
			}
			continue
		}
		if err := d.column(l, w); err != nil {
			return err
		}
	}
	return nil
}

// typed is a column's type with its collation.
func typed(c schema.Column) string {
	if c.Collation == "" {
		return c.Type
	}
	return c.Type + " COLLATE " + c.Collation
}

func (d *differ) addColumn(c schema.Column) error {
	if c.Generated != "" || c.Identity != "" || c.Definition != "" || c.Statistics != nil {
		return d.refuse("add_column or alter_table in a change file", "the new column %s is generated, numbered by the server, or has settings of its own", c.Name)
	}
	sql := "ADD COLUMN " + Quote(c.Name) + " " + typed(c)
	if c.Default != nil {
		sql += " DEFAULT " + *c.Default
	}
	if !c.Nullable {
		sql += " NOT NULL"
	}
	d.rest = append(d.rest, d.alter("%s", sql))
	if c.Comment != "" {
		d.commentColumn(c)
	}
	return nil
}

func (d *differ) commentColumn(c schema.Column) {
	d.add("COMMENT ON COLUMN %s.%s IS %s", d.rel, Quote(c.Name), comment(c.Comment))
}

func (d *differ) column(l, w schema.Column) error {
	if l.Generated != w.Generated || l.Identity != w.Identity || l.Definition != w.Definition || (l.Statistics == nil) != (w.Statistics == nil) || l.Statistics != nil && *l.Statistics != *w.Statistics {
		return d.refuse(byAlter, "how column %s is generated, numbered by the server or stored differs", w.Name)
	}
	if typed(l) != typed(w) {
		to := typed(w)
		if l.Collation != "" && w.Collation == "" && w.Class == schema.Text { // the type alone says nothing of the collation
			to += ` COLLATE pg_catalog."default"`
		}
		d.types = append(d.types, d.alter("ALTER COLUMN %s TYPE %s", Quote(w.Name), to))
	}
	switch {
	case w.Identity != "":
	case w.Default == nil && l.Default != nil:
		d.rest = append(d.rest, d.alter("ALTER COLUMN %s DROP DEFAULT", Quote(w.Name)))
	case w.Default != nil && (l.Default == nil || *l.Default != *w.Default):
		d.rest = append(d.rest, d.alter("ALTER COLUMN %s SET DEFAULT %s", Quote(w.Name), *w.Default))
	}
	switch {
	case l.Nullable && !w.Nullable && !d.keyed(w.Name):
		d.rest = append(d.rest, d.alter("ALTER COLUMN %s SET NOT NULL", Quote(w.Name)))
	case !l.Nullable && w.Nullable:
		d.rest = append(d.rest, d.alter("ALTER COLUMN %s DROP NOT NULL", Quote(w.Name)))
	}
	if l.Comment != w.Comment {
		d.commentColumn(w)
	}
	return nil
}

// keyed: a primary key that comes makes its columns NOT NULL by itself.
func (d *differ) keyed(column string) bool {
	for _, x := range d.want.Indexes {
		if _, there := d.live.Index(x.Name); x.Primary && !there {
			return slices.ContainsFunc(x.Columns, func(p schema.IndexColumn) bool { return p.Name == column })
		}
	}
	return false
}

func (d *differ) indexes() error {
	for _, l := range d.live.Indexes {
		w, ok := d.want.Index(l.Name)
		if ok && w.Constraint == l.Constraint && w.Primary == l.Primary && w.Definition == l.Definition {
			if l.Comment != w.Comment {
				d.add("COMMENT ON INDEX %s IS %s", inSchemaOf(d.live.Ident, w.Name), comment(w.Comment))
			}
			if l.ConstraintComment != w.ConstraintComment {
				d.commentConstraint(w.Name, w.ConstraintComment)
			}
			continue
		}
		if d.replacedByType(l, w, ok) {
			continue
		}
		if l.Constraint {
			d.gone = append(d.gone, d.alter("DROP CONSTRAINT %s", Quote(l.Name)))
		} else {
			d.gone = append(d.gone, "DROP INDEX "+inSchemaOf(d.live.Ident, l.Name))
		}
		if ok {
			if err := d.addIndex(w); err != nil {
				return err
			}
		}
	}
	for _, w := range d.want.Indexes {
		if _, ok := d.live.Index(w.Name); !ok {
			if err := d.addIndex(w); err != nil {
				return err
			}
		}
	}
	return nil
}

// replacedByType: an index of a column whose type changes is written otherwise for that alone, and is compared when it has.
func (d *differ) replacedByType(l, w schema.Index, both bool) bool {
	return both && l.Constraint == w.Constraint && slices.ContainsFunc(l.Uses, d.retyped)
}

func (d *differ) retyped(column string) bool {
	l, here := d.live.Column(column)
	w, there := d.want.Column(column)
	return here && there && typed(l) != typed(w)
}

func (d *differ) addIndex(x schema.Index) error {
	def, more, _ := strings.Cut(x.Definition, "\n")
	switch {
	case x.Constraint && (!x.Unique || more != ""):
		return d.refuse(byAlter, "constraint %s is an exclusion or deferrable, and no operation makes such a one", x.Name)
	case x.Primary:
		d.rest = append(d.rest, d.alter("ADD CONSTRAINT %s PRIMARY KEY (%s)", Quote(x.Name), namesOf(x)))
	case x.Constraint:
		nulls, include := "", ""
		if x.NullsEqual {
			nulls = "NULLS NOT DISTINCT "
		}
		if len(x.Include) > 0 {
			include = " INCLUDE (" + quoteAll(x.Include) + ")"
		}
		d.rest = append(d.rest, d.alter("ADD CONSTRAINT %s UNIQUE %s(%s)%s", Quote(x.Name), nulls, namesOf(x), include))
	default:
		d.rest = append(d.rest, def)
	}
	if x.Comment != "" {
		d.add("COMMENT ON INDEX %s IS %s", inSchemaOf(d.live.Ident, x.Name), comment(x.Comment))
	}
	if x.ConstraintComment != "" {
		d.commentConstraint(x.Name, x.ConstraintComment)
	}
	return nil
}

func (d *differ) commentConstraint(name, text string) {
	d.add("COMMENT ON CONSTRAINT %s ON %s IS %s", Quote(name), d.rel, comment(text))
}

func namesOf(x schema.Index) string {
	var out []string
	for _, p := range x.Columns {
		out = append(out, p.Name)
	}
	return quoteAll(out)
}

// own: NOT NULL is compared with its column, and other tables' keys with those.
func own(c schema.Constraint) bool {
	return !c.Incoming && !strings.HasPrefix(c.Definition, "NOT NULL ")
}

func (d *differ) constraints() error {
	for _, l := range d.live.Constraints {
		if !own(l) {
			continue
		}
		w, ok := d.want.Constraint(l.Name)
		if ok && w.Definition == l.Definition {
			if l.Comment != w.Comment {
				d.commentConstraint(w.Name, w.Comment)
			}
			continue
		}
		if ok && l.NotValid && l.Definition == w.Definition+" NOT VALID" {
			d.rest = append(d.rest, d.alter("VALIDATE CONSTRAINT %s", Quote(l.Name)))
			continue
		}
		if ok && slices.ContainsFunc(l.Columns, d.retyped) { // compared when the types are the same
			continue
		}
		to := &d.gone
		if l.Kind == schema.ForeignKey {
			to = &d.loose
		}
		*to = append(*to, d.alter("DROP CONSTRAINT %s", Quote(l.Name)))
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
	d.rest = append(d.rest, d.alter("ADD CONSTRAINT %s %s", Quote(c.Name), c.Definition))
	if c.Comment != "" {
		d.commentConstraint(c.Name, c.Comment)
	}
}
