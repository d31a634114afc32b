package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/engine"
	"github.com/phasemig/phasemig/internal/pause"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// Loaded is a migration under saturating writes.
type Loaded struct {
	Writers  int     `json:"writers"`
	Took     float64 `json:"phasemig_s"`
	OverIdle float64 `json:"over_idle"` // promise: ≤ 2 × idle + 10 s
	// Latencies of the application's transactions in ms, and transactions a second, alone and during.
	P99Alone float64 `json:"p99_alone_ms"`
	P99      float64 `json:"p99_ms"`
	Longest  float64 `json:"longest_ms"`
	TPSAlone float64 `json:"tps_alone"`
	TPS      float64 `json:"tps"`
	Errors   int     `json:"application_errors"`
	CutOver  string  `json:"cut_over"`
	// Stalls are the application's longest transactions in ms around ten exchanges of the
	// tables, there and back; promise: a median ≤ 200.
	Stalls  []float64 `json:"cut_over_stalls_ms"`
	Limited *Limited  `json:"under_max_latency,omitempty"`
}

// Limited is a migration while the latency of the writers' transactions is limited.
type Limited struct {
	Limit    float64  `json:"max_latency_ms"` // twice the p99 that the writers' transactions had alone
	P99      float64  `json:"p99_ms"`         // of their transactions; promise: ≤ the limit
	Took     float64  `json:"phasemig_s"`
	OverIdle float64  `json:"over_idle"` // promise: ≤ 10
	Said     []string `json:"said,omitempty"`
}

const loadWriters = 4

// underLoad migrates the table while writers write.
func (m *shadowMeasure) underLoad(ctx context.Context, idle float64) (*Loaded, error) {
	w, err := startWriters(ctx, m.dsn, m.writes)
	if err != nil {
		return nil, err
	}
	defer w.stop()
	if err := pause.For(ctx, m.o.Load); err != nil {
		return nil, err
	}
	alone := w.lap()
	t, err := m.migrate(ctx, engine.Config{Workers: m.o.Workers})
	if err != nil {
		return nil, err
	}
	during := w.lap()
	l := &Loaded{Writers: loadWriters, Took: t.all.Seconds(), OverIdle: t.all.Seconds() / idle, CutOver: t.note,
		P99Alone: alone.percentile(.99), P99: during.percentile(.99), Longest: during.percentile(1), TPSAlone: alone.rate(), TPS: during.rate(), Errors: during.errors}
	fmt.Fprintf(m.o.Out, "under %d writers: %.2f s (%.2f × idle; copy %.2f s, compare %.2f s), p99 %.1f → %.1f ms, longest %.0f ms, %.0f → %.0f tps, %d application errors, %s\n",
		l.Writers, l.Took, l.OverIdle, t.copy.Seconds(), t.compare.Seconds(), l.P99Alone, l.P99, l.Longest, l.TPSAlone, l.TPS, l.Errors, l.CutOver)
	if l.Stalls, err = m.cutOvers(ctx, w); err != nil {
		return l, fmt.Errorf("exchange the tables: %w", err)
	}
	if l.Limited, err = m.limited(ctx, w, idle); err != nil {
		return l, fmt.Errorf("with a limit on the latency: %w", err)
	}
	return l, w.stop()
}

// cutOvers exchanges the tables ten times, and returns the longest transaction around
// each.
func (m *shadowMeasure) cutOvers(ctx context.Context, w *writers) ([]float64, error) {
	if err := m.reset(ctx); err != nil {
		return nil, err
	}
	db, err := m.o.Open(ctx, m.dsn)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	p, err := m.plan(ctx, db)
	if err != nil {
		return nil, err
	}
	e := engine.New(db, engine.Config{Workers: m.o.Workers}, nil)
	if _, err := e.Apply(ctx, p, engine.Options{Phase: plans.Expand}); err != nil {
		return nil, err
	}
	var stalls []float64
	for n := range 10 {
		w.lap()
		if n%2 == 0 {
			_, err = e.Apply(ctx, p, engine.Options{Phase: plans.Switch})
		} else {
			_, err = e.Rollback(ctx, p.ID, engine.RollbackOptions{})
		}
		if err != nil {
			return stalls, err
		}
		stalls = append(stalls, w.lap().percentile(1))
	}
	fmt.Fprintf(m.o.Out, "ten cut-overs: longest transaction at the median %.0f ms, of all %.0f ms\n", median(stalls), slices.Max(stalls))
	if _, err := e.Rollback(ctx, p.ID, engine.RollbackOptions{All: true}); err != nil {
		return stalls, err
	}
	_, err = e.Cleanup(ctx, p.ID, false)
	return stalls, err
}

