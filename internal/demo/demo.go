package demo

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/gate"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/internal/traffic"
	"github.com/phasemig/phasemig/plans"
)

// Options say what is shown.
type Options struct {
	Kind throwaway.Kind
	Rows int // 300,000
	// Writers of each application version: 4.
	Writers int
	Open    dialect.Open
	Out     io.Writer // the report
	Err     io.Writer // what happens meanwhile
}

func (o Options) withDefaults() Options {
	o.Kind = cmp.Or(o.Kind, throwaway.Postgres)
	o.Rows = cmp.Or(o.Rows, 300_000)
	o.Writers = cmp.Or(o.Writers, 4)
	return o
}

const (
	// breath is the time between two transactions of a writer: eight writers at full speed
	// would show the machine's limits and not the migration.
	breath = 10 * time.Millisecond
	// alone is how long the application runs without a migration, to compare with.
	alone = 1500 * time.Millisecond
	// together is how long both versions run side by side, and each side of the roll-out.
	together = 1500 * time.Millisecond
)

// gates that a demo can wait for: one person, and a soak of two seconds.
const gates = `gates:
  contract:
    - approval: {by: 1, requester: true}
    - soak: {for: 2s}
`

// Run shows the main job. Canceling ctx ends it early and leaves nothing behind.
func Run(ctx context.Context, o Options) (err error) {
	o = o.withDefaults()
	s := newScreen(o.Err)
	defer s.close()
	s.title("a server of its own")
	server, err := throwaway.Start(ctx, o.Kind, throwaway.Options{AllowInstall: true, Log: s, Settings: settings(o.Kind)})
	if err != nil {
		return fmt.Errorf("start a server: %w", err)
	}
	defer func() {
		// Ctrl-C has canceled ctx, and the server must go all the same.
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		err = errors.Join(err, server.Stop(stop))
	}()
	d := &show{options: o, screen: s, server: server, scenario: traffic.Rename()}
	if err := d.run(ctx); err != nil {
		return err
	}
	return d.report.write(o.Out)
}

// settings give the server the log that one of its size has in production: with
// the smallest one that it can have, the backfill would be held back by it.
func settings(k throwaway.Kind) []string {
	switch k {
	case throwaway.MySQL:
		return []string{"innodb-redo-log-capacity=1G"}
	case throwaway.MariaDB:
		return []string{"innodb-log-file-size=1G"}
	}
	return []string{"max_wal_size=4GB"}
}

// show is one demo at work.
type show struct {
	options  Options
	screen   *screen
	server   *throwaway.Server
	scenario traffic.Scenario
	dsn      string
	db       *sql.DB
	fleet    *traffic.Fleet
	engine   *engine.Engine
	plan     *plans.Plan
	report   report
}

func (d *show) run(ctx context.Context) error {
	if err := d.load(ctx); err != nil {
		return err
	}
	defer d.db.Close()
	target, err := d.options.Open(ctx, d.dsn)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	defer target.Close()
	d.engine = engine.New(target, engine.Config{}, d.event)
	if d.fleet, err = traffic.Start(ctx, traffic.Options{DSN: d.dsn, Scenario: d.scenario, Rows: d.options.Rows, Seed: 1, Pause: breath}); err != nil {
		return err
	}
	defer d.fleet.Stop()
	d.screen.watch(d.fleet)
	for _, act := range []func(context.Context) error{d.alone, func(ctx context.Context) error { return d.makePlan(ctx, target) },
		d.expand, d.rollOut, d.switchOver, d.retire, d.contract, d.judge} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *show) load(ctx context.Context) error {
	d.screen.title("a table of %s rows", grouped(int64(d.options.Rows)))
	if err := d.server.CreateDatabase(ctx, "demo"); err != nil {
		return err
	}
	d.dsn = d.server.DSN("demo")
	var err error
	if d.db, err = throwaway.Open(d.dsn); err != nil {
		return err
	}
	begin := time.Now()
	if err := traffic.Create(ctx, d.db, d.dsn, d.options.Rows); err != nil {
		return errors.Join(fmt.Errorf("create the table: %w", err), d.db.Close())
	}
	d.report.server = fmt.Sprintf("%s %s", d.server.Kind(), d.server.Version())
	d.report.loaded = int64(d.options.Rows)
	d.screen.line("users loaded in %s; full_name has an index, a place in another one, and a comment", seconds(time.Since(begin)))
	return nil
}

