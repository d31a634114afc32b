package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

func (r *recipe) addColumn(c *plans.AddColumn) error {
	if err := r.mayAdd(c); err != nil {
		return err
	}
	made, _ := r.made.Column(c.Name)
	bare := made
	made.Comment = c.Comment
	a := &plans.Act{Phase: plans.Expand, Does: "add column " + c.Name, Sees: columnObjects(c.Name)}
	a.Before, a.After = a.Looks(nothing()), looks(a, withColumns(bare))
	st := plans.Step{SQL: []string{addColumnSQL(c, r.rel())}, Undo: []string{r.alter("DROP COLUMN IF EXISTS %s", Quote(c.Name))}, Lock: accessExclusive, Act: a,
		Because: "Only the catalog is written: rows that are there show what it says. A session that has prepared SELECT * sees it fail once (cached plan must not change result type). The way back drops what was written to the column."}
	if c.Comment != "" {
		st.SQL = append(st.SQL, r.commentColumn(c.Name, comment(c.Comment)))
		a.After = append(a.After, a.Looks(withColumns(made)))
	}
	r.out.Columns, r.out.Objects = []string{c.Name}, []string{c.Name} // it is a dependent of what it is computed from, too
	r.add(st)
	return nil
}

func columnObjects(names ...string) []schema.Object {
	var out []schema.Object
	for _, n := range names {
		out = append(out, schema.Object{Kind: schema.ColumnObject, Name: n}, schema.Object{Kind: schema.ColumnComment, Name: n})
	}
	return out
}

func (r *recipe) commentColumn(column, text string) string {
	return fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s", r.rel(), Quote(column), text)
}

// rewritingColumn is the clause for a column of which each row would have a value of its own, so that the server would write
// the table anew: that is done beside it.
func rewritingColumn(f *plans.Facts, t *schema.Table, c *plans.AddColumn) (string, error) {
	sql := addColumnSQL(c, relation(t.Ident))
	if seen, ok := f.Trial(t.Ident, sql); !ok || seen.Error != "" || !seen.Rewrites {
		return "", nil
	}
	if t.Kind == schema.PartitionedTable {
		return "", &plans.RefusedError{What: (plans.Operation{AddColumn: c}).Words(), Reason: "each row has a value of its own in it, and all partitions would be written anew under a lock", Hint: "add it without, set_default for new rows, and fill the others in batches"}
	}
	if c.Comment != "" {
		return "", &plans.RefusedError{What: (plans.Operation{AddColumn: c}).Words(), Reason: "each row has a value of its own in it, so it comes by an ALTER TABLE, which holds no comment", Hint: "set_comment afterwards"}
	}
	return strings.TrimPrefix(sql, "ALTER TABLE "+relation(t.Ident)+" "), nil
}

// mayAdd refuses what would look at rows, and what is an operation of its own.
func (r *recipe) mayAdd(c *plans.AddColumn) error {
	if _, ok := r.t.Column(c.Name); ok {
		return r.input("the column exists already")
	}
	made, ok := r.made.Column(c.Name)
	touches := func(names []string) bool { return slices.Contains(names, c.Name) }
	switch {
	case !ok:
		return r.input("the server made no column of this name")
	case !made.Nullable && made.Default == nil && made.Generated == "":
		return r.refuse("give it a default, or add it nullable", "rows that are there would have no value")
	case slices.ContainsFunc(r.made.Indexes, func(x schema.Index) bool { return touches(uses(x)) }),
		slices.ContainsFunc(r.made.Constraints, func(k schema.Constraint) bool { return touches(k.Columns) }):
		return r.refuse("add_check, add_unique or add_foreign_key beside add_column", "a constraint that comes with the column is built or proven under the lock")
	}
	return nil
}

// computed is the first version that computes a generated column when it is read.
const computed = 180000

// stores refuses what older versions do with a generated column.
func (r *recipe) stores(o plans.Operation) error {
	if c := o.AddColumn; c != nil && c.Generated != "" && !c.Stored && r.f.Server.Number < computed {
		return r.refuse("stored: true, which is done on a shadow", "this version has no column that is computed when it is read")
	}
	return nil
}

func addColumnSQL(c *plans.AddColumn, rel string) string {
	out := fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", rel, Quote(c.Name), c.Type)
	switch {
	case c.Generated != "":
		out += " GENERATED ALWAYS AS (" + c.Generated + ") " + c.Keeps()
	case c.Default != "":
		out += " DEFAULT " + c.Default
	}
	if c.NotNull {
		out += " NOT NULL"
	}
	return out
}

