package practice

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
)

// given is a database that is made on a server of the user's.
type given struct {
	dsn, database string
	postgres      bool
	open          dialect.Open
	plan          *plans.Plan
	made          bool
}

// newGiven refuses a database that holds one of the plan's tables: what looks like the live one must not be taken by mistake.
func newGiven(ctx context.Context, o Options) (*given, error) {
	g := &given{open: o.Open, plan: o.Plan, dsn: o.DSN, database: databaseOf(o.Plan), postgres: o.Plan.Dialect == "postgres"}
	err := with(ctx, o.DSN, func(ctx context.Context, db *sql.DB) error { return g.empty(ctx, db, o.Plan) })
	if err != nil || g.postgres {
		return g, err // on PostgreSQL the state is the database's, and goes with it
	}
	return g, unknownRun(ctx, o)
}

// empty looks for the plan's tables, and for the database that is to be made.
func (g *given) empty(ctx context.Context, db *sql.DB, p *plans.Plan) error {
	for _, id := range p.Tables() {
		n, err := count(ctx, db, g.postgres, "SELECT count(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", id.Schema, id.Name)
		if err != nil {
			return err
		}
		if n != "0" {
			return refusedTarget(fmt.Sprintf("the database of --dsn holds the table %s already", id), "name another database of a server that serves nobody; or, if this one is a copy that may be changed for good, say --existing")
		}
	}
	query := "SELECT count(*) FROM information_schema.schemata WHERE schema_name = ?"
	if g.postgres {
		query = "SELECT count(*) FROM pg_database WHERE datname = ?"
	}
	n, err := count(ctx, db, g.postgres, query, g.database)
	if err != nil {
		return err
	}
	if n != "0" {
		return refusedTarget(fmt.Sprintf("the server of --dsn has a database %s already, and the drill makes one of that name", g.database), "drop it, if a drill that was killed has left it; or give another server")
	}
	return nil
}

func refusedTarget(reason, hint string) error {
	return &plans.RefusedError{What: "drill", Reason: reason, Hint: hint}
}

func count(ctx context.Context, db querier, postgres bool, query string, args ...any) (string, error) {
	if postgres {
		for i := range args {
			query = strings.Replace(query, "?", fmt.Sprintf("$%d", i+1), 1)
		}
	}
	return one(ctx, db, query, args...)
}

func (g *given) exec(ctx context.Context, statement string) error {
	return with(ctx, g.dsn, func(ctx context.Context, db *sql.DB) error {
		_, err := db.ExecContext(ctx, statement)
		return err
	})
}

func (g *given) make(ctx context.Context) (string, error) {
	if err := g.exec(ctx, "CREATE DATABASE "+tongue{g.postgres}.quote(g.database)); err != nil {
		g.made = ctx.Err() != nil // then it may have been made all the same
		return "", dberr.WithHint(fmt.Errorf("make the database %s: %w", g.database, err), "the user of --dsn must be allowed to make databases")
	}
	g.made = true
	return in(g.dsn, g.database)
}

func (g *given) drop(ctx context.Context) error {
	if !g.made {
		return nil
	}
	if !g.postgres { // the state is the server's, and may hold other runs
		dsn, err := in(g.dsn, g.database)
		if err != nil {
			return err
		}
		if err := forget(ctx, g.open, dsn, g.plan); err != nil {
			return err
		}
	}
	statement := "DROP DATABASE IF EXISTS " + tongue{g.postgres}.quote(g.database)
	if g.postgres {
		if err := dropSlots(ctx, g.dsn, g.database); err != nil {
			return err
		}
		statement += " WITH (FORCE)"
	}
	if err := g.exec(ctx, statement); err != nil {
		return fmt.Errorf("drop the database %s of the drill: %w", g.database, err)
	}
	g.made = false
	return nil
}

func (g *given) end(context.Context) error { return nil }

func (g *given) words() string { return "a database that was made on " + host(g.dsn) }

// dropSlots ends what follows a database that is to be dropped: as long as it is followed it can't be.
func dropSlots(ctx context.Context, dsn, database string) error {
	return with(ctx, dsn, func(ctx context.Context, db *sql.DB) error {
		if _, err := db.ExecContext(ctx, "SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE database = $1 AND active_pid IS NOT NULL", database); err != nil {
			return fmt.Errorf("end the readers of %s: %w", database, err)
		}
		if _, err := db.ExecContext(ctx, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = $1", database); err != nil {
			return fmt.Errorf("drop the slots of %s: %w", database, err)
		}
		return nil
	})
}

func host(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return "the server of --dsn"
	}
	return u.Host
}
