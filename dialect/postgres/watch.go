package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
)

// variables are the numbers that load expressions may name, and how they are asked for.
// The server has no list of its own. Our sessions are left out.
var variables = map[string]string{
	"sessions":            "count(*) FILTER (WHERE a.application_name <> '" + applicationName + "')",
	"active_sessions":     "count(*) FILTER (WHERE a.state = 'active' AND a.application_name <> '" + applicationName + "')",
	"waiting_sessions":    "count(*) FILTER (WHERE a.wait_event_type = 'Lock')",
	"idle_in_transaction": "count(*) FILTER (WHERE a.state LIKE 'idle in transaction%')",
	"oldest_transaction":  "coalesce(max(extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)) FILTER (WHERE a.application_name <> '" + applicationName + "'), 0)",
}

// Variables implements dialect.Watch. oldest_transaction is in seconds.
func (s *server) Variables(ctx context.Context, names []string) (map[string]float64, error) {
	list := slices.Sorted(maps.Keys(variables))
	for _, n := range names {
		if _, ok := variables[strings.ToLower(n)]; !ok {
			return nil, &plans.InputError{What: "load expression", Reason: fmt.Sprintf("there is no variable %q here", n), Hint: "there are " + strings.Join(list, ", ")}
		}
	}
	exprs, vals, to := make([]string, len(list)), make([]float64, len(list)), make([]any, len(list))
	for i, n := range list {
		exprs[i], to[i] = "("+variables[n]+")::float8", &vals[i]
	}
	query := "SELECT " + ours + strings.Join(exprs, ", ") + " FROM pg_catalog.pg_stat_activity a WHERE a.backend_type = 'client backend'"
	if err := s.db.QueryRowContext(ctx, query).Scan(to...); err != nil {
		return nil, fmt.Errorf("read the server's sessions: %w", classify(err))
	}
	out := map[string]float64{}
	for i, n := range list {
		out[n] = vals[i]
	}
	return out, nil
}

// Number implements dialect.Watch.
func (s *server) Number(ctx context.Context, query string) (float64, error) {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return 0, fmt.Errorf("begin to read: %w", classify(err))
	}
	defer func() { _ = tx.Rollback() }() // it has only read
	var v sql.NullFloat64
	if err := tx.QueryRowContext(ctx, query).Scan(&v); err != nil {
		return 0, classify(err)
	}
	if !v.Valid {
		return 0, errors.New("it returned NULL, not a number")
	}
	return v.Float64, nil
}

// Followers implements dialect.Watch. Base backups are none.
func (s *server) Followers(ctx context.Context) ([]dialect.Follower, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT "+ours+`r.application_name, coalesce(host(r.client_addr), 'local'), r.state FROM pg_catalog.pg_stat_replication r ORDER BY 1, 2`)
	if err != nil {
		return nil, fmt.Errorf("list the replicas: %w", classify(err))
	}
	defer rows.Close()
	var out []dialect.Follower
	for rows.Next() {
		var name, addr, state sql.NullString
		if err := rows.Scan(&name, &addr, &state); err != nil {
			return nil, fmt.Errorf("list the replicas: %w", classify(err))
		}
		if !state.Valid {
			return nil, dberr.Mark(dberr.Denied, errors.New("list the replicas: pg_read_all_stats is needed"))
		}
		if state.String == "streaming" || state.String == "catchup" {
			out = append(out, dialect.Follower{Name: name.String, Shown: addr.String + " " + name.String})
		}
	}
	return out, classify(rows.Err())
}

var toldName = regexp.MustCompile(`(?:^| )(fallback_)?application_name=('(?:[^'\\]|\\.)*'|\S+)`)

// Name is what the standby calls itself to its primary, which needs not be unique.
func (r *replica) Name(ctx context.Context) (string, error) {
	var conninfo sql.NullString
	var cluster string
	err := r.db.QueryRowContext(ctx, `SELECT (SELECT w.conninfo FROM pg_catalog.pg_stat_wal_receiver w), pg_catalog.current_setting('cluster_name')`).Scan(&conninfo, &cluster)
	if err != nil {
		return "", fmt.Errorf("read the name of %s: %w", r.target, classify(err))
	}
	return nameIn(conninfo.String, cluster), nil
}

// nameIn finds the name in a connection string; the fallback is what the server adds.
func nameIn(conninfo, cluster string) string {
	name := cmp.Or(cluster, "walreceiver")
	for _, m := range toldName.FindAllStringSubmatch(conninfo, -1) {
		told := strings.Trim(m[2], "'")
		if m[1] == "" {
			return told
		}
		name = told
	}
	return name
}
