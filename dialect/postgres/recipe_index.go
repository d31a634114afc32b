package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// beside is how an index is built or dropped while writes go on.
const beside = "CONCURRENTLY "

func (r *recipe) createIndex(c *plans.CreateIndex) error {
	if err := r.free(c.Name); err != nil {
		return err
	}
	r.out.Objects = []string{c.Name}
	st := r.build(c.Name, indexSQL(c, r.rel(), beside))
	st.Act.Does = "build index " + c.Name
	st.Because = "Built CONCURRENTLY: writes go on while the table is read twice, and it waits for transactions that are older. An index that a failure leaves invalid is dropped and built again."
	if c.Unique {
		st.Because += equalRows
	}
	r.add(st)
	return nil
}

const equalRows = " Rows that are equal end it, and no index is left. From its second reading on an equal row is refused, before the index is done."

// build is the step that builds an index as the server made it on the copy, without a constraint on it.
func (r *recipe) build(name, sql string) plans.Step {
	x, _ := r.made.Index(name)
	drop := []string{r.dropIndexSQL(name)}
	a := &plans.Act{Phase: plans.Expand, Sees: []schema.Object{{Kind: schema.IndexObject, Name: name}}}
	a.Before, a.After = a.Looks(nothing()), looks(a, withIndex(plain(x)))
	a.Broken = []plans.Broken{{Shows: a.Looks(withIndex(invalid(x))), Clean: drop}}
	return plans.Step{SQL: []string{sql}, Undo: drop, Lock: shareUpdate, Scans: true, Estimate: r.reads(500_000), Act: a}
}

func (r *recipe) dropIndexSQL(name string) string {
	return "DROP INDEX CONCURRENTLY IF EXISTS " + inSchemaOf(r.t.Ident, name)
}

// plain is an index before it backs a constraint.
func plain(x schema.Index) schema.Index {
	x.Constraint, x.Primary = false, false
	x.Definition, _, _ = strings.Cut(x.Definition, "\n") // behind it stands what a constraint defers
	return x
}

// invalid is an index that a build or a drop has left half made.
func invalid(x schema.Index) schema.Index {
	x = plain(x)
	x.Invalid = true
	return x
}

func (r *recipe) dropIndex(d *plans.DropIndex) error {
	x, ok := r.t.Index(d.Name)
	if !ok {
		return r.input("there is no such index on %s", r.t.Ident)
	}
	if err := r.mayDrop(x); err != nil {
		return err
	}
	r.out.Objects = []string{x.Name}
	again, _ := r.made.Index(x.Name)
	a := &plans.Act{Phase: plans.Contract, Does: "drop index " + x.Name,
		Sees: []schema.Object{{Kind: schema.IndexObject, Name: x.Name}, {Kind: schema.IndexComment, Name: x.Name}}}
	st := plans.Step{
		SQL: []string{r.dropIndexSQL(x.Name)}, Undo: []string{concurrentIndex(x.Definition)}, Lock: shareUpdate, Act: a,
		Because: "Dropped CONCURRENTLY: it waits for the queries that use it, and nobody waits for it. This server can't hide an index first; the way back builds it anew, which reads the table twice beside traffic.",
	}
	a.Otherwise = otherwise(x.Definition, again.Definition)
	a.Before, a.After = a.Looks(withIndex(x)), looks(a, nothing())
	a.Broken = []plans.Broken{{Shows: a.Looks(withIndex(invalid(x))), Clean: st.SQL}}
	if bare := withoutComment(x); x.Comment != "" {
		st.Undo = append(st.Undo, fmt.Sprintf("COMMENT ON INDEX %s IS %s", inSchemaOf(r.t.Ident, x.Name), literal(x.Comment)))
		a.Undone = looks(a, withIndex(bare))
		a.Broken = append(a.Broken, plans.Broken{Shows: a.Looks(withIndex(invalid(bare))), Clean: st.SQL})
	}
	r.add(st)
	return nil
}

func withoutComment(x schema.Index) schema.Index {
	x.Comment = ""
	return x
}

// concurrentIndex is the server's own statement, beside traffic.
func concurrentIndex(definition string) string {
	definition, _, _ = strings.Cut(definition, "\n")
	return strings.Replace(definition, " INDEX ", " INDEX "+beside, 1)
}

// mayDrop refuses what something else rests on.
func (r *recipe) mayDrop(x schema.Index) error {
	switch {
	case x.Constraint:
		return r.refuse("drop_constraint: {table: "+r.t.Name+", name: "+x.Name+"}", "it belongs to the constraint of its name")
	case x.Invalid:
		return r.refuse(r.dropIndexSQL(x.Name), "it is invalid: no query uses it, and there would be no way back to it")
	}
	return r.restsOn(x)
}

// restsOn refuses to drop what keeps something else alive.
func (r *recipe) restsOn(x schema.Index) error {
	for _, d := range r.t.Dependents {
		if d.Kind == "replica identity" && d.Name == x.Name {
			return r.refuse("ALTER TABLE "+r.rel()+" REPLICA IDENTITY …", "it is the table's replica identity: without it updates and deletes that are published fail")
		}
		if d.Kind == "publication" && x.Primary {
			return r.refuse("give the table another REPLICA IDENTITY first", "publication %s finds rows by it: without it updates and deletes fail", d.Name)
		}
	}
	for _, c := range r.t.Constraints {
		if c.Incoming && x.Unique && slices.Equal(c.Columns, keyNames(x)) {
			return r.refuse("drop that foreign key first", "foreign key %s of %s rests on its columns", c.Name, c.Ref)
		}
	}
	return nil
}

func keyNames(x schema.Index) []string {
	var out []string
	for _, c := range x.Columns {
		out = append(out, c.Name)
	}
	return out
}
