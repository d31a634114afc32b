package bench

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// Options of a measurement.
type Options struct {
	Kind    throwaway.Kind
	Rows    int  // 2,000,000
	Rounds  int  // 5
	Workers int  // 2
	Retype  bool // a change of a column's type in place of a rename
	Open    dialect.Open
	Out     io.Writer
}

// Result holds the medians of one server, in seconds, and the ratios that the
// project promises.
type Result struct {
	Server      string    `json:"server"`
	Change      string    `json:"change"` // rename or retype
	Rows        int       `json:"rows"`
	Rounds      int       `json:"rounds"`
	Plain       []float64 `json:"plain_update_s"`
	Batches     []float64 `json:"batches_of_1000_s"`
	Backfill    []float64 `json:"phasemig_s"`
	RatioPlain  float64   `json:"phasemig_over_plain"` // median of the rounds' ratios; promise: ≤ 1.3
	RateBatches float64   `json:"rate_over_batches"`   // promise: ≥ 1.2
	PeakMB      float64   `json:"client_peak_rss_mb"`  // of this process; promise: < 64
}

// Run measures one server.
func Run(ctx context.Context, o Options) (Result, error) {
	o.Rows, o.Rounds, o.Workers = cmp.Or(o.Rows, 2_000_000), cmp.Or(o.Rounds, 5), cmp.Or(o.Workers, 2)
	b, err := makeBed(ctx, o.Kind)
	if err != nil {
		return Result{}, err
	}
	defer b.close(ctx)
	m := &measure{o: o, db: b.db, dsn: b.dsn, sql: textFor(o.Kind), change: rename}
	if o.Retype {
		m.change = retype
	}
	return m.run(ctx, b.name())
}

type measure struct {
	o      Options
	db     *sql.DB
	dsn    string
	sql    text
	change change
}

// change is one example: the operation, and what a person would do by hand.
type change struct{ name, operation, from, to, column string }

var (
	rename = change{"rename", "rename_column: {table: users, from: full_name, to: display_name}", "full_name", "display_name", "display_name varchar(100)"}
	retype = change{"retype", "change_type: {table: users, column: score, type: bigint}", "score", "score_pm_new", "score_pm_new bigint"}
)

func (m *measure) run(ctx context.Context, server string) (Result, error) {
	r := Result{Server: server, Change: m.change.name, Rows: m.o.Rows, Rounds: m.o.Rounds}
	if err := m.exec(ctx, m.sql.load(m.o.Rows)...); err != nil {
		return r, fmt.Errorf("load %d rows: %w", m.o.Rows, err)
	}
	for i := range m.o.Rounds {
		for _, one := range []struct {
			name string
			f    func(context.Context) (time.Duration, error)
			to   *[]float64
		}{{"plain UPDATE", m.plain, &r.Plain}, {"batches of 1,000", m.batches, &r.Batches}, {"phasemig", m.phasemig, &r.Backfill}} {
			if err := m.exec(ctx, m.sql.reset()...); err != nil {
				return r, fmt.Errorf("copy the table: %w", err)
			}
			d, err := one.f(ctx)
			if err != nil {
				return r, fmt.Errorf("%s: %w", one.name, err)
			}
			*one.to = append(*one.to, d.Seconds())
			fmt.Fprintf(m.o.Out, "%s  round %d  %-16s %8.2f s\n", server, i+1, one.name, d.Seconds())
		}
	}
	r.RatioPlain = median(ratios(r.Backfill, r.Plain))
	r.RateBatches = median(ratios(r.Batches, r.Backfill))
	r.PeakMB = peakMB()
	return r, nil
}

func (m *measure) exec(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if _, err := m.db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%.80s: %w", s, err)
		}
	}
	return nil
}

