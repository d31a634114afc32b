package migration

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Difference writes the statements by which a table gets another shape, in the server's words. Those of loose take away what
// something else could wait for, and are planned before the rest of any table. It refuses what no statement can do (*plans.RefusedError).
type Difference func(live, want *schema.Table) (loose, rest []string, err error)

// Wanted is a desired schema beside the database.
type Wanted struct {
	Path       string // of the file
	Want, Live []schema.Table
	Others     []string // names of tables that only the database has
	Statements []*Statement
	Keep       []*Intent // comments that no statement follows
	MayDrop    bool
	Rename     func(table schema.Ident, from, to string) string // writes the rename of a column
	Renamed    func(table, to string) string                    // writes the rename of a table
	Drop       func(table string) string                        // writes the drop of a table
}

// SQL is the difference as statements; none when there is none. More: what is left is compared when they are done. A column that is gone
// beside one that is new is never taken for a rename, nor for a drop, by itself.
func (w *Wanted) SQL(d Difference) (sql []string, more bool, err error) {
	hints, kept, err := w.hints()
	if err != nil {
		return nil, false, err
	}
	for _, h := range hints {
		if err := w.meant(h); err != nil {
			return nil, false, err
		}
	}
	if renames := w.tables(hints); len(renames) > 0 { // their columns are compared when they have their names
		return renames, true, nil
	}
	if err := w.guess(kept); err != nil {
		return nil, false, err
	}
	if create, err := w.missing(); err != nil || len(create) > 0 { // all that points at them is compared when they are there
		return create, true, err
	}
	drops, err := w.drops(kept)
	if err != nil {
		return nil, false, err
	}
	var first, then []string
	for _, want := range referencedFirst(w.Want) {
		n := slices.IndexFunc(w.Live, func(t schema.Table) bool { return t.Name == want.Name })
		renames, err := w.columns(&w.Live[n], want, hints)
		if err != nil {
			return nil, false, err
		}
		if len(renames) > 0 { // what names the columns is compared when they have their names
			then, more = append(then, renames...), true
			continue
		}
		loose, rest, err := d(&w.Live[n], want)
		if err != nil {
			return nil, false, err
		}
		first, then = append(first, loose...), append(then, rest...)
	}
	switch {
	case len(first) > 0:
		return first, len(then)+len(drops) > 0, nil
	case len(then) == 0:
		return drops, more, nil
	}
	return then, more || len(drops) > 0, nil
}

// referencedFirst orders tables so that what a new foreign key points at is made before it.
func referencedFirst(list []schema.Table) []*schema.Table {
	var out []*schema.Table
	seen := map[string]bool{}
	var visit func(t *schema.Table)
	visit = func(t *schema.Table) {
		if seen[t.Name] {
			return
		}
		seen[t.Name] = true
		for _, c := range t.Constraints {
			n := slices.IndexFunc(list, func(o schema.Table) bool { return o.Ident == c.Ref })
			if c.Kind == schema.ForeignKey && !c.Incoming && n >= 0 {
				visit(&list[n])
			}
		}
		out = append(out, t)
	}
	for i := range list {
		visit(&list[i])
	}
	return out
}

// hint is a rename that the file tells of. It may be done already. Without a table, it is one of a table.
type hint struct {
	*Intent
	table, from, to string
}

// hints are the renames, and the tables that the file isn't about.
func (w *Wanted) hints() (renames []hint, kept []string, err error) {
	list := slices.Clone(w.Keep)
	for _, s := range w.Statements {
		for _, n := range s.Intents {
			if n.Word != Rename {
				list = append(list, n)
				continue
			}
			h, err := w.hint(s, n)
			if err != nil {
				return nil, nil, err
			}
			renames = append(renames, h)
		}
	}
	for _, n := range list {
		if n.Word != Keep {
			return nil, nil, n.wrong("the word has no use in a desired schema", "rename and keep have; --allow-drop is for columns that the file doesn't have")
		}
		kept = append(kept, strings.FieldsFunc(n.Text, func(r rune) bool { return r == ' ' || r == ',' })...)
	}
	return renames, kept, nil
}

// hint reads a rename at a statement: of a table where the new name is one and the statement's table has no such column.
func (w *Wanted) hint(s *Statement, n *Intent) (hint, error) {
	table, from, to := n.rename()
	if table = schema.ParseIdent(table).Name; table != "" {
		return hint{n, table, from, to}, nil
	}
	table = made(s)
	if at := w.index(table); w.index(to) >= 0 && (at < 0 || !has(&w.Want[at], to)) {
		return hint{n, "", from, to}, nil
	}
	if table == "" {
		return hint{}, n.wrong("it isn't said of which table", "-- phasemig:rename table.old -> new, or -- phasemig:rename old_table -> new_table")
	}
	return hint{n, table, from, to}, nil
}

// index is where the file's tables have one of this name; -1 where they don't.
func (w *Wanted) index(table string) int {
	return slices.IndexFunc(w.Want, func(t schema.Table) bool { return strings.EqualFold(t.Name, table) })
}

func has(t *schema.Table, column string) bool {
	_, ok := t.Column(column)
	return ok
}

// tables are the renames of tables that aren't done yet.
func (w *Wanted) tables(hints []hint) []string {
	var out []string
	for _, h := range hints {
		if h.table == "" && !w.lives(h.to) && slices.Contains(w.Others, h.from) {
			out = append(out, w.Renamed(h.from, h.to))
		}
	}
	return out
}

