package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Twins implements plans.Rules.
func (rules) Twins(f *plans.Facts, t *schema.Table, s *plans.Sync) ([]plans.Twin, error) {
	x, err := readExtra(s)
	if err != nil {
		return nil, err
	}
	w := twins{resolver: resolver{f: f, t: t, s: s, can: f.Server.Can, x: x, what: fmt.Sprintf("%s %s.%s", s.Operation, t.Ident, s.Old[0].Name)}}
	if s.Reshapes() {
		return nil, w.refuseReshaped()
	}
	for _, collect := range []func() error{w.notNull, w.indexes, w.foreignKeys} {
		if err := collect(); err != nil {
			return nil, err
		}
	}
	w.grants()
	w.statistics()
	return w.list, nil
}

type twins struct {
	resolver
	list []plans.Twin
}

// refuseReshaped: what guards the whole says nothing about its parts, nor the other way round.
func (w *twins) refuseReshaped() error {
	for _, x := range w.t.Indexes {
		if x.Unique && w.ofOld(x.Uses) {
			return w.refuse("drop it first, and add a unique index over what takes the column's place yourself", "unique index %s guards the column; over what takes its place it would mean something else", x.Name)
		}
	}
	if len(w.x.Keys) > 0 {
		return w.refuse("drop it first", "foreign key %s is on the column; what takes its place can't have it", w.x.Keys[0])
	}
	return nil
}

func (w *twins) old() plans.Side { return w.s.Old[0] }
func (w *twins) new() plans.Side { return w.s.New[0] }

func (w *twins) swapped(list []string) []string {
	out := slices.Clone(list)
	for i := range out {
		if out[i] == w.old().Name {
			out[i] = w.new().Name
		}
	}
	return out
}

// name makes the twin's names: while both exist, and in the end. A name that tells
// the column's is made anew with the new one; any other is the original's once that is gone.
func (w *twins) name(of string) (name, final string) {
	limit, bytes := rules{}.NameLimit()
	if !w.s.Swap && strings.Contains(of, w.old().Name) {
		name = plans.CutName(strings.ReplaceAll(of, w.old().Name, w.new().Name), limit, bytes)
		if !w.taken(name) {
			return name, name
		}
	}
	return plans.CutName(of+"_pm", limit, bytes), of
}

func (w *twins) taken(name string) bool {
	same := func(n string) bool { return strings.EqualFold(n, name) }
	return slices.ContainsFunc(w.t.Indexes, func(x schema.Index) bool { return same(x.Name) }) ||
		slices.ContainsFunc(w.t.Constraints, func(c schema.Constraint) bool { return same(c.Name) }) ||
		slices.ContainsFunc(w.list, func(k plans.Twin) bool { return same(k.Name) })
}

// notNull is built in expand where nobody's statement can fail by it: the new
// column is NULL only where the old one was, and the server lets a trigger fill it.
func (w *twins) notNull() error {
	if !w.new().NotNull {
		return nil
	}
	if i := slices.IndexFunc(w.t.Columns, virtual); i >= 0 && !w.can.AddBeforeVirtual {
		return w.refuse("drop it first and add it again afterwards, or wait for the shadow-table copier",
			"the new column must be NOT NULL, and with the virtual column %s in the table this server makes it so only by copying the table while writes wait", w.t.Columns[i].Name)
	}
	if family(w.new()) == "timestamp" && !w.can.InvisibleNotNull { // 1846: cannot convert NULL to non-constant DEFAULT
		return w.refuse("make it a DATETIME, or wait for the shadow-table copier", "the new column must be NOT NULL, and this server makes a TIMESTAMP so only by copying the table while writes wait")
	}
	plain := w.new().Plain != ""
	safe := plain
	if w.s.Operation == "set_not_null" {
		safe = !plain // without a fill, NULLs go on coming until contract
	}
	// In an exchange of names a runner can die while there are no triggers, and
	// the application that inserts under the old name would fail until the next call.
	early := safe && !w.s.Swap && w.can.FillsNotNullInSelect && w.can.InvisibleNotNull
	w.list = append(w.list, plans.Twin{Kind: plans.TwinNotNull, Of: w.old().Name, Columns: []string{w.new().Name}, Late: !early, Definition: "NOT NULL"})
	return nil
}

