package mysql

import (
	"context"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// standIn is a view of a table under another name. A view has no comment here, so the mark is what the table is called inside it.
type standIn struct {
	of   schema.Ident
	mark string
}

func standInOf(of schema.Ident, planID string) standIn {
	return standIn{of, fmt.Sprintf("phasemig %s: stands in for a table; undo: phasemig rollback %s", planID, planID)}
}

// create names every column: a view shows those that there were when it was made. The rights are those of whoever asks, as on the table.
func (v standIn) create(name string, t *schema.Table) string {
	var cols []string
	for _, c := range t.Columns {
		cols = append(cols, quote(v.mark)+"."+quote(c.Name))
	}
	return fmt.Sprintf("CREATE ALGORITHM = MERGE SQL SECURITY INVOKER VIEW %s AS SELECT %s FROM %s AS %s",
		quoteTable(schema.Ident{Schema: v.of.Schema, Name: name}), strings.Join(cols, ", "), quoteTable(v.of), quote(v.mark))
}

// shows is the view as the catalog has it.
func (v standIn) shows(name string) *schema.Table {
	return &schema.Table{Ident: schema.Ident{Schema: v.of.Schema, Name: name}, Kind: schema.View, Definition: quoteTable(v.of) + " " + quote(v.mark)}
}

// viewDefinition is what of a view's text tells it apart: of one that stands in for a table, what stands behind FROM.
func viewDefinition(text string) string {
	if i := strings.LastIndex(text, " from "); i >= 0 && runOf(text) != "" {
		return text[i+len(" from "):]
	}
	return text
}

// view reads what a view reads. An account that may not see it gets an empty text.
func (c *catalog) view() {
	for _, r := range c.query("SELECT view_definition FROM information_schema.views WHERE table_schema = ? AND table_name = ?", c.t.Schema, c.t.Name) {
		c.t.Definition, c.t.Comment = viewDefinition(r["view_definition"]), ""
	}
}

// renames are the names of a rename: both, and those of the views while the table has their name.
type renames struct {
	t               *schema.Table
	old, new        schema.Ident
	oldView, nuView schema.Ident
	ofOld, ofNew    standIn // views of what is called old, and new
}

// renameRecipe: both views are there before the switch, so that one RENAME TABLE moves the table and them at once.
func renameRecipe(f *plans.Facts, t *schema.Table, planID string, r *plans.Recipe) error {
	if err := unrenamed(t); err != nil {
		return err
	}
	beside := func(name string) schema.Ident { return schema.Ident{Schema: t.Schema, Name: name} }
	n := renames{t: t, old: t.Ident, new: r.To, ofOld: standInOf(t.Ident, planID), ofNew: standInOf(r.To, planID),
		oldView: beside(plans.ViewName(t.Name, nameLimit, false)), nuView: beside(plans.ViewName(r.To.Name, nameLimit, false))}
	r.Rename(r.To, []plans.Renaming{n.offer(), n.exchange(), n.hide(), n.drop()})
	r.Notes = append(r.Notes, n.notes()...)
	r.Mentioned(f, t)
	return nil
}

// unrenamed refuses what a view can't stand in for.
func unrenamed(t *schema.Table) error {
	no := func(reason, hint string) error {
		return &plans.RefusedError{What: "rename table " + t.Ident.String(), Reason: reason, Hint: hint}
	}
	if t.Partitioned {
		return no("it is partitioned, and by a view's name DELETE … PARTITION (p) is taken and deletes the rows of all partitions", "stop the application and RENAME TABLE by hand")
	}
	for _, c := range t.Columns {
		if c.Invisible {
			return no("column "+c.Name+" is invisible, and a view shows a column to everybody or to nobody", "ALTER TABLE … ALTER COLUMN "+c.Name+" SET VISIBLE first")
		}
	}
	for _, g := range t.Grants {
		return no("rights are given on the table by its name ("+g.Privilege+" on "+g.Column+" to "+g.Grantee+"), and stay with the name", "give them on the database instead")
	}
	return nil
}

func (n renames) table(name schema.Ident) *schema.Table { return plans.Named(n.t, name.Name) }

func renameAll(pairs ...schema.Ident) string {
	var out []string
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, quoteTable(pairs[i])+" TO "+quoteTable(pairs[i+1]))
	}
	return "RENAME TABLE " + strings.Join(out, ", ")
}

func dropView(id schema.Ident) string { return "DROP VIEW IF EXISTS " + quoteTable(id) }

// before is what stands there when expand is done, and after when the switch is.
func (n renames) before() plans.Scene {
	return plans.Scene{n.old.Name: n.table(n.old), n.new.Name: n.ofOld.shows(n.new.Name), n.oldView.Name: n.ofNew.shows(n.oldView.Name)}
}

func (n renames) after() plans.Scene {
	return plans.Scene{n.new.Name: n.table(n.new), n.old.Name: n.ofNew.shows(n.old.Name), n.nuView.Name: n.ofOld.shows(n.nuView.Name)}
}