func (w *Wanted) lives(table string) bool {
	return slices.ContainsFunc(w.Live, func(t schema.Table) bool { return t.Name == table })
}

// guess refuses to: a table that is gone beside one that is new may be the same.
func (w *Wanted) guess(kept []string) error {
	gone := slices.IndexFunc(w.Others, func(n string) bool { return !OfTool(n) && !slices.Contains(kept, n) })
	come := slices.IndexFunc(w.Want, func(t schema.Table) bool { return !w.lives(t.Name) })
	if gone < 0 || come < 0 || w.MayDrop {
		return nil
	}
	from, to := w.Others[gone], w.Want[come].Name
	return &plans.RefusedError{What: w.Path, Reason: fmt.Sprintf("table %s of the database is gone and table %s is new: a rename, or a drop and a create?", from, to),
		Hint: fmt.Sprintf("-- phasemig:rename %s -> %s before the CREATE TABLE, -- phasemig:keep %s, or --allow-drop", from, to, from)}
}

// meant refuses a rename of what the file doesn't have.
func (w *Wanted) meant(h hint) error {
	if h.table == "" {
		return nil
	}
	n := w.index(h.table)
	if n < 0 {
		return h.wrong("the file has no table "+h.table, "-- phasemig:rename table.old -> new")
	}
	if _, ok := w.Want[n].Column(h.to); !ok {
		return h.wrong(fmt.Sprintf("table %s of the file has no column %s", h.table, h.to), "the names are written as in the database, without quotes")
	}
	return nil
}

// made is the table that a statement creates; "" for any other one. Names are told apart by their letters alone here.
func made(s *Statement) string {
	t := NewText(s.Text, lint.Syntax{Backtick: strings.Contains(s.Text, "`")})
	i := t.Find(0, min(len(t.Tokens), 4), "TABLE")
	if !t.At(0, "CREATE") || i < 0 {
		return ""
	}
	name, _, i := t.Name(t.Skip(i+1, "IF", "NOT", "EXISTS"))
	if t.At(i, ".") {
		name, _, _ = t.Name(i + 1)
	}
	return name
}

// missing are the statements of the file that create what the database doesn't have, in the file's order.
func (w *Wanted) missing() ([]string, error) {
	var at []int
	for _, t := range w.Want {
		if w.lives(t.Name) {
			continue
		}
		n := slices.IndexFunc(w.Statements, func(s *Statement) bool { return strings.EqualFold(made(s), t.Name) })
		if n < 0 {
			return nil, &plans.RefusedError{What: w.Path, Reason: "the database doesn't have table " + t.Name + ", and no CREATE TABLE of the file is known to be its own", Hint: "create it by the migration tool, then plan again"}
		}
		at = append(at, n)
	}
	slices.Sort(at)
	var out []string
	for _, n := range at {
		out = append(out, w.Statements[n].Text)
	}
	return out, nil
}

// drops takes away tables that only the database has, if that is meant.
func (w *Wanted) drops(kept []string) ([]string, error) {
	var more, out []string
	for _, n := range w.Others {
		if !OfTool(n) && !slices.Contains(kept, n) {
			more, out = append(more, n), append(out, w.Drop(n))
		}
	}
	if len(more) > 0 && !w.MayDrop {
		return nil, &plans.InputError{What: w.Path, Reason: "it doesn't have table " + strings.Join(more, ", ") + " of the database: it would be dropped with all that it holds, and nobody has said that this is meant",
			Hint: "-- phasemig:keep " + strings.Join(more, " ") + " in the file leaves it alone; --allow-drop"}
	}
	return out, nil
}

// columns are the renames that a comment asks for and that aren't done yet. It refuses to guess.
func (w *Wanted) columns(live, want *schema.Table, hints []hint) ([]string, error) {
	gone, come := onlyIn(live, want), onlyIn(want, live)
	var renames []string
	for _, h := range hints {
		if strings.EqualFold(h.table, want.Name) && slices.Contains(gone, h.from) && slices.Contains(come, h.to) {
			renames = append(renames, w.Rename(live.Ident, h.from, h.to))
			gone = slices.DeleteFunc(gone, func(n string) bool { return n == h.from })
			come = slices.DeleteFunc(come, func(n string) bool { return n == h.to })
		}
	}
	if len(gone) == 0 || w.MayDrop {
		return renames, nil
	}
	if len(come) > 0 {
		return nil, &plans.RefusedError{What: "table " + live.Name, Reason: fmt.Sprintf("column %s is gone and column %s is new: a rename, or a drop and an add?", gone[0], come[0]),
			Hint: fmt.Sprintf("-- phasemig:rename %s.%s -> %s in the file, or --allow-drop", live.Name, gone[0], come[0])}
	}
	return nil, &plans.InputError{What: "table " + live.Name, Reason: fmt.Sprintf("column %s isn't in the file: it would be dropped with all that it holds, and nobody has said that this is meant", strings.Join(gone, ", ")), Hint: "--allow-drop"}
}

func onlyIn(a, b *schema.Table) []string {
	var out []string
	for _, c := range a.Columns {
		if _, ok := b.Column(c.Name); !ok {
			out = append(out, c.Name)
		}
	}
	return out
}
