package bench

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// ShadowOptions of a measurement of the shadow copy.
type ShadowOptions struct {
	Kind    throwaway.Kind
	Rows    int           // 1,000,000
	Rounds  int           // 7
	Workers int           // 2
	Load    time.Duration // how long writers run alone before a migration under load; 0: no load is measured
	Open    dialect.Open
	Out     io.Writer
}

// ShadowResult holds the rounds of one server, in seconds, and the ratios that the
// project promises.
type ShadowResult struct {
	Server  string    `json:"server"`
	Rows    int       `json:"rows"`
	Rounds  int       `json:"rounds"`
	Native  []float64 `json:"native_copy_s"`
	Shadow  []float64 `json:"phasemig_s"` // plan, copy, comparison and cut-over
	Copy    []float64 `json:"copy_s"`
	Compare []float64 `json:"compare_s"`
	// Ratio and RatioCopy are medians of the rounds' ratios to native; promises: ≤ 1.35 and ≤ 1.1.
	Ratio     float64 `json:"phasemig_over_native"`
	RatioCopy float64 `json:"copy_over_native"`
	PeakMB    float64 `json:"client_peak_rss_mb"`       // of this process; promise: ≤ 64
	CPU       float64 `json:"client_cpu_s_per_million"` // promise: ≤ 1
	RowsPerS  float64 `json:"rows_per_s"`               // of the copy, median
	Peers     []*Peer `json:"peers,omitempty"`
	Load      *Loaded `json:"under_saturating_writes,omitempty"`
}

// sysbench is the table that the field measures on.
const sysbench = "CREATE TABLE sbtest1 (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, k INT NOT NULL DEFAULT 0, c CHAR(120) NOT NULL DEFAULT '', pad CHAR(60) NOT NULL DEFAULT '', KEY k_1 (k)) ENGINE=InnoDB CHARACTER SET latin1"

// RunShadow measures one server.
func RunShadow(ctx context.Context, o ShadowOptions) (ShadowResult, error) {
	o.Rows, o.Rounds, o.Workers = cmp.Or(o.Rows, 1_000_000), cmp.Or(o.Rounds, 7), cmp.Or(o.Workers, 2)
	b, err := makeBed(ctx, o.Kind)
	if err != nil {
		return ShadowResult{}, err
	}
	defer b.close(ctx)
	m := &shadowMeasure{o: o, db: b.db, dsn: b.dsn, addr: b.srv.Addr(), plan: widen, writes: writeOnly(o.Rows)}
	m.reset = func(ctx context.Context) error {
		return m.exec(ctx, "ALTER TABLE sbtest1 MODIFY k INT NOT NULL DEFAULT 0, ALGORITHM=COPY")
	}
	return m.run(ctx, b.name())
}

type shadowMeasure struct {
	o         ShadowOptions
	db        *sql.DB
	dsn, addr string
	plan      planner
	reset     func(context.Context) error // gives the table its first shape
	writes    transactions                // what an application does meanwhile
}

// planner plans the change that is measured.
type planner func(context.Context, *dialect.Database) (*plans.Plan, error)

func (m *shadowMeasure) run(ctx context.Context, server string) (ShadowResult, error) {
	r := ShadowResult{Server: server, Rows: m.o.Rows, Rounds: m.o.Rounds, Peers: installed(ctx)}
	if err := m.load(ctx); err != nil {
		return r, fmt.Errorf("load %d rows: %w", m.o.Rows, err)
	}
	var cpu float64
	for i := range m.o.Rounds {
		native, err := m.native(ctx)
		if err != nil {
			return r, fmt.Errorf("native: %w", err)
		}
		before := cpuSeconds()
		one, err := m.shadow(ctx)
		if err != nil {
			return r, fmt.Errorf("phasemig: %w", err)
		}
		cpu += cpuSeconds() - before
		r.Native, r.Shadow = append(r.Native, native.Seconds()), append(r.Shadow, one.all.Seconds())
		r.Copy, r.Compare = append(r.Copy, one.copy.Seconds()), append(r.Compare, one.compare.Seconds())
		fmt.Fprintf(m.o.Out, "%s  round %d  native %.2f s  phasemig %.2f s (copy %.2f s, compare %.2f s, cut-over %s)\n", server, i+1, native.Seconds(), one.all.Seconds(),
			one.copy.Seconds(), one.compare.Seconds(), one.note)
		if err := m.peers(ctx, r.Peers); err != nil {
			return r, err
		}
	}
	for _, p := range r.Peers {
		p.Ratio = median(ratios(r.Shadow[:len(p.Took)], p.Took))
	}
	r.Ratio, r.RatioCopy = median(ratios(r.Shadow, r.Native)), median(ratios(r.Copy, r.Native))
	r.PeakMB, r.CPU = peakMB(), cpu/float64(m.o.Rounds)/(float64(m.o.Rows)/1e6)
	r.RowsPerS = float64(m.o.Rows) / median(r.Copy)
	if m.o.Load > 0 {
		var err error
		if r.Load, err = m.underLoad(ctx, median(r.Shadow)); err != nil {
			return r, fmt.Errorf("under load: %w", err)
		}
	}
	return r, nil
}

