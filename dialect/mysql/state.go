package mysql

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/phasemig/phasemig/dialect/sqlstate"
)

// stateSchema is the database that holds the state. It serves the whole server.
const stateSchema = "phasemig"

// stateFlavor is how the state is kept here.
func stateFlavor() sqlstate.Flavor { return stateFlavorIn(stateSchema) }

// stateFlavorIn keeps the state in another database, for tests that share a server.
func stateFlavorIn(database string) sqlstate.Flavor {
	return sqlstate.Flavor{
		Schema:    database,
		DDL:       stateDDL(),
		Later:     []string{tableDDL(sampleTable)},
		Migrate:   map[int][]string{1: {"ALTER TABLE {control} ADD COLUMN limits VARCHAR(4000) NOT NULL DEFAULT '' AFTER max_rate"}},
		Present:   "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = 'version'",
		Strangers: "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_comment NOT LIKE 'phasemig%' LIMIT 1",
		// SYSDATE, since SET timestamp freezes NOW; converted, since a trigger
		// or a tool may run it in a session with another time zone.
		Clock: "CONVERT_TZ(SYSDATE(6), @@session.time_zone, '+00:00')",
		Time:  func(t time.Time) any { return t.UTC().Format("2006-01-02 15:04:05.000000") },
		Update: func(...string) string {
			return "ON DUPLICATE KEY UPDATE"
		},
		Ignore: func(keys ...string) string {
			return "ON DUPLICATE KEY UPDATE " + keys[0] + " = " + keys[0]
		},
		ShareLock: "LOCK IN SHARE MODE", // FOR SHARE isn't known everywhere
		Session:   []string{"SET SESSION innodb_lock_wait_timeout = 5, wait_timeout = 28800"},
		SessionID: "CONNECTION_ID()",
		LockKey:   stateLockKey,
		TryLock:   "SELECT GET_LOCK(?, 0)",
		WaitLock:  "SELECT GET_LOCK(?, 30)",
		FreeLock:  "SELECT IS_FREE_LOCK(?)",
		UnlockAll: "DO RELEASE_ALL_LOCKS()",
		Classify:  classify,
	}
}

// stateLockKey fits any name into the 64 characters of a named lock.
func stateLockKey(name string) any {
	sum := sha256.Sum256([]byte(name))
	return "phasemig:" + hex.EncodeToString(sum[:20])
}

