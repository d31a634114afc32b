package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/state"
)

// replica is a replica of the target, reached by an address of its own.
type replica struct {
	db      *sql.DB
	address target
	target  *server
	shown   string
}

// Beat implements dialect.Replica.
func (r *replica) Beat(ctx context.Context, lease state.Fence) (time.Time, error) {
	return stateFlavor().LastBeat(ctx, r.db, lease)
}

// Observe implements dialect.Replica. A replica may be of another version than the target, so it
// tells itself what it can.
func (r *replica) Observe(ctx context.Context, p *plans.Plan, st plans.Step) (dialect.Outcome, string, error) {
	own := &server{target: r.address, db: r.db}
	var err error
	if own.see, err = own.Info(ctx); err != nil {
		return 0, "", err
	}
	return own.Observe(ctx, p, st)
}

func (s *server) openReplica(ctx context.Context, dsn string) (*replica, error) {
	t, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	db, err := t.pool(nil)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(2)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("connect to replica %s: %w", t.shown, classifyLogin(err))
	}
	return &replica{db, t, s, t.shown}, nil
}

// Close implements dialect.Replica.
func (r *replica) Close() error { return r.db.Close() }

// status reads one row a channel. The words changed in 8.4; both are tried, and
// columns are found under either name.
func (r *replica) status(ctx context.Context) ([]record, error) {
	var err error
	for _, q := range []string{"SHOW REPLICA STATUS", "SHOW ALL SLAVES STATUS", "SHOW SLAVE STATUS"} {
		var list []record
		if list, err = records(ctx, r.db, q); err == nil && len(list) > 0 {
			return list, nil
		}
		if errors.Is(err, dberr.Denied) {
			return nil, dberr.WithHint(fmt.Errorf("ask %s about its replication: %w", r.shown, err), "GRANT REPLICATION CLIENT (MariaDB: REPLICA MONITOR) ON *.* TO this account on the replica")
		}
	}
	if err != nil && !errors.Is(err, dberr.Syntax) {
		return nil, fmt.Errorf("ask %s about its replication: %w", r.shown, err)
	}
	return nil, fmt.Errorf("%s replicates from nobody: it is not a replica of the target", r.shown)
}

func (r record) either(a, b string) string {
	if v, ok := r[a]; ok {
		return v
	}
	return r[b]
}

// Lag implements dialect.Replica: the longest of all channels.
func (r *replica) Lag(ctx context.Context) (time.Duration, error) {
	list, err := r.status(ctx)
	if err != nil {
		return 0, err
	}
	var worst int64
	for _, c := range list {
		behind := c.either("seconds_behind_source", "seconds_behind_master")
		n, err := strconv.ParseInt(behind, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("replication on %s is stopped: %s%s", r.shown, c["last_io_error"], c["last_sql_error"])
		}
		worst = max(worst, n)
	}
	return time.Duration(worst) * time.Second, nil
}

// Reached implements dialect.Replica.
func (r *replica) Reached(ctx context.Context, position string) (bool, string, error) {
	channels, err := r.status(ctx)
	if err != nil {
		return false, "", err
	}
	if err := r.follows(ctx, channels); err != nil {
		return false, "", err
	}
	kind, pos, _ := strings.Cut(position, ":")
	switch kind {
	case "gtid":
		return r.reachedSet(ctx, pos)
	case "mariadb-gtid":
		return r.reachedDomains(ctx, pos)
	case "file":
		return reachedFile(channels, pos)
	}
	return false, "", fmt.Errorf("position %q: the target keeps no binary log, so nothing can be said of replicas", position)
}

// follows makes sure that the replica has the target for a source, directly or at
// the end of a chain.
func (r *replica) follows(ctx context.Context, channels []record) error {
	vars, err := r.target.variables(ctx, r.target.db)
	if err != nil {
		return fmt.Errorf("read the target's identity: %w", classify(err))
	}
	for _, c := range channels {
		if uuid := c.either("source_uuid", "master_uuid"); uuid != "" && uuid == vars["server_uuid"] {
			return nil
		}
		if vars["server_uuid"] == "" && c.either("source_server_id", "master_server_id") == vars["server_id"] {
			return nil
		}
	}
	if uuid := vars["server_uuid"]; uuid != "" {
		var executed string
		if err := r.db.QueryRowContext(ctx, "SELECT @@global.gtid_executed").Scan(&executed); err == nil && strings.Contains(executed, uuid) {
			return nil
		}
	} else if chained(channels, vars["server_id"]) {
		return nil
	}
	return fmt.Errorf("%s is not a replica of the target: its source is %s", r.shown, channels[0].either("source_host", "master_host"))
}

// chained: the positions that it applied name the target among the servers.
func chained(channels []record, serverID string) bool {
	for _, c := range channels {
		for _, g := range strings.Split(c["gtid_slave_pos"]+","+c["gtid_io_pos"], ",") {
			if p := strings.Split(strings.TrimSpace(g), "-"); len(p) == 3 && p[1] == serverID {
				return true
			}
		}
	}
	return false
}

func (r *replica) reachedSet(ctx context.Context, set string) (bool, string, error) {
	var ok bool
	var have string
	err := r.db.QueryRowContext(ctx, "SELECT GTID_SUBSET(?, @@global.gtid_executed), @@global.gtid_executed", set).Scan(&ok, &have)
	if err != nil {
		return false, "", fmt.Errorf("compare positions on %s: %w", r.shown, classify(err))
	}
	return ok, "gtid_executed is " + oneLine(have), nil
}

func (r *replica) reachedDomains(ctx context.Context, pos string) (bool, string, error) {
	var code int
	var have string
	err := r.db.QueryRowContext(ctx, "SELECT MASTER_GTID_WAIT(?, 0), @@global.gtid_slave_pos", pos).Scan(&code, &have)
	if err != nil {
		return false, "", fmt.Errorf("compare positions on %s: %w", r.shown, classify(err))
	}
	return code == 0, "gtid_slave_pos is " + have, nil
}

// reachedFile compares file numbers as numbers: 1000000 comes after 999999.
func reachedFile(channels []record, pos string) (bool, string, error) {
	i := strings.LastIndex(pos, ":")
	if i < 0 {
		return false, "", fmt.Errorf("position %q has no offset", pos)
	}
	want, offset := fileNumber(pos[:i]), pos[i+1:]
	at, err := strconv.ParseInt(offset, 10, 64)
	if err != nil {
		return false, "", fmt.Errorf("position %q has no offset", pos)
	}
	c := channels[0]
	file, done := c.either("relay_source_log_file", "relay_master_log_file"), c.either("exec_source_log_pos", "exec_master_log_pos")
	n, err := strconv.ParseInt(done, 10, 64)
	if err != nil {
		return false, "", fmt.Errorf("the replica's position %q can't be read", done)
	}
	got := fileNumber(file)
	return got > want || got == want && n >= at, fmt.Sprintf("applied up to %s:%s", file, done), nil
}

func fileNumber(file string) int64 {
	n, _ := strconv.ParseInt(file[strings.LastIndex(file, ".")+1:], 10, 64) // a name without number is 0
	return n
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", "") }
