package postgres

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
)

// renderMove fills a step of a sync whose new columns are on another table.
func (r *render) renderMove() (bool, error) {
	p := coupleOf(mapping{s: r.s})
	switch r.st.Kind {
	case plans.AddColumns:
		r.moveInto()
	case plans.InstallSync:
		r.installPair(p)
	case plans.Backfill:
		r.backfillPair(p)
	case plans.BuildTwin:
		r.analyzePair()
	case plans.Verify:
		return r.verify()
	case plans.Hide:
		r.hidePair()
	case plans.Drop:
		r.dropPair(p)
	default:
		return false, nil
	}
	return true, nil
}

func (r *render) to() string { return relation(r.s.Move.To) }

func (r *render) commentTo(column, text string) string {
	return fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s", r.to(), Quote(column), text)
}

// movedColumn is the definition of a new column: that of the old one. A default that is a constant is of the catalog alone.
func movedColumn(n plans.Side) string {
	out := Quote(n.Name) + " " + n.Type + collate(n.Collation)
	if n.Default != nil {
		out += " DEFAULT " + *n.Default
	}
	if n.NotNull {
		out += " NOT NULL"
	}
	return out
}

// moveInto makes the columns, and the table if there is none.
func (r *render) moveInto() {
	var cols []string
	for _, n := range r.s.New {
		cols = append(cols, movedColumn(n))
	}
	if r.s.Move.Made {
		r.makeTable(cols)
	} else {
		r.st.SQL = []string{"ALTER TABLE " + r.to() + " ADD COLUMN " + strings.Join(cols, ", ADD COLUMN ")}
		for _, n := range r.s.New {
			r.st.Undo = append(r.st.Undo, fmt.Sprintf("ALTER TABLE %s DROP COLUMN IF EXISTS %s", r.to(), Quote(n.Name)))
		}
		r.st.Because = "Only the catalog is written: a default that is a constant is no value in any row. A session that has prepared SELECT * sees it fail once (cached plan must not change result type)."
	}
	for _, n := range r.s.New {
		r.st.SQL = append(r.st.SQL, r.commentTo(n.Name, r.marked(n.Comment, newSide(n))))
	}
}

func newSide(n plans.Side) string { return "new side of " + n.Name }

// makeTable: whoever may use the old table may use the new one.
func (r *render) makeTable(cols []string) {
	v := r.s.Move
	var keys []string
	for i, k := range r.s.Key {
		keys = append(keys, strings.TrimSpace(Quote(v.Child[i])+" "+k.Type+collate(k.Collation)))
	}
	r.st.Lock = shareRow
	r.st.SQL = []string{
		fmt.Sprintf("CREATE TABLE %s (%s, CONSTRAINT %s PRIMARY KEY (%s), CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s) ON DELETE CASCADE ON UPDATE CASCADE)", r.to(), list(append(keys, cols...)),
			Quote(v.PrimaryKey), quoteAll(v.Child), Quote(v.ForeignKey), quoteAll(v.Child), r.rel(), quoteAll(keyPartNames(r.s.Key))),
		fmt.Sprintf("COMMENT ON TABLE %s IS %s", r.to(), r.mark("columns moved from "+r.s.Table.String())),
	}
	rights := r.f.RightsOn(r.s.Table)
	for _, g := range rights.Grants {
		q := fmt.Sprintf("GRANT %s ON %s TO %s", g.Privilege, r.to(), grantee(g.Grantee))
		if g.Grantable {
			q += " WITH GRANT OPTION"
		}
		r.st.SQL = append(r.st.SQL, q)
	}
	if rights.Owner != "" && rights.Owner != r.f.Server.User {
		r.st.SQL = append(r.st.SQL, fmt.Sprintf("ALTER TABLE %s OWNER TO %s", r.to(), Quote(rights.Owner)))
	}
	// Its foreign key goes from both tables: first from the parent, as a row that is deleted there takes the child's along.
	r.st.Undo = []string{lockTable(r.s.Table, "ACCESS EXCLUSIVE"), "DROP TABLE IF EXISTS " + r.to()}
	r.st.Because = fmt.Sprintf("%s is empty, so its foreign key looks at no row; writes to %s wait for a moment. It cascades both ways: code that doesn't know the new table goes on deleting rows and changing keys. From here on TRUNCATE of %s wants CASCADE.%s",
		r.s.Move.To, r.s.Table, r.s.Table, r.publications())
}

// installPair makes the triggers of the target, then those of the origin, each table by itself.
func (r *render) installPair(p couple) {
	r.st.Mode, r.st.Lock = plans.Each, shareRow
	made := append(p.createFunctions(), p.createView(), fmt.Sprintf("COMMENT ON VIEW %s IS %s", p.view(), r.mark("the old columns, whatever they are called")))
	parent, child := p.functions()
	for _, fn := range []string{parent, child} {
		made = append(made, fmt.Sprintf("COMMENT ON FUNCTION %s() IS %s", fn, r.mark("keeps "+r.s.Table.String()+" in step with "+r.s.Move.To.String())))
	}
	r.st.SQL = []string{together(made), together(r.createTriggers(p, p.target())), together(r.createTriggers(p, p.origin()))}
	r.st.Undo = p.dismantle()
	r.st.Because = "From here on whatever is written to one table reaches the other in the same transaction: triggers write what differs, and nothing else. They fire in sessions of the replica's role too, have the rights of their owner, and leave the backfill's own writes alone. Each table is locked by itself."
}

