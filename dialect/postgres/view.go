package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// A view names the columns that it reads by their numbers, so it would follow the old column out of sight, and keep it from being
// dropped. So those that are there in the moment in which names change are made anew on the new one, in the same transaction, from their own
// text. It is read under the table's lock: nobody can make another view on it by then, and what somebody granted a minute ago is not lost.

// moves says which views go from one column to another while a step changes names. The text of a view is read
// before the step's statements and runs after them, while the column that it is to read has the name from the text.
type moves struct {
	table   schema.Ident
	columns []string // as the views name what they read
	// stop: what they show would have to be computed, so there must be none.
	stop bool
	// anew: the type changes, which no view outlives: they are dropped and made again, with all those that read them. Else they are
	// replaced, and keep what belongs to them.
	anew bool
	// before and after give the column, for the moment, the name in the text.
	before, after []string
	// noted is a column whose comment notes the views that were replaced. The way back (onlyNoted) takes only those: whoever
	// has made one on the new column since meant that one.
	noted     string
	onlyNoted bool
}

// carriesViews: one column takes the place of one, and holds what it held.
func carriesViews(s *plans.Sync) bool {
	if s.Move != nil {
		return false
	}
	return s.Swap || len(s.Old) == 1 && len(s.New) == 1 && s.Old[0].Plain != "" && s.New[0].Plain != ""
}

// movesOf is what a step moves; nil if it is none that changes names.
func movesOf(s *plans.Sync, kind plans.StepKind, back bool) *moves {
	o, n := s.Old[0], s.New[0]
	m := &moves{table: s.Table, columns: mapping{s: s}.olds()}
	switch {
	case kind == plans.Swap:
		m.anew = s.Operation == "change_type"
	case kind == plans.Hide && !carriesViews(s):
		m.stop = !back
	case kind == plans.Hide && !back:
		m.noted = o.Hidden
		m.before, m.after = []string{m.rename(n.Name, o.Name)}, []string{m.rename(o.Name, n.Name)}
	case kind == plans.Hide:
		m.backTo(o.Hidden, o.Name, n.Name)
	}
	if kind != plans.Swap && kind != plans.Hide || back && !carriesViews(s) {
		return nil
	}
	return m
}

func (m *moves) rename(from, to string) string {
	return fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %s TO %s", relation(m.table), Quote(from), Quote(to))
}

// backTo has the views that are noted on a hidden column read it again under its own name, in place of the new one.
func (m *moves) backTo(hidden, name, now string) {
	aside := plans.CutName("_pm_aside_"+now, 63, true)
	m.columns, m.noted, m.onlyNoted = []string{now}, hidden, true
	m.before = []string{m.rename(now, aside), m.rename(name, now)}
	m.after = []string{m.rename(now, name), m.rename(aside, now)}
}

// changing runs a step's statements in one transaction, with the views that go along.
func (e *executor) changing(ctx context.Context, m *moves, list []string) error {
	if m == nil {
		return e.transaction(ctx, list)
	}
	return e.together(ctx, func(w *whole) error {
		v := &viewMover{ctx: ctx, w: w, m: m}
		if err := v.lock(); err != nil {
			return err
		}
		return v.carry(list)
	})
}

// carry runs statements that give names to other columns, and takes the views along. They must be locked.
func (v *viewMover) carry(list []string) error {
	if err := v.read(); err != nil {
		return err
	}
	if err := v.w.run(v.ctx, append(v.drops(), list...)); err != nil || len(v.list) == 0 {
		return err
	}
	if err := v.w.run(v.ctx, slices.Concat([]string{asWritten}, v.m.before, v.creates(), v.m.after)); err != nil {
		return err
	}
	return v.noteDown()
}

// viewMover moves the views of one step.
type viewMover struct {
	ctx  context.Context
	w    *whole
	m    *moves
	list []view // who reads another stands before it
	// belongs is what gives those that are made anew all that the dropped ones had.
	belongs []string
}

type view struct {
	oid                  string
	id                   schema.Ident
	owner, text, options string
}

// notedViews begins the line of a comment that notes views by their numbers, which stay when a view is replaced.
const notedViews = "phasemig views: "

// lock takes the views before the table, the outermost first, as every statement does that names one: see viewLocks.
func (v *viewMover) lock() error {
	list, err := v.found()
	if err != nil {
		return err
	}
	var locks []string
	for _, x := range list {
		locks = append(locks, fmt.Sprintf("ALTER VIEW %s OWNER TO %s", relation(x.id), Quote(x.owner)))
	}
	return v.w.run(v.ctx, append(locks, "LOCK TABLE "+relation(v.m.table)+" IN ACCESS EXCLUSIVE MODE"))
}