// alone is the application without a migration: what deadlocks and stalls it has
// anyway.
func (d *show) alone(ctx context.Context) error {
	d.screen.title("the application alone: %d writers of the old version", d.options.Writers)
	d.fleet.SetVersions(d.options.Writers, 0)
	if err := pause.For(ctx, alone); err != nil {
		return err
	}
	d.report.before = d.fleet.Lap()
	d.screen.line("%s", brief(d.report.before))
	return nil
}

func (d *show) makePlan(ctx context.Context, target *dialect.Database) error {
	d.screen.title("plan")
	c, err := plans.ParseChange([]byte(d.scenario.Change(d.dsn, "none", gates)))
	if err != nil {
		return err
	}
	facts, err := target.Reader.Facts(ctx, c)
	if err != nil {
		return fmt.Errorf("read the schema: %w", err)
	}
	if d.plan, err = plans.Build(c, &facts, target.Rules); err != nil {
		return err
	}
	for _, ph := range d.plan.Phases {
		d.screen.line("%-8s  %s", ph.Name, stepNames(ph))
	}
	return nil
}

func (d *show) expand(ctx context.Context) error {
	d.screen.title("expand: the new column, in step both ways, filled, verified")
	return d.apply(ctx, plans.Expand)
}

func (d *show) rollOut(ctx context.Context) error {
	d.screen.title("roll-out: %d writers of the old version, %d of the new one, side by side", d.options.Writers, d.options.Writers)
	d.fleet.SetVersions(d.options.Writers, d.options.Writers)
	return pause.For(ctx, together)
}

func (d *show) switchOver(ctx context.Context) error {
	d.screen.title("switch: the gates")
	return d.apply(ctx, plans.Switch)
}

func (d *show) retire(ctx context.Context) error {
	d.screen.title("the old version is stopped, and somebody approves")
	d.fleet.SetVersions(0, d.options.Writers)
	if err := pause.For(ctx, together/2); err != nil {
		return err
	}
	v, err := d.engine.Verify(ctx, d.plan.ID)
	if err != nil {
		return err
	}
	for _, t := range v.Tables {
		d.report.verified += t.Rows
		d.report.differ += t.Differ
		d.screen.line("%s compared on stored bytes, %s differ", plural(t.Rows, "row"), grouped(t.Differ))
	}
	a, err := d.engine.Approve(ctx, d.plan.ID, plans.Contract, "the old version is gone")
	if err != nil {
		return err
	}
	d.screen.line("contract approved by %s", a.By)
	return nil
}

// contract calls until the soak is over, as a pipeline would.
func (d *show) contract(ctx context.Context) error {
	d.screen.title("contract: hide, soak, drop")
	return d.apply(ctx, plans.Contract)
}

func (d *show) apply(ctx context.Context, ph plans.PhaseName) error {
	begin := time.Now()
	for {
		_, err := d.engine.Apply(ctx, d.plan, engine.Options{Phase: ph})
		var held *gate.HeldError
		if errors.As(err, &held) && held.Verdict.Retry > 0 {
			if err := pause.For(ctx, held.Verdict.Retry); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", ph, err)
		}
		d.report.phase(ph, time.Since(begin))
		return nil
	}
}

// judge stops the application and compares every row with what it committed.
func (d *show) judge(ctx context.Context) error {
	d.fleet.SetVersions(0, 0)
	d.report.during = d.fleet.Report()
	d.screen.title("every row against what the application committed")
	rows, err := d.fleet.Model().Check(ctx, d.db, traffic.Names{New: d.scenario.Columns[traffic.New]})
	d.report.rows = rows
	if err != nil {
		return fmt.Errorf("compare with what was committed: %w", err)
	}
	return d.report.verdict()
}
