package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// The locks of steps. What is waited for is bounded; what is held is held for the
// catalog's work alone.
var (
	accessExclusive = plans.Lock{Level: "ACCESS EXCLUSIVE", BlocksReads: true, BlocksWrites: true, BoundedMS: plans.LockBudget.Milliseconds()}
	shareRow        = plans.Lock{Level: "SHARE ROW EXCLUSIVE", BlocksWrites: true, BoundedMS: plans.LockBudget.Milliseconds()}
	shareUpdate     = plans.Lock{Level: "SHARE UPDATE EXCLUSIVE"}
	rowLocks        = plans.Lock{Level: "FOR NO KEY UPDATE, row by row, SKIP LOCKED"}
	readLock        = plans.Lock{Level: "ACCESS SHARE"}
)

// render fills one step.
type render struct {
	f    *plans.Facts
	t    *schema.Table
	s    *plans.Sync
	plan string
	st   *plans.Step
}

// Render fills a step, or says that it isn't needed here.
func (Rules) Render(f *plans.Facts, t *schema.Table, s *plans.Sync, planID string, st *plans.Step) (bool, error) {
	r := &render{f, t, s, planID, st}
	st.Mode, st.Lock = plans.Transaction, accessExclusive
	if s.Move != nil {
		return r.renderMove()
	}
	switch st.Kind {
	case plans.Relax:
		return r.relax()
	case plans.AddColumns:
		return r.addColumns()
	case plans.InstallSync:
		return r.installSync()
	case plans.Backfill:
		return r.backfill()
	case plans.BuildTwin:
		return r.twin()
	case plans.Verify:
		return r.verify()
	case plans.Swap:
		return r.swap()
	case plans.Hide:
		return r.hide()
	case plans.Drop:
		return r.drop()
	}
	return false, nil // AdoptNames: names are exchanged in the swap, or with the drop
}

func (r *render) rel() string { return relation(r.s.Table) }

func (r *render) alter(format string, args ...any) string {
	return "ALTER TABLE " + r.rel() + " " + fmt.Sprintf(format, args...)
}

func (r *render) commentColumn(column, text string) string {
	return fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s", r.rel(), Quote(column), text)
}

func (r *render) mark(what string) string { return literal(markText(r.plan, what)) }

func markText(plan, what string) string {
	return fmt.Sprintf("phasemig %s: %s; undo: phasemig rollback %s", plan, what, plan)
}

// marked puts our mark behind a comment of the user's.
func (r *render) marked(user, what string) string {
	if user == "" {
		return r.mark(what)
	}
	return literal(user + "\n" + markText(r.plan, what))
}

func (r *render) triggers() bool { return r.s.DualWrite == "trigger" }

// relaxes: a value that has no place in the old column leaves it NULL.
func relaxes(s *plans.Sync) bool {
	return s.Fallible && s.OnUnreturnable == "record" && s.DualWrite == "trigger" && slices.ContainsFunc(s.Old, func(o plans.Side) bool { return o.NotNull })
}

func relaxCheck(o plans.Side) string { return plans.CutName("_pm_not_null_"+o.Name, 63, true) }

func (r *render) relax() (bool, error) {
	if !relaxes(r.s) {
		return false, nil
	}
	for _, o := range r.s.Old {
		if !o.NotNull {
			continue
		}
		c := Quote(relaxCheck(o))
		r.st.SQL = append(r.st.SQL, r.alter("ALTER COLUMN %s DROP NOT NULL", Quote(o.Name)))
		r.st.Undo = append(r.st.Undo, r.alter("ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID", c, Quote(o.Name)), r.alter("VALIDATE CONSTRAINT %s", c),
			r.alter("ALTER COLUMN %s SET NOT NULL", Quote(o.Name)), r.alter("DROP CONSTRAINT %s", c))
	}
	r.st.Because = "A value of new code that the old column can't hold leaves it NULL; old code that writes NULL is still refused, by the trigger."
	return true, nil
}

