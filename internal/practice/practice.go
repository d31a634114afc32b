package practice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/phasemig/phasemig/drill"
	"github.com/phasemig/phasemig/engine"
)

// leave is how long what was made may take to go away after Ctrl-C.
const leave = 2 * time.Minute

// practice is one drill at work.
type practice struct {
	Options
	tongue
	where      where
	statements []string
	standIns   standIns
	out        drill.Result
}

// Run drills a plan. The result is judged but not sealed; it is there together with an error when a move didn't go
// through, and not at all when the drill itself couldn't be carried out or was interrupted.
func Run(ctx context.Context, o Options) (res *drill.Result, err error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	d := &practice{Options: o, tongue: tongue{o.Plan.Dialect == "postgres"}}
	d.Rows = slices.Compact(slices.Sorted(slices.Values(o.Rows)))
	if err := d.prepare(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.leave(ctx, d.where.end)) }()
	for _, n := range d.Rows {
		t, terr := d.trial(ctx, n)
		if ctx.Err() != nil {
			return nil, errors.Join(context.Cause(ctx), terr)
		}
		if t == nil {
			return nil, terr
		}
		d.out.Trials = append(d.out.Trials, *t)
		if err = terr; err != nil {
			break
		}
	}
	d.finish()
	return &d.out, err
}

func (d *practice) finish() {
	d.out.StandIns = d.standIns.list
	d.out.Judge()
	d.out.Foresee()
}

// prepare finds the schema and the place, in this order: a file that can't be had needs no server.
func (d *practice) prepare(ctx context.Context) (err error) {
	d.describe()
	if !d.Existing {
		source := d.Schema
		if source == "" {
			if source, err = structure(ctx, d.Plan, d.From); err != nil {
				return err
			}
		}
		d.statements = d.split(source)
	}
	switch {
	case d.DSN == "":
		d.where, err = newOwn(ctx, d.Plan, d.Log)
	case d.Existing:
		d.where, err = newExisting(ctx, d.Options)
	default:
		d.where, err = newGiven(ctx, d.Options)
	}
	return err
}

func (d *practice) describe() {
	p := d.Plan
	d.out = drill.Result{Format: drill.Format, Plan: p.Name, PlanHash: p.Hash, Run: p.ID, Data: "generated", Checks: drill.Checks{Old: d.Old.Words(), New: d.New.Words()}}
	for _, id := range p.Tables() {
		d.out.Tables = append(d.out.Tables, id.String())
	}
	if d.Existing {
		d.out.Data, d.Rows = "found", []int64{0}
	}
	for _, ph := range p.Phases {
		for _, st := range ph.Steps {
			d.out.Production = max(d.out.Production, st.Estimate.Rows)
		}
	}
}

// leave runs what takes something away, also when the drill was interrupted.
func (d *practice) leave(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leave)
	defer cancel()
	return f(ctx)
}

// trial is nil when it didn't come to a first move.
func (d *practice) trial(ctx context.Context, rows int64) (out *drill.Trial, err error) {
	defer func() { err = errors.Join(err, d.leave(ctx, d.where.drop)) }()
	dsn, err := d.where.make(ctx)
	if err != nil {
		return nil, err
	}
	if _, mine := d.where.(*own); !d.Existing {
		fmt.Fprintf(d.Log, "the schema, and %d rows\n", rows)
		if err := build(ctx, dsn, d.tongue, d.statements, mine); err != nil {
			return nil, err
		}
	}
	db, err := d.Open(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("open the drill's database: %w", err)
	}
	defer db.Close()
	t := &trial{practice: d, dsn: dsn, db: db, watch: &watch{next: d.Observe}, probes: &probes{}, out: drill.Trial{Asked: rows}}
	if err := t.ready(ctx, rows); err != nil {
		return nil, err
	}
	err = t.run(ctx)
	if ended, nerr := db.Store.Now(context.WithoutCancel(ctx)); nerr == nil {
		d.out.Ended = ended.UTC()
	} else {
		err = errors.Join(err, fmt.Errorf("read the server's clock: %w", nerr))
	}
	return &t.out, err
}

// ready fills the tables, and makes sure that they are what the plan was made for before anything is practised on them.
func (t *trial) ready(ctx context.Context, rows int64) error {
	info, err := t.db.Server.Info(ctx)
	if err != nil {
		return fmt.Errorf("read the drill's server: %w", err)
	}
	t.practice.out.Server = drill.Server{Product: info.Product, Version: info.Version, Place: t.where.words()}
	if err := t.Plan.CheckServer(info, t.db.Name); err != nil {
		return err
	}
	if err := t.rows(ctx, rows); err != nil {
		return err
	}
	t.engine = engine.New(t.db, t.config(), t.watch.event)
	return t.sizes(ctx, t.Plan)
}

func (t *trial) rows(ctx context.Context, rows int64) error {
	if t.Existing {
		return nil
	}
	return fill(ctx, t.dsn, t.tongue, t.Plan, t.db, rows)
}

// config is that of the runner, without what speaks of production.
func (t *trial) config() engine.Config {
	c := t.Config
	c.MaxLag, c.MaxLatency, c.MaxActive, c.MaxLoad, c.CriticalLoad = 0, 0, 0, "", ""
	c.Query, c.FlagFile, c.HTTP.URL, c.KillBlockers, c.Replicas = "", "", "", false, nil
	c.Rehearsal = &engine.Rehearsal{Answer: t.standIns.answer}
	return c
}
