package mysql

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// Holders implements dialect.Server. Who holds a table's metadata lock is told by
// one of three places, whichever this server has and this account may read; the
// last can't tell tables apart and lists every open transaction.
func (s *server) Holders(ctx context.Context, id schema.Ident) ([]dialect.Holder, error) {
	if id.Schema == "" {
		id.Schema = s.config.DBName
	}
	live, err := s.sessions(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the sessions: %w", err)
	}
	ages, err := s.transactions(ctx)
	if err != nil {
		return nil, err
	}
	ids, detached, err := s.lockOwners(ctx, id, ages)
	if err != nil {
		return nil, fmt.Errorf("list who holds locks on %s: %w", id, err)
	}
	var out []dialect.Holder
	for _, session := range ids {
		if r, ok := live[session]; ok {
			out = append(out, holder(r, ages[session]))
		}
	}
	if detached {
		out = append(out, s.prepared(ctx)...)
	}
	return out, nil
}

// transactions are the open transactions' ages by session. Without the right to
// see them there are none.
func (s *server) transactions(ctx context.Context) (map[string]time.Duration, error) {
	// The times stand in the system's time zone, whatever the session's is.
	list, err := records(ctx, s.db, `SELECT trx_mysql_thread_id AS id, TIMESTAMPDIFF(SECOND, CONVERT_TZ(trx_started, 'SYSTEM', '+00:00'), SYSDATE()) AS age
		FROM information_schema.innodb_trx`)
	if is(err, cannotConvert) { // the list also holds the statements, in a charset that can't hold every one of them
		list, err = records(ctx, s.db, `SELECT t.processlist_id AS id, e.timer_wait DIV 1000000000000 AS age FROM performance_schema.events_transactions_current AS e
			JOIN performance_schema.threads AS t ON t.thread_id = e.thread_id WHERE e.state = 'ACTIVE' AND t.processlist_id IS NOT NULL`)
	}
	if errors.Is(err, dberr.Denied) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the open transactions: %w", err)
	}
	out := map[string]time.Duration{}
	for _, r := range list {
		out[r["id"]] = time.Duration(max(r.int("age"), 0)) * time.Second
	}
	return out, nil
}

// cannotConvert is what a server says of a text that the charset of a system table
// can't hold.
const cannotConvert = 3854

const (
	// Instruments for metadata locks are on by default.
	locksByInstrument = `SELECT DISTINCT COALESCE(t.processlist_id, 0) AS id FROM performance_schema.metadata_locks AS m
		LEFT JOIN performance_schema.threads AS t ON t.thread_id = m.owner_thread_id
		WHERE m.object_type = 'TABLE' AND m.object_schema = ? AND m.object_name = ? AND m.lock_status = 'GRANTED'
		AND COALESCE(t.processlist_id, 0) <> CONNECTION_ID()`
	locksByPlugin = `SELECT DISTINCT thread_id AS id FROM information_schema.metadata_lock_info WHERE table_schema = ? AND table_name = ? AND thread_id <> CONNECTION_ID()`
)

// lockOwners lists sessions, and whether a prepared transaction without a session
// is among them.
func (s *server) lockOwners(ctx context.Context, id schema.Ident, open map[string]time.Duration) (ids []string, detached bool, err error) {
	queries := []string{locksByPlugin}
	if s.instrumented(ctx) {
		queries = []string{locksByInstrument, locksByPlugin}
	}
	for _, q := range queries {
		list, err := records(ctx, s.db, q, id.Schema, id.Name)
		if err != nil {
			if missing(err) {
				continue
			}
			return nil, false, err
		}
		for _, r := range list {
			if r["id"] == "0" {
				detached = true
			} else {
				ids = append(ids, r["id"])
			}
		}
		return ids, detached, nil
	}
	for session := range open {
		if session == "0" {
			detached = true
		} else {
			ids = append(ids, session)
		}
	}
	slices.Sort(ids)
	return ids, detached, nil
}

// instrumented: where the instrument is off, its table is simply empty.
func (s *server) instrumented(ctx context.Context) bool {
	list, err := records(ctx, s.db, "SELECT 1 FROM performance_schema.setup_instruments WHERE name = 'wait/lock/metadata/sql/mdl' AND enabled = 'YES'")
	return err == nil && len(list) > 0
}

// missing: the place isn't there, or this account may not look.
func missing(err error) bool {
	return errors.Is(err, dberr.NotThere) || errors.Is(err, dberr.Denied) || is(err, 1109)
}

func holder(r record, age time.Duration) dialect.Holder {
	if seconds := r.int("time"); age == 0 && seconds > 0 {
		age = time.Duration(seconds) * time.Second
	}
	query := []rune(r["info"])
	return dialect.Holder{Session: r["id"], User: r["user"], Client: r["host"], Kind: kindOf(r), Query: string(query[:min(len(query), 200)]), Age: age}
}

