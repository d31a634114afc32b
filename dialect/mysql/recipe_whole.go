package mysql

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/fault"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

func createStatement(c *plans.CreateTable, id schema.Ident) string {
	return "CREATE TABLE " + quoteTable(id) + " " + c.Definition
}

// tryCreate makes the table under another name, reads it, and drops it. The table isn't there yet that a foreign key points at when it is
// this one, or another one of the change.
func (s *server) tryCreate(ctx context.Context, c *plans.CreateTable, id schema.Ident, several bool) (plans.Trial, error) {
	out := plans.Trial{Table: id, SQL: createStatement(c, id)}
	if out.Error = unfitCreate(c.Definition); out.Error != "" {
		return out, nil
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return out, classify(err)
	}
	defer discard(conn)
	p := prober{ctx: ctx, conn: conn, table: &schema.Table{Ident: id, Kind: "table"}, copy: schema.Ident{Schema: id.Schema, Name: probeName(id.Name)}}
	defer p.drop()
	p.drop()
	if several || pointsAt(c.Definition, id.Name) {
		if _, err := conn.ExecContext(ctx, "SET SESSION foreign_key_checks = 0"); err != nil {
			return out, classify(err)
		}
	}
	if _, err := conn.ExecContext(ctx, createStatement(c, p.copy)); err != nil {
		if number(err) == 0 {
			return out, classify(err)
		}
		out.Error = strings.ReplaceAll(err.Error(), p.copy.Name, id.Name)
		return out, nil
	}
	if out.Result, err = p.read(); err != nil {
		return out, err
	}
	for i := range out.Result.Constraints { // some are named after the table
		k := &out.Result.Constraints[i]
		k.Name = strings.Replace(k.Name, p.copy.Name, id.Name, 1)
	}
	return out, nil
}

// pointsAt reports whether a foreign key of a definition points at a table of this name.
func pointsAt(definition, name string) bool {
	list := tokens(definition)
	for i := range list {
		if words(list[i:], "REFERENCES") && i+1 < len(list) && named(list[i+1], name) {
			return true
		}
	}
	return false
}

// unfitCreate: behind the name stands the list of columns, and no query whose rows would be copied under locks.
func unfitCreate(definition string) string {
	list := tokens(definition)
	if len(list) == 0 || list[0].text != "(" {
		return "the definition is a list of columns and keys in parentheses, and what may stand behind it"
	}
	depth := 0
	for _, t := range list {
		switch word := strings.ToUpper(t.text); {
		case word == "(":
			depth++
		case word == ")":
			depth--
		case depth == 0 && (word == "SELECT" || word == "WITH" || word == "TABLE" || word == "VALUES" || word == ";"):
			return "a table that is filled by a query, or a second statement, is no definition"
		}
	}
	return ""
}

// wholeRecipe makes a table, or takes one away.
func wholeRecipe(f *plans.Facts, t *schema.Table, o plans.Operation, planID string, r *plans.Recipe) error {
	if c := o.CreateTable; c != nil {
		return createRecipe(f, t, c, o.Words(), r)
	}
	if err := r.Loose(t, "generated column", "default of column", "trigger", "partitioning"); err != nil {
		return err
	}
	aside := plans.Aside(t.Name, nameLimit, false)
	away := schema.Ident{Schema: t.Schema, Name: aside}
	comment := marked(t.Comment, "a table that is to be dropped", planID)
	says := func(id schema.Ident, text string) string {
		return "ALTER TABLE " + quoteTable(id) + " COMMENT = " + quoteText(text)
	}
	r.Drop(t, aside, comment, plans.Dropping{
		There: []string{"RENAME TABLE " + quoteTable(t.Ident) + " TO " + quoteTable(away), says(away, comment)},
		Back:  []string{"RENAME TABLE " + quoteTable(away) + " TO " + quoteTable(t.Ident), says(t.Ident, t.Comment)},
		Drop:  "DROP TABLE IF EXISTS " + quoteTable(away), Lock: brief("metadata, exclusive")})
	return nil
}

