package integration

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

// meeting is a statement of old code and one of new code on the same row.
type meeting struct {
	old, young string
	level      sql.IsolationLevel
	ends       string // of old and of new code
	want       string
}

const (
	fromUsers    = "UPDATE users SET bio = 'old' WHERE id = 1"
	fromProfiles = "UPDATE profiles SET bio = 'old' WHERE user_id = 1"
	upsert       = "INSERT INTO profiles (user_id, bio) VALUES (1, 'young') ON CONFLICT (user_id) DO UPDATE SET bio = excluded.bio"
	underUsers   = "WITH origin AS MATERIALIZED (SELECT id FROM users WHERE id = 1 FOR NO KEY UPDATE) "
	anyLevel     = sql.LevelReadCommitted
)

// meetings: an upsert and what locks the origin's row wait for it before they have one of the target, so both are done, one after the other; in REPEATABLE READ the second
// one is told that it came too late. A plain update of the target has its row by then: the server ends one of the two, and what is committed is in both tables.
var meetings = map[string][]meeting{
	moveDown: {
		{fromUsers, upsert, anyLevel, "00000 00000", "young"},
		{fromUsers, upsert, sql.LevelRepeatableRead, "00000 40001", "old"},
		{fromUsers, underUsers + "UPDATE profiles SET bio = 'young' FROM origin WHERE user_id = id", anyLevel, "00000 00000", "young"},
		{fromUsers, underUsers + "UPDATE profiles SET bio = profiles.bio || ' young' FROM origin WHERE user_id = id", anyLevel, "00000 00000", "old young"},
		{fromUsers, underUsers + "DELETE FROM profiles USING origin WHERE user_id = id", anyLevel, "00000 00000", "NULL"},
		{"DELETE FROM users WHERE id = 1", underUsers + "UPDATE profiles SET bio = 'young' FROM origin WHERE user_id = id", anyLevel, "00000 00000", ""},
		{fromUsers, "UPDATE profiles SET bio = 'young' WHERE user_id = 1", anyLevel, "one 40P01", ""},
		{fromUsers, "UPDATE profiles SET bio = 'young' WHERE user_id = 1", sql.LevelRepeatableRead, "one 40P01", ""},
	},
	moveUp: {
		{fromProfiles, "WITH origin AS MATERIALIZED (SELECT user_id FROM profiles WHERE user_id = 1 FOR NO KEY UPDATE) UPDATE users SET bio = users.bio || ' young' FROM origin WHERE id = user_id", anyLevel, "00000 00000", "old young"},
		{"DELETE FROM profiles WHERE user_id = 1", "WITH origin AS MATERIALIZED (SELECT 1 FROM profiles WHERE user_id = 1 FOR NO KEY UPDATE) UPDATE users SET bio = 'young' WHERE id = 1 AND (SELECT count(*) FROM origin) >= 0", anyLevel, "00000 00000", "young"},
		{fromProfiles, "UPDATE users SET bio = 'young' WHERE id = 1", anyLevel, "one 40P01", ""},
	},
}

// TestMoveRing forces the order that chance seldom gives: old code waits for the origin's row while new code begins.
func TestMoveRing(t *testing.T) {
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		for operations, list := range meetings {
			tables := movedTables
			if operations == moveUp {
				tables = []string{"CREATE TABLE users (id int PRIMARY KEY, name varchar(40))", "CREATE TABLE profiles (user_id int PRIMARY KEY REFERENCES users ON DELETE CASCADE ON UPDATE CASCADE, bio varchar(200), level int NOT NULL DEFAULT 1)", "INSERT INTO users VALUES (1, 'Ada')"}
			}
			x := newKitchen(t, k, recipeCase{create: tables, operations: operations})
			x.must(plans.Expand)
			r := ring{x, dbtest.DB(t, x.dsn)}
			for _, c := range list {
				r.try(c)
			}
		}
	})
}

func (r ring) try(c meeting) {
	r.t.Helper()
	dbtest.Exec(r.t, r.dsn, "INSERT INTO users (id, name) VALUES (1, 'Ada') ON CONFLICT DO NOTHING", "UPDATE users SET bio = 'before' WHERE id = 1")
	old, young := r.meet(c)
	ends, what := old+" "+young, fmt.Sprintf("%s and %s (%s)", c.old, c.young, c.level)
	if c.ends == "one 40P01" {
		if n := strings.Count(ends, "40P01"); n != 1 || !strings.Contains(ends, "00000") {
			r.t.Errorf("%s: %s, want one of both to go on", what, ends)
		}
		c.want = map[bool]string{true: "old", false: "young"}[old == "00000"]
	} else if ends != c.ends {
		r.t.Errorf("%s: %s, want %s", what, ends, c.ends)
	}
	got := dbtest.Query(r.t, r.dsn, "SELECT u.bio, p.bio FROM users u LEFT JOIN profiles p ON p.user_id = u.id WHERE u.id = 1")
	if c.want == "" && len(got) == 0 {
		return
	}
	if len(got) != 1 || got[0][0] != c.want || got[0][1] != c.want {
		r.t.Errorf("%s: users and profiles have %v, want %s in both", what, got, c.want)
	}
}

// ring is two writers that are held up by a third.
type ring struct {
	*kitchen
	pool *sql.DB
}

// meet has old code wait for the origin's row first and new code then, and lets them go.
func (r ring) meet(c meeting) (oldEnd, youngEnd string) {
	r.t.Helper()
	origin := "SELECT 1 FROM users WHERE id = 1 FOR UPDATE"
	if strings.Contains(c.old, "profiles") {
		origin = "SELECT 1 FROM profiles WHERE user_id = 1 FOR UPDATE"
	}
	holder := r.hold(origin)
	oldDone, youngDone := make(chan error, 1), make(chan error, 1)
	go func() { oldDone <- r.write(c.old, c.level) }()
	r.waits(1)
	go func() { youngDone <- r.write(c.young, c.level) }()
	r.waits(2)
	if err := holder.Commit(); err != nil {
		r.t.Fatal(err)
	}
	return sqlState(<-oldDone), sqlState(<-youngDone)
}

func (r ring) write(statement string, level sql.IsolationLevel) error {
	tx, err := r.pool.BeginTx(r.t.Context(), &sql.TxOptions{Isolation: level})
	if err != nil {
		return err
	}
	if _, err := tx.Exec(statement); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

// waits looks until so many sessions wait for a lock.
func (r ring) waits(want int) {
	r.t.Helper()
	for range 1000 {
		got := dbtest.Query(r.t, r.dsn, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
		if got[0][0] == string(rune('0'+want)) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	r.t.Fatalf("%d sessions never waited", want)
}

func sqlState(err error) string {
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return "00000"
	case errors.As(err, &pg):
		return pg.Code
	}
	return err.Error()
}
