package postgres

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

func (r *recipe) addUnique(c *plans.AddUnique) error {
	if err := r.free(c.Name); err != nil {
		return err
	}
	x := plans.CreateIndex{Name: c.Name, Unique: true, NullsEqual: c.NullsEqual, Include: c.Include, Columns: parts(c.Columns)}
	r.out.Objects = []string{c.Name}
	r.add(r.key(&x, "UNIQUE"))
	return nil
}

func parts(columns []string) plans.IndexParts {
	var out plans.IndexParts
	for _, c := range columns {
		out = append(out, plans.IndexPart{Column: c})
	}
	return out
}

// addPrimaryKey makes the columns NOT NULL first: the server would read the whole table for that under the lock
// that it takes for the constraint.
func (r *recipe) addPrimaryKey(c *plans.AddPrimaryKey) error {
	if err := r.keyColumns(c); err != nil {
		return err
	}
	r.out.Objects = append(r.out.Objects, c.Name)
	r.add(r.key(&plans.CreateIndex{Name: c.Name, Unique: true, Columns: parts(c.Columns)}, "PRIMARY KEY"))
	return nil
}

func (r *recipe) keyColumns(c *plans.AddPrimaryKey) error {
	for _, x := range r.t.Indexes {
		if x.Primary {
			return r.input("%s has a primary key already: %s", r.t.Ident, x.Name)
		}
	}
	if err := r.free(c.Name); err != nil {
		return err
	}
	r.out.Columns = becomeNotNull(plans.Operation{AddPrimaryKey: c}, r.t)
	for _, column := range r.out.Columns {
		if err := r.notNull(column); err != nil {
			return err
		}
	}
	return nil
}

// key builds a unique index and makes it a constraint, which then reads nothing.
func (r *recipe) key(c *plans.CreateIndex, kind string) plans.Step {
	st := r.build(c.Name, indexSQL(c, r.rel(), beside))
	x, _ := r.made.Index(c.Name)
	st.Act.Does = fmt.Sprintf("build %s %s beside traffic", strings.ToLower(kind), c.Name)
	st.Act.After = append(st.Act.After, st.Act.Looks(withIndex(x)))
	st.SQL = append(st.SQL, r.useIndexSQL(c.Name, kind, ""))
	st.Undo = append([]string{r.dropConstraintSQL(c.Name)}, st.Undo...)
	st.Lock = accessExclusive
	st.Because = "The unique index is built CONCURRENTLY while writes go on, then becomes the constraint in a moment, with nothing to read. An index that a failure leaves invalid is dropped and built again." + equalRows
	return st
}

func (r *recipe) useIndexSQL(name, kind, deferrable string) string {
	return strings.TrimSpace(r.alter("ADD CONSTRAINT %s %s USING INDEX %s %s", Quote(name), kind, Quote(name), deferrable))
}

// dropKey drops a UNIQUE or a primary key. The way back builds its index anew.
func (r *recipe) dropKey(x schema.Index) error {
	if x.Method != "btree" || !x.Unique {
		return r.refuse("", "an exclusion constraint can't be built again without blocking writes: there would be no way back")
	}
	if err := r.restsOn(x); err != nil {
		return err
	}
	kind := "UNIQUE"
	if x.Primary {
		kind = "PRIMARY KEY"
	}
	_, deferrable, _ := strings.Cut(x.Definition, "\n")
	a := &plans.Act{Phase: plans.Contract, Does: "drop constraint " + x.Name + " with its index", Sees: []schema.Object{{Kind: schema.IndexObject, Name: x.Name}, {Kind: schema.IndexComment, Name: x.Name}}}
	st := plans.Step{SQL: []string{r.dropConstraintSQL(x.Name)}, Lock: accessExclusive, Act: a,
		Undo:    []string{concurrentIndex(x.Definition), r.useIndexSQL(x.Name, kind, deferrable)},
		Because: "A moment's work in the catalog, but the server can't drop the index of a constraint beside traffic: queries that use it wait for that moment. It can't be hidden first; the way back builds it anew beside traffic, and rows that are equal by then stand in the way of that."}
	bare := withoutComment(x)
	a.Undone = looks(a, withIndex(plain(bare)))
	if x.Comment != "" {
		st.Undo = append(st.Undo, fmt.Sprintf("COMMENT ON INDEX %s IS %s", inSchemaOf(r.t.Ident, x.Name), literal(x.Comment)))
		a.Undone = append(a.Undone, a.Looks(withIndex(bare)))
	}
	a.Before, a.After = a.Looks(withIndex(x)), looks(a, nothing())
	a.Broken = []plans.Broken{{Shows: a.Looks(withIndex(invalid(bare))), Clean: []string{r.dropIndexSQL(x.Name)}}}
	r.out.Objects = []string{x.Name}
	r.add(st)
	return nil
}
