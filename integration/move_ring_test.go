package integration

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/plans"
)

const (
	youngUpsert = "INSERT INTO profiles (user_id, bio) VALUES (1, 'young') ON CONFLICT (user_id) DO UPDATE SET bio = excluded.bio"
	youngUpdate = "UPDATE profiles SET bio = 'young' WHERE user_id = 1"
	oldUpdate   = "UPDATE users SET bio = 'old' WHERE id = 1"
)

// TestMoveRing forces the order that chance seldom gives: old code gets the parent's row while new code has begun. An upsert waits for the parent's row
// before it has one of the child, so both are done, one after the other. A plain update has the child's row by then: the server ends one of the two, and what is committed
// is in both tables. In REPEATABLE READ the second one is told that it came too late.
func TestMoveRing(t *testing.T) {
	newestPostgres(t, func(t *testing.T, k throwaway.Kind) {
		x := newKitchen(t, k, recipeCase{create: movedTables, operations: moveDown})
		x.must(plans.Expand)
		r := ring{x, dbtest.DB(t, x.dsn)}
		for _, c := range []struct {
			young string
			level sql.IsolationLevel
			ends  string // of old and of new code
			want  string
		}{
			{youngUpsert, sql.LevelReadCommitted, "00000 00000", "young"},
			{youngUpsert, sql.LevelRepeatableRead, "00000 40001", "old"},
			{youngUpdate, sql.LevelReadCommitted, "one 40P01", ""},
			{youngUpdate, sql.LevelRepeatableRead, "one 40P01", ""},
		} {
			dbtest.Exec(t, x.dsn, "UPDATE users SET bio = 'before' WHERE id = 1")
			old, young := r.meet(c.young, c.level)
			ends := old + " " + young
			if c.ends == "one 40P01" {
				if n := strings.Count(ends, "40P01"); n != 1 || !strings.Contains(ends, "00000") {
					t.Errorf("%s (%s): %s, want one of both to go on", c.young, c.level, ends)
				}
				c.want = map[bool]string{true: "old", false: "young"}[old == "00000"]
			} else if ends != c.ends {
				t.Errorf("%s (%s): %s, want %s", c.young, c.level, ends, c.ends)
			}
			got := dbtest.Query(t, x.dsn, "SELECT u.bio, p.bio FROM users u JOIN profiles p ON p.user_id = u.id WHERE u.id = 1")
			if got[0][0] != c.want || got[0][1] != c.want {
				t.Errorf("%s (%s): users has %s and profiles %s, want %s", c.young, c.level, got[0][0], got[0][1], c.want)
			}
		}
	})
}

// ring is two writers that are held up by a third.
type ring struct {
	*kitchen
	pool *sql.DB
}

// meet has old code wait for the parent's row first and new code then, and lets them go.
func (r ring) meet(young string, level sql.IsolationLevel) (oldEnd, youngEnd string) {
	r.t.Helper()
	holder := r.hold("SELECT 1 FROM users WHERE id = 1 FOR UPDATE")
	oldDone, youngDone := make(chan error, 1), make(chan error, 1)
	go func() { oldDone <- r.write(oldUpdate, level) }()
	r.waits(1)
	go func() { youngDone <- r.write(young, level) }()
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
