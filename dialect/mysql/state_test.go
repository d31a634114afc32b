package mysql

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/phasemig/phasemig/dialect/sqlstate"
	"github.com/phasemig/phasemig/dialect/sqlstate/statetest"
	"github.com/phasemig/phasemig/internal/dberr"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/state"
)

func TestState(t *testing.T) {
	for _, k := range []throwaway.Kind{throwaway.MySQL, throwaway.MariaDB} {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			dsn := dbtest.Server(t, k).DSN("mysql")
			statetest.Run(t, func(t *testing.T) statetest.Home { return stateHome(t, dsn) })
		})
	}
}

// TestStateHolder is the process that TestState kills.
func TestStateHolder(t *testing.T) { statetest.Hold(t, stateHomeIn) }

// stateHome keeps the state in a database of the test's own.
func stateHome(t *testing.T, dsn string) statetest.Home {
	database := "pm_state_" + strings.ToLower(rand.Text()[:12])
	h := stateHomeIn(t, dsn, database)
	t.Cleanup(func() {
		db := openState(t, dsn)
		defer func() { _ = db.Close() }()
		if _, err := db.ExecContext(context.WithoutCancel(t.Context()), "DROP DATABASE IF EXISTS "+database); err != nil {
			t.Error(err)
		}
	})
	return h
}

func stateHomeIn(_ *testing.T, dsn, database string) statetest.Home {
	return statetest.Home{
		Flavor: stateFlavorIn(database),
		Open: func(t *testing.T) *sql.DB {
			db := openState(t, dsn)
			t.Cleanup(func() { _ = db.Close() })
			return db
		},
		Holder: "TestStateHolder",
		DSN:    dsn,
		Kill:   "KILL CONNECTION %s",
		Freeze: []string{"SET SESSION timestamp = 1000000000", "SET SESSION time_zone = '+05:30'"},
	}
}

// openState opens the pool that the dialect works with.
func openState(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	target, err := parseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	db, err := target.pool(nil)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// Without rights the servers say "denied" whether or not a table is there.
func TestStateWithoutRights(t *testing.T) {
	for _, k := range []throwaway.Kind{throwaway.MySQL, throwaway.MariaDB} {
		t.Run(string(k), func(t *testing.T) {
			h := stateHome(t, dbtest.Server(t, k).DSN("mysql"))
			identity := func(context.Context) (string, error) { return "server-1", nil }
			s := sqlstate.New(poorPool(t, h, dbtest.Database(t, k)), h.Flavor, identity)
			if ok, err := s.Installed(t.Context()); ok || err != nil {
				t.Errorf("Installed without state: %v, %v", ok, err)
			}
			if _, err := s.Run(t.Context(), "r"); !errors.Is(err, state.ErrNotFound) {
				t.Errorf("Run without state: %v", err)
			}
			if l, err := s.Steps(t.Context(), "r"); len(l) != 0 || err != nil {
				t.Errorf("Steps without state: %v, %v", l, err)
			}
			if err := s.Install(t.Context()); !errors.Is(err, dberr.Denied) {
				t.Errorf("Install without rights: %v", err)
			}
			if err := sqlstate.New(h.Open(t), h.Flavor, identity).Install(t.Context()); err != nil {
				t.Fatal(err)
			}
			// The server hides the state from it, and it can't make a second one.
			if err := s.Install(t.Context()); !errors.Is(err, dberr.Denied) {
				t.Errorf("Install over a hidden state: %v", err)
			}
		})
	}
}

// poorPool connects as a user who may use one database and nothing else.
func poorPool(t *testing.T, h statetest.Home, dsn string) *sql.DB {
	t.Helper()
	user := "pm_" + strings.ToLower(rand.Text()[:12])
	adminExec(t, h, "CREATE USER "+user)
	t.Cleanup(func() { adminExec(t, h, "DROP USER "+user) })
	target, err := parseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	adminExec(t, h, "GRANT ALL ON "+target.config.DBName+".* TO "+user)
	target.config.User, target.config.Passwd = user, ""
	db, err := target.pool(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func adminExec(t *testing.T, h statetest.Home, q string) {
	t.Helper()
	db := openState(t, h.DSN)
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(context.WithoutCancel(t.Context()), q); err != nil {
		t.Error(err)
	}
}
