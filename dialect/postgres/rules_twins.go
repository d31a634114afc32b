package postgres

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Twins lists what the old column carries, for the new one. For a split or a merge it is the
// planner's statistics alone: an index or a promise about the whole says nothing about a part.
func (Rules) Twins(f *plans.Facts, t *schema.Table, s *plans.Sync) ([]plans.Twin, error) {
	var out []plans.Twin
	if s.Move != nil {
		return []plans.Twin{{Kind: plans.TwinStatistics, Columns: mapping{s: s}.news()}}, nil
	}
	if !s.Reshapes() {
		n := namer{t: t, s: s}
		out = slices.Concat(n.notNull(f.Server.Can.NotValidNotNull), n.checks(), n.indexes(false), n.indexes(true), n.foreignKeys(), n.grants(), n.statistics())
	}
	var news []string
	for _, n := range s.New {
		news = append(news, n.Name)
	}
	out = append(out, plans.Twin{Kind: plans.TwinStatistics, Columns: news})
	if s.New[0].Comment != "" {
		out = append(out, plans.Twin{Kind: plans.TwinComment, Columns: news})
	}
	return out, nil
}

// namer makes twins and keeps their names apart.
type namer struct {
	t     *schema.Table
	s     *plans.Sync
	taken []string
}

func (n *namer) names() map[string]string {
	return map[string]string{n.s.Old[0].Name: n.s.New[0].Name}
}

// twin completes names and columns. A renamed column's twin is called as if the
// column had always had the name, where the original's name tells the column's and that is
// free; every other one takes the original's name in the end.
func (n *namer) twin(w plans.Twin) plans.Twin {
	old, nu := n.s.Old[0].Name, n.s.New[0].Name
	w.Columns = []string{nu}
	name := plans.CutName(strings.ReplaceAll(w.Of, old, nu), 63, true)
	natural := !n.s.Swap && strings.Contains(w.Of, old) && !n.used(name)
	if !natural {
		name = plans.CutName(w.Of+"_pm", 63, true)
	}
	n.taken = append(n.taken, name)
	w.Name, w.Final = name, name
	if !natural {
		w.Final = w.Of
	}
	return w
}

func (n *namer) used(name string) bool {
	_, index := n.t.Index(name)
	_, constraint := n.t.Constraint(name)
	return index || constraint || slices.Contains(n.taken, name)
}

func (n *namer) covers(names []string) bool { return slices.Contains(names, n.s.Old[0].Name) }

// notNull is a constraint of its own where the server has them NOT VALID, by the
// name that the server would give it. Else it is proven by a validated CHECK of the
// twin's name, which SET NOT NULL then takes for its scan.
func (n *namer) notNull(native bool) []plans.Twin {
	if !n.s.New[0].NotNull {
		return nil
	}
	w := plans.Twin{Kind: plans.TwinNotNull, Name: plans.CutName("_pm_not_null_"+n.s.Old[0].Name, 63, true), Columns: []string{n.s.New[0].Name}}
	if native {
		final := n.s.New[0].Name
		if n.s.Swap {
			final = n.s.Old[0].Name
		}
		w.Final = plans.CutName(n.t.Name+"_"+final+"_not_null", 63, true)
	}
	return []plans.Twin{w}
}

func (n *namer) checks() []plans.Twin {
	var out []plans.Twin
	for _, c := range n.t.Constraints {
		if c.Kind == schema.Check && n.covers(c.Columns) {
			out = append(out, n.twin(plans.Twin{Kind: plans.TwinCheck, Of: c.Name, Definition: renamed(c.Definition, n.names())}))
		}
	}
	return out
}

// foreignKeys renames the referencing side alone: the referenced table may have a
// column of the same name.
func (n *namer) foreignKeys() []plans.Twin {
	var out []plans.Twin
	for _, c := range n.t.Constraints {
		if c.Kind == schema.ForeignKey && !c.Incoming && n.covers(c.Columns) {
			here, there := cutAt(c.Definition, "REFERENCES")
			out = append(out, n.twin(plans.Twin{Kind: plans.TwinForeignKey, Of: c.Name, Definition: renamed(here, n.names()) + there}))
		}
	}
	return out
}

// indexes makes those that are only indexes, or those that keep values unique.
func (n *namer) indexes(unique bool) []plans.Twin {
	var out []plans.Twin
	for _, x := range n.t.Indexes {
		if x.Unique != unique || x.Primary || x.Invalid || !n.covers(uses(x)) {
			continue
		}
		kind := plans.TwinIndex
		if unique {
			kind = plans.TwinUnique
		}
		_, rest := cutAt(x.Definition, "USING")
		out = append(out, n.twin(plans.Twin{Kind: kind, Of: x.Name, Definition: renamed(rest, n.names())}))
	}
	return out
}

func (n *namer) grants() []plans.Twin {
	for _, g := range n.t.Grants {
		if g.Column == n.s.Old[0].Name {
			return []plans.Twin{{Kind: plans.TwinGrants, Columns: []string{n.s.New[0].Name}}}
		}
	}
	return nil
}

