package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

func (r *recipe) addCheck(c *plans.AddCheck) error {
	if err := r.free(c.Name); err != nil {
		return err
	}
	if r.t.Kind == schema.Domain {
		return r.addDomainCheck(c)
	}
	st := r.constrain(c.Name, checkClause(c))
	st.Lock = accessExclusive
	st.Because = "Added NOT VALID, which looks at no row and holds for new ones at once, and validated in a transaction of its own while writes go on. Rows that break it end the validation; the constraint stands for new rows until it is validated or taken back."
	r.add(st)
	return nil
}

func (r *recipe) addForeignKey(c *plans.AddForeignKey) error {
	if err := r.free(c.Name); err != nil {
		return err
	}
	st := r.constrain(c.Name, foreignKeyClause(c, relation(schema.ParseIdent(c.References.Table))))
	st.Lock = shareRow
	st.Because = fmt.Sprintf("Added NOT VALID, which looks at no row and holds for new ones at once: writes to both tables wait for that moment. Validated in a transaction of its own while writes to both go on. Rows without a parent in %s end the validation.", c.References.Table)
	if !slices.ContainsFunc(r.t.Indexes, func(x schema.Index) bool { return leads(x, c.Columns) }) {
		r.out.Notes = append(r.out.Notes, fmt.Sprintf("%s: no index begins with %s; a delete from %s, or a change of its key, reads the whole table %s.", c.Name, strings.Join(c.Columns, ", "), c.References.Table, r.t.Ident))
	}
	r.add(st)
	return nil
}

// leads: the index finds rows by these columns.
func leads(x schema.Index, columns []string) bool {
	names := keyNames(x)
	return x.Predicate == "" && !x.Invalid && len(names) >= len(columns) && slices.Equal(slices.Sorted(slices.Values(names[:len(columns)])), slices.Sorted(slices.Values(columns)))
}

// referenced is how the table that a foreign key points at is written.
func referenced(o plans.Operation) string {
	if o.AddForeignKey == nil {
		return ""
	}
	return relation(schema.ParseIdent(o.AddForeignKey.References.Table))
}

// constrain adds a constraint and validates it later.
func (r *recipe) constrain(name, clause string) plans.Step {
	r.out.Objects = []string{name}
	c, _ := r.made.Constraint(name)
	a := &plans.Act{Phase: plans.Expand, Does: fmt.Sprintf("add constraint %s and validate it", name), Sees: []schema.Object{{Kind: schema.ConstraintObject, Name: name}}}
	a.Before, a.After = a.Looks(nothing()), looks(a, withConstraint(notValid(c)), withConstraint(c))
	return plans.Step{
		SQL:  []string{addConstraint(altering(r.t, r.rel()), name, clause+" NOT VALID"), r.validateSQL(name)},
		Undo: []string{r.dropConstraintSQL(name)}, Scans: true, Estimate: r.reads(1_000_000), Act: a,
	}
}

func (r *recipe) validateSQL(name string) string {
	return r.alter("VALIDATE CONSTRAINT %s", Quote(name))
}

// notValid is a constraint before it is validated.
func notValid(c schema.Constraint) schema.Constraint {
	if !c.NotValid {
		c.NotValid, c.Definition = true, c.Definition+" NOT VALID"
	}
	return c
}

// validated is a constraint after that.
func validated(c schema.Constraint) schema.Constraint {
	c.NotValid, c.Definition = false, strings.TrimSuffix(c.Definition, " NOT VALID")
	return c
}

func (r *recipe) dropConstraint(d *plans.DropConstraint) error {
	if x, ok := r.t.Index(d.Name); ok && x.Constraint {
		return r.dropKey(x)
	}
	c, ok := r.t.Constraint(d.Name)
	switch {
	case !ok:
		return r.input("there is no such constraint on %s", r.t.Ident)
	case c.Kind == schema.Exclusion:
		return r.refuse("", "an exclusion constraint can't be built again without blocking writes: there would be no way back")
	}
	if r.t.Kind == schema.Domain {
		return r.dropDomainCheck(c)
	}
	a := &plans.Act{Phase: plans.Contract, Does: "drop constraint " + c.Name, Sees: constraintObjects(c.Name), Otherwise: r.spelling(c)}
	st := plans.Step{SQL: []string{r.dropConstraintSQL(c.Name)}, Lock: accessExclusive, Act: a,
		Because: "A moment's work in the catalog. This server can't hide a constraint first; the way back adds it NOT VALID and validates it, and rows that break it by then stand in the way of that."}
	st.Undo, a.Undone = r.constrainAgain(a, c)
	a.Before, a.After = a.Looks(withConstraint(c)), looks(a, nothing())
	r.out.Objects = []string{c.Name}
	r.add(st)
	return nil
}

func constraintObjects(name string) []schema.Object {
	return []schema.Object{{Kind: schema.ConstraintObject, Name: name}, {Kind: schema.ConstraintComment, Name: name}}
}

// spelling is how the server writes a constraint down that is made from its own words.
func (r *recipe) spelling(c schema.Constraint) *plans.Spelling {
	if r.made == nil {
		return nil
	}
	again, _ := r.made.Constraint(c.Name)
	return otherwise(validated(c).Definition, validated(again).Definition)
}

