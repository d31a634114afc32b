package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

func (r *recipe) setNotNull(n *plans.SetNotNull) error {
	c, ok := r.t.Column(n.Column)
	switch {
	case !ok:
		return r.input("there is no such column")
	case !c.Nullable:
		return r.input("the column is NOT NULL already")
	}
	r.out.Columns = []string{n.Column}
	return r.notNull(n.Column)
}

// notNull proves that a column holds no NULL while writes go on, and makes it NOT NULL then.
func (r *recipe) notNull(column string) error {
	native := r.f.Server.Can.NotValidNotNull
	if err := r.partsTakeNull(column, native); err != nil {
		return err
	}
	seen, err := r.tried(notNullSQL(r.t, column, r.rel(), native))
	if err != nil {
		return err
	}
	name := notNullName(r.t, column, native)
	if err := r.free(name); err != nil {
		return err
	}
	proof, _ := seen.Result.Constraint(name)
	nullable, _ := r.t.Column(column)
	never := nullable
	never.Nullable = false
	a := &plans.Act{Phase: plans.Expand, Does: "make " + column + " NOT NULL", Sees: []schema.Object{{Kind: schema.ColumnObject, Name: column}, {Kind: schema.ConstraintObject, Name: name}}}
	st := plans.Step{Lock: accessExclusive, Scans: true, Estimate: r.reads(1_000_000), Act: a,
		Undo:    []string{r.dropNotNull(column, native)},
		Because: "The constraint is added NOT VALID, which looks at no row and refuses new NULLs at once, and validated while writes go on. A row with NULL ends the validation."}
	if !native {
		st.Undo = append(st.Undo, r.dropConstraintSQL(name))
		st.Because = "A CHECK is added NOT VALID, which looks at no row and refuses new NULLs at once, and validated while writes go on. It spares SET NOT NULL its scan, and is dropped. A row with NULL ends the validation."
	}
	st.SQL, a.After = r.proveNotNull(a, nullable, never, proof)
	a.Before, a.After = a.Looks(withColumns(nullable)), append(a.After, a.Looks(withColumns(never)))
	r.out.Objects = append(r.out.Objects, name)
	r.add(st)
	return nil
}

// proveNotNull are the statements that make a column NOT NULL, with what shows between them.
func (r *recipe) proveNotNull(a *plans.Act, nullable, never schema.Column, proof schema.Constraint) (list []string, between [][]string) {
	native := r.f.Server.Can.NotValidNotNull
	state := func(c schema.Column, k schema.Constraint) *schema.Table {
		return &schema.Table{Columns: []schema.Column{c}, Constraints: []schema.Constraint{k}}
	}
	list = []string{notNullSQL(r.t, never.Name, r.rel(), native), r.validateSQL(proof.Name)}
	between = looks(a, state(nullable, proof))
	if !native {
		list = append(list, r.alter("ALTER COLUMN %s SET NOT NULL", Quote(never.Name)), r.alter("DROP CONSTRAINT %s", Quote(proof.Name)))
		between = append(between, looks(a, state(nullable, validated(proof)), state(never, validated(proof)))...)
	}
	return list, between
}

// partsTakeNull: before NOT NULL was a constraint, to drop the table's was to drop that of every partition.
func (r *recipe) partsTakeNull(column string, native bool) error {
	for _, p := range r.t.Partitions {
		if !native && slices.Contains(p.NotNull, column) {
			return r.refuse(fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL first", relation(p.Ident), Quote(column)), "partition %s has %s NOT NULL by itself, and the way back would take that away", p.Ident, column)
		}
	}
	return nil
}

// dropNotNull takes it back. A partition that had a primary key made of an index has its own NOT NULL since, which doesn't go with the table's; all
// in one statement, because nothing of it would show on the table.
func (r *recipe) dropNotNull(column string, native bool) string {
	list := []string{r.alter("ALTER COLUMN %s DROP NOT NULL", Quote(column))}
	for _, p := range r.parts(false) {
		if native && !slices.Contains(p.NotNull, column) {
			list = append(list, fmt.Sprintf("ALTER TABLE IF EXISTS %s ALTER COLUMN %s DROP NOT NULL", relation(p.Ident), Quote(column)))
		}
	}
	return strings.Join(list, "; ")
}