func (n *namer) statistics() []plans.Twin {
	var out []plans.Twin
	for _, x := range n.t.Statistics {
		if n.covers(x.Uses) {
			kinds, rest := cutAt(x.Definition, "ON")
			here, there := cutAt(rest, "FROM")
			_, kinds = cutAt(kinds, "(")
			out = append(out, n.twin(plans.Twin{Kind: plans.TwinStatistics, Of: x.Name, Definition: kinds + renamed(here, n.names()) + there}))
		}
	}
	return out
}

// cutAt cuts SQL before the first token of this spelling, which is no part of a
// name or a string.
func cutAt(sql, text string) (before, from string) {
	n := 0
	for _, t := range tokens(sql) {
		if t.text == text {
			return sql[:n], sql[n:]
		}
		n += len(t.text)
	}
	return sql, ""
}

// renderTwin fills the step that builds a twin. Grants and comments come with the
// column itself: there is no moment without them.
func (r *render) twin() (bool, error) {
	w := r.st.Twin
	r.st.Scans, r.st.Mode, r.st.Lock = true, plans.Each, shareUpdate
	switch w.Kind {
	case plans.TwinNotNull:
		r.notNull(w)
	case plans.TwinCheck, plans.TwinForeignKey:
		r.constraint(w)
	case plans.TwinIndex, plans.TwinUnique:
		r.index(w)
	case plans.TwinStatistics:
		r.statistics(w)
	default:
		return false, nil
	}
	return true, nil
}

func (r *render) notNull(w *plans.Twin) {
	col := Quote(w.Columns[0])
	r.st.Undo = []string{r.alter("ALTER COLUMN %s DROP NOT NULL", col)}
	r.st.Lock = accessExclusive
	if w.Final != "" {
		r.st.SQL = []string{r.alter("ADD CONSTRAINT %s NOT NULL %s NOT VALID", Quote(w.Name), col), r.alter("VALIDATE CONSTRAINT %s", Quote(w.Name))}
		r.st.Because = "The new column becomes NOT NULL without a scan under a lock: the constraint is added NOT VALID and validated while writes go on."
		return
	}
	r.st.SQL = []string{
		r.alter("ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID", Quote(w.Name), col),
		r.alter("VALIDATE CONSTRAINT %s", Quote(w.Name)),
		r.alter("ALTER COLUMN %s SET NOT NULL", col),
		r.alter("DROP CONSTRAINT %s", Quote(w.Name)),
	}
	r.st.Undo = append(r.st.Undo, r.alter("DROP CONSTRAINT IF EXISTS %s", Quote(w.Name)))
	r.st.Because = "The new column becomes NOT NULL without a scan under a lock: a CHECK is added NOT VALID, validated while writes go on, and proves SET NOT NULL."
}

func (r *render) constraint(w *plans.Twin) {
	def, valid := strings.CutSuffix(w.Definition, " NOT VALID")
	valid = !valid
	enforced := !strings.HasSuffix(def, " NOT ENFORCED")
	r.st.SQL = []string{r.alter("ADD CONSTRAINT %s %s", Quote(w.Name), def+map[bool]string{true: " NOT VALID"}[enforced])}
	if valid && enforced {
		r.st.SQL = append(r.st.SQL, r.alter("VALIDATE CONSTRAINT %s", Quote(w.Name)))
	}
	r.st.SQL = append(r.st.SQL, fmt.Sprintf("COMMENT ON CONSTRAINT %s ON %s IS %s", Quote(w.Name), r.rel(), r.mark("twin of "+w.Of)))
	r.st.Undo = []string{r.alter("DROP CONSTRAINT IF EXISTS %s", Quote(w.Name))}
	r.st.Lock = accessExclusive
	r.st.Because = fmt.Sprintf("%s of the old column holds for the new one too: added NOT VALID, which looks at no row, and validated while writes go on.", w.Of)
	if w.Kind == plans.TwinForeignKey {
		r.st.Lock = shareRow
	}
}

func (r *render) index(w *plans.Twin) {
	def, deferrable, _ := strings.Cut(w.Definition, "\n")
	orig, _ := r.t.Index(w.Of)
	unique := ""
	if w.Kind == plans.TwinUnique {
		unique = "UNIQUE "
	}
	name := inSchemaOf(r.s.Table, w.Name)
	r.st.SQL = []string{fmt.Sprintf("CREATE %sINDEX CONCURRENTLY %s ON %s %s", unique, Quote(w.Name), r.rel(), def)}
	r.st.Undo = []string{"DROP INDEX CONCURRENTLY IF EXISTS " + name}
	if orig.Constraint {
		r.st.SQL = append(r.st.SQL, strings.TrimSpace(r.alter("ADD CONSTRAINT %s UNIQUE USING INDEX %s", Quote(w.Name), Quote(w.Name))+" "+deferrable))
		r.st.Undo = slices.Insert(r.st.Undo, 0, r.alter("DROP CONSTRAINT IF EXISTS %s", Quote(w.Name)))
	}
	r.st.SQL = append(r.st.SQL, fmt.Sprintf("COMMENT ON INDEX %s IS %s", name, r.mark("twin of "+w.Of)))
	r.st.Because = fmt.Sprintf("Queries that move to the new column need %s there; built CONCURRENTLY, writes go on, and an index left invalid by a failure is dropped and built again.", w.Of)
	if unique != "" {
		r.st.Because += " While both exist an INSERT … ON CONFLICT that races with another on the same value can meet a unique violation of the twin."
	}
}

