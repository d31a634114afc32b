package observe

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// Proof is what a run on a throwaway server has shown.
type Proof struct {
	Server string        // product and version
	Empty  []string      // tables that couldn't be filled, and why
	Seen   []Observation // one for each statement
}

// Prove starts a server of the kind, creates the schema, fills its tables with rows, and runs the statements one after the other,
// each in a transaction of its own where it can be in one. An error means that nothing could be shown.
func Prove(ctx context.Context, kind throwaway.Kind, log io.Writer, schema, statements []string) (p Proof, err error) {
	s, err := throwaway.Start(ctx, kind, throwaway.Options{Dir: throwaway.MemoryDir(), AllowInstall: true, Log: log})
	if err != nil {
		return p, fmt.Errorf("start a throwaway server: %w", err)
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		err = errors.Join(err, s.Stop(stop))
	}()
	p.Server = string(kind) + " " + s.Version()
	const name = "prove"
	if err := s.CreateDatabase(ctx, name); err != nil {
		return p, fmt.Errorf("create the database: %w", err)
	}
	db, err := throwaway.Open(s.DSN(name))
	if err != nil {
		return p, err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return p, fmt.Errorf("connect to the throwaway server: %w", err)
	}
	defer conn.Close()
	for _, text := range schema {
		if _, err := conn.ExecContext(ctx, text); err != nil {
			return p, fmt.Errorf("create the schema: %s: %w", oneLine(text), err)
		}
	}
	if p.Empty, err = fill(ctx, conn, kind.IsPostgres()); err != nil {
		return p, err
	}
	for _, text := range statements {
		o, err := one(ctx, conn, kind.IsPostgres(), text)
		if err != nil {
			return p, err
		}
		p.Seen = append(p.Seen, o)
	}
	return p, nil
}

// one runs one statement and keeps what it did.
func one(ctx context.Context, conn *sql.Conn, postgres bool, text string) (Observation, error) {
	if !postgres {
		if u := strings.ToUpper(oneLine(text)); strings.HasPrefix(u, "ALTER TABLE") || strings.HasPrefix(u, "CREATE") && strings.Contains(u, "INDEX ") {
			return MySQL(ctx, conn, text), nil
		}
		return plainly(ctx, conn, text), nil
	}
	if u := strings.ToUpper(oneLine(text)); u == "BEGIN" || u == "COMMIT" || strings.HasPrefix(u, "START TRANSACTION") || u == "END" {
		return Observation{}, nil // each statement has a transaction of its own here
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return Observation{}, fmt.Errorf("begin: %w", err)
	}
	o, err := Postgres(ctx, tx, text)
	if err != nil || o.Error != "" {
		_ = tx.Rollback()
		if err == nil && (strings.Contains(o.Error, "transaction block") || strings.Contains(o.Error, "25001")) {
			return plainly(ctx, conn, text), nil
		}
		return o, err
	}
	if err := tx.Commit(); err != nil {
		o.Error = err.Error()
	}
	return o, nil
}

// plainly runs what can't be looked at from inside.
func plainly(ctx context.Context, conn *sql.Conn, text string) Observation {
	if _, err := conn.ExecContext(ctx, text); err != nil {
		return Observation{Error: err.Error()}
	}
	return Observation{}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
