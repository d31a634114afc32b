package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// createStatements make a table and complete it.
func createStatements(c *plans.CreateTable, rel string) []string {
	return append([]string{"CREATE TABLE " + rel + " " + c.Definition}, c.Then...)
}

// absent is a table that is to be made, in the schema that the server would make it in.
func (s *server) absent(ctx context.Context, id schema.Ident) (schema.Table, error) {
	if id.Schema == "" {
		var home sql.NullString
		if err := s.db.QueryRowContext(ctx, "SELECT pg_catalog.current_schema()").Scan(&home); err != nil {
			return schema.Table{}, fmt.Errorf("ask for the schema of new tables: %w", classify(err))
		}
		id.Schema = home.String
	}
	return schema.Table{Ident: id, Kind: schema.Absent}, nil
}

// tryCreates makes every new table of the change, in a transaction that is taken back: one may point at another.
func (s *server) tryCreates(ctx context.Context, c plans.Change, f *plans.Facts) error {
	if !slices.ContainsFunc(c.Operations, func(o plans.Operation) bool { return o.CreateTable != nil }) {
		return nil
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, lockTimeoutSQL(laterLock)); err != nil {
		return classify(err)
	}
	y := &trier{ctx: ctx, tx: tx, settings: f.Settings, number: s.number}
	for _, o := range c.Operations {
		t, ok := f.Table(o.Table())
		if o.CreateTable == nil || !ok || t.Kind != schema.Absent {
			continue
		}
		seen, err := y.create(o.CreateTable, t)
		if err != nil {
			return fmt.Errorf("try to create %s: %w", t.Ident, classify(err))
		}
		f.Trials = append(f.Trials, seen)
	}
	return nil
}

func (y *trier) create(c *plans.CreateTable, t *schema.Table) (plans.Trial, error) {
	list := createStatements(c, relation(t.Ident))
	out := plans.Trial{Table: t.Ident, SQL: strings.Join(list, ";\n")}
	if out.Error = unfitCreate(list, t.Ident); out.Error != "" {
		return out, nil
	}
	if err := y.settle(); err != nil {
		return out, err
	}
	if err := y.exec("SAVEPOINT trial"); err != nil {
		return out, err
	}
	for _, q := range list {
		err := y.exec(q)
		var said *pgconn.PgError
		if errors.As(err, &said) && !dberr.Temporary(classify(err)) {
			out.Error = said.Message
			return out, y.exec("ROLLBACK TO SAVEPOINT trial")
		}
		if err != nil {
			return out, err
		}
	}
	r := reader{ctx: y.ctx, tx: y.tx, number: y.number}
	var err error
	out.Result, err = r.table(t.Ident)
	return out, err
}

// unfitCreate tells what of the statements does something else than to make this one table.
func unfitCreate(list []string, id schema.Ident) string {
	own := func(r *pg.RangeVar) bool {
		return r.GetRelname() == id.Name && (r.GetSchemaname() == "" || r.GetSchemaname() == id.Schema)
	}
	for i, q := range list {
		tree, err := parse(q)
		if err != nil {
			return "it can't be read: " + err.Error()
		}
		if len(tree.Stmts) != 1 {
			return "one statement is wanted, these are several: " + firstLine(q)
		}
		n := tree.Stmts[0].Stmt
		create, index, alter, said := n.GetCreateStmt(), n.GetIndexStmt(), n.GetAlterTableStmt(), n.GetCommentStmt()
		switch {
		case i == 0 && create != nil && create.Partbound == nil && len(create.InhRelations) == 0:
		case i == 0:
			return "the definition is a list of columns and constraints in parentheses, and what may stand behind it; partitions and children of another table are made by the server's own statement"
		case index != nil && own(index.Relation) && !index.Concurrent, alter != nil && own(alter.Relation):
		case said != nil:
			if names, other := commented(said); other || len(names) == 0 || said.Objtype != pg.ObjectType_OBJECT_INDEX && names[0].Name != id.Name {
				return "it is no comment on the new table: " + firstLine(q)
			}
		default:
			return "behind the table only its indexes (without CONCURRENTLY), its comments and ALTER TABLE of it can follow: " + firstLine(q)
		}
	}
	return ""
}

func (r *recipe) createTable(c *plans.CreateTable) error {
	list := createStatements(c, r.rel())
	seen, err := r.tried(strings.Join(list, ";\n"))
	if err != nil {
		return err
	}
	lock, because := plans.Lock{Level: "none"}, "Nobody knows the table yet. The way back drops it as long as it holds no row."
	if points(seen.Result) {
		lock, because = shareRow, "Nobody knows the table yet; tables that it points at take no writes for a moment. The way back drops it as long as it holds no row."
	}
	r.out.Create(list, []string{"DROP TABLE " + r.rel()}, []*schema.Table{seen.Result}, lock, because)
	return nil
}

// points reports whether foreign keys of the table point at others.
func points(t *schema.Table) bool {
	return slices.ContainsFunc(t.Constraints, func(c schema.Constraint) bool {
		return c.Kind == schema.ForeignKey && !c.Incoming && c.Ref != t.Ident
	})
}

