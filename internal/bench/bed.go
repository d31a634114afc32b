package bench

import (
	"context"
	"database/sql"
	"fmt"
	"io"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// bed is a server of its own for one measurement, with an empty database.
type bed struct {
	srv *throwaway.Server
	db  *sql.DB
	dsn string
}

func makeBed(ctx context.Context, k throwaway.Kind) (*bed, error) {
	srv, err := throwaway.Start(ctx, k, throwaway.Options{Tuned: true, AllowInstall: true, Log: io.Discard})
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", k, err)
	}
	b := &bed{srv: srv, dsn: srv.DSN("bench")}
	if err = srv.CreateDatabase(ctx, "bench"); err == nil {
		b.db, err = throwaway.Open(b.dsn)
	}
	if err != nil {
		b.close(ctx)
		return nil, err
	}
	return b, nil
}

// close stops the server, also when ctx is over.
func (b *bed) close(ctx context.Context) {
	if b.db != nil {
		_ = b.db.Close()
	}
	_ = b.srv.Stop(context.WithoutCancel(ctx))
}

func (b *bed) name() string { return fmt.Sprintf("%s %s", b.srv.Kind(), b.srv.Version()) }
