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
	cost := r.reads(500_000)
	cost.DiskBytes = plans.Share(r.t, len(x.Columns)+len(x.Include))
	return plans.Step{SQL: []string{sql}, Undo: drop, Lock: shareUpdate, Scans: true, Estimate: cost, Act: a}
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

// inTheMaking and formerly are the names of the two indexes of a replacement that don't have the one in question.
func inTheMaking(name string) string { return plans.CutName(name+"_pm_new", 63, true) }
func formerly(name string) string    { return plans.CutName(name+"_pm_old", 63, true) }

// replaced are the attempts that show how the server writes the two down.
func replaced(c *plans.CreateIndex, t *schema.Table, here string) []attempt {
	made := *c
	made.Name = inTheMaking(c.Name)
	out := []attempt{{sql: indexSQL(&made, relation(t.Ident), ""), here: indexSQL(&made, here, ""), name: made.Name}}
	if old := indexAgain(t, c.Name, formerly(c.Name), relation(t.Ident)); old != "" {
		out = append(out, attempt{sql: old, here: indexAgain(t, c.Name, formerly(c.Name), here), name: formerly(c.Name)})
	}
	return out
}

// replaceIndex builds the new index beside the old one, gives it the name, and drops the other. Queries have one of the
// two at any moment.
func (r *recipe) replaceIndex(c *plans.ReplaceIndex) error {
	x, ok := r.t.Index(c.Name)
	if !ok {
		return r.input("there is no such index on %s", r.t.Ident)
	}
	if err := r.mayDrop(x); err != nil {
		return err
	}
	attempts := replaced(&c.CreateIndex, r.t, "")
	was, err := r.tried(attempts[1].sql)
	if err != nil {
		return err
	}
	final, _ := r.made.Index(c.Name)
	if r.made, err = r.triedTable(attempts[0].sql); err != nil {
		return err
	}
	made, _ := r.made.Index(inTheMaking(c.Name))
	old, _ := was.Result.Index(formerly(c.Name))
	again := formerDefinition(&old, x)
	if plain(final).Definition == plain(x).Definition {
		return r.input("the index is so already")
	}
	r.out.Objects = []string{c.Name, made.Name, old.Name}
	r.buildReplacement(&c.CreateIndex, made, x.Comment)
	made.Comment, final.Comment, old.Comment = x.Comment, x.Comment, x.Comment
	r.exchangeIndexes(x, made, final, old).Otherwise = again
	r.dropFormer(old).Otherwise = again
	return nil
}

// formerDefinition gives the old index under its last name the words that it has, and tells how the server writes them when
// it is built again.
func formerDefinition(old *schema.Index, x schema.Index) *plans.Spelling {
	head, again := cutAt(old.Definition, "USING")
	_, first := cutAt(plain(x).Definition, "USING")
	old.Definition = head + first
	return otherwise(first, again)
}

// triedTable is the table that a statement has made.
func (r *recipe) triedTable(sql string) (*schema.Table, error) {
	seen, err := r.tried(sql)
	return seen.Result, err
}

func indexObjects(names ...string) []schema.Object {
	var out []schema.Object
	for _, n := range names {
		out = append(out, schema.Object{Kind: schema.IndexObject, Name: n}, schema.Object{Kind: schema.IndexComment, Name: n})
	}
	return out
}

func (r *recipe) buildReplacement(c *plans.CreateIndex, made schema.Index, comment string) {
	build := *c
	build.Name = made.Name
	st := r.build(made.Name, indexSQL(&build, r.rel(), beside))
	a := st.Act
	a.Does, a.Sees = "build the new "+c.Name, indexObjects(made.Name)
	a.Before, a.After = a.Looks(nothing()), looks(a, withIndex(plain(made)))
	a.Broken = []plans.Broken{{Shows: a.Looks(withIndex(invalid(made))), Clean: st.Undo}}
	st.Because = "Built CONCURRENTLY under a name of its own while queries have the one that is there. An index that a failure leaves invalid is dropped and built again."
	if c.Unique {
		st.Because += equalRows
	}
	if comment != "" {
		made.Comment = comment
		st.SQL = append(st.SQL, r.commentIndex(made))
		a.After = append(a.After, a.Looks(withIndex(plain(made))))
	}
	r.add(st)
}

func (r *recipe) commentIndex(x schema.Index) string {
	return fmt.Sprintf("COMMENT ON INDEX %s IS %s", inSchemaOf(r.t.Ident, x.Name), comment(x.Comment))
}

// exchangeIndexes takes two statements, between which no index has the name: nothing but people and hints go by it.
func (r *recipe) exchangeIndexes(x, made, final, old schema.Index) *plans.Act {
	rename := func(from, to string) string {
		return fmt.Sprintf("ALTER INDEX %s RENAME TO %s", inSchemaOf(r.t.Ident, from), Quote(to))
	}
	both := func(a, b schema.Index) *schema.Table {
		return &schema.Table{Indexes: []schema.Index{plain(a), plain(b)}}
	}
	a := &plans.Act{Phase: plans.Switch, Does: "give the new index the name " + x.Name, Sees: indexObjects(x.Name, made.Name, old.Name)}
	a.Before, a.After = a.Looks(both(x, made)), looks(a, both(old, made), both(old, final))
	a.Undone = looks(a, both(old, made))
	r.add(plans.Step{SQL: []string{rename(x.Name, old.Name), rename(made.Name, x.Name)}, Undo: []string{rename(x.Name, made.Name), rename(old.Name, x.Name)}, Lock: shareUpdate, Act: a,
		Because: "A moment's work in the catalog, for which nobody waits. Both indexes are there, so the planner takes the better one."})
	return a
}

// dropFormer takes the old index away under its last name.
func (r *recipe) dropFormer(old schema.Index) *plans.Act {
	bare := withoutComment(old)
	drop := []string{r.dropIndexSQL(old.Name)}
	a := &plans.Act{Phase: plans.Contract, Does: "drop the former index " + old.Name, Sees: indexObjects(old.Name)}
	a.Before, a.After = a.Looks(withIndex(plain(old))), looks(a, nothing())
	a.Broken = []plans.Broken{{Shows: a.Looks(withIndex(invalid(old))), Clean: drop}}
	st := plans.Step{SQL: drop, Undo: []string{concurrentIndex(old.Definition)}, Lock: shareUpdate, Act: a,
		Because: "Dropped CONCURRENTLY: it waits for the queries that use it, and nobody waits for it. The way back builds it anew beside traffic."}
	if old.Comment != "" {
		st.Undo = append(st.Undo, r.commentIndex(old))
		a.Undone = looks(a, withIndex(plain(bare)))
		a.Broken = append(a.Broken, plans.Broken{Shows: a.Looks(withIndex(invalid(bare))), Clean: drop})
	}
	r.add(st)
	return a
}

func keyNames(x schema.Index) []string {
	var out []string
	for _, c := range x.Columns {
		out = append(out, c.Name)
	}
	return out
}