// kindOf tells what must not be killed.
func kindOf(r record) string {
	info, command, user := strings.ToUpper(strings.TrimSpace(r["info"])), strings.ToLower(r["command"]), strings.ToLower(r["user"])
	first, _, _ := strings.Cut(info, " ")
	switch {
	case strings.HasPrefix(command, "binlog dump"), user == "system user", user == "event_scheduler", command == "slave_sql", command == "slave_worker", command == "slave_io":
		return "replica"
	case strings.Contains(info, "/*!40001 SQL_NO_CACHE */"), strings.HasPrefix(info, "FLUSH"), strings.HasPrefix(info, "BACKUP"), strings.HasPrefix(info, "LOCK INSTANCE"),
		strings.HasPrefix(info, "LOCK TABLES"), strings.Contains(user, "backup"), strings.Contains(user, "dump"), strings.Contains(user, "mariabackup"), strings.Contains(user, "xtrabackup"):
		return "backup"
	case slices.Contains([]string{"ALTER", "CREATE", "DROP", "TRUNCATE", "RENAME", "OPTIMIZE", "ANALYZE", "REPAIR"}, first):
		return "ddl"
	}
	return "transaction"
}

// prepared lists XA branches whose session is gone: nothing but COMMIT or
// ROLLBACK by their id ends them.
func (s *server) prepared(ctx context.Context) []dialect.Holder {
	list, err := branches(ctx, s.db)
	if err != nil {
		return []dialect.Holder{{Session: "a prepared transaction", Kind: "prepared", Query: "its id can't be read: GRANT XA_RECOVER_ADMIN ON *.* to this account, then XA RECOVER"}}
	}
	var out []dialect.Holder
	for _, r := range list {
		out = append(out, dialect.Holder{Session: "XID " + xid(r), Kind: "prepared", Query: "XA COMMIT or XA ROLLBACK " + xid(r)})
	}
	return out
}

// branches lists the prepared XA transactions. The two servers have different words
// for ids that are safe to print.
func branches(ctx context.Context, q querier) ([]record, error) {
	list, err := records(ctx, q, "XA RECOVER CONVERT XID")
	if errors.Is(err, dberr.Syntax) {
		list, err = records(ctx, q, "XA RECOVER FORMAT = 'SQL'")
	}
	if is(err, 1401) { // what MySQL says without XA_RECOVER_ADMIN
		return nil, dberr.Mark(dberr.Denied, err)
	}
	return list, err
}

// branchBytes reads the two parts of a branch's id, however the server spells them.
func branchBytes(r record) (gtrid, bqual string) {
	data, n := r["data"], int(r.int("gtrid_length"))
	if hexed, ok := strings.CutPrefix(data, "0x"); ok {
		if b, err := hex.DecodeString(hexed); err == nil && len(b) >= n {
			return string(b[:n]), string(b[n:])
		}
	}
	if list := tokens(data); len(list) > 0 {
		parts := split(list)
		if r.int("bqual_length") == 0 || len(parts) < 2 {
			return spelled(parts[0]), ""
		}
		return spelled(parts[0]), spelled(parts[1])
	}
	return "", ""
}

// spelled reads 'text' or X'6162'.
func spelled(list []token) string {
	if len(list) == 2 && words(list, "X") {
		b, _ := hex.DecodeString(unquote(list[1].text)) // the server's own spelling
		return string(b)
	}
	return unquote(join(list))
}

// xid writes a branch's id as XA COMMIT wants it.
func xid(r record) string {
	data := r["data"]
	hexed, ok := strings.CutPrefix(data, "0x")
	n, m := int(r.int("gtrid_length")), int(r.int("bqual_length"))
	if ok && len(hexed) == 2*(n+m) {
		return fmt.Sprintf("X'%s',X'%s',%s", hexed[:2*n], hexed[2*n:], r["formatid"])
	}
	if len(data) == n+m {
		return fmt.Sprintf("%s,%s,%s", quoteText(data[:n]), quoteText(data[n:]), r["formatid"])
	}
	return data
}

// Kill implements dialect.Server. The session is looked at again first: it may
// have become somebody else's work since it was listed.
func (s *server) Kill(ctx context.Context, h dialect.Holder) error {
	refuse := func(why string) error {
		return &plans.RefusedError{What: "ending " + h.String(), Reason: why}
	}
	if h.Kind == "prepared" {
		return refuse("a prepared transaction has no session: " + h.Query)
	}
	id, err := strconv.ParseUint(h.Session, 10, 64)
	if err != nil {
		return refuse("it has no session number")
	}
	live, err := s.sessions(ctx)
	if err != nil {
		return fmt.Errorf("look at session %d again: %w", id, err)
	}
	r, ok := live[h.Session]
	if !ok {
		return nil // it is gone
	}
	if now := holder(r, 0); now.Kind != "transaction" || h.Kind != "transaction" {
		return refuse("it is a " + strings.Replace(now.Kind, "transaction", h.Kind, 1))
	}
	_, err = s.db.ExecContext(ctx, fmt.Sprintf("KILL CONNECTION %d", id))
	if err = classify(err); errors.Is(err, dberr.Denied) || is(err, 1095) {
		_, managed := s.db.ExecContext(ctx, fmt.Sprintf("CALL mysql.rds_kill(%d)", id))
		if managed == nil {
			return nil
		}
	}
	if err != nil && !is(err, 1094) { // 1094: it went by itself
		return fmt.Errorf("end session %d: %w", id, err)
	}
	return nil
}