func (w *twins) indexes() error {
	for _, x := range w.t.Indexes {
		if !w.ofOld(x.Uses) {
			continue
		}
		if x.Method == "fulltext" || x.Method == "spatial" || x.Method == "rtree" {
			return w.refuse("drop it first, or wait for the shadow-table copier", "%s index %s can't be built on the new column while writes go on", x.Method, x.Name)
		}
		kind := plans.TwinIndex
		if x.Unique {
			kind = plans.TwinUnique
			if err := w.uniqueCanBeDoubled(x); err != nil {
				return err
			}
		}
		name, final := w.name(x.Name)
		w.list = append(w.list, plans.Twin{Kind: kind, Of: x.Name, Name: name, Final: final, Columns: w.swapped(x.Uses), Definition: w.indexClause(x, name)})
	}
	slices.SortStableFunc(w.list, func(a, b plans.Twin) int { return twinOrder(a.Kind) - twinOrder(b.Kind) })
	return nil
}

func twinOrder(k plans.TwinKind) int {
	return map[plans.TwinKind]int{plans.TwinNotNull: 0, plans.TwinIndex: 1, plans.TwinUnique: 2, plans.TwinForeignKey: 3}[k]
}

func (w *twins) uniqueCanBeDoubled(x schema.Index) error {
	if w.s.Operation == "set_not_null" {
		if w.new().Plain == "" && !w.namesColumn(w.new().SQL) {
			return w.refuse("name a column in `fill`, so that each row gets a value of its own", "unique index %s would find the same fill in several rows", x.Name)
		}
		return nil
	}
	if w.new().Plain == "" || w.old().Plain == "" {
		return w.refuse("drop it first, or rename without up and down", "unique index %s guards the column, and two values could become one by the SQL given", x.Name)
	}
	return nil
}

// namesColumn: besides the column itself, which COALESCE names first.
func (w *twins) namesColumn(sql string) bool {
	return slices.ContainsFunc(w.t.Columns, func(c schema.Column) bool { return c.Name != w.old().Name && mentions(tokens(sql), c.Name) })
}

// indexClause writes the twin from the server's own clause of the original.
func (w *twins) indexClause(x schema.Index, name string) string {
	list := tokens(x.Definition)
	for i := range list {
		if n := group(list[i:]); n > 0 {
			kind := "INDEX"
			if x.Unique {
				kind = "UNIQUE INDEX"
			}
			parts := renamed(join(list[i:i+n]), w.old().Name, w.new().Name)
			return strings.TrimSpace(kind + " " + quote(name) + " " + parts + " " + join(list[i+n:]))
		}
	}
	return ""
}

func (w *twins) foreignKeys() error {
	for _, k := range w.t.Constraints {
		if k.Kind != schema.ForeignKey || k.Incoming || !w.ofOld(k.Columns) {
			continue
		}
		if w.new().Plain == "" || w.old().Plain == "" {
			return w.refuse("drop it first, or change the column without SQL", "foreign key %s guards the column, and the SQL given could make a value that it forbids", k.Name)
		}
		name, final := w.name(k.Name)
		def := renamedIn(k.Definition, w.old().Name, w.new().Name)
		w.list = append(w.list, plans.Twin{Kind: plans.TwinForeignKey, Of: k.Name, Name: name, Final: final, Columns: w.swapped(k.Columns), Definition: def})
	}
	return nil
}

// renamedIn replaces a column in a foreign key's own columns, the first group: the
// other table may have one of the same name.
func renamedIn(definition, from, to string) string {
	list := tokens(definition)
	for i := range list {
		if n := group(list[i:]); n > 0 {
			return join(list[:i]) + " " + renamed(join(list[i:i+n]), from, to) + " " + strings.TrimSpace(join(list[i+n:]))
		}
	}
	return definition
}

