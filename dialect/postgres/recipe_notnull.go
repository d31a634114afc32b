package postgres

import (
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
		Undo:    []string{r.alter("ALTER COLUMN %s DROP NOT NULL", Quote(column))},
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
