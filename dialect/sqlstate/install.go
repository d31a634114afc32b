package sqlstate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/state"
)

// Installed reports whether there is any state. state.ErrVersion: there is, and
// this phasemig can't read it.
func (s *Store) Installed(ctx context.Context) (bool, error) {
	var layout int
	err := s.read(ctx, func() error {
		return s.db.QueryRowContext(ctx, s.f.sql("SELECT layout FROM {version} WHERE id = 1")).Scan(&layout)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows), errors.Is(err, dberr.NotThere):
		return false, nil // or an Install is under way; the row is its last word
	case errors.Is(err, dberr.Denied) && s.hidden(ctx):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read the version of the state: %w", err)
	}
	return true, s.checkVersion(layout)
}

// hidden reports that the catalog has no state table: a user without rights is
// told "denied" for tables that don't exist.
func (s *Store) hidden(ctx context.Context) bool {
	var n int
	err := s.db.QueryRowContext(ctx, s.f.sql(s.f.Present), s.f.Schema).Scan(&n)
	return err == nil && n == 0
}

func (s *Store) checkVersion(layout int) error {
	if layout == state.Version {
		return nil
	}
	return fmt.Errorf("%w: the server has version %d, this phasemig knows version %d", state.ErrVersion, layout, state.Version)
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

// Install creates the state tables. Several callers may run it at once.
func (s *Store) Install(ctx context.Context) error {
	if ok, err := s.Installed(ctx); ok || err != nil {
		return err
	}
	se, err := s.open(ctx)
	if err != nil {
		return fmt.Errorf("install the state tables: %w", err)
	}
	defer se.close()
	if err := se.wait(ctx, "install"); err != nil {
		return fmt.Errorf("install the state tables: %w", err)
	}
	if ok, err := s.Installed(ctx); ok || err != nil {
		return err // another one was faster
	}
	if err := s.create(ctx, se.conn); err != nil {
		return fmt.Errorf("install the state tables: %w", s.f.class(err))
	}
	return nil
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
