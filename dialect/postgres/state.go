package postgres

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect/sqlstate"
)

// stateSchema is the schema that holds the state of one database.
const stateSchema = "phasemig"

// stateFlavor is how the state is kept here.
func stateFlavor() sqlstate.Flavor {
	return sqlstate.Flavor{
		Schema:   stateSchema,
		Numbered: true,
		DDL:      stateDDL(),
		Later:    tableDDL(sampleTable),
		Migrate:  map[int][]string{1: {`ALTER TABLE {control} ADD COLUMN IF NOT EXISTS limits text COLLATE pg_catalog."C" NOT NULL DEFAULT ''`}},
		Present: `SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = ? AND c.relname = 'version'`,
		Strangers: `SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = ? AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
			AND coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), '') NOT LIKE 'phasemig%' LIMIT 1`,
		Clock: "pg_catalog.clock_timestamp()", // now() stands still in a transaction
		Time:  func(t time.Time) any { return t.UTC() },
		Update: func(keys ...string) string {
			return "ON CONFLICT (" + strings.Join(keys, ", ") + ") DO UPDATE SET"
		},
		Ignore: func(keys ...string) string {
			return "ON CONFLICT (" + strings.Join(keys, ", ") + ") DO NOTHING"
		},
		ShareLock: "FOR SHARE",
		Session: []string{
			"SET lock_timeout = '5s'", "SET statement_timeout = 0",
			// not known to every version; a lease may be quiet for longer than a pool
			"SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'idle_session_timeout'",
		},
		SessionID: "pg_catalog.pg_backend_pid()::text",
		LockKey:   stateLockKey,
		TryLock:   "SELECT pg_catalog.pg_try_advisory_lock(?)",
		WaitLock:  "SELECT true FROM (SELECT pg_catalog.pg_advisory_lock(?)) AS granted",
		// the number's halves are shown apart
		FreeLock: `SELECT NOT EXISTS (SELECT 1 FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.database
			WHERE d.datname = pg_catalog.current_database() AND l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
			AND (l.classid::bigint << 32) | l.objid::bigint = ?)`,
		UnlockAll: "SELECT pg_catalog.pg_advisory_unlock_all()",
		Classify:  classify,
	}
}