// viewsSQL finds the views that read columns of a table and, where that is asked for, those that read them, and so on.
const viewsSQL = `WITH RECURSIVE v (oid, level) AS (
		SELECT w.ev_class, 1 FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid AND w.ev_type = '1' JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
			WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($1)::oid AND a.attname = ANY ($2::text[])
		UNION SELECT w.ev_class, v.level + 1 FROM v JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = v.oid
			JOIN pg_rewrite w ON w.oid = d.objid AND w.ev_type = '1' AND w.ev_class <> v.oid WHERE $3)
	SELECT c.oid::text, n.nspname, c.relname, pg_get_userbyid(c.relowner), pg_get_viewdef(c.oid), coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')
	FROM (SELECT oid, max(level) AS level FROM v GROUP BY oid) AS v JOIN pg_class c ON c.oid = v.oid JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY v.level DESC, 2, 3`

// viewsOver lists views, those that read others first. What a sync reads through itself follows every name.
func viewsOver(ctx context.Context, q queryer, table schema.Ident, columns []string, all bool) ([]view, error) {
	list, err := textRows(ctx, q, 6, viewsSQL, relation(table), columns, all)
	if err != nil {
		return nil, fmt.Errorf("read the views of %s: %w", table, classify(err))
	}
	var out []view
	for _, r := range list {
		if r[1] == stateSchema {
			continue
		}
		out = append(out, view{r[0], schema.Ident{Schema: r[1], Name: r[2]}, r[3], r[4], r[5]})
	}
	return out, nil
}

// found lists the views that are to move, and refuses what can't be made again.
func (v *viewMover) found() ([]view, error) {
	list, err := viewsOver(v.ctx, v.w.tx, v.m.table, v.m.columns, v.m.anew)
	if err != nil {
		return nil, err
	}
	if v.m.onlyNoted {
		note, err := noteOf(v.ctx, v.w.tx, v.m.table, v.m.noted)
		if err != nil {
			return nil, err
		}
		_, noted, _ := strings.Cut(note, notedViews)
		list = slices.DeleteFunc(list, func(x view) bool { return !slices.Contains(strings.Fields(noted), x.oid) })
	}
	against, err := v.m.against(v.ctx, v.w.tx, list)
	if err == nil && len(against) > 0 {
		for i := range against {
			against[i] = "+ " + against[i]
		}
		err = &plans.DriftError{What: fmt.Sprintf("what reads %s of %s can't be made anew", strings.Join(v.m.columns, ", "), v.m.table), Diff: against}
	}
	return list, err
}

// against names what keeps views from moving.
func (m *moves) against(ctx context.Context, q queryer, list []view) (out []string, err error) {
	if !m.stop {
		return againstViews(ctx, q, m, list)
	}
	for _, x := range list {
		out = append(out, fmt.Sprintf("view %s reads it: %s", x.id, notComputed))
	}
	return out, nil
}

// noteOf reads the comment of a column.
func noteOf(ctx context.Context, q queryer, id schema.Ident, column string) (string, error) {
	list, err := textRows(ctx, q, 1, `SELECT coalesce(col_description(a.attrelid, a.attnum), '') FROM pg_attribute a WHERE a.attrelid = to_regclass($1)::oid AND a.attname = $2`, relation(id), column)
	if err != nil {
		return "", fmt.Errorf("read the comment of %s.%s: %w", id, column, classify(err))
	}
	if len(list) == 0 {
		return "", nil
	}
	return list[0][0], nil
}

// asWritten are the settings under which constants are read as they were written: both the server's text and its reading depend on
// them.
const asWritten = "SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = postgres; SET LOCAL extra_float_digits = 3; SET LOCAL standard_conforming_strings = on; SET LOCAL transform_null_equals = off"

// read reads under the lock what the views are. The step's own statements run under the settings of before.
func (v *viewMover) read() error {
	err := v.w.run(v.ctx, []string{"SAVEPOINT reading", asWritten})
	if err == nil {
		v.list, err = v.found()
	}
	if err == nil && v.m.anew {
		v.belongs, err = belongings(v.ctx, v.w.tx, v.list)
	}
	if err != nil {
		return err
	}
	return v.w.run(v.ctx, []string{"ROLLBACK TO SAVEPOINT reading"})
}

func (v *viewMover) drops() []string {
	var out []string
	for _, x := range v.list {
		if v.m.anew {
			out = append(out, "DROP VIEW "+relation(x.id))
		}
	}
	return out
}

// creates makes the innermost view first, and then all that belongs to them: a rule may name any of them.
func (v *viewMover) creates() []string {
	verb := "CREATE OR REPLACE VIEW "
	if v.m.anew {
		verb = "CREATE VIEW "
	}
	var out []string
	for _, x := range slices.Backward(v.list) {
		out = append(out, verb+relation(x.id)+x.options+" AS "+x.text)
	}
	return append(out, v.belongs...)
}

// noteDown writes into the column's comment which views have moved.
func (v *viewMover) noteDown() error {
	if v.m.noted == "" || v.m.onlyNoted {
		return nil
	}
	note, err := noteOf(v.ctx, v.w.tx, v.m.table, v.m.noted)
	if err != nil {
		return err
	}
	var oids []string
	for _, x := range v.list {
		oids = append(oids, x.oid)
	}
	return v.w.run(v.ctx, []string{fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s", relation(v.m.table), Quote(v.m.noted), literal(note+"\n"+notedViews+strings.Join(oids, " ")))})
}
