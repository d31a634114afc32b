package bench

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// RepackOptions of a measurement beside pg_repack.
type RepackOptions struct {
	Kind    throwaway.Kind
	Rows    int           // 2,000,000
	Rounds  int           // 7
	Workers int           // 2
	Load    time.Duration // how long writers run alone before a migration under load; 0: no load is measured
	Open    dialect.Open
	Out     io.Writer
}

// RepackResult holds the rounds of one server in seconds.
type RepackResult struct {
	Server  string    `json:"server"`
	Peer    string    `json:"peer"`
	Rows    int       `json:"rows"`
	Rounds  int       `json:"rounds"`
	Repack  []float64 `json:"pg_repack_s"`
	Shadow  []float64 `json:"phasemig_s"` // plan, copy, comparison and cut-over
	Copy    []float64 `json:"copy_s"`
	Compare []float64 `json:"compare_s"`
	Ratio   float64   `json:"phasemig_over_pg_repack"` // median of the rounds' ratios; promise: ≤ 2
	PeakMB  float64   `json:"client_peak_rss_mb"`      // of this process; promise: ≤ 64
	Load    *Loaded   `json:"under_saturating_writes,omitempty"`
}

// ErrNoPeer tells that there is nothing to compare with.
var ErrNoPeer = errors.New("pg_repack isn't installed for this server")

// RunRepack measures writing a table anew, as it is, beside pg_repack doing so. pg_repack compares nothing
// afterwards, and phasemig every row. ErrNoPeer where it isn't installed: on Debian the package is
// postgresql-15-repack.
func RunRepack(ctx context.Context, o RepackOptions) (RepackResult, error) {
	o.Rows, o.Rounds, o.Workers = cmp.Or(o.Rows, 2_000_000), cmp.Or(o.Rounds, 7), cmp.Or(o.Workers, 2)
	b, err := makeBed(ctx, o.Kind)
	if err != nil {
		return RepackResult{}, err
	}
	defer b.close(ctx)
	m := &repackMeasure{shadowMeasure: shadowMeasure{o: ShadowOptions(o), db: b.db, dsn: b.dsn, addr: b.srv.Addr(), plan: rewrite, writes: simpleUpdate(o.Rows)}}
	m.reset = func(ctx context.Context) error { return m.exec(ctx, "VACUUM ANALYZE pgbench_accounts", "CHECKPOINT") }
	if m.program, err = m.find(ctx); err != nil {
		return RepackResult{}, err
	}
	return m.run(ctx, b.name())
}

type repackMeasure struct {
	shadowMeasure
	program string
}

// find looks for the program and for what it needs in the server.
func (m *repackMeasure) find(ctx context.Context) (string, error) {
	program := "/usr/lib/postgresql/" + strings.TrimPrefix(string(m.o.Kind), "postgres") + "/bin/pg_repack"
	if _, err := os.Stat(program); err != nil {
		return "", ErrNoPeer
	}
	var name string
	err := m.db.QueryRowContext(ctx, "SELECT name FROM pg_available_extensions WHERE name = 'pg_repack'").Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrNoPeer
	}
	if err != nil {
		return "", fmt.Errorf("look for pg_repack: %w", err)
	}
	return program, m.exec(ctx, "CREATE EXTENSION pg_repack")
}

func (m *repackMeasure) run(ctx context.Context, server string) (RepackResult, error) {
	r := RepackResult{Server: server, Rows: m.o.Rows, Rounds: m.o.Rounds}
	version, err := exec.CommandContext(ctx, m.program, "--version").Output()
	if err != nil {
		return r, fmt.Errorf("%s --version: %w", m.program, err)
	}
	r.Peer = strings.TrimSpace(string(version))
	if err := m.exec(ctx, "CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84))",
		"CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22))",
		fmt.Sprintf("INSERT INTO pgbench_accounts SELECT g, 1 + g / 100000, 0, '' FROM generate_series(1, %d) AS g", m.o.Rows)); err != nil {
		return r, err
	}
	for i := range m.o.Rounds {
		if err := m.reset(ctx); err != nil {
			return r, err
		}
		peer, err := m.repack(ctx)
		if err != nil {
			return r, err
		}
		if err := m.reset(ctx); err != nil {
			return r, err
		}
		one, err := m.migrate(ctx, engine.Config{Workers: m.o.Workers})
		if err != nil {
			return r, fmt.Errorf("phasemig: %w", err)
		}
		r.Repack, r.Shadow = append(r.Repack, peer.Seconds()), append(r.Shadow, one.all.Seconds())
		r.Copy, r.Compare = append(r.Copy, one.copy.Seconds()), append(r.Compare, one.compare.Seconds())
		fmt.Fprintf(m.o.Out, "%s  round %d  pg_repack %.2f s  phasemig %.2f s (copy %.2f s, compare %.2f s, cut-over %s)\n", server, i+1, peer.Seconds(), one.all.Seconds(),
			one.copy.Seconds(), one.compare.Seconds(), one.note)
	}
	r.Ratio, r.PeakMB = median(ratios(r.Shadow, r.Repack)), peakMB()
	if m.o.Load > 0 {
		if r.Load, err = m.underLoad(ctx, median(r.Shadow)); err != nil {
			return r, fmt.Errorf("under load: %w", err)
		}
	}
	return r, nil
}

// repack writes the table anew in the order of the heap, as phasemig does.
func (m *repackMeasure) repack(ctx context.Context) (time.Duration, error) {
	host, port, err := net.SplitHostPort(m.addr)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	c := exec.CommandContext(ctx, m.program, "-h", host, "-p", port, "-U", "postgres", "-d", "bench", "--no-order", "-t", "pgbench_accounts")
	if out, err := c.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("pg_repack: %w: %s", err, out)
	}
	return time.Since(begin), nil
}

func rewrite(ctx context.Context, db *dialect.Database) (*plans.Plan, error) {
	c, err := plans.ParseChange([]byte("name: bench\nreplicas: none\noperations: [{rewrite_table: {table: pgbench_accounts}}]\n"))
	if err != nil {
		return nil, err
	}
	c.Gates = plans.NoGates()
	f, err := db.Reader.Facts(ctx, c)
	if err != nil {
		return nil, err
	}
	return plans.Build(c, &f, db.Rules)
}