// dropColumn lets code leave the column out first, hides it, and drops it after a rest.
func (r *recipe) dropColumn(d *plans.DropColumn) error {
	c, ok := r.t.Column(d.Column)
	if !ok {
		return r.input("there is no such column")
	}
	if err := r.mayDropColumn(c); err != nil {
		return err
	}
	hidden := plans.CutName("_pm_hidden_"+c.Name, 63, true)
	r.out.Columns, r.out.Drops = []string{c.Name, hidden}, []string{c.Name}
	if needsValue(c) {
		if err := r.relaxColumn(&c); err != nil {
			return err
		}
	}
	r.hideColumn(c, hidden)
	a := &plans.Act{Phase: plans.Contract, Does: "drop the hidden column " + c.Name, Sees: []schema.Object{{Kind: schema.ColumnObject, Name: hidden}}}
	gone := c
	gone.Name = hidden
	a.Before, a.After = a.Looks(withColumns(gone)), looks(a, nothing())
	r.out.Steps = append(r.out.Steps, plans.Step{SQL: []string{r.alter("DROP COLUMN IF EXISTS %s", Quote(hidden))}, Lock: accessExclusive, Act: a,
		Because: "The end of the way back: the column goes with the indexes and constraints on it. The space comes back with later writes or a rewrite."})
	return nil
}

// relaxColumn lets code leave the column out before it is hidden. The way back proves that no NULL has come.
func (r *recipe) relaxColumn(c *schema.Column) error {
	native := r.f.Server.Can.NotValidNotNull
	seen, err := r.tried(notNullSQL(r.t, c.Name, r.rel(), native))
	if err != nil {
		return err
	}
	name := notNullName(r.t, c.Name, native)
	proof, _ := seen.Result.Constraint(name)
	never := *c
	c.Nullable = true
	a := &plans.Act{Phase: plans.Expand, Does: "let " + c.Name + " be left out", Sees: []schema.Object{{Kind: schema.ColumnObject, Name: c.Name}, {Kind: schema.ConstraintObject, Name: name}}}
	a.Before, a.After = a.Looks(withColumns(never)), looks(a, withColumns(*c))
	r.out.Objects = append(r.out.Objects, name)
	st := plans.Step{SQL: []string{r.alter("ALTER COLUMN %s DROP NOT NULL", Quote(c.Name))}, Lock: accessExclusive, Act: a,
		Because: "Code that no longer knows the column can write rows; a moment's work in the catalog. The way back proves that no NULL has come while writes go on: rows with NULL stand in the way of that."}
	st.Undo, a.Undone = r.proveNotNull(a, *c, never, proof)
	r.add(st)
	return nil
}

// hideColumn gives the column a name that no code knows.
func (r *recipe) hideColumn(c schema.Column, hidden string) {
	a := &plans.Act{Phase: plans.Contract, Does: "hide column " + c.Name, Sees: columnObjects(c.Name, hidden)}
	away, marked := c, c
	away.Name, marked.Name = hidden, hidden
	text := markText(r.plan, "hidden column "+c.Name)
	if c.Comment != "" {
		text = c.Comment + "\n" + text
	}
	marked.Comment = text
	a.Before, a.After = a.Looks(withColumns(c)), looks(a, withColumns(away), withColumns(marked))
	back := c
	back.Comment = marked.Comment
	a.Undone = looks(a, withColumns(back))
	r.add(plans.Step{Lock: accessExclusive, Act: a,
		SQL:     []string{r.renameColumn(c.Name, hidden), r.commentColumn(hidden, literal(text))},
		Undo:    []string{r.renameColumn(hidden, c.Name), r.commentColumn(c.Name, comment(c.Comment))},
		Because: "Whoever still names the column fails now, while its data is there and the way back is a rename."})
}

func (r *recipe) renameColumn(from, to string) string {
	return r.alter("RENAME COLUMN %s TO %s", Quote(from), Quote(to))
}

// mayDropColumn refuses what would break something else, now or when the column is hidden.
func (r *recipe) mayDropColumn(c schema.Column) error {
	for _, d := range r.t.Dependents {
		if d.Kind != "replica identity" && slices.Contains(d.Columns, c.Name) {
			return r.refuse("drop or rewrite the "+d.Kind+" first", "%s %s reads the column", d.Kind, d.Name)
		}
	}
	for _, x := range r.t.Indexes {
		if slices.Contains(uses(x), c.Name) {
			if x.Primary {
				return r.refuse("", "the column is part of the primary key")
			}
			if err := r.restsOn(x); err != nil {
				return err
			}
			r.out.Notes = append(r.out.Notes, fmt.Sprintf("%s.%s: index %s goes with the column.", r.t.Ident, c.Name, x.Name))
		}
	}
	for _, k := range r.t.Constraints {
		if slices.Contains(k.Columns, c.Name) && k.Incoming {
			return r.refuse("drop that foreign key first", "foreign key %s of %s points at the column", k.Name, k.Ref)
		}
		if slices.Contains(k.Columns, c.Name) {
			r.out.Notes = append(r.out.Notes, fmt.Sprintf("%s.%s: constraint %s goes with the column.", r.t.Ident, c.Name, k.Name))
		}
	}
	return nil
}