// together are statements of one transaction.
func together(list []string) string { return strings.Join(list, ";\n") }

func (r *render) createTriggers(p couple, table string) []string {
	var out []string
	for _, g := range p.triggers() {
		if g.table == table {
			out = append(out, g.create(r.plan), fmt.Sprintf("ALTER TABLE %s ENABLE ALWAYS TRIGGER %s", g.table, Quote(g.name)),
				fmt.Sprintf("COMMENT ON TRIGGER %s ON %s IS %s", Quote(g.name), g.table, r.mark("keeps both tables in step")))
		}
	}
	return out
}

// dismantle takes the triggers away, the origin's first, and then what they call.
func (p couple) dismantle() []string {
	drop := map[string][]string{}
	for _, g := range p.triggers() {
		drop[g.table] = append(drop[g.table], fmt.Sprintf("DROP TRIGGER IF EXISTS %s ON %s", Quote(g.name), g.table))
	}
	parent, child := p.functions()
	return []string{together(drop[p.origin()]), together(drop[p.target()]),
		together([]string{fmt.Sprintf("DROP FUNCTION IF EXISTS %s()", parent), fmt.Sprintf("DROP FUNCTION IF EXISTS %s()", child), "DROP VIEW IF EXISTS " + p.view()})}
}

func (r *render) backfillPair(couple) {
	r.st.Mode, r.st.Lock, r.st.Scans = plans.Batches, rowLocks, true
	r.st.SQL = []string{newColumnsSQL(mapping{s: r.s}, r.plan, r.st.Sync).fill("$1", "$2")}
	bytes := plans.Share(r.t, len(r.s.Old)+len(r.s.Key))
	r.st.Estimate = plans.Estimate{Rows: r.t.Rows, Bytes: bytes, Seconds: float64(r.t.Rows) / 100_000, DiskBytes: bytes, ReplayRows: r.t.Rows}
	r.st.Because = fmt.Sprintf("Short transactions along %s lock rows of %s first and those of %s then, pass by what somebody has locked, and never write %s.", r.s.Extra["order"], r.s.Parent(), r.s.Child(), r.s.Table)
}

// analyzePair: what is known of the table as a whole decides how it is joined.
func (r *render) analyzePair() {
	r.st.Mode, r.st.Lock = plans.Each, shareUpdate
	r.st.Because = "Without numbers about the new columns the planner guesses, and the first queries that move to them get bad plans."
	r.st.SQL = []string{"ANALYZE " + r.to()}
	if !r.s.Move.Made {
		r.st.SQL = []string{fmt.Sprintf("ANALYZE %s (%s)", r.to(), quoteAll(mapping{s: r.s}.news()))}
	}
	for _, n := range r.s.New {
		r.st.SQL = append(r.st.SQL, r.commentTo(n.Name, r.marked(n.Comment, newSide(n)+analyzedMark)))
		r.st.Undo = append(r.st.Undo, r.commentTo(n.Name, r.marked(n.Comment, newSide(n))))
	}
}

func (r *render) hidePair() {
	for _, o := range r.s.Old {
		r.st.SQL = append(r.st.SQL, r.renameColumn(o.Name, o.Hidden), r.commentColumn(o.Hidden, r.marked(o.Comment, "hidden column "+o.Name)))
		r.st.Undo = append(r.st.Undo, r.renameColumn(o.Hidden, o.Name), r.commentColumn(o.Name, comment(o.Comment)))
	}
	r.st.Because = fmt.Sprintf("Whoever still names the old columns fails now, while their data is kept in step and the way back is a rename. Triggers follow the names by themselves, so no lock of %s is needed.", r.s.Move.To)
}

// dropPair takes the triggers away from one table after the other, and the old columns in the end: with them the step is done.
func (r *render) dropPair(p couple) {
	r.st.Mode, r.st.SQL = plans.Each, p.dismantle()
	var marks, columns []string
	for _, n := range r.s.New {
		marks = append(marks, r.commentTo(n.Name, comment(n.Comment)))
	}
	if r.s.Move.Made {
		marks = append(marks, fmt.Sprintf("COMMENT ON TABLE %s IS NULL", r.to()))
	}
	for _, o := range r.s.Old {
		columns = append(columns, "DROP COLUMN IF EXISTS "+Quote(o.Hidden))
	}
	r.st.SQL = append(r.st.SQL, together(marks), r.alter("%s", list(columns)))
	r.st.Because = "The end of the way back. Nobody reads the old columns, so their triggers go first; each table is locked by itself. The space comes back with later writes or a rewrite."
}
