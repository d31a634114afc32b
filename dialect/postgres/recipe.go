package postgres

import (
	"fmt"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// recipe writes the acts of one operation.
type recipe struct {
	f    *plans.Facts
	t    *schema.Table
	plan string
	out  *plans.Recipe
	what string
	// made is the table as the server changed it at once, when it was empty; nil where nothing is made.
	made *schema.Table
}

// Recipe implements plans.Rules.
func (Rules) Recipe(f *plans.Facts, t *schema.Table, o plans.Operation, planID string, out *plans.Recipe) error {
	r := &recipe{f: f, t: t, plan: planID, out: out, what: o.Words()}
	out.Settings = f.Settings
	if err := r.stores(o); err != nil {
		return err
	}
	if sql := atOnce(o, t, r.rel(), referenced(o)); sql != "" {
		seen, err := r.tried(sql)
		if err != nil {
			return err
		}
		r.made = seen.Result
	}
	if t.Kind == schema.PartitionedTable && throughParts(o, f.Server.Number) {
		return r.ofParts(o)
	}
	switch {
	case o.CreateIndex != nil:
		return r.createIndex(o.CreateIndex)
	case o.DropIndex != nil:
		return r.dropIndex(o.DropIndex)
	case o.AddCheck != nil:
		return r.addCheck(o.AddCheck)
	case o.AddForeignKey != nil:
		return r.addForeignKey(o.AddForeignKey)
	case o.SetNotNull != nil:
		return r.setNotNull(o.SetNotNull)
	case o.AddUnique != nil:
		return r.addUnique(o.AddUnique)
	case o.AddPrimaryKey != nil:
		return r.addPrimaryKey(o.AddPrimaryKey)
	case o.DropConstraint != nil:
		return r.dropConstraint(o.DropConstraint)
	case o.RenameConstraint != nil:
		return r.renameConstraint(o.RenameConstraint)
	case o.ValidateConstraint != nil:
		return r.validateConstraint(o.ValidateConstraint)
	case o.AddColumn != nil:
		return r.addColumn(o.AddColumn)
	case o.DropColumn != nil:
		return r.dropColumn(o.DropColumn)
	case o.SetDefault != nil:
		return r.setDefault(o.SetDefault)
	case o.DropDefault != nil:
		return r.dropDefault(o.DropDefault)
	case o.SetComment != nil:
		return r.setComment(o.SetComment)
	case o.ReplaceIndex != nil:
		return r.replaceIndex(o.ReplaceIndex)
	case o.SetReplicaIdentity != nil:
		return r.setReplicaIdentity(o.SetReplicaIdentity)
	case o.CreateTrigger != nil:
		return r.createTrigger(o.CreateTrigger)
	case o.DropTrigger != nil:
		return r.dropTrigger(o.DropTrigger)
	case o.SetTrigger != nil:
		return r.setTrigger(o.SetTrigger)
	case o.AddEnumValue != nil:
		return r.addEnumValue(o.AddEnumValue)
	case o.RenameEnumValue != nil:
		return r.renameEnumValue(o.RenameEnumValue)
	case o.CreateTable != nil:
		return r.createTable(o.CreateTable)
	case o.DropTable != nil:
		return r.dropTable()
	case o.RenameTable != nil:
		return r.renameTable()
	}
	return r.refuse("", "this server's planner has no recipe for it")
}

// Copies implements plans.Rules: each has a place of its own in the log. What room the server has for them is a fact.
func (Rules) Copies() int { return 64 }

// tried is what the server made of a statement.
func (r *recipe) tried(sql string) (plans.Trial, error) {
	seen, ok := r.f.Trial(r.t.Ident, sql)
	switch {
	case !ok:
		return seen, &plans.InputError{What: r.what, Reason: "the facts don't hold what the server makes of it", Hint: "read them anew"}
	case seen.Error != "":
		return seen, r.input("%s", seen.Error)
	}
	return seen, nil
}

func (r *recipe) refuse(hint, format string, args ...any) error {
	return &plans.RefusedError{What: r.what, Reason: fmt.Sprintf(format, args...), Hint: hint}
}

func (r *recipe) input(format string, args ...any) error {
	return &plans.InputError{What: r.what, Reason: fmt.Sprintf(format, args...)}
}

// free refuses a name that an index or a constraint has.
func (r *recipe) free(name string) error {
	_, index := r.t.Index(name)
	_, constraint := r.t.Constraint(name)
	switch {
	case index || constraint:
		return r.input("%s exists already on %s", name, r.t.Ident)
	case len(name) > 63:
		return r.input("the name is longer than the server's limit of 63 bytes")
	}
	return nil
}

func (r *recipe) rel() string { return relation(r.t.Ident) }

func (r *recipe) alter(format string, args ...any) string {
	return altering(r.t, r.rel()) + " " + fmt.Sprintf(format, args...)
}

// altering begins a statement that changes a table or a domain.
func altering(t *schema.Table, rel string) string {
	if t.Kind == schema.Domain {
		return "ALTER DOMAIN " + rel
	}
	return "ALTER TABLE " + rel
}

func (r *recipe) dropConstraintSQL(name string) string {
	return r.alter("DROP CONSTRAINT IF EXISTS %s", Quote(name))
}

// reads is what a step costs that reads the whole table, at some rows a second.
func (r *recipe) reads(each float64) plans.Estimate {
	return plans.Estimate{Rows: r.t.Rows, Bytes: r.t.Bytes, Seconds: float64(r.t.Rows) / each}
}

// add adds a step that can be taken back.
func (r *recipe) add(st plans.Step) {
	st.Reversible = true
	r.out.Steps = append(r.out.Steps, st)
}

// The states that an act goes through are told by tables that hold nothing but what it is about.

func nothing() *schema.Table { return &schema.Table{} }

func withIndex(x schema.Index) *schema.Table { return &schema.Table{Indexes: []schema.Index{x}} }

func withConstraint(c schema.Constraint) *schema.Table {
	return &schema.Table{Constraints: []schema.Constraint{c}}
}

func withTrigger(g schema.Trigger) *schema.Table {
	return &schema.Table{Triggers: []schema.Trigger{g}}
}

func withSetting(clause string) *schema.Table {
	if clause == "" {
		return nothing()
	}
	return &schema.Table{Settings: []string{clause}}
}

func withLabels(list ...string) *schema.Table { return &schema.Table{Labels: list} }

func withColumns(list ...schema.Column) *schema.Table { return &schema.Table{Columns: list} }

func looks(a *plans.Act, states ...*schema.Table) (out [][]string) {
	for _, t := range states {
		out = append(out, a.Looks(t))
	}
	return out
}

// otherwise notes that the server writes the same in another way the second time.
func otherwise(first, again string) *plans.Spelling {
	if first == again {
		return nil
	}
	return &plans.Spelling{First: first, Again: again}
}
