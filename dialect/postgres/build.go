package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/phasemig/phasemig/dialect"
)

var concurrently = regexp.MustCompile(`^(CREATE( UNIQUE)?|DROP|REINDEX) INDEX CONCURRENTLY `)

// besideTraffic tells statements that wait for transactions instead of keeping them waiting, and that can't
// stand in a transaction themselves.
func besideTraffic(q string) bool { return concurrently.MatchString(q) }

// build bounds what runs beside traffic, and tells for whom it waits.
type build struct {
	s       *server
	session string // as it is journaled
	wait    time.Duration
	waits   func([]dialect.Holder)
}

// run runs one statement. The lock timeout also ends a wait for older transactions, which leaves an invalid
// index behind.
func (b *build) run(ctx context.Context, conn *sql.Conn, q string) error {
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("SET lock_timeout = %d", b.wait.Milliseconds())); err != nil {
		return err
	}
	over := make(chan struct{})
	var g errgroup.Group
	g.Go(func() error {
		defer close(over)
		_, err := conn.ExecContext(ctx, q)
		return err
	})
	if b.waits != nil {
		g.Go(func() error { b.watch(ctx, over); return nil })
	}
	return g.Wait()
}

// watchEvery is how often those in the way are looked for.
const watchEvery = time.Second

// watch tells for whom the session waits, each time that changes.
func (b *build) watch(ctx context.Context, over <-chan struct{}) {
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	var told []string
	for {
		select {
		case <-over:
			return
		case <-ctx.Done():
			return
		case <-t.C:
		}
		list, err := b.inTheWay(ctx)
		if err != nil {
			continue // only to be told
		}
		var names []string
		for _, h := range list {
			names = append(names, h.Session)
		}
		if !slices.Equal(names, told) {
			told = names
			b.waits(list)
		}
	}
}

// inTheWay lists the sessions for which ours waits. One without a process is a prepared transaction.
func (b *build) inTheWay(ctx context.Context) ([]dialect.Holder, error) {
	pid, _, _ := strings.Cut(b.session, ":")
	rows, err := b.s.db.QueryContext(ctx, `SELECT DISTINCT CASE WHEN w.pid = 0 THEN 'prepared' ELSE w.pid::text END, coalesce(a.usename, ''), concat_ws(' ', nullif(a.application_name, ''), host(a.client_addr)),
		CASE WHEN w.pid = 0 THEN 'prepared' ELSE 'transaction' END, coalesce(left(a.query, 200), ''), coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::float8
		FROM unnest(pg_catalog.pg_blocking_pids($1)) AS w(pid) LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = w.pid ORDER BY 1`, pid)
	if err != nil {
		return nil, classify(err)
	}
	return scanHolders(rows)
}

// scanHolders reads rows of session, user, client, kind, query and age in seconds.
func scanHolders(rows *sql.Rows) ([]dialect.Holder, error) {
	defer rows.Close()
	var out []dialect.Holder
	for rows.Next() {
		var h dialect.Holder
		var age float64
		if err := rows.Scan(&h.Session, &h.User, &h.Client, &h.Kind, &h.Query, &age); err != nil {
			return nil, classify(err)
		}
		h.Age = time.Duration(age * float64(time.Second))
		out = append(out, h)
	}
	return out, classify(rows.Err())
}