// plain is one UPDATE over the whole table, with the column there and no trigger.
func (m *measure) plain(ctx context.Context) (time.Duration, error) {
	if err := m.exec(ctx, "ALTER TABLE users ADD COLUMN "+m.change.column); err != nil {
		return 0, err
	}
	begin := time.Now()
	err := m.exec(ctx, fmt.Sprintf("UPDATE users SET %s = %s", m.change.to, m.change.from))
	return time.Since(begin), err
}

// batches walks the key in steps of 1,000, each its own transaction, under the
// triggers that phasemig installs.
func (m *measure) batches(ctx context.Context) (time.Duration, error) {
	p, db, err := m.plan(ctx)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	undo, err := m.installOnly(ctx, db, p)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	for id := 0; id < m.o.Rows; id += 1000 {
		q := fmt.Sprintf("UPDATE users SET %s = %s WHERE id > %d AND id <= %d", p.Syncs[0].New[0].Name, m.change.from, id, id+1000)
		if _, err := m.db.ExecContext(ctx, q); err != nil {
			return 0, err
		}
	}
	return time.Since(begin), undo()
}

func (m *measure) plan(ctx context.Context) (*plans.Plan, *dialect.Database, error) {
	db, err := m.o.Open(ctx, m.dsn)
	if err != nil {
		return nil, nil, err
	}
	c, err := plans.ParseChange([]byte("name: bench\nreplicas: none\noperations: [{" + m.change.operation + "}]\n"))
	if err != nil {
		return nil, nil, err
	}
	f, err := db.Reader.Facts(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	p, err := plans.Build(c, &f, db.Rules)
	return p, db, err
}

// installOnly runs expand up to the backfill, by letting an engine stop there.
func (m *measure) installOnly(ctx context.Context, db *dialect.Database, p *plans.Plan) (func() error, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e := engine.New(db, engine.Config{Workers: 1}, func(ev engine.Event) {
		if s, ok := ev.(engine.StepStarted); ok && s.Step.Kind == plans.Backfill {
			cancel()
		}
	})
	if _, err := e.Apply(ctx, p, engine.Options{Phase: plans.Expand}); err == nil || ctx.Err() == nil {
		return nil, fmt.Errorf("stop before the backfill: %w", err)
	}
	return func() error { return m.rollback(context.WithoutCancel(ctx), db, p) }, nil
}

func (m *measure) rollback(ctx context.Context, db *dialect.Database, p *plans.Plan) error {
	e := engine.New(db, engine.Config{}, nil)
	if _, err := e.Rollback(ctx, p.ID, engine.RollbackOptions{All: true}); err != nil {
		return err
	}
	_, err := e.Cleanup(ctx, p.ID, false)
	return err
}

// phasemig is the time of the backfill step as the engine ran it, checkpoints,
// sweep and all.
func (m *measure) phasemig(ctx context.Context) (time.Duration, error) {
	p, db, err := m.plan(ctx)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var took time.Duration
	e := engine.New(db, engine.Config{Workers: m.o.Workers}, func(ev engine.Event) {
		switch s := ev.(type) {
		case engine.StepDone:
			if strings.HasSuffix(s.Step, string(plans.Backfill)) {
				took = s.Elapsed
			}
		case engine.Throttled: // told once a second: it belongs to the figure, and the reader should know
			fmt.Fprintf(m.o.Out, "    throttled to %.0f %%: %s\n", 100*s.Share, s.Reason)
		}
	})
	if _, err := e.Apply(ctx, p, engine.Options{Phase: plans.Expand}); err != nil {
		return 0, err
	}
	return took, m.rollback(ctx, db, p)
}

func ratios(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] / b[i]
	}
	return out
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// Median is the middle of a measurement's rounds.
func Median(v []float64) float64 { return median(v) }

// peakMB is the largest memory this process ever had resident, in MB. It is read
// from the kernel and 0 where the kernel doesn't tell.
func peakMB() float64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	var kb float64
	if _, after, ok := strings.Cut(string(b), "VmHWM:"); ok {
		if _, err := fmt.Sscanf(after, "%f", &kb); err != nil {
			return 0
		}
	}
	return kb / 1024
}
