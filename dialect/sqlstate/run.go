package sqlstate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
	"github.com/phasemig/phasemig/state"
)

const runColumns = "id, name, plan_hash, plan, status, phase, identity, creator, created, updated, message"

// CreateRun stores a run unless it exists.
func (s *Store) CreateRun(ctx context.Context, l state.Lease, r state.Run) error {
	if r.Status == "" {
		r.Status = state.Planned
	}
	if r.Identity == "" {
		id, err := s.identity(ctx)
		if err != nil {
			return fmt.Errorf("store run %s: %w", r.ID, err)
		}
		r.Identity = id
	}
	err := s.write(ctx, l, func(tx *sql.Tx) error { return s.createRun(ctx, tx, l, r) })
	if err != nil {
		return fmt.Errorf("store run %s: %w", r.ID, busy(err))
	}
	return nil
}

// busy is the last word of the unique index on active tables, behind checkFree.
func busy(err error) error {
	if errors.Is(err, dberr.Duplicate) {
		return fmt.Errorf("%w (%w)", state.ErrBusy, err)
	}
	return err
}

func (s *Store) createRun(ctx context.Context, tx *sql.Tx, l state.Lease, r state.Run) error {
	if _, err := s.lockRun(ctx, tx, r.ID); !errors.Is(err, state.ErrNotFound) {
		return err // it exists, or can't be told
	}
	scopes := scopesOf(r.Tables)
	if err := covered(l, scopes); err != nil {
		return err
	}
	if err := s.checkFree(ctx, tx, r.ID, scopes); err != nil {
		return err
	}
	q, args := s.f.insert("run", field{"id", r.ID}, field{"name", cut(r.Name, 255)}, field{"plan_hash", r.PlanHash}, field{"plan", nonNil(r.Plan)},
		field{"status", string(r.Status)}, field{"phase", string(r.Phase)}, field{"identity", cut(r.Identity, 255)},
		field{"creator", cut(r.Creator, 255)}, field{name: "created"}, field{name: "updated"}, field{"message", clean(r.Message)})
	if _, err := tx.ExecContext(ctx, q, args...); err != nil {
		return err
	}
	return s.addTables(ctx, tx, r)
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func (s *Store) addTables(ctx context.Context, tx *sql.Tx, r state.Run) error {
	for i, t := range r.Tables {
		q, args := s.f.insert("run_table", field{"run", r.ID}, field{"number", i}, field{"scope", state.Scope(t)},
			field{"schema_name", t.Schema}, field{"table_name", t.Name}, field{"active_scope", activeScope(r.Status, state.Scope(t))})
		if _, err := tx.ExecContext(ctx, q, args...); err != nil {
			return err
		}
	}
	return nil
}

// activeScope is what the unique index sees: nothing of a run that owns nothing.
func activeScope(st state.Status, scope string) any {
	if st.Active() {
		return scope
	}
	return null{}
}

// covered makes sure that the lease is the one of these tables: else two runs
// could pass checkFree side by side.
func covered(l state.Lease, scopes []string) error {
	for _, scope := range scopes {
		if !slices.Contains(l.Scopes, scope) {
			return fmt.Errorf("%w: the lease doesn't cover %s", state.ErrFenced, scope)
		}
	}
	return nil
}

// checkFree returns state.ErrBusy, with the run's name, when another active run
// has one of the tables.
func (s *Store) checkFree(ctx context.Context, tx *sql.Tx, id string, scopes []string) error {
	for _, scope := range scopes {
		var other, name, status string
		err := tx.QueryRowContext(ctx, s.f.sql(`SELECT r.id, r.name, r.status FROM {run_table} t JOIN {run} r ON r.id = t.run
			WHERE t.active_scope = ? AND t.run <> ?`), scope, id).Scan(&other, &name, &status)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		return fmt.Errorf("%w %s: run %s (%s) is %s", state.ErrBusy, scope, other, name, status)
	}
	return nil
}

// lockRun locks the run's row and returns its status.
func (s *Store) lockRun(ctx context.Context, tx *sql.Tx, id string) (st state.Status, err error) {
	err = tx.QueryRowContext(ctx, s.f.sql("SELECT status FROM {run} WHERE id = ? FOR UPDATE"), id).Scan(&st)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("%w: %s", state.ErrNotFound, id)
	}
	return st, err
}

// SetRun moves a run along an edge of its states; the status it has already
// only takes the phase and the message.
func (s *Store) SetRun(ctx context.Context, l state.Lease, id string, next state.Status, p plans.PhaseName, message string) error {
	err := s.write(ctx, l, func(tx *sql.Tx) error {
		now, err := s.lockRun(ctx, tx, id)
		if err != nil {
			return err
		}
		if now != next && !now.CanBecome(next) {
			return fmt.Errorf("a run that is %s can't become %s", now, next)
		}
		if err := s.claim(ctx, tx, l, id, next); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, s.f.sql("UPDATE {run} SET status = ?, phase = ?, message = ?, updated = {now} WHERE id = ?"),
			string(next), string(p), clean(message), id)
		return err
	})
	if err != nil {
		return fmt.Errorf("set run %s to %s: %w", id, next, busy(err))
	}
	return nil
}