func (r *render) statistics(w *plans.Twin) {
	r.st.Scans = false
	var cols []string
	for _, c := range w.Columns {
		cols = append(cols, Quote(c))
	}
	if w.Of != "" {
		name := inSchemaOf(r.s.Table, w.Name)
		r.st.SQL = []string{fmt.Sprintf("CREATE STATISTICS %s %s", name, w.Definition), fmt.Sprintf("COMMENT ON STATISTICS %s IS %s", name, r.mark("twin of "+w.Of))}
		r.st.Undo = []string{"DROP STATISTICS IF EXISTS " + name}
		r.st.Because = "The planner knows about the new column what " + w.Of + " tells about the old one."
	} else {
		r.st.Because = "Without numbers about the new column the planner guesses, and the first queries that move to it get bad plans."
		old, _ := r.t.Column(r.s.Old[0].Name)
		if old.Statistics != nil && !r.s.Reshapes() {
			r.st.SQL = append(r.st.SQL, r.alter("ALTER COLUMN %s SET STATISTICS %d", cols[0], *old.Statistics))
		}
	}
	r.st.SQL = append(r.st.SQL, fmt.Sprintf("ANALYZE %s (%s)", r.rel(), strings.Join(cols, ", ")))
	if w.Of != "" {
		return
	}
	for _, n := range r.s.New {
		what := "new side of " + r.s.Old[0].Name
		r.st.SQL = append(r.st.SQL, r.commentColumn(n.Name, r.marked(n.Comment, what+analyzedMark)))
		r.st.Undo = append(r.st.Undo, r.commentColumn(n.Name, r.marked(n.Comment, what)))
	}
}

// analyzedMark in a column's comment says that the planner has numbers about it.
const analyzedMark = ", analyzed"

// originals are the comments that twins have in the end: those of what they
// replace, in place of our mark.
func (r *render) originals() []string {
	var out []string
	for _, w := range r.s.Twins {
		name := cmp.Or(w.Final, w.Name)
		switch w.Kind {
		case plans.TwinIndex, plans.TwinUnique:
			x, _ := r.t.Index(w.Of)
			out = append(out, fmt.Sprintf("COMMENT ON INDEX %s IS %s", inSchemaOf(r.s.Table, name), comment(x.Comment)))
		case plans.TwinCheck, plans.TwinForeignKey:
			c, _ := r.t.Constraint(w.Of)
			out = append(out, fmt.Sprintf("COMMENT ON CONSTRAINT %s ON %s IS %s", Quote(name), r.rel(), comment(c.Comment)))
		case plans.TwinStatistics:
			if w.Of != "" {
				out = append(out, fmt.Sprintf("COMMENT ON STATISTICS %s IS NULL", inSchemaOf(r.s.Table, name)))
			}
		}
	}
	return out
}

// exchange swaps the names of twins and originals: code names constraints (ON
// CONFLICT ON CONSTRAINT) and must meet the one on the column that it names.
func (r *render) exchange() []string {
	var out []string
	for _, w := range r.s.Twins {
		if w.Of == "" || w.Name == w.Of {
			continue
		}
		tmp := plans.CutName("_pm_exchange_"+w.Of, 63, true)
		for _, p := range [][2]string{{w.Of, tmp}, {w.Name, w.Of}, {tmp, w.Name}} {
			out = append(out, r.renameTwin(w, p[0], p[1]))
		}
	}
	return out
}

// adopt gives twins the names of originals that are gone.
func (r *render) adopt() []string {
	var out []string
	for _, w := range r.s.Twins {
		if w.Final == "" || w.Final == w.Name {
			continue
		}
		if !r.s.Swap || w.Kind == plans.TwinNotNull {
			out = append(out, r.renameTwin(w, w.Name, w.Final))
		}
	}
	return out
}

func (r *render) renameTwin(w plans.Twin, from, to string) string {
	x, isIndex := r.t.Index(w.Of)
	switch {
	case w.Kind == plans.TwinStatistics:
		return fmt.Sprintf("ALTER STATISTICS %s RENAME TO %s", inSchemaOf(r.s.Table, from), Quote(to))
	case isIndex && !x.Constraint:
		return fmt.Sprintf("ALTER INDEX %s RENAME TO %s", inSchemaOf(r.s.Table, from), Quote(to))
	}
	return r.alter("RENAME CONSTRAINT %s TO %s", Quote(from), Quote(to))
}