func (r *render) addColumns() (bool, error) {
	var adds []string
	for _, n := range r.s.New {
		adds = append(adds, strings.TrimSpace(fmt.Sprintf("ADD COLUMN %s %s%s", Quote(n.Name), n.Type, collate(n.Collation))))
		r.st.Undo = append(r.st.Undo, r.alter("DROP COLUMN IF EXISTS %s", Quote(n.Name)))
	}
	r.st.SQL = append([]string{r.alter("%s", strings.Join(adds, ", "))}, r.options()...)
	for _, n := range r.s.New {
		r.st.SQL = append(r.st.SQL, r.commentColumn(n.Name, r.marked(n.Comment, "new side of "+r.s.Old[0].Name)))
	}
	r.st.SQL = append(r.st.SQL, r.grantsSQL()...)
	r.st.Because = "Nullable and without a default: only the catalog is written. A session that has prepared SELECT * sees it fail once (cached plan must not change result type), and an INSERT without a column list still fits, since the column is the last one." + r.publications()
	return true, nil
}

func collate(c string) string {
	if c == "" {
		return ""
	}
	return " COLLATE " + c
}

// options carries over how values are stored, where the type stays.
func (r *render) options() []string {
	old, _ := r.t.Column(r.s.Old[0].Name)
	if r.s.New[0].Type != old.Type || r.s.Reshapes() || old.Definition == "" {
		return nil
	}
	var out []string
	for _, o := range strings.Split(old.Definition, "\n") {
		out = append(out, r.alter("ALTER COLUMN %s %s", Quote(r.s.New[0].Name), o))
	}
	return out
}

// grantsSQL gives the new columns the rights that were given on the old one alone; on all of them, where there are several.
func (r *render) grantsSQL() []string {
	var out []string
	for _, g := range r.t.Grants {
		if g.Column != r.s.Old[0].Name || !r.onAll(g) {
			continue
		}
		var cols []string
		for _, n := range r.s.New {
			cols = append(cols, Quote(n.Name))
		}
		q := fmt.Sprintf("GRANT %s (%s) ON %s TO %s", g.Privilege, strings.Join(cols, ", "), r.rel(), grantee(g.Grantee))
		if g.Grantable {
			q += " WITH GRANT OPTION"
		}
		out = append(out, q)
	}
	return out
}

func (r *render) onAll(g schema.Grant) bool {
	return !slices.ContainsFunc(r.s.Old, func(o plans.Side) bool {
		of := g
		of.Column = o.Name
		return !slices.Contains(r.t.Grants, of)
	})
}

func grantee(name string) string {
	if name == "PUBLIC" {
		return name
	}
	return Quote(name)
}