func createRecipe(f *plans.Facts, t *schema.Table, c *plans.CreateTable, what string, r *plans.Recipe) error {
	if len(c.Then) > 0 {
		return &plans.RefusedError{What: what, Reason: "each statement commits by itself on this server, so that others would see the table before it is complete", Hint: "put keys and comments into the definition"}
	}
	seen, ok := f.Trial(t.Ident, createStatement(c, t.Ident))
	switch {
	case !ok:
		return &plans.InputError{What: what, Reason: "the facts don't hold what the server makes of it", Hint: "read them anew"}
	case seen.Error != "":
		return &plans.InputError{What: what, Reason: seen.Error}
	}
	lock, because := plans.Lock{Level: "none"}, "Nobody knows the table yet. The way back drops it as long as it holds no row."
	for _, k := range seen.Result.Constraints {
		if k.Kind == schema.ForeignKey && k.Ref.Name != t.Name {
			lock = brief("metadata, exclusive")
			because = "Nobody knows the table yet; statements on tables that it points at wait for a moment. The way back drops it as long as it holds no row."
		}
	}
	r.Create([]string{createStatement(c, t.Ident)}, []string{"DROP TABLE " + quoteTable(t.Ident)}, []*schema.Table{seen.Result}, lock, because)
	return nil
}

// whole reads what an act on whole tables sees.
func (s *server) whole(ctx context.Context, st plans.Step) (plans.Reached, []string, error) {
	shows, err := st.Act.LooksAmong(func(name string) (*schema.Table, error) {
		t, err := s.Table(ctx, schema.Ident{Schema: st.Table.Schema, Name: name})
		if missing := new(plans.InputError); errors.As(err, &missing) {
			return &schema.Table{Kind: schema.Absent}, nil
		}
		return t, err
	})
	if err != nil {
		return plans.Reached{}, nil, err
	}
	return st.Act.Reached(shows), shows, nil
}

func (s *server) observeWhole(ctx context.Context, st plans.Step) (dialect.Outcome, string, error) {
	r, shows, err := s.whole(ctx, st)
	said := strings.Join(shows, "; ")
	switch {
	case err != nil:
		return dialect.NotStarted, "", err
	case !r.Known:
		return dialect.Foreign, said, nil
	case r.Done == len(st.Act.After):
		return dialect.Done, said, nil
	case r.Done > 0 || r.Undone > 0:
		return dialect.Partial, said, nil
	}
	return dialect.NotStarted, said, nil
}

// doWhole runs the statements whose outcome doesn't show yet; each commits by itself.
func (s *server) doWhole(ctx context.Context, st plans.Step, env dialect.Env) error {
	return s.wholeAct(ctx, st, env, func(w *worker, r plans.Reached) error { return w.run(ctx, st.SQL[r.Done:]) })
}

// undoWhole drops no table that holds rows, unless told to.
func (s *server) undoWhole(ctx context.Context, st plans.Step, env dialect.Env) error {
	return s.wholeAct(ctx, st, env, func(w *worker, r plans.Reached) error {
		if r.Done == 0 && r.Undone == 0 {
			return nil
		}
		if st.Creates() {
			return w.dropEmpty(ctx, st, env)
		}
		return w.run(ctx, st.Undo[r.Undone:])
	})
}

func (s *server) wholeAct(ctx context.Context, st plans.Step, env dialect.Env, work func(*worker, plans.Reached) error) error {
	w, err := s.worker(ctx, st.Table, env)
	if err != nil {
		return fmt.Errorf("%s: %w", st.ID, err)
	}
	defer w.close()
	r, shows, err := s.whole(ctx, st)
	if err == nil && !r.Known {
		err = fmt.Errorf("%w: %s", dberr.Exists, strings.Join(shows, "; "))
	}
	if err == nil {
		err = work(w, r)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", st.ID, err)
	}
	return nil
}

func (w *worker) run(ctx context.Context, list []string) error {
	for i, q := range list {
		if i > 0 {
			if err := fault.Point("step.statement"); err != nil {
				return err
			}
		}
		if err := w.exec(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", firstLine(q), err)
		}
	}
	return nil
}

// Holds implements dialect.Steps.
func (s *server) Holds(ctx context.Context, st plans.Step) (n int64, err error) {
	if !st.Creates() {
		return 0, nil
	}
	err = s.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+quoteTable(st.Table)).Scan(&n)
	if err = classify(err); errors.Is(err, dberr.NotThere) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("count the rows of %s: %w", st.Table, err)
	}
	return n, nil
}

// dropEmpty drops a table under a lock behind which nobody writes a row that is then gone.
func (w *worker) dropEmpty(ctx context.Context, st plans.Step, env dialect.Env) error {
	if err := w.lockTables(ctx, st.Table); err != nil {
		return fmt.Errorf("lock the table: %w", err)
	}
	if err := w.holdsLease(ctx); err != nil {
		return err
	}
	if !env.LoseRows {
		var n int64
		if err := w.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+quoteTable(st.Table)).Scan(&n); err != nil {
			return fmt.Errorf("count the rows of %s: %w", st.Table, classify(err))
		}
		if n > 0 {
			return &dialect.HoldsRowsError{Table: st.Table, Count: n}
		}
	}
	return w.run(ctx, st.Undo)
}
