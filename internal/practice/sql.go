package practice

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"

	"github.com/phasemig/phasemig/internal/throwaway"
	"github.com/phasemig/phasemig/lint/mysql"
	"github.com/phasemig/phasemig/lint/postgres"
	"github.com/phasemig/phasemig/schema"
)

// tongue is how SQL is written for the plan's server.
type tongue struct{ postgres bool }

func (t tongue) quote(name string) string {
	mark := "`"
	if t.postgres {
		mark = `"`
	}
	return mark + strings.ReplaceAll(name, mark, mark+mark) + mark
}

func (t tongue) table(id schema.Ident) string {
	if id.Schema == "" {
		return t.quote(id.Name)
	}
	return t.quote(id.Schema) + "." + t.quote(id.Name)
}

func (t tongue) text(s string) string {
	if !t.postgres {
		s = strings.ReplaceAll(s, `\`, `\\`)
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// split cuts a file into statements, as the server's own client would.
func (t tongue) split(source string) (out []string) {
	syntax := mysql.Syntax
	if t.postgres {
		syntax = postgres.Syntax
	}
	for _, s := range syntax.Split(source) {
		out = append(out, s.Text)
	}
	return out
}

// with opens a database for as long as f works on it.
func with(ctx context.Context, dsn string, f func(context.Context, *sql.DB) error) error {
	db, err := throwaway.Open(dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	return f(ctx, db)
}

// on is with, on one session.
func on(ctx context.Context, dsn string, f func(context.Context, *sql.Conn) error) error {
	return with(ctx, dsn, func(ctx context.Context, db *sql.DB) error {
		conn, err := db.Conn(ctx)
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		defer conn.Close()
		return f(ctx, conn)
	})
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// lines are the rows of a query, each as texts; NULL is "".
func lines(ctx context.Context, db querier, query string, args ...any) ([][]string, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("query %.80q: %w", query, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out [][]string
	values, into := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("query %.80q: %w", query, err)
		}
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = v.String
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

func one(ctx context.Context, db querier, query string, args ...any) (string, error) {
	list, err := lines(ctx, db, query, args...)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0][0], nil
}

// in is a DSN with another database.
func in(dsn, database string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", fmt.Errorf("parse the target's URL: %w", err)
	}
	u.Path = "/" + database
	return u.String(), nil
}
