package arch

import (
	"slices"
	"strings"
	"testing"
)

// layers are the packages in the one direction of imports: a package may import
// those above it in this list, never one of its own layer or below. Folders
// that are not here yet have their place already.
var layers = [][]string{
	{"schema", "internal/dberr", "internal/fault", "internal/pause", "scripts", "shadow/model"},
	{"plans", "stream", "canary"},
	{"lint", "state", "throttle", "canary/source", "binlog", "pgoutput", "pipeline", "drill"},
	{"dualwrite", "backfill", "verify", "shadow", "gate", "lint/postgres", "lint/mysql", "lint/report", "drill/report", "migration"},
	{"dialect"},
	{"engine", "dialect/sqlstate"},
	{"dialect/mysql", "dialect/postgres"},
	{"serve/page"},
	{"serve"},
}

// tools are started by people and by tests. They may import anything, and no layer
// imports them.
var tools = []string{"cmd", "integration", "internal", "dialect/dialecttest", "dialect/sqlstate/statetest", "lint/linttest", "migration/migrationtest"}

func layer(pkg string) int {
	return slices.IndexFunc(layers, func(l []string) bool { return slices.Contains(l, pkg) })
}

func TestImportsGoOneWay(t *testing.T) {
	for _, f := range sources(t) {
		from := layer(f.pkg)
		if from < 0 && !under(f.pkg, tools...) {
			t.Errorf("%s: package %s has no place in layers", f.path, f.pkg)
		}
		if f.test || from < 0 {
			continue
		}
		own, _ := f.imports()
		for _, to := range own {
			if l := layer(to); l < 0 || l >= from {
				t.Errorf("%s: %s must not import %s", f.path, f.pkg, to)
			}
		}
	}
}

// TestOnlyRootsNameDialects: what opens a target gets the opener from its caller.
func TestOnlyRootsNameDialects(t *testing.T) {
	roots := []string{"cmd/phasemig", "internal/bench/cmd", "integration"}
	for _, f := range sources(t) {
		own, _ := f.imports()
		for _, to := range own {
			if !under(to, "dialect/mysql", "dialect/postgres") || under(f.pkg, roots...) || under(f.pkg, to) {
				continue
			}
			// A test outside the dialects may open real targets; neutral code may not.
			if !f.test || under(f.pkg, "dialect/mysql", "dialect/postgres") {
				t.Errorf("%s: names %s", f.path, to)
			}
		}
	}
}

// foreign libraries and the only folders that may import them.
var foreign = map[string][]string{
	"database/sql":                   {"dialect", "integration", "internal"},
	"github.com/go-sql-driver/mysql": {"dialect/mysql", "integration", "internal"},
	"github.com/jackc/pgx":           {"dialect/postgres", "pgoutput", "integration", "internal"},
	"github.com/go-mysql-org":        {"binlog"},
	"github.com/jackc/pglogrepl":     {"pgoutput"},
	"github.com/urfave/cli":          {"cmd"},
	"github.com/testcontainers":      {"internal/throwaway"},
	"github.com/pganalyze":           {"lint/postgres", "dialect/postgres"},
	"github.com/owenrumney/go-sarif": {"lint/report"},
	"github.com/prometheus":          {"serve"},
	"golang.org/x/net":               {"serve"},
}

// testOnly libraries stay out of the program. The folders are suites that tests call.
var testOnly = []string{"go.uber.org/goleak", "github.com/rogpeppe/go-internal", "github.com/google/go-cmp", "github.com/stretchr/testify", "github.com/santhosh-tekuri", "pgregory.net/rapid", "testing"}

var suites = []string{"internal/dbtest", "dialect/dialecttest", "dialect/sqlstate/statetest", "integration", "lint/linttest", "migration/migrationtest"}

func TestForeignImports(t *testing.T) {
	for _, f := range sources(t) {
		_, list := f.imports()
		for _, imp := range list {
			for lib, folders := range foreign {
				if under(imp, lib) && !under(f.pkg, folders...) && !f.test {
					t.Errorf("%s: only %s may import %s", f.path, strings.Join(folders, ", "), imp)
				}
			}
			if under(imp, testOnly...) && !f.test && !under(f.pkg, suites...) {
				t.Errorf("%s: %s is for tests", f.path, imp)
			}
		}
	}
}

// TestPure: what decides has no way to ask anything but its arguments.
func TestPure(t *testing.T) {
	impure := []string{"database/sql", "net", "os", "math/rand", "crypto/rand", "log"}
	for _, f := range sources(t) {
		if f.test || !under(f.pkg, "schema", "plans", "lint", "canary", "stream", "pipeline", "drill", "migration") || f.pkg == "canary/source" || under(f.pkg, "lint/linttest", "migration/migrationtest") {
			continue
		}
		_, list := f.imports()
		for _, imp := range list {
			if under(imp, impure...) {
				t.Errorf("%s: %s is pure and must not import %s", f.path, f.pkg, imp)
			}
		}
	}
}
