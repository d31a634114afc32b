package practice

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// existing is a database that is there, and ends up changed: a copy that was made to be spent.
type existing struct {
	dsn       string
	open      dialect.Open
	plan      *plans.Plan
	stateless bool // the database held no state of phasemig, and can hold one of its own
}

// newExisting refuses what looks as if somebody used it: another session in the database, a run of this plan, the very server
// that is read from. A drill answers gates by stand-ins, and must not be a way round them.
func newExisting(ctx context.Context, o Options) (*existing, error) {
	e := &existing{dsn: o.DSN, open: o.Open, plan: o.Plan}
	if err := e.unused(ctx, o); err != nil { // first of all: our own sessions come next
		return nil, err
	}
	if err := unknownRun(ctx, o); err != nil {
		return nil, err
	}
	if o.Plan.Dialect != "postgres" {
		return e, nil
	}
	return e, with(ctx, o.DSN, func(ctx context.Context, db *sql.DB) error {
		n, err := one(ctx, db, "SELECT count(*) FROM pg_namespace WHERE nspname = 'phasemig'")
		e.stateless = n == "0"
		return err
	})
}

// unknownRun refuses a server on which the plan was begun.
func unknownRun(ctx context.Context, o Options) error {
	db, err := o.Open(ctx, o.DSN)
	if err != nil {
		return fmt.Errorf("open --dsn: %w", err)
	}
	defer db.Close()
	_, err = db.Store.Run(ctx, o.Plan.ID)
	switch {
	case err == nil:
		return refusedTarget("the server of --dsn knows a run of this plan", "a drill wants a server on which the plan was never begun; phasemig cleanup forgets a run that is over")
	case errors.Is(err, state.ErrNotFound), errors.Is(err, state.ErrNotInstalled):
		return nil
	}
	return fmt.Errorf("look for runs on --dsn: %w", err)
}

// forget takes the drill's run out of state tables that stay. What it made goes with the database.
func forget(ctx context.Context, open dialect.Open, dsn string, p *plans.Plan) error {
	db, err := open(ctx, dsn)
	if err != nil {
		return fmt.Errorf("open the drill's database: %w", err)
	}
	defer db.Close()
	r, err := db.Store.Run(ctx, p.ID)
	if errors.Is(err, state.ErrNotFound) || errors.Is(err, state.ErrNotInstalled) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the drill's run: %w", err)
	}
	if r.Status.Active() {
		if err := giveUp(ctx, db, p); err != nil {
			return fmt.Errorf("give up the drill's run: %w", err)
		}
	}
	if _, err := engine.New(db, engine.Config{}, nil).Cleanup(ctx, r.ID, false); err != nil {
		return fmt.Errorf("forget the drill's run: %w", err)
	}
	return nil
}

// giveUp marks a run as over though its tables stand in the middle: they are dropped next.
func giveUp(ctx context.Context, db *dialect.Database, p *plans.Plan) error {
	l, err := db.Store.Acquire(ctx, state.Holder{Run: p.ID, Tables: p.Tables(), Who: engine.Who(), Token: rand.Text()}, 15*time.Second)
	if err != nil {
		return err
	}
	for _, s := range []state.Status{state.RollingBack, state.RolledBack} {
		if err := db.Store.SetRun(ctx, l, p.ID, s, "", "a drill that was cut short"); err != nil {
			return errors.Join(err, db.Store.Release(ctx, l))
		}
	}
	return db.Store.Release(ctx, l)
}

func (e *existing) unused(ctx context.Context, o Options) error {
	if o.From != "" && host(o.From) == host(o.DSN) {
		return refusedTarget("--existing and --from name the same server", "leave --from out: the rows are there")
	}
	others := "SELECT concat(user, '@', host) FROM information_schema.processlist WHERE db = database() AND id <> connection_id() AND command <> 'Daemon'"
	if e.plan.Dialect == "postgres" {
		others = "SELECT usename || ' ' || application_name FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
	}
	return on(ctx, e.dsn, func(ctx context.Context, c *sql.Conn) error {
		var list [][]string
		for range 10 { // one that was just closed is seen for a moment
			var err error
			if list, err = lines(ctx, c, others); err != nil {
				return fmt.Errorf("look who uses the database of --dsn: %w", err)
			}
			if len(list) == 0 {
				return nil
			}
			if err := pause.For(ctx, 200*time.Millisecond); err != nil {
				return err
			}
		}
		return refusedTarget(fmt.Sprintf("the database of --dsn is in use by %d other sessions, the first: %s", len(list), strings.Join(list[0], " ")),
			"a drill answers gates by stand-ins and drops the old form in the end: give it a copy that nobody uses")
	})
}

func (e *existing) make(context.Context) (string, error) { return e.dsn, nil }

// drop takes back what stands in the middle, and forgets the run.
func (e *existing) drop(ctx context.Context) error {
	db, err := e.open(ctx, e.dsn)
	if err != nil {
		return fmt.Errorf("open --dsn: %w", err)
	}
	defer db.Close()
	r, err := db.Store.Run(ctx, e.plan.ID)
	if errors.Is(err, state.ErrNotFound) || errors.Is(err, state.ErrNotInstalled) {
		return e.clear(ctx)
	}
	if err != nil {
		return fmt.Errorf("read the drill's run: %w", err)
	}
	eng := engine.New(db, engine.Config{Rehearsal: &engine.Rehearsal{Answer: stay}}, nil)
	if r.Status.Active() {
		if _, err := eng.Rollback(ctx, r.ID, engine.RollbackOptions{All: true, LoseRows: true}); err != nil {
			return dberr.WithHint(fmt.Errorf("take the drill's run back: %w", err), "phasemig status %s, then phasemig rollback %s --all", r.ID, r.ID)
		}
	}
	if _, err := eng.Cleanup(ctx, r.ID, false); err != nil {
		return fmt.Errorf("forget the drill's run: %w", err)
	}
	return e.clear(ctx)
}

// clear takes away state tables that weren't there before. They are the database's own, which nobody else uses; those of a whole
// server may be another runner's by now, and stay.
func (e *existing) clear(ctx context.Context) error {
	if !e.stateless {
		return nil
	}
	return with(ctx, e.dsn, func(ctx context.Context, db *sql.DB) error {
		if _, err := db.ExecContext(ctx, "DROP SCHEMA IF EXISTS phasemig CASCADE"); err != nil {
			return fmt.Errorf("drop the drill's state: %w", err)
		}
		return nil
	})
}

func (e *existing) end(context.Context) error { return nil }

func (e *existing) words() string { return "an existing database on " + host(e.dsn) }
