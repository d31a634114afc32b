package mysql

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
)

// Variables implements dialect.Watch: they are those of SHOW GLOBAL STATUS. ON and OFF
// are 1 and 0.
func (s *server) Variables(ctx context.Context, names []string) (map[string]float64, error) {
	args, marks := make([]any, len(names)), make([]string, len(names))
	for i, n := range names {
		args[i], marks[i] = n, "?"
	}
	list, err := records(ctx, s.db, "SHOW GLOBAL STATUS WHERE Variable_name IN ("+strings.Join(marks, ", ")+")", args...)
	if err != nil {
		return nil, fmt.Errorf("read the server's status: %w", err)
	}
	out := map[string]float64{}
	for _, r := range list {
		name := strings.ToLower(r["variable_name"])
		if out[name], err = statusNumber(r["value"]); err != nil {
			return nil, &plans.InputError{What: "load expression", Reason: fmt.Sprintf("the status variable %s is %q, which is no number", r["variable_name"], r["value"])}
		}
	}
	for _, n := range names {
		if _, ok := out[strings.ToLower(n)]; !ok {
			return nil, &plans.InputError{What: "load expression", Reason: fmt.Sprintf("the server has no status variable %q", n), Hint: "SHOW GLOBAL STATUS lists them"}
		}
	}
	return out, nil
}

func statusNumber(v string) (float64, error) {
	switch strings.ToUpper(v) {
	case "ON":
		return 1, nil
	case "OFF":
		return 0, nil
	}
	return strconv.ParseFloat(v, 64)
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

// Followers implements dialect.Watch. Replicas tell the server their number when they
// begin to read, and so do most others who read the log.
func (s *server) Followers(ctx context.Context) ([]dialect.Follower, error) {
	list, err := records(ctx, s.db, "SHOW REPLICAS")
	if errors.Is(err, dberr.Syntax) {
		list, err = records(ctx, s.db, "SHOW SLAVE HOSTS") // before 8.0.22, and MariaDB
	}
	if err != nil {
		return nil, fmt.Errorf("list the replicas: %w", err)
	}
	var out []dialect.Follower
	for _, r := range list {
		if r["host"] == logReader {
			continue
		}
		shown := "server_id " + r["server_id"]
		if r["host"] != "" {
			shown = r["host"] + ":" + r["port"] + " " + shown
		}
		out = append(out, dialect.Follower{Name: r["server_id"], Shown: shown})
	}
	return out, nil
}

// logReader is the host's name that package binlog gives itself in the list of replicas.
const logReader = "phasemig"

// Name implements dialect.Replica.
func (r *replica) Name(ctx context.Context) (string, error) {
	var id sql.NullString
	if err := r.db.QueryRowContext(ctx, "SELECT @@global.server_id").Scan(&id); err != nil {
		return "", fmt.Errorf("read the number of %s: %w", r.shown, classify(err))
	}
	return cmp.Or(id.String, "?"), nil
}