// peers lets the other tools make the same change, each on the table as it was.
func (m *shadowMeasure) peers(ctx context.Context, list []*Peer) error {
	for _, p := range list {
		p.run(ctx, m.addr)
		if n := len(p.Took); n > 0 && p.Failed == "" {
			fmt.Fprintf(m.o.Out, "    %s %.2f s\n", p.Name, p.Took[n-1])
		}
		if err := m.reset(ctx); err != nil {
			return fmt.Errorf("take back what %s did: %w", p.Name, err)
		}
	}
	return nil
}

func (m *shadowMeasure) exec(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if _, err := m.db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%.80s: %w", s, err)
		}
	}
	return nil
}

// load fills the table with rows as sysbench makes them: digits in groups.
func (m *shadowMeasure) load(ctx context.Context) error {
	m.db.SetMaxOpenConns(1)
	defer m.db.SetMaxOpenConns(0)
	const step = 100_000
	depth := "cte_max_recursion_depth"
	if m.o.Kind == throwaway.MariaDB {
		depth = "max_recursive_iterations"
	}
	if err := m.exec(ctx, sysbench, "SET SESSION "+depth+" = 1000000"); err != nil {
		return err
	}
	for from := 0; from < m.o.Rows; from += step {
		n := min(step, m.o.Rows-from)
		q := fmt.Sprintf(`INSERT INTO sbtest1 (k, c, pad) WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			SELECT FLOOR(1 + RAND(%d + i) * %d), CONCAT_WS('-', LPAD(FLOOR(RAND() * 1e11), 11, '0'), %s), CONCAT_WS('-', %s) FROM n`, n, from, m.o.Rows, digits(9), digits(5))
		if err := m.exec(ctx, q); err != nil {
			return err
		}
	}
	return m.exec(ctx, "ANALYZE TABLE sbtest1")
}

func digits(n int) string {
	return strings.TrimSuffix(strings.Repeat("LPAD(FLOOR(RAND() * 1e11), 11, '0'), ", n), ", ")
}

// native is the server's own ALTER TABLE, there and back, so that each round begins
// with the same table; the way there is measured.
func (m *shadowMeasure) native(ctx context.Context) (time.Duration, error) {
	begin := time.Now()
	if err := m.exec(ctx, "ALTER TABLE sbtest1 MODIFY k BIGINT NOT NULL DEFAULT 0, ALGORITHM=COPY"); err != nil {
		return 0, err
	}
	took := time.Since(begin)
	return took, m.exec(ctx, "ALTER TABLE sbtest1 MODIFY k INT NOT NULL DEFAULT 0, ALGORITHM=COPY")
}

// timed is one migration.
type timed struct {
	all, copy, compare time.Duration
	note               string
	said               []string // what an operator was told
}

func (m *shadowMeasure) shadow(ctx context.Context) (timed, error) {
	t, err := m.migrate(ctx, engine.Config{Workers: m.o.Workers})
	if err != nil {
		return t, err
	}
	return t, m.reset(ctx)
}

// migrate is everything from the plan to the cut-over, and contract outside of the
// time.
func (m *shadowMeasure) migrate(ctx context.Context, c engine.Config) (timed, error) {
	var t timed
	begin := time.Now()
	db, err := m.o.Open(ctx, m.dsn)
	if err != nil {
		return t, err
	}
	defer db.Close()
	p, err := m.plan(ctx, db)
	if err != nil {
		return t, err
	}
	e := engine.New(db, c, func(ev engine.Event) { t.see(ev) })
	for _, ph := range []plans.PhaseName{plans.Expand, plans.Switch} {
		if _, err := e.Apply(ctx, p, engine.Options{Phase: ph}); err != nil {
			return t, err
		}
	}
	t.all = time.Since(begin)
	if _, err := e.Apply(ctx, p, engine.Options{Phase: plans.Contract}); err != nil {
		return t, err
	}
	_, err = e.Cleanup(ctx, p.ID, false)
	return t, err
}

func (t *timed) see(ev engine.Event) {
	switch n := ev.(type) {
	case engine.Note:
		t.said = append(t.said, n.Text)
	case engine.Throttled: // the last word is enough
		if i := slices.IndexFunc(t.said, func(s string) bool { return strings.HasPrefix(s, "throttled") }); i >= 0 {
			t.said = slices.Delete(t.said, i, i+1)
		}
		t.said = append(t.said, fmt.Sprintf("throttled to %.0f %%: %s", 100*n.Share, n.Reason))
	}
	s, ok := ev.(engine.StepDone)
	switch {
	case !ok:
	case strings.HasSuffix(s.Step, string(plans.CopyRows)):
		t.copy = s.Elapsed
	case strings.HasSuffix(s.Step, string(plans.CompareShadow)):
		t.compare = s.Elapsed
	case strings.HasSuffix(s.Step, string(plans.CutOver)):
		t.note = s.Note
	}
}

func widen(ctx context.Context, db *dialect.Database) (*plans.Plan, error) {
	c := plans.Change{Name: "bench", Strategy: "shadow", Replicas: plans.Replicas{"none"}, Gates: plans.NoGates(),
		Operations: []plans.Operation{{AlterTable: &plans.AlterTable{Table: "sbtest1", SQL: "MODIFY k BIGINT NOT NULL DEFAULT 0"}}}}
	f, err := db.Reader.Facts(ctx, c)
	if err != nil {
		return nil, err
	}
	return plans.Build(c, &f, db.Rules)
}

// cpuSeconds is what this process has used.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
