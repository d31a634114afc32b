package traffic

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// Options say what runs.
type Options struct {
	DSN      string
	Scenario Scenario
	Rows     int // as given to Create
	// OldWriters and NewWriters run at first; see SetVersions.
	OldWriters, NewWriters int
	Seed                   uint64
	Pause                  time.Duration // between two transactions of a writer, or two reads
}

// maxWriters of one version: each has a slot of its own.
const maxWriters = slots / 2

// Fleet is the application: its writers and readers, of both versions.
type Fleet struct {
	options Options
	ctx     context.Context
	db      *sql.DB
	model   *Model
	slots   [slots]*slot
	unique  atomic.Int64
	highest atomic.Int64

	mu      sync.Mutex
	workers [2][]*worker
	past    meter // of workers that have ended
	since   time.Time
	seeds   uint64
}

// worker is a writer or a reader at work.
type worker struct {
	stop  chan struct{}
	done  sync.WaitGroup
	meter interface{ account(func(*meter)) }
}

// Start starts the application. ctx ends it in the middle of whatever it does;
// Stop ends it between transactions.
func Start(ctx context.Context, o Options) (*Fleet, error) {
	dsn, err := dsnFor(o)
	if err != nil {
		return nil, err
	}
	db, err := throwaway.Open(dsn)
	if err != nil {
		return nil, fmt.Errorf("open the application's pool: %w", err)
	}
	db.SetMaxIdleConns(2 * slots)
	f := &Fleet{options: o, ctx: ctx, db: db, model: newModel(o.Scenario, o.Rows), since: time.Now()}
	for i := range f.slots {
		f.slots[i] = newSlot(i, o.Rows)
	}
	f.highest.Store(int64(o.Rows))
	f.SetVersions(o.OldWriters, o.NewWriters)
	return f, nil
}

// dsnFor: a prepared statement that reads a column whose type changes fails once
// a session on Postgres, whoever changes it, so that application doesn't prepare.
func dsnFor(o Options) (string, error) {
	u, err := url.Parse(o.DSN)
	if err != nil {
		return "", fmt.Errorf("parse the application's DSN: %w", err)
	}
	q := u.Query()
	if isPostgres(o.DSN) && o.Scenario.numeric && o.Scenario.SameName {
		q.Set("default_query_exec_mode", "simple_protocol")
	}
	if !isPostgres(o.DSN) && o.Seed%2 == 0 {
		q.Set("interpolateParams", "true")
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// SetVersions makes it so many writers of each version, and one reader of each
// version that has writers. It returns when those that are too many have
// finished their transaction; with (0, 0) the application is silent.
func (f *Fleet) SetVersions(oldWriters, newWriters int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for v, want := range []int{oldWriters, newWriters} {
		f.set(Version(v), min(want, maxWriters))
	}
}

// Pause stops all writers and readers between two transactions; Resume starts
// as many again.
func (f *Fleet) Pause() (resume func()) {
	o, n := f.writers(Old), f.writers(New)
	f.SetVersions(0, 0)
	return func() { f.SetVersions(o, n) }
}

// Reconnect gives a silent application new connections, after the server was away.
func (f *Fleet) Reconnect() {
	f.db.SetMaxIdleConns(0)
	f.db.SetMaxIdleConns(2 * slots)
}

func (f *Fleet) writers(v Version) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return max(len(f.workers[v])-1, 0)
}

func (f *Fleet) set(v Version, writers int) {
	want := writers
	if writers > 0 {
		want++ // the reader comes first
	}
	running := f.workers[v]
	if len(running) > want {
		for _, w := range running[want:] {
			close(w.stop)
		}
		for _, w := range running[want:] {
			w.done.Wait()
			w.meter.account(func(m *meter) { f.past.merge(m) })
		}
		f.workers[v] = running[:want]
		return
	}
	for i := len(running); i < want; i++ {
		f.workers[v] = append(f.workers[v], f.begin(v, i))
	}
}

func (f *Fleet) begin(v Version, number int) *worker {
	w := &worker{stop: make(chan struct{})}
	f.seeds++
	random := rand.New(rand.NewPCG(f.options.Seed, f.seeds))
	statements := dialect{isPostgres(f.options.DSN), f.options.Scenario.Columns[v]}
	if number == 0 {
		r := &reader{version: v, sql: statements, model: f.model, rand: random, highest: &f.highest, pause: f.options.Pause, db: f.db, find: !f.options.Scenario.numeric}
		w.meter = r
		w.done.Go(func() { r.run(f.ctx, w.stop) })
		return w
	}
	wr := &writer{version: v, sql: statements, scenario: f.options.Scenario, model: f.model, slot: f.slots[2*(number-1)+int(v)], rand: random,
		level: levels[(number-1)%len(levels)], unique: &f.unique, highest: &f.highest, pause: f.options.Pause, db: f.db}
	w.meter = wr
	w.done.Go(func() { wr.run(f.ctx, w.stop) })
	return w
}

// Model is what every row must hold. Ask it while the application is silent.
func (f *Fleet) Model() *Model { return f.model }

// Report is the account since the start or the last Lap.
func (f *Fleet) Report() Report { return f.account(false) }

// Lap is Report and begins a new account.
func (f *Fleet) Lap() Report { return f.account(true) }

func (f *Fleet) account(reset bool) Report {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := f.past
	sum.report.First = append([]Error(nil), f.past.report.First...)
	for _, list := range f.workers {
		for _, w := range list {
			w.meter.account(func(m *meter) {
				sum.merge(m)
				if reset {
					m.reset()
				}
			})
		}
	}
	r := sum.report
	r.Elapsed, r.P50, r.P99 = time.Since(f.since), sum.times.at(.5), sum.times.at(.99)
	if reset {
		f.past.reset()
		f.since = time.Now()
	}
	return r
}

// Stop ends the application and returns the last account.
func (f *Fleet) Stop() Report {
	f.SetVersions(0, 0)
	r := f.Report()
	_ = f.db.Close() // nothing is in flight
	return r
}

// Run lets an application run for a while: the simple form of Start and Stop.
func Run(ctx context.Context, o Options, d time.Duration) (Report, error) {
	f, err := Start(ctx, o)
	if err != nil {
		return Report{}, err
	}
	rest(ctx, nil, d)
	return f.Stop(), nil
}
