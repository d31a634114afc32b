package lintset

import "context"

// session is a connection to a server.
type session interface {
	// exec runs one statement and returns its rows as text.
	exec(ctx context.Context, sql string) ([][]string, error)
	close()
}

// try runs a statement and takes it back.
func try(ctx context.Context, s session, sql string) error {
	if _, err := s.exec(ctx, "BEGIN"); err != nil {
		return err
	}
	_, err := s.exec(ctx, sql)
	if _, back := s.exec(ctx, "ROLLBACK"); back != nil {
		return back
	}
	return err
}

// script runs statements in order.
func script(ctx context.Context, s session, statements ...string) error {
	for _, sql := range statements {
		if _, err := s.exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