func (r *recipe) setDefault(d *plans.SetDefault) error {
	c, ok := r.t.Column(d.Column)
	switch {
	case !ok:
		return r.input("there is no such column")
	case c.Identity != "" || c.Generated != "":
		return r.input("the server gives the column its value: it has no default")
	}
	made, _ := r.made.Column(d.Column)
	switch {
	case made.Default == nil:
		return r.input("NULL is no default: drop_default takes one away")
	case c.Default != nil && *c.Default == *made.Default:
		return r.input("the column has this default already")
	}
	with := c
	with.Default = made.Default
	r.defaults(plans.Expand, "set the default of "+c.Name, c, with, setDefaultSQL(d, r.rel()))
	return nil
}

func setDefaultSQL(d *plans.SetDefault, rel string) string {
	return fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s", rel, Quote(d.Column), d.Default)
}

func (r *recipe) dropDefault(d *plans.DropDefault) error {
	c, ok := r.t.Column(d.Column)
	switch {
	case !ok:
		return r.input("there is no such column")
	case c.Default == nil || c.Identity != "":
		return r.input("the column has no default of its own")
	}
	none := c
	none.Default = nil
	r.defaults(plans.Contract, "drop the default of "+c.Name, c, none, r.alter("ALTER COLUMN %s DROP DEFAULT", Quote(c.Name)))
	return nil
}

// defaults is a step from one default to another.
func (r *recipe) defaults(ph plans.PhaseName, does string, from, to schema.Column, sql string) {
	a := &plans.Act{Phase: ph, Does: does, Sees: []schema.Object{{Kind: schema.ColumnObject, Name: from.Name}}}
	a.Before, a.After = a.Looks(withColumns(from)), looks(a, withColumns(to))
	undo := r.alter("ALTER COLUMN %s DROP DEFAULT", Quote(from.Name))
	if from.Default != nil {
		undo = r.alter("ALTER COLUMN %s SET DEFAULT %s", Quote(from.Name), *from.Default)
	}
	r.out.Columns = []string{from.Name}
	r.add(plans.Step{SQL: []string{sql}, Undo: []string{undo}, Lock: accessExclusive, Act: a,
		Because: "A moment's work in the catalog; rows that are there stay as they are."})
}

func (r *recipe) setComment(c *plans.SetComment) error {
	object, on := schema.Object{Kind: schema.TableComment, Name: r.t.Name}, "TABLE "+r.rel()
	there, level := true, shareUpdate
	if r.t.Kind != "table" {
		on, level = map[string]string{schema.Domain: "DOMAIN ", schema.EnumType: "TYPE "}[r.t.Kind]+r.rel(), readLock
	}
	switch {
	case c.Column != "":
		object, on = schema.Object{Kind: schema.ColumnComment, Name: c.Column}, "COLUMN "+r.rel()+"."+Quote(c.Column)
		_, there = r.t.Column(c.Column)
	case c.Index != "":
		object, on = schema.Object{Kind: schema.IndexComment, Name: c.Index}, "INDEX "+inSchemaOf(r.t.Ident, c.Index)
		_, there = r.t.Index(c.Index)
	case c.Constraint != "":
		object, on = schema.Object{Kind: schema.ConstraintComment, Name: c.Constraint}, fmt.Sprintf("CONSTRAINT %s ON %s", Quote(c.Constraint), r.constrained())
		x, key := r.t.Index(c.Constraint)
		_, there = r.t.Constraint(c.Constraint)
		there = there || key && x.Constraint
		level = readLock
	case c.Trigger != "":
		object, on = schema.Object{Kind: schema.TriggerComment, Name: c.Trigger}, fmt.Sprintf("TRIGGER %s ON %s", Quote(c.Trigger), r.rel())
		_, there = r.t.Trigger(c.Trigger)
		level = readLock
	}
	if !there || c.Column != "" && r.t.Kind != "table" {
		return r.input("there is no such column, index, constraint or trigger on %s", r.t.Ident)
	}
	from := r.t.CommentOn(object)
	if from == c.Comment {
		return r.input("it says that already")
	}
	a := &plans.Act{Phase: plans.Expand, Does: "comment " + strings.TrimPrefix(string(object.Kind), "comment of ") + " " + object.Name, Sees: []schema.Object{object}}
	a.Before, a.After = []string{object.Says(from)}, [][]string{{object.Says(c.Comment)}}
	r.add(plans.Step{SQL: []string{"COMMENT ON " + on + " IS " + comment(c.Comment)}, Undo: []string{"COMMENT ON " + on + " IS " + comment(from)}, Lock: level, Act: a,
		Because: "A word in the catalog; nothing reads it but people."})
	return nil
}
