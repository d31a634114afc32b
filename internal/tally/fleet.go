package tally

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/phasemig/phasemig/internal/throwaway"
)

// Options say what runs.
type Options struct {
	DSN     string
	Name    string // of the application, in the names of its XA transactions
	Subject Subject
	Rows    int
	Writers int
	Rate    float64 // commits a second, over all writers; 0: as fast as it goes
	Seed    uint64
	NoXA    bool
}

// Fleet is the application.
type Fleet struct {
	options  Options
	server   server
	db       *sql.DB
	book     *book
	meter    meter
	pace     *pace
	gate     sync.RWMutex // read: in a transaction
	shape    atomic.Int32 // the one that worked last
	detaches bool
	writers  []*writer
	stop     context.CancelFunc
	done     sync.WaitGroup
}

// Open makes the table, fills it and makes the tally. Start starts the writers.
func Open(ctx context.Context, o Options) (*Fleet, error) {
	db, err := throwaway.Open(o.DSN)
	if err != nil {
		return nil, fmt.Errorf("open the application's pool: %w", err)
	}
	f := &Fleet{options: o, server: serverOf(o.DSN), db: db, book: newBook(), pace: newPace(o.Rate)}
	f.options.Subject.quote = f.server.quote
	if _, err := db.ExecContext(ctx, o.Subject.create(Table)); err != nil {
		return nil, fmt.Errorf("create the table: %w", err)
	}
	if err := f.load(ctx); err != nil {
		return nil, fmt.Errorf("fill the table: %w", err)
	}
	f.detaches = f.server.detaches(ctx, db)
	return f, f.connect(ctx)
}

func (f *Fleet) load(ctx context.Context) error {
	r := rand.New(rand.NewPCG(f.options.Seed, 0))
	s := &f.options.Subject
	for n := int64(1); n <= int64(f.options.Rows); n++ {
		one := &row{values: s.draw(r, n)}
		one.unknown = make([]bool, len(one.values))
		if r.IntN(5) > 0 {
			f.book.last++
			one.email = f.book.last
		}
		f.book.set(n, one)
	}
	return f.fill(ctx, f.db, Table)
}

// fill inserts the tally into an empty table of the old shape.
func (f *Fleet) fill(ctx context.Context, db *sql.DB, table string) error {
	s := &f.options.Subject
	conn, err := f.inMode(ctx, db)
	if err != nil {
		return err
	}
	defer conn.Close()
	var names, tuples []string
	flush := func() error {
		if len(tuples) == 0 {
			return nil
		}
		_, err := conn.ExecContext(ctx, f.server.head(table, strings.Join(names, ", "))+strings.Join(tuples, ", "))
		tuples = tuples[:0]
		return err
	}
	for _, n := range f.book.alive {
		var values []string
		names, values = s.insert(before, n, f.book.rows[n], true)
		if tuples = append(tuples, "("+strings.Join(values, ", ")+")"); len(tuples) == 500 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	return f.server.loaded(ctx, db, table, s.Key[0].Name)
}

// inMode is a connection in the application's sql_mode.
func (f *Fleet) inMode(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	conn, err := db.Conn(ctx)
	if err != nil || f.options.Subject.Mode == "" {
		return conn, err
	}
	if _, err := conn.ExecContext(ctx, "SET SESSION sql_mode = '"+f.options.Subject.Mode+"'"); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

var levels = []string{"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"}

func (f *Fleet) connect(ctx context.Context) error {
	for i := range f.options.Writers {
		w := &writer{fleet: f, number: i, subject: &f.options.Subject, acts: acts(&f.options.Subject), rand: rand.New(rand.NewPCG(f.options.Seed, uint64(i+1)))}
		w.level = levels[i%len(levels)]
		w.behind = f.server.snapshots() && w.level != "READ COMMITTED"
		f.writers = append(f.writers, w)
	}
	return f.sessions(ctx)
}

// sessions opens two for each writer.
func (f *Fleet) sessions(ctx context.Context) error {
	f.db.SetMaxOpenConns(0)
	f.db.SetMaxIdleConns(2*f.options.Writers + 2)
	for _, w := range f.writers {
		for _, c := range []**sql.Conn{&w.conn, &w.other} {
			var err error
			if *c, err = f.db.Conn(ctx); err != nil {
				return fmt.Errorf("connect writer %d: %w", w.number, err)
			}
			if err := f.settings(ctx, *c, w.level); err != nil {
				return fmt.Errorf("set up writer %d: %w", w.number, err)
			}
		}
	}
	return nil
}

// Reconnect gives every writer new sessions, after the server was away. Call it while the application pauses:
// what was in flight would be lost to the tally.
func (f *Fleet) Reconnect(ctx context.Context) error {
	f.disconnect()
	var err error
	if f.db, err = throwaway.Open(f.options.DSN); err != nil {
		return fmt.Errorf("open the application's pool: %w", err)
	}
	return f.sessions(ctx)
}

func (f *Fleet) disconnect() {
	for _, w := range f.writers {
		if w.conn != nil {
			_ = w.conn.Close()
		}
		if w.other != nil {
			_ = w.other.Close()
		}
	}
	_ = f.db.Close()
}

func (f *Fleet) settings(ctx context.Context, c *sql.Conn, level string) error {
	for _, q := range f.server.settings(level, f.options.Subject.Mode) {
		if _, err := c.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// Start starts the writers, once: two on one session would end each other's transactions.
// Close ends them.
func (f *Fleet) Start(ctx context.Context) {
	if f.stop != nil {
		panic("the application is running already")
	}
	ctx, f.stop = context.WithCancel(ctx)
	for _, w := range f.writers {
		f.done.Go(func() { w.run(ctx) })
	}
}

// Pause waits until every writer is between two transactions and keeps them there.
func (f *Fleet) Pause() (resume func()) {
	f.gate.Lock()
	return f.gate.Unlock
}

// Close ends the application between two transactions and returns its account.
func (f *Fleet) Close() Report {
	if f.stop != nil {
		resume := f.Pause()
		f.stop()
		resume()
		f.done.Wait()
	}
	f.disconnect()
	return f.Report()
}

// failed sorts what ended a transaction.
func (f *Fleet) failed(t *transaction, err error) {
	v := f.server.verdict(err)
	if errors.Is(err, errBehind) {
		v = again
	}
	switch v {
	case again:
		f.meter.retry()
	case otherShape:
		f.shape.CompareAndSwap(int32(t.shape), int32(1-t.shape))
		f.meter.retry()
	default:
		f.meter.fail(t.last, err)
	}
}