// dropTable takes the table out of sight by a rename.
func (r *recipe) dropTable() error {
	if err := r.out.Loose(r.t, "publication", "replica identity", "policy", "statistics", "default of column", "generated column"); err != nil {
		return err
	}
	aside := plans.Aside(r.t.Name, 63, true)
	away := schema.Ident{Schema: r.t.Schema, Name: aside}
	text := markText(r.plan, "hidden table "+r.t.Name)
	if r.t.Comment != "" {
		text = r.t.Comment + "\n" + text
	}
	says := func(id schema.Ident, text string) string { return "COMMENT ON TABLE " + relation(id) + " IS " + text }
	r.out.Drop(r.t, aside, text, plans.Dropping{
		There: []string{r.alter("RENAME TO %s", Quote(aside)), says(away, literal(text))},
		Back:  []string{"ALTER TABLE " + relation(away) + " RENAME TO " + Quote(r.t.Name), says(r.t.Ident, comment(r.t.Comment))},
		Drop:  "DROP TABLE IF EXISTS " + relation(away), Lock: accessExclusive})
	return nil
}

// whole reads what an act on whole tables sees.
func (x *steps) whole(ctx context.Context, st plans.Step) (plans.Reached, []string, error) {
	shows, err := st.Act.LooksAmong(func(name string) (*schema.Table, error) {
		t, err := x.Table(ctx, schema.Ident{Schema: st.Table.Schema, Name: name})
		var missing *plans.InputError
		if errors.As(err, &missing) {
			return &schema.Table{Kind: schema.Absent}, nil
		}
		return t, err
	})
	if err != nil {
		return plans.Reached{}, nil, err
	}
	return st.Act.Reached(shows), shows, nil
}

// doWhole makes or drops a table, or takes it out of sight, in one transaction.
func (x *steps) doWhole(ctx context.Context, p *plans.Plan, st plans.Step, env dialect.Env) error {
	return x.wholeAct(ctx, p, st, env, func(e *executor, r plans.Reached) error {
		if r.Done == len(st.Act.After) {
			return nil
		}
		return e.moved(ctx, st.SQL[r.Done:], &p.Recipes[st.Recipe])
	})
}

// undoWhole drops no table that holds rows, unless told to.
func (x *steps) undoWhole(ctx context.Context, p *plans.Plan, st plans.Step, env dialect.Env) error {
	return x.wholeAct(ctx, p, st, env, func(e *executor, r plans.Reached) error {
		if r.Done == 0 && r.Undone == 0 {
			return nil
		}
		if !st.Creates() {
			return e.moved(ctx, st.Undo[r.Undone:], &p.Recipes[st.Recipe])
		}
		return e.together(ctx, func(w *whole) error {
			if err := w.run(ctx, []string{"LOCK TABLE " + relation(st.Table) + " IN ACCESS EXCLUSIVE MODE"}); err != nil {
				return err
			}
			if err := holdsNothing(ctx, w.tx, st.Table, env); err != nil {
				return err
			}
			return w.run(ctx, st.Undo)
		})
	})
}

// moved runs all statements or none, and completes the view of a rename.
func (e *executor) moved(ctx context.Context, list []string, r *plans.Recipe) error {
	return e.together(ctx, func(w *whole) error {
		if err := w.run(ctx, list); err != nil {
			return err
		}
		return w.standIn(ctx, r)
	})
}

// Holds counts the rows of a table that the step has made.
func (x *steps) Holds(ctx context.Context, st plans.Step) (n int64, err error) {
	if !st.Creates() {
		return 0, nil
	}
	err = x.db.QueryRowContext(ctx, "SELECT count(*) FROM "+relation(st.Table)).Scan(&n)
	if err = classify(err); errors.Is(err, dberr.NotThere) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("count the rows of %s: %w", st.Table, err)
	}
	return n, nil
}

// holdsNothing counts rows that only the new table has.
func holdsNothing(ctx context.Context, tx *sql.Tx, id schema.Ident, env dialect.Env) error {
	if env.LoseRows {
		return nil
	}
	var n int64
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM "+relation(id)).Scan(&n); err != nil {
		return fmt.Errorf("count the rows of %s: %w", id, classify(err))
	}
	if n > 0 {
		return &dialect.HoldsRowsError{Table: id, Count: n}
	}
	return nil
}

// wholeAct works in a session with the settings of the change, on what is there then.
func (x *steps) wholeAct(ctx context.Context, p *plans.Plan, st plans.Step, env dialect.Env, work func(*executor, plans.Reached) error) error {
	return x.actSession(ctx, p, st, env, func(e *executor) error {
		r, shows, err := x.whole(ctx, st)
		if err == nil && !r.Known {
			err = fmt.Errorf("%s: %w: %s", st.ID, dberr.Exists, strings.Join(shows, "; "))
		}
		if err != nil {
			return err
		}
		return work(e, r)
	})
}