func (n renames) offer() plans.Renaming {
	half := plans.Scene{n.old.Name: n.table(n.old), n.new.Name: n.ofOld.shows(n.new.Name)}
	return plans.Renaming{Phase: plans.Expand, Does: "offer " + n.old.Name + " as " + n.new.Name + ", too", Lock: plans.Lock{Level: "none"},
		There:  []string{n.ofOld.create(n.new.Name, n.t), n.ofNew.create(n.oldView.Name, n.t)},
		Back:   []string{dropView(n.oldView), dropView(n.new)},
		Before: plans.Scene{n.old.Name: n.table(n.old)}, After: []plans.Scene{half, n.before()},
		Because: "A view takes reads and writes as the table does; the second one waits under a name of its own to take the old one's place."}
}

func (n renames) exchange() plans.Renaming {
	return plans.Renaming{Phase: plans.Switch, Does: "exchange the names " + n.old.Name + " and " + n.new.Name, Lock: brief("metadata, exclusive"),
		There:  []string{renameAll(n.new, n.nuView, n.old, n.new, n.oldView, n.old)},
		Back:   []string{renameAll(n.old, n.oldView, n.new, n.old, n.nuView, n.new)},
		Before: n.before(), After: []plans.Scene{n.after()},
		Because: "Table and views change names in one statement: whoever waits for it finds both names, and rows are never in two places."}
}

// hide leaves the table out of what it looks at, which may have changed since: only views are moved.
func (n renames) hide() plans.Renaming {
	before := n.after()
	delete(before, n.new.Name)
	return plans.Renaming{Phase: plans.Contract, Does: "take the name " + n.old.Name + " away", Lock: brief("metadata, exclusive"),
		There: []string{renameAll(n.old, n.oldView)}, Back: []string{renameAll(n.oldView, n.old)}, Before: before, After: []plans.Scene{n.hidden()},
		Because: "Whoever still uses the old name fails now, while the way back is a rename of a view."}
}

func (n renames) hidden() plans.Scene {
	return plans.Scene{n.oldView.Name: n.ofNew.shows(n.oldView.Name), n.nuView.Name: n.ofOld.shows(n.nuView.Name)}
}

func (n renames) drop() plans.Renaming {
	half := n.hidden()
	delete(half, n.nuView.Name)
	return plans.Renaming{Phase: plans.Contract, Does: "drop the views", Lock: brief("metadata, exclusive"),
		There: []string{dropView(n.nuView), dropView(n.oldView)}, Before: n.hidden(), After: []plans.Scene{half, {}},
		Because: "The end of the way back; no row goes, the table has them all.", Stays: "the views are gone; RENAME TABLE gives the table its old name again, and a view can stand in for the other"}
}

func (n renames) notes() []string {
	at := n.old.String()
	return []string{
		fmt.Sprintf("%s: what a view doesn't take: TRUNCATE, ALTER TABLE, CREATE INDEX, ANALYZE, USE/FORCE INDEX with an index's name (1176), a foreign key that points at it, and on some servers INSERT … () VALUES (). Until the switch that is the name %s, from then on %s.", at, n.new.Name, n.old.Name),
		fmt.Sprintf("%s: names that the server made up from the table's (foreign keys %s_ibfk_…, on some servers checks) become those of %s with the switch.", at, n.old.Name, n.new.Name),
		fmt.Sprintf("%s: rights that were given on this one table stay with the name: accounts need those on %s, too, and those that have rights on the database have them.", at, n.new.Name),
	}
}

// mentions finds what names a table in a text: views of any database, and routines, events and other tables' triggers of its own.
func (s *server) mentions(ctx context.Context, t *schema.Table) ([]plans.Mention, error) {
	var out []plans.Mention
	for _, d := range t.Dependents {
		if d.Kind == schema.View {
			out = append(out, plans.Mention{Table: t.Ident, Kind: d.Kind, Name: d.Name})
		}
	}
	list, err := records(ctx, s.db, `SELECT LOWER(routine_type) AS kind, routine_name AS name, routine_definition AS text FROM information_schema.routines WHERE routine_schema = ?
		UNION ALL SELECT 'event', event_name, event_definition FROM information_schema.events WHERE event_schema = ?
		UNION ALL SELECT 'trigger', trigger_name, action_statement FROM information_schema.triggers WHERE trigger_schema = ? AND event_object_table <> ?`, t.Schema, t.Schema, t.Schema, t.Name)
	if err != nil {
		return nil, fmt.Errorf("look for what names table %s: %w", t.Ident, err)
	}
	for _, r := range list {
		for _, k := range tokens(r["text"]) {
			if named(k, t.Name) {
				out = append(out, plans.Mention{Table: t.Ident, Kind: r["kind"], Name: r["name"]})
				break
			}
		}
	}
	return out, nil
}
