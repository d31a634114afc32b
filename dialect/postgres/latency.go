package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/throttle"
)

// ours marks statements of ours that may take long or come often, so that they can be told from the
// application's in pg_stat_statements. The words stand behind the verb, where the text is kept.
const ours = "/* phasemig */ "

// statements measures how long statements take, from pg_stat_statements.
//
// The server keeps no distribution, but for each statement how often it ran and how long
// all together. The difference between two readings gives a mean for each statement that
// ran, and these means, each as often as the statement ran, are the distribution. A statement that
// is slow now and then shows in its mean only. Ours are known by their texts, which are
// read when a statement is seen for the first time; until then it is left out.
type statements struct {
	s     *server
	view  string // with its schema
	begun bool
	last  map[int64]total
	ends  int64          // transactions
	mine  map[int64]bool // by statement; one that is missing is not known yet
	asked time.Time      // when texts were read last
}

// total is how often a statement ran and how long all together.
type total struct {
	calls int64
	ms    float64
}

// textsEvery bounds how often texts are read: there may be megabytes of them.
const textsEvery = time.Second

// Latency implements dialect.Watch.
func (s *server) Latency(ctx context.Context) (dialect.Latency, error) {
	var schema string
	err := s.db.QueryRowContext(ctx, `SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e
		JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'`).Scan(&schema)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, dberr.Mark(dberr.NotThere, errors.New("the extension pg_stat_statements isn't in this database"))
	}
	if err != nil {
		return nil, fmt.Errorf("look for pg_stat_statements: %w", classify(err))
	}
	m := &statements{s: s, view: schema + ".pg_stat_statements", mine: map[int64]bool{}}
	return m, m.counts(ctx)
}

// counts makes sure that the server counts: a monitor that never sees anything would
// hold nothing.
func (m *statements) counts(ctx context.Context) error {
	_, err := m.read(ctx)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "55000" { // object_not_in_prerequisite_state
		return dberr.Mark(dberr.NotThere, errors.New("pg_stat_statements is not in shared_preload_libraries"))
	}
	if err != nil {
		return err
	}
	var track string
	if err := m.s.db.QueryRowContext(ctx, "SELECT pg_catalog.current_setting('pg_stat_statements.track')").Scan(&track); err != nil {
		return fmt.Errorf("read the settings of pg_stat_statements: %w", classify(err))
	}
	if track == "none" {
		return dberr.Mark(dberr.NotThere, errors.New("pg_stat_statements.track is none"))
	}
	return nil
}

// What implements dialect.Latency.
func (m *statements) What() string { return "means by statement" }

// Took implements dialect.Latency.
func (m *statements) Took(ctx context.Context) (throttle.Ended, error) {
	all, err := m.read(ctx)
	if err != nil {
		return throttle.Ended{}, err
	}
	if err := m.learn(ctx, all); err != nil {
		return throttle.Ended{}, err
	}
	var ends int64
	err = m.s.db.QueryRowContext(ctx, "SELECT "+ours+"d.xact_commit + d.xact_rollback FROM pg_catalog.pg_stat_database d WHERE d.datname = pg_catalog.current_database()").Scan(&ends)
	if err != nil {
		return throttle.Ended{}, fmt.Errorf("count the transactions: %w", classify(err))
	}
	h := throttle.Histogram{}
	for id, t := range all {
		before := m.last[id]
		mine, known := m.mine[id]
		if calls := t.calls - before.calls; m.begun && known && !mine && calls > 0 {
			h[time.Duration(max(t.ms-before.ms, 0)/float64(calls)*float64(time.Millisecond))] += calls
		}
	}
	out := throttle.Ended{Statements: h}
	if m.begun {
		out.Transactions = max(ends-m.ends, 0) // ours are few among them
	}
	m.last, m.ends, m.begun = all, ends, true
	return out, nil
}

// read has no texts. Statements of other users have no number for somebody who may not
// see them: what they take would be missing.
func (m *statements) read(ctx context.Context) (map[int64]total, error) {
	rows, err := m.s.db.QueryContext(ctx, "SELECT "+ours+"x.queryid, sum(x.calls)::bigint, sum(x.total_exec_time)::float8 FROM "+m.view+`(false) AS x
		JOIN pg_catalog.pg_database d ON d.oid = x.dbid WHERE d.datname = pg_catalog.current_database() GROUP BY 1`)
	if err != nil {
		return nil, fmt.Errorf("read pg_stat_statements: %w", classify(err))
	}
	defer rows.Close()
	out := map[int64]total{}
	for rows.Next() {
		var id sql.NullInt64
		var t total
		if err := rows.Scan(&id, &t.calls, &t.ms); err != nil {
			return nil, fmt.Errorf("read pg_stat_statements: %w", classify(err))
		}
		if !id.Valid {
			return nil, dberr.Mark(dberr.Denied, errors.New("pg_read_all_stats is needed to see the statements of other users in pg_stat_statements"))
		}
		out[id.Int64] = t
	}
	return out, classify(rows.Err())
}

// learn tells ours from others among statements that were not seen before.
func (m *statements) learn(ctx context.Context, all map[int64]total) error {
	fresh := false
	for id := range all {
		if _, ok := m.mine[id]; !ok {
			fresh = true
			break
		}
	}
	if !fresh || time.Since(m.asked) < textsEvery {
		return nil
	}
	m.asked = time.Now()
	rows, err := m.s.db.QueryContext(ctx, "SELECT "+ours+"x.queryid FROM "+m.view+"(true) AS x WHERE x.queryid IS NOT NULL AND x.query LIKE '%phasemig%'")
	if err != nil {
		return fmt.Errorf("read the texts of pg_stat_statements: %w", classify(err))
	}
	defer rows.Close()
	mine := map[int64]bool{}
	for id := range all {
		mine[id] = false
	}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return fmt.Errorf("read the texts of pg_stat_statements: %w", classify(err))
		}
		mine[id] = true
	}
	m.mine = mine
	return classify(rows.Err())
}
