package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// attempt is a statement that is run on an empty copy of a table: the change as the server does it at once, under
// whatever lock that takes, or a part of it, to see how the server writes it down.
type attempt struct {
	sql  string // names the table itself
	here string // names the copy
	keep bool   // later operations of the change find it done
	name string // of an index that it makes, which must be free in the table's schema
}

// attempts lists what an operation wants tried. here and parent are how the copies of the table and of the one
// that a foreign key points at are written.
func attempts(o plans.Operation, t *schema.Table, native bool, here, parent string) []attempt {
	var out []attempt
	for _, c := range becomeNotNull(o, t) {
		out = append(out, attempt{sql: notNullSQL(t, c, relation(t.Ident), native),
			here: fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL; %s", here, Quote(c), notNullSQL(t, c, here, native))})
	}
	if x := o.ReplaceIndex; x != nil {
		out = append(out, replaced(&x.CreateIndex, t, here)...)
	}
	if sql := atOnce(o, t, relation(t.Ident), referenced(o)); sql != "" {
		out = append(out, attempt{sql: sql, here: atOnce(o, t, here, parent), keep: makes(o), name: newIndex(o)})
	}
	return out
}

// makes: what only takes away is tried for the way back, and isn't there for others.
func makes(o plans.Operation) bool {
	return o.CreateIndex != nil || o.AddCheck != nil || o.AddForeignKey != nil || o.AddUnique != nil || o.AddPrimaryKey != nil || o.AddColumn != nil || o.SetDefault != nil ||
		o.ReplaceIndex != nil || o.CreateTrigger != nil
}

// atOnce is the operation, or the way back from one that takes something away. "": nothing is made whose form
// only the server knows.
func atOnce(o plans.Operation, t *schema.Table, rel, parent string) string {
	switch {
	case o.CreateIndex != nil:
		return indexSQL(o.CreateIndex, rel, "")
	case o.DropIndex != nil:
		return indexAgain(t, o.DropIndex.Name, o.DropIndex.Name, rel)
	case o.AddCheck != nil:
		return addConstraint(altering(t, rel), o.AddCheck.Name, checkClause(o.AddCheck))
	case o.AddForeignKey != nil:
		return addConstraint(altering(t, rel), o.AddForeignKey.Name, foreignKeyClause(o.AddForeignKey, parent))
	case o.AddUnique != nil:
		return addConstraint(altering(t, rel), o.AddUnique.Name, uniqueClause(o.AddUnique))
	case o.AddPrimaryKey != nil:
		return addConstraint(altering(t, rel), o.AddPrimaryKey.Name, "PRIMARY KEY ("+quoteAll(o.AddPrimaryKey.Columns)+")")
	case o.DropConstraint != nil:
		return checkAgain(t, o.DropConstraint.Name, rel)
	case o.ValidateConstraint != nil:
		return checkAgain(t, o.ValidateConstraint.Name, rel)
	case o.RenameConstraint != nil:
		return indexAgain(t, o.RenameConstraint.From, o.RenameConstraint.To, rel)
	case o.AddColumn != nil:
		return addColumnSQL(o.AddColumn, rel)
	case o.SetDefault != nil:
		return setDefaultSQL(o.SetDefault, rel)
	case o.ReplaceIndex != nil:
		return indexSQL(&o.ReplaceIndex.CreateIndex, rel, "")
	case o.CreateTrigger != nil:
		return triggerSQL(o.CreateTrigger, rel)
	}
	return ""
}

// newIndex is the name of an index that the operation makes.
func newIndex(o plans.Operation) string {
	switch {
	case o.CreateIndex != nil:
		return o.CreateIndex.Name
	case o.AddUnique != nil:
		return o.AddUnique.Name
	case o.AddPrimaryKey != nil:
		return o.AddPrimaryKey.Name
	case o.RenameConstraint != nil:
		return o.RenameConstraint.To
	}
	return ""
}

// addConstraint adds a constraint to what altering names.
func addConstraint(altering, name, clause string) string {
	return fmt.Sprintf("%s ADD CONSTRAINT %s %s", altering, Quote(name), clause)
}

func checkClause(c *plans.AddCheck) string { return "CHECK (" + c.Check + ")" }

func foreignKeyClause(c *plans.AddForeignKey, parent string) string {
	out := fmt.Sprintf("FOREIGN KEY (%s) REFERENCES %s (%s)", quoteAll(c.Columns), parent, quoteAll(c.References.Columns))
	if c.OnUpdate != "" {
		out += " ON UPDATE " + strings.ToUpper(c.OnUpdate)
	}
	if c.OnDelete != "" {
		out += " ON DELETE " + strings.ToUpper(c.OnDelete)
	}
	return out
}

func uniqueClause(c *plans.AddUnique) string {
	out := "UNIQUE "
	if c.NullsEqual {
		out += "NULLS NOT DISTINCT "
	}
	out += "(" + quoteAll(c.Columns) + ")"
	if len(c.Include) > 0 {
		out += " INCLUDE (" + quoteAll(c.Include) + ")"
	}
	return out
}

// indexAgain builds an index of the table from the server's own words, which the server may write down otherwise the
// second time.
func indexAgain(t *schema.Table, name, as, rel string) string {
	x, ok := t.Index(name)
	if !ok {
		return ""
	}
	def, _, _ := strings.Cut(x.Definition, "\n")
	_, rest := cutAt(def, "USING")
	unique := ""
	if x.Unique {
		unique = "UNIQUE "
	}
	return fmt.Sprintf("CREATE %sINDEX %s ON %s %s", unique, Quote(as), rel, rest)
}

// checkAgain is the same for a CHECK.
func checkAgain(t *schema.Table, name, rel string) string {
	c, ok := t.Constraint(name)
	if !ok || c.Kind != schema.Check || strings.HasPrefix(c.Definition, "NOT NULL ") {
		return ""
	}
	if t.Kind == schema.Domain { // which takes one action a statement
		return fmt.Sprintf("ALTER DOMAIN %s DROP CONSTRAINT %s; ", rel, Quote(name)) + addConstraint(altering(t, rel), name, c.Definition)
	}
	return fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s, ADD CONSTRAINT %s %s", rel, Quote(name), Quote(name), c.Definition)
}

// becomeNotNull lists the columns that take NULL now and don't in the end, and the one that takes NULL for a while
// and must not when the run is taken back.
func becomeNotNull(o plans.Operation, t *schema.Table) []string {
	var names, out []string
	switch {
	case o.SetNotNull != nil && o.SetNotNull.Fill == "":
		names = []string{o.SetNotNull.Column}
	case o.AddPrimaryKey != nil:
		names = o.AddPrimaryKey.Columns
	}
	if d := o.DropColumn; d != nil {
		if c, ok := t.Column(d.Column); ok && needsValue(c) {
			return []string{c.Name}
		}
	}
	for _, n := range names {
		if c, ok := t.Column(n); ok && c.Nullable && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// needsValue: a row can't be written without the column.
func needsValue(c schema.Column) bool {
	return !c.Nullable && c.Default == nil && c.Identity == "" && c.Generated == ""
}

// notNullName is the name that the server itself would give where NOT NULL is a constraint, else that of a CHECK
// which is there for a while.
func notNullName(t *schema.Table, column string, native bool) string {
	if native {
		return plans.CutName(t.Name+"_"+column+"_not_null", 63, true)
	}
	return plans.CutName("_pm_not_null_"+column, 63, true)
}

func notNullSQL(t *schema.Table, column, rel string, native bool) string {
	name := notNullName(t, column, native)
	if native {
		return addConstraint(altering(t, rel), name, "NOT NULL "+Quote(column)+" NOT VALID")
	}
	return addConstraint(altering(t, rel), name, "CHECK ("+Quote(column)+" IS NOT NULL) NOT VALID")
}

// indexSQL is a CREATE INDEX with or without CONCURRENTLY.
func indexSQL(c *plans.CreateIndex, rel, how string) string {
	unique, rest := "", ""
	if c.Unique {
		unique = "UNIQUE "
	}
	if c.Method != "" {
		rest = " USING " + Quote(c.Method)
	}
	var keys []string
	for _, p := range c.Columns {
		keys = append(keys, partSQL(p))
	}
	rest += " (" + strings.Join(keys, ", ") + ")"
	if len(c.Include) > 0 {
		rest += " INCLUDE (" + quoteAll(c.Include) + ")"
	}
	if c.NullsEqual {
		rest += " NULLS NOT DISTINCT"
	}
	if c.With != "" {
		rest += " WITH (" + c.With + ")"
	}
	if c.Where != "" {
		rest += " WHERE (" + c.Where + ")"
	}
	return fmt.Sprintf("CREATE %sINDEX %s%s ON %s%s", unique, how, Quote(c.Name), rel, rest)
}

func partSQL(p plans.IndexPart) string {
	out := "(" + p.Expression + ")"
	if p.Column != "" {
		out = Quote(p.Column)
	}
	if p.Collation != "" {
		out += " COLLATE " + p.Collation
	}
	if p.Operators != "" {
		out += " " + p.Operators
	}
	if p.Descending {
		out += " DESC"
	}
	if p.Nulls != "" {
		out += " NULLS " + strings.ToUpper(p.Nulls)
	}
	return out
}