func (r *render) publications() string {
	var names []string
	for _, d := range r.t.Dependents {
		if d.Kind == "publication" {
			names = append(names, d.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf(" The table is published by %s: a PostgreSQL subscriber stops at the first row with a column that it doesn't have, so add the column there first (ALTER TABLE … ADD COLUMN, nullable).", strings.Join(names, ", "))
}

func (r *render) installSync() (bool, error) {
	fn := syncFunction(r.s)
	r.st.Lock = shareRow
	r.st.SQL = []string{createFunction(mapping{s: r.s}, r.plan), fmt.Sprintf("COMMENT ON FUNCTION %s() IS %s", fn, r.mark("keeps "+r.s.Table.String()+" in step"))}
	if (mapping{s: r.s}).records() {
		var types []string
		for _, k := range r.s.Key {
			types = append(types, k.Type)
		}
		sig := fmt.Sprintf("%s(%s)", recorder(r.s), strings.Join(types, ", "))
		r.st.SQL = append(r.st.SQL, createRecorder(r.s, r.plan, r.st.Sync), fmt.Sprintf("COMMENT ON FUNCTION %s IS %s", sig, r.mark("records rows that can't go back")))
	}
	r.st.SQL = append(r.st.SQL,
		fmt.Sprintf("CREATE TRIGGER %s BEFORE INSERT OR UPDATE ON %s FOR EACH ROW WHEN (pg_catalog.current_setting('%s', true) IS DISTINCT FROM %s) EXECUTE FUNCTION %s()",
			Quote(r.s.Trigger), r.rel(), markSetting, literal(r.plan), fn),
		r.alter("ENABLE ALWAYS TRIGGER %s", Quote(r.s.Trigger)),
		fmt.Sprintf("COMMENT ON TRIGGER %s ON %s IS %s", Quote(r.s.Trigger), r.rel(), r.mark("keeps both sides in step")))
	r.st.Undo = r.dropSync()
	r.st.Because = "From here on whatever is written to one side reaches the other in the same statement. The trigger is the last of its kind by name, fires in sessions of the replica's role too, and leaves the backfill's own writes alone."
	if r.s.Operation != "rename_column" || r.s.New[0].Plain == "" {
		r.st.Because += " A value that the mapping to the new side can't convert is refused where it is written."
	}
	return true, nil
}

func (r *render) dropSync() []string {
	out := []string{fmt.Sprintf("DROP TRIGGER IF EXISTS %s ON %s", Quote(r.s.Trigger), r.rel()), fmt.Sprintf("DROP FUNCTION IF EXISTS %s()", syncFunction(r.s))}
	if (mapping{s: r.s}).records() {
		out = append(out, "DROP FUNCTION IF EXISTS "+recorder(r.s))
	}
	return out
}

func (r *render) backfill() (bool, error) {
	r.st.Mode, r.st.Lock, r.st.Scans = plans.Batches, rowLocks, true
	r.st.SQL = []string{newColumnsSQL(mapping{s: r.s}, r.plan, r.st.Sync).fill("$1", "$2")}
	r.st.Undo = nil
	r.st.Estimate = plans.Estimate{Rows: r.t.Rows, Bytes: r.t.Bytes, Seconds: float64(r.t.Rows) / 150_000, DiskBytes: r.t.Bytes, ReplayRows: r.t.Rows}
	r.st.Because = "Short transactions along " + r.s.Extra["order"] + " write the new side only; rows that somebody has locked are left for later, so nobody waits for a chunk. Every row becomes a new version: the table grows until vacuum has been there. A transaction in REPEATABLE READ or SERIALIZABLE that updates a row filled since its snapshot gets a serialization failure."
	if quiet(r.s) {
		r.st.Because += " The sessions run in the replica's role, so the table's own triggers stay silent."
	}
	return true, nil
}

func (r *render) verify() (bool, error) {
	r.st.Mode, r.st.Lock, r.st.Scans = plans.ReadOnly, readLock, true
	r.st.SQL = []string{newColumnsSQL(mapping{s: r.s}, r.plan, r.st.Sync).compare("$1", "$2", 10, true)}
	r.st.Estimate = plans.Estimate{Rows: r.t.Rows, Bytes: r.t.Bytes, Seconds: float64(r.t.Rows) / 1_000_000}
	r.st.Because = "Every row is read and both sides compared by their stored bytes; no collation or operator has a say."
	return true, nil
}

// swap exchanges the names of old and new. Everything that hangs on a name moves
// in the same transaction: the default, the function, twins.
func (r *render) swap() (bool, error) {
	o, n := r.s.Old[0], r.s.New[0]
	r.st.SQL = []string{r.renameColumn(o.Name, o.Hidden), r.renameColumn(n.Name, o.Name)}
	r.st.Undo = []string{r.renameColumn(o.Name, n.Name), r.renameColumn(o.Hidden, o.Name)}
	if d := r.newDefault(); d != "" {
		r.st.SQL = append(r.st.SQL, r.alter("ALTER COLUMN %s DROP DEFAULT, ALTER COLUMN %s SET DEFAULT %s", Quote(o.Hidden), Quote(o.Name), d))
		r.st.Undo = append(r.st.Undo, r.alter("ALTER COLUMN %s DROP DEFAULT, ALTER COLUMN %s SET DEFAULT %s", Quote(n.Name), Quote(o.Name), *o.Default))
	}
	r.st.SQL, r.st.Undo = append(r.st.SQL, r.exchange()...), append(r.st.Undo, r.exchange()...)
	r.move(r.st)
	r.st.Because = "One short transaction exchanges the two names with defaults, constraint names and the trigger's function; statements before it see the old form, those after it the new one. Prepared statements whose result changes its type fail once a session. SELECT * and an INSERT without a column list meet the hidden old form in its old place: code should name its columns. The way back is the same exchange." + r.views()
	return true, nil
}

// move adds the function for the names after a step, and marks the old columns.
func (r *render) move(st *plans.Step) {
	if r.triggers() {
		st.SQL = append(st.SQL, createFunction(mapping{r.s, true}, r.plan))
		st.Undo = append(st.Undo, createFunction(mapping{s: r.s}, r.plan))
	}
	for _, o := range r.s.Old {
		st.SQL = append(st.SQL, r.commentColumn(o.Hidden, r.marked(o.Comment, "hidden column "+o.Name)))
		st.Undo = append(st.Undo, r.commentColumn(o.Name, comment(o.Comment)))
	}
}

func (r *render) renameColumn(from, to string) string {
	return r.alter("RENAME COLUMN %s TO %s", Quote(from), Quote(to))
}

// newDefault is the old column's default for the new one. Behind a mapping of the
// user's the old default stays where it is: what the mapping makes of it is only known by running it.
func (r *render) newDefault() string {
	o, n := r.s.Old[0], r.s.New[0]
	switch {
	case o.Default == nil || n.Default == nil:
		return ""
	case n.Type == o.Type && o.Plain != "":
		return *o.Default
	case strict(r.s) && n.Class == o.Class:
		return *o.Default
	case strict(r.s):
		return fmt.Sprintf("CAST((%s) AS %s)", *o.Default, n.Type)
	}
	return ""
}

func (r *render) hide() (bool, error) {
	if r.s.Swap {
		return false, nil // the swap has put the old column out of sight
	}
	for _, o := range r.s.Old {
		r.st.SQL = append(r.st.SQL, r.renameColumn(o.Name, o.Hidden))
		r.st.Undo = append(r.st.Undo, r.renameColumn(o.Hidden, o.Name))
	}
	if d := r.newDefault(); d != "" && r.s.Operation == "rename_column" {
		o, n := r.s.Old[0], r.s.New[0]
		r.st.SQL = append(r.st.SQL, r.alter("ALTER COLUMN %s DROP DEFAULT, ALTER COLUMN %s SET DEFAULT %s", Quote(o.Hidden), Quote(n.Name), d))
		r.st.Undo = append(r.st.Undo, r.alter("ALTER COLUMN %s DROP DEFAULT, ALTER COLUMN %s SET DEFAULT %s", Quote(n.Name), Quote(o.Name), *o.Default))
	}
	r.move(r.st)
	r.st.Because = "Whoever still names the old column fails now, while its data is kept in step and the way back is a rename: name and function change in one transaction." + r.views()
	return true, nil
}

// views says what becomes of them: see moves.
func (r *render) views() string {
	if len(r.s.Views) == 0 {
		return ""
	}
	return fmt.Sprintf(" What reads the column (%s) is made anew on the new one in the same transaction, there and back.", strings.Join(r.s.Views, ", "))
}

// drop takes triggers and old columns away at once: between the two an insert
// would fail. Foreign keys lock the referenced tables too; they are locked first,
// one after the other, so that an application that waits for us is never the victim of a deadlock.
func (r *render) drop() (bool, error) {
	for _, id := range r.lockedTables() {
		r.st.SQL = append(r.st.SQL, "LOCK TABLE "+relation(id)+" IN ACCESS EXCLUSIVE MODE")
	}
	if r.triggers() {
		r.st.SQL = append(r.st.SQL, fmt.Sprintf("DROP TRIGGER IF EXISTS %s ON %s", Quote(r.s.Trigger), r.rel()))
	}
	for _, o := range r.s.Old {
		r.st.SQL = append(r.st.SQL, r.alter("DROP COLUMN IF EXISTS %s", Quote(o.Hidden)))
	}
	if r.triggers() {
		r.st.SQL = append(r.st.SQL, r.dropSync()[1:]...)
	}
	m := mapping{r.s, true}
	for i, n := range r.s.New {
		r.st.SQL = append(r.st.SQL, r.commentColumn(m.new(i), comment(n.Comment)))
	}
	r.st.SQL = append(append(r.st.SQL, r.adopt()...), r.originals()...)
	r.st.Because = "The end of the way back: triggers, old columns and what hangs on them go in one transaction, so no statement meets the one without the other. The space comes back with later writes or a rewrite."
	return true, nil
}

func (r *render) lockedTables() []schema.Ident {
	out := []schema.Ident{r.s.Table}
	for _, c := range r.t.Constraints {
		if c.Kind == schema.ForeignKey && !c.Incoming && slices.Contains(c.Columns, r.s.Old[0].Name) && !slices.Contains(out, c.Ref) {
			out = append(out, c.Ref)
		}
	}
	return out
}
