package sqlstate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/state"
)

// Installed reports whether there is any state. state.ErrVersion: there is, and
// this phasemig can't read it.
func (s *Store) Installed(ctx context.Context) (bool, error) {
	layout, err := s.layout(ctx)
	if err != nil || layout == 0 {
		return false, err
	}
	return true, checkVersion(layout)
}

// layout is the version of the state tables; 0: there are none.
func (s *Store) layout(ctx context.Context) (layout int, err error) {
	err = s.read(ctx, func() error {
		return s.db.QueryRowContext(ctx, s.f.sql("SELECT layout FROM {version} WHERE id = 1")).Scan(&layout)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows), errors.Is(err, dberr.NotThere):
		return 0, nil // or an Install is under way; the row is its last word
	case errors.Is(err, dberr.Denied) && s.hidden(ctx):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("read the version of the state: %w", err)
	}
	return layout, nil
}

// hidden reports that the catalog has no state table: a user without rights is
// told "denied" for tables that don't exist.
func (s *Store) hidden(ctx context.Context) bool {
	var n int
	err := s.db.QueryRowContext(ctx, s.f.sql(s.f.Present), s.f.Schema).Scan(&n)
	return err == nil && n == 0
}

func checkVersion(layout int) error {
	if layout == state.Version {
		return nil
	}
	err := fmt.Errorf("%w: the server has version %d, this phasemig knows version %d", state.ErrVersion, layout, state.Version)
	if layout > 0 && layout < state.Version {
		return dberr.WithHint(err, "it was written by an older phasemig: the next apply or rollback with this one brings it to version %d", state.Version)
	}
	return err
}

// absent reports whether err came of a server without state.
func (s *Store) absent(ctx context.Context, err error) bool {
	if !errors.Is(err, dberr.NotThere) && !errors.Is(err, dberr.Denied) {
		return false
	}
	ok, err := s.Installed(ctx)
	return err == nil && !ok
}

// readable turns the error of a read into nil where there is no state.
func (s *Store) readable(ctx context.Context, what string, err error) error {
	if err == nil || s.absent(ctx, err) {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// installed turns the error of a write into state.ErrNotInstalled where there is no state.
func (s *Store) installed(ctx context.Context, err error) error {
	if err != nil && s.absent(ctx, err) {
		return fmt.Errorf("%w (%w)", state.ErrNotInstalled, err)
	}
	return err
}

// Install creates the state tables, or brings older ones to this layout while no
// runner is at work. Several callers may run it at once. Errors: state.ErrVersion,
// *state.HeldError.
func (s *Store) Install(ctx context.Context) error {
	layout, err := s.layout(ctx)
	if err == nil && layout == state.Version {
		return s.addLater(ctx)
	}
	if err != nil || layout > state.Version {
		return errors.Join(err, newer(layout))
	}
	if err := s.installAll(ctx); err != nil {
		return err
	}
	return s.addLater(ctx)
}

// installAll makes the tables or migrates them, one caller after the other.
func (s *Store) installAll(ctx context.Context) error {
	se, err := s.open(ctx)
	if err != nil {
		return fmt.Errorf("install the state tables: %w", err)
	}
	defer se.close()
	if err := se.wait(ctx, "install"); err != nil {
		return fmt.Errorf("install the state tables: %w", err)
	}
	layout, err := s.layout(ctx)
	switch {
	case err != nil || layout >= state.Version: // another one was faster
		return errors.Join(err, newer(layout))
	case layout > 0:
		return s.migrate(ctx, se, layout)
	}
	if err := s.create(ctx, se.conn); err != nil {
		return fmt.Errorf("install the state tables: %w", s.f.class(err))
	}
	return nil
}

func newer(layout int) error {
	if layout > state.Version {
		return checkVersion(layout)
	}
	return nil
}

// migrateTTL is how old a heartbeat must be for its runner to count as gone, where the
// runner's own time to live isn't known.
const migrateTTL = time.Minute

// migrate brings older tables to this layout, one version after the other.
func (s *Store) migrate(ctx context.Context, se *session, from int) error {
	if err := se.nobodyAtWork(ctx); err != nil {
		return err
	}
	for v := from; v < state.Version; v++ {
		if err := s.migrateOne(ctx, se.conn, v); err != nil {
			return fmt.Errorf("bring the state tables from version %d to %d: %w", v, v+1, s.f.class(err))
		}
	}
	return nil
}

// nobodyAtWork fails with *state.HeldError while a lease is held: its runner is of the
// older version and knows nothing of the next.
func (se *session) nobodyAtWork(ctx context.Context) error {
	var scopes []string
	err := each(ctx, se.conn, func(rows *sql.Rows) error {
		var scope string
		err := rows.Scan(&scope)
		scopes = append(scopes, scope)
		return err
	}, se.s.f.sql("SELECT scope FROM {lease_epoch} WHERE token <> '' ORDER BY scope"))
	if err != nil {
		return fmt.Errorf("look who is at work: %w", se.s.f.class(err))
	}
	return se.look(ctx, scopes, migrateTTL)
}

// migrateOne makes one step, in a transaction where the server's DDL has part in it.
func (s *Store) migrateOne(ctx context.Context, c *sql.Conn, from int) error {
	tx, err := c.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, q := range s.f.Migrate[from] {
		if _, err := tx.ExecContext(ctx, s.f.sql(q)); err != nil && !errors.Is(s.f.class(err), dberr.Exists) {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, s.f.sql("UPDATE {version} SET layout = ? WHERE id = 1"), from+1); err != nil {
		return err
	}
	return tx.Commit()
}

// create runs the DDL and then writes the version, which says that all is there.
// Where DDL can't be rolled back an interrupted create is simply run again.
func (s *Store) create(ctx context.Context, c *sql.Conn) error {
	if err := s.checkStrangers(ctx, c); err != nil {
		return err
	}
	tx, err := c.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, q := range s.f.DDL {
		if _, err := tx.ExecContext(ctx, s.f.sql(q)); err != nil {
			return err
		}
	}
	q, args := s.f.upsert("version", []field{{"id", 1}}, []field{{"layout", state.Version}, {name: "installed"}})
	if _, err := tx.ExecContext(ctx, q, args...); err != nil {
		return err
	}
	return tx.Commit()
}

// checkStrangers refuses a schema of our name that somebody else filled: "create
// if not exists" would take his tables for ours.
func (s *Store) checkStrangers(ctx context.Context, c *sql.Conn) error {
	var name string
	err := c.QueryRowContext(ctx, s.f.sql(s.f.Strangers), s.f.Schema).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%s.%s was not made by phasemig: the name %s is needed for its own tables", s.f.Schema, name, s.f.Schema)
}