// claim takes the run's tables, or frees them, as its new status demands.
func (s *Store) claim(ctx context.Context, tx *sql.Tx, l state.Lease, id string, next state.Status) error {
	if !next.Active() {
		_, err := tx.ExecContext(ctx, s.f.sql("UPDATE {run_table} SET active_scope = NULL WHERE run = ?"), id)
		return err
	}
	tables, err := s.tables(ctx, tx, id)
	if err != nil {
		return err
	}
	scopes := scopesOf(tables[id])
	if err := covered(l, scopes); err != nil {
		return err
	}
	if err := s.checkFree(ctx, tx, id, scopes); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, s.f.sql("UPDATE {run_table} SET active_scope = scope WHERE run = ?"), id)
	return err
}

// tables reads the tables of one run, or with id "" of all.
func (s *Store) tables(ctx context.Context, q Querier, id string) (map[string][]schema.Ident, error) {
	text, args := "SELECT run, schema_name, table_name FROM {run_table}", []any{}
	if id != "" {
		text, args = text+" WHERE run = ?", []any{id}
	}
	out := map[string][]schema.Ident{}
	err := each(ctx, q, func(rows *sql.Rows) error {
		var run string
		var t schema.Ident
		err := rows.Scan(&run, &t.Schema, &t.Name)
		out[run] = append(out[run], t)
		return err
	}, s.f.sql(text+" ORDER BY run, number"), args...)
	return out, err
}

// each calls scan for each row of a query.
func each(ctx context.Context, q Querier, scan func(*sql.Rows) error, text string, args ...any) error {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Run reads one run. state.ErrNotFound: no such run, or no state at all.
func (s *Store) Run(ctx context.Context, id string) (state.Run, error) {
	list, err := s.runs(ctx, id)
	if err != nil {
		return state.Run{}, fmt.Errorf("read run %s: %w", id, err)
	}
	if len(list) == 0 {
		return state.Run{}, fmt.Errorf("%w: %s", state.ErrNotFound, id)
	}
	return list[0], nil
}

// Runs lists all runs, the oldest first.
func (s *Store) Runs(ctx context.Context) ([]state.Run, error) {
	list, err := s.runs(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("list the runs: %w", err)
	}
	return list, nil
}

func (s *Store) runs(ctx context.Context, id string) (list []state.Run, err error) {
	if ok, err := s.Installed(ctx); err != nil || !ok {
		return nil, err
	}
	err = s.read(ctx, func() error {
		list, err = s.readRuns(ctx, id)
		return err
	})
	return list, err
}

// readRuns reads the runs before their tables: what was stored between the two
// reads is left out, and no run comes without its tables.
func (s *Store) readRuns(ctx context.Context, id string) (list []state.Run, err error) {
	text, args := "SELECT "+runColumns+" FROM {run}", []any{}
	if id != "" {
		text, args = text+" WHERE id = ?", []any{id}
	}
	err = each(ctx, s.db, func(rows *sql.Rows) error {
		var r state.Run
		err := rows.Scan(&r.ID, &r.Name, &r.PlanHash, &r.Plan, &r.Status, &r.Phase, &r.Identity, &r.Creator,
			stamp{&r.Created}, stamp{&r.Updated}, &r.Message)
		list = append(list, r)
		return err
	}, s.f.sql(text+" ORDER BY created, id"), args...)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	tables, err := s.tables(ctx, s.db, id)
	for i := range list {
		list[i].Tables = tables[list[i].ID]
	}
	return list, err
}

// owned lists the tables whose rows belong to a run by a column run. A retired flag is not among
// them: its key stays used up when nobody remembers the run.
var owned = []string{"run_table", "step", "journal", "segment", "evidence", "approval", "control", "unreturnable", "drill"}

// ownedTables are those and the tables that came later, if they are there: a statement that
// fails would end the transaction.
func (s *Store) ownedTables(ctx context.Context) ([]string, error) {
	there, err := s.hasSamples(ctx)
	if err != nil || !there {
		return owned, err
	}
	return slices.Concat(owned, []string{"sample"}), nil
}

// Remove deletes everything about a run that is not active. The epochs of its
// leases stay, since they never go back.
func (s *Store) Remove(ctx context.Context, id string) error {
	tables, err := s.ownedTables(ctx)
	if err != nil {
		return fmt.Errorf("remove run %s: %w", id, err)
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		st, err := s.lockRun(ctx, tx, id)
		if err != nil {
			return err
		}
		if st.Active() {
			return fmt.Errorf("it is %s and owns its tables: roll it back first", st)
		}
		for _, table := range tables {
			if _, err := tx.ExecContext(ctx, s.f.sql("DELETE FROM {"+table+"} WHERE run = ?"), id); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, s.f.sql("DELETE FROM {run} WHERE id = ?"), id)
		return err
	})
	if errors.Is(err, state.ErrNotInstalled) {
		err = fmt.Errorf("%w: %s", state.ErrNotFound, id)
	}
	if err != nil {
		return fmt.Errorf("remove run %s: %w", id, err)
	}
	return nil
}
