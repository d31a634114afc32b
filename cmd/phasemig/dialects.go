package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/dialect"
	"github.com/phasemig/phasemig/dialect/mysql"
	"github.com/phasemig/phasemig/dialect/postgres"
	"github.com/phasemig/phasemig/plans"
)

// dialects by the scheme of a target's URL. MariaDB is told apart by what the
// server says, not by the scheme.
var dialects = map[string]dialect.Open{
	"mysql":      mysql.Open,
	"mariadb":    mysql.Open,
	"postgres":   postgres.Open,
	"postgresql": postgres.Open,
}

func open(ctx context.Context, dsn string) (*dialect.Database, error) {
	scheme, _, _ := strings.Cut(dsn, "://")
	f, ok := dialects[scheme]
	if !ok {
		return nil, &plans.InputError{What: "target", Reason: fmt.Sprintf("there is no dialect for %q", scheme+"://"), Hint: "mysql://user@host:3306/db or postgres://user@host:5432/db?sslmode=require"}
	}
	return f(ctx, dsn)
}

// planner is what is known of a dialect without a server.
func planner(name string) (dialect.Planner, bool) {
	switch name {
	case postgres.Name:
		return postgres.Planner(), true
	case "mysql", "mariadb":
		return mysql.Planner(), true
	}
	return dialect.Planner{}, false
}
