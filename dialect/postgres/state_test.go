package postgres

import (
	"database/sql"
	"testing"

	"github.com/phasemig/phasemig/dialect/sqlstate/statetest"
	"github.com/phasemig/phasemig/internal/dbtest"
	"github.com/phasemig/phasemig/internal/throwaway"
)

func TestState(t *testing.T) {
	for _, k := range []throwaway.Kind{throwaway.Postgres15, throwaway.Postgres18} {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			statetest.Run(t, func(t *testing.T) statetest.Home { return stateHome(t, dbtest.Database(t, k), stateSchema) })
		})
	}
}

// TestStateHolder is the process that TestState kills.
func TestStateHolder(t *testing.T) { statetest.Hold(t, stateHome) }

func stateHome(_ *testing.T, dsn, _ string) statetest.Home {
	return statetest.Home{
		Flavor: stateFlavor(),
		Open: func(t *testing.T) *sql.DB {
			s, err := connect(t.Context(), dsn, 12)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.db.Close() })
			return s.db
		},
		Holder: "TestStateHolder",
		DSN:    dsn,
		Kill:   "SELECT pg_terminate_backend(%s)",
		Freeze: []string{"SET timezone = 'Asia/Kolkata'", "BEGIN"},
	}
}