// limited migrates with a limit of twice the p99 that the writers have alone.
func (m *shadowMeasure) limited(ctx context.Context, w *writers, idle float64) (*Limited, error) {
	if err := m.reset(ctx); err != nil {
		return nil, err
	}
	w.lap()
	if err := pause.For(ctx, m.o.Load); err != nil {
		return nil, err
	}
	limit := 2 * w.lap().percentile(.99)
	t, err := m.migrate(ctx, engine.Config{Workers: m.o.Workers, MaxLatency: time.Duration(limit * float64(time.Millisecond))})
	if err != nil {
		return nil, err
	}
	during := w.lap()
	l := &Limited{Limit: limit, P99: during.percentile(.99), Took: t.all.Seconds(), OverIdle: t.all.Seconds() / idle, Said: t.said}
	fmt.Fprintf(m.o.Out, "with --max-latency %.1f ms: %.2f s (%.2f × idle; copy %.2f s, compare %.2f s), p99 %.1f ms; said: %s\n",
		l.Limit, l.Took, l.OverIdle, t.copy.Seconds(), t.compare.Seconds(), l.P99, strings.Join(l.Said, "; "))
	return l, nil
}

// writers are an application that writes as fast as the server lets it.
type writers struct {
	db     *sql.DB
	make   transactions
	cancel context.CancelFunc
	group  *errgroup.Group

	mu    sync.Mutex
	times []float64 // of transactions, in ms
	errs  int
	begin time.Time
	over  error
	once  sync.Once
}

// transactions makes the statements of the next transaction.
type transactions func(r *rand.Rand) []string

func startWriters(ctx context.Context, dsn string, made transactions) (*writers, error) {
	db, err := throwaway.Open(dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxIdleConns(loadWriters)
	ctx, cancel := context.WithCancel(ctx)
	w := &writers{db: db, make: made, cancel: cancel, group: &errgroup.Group{}, begin: time.Now()}
	for n := range loadWriters {
		w.group.Go(func() error { return w.write(ctx, rand.New(rand.NewPCG(uint64(n), 1))) })
	}
	return w, nil
}

func (w *writers) stop() error {
	w.once.Do(func() {
		w.cancel()
		w.over = w.group.Wait()
		_ = w.db.Close()
	})
	return w.over
}

func (w *writers) write(ctx context.Context, r *rand.Rand) error {
	for ctx.Err() == nil {
		begin := time.Now()
		err := w.transaction(ctx, r)
		if ctx.Err() != nil {
			return nil
		}
		w.note(time.Since(begin), err)
	}
	return nil
}

func (w *writers) note(d time.Duration, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times = append(w.times, float64(d.Microseconds())/1000)
	var e *mysql.MySQLError
	if err != nil && (!errors.As(err, &e) || e.Number != 1213 && e.Number != 1205) {
		w.errs++
	}
}

// writeOnly are those of oltp_write_only: an update of an indexed column, one of another,
// a delete and an insert of the same row.
func writeOnly(rows int) transactions {
	return func(r *rand.Rand) []string {
		id := func() int { return 1 + r.IntN(rows) }
		text := fmt.Sprintf("%011d-%011d-%011d-%011d-%011d", r.Uint32(), r.Uint32(), r.Uint32(), r.Uint32(), r.Uint32())
		again := id()
		return []string{
			fmt.Sprintf("UPDATE sbtest1 SET k = k + 1 WHERE id = %d", id()),
			fmt.Sprintf("UPDATE sbtest1 SET c = '%s-%s' WHERE id = %d", text, text, id()),
			fmt.Sprintf("DELETE FROM sbtest1 WHERE id = %d", again),
			fmt.Sprintf("INSERT INTO sbtest1 (id, k, c, pad) VALUES (%d, %d, '%s-%s', '%s')", again, id(), text, text, text),
		}
	}
}

// simpleUpdate are those of pgbench's script of this name.
func simpleUpdate(rows int) transactions {
	return func(r *rand.Rand) []string {
		aid, delta := 1+r.IntN(rows), r.IntN(10001)-5000
		return []string{
			fmt.Sprintf("UPDATE pgbench_accounts SET abalance = abalance + %d WHERE aid = %d", delta, aid),
			fmt.Sprintf("SELECT abalance FROM pgbench_accounts WHERE aid = %d", aid),
			fmt.Sprintf("INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, %d, %d, CURRENT_TIMESTAMP)", aid, delta),
		}
	}
}

func (w *writers) transaction(ctx context.Context, r *rand.Rand) error {
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, q := range w.make(r) {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// lap is what was measured since the last one.
type lap struct {
	times  []float64 // sorted
	errors int
	took   time.Duration
}

func (w *writers) lap() lap {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := lap{times: w.times, errors: w.errs, took: time.Since(w.begin)}
	w.times, w.errs, w.begin = nil, 0, time.Now()
	slices.Sort(l.times)
	return l
}

func (l lap) percentile(p float64) float64 { return percentile(l.times, p) }

func percentile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(float64(len(sorted))*p), len(sorted)-1)]
}

func (l lap) rate() float64 { return float64(len(l.times)) / l.took.Seconds() }