func uncommented(c schema.Constraint) schema.Constraint {
	c.Comment = ""
	return c
}

// constrainAgain is the way back to a constraint, with what shows between its statements. One that was never valid
// stays so.
func (r *recipe) constrainAgain(a *plans.Act, c schema.Constraint) (undo []string, undone [][]string) {
	bare := uncommented(c)
	if c.NotValid {
		undo = []string{addConstraint(altering(r.t, r.rel()), c.Name, c.Definition)}
	} else {
		undo = []string{addConstraint(altering(r.t, r.rel()), c.Name, c.Definition+" NOT VALID"), r.validateSQL(c.Name)}
		undone = looks(a, withConstraint(notValid(bare)))
	}
	if c.Comment != "" {
		undo = append(undo, r.commentConstraint(c))
		undone = append(undone, a.Looks(withConstraint(bare)))
	}
	return undo, undone
}

func (r *recipe) commentConstraint(c schema.Constraint) string {
	return fmt.Sprintf("COMMENT ON CONSTRAINT %s ON %s IS %s", Quote(c.Name), r.constrained(), comment(c.Comment))
}

// constrained is what a constraint is on, in the words of COMMENT.
func (r *recipe) constrained() string {
	if r.t.Kind == schema.Domain {
		return "DOMAIN " + r.rel()
	}
	return r.rel()
}

func (r *recipe) validateConstraint(v *plans.ValidateConstraint) error {
	c, ok := r.t.Constraint(v.Name)
	switch {
	case !ok:
		return r.input("there is no such constraint on %s", r.t.Ident)
	case !c.NotValid:
		return r.input("it is valid already")
	case strings.HasSuffix(c.Definition, " NOT ENFORCED"):
		return r.refuse("", "the server doesn't enforce it")
	case strings.HasPrefix(c.Definition, "NOT NULL "):
		return r.refuse("ALTER TABLE "+r.rel()+" VALIDATE CONSTRAINT "+Quote(c.Name), "a NOT NULL is validated by hand: the statement lets writes go on")
	}
	if r.t.Kind == schema.Domain {
		return r.refuse(otherProof, "%s", notProven)
	}
	a := &plans.Act{Phase: plans.Expand, Does: "validate constraint " + c.Name, Sees: constraintObjects(c.Name), Otherwise: r.spelling(c)}
	a.Before, a.After = a.Looks(withConstraint(c)), looks(a, withConstraint(validated(c)))
	st := plans.Step{SQL: []string{r.validateSQL(c.Name)}, Lock: shareUpdate, Scans: true, Estimate: r.reads(1_000_000), Act: a,
		Undo:    []string{r.alter("DROP CONSTRAINT IF EXISTS %s, ADD CONSTRAINT %s %s", Quote(c.Name), Quote(c.Name), c.Definition)},
		Because: "Every row is read while writes go on. The way back puts the constraint in its own place once more, NOT VALID."}
	if c.Comment != "" {
		st.Undo = append(st.Undo, r.commentConstraint(c))
		a.Undone = looks(a, withConstraint(uncommented(c)))
	}
	r.out.Objects = []string{c.Name}
	r.add(st)
	return nil
}

// renameConstraint happens in the switch: code may name it.
func (r *recipe) renameConstraint(n *plans.RenameConstraint) error {
	if err := r.free(n.To); err != nil {
		return err
	}
	kind := schema.ConstraintObject
	var before, after *schema.Table
	if x, ok := r.t.Index(n.From); ok && x.Constraint {
		kind = schema.IndexObject
		to, _ := r.made.Index(n.To)
		to.Constraint, to.Primary = true, x.Primary
		if _, deferrable, ok := strings.Cut(x.Definition, "\n"); ok {
			to.Definition += "\n" + deferrable
		}
		before, after = withIndex(x), withIndex(to)
	} else if c, ok := r.t.Constraint(n.From); ok {
		before = withConstraint(c)
		c.Name = n.To
		after = withConstraint(c)
	} else {
		return r.input("there is no constraint %s on %s", n.From, r.t.Ident)
	}
	a := &plans.Act{Phase: plans.Switch, Does: fmt.Sprintf("rename constraint %s to %s", n.From, n.To), Sees: []schema.Object{{Kind: kind, Name: n.From}, {Kind: kind, Name: n.To}}}
	a.Before, a.After = a.Looks(before), looks(a, after)
	r.out.Objects = []string{n.From, n.To}
	lock := accessExclusive
	if r.t.Kind == schema.Domain {
		lock = readLock
	}
	r.add(plans.Step{SQL: []string{r.renameSQL(n.From, n.To)}, Undo: []string{r.renameSQL(n.To, n.From)}, Lock: lock, Act: a,
		Because: "A moment's work in the catalog. It happens in the switch, since code that names the constraint must have both names in mind."})
	return nil
}

func (r *recipe) renameSQL(from, to string) string {
	return r.alter("RENAME CONSTRAINT %s TO %s", Quote(from), Quote(to))
}
