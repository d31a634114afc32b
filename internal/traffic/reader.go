package traffic

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// reader reads through the columns of one application version, by key and
// through the index on the column, and remembers what it saw.
type reader struct {
	version Version
	sql     dialect
	model   *Model
	rand    *rand.Rand
	highest *atomic.Int64
	pause   time.Duration
	db      *sql.DB
	find    bool

	mu    sync.Mutex
	meter meter
}

func (r *reader) account(f func(*meter)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.meter)
}

func (r *reader) run(ctx context.Context, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		default:
		}
		r.once(ctx)
		rest(ctx, stop, max(r.pause, time.Millisecond))
	}
}

func (r *reader) once(ctx context.Context) {
	var q string
	var params []any
	if r.find && r.rand.IntN(5) == 0 {
		q, params = r.sql.find(), []any{words[r.rand.IntN(len(words))]}
	} else {
		n := 1 + r.rand.IntN(6)
		for range n {
			params = append(params, 1+r.rand.Int64N(r.highest.Load()))
		}
		q = r.sql.read(n)
	}
	began := time.Now()
	err := r.read(ctx, q, params)
	r.account(func(m *meter) {
		m.statement(q, began)
		switch {
		case err == nil:
			m.report.Reads++
		case ctx.Err() == nil:
			m.fault(r.version, q, err)
		}
	})
}

func (r *reader) read(ctx context.Context, q string, params []any) error {
	rows, err := r.db.QueryContext(ctx, q, params...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		s := sight{side: r.version}
		values := make([]sql.NullString, len(r.sql.columns))
		into := []any{&s.id, &s.version}
		for i := range values {
			into = append(into, &values[i])
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for _, v := range values {
			s.values = append(s.values, scanned(v))
		}
		r.model.saw(s)
	}
	return rows.Err()
}
