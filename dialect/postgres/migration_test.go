package postgres

import (
	"flag"
	"testing"

	syntax "github.com/phasemig/phasemig/lint/postgres"
	"github.com/phasemig/phasemig/migration/migrationtest"
)

var update = flag.Bool("update", false, "write what golden files expect anew")

// TestMigrations: what becomes of SQL, and what is refused at which place.
func TestMigrations(t *testing.T) {
	migrationtest.Run(t, "testdata/migration", syntax.Dialect(), Translate, *update)
}