// stateTables are the columns of each state table. Text compares by its bytes,
// which the tables' collation sees to; times are UTC.
var stateTables = []stateTable{
	{"version", "the layout of these tables", `
		id TINYINT NOT NULL PRIMARY KEY, layout INT NOT NULL, installed DATETIME(6) NOT NULL`},
	{"run", "one row a plan that is carried out", `
		id VARCHAR(64) NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL, plan_hash VARCHAR(128) NOT NULL, plan LONGBLOB NOT NULL,
		status VARCHAR(32) NOT NULL, phase VARCHAR(32) NOT NULL, identity VARCHAR(255) NOT NULL, creator VARCHAR(255) NOT NULL,
		created DATETIME(6) NOT NULL, updated DATETIME(6) NOT NULL, message LONGTEXT NOT NULL`},
	{"run_table", "the tables of a run; active_scope is set while it owns them", `
		run VARCHAR(64) NOT NULL, number INT NOT NULL, scope VARCHAR(255) NOT NULL,
		schema_name VARCHAR(64) NOT NULL, table_name VARCHAR(64) NOT NULL, active_scope VARCHAR(255) NULL,
		PRIMARY KEY (run, number), UNIQUE KEY one_active_run (active_scope)`},
	{"step", "the last word on each step", `
		run VARCHAR(64) NOT NULL, step VARCHAR(255) NOT NULL, state VARCHAR(32) NOT NULL, session VARCHAR(255) NOT NULL,
		started DATETIME(6) NOT NULL, ended DATETIME(6) NULL, rows_done BIGINT NOT NULL, note LONGTEXT NOT NULL, log_position LONGTEXT NOT NULL,
		PRIMARY KEY (run, step)`},
	{"journal", "every word on each step, append-only", `
		seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, run VARCHAR(64) NOT NULL, step VARCHAR(255) NOT NULL, state VARCHAR(32) NOT NULL,
		session VARCHAR(255) NOT NULL, started DATETIME(6) NOT NULL, ended DATETIME(6) NULL, rows_done BIGINT NOT NULL, note LONGTEXT NOT NULL,
		log_position LONGTEXT NOT NULL, at DATETIME(6) NOT NULL, KEY by_run (run, seq)`},
	{"segment", "how far each range of a backfill is; committed with its rows", `
		run VARCHAR(64) NOT NULL, step VARCHAR(255) NOT NULL, pass INT NOT NULL, number INT NOT NULL,
		low_key LONGTEXT NOT NULL, high_key LONGTEXT NOT NULL, cursor_key LONGTEXT NOT NULL, rows_done BIGINT NOT NULL, done BOOLEAN NOT NULL,
		updated DATETIME(6) NOT NULL, PRIMARY KEY (run, step, pass, number)`},
	{"evidence", "what gates and steps saw, append-only; each row carries the hash of the one before", `
		run VARCHAR(64) NOT NULL, seq BIGINT NOT NULL, plan_hash VARCHAR(128) NOT NULL, phase VARCHAR(32) NOT NULL, kind VARCHAR(255) NOT NULL,
		state VARCHAR(32) NOT NULL, reason LONGTEXT NOT NULL, data LONGTEXT NOT NULL, at DATETIME(6) NOT NULL,
		previous VARCHAR(128) NOT NULL, hash VARCHAR(128) NOT NULL, PRIMARY KEY (run, seq)`},
	{"approval", "who approved which phase of which plan", `
		run VARCHAR(64) NOT NULL, phase VARCHAR(32) NOT NULL, plan_hash VARCHAR(128) NOT NULL, approver VARCHAR(255) NOT NULL,
		at DATETIME(6) NOT NULL, note LONGTEXT NOT NULL, PRIMARY KEY (run, phase, plan_hash, approver)`},
	{"control", "what operators ask of a run", `
		run VARCHAR(64) NOT NULL PRIMARY KEY, paused BOOLEAN NOT NULL, abort_asked BOOLEAN NOT NULL, max_rate DOUBLE NOT NULL,
		limits VARCHAR(4000) NOT NULL DEFAULT '', asked_by VARCHAR(255) NOT NULL, at DATETIME(6) NOT NULL`},
	{"lease_epoch", "who may write for a table; locked by every write of a run", `
		scope VARCHAR(255) NOT NULL PRIMARY KEY, epoch BIGINT NOT NULL, token VARCHAR(128) NOT NULL, run VARCHAR(64) NOT NULL,
		server_identity VARCHAR(255) NOT NULL, holder VARCHAR(1000) NOT NULL, session VARCHAR(64) NOT NULL, acquired DATETIME(6) NOT NULL`},
	{"lease_heartbeat", "when the holder of a lease was last seen", `
		scope VARCHAR(255) NOT NULL PRIMARY KEY, epoch BIGINT NOT NULL, token VARCHAR(128) NOT NULL, beat DATETIME(6) NOT NULL`},
	{"unreturnable", "rows whose new value the old column can not hold; key_digest is SHA2(row_key, 256)", `
		run VARCHAR(64) NOT NULL, sync INT NOT NULL, relation VARCHAR(255) NOT NULL, row_key LONGTEXT NOT NULL, key_digest VARCHAR(64) NOT NULL,
		at DATETIME(6) NOT NULL, PRIMARY KEY (run, sync, key_digest)`},
	{"retired_flag", "feature flags that a finished run no longer needs", `
		flag VARCHAR(255) NOT NULL, run VARCHAR(64) NOT NULL, note LONGTEXT NOT NULL, at DATETIME(6) NOT NULL, PRIMARY KEY (flag, run)`},
	{"drill", "rehearsals of a plan", `
		run VARCHAR(64) NOT NULL, seq BIGINT NOT NULL, plan_hash VARCHAR(128) NOT NULL, started DATETIME(6) NOT NULL, ended DATETIME(6) NULL,
		outcome VARCHAR(32) NOT NULL, data LONGTEXT NOT NULL, PRIMARY KEY (run, seq)`},
	sampleTable,
}

type stateTable struct{ name, what, columns string }

var sampleTable = stateTable{"sample", "how a run stood from time to time, for looking at; a bounded number of rows a run", `
		run VARCHAR(64) NOT NULL, seq BIGINT NOT NULL, at DATETIME(6) NOT NULL, data LONGTEXT NOT NULL, PRIMARY KEY (run, seq)`}

const howToRemove = "to remove it when no run is active: DROP DATABASE {schema}"

// stateDDL makes the statements. A database carries a comment only where the
// server knows such a thing; the table version says the same everywhere.
func stateDDL() []string {
	out := []string{"CREATE DATABASE IF NOT EXISTS {schema} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin /*M!100500 COMMENT 'phasemig: its state; " + howToRemove + "' */"}
	for _, t := range stateTables {
		out = append(out, tableDDL(t))
	}
	return out
}

func tableDDL(t stateTable) string {
	return "CREATE TABLE IF NOT EXISTS {" + t.name + "} (" + strings.TrimSpace(t.columns) +
		") ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT='phasemig: " + t.what + "; " + howToRemove + "'"
}