// grants lists privilege, grantee and option, one grant a line.
func (w *twins) grants() {
	var list []string
	for _, g := range w.t.Grants {
		if g.Column == w.old().Name {
			list = append(list, strings.TrimSpace(g.Privilege+"\t"+strings.TrimSuffix(g.Grantee, "@''")+"\t"+map[bool]string{true: "WITH GRANT OPTION"}[g.Grantable]))
		}
	}
	if len(list) > 0 {
		w.list = append(w.list, plans.Twin{Kind: plans.TwinGrants, Of: w.old().Name, Columns: []string{w.new().Name}, Definition: strings.Join(list, "\n")})
	}
}

func (w *twins) statistics() {
	c, _ := w.t.Column(w.old().Name)
	if c.Statistics == nil {
		return
	}
	col := quote(w.new().Name)
	def := fmt.Sprintf("ANALYZE TABLE %s UPDATE HISTOGRAM ON %s WITH %d BUCKETS", quoteTable(w.t.Ident), col, max(*c.Statistics, 1))
	if mariadb(w.f.Server) {
		def = fmt.Sprintf("ANALYZE TABLE %s PERSISTENT FOR COLUMNS (%s) INDEXES ()", quoteTable(w.t.Ident), col)
	}
	w.list = append(w.list, plans.Twin{Kind: plans.TwinStatistics, Of: w.old().Name, Columns: []string{w.new().Name}, Definition: def})
}

// twin is how one twin is built.
func (c kitchen) twin(w plans.Twin) (recipe, error) {
	switch w.Kind {
	case plans.TwinNotNull:
		return c.buildNotNull(w), nil
	case plans.TwinIndex, plans.TwinUnique:
		return c.buildIndex(w), nil
	case plans.TwinForeignKey:
		return c.buildKey(w), nil
	case plans.TwinGrants:
		return c.buildGrants(w), nil
	case plans.TwinStatistics:
		return c.buildStatistics(w), nil
	}
	return recipe{}, fmt.Errorf("twin of kind %s has no statements", w.Kind)
}

// buildNotNull rewrites the table beside the traffic. The new name depends on
// whether the columns have changed places.
func (c kitchen) buildNotNull(w plans.Twin) recipe {
	name, with, without := c.s.New[0].Name, c.before(0), c.first(0)
	if w.Late {
		name, with, without = c.layout(true).newName(0), c.since(0), c.since(0)
		with.NotNull = true
	}
	with, without = c.renamedCheck(with, 0, name), c.renamedCheck(without, 0, name)
	isNotNull := func(t *schema.Table) bool { k, ok := t.Column(name); return ok && !k.Nullable }
	because := "the old column is NOT NULL; the table is rewritten while reads and writes go on"
	if c.s.Operation == "set_not_null" {
		because = "no row holds NULL any more, and the trigger fills what old code leaves out; the table is rewritten while reads and writes go on"
	}
	if w.Late {
		because += "; here it waits for contract, because until then a statement that leaves the column out could fail"
	}
	return recipe{lock: brief("shared while it is built, exclusive at both ends"), rewrites: true, scans: true, because: because,
		do:   []stage{{acts: []action{{sql: c.alter("MODIFY COLUMN "+quote(name)+" "+with.SQL(), inplace), done: isNotNull}}}},
		undo: []stage{{acts: []action{{sql: c.alter("MODIFY COLUMN "+quote(name)+" "+without.SQL(), inplace), done: not(isNotNull)}}}}}
}

func (c kitchen) buildIndex(w plans.Twin) recipe {
	r := recipe{lock: brief("shared while it is built, exclusive at both ends"), scans: true,
		because: "readers of the new column need what " + w.Of + " is to those of the old one; built while reads and writes go on",
		do:      []stage{{acts: []action{{sql: c.alter("ADD "+w.Definition, inplace), done: hasIndex(w.Name)}}}},
		undo:    []stage{{acts: []action{{sql: c.alter("DROP INDEX "+quote(w.Name), inplace), done: not(hasIndex(w.Name))}}}}}
	r.foreign = func(t *schema.Table) string {
		x, ok := t.Index(w.Name)
		if ok && !slices.ContainsFunc(x.Uses, func(n string) bool { return slices.Contains(w.Columns, n) || n == c.s.Old[0].Name }) {
			return fmt.Sprintf("index %s of %s exists and is on other columns", w.Name, c.s.Table)
		}
		return ""
	}
	return r
}