// stateLockKey fits a name into the number that is an advisory lock.
func stateLockKey(name string) any {
	sum := sha256.Sum256([]byte(name))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// stateTables are the columns of each state table. TEXT stands for text
// that compares by its bytes.
var stateTables = []stateTable{
	{"version", "the layout of these tables", `
		id smallint PRIMARY KEY, layout integer NOT NULL, installed timestamptz NOT NULL`},
	{"run", "one row a plan that is carried out", `
		id TEXT PRIMARY KEY, name TEXT NOT NULL, plan_hash TEXT NOT NULL, plan bytea NOT NULL,
		status TEXT NOT NULL, phase TEXT NOT NULL, identity TEXT NOT NULL, creator TEXT NOT NULL,
		created timestamptz NOT NULL, updated timestamptz NOT NULL, message TEXT NOT NULL`},
	{"run_table", "the tables of a run; active_scope is set while it owns them", `
		run TEXT NOT NULL, number integer NOT NULL, scope TEXT NOT NULL,
		schema_name TEXT NOT NULL, table_name TEXT NOT NULL, active_scope TEXT,
		PRIMARY KEY (run, number), CONSTRAINT one_active_run UNIQUE (active_scope)`},
	{"step", "the last word on each step", `
		run TEXT NOT NULL, step TEXT NOT NULL, state TEXT NOT NULL, session TEXT NOT NULL,
		started timestamptz NOT NULL, ended timestamptz, rows_done bigint NOT NULL, note TEXT NOT NULL, log_position TEXT NOT NULL,
		PRIMARY KEY (run, step)`},
	{"journal", "every word on each step, append-only", `
		seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run TEXT NOT NULL, step TEXT NOT NULL, state TEXT NOT NULL,
		session TEXT NOT NULL, started timestamptz NOT NULL, ended timestamptz, rows_done bigint NOT NULL, note TEXT NOT NULL,
		log_position TEXT NOT NULL, at timestamptz NOT NULL`},
	{"segment", "how far each range of a backfill is; committed with its rows", `
		run TEXT NOT NULL, step TEXT NOT NULL, pass integer NOT NULL, number integer NOT NULL,
		low_key TEXT NOT NULL, high_key TEXT NOT NULL, cursor_key TEXT NOT NULL, rows_done bigint NOT NULL, done boolean NOT NULL,
		updated timestamptz NOT NULL, PRIMARY KEY (run, step, pass, number)`},
	{"evidence", "what gates and steps saw, append-only; each row carries the hash of the one before", `
		run TEXT NOT NULL, seq bigint NOT NULL, plan_hash TEXT NOT NULL, phase TEXT NOT NULL, kind TEXT NOT NULL,
		state TEXT NOT NULL, reason TEXT NOT NULL, data TEXT NOT NULL, at timestamptz NOT NULL,
		previous TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (run, seq)`},
	{"approval", "who approved which phase of which plan", `
		run TEXT NOT NULL, phase TEXT NOT NULL, plan_hash TEXT NOT NULL, approver TEXT NOT NULL,
		at timestamptz NOT NULL, note TEXT NOT NULL, PRIMARY KEY (run, phase, plan_hash, approver)`},
	{"control", "what operators ask of a run", `
		run TEXT PRIMARY KEY, paused boolean NOT NULL, abort_asked boolean NOT NULL, max_rate double precision NOT NULL,
		limits TEXT NOT NULL DEFAULT '', asked_by TEXT NOT NULL, at timestamptz NOT NULL`},
	{"lease_epoch", "who may write for a table; locked by every write of a run", `
		scope TEXT PRIMARY KEY, epoch bigint NOT NULL, token TEXT NOT NULL, run TEXT NOT NULL,
		server_identity TEXT NOT NULL, holder TEXT NOT NULL, session TEXT NOT NULL, acquired timestamptz NOT NULL`},
	{"lease_heartbeat", "when the holder of a lease was last seen", `
		scope TEXT PRIMARY KEY, epoch bigint NOT NULL, token TEXT NOT NULL, beat timestamptz NOT NULL`},
	{"unreturnable", "rows whose new value the old column can not hold; key_digest is the sha256 of row_key in hex", `
		run TEXT NOT NULL, sync integer NOT NULL, relation TEXT NOT NULL, row_key TEXT NOT NULL, key_digest TEXT NOT NULL,
		at timestamptz NOT NULL, PRIMARY KEY (run, sync, key_digest)`},
	{"retired_flag", "feature flags that a finished run no longer needs", `
		flag TEXT NOT NULL, run TEXT NOT NULL, note TEXT NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (flag, run)`},
	{"drill", "rehearsals of a plan", `
		run TEXT NOT NULL, seq bigint NOT NULL, plan_hash TEXT NOT NULL, started timestamptz NOT NULL, ended timestamptz,
		outcome TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (run, seq)`},
	sampleTable,
}

type stateTable struct{ name, what, columns string }

var sampleTable = stateTable{"sample", "how a run stood from time to time, for looking at; a bounded number of rows a run", `
		run TEXT NOT NULL, seq bigint NOT NULL, at timestamptz NOT NULL, data TEXT NOT NULL, PRIMARY KEY (run, seq)`}

const howToRemove = "to remove it when no run is active: DROP SCHEMA {schema} CASCADE"

// stateDDL makes the statements, which run in one transaction. Everybody may look
// into the schema, since triggers call a function in it for whoever writes;
// no table in it is open to anyone but its owner.
func stateDDL() []string {
	out := []string{
		"CREATE SCHEMA IF NOT EXISTS {schema}",
		"COMMENT ON SCHEMA {schema} IS 'phasemig: its state; " + howToRemove + "'",
		"GRANT USAGE ON SCHEMA {schema} TO PUBLIC",
	}
	for _, t := range stateTables {
		out = append(out, tableDDL(t)...)
	}
	return append(out, "CREATE INDEX IF NOT EXISTS journal_by_run ON {journal} (run, seq)")
}

func tableDDL(t stateTable) []string {
	columns := strings.ReplaceAll(strings.TrimSpace(t.columns), "TEXT", `text COLLATE pg_catalog."C"`)
	return []string{"CREATE TABLE IF NOT EXISTS {" + t.name + "} (" + columns + ")",
		"COMMENT ON TABLE {" + t.name + "} IS 'phasemig: " + t.what + "; " + howToRemove + "'"}
}