// buildKey adds the key without looking at the rows: they hold what the old column
// holds, which the original guards.
func (c kitchen) buildKey(w plans.Twin) recipe {
	const unchecked = "SET SESSION foreign_key_checks = 0"
	return recipe{lock: brief("metadata, exclusive, on both tables"),
		because: "the values are those of the old column, which " + w.Of + " guards, so the rows need not be read again; with checks on, the table would be copied while writes wait",
		do:      []stage{{session: unchecked, acts: []action{{sql: c.alter("ADD CONSTRAINT "+quote(w.Name)+" "+w.Definition, inplace), done: hasConstraint(w.Name)}}}},
		undo:    []stage{{session: unchecked, acts: []action{{sql: c.alter("DROP FOREIGN KEY "+quote(w.Name), inplace), done: not(hasConstraint(w.Name))}}}}}
}

func (c kitchen) buildGrants(w plans.Twin) recipe {
	r := recipe{because: "who may use the old column by a grant on just that column may use the new one", do: []stage{{}}, undo: []stage{{}}}
	for _, g := range strings.Split(w.Definition, "\n") {
		part := append(strings.Split(g, "\t"), "")
		privilege, who := part[0], part[1]
		on := fmt.Sprintf("%s (%s) ON %s", privilege, quote(w.Columns[0]), c.table)
		granted := hasGrant(who, w.Columns[0], privilege)
		r.do[0].acts = append(r.do[0].acts, action{sql: strings.TrimSpace("GRANT " + on + " TO " + who + " " + part[2]), done: granted})
		r.undo[0].acts = append(r.undo[0].acts, action{sql: "REVOKE " + on + " FROM " + who, done: not(granted)})
	}
	return r
}

func hasGrant(grantee, column, privilege string) func(*schema.Table) bool {
	return func(t *schema.Table) bool {
		return slices.ContainsFunc(t.Grants, func(g schema.Grant) bool {
			return strings.TrimSuffix(g.Grantee, "@''") == grantee && g.Column == column && g.Privilege == privilege
		})
	}
}

func (c kitchen) buildStatistics(w plans.Twin) recipe {
	has := func(t *schema.Table) bool { k, ok := t.Column(w.Columns[0]); return ok && k.Statistics != nil }
	undo := fmt.Sprintf("ANALYZE TABLE %s DROP HISTOGRAM ON %s", c.table, quote(w.Columns[0]))
	if strings.Contains(w.Definition, "PERSISTENT") {
		undo = fmt.Sprintf("DELETE FROM mysql.column_stats WHERE db_name = %s AND table_name = %s AND column_name = %s", quoteText(c.s.Table.Schema), quoteText(c.s.Table.Name), quoteText(w.Columns[0]))
	}
	return recipe{scans: true, because: "the optimizer knows the old column's values by a histogram",
		do:   []stage{{acts: []action{{sql: w.Definition, done: has}}}},
		undo: []stage{{acts: []action{{sql: undo, done: not(has)}}}}}
}

// adoptNames gives twins the names of what they replaced.
func (c kitchen) adoptNames() recipe {
	r := recipe{lock: brief("metadata, exclusive"), because: "what was named by somebody keeps its name", do: []stage{{session: "SET SESSION foreign_key_checks = 0"}}}
	for _, w := range c.s.Twins {
		if w.Final == "" || w.Final == w.Name {
			continue
		}
		switch w.Kind {
		case plans.TwinIndex, plans.TwinUnique:
			r.do[0].acts = append(r.do[0].acts, action{sql: c.alter("RENAME INDEX "+quote(w.Name)+" TO "+quote(w.Final), inplace), done: not(hasIndex(w.Name))})
		case plans.TwinForeignKey:
			def := renamedIn(w.Definition, c.s.New[0].Name, c.layout(true).newName(0))
			r.do[0].acts = append(r.do[0].acts,
				action{sql: c.alter("ADD CONSTRAINT "+quote(w.Final)+" "+def, inplace), done: hasConstraint(w.Final)},
				action{sql: c.alter("DROP FOREIGN KEY "+quote(w.Name), inplace), done: not(hasConstraint(w.Name))})
		}
	}
	return r
}
